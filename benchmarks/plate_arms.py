"""Score the program on a whole simulated plate: wells by arm, as `osteocount run` counts them."""

from __future__ import annotations

import doc_sections
import pandas as pd
from holdout import METHODS
from markdown_tables import figure_table

from osteocount import Settings
from osteocount.evaluation.evaluate import evaluate_folder
from osteocount.pipeline import run


def count(source, out, method, *, layout=None, pixel_size=None):
    """Run the program on a folder or picture, everything but the segmenter as by default."""
    settings = Settings.model_validate({"picture": {"pixel_size": pixel_size}, "segment": {"segmenter": method}})
    for _ in run(source, out, settings, layout=layout, if_present="overwrite"):
        pass


def plate_section(plate, folder):
    """Count a plate with every method and compare its cells and wells with the truth, arm by arm."""
    found = {}
    for method in METHODS:
        count(plate, folder / method, method, layout=plate / "layout.csv")
        found[method] = evaluate_folder(folder / method, plate / "truth").evaluation
    arms = pd.read_csv(plate / "truth" / "wells.csv")[["well", "treatment"]]
    return [
        f"## Simulated plate `{plate.name}`",
        "",
        f"{doc_sections.command()}: {len(arms)} wells.",
        "",
        *figure_table(found),
        "",
        "By arm; ratio: wells of the arm against those of the first.",
        "",
        "| arm | wells | true | true ratio | " + " | ".join(f"{m} | bias % | ratio" for m in METHODS) + " |",
        "|---|---|---|---|" + "---|---|---|" * len(METHODS),
        *_arm_rows(arms, {m: own.wells for m, own in found.items()}),
        "",
    ]


def _arm_rows(arms, wells):
    sums = {
        m: arms.merge(own, on="well").groupby("treatment", sort=False)[["true", "ours"]].sum()
        for m, own in wells.items()
    }
    first = {m: own.iloc[0] for m, own in sums.items()}
    for arm in sums["learned"].index:
        true = sums["learned"].loc[arm, "true"]
        said = [f"{(arms['treatment'] == arm).sum()} | {true} | {true / first['learned']['true']:.2f}"]
        for m, own in sums.items():
            ours = own.loc[arm, "ours"]
            said.append(f"{ours} | {100 * (ours / true - 1):+.1f} | {ours / first[m]['ours']:.2f}")
        yield f"| {arm} | {' | '.join(said)} |"
