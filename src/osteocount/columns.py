"""Every output column once: name, dtype, unit, format, headings and help; to outputs what `settings` is to inputs.

Writing and reading of tables, the tables of the report, the workbook, the numbers in the window, the export for
CellProfiler and ``docs/columns.md`` are made from here. A new column is a line in its table, and a line in each view
that shall show it; the module that computes it is then the only other file to touch.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType
from typing import Literal

Dtype = Literal["str", "int64", "Int64", "float64", "bool"]
"""As pandas names them; ``Int64`` are whole numbers of which some may be unknown."""

Style = Literal["plain", "words", "count", "figure", "general", "p"]
"""How the report writes a value: as it is, ``_`` and ``;`` in words, whole, three figures, ``%g``, as a p value."""

UNKNOWN = "–"
"""What people read where a value is not known; in files the cell is empty."""

FORMAT_OF_UNIT = MappingProxyType({"px": ".2f", "µm": ".3f", "µm²": ".3f", "mm²": ".6f", "per mm²": ".6f", "OD": ".4f"})
"""A hundredth of a pixel, a nanometre and so on: finer than anything that is measured."""

OTHER_FORMAT = ".6g"
"""Six significant digits for every other number, so that small p values keep theirs."""

STATISTICS_FORMAT = ".12g"
"""Enough digits to check our statistics against another program's; the report rounds for readers."""


@dataclass(frozen=True)
class Column:
    """One column of one or more tables.

    Attributes
    ----------
    name
        Heading in the files. A unit stands at its end, as ``_um2``.
    dtype
        In memory. Text stays text when it is read, even where every cell looks like a number: donor ``01`` is not
        donor ``1``.
    help
        What it holds, in a sentence or two.
    unit
        Empty for counts, shares and text.
    title
        Heading in the report; without it the name with spaces.
    style
        How the report writes its values.
    decimals
        Digits after the point in the window; None for text.
    format
        How files write it where it is a floating-point number; without it by the unit.
    only
        When it is there, for a column that only some runs have: "with a layout".
    """

    name: str
    dtype: Dtype
    help: str
    unit: str = ""
    title: str = ""
    style: Style = "plain"
    decimals: int | None = None
    format: str = ""
    only: str = ""

    @property
    def heading(self) -> str:
        """Its heading where people read it."""
        return self.title or self.name.replace("_", " ")

    @property
    def file_format(self) -> str:
        """Format specification of its floating-point numbers in files."""
        return self.format or FORMAT_OF_UNIT.get(self.unit, OTHER_FORMAT)

    @property
    def window_pattern(self) -> str:
        """Pattern for `str.format` with which the window shows a known value."""
        return "{}" if self.decimals is None else f"{{:.{self.decimals}f}}"


