"""File names made from names of strangers, hashes of inputs, and files written whole or not at all."""

import errno
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osteocount.errors import OsteoCountError
from osteocount.io import files
from osteocount.io.files import NotWritableError, atomic_write, file_hash, input_hash, safe_stem, written_together
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


def no_space(*_):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_write_is_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "new" / "a.csv"
    with atomic_write(path) as part:
        part.write_text("whole")
    assert path.read_text() == "whole"
    with pytest.raises(ZeroDivisionError), atomic_write(path) as part:
        part.write_text("ha")
        raise ZeroDivisionError
    monkeypatch.setattr(files, "_sync", no_space)
    with pytest.raises(NotWritableError) as said, atomic_write(path) as part:
        part.write_text("half")
    assert str(said.value) == (
        f"{path}: cannot be written (No space left on device). Free some space on this disk or write elsewhere; "
        "nothing half-written is left."
    )
    assert path.read_text() == "whole"
    assert list(path.parent.iterdir()) == [path]


def test_files_written_together_take_their_names_together(tmp_path, monkeypatch):
    for name in "ab":
        (tmp_path / name).write_text("before")
    with pytest.raises(ZeroDivisionError), written_together():
        with atomic_write(tmp_path / "a") as part:
            part.write_text("after")
        raise ZeroDivisionError
    with written_together() as drafts:
        for name in "ab":
            with atomic_write(tmp_path / name) as part:
                part.write_text("after")
        assert (tmp_path / "a").read_text() == "before"
        assert drafts[tmp_path / "a"].read_text() == "after"
    assert [(tmp_path / name).read_text() for name in "ab"] == ["after", "after"]
    monkeypatch.setattr(files, "_sync", no_space)
    with pytest.raises(NotWritableError), written_together(), atomic_write(tmp_path / "a") as part:
        part.write_text("half")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


@pytest.mark.parametrize(
    ("number", "cure"),
    [
        (errno.EACCES, "Open the folder for writing or choose another one"),
        (errno.EROFS, "Choose a folder on a disk that may be written to"),
        (errno.ENOENT, "It was removed meanwhile"),
        (errno.EIO, "Choose a folder you may write to, with free space"),
    ],
)
def test_why_a_file_cannot_be_written_and_what_to_do(tmp_path, number, cure):
    with pytest.raises(NotWritableError, match=cure) as said, atomic_write(tmp_path / "a"):
        raise OSError(number, os.strerror(number))
    assert os.strerror(number) in str(said.value)
