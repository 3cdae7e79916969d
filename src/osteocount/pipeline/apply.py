"""Make the tables of a finished run again, with the corrections that its log holds now."""

from __future__ import annotations

from pathlib import Path

from osteocount.pipeline.run_folder import Outcome, finish
from osteocount.pipeline.run_inputs import read_finished


def apply_edits(root: Path) -> Outcome:
    """Replay ``edits.jsonl`` of the result folder ``root`` on what the program found, and write all tables anew.

    No picture is read and nothing is segmented. The window and the command both end here, so their tables are the
    same bytes.

    Raises
    ------
    OsteoCountError
        No run has finished in ``root``, or its log is damaged.
    """
    run = read_finished(root)
    return finish(run.folder, list(run.records), run.plan.layout, run.settings, run.plan.about, run.plan.readings)
