"""Annotations of other programs: label images, GeoJSON of QuPath, JSON of labelme, ROIs of ImageJ and Fiji."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from osteocount.errors import OsteoCountError
from osteocount.evaluation.annotation_files import shortened
from osteocount.input_files import check_regular
from osteocount.io.label_image import read_labels
from osteocount.io.raw_image import check_size, decoding

Ring = NDArray[np.float64]
"""(n, 2) x, y in pixels from the corner of the picture."""

# Guards against files made to exhaust the memory, each far above what an annotated picture needs.
_LARGEST = 256 * 2**20  # bytes of a GeoJSON, or of all ROIs of a zip unpacked
_LARGEST_ROI = 16 * 2**20  # bytes
_MOST_SHAPES = 100_000
_LARGEST_COORDINATE = 1e7  # px
_CIRCLE = 64  # corners that stand for a circle
_NUCLEI_NAMES = ("n_nuclei", "nuclei", "Num nuclei", "number of nuclei")


@dataclass
class Annotation:
    """One annotated cell: its outlines with their holes, or points."""

    outlines: list[Ring] = field(default_factory=list)
    holes: list[Ring] = field(default_factory=list)
    points: list[Ring] = field(default_factory=list)
    name: str | None = None
    n_nuclei: Any = None


def read_label_annotation(path: Path, shape: tuple[int, int]) -> tuple[NDArray[np.uint32], list[str]]:
    """Read the true cells of a picture, drawn as a label image or as a mask.

    Parameters
    ----------
    path
        TIFF of whole numbers, or PNG in grey or with a palette (whose indices are the labels).
    shape
        Height and width the picture has.

    Returns
    -------
    labels : ndarray of uint32, (height, width)
    notes : list of str

    Raises
    ------
    OsteoCountError
        Damaged, of another size, or not one plane of whole numbers.
    """
    labels = _png_labels(path, shape) if path.suffix.lower() == ".png" else _tiff_labels(path, shape)
    numbers = np.unique(labels)
    numbers = numbers[numbers > 0]
    if len(numbers) != 1:
        return labels, []
    from scipy import ndimage

    parts, n = ndimage.label(labels, np.ones((3, 3)))
    if n < 2:
        return labels, []
    note = f"{path.name}: one number for all ({numbers[0]}), so its {n} connected parts are taken as cells."
    return parts.astype(np.uint32), [note]


def read_outlines(path: Path, shape: tuple[int, int]) -> tuple[pd.DataFrame, NDArray[np.uint32] | None, list[str]]:
    """Read the outlines or points of one picture.

    Parameters
    ----------
    path
        ``.geojson`` or ``.json`` (Polygon, MultiPolygon, Point, MultiPoint; or of labelme: polygon, rectangle, circle,
        point), ``.roi``, or a ``.zip`` of ROIs.
    shape
        Height and width of the picture in pixels.

    Returns
    -------
    cells : DataFrame
        ``cell_id`` in the order of the file, ``class`` and ``n_nuclei`` where it has them; ``y_px, x_px`` of points.
    labels : ndarray of uint32, (height, width), or None
        None where all cells are points. Of outlines that overlap, the smaller lies on top.
    notes : list of str

    Notes
    -----
    Points in a file that has outlines too are nuclei: an outline without a number gets those inside it.

    Raises
    ------
    OsteoCountError
        Damaged, too large, nothing drawn, or drawn outside the picture.
    """
    drawn = list(_of_geojson(path) if path.suffix.lower() in (".geojson", ".json") else _of_rois(path))
    shapes = [one for one in drawn if one.outlines]
    dots = [(dot, one) for one in drawn for ring in one.points for dot in ring]
    if len(drawn) > _MOST_SHAPES or len(dots) > _MOST_SHAPES:
        raise OsteoCountError(f"{path.name}: more than {_MOST_SHAPES} annotations, which no picture of cells has.")
    if not shapes:
        rows = [{"y_px": dot[1], "x_px": dot[0], "class": one.name, "n_nuclei": one.n_nuclei} for dot, one in dots]
        return _table(rows, ["y_px", "x_px"]), None, []
    labels, hidden = _filled(shapes, shape, path)
    notes = [f"{path.name}: wholly covered by smaller outlines, left out: {shortened(hidden, 5)}."] if hidden else []
    table = _table([{"class": one.name, "n_nuclei": one.n_nuclei} for one in shapes], [])
    if dots:
        own = table["n_nuclei"] if "n_nuclei" in table.columns else pd.Series(None, table.index, dtype=object)
        table["n_nuclei"] = own.where(
            own.notna(), _nuclei_inside(np.array([dot for dot, _ in dots]), labels, len(table))
        )
        notes.append(f"{path.name}: points beside outlines, so the {len(dots)} points are taken as nuclei.")
    return table[~table["cell_id"].isin(hidden)], labels, notes


def _tiff_labels(path: Path, shape: tuple[int, int]) -> NDArray[np.uint32]:
    from osteocount.io.tiff import open_tiff, quiet_tifffile

    with decoding(path), quiet_tifffile(), open_tiff(path) as file:
        claimed = tuple(side for side in file.series[0].shape if side != 1)
    _check_shape(path, claimed, shape)
    return read_labels(path)


def _png_labels(path: Path, shape: tuple[int, int]) -> NDArray[np.uint32]:
    from PIL import PngImagePlugin

    plugin: Any = PngImagePlugin.PngImageFile
    with decoding(path), path.open("rb") as file, plugin(file) as image:
        _check_shape(path, (image.height, image.width), shape)
        if image.mode not in ("1", "L", "P", "I", "I;16"):
            raise OsteoCountError(
                f"{path.name}: a picture in colours ({image.mode}), not label numbers. Save them as 16-bit grey."
            )
        return np.asarray(image).astype(np.uint32)


def _check_shape(path: Path, claimed: tuple[int, ...], shape: tuple[int, int]) -> None:
    """Refuse another size by what the header claims, before memory is asked for."""
    if len(claimed) == 2:
        check_size(path, *claimed)
    if claimed != tuple(side for side in shape if side != 1):
        said = " × ".join(str(side) for side in claimed)
        raise OsteoCountError(
            f"{path.name}: {said} (height × width) is not the size of the picture that was counted, {shape[0]} × "
            f"{shape[1]}. One plane of label numbers at the full size of the picture is needed."
        )


def _table(rows: list[dict[str, Any]], always: list[str]) -> pd.DataFrame:
    """Make the table: cells numbered, columns without a word dropped."""
    table = pd.DataFrame(rows, columns=[*always, "class", "n_nuclei"])
    said = [name for name in ("class", "n_nuclei") if table[name].notna().any()]
    return table[[*always, *said]].assign(cell_id=np.arange(1, len(table) + 1))


def _nuclei_inside(dots: Ring, labels: NDArray[np.uint32], n: int) -> NDArray[np.int64]:
    inside = (dots >= 0).all(axis=1) & (dots[:, 0] < labels.shape[1]) & (dots[:, 1] < labels.shape[0])
    x, y = dots[inside].astype(np.int64).T
    return np.bincount(labels[y, x], minlength=n + 1)[1:]


def _filled(shapes: list[Annotation], size: tuple[int, int], path: Path) -> tuple[NDArray[np.uint32], list[int]]:
    from skimage.draw import polygon

    labels = np.zeros(size, np.uint32)
    areas = [sum(_area(ring) for ring in one.outlines) for one in shapes]
    outside = []
    for index in np.argsort(areas, kind="stable")[::-1]:
        one, number = shapes[index], int(index) + 1
        # Corners of pixels have whole numbers, so the centre of the first lies at 0.5.
        cut = [polygon(ring[:, 1] - 0.5, ring[:, 0] - 0.5, size) for ring in one.holes]
        before = [labels[hole].copy() for hole in cut]
        for ring in one.outlines:
            labels[polygon(ring[:, 1] - 0.5, ring[:, 0] - 0.5, size)] = number
        for hole, what in zip(cut, before, strict=True):
            labels[hole] = what
        if not any(((ring >= 0) & (ring <= size[::-1])).all(axis=1).any() for ring in one.outlines):
            outside.append(number)
    if outside:
        raise OsteoCountError(
            f"{path.name}: outlines {shortened(outside, 5)} lie outside the picture of {size[1]} × {size[0]} px. "
            "Coordinates must be pixels of the picture that was counted, not µm."
        )
    present = set(np.unique(labels).tolist())
    return labels, [number for number in range(1, len(shapes) + 1) if number not in present]


def _area(ring: Ring) -> float:
    x, y = ring.T
    return abs(float(x @ np.roll(y, 1) - y @ np.roll(x, 1))) / 2


def _of_geojson(path: Path) -> Iterator[Annotation]:
    try:
        if check_regular(path).st_size > _LARGEST:
            raise OsteoCountError(f"{path.name}: is larger than 256 MB, which no annotation of one picture is.")
        content = json.loads(path.read_bytes().decode("utf-8-sig"), parse_constant=_no_number)
        if is_labelme(content):
            yield from _of_labelme(content["shapes"])
            return
        features = content if isinstance(content, list) else content.get("features", [content])
        for feature in features:
            yield _of_feature(feature)
    except OSError as error:
        raise OsteoCountError(f"{path}: cannot be read ({error.strerror or error}).") from error
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError) as error:
        said = " ".join(str(error).split())[:120] if isinstance(error, ValueError) else "its structure makes no sense"
        raise OsteoCountError(
            f"{path.name}: is not GeoJSON of cells ({said}). In QuPath: File, Export objects as GeoJSON, unpacked."
        ) from error


def is_labelme(content: Any) -> bool:
    """Tell whether what a JSON file holds is of labelme."""
    return isinstance(content, dict) and isinstance(content.get("shapes"), list)


def _of_labelme(shapes: list[dict[str, Any]]) -> Iterator[Annotation]:
    """Yield the cells of labelme; shapes of one group are parts of one cell (https://github.com/wkentaro/labelme)."""
    groups: dict[Any, Annotation] = {}
    for shape in shapes:
        kind, corners, name = shape.get("shape_type", "polygon"), shape["points"], str(shape["label"])
        group = shape.get("group_id")
        drawn = Annotation(name=name) if group is None else groups.setdefault((str(group), name), Annotation(name=name))
        if kind == "point":
            drawn.points.append(_ring(corners, 1))
        elif kind == "polygon":
            drawn.outlines.append(_ring(corners, 3))
        elif kind in ("rectangle", "circle"):
            (x, y), (to_x, to_y) = _ring(corners, 2)
            at = np.linspace(0, 2 * np.pi, _CIRCLE, endpoint=False)[:, None]
            radius = np.hypot(to_x - x, to_y - y)
            box = np.array([[x, y], [to_x, y], [to_x, to_y], [x, to_y]])
            drawn.outlines.append(box if kind == "rectangle" else [x, y] + radius * np.hstack([np.cos(at), np.sin(at)]))
        else:
            raise ValueError(f"a {str(kind)[:40]} of labelme is neither an outline nor points")
        if group is None:
            yield drawn
    yield from groups.values()


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no coordinate")


def _of_feature(feature: dict[str, Any]) -> Annotation:
    geometry = feature["geometry"]
    kind, where = geometry["type"], geometry["coordinates"]
    properties = feature.get("properties") or {}
    said = properties.get("classification")
    name = said.get("name") if isinstance(said, dict) else said
    drawn = Annotation(name=None if name is None else str(name), n_nuclei=_number_of_nuclei(properties))
    if kind in ("Point", "MultiPoint"):
        drawn.points.append(_ring([where] if kind == "Point" else where, 1))
    elif kind in ("Polygon", "MultiPolygon"):
        for outer, *holes in [where] if kind == "Polygon" else where:
            drawn.outlines.append(_ring(outer, 3))
            drawn.holes += [_ring(hole, 3) for hole in holes]
    else:
        raise ValueError(f"a {str(kind)[:40]} is neither an outline nor points")
    return drawn


def _number_of_nuclei(properties: dict[str, Any]) -> Any:
    measured = properties.get("measurements") or {}
    if isinstance(measured, list):
        measured = {one["name"]: one["value"] for one in measured}
    return next((place[name] for place in (properties, measured) for name in _NUCLEI_NAMES if name in place), None)


def _ring(coordinates: Any, least: int) -> Ring:
    ring = np.array([[float(x), float(y)] for x, y, *_ in coordinates], dtype=float).reshape(-1, 2)
    if len(ring) < least or not np.isfinite(ring).all() or np.abs(ring).max(initial=0) > _LARGEST_COORDINATE:
        raise ValueError(f"an outline or point with {len(ring)} corners or impossible coordinates")
    return ring


def _of_rois(path: Path) -> Iterator[Annotation]:
    import roifile

    for name, content in _roi_files(path):
        try:
            roi = roifile.ImagejRoi.frombytes(content)
            rings = [np.asarray(one, dtype=float) for one in roi.coordinates(multi=True)]
            drawn = Annotation()
            if roi.roitype == roifile.ROI_TYPE.POINT:
                drawn.points = [_ring(ring, 1) for ring in rings]
            elif roi.roitype in (roifile.ROI_TYPE.LINE, roifile.ROI_TYPE.POLYLINE, roifile.ROI_TYPE.FREELINE):
                raise ValueError("a line is neither an outline nor points")
            else:
                drawn.outlines = [_ring(ring, 3) for ring in rings]
        except Exception as error:  # a library that trusts the offsets inside a file raises anything
            said = str(error)[:120] if isinstance(error, ValueError) else "its structure makes no sense"
            raise OsteoCountError(
                f"{path.name}{f', {name}' if name else ''}: is no ROI of cells ({said}). Save it anew in Fiji."
            ) from error
        yield drawn


def _roi_files(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the ROIs of a file; what a zip claims about its sizes is not believed."""
    if path.suffix.lower() == ".roi":
        if check_regular(path).st_size > _LARGEST_ROI:
            raise OsteoCountError(f"{path.name}: is larger than 16 MB, which no ROI is.")
        yield "", path.read_bytes()
        return
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if name.lower().endswith(".roi")]
            if not names or len(names) > _MOST_SHAPES:
                raise OsteoCountError(f"{path.name}: holds {len(names)} ROIs (.roi); 1 to {_MOST_SHAPES} can be read.")
            left = _LARGEST
            for name in names:
                with archive.open(name) as file:
                    content = file.read(min(_LARGEST_ROI, left) + 1)
                left -= len(content)
                if len(content) > _LARGEST_ROI or left < 0:
                    raise OsteoCountError(
                        f"{path.name}: unpacks to more than ROIs of one picture need; not read further."
                    )
                yield name[-60:], content
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, EOFError, ValueError) as error:
        raise OsteoCountError(
            f"{path.name}: the ROI set is damaged, or locked by a password ({str(error)[:120]}). Save it anew in Fiji."
        ) from error
    except Exception as error:
        if isinstance(error, OsteoCountError):
            raise
        raise OsteoCountError(f"{path.name}: the ROI set is damaged. Save it anew in Fiji.") from error
