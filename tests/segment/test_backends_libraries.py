"""Cellpose and StarDist themselves, with tiny models made here; skipped where an extra is not installed."""

import pickle
from types import SimpleNamespace

import numpy as np
import pytest

from osteocount import Settings
from osteocount.errors import OsteoCountError
from osteocount.segment import get_segmenter
from osteocount.segment.backends.description import InputDescription
from osteocount.segment.backends.input_planes import InputPlanes
from support.pictures import canvas, osteoclast, photograph, picture

# What these libraries and theirs warn of is not ours to mend.
pytestmark = pytest.mark.filterwarnings("ignore")
ANYTHING = InputDescription(channels=("density",))


def settings(segmenter, **named):
    return Settings.model_validate({"segment": {"segmenter": segmenter, **{k: str(v) for k, v in named.items()}}})


def field():
    od = canvas(120, 160)
    osteoclast(od, (60, 60), nuclei=4)
    return picture(photograph(od))


def inputs():
    photo = field()
    return InputPlanes(photo, np.ones(photo.pixels.shape[:2], bool), 0.76, "test", False)


@pytest.fixture
def cellpose_weights(tmp_path):
    """The network of Cellpose 3 with random weights that calls nothing a cell."""
    pytest.importorskip("cellpose")
    torch = pytest.importorskip("torch")
    network = pytest.importorskip("cellpose.resnet_torch", reason="tiny weights need Cellpose 3")
    torch.manual_seed(0)
    net = network.CPnet([2, 32, 64, 128, 256], 3, sz=3, mkldnn=False, max_pool=True, diam_mean=30.0)
    state = net.state_dict()
    state["output.2.weight"][2], state["output.2.bias"][2] = 0, -5.0
    torch.save(state, tmp_path / "cyto")
    return tmp_path / "cyto"


def test_cellpose_loads_weights_and_runs(cellpose_weights):
    found = get_segmenter(settings("cellpose", cell_model=cellpose_weights, nucleus_model=cellpose_weights)).segment(
        field()
    )
    assert found.cells.shape == (120, 160)
    assert not found.cells.any()
    assert found.record["cells_and_nuclei_by"] == "cellpose"
    assert "the network outlines no cell" in found.warnings[-1]


def test_what_cellpose_finds_becomes_cells_and_nuclei(cellpose_weights, monkeypatch):
    from osteocount.segment.backends.cellpose import CellposeNetwork

    network = CellposeNetwork(cellpose_weights, ANYTHING, "cpu")
    asked = {}
    masks = np.zeros((120, 160), np.uint16)
    masks[30:90, 30:90], masks[5:15, 100:110] = 1, 2

    def evaluated(image, **options):
        asked.update(options, shape=image.shape)
        return masks, [None, None, np.where(masks == 1, 2.0, 0.0)], None

    monkeypatch.setattr(network, "_model", SimpleNamespace(eval=evaluated))
    found = network.segment(inputs(), "cells")
    assert np.array_equal(found.labels, masks)
    assert found.score == pytest.approx([0.8808, 0.5], abs=1e-4)
    assert asked == {"shape": (120, 160), "diameter": None, "channels": [0, 0]}


def test_a_hostile_file_of_weights_is_not_run(tmp_path):
    pytest.importorskip("cellpose")
    pytest.importorskip("torch")

    class Hostile:
        def __reduce__(self):
            return (open, (str(tmp_path / "was_run"), "w"))

    (tmp_path / "hostile").write_bytes(pickle.dumps({"weight": Hostile()}))
    with pytest.raises(OsteoCountError, match="not a file of plain weights, so it is not opened"):
        get_segmenter(settings("cellpose", cell_model=tmp_path / "hostile"))
    assert not (tmp_path / "was_run").exists()


def test_weights_of_another_network_are_named(tmp_path):
    pytest.importorskip("cellpose")
    torch = pytest.importorskip("torch")
    torch.save({"layer": torch.zeros(3)}, tmp_path / "other")
    with pytest.raises(OsteoCountError, match="other: these weights do not fit the installed cellpose"):
        get_segmenter(settings("cellpose", cell_model=tmp_path / "other"))
    torch.save([torch.zeros(3)], tmp_path / "list")
    with pytest.raises(OsteoCountError, match="list: not the weights of one network"):
        get_segmenter(settings("cellpose", cell_model=tmp_path / "list"))


def test_cellpose_without_cuda_says_so(cellpose_weights):
    torch = pytest.importorskip("torch")
    if torch.cuda.is_available():
        pytest.skip("CUDA is there")
    with pytest.raises(OsteoCountError, match="device = cuda, but PyTorch finds no CUDA here"):
        get_segmenter(settings("cellpose", cell_model=cellpose_weights, device="cuda"))


@pytest.fixture
def stardist_folder(tmp_path):
    """A StarDist network that sees a disc of radius 9 px around every pixel."""
    models = pytest.importorskip("stardist.models")
    config = models.Config2D(
        n_rays=16, n_channel_in=1, grid=(2, 2), unet_n_depth=1, unet_n_filter_base=4, net_conv_after_unet=4
    )
    model = models.StarDist2D(config, name="discs", basedir=str(tmp_path))
    for name, value in (("prob", 3.0), ("dist", 9.0)):
        layer = model.keras_model.get_layer(name)
        layer.set_weights([np.zeros_like(layer.get_weights()[0]), np.full_like(layer.get_weights()[1], value)])
    model.keras_model.save_weights(str(tmp_path / "discs" / "weights_best.h5"))
    (tmp_path / "discs" / "thresholds.json").write_text('{"prob": 0.9, "nms": 0.1}')
    return tmp_path / "discs"


def test_stardist_loads_its_folder_and_draws_its_discs(stardist_folder, capsys):
    from osteocount.segment.backends.stardist import StardistNetwork

    found = StardistNetwork(stardist_folder, ANYTHING, "cpu").segment(inputs(), "nuclei")
    assert found.labels.shape == (120, 160)
    assert found.labels.max() == found.score.size > 20
    area = np.bincount(found.labels.ravel())[1:]
    assert np.pi * 7.5**2 < np.median(area) < np.pi * 9.5**2
    # sigmoid(3) = 0.953 against a threshold of 0.9: logit 3 − 2.197 = 0.803, which is a score of 0.691
    assert found.score == pytest.approx(0.691, abs=0.001)
    assert capsys.readouterr().out == ""


def test_stardist_nuclei_lie_in_stardist_cells(stardist_folder):
    found = get_segmenter(settings("stardist", cell_model=stardist_folder, nucleus_model=stardist_folder)).segment(
        field()
    )
    assert found.cells.any()
    assert found.nuclei_table["cell_id"].tolist() == found.cell_table["cell_id"].tolist()
    assert found.nuclei_table["score"].to_numpy() == pytest.approx(0.691, abs=0.001)


def test_stardist_takes_the_channels_it_was_made_for(stardist_folder):
    (stardist_folder / "osteocount.toml").write_text('channels = ["red", "green", "blue"]\n')
    with pytest.raises(OsteoCountError, match="discs: this network takes 1 channels, and 3 are described"):
        get_segmenter(settings("stardist", cell_model=stardist_folder, nucleus_model=stardist_folder)).segment(field())


def test_a_stardist_folder_with_other_weights_is_named(stardist_folder):
    (stardist_folder / "weights_best.h5").write_bytes(b"no weights")
    with pytest.raises(OsteoCountError, match="discs: StarDist cannot load this folder"):
        get_segmenter(settings("stardist", cell_model=stardist_folder))
