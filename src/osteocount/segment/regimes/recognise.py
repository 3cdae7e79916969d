"""Which regime a picture is of, said with the reason; what no regime can count is refused.

A picture of any size is seen small and in part for that: a large one is never in memory as a whole.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from osteocount.errors import OsteoCountError
from osteocount.io.picture import Picture, Pixels, PixelSize
from osteocount.io.tiled_image import TiledImage
from osteocount.segment.morphology import brightest, round_bodies
from osteocount.segment.preprocess.analysed_area import AnalysedArea
from osteocount.segment.preprocess.illumination import optical_density
from osteocount.segment.preprocess.scale import MONONUCLEAR_UM
from osteocount.segment.preprocess.stains import DENSITY_WEIGHTS
from osteocount.segment.preprocess.unimaged import UnimagedArea, UnimagedFinder, painted
from osteocount.segment.preprocess.well_mask import Circle, find_well
from osteocount.segment.segmentation import Regime
from osteocount.settings import Settings

#: Pixels coarser than this do not resolve nuclei: one of 8 µm is then six pixels across.
COARSEST_UM = 1.25
#: Where a scale comes from that is estimated for several pictures at once.
SHARED_ORIGIN = "estimated from cells of all pictures taken alike"
#: By mononuclear cells of `MONONUCLEAR_UM`, pictures that do not resolve nuclei seem finer than they are, since cells
#: blur and lean on each other: whole wells of 2.03 µm seemed to have 1.06 to 1.60, median 1.32. Pictures that seem
#: coarser than this are taken as low power, and scaled by how cells look as a whole.
SEEMS_LOW_POWER_UM = 1.15
ASSUMED_UM = 0.76  # of a picture without a pixel size and without cells to estimate it from; the working scale
_BODY_OD = 0.25  # density at which mononuclear cells are outlined for their diameter
_COMPACT = 0.55  # least share of the disc around it that such a body fills, so that heaps and debris are left out
_ENOUGH = 20  # cells from which their median diameter replaces the usual one
#: Cells from which an unknown scale is estimated from them.
LEAST_CELLS = 5
# A picture is fluorescence when half of it is darker than this share of its brightest part, and when it is not empty.
_DARK_SHARE = 0.3
_LEAST_RANGE = 20  # grey levels
_TEN_BIT = 1023
_WELL_EXPOSED = 0.25  # share of the camera's range; the dark frame of a 16-bit camera (100 to 200) stays below it
_BLACK = 0.02  # share of the largest grey level below which the brightest part of a picture is black
_COLOURLESS = 0.03  # OD spread between channels below which a picture holds no stain
# What chose these shares and densities is not recorded; docs/out_of_domain.md tells how they do.

_OVERVIEW = 1600  # longest side of the reduced picture is between this and twice this
_CENTRE = 2048  # longest side of the part in the middle that is kept in full
_STRIP = 512  # rows read together: a picture too large for the memory is never read at once


@dataclass(frozen=True)
class Overview:
    """A picture seen small and in part, with bare plastic where nothing was imaged.

    Attributes
    ----------
    reduced
        Every ``step``-th pixel of it; the picture itself when ``step`` is 1.
    step
        Pixels of the picture from one pixel of the reduced one to the next.
    centre
        Its middle at full resolution.
    top, left
        Where that lies.
    unimaged
        What was never imaged, in pixels of the picture; None: all of it was.
    as_filled
        Pixels of ``reduced`` as the file has them where nothing was imaged.
    """

    reduced: Picture
    step: int
    centre: Picture
    top: int
    left: int
    unimaged: UnimagedArea | None = None
    as_filled: Pixels | None = None

    @property
    def imaged(self) -> NDArray[np.bool_]:
        """(height, width) of ``reduced``, False where nothing was imaged."""
        height, width = self.reduced.pixels.shape[:2]
        if self.unimaged is None:
            return np.ones((height, width), bool)
        return ~self.unimaged.contains(np.arange(height) * self.step, np.arange(width) * self.step)

    def well(self) -> Circle | None:
        """Find the rim of the well, in pixels of the picture.

        Missing tiles hide the rim or lead it astray; where all outside of the rim was made black, they are all there is
        of it.
        """
        circle = find_well(self.reduced.pixels)
        if circle is None and self.as_filled is not None:
            circle = find_well(self.as_filled)
        return circle and Circle(circle.x * self.step, circle.y * self.step, circle.radius * self.step)

    def centre_inside(self, area: AnalysedArea) -> NDArray[np.bool_]:
        """Return (height, width) of the centre, False outside the analysed area."""
        height, width = self.centre.pixels.shape[:2]
        return area.contains(np.arange(self.top, self.top + height), np.arange(self.left, self.left + width))


def read_overview(image: TiledImage) -> Overview:
    """Read a picture small and in part; one in memory that is not large is not copied."""
    height, width = image.shape[:2]
    step = max(1, max(height, width) // _OVERVIEW)
    rows = _STRIP if step > 1 else height
    finder, strips = UnimagedFinder(image.shape), []
    for first in range(0, height, rows):
        strip = image.read(first, min(first + rows, height), 0, width)
        finder.add_strip(strip, first)
        strips.append(_thinned(strip, first, step))
    top, left = max(0, (height - _CENTRE) // 2), max(0, (width - _CENTRE) // 2)
    centre = image.read(top, min(top + _CENTRE, height), left, min(left + _CENTRE, width))
    size = image.pixel_size
    um, estimate = (None if each is None else each * step for each in (size.um, size.estimate))
    small = PixelSize(um, size.origin, estimate)
    overview = np.asarray(strips[0] if len(strips) == 1 else np.concatenate(strips))
    unimaged, as_filled = finder.find(image), None
    if unimaged is not None:
        as_filled = overview
        overview = painted(overview, unimaged, 0, 0, step)
        centre = painted(centre, unimaged, top, left)
    kind: Literal["rgb", "grey"] = "rgb" if image.shape[2] == 3 else "grey"
    pictures = (
        Picture(image.path, pixels, kind, ("",) * pixels.shape[2], scale, image.axes, image.notes)
        for pixels, scale in ((overview, small), (centre, size))
    )
    return Overview(next(pictures), step, next(pictures), top, left, unimaged, as_filled)


def _thinned(strip: Pixels, top: int, step: int) -> Pixels:
    """Return every ``step``-th pixel of a strip that begins at row ``top``, without holding on to the rest."""
    return strip if step == 1 else strip[-top % step :: step, ::step].copy()


@dataclass(frozen=True)
class Decision:
    """What was decided about a picture.

    Attributes
    ----------
    regime
        The regime it is analysed in.
    reason
        Why, in words.
    um_per_px
        Micrometres per pixel of the file: known, or estimated from content.
    origin
        Where that number comes from.
    mononuclear_um
        Diameter of its mononuclear cells on that scale.
    warnings
        What a reader must know about the decision.
    """

    regime: Regime
    reason: str
    um_per_px: float
    origin: str
    mononuclear_um: float
    warnings: tuple[str, ...]


def decide(
    picture: Picture,
    analysed: NDArray[np.bool_],
    settings: Settings,
    low_power_um: Callable[[Pixels, NDArray[np.bool_]], float | None],
) -> Decision:
    """Decide how a brightfield picture is analysed.

    Parameters
    ----------
    picture
        RGB picture.
    analysed
        (height, width), False outside the well.
    settings
        All settings.
    low_power_um
        Estimates the scale of a low power picture; see `LowPowerDetector.estimate_um`.

    Raises
    ------
    OsteoCountError
        The picture has no colour (phase contrast, a scanned page), or it is asked for as something it is not.
    """
    size = picture.pixel_size
    known = size.estimate if size.um is None else size.um
    wanted = settings.picture.regime
    # Where nuclei are seen on a known scale nobody asks for the size of mononuclear cells.
    needed = known is None or wanted == "low_power" or (wanted == "auto" and known > COARSEST_UM)
    diameter, count = mononuclear_diameter(picture, analysed) if needed else (0.0, 0)
    warnings: list[str] = []
    if known is not None:
        um, origin = known, size.origin if size.um is not None else SHARED_ORIGIN
        mononuclear = diameter * um if count >= _ENOUGH else MONONUCLEAR_UM
    elif count >= LEAST_CELLS:
        um, origin, mononuclear = MONONUCLEAR_UM / diameter, "estimated from mononuclear cells", MONONUCLEAR_UM
        why = f"from {count} compact cells of {diameter:.1f} px, taken as {MONONUCLEAR_UM} µm,"
        if um > SEEMS_LOW_POWER_UM and (told := low_power_um(picture.pixels, analysed)) is not None:
            um, origin, mononuclear = told, "estimated from how cells look", diameter * told
            why = "from how its cells look"
        warnings.append(
            f"the pixel size is unknown; {why} the picture is analysed at about {um:.2f} µm per pixel. Give "
            "--pixel-size to be exact."
        )
    else:
        um, origin, mononuclear = ASSUMED_UM, "assumed", MONONUCLEAR_UM
        warnings.append(
            "the pixel size is unknown and too few cells are seen to estimate it; 0.76 µm per pixel is assumed. "
            "Give --pixel-size to be exact."
        )
    if wanted in ("brightfield", "low_power"):
        regime: Regime = "brightfield" if wanted == "brightfield" else "low_power"
        reason = "asked for in the settings"
    else:
        regime = "low_power" if um > COARSEST_UM else "brightfield"
        reason = f"{um:.2f} µm per pixel ({origin}) {'does not resolve' if um > COARSEST_UM else 'resolves'} nuclei"
    return Decision(regime, reason, um, origin, mononuclear, tuple(warnings))


def shows_fluorescence(picture: Picture, wanted: str, imaged: NDArray[np.bool_] | None = None) -> bool:
    """Tell fluorescence (separate channels, or colours on black) from brightfield; a wish in the settings wins.

    ``imaged`` (height, width) is False where nothing was imaged; None: all of it was.
    """
    if wanted != "auto":
        return wanted == "fluorescence"
    if picture.kind != "rgb":
        return picture.kind == "channels"
    light = brightest(picture.pixels[::4, ::4])
    light = light if imaged is None else light[imaged[::4, ::4]]
    return bool(np.median(light) < _DARK_SHARE * np.percentile(light, 99.5) and np.ptp(light) > _LEAST_RANGE)


def check_colour(picture: Picture) -> None:
    """Refuse a picture that cannot be a brightfield TRAP stain.

    Raises
    ------
    OsteoCountError
        One channel, or three that say the same.
    """
    name = picture.path.name
    if picture.kind == "grey":
        raise OsteoCountError(
            f"{name}: one grey channel, as in phase contrast. TRAP is counted on colour (RGB) brightfield pictures, or "
            "on fluorescence with a cytoplasm and a nuclei channel in one file."
        )
    small = picture.pixels[::4, ::4].astype(np.float32)
    top = float(np.iinfo(picture.pixels.dtype).max)
    bright = np.percentile(brightest(small), 99)
    if small.max() <= _TEN_BIT and bright >= _WELL_EXPOSED * _TEN_BIT:
        top = min(top, float(_TEN_BIT))  # of a camera of 10 bit in a file of 16
    if bright < _BLACK * top:
        raise OsteoCountError(f"{name}: the picture is black. Check the exposure or the file.")
    everywhere = np.ones(small.shape[:2], bool)
    density, _ = optical_density(picture.pixels[::4, ::4].copy(), everywhere, 3.0)
    stained = density[brightest(np.abs(density)) > 0.1]
    if len(stained) > 20 and float(np.percentile(np.ptp(stained, axis=1), 90)) < _COLOURLESS:
        raise OsteoCountError(
            f"{name}: the three channels are equal, so there is no stain to see (phase contrast, a grey scan or a text "
            "page saved as RGB). TRAP is counted on colour brightfield pictures."
        )


def mononuclear_diameter(picture: Picture, analysed: NDArray[np.bool_]) -> tuple[float, int]:
    """Return the median diameter in pixels of compact stained bodies, and how many there are."""
    density, _ = optical_density(picture.pixels, analysed, 1.0)
    mask = ((density @ DENSITY_WEIGHTS > _BODY_OD) & analysed).astype(np.uint8)
    return round_bodies(mask, _COMPACT)


@dataclass(frozen=True)
class ScaleEvidence:
    """What one picture says.

    Attributes
    ----------
    shape
        (height, width) of the picture.
    cells_um
        Micrometres per pixel by its mononuclear cells; None where there are too few.
    n_cells
        How many there are.
    rim_px
        Radius of the rim of a well that lies in the picture all around; None where none does.
    """

    shape: tuple[int, int]
    cells_um: float | None
    n_cells: int
    rim_px: float | None


def scale_evidence(image: TiledImage) -> ScaleEvidence | None:
    """Look at a picture in colour; None for fluorescence, whose scale nobody estimates from such cells."""
    overview = read_overview(image)
    if shows_fluorescence(overview.reduced, "auto", overview.imaged):
        return None
    well = overview.well()
    diameter, count = mononuclear_diameter(
        overview.centre, overview.centre_inside(AnalysedArea(well, overview.unimaged))
    )
    um = MONONUCLEAR_UM / diameter if count >= LEAST_CELLS else None
    height, width = image.shape[:2]
    whole = well is not None and well.is_within((height, width))
    return ScaleEvidence((height, width), um, count, well.radius if well is not None and whole else None)
