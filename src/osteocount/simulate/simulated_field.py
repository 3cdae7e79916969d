"""One synthetic picture with its truth, made and written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import tifffile
from numpy.typing import NDArray

from osteocount.errors import OsteoCountError
from osteocount.io.files import atomic_write
from osteocount.io.label_image import write_labels
from osteocount.simulate.canvas import OSTEOCLAST_NUCLEI, Canvas, add_debris, add_fibre
from osteocount.simulate.cell_designs import CELL_DESIGNS, CellDesign, heaped_cell, nuclei_of_an_osteoclast, osteoclast
from osteocount.simulate.cell_painting import CellPatch, paint_cell
from osteocount.simulate.design import FieldDesign
from osteocount.simulate.optics import blurred, photograph
from osteocount.simulate.shapes import PointUm, polar

# Cells are placed this far (µm) beyond the picture, so that its edges cut cells as a real field's do.
_MARGIN = 40.0
_TRIES = 25
_TOUCH = 0.015  # part of a cell that lies on others where it just touches them
_ROOM = 0.04  # what may lie on others where a cell is not meant to
JPEG_QUALITY = 90
_PRESSED = 0.15  # the most of a cell of a clump that lies on the others


@dataclass(frozen=True)
class SimulatedField:
    """A picture and what is in it.

    Attributes
    ----------
    picture
        (height, width, 3) uint8 RGB.
    cells, nuclei
        (height, width) uint32 labels, 1..n in raster order of each object's first pixel. Only nuclei that can be
        seen are labelled.
    truth
        One row per cell: ``cell_id``, ``class`` (what was made), ``n_nuclei`` (visible), ``is_osteoclast`` (three or
        more visible), ``y_px``, ``x_px``, ``area_px``, ``n_nuclei_hidden`` (in the picture, but not visible),
        ``n_nuclei_made``, ``touches_edge``, ``counted`` (touches neither top nor left), ``flags``
        (";"-joined: ``edge``, ``opaque``, ``nuclei_hidden``, ``covered``).
    nuclei_truth
        One row per nucleus that can be seen: ``nucleus_id``, ``cell_id``, ``y_px``, ``x_px``.
    hidden
        (height, width) bool, True where there is a nucleus that cannot be seen.
    pixel_size
        µm.
    od
        (height, width, 3) float32 optical density before lamp and camera.
    """

    picture: NDArray[np.uint8]
    cells: NDArray[np.uint32]
    nuclei: NDArray[np.uint32]
    truth: pd.DataFrame
    nuclei_truth: pd.DataFrame
    hidden: NDArray[np.bool_]
    pixel_size: float
    od: NDArray[np.float32]


def simulate_field(design: FieldDesign, seed: int | np.random.SeedSequence) -> SimulatedField:
    """Make one picture; the same ``design`` and ``seed`` give the same pixels.

    Osteoclasts come first and lie side by side; small cells come after and may lie on them. A cell for which there is
    no room is left out: what is confluent takes no more.
    """
    rng = np.random.default_rng(seed)
    canvas = Canvas(design.height, design.width, design.pixel_size)
    neighbours: list[tuple[PointUm, float]] = []
    for patch in _osteoclasts(design, rng):
        _place(canvas, patch, design, rng, neighbours, float(rng.choice([0.0, 0.02, 0.08])))
    neighbours = []
    for kind in ("binucleate", "mononuclear_large", "spindle", "round", "refractile"):
        for _ in range(_number(design, getattr(design.densities, kind), rng)):
            patch = paint(CELL_DESIGNS[kind](rng), design, rng)
            lies_on_others = rng.random() < 0.1 and kind not in ("binucleate", "mononuclear_large")
            _place(canvas, patch, design, rng, neighbours, 1.0 if lies_on_others else _ROOM)
    for _ in range(_number(design, design.densities.clump, rng)):
        _place_clump(canvas, design, rng)
    for _ in range(_number(design, design.densities.fibre, rng)):
        add_fibre(canvas, design.stain, rng)
    for _ in range(_number(design, design.densities.debris, rng)):
        add_debris(canvas, design.stain, rng)
    return render_field(canvas, design, rng)


def judgeable_truth(truth: pd.DataFrame) -> pd.DataFrame:
    """Return the truth of cells without what no picture can tell.

    ``n_nuclei`` is missing where a nucleus cannot be seen, ``is_osteoclast`` where such nuclei decide: neither one
    answer nor the other can be called wrong there.
    """
    hidden = truth["n_nuclei_hidden"]
    open_class = ~truth["is_osteoclast"] & (truth["n_nuclei"] + hidden >= OSTEOCLAST_NUCLEI)
    return truth.assign(
        n_nuclei=truth["n_nuclei"].astype("Int64").mask(hidden > 0),
        is_osteoclast=truth["is_osteoclast"].astype("boolean").mask(open_class),
    )


def render_field(canvas: Canvas, design: FieldDesign, rng: np.random.Generator) -> SimulatedField:
    """Put a painted ``canvas`` through lens and camera, with the truth of what is visible then."""
    od = blurred(canvas.od, design.optics, design.pixel_size)
    cells, nuclei, truth, nuclei_truth = canvas.truth(od)
    picture = photograph(od, design.optics, rng)
    hidden = (canvas.nuclei > 0) & (nuclei == 0)
    return SimulatedField(picture, cells, nuclei, truth, nuclei_truth, hidden, design.pixel_size, od)


def paint(cell: CellDesign, design: FieldDesign, rng: np.random.Generator) -> CellPatch:
    """Paint ``cell`` in the stain and at the pixel size of ``design``."""
    return paint_cell(cell, design.stain, design.pixel_size, rng)


def _osteoclasts(design: FieldDesign, rng: np.random.Generator) -> list[CellPatch]:
    """Paint the osteoclasts of a field, largest first, since the largest are the hardest to place."""
    cells = [
        osteoclast(rng, nuclei_of_an_osteoclast(rng, design.nuclei_mean), rng.random() < design.pale_fraction)
        for _ in range(_number(design, design.densities.osteoclast, rng))
    ]
    cells.sort(key=lambda cell: -len(cell.nuclei))
    return [paint(cell, design, rng) for cell in cells]


def _number(design: FieldDesign, per_mm2: float, rng: np.random.Generator) -> int:
    """Draw a Poisson number for the field and its margin."""
    sides = design.height * design.pixel_size + 2 * _MARGIN, design.width * design.pixel_size + 2 * _MARGIN
    return int(rng.poisson(per_mm2 * sides[0] * sides[1] / 1e6))


def _place(
    canvas: Canvas,
    patch: CellPatch,
    design: FieldDesign,
    rng: np.random.Generator,
    neighbours: list[tuple[PointUm, float]],
    allowed: float,
) -> None:
    """Add a cell where at most ``allowed`` of it lies on others, now and then against one of ``neighbours``.

    ``neighbours`` holds the place and half size of each cell placed so far, and is added to. Without room nothing is.
    """
    spot = None
    if neighbours and rng.random() < design.touching:
        spot = _beside(canvas, patch, rng, *neighbours[int(rng.integers(len(neighbours)))], _TOUCH)
    if spot is None:
        spot = _free_spot(canvas, patch, rng, allowed)
    if spot is not None:
        neighbours.append((spot, patch.cell.half_size))
        canvas.add(patch, spot)


def _place_clump(canvas: Canvas, design: FieldDesign, rng: np.random.Generator) -> None:
    """Add small dark cells that lie pressed against each other: several nuclei close together, and no osteoclast."""
    clump: list[tuple[PointUm, float]] = []
    for _ in range(int(rng.choice([2, 3, 4], p=(0.5, 0.35, 0.15)))):
        patch = paint(heaped_cell(rng), design, rng)
        if clump:
            lies_on_others = float(rng.uniform(_TOUCH, _PRESSED))
            spot = _beside(canvas, patch, rng, *clump[int(rng.integers(len(clump)))], lies_on_others)
        else:
            spot = _free_spot(canvas, patch, rng, _ROOM)
        if spot is not None:
            clump.append((spot, patch.cell.half_size))
            canvas.add(patch, spot)


def _beside(
    canvas: Canvas, patch: CellPatch, rng: np.random.Generator, other: PointUm, half_size: float, least: float
) -> PointUm | None:
    """Come nearer to ``other`` from a random side until the part ``least`` lies on it; None where a third is there."""
    angle = rng.uniform(0, 2 * np.pi)
    for away in np.arange(half_size + patch.cell.half_size, 0.0, -1.5).tolist():
        spot = polar(angle, away, other)
        overlap = canvas.overlap(patch, spot)
        if overlap > least:
            return spot if overlap < least + 0.085 else None
    return None


def _free_spot(canvas: Canvas, patch: CellPatch, rng: np.random.Generator, allowed: float) -> PointUm | None:
    """Find a place where at most ``allowed`` of the cell lies on others."""
    height, width = (n * canvas.pixel_size for n in canvas.cells.shape)
    for _ in range(_TRIES):
        spot = float(rng.uniform(-_MARGIN, height + _MARGIN)), float(rng.uniform(-_MARGIN, width + _MARGIN))
        if canvas.overlap(patch, spot) <= allowed:
            return spot
    return None


def write_field(field: SimulatedField, path: Path, truth: Path | None = None, quality: int = JPEG_QUALITY) -> None:
    """Write the picture of ``field``, and beside it its truth. The same field gives the same bytes.

    Parameters
    ----------
    path
        ``.tif``: JPEG-in-TIFF with the pixel size as resolution per centimetre; ``.png``: no loss, no pixel size.
    truth
        Folder for ``<stem>_cells.tif`` and ``<stem>_nuclei.tif`` (labels) and ``<stem>_cells.csv`` and
        ``<stem>_nuclei.csv`` (tables); None: the picture alone.
    quality
        JPEG quality of a TIFF.

    Raises
    ------
    OsteoCountError
        The name of the file ends in neither ``.tif`` nor ``.png``.
    """
    write_picture(field, path, quality)
    if truth is not None:
        write_truth_labels(field, truth, path.stem)
        for name, table in (("cells", field.truth), ("nuclei", field.nuclei_truth)):
            with atomic_write(truth / f"{path.stem}_{name}.csv") as part:
                table.to_csv(part, index=False, lineterminator="\n")


def write_picture(field: SimulatedField, path: Path, quality: int = JPEG_QUALITY) -> None:
    """Write the picture alone, see `write_field`."""
    suffix = path.suffix.lower()
    if suffix in (".tif", ".tiff"):
        per_cm = 1e4 / field.pixel_size
        with atomic_write(path) as part:
            tifffile.imwrite(
                part,
                field.picture,
                photometric="rgb",
                compression="jpeg",
                compressionargs={"level": quality},
                tile=(256, 256),
                resolution=(per_cm, per_cm),
                resolutionunit="CENTIMETER",
                software="OsteoCount simulator",
                metadata=None,
            )
    elif suffix == ".png":
        _, packed = cv2.imencode(".png", np.ascontiguousarray(field.picture[..., ::-1]))
        with atomic_write(path) as part:
            part.write_bytes(packed.tobytes())
    else:
        raise OsteoCountError(f"{path}: a simulated picture is written as .tif or .png; choose one of these endings.")


def write_truth_labels(field: SimulatedField, folder: Path, stem: str) -> None:
    """Write the label images of ``field`` into ``folder``."""
    write_labels(field.cells, folder / f"{stem}_cells.tif", field.pixel_size)
    write_labels(field.nuclei, folder / f"{stem}_nuclei.tif", field.pixel_size)
