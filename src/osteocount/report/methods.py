"""A paragraph for a methods section and what to cite, written from what the run recorded of itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

import pandas as pd

from osteocount.io.run_record import FieldRecord
from osteocount.report.number_format import is_known, listed, plural
from osteocount.report.results import Results
from osteocount.stats.plain_words import contrast_name, endpoint_name
from osteocount.stats.sentences import WEIGHTED

REGIMES = {"brightfield": "brightfield", "low_power": "low-power brightfield", "fluorescence": "fluorescence"}
PROGRAMS = {"cellpose": "Cellpose", "stardist": "StarDist", "onnx": "an ONNX network"}
MOST_CHANNELS = 3  # ways of reading channels that are named; more would fill the paragraph
SHORT_HASH = 12  # hexadecimal digits that tell files apart in print; the record has them all

CITATION = "The OsteoCount developers. OsteoCount: osteoclasts, their nuclei, and what a treatment did to them."
"""As in CITATION.cff."""
GUNDERSEN = (
    "Gundersen HJG. Notes on the estimation of the numerical density of arbitrary profiles: the edge effect. "
    "J Microsc 1977; 111: 219-223 (the counting frame)."
)
DUNNETT = (
    "Dunnett CW. A multiple comparison procedure for comparing several treatments with a control. J Am Stat Assoc "
    "1955; 50: 1096-1121."
)


def methods(results: Results) -> str:
    """Describe imaging, counting and comparison the way a paper does, only from what the run recorded."""
    parts = [
        _imaging(results),
        *_counting(results),
        _hidden_nuclei(results),
        _frame(results),
        _classifier(results),
        _edited(results),
        _left_out(results),
        _comparison(results),
    ]
    return " ".join(filter(None, parts))


def citations(results: Results) -> list[str]:
    """List what a paper that uses these results would cite: the program and the methods this run used."""
    version = f" Version {results.run.osteocount}." if results.run.osteocount else ""
    found = [f"{CITATION}{version}"]
    if _frame(results):
        found.append(GUNDERSEN)
    table = results.comparisons
    if table is not None and "method" in table and table["method"].fillna("").str.contains("Dunnett").any():
        found.append(DUNNETT)
    return found


def _imaging(results: Results) -> str:
    inputs = results.run.inputs
    kinds = _distinct([REGIMES.get(entry.regime) for entry in inputs])
    named = results.counted_wells["well"].notna()
    wells = f" of {plural(int(named.sum()), 'well')}" if named.any() else ""
    what = plural(len(inputs), f"{kinds[0]} picture" if len(kinds) == 1 else "picture")
    mixed = f" ({listed(kinds)})" if len(kinds) > 1 else ""
    stained = "Cultures" if kinds == ["fluorescence"] else "TRAP-stained cultures"
    return (
        f"{stained} were analysed from {what}{mixed}{wells} {_scale(inputs)} with OsteoCount "
        f"{results.run.osteocount or 'of unrecorded version'}."
    )


def _scale(inputs: Sequence[FieldRecord]) -> str:
    """Say how large a pixel is and who says so; where nobody does, as how large it was taken."""
    sizes = sorted({entry.pixel_size_um for entry in inputs if entry.pixel_size_um is not None})
    origins = _distinct(
        [entry.pixel_size_origin for entry in inputs if entry.pixel_size_um and entry.pixel_size_origin]
    )
    if sizes:
        scale = f"at {listed([f'{size:.4g}' for size in sizes])} µm per pixel"
        scale += f" (pixel size: {listed(origins)})" if origins else ""
        return scale + ("" if all(entry.pixel_size_um for entry in inputs) else ", some of unknown pixel size")
    used = [entry.record.get("analysed_um_per_px") for entry in inputs]
    taken = sorted(value for value in used if isinstance(value, int | float))
    if not taken:
        return "of unknown pixel size"
    origin = listed(_distinct([str(entry.record.get("analysed_um_per_px_origin") or "") for entry in inputs]))
    return f"of unknown pixel size (taken as {_span(taken)} µm per pixel{f', {origin}' if origin else ''})"


def _counting(results: Results) -> Iterator[str]:
    """Say for each kind of pictures how cells were found and what was called an osteoclast."""
    groups: dict[str, list[FieldRecord]] = {}
    for entry in results.run.inputs:
        groups.setdefault(entry.regime, []).append(entry)
    for regime, entries in groups.items():
        said = _OF_REGIME.get(regime, _of_brightfield)(entries, results.run.settings)
        what = f"{REGIMES.get(regime, 'other')} picture"
        yield said if len(groups) == 1 else f"In {plural(len(entries), what)}: {said[0].lower()}{said[1:]}"


def _of_brightfield(entries: Sequence[FieldRecord], settings: dict[str, Any]) -> str:
    threshold = _number(settings, "segment", "trap_threshold")
    positive = f"A cell was TRAP-positive when its mean TRAP optical density exceeded {threshold}" if threshold else ""
    return (
        "Grey levels were converted to optical density against the local bare-plastic background, and TRAP was "
        f"separated from the counterstain; cells and nuclei were outlined {_segmenters(entries, settings)}."
        f"{_rules(positive, settings)}"
    )


def _of_low_power(entries: Sequence[FieldRecord], settings: dict[str, Any]) -> str:
    threshold = _number(settings, "segment", "trap_threshold")
    positive = f" (mean TRAP optical density above {threshold})" if threshold else ""
    by_network = [bool(entry.record.get("low_power_model_sha256")) for entry in entries]
    calls = []
    if any(by_network):
        calls.append("when the same network called it one, from its appearance and its size")
    if not all(by_network):
        calls.append(_size_rule(entries, settings))
    return (
        "Grey levels were converted to optical density against the local bare-plastic background, and cells were "
        f"outlined {_segmenters(entries, settings)}. Nuclei cannot be seen at this magnification and were not counted: "
        f"a TRAP-positive cell{positive} was called an osteoclast {' or '.join(calls)}. This is not the usual "
        "definition by nuclei."
    )


def _size_rule(entries: Sequence[FieldRecord], settings: dict[str, Any]) -> str:
    """Say how large a cell has to be, and how much that was in these pictures."""
    ratio = _number(settings, "segment", "large_cell_ratio")
    if not ratio:
        return "by its size"
    limits = [entry.record.get("large_cell_diameter_um") for entry in entries]
    known = sorted(value for value in limits if isinstance(value, int | float))
    at = f", that is {_span(known)} µm" if known else ""
    return (
        f"when its diameter, that of a disc of its area, was at least {ratio} times that of the mononuclear cells of "
        f"the same picture{at}"
    )


def _of_fluorescence(entries: Sequence[FieldRecord], settings: dict[str, Any]) -> str:
    channels = _distinct([str(entry.record.get("channels") or "") for entry in entries])
    named = f" ({'; '.join(channels)})" if 0 < len(channels) <= MOST_CHANNELS else ""
    ratios = [
        entry.record["positive_from_grey"] / entry.record["cell_threshold_grey"]
        for entry in entries
        if entry.record.get("positive_from_grey") and entry.record.get("cell_threshold_grey")
    ]
    positive = (
        "A cell was positive when its mean signal over the local background was above "
        f"{_span(sorted(ratios))} times the level at which cells are outlined in its picture"
        if ratios
        else ""
    )
    return (
        f"Cells were outlined in the channel of the cytoplasm and nuclei in that of DNA{named} "
        f"{_segmenters(entries, settings)}. Fluorescence has no optical density, so none of TRAP was measured."
        f"{_rules(positive, settings)}"
    )


def _hidden_nuclei(results: Results) -> str:
    """Say how opaque cells were called in which not one nucleus is seen; of runs that did not record it, nothing."""
    cells = results.cells
    if not {"by", "flags", "counted"} <= set(cells.columns):
        return ""
    opaque = cells["flags"].fillna("").str.split(";").map(lambda words: "opaque" in words)
    hidden = cells[(cells["by"] == "size") & opaque & cells["counted"]]
    if hidden.empty:
        return ""
    ratio = _number(results.run.settings, "segment", "large_cell_ratio")
    times = f" (a diameter of at least {ratio} times the usual one of mononuclear cells)" if ratio else ""
    called = int(hidden["is_osteoclast"].sum())
    calls = f"{called} were called osteoclasts" if called != 1 else "1 was called an osteoclast"
    return (
        f"Of {plural(len(hidden), 'cell')} so dark that not one nucleus was seen the number of nuclei is unknown; "
        f"{calls} by size{times}."
    )


_OF_REGIME = {"brightfield": _of_brightfield, "low_power": _of_low_power, "fluorescence": _of_fluorescence}


def _rules(positive: str, settings: dict[str, Any]) -> str:
    """Say when a cell was positive (``positive``, empty where no rule is recorded) and when an osteoclast."""
    least, score = _number(settings, "count", "min_nuclei"), _number(settings, "segment", "nucleus_score")
    nuclei = f"at least {least} nuclei" + (f" (counted from a score of {score})" if score else "")
    if positive and least:
        return f" {positive}, and an osteoclast when it also had {nuclei}."
    if positive:
        return f" {positive}."
    return f" An osteoclast had {nuclei}." if least else ""


def _segmenters(entries: Sequence[FieldRecord], settings: dict[str, Any]) -> str:
    """Say what outlined the cells of these pictures, whatever was asked for."""
    return listed(_distinct([_segmenter(entry.record, settings) for entry in entries]))


def _segmenter(record: dict[str, Any], settings: dict[str, Any]) -> str:
    asked = record.get("segmenter") or settings.get("segment", {}).get("segmenter")
    used = str(record.get("cells_and_nuclei_by") or asked or "").partition(":")[0]
    if used == "learned":
        at_low_power = record.get("low_power_model_sha256")
        what = "the network for low power" if at_low_power else "the network"
        digest = at_low_power or record.get("model_sha256")
        return f"by {what} that comes with OsteoCount, {_taught_by(record)}{_hash(digest)}"
    if used == "classical":
        return "by thresholds and shape, without a trained network (the classical method)"
    if used in PROGRAMS:
        return f"by {PROGRAMS[used]}{_weights(record, settings)}"
    return f"by the method “{used}”" if used else "automatically"


def _taught_by(record: dict[str, Any]) -> str:
    """Say what our network has learned from."""
    lab = record.get("low_power_lab")
    if not isinstance(lab, dict):
        return "trained on simulated pictures alone"
    pictures, osteoclasts = lab.get("n_pictures"), lab.get("n_osteoclasts")
    if not isinstance(pictures, int) or not isinstance(osteoclasts, int):
        return "fine-tuned on annotated pictures of the lab"
    what = f"{plural(pictures, 'annotated picture')} of the lab with {plural(osteoclasts, 'osteoclast')}"
    return f"trained on simulated pictures and fine-tuned on {what}"


def _weights(record: dict[str, Any], settings: dict[str, Any]) -> str:
    """Name the weights of the lab's own networks, with their hashes."""
    segment, named = settings.get("segment", {}), []
    for what, key in (("cells", "cell_model"), ("nuclei", "nucleus_model")):
        path, digest = segment.get(key), record.get(f"{key}_sha256")
        if path:
            name = PureWindowsPath(PurePosixPath(str(path)).name).name
            named.append(f"{name} for {what}{_hash(digest)}")
    return f" with the lab's own weights: {listed(named)}" if named else ""


