"""Which fluorescence channel shows the cytoplasm and which the nuclei."""

from __future__ import annotations

import re
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from osteocount.errors import OsteoCountError
from osteocount.io.picture import Picture
from osteocount.segment.morphology import gaussian, round_bodies

_NUCLEI = re.compile(r"dapi|hoechst|h33342|dna|nucle|draq|sytox|blue|405", re.IGNORECASE)
_CYTOPLASM = re.compile(
    r"trap|elf|actin|phalloidin|cyto|cathepsin|ctsk|membrane|cell|tritc|fitc|red|green", re.IGNORECASE
)
# What chose the values below is not recorded.
_SAME = 0.9  # correlation above which two channels show the same
_DIM = 0.6  # of Otsu's threshold, from which a spot counts: dim nuclei lie below it
_ROUND = 0.6  # share of the disc around it that a round spot fills


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

    Raises
    ------
    OsteoCountError
        Fewer than two channels hold a signal.
    """
    planes = [picture.pixels[..., i].astype(np.float32) for i in range(picture.pixels.shape[2])]
    names = [n or f"channel {i}" for i, n in enumerate(picture.channel_names)]
    lit = [i for i, plane in enumerate(planes) if np.ptp(plane) > 0]
    if len(lit) < 2:
        raise OsteoCountError(
            f"{picture.path.name}: {len(lit)} of {len(planes)} channels hold a signal. Fluorescence needs a "
            "cytoplasm and a nuclei channel in one file."
        )
    nuclei = [i for i in lit if _NUCLEI.search(names[i])]
    cytoplasm = [i for i in lit if _CYTOPLASM.search(names[i]) and i not in nuclei]
    how = "by name"
    if len(nuclei) != 1 or (not cytoplasm and len(lit) > 2):
        how = "by content"
        spots = {i: round_spots(planes[i])[1] for i in lit}
        nuclei = [max(lit, key=lambda i: spots[i])]
        cytoplasm = []
    if not cytoplasm:
        cytoplasm = [i for i in lit if i != nuclei[0]]
    body = max(cytoplasm, key=lambda i: float(np.percentile(planes[i], 99)))
    reason = f"cytoplasm: {names[body]}, nuclei: {names[nuclei[0]]} ({how})"
    return Channels(planes[body], planes[nuclei[0]], reason)


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
    step = max(1, round(diameter / 4))
    planes = channels.cytoplasm, channels.nuclei
    one, two = (gaussian(plane, diameter / 4)[::step, ::step].ravel() for plane in planes)
    if np.corrcoef(one, two)[0, 1] > _SAME:
        raise OsteoCountError(
            f"{picture.path.name}: the cytoplasm and the nuclei channel show the same ({channels.reason}), as in one "
            "stain saved twice, phase contrast or a page. Check which channels the file holds."
        )
