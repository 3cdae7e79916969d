"""The corrected tables: what was not touched stays as it was, what was touched is as the person left it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from osteocount.curate import replay
from support.edits import edit


def corrected(automatic, settings, *edits):
    """Return the corrected cells by number."""
    return replay(automatic, edits, settings).cells.set_index("cell_id")


def test_without_edits_the_tables_are_the_automatic_ones(automatic, settings):
    result = replay(automatic, (), settings)
    pd.testing.assert_frame_equal(result.cells, automatic.cells)
    pd.testing.assert_frame_equal(result.nuclei, automatic.nuclei)


def test_a_merged_cell_is_measured_as_one(automatic, settings):
    field = automatic.field()
    cells = corrected(automatic, settings, edit("merge", (field.reference(1), field.reference(2))))
    merged = cells.loc[1]
    assert (merged["area_px"], merged["area_um2"], merged["y_px"], merged["x_px"]) == (400, 100, 9.5, 24.5)
    assert (merged["n_nuclei"], merged["n_nuclei_low"], merged["n_nuclei_high"]) == (3, 3, 3)
    assert merged["is_osteoclast"]
    assert merged["trap_od_mean"] == pytest.approx(0.3)
    assert merged[["trap_od_sd", "red_od_mean"]].isna().all()
    assert (merged["flags"], merged["source"]) == ("", "edited")
    assert np.isnan(merged["confidence"])
    assert cells.loc[3, "flags"] == "pale_giant"
    assert cells.loc[3, "source"] == "automatic"


def test_a_removed_nucleus_makes_an_osteoclast_binucleate(automatic, settings):
    cell = corrected(automatic, settings, edit("remove_nucleus", points=((35, 15),))).loc[3]
    assert (cell["n_nuclei"], cell["is_osteoclast"], cell["source"]) == (2, False, "edited")
    assert (cell["trap_od_mean"], cell["trap_od_sd"], cell["red_od_mean"]) == (0.6, 0.1, 0.3)


def test_a_cell_with_a_new_outline_keeps_what_was_said_of_it(automatic, settings):
    cell = corrected(automatic, settings, edit("smooth", (automatic.field().reference(3),))).loc[3]
    assert (cell["flags"], cell["source"], cell["plate"], cell["field"]) == ("pale_giant", "edited", "p", "1")


def test_the_only_cell_of_a_picture_can_be_touched(automatic, settings):
    labels = np.where(automatic.labels == 3, automatic.labels, 0)
    alone = replace(automatic, labels=labels, cells=automatic.cells[automatic.cells["cell_id"] == 3])
    cell = corrected(alone, settings, edit("accept", (alone.field().reference(3),))).loc[3]
    assert (cell["source"], cell["image"], cell["n_nuclei"]) == ("accepted", "a.tif", 3)


def test_a_class_by_hand_wins_over_the_rule_and_is_flagged(automatic, settings):
    reference = automatic.field().reference(1)
    said = edit("set_class", (reference,), is_osteoclast=True, reason="a third nucleus lies out of focus")
    cell = corrected(automatic, settings, said).loc[1]
    assert (cell["is_osteoclast"], cell["n_nuclei"], cell["flags"]) == (True, 2, "class_by_hand")
    assert cell["by"] == "hand"


def test_an_accepted_cell_is_no_longer_borderline(automatic, settings):
    cell = corrected(automatic, settings, edit("accept", (automatic.field().reference(1),))).loc[1]
    assert (cell["n_nuclei_high"], cell["flags"], cell["source"]) == (2, "", "accepted")


def test_what_is_not_known_of_a_drawn_cell_is_empty(automatic, settings):
    square = ((40, 40), (40, 49), (49, 49), (49, 40))
    cell = corrected(automatic, settings, edit("draw", points=square)).loc[5]
    assert (cell["area_px"], cell["n_nuclei"], cell["source"], cell["well"]) == (100, 1, "drawn", "A01")
    assert np.isnan(cell["trap_od_mean"])


def test_a_cell_drawn_where_none_was_found_belongs_to_its_picture(automatic, settings):
    nothing = replace(
        automatic, labels=np.zeros_like(automatic.labels), cells=automatic.cells[:0], nuclei=automatic.nuclei[:0]
    )
    square = ((10, 10), (10, 39), (39, 39), (39, 10))
    seen = [edit("add_nucleus", points=(at,)) for at in ((15, 15), (25, 25), (35, 35))]
    result = replay(nothing, [edit("draw", points=square), *seen], settings)
    (cell,) = result.cells.to_dict("records")
    assert [cell[name] for name in ("plate", "well", "field", "image")] == ["p", "A01", "1", "a.tif"]
    assert (cell["n_nuclei"], cell["is_osteoclast"], cell["counted"]) == (3, True, True)
    assert result.nuclei["image"].tolist() == ["a.tif"] * 3


def test_where_nuclei_are_not_seen_size_decides_and_nuclei_stay_empty(automatic, settings):
    unknown = dict.fromkeys(("n_nuclei", "n_nuclei_low", "n_nuclei_high"), pd.NA)
    low = replace(automatic, nuclei_resolved=False, nuclei=automatic.nuclei.iloc[:0])
    low = replace(low, cells=low.cells.assign(**unknown, by="appearance"))
    field = low.field()
    cells = corrected(low, settings, edit("merge", (field.reference(1), field.reference(2))))
    assert cells.loc[1, "is_osteoclast"]  # 400 px, as the one osteoclast there is
    assert cells["n_nuclei"].isna().all()
    assert cells["by"].tolist() == ["size", "appearance", "appearance"]


def test_an_opaque_cell_that_a_person_accepts_has_no_number_of_nuclei(automatic, settings):
    opaque = automatic.cells["cell_id"] == 4
    unknown = {name: automatic.cells[name].astype("Int64").mask(opaque)
               for name in ("n_nuclei", "n_nuclei_low", "n_nuclei_high")}  # fmt: skip
    size = replace(automatic, cells=automatic.cells.assign(**unknown, by=automatic.cells["by"].mask(opaque, "size")))
    accepted = edit("accept", (size.field().reference(4),))
    cell = corrected(size, settings, accepted).loc[4]
    assert (cell["by"], cell["is_osteoclast"], pd.isna(cell["n_nuclei"])) == ("size", False, True)
    cell = corrected(size, settings, accepted, edit("add_nucleus", points=((27, 37),))).loc[4]
    assert (cell["by"], cell["n_nuclei"]) == ("nuclei", 1)


def test_cells_of_a_run_that_did_not_record_what_they_were_called_by_are_corrected_too(automatic, settings):
    old = replace(automatic, cells=automatic.cells.drop(columns="by"))
    cells = corrected(old, settings, edit("remove_nucleus", points=((35, 15),)))
    assert "by" not in cells
    assert cells.loc[3, "n_nuclei"] == 2
