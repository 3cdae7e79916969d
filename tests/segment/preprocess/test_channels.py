"""Which channel shows nuclei: by name, by content, and in colour pictures on black, as they are exported."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from osteocount.errors import OsteoCountError
from osteocount.segment.preprocess.channels import find_channels
from support.pictures import picture

_SIDE = 160


def cytoplasm(level=200):
    """Three discs."""
    y, x = np.mgrid[:_SIDE, :_SIDE]
    centres = ((40, 40), (110, 60), (70, 120))
    return level * np.max([np.hypot(y - cy, x - cx) < 24 for cy, cx in centres], axis=0).astype(float)


def nuclei(level=200):
    """Twenty-five round spots on a grid, in cells and beside them."""
    y, x = np.mgrid[:_SIDE, :_SIDE]
    return level * sum(
        np.exp(-((y - cy) ** 2 + (x - cx) ** 2) / 18) for cy in range(16, 160, 32) for cx in range(16, 160, 32)
    )


def cells(level=200):
    """Nine discs, as round as nuclei and fewer."""
    y, x = np.mgrid[:_SIDE, :_SIDE]
    return level * sum((np.hypot(y - cy, x - cx) < 14) for cy in (24, 80, 132) for cx in (24, 80, 132)).astype(float)


def exported(red, green, blue, quality=None):
    """Return a colour picture on black, through a JPEG of ``quality`` with halved colours where one is given."""
    noise = np.random.default_rng(1).normal(3, 1.5, (_SIDE, _SIDE, 3))
    planes = [np.zeros((_SIDE, _SIDE)) if plane is None else plane + noise[..., 0] for plane in (red, green, blue)]
    pixels = np.clip(np.dstack(planes), 0, 255).astype(np.uint8)
    if quality is None:
        return pixels
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality, subsampling=2)
    return np.array(Image.open(file))


@pytest.mark.parametrize("quality", [None, 95, 75, 50])
@pytest.mark.parametrize(
    ("planes", "said"),
    [
        ((cytoplasm(), nuclei(), None), "cytoplasm: red, nuclei: green"),
        ((nuclei(), cytoplasm(), None), "cytoplasm: green, nuclei: red"),
        ((cytoplasm(), None, nuclei()), "cytoplasm: red, nuclei: blue"),
        ((None, cytoplasm(), nuclei(70)), "cytoplasm: green, nuclei: blue"),
        ((nuclei(90), cytoplasm(), nuclei()), "cytoplasm: green, nuclei: blue"),
        ((cells(), nuclei(), cells(230)), "cytoplasm: blue, nuclei: green"),
        ((cells(), nuclei(220), nuclei(230)), "cytoplasm: red, nuclei: "),
        ((cells(), cells(210), nuclei()), "cytoplasm: green, nuclei: blue"),
    ],
)
def test_nuclei_of_a_colour_export_are_found_and_never_in_an_empty_channel(planes, said, quality):
    pixels = exported(*planes, quality)
    assert find_channels(picture(pixels, um=None)).reason.startswith(said)


def test_a_colour_export_with_one_stain_is_refused():
    with pytest.raises(OsteoCountError, match="1 of 3 channels hold a signal on a dark ground"):
        find_channels(picture(exported(cytoplasm(), None, None, 60), um=None))


def test_transmitted_light_beside_two_stains_has_no_role():
    rng = np.random.default_rng(2)
    planes = [180 - 0.4 * cytoplasm(), cytoplasm(), nuclei()]
    pixels = np.clip(np.dstack(planes) + rng.normal(20, 2, (_SIDE, _SIDE, 3)), 0, 255).astype(np.uint8)
    found = find_channels(picture(pixels, um=None, kind="channels", names=("T-PMT", "", "")))
    assert found.reason == "cytoplasm: channel 1, nuclei: channel 2 (by content)"


def test_two_planes_of_transmitted_light_are_refused():
    pixels = np.clip(np.dstack([180 - 0.4 * cytoplasm()] * 2), 0, 255).astype(np.uint8)
    with pytest.raises(OsteoCountError, match="0 of 2 channels hold a signal on a dark ground"):
        find_channels(picture(pixels, um=None, kind="channels"))
