"""Parts of a picture that no camera saw: missing tiles of a stitched scan, black strips, what lies outside a scan.

They are filled with one colour, black or white, to the last bit, where a camera has noise. A dark cell or the black
wall of a well may be clipped to 0 as well. Three things tell them apart: fill is large; and either its edges run along
the rows and columns of the picture, as those of tiles do, or (black only) it ends from one pixel to the next, where a
lens blurs what is really there. That JPEG rounds fill to within a few levels and rings beside its edges is allowed for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from osteocount.io.picture import Picture, Pixels, PixelSize
from osteocount.io.tiled_image import InMemoryImage, TiledImage

# Tried on the annotated pictures, simulated ones with painted strips and tiles, and both as JPEG of quality 50 to 95.
_BLOCK = 8  # side in pixels of the blocks that are looked at first, which are those of JPEG too
_FEWEST = 36  # blocks of a part: 48 px squared, or a strip of 16 px; fill that is narrower than 15 px may be missed
_MOST_PARTS = 64  # of either colour, the largest; plastic clipped to white falls into thousands
_LEVELS = 4  # from black or white within which fill lies after JPEG
_RINGING = 24, 8  # levels, and pixels from the fill, within which JPEG rings
_RUN = 24  # pixels along which an edge is straight
_STRAIGHT = 0.7  # share of the edge that has to be
_FAR = 4  # pixels beyond the edge where the picture has its own level
_ABRUPT = 0.6, 0.8  # share of that level that is reached within one pixel, along which share of the edge
_CONTRAST = 12  # levels by which the picture differs from the fill there
_PLASTIC = 85  # percentile of what was imaged taken as bare plastic, as for the light
_DARK = 30  # the same of fluorescence, whose background is dark
_MOST_CHANNELS = 4  # that are looked at together
_STRIP = 512  # rows looked at together
_MOST_RECTANGLES = 2000  # of all parts; slanted edges are coarsened until there are no more


@dataclass(frozen=True)
class UnimagedArea:
    """What was never imaged of a picture.

    Attributes
    ----------
    rectangles
        (n, 4) top, bottom, left, right in pixels of the picture, bottom and right one past the last; they may overlap.
    plastic
        The colour of bare plastic, which stands for it wherever the picture is looked at.
    """

    rectangles: NDArray[np.int64]
    plastic: tuple[int, ...] = ()

    def contains(self, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> NDArray[np.bool_]:
        """Return (rows, columns) bool, True where nothing was imaged; rows and columns ascend."""
        mask = np.zeros((rows.size, columns.size), bool)
        if not rows.size or not columns.size:
            return mask
        near = self.rectangles[(self.rectangles[:, 0] <= rows[-1]) & (self.rectangles[:, 1] > rows[0])]
        y, x = np.searchsorted(rows, near[:, :2]), np.searchsorted(columns, near[:, 2:])
        for (top, bottom), (left, right) in zip(y.tolist(), x.tolist(), strict=True):
            mask[top:bottom, left:right] = True
        return mask


class ImagedOnly:
    """A picture in which bare plastic stands where nothing was imaged, so that nothing is seen there."""

    def __init__(self, image: TiledImage, unimaged: UnimagedArea) -> None:
        self.path: Path = image.path
        self.pixel_size: PixelSize = image.pixel_size
        self.axes, self.notes, self.shape = image.axes, image.notes, image.shape
        self._image, self._unimaged = image, unimaged

    def read(self, top: int, bottom: int, left: int, right: int) -> Pixels:
        """Return a window, painted."""
        pixels = self._image.read(top, bottom, left, right)
        return painted(pixels, self._unimaged, top, left)


def painted(pixels: Pixels, unimaged: UnimagedArea, top: int = 0, left: int = 0, step: int = 1) -> Pixels:
    """Return a window of a picture with bare plastic where nothing was imaged; the window itself where all was.

    ``step`` is how many pixels of the picture lie between two of the window.
    """
    height, width = pixels.shape[:2]
    mask = unimaged.contains(top + step * np.arange(height), left + step * np.arange(width))
    if not mask.any():
        return pixels
    pixels = pixels.copy()
    pixels[mask] = np.asarray(unimaged.plastic, pixels.dtype)
    return pixels


class UnimagedFinder:
    """Finds what was never imaged of a picture that is read in strips of whole width, from top to bottom."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self._shape = shape
        size = -(-shape[0] // _BLOCK), -(-shape[1] // _BLOCK)
        self._blocks = {name: np.zeros(size, np.uint8) for name in ("black", "white")}
        self._few: list[Pixels] = []

    def add_strip(self, pixels: Pixels, top: int) -> None:
        """Look at the strip (height, width, channels) from row ``top`` on, a multiple of 8."""
        few = pixels[_BLOCK // 2 :: _BLOCK, _BLOCK // 2 :: _BLOCK].copy()
        self._few.append(few)
        for name, blocks in self._blocks.items():
            if _filled(few, name).any():
                small = _whole_blocks(_filled(pixels, name))
                blocks[top // _BLOCK : top // _BLOCK + small.shape[0]] = small

    def find(self, image: TiledImage, *, fluorescence: bool = False) -> UnimagedArea | None:
        """Return what was never imaged of ``image``, all strips of which were looked at; None: all of it was.

        In ``fluorescence`` fill is told by straight edges alone: a background clipped to 0 ends abruptly too.
        """
        rectangles: list[tuple[int, int, int, int]] = []
        for name, blocks in self._blocks.items():
            if not blocks.any():
                continue
            _, labels, stats, _ = cv2.connectedComponentsWithStats(blocks, connectivity=8)
            area = stats[:, cv2.CC_STAT_AREA].copy()
            area[0] = 0
            for label in np.argsort(-area, kind="stable")[:_MOST_PARTS]:
                if area[label] >= _FEWEST:
                    x, y, width, height = (int(v) for v in stats[label, :4])
                    own = labels[y : y + height, x : x + width] == label
                    part = _Part(image, name, own, y * _BLOCK, x * _BLOCK, fluorescence=fluorescence)
                    if part.is_fill():
                        rectangles += part.rectangles()
        if not rectangles:
            return None
        found = UnimagedArea(_few_enough(rectangles, self._shape))
        return replace(found, plastic=self._plastic(found, _DARK if fluorescence else _PLASTIC))

    def _plastic(self, found: UnimagedArea, percentile: int) -> tuple[int, ...]:
        """Return the colour of bare plastic: the bright part of what was imaged, of fluorescence the dark one."""
        rows, columns = (np.arange(_BLOCK // 2, side, _BLOCK) for side in self._shape[:2])
        few = np.concatenate(self._few)[~found.contains(rows, columns)]
        return (
            tuple(int(v) for v in np.percentile(few.astype(np.float32), percentile, axis=0))
            if len(few)
            else (0,) * self._shape[2]
        )


def find_gaps(picture: Picture) -> UnimagedArea | None:
    """Return what was never imaged of a picture of fluorescence; None: all of it was, or it has many channels."""
    if picture.pixels.shape[2] > _MOST_CHANNELS:
        return None
    finder = UnimagedFinder(picture.pixels.shape)
    finder.add_strip(picture.pixels, 0)
    return finder.find(InMemoryImage(picture), fluorescence=True)


class _Part:
    """A connected part of a picture that may be fill: black or white blocks of it, and where they begin."""

    def __init__(
        self, image: TiledImage, colour: str, blocks: NDArray[np.bool_], top: int, left: int, *, fluorescence: bool
    ) -> None:
        self._image, self._colour, self._fluorescence = image, colour, fluorescence
        self._blocks = np.pad(blocks, 2).astype(np.uint8)
        self._top, self._left = top - 2 * _BLOCK, left - 2 * _BLOCK

    def is_fill(self) -> bool:
        """Tell whether its edges are those of fill: straight, or (black only) abrupt."""
        edge = straight = abrupt = 0
        for _, _, mask, light, scale in self._strips():
            for axis in (0, 1):
                steps = np.asarray(np.diff(mask.astype(np.int8), axis=axis), np.int8)
                kernel = np.ones((1, _RUN) if axis == 0 else (_RUN, 1), np.uint8)
                runs = cv2.morphologyEx((steps != 0).astype(np.uint8), cv2.MORPH_OPEN, kernel)
                edge, straight = edge + int(np.count_nonzero(steps)), straight + int(np.count_nonzero(runs))
                abrupt += _n_abrupt(steps, light, axis, scale)
        ends = not self._fluorescence and self._colour == "black" and abrupt >= _ABRUPT[1] * edge
        return edge > 0 and (straight >= _STRAIGHT * edge or ends)

    def rectangles(self) -> list[tuple[int, int, int, int]]:
        """Return it as rectangles, one below the other where its edges allow it."""
        done: list[tuple[int, int, int, int]] = []
        growing: dict[tuple[int, int], tuple[int, int]] = {}
        for top, left, mask, _, _ in self._strips():
            changes = np.flatnonzero((mask[1:] != mask[:-1]).any(axis=1)) + 1
            for first, last in zip([0, *changes.tolist()], [*changes.tolist(), len(mask)], strict=True):
                ends = np.flatnonzero(np.diff(np.pad(mask[first].astype(np.int8), 1))).reshape(-1, 2) + left
                runs = {(int(a), int(b)) for a, b in ends}
                ended = [run for run in growing if run not in runs or growing[run][1] != top + first]
                done += [(*growing.pop(run), *run) for run in ended]
                for run in runs:
                    growing[run] = growing.get(run, (top + first, 0))[0], top + last
        return sorted(done + [(*rows, *run) for run, rows in growing.items()])

    def _strips(self) -> Iterator[tuple[int, int, NDArray[np.bool_], NDArray[np.float32], float]]:
        """Yield top, left, fill (height, width), distance from its colour and the size of a level, strip by strip."""
        height, width = self._image.shape[:2]
        left, right = max(0, self._left), min(width, self._left + self._blocks.shape[1] * _BLOCK)
        around = 4 * _BLOCK  # no step below looks further
        last = min(height, self._top + self._blocks.shape[0] * _BLOCK)
        for top in range(max(0, self._top), last, _STRIP):
            bottom = min(top + _STRIP, last)
            first, beyond = max(0, top - around), min(height, bottom + around)
            pixels = self._image.read(first, beyond, left, right)
            rows = (np.arange(first, beyond) - self._top) // _BLOCK
            columns = (np.arange(left, right) - self._left) // _BLOCK
            near = cv2.dilate(self._blocks, np.ones((3, 3), np.uint8))
            in_reach = (rows >= 0) & (rows < len(near))
            near = near[np.clip(rows, 0, len(near) - 1)[:, None], columns] * in_reach[:, None].astype(np.uint8)
            mask = _filled(pixels, self._colour) & near
            mask = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((_BLOCK - 1, _BLOCK - 1), np.uint8))
            if not self._fluorescence:  # whose background is as dark as the rings of JPEG
                grown = cv2.dilate(mask, np.ones((2 * _RINGING[1] + 1,) * 2, np.uint8))
                mask |= grown & _filled(pixels, self._colour, _RINGING[0])
            light = pixels.mean(axis=2, dtype=np.float32)
            if self._colour == "white":
                light = np.float32(np.iinfo(pixels.dtype).max) - light
            inner = slice(top - first, bottom - first)
            yield top, left, mask[inner] > 0, light[inner], _level(pixels)


def _filled(pixels: Pixels, colour: str, levels: int | None = None) -> NDArray[np.uint8]:
    """Return (height, width) 1 where a pixel is black or white, within some levels; of 16 bits, no JPEG, exactly."""
    top = int(np.iinfo(pixels.dtype).max)
    tolerance = 0 if top > 255 and levels is None else round((_LEVELS if levels is None else levels) * _level(pixels))
    low, high = (0, tolerance) if colour == "black" else (top - tolerance, top)
    channels = pixels.shape[2]
    return np.asarray(cv2.inRange(np.ascontiguousarray(pixels), (low,) * channels, (high,) * channels) & 1, np.uint8)


def _level(pixels: Pixels) -> float:
    """Return how many grey levels one of 8 bits is."""
    return (int(np.iinfo(pixels.dtype).max) + 1) / 256


def _whole_blocks(mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return (rows, columns) 1 for the blocks of a mask that are all 1; what the last ones lack counts as 1."""
    height, width = mask.shape
    more = -height % _BLOCK, -width % _BLOCK
    mask = np.pad(mask, ((0, more[0]), (0, more[1])), mode="edge") if any(more) else mask
    rows = np.minimum.reduce(mask.reshape(-1, _BLOCK, mask.shape[1]), axis=1)
    return np.asarray(np.minimum.reduce(rows.reshape(len(rows), -1, _BLOCK), axis=2))


def _n_abrupt(steps: NDArray[np.int8], light: NDArray[np.float32], axis: int, scale: float) -> int:
    """Count the steps out of fill along an axis at which the picture has its level one pixel on."""
    count = 0
    for sign in (-1, 1):  # out of fill going on along the axis, and going back
        at = np.argwhere(steps == sign)
        beside = at[:, axis] + (1 if sign < 0 else 0)
        far = beside - sign * (_FAR - 1)
        at, beside, far = (v[(far >= 0) & (far < light.shape[axis])] for v in (at, beside, far))
        where = [at[:, 0], at[:, 1]]
        where[axis] = beside
        near_level = light[where[0], where[1]]
        where[axis] = far
        own_level = light[where[0], where[1]]
        count += int(np.count_nonzero((own_level >= _CONTRAST * scale) & (near_level >= _ABRUPT[0] * own_level)))
    return count


def _few_enough(rectangles: list[tuple[int, int, int, int]], shape: tuple[int, ...]) -> NDArray[np.int64]:
    """Return the rectangles, as they are or widened to ever coarser rows until there are few enough."""
    found = np.array(rectangles, np.int64)
    step = 1
    while len(found) > _MOST_RECTANGLES:
        step *= 2
        bands: dict[tuple[int, int], list[int]] = {}
        for top, bottom, left, right in rectangles:
            for band in range(top // step, -(-bottom // step)):
                ends = bands.setdefault((band, left // (64 * step)), [left, right])
                ends[0], ends[1] = min(ends[0], left), max(ends[1], right)
        found = np.array(
            [(band * step, min((band + 1) * step, shape[0]), a, b) for (band, _), (a, b) in sorted(bands.items())],
            np.int64,
        )
    return found
