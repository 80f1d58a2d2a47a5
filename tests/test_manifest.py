"""What the manifest promises to napari is there, and its menus open at once."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
import yaml

SRC = Path(__file__).parents[1] / "src" / "napari_divnoise"
MANIFEST = yaml.safe_load((SRC / "napari.yaml").read_text(encoding="utf-8"))
CONTRIBUTIONS = MANIFEST["contributions"]
CHECK_NOISE = "napari-divnoise.check_noise"
PYTHON_NAMES = {
    entry["id"]: entry["python_name"] for entry in CONTRIBUTIONS["commands"]
}


@pytest.mark.parametrize("command", PYTHON_NAMES)
def test_every_command_can_be_called(command: str) -> None:
    module, _, name = PYTHON_NAMES[command].partition(":")
    assert callable(getattr(import_module(module), name))


def test_a_command_of_a_menu_is_there_and_says_when_it_can_be_used() -> None:
    commands = {entry["id"]: entry for entry in CONTRIBUTIONS["commands"]}
    menus = CONTRIBUTIONS["menus"]
    offered = {entry["command"] for menu in menus.values() for entry in menu}
    assert offered <= set(commands)
    assert menus["napari/layers/measure"] == [{"command": CHECK_NOISE}]
    assert commands[CHECK_NOISE]["enablement"] == "num_selected_image_layers > 0"


def test_napari_takes_the_manifest() -> None:
    from npe2 import PluginManifest

    manifest = PluginManifest.from_file(SRC / "napari.yaml")
    command = manifest.contributions.commands
    assert command is not None
    assert CHECK_NOISE in [entry.id for entry in command]


@pytest.mark.parametrize("kind", ["sample_data", "readers"])
def test_menus_load_no_torch(kind: str) -> None:
    names = [PYTHON_NAMES[entry["command"]] for entry in CONTRIBUTIONS[kind]]
    modules = sorted({name.partition(":")[0] for name in names})
    code = f"import sys, {', '.join(modules)}; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_link_at_the_root_leads_to_the_manifest() -> None:
    link = SRC.parents[1] / "napari.yaml"
    if not link.is_symlink():
        pytest.skip("this checkout holds no links, as on Windows")
    assert link.resolve() == (SRC / "napari.yaml").resolve()
