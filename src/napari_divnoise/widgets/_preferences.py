"""The defaults that a person sets on our page of napari's preferences."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

from napari.settings import get_plugin_settings

PLUGIN = "napari-divnoise"


@dataclass(frozen=True, slots=True)
class Preferences:
    """What the docks begin with; the manifest's `configurations` say the same.

    Attributes
    ----------
    device : str
        "auto", "cuda", "mps" or "cpu".
    detached : bool
        A training goes on when napari closes.
    sample_cache_gb : float
        Memory for drawn samples, in gigabytes.
    preset : str
        "quick", "standard" or "best".
    n_samples : int
        Samples for the mean and the standard deviation.
    runs_folder : str
        Where runs are kept; "" is ``divnoise-runs`` in the home folder.
    """

    device: str = "auto"
    detached: bool = True
    sample_cache_gb: float = 2.0
    preset: str = "standard"
    n_samples: int = 100
    runs_folder: str = ""

    @property
    def runs(self) -> Path:
        """The folder in which every run has its folder."""
        if self.runs_folder:
            return Path(self.runs_folder).expanduser()
        return Path.home() / "divnoise-runs"


def preferences() -> Preferences:
    """Return what the person has set, or the defaults where napari knows no plugin."""
    try:
        settings = get_plugin_settings(PLUGIN)
    except KeyError:
        return Preferences()
    pages = [settings.compute, settings.defaults]
    found = {
        field.name: getattr(page, field.name)
        for field in fields(Preferences)
        for page in pages
        if hasattr(page, field.name)
    }
    return Preferences(**found)
