"""Results as layer data tuples: plain tuples, so that napari is not needed here.

Every result lies exactly over the image it was made from, and says in
``metadata["divnoise"]`` what it was made from.
"""

from __future__ import annotations

from .placement import source_kwargs
from .records import layer_record
from .results import (
    mmse_layer,
    preview_layer,
    quantile_layer,
    samples_layer,
    std_layer,
)

__all__ = [
    "layer_record",
    "mmse_layer",
    "preview_layer",
    "quantile_layer",
    "samples_layer",
    "source_kwargs",
    "std_layer",
]
