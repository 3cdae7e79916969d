"""The shipped network: loading it safely, and running it on a picture of any size."""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from functools import cache, cached_property
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from osteocount.errors import OsteoCountError
from osteocount.segment.backends.session import Device, open_session

if TYPE_CHECKING:
    import onnxruntime

#: sha256 of the shipped file; another file under its name is refused.
MODEL_SHA256 = "7ead2306da722ecc73144ee2df837027dcba4437cb4220168ec0121ba21b38d5"
MODEL_FILE = "cells.onnx"

# Pixels that the network takes at once. It needs 100 bytes for each and 45 for a second look beside the first; in
# floats 170.
_LARGEST = 3_500_000
#: px around a tile that only give context; a multiple of 16. With them maps do not depend on tiles, to the last bit
#: (tests/segment/backends/test_shipped.py).
MARGIN = 96
_MIRRORED = 48  # px beyond the picture's border that are made up; a multiple of 16
#: The network halves its input four times: what it is given begins and ends at multiples of this.
STEP = 16
#: Optical densities the network was trained on.
LOWEST, HIGHEST = -0.2, 2.0


class LogitMaps(NamedTuple):
    """The maps of the network: logits, each (height, width) float32.

    Attributes
    ----------
    cell, core
        Of lying in a cell, of lying in one further than 2 px from its border.
    centre, nucleus
        Of being the centre of a nucleus, of lying in one. They mean something inside cells only.
    """

    cell: NDArray[np.float32]
    core: NDArray[np.float32]
    centre: NDArray[np.float32]
    nucleus: NDArray[np.float32]


