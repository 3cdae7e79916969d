"""Recognise wild types, knock-outs and rescues by the arms' names, and compare each knock-out with its wild type.

"Dependence" is the ratio of wild type to knock-out: how much of an effect is lost without the gene. It is named after
what was knocked out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from osteocount.stats.arms import oxygen_name
from osteocount.stats.contrasts import IL32_DEPENDENCE, Contrast, contrast_title, level_word, normoxia, order_of_level

Genotype = Literal["wild type", "knock-out", "rescue", ""]
CARRIERS = {"ev", "evs", "sev", "sevs", "lev", "levs", "exo", "exos", "exosome", "exosomes", "mv", "mvs", "vesicle",
            "vesicles", "cm", "supernatant", "sup"}  # fmt: skip
KNOCK_OUT = {"ko", "knockout", "kd", "knockdown", "null", "deficient", "depleted", "silenced"}
WILD_TYPE = {"wt", "wildtype", "parental"}
RESCUE = {"rescue", "rescued", "addback", "reexpression", "reexpressed", "reconstituted", "readded"}
SILENCING = {"si", "sh", "sg", "sirna", "shrna", "sgrna", "crispr", "grna", "aso"}
SCRAMBLED = {"ctrl", "control", "scr", "scramble", "scrambled", "nt", "ntc", "nontargeting", "neg", "negative", "luc",
             "gfp", "mock"}  # fmt: skip
FILLERS = {
    "clone",
    "clones",
    "cl",
    "pool",
    "type",
    "out",
    "in",
    "the",
    "of",
    "with",
    "from",
    "and",
    "cells",
    "sh",
    "si",
}


@dataclass(frozen=True)
class ArmGenotype:
    """What an arm's name says of the genotype of what it got.

    Attributes
    ----------
    genotype : str
    words : frozenset of str
        The other words of the name: carrier, gene, cell line.
    clone : str
        Number of the clone or guide; empty where none is named.
    """

    genotype: Genotype
    words: frozenset[str]
    clone: str


def read_genotype(treatment: str) -> ArmGenotype:
    """Read genotype, clone and other words from the name of a treatment, such as ``sEV CD81KO clone 2``."""
    words: set[str] = set()
    marks = {"rescue"} if _is_put_back(treatment) else set()
    clone = ""
    for token in _tokens(treatment):
        numbered = re.fullmatch(r"(clone|cl|c|ko|kd|#|g|guide)(\d+)", token)
        joined = re.fullmatch(r"(.{2,})(ko|kd|wt)|(ko|kd|wt)(.{3,})", token)
        silenced = re.fullmatch(r"(si|sh|sg)(.{2,})", token)
        if numbered:
            clone = numbered[2]
            marks |= {numbered[1]} & KNOCK_OUT
        elif token in KNOCK_OUT | WILD_TYPE | RESCUE | SILENCING | SCRAMBLED:
            marks.add(token)
        elif joined:
            words.add(joined[1] or joined[4])
            marks.add(joined[2] or joined[3])
        elif silenced and (silenced[2] in SCRAMBLED or re.search(r"[a-z]\d|rna$", silenced[2])):
            marks |= {silenced[1]} | ({silenced[2]} & SCRAMBLED)
            words |= {silenced[2]} - SCRAMBLED
        elif token not in FILLERS:
            words.add(token)
    numbers = {word for word in words if word.isdigit()}
    return ArmGenotype(_genotype(marks, words), frozenset(words - FILLERS - numbers), clone)


def _is_put_back(treatment: str) -> bool:
    """Whether what was knocked out is added again: ``CD81KO + CD81``."""
    before, plus, behind = treatment.replace("+/+", "").partition("+")
    added = [token for token in _tokens(behind) if re.fullmatch(r"[a-z]+\d+[a-z]?", token)]
    return bool(plus) and any(re.search(rf"(?:^|[^a-z]){gene}(?!\d)", " ".join(_tokens(before))) for gene in added)


def _tokens(treatment: str) -> list[str]:
    """Split a name into words: IL-32 is one, so is a gene with its ``-/-``; siCD81 keeps its si."""
    text = treatment.replace("-/-", " KO ").replace("+/+", " WT ").replace("Δ", " KO ").replace("∆", " KO ")
    text = re.sub(r"#\s*(\d+)", r" clone\1 ", text)
    text = re.sub(r"\b(wild|knock|add|non|re)[\s_-]+(type|out|down|back|targeting|express)", r"\1\2", text, flags=re.I)
    text = re.sub(r"(?<![A-Za-z])((?:rh)?[A-Za-z]{1,6})[-\s](\d{1,3}[a-z]?)(?![\d.])", _joined_gene, text)
    return [token for token in re.split(r"[\s_\W]+", text.casefold()) if token]


def _joined_gene(match: re.Match[str]) -> str:
    """Join IL-32 and CD 81 into one word, but not clone 2 or EV 5."""
    word = match[1].casefold()
    if word in CARRIERS or word in {"day", "d", "donor", "batch", "lot", "passage", "p", "dose", "plate"} | KNOCK_OUT:
        return match[0]
    return match[1] + match[2]


def _genotype(marks: set[str], words: set[str]) -> Genotype:
    if marks & RESCUE:
        return "rescue"
    if marks & KNOCK_OUT:
        return "knock-out"
    if marks & SILENCING:
        return "wild type" if marks & SCRAMBLED or not words - CARRIERS else "knock-out"
    if marks & WILD_TYPE or (marks & SCRAMBLED and words & CARRIERS):
        return "wild type"
    return ""


@dataclass(frozen=True)
class Dependences:
    """Contrasts of knock-outs, those of oxygen on them, what was recognised, and what is unclear, in sentences."""

    contrasts: tuple[Contrast, ...] = ()
    by_oxygen: tuple[Contrast, ...] = ()
    recognised: tuple[str, ...] = ()
    unclear: tuple[str, ...] = ()


def find_dependences(wells: pd.DataFrame, controls: dict[str, str]) -> Dependences:
    """Compare every knock-out with its wild type, and every rescue with its knock-out, within dose and oxygen level.

    Parameters
    ----------
    wells : DataFrame
        Columns ``arm, treatment, dose, dose_unit, oxygen``.
    controls : dict
        Oxygen level to control arm.
    """
    arms = wells.drop_duplicates("arm").sort_values("arm")
    read = {str(arm): read_genotype(str(name)) for arm, name in zip(arms["arm"], arms["treatment"], strict=True)}
    places = {
        str(arm): (float(dose) if dose == dose else -1.0, str(unit), str(oxygen))
        for arm, dose, unit, oxygen in zip(arms["arm"], arms["dose"], arms["dose_unit"], arms["oxygen"], strict=True)
    }
    pairs: list[tuple[str, str, str, str]] = []  # above, below, what it is, what was knocked out
    unclear = []
    inverse = []
    for out in (arm for arm, own in read.items() if own.genotype == "knock-out"):
        wild, gene = _partner(out, "wild type", read, places)
        if out in controls.values():
            continue  # every arm is compared with it already
        if len(wild) == 1 and wild[0] in controls.values():
            inverse.append(_inverse(out, wild[0], gene))
        elif len(wild) == 1:
            pairs.append((wild[0], out, "dependence", gene))
        else:
            unclear.append(_unclear(out, wild, gene))
    for back in (arm for arm, own in read.items() if own.genotype == "rescue"):
        out_arms, gene = _partner(back, "knock-out", read, places)
        if len(out_arms) == 1:
            pairs.append((back, out_arms[0], "rescue", gene))
        else:
            unclear.append(_unclear_rescue(back, out_arms, gene))
    contrasts, at_level = _named(pairs, read, places)
    recognised = tuple(f"{one.title} recognised by the arms' names: {' / '.join(one.weights)}." for one in contrasts)
    unclear += _at_one_level_only(at_level, list(controls))
    by_oxygen = tuple(_by_oxygen(at_level, list(controls)))
    return Dependences(tuple(contrasts), by_oxygen, (*recognised, *inverse), tuple(unclear))


def _partner(
    arm: str, genotype: Genotype, read: dict[str, ArmGenotype], places: dict[str, tuple[float, str, str]]
) -> tuple[list[str], str]:
    """Return the arms of ``genotype`` that differ from ``arm`` by the gene alone, and the gene."""
    own = read[arm]
    here = [other for other in read if other != arm and places[other] == places[arm]]
    marked = [other for other in here if read[other].genotype == genotype]
    if genotype == "wild type":
        # Without a wild type by name: the same carrier, named without any genotype.
        marked = marked or [other for other in here if not read[other].genotype and read[other].words & CARRIERS]
    fitting = [other for other in marked if read[other].words - _genes(own) <= own.words | _genes(read[other])]
    nearest = [other for other in fitting if read[other].words & CARRIERS == own.words & CARRIERS] or fitting
    exact = [other for other in nearest if own.words - _genes(own) == read[other].words - _genes(own)]
    same_clone = [other for other in exact or nearest if read[other].clone == own.clone]
    chosen = (same_clone if len(same_clone) == 1 else exact) or nearest
    extra = own.words - CARRIERS - (read[chosen[0]].words if len(chosen) == 1 and genotype == "wild type" else set())
    genes = sorted(word for word in extra if re.search(r"[a-z]", word))
    with_number = [word for word in genes if re.search(r"\d", word)]
    if len(chosen) == 1 and len(with_number) > 1:
        return chosen, "+".join(with_number)
    return chosen, (with_number or genes or [""])[0] if len(with_number or genes) <= 1 else ""


def _genes(arm: ArmGenotype) -> frozenset[str]:
    """Words that look like genes: letters with a number."""
    return frozenset(word for word in arm.words if re.fullmatch(r"(?:rh)?[a-z]+\d+[a-z]?", word))


def _unclear(out: str, wild: list[str], gene: str) -> str:
    name = dependence_key(gene)
    if wild:
        which = f"which of {', '.join(wild)} is its wild type is unclear"
        example = f"{name} = {wild[0]} / {out}"
    else:
        which, example = "no arm looks like its wild type at the same dose and oxygen", f"{name} = WILD TYPE / {out}"
    return (
        f"{out} looks like a knock-out, but {which}: no dependence was computed. Declare it in the setting "
        f"'contrasts', such as '{example}'."
    )


def _inverse(out: str, wild: str, gene: str) -> str:
    """Say that the row of a knock-out whose wild type is the control is its dependence, upside down."""
    title = contrast_title(dependence_key(gene))
    return f"{title}: {wild} is the control, so the ratio of {out} to it is the inverse of the dependence."


def _unclear_rescue(back: str, out: list[str], gene: str) -> str:
    name = dependence_key(gene).replace("dependence", "rescue")
    why = (
        f"which of {', '.join(out)} is its knock-out is unclear"
        if out
        else "no arm looks like its knock-out at the same dose and oxygen"
    )
    return (
        f"{back} looks like a rescue, but {why}: no rescue was computed. Declare it in the setting 'contrasts', such "
        f"as '{name} = {back} / {out[0] if out else 'KNOCK-OUT'}'."
    )


def _at_one_level_only(at_level: dict[str, dict[str, Contrast]], levels: list[str]) -> list[str]:
    """Say which dependences are not at every oxygen level, so that their modification by oxygen cannot be told."""
    said = []
    for name, own in at_level.items():
        absent = [oxygen_name(level) for level in sorted(levels, key=order_of_level) if level and level not in own]
        if absent:
            said.append(
                f"{contrast_title(name)} is not known at {' and '.join(absent)}, where an arm of it is missing: what "
                f"{level_word(levels)} does to it cannot be told there. Give every level all arms."
            )
    return said


def dependence_key(gene: str) -> str:
    """Name a dependence in the table: ``cd81_dependence``; the project's IL-32 where the names say no gene."""
    plain = re.sub(r"[^\w+]|_", "", gene).removeprefix("rh")
    return f"{plain}_dependence" if plain else IL32_DEPENDENCE


