"""Pictures for the viewer: a large one as a pyramid, read where it is looked at; any other as the count reads it.

And one to try the plugin on, which is simulated.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from qtpy.QtCore import QObject

from osteocount.errors import OsteoCountError
from osteocount.io.multi_image import is_multi_image, is_zarr, list_scenes
from osteocount.io.picture import PixelSize
from osteocount.io.pyramid import Pyramid, open_pyramid
from osteocount.io.read import read_picture
from osteocount.napari.layers.layer_data import (
    SCENE,
    ImageLayerData,
    fill_levels,
    picture_layer_data,
    pyramid_layer_data,
    scale_and_units,
)

LayerData = tuple[Any, dict[str, Any], str]
MOST_SCENES = 12
"""Of a file with more pictures nobody wants all in one viewer."""

SAMPLE_SEED = 32
"""One seed for everybody, so that two people talk about the same picture."""


def get_reader(path: str | list[str]) -> Callable[[str | list[str]], list[LayerData]] | None:
    """Return the function that reads ``path``, as napari asks for it; a list of files is left to others."""
    return None if isinstance(path, list) and len(path) != 1 else read


def read(path: str | list[str]) -> list[LayerData]:
    """Return the layers of one file.

    Raises
    ------
    OsteoCountError
        It cannot be read; the text says what to do.
    """
    file = Path(path if isinstance(path, str) else path[0])
    if file.is_dir() and not is_zarr(file):
        return _take_folder(file)
    pyramid = open_pyramid(file)
    if pyramid is not None:
        _fill(pyramid)
        return _layers(pyramid_layer_data(pyramid), pyramid.pixel_size, file.stem)
    scenes = [scene.name for scene in list_scenes(file)] if is_multi_image(file) else [""]
    if len(scenes) > MOST_SCENES:
        raise OsteoCountError(
            f"{file.name} holds {len(scenes)} pictures. Choose it as the pictures of a plate in step 1 of OsteoCount."
        )
    layers = []
    for scene in scenes:
        picture = read_picture(file, scene=scene)
        layers += _layers(picture_layer_data(picture), picture.pixel_size, f"{file.stem} {scene}".strip(), scene)
    return layers


def _take_folder(folder: Path) -> list[Any]:
    """Give a folder of pictures or results to the dock, which is opened; it makes no layer, which napari is told."""
    from napari import current_viewer

    viewer = current_viewer()
    if viewer is None or getattr(viewer, "window", None) is None:
        raise OsteoCountError(f"{folder} is a folder, not a picture. Choose it in step 1 of OsteoCount.")
    _, dock = viewer.window.add_plugin_dock_widget("osteocount", "OsteoCount")
    dock.take(folder)
    return [(None,)]


def simulated_field() -> list[LayerData]:
    """Return a simulated TRAP field with its pixel size, as napari's sample menu takes it."""
    from osteocount.simulate.design import FieldDesign
    from osteocount.simulate.simulated_field import simulate_field

    field = simulate_field(FieldDesign(), SAMPLE_SEED)
    return [(field.picture, {"name": "simulated TRAP field", **scale_and_units(field.pixel_size)}, "image")]


def sample_plate() -> list[LayerData]:
    """Open a simulated plate in the dock, for napari's sample menu, which wants a layer and gets a field of one."""
    from napari import current_viewer

    viewer = current_viewer()
    if viewer is not None and getattr(viewer, "window", None) is not None:
        _, dock = viewer.window.add_plugin_dock_widget("osteocount", "OsteoCount")
        dock.open_sample_plate()
    return simulated_field()


def _layers(picture: ImageLayerData, size: PixelSize, name: str, scene: str = "") -> list[LayerData]:
    layers = []
    for n, pixels in enumerate(picture.channels):
        title = f"{name} channel {n + 1}" if n else name
        about = {"name": title, "metadata": {SCENE: scene} if scene else {}}
        layers.append((pixels, {**about, **picture.arguments(n), **scale_and_units(size.um)}, "image"))
    return layers


def _fill(pyramid: Pyramid) -> None:
    """Fill the small levels in a worker, and refresh the layers that show it now and then."""
    if pyramid.unfilled is None:
        return
    from napari import current_viewer

    from osteocount.napari.worker import Jobs

    jobs, viewer, first = Jobs(), current_viewer(), pyramid.levels[0]
    _filling.add(jobs)

    def refresh(_: Any) -> None:
        for layer in viewer.layers if viewer is not None else ():
            if getattr(layer, "multiscale", False) and layer.data[0] is first:
                layer.refresh(extent=False)

    def end(_: Any) -> None:
        refresh(_)
        _filling.discard(jobs)

    jobs.start("fill", partial(fill_levels, pyramid.unfilled), end, refresh, quiet=True)


_filling: set[QObject] = set()
"""What is being filled, kept alive until it is."""
