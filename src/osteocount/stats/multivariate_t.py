"""Two-sided probabilities of the multivariate t, for Dunnett's single-step test (Dunnett 1955, JASA 50:1096).

Correlations of the form ``r_ij = l_i l_j`` (every complete design, and unblocked ones of any size) reduce to a double
integral (Dunnett & Sobel 1955, Biometrika 42:258) and are exact to about 1e-12. All others are the nearest of that form
plus a difference integrated on seeded quasi-random points (Genz & Bretz 2002, J Comput Graph Stat 11:950), good
to about 2e-7.

`scipy.stats.multivariate_t` is the second method alone. For 10 arms with missing cells it is off by 4e-6 after 1.3 s
and by 1e-6 after 10 s for one probability, for 31 arms by 3e-5 after 1.3 s and 8e-6 after 30 s (this module: 1.1 and
2.0 s; SciPy 1.17), and a critical value needs ten of them. The table shows more digits than that.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import scipy
from scipy import special

from osteocount.stats.arrays import BoolArray, FloatArray

SEED = 20170101
POINTS_LOG2 = 16  # with which the difference is good to about 2e-7
WHOLE = 1e-6  # an arm with less of its own beside the common factor has nothing of its own
LINKED = 0.15  # arms correlated less are in different groups of the control variate; it moves the error, not the answer


def adjusted_p(t: FloatArray, correlation: FloatArray, df: float) -> FloatArray:
    """Single-step adjusted p of each statistic.

    Parameters
    ----------
    t : (k,) array
        The t statistics of the family.
    correlation : (k, k) array
    df : float
        Residual degrees of freedom.

    Returns
    -------
    (k,) array
        ``1 - P(max |T| < |t_i|)``, never below the raw two-sided p.
    """
    raw = 2 * scipy.stats.t.sf(np.abs(t), df)
    if len(t) == 1:
        return np.asarray(raw, dtype=np.float64)
    key = _key(correlation)
    inside = np.array([_probability_within(abs(float(value)), key, len(t), float(df)) for value in t])
    return np.asarray(np.clip(np.maximum(1 - inside, raw), 0.0, 1.0), dtype=np.float64)


def critical_value(correlation: FloatArray, df: float, level: float = 0.95) -> float:
    """Return the c with ``P(max |T| < c) = level``: half-width of the simultaneous interval, in standard errors."""
    k = len(correlation)
    if k == 1:
        return float(scipy.stats.t.ppf(0.5 + level / 2, df))
    return _critical_value(_key(correlation), k, float(df), level)


@lru_cache(maxsize=256)
def _critical_value(key: bytes, k: int, df: float, level: float) -> float:
    low = float(scipy.stats.t.ppf(0.5 + level / 2, df))
    high = float(scipy.stats.t.ppf(1 - (1 - level) / (2 * k), df)) + 1e-9  # Bonferroni
    root = scipy.optimize.brentq(
        lambda c: _probability_within(c, key, k, df) - level, low, high, xtol=1e-10, rtol=1e-12
    )
    return float(root)


def _key(correlation: FloatArray) -> bytes:
    """Round, so that the same design gives the same cached answer whatever the order of its rows."""
    return (np.round(correlation, 12) + 0.0).tobytes()


@lru_cache(maxsize=4096)
def _probability_within(c: float, key: bytes, k: int, df: float) -> float:
    """Return ``P(max |T_i| < c)``: by quadrature, with the rest as a control variate where it is not one-factor."""
    if c == 0:
        return 0.0
    correlation = np.frombuffer(key, dtype=np.float64).reshape(k, k)
    factors = _factors(correlation)
    by_quadrature = one_factor_probability(c, factors, df)
    nearest = _correlation(factors)
    if np.allclose(nearest, correlation, rtol=0, atol=1e-10):
        return by_quadrature
    return by_quadrature + probability_difference(c, correlation, nearest, df)


def _factors(correlation: FloatArray) -> FloatArray:
    """Return loadings, shape (groups, k): arms in groups, ``r_ij = l_i l_j`` within a group and 0 between.

    Exact where the correlation has that form, else its nearest by least squares. Arms of one oxygen level, which
    share their control, are one group.
    """
    groups = _groups(np.abs(correlation) > LINKED)
    loadings = np.zeros((len(groups), len(correlation)))
    for row, group in zip(loadings, groups, strict=True):
        inner = correlation[np.ix_(group, group)]
        exact = one_factor(inner)
        row[group] = _nearest_one_factor(inner) if exact is None else exact
    return loadings


def _groups(linked: BoolArray) -> list[list[int]]:
    """Return the connected components."""
    remaining, groups = set(range(len(linked))), []
    while remaining:
        group, front = set[int](), {min(remaining)}
        while front:
            group |= front
            front = {int(j) for i in front for j in np.flatnonzero(linked[i])} - group
        groups.append(sorted(group))
        remaining -= group
    return groups


def _correlation(factors: FloatArray) -> FloatArray:
    correlation = factors.T @ factors
    np.fill_diagonal(correlation, 1.0)
    return np.asarray(correlation, dtype=np.float64)


def one_factor(correlation: FloatArray) -> FloatArray | None:
    """Return ``l`` with ``r_ij = l_i l_j``, or None where there is none (two arms always have one)."""
    k = len(correlation)
    if k == 1:
        return np.zeros(1)
    if k == 2:
        rho = float(correlation[0, 1])
        return np.array([np.sqrt(abs(rho)), np.sign(rho) * np.sqrt(abs(rho))])
    loadings = np.zeros(k)
    for i in range(k):
        j, m = [other for other in range(k) if other != i][:2]
        if correlation[j, m] == 0:
            return None
        square = correlation[i, j] * correlation[i, m] / correlation[j, m]
        if not 0 <= square <= 1 + 1e-9:
            return None
        loadings[i] = min(np.sqrt(square), 1.0)
    off_diagonal = ~np.eye(k, dtype=bool)
    same = np.allclose(np.outer(loadings, loadings)[off_diagonal], correlation[off_diagonal], rtol=0, atol=1e-10)
    return loadings if same else None


def _nearest_one_factor(correlation: FloatArray) -> FloatArray:
    """Return loadings whose products come closest to the correlations, by least squares."""
    upper = np.triu_indices(len(correlation), 1)

    def misfit(loadings: FloatArray) -> FloatArray:
        return np.asarray((np.outer(loadings, loadings) - correlation)[upper], dtype=np.float64)

    nearest = scipy.optimize.least_squares(misfit, np.full(len(correlation), 0.7), bounds=(-0.98, 0.98))
    return np.asarray(nearest.x, dtype=np.float64)


def one_factor_probability(c: float, factors: FloatArray, df: float) -> float:
    """Gauss-Legendre quadrature over the groups' common factors z and the scale s = sqrt(chi2_df / df)."""
    nodes, weights = _legendre(192)
    low, high = np.sqrt(scipy.stats.chi2.ppf([1e-15, 1 - 1e-15], df) / df)
    s = low + (high - low) * (nodes + 1) / 2
    inside = (high - low) / 2 * weights * 2 * df * s * scipy.stats.chi2.pdf(df * s**2, df)
    for loadings in factors:
        rests = np.sqrt(1 - loadings**2)
        whole = (rests < WHOLE).any()  # an arm that is the factor, as a treatment on every plate can be, cuts it off
        edge = np.minimum(9.5, c * s) if whole else np.full(len(s), 9.5)
        z = edge[:, None] * nodes[None, :]
        within = edge[:, None] * weights[None, :] * scipy.stats.norm.pdf(z)
        for loading, rest in zip(loadings, rests, strict=True):
            if loading != 0 and rest >= WHOLE:
                shift = loading * z
                within *= special.ndtr((c * s[:, None] - shift) / rest) - special.ndtr((-c * s[:, None] - shift) / rest)
        inside = inside * within.sum(axis=1)
    alone = int((~factors.any(axis=0)).sum())
    return float(np.sum(inside * (2 * special.ndtr(c * s) - 1) ** alone))