@dataclass(frozen=True)
class Table:
    """The columns of a file in their order.

    Attributes
    ----------
    file
        Its name in a result folder, or the command that writes it.
    help
        What a row is.
    columns
        Every column it can have, those that only some runs have too.
    """

    file: str
    help: str
    columns: tuple[Column, ...]

    @cached_property
    def by_name(self) -> Mapping[str, Column]:
        """Columns by their name."""
        return MappingProxyType({column.name: column for column in self.columns})

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the columns that are always there, in order."""
        return tuple(column.name for column in self.columns if not column.only)

    @cached_property
    def dtypes(self) -> Mapping[str, Dtype]:
        """Name to dtype."""
        return MappingProxyType({column.name: column.dtype for column in self.columns})

    @cached_property
    def formats(self) -> Mapping[str, str]:
        """Name to format specification, of the columns that are numbers."""
        return MappingProxyType({column.name: column.file_format for column in self.columns if column.dtype != "str"})

    @cached_property
    def text(self) -> frozenset[str]:
        """Names of the columns of text."""
        return frozenset(column.name for column in self.columns if column.dtype == "str")


def names_of(columns: Iterable[Column]) -> tuple[str, ...]:
    """Names of a part of a table."""
    return tuple(column.name for column in columns)


def _share(name: str, text: str) -> Column:
    return Column(name, "float64", text, format=".4f")


def _only(when: str, *columns: Column) -> tuple[Column, ...]:
    return tuple(replace(column, only=when) for column in columns)


# --------------------------------------------------------------------------------------- which picture, which well

PLATE = Column("plate", "str", "Name of the plate; empty where there is only one without a name.", title="Plate")
WELL = Column("well", "str", "Name of the well, such as `B03`; empty for a picture that belongs to none.", title="Well")
FIELD = Column("field", "str", "Field within the well, as the file name gives it.")
IMAGE = Column("image", "str", "File of the picture, relative to the folder that was counted.", title="Picture")

# ----------------------------------------------------------------------------------------------- cells and nuclei

Y_PX = Column("y_px", "float64", "Centre, in pixels from the top of the picture.", "px")
X_PX = Column("x_px", "float64", "Centre, in pixels from the left of the picture.", "px")

CELLS = Table(
    "cells.csv",
    "One row per TRAP-positive cell.",
    (
        *(PLATE, WELL, FIELD, IMAGE),
        Column("cell_id", "int64", "Number of the cell in its picture; its label in the label image."),
        *(Y_PX, X_PX),
        Column("area_px", "int64", "Area in pixels.", "px"),
        Column("area_um2", "float64", "Area.", "µm²", decimals=0),
        Column("perimeter_um", "float64", "Length of the outline.", "µm"),
        Column(
            "feret_um", "float64", "Largest distance of two points of the outline (Feret diameter).", "µm", decimals=0
        ),
        _share("solidity", "Area ÷ area of the convex hull."),
        _share("eccentricity", "Of the ellipse with the same moments: 0 for a circle."),
        Column("n_nuclei", "Int64", "Nuclei in the cell; empty where nuclei cannot be seen in that cell."),
        Column("n_nuclei_low", "Int64", "Lower end of the interval of the number of nuclei."),
        Column("n_nuclei_high", "Int64", "Upper end of the interval of the number of nuclei."),
        Column("trap_od_mean", "float64", "Mean TRAP optical density over the cell.", "OD", decimals=2),
        Column("is_osteoclast", "bool", "Whether it is an osteoclast; by what, says `by`."),
        replace(_share("confidence", "How sure the program is of `is_osteoclast`, 0 to 1."), decimals=2),
        Column("touches_edge", "bool", "Whether a border of the picture, or of what was imaged of it, cuts it."),
        Column("counted", "bool", "Whether it is inside the counting frame; the others are in no count."),
        Column("flags", "str", "What is special about it, separated by `;`: `borderline`, `pale_giant`, `opaque` …"),
        Column("source", "str", "`automatic`, or what a person did: `accepted`, `edited`, `drawn`."),
        Column(
            "by",
            "str",
            "What it was called by: `nuclei`; `appearance`, at low power by a network; `size`, at low power without "
            "one, and where a cell is so dark that not one nucleus is seen in it; `hand`, by a person.",
        ),
        Column("trap_od_sd", "float64", "Standard deviation of the TRAP optical density over the cell.", "OD"),
        Column("red_od_mean", "float64", "Mean optical density in red light.", "OD"),
        Column("green_od_mean", "float64", "Mean optical density in green light.", "OD"),
        Column("blue_od_mean", "float64", "Mean optical density in blue light.", "OD"),
    ),
)

NUCLEI = Table(
    "nuclei.csv",
    "One row per nucleus.",
    (
        IMAGE,
        Column("nucleus_id", "int64", "Number of the nucleus in its picture."),
        Column("cell_id", "Int64", "Number of the TRAP-positive cell it lies in; empty: in none."),
        *(Y_PX, X_PX),
        _share("score", "How sure the program is that it is a nucleus, 0 to 1."),
    ),
)

# ------------------------------------------------------------------------------------------------------------ wells

STATUS = Column(
    "status",
    "str",
    "`ok`, `incomplete` (some fields failed), `failed`, `no_picture`, `not_in_layout` or `excluded`.",
    title="Status",
    style="words",
)
DONOR = Column("donor", "str", "Donor, animal or independent experiment: the biological replicate.", title="Donor")
ARM = Column("arm", "str", "Treatment with its dose, as the comparison names it.", title="Arm")

LAYOUT = _only(
    "with a layout",
    Column("treatment", "str", "What the well got."),
    Column("dose", "float64", "Its dose; empty without one."),
    Column("dose_unit", "str", "Unit of the dose."),
    DONOR,
    Column("role", "str", "`treatment`, `negative control`, `vehicle`, `positive control`, `blank` or `excluded`."),
    Column("exclude_reason", "str", "Why the well is left out of the comparison."),
    Column("ev_batch", "str", "Batch of extracellular vesicles."),
    Column("oxygen", "str", "Oxygen level; every level has a control of its own."),
)
"""Columns of a layout that the program knows; further ones are carried along as text."""


def _count(name: str, text: str, title: str) -> Column:
    return Column(name, "Int64", text, title=title, style="count", decimals=0)


WELL_NUMBERS = (
    _count("n_fields", "Pictures that were counted.", "Fields"),
    Column("imaged_area_mm2", "float64", "Imaged area in which cells are counted: inside the well, without the guard "
           "zone and without what was never imaged.", "mm²", title="Imaged, mm²", style="figure"),
    _count("n_osteoclasts", "Osteoclasts.", "Osteoclasts"),
    _count("n_osteoclasts_ge2", "TRAP-positive cells with 2 nuclei or more, among them the osteoclasts whose nuclei "
           "are hidden and that were called by their size or by hand.", "≥ 2 nuclei"),
    _count("n_osteoclasts_ge4", "TRAP-positive cells with 4 nuclei or more. Osteoclasts whose nuclei are hidden are "
           "among them only where 4 nuclei or more make an osteoclast (`min_nuclei`).", "≥ 4 nuclei"),
    Column("osteoclast_density_per_mm2", "float64", "Osteoclasts ÷ imaged area.", "per mm²",
           title="per mm²", style="figure", decimals=1),
    Column("osteoclast_area_fraction", "float64", "Area of the osteoclasts ÷ imaged area, 0 to 1.",
           title="Area fraction", style="figure"),
    Column("nuclei_per_osteoclast_mean", "float64", "Mean number of nuclei of an osteoclast.",
           title="Nuclei per OC, mean", style="figure", decimals=1),
    Column("nuclei_per_osteoclast_median", "float64", "Median number of nuclei of an osteoclast.",
           title="Nuclei per OC, median", style="general"),
    Column("fusion_index", "float64", "Nuclei in osteoclasts ÷ nuclei of all TRAP-positive cells, 0 to 1.",
           title="Fusion index", style="figure", decimals=2),
    _count("n_trap_positive", "TRAP-positive cells.", "TRAP+ cells"),
    _count("n_nuclei", "Nuclei of all TRAP-positive cells.", "Nuclei"),
    _count("n_borderline", "Cells whose class flips inside the interval of their nuclei.", "Borderline"),
    # Beyond the contract, for the statistics: pooled proportions need their counts, and a plate without a pixel size
    # still has rates per pixel.
    Column("imaged_area_px", "Int64", "The imaged area in pixels.", "px", title="Imaged, px"),
    Column("osteoclast_area_px", "Int64", "Area of the osteoclasts, by which the area fraction is made.", "px",
           title="Osteoclast area, px"),
    Column("osteoclast_area_mean_um2", "float64", "Mean area of an osteoclast.", "µm²",
           title="Mean osteoclast area, µm²"),
    Column("n_nuclei_in_osteoclasts", "Int64", "Nuclei of all osteoclasts.", title="Nuclei in osteoclasts"),
    Column("guard_zone_share", "float64", "Share of the analysed area that the guard zone takes, where cells are only "
           "looked at and not counted; 0 without one.", title="Guard zone, share", style="figure", decimals=2),
)  # fmt: skip

WELL_QUALITY = _only(
    "where it can be measured",
    Column("qc_debris", "float64", "Share of the well covered by stained things that are in no cell.",
           title="Debris, share"),
    Column("qc_focus", "float64", "Fine over coarse detail; low when out of focus.", title="Focus"),
    Column("qc_foreground", "float64", "Share of the well covered by cells.", title="Covered by cells, share"),
    Column("qc_saturated", "float64", "Share of pixels at either end of the camera's range.", title="Saturated, share"),
    Column("qc_stain_green", "float64", "Share of green in the light that the outlined cells take.",
           title="Green in the stain, share"),
    Column("qc_unfamiliar", "float64", "How unlike what was learned it is; flagged from 1 on (a setting).",
           title="Unfamiliar"),
    Column("qc_uneven", "float64", "Range of the background over the picture ÷ its median.", title="Uneven light"),
    Column("qc_well_in_view", "float64", "Share of the picture inside the well.", title="Well in view, share"),
)  # fmt: skip
"""Means over the fields of a well, of what could be measured."""

QC_REASONS = Column("qc_reasons", "str", "The flags in sentences.")
QC_FLAGS = Column(
    "qc_flags", "str", "What may be wrong with its pictures, separated by `;`.", title="Quality flags", style="words"
)

WELL_CORRECTIONS = _only(
    "once somebody corrected",
    Column("n_osteoclasts_automatic", "Int64", "Osteoclasts before corrections.",
           title="Osteoclasts before corrections"),
    Column("n_trap_positive_automatic", "Int64", "TRAP-positive cells before corrections.",
           title="TRAP+ cells before corrections"),
    Column("n_edits", "Int64", "Corrections by a person.", title="Corrections"),
    Column("review", "str", "What a person said who reviewed the well."),
)  # fmt: skip


def _reading(role: str, what: str) -> tuple[Column, ...]:
    def column(end: str, text: str, unit: str, title: str, own_format: str = OTHER_FORMAT) -> Column:
        name = f"{what[:1].upper()}{what[1:]}, {title}"
        return Column(f"{role}_{end}", "float64", text, unit, title=name, format=own_format)

    return (
        column("od", f"Absorbance of the {what} reading, as read.", "OD", "OD"),
        column("rfu", f"Fluorescence of the {what} reading, as read.", "RFU", "RFU"),
        column("rlu", f"Luminescence of the {what} reading, as read.", "RLU", "RLU"),
        column("signal", f"The {what} reading, of a kind the file does not name.", "", "signal"),
        column("net", "The same, less reference wavelength and blanks.", "OD", "net OD"),
        column("nmol", "The same as p-nitrophenol, where volume and path are given.", "nmol", "nmol", ""),
        Column(
            f"{role}_flag",
            "str",
            "What the reader says of the reading, and `no_blank`, `blank_above_control`, `negative_net`.",
        ),
    )


def _normalised(measure: str, title: str) -> tuple[Column, ...]:
    return (
        Column(
            f"{measure}_percent_of_control", "float64", f"`{measure}` in percent of its plate's controls.", "%",
            title=f"{title}, % of control",
        ),
        Column(
            f"{measure}_b_score", "float64", f"B-score of `{measure}`: without row and column effects.",
            title=f"{title}, B-score",
        ),
    )  # fmt: skip


WELL_ABSORBANCE = _only(
    "with a plate reader's export",
    *_reading("trap_activity", "TRAP activity"),
    *_reading("viability", "viability"),
    Column("trap_activity_net_per_osteoclast", "float64", "TRAP activity ÷ osteoclasts.",
           title="TRAP activity per osteoclast"),
    Column("trap_activity_net_per_trap_positive_cell", "float64", "TRAP activity ÷ TRAP-positive cells.",
           title="TRAP activity per TRAP+ cell"),
)  # fmt: skip
MEASURES: Mapping[str, str] = MappingProxyType({
    "n_osteoclasts": "Osteoclasts", "trap_activity_net": "TRAP activity", "viability_net": "Viability",
})  # fmt: skip
"""What plates are judged by and what is normalised, where the wells table has it."""

WELL_NORMALISED = _only(
    "with controls; the B-score on request",
    *(column for measure, title in MEASURES.items() for column in _normalised(measure, title)),
)

WELLS_START = (
    *(PLATE, WELL, STATUS),
    Column("status_reason", "str", "Why, where the status is not `ok`."),
    Column("image", "str", "The picture, where it belongs to no well.", title="Picture"),
)

WELLS = Table(
    "wells.csv",
    "One row for every well of the layout or the input, failed ones too. Further columns of the layout follow its own.",
    (
        *WELLS_START, *LAYOUT, *WELL_NUMBERS, *WELL_QUALITY, QC_REASONS, *WELL_CORRECTIONS, *WELL_ABSORBANCE,
        *WELL_NORMALISED, QC_FLAGS,
    ),
)  # fmt: skip

# ------------------------------------------------------------------------------------------------------ comparisons


def _statistic(name: str, text: str, style: Style = "figure") -> Column:
    return Column(name, "float64", text, style=style, format=STATISTICS_FORMAT)


def _number_of(name: str, text: str) -> Column:
    return Column(name, "Int64", text, style="count", format=STATISTICS_FORMAT)


ENDPOINT = Column("endpoint", "str", "What is compared.")
CONTRAST = Column("contrast", "str", "Which arms are compared; the arm's name where it is one against the control.")
REFERENCE = Column("reference", "str", "What it is compared with.")
ESTIMATE = _statistic("estimate", "Ratio to the reference, of rates, odds or means; a difference on the identity link.")
CI_LOW = _statistic("ci_low", "Lower end of the 95 % interval; of arms against the control simultaneous over them.")
CI_HIGH = _statistic("ci_high", "Upper end of the 95 % interval; of arms against the control simultaneous over them.")
VERDICT = Column(
    "verdict",
    "str",
    "`robust`, `indicated` (adjusted p below 0.05, of a secondary endpoint `p_across_endpoints`), `no evidence` (0.05 "
    "or more), `exploratory` … in words.",
)

COMPARISONS = Table(
    "comparisons.csv",
    "One row per endpoint and contrast.",
    (
        *(ENDPOINT, CONTRAST, REFERENCE, ESTIMATE, CI_LOW, CI_HIGH),
        _statistic("p_raw", "p value of this contrast alone.", "p"),
        _statistic("p_adjusted", "p value adjusted over the arms (Dunnett) or the contrasts (Holm).", "p"),
        _statistic("p_paired", "p value of the paired t test over donors.", "p"),
        _number_of("n_donors", "Donors: the n of the test."),
        _number_of("df", "Degrees of freedom."),
        Column("method", "str", "How it was tested."),
        VERDICT,
        Column("notes", "str", "What to know before believing it, in sentences."),
        ARM,
        Column("kind", "str", "`arm`, `dependence`, `custom`, `trend`, `equivalence` …"),
        Column("role", "str", "`primary` or `secondary`."),
        Column("link", "str", "Scale of the test: `log rate`, `logit`, `log` or `identity`."),
        Column("unit", "str", "Unit of the endpoint."),
        _statistic("ci_raw_low", "Lower end of the 95 % interval of this contrast alone."),
        _statistic("ci_raw_high", "Upper end of the 95 % interval of this contrast alone."),
        _statistic("p_paired_holm", "`p_paired`, adjusted over the contrasts (Holm).", "p"),
        _statistic(
            "p_paired_pooled",
            "p value of the paired test with the variance pooled over the arms, adjusted over them.",
            "p",
        ),
        _statistic("p_across_endpoints", "`p_adjusted`, adjusted over the secondary endpoints too (Holm).", "p"),
        _statistic("p_tost", "p value of two one-sided tests of equivalence, of this arm alone.", "p"),
        _number_of("n_batches", "Batches of extracellular vesicles of the arm, where they are named."),
        _statistic("p_batches", "p value with EV batches as a sample too, beside donors that got all of them.", "p"),
        _number_of("donors_up", "Donors in which the endpoint rose."),
        _number_of("donors_down", "Donors in which it fell."),
        Column("donor_estimates", "str", "The estimate of each donor."),
        _statistic("link_estimate", "The estimate on the scale of the test."),
        _statistic("link_se", "Its standard error."),
        _statistic("t", "Their quotient."),
        _number_of("donors_with_any", "Where the control has none: donors with at least one in the arm."),
        _number_of("wells_with_any", "Where the control has none: wells with at least one in the arm."),
        _statistic("rate_difference", "Where the control has none: difference of the rates, mean over donors."),
        _statistic("rate_difference_low", "Lower end of its 95 % interval."),
        _statistic("rate_difference_high", "Upper end of its 95 % interval."),
        Column("reason", "str", "Why a contrast was not tested, or what to know of this test alone."),
        _statistic("poisson_ratio_low", "Where the control has none: exact lower bound of the ratio; ignores donors."),
        _statistic(
            "technical_ratio", "With one donor: ratio from the spread of its wells, which says nothing of others."
        ),
        _statistic("technical_low", "Lower end of its 95 % interval."),
        _statistic("technical_high", "Upper end of its 95 % interval."),
        _statistic("technical_se_log", "Standard error of its logarithm."),
    ),
)

DONOR_VALUES = Table(
    "donor_values.csv",
    "One row per endpoint and donor, pooled over wells, with a column per arm, as Prism takes them.",
    (
        replace(ENDPOINT, help="What the values are; the primary endpoint first."),
        Column("unit", "str", "Their unit."),
        DONOR,
        Column(
            "…", "float64", "One column per arm, named after it, each control before its arms: the donor's value there."
        ),
    ),
)

EFFECTS = Table(
    "effects.csv of `osteocount agree`",
    "The treatment effect of the primary endpoint from either way of counting.",
    (
        *(CONTRAST, REFERENCE),
        Column("counted_by", "str", "`automatic`, or the reader."),
        *(ESTIMATE, CI_LOW, CI_HIGH, VERDICT),
    ),
)

POWER = Table(
    "power.csv of `osteocount plan`",
    "One row per number of donors and of wells.",
    (
        Column("donors", "int64", "Donors."),
        Column("wells", "int64", "Wells per donor and arm."),
        _share("power_raw", "Share of experiments whose raw p is below 0.05, in the right direction."),
        _share("power_adjusted", "The same of the adjusted p."),
        _share("power_robust", "How often the verdict is `robust`."),
        Column("total_wells", "int64", "Wells of the whole experiment."),
    ),
)

# ------------------------------------------------------------------------------------------- plates and corrections


def _figure(name: str, text: str, unit: str = "") -> Column:
    return Column(name, "float64", text, unit, style="figure")


PLATE_QUALITY = Table(
    "sheet `plates` of results.xlsx",
    "One row per plate and measure. Intervals are bootstrap intervals from 5 to 95 %.",
    (
        PLATE,
        Column("measure", "str", "Column of wells.csv.", style="words"),
        Column("n_positive", "int64", "Positive control wells.", style="count"),
        Column("n_negative", "int64", "Negative control or vehicle wells.", style="count"),
        _figure("z_prime", "Z′ of the controls."),
        _figure("z_prime_low", "Lower end of its interval."),
        _figure("z_prime_high", "Upper end of its interval."),
        _figure("robust_z_prime", "Z′ from medians."),
        _figure("ssmd", "Strictly standardised mean difference."),
        _figure("ssmd_low", "Lower end of its interval."),
        _figure("ssmd_high", "Upper end of its interval."),
        _figure("cv_positive_percent", "Coefficient of variation of the positive controls.", "%"),
        _figure("cv_negative_percent", "Coefficient of variation of the negative controls.", "%"),
        _figure("edge_ratio", "Edge wells ÷ inner wells."),
        Column("row_medians", "str", "Median of each row."),
        Column("column_medians", "str", "Median of each column."),
        Column("note", "str", "`too few controls` below 8 wells a side."),
    ),
)

NUCLEI_CLASSES = MappingProxyType(
    {"1": (1, 1), "2": (2, 2), "3 to 5": (3, 5), "6 to 10": (6, 10), "over 10": (11, 10**6)}
)
"""Name to the first and the last number of nuclei of a class."""

CELLS_SUMMARY = Table(
    "sheet `cells summary` of results.xlsx",
    "One row per well. Cells whose nuclei cannot be seen are in no class.",
    (
        *(PLATE, WELL),
        Column("trap_positive_cells", "int64", "Counted TRAP-positive cells."),
        *(Column(f"cells with {name} nuclei", "int64", f"Those with {name} nuclei.") for name in NUCLEI_CLASSES),
        Column("cells without a nucleus found", "int64", "Those without a nucleus."),
        Column("cells with nuclei not resolved", "int64", "Those whose nuclei cannot be seen."),
        Column("area_um2_median", "float64", "Median area.", "µm²"),
        Column("area_um2_q90", "float64", "Area below which nine in ten are.", "µm²"),
    ),
)

NOT_APPLIED = Table(
    "edits_not_applied.csv",
    "One row per correction that found nothing to act on.",
    (
        *(IMAGE, PLATE, WELL),
        Column("kind", "str", "What the correction was."),
        Column("who", "str", "Who made it."),
        Column("when", "str", "When, as ISO 8601."),
        Column("cells", "str", "Numbers of the cells it names."),
        Column("reason", "str", "The reason that was given for it."),
    ),
)

# ------------------------------------------------------------------------------------------- before anything is counted

PLATE_PREVIEW = Table(
    "`osteocount plate preview --csv`",
    "One row per picture that was found.",
    (
        Column("file", "str", "The file, relative to the folder."),
        *(PLATE, WELL),
        Column("row", "str", "Letter of its row."),
        Column("column", "str", "Number of its column."),
        FIELD,
        Column("channel", "str", "Channel, as the file name gives it."),
        Column("z", "str", "Focal plane, as the file name gives it."),
        Column("time", "str", "Time point, as the file name gives it."),
        Column("pattern", "str", "The naming that fits."),
    ),
)

ABSORBANCE = Table(
    "`osteocount reader --out`",
    "One row per well and block of an export.",
    (
        Column("block", "str", "Name of the set of readings."),
        WELL,
        Column("value", "float64", "What was read; empty where the flag says why there is none."),
        Column("wavelength_nm", "float64", "Wavelength, where the file says it.", "nm"),
        Column("flag", "str", "What the reader said of it: masked, overflow …"),
    ),
)

# ------------------------------------------------------------------------------------ agreement with people, accuracy


def _with_interval(name: str, text: str, interval: str = "") -> tuple[Column, ...]:
    return (
        Column(name, "float64", text),
        Column(f"{interval or name}_low", "float64", "Lower end of its 95 % interval."),
        Column(f"{interval or name}_high", "float64", "Upper end of its 95 % interval."),
    )


COUNTED_PAIR = Column("comparison", "str", "Whose counts are compared: one `against` the other.")
FIRST = Column("first", "float64", "Count of the one after `against`.")
SECOND = Column("second", "float64", "Count of the one before it.")

AGREEMENT = Table(
    "agreement.csv of `osteocount agree`",
    "One row per comparison and subset.",
    (
        COUNTED_PAIR,
        Column("subset", "str", "`all`, an arm, or a third by density."),
        Column("unit", "str", "What was counted: `wells` or `fields`."),
        Column("n", "int64", "Number of these."),
        Column("bias", "float64", "Mean of second − first, in osteoclasts."),
        Column("bias_percent", "float64", "The same in percent of the first.", "%"),
        Column("bias_low", "float64", "Lower end of the 95 % interval of the bias."),
        Column("bias_high", "float64", "Upper end of the 95 % interval of the bias."),
        *_with_interval("limit_low", "Lower limit of agreement.", interval="limit_low_ci"),
        *_with_interval("limit_high", "Upper limit of agreement.", interval="limit_high_ci"),
        *_with_interval("concordance", "Lin's concordance."),
        *_with_interval("icc", "Intraclass correlation, ICC(2,1)."),
        Column("r", "float64", "Pearson's correlation."),
        *_with_interval("ratio", "Second ÷ first, geometric mean with 0.5 added to both."),
        Column("ratio_limit_low", "float64", "Lower limit of agreement as a ratio."),
        Column("ratio_limit_high", "float64", "Upper limit of agreement as a ratio."),
        Column("n_donors", "Int64", "Donors of these wells or fields."),
        *_with_interval("bias_donors", "Bias with donors as clusters: mean of the donors' means."),
        Column("limit_donors_low", "float64", "Lower limit of agreement, for a donor not in the sample."),
        Column("limit_donors_high", "float64", "Upper limit of agreement, for a donor not in the sample."),
    ),
)

AGREEMENT_PAIRS = Table(
    "pairs.csv of `osteocount agree`",
    "One row per comparison and well or field.",
    (COUNTED_PAIR, PLATE, WELL, FIELD, ARM, DONOR, FIRST, SECOND),
)

REVIEWERS = Table(
    "`osteocount reviewers --out`",
    "One row per well that both have reviewed.",
    (
        *(PLATE, WELL),
        Column("first", "int64", "Osteoclasts after the first reviewer's corrections."),
        Column("second", "int64", "Osteoclasts after the second reviewer's corrections."),
        Column("reviewer", "str", "The second reviewer."),
    ),
)

EVALUATION = Table(
    "evaluation.csv of `osteocount evaluate`",
    "One row per figure of merit.",
    (
        Column("figure", "str", "What is measured: `precision`, `recall`, `f1`, `count_bias` …"),
        Column("iou", "float64", "Intersection over union above which an outline is right."),
        Column("value", "float64", "Its value."),
        Column("ci_low", "float64", "Lower end of the 95 % bootstrap interval."),
        Column("ci_high", "float64", "Upper end of the 95 % bootstrap interval."),
        Column("n", "int64", "Number it rests on."),
        Column("n_counts", "str", "What that number counts."),
        Column("n_units", "int64", "Wells or pictures that were resampled."),
        Column("unit", "str", "Which of the two."),
    ),
)

TABLES = (
    CELLS, NUCLEI, WELLS, COMPARISONS, DONOR_VALUES, CELLS_SUMMARY, PLATE_QUALITY, NOT_APPLIED, EFFECTS, AGREEMENT,
    AGREEMENT_PAIRS,
    REVIEWERS, EVALUATION, POWER, PLATE_PREVIEW, ABSORBANCE,
)  # fmt: skip
"""Every table, in the order of the documentation."""

FORMATS: Mapping[str, str] = MappingProxyType({**WELLS.formats, **NUCLEI.formats, **CELLS.formats})
"""Name to format of the columns that several files hold, exports and saved layers among them."""

TEXT: frozenset[str] = frozenset().union(
    *(table.text for table in (CELLS, NUCLEI, WELLS, COMPARISONS, PLATE_PREVIEW, ABSORBANCE))
)
"""Columns that stay text when a table is read, also one that somebody else wrote."""

# ------------------------------------------------------------------------------------------------------------- views
# A view shows some columns of a table in an order of its own: names, or names and the headings it has room for.

REPORT_WELLS = (
    "plate", "well", "image", "status", "arm", "donor", "n_fields", "imaged_area_mm2", "n_osteoclasts",
    "n_osteoclasts_ge2", "n_osteoclasts_ge4", "osteoclast_density_per_mm2", "osteoclast_area_fraction",
    "nuclei_per_osteoclast_mean", "nuclei_per_osteoclast_median", "fusion_index", "n_trap_positive", "n_nuclei",
    "n_borderline", "guard_zone_share", "qc_flags",
)  # fmt: skip
"""First columns of the report's table of everything about the wells; the other ones follow in their own order."""

