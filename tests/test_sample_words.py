"""What one sample is called."""

from __future__ import annotations

import pytest

from osteocount.sample_words import in_words_of, sample_word


@pytest.mark.parametrize(
    ("names", "word"),
    [
        (["A01", "B12"], "well"), ([], "well"), (["", ""], "well"), (["D1 vehicle dish 1", "D1 IL-32 dish 2"], "dish"),
        (["slide1/a", "Slide 2/b"], "slide"), (["coverslip_1", "cover slip 2"], "coverslip"),
        (["D1/IL-32/img1"], "sample"),
        (["chamber 1", "chamber 2", "A01"], "chamber"), (["slide 1", "x", "y"], "sample"), (["Schale 1"], "dish"),
        (["A01", "D1/img1"], "sample"), (["radish 1"], "sample"), (["bone slice 3"], "slide"),
    ],
)  # fmt: skip
def test_the_word_comes_from_the_names(names, word):
    assert sample_word(names) == word


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Every well, 3 wells.", "Every dish, 3 dishes."), ("Wells are replicates", "Dishes are replicates"),
        ("see wells.csv", "see wells.csv"), ("found less well, as well", "found less well, as well"),
        ("a 6-well plate", "a 6-well plate"), ("the well's rim; a well.", "the dish's rim; a dish."),
    ],
)  # fmt: skip
def test_sentences_about_wells_speak_of_dishes(text, said):
    assert in_words_of("dish", text) == said
    assert in_words_of("well", text) == text
