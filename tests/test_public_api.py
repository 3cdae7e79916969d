"""Starting is fast because heavy libraries load only where they are used."""

import json
import subprocess
import sys

import pytest

HEAVY = {"napari", "qtpy", "PyQt6", "torch", "onnxruntime", "matplotlib", "dask", "pandas", "cv2", "skimage"}


@pytest.mark.parametrize(
    "code",
    [
        "import osteocount",
        "from osteocount.cli import app; from typer.testing import CliRunner;"
        "assert CliRunner().invoke(app, ['--help']).exit_code == 0",
    ],
    ids=["import osteocount", "osteocount --help"],
)
def test_nothing_heavy_is_imported(code):
    listing = "import json, sys; print(json.dumps(sorted({name.split('.')[0] for name in sys.modules})))"
    done = subprocess.run([sys.executable, "-c", f"{code}\n{listing}"], capture_output=True, text=True, check=True)
    assert HEAVY.isdisjoint(json.loads(done.stdout.splitlines()[-1]))


def test_public_names_load_on_use_and_others_are_refused():
    import osteocount

    assert osteocount.Settings().count.min_nuclei == 3
    assert issubclass(osteocount.OsteoCountError, ValueError)
    with pytest.raises(AttributeError, match="no attribute 'counter'"):
        _ = osteocount.counter


def test_public_names_are_listed_before_they_are_loaded():
    import osteocount

    assert set(osteocount.__all__) <= set(dir(osteocount))
