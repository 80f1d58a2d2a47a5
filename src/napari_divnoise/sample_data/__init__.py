"""Images made here: fluorescent nuclei and cell membranes whose truth is known.

Everything is painted in photons, blurred by the optics and then read out by a camera,
in the order in which a microscope does it. Napari's *File > Open Sample* calls the
`synthetic_...` functions, everybody else the `make_...` functions.
"""

from __future__ import annotations

from .menu import synthetic_calibration, synthetic_cells, synthetic_membranes
from .scene import SyntheticScene, make_cells, make_membranes

__all__ = [
    "SyntheticScene",
    "make_cells",
    "make_membranes",
    "synthetic_calibration",
    "synthetic_cells",
    "synthetic_membranes",
]
