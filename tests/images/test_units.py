from __future__ import annotations

import pytest

from napari_divnoise.images.units import known_unit


@pytest.mark.parametrize(
    ("word", "unit"),
    [
        ("micron", "um"),
        ("microns", "um"),
        ("µm", "um"),
        ("\u03bcm", "um"),
        ("\\u00B5m", "um"),
        ("micrometer", "um"),
        ("Nanometers", "nm"),
        ("Å", "angstrom"),
        ("sec", "s"),
        ("seconds", "s"),
        ("s", "s"),
        ("ms", "ms"),
        ("pixel", "pixel"),
        ("furlong", "pixel"),
        ("", "pixel"),
        (None, "pixel"),
    ],
)
def test_every_spelling_is_one_unit(word: str | None, unit: str) -> None:
    assert known_unit(word) == unit