def _hash(digest: object) -> str:
    return f" (SHA-256 {str(digest)[:SHORT_HASH]}…)" if digest else ""


def model_hashes(results: Results) -> list[str]:
    """Return the full hashes of all networks that were used."""
    names = ("model_sha256", "low_power_model_sha256", "cell_model_sha256", "nucleus_model_sha256")
    used = [entry.record for entry in results.run.inputs if not _is_classical(entry.record)]
    return _distinct([str(record[name]) for record in used for name in names if record.get(name)])


def _is_classical(record: dict[str, Any]) -> bool:
    return str(record.get("cells_and_nuclei_by") or "").startswith("classical")


def _frame(results: Results) -> str:
    """Say by which rule cells at the borders of pictures were counted."""
    if not results.run.inputs:
        return ""
    frames = [entry.counting_frame for entry in results.run.inputs]
    rules = {str(frame.get("rule", "")) for frame in frames}
    text = ""
    if "guard zone" in rules:
        zone = results.run.settings.get("picture", {}).get("guard_zone")
        taken = sum(entry.analysed_px - entry.area_px for entry in results.run.inputs if entry.analysed_px)
        share = taken / max(1, sum(entry.analysed_px or entry.area_px for entry in results.run.inputs))
        width = f" of {zone:g} µm" if isinstance(zone, int | float) else ""
        text += (
            "Cells of a field were counted by one point, the upper left corner of the rectangle around them, in an "
            f"unbiased counting frame with a guard zone{width} at the lower and right borders, so that each was judged "
            f"by all of it; the guard zone, {100 * share:.0f} % of the analysed area, is not part of the imaged area."
        )
    if rules & {"two borders", ""} and results.run.settings.get("picture", {}).get("well_view") == "field":
        where = "a field" if len(rules) == 1 else "other fields, too small for a guard zone,"
        text += f" Cells cut by the upper or left border of {where} were not counted (unbiased counting frame)."
    if "every cell" in rules and len(rules) > 1:
        text += " Where the rim of the well was seen all around, every cell was counted."
    return text.strip()


