"""Errors as sentences of the window: what went wrong and what would mend it there."""

from __future__ import annotations

import logging
import re

from osteocount.errors import OsteoCountError

_WINDOW_TERMS = {
    "Give another --out, or --overwrite to replace it, or --resume to finish it.": "Choose another result folder in "
    "step 1, or say under “If present” to finish or to replace it.",
    " `osteocount settings` prints one to start from.": " Save… in step 2 writes one to start from.",
    "Name one file, or run the command on the folder.": "Choose it as the folder of pictures in step 1.",
    "`osteocount samples template FOLDER` writes one to start from": "“Make a table” in step 1 makes one to start from",
    "`osteocount layout template` writes one to start from": "“Make a table” in step 1 makes one to start from",
    "give a layout that names them all, or --pattern plain; if not, a sample sheet (--samples)": "make "
    "a table of them in step 1; if not, make one of the pictures",
    "or give a pattern of your own (--pattern)": "or say in a table what each picture is (“Make a table” in step 1)",
    "or say which it is (--treatment-column)": "or call its heading “treatment”",
    "say so (--treatment-column)": "call its heading “treatment”",
    "the folder that `osteocount run` or `osteocount count` wrote": "the result folder of a count",
    "`osteocount run` or `osteocount count`": "a count",
    "`osteocount train`": "Train in step 3",
    "`osteocount finetune`": "Fine-tune in step 3",
    "with --resume": "with “finish the earlier run”",
    "another --out": "another result folder in step 1",
    "--resume": "“finish the earlier run”",
    "--overwrite": "“replace the earlier run”",
    "(--pixel-size)": "(step 2)",
    "--pixel-size": "the pixel size in step 2",
    "(--block)": "(“Reading” in step 1)",
    "a --layout": "a layout in step 1",
    "--layout": "a layout in step 1",
    "--out": "the result folder in step 1",
    "--control": "the control arm in Settings",
    "--segmenter": "the segmenter in Settings",
    "--model": "the lab's network in Settings",
    "--cell-model": "the cell model in Settings",
    "--nucleus-model": "the nucleus model in Settings",
    "--device": "the device in Settings",
}
_OPTION_BESIDE = re.compile(r" \(--[a-z][a-z-]*(?: [a-z]+)?\)")
_OPTION = re.compile(r"--([a-z][a-z-]*)")
_COMMAND = re.compile(r"`(osteocount [^`]*)`")

logger = logging.getLogger(__name__)


def in_window_terms(text: str) -> str:
    """Return a sentence that speaks of the command's options in the words of the window."""
    for option, words in _WINDOW_TERMS.items():
        text = text.replace(option, words)
    text = _OPTION_BESIDE.sub("", text)
    text = _OPTION.sub(lambda match: f"“{match[1].replace('-', ' ')}”", text)
    return _COMMAND.sub(r"“\1”", text)


def error_message(error: Exception) -> str:
    """Return the error as a sentence; a defect of ours is logged with its traceback and asks to be reported."""
    if isinstance(error, OsteoCountError):
        return in_window_terms(str(error))
    if isinstance(error, FileNotFoundError) and error.filename is not None:
        return f"{error.filename}: it is not there any more. Put it back, or open the pictures or results anew."
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}. Choose a place that can be written, or free some space."
    if isinstance(error, MemoryError):
        return "Not enough memory for this picture. Close other pictures, or count it with the command."
    logger.error("unexpected error while counting", exc_info=error)
    return (
        f"OsteoCount failed unexpectedly ({type(error).__name__}: {error}). Nothing was changed. "
        "Please report it; the details are in the log (Help > Show logs)."
    )
