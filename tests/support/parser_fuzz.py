"""Every parser of ours with seeds, and a mutator of bytes: whatever comes, a result or a sentence.

`tests/fuzz` runs a short form, `benchmarks/fuzz_parsers.py` the long one.
"""

from __future__ import annotations

import io
import json
import random
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openpyxl

from osteocount.curate.classifier import CELL_FEATURES, FORMAT, load
from osteocount.curate.edit_log import effective, read_log
from osteocount.errors import OsteoCountError
from osteocount.evaluation.annotation_formats import read_outlines
from osteocount.io.pixel_size import PixelSizeEvidence, find_pixel_size
from osteocount.io.tables import read_table
from osteocount.pipeline.repeat import read_run_record
from osteocount.plate.absorbance.read import read_export
from osteocount.plate.layout.read import read_layout
from osteocount.plate.name_patterns import PATTERNS, custom_pattern
from osteocount.plate.samples import read_samples
from osteocount.segment.backends.description import InputDescription, read_description
from osteocount.settings import Settings


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


def _workbook() -> bytes:
    book, stream = openpyxl.Workbook(), io.BytesIO()
    for row in (["well", "treatment", "dose", "donor"], ["A1", "x", 1, "D1"], ["A2", "vehicle", 0, "D1"]):
        book.active.append(row)
    book.save(stream)
    return stream.getvalue()


def _samples(path: Path) -> Any:
    for name in ("a/1.tif", "a/2.tif", "b/x.tif"):
        (path.parent / name).parent.mkdir(exist_ok=True)
        (path.parent / name).write_bytes(b"II*\0")
    return read_samples(path, path.parent)


def _names(path: Path) -> Any:
    name = path.read_bytes().decode("utf-8", "replace")
    return [pattern.read(name, name) for pattern in PATTERNS]


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
}

_ODD = (
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
                data[at:to] = chance.choice(_ODD)
            elif kind == 5:
                data[at:at] = chance.choice(_ODD) * chance.choice((1, 1, 3, 300))
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
