"""Reading an ONNX file without running it, and putting other weights into one of ours."""

import numpy as np
import pytest

from osteocount.segment.backends.lab_model import shipped_content
from osteocount.segment.backends.onnx_file import read_onnx, with_weights
from support.tiny_onnx import tiny_onnx


def test_what_is_read_and_written_again_is_the_same_to_the_last_byte():
    content = shipped_content()
    file = read_onnx(content)
    assert {node.operator for node in file.nodes} == {"Conv", "Relu", "MaxPool", "Resize", "Add", "Constant"}
    assert file.weights["stem.0.weight"].shape[1:] == (3, 5, 5)
    assert with_weights(content, file.weights, file.properties) == content


def test_other_weights_and_words_leave_the_skeleton(tmp_path):
    content = tiny_onnx(tmp_path / "tiny.onnx", [[1.0, 2.0, 3.0]], [0.5]).read_bytes()
    other = with_weights(content, {"w": np.full((1, 3, 1, 1), 7.0), "b": np.array([-1.0])}, {"said": "µ" * 200})
    before, after = read_onnx(content), read_onnx(other)
    assert after.skeleton == before.skeleton
    assert after.weights["w"].ravel().tolist() == [7, 7, 7]
    assert after.properties == {"said": "µ" * 200}
    with pytest.raises(ValueError, match="in place of"):
        with_weights(content, {"w": np.zeros(3), "b": np.zeros(1)}, {})


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (b"", b"\x0f", "cut off"),  # a wire type there is none of
        (b"", b"\xff" * 11, "cut off"),
        (b"\x10\x01B\x01w", b"\x10\x0aB\x01w", "not float32"),
        (b"\x10\x01B\x01w", b"\x70\x01B\x01w", "form that is not ours"),  # where values lie in another file
        (b"\x08\x03\x08\x01\x08\x01", b"\x08\x03\x08\x01\x08\x7f", "not as many as said"),
    ],
)
def test_what_is_none_of_ours_is_refused(tmp_path, before, after, said):
    content = tiny_onnx(tmp_path / "tiny.onnx", [[1.0, 2.0, 3.0]], [0.5]).read_bytes()
    changed = content.replace(before, after, 1) if before else content + after
    assert changed != content
    with pytest.raises(ValueError, match=said):
        read_onnx(changed)


def test_a_file_that_was_cut_off_is_refused_or_lacks_weights(tmp_path):
    content = tiny_onnx(tmp_path / "tiny.onnx", [[1.0, 2.0, 3.0]], [0.5]).read_bytes()
    for length in range(len(content)):
        try:
            assert read_onnx(content[:length]).skeleton != read_onnx(content).skeleton
        except (ValueError, UnicodeDecodeError):
            continue
