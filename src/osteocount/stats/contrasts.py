"""Contrasts of arms by name: each arm against its control, declared ratios, and those the arms' names suggest."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from osteocount.errors import OsteoCountError
from osteocount.stats.arms import oxygen_name, suggestion
from osteocount.stats.least_squares import ArmWeights

ContrastKind = Literal["arm", "dependence", "trend", "interaction", "custom", "equivalence", "ec50"]
IL32_DEPENDENCE = "il32_dependence"
REFERENCE_JOIN = " × "  # joins the arms below the line in the reference of a contrast
NORMOXIA = ("norm", "ambient", "air", "atmospheric")
DAY = re.compile(r"day (\d+(?:\.\d+)?)$")


@dataclass(frozen=True)
class Contrast:
    """A weighted sum of arms on the link scale; the weights sum to zero.

    Attributes
    ----------
    name, reference : str
        As in the table: for an arm against its control, the arm and the control.
    weights : dict
        Arm to weight.
    kind : str
    arm : str
        The arm, where the contrast is one arm against its control; else empty.
    per_step : float
        What the sum is divided by for display: Σ score² turns a trend into a slope per dose step.
    apart : bool
        A positive control that is compared outside the family of the other arms.
    """

    name: str
    reference: str
    weights: ArmWeights
    kind: ContrastKind
    arm: str = ""
    per_step: float = 1.0
    apart: bool = False

    @property
    def title(self) -> str:
        """The name as a reader says it."""
        return contrast_title(self.name)


def contrast_title(name: str) -> str:
    """Write the name of a contrast as a reader says it: ``dose_trend rhIL32`` becomes "dose trend of rhIL32"."""
    name = re.sub(r"\b([a-z0-9+]+)_(dependence|rescue)\b", lambda match: f"{_gene(match[1])} {match[2]}", name)
    for start in ("dose_trend", "equivalence", "EC50", "IC50"):
        if name.startswith(f"{start} "):
            return f"{start.replace('_', ' ')} of {name.removeprefix(start).strip()}"
    return name


def _gene(plain: str) -> str:
    """Write a gene: il32 as IL-32, cd81 as CD81, cd9+il32 as CD9 and IL-32."""
    return " and ".join(re.sub(r"^IL(?=\d)", "IL-", one.upper()) for one in plain.split("+"))


def against_control(wells: pd.DataFrame, controls: dict[str, str]) -> list[Contrast]:
    """Every arm against the control of its oxygen level, sorted by level and name (20 before 100)."""
    level_of = dict(zip(wells["arm"], wells["oxygen"], strict=True))
    return [
        Contrast(arm, controls[level], {arm: 1.0, controls[level]: -1.0}, "arm", arm)
        for arm, level in sorted(
            level_of.items(), key=lambda pair: (order_of_level(pair[1]), natural_name_key(pair[0]))
        )
        if arm not in controls.values()
    ]


def oxygen_by_treatment(wells: pd.DataFrame, controls: dict[str, str]) -> list[Contrast]:
    """Ratio of ratios: a treatment's effect in hypoxia over that in normoxia (the highest), or over the first day."""
    levels = sorted((level for level in controls if level), key=order_of_level)
    if len(levels) < 2:
        return []
    normal = normoxia(levels)
    arms = wells.drop_duplicates("arm")
    contrasts = []
    for level in levels:
        for _, group in arms.groupby(["treatment", arms["dose"].fillna(-1.0)], sort=True):
            at = dict(zip(group["oxygen"], group["arm"], strict=True))
            if level == normal or normal not in at or level not in at or at[level] == controls[level]:
                continue
            weights = {at[level]: 1.0, controls[level]: -1.0, at[normal]: -1.0, controls[normal]: 1.0}
            shown = at[level].removesuffix(f", {oxygen_name(level)}")
            name = f"{level_word(levels)} × {shown}" + (f", {oxygen_name(level)}" if len(levels) > 2 else "")
            contrasts.append(Contrast(name, oxygen_name(normal), weights, "interaction"))
    return contrasts


def level_word(levels: Iterable[str]) -> str:
    """Say what the levels are, each with a control of its own: days of a time course, or oxygen."""
    return "day" if all(DAY.match(level) for level in levels) else "oxygen"


def order_of_level(level: str) -> tuple[int, float, str]:
    """Sort key of oxygen levels and days: numbers from low to high, then words."""
    try:
        if day := DAY.match(level):
            return (0, float(day[1]), level)
        return (0, float(re.sub(r"\s*%.*$", "", level)), level)
    except ValueError:
        return (1, 0.0, level)


