"""Every command of docs/walkthrough.md runs, in the order of the page."""

from __future__ import annotations

import os
import subprocess
import sysconfig
from pathlib import Path

import pytest

markdown_it = pytest.importorskip("markdown_it")

PAGE = Path(__file__).parents[1] / "docs" / "walkthrough.md"


def _blocks() -> list[tuple[str, str, int]]:
    """Language, text and first line of each fenced block."""
    tokens = markdown_it.MarkdownIt("commonmark").parse(PAGE.read_text("utf-8"))
    return [
        (token.info, token.content, token.map[0] + 2)
        for token in tokens
        if token.type == "fence"
    ]


def _shell(text: str) -> None:
    """Run a block the way a person's shell does, but stop at the first failure."""
    path = os.pathsep.join([sysconfig.get_path("scripts"), os.environ["PATH"]])
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", text],
        check=False,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env=os.environ | {"PATH": path},
    )
    assert done.returncode == 0, f"{text}\n{done.stdout}\n{done.stderr}"


@pytest.mark.slow
def test_the_walkthrough_walks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": "walkthrough"}
    for language, text, line in _blocks():
        if language == "sh":
            _shell(text)
        elif language == "python":
            # The empty lines make a traceback name the line of the page.
            exec(compile("\n" * (line - 1) + text, str(PAGE), "exec"), names)


def test_every_block_says_what_it_is() -> None:
    assert {language for language, _, _ in _blocks()} <= {"python", "sh", "text"}
