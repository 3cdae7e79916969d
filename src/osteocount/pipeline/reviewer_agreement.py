"""A second reviewer's corrections, kept apart from the first's, and how far the two agree."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from osteocount.curate import Edit, edits_of, effective, read_log, replay, reviewed_wells
from osteocount.errors import OsteoCountError
from osteocount.measure.matching import outline_pairs
from osteocount.pipeline.corrections import EDIT_LOG, load_automatic
from osteocount.pipeline.finished_run import FinishedRun, read_finished
from osteocount.stats.agreement_measures import cohen_kappa, describe

_PREFIX, _SUFFIX = EDIT_LOG.split(".")


def second_log_name(reviewer: str) -> str:
    """Return the file name of a second reviewer's log.

    Raises
    ------
    OsteoCountError
        The name holds no letter and no digit.
    """
    safe = re.sub(r"[^a-z0-9]+", "-", reviewer.lower()).strip("-")[:40]
    if not safe:
        raise OsteoCountError("A second review needs the reviewer's name (letters or digits) in step 3.")
    return f"{_PREFIX}.{safe}.{_SUFFIX}"


def second_logs(root: Path) -> list[Path]:
    """Return the logs of second reviewers in the result folder ``root``."""
    return sorted(root.glob(f"{_PREFIX}.*.{_SUFFIX}"))


@dataclass(frozen=True)
class ReviewerAgreement:
    """How far a second reviewer agrees with the first.

    Attributes
    ----------
    name
        From the name of the second log.
    wells
        A row per well both have marked as reviewed: ``plate, well, first, second`` (osteoclasts counted).
    numbers
        Bias, limits of agreement and concordance of these counts; see `osteocount.stats.agreement_measures.describe`.
    n_first, n_second, n_both
        Cells of each reviewer in these wells, and those both have (IoU of 0.5 or more).
    kappa
        Cohen's kappa of "osteoclast or not" over the cells both have; NaN where it is not defined.
    """

    name: str
    wells: pd.DataFrame
    numbers: dict[str, float]
    n_first: int
    n_second: int
    n_both: int
    kappa: float

    def summary(self) -> str:
        """Say it in words."""
        n = self.numbers
        share = 2 * self.n_both / max(self.n_first + self.n_second, 1)
        kappa = "not defined" if np.isnan(self.kappa) else f"{self.kappa:.2f}"
        agreed = "unknown" if np.isnan(n["concordance"]) else f"{n['concordance']:.3f}"
        return (
            f"{self.name} against the first reviewer, {len(self.wells)} wells reviewed by both: bias "
            f"{n['bias']:+.2f} osteoclasts per well, Lin's concordance {agreed}; {self.n_both} cells in common "
            f"(F1 {share:.3f}), Cohen's kappa of osteoclast or not {kappa}."
        )


def compare_reviewers(root: Path) -> list[ReviewerAgreement]:
    """Compare every second reviewer of the result folder ``root`` with the first.

    Raises
    ------
    OsteoCountError
        There is no second log, or no well that both have marked as reviewed.
    """
    logs = second_logs(root)
    if not logs:
        raise OsteoCountError(
            f"{root}: no second review. Open the results in the window, tick “Second review” in step 3, and correct."
        )
    run, first = read_finished(root), effective(read_log(root / EDIT_LOG))
    return [_compare(run, first, effective(read_log(path)), path) for path in logs]


def _compare(run: FinishedRun, first: list[Edit], second: list[Edit], path: Path) -> ReviewerAgreement:
    name = path.name.split(".")[1]
    both = reviewed_wells(first) & reviewed_wells(second)
    if not both:
        raise OsteoCountError(f"{path.name}: no well is marked as reviewed by both reviewers, so nothing is compared.")
    counts = {place: [0, 0] for place in sorted(both)}
    cells, pairs = [0, 0], []
    for record in run.records:
        place = record.well_key
        if not record.is_done or place not in both:
            continue
        automatic = load_automatic(run.folder, record, run.settings)
        ours = [
            replay(automatic, edits_of(edits, record.plate, record.image), run.settings) for edits in (first, second)
        ]
        for i, corrected in enumerate(ours):
            counted = corrected.cells[corrected.cells["counted"].astype(bool)]
            counts[place][i] += int(counted["is_osteoclast"].sum())
            cells[i] += len(corrected.cells)
        pairs.append(_classes(*ours))
    table = pd.DataFrame([(*place, *n) for place, n in counts.items()], columns=["plate", "well", "first", "second"])
    classes = np.concatenate(pairs)
    return ReviewerAgreement(
        name, table, describe(table), cells[0], cells[1], len(classes), cohen_kappa(classes[:, 0], classes[:, 1])
    )


def _classes(first: Any, second: Any) -> Any:
    """Return (n, 2) bool: whether each cell both have is an osteoclast, as either says."""
    found = outline_pairs(first.labels, second.labels)
    said = [each.cells.set_index("cell_id")["is_osteoclast"].astype(bool) for each in (first, second)]
    known = found[found["true_id"].isin(said[0].index) & found["our_id"].isin(said[1].index)]
    return np.column_stack([said[0].loc[known["true_id"]], said[1].loc[known["our_id"]]]).astype(bool)
