"""Absorbance of the same plate, joined to the wells table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import pandas as pd

from osteocount.errors import OsteoCountError
from osteocount.names import fold
from osteocount.plate.absorbance.blank_subtraction import absorbance_columns

AbsorbanceRole = Literal["trap_activity", "viability"]
ABSORBANCE_ROLES: tuple[AbsorbanceRole, ...] = get_args(AbsorbanceRole)


@dataclass(frozen=True)
class AbsorbanceInput:
    """One export of a plate reader.

    Attributes
    ----------
    path
        The export.
    role
        What was measured.
    block
        Name or number of the block, when the file holds several.
    reference_nm
        Wavelength subtracted well by well.
    volume_ul, path_cm
        For the amount of p-nitrophenol; both or neither.
    """

    path: Path
    role: AbsorbanceRole
    block: str | None = None
    reference_nm: float | None = None
    volume_ul: float | None = None
    path_cm: float | None = None


def match_roles(files: Sequence[Path], roles: Sequence[str]) -> list[tuple[Path, AbsorbanceRole]]:
    """Give every export the role that was said of it, in the same order.

    Raises
    ------
    OsteoCountError
        A role does not exist, or there are not as many as exports.
    """
    known: dict[str, AbsorbanceRole] = {role: role for role in ABSORBANCE_ROLES}
    if len(files) != len(roles) or not known.keys() >= set(roles):
        raise OsteoCountError(
            f"{len(files)} --reader and {len(roles)} --reader-role ({', '.join(roles) or 'none'}): give one role, "
            f"{' or '.join(known)}, for every export."
        )
    return [(path, known[role]) for path, role in zip(files, roles, strict=True)]


def read_absorbance(given: AbsorbanceInput, layout: pd.DataFrame) -> pd.DataFrame:
    """Read one export as columns of the wells table, with the plate names of ``layout``.

    Raises
    ------
    OsteoCountError
        The export cannot be read, or it does not say which of several plates it is of.
    """
    from osteocount.plate.absorbance.read import read_export  # all kinds of exports, for the few runs that have one

    columns = absorbance_columns(
        read_export(given.path),
        layout,
        given.role,
        block=given.block,
        reference_nm=given.reference_nm,
        volume_ul=given.volume_ul,
        path_cm=given.path_cm,
    )
    plates = sorted(set(layout["plate"]))
    if len(plates) == 1 and len(set(columns["plate"])) == 1:
        return columns.assign(plate=plates[0])  # one plate is one plate, whatever the reader's program calls it
    of_fold = {fold(plate): plate for plate in plates}
    columns = columns.assign(plate=[of_fold.get(fold(plate), plate) for plate in columns["plate"]])
    strange = sorted(set(columns["plate"]) - set(plates))
    if strange:
        raise OsteoCountError(
            f"{given.path.name}: its plates are called {', '.join(map(repr, strange))}, those of the layout "
            f"{', '.join(map(repr, plates))}. Name them alike, or give one export per plate."
        )
    return columns


def join_absorbance(wells: pd.DataFrame, readings: list[pd.DataFrame]) -> pd.DataFrame:
    """Add the reader columns, and activity per osteoclast and per TRAP-positive cell.

    Dividing hides toxicity, so the quotients stand beside the readings and never replace them.
    """
    for columns in readings:
        wells = wells.merge(columns, on=["plate", "well"], how="left", validate="many_to_one")
    if "trap_activity_net" in wells.columns:
        for name, count in (("osteoclast", "n_osteoclasts"), ("trap_positive_cell", "n_trap_positive")):
            cells = pd.to_numeric(wells[count]).astype(float)
            wells[f"trap_activity_net_per_{name}"] = wells["trap_activity_net"] / cells.where(cells > 0)
    return wells
