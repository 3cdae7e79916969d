"""Annotations from others: every form read, counted by hand; what is hostile or wrong is refused in words."""

import json
import struct
import zipfile
import zlib

import numpy as np
import pandas as pd
import pytest
import tifffile
from PIL import Image

from osteocount.errors import OsteoCountError
from osteocount.evaluation.annotation_files import find_annotations, picture_name
from osteocount.evaluation.ground_truth import read_ground_truth

SHAPE = (20, 30)
SQUARE = [[2, 3], [6, 3], [6, 8], [2, 8], [2, 3]]
LABELS = np.zeros(SHAPE, np.uint16)
LABELS[3:8, 2:6] = 4
LABELS[10:12, 10:20] = 9


def read(path, shape=SHAPE):
    (source,), _ = find_annotations(path)
    return read_ground_truth(source, shape, min_nuclei=3)


def refused(path, shape=SHAPE):
    with pytest.raises(OsteoCountError) as caught:
        read(path, shape)
    return str(caught.value)


def geojson(path, *features):
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    return path


def feature(kind, coordinates, **properties):
    return {"type": "Feature", "geometry": {"type": kind, "coordinates": coordinates}, "properties": properties}


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("A01_f1_cells.tif", "a01_f1"),
        ("A01_f1.ome.tif", "a01_f1"),
        ("A01_f1_cp_masks.png", "a01_f1"),
        ("A01_f1-labels.tiff", "a01_f1"),
        ("A01_f1.geojson", "a01_f1"),
        ("A01_f1_RoiSet.zip", "a01_f1"),
        ("day 3/B02.1.tif", "b02.1"),
        ("A01_f1", "a01_f1"),
        ("cells.tif", "cells"),
    ],
)
def test_the_picture_an_annotation_is_about(file, name):
    assert picture_name(file) == name


@pytest.mark.parametrize("ending", [".tif", ".png"])
def test_a_label_image_without_a_table_is_osteoclasts(tmp_path, ending):
    if ending == ".tif":
        tifffile.imwrite(tmp_path / "A.tif", LABELS)
    else:
        Image.fromarray(LABELS.astype(np.int32)).convert("I;16").save(tmp_path / "A.png")
    found = read(tmp_path)
    assert found.table["cell_id"].tolist() == [4, 9]
    assert found.table["is_osteoclast"].tolist() == [True, True]
    assert found.table["n_nuclei"].isna().all()
    assert not found.others_annotated
    assert found.notes == (f"A{ending}: no class and no nuclei, so every annotation is taken as an osteoclast.",)
    np.testing.assert_array_equal(found.labels, LABELS)


def test_a_palette_png_holds_its_indices(tmp_path):
    image = Image.fromarray(LABELS.astype(np.uint8), mode=None).convert("P")
    image.putdata(LABELS.ravel().tolist())
    image.save(tmp_path / "A.png")
    assert read(tmp_path).table["cell_id"].tolist() == [4, 9]


def test_a_mask_falls_into_its_parts(tmp_path):
    tifffile.imwrite(tmp_path / "A.tif", np.where(LABELS > 0, 255, 0).astype(np.uint8))
    found = read(tmp_path)
    assert found.table["cell_id"].tolist() == [1, 2]
    assert found.notes[0] == "A.tif: one number for all (255), so its 2 connected parts are taken as cells."


def test_a_cell_table_says_nuclei_and_class(tmp_path):
    tifffile.imwrite(tmp_path / "A_cells.tif", LABELS)
    (tmp_path / "A_cells.csv").write_text(
        "cell_id,n_nuclei,class\n4,2,\n9,5,unsure\n77,3,osteoclast\n", encoding="utf-8"
    )
    found = read(tmp_path)
    assert found.table["n_nuclei"].tolist() == [2, 5]
    assert found.table["is_osteoclast"].tolist() == [False, pd.NA]  # by the rule of three only where nothing is said
    assert found.others_annotated
    assert found.notes == ("A_cells.tif: cells of the table without pixels, left out: 77.",)


