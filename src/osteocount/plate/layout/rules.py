"""Judging what a layout says: one value per well and variable, doses, roles, controls."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace
from math import nan

from osteocount.columns import QC_FLAGS, STATUS, WELL_NUMBERS, names_of
from osteocount.dose_units import DILUTION, canonical_unit, split_dose
from osteocount.names import UNKNOWN, fold, is_missing, names_nothing, unify
from osteocount.plate.layout.doses import DoseReader, convert_doses, excel_made_a_date
from osteocount.plate.layout.model import LayoutEntries, LayoutEntry, WellKey, well_in_words
from osteocount.well_roles import ROLES, implied_role, is_a_reason, leaves_out, role_of, takes_in
from osteocount.wells import CONTROL_ROLES, LEFT_OUT_ROLES, PLATE_SHAPES, well_name

_NAMES = ("plate", "treatment", "donor")
"""Columns whose spellings decide the n of every test."""

_FIXED = ("treatment", "dose", "dose_unit", "donor", "role", "exclude", "include", "exclude_reason")
_RESULT_COLUMNS = frozenset(names_of((STATUS, *WELL_NUMBERS, QC_FLAGS)))
_DOSE_WORD = re.compile(
    r"(?<![a-z])(?:final_)?(?:dos(?:e|es|age|is)|con[ck](?:_|$|entra|z)|amount|dilut|verd[u\u00fc]nn|moi(?:_|$))"
)
_MOST_DOSES = 12  # more different numbers are measured ones
_TWO_DONORS = re.compile(r".+\s*[,;+&]\s*.+|([A-Za-z]+)[ _-]?\d+\s*/\s*\1[ _-]?\d+|.+\s(?:and|und|et)\s.+")

_ENDS_IN_DONOR = re.compile(
    r"(?i)(?P<treatment>.+?)[\s_,;/(-]+(?:h?d|donor|spender|patient|pat|p|mouse|m|animal|subject)[\s_-]?\d{1,3}\)?"
)

WellEntries = dict[WellKey, dict[str, LayoutEntry]]
"""What is said of each well: variable → entry."""


def resolve(
    collected: LayoutEntries, plate_wells: int | None = None, samples: dict[int, str] | None = None
) -> tuple[list[dict[str, object]], list[str]]:
    """Turn what was collected into rows of the wells table, and warnings; adds to its problems.

    Without ``plate_wells`` the plate is the one that a grid is drawn for. ``samples``: of a sample sheet, the line →
    name of the sample, which stands for the well.
    """
    problems = collected.problems
    plate_wells = plate_wells or collected.drawn_wells
    entries, warnings = _cleaned(collected.entries, problems)
    wells = _one_value_each(_spread_over_plates(entries), problems)
    used = {w: cells for w, cells in wells.items() if not {"treatment", "role", "dose"}.isdisjoint(cells)}
    if samples is None:
        _check_shape(used, plate_wells, problems)
    free = sorted({v for cells in wells.values() for v in cells} - set(_FIXED))
    problems.extend(
        f"The column {name!r} is a name of the results; call it something else."
        for name in free
        if name in _RESULT_COLUMNS or name.startswith("n_")
    )
    doses = DoseReader(entry for entry in entries if entry.variable == "dose")
    rows = [_row(well, used[well], free, doses, problems) for well in sorted(used)]
    if samples is not None:
        for well, row in zip(sorted(used), rows, strict=True):
            row["well"] = samples[well[1]]
    _check_merged(used, rows, problems)
    _ask_about_doses(used, rows, free, problems)
    if not used and problems:
        return rows, warnings  # what is wrong with the wells has been said
    if not any("treatment" in cells for cells in wells.values()):
        others = f" If one of {', '.join(free)} is the treatment, say so (--treatment-column)." if free else ""
        problems.append(f"No treatments: a column, sheet or grid called 'treatment' is needed.{others}")
        return rows, []
    problems += _donors_in_treatments(rows)
    warnings += convert_doses(rows, problems)
    return rows, warnings + _controls(rows, any("role" in cells for cells in used.values()), problems)


def _ask_about_doses(used: WellEntries, rows: list[dict[str, object]], free: list[str], problems: list[str]) -> None:
    """Name columns that look like doses and differ within an arm, whose wells would be pooled."""
    arms = [(row["treatment"], row["dose"], row["dose_unit"]) for row in rows]
    for name in free:
        entries = [(cells[name], arm) for cells, arm in zip(used.values(), arms, strict=True) if name in cells]
        unit = next((entry.heading_unit for entry, _ in entries if entry.heading_unit not in ("", "%")), "")
        if not (unit or _DOSE_WORD.search(name)) or len({entry.value for entry, _ in entries}) > _MOST_DOSES:
            continue
        doses: dict[str, dict[str, LayoutEntry]] = {}
        for entry, arm in entries:
            if split_dose(entry.value):
                doses.setdefault(str(arm), {})[entry.value] = entry
        differ = next((own for own in doses.values() if len(own) > 1), None)
        if differ:
            problems.append(
                f"{next(iter(differ.values())).where}: the column {name!r} looks like doses, and wells that are alike "
                f"otherwise differ in it ({', '.join(differ)}); they would be pooled. {_as_doses(name, unit)}, write "
                "it into the treatment, or call it otherwise if it is no dose."
            )


def _as_doses(name: str, unit: str) -> str:
    if "dilu" in name or unit == DILUTION:
        return "Call it 'dose' and write 1:2, 1:10"
    if "log" in name:
        return "Call it 'dose' and write the doses themselves, not their logarithms"
    return f"Call it 'dose{f' ({unit})' if unit else ''}'"


def _cleaned(entries: list[LayoutEntry], problems: list[str]) -> tuple[list[LayoutEntry], list[str]]:
    """Leave out what stands for nothing, bring spellings together, and name what Excel has changed."""
    missing = [entry for entry in entries if _says_nothing(entry)]
    notes = []
    if missing:
        words = ", ".join(dict.fromkeys(repr(entry.value) for entry in missing))
        notes.append(f"{missing[0].where}: {len(missing)} cells hold {words}, taken for empty.")
    kept = [entry for entry in entries if not _says_nothing(entry)]
    problems.extend(
        f"{entry.where}: {entry.value!r} is a date, which Excel makes of names and numbers such as SEP1 and 1-2. "
        "Format the cell as text and type it again."
        for entry in kept
        if entry.variable in (*_NAMES, "dose", "role") and excel_made_a_date(entry)
    )
    problems.extend(
        f"{entry.where}: the {entry.variable} {entry.value!r} is no name, or stands for that of another cell. Write it "
        "out in every cell."
        for entry in kept
        if entry.variable in (*_NAMES, "dose") and names_nothing(entry.value)
    )
    names: dict[str, dict[str, str]] = {}
    free = {entry.variable for entry in kept} - {*_FIXED, *_NAMES}
    for variable in (*_NAMES, *sorted(free)):
        own = [e.well[0] if variable == "plate" else e.value for e in kept if variable in ("plate", e.variable)]
        unified = unify(own, codes=variable == "donor")
        names[variable] = unified.of
        notes += unified.notes(variable)
        if variable in _NAMES:
            problems.extend(unified.problems(variable))
    return [
        replace(
            entry,
            value=names.get(entry.variable, {}).get(entry.value, entry.value),
            well=(names["plate"].get(entry.well[0], entry.well[0]), *entry.well[1:]),
        )
        for entry in kept
    ], notes


def _says_nothing(entry: LayoutEntry) -> bool:
    """Say whether a cell holds nothing; a donor who is unknown is none, or all unknown ones would be one donor."""
    return is_missing(entry.value) or (entry.variable in ("donor", "plate") and fold(entry.value) in UNKNOWN)


def _spread_over_plates(entries: list[LayoutEntry]) -> list[LayoutEntry]:
    """Let what names no plate hold for every plate that is named elsewhere in the file."""
    plates = sorted({entry.well[0] for entry in entries} - {""})
    if not plates:
        return entries
    return [
        replace(entry, well=(plate, *entry.well[1:]))
        for entry in entries
        for plate in ([entry.well[0]] if entry.well[0] else plates)
    ]


def _one_value_each(entries: list[LayoutEntry], problems: list[str]) -> WellEntries:
    wells: WellEntries = defaultdict(dict)
    for entry in entries:
        first = wells[entry.well].setdefault(entry.variable, entry)
        if first.value != entry.value:
            what = "two donors in one well" if entry.variable == "donor" else f"two values of {entry.variable!r}"
            problems.append(
                f"{entry.where}: well {well_in_words(entry.well)} has {what}: {entry.value} here, {first.value} at "
                f"{first.where}."
            )
    return wells


def _check_shape(used: WellEntries, plate_wells: int | None, problems: list[str]) -> None:
    """Name wells the plate does not have; without a given plate, a few wells far outside a 96-well plate are slips."""
    # Half a plate's wells outside 96 are a larger plate, a few are slips of the pen; the half is a choice.
    outside_96 = [w for w in used if w[1] > 8 or w[2] > 12]
    wells = plate_wells or (96 if outside_96 and len(outside_96) < 0.5 * len(used) else 384)
    rows, columns = PLATE_SHAPES[wells]
    for well in sorted(w for w in used if w[1] > rows or w[2] > columns):
        where = next(iter(used[well].values())).where
        mend = "" if plate_wells or wells == 384 else " If this is a 384-well plate, say so (--wells 384)."
        problems.append(f"{where}: well {well_in_words(well)} does not exist on a {wells}-well plate.{mend}")


def _row(
    well: WellKey, cells: dict[str, LayoutEntry], free: list[str], doses: DoseReader, problems: list[str]
) -> dict[str, object]:
    """Return one row of the wells table."""
    text = {name: cells[name].value if name in cells else "" for name in (*_FIXED, *free)}
    dose, unit = nan, canonical_unit(text["dose_unit"]) or text["dose_unit"]
    if cell := cells.get("dose"):
        control = role_of(cell.value) in CONTROL_ROLES
        dose, unit = doses.read(cell, text["dose_unit"] or cell.heading_unit, problems, control=control)
    role = _role(text["role"], text["treatment"], cells, problems)
    reason = _exclusion(text, role, cells, problems)
    if "dose" in cells and not text["treatment"] and role == "treatment":
        problems.append(f"{cells['dose'].where}: well {well_in_words(well)} has a dose but no treatment.")
    if text["treatment"].casefold() in ("none", "nothing", "keine", "nichts"):
        problems.append(
            f"{cells['treatment'].where}: the treatment {text['treatment']!r} may be a well without treatment or an "
            "unused one. Write 'untreated', or leave the cell empty."
        )
    if _TWO_DONORS.fullmatch(text["donor"]):
        problems.append(
            f"{cells['donor'].where}: two donors in one well ({text['donor']}). A well belongs to one donor; a pool is "
            "one donor with a name of its own."
        )
    return {
        "plate": well[0],
        "well": well_name(well[1], well[2]),
        "treatment": text["treatment"],
        "dose": dose,
        "dose_unit": unit,
        "donor": text["donor"],
        "role": "excluded" if reason else role,
        "exclude_reason": reason,
        **{name: text[name] for name in free},
    }


def _role(said: str, treatment: str, cells: dict[str, LayoutEntry], problems: list[str]) -> str:
    """Return the role a cell names, or the one the treatment's name implies."""
    if not said:
        return implied_role(treatment)
    role = role_of(said)
    if not role:
        problems.append(f"{cells['role'].where}: the role {said!r} is none of {', '.join(ROLES)}.")
    return role or "treatment"


