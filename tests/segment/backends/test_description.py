"""The description of a network of others."""

import pytest

from osteocount.errors import OsteoCountError
from osteocount.segment.backends.description import OnnxDescription, read_description, weights_hash
from osteocount.settings import SegmentSettings
from support.tiny_onnx import tiny_onnx
from support.user_networks import BY_DENSITY, OURS


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
    with pytest.raises(OsteoCountError, match=r"model\.toml: .*“Networks of your own” in the guide") as error:
        read_description(tmp_path / "model.toml", OnnxDescription)
    assert says in str(error.value)


def test_a_description_without_end_is_not_read(tmp_path):
    (tmp_path / "model.toml").write_text("#" * 200_000)
    with pytest.raises(OsteoCountError, match="too long for the description"):
        read_description(tmp_path / "model.toml", OnnxDescription)


def test_the_hash_follows_the_weights_and_their_description(tmp_path, by_density):
    wanted = SegmentSettings(cell_model=str(by_density))
    assert weights_hash(SegmentSettings()) == ""
    before = weights_hash(wanted)
    (tmp_path / "density.toml").write_text(BY_DENSITY + "# changed\n")
    described_anew = weights_hash(wanted)
    tiny_onnx(by_density, [[50.0]], [-5.125])
    assert len({before, described_anew, weights_hash(wanted)}) == 3
