"""What went wrong, in words: every error a person may meet, in one place."""

from __future__ import annotations

import errno
import traceback
from dataclasses import dataclass

NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT})
LAST_WORDS = 3
"""Lines of a process that broke off which a person sees; the details have more."""


@dataclass(frozen=True, slots=True)
class Problem:
    """An error as a person reads it.

    Attributes
    ----------
    title : str
        A few words.
    what : str
        What happened, with the value.
    todo : str
        How to go on.
    details : str
        For a report to us: never shown, only copied.
    """

    title: str
    what: str
    todo: str
    details: str

    def text(self) -> str:
        """Return title, what and todo as one paragraph."""
        return " ".join(
            part for part in (f"{self.title}.", self.what, self.todo) if part
        )


class TrainerDiedError(RuntimeError):
    """The training process ended by itself.

    Parameters
    ----------
    exit_code : int or None
        What the process returned; negative: the signal that ended it; ``None``: it
        was not started by this napari, so nobody knows.
    log : str
        The last lines that it wrote.
    has_checkpoint : bool
        Whether there is something to go on from.
    """

    def __init__(
        self, exit_code: int | None, log: str, *, has_checkpoint: bool
    ) -> None:
        super().__init__(f"the training process ended ({_ending(exit_code)})")
        self.exit_code = exit_code
        self.log = log
        self.has_checkpoint = has_checkpoint


class HelperDiedError(RuntimeError):
    """A process that worked for the window, and kept nothing, ended by itself.

    Parameters
    ----------
    exit_code : int or None
        What it returned; negative: the signal that ended it.
    log : str
        The last lines that it wrote.
    what : str
        Which process, as in "the process that makes the noise model".
    """

    def __init__(self, exit_code: int | None, log: str, what: str) -> None:
        super().__init__(f"{what} ended ({_ending(exit_code)})")
        self.exit_code = exit_code
        self.log = log
        self.what = what


class ReportedError(RuntimeError):
    """An error that the training process has written down in words itself."""


def explain(error: BaseException, doing: str) -> Problem:
    """Put `error` into words.

    Parameters
    ----------
    error : BaseException
        What was raised.
    doing : str
        What was being done, as in "training"; opens the title of what we did not
        foresee.
    """
    title, what, todo = _words(error, doing)
    return Problem(title, what, todo, _details(error))


def _words(error: BaseException, doing: str) -> tuple[str, str, str]:
    for kind, words in _CATALOGUE:
        if isinstance(error, kind):
            return words(error, doing)
    if _is_out_of_memory(error):
        return _memory(error, doing)
    return (
        f"{doing.capitalize()} stopped on something unexpected",
        f"{type(error).__name__}: {_sentence(error)}",
        "Your layers and files are as they were. Try again; if it comes back, copy "
        "the details into a report.",
    )


def _trainer_died(error: BaseException, _doing: str) -> tuple[str, str, str]:
    if not isinstance(error, TrainerDiedError):
        raise TypeError(f"expected a TrainerDiedError, got {type(error).__name__}")
    kept = (
        "A checkpoint was kept: press Resume to go on from it."
        if error.has_checkpoint
        else "It had not come to its first checkpoint: start again, perhaps with a "
        "smaller patch or batch."
    )
    last = error.log.strip().splitlines()[-1:] or ["it left no message"]
    return (
        "The training process ended by itself",
        f"It ended with {_ending(error.exit_code)}; its last words: {last[0]}.",
        kept,
    )


def _helper_died(error: BaseException, _doing: str) -> tuple[str, str, str]:
    if not isinstance(error, HelperDiedError):
        raise TypeError(f"expected a HelperDiedError, got {type(error).__name__}")
    said = [line.strip() for line in error.log.strip().splitlines()[-LAST_WORDS:]]
    words = f"its last words: {' '.join(said)}" if said else "it left no message"
    what = f"{error.what[:1].upper()}{error.what[1:]} ended by itself"
    return (
        what,
        f"{what} with {_ending(error.exit_code)}; {words}",
        "Start it again; if it comes back, copy the details into a report.",
    )


def _ending(exit_code: int | None) -> str:
    if exit_code is None:
        return "unknown reason"
    if exit_code == -9:
        return "signal 9, which is often the system running out of memory"
    return f"signal {-exit_code}" if exit_code < 0 else f"exit code {exit_code}"


def _memory(_error: BaseException, doing: str) -> tuple[str, str, str]:
    return (
        "Not enough memory",
        f"The machine ran out of memory while {doing}.",
        "Close other programs, or choose a smaller region, batch or patch.",
    )


def _disk(error: BaseException, doing: str) -> tuple[str, str, str]:
    if isinstance(error, OSError) and error.errno in NO_SPACE:
        return (
            "The disk is full",
            f"There was no room left while {doing}.",
            "Free some space, or choose another folder; what was written stays.",
        )
    if isinstance(error, FileNotFoundError):
        return ("A file is not there", f"{_sentence(error)}.", "")
    return (
        "A file could not be read or written",
        _sentence(error),
        "Check that the folder exists and that you may write there.",
    )


def _exists(error: BaseException, _doing: str) -> tuple[str, str, str]:
    return (
        "This run already exists",
        _sentence(error),
        "Choose another name, or press Resume to go on with it.",
    )


def _own_words(error: BaseException, doing: str) -> tuple[str, str, str]:
    # Our own errors give the value, the rule and the way out: nothing to add.
    return (f"{doing.capitalize()} cannot go on", f"{_sentence(error)}.", "")


def _sentence(error: BaseException) -> str:
    text = str(error).strip() or type(error).__name__
    return (text[0].upper() + text[1:]).rstrip(".")


def _is_out_of_memory(error: BaseException) -> bool:
    # torch.OutOfMemoryError by its name: this module loads no torch.
    return "OutOfMemory" in type(error).__name__ or "out of memory" in str(error)


def _details(error: BaseException) -> str:
    lines = traceback.format_exception(error)
    if isinstance(error, TrainerDiedError | HelperDiedError):
        lines.append(error.log)
    return "".join(lines)


_CATALOGUE = (
    (TrainerDiedError, _trainer_died),
    (HelperDiedError, _helper_died),
    (MemoryError, _memory),
    (FileExistsError, _exists),
    (OSError, _disk),
    ((ValueError, TypeError, ReportedError), _own_words),
)
