"""Blinded review: another order, always the same, until it is finished."""

from osteocount.curate.review_order import BLINDED, blind, in_review_order, is_blinded, reveal

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
