"""A picture is brought to the working scale as a whole would be, whatever its size and the blocks it is done in."""

import cv2
import numpy as np
import pytest

from osteocount.segment.preprocess.scale import resample, working_scale


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
