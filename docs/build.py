"""Check what the documents point at, then write them as HTML.

``python docs/build.py [--out DIR]``: every relative link, every picture and every path
of this repository that stands in `code` must exist; where one does not, nothing is
written, each is named with its page, and the exit status is 1.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import sys
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from markdown_it import MarkdownIt

if TYPE_CHECKING:
    from collections.abc import Iterator

    from markdown_it.token import Token

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
PAGES = ("index", "walkthrough", "journey", "glossary", "benchmarks")
CHECKED = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "docs/*.md")

# `code` that begins with one of these folders is a path, and a promise.
PATH = re.compile(r"(\.ci|\.github|benchmarks|docs|src|tests)/[\w./-]*\w")
ELSEWHERE = re.compile(r"[a-z]+:|#")
ADDRESS = {"link_open": "href", "image": "src"}

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title} · napari-divnoise</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 1rem/1.6 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto;
  padding: 0 1rem; }}
img {{ max-width: 100%; }}
pre {{ overflow-x: auto; padding: .8rem; border: 1px solid #8886; border-radius: 6px; }}
code {{ font-size: .92em; }}
td, th {{ text-align: left; vertical-align: top; padding: .2rem .8rem .2rem 0;
  border-bottom: 1px solid #8884; }}
nav a {{ margin-right: 1rem; }}
</style>
<nav>{nav}</nav>
{body}
</html>
"""


def parse(page: Path) -> list[Token]:
    """Return the page's tokens, as CommonMark with tables has them."""
    text = page.read_text(encoding="utf-8")
    return MarkdownIt("commonmark").enable("table").parse(text)


def inline(tokens: list[Token]) -> Iterator[Token]:
    """Yield the tokens inside paragraphs, headings and cells."""
    for token in tokens:
        yield from token.children or ()


def targets(page: Path) -> Iterator[tuple[str, Path]]:
    """Yield what `page` points at: the words it uses, and the file they mean."""
    for token in inline(parse(page)):
        address = str(token.attrGet(ADDRESS.get(token.type, "")) or "")
        if address and not ELSEWHERE.match(address):
            yield address, page.parent / address.partition("#")[0]
        elif token.type == "code_inline" and PATH.fullmatch(token.content):
            yield token.content, ROOT / token.content


def broken() -> list[str]:
    """Return one sentence for each thing that a document names and that is missing."""
    pages = [page for pattern in CHECKED for page in sorted(ROOT.glob(pattern))]
    return [
        f"{page.relative_to(ROOT)} names {name}, which does not exist"
        for page in pages
        for name, target in targets(page)
        if not target.exists()
    ]


def readdress(token: Token, out: Path) -> None:
    """Make a relative link of a document hold on its HTML page in `out`."""
    key = ADDRESS.get(token.type, "")
    address, mark, fragment = str(token.attrGet(key) or "").partition("#")
    if not address or ELSEWHERE.match(address):
        return
    target = (DOCS / address).resolve()
    if target.parent == DOCS and target.stem in PAGES:
        address = f"{target.stem}.html"
    elif DOCS / "images" not in target.parents:
        address = os.path.relpath(target, out)
    token.attrSet(key, address + mark + fragment)


def write(name: str, out: Path) -> None:
    """Write one page as HTML."""
    tokens = parse(DOCS / f"{name}.md")
    for token in inline(tokens):
        readdress(token, out)
    renderer = MarkdownIt("commonmark").enable("table")
    body = renderer.renderer.render(tokens, renderer.options, {})
    nav = "".join(f'<a href="{page}.html">{page}</a>' for page in PAGES)
    html = PAGE.format(title=escape(name), nav=nav, body=body)
    (out / f"{name}.html").write_text(html, encoding="utf-8")


def main() -> int:
    """Check, write, and say where."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=DOCS / "_html")
    out = parser.parse_args().out.resolve()
    faults = broken()
    if faults:
        print(*faults, sep="\n", file=sys.stderr)
        return 1
    out.mkdir(parents=True, exist_ok=True)
    for name in PAGES:
        write(name, out)
    if (DOCS / "images").is_dir():
        shutil.copytree(DOCS / "images", out / "images", dirs_exist_ok=True)
    print(f"{len(PAGES)} pages in {out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
