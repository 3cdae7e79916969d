"""What each kind of edit does to a picture. One function per kind; each returns a change, or None: does not apply."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from osteocount.curate.edit_log import Edit
from osteocount.curate.edited_field import Change, EditedField, Mark, Nucleus, points_array
from osteocount.io.label_image import Window

SMALLEST_PART = 0.01
"""Crumbs along a drawn cut, below this share of the cell, go to the part beside them.

Its origin is not recorded."""
SMALLEST_CELL_PX = 4
"""Smaller outlines and parts are slips of the hand. Its origin is not recorded."""
WIDEST_PX = 10**8
"""Cells in a window larger than this are not one thing; the memory need not hold it."""
SMOOTHING = 0.12
"""Width of the blur that smooths an outline, as a share of the side of a square of the cell's area.

Its origin is not recorded."""

NucleusPairs = Mapping[int, tuple[Nucleus | None, Nucleus | None]]


def apply_edit(field: EditedField, edit: Edit) -> Change | None:
    """Apply ``edit`` to ``field``; return what changed, or None where the edit finds nothing to act on."""
    change = None
    if (on_cells := _ON_CELLS.get(edit.kind)) is not None:
        cells = field.find(edit.cells)
        change = None if cells is None else on_cells(field, edit, cells)
    elif (on_points := _ON_POINTS.get(edit.kind)) is not None:
        change = on_points(field, edit)
    if change is not None:
        field.commit(change)
    return change


def merge(field: EditedField, edit: Edit, cells: list[int]) -> Change | None:
    """Let all cells become the first one."""
    window = _union(*(_box(field, cell) for cell in cells))
    if window is None:
        return None
    before = field.labels[window].copy()
    after = np.where(np.isin(before, cells), np.uint32(cells[0]), before)
    areas = [int((before == cell).sum()) for cell in cells]
    trap = float(np.average([field.trap_of(cell) for cell in cells], weights=areas))
    shape = field.shape_of(after, window, cells[0])
    marks = {cell: (field.marks.get(cell), None) for cell in cells[1:]}
    marks[cells[0]] = (field.marks.get(cells[0]), Mark(shape=shape, trap_od=trap))  # type: ignore[assignment]
    return Change(window, before, after, _into(field.nuclei_of(cells[1:]), cells[0]), marks)


def split_line(field: EditedField, edit: Edit, cells: list[int]) -> Change | None:
    """Cut a cell along a line."""
    window = _box(field, cells[0])
    mask = (field.labels[window] == cells[0]).astype(np.uint8)
    corner = (window[0].start, window[1].start)
    line = np.rint(points_array(edit.points) - corner).astype(np.int32)[:, ::-1]
    cut = mask.copy()
    cv2.polylines(cut, [np.ascontiguousarray(line)], isClosed=False, color=0, thickness=1)
    return _split(field, cells[0], window, mask, _large_parts(cut, mask))


def split_nuclei(field: EditedField, edit: Edit, cells: list[int]) -> Change | None:
    """Cut a cell in two halfway between its two groups of nuclei."""
    nuclei = list(field.nuclei_of(cells).values())
    if len(nuclei) < 2:
        return None
    window = _box(field, cells[0])
    mask = (field.labels[window] == cells[0]).astype(np.uint8)
    at = np.array([(n.y - window[0].start, n.x - window[1].start) for n in nuclei])
    group = _two_groups(at)
    ys, xs = np.nonzero(mask)
    nearest = ((ys[:, None] - at[:, 0]) ** 2 + (xs[:, None] - at[:, 1]) ** 2).argmin(axis=1)
    parts = np.zeros(mask.shape, np.int32)
    parts[ys, xs] = group[nearest] + 1
    return _split(field, cells[0], window, mask, parts)


def delete(field: EditedField, edit: Edit, cells: list[int]) -> Change | None:
    """Take cells away; their nuclei stay, in no cell."""
    window = _union(*(_box(field, cell) for cell in cells))
    if window is None:
        return None
    before = field.labels[window].copy()
    after = np.where(np.isin(before, cells), np.uint32(0), before)
    marks: dict[int, tuple[Mark | None, Mark | None]] = {cell: (field.marks.get(cell), None) for cell in cells}
    return Change(window, before, after, _into(field.nuclei_of(cells), 0), marks)


def draw(field: EditedField, edit: Edit) -> Change | None:
    """Add a cell inside an outline, where no other cell is."""
    outline = np.rint(points_array(edit.points)).astype(np.int32)
    size = np.array(field.labels.shape)
    low, high = np.clip(outline.min(axis=0), 0, size), np.clip(outline.max(axis=0) + 1, 0, size)
    if (high <= low).any():
        return None
    window = np.s_[int(low[0]) : int(high[0]), int(low[1]) : int(high[1])]
    before = field.labels[window].copy()
    inside = np.zeros(before.shape, np.uint8)
    cv2.fillPoly(inside, [np.ascontiguousarray((outline - low)[:, ::-1])], color=1)
    free = (inside > 0) & (before == 0)
    if int(free.sum()) < SMALLEST_CELL_PX:
        return None
    cell = field.next_cell
    after = np.where(free, np.uint32(cell), before)
    mark = Mark(shape=field.shape_of(after, window, cell), drawn=True, trap_od=np.nan)
    stray = {
        key: n for key, n in field.nuclei_of([0]).items()
        if low[0] <= round(n.y) < high[0] and low[1] <= round(n.x) < high[1]
        and free[round(n.y) - low[0], round(n.x) - low[1]]
    }  # fmt: skip
    return Change(window, before, after, _into(stray, cell), {cell: (None, mark)}, new_cells=1)


def smooth(field: EditedField, edit: Edit, cells: list[int]) -> Change | None:
    """Even out the outline of a cell, into free ground only, and fill its holes."""
    cell = cells[0]
    area = int((field.labels[_box(field, cell)] == cell).sum())
    sigma = max(1.0, SMOOTHING * area**0.5)
    window = _widened(_box(field, cell), int(3 * sigma), field.labels.shape)
    before = field.labels[window].copy()
    mask = (before == cell).astype(np.float32)
    soft = cv2.GaussianBlur(mask, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE) > 0.5
    body, count = ndimage.label(ndimage.binary_fill_holes(soft))
    if count == 0:
        return None
    largest = body == 1 + int(np.bincount(body.ravel())[1:].argmax())
    after = np.where(before == cell, np.uint32(0), before)
    after[largest & (after == 0)] = cell
    if np.array_equal(after, before):
        return None
    old = field.marks.get(cell)
    new = replace(old or Mark(), shape=field.shape_of(after, window, cell), trap_od=field.trap_of(cell))
    return Change(window, before, after, {}, {cell: (old, new)})


def accept(field: EditedField, edit: Edit, cells: list[int]) -> Change | None:
    """Agree to cells as they are."""
    return _remark(field, cells, accepted=True)


def set_class(field: EditedField, edit: Edit, cells: list[int]) -> Change | None:
    """Say by hand whether cells are osteoclasts."""
    return _remark(field, cells, is_osteoclast=edit.is_osteoclast)


def add_nucleus(field: EditedField, edit: Edit) -> Change | None:
    """Add a nucleus the program missed."""
    y, x = edit.points[0]
    height, width = field.labels.shape
    if not (0 <= round(y) < height and 0 <= round(x) < width):
        return None
    nucleus = Nucleus(y, x, np.nan, field.cell_at(y, x))
    return _nucleus_change(field, field.next_nucleus, None, nucleus)


def remove_nucleus(field: EditedField, edit: Edit) -> Change | None:
    """Remove something that is no nucleus."""
    key = field.nucleus_at(*edit.points[0])
    return None if key is None else _nucleus_change(field, key, field.nuclei[key], None)


def move_nucleus(field: EditedField, edit: Edit) -> Change | None:
    """Move a nucleus from the first point to the second, into the cell that is there."""
    key = field.nucleus_at(*edit.points[0])
    if key is None:
        return None
    y, x = edit.points[1]
    old = field.nuclei[key]
    return _nucleus_change(field, key, old, replace(old, y=y, x=x, cell_id=field.cell_at(y, x)))


_ON_CELLS: dict[str, Callable[[EditedField, Edit, list[int]], Change | None]] = {
    action.__name__: action for action in (merge, split_line, split_nuclei, delete, smooth, accept, set_class)
}
_ON_POINTS: dict[str, Callable[[EditedField, Edit], Change | None]] = {
    action.__name__: action for action in (draw, add_nucleus, remove_nucleus, move_nucleus)
}


def _split(
    field: EditedField, cell: int, window: Window, mask: NDArray[np.uint8], parts: NDArray[np.int32]
) -> Change | None:
    """Give the parts numbers of their own: the largest keeps that of the cell."""
    sizes = np.bincount(parts[mask > 0], minlength=2)[1:]
    if (sizes > 0).sum() < 2:
        return None
    order = [int(part) + 1 for part in np.argsort(-sizes, kind="stable") if sizes[part]]
    numbers = {part: cell if n == 0 else field.next_cell + n - 1 for n, part in enumerate(order)}
    before = field.labels[window].copy()
    after = before.copy()
    for part, number in numbers.items():
        after[(parts == part) & (mask > 0)] = number
    marks = {
        number: (field.marks.get(number), Mark(shape=field.shape_of(after, window, number), trap_od=np.nan))
        for number in numbers.values()
    }
    nuclei: dict[int, tuple[Nucleus | None, Nucleus | None]] = {}
    indices = ndimage.distance_transform_edt(parts == 0, return_distances=False, return_indices=True)
    for key, nucleus in field.nuclei_of([cell]).items():
        y = int(np.clip(round(nucleus.y) - window[0].start, 0, mask.shape[0] - 1))
        x = int(np.clip(round(nucleus.x) - window[1].start, 0, mask.shape[1] - 1))
        part = int(parts[indices[0][y, x], indices[1][y, x]])
        nuclei[key] = (nucleus, replace(nucleus, cell_id=numbers[part]))
    return Change(window, before, after, nuclei, marks, new_cells=len(order) - 1)


def _large_parts(cut: NDArray[np.uint8], mask: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Label the parts of a cut cell; the cut itself and crumbs go to the nearest part."""
    _, labels = cv2.connectedComponents(cut, connectivity=4, ltype=cv2.CV_32S)
    parts = np.asarray(labels, np.int32)
    sizes = np.bincount(parts.ravel())
    small = np.flatnonzero(sizes < max(SMALLEST_CELL_PX, SMALLEST_PART * int(mask.sum())))
    parts[np.isin(parts, small)] = 0
    if not parts.any():
        return parts
    indices = ndimage.distance_transform_edt(parts == 0, return_distances=False, return_indices=True)
    return np.where(mask > 0, parts[tuple(indices)], 0).astype(np.int32)


