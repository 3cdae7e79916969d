"""Overlays in the page: small inline JPEG pictures with a line about their well, linked to the full ones."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from urllib.parse import quote

import cv2
import numpy as np
import pandas as pd

from osteocount.input_files import read_bytes
from osteocount.io.overlay import thumbnail
from osteocount.io.result_folder import ResultFolder
from osteocount.report.number_format import is_known, plural
from osteocount.report.results import Results

MAX_THUMBNAILS = 96  # one for every well of a plate: 6 MB as text
_MOST_BYTES = 2**20  # of a thumbnail that is none of ours
_THREADS = 4


@dataclass(frozen=True)
class Overlay:
    """One overlay in the page.

    Attributes
    ----------
    link
        Address of the full picture, relative to the report.
    thumbnail
        Data address of a small JPEG; None when the page has enough of them or the file cannot be read.
    flags
        What quality control says of the picture, in words.
    """

    file: str
    link: str
    well: str
    caption: str
    thumbnail: str | None
    readable: bool = True
    flags: str = ""


def gallery(results: Results, captions: dict[tuple[str, str], str]) -> list[Overlay]:
    """Match the overlay files to wells and shrink the first few: flagged pictures first, then as the wells come.

    Parameters
    ----------
    captions
        (plate, well) to a line about the well, in the order wanted.
    """
    entries = {entry.key or _stem(entry.image): entry for entry in results.run.inputs}
    places = {stem: entry.well_key for stem, entry in entries.items()}
    order = {place: number for number, place in enumerate(captions)}
    last = len(order)
    flags = {key: entry.qc_flags for key, entry in entries.items()}
    files = sorted(
        results.overlays,
        key=lambda path: (-len(flags.get(path.stem, ())), order.get(places.get(path.stem, ("", "")), last), path.name),
    )
    flagged = [path for path in files if flags.get(path.stem)][: MAX_THUMBNAILS // 2]
    others = [path for path in files if path not in set(flagged)]
    few = MAX_THUMBNAILS - len(flagged)
    chosen = {*flagged, *_spread(others, [places.get(path.stem, ("", path.stem)) for path in others], few)}
    with ThreadPoolExecutor(_THREADS) as pool:  # OpenCV works without Python's lock
        shrunk = dict(zip(chosen, pool.map(_thumbnail, chosen), strict=True))
    found = []
    for path in files:
        place, entry = places.get(path.stem, ("", path.stem)), entries.get(path.stem)
        small = shrunk.get(path)
        field = f"field {entry.field}" if entry and entry.well and is_known(entry.field) else ""
        found.append(
            Overlay(
                file=path.name,
                link=f"overlays/{quote(path.name)}",
                well=" ".join(filter(None, place)),
                caption=" · ".join(filter(None, [field, captions.get(place, "")])),
                thumbnail=small,
                readable=small is not None or path not in chosen,
                flags=", ".join(flag.replace("_", " ") for flag in flags.get(path.stem, ())),
            )
        )
    return found


def _spread(files: Sequence[Path], places: Sequence[tuple[str, str]], most: int) -> list[Path]:
    """Choose what to show when there are too many: one field of every well before a second of any, over all wells."""
    table = pd.DataFrame({"file": list(files), "place": list(places)})
    rank = table.groupby("place", sort=False).cumcount().sort_values(kind="stable")
    n_wells = int((rank == 0).sum())
    chosen = rank.index[:most]
    if n_wells > most:
        chosen = rank.index[[number * n_wells // most for number in range(most)]]
    return list(table["file"].loc[chosen])


def _stem(name: str) -> str:
    file = PureWindowsPath(PurePosixPath(name).name).name
    stem = PurePosixPath(file).stem
    return stem.removesuffix(".ome") if file.lower().endswith((".ome.tif", ".ome.tiff")) else stem


def _thumbnail(overlay: Path) -> str | None:
    """Return a small copy of an overlay, as the run kept it or made anew."""
    small = _kept(ResultFolder(overlay.parents[1]).thumbnail(overlay.stem)) or _made_anew(overlay)
    return None if small is None else f"data:image/jpeg;base64,{base64.b64encode(small).decode()}"


def _kept(path: Path) -> bytes | None:
    try:
        content = read_bytes(path) if path.stat().st_size <= _MOST_BYTES else b""
    except OSError:
        return None
    return content if content.startswith(b"\xff\xd8\xff") else None  # as every JPEG does


def _made_anew(overlay: Path) -> bytes | None:
    pixels = cv2.imdecode(np.frombuffer(overlay.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
    return None if pixels is None else thumbnail(np.asarray(pixels, np.uint8))


def caption(row: pd.Series, arm: str) -> str:
    """One line under the overlays of a well."""
    parts = [arm, _donor(row.get("donor"))]
    if is_known(row["n_osteoclasts"]):
        where = "well" if is_known(row["well"]) else "picture"
        parts.append(f"{plural(int(row['n_osteoclasts']), 'osteoclast')} in the {where}")
    return " · ".join(filter(None, parts))


def _donor(name: object) -> str:
    if not is_known(name):
        return ""
    return str(name) if str(name).casefold().startswith("donor") else f"donor {name}"
