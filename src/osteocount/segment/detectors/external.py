"""Cells and nuclei outlined by networks of others; everything after that is as with our own segmenters."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache, partial
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast, get_args

import numpy as np
from numpy.typing import NDArray

from osteocount.errors import OsteoCountError
from osteocount.input_files import check_regular
from osteocount.io.files import model_hash
from osteocount.io.picture import Picture
from osteocount.segment.backends.description import description_file
from osteocount.segment.backends.network import InputPlanes, Instances, Network, Target
from osteocount.segment.backends.onnx import OnnxNetwork
from osteocount.segment.backends.session import Device
from osteocount.segment.candidate_nuclei import CandidateNuclei
from osteocount.segment.detectors.classical import classical_method
from osteocount.segment.detectors.detector import DetectionMethod
from osteocount.segment.morphology import disc_area, large_enough, regions
from osteocount.segment.object_tables import (
    cell_table,
    count_nuclei,
    mean_per_label,
    nuclei_table,
    opaque_cells,
    stain_flags,
    with_hidden_nuclei,
)
from osteocount.segment.preprocess.scale import MONONUCLEAR_UM, Scale, labels_to_size
from osteocount.segment.segmentation import ArrayLabels, Segmentation
from osteocount.settings import SegmentSettings, Settings

_LOW_POWER = "classical: nuclei cannot be seen, so cells are called by size and TRAP"
_OURS = ("learned", "classical")


class Backend(Protocol):
    """What a module of ``segment/backends`` offers that bears the name of a segmenter: a kind of model it can load.

    Attributes
    ----------
    WEIGHTS
        What it takes, in words.
    """

    WEIGHTS: str

    def is_model(self, path: Path) -> bool:
        """Whether ``path`` is a model of this kind."""

    def load(self, path: Path, nucleus_um: float, device: Device) -> Network:
        """Load a network; its library is imported here, and not with the module."""


def external_method(settings: Settings) -> DetectionMethod:
    """Return the method by Cellpose, StarDist or an ONNX network, with weights from the user's machine.

    The picture's regime, its well, its scale and its TRAP density are found the classical way; so are the cells of a
    low-power picture. No picture is done in tiles: how far these networks look is not known.

    Raises
    ------
    OsteoCountError
        A model is not named, not there or not readable, or what reads it is not installed.
    """
    cells, nuclei = networks(settings.segment)
    classical = classical_method(settings)
    return DetectionMethod(
        settings.segment.segmenter,
        classical.detector,
        classical.low_power,
        outline=partial(outline, cells, nuclei, settings),
        elsewhere={"low_power": _LOW_POWER},
    )


def outline(
    cell_network: Network, nucleus_network: Network, settings: Settings, picture: Picture, found: Segmentation
) -> Segmentation:
    """Replace the cells and nuclei of ``found`` by those that the networks outline in ``picture``."""
    um, origin = _pixel_size(picture, found, settings)
    fluorescence = found.regime == "fluorescence"
    inputs = InputPlanes(picture, found.analysed, um, origin, fluorescence)
    cells, nuclei = cell_network.segment(inputs, "cells"), nucleus_network.segment(inputs, "nuclei")
    density = None if fluorescence else inputs.stack(("density",), Scale(um, 1.0, origin))[..., 0]
    named = settings.segment
    models = {"cell_model_sha256": named.cell_model, "nucleus_model_sha256": named.nucleus_model or named.cell_model}
    hashes = {name: model_hash(Path(str(path)).expanduser()) for name, path in models.items()}
    outlined = with_outlines(found, cells, nuclei, um, density, settings)
    return replace(outlined, record={**found.record, "cells_and_nuclei_by": named.segmenter, **hashes})


def _pixel_size(picture: Picture, found: Segmentation, settings: Settings) -> tuple[float, str]:
    """Return micrometres per pixel of the file and where they come from."""
    if found.regime == "brightfield":
        return float(found.record["analysed_um_per_px"]), str(found.record["analysed_um_per_px_origin"])
    if picture.pixel_size.um is not None:
        return picture.pixel_size.um, picture.pixel_size.origin
    return settings.segment.nucleus_diameter / float(found.record["nucleus_diameter_px"]), "nuclei"


def networks(wanted: SegmentSettings) -> tuple[Network, Network]:
    """Return the networks for cells and for nuclei that the settings name.

    Raises
    ------
    OsteoCountError
        A model is not named, not there or not readable, or what reads it is not installed.
    """
    kind = wanted.segmenter
    cells = _loaded(wanted.cell_model, kind, "cells", wanted)
    if wanted.nucleus_model is not None:
        return cells, _loaded(wanted.nucleus_model, None, "nuclei", wanted)
    if isinstance(cells, OnnxNetwork) and "nuclei" in cells.marks:
        return cells, cells
    raise OsteoCountError(
        f"--segmenter {kind} needs a model for nuclei too: name it with --nucleus-model PATH (settings: "
        "segment.nucleus_model); a Cellpose file, a StarDist folder or an .onnx file."
    )


def _loaded(named: str | None, kind: str | None, target: Target, wanted: SegmentSettings) -> Network:
    """Load a model of ``kind``, or of the kind its path shows."""
    if named is None:
        raise OsteoCountError(
            f"--segmenter {kind} needs your own weights: name {_backend(str(kind)).WEIGHTS} with --cell-model PATH "
            "(settings: segment.cell_model). Weights are never downloaded."
        )
    path = Path(named).expanduser()
    if not path.exists():
        raise OsteoCountError(f"{named}: the model for {target} is not there; correct the path. Nothing is downloaded.")
    if not path.is_dir():
        try:
            check_regular(path)
        except OSError as error:
            raise OsteoCountError(f"{named}: the model for {target} cannot be read ({error.strerror}).") from error
    kind = kind or _kind_of(path)
    if not _backend(kind).is_model(path):
        raise OsteoCountError(f"{named}: --segmenter {kind} takes {_backend(kind).WEIGHTS}.")
    network = _network(path.resolve(), kind, wanted.nucleus_diameter, wanted.device, _stamp(path))
    if isinstance(network, OnnxNetwork) and target not in network.marks:
        needed = "foreground" if target == "cells" else "nucleus or nucleus_centre"
        raise OsteoCountError(f"{path.name}: its description names no output {needed}, so it cannot outline {target}.")
    return network


@lru_cache(maxsize=4)
def _network(path: Path, kind: str, nucleus_um: float, device: Device, stamp: tuple[int, ...]) -> Network:
    """Load a network once per process; ``stamp`` changes with its files."""
    return _backend(kind).load(path, nucleus_um, device)


def _backend(kind: str) -> Backend:
    return cast(Backend, import_module(f"osteocount.segment.backends.{kind}"))


def _kind_of(path: Path) -> str:
    """Return which kind of model ``path`` is. Cellpose, which the settings name first, takes what no other one does."""
    kinds: tuple[str, ...] = get_args(SegmentSettings.model_fields["segmenter"].annotation)
    return next(kind for kind in reversed(kinds) if kind not in _OURS and _backend(kind).is_model(path))


def _stamp(path: Path) -> tuple[int, ...]:
    files = [*sorted(path.iterdir()), path] if path.is_dir() else [path, description_file(path)]
    return tuple(file.stat().st_mtime_ns for file in files if file.exists())


def with_outlines(
    found: Segmentation,
    cells: Instances,
    nuclei: Instances,
    um: float,
    density: NDArray[np.float32] | None,
    settings: Settings,
) -> Segmentation:
    """Replace the cells and nuclei of ``found``; a nucleus belongs to the cell its centre lies in.

    Parameters
    ----------
    found
        Regime, analysed area and TRAP density of the picture.
    cells, nuclei
        At any scale.
    um
        Micrometres per pixel of the file.
    density
        (height, width) mean optical density; None for fluorescence.
    settings
        All settings of the run.
    """
    wanted, shape = settings.segment, found.shape
    labels = _kept_cells(cells, found.analysed, disc_area(wanted.min_cell_diameter / um))
    spots = _spots(nuclei, shape)
    n_cells = int(labels.max(initial=0))
    owner = labels[spots.y, spots.x]
    counted = spots.only(spots.score >= wanted.nucleus_score)
    opaque = np.zeros(n_cells + 1, bool) if density is None else opaque_cells(labels, density)
    count = count_nuclei(n_cells, owner, spots.score, wanted.nucleus_score, settings.count.min_nuclei)
    flags, area = [""] * n_cells, np.bincount(labels.ravel(), minlength=n_cells + 1)
    if found.trap_od is not None and found.regime != "fluorescence":
        flags = stain_flags(opaque, area * um**2, mean_per_label(labels, found.trap_od), wanted.trap_threshold)
    table = cell_table(count.confidence[1:], flags, "nuclei", count)
    hidden = opaque & (count.counted == 0)
    empty = () if n_cells else ("the network outlines no cell: an empty field, or not the pictures it was trained on.",)
    return replace(
        found,
        labels=ArrayLabels(labels.astype(np.uint32), counted.labels.astype(np.uint32)),
        nuclei_table=nuclei_table(
            counted.y.astype(float), counted.x.astype(float), counted.score, labels[counted.y, counted.x]
        ),
        cell_table=with_hidden_nuclei(table, hidden[1:], area[1:] * um**2, wanted.large_cell_ratio * MONONUCLEAR_UM),
        warnings=(*found.warnings, *empty),
    )


def _kept_cells(cells: Instances, analysed: NDArray[np.bool_], smallest_px: float) -> NDArray[np.int32]:
    """Return the likely cells inside the well that are no debris, (height, width) of the file."""
    likely = np.append(False, cells.score >= 0.5)
    labels = np.where(analysed, labels_to_size(np.where(likely[cells.labels], cells.labels, 0), analysed.shape), 0)
    return large_enough(labels, smallest_px)


def _spots(nuclei: Instances, shape: tuple[int, int]) -> CandidateNuclei:
    """Return outlined nuclei as spots of the file; the centre is the pixel of each that lies nearest its middle."""
    labels = labels_to_size(nuclei.labels, shape).astype(np.int32)
    y, x, at = [], [], []
    for region in regions(labels):
        inside = np.argwhere(labels[region.window()] == region.label)
        middle = inside[((inside - inside.mean(axis=0)) ** 2).sum(axis=1).argmin()]
        y.append(region.top + int(middle[0]))
        x.append(region.left + int(middle[1]))
        at.append(region.label)
    number = np.zeros(int(labels.max(initial=0)) + 1, np.int32)
    number[at] = np.arange(1, len(at) + 1)
    score = nuclei.score[np.asarray(at, np.intp) - 1]
    return CandidateNuclei(np.asarray(y, np.intp), np.asarray(x, np.intp), score, number[labels])