def _classifier(results: Results) -> str:
    record = results.run.classifier
    if not record:
        return ""
    learned = f" from {plural(record['n_corrections'], 'correction')}" if record.get("n_corrections") else ""
    return (
        "What a classifier of the lab, learned"
        f"{learned}{_hash(record.get('sha256'))}, took for no cell or no nucleus was left out."
    )


def _edited(results: Results) -> str:
    if not results.n_edits:
        return ""
    return f"A person corrected the automatic result ({plural(results.n_edits, 'logged edit')})."


def _left_out(results: Results) -> str:
    """Say which wells are in no comparison; a paper has to."""
    status = results.wells["status"]
    words = (("excluded", "excluded"), ("failed", "failed"), ("no_picture", "without a picture"))
    numbers = [(int((status == name).sum()), said) for name, said in words]
    told = [f"{number} {said}" for number, said in numbers if number]
    one = sum(number for number, _ in numbers) == 1
    wells = plural(sum(number for number, _ in numbers), "well")
    return f"{wells} {'was' if one else 'were'} left out ({listed(told)})." if told else ""


def _comparison(results: Results) -> str:
    table = results.comparisons
    if table is None or (arms := table[table["kind"] == "arm"]).empty:
        return ""
    controls = listed(_distinct([str(name) for name in arms["reference"].dropna()]))
    few, many = int(arms["n_donors"].min()), int(arms["n_donors"].max())
    n = f"n = {few}" if few == many else f"n = {few} to {many}"
    recorded = "; ".join(_models(arms))
    if not recorded:
        return f"No arm could be tested against {controls} ({n} donors)."
    link = " (counts as log((count + 0.5) ÷ imaged area))" if (arms["link"] == "log rate").any() else ""
    ratios = _distinct([contrast_name(str(name)) for name in table.loc[table["kind"] == "dependence", "contrast"]])
    further = "was a further contrast" if len(ratios) == 1 else "were further contrasts"
    dependence = f" {listed(ratios)} {further} of the same model." if ratios else ""
    secondary = (table["role"] == "secondary").any() if "role" in table else False
    over = ", of the secondary endpoints adjusted over them too (Holm)," if secondary else ""
    return (
        f"Wells were pooled per donor and arm{link}, and each arm was compared with {controls} (donor as the unit of "
        f"replication, {n}; {recorded}). Intervals are 95 % confidence intervals; those of the arms "
        f"hold for all arms at once. An effect was called indicated if its adjusted p{over} was below 0.05, and robust "
        "if the donors' own ratios confirmed it too (for an arm: the paired test pooled over the arms below 0.05 and "
        f"its own paired t test below 0.10; for another contrast: its paired t test below 0.05).{dependence}"
    )


def _models(arms: pd.DataFrame) -> list[str]:
    """Name each model once; one that only weighs its cells is said with the endpoints that it was used for."""
    used = {str(name): rows["endpoint"].unique() for name, rows in arms.groupby("method", sort=False) if name != "none"}
    said = []
    for model, endpoints in used.items():
        plain = model.replace(WEIGHTED, "", 1)
        if plain == model or plain not in used:
            said.append(model)
        else:
            names = listed([endpoint_name(str(name)) for name in endpoints])
            said.append(f"cells weighted by counting noise for {names}")
    return sorted(said, key=lambda text: text.startswith("cells"))


def _number(settings: dict[str, Any], group: str, name: str) -> str:
    """Return a recorded setting as text, empty where it is none."""
    value = settings.get(group, {}).get(name)
    return f"{value:g}" if isinstance(value, int | float) and is_known(value) else ""


def _span(values: Sequence[float]) -> str:
    """Write sorted values as one number or as a range, to three digits."""
    low, high = f"{values[0]:.3g}", f"{values[-1]:.3g}"
    return low if low == high else f"{low} to {high}"


def _distinct(values: Sequence[str | None]) -> list[str]:
    return list(dict.fromkeys(value for value in values if value))
