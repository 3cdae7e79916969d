"""Low power: large bodies are called, nuclei are never made up."""

from __future__ import annotations

import pytest

from osteocount.segment import get_segmenter
from osteocount.settings import Settings
from support.pictures import low_power_well, picture


def segment(pixels, settings=None, **how):
    return get_segmenter(settings or Settings()).segment(picture(pixels, **how))


def test_low_power_calls_the_large_bodies_and_counts_no_nuclei():
    found = segment(low_power_well(), um=2.5)
    assert found.regime == "low_power"
    assert not found.nuclei_resolved
    assert found.nuclei.max() == 0
    assert len(found.nuclei_table) == 0
    large = set(found.cell_table.cell_id[found.cell_table.is_large])
    assert large == {int(found.cells[300, 150]), int(found.cells[400, 380])}
    assert found.cell_table.n_nuclei_low.isna().all()


def test_an_estimated_scale_is_said():
    found = segment(low_power_well(), um=None)
    assert found.regime == "low_power"
    assert any("pixel size is unknown" in w for w in found.warnings)
    assert "estimated" in found.record["analysed_um_per_px_origin"]


@pytest.mark.parametrize(
    ("segmenter", "said"),
    [
        ("learned", "three of four were found, and one of four calls was wrong"),
        ("classical", "one in six was found"),
    ],
)
def test_a_reader_is_told_how_well_calls_held_on_wells_of_others(segmenter, said) -> None:
    found = segment(low_power_well(), Settings.model_validate({"segment": {"segmenter": segmenter}}), um=2.0)
    assert any("nuclei are not resolved" in w and said in w and "by hand" in w for w in found.warnings)
