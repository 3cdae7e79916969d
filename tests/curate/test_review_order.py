"""The order in which wells and cells are looked at: blinded, always the same; the most uncertain cells first."""

import pandas as pd

from osteocount.curate.review_order import BLINDED, blind, in_review_order, is_blinded, most_uncertain_first, reveal

WELLS = [("", f"{row}{column:02d}") for row in "ABCD" for column in range(1, 7)]


def test_the_order_is_shuffled_stays_and_comes_back(tmp_path):
    assert in_review_order(tmp_path, WELLS) == WELLS
    blind(tmp_path)
    shuffled = in_review_order(tmp_path, WELLS)
    assert is_blinded(tmp_path)
    assert shuffled != WELLS
    assert sorted(shuffled) == WELLS
    assert in_review_order(tmp_path, WELLS) == shuffled  # as after closing and opening the window
    reveal(tmp_path)
    assert not is_blinded(tmp_path)
    assert in_review_order(tmp_path, WELLS) == WELLS


def test_a_damaged_file_reveals_nothing(tmp_path):
    (tmp_path / BLINDED).write_text("{", encoding="utf-8")
    assert is_blinded(tmp_path)
    assert in_review_order(tmp_path, WELLS) != WELLS


def test_the_most_uncertain_cells_come_first_and_touched_ones_not_at_all():
    rows = [  # cell, flags, confidence, source, counted
        (1, "", 0.4, "automatic", True),
        (2, "pale_giant", 0.9, "automatic", True),
        (3, "opaque;borderline", 0.8, "automatic", True),
        (4, "borderline", 0.6, "automatic", True),
        (5, "borderline", 0.1, "edited", True),
        (6, "borderline", 0.1, "automatic", False),
        (7, None, 0.3, "automatic", True),
        (8, "", None, "automatic", True),
        (9, "", 0.5, "automatic", True),
        (10, "", 0.6, "automatic", True),
    ]
    cells = pd.DataFrame(rows, columns=["cell_id", "flags", "confidence", "source", "counted"])
    assert most_uncertain_first(cells) == [4, 3, 2, 7, 1, 8, 9, 10]  # unknown: as one half
