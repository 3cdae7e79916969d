"""What becomes of the network that ships in a lab: its call corrected by trees, or its weights taught further."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from osteocount.evaluation.ground_truth import read_ground_truth
from osteocount.finetune.annotated import AnnotatedPicture
from osteocount.finetune.call import boost_call, fit_call
from osteocount.finetune.crops import Lesson, annotated_lesson
from osteocount.finetune.scenes import AnnotatedScene, annotated_scene
from osteocount.finetune.scores import Tally
from osteocount.finetune.seen_picture import SeenPicture, see
from osteocount.pipeline import Progress
from osteocount.pipeline.field import read_channels
from osteocount.pipeline.run_scale import with_scale
from osteocount.segment.backends.lab_model import PROPERTY, shipped_content
from osteocount.segment.backends.low_power_call import LowPowerCall
from osteocount.segment.backends.low_power_model import LowPowerModel, shipped_low_power_model
from osteocount.segment.backends.onnx_file import Weights, read_onnx, with_weights
from osteocount.segment.backends.session import cannot_import


@dataclass(frozen=True)
class TaughtPicture:
    """An annotated picture.

    Attributes
    ----------
    seen
        As the network that ships sees it.
    before
        What that network finds, by square millimetre.
    notes
        Sentences on the annotation.
    """

    seen: SeenPicture
    before: list[Tally]
    notes: tuple[str, ...]

    @property
    def scene(self) -> AnnotatedScene:
        """What is annotated."""
        return self.seen.scene

    @cached_property
    def lesson(self) -> Lesson:
        """What the network is asked of it when its weights learn."""
        maps = shipped_low_power_model().low_power_maps(self.scene.density.astype(np.float32))
        return annotated_lesson(self.scene, maps, self.seen.cells.labels)


@dataclass(frozen=True)
class LabNetwork:
    """A network of a lab: its call, and its weights, None where they are those of the network that ships."""

    call: LowPowerCall
    weights: Weights | None = None

    def content(self, words: str) -> bytes:
        """Return its file with ``words`` in it."""
        shipped = shipped_content()
        return with_weights(shipped, self.weights or read_onnx(shipped).weights, {PROPERTY: words})

    def tallies(self, taught: Sequence[TaughtPicture]) -> list[list[Tally]]:
        """Return what it finds in each picture, by square millimetre."""
        if self.weights is None:
            return [each.seen.tallies(self.call) for each in taught]
        model = self.model()
        return [see(each.scene, model).tallies(self.call) for each in taught]

    def model(self) -> LowPowerModel:
        """Return it ready to run."""
        with TemporaryDirectory() as folder:
            path = Path(folder) / LowPowerModel.file
            path.write_bytes(self.content(json.dumps({"call_weights": self.call.weights.tolist()})))
            return LowPowerModel(path, None)


Show = Callable[[int], Progress]
"""Says how far learning is after each step."""
Learner = Callable[[Sequence[TaughtPicture], Show], Generator[Progress, None, LabNetwork]]
"""Learns from some pictures."""


def teach(picture: AnnotatedPicture) -> TaughtPicture:
    """Read a picture and its annotation, and see what the network that ships makes of it.

    Raises
    ------
    OsteoCountError
        The picture or its annotation cannot be read, or is of another kind.
    """
    task, settings = picture.task, picture.settings
    read = read_channels(task.paths, settings.picture.pixel_size, task.scene)
    read = replace(read, pixel_size=with_scale(read.pixel_size, read.pixels.shape, task.scales))
    truth = read_ground_truth(picture.source, (read.pixels.shape[0], read.pixels.shape[1]), settings.count.min_nuclei)
    model = shipped_low_power_model()
    seen = see(annotated_scene(read, truth, settings, picture.well), model)
    return TaughtPicture(seen, seen.tallies(model.call), truth.notes)


def learn_call(taught: Sequence[TaughtPicture], show: Show, seed: int) -> Generator[Progress, None, LabNetwork]:
    """Correct the call of the network that ships on some pictures; its weights stay."""
    yield show(0)
    return LabNetwork(boost_call([each.seen for each in taught], shipped_low_power_model().call, seed))


def learn_network(
    taught: Sequence[TaughtPicture],
    show: Show,
    learn: Callable[..., Generator[int, None, Weights]],
    simulated: Sequence[Lesson],
    steps: int,
    seed: int,
) -> Generator[Progress, None, LabNetwork]:
    """Teach the weights of the network that ships, and fit its call on what it sees then.

    Parameters
    ----------
    taught, simulated
        A lab's pictures, and what simulated ones teach, so that nothing is forgotten.
    show
        Says how far it is after each step.
    learn
        From `learner`.
    steps, seed
        Of learning.
    """
    learning = learn(read_onnx(shipped_content()), [each.lesson for each in taught], simulated, steps, seed)
    while True:
        try:
            yield show(next(learning))
        except StopIteration as end:
            weights: Weights = end.value
            break
    call = shipped_low_power_model().call
    model = LabNetwork(call, weights).model()
    return LabNetwork(fit_call([see(each.scene, model) for each in taught], call), weights)


def learner() -> Callable[..., Generator[int, None, Weights]] | None:
    """Return what teaches weights, `osteocount.finetune.learning.learn`; None where PyTorch is not installed.

    Raises
    ------
    OsteoCountError
        PyTorch is installed and does not start.
    """
    try:
        from osteocount.finetune.learning import learn
    except ImportError as error:
        if error.name == "torch":
            return None
        raise cannot_import("train", ("torch",), error) from error
    return learn
