"""A picture in tiles gives the cells of the picture at once, wherever the seams lie."""

from __future__ import annotations

from functools import cache, partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from osteocount.io.read import read_picture
from osteocount.io.tiled_image import InMemoryImage
from osteocount.segment.backends.shipped import CellModel, shipped_model
from osteocount.segment.detectors.classical import ClassicalDetector
from osteocount.segment.detectors.learned import LearnedDetector
from osteocount.segment.preprocess.analysed_area import EVERYTHING, AnalysedArea
from osteocount.segment.preprocess.scale import resample, working_scale
from osteocount.segment.preprocess.unimaged import UnimagedArea
from osteocount.segment.preprocess.well_mask import Circle
from osteocount.segment.regimes.brightfield import BrightfieldImage, segment_brightfield, stain_brightfield
from osteocount.segment.tiling.tiles import Box, Tiling, samples, tiles
from osteocount.settings import Settings
from osteocount.simulate import FieldDesign, simulate_field
from support.pictures import canvas, ellipse, nucleus, osteoclast, photograph, picture, round_cells

REAL = Path(__file__).parents[4] / "shared" / "real" / "brightfield_20x.png"
WHOLE = 10**6
GIANT = (420, 700)


@pytest.fixture(scope="module")
def culture():
    """Osteoclasts on the seams and corners of tiles of 512, small cells, and a giant larger than any halo."""
    od = canvas(1100, 1500)
    random = np.random.default_rng(5)
    for y, x in random.integers((640, 20), (1080, 1480), (60, 2)):
        round_cells(od[y - 12 : y + 12, x - 12 : x + 12], [(12, 12)])
    for y, x in ((512, 200), (200, 512), (512, 512), (1024, 1024), (512, 1024), (60, 1460), (1060, 40)):
        osteoclast(od[y - 40 : y + 40, x - 40 : x + 40], (40, 40), nuclei=4)
    giant = od[GIANT[0] - 45 : GIANT[0] + 45, 360:1040]
    giant[:] = 0
    ellipse(giant, (45, 340), (40, 330), 0.6)
    for k in range(9):
        nucleus(giant, (45, 60 + 70 * k))
    return picture(photograph(od))


def drawn(found):
    rows, columns = (np.arange(side) for side in found.shape)
    return found.labels.draw_cells(rows, columns), found.labels.draw_nuclei(rows, columns)


@pytest.fixture(scope="module")
def simulated():
    """A crowded culture with all that is lifelike about it: texture, debris, uneven light."""
    field = simulate_field(FieldDesign(width=1300, height=1150, pixel_size=0.76), 3)
    return picture(field.picture)


@cache
def detector_of(kind, um):
    scale = working_scale(um, "given")
    return (
        ClassicalDetector(scale, Settings())
        if kind == "classical"
        else LearnedDetector(shipped_model(), scale, Settings())
    )


def tiled(made, core, offset=(0, 0), um=0.76, area=EVERYTHING, kind="classical", scratch=None, at_once=1):
    detector = detector_of(kind, um)
    field = field_of(made, um, detector, area, tile_side=core, offset=offset, at_once=at_once)
    return segment_brightfield(field, Settings(), {}, scratch=scratch)


def field_of(made, um, detector, area=EVERYTHING, **how):
    return BrightfieldImage(InMemoryImage(made), area, working_scale(um, "given"), detector, **how)


