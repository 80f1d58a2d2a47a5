"""One run as one YAML file: what the command line, Python and the docks all write."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..training import TrainingConfig

if TYPE_CHECKING:
    from collections.abc import Iterable

HEADER = "# A napari-divnoise run. Train it with: divnoise train --config run.yaml\n"

Setting = bool | int | float | str | None

NOISE_MODEL_WORDS = ("learn", "bootstrap")
"""What stands for a noise model that is not there yet."""


class SettingsError(ValueError):
    """A setting is unknown or out of its range."""


class RunConfig(BaseModel):
    """What a person asked for, before anything is looked at or measured.

    Attributes
    ----------
    images : tuple of str
        Files, folders or patterns, absolute or relative to the YAML file. Empty if
        the images were given to Python as arrays.
    axes : str, optional
        The letters of the images' axes (``"TYX"``); guessed if not given.
    channel : int or str, optional
        Which channel to train on, by number (from 0) or name; needed if the images
        have several.
    method : str
        ``"divnoising"``, ``"vae"``, ``"n2v"`` or ``"pn2v"``.
    noise_model : str, optional
        A ``.npz`` or ``.npy`` file, absolute or relative to the YAML file, ``"learn"``
        or ``"bootstrap"``.
    preset : str
        ``"quick"``, ``"standard"``, ``"best"`` or ``"paper"``.
    seed : int
        Start of every random number of the training.
    device : str
        ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"mps"``.
    max_minutes : float, optional
        Training ends within so many minutes.
    previews : bool
        Write previews of a region while training.
    preview_region : tuple of 5 int, optional
        Image number, first row, first column, rows, columns; the most structured
        region of the first image if not given.
    settings : dict
        Settings of `TrainingConfig` that differ from the preset's.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    images: tuple[str, ...] = ()
    axes: str | None = None
    channel: int | str | None = None
    method: str = "divnoising"
    noise_model: str | None = None
    preset: str = "standard"
    seed: int = Field(default=0, ge=0)
    device: str = "auto"
    max_minutes: float | None = Field(default=None, gt=0)
    previews: bool = False
    preview_region: tuple[int, int, int, int, int] | None = None
    settings: dict[str, Setting] = Field(default_factory=dict)

    @classmethod
    def from_dict(cls, values: dict[str, Any], *, source: str = "the run") -> Self:
        """Check values field by field.

        Raises
        ------
        SettingsError
            Naming every field that is wrong, its value, the rule, and for a
            misspelled name the nearest right one.
        """
        try:
            return cls(**values)
        except ValidationError as error:
            raise SettingsError(f"{source}: {sentence_of(error, cls)}") from error

    @classmethod
    def from_yaml(cls, path: str | Path) -> Self:
        """Read a YAML file; relative paths in it are made absolute.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If it is not YAML, or a field is unknown or wrong.
        """
        path = Path(path).expanduser()
        if not path.is_file():
            raise FileNotFoundError(
                f"no run file {path}: give the path of a run.yaml, or train with "
                "divnoise train IMAGES --run DIR, which writes one"
            )
        try:
            values = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            reason = " ".join(str(error).split())
            raise ValueError(f"{path} is not readable YAML: {reason}") from error
        if not isinstance(values, dict):
            raise ValueError(
                f"{path} holds {values!r}: a run file holds lines like 'preset: quick'"
            )
        config = cls.from_dict(values, source=str(path))
        return config.anchored(path.parent)

    def to_yaml(self) -> str:
        """Return the YAML text, every field written out."""
        values = self.model_dump(mode="json")
        return HEADER + yaml.safe_dump(values, sort_keys=False, allow_unicode=True)

    def anchored(self, folder: Path) -> Self:
        """Return the same run with every path absolute, seen from `folder`."""
        images = tuple(str(folder.absolute() / image) for image in self.images)
        noise_model = self.noise_model
        if noise_model is not None and noise_model not in NOISE_MODEL_WORDS:
            noise_model = str(folder.absolute() / Path(noise_model).expanduser())
        return self.model_copy(update={"images": images, "noise_model": noise_model})

    def seen_from(self, folder: Path) -> Self:
        """Return the same run with paths inside `folder` relative to it.

        A run folder that is moved, or copied to another machine, still finds them.
        """

        def shortened(path: str) -> str:
            inside = Path(path).is_relative_to(folder.absolute())
            return str(Path(path).relative_to(folder.absolute())) if inside else path

        noise_model = self.noise_model and shortened(self.noise_model)
        images = tuple(map(shortened, self.images))
        return self.model_copy(update={"images": images, "noise_model": noise_model})

    def training_config(self, shape: tuple[int, int, int]) -> TrainingConfig:
        """Resolve preset and settings for a stack of `shape` ``(N, Y, X)``.

        Raises
        ------
        SettingsError
            If a setting is unknown or out of its range.
        """
        overrides: dict[str, Any] = {
            **self.settings,
            "preset": self.preset,
            "method": self.method,
            "seed": self.seed,
            "device": self.device,
        }
        if self.max_minutes is not None:
            overrides["max_minutes"] = self.max_minutes
        try:
            return TrainingConfig.from_preset(shape=shape, **overrides)
        except ValidationError as error:
            sentence = sentence_of(error, TrainingConfig)
            raise SettingsError(f"training settings: {sentence}") from error
        except ValueError as error:
            raise SettingsError(str(error)) from error


def parse_settings(texts: Iterable[str]) -> dict[str, Setting]:
    """Read ``NAME=VALUE`` pairs, each value as YAML reads it.

    Raises
    ------
    SettingsError
        If a text has no "=", or its value is neither number, truth value nor word.
    """
    settings: dict[str, Setting] = {}
    for text in texts:
        name, equals, written = text.partition("=")
        value = yaml.safe_load(written) if equals else []
        if isinstance(value, list | dict):
            raise SettingsError(f"{text!r}: write NAME=VALUE, such as n_steps=500")
        settings[name.strip()] = value
    return settings


def sentence_of(error: ValidationError, model: type[BaseModel]) -> str:
    """Turn pydantic's report into one line: field, value, rule, way out."""
    return "; ".join(_one_problem(problem, model) for problem in error.errors())


def _one_problem(problem: Any, model: type[BaseModel]) -> str:
    field = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        return f"there is no setting {field!r}{_nearest(field, model.model_fields)}"
    rule = problem["msg"].removeprefix("Value error, ")
    if not field:  # settings that do not go together name themselves
        return str(rule)
    return f"{field} = {problem['input']!r}: {rule[:1].lower()}{rule[1:]}"


def _nearest(name: str, names: Iterable[str]) -> str:
    names = list(names)
    near = difflib.get_close_matches(name, names, n=1)
    if near:
        return f": did you mean {near[0]!r}?"
    return f": the settings are {', '.join(names)}"
