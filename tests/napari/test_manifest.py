"""The manifest is valid, everything it names exists, and the installed one is the one at the top of the repository."""

from __future__ import annotations

from pathlib import Path

import pytest
from npe2 import PluginManifest

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
    assert [sample.key for sample in contributions.sample_data] == ["simulated_field"]
    assert [item.command for item in contributions.menus["napari/layers/segment"]] == ["osteocount.open_dock"]
