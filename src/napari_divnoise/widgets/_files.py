"""Ask for a file or a folder without stopping the window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFileDialog

if TYPE_CHECKING:
    from collections.abc import Callable

    from qtpy.QtWidgets import QWidget


def ask_for_path(
    parent: QWidget,
    title: str,
    then: Callable[[str], object],
    files: str = "",
    *,
    save_as: str = "",
) -> QFileDialog:
    """Open a file dialog and return at once; `then` is called with the choice.

    Parameters
    ----------
    parent : QWidget
        The page that asks.
    title : str
        What is asked for.
    then : callable
        Called with the chosen path, unless the dialog is cancelled.
    files : str
        Which files are offered, as Qt writes it; "" asks for a folder.
    save_as : str
        A proposed name: asks where to write.
    """
    dialog = QFileDialog(parent, title, "", files)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    if save_as:
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.selectFile(save_as)
    elif files:
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
    else:
        dialog.setFileMode(QFileDialog.FileMode.Directory)
    dialog.fileSelected.connect(then)
    dialog.open()
    return dialog
