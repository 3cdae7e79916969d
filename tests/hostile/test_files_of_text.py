"""Layouts, tables, settings and edit logs that are damaged or odd: read right, or refused with a sentence."""

from __future__ import annotations

import io
import zipfile

import openpyxl
import pytest

from osteocount.curate.edit_log import Edit, EditLog, read_log
from osteocount.errors import OsteoCountError
from osteocount.io.tables import read_table
from osteocount.plate.absorbance.read import read_export
from osteocount.plate.layout.read import read_layout
from osteocount.settings import Settings


@pytest.mark.parametrize("depth", [500, 100_000])
@pytest.mark.parametrize("text", ["a = {0}{1}", "{2}\nx = 1", "a = {3}1{4}"], ids=["arrays", "tables", "inline tables"])
def test_settings_within_settings_without_end(tmp_path, depth, text):
    path = tmp_path / "deep.toml"
    nested = ("[" * depth, "]" * depth, f"[{'.'.join('a' * depth)}]", "{b=" * depth, "}" * depth)
    path.write_text(text.format(*nested))
    with pytest.raises(OsteoCountError, match=r"deep\.toml: ") as said:
        Settings.from_file(path)
    assert len(str(said.value)) < 600


@pytest.mark.parametrize("dose", ["1e400", "1e400 ng/mL", "10^400", "2 x 10^399/mL", "9" * 400])
def test_a_dose_beyond_all_numbers(tmp_path, dose):
    (tmp_path / "l.csv").write_text(f"well,treatment,dose,donor\nA1,x,{dose},D1\nA2,vehicle,0,D1\n")
    with pytest.raises(OsteoCountError, match=r"l\.csv: line 2 column 3: the dose '.* is larger than any number\."):
        read_layout(tmp_path / "l.csv")


def test_a_dose_in_powers_of_ten_is_not_rounded(tmp_path):
    (tmp_path / "l.csv").write_text("well,treatment,dose,donor\nA1,EV,3 x 10^8/mL,D1\nA2,vehicle,0,D1\n")
    assert read_layout(tmp_path / "l.csv").wells["dose"].tolist() == [3e8, 0.0]


def test_semicolons_in_the_cells_of_a_comma_file(tmp_path):
    (tmp_path / "l.csv").write_text("well,treatment,dose,donor\nA1,a;b,1,D1\nA2,vehicle;c,0,D1\n")
    assert read_layout(tmp_path / "l.csv").wells["treatment"].tolist() == ["a;b", "vehicle;c"]
    (tmp_path / "l.csv").write_text("well;treatment;dose;donor\nA1;a,b;0,5;D1\nA2;vehicle;0;D1\n")
    assert read_layout(tmp_path / "l.csv").wells["dose"].tolist() == [0.5, 0.0]
    (tmp_path / "t.csv").write_text("plate,well,flags,n\np,A1,a;b;c;d;e,1\np,A2,f;g,2\n")
    assert read_table(tmp_path / "t.csv")["flags"].tolist() == ["a;b;c;d;e", "f;g"]
    (tmp_path / "t.csv").write_text("plate,well,n\np,A1,1\np;A2;2\n")
    with pytest.raises(OsteoCountError, match=r"t\.csv: line 3 is separated by semicolons, the heading by commas"):
        read_table(tmp_path / "t.csv")


def workbook():
    book, stream = openpyxl.Workbook(), io.BytesIO()
    for row in (["well", "treatment", "dose", "donor"], ["A1", "x", 1, "D1"], ["A2", "vehicle", 0, "D1"]):
        book.active.append(row)
    book.save(stream)
    return stream.getvalue()


WHOLE = workbook()


