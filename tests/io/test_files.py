"""File names made from names of strangers, and hashes of inputs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osteocount.errors import OsteoCountError
from osteocount.io.files import file_hash, input_hash, safe_stem
from support.multi_image_files import pictures, write_hcs

ANY_TEXT = st.text(st.characters(), max_size=300) | st.text("./\\: ", max_size=12)


@pytest.mark.parametrize(
    ("text", "stem"),
    [
        ("A1_02_1_1_Bright Field_001", "A1_02_1_1_Bright Field_001"),
        ("r01c01f01p01-ch1sk1fk1fl1", "r01c01f01p01-ch1sk1fk1fl1"),
        ("B2--405 nm #1", "B2--405 nm _1"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("C:\\x", "C__x"),
        ("", "_"),
        ("...", "_"),
        ("CON", "_CON"),
        ("com1.tif", "_com1.tif"),
        ("Zelle_µm_ä", "Zelle_µm_ä"),
        ("a\x00b\n", "a_b_"),
    ],
)
def test_known_names(text, stem):
    assert safe_stem(text) == stem


@given(ANY_TEXT)
def test_any_text_gives_one_plain_name_that_can_be_made(tmp_path_factory, text):
    stem = safe_stem(text)
    folder = tmp_path_factory.mktemp("s")
    (folder / f"{stem}_nuclei.tif").write_bytes(b"")
    assert [path.name for path in folder.iterdir()] == [f"{stem}_nuclei.tif"]
    assert stem == stem.strip(" ")
    assert not stem.startswith(".")
    assert safe_stem(stem) == stem


def test_long_names_stay_different():
    one, other = safe_stem("µ" * 400 + "1"), safe_stem("µ" * 400 + "2")
    assert one != other
    assert len(one.encode()) <= 120


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
