"""Every setting once: its default, unit, range, title and help text.

The same fields become the options of the command line, the labels and tooltips of the window, the commented settings
file, and the record in ``run.json``.
"""

from __future__ import annotations

import ast
import re
import reprlib
import textwrap
import tomllib
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.fields import FieldInfo

from osteocount.errors import OsteoCountError
from osteocount.input_files import read_bytes
from osteocount.text_files import decode_unicode

_WRONG = {
    "float_parsing": "this is no number", "float_type": "this is no number", "int_parsing": "this is no whole number",
    "int_type": "this is no whole number", "int_from_float": "this is no whole number",
    "bool_parsing": "this is neither true nor false", "bool_type": "this is neither true nor false",
    "greater_than": "it must be above {gt:g}", "greater_than_equal": "it must be at least {ge:g}",
    "less_than": "it must be below {lt:g}", "less_than_equal": "it must be at most {le:g}",
    "literal_error": "it must be {expected}", "extra_forbidden": "there is no such setting",
    "string_type": "this is no text", "tuple_type": "this is no list", "finite_number": "this is no number",
}  # fmt: skip
BOUNDS = (("gt", "above"), ("ge", "at least"), ("lt", "below"), ("le", "at most"))


class FrozenModel(BaseModel):
    """Immutable, strict about names, and quiet in its ``repr``: only what differs from the default is shown."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def replace(self, **changes: Any) -> Self:
        """Return a copy with ``changes``, validated like new input."""
        return type(self).model_validate({**self.model_dump(), **changes})

    def __repr_args__(self) -> list[tuple[str | None, Any]]:
        defaults = type(self).model_fields
        return [(name, value) for name, value in super().__repr_args__() if name and value != defaults[name].default]


@cache
def _help_texts() -> dict[tuple[str, str], str]:
    """Read the text below every setting from the source, by group and setting.

    pydantic's ``use_attribute_docstrings`` reads the same, but parses this file once for each group: 30 ms of every
    start of the command line.
    """
    texts = {}
    module = ast.parse(Path(__file__).read_text(encoding="utf-8"))
    for group in (part for part in module.body if isinstance(part, ast.ClassDef)):
        for field, below in pairwise(group.body):
            match field, below:
                case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                    texts[group.name, name] = " ".join(text.split())
    return texts


class SettingsGroup(FrozenModel):
    """Settings that belong together; the text below a setting is its help."""

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Give every setting its help, in one line however it is wrapped in the source."""
        for name, info in cls.model_fields.items():
            info.description = _help_texts().get((cls.__name__, name), "")


_LENGTH = re.compile(
    r"([+-]?[0-9.,]+(?:e[+-]?[0-9]+)?) *(?:(nm|[µμu]m|microns?|micromet(?:er|re)s?|mm)(?: */ *(?:px|pixel))?)?",
    re.IGNORECASE,
)
_IN_MICROMETRES = {"nm": 1e-3, "mm": 1e3}


def read_micrometres(value: Any) -> Any:
    """Read a length as people type it: "0,76", "0.76 um", "760 nm"; what is none stays as it is, to be refused."""
    match = _LENGTH.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        return value
    try:
        number = float(match[1].replace(",", "."))
    except ValueError:
        return value
    return number * _IN_MICROMETRES.get((match[2] or "").lower(), 1.0)


class PictureSettings(SettingsGroup):
    """How pictures are read."""

    pixel_size: Annotated[float | None, BeforeValidator(read_micrometres)] = Field(
        None, title="Pixel size", gt=0.01, le=50, json_schema_extra={"unit": "µm"}
    )
    """Side of a pixel. Leave empty to take it from the file; without it the µm columns stay empty."""
    regime: Literal["auto", "brightfield", "low_power", "fluorescence"] = Field("auto", title="Imaging regime")
    """What the picture shows. 'auto' decides by content and says why."""
    well_view: Literal["field", "whole"] = Field("field", title="Picture shows")
    """'field': part of a well; its borders cut cells, so cells are counted by an unbiased counting frame (see the guard
    zone), except where the rim of the well is seen all around. 'whole': the whole well, every cell counts."""
    plate_format: Literal["unknown", "6", "12", "24", "48", "96"] = Field("unknown", title="Plate format")
    """Wells of the plate. Where a picture shows the rim of a well all around and no pixel size is given or in the file,
    the pixel size is taken from the inner diameter of the rim: 34.8, 22.1, 15.6, 11.05 or 6.4 mm."""
    guard_zone: float = Field(100.0, title="Guard zone", ge=0.0, le=1000.0, json_schema_extra={"unit": "µm"})
    """Width of the strip along the lower and right border of a field in which cells are looked at but not counted, so
    that every counted cell is judged by all of it. Wider than a usual osteoclast; the imaged area is reduced to match.
    Not used where it would take more than half of the picture. 0: none, cells cut by the upper or left border are not
    counted."""


