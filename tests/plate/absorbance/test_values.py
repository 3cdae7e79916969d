"""What single cells and headings mean."""

from __future__ import annotations

import pytest

from osteocount.plate.absorbance.values import is_computed, read_value, wavelength_of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.073", (0.073, "")), ("0,073", (0.073, "")), ("1.234,5", (1234.5, "")),
        ("-0.06", (-0.06, "")), ("−0.06", (-0.06, "")),
        ("", (None, "empty")), ("NaN", (None, "empty")), ("OVRFLW", (None, "overflow")), ("OVER", (None, "overflow")),
        ("****", (None, "overflow")), ("#####", (None, "overflow")),
        (">3.5", (None, "overflow")), ("<0.000", (None, "underflow")),
        ("MISSED", (None, "missed")), ("Range?", (None, "out_of_range")),
        ("?????", (None, "invalid")), ("*0.356*", (0.356, "masked")),
        ("SPL1", None), ("-", None), ("0:02:00", None),
    ],
)  # fmt: skip
def test_one_cell(text, expected):
    assert read_value(text) == expected


@pytest.mark.parametrize(
    ("text", "nm"),
    [
        ("450 nm", 450), ("Raw Data (450 1)", 450), ("Raw Data  (484)", 484), ("A450(1)", 450), ("abs450:450", 450),
        ("OD600:450", 450), ("260:977 [Test]", 977), ("Wavelength: 405 nm", 405),
        ("Excitation wavelength [nm] 450", 450), ("570", 570),
        ("Wavelengths:  450, 570", None), ("Test run no.: 445", None),
        ("Plate 384", None), ("2024-04-11", None), ("5000 nm", None), ("BCA Absorbance @ 562(1)", 562),
    ],
)  # fmt: skip
def test_wavelength_of_a_heading(text, nm):
    assert wavelength_of(text) == nm


@pytest.mark.parametrize("text", ["Corrected [Blank 260:260]", "Mean", "% CV", "Dilution Factor 1_04", "R-Squared [x]"])
def test_computed_headings(text):
    assert is_computed(text)
    assert not is_computed("Absorbance 1_01 450 nm")
