"""An endpoint with its donor × arm cells and their fit: what every test, curve and warning starts from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from osteocount.stats import sentences
from osteocount.stats.arrays import FloatArray
from osteocount.stats.contrasts import Contrast
from osteocount.stats.counting_noise import CountedCells, NoiseModel, excess_variance, weighted_by_noise
from osteocount.stats.design import Design
from osteocount.stats.endpoints import Endpoint
from osteocount.stats.least_squares import ArmWeights, LeastSquaresFit, fit, paired_t_test

NAN = float("nan")
Row = dict[str, Any]


@dataclass(frozen=True)
class FittedEndpoint:
    """An endpoint's cells, their fit, and the fit of each donor alone (for the donor's own ratios).

    Attributes
    ----------
    endpoint : Endpoint
    design : Design
    wells : DataFrame
        ``block, donor, arm`` and the other columns of the wells that take part.
    cells : DataFrame
        One row per block × arm; see `Endpoint.cells`.
    fit : LeastSquaresFit or None
        None where a single donor or no cell is left. Of sparse counts weighted by τ² and counting noise.
    noise : NoiseModel or None
        Of counts: the fit weighted so, sparse or not.
    by_donor : dict
        Donor to the fit of that donor's cells; empty in an unblocked design.
    """

    endpoint: Endpoint
    design: Design
    wells: pd.DataFrame
    cells: pd.DataFrame
    fit: LeastSquaresFit | None
    noise: NoiseModel | None = None
    by_donor: dict[str, LeastSquaresFit] = field(default_factory=dict)

    @property
    def is_weighted(self) -> bool:
        """Whether some arm is so sparse that cells are weighted by how surely they were counted."""
        return self.fit is not None and not bool(np.all(self.fit.weights == 1))

    @classmethod
    def of(cls, endpoint: Endpoint, wells: pd.DataFrame, design: Design) -> FittedEndpoint:
        """Pool the wells into cells and fit them."""
        cells = endpoint.cells(wells)
        model_cells = cells
        if design.kind == "unblocked":
            model_cells = cells.assign(block="all")
        whole = fit(model_cells) if len(cells) and cells["donor"].nunique() >= 2 else None
        noise = None
        if whole is not None and endpoint.is_count and whole.has_variation:
            counted = CountedCells(
                cells["size"].to_numpy(dtype=np.float64),
                cells["evenness"].to_numpy(dtype=np.float64),
                excess_variance(endpoint.known_wells(wells)),
            )
            noise = weighted_by_noise(whole, model_cells, counted)
        own = {} if design.kind == "unblocked" else {str(donor): fit(part) for donor, part in cells.groupby("donor")}
        return cls(endpoint, design, wells, cells, noise.fit if noise and noise.sparse_arms else whole, noise, own)

    def contrast_by_donor(self, weights: ArmWeights) -> dict[str, float]:
        """Return the contrast within each donor that carries it, in the order of the donors' names."""
        return {
            donor: float(own.estimates([weights])[0][0])
            for donor, own in sorted(self.by_donor.items())
            if weights and own.estimable(weights)
        }

    def donor_contrasts(self, weights: ArmWeights) -> FloatArray:
        """Return the values of `contrast_by_donor`, shape (donors,)."""
        return np.array(list(self.contrast_by_donor(weights).values()), dtype=np.float64)

    def n_donors(self, weights: ArmWeights) -> int:
        """Count the donors that the contrast rests on: those that carry it, or the fewest of any arm if unblocked."""
        if self.design.kind != "unblocked":
            return len(self.donor_contrasts(weights))
        per_arm = self.cells.groupby("arm")["donor"].nunique()
        return int(min((per_arm.get(arm, 0) for arm in weights), default=0))

    def back_transformed(self, value: float) -> float:
        """Return a contrast on the link scale as a ratio (a difference on the identity link)."""
        return float(np.exp(value)) if self.endpoint.is_ratio else float(value)

    def untested_row(self, contrast: Contrast) -> Row:
        """Return the row of a contrast in the comparison table, with nothing known but its name and its donors."""
        own = self.contrast_by_donor(contrast.weights)
        paired = paired_t_test(np.array(list(own.values()), dtype=np.float64))
        effects = {donor: self.back_transformed(value / contrast.per_step) for donor, value in own.items()}
        return {
            "endpoint": self.endpoint.name,
            "contrast": contrast.name,
            "reference": contrast.reference,
            "estimate": NAN,
            "ci_low": NAN,
            "ci_high": NAN,
            "p_raw": NAN,
            "p_adjusted": NAN,
            "p_paired": NAN,
            "n_donors": self.n_donors(contrast.weights),
            "df": NAN,
            "method": "none",
            "verdict": sentences.REFUSED,
            "notes": "",
            "arm": contrast.arm,
            "arms": tuple(contrast.weights),
            "kind": contrast.kind,
            "link": self.endpoint.link,
            "donors_up": paired.signs_up,
            "donors_down": paired.signs_down,
            "donor_effects": effects,
            "donor_estimates": "; ".join(f"{donor}: {value:.4g}" for donor, value in effects.items()),
        }