REPORT_WELLS_MAIN = (
    "plate", "well", "image", "status", "arm", "donor", "n_osteoclasts", "osteoclast_density_per_mm2",
    "osteoclast_area_fraction", "nuclei_per_osteoclast_mean", "fusion_index", "n_borderline", "qc_flags",
)  # fmt: skip
"""What one reads first about the wells."""

REPORT_COMPARISONS = (
    "endpoint", "role", "contrast", "reference", "estimate", "ci_low", "ci_high", "p_raw", "p_adjusted",
    "p_across_endpoints", "p_paired", "n_donors", "donors_up", "donors_down", "df", "verdict", "link", "method",
)  # fmt: skip
"""The report's table of all comparisons; the notes stand in words above it."""

REPORT_ARMS = (
    "imaged_area_mm2", "n_osteoclasts", "osteoclast_density_per_mm2", "n_osteoclasts_ge2", "n_osteoclasts_ge4",
    "n_trap_positive", "n_nuclei",
)  # fmt: skip
"""The report's table of arms, over the counted wells of each."""

REPORT_PLATES: Mapping[str, str] = MappingProxyType({
    "plate": "Plate",
    "measure": "Measure",
    "n_positive": "Controls (+ / −)",
    "z_prime": "Z′ (5 to 95 %)",
    "robust_z_prime": "Robust Z′",
    "ssmd": "SSMD (5 to 95 %)",
    "cv_positive_percent": "CV of controls, % (+ / −)",
    "edge_ratio": "Edge ÷ inner wells",
    "row_medians": "Row medians",
    "column_medians": "Column medians",
    "note": "Note",
})  # fmt: skip
"""The report's table of plates; intervals and the other controls stand in the same cell."""

