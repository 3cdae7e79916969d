"""The picture with what was counted drawn on it, so that a person can check it at a glance."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from osteocount.io.display import NUCLEUS, ON_BRIGHT, ON_DARK, RGB, display_rgb, rgb
from osteocount.io.files import atomic_write
from osteocount.io.picture import Picture

LONGEST = 1600  # px; for a screen
# A thumbnail takes about 50 kB of the report (45 on a simulated plate, 56 over 49 real pictures).
_THUMBNAIL_PX, _JPEG_QUALITY = 480, 82
_ENLARGE = 2.0  # times, at most
_FRACTION_BITS = 4  # of coordinates given to OpenCV
_DASH = 5.0  # px; length of a dash and of the gap behind it
_OSTEOCLAST = rgb(ON_BRIGHT.osteoclast)  # the same on both grounds, so that it tells the class of a mark
_NUCLEUS = rgb(NUCLEUS)
_DARK = (20, 20, 20)
_FONT = cv2.FONT_HERSHEY_SIMPLEX
_STEM, _TAIL = 4, 7  # of the letter u, in units of the font: where its first stem is, and how far a letter descends

Outline = NDArray[np.float64]


@dataclass(frozen=True)
class _Palette:
    """The colours of one overlay: of cells, of the legend's strip, and of the text on it."""

    other: RGB
    not_counted: RGB
    strip: RGB
    text: RGB


_BRIGHT, _SLATE = (236, 239, 241), (38, 50, 56)
_ON_BRIGHT = _Palette(rgb(ON_BRIGHT.other), rgb(ON_BRIGHT.not_counted), strip=_BRIGHT, text=_SLATE)
_ON_DARK = _Palette(rgb(ON_DARK.other), rgb(ON_DARK.not_counted), strip=_SLATE, text=_BRIGHT)


@dataclass(frozen=True)
class _Canvas:
    """RGB pixels on the screen, and how many of them one pixel of the picture takes."""

    pixels: NDArray[np.uint8]
    scale: float
    palette: _Palette


@dataclass(frozen=True)
class _Mark:
    """How one cell is drawn; the number is empty for cells that carry none."""

    cell_id: int
    colour: RGB
    dashed: bool
    number: str


def write_overlay(
    picture: Picture,
    cells: NDArray[np.uint32],
    nuclei_table: pd.DataFrame,
    cells_table: pd.DataFrame,
    path: Path,
    small: Path | None = None,
) -> None:
    """Write a PNG for the screen: outlines, nuclei, numbers and a legend.

    Osteoclasts are orange with their number of nuclei (their ``#cell_id`` where nuclei are not resolved), other
    TRAP-positive cells blue, cells that are not counted dashed grey, nuclei small white dots.

    Parameters
    ----------
    picture
        What was counted.
    cells
        (height, width) uint32 labels; labels without a row in ``cells_table`` are not drawn.
    nuclei_table
        ``y_px``, ``x_px`` of each nucleus.
    cells_table
        ``cell_id, y_px, x_px, n_nuclei, is_osteoclast, counted``.
    path
        The file; it appears whole or not at all.
    small
        File for its `thumbnail`, which takes ten times as long once the overlay is packed; None: none is written.
    """
    canvas = _canvas(picture)
    marks = _marks(cells_table, canvas.palette)
    outlines = _outlines(cells, [mark.cell_id for mark in marks], canvas.scale)
    for mark in sorted(marks, key=lambda mark: mark.colour == _OSTEOCLAST):  # osteoclasts last, on top
        _draw_cell(canvas, outlines.get(mark.cell_id, []), mark)
    _draw_nuclei(canvas, nuclei_table)
    for mark in marks:
        if mark.number and mark.cell_id in outlines:
            _draw_number(canvas, outlines[mark.cell_id], mark)
    _draw_scale_bar(canvas, picture.pixel_size.um)
    resolved = bool(cells_table["n_nuclei"].notna().any())
    colours = [mark.colour for mark in marks]
    strip = _legend(canvas.palette, canvas.pixels.shape[1], colours, len(nuclei_table), resolved)
    whole = cv2.cvtColor(np.vstack([canvas.pixels, strip]), cv2.COLOR_RGB2BGR)
    # Run lengths: a tenth of the time of the usual search for matches, at the same size for photographs.
    options = [cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_RLE]
    _write_encoded(_encoded(".png", whole, options), path)
    if small is not None:
        _write_encoded(thumbnail(whole), small)


def thumbnail(overlay: NDArray[np.uint8]) -> bytes:
    """Return a small JPEG of an overlay (height, width, 3) B, G, R."""
    height, width = overlay.shape[:2]
    scale = min(1.0, _THUMBNAIL_PX / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = np.asarray(cv2.resize(overlay, size, interpolation=cv2.INTER_AREA), np.uint8)
    return _encoded(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])


