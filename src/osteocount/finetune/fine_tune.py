"""Fine-tuning: from annotated pictures to a network of the lab, adopted only where it helps on wells left out."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from osteocount.errors import OsteoCountError
from osteocount.finetune.annotated import find_annotated, folds
from osteocount.finetune.crops import Lesson, simulated_lesson
from osteocount.finetune.lab_network import LabNetwork, TaughtPicture, learn_network, learner, teach
from osteocount.finetune.scores import FEWEST_UNITS, SURE, Tally, chance_of_gain, total, units
from osteocount.io.files import atomic_write
from osteocount.pipeline import Progress
from osteocount.segment.backends.lab_model import FORMAT, Figures, LabFacts
from osteocount.segment.backends.low_power_model import LOW_POWER_SHA256
from osteocount.segment.detectors.learned_low_power import CELL_FEATURES
from osteocount.settings import Settings

STEPS = 600
FEWEST_OSTEOCLASTS = 30
_SIMULATED = 200  # crops; each is seen about as often as one of a lab's pictures
_COLUMNS = tuple(f"{what}_{when}" for when in ("before", "after") for what in Tally._fields)


@dataclass(frozen=True)
class FineTuned:
    """A network of a lab, and how it does on wells left out.

    Attributes
    ----------
    content
        The file.
    facts
        What travels in it.
    by_well
        ``well, osteoclasts, recall_before, recall_after, precision_before, …``: a row for every well when it was left
        out, and one for all.
    unit, n_units
        What was tossed for in the test of the gain.
    notes
        Sentences on what was left aside.
    """

    content: bytes
    facts: LabFacts
    by_well: pd.DataFrame
    unit: str
    n_units: int
    notes: tuple[str, ...]

    @property
    def is_useful(self) -> bool:
        """True when the gain is beyond chance."""
        return self.facts.p <= SURE

    def sentence(self) -> str:
        """Say what was gained."""
        before, after = self.facts.before, self.facts.after
        said = (
            f"On {self.facts.n_wells} wells left out in turn, recall went from {before.recall:.3f} to "
            f"{after.recall:.3f}, precision from {before.precision:.3f} to {after.precision:.3f}, the bias of the "
            f"count from {before.bias:+.0%} to {after.bias:+.0%} (gain in F1: p = {self.facts.p:.3f}, randomisation "
            f"test over {self.n_units} {self.unit}s)."
        )
        if self.is_useful:
            return said
        return f"{said} That may be chance, so nothing is adopted: annotate more wells, or go on as before."


def fine_tune(
    paths: Sequence[Path], pictures: Path | None, settings: Settings, steps: int = STEPS, seed: int = 1
) -> Generator[Progress, None, FineTuned]:
    """Teach the network for low power further, and see how it does on wells left out.

    Wells are left out in at most four turns; what is returned has learned from all of them with as many steps.

    Parameters
    ----------
    paths, pictures, settings
        See `osteocount.finetune.annotated.find_annotated`.
    steps
        Of each network.
    seed
        Of everything that is random.

    Yields
    ------
    Progress
        In steps.

    Raises
    ------
    OsteoCountError
        PyTorch is not installed; nothing to learn from, or too little to know whether it helped.
    """
    learner()  # that it is not installed is said before minutes are spent
    annotated, notes = find_annotated(paths, pictures, settings)
    taught = []
    for each in annotated:
        taught.append(teach(each))
        yield Progress(0, 0, f"{each.task.image} read")
    left_out = folds([(each.scene.well, _n_osteoclasts([each])) for each in taught])
    _check_enough(taught, left_out)
    simulated = yield from simulate(seed)
    networks: list[LabNetwork] = []
    for wells in (*left_out, frozenset[str]()):
        own = [each for each in taught if each.scene.well not in wells]
        what = f"learning without {', '.join(sorted(wells))}" if wells else "learning from all wells"
        show = partial(_progress, steps * len(networks), steps * (len(left_out) + 1), what)
        networks.append((yield from learn_network(own, simulated, steps, seed, show)))
    notes += [note for each in taught for note in each.notes]
    return _judged(networks, left_out, taught, notes)


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


def _judged(
    networks: Sequence[LabNetwork],
    left_out: Sequence[frozenset[str]],
    taught: Sequence[TaughtPicture],
    notes: Sequence[str],
) -> FineTuned:
    """Score each network on the wells it has not seen; the last one, of all wells, is the one that is kept."""
    rows = []
    for network, wells in zip(networks, left_out, strict=False):
        own = [each for each in taught if each.scene.well in wells]
        for each, after in zip(own, network.tallies([each.scene for each in own]), strict=True):
            for block, (old, new) in enumerate(zip(each.before, after, strict=True)):
                rows.append((each.scene.well, each.scene.name, block, *old, *new))
    by_block = pd.DataFrame(rows, columns=["well", "picture", "block", *_COLUMNS])
    sums = units(by_block)
    assert sums is not None  # noqa: S101 - checked before anything was learned
    before, after = ([Tally(*row) for row in sums[list(part)].to_numpy(int)] for part in (_COLUMNS[:3], _COLUMNS[3:]))
    facts = LabFacts(
        format=FORMAT, features=CELL_FEATURES, call_weights=tuple(np.round(networks[-1].call, 5).tolist()),
        based_on=LOW_POWER_SHA256, n_pictures=len(taught), n_wells=by_block["well"].nunique(),
        n_osteoclasts=_n_osteoclasts(taught),
        before=_figures(total(before)), after=_figures(total(after)), p=round(chance_of_gain(before, after), 4),
    )  # fmt: skip
    unit = str(sums.index.names[-1]).replace("block", "square millimetre")
    content = networks[-1].content(facts.model_dump_json())
    return FineTuned(content, facts, _by_well(by_block), unit, len(sums), tuple(notes))


def _figures(tally: Tally) -> Figures:
    return Figures(recall=round(tally.recall, 4), precision=round(tally.precision, 4), bias=round(tally.bias, 4))


def _by_well(by_block: pd.DataFrame) -> pd.DataFrame:
    """Return the figures of each well, and of all together."""
    sums = by_block.groupby("well", sort=True)[[*_COLUMNS]].sum()
    sums.loc["all"] = sums.sum()
    rows = []
    for well, row in sums.iterrows():
        before, after = Tally(*row.to_numpy(int)[:3]), Tally(*row.to_numpy(int)[3:])
        figures = {
            f"{name}_{when}": round(getattr(each, name), 3)
            for name in ("recall", "precision", "f1", "bias")
            for when, each in (("before", before), ("after", after))
        }
        rows.append({"well": well, "osteoclasts": before.true, **figures})
    return pd.DataFrame(rows)
