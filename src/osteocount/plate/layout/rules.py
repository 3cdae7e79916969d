"""Judging what a layout says: one value per well and variable, doses, roles, controls."""

from __future__ import annotations

import re
from collections import defaultdict
from math import nan

from osteocount.plate.layout.entries import Given
from osteocount.plate.spreadsheets import parse_number
from osteocount.wells import PLATE_SHAPES, well_name

ROLES = {
    "negative control": (
        "negative control",
        "negative",
        "neg",
        "neg control",
        "neg ctrl",
        "nc",
        "control",
        "ctrl",
        "untreated",
    ),
    "positive control": ("positive control", "positive", "pos", "pos control", "pos ctrl", "pc"),
    "vehicle": ("vehicle", "veh", "vehicle control", "solvent", "solvent control", "mock"),
    "treatment": ("treatment", "treated", "sample", "test", "compound", "unknown"),
    "blank": ("blank", "no cells", "no cell", "background", "empty"),
    "excluded": ("excluded", "exclude"),
}
_ROLE_OF = {word: role for role, words in ROLES.items() for word in words}
_NAMED_ROLES = ("negative control", "positive control", "vehicle", "blank")
_NO = ("", "no", "n", "false", "0")
_YES = ("yes", "y", "true", "1", "x")
_FIXED = ("treatment", "dose", "dose_unit", "donor", "role", "exclude", "exclude_reason")
_RESULT_COLUMNS = ("status", "qc_flags", "imaged_area_mm2", "fusion_index")
_DOSE = re.compile(r"(?P<number>[+-]?[\d.,]+(?:[eE][+-]?\d+)?)\s*(?P<unit>[^\d\s.,].*)?")
_TWO_DONORS = re.compile(r".+\s*[,;+&]\s*.+|([A-Za-z]+)[ _-]?\d+\s*/\s*\1[ _-]?\d+|.+\s(?:and|und|et)\s.+")

Wells = dict[tuple[str, int, int], dict[str, Given]]


def resolve(
    given: list[Given], problems: list[str], plate_wells: int | None
) -> tuple[list[dict[str, object]], list[str]]:
    """Turn what was collected into rows of the wells table, and warnings; adds to ``problems``."""
    wells = _one_value_each(_spread_over_plates(given), problems)
    used = {w: cells for w, cells in wells.items() if not {"treatment", "role", "dose"}.isdisjoint(cells)}
    _check_shape(used, plate_wells, problems)
    free = sorted({v for cells in wells.values() for v in cells} - set(_FIXED))
    problems.extend(
        f"The column {name!r} is a name of the results; call it something else."
        for name in free
        if name in _RESULT_COLUMNS or name.startswith("n_")
    )
    rows = [_row(well, used[well], free, problems) for well in sorted(used, key=lambda w: (w[0], w[1], w[2]))]
    _check_merged(used, rows, problems)
    if not any("treatment" in cells for cells in wells.values()):
        problems.append("No treatments: a column, sheet or grid called 'treatment' is needed.")
        return rows, []
    warnings = _controls(rows, any("role" in cells for cells in used.values()), problems)
    return rows, warnings


def _spread_over_plates(given: list[Given]) -> list[Given]:
    """Let what names no plate hold for every plate that is named elsewhere in the file."""
    plates = sorted({g.plate for g in given} - {""})
    if not plates:
        return given
    from dataclasses import replace

    return [replace(g, plate=p) for g in given for p in ([g.plate] if g.plate else plates)]


def _one_value_each(given: list[Given], problems: list[str]) -> Wells:
    wells: Wells = defaultdict(dict)
    for g in given:
        first = wells[g.plate, g.row, g.column].setdefault(g.variable, g)
        if first.value != g.value:
            what = "two donors in one well" if g.variable == "donor" else f"two values of {g.variable!r}"
            problems.append(
                f"{g.where}: well {_name((g.plate, g.row, g.column))} has {what}: {g.value} here, {first.value} at "
                f"{first.where}."
            )
    return wells


def _name(well: tuple[str, int, int]) -> str:
    return " ".join(part for part in (well[0], well_name(well[1], well[2])) if part)


def _check_shape(used: Wells, plate_wells: int | None, problems: list[str]) -> None:
    """Name wells the plate does not have; without a given plate, a few wells far outside a 96-well plate are slips."""
    outside_96 = [w for w in used if w[1] > 8 or w[2] > 12]
    wells = plate_wells or (96 if outside_96 and len(outside_96) < 0.5 * len(used) else 384)
    rows, columns = PLATE_SHAPES[wells]
    for well in sorted(w for w in used if w[1] > rows or w[2] > columns):
        where = next(iter(used[well].values())).where
        mend = "" if plate_wells or wells == 384 else " If this is a 384-well plate, say so (--wells 384)."
        problems.append(f"{where}: well {_name(well)} does not exist on a {wells}-well plate.{mend}")


