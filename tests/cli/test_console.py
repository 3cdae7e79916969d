"""Output into files and pipes of any code page, and settings files as shells of Windows write them."""

from __future__ import annotations

import io
import json
import sys

import pytest

from osteocount.cli import main
from osteocount.cli.console import echo, echo_data, show_table
from osteocount.errors import OsteoCountError
from osteocount.settings import Settings

CODE_PAGES = ("cp437", "cp932", "cp1251", "ascii", "utf-8")
TABLE = "well,treatment,donor,n_osteoclasts,imaged_area_mm2\n" + "".join(
    f"{row}{column},{arm},Spender {row} Ж,{count},1.5\n"
    for row, counts in (("A", (10, 15)), ("B", (20, 33)), ("C", (14, 22)))
    for column, (arm, count) in enumerate(zip(("vehicle", "µ-β Ж"), counts, strict=True), 1)
)


def redirected(monkeypatch, encoding: str) -> io.BytesIO:
    """Replace both streams by what a redirection under this code page gives; return what they receive."""
    written = io.BytesIO()
    for name in ("stdout", "stderr"):
        monkeypatch.setattr(sys, name, io.TextIOWrapper(written, encoding=encoding, write_through=True))
    return written


@pytest.mark.parametrize("encoding", CODE_PAGES)
def test_output_of_any_code_page_ends_no_command(tmp_path, monkeypatch, encoding):
    (tmp_path / "wells.csv").write_text(TABLE, encoding="utf-8")
    command = ["compare", str(tmp_path / "wells.csv"), "--control", "vehicle", "--out", str(tmp_path / "out")]
    monkeypatch.setattr(sys, "argv", ["osteocount", *command])
    written = redirected(monkeypatch, encoding)
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code
    assert b"vehicle" in written.getvalue()
    assert "µ-β Ж" in (tmp_path / "out" / "comparisons.csv").read_text(encoding="utf-8")


@pytest.mark.parametrize("encoding", CODE_PAGES)
def test_a_redirected_settings_file_is_utf8_and_reads_back(tmp_path, monkeypatch, encoding):
    monkeypatch.setattr(sys, "argv", ["osteocount", "settings", "--control", "β-Kontrolle"])
    written = redirected(monkeypatch, encoding)
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code
    path = tmp_path / "settings.toml"
    path.write_bytes(written.getvalue())
    assert Settings.from_file(path).comparison.control == "β-Kontrolle"
    assert "µm" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "write",
    [
        lambda text: text.encode("utf-16"),  # PowerShell 5: osteocount settings > settings.toml
        lambda text: text.encode("utf-8-sig"),  # its Out-File -Encoding utf8
        lambda text: text.encode("cp1251", errors="replace"),
        lambda text: text.encode("cp437", errors="replace"),
        lambda text: text.encode("cp932", errors="replace"),
    ],
    ids=["PowerShell", "with a mark", "cp1251", "cp437", "cp932"],
)
def test_settings_files_of_any_shell(tmp_path, write):
    (tmp_path / "settings.toml").write_bytes(write(Settings().to_toml()))
    assert Settings.from_file(tmp_path / "settings.toml") == Settings()


def test_names_in_an_unknown_code_page_are_refused(tmp_path):
    (tmp_path / "settings.toml").write_bytes('[comparison]\ncontrol = "Träger"\n'.encode("cp1252"))
    with pytest.raises(OsteoCountError, match=r"neither UTF-8 nor UTF-16\. Save it as UTF-8"):
        Settings.from_file(tmp_path / "settings.toml")


def test_data_for_another_program_stay_data(monkeypatch):
    written = redirected(monkeypatch, "cp437")
    echo("before")
    echo_data(json.dumps({"arm": "日本"}, ensure_ascii=False))
    assert json.loads(written.getvalue().splitlines()[-1]) == {"arm": "日本"}


def test_a_table_shows_names_with_brackets_as_they_are(capsys):
    show_table(("sample", "pictures"), [["EV [ko]", "2"], ["\x1b[31mred", "1"]])
    said = capsys.readouterr().out
    assert "EV [ko]" in said
    assert "\\x1b[31mred" in said
