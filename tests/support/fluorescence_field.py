"""The same planned cells under fluorescence: TRAP as one channel, DNA as the other, among cells without TRAP."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from osteocount.io.picture import Pixels
from osteocount.settings import FrozenModel
from osteocount.simulate.design import FieldDesign, Optics, StainStyle
from osteocount.simulate.shapes import Field2D, coverage, ellipse, noise
from osteocount.simulate.simulated_field import simulate_field

#: Two dyes that absorb one colour each, so that a painted field holds cytoplasm in red and DNA in green.
_DYES = StainStyle(
    trap=(1.0, 0.0, 0.0),
    trap_edge=(1.0, 0.0, 0.0),
    membrane=(1.0, 0.0, 0.0),
    counterstain=(0.0, 1.0, 0.0),
    counterstain_strength=0.8,
    exclusion=0.15,
)
_SHARP = Optics(blur=(0.3, 0.3, 0.3))


class FluorescenceOptics(FrozenModel):
    """Dyes, lens and camera. Lengths in µm, brightness as parts of the camera's range."""

    cytoplasm: float = Field(0.8, gt=0, le=3)
    """Brightness of strong cytoplasm."""
    nuclei: float = Field(0.7, gt=0, le=3)
    """Brightness of a nucleus."""
    unstained: float = Field(700.0, ge=0)
    """Nuclei without TRAP per mm²."""
    dark: float = Field(0.05, ge=0, le=0.5)
    """Brightness without light."""
    haze: float = Field(0.02, ge=0, le=0.5)
    """SD of the broad light behind the cells."""
    halo: float = Field(0.15, ge=0, le=1)
    """Part of the light spread by 12 µm around a cell."""
    bleed: tuple[float, float] = (0.0, 0.05)
    """Part of the cytoplasm in the DNA channel, and the reverse."""
    uneven: float = Field(0.15, ge=0, le=0.8)
    """Light lost in the corners."""
    blur: float = Field(0.8, ge=0.1, le=10)
    """SD of the lens."""
    noise: float = Field(0.008, ge=0, le=0.3)
    """SD of the camera in dim places."""
    bits: int = Field(8, ge=8, le=16)
    """8 or 16."""


@dataclass(frozen=True)
class SimulatedChannels:
    """A two-channel picture and what is in it.

    Attributes
    ----------
    pixels
        (height, width, 2) uint8 or uint16: cytoplasm, nuclei.
    cells, nuclei, truth, nuclei_truth, pixel_size
        As for `SimulatedField`; nuclei of cells without TRAP are in none of them.
    """

    pixels: Pixels
    cells: NDArray[np.uint32]
    nuclei: NDArray[np.uint32]
    truth: pd.DataFrame
    nuclei_truth: pd.DataFrame
    pixel_size: float


def simulate_fluorescence(design: FieldDesign, optics: FluorescenceOptics, seed: int) -> SimulatedChannels:
    """Make one picture; the same arguments give the same pixels.

    ``design`` says what lies where and how strongly it is stained; its colours and optics are not used.
    """
    stain = _DYES.replace(trap_strength=design.stain.trap_strength)
    field = simulate_field(design.replace(stain=stain, optics=_SHARP), seed)
    rng = np.random.default_rng([seed, 1])
    cytoplasm, dna = (np.ascontiguousarray(field.od[..., channel]) for channel in (0, 1))
    dna = np.maximum(dna, _unstained(field.cells, optics, design, rng))
    channels = cytoplasm * optics.cytoplasm / 0.8, dna * optics.nuclei / 0.8
    channels = channels[0] + optics.bleed[1] * channels[1], channels[1] + optics.bleed[0] * channels[0]
    recorded = np.dstack([_recorded(channel, optics, design.pixel_size, rng) for channel in channels])
    top = 2**optics.bits - 1
    grey = np.clip(np.rint(recorded * top), 0, top)
    pixels = grey.astype(np.uint8) if optics.bits == 8 else grey.astype(np.uint16)
    return SimulatedChannels(pixels, field.cells, field.nuclei, field.truth, field.nuclei_truth, design.pixel_size)


def random_fluorescence_optics(rng: np.random.Generator) -> FluorescenceOptics:
    """Draw dyes, lens and camera."""
    return FluorescenceOptics(
        cytoplasm=float(rng.uniform(0.3, 1.3)),
        nuclei=float(rng.uniform(0.25, 0.9)),
        unstained=float(rng.uniform(0, 1200)),
        dark=float(rng.uniform(0.01, 0.12)),
        haze=float(rng.uniform(0, 0.03)),
        halo=float(rng.uniform(0, 0.3)),
        bleed=(float(rng.uniform(0, 0.12)), float(rng.uniform(0, 0.12))),
        uneven=float(rng.uniform(0, 0.35)),
        blur=float(rng.uniform(0.5, 1.4)),
        noise=float(rng.uniform(0.002, 0.02)),
        bits=int(rng.choice([8, 16])),
    )


def _unstained(
    cells: NDArray[np.uint32], optics: FluorescenceOptics, design: FieldDesign, rng: np.random.Generator
) -> Field2D:
    """Draw nuclei of cells without TRAP, everywhere but on stained cells."""
    dna = np.zeros(cells.shape, np.float32)
    um = design.pixel_size
    for _ in range(int(rng.poisson(optics.unstained * design.area_mm2))):
        row, column = int(rng.integers(cells.shape[0])), int(rng.integers(cells.shape[1]))
        disc = ellipse(rng, (row * um, column * um), float(rng.uniform(3.4, 5.0)), 0.7)
        window = _around((row, column), int(7 / um), cells.shape)
        y, x = np.mgrid[window].astype(np.float32) * np.float32(um)
        inside = coverage(disc.distance(y, x), um)
        if not (cells[window][inside > 0.5] > 0).any():
            dna[window] = np.maximum(dna[window], np.float32(rng.uniform(0.5, 1.1)) * inside)
    return dna


def _around(centre: tuple[int, int], half: int, shape: tuple[int, ...]) -> tuple[slice, slice]:
    rows, columns = (slice(max(0, at - half), min(side, at + half)) for at, side in zip(centre, shape, strict=True))
    return rows, columns


def _recorded(light: Field2D, optics: FluorescenceOptics, um: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return what a noisy camera records of a channel, spread by lens and haze, as parts of its range."""
    sharp = cv2.GaussianBlur(light, (0, 0), optics.blur / um)
    spread = (1 - optics.halo) * sharp + optics.halo * cv2.GaussianBlur(light, (0, 0), 12 / um)
    height, width = light.shape
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    lit = spread + np.abs(optics.haze * noise(rng, light.shape, max(height, width) / 3))
    level = optics.dark + lit * (1 - optics.uneven * (x * x + y * y) / 2)
    grain = rng.standard_normal(light.shape, dtype=np.float32) * np.sqrt(0.05 + np.maximum(level, 0)) / np.sqrt(0.1)
    return np.asarray(level + optics.noise * grain, np.float64)
