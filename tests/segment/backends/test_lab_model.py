"""A lab's own network for low power: used where it is named, refused where it is anything else."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from osteocount.errors import OsteoCountError
from osteocount.io.picture import Picture, PixelSize
from osteocount.segment import get_segmenter
from osteocount.segment.backends.description import weights_hash
from osteocount.segment.backends.lab_model import PROPERTY, LabModel, low_power_model, shipped_content
from osteocount.segment.backends.low_power_model import shipped_low_power_model
from osteocount.segment.backends.onnx_file import read_onnx, with_weights
from osteocount.segment.detectors.learned_low_power import LearnedLowPowerDetector
from osteocount.segment.preprocess.illumination import optical_density
from osteocount.segment.preprocess.scale import Scale
from osteocount.settings import SegmentSettings, Settings
from osteocount.simulate.whole_well import simulate_crop
from support import scenes
from support.lab_networks import lab_facts, lab_network, lab_trees
from support.tiny_onnx import tiny_onnx


def test_a_lab_s_network_says_what_it_learned(tmp_path):
    model = LabModel(lab_network(tmp_path / "lab.onnx"))
    density = np.random.default_rng(0).uniform(0, 0.6, (96, 96, 3)).astype(np.float32)
    for own, shipped in zip(
        model.low_power_maps(density), shipped_low_power_model().low_power_maps(density), strict=True
    ):
        np.testing.assert_array_equal(own, shipped)
    caution = LearnedLowPowerDetector(model).caution
    assert "fine-tuned on 12 annotated pictures of the lab" in caution
    assert "found 84% of the annotated osteoclasts, and 81% of its calls were right (before: 70% and 72%)" in caution
    assert "another lab" not in caution
    assert "another lab" in LearnedLowPowerDetector(shipped_low_power_model()).caution


def test_a_lab_s_trees_call_cells_that_the_network_that_ships_does_not(tmp_path):
    made = simulate_crop(np.random.default_rng(104), 320, 2.0)
    density, _ = optical_density(made.picture, None, 1.0)
    surer = lab_network(tmp_path / "lab.onnx", trees=lab_trees(answers=[[1.0] * 16]))
    shipped, own = (
        LearnedLowPowerDetector(model).find(density, np.ones((320, 320), bool), Scale(2.0, 1.0, "made"), 14.0)
        for model in (shipped_low_power_model(), LabModel(surer))
    )
    np.testing.assert_array_equal(own.labels, shipped.labels)
    assert own.is_osteoclast.sum() > shipped.is_osteoclast.sum() > 0
    assert own.is_osteoclast[shipped.is_osteoclast].all()


def test_a_changed_file_is_another_model(tmp_path):
    wanted = SegmentSettings(model=str(lab_network(tmp_path / "lab.onnx")))
    first, before = low_power_model(wanted), weights_hash(wanted)
    assert low_power_model(wanted) is first
    lab_network(tmp_path / "lab.onnx", n_pictures=13)
    os.utime(tmp_path / "lab.onnx", ns=(1, 1))
    assert low_power_model(wanted).lab.n_pictures == 13
    assert weights_hash(wanted) != before
    assert low_power_model(SegmentSettings()).sha256 == shipped_low_power_model().sha256


def _weights(name, change):
    return {name: change(read_onnx(shipped_content()).weights[name].copy())}


@pytest.mark.parametrize(
    ("write", "said"),
    [
        (lambda path: None, "cannot be read"),
        (lambda path: path.mkdir(), "cannot be read"),
        (lambda path: (path.touch(), os.truncate(path, 2**26 + 1)), "larger than 64 MB"),
        (lambda path: path.write_text("no network"), "no ONNX file"),
        (lambda path: path.write_bytes(shipped_content()), "Field required"),
        (lambda path: path.write_bytes(shipped_content()[:-400]), "not a network of"),
        (lambda path: tiny_onnx(path, [[1.0]], [0.0]), "Invalid JSON"),
        (lambda path: lab_network(path, format="osteocount-low-power-9"), "osteocount-low-power-1"),
        (lambda path: lab_network(path, call_weights=[1.0]), "features and weights differ"),
        (lambda path: lab_network(path, call_weights=[float("inf")] * 6), "finite"),
        (lambda path: lab_network(path, features=list("abcdef")), "of another version of OsteoCount"),
        (lambda path: lab_network(path, based_on="x" * 600_000), "too many words"),
        (lambda path: lab_network(path, n_pictures=-1), "greater than or equal"),
        (lambda path: lab_network(path, trees=lab_trees(measures=["size"])), "of another version of OsteoCount"),
        (lambda path: lab_network(path, trees=lab_trees(asked=[[0] * 14 + [27]])), "less than 27"),
        (lambda path: lab_network(path, trees=lab_trees(asked=[[-1] * 15])), "greater than or equal to 0"),
        (lambda path: lab_network(path, trees=lab_trees(asked=[[0] * 14])), "at least 15 items"),
        (lambda path: lab_network(path, trees=lab_trees(thresholds=[[0.0] * 16])), "at most 15 items"),
        (lambda path: lab_network(path, trees=lab_trees(answers=[])), "numbers of questions and answers differ"),
        (lambda path: lab_network(path, trees=lab_trees(answers=[[float("nan")] * 16])), "finite"),
        (lambda path: lab_network(path, trees=lab_trees(asked=[[0] * 15] * 501)), "at most 500 items"),
        (lambda path: lab_network(path, trees=lab_trees(children=[[0, 0]])), "Extra inputs are not permitted"),
        (lambda path: lab_network(path, {"head.bias": np.full(16, np.nan, np.float32)}), "numbers that are none"),
        (
            lambda path: path.write_bytes(lab_network(path).read_bytes() + with_weights(b"", {}, {PROPERTY: "{}"})),
            "two of the name 'osteocount'",
        ),
        (
            lambda path: path.write_bytes(
                lab_network(path).read_bytes() + 2 * tiny_onnx(path, [[1.0]], [0.0]).read_bytes()
            ),
            "two of the name 'w'",
        ),
        (
            lambda path: path.write_bytes(
                with_weights(
                    content := tiny_onnx(path, [[1.0]], [0.0]).read_bytes(),
                    read_onnx(content).weights,
                    {PROPERTY: json.dumps(lab_facts())},
                )
            ),
            "of another version of OsteoCount",
        ),
    ],
)
def test_what_is_no_network_of_a_lab_is_refused_before_it_runs(tmp_path, write, said):
    path = tmp_path / "lab.onnx"
    write(path)
    wanted = Settings.model_validate({"segment": {"model": str(path)}})
    with pytest.raises(OsteoCountError, match=said) as caught:
        get_segmenter(wanted)
    assert str(path) in str(caught.value)


def test_weights_that_are_numbers_and_give_none_are_named_not_counted_with(tmp_path):
    huge = {"head.bias": np.full(16, 3e38, np.float32)}
    model = LabModel(lab_network(tmp_path / "lab.onnx", huge))
    with pytest.raises(OsteoCountError, match=r"lab\.onnx: the network gives numbers that are none .*Fine-tune again"):
        model.low_power_maps(np.zeros((64, 64, 3), np.float32))


def test_only_the_learned_method_takes_a_network_of_a_lab(tmp_path):
    wanted = {"model": str(lab_network(tmp_path / "lab.onnx")), "segmenter": "classical"}
    with pytest.raises(OsteoCountError, match="--model is for --segmenter learned"):
        get_segmenter(Settings.model_validate({"segment": wanted}))


def test_where_it_has_no_part_that_is_said(tmp_path):
    wanted = Settings.model_validate({"segment": {"model": str(lab_network(tmp_path / "lab.onnx"))}})
    made = scenes.binucleate_decoy()
    picture = Picture(Path("a.png"), made.picture, "rgb", ("", "", ""), PixelSize(0.76, "test"), "YXC", ())
    found = get_segmenter(wanted).segment(picture)
    assert "the lab's network is for low power, and had no part in this picture" in found.warnings[-1]