class SegmentSettings(SettingsGroup):
    """How cells and nuclei are found."""

    segmenter: Literal["learned", "classical", "cellpose", "stardist", "onnx"] = Field("learned", title="Segmenter")
    """The method that outlines cells and finds nuclei. 'learned': networks trained on simulated pictures, for
    brightfield pictures. 'classical': thresholds and shape, nothing learned. 'cellpose', 'stardist',
    'onnx': your own weights, see the cell and the nucleus model."""
    model: str | None = Field(None, title="Lab's network")
    """A network of your lab, written by `osteocount finetune`, in place of the one for low power that ships."""
    cell_model: str | None = Field(None, title="Cell model")
    """Weights that outline cells: a Cellpose file, a StarDist folder, or an ONNX file described by a TOML file beside
    it. Nothing is ever downloaded."""
    nucleus_model: str | None = Field(None, title="Nucleus model")
    """Weights that outline nuclei, of any of the three kinds. Empty: an ONNX cell model that marks nuclei too."""
    device: Literal["auto", "cpu", "cuda"] = Field("auto", title="Device")
    """Where networks run. 'auto': on the graphics card (CUDA) when it is there, else on the processor."""
    trap_threshold: float = Field(0.08, title="TRAP threshold", ge=0.0, le=3.0, json_schema_extra={"unit": "OD"})
    """A cell is TRAP-positive when its mean TRAP optical density is above this."""
    cell_threshold: float = Field(0.06, title="Cell threshold", ge=0.02, le=0.5, json_schema_extra={"unit": "OD"})
    """Optical density above which a pixel belongs to a cell. Lower it when pale rims are cut off, raise it when haze is
    outlined."""
    min_cell_diameter: float = Field(7.0, title="Smallest cell", ge=2.0, le=50.0, json_schema_extra={"unit": "µm"})
    """Objects whose area is below that of a disc of this diameter are debris."""
    nucleus_diameter: float = Field(8.0, title="Nucleus diameter", ge=3.0, le=20.0, json_schema_extra={"unit": "µm"})
    """Typical diameter of a nucleus. Spots between about 0.7 and 1.4 times this are looked for."""
    nucleus_score: float = Field(0.5, title="Nucleus score", ge=0.0, le=1.0)
    """Spots with at least this score are counted as nuclei. Lower it when nuclei are missed, raise it when vacuoles or
    granules are counted."""
    find_well_rim: bool = Field(True, title="Find the well rim")
    """Look for the dark rim of the well and analyse only what is inside."""
    large_cell_ratio: float = Field(4.75, title="Large cell at low power", ge=1.2, le=10.0)
    """Where nuclei cannot be seen, a TRAP-positive cell is an osteoclast when its diameter is at least this many times
    that of the mononuclear cells around it."""


class CountSettings(SettingsGroup):
    """What counts as an osteoclast."""

    min_nuclei: int = Field(3, title="Nuclei in an osteoclast", ge=2, le=20)
    """A TRAP-positive cell with at least this many nuclei is an osteoclast. The counts at 2 and 4 are always reported
    beside it."""


QUALITY_FLAGS = (
    "out_of_focus", "no_detail", "saturated", "uneven_light", "little_well", "no_well", "nearly_empty", "overgrown",
    "debris", "wrong_colour", "other_regime", "unfamiliar",
)  # fmt: skip
"""Words of the column ``qc_flags``."""


