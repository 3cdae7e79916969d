"""Give the program damaged and odd files of every class and write what became of each class to docs/reliability.md.

    python benchmarks/reliability.py [--seed 21] [--out docs/reliability.md]

Pictures are small, so that it takes two minutes of processor time. Exit code 1 on a crash, more than ten seconds for a
file, more than 2 GiB of memory, or a wrong count without a word.
"""

from __future__ import annotations

import argparse
import io
import random
import resource
import sys
import tempfile
import time
import warnings
from collections import Counter
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np
import tifffile
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import doc_sections

from osteocount.errors import OsteoCountError
from osteocount.io.multi_image import list_scenes
from osteocount.io.ome_zarr_write import new_plate
from osteocount.io.picture import Picture, PixelSize
from osteocount.io.read import read_picture
from osteocount.pipeline.analysis import analyse
from osteocount.settings import Settings
from support.multi_image_files import write_czi
from support.parser_fuzz import PARSERS, mutations
from support.pictures import canvas, osteoclast, photograph

SETTINGS = Settings.model_validate({"picture": {"pixel_size": 1.0}, "segment": {"segmenter": "classical"}})
LEARNED = SETTINGS.replace(segment=SETTINGS.segment.replace(segmenter="learned"))
OUTCOMES = ("refused", "same", "said", "unseen", "wrong", "crash")
TITLES = (
    "refused with a sentence", "done, the same", "done, with a note or flag", "done, pixels differ, count the same",
    "wrong count without a word", "crash",
)  # fmt: skip
SLOW_S, MOST_GIB = 10.0, 2.0
OSTEOCLASTS = 3
PER_PARSER = 20


def scene():
    od = canvas(400, 500)
    for place in ((130, 140), (250, 330), (280, 120)):
        osteoclast(od, place)
    return photograph(od)


PICTURE = scene()
RGB = {"photometric": "rgb", "metadata": None}


def tiff(**options):
    stream = io.BytesIO()
    tifffile.imwrite(stream, options.pop("pixels", PICTURE), **(RGB | options))
    return stream.getvalue()


def by_pillow(kind, mode="RGB", **options):
    stream = io.BytesIO()
    Image.fromarray(PICTURE).convert(mode).save(stream, kind, **options)
    return stream.getvalue()


WHOLE = {
    "TIFF, plain": ("a.tif", tiff()),
    "TIFF, deflate, tiled": ("a.tif", tiff(compression="zlib", tile=(64, 64))),
    "TIFF, LZW, predictor": ("a.tif", tiff(compression="lzw", predictor=True, rowsperstrip=16)),
    "TIFF, JPEG, tiled": ("a.tif", tiff(compression="jpeg", tile=(64, 64))),
    "TIFF, 16 bit, big-endian": ("a.tif", tiff(pixels=PICTURE.astype(">u2") * 257)),
    "BigTIFF": ("a.tif", tiff(bigtiff=True)),
    "PNG": ("a.png", by_pillow("PNG")),
    "JPEG": ("a.jpg", by_pillow("JPEG", quality=95, subsampling=0)),
    "JPEG, progressive": ("a.jpg", by_pillow("JPEG", quality=95, subsampling=0, progressive=True)),
}


def czi():
    """Give a picture as Zeiss's own library writes it."""
    with tempfile.TemporaryDirectory() as folder:
        return write_czi(Path(folder) / "a.czi", ["A1"], [PICTURE], um=1.0).read_bytes()


