"""What happened in a run, as JSON lines: appended by one, followed by many.

Every event has its name, ``event``, and ``time``. Beside them have

========================== =====================================================
``started``, ``resumed``   ``step``, ``n_steps``, ``method``, ``device``
``progress``               the attributes of `Progress`
``message``                ``text``
``preview``                ``number``, ``step``, ``elapsed_s``, ``path``, ``region``
``checkpoint``             ``step``
``paused``, ``continued``  nothing
``finished``               ``reason`` ("done" or "stopped"), ``step``, ``model``,
                           ``validation_loss``
``failed``                 ``error``
========================== =====================================================
"""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from .files import explain

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Event = dict[str, Any]

_LAST_BYTES = 1 << 16


class EventLog:
    """A file of JSON lines that is only ever appended to.

    Parameters
    ----------
    path : Path
        The file, made with the first event.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(self, event: Event) -> None:
        """Write one event.

        Raises
        ------
        StorageError
            If the disk refuses.
        """
        line = to_json(event) + "\n"
        try:
            with self.path.open("a", encoding="utf-8") as file:
                if self._is_torn():
                    file.write("\n")
                file.write(line)
        except OSError as error:
            raise explain(error, self.path) from error

    def follow(self) -> Iterator[list[Event]]:
        """Yield the events that are new since the last ``next``, for ever.

        A watcher calls ``next`` as often as it likes; it never waits. A line that is
        not finished yet comes with a later call; one that a crash cut short never.
        """
        position = 0
        while True:
            lines, position = self._read_from(position)
            yield [event for event in map(_parse, lines) if event]

    def first(self) -> Event:
        """Return the oldest event, or nothing."""
        if not self.path.exists():
            return {}
        with self.path.open("rb") as file:
            return _parse(file.readline())

    def last(self) -> Event:
        """Return the newest event, or nothing, without reading the whole file."""
        if not self.path.exists():
            return {}
        with self.path.open("rb") as file:
            file.seek(max(0, self.path.stat().st_size - _LAST_BYTES))
            lines = file.read().splitlines()
        return next((event for event in map(_parse, reversed(lines)) if event), {})

    def _read_from(self, position: int) -> tuple[list[bytes], int]:
        if not self.path.exists():
            return [], 0
        with self.path.open("rb") as file:
            file.seek(position)
            whole, newline, _ = file.read().rpartition(b"\n")
        return whole.splitlines(), position + len(whole) + len(newline)

    def _is_torn(self) -> bool:
        """Whether a crash left half a line: the next event must not continue it."""
        if not self.path.is_file() or self.path.stat().st_size == 0:
            return False
        with self.path.open("rb") as file:
            file.seek(-1, 2)
            return file.read(1) != b"\n"


def now() -> str:
    """Return the present moment, in UTC to the second, in ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def to_json(facts: dict[str, Any], *, indent: int | None = None) -> str:
    """Write strict JSON: NaN and infinity, which it does not know, become null."""
    return json.dumps(_finite(facts), allow_nan=False, default=str, indent=indent)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _parse(line: bytes) -> Event:
    """Return the event of one line, or nothing where a crash left half of one."""
    try:
        event = json.loads(line)
    except ValueError:
        return {}
    return event if isinstance(event, dict) else {}
