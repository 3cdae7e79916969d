"""The worst cells of the hold-out as pictures, so that failures can be looked at."""

from __future__ import annotations

import cv2
import numpy as np
from holdout import make
from PIL import Image
from skimage.segmentation import find_boundaries

from osteocount import Settings, analyse

SIDE_UM = 120.0
TILE = 150
COLUMNS = 6


def failures(fields, folder, shown=12):
    """Write a sheet of missed and false osteoclasts; give the lines of the page that show it."""
    tiles = []
    for field in (f for f in fields if f.method == "learned"):
        wrong = int((field.truth["is_osteoclast"] & ~field.truth["called"]).sum())
        wrong += int((field.ours["called"] & ~field.ours["is_osteoclast"]).sum())
        if wrong:
            tiles.append((wrong, field))
    tiles = sorted(tiles, key=lambda t: (-t[0], t[1].well, t[1].field))[:shown]
    pictures = [picture for _, field in tiles for picture in tiles_of(field)][:shown]
    if not pictures:
        return []
    blank = np.full_like(pictures[0], 255)
    pictures += [blank] * (-len(pictures) % COLUMNS)
    rows = [np.hstack(pictures[i : i + COLUMNS]) for i in range(0, len(pictures), COLUMNS)]
    folder.mkdir(parents=True, exist_ok=True)
    sheet = Image.fromarray(np.vstack(rows)[..., ::-1]).quantize(128, dither=Image.Dither.NONE)
    sheet.save(folder / "accuracy_failures.png", optimize=True)
    return [
        "### Failures of the learned segmenter",
        "",
        "Missed and false osteoclasts of the worst fields. Green: true osteoclasts, magenta: ours, dots: our nuclei; "
        f"the cell in the middle is the one that went wrong. Each tile is {SIDE_UM:.0f} µm wide.",
        "",
        "![Missed and false osteoclasts](images/accuracy_failures.png)",
        "",
    ]


def tiles_of(field, most=2):
    """Cut out at most ``most`` wrong cells of one field."""
    made, picture, _ = make(field.well, field.field)
    result = analyse(picture, Settings.model_validate({"segment": {"segmenter": "learned"}}))
    labels, cells = result.segmentation.cells, result.cells
    true = np.isin(made.cells, made.truth.loc[made.truth["is_osteoclast"], "cell_id"])
    ours = np.isin(labels, cells.loc[cells["is_osteoclast"], "cell_id"])
    drawn = np.ascontiguousarray(made.picture[..., ::-1])
    drawn[find_boundaries(np.where(true, made.cells, 0))] = (0, 170, 0)
    drawn[find_boundaries(np.where(ours, labels, 0))] = (200, 0, 200)
    for y, x in result.nuclei[["y_px", "x_px"]].to_numpy():
        cv2.circle(drawn, (round(x), round(y)), 1, (0, 255, 255), -1)
    missed = made.truth[made.truth["is_osteoclast"] & ~field.truth["called"].to_numpy()]
    false = cells[cells["cell_id"].isin(field.ours.loc[field.ours["called"] & ~field.ours["is_osteoclast"], "cell_id"])]
    spots = np.concatenate([missed[["y_px", "x_px"]].to_numpy(), false[["y_px", "x_px"]].to_numpy()])
    half = round(SIDE_UM / 2 / made.pixel_size)
    wide = cv2.copyMakeBorder(drawn, half, half, half, half, cv2.BORDER_CONSTANT, value=(255, 255, 255))
    cuts = [wide[round(y) : round(y) + 2 * half, round(x) : round(x) + 2 * half] for y, x in spots[:most]]
    return [cv2.resize(cut, (TILE, TILE), interpolation=cv2.INTER_AREA) for cut in cuts]
