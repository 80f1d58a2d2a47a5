"""What a command says: sentences and a progress bar, or JSON lines for machines."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from ..runs.events import Event, now, to_json

if TYPE_CHECKING:
    from collections.abc import Iterator

LINE_EVERY_S = 10.0
"""Without a terminal, progress is a line every so many seconds."""


class Meter(Protocol):
    """Shows how far a piece of work has come."""

    def __call__(self, done: float, *, note: str = "") -> None:
        """Show `done` out of the total, and a short note beside it."""


class Output:
    """Where a command's words go.

    Parameters
    ----------
    json : bool
        Print one JSON object per line and nothing else.
    """

    def __init__(self, *, json: bool = False) -> None:
        self.json = json
        self._deaf = False

    def say(self, text: str) -> None:
        """Print a sentence, or a "message" event."""
        if self.json:
            self.event({"event": "message", "time": now(), "text": text})
        else:
            typer.echo(text)

    def problem(self, text: str) -> None:
        """Print what went wrong with a part of the work, which goes on."""
        if self.json:
            self.event({"event": "problem", "time": now(), "text": text})
        else:
            typer.echo(f"error: {text}", err=True)

    def result(self, sentence: str, /, **facts: Any) -> None:
        """Print a result: in words, or its facts as a "result" event."""
        if self.json:
            self.event({"event": "result", "time": now(), **facts})
        else:
            typer.echo(sentence)

    def note(self, text: str) -> None:
        """Print what a person should know, without stopping for it."""
        if self.json:
            self.event({"event": "message", "time": now(), "text": text})
        else:
            typer.echo(f"note: {text}", err=True)

    def repeat(self, event: Event) -> None:
        """Tell on what a run announces: everything to machines, notes to people."""
        if self.json:
            self.event(event)
        elif event["event"] == "message":
            self.note(event["text"])

    def event(self, event: Event) -> None:
        """Print one event of a run as a line, if machines are listening.

        A listener that hung up does not stop the work: the run folder has it all.
        """
        if not self.json or self._deaf:
            return
        try:
            sys.stdout.write(to_json(event) + "\n")
            sys.stdout.flush()
        except (BrokenPipeError, ValueError):
            self._deaf = True

    @contextmanager
    def meter(self, title: str, total: float) -> Iterator[Meter]:
        """Show the progress of one piece of work inside a ``with`` block.

        Parameters
        ----------
        title : str
            What is being done.
        total : float
            What `done` of the meter counts up to.
        """
        if self.json:
            yield self._json_meter(title, total)
        elif sys.stderr.isatty():
            with _bar() as bar:
                task = bar.add_task(title, total=total, note="")
                yield lambda done, *, note="": bar.update(
                    task, completed=done, note=note
                )
        else:
            yield _line_meter(title, total)

    def _json_meter(self, title: str, total: float) -> Meter:
        def show(done: float, *, note: str = "") -> None:
            facts = {"title": title, "done": done, "total": total, "note": note}
            self.event({"event": "working", "time": now(), **facts})

        return show


def help_and_exit(context: typer.Context) -> NoReturn:
    """Show the help of a group that was called without a command: a wrong call."""
    typer.echo(context.get_help())
    raise typer.Exit(2)


def fail(sentence: str, *, json: bool) -> None:
    """Print an error in one line on stderr; for machines as a "failed" event, too.

    Whoever started the program may listen to the one, to the other, or, like the
    docks, to the run folder, which a full disk keeps from being written.
    """
    if json:
        Output(json=True).event({"event": "failed", "time": now(), "error": sentence})
    typer.echo(f"error: {sentence}", err=True)


def _bar() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
        console=Console(stderr=True),
    )


def _line_meter(title: str, total: float) -> Meter:
    """Return a meter for a log file: a line now and then, and one at the end."""
    due = 0.0

    def show(done: float, *, note: str = "") -> None:
        nonlocal due
        is_over = done >= total and due < float("inf")
        if time.monotonic() < due and not is_over:
            return
        due = float("inf") if is_over else time.monotonic() + LINE_EVERY_S
        typer.echo(f"{title}: {done / total:.0%}  {note}".rstrip(), err=True)

    return show


def one_line(error: BaseException) -> str:
    """Return an error's text as a single line; its type where it has no text."""
    text = str(error) if not isinstance(error, KeyError) else error.args[0]
    return " ".join(str(text).split()) or type(error).__name__