def _exclusion(text: dict[str, str], role: str, cells: dict[str, LayoutEntry], problems: list[str]) -> str:
    """Return why the well is excluded, "" when it is not."""
    mark, reason = text["exclude"].strip(), text["exclude_reason"]
    if leaves_out(mark):
        return reason or (mark if is_a_reason(mark) else "excluded in the layout")
    taken = takes_in(text["include"])
    if taken is None:
        problems.append(
            f"{cells['include'].where}: {text['include']!r} says neither yes nor no. Write yes or no, or call the "
            "column otherwise if it does not say which wells are used."
        )
    return (reason or "excluded in the layout") if role == "excluded" or taken is False else ""


def _check_merged(used: WellEntries, rows: list[dict[str, object]], problems: list[str]) -> None:
    """Name merged cells that give one dose or role to several treatments, or one treatment to a control and others."""
    row_of = dict(zip(sorted(used), rows, strict=True))
    spans: dict[WellKey, list[tuple[LayoutEntry, dict[str, object]]]] = defaultdict(list)
    for well, cells in used.items():
        for g in cells.values():
            if g.merged and g.variable in ("treatment", "dose", "dose_unit", "role"):
                spans[g.origin].append((g, row_of[well]))
    for cells_and_rows in spans.values():
        g = cells_and_rows[0][0]
        covered = [row for _, row in cells_and_rows]
        arms = sorted({str(row["treatment"]) for row in covered})
        if g.variable == "treatment":
            roles = sorted({str(r["role"]) for r in covered if r["role"] != "excluded"})
            doses = sorted({str(r["dose"]) for r in covered})
            control = role_of(g.value) in CONTROL_ROLES
            if len(roles) > 1 or (control and len(doses) > 1):
                said = ", ".join(roles if len(roles) > 1 else [f"dose {d}" for d in doses])
                problems.append(
                    f"{g.where}: the merged cell {g.value!r} lies over two treatments ({said}). Unmerge it."
                )
        elif len(arms) > 1:
            problems.append(
                f"{g.where}: the merged cell {g.value!r} ({g.variable}) lies over two treatments ({', '.join(arms)}). "
                "Unmerge it."
            )


