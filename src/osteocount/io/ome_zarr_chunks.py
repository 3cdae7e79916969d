"""Chunks of a Zarr array that are not stored: empty ones left out by the writer, or lost ones."""

from __future__ import annotations

import stat
from itertools import islice, product
from pathlib import Path
from typing import Any

import numpy as np

from osteocount.errors import OsteoCountError

_MOST_CHUNKS = 10**6  # a well of 2 gigapixels has 6,000 of the usual 1024 x 1024 in each of 3 channels
_MOST_NAMED = 3


def check_chunks(where: str, array: Any, axes: str) -> tuple[int, tuple[str, ...]]:
    """Refuse an array of which chunks are lost.

    Zarr allows a writer to leave out chunks that hold the fill value alone, and readers show what is absent as this
    value, which is black. An absent chunk is taken for lost where most of the pixels that border on it are not black:
    that a picture ends exactly at the border of a chunk is rare. Other absent chunks are said in a note.

    Parameters
    ----------
    where
        Names of file and image, for messages.
    array
        A Zarr array in a folder.
    axes
        One letter for each of its axes.

    Returns
    -------
    stored
        Bytes of the chunks that are there.
    notes
        What is not stored and was taken for black.

    Raises
    ------
    OsteoCountError
        A chunk is lost, is no regular file, or there are none or too many.
    """
    sides = tuple(array.shards or array.chunks)
    counts = [-(-n // side) for n, side in zip(array.shape, sides, strict=True)]
    total = int(np.prod(counts, dtype=object))
    if total > _MOST_CHUNKS:
        raise OsteoCountError(f"{where}: has {total} chunks, more than a million. Save it in chunks of 1024 × 1024 px.")
    root = Path(array.store.root) / array.path
    stored, absent = 0, []
    for place in product(*map(range, counts)):
        key = array.metadata.encode_chunk_key(place)
        try:
            about = (root / key).stat()
        except OSError:
            absent.append(place)
            continue
        if not stat.S_ISREG(about.st_mode):
            raise OsteoCountError(f"{where}: its chunk {key} is no regular file.")
        stored += about.st_size
    if absent and len(absent) == total:
        raise OsteoCountError(f"{where}: none of its {total} chunks are there. Copy it again.")
    lost = list(islice(_lost(array, axes, sides, counts, set(absent)), _MOST_NAMED + 1))
    if lost:
        names = ", ".join(array.metadata.encode_chunk_key(place) for place in lost[:_MOST_NAMED])
        raise OsteoCountError(
            f"{where}: {len(absent)} of its {total} chunks are missing in the middle of the picture ({names}"
            f"{' and others' if len(lost) > _MOST_NAMED else ''}). Copy it again; if the picture really is black "
            "there, write it again with its empty chunks."
        )
    if not absent:
        return stored, ()
    return stored, (f"{len(absent)} of {total} chunks are not stored: the picture is taken for black there.",)


def _lost(array: Any, axes: str, sides: tuple[int, ...], counts: list[int], absent: set[tuple[int, ...]]) -> Any:
    """Yield absent chunks that border on pixels most of which are not the fill value, in order."""
    for place in sorted(absent):
        for axis, step in product((axes.index("Y"), axes.index("X")), (-1, 1)):
            beside = (*place[:axis], place[axis] + step, *place[axis + 1 :])
            if not 0 <= beside[axis] < counts[axis] or beside in absent:
                continue
            window = [slice(n * side, (n + 1) * side) for n, side in zip(beside, sides, strict=True)]
            line = (place[axis] + 1) * sides[axis] if step > 0 else place[axis] * sides[axis] - 1
            window[axis] = slice(line, line + 1)
            if np.mean(np.asarray(array[tuple(window)]) != array.fill_value) > 0.5:
                yield place
                break
