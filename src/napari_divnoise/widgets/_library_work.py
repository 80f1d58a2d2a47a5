"""The library of noise models, read and written in a thread."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal

from ._work import once, run

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..runs.library import LibraryEntry
    from ._errors import Problem


@dataclass(frozen=True, slots=True)
class Label:
    """What a person writes on a noise model.

    Attributes
    ----------
    name, camera, gain, note : str
        All but the name may be empty.
    """

    name: str
    camera: str = ""
    gain: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Shelf:
    """What is in the library.

    Attributes
    ----------
    entries : list of LibraryEntry
        Newest first.
    problems : list of str
        Sentences about files that could not be read.
    """

    entries: list[LibraryEntry]
    problems: list[str]


class LibraryWork(QObject):
    """Lists, keeps, forgets and compares; answers come as signals.

    Signals
    -------
    listed(Shelf)
        What is in the library now.
    matched(list of LibraryEntry)
        What looks like the camera of the images, best first.
    saved(str)
        Name under which a noise model was kept.
    exists(str)
        Why it was not: there is another one of that name.
    failed(str)
        What went wrong, in words.
    """

    listed = Signal(object)
    matched = Signal(list)
    saved = Signal(str)
    exists = Signal(str)
    failed = Signal(str)

    def refresh(self) -> None:
        """Look what there is."""
        self._run("looking into the library", _look, self._on_listed)

    def match(self, report: Any) -> None:
        """Look what goes with a `NoiseReport` of images."""
        self._run("comparing with the library", lambda: _match(report), self._on_match)

    def save(
        self, noise_model: Any, label: Label, report: Any, *, overwrite: bool
    ) -> None:
        """Keep a noise model."""
        self._run(
            f"saving {label.name}",
            lambda: _save(noise_model, label, report, overwrite=overwrite),
            self._on_saved,
        )

    def remove(self, name: str) -> None:
        """Forget a noise model for good."""
        self._run(f"deleting {name}", lambda: _remove(name), self._on_listed)

    def _run(
        self,
        title: str,
        function: Callable[[], Any],
        on_return: Callable[[Any], None],
    ) -> None:
        run(title, once(function), on_return=on_return, on_fail=self._on_failed)

    def _on_listed(self, shelf: Shelf) -> None:
        self.listed.emit(shelf)

    def _on_match(self, entries: list[LibraryEntry]) -> None:
        self.matched.emit(entries)

    def _on_saved(self, result: tuple[str, str]) -> None:
        name, why_not = result
        if why_not:
            self.exists.emit(why_not)
        else:
            self.saved.emit(name)
            self.refresh()

    def _on_failed(self, problem: Problem) -> None:
        self.failed.emit(problem.what)


def _look() -> Shelf:
    from ..runs.library import NoiseLibrary

    library = NoiseLibrary()
    entries = library.entries()
    return Shelf(entries, list(library.problems))


def _match(report: Any) -> list[LibraryEntry]:
    from ..runs.library import NoiseLibrary

    found: list[LibraryEntry] = NoiseLibrary().matching(report)
    return found


def _save(
    noise_model: Any, label: Label, report: Any, *, overwrite: bool
) -> tuple[str, str]:
    from ..runs.library import NoiseLibrary

    try:
        entry = NoiseLibrary().add(
            noise_model,
            name=label.name,
            camera=label.camera,
            gain=label.gain,
            note=label.note,
            report=report,
            overwrite=overwrite,
        )
    except FileExistsError:
        return label.name, f"There is a noise model named {label.name} already."
    return entry.name, ""


def _remove(name: str) -> Shelf:
    from ..runs.library import NoiseLibrary

    # Gone already, as from another window: what was wanted.
    with suppress(KeyError):
        NoiseLibrary().remove(name)
    return _look()
