"""The noise models of one's microscopes, kept on this computer and offered again.

Every noise model is one file: the ``.npz`` that `save_noise_model` writes, with one
more array, ``library``, that says in JSON which camera it is of. A file that was merely
copied into the folder is an entry too.
"""

from __future__ import annotations

import json
import os
import zipfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import numpy as np
import platformdirs

from ..noise import load_noise_model
from ..noise.whole_files import write_arrays

if TYPE_CHECKING:
    from ..images import NoiseReport
    from ..noise import NoiseModel

_VARIABLE = "DIVNOISE_LIBRARY"
_LONGEST_NAME = 200
# A noise model suits an image whose variance it states within this factor, for most
# levels of brightness that it was fitted on ...
_FACTOR = 1.6
# ... and these are at least so many of the image's.
_COVERED = 0.5
# How far offsets of the same camera may differ, in standard deviations of the noise.
_OFFSETS = 3.0
_SAME_STEP = 0.01
_DETAILS = ("camera", "gain", "note")
_MARKS = ("step", "offset", "saturation")


@dataclass(frozen=True, slots=True)
class LibraryEntry:
    """A noise model in the library.

    Attributes
    ----------
    name : str
        What it is called.
    path : Path
        Its file, which `load_noise_model` reads.
    kind : str
        Family of noise models.
    description : str
        One line about the model.
    camera, gain, note : str
        What its owner wrote about it; may be empty.
    date : datetime.datetime
        When it was added, with time zone.
    """

    name: str
    path: Path
    kind: str
    description: str
    camera: str
    gain: str
    note: str
    date: datetime


class NoiseLibrary:
    """Noise models in a folder of this computer.

    Parameters
    ----------
    folder : Path, optional
        Where they are. By default the folder that ``DIVNOISE_LIBRARY`` names, or that
        of the user's data. It is made when the first one is added.

    Attributes
    ----------
    folder : Path
        Where they are.
    problems : tuple of str
        A sentence for each file that could not be read when `entries` was last asked.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = Path(folder) if folder is not None else _default_folder()
        self.problems: tuple[str, ...] = ()

    def entries(self) -> list[LibraryEntry]:
        """Return what is in the library, newest first; damaged files are left out."""
        found, problems = [], []
        for path in self._files():
            try:
                found.append(_entry(path)[0])
            except (ValueError, OSError) as error:
                problems.append(str(error))
        self.problems = tuple(problems)
        return sorted(found, key=lambda entry: (entry.date, entry.name), reverse=True)

    def add(
        self,
        noise_model: NoiseModel,
        *,
        name: str,
        camera: str = "",
        gain: str = "",
        note: str = "",
        report: NoiseReport | None = None,
        overwrite: bool = False,
    ) -> LibraryEntry:
        """Keep a noise model.

        Parameters
        ----------
        noise_model : NoiseModel
            In camera units.
        name : str
            What it shall be called; not empty.
        camera, gain, note : str
            What helps to choose it again.
        report : NoiseReport, optional
            What was seen in the images it is for: grey values, offset and saturation
            are compared with those of new images.
        overwrite : bool
            Replace the noise model that has this name.

        Raises
        ------
        FileExistsError
            If there is one of this name.
        ValueError
            If the name is empty or too long.
        OSError
            If it cannot be written.
        """
        path = self._path(name)
        if path.exists() and not overwrite:
            raise FileExistsError(
                f"the library has a noise model {name!r} already: choose another name, "
                f"or overwrite=True to replace it"
            )
        about: dict[str, Any] = {"name": name, "camera": camera, "gain": gain}
        about |= {"note": note, "date": datetime.now(UTC).isoformat()}
        if report is not None:
            about |= {mark: _number(getattr(report, mark)) for mark in _MARKS}
        self.folder.mkdir(parents=True, exist_ok=True)
        arrays = noise_model.as_arrays() | {"library": np.array(json.dumps(about))}
        write_arrays(arrays, path)
        return _entry(path)[0]

    def load(self, name: str) -> NoiseModel:
        """Return the noise model of a name.

        Raises
        ------
        KeyError
            If there is none.
        ValueError
            If its file is damaged.
        """
        return load_noise_model(self._existing(name))

    def remove(self, name: str) -> None:
        """Delete the noise model of a name.

        Raises
        ------
        KeyError
            If there is none.
        OSError
            If it cannot be deleted.
        """
        self._existing(name).unlink()

    def matching(self, report: NoiseReport) -> list[LibraryEntry]:
        """Return noise models that suit an image, the best first.

        Parameters
        ----------
        report : NoiseReport
            What `inspect_noise` found in the image.

        Notes
        -----
        Grey values, offset and saturation of the camera must be the same where they
        are known. Above all the variance that a noise model states must be that of the
        image at the levels of brightness that it knows.
        """
        found = []
        for path in self._files():
            try:
                entry, about = _entry(path)
                misfit = _misfit(load_noise_model(path), about, report)
            except (ValueError, OSError):
                continue
            if misfit < np.log(_FACTOR):
                found.append((misfit, entry))
        return [entry for _, entry in sorted(found, key=lambda pair: pair[0])]

    def _files(self) -> list[Path]:
        if not self.folder.is_dir():
            return []
        return sorted(self.folder.glob("*.npz"))

    def _path(self, name: str) -> Path:
        """Return the file for a name, with any letters, on any disk."""
        stem = quote(name.strip(), safe=" ()+,-=@")
        if not stem or len(stem) > _LONGEST_NAME:
            raise ValueError(
                f"a noise model needs a name of 1 to {_LONGEST_NAME} letters, got "
                f"{name!r}: name it after the camera and its gain"
            )
        return self.folder / f"{stem}.npz"

    def _existing(self, name: str) -> Path:
        for path in (self._path(name), self.folder / f"{name}.npz"):
            if path.is_file() and path.parent == self.folder:
                return path
        names = [entry.name for entry in self.entries()]
        raise KeyError(
            f"the library has no noise model {name!r}: it has {names or 'none yet'}"
        )


def _default_folder() -> Path:
    if named := os.environ.get(_VARIABLE):
        return Path(named).expanduser()
    return Path(platformdirs.user_data_dir("napari-divnoise")) / "noise-models"


def _entry(path: Path) -> tuple[LibraryEntry, dict[str, Any]]:
    """Read an entry, and all that was written about it."""
    model = load_noise_model(path)
    about = _about(path)
    changed = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    try:
        date = datetime.fromisoformat(str(about["date"]))
    except (KeyError, ValueError):
        date = changed
    camera, gain, note = (str(about.get(detail, "")) for detail in _DETAILS)
    entry = LibraryEntry(
        name=str(about.get("name", path.stem)),
        path=path,
        kind=model.kind,
        description=model.describe(),
        camera=camera,
        gain=gain,
        note=note,
        date=date if date.tzinfo else date.replace(tzinfo=UTC),
    )
    return entry, about


def _about(path: Path) -> dict[str, Any]:
    """Return what was written about a noise model; nothing of a file from elsewhere."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            about = json.loads(str(arrays["library"])) if "library" in arrays else {}
    except (ValueError, OSError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path} is damaged ({error}): add it again") from error
    return about if isinstance(about, dict) else {}


