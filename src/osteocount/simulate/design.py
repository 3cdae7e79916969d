"""The design of a simulated field, given or drawn at random: every length in µm, every stain in optical density."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from osteocount.settings import FrozenModel

Rgb = tuple[float, float, float]

# Optical densities (R, G, B), red = 1, around the nuclei and in thin edges.
_TRAPS: dict[str, tuple[Rgb, Rgb]] = {
    "purple": ((1.0, 1.25, 0.72), (0.8, 1.2, 0.76)),
    "violet": ((0.8, 1.3, 0.85), (0.7, 1.3, 0.9)),
    "garnet": ((0.6, 1.45, 1.0), (0.5, 1.4, 1.05)),
    "red": ((0.42, 1.4, 1.05), (0.36, 1.35, 1.05)),
}
_COUNTERSTAINS: dict[str, Rgb] = {
    "methyl green": (1.0, 0.72, 0.42),
    "haematoxylin": (1.0, 0.95, 0.5),
    "none": (1.0, 0.9, 0.5),
}
#: Stain families (TRAP, counterstain) kept from training, so that accuracy can be measured on what was never seen.
HELD_OUT = (("violet", "haematoxylin"), ("garnet", "methyl green"))
_PIXEL_SIZES = (0.4, 0.5, 0.65, 0.76, 0.76, 0.76, 0.95, 1.1)


class StainStyle(FrozenModel):
    """Optical densities (R, G, B) of the stains.

    The defaults are the TRAP purple and methyl green of a mouse bone-marrow culture: cytoplasm about 1 : 1.25 : 0.75,
    nuclei 0.2–0.45, 0.15–0.48, 0.1–0.25, that is, paler than the cytoplasm above all in green.
    """

    trap: Rgb = (1.0, 1.25, 0.72)
    """Colour of TRAP around the nuclei, red = 1."""
    trap_edge: Rgb = (0.8, 1.2, 0.76)
    """Colour of TRAP in thin edges and processes."""
    membrane: Rgb = (0.66, 1.2, 0.98)
    """Colour of the maroon rim of thick small cells."""
    counterstain: Rgb = (1.0, 0.80, 0.44)
    """Colour of the counterstain in nuclei, red = 1."""
    trap_strength: float = Field(1.0, gt=0, le=3)
    """Multiplies all TRAP."""
    counterstain_strength: float = Field(0.14, ge=0, le=1)
    """Red OD of a nucleus."""
    exclusion: float = Field(0.7, ge=0, le=1)
    """Part of the TRAP of the cytoplasm missing over a nucleus."""


class Optics(FrozenModel):
    """What lamp, lens and camera make of the optical density."""

    background: Rgb = (203.0, 207.0, 204.0)
    """Grey level of bare plastic."""
    vignetting: float = Field(0.07, ge=0, le=0.6)
    """Light lost in the corners."""
    unevenness: float = Field(0.015, ge=0, le=0.2)
    """SD of the broad shading."""
    blur: Rgb = (1.3, 0.72, 0.85)
    """Gaussian blur of red, green and blue, µm. Red is the widest: dark cells then have a cyan fringe and a maroon
    rim."""
    noise: float = Field(2.2, ge=0, le=20)
    """SD in grey levels."""
    jpeg_quality: int | None = Field(None, ge=20, le=100)
    """None: no JPEG."""


class Densities(FrozenModel):
    """Expected number of each thing per mm²."""

    round: float = Field(130, ge=0)
    """Small dark round cells."""
    spindle: float = Field(120, ge=0)
    """Small dark elongated cells with processes."""
    mononuclear_large: float = Field(60, ge=0)
    """Spread TRAP-positive cells with one nucleus."""
    binucleate: float = Field(14, ge=0)
    """Like an osteoclast, but two nuclei."""
    osteoclast: float = Field(25, ge=0)
    """All with three nuclei or more."""
    refractile: float = Field(8, ge=0)
    """Dark round cells with a cyan fringe."""
    clump: float = Field(0, ge=0)
    """Two to four small dark cells pressed together."""
    debris: float = Field(90, ge=0)
    """Specks, flakes and small rings."""
    fibre: float = Field(12, ge=0)
    """Retraction fibres, belonging to no cell."""


class FieldDesign(FrozenModel):
    """One picture of a well."""

    width: int = Field(960, ge=64, le=20000)
    """Of the picture, pixels."""
    height: int = Field(720, ge=64, le=20000)
    """Of the picture, pixels."""
    pixel_size: float = Field(0.76, ge=0.2, le=2.0)
    """Side of a pixel, µm."""
    densities: Densities = Densities()
    """Number of each thing per mm²."""
    nuclei_mean: float = Field(6.5, ge=3, le=30)
    """Expected nuclei of an osteoclast (fusion)."""
    pale_fraction: float = Field(0.3, ge=0, le=1)
    """Part of the osteoclasts that is spread thin and pale."""
    touching: float = Field(0.15, ge=0, le=1)
    """Part of the cells that is put against one of its kind."""
    stain: StainStyle = StainStyle()
    """Colours and strengths."""
    optics: Optics = Optics()
    """Lamp, lens, camera."""

    @property
    def area_mm2(self) -> float:
        """Area of the picture, mm²."""
        return self.width * self.height * self.pixel_size**2 / 1e6


def random_design(rng: np.random.Generator, height_um: float, width_um: float, held_out: bool = False) -> FieldDesign:
    """Draw a field: stain, density, magnification, lamp and camera anew each time.

    How the ranges were chosen is not recorded.

    Parameters
    ----------
    rng
        Decides everything.
    height_um, width_um
        Size of the field, µm.
    held_out
        Take the stain families of `HELD_OUT` instead of all others.
    """
    families = [(t, c) for t in _TRAPS for c in _COUNTERSTAINS if ((t, c) in HELD_OUT) == held_out]
    weights = np.array([3.0 if t == "purple" else 1.0 for t, _ in families])
    trap, counterstain = families[int(rng.choice(len(families), p=weights / weights.sum()))]
    pixel_size = float(rng.choice(_PIXEL_SIZES) * rng.uniform(0.94, 1.06))
    return FieldDesign(
        height=round(height_um / pixel_size),
        width=round(width_um / pixel_size),
        pixel_size=pixel_size,
        densities=_densities(rng),
        nuclei_mean=float(rng.uniform(4, 10)),
        pale_fraction=float(rng.uniform(0.1, 0.6)),
        touching=float(rng.uniform(0.0, 0.5)),
        stain=_stain(rng, trap, counterstain),
        optics=_optics(rng),
    )


def _densities(rng: np.random.Generator) -> Densities:
    """Draw how much of each thing there is, from sparse to crowded."""
    crowding = float(rng.choice([0.6, 1.0, 1.6, 2.6]))
    usual = Densities().model_dump()
    drawn = {name: mean * crowding * float(rng.uniform(0.4, 1.6)) for name, mean in usual.items()}
    drawn["osteoclast"] = float(np.exp(rng.uniform(np.log(12), np.log(160))))
    drawn["binucleate"] = float(rng.uniform(8, 50))
    drawn["clump"] = float(rng.uniform(5, 60))
    return Densities(**drawn)


def _stain(rng: np.random.Generator, trap: str, counterstain: str) -> StainStyle:
    core, edge = (_near(rng, colour, 0.05) for colour in _TRAPS[trap])
    return StainStyle(
        trap=core,
        trap_edge=edge,
        counterstain=_near(rng, _COUNTERSTAINS[counterstain], 0.05),
        trap_strength=float(rng.uniform(0.7, 1.35)),
        counterstain_strength=0.0 if counterstain == "none" else float(rng.uniform(0.04, 0.26)),
        exclusion=float(rng.uniform(0.4, 0.88)),
    )


def _optics(rng: np.random.Generator) -> Optics:
    grey, blur = rng.uniform(170, 235), rng.uniform(0.6, 1.35)
    red, green, blue = (float(np.clip(level, 120, 245)) for level in _near(rng, (grey, grey, grey), 0.04))
    return Optics(
        background=(red, green, blue),
        vignetting=float(rng.uniform(0, 0.2)),
        unevenness=float(rng.uniform(0, 0.04)),
        blur=_near(rng, (1.3 * blur, 0.72 * blur, 0.85 * blur), 0.1),
        noise=float(rng.uniform(0.8, 4.0)),
        jpeg_quality=int(rng.integers(60, 96)) if rng.random() < 0.4 else None,
    )


def _near(rng: np.random.Generator, values: Rgb, spread: float) -> Rgb:
    """Change each value by a relative ``spread`` (SD)."""
    a, b, c = (max(float(v * rng.normal(1, spread)), 0.05) for v in values)
    return a, b, c