def _two_groups(at: NDArray[np.float64]) -> NDArray[np.int64]:
    """Part points (n, 2) into two groups around the two that lie furthest apart (2-means)."""
    distance = ((at[:, None] - at[None]) ** 2).sum(axis=2)
    centres = at[list(np.unravel_index(int(distance.argmax()), distance.shape))]
    group = np.zeros(len(at), np.int64)
    for _ in range(20):
        group = ((at[:, None] - centres[None]) ** 2).sum(axis=2).argmin(axis=1)
        if len(set(group.tolist())) < 2:
            break
        centres = np.array([at[group == n].mean(axis=0) for n in (0, 1)])
    return group


def _remark(field: EditedField, cells: list[int], **changes: bool | None) -> Change:
    marks = {cell: (field.marks.get(cell), replace(field.mark(cell), **changes)) for cell in cells}  # type: ignore[arg-type]
    return Change(None, None, None, {}, marks)


def _nucleus_change(field: EditedField, key: int, old: Nucleus | None, new: Nucleus | None) -> Change:
    cells = {n.cell_id for n in (old, new) if n is not None and n.cell_id in field}
    marks = {cell: (field.marks.get(cell), replace(field.mark(cell), recounted=True)) for cell in sorted(cells)}
    return Change(None, None, None, {key: (old, new)}, marks, new_nuclei=int(old is None))


def _into(nuclei: Mapping[int, Nucleus], cell: int) -> NucleusPairs:
    return {key: (nucleus, replace(nucleus, cell_id=cell)) for key, nucleus in nuclei.items()}


def _box(field: EditedField, cell: int) -> Window:
    box = field.box(cell)
    assert box is not None  # noqa: S101  `find` returned the cell
    return box


def _union(*boxes: Window) -> Window | None:
    """Return the window around all boxes; None when they lie too far apart."""
    top, left = (min(box[n].start for box in boxes) for n in (0, 1))
    bottom, right = (max(box[n].stop for box in boxes) for n in (0, 1))
    return np.s_[top:bottom, left:right] if (bottom - top) * (right - left) <= WIDEST_PX else None


def _widened(box: Window, margin: int, size: tuple[int, ...]) -> Window:
    return (
        slice(max(0, box[0].start - margin), min(size[0], box[0].stop + margin)),
        slice(max(0, box[1].start - margin), min(size[1], box[1].stop + margin)),
    )
