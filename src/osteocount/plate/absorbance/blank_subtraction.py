"""Blank and reference subtraction, and the amount of p-nitrophenol: readings as columns of the wells table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from osteocount.errors import OsteoCountError
from osteocount.plate.absorbance.model import UNITS, ReadingBlock, Signal, chosen_blocks
from osteocount.wells import CONTROL_ROLES, WellPosition, parse_well, well_name

if TYPE_CHECKING:
    import pandas as pd

PNP_MILLIMOLAR_ABSORPTIVITY = 18.0
"""Of p-nitrophenol at 405 nm in alkali, per mM and cm."""


def absorbance_columns(
    blocks: list[ReadingBlock],
    layout: pd.DataFrame,
    role: str,
    *,
    block: str | None = None,
    reference_nm: float | None = None,
    volume_ul: float | None = None,
    path_cm: float | None = None,
) -> pd.DataFrame:
    """Return the readings of one export as columns for the wells table, one row per plate and well.

    Columns: ``plate, well`` (``A01``), ``<role>_od`` (as read; ``_rfu`` of fluorescence, ``_rlu`` of
    luminescence, ``_signal`` where the file does not say which), ``<role>_net`` (less the reference wavelength and the
    mean of the plate's blank wells, each where there is one), ``<role>_nmol`` (p-nitrophenol, only when volume and path
    are given), ``<role>_flag``. Masked wells have no net value. Without blank wells nothing is subtracted and the flag
    says ``no_blank``.

    Parameters
    ----------
    blocks
        From :func:`osteocount.plate.absorbance.read.read_export`.
    layout
        Wells of the layout; those with the role ``blank`` are the blanks.
    role
        What was measured: ``trap_activity`` or ``viability``.
    block
        Name or number of the block; needed when the file has several readings of the same plate.
    reference_nm
        Wavelength of the block that is subtracted well by well.
    volume_ul, path_cm
        Volume in the well in µL and path of the light in cm, for the amount of p-nitrophenol.

    Raises
    ------
    OsteoCountError
        It is not clear which block is meant, or the reference wavelength is not in the file.
    """
    import pandas as pd

    measured = _measured(blocks, block, reference_nm)
    rows = []
    for plate, chosen in measured.items():
        reference = _reference(blocks, plate, reference_nm)
        no_reference = 0.0 if reference_nm is None else None
        blanks = _wells_of(layout, plate, ("blank",))
        values = {
            r.position: _difference(r.value, reference.get(r.position, no_reference))
            for r in chosen.readings
            if "masked" not in r.flag
        }
        blank_values = [v for place in blanks if (v := values.get(place)) is not None]
        blank = float(np.mean(blank_values)) if blank_values else 0.0
        controls = [v for place in _wells_of(layout, plate, CONTROL_ROLES) if (v := values.get(place)) is not None]
        too_high = bool(blank_values and controls) and blank > float(np.mean(controls))
        for r in chosen.readings:
            net = _difference(values.get(r.position), blank)
            below = bool(blank_values) and net is not None and net < 0 and r.position not in blanks
            flags = {"no_blank": not blank_values, "blank_above_control": too_high, "negative_net": below}
            flag = ";".join(filter(None, (r.flag, *(name for name, holds in flags.items() if holds))))
            amount = None if volume_ul is None or path_cm is None else pnpp_nmol(net, volume_ul, path_cm)
            rows.append((plate, well_name(r.row, r.column), r.value, net, amount, flag))
    names = ["plate", "well", f"{role}_{_unit(measured, volume_ul)}", f"{role}_net", f"{role}_nmol", f"{role}_flag"]
    table = pd.DataFrame(rows, columns=names).astype(dict.fromkeys(names[2:5], "float64"))
    return table if volume_ul is not None and path_cm is not None else table.drop(columns=names[4])


def _measured(blocks: list[ReadingBlock], block: str | None, reference_nm: float | None) -> dict[str, ReadingBlock]:
    """Return one block per plate; refuses to guess between several."""
    chosen = chosen_blocks(blocks, block)
    if block is None and not any(b.kind == "raw" for b in chosen):
        listing = "; ".join(f"{number}: {b.name} ({b.kind})" for number, b in enumerate(blocks, 1))
        raise OsteoCountError(
            f"The export holds no readings as they were measured, only {listing}. To use one of them all the same, "
            "name it (--block)."
        )
    if block is None and reference_nm is not None:
        chosen = [b for b in chosen if b.wavelength_nm != reference_nm]
    by_plate: dict[str, ReadingBlock] = {}
    for candidate in chosen:
        if candidate.plate in by_plate:
            listing = "; ".join(f"{number}: {b.name}" for number, b in enumerate(blocks, 1))
            raise OsteoCountError(
                "The export holds several readings of one plate; say which one is meant (--block). The blocks are "
                f"{listing}."
            )
        by_plate[candidate.plate] = candidate
    return by_plate


def _reference(blocks: list[ReadingBlock], plate: str, reference_nm: float | None) -> dict[WellPosition, float | None]:
    if reference_nm is None:
        return {}
    found = next(
        (b for b in blocks if b.kind in ("raw", "reference") and b.plate == plate and b.wavelength_nm == reference_nm),
        None,
    )
    if found is None:
        known = ", ".join(sorted({f"{b.wavelength_nm:g}" for b in blocks if b.wavelength_nm})) or "none"
        raise OsteoCountError(
            f"The export has no reading at {reference_nm:g} nm to subtract; its wavelengths are {known}."
        )
    return {r.position: r.value for r in found.readings}


def _unit(measured: dict[str, ReadingBlock], volume_ul: float | None) -> str:
    """Return the ending of the column of readings; p-nitrophenol is measured by its absorbance only."""
    signals = {chosen.signal for chosen in measured.values()}
    if len(signals) > 1:
        said = ", ".join(f"{chosen.name}: {chosen.signal or 'unknown'}" for chosen in measured.values())
        raise OsteoCountError(f"The plates were not measured in one way ({said}). Give each its own export.")
    signal: Signal = next(iter(signals), "absorbance")
    if volume_ul is not None and signal != "absorbance":
        raise OsteoCountError(
            f"The readings are {signal or 'too large for absorbance'}: there is no amount of p-nitrophenol. Leave out "
            "the volume and the light path."
        )
    return UNITS[signal]


def _wells_of(layout: pd.DataFrame, plate: str, roles: tuple[str, ...]) -> list[WellPosition]:
    own = layout[layout["role"].isin(roles)]
    if plate and (layout["plate"] != "").any() and (layout["plate"] == plate).any():
        own = own[own["plate"] == plate]
    return [place for well in own["well"] if (place := parse_well(str(well)))]


def _difference(value: float | None, other: float | None) -> float | None:
    return None if value is None or other is None else value - other


def pnpp_nmol(absorbance: float | None, volume_ul: float, path_cm: float) -> float | None:
    """Return the p-nitrophenol in a well, in nmol: A405 × V ÷ (18.0 per mM and cm × path); mM × µL are nmol."""
    if absorbance is None:
        return None
    if volume_ul <= 0 or path_cm <= 0:
        raise OsteoCountError("Volume and path length must be above zero.")
    return absorbance * volume_ul / (PNP_MILLIMOLAR_ABSORPTIVITY * path_cm)