WINDOW_PICTURE: Mapping[str, str] = MappingProxyType({
    "n_osteoclasts": "Osteoclasts ({rule})",
    "n_osteoclasts_ge2": "  with ≥ 2 nuclei",
    "n_osteoclasts_ge4": "  with ≥ 4 nuclei",
    "n_borderline": "  borderline (look at these)",
    "n_trap_positive": "TRAP-positive cells",
    "nuclei_per_osteoclast_mean": "Nuclei per osteoclast, mean",
    "fusion_index": "Fusion index",
    "osteoclast_density_per_mm2": "Osteoclasts per mm²",
    "guard_zone_share": "Share of the area in the guard zone",
})  # fmt: skip
"""The window's numbers of one picture; ``{rule}`` is what makes an osteoclast."""

WINDOW_CORRECTION: Mapping[str, str] = MappingProxyType({
    "n_osteoclasts": "Osteoclasts",
    "n_trap_positive": "TRAP-positive cells",
    "nuclei_per_osteoclast_mean": "Nuclei per osteoclast",
    "fusion_index": "Fusion index",
    "n_borderline": "Borderline",
})  # fmt: skip
"""The window's numbers before and after corrections."""

WINDOW_CELLS: Mapping[str, str] = MappingProxyType({
    "cell_id": "Cell",
    "is_osteoclast": "Osteoclast",
    "by": "Called by",
    "n_nuclei": "Nuclei",
    "n_nuclei_low": "at least",
    "n_nuclei_high": "at most",
    "area_um2": "Area, µm²",
    "area_px": "Area, px",
    "feret_um": "Feret, µm",
    "trap_od_mean": "TRAP OD",
    "confidence": "Confidence",
    "counted": "Counted",
    "flags": "Flags",
    "source": "Source",
})  # fmt: skip
"""The window's table of the cells of a picture."""

