"""The input planes that networks of others ask for by name, at the scale they were trained on."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from osteocount.errors import OsteoCountError
from osteocount.io.picture import Picture
from osteocount.segment.preprocess.channels import find_channels
from osteocount.segment.preprocess.illumination import optical_density
from osteocount.segment.preprocess.scale import Scale, resample, working_scale
from osteocount.segment.preprocess.stains import DENSITY_WEIGHTS

Channel = Literal["red", "green", "blue", "od_red", "od_green", "od_blue", "density", "cytoplasm", "nuclei"]
_BRIGHTFIELD: tuple[Channel, ...] = get_args(Channel)[:7]
_FLUORESCENCE: tuple[Channel, ...] = get_args(Channel)[7:]


class InputPlanes:
    """The planes of one picture.

    Parameters
    ----------
    picture
        RGB brightfield, or fluorescence with a cytoplasm and a nuclei channel.
    analysed
        (height, width), False outside the well.
    um
        Micrometres per pixel of the file.
    origin
        Where they come from, in words.
    fluorescence
        Whether the picture is one of fluorescence.
    """

    def __init__(
        self, picture: Picture, analysed: NDArray[np.bool_], um: float, origin: str, fluorescence: bool
    ) -> None:
        self._picture, self._analysed, self._um, self._origin = picture, analysed, um, origin
        self.channels = _FLUORESCENCE if fluorescence else _BRIGHTFIELD
        self._cache: dict[Hashable, Any] = {}

    def scale(self, um: float) -> Scale:
        """Return the grid on which a network trained at ``um`` micrometres per pixel takes the picture."""
        return working_scale(self._um, self._origin, um)

    def stack(self, channels: Sequence[Channel], scale: Scale) -> NDArray[np.float32]:
        """Return (height, width, channels) float32 on the grid of ``scale``.

        ``red``, ``green``, ``blue``, ``cytoplasm`` and ``nuclei`` are shares of the highest grey level, the others
        optical densities; ``density`` is the weighted mean of them that outlines cells.

        Raises
        ------
        OsteoCountError
            The picture has no such channel.
        """
        missing = [name for name in channels if name not in self.channels]
        if missing:
            raise OsteoCountError(
                f"{self._picture.path.name}: the model asks for the channels {', '.join(missing)}, and this picture "
                f"has {', '.join(self.channels)}. Use a model made for this kind of picture."
            )
        planes = self.cached(scale, lambda: self._planes(scale))
        return np.stack([planes[name] for name in channels], axis=2)

    def cached(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """Return what ``make`` gave for this ``key`` the first time."""
        if key not in self._cache:
            self._cache[key] = make()
        return self._cache[key]

    def _planes(self, scale: Scale) -> dict[Channel, NDArray[np.float32]]:
        top = float(np.iinfo(self._picture.pixels.dtype).max)
        if self.channels == _FLUORESCENCE:
            channels = find_channels(self._picture)
            grey = resample(np.stack([channels.cytoplasm, channels.nuclei], axis=2), scale.zoom) / top
            return dict(zip(_FLUORESCENCE, np.moveaxis(grey.astype(np.float32), 2, 0), strict=True))
        pixels = resample(self._picture.pixels, scale.zoom)
        inside = resample(self._analysed.astype(np.float32)[..., None], scale.zoom)[..., 0] > 0.5
        density, _ = optical_density(pixels, inside, scale.um)
        planes = [*np.moveaxis(pixels / np.float32(top), 2, 0), *np.moveaxis(density, 2, 0), density @ DENSITY_WEIGHTS]
        return dict(zip(_BRIGHTFIELD, planes, strict=True))
