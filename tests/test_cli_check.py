"""``divnoise check``: the verdict first, a line of JSON per image, an exit status."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile

from napari_divnoise.cli import run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Told


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two noisy images in files: one with white noise, one with striped rows."""
    rng = np.random.default_rng(0)
    white = 100 + rng.poisson(90, (128, 128))
    tifffile.imwrite(tmp_path / "a.tif", white.astype(np.uint16))
    striped = white + rng.normal(0, 8, (128, 1))
    tifffile.imwrite(tmp_path / "b.tif", striped.astype(np.uint16))
    return tmp_path


def test_the_verdict_comes_first(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["check", str(folder)]) == 0
    lines = capsys.readouterr().out.splitlines()
    verdicts = [line for line in lines if not line.startswith(" ")]
    assert verdicts == ["a.tif: HDN", "b.tif: COSDD along x"]
    assert "along rows" in lines[lines.index(verdicts[1]) + 1]
    assert any(line.strip().startswith("noise ") for line in lines)


def test_machines_get_an_object_per_image(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["check", str(folder / "*.tif"), "--json"]) == 0
    results = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [result["event"] for result in results] == ["result", "result"]
    assert results[1]["image"] == str(folder / "b.tif")
    assert results[1]["recommended_method"] == "cosdd"
    assert results[1]["direction"] == "x"
    assert np.shape(results[1]["autocorrelation"]) == (7, 7)


def test_a_bad_image_does_not_stop_the_others(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tifffile.imwrite(folder / "aa.tif", np.zeros((64, 64), np.uint16))
    assert run(["check", str(folder)]) == 1
    told = capsys.readouterr()
    assert "aa.tif: all pixels are 0" in told.err
    assert "b.tif: COSDD" in told.out


@pytest.mark.parametrize(
    ("image", "words", "status"),
    [
        (np.full((64, 64), np.nan, np.float32), "NaN", 1),
        (np.ones((20, 20), np.uint8), "20x20", 1),
        (np.zeros((64, 64, 3), np.uint8), "colour", 1),
        (None, "no images at", 2),
    ],
    ids=["nan", "small", "colour", "missing"],
)
def test_what_cannot_be_checked_is_said_in_one_line(
    tmp_path: Path, shell: Callable[..., Told], image: Any, words: str, status: int
) -> None:
    path = tmp_path / "bad.tif"
    if image is not None:
        kind = "rgb" if image.ndim == 3 else "minisblack"
        tifffile.imwrite(path, image, photometric=kind)
    told = shell("check", path)
    assert told.status == status
    assert words in told.error


def test_one_channel_is_asked_for(tmp_path: Path, shell: Callable[..., Told]) -> None:
    rng = np.random.default_rng(0)
    path = tmp_path / "two.tif"
    tifffile.imwrite(path, rng.poisson(90, (2, 64, 64)).astype(np.uint16))
    told = shell("check", path, "--axes", "CYX")
    assert told.status == 1
    assert "channel=0" in told.error
    assert shell("check", path, "--axes", "CYX", "--channel", 1).status == 0