def _named(
    pairs: list[tuple[str, str, str, str]], read: dict[str, ArmGenotype], places: dict[str, tuple[float, str, str]]
) -> tuple[list[Contrast], dict[str, dict[str, Contrast]]]:
    """Name the contrasts, telling those of one gene apart by what differs: words, dose, clone, oxygen."""
    keys = [dependence_key(gene).removesuffix("dependence") + what for _, _, what, gene in pairs]
    contrasts: list[Contrast] = []
    at_level: dict[str, dict[str, Contrast]] = {}
    for (above, below, *_), key in zip(pairs, keys, strict=True):
        same = [pair for pair, other in zip(pairs, keys, strict=True) if other == key]
        parts = []
        words = {frozenset(read[pair[1]].words) for pair in same}
        shared = frozenset.intersection(*words)
        if len(words) > 1 and (own := read[below].words - shared):
            parts.append(" ".join(sorted(own)))
        if len({places[pair[1]][:2] for pair in same}) > 1 and places[below][0] >= 0:
            parts.append(f"{places[below][0]:.10g} {places[below][1]}".strip())
        if len({read[pair[1]].clone for pair in same}) > 1 and read[below].clone:
            parts.append(f"clone {read[below].clone}")
        name = " ".join([key, *parts])
        level = places[below][2]
        several_levels = len({places[pair[1]][2] for pair in same}) > 1
        full = f"{name}, {oxygen_name(level)}" if several_levels and level else name
        if any(one.name == full for one in contrasts):
            full = f"{full} ({below})"
        contrast = Contrast(full, below, {above: 1.0, below: -1.0}, "dependence")
        contrasts.append(contrast)
        at_level.setdefault(name, {})[level] = contrast
    return contrasts, at_level


def _by_oxygen(at_level: dict[str, dict[str, Contrast]], levels: list[str]) -> list[Contrast]:
    """Compare a dependence in hypoxia with that in normoxia."""
    contrasts = []
    normal = normoxia(levels)
    for name, own in at_level.items():
        for level in sorted(own, key=order_of_level):
            if normal not in own or level == normal:
                continue
            weights = own[level].weights | {arm: -weight for arm, weight in own[normal].weights.items()}
            shown = f"{level_word(levels)} × {name}" + (f", {oxygen_name(level)}" if len(levels) > 2 else "")
            contrasts.append(Contrast(shown, oxygen_name(normal), weights, "interaction"))
    return contrasts
