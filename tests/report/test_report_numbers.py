"""Numbers and names as the page writes them."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from osteocount.report import number_format, sentences
from osteocount.report.notices import sentence_case


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (1234567, "1\u202f234\u202f567"), (3.0, "3"), (None, "–"), (float("nan"), "–"), (pd.NA, "–"), ("", "–")],
)
def test_count(value, text):
    assert number_format.count(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"), (0.798474, "0.798"), (12.345, "12.3"), (123.4, "123"), (98765.0, "98800"), (-0.5, "−0.500"),
        (0.00012345, "0.000123"), (math.inf, "∞"), (-math.inf, "−∞"), (None, "–"), (float("nan"), "–"),
    ],
)  # fmt: skip
def test_figure(value, text):
    assert number_format.figure(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.5, "= 0.500"), (0.0123, "= 0.012"), (0.00456, "= 0.0046"), (0.0, "< 0.0001"), (float("nan"), "–")],
)
def test_p_value(value, text):
    assert number_format.p_value(value) == text


@pytest.mark.parametrize(
    ("items", "text"),
    [
        ([], ""),
        (["A"], "A"),
        (["A", "B"], "A and B"),
        (["A", "B", "C"], "A, B and C"),
        (list("ABCD"), "A, B and 2 more"),
    ],
)
def test_listed(items, text):
    assert number_format.listed(items, most=2 if len(items) > 3 else 12) == text


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("the focus is poor", "The focus is poor"),
        ("rhIL-32: few", "rhIL-32: few"),
        ("a_b c", "a_b c"),
        ("µm", "Μm"),
        ("", ""),
    ],
)
def test_sentence_case(text, wanted):
    assert sentence_case(text) == wanted


@pytest.mark.parametrize(
    ("plate", "well", "image", "name"),
    [
        ("P1", "A01", "", "P1 A01"),
        (pd.NA, "A01", pd.NA, "A01"),
        (pd.NA, pd.NA, "one.tif", "one.tif"),
        (pd.NA, pd.NA, pd.NA, "a well without a name"),
    ],
)
def test_well_name(plate, well, image, name):
    assert sentences.well_name(pd.Series({"plate": plate, "well": well, "image": image})) == name


def contrast(name, verdict, estimate, link="log rate", kind="arm"):
    return {"endpoint": "osteoclast_count", "contrast": name, "reference": "vehicle", "verdict": verdict,
            "estimate": estimate, "link": link, "kind": kind}  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        ([], "5 osteoclasts. No comparison of treatments was made."),
        (
            [contrast("A", "no evidence", 1.1), contrast("B", "robust", 2.0), contrast("C", "robust", 0.25)],
            "Robust change of osteoclast count: B up, 2.00 × vehicle and C down, 0.250 × vehicle. No evidence of a "
            "change of osteoclast count: A.",
        ),
        ([contrast("A", "indicated", 3.0, "logit")], "Indicated, not robust, change of osteoclast count: A up."),
        ([contrast("A", "indicated", -3.0, "identity")], "Indicated, not robust, change of osteoclast count: A down."),
        ([contrast("A", "refused", float("nan"))], "Could not be tested: A."),
        ([contrast("dose trend", "robust", 2.0, kind="trend")], "5 osteoclasts. No comparison of treatments was made."),
        ([contrast("A", "equivalent", 1.0)], "Osteoclast count, equivalent: A up, 1.00 × vehicle."),
        (
            [contrast("il32_dependence", "robust", 1.5, kind="dependence")],
            "Robust change of osteoclast count: IL-32 dependence (EV wild type ÷ EV knock-out) up, 1.50 × vehicle.",
        ),
    ],
)
def test_headline(rows, text):
    columns = ["endpoint", "contrast", "reference", "verdict", "estimate", "link", "kind"]
    assert sentences.headline(pd.DataFrame(rows, columns=columns), "osteoclast_count", "5 osteoclasts") == text