WINDOW_WELLS: Mapping[str, str] = MappingProxyType({
    "well": "Well",
    "status": "Status",
    "n_osteoclasts": "Osteo-\nclasts",
    "nuclei_per_osteoclast_mean": "Nuclei\nper OC",
    "n_trap_positive": "TRAP+",
})  # fmt: skip
"""The window's table of the wells of a folder."""

PLATE_MAP: Mapping[str, str] = MappingProxyType({
    "n_osteoclasts": "Osteoclasts",
    "nuclei_per_osteoclast_mean": "Nuclei per osteoclast, mean",
    "fusion_index": "Fusion index",
    "osteoclast_density_per_mm2": "Osteoclasts per mm²",
    "osteoclast_area_fraction": "Osteoclast area ÷ imaged area",
    "n_osteoclasts_ge2": "Cells with ≥ 2 nuclei",
    "n_osteoclasts_ge4": "Cells with ≥ 4 nuclei",
    "n_trap_positive": "TRAP-positive cells",
    "n_nuclei": "Nuclei in TRAP-positive cells",
    "n_borderline": "Borderline cells",
    "nuclei_per_osteoclast_median": "Nuclei per osteoclast, median",
    "imaged_area_mm2": "Imaged area, mm²",
})  # fmt: skip
"""What a map of the plate can show, as the window offers it; other numbers of a well follow by their headings."""

