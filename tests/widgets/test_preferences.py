"""The preferences page of the manifest is what the docks read."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from npe2 import PluginManifest

import napari_divnoise
from napari_divnoise.widgets._preferences import Preferences, preferences

if TYPE_CHECKING:
    from collections.abc import Iterator

MANIFEST = Path(napari_divnoise.__file__).with_name("napari.yaml")


@pytest.fixture
def registered(npe2pm: Any) -> Iterator[None]:
    """Our manifest, known to napari for one test."""
    with npe2pm.tmp_plugin(manifest=PluginManifest.from_file(MANIFEST)):
        yield


def test_without_the_plugin_the_defaults_count() -> None:
    assert preferences() == Preferences()


def test_the_defaults_of_the_manifest_are_ours() -> None:
    pages = yaml.safe_load(MANIFEST.read_text())["contributions"]["configurations"]
    defaults = {
        name: facts["default"]
        for page in pages.values()
        for name, facts in page["properties"].items()
    }
    assert defaults == asdict(Preferences())


def test_what_a_person_sets_is_read(registered: None) -> None:
    from napari.settings import get_plugin_settings

    settings = get_plugin_settings("napari-divnoise")
    settings.compute.device = "cpu"
    settings.compute.detached = False
    settings.compute.runs_folder = "/data/runs"
    settings.defaults.n_samples = 12
    found = preferences()
    assert (found.device, found.detached, found.n_samples) == ("cpu", False, 12)
    assert found.runs == Path("/data/runs")
    assert found.preset == "standard"


def test_runs_are_kept_in_the_home_folder(home: Path) -> None:
    assert Preferences().runs == home / "divnoise-runs"
