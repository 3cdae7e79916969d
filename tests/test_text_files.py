"""Text as programs save it."""

from __future__ import annotations

import pytest

from osteocount.errors import OsteoCountError
from osteocount.settings import Settings
from osteocount.text_files import decode, read_text, without_separator_line


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_text_is_read_in_every_encoding(tmp_path, encoding):
    path = tmp_path / "a.txt"
    path.write_bytes("25 µg/mL of IL-32, and more".encode(encoding))
    assert read_text(path) == "25 µg/mL of IL-32, and more"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
def test_a_settings_file_from_powershell(tmp_path, encoding):
    path = tmp_path / "settings.toml"
    path.write_bytes("[count]\nmin_nuclei = 4\n".encode(encoding))
    assert Settings.from_file(path).count.min_nuclei == 4


def test_binary_data_is_no_text(tmp_path):
    with pytest.raises(OsteoCountError, match="binary data"):
        decode(tmp_path / "a.bin", b"\x00\x01\x02" * 2 + b"text" * 2000)


@pytest.mark.parametrize(
    ("first", "separator"),
    [("sep=;", ";"), ('"sep=,"', ","), ("SEP=\t", "\t"), ("sep=;;;;", ";"), ("separate", ""), ("", "")],
)
def test_the_line_that_names_the_separator(first, separator):
    lines, named = without_separator_line([first, "a"])
    assert named == separator
    assert lines == (["", "a"] if separator else [first, "a"])
