"""Label images drawn by other programs: TIFF and PNG, checked before they are decoded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from osteocount.errors import OsteoCountError
from osteocount.io.label_image import read_labels
from osteocount.io.raw_image import check_size, damaged


def read_label_image(path: Path, shape: tuple[int, int]) -> tuple[NDArray[np.uint32], list[str]]:
    """Read the true cells of a picture, drawn as a label image or as a mask.

    Parameters
    ----------
    path
        TIFF of whole numbers, or PNG in grey or with a palette (whose indices are the labels).
    shape
        Height and width the picture has.

    Returns
    -------
    labels : ndarray of uint32, (height, width)
    notes : list of str

    Raises
    ------
    OsteoCountError
        Damaged, of another size, or not one plane of whole numbers.
    """
    found = _png_labels(path, shape) if path.suffix.lower() == ".png" else _tiff_labels(path, shape)
    numbers = np.unique(found)
    numbers = numbers[numbers > 0]
    if len(numbers) != 1:
        return found, []
    from scipy import ndimage

    parts, n = ndimage.label(found, np.ones((3, 3)))
    if n < 2:
        return found, []
    note = f"{path.name}: one number for all ({numbers[0]}), so its {n} connected parts are taken as cells."
    return parts.astype(np.uint32), [note]


def _tiff_labels(path: Path, shape: tuple[int, int]) -> NDArray[np.uint32]:
    import tifffile

    try:
        with tifffile.TiffFile(path) as file:
            claimed = tuple(side for side in file.series[0].shape if side != 1)
    except Exception as error:  # decoders of files from strangers raise anything
        raise damaged(path, error) from error
    _check(path, claimed, shape)
    return read_labels(path)


def _png_labels(path: Path, shape: tuple[int, int]) -> NDArray[np.uint32]:
    from PIL import PngImagePlugin

    try:
        plugin: Any = PngImagePlugin.PngImageFile
        with path.open("rb") as file, plugin(file) as image:
            _check(path, (image.height, image.width), shape)
            if image.mode not in ("1", "L", "P", "I", "I;16"):
                raise OsteoCountError(
                    f"{path.name}: a picture in colours ({image.mode}), not label numbers. Save them as 16-bit grey."
                )
            return np.asarray(image).astype(np.uint32)
    except OsteoCountError:
        raise
    except Exception as error:  # decoders of files from strangers raise anything
        raise damaged(path, error) from error


def _check(path: Path, claimed: tuple[int, ...], shape: tuple[int, int]) -> None:
    """Refuse another size by what the header claims, before memory is asked for."""
    if len(claimed) == 2:
        check_size(path, *claimed)
    if claimed != tuple(side for side in shape if side != 1):
        said = " × ".join(str(side) for side in claimed)
        raise OsteoCountError(
            f"{path.name}: {said} (height × width) is not the size of the picture that was counted, {shape[0]} × "
            f"{shape[1]}. One plane of label numbers at the full size of the picture is needed."
        )
