"""Compare the arms of a table of wells with their control: the entry to everything in this package."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Unpack

import pandas as pd

from osteocount.columns import COMPARISONS, DONOR_VALUES
from osteocount.errors import OsteoCountError
from osteocount.settings import ComparisonSettings
from osteocount.stats import contrasts as named
from osteocount.stats import sentences
from osteocount.stats.arms import by_day, choose_controls, suggestion
from osteocount.stats.contrasts import Contrast
from osteocount.stats.dependence import Dependences, find_dependences
from osteocount.stats.design import Design, recognise
from osteocount.stats.dose_response import DoseCurve, DoseSeries, doses_apart, find_series, half_effect
from osteocount.stats.endpoints import Endpoint, find_endpoints
from osteocount.stats.ev_batches import add_batch_tests, batch_warnings
from osteocount.stats.fitted_endpoint import FittedEndpoint, Row
from osteocount.stats.inference import endpoint_rows, equivalence_rows, judge
from osteocount.stats.plain_words import capitalised, endpoint_name, in_words
from osteocount.stats.warnings import ComparisonWarning, design_warnings, endpoint_warnings, multiplicity_warnings
from osteocount.stats.wells_input import CheckedWells, check_wells, refuse_percentages
from osteocount.wells import POSITIVE_ROLE, ColumnNames

LARGEST_MARGIN = 10.0  # as of the setting equivalence_margin


@dataclass(frozen=True)
class Comparison:
    """What a treatment did.

    Attributes
    ----------
    table : DataFrame
        One row per endpoint × contrast: the columns of `osteocount.columns.COMPARISONS`. ``estimate`` is a ratio to
        ``reference`` (of rates, odds or means, by ``link``), a difference on the identity link. ``ci_low`` and
        ``ci_high`` of arms are simultaneous over the arms, ``ci_raw_low`` and ``ci_raw_high`` are not. Unknown is NaN.
    donor_values : DataFrame
        ``endpoint, donor, arm, value, n_wells``: pooled over the wells of a donor × arm, those of several plates too.
    donor_effects : DataFrame
        ``endpoint, contrast, donor, estimate``: each donor's own ratio (or difference).
    well_values : DataFrame
        ``endpoint, plate, well, donor, arm, value`` of the wells that took part.
    curves : tuple of DoseCurve
        The dose series, with the fitted curve where there are doses enough.
    control : str
        The control arm (of the first oxygen level).
    design : str
        Which design was recognised, and why.
    blocks : tuple of str
        Where arms are compared within plates: each block with the wells it holds.
    warnings, refusals : tuple of str
    """

    table: pd.DataFrame
    donor_values: pd.DataFrame
    donor_effects: pd.DataFrame
    well_values: pd.DataFrame
    curves: tuple[DoseCurve, ...]
    control: str
    design: str
    blocks: tuple[str, ...]
    warnings: tuple[str, ...]
    refusals: tuple[str, ...]

    @property
    def arm_order(self) -> list[str]:
        """Arms with a value, each control before the arms that are compared with it."""
        order: list[str] = []
        for row in self.table[self.table["kind"] == "arm"].to_dict("records"):
            order += [arm for arm in (str(row["reference"]), str(row["arm"])) if arm not in order]
        present = set(self.donor_values["arm"])
        return [arm for arm in order if arm in present] or [self.control]

    def donor_table(self) -> pd.DataFrame:
        """Return the pooled value of every donor in every arm, as Prism and papers want them.

        Returns
        -------
        DataFrame
            One row per endpoint and donor, the primary endpoint first: ``endpoint, unit, donor``, then one column per
            arm, each control before its arms. A donor without an arm has none there. The rows of one endpoint and the
            columns of the arms are what Prism takes as a grouped or column table, and pairs by row.
        """
        parts = []
        for endpoint, own in self.donor_values.groupby("endpoint", sort=False):
            wide = own.pivot_table(index="donor", columns="arm", values="value", sort=True)
            unit = str(self.table.loc[self.table["endpoint"] == endpoint, "unit"].iloc[0])
            head = pd.DataFrame(dict(zip(DONOR_VALUES.names, (endpoint, unit, wide.index), strict=False)))
            parts.append(pd.concat([head, wide.reindex(columns=self.arm_order).reset_index(drop=True)], axis=1))
        return pd.concat(parts, ignore_index=True)

    def summary(self) -> str:
        """Say it in words: the design, the warnings, then every contrast of every endpoint."""
        lines = [
            self.design,
            *(f"Block {text}" for text in self.blocks),
            *(f"Warning: {in_words(text)}" for text in self.warnings),
        ]
        for endpoint, rows in self.table.groupby("endpoint", sort=False):
            lines += ["", f"{capitalised(endpoint_name(str(endpoint)))} ({rows['role'].iloc[0]})"]
            lines += [
                f"  {sentences.contrast_sentence({str(key): value for key, value in row.items()})}"
                for row in rows.to_dict("records")
            ]
        return "\n".join(lines)


def compare(
    wells: pd.DataFrame,
    *,
    control: str | None = None,
    settings: ComparisonSettings | None = None,
    **columns: Unpack[ColumnNames],
) -> Comparison:
    """Compare every arm with the control, within donors.

    Parameters
    ----------
    wells : DataFrame
        One row per well. Needs a count, a donor and a treatment; uses an imaged area, plate, well, dose, dose_unit,
        role, oxygen, day, status and the other endpoints of ``wells.csv`` where they are there.
    control : str, optional
        The arm (or treatment) to compare with; else that of the settings, else what the ``role`` column marks.
    settings : ComparisonSettings, optional
    **columns : str
        `ColumnNames`: what the table calls columns.

    Returns
    -------
    Comparison

    Raises
    ------
    OsteoCountError
        A malformed table (every line and column is named), no control, no donors, or a contrast that cannot be read.
    """
    settings = settings or ComparisonSettings()
    checked, controls = _arms_and_controls(wells, control, settings, columns)
    design = recognise(checked.wells, controls)
    blocked = checked.wells.assign(block=design.block)
    endpoints = find_endpoints(blocked, checked.area_unit, settings.primary_endpoint, settings.extra_endpoints)
    series = find_series(blocked, controls)
    families, recognised, unclear = _families(blocked, controls, settings, series)
    data = [FittedEndpoint.of(endpoint, blocked, design) for endpoint in endpoints]
    warned = [
        *design_warnings(blocked, design, set(controls.values())),
        *batch_warnings(blocked, set(controls.values())),
        *multiplicity_warnings(endpoints, sorted(controls)),
        *(ComparisonWarning(text, in_notes=False) for text in (*unclear, *doses_apart(blocked, controls))),
    ]
    margins = _margins(settings, endpoints)
    tested: list[list[Row]] = []
    for n, own in enumerate(data):
        warned += endpoint_warnings(own, len(endpoints) - 1 if n else 1)
        found = [*endpoint_rows(own, families), *_equivalence(own, controls, settings, margins)]
        tested.append([_labels(own.endpoint, endpoints) | row for row in found])
    judge([row for own_rows in tested for row in own_rows], design)
    rows: list[Row] = []
    curves: list[DoseCurve] = []
    for own, own_rows in zip(data, tested, strict=True):
        add_batch_tests(own, own_rows)
        fitted = _half_effects(own, own_rows, series)
        curves += [curve for curve, _ in fitted]
        rows += own_rows + [_labels(own.endpoint, endpoints) | row for _, row in fitted if row]
    warned += _disagreements(rows)
    said = replace(design, sentence=" ".join([design.sentence, *recognised]))
    return _result(rows, data, curves, checked.notes, said, next(iter(controls.values())), warned)


def _arms_and_controls(
    wells: pd.DataFrame, control: str | None, settings: ComparisonSettings, columns: ColumnNames
) -> tuple[CheckedWells, dict[str, str]]:
    """Return the wells as the comparison takes them, and the control of every oxygen level."""
    checked = check_wells(wells, columns, settings.extra_endpoints)
    if settings.time_course:
        checked = replace(checked, wells=by_day(checked.wells))
    controls = choose_controls(checked.wells, control or settings.control)
    refuse_percentages(checked.wells, set(controls.values()))
    if checked.wells["arm"].nunique() < 2:
        raise OsteoCountError(f"Only one arm is left ({next(iter(controls.values()))}): nothing to compare it with.")
    return checked, controls


def _families(
    wells: pd.DataFrame, controls: dict[str, str], settings: ComparisonSettings, series: list[DoseSeries]
) -> tuple[list[list[Contrast]], tuple[str, ...], tuple[str, ...]]:
    """Arms (Dunnett), dependences on a gene, dose trends, and the further contrasts (each of these by Holm).

    Returns
    -------
    (list of list of Contrast, tuple of str, tuple of str)
        The families, what was recognised by the arms' names, and what is unclear about them.
    """
    arms = sorted(wells["arm"].unique())
    declared = [named.parse(text, arms) for text in settings.contrasts]
    dependence = [contrast for contrast in declared if contrast.kind == "dependence"]
    found = Dependences() if dependence else find_dependences(wells, controls)
    further = [contrast for contrast in declared if contrast.kind != "dependence"]
    by_oxygen = [*named.oxygen_by_treatment(wells, controls), *found.by_oxygen]
    against = named.against_control(wells, controls)
    apart = _positive_controls(wells, against) if settings.positive_controls_apart else []
    families = [
        [contrast for contrast in against if contrast.arm not in apart],
        [replace(contrast, apart=True) for contrast in against if contrast.arm in apart],
        dependence or list(found.contrasts),
        [one.trend() for one in series],
        [*by_oxygen, *further],
    ]
    recognised = found.recognised
    by_name = [one.said for one in series if one.named]
    if by_name:
        recognised += (f"Doses are those in the names of the treatments: {'; '.join(by_name)}.",)
    if apart:
        recognised += (f"Compared apart, outside the family of the other arms (positive control): {', '.join(apart)}.",)
    return families, recognised, found.unclear


def _half_effects(
    data: FittedEndpoint, rows: list[Row], series: list[DoseSeries]
) -> list[tuple[DoseCurve, Row | None]]:
    """Fit the dose curves of an endpoint, whose trends are among its ``rows``."""
    trends = {row["contrast"]: row for row in rows if row["kind"] == "trend"}
    return [half_effect(data, one, trends[one.trend().name]) for one in series]


def _positive_controls(wells: pd.DataFrame, against: list[Contrast]) -> list[str]:
    """Arms all of whose wells are positive controls; none where no other arm would be left."""
    positive = (wells["role"].str.casefold() == POSITIVE_ROLE).groupby(wells["arm"]).all()
    arms = [contrast.arm for contrast in against if positive[contrast.arm]]
    return arms if len(arms) < len(against) else []


def _equivalence(
    data: FittedEndpoint, controls: dict[str, str], settings: ComparisonSettings, margins: dict[str, float]
) -> list[Row]:
    margin = margins.get(data.endpoint.name, settings.equivalence_margin)
    if not settings.equivalence_arms or margin is None or not data.endpoint.is_ratio:
        return []
    level = data.wells.drop_duplicates("arm").set_index("arm")["oxygen"]
    contrasts = []
    for arm in settings.equivalence_arms:
        if arm not in level.index:
            known = sorted(level.index)
            raise OsteoCountError(
                f"Setting 'equivalence_arms': no arm is called '{arm}'{suggestion(arm, known)} "
                f"The table holds: {', '.join(known)}."
            )
        control = controls[str(level[arm])]
        contrasts.append(Contrast(f"equivalence {arm}", control, {arm: 1.0, control: -1.0}, "equivalence", arm))
    return equivalence_rows(data, contrasts, margin)


def _margins(settings: ComparisonSettings, endpoints: list[Endpoint]) -> dict[str, float]:
    """Read the margins of single endpoints.

    Raises
    ------
    OsteoCountError
        No margin at all, an endpoint that is not there, or a margin that is no ratio above 1.
    """
    if settings.equivalence_arms and settings.equivalence_margin is None and not settings.equivalence_margins:
        raise OsteoCountError(
            "Equivalence needs a margin declared beforehand: set 'equivalence_margin', such as 1.5 for 1.5-fold."
        )
    names = [endpoint.name for endpoint in endpoints]
    margins = {}
    for text in settings.equivalence_margins:
        name, _, number = (part.strip() for part in text.partition("="))
        try:
            margin = float(number)
        except ValueError:
            margin = 0.0
        if not 1 < margin <= LARGEST_MARGIN:
            raise OsteoCountError(
                f"Setting 'equivalence_margins': '{text}' gives no margin above 1 and up to {LARGEST_MARGIN:g}. Write "
                "it like 'fusion_index = 1.3'."
            )
        if name not in names:
            raise OsteoCountError(
                f"Setting 'equivalence_margins': no endpoint is called '{name}'{suggestion(name, names)} "
                f"The table holds: {', '.join(names)}."
            )
        margins[name] = margin
    return margins


def _disagreements(rows: list[Row]) -> list[ComparisonWarning]:
    """Warn where Dunnett and the paired test disagree; the notes of the row say so already."""
    return [
        ComparisonWarning(
            f"{named.contrast_title(row['contrast'])}: {row['notes']}",
            row["endpoint"],
            in_notes=False,
        )
        for row in rows
        if sentences.disagreement(row) and row["kind"] != "equivalence"
    ]


def _labels(endpoint: Endpoint, endpoints: list[Endpoint]) -> dict[str, Any]:
    return {"role": "primary" if endpoint is endpoints[0] else "secondary", "unit": endpoint.unit}


def _result(
    rows: list[Row],
    data: list[FittedEndpoint],
    curves: list[DoseCurve],
    notes: tuple[str, ...],
    design: Design,
    control: str,
    warned: list[ComparisonWarning],
) -> Comparison:
    """Tidy tables, with every warning also in the notes of the rows it concerns."""
    refusals, effects = [], []
    for row in rows:
        name = {"endpoint": row["endpoint"], "contrast": row["contrast"]}
        effects += [name | {"donor": donor, "estimate": value} for donor, value in row["donor_effects"].items()]
        if row["verdict"] == sentences.REFUSED:
            refusals.append(f"{row['endpoint']}, {named.contrast_title(row['contrast'])}: {row['notes']}")
        said = [warning.text for warning in warned if warning.concerns(row["endpoint"], set(row["arms"]))]
        row["reason"] = row["notes"]
        row["notes"] = " ".join(text for text in (row["notes"], *said) if text)
    table = pd.DataFrame(rows).reindex(columns=list(COMPARISONS.names))
    values = pd.concat([_donor_values(own) for own in data], ignore_index=True)
    return Comparison(
        table=table,
        donor_values=values,
        donor_effects=pd.DataFrame(effects, columns=["endpoint", "contrast", "donor", "estimate"]),
        well_values=pd.concat([_well_values(own) for own in data], ignore_index=True),
        curves=tuple(curves),
        control=control,
        design=design.sentence,
        blocks=design.blocks,
        warnings=(*notes, *(f"{one.endpoint}: {one.text}" if one.endpoint else one.text for one in warned)),
        refusals=tuple(refusals),
    )


def _donor_values(data: FittedEndpoint) -> pd.DataFrame:
    pooled = data.cells.groupby(["donor", "arm"], sort=True)[["total", "size", "n_wells"]].sum().reset_index()
    values = pooled.assign(endpoint=data.endpoint.name, value=pooled["total"] / pooled["size"])
    return values[["endpoint", "donor", "arm", "value", "n_wells"]]


def _well_values(data: FittedEndpoint) -> pd.DataFrame:
    endpoint = data.endpoint
    values = data.wells[["plate", "well", "donor", "arm"]].assign(value=endpoint.numerator / endpoint.denominator)
    return values.assign(endpoint=endpoint.name)[["endpoint", "plate", "well", "donor", "arm", "value"]]