def _encoded(kind: str, pixels: NDArray[np.uint8], options: list[int]) -> bytes:
    done, content = cv2.imencode(kind, pixels, options)
    if not done:
        raise RuntimeError("the overlay could not be encoded")
    return content.tobytes()


def _write_encoded(content: bytes, path: Path) -> None:
    with atomic_write(path) as part:
        part.write_bytes(content)


def _canvas(picture: Picture) -> _Canvas:
    height, width = picture.pixels.shape[:2]
    scale = min(LONGEST / max(height, width), _ENLARGE)
    shown = display_rgb(picture, LONGEST)
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    if shown.shape[:2] != size[::-1]:
        shown = np.asarray(cv2.resize(shown, size, interpolation=cv2.INTER_CUBIC), np.uint8)
    bright = float(np.median(shown)) > 110
    return _Canvas(np.ascontiguousarray(shown), scale, _ON_BRIGHT if bright else _ON_DARK)


def _marks(table: pd.DataFrame, palette: _Palette) -> list[_Mark]:
    numbers = table["n_nuclei"].astype("Float64")
    osteoclast = table["is_osteoclast"].fillna(False).astype(bool)
    rows = zip(table["cell_id"].astype(int), numbers, osteoclast, table["counted"].astype(bool), strict=True)
    marks = []
    for cell_id, n, is_osteoclast, counted in rows:
        number = f"#{cell_id}" if pd.isna(n) else f"{n:.0f}"
        colour = palette.not_counted if not counted else _OSTEOCLAST if is_osteoclast else palette.other
        marks.append(_Mark(cell_id, colour, not counted, number if is_osteoclast else ""))
    return marks


def _outlines(cells: NDArray[np.uint32], cell_ids: list[int], scale: float) -> dict[int, list[Outline]]:
    """Outer outlines of each cell, as (n, 2) x, y on the screen."""
    from scipy.ndimage import find_objects

    step = max(1, int(1 / scale))  # finer than a screen shows is wasted
    small = cells[::step, ::step]
    boxes = find_objects(small.astype(np.int32))
    outlines: dict[int, list[Outline]] = {}
    for cell_id in cell_ids:
        box = boxes[cell_id - 1] if 0 < cell_id <= len(boxes) else None
        if box is None:
            continue
        mask = (small[box] == cell_id).astype(np.uint8)
        rings, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        corner = np.array([box[1].start, box[0].start])
        outlines[cell_id] = [((ring[:, 0] + corner) * step + 0.5) * scale for ring in rings]
    return outlines


def _draw_cell(canvas: _Canvas, rings: list[Outline], mark: _Mark) -> None:
    bold = mark.colour == _OSTEOCLAST
    for ring in rings:
        smooth = ring if mark.dashed else cv2.approxPolyDP(ring.astype(np.float32), 0.6, True)[:, 0]
        points = np.round(smooth * 2**_FRACTION_BITS).astype(np.int32)
        if bold:  # a dark rim keeps it visible on pale cells
            cv2.polylines(canvas.pixels, [points], True, _DARK, 4, cv2.LINE_AA, _FRACTION_BITS)
        parts = _dashes(points) if mark.dashed else [points]
        cv2.polylines(canvas.pixels, parts, not mark.dashed, mark.colour, 2 if bold else 1, cv2.LINE_AA, _FRACTION_BITS)


