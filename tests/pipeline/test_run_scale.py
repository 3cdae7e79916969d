"""One scale for the pictures of a run that were taken alike: by rims, by mononuclear cells, by how cells look."""

from __future__ import annotations

import pytest

from osteocount.pipeline.run_scale import common_scale
from osteocount.segment.regimes.recognise import ScaleEvidence

SIZE, OTHER = (600, 800), (900, 1200)


def seen(*estimates, size=SIZE, rim=None):
    return [ScaleEvidence(size, um, 50, rim) for um in estimates]


def no_looks(sizes):
    pytest.fail("nothing was to be looked at")


def test_fields_that_resolve_nuclei_get_the_median_by_mononuclear_cells() -> None:
    found = common_scale(seen(0.7, 0.76, 0.8), None, no_looks)
    (scale,) = found.scales
    assert (scale.height, scale.width, scale.um, scale.measured) == (*SIZE, 0.76, False)
    assert "from the mononuclear cells of 3 of them (single pictures say 0.70 to 0.80)" in found.notes[0]


def test_whole_wells_get_the_median_by_how_their_cells_look() -> None:
    asked = []

    def looks(sizes):
        asked.extend(sizes)
        return [1.8, 2.0, 2.3]

    found = common_scale(seen(1.1, 1.3, 1.4), None, looks)
    assert asked == [SIZE]
    assert found.scales[0].um == pytest.approx(2.0)
    assert "from the looks of the cells of 3 of them (single pictures say 1.80 to 2.30)" in found.notes[0]


def test_where_looks_say_nothing_mononuclear_cells_do() -> None:
    assert common_scale(seen(1.3, 1.3), None, lambda sizes: []).scales[0].um == pytest.approx(1.3)


def test_a_rim_of_a_known_plate_measures() -> None:
    (scale,) = common_scale(seen(1.3, 1.3, rim=1576.0), 6.4, no_looks).scales
    assert scale.measured
    assert scale.um == pytest.approx(2.03, abs=0.001)


def test_two_cameras_get_two_scales() -> None:
    found = common_scale(seen(0.5, 0.5) + seen(1.0, 1.0, size=OTHER), None, no_looks)
    assert [(each.height, each.um) for each in found.scales] == [(600, 0.5), (900, 1.0)]
