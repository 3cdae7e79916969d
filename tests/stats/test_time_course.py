"""A time course: every day with its control, and how an effect changes from the first day on."""

import pandas as pd
import pytest

from osteocount.errors import OsteoCountError
from osteocount.settings import ComparisonSettings
from osteocount.stats import compare
from support.well_tables import simulated

COURSE = ComparisonSettings(time_course=True)


def days(second="10"):
    first = simulated(("vehicle", "A"), 4, fold={"A": 1.5}, seed=1).assign(day="4")
    last = simulated(("vehicle", "A"), 4, fold={"A": 4.0}, seed=2).assign(day=second)
    return pd.concat([first, last.assign(plate=lambda t: t["plate"] + " later")])


def test_every_day_has_its_control_and_the_first_day_is_what_others_are_compared_with():
    found = compare(days(), control="vehicle", settings=COURSE)
    table = found.table.set_index("contrast")
    assert list(table.index) == ["A, day 4", "A, day 10", "day × A"]
    assert list(table["reference"]) == ["vehicle, day 4", "vehicle, day 10", "day 4"]
    ratio = table.loc["A, day 10", "estimate"] / table.loc["A, day 4", "estimate"]
    assert table.loc["day × A", "estimate"] == pytest.approx(ratio, rel=1e-12)
    assert ratio == pytest.approx(4 / 1.5, rel=0.3)
    assert (
        "2 days were tested: whether an effect changes with time is the contrast 'day × arm', not two verdicts side by "
        "side."
    ) in found.warnings


def test_without_the_setting_days_are_replicates():
    assert list(compare(days(), control="vehicle").table["contrast"]) == ["A"]


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (
            days("4"),
            "Setting 'time_course': all wells are of one day. Give every well the day of culture as a number ",
        ),
        (days("late"), "Setting 'time_course': 'late' is no day."),
        (days().assign(oxygen="2"), "Setting 'time_course': a time course and oxygen levels at once are not compared."),
        (
            days().query("treatment == 'A' or day == '4'"),
            "day 10: no well of the control. Every day needs its own control wells; add them, or leave that day's "
            "wells out.",
        ),
    ],
)
def test_what_is_no_time_course_is_refused(frame, message):
    with pytest.raises(OsteoCountError) as refused:
        compare(frame, control="vehicle", settings=COURSE)
    assert str(refused.value).startswith(message)
