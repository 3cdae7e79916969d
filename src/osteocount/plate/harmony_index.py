"""The index that Harmony (Opera Phenix, Operetta) writes beside its pictures: which file is which well and field."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path, PureWindowsPath
from xml.etree.ElementTree import Element, ParseError

from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException

from osteocount.plate.name_patterns import NameParts
from osteocount.wells import on_a_plate

INDEX_NAMES = ("Index.idx.xml", "Index.ref.xml", "Index.xml")
SYSTEM = "Harmony index"
"""What the index calls pictures that only such a file places."""

_LARGEST = 256 * 2**20  # of 384 wells with 50 fields of 4 channels, 60 MB


def harmony_places(folders: Iterable[Path]) -> tuple[dict[Path, NameParts], list[str]]:
    """Return the places of all pictures that indices in these folders name, and notes of those that cannot be read.

    Plates are told apart by their folders, as those of other instruments are.
    """
    places: dict[Path, NameParts] = {}
    notes = []
    for folder in sorted(set(folders)):
        index = next((path for name in INDEX_NAMES if (path := folder / name).is_file()), None)
        if index is None:
            continue
        if index.stat().st_size > _LARGEST:
            notes.append(f"{index.name} in {folder.name} is larger than 256 MB and was not read.")
            continue
        try:
            places |= _places(index)
        except (ParseError, DefusedXmlException, OSError, ValueError) as error:
            notes.append(
                f"{index.name} in {folder.name} cannot be read ({error}); wells are taken from the file names."
            )
    return places, notes


def _places(index: Path) -> dict[Path, NameParts]:
    places: dict[Path, NameParts] = {}
    for _, element in ElementTree.iterparse(index, events=("end",)):
        tag = element.tag.rsplit("}", 1)[-1]
        if tag != "Image":
            continue
        said = _texts(element)
        element.clear()
        name = PureWindowsPath(said.get("URL", "")).name  # parts at a slash of either kind
        row, column = _number(said.get("Row")), _number(said.get("Col"))
        if name and on_a_plate(row, column):
            places[index.parent / name] = NameParts(
                plate="",
                row=row,
                column=column,
                field=said.get("FieldID", ""),
                channel=said.get("ChannelID", ""),
                z=said.get("PlaneID", ""),
                time=said.get("TimepointID", ""),
            )
    return places


def _texts(element: Element) -> dict[str, str]:
    return {child.tag.rsplit("}", 1)[-1]: (child.text or "").strip() for child in element}


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdecimal() else 0
