"""Tables are the same bytes every time, safe in a spreadsheet, and come back as they were."""

import re

import numpy as np
import openpyxl
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from osteocount.errors import OsteoCountError
from osteocount.io import tables
from osteocount.io.tables import read_table, write_table, write_workbook

DANGEROUS = tuple("=+-@\t\r\n＝＋－＠")
# Text a file name, a layout or a stranger can hold; a NUL cannot be kept in CSV.
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20)
FORMULAS = st.builds(str.__add__, st.sampled_from(["=", "+", "-", "@", "\t", "\r", "'=", "''@"]), TEXTS)


def test_bytes_are_as_promised(tmp_path):
    frame = pd.DataFrame(
        {
            "well": ["A1", "B2"],
            "x_px": [1.005, -0.0004],
            "area_um2": [12.34567, np.nan],
            "n_nuclei": pd.array([3, None], dtype="Int64"),
            "p_raw": [1.23456789e-9, 0.5],
            "is_osteoclast": [True, False],
            "counted": pd.array([None, True], dtype="boolean"),
            "flags": ["", "a,b"],
            "source": [None, 'say "x"'],
        }
    )
    write_table(frame, tmp_path / "new" / "t.csv")
    assert (tmp_path / "new" / "t.csv").read_bytes().decode() == (
        "well,x_px,area_um2,n_nuclei,p_raw,is_osteoclast,counted,flags,source\n"
        "A1,1.00,12.346,3,1.23457e-09,True,,,\n"
        'B2,0.00,,,0.5,False,True,"a,b","say ""x"""\n'
    )
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["t.csv"]


def test_precision_can_be_given_by_column(tmp_path):
    write_table(pd.DataFrame({"p_raw": [0.0123456], "x_px": [1.0]}), tmp_path / "t.csv", {"p_raw": ".3e"})
    assert (tmp_path / "t.csv").read_text() == "p_raw,x_px\n1.235e-02,1.00\n"


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
        ("-2+3", "'-2+3"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t'=1"),
        ("\r=1", "\"'\r'=1\""),
        ("'=1", "''=1"),
        ("a;=1+1", "a;'=1+1"),
        ("a;'=1", "a;''=1"),
        ("a\t@x", "a\t'@x"),
        ("a\n=1", '"a\n\'=1"'),
        ("a; b", "a; b"),
        ("-1.5", "-1.5"),
        ("+3", "+3"),
        ("rhIL-32", "rhIL-32"),
        ("it's", "it's"),
        ("'quoted'", "'quoted'"),
    ],
)
def test_text_never_becomes_a_formula(tmp_path, text, cell):
    write_table(pd.DataFrame({"treatment": [text]}), tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_bytes().decode() == f"treatment\n{cell}\n"


@pytest.mark.parametrize("separator", [";", "\t", ","])
def test_no_formula_begins_where_other_countries_split_a_line(tmp_path, separator):
    """Excel splits at its own list separator; quotes that do not stand at the beginning of a cell then mean nothing."""
    texts = ["a;=1+1", "b;@x,=2", "c\t+cmd|x", "d\n=3", "e\r\n-4+x", "f;'=5", 'g";=6']
    write_table(pd.DataFrame({"n": 1, "treatment": texts}), tmp_path / "t.csv")
    text = (tmp_path / "t.csv").read_bytes().decode()
    cells = [cell for line in re.split(r"[\r\n]", text) for cell in line.split(separator)]
    if separator != ",":  # there commas are text, and quotes protect
        assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]
    assert read_table(tmp_path / "t.csv")["treatment"].tolist() == texts


