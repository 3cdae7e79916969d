"""Learning from corrections in the window: the gain comes first, and nothing changes unasked."""

import json

import pandas as pd
import pytest

from osteocount.curate.classifier import CELL_FEATURES, LogisticModel
from osteocount.curate.training import CrossValidated, TrainedClassifier
from osteocount.napari.review import training
from osteocount.napari.review.training import TrainingController
from osteocount.pipeline.corrections import CLASSIFIER

ONES = (1.0,) * len(CELL_FEATURES)


def trained(gain: float) -> TrainedClassifier:
    wells = pd.DataFrame({"well": ["B02"], "wrong": [10], "wrong_found": [4], "right": [20], "right_lost": [0]})
    model = LogisticModel(mean=ONES, scale=ONES, weights=ONES, bias=0.0, n=30, gain=gain)
    return TrainedClassifier(CrossValidated(model, gain, 0.01, wells), None)


@pytest.fixture
def window(qtbot, tmp_path, monkeypatch):
    """Training on an empty result folder, its jobs done at once; ``gain`` is what training will find."""
    gain = {"is": 0.4}
    monkeypatch.setattr(training, "train_classifier", lambda root: trained(gain["is"]))

    def at_once(name, function, then):
        steps = function(None)
        try:
            while True:
                next(steps)
        except StopIteration as end:
            then(end.value)

    made = TrainingController(at_once)
    qtbot.addWidget(made.view)
    made.open(tmp_path)
    made.gain = gain
    return made


def can(window):
    return {name: button.isEnabled() for name, button in window.view.buttons.items()}


def test_the_gain_is_shown_before_anything_changes(window, tmp_path):
    assert can(window) == {"train": True, "adopt": False, "dismiss": False}
    window.view.buttons["train"].click()
    assert (
        "4 of 10 wrong cells are found and 0 of 20 right ones are lost (40% fewer errors). Adopt it?"
        in window.view.words.text()
    )
    assert "B02" in window.view.words.toolTip()
    assert can(window) == {"train": True, "adopt": True, "dismiss": True}
    assert not (tmp_path / CLASSIFIER).exists()


def test_adopting_writes_it_and_dismissing_takes_it_back(window, tmp_path, qtbot):
    window.view.buttons["train"].click()
    with qtbot.waitSignal(window.changed):
        window.view.buttons["adopt"].click()
    assert json.loads((tmp_path / CLASSIFIER).read_text())["cells"]["gain"] == 0.4
    assert can(window) == {"train": True, "adopt": False, "dismiss": True}
    with qtbot.waitSignal(window.changed):
        window.view.buttons["dismiss"].click()
    assert not (tmp_path / CLASSIFIER).exists()
    assert can(window) == {"train": True, "adopt": False, "dismiss": False}


def test_what_does_not_help_cannot_be_adopted(window):
    window.gain["is"] = 0.01
    window.view.buttons["train"].click()
    assert "may be chance" in window.view.words.text()
    assert can(window)["adopt"] is False


def test_a_folder_with_a_classifier_says_so(window, tmp_path):
    (tmp_path / CLASSIFIER).write_text("{}")
    window.open(tmp_path)
    assert "judges the cells of this folder" in window.view.words.text()
    assert can(window)["dismiss"] is True