def normoxia(levels: list[str]) -> str:
    """Return the level that others are compared with: the first day, normoxia or air, else the highest number."""
    if level_word(levels) == "day":
        return min(levels, key=order_of_level)
    named = [level for level in levels if level.casefold().startswith(NORMOXIA)]
    return named[0] if named else max(levels, key=order_of_level)


def parse(text: str, arms: list[str]) -> Contrast:
    """Read a contrast such as ``EV_WT / EV_KO``, ``(A/B)/(C/D)`` or ``name = A / B``.

    Arms are written as in the table or in double quotes; an arm whose own name holds a slash ("25 ng/mL") is
    recognised as a whole.

    Raises
    ------
    OsteoCountError
        An unknown arm, a bracket that does not close, or an arm on both sides that cancels.
    """
    name, expression = _split_name(text, arms)
    weights, rest = _ratio(_tokens(expression, text, arms), text)
    if rest:
        raise _unreadable(text, f"nothing is expected after '{rest[0][1]}'")
    weights = {arm: weight for arm, weight in weights.items() if weight}
    if not weights or abs(sum(weights.values())) > 0:
        raise _unreadable(text, "every arm above the line needs one below it")
    below = REFERENCE_JOIN.join(arm for arm, weight in weights.items() if weight < 0)
    kind: ContrastKind = "dependence" if name.casefold().endswith("_dependence") else "custom"
    return Contrast(name or expression.strip(), below, weights, kind)


def _split_name(text: str, arms: list[str]) -> tuple[str, str]:
    head, equals, tail = text.partition("=")
    return (head.strip(), tail) if equals and not any("=" in arm for arm in arms) else ("", text)


Token = tuple[str, str]


def _tokens(expression: str, text: str, arms: list[str]) -> list[Token]:
    """Split into brackets, slashes and arms."""
    tokens: list[Token] = []
    position = 0
    while position < len(expression):
        sign = expression[position]
        if sign.isspace():
            position += 1
        elif sign in "()/":
            tokens.append((sign, sign))
            position += 1
        else:
            arm, length = _arm_at(expression[position:], text, arms)
            tokens.append(("arm", arm))
            position += length
    return tokens


def _arm_at(rest: str, text: str, arms: list[str]) -> tuple[str, int]:
    if rest.startswith('"'):
        end = rest.find('"', 1)
        if end < 0:
            raise _unreadable(text, "a quotation mark does not close")
        return _known(rest[1:end], text, arms), end + 1
    for arm in sorted(arms, key=len, reverse=True):
        after = rest[len(arm) :].lstrip()
        if rest.casefold().startswith(arm.casefold()) and (not after or after[0] in "/)"):
            return arm, len(arm)
    name = re.split(r"[/()]", rest, maxsplit=1)[0]
    return _known(name.strip(), text, arms), len(name)


def _known(name: str, text: str, arms: list[str]) -> str:
    for arm in arms:
        if arm.casefold() == name.casefold():
            return arm
    raise OsteoCountError(
        f"Contrast '{text}': no arm is called '{name}'{suggestion(name, arms)} "
        f"The table holds: {', '.join(sorted(arms))}."
    )


def _ratio(tokens: list[Token], text: str) -> tuple[ArmWeights, list[Token]]:
    """``term { "/" term }``, as log weights."""
    weights, tokens = _term(tokens, text)
    while tokens and tokens[0][0] == "/":
        below, tokens = _term(tokens[1:], text)
        weights = {arm: weights.get(arm, 0.0) - below.get(arm, 0.0) for arm in {**weights, **below}}
    return weights, tokens


def _term(tokens: list[Token], text: str) -> tuple[ArmWeights, list[Token]]:
    if not tokens:
        raise _unreadable(text, "an arm is missing at the end")
    kind, name = tokens[0]
    if kind == "arm":
        return {name: 1.0}, tokens[1:]
    if kind == "(":
        weights, rest = _ratio(tokens[1:], text)
        if not rest or rest[0][0] != ")":
            raise _unreadable(text, "a bracket does not close")
        return weights, rest[1:]
    raise _unreadable(text, f"an arm is expected before '{name}'")


def _unreadable(text: str, why: str) -> OsteoCountError:
    return OsteoCountError(f"Contrast '{text}' cannot be read: {why}. Write it like 'EV_WT / EV_KO' or '(A/B)/(C/D)'.")


def natural_name_key(name: str) -> tuple[tuple[float, str], ...]:
    """Sort key of names given by people: case does not matter, and 0.5 is one number."""
    runs = re.split(r"(\d+(?:\.\d+)?)", name.casefold())
    return tuple((float(run), "") if n % 2 else (-1.0, run) for n, run in enumerate(runs) if run)
