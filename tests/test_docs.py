"""The documents point at nothing that is missing, and become HTML."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def _build(root: Path, out: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, root / "docs" / "build.py", "--out", out],
        check=False,
        capture_output=True,
        text=True,
    )


def test_every_page_is_written(tmp_path: Path) -> None:
    done = _build(ROOT, tmp_path)
    assert done.returncode == 0, done.stderr
    home = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert 'href="walkthrough.html"' in home
    assert "<table>" in (tmp_path / "glossary.html").read_text(encoding="utf-8")


def test_a_missing_target_is_named_with_its_page(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    shutil.copy(ROOT / "docs" / "build.py", docs)
    (tmp_path / "README.md").write_text(
        "[there](docs/build.py), [gone](docs/gone.md), `docs/build.py`, `src/gone.py`\n"
        "[elsewhere](https://example.com), `not/a/path`\n"
    )
    done = _build(tmp_path, tmp_path / "out")
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "README.md names docs/gone.md, which does not exist",
        "README.md names src/gone.py, which does not exist",
    ]
    assert not (tmp_path / "out").exists()
