"""Which wells there are, what happened to each, and its numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from osteocount.columns import WELL_NUMBERS, WELLS_START, names_of
from osteocount.curate import Edit
from osteocount.errors import OsteoCountError
from osteocount.io.run_record import FieldRecord
from osteocount.measure import summarise
from osteocount.names import fold
from osteocount.pipeline.absorbance import join_absorbance
from osteocount.pipeline.corrections import edit_wells
from osteocount.pipeline.finished_run import FinishedRun
from osteocount.plate.plate_quality import add_normalised
from osteocount.wells import LEFT_OUT_ROLES

BAD_STATUS = ("failed", "incomplete", "no_picture", "not_in_layout")
"""Of wells that were not done as asked; the others are ``ok`` and ``excluded``."""


def place_layout(layout: pd.DataFrame | None, plates: list[str]) -> pd.DataFrame | None:
    """Layout rows with the plate names of the pictures.

    A layout of one plate is that of the one plate there is, whatever either calls it; of several plates, names that
    differ only in how they are spelled are one.

    Raises
    ------
    OsteoCountError
        The pictures are of several plates and the layout does not say which one it describes.
    """
    if layout is None:
        return None
    named = sorted(set(layout["plate"]) - {""})
    if len(named) == 1 and len(plates) == 1:
        return layout.assign(plate=plates[0] or named[0])
    if named:
        of_fold = {fold(plate): plate for plate in plates}
        return layout.assign(plate=[of_fold.get(fold(plate), plate) for plate in layout["plate"]])
    if len(plates) > 1:
        raise OsteoCountError(
            f"The pictures are of {len(plates)} plates ({', '.join(plates[:5])}) but the layout has no plate column. "
            "Add a column `plate` with these names."
        )
    return layout.assign(plate=plates[0] or "".join(named) if plates else "")


def assemble_wells(
    run: FinishedRun, cells: pd.DataFrame, automatic: pd.DataFrame, edits: Sequence[Edit], *, classified: bool
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return the table of ``wells.csv``, and notes for the person: from cells to normalised numbers.

    Parameters
    ----------
    run
        Its fields, layout, readings and settings.
    cells, automatic
        Cells of all pictures, corrected and as the program found them.
    edits
        Effective edits.
    classified
        True when a lab's classifier judged the cells.
    """
    min_nuclei = run.settings.count.min_nuclei
    corrected = wells_table(run.records, cells, run.inputs.layout, min_nuclei)
    unchanged = not edits and not classified
    uncorrected = corrected if unchanged else wells_table(run.records, automatic, run.inputs.layout, min_nuclei)
    counted = edit_wells(corrected, uncorrected, edits, classified=classified)
    kept = exclude_flagged(counted, run.settings.qc.exclude_flags)
    kept, mixed = part_regimes(kept, run.records, is_compared=run.inputs.layout is not None)
    joined = join_absorbance(kept, list(run.inputs.readings))
    wells, notes = add_normalised(joined, with_b_score=run.settings.qc.b_score)
    return wells[[*(name for name in wells.columns if name != "qc_flags"), "qc_flags"]], (*mixed, *notes)


def bad_wells(wells: pd.DataFrame) -> Iterator[str]:
    """Say of every well that was not done as asked what happened to it."""
    bad = wells[wells["status"].isin(BAD_STATUS)]
    for plate, well, image, status, reason in bad[["plate", "well", "image", "status", "status_reason"]].to_numpy():
        yield f"{' '.join(filter(None, [plate, well])) or image}: {status.replace('_', ' ')}. {reason}"


def wells_table(
    records: Sequence[FieldRecord], cells: pd.DataFrame, layout: pd.DataFrame | None, min_nuclei: int
) -> pd.DataFrame:
    """One row for every well of the layout or of the input.

    Parameters
    ----------
    records
        One field record per picture, failed ones too.
    cells
        The cells of all pictures.
    layout
        Placed layout rows, or None.
    min_nuclei
        Nuclei that make an osteoclast.

    Returns
    -------
    DataFrame
        The columns of ``wells.csv``, sorted by plate, well and image. A picture that belongs to no well has a row of
        its own, named in ``image``.
    """
    groups: dict[tuple[str, str, str], list[FieldRecord]] = {}
    for record in records:
        image = "" if record.well else record.image
        groups.setdefault((record.plate, record.well, image), []).append(record)
    described = _by_place(layout)
    by_image = dict(tuple(cells.groupby("image", sort=False)))
    nothing = cells.iloc[:0]
    rows = []
    for place in sorted({*groups, *described}):
        fields = groups.get(place, [])
        done = [record for record in fields if record.is_done]
        status, reason = _status(fields, described.get(place), has_layout=layout is not None)
        row: dict[str, Any] = {
            "plate": place[0],
            "well": place[1],
            "status": status,
            "status_reason": reason,
            "image": place[2],
        }
        row |= {name: value for name, value in described.get(place, {}).items() if name not in row}
        own = [by_image[record.image] for record in done if record.image in by_image]
        row |= summarise_fields(pd.concat(own) if own else nothing, done, min_nuclei) if done else {}
        row |= _quality(done)
        row["qc_reasons"] = " ".join(dict.fromkeys(text for record in done for text in record.qc_reasons))
        row["qc_flags"] = ";".join(sorted({flag for record in done for flag in record.qc_flags}))
        rows.append(row)
    numbers = sorted({name for record in records for name in record.qc})
    return pd.DataFrame(rows, columns=_columns(layout, numbers))


