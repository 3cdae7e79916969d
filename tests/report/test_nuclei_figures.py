"""How the answer hangs on the nuclei, drawn."""

from __future__ import annotations

import pandas as pd
import pytest

from osteocount.errors import OsteoCountError
from osteocount.report.nuclei_figures import nuclei_distribution, rule_sensitivity
from osteocount.report.page_tables import arm_of_wells
from osteocount.report.results import read_results
from osteocount.stats import compare


def test_the_bars_are_the_shares_of_the_cells(full):
    results = read_results(full)
    arms = arm_of_wells(results.wells)
    figure = nuclei_distribution(results, arms, ["vehicle", "RANKL 50 ng/mL"])
    cells = results.cells.merge(results.wells.assign(arm=arms)[["well", "arm"]], on="well")
    own = cells[(cells["arm"] == "vehicle") & cells["is_osteoclast"] & cells["counted"]]["n_nuclei"]
    classes = [(own == 3), (own == 4), own.between(5, 6), own.between(7, 10), own > 10]
    bars = [container[0].get_width() for container in figure.axes[0].containers]
    assert bars == pytest.approx([100 * inside.mean() for inside in classes])
    assert f"n = {len(own)}" in [text.get_text() for text in figure.axes[0].texts]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["3", "4", "5 to 6", "7 to 10", "over 10"]


def test_without_nuclei_there_is_no_distribution(full):
    results = read_results(full)
    results.cells["n_nuclei"] = pd.NA
    with pytest.raises(OsteoCountError, match="No osteoclast with a known number of nuclei"):
        nuclei_distribution(results, arm_of_wells(results.wells), ["vehicle"])


def test_three_rules_stand_side_by_side(full):
    comparison = compare(read_results(full).wells)
    figure = rule_sensitivity(comparison, 3)
    axes = figure.axes[0]
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["≥ 2 nuclei", "≥ 3 nuclei (the rule of this run)", "≥ 4 nuclei"]
    table = comparison.table[comparison.table["kind"].isin(["arm", "dependence"])]
    for points, name in zip(
        [one for one in axes.collections if one.get_label() in labels],
        ["osteoclast_count_ge2", "osteoclast_count", "osteoclast_count_ge4"],
        strict=True,
    ):
        assert list(points.get_offsets()[:, 0]) == pytest.approx(table[table["endpoint"] == name]["estimate"].tolist())


def test_one_rule_alone_is_no_figure(full):
    wells = read_results(full).wells.drop(columns=["n_osteoclasts_ge2", "n_osteoclasts_ge4"])
    with pytest.raises(OsteoCountError, match="at least 2 and 4 nuclei were not compared"):
        rule_sensitivity(compare(wells), 3)
