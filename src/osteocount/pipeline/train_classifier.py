"""Learn a lab's classifier from the corrections of a result folder; the command and the window both end here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from osteocount.columns import CELLS, NUCLEI
from osteocount.curate import Edit, apply_edit, edits_of, effective, read_log, reviewed_wells
from osteocount.curate.classifier import cell_features, nucleus_features
from osteocount.curate.training import CrossValidated, Examples, TrainedClassifier, judged_cells, judged_nuclei, train
from osteocount.io.run_record import FieldRecord
from osteocount.pipeline.corrections import EDIT_LOG, automatic_table, load_automatic
from osteocount.pipeline.finished_run import FinishedRun, read_finished


def train_classifier(root: Path) -> TrainedClassifier:
    """Learn from the corrections of cells and nuclei in the result folder ``root``; nothing is written.

    Raises
    ------
    OsteoCountError
        No run has finished in ``root``, its log is damaged, or there are too few corrections.
    """
    run = read_finished(root)
    edits = effective(read_log(root / EDIT_LOG))
    records = [record for record in run.records if record.is_done]
    cells, nuclei = (automatic_table(run.folder, records, table) for table in (CELLS, NUCLEI))
    wells = {record.image: " ".join(record.well_key).strip() for record in records}
    of_cells = _examples(cells, judged_cells(cells, edits), wells, lambda: cell_features(cells, nuclei))
    seen = [_seen_nuclei(run, record, nuclei, edits) for record in records]
    of_nuclei = _examples(
        nuclei, pd.concat(seen) if seen else nuclei.iloc[:0], wells, lambda: nucleus_features(cells, nuclei)
    )
    return train(of_cells, of_nuclei)


def describe_training(trained: TrainedClassifier) -> str:
    """Say what was learned, and whether that is enough to be adopted."""
    return " ".join(_said(name, part) for name, part in trained.parts().items())


def _said(name: str, part: CrossValidated) -> str:
    wrong, found, right, lost = (int(part.by_well[column].sum()) for column in part.by_well.columns[1:])
    said = (
        f"On wells left out, {found} of {wrong} wrong {name} are found and {lost} of {right} right ones are lost "
        f"({part.gain:.0%} fewer errors)."
    )
    return said if part.useful else f"{said} That may be chance, so {name} are left as they are."


def _seen_nuclei(run: FinishedRun, record: FieldRecord, nuclei: pd.DataFrame, edits: list[Edit]) -> pd.DataFrame:
    """Return the nuclei of one picture that a person judged; its label image is read only where somebody did."""
    own = edits_of(edits, record.plate, record.image)
    is_done = record.well_key in reviewed_wells(edits)
    rows: pd.DataFrame = nuclei[nuclei["image"] == record.image]
    if not own and not is_done:
        return rows.iloc[:0].assign(is_real=False)
    field = load_automatic(run.folder, record, run.settings).field()
    for edit in own:
        apply_edit(field, edit)
    return judged_nuclei(rows, field, is_done=is_done)


def _examples(
    table: pd.DataFrame, judged: pd.DataFrame, wells: dict[str, str], features: Callable[[], NDArray[np.float64]]
) -> Examples:
    """Return the judged rows of ``table``; right ones stand for those of their wells that nobody looked at."""
    real = judged["is_real"].to_numpy(bool)
    places = judged["image"].map(wells).to_numpy(str)
    if not len(judged):
        return Examples(np.zeros((0, 1)), real, places)
    n_all = int(table["image"].map(wells).isin(set(places.tolist())).sum())
    weight = max(1.0, (n_all - int((~real).sum())) / max(1, int(real.sum())))
    return Examples(features()[judged.index.to_numpy()], real, places, weight)
