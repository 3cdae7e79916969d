"""XML inside pictures, which comes from strangers."""

from __future__ import annotations

from typing import Any

from defusedxml import ElementTree


def parse_xml(text: str) -> Any:
    """Parse XML as programs leave it in a TIFF tag: with blanks and zero bytes around it, whatever encoding it claims.

    Raises
    ------
    xml.etree.ElementTree.ParseError, defusedxml.common.DefusedXmlException, ValueError
        It is no XML, or made to exhaust the memory or to open other files.
    """
    return ElementTree.fromstring(text.strip().strip("\x00").encode())


def local_name(element: Any) -> str:
    """Return the name of an element without its namespace."""
    return str(element.tag).rsplit("}", 1)[-1]
