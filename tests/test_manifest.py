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
PYTHON_NAMES = {
    entry["id"]: entry["python_name"] for entry in CONTRIBUTIONS["commands"]
}


@pytest.mark.parametrize("command", PYTHON_NAMES)
def test_every_command_can_be_called(command: str) -> None:
    module, _, name = PYTHON_NAMES[command].partition(":")
    assert callable(getattr(import_module(module), name))


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
