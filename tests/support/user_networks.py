"""Networks as a user brings them, with their descriptions."""

from importlib.resources import files
from pathlib import Path

import numpy as np

from osteocount import Settings
from osteocount.segment.backends.network import InputPlanes
from support.pictures import canvas, osteoclast, photograph, picture

SHIPPED = Path(str(files("osteocount.segment.backends") / "cells.onnx"))
OURS = """um_per_px = 0.76
channels = ["od_red", "od_green", "od_blue"]
logits = true
tile = 256
margin = 96
[outputs]
maps = ["foreground", "core", "nucleus_centre", "nucleus"]
"""
BY_DENSITY = 'um_per_px = 0.76\nchannels = ["density"]\nlogits = true\n[outputs]\nmaps = ["foreground"]\n'


def with_model(segmenter="onnx", **named):
    return Settings.model_validate({"segment": {"segmenter": segmenter, **{k: str(v) for k, v in named.items()}}})


def nuclei_per_cell(found):
    return np.bincount(found.nuclei_table["cell_id"], minlength=int(found.cells.max()) + 1)[1:].tolist()


def field_with_two():
    od = canvas()
    osteoclast(od, (100, 110), nuclei=4)
    osteoclast(od, (190, 290), nuclei=3)
    return picture(photograph(od))


def small_field():
    od = canvas(120, 160)
    osteoclast(od, (60, 60), nuclei=4)
    return picture(photograph(od))


def small_inputs():
    photo = small_field()
    return InputPlanes(photo, np.ones(photo.pixels.shape[:2], bool), 0.76, "test", False)
