"""Cellpose itself, with a tiny model made here; skipped where the extra is not installed."""

import pickle
from types import SimpleNamespace

import numpy as np
import pytest

from osteocount.errors import OsteoCountError
from osteocount.segment import get_segmenter
from osteocount.segment.backends.description import InputDescription
from support.user_networks import small_field, small_inputs, with_model

# What these libraries and theirs warn of is not ours to mend.
pytestmark = pytest.mark.filterwarnings("ignore")
ANYTHING = InputDescription(channels=("density",))


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
    found = get_segmenter(with_model("cellpose", cell_model=cellpose_weights, nucleus_model=cellpose_weights)).segment(
        small_field()
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
    found = network.segment(small_inputs(), "cells")
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
        get_segmenter(with_model("cellpose", cell_model=tmp_path / "hostile"))
    assert not (tmp_path / "was_run").exists()


def test_weights_of_another_network_are_named(tmp_path):
    pytest.importorskip("cellpose")
    torch = pytest.importorskip("torch")
    torch.save({"layer": torch.zeros(3)}, tmp_path / "other")
    with pytest.raises(OsteoCountError, match="other: these weights do not fit the installed cellpose"):
        get_segmenter(with_model("cellpose", cell_model=tmp_path / "other"))
    torch.save([torch.zeros(3)], tmp_path / "list")
    with pytest.raises(OsteoCountError, match="list: not the weights of one network"):
        get_segmenter(with_model("cellpose", cell_model=tmp_path / "list"))


def test_cellpose_without_cuda_says_so(cellpose_weights):
    torch = pytest.importorskip("torch")
    if torch.cuda.is_available():
        pytest.skip("CUDA is there")
    with pytest.raises(OsteoCountError, match="device = cuda, but PyTorch finds no CUDA here"):
        get_segmenter(with_model("cellpose", cell_model=cellpose_weights, device="cuda"))
