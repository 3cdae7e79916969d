"""The manifest is valid, everything it names exists, and the installed one is the one at the top of the repository."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest
from npe2 import PluginManifest

from osteocount.plate.picture_files import PICTURE_SUFFIXES

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def manifest():
    return PluginManifest.from_file(ROOT / "napari.yaml")


def test_what_the_manifest_names_can_be_imported(manifest):
    manifest.validate_imports()


def test_the_installed_manifest_is_the_one_we_edit(manifest):
    installed = PluginManifest.from_distribution("osteocount")
    assert installed.model_dump(exclude={"package_metadata"}) == manifest.model_dump(exclude={"package_metadata"})


def test_the_dock_the_sample_and_the_menu_are_contributed(manifest):
    contributions = manifest.contributions
    assert [widget.display_name for widget in contributions.widgets] == ["OsteoCount"]
    assert [sample.key for sample in contributions.sample_data] == ["simulated_field", "simulated_plate"]
    for menu in ("napari/layers/segment", "napari/layers/measure"):
        assert [item.command for item in contributions.menus[menu]] == ["osteocount.open_dock"]


def test_pictures_are_read_cells_and_nuclei_are_written(manifest):
    contributions = manifest.contributions
    patterns = set(contributions.readers[0].filename_patterns)
    assert {f"*{suffix}" for suffix in PICTURE_SUFFIXES if not suffix.startswith(".ome")} == patterns
    assert [writer.layer_types for writer in contributions.writers] == [["labels"], ["points"]]


def test_npe2_validates_it():
    done = subprocess.run(
        [sys.executable, "-m", "npe2", "validate", str(ROOT / "napari.yaml")], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_preferences_are_contributed(manifest):
    general = manifest.contributions.configurations["general"]
    assert set(general.properties) == {"reviewer", "settings_file"}


def test_a_wheel_carries_the_manifest_once(tmp_path):
    wheel = pytest.importorskip("hatchling.builders.wheel", reason="hatchling builds the wheel")
    built = next(wheel.WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"]))
    with ZipFile(built) as archive:
        assert [name for name in archive.namelist() if name.endswith("napari.yaml")] == ["osteocount/napari.yaml"]
        assert archive.read("osteocount/napari.yaml") == (ROOT / "napari.yaml").read_bytes()
