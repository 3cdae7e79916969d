"""The endpoints: columns, titles, links, and their donor × arm cells. A new endpoint goes here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from osteocount.errors import OsteoCountError
from osteocount.stats.arms import suggestion

Link = Literal["log rate", "logit", "log", "identity"]
NumberKind = Literal["count", "area", "dose", "amount", "share", "mean", "any"]
COUNT = "osteoclast_count"
COUNT_OFFSET = 0.5  # added to every cell total of a count, so that an empty cell has a logarithm
SMALL_TOTAL = 5  # counts below this are warned of; a convention, not measured


WELL_COLUMNS: dict[str, NumberKind] = {
    "n_osteoclasts_ge2": "count",
    "n_osteoclasts_ge4": "count",
    "osteoclast_area_px": "amount",
    "osteoclast_area_fraction": "share",
    "fusion_index": "share",
    "n_nuclei_in_trap_positive": "count",
    "n_nuclei": "count",
    "nuclei_per_osteoclast_mean": "mean",
    "osteoclast_area_mean_um2": "mean",
}
"""Columns of ``wells.csv``, beside count and area, that endpoints are made from, with the numbers they can hold."""


@dataclass(frozen=True)
class EndpointTitle:
    """What an endpoint is called: as a thing that is 0 or many, on an axis, and as a quantity in a sentence.

    ``formula`` says how it is made of the wells of a donor and arm, and on which scale arms are compared.
    """

    noun: str
    axis: str
    quantity: str
    formula: str


_RATE = "÷ imaged area, wells of a donor and arm pooled; compared as log((count + 0.5) ÷ area), a ratio of rates"
TITLES = {
    COUNT: EndpointTitle("osteoclasts", "Osteoclasts", "osteoclast count", f"number of osteoclasts {_RATE}"),
    "osteoclast_count_ge2": EndpointTitle(
        "TRAP-positive cells with ≥ 2 nuclei", "Cells with ≥ 2 nuclei", "count of cells with ≥ 2 nuclei",
        f"number of TRAP-positive cells with at least 2 nuclei {_RATE}",
    ),
    "osteoclast_count_ge4": EndpointTitle(
        "TRAP-positive cells with ≥ 4 nuclei", "Cells with ≥ 4 nuclei", "count of cells with ≥ 4 nuclei",
        f"number of TRAP-positive cells with at least 4 nuclei {_RATE}",
    ),
    "osteoclast_area_fraction": EndpointTitle(
        "osteoclast area ÷ imaged area", "Osteoclast area ÷ imaged area", "osteoclast area fraction",
        "area of all osteoclasts ÷ imaged area, 0 to 1; compared as its logit, a ratio of odds",
    ),
    "fusion_index": EndpointTitle(
        "nuclei in osteoclasts ÷ nuclei", "Fusion index", "fusion index",
        "nuclei in osteoclasts ÷ nuclei of all TRAP-positive cells, 0 to 1; compared as its logit, a ratio of odds",
    ),
    "nuclei_per_osteoclast": EndpointTitle(
        "nuclei per osteoclast", "Nuclei per osteoclast", "nuclei per osteoclast",
        "nuclei in osteoclasts ÷ number of osteoclasts; compared as its logarithm, a ratio of means",
    ),
    "osteoclast_area": EndpointTitle(
        "mean osteoclast area", "Mean osteoclast area", "mean osteoclast area",
        "area of all osteoclasts ÷ number of osteoclasts; compared as its logarithm, a ratio of means",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Endpoint:
    """What is compared: pooled ``numerator ÷ denominator`` of each donor × arm, on its link.

    Attributes
    ----------
    name : str
        In the table.
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
    link: Link
    unit: str
    numerator: pd.Series
    denominator: pd.Series
    discrete: bool = False

    @property
    def title(self) -> str:
        """What it is called in sentences about its values."""
        return TITLES[self.name].noun if self.name in TITLES else self.name

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
            One row per block × arm, sorted: ``block, donor, arm, total, size, n_wells, evenness, value, y, clipped``;
            ``evenness`` is Σ size² / (Σ size)² of the wells, ``value`` total ÷ size, ``y`` its link, ``clipped``
            whether a share of 0 or 1 was moved off the edge.
        """
        data = self.known_wells(wells).assign(square=lambda known: known["size"] ** 2)
        grouped = data.groupby(["block", "donor", "arm"], sort=True)
        cells = grouped[["total", "size", "square"]].sum().assign(n_wells=grouped.size()).reset_index()
        cells = cells[cells["size"] > 0].reset_index(drop=True)
        cells["evenness"] = cells.pop("square") / cells["size"] ** 2
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

    def known_wells(self, wells: pd.DataFrame) -> pd.DataFrame:
        """Return ``block, donor, arm, total, size`` of the wells in which the endpoint is known."""
        data = wells[["block", "donor", "arm"]].assign(total=self.numerator, size=self.denominator)
        return data[data["total"].notna() & data["size"].notna()]

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
    endpoints = [*_counts(wells, area_unit), *_shares(wells), *_means(wells), *_extra(wells, extra)]
    names = [endpoint.name for endpoint in endpoints]
    if primary not in names:
        raise OsteoCountError(
            f"The primary endpoint '{primary}' is not in the table{suggestion(primary, names)} "
            f"It holds: {', '.join(names)}."
        )
    return sorted(endpoints, key=lambda endpoint: endpoint.name != primary)


def _counts(wells: pd.DataFrame, area_unit: str) -> list[Endpoint]:
    return [
        Endpoint(name, "log rate", f"per {area_unit}", _known(wells, column), wells["area"].astype(float))
        for name, column in (
            (COUNT, "count"),
            ("osteoclast_count_ge2", "n_osteoclasts_ge2"),
            ("osteoclast_count_ge4", "n_osteoclasts_ge4"),
        )
        if _has(wells, column)
    ]


def _shares(wells: pd.DataFrame) -> list[Endpoint]:
    endpoints = []
    if _has(wells, "osteoclast_area_px") and _has(wells, "imaged_area_px"):
        part, whole = _known(wells, "osteoclast_area_px"), _known(wells, "imaged_area_px")
        endpoints.append(Endpoint("osteoclast_area_fraction", "logit", "", part, whole))
    elif _has(wells, "osteoclast_area_fraction"):
        whole = wells["area"].astype(float)
        part = _known(wells, "osteoclast_area_fraction") * wells["area"]
        endpoints.append(Endpoint("osteoclast_area_fraction", "logit", "", part, whole))
    if _has(wells, "fusion_index"):
        nuclei = next((name for name in ("n_nuclei_in_trap_positive", "n_nuclei") if _has(wells, name)), None)
        whole = _known(wells, nuclei) if nuclei else pd.Series(1.0, index=wells.index)
        part = (_known(wells, "fusion_index") * whole).where(whole > 0)
        endpoints.append(Endpoint("fusion_index", "logit", "", part, whole, discrete=nuclei is not None))
    return endpoints


def _means(wells: pd.DataFrame) -> list[Endpoint]:
    """Means over the osteoclasts of a donor × arm: each well's mean weighs by its osteoclasts."""
    endpoints = []
    for name, unit, column in (
        ("nuclei_per_osteoclast", "", "nuclei_per_osteoclast_mean"),
        ("osteoclast_area", "µm²", "osteoclast_area_mean_um2"),
    ):
        if _has(wells, column):
            mean, number = _known(wells, column), wells["count"].astype(float)
            endpoints.append(Endpoint(name, "log", unit, mean * number, number.where(mean.notna())))
    return endpoints


def _extra(wells: pd.DataFrame, columns: tuple[str, ...]) -> list[Endpoint]:
    endpoints = []
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
        endpoints.append(Endpoint(column, link, "", values, pd.Series(1.0, index=wells.index).where(values.notna())))
    return endpoints


def _has(wells: pd.DataFrame, column: str) -> bool:
    return column in wells.columns and bool(_known(wells, column).notna().any())


def _known(wells: pd.DataFrame, column: str) -> pd.Series:
    return pd.to_numeric(wells[column], errors="coerce").astype(float)
