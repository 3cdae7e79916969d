"""What a run is asked to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from osteocount.io.result_folder import IfPresent
from osteocount.pipeline.absorbance import AbsorbanceInput
from osteocount.pipeline.exports import Export
from osteocount.pipeline.limits import Limits
from osteocount.settings import Settings


@dataclass(frozen=True)
class RunRequest:
    """Pictures to count, and where and how: one request for the command line, the window and scripts.

    Attributes
    ----------
    source
        A picture or a folder of pictures, of one plate or several.
    out
        The result folder.
    settings
        All settings.
    layout
        The plate layout; without it there is no comparison. A sample sheet is taken for one too.
    samples
        A sample sheet, for pictures whose names hold no well; instead of a layout.
    treatment_column
        Heading of the treatments in the layout or the sample sheet, where it is not called so.
    readers
        Exports of a plate reader for the same plate; they need a layout.
    pattern
        A regular expression for file names, or for paths with groups such as ``donor`` and ``treatment``.
    plate_wells
        Wells of the plate of the layout; without it the smallest plate that holds them all.
    exports
        Further forms of the results: ``ome-zarr``, ``cellprofiler``.
    workers
        Processes that share the pictures. The tables do not depend on it.
    scheduler
        Address of a dask.distributed cluster that does the pictures instead of ``workers``.
    classifier
        A lab's own judge of cells, as `osteocount train` writes; the result folder keeps a copy, which later runs
        with ``resume`` or ``overwrite`` go on using.
    if_present
        What to do when ``out`` already holds a run.
    limits
        What one picture may take; see `process_all`.
    """

    source: Path
    out: Path
    settings: Settings = field(default_factory=Settings)
    layout: Path | None = None
    samples: Path | None = None
    treatment_column: str = ""
    readers: Sequence[AbsorbanceInput] = ()
    pattern: str | None = None
    plate_wells: int | None = None
    exports: Sequence[Export] = ()
    workers: int = 1
    scheduler: str | None = None
    classifier: Path | None = None
    if_present: IfPresent = "refuse"
    limits: Limits | None = None
