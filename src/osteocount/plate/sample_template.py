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
_DOSE = re.compile(
    r"(?<![A-Za-z0-9.,-])(?P<number>\d+(?:[.,]\d+)?)[ _]?(?P<unit>[pnu\u00b5\u03bcm]g(?:[/_-]?m?[lL])?|"
    r"[pnu\u00b5\u03bcm]M|[u\u00b5\u03bc][lL]|%)(?![A-Za-z0-9])"
)
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
    paths = [picture.relative_to(root) for picture in find_pictures(source).pictures]
    guesses = [_guess(path) for path in paths]
    shared = set.intersection(*(set(words) for _, words in guesses)) if len(guesses) > 1 else set()
    rows = [
        {
            **dict.fromkeys(TEMPLATE_COLUMNS, ""),
            "file": path.as_posix(),
            **said,
            "treatment": _treatment(path, [word for word in words if word not in shared]),
        }
        for path, (said, words) in zip(paths, guesses, strict=True)
    ]
    return pd.DataFrame(rows, columns=list(TEMPLATE_COLUMNS))


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


def _guess(path: Path) -> tuple[dict[str, str], list[str]]:
    """Sort the folders and the parts of a name into columns; what is left over may name the treatment."""
    said: dict[str, str] = {}
    left: list[str] = []
    stem = re.sub(r"\s*\(\d+\)$", "", picture_stem(path))
    for folder in path.parent.parts:
        _sort_part(_without_dose(folder, said), said, left, folder=True)
    for part in _parts(_without_dose(stem, said)):
        _sort_part(part, said, left, folder=False)
    return said, [word for word in dict.fromkeys(left) if word and not _MAGNIFICATION.fullmatch(word)]


def _treatment(path: Path, words: list[str]) -> str:
    """Name the treatment by what all pictures do not share: that is the experiment or the day."""
    return "".join(words[:1]) if path.parent.parts else " ".join(words)


def _without_dose(name: str, said: dict[str, str]) -> str:
    """Take a dose with its unit (``25ng``, ``25 ngml``, ``25 ng_mL``, ``5 nM``) out of a name."""
    match = _DOSE.search(name)
    if match is None or "dose" in said:
        return name
    unit = re.sub(r"(?i)(?<=g)[/_-]?(m?l)$", r"/\1", match["unit"])  # names hold no slash
    said["dose"] = f"{match['number']} {canonical_unit(unit) or unit}"
    return f"{name[: match.start()]} {name[match.end() :]}".strip(" _-")


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
