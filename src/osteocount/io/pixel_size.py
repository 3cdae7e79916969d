"""How large a pixel is, and who says so.

The order: the user; OME-XML; Gen5; Harmony; MetaXpress; ImageJ; the TIFF resolution, only when it is given per
centimetre. A resolution per inch is a printing default, never a measurement.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException

from osteocount.errors import OsteoCountError
from osteocount.io.metadata_xml import local_name, parse_xml
from osteocount.io.picture import PixelSize

# Wide enough for any microscope and for a plate on a scanner; beyond lie slips and wrong units.
PLAUSIBLE_UM = (0.01, 50.0)
# A camera on a microscope; beyond this a resolution tag speaks of paper.
PLAUSIBLE_RESOLUTION_UM = (0.05, 20.0)
_LARGEST_INDEX = 256 * 2**20  # bytes; a guard against files made to exhaust the memory
UM_PER = {
    **dict.fromkeys(("µm", "μm", "um", "micron", "microns", "micrometer", "micrometre", r"\u00b5m"), 1.0),
    **dict.fromkeys(("nm", "nanometer", "nanometre"), 1e-3),
    **dict.fromkeys(("mm", "millimeter", "millimetre"), 1e3),
    **dict.fromkeys(("cm", "centimeter", "centimetre"), 1e4),
    **dict.fromkeys(("m", "meter", "metre"), 1e6),
}
"""Words for units of length → µm."""


@dataclass(frozen=True)
class PixelSizeEvidence:
    """What a file says about its pixels, before anything is believed.

    Attributes
    ----------
    path
        The file; Harmony keeps its metadata in an index file beside it.
    description
        The text of the TIFF's ImageDescription (OME-XML, Gen5, MetaXpress), empty when there is none.
    ome_image
        Which Image of the OME-XML the pixels belong to.
    imagej_unit
        The unit ImageJ wrote, if the file is ImageJ's.
    per_unit
        Pixels per resolution unit along x and y, None when absent.
    unit
        TIFF ResolutionUnit: 1 none, 2 inch, 3 centimetre.
    stated_um, stated_by
        Sides of a pixel along x and y in µm that a format states in a field of its own, and the name of that field.
    """

    path: Path
    description: str = ""
    ome_image: int = 0
    imagej_unit: str | None = None
    per_unit: tuple[float, float] | None = None
    unit: int = 1
    stated_um: tuple[float, float] | None = None
    stated_by: str = ""


@dataclass(frozen=True)
class _Sides:
    """Sides of a pixel in µm as one source states them, and the limits within which they are believed."""

    x: float
    y: float
    origin: str
    limits: tuple[float, float] = PLAUSIBLE_UM


class _Unusable(Exception):  # noqa: N818 - a verdict on a source, not an error
    """A source is there and says nothing about the specimen; the text is a note for the user."""


def find_pixel_size(evidence: PixelSizeEvidence, given_um: float | None = None) -> tuple[PixelSize, tuple[str, ...]]:
    """Weigh what a file says about its pixel size.

    Parameters
    ----------
    evidence
        What the file says.
    given_um
        What the user says, in µm; it wins, and a disagreement of more than 2 % with the file is noted.

    Returns
    -------
    The pixel size with its origin (or the reason why it is unknown), and notes on every source that was not believed.

    Raises
    ------
    OsteoCountError
        The user's value is not between 0.01 and 50 µm.
    """
    from_file, notes = _from_file(evidence)
    if given_um is None:
        return from_file, notes
    if not PLAUSIBLE_UM[0] <= given_um <= PLAUSIBLE_UM[1]:
        raise OsteoCountError(
            f"{evidence.path.name}: a pixel size of {given_um:g} µm is not plausible. Give the side of one pixel in "
            f"the specimen, between {PLAUSIBLE_UM[0]:g} and {PLAUSIBLE_UM[1]:g} µm."
        )
    given = PixelSize(float(given_um), "given by the user")
    if from_file.um and abs(from_file.um / given_um - 1) > 0.02:
        return given, (
            f"The file says {from_file.um:g} µm per pixel ({from_file.origin}); the user's {given_um:g} µm is used.",
        )
    return given, ()


def _from_file(evidence: PixelSizeEvidence) -> tuple[PixelSize, tuple[str, ...]]:
    notes: list[str] = []
    for read in (_stated, _ome, _gen5, _harmony, _metaxpress, _imagej, _resolution):
        try:
            sides = read(evidence)
        except _Unusable as reason:
            notes.append(str(reason))
            continue
        if sides is None:
            continue
        low, high = sides.limits
        if not (low <= sides.x <= high and low <= sides.y <= high):
            notes.append(
                f"{sides.origin} gives {sides.x:.4g} µm per pixel, not a value from {low:g} to {high:g} µm: ignored."
            )
            continue
        um, oblong = _one_side(sides)
        return PixelSize(um, sides.origin), (*notes, *oblong)
    return PixelSize(None, "unknown: the file does not say" if not notes else f"unknown: {notes[-1]}"), tuple(notes)


def _one_side(sides: _Sides) -> tuple[float, tuple[str, ...]]:
    if abs(sides.x / sides.y - 1) <= 0.01:
        return sides.x, ()
    um = math.sqrt(sides.x * sides.y)
    return um, (
        f"The pixels are not square ({sides.x:.4g} × {sides.y:.4g} µm, {sides.origin}): {um:.4g} µm is used, so that "
        "areas are right and lengths approximate.",
    )


def _stated(evidence: PixelSizeEvidence) -> _Sides | None:
    return None if evidence.stated_um is None else _Sides(*evidence.stated_um, evidence.stated_by)


def _ome(evidence: PixelSizeEvidence) -> _Sides | None:
    if "<OME" not in evidence.description[:2000] and not evidence.description.rstrip().endswith("OME>"):
        return None
    root = _parse(evidence.description, "The OME-XML")
    all_pixels = [element for element in root.iter() if local_name(element) == "Pixels"]
    if not all_pixels:
        return None
    pixels = all_pixels[evidence.ome_image if evidence.ome_image < len(all_pixels) else 0]
    x = _number(pixels.get("PhysicalSizeX"))
    if x is None:
        return None
    y = _number(pixels.get("PhysicalSizeY"))
    scale_x = _um_per(pixels.get("PhysicalSizeXUnit", "µm"), "OME-XML PhysicalSizeX")
    scale_y = _um_per(pixels.get("PhysicalSizeYUnit", "µm"), "OME-XML PhysicalSizeY") if y is not None else scale_x
    return _Sides(x * scale_x, (x if y is None else y) * scale_y, "OME-XML PhysicalSizeX")


def _gen5(evidence: PixelSizeEvidence) -> _Sides | None:
    text = re.search(r"<BTIImageMetaData.*</BTIImageMetaData>", evidence.description, re.DOTALL)
    if text is None:
        return None
    values = {
        local_name(element): _number(element.text) for element in _parse(text.group(), "The Gen5 metadata").iter()
    }
    width, pixels = values.get("ImageWidthMicrons"), values.get("PixelWidth")
    if not width or not pixels:
        return None
    height, rows = values.get("ImageHeightMicrons"), values.get("PixelHeight")
    x = width / pixels
    return _Sides(x, height / rows if height and rows else x, "Gen5 BTIImageMetaData")


def _harmony(evidence: PixelSizeEvidence) -> _Sides | None:
    for name in ("Index.idx.xml", "Index.xml"):
        index = evidence.path.with_name(name)
        try:
            stat = index.stat()
        except OSError:
            continue
        if stat.st_size > _LARGEST_INDEX:
            raise _Unusable(f"{name} is larger than 256 MB and was not read for the pixel size.")
        sizes = _harmony_sizes(index, stat.st_mtime_ns)
        if len(sizes) > 1:
            raise _Unusable(f"{name} names several pixel sizes ({', '.join(f'{um:.4g}' for um in sizes)} µm).")
        if sizes:
            return _Sides(sizes[0], sizes[0], "Harmony ImageResolutionX")
    return None


@lru_cache(maxsize=8)
def _harmony_sizes(index: Path, changed: int) -> tuple[float, ...]:
    """All different ImageResolutionX of an index, in µm; kept, since one index serves all fields of a plate."""
    try:
        elements = (element for _, element in ElementTree.iterparse(index))
        sizes = {_number(element.text) for element in elements if local_name(element) == "ImageResolutionX"}
    except (ElementTree.ParseError, DefusedXmlException, OSError) as error:
        raise _Unusable(f"{index.name} could not be read for the pixel size ({error}).") from error
    return tuple(sorted(metres * UM_PER["m"] for metres in sizes if metres))


def _metaxpress(evidence: PixelSizeEvidence) -> _Sides | None:
    if "spatial-calibration-x" not in evidence.description:
        return None
    text = re.search(r"<MetaData>.*</MetaData>", evidence.description, re.DOTALL)
    if text is None:
        return None
    root = _parse(text.group(), "The MetaXpress metadata")
    values = {element.get("id"): element.get("value") for element in root.iter("prop")}
    x, y = _number(values.get("spatial-calibration-x")), _number(values.get("spatial-calibration-y"))
    if x is None or (values.get("spatial-calibration-state") or "on") != "on":
        return None
    scale = _um_per(values.get("spatial-calibration-units") or "um", "MetaXpress spatial-calibration-x")
    return _Sides(x * scale, (x if y is None else y) * scale, "MetaXpress spatial-calibration-x")


def _imagej(evidence: PixelSizeEvidence) -> _Sides | None:
    if not evidence.imagej_unit or evidence.per_unit is None:
        return None
    scale = _um_per(evidence.imagej_unit, "ImageJ's calibration")
    return _Sides(scale / evidence.per_unit[0], scale / evidence.per_unit[1], "ImageJ calibration")


def _resolution(evidence: PixelSizeEvidence) -> _Sides | None:
    if evidence.per_unit is None or evidence.unit not in (2, 3):
        return None
    x, y = evidence.per_unit
    if evidence.unit == 2:
        raise _Unusable(
            f"The resolution tag of {x:g} dpi is made for printing, not measured: ignored. Give the pixel size."
        )
    return _Sides(UM_PER["cm"] / x, UM_PER["cm"] / y, "TIFF resolution per cm", PLAUSIBLE_RESOLUTION_UM)


def _parse(text: str, what: str) -> Any:
    try:
        return parse_xml(text)
    except (ElementTree.ParseError, DefusedXmlException, ValueError) as error:
        raise _Unusable(f"{what} could not be read for the pixel size ({error}).") from error


def _number(text: str | None) -> float | None:
    try:
        value = float((text or "").strip().replace(",", "."))
    except ValueError:
        return None
    return value if math.isfinite(value) and value > 0 else None


def _um_per(unit: str, who: str) -> float:
    try:
        return UM_PER[unit.strip().lower()]
    except KeyError:
        raise _Unusable(f"{who} is in '{unit.strip()[:40]}', which is no length of the specimen: ignored.") from None