@lru_cache(maxsize=4)
def _legendre(n: int) -> tuple[FloatArray, FloatArray]:
    nodes, weights = special.roots_legendre(n)
    return nodes, weights


def probability_difference(c: float, correlation: FloatArray, near: FloatArray, df: float) -> float:
    """Probability under ``correlation`` minus that under ``near``, on the same scrambled Sobol points.

    Transformed integral: Genz & Bretz 2002, J Comput Graph Stat 11:950. ``near`` is the control variate: the closer
    it is, the less is left to integrate.
    """
    k = len(correlation)
    wanted = np.asarray(np.linalg.cholesky(correlation + 1e-13 * np.eye(k)), dtype=np.float64)
    known = np.asarray(np.linalg.cholesky(near), dtype=np.float64)
    return float(np.mean(_genz_integrand(c, wanted, df) - _genz_integrand(c, known, df)))


@lru_cache(maxsize=4)
def _points(k: int) -> FloatArray:
    """Return points (2**POINTS_LOG2, k) of the open unit cube."""
    points = scipy.stats.qmc.Sobol(k, seed=SEED).random_base2(POINTS_LOG2)
    return np.asarray(np.clip(points, 1e-15, 1 - 1e-15), dtype=np.float64)


@lru_cache(maxsize=4)
def _scales(k: int, df: float) -> FloatArray:
    """Return the scale s at each point, which takes longer than the rest of the integrand."""
    return np.asarray(np.sqrt(2 * special.gammaincinv(df / 2, _points(k)[:, 0]) / df), dtype=np.float64)


def _genz_integrand(c: float, cholesky: FloatArray, df: float) -> FloatArray:
    """Genz's integrand of the rectangle probability at the points of the unit cube, shape (points,)."""
    k = len(cholesky)
    u, s = _points(k), _scales(k, df)
    y = np.zeros((len(u), k))
    product = np.ones(len(u))
    for i in range(k):
        shift = y[:, :i] @ cholesky[i, :i]
        below = special.ndtr((-c * s - shift) / cholesky[i, i])
        width = special.ndtr((c * s - shift) / cholesky[i, i]) - below
        product *= width
        if i + 1 < k:
            y[:, i] = special.ndtri(np.clip(below + u[:, i + 1] * width, 1e-300, 1 - 1e-16))
    return product