class CellModel:
    """A network that marks cells and nuclei.

    Parameters
    ----------
    path
        ONNX file; None is the shipped one.
    sha256
        What the file must hash to; None accepts any (a model just trained).
    threads
        That work on a picture.
    device
        What it runs on.

    Attributes
    ----------
    sha256
        Hash of the file.
    facts
        What was fitted beside the network and travels in its file: the calibration of the scores.
    step, margin, mirrored
        What the network is given begins and ends at multiples of ``step``; px around a tile that only give context, and
        px beyond the picture's border that are made up, both multiples of it.
    looks_at_once
        How many looks at a tile are taken side by side where there are threads for it.
    n_maps
        How many maps it gives.

    Raises
    ------
    OsteoCountError
        The file is missing, damaged, or not such a network; or the device is not there.
    """

    file: ClassVar[str] = MODEL_FILE
    step: ClassVar[int] = STEP
    margin: ClassVar[int] = MARGIN
    mirrored: ClassVar[int] = _MIRRORED
    looks_at_once: ClassVar[int] = 2
    n_maps: ClassVar[int] = len(LogitMaps._fields)

    def __init__(
        self,
        path: Path | None = None,
        sha256: str | None = MODEL_SHA256,
        threads: int = 1,
        device: Device = "cpu",
    ) -> None:
        path = Path(str(files("osteocount.segment.backends") / self.file)) if path is None else path
        at_once = min(threads, self.looks_at_once)
        self._looks = ThreadPoolExecutor(at_once)
        self.sha256, self._session = _session(path, sha256, -(-threads // at_once), device)
        facts = self._session.get_modelmeta().custom_metadata_map.get("osteocount")
        if facts is None:
            raise OsteoCountError(f"{path.name}: this ONNX file is not a model of OsteoCount (no calibration inside).")
        self.facts: dict[str, Any] = json.loads(facts)

    def maps(self, density: NDArray[np.float32]) -> LogitMaps:
        """Run the network over a picture (height, width, 3): OD of R, G, B at the working scale."""
        logits = np.empty((len(LogitMaps._fields), *density.shape[:2]), np.float32)
        self.fill(logits, density)
        return LogitMaps(*logits)

    def fill(
        self,
        logits: NDArray[np.floating],
        density: NDArray[np.float32],
        rows: slice = slice(None),
        columns: slice = slice(None),
    ) -> None:
        """Run the network over a part of a picture, tile by tile.

        The tiles overlap by ``margin`` on each side, so that the result does not depend on where they lie.

        Parameters
        ----------
        logits
            (4, rows, columns) in the order of `LogitMaps`, to be filled.
        density
            As for `maps`; beyond its border it is continued by its mirror image.
        rows, columns
            The part of it; it begins at multiples of ``step``.
        """
        top, left = rows.start or 0, columns.start or 0
        end_y, end_x = (_whole_steps(side, self.step) + self.mirrored for side in density.shape[:2])
        height, width = (_whole_steps(side, self.step) for side in logits.shape[1:])
        across, down = _parts(height, width, self.step, self.margin)
        for first, last in down:
            for start, stop in across:
                y, x = (max(-self.mirrored, at - self.margin) for at in (top + first, left + start))
                below, behind = min(end_y, top + last + self.margin), min(end_x, left + stop + self.margin)
                quarters = self._twice(_continued(density, y, below, x, behind))
                at_y, at_x = slice((top + first - y) // 2, None), slice((left + start - x) // 2, None)
                for i, j in np.ndindex(2, 2):
                    part = logits[:, first + i : last : 2, start + j : stop : 2]
                    part[:] = quarters[:, i, j, at_y, at_x][:, : part.shape[1], : part.shape[2]]

    def disagreement(self, density: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return how far the two looks differ, as probabilities (maps, height / 2, width / 2), in every second pixel.

        A network that knows what it sees says the same of a picture and of its mirror image.

        Parameters
        ----------
        density
            (height, width, 3) a small window, whose sides are multiples of ``step``.
        """
        planes = _continued(density, 0, density.shape[0], 0, density.shape[1])
        upright, mirrored = self._two_looks(planes)
        return np.asarray(np.abs(sigmoid(upright[:, 0, 0]) - sigmoid(mirrored[:, 0, 0])))

    @cached_property
    def arithmetic(self) -> str:
        """Digits that differ where a processor rounds otherwise: a hash of what the network says of a fixed pattern."""
        pattern = np.arange(3 * 64 * 64, dtype=np.int64) * 7919 % 1009 / 1009
        said = self._quarters(np.asarray(pattern.reshape(3, 64, 64), np.float32))
        return hashlib.sha256(said.tobytes()).hexdigest()[:12]

    def _twice(self, planes: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the mean of what the network says of a tile (3, height, width) and of its mirror image.

        It does not know up from down, so where the two differ it guesses; their mean guesses less. The logits are as
        the network gives them, (4, 2, 2, height / 2, width / 2): its last step would only put the pixels of odd and
        even rows and columns in their places, which is done faster once for both.
        """
        upright, mirrored = self._two_looks(planes)
        upright += mirrored
        upright /= 2
        return upright

    def _two_looks(self, planes: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return what the network says of a tile, and of its mirror image, mirrored back.

        Two threads take a look each, which is less to wait for each other than in every step of the network.
        """
        upright, mirrored = self._looks.map(self._quarters, (planes, np.ascontiguousarray(planes[:, ::-1])))
        return upright, mirrored[:, ::-1, :, ::-1]

    def _quarters(self, planes: NDArray[np.float32]) -> NDArray[np.float32]:
        (quarters,) = self._session.run(["quarters"], {"density": planes[None]})
        return np.asarray(quarters, np.float32).reshape(self.n_maps, 2, 2, *quarters.shape[2:])


def _continued(density: NDArray[np.float32], top: int, bottom: int, left: int, right: int) -> NDArray[np.float32]:
    """Return a part (3, height, width) as the network takes it, mirrored beyond the border."""
    height, width = density.shape[:2]
    inside = density[max(0, top) : bottom, max(0, left) : right]
    beyond = max(0, -top), max(0, bottom - height), max(0, -left), max(0, right - width)
    planes = np.stack([cv2.copyMakeBorder(each, *beyond, cv2.BORDER_REFLECT) for each in cv2.split(inside)])
    return np.asarray(np.clip(planes, LOWEST, HIGHEST, out=planes), np.float32)


def _parts(rows: int, columns: int, step: int, margin: int) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Cut a picture of whole steps along its columns and rows, into as few and as equal parts as the network takes."""
    down = across = 1
    while (rows / down + 2 * margin) * (columns / across + 2 * margin) > _LARGEST:
        down, across = (down + 1, across) if rows / down > columns / across else (down, across + 1)
    return _cuts(columns, across, step), _cuts(rows, down, step)


def _whole_steps(length: int, step: int) -> int:
    return -(-length // step) * step


def _cuts(length: int, count: int, step: int) -> list[tuple[int, int]]:
    steps = length // step
    return list(pairwise([n * steps // count * step for n in range(count + 1)]))


@cache
def shipped_model(device: Device = "cpu", threads: int = 1) -> CellModel:
    """Return the shipped model, loaded once."""
    return CellModel(threads=threads, device=device)


def sigmoid(logit: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return the probability of a logit."""
    return np.asarray(1 / (1 + np.exp(-np.clip(logit, -30, 30))), np.float32)


def _session(path: Path, sha256: str | None, threads: int, device: Device) -> tuple[str, onnxruntime.InferenceSession]:
    if not path.is_file():
        raise OsteoCountError(f"{path.name}: the model file is missing; install osteocount again.")
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    if sha256 is not None and digest != sha256:
        raise OsteoCountError(
            f"{path.name}: the model file is damaged or is another one (sha256 {digest[:12]}…, expected "
            f"{sha256[:12]}…); install osteocount again, or choose the classical segmenter."
        )
    return digest, open_session(content, device, threads)