def summarise_fields(
    cells: pd.DataFrame, records: Sequence[FieldRecord], min_nuclei: int
) -> dict[str, int | float | None]:
    """Return the numbers of a well, or of one picture, from its cells and the records of its counted fields."""
    facts = [
        {
            "area_px": r.area_px, "analysed_px": r.analysed_px or r.area_px, "pixel_size_um": r.pixel_size_um,
            "nuclei_resolved": r.nuclei_resolved, "guarded": r.counting_frame.get("rule") == "guard zone",
        }
        for r in records
    ]  # fmt: skip
    return summarise(cells, pd.DataFrame(facts), min_nuclei)


def exclude_flagged(wells: pd.DataFrame, flags: tuple[str, ...]) -> pd.DataFrame:
    """Mark wells as excluded that carry one of ``flags``; their numbers stay, the comparison leaves them out."""
    wrong = wells["qc_flags"].map(lambda text: ", ".join(flag for flag in str(text).split(";") if flag in flags))
    hit = (wrong != "") & wells["status"].isin(("ok", "incomplete"))
    if not hit.any():
        return wells
    return _left_out(wells, hit, "Left out by the setting exclude_flags: " + wrong[hit])


def part_regimes(
    wells: pd.DataFrame, records: Sequence[FieldRecord], *, is_compared: bool
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Flag wells of another regime than most, and leave them out of the comparison; also return a sentence on them.

    An osteoclast called by its nuclei and one called by its size are not the same count.
    """
    of_well: dict[tuple[str, str, str], set[str]] = {}
    for record in records:
        if record.is_done and record.regime:
            place = record.plate, record.well, "" if record.well else record.image
            of_well.setdefault(place, set()).add(record.regime)
    seen = [of_well.get(tuple(place), set()) for place in wells[["plate", "well", "image"]].fillna("").to_numpy(str)]
    counted = wells["status"].isin(("ok", "incomplete")).tolist()
    votes = Counter(regime for regimes, used in zip(seen, counted, strict=True) if used for regime in regimes)
    if len(votes) < 2:
        return wells, ()
    most = max(votes, key=lambda regime: (votes[regime], regime))
    hit = pd.Series([used and regimes != {most} for regimes, used in zip(seen, counted, strict=True)], wells.index)
    others = " and ".join(sorted(set(votes) - {most})).replace("_", " ")
    flags = [
        ";".join(sorted({*filter(None, str(text).split(";")), "other_regime"})) for text in wells.loc[hit, "qc_flags"]
    ]
    wells = wells.copy()
    wells.loc[hit, "qc_flags"] = flags
    names = [" ".join(filter(None, place)) for place in wells.loc[hit, ["plate", "well", "image"]].to_numpy(str)]
    said = (
        f"{len(names)} of {sum(counted)} are analysed as {others}, the others as {most.replace('_', ' ')} "
        f"({', '.join(names[:5])}{' …' if len(names) > 5 else ''}): osteoclasts are not called alike there"
        f"{', so they are left out of the comparison' if is_compared else ''}. Give --pixel-size, or --regime for all."
    )
    reason = f"Left out: analysed as {others}, the others as {most.replace('_', ' ')}."
    return (_left_out(wells, hit, reason) if is_compared else wells), (said,)


def _left_out(wells: pd.DataFrame, hit: pd.Series[bool], reason: str | pd.Series[str]) -> pd.DataFrame:
    """Return the wells with those that are ``hit`` marked as excluded."""
    wells = wells.assign(role=wells.get("role", ""), exclude_reason=wells.get("exclude_reason", ""))
    wells[["role", "exclude_reason"]] = wells[["role", "exclude_reason"]].astype(object)
    wells.loc[hit, ["status", "role"]] = "excluded"
    wells.loc[hit, "exclude_reason"] = wells.loc[hit, "status_reason"] = reason
    return wells


def _quality(done: list[FieldRecord]) -> dict[str, float]:
    """Quality numbers of a well: the mean over its fields."""
    known: dict[str, list[float]] = {}
    for record in done:
        for name, value in record.qc.items():
            if value is not None:
                known.setdefault(name, []).append(value)
    return {name: sum(values) / len(values) for name, values in known.items()}


def _by_place(layout: pd.DataFrame | None) -> dict[tuple[str, str, str], dict[str, Any]]:
    if layout is None:
        return {}
    rows = [{str(name): value for name, value in row.items()} for row in layout.to_dict("records")]
    return {(row["plate"], row["well"], ""): row for row in rows}


def _columns(layout: pd.DataFrame | None, quality: list[str]) -> list[str]:
    first = names_of(WELLS_START)
    described = [] if layout is None else [name for name in layout.columns if name not in first]
    return [*first, *described, *names_of(WELL_NUMBERS), *quality, "qc_reasons", "qc_flags"]


def _status(fields: list[FieldRecord], described: dict[str, Any] | None, *, has_layout: bool) -> tuple[str, str]:
    failed = [record for record in fields if not record.is_done]
    reasons = " | ".join(record.reason for record in failed)
    if described is not None and described.get("role") in LEFT_OUT_ROLES:
        return "excluded", str(described.get("exclude_reason") or described["role"])
    if not fields:
        return "no_picture", "The layout names this well, but no picture of it was found."
    if len(failed) == len(fields):
        return "failed", reasons
    if has_layout and described is None:
        return "not_in_layout", "There are pictures of this well, but the layout does not name it."
    if failed:
        return "incomplete", f"{len(failed)} of {len(fields)} fields failed: {reasons}"
    return "ok", ""
