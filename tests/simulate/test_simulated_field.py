"""The truth of a simulated field must be true."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from osteocount.errors import OsteoCountError
from osteocount.io.label_image import read_labels
from osteocount.io.read import read_picture
from osteocount.simulate import Densities, FieldDesign, SimulatedField, simulate_field, write_field

SMALL = FieldDesign(width=320, height=256, densities=Densities(osteoclast=60))


@pytest.fixture(scope="module")
def field() -> SimulatedField:
    return simulate_field(FieldDesign(width=700, height=520, densities=Densities(osteoclast=40)), 5)


def check_consistent(field: SimulatedField) -> None:
    """Check what must hold of every field."""
    truth, nuclei = field.truth, field.nuclei_truth
    assert truth["cell_id"].tolist() == list(range(1, int(field.cells.max()) + 1))
    assert np.array_equal(np.bincount(field.cells.ravel(), minlength=len(truth) + 1)[1:], truth["area_px"])
    assert (truth["area_px"] > 0).all()
    assert nuclei["nucleus_id"].tolist() == list(range(1, int(field.nuclei.max()) + 1))
    assert np.array_equal(np.bincount(nuclei["cell_id"], minlength=len(truth) + 1)[1:], truth["n_nuclei"])
    for number, cell in zip(nuclei["nucleus_id"], nuclei["cell_id"], strict=True):
        assert set(np.unique(field.cells[field.nuclei == number])) == {cell}
    assert (truth["n_nuclei"] <= truth["n_nuclei_made"]).all()
    assert (truth["is_osteoclast"] == (truth["n_nuclei"] >= 3)).all()
    large = truth["class"].isin(["osteoclast", "pale_giant"])
    assert (truth.loc[large, "n_nuclei_made"] >= 3).all()
    assert (truth.loc[truth["class"] == "binucleate", "n_nuclei_made"] == 2).all()
    assert (truth.loc[~large & (truth["class"] != "binucleate"), "n_nuclei_made"] == 1).all()
    first = np.concatenate([field.cells[0], field.cells[:, 0]])
    assert set(truth.loc[~truth["counted"], "cell_id"]) == set(np.unique(first[first > 0]).tolist())


@settings(max_examples=8, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**31), pixel_size=st.sampled_from([0.3, 0.5, 0.76, 1.2]))
def test_truth_table_labels_and_nuclei_agree(seed: int, pixel_size: float) -> None:
    check_consistent(simulate_field(SMALL.replace(pixel_size=pixel_size), seed))


def test_labels_are_in_raster_order_of_their_first_pixel(field: SimulatedField) -> None:
    for labels in (field.cells, field.nuclei):
        values, first = np.unique(labels[labels > 0], return_index=True)
        assert (np.diff(first) > 0).all()
        assert values[0] == 1


def test_the_same_seed_gives_the_same_field_and_another_seed_another() -> None:
    one, again, other = simulate_field(SMALL, 1), simulate_field(SMALL, 1), simulate_field(SMALL, 2)
    assert np.array_equal(one.picture, again.picture)
    assert np.array_equal(one.cells, again.cells)
    assert one.truth.equals(again.truth)
    assert not np.array_equal(one.picture, other.picture)


def test_types_and_shapes(field: SimulatedField) -> None:
    assert field.picture.shape == (520, 700, 3)
    assert field.picture.dtype == np.uint8
    assert field.cells.dtype == field.nuclei.dtype == np.uint32
    assert field.cells.shape == field.nuclei.shape == (520, 700)


def test_nuclei_of_osteoclasts_are_paler_in_green_than_their_cytoplasm(field: SimulatedField) -> None:
    dense = field.truth[(field.truth["class"] == "osteoclast") & field.truth["is_osteoclast"]]
    assert len(dense) >= 3
    far = ndimage.distance_transform_edt(field.nuclei == 0)
    for cell in dense["cell_id"]:
        mine = field.cells == cell
        nuclei, cytoplasm = field.od[mine & (field.nuclei > 0)], field.od[mine & (far > 2) & (far < 6)]
        assert np.median(nuclei[:, 1]) < np.median(cytoplasm[:, 1]) - 0.02
        # Bluish: against green, nuclei take more red light than the cytoplasm does.
        assert np.median(nuclei[:, 0] / nuclei[:, 1]) > np.median(cytoplasm[:, 0] / cytoplasm[:, 1]) + 0.05


def test_colours_lie_where_real_pictures_have_them(field: SimulatedField) -> None:
    large = np.isin(field.cells, field.truth.loc[field.truth["is_osteoclast"], "cell_id"])
    red, green, blue = field.od[large & (field.nuclei == 0)].mean(0)
    assert 1.15 < green / red < 1.4
    assert 0.65 < blue / red < 0.9
    red, green, blue = field.od[large & (field.nuclei > 0)].mean(0)
    assert 0.2 < red < 0.45
    assert 0.15 < green < 0.48
    assert 0.1 < blue < 0.25


def test_cells_are_darker_than_the_plastic(field: SimulatedField) -> None:
    grey = field.picture[..., 1].astype(float)
    assert grey[field.cells > 0].mean() + 40 < grey[field.cells == 0].mean()


@pytest.mark.parametrize("pixel_size", [0.4, 0.76, 1.2])
def test_cells_keep_their_size_in_um_at_every_pixel_size(pixel_size: float) -> None:
    densities = Densities(round=250, spindle=0, mononuclear_large=0, binucleate=0, osteoclast=0, refractile=0)
    width, height = round(500 / pixel_size), round(400 / pixel_size)
    truth = simulate_field(FieldDesign(width=width, height=height, pixel_size=pixel_size, densities=densities), 3).truth
    whole = truth[truth["flags"].isin(["", "opaque"])]
    diameter = 2 * np.sqrt(whole["area_px"] * pixel_size**2 / np.pi)
    assert 10.0 < diameter.mean() < 13.0


def test_an_empty_field_has_empty_tables() -> None:
    nothing = Densities(round=0, spindle=0, mononuclear_large=0, binucleate=0, osteoclast=0, refractile=0)
    field = simulate_field(SMALL.replace(densities=nothing), 0)
    assert len(field.truth) == len(field.nuclei_truth) == 0
    assert not field.cells.any()
    assert list(field.nuclei_truth.columns) == ["nucleus_id", "cell_id", "y_px", "x_px"]


def test_a_clump_is_of_several_cells_that_touch_and_no_osteoclast() -> None:
    others = dict.fromkeys(("round", "spindle", "mononuclear_large", "binucleate", "osteoclast", "refractile"), 0)
    design = SMALL.replace(densities=Densities(clump=120, debris=0, fibre=0, **others))
    field = simulate_field(design, 4)
    bodies, n_bodies = ndimage.label(field.cells > 0, structure=np.ones((3, 3)))
    cells_in = [len(np.unique(field.cells[bodies == body])) for body in range(1, n_bodies + 1)]
    assert max(cells_in) >= 2
    assert field.truth["n_nuclei_made"].eq(1).all()
    assert not field.truth["is_osteoclast"].any()


def test_a_written_field_is_read_back_with_its_pixel_size(tmp_path, field: SimulatedField) -> None:
    write_field(field, tmp_path / "A01_f1.tif", truth=tmp_path / "truth")
    picture = read_picture(tmp_path / "A01_f1.tif")
    assert picture.kind == "rgb"
    assert picture.pixel_size.um == pytest.approx(0.76, rel=1e-4)
    assert np.abs(picture.pixels.astype(float) - field.picture).mean() < 3
    assert np.array_equal(read_labels(tmp_path / "truth" / "A01_f1_cells.tif"), field.cells)
    assert np.array_equal(read_labels(tmp_path / "truth" / "A01_f1_nuclei.tif"), field.nuclei)
    once = (tmp_path / "A01_f1.tif").read_bytes()
    write_field(field, tmp_path / "A01_f1.tif")
    assert (tmp_path / "A01_f1.tif").read_bytes() == once


def test_png_is_without_loss_and_other_endings_are_refused(tmp_path, field: SimulatedField) -> None:
    write_field(field, tmp_path / "x.png")
    assert np.array_equal(read_picture(tmp_path / "x.png").pixels, field.picture)
    with pytest.raises(OsteoCountError, match=r"x\.bmp: a simulated picture is written as \.tif or \.png"):
        write_field(field, tmp_path / "x.bmp")