def test_one_table_for_all_pictures_and_cells_without_a_row(tmp_path):
    tifffile.imwrite(tmp_path / "A_cells.tif", LABELS)
    (tmp_path / "truth.csv").write_text("image,cell_id,is_osteoclast,counted\nA.tif,4,False,True\n", encoding="utf-8")
    found = read(tmp_path)
    assert found.table["is_osteoclast"].tolist() == [False, pd.NA]
    assert found.table["counted"].tolist() == [True, pd.NA]
    assert found.notes == (
        "A_cells.tif: cells without a row in the table: 9.",
        "A_cells.tif: annotations without class and nuclei, taken as unsure: 1.",
    )


def test_points_of_several_pictures_and_wells(tmp_path):
    (tmp_path / "points.csv").write_text(
        "well,field,x,y,class,n_nuclei\nA01,1,5,6,osteoclast,4\nA01,1,7,8,mononuclear,1\nB02,,1,2,,\n", encoding="utf-8"
    )
    sources, _ = find_annotations(tmp_path)
    assert [(source.name, source.well, source.field) for source in sources] == [
        ("a01_1", "A01", "1"),
        ("b02", "B02", ""),
    ]
    found = read_ground_truth(sources[0], SHAPE, 3)
    assert found.labels is None
    assert found.table[["cell_id", "x_px", "y_px"]].to_numpy().tolist() == [[1, 5, 6], [2, 7, 8]]
    assert found.table["is_osteoclast"].tolist() == [True, False]


def test_outlines_of_qupath(tmp_path):
    geojson(
        tmp_path / "A.geojson",
        feature("Polygon", [SQUARE], classification={"name": "Osteoclast"}, measurements={"n_nuclei": 4}),
        feature("MultiPolygon", [[[[10, 10], [20, 10], [20, 12], [10, 12]]]], classification={"name": "Mononuclear"}),
    )
    found = read(tmp_path)
    np.testing.assert_array_equal(found.labels, np.select([LABELS == 4, LABELS == 9], [1, 2]))
    assert found.table["is_osteoclast"].tolist() == [True, False]
    assert found.table["n_nuclei"].tolist()[0] == 4
    assert np.isnan(found.table["n_nuclei"].iloc[1])


def test_holes_stay_open_and_the_smaller_outline_lies_on_top(tmp_path):
    hole = [[4, 4], [5, 4], [5, 5], [4, 5]]
    small = [[2, 6], [4, 6], [4, 8], [2, 8]]
    found = read(geojson(tmp_path / "A.geojson", feature("Polygon", [small]), feature("Polygon", [SQUARE, hole])))
    assert np.bincount(found.labels.ravel())[1:].tolist() == [4, 20 - 1 - 4]
    assert found.labels[4, 4] == 0


def test_points_inside_outlines_are_nuclei(tmp_path):
    nuclei = feature("MultiPoint", [[3, 4], [4, 5], [5, 7], [25, 15]])
    found = read(geojson(tmp_path / "A.geojson", feature("Polygon", [SQUARE]), nuclei))
    assert found.table["n_nuclei"].tolist() == [3]
    assert found.table["is_osteoclast"].tolist() == [True]
    assert found.notes == ("A.geojson: points beside outlines, so the 4 points are taken as nuclei.",)


def labelme(path, *shapes):
    content = {"version": "5.4.1", "flags": {}, "shapes": [*shapes], "imagePath": "A.png"}
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def test_shapes_of_labelme(tmp_path):
    (tmp_path / "other.json").write_text("{}", encoding="utf-8")
    parts = [[[10, 10], [14, 12]], [[16, 10], [20, 12]]]
    labelme(
        tmp_path / "A.json",
        {"label": "osteoclast", "points": SQUARE, "group_id": None, "shape_type": "polygon"},
        *({"label": "other", "points": part, "group_id": 1, "shape_type": "rectangle"} for part in parts),
        {"label": "unsure", "points": [[25, 10], [25, 13]], "shape_type": "circle"},
    )
    found = read(tmp_path)
    assert np.bincount(found.labels.ravel())[1:].tolist() == [20, 32, 16]
    assert found.labels[10, 24] == 2
    assert found.labels[10, 12] == found.labels[10, 18] == 3
    assert found.table["is_osteoclast"].astype(object).where(
        found.table["is_osteoclast"].notna(), "unsure"
    ).tolist() == [True, "unsure", False]
    said = refused(labelme(tmp_path / "B.json", {"label": "cell", "points": SQUARE, "shape_type": "mask"}))
    assert "a mask of labelme is neither an outline nor points" in said