def assert_same(found, whole):
    for ours, theirs in zip(drawn(found), drawn(whole), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    pd.testing.assert_frame_equal(found.cell_table, whole.cell_table, check_exact=True)
    pd.testing.assert_frame_equal(found.nuclei_table, whole.nuclei_table, check_exact=True)
    assert found.record == whole.record


@pytest.fixture(scope="module")
def at_once(request):
    """What a picture without seams gives; each is worked on once for all tests."""

    @cache
    def segmented(name, um, kind="classical"):
        return tiled(request.getfixturevalue(name), WHOLE, um=um, kind=kind)

    return segmented


@pytest.mark.parametrize(
    ("core", "offset"), [(512, (0, 0)), (512, (511, 1)), (1024, (0, 0)), (1024, (433, 717)), (2048, (301, 903))]
)
@pytest.mark.parametrize("um", [0.76, 0.5, 0.95])
def test_the_seams_change_nothing(culture, at_once, core, offset, um):
    whole = at_once("culture", um)
    assert len(whole.cell_table) > 40
    assert_same(tiled(culture, core, offset, um), whole)


def test_threads_change_nothing(culture, simulated, at_once):
    scale = working_scale(0.76, "given")
    for name, made in (("culture", culture), ("simulated", simulated)):
        shared = ClassicalDetector(scale, Settings(), threads=3)
        field = field_of(made, 0.76, shared, tile_side=700, at_once=2)
        assert_same(segment_brightfield(field, Settings(), {}), at_once(name, 0.76))


@pytest.mark.parametrize(
    ("core", "offset", "um"), [(512, (511, 1), 0.76), (1024, (433, 717), 0.5), (2048, (301, 903), 0.95)]
)
def test_the_seams_change_nothing_for_the_network(culture, at_once, core, offset, um):
    whole = at_once("culture", um, "learned")
    assert len(whole.cell_table) > 40
    assert_same(tiled(culture, core, offset, um, kind="learned"), whole)


@pytest.mark.parametrize("kind", ["classical", "learned"])
@pytest.mark.parametrize(("core", "offset"), [(512, (77, 300)), (1024, (1000, 129))])
def test_the_seams_change_nothing_in_a_crowded_culture(simulated, at_once, kind, core, offset):
    whole = at_once("simulated", 0.76, kind)
    assert len(whole.cell_table) > 200
    assert_same(tiled(simulated, core, offset, kind=kind), whole)


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(core=st.integers(260, 900), down=st.integers(0, 900), along=st.integers(0, 900))
def test_no_seam_anywhere_changes_anything(culture, at_once, core, down, along):
    assert_same(tiled(culture, core, (down, along)), at_once("culture", 0.76))


@pytest.mark.parametrize(("killed_at", "threads"), [(1, 1), (2, 1), (5, 2), (9, 2)])
def test_a_run_killed_between_tiles_goes_on_from_there(culture, at_once, tmp_path, monkeypatch, killed_at, threads):
    def run(scratch):
        return tiled(culture, 400, (0, 130), scratch=scratch, at_once=threads)

    work, done = BrightfieldImage._of_tile, []

    def dies(self, tiling, tile):
        if len(done) == killed_at:
            raise KeyboardInterrupt
        done.append(tile)
        return work(self, tiling, tile)

    monkeypatch.setattr(BrightfieldImage, "_of_tile", dies)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "tiles")
    before, killed_at = list(done), None
    assert_same(run(tmp_path / "tiles"), at_once("culture", 0.76))
    assert len(set(done)) == len(done)  # no tile twice, those from before among them
    assert len(done) > len(before)


def test_a_damaged_tile_is_worked_on_again(culture, tmp_path):
    def run():
        return tiled(culture, 700, scratch=tmp_path)

    whole = run()
    files = sorted(tmp_path.iterdir())
    files[0].write_bytes(b"half a file")
    files[1].write_bytes(b"")
    assert_same(run(), whole)


def test_a_giant_larger_than_tile_and_halo_is_one_cell_with_all_its_nuclei(culture):
    found = tiled(culture, 300, (0, 150))
    label = one_giant(found)
    assert (found.nuclei_table.cell_id == label).sum() == 9


def test_a_giant_larger_than_tile_and_halo_is_one_cell_to_the_network_too(culture):
    giant = picture(culture.pixels[320:520, 300:1100])
    whole, found = (tiled(giant, core, (0, 150), kind="learned") for core in (WHOLE, 300))
    one_giant(found, 320, 300)
    assert_same(found, whole)


def one_giant(found, top=0, left=0):
    """Return the one label all along the giant of a part of the culture."""
    cells, _ = drawn(found)
    (label,) = {int(cells[GIANT[0] + 20 - top, x - left]) for x in range(420, 990, 60)}
    assert label > 0
    return label


def test_what_lies_outside_the_well_is_not_found_in_tiles_either(culture):
    area = AnalysedArea(Circle(750.0, 550.0, 500.0), UnimagedArea(np.array([[0, 600, 700, 900]]), (205, 205, 205)))
    whole, found = tiled(culture, WHOLE, area=area), tiled(culture, 512, (77, 5), area=area)
    assert_same(found, whole)
    inside = found.analysed_at(np.arange(1100), np.arange(1500))
    assert not drawn(found)[0][~inside].any()


@pytest.mark.skipif(not REAL.exists(), reason="the real pictures are not here")
@pytest.mark.parametrize("kind", ["classical", "learned"])
def test_a_real_picture_in_tiles(kind):
    real = read_picture(REAL, pixel_size_um=0.76)
    assert_same(tiled(real, 512, (301, 99), kind=kind), tiled(real, WHOLE, kind=kind))


def test_the_parts_hold_every_cell_once(culture):
    found = tiled(culture, 512, (100, 200))
    whole, _ = drawn(found)
    area = np.zeros(len(found.cell_table) + 1, np.int64)
    for image, (top, left) in found.labels.crops():
        shown = whole[top : top + image.shape[0], left : left + image.shape[1]]
        assert (shown[image > 0] == image[image > 0]).all()
        area += np.bincount(image.ravel(), minlength=area.size)
    assert area[1:].tolist() == np.bincount(whole.ravel())[1:].tolist()


