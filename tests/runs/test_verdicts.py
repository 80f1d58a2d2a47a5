"""What a predictive check means, in words."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from napari_divnoise.runs.verdicts import Measured, grade_of, verdict_of

FLAT = np.full(20, 0.05)


def measured(
    *,
    spread: float = 1.0,
    rows: float = 1.0,
    columns: float = 1.0,
    lag: tuple[int, int] = (0, 1),
    value: float = 0.0,
) -> Measured:
    """Return numbers of what is left over, with one correlation."""
    table = np.zeros((7, 7))
    table[3, 3] = 1
    dy, dx = lag
    table[3 + dy, 3 + dx] = table[3 - dy, 3 - dx] = value
    return Measured(spread, table, rows, columns)


NOISE = measured()


def test_noise_as_stated_is_good() -> None:
    assert grade_of(NOISE, NOISE, FLAT) == "good"
    assert "as the noise model states it" in verdict_of(NOISE, NOISE, FLAT)


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"value": 0.3}, "beside it agree (+0.30)"),
        ({"value": 0.3, "lag": (1, 0)}, "above it agree"),
        ({"value": 0.3, "lag": (1, 1)}, "near it agree"),
        ({"value": -0.3}, "differ (-0.30)"),
        ({"rows": 8.0}, "Whole rows"),
        ({"rows": 0.1}, "stripes are taken for structure"),
        ({"columns": 8.0}, "along y"),
        ({"spread": 2.0}, "too little noise"),
        ({"spread": 0.4}, "too much noise"),
    ],
)
def test_each_fault_has_its_sentence(facts: dict[str, Any], words: str) -> None:
    seen = measured(**facts)
    assert grade_of(seen, NOISE, FLAT) == "poor"
    assert words in verdict_of(seen, NOISE, FLAT)


@pytest.mark.parametrize(
    ("ends", "words"),
    [((0.15, 0.15), "Outliers are 3.0 times"), ((0.01, 0.01), "too much noise")],
)
def test_ranks_tell_of_the_tails(ends: tuple[float, float], words: str) -> None:
    pit = np.full(20, (1 - sum(ends)) / 18)
    pit[0], pit[-1] = ends
    assert grade_of(NOISE, NOISE, pit) == "poor"
    assert words in verdict_of(NOISE, NOISE, pit)


def test_ranks_tell_of_the_brightness() -> None:
    pit = np.linspace(0.01, 0.09, 20)
    assert "brighter" in verdict_of(NOISE, NOISE, pit)
    assert "darker" in verdict_of(NOISE, NOISE, pit[::-1])


def test_what_the_simulated_image_shows_as_well_is_no_fault() -> None:
    seen = measured(value=0.05, rows=1.5)
    assert grade_of(seen, seen, FLAT) == "good"


def test_the_worst_comes_first_and_alone() -> None:
    seen = measured(spread=3.0, value=0.1)
    words = verdict_of(seen, NOISE, FLAT)
    assert "3.00 times" in words
    assert "agree" not in words


def test_of_two_faults_the_graver_is_named_first() -> None:
    words = verdict_of(measured(spread=0.3, value=0.22), NOISE, FLAT)
    assert words.index("0.30 times") < words.index("agree")
    words = verdict_of(measured(spread=0.6, value=0.6), NOISE, FLAT)
    assert words.index("agree") < words.index("0.60 times")
