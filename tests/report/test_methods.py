"""The methods paragraph is written from the record: what was done, not what was asked for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import yaml

from osteocount.io.run_record import FieldRecord, RunRecord
from osteocount.report import methods
from osteocount.report.results import Results
from osteocount.settings import Settings

SHA = "acd87e7f0a91818a79dc6c7915a141e1fb3f6b08505d374df7e37e105d4c855a"
LEARNED = {"segmenter": "learned", "model_sha256": SHA}
ELSEWHERE = {"cells_and_nuclei_by": "classical: the network was trained on brightfield pictures that show nuclei"}
NETWORK = "by the network that comes with OsteoCount, trained on simulated pictures alone (SHA-256 acd87e7f0a91…)"
CLASSICAL = "by thresholds and shape, without a trained network (the classical method)"


def field(image="A01.tif", regime="brightfield", record=None, um=0.76, origin="given by the user"):
    return FieldRecord(
        key=image[:-4], well=image[:3], image=image, status="ok", regime=regime, pixel_size_um=um,
        pixel_size_origin=origin, nuclei_resolved=regime != "low_power", record=LEARNED if record is None else record,
    )  # fmt: skip


def results(*inputs, settings=None, wells=(), **run):
    statuses = wells or ("ok",) * len(inputs)
    table = pd.DataFrame({"well": [f"A{n:02d}" for n in range(1, len(statuses) + 1)], "status": statuses})
    table["n_osteoclasts"] = table["status"].map({"ok": 5.0})
    dump = (settings or Settings()).model_dump(mode="json")
    record = RunRecord(osteocount="0.1.0", settings=dump, inputs=inputs, **run)
    return Results(Path("results"), pd.DataFrame(), table, None, record, (), 0)


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        (
            [field()],
            "TRAP-stained cultures were analysed from 1 brightfield picture of 1 well at 0.76 µm per pixel (pixel "
            "size: given by the user) with OsteoCount 0.1.0. Grey levels were converted to optical density against the "
            "local bare-plastic background, and TRAP was separated from the counterstain; cells and nuclei were "
            "outlined "
            f"{NETWORK}. A cell was TRAP-positive when its mean TRAP optical density exceeded 0.08, and an osteoclast "
            "when it also had at least 3 nuclei (counted from a score of 0.5). Cells cut by the upper or left border "
            "of a field were not counted (unbiased counting frame).",
        ),
        ([field(record={"segmenter": "classical"})], f"cells and nuclei were outlined {CLASSICAL}."),
        (
            [field(um=None, record={"analysed_um_per_px": 0.8123, "analysed_um_per_px_origin": "nuclei"})],
            "of unknown pixel size (taken as 0.812 µm per pixel, nuclei) with",
        ),
        (
            [field(regime="low_power", um=3.2, record={**LEARNED, **ELSEWHERE, "large_cell_diameter_um": 47.3}),
             field("A02.tif", "low_power", um=3.2, record={**LEARNED, **ELSEWHERE, "large_cell_diameter_um": 51.0})],
            f"cells were outlined {CLASSICAL}. Nuclei cannot be seen at this magnification and were not counted: a "
            "TRAP-positive cell (mean TRAP optical density above 0.08) was called an osteoclast when its diameter, "
            "that of a disc of its area, was at least 4.75 times that of the mononuclear cells of the same "
            "picture, that "
            "is 47.3 to 51 µm. This is not the usual definition by nuclei.",
        ),
        (
            [field(regime="low_power", um=3.2, record={"segmenter": "learned", "low_power_model_sha256": SHA})],
            "cells were outlined by the network for low power that comes with OsteoCount, trained on simulated "
            "pictures "
            "alone (SHA-256 acd87e7f0a91…). Nuclei cannot be seen at this magnification and were not counted: a "
            "TRAP-positive cell (mean TRAP optical density above 0.08) was called an osteoclast when the same network "
            "called it one, from its appearance and its size. This is not the usual definition by nuclei.",
        ),
        (
            [field(regime="low_power", um=3.2, record={"segmenter": "learned", "low_power_model_sha256": SHA,
                                                       "low_power_lab": {"n_pictures": 12, "n_osteoclasts": 345}})],
            "by the network for low power that comes with OsteoCount, trained on simulated pictures and fine-tuned on "
            "12 annotated pictures of the lab with 345 osteoclasts (SHA-256 acd87e7f0a91…).",
        ),
        (
            [field(regime="low_power", record={"segmenter": "learned", "low_power_lab": {"n_pictures": "many"}})],
            "fine-tuned on annotated pictures of the lab.",
        ),
        (
            [field(regime="fluorescence", record={**LEARNED, **ELSEWHERE, "channels": "cytoplasm: a, nuclei: b (names)",
                                                  "cell_threshold_grey": 30.0, "positive_from_grey": 50.0})],
            f"nuclei in that of DNA (cytoplasm: a, nuclei: b (names)) {CLASSICAL}. Fluorescence has no optical "
            "density, so none of TRAP was measured. A cell was positive when its mean signal over the local "
            "background was above 1.67 times the level at which cells are outlined in its picture, and an "
            "osteoclast when it also had at "
            "least 3 nuclei",
        ),
        (
            [field(), field("A02.tif", "low_power", record={"segmenter": "learned", **ELSEWHERE})],
            "In 1 low-power brightfield picture: grey levels were converted",
        ),
    ],
    ids=["network", "classical", "no pixel size", "low power by size", "low power by network", "fine-tuned",
         "changed by hand", "fluorescence", "mixed"],
)  # fmt: skip
def test_every_regime_says_what_was_done(inputs, words):
    assert words in methods.methods(results(*inputs))


def test_fluorescence_names_no_optical_density_of_trap():
    said = methods.methods(results(field(regime="fluorescence")))
    assert "TRAP optical density" not in said
    assert "TRAP-positive" not in said
    assert said.startswith("Cultures were analysed from 1 fluorescence picture")


def test_low_power_names_no_network_and_no_rule_by_nuclei():
    found = results(field(regime="low_power", record={**LEARNED, **ELSEWHERE}))
    assert "network that comes" not in methods.methods(found)
    assert "at least 3 nuclei" not in methods.methods(found)
    assert methods.model_hashes(found) == []


def test_networks_of_the_lab_are_named_with_their_hashes():
    wanted = Settings().replace(
        segment={"segmenter": "cellpose", "cell_model": "/labs/x/cyto.pt", "nucleus_model": r"C:\nets\nuc.onnx"}
    )
    record = {"segmenter": "cellpose", "cells_and_nuclei_by": "cellpose", "cell_model_sha256": "ab" * 32,
              "nucleus_model_sha256": "cd" * 32}  # fmt: skip
    found = results(field(record=record), settings=wanted)
    assert (
        "by Cellpose with the lab's own weights: cyto.pt for cells (SHA-256 abababababab…) and nuc.onnx for nuclei "
        "(SHA-256 cdcdcdcdcdcd…)." in methods.methods(found)
    )
    assert methods.model_hashes(found) == ["ab" * 32, "cd" * 32]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"classifier": {"sha256": SHA, "n_corrections": 60}},
         "What a classifier of the lab, learned from 60 corrections (SHA-256 acd87e7f0a91…), took for no cell"),
        ({"wells": ("ok", "excluded", "failed", "failed")},
         "3 wells were left out (1 excluded and 2 failed)."),
        ({"wells": ("ok", "no_picture")}, "1 well was left out (1 without a picture)."),
    ],
    ids=["classifier", "left out", "one left out"],
)  # fmt: skip
def test_what_else_was_done_is_said(change, words):
    assert words in methods.methods(results(field(), **change))


@pytest.mark.parametrize(
    ("called", "calls"),
    [(0, "0 were called osteoclasts"), (1, "1 was called an osteoclast"), (2, "2 were called osteoclasts")],
)
def test_opaque_cells_without_a_nucleus_are_said_to_be_called_by_size(called, calls):
    cells = pd.DataFrame({
        "flags": ["opaque;borderline", "opaque", "opaque", None], "by": ["size", "size", "nuclei", "nuclei"],
        "counted": True, "is_osteoclast": [called > 0, called > 1, True, False],
    })  # fmt: skip
    said = methods.methods(replace(results(field()), cells=cells))
    assert (
        f"Of 2 cells so dark that not one nucleus was seen the number of nuclei is unknown; {calls} by size (a "
        "diameter of at least 4.75 times the usual one of mononuclear cells)."
    ) in said
    assert "so dark" not in methods.methods(replace(results(field()), cells=cells.drop(columns="by")))


def test_without_a_counting_frame_none_is_claimed():
    whole = Settings().replace(picture={"well_view": "whole"})
    assert "counting frame" not in methods.methods(results(field(), settings=whole))
    assert methods.citations(results(field(), settings=whole)) == [f"{methods.CITATION} Version 0.1.0."]


def test_an_old_record_without_settings_gives_a_paragraph_all_the_same():
    run = RunRecord(inputs=(field(record={}),))
    found = Results(Path("results"), pd.DataFrame(), results(field()).wells, None, run, (), 0)
    assert methods.methods(found).endswith("cells and nuclei were outlined automatically.")


def test_the_citation_is_that_of_the_project():
    cited = yaml.safe_load((Path(__file__).parents[2] / "CITATION.cff").read_text("utf-8"))
    authors = ", ".join(author["name"] for author in cited["authors"])
    assert f"{authors}. {cited['title']}." == methods.CITATION