def test_rois_of_fiji(tmp_path):
    roifile = pytest.importorskip("roifile")
    square = roifile.ImagejRoi.frompoints(np.array(SQUARE[:4], float))
    small = roifile.ImagejRoi.frompoints(np.array([[10, 10], [20, 10], [20, 12], [10, 12]], float))
    square.roitype = small.roitype = roifile.ROI_TYPE.POLYGON
    with zipfile.ZipFile(tmp_path / "A_RoiSet.zip", "w") as archive:
        archive.writestr("1.roi", square.tobytes())
        archive.writestr("2.roi", small.tobytes())
    found = read(tmp_path)
    np.testing.assert_array_equal(found.labels, np.select([LABELS == 4, LABELS == 9], [1, 2]))


def test_points_of_fiji(tmp_path):
    roifile = pytest.importorskip("roifile")
    points = roifile.ImagejRoi.frompoints(np.array([[5, 6], [7.5, 8]], np.float32))
    points.roitype = roifile.ROI_TYPE.POINT
    (tmp_path / "A.roi").write_bytes(points.tobytes())
    found = read(tmp_path)
    assert found.labels is None
    assert found.table[["x_px", "y_px"]].to_numpy().tolist() == [[5, 6], [7.5, 8]]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("A.geojson", "[" * 200_000, "A.geojson: is not GeoJSON of cells"),
        ("A.geojson", "{}", "A.geojson: is not GeoJSON of cells (its structure makes no sense)"),
        ("A.geojson", '{"features": 3}', "is not GeoJSON of cells"),
        ("A.geojson", "[1, 2]", "is not GeoJSON of cells"),
        ("A.geojson", json.dumps([feature("Point", [float("nan"), 2])]), "NaN is no coordinate"),
        ("A.geojson", json.dumps([feature("Point", [1e300, 2])]), "impossible coordinates"),
        ("A.geojson", json.dumps([feature("LineString", [[1, 2], [3, 4]])]), "a LineString is neither an outline"),
        ("A.geojson", json.dumps([feature("Point", [31, 2])]), "1 of 1 points lie outside the picture of 30 × 20 px"),
        ("A.geojson", json.dumps([feature("Polygon", [[[99, 99], [120, 99], [99, 120]]])]), "outlines 1 lie outside"),
        ("A.geojson", json.dumps([feature("Polygon", [SQUARE], classification="T cell")]), "what is the class t cell?"),
        ("A.geojson", json.dumps([feature("Polygon", [SQUARE], n_nuclei="many")]), "'many' in n_nuclei is no number"),
        ("A.geojson", json.dumps([feature("Polygon", [SQUARE], n_nuclei=-4)]), "-4 nuclei cannot be"),
        ("A.csv", "x,y\n3,4\n300,4\n", "A.csv, line 3: 1 of 2 points lie outside"),
        ("A.csv", "x,y\n3,four\n", "A.csv, line 2: 'four' in y_px is no number"),
        ("A.csv", "x,y,X\n3,4,5\n", "the column x_px is there twice"),
        ("A.csv", "cell_id,x,y\n1,3,4\n1,5,5\n", "line 3: the cell_id 1 is there twice"),
        ("A.csv", "cell_id,x,y\n1.5,3,4\n", "line 2: a cell_id must be a whole number"),
        ("A.csv", "well,image,x,y\n,,3,4\n", "A.csv, line 2: no image and no well"),
        ("A.csv", "a,b\n3,4\n", "no annotation is here"),
        ("A.csv", "cell_id,x\n1,4\n", "no annotation is here"),  # half a point, found by fuzzing
        ("A.roi", "Iout but no more", "A.roi: is no ROI of cells"),
        ("A.zip", "PK no zip", "A.zip: the ROI set is damaged"),
        ("A.png", "\x89PNG", "A.png: the picture is damaged"),
        ("A.tif", "II*", "A.tif: the picture is damaged"),
        ("A.exe", "MZ", ".exe is no annotation"),
    ],
)
def test_what_is_wrong_is_said(tmp_path, name, content, message):
    if name.endswith((".roi", ".zip")):
        pytest.importorskip("roifile")
    (tmp_path / name).write_text(content, encoding="utf-8")
    assert message in refused(tmp_path / name)


