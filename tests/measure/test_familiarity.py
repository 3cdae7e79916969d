"""Pictures unlike what was learned are flagged, with the reason and the cure; cultures are not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from osteocount import OsteoCountError, Settings, analyse, read_picture
from osteocount.measure.familiarity import unfamiliarity
from osteocount.segment.doubt import Doubts
from osteocount.segment.segmentation import ArrayLabels, Segmentation
from osteocount.simulate import simulate_field
from osteocount.simulate.design import random_design
from support.foreign_pictures import KINDS
from support.foreign_stains import STAINS
from support.pictures import picture

REAL = Path(__file__).resolve().parents[3] / "shared" / "real"
HARD = ("TRAP along trabeculae", "glands in PAS", "red immunostain", "neurons in cresyl violet", "Gram's stain")
FOREIGN = {**KINDS, **{kind: STAINS[kind] for kind in HARD}}
FIELD = {"regime": "brightfield", "nuclei_resolved": True}
WELL = {"regime": "low_power", "nuclei_resolved": False}


def found(kind, um=0.76, small_um=15.0, origin="given by the user", **doubts):
    record = {"analysed_um_per_px": um, "analysed_um_per_px_origin": origin, "mononuclear_diameter_um": small_um}
    labels = ArrayLabels(*np.zeros((2, 8, 8), np.uint32))
    return Segmentation(
        labels, pd.DataFrame(), cell_table=pd.DataFrame(), doubts=Doubts(**doubts), record=record, **kind
    )


def cells(n=20, n_open=0, **columns):
    row = {"area_px": 800.0, "n_nuclei": 1, "solidity": 0.9, "eccentricity": 0.5, "flags": "", "is_osteoclast": True}
    table = pd.DataFrame([{**row, **columns, "confidence": 0.9}] * n)
    table.loc[: n_open - 1, ["is_osteoclast", "confidence"]] = [False, 0.6]
    return table


def one_giant(area_px):
    table = cells(area_px=400.0)
    table.loc[0, ["area_px", "n_nuclei"]] = [area_px, 80]
    return table


def without_nuclei(share, flags=""):
    table = cells()
    table.loc[: round(20 * share) - 1, ["n_nuclei", "flags"]] = [0, flags]
    return table


@pytest.mark.parametrize(
    ("segmentation", "table", "value", "words"),
    [
        (found(FIELD), cells(), 800 * 0.76**2 / 720, ""),
        (found(FIELD), cells(area_px=4000), 4000 * 0.76**2 / 720, "one nucleus in 2,310 µm²"),
        (found(FIELD), cells(n_nuclei=0), 20 * 800 * 0.76**2 / 720, "one nucleus in 9,242 µm²"),
        (found(FIELD), without_nuclei(0.35), 0.35 / 0.22, "35 % of the area of its cells shows no nucleus. Count"),
        (found(FIELD), without_nuclei(0.35, "opaque"), None, ""),
        (found(FIELD), one_giant(76_000.0), 76_000 / 83_600 / 0.5, "one cell makes up 91 % of the area of all"),
        (found(FIELD), one_giant(60_000.0), None, ""),
        (found(FIELD, cells_differ=0.135), cells(), 1.5, "contradicts itself where it looks twice. Count"),
        (found(FIELD, cells_differ=0.1, nuclei_differ=0.09), cells(), 2.0, "where it looks twice. Count"),
        (found(FIELD, nuclei_differ=0.0135), cells(n=9, n_nuclei=0), 0.3, ""),
        (found(FIELD, noise=0.03), cells(), 1.5, "noise hides nuclei. Count"),
        (found(WELL, cells_differ=0.076, um=2.0), cells(), 0.95, ""),
        (found(WELL, seam=1.5, um=2.0), cells(), 1.2, "does not know where cells end"),
        (found(WELL, unstained=0.384, um=2.0), cells(), 1.2, "much of what looks like a cell is not stained"),
        (found(WELL, um=2.0), cells(), None, ""),
        (found(WELL, um=2.0, small_um=34.5), cells(), 1.5, "34 µm across, so the pixel size may be wrong"),
        (found(WELL, um=2.0, small_um=34.5, contrast=0.8), cells(), 1.5, "the pixel size may be wrong"),
        (found(WELL, um=2.0, small_um=32.0, contrast=1.7), cells(), None, ""),
        (found(WELL, um=2.0, small_um=6.0), cells(), 0.0, ""),
        (found(WELL, um=5.5, small_um=60.0), cells(), 0.0, ""),
        (found(WELL, um=0.9, small_um=6.0), cells(), None, "6 µm across"),
        (found(WELL, um=2.0, contrast=0.64), cells(), 1.25, "no nuclei show in its cells"),
        (found(WELL, um=4.0, contrast=0.64), cells(), None, ""),
        (found(WELL, um=6.0), cells(), None, ""),
        (
            found(WELL, um=6.0, origin="estimated from how cells look"),
            cells(),
            1.25,
            "tell it surely (taken for 6.0 µm)",
        ),
        (found(WELL, um=4.0, origin="estimated from how cells look"), cells(), 4 / 4.8, ""),
        (found(WELL, um=1.3, origin="estimated from how cells look"), cells(), 1.35 / 1.3, "(taken for 1.3 µm)"),
        (found(FIELD, origin="estimated from mononuclear cells"), cells(), None, ""),
        (found(WELL, um=4.0), cells(solidity=0.5), 1 / 0.45, "100 % of what is outlined has not the shape of a cell"),
        (found(WELL, um=4.0), cells(eccentricity=0.97), 1 / 0.45, "`osteocount finetune` on outlines"),
        (found(WELL, um=4.0), cells(n_open=15), 15 / 9.5, "15 cells may or may not be osteoclasts, beside 5 that"),
    ],
)
def test_each_sign_has_its_bound_and_its_words(segmentation, table, value, words):
    seen, why = unfamiliarity(segmentation, table)
    assert (seen >= 1) == bool(words)
    assert words in why
    if value is not None:
        assert seen == pytest.approx(value, rel=1e-6)


@pytest.mark.parametrize(
    ("segmentation", "blocks", "cures"),
    [
        (found(WELL, um=2.0), 7.0, ("as the microscope saved it", "--pixel-size", "finetune")),
        (found(FIELD, noise=0.04), 1.0, ("a longer exposure", "--pixel-size", "osteocount train")),
        (found(WELL, um=2.0, small_um=40.0), 1.0, ("--pixel-size", "finetune")),
    ],
)
def test_it_says_what_mends_it(segmentation, blocks, cures):
    seen, why = unfamiliarity(segmentation, cells(), blocks)
    assert seen >= 1
    places = [why.find(cure, why.index("What mends it: ")) for cure in cures]
    assert min(places) > 0
    assert places == sorted(places)


def test_fluorescence_and_few_cells_say_nothing():
    assert np.isnan(unfamiliarity(found({**FIELD, "regime": "fluorescence"}, cells_differ=2.0), cells())[0])
    assert np.isnan(unfamiliarity(found(FIELD), cells(n=3))[0])


@pytest.mark.parametrize("make", FOREIGN.values(), ids=FOREIGN)
def test_nothing_foreign_is_counted_in_silence(make):
    pixels = make(7)[:480, :640]
    try:
        result = analyse(picture(pixels), Settings())
    except OsteoCountError as error:
        assert "Check" in str(error)
    else:
        assert "unfamiliar" in result.quality.flags
        assert any("Unlike what was learned" in text for text in result.warnings)


@pytest.mark.parametrize("seed", range(3))
def test_cultures_are_familiar(seed):
    design = random_design(np.random.default_rng([91, seed]), 300.0, 300.0, held_out=seed == 2)
    result = analyse(picture(simulate_field(design, seed).picture, um=design.pixel_size), Settings())
    assert "unfamiliar" not in result.quality.flags
    assert result.quality.row()["qc_unfamiliar"] < 0.9


@pytest.mark.skipif(not REAL.is_dir(), reason="no real pictures beside the project")
def test_a_real_field_is_familiar_and_at_half_its_scale_it_is_not():
    pixels = read_picture(REAL / "brightfield_20x.png").pixels[:, :800]
    assert "unfamiliar" not in analyse(picture(pixels, um=0.76), Settings()).quality.flags
    assert "unfamiliar" in analyse(picture(pixels, um=0.38), Settings()).quality.flags