def test_headings_are_safe_too(tmp_path):
    write_table(pd.DataFrame({"=evil": [1]}), tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_text() == "'=evil\n1\n"
    assert list(read_table(tmp_path / "t.csv").columns) == ["=evil"]


@given(st.lists(TEXTS | FORMULAS, min_size=1, max_size=6))
def test_any_text_is_safe_and_comes_back(tmp_path_factory, texts):
    path = tmp_path_factory.mktemp("t") / "t.csv"
    write_table(pd.DataFrame({"treatment": texts, "n": range(len(texts))}), path)
    assert path.read_bytes() == (write_table(read_table(path), path), path.read_bytes())[1]
    raw = pd.read_csv(path, dtype=str, keep_default_na=False)["treatment"]
    assert all(not cell.startswith(DANGEROUS) or _number(cell) for cell in raw)
    assert read_table(path)["treatment"].fillna("").tolist() == texts


def _number(text):
    try:
        float(text.replace(",", "."))
    except ValueError:
        return False
    return True


@given(st.lists(st.floats(allow_nan=True, allow_infinity=False, width=32), min_size=1), st.data())
def test_numbers_come_back_and_stay_the_same_bytes(tmp_path_factory, values, data):
    path = tmp_path_factory.mktemp("t") / "t.csv"
    whole = data.draw(st.lists(st.integers(-(2**60), 2**60), min_size=len(values), max_size=len(values)))
    write_table(pd.DataFrame({"estimate": values, "n": whole}), path)
    first, back = path.read_bytes(), read_table(path)
    np.testing.assert_allclose(back["estimate"].astype(float), values, rtol=1e-5)
    assert back["n"].tolist() == whole
    write_table(back, path)
    assert path.read_bytes() == first


def test_text_columns_stay_text_and_na_is_a_name(tmp_path):
    (tmp_path / "t.csv").write_text("Donor,treatment,n,counted\n01,NA,1,True\n2,,2,False\n")
    table = read_table(tmp_path / "t.csv")
    assert table["Donor"].tolist() == ["01", "2"]
    assert table["treatment"].tolist()[0] == "NA"
    assert table["treatment"].isna().tolist() == [False, True]
    assert table["n"].tolist() == [1, 2]
    assert table["counted"].dtype == bool


@pytest.mark.parametrize(
    "content",
    [
        "donor;n;area\r\nD1;3;1,5\r\n",
        "donor\tn\tarea\nD1\t3\t1.5\n",
        "\ufeffdonor,n,area\nD1,3,1.5\n",
        "donor;n;area\nD1;3;1.5\n",
        "donor,n,area\rD1,3,1.5\r",
    ],
)
def test_tables_of_other_programs(tmp_path, content):
    (tmp_path / "t.csv").write_bytes(content.encode())
    table = read_table(tmp_path / "t.csv")
    assert table.to_dict("records") == [{"donor": "D1", "n": 3, "area": 1.5}]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "the table cannot be read"),
        (b"", "t.csv: the table is empty"),
        (b" \n", "t.csv: the table is empty"),
        (
            "a,b\nПРЕ,1\n".encode("cp1251"),
            "line 2 has 'Ð', which may mean other letters. In Excel, save as 'CSV UTF-8",
        ),
        (b"a,b\n1,2\n1,2,3\n", "is not a table"),
    ],
)
def test_unreadable_tables_say_why(tmp_path, content, message):
    if content is not None:
        (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(OsteoCountError) as caught:
        read_table(tmp_path / "t.csv")
    assert message in str(caught.value)


def test_empty_table_keeps_its_columns(tmp_path):
    write_table(pd.DataFrame({"a": [], "b": []}), tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_text() == "a,b\n"
    assert list(read_table(tmp_path / "t.csv").columns) == ["a", "b"]


def test_failed_write_leaves_the_old_table(tmp_path):
    write_table(pd.DataFrame({"a": [1]}), tmp_path / "t.csv")
    with pytest.raises(UnicodeEncodeError):
        write_table(pd.DataFrame({"a": ["\ud800"]}), tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_text() == "a\n1\n"
    assert len(list(tmp_path.iterdir())) == 1


def test_unwritable_folder_says_so(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OsteoCountError, match=r"cannot be written .* Choose a folder you may write to"):
        write_table(pd.DataFrame({"a": [1]}), tmp_path / "file" / "t.csv")


def test_workbook(tmp_path):
    frame = pd.DataFrame(
        {"well": ["A1", "=1+1"], "n": pd.array([3, None], dtype="Int64"), "x": [1.5, np.inf], "ok": [True, False]}
    )
    write_workbook({"wells: all/any": frame, "wells_ all_any": frame.iloc[:0], "\x01": frame}, tmp_path / "t.xlsx")
    book = openpyxl.load_workbook(tmp_path / "t.xlsx")
    assert book.sheetnames == ["wells_ all_any", "wells_ all_any_2", "_"]
    sheet = book.worksheets[0]
    assert [[cell.value for cell in row] for row in sheet.iter_rows()] == [
        ["well", "n", "x", "ok"],
        ["A1", 3, 1.5, True],
        ["'=1+1", None, "inf", False],
    ]
    assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)
    assert sheet.freeze_panes == "A2"
    assert sheet["A1"].font.bold


def test_empty_workbook_column_and_no_columns(tmp_path):
    write_workbook({"a": pd.DataFrame({"": [None]}), "b": pd.DataFrame()}, tmp_path / "t.xlsx")
    assert openpyxl.load_workbook(tmp_path / "t.xlsx").sheetnames == ["a", "b"]


@pytest.mark.parametrize("rows", [0, 1, 2, 3, 7])
def test_a_table_written_in_pieces_is_the_table_written_at_once(tmp_path, monkeypatch, rows):
    frame = pd.DataFrame({
        "well": ["A01", "=1+1", None, "A,B", "A01", "", "D"], "n": pd.array([1, None, 3, 4, 5, 6, 7], "Int64"),
        "x": [0.5, np.nan, -0.0, 1e9, 2, 3, 4], "yes": [True, False] * 3 + [True],
    })[:rows]  # fmt: skip
    write_table(frame, tmp_path / "once.csv")
    monkeypatch.setattr(tables, "_ROWS", 2)
    write_table(frame, tmp_path / "pieces.csv")
    content = (tmp_path / "pieces.csv").read_bytes()
    assert content == (tmp_path / "once.csv").read_bytes()
    assert content.count(b"\n") == rows + 1
