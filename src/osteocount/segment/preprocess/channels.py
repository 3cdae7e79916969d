"""Which fluorescence channel shows the cytoplasm and which the nuclei."""

from __future__ import annotations

import re
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from osteocount.errors import OsteoCountError
from osteocount.io.colour_planes import has_bright_ground
from osteocount.io.picture import Picture
from osteocount.segment.morphology import gaussian, round_bodies

_NUCLEI = re.compile(r"dapi|hoechst|h33342|dna|nucle|draq|sytox|blue|405", re.IGNORECASE)
_CYTOPLASM = re.compile(
    r"trap|elf|actin|phalloidin|cyto|cathepsin|ctsk|membrane|cell|tritc|fitc|red|green", re.IGNORECASE
)
# Share of the brightest channel below which a channel of a colour picture holds only what JPEG let through: of
# simulated fluorescence an empty channel had at most .17 at quality 40 and more (at 15: .29), nuclei a fifth as bright
# as the cells .21 and more.
_LEAK = 0.2
# What chose the values below is not recorded.
_SAME = 0.9  # correlation above which two channels show the same
_DIM = 0.6  # of Otsu's threshold, from which a spot counts: dim nuclei lie below it
_ROUND = 0.6  # share of the disc around it that a round spot fills
#: Round spots in a channel from which they may be nuclei.
FEWEST_NUCLEI = 5


@dataclass(frozen=True)
class Channels:
    """The channels that are used.

    Attributes
    ----------
    cytoplasm, nuclei
        (height, width) float32, in the file's grey levels.
    reason
        Which channel is which, and how that is known.
    """

    cytoplasm: NDArray[np.float32]
    nuclei: NDArray[np.float32]
    reason: str


def find_channels(picture: Picture) -> Channels:
    """Tell the roles of the channels by their names, or else by content: of nuclei there are the most round spots.

    In colours on black the blue channel is the one of nuclei where it shows round spots at all, as most programs draw
    DNA in blue; not where it shows the same as another, as one stain drawn in magenta or cyan does. A channel without a
    signal of its own, such as the empty one of a JPEG, has no role.

    Raises
    ------
    OsteoCountError
        Fewer than two channels hold a signal.
    """
    is_colour = picture.kind == "rgb"
    planes = [picture.pixels[..., i].astype(np.float32) for i in range(picture.pixels.shape[2])]
    given = ("red", "green", "blue") if is_colour else picture.channel_names
    names = [n or f"channel {i}" for i, n in enumerate(given)]
    lit = _with_signal(planes, together=is_colour)
    if len(lit) < 2:
        raise OsteoCountError(
            f"{picture.path.name}: {len(lit)} of {len(planes)} channels hold a signal on a dark ground. Fluorescence "
            "needs a cytoplasm and a nuclei channel in one file."
        )
    nuclei = [] if is_colour else [i for i in lit if _NUCLEI.search(names[i])]
    cytoplasm = [i for i in lit if _CYTOPLASM.search(names[i]) and i not in nuclei]
    how = "by name"
    if len(nuclei) != 1 or (not cytoplasm and len(lit) > 2):
        how = "by content"
        own = _drawn_alone(planes, lit) if is_colour else []
        nuclei, cytoplasm = [_of_nuclei(planes, lit, prefer_blue=2 in own)], []
    if not cytoplasm:
        cytoplasm = [i for i in lit if i != nuclei[0] and not (is_colour and _same(planes[i], planes[nuclei[0]]))]
        cytoplasm = cytoplasm or [i for i in lit if i != nuclei[0]]
    body = max(cytoplasm, key=lambda i: float(np.percentile(planes[i], 99)))
    reason = f"cytoplasm: {names[body]}, nuclei: {names[nuclei[0]]} ({how})"
    return Channels(planes[body], planes[nuclei[0]], reason)


def _with_signal(planes: list[NDArray[np.float32]], *, together: bool) -> list[int]:
    """Return the channels with a signal on a dark ground; light that went through a culture (transmitted) is none.

    ``together``: the channels are of one colour picture, so that one far below another even where it is brightest shows
    only what a JPEG let through of that.
    """
    lit = [i for i, plane in enumerate(planes) if np.ptp(plane) > 0 and not has_bright_ground(plane)]
    if not together:
        return lit
    smooth = np.stack([gaussian(plane, 1.0) for plane in planes])
    top = smooth.max(axis=0)
    return [i for i in lit if _own_share(smooth[i], top) > _LEAK]


def _own_share(plane: NDArray[np.float32], top: NDArray[np.float32]) -> float:
    """Return what share of the brightest channel a channel has, typically, where it is bright itself."""
    bright = plane > (np.median(plane) + np.percentile(plane, 99.9)) / 2
    return float(np.median(plane[bright] / np.maximum(top[bright], 1))) if bright.any() else 0.0


def _drawn_alone(planes: list[NDArray[np.float32]], lit: list[int]) -> list[int]:
    """Return the channels of a colour picture that do not show the same as another: a stain is drawn in each alone."""
    return [i for i in lit if not any(_same(planes[i], planes[k]) for k in lit if k != i)]


def _same(one: NDArray[np.float32], other: NDArray[np.float32], sigma: float = 1.5, step: int = 2) -> bool:
    """Tell whether two channels show the same, seen through a blur of ``sigma`` px, in every ``step``-th pixel."""
    first, second = (gaussian(plane, sigma)[::step, ::step].ravel() for plane in (one, other))
    return bool(np.corrcoef(first, second)[0, 1] > _SAME)


def _of_nuclei(planes: list[NDArray[np.float32]], lit: list[int], *, prefer_blue: bool) -> int:
    """Return the channel of nuclei by its round spots; ``prefer_blue``: the third, where it shows some."""
    spots = {i: round_spots(planes[i])[1] for i in lit}
    if prefer_blue and spots[2] >= FEWEST_NUCLEI:
        return 2
    return max(lit, key=lambda i: (spots[i], float(np.percentile(planes[i], 99.9))))


def round_spots(plane: NDArray[np.float32]) -> tuple[float, int]:
    """Return the median diameter in pixels of the round spots of a channel, and how many there are.

    Spots are what lies above a share of Otsu's threshold (1979, IEEE Trans Syst Man Cybern 9:62).
    """
    smooth = gaussian(plane, 0.8)
    low, high = np.percentile(smooth, [1, 99.9])
    grey = np.clip((smooth - low) * (255 / max(float(high - low), 1e-6)), 0, 255).astype(np.uint8)
    level, _ = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    mask = (grey > _DIM * level).astype(np.uint8)
    return round_bodies(mask, _ROUND)


def check_channels(picture: Picture, channels: Channels, diameter: float) -> None:
    """Refuse two channels that show the same, so that the nuclei of one would be the cells of the other.

    Parameters
    ----------
    diameter
        Of the nuclei, in pixels.

    Raises
    ------
    OsteoCountError
        One stain saved twice, a grey picture, phase contrast or a page.
    """
    if _same(channels.cytoplasm, channels.nuclei, diameter / 4, max(1, round(diameter / 4))):
        raise OsteoCountError(
            f"{picture.path.name}: the cytoplasm and the nuclei channel show the same ({channels.reason}), as in one "
            "stain saved twice, phase contrast or a page. Check which channels the file holds."
        )
