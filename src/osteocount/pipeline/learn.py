"""Learn a lab's classifier from the corrections of a result folder; the command and the window both end here."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from osteocount.curate import effective, read_log
from osteocount.curate.classifier import Classifier, Trained, examples, save, train
from osteocount.pipeline.edits import CLASSIFIER, EDIT_LOG, automatic_cells
from osteocount.pipeline.plan import read_finished


def learn(root: Path) -> Trained:
    """Learn from the accepted and deleted cells of the result folder ``root``; nothing is written.

    Raises
    ------
    OsteoCountError
        No run has finished in ``root``, its log is damaged, or there are too few corrections.
    """
    run = read_finished(root)
    done = [record for record in run.records if record["status"] == "ok"]
    automatic = pd.concat([automatic_cells(run.folder, record) for record in done], ignore_index=True)
    return train(examples(automatic, effective(read_log(root / EDIT_LOG))))


def in_words(trained: Trained) -> str:
    """Say what a classifier gains, and whether that is enough to be adopted."""
    said = (
        f"Balanced accuracy on wells left out: {trained.before:.2f} without, {trained.after:.2f} with the classifier, "
        f"from {trained.classifier.n} corrections."
    )
    return said if trained.useful else f"{said} The gain may be chance; more corrections may help."


def adopt(root: Path, classifier: Classifier) -> None:
    """Let ``classifier`` judge the cells of the result folder ``root`` from now on."""
    save(classifier, root / CLASSIFIER)


def dismiss(root: Path) -> None:
    """Take an adopted classifier back; the corrections stay."""
    (root / CLASSIFIER).unlink(missing_ok=True)
