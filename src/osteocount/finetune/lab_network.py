"""One network taught further: from annotated pictures to its weights and the weights of its call."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from osteocount.evaluation.ground_truth import read_ground_truth
from osteocount.finetune.annotated import AnnotatedPicture
from osteocount.finetune.call import fit_call
from osteocount.finetune.crops import Lesson, annotated_lesson
from osteocount.finetune.scenes import AnnotatedScene, annotated_scene
from osteocount.finetune.scores import JudgedCells, Tally, judge_cells, tally_blocks
from osteocount.pipeline import Progress
from osteocount.pipeline.field import read_channels
from osteocount.pipeline.run_scale import with_scale
from osteocount.segment.backends.lab_model import PROPERTY, shipped_content
from osteocount.segment.backends.low_power_model import LowPowerModel, shipped_low_power_model
from osteocount.segment.backends.onnx_file import Weights, read_onnx, with_weights
from osteocount.segment.backends.session import cannot_import
from osteocount.segment.detectors.learned_low_power import cell_features, outline_cells


@dataclass(frozen=True)
class TaughtPicture:
    """An annotated picture with what it teaches.

    Attributes
    ----------
    scene, lesson
        What is annotated, and what the network is asked of it.
    before
        What the network that ships finds, by square millimetre.
    notes
        Sentences on the annotation.
    """

    scene: AnnotatedScene
    lesson: Lesson
    before: list[Tally]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class LabNetwork:
    """A network that has learned, with the weights of its call."""

    weights: Weights
    call: NDArray[np.float64]

    def content(self, words: str) -> bytes:
        """Return its file with ``words`` in it."""
        return with_weights(shipped_content(), self.weights, {PROPERTY: words})

    def tallies(self, scenes: Sequence[AnnotatedScene]) -> list[list[Tally]]:
        """Return what it finds in each scene, by square millimetre."""
        model = self.model()
        return [_tallies(scene, model, self.call) for scene in scenes]

    def model(self) -> LowPowerModel:
        """Return it ready to run."""
        with TemporaryDirectory() as folder:
            path = Path(folder) / LowPowerModel.file
            path.write_bytes(self.content(json.dumps({"call_weights": self.call.tolist()})))
            return LowPowerModel(path, None)


def teach(picture: AnnotatedPicture) -> TaughtPicture:
    """Read a picture and its annotation, and work out what they teach.

    Raises
    ------
    OsteoCountError
        The picture or its annotation cannot be read, or is of another kind.
    """
    task, settings = picture.task, picture.settings
    read = read_channels(task.paths, settings.picture.pixel_size, task.scene)
    read = replace(read, pixel_size=with_scale(read.pixel_size, read.pixels.shape, task.scales))
    truth = read_ground_truth(picture.source, (read.pixels.shape[0], read.pixels.shape[1]), settings.count.min_nuclei)
    scene = annotated_scene(read, truth, settings, picture.well)
    model = shipped_low_power_model()
    maps = model.low_power_maps(scene.density.astype(np.float32))
    lesson = annotated_lesson(scene, maps, outline_cells(maps, scene.inside, scene.scale))
    return TaughtPicture(scene, lesson, _tallies(scene, model, shipped_call()), truth.notes)


def learn_network(
    taught: Sequence[TaughtPicture],
    simulated: Sequence[Lesson],
    steps: int,
    seed: int,
    show: Callable[[int], Progress],
) -> Generator[Progress, None, LabNetwork]:
    """Teach the network that ships some pictures, and fit its call on them.

    Parameters
    ----------
    taught, simulated
        A lab's pictures, and simulated ones, so that nothing is forgotten.
    steps, seed
        Of learning.
    show
        Says how far it is after each step.

    Raises
    ------
    OsteoCountError
        PyTorch is not installed.
    """
    learning = learner()(read_onnx(shipped_content()), [each.lesson for each in taught], simulated, steps, seed)
    while True:
        try:
            yield show(next(learning))
        except StopIteration as end:
            return _with_call(end.value, [each.scene for each in taught])


def learner() -> Callable[..., Generator[int, None, Weights]]:
    """Return what learns, `osteocount.finetune.learning.learn`.

    Raises
    ------
    OsteoCountError
        PyTorch is not installed.
    """
    try:
        from osteocount.finetune.learning import learn
    except ImportError as error:
        raise cannot_import("train", ("torch",), error) from error
    return learn


def shipped_call() -> NDArray[np.float64]:
    """Return the weights of the call of the network that ships."""
    return np.array(shipped_low_power_model().facts["call_weights"], float)


def _with_call(weights: Weights, scenes: Sequence[AnnotatedScene]) -> LabNetwork:
    before = shipped_call()
    model = LabNetwork(weights, before).model()
    judged = [_judged(scene, model) for scene in scenes]
    features = np.concatenate([each[cells.judged] for cells, each in judged])
    answers = np.concatenate([cells.hit[cells.judged] for cells, _ in judged])
    annotated = sum(int(scene.countable.sum()) for scene in scenes)
    return LabNetwork(weights, fit_call(features, answers, before, annotated))


def _judged(scene: AnnotatedScene, model: LowPowerModel) -> tuple[JudgedCells, NDArray[np.float64]]:
    maps = model.low_power_maps(scene.density.astype(np.float32))
    labels = outline_cells(maps, scene.inside, scene.scale)
    return judge_cells(scene, labels), cell_features(labels, maps, scene.scale)


def _tallies(scene: AnnotatedScene, model: LowPowerModel, call: NDArray[np.float64]) -> list[Tally]:
    cells, features = _judged(scene, model)
    return tally_blocks(scene, cells, features @ call > 0)
