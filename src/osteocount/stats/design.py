"""Recognise the design: how donors, arms and plates were crossed (randomised blocks, or not), and say why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pandas as pd

DesignKind = Literal["blocked", "unblocked", "one donor"]


@dataclass(frozen=True)
class Design:
    """How the arms are compared.

    Attributes
    ----------
    kind : str
        ``blocked``: within donors. ``unblocked``: between donors, since no donor carries two arms. ``one donor``:
        described, not tested.
    block : Series of str
        Per well: what is held fixed.
    sentence : str
        Which design was recognised, and why.
    """

    kind: DesignKind
    block: pd.Series
    n_donors: int
    sentence: str


def recognise(wells: pd.DataFrame, controls: dict[str, str]) -> Design:
    """Recognise the design.

    Parameters
    ----------
    wells : DataFrame
        Columns ``donor``, ``arm``, ``batch`` (plate and day, text).
    controls : dict
        Oxygen level to control arm.
    """
    donors, arms = wells["donor"].nunique(), wells["arm"].nunique()
    size = f"{donors} {'donor' if donors == 1 else 'donors'} × {arms} arms, {len(wells)} wells"
    if donors == 1:
        return Design(
            "one donor", wells["donor"], 1,
            f"One donor ({size}): described within this donor, without p values or confidence intervals for the "
            "population, because wells are technical replicates.",
        )  # fmt: skip
    if (wells.groupby("donor")["arm"].nunique() < 2).all():
        return Design(
            "unblocked", pd.Series("all", index=wells.index), donors,
            f"Different donors per arm ({size}): no donor carries two arms, so donors are compared between arms "
            "(unblocked) and the pairing is lost.",
        )  # fmt: skip
    missing = donors * arms - wells.groupby(["donor", "arm"]).ngroups
    crossed = "every donor carries every arm" if not missing else (
        f"{missing} of {donors * arms} donor × arm cells {'is' if missing == 1 else 'are'} missing"
    )  # fmt: skip
    if _split_over_batches(wells, set(controls.values())):
        return Design(
            "blocked", wells["donor"] + " | " + wells["batch"], donors,
            f"Donors crossed with arms over several plates or days ({size}): a donor's arms are spread over plates "
            "that each carry their own control, so every arm is compared within donor × plate.",
        )  # fmt: skip
    return Design(
        "blocked", wells["donor"], donors,
        f"Donors crossed with arms ({size}): {crossed}, so arms are compared within donors.",
    )  # fmt: skip


def _split_over_batches(wells: pd.DataFrame, controls: set[str]) -> bool:
    """Whether donors on several batches have each arm on one of them, beside a control of its own.

    Where a donor's batches repeat the same arms they are one experiment, and are pooled.
    """
    split = False
    for _, own in wells.groupby("donor"):
        batches = [set(group["arm"]) for _, group in own.groupby("batch")]
        if len(batches) == 1:
            continue
        treated = [arm for arms in batches for arm in arms - controls]
        if not all(arms & controls for arms in batches) or len(treated) > len(set(treated)):
            return False
        split = True
    return split
