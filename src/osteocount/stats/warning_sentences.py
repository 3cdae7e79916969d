"""Every warning of a comparison, in words: what is the matter, and what would mend it."""

from __future__ import annotations

import math

from osteocount.stats.sentences import number

TWO_DONORS = "Two donors: everything is exploratory, whatever the p value. Add donors (3 or more)."
PAIRING_LOST = (
    "Different donors per arm: donors are compared between arms and the pairing is lost, which costs much power. "
    "Give every donor every arm."
)


def _pairs(pairs: list[tuple[str, str]]) -> str:
    shown = ", ".join(f"{donor} × {arm}" for donor, arm in pairs[:6])
    return shown + (f" and {len(pairs) - 6} more" if len(pairs) > 6 else "")


def donors_named_twice(groups: list[list[str]]) -> str:
    """Warn of donors that look like one."""
    listed = "; ".join(" and ".join(f"'{name}'" for name in names) for names in groups)
    return (
        f"These look like the same donor in two experiments: {listed}. If so, give them one name (and a plate or day "
        "column): counted as two donors they make the p values too small."
    )


def arms_written_twice(groups: list[list[str]]) -> str:
    """Warn of arms whose names differ only in case, spaces or signs."""
    listed = "; ".join(" and ".join(f"'{name}'" for name in names) for names in groups)
    return f"These look like one arm written in two ways: {listed}. If so, write it one way: they are compared apart."


def missing_cells(missing: list[tuple[str, str]]) -> str:
    """Warn of donor × arm cells without wells."""
    return f"Missing donor × arm cells: {_pairs(missing)}. Estimates there rest on fewer donors."


def unequal_wells(low: int, high: int) -> str:
    """Warn of unequal wells."""
    return f"Unequal wells per donor × arm ({low} to {high}): every donor × arm weighs the same, whatever its wells."


def unequal_areas(low: float, high: float) -> str:
    """Warn of unequal areas."""
    return f"Unequal imaged areas ({number(low)} to {number(high)} per well): counts are compared as rates per area."


def confounded(arms: list[str], place: str) -> str:
    """Warn of arms whose effect cannot be told from that of their place."""
    one = len(arms) == 1
    named = arms[0] if one else f"{', '.join(arms[:-1])} and {arms[-1]}"
    if place == "plate":
        why = f"no plate of {'its' if one else 'their'} wells holds a control well"
    else:
        why = (
            f"all {'its' if one else 'their'} wells sit in one {place}{'' if one else ' each'}, without a control well"
        )
    return (
        f"{named} {'is' if one else 'are'} confounded with {place}: {why}. "
        f"Put controls there, or spread the {'arm' if one else 'arms'}."
    )


def empty_arms(arms: list[str], title: str) -> str:
    """Warn that the 0.5 decides the ratio of an arm in which nothing was counted."""
    return (
        f"0 {title} in every well of {' and '.join(arms)}: the 0.5 added to empty counts decides the ratio and its "
        "interval. Read them as 'far fewer', not as a number; image more area to learn how many fewer."
    )


def small_totals(pairs: list[tuple[str, str]], title: str) -> str:
    """Warn of cells with few counted."""
    return f"Fewer than 5 {title} in all wells of {_pairs(pairs)}: the ratio rests on a handful of cells."


def moved(pairs: list[tuple[str, str]]) -> str:
    """Say that a share of 0 or 1 was moved."""
    return (
        f"A share of exactly 0 or 1 has no odds and was moved a little in {_pairs(pairs)}: ratios there depend on how "
        "little. Read the donors' own values."
    )


def few_df(df: int) -> str:
    """Warn of few residual degrees of freedom."""
    degrees = "degree" if df == 1 else "degrees"
    return f"Only {df} residual {degrees} of freedom (fewer than 6): intervals are wide. Add donors."


def unequal_spread(noisy: str, quiet: str, ratio: float) -> str:
    """Warn that one arm varies more between donors than another."""
    times = f"{ratio:.1f} times" if math.isfinite(ratio) else "far"
    return (
        f"Donors vary {times} more in {noisy} than in {quiet}: the pooled variance makes p too small for the noisy "
        "arm. Trust the paired test there."
    )


def several_endpoints(n: int, primary: str) -> str:
    """Warn of several endpoints."""
    return (
        f"{n} endpoints were tested. '{primary}' is the primary one; for the others read p_across_endpoints, which is "
        "adjusted over the secondary endpoints."
    )


def several_oxygen_levels(n: int) -> str:
    """Warn of several oxygen levels."""
    return (
        f"{n} oxygen levels were tested: whether oxygen changes an effect is the contrast 'oxygen × arm', not two "
        "verdicts side by side."
    )
