"""Python, as on a machine without napari and Qt.

On the path of a test run, and of every process it starts, this makes the imports below
fail the way missing packages do. A second environment would prove the same, for another
gigabyte and some minutes.
"""

import sys

for name in (
    "PyQt5",
    "PyQt6",
    "PySide2",
    "PySide6",
    "magicgui",
    "napari",
    "psygnal",
    "pyqtgraph",
    "qtpy",
    "superqt",
    "vispy",
):
    sys.modules[name] = None  # type: ignore[assignment]
