"""Candidate nuclei drawn in their cells."""

from __future__ import annotations

import numpy as np

from osteocount.segment.candidate_nuclei import draw_candidates


def test_the_stronger_of_two_candidates_takes_what_both_want_and_each_keeps_its_centre_and_its_cell():
    contrast = np.full((9, 12), 0.6, np.float32)
    contrast[4, 3], contrast[4, 5] = 0.7, 1.0
    cells = np.ones((9, 12), np.int32)
    cells[:, 6:] = 2
    spots = draw_candidates(contrast, cells, np.array([4, 4]), np.array([3, 5]), np.array([0.9, 0.9], np.float32), 1.6)
    assert spots.labels[4].tolist() == [0, 1, 1, 1, 2, 2, 0, 0, 0, 0, 0, 0]
    assert spots.labels[:, 6:].max() == 0


def test_candidates_at_the_corners_of_a_picture_are_drawn_as_far_as_it_goes():
    flat = np.ones((5, 7), np.float32)
    y, x = np.array([0, 4]), np.array([0, 6])
    labels = draw_candidates(flat, flat.astype(np.int32), y, x, np.ones(2, np.float32), 1.0).labels
    assert labels.tolist() == [
        [1, 1, 0, 0, 0, 0, 0],
        [1, 0, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0, 2],
        [0, 0, 0, 0, 0, 2, 2],
    ]
