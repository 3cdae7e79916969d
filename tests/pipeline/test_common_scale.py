"""One scale for the pictures of a run: given, estimated, or left to each picture."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import pytest

from osteocount import Settings
from osteocount.pipeline import common_scale
from osteocount.pipeline.common_scale import with_common_scale
from osteocount.pipeline.field import FieldTask

TASKS = [FieldTask(f"k{n}", "", f"A{n:02}", "1", f"{n}.png", (Path(f"{n}.png"),)) for n in range(1, 25)]


def estimates(monkeypatch, mononuclear, low_power=()):
    """Let the pictures of a run, in turn, give these estimates."""
    given = {False: list(mononuclear), True: list(low_power)}

    class Segmenter:
        def estimate_scale(self, image, *, low_power):
            values = given[low_power]
            return values[image % len(values)] if values else None

    number = iter(range(1000))
    monkeypatch.setattr(common_scale, "get_segmenter", lambda settings: Segmenter())
    monkeypatch.setattr(common_scale, "_opened", lambda task, settings: nullcontext(next(number)))


def test_fields_that_resolve_nuclei_get_the_median_by_mononuclear_cells(monkeypatch) -> None:
    estimates(monkeypatch, [0.7, 0.76, 0.8, 1.2])
    settings, notes = with_common_scale(TASKS, Settings())
    assert settings.picture.assumed_pixel_size == pytest.approx(0.78)
    assert settings.picture.pixel_size is None
    assert notes == (
        "The pictures tell no pixel size; all are analysed at 0.78 µm per pixel, estimated from the cells of 8 of "
        "them. Give --pixel-size to be exact.",
    )


def test_whole_wells_get_the_median_by_how_cells_look(monkeypatch) -> None:
    estimates(monkeypatch, [1.06, 1.3, 1.3, 1.6], [1.9, 2.0, None, 2.2])
    settings, notes = with_common_scale(TASKS, Settings())
    assert settings.picture.assumed_pixel_size == pytest.approx(2.0)
    assert "estimated from the cells of 6 of them" in notes[0]


def test_pictures_of_two_magnifications_are_left_to_themselves_and_said(monkeypatch) -> None:
    estimates(monkeypatch, [0.4, 0.4, 2.0, 2.0])
    settings, notes = with_common_scale(TASKS, Settings())
    assert settings == Settings()
    assert "seem to be of different magnifications (0.40 to 2.00 µm per pixel by their cells)" in notes[0]


@pytest.mark.parametrize(
    "picture", [{"pixel_size": 0.5}, {"assumed_pixel_size": 0.5}, {"regime": "fluorescence"}], ids=str
)
def test_what_is_given_is_kept_and_nothing_is_looked_at(monkeypatch, picture) -> None:
    monkeypatch.setattr(common_scale, "get_segmenter", lambda settings: pytest.fail("looked at"))
    settings = Settings.model_validate({"picture": picture})
    assert with_common_scale(TASKS, settings) == (settings, ())


def test_pictures_that_tell_their_scale_need_none(monkeypatch) -> None:
    estimates(monkeypatch, [None])
    assert with_common_scale(TASKS, Settings()) == (Settings(), ())
