"""Which weights a run used."""

from osteocount.segment.model_hash import weights_hash
from osteocount.settings import SegmentSettings
from support.tiny_onnx import tiny_onnx
from support.user_networks import BY_DENSITY


def test_the_hash_follows_the_weights_and_their_description(tmp_path, by_density):
    wanted = SegmentSettings(cell_model=str(by_density))
    assert weights_hash(SegmentSettings()) == ""
    before = weights_hash(wanted)
    (tmp_path / "density.toml").write_text(BY_DENSITY + "# changed\n")
    described_anew = weights_hash(wanted)
    tiny_onnx(by_density, [[50.0]], [-5.125])
    assert len({before, described_anew, weights_hash(wanted)}) == 3
