"""The scale a picture is analysed at."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from osteocount.segment.preprocess.scale import labels_to_size, resample, working_scale


@pytest.mark.parametrize(("um", "zoom"), [(0.76, 1.0), (0.8, 1.0), (0.38, 0.5), (1.14, 1.5)])
def test_the_working_scale(um, zoom):
    scale = working_scale(um, "given")
    assert scale.zoom == pytest.approx(zoom)
    assert scale.um == pytest.approx(um / zoom)


@given(st.integers(1, 60), st.integers(1, 60), st.integers(1, 60))
def test_labels_keep_their_order_when_resized(height, width, wanted):
    labels = np.arange(height * width, dtype=np.int32).reshape(height, width)
    out = labels_to_size(labels, (wanted, wanted))
    assert out.shape == (wanted, wanted)
    assert out.dtype == np.uint32
    assert np.all(np.diff(out.astype(np.int64), axis=0) >= 0)


@pytest.mark.parametrize("um", [0.4, 0.6, 0.86, 0.9329, 1.1])
@pytest.mark.parametrize("size", [(90, 120), (429, 536), (600, 1100)])
def test_blocks_are_put_where_the_whole_picture_has_them(um, size) -> None:
    rng = np.random.default_rng(0)
    smooth = cv2.GaussianBlur(rng.uniform(0, 255, (*size, 3)).astype(np.float32), (0, 0), 6)
    picture = ((smooth - smooth.min()) / np.ptp(smooth) * 255).astype(np.uint8)
    made = resample(picture, working_scale(um, "test").zoom).astype(float)
    height, width = made.shape[:2]
    whole = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA if um < 0.76 else cv2.INTER_CUBIC)
    assert np.abs(made - whole).mean() < 1.5
