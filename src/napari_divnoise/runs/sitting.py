"""One sitting of a training: opened, checked, gone on with, kept on disk."""

from __future__ import annotations

import warnings
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from ..images import check_trainable, estimate_normalization
from ..networks import resolve_device
from ..noise import NoiseModel, load_noise_model, save_noise_model
from ..training import Trainer, needs_noise_model
from .checkpoint import check_same, load_checkpoint
from .model import Model, one_channel, open_image
from .previews import Preview
from .provenance import Origin
from .recorder import Recorder

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

    from ..training import Progress, TrainingConfig
    from .config import RunConfig
    from .folder import RunFolder

LEARN = "learn"


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be trained, as it was asked for."""

    config: RunConfig
    images: Any
    noise_model: NoiseModel | str | Path | None


def prepared(job: Job, folder: RunFolder | None) -> Sitting:
    """Open and check everything, and load the checkpoint if there is one."""
    config = job.config
    stack = open_image(job.images, axes=config.axes, channel=config.channel)
    pixels = one_channel(stack)
    cautions = check_trainable(stack)
    settings = config.training_config(tuple(pixels.shape))
    noise_model = _noise_model(job, folder)
    if folder is not None:
        settings = _as_before(settings, folder)
    trainer = Trainer(pixels, estimate_normalization(pixels), noise_model, settings)
    origin = Origin.of(stack, pixels, noise_model)
    for sentence in cautions:
        warnings.warn(sentence, stacklevel=2)
    sitting = Sitting(trainer, origin, cautions)
    if folder is not None:
        sitting.keep_in(folder, config, pixels)
    return sitting


class Sitting:
    """One sitting of a training: from its start, or a checkpoint, until it stops."""

    def __init__(
        self, trainer: Trainer, origin: Origin, cautions: Sequence[str]
    ) -> None:
        self._trainer = trainer
        self._origin = origin
        self._cautions = cautions
        self._folder: RunFolder | None = None
        self._recorder: Recorder | None = None
        self._newest: Progress | None = None

    def keep_in(self, folder: RunFolder, config: RunConfig, pixels: Any) -> None:
        """Go on from the folder's checkpoint, and record everything in it."""
        identity = self._origin.identity(self._trainer.config)
        if folder.checkpoint_path.exists():
            state, stored = load_checkpoint(folder.checkpoint_path)
            check_same(stored, identity)
            self._trainer.load_state(state)
        self._origin = self._origin.continuing(folder.provenance())
        folder.write_provenance(self._origin.provenance(self._trainer))
        self._folder = folder
        self._recorder = Recorder(
            folder,
            self._trainer,
            identity=identity,
            make_model=self.model,
            preview=self._preview(config, pixels),
        )
        self._recorder.begin()
        for caution in self._cautions:
            folder.announce("message", text=caution)
            folder.log(caution)

    def run(self) -> Generator[Progress, None, Model]:
        """Train until the end, a request to stop, or the closing of the generator."""
        is_done = False
        steps = cast("Generator[Progress, None, None]", self._trainer.run())
        try:
            with closing(steps):
                for progress in steps:
                    yield from self._noted(progress)
                    if self._folder is not None and self._folder.stop_requested:
                        break
                else:
                    is_done = True
        except GeneratorExit:
            # Whoever listened has gone: keep what is best, and yield no more.
            is_done = False
        if self._recorder is None:
            return self.model()
        model = self._recorder.finish(self._newest, is_done=is_done)
        self._write_down_noise(model)
        return model

    def _noted(self, progress: Progress) -> Iterator[Progress]:
        """Record a report before it is handed on."""
        self._newest = progress
        if self._recorder is not None:
            yield from self._recorder.note(progress)
        yield progress

    def model(self) -> Model:
        """Return the best model so far."""
        loss = None if self._newest is None else self._newest.validation_loss
        return Model(
            network=self._trainer.best(),
            normalization=self._trainer.normalization,
            noise_model=self._trainer.noise_model,
            config=self._trainer.config,
            record=self._origin.record(self._trainer, loss),
        )

    def _write_down_noise(self, model: Model) -> None:
        """Leave what was learnt along as a noise model like any other."""
        if self._folder is not None and model.noise_model is not None:
            save_noise_model(model.noise_model, self._folder.noise_model_path)

    def _preview(self, config: RunConfig, pixels: Any) -> Preview | None:
        if not config.previews:
            return None
        return Preview(
            pixels,
            self._trainer.normalization,
            region=config.preview_region,
            seed=config.seed,
            device=str(self._trainer.device),
        )


def _as_before(config: TrainingConfig, folder: RunFolder) -> TrainingConfig:
    """Keep the precision that a run was measured to be fastest in.

    Measured anew, it could come out otherwise, and the resumed run with it.
    """
    facts = folder.provenance()
    kind = resolve_device(config.device).type
    is_the_same = str(facts.get("device", "")).partition(":")[0] == kind
    if config.precision != "auto" or not is_the_same:
        return config
    return config.model_copy(update={"precision": facts.get("precision", "auto")})


def _noise_model(job: Job, folder: RunFolder | None) -> NoiseModel | str | None:
    """Return the noise model; a run keeps its own copy, so that it can be resumed."""
    kept = None if folder is None else folder.noise_model_path
    given = job.noise_model
    if not needs_noise_model(job.config.method):
        return None
    if given is None or given == LEARN:
        return LEARN
    if not isinstance(given, str | Path | NoiseModel):
        raise TypeError(
            f"noise_model is of type {type(given).__name__}: give a noise model, the "
            f'path of one (.npz), or "{LEARN}"'
        )
    if kept is None:
        return load_noise_model(given) if isinstance(given, str | Path) else given
    if isinstance(given, str | Path):
        # The file may have gone since the run began: the run has its own copy.
        gone = not Path(given).exists() and kept.exists()
        given = load_noise_model(kept if gone else given)
    save_noise_model(given, kept)
    return given
