"""Networks of a lab as `osteocount finetune` writes them, without learning anything."""

from __future__ import annotations

import json

from osteocount.segment.backends.lab_model import FORMAT, PROPERTY, shipped_content
from osteocount.segment.backends.low_power_call import CELL_APPEARANCE
from osteocount.segment.backends.low_power_model import LOW_POWER_SHA256
from osteocount.segment.backends.onnx_file import read_onnx, with_weights

BEFORE = {"recall": 0.7, "precision": 0.72, "bias": 0.1}
AFTER = {"recall": 0.84, "precision": 0.81, "bias": -0.02}


def lab_facts(**changes):
    """Return the words in a network of a lab, with ``changes``."""
    shipped = json.loads(read_onnx(shipped_content()).properties[PROPERTY])
    facts = {"format": FORMAT, "features": shipped["features"], "call_weights": shipped["call_weights"],
             "based_on": LOW_POWER_SHA256, "n_pictures": 12, "n_wells": 3, "n_osteoclasts": 345,
             "before": BEFORE, "after": AFTER, "p": 0.01}  # fmt: skip
    return facts | changes


def lab_trees(**changes):
    """Return the words of one tree that adds 1 to every logit, with ``changes``."""
    one = {"asked": [[0] * 15], "thresholds": [[0.0] * 15], "answers": [[1.0] * 16]}
    return {"measures": list(CELL_APPEARANCE)} | one | changes


def lab_network(path, weights=None, **changes):
    """Write a network of a lab: the shipped one's weights, or ``weights`` in place of some."""
    content = shipped_content()
    words = {PROPERTY: json.dumps(lab_facts(**changes))}
    path.write_bytes(with_weights(content, read_onnx(content).weights | (weights or {}), words))
    return path
