"""Label images: which pixel belongs to which cell or nucleus."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tifffile
from numpy.typing import NDArray

from osteocount.errors import OsteoCountError
from osteocount.io.files import written_whole

_TILE = 256


def write_labels(labels: NDArray[np.uint32], path: Path, pixel_size_um: float | None = None) -> None:
    """Write a label image as tiled, deflate-compressed TIFF with the pixel size inside.

    The pixel size is the TIFF resolution per centimetre, which Fiji, QuPath and `read_picture` understand. The same
    labels give the same bytes; nothing in the file depends on the day or the machine.

    Parameters
    ----------
    labels
        (height, width) uint32, 0 is background.
    path
        The file; it appears whole or not at all.
    pixel_size_um
        Side of a pixel in µm, None when unknown.
    """
    if labels.ndim != 2 or labels.dtype != np.uint32:
        raise ValueError(f"labels must be (height, width) uint32, not {labels.shape} {labels.dtype}")
    resolution = None if pixel_size_um is None else (1e4 / pixel_size_um, 1e4 / pixel_size_um)
    with written_whole(path) as part:
        tifffile.imwrite(
            part,
            labels,
            bigtiff=labels.nbytes > 2**31,
            photometric="minisblack",
            tile=(_TILE, _TILE),
            compression="zlib",
            predictor=True,
            resolution=resolution,
            resolutionunit="NONE" if resolution is None else "CENTIMETER",
            software="OsteoCount",
            metadata=None,
        )


def read_labels(path: Path) -> NDArray[np.uint32]:
    """Read a label image written by `write_labels`, or by another program as whole numbers.

    Raises
    ------
    OsteoCountError
        The file is missing, damaged, or not one plane of whole numbers.
    """
    try:
        labels = np.asarray(tifffile.imread(path))
    except Exception as error:  # decoders of files from strangers raise anything
        raise OsteoCountError(f"{path}: the label image cannot be read ({error}).") from error
    if labels.ndim != 2 or labels.dtype.kind not in "ui" or (labels.dtype.kind == "i" and labels.min() < 0):
        raise OsteoCountError(
            f"{path}: not a label image ({labels.shape} {labels.dtype}); one plane of whole numbers from 0 is needed."
        )
    return labels.astype(np.uint32, copy=False)
