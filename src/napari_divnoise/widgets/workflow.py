"""The dock "DivNoise": four pages, from noisy images to clean ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QEvent, Qt, QTimer, QUrl
from qtpy.QtGui import QDesktopServices
from qtpy.QtWidgets import QFrame, QScrollArea, QStackedWidget, QWidget

from ..session import session_of
from ..training import needs_noise_model
from ._denoiser import Denoiser
from ._lifetime import companion_of, connect_while_alive
from ._loading import Loader
from ._methods import METHODS
from ._parts import IconButton, Words, button, column, row
from ._status import ProblemCard, StatusLine
from ._steps import StepBar
from ._theme import palette, show_palette
from ._trainer import Trainer
from .data_page import DataPage
from .denoise_page import DenoisePage
from .noise_page import NoisePage
from .train_page import TrainPage

if TYPE_CHECKING:
    import napari

    from ..session import Training
    from ._steps import Mark

DOCUMENTATION = "https://github.com/napari-divnoise/napari-divnoise#readme"
STEPS = {"data": "Data", "noise": "Noise", "train": "Train", "denoise": "Denoise"}
DATA, NOISE, TRAIN, DENOISE = range(4)
STEP_WIDTH = 92


class WorkflowWidget(QWidget):
    """A header that always says what is going on, one page, Back and Next.

    Parameters
    ----------
    napari_viewer : napari.Viewer
        Handed over by napari. Everything that must survive a closed dock lives in
        the viewer's session, trainer and denoiser, not here.
    """

    def __init__(self, napari_viewer: napari.Viewer) -> None:
        super().__init__()
        self.viewer = napari_viewer
        self.session = session_of(napari_viewer)
        self.trainer = companion_of(napari_viewer, Trainer)
        self.denoiser = companion_of(napari_viewer, Denoiser)
        self.trainer.docks.add(self)
        self.denoiser.docks.add(self)
        self._was_docked = False
        self._closing = QTimer(self)
        self._closing.setSingleShot(True)
        self._closing.timeout.connect(self._delete_if_closed)
        self._make_children()
        self._lay_out()
        self._connect()
        self._on_theme_changed()
        self.show_page(DATA)
        self._show_facts()
        self._show_status()
        self.loader.take_waiting()

    def _make_children(self) -> None:
        self.steps = StepBar(STEPS)
        self._facts = Words(tone="quiet")
        self._help = IconButton("help", "frame.help")
        self.status = StatusLine()
        self.problem = ProblemCard()
        self.loader = Loader(self.session, self)
        self.data_page = DataPage(self.viewer, self.session)
        self.noise_page = NoisePage(self.viewer, self.session)
        self.train_page = TrainPage(self.session, self.trainer)
        self.denoise_page = DenoisePage(self.viewer, self.session, self.denoiser)
        self.pages = (
            self.data_page,
            self.noise_page,
            self.train_page,
            self.denoise_page,
        )
        self._stack = QStackedWidget()
        self.back_button = button("Back", "frame.back")
        self.next_button = button("Next", "frame.next", "primary")
        self.reason = Words(tone="warning")

    def _lay_out(self) -> None:
        for page in self.pages:
            self._stack.addWidget(_scrolled(page))
        for step in (self.back_button, self.next_button):
            step.setFixedWidth(STEP_WIDTH)
        rule = QFrame()
        rule.setProperty("role", "rule")
        layout = column(
            self.steps,
            row(self._facts, self._help),
            self.status,
            self.problem,
            rule,
            self._stack,
            row(self.back_button, self.reason, self.next_button),
        )
        layout.setContentsMargins(8, 6, 8, 8)
        layout.setStretchFactor(self._stack, 1)
        self.setLayout(layout)
        self.setMinimumSize(300, 320)

    def _connect(self) -> None:
        self.steps.stepClicked.connect(self.show_page)
        self.back_button.clicked.connect(self._on_back_clicked)
        self.next_button.clicked.connect(self._on_next_clicked)
        self._help.clicked.connect(_open_documentation)
        self.status.pauseClicked.connect(self.trainer.toggle_pause)
        self.status.stopClicked.connect(self._on_stop_clicked)
        self.loader.loaded.connect(self._on_file_loaded)
        self.loader.failed.connect(self.problem.show_problem)
        self.train_page.deviceFound.connect(self._show_facts)
        self.train_page.useClicked.connect(self._on_use_clicked)
        self.train_page.denoiseClicked.connect(self._on_denoise_clicked)
        self.noise_page.continueClicked.connect(self._on_next_clicked)
        self.denoise_page.model_card.fileChosen.connect(self.loader.load)
        for page in self.pages:
            page.reasonChanged.connect(self._show_frame)
        self.trainer.failed.connect(self.problem.show_problem)
        self.denoiser.failed.connect(self.problem.show_problem)
        self.denoiser.changed.connect(self._show_status)
        self.denoiser.changed.connect(self._show_facts)
        self.denoiser.stepped.connect(self._show_status)
        self.denoiser.samplesComing.connect(self._on_samples_coming)
        fields = self.session.events
        connect_while_alive(
            [
                (self.viewer.events.theme, self._on_theme_changed),
                (fields.images, self._show_facts),
                (fields.noise_model, self._show_facts),
                (fields.model, self._show_facts),
                (fields.method, self._show_facts),
                (fields.posterior, self._show_facts),
                (fields.training, self._on_training_changed),
            ],
        )

    # ------------------------------------------------------------------ pages

    @property
    def page(self) -> int:
        """Number of the page that is shown, from 0."""
        return self._stack.currentIndex()

    def show_page(self, number: int) -> None:
        """Show a page: 0 Data, 1 Noise, 2 Train, 3 Denoise."""
        self._stack.setCurrentIndex(number)
        self.steps.set_current(number)
        self._show_frame()

    def reset_choices(self, event: Any = None) -> None:
        """Follow the viewer's layers; napari calls this."""
        for page in self.pages:
            page.reset_choices(event)

    def _show_frame(self) -> None:
        """Set Back, Next and the reason below the page that is shown."""
        is_last = self.page == DENOISE
        reason = "" if is_last else self.pages[self.page].reason()
        self.back_button.setEnabled(self.page > DATA)
        self.next_button.setVisible(not is_last)
        self.next_button.setEnabled(not reason)
        self.reason.say(reason, "warning")
        self.reason.setVisible(True)  # empty, it still keeps the buttons apart

    def _on_back_clicked(self) -> None:
        self.show_page(self.page - 1)

    def _on_next_clicked(self) -> None:
        self.show_page(self.page + 1)

    # ------------------------------------------------------------------ header

    def _show_facts(self, _value: Any = None) -> None:
        session = self.session
        names = session.images.names if session.images is not None else ()
        images = names[0] if len(names) == 1 else f"{len(names)} images"
        device = self.train_page.device_name
        method = METHODS.get(session.method, session.method)
        parts = [method, images if names else "no images yet", device]
        self._facts.say(" · ".join(part for part in parts if part), "quiet")
        is_needed = needs_noise_model(session.method)
        knows_noise = session.noise_model is not None or not is_needed
        self.steps.set_mark(DATA, "done" if names else "")
        self.steps.set_mark(NOISE, "done" if knows_noise and names else "")
        is_denoised = session.posterior is not None or self.denoiser.has_finished
        self.steps.set_mark(DENOISE, "done" if is_denoised else "")
        self._mark_training(session.training)

    def _on_training_changed(self, training: Training) -> None:
        self._mark_training(training)
        self._show_status()
        self._show_frame()

    def _mark_training(self, training: Training) -> None:
        mark: Mark = "done" if self.session.model is not None else ""
        self.steps.set_mark(TRAIN, "busy" if training.is_active else mark)

    def _show_status(self, _value: Any = None) -> None:
        """Show what runs: denoising if it does, else the training."""
        training = self.session.training
        if self.denoiser.is_running:
            text, fraction = self.denoiser.status()
            self.status.show_work(text, fraction)
        elif training.is_active:
            text, fraction = self.trainer.status()
            self.status.show_work(text, fraction, training.activity)
        else:
            self.status.hide()

    def _on_stop_clicked(self) -> None:
        if self.denoiser.is_running:
            self.denoiser.cancel()
        else:
            self.train_page.ask_to_stop()

    # ------------------------------------------------------------------ the world

    def _on_use_clicked(self) -> None:
        """Take the network as it is now; the training goes on."""
        if self.session.run is not None:
            self.loader.load(self.session.run)

    def _on_samples_coming(self) -> None:
        self.trainer.put_preview_away()

    def _on_denoise_clicked(self) -> None:
        self.show_page(DENOISE)

    def _on_file_loaded(self, kind: str) -> None:
        self.problem.clear()
        self.show_page(DENOISE if kind == "model" else NOISE)

    def _on_theme_changed(self, _event: Any = None) -> None:
        show_palette(self, palette(self.viewer.theme))

    def changeEvent(self, event: QEvent | None) -> None:
        """Look whether the dock was closed: napari calls no closeEvent then."""
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.ParentChange:
            self._was_docked = self._was_docked or self.parent() is not None
            self._closing.start()

    def _delete_if_closed(self) -> None:
        # Left alive, it would follow the viewer behind the back of the next dock.
        if self._was_docked and self.parent() is None:
            self.deleteLater()


def _scrolled(page: QWidget) -> QScrollArea:
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setWidget(page)
    area.setMinimumHeight(120)
    return area


def _open_documentation() -> None:
    QDesktopServices.openUrl(QUrl(DOCUMENTATION))
