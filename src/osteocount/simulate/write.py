"""Simulated fields as files."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import tifffile

from osteocount.errors import OsteoCountError
from osteocount.io.label_image import write_labels
from osteocount.simulate.simulated_field import SimulatedField

JPEG_QUALITY = 90


def write_field(field: SimulatedField, path: Path, truth: Path | None = None, quality: int = JPEG_QUALITY) -> None:
    """Write the picture of ``field``, and beside it its truth. The same field gives the same bytes.

    Parameters
    ----------
    path
        ``.tif``: JPEG-in-TIFF with the pixel size as resolution per centimetre; ``.png``: no loss, no pixel size.
    truth
        Folder for ``<stem>_cells.tif`` and ``<stem>_nuclei.tif`` (labels) and ``<stem>_cells.csv`` and
        ``<stem>_nuclei.csv`` (tables); None: the picture alone.
    quality
        JPEG quality of a TIFF.

    Raises
    ------
    OsteoCountError
        The name of the file ends in neither ``.tif`` nor ``.png``.
    """
    write_picture(field, path, quality)
    if truth is not None:
        write_truth_labels(field, truth, path.stem)
        field.truth.to_csv(truth / f"{path.stem}_cells.csv", index=False, lineterminator="\n")
        field.nuclei_truth.to_csv(truth / f"{path.stem}_nuclei.csv", index=False, lineterminator="\n")


def write_picture(field: SimulatedField, path: Path, quality: int = JPEG_QUALITY) -> None:
    """Write the picture alone, see `write_field`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    suffix = path.suffix.lower()
    if suffix in (".tif", ".tiff"):
        per_cm = 1e4 / field.pixel_size
        tifffile.imwrite(
            path,
            field.picture,
            photometric="rgb",
            compression="jpeg",
            compressionargs={"level": quality},
            tile=(256, 256),
            resolution=(per_cm, per_cm),
            resolutionunit="CENTIMETER",
            software="OsteoCount simulator",
            metadata=None,
        )
    elif suffix == ".png":
        _, packed = cv2.imencode(".png", np.ascontiguousarray(field.picture[..., ::-1]))
        path.write_bytes(packed.tobytes())
    else:
        raise OsteoCountError(f"{path}: a simulated picture is written as .tif or .png; choose one of these endings.")


def write_truth_labels(field: SimulatedField, folder: Path, stem: str) -> None:
    """Write the label images of ``field`` into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    write_labels(field.cells, folder / f"{stem}_cells.tif", field.pixel_size)
    write_labels(field.nuclei, folder / f"{stem}_nuclei.tif", field.pixel_size)
