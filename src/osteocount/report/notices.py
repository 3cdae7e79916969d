"""What a reader must know before believing the numbers, gravest first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import pandas as pd

from osteocount.report.grouping import grouped
from osteocount.report.number_format import is_known, listed, plural, rounded, whole_number
from osteocount.report.results import Results
from osteocount.report.sentences import well_name
from osteocount.stats.contrasts import contrast_title
from osteocount.stats.left_out_wells import LEFT_OUT_BY_STATUS
from osteocount.stats.plain_words import contrast_name, in_words
from osteocount.stats.sentences import REFUSED, WITHIN_DONOR

Level = Literal["grave", "warning", "note"]

if TYPE_CHECKING:
    from osteocount.stats import Comparison

# Above this share of borderline cells among the osteoclasts, the count hangs on nuclei a person should look at.
# A convention: no measurement behind the tenth is recorded.
BORDERLINE_SHARE = 0.1

ONE_DONOR = (
    "One donor only: there is no p value and no confidence interval for other donors. The ratios below describe this "
    "donor. Repeat the experiment with 3 donors or more."
)
NO_COMPARISON = "No comparison"

STATUS_TEXTS: dict[str, tuple[Level, str]] = {
    "incomplete": ("warning", "counted from some of their pictures only"),
    "no_picture": ("warning", "in the layout, but without a picture"),
    "not_in_layout": ("warning", "with a picture, but not in the layout: counted, not compared"),
    "excluded": ("note", "excluded"),
}


@dataclass(frozen=True)
class Notice:
    """One thing to know.

    Attributes
    ----------
    level
        ``grave``: part of the answer is missing; ``warning``: read the answer with this in mind; ``note``: good to
        know.
    text
        One or two sentences.
    items
        The wells, pictures or cells it is about.
    """

    level: Level
    text: str
    items: tuple[str, ...] = ()


def notices(results: Results, statistics: tuple[Notice, ...], primary: str) -> list[Notice]:
    """Collect every warning of the run, those of the comparison (``statistics``) included, gravest first."""
    found = [
        *_changed(results),
        *_failed(results),
        *_nothing_counted(results),
        *_nuclei_not_resolved(results),
        *_pixel_size(results),
        *statistics,
        *_borderline(results),
        *_wells_by_status(results),
        *_quality_flags(results),
        *_from_run(results, {text for notice in statistics for text in (notice.text, *notice.items)}, primary),
        *_edits(results),
    ]
    order = ("grave", "warning", "note")
    found = [one for one in found if LEFT_OUT_BY_STATUS not in one.text]  # wells by their status are said above
    said = [Notice(one.level, sentence_case(in_words(one.text)), tuple(map(in_words, one.items))) for one in found]
    unique = dict.fromkeys(said)
    return sorted(unique, key=lambda notice: order.index(notice.level))


def sentence_case(text: str) -> str:
    """Begin with a capital, unless the first word is a name with capitals inside or an underscore (rhIL-32)."""
    word = text.split(" ", 1)[0]
    return text[:1].upper() + text[1:] if word.isalpha() and word.islower() else text


def of_comparison(comparison: Comparison, primary: str) -> list[Notice]:
    """Warnings and refusals of the comparison; those of secondary endpoints in one notice."""
    found = []
    if (comparison.table["verdict"] == WITHIN_DONOR).any():
        found.append(Notice("grave", ONE_DONOR))
    table = comparison.table
    refused = table[(table["endpoint"] == primary) & (table["verdict"] == REFUSED)]
    if len(refused):
        names = listed([contrast_name(str(name)) for name in refused["contrast"]])
        why = "The comparison says why, and what stands instead."
        found.append(Notice("grave", f"Could not be tested on the primary endpoint: {names}. {why}"))
    others = set(comparison.donor_values["endpoint"]) - {primary}
    minor = [text for text in comparison.warnings if text.startswith(tuple(others))]
    major = [text.removeprefix(f"{primary}: ") for text in comparison.warnings if text not in minor]
    minor = [text for text in minor if text.partition(": ")[2] not in major]  # what holds for all is said once
    contrasts = tuple(f"{contrast_title(name)}: " for name in comparison.table["contrast"].unique())
    disagree = tuple(text for text in major if text.startswith(contrasts))
    found += [Notice("warning", text) for text in major if text not in disagree]
    if disagree:
        found.append(Notice("warning", "The two tests of the primary endpoint do not agree everywhere.", disagree))
    if minor:
        found.append(Notice("warning", "Some secondary endpoints have warnings of their own.", tuple(minor)))
    return found


def _failed(results: Results) -> Iterator[Notice]:
    wells = results.wells[results.wells["status"] == "failed"]
    reasons = wells["status_reason"] if "status_reason" in wells else pd.Series(pd.NA, index=wells.index)
    items = [f"{well_name(row)}: {_reason(reason)}" for (_, row), reason in zip(wells.iterrows(), reasons, strict=True)]
    shown = {str(name) for name in wells["well"].dropna()}
    pictures = [
        f"{failed.image or failed.well or 'a picture without a name'}: {failed.reason or 'no reason was recorded'}"
        for failed in results.run.failed
        if failed.well not in shown
    ]
    if items:
        yield Notice("grave", f"{plural(len(items), 'well')} failed and {_is(items)} in no number below.", tuple(items))
    if pictures:
        yield Notice(
            "grave", f"{plural(len(pictures), 'picture')} could not be counted and {_is(pictures)} in no number below.",
            tuple(pictures),
        )  # fmt: skip


def _nothing_counted(results: Results) -> Iterator[Notice]:
    done = results.counted_wells
    if done.empty:
        yield Notice("grave", "No well could be counted, so this report holds no result.")
    elif not done["n_osteoclasts"].fillna(0).any():
        yield Notice(
            "grave", "No osteoclast was found in any well. Look at the overlays before believing it: the TRAP "
            "threshold or the pixel size may be wrong.",
        )  # fmt: skip


def _nuclei_not_resolved(results: Results) -> Iterator[Notice]:
    blind = [entry.image for entry in results.run.inputs if entry.nuclei_resolved is False]
    if blind:
        pictures = len(results.run.inputs)
        where = _of(len(blind), pictures, "picture").replace("every", "any")
        yield Notice(
            "grave",
            f"Nuclei could not be seen in {where}. There, osteoclasts were called by size, appearance and TRAP, which "
            "is not the usual definition; no nucleus was counted, and the columns for nuclei are empty.",
            tuple(blind) if len(blind) < len(results.run.inputs) else (),
        )


def _changed(results: Results) -> Iterator[Notice]:
    if results.changed:
        yield Notice(
            "grave",
            "Tables of this folder are not as OsteoCount wrote them: another program changed them, or they are of "
            "another run. What follows may be neither what was counted nor of one experiment; `osteocount apply-edits` "
            "writes them anew, as counted and corrected.",
            results.changed,
        )


def _pixel_size(results: Results) -> Iterator[Notice]:
    inputs = results.run.inputs
    unknown = [entry for entry in inputs if entry.pixel_size_um is None]
    if unknown:
        reasons = sorted({entry.pixel_size_origin.removeprefix("unknown: ") for entry in unknown} - {""})
        yield Notice(
            "warning",
            f"The pixel size is unknown for {_of(len(unknown), len(inputs), 'picture')}"
            f"{' (' + '; '.join(reasons[:3]) + ')' if reasons else ''}. Areas and densities in µm or mm² are left "
            "empty there. Run again with --pixel-size to fill them.",
        )
    sizes = sorted({entry.pixel_size_um for entry in inputs if entry.pixel_size_um is not None})
    if len(sizes) > 1:
        yield Notice(
            "warning",
            f"Pictures have {len(sizes)} different pixel sizes, from {rounded(sizes[0])} to {rounded(sizes[-1])} µm. "
            "Cells and nuclei are found less well at coarse sampling; do not compare arms taken at different sizes.",
        )


def _borderline(results: Results) -> Iterator[Notice]:
    """Cells whose class flips inside the interval of their nuclei."""
    counted = results.cells[results.cells["counted"].astype(bool)]
    if "flags" not in counted:
        return
    flags = counted["flags"].fillna("").str.split(";")
    borderline = int(flags.map(lambda words: "borderline" in words).sum())
    osteoclasts = int(counted["is_osteoclast"].astype(bool).sum())
    if borderline and borderline > BORDERLINE_SHARE * osteoclasts:
        yield Notice(
            "warning",
            f"{plural(borderline, 'cell')} {'is' if borderline == 1 else 'are'} borderline, against "
            f"{plural(osteoclasts, 'osteoclast')}: within the uncertainty of the nuclei count each could be an "
            f"osteoclast or not. {_range(results, counted)}They are marked in the overlays; a look at them in napari "
            "settles it.",
        )


def _range(results: Results, counted: pd.DataFrame) -> str:
    least = results.min_nuclei
    if least is None or not {"n_nuclei_low", "n_nuclei_high"} <= set(counted.columns):
        return ""
    low, high = ((counted[name] >= least).sum() for name in ("n_nuclei_low", "n_nuclei_high"))
    return f"If all fell on one side the total would be {whole_number(low)} or {whole_number(high)}. "


def _wells_by_status(results: Results) -> Iterator[Notice]:
    for status, rows in results.wells.groupby("status", sort=True):
        if status in ("ok", "failed"):
            continue
        level, words = STATUS_TEXTS.get(str(status), ("warning", f"with the status “{status}”"))
        items = [_well_with_reason(row) for _, row in rows.iterrows()]
        yield Notice(level, f"{plural(len(rows), 'well')} {words}.", tuple(items))


def _quality_flags(results: Results) -> Iterator[Notice]:
    """Name flags of wells that no picture explains in a sentence."""
    if "qc_flags" not in results.wells:
        return
    by_flag: dict[str, list[str]] = defaultdict(list)
    explained = {flag for entry in results.run.inputs for flag in entry.qc_flags if entry.warnings}
    for _, row in results.counted_wells.iterrows():
        for flag in str(row["qc_flags"]).split(";") if is_known(row["qc_flags"]) else []:
            if flag.strip() not in explained:
                by_flag[flag.strip()].append(well_name(row))
    for flag, names in sorted(by_flag.items()):
        yield Notice(
            "warning", f"Quality flag “{flag.replace('_', ' ')}” on {plural(len(names), 'well')}.", tuple(names)
        )


def _from_run(results: Results, already: set[str], primary: str) -> Iterator[Notice]:
    """Warnings in ``run.json``; those of pictures by their kind, with the pictures' names; the rest as they are."""
    inputs = results.run.inputs
    of_pictures = tuple(text for entry in inputs for text in entry.warnings)
    for text in results.run.warnings:
        # What holds for the primary endpoint too is said once, without the name of another.
        is_said = bool({text, text.removeprefix(f"{primary}: "), text.partition(": ")[2]} & already)
        # The run repeats what its pictures say, with their number before it.
        if not is_said and not (of_pictures and text.endswith(of_pictures)):
            yield Notice("grave" if text.startswith(NO_COMPARISON) else "warning", text)
    said = [
        (text, entry.image)
        for entry in inputs
        for text in entry.warnings
        if not (entry.pixel_size_um is None and text.startswith("The pixel size is unknown"))
    ]
    for text, images in grouped(said):
        where = "" if len(images) == 1 else f" ({len(images)} of {plural(len(inputs), 'picture')})"
        yield Notice("warning", f"{text}{where}", images)


def _edits(results: Results) -> Iterator[Notice]:
    if results.n_edits:
        yield Notice(
            "note", f"A person corrected this result: {plural(results.n_edits, 'edit')} in edits.jsonl, contained in "
            "every number below. Overlays still show what was found automatically; labels/ holds the corrected cells.",
        )  # fmt: skip


def _well_with_reason(row: pd.Series) -> str:
    reason = row.get("status_reason")
    return f"{well_name(row)}: {reason}" if is_known(reason) else well_name(row)


def _reason(text: object) -> str:
    return str(text) if is_known(text) else "no reason was recorded"


def _is(items: list[str]) -> str:
    return "is" if len(items) == 1 else "are"


def _of(part: int, whole: int, noun: str) -> str:
    if part == whole:
        return f"every {noun}" if whole > 1 else f"the {noun}"
    return f"{part} of {plural(whole, noun)}"
