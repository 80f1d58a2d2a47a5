"""``python -m napari_divnoise`` is ``divnoise``."""

from __future__ import annotations

from .cli import main

if __name__ == "__main__":
    main()
