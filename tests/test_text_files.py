"""Text as programs save it."""

from __future__ import annotations

import pytest

from osteocount.errors import OsteoCountError
from osteocount.settings import Settings
from osteocount.text_files import code_page_of, decode, read_text, unclear_letters, without_separator_line


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


@pytest.mark.parametrize(
    "text",
    [
        "25 µg/mL", "37 °C, 5 mm², ±3", "Müller; Größe; Übung; ÖSTERREICH; Straße; STRAßE", "wild–type “EV”",
        "témoin; Contrôle; déjà",
        "control; año; señal", "Sørensen; Århus; blåbær", "10e-8 × 2", "5\u00a0µL", "façade·µ",
        "Ärzte",
    ],
)  # fmt: skip
def test_words_of_western_europe_are_clear(text):
    data = f"well,treatment\nA1,{text}\n".encode("cp1252")
    assert code_page_of(data) == "Windows-1252"
    assert unclear_letters(data.decode("cp1252")) is None


@pytest.mark.parametrize(
    ("text", "page"),
    [
        ("TGF-β", "cp1253"), ("5 μg/mL", "cp1253"), ("TNFα", "cp1253"), ("контроль", "cp1251"), ("контроль", "koi8-r"),
        ("D\u0410", "cp1251"), ("Müller", "mac_roman"), ("größer", "mac_roman"), ("37 °C", "mac_roman"),
        ("Müller", "cp850"), ("5 µg", "cp850"), ("37 °C", "cp437"), ("Mädchen", "cp850"), ("对照", "gbk"),
        ("대조", "euc_kr"), ("дата", "cp1251"), ("нет", "cp1251"), ("mètre, Zoë", "mac_roman"),
        ("5 μg, δοκιμή", "cp1253"),
    ],
)  # fmt: skip
def test_other_code_pages_are_not_taken_for_windows_1252(text, page):
    data = f"well,treatment\nA1,{text}\n".encode(page)
    assert unclear_letters(data.decode("cp1252", errors="replace")) is not None
    assert code_page_of(data) == "Windows-1252"


@pytest.mark.parametrize(
    "text",
    [
        "Paweł", "żel", "kontrola neošetřená", "dárce č. 1, řada", "kezelő közeg; műtét", "nélkül; őssejt",
        "próbka ślepa, żel", "Łódź", "stężenie 5 µg/mL ±2 °C", "ošetrenie, vzorka č. 5 µg/mL",
        "celule tratate şi netratate",
        "ŘADA Č. 2", "Dalibor Šťastný, 37 °C",
    ],
)  # fmt: skip
def test_languages_of_central_europe_are_known_by_letters_that_no_other_has(text):
    data = f"well,treatment\nA1,{text}\n".encode("cp1250")
    assert code_page_of(data) == "Windows-1250"
    assert text in decode(None, data)


@pytest.mark.parametrize("text", ["léčba", "kezelő", "kontrola: čaj"])
def test_letters_of_both_pages_are_taken_for_western_ones(text):
    assert code_page_of(f"well,treatment\nA1,{text}\n".encode("cp1250")) == "Windows-1252"


@pytest.mark.parametrize("text", ["対照", "ウェル,処理,濃度", "５ μg/mL を添加", "吸光度 405 nm", "37 平均値"])
def test_japanese_is_read(text):
    data = f"well,treatment\nA1,{text}\n".encode("shift_jis")
    assert code_page_of(data) == "Shift-JIS"
    assert text in decode(None, data)
