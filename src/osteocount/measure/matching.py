"""Cells of two label images beside each other: overlap, pairs, and the figures that follow from them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from osteocount.errors import OsteoCountError


def iou_table(first: npt.NDArray[np.integer], second: npt.NDArray[np.integer]) -> npt.NDArray[np.float64]:
    """Intersection over union of every label of one image with every label of another.

    Parameters
    ----------
    first, second : ndarray of int, (y, x)
        Label images of the same size; 0 is background.

    Returns
    -------
    ndarray of float64, (largest label of ``first`` + 1, largest label of ``second`` + 1)
        Row and column 0 (background) are 0, as are those of labels that do not occur.

    Raises
    ------
    OsteoCountError
        The images differ in size.
    """
    if first.shape != second.shape:
        raise OsteoCountError(
            f"Label images of {first.shape} and {second.shape} pixels (y, x) cannot be matched: they must show the "
            "same picture at the same size."
        )
    rows, columns = int(first.max(initial=0)) + 1, int(second.max(initial=0)) + 1
    both = np.bincount(first.ravel().astype(np.int64) * columns + second.ravel(), minlength=rows * columns)
    shared = both.reshape(rows, columns).astype(float)
    union = shared.sum(axis=1)[:, None] + shared.sum(axis=0)[None] - shared
    table: npt.NDArray[np.float64] = shared / np.maximum(union, 1)
    table[0], table[:, 0] = 0, 0
    return table


def best_matches(table: npt.NDArray[np.float64], iou: float = 0.5) -> npt.NDArray[np.int64]:
    """Label of the second image that covers each label of the first best; 0 where none reaches ``iou``.

    Parameters
    ----------
    table : ndarray of float, (n, m)
        From `iou_table`.
    iou : float
        At 0.5 and above (a tie at exactly 0.5 aside) no label of the second image is taken twice.

    Returns
    -------
    ndarray of int64, (n,)
    """
    found: npt.NDArray[np.int64] = table.argmax(axis=1).astype(np.int64)
    found[table[np.arange(len(table)), found] < iou] = 0
    return found


def ranked_precision(hit: npt.NDArray[np.bool_], chance: npt.NDArray[np.float64], n_true: int) -> float:
    """Average precision: the area under the precision-recall curve, precision made non-increasing.

    As of PASCAL VOC from 2010 on (Everingham et al., Int J Comput Vis 2015;111:98).

    Parameters
    ----------
    hit : ndarray of bool, (n,)
        Whether each of our cells covers a true one.
    chance : ndarray of float, (n,)
        Our chance that it is one; equal chances keep their order.
    n_true : int
        True cells, found or not.

    Returns
    -------
    float
        NaN without true cells: the figure is then unknown.
    """
    if n_true == 0:
        return float("nan")
    ordered = hit[np.argsort(-chance, kind="stable")]
    precision = np.cumsum(ordered) / np.arange(1, len(ordered) + 1)
    best = np.maximum.accumulate(precision[::-1])[::-1]
    return float((best * ordered).sum() / n_true)
