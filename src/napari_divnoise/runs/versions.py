"""Which versions the numbers depend on."""

from __future__ import annotations

import platform
from importlib import import_module, metadata

NUMBERS_DEPEND_ON = ("numpy", "scipy", "torch", "pydantic", "safetensors")


def package_version() -> str:
    """Return the version of this package, installed or not."""
    return str(import_module("napari_divnoise").__version__)


def versions() -> dict[str, str]:
    """Return the versions of this package, of Python and of what numbers depend on."""
    return {
        "napari-divnoise": package_version(),
        "python": platform.python_version(),
        "platform": platform.platform(),
        **{name: metadata.version(name) for name in NUMBERS_DEPEND_ON},
    }
