from __future__ import annotations

import json
from datetime import datetime
from types import SimpleNamespace

from napari_divnoise.layers import layer_record


def test_a_record_holds_what_the_documentation_lists() -> None:
    record = layer_record(
        SimpleNamespace(name="cells"),
        seed=3,
        n=100,
        run_id="a1",
        model_hash="b2",
        noise_model_hash="c3",
        tile=512,
    )
    assert set(record) == {
        "version",
        "run_id",
        "model_hash",
        "noise_model_hash",
        "seed",
        "n",
        "tile",
        "device",
        "precision",
        "source_layer",
        "date",
    }
    assert record["source_layer"] == "cells"
    assert json.loads(json.dumps(record)) == record


def test_the_date_is_now_and_knows_its_zone() -> None:
    date = datetime.fromisoformat(layer_record(None, seed=0, n=1)["date"])
    assert date.tzinfo is not None
    assert abs((datetime.now(date.tzinfo) - date).total_seconds()) < 60


def test_a_file_is_named_after_its_first_image() -> None:
    stack = SimpleNamespace(names=("/data/day1/embryo_07.tif", "b.tif"))
    assert layer_record(stack, seed=0, n=1)["source_layer"] == "embryo_07"
    assert layer_record(None, seed=0, n=1)["source_layer"] == "image"
