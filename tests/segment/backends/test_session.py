"""What a network runs on."""

import pytest

from osteocount.errors import OsteoCountError
from osteocount.segment.backends import session
from support.user_networks import SHIPPED


def test_a_library_that_does_not_start_is_told_from_one_that_is_missing():
    missing = session.cannot_import("cellpose", ("cellpose", "torch"), ImportError("no", name="torch.nn"))
    broken = session.cannot_import("cellpose", ("cellpose", "torch"), ImportError("no numba", name="numba"))
    assert "cellpose is not installed" in str(missing)
    assert "cellpose is installed but does not start (no numba);" in str(broken)
    assert 'pip install "osteocount[cellpose]"' in str(broken)


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
