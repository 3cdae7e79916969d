"""`osteocount evaluate` as a person runs it, from pictures to figures."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest

from osteocount.errors import OsteoCountError
from osteocount.io.label_image import read_labels, write_labels
from osteocount.simulate import FieldDesign, simulate_field
from osteocount.simulate.design import Densities
from osteocount.simulate.simulated_field import write_field
from support.commands import refused, run

FILES = ["evaluation.csv", "evaluation.png", "evaluation_cells.csv", "evaluation_classes.csv",
         "evaluation_not_scored.csv", "evaluation_wells.csv"]  # fmt: skip


@pytest.fixture(scope="module")
def counted(tmp_path_factory):
    """Two wells, three pictures, with truth beside them, counted by the real command."""
    folder = tmp_path_factory.mktemp("lab")
    design = FieldDesign(width=300, height=240, densities=Densities(osteoclast=120))
    for number, name in enumerate(("A01_f1", "A01_f2", "A02_f1")):
        write_field(simulate_field(design, number), folder / "pictures" / f"{name}.tif", folder / "truth")
    run("count", folder / "pictures", "--out", folder / "results", "--segmenter", "classical")
    return folder


@pytest.fixture
def own_truth(counted, tmp_path):
    """Our own result as truth."""
    cells = pd.read_csv(counted / "results" / "cells.csv")
    for picture in (counted / "results" / "labels").glob("*_cells.tif"):
        write_labels(read_labels(picture), tmp_path / "own" / picture.name)
    cells[["image", "cell_id", "n_nuclei", "is_osteoclast", "counted"]].to_csv(
        tmp_path / "own" / "cells.csv", index=False
    )
    return tmp_path / "own"


def figures(folder):
    table = pd.read_csv(folder / "evaluation.csv")
    return {(row.figure, None if np.isnan(row.iou) else row.iou): row for row in table.itertuples()}


def test_simulated_pictures_against_their_truth(counted, tmp_path):
    done = run("evaluate", counted / "results", counted / "truth", "--out", tmp_path / "out")
    assert done.exit_code == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == FILES
    found = figures(tmp_path / "out")
    true = pd.concat([pd.read_csv(path) for path in (counted / "truth").glob("*_cells.csv")])
    assert found["recall", 0.5].n == true["is_osteoclast"].sum()
    assert 0 < found["f1", 0.5].value <= 1
    assert (found["f1", 0.5].n_units, found["f1", 0.5].unit) == (2, "wells")
    assert "3 pictures against the truth" in done.stdout
    assert "There are no intervals: they need 5 wells or more" in done.stdout


def test_our_own_result_as_truth_is_perfect(counted, own_truth, tmp_path):
    run("evaluate", counted / "results", own_truth, "--out", tmp_path / "out")
    found = figures(tmp_path / "out")
    shares = ("precision", "recall", "f1", "average_precision")
    assert {found[name, iou].value for name in shares for iou in (0.5, 0.95)} == {1}
    assert found["mean_average_precision", None].value == 1
    assert found["nuclei_mean_absolute_error", None].value == 0
    assert found["nuclei_inside_interval", None].value == 1
    assert found["count_bias_percent", None].value == 0
    wells = pd.read_csv(tmp_path / "out" / "evaluation_wells.csv")
    ours = pd.read_csv(counted / "results" / "wells.csv")
    assert wells["true"].tolist() == wells["ours"].tolist() == ours["n_osteoclasts"].tolist()


def test_other_numbers_for_the_true_cells_change_no_figure(counted, own_truth, tmp_path):
    run("evaluate", counted / "results", own_truth, "--out", tmp_path / "one")
    table = pd.read_csv(own_truth / "cells.csv")
    table["cell_id"] = 5000 - table["cell_id"]
    table.to_csv(own_truth / "cells.csv", index=False)
    for path in own_truth.glob("*_cells.tif"):
        labels = read_labels(path)
        write_labels(np.where(labels > 0, 5000 - labels, 0).astype(np.uint32), path)
    run("evaluate", counted / "results", own_truth, "--out", tmp_path / "other")
    assert (tmp_path / "one" / "evaluation.csv").read_bytes() == (tmp_path / "other" / "evaluation.csv").read_bytes()


def test_points_in_our_cells(counted, tmp_path):
    cells = pd.read_csv(counted / "results" / "cells.csv").query("is_osteoclast and image == 'A01_f1.tif'")
    labels = read_labels(counted / "results" / "labels" / "A01_f1_cells.tif")
    y, x = zip(*(np.argwhere(labels == number)[0] for number in cells["cell_id"]), strict=True)
    points = pd.DataFrame({"x": np.array(x) + 0.5, "y": np.array(y) + 0.5, "n_nuclei": cells["n_nuclei"].to_numpy()})
    points.to_csv(tmp_path / "A01_f1.csv", index=False)
    done = run("evaluate", counted / "results", tmp_path / "A01_f1.csv", "--out", tmp_path / "out")
    found = figures(tmp_path / "out")
    assert found["f1", None].value == 1
    assert found["f1", None].n == 2 * len(cells)
    assert "Pictures not scored (2): A01_f2: no annotation; A02_f1: no annotation." in done.stderr
    assert "they need 5 pictures or more" in done.stdout


def test_what_fits_nothing_is_named_on_both_sides(counted, own_truth, tmp_path):
    (own_truth / "A01_f1_cells.tif").rename(own_truth / "H12_cells.tif")
    table = pd.read_csv(own_truth / "cells.csv")
    table[table["image"] != "A01_f1.tif"].to_csv(own_truth / "cells.csv", index=False)
    done = run("evaluate", counted / "results", own_truth, "--out", tmp_path / "out")
    assert (
        "Annotations not scored (1): H12_cells.tif (h12): no picture of this name or well was counted." in done.stderr
    )
    assert "Pictures not scored (1): A01_f1: no annotation." in done.stderr
    lost = pd.read_csv(tmp_path / "out" / "evaluation_not_scored.csv")
    assert lost["side"].tolist() == ["truth", "results"]


def test_every_bad_annotation_is_named_at_once_and_nothing_written(counted, own_truth, tmp_path):
    write_labels(np.ones((5, 7), np.uint32), own_truth / "A01_f1_cells.tif")
    (own_truth / "A02_f1_cells.tif").write_bytes(b"II*\x00garbage")
    said = refused("evaluate", counted / "results", own_truth, "--out", tmp_path / "out")
    assert "A01_f1_cells.tif: 5 × 7 (height × width) is not the size of the picture that was counted, 240 × 300" in said
    assert "A02_f1_cells.tif: the picture is damaged" in said
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda results: (results / "run.json").unlink(), "run.json: is missing, so .* is not a whole result folder"),
        (lambda results: (results / "run.json").write_text("[" * 100_000), "run.json: not a run record"),
        (lambda results: (results / "cells.csv").unlink(), "cells.csv: is missing"),
        (lambda results: (results / "labels" / "A01_f1_cells.tif").unlink(), "A01_f1_cells.tif: is missing"),
        (
            lambda results: (
                (results / "labels" / "A01_f1_cells.tif").replace(results / "labels" / "A01_f2_cells.tif")
                and shutil.copy(results / "labels" / "A01_f2_cells.tif", results / "labels" / "A01_f1_cells.tif")
            ),
            r"A01_f2_cells.tif: not as the run wrote it for A01_f2.tif: swapped, renamed or changed by another program",
        ),
    ],
)
def test_a_result_folder_that_is_not_whole(counted, own_truth, tmp_path, spoil, message):
    shutil.copytree(counted / "results", tmp_path / "results")
    spoil(tmp_path / "results")
    with pytest.raises(OsteoCountError, match=message):
        run("evaluate", tmp_path / "results", own_truth, "--out", tmp_path / "out")


def test_a_key_that_leads_out_of_the_folder_is_refused(counted, own_truth, tmp_path):
    record = json.loads((counted / "results" / "run.json").read_text(encoding="utf-8"))
    record["inputs"][0]["key"] = "../../secret"
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "run.json").write_text(json.dumps(record), encoding="utf-8")
    assert "is no file name" in refused("evaluate", tmp_path / "results", own_truth, "--out", tmp_path / "out")


def test_names_from_others_do_not_become_formulas(counted, own_truth, tmp_path):
    (own_truth / "=cmd()_cells.tif").write_bytes((own_truth / "A01_f1_cells.tif").read_bytes())
    run("evaluate", counted / "results", own_truth, "--out", tmp_path / "out")
    assert "truth,'=cmd()_cells.tif" in (tmp_path / "out" / "evaluation_not_scored.csv").read_text(encoding="utf-8")
