"""A picture of any size worked through in tiles, with the same cells as if it were seen at once.

Light, stains and thresholds are those of the whole picture. Every step between a pixel and the body of cells it lies
in looks no further than a known receptive radius. So a body is worked on in the one tile that holds its first pixel, if
the tile's window shows it with that much around it; if not, in a window of its own, made as large as the body needs.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from osteocount.io.picture import Pixels
from osteocount.io.tiled_image import TiledImage
from osteocount.segment.preprocess.illumination import InsideWell, WhitePoint
from osteocount.segment.preprocess.scale import BLOCK, nearest, resample, resampled_size
from osteocount.segment.tiling.packing import GRID, Bodies, Crop, Sides, connected_bodies

# Side of a tile of a picture in memory. In a trial on 60 megapixels 512 took 1.6 times as long, and 4096 nearly twice
# the memory. Detectors take smaller ones for large pictures, where several are worked on at
# once.
TILE_SIDE = 2048
# Pixels by which a body may reach out of its tile before it gets a window of its own. Cells do not depend on it, only
# how many bodies get one.
_HALO = 128


@dataclass(frozen=True)
class Box:
    """A rectangle of analysed pixels."""

    top: int
    bottom: int
    left: int
    right: int

    def grown(self, pixels: int, shape: tuple[int, int]) -> Box:
        """Return the box so many pixels wider on each side, begun on the grid and cut at the picture's border."""
        return Box(
            max(0, (self.top - pixels) // GRID * GRID),
            min(shape[0], self.bottom + pixels),
            max(0, (self.left - pixels) // GRID * GRID),
            min(shape[1], self.right + pixels),
        )

    @property
    def middle(self) -> Box:
        """The pixel in the middle."""
        y, x = (self.top + self.bottom) // 2, (self.left + self.right) // 2
        return Box(y, y + 1, x, x + 1)

    def holds(self, other: Box, around: int, shape: tuple[int, int]) -> bool:
        """Tell whether ``other`` lies inside with ``around`` pixels to spare, or up to the picture's border."""
        return (
            (self.top == 0 or other.top - self.top >= around)
            and (self.left == 0 or other.left - self.left >= around)
            and (self.bottom == shape[0] or self.bottom - other.bottom >= around)
            and (self.right == shape[1] or self.right - other.right >= around)
        )

    def shared(self, other: Box) -> Box | None:
        """Return what both boxes hold; None where they do not meet."""
        top, bottom = max(self.top, other.top), min(self.bottom, other.bottom)
        left, right = max(self.left, other.left), min(self.right, other.right)
        return Box(top, bottom, left, right) if top < bottom and left < right else None

    def within(self, window: Box) -> tuple[slice, slice]:
        """Return where the box lies in an array of a window."""
        return (
            slice(self.top - window.top, self.bottom - window.top),
            slice(self.left - window.left, self.right - window.left),
        )

    def border(self, shape: tuple[int, int]) -> Sides:
        """Return which sides are the picture's own."""
        return self.top == 0, self.bottom == shape[0], self.left == 0, self.right == shape[1]


class ResampledImage:
    """A picture at the scale of the analysis, any window of which can be read.

    Parameters
    ----------
    image
        The picture.
    zoom
        Analysed pixels per pixel of the file.

    Attributes
    ----------
    shape
        (height, width) in analysed pixels.
    """

    def __init__(self, image: TiledImage, zoom: float) -> None:
        self._image, self._zoom, self._reading = image, zoom, Lock()
        self.shape = resampled_size(image.shape[0], zoom), resampled_size(image.shape[1], zoom)

    def read(self, box: Box) -> Pixels:
        """Return the grey levels (height, width, 3) of a window."""
        if self._zoom == 1:
            return self._of_file(box.top, box.bottom, box.left, box.right)
        top, bottom, above = self._blocks(box.top, box.bottom, 0)
        left, right, before = self._blocks(box.left, box.right, 1)
        pixels = resample(self._of_file(top, bottom, left, right), self._zoom)
        up, along = box.top - above, box.left - before
        return pixels[up : up + box.bottom - box.top, along : along + box.right - box.left]

    def _of_file(self, top: int, bottom: int, left: int, right: int) -> Pixels:
        with self._reading:  # a file is read at one place at a time, though several tiles are worked on
            return self._image.read(top, bottom, left, right)

    def _blocks(self, start: int, stop: int, axis: int) -> tuple[int, int, int]:
        """Return the file's pixels of the whole blocks under analysed pixels, and where these blocks begin there."""
        step, around = int(BLOCK * self._zoom), int(self._zoom > 1)
        first = max(0, start // step - around)
        last = -(-stop // step) + around
        return first * BLOCK, min(self._image.shape[axis], last * BLOCK), first * step

    def inside(self, in_file: InsideWell | None) -> InsideWell | None:
        """Bring the question what lies inside the well from pixels of the file to analysed pixels."""
        if in_file is None:
            return None
        rows, columns = (nearest(have, side) for have, side in zip(self.shape, self._image.shape, strict=False))
        return lambda y, x: in_file(rows[y], columns[x])


@dataclass(frozen=True)
class Density:
    """The optical density of a picture, any window of which can be worked out.

    Attributes
    ----------
    view
        The picture.
    light
        Of all of it.
    """

    view: ResampledImage
    light: WhitePoint

    def read(self, box: Box) -> NDArray[np.float32]:
        """Return (height, width, 3) of a window that begins on the grid."""
        return self.light.density(self.view.read(box), box.top, box.left)


def strips(view: ResampledImage) -> Iterator[tuple[int, Pixels]]:
    """Yield the picture in strips of whole width, each with its first row."""
    for top in range(0, view.shape[0], BLOCK):
        yield top, view.read(Box(top, min(top + BLOCK, view.shape[0]), 0, view.shape[1]))


def samples(shape: tuple[int, int]) -> list[Box]:
    """Return windows that stand for the picture: all of it, or five spread over a large one, half of it at most."""
    height, width = shape
    if height * width <= TILE_SIDE * TILE_SIDE:
        return [Box(0, height, 0, width)]
    side = min(TILE_SIDE // 2, math.isqrt(height * width) // 3)
    at = [[int(max(0, length - side) * part) // GRID * GRID for part in (0.2, 0.5, 0.8)] for length in shape]
    (above, middle, below), (left, centre, right) = at
    corners = (above, left), (above, right), (middle, centre), (below, left), (below, right)
    return [Box(y, min(y + side, height), x, min(x + side, width)) for y, x in dict.fromkeys(corners)]


def tiles(shape: tuple[int, int], tile_side: int = TILE_SIDE, offset: tuple[int, int] = (0, 0)) -> list[Box]:
    """Return the tiles of a picture, row by row: as few as can be that are no larger than a square of ``tile_side``.

    They are about as large as each other, so that none is mostly halo; ``offset`` shifts the seams.
    """
    down = across = 1
    while (shape[0] / down) * (shape[1] / across) > tile_side**2:
        down, across = (down + 1, across) if shape[0] / down > shape[1] / across else (down, across + 1)
    steps = (-(-side // (GRID * count)) * GRID for side, count in zip(shape, (down, across), strict=True))
    rows, columns = (
        sorted({0, *range(shift % step, side, step), side})
        for shift, side, step in zip(offset, shape, steps, strict=True)
    )
    return [Box(top, bottom, left, right) for top, bottom in pairwise(rows) for left, right in pairwise(columns)]


@dataclass(frozen=True)
class TileShare:
    """The ``number``-th of ``count`` shares, from 0, of the tiles of a picture; those of a share lie together."""

    number: int
    count: int

    def of(self, all_tiles: Sequence[Box]) -> Sequence[Box]:
        """Return the tiles of this share."""
        first, last = (len(all_tiles) * end // self.count for end in (self.number, self.number + 1))
        return all_tiles[first:last]


class Tiling:
    """Which bodies are worked on in which window.

    Parameters
    ----------
    shape
        (height, width) of the analysed picture; also an attribute.
    receptive_radius
        Pixels: what lies further from a body than this has no say in it.
    """

    def __init__(self, shape: tuple[int, int], receptive_radius: int) -> None:
        self.shape, self._radius = shape, receptive_radius
        self._done: set[tuple[int, int]] = set()
        self._waiting: dict[tuple[int, int], Box] = {}

    def window(self, tile: Box) -> Box:
        """Return the tile with enough around it to work on most of its bodies."""
        return tile.grown(self._radius + _HALO, self.shape)

    def later(self, tile: Box) -> tuple[Box, ...]:
        """Return where the windows of later tiles lie: those beside this one, and those of the rows below."""
        height, width = self.shape
        window, around = self.window(tile), self._radius + _HALO
        below = Box(tile.bottom, height, 0, width).grown(around, self.shape)
        beside = Box(tile.top, tile.bottom, tile.right, width).grown(around, self.shape)
        regions = []
        if tile.right < width:
            regions.append(Box(window.top, below.top if tile.bottom < height else height, beside.left, width))
        if tile.bottom < height:
            regions.append(below)
        return tuple(regions)

    def choose(self, window: Box, tile: Box, mask: NDArray[np.uint8]) -> Bodies:
        """Return the bodies of a window that are worked on there; those cut short are kept waiting."""
        bodies = connected_bodies(mask, window.border(self.shape))
        if window == Box(0, self.shape[0], 0, self.shape[1]) == tile:
            return bodies
        chosen = []
        for crop in bodies.crops:
            box = _in_picture(crop, window)
            if box.shared(tile) is None:
                continue  # it is another tile's
            if window.holds(box, self._radius, self.shape):
                first = _first_pixel(crop, bodies.labels, window, box)
                if first is not None and _lies_in(first, tile):
                    chosen.append(crop)
                    self._done.add(first)
            # The tile itself is far enough inside its window for the mask to be certain there.
            elif (pixel := _first_pixel(crop, bodies.labels, window, tile)) is not None:
                self._waiting[pixel] = box
        return Bodies(bodies.labels, tuple(chosen))

    def bodies_of(self, tile: Box) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the first pixels (n, 2) of bodies done in a tile; pixel and box (m, 6) of those it keeps waiting."""
        # Copied, since other tiles may be worked on meanwhile.
        done = [pixel for pixel in list(self._done) if _lies_in(pixel, tile)]
        waiting = [
            (*pixel, box.top, box.bottom, box.left, box.right)
            for pixel, box in list(self._waiting.items())
            if _lies_in(pixel, tile)
        ]
        return np.array(done, np.int64).reshape(-1, 2), np.array(waiting, np.int64).reshape(-1, 6)

    def restore(self, done: NDArray[np.int64], waiting: NDArray[np.int64]) -> None:
        """Take over what `bodies_of` said of a tile that was finished before."""
        self._done |= {(y, x) for y, x in done.tolist()}
        self._waiting |= {(y, x): Box(*box) for y, x, *box in waiting.tolist()}

    def waiting(self) -> list[tuple[tuple[int, int], Box]]:
        """Return a pixel and the box so far of every body that no tile's window showed whole."""
        return sorted(self._waiting.items())

    def grown(self, box: Box) -> Box:
        """Return a window around a body that may reach further than ``box``."""
        return box.grown(self._radius + max(_HALO, (box.bottom - box.top + box.right - box.left) // 4), self.shape)

    def complete(self, window: Box, pixel: tuple[int, int], mask: NDArray[np.uint8]) -> tuple[Bodies | None, Box]:
        """Return the body that holds ``pixel``, without a crop if it is done already; None if it is cut short.

        Also return its box as far as it is seen.
        """
        bodies = connected_bodies(mask, window.border(self.shape))
        label = int(bodies.labels[pixel[0] - window.top, pixel[1] - window.left])
        crop = next(each for each in bodies.crops if each.label == label)
        box = _in_picture(crop, window)
        if not window.holds(box, self._radius, self.shape):
            return None, box
        first = _first_pixel(crop, bodies.labels, window, box)
        fresh = first is not None and first not in self._done
        if first is not None:
            self._done.add(first)
        return Bodies(bodies.labels, (crop,) if fresh else ()), box


def _lies_in(pixel: tuple[int, int], tile: Box) -> bool:
    return tile.top <= pixel[0] < tile.bottom and tile.left <= pixel[1] < tile.right


def _in_picture(crop: Crop, window: Box) -> Box:
    top, left = crop.y + window.top, crop.x + window.left
    return Box(top, top + crop.height, left, left + crop.width)


def _first_pixel(crop: Crop, labels: NDArray[np.int32], window: Box, within: Box) -> tuple[int, int] | None:
    """Return where in the picture the body has its first pixel ``within`` a box; None where it has none."""
    top, left = max(crop.y, within.top - window.top), max(crop.x, within.left - window.left)
    bottom = min(crop.y + crop.height, within.bottom - window.top)
    right = min(crop.x + crop.width, within.right - window.left)
    if top >= bottom or left >= right:
        return None
    own = labels[top:bottom, left:right] == crop.label
    y, x = divmod(int(np.argmax(own)), right - left)
    return (top + y + window.top, left + x + window.left) if own[y, x] else None
