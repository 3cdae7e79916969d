"""Fine-tuning in the window: the gain comes first, and nothing is used unasked."""

from dataclasses import dataclass

import pandas as pd
import pytest

from osteocount.finetune import fine_tune
from osteocount.napari.fine_tuning import FineTuningController
from osteocount.pipeline import Progress
from osteocount.settings import Settings


@dataclass
class Tuned:
    """What `fine_tune` found."""

    is_useful: bool
    content: bytes = b"network"
    notes: tuple[str, ...] = ()
    by_well: pd.DataFrame = None

    def sentence(self):
        return "On 3 wells left out"


class AtOnce:
    """Jobs done where they are started."""

    def start(self, name, function, then, step, *, quiet, failed):
        from threading import Event

        steps = function(Event())
        while True:
            try:
                step(next(steps))
            except StopIteration as end:
                then(end.value)
                return

    def end(self, name):
        pass


@pytest.fixture
def window(qtbot, monkeypatch):
    asked = []

    def learn(paths, pictures, settings):
        asked.append((paths, settings))
        yield Progress(1, 2, "learning")
        return Tuned(is_useful=made.is_useful)

    monkeypatch.setattr(fine_tune, "fine_tune", learn)
    made = FineTuningController(AtOnce(), Settings)
    qtbot.addWidget(made.view)
    made.asked = asked
    return made


def test_a_network_that_helps_is_saved_and_used(window, qtbot, tmp_path):
    window.is_useful = True
    window.view.folder_chosen.emit(tmp_path)
    assert window.asked == [([tmp_path], Settings())]
    assert "On 3 wells left out" in window.view.words.text()
    with qtbot.waitSignal(window.used) as used:
        window.view.file_chosen.emit(tmp_path / "lab.onnx")
    assert used.args == [tmp_path / "lab.onnx"]
    assert (tmp_path / "lab.onnx").read_bytes() == b"network"
    assert not window.view.use.isEnabled()


def test_one_that_may_be_chance_cannot_be_used(window, tmp_path):
    window.is_useful = False
    window.view.folder_chosen.emit(tmp_path)
    assert not window.view.use.isEnabled()
    window.view.file_chosen.emit(tmp_path / "lab.onnx")
    assert not (tmp_path / "lab.onnx").exists()
