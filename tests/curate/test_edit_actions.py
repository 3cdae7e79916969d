"""Every kind of edit on four cells whose truth can be read off, and undo of any of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as limits
from hypothesis import strategies as st

from osteocount.curate import CellRef, apply_edit, effective, replay
from support.edits import edit


def areas(field):
    """Return the area of every cell."""
    numbers, counts = np.unique(field.labels[field.labels > 0], return_counts=True)
    return dict(zip(numbers.tolist(), counts.tolist(), strict=True))


def nuclei(field):
    """Return how many nuclei every cell has."""
    cells = [n.cell_id for n in field.nuclei.values()]
    return {cell: cells.count(cell) for cell in sorted(set(cells))}


START = {1: 200, 2: 200, 3: 400, 4: 16}
START_NUCLEI = {0: 1, 1: 2, 2: 1, 3: 3}
HORIZONTAL = ((35.0, 0.0), (35.0, 30.0))
SLANTED = ((20.0, 0.0), (50.0, 30.0))
SQUARE = ((40.0, 40.0), (40.0, 49.0), (49.0, 49.0), (49.0, 40.0))


@pytest.mark.parametrize(
    ("kind", "cells", "more", "expected", "expected_nuclei"),
    [
        ("merge", (1, 2), {}, {1: 400, 3: 400, 4: 16}, {0: 1, 1: 3, 3: 3}),
        ("merge", (2, 1), {}, {2: 400, 3: 400, 4: 16}, {0: 1, 2: 3, 3: 3}),
        ("delete", (1,), {}, {2: 200, 3: 400, 4: 16}, {0: 3, 2: 1, 3: 3}),
        ("delete", (1, 4), {}, {2: 200, 3: 400}, {0: 3, 2: 1, 3: 3}),
        ("split_line", (3,), {"points": HORIZONTAL}, START | {3: 220, 5: 180}, START_NUCLEI),
        ("split_line", (3,), {"points": SLANTED}, START | {3: 210, 5: 190}, {0: 1, 1: 2, 2: 1, 3: 2, 5: 1}),
        ("split_nuclei", (1,), {}, START | {1: 110, 5: 90}, {0: 1, 1: 1, 2: 1, 3: 3, 5: 1}),
        ("draw", (), {"points": SQUARE}, START | {5: 100}, {1: 2, 2: 1, 3: 3, 5: 1}),
        ("accept", (1,), {}, START, START_NUCLEI),
        ("set_class", (4,), {"is_osteoclast": True, "reason": "nuclei out of focus"}, START, START_NUCLEI),
        ("add_nucleus", (), {"points": ((27, 37),)}, START, START_NUCLEI | {4: 1}),
        ("add_nucleus", (), {"points": ((0, 0),)}, START, START_NUCLEI | {0: 2}),
        ("remove_nucleus", (), {"points": ((34, 16),)}, START, START_NUCLEI | {3: 2}),
        ("move_nucleus", (), {"points": ((10, 30), (26, 36))}, START, {0: 1, 1: 2, 3: 3, 4: 1}),
    ],
)
def test_an_edit_does_what_it_says_and_can_be_taken_back(scene, kind, cells, more, expected, expected_nuclei):
    change = apply_edit(scene, edit(kind, tuple(scene.reference(cell) for cell in cells), **more))
    assert areas(scene) == expected
    assert nuclei(scene) == expected_nuclei
    scene.commit(change.reversed())
    assert (areas(scene), nuclei(scene), scene.marks) == (START, START_NUCLEI, {})


@pytest.mark.parametrize(
    ("kind", "cells", "more"),
    [
        ("split_line", (3,), {"points": ((35, 0), (35, 10))}),  # ends inside the cell
        ("split_line", (3,), {"points": ((0, 0), (1, 1))}),  # misses it
        ("split_nuclei", (2,), {}),  # one nucleus only
        ("draw", (), {"points": ((6, 6), (6, 9), (9, 9))}),  # all of it is taken
        ("draw", (), {"points": ((-50, -50), (-40, -50), (-40, -40))}),
        ("add_nucleus", (), {"points": ((500, 500),)}),
        ("remove_nucleus", (), {"points": ((20, 55),)}),
        ("smooth", (), {"cells": (CellRef(cell_id=9, y=20, x=55, area_px=5),)}),
    ],
)
def test_an_edit_with_nothing_to_act_on_changes_nothing(scene, kind, cells, more):
    more = {"cells": tuple(scene.reference(cell) for cell in cells)} | more
    assert apply_edit(scene, edit(kind, **more)) is None
    assert (areas(scene), nuclei(scene)) == (START, START_NUCLEI)


def test_smoothing_rounds_corners_and_fills_holes_but_takes_nothing_from_a_neighbour(scene):
    scene.labels[10, 10] = 0
    neighbour = scene.labels == 2
    assert apply_edit(scene, edit("smooth", (scene.reference(1),))) is not None
    assert scene.labels[10, 10] == 1
    assert scene.labels[5, 5] == 0
    np.testing.assert_array_equal(scene.labels == 2, neighbour)


def test_edits_find_their_cells_after_another_segmentation(automatic, settings):
    """The cells have other numbers and slightly other outlines now; one is gone, one became ten times larger."""
    field = automatic.field()
    edits = [
        edit("merge", (field.reference(1), field.reference(2))),
        edit("accept", (field.reference(3),)),
        edit("delete", (field.reference(4),)),
    ]
    other = np.zeros_like(automatic.labels)
    other[6:15, 5:25], other[5:15, 25:44] = 7, 3
    other[22:34, 30:48] = 1
    cells = automatic.cells.iloc[:3].assign(cell_id=[7, 3, 1])
    nuclei = automatic.nuclei.assign(cell_id=automatic.nuclei["cell_id"].map({1: 7, 2: 3}).astype("Int64"))
    from dataclasses import replace

    result = replay(replace(automatic, labels=other, cells=cells, nuclei=nuclei), edits, settings)
    assert [one.kind for one in result.unapplied] == ["accept", "delete"]
    assert result.cells["cell_id"].tolist() == [1, 7]
    assert result.cells["n_nuclei"].tolist() == [0, 3] or result.cells.set_index("cell_id")["n_nuclei"][7] == 3


@st.composite
def sessions(draw):
    """Return a person's clicks: what to do, where, and when to undo or redo."""
    kinds = ["merge", "split_nuclei", "delete", "accept", "smooth", "add_nucleus", "remove_nucleus", "undo", "redo"]
    steps = st.tuples(st.sampled_from(kinds), st.integers(0, 49), st.integers(0, 59), st.integers(0, 5))
    return draw(st.lists(steps, max_size=25))