def _dashes(points: NDArray[np.int32]) -> list[NDArray[np.int32]]:
    """Every second piece of the outline."""
    steps = np.hypot(*np.diff(points, axis=0, append=points[:1]).T) / 2**_FRACTION_BITS
    piece = (np.cumsum(steps) // _DASH).astype(np.int64)
    return [points[piece == n] for n in range(0, int(piece[-1]) + 1, 2) if np.any(piece == n)]


def _draw_nuclei(canvas: _Canvas, nuclei: pd.DataFrame) -> None:
    for x, y in zip(nuclei["x_px"], nuclei["y_px"], strict=True):
        centre = tuple(round((value + 0.5) * canvas.scale * 2**_FRACTION_BITS) for value in (float(x), float(y)))
        cv2.circle(canvas.pixels, centre, 3 << _FRACTION_BITS, _DARK, -1, cv2.LINE_AA, _FRACTION_BITS)
        cv2.circle(canvas.pixels, centre, 2 << _FRACTION_BITS, _NUCLEUS, -1, cv2.LINE_AA, _FRACTION_BITS)


def _draw_number(canvas: _Canvas, rings: list[Outline], mark: _Mark) -> None:
    """Beside the cell, where it reaches furthest to the upper right, moved inside the picture."""
    points = np.vstack(rings)
    x, y = points[np.argmax(points[:, 0] - points[:, 1])]
    (width, height), _ = cv2.getTextSize(mark.number, _FONT, 0.65, 2)
    left = min(round(float(x)) + 5, canvas.pixels.shape[1] - width - 5)
    bottom = max(round(float(y)) + 2, height + 5)
    _outlined(canvas.pixels, mark.number, (left, bottom), 0.65, mark.colour)


def _outlined(pixels: NDArray[np.uint8], text: str, at: tuple[int, int], size: float, colour: RGB) -> None:
    """Write text with a rim against it, readable on anything."""
    rim = _DARK if sum(colour) > 330 else _NUCLEUS
    for dx, dy in ((-1, -1), (0, -2), (1, -1), (-2, 0), (2, 0), (-1, 1), (0, 2), (1, 1)):
        _write(pixels, text, (at[0] + dx, at[1] + dy), size, rim)
    _write(pixels, text, at, size, colour)


def _write(pixels: NDArray[np.uint8], text: str, at: tuple[int, int], size: float, colour: RGB) -> None:
    """Write text. OpenCV's letters lack µ: it is a u whose first stem goes on below the line."""
    cv2.putText(pixels, text.replace("µ", "u"), at, _FONT, size, colour, 2, cv2.LINE_AA)
    before, mu, _ = text.partition("µ")
    if mu:
        (width, _), _ = cv2.getTextSize(before, _FONT, size, 2)
        stem = at[0] + width + round(_STEM * size)
        cv2.line(pixels, (stem, at[1]), (stem, at[1] + round(_TAIL * size)), colour, 2, cv2.LINE_AA)


def _draw_scale_bar(canvas: _Canvas, pixel_size_um: float | None) -> None:
    """Draw a round length of at most a quarter of the width, at the lower right."""
    if pixel_size_um is None:
        return
    height, width = canvas.pixels.shape[:2]
    per_um = canvas.scale / pixel_size_um
    lengths = [um for um in (10, 20, 50, 100, 200, 500, 1000, 2000, 5000) if um * per_um <= width / 4]
    if not lengths or height < 80:
        return
    um = lengths[-1]
    right, bottom = width - 20, height - 20
    left = right - round(um * per_um)
    cv2.rectangle(canvas.pixels, (left - 2, bottom - 5), (right + 2, bottom + 2), _DARK, -1)
    cv2.rectangle(canvas.pixels, (left, bottom - 3), (right, bottom), _NUCLEUS, -1)
    text = f"{um} µm" if um < 1000 else f"{um // 1000} mm"
    (text_width, _), _ = cv2.getTextSize(text.replace("µ", "u"), _FONT, 0.55, 2)
    _outlined(canvas.pixels, text, ((left + right - text_width) // 2, bottom - 12), 0.55, _NUCLEUS)


def _legend(palette: _Palette, width: int, colours: list[RGB], n_nuclei: int, resolved: bool) -> NDArray[np.uint8]:
    entries: list[tuple[RGB, str]] = [
        (_OSTEOCLAST, f"osteoclast ({colours.count(_OSTEOCLAST)})" + (", with its nuclei" if resolved else "")),
        (palette.other, f"other TRAP+ cell ({colours.count(palette.other)})"),
        (palette.not_counted, f"not counted ({colours.count(palette.not_counted)})"),
    ]
    if resolved:
        entries.append((_NUCLEUS, f"nucleus ({n_nuclei})"))
    corners: list[tuple[int, int]] = []
    x, y = 14, 17
    for _, text in entries:
        (text_width, _), _ = cv2.getTextSize(text, _FONT, 0.5, 1)
        if corners and x + 30 + text_width > width:
            x, y = 14, y + 26
        corners.append((x, y))
        x += 30 + text_width + 28
    strip = np.full((y + 17, width, 3), palette.strip, np.uint8)
    for (colour, text), (left, middle) in zip(entries, corners, strict=True):
        _legend_sign(strip, left, middle, colour, dashed=colour == palette.not_counted)
        cv2.putText(strip, text, (left + 30, middle + 5), _FONT, 0.5, palette.text, 1, cv2.LINE_AA)
    return strip


def _legend_sign(strip: NDArray[np.uint8], x: int, y: int, colour: RGB, *, dashed: bool) -> None:
    if colour == _NUCLEUS:
        cv2.circle(strip, (x + 11, y), 5, _DARK, -1, cv2.LINE_AA)
        cv2.circle(strip, (x + 11, y), 3, colour, -1, cv2.LINE_AA)
        return
    for left, right in ((0, 4), (9, 13), (18, 22)) if dashed else ((0, 22),):
        cv2.line(strip, (x + left, y), (x + right, y), colour, 4 if colour == _OSTEOCLAST else 2, cv2.LINE_AA)
