"""What 60 corrections teach on a simulated lab whose stain, scale and litter differ from the defaults.

python benchmarks/learning.py

Four wells are counted with the default settings. On three of them a simulated person judges 60 cells: accepts a cell
that overlaps a true one (intersection over union above 0.3), deletes one that does not, wrong ones first as far as
they go (half of the corrections at most). The fourth well is held out and never corrected.
"""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pandas as pd

from osteocount.curate import CellRef, Edit
from osteocount.curate.classifier import examples, judge, train
from osteocount.errors import OsteoCountError
from osteocount.io.picture import Picture, PixelSize
from osteocount.pipeline import analyse
from osteocount.settings import Settings
from osteocount.simulate import Densities, FieldDesign, Optics, StainStyle, simulate_field

FOREIGN = FieldDesign(
    width=900, height=700, pixel_size=1.0,
    densities=Densities(debris=700, refractile=40, fibre=120),
    stain=StainStyle(trap=(1.0, 1.0, 0.55), trap_strength=1.25),
    optics=Optics(background=(225.0, 215.0, 190.0), noise=4.0),
)  # fmt: skip
PERFECT = 0.3
CORRECTIONS = 60


def counted(design: FieldDesign, seed: int, well: str):
    """Return the cells of one well, whether each is real, and the number of true cells found."""
    from pathlib import Path

    field = simulate_field(design, seed)
    picture = Picture(Path(f"{well}.tif"), field.picture, "rgb", ("red", "green", "blue"),
                      PixelSize(field.pixel_size, "simulated"), "simulated", ())  # fmt: skip
    result = analyse(picture, Settings())
    cells = result.cells.assign(plate="p", well=well, field="1", image=f"{well}.tif")
    labels = result.segmentation.cells
    matches = [best_match(labels == cell, field.cells) for cell in cells["cell_id"]]
    return cells.assign(is_real=[m is not None for m in matches], true_cell=matches), int(field.cells.max())


def best_match(mask, truth):
    """Return the true cell that overlaps enough, else None."""
    inside = truth[mask]
    if not inside.any():
        return None
    cell = int(np.bincount(inside)[1:].argmax()) + 1
    overlap = (inside == cell).sum()
    union = mask.sum() + (truth == cell).sum() - overlap
    return cell if overlap / union > PERFECT else None


def corrections(cells: pd.DataFrame, n: int) -> list[Edit]:
    """Return what a person says of ``n`` cells."""
    rng = np.random.default_rng(1)
    wrong, right = (cells[cells["is_real"] == real] for real in (False, True))
    wrong = wrong.iloc[rng.permutation(len(wrong))[: n // 2]]
    right = right.iloc[rng.permutation(len(right))[: n - len(wrong)]]
    edits = []
    for row in pd.concat([wrong, right]).to_dict("records"):
        ref = CellRef(cell_id=int(row["cell_id"]), y=int(row["y_px"]), x=int(row["x_px"]), area_px=int(row["area_px"]))
        kind = "accept" if row["is_real"] else "delete"
        edits.append(Edit(who="lab", when=datetime.now(UTC), kind=kind, image=row["image"], cells=(ref,)))
    return edits


def score(cells: pd.DataFrame, n_true: int) -> tuple[int, float]:
    """Return false positives and F1."""
    hits = cells.loc[cells["is_real"], "true_cell"].nunique()
    wrong = int((~cells["is_real"]).sum())
    return wrong, 2 * hits / (len(cells) + n_true)


def main() -> None:
    """Measure both labs."""
    for name, design in (("foreign lab", FOREIGN), ("the lab of the defaults, nothing to correct", None)):
        wells = [counted(design or FieldDesign(width=900, height=700), 100 + n, f"A0{n + 1}") for n in range(4)]
        if design is None:
            wells = [(cells[cells["is_real"]], n) for cells, n in wells]
        teaching = pd.concat([cells for cells, _ in wells[:3]], ignore_index=True)
        judged = examples(teaching.drop(columns="is_real"), corrections(teaching, CORRECTIONS))
        try:
            trained = train(judged)
        except OsteoCountError as error:
            print(f"{name}: refused. {error}")
            continue
        held, n_true = wells[3]
        kept, _ = judge(held, pd.DataFrame({"image": [], "cell_id": []}), trained.classifier)
        (wrong, before), (still, after) = score(held, n_true), score(kept, n_true)
        print(f"{name}: {len(judged)} corrections, useful by cross-validation: {trained.useful} "
              f"({trained.before:.2f} to {trained.after:.2f}); held-out well: false positives {wrong} to {still}, "
              f"cell F1 {before:.3f} to {after:.3f}")  # fmt: skip


if __name__ == "__main__":
    main()