def changed(part, change):
    """The workbook with one part changed, or without it."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(WHOLE)) as old, zipfile.ZipFile(stream, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if part in name:
                content = change(content)
            if content is not None:
                new.writestr(name, content)
    return stream.getvalue()


def replaced(old, new):
    return lambda content: content.replace(old, new)


MERGED = b'</sheetData><mergeCells><mergeCell ref="B2:A1"/></mergeCells>'
DAMAGED = {
    "cut": WHOLE[: len(WHOLE) // 2],
    "without its end": WHOLE[:-40],
    "zeros inside": WHOLE[: len(WHOLE) // 3] + bytes(200) + WHOLE[len(WHOLE) // 3 + 200 :],
    "an empty archive": b"PK\x05\x06" + bytes(18),
    "no archive": b"PK\x03\x04" + bytes(100),
    "text": b"well,treatment\nA1,x\n",
    "old Excel": b"\xd0\xcf\x11\xe0" + bytes(600),
    "no workbook": changed("xl/workbook.xml", lambda _: None),
    "no relations": changed("workbook.xml.rels", lambda _: None),
    "relations that lead out": changed("workbook.xml.rels", replaced(b"worksheets/sheet1.xml", b"../../etc/passwd")),
    "no content types": changed("Content_Types", lambda _: None),
    "no sheet": changed("sheet1", lambda _: None),
    "sheet cut": changed("sheet1", lambda content: content[: len(content) // 2]),
    "a row called x": changed("sheet1", replaced(b'<row r="1"', b'<row r="x"')),
    "a cell called ???": changed("sheet1", replaced(b'r="A1"', b'r="???"')),
    "a column beyond all": changed("sheet1", replaced(b'r="A1"', b'r="ZZZZZ1"')),
    "a word for a number": changed("sheet1", replaced(b"<v>1</v>", b"<v>one</v>")),
    "merged backwards": changed("sheet1", replaced(b"</sheetData>", MERGED)),
    "an entity": changed("sheet1", lambda content: b'<!DOCTYPE a [<!ENTITY x "y">]>' + content),
}


def test_a_number_beyond_all_is_refused_as_a_dose_and_no_reading(tmp_path):
    path = tmp_path / "l.xlsx"
    path.write_bytes(changed("sheet1", replaced(b"<v>1</v>", b"<v>1e400</v>")))
    with pytest.raises(OsteoCountError, match="cell C2: the dose 'inf' is not a number"):
        read_layout(path)
    (block,) = read_export(path)
    assert [(reading.value, reading.flag) for reading in block.readings] == [(None, "overflow"), (0.0, "")]


@pytest.mark.parametrize("name", DAMAGED)
def test_damaged_workbooks_are_refused(tmp_path, name):
    path = tmp_path / "l.xlsx"
    path.write_bytes(DAMAGED[name])
    for read in (read_layout, read_export):
        with pytest.raises(OsteoCountError) as said:
            read(path)
        assert "l.xlsx" in str(said.value) or "sheet 'Sheet'" in str(said.value)


def edit(number):
    return Edit(
        id=f"{number:012x}", who="a", when="2026-01-01T00:00:00Z", kind="exclude_well", well=f"A{number}", reason="r"
    )


def line(number):
    return edit(number).model_dump_json().encode()


def wells(path):
    return [one.well for one in read_log(path)]


@pytest.mark.parametrize(
    ("end", "expected"),
    [(line(2), ["A1", "A2"]), (line(2)[:-1], ["A1"]), (line(2)[:1], ["A1"]), (bytes(40), ["A1"]), (b"", ["A1"])],
    ids=["whole", "cut by one", "one letter", "zeros", "nothing"],
)
def test_a_last_line_without_its_end(tmp_path, end, expected):
    path = tmp_path / "edits.jsonl"
    path.write_bytes(line(1) + b"\n" + end)
    assert wells(path) == expected
    EditLog(path).append(edit(3))
    assert wells(path) == [*expected, "A3"]


@pytest.mark.parametrize(
    "content",
    [
        line(1)[:40] + b"\n" + line(2) + b"\n",
        line(1) + b"\n\n" + line(2) + b"\n",
        line(1) + line(2) + b"\n",
        b"[" * 5000 + b"]" * 5000 + b"\n",
        line(1).decode().encode("utf-16"),
        b"\xef\xbb\xbf" + line(1) + b"\n",
        b"somebody's notes",
    ],
    ids=["torn inside", "an empty line", "two in a line", "deep", "utf-16", "a mark", "no log"],
)
def test_damage_inside_a_log_is_named_by_line(tmp_path, content):
    path = tmp_path / "edits.jsonl"
    path.write_bytes(content)
    with pytest.raises(OsteoCountError, match=r"edits\.jsonl, line [12]: not an edit"):
        read_log(path)
