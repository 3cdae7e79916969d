"""Below every figure stand its n, and what its marks and bars are."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd
import pytest

from osteocount.report import captions


def comparison(link="log rate", verdicts=("robust", "no evidence"), donors=(2, 3), wells=(1, 2), has_bars=True):
    """A comparison of two arms: so many donors in each, so many wells of each donor, with these verdicts."""
    table = pd.DataFrame({"endpoint": "e", "kind": "arm", "link": link, "verdict": verdicts, "ci_low": float("nan")})
    table["ci_low"] = 0.5 if has_bars else table["ci_low"]
    values = [
        {"endpoint": "e", "arm": arm, "donor": donor, "n_wells": n_wells}
        for arm, n_donors, n_wells in zip("AB", donors, wells, strict=True)
        for donor in range(n_donors)
    ]
    return SimpleNamespace(table=table, donor_values=pd.DataFrame(values), curves=())


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "n = 2 to 3 donors in an arm, 1 to 2 wells of each. Diamonds: ratio to the control; bars: 95 % confidence "
             "interval, of the arms for all at once; small marks: each donor’s own. Colour: dark blue robust, grey no "
             "evidence. A bar that crosses 1 does not"),
        ({"donors": (1, 1), "wells": (3, 3), "has_bars": False, "verdicts": ("within this donor, n = 1",) * 2},
         "n = 1 donor in every arm, 3 wells of each. Diamonds: ratio to the control; small marks: each donor’s own."),
        ({"link": "identity", "verdicts": ("indicated",) * 2, "wells": (1, 1)},
         "1 well of each. Diamonds: difference from the control; bars: 95 % confidence interval, of the arms for all at"
         " once; small marks: each donor’s own. Colour: light blue indicated. A bar that crosses 0 does not"),
    ],
    ids=["ratios", "one donor", "differences"],
)  # fmt: skip
def test_effects_say_n_marks_bars_and_colours(given, words):
    assert words in captions.effects_caption(comparison(**given), "e")


def test_rules_of_nuclei_are_those_of_the_run():
    assert "at least 2, 4 and 5 nuclei; bars" in captions.rules_caption(comparison(), "e", 5)
    assert "at least 2 and 4 nuclei; bars" in captions.rules_caption(comparison(), "e", 4)


def test_every_figure_of_the_comparison_says_its_n():
    for caption in (captions.superplot_caption, captions.estimation_caption, captions.dose_caption):
        assert caption(comparison(), "e").startswith("n = 2 to 3 donors in an arm")
