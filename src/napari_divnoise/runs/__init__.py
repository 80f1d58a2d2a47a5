"""What is kept on disk, and the work as a whole.

The names load on first use: a run folder or a model file can be looked at without
torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .bundle import read_cover, read_info
    from .config import RunConfig, SettingsError
    from .events import Event
    from .files import StorageError
    from .folder import RunExistsError, RunFolder
    from .loading import load_model
    from .locking import LockedError
    from .model import Model
    from .posterior import Posterior
    from .workflow import fit, train, train_run

__all__ = [
    "Event",
    "LockedError",
    "Model",
    "Posterior",
    "RunConfig",
    "RunExistsError",
    "RunFolder",
    "SettingsError",
    "StorageError",
    "fit",
    "load_model",
    "read_cover",
    "read_info",
    "train",
    "train_run",
]

_FILE_OF = {
    "Event": "events",
    "LockedError": "locking",
    "Model": "model",
    "Posterior": "posterior",
    "RunConfig": "config",
    "RunExistsError": "folder",
    "RunFolder": "folder",
    "SettingsError": "config",
    "StorageError": "files",
    "fit": "workflow",
    "load_model": "loading",
    "read_cover": "bundle",
    "read_info": "bundle",
    "train": "workflow",
    "train_run": "workflow",
}


def __getattr__(name: str) -> object:
    """Load the file that holds `name` the first time it is asked for (PEP 562)."""
    if name not in _FILE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f".{_FILE_OF[name]}", __name__), name)
    globals()[name] = value
    return value
