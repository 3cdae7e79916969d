"""Tables of treatments: made from pictures, opened from layouts and sheets, edited, checked and read back by a run."""

from __future__ import annotations

import pytest
import tifffile

from osteocount.errors import OsteoCountError
from osteocount.io.tables import write_table
from osteocount.plate.layout.read import read_layout
from osteocount.plate.samples import read_samples
from osteocount.plate.treatment_table import check_table, layout_in, open_table, start_table


@pytest.fixture
def plate(tmp_path):
    return _pictures(tmp_path / "plate", "A01_f1", "A01_f2", "A02_f1", "B01_f1")


@pytest.fixture
def dishes(tmp_path):
    return _pictures(tmp_path / "dishes", "D1/IL-32/img1", "D1/IL-32/img2", "D1/vehicle/img1")


def _pictures(folder, *names):
    for name in names:
        path = folder / f"{name}.tif"
        path.parent.mkdir(parents=True, exist_ok=True)
        tifffile.imwrite(path, [[0, 1], [2, 3]], photometric="minisblack")
    return folder


def test_a_plate_starts_with_a_line_per_well(plate):
    table = start_table(plate)
    assert table.columns == ["well", "treatment", "dose", "donor", "role", "exclude"]
    assert [line[0] for line in table.rows] == ["A01", "A02", "B01"]
    assert table.path == plate / "layout.csv"
    assert check_table(table, plate).pictures == (2, 1, 1)


def test_dishes_start_with_a_line_per_picture_filled_from_their_names(dishes):
    table = start_table(dishes)
    assert table.path == dishes / "samples.csv"
    assert table.rows[0] == ["D1/IL-32/img1.tif", "IL-32", "", "D1", "", "", ""]
    assert check_table(table, dishes).problems == ()


def test_what_was_filled_in_is_read_as_a_layout(plate):
    table = start_table(plate)
    table.change({(0, 1): "vehicle", (1, 1): "+RANKL", (2, 1): "rhIL-32", (2, 2): "25 ng/mL"})
    table.change({(n, 3): "donor 1" for n in range(3)})
    assert check_table(table, plate).problems == ()
    table.save()
    wells = read_layout(table.path).wells
    assert list(wells["treatment"]) == ["vehicle", "+RANKL", "rhIL-32"]  # a plus is no formula, and stays as typed
    assert (wells["dose"].iloc[2], wells["dose_unit"].iloc[2]) == (25, "ng/mL")
    assert layout_in(plate) == table.path


def test_what_was_filled_in_is_read_as_a_sample_sheet(dishes):
    table = start_table(dishes)
    table.change({(n, 5): "1" for n in range(3)})
    table.save()
    index, layout = read_samples(table.path, dishes)
    assert len(index.entries) == 3
    assert sorted(layout.wells["treatment"]) == ["IL-32", "vehicle"]


def test_every_change_can_be_taken_back_and_made_again(plate):
    table = start_table(plate)
    first = [list(line) for line in table.rows]
    assert table.change({(0, 1): "a", (1, 1): "b"})
    assert table.change({(0, 1): "c"})
    assert not table.change({(0, 1): "c", (0, 0): "H12"})  # nothing new, and wells are those of the pictures
    assert table.undo()
    assert [line[1] for line in table.rows] == ["a", "b", ""]
    assert table.undo()
    assert table.rows == first
    assert not table.undo()
    assert table.redo()
    assert table.redo()
    assert not table.redo()
    assert [line[1] for line in table.rows] == ["c", "b", ""]


def test_wells_and_pictures_that_do_not_fit_are_said(plate):
    path = plate / "layout.csv"
    path.write_text("well,treatment,donor\nA01,vehicle,d1\nC03,RANKL,d1\nH12,blank,\n")
    table = open_table(path, plate)
    assert [line[0] for line in table.rows] == ["A01", "C03", "H12", "A02", "B01"]  # pictures without a line get one
    found = check_table(table, plate)
    assert found.pictures == (2, 0, 0, 1, 1)
    assert "Without a picture, though the layout names them (1): C03." in found.warnings
    assert "Not in the layout, though there are pictures (2): A02, B01." in found.warnings
    assert table.path == path


