"""A well at low power: several µm per pixel, a dark rim, round giants among many small cells. Lengths in µm."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from osteocount.settings import FrozenModel
from osteocount.simulate.canvas import Canvas, add_debris, add_fibre
from osteocount.simulate.cell_designs import CELL_DESIGNS, CellDesign
from osteocount.simulate.cell_painting import paint_cell
from osteocount.simulate.design import Optics, StainStyle, random_design
from osteocount.simulate.optics import photograph
from osteocount.simulate.shapes import PointUm, ellipse, polar

_PAINTED_UM = 1.0  # µm per pixel at which cells are painted before the objective merges them
_RIM_LIGHT, _OUTER_LIGHT = 0.06, 0.75  # light that the rim, and the plate around it, let through
_TRIES = 30


class WellDesign(FrozenModel):
    """One picture of a well at low power."""

    width: float = Field(1200.0, gt=100)
    """Width of the picture, µm."""
    height: float = Field(900.0, gt=100)
    """Height of the picture, µm."""
    pixel_size: float = Field(2.2, ge=1.3, le=6)
    """µm per pixel."""
    centre: tuple[float, float] = (900.0, 600.0)
    """y, x of the well in the picture."""
    radius: float = Field(800.0, gt=100)
    """Radius of the well."""
    rim: float = Field(120.0, gt=0)
    """Width of the dark rim."""
    giants: float = Field(20.0, ge=0)
    """Round osteoclasts per mm²."""
    diameter: float = Field(85.0, ge=60)
    """Median diameter of a giant."""
    pale_fraction: float = Field(0.1, ge=0, le=1)
    """Part of them washed out."""
    small: float = Field(900.0, ge=0)
    """Mononuclear cells per mm²."""
    groups: float = Field(15.0, ge=0)
    """Groups of small cells lying close, per mm²."""
    debris: float = Field(90.0, ge=0)
    """Specks per mm², and a tenth as many fibres."""
    stain: StainStyle = StainStyle()
    """Colours and strengths."""
    optics: Optics = Optics()
    """Lamp and camera."""


@dataclass(frozen=True)
class SimulatedWell:
    """A low power picture and what is in it.

    Attributes
    ----------
    picture
        (height, width, 3) uint8 RGB.
    cells
        (height, width) uint32 labels; what the rim hides is 0.
    truth
        One row per cell that can be seen: ``cell_id``, ``class`` (``giant``, ``pale_giant``, ``small``),
        ``diameter_um`` (of a disc of its whole area), ``cut`` (by the frame, the rim or another cell),
        ``is_osteoclast`` (a giant).
    circle
        y, x and radius of the inner edge of the rim, pixels.
    pixel_size
        µm.
    """

    picture: NDArray[np.uint8]
    cells: NDArray[np.uint32]
    truth: pd.DataFrame
    circle: tuple[float, float, float]
    pixel_size: float

    @property
    def inside(self) -> NDArray[np.bool_]:
        """(height, width) True inside the rim."""
        y, x = np.ogrid[: self.cells.shape[0], : self.cells.shape[1]]
        return np.asarray(np.hypot(y - self.circle[0], x - self.circle[1]) <= self.circle[2])


def simulate_well(design: WellDesign, seed: int) -> SimulatedWell:
    """Make one picture; the same ``design`` and ``seed`` give the same pixels."""
    rng = np.random.default_rng(seed)
    canvas = Canvas(round(design.height / _PAINTED_UM), round(design.width / _PAINTED_UM), _PAINTED_UM)
    cells = _paint(canvas, design, rng)
    zoom = _PAINTED_UM / design.pixel_size
    size = round(canvas.cells.shape[1] * zoom), round(canvas.cells.shape[0] * zoom)
    y, x = np.ogrid[: canvas.cells.shape[0], : canvas.cells.shape[1]]
    out = np.hypot(y * _PAINTED_UM - design.centre[0], x * _PAINTED_UM - design.centre[1]) - design.radius
    light = np.power(np.float32(10), -canvas.od)
    light[(out > 0) & (out <= design.rim)] = _RIM_LIGHT
    light[out > design.rim] = _OUTER_LIGHT
    coarse = cv2.GaussianBlur(cv2.resize(light, size, interpolation=cv2.INTER_AREA), (0, 0), 0.6)
    picture = photograph(np.asarray(-np.log10(np.maximum(coarse, 1e-4)), np.float32), design.optics, rng)
    inside = np.where(out <= 0, canvas.cells, 0)
    labels = cv2.resize(inside.astype(np.float32), size, interpolation=cv2.INTER_NEAREST).astype(np.uint32)
    circle = (design.centre[0] * zoom, design.centre[1] * zoom, design.radius * zoom)
    return SimulatedWell(picture, labels, _table(cells, inside, labels), circle, design.pixel_size)


def random_well(rng: np.random.Generator, side: float = 1200.0) -> WellDesign:
    """Draw a stain, a magnification, densities, and a rim on one side of the picture, around it or nowhere in it."""
    centre, framing = (side / 2, side / 2), rng.random()
    if framing < 0.2:
        radius = 5 * side
    elif framing < 0.45:
        radius = float(rng.uniform(0.42, 0.48)) * side
    else:
        radius = float(rng.uniform(0.7, 1.5)) * side
        centre = polar(rng.uniform(0, 2 * np.pi), radius - float(rng.uniform(0.15, 0.35)) * side, centre)
    field = random_design(rng, 100.0, 100.0)
    return WellDesign(
        width=side,
        height=side,
        pixel_size=float(rng.uniform(1.7, 3.0)),
        centre=centre,
        radius=radius,
        giants=float(rng.uniform(5, 35)),
        diameter=float(rng.uniform(75, 110)),
        pale_fraction=float(rng.uniform(0, 0.2)),
        small=float(rng.uniform(300, 1500)),
        groups=float(rng.uniform(0, 30)),
        stain=field.stain,
        optics=field.optics,
    )


def _paint(canvas: Canvas, design: WellDesign, rng: np.random.Generator) -> pd.DataFrame:
    """Paint giants side by side, then small cells and what lies between; tell what was painted under which label."""
    area = design.width * design.height / 1e6
    made: list[tuple[int, str, int]] = []

    def add(cell: CellDesign, kind: str, spot: PointUm | None, allowed: float) -> None:
        patch = paint_cell(cell, design.stain, _PAINTED_UM, rng)
        for _ in range(_TRIES):
            at = spot or (float(rng.uniform(0, design.height)), float(rng.uniform(0, design.width)))
            if spot or canvas.overlap(patch, at) <= allowed:
                label = canvas.add(patch, at)
                made.append((label, kind, int(np.count_nonzero(patch.inside))))
                return

    for _ in range(int(rng.poisson(design.giants * area))):
        pale = bool(rng.random() < design.pale_fraction)
        add(_giant(rng, design.diameter, pale), "pale_giant" if pale else "giant", None, 0.02)
    for _ in range(int(rng.poisson(design.small * area))):
        add(CELL_DESIGNS["spindle" if rng.random() < 0.25 else "round"](rng), "small", None, 0.05)
    for _ in range(int(rng.poisson(design.groups * area))):
        middle = float(rng.uniform(0, design.height)), float(rng.uniform(0, design.width))
        for _ in range(int(rng.integers(3, 8))):
            spot = polar(rng.uniform(0, 2 * np.pi), rng.uniform(5, 16), middle)
            add(CELL_DESIGNS["round"](rng), "small", spot, 1.0)
    for number in range(int(rng.poisson(design.debris * area))):
        add_debris(canvas, design.stain, rng)
        if number % 10 == 0:
            add_fibre(canvas, design.stain, rng)
    return pd.DataFrame(made, columns=["label", "class", "area"])


def _giant(rng: np.random.Generator, diameter: float, pale: bool) -> CellDesign:
    """Design a round or oval osteoclast with a mottled, mostly dense inside; a pale one is thin and even."""
    radius = float(np.clip(rng.lognormal(np.log(diameter), 0.3), 60, 220)) / 2
    density = float(rng.uniform(0.06, 0.1)) if pale else float(rng.uniform(0.35, 0.8))
    return CellDesign(
        kind="pale_giant" if pale else "osteoclast",
        parts=(ellipse(rng, (0.0, 0.0), radius, 0.65),),
        od_core=density,
        od_edge=density * (1 if pale else float(rng.uniform(0.8, 1.2))),
        rough=0.8,
        grain=0.05 if pale else float(rng.uniform(0.1, 0.25)),
        mottle=0.0 if pale else float(rng.uniform(0, 0.5)),
        compact=True,
    )


def _table(cells: pd.DataFrame, inside: NDArray[np.integer], labels: NDArray[np.integer]) -> pd.DataFrame:
    """Describe the cells that can be seen; ``cells`` is what was painted."""
    visible = cells[cells["label"].isin(np.unique(labels))]
    left = np.bincount(inside.ravel(), minlength=len(cells) + 1)[visible["label"]]
    frame = np.unique(np.concatenate([inside[0], inside[-1], inside[:, 0], inside[:, -1]]))
    return pd.DataFrame(
        {
            "cell_id": visible["label"].to_numpy(np.int64),
            "class": visible["class"].to_numpy(),
            "diameter_um": np.sqrt(visible["area"].to_numpy() * 4 / np.pi) * _PAINTED_UM,
            "cut": visible["label"].isin(frame).to_numpy() | (left < 0.9 * visible["area"].to_numpy()),
            "is_osteoclast": (visible["class"] != "small").to_numpy(),
        }
    )
