"""Hashes of inputs."""

import pytest

from osteocount.errors import OsteoCountError
from osteocount.io.hashing import file_hash, input_hash
from support.multi_image_files import pictures, write_hcs


def test_file_hash_is_sha256(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    assert file_hash(tmp_path / "a") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    with pytest.raises(OsteoCountError, match="cannot be read"):
        file_hash(tmp_path / "none")


def test_hash_of_a_scene_is_that_of_its_own_files(tmp_path):
    path = write_hcs(tmp_path / "p.zarr", [("A", "1", "0"), ("A", "2", "0")], pictures(2, (3, 40, 50)))
    before = input_hash(path, "A/1/0"), input_hash(path, "A/2/0")
    (path / "A/2/0/extra").write_text("x")
    assert input_hash(path, "A/1/0") == before[0]
    assert input_hash(path, "A/2/0") != before[1]
