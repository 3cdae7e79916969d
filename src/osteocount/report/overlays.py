"""Overlays in the page: small inline JPEG pictures with a line about their well, linked to the full ones."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from urllib.parse import quote

import pandas as pd

from osteocount.report.number_format import is_known, plural
from osteocount.report.results import Results

# On plates one such thumbnail takes about 50 kB of the page (45 on the sample plate, 56 over 49 real pictures), so 60
# of them take about 3 MB. Why 60 and no other number is not recorded.
MAX_THUMBNAILS = 60
THUMBNAIL_PX = 480
JPEG_QUALITY = 82


@dataclass(frozen=True)
class Overlay:
    """One overlay in the page.

    Attributes
    ----------
    link
        Address of the full picture, relative to the report.
    thumbnail
        Data address of a small JPEG; None when the page has enough of them or the file cannot be read.
    """

    file: str
    link: str
    well: str
    caption: str
    thumbnail: str | None
    readable: bool = True


def gallery(results: Results, captions: dict[tuple[str, str], str]) -> list[Overlay]:
    """Match the overlay files to wells, in the order of the wells table, and shrink the first few.

    Parameters
    ----------
    captions
        (plate, well) to a line about the well, in the order wanted.
    """
    entries = {entry.key or _stem(entry.image): entry for entry in results.run.inputs}
    places = {stem: entry.well_key for stem, entry in entries.items()}
    order = {place: number for number, place in enumerate(captions)}
    last = len(order)
    files = sorted(results.overlays, key=lambda path: (order.get(places.get(path.stem, ("", "")), last), path.name))
    chosen = set(_spread(files, [places.get(path.stem, ("", path.stem)) for path in files]))
    found = []
    for path in files:
        place, entry = places.get(path.stem, ("", path.stem)), entries.get(path.stem)
        thumbnail = _thumbnail(path) if path in chosen else None
        field = f"field {entry.field}" if entry and entry.well and is_known(entry.field) else ""
        found.append(
            Overlay(
                file=path.name,
                link=f"overlays/{quote(path.name)}",
                well=" ".join(filter(None, place)),
                caption=" · ".join(filter(None, [field, captions.get(place, "")])),
                thumbnail=thumbnail,
                readable=thumbnail is not None or path not in chosen,
            )
        )
    return found


def _spread(files: Sequence[Path], places: Sequence[tuple[str, str]]) -> list[Path]:
    """Choose what to show when there are too many: one field of every well before a second of any, over all wells."""
    table = pd.DataFrame({"file": list(files), "place": list(places)})
    rank = table.groupby("place", sort=False).cumcount().sort_values(kind="stable")
    n_wells = int((rank == 0).sum())
    chosen = rank.index[:MAX_THUMBNAILS]
    if n_wells > MAX_THUMBNAILS:
        chosen = rank.index[[number * n_wells // MAX_THUMBNAILS for number in range(MAX_THUMBNAILS)]]
    return list(table["file"].loc[chosen])


def _stem(name: str) -> str:
    file = PureWindowsPath(PurePosixPath(name).name).name
    stem = PurePosixPath(file).stem
    return stem.removesuffix(".ome") if file.lower().endswith((".ome.tif", ".ome.tiff")) else stem


def _thumbnail(path: Path) -> str | None:
    import cv2
    import numpy as np

    pixels = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
    if pixels is None:
        return None
    height, width = pixels.shape[:2]
    scale = min(1.0, THUMBNAIL_PX / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    done, data = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return f"data:image/jpeg;base64,{base64.b64encode(data.tobytes()).decode()}" if done else None


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
