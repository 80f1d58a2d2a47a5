"""Later stages may look at earlier ones, never the reverse; and the house's rules."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SRC = ROOT / "src" / "napari_divnoise"
ARRAYS = {"numpy", "scipy", "skimage"}
FILES = {"tifffile", "zarr", "dask", "PIL"}
TORCH = ARRAYS | {"torch"}
GUI = {"napari", "qtpy", "superqt", "magicgui", "psygnal", "pyqtgraph"}
STAGES = {
    "images", "noise", "networks", "training", "posterior", "summaries", "segmentation"
}  # fmt: skip

# module -> (our modules it may import, third-party packages it may import)
MAY_IMPORT = {
    "images": (set(), ARRAYS | FILES),
    "noise": ({"images"}, TORCH),
    "networks": ({"noise"}, TORCH),
    "training": ({"images", "noise", "networks"}, TORCH | {"pydantic", "psutil"}),
    "posterior": ({"images", "networks"}, TORCH | {"psutil"}),
    "summaries": (set(), TORCH),
    "segmentation": ({"summaries"}, ARRAYS),
    "runs": (
        STAGES,
        TORCH
        | FILES
        | {"pydantic", "yaml", "safetensors", "matplotlib", "psutil", "platformdirs"},
    ),
    "cli": (STAGES | {"runs", "sample_data"}, TORCH | {"typer", "rich", "yaml"}),
    "layers": (STAGES, ARRAYS),
    "sample_data": ({"images", "noise"}, TORCH),
    "session": (STAGES | {"runs"}, TORCH | {"psygnal"}),
    "readers": (STAGES | {"runs", "session"}, ARRAYS),
    "resources": (set(), set()),
}
MAY_IMPORT["widgets"] = (set(MAY_IMPORT), TORCH | FILES | GUI | {"psutil", "pydantic"})
HEADLESS = sorted(
    name
    for name in set(MAY_IMPORT) - {"session", "readers", "widgets"}
    if (SRC / name).is_dir() or (SRC / f"{name}.py").is_file()
)

# Written in two halves, so that this file passes its own test.
REGISTRIES = [
    ".".join(halves)
    for halves in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("download.pytorch", "org"),
        ("anaconda", "org"),
        ("npmjs", "org"),
        ("crates", "io"),
        ("debian", "org"),
        ("huggingface", "co"),
    )
]


def _imports(path: Path) -> set[str]:
    """Dotted names imported anywhere in `path`, lazily too, but not for typing only."""
    package = ("napari_divnoise", *path.relative_to(SRC).parts[:-1])
    names = set()

    def visit(node: ast.AST) -> None:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            return
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = package[: len(package) - node.level + 1] if node.level else ()
            module = [node.module] if node.module else []
            names.add(".".join([*parents, *module]))
        for child in ast.iter_child_nodes(node):
            visit(child)

    visit(ast.parse(path.read_text(encoding="utf-8")))
    return names


def _python(code: str) -> None:
    """Run `code` in a Python of its own; fail with what it wrote if it fails."""
    done = subprocess.run(
        [sys.executable, "-c", code], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def _tracked() -> list[Path]:
    """Files of the repository that git does not ignore."""
    if not (ROOT / ".git").exists() or shutil.which("git") is None:
        pytest.skip("not a git checkout: which files belong to it is not known")
    words = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    done = subprocess.run(words, cwd=ROOT, check=True, capture_output=True, text=True)
    files = (ROOT / name for name in done.stdout.split("\0") if name)
    return [file for file in files if file.is_file()]


def test_every_module_has_its_place_in_the_table() -> None:
    found = {path.stem for path in SRC.glob("*.py")} - {"__init__", "__main__"}
    found |= {path.parent.name for path in SRC.glob("*/__init__.py")}
    assert found <= set(MAY_IMPORT)


@pytest.mark.parametrize("stage", MAY_IMPORT)
def test_stage_imports_only_what_it_may(stage: str) -> None:
    stages, packages = MAY_IMPORT[stage]
    for path in [*SRC.glob(f"{stage}.py"), *SRC.glob(f"{stage}/**/*.py")]:
        for name in _imports(path):
            root, _, rest = name.partition(".")
            if root == "napari_divnoise":
                target = rest.partition(".")[0]
                assert target in stages | {stage}, f"{path}: {stage} imports {target}"
            elif root not in sys.stdlib_module_names:
                assert root in packages, f"{path}: {stage} imports {root}"


def test_summaries_need_torch_only_to_search() -> None:
    with_torch = {
        path.stem for path in SRC.glob("summaries/*.py") if "torch" in _imports(path)
    }
    assert with_torch <= {"mode", "clusters"}


def test_core_imports_without_napari_or_qt() -> None:
    blocked = "".join(f"sys.modules[{name!r}] = None; " for name in sorted(GUI))
    core = ", ".join(f"napari_divnoise.{stage}" for stage in HEADLESS)
    _python(f"import sys; {blocked}import {core}")


def test_the_package_alone_is_instant() -> None:
    heavy = sorted(GUI | {"torch", "numpy", "PyQt6", "PySide6"})
    _python(
        "import sys, napari_divnoise\n"
        f"loaded = [name for name in {heavy} if sys.modules.get(name)]\n"
        "assert not loaded, loaded"
    )


def test_the_stages_need_what_the_project_declares_but_for_the_windows() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    declared = set(project["project"]["dependencies"])
    windows = {line for line in declared if re.split(r"\W", line)[0] in GUI}
    assert set(project["dependency-groups"]["stages"]) == declared - windows


def test_files_stay_short_enough_to_read() -> None:
    lengths = {
        path.relative_to(SRC): len(path.read_text(encoding="utf-8").splitlines())
        for path in SRC.rglob("*.py")
    }
    assert {path: n for path, n in lengths.items() if n > 400} == {}


def test_nothing_prints_and_nothing_is_left_for_later() -> None:
    for path in SRC.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        calls = [n.func for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Call)]
        names = {func.id for func in calls if isinstance(func, ast.Name)}
        assert "print" not in names, f"{path} prints"
        assert not re.search(r"\b(TODO|FIXME|XXX)\b", text), f"{path} leaves work"


def test_no_file_names_a_package_registry() -> None:
    for path in _tracked():
        text = path.read_bytes()
        named = [host for host in REGISTRIES if host.encode() in text]
        assert not named, f"{path} names {named}"