def check_flags(flags: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse names that no flag has: such a name would exclude nothing, in silence."""
    unknown = [flag for flag in flags if flag not in QUALITY_FLAGS]
    if unknown:
        raise ValueError(f"there is no flag {', '.join(map(repr, unknown))}; the flags are {', '.join(QUALITY_FLAGS)}")
    return flags


class QcSettings(SettingsGroup):
    """When a picture or a well is flagged. Flagged wells stay in every table."""

    min_focus: float = Field(0.11, title="Focus", ge=0.0, le=1.0)
    """Fine over coarse detail; below this a picture is out of focus. Sharp-edged cells blurred by about 3.5 pixels fall
    below the default."""
    max_saturated: float = Field(0.02, title="Saturated pixels", ge=0.0, le=1.0)
    """Share of pixels at either end of the camera's range above which a picture is flagged."""
    max_uneven: float = Field(0.5, title="Uneven light", ge=0.0, le=5.0)
    """Range of the background over the picture, relative to its median, above which it is flagged. Illumination is
    corrected anyway; this finds what cannot be."""
    min_well_in_view: float = Field(0.2, title="Well in view", ge=0.0, le=1.0)
    """Share of the picture inside the well below which it is flagged."""
    min_foreground: float = Field(0.002, title="Least covered", ge=0.0, le=1.0)
    """Share of the well covered by cells below which it is flagged as nearly empty."""
    max_foreground: float = Field(0.8, title="Most covered", ge=0.0, le=1.0)
    """Share of the well covered by cells above which no background is left to compare with."""
    max_debris: float = Field(0.05, title="Debris", ge=0.0, le=1.0)
    """Share of the well covered by stained things that are in no cell above which it is flagged."""
    max_unfamiliar: float = Field(1.0, title="Unfamiliar", ge=0.0, le=100.0)
    """How unlike what the networks learned a picture may be before it is flagged as unfamiliar. The default is strict:
    most flagged counts are off by a third and more."""
    min_stain_green: float = Field(0.34, title="Green in the stain", ge=0.0, le=1.0)
    """Share of green in the light that outlined cells take, below which the picture is flagged as not TRAP-stained.
    Reds and purples are above it; grey, as in phase contrast, has 0.33."""
    exclude_flags: Annotated[tuple[str, ...], AfterValidator(check_flags)] = Field((), title="Flags that exclude")
    """Wells with one of these flags are left out of the comparison, such as 'out_of_focus'. Empty: a flag alone
    excludes nothing."""
    b_score: bool = Field(False, title="B-score")
    """Add the B-score, which takes row and column effects out. Refused where treatments lie along rows or columns,
    since it would take their effect out too."""


class ComparisonSettings(SettingsGroup):
    """How arms are compared."""

    control: str | None = Field(None, title="Control arm")
    """The arm every other arm is compared with. Empty: the arm the layout marks as negative control or vehicle."""
    primary_endpoint: str = Field("osteoclast_count", title="Primary endpoint")
    """The endpoint declared before the run; all others are labelled secondary."""
    contrasts: tuple[str, ...] = Field((), title="Further contrasts")
    """Ratios of arms declared before the run, such as 'EV_WT / EV_KO', '(A/B)/(C/D)' or 'il32_dependence = EV wild type
    / EV IL-32 KO'."""
    positive_controls_apart: bool = Field(False, title="Positive controls apart")
    """Compare arms with the role 'positive control' on their own, so that the others are not adjusted for them too.
    Declare it before the run."""
    time_course: bool = Field(False, title="Time course")
    """Compare the arms on every day of the column 'day' with the control of that day, and every day's effect with that
    on the first. Without it wells of several days are replicates of one experiment."""
    equivalence_arms: tuple[str, ...] = Field((), title="Arms expected to equal the control")
    """Each is tested for equivalence with the control (two one-sided tests, adjusted over these arms); needs a
    margin."""
    equivalence_margin: float | None = Field(None, title="Equivalence margin", gt=1.0, le=10.0)
    """The largest ratio to the control that still counts as equal, declared before the run; 1.5 means between 1/1.5 and
    1.5."""
    equivalence_margins: tuple[str, ...] = Field((), title="Margins of single endpoints")
    """Endpoints with an equivalence margin of their own, such as 'fusion_index = 1.3'; the others have the margin
    above, or none."""
    extra_endpoints: tuple[str, ...] = Field((), title="Further endpoints")
    """Numeric columns of the wells table to compare as well, such as a plate reader's absorbance."""


class Settings(FrozenModel):
    """All settings of a run."""

    picture: PictureSettings = Field(PictureSettings(), title="Pictures")
    segment: SegmentSettings = Field(SegmentSettings(), title="Segmentation")
    count: CountSettings = Field(CountSettings(), title="Counting")
    qc: QcSettings = Field(QcSettings(), title="Quality control")
    comparison: ComparisonSettings = Field(ComparisonSettings(), title="Comparison")

    @classmethod
    def from_file(cls, path: Path) -> Settings:
        """Read a TOML settings file; what it does not name keeps its default.

        Raises
        ------
        OsteoCountError
            The file is missing, is not TOML, or names a setting that does not exist or a value out of range.
        """
        try:
            given = tomllib.loads(_settings_text(read_bytes(path)))
            if "\ufffd" in str(given):
                raise OsteoCountError(
                    f"{path}: letters such as µ or β in it cannot be read surely, since the file is neither UTF-8 nor "
                    "UTF-16. Save it as UTF-8."
                )
            return cls.model_validate(given)
        except OSError as error:
            raise OsteoCountError(f"{path}: the settings file cannot be read ({error.strerror}).") from error
        except (tomllib.TOMLDecodeError, RecursionError) as error:
            why = "brackets within brackets without end" if isinstance(error, RecursionError) else error
            raise OsteoCountError(
                f"{path}: not a settings file ({why}). `osteocount settings` prints one to start from."
            ) from error
        except ValidationError as error:
            raise OsteoCountError(f"{path}: {describe_invalid(error)}") from error

    def to_toml(self) -> str:
        """Return the settings file: every setting with its help as a comment; an unset one is commented out."""
        import tomlkit

        document = tomlkit.document()
        for section, about in type(self).model_fields.items():
            table = tomlkit.table()
            values = getattr(self, section)
            for name, info in type(values).model_fields.items():
                for line in textwrap.wrap(help_text(info), 100):
                    table.add(tomlkit.comment(line))
                value = values.model_dump(mode="json")[name]
                if value is None:
                    table.add(tomlkit.comment(f"{name} ="))
                else:
                    table.add(name, value)
                table.add(tomlkit.nl())
            document.add(tomlkit.comment(str(about.title)))
            document.add(section, table)
        return tomlkit.dumps(document)


def _settings_text(data: bytes) -> str:
    """Return UTF-8 or UTF-16 as text; of any other code page what is ASCII, which is all but help texts and names."""
    try:
        return decode_unicode(data)
    except UnicodeDecodeError:
        return data.decode("ascii", errors="replace")


def help_text(info: FieldInfo) -> str:
    """Title, unit, range and description of a setting in one paragraph."""
    facts = ", ".join(filter(None, [unit_of(info), *bounds(info)]))
    return f"{info.title}{f' ({facts})' if facts else ''}. {info.description}"


def unit_of(info: FieldInfo) -> str:
    """Return the unit of a setting, "" for none."""
    extra = info.json_schema_extra
    return str(extra.get("unit", "")) if isinstance(extra, dict) else ""


def bounds(info: FieldInfo) -> list[str]:
    """Return the range of a setting in words: "at least 0.0", "at most 3.0"."""
    return [
        f"{word} {getattr(bound, name)}" for bound in info.metadata for name, word in BOUNDS if hasattr(bound, name)
    ]


def _shown(value: Any) -> str:
    """Show what was given, tables within tables only as far as a person reads them."""
    shown = reprlib.Repr()
    shown.maxlevel, shown.maxstring, shown.maxother = 2, 80, 80
    return shown.repr(value)


def describe_invalid(error: ValidationError) -> str:
    """Say which settings are wrong and why, all at once, in one line each."""
    return "; ".join(
        f"setting {'.'.join(str(part) for part in problem['loc'])} = {_shown(problem['input'])}: {_in_words(problem)}"
        for problem in error.errors()
    )


def _in_words(problem: Any) -> str:
    """Say in plain words what is wrong with a setting; pydantic's own speak of inputs and parsing."""
    kind, facts = problem["type"], problem.get("ctx", {})
    if kind in _WRONG:
        return _WRONG[kind].format(**facts)
    return str(problem["msg"]).removeprefix("Value error, ")
