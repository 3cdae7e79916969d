"""Networks of others: their description, what is made of their outputs, and what is said when something is missing."""

import csv
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
import pytest
from typer.testing import CliRunner

from osteocount import Settings
from osteocount.cli import app
from osteocount.errors import OsteoCountError
from osteocount.segment import get_segmenter
from osteocount.segment.backends import session
from osteocount.segment.backends.description import OnnxDescription, read_description
from osteocount.segment.backends.input_planes import InputPlanes
from osteocount.segment.backends.outlines import Instances, cells_from_maps, nuclei_from_maps
from osteocount.segment.detectors import external
from osteocount.segment.model_hash import weights_hash
from osteocount.segment.preprocess.scale import Scale
from osteocount.settings import SegmentSettings
from support import scenes
from support.pictures import canvas, osteoclast, photograph, picture
from support.tiny_onnx import tiny_onnx, with_last_step

SHIPPED = Path(str(files("osteocount.segment.backends") / "cells.onnx"))
OURS = """um_per_px = 0.76
channels = ["od_red", "od_green", "od_blue"]
logits = true
tile = 256
margin = 96
[outputs]
maps = ["foreground", "core", "nucleus_centre", "nucleus"]
"""
BY_DENSITY = 'um_per_px = 0.76\nchannels = ["density"]\nlogits = true\n[outputs]\nmaps = ["foreground"]\n'
HAS_CUDA = "CUDAExecutionProvider" in onnxruntime.get_available_providers()
SCALE = Scale(0.76, 1.0, "test")


def with_model(segmenter="onnx", **named):
    return Settings.model_validate({"segment": {"segmenter": segmenter, **{k: str(v) for k, v in named.items()}}})


@pytest.fixture
def ours(tmp_path):
    """Our own network, described as if it were that of somebody else."""
    (tmp_path / "ours.onnx").write_bytes(with_last_step(SHIPPED.read_bytes()))
    (tmp_path / "ours.toml").write_text(OURS)
    return tmp_path / "ours.onnx"


@pytest.fixture
def by_density(tmp_path):
    """A network that calls cell what is denser than 0.1, and a picture where that is so."""
    (tmp_path / "density.toml").write_text(BY_DENSITY)
    return tiny_onnx(tmp_path / "density.onnx", [[50.0]], [-5.0])


def nuclei_per_cell(found):
    return np.bincount(found.nuclei_table["cell_id"], minlength=int(found.cells.max()) + 1)[1:].tolist()


def field_with_two():
    od = canvas()
    osteoclast(od, (100, 110), nuclei=4)
    osteoclast(od, (190, 290), nuclei=3)
    return picture(photograph(od))


def discs(*centres, radius=20.0, shape=(80, 120)):
    y, x = np.ogrid[: shape[0], : shape[1]]
    far = np.stack([np.hypot(y - cy, x - cx) for cy, cx in centres])
    return far.min(axis=0) <= radius, far, np.indices(shape)


def touching():
    """The maps of two cells that overlap a little, in every form a network may give them."""
    centres = ((40, 40), (40, 76))
    inside, far, (y, x) = discs(*centres)
    nearest = far.argmin(axis=0)
    border = inside & ((np.abs(far[0] - far[1]) < 2.5) | (far.min(axis=0) > 18))
    to = np.asarray(centres, float)[nearest]
    return {
        "foreground": inside.astype(np.float32),
        "border": border.astype(np.float32),
        "core": (inside & ~border).astype(np.float32),
        "distance": np.where(inside, 20 - far.min(axis=0), 0).astype(np.float32),
        "flow_y": np.where(inside, to[..., 0] - y, 0).astype(np.float32),
        "flow_x": np.where(inside, to[..., 1] - x, 0).astype(np.float32),
    }


@pytest.mark.parametrize("told_by", [("flow_y", "flow_x"), ("core",), ("border",), ("distance",), ()], ids=str)
def test_touching_cells_are_told_apart_by_any_kind_of_output(told_by):
    maps = touching()
    found = cells_from_maps({name: maps[name] for name in ("foreground", *told_by)}, SCALE)
    assert found.labels.max() == 2
    assert found.labels[40, 40] != found.labels[40, 76]
    assert ((found.labels > 0) == (maps["foreground"] > 0)).all()
    assert found.score == pytest.approx([1, 1])


