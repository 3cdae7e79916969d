"""Every parser of ours with seeds, and a mutator of bytes: whatever comes, a result or a sentence.

`tests/fuzz` runs a short form, `benchmarks/fuzz_parsers.py` the long one.
"""

from __future__ import annotations

import io
import json
import random
import tempfile
import warnings
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
from roifile import ImagejRoi

from osteocount.curate.classifier import CELL_FEATURES, FORMAT, load
from osteocount.curate.edit_log import effective, read_log
from osteocount.dose_units import canonical_unit, split_dose, split_heading
from osteocount.errors import OsteoCountError
from osteocount.evaluation.annotation_files import find_annotations
from osteocount.evaluation.annotation_formats import read_outlines
from osteocount.evaluation.ground_truth import read_ground_truth
from osteocount.io.label_image import read_labels, write_labels
from osteocount.io.multi_image import list_scenes
from osteocount.io.pixel_size import PixelSizeEvidence, find_pixel_size
from osteocount.io.read import read_picture
from osteocount.io.run_record import read_run_record
from osteocount.io.tables import read_table
from osteocount.names import unify, visible
from osteocount.pipeline.finished_run import read_finished
from osteocount.plate.absorbance.read import read_export
from osteocount.plate.harmony_index import harmony_places
from osteocount.plate.layout.read import read_layout
from osteocount.plate.name_patterns import PATTERNS, custom_pattern
from osteocount.plate.samples import read_samples
from osteocount.segment.backends.description import InputDescription, read_description
from osteocount.segment.backends.onnx_file import read_onnx
from osteocount.segment.candidate_nuclei import CandidateNuclei
from osteocount.segment.preprocess.stains import stains_from_pixels
from osteocount.segment.tiling.checkpoint import TileCheckpoint, read_tile
from osteocount.segment.tiling.packing import connected_bodies, pack_bodies
from osteocount.segment.tiling.tile_result import gather_found
from osteocount.segment.tiling.tiles import Box, Tiling
from osteocount.settings import Settings
from osteocount.stats import compare
from support.tiny_onnx import tiny_onnx


@dataclass(frozen=True)
class Parser:
    """A parser with the name its file has and files it reads well."""

    file: str
    read: Callable[[Path], Any]
    seeds: tuple[bytes, ...]


LAYOUT = (
    "well,treatment,dose,dose_unit,donor,role\nA1,vehicle,0,,D1,vehicle\nA2,rhIL-32,25,ng/mL,D1,treatment\n"
    'A3,"EV, wild type",2 x 10^9/mL,,D 2,treatment\nA4,RANKL,"0.5",nM,D2,positive control\n'
)
GRID = (
    "treatment,1,2,3\nA,vehicle,IL-32,IL-32\nB,vehicle,IL-32,\n\ndose,1,2,3\nA,0,25 ng/mL,0.05 µg/mL\nB,0,1e2 ng/mL,\n"
)
SAMPLES = "file,donor,treatment,dose,replicate\na/*.tif,D1,vehicle,0,1\nb/x.tif,D1,RANKL,50 ng/mL,1\n"
TEMPLATE = (
    '[well.A1]\ntreatment = "vehicle"\ndose = 0\n[row.A]\ndonor = "D1"\n[col.2]\ntreatment = "x"\ndose = 3\n'
    '[block.1x2.A3]\ntreatment = "y"\n'
)
EXPORT = (
    "Plate: 1\nWavelength: 405 nm\n\n<>\t1\t2\t3\nA\t0.073\t0.5\t1.2\nB\t0.081\tOVRFLW\t0.9\n\nWell,Abs 540 nm\n"
    "A1,0.1\nA2,0.22\n"
)
SOFTMAX = (
    "##BLOCKS= 1\nPlate:\tPlate1\t1.3\tPlateFormat\tEndpoint\tAbsorbance\tRaw\tFALSE\t1\t\t\t\t\t\t1\t405 \t1\t12\t96\n"
    "\tTemperature(C)\t1\t2\t3\n\t25.0\t0.05\t0.061\t0.07\n\t\t0.05\t0.061\t0.07\n~End\n"
)
EDIT = {"id": "0123456789ab", "who": "a", "when": "2026-01-01T00:00:00Z", "kind": "merge", "image": "a.tif",
        "cells": [{"cell_id": 1, "y": 2, "x": 3, "area_px": 4}, {"cell_id": 2, "y": 2, "x": 3, "area_px": 4}],
        "points": [[1.5, 2.0]]}  # fmt: skip
UNDO = {"id": "0123456789ac", "who": "a", "when": "2026-01-01T00:00:00Z", "kind": "undo", "of": "0123456789ab"}
RECORD = {"settings": {}, "inputs": [{"key": "a", "image": "a.tif", "status": "ok", "qc": {"qc_focus": 1.5}}],
          "failed": [], "libraries": {"numpy": "2"}, "request": {"source": "/x", "readers": []}}  # fmt: skip
