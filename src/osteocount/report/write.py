"""The result folder as one page that needs nothing else."""

from __future__ import annotations

import base64
import hashlib
import shutil
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from pydantic import ValidationError

from osteocount.errors import OsteoCountError
from osteocount.io.files import atomic_write
from osteocount.io.result_folder import REPORT
from osteocount.report import number_format, page_tables, sentences
from osteocount.report.figures import FIGURES, comparison_figures, plate_maps
from osteocount.report.methods import citations, methods, model_hashes
from osteocount.report.notices import NO_COMPARISON, Notice, notices, of_comparison
from osteocount.report.overlays import MAX_THUMBNAILS, caption, gallery
from osteocount.report.page_tables import setting_rows
from osteocount.report.results import Results, read_results
from osteocount.sample_words import PLURALS, in_words_of
from osteocount.settings import ComparisonSettings

if TYPE_CHECKING:
    from osteocount.stats import Comparison

TEMPLATE, SCRIPT = "report.html.j2", "report.js"
FILES = ("wells.csv", "cells.csv", "nuclei.csv", "comparisons.csv", "donor_values.csv", "results.xlsx", "run.json")
"""Files of the folder that the page links to."""


def write_report(folder: Path, comparison: Comparison | None = None) -> Path:
    """Write ``report.html`` into a finished result folder.

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
    shutil.rmtree(results.folder / FIGURES, ignore_errors=True)  # one that is drawn no more must not stay
    settings = comparison_settings(results)
    about_statistics: list[Notice] = []
    if comparison is None and results.comparisons is not None and not results.comparisons.empty:
        comparison, about_statistics = _compare_again(results, settings)
    if comparison is not None:
        about_statistics += of_comparison(comparison, settings.primary_endpoint)
    page = _render(_context(results, settings, comparison, tuple(about_statistics)))
    target = results.folder / REPORT
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
    by_size = any(entry.nuclei_resolved is False for entry in results.run.inputs)
    arms = page_tables.arm_of_wells(results.wells)
    order = page_tables.arm_order(results, arms, comparison)
    captions = {
        (str(row["plate"]) if number_format.is_known(row["plate"]) else "", _well(row)): in_words_of(
            results.sample_word, caption(row, arm)
        )
        for (_, row), arm in zip(results.wells.iterrows(), arms, strict=True)
    }
    word = results.sample_word
    return {
        "word": word,
        "words": PLURALS[word],
        "run": results.run,
        "folder": results.folder.name,
        "answer": sentences.headline(
            results.comparisons, settings.primary_endpoint, in_words_of(word, page_tables.total_text(results))
        ),
        "by_size": by_size,
        "notices": [
            replace(
                notice,
                text=in_words_of(word, notice.text),
                items=tuple(in_words_of(word, item) for item in notice.items),
            )
            for notice in notices(results, statistics, settings.primary_endpoint)
        ],
        "flags": page_tables.flagged_cells(results),
        "key_numbers": page_tables.key_numbers(results),
        "settings": setting_rows(results.run.settings),
        "arms": page_tables.arm_table(results, arms, order),
        "plate_maps": plate_maps(results),
        "plate_quality": page_tables.quality_table(results.wells),
        "figures": [
            replace(figure, title=in_words_of(word, figure.title), text=in_words_of(word, figure.text))
            for figure in comparison_figures(results, comparison, settings.primary_endpoint, arms, order)
        ],
        "primary": sentences.endpoint_name(settings.primary_endpoint),
        "contrasts": page_tables.contrasts(results.comparisons, settings.primary_endpoint),
        "matrix": page_tables.endpoint_matrix(results.comparisons, settings.primary_endpoint),
        "comparison_table": page_tables.comparison_table(results.comparisons),
        "design": in_words_of(word, str(comparison.design)) if comparison is not None else "",
        "formulas": [(name, in_words_of(word, formula)) for name, formula in page_tables.endpoint_formulas(results)],
        "least": results.run.settings.get("count", {}).get("min_nuclei"),
        "files": [name for name in FILES if (results.folder / name).is_file()],
        "wells": {
            key: replace(table, headings=[in_words_of(word, heading) for heading in table.headings])
            for key, table in page_tables.wells_tables(results.wells, arms).items()
        },
        "overlays": gallery(results, captions),
        "max_thumbnails": MAX_THUMBNAILS,
        "methods": in_words_of(word, methods(results)),
        "citations": citations(results),
        "model_hashes": model_hashes(results),
        "seconds_per_picture": page_tables.median_seconds(results.run.inputs),
        "pictures": page_tables.pictures(results.run.inputs),
    }


def _well(row: pd.Series) -> str:
    return str(row["well"] if number_format.is_known(row["well"]) else row.get("image", ""))


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
