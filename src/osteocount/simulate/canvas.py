"""Where painted cells meet: one field in optical density, the labels of what lies where, debris and fibres between."""

from __future__ import annotations

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import ndimage

from osteocount.simulate.cell_painting import CellPatch
from osteocount.simulate.design import Rgb, StainStyle
from osteocount.simulate.shapes import Capsule, PointUm, coverage, polar

# A nucleus is visible when enough of it is in the picture and in its cell, and its inside or its rim (the envelope
# often shows where the inside does not) differs, after the lens, from the cytoplasm around it: in OD (Euclid, over the
# three colours; by most of the SD that this cytoplasm's own spots have), and in the light that is left (share of bare
# plastic). Only visible nuclei are labelled: in a first experiment 18 % were labelled that were too faint to see. The
# values are meant for what an eye can tell; how they were chosen is not recorded.
VISIBLE_CONTRAST = 0.04
VISIBLE_SPOTS = 0.8
VISIBLE_LIGHT = 0.04
VISIBLE_PART = 0.5
_SMALLEST_UM2 = 15.0  # smaller slivers of covered cells are no cells
_RIM_UM = 1.0
OSTEOCLAST_NUCLEI = 3
_RING = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (7, 7))


class Canvas:
    """A field being painted.

    Attributes
    ----------
    od
        (height, width, 3) float32 optical density.
    cells, nuclei
        (height, width) uint32 labels; a later cell hides an earlier one.
    """

    def __init__(self, height: int, width: int, pixel_size: float) -> None:
        self.pixel_size = pixel_size
        side = 2 * max(1, round(_RIM_UM / pixel_size)) + 1
        self._rim = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
        self.od = np.zeros((height, width, 3), np.float32)
        self.cells = np.zeros((height, width), np.uint32)
        self.nuclei = np.zeros((height, width), np.uint32)
        self._kinds: list[str] = []
        self._made: list[int] = []
        self._areas: list[int] = []
        self._owner: list[int] = []
        self._sizes: list[int] = []

    def overlap(self, patch: CellPatch, at: PointUm) -> float:
        """Part of ``patch``, put at ``at`` (y, x in µm), that would lie on other cells; on their nuclei counts 20-fold.

        A cell that creeps under or over another does so with its thin edge, hardly ever where a nucleus is.
        """
        here, there = self._windows(patch.inside.shape[0], at)
        inside, marked = patch.inside[there], patch.nuclei[there] > 0
        cells, nuclei = self.cells[here] > 0, self.nuclei[here] > 0
        hit = np.count_nonzero(inside & cells) + 20 * np.count_nonzero(inside & nuclei | marked & cells)
        return float(hit) / max(int(np.count_nonzero(patch.inside)), 1)

    def add(self, patch: CellPatch, at: PointUm) -> int:
        """Paint ``patch`` with its centre at ``at`` (y, x in µm) over what is there and return its label.

        Light goes through both cells where two lie on each other, so their ODs add: the seam shows.
        """
        here, there = self._windows(patch.inside.shape[0], at)
        self.od[here] += patch.od[there]
        label, first = len(self._kinds) + 1, len(self._owner)
        inside = patch.inside[there]
        self.cells[here][inside] = label
        self.nuclei[here][inside] = 0
        marks = patch.nuclei[there]
        self.nuclei[here][marks > 0] = marks[marks > 0] + np.uint32(first)
        self._kinds.append(patch.cell.kind)
        self._made.append(len(patch.cell.nuclei))
        self._areas.append(int(np.count_nonzero(patch.inside)))
        self._owner += [label] * len(patch.cell.nuclei)
        self._sizes += np.bincount(patch.nuclei.ravel(), minlength=len(patch.cell.nuclei) + 1)[1:].tolist()
        return label

    def add_line(self, pieces: list[Capsule], colour: Rgb, strength: float) -> None:
        """Paint a line, given in µm of the field; it belongs to no cell. Its OD is ``colour`` times ``strength``."""
        od = np.asarray(colour, np.float32) * np.float32(strength)
        for piece in pieces:
            middle = ((piece.start[0] + piece.end[0]) / 2, (piece.start[1] + piece.end[1]) / 2)
            half = np.hypot(piece.end[0] - piece.start[0], piece.end[1] - piece.start[1]) / 2 + 4.0
            here, _ = self._windows(2 * int(np.ceil(half / self.pixel_size)) + 1, middle)
            rows = np.arange(here[0].start, here[0].stop, dtype=np.float32) * np.float32(self.pixel_size)
            columns = np.arange(here[1].start, here[1].stop, dtype=np.float32) * np.float32(self.pixel_size)
            if rows.size and columns.size:
                y, x = np.meshgrid(rows, columns, indexing="ij")
                thick = coverage(piece.distance(y, x), self.pixel_size)[..., None]
                self.od[here] = np.maximum(self.od[here], thick * od)

    def truth(
        self, blurred_od: NDArray[np.float32]
    ) -> tuple[NDArray[np.uint32], NDArray[np.uint32], pd.DataFrame, pd.DataFrame]:
        """Labels 1..n in raster order with their tables, after removing slivers and nuclei nobody can see.

        Parameters
        ----------
        blurred_od
            (height, width, 3) optical density after the lens.
        """
        smallest = _SMALLEST_UM2 / self.pixel_size**2
        left = np.bincount(self.cells.ravel(), minlength=len(self._kinds) + 1)
        kept = left >= smallest
        kept[0] = False
        cells, old_cell = _raster_order(np.where(kept[self.cells], self.cells, 0).astype(np.uint32))
        visible = self._visible(blurred_od, kept)
        present = np.unique(self.nuclei)
        owners = np.asarray([0, *self._owner], np.int64)
        hidden = np.bincount(owners[present[~visible[present]]], minlength=len(self._kinds) + 1)
        nuclei, old_nucleus = _raster_order(np.where(visible[self.nuclei], self.nuclei, 0).astype(np.uint32))
        new_cell = np.zeros(len(self._kinds) + 1, np.int64)
        new_cell[old_cell] = np.arange(1, old_cell.size + 1)
        owner = new_cell[owners[old_nucleus]]
        y, x, _ = _centres(nuclei, old_nucleus.size)
        nuclei_table = pd.DataFrame(
            {"nucleus_id": np.arange(1, owner.size + 1), "cell_id": owner, "y_px": y, "x_px": x}
        )
        return cells, nuclei, self._cell_table(cells, old_cell, owner, hidden), nuclei_table

    def _cell_table(
        self, cells: NDArray[np.uint32], old: NDArray[np.int64], owner: NDArray[np.int64], hidden: NDArray[np.int64]
    ) -> pd.DataFrame:
        y, x, area = _centres(cells, old.size)
        n_visible = np.bincount(owner, minlength=old.size + 1)[1:]
        made = np.asarray([0, *self._made])[old]
        whole = np.asarray([0, *self._areas])[old]
        cut = np.unique(np.concatenate([cells[0], cells[-1], cells[:, 0], cells[:, -1]]))
        edge = np.isin(np.arange(1, old.size + 1), cut)
        flags = [
            ";".join(
                word
                for word, holds in (
                    ("edge", on_edge),
                    ("opaque", shown == 0 and not on_edge),
                    ("nuclei_hidden", 0 < shown < all_made and not on_edge),
                    ("covered", part < 0.9 and not on_edge),
                )
                if holds
            )
            for on_edge, shown, all_made, part in zip(edge, n_visible, made, area / whole, strict=True)
        ]
        return pd.DataFrame(
            {
                "cell_id": np.arange(1, old.size + 1),
                "class": [self._kinds[i - 1] for i in old],
                "n_nuclei": n_visible,
                "is_osteoclast": n_visible >= OSTEOCLAST_NUCLEI,
                "y_px": y,
                "x_px": x,
                "area_px": area,
                "n_nuclei_hidden": hidden[old],
                "n_nuclei_made": made,
                "touches_edge": edge,
                "counted": ~np.isin(np.arange(1, old.size + 1), np.concatenate([cells[0], cells[:, 0]])),
                "flags": flags,
            }
        )

    def _visible(self, od: NDArray[np.float32], kept: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Which nuclei (by running number, 0 is none) can be told from their cytoplasm."""
        visible = np.zeros(len(self._owner) + 1, bool)
        present = np.bincount(self.nuclei.ravel(), minlength=visible.size)
        for number, box in enumerate(ndimage.find_objects(self.nuclei.astype(np.int32)), start=1):
            owner, size = self._owner[number - 1], self._sizes[number - 1]
            if not kept[owner] or present[number] < max(VISIBLE_PART * size, 1):  # a hidden one has no box
                continue
            box = tuple(slice(max(side.start - 5, 0), side.stop + 5) for side in box)
            mine = (self.nuclei[box] == number).astype(np.uint8)
            around = cv2.dilate(mine, _RING).astype(bool) & (self.nuclei[box] == 0) & (self.cells[box] == owner)
            if not around.any():
                around = (self.nuclei[box] == 0) & (self.cells[box] == owner)
            if around.any():
                inside = np.asarray(cv2.erode(mine, self._rim, borderValue=1), np.uint8)
                levels = [od[box][part].mean(0) for part in (inside > 0, mine > inside) if part.any()]
                visible[number] = any(_differs(level, od[box][around]) for level in levels)
        return visible

    def _windows(self, size: int, at: PointUm) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
        """Where a square patch of ``size`` px centred at ``at`` falls in the field, and which part of it does."""
        spans = []
        for centre, length in zip(at, self.cells.shape, strict=True):
            start = round(centre / self.pixel_size) - size // 2
            low, high = min(max(start, 0), length), max(min(start + size, length), 0)
            high = max(high, low)
            spans.append((slice(low, high), slice(low - start, high - start)))
        return (spans[0][0], spans[1][0]), (spans[0][1], spans[1][1])


def _differs(level: NDArray[np.floating], around: NDArray[np.floating]) -> bool:
    """Whether an eye can tell an optical density (3,) from what lies around it (n, 3)."""
    ring, spots = around.mean(0), float(np.linalg.norm(around.std(0)))
    light = np.abs(np.power(10, -ring) - np.power(10, -level)).max()
    return bool(np.linalg.norm(ring - level) > max(VISIBLE_CONTRAST, VISIBLE_SPOTS * spots) and light > VISIBLE_LIGHT)


def _raster_order(labels: NDArray[np.uint32]) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """Relabel to 1..n by each object's first pixel; also give the old label of each new one."""
    objects = labels > 0
    numbers, old = pd.factorize(labels[objects])
    new = np.zeros_like(labels)
    new[objects] = numbers + 1
    return new, old.astype(np.int64)


def _centres(labels: NDArray[np.uint32], n: int) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Centre of mass (y, x) and area of labels 1..n, px."""
    rows, columns = np.nonzero(labels)
    of = labels[rows, columns]
    area = np.bincount(of, minlength=n + 1)[1:]
    y = np.bincount(of, rows, n + 1)[1:] / np.maximum(area, 1)
    x = np.bincount(of, columns, n + 1)[1:] / np.maximum(area, 1)
    return np.round(y, 2), np.round(x, 2), area


def add_fibre(canvas: Canvas, style: StainStyle, rng: np.random.Generator) -> None:
    """Put a thin bent fibre somewhere, 30 to 150 µm long."""
    height, width = (n * canvas.pixel_size for n in canvas.cells.shape)
    start = float(rng.uniform(0, height)), float(rng.uniform(0, width))
    end = polar(rng.uniform(0, 2 * np.pi), rng.uniform(30, 150), start)
    stretch_fibre(canvas, style, start, end, rng)


def stretch_fibre(
    canvas: Canvas, style: StainStyle, start: PointUm, end: PointUm, rng: np.random.Generator, radius: float = 0.5
) -> None:
    """Stretch a fibre from ``start`` to ``end`` (y, x in µm of the field), slightly bowed."""
    along = np.linspace(0, 1, 9)
    bow = rng.normal(0, 0.06) * np.sin(np.pi * along)
    dy, dx = end[0] - start[0], end[1] - start[1]
    y, x = start[0] + along * dy + bow * dx, start[1] + along * dx - bow * dy
    pieces = [Capsule((float(y[i]), float(x[i])), (float(y[i + 1]), float(x[i + 1])), radius, radius) for i in range(8)]
    canvas.add_line(pieces, style.trap_edge, rng.uniform(0.2, 0.4) * style.trap_strength)


def add_debris(canvas: Canvas, style: StainStyle, rng: np.random.Generator) -> None:
    """Drop a speck, a pale flake or a short ring."""
    height, width = (n * canvas.pixel_size for n in canvas.cells.shape)
    spot = float(rng.uniform(0, height)), float(rng.uniform(0, width))
    if rng.random() < 0.25:
        angles, radius = np.linspace(0, 2 * np.pi, 9), rng.uniform(1.6, 2.8)
        rim = [polar(angle, radius, spot) for angle in angles]
        pieces = [Capsule(rim[i], rim[i + 1], 0.6, 0.6) for i in range(8)]
        canvas.add_line(pieces, style.trap_edge, rng.uniform(0.15, 0.35))
        return
    end = spot[0] + float(rng.normal(0, 1.2)), spot[1] + float(rng.normal(0, 1.2))
    piece = Capsule(spot, end, float(rng.uniform(0.4, 1.3)), float(rng.uniform(0.4, 1.3)))
    canvas.add_line([piece], style.trap_edge, float(rng.choice([0.06, 0.1, 0.2, 0.4])))
