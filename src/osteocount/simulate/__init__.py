"""Synthetic wells and plates with known truth."""

from osteocount.simulate.design import Densities, FieldDesign, Optics, StainStyle
from osteocount.simulate.simulated_field import SimulatedField, judged, simulate_field
from osteocount.simulate.simulated_plate import ARMS, Arm, PlateDesign, default_plate, simulate_plate
from osteocount.simulate.write import write_field

__all__ = [
    "ARMS",
    "Arm",
    "Densities",
    "FieldDesign",
    "Optics",
    "PlateDesign",
    "SimulatedField",
    "StainStyle",
    "default_plate",
    "judged",
    "simulate_field",
    "simulate_plate",
    "write_field",
]
