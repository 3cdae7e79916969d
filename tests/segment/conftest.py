"""Networks as a user brings them."""

import pytest

from support.tiny_onnx import tiny_onnx, with_last_step
from support.user_networks import BY_DENSITY, OURS, SHIPPED


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
