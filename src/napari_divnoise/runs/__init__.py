"""What is kept on disk, and the work as a whole.

The names load on first use: a run folder or a model file can be looked at without
torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .bootstrap import (
        BootstrapProgress,
        bootstrap_noise_model,
        bootstrapping_noise_model,
    )
    from .bundle import read_cover, read_info
    from .config import RunConfig, SettingsError
    from .events import Event
    from .files import StorageError
    from .folder import RunExistsError, RunFolder
    from .library import LibraryEntry, NoiseLibrary
    from .loading import load_model
    from .locking import LockedError
    from .model import Model
    from .posterior import Posterior
    from .predictive import (
        PredictiveCheck,
        checking_predictions,
        predictive_check,
    )
    from .preparing import StoppedEarlyError
    from .refitting import Refit, refit_noise_model, refitting_noise_model
    from .workflow import fit, train, train_run

__all__ = [
    "BootstrapProgress",
    "Event",
    "LibraryEntry",
    "LockedError",
    "Model",
    "NoiseLibrary",
    "Posterior",
    "PredictiveCheck",
    "Refit",
    "RunConfig",
    "RunExistsError",
    "RunFolder",
    "SettingsError",
    "StoppedEarlyError",
    "StorageError",
    "bootstrap_noise_model",
    "bootstrapping_noise_model",
    "checking_predictions",
    "fit",
    "load_model",
    "predictive_check",
    "read_cover",
    "read_info",
    "refit_noise_model",
    "refitting_noise_model",
    "train",
    "train_run",
]

_FILE_OF = {
    "BootstrapProgress": "bootstrap",
    "Event": "events",
    "LibraryEntry": "library",
    "LockedError": "locking",
    "Model": "model",
    "NoiseLibrary": "library",
    "Posterior": "posterior",
    "PredictiveCheck": "predictive",
    "Refit": "refitting",
    "RunConfig": "config",
    "RunExistsError": "folder",
    "RunFolder": "folder",
    "SettingsError": "config",
    "StorageError": "files",
    "StoppedEarlyError": "preparing",
    "bootstrap_noise_model": "bootstrap",
    "bootstrapping_noise_model": "bootstrap",
    "checking_predictions": "predictive",
    "fit": "workflow",
    "load_model": "loading",
    "predictive_check": "predictive",
    "read_cover": "bundle",
    "read_info": "bundle",
    "refit_noise_model": "refitting",
    "refitting_noise_model": "refitting",
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
