"""Synthetic wells and plates with known truth."""

from osteocount.simulate.design import Densities, FieldDesign, Optics, StainStyle
from osteocount.simulate.simulated_field import SimulatedField, judgeable_truth, simulate_field, write_field
from osteocount.simulate.simulated_plate import ARMS, Arm, PlateDesign, default_plate, simulate_plate

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
    "judgeable_truth",
    "simulate_field",
    "simulate_plate",
    "write_field",
]