CELL = {"classification": {"name": "x"}}
GEOJSON = {"type": "FeatureCollection", "features": [{"type": "Feature", "properties": CELL,
           "geometry": {"type": "Polygon", "coordinates": [[[0, 0], [9, 0], [9, 9], [0, 0]]]}}]}  # fmt: skip
DESCRIPTION = 'um_per_px = 0.76\nchannels = ["red", "green"]\n'
LEARNED = {"mean": [0.0] * len(CELL_FEATURES), "scale": [1.0] * len(CELL_FEATURES),
           "weights": [0.5] * len(CELL_FEATURES), "bias": 0.1, "n": 12, "gain": 0.02}  # fmt: skip
NAMES = (
    "A01_02_1_1_Bright Field_001", "r01c01f01p01-ch1sk1fk1fl1", "plate_B2_s1_w1",
    "x--L0--S0--U00--V01--J08--E01--O01--X00--Y00--T0--Z0--C0",
)  # fmt: skip
OME = (
    '<?xml version="1.0"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"><Image ID="Image:0"><Pixels '
    'ID="Pixels:0" PhysicalSizeX="0.5" PhysicalSizeXUnit="µm" PhysicalSizeY="0.5" SizeX="4" SizeY="4"/></Image></OME>'
)


COLUMNS = {"well": {"dtype": "object", "values": ["A01", "A02"]}, "dose": {"dtype": "float64", "values": [0, None]}}
SHEET = "xl/worksheets/sheet1.xml"
HARMONY = (
    '<EvaluationInputData xmlns="http://www.perkinelmer.com/PEHH/HarmonyV5"><Images><Image Version="1"><id>0101K1</id>'
    "<URL>r01c01f01p01-ch1sk1fk1fl1.tiff</URL><Row>1</Row><Col>1</Col><FieldID>1</FieldID><PlaneID>1</PlaneID>"
    "<TimepointID>0</TimepointID><ChannelID>1</ChannelID><ChannelName>Brightfield</ChannelName></Image></Images>"
    "</EvaluationInputData>"
)
ZARRAY = {"zarr_format": 2, "shape": [3, 8, 8], "chunks": [3, 8, 8], "dtype": "|u1", "compressor": None,
          "fill_value": 0, "order": "C", "filters": None}  # fmt: skip
MULTISCALES = {"multiscales": [{"version": "0.4", "axes": [
    {"name": "c", "type": "channel"}, {"name": "y", "type": "space", "unit": "micrometer"},
    {"name": "x", "type": "space", "unit": "micrometer"}], "datasets": [{"path": "0", "coordinateTransformations": [
        {"type": "scale", "scale": [1, 0.76, 0.76]}]}]}],
    "omero": {"channels": [{"label": "R", "color": "FF0000"}, {"label": "G", "color": "00FF00"},
                           {"label": "B", "color": "0000FF"}]}}  # fmt: skip
TRUTH = "image,cell_id,y,x,n_nuclei,is_osteoclast,counted\na.tif,1,10.5,12,4,True,True\na.tif,2,30,31,1,False,True\n"
WELLS = "well,donor,treatment,dose,role,n_osteoclasts,imaged_area_mm2\n" + "".join(
    f"{'AB'[arm]}{donor},D{donor},{('vehicle', 'IL-32')[arm]},{25 * arm},{('vehicle', 'treatment')[arm]},"
    f"{20 + 3 * donor - 7 * arm},2.5\n"
    for donor in (1, 2, 3)
    for arm in (0, 1)
)


def _workbook() -> bytes:
    book, stream = openpyxl.Workbook(), io.BytesIO()
    for row in (["well", "treatment", "dose", "donor"], ["A1", "x", 1, "D1"], ["A2", "vehicle", 0, "D1"]):
        book.active.append(row)
    book.save(stream)
    return stream.getvalue()


def _sheet_of_workbook() -> bytes:
    with zipfile.ZipFile(io.BytesIO(_workbook())) as book:
        return book.read(SHEET)


def _around_a_sheet(path: Path) -> Any:
    """Read a workbook whose one sheet is the XML in ``path``: its check sums hold, whatever stands in it."""
    book = path.with_suffix(".xlsx")
    with zipfile.ZipFile(io.BytesIO(_workbook())) as old, zipfile.ZipFile(book, "w") as new:
        for name in old.namelist():
            new.writestr(name, path.read_bytes() if name == SHEET else old.read(name))
    return read_layout(book)


