"""TRAP product and counterstain told apart in optical density.

Stains add in optical density (Beer-Lambert), so two of them are unmixed by least squares: the colour deconvolution of
Ruifrok and Johnston 2001 (Anal Quant Cytol Histol 23:291). Their vectors are estimated after Macenko et al. 2009
(IEEE Int Symp Biomed Imaging, 1107), by robust extremes of the hue of stained pixels.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from osteocount.errors import OsteoCountError

#: Optical density (R, G, B) of common TRAP products, up to a factor. Purple cytoplasm of the annotated field was
#: measured as about 1 : 1.25 : 0.75; where the red one comes from is not recorded.
TRAP_PRESETS = {"naphthol AS-BI purple": (0.56, 0.70, 0.44), "fast red violet": (0.25, 0.78, 0.57)}
#: The same of counterstains. Haematoxylin's is the vector of Ruifrok and Johnston 2001; where methyl green's comes from
#: is not recorded.
COUNTERSTAIN_PRESETS = {"methyl green": (0.84, 0.47, 0.27), "haematoxylin": (0.65, 0.70, 0.29)}

#: Weights of R, G, B in the density that outlines cells: where TRAP products absorb most.
DENSITY_WEIGHTS = np.array([0.35, 0.5, 0.15], np.float32)

# What chose the values below is not recorded.
_FAR_DEGREES = 22.0  # an estimate further than this from every preset is not believed
_SAME_DEGREES = 4.0  # stains closer than this cannot be told apart
_STAINED = (0.15, 1.2)  # length of an optical density that has a colour: above noise, below what a camera resolves
_PERCENTILES = (3, 50, 85)  # of the hue: counterstain below, typical cytoplasm at, TRAP above
_FEWEST = 50  # stained pixels from which vectors are estimated


@dataclass(frozen=True)
class Stains:
    """The stains of one picture.

    Attributes
    ----------
    trap, counterstain
        Unit vectors of optical density (R, G, B).
    red_to_green
        Typical ratio of red to green optical density of cytoplasm, against which nuclei look blue.
    is_trap
        False when what is stained does not have the colour of a TRAP product.
    warnings
        Which vector was not believed, and what was used.
    """

    trap: NDArray[np.float32]
    counterstain: NDArray[np.float32]
    red_to_green: float
    is_trap: bool
    warnings: tuple[str, ...]

    @property
    def record(self) -> dict[str, list[float]]:
        """The two vectors for the run record."""
        vectors = {"trap_vector": self.trap, "counterstain_vector": self.counterstain}
        return {name: [round(float(v), 4) for v in vector] for name, vector in vectors.items()}

    def refuse_other_colours(self, picture: str) -> None:
        """Refuse the ``picture`` of this name when what is stained is not TRAP.

        Raises
        ------
        OsteoCountError
            What is stained does not have the colour of TRAP.
        """
        if not self.is_trap:
            raise OsteoCountError(
                f"{picture}: what is stained does not have the colour of TRAP (purple to red). "
                "Check that the picture shows a TRAP stain and that its white balance is right."
            )


def stain_sample(density: NDArray[np.float32], cells: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return the optical density (n, 3) of a quarter of the pixels inside ``cells``."""
    return density[::2, ::2][cells[::2, ::2]]


def estimate_stains(density: NDArray[np.float32], cells: NDArray[np.bool_]) -> Stains:
    """Estimate the stain vectors from the pixels of (height, width, 3) ``density`` inside ``cells``."""
    return stains_from_pixels(stain_sample(density, cells))


def stains_from_pixels(pixels: NDArray[np.float32]) -> Stains:
    """Estimate the stain vectors from pixels inside cells.

    The vectors are robust extremes of the hue within the stained pixels: the end where green
    light is absorbed most is TRAP, the end where red is absorbed most is the counterstain. Each is compared with the
    presets and replaced by the nearest one, with a warning, when it is too far away.

    Parameters
    ----------
    pixels
        (n, 3) optical density of R, G, B.
    """
    norm = np.linalg.norm(pixels, axis=1)
    within = (norm > _STAINED[0]) & (norm < _STAINED[1])
    stained = pixels[within] / norm[within, None]
    if len(stained) < _FEWEST:
        trap, counter = _unit(TRAP_PRESETS["naphthol AS-BI purple"]), _unit(COUNTERSTAIN_PRESETS["methyl green"])
        return Stains(trap, counter, 0.8, True, ("too few stained pixels to estimate stain vectors; preset used.",))
    hue = stained[:, 1] - stained[:, 0]
    low, middle, high = np.percentile(hue, _PERCENTILES)
    trap = _unit(np.median(stained[hue >= high], axis=0))
    counter = _unit(np.median(stained[hue <= low], axis=0))
    typical = _unit(np.median(stained[np.abs(hue - middle) < 0.1], axis=0))
    warnings: list[str] = []
    is_trap = _nearest(trap, TRAP_PRESETS)[1] <= _FAR_DEGREES
    trap = _checked("TRAP", trap, TRAP_PRESETS, warnings)
    counter = _checked("counterstain", counter, COUNTERSTAIN_PRESETS, warnings)
    if _degrees(trap, counter) < _SAME_DEGREES:
        warnings.append("no counterstain can be told from TRAP; a methyl green preset was used for it.")
        counter = _unit(COUNTERSTAIN_PRESETS["methyl green"])
    return Stains(trap, counter, float(typical[0] / max(typical[1], 1e-3)), is_trap, tuple(warnings))


def trap_density(density: NDArray[np.float32], stains: Stains) -> NDArray[np.float32]:
    """Return the optical density (height, width) of TRAP alone, never negative.

    The pixel's density is unmixed into the two stains; the result is the length of the TRAP part.
    """
    unmix = np.linalg.pinv(np.stack([stains.trap, stains.counterstain]))[:, 0].astype(np.float32)
    # By OpenCV: a matrix product may round differently from one place of the picture to another.
    return np.asarray(cv2.max(cv2.transform(density, unmix[None]), 0), np.float32)


def _checked(
    name: str, vector: NDArray[np.float32], presets: dict[str, tuple[float, float, float]], warnings: list[str]
) -> NDArray[np.float32]:
    preset, degrees = _nearest(vector, presets)
    if degrees <= _FAR_DEGREES:
        return vector
    warnings.append(
        f"the {name} colour of this picture is {degrees:.0f}° from the nearest known one ({preset}); "
        f"the known one was used."
    )
    return _unit(presets[preset])


def _nearest(vector: NDArray[np.float32], presets: dict[str, tuple[float, float, float]]) -> tuple[str, float]:
    degrees = {name: _degrees(vector, _unit(preset)) for name, preset in presets.items()}
    name = min(degrees, key=lambda n: degrees[n])
    return name, degrees[name]


def _degrees(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    return float(np.degrees(np.arccos(np.clip(a @ b, -1, 1))))


def _unit(vector: tuple[float, float, float] | NDArray[np.float32]) -> NDArray[np.float32]:
    values = np.asarray(vector, np.float32)
    return (values / max(float(np.linalg.norm(values)), 1e-6)).astype(np.float32)
