"""Small tables of wells with known content."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from osteocount.stats.dose_response import hill_curve

DOSES = (1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0)
COUNTS = {  # donor: arm: counts of the wells
    "D1": {"vehicle": (10, 12), "IL32": (20, 22), "RANKL": (40, 41)},
    "D2": {"vehicle": (20, 18), "IL32": (33, 39), "RANKL": (70, 66)},
    "D3": {"vehicle": (15, 16), "IL32": (24, 29), "RANKL": (60, 65)},
}


def table(
    counts: Mapping[str, Mapping[str, Sequence[float]]] = COUNTS, area: float = 2.0, **columns: object
) -> pd.DataFrame:
    """One plate per donor, wells numbered along the rows; further columns are constant."""
    rows = []
    for donor, arms in counts.items():
        place = 0
        for arm, wells in arms.items():
            for count in wells:
                well = f"{'ABCDEFGH'[place % 8]}{place // 8 + 1}"
                rows.append({"plate": f"plate {donor}", "well": well, "donor": donor, "treatment": arm, "count": count})
                place += 1
    return pd.DataFrame(rows).assign(area_mm2=area, **columns)


def simulated(
    arms: Sequence[str],
    donors: int,
    wells: int = 3,
    fold: Mapping[str, float] | None = None,
    seed: int = 0,
    sd: float = 0.1,
) -> pd.DataFrame:
    """Poisson wells around 50, with donor SD 0.4 and donor × arm SD ``sd``."""
    rng = np.random.default_rng(seed)
    counts = {}
    for donor in range(1, donors + 1):
        level = 50 * np.exp(rng.normal(0, 0.4))
        counts[f"D{donor}"] = {
            arm: tuple(rng.poisson(level * (fold or {}).get(arm, 1) * np.exp(rng.normal(0, sd)), wells)) for arm in arms
        }
    return table(counts)


def series(fold=4.0, ec50=20.0, hill=1.2, doses=DOSES, donors=4, noise=0.05, seed=5):
    """Counts that follow a dose-response curve."""
    rng = np.random.default_rng(seed)
    rows = []
    for donor in range(donors):
        level = 400 * np.exp(rng.normal(0, 0.4))
        for place, dose in enumerate((0.0, *doses)):
            ratio = np.exp(hill_curve(np.array([dose]), np.log([fold, ec50, hill]))[0])
            count = round(level * ratio * np.exp(rng.normal(0, noise)))
            rows.append(
                ("vehicle" if dose == 0 else "IL32", dose, f"D{donor}", f"{'ABCDEFGH'[donor]}{place + 1}", count)
            )
    columns = ["treatment", "dose", "donor", "well", "count"]
    return pd.DataFrame(rows, columns=columns).assign(area_mm2=10.0, dose_unit="ng/mL", plate="p")
