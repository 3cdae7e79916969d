"""The results in sentences, and names as a reader says them."""

from __future__ import annotations

import pandas as pd
import pytest

from osteocount.report import sentences


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


def test_p_values_name_the_one_that_decides():
    row = pd.Series({"p_adjusted": 0.021, "p_across_endpoints": 0.063, "p_raw": 0.004, "p_paired": float("nan")})
    said = "adjusted p = 0.021, p adjusted over endpoints too = 0.063, raw p = 0.0040"
    assert sentences.p_values_text(row) == said


def contrast(name, verdict, estimate, link="log rate", kind="arm"):
    return {"endpoint": "osteoclast_count", "contrast": name, "reference": "vehicle", "verdict": verdict,
            "estimate": estimate, "link": link, "kind": kind}  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        ([], "5 osteoclasts. No comparison of treatments was made."),
        (
            [contrast("A", "no evidence", 1.1), contrast("B", "robust", 2.0), contrast("C", "robust", 0.25)],
            "Robust change of osteoclast count: B up, 2.00 × vehicle; C down, 0.250 × vehicle. No evidence of a "
            "change of osteoclast count: A.",
        ),
        ([contrast("A", "indicated", 3.0, "logit")], "Indicated, not robust, change of osteoclast count: A up."),
        ([contrast("A", "indicated", -3.0, "identity")], "Indicated, not robust, change of osteoclast count: A down."),
        ([contrast("A", "refused", float("nan"))], "Could not be tested: A."),
        (
            [contrast(name, "robust", 1.5 + n) for n, name in enumerate("ABCDEFG")],
            "Robust change of osteoclast count: 7 arms, all up, 1.50 to 7.50 times their control; each is named below.",
        ),
        (
            [contrast(name, "no evidence", 1.1) for name in "ABCDEFG"],
            "No evidence of a change of osteoclast count: 7 arms, named below.",
        ),
        ([contrast("dose trend", "robust", 2.0, kind="trend")], "5 osteoclasts. No comparison of treatments was made."),
        ([contrast("A", "equivalent", 1.0)], "Osteoclast count, equivalent: A up, 1.00 × vehicle."),
        (
            [contrast("il32_dependence", "robust", 1.5, kind="dependence")],
            "Robust change of osteoclast count: IL-32 dependence (wild type ÷ knock-out) up, 1.50 × vehicle.",
        ),
    ],
)
def test_headline(rows, text):
    columns = ["endpoint", "contrast", "reference", "verdict", "estimate", "link", "kind"]
    assert sentences.headline(pd.DataFrame(rows, columns=columns), "osteoclast_count", "5 osteoclasts") == text


def test_methods_can_be_pasted(page):
    for words in (
        "TRAP-stained cultures were analysed from 19 brightfield pictures of 19 wells at 0.76 µm per pixel "
        "(pixel size: given by the user) with OsteoCount 0.1.0.",
        "A cell was TRAP-positive when its mean TRAP optical density exceeded 0.08, and an osteoclast when it also had "
        "at least 3 nuclei (counted from a score of 0.5).",
        "IL-32 dependence (wild type ÷ knock-out) was a further contrast of the same model.",
        "indicated if its adjusted p, of the secondary endpoints adjusted over them too (Holm), was below 0.05, and",
        "each arm was compared with vehicle (donor as the unit of replication, n = 3; least squares on donor × arm "
        "cells, donor block; Dunnett over 4 arms; cells weighted by counting noise for osteoclast count",
    ):
        assert words in page.text
