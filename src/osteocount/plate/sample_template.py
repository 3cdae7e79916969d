"""A sample sheet to start from: every picture, with what its folders and its name seem to say."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from osteocount.dose_units import canonical_unit, split_dose
from osteocount.errors import OsteoCountError
from osteocount.plate.picture_files import find_pictures, picture_stem, root_of

TEMPLATE_COLUMNS = ("file", "treatment", "dose", "donor", "role", "replicate", "exclude")

_DONOR = re.compile(r"(?i)(?:d|donor|spender|patient|pat|p|mouse|m|animal|rat|exp|experiment|hd|subject)[ _-]?\d{1,4}")
_REPLICATE = re.compile(r"(?i)(?:rep|replicate|r|n|well|w|dish|slide|coverslip|cs|chamber|sample|s)[ _-]?\d{1,3}")
_FIELD = re.compile(r"(?i)(?:img|image|pic|picture|photo|field|fov|f|pos|position|tile)?[ _-]?\(?\d{1,5}\)?")
_MAGNIFICATION = re.compile(r"(?i)\d{1,3}x|trap|bf|brightfield|overview|merge|scale ?bar|copy|kopie")


def sample_template(source: Path) -> pd.DataFrame:
    """Return one line per picture of a folder, its columns filled where folders and names seem to say something.

    Nothing of it is believed: a person corrects it, and `read_samples` reads it.

    Parameters
    ----------
    source
        A folder of pictures.

    Raises
    ------
    OsteoCountError
        There is no such folder, or no picture in it.
    """
    if not source.is_dir():
        raise OsteoCountError(f"{source}: no such folder.")
    root = root_of(source)
    rows = []
    for picture in find_pictures(source).pictures:
        path = picture.relative_to(root)
        rows.append({**dict.fromkeys(TEMPLATE_COLUMNS, ""), "file": path.as_posix(), **_guess(path)})
    table = pd.DataFrame(rows, columns=list(TEMPLATE_COLUMNS))
    return _without_constants(table)


def write_sample_template(source: Path, out: Path) -> int:
    """Write `sample_template` as CSV or, with the suffix ``.xlsx``, as a workbook; returns the number of pictures.

    Raises
    ------
    OsteoCountError
        The file is there already, or there is no picture.
    """
    from osteocount.io.tables import write_table, write_workbook

    if out.exists():
        raise OsteoCountError(f"{out} exists already; give another name, so that a filled sheet is never lost.")
    table = sample_template(source)
    if out.suffix.lower() == ".xlsx":
        write_workbook({"samples": table}, out)
    else:
        write_table(table, out)
    return len(table)


def _guess(path: Path) -> dict[str, str]:
    """Sort the folders and the parts of a name into columns; what is left over names the treatment."""
    said: dict[str, str] = {}
    left: list[str] = []
    stem = re.sub(r"\s*\(\d+\)$", "", picture_stem(path))
    for folder in path.parent.parts:
        _sort_part(folder, said, left, folder=True)
    for part in _parts(stem):
        _sort_part(part, said, left, folder=False)
    words = [word for word in dict.fromkeys(left) if not _MAGNIFICATION.fullmatch(word)]
    if words and "treatment" not in said:
        said["treatment"] = words[0] if path.parent.parts else " ".join(words)
    return said


def _sort_part(part: str, said: dict[str, str], left: list[str], *, folder: bool) -> None:
    if _DONOR.fullmatch(part) and "donor" not in said:
        said["donor"] = part
    elif _is_dose(part) and "dose" not in said:
        said["dose"] = part
    elif _REPLICATE.fullmatch(part):
        said["replicate"] = f"{said.get('replicate', '')} {part}".strip()
    elif not folder and _FIELD.fullmatch(part):
        return
    elif folder and len(_parts(part)) > 1 and any(_DONOR.fullmatch(p) or _is_dose(p) for p in _parts(part)):
        for inner in _parts(part):
            _sort_part(inner, said, left, folder=False)
    else:
        left.append(part)


def _is_dose(part: str) -> bool:
    written = split_dose(part)
    return bool(written and written.unit and canonical_unit(written.unit) and not _MAGNIFICATION.fullmatch(part))


def _parts(name: str) -> list[str]:
    return [part for part in re.split(r"[_\s]+|(?<=[A-Za-z])-(?=[A-Za-z]{3})", name) if part]


def _without_constants(table: pd.DataFrame) -> pd.DataFrame:
    """Empty a treatment that all pictures share: it is the name of the experiment."""
    if len(table) > 1 and (table["treatment"] == table["treatment"].iloc[0]).all():
        table["treatment"] = ""
    return table
