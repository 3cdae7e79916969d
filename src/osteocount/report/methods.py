"""A paragraph for the methods section, made only of what the run recorded."""

from __future__ import annotations

from collections.abc import Sequence

from osteocount.report.folder import Results
from osteocount.report.numbers import figure, listed, plural

REGIMES = {
    "brightfield": "brightfield pictures",
    "low_power": "brightfield overview pictures",
    "fluorescence": "fluorescence pictures",
}


def methods(results: Results) -> str:
    """Describe imaging, counting and comparison the way a paper does."""
    return " ".join(filter(None, [_imaging(results), _counting(results), _comparison(results), _edited(results)]))


def _imaging(results: Results) -> str:
    inputs = results.run.inputs
    kinds = _distinct([REGIMES.get(entry.regime or "", "pictures") for entry in inputs])
    sizes = sorted({entry.pixel_size_um for entry in inputs if entry.pixel_size_um is not None})
    origins = _distinct(
        [entry.pixel_size_origin for entry in inputs if entry.pixel_size_um and entry.pixel_size_origin]
    )
    if not sizes:
        scale = "of unknown pixel size"
    else:
        scale = f"at {listed([figure(size) for size in sizes])} µm per pixel"
        scale += f" ({listed(origins)})" if origins else ""
        scale += "" if all(entry.pixel_size_um for entry in inputs) else ", some of unknown pixel size"
    n_wells = len(results.counted_wells)
    return (
        f"TRAP-stained cultures were analysed from {plural(len(inputs), 'picture')} ({listed(kinds)} {scale}) of "
        f"{plural(n_wells, 'well')} with OsteoCount {results.run.osteocount or 'of unrecorded version'}."
    )


def _counting(results: Results) -> str:
    settings = results.run.settings
    segment, least = settings.get("segment", {}), settings.get("count", {}).get("min_nuclei")
    regimes = {entry.regime for entry in results.run.inputs}
    front = (
        "Fluorescence channels for cytoplasm and DNA were used"
        if regimes == {"fluorescence"}
        else "Grey levels were converted to optical density against the local bare-plastic background, and TRAP was "
        "separated from the counterstain"
    )
    text = f"{front}; cells and nuclei were outlined automatically"
    text += f" (segmenter “{segment['segmenter']}”)." if segment.get("segmenter") else "."
    if isinstance(segment.get("trap_threshold"), int | float):
        text += (
            f" A cell was TRAP-positive when its mean TRAP optical density exceeded {figure(segment['trap_threshold'])}"
        )
        text += f", and an osteoclast when it also had at least {least} nuclei." if least is not None else "."
    blind = [entry.nuclei_resolved is False for entry in results.run.inputs]
    if any(blind):
        which = (
            "Nuclei were not resolved" if all(blind) else f"In {plural(sum(blind), 'picture')} nuclei were not resolved"
        )
        text += f" {which}; there, osteoclasts were called by size and TRAP."
    if settings.get("picture", {}).get("well_view") == "field":
        text += " Cells cut by the top or left border of a field were not counted (unbiased counting frame)."
    return text


def _comparison(results: Results) -> str:
    table = results.comparisons
    if table is None or table.empty:
        return ""
    references = _distinct([str(name) for name in table["reference"].dropna()])
    donors = table["n_donors"].dropna() if "n_donors" in table else table["estimate"].iloc[:0]
    n = "" if donors.empty else f" of {int(donors.min())}"
    n += "" if donors.empty or donors.min() == donors.max() else f" to {int(donors.max())}"
    methods_used = _distinct([str(name) for name in table["method"].dropna()]) if "method" in table else []
    text = f"Each arm was compared with {listed(references)}, with the donor{n} as the unit of replication."
    text += f" Method as recorded: {'; '.join(methods_used)}." if methods_used else ""
    return (
        text
        + " An effect was called robust only if both the Dunnett-adjusted p and the paired t test over donors were "
        "below 0.05, and indicated if only the first was."
    )


def _edited(results: Results) -> str:
    if not results.n_edits:
        return ""
    return f"A person corrected the automatic result ({plural(results.n_edits, 'logged edit')})."


def _distinct(values: Sequence[str | None]) -> list[str]:
    return list(dict.fromkeys(value for value in values if value))
