"""The plate as people expect to see it: A1 top left, one coloured well each, one figure for report and window."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

import numpy as np

from osteocount.errors import OsteoCountError
from osteocount.plate.heatmap_frame import frame_of
from osteocount.plate.heatmap_wells import CONTROL_MARKS, FLAGGED, RED, draw_frame, draw_well, outline_of
from osteocount.plate.plate_quality import percent_of_control as percent
from osteocount.wells import PLATE_SHAPES, canonical_well, parse_well, row_letters, smallest_plate

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap, Normalize
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

_ROLE_ORDER = {"negative control": 0, "vehicle": 1, "positive control": 2, "blank": 5, "excluded": 4, "treatment": 3}
_COLOURS = "cividis"


def plate_heatmap(
    wells: pd.DataFrame,
    measure: str,
    *,
    plate: str | None = None,
    percent_of_control: bool = False,
    limits: tuple[float, float] | None = None,
    title: str | None = None,
    width: float | None = None,
) -> Figure:
    """Draw one plate: a well's colour and number are its value, its outline is its treatment.

    Not measured wells are hatched, wells of the plate that nobody used are empty circles, excluded wells are crossed
    and listed with their reasons, controls carry a mark (− V + B), wells flagged by quality control a red one (!).

    Parameters
    ----------
    wells
        Wells table: ``plate``, ``well``, the measure, and where known ``treatment``, ``dose``, ``dose_unit``, ``role``,
        ``exclude_reason``, ``qc_flags``.
    measure
        Column to show.
    plate
        Which plate; may be left out when there is one.
    percent_of_control
        Show percent of the mean of the plate's control wells instead of the value itself.
    limits
        Ends of the colour scale; give the same to every plate for one scale across plates (see :func:`shared_limits`).
    title
        Replaces the heading made of plate and measure.
    width
        Inches, for a narrow place: wells get smaller, and the legend goes below the plate. None: as wide as is best.

    Returns
    -------
    matplotlib.figure.Figure
        Not attached to pyplot; save it with ``figure.savefig`` as PNG or SVG.

    Raises
    ------
    OsteoCountError
        The measure or the plate is not in the table, or the table has several plates and none is named.
    """
    from matplotlib.figure import Figure

    shown = _shown(wells, measure, plate, percent_of_control=percent_of_control)
    rows, columns = _shape(shown)
    arms = _arms(shown)
    numbers = dict(arms)
    entries = _entries(shown, arms)
    excluded = shown[(shown["role"] == "excluded") & (shown["exclude_reason"] != "")]
    notes = [f"{well}: {reason}" for well, reason in zip(excluded["well"], excluded["exclude_reason"], strict=True)]
    longest = max(len(str(entry.get_label())) for entry in entries) if entries else 0
    frame = frame_of(rows, columns, len(entries), longest, min(len(notes), 6) + bool(notes), width)
    look = frame.look
    figure = Figure(figsize=frame.size, dpi=120)
    axes = figure.add_axes(frame.plate)
    norm, colours = _scale(shown["_value"], limits)
    draw_frame(axes, rows, columns, look)
    for record in shown.to_dict("records"):
        draw_well(axes, record, norm, colours, numbers.get(record["_arm"]), look)
    heading = measure.replace("_", " ") + (" (% of control)" if percent_of_control else "")
    name = str(shown["plate"].iloc[0])
    axes.set_title(
        _literal(title or (f"{name}: {heading}" if name else heading)), fontsize=frame.title, pad=22, loc="left"
    )
    _draw_colour_bar(figure, axes, norm, colours, heading if width is None else "")
    axes.legend(
        handles=entries, loc="upper left", bbox_to_anchor=frame.legend, bbox_transform=figure.transFigure, fontsize=8,
        frameon=False, borderaxespad=0, ncols=frame.legend_columns, columnspacing=1.0,
    )  # fmt: skip
    _draw_notes(figure, notes)
    return figure


def shared_limits(wells: pd.DataFrame, measure: str, *, percent_of_control: bool = False) -> tuple[float, float] | None:
    """Return the ends of one colour scale for all plates of a table, None when nothing was measured."""
    values = percent(wells, measure) if percent_of_control else wells[measure]
    finite = values[np.isfinite(values.astype(float)) & (wells["role"] != "excluded")]
    return (float(min(finite.min(), 0)), float(finite.max())) if len(finite) else None


def plate_values(
    wells: pd.DataFrame, measure: str, *, plate: str | None = None, percent_of_control: bool = False
) -> pd.DataFrame:
    """Return what the figure shows as a table in the shape of the plate: rows A …, columns 1 …, NaN not measured."""
    import pandas as pd

    shown = _shown(wells, measure, plate, percent_of_control=percent_of_control)
    rows, columns = _shape(shown)
    grid = pd.DataFrame(
        np.nan, index=[row_letters(row) for row in range(1, rows + 1)], columns=range(1, columns + 1)
    ).rename_axis("row")
    for well, value in zip(shown["well"], shown["_value"], strict=True):
        if place := parse_well(str(well)):
            grid.iloc[place[0] - 1, place[1] - 1] = value
    return grid


def well_hints(wells: pd.DataFrame, measure: str, *, plate: str | None = None) -> dict[str, str]:
    """Return what to say when the pointer is over a well: arm, donor, value, fields, flags, why it is excluded."""
    shown = _shown(wells, measure, plate, percent_of_control=False)
    hints = {}
    for record in shown.to_dict("records"):
        value, fields = record["_value"], record.get("n_fields")
        parts = [
            canonical_well(str(record["well"])),
            str(record["_arm"]),
            _donor(str(record["donor"])),
            f"{measure.replace('_', ' ')} {value:.6g}" if np.isfinite(value) else "not measured",
            f"{int(fields)} fields" if isinstance(fields, (int, float)) and fields == fields else "",
            str(record["qc_flags"]).replace("_", " ").replace(";", ", "),
            f"excluded: {record['exclude_reason']}" if record["role"] == "excluded" else "",
        ]
        hints[parts[0]] = " · ".join(part for part in parts if part)
    return hints


def _donor(name: str) -> str:
    return f"donor {name}" if name and not name.casefold().startswith("donor") else name


def _literal(text: str) -> str:
    """Keep matplotlib from reading $…$ in a name as mathematics."""
    return text.replace("$", r"\$")


def _shown(wells: pd.DataFrame, measure: str, plate: str | None, *, percent_of_control: bool) -> pd.DataFrame:
    """Return the rows of one plate with every column the drawing needs, the value to show in ``_value``."""
    import pandas as pd

    if measure not in wells:
        numbers = ", ".join(str(c) for c in wells.select_dtypes("number").columns)
        raise OsteoCountError(f"There is no measure {measure!r} in the wells table; it has {numbers}.")
    table = wells.copy()
    for column in ("plate", "treatment", "dose_unit", "donor", "role", "exclude_reason", "qc_flags"):
        known = table[column].astype("object") if column in table else pd.Series("", index=table.index, dtype=object)
        table[column] = known.where(known.notna(), "").astype(str)
    table["dose"] = table["dose"].astype(float) if "dose" in table else np.nan
    table["_arm"] = [_arm_label(row) for row in table.to_dict("records")]
    table["_value"] = (percent(table, measure) if percent_of_control else table[measure]).astype(float)
    plates = sorted(set(table["plate"]))
    if plate is None and len(plates) != 1:
        raise OsteoCountError(f"The table has {len(plates)} plates ({', '.join(plates)}); say which one to draw.")
    table = table[table["plate"] == (plates[0] if plate is None else plate)]
    if table.empty:
        raise OsteoCountError(f"There is no plate {plate!r} in the table; its plates are {', '.join(plates)}.")
    return table


def _shape(shown: pd.DataFrame) -> tuple[int, int]:
    places = [place for well in shown["well"] if (place := parse_well(str(well)))]
    if not places:
        raise OsteoCountError("The table names no wells (A1 … P24), so there is no plate to draw.")
    return PLATE_SHAPES[smallest_plate(max(r for r, _ in places), max(c for _, c in places))]


def _arms(shown: pd.DataFrame) -> list[tuple[str, int]]:
    """Return the arms with the number of their outline, controls first and blanks last, by name and dose."""
    used = shown[(shown["treatment"] != "")].copy()
    used["_order"] = [_ROLE_ORDER.get(role, 3) for role in used["role"]]
    ordered = used.sort_values(["_order", "treatment", "dose"])["_arm"].drop_duplicates()
    return [(label, number) for number, label in enumerate(ordered)]


def _arm_label(record: dict[Hashable, Any]) -> str:
    dose = record["dose"]
    if isinstance(dose, float) and dose > 0:
        return f"{record['treatment']} {dose:g} {record['dose_unit']}".strip()
    return str(record["treatment"])


def _scale(values: pd.Series[float], limits: tuple[float, float] | None) -> tuple[Normalize, Colormap]:
    """Return a colour scale that starts at 0 unless there are negative values."""
    import matplotlib as mpl
    from matplotlib.colors import Normalize

    finite = values[np.isfinite(values)]
    low, high = limits or ((min(float(finite.min()), 0.0), float(finite.max())) if len(finite) else (0.0, 1.0))
    return Normalize(low, high if high > low else low + 1), mpl.colormaps[_COLOURS]


def _draw_colour_bar(figure: Figure, axes: Axes, norm: Normalize, colours: Colormap, heading: str) -> None:
    from matplotlib.cm import ScalarMappable

    box = axes.get_position()
    width, _ = figure.get_size_inches()
    bar_axes = figure.add_axes((box.x1 + 0.15 / width, box.y0, 0.16 / width, box.height))
    bar = figure.colorbar(ScalarMappable(norm, colours), cax=bar_axes)
    if heading:
        bar.set_label(_literal(heading), fontsize=8)
    bar.ax.tick_params(labelsize=7)


def _entries(shown: pd.DataFrame, arms: list[tuple[str, int]]) -> list[Line2D | Patch]:
    """Return what the legend says: arms by their outline, controls by their mark, and what is not measured."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles: list[Line2D | Patch] = []
    for label, number in arms:
        colour, dash = outline_of(number)
        handles.append(Line2D([], [], color=colour, linestyle=dash, linewidth=2.2, label=_literal(label)))
    roles = set(shown["role"])
    handles += [
        Line2D([], [], linestyle="none", marker=f"${mark}$", color="black", markersize=7, label=role)
        for role, mark in CONTROL_MARKS.items()
        if role in roles
    ]
    if shown["_value"].isna().any():
        handles.append(Patch(facecolor="white", edgecolor="0.6", hatch="/////", label="not measured"))
    if "excluded" in roles:
        handles.append(Line2D([], [], linestyle="none", marker="x", color=RED, markersize=8, label="excluded"))
    if (shown["qc_flags"] != "").any():
        handles.append(
            Line2D([], [], linestyle="none", marker=f"${FLAGGED}$", color=RED, markersize=7, label="flagged")
        )
    return handles


def _draw_notes(figure: Figure, notes: list[str]) -> None:
    """List the excluded wells with their reasons below the plate; more than five are only counted."""
    if not notes:
        return
    lines = notes[:5] + ([f"and {len(notes) - 5} more"] if len(notes) > 5 else [])
    _, height = figure.get_size_inches()
    figure.text(
        0.02, 0.06 / height, _literal("Excluded\n" + "\n".join(lines)), fontsize=7, va="bottom", ha="left", color="0.25"
    )