def test_a_cell_without_a_core_is_a_cell_all_the_same():
    maps = touching()
    maps["core"][:, 60:] = 0
    found = cells_from_maps({name: maps[name] for name in ("foreground", "core")}, SCALE)
    assert found.labels.max() == 1  # it touches the other one, so nothing parts them
    apart = {"foreground": np.zeros((40, 90), np.float32), "core": np.zeros((40, 90), np.float32)}
    apart["foreground"][10:30, 10:30] = apart["foreground"][10:30, 50:70] = 1
    apart["core"][15:25, 15:25] = 1
    assert cells_from_maps(apart, SCALE).labels.max() == 2


@pytest.mark.parametrize("name", ["foreground", "flow"])
def test_an_empty_map_has_no_cell(name):
    maps = {"foreground": np.zeros((30, 40), np.float32)}
    if name == "flow":
        maps |= {"flow_y": maps["foreground"], "flow_x": maps["foreground"]}
    found = cells_from_maps(maps, SCALE)
    assert found.labels.max() == 0
    assert found.score.size == 0


@pytest.mark.parametrize("meaning", ["nucleus", "nucleus_centre"])
def test_every_peak_of_the_heat_is_a_nucleus_with_its_height_as_score(meaning):
    y, x = np.ogrid[:60, :60]
    heat = sum(
        top * np.exp(-((y - cy) ** 2 + (x - cx) ** 2) / 18.0)
        for cy, cx, top in ((15, 15, 0.9), (40, 42, 0.6), (15, 45, 0.05))
    ).astype(np.float32)
    found = nuclei_from_maps({meaning: heat}, 8.0, SCALE)
    assert found.labels[15, 15] != found.labels[40, 42]
    assert sorted(np.unique(found.labels)) == [0, 1, 2]
    assert found.score[0] > found.score[1] > 0.1
    if meaning == "nucleus_centre":
        assert found.score == pytest.approx([0.9, 0.6], abs=0.01)


def test_our_own_network_described_gives_what_it_gives_built_in(ours):
    shown = scenes.two_touching_osteoclasts()
    photo = picture(shown.picture, shown.pixel_size)
    found = get_segmenter(with_model(cell_model=ours)).segment(photo)
    assert nuclei_per_cell(found) == nuclei_per_cell(get_segmenter(with_model("learned")).segment(photo)) == [5, 4]
    assert found.record["segmenter"] == found.record["cells_and_nuclei_by"] == "onnx"
    assert found.record["cell_model_sha256"] == found.record["nucleus_model_sha256"]
    assert found.cells.dtype == found.nuclei.dtype == np.uint32
    y, x = (found.nuclei_table[c].astype(int) for c in ("y_px", "x_px"))
    assert found.cells[y, x].tolist() == found.nuclei_table["cell_id"].tolist()
    assert found.nuclei[y, x].tolist() == found.nuclei_table["nucleus_id"].tolist()


def test_cells_of_one_network_and_nuclei_of_another(ours, by_density):
    found = get_segmenter(with_model(cell_model=by_density, nucleus_model=ours)).segment(field_with_two())
    assert found.cell_table["cell_id"].tolist() == [1, 2]
    assert nuclei_per_cell(found) == [4, 3]
    assert found.record["cell_model_sha256"] != found.record["nucleus_model_sha256"]