CELLPROFILER_CELLS: Mapping[str, str] = MappingProxyType({
    "cell_id": "ObjectNumber",
    "area_px": "AreaShape_Area",
    "x_px": "AreaShape_Center_X",
    "y_px": "AreaShape_Center_Y",
    "solidity": "AreaShape_Solidity",
    "eccentricity": "AreaShape_Eccentricity",
    "n_nuclei": "Children_Nuclei_Count",
    "trap_od_mean": "Intensity_MeanIntensity_TrapOD",
    "is_osteoclast": "Classify_Osteoclast",
    "counted": "Classify_Counted",
    "confidence": "Classify_Confidence",
})  # fmt: skip
"""Columns of cells.csv as CellProfiler names measurements of objects."""

CELLPROFILER_WELLS: Mapping[str, str] = MappingProxyType({
    "treatment": "Metadata_Treatment",
    "dose": "Metadata_Dose",
    "dose_unit": "Metadata_Dose_Unit",
    "donor": "Metadata_Donor",
    "role": "Metadata_Role",
})  # fmt: skip
"""Columns of the layout as CellProfiler names metadata of images."""


# --------------------------------------------------------------------------------- columns of anybody's table of wells


@dataclass(frozen=True)
class InputColumn:
    """A column that a table of wells may bring to `osteocount compare`, `plan` and `agree` under many names.

    Attributes
    ----------
    name
        As here; a heading matches it, or an alias, without case, blanks, underscores and a unit at its end.
    aliases
        Other headings for it.
    meaning
        What it holds, in a message.
    option
        The command line option that names it; empty where there is none.
    """

    name: str
    aliases: tuple[str, ...] = ()
    meaning: str = ""
    option: str = ""


