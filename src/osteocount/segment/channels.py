"""Which fluorescence channel shows the cytoplasm and which the nuclei."""

from __future__ import annotations

import re
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from osteocount.errors import OsteoCountError
from osteocount.io.picture import Picture

_NUCLEI = re.compile(r"dapi|hoechst|h33342|dna|nucle|draq|sytox|blue|405", re.IGNORECASE)
_CYTOPLASM = re.compile(
    r"trap|elf|actin|phalloidin|cyto|cathepsin|ctsk|membrane|cell|tritc|fitc|red|green", re.IGNORECASE
)


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
    """Tell the roles of the channels by their names, or else by content: nuclei are the finer grained.

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
        grain = {i: _grain(planes[i]) for i in lit}
        nuclei = [max(lit, key=lambda i: grain[i])]
        cytoplasm = []
    if not cytoplasm:
        cytoplasm = [i for i in lit if i != nuclei[0]]
    body = max(cytoplasm, key=lambda i: float(np.percentile(planes[i], 99)))
    reason = f"cytoplasm: {names[body]}, nuclei: {names[nuclei[0]]} ({how})"
    return Channels(planes[body], planes[nuclei[0]], reason)


def _grain(plane: NDArray[np.float32]) -> float:
    """Return the share of a channel's variance that lies in structures of a few pixels."""
    wide = cv2.GaussianBlur(plane, (0, 0), 6)
    fine = cv2.GaussianBlur(plane, (0, 0), 1) - wide
    return float(fine.var() / max(float(plane.var()), 1e-6))
