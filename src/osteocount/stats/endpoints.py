"""The endpoints, their links, and their donor × arm cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from osteocount.errors import OsteoCountError
from osteocount.stats.arms import suggestion

Link = Literal["log rate", "logit", "log", "identity"]
COUNT = "osteoclast_count"
COUNT_OFFSET = 0.5  # added to every cell total of a count, so that an empty cell has a logarithm
SMALL_TOTAL = 5  # counts below this are warned of; a convention, not measured


@dataclass(frozen=True)
class Endpoint:
    """What is compared: pooled ``numerator ÷ denominator`` of each donor × arm, on its link.

    Attributes
    ----------
    name, title : str
        In the table, and on axes and in sentences.
    link : str
        ``log rate``: log((Σ count + 0.5) / Σ area). ``logit``: of the pooled proportion. ``log``: of the pooled mean.
        ``identity``: the pooled mean itself, where it is not always above zero.
    unit : str
    numerator, denominator : Series of float
        Per well; NaN where unknown.
    discrete : bool
        Whether the denominator of a share is a number of things, so that half a thing moves a share off 0 and 1;
        otherwise half the smallest distance from 0 and 1 that any cell shows does.
    """

    name: str
    title: str
    link: Link
    unit: str
    numerator: pd.Series
    denominator: pd.Series
    discrete: bool = False

    @property
    def is_count(self) -> bool:
        """Whether cell totals are numbers of cells, to which the rules about zeros and small totals apply."""
        return self.link == "log rate"

    @property
    def is_ratio(self) -> bool:
        """Whether contrasts are ratios (all links but the identity)."""
        return self.link != "identity"

    def cells(self, wells: pd.DataFrame) -> pd.DataFrame:
        """Pool the wells.

        Parameters
        ----------
        wells : DataFrame
            Columns ``block``, ``donor``, ``arm``.

        Returns
        -------
        DataFrame
            One row per block × arm, sorted: ``block, donor, arm, total, size, n_wells, value, y, clipped``; ``value``
            is total ÷ size, ``y`` its link, ``clipped`` whether a share of 0 or 1 was moved off the edge.
        """
        data = wells[["block", "donor", "arm"]].assign(total=self.numerator, size=self.denominator)
        data = data[data["total"].notna() & data["size"].notna()]
        grouped = data.groupby(["block", "donor", "arm"], sort=True)
        cells = grouped[["total", "size"]].sum().assign(n_wells=grouped.size()).reset_index()
        cells = cells[cells["size"] > 0].reset_index(drop=True)
        cells["value"] = cells["total"] / cells["size"]
        cells["clipped"] = False
        if self.link == "log rate":
            cells["y"] = np.log((cells["total"] + COUNT_OFFSET) / cells["size"])
        elif self.link == "logit":
            share = cells["value"]
            cells["clipped"] = (share <= 0) | (share >= 1)
            edge = COUNT_OFFSET / cells["size"] if self.discrete else self._smallest(share) / 2
            share = share.clip(edge, 1 - edge)
            cells["y"] = np.log(share / (1 - share))
        elif self.link == "log":
            cells["y"] = np.log(cells["value"])
        else:
            cells["y"] = cells["value"]
        return cells

    @staticmethod
    def _smallest(share: pd.Series) -> float:
        """Smallest distance of a share from 0 and 1, of those above 0; a hundredth where there is none."""
        distance = pd.concat([share, 1 - share])
        return float(distance[distance > 0].min()) if ((share > 0) & (share < 1)).any() else 0.01


def find_endpoints(wells: pd.DataFrame, area_unit: str, primary: str, extra: tuple[str, ...]) -> list[Endpoint]:
    """Return the endpoints that the table holds, the primary one first.

    Raises
    ------
    OsteoCountError
        The primary endpoint or a further one is not in the table, or is not numeric.
    """
    found = [*_counts(wells, area_unit), *_shares(wells), *_means(wells), *_extra(wells, extra)]
    names = [endpoint.name for endpoint in found]
    if primary not in names:
        raise OsteoCountError(
            f"The primary endpoint '{primary}' is not in the table{suggestion(primary, names)} "
            f"It holds: {', '.join(names)}."
        )
    return sorted(found, key=lambda endpoint: endpoint.name != primary)


def _counts(wells: pd.DataFrame, area_unit: str) -> list[Endpoint]:
    return [
        Endpoint(name, title, "log rate", f"per {area_unit}", _known(wells, column), wells["area"].astype(float))
        for name, title, column in (
            (COUNT, "osteoclasts", "count"),
            ("osteoclast_count_ge2", "TRAP-positive cells with ≥ 2 nuclei", "n_osteoclasts_ge2"),
            ("osteoclast_count_ge4", "TRAP-positive cells with ≥ 4 nuclei", "n_osteoclasts_ge4"),
        )
        if _has(wells, column)
    ]


def _shares(wells: pd.DataFrame) -> list[Endpoint]:
    found = []
    if _has(wells, "osteoclast_area_px") and _has(wells, "imaged_area_px"):
        part, whole = _known(wells, "osteoclast_area_px"), _known(wells, "imaged_area_px")
        found.append(Endpoint("osteoclast_area_fraction", "osteoclast area ÷ imaged area", "logit", "", part, whole))
    elif _has(wells, "osteoclast_area_fraction"):
        part = _known(wells, "osteoclast_area_fraction") * wells["area"]
        whole = wells["area"].astype(float)
        found.append(Endpoint("osteoclast_area_fraction", "osteoclast area ÷ imaged area", "logit", "", part, whole))
    if _has(wells, "fusion_index"):
        index = _known(wells, "fusion_index")
        nuclei = next((name for name in ("n_nuclei_in_trap_positive", "n_nuclei") if _has(wells, name)), None)
        whole = _known(wells, nuclei) if nuclei else pd.Series(1.0, index=wells.index)
        part = (index * whole).where(whole > 0)
        found.append(
            Endpoint("fusion_index", "nuclei in osteoclasts ÷ nuclei", "logit", "", part, whole, nuclei is not None)
        )
    return found


def _means(wells: pd.DataFrame) -> list[Endpoint]:
    """Means over the osteoclasts of a donor × arm: each well's mean weighs by its osteoclasts."""
    found = []
    for name, title, unit, column in (
        ("nuclei_per_osteoclast", "nuclei per osteoclast", "", "nuclei_per_osteoclast_mean"),
        ("osteoclast_area", "mean osteoclast area", "µm²", "osteoclast_area_mean_um2"),
    ):
        if _has(wells, column):
            mean, number = _known(wells, column), wells["count"].astype(float)
            found.append(Endpoint(name, title, "log", unit, mean * number, number.where(mean.notna())))
    return found


def _extra(wells: pd.DataFrame, columns: tuple[str, ...]) -> list[Endpoint]:
    found = []
    for column in columns:
        if column not in wells.columns:
            raise OsteoCountError(
                f"No column '{column}' to compare{suggestion(column, [str(name) for name in wells.columns])} "
                "Mend the setting 'extra_endpoints'."
            )
        if not _has(wells, column):
            raise OsteoCountError(f"Column '{column}' holds no numbers, so it cannot be compared.")
        values = _known(wells, column)
        link: Link = "log" if (values.dropna() > 0).all() else "identity"
        found.append(
            Endpoint(column, column, link, "", values, pd.Series(1.0, index=wells.index).where(values.notna()))
        )
    return found


def _has(wells: pd.DataFrame, column: str) -> bool:
    return column in wells.columns and bool(_known(wells, column).notna().any())


def _known(wells: pd.DataFrame, column: str) -> pd.Series:
    return pd.to_numeric(wells[column], errors="coerce").astype(float)