@pytest.mark.parametrize("um", [0.76, 0.5])
def test_whole_images_are_the_drawing_of_everything(culture, um):
    tiles_of_it = tiled(culture, 512, (100, 200), um=um)
    held = segment_brightfield(field_of(culture, um, detector_of("classical", um)), Settings(), {}, whole=True)
    assert (held.labels.in_memory, tiles_of_it.labels.in_memory) == (True, False)
    assert_same(held, tiles_of_it)
    for ids in (np.zeros(0, np.int64), held.cell_table.cell_id.to_numpy()[::3]):
        some = held.only_cells(ids)
        assert np.unique(some.cells)[1:].tolist() == ids.tolist()
        np.testing.assert_array_equal(tiles_of_it.only_cells(ids).cells, some.cells)


@pytest.mark.parametrize("um", [0.76, 0.5])
def test_the_stain_alone_is_that_of_a_picture_with_its_cells(um):
    pixels = simulate_field(FieldDesign(width=4300, height=300, pixel_size=0.76), 5).picture
    counted, stained = (
        how(field_of(picture(pixels), um, detector_of("classical", um)), Settings(), {})
        for how in (partial(segment_brightfield, whole=True), stain_brightfield)
    )
    np.testing.assert_array_equal(stained.trap_od, counted.trap_od)
    assert (stained.record, stained.warnings) == (counted.record, counted.warnings)
    assert len(counted.cell_table) > 10 > len(stained.cell_table) == stained.cells.max()


@pytest.mark.parametrize("zoom", [0.5, 42 / 64, 1.25])
def test_blocks_of_a_picture_are_resampled_as_in_the_whole(zoom):
    pixels = np.random.default_rng(0).integers(0, 255, (1300, 1100, 3), dtype=np.uint8)
    whole = resample(pixels, zoom)
    assert whole.shape[:2] == (round(1300 * zoom), round(1100 * zoom))
    part = resample(pixels[512:], zoom)
    skipped = 512 if zoom > 1 else 0  # enlarging looks at what is around a block
    np.testing.assert_array_equal(part[int(skipped * zoom) :], whole[int((512 + skipped) * zoom) :])


@given(st.integers(1, 3000), st.integers(1, 3000), st.integers(64, 2048), st.integers(0, 5000), st.integers(0, 5000))
@settings(max_examples=40)
def test_tiles_cover_a_picture_once(height, width, core, down, along):
    cut = tiles((height, width), core, (down, along))
    assert sum(area(tile) for tile in cut) == height * width
    assert all(area(tile) <= (core + 64) ** 2 for tile in cut)


@pytest.mark.parametrize(
    ("shape", "largest"), [((2080, 2080), 1088 * 2080), ((2560, 1960), 1280 * 1960), ((100, 60000), 100 * 30016)]
)
def test_tiles_are_few_and_none_is_a_sliver(shape, largest):
    sizes = [area(tile) for tile in tiles(shape)]
    assert max(sizes) == largest
    assert len(sizes) == 2
    assert min(sizes) > 0.9 * largest


def area(box):
    return (box.bottom - box.top) * (box.right - box.left)


@pytest.mark.parametrize("shape", [(2049, 2049), (2080, 2080), (500, 9000), (16607, 17481)])
def test_samples_of_a_large_picture_lie_in_it_and_are_half_of_it_at_most(shape):
    boxes = samples(shape)
    assert 3 <= len(boxes) <= 5
    assert all(0 <= b.top < b.bottom <= shape[0] and 0 <= b.left < b.right <= shape[1] for b in boxes)
    assert sum(area(box) for box in boxes) <= 0.6 * shape[0] * shape[1]


def test_the_network_sees_every_pixel_of_a_picture_once(monkeypatch):
    """Also of one that is not worked on as a whole, whose stains are told by samples: above 2048 × 2048 pixels."""
    monkeypatch.setattr("osteocount.segment.tiling.tiles.TILE_SIDE", 300)
    asked, fill = [], CellModel.fill

    def counted(self, logits, *given):
        asked.append(logits[0].size)
        fill(self, logits, *given)

    monkeypatch.setattr(CellModel, "fill", counted)
    field = picture(simulate_field(FieldDesign(width=900, height=330, pixel_size=0.76), 3).picture)
    tiled(field, 300, kind="learned")
    assert len(asked) >= 2
    assert sum(asked) <= 1.1 * 900 * 330


def test_a_window_has_room_around_its_tile_and_begins_on_the_grid():
    tiling = Tiling((5000, 6000), 122)
    window = tiling.window(Box(2000, 2500, 1000, 1500))
    assert window.top % 64 == window.left % 64 == 0
    assert window.holds(Box(2000, 2500, 1000, 1500), 250, (5000, 6000))
    assert tiling.window(Box(0, 500, 5500, 6000)).right == 6000
