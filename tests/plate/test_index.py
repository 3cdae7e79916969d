"""File names to wells."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from osteocount.errors import OsteoCountError
from osteocount.plate.index import index_pictures, natural_key
from osteocount.plate.name_patterns import PATTERNS, WELL_FOLDERS
from osteocount.plate.picture_files import picture_stem

NAMES = [
    # name, system, plate, well, field, channel, z, time
    ("A1_02_1_1_Bright Field_001.tif", "BioTek Gen5", "", "A01", "1", "Bright Field", "", "1"),
    ("B3_02_1_1Z0_Bright Field_001.tif", "BioTek Gen5", "", "B03", "1", "Bright Field", "0", "1"),
    ("B1ROI14_02_1_1_Bright Field_001.tif", "BioTek Gen5", "", "B01", "1", "Bright Field", "", "1"),
    ("H12_-1_2_25_Stitched[GFP 469,525]_003.tif", "BioTek Gen5", "", "H12", "25", "Stitched[GFP 469,525]", "", "3"),
    ("P24_01_3_4_DAPI 377,447_001.tif", "BioTek Gen5", "", "P24", "4", "DAPI 377,447", "", "1"),
    ("r01c01f01p01-ch1sk1fk1fl1.tiff", "Opera Phenix / Operetta", "", "A01", "1", "1", "1", "1"),
    ("r16c24f12p03-ch4sk2fk1fl1.tiff", "Opera Phenix / Operetta", "", "P24", "12", "4", "3", "2"),
    ("9987_B02_s1_w2.TIF", "ImageXpress", "9987", "B02", "1", "2", "", ""),
    (
        "Projection-Mix_E07_s1_w1E94C24BD-45E3-4A2B-9F00-0123456789F7.tif",
        "ImageXpress",
        "Projection-Mix",
        "E07",
        "1",
        "1",
        "",
        "",
    ),
    ("P_1_C11_w19A4C24BD-45E3-4A2B-9F00-0123456789F7.tif", "ImageXpress", "P_1", "C11", "", "1", "", ""),
    ("9987_B02.TIF", "plain", "9987", "B02", "", "", "", ""),
    ("AssayPlate_D08_T0001F001L01A01Z01C01.tif", "Yokogawa CellVoyager", "AssayPlate", "D08", "1", "1", "1", "1"),
    ("D08_T0002F012L01A03Z04C03.png", "Yokogawa CellVoyager", "", "D08", "12", "3", "4", "2"),
    ("AS_09125_050116030001_D03f00d0.tif", "CellInsight", "AS_09125_050116030001", "D03", "0", "0", "", ""),
    ("AS_09125_050116030001_P24f15d2.tif", "CellInsight", "AS_09125_050116030001", "P24", "15", "2", "", ""),
    ("P1_Plate_M_p00_z00_0_A01f00d0.TIF", "EVOS M7000", "P1", "A01", "0", "0", "0", ""),
    ("TRAP_Plate_R_p00_z02_0_H12f07d4.TIF", "EVOS M7000", "TRAP", "H12", "7", "4", "2", ""),
    ("VID1607_C1_2_00d00h00m.tif", "Incucyte", "VID1607", "C01", "2", "Phase", "", "00d00h00m"),
    ("MySample1_A1_1_2021y08m06d_11h39m.tif", "Incucyte", "MySample1", "A01", "1", "Phase", "", "2021y08m06d_11h39m"),
    ("B2--W00014--P00001--Z00000--T00000--405 nm #1.tif", "Olympus scanR", "", "B02", "1", "405 nm #1", "0", "0"),
    ("A - 1(fld 1 wv DAPI).tif", "InCell", "", "A01", "1", "DAPI", "", ""),
    ("H - 12(fld 03 wv Green - dsRed z 2).tif", "InCell", "", "H12", "3", "Green - dsRed", "2", ""),
    (
        "A - 2(fld 2 wv TL-Brightfield - DAPI time 3 - 0 ms).tif",
        "InCell",
        "",
        "A02",
        "2",
        "TL-Brightfield - DAPI",
        "",
        "3",
    ),
    ("A - 01(fld 1 wv 390 - Blue).tif", "InCell", "", "A01", "1", "390 - Blue", "", ""),
    (
        "Plate1_P - 22(fld 4 wv TL-Brightfield - Cy3 wix 2).tif",
        "InCell",
        "Plate1",
        "P22",
        "4",
        "TL-Brightfield - Cy3",
        "",
        "",
    ),
    ("B - 4(fld 1 wv DAPI - DAPI- time 12 - 300 ms).tif", "InCell", "", "B04", "1", "DAPI - DAPI", "", "12"),
    ("10x_T0002_XY01_00001_Z001_CH2.tif", "Keyence BZ-X", "10x", "", "1", "2", "1", "2"),
    ("A172_Phase_A7_1_00d00h00m_1.tif", "Incucyte", "A172_Phase", "A07", "1", "Phase", "", "00d00h00m"),
    (
        "220304_172545_220304_175557_L06_T0277F004L277A04Z07C04.tif",
        "Yokogawa CellVoyager",
        "220304_172545_220304_175557",
        "L06",
        "4",
        "4",
        "7",
        "277",
    ),
    ("MFGTMP_140206180002_A01f00d0.TIF", "CellInsight", "MFGTMP_140206180002", "A01", "0", "0", "", ""),
    ("D - 09(fld 4).tif", "InCell", "", "D09", "4", "", "", ""),
    ("Image_XY12_00001_Z003_CH4.tif", "Keyence BZ-X", "Image", "", "12", "4", "3", ""),
    ("r02c05f10p01-ch02t03.tiff", "Opera Phenix / Operetta", "", "B05", "10", "2", "1", "3"),
    ("003012-4-001002003.tif", "Operetta (Columbus)", "", "C12", "4", "3", "1", "2"),
    ("20220101_exp_C24_w1.tif", "ImageXpress", "20220101_exp", "C24", "", "1", "", ""),
    ("9987_B02_s4_w2_t7.TIF", "ImageXpress", "9987", "B02", "4", "2", "", "7"),
    ("scan_Plate_D_p00_0_B07f03d1.TIF", "EVOS M7000", "scan", "B07", "3", "1", "", ""),
    ("AB_B10_3_02d14h30m.tif", "Incucyte", "AB", "B10", "3", "Phase", "", "02d14h30m"),
    ("H12--W00096--P00004--Z00002--T00010--Trans.ome.tif", "Olympus scanR", "", "H12", "4", "Trans", "2", "10"),
    ("A - 01(fld 01 wv UV - DAPI time 4).tif", "InCell", "", "A01", "1", "UV - DAPI", "", "4"),
    ("40_XY01_00001_CH1.tif", "Keyence BZ-X", "40", "", "1", "1", "", ""),
    ("A01_f1.tif", "plain", "", "A01", "1", "", "", ""),
    ("A01_F1.tif", "plain", "", "A01", "1", "", "", ""),
    ("A01_s1_w1.tif", "plain", "", "A01", "1", "1", "", ""),
    ("A01_c2_z3_f4.ome.tif", "plain", "", "A01", "4", "2", "3", ""),
    ("20191119-growth-p05-m2X_C03.TIF", "plain", "20191119-growth-p05-m2X", "C03", "", "", "", ""),
    ("plate1_H12.jpg", "plain", "plate1", "H12", "", "", "", ""),
    ("Well_B2_3.png", "plain", "", "B02", "3", "", "", ""),
    ("A1-brightfield.jpeg", "plain", "", "A01", "", "brightfield", "", ""),
    ("A1_20X.jpg", "plain", "", "A01", "", "", "", ""),
    ("A01_10x_2.tif", "plain", "", "A01", "2", "", "", ""),
    ("A1 (3).tif", "plain", "", "A01", "3", "", "", ""),
    ("donor2_well_B3_img2.tif", "plain", "donor2", "B03", "2", "", "", ""),
    ("TileScan 1_A1_R2_ch00.tif", "plain", "TileScan 1", "A01", "2", "0", "", ""),
    ("Plate1_A1_02_1_1_Bright Field_001.tif", "BioTek Gen5", "Plate1", "A01", "1", "Bright Field", "", "1"),
    ("A1_02_1_4_Color Bright Field_001.tif", "BioTek Gen5", "", "A01", "4", "Color Bright Field", "", "1"),
    ("r02c11f03p01rc1-ch2sk1fk1fl1.tiff", "Opera Phenix / Operetta", "", "B11", "3", "2", "1", "1"),
    ("A01f00d4.TIF", "CellInsight", "", "A01", "0", "4", "", ""),
    ("B-2(fld 1 wv Blue - FITC z 1 time 1 - 0 ms).tif", "InCell", "", "B02", "1", "Blue - FITC", "1", "1"),
    ("XY03_CH1.tif", "Keyence BZ-X", "", "", "3", "1", "", ""),
    ("Project_A_12_Region 3_t1_z02_ch01.tif", "Leica LAS X", "Project", "A12", "3", "1", "2", "1"),
    ("TileScan 1--H--2--R3_ch00.tif", "Leica LAS X", "TileScan 1", "H02", "3", "0", "", ""),
    (
        "image--L0000--S00--U01--V02--J08--E00--O00--X00--Y01--T0000--Z00--C01.ome.tif",
        "Leica Matrix Screener",
        "image",
        "C02",
        "X00--Y01",
        "1",
        "0",
        "0",
    ),
    ("exp_B2-1_s02t1z3c2_ORG.png", "Zeiss ZEN", "exp", "B02", "2", "2", "3", "1"),
    ("WellA01_PointA01_0003_ChannelBF,DAPI_Seq0012.tif", "Nikon JOBS", "", "A01", "3", "BF,DAPI", "", ""),
    (
        "20230101_120000_1__WellB02_ChannelDAPI_Seq0003.tif",
        "Nikon JOBS",
        "20230101_120000_1",
        "B02",
        "",
        "DAPI",
        "",
        "",
    ),
    ("WellP24_PointP24_0000_Seq0000.tif", "Nikon JOBS", "", "P24", "0", "", "", ""),
    ("exp_1_MMStack_A1-Site_0.ome.tif", "Micro-Manager HCS", "exp_1", "A01", "0", "", "", ""),
    ("exp_MMStack_12-H12-Site_3_1.ome.tif", "Micro-Manager HCS", "exp", "H12", "3", "", "", ""),
    ("A1-Site_2/img_channel000_position007_time000000001_z000.tif", "Micro-Manager HCS", "", "A01", "2", "0", "0", "1"),
    ("W0012F0003T0001Z001C2.tif", "Yokogawa CQ1", "", "", "3", "2", "1", "1"),
    ("plate1_row2_col3_f4.tif", "rows and columns", "plate1", "B03", "4", "", "", ""),
]
NO_WELL = [
    "R2_D10_mouse3.tif",
    "IMG_E1234.jpg",
    "brightfield_20x.png",
    "A01_B02.tif",
    "exp_A25.tif",
    "Q1_f1.tif",
    "Experiment-01_s1_c1.tif",
    "B16_A1_2.tif",
    "row99_col3.tif",
    "A0.tif",
]


def touch(root: Path, *names: str) -> Path:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    return root


@pytest.mark.parametrize(("name", "system", "plate", "well", "field", "channel", "z", "time"), NAMES)
def test_name_is_read(tmp_path, name, system, plate, well, field, channel, z, time):
    (entry,) = index_pictures(touch(tmp_path / "Phase", name)).entries
    said = (entry.pattern, entry.plate, entry.well, entry.field, entry.channel, entry.z, entry.time)
    assert said == (system, plate, well, field, channel, z, time)
    assert entry.well == "" or (entry.row, entry.column) == (entry.well[0], int(entry.well[1:]))


@pytest.mark.parametrize("name", NO_WELL)
def test_no_well_rather_than_a_guess(tmp_path, name):
    (entry,) = index_pictures(touch(tmp_path, name)).entries
    assert (entry.well, entry.row, entry.column, entry.pattern) == ("", "", None, "")
    assert entry.field == picture_stem(Path(name))


def test_one_picture_is_a_source_too(tmp_path):
    index = index_pictures(touch(tmp_path, "A01_f2.tif") / "A01_f2.tif")
    assert [(e.well, e.field) for e in index.entries] == [("A01", "2")]
    assert index.table()["file"].tolist() == ["A01_f2.tif"]


def test_plates_are_folders_without_what_they_share(tmp_path):
    touch(tmp_path, *(f"data/run/{p}/Images/r01c0{c}f01p01-ch1sk1fk1fl1.tiff" for p in ("P1", "P2") for c in (1, 2)))
    index = index_pictures(tmp_path)
    assert [(e.plate, e.well) for e in index.entries] == [("P1", "A01"), ("P1", "A02"), ("P2", "A01"), ("P2", "A02")]


def test_a_flat_folder_has_no_plate_and_one_subfolder_is_the_plate(tmp_path):
    assert index_pictures(touch(tmp_path / "flat", "A01.tif")).entries[0].plate == ""
    assert index_pictures(touch(tmp_path / "deep", "plateX/A01.tif")).entries[0].plate == "plateX"


def test_metaxpress_time_points_and_planes_are_folders(tmp_path):
    touch(tmp_path, "TimePoint_1/P_A01_s1.TIF", "TimePoint_2/ZStep_3/P_A01_s1.TIF")
    assert [(e.plate, e.time, e.z) for e in index_pictures(tmp_path).entries] == [("P", "1", ""), ("P", "2", "3")]


def test_incucyte_channels_are_folders(tmp_path):
    touch(tmp_path, *(f"{c}/V1_A1_1_00d00h00m.tif" for c in ("Phase", "Red")))
    assert [(e.channel, e.plate) for e in index_pictures(tmp_path).entries] == [("Phase", "V1"), ("Red", "V1")]


def test_regions_of_one_well_are_fields_of_their_own(tmp_path):
    touch(tmp_path, *(f"B1ROI{r}_02_1_1_Bright Field_001.tif" for r in (2, 10)))
    assert [e.field for e in index_pictures(tmp_path).entries] == ["2-1", "10-1"]


def test_order_is_natural(tmp_path):
    touch(tmp_path, "B2_f1.tif", "A10_f1.tif", "A2_f10.tif", "A2_f9.tif")
    assert [(e.well, e.field) for e in index_pictures(tmp_path).entries] == [
        ("A02", "9"), ("A02", "10"), ("A10", "1"), ("B02", "1"),
    ]  # fmt: skip


def test_derived_pictures_and_result_folders_are_left_out(tmp_path):
    touch(
        tmp_path, "A01_f1.tif", "A02_f1_thumb.tif", "A02_f1_Overlay.tif", "thumbs/A05_f1.tif", "truth/A03_f1.tif",
        "labels/x.tif", ".hidden/A04_f1.tif", "._A01_f1.tif", "notes.txt", "results/run.json", "results/A06_f1.tif",
        "results/deep/A07_f1.tif",
    )  # fmt: skip
    index = index_pictures(tmp_path)
    assert [e.well for e in index.entries] == ["A01"]
    assert {p.name for p in index.skipped} == {"A02_f1_thumb.tif", "A02_f1_Overlay.tif", "A05_f1.tif"}
    assert index.notes[0] == "Thumbnails and overlays left out: 3."
    assert index.notes[1].startswith("Folders not searched, since they are called labels or overlays: labels.")


WHOLE_RECORD = '{"settings": {}, "inputs": [], "failed": []}'


@pytest.mark.parametrize(
    ("write", "said"),
    [
        (lambda path: path.write_text(WHOLE_RECORD), False),
        (lambda path: path.write_text('{"model": "ours is another program"}'), True),
        (lambda path: path.write_text("{"), True),
        (lambda path: path.symlink_to("nowhere.json"), True),
        (lambda path: path.symlink_to("record.json"), False),
        (lambda path: path.symlink_to("/dev/zero"), True),
        (lambda path: os.mkfifo(path), True),
    ],
    ids=["ours", "foreign", "damaged", "link to nothing", "link to ours", "link to a device", "pipe"],
)
def test_a_folder_with_a_run_record_that_is_not_ours_is_not_left_out_in_silence(tmp_path, write, said):
    touch(tmp_path, "A01_f1.tif", "other/A02_f1.tif")
    (tmp_path / "other" / "record.json").write_text(WHOLE_RECORD)
    write(tmp_path / "other" / "run.json")
    index = index_pictures(tmp_path)
    assert [e.well for e in index.entries] == ["A01"]
    note = "hold a run.json that is no whole record of a count: other. Move that file away if there are pictures"
    assert any(note in each for each in index.notes) == said
    if said:
        with pytest.raises(OsteoCountError, match="no whole record of a count: other"):
            index_pictures(tmp_path / "other")


def test_a_folder_that_cannot_be_read_is_said(tmp_path, monkeypatch):
    touch(tmp_path, "A01_f1.tif", "closed/A02_f1.tif")
    scan = os.scandir

    def closed_one(path):  # root, as which tests may run, can read everything
        if Path(path).name == "closed":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return scan(path)

    with monkeypatch.context() as patched:
        patched.setattr(os, "scandir", closed_one)
        notes = index_pictures(tmp_path).notes
    assert "Folders that cannot be read, so that nothing in them is counted: closed." in notes


def test_metaxpress_thumbnail_with_a_guid_is_left_out(tmp_path):
    guid = "E94C24BD-45E3-4A2B-9F00-0123456789F7"
    index = index_pictures(touch(tmp_path, f"P_A01_s1_w1{guid}.tif", f"P_A01_s1_w1_thumb{guid}.tif"))
    assert len(index.entries) == len(index.skipped) == 1


def test_two_systems_in_a_folder_are_refused_with_the_list(tmp_path):
    touch(tmp_path, *(f"A{c}_02_1_1_Bright Field_001.tif" for c in range(1, 8)), "r01c01f01p01-ch1sk1fk1fl1.tiff")
    with pytest.raises(OsteoCountError, match=r"do not follow one system.*r01c01f01p01-ch1sk1fk1fl1\.tiff") as refused:
        index_pictures(tmp_path)
    assert "7 as BioTek Gen5; 1 as Opera Phenix / Operetta" in str(refused.value)


def test_one_stray_among_many_is_set_aside_and_named(tmp_path):
    touch(tmp_path, *(f"A{c:02d}_f{f}.tif" for c in range(1, 11) for f in (1, 2)), "tray photo.jpg")
    index = index_pictures(tmp_path)
    assert len(index.entries) == 20
    assert [p.name for p in index.unmatched] == ["tray photo.jpg"]
    assert "Pictures whose names do not fit those of plain (1): tray photo.jpg." in index.notes


def test_same_place_twice_is_refused(tmp_path):
    touch(tmp_path, "A01_f1.tif", "A1_f01.png", "A02_f1.tif")
    with pytest.raises(OsteoCountError, match=r"same place\. well A01 field 1: A01_f1\.tif, A1_f01\.png"):
        index_pictures(tmp_path)


def test_nothing_to_index(tmp_path):
    with pytest.raises(OsteoCountError, match="no such file"):
        index_pictures(tmp_path / "none")
    with pytest.raises(OsteoCountError, match="no pictures here"):
        index_pictures(touch(tmp_path, "readme.txt"))
    with pytest.raises(OsteoCountError, match="not a picture"):
        index_pictures(tmp_path / "readme.txt")


def test_custom_pattern(tmp_path):
    touch(tmp_path, "img-3x11-007.tif", "img-1x01-002.tif")
    index = index_pictures(tmp_path, pattern=r"img-(?P<row>\d+)x(?P<col>\d+)-(?P<field>\d+)")
    assert [(e.well, e.field, e.pattern) for e in index.entries] == [("A01", "2", "custom"), ("C11", "7", "custom")]
    with_suffix = index_pictures(tmp_path, pattern=r"img-(?P<row>\d+)x(?P<col>\d+)-(?P<field>\d+)\.tif")
    assert with_suffix.table().equals(index.table())


def test_custom_pattern_must_explain_the_folder(tmp_path):
    with pytest.raises(OsteoCountError, match=r"none fits the pattern.*A01_f1\.tif"):
        index_pictures(touch(tmp_path, "A01_f1.tif"), pattern=r"(?P<well>[A-H]\d)")


def test_table_has_the_columns_of_the_preview(tmp_path):
    table = index_pictures(touch(tmp_path, "A01_f1.tif", "B02_f1.tif")).table()
    assert list(table) == ["file", "plate", "well", "row", "column", "field", "channel", "z", "time", "pattern"]
    assert table[["row", "column"]].to_numpy().tolist() == [["A", 1], ["B", 2]]


def test_every_system_is_in_the_table_of_names():
    in_folders = {WELL_FOLDERS}  # of which one name says nothing: see file_names.csv
    assert {p.name for p in PATTERNS} == {row[1] for row in NAMES} | in_folders


def test_fields_of_files_come_in_the_order_of_their_numbers():
    assert sorted(["f10.2", "f2.10", "f2.9"], key=natural_key) == ["f2.9", "f2.10", "f10.2"]


HAND_MADE = [
    ["17b_E2_1.tif"], ["EV_E8_2.tif", "EV_E9_3.tif"], ["EV_KO_D1_10x_01.tif"], ["Image_C1.tif", "Image_C2.tif"],
    ["LPS_M1_2.tif"], ["PGE_E2_2.tif"], ["VitD_D3_2.tif"], ["D1_1.tif", "D2_1.tif", "D3_2.tif"], ["IL-32_D1_2.tif"],
    ["mouse_M1_3.tif", "mouse_M2_3.tif"], ["exp_A1_1.tif", "exp_B2_1.tif"], ["ctrl_B12.tif".replace("12", "1")],
    ["P1_1.tif", "P2_1.tif"], ["EV_WT_E1_1.tif", "EV_WT_E2_1.tif", "EV_KO_E1_1.tif"], ["wt_C57_1.tif", "wt_B6_1.tif"],
    ["EV_E9_3.tif", "EV_E10_3.tif"], ["Image_C10.tif"], ["D7_1.tif", "D14_1.tif"], ["WT_M12_2.tif"], ["K1 (1).jpg"],
    ["EV_P2_1.tif", "EV_P10_1.tif"], ["B6_1.tif", "B6_2.tif"], ["E15_2.tif"], ["mouse_F12_2.tif"], ["Vit_D12_1.tif"],
    ["2024-01-05_E2_1.tif"],
]  # fmt: skip


@pytest.mark.parametrize("names", HAND_MADE, ids=" ".join)
def test_wells_in_hand_made_names_are_asked_about_and_not_taken(tmp_path, names):
    index = index_pictures(touch(tmp_path, *names))
    assert {entry.well for entry in index.entries} == {""}


def test_doubtful_wells_are_taken_when_a_layout_or_a_person_says_so(tmp_path):
    touch(tmp_path, "EV_E8_2.tif", "EV_E9_3.tif")
    assert "may hold wells, or something else: EV_E8_2 (well E08?)" in index_pictures(tmp_path).notes[0]
    for options in ({"known_wells": {"E08", "E09", "A01"}}, {"pattern": "plain"}):
        assert [entry.well for entry in index_pictures(tmp_path, **options).entries] == ["E08", "E09"]
    assert index_pictures(tmp_path, known_wells={"E08"}).entries[0].well == ""


@pytest.mark.parametrize(
    "names",
    [
        [f"p_{row}{column}_1.tif" for row in "BC" for column in range(1, 6)],
        ["A1_1.tif", "B2_1.tif"], ["A1_1.tif", "A2_1.tif"], ["exp_A01.tif", "exp_A02.tif"], ["x_well_B3.tif"],
        ["plate1_H12.jpg"], ["B4_01_02.png", "B4_01_03.png"], ["A1 (1).jpg", "A1 (2).jpg"],
    ],
)  # fmt: skip
def test_plates_are_not_asked_about(tmp_path, names):
    assert all(entry.well for entry in index_pictures(touch(tmp_path, *names)).entries)


def test_tiles_of_one_scan_are_fields(tmp_path):
    names = [f"B04_{row:02d}_{column:02d}.png" for row in (1, 2) for column in (1, 2, 3)]
    index = index_pictures(touch(tmp_path, *names))
    assert [(e.well, e.field) for e in index.entries] == [("B04", f"{r}-{c}") for r in (1, 2) for c in (1, 2, 3)]


def test_linked_folders_are_read_and_loops_are_said(tmp_path):
    touch(tmp_path / "store" / "P1", "A01_f1.tif", "B02_f1.tif")
    folder = tmp_path / "plates"
    folder.mkdir()
    (folder / "P1").symlink_to(tmp_path / "store" / "P1", target_is_directory=True)
    (folder / "again").symlink_to(folder, target_is_directory=True)
    index = index_pictures(folder)
    assert [(e.plate, e.well) for e in index.entries] == [("P1", "A01"), ("P1", "B02")]
    assert "Links to folders that were searched already: again." in index.notes


@pytest.mark.parametrize("suffix", ["bmp", "BMP", "gif", "vsi", "dib", "lsm", "heic"])
def test_pictures_of_other_kinds_are_counted_and_named(tmp_path, suffix):
    index = index_pictures(touch(tmp_path, "A01_f1.tif", f"A02_f1.{suffix}", f"A03_f1.{suffix}"))
    assert f"kinds that are not read: 2 .{suffix.lower()} (A02_f1.{suffix}, A03_f1.{suffix} …)" in " ".join(index.notes)
    with pytest.raises(OsteoCountError, match=f"not read: 1 .{suffix.lower()}"):
        index_pictures(touch(tmp_path / "only", f"A02_f1.{suffix}"))
