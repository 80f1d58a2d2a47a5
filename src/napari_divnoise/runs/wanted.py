"""Which images to denoise, and which pictures of them to write."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from .config import SettingsError

if TYPE_CHECKING:
    from collections.abc import Sequence

IMAGE_ENDINGS = (".tif", ".tiff", ".png", ".zarr", ".npy")

USUAL = ("mmse", "std")

_QUANTILE = re.compile(r"q(\d{1,2}(?:\.\d+)?)")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which pictures to write.

    Attributes
    ----------
    names : tuple of str
        ``"mmse"``, ``"std"`` and quantiles such as ``"q05"``.
    n_kept : int
        How many samples to write as a stack; 0 for none.
    is_usual : bool
        Whether nobody asked for these: then a model writes those that it can.
    """

    names: tuple[str, ...]
    n_kept: int = 0
    is_usual: bool = False

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a list such as ``"mmse,std,q05,q95,samples:16"``.

        Raises
        ------
        SettingsError
            Naming the word that is not known.
        """
        names, n_kept = [], 0
        for word in filter(None, (part.strip() for part in text.split(","))):
            name, _, count = word.partition(":")
            if name == "samples" and count.isdigit() and int(count) > 0:
                n_kept = int(count)
            elif word in ("mmse", "std") or _level(word) is not None:
                names.append(word)
            else:
                raise SettingsError(
                    f"cannot save {word!r}: choose from mmse, std, quantiles such as "
                    "q05 and q95, and samples:16"
                )
        if not names and not n_kept:
            raise SettingsError("nothing to save: give mmse, std, q05, or samples:16")
        return cls(tuple(dict.fromkeys(names)), n_kept)

    @classmethod
    def usual(cls) -> Self:
        """Return what is written where nobody asks for anything else."""
        return cls(USUAL, is_usual=True)

    @property
    def is_mean_alone(self) -> bool:
        """Whether the mean alone is wanted, which some know without samples."""
        return self.names == ("mmse",) and not self.n_kept

    @property
    def levels(self) -> dict[str, float]:
        """The quantiles that are wanted, by name."""
        found = {name: _level(name) for name in self.names}
        return {name: level for name, level in found.items() if level is not None}


def image_files(sources: Sequence[str | Path]) -> list[Path]:
    """Return the single files that paths, folders and patterns stand for.

    Raises
    ------
    FileNotFoundError
        Naming the source at which there is nothing.
    """
    return [file for source in sources for file in _files_at(Path(source).expanduser())]


def _files_at(path: Path) -> list[Path]:
    if path.is_file() or path.suffix == ".zarr":
        found = [path] if path.exists() else []
    elif path.is_dir():
        found = [inner for inner in path.iterdir() if _is_image(inner)]
    else:
        anchor = Path(path.anchor) if path.is_absolute() else Path()
        pattern = str(path.relative_to(path.anchor))
        found = [file for file in anchor.glob(pattern) if file.name[0] != "."]
    if not found:
        raise FileNotFoundError(
            f"no images at {path}: give files, folders, or patterns such as "
            "'data/*.tif', of TIFF, PNG or OME-Zarr images"
        )
    return sorted(found)


def _is_image(path: Path) -> bool:
    return path.suffix.lower() in IMAGE_ENDINGS and not path.name.startswith(".")


def check_names(files: Sequence[Path]) -> None:
    """Check that no two files would give results of the same name.

    Raises
    ------
    SettingsError
        Naming the first name that comes twice.
    """
    twice = [name for name, n in Counter(f.stem for f in files).items() if n > 1]
    if twice:
        raise SettingsError(
            f"several images are called {twice[0]}: their results would have the same "
            "name; denoise them one folder at a time, into different --out folders"
        )


def _level(word: str) -> float | None:
    match = _QUANTILE.fullmatch(word)
    level = float(match[1]) / 100 if match else 0.0
    return level if level > 0 else None
