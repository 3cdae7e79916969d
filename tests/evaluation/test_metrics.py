"""Figures of an evaluation: tables counted by hand, weights against copies, unknown where nothing is known."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from osteocount.evaluation.bootstrap import average_precision, concordance_of_moments
from osteocount.evaluation.metrics import METRIC_NAMES, compute_metrics, summary
from osteocount.stats.agreement_measures import concordance

NONE = np.nan
UNITS = pd.DataFrame({"plate": "", "well": ["A01", "A02"], "image": ""})


def true_cells(*rows):
    """Make (unit, osteoclast, nuclei, our cell, iou, called, our nuclei, low, high) into a table."""
    names = ["unit", "is_osteoclast", "n_nuclei", "our_id", "iou", "called", "n_ours", "n_low", "n_high"]
    table = pd.DataFrame(rows, columns=names).assign(cell_id=range(1, len(rows) + 1), outlined=True, others=True)
    return table.astype({"is_osteoclast": "boolean"}).assign(counted=pd.array([pd.NA] * len(rows), "boolean"))


def our_cells(*rows):
    """Make (unit, called, chance, true cell, iou, truly an osteoclast) into a table."""
    table = pd.DataFrame(rows, columns=["unit", "called", "chance", "true_id", "iou", "is_osteoclast"])
    return table.astype({"is_osteoclast": "boolean"}).assign(
        cell_id=range(1, len(rows) + 1), outlined=True, others=True, counted=True
    )


TRUTH = true_cells(
    (0, True, 4, 1, 0.9, True, 5, 4, 6),
    (0, True, 6, 2, 0.6, False, 2, 1, 3),
    (0, False, 1, 3, 0.8, True, 3, 2, 3),
    (1, True, 20, 4, 0.7, True, 23, 18, 22),
    (1, True, 3, NONE, NONE, False, NONE, NONE, NONE),
    (1, pd.NA, NONE, 5, 0.9, True, 4, 3, 5),
)
OURS = our_cells(
    (0, True, 0.9, 1, 0.9, True),
    (0, False, 0.2, 2, 0.6, True),
    (0, True, 0.8, 3, 0.8, False),
    (1, True, 0.7, 4, 0.7, True),
    (1, True, 0.95, 6, 0.9, pd.NA),
    (1, True, 0.6, NONE, NONE, False),
)


@pytest.mark.parametrize(
    ("figure", "iou", "value", "n"),
    [
        ("precision", 0.5, 2 / 4, 4),  # the one the annotator was unsure of does not count
        ("recall", 0.5, 2 / 4, 4),
        ("f1", 0.5, 2 * 2 / 8, 8),
        ("recall", 0.75, 1 / 4, 4),
        # by chance: right, false, right, false, right: precision 1, 2/3 and 3/5
        ("average_precision", 0.5, (1 + 2 / 3 + 3 / 5) / 4, 4),
        ("average_precision", 0.95, 0, 4),
        ("osteoclasts_outlined", 0.5, 3 / 4, 4),
        ("cells_outlined", 0.5, 5 / 6, 6),
        ("nuclei_mean_error", NONE, (1 - 4 + 3) / 3, 3),
        ("nuclei_mean_absolute_error", NONE, 8 / 3, 3),
        ("nuclei_within_1", NONE, 1 / 3, 3),
        ("nuclei_within_1_up_to_10", NONE, 1 / 2, 2),
        ("nuclei_within_15_percent_above_10", NONE, 1, 1),
        ("nuclei_inside_interval", NONE, 2 / 3, 3),
        ("count_bias", NONE, 0, 2),
        ("count_mean_absolute_error", NONE, 0, 2),
        ("count_bias_percent", NONE, 0, 4),
        ("concordance", NONE, NONE, 2),
    ],
)
def test_figures_counted_by_hand(figure, iou, value, n):
    row = compute_metrics(TRUTH, OURS, UNITS).metric(figure, iou)
    assert row["value"] == pytest.approx(value, nan_ok=True)
    assert row["n"] == n
    assert (row["n_units"], row["unit"]) == (2, "wells")


def test_classes_counted_by_hand():
    table = compute_metrics(TRUTH, OURS, UNITS).confusion
    assert table.loc["osteoclast"].tolist() == [2, 1, 1]
    assert table.loc["other"].tolist() == [1, 0, 0]
    assert table.loc["unsure"].tolist() == [1, 0, 0]
    assert table.loc["nothing"].tolist() == [1, 0, pd.NA]


def test_what_was_not_annotated_is_unknown_and_not_zero():
    only = TRUTH[TRUTH["is_osteoclast"].fillna(False)].assign(others=False, n_nuclei=NONE)
    found = compute_metrics(only, OURS.assign(others=False), UNITS)
    assert found.confusion.loc["other"].isna().all()
    assert found.confusion.isna().loc["nothing", "other"]
    assert np.isnan(found.metric("nuclei_within_1")["value"])
    assert "within ±1 in unknown" in summary(found)


def test_a_truth_without_osteoclasts_leaves_recall_unknown():
    found = compute_metrics(TRUTH.assign(is_osteoclast=pd.array([False] * 6, "boolean")), OURS.iloc[:0], UNITS)
    assert np.isnan(found.metric("recall", 0.5)["value"])
    assert np.isnan(found.metric("precision", 0.5)["value"])
    assert np.isnan(found.metric("count_bias_percent")["value"])


def test_points_have_no_overlap_figures():
    found = compute_metrics(TRUTH.assign(outlined=False, iou=NONE), OURS.assign(outlined=False, iou=NONE), UNITS)
    assert found.metric("f1")["value"] == 0.5
    assert np.isnan(found.metric("f1", 0.5)["value"])
    assert "average_precision" not in set(found.metrics["figure"])
    assert "by points inside our outlines: F1 0.500" in summary(found)


def test_the_counting_frame_of_the_truth_holds_for_both_sides():
    framed = TRUTH.assign(counted=pd.array([True, False, True, True, True, True], "boolean"))
    ours = OURS.assign(counted=[True, True, False, True, True, True])
    assert compute_metrics(framed, ours, UNITS).wells[["true", "ours"]].to_numpy().tolist() == [[1, 1], [2, 2]]
    assert compute_metrics(TRUTH, ours, UNITS).wells["ours"].tolist() == [2, 2]


def test_two_wells_have_no_interval():
    found = compute_metrics(TRUTH, OURS, UNITS)
    assert found.metrics[["ci_low", "ci_high"]].isna().all(axis=None)
    assert "There are no intervals: they need 5 wells or more, better 10." in summary(found)


def test_intervals_hold_the_figure_and_few_wells_are_warned_of():
    copies = [(TRUTH.assign(unit=TRUTH["unit"] + 2 * n), OURS.assign(unit=OURS["unit"] + 2 * n)) for n in range(3)]
    units = pd.DataFrame({"plate": "", "well": [f"A{n:02d}" for n in range(6)], "image": ""})
    truth, ours = (pd.concat(sides, ignore_index=True) for sides in zip(*copies, strict=True))
    found = compute_metrics(truth, ours, units)
    row = found.metric("recall", 0.75)
    assert row["ci_low"] < row["value"] == 0.25 < row["ci_high"]
    assert "Intervals from 6 wells are too narrow; annotate 10 or more." in summary(found)


def test_every_figure_has_a_name():
    points = compute_metrics(TRUTH.assign(outlined=False), OURS.assign(outlined=False), UNITS)
    assert set(compute_metrics(TRUTH, OURS, UNITS).metrics["figure"]) | set(points.metrics["figure"]) == set(
        METRIC_NAMES
    )


@pytest.mark.parametrize(
    ("hit", "chance", "n_true", "expected"),
    [
        ([True, True], [0.9, 0.8], 2, 1.0),
        ([True, False], [0.9, 0.8], 1, 1.0),  # the false one comes after all true ones
        ([True, False], [0.8, 0.9], 1, 0.5),
        ([True, False, True], [0.9, 0.8, 0.7], 2, (1 + 2 / 3) / 2),
        ([True], [0.9], 4, 0.25),
        ([], [], 3, 0.0),
        ([False], [0.5], 0, NONE),
    ],
)
def test_average_precision_by_hand(hit, chance, n_true, expected):
    ours = pd.DataFrame({"chance": np.array(chance, float), "unit": 0})
    found = average_precision(ours, np.array(hit, bool), np.array([n_true], float), np.ones((1, 1)))
    assert found[0] == pytest.approx(expected, nan_ok=True)


CELLS = st.lists(st.tuples(st.booleans(), st.floats(0, 1), st.integers(0, 2)), min_size=1, max_size=12)


@given(CELLS, st.tuples(*[st.integers(0, 3)] * 3))
def test_a_weight_is_a_number_of_copies(cells, weight):
    ours = pd.DataFrame(cells, columns=["hit", "chance", "unit"])
    n_true = np.bincount(ours["unit"], ours["hit"], minlength=3) + 1
    copies = ours.loc[np.repeat(ours.index, np.array(weight)[ours["unit"]])].assign(unit=0)
    total = np.array([n_true @ np.array(weight, float)])
    weighted = average_precision(ours, ours["hit"].to_numpy(), n_true, np.array([weight], float))
    plain = average_precision(copies, copies["hit"].to_numpy(bool), total, np.ones((1, 1)))
    assert weighted[0] == pytest.approx(plain[0], nan_ok=True)


def test_concordance_of_resamples_is_lins():
    first, second = np.array([3.0, 8, 12, 20, 7]), np.array([4.0, 7, 13, 22, 5])
    assert concordance_of_moments(first, second, np.ones((1, 5)))[0] == pytest.approx(concordance(first, second)[0])
    assert np.isnan(concordance_of_moments(first, second, np.array([[5.0, 0, 0, 0, 0]]))[0])
