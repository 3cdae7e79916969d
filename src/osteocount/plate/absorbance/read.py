"""Exports of plate readers: which wells were read with which values, whoever made the instrument.

Nothing is asked about the vendor. Grids (numbers across, letters down, or the reverse), lists with a column of wells,
lines with wells as headings, and the sections of SoftMax Pro are found wherever they stand in a text or Excel file.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from osteocount.columns import ABSORBANCE
from osteocount.errors import OsteoCountError
from osteocount.plate.absorbance.decimal_marks import with_decimal_points
from osteocount.plate.absorbance.grids import bare_blocks, grid_blocks
from osteocount.plate.absorbance.lists import heading_blocks, list_blocks
from osteocount.plate.absorbance.model import ReadingBlock, chosen_blocks
from osteocount.plate.absorbance.softmax import is_softmax, softmax_blocks
from osteocount.plate.absorbance.values import HIGH_OD, wavelength_of
from osteocount.plate.spreadsheets import Sheet, read_sheets, uncomputed_formulas
from osteocount.text_files import unclear_letters
from osteocount.wells import well_name

if TYPE_CHECKING:
    import pandas as pd

_SETTING = re.compile(r"(?i)(?:measurement|excitation) wavelength")


def read_export(path: Path) -> list[ReadingBlock]:
    """Find every block of readings in an export, in the order of the file.

    Raises
    ------
    OsteoCountError
        The file cannot be read or holds no readings of wells.
    """
    marked = [with_decimal_points(sheet) for sheet in read_sheets(path)]
    sheets = [sheet for sheet, _ in marked]
    try:
        blocks = [block for sheet in sheets for block in _sheet_blocks(sheet)]
    except OsteoCountError as error:
        raise OsteoCountError(f"{path}: {error}") from error
    if not blocks:
        blocks = [block for sheet in sheets for block in bare_blocks(sheet)]
    if not blocks:
        raise OsteoCountError(
            f"{path}: no readings found. A grid with 1, 2, 3 … across (six or more) and A, B, C … down, or a list with "
            "a column of wells and a column of values is needed."
        )
    read = {block.sheet for block in blocks}
    if unclear := [where for sheet, where in marked if where and sheet.name in read]:
        raise OsteoCountError(
            f"{path}: {unclear[0]}: a number whose comma or point may part thousands or decimals; nothing else in the "
            "file tells which. Export it without thousands separators."
        )
    if strange := [s.unclear for s in sheets if s.unclear and any(_in_other_letters(b) for b in blocks)]:
        raise OsteoCountError(f"{path}: {strange[0]}")
    if unknown := [uncomputed_formulas(sheet) for sheet in sheets if sheet.uncomputed and sheet.name in read]:
        raise OsteoCountError(f"{path}: {' '.join(unknown)}")
    blocks = _with_wavelengths(blocks, sheets)
    return _named([_flag_high(block) for block in blocks])


def _in_other_letters(block: ReadingBlock) -> bool:
    """Say whether a heading is in letters that are not known, so that it may say "mean"; a degree sign says nothing."""
    return unclear_letters(re.sub(r"\W\s?[CF]\b", "", block.title)) is not None


def _sheet_blocks(sheet: Sheet) -> list[ReadingBlock]:
    """Return the blocks of a sheet in its order: endpoints may stand as grids and a kinetic as lines below them."""
    if is_softmax(sheet):
        return softmax_blocks(sheet)
    grids = grid_blocks(sheet)
    if any(block.kind == "raw" for block in grids):
        return [*grids, *heading_blocks(sheet)]
    return [*grids, *list_blocks(sheet)]


def tidy(blocks: list[ReadingBlock], block: str | None = None) -> pd.DataFrame:
    """Return one row per well and block: ``block, well, value, wavelength_nm, flag``.

    Wells are written as readers write them (``A1``); :func:`osteocount.wells.canonical_well` gives ``A01``.
    A missing value is NaN, never 0, and its flag says why.

    Parameters
    ----------
    blocks
        What :func:`read_export` found.
    block
        Name of a block, or its number in the list counted from 1. Without it: all raw blocks, or, when the file has
        none, all blocks.

    Raises
    ------
    OsteoCountError
        There is no such block.
    """
    import pandas as pd

    rows = [
        (b.name, well_name(r.row, r.column, pad=False), r.value, b.wavelength_nm, r.flag)
        for b in chosen_blocks(blocks, block)
        for r in b.readings
    ]
    return pd.DataFrame(rows, columns=list(ABSORBANCE.names)).astype({"value": "float64", "wavelength_nm": "float64"})


def _with_wavelengths(blocks: list[ReadingBlock], sheets: list[Sheet]) -> list[ReadingBlock]:
    """Give raw absorbances without a wavelength the only one of the file, or, plate by plate, those of its settings.

    Magellan and Kaleido print the settings below the readings, in the same order.
    """
    lines = [" ".join(cell for cell in row if cell) for sheet in sheets for row in sheet.rows]
    spoken = [nm for line in lines if ("nm" in line or "avelength" in line) and (nm := wavelength_of(line))]
    settings = [nm for line in lines if _SETTING.match(line) and (nm := wavelength_of(line))]
    without = [b for b in blocks if b.kind == "raw" and b.wavelength_nm is None and b.signal == "absorbance"]
    given: dict[int, float] = {}
    for plate in {b.plate for b in without}:
        of_plate = [b for b in without if b.plate == plate]
        if len(set(spoken)) == 1:
            given |= {id(b): spoken[0] for b in of_plate}
        elif len(settings) == len(of_plate):
            given |= {id(b): nm for b, nm in zip(of_plate, settings, strict=True)}
    return [replace(b, wavelength_nm=given[id(b)]) if id(b) in given else b for b in blocks]


def _flag_high(block: ReadingBlock) -> ReadingBlock:
    """Flag optical densities above 3; a block with values far beyond any optical density is no absorbance."""
    values = [r.value for r in block.readings if r.value is not None]
    if block.kind != "raw" or block.signal != "absorbance" or not values or max(values) <= HIGH_OD:
        return block
    readings = tuple(
        replace(r, flag=";".join(filter(None, (r.flag, "above_3_od")))) if r.value and r.value > HIGH_OD else r
        for r in block.readings
    )
    return replace(block, readings=readings)


def _named(blocks: list[ReadingBlock]) -> list[ReadingBlock]:
    """Give every block a name of its own: sheet, plate, heading and wavelength, as far as they tell blocks apart."""
    named: list[ReadingBlock] = []
    taken: set[str] = set()
    for block in blocks:
        alone = block.sheet and sum(b.sheet == block.sheet for b in blocks) == 1
        nm = f"{block.wavelength_nm:g} nm" if block.wavelength_nm else ""
        title = block.title or nm or "readings"
        told = not nm or block.kind != "raw" or nm.removesuffix(" nm") in title
        parts = [block.sheet] if alone else [block.sheet, block.plate, title if told else f"{title} {nm}"]
        base = " / ".join(dict.fromkeys(part for part in parts if part))
        name, number = base, 2
        while name in taken:
            name, number = f"{base} ({number})", number + 1
        taken.add(name)
        named.append(replace(block, name=name))
    return named