def _plan(path: Path) -> Any:
    (path.parent / ".parts").mkdir(exist_ok=True)
    (path.parent / "run.json").write_bytes(_json(RECORD))
    path.replace(path.parent / ".parts" / "plan.json")
    return read_finished(path.parent)


def _harmony(path: Path) -> Any:
    return harmony_places([path.parent])


def _zarr(path: Path) -> Any:
    store = path.parent / "x.zarr"
    (store / "0").mkdir(parents=True, exist_ok=True)
    (store / ".zgroup").write_text('{"zarr_format": 2}')
    (store / "0" / ".zarray").write_bytes(_json(ZARRAY))
    (store / "0" / "0.0.0").write_bytes(bytes(192))
    path.replace(store / ".zattrs")
    return [read_picture(store, scene=scene.name) for scene in list_scenes(store)[:2]]


def _table_of_truth(path: Path) -> Any:
    found, _ = find_annotations(path)
    return [read_ground_truth(source, (50, 50), 3) for source in found]


def _roi() -> bytes:
    return ImagejRoi.frompoints([[3, 3], [3, 20], [20, 20], [22, 4]]).tobytes()


def _compared(path: Path) -> Any:
    return compare(read_table(path))


def _tile() -> bytes:
    """Give the file of a finished tile, as a run leaves it."""
    none = np.zeros((8, 8), np.int32)
    bodies = pack_bodies(connected_bodies(np.zeros((8, 8), np.uint8), border=(False,) * 4))
    stains = stains_from_pixels(np.zeros((0, 3), np.float32))
    spots = CandidateNuclei(*np.zeros((2, 0), np.intp), np.zeros(0, np.float32), none)
    density = np.zeros((*bodies.mask.shape, 3), np.float32)
    empty = np.zeros(bodies.mask.shape, np.int32)
    found = gather_found(bodies, (0, 0), empty, np.zeros(1, bool), density, stains, spots, 0.5)
    with tempfile.TemporaryDirectory() as folder:
        TileCheckpoint(Path(folder)).write(Box(0, 8, 0, 8), Tiling((8, 8), 2), found)
        return next(Path(folder).glob("*.npz")).read_bytes()


def _samples(path: Path) -> Any:
    for name in ("a/1.tif", "a/2.tif", "b/x.tif"):
        (path.parent / name).parent.mkdir(exist_ok=True)
        (path.parent / name).write_bytes(b"II*\0")
    return read_samples(path, path.parent)


def _names(path: Path) -> Any:
    name = path.read_bytes().decode("utf-8", "replace")
    return [pattern.read(name, name) for pattern in PATTERNS]


def _written_names(path: Path) -> Any:
    lines = path.read_bytes().decode("utf-8", "replace").splitlines()
    return unify(lines), [visible(line) for line in lines]


def _doses(path: Path) -> Any:
    lines = path.read_bytes().decode("utf-8", "replace").splitlines()
    return [(split_dose(line), canonical_unit(line), split_heading(line)) for line in lines]


def _network(path: Path) -> Any:
    try:
        return read_onnx(path.read_bytes())
    except ValueError as error:  # whoever reads a lab's network makes a sentence of it
        raise OsteoCountError(str(error)) from error


def _small_network() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        return tiny_onnx(Path(folder) / "n.onnx", [[1.0, 2.0, 3.0]], [0.5]).read_bytes()


def _label_image() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        write_labels(np.arange(64 * 64, dtype=np.uint32).reshape(64, 64), Path(folder) / "l.tif", 0.76)
        return (Path(folder) / "l.tif").read_bytes()


def _pattern(path: Path) -> Any:
    return custom_pattern(path.read_bytes().decode("utf-8", "replace")).read("A01_f1")


def _annotations(path: Path) -> Any:
    return read_outlines(path, (50, 50))


def _metadata(path: Path) -> Any:
    return find_pixel_size(PixelSizeEvidence(path, path.read_bytes().decode("utf-8", "replace")))


def _log(path: Path) -> Any:
    return effective(read_log(path))


def _json(*values: Any) -> bytes:
    return "\n".join(json.dumps(value) for value in values).encode()