@given(sessions())
@limits(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_a_replayed_log_is_what_the_person_saw(automatic, settings, session):
    field, log, done, undone = automatic.field(), [], [], []
    for kind, y, x, pick in session:
        if kind == "undo" and done:
            one, change = done.pop()
            field.commit(change.reversed())
            undone.append((one, change))
            log.append(edit("undo", of=one.id))
        elif kind == "redo" and undone:
            one, change = undone.pop()
            field.commit(change)
            done.append((one, change))
            log.append(edit("redo", of=one.id))
        elif kind not in ("undo", "redo"):
            present = sorted(areas(field))
            chosen = [present[(pick + n) % len(present)] for n in range(2 if kind == "merge" else 1)] if present else []
            try:
                one = edit(kind, tuple(field.reference(cell) for cell in chosen), points=((y, x),))
            except ValueError:
                continue
            change = apply_edit(field, one)
            if change is not None:
                done.append((one, change))
                undone.clear()
                log.append(one)
    result = replay(automatic, effective(log), settings)
    np.testing.assert_array_equal(result.labels, field.labels)
    assert result.unapplied == ()
    seen = automatic.nuclei.iloc[:0] if not field.nuclei else result.nuclei
    assert seen["nucleus_id"].tolist() == sorted(field.nuclei)
