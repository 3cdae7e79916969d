"""A stand-in for what learns, where PyTorch is not installed: it takes its steps and leaves the network as it is."""

from __future__ import annotations


def learn(file, annotated, simulated, steps, seed):
    """Yield as many steps as asked for, and return the weights the network has."""
    yield from range(1, steps + 1)
    return file.weights
