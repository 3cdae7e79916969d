"""Every output column is described once, and what is shown is among what is written."""

import subprocess
import sys

import pytest

from osteocount import columns
from osteocount.columns import CELLS, COMPARISONS, TABLES, WELLS, Column


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.file)
def test_columns_of_a_table_have_names_of_their_own_and_help(table):
    names = [column.name for column in table.columns]
    assert len(set(names)) == len(names)
    assert table.help.endswith(".")
    assert all(column.help.endswith((".", "…")) for column in table.columns), names
    assert set(table.names) <= set(names) and table.names


@pytest.mark.parametrize(
    ("view", "table"),
    [
        (columns.REPORT_WELLS_MAIN, {*columns.REPORT_WELLS}),
        (columns.REPORT_WELLS, {*WELLS.by_name, "arm"}),
        (columns.REPORT_COMPARISONS, COMPARISONS.by_name),
        (columns.WINDOW_PICTURE, WELLS.by_name),
        (columns.WINDOW_CORRECTION, WELLS.by_name),
        (columns.WINDOW_WELLS, WELLS.by_name),
        (columns.PLATE_MAP, WELLS.by_name),
        (columns.REPORT_PLATES, columns.PLATE_QUALITY.by_name),
        (columns.REPORT_ARMS, WELLS.by_name),
        (columns.CELLPROFILER_CELLS, CELLS.by_name),
        (columns.CELLPROFILER_WELLS, WELLS.by_name),
    ],
)
def test_a_view_shows_columns_of_its_table(view, table):
    assert set(view) <= set(table)


def test_what_the_window_shows_as_a_number_has_decimals():
    shown = {*columns.WINDOW_PICTURE, *columns.WINDOW_CORRECTION, *columns.WINDOW_WELLS} - {"well", "status"}
    assert {name for name in shown if WELLS.by_name[name].window_pattern == "{}"} == set()


def test_one_name_has_one_format_in_the_files_that_share_the_default_ones():
    for table in (CELLS, columns.NUCLEI, WELLS):
        for name, spec in table.formats.items():
            assert columns.FORMATS[name] == spec


def test_the_format_follows_from_the_unit_unless_it_is_given():
    assert Column("area_um2", "float64", "Area.", "µm²").file_format == ".3f"
    assert Column("score", "float64", "Score.", format=".4f").file_format == ".4f"
    assert Column("p_raw", "float64", "p.").file_format == ".6g"


def test_no_library_is_loaded_for_names():
    code = "import sys; import osteocount.columns; print(sorted({'numpy', 'pandas', 'pydantic'} & set(sys.modules)))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "[]"
