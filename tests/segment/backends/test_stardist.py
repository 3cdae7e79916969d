"""StarDist itself, with a tiny model made here; skipped where the extra is not installed."""

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

    found = StardistNetwork(stardist_folder, ANYTHING, "cpu").segment(small_inputs(), "nuclei")
    assert found.labels.shape == (120, 160)
    assert found.labels.max() == found.score.size > 20
    area = np.bincount(found.labels.ravel())[1:]
    assert np.pi * 7.5**2 < np.median(area) < np.pi * 9.5**2
    # sigmoid(3) = 0.953 against a threshold of 0.9: logit 3 − 2.197 = 0.803, which is a score of 0.691
    assert found.score == pytest.approx(0.691, abs=0.001)
    assert capsys.readouterr().out == ""


def test_stardist_nuclei_lie_in_stardist_cells(stardist_folder):
    found = get_segmenter(with_model("stardist", cell_model=stardist_folder, nucleus_model=stardist_folder)).segment(
        small_field()
    )
    assert found.cells.any()
    assert found.nuclei_table["cell_id"].tolist() == found.cell_table["cell_id"].tolist()
    assert found.nuclei_table["score"].to_numpy() == pytest.approx(0.691, abs=0.001)


def test_stardist_takes_the_channels_it_was_made_for(stardist_folder):
    (stardist_folder / "osteocount.toml").write_text('channels = ["red", "green", "blue"]\n')
    with pytest.raises(OsteoCountError, match="discs: this network takes 1 channels, and 3 are described"):
        get_segmenter(with_model("stardist", cell_model=stardist_folder, nucleus_model=stardist_folder)).segment(
            small_field()
        )


def test_a_stardist_folder_with_other_weights_is_named(stardist_folder):
    (stardist_folder / "weights_best.h5").write_bytes(b"no weights")
    with pytest.raises(OsteoCountError, match="discs: StarDist cannot load this folder"):
        get_segmenter(with_model("stardist", cell_model=stardist_folder))
