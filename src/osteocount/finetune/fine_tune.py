"""Fine-tuning: from annotated pictures to a network of the lab, adopted only where it helps on wells left out."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from osteocount.errors import OsteoCountError
from osteocount.finetune.annotated import find_annotated, folds
from osteocount.finetune.crops import Lesson, simulated_lesson
from osteocount.finetune.gain import Gain, gain_on_left_out
from osteocount.finetune.lab_network import (
    LabNetwork,
    Learner,
    TaughtPicture,
    learn_call,
    learn_network,
    learner,
    teach,
)
from osteocount.finetune.scores import FEWEST_UNITS, SURE, Tally
from osteocount.io.files import atomic_write
from osteocount.pipeline import Progress
from osteocount.segment.backends.lab_model import FORMAT, Figures, LabFacts
from osteocount.segment.backends.low_power_model import LOW_POWER_SHA256
from osteocount.segment.detectors.learned_low_power import CELL_FEATURES
from osteocount.settings import Settings
from osteocount.stats.sentences import p_value

STEPS = 600
FEWEST_OSTEOCLASTS = 30
_SIMULATED = 200  # crops; each is seen about as often as one of a lab's pictures
_CALL, _NETWORK = "the call fitted anew", "the network taught further"
_ONLY_CALL = (
    'Only the call was fitted anew. With PyTorch (`pip install "osteocount[train]"`) the network is taught further '
    "too, and the better of both is kept."
)


@dataclass(frozen=True)
class FineTuned:
    """A network of a lab, and how it does on wells left out.

    Attributes
    ----------
    content
        The file.
    facts
        What travels in it.
    gain
        On wells left out.
    tried
        F1 on wells left out of each way that was tried, the one that is kept first.
    notes
        Sentences on what was left aside.
    """

    content: bytes
    facts: LabFacts
    gain: Gain
    tried: tuple[tuple[str, float], ...]
    notes: tuple[str, ...]

    @property
    def is_useful(self) -> bool:
        """True when the gain is beyond chance."""
        return self.facts.p <= SURE

    @property
    def by_well(self) -> pd.DataFrame:
        """What was gained in each well; see `Gain.by_well`."""
        return self.gain.by_well()

    def sentence(self) -> str:
        """Say what was gained, and by what."""
        before, after = self.facts.before, self.facts.after
        (way, f1), *others = self.tried
        best = "".join(f", better than {other} ({less:.3f})" for other, less in others)
        tries = ", doubled for two tries" if others else ""
        said = (
            f"Best was {way}: F1 {self.gain.before.f1:.3f} before, {f1:.3f} after{best}. "
            f"On {self.facts.n_wells} wells left out in turn, recall went from {before.recall:.3f} to "
            f"{after.recall:.3f}, precision from {before.precision:.3f} to {after.precision:.3f}, the bias of the "
            f"count from {before.bias:+.0%} to {after.bias:+.0%} (gain in F1: {p_value(self.facts.p)}{tries}, "
            f"randomisation test over {self.gain.n_units} {self.gain.unit}s)."
        )
        if self.is_useful:
            return said
        return f"{said} That may be chance, so nothing is adopted: annotate more wells, or go on as before."


def fine_tune(
    paths: Sequence[Path],
    pictures: Path | None,
    settings: Settings,
    steps: int = STEPS,
    seed: int = 1,
    *,
    call_only: bool = False,
) -> Generator[Progress, None, FineTuned]:
    """Fit the call of the network for low power anew, teach the network further, and keep what does better.

    Both are done for wells left out in at most four turns, where it is seen how they do, and for all wells, of which
    one is kept. The network is taught only where PyTorch is installed.

    Parameters
    ----------
    paths, pictures, settings
        See `osteocount.finetune.annotated.find_annotated`.
    steps
        Of teaching each network.
    seed
        Of everything that is random.
    call_only
        Leave the network as it is; that takes a minute in place of half an hour.

    Yields
    ------
    Progress
        In steps.

    Raises
    ------
    OsteoCountError
        Nothing to learn from, or too little to know whether it helped; or PyTorch is installed and does not start.
    """
    learn = None if call_only else learner()  # one that does not start is said before minutes are spent
    annotated, notes = find_annotated(paths, pictures, settings)
    taught = []
    for each in annotated:
        taught.append(teach(each))
        yield Progress(0, 0, f"{each.task.image} read")
    left_out = folds([(each.scene.well, _n_osteoclasts([each])) for each in taught])
    _check_enough(taught, left_out)
    tried = {_CALL: (yield from _in_turns(taught, left_out, 1, partial(learn_call, seed=seed)))}
    if learn is not None:
        simulated = yield from simulate(seed)
        teaching = partial(learn_network, learn=learn, simulated=simulated, steps=steps, seed=seed)
        tried[_NETWORK] = yield from _in_turns(taught, left_out, steps, teaching)
    elif not call_only:
        notes.append(_ONLY_CALL)
    notes += [note for each in taught for note in each.notes]
    return _best(tried, left_out, taught, notes)


def simulate(seed: int) -> Generator[Progress, None, list[Lesson]]:
    """Simulate the pictures by which nothing is forgotten."""
    rng, simulated = np.random.default_rng(seed), []
    for n in range(_SIMULATED):
        simulated.append(simulated_lesson(rng))
        yield Progress(n + 1, _SIMULATED, "simulating pictures, so that nothing is forgotten")
    return simulated


def save(tuned: FineTuned, path: Path) -> None:
    """Write the network."""
    with atomic_write(path) as draft:
        draft.write_bytes(tuned.content)


def _in_turns(
    taught: Sequence[TaughtPicture], left_out: Sequence[frozenset[str]], steps: int, learn: Learner
) -> Generator[Progress, None, list[LabNetwork]]:
    """Learn without each part that is to be left out, and then from all pictures."""
    networks: list[LabNetwork] = []
    for wells in (*left_out, frozenset[str]()):
        own = [each for each in taught if each.scene.well not in wells]
        what = f"learning without {', '.join(sorted(wells))}" if wells else "learning from all wells"
        show = partial(_progress, steps * len(networks), steps * (len(left_out) + 1), what)
        networks.append((yield from learn(own, show)))
    return networks


def _progress(before: int, of: int, message: str, step: int) -> Progress:
    return Progress(before + step, of, message)


def _n_osteoclasts(taught: Sequence[TaughtPicture]) -> int:
    return sum(int(each.scene.osteoclast.sum()) for each in taught)


def _check_enough(taught: Sequence[TaughtPicture], left_out: Sequence[frozenset[str]]) -> None:
    n, blocks = _n_osteoclasts(taught), sum(len(each.before) for each in taught)
    if n < FEWEST_OSTEOCLASTS or len(left_out) < 2 or blocks < FEWEST_UNITS:
        raise OsteoCountError(
            f"{len(taught)} annotated pictures with {n} osteoclasts on {blocks} mm²: at least two pictures, "
            f"{FEWEST_OSTEOCLASTS} osteoclasts and {FEWEST_UNITS} mm² are needed to know whether it helps."
        )


def _best(
    tried: Mapping[str, Sequence[LabNetwork]],
    left_out: Sequence[frozenset[str]],
    taught: Sequence[TaughtPicture],
    notes: Sequence[str],
) -> FineTuned:
    """Keep the way that did best on wells left out; of its networks, the last, which learned from all wells.

    Of several tries the best looks better than it is, so its p is multiplied by their number (Bonferroni).
    """
    gains = {way: gain_on_left_out(networks[:-1], left_out, taught) for way, networks in tried.items()}
    ways = sorted(gains, key=lambda way: -gains[way].after.f1)
    network, gain = tried[ways[0]][-1], gains[ways[0]]
    facts = LabFacts(
        format=FORMAT, features=CELL_FEATURES, call_weights=tuple(network.call.weights.tolist()),
        trees=network.call.trees, based_on=LOW_POWER_SHA256, n_pictures=len(taught),
        n_wells=len({each.scene.well for each in taught}), n_osteoclasts=_n_osteoclasts(taught),
        before=_figures(gain.before), after=_figures(gain.after), p=min(1.0, round(gain.p * len(ways), 4)),
    )  # fmt: skip
    content = network.content(facts.model_dump_json())
    return FineTuned(content, facts, gain, tuple((way, gains[way].after.f1) for way in ways), tuple(notes))


def _figures(tally: Tally) -> Figures:
    return Figures(recall=round(tally.recall, 4), precision=round(tally.precision, 4), bias=round(tally.bias, 4))
