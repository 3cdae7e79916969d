"""How long the rest takes, told to a clock of our own."""

from __future__ import annotations

import pytest

from osteocount.napari.views.remaining_time import RemainingTime, in_words


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def test_the_rest_takes_as_long_as_the_last_ones_did():
    clock = Clock()
    remaining = RemainingTime(clock)
    assert remaining.after(0, 10) == ""
    clock.now = 30
    assert remaining.after(1, 10) == "about 4 min left"
    clock.now = 60
    assert remaining.after(2, 10) == "about 4 min left"
    assert remaining.after(10, 10) == ""


def test_pictures_of_an_earlier_run_say_nothing_of_the_others():
    clock = Clock()
    remaining = RemainingTime(clock)
    for done in range(1, 6):
        clock.now += 0.01
        assert remaining.after(done, 10) == ""
    clock.now += 20
    assert remaining.after(6, 10) == "about 80 s left"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(3, "a few seconds left"), (42, "about 40 s left"), (130, "about 2 min left"), (3 * 3600, "about 3 h left")],
)
def test_durations_are_said_as_people_would(seconds, words):
    assert in_words(seconds) == words
