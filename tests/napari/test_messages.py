"""Errors are sentences for the person; only defects of ours are logged."""

from __future__ import annotations

import logging

import pytest

from osteocount.errors import OsteoCountError
from osteocount.napari.messages import error_message


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (OsteoCountError("B02.tif: truncated."), "B02.tif: truncated."),
        (
            OsteoCountError(
                "out already holds a run. Give another --out, or --overwrite to replace it, or --resume to finish it."
            ),
            "out already holds a run. Choose another result folder in step 1",
        ),
        (PermissionError(13, "Permission denied", "x.csv"), "x.csv: Permission denied. Choose a place"),
        (FileNotFoundError(2, "No such file", "x.tif"), "x.tif: it is not there any more. Put it back"),
        (MemoryError(), "Not enough memory for this picture."),
        (KeyError("x"), "OsteoCount failed unexpectedly (KeyError: 'x')."),
    ],
)
def test_errors_are_words(error, text):
    assert error_message(error).startswith(text)


def test_only_defects_of_ours_are_logged(caplog):
    with caplog.at_level(logging.ERROR):
        error_message(OsteoCountError("yours"))
        assert not caplog.records
        error_message(KeyError("ours"))
        assert caplog.records