def test_a_zip_bomb_is_not_unpacked(tmp_path):
    pytest.importorskip("roifile")
    with zipfile.ZipFile(tmp_path / "A.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("1.roi", b"\0" * (17 * 2**20))
    assert "unpacks to more than ROIs of one picture need" in refused(tmp_path / "A.zip")


def test_a_zip_with_a_lying_roi_is_refused(tmp_path):
    roifile = pytest.importorskip("roifile")
    roi = bytearray(roifile.ImagejRoi.frompoints(np.array(SQUARE[:4], float)).tobytes())
    roi[16:18] = struct.pack(">H", 60_000)  # more corners than the file has
    with zipfile.ZipFile(tmp_path / "A.zip", "w") as archive:
        archive.writestr("../../1.roi", bytes(roi))
    assert "is no ROI of cells" in refused(tmp_path / "A.zip")


def test_a_png_that_claims_a_terabyte_is_refused_by_its_header(tmp_path):
    head = struct.pack(">IIBBBBB", 10**6, 10**6, 8, 0, 0, 0, 0)
    chunk = b"IHDR" + head
    data = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
    (tmp_path / "A.png").write_bytes(data + struct.pack(">I", 0) + b"IDAT" + struct.pack(">I", zlib.crc32(b"IDAT")))
    assert "1000000 × 1000000 px is more than" in refused(tmp_path / "A.png")


@pytest.mark.parametrize(
    ("pixels", "message"),
    [
        (np.zeros((*SHAPE, 3), np.uint8), "20 × 30 × 3 (height × width) is not the size"),
        (
            np.zeros((10, 15), np.uint8),
            "10 × 15 (height × width) is not the size of the picture that was counted, 20 × 30",
        ),
        (np.zeros(SHAPE, np.float32), "not a label image"),
    ],
)
def test_pictures_that_are_no_labels(tmp_path, pixels, message):
    tifffile.imwrite(tmp_path / "A.tif", pixels)
    assert message in refused(tmp_path / "A.tif")


def test_a_coloured_png_is_no_label_image(tmp_path):
    Image.fromarray(np.zeros((*SHAPE, 3), np.uint8)).save(tmp_path / "A.png")
    assert "a picture in colours (RGB), not label numbers" in refused(tmp_path / "A.png")


def test_two_annotations_of_one_picture_are_refused(tmp_path):
    tifffile.imwrite(tmp_path / "A_cells.tif", LABELS)
    geojson(tmp_path / "A.geojson", feature("Polygon", [SQUARE]))
    assert "A.geojson and A_cells.tif are both about the picture 'a'" in refused(tmp_path)


def test_the_picture_itself_beside_its_annotation_is_left_aside(tmp_path):
    tifffile.imwrite(tmp_path / "A.tif", np.zeros((*SHAPE, 3), np.uint8))
    geojson(tmp_path / "A.geojson", feature("Polygon", [SQUARE]))
    sources, aside = find_annotations(tmp_path)
    assert [source.path.name for source in sources] == ["A.geojson"]
    assert [path.name for path in aside] == ["A.tif"]


def test_the_same_name_on_two_plates_in_folders(tmp_path):
    for plate in ("P1", "P2"):
        (tmp_path / plate).mkdir()
        tifffile.imwrite(tmp_path / plate / "A.tif", LABELS)
    sources, aside = find_annotations(tmp_path)
    assert [(source.plate, source.name) for source in sources] == [("P1", "a"), ("P2", "a")]
    assert aside == []


def test_files_that_say_nothing_of_cells_are_left_aside(tmp_path):
    tifffile.imwrite(tmp_path / "A_cells.tif", LABELS)
    tifffile.imwrite(tmp_path / "A_nuclei.tif", LABELS)
    (tmp_path / "wells.csv").write_text("well,count\nA01,3\n", encoding="utf-8")
    (tmp_path / "notes.txt").write_text("by Ann", encoding="utf-8")
    sources, aside = find_annotations(tmp_path)
    assert [source.name for source in sources] == ["a"]
    assert [path.name for path in aside] == ["notes.txt", "wells.csv"]


def test_nothing_there_is_said(tmp_path):
    assert "there is no such folder" in refused(tmp_path / "no")
    assert "no annotation is here" in refused(tmp_path)