def test_a_layout_that_names_its_plate_fits_pictures_that_do_not(plate):
    path = plate / "layout.csv"
    path.write_text("plate,well,treatment\nP7,A01,vehicle\nP7,A02,RANKL\n")
    table = open_table(path, plate)
    assert [line[:2] for line in table.rows] == [["P7", "A01"], ["P7", "A02"], ["", "B01"]]
    assert check_table(table, plate).pictures == (2, 1, 1)


def test_problems_are_said_one_by_one_without_a_file_that_nobody_saw(dishes):
    table = start_table(dishes)
    table.change({(0, 2): "much", (1, 2): "more", (2, 0): "x"})
    found = check_table(table, dishes)
    assert len(found.problems) == 2
    assert all("dose" in text and "/" not in text.split(":")[0] for text in found.problems)


def test_lines_without_pictures_can_be_taken_out_of_a_sheet(dishes):
    path = dishes / "samples.csv"
    path.write_text("file,treatment\nD1/IL-32/*,IL-32\nD2/IL-32/*,IL-32\n")
    table = open_table(path, dishes)
    assert [line[0] for line in table.rows] == ["D1/IL-32/*", "D2/IL-32/*", "D1/vehicle/img1.tif"]
    found = check_table(table, dishes)
    assert found.pictures == (2, 0, 1)
    assert "no picture fits" in found.problems[0]
    table.remove([1])
    assert check_table(table, dishes).problems == ()


def test_a_table_from_excel_finds_its_lines_by_well(plate):
    table = start_table(plate)
    block = [["Well", "Drug", "Donor ID"], ["B1", "RANKL", "d1"], ["A01", "vehicle", "d2"], ["H12", "x", "d3"]]
    table.change(table.match(block))
    assert [line[1:4:2] for line in table.rows] == [["vehicle", "d2"], ["", ""], ["RANKL", "d1"]]
    assert table.match([["vehicle", "d1"]]) is None  # cells alone go where they are pasted


def test_grids_are_understood_and_saved_beside(plate):
    path = plate / "layout.csv"
    path.write_text("treatment,1,2,3\nA,vehicle,RANKL,\nB,IL-32,,\n")
    table = open_table(path, plate)
    assert table.columns[:2] == ["well", "treatment"]
    assert [line[:2] for line in table.rows] == [["A01", "vehicle"], ["A02", "RANKL"], ["B01", "IL-32"]]
    assert table.path == plate / "layout edited.csv"
    table.save()
    assert path.read_text().startswith("treatment,1")
    assert list(read_layout(table.path).wells["treatment"]) == ["vehicle", "RANKL", "IL-32"]


def test_several_plates_have_lines_of_their_own(tmp_path):
    folder = _pictures(tmp_path / "two", "P1/A01_f1", "P2/A01_f1")
    table = start_table(folder)
    assert table.columns[:2] == ["plate", "well"]
    assert [line[:2] for line in table.rows] == [["P1", "A01"], ["P2", "A01"]]
    assert check_table(table, folder).pictures == (1, 1)


def test_text_that_looks_like_a_formula_survives_the_file(tmp_path):
    import pandas as pd

    from osteocount.plate.spreadsheets import read_sheets

    path = tmp_path / "t.csv"
    write_table(pd.DataFrame({"well": ["A01"], "treatment": ["-RANKL"]}), path)
    assert read_sheets(path)[0].rows[1] == ["A01", "-RANKL"]


def test_a_folder_without_pictures_is_refused(tmp_path):
    with pytest.raises(OsteoCountError, match="no pictures here"):
        start_table(tmp_path)
