"""True cells beside ours: which is which, by overlap or by a point, and the tables that every figure follows from."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from osteocount.errors import OsteoCountError

LEAST_IOU = 0.5
"""At this overlap and above, a cell has one partner at most (a tie at exactly 0.5 aside)."""


def outline_pairs(truth: npt.NDArray[np.integer], ours: npt.NDArray[np.integer]) -> pd.DataFrame:
    """Pair the labels of two images that cover each other at an intersection over union of 0.5 or more.

    Parameters
    ----------
    truth, ours : ndarray of int, (y, x)
        Label images of the same size; 0 is background. Memory grows with the cells' pixels, not with their numbers.

    Returns
    -------
    DataFrame
        ``true_id, our_id`` (int64), ``iou`` (float), every id once at most, sorted by ``true_id``.

    Raises
    ------
    OsteoCountError
        The images differ in size.
    """
    if truth.shape != ours.shape:
        raise OsteoCountError(
            f"Label images of {truth.shape} and {ours.shape} pixels (y, x) cannot be matched: they must show the "
            "same picture at the same size."
        )
    both = (truth > 0) & (ours > 0)
    # Labels have 32 bits at most, so one number holds a pair.
    codes, shared = np.unique((truth[both].astype(np.uint64) << 32) | ours[both].astype(np.uint64), return_counts=True)
    true_ids, our_ids = (codes >> 32).astype(np.int64), (codes & (2**32 - 1)).astype(np.int64)
    areas = [dict(zip(*np.unique(labels, return_counts=True), strict=True)) for labels in (truth, ours)]
    union = [areas[0][t] + areas[1][o] - n for t, o, n in zip(true_ids, our_ids, shared, strict=True)]
    pairs = pd.DataFrame({"true_id": true_ids, "our_id": our_ids, "iou": shared / np.array(union, float)})
    pairs = pairs[pairs["iou"] >= LEAST_IOU].sort_values("iou", ascending=False, kind="stable")
    pairs = pairs[~pairs["true_id"].duplicated() & ~pairs["our_id"].duplicated()]
    return pairs.sort_values("true_id", ignore_index=True)


def point_pairs(points: pd.DataFrame, ours: npt.NDArray[np.integer]) -> pd.DataFrame:
    """Pair points with the cells of ours in which they lie.

    A cell of ours takes one point: an osteoclast's before an unsure one's before another cell's, then the first.

    Parameters
    ----------
    points : DataFrame
        ``cell_id, y_px, x_px, is_osteoclast``; coordinates from the corner of the picture, all inside it.
    ours : ndarray of int, (y, x)

    Returns
    -------
    DataFrame
        ``true_id, our_id`` (int64), ``iou`` (NaN), sorted by ``true_id``.
    """
    at = [
        np.minimum(points[axis].to_numpy(float).astype(np.int64), side - 1)
        for axis, side in zip(("y_px", "x_px"), ours.shape, strict=True)
    ]
    pairs = pd.DataFrame(
        {"true_id": points["cell_id"].to_numpy(np.int64), "our_id": ours[at[0], at[1]].astype(np.int64)}
    )
    pairs["iou"] = np.nan
    rank = points["is_osteoclast"].astype("Float64").fillna(0.5).to_numpy(float)
    pairs = pairs.iloc[np.argsort(-rank, kind="stable")]
    pairs = pairs[(pairs["our_id"] > 0) & ~pairs["our_id"].mask(pairs["our_id"] == 0).duplicated()]
    return pairs.sort_values("true_id", ignore_index=True)


def side_by_side(truth: pd.DataFrame, ours: pd.DataFrame, pairs: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Write beside each true cell what we made of it, and beside each of ours what it truly is.

    Parameters
    ----------
    truth : DataFrame
        ``cell_id, n_nuclei, is_osteoclast`` (missing: unsure), ``counted`` (missing: not said).
    ours : DataFrame
        Rows of ``cells.csv`` of the same picture.
    pairs : DataFrame
        ``true_id, our_id, iou``.

    Returns
    -------
    truth : DataFrame
        ``cell_id, n_nuclei, is_osteoclast, counted, our_id`` (NaN: not found)``, iou, called`` (an osteoclast by us;
        False where not found)``, n_ours, n_low, n_high`` (NaN where not found or not known).
    ours : DataFrame
        ``cell_id, called, chance`` (of being an osteoclast)``, counted, true_id`` (NaN: none)``, iou,
        is_osteoclast`` (missing: unsure; False where nothing is there).
    """
    mine = ours.set_index("cell_id")
    called = _flag(mine["is_osteoclast"])
    confidence = pd.to_numeric(mine["confidence"], errors="coerce").astype(float).fillna(1.0)
    partner = pairs.set_index("true_id")["our_id"].reindex(truth["cell_id"])
    left = truth[["cell_id", "n_nuclei", "is_osteoclast", "counted"]].reset_index(drop=True)
    left["our_id"] = partner.to_numpy(float)
    left["iou"] = pairs.set_index("true_id")["iou"].reindex(truth["cell_id"]).to_numpy(float)
    left["called"] = called.reindex(partner, fill_value=False).to_numpy(bool)
    for name, column in (("n_ours", "n_nuclei"), ("n_low", "n_nuclei_low"), ("n_high", "n_nuclei_high")):
        left[name] = pd.to_numeric(mine[column], errors="coerce").astype(float).reindex(partner).to_numpy(float)
    right = pd.DataFrame({"cell_id": mine.index.astype(np.int64), "called": called.to_numpy(bool)})
    right["chance"] = np.where(right["called"], confidence, 1 - confidence)
    right["counted"] = _flag(mine["counted"]).to_numpy(bool)
    back = pairs.set_index("our_id").reindex(right["cell_id"])
    right["true_id"], right["iou"] = back["true_id"].to_numpy(float), back["iou"].to_numpy(float)
    truly = truth.set_index("cell_id")["is_osteoclast"].astype("boolean").reindex(back["true_id"])
    right["is_osteoclast"] = pd.array(np.where(right["true_id"].isna(), False, truly.array.to_numpy(object)), "boolean")
    return left, right


def _flag(column: pd.Series) -> pd.Series:
    return column.astype("string").str.casefold().eq("true").fillna(False).astype(bool)
