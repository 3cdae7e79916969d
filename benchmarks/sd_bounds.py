"""How often one arm with a larger SD between donors can be found, at best: bounds for the warning on unequal SDs.

Normal residuals of complete designs, one arm (nobody knows which) with another SD, tests at a level of 10 %. Wells and
arms are all in the residuals: how much a donor's wells differ says nothing of how much its arms do.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

LEVEL, RUNS = 0.10, 20000
# Donor × arm SDs of .2 and .8 with the noise of three wells of 20, negative binomial of size 10; and four times .30.
SMALL, LARGE, FOURFOLD = 0.30, 0.83, 1.20
SOUND = np.arange(0.30, 0.61, 0.025)  # SDs that all arms of a sound experiment may have
DESIGNS = ((3, 5), (4, 5), (5, 5), (6, 5), (3, 11), (4, 11))


def bounds(large: float = LARGE, seed: int = 20170101) -> pd.DataFrame:
    """Return power per design of Cochran's test, and of the most powerful ones by what they know of the SDs.

    ``large``: the SD of the noisy arm.
    """
    rng = np.random.default_rng(seed)
    rows = []
    for donors, arms in DESIGNS:
        equal = rng.standard_normal((RUNS, donors, arms)) * SMALL
        noisy = rng.standard_normal((RUNS, donors, arms)) * SMALL
        noisy[:, :, 1] *= large / SMALL
        found = {
            "Cochran's test, as used": power(cochran(equal), cochran(noisy)),
            "best of those that hold whatever the SD": power(invariant(equal, large), invariant(noisy, large)),
            "no test can find more": every_test(equal, noisy, large),
            "best knowing both SDs": power(informed(equal, large), informed(noisy, large)),
        }
        rows.append({"design": f"{donors} donors × {arms} arms", **found})
    return pd.DataFrame(rows)


def every_test(equal: np.ndarray, noisy: np.ndarray, large: float) -> float:
    """Return what no test exceeds that warns in at most 10 % of sound experiments, whatever the SD of these.

    Against sound experiments of one SD the likelihood ratio is the most powerful test (Neyman and Pearson), and a test
    that may warn in 10 % of all sound experiments may warn in 10 % of these: the SD that is hardest is the bound. Where
    an arm is noisy it is any of them with the same chance.
    """
    having = logs_of_noisy(noisy, large)
    found = []
    for sound in SOUND:
        scaled = equal * (sound / SMALL)
        null, alternative = (logs_of_sound(y, sound) for y in (scaled, noisy))
        found.append(power(logs_of_noisy(scaled, large) - null, having - alternative))
    return min(found)


def logs_of_noisy(y: np.ndarray, large: float) -> np.ndarray:
    """Log likelihood of residuals, but for a constant, where one of the arms has the SD ``large``."""
    donors, arms = y.shape[1:]
    own, others = split(y)
    larger = (large**2 + SMALL**2 / (arms - 1)) / (1 + 1 / (arms - 1))
    free = donors - 1
    logs = own / larger + free * np.log(larger) + others / SMALL**2 + (arms - 2) * free * np.log(SMALL**2)
    return np.asarray(np.logaddexp.reduce(-logs / 2, axis=1) - np.log(arms))


def logs_of_sound(y: np.ndarray, sd: float) -> np.ndarray:
    """Log likelihood of residuals, but for the same constant, where all arms have one SD."""
    donors, arms = y.shape[1:]
    squares = (centred(y) ** 2).sum(axis=(1, 2))
    return np.asarray(-(squares / sd**2 + (arms - 1) * (donors - 1) * np.log(sd**2)) / 2)


def power(without: np.ndarray, having: np.ndarray) -> float:
    return float(np.mean(having > np.quantile(without, 1 - LEVEL)))


def cochran(y: np.ndarray) -> np.ndarray:
    """Largest share of an arm in the residual sum of squares."""
    squares = (centred(y) ** 2).sum(axis=1)
    return squares.max(axis=1) / squares.sum(axis=1)


def invariant(y: np.ndarray, large: float) -> np.ndarray:
    """Mean likelihood ratio over the arms of a larger SD in one, with donors, arms and the common SD unknown.

    An arm less the mean of the others has SD² large² + small² / (arms − 1), and is independent of what the others say.
    """
    donors, arms = y.shape[1:]
    own, others = split(y)
    shrunk = SMALL**2 * (1 + 1 / (arms - 1)) / (large**2 + SMALL**2 / (arms - 1))
    free = (arms - 1) * (donors - 1)
    return np.mean(((others + own * shrunk) / (others + own)) ** (-free / 2), axis=1)


def informed(y: np.ndarray, large: float) -> np.ndarray:
    """The same with both SDs known."""
    arms = y.shape[2]
    own, _ = split(y)
    larger = (large**2 + SMALL**2 / (arms - 1)) / (1 + 1 / (arms - 1))
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
