"""The results of a run: tables, comparison, workbook, run record and report, from its finished fields."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import pandas as pd

from osteocount.columns import CELLS, CELLS_SUMMARY, COMPARISONS, DONOR_VALUES, NUCLEI, NUCLEI_CLASSES
from osteocount.errors import OsteoCountError
from osteocount.io.files import file_hash, remove, write_json, written_together
from osteocount.io.result_folder import REPORT, REPORT_PDF, RUN_RECORD
from osteocount.io.run_record import FieldRecord
from osteocount.io.tables import write_table, write_workbook
from osteocount.io.writer_lock import only_writer
from osteocount.pipeline.corrections import EDIT_LOG, automatic_table, classifier_record, edit_tables
from osteocount.pipeline.finished_run import FinishedRun, read_finished, write_inputs
from osteocount.pipeline.wells_table import assemble_wells, bad_wells
from osteocount.plate.plate_quality import plate_quality
from osteocount.sample_words import WELL, in_words_of, sample_word
from osteocount.settings import Settings, help_text
from osteocount.stats import Comparison, compare
from osteocount.version import __version__

LIBRARIES = ("numpy", "scipy", "pandas", "scikit-image", "opencv-python-headless", "tifffile", "imagecodecs")
"""Numbers may depend on these; their versions are recorded."""

_COMPARED = ("cells.csv", "nuclei.csv", "wells.csv", "comparisons.csv", "donor_values.csv")
"""Tables with the same bytes whenever the same goes in."""

_WAIT_S = 20.0
"""So long the tables wait for those of an earlier correction, which the window may still be writing."""

README = (
    ("wells", "One row per well: what happened to it and its numbers. The same as wells.csv."),
    ("cells summary", "Per well: how many counted TRAP-positive cells have how many nuclei, and how large they are."),
    ("plates", "Per plate and measure: how well its controls are told apart (Z′, SSMD), edge, rows and columns."),
    ("comparisons", "One row per endpoint and contrast. The same as comparisons.csv; empty without a layout."),
    ("donor values", "One row per endpoint and donor, one column per arm, to paste into Prism. As donor_values.csv."),
    ("settings", "Every setting of this run, with its meaning."),
    ("empty cells", "A value that is not known is empty, never 0."),
    ("every cell", "cells.csv and nuclei.csv hold every single cell and nucleus; Excel would be too slow for them."),
    ("made by", f"OsteoCount {__version__}"),
)


@dataclass(frozen=True)
class Outcome:
    """What a run gave.

    Attributes
    ----------
    folder
        The result folder.
    wells
        The table of ``wells.csv``.
    comparison
        The comparison of arms; None without a layout or when it was refused.
    bad_wells
        One sentence for every well that was not done as asked.
    warnings
        Sentences for the person at the screen.
    """

    folder: Path
    wells: pd.DataFrame
    comparison: Comparison | None
    bad_wells: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def exit_code(self) -> int:
        """0: all done; 3: done, but some wells are not; 1: no picture could be done."""
        if not self.wells["n_fields"].fillna(0).sum():
            return 1
        return 3 if self.bad_wells else 0


def apply_edits(root: Path) -> Outcome:
    """Replay ``edits.jsonl`` of the result folder ``root`` on what the program found, and write all tables anew.

    No picture is read and nothing is segmented. The window and the command both end here, so their tables are the
    same bytes.

    Raises
    ------
    OsteoCountError
        No run has finished in ``root``, its log is damaged, or another run writes there.
    """
    run = read_finished(root)
    with only_writer(run.folder.lock, wait_s=_WAIT_S):
        return write_results(run)


def write_results(run: FinishedRun) -> Outcome:
    """Put the finished fields together, with corrections by a person: tables, comparison, record and report.

    Tables and record take their names together, so that a folder never holds those of two runs.
    """
    folder = run.folder
    with written_together() as drafts:
        outcome = _write_tables(run)
        _write_record(run, outcome.warnings, drafts)
        # A page of the numbers before, beside new tables, would be worse than none if it cannot be written anew.
        for page in (REPORT, REPORT_PDF):
            remove(folder.root / page)
    from osteocount.report import write_report  # brings matplotlib, which a worker process never needs

    write_report(folder.root, outcome.comparison)
    return outcome


def _write_tables(run: FinishedRun) -> Outcome:
    folder, settings, has_layout = run.folder, run.settings, run.inputs.layout is not None
    write_inputs(run.inputs, folder)
    automatic, nuclei = (automatic_table(folder, run.records, table) for table in (CELLS, NUCLEI))
    edited = edit_tables(folder, run.records, automatic, nuclei, settings)
    write_table(edited.cells, folder.root / "cells.csv")
    write_table(edited.nuclei, folder.root / "nuclei.csv")
    wells, no_b_score = assemble_wells(
        run, edited.cells, automatic, edited.edits, classified=edited.n_left_out is not None
    )
    write_table(wells, folder.root / "wells.csv")
    comparison, refusal = _compare(wells, settings) if has_layout else (None, ())
    word = sample_word(wells["well"].fillna("").astype(str))
    contrasts = comparison.table if comparison else pd.DataFrame(columns=list(COMPARISONS.names))
    if word != WELL:
        contrasts = contrasts.assign(notes=[in_words_of(word, str(note)) for note in contrasts["notes"].fillna("")])
    if has_layout:
        write_table(contrasts, folder.root / "comparisons.csv", COMPARISONS.formats)
    donors = comparison.donor_table() if comparison else pd.DataFrame(columns=[*DONOR_VALUES.names[:3]])
    if has_layout:
        write_table(donors, folder.root / "donor_values.csv")
    write_workbook(workbook(wells, edited.cells, contrasts, donors, settings), folder.root / "results.xlsx")
    notes = (*run.about.notes, *edited.notes, *no_b_score)
    said = (*notes, *_shared_warnings(run.records), *refusal, *(comparison.warnings if comparison else ()))
    warnings = tuple(in_words_of(word, text) for text in said)
    bad = tuple(in_words_of(word, text) for text in bad_wells(wells))
    return Outcome(folder.root, wells, comparison, bad, warnings)


def _write_record(run: FinishedRun, warnings: tuple[str, ...], drafts: Mapping[Path, Path]) -> None:
    """Write ``run.json``: what was counted, with which settings, classifier and libraries, and what was said.

    ``drafts`` are the tables that are about to take their names.
    """
    edits = run.folder.root / EDIT_LOG
    hashes = {name: digest for name, digest in run.about.hashes.items() if name != "edits"}
    made_now = {
        "osteocount": __version__,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "settings": run.settings.model_dump(mode="json"),
        "classifier": classifier_record(run.folder.root),
        "inputs": tuple(record for record in run.records if record.is_done),
        "failed": tuple(record for record in run.records if not record.is_done),
        "libraries": {name: version(name) for name in LIBRARIES} | {"python": platform.python_version()},
        "warnings": warnings,
        "seed": 0,
        "hashes": hashes | ({"edits": file_hash(edits)} if edits.is_file() else {}),
        "results": {path.name: file_hash(draft) for path, draft in drafts.items() if path.name in _COMPARED},
    }
    write_json(run.about.model_copy(update=made_now).model_dump(), run.folder.root / RUN_RECORD)


def _compare(wells: pd.DataFrame, settings: Settings) -> tuple[Comparison | None, tuple[str, ...]]:
    try:
        return compare(wells, settings=settings.comparison), ()
    except OsteoCountError as error:
        return None, (f"No comparison: {error}",)


def _shared_warnings(records: Sequence[FieldRecord]) -> list[str]:
    """Warnings of the pictures, each once, with how many pictures it concerns."""
    done = [record for record in records if record.is_done]
    counts = Counter(warning for record in done for warning in record.warnings)
    return [text if n == 1 == len(done) else f"{n} of {len(done)} pictures: {text}" for text, n in counts.items()]


def workbook(
    wells: pd.DataFrame, cells: pd.DataFrame, comparisons: pd.DataFrame, donors: pd.DataFrame, settings: Settings
) -> dict[str, pd.DataFrame]:
    """Return the sheets of ``results.xlsx`` by title."""
    return {
        "readme": pd.DataFrame(README, columns=["what", "meaning"]),
        "wells": wells,
        "cells summary": cells_summary(cells),
        "plates": plate_quality(wells),
        "comparisons": comparisons,
        "donor values": donors,
        "settings": _settings(settings),
    }


def cells_summary(cells: pd.DataFrame) -> pd.DataFrame:
    """Count the cells of every well by their number of nuclei: the columns of `CELLS_SUMMARY`.

    Cells whose nuclei are not resolved have a column of their own and are in no class.
    """
    rows = []
    for (plate, well), own in cells[cells["counted"].astype(bool)].groupby(["plate", "well"], sort=True, dropna=False):
        nuclei, area = own["n_nuclei"], own["area_um2"]
        classes = [int(nuclei.between(*interval).sum()) for interval in NUCLEI_CLASSES.values()]
        unclassed = int((nuclei == 0).sum()), int(nuclei.isna().sum())
        values = (plate, well, len(own), *classes, *unclassed, area.quantile(0.5), area.quantile(0.9))
        rows.append(dict(zip(CELLS_SUMMARY.names, values, strict=True)))
    return pd.DataFrame(rows)


def _settings(settings: Settings) -> pd.DataFrame:
    rows = []
    for section in type(settings).model_fields:
        values = getattr(settings, section)
        for name, info in type(values).model_fields.items():
            value = values.model_dump(mode="json")[name]
            text = "; ".join(map(str, value)) if isinstance(value, list) else value
            rows.append((section, name, text, help_text(info)))
    return pd.DataFrame(rows, columns=["section", "setting", "value", "meaning"])
