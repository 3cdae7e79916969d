"""Recognise the design: how donors, arms and plates were crossed (randomised blocks, or not), and say why."""

from __future__ import annotations

from collections.abc import Iterable
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
    n_donors : int
    sentence : str
        Which design was recognised, and why.
    block_name : str
        What a block is: ``donor``, ``donor × plate`` …
    blocks : tuple of str
        Where a block is not a donor: each block with the wells it holds.
    without_control : tuple of str
        What becomes of plates without a control well, in sentences.
    """

    kind: DesignKind
    block: pd.Series
    n_donors: int
    sentence: str
    block_name: str = "donor"
    blocks: tuple[str, ...] = ()
    without_control: tuple[str, ...] = ()


def recognise(wells: pd.DataFrame, controls: dict[str, str]) -> Design:
    """Recognise the design.

    Parameters
    ----------
    wells : DataFrame
        Columns ``donor``, ``arm``, ``oxygen``, ``plate``, ``day``, ``batch`` (plate and day), all text.
    controls : dict
        Oxygen level to control arm.
    """
    donors, arms = wells["donor"].nunique(), wells["arm"].nunique()
    size = f"{donors} {'donor' if donors == 1 else 'donors'} × {arms} arms, {len(wells)} wells"
    if donors == 1:
        sentence = (
            f"One donor ({size}): described within this donor, without p values or confidence intervals for the "
            "population, because wells are technical replicates."
        )
        block, name = _blocks(wells, controls)
        return Design("one donor", block, 1, sentence, name, *_said(wells, block, controls))
    if (wells.groupby("donor")["arm"].nunique() < 2).all():
        return Design(
            "unblocked", pd.Series("all", index=wells.index), donors,
            f"Different donors per arm ({size}): no donor carries two arms, so donors are compared between arms "
            "(unblocked) and the pairing is lost.",
        )  # fmt: skip
    block, name = _blocks(wells, controls)
    blocks, without_control = _said(wells, block, controls)
    if name != "donor":
        own = "" if without_control else " that each carry their own control"
        sentence = (
            f"Donors crossed with arms over several plates or days ({size}): a donor's arms are spread over plates"
            f"{own}, so every arm is compared within {name}."
        )
        return Design("blocked", block, donors, sentence, name, blocks, without_control)
    missing = donors * arms - wells.groupby(["donor", "arm"]).ngroups
    crossed = "every donor carries every arm" if not missing else (
        f"{missing} of {donors * arms} donor × arm cells {'is' if missing == 1 else 'are'} missing"
    )  # fmt: skip
    sentence = f"Donors crossed with arms ({size}): {crossed}, so arms are compared within donors."
    return Design("blocked", block, donors, sentence, name, blocks, without_control)


def _blocks(wells: pd.DataFrame, controls: dict[str, str]) -> tuple[pd.Series, str]:
    """Return the block of every well, and what a block is.

    Plates that repeat a donor's arms are one experiment and are pooled. Where a donor's arms are spread over plates,
    so that no plate holds them all, blocks are donor × plate (× day): what stands on several plates, such as a
    positive control, then links them. Of pooled plates one without a control is a block of its own, since its level
    cannot be told from that of its plate. Arms that no plate links to their control, in any donor, are compared
    within donors, and warned of as confounded.
    """
    by_plate = wells["donor"] + " | " + wells["batch"]
    spread = _is_spread(wells)
    if spread:
        block = by_plate
    else:
        alone = _lacks_control(wells, by_plate, controls) & _has_control(wells, wells["donor"], controls)
        block = wells["donor"].where(~alone, by_plate)
    unlinked = _unlinked_arms(wells, block, controls)
    if unlinked:
        donors = set(wells.loc[wells["arm"].isin(unlinked), "donor"])
        block = block.where(~wells["donor"].isin(donors), wells["donor"])
    return block, _block_name(wells) if spread and not (block == wells["donor"]).all() else "donor"


def _is_spread(wells: pd.DataFrame) -> bool:
    """Whether some donor's arms are spread over plates, none of which holds them all."""
    arms = wells.groupby(["donor", "batch"])["arm"].nunique().groupby("donor").max()
    return bool((arms < wells.groupby("donor")["arm"].nunique()).any())


def _block_name(wells: pd.DataFrame) -> str:
    """Name what a donor's wells are divided by: plate, day or both."""
    n_of = wells.groupby("donor")[["plate", "day"]].nunique()
    varies = [name for name in ("plate", "day") if n_of[name].max() > 1]
    return " × ".join(["donor", *varies])


def _has_control(wells: pd.DataFrame, group: pd.Series, controls: dict[str, str]) -> pd.Series:
    """Whether the group of each well holds a control well."""
    return wells["arm"].isin(controls.values()).groupby(group).transform("any")


def _lacks_control(wells: pd.DataFrame, group: pd.Series, controls: dict[str, str]) -> pd.Series:
    return ~_has_control(wells, group, controls)


def _unlinked_arms(wells: pd.DataFrame, block: pd.Series, controls: dict[str, str]) -> set[str]:
    """Arms that no chain of blocks and shared arms connects with the control of their oxygen level."""
    level = dict(zip(wells["arm"], wells["oxygen"], strict=True))
    groups = linked_arms(zip(block, wells["arm"], strict=True))
    return {
        arm for group in groups for arm in group if arm not in controls.values() and controls[level[arm]] not in group
    }


def linked_arms(cells: Iterable[tuple[str, str]]) -> list[set[str]]:
    """Return the groups of arms that blocks link, directly or through other arms, from pairs of block and arm."""
    in_block: dict[str, set[str]] = {}
    for block, arm in cells:
        in_block.setdefault(block, set()).add(arm)
    groups: list[set[str]] = []
    for arms in in_block.values():
        touching = [group for group in groups if group & arms]
        groups = [group for group in groups if not group & arms] + [arms.union(*touching)]
    return groups


def _said(wells: pd.DataFrame, block: pd.Series, controls: dict[str, str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the blocks with the wells they hold, and what becomes of those without a control."""
    if (block == wells["donor"]).all():
        return (), ()
    blocks, alone = [], []
    for name, own in wells.groupby(block, sort=True):
        label = str(name).replace(" | ", " × ")
        counts = own["arm"].value_counts().sort_index()
        held = ", ".join(f"{arm} {n}" for arm, n in counts.items())
        blocks.append(f"{label}: {len(own)} {'well' if len(own) == 1 else 'wells'} ({held})")
        if own["arm"].isin(controls.values()).any():
            continue
        arms = list(counts.index)
        if len(arms) == 1:
            alone.append(f"{label} holds {arms[0]} alone, without a control well: it can be compared with nothing.")
        else:
            alone.append(
                f"{label} holds no control well: it tells only how {', '.join(arms[:-1])} and {arms[-1]} differ from "
                "each other, which links them to the control of other plates."
            )
    return tuple(blocks), tuple(alone)
