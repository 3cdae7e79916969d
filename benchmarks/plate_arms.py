"""Score the program on a whole simulated plate: wells by arm, as `osteocount run` counts them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from osteocount import Settings
from osteocount.pipeline import run


def count(source, out, method, *, layout=None, pixel_size=None):
    """Run the program on a folder or picture, everything but the segmenter as by default."""
    settings = Settings.model_validate({"picture": {"pixel_size": pixel_size}, "segment": {"segmenter": method}})
    for _ in run(source, out, settings, layout=layout, if_present="overwrite"):
        pass


def plate_section(plate, out, method):
    """Count a plate and compare its wells with the truth, arm by arm."""
    count(plate, out, method, layout=plate / "layout.csv")
    truth = pd.read_csv(plate / "truth" / "wells.csv")[["well", "treatment", "n_osteoclasts"]]
    ours = pd.read_csv(out / "wells.csv")[["well", "n_osteoclasts"]]
    wells = truth.merge(ours, on="well", suffixes=("_true", "_ours"))
    arms = wells.groupby("treatment", sort=False)[["n_osteoclasts_true", "n_osteoclasts_ours"]].sum()
    vehicle = arms.iloc[0]
    return [
        f"## Simulated plate `{plate.name}`, {method}",
        "",
        f"{len(wells)} wells. Ratio: wells of the arm against those of the first.",
        "",
        "| arm | wells | true | ours | bias | true ratio | our ratio |",
        "|---|---|---|---|---|---|---|",
        *(
            f"| {arm} | {int((wells.treatment == arm).sum())} | {true:.0f} | {found:.0f} "
            f"| {100 * (found / true - 1):+.1f} % "
            f"| {true / vehicle.iloc[0]:.2f} | {found / vehicle.iloc[1]:.2f} |"
            for arm, (true, found) in zip(arms.index, np.asarray(arms, float), strict=True)
        ),
        "",
    ]