INPUT_COLUMNS = (
    InputColumn(
        "n_osteoclasts",
        ("count", "counts", "osteoclasts", "osteoclast count", "number of osteoclasts", "n oc", "oc", "ocs",
         "osteoclast number", "oc number", "oc count", "number of oc", "number of ocs", "trap+ mnc", "trap+ mncs",
         "trap positive mnc", "trap positive mncs", "mnc", "mncs", "anzahl", "anzahl osteoklasten", "osteoklasten",
         "nombre d'ostéoclastes", "ostéoclastes", "osteoclastos", "破骨細胞数"),
        "osteoclasts per well",
        "--count-column",
    ),
    InputColumn(
        "imaged_area_mm2",
        ("area_mm2", "area", "imaged area", "counted area", "image area", "analysed area", "analyzed area"),
        "imaged area",
        "--area-column",
    ),
    InputColumn(
        "donor",
        ("donors", "donor id", "donor no", "donor nr", "donor number", "animal", "animal id", "animal no",
         "animal number", "mouse", "mouse id", "mouse no", "patient", "patient id", "patient no", "subject",
         "subject id", "pbmc donor", "buffy coat", "biological replicate", "biological rep", "bio rep", "biorep",
         "independent experiment", "spender", "spender id", "patient/in", "donneur", "donante", "donatore", "doador",
         "ドナー", "供体"),
        "the biological replicate",
        "--donor-column",
    ),
    InputColumn("treatment",
                ("treatments", "condition", "group", "arm", "stimulus", "behandlung", "stimulation", "stimulus name",
                 "traitement", "tratamiento", "trattamento", "tratamento", "処理", "处理"),
                "what the well got", "--treatment-column"),
    InputColumn("dose",
                ("doses", "dosage", "concentration", "conc", "final dose", "final concentration", "final conc",
                 "treatment dose", "treatment concentration", "stimulus concentration", "stimulation concentration",
                 "compound concentration", "drug concentration", "dosis", "konzentration", "endkonzentration", "konz",
                 "concentración", "concentrazione", "concentração", "濃度", "浓度"),
                "the dose", "--dose-column"),
    InputColumn("dose_unit",
                ("unit", "units", "concentration unit", "conc unit", "einheit", "unité", "unidad", "単位"),
                "the unit of the dose"),
    InputColumn("plate", ("plates", "plate id", "plate no", "plate nr", "plate number", "plate name", "platte",
                          "plaque", "placa", "piastra", "プレート"), "the plate",
                "--plate-column"),
    InputColumn("well", ("well id", "well name", "vertiefung", "puits", "pocillo", "pozzetto", "poço",
                         "ウェル", "孔"), "the well"),
    InputColumn("day", ("days", "date", "experiment day", "jour", "día"), "the day"),
    InputColumn("role", ("roles", "well role", "well type", "rolle", "rôle", "rol"), "what the well is for",
                "--role-column"),
    InputColumn("oxygen", ("o2", "oxygen level", "o2 level", "oxygen percent", "oxygen tension", "sauerstoff"),
                "the oxygen level"),
    InputColumn(
        "ev_batch",
        ("batch", "EV preparation", "EV prep", "preparation", "EV isolation", "isolation", "EV lot"),
        "the batch of extracellular vesicles",
    ),
    InputColumn("status", (), "whether the well is to be used"),
    InputColumn("exclude", ("excluded", "omit", "omitted", "discard", "outlier", "outliers", "ausschluss",
                            "ausschließen", "ausgeschlossen", "exclure", "exclu", "excluir", "excluido", "escludi",
                            "除外"), "whether the well is to be left out"),
    InputColumn("include", ("included", "use", "used", "keep", "use well"), "whether the well is to be used"),
    InputColumn("imaged_area_px", (), "the imaged area in pixels"),
)  # fmt: skip
"""Names under which labs hand in the columns of a table of wells."""