DOSES = "25 ng/mL\n2 x 10^9 particles/mL\n0,5 µM\n1:1000\nMOI 5\nIL-32 (ng/ml)\n5 µL\n1e-3 mol/L\n"
ARMS = "EV WT\nEV wild type\nrhIL‑32 25 ng/mL\nrhIL-32 25 ng/mL\nctrl+\nＣtrl\n"
TABLE = b'plate,well,n_osteoclasts,flags\np,A1,3,"a;b"\np,A2,,\'=x\n'
PARSERS = {
    "layout": Parser("l.csv", read_layout, (LAYOUT.encode(), GRID.encode(), LAYOUT.encode("utf-16"))),
    "layout, workbook": Parser("l.xlsx", read_layout, (_workbook(),)),
    "layout, wellmap": Parser("l.toml", read_layout, (TEMPLATE.encode(),)),
    "samples": Parser("s.csv", _samples, (SAMPLES.encode(),)),
    "export": Parser("e.txt", read_export, (EXPORT.encode(), SOFTMAX.encode("utf-16"), SOFTMAX.encode())),
    "table": Parser("t.csv", read_table, (TABLE, TABLE.replace(b",", b";"))),
    "settings": Parser("s.toml", Settings.from_file, (Settings().to_toml().encode(),)),
    "edit log": Parser("edits.jsonl", _log, (_json(EDIT, UNDO) + b"\n",)),
    "run record": Parser("run.json", read_run_record, (_json(RECORD),)),
    "classifier": Parser("c.json", load, (_json({"format": FORMAT, "cells": LEARNED, "nuclei": None}),)),
    "annotations": Parser("a.geojson", _annotations, (_json(GEOJSON),)),
    "model description": Parser("m.toml", lambda p: read_description(p, InputDescription), (DESCRIPTION.encode(),)),
    "file names": Parser("n.txt", _names, tuple(name.encode() for name in NAMES)),
    "file name pattern": Parser("p.txt", _pattern, (rb"(?P<well>[A-P]\d\d?)(?:_f(?P<field>\d+))?",)),
    "metadata of pictures": Parser("o.xml", _metadata, (OME.encode(),)),
    "sheet of a workbook": Parser("w.xml", _around_a_sheet, (_sheet_of_workbook(),)),
    "inputs of a run": Parser("p.json", _plan, (_json({"layout": COLUMNS, "readings": [COLUMNS]}),)),
    "index of Harmony": Parser("Index.idx.xml", _harmony, (HARMONY.encode(),)),
    "metadata of OME-Zarr": Parser("z.json", _zarr, (_json(MULTISCALES),)),
    "annotations, table": Parser("truth.csv", _table_of_truth, (TRUTH.encode(),)),
    "annotations, Fiji": Parser("a.roi", _annotations, (_roi(),)),
    "tile": Parser("0_8_0_8.npz", read_tile, (_tile(),)),
    "network": Parser("n.onnx", _network, (_small_network(),)),
    "label image": Parser("a_cells.tif", read_labels, (_label_image(),)),
    "doses": Parser("d.txt", _doses, (DOSES.encode(),)),
    "names of arms": Parser("names.txt", _written_names, (ARMS.encode(),)),
    "wells to compare": Parser("wells.csv", _compared, (WELLS.encode(),)),
}

ODD = (
    b"", b"\x00", b"\xff\xfe", b"\r\n", b"\t", b";", b",", b'"', b"'", b"=", b"1e400", b"-1", b"nan", b"NaN", b"inf",
    b"[", b"]", b"{", b"}", b"[[", b"9" * 400, b"\xc3\x28", "µ".encode(), "\u202e".encode(), b"A1", b"null", b"../",
    b"1,5", b"1e9", b"0x10", b"2026-01-01", b"%s", b"\x1b[2J", b"\xed\xa0\x80", "１".encode(),
    "²".encode(), "٣".encode(),
)  # fmt: skip


def mutations(seeds: tuple[bytes, ...], chance: random.Random) -> Iterator[bytes]:
    """Give inputs without end: seeds with pieces changed, lost, doubled, spliced and odd things put in."""
    while True:
        data = bytearray(chance.choice(seeds))
        for _ in range(chance.randint(1, 8)):
            at, to = sorted((chance.randint(0, len(data)), chance.randint(0, len(data))))
            to = min(to, at + chance.choice((1, 2, 8, 64, 10_000)))
            kind = chance.randint(0, 6)
            if kind == 0 and data:
                data[min(at, len(data) - 1)] ^= 1 << chance.randint(0, 7)
            elif kind == 1:
                del data[at:to]
            elif kind == 2:
                data[at:at] = data[at:to]
            elif kind == 3:
                other = chance.choice(seeds)
                cut = chance.randint(0, len(other))
                data[at:to] = other[cut : cut + chance.randint(0, 200)]
            elif kind == 4:
                data[at:to] = chance.choice(ODD)
            elif kind == 5:
                data[at:at] = chance.choice(ODD) * chance.choice((1, 1, 3, 300))
            else:
                data[at:to] = chance.randbytes(to - at)
        yield bytes(data)


def try_parser(parser: Parser, path: Path, data: bytes) -> BaseException | None:
    """Read ``data``; return what was raised that is no sentence for people."""
    path.write_bytes(data)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            parser.read(path)
    except OsteoCountError:
        return None
    except Exception as error:
        return error
    return None
