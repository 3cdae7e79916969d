"""Whatever a file holds, the answer is a result or a message for the person, never a defect."""

from __future__ import annotations

import contextlib
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osteocount.errors import OsteoCountError
from osteocount.plate.absorbance.read import read_export
from osteocount.plate.index import index_pictures
from osteocount.plate.layout.read import check_layout, read_layout
from osteocount.plate.name_patterns import PATTERNS

words = st.sampled_from(
    ["1", "2", "3", "4", "5", "6", "A", "B", "C", "A1", "B02", "Z99", "well", "plate", "row", "column", "treatment",
     "dose (ng/mL)", "donor", "role", "exclude", "0,5", "1e999", "NaN", "OVRFLW", "450 nm", "Plate:", "PlateFormat",
     "TimeFormat", "##BLOCKS= 1", "~End", "Plate", "Repeat", "Wells", '"', "=1+1", "vehicle", "½", "²", ""]
)  # fmt: skip
tables = st.lists(st.lists(words, max_size=9), max_size=14)


@settings(max_examples=150, deadline=None)
@given(table=tables, separator=st.sampled_from([",", ";", "\t"]), suffix=st.sampled_from([".csv", ".txt"]))
def test_tables_of_any_words(tmp_path_factory, table, separator, suffix):
    path = tmp_path_factory.mktemp("words") / f"table{suffix}"
    path.write_text("\n".join(separator.join(line) for line in table), encoding="utf-8")
    for read in (read_export, read_layout):
        with contextlib.suppress(OsteoCountError):
            read(path)
    check_layout(path)


@settings(max_examples=100, deadline=None)
@given(data=st.binary(max_size=300), suffix=st.sampled_from([".csv", ".xlsx", ".toml"]))
def test_any_bytes(tmp_path_factory, data, suffix):
    path = tmp_path_factory.mktemp("bytes") / f"table{suffix}"
    path.write_bytes(data)
    for read in (read_export, read_layout):
        with contextlib.suppress(OsteoCountError):
            read(path)


@given(stem=st.text("AB12 _-fwsZTC()XYrcp", max_size=25))
def test_any_name_is_read_or_not_but_never_breaks(stem):
    for pattern in PATTERNS:
        parts = pattern.read(stem)
        assert parts is None or (parts.row <= 32 and parts.column <= 48)


@pytest.mark.parametrize(
    "stem", ["A1_" * 2000, "_f1" * 3000, "P_" * 3000 + "A01", "A01" + "_f1" * 3000 + "x", "-" * 9000]
)
def test_long_names_take_no_time(stem):
    started = time.process_time()  # of this process: not that of a busy machine
    for pattern in PATTERNS:
        pattern.read(stem)
    assert time.process_time() - started < 5


def test_a_folder_that_loops_back_is_walked_once(tmp_path):
    (tmp_path / "A01_f1.tif").touch()
    (tmp_path / "loop").symlink_to(tmp_path)
    assert len(index_pictures(tmp_path).entries) == 1


@pytest.mark.parametrize(
    "text",
    ["a = 1", "[well]", "[well.A1]", "[row]\nA = 1", "[plate]\nx = 1", "expt = 3", "[block]\n2x2 = 1",
     "[col.1]\n[row.A]\n",
     '[row.","]\n[col.1]', '[row."A,...,..."]\n[col.1]', "[row.'A,...,C,...,B']\n[col.1]"],
)  # fmt: skip
def test_strange_wellmaps_are_refused(tmp_path, text):
    path = tmp_path / "layout.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(OsteoCountError):
        read_layout(path)
