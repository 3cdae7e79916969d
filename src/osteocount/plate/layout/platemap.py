"""Plate maps of the Incucyte: XML with a ``well`` per well, and in it what was put there."""

from __future__ import annotations

from pathlib import Path
from xml.etree.ElementTree import Element, ParseError

from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException

from osteocount.errors import OsteoCountError
from osteocount.input_files import read_bytes
from osteocount.plate.layout.model import LayoutEntries, LayoutEntry
from osteocount.wells import well_name

_VARIABLES = {"compound": "treatment", "celltype": "cell_type", "growthcondition": "growth_condition"}


def platemap_entries(path: Path) -> LayoutEntries:
    """Collect what an Incucyte plate map says: compounds are treatments with their doses, cell types free columns.

    Two compounds in one well are one treatment, their names joined by ``+``; then only equal doses can be told.

    Raises
    ------
    OsteoCountError
        The file cannot be read, or is no plate map.
    """
    try:
        root = ElementTree.fromstring(read_bytes(path))
    except OSError as error:
        raise OsteoCountError(f"{path}: cannot be read ({error.strerror}).") from error
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise OsteoCountError(f"{path}: not an Incucyte plate map ({error}).") from error
    collected = LayoutEntries()
    for well in _elements(root, "well"):
        row, column = well.get("row", ""), well.get("col", "")
        if row.isdecimal() and column.isdecimal():
            _add_well(well, (int(row) + 1, int(column) + 1), collected)
    if not collected.entries:
        raise OsteoCountError(f"{path}: no wells with a compound or a cell type in this plate map.")
    return collected


def _add_well(well: Element, position: tuple[int, int], collected: LayoutEntries) -> None:
    where = f"well {well_name(*position)}"
    said: dict[str, list[tuple[str, str]]] = {}
    for item in _elements(well, "wellItem"):
        reference = next(iter(_elements(item, "referenceItem")), item)
        name = reference.get("displayName") or reference.get("description") or ""
        kind = _VARIABLES.get((item.get("type") or reference.get("type") or "").lower())
        if kind and name:
            dose = " ".join(filter(None, (item.get("concentration"), item.get("concentrationUnits"))))
            said.setdefault(kind, []).append((name, dose))
    for variable, named in said.items():
        value = " + ".join(name for name, _ in named)
        collected.entries.append(LayoutEntry(("", *position), variable, value, where))
    doses = [dose for _, dose in said.get("treatment", []) if dose]
    if len(set(doses)) > 1:
        collected.problems.append(
            f"{where}: several compounds with doses of their own ({', '.join(doses)}); write the arms into a "
            "layout table."
        )
    elif doses:
        collected.entries.append(LayoutEntry(("", *position), "dose", doses[0], where))


def _elements(root: Element, tag: str) -> list[Element]:
    return [element for element in root.iter() if element.tag.rsplit("}", 1)[-1] == tag]
