"""How often one arm with a larger SD between donors can be found, at best: bounds for the warning on unequal SDs.

Normal residuals of complete designs, one arm (nobody knows which) with another SD, tests at a level of 10 %.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

LEVEL, RUNS = 0.10, 20000
SMALL, LARGE = (
    0.30,
    0.83,
)  # donor × arm SDs of .2 and .8 with the noise of three wells of 20, negative binomial of size 10
DESIGNS = ((3, 5), (4, 5), (5, 5), (6, 5), (3, 11), (4, 11))


def bounds(seed: int = 20170101) -> pd.DataFrame:
    """Return power per design of Cochran's test, and of the most powerful ones without and with the SDs known."""
    rng = np.random.default_rng(seed)
    rows = []
    for donors, arms in DESIGNS:
        equal = rng.standard_normal((RUNS, donors, arms)) * SMALL
        noisy = rng.standard_normal((RUNS, donors, arms)) * SMALL
        noisy[:, :, 1] *= LARGE / SMALL
        tests = {
            "Cochran's test, as used": cochran,
            "best without knowing an SD": invariant,
            "best knowing both SDs": informed,
        }
        found = {name: power(test(equal), test(noisy)) for name, test in tests.items()}
        rows.append({"design": f"{donors} donors × {arms} arms", **found})
    return pd.DataFrame(rows)


def power(without: np.ndarray, having: np.ndarray) -> float:
    return float(np.mean(having > np.quantile(without, 1 - LEVEL)))


def cochran(y: np.ndarray) -> np.ndarray:
    """Largest share of an arm in the residual sum of squares."""
    squares = (centred(y) ** 2).sum(axis=1)
    return squares.max(axis=1) / squares.sum(axis=1)


def invariant(y: np.ndarray) -> np.ndarray:
    """Mean likelihood ratio over the arms of a larger SD in one, with donors, arms and the common SD unknown.

    An arm less the mean of the others has SD² large² + small² / (arms − 1), and is independent of what the others say.
    """
    donors, arms = y.shape[1:]
    own, others = split(y)
    shrunk = SMALL**2 * (1 + 1 / (arms - 1)) / (LARGE**2 + SMALL**2 / (arms - 1))
    free = (arms - 1) * (donors - 1)
    return np.mean(((others + own * shrunk) / (others + own)) ** (-free / 2), axis=1)


def informed(y: np.ndarray) -> np.ndarray:
    """The same with both SDs known."""
    arms = y.shape[2]
    own, _ = split(y)
    larger = (LARGE**2 + SMALL**2 / (arms - 1)) / (1 + 1 / (arms - 1))
    return np.logaddexp.reduce(own / 2 * (1 / SMALL**2 - 1 / larger), axis=1)


def split(y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sum of squares of each arm less the mean of the others, and of the others among themselves, (runs, arms)."""
    arms = y.shape[2]
    whole = (centred(y) ** 2).sum(axis=(1, 2))
    own = np.empty((len(y), arms))
    for arm in range(arms):
        less = y[:, :, arm] - np.delete(y, arm, axis=2).mean(axis=2)
        own[:, arm] = ((less - less.mean(axis=1, keepdims=True)) ** 2).sum(axis=1) / (1 + 1 / (arms - 1))
    return own, whole[:, None] - own


def centred(y: np.ndarray) -> np.ndarray:
    """Residuals of donors and arms."""
    rows = y - y.mean(axis=2, keepdims=True)
    return rows - rows.mean(axis=1, keepdims=True)
