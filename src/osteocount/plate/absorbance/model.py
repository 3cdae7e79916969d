"""Blocks of readings: what every kind of export becomes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from osteocount.errors import OsteoCountError
from osteocount.wells import WellPosition

BlockKind = Literal["raw", "reference", "blank-subtracted", "computed"]
"""As measured, measured for subtraction, less the blanks, or anything else the instrument's program computed."""

Signal = Literal["absorbance", "fluorescence", "luminescence", ""]
"""What the detector measured, "" where the file does not say and the values leave it open."""

UNITS: dict[Signal, str] = {"absorbance": "od", "fluorescence": "rfu", "luminescence": "rlu", "": "signal"}
"""Ending of the column with such readings."""


@dataclass(frozen=True)
class Reading:
    """One well's value; rows and columns count from 1. ``value`` is None where ``flag`` says why there is none."""

    row: int
    column: int
    value: float | None
    flag: str = ""

    @property
    def position(self) -> WellPosition:
        """Row and column."""
        return self.row, self.column


@dataclass(frozen=True)
class ReadingBlock:
    """One set of readings of a plate.

    Attributes
    ----------
    name
        Unique in its file.
    sheet, where
        Sheet of the workbook ("" in a text file), and the place of its first cell.
    plate
        The plate's name in the file, "" when it gives none.
    wavelength_nm
        Of the absorbance, or of the excitation; None when the file does not say.
    kind
        Whether these are readings, or what was computed from them.
    title
        The heading the block stands below.
    readings
        By row, then column.
    emission_nm
        Of fluorescence.
    signal
        What the detector measured.
    """

    name: str
    sheet: str
    where: str
    plate: str
    wavelength_nm: float | None
    kind: BlockKind
    title: str
    readings: tuple[Reading, ...]
    emission_nm: float | None = None
    signal: Signal = "absorbance"

    @property
    def n_values(self) -> int:
        """Number of wells that have a value."""
        return sum(reading.value is not None for reading in self.readings)


def chosen_blocks(blocks: list[ReadingBlock], block: str | None = None) -> list[ReadingBlock]:
    """Return the block of that name or number; without one the raw blocks, or all when none is raw."""
    if block is None:
        return [b for b in blocks if b.kind == "raw"] or blocks
    named = [b for b in blocks if b.name == block]
    if not named and block.isdecimal() and 1 <= int(block) <= len(blocks):
        named = [blocks[int(block) - 1]]
    if not named:
        listing = "; ".join(f"{number}: {b.name}" for number, b in enumerate(blocks, 1))
        raise OsteoCountError(f"There is no block {block!r} in this file. The blocks are {listing}.")
    return named