def _controls(rows: list[dict[str, object]], roles_given: bool, problems: list[str]) -> list[str]:
    """Look for control wells; a file that gives roles, or has other problems, must have them."""
    if rows and not any(row["role"] in CONTROL_ROLES for row in rows):
        said = (
            "No control: no well has the role 'negative control' or 'vehicle', and none is called so. Without one the "
            "arm to compare with must be named (--control)."
        )
        if roles_given or problems:
            problems.append(said)
            return []
        return [said]
    donors = {str(row["donor"]) for row in rows if row["donor"] and row["role"] == "treatment"}
    with_control = {str(row["donor"]) for row in rows if row["role"] in CONTROL_ROLES}
    notes = [f"{_donor_said(donor)} has treated wells but no control well." for donor in sorted(donors - with_control)]
    lacking = [str(row["well"]) for row in rows if not row["donor"] and row["role"] not in LEFT_OUT_ROLES]
    if lacking and any(row["donor"] for row in rows):
        more = f" and {len(lacking) - 10} more" if len(lacking) > 10 else ""
        notes.append(
            f"No donor, though other wells have one: {', '.join(lacking[:10])}{more}. They cannot be compared; write "
            "the donor into every line."
        )
    return notes


def _donor_said(name: str) -> str:
    """Begin a sentence with a donor: "Donor 3" for ``3`` and for ``donor 3``."""
    return f"Donor {re.sub(r'(?i)^donor[ _-]*(?=.)', '', name)}"


def _donors_in_treatments(rows: list[dict[str, object]]) -> list[str]:
    """Name treatments that end in what may be donors, where no donor is given: each would be an arm of its own."""
    if any(row["donor"] for row in rows):
        return []
    names = {str(row["treatment"]) for row in rows}
    ends: dict[str, list[str]] = defaultdict(list)
    for name in sorted(names):
        if match := _ENDS_IN_DONOR.fullmatch(name):
            ends[fold(match["treatment"])].append(name)
    several = [name for own in ends.values() if len(own) > 1 for name in own]
    if len(several) < 2 or 2 * len(several) < len(names):
        return []
    return [
        f"Treatments end in what may be donors or days ({', '.join(several[:4])}): each would be an arm of its own. "
        "Write that into a column, sheet or grid called 'donor' (or 'day')."
    ]