def zarr_files(folder):
    """Write a picture as OME-Zarr of 16 chunks, and give its files."""
    with new_plate(folder, "plate", {("A", 1): 1}) as writer:
        picture = Picture(Path("a"), PICTURE, "rgb", ("",) * 3, PixelSize(1.0, "made"), "made")
        writer.add_field(("A", 1), 0, picture, {}, {})
    return {path.relative_to(folder): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def odd_kinds():
    """Whole files of kinds that are not what is expected."""
    grey = PICTURE[..., 1]
    black = {"photometric": "minisblack"}
    yield from (
        ("a.tif", tiff(pixels=grey > 100, **black)),
        ("a.tif", tiff(pixels=grey, **black)),
        ("a.tif", tiff(pixels=grey, photometric="miniswhite")),
        ("a.tif", tiff(pixels=grey.astype(np.float32), **black)),
        ("a.tif", tiff(pixels=np.where(grey > 200, np.nan, grey).astype(np.float32), **black)),
        ("a.tif", tiff(pixels=np.where(grey > 200, np.inf, grey).astype(np.float32), **black)),
        ("a.tif", tiff(pixels=grey.astype(np.complex64), **black)),
        ("a.tif", tiff(pixels=grey.astype(np.int64), **black)),
        ("a.tif", tiff(pixels=np.stack([PICTURE] * 3))),
        ("a.tif", tiff(pixels=PICTURE[:1, :1])),
        ("a.tif", tiff(pixels=PICTURE[:1])),
        ("a.tif", tiff(pixels=np.zeros_like(PICTURE))),
        ("a.tif", tiff(pixels=np.full_like(PICTURE, 255))),
        ("a.tif", b""),
        ("a.tif", b"II*\0"),
        ("a.tif", b"no picture at all"),
        ("a.png", by_pillow("JPEG")),
        ("a.jpg", by_pillow("PNG")),
        ("a.png", by_pillow("PNG", "1")),
        ("a.png", by_pillow("PNG", "P")),
        ("a.png", by_pillow("PNG", "LA")),
        ("a.png", by_pillow("PNG", "RGBA")),
        ("a.jpg", by_pillow("JPEG", "CMYK")),
        ("a.jpg", by_pillow("JPEG", "L")),
        ("a.tif", by_pillow("GIF")),
        ("a.png", by_pillow("BMP")),
    )


def damaged(data, chance):
    """Give a file cut short at eight places, and with a bit or eight bytes changed at sixteen."""
    for n in range(8):
        yield data[: 8 + (len(data) - 8) * n // 8]
    for n in range(16):
        spoilt = bytearray(data)
        at = chance.randrange(len(data))
        if n % 2:
            spoilt[at] ^= 1 << chance.randrange(8)
        else:
            spoilt[at : at + 8] = chance.randbytes(8)
        yield bytes(spoilt)


def counted(path, settings=SETTINGS, scene=""):
    """Read and count a picture; give its pixels, the number of osteoclasts, and what was said of it."""
    picture = read_picture(path, pixel_size_um=1.0, scene=scene)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = analyse(picture, settings)
    return picture.pixels, int(result.cells["is_osteoclast"].sum()), bool(result.warnings or result.quality.flags)


def outcome_of_picture(path, expected, settings=SETTINGS, scene=""):
    try:
        pixels, count, said = counted(path, settings, scene)
    except OsteoCountError:
        return "refused"
    if expected is None:
        return "said" if said else "same"
    same = pixels.shape == expected[0].shape and np.array_equal(pixels, expected[0])
    if same:
        return "same"
    if said and not expected[2]:
        return "said"
    return "unseen" if count == expected[1] else "wrong"


class Trial:
    """Tries inputs class by class, and keeps what became of them and how long the slowest took."""

    def __init__(self):
        self.rows, self.faults = {}, []

    def add(self, name, judge):
        """Try one input of a class."""
        started = time.process_time()
        try:
            outcome = judge()
        except Exception as error:  # a crash is what is looked for
            outcome = "crash"
            self.faults.append(f"{name}: {type(error).__name__}: {error}")
        took = time.process_time() - started
        counts, slowest = self.rows.setdefault(name, (Counter(), 0.0))
        counts[outcome] += 1
        self.rows[name] = counts, max(slowest, took)


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seed", type=int, default=21)
    options.add_argument("--out", type=Path, default=Path(__file__).parents[1] / "docs" / "reliability.md")
    given = options.parse_args()
    chance, trial = random.Random(given.seed), Trial()  # noqa: S311 - damage, no secrets
    with tempfile.TemporaryDirectory() as temporary:
        try_pictures(Path(temporary), trial, chance)
        try_zarr(Path(temporary) / "a.zarr", trial, chance)
        try_parsers(Path(temporary), trial, chance)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**30 if sys.platform == "darwin" else 2**20)
    given.out.write_text(page(trial, memory), encoding="utf-8")
    for fault in trial.faults:
        print(fault)
    slow = any(took > SLOW_S for _, took in trial.rows.values())
    wrong = any(counts["wrong"] for counts, _ in trial.rows.values())
    sys.exit(bool(trial.faults) or slow or wrong or memory > MOST_GIB)


def try_pictures(folder, trial, chance):
    kinds = {name: (*kind, SETTINGS) for name, kind in WHOLE.items()} | {"CZI": ("a.czi", czi(), SETTINGS)}
    kinds |= {f"{name}, learned": (*WHOLE[name], LEARNED) for name in ("TIFF, LZW, predictor", "JPEG")}
    for name, (file, data, settings) in kinds.items():
        path = folder / file
        path.write_bytes(data)
        expected = counted(path, settings)
        assert expected[1] == OSTEOCLASTS
        for spoilt in damaged(data, chance):
            path.write_bytes(spoilt)
            trial.add(name, partial(outcome_of_picture, path, expected, settings))
    for file, data in odd_kinds():
        (folder / file).write_bytes(data)
        trial.add("odd kinds of pictures", lambda path=folder / file: outcome_of_picture(path, None))


def try_zarr(store, trial, chance):
    """Take each file of an OME-Zarr away, cut it short and change bytes of it."""
    files = zarr_files(store)
    (scene,) = list_scenes(store)
    expected = counted(store, scene=scene.name)
    assert expected[1] == OSTEOCLASTS
    for name, data in files.items():
        for spoilt in (None, data[: len(data) // 2], *islice(damaged(data, chance), 9, 11)):
            (store / name).unlink()
            if spoilt is not None:
                (store / name).write_bytes(spoilt)
            trial.add("OME-Zarr", partial(outcome_of_picture, store, expected, SETTINGS, scene.name))
            (store / name).write_bytes(data)


def try_parsers(folder, trial, chance):
    for name, parser in PARSERS.items():
        for data in islice(mutations(parser.seeds, chance), PER_PARSER):
            (folder / parser.file).write_bytes(data)
            trial.add(name, lambda parser=parser: outcome_of_parser(parser, folder / parser.file))


def outcome_of_parser(parser, path):
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            parser.read(path)
    except OsteoCountError:
        return "refused"
    return "same"


def page(trial, memory):
    total = Counter()
    for counts, _ in trial.rows.values():
        total += counts
    rows = [
        f"| {name} | {counts.total()} | " + " | ".join(str(counts[key]) for key in OUTCOMES) + f" | {took:.2f} |"
        for name, (counts, took) in trial.rows.items()
    ]
    slowest = max(took for _, took in trial.rows.values())
    return "\n".join([
        "# What becomes of damaged and odd files",
        "",
        f"{doc_sections.command()}, {doc_sections.machine()}.",
        "",
        f"{total.total()} files: {total['refused']} refused with a sentence, {total['crash']} crashes, "
        f"{total['wrong']} wrong counts without a word. The slowest took {slowest:.1f} s of processor time; the "
        f"process never held more than {memory:.2f} GiB.",
        "",
        "Pictures are cut short at eight places, and have a bit or eight bytes changed at sixteen. Every one that is "
        "read is counted, and its count compared with that of the undamaged file.",
        "",
        "Tables, settings and logs are mutated; there, “done” says that the file still was one.",
        "",
        "Uncompressed pixels carry no check of their own: that a byte of them was changed no program can see. "
        "Such files are in the column before the last but one.",
        "",
        "| class | files | " + " | ".join(TITLES) + " | slowest, s |",
        "|---|" + "---:|" * (len(TITLES) + 2),
        *rows,
        "",
        "Also tried, each as a test in `tests/hostile`: named pipes, devices, sockets, loops of links, folders called "
        "x.tif, names of any letters, claims of gigapixels and of unpacked gigabytes, lost and damaged chunks of "
        "OME-Zarr, a disk that is full at any write, a folder removed during a run, memory that is not enough, result "
        "folders whose tables, label images, requests or records somebody changed (also "
        "`tests/io/test_result_tables.py`, "
        "`tests/io/test_label_image.py`, `tests/pipeline/test_provenance.py`), and networks and annotations of "
        "strangers (`tests/segment/backends`, `tests/evaluation`).",
        "",
    ])  # fmt: skip


if __name__ == "__main__":
    main()