def _row(
    well: tuple[str, int, int], cells: dict[str, Given], free: list[str], problems: list[str]
) -> dict[str, object]:
    """Return one row of the wells table."""
    text = {name: cells[name].value if name in cells else "" for name in (*_FIXED, *free)}
    dose, unit = _dose(cells, problems) if "dose" in cells else (nan, text["dose_unit"])
    role = _role(text["role"], text["treatment"], cells, problems)
    reason = _exclusion(text, role)
    if "dose" in cells and not text["treatment"] and role == "treatment":
        problems.append(f"{cells['dose'].where}: well {_name(well)} has a dose but no treatment.")
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


def _dose(cells: dict[str, Given], problems: list[str]) -> tuple[float, str]:
    """Read ``25``, ``0,5``, ``25 ng/mL`` or ``vehicle`` (0), with the unit of the cell, a column or the heading."""
    cell = cells["dose"]
    said = cells["dose_unit"].value if "dose_unit" in cells else cell.heading_unit
    if _ROLE_OF.get(cell.value.lower()) in ("vehicle", "negative control") or cell.value.lower() in ("none", "-"):
        return 0.0, _unit(said)
    match = _DOSE.fullmatch(cell.value)
    number = parse_number(match["number"]) if match else None
    if match is None or number is None:
        problems.append(f"{cell.where}: the dose {cell.value!r} is not a number, with or without a unit.")
        return nan, _unit(said)
    if re.fullmatch(r"\d{1,3}(?:,000)+", match["number"]):
        other = match["number"].replace(",", "")
        problems.append(
            f"{cell.where}: the dose {cell.value!r} may mean {number:g} or {other}; write it without a comma."
        )
    if number < 0:
        problems.append(f"{cell.where}: the dose {cell.value!r} is negative.")
    own = match["unit"] or ""
    if own and said and _unit(own).lower() != _unit(said).lower():
        problems.append(f"{cell.where}: the dose {cell.value!r} has another unit than its heading ({said}).")
    return number, _unit(own or said)


def _unit(text: str) -> str:
    """Spell the Greek mu and the litre one way: ``μg/ml`` and ``ug/mL`` are ``µg/mL``."""
    text = text.strip().replace("\u03bc", "\u00b5")
    text = re.sub(r"^u(?=[gLlMm])", "\u00b5", text)
    return re.sub(r"(?<=[mnp\u00b5])l\b", "L", text)


def _role(said: str, treatment: str, cells: dict[str, Given], problems: list[str]) -> str:
    """Return the role a cell names, or the one the treatment's name implies."""
    if said:
        role = _ROLE_OF.get(re.sub(r"[\s_-]+", " ", said).lower())
        if role is None:
            problems.append(f"{cells['role'].where}: the role {said!r} is none of {', '.join(ROLES)}.")
        return role or "treatment"
    implied = _ROLE_OF.get(re.sub(r"[\s_-]+", " ", treatment).lower(), "treatment")
    return implied if implied in _NAMED_ROLES else "treatment"


def _exclusion(text: dict[str, str], role: str) -> str:
    """Return why the well is excluded, "" when it is not."""
    mark, reason = text["exclude"], text["exclude_reason"]
    if mark.lower() in _NO:
        return (reason or "excluded in the layout") if role == "excluded" else ""
    return reason or ("excluded in the layout" if mark.lower() in _YES else mark)


def _check_merged(used: Wells, rows: list[dict[str, object]], problems: list[str]) -> None:
    """Name merged cells that give one dose or role to several treatments, or one treatment to a control and others."""
    row_of = dict(zip(sorted(used, key=lambda w: (w[0], w[1], w[2])), rows, strict=True))
    spans: dict[tuple[str, int, int], list[tuple[Given, dict[str, object]]]] = defaultdict(list)
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
            control = _ROLE_OF.get(g.value.lower()) in ("vehicle", "negative control")
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
    control = ("negative control", "vehicle")
    if rows and not any(row["role"] in control for row in rows):
        said = (
            "No control: no well has the role 'negative control' or 'vehicle', and none is called so. Without one the "
            "arm to compare with must be named (--control)."
        )
        if roles_given or problems:
            problems.append(said)
            return []
        return [said]
    donors = {str(row["donor"]) for row in rows if row["donor"] and row["role"] == "treatment"}
    with_control = {str(row["donor"]) for row in rows if row["role"] in control}
    return [f"Donor {donor} has treated wells but no control well." for donor in sorted(donors - with_control)]
