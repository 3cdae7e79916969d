"""The result folder as one page that needs nothing else."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from pydantic import ValidationError

from osteocount.errors import OsteoCountError
from osteocount.io.files import atomic_write
from osteocount.io.result_folder import REPORT, REPORT_PDF
from osteocount.report import number_format, page_tables, sentences
from osteocount.report.figures import comparison_figures, plate_maps, remove_figures
from osteocount.report.methods import citations, methods, model_hashes
from osteocount.report.notices import NO_COMPARISON, Notice, notices, of_comparison
from osteocount.report.overlays import MAX_THUMBNAILS, caption, gallery
from osteocount.report.results import Results, read_results
from osteocount.sample_words import PLURALS, in_words_of
from osteocount.settings import ComparisonSettings
from osteocount.stats.plain_words import endpoint_name

if TYPE_CHECKING:
    from osteocount.stats import Comparison

TEMPLATE, SCRIPT = "report.html.j2", "report.js"
FILES = ("wells.csv", "cells.csv", "nuclei.csv", "comparisons.csv", "donor_values.csv", "results.xlsx", "run.json")
"""Files of the folder that the page links to."""


def write_report(folder: Path, comparison: Comparison | None = None) -> Path:
    """Write ``report.html`` into a finished result folder; a ``report.pdf`` of another page than this is removed.

    Parameters
    ----------
    folder
        What ``osteocount run`` or ``osteocount count`` wrote.
    comparison
        The comparison behind ``comparisons.csv``; computed again from ``wells.csv`` when not given.

    Returns
    -------
    Path
        The page: self-contained, the same bytes for the same folder; its one script sorts tables and shows hints, and
        the page can be read without it. Its figures also lie in ``figures/``.

    Raises
    ------
    OsteoCountError
        The folder lacks a table or holds one that cannot be read.
    """
    results = read_results(Path(folder))
    remove_figures(results.folder)
    settings = comparison_settings(results)
    about_statistics: list[Notice] = []
    if comparison is None and results.comparisons is not None and not results.comparisons.empty:
        comparison, about_statistics = _compare_again(results, settings)
    if comparison is not None:
        about_statistics += of_comparison(comparison, settings.primary_endpoint)
    page = _render(_context(results, settings, comparison, tuple(about_statistics)))
    target = results.folder / REPORT
    if not (target.is_file() and target.read_bytes() == page.encode()):
        (results.folder / REPORT_PDF).unlink(missing_ok=True)  # rather none than one of other numbers
    with atomic_write(target) as draft:
        draft.write_text(page, encoding="utf-8", newline="\n")
    return target


def comparison_settings(results: Results) -> ComparisonSettings:
    """Return the comparison settings of the run; the defaults where an older or newer version wrote others."""
    try:
        return ComparisonSettings.model_validate(results.run.settings.get("comparison", {}))
    except ValidationError:
        return ComparisonSettings()


def _compare_again(results: Results, settings: ComparisonSettings) -> tuple[Comparison | None, list[Notice]]:
    from osteocount.stats import compare

    try:
        return compare(results.wells, control=settings.control, settings=settings), []
    except OsteoCountError as error:
        return None, [Notice("grave", f"{NO_COMPARISON} figures: {error}")]


def _context(
    results: Results, settings: ComparisonSettings, comparison: Comparison | None, statistics: tuple[Notice, ...]
) -> dict[str, Any]:
    """Return all that the template prints."""
    say = partial(in_words_of, results.sample_word)
    arms = page_tables.arm_of_wells(results.wells)
    order = page_tables.arm_order(results, arms, comparison)
    said = notices(results, statistics, settings.primary_endpoint)
    figures = comparison_figures(results, comparison, settings.primary_endpoint, arms, order)
    return {
        **_of_run(results, say),
        **_of_comparison(results, settings.primary_endpoint, say),
        "notices": [replace(one, text=say(one.text), items=tuple(map(say, one.items))) for one in said],
        "figures": [replace(figure, title=say(figure.title), text=say(figure.text)) for figure in figures],
        "design": say(str(comparison.design)) if comparison is not None else "",
        "arms": page_tables.arm_table(results, arms, order),
        "wells": {
            key: replace(table, headings=list(map(say, table.headings)))
            for key, table in page_tables.wells_tables(results.wells, arms).items()
        },
        "overlays": gallery(results, _captions(results, arms, say)),
    }


def _of_run(results: Results, say: Callable[[str], str]) -> dict[str, Any]:
    """Return what was counted, and how."""
    run = results.run
    return {
        "word": results.sample_word,
        "words": PLURALS[results.sample_word],
        "run": run,
        "folder": results.folder.name,
        "by_size": any(entry.nuclei_resolved is False for entry in run.inputs),
        "flags": page_tables.flagged_cells(results),
        "key_numbers": page_tables.key_numbers(results),
        "settings": page_tables.setting_rows(run.settings),
        "least": results.min_nuclei,
        "plate_maps": plate_maps(results),
        "plate_quality": page_tables.quality_table(results.wells),
        "files": [name for name in FILES if (results.folder / name).is_file()],
        "max_thumbnails": MAX_THUMBNAILS,
        "methods": say(methods(results)),
        "citations": citations(results),
        "model_hashes": model_hashes(results),
        "seconds_per_picture": page_tables.median_seconds(run.inputs),
        "pictures": page_tables.pictures(run.inputs),
    }


def _of_comparison(results: Results, primary: str, say: Callable[[str], str]) -> dict[str, Any]:
    """Return what the table of comparisons says; without one what there is to say of that."""
    table = results.comparisons
    return {
        "answer": sentences.headline(table, primary, say(page_tables.total_text(results))),
        "primary": endpoint_name(primary),
        "contrasts": page_tables.contrasts(table, primary),
        "matrix": page_tables.endpoint_matrix(table, primary),
        "comparison_table": page_tables.comparison_table(table),
        "formulas": [(name, say(formula)) for name, formula in page_tables.endpoint_formulas(results)],
    }


def _captions(results: Results, arms: pd.Series, say: Callable[[str], str]) -> dict[tuple[str, str], str]:
    """Return a line on every well, by plate and well; a picture without a well stands for itself."""
    wells = results.wells.assign(
        plate=results.wells["plate"].fillna(""), well=results.wells["well"].fillna(results.wells.get("image", ""))
    )
    lines = [say(caption(row, arm)) for (_, row), arm in zip(results.wells.iterrows(), arms, strict=True)]
    return dict(zip(wells[["plate", "well"]].itertuples(index=False, name=None), lines, strict=True))


def _render(context: dict[str, Any]) -> str:
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    def drawing(svg: str) -> Markup:
        return Markup(svg)  # noqa: S704 - our own figures, whose texts matplotlib has escaped

    environment = Environment(
        loader=PackageLoader("osteocount", "report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip
    environment.filters |= {"rounded": number_format.rounded, "drawing": drawing}
    script = files("osteocount.report").joinpath(SCRIPT).read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    trusted = Markup(script)  # noqa: S704 - our own file
    return environment.get_template(TEMPLATE).render(context, script=trusted, script_hash=digest)