def test_a_picture_at_another_scale_is_brought_to_that_of_the_network(ours):
    shown = scenes.two_touching_osteoclasts()
    large = cv2.resize(shown.picture, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    found = get_segmenter(with_model(cell_model=ours)).segment(picture(large, shown.pixel_size / 2))
    assert found.cells.shape == large.shape[:2]
    assert nuclei_per_cell(found) == [5, 4]


def test_tiles_do_not_show(ours, tmp_path):
    tiled = get_segmenter(with_model(cell_model=ours)).segment(field_with_two())
    (tmp_path / "ours.toml").write_text(OURS.replace("256", "1024"))
    whole = get_segmenter(with_model(cell_model=ours)).segment(field_with_two())
    assert np.array_equal(tiled.cells, whole.cells)
    assert np.array_equal(tiled.nuclei, whole.nuclei)


def test_fluorescence_goes_through_the_network_too(tmp_path, ours):
    (tmp_path / "cyto.toml").write_text(BY_DENSITY.replace("density", "cytoplasm"))
    (tmp_path / "dna.toml").write_text(BY_DENSITY.replace("density", "nuclei").replace("foreground", "nucleus"))
    cyto = tiny_onnx(tmp_path / "cyto.onnx", [[100.0]], [-20.0])
    dna = tiny_onnx(tmp_path / "dna.onnx", [[40.0]], [-15.0])
    y, x = np.ogrid[:160, :200]
    pixels = np.full((160, 200, 2), 8, np.uint8)
    pixels[np.hypot(y - 80, x - 70) < 45, 0] = pixels[np.hypot(y - 80, x - 160) < 25, 0] = 160
    for cy, cx in ((60, 60), (80, 85), (100, 60), (100, 90), (80, 160)):
        pixels[np.hypot(y - cy, x - cx) < 5, 1] = 220
    photo = picture(pixels, kind="channels", names=("TRAP", "DAPI"))
    found = get_segmenter(with_model(cell_model=cyto, nucleus_model=dna)).segment(photo)
    assert found.regime == "fluorescence"
    assert nuclei_per_cell(found) == [4, 1]
    with pytest.raises(
        OsteoCountError, match=r"asks for the channels od_red, od_green, od_blue, and this picture has cyto"
    ):
        get_segmenter(with_model(cell_model=ours)).segment(photo)


def test_debris_and_what_lies_outside_the_well_is_no_cell():
    labels = np.zeros((40, 60), np.int32)
    labels[2:30, 2:30], labels[35:37, 35:37], labels[5:30, 40:58] = 1, 2, 3
    analysed = np.ones((40, 60), bool)
    analysed[:, 35:] = False
    kept = external._kept_cells(Instances(labels, np.array([0.9, 0.9, 0.9], np.float32)), analysed, 20)
    assert np.array_equal(kept > 0, labels == 1)
    assert external._kept_cells(Instances(labels, np.array([0.4, 0.9, 0.9], np.float32)), analysed, 20).max() == 0


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("um_per_px = 0.76\n", ""), "setting um_per_px"),
        (('"od_red"', '"red shift"'), "setting channels.0 = 'red shift'"),
        (('"core"', '"kernel"'), "setting outputs.maps.1 = 'kernel'"),
        (('"core"', '"foreground"'), "outputs name foreground twice"),
        (('"core"', '"flow_y"'), "flow_y and flow_x go together"),
        (('["foreground", "core", "nucleus_centre", "nucleus"]', '["border"]'), "no output is 'foreground'"),
        (("logits", "mean = [0.1]\nlogits"), "mean has 1 numbers for 3 channels"),
        (("logits", "std = [1.0, 0.0, 1.0]\nlogits"), "std not 0"),
        (("margin = 96", "margin = 90"), "multiples of multiple_of = 16"),
        (("logits", "colour = 3\nlogits"), "setting colour = 3"),
        (("um_per_px = 0.76", "um_per_px ="), "not a description of a model"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_description_says_what_is_wrong_with_it(tmp_path, change, says):
    (tmp_path / "model.toml").write_text(OURS.replace(*change))
    with pytest.raises(OsteoCountError, match=r"model\.toml: .*docs/backends\.md") as error:
        read_description(tmp_path / "model.toml", OnnxDescription)
    assert says in str(error.value)


def test_a_description_without_end_is_not_read(tmp_path):
    (tmp_path / "model.toml").write_text("#" * 200_000)
    with pytest.raises(OsteoCountError, match="too long for the description"):
        read_description(tmp_path / "model.toml", OnnxDescription)


@pytest.mark.parametrize(
    ("description", "says"),
    [
        (BY_DENSITY.replace("maps", "mask"), "no output is called mask, as its description says; it has maps"),
        (BY_DENSITY.replace('["foreground"]', '["foreground", "core"]'), "has the shape 1 × 1 × .*makes it 1 × 2 ×"),
        (BY_DENSITY.replace('["density"]', '["density", "red"]'), "cannot run on 1 × 2 × .*Compare channels"),
        (BY_DENSITY.replace("foreground", "nucleus"), "names no output foreground, so it cannot outline cells"),
    ],
)
def test_a_description_that_does_not_fit_the_network_is_named(tmp_path, by_density, ours, description, says):
    (tmp_path / "density.toml").write_text(description)
    with pytest.raises(OsteoCountError, match=says):
        get_segmenter(with_model(cell_model=by_density, nucleus_model=ours)).segment(field_with_two())


def test_a_network_that_gives_no_numbers_is_named(tmp_path, by_density, ours):
    tiny_onnx(by_density, [[float("nan")]], [0.0])
    with pytest.raises(OsteoCountError, match="gives numbers that are none"):
        get_segmenter(with_model(cell_model=by_density, nucleus_model=ours)).segment(field_with_two())


def test_what_is_no_onnx_file_is_named(tmp_path):
    (tmp_path / "broken.onnx").write_bytes(b"not a network")
    (tmp_path / "broken.toml").write_text(BY_DENSITY)
    with pytest.raises(OsteoCountError, match=r"broken\.onnx: not a network that onnxruntime can read"):
        get_segmenter(with_model(cell_model=tmp_path / "broken.onnx"))


@pytest.mark.parametrize(
    ("segmenter", "named", "says"),
    [
        ("cellpose", {}, "--segmenter cellpose needs your own weights: name a file of Cellpose weights"),
        ("stardist", {}, "--segmenter stardist needs your own weights: name a StarDist folder"),
        ("onnx", {}, "--segmenter onnx needs your own weights: name an .onnx file with --cell-model PATH"),
        ("cellpose", {"cell_model": "nowhere/cyto3"}, "nowhere/cyto3: the model for cells is not there"),
        ("stardist", {"cell_model": "a_file"}, "a_file: --segmenter stardist takes a StarDist folder"),
        ("stardist", {"cell_model": "folder"}, "not a StarDist model: config.json and weights"),
        ("onnx", {"cell_model": "a_file"}, "a_file: --segmenter onnx takes an .onnx file"),
        ("cellpose", {"cell_model": "folder"}, "folder: --segmenter cellpose takes a file of Cellpose weights"),
        ("onnx", {"cell_model": "alone.onnx"}, r"alone\.toml: the description of the model cannot be read"),
        ("onnx", {"cell_model": "density.onnx"}, "needs a model for nuclei too: name it with --nucleus-model PATH"),
        ("onnx", {"cell_model": "density.onnx", "nucleus_model": "gone"}, "gone: the model for nuclei is not there"),
    ],
)
def test_what_is_missing_is_said_in_one_sentence(tmp_path, monkeypatch, by_density, segmenter, named, says):
    monkeypatch.chdir(tmp_path)
    Path("a_file").write_bytes(b"")
    Path("alone.onnx").write_bytes(b"")
    Path("folder").mkdir()
    with pytest.raises(OsteoCountError, match=says):
        get_segmenter(with_model(segmenter, **named))


@pytest.mark.parametrize(("segmenter", "hidden"), [("cellpose", "cellpose"), ("stardist", "stardist")])
def test_a_missing_extra_is_named_with_its_cure(tmp_path, monkeypatch, segmenter, hidden):
    monkeypatch.setitem(sys.modules, hidden, None)
    monkeypatch.setitem(sys.modules, f"{hidden}.models", None)
    if segmenter == "stardist":
        weights = tmp_path / "model"
        weights.mkdir()
        (weights / "config.json").write_text('{"n_dim": 2}')
        (weights / "weights_best.h5").write_bytes(b"")
    else:
        weights = tmp_path / "cyto"
        weights.write_bytes(b"")
    with pytest.raises(OsteoCountError) as error:
        get_segmenter(with_model(segmenter, cell_model=weights))
    assert str(error.value) == f'{segmenter} is not installed: `pip install "osteocount[{segmenter}]"` adds it.'


def test_a_library_that_does_not_start_is_told_from_one_that_is_missing():
    missing = session.cannot_import("cellpose", ("cellpose", "torch"), ImportError("no", name="torch.nn"))
    broken = session.cannot_import("cellpose", ("cellpose", "torch"), ImportError("no numba", name="numba"))
    assert "cellpose is not installed" in str(missing)
    assert "cellpose is installed but does not start (no numba);" in str(broken)
    assert 'pip install "osteocount[cellpose]"' in str(broken)


@pytest.mark.parametrize("config", ["[]", '{"n_dim": 3}', "no json"])
def test_a_folder_that_is_no_flat_stardist_model_is_refused(tmp_path, config):
    (tmp_path / "config.json").write_text(config)
    (tmp_path / "weights_best.h5").write_bytes(b"")
    with pytest.raises(OsteoCountError, match="not that of a two-dimensional StarDist model"):
        get_segmenter(with_model("stardist", cell_model=tmp_path))


@pytest.mark.parametrize(
    ("device", "have", "given"),
    [
        ("auto", ["CPUExecutionProvider"], ["CPUExecutionProvider"]),
        ("cpu", ["CUDAExecutionProvider", "CPUExecutionProvider"], ["CPUExecutionProvider"]),
        ("auto", ["CUDAExecutionProvider", "CPUExecutionProvider"], ["CUDAExecutionProvider", "CPUExecutionProvider"]),
        ("cuda", ["CUDAExecutionProvider", "CPUExecutionProvider"], ["CUDAExecutionProvider", "CPUExecutionProvider"]),
    ],
)
def test_the_device_decides_the_provider(device, have, given):
    assert session.providers(device, have) == given


def test_cuda_that_is_not_there_is_said_not_replaced(monkeypatch):
    with pytest.raises(OsteoCountError, match="device = cuda, but this onnxruntime runs on the processor only"):
        session.providers("cuda", ["CPUExecutionProvider"])
    monkeypatch.setattr(session, "providers", lambda device, have: ["CPUExecutionProvider"])
    with pytest.raises(OsteoCountError, match="could not start CUDA; check the graphics driver"):
        session.open_session(SHIPPED.read_bytes(), "cuda")


def test_the_hash_follows_the_weights_and_their_description(tmp_path, by_density):
    wanted = SegmentSettings(cell_model=str(by_density))
    assert weights_hash(SegmentSettings()) == ""
    before = weights_hash(wanted)
    (tmp_path / "density.toml").write_text(BY_DENSITY + "# changed\n")
    described_anew = weights_hash(wanted)
    tiny_onnx(by_density, [[50.0]], [-5.125])
    assert len({before, described_anew, weights_hash(wanted)}) == 3


def test_planes_are_named_as_the_settings_say():
    photo = field_with_two()
    inputs = InputPlanes(photo, np.ones(photo.pixels.shape[:2], bool), 0.76, "test", False)
    planes = inputs.stack(("red", "od_green", "density"), inputs.scale(0.76))
    assert planes.dtype == np.float32
    assert planes[5, 5] == pytest.approx([205 / 255, 0, 0], abs=0.02)
    assert planes[75, 110, 1:] == pytest.approx([0.65 * 0.70, 0.65 * 0.612], abs=0.05)


def test_the_command_counts_with_a_described_network(ours, tmp_path):
    shown = scenes.two_touching_osteoclasts()
    cv2.imwrite(str(tmp_path / "A01.png"), shown.picture[..., ::-1])
    run = ["count", str(tmp_path / "A01.png"), "--pixel-size", str(shown.pixel_size), "--segmenter", "onnx", "--quiet"]
    done = CliRunner().invoke(app, [*run, "--cell-model", str(ours), "--out", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    with (tmp_path / "out" / "cells.csv").open() as file:
        assert [row["n_nuclei"] for row in csv.DictReader(file)] == ["5", "4"]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--segmenter", "cellpose"], "needs your own weights"),
        (["--segmenter", "learned", "--device", "cuda"], "device = cuda"),
    ],
)
@pytest.mark.skipif(HAS_CUDA, reason="CUDA is there")
def test_the_command_ends_at_once_when_it_cannot_run(tmp_path, options, says):
    cv2.imwrite(str(tmp_path / "A01.png"), np.full((40, 40, 3), 200, np.uint8))
    command = [sys.executable, "-c", "from osteocount.cli import main; main()", "count", str(tmp_path / "A01.png")]
    done = subprocess.run(
        [*command, *options, "--out", str(tmp_path / "out")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert says in " ".join(done.stderr.split())
    assert not (tmp_path / "out").exists()