def _misfit(
    noise_model: NoiseModel, about: dict[str, Any], report: NoiseReport
) -> float:
    """Return how far the variance is off, as a logarithm; inf for another camera."""
    levels = np.asarray(report.levels, dtype=np.float64)
    measured = np.asarray(report.variances, dtype=np.float64)
    low, high = noise_model.signal_range
    margin = float(np.sqrt(noise_model.variance(np.array(low))))
    known = (levels >= low - margin) & (levels <= high + margin) & (measured > 0)
    if not known.any() or known.mean() < _COVERED or _is_other(about, report):
        return np.inf
    stated = np.asarray(noise_model.variance(levels[known]), dtype=np.float64)
    away = np.abs(np.log(stated / measured[known]))
    # Of two that fit alike, the one that knows more of the image's levels.
    return float(np.median(away)) + 0.1 * float(1 - known.mean())


def _is_other(about: dict[str, Any], report: NoiseReport) -> bool:
    """Whether grey values, saturation or offset are those of another camera."""
    step, offset, saturation = (_number(about.get(mark)) for mark in _MARKS)
    if step is not None and abs(step - report.step) > _SAME_STEP * max(step, 1e-30):
        return True
    if None not in (saturation, report.saturation) and saturation != report.saturation:
        return True
    if offset is None or not np.isfinite(report.offset):
        return False
    # An offset that was read off a line is as uncertain as the darkest pixels.
    std = float(np.sqrt(max(np.min(report.variances), 0.0)))
    return abs(offset - report.offset) > _OFFSETS * std


def _number(value: Any) -> float | None:
    if isinstance(value, int | float | np.number) and np.isfinite(value):
        return float(value)
    return None
