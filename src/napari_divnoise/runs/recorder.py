"""Keeps a training on disk while it runs: events, checkpoints, previews, the model."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .checkpoint import save_checkpoint
from .previews import Preview, preview_times

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..training import Progress, Trainer
    from .folder import RunFolder
    from .model import Model

CHECKPOINT_EVERY_S = 30.0
PAUSE_TICK_S = 0.2
MOST_LINES = 5000
"""About so many progress events are kept per factor e of the training's length."""


class Recorder:
    """Everything that a training tells its run folder.

    Parameters
    ----------
    folder : RunFolder
        Where to write; its lock is held by the caller.
    trainer : Trainer
        What is recorded.
    identity : dict
        What the checkpoints are of, see `checkpoint.check_same`.
    make_model : callable
        Returns the best model so far.
    preview : Preview, optional
        Makes the previews; none are made if not given.
    """

    def __init__(
        self,
        folder: RunFolder,
        trainer: Trainer,
        *,
        identity: dict[str, Any],
        make_model: Callable[[], Model],
        preview: Preview | None = None,
    ) -> None:
        self._folder = folder
        self._trainer = trainer
        self._identity = identity
        self._make_model = make_model
        self._preview = preview
        self._preview_times = preview_times()
        self._next_preview_s = next(self._preview_times)
        self._skip_early_previews()
        self._next_checkpoint = time.monotonic() + CHECKPOINT_EVERY_S
        self._next_line_s = 0.0

    def begin(self) -> None:
        """Announce the start, or that an earlier training goes on."""
        trainer = self._trainer
        self._folder.announce(
            "resumed" if trainer.step else "started",
            step=trainer.step,
            n_steps=trainer.config.n_steps,
            method=trainer.config.method,
            device=str(trainer.device),
        )
        verb = "resumed" if trainer.step else "started"
        self._folder.log(f"{verb} at step {trainer.step} on {trainer.device}")

    def note(self, progress: Progress) -> Iterator[Progress]:
        """Record one report; yields while the training is asked to pause."""
        self._announce(progress)
        if self._preview is not None and progress.elapsed_s >= self._next_preview_s:
            self._write_preview(progress)
        if time.monotonic() >= self._next_checkpoint:
            self.save()
        if self._folder.pause_requested:
            yield from self._pause(progress)

    def save(self) -> None:
        """Write checkpoint and model; what was there before stays until both are."""
        save_checkpoint(
            self._folder.checkpoint_path, self._trainer.state(), self._identity
        )
        self._make_model().save(self._folder.model_path)
        self._folder.announce("checkpoint", step=self._trainer.step)
        self._next_checkpoint = time.monotonic() + CHECKPOINT_EVERY_S

    def finish(self, progress: Progress | None, *, is_done: bool) -> Model:
        """Write the last checkpoint, preview and model, and say that it is over."""
        if self._preview is not None and progress is not None:
            self._write_preview(progress)
        save_checkpoint(
            self._folder.checkpoint_path, self._trainer.state(), self._identity
        )
        model = self._make_model()
        model.save(self._folder.model_path, cover=self._cover(model))
        self._folder.clear_requests()
        reason = "done" if is_done else "stopped"
        self._folder.announce(
            "finished",
            reason=reason,
            step=self._trainer.step,
            model=self._folder.model_path.name,
            validation_loss=None if progress is None else progress.validation_loss,
        )
        self._folder.log(f"{reason} at step {self._trainer.step}")
        return model

    def _announce(self, progress: Progress) -> None:
        """Tell listeners everything, and the disk less the longer it takes."""
        facts = progress.as_dict()
        if progress.message:
            self._folder.announce("message", text=progress.message)
            self._folder.log(progress.message)
        if progress.elapsed_s >= self._next_line_s:
            self._folder.announce("progress", **facts)
            self._next_line_s = progress.elapsed_s * (1 + 1 / MOST_LINES)
        else:
            self._folder.tell("progress", **facts)

    def _pause(self, progress: Progress) -> Iterator[Progress]:
        self.save()
        self._folder.announce("paused")
        while self._folder.pause_requested and not self._folder.stop_requested:
            yield replace(progress, message="paused")
            time.sleep(PAUSE_TICK_S)
        self._folder.announce("continued")

    def _write_preview(self, progress: Progress) -> None:
        if self._preview is None:
            return
        number = len(self._folder.previews())
        views = self._preview.views(self._trainer.averaged(), self._trainer.noise_model)
        path = self._folder.write_preview(number, views)
        self._folder.announce(
            "preview",
            number=number,
            step=progress.step,
            elapsed_s=progress.elapsed_s,
            path=path.relative_to(self._folder.path).as_posix(),
            region=self._preview.region,
        )
        self._skip_early_previews(progress.elapsed_s)

    def _skip_early_previews(self, elapsed_s: float = 0.0) -> None:
        elapsed_s = max(elapsed_s, self._trainer.elapsed_s)
        while self._next_preview_s <= elapsed_s:
            self._next_preview_s = next(self._preview_times)

    def _cover(self, model: Model) -> bytes | None:
        """Return a small picture of the preview's mean, or of nothing."""
        if self._preview is None:
            return None
        from .figures import cover_png

        return cover_png(self._preview.views(model.network, model.noise_model)[1])
