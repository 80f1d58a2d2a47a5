"""What is written is read by everybody, and a crash costs at most one line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from napari_divnoise.runs.events import EventLog, to_json
from napari_divnoise.runs.files import StorageError


@pytest.fixture
def log(tmp_path: Path) -> EventLog:
    return EventLog(tmp_path / "events.jsonl")


def test_a_follower_sees_each_event_once(log: EventLog) -> None:
    new = log.follow()
    assert next(new) == []
    log.append({"event": "a"})
    log.append({"event": "b"})
    assert [event["event"] for event in next(new)] == ["a", "b"]
    assert next(new) == []
    log.append({"event": "c"})
    assert [event["event"] for event in next(new)] == ["c"]
    assert [event["event"] for event in next(log.follow())] == ["a", "b", "c"]


def test_half_a_line_is_awaited(log: EventLog) -> None:
    new = log.follow()
    line = json.dumps({"event": "progress", "step": 5}) + "\n"
    log.path.write_text(line[:9])
    assert next(new) == []
    log.path.write_text(line)
    assert [event["step"] for event in next(new)] == [5]


def test_a_line_that_a_crash_cut_short_is_left_out(log: EventLog) -> None:
    log.append({"event": "a"})
    with log.path.open("a") as file:
        file.write('{"event": "pro')
    assert log.last()["event"] == "a"
    log.append({"event": "b"})
    assert [event["event"] for event in next(log.follow())] == ["a", "b"]
    assert log.last()["event"] == "b"


def test_the_last_event_of_nothing_is_nothing(log: EventLog) -> None:
    assert log.last() == {}


def test_json_is_strict() -> None:
    text = to_json({"loss": float("nan"), "range": [1.0, float("inf")], "p": Path("a")})
    assert json.loads(text) == {"loss": None, "range": [1.0, None], "p": "a"}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has it")
def test_a_full_disk_is_a_sentence(log: EventLog) -> None:
    log.path.symlink_to("/dev/full")
    with pytest.raises(StorageError, match="no space left"):
        log.append({"event": "a"})
