"""The same work from a shell: ``divnoise demo|check|train|denoise|noise-model|...``.

Exit status: 0 all is well, 1 the work failed, 2 the call was wrong. Errors are one
line; ``--debug`` shows the traceback. Nothing heavy is imported before a command runs.
"""

from __future__ import annotations

import logging
import sys
import traceback
import warnings
from typing import Annotated

import typer

from ..runs.versions import package_version
from .checking import check
from .demo import demo
from .denoising import denoise
from .looking import doctor, info
from .noise import noise_model
from .output import Output, fail, help_and_exit, one_line
from .training import train

__all__ = ["app", "main", "run"]

app = typer.Typer(
    name="divnoise",
    add_completion=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (demo, check, train, denoise, info, doctor):
    app.command()(command)
app.add_typer(noise_model, name="noise-model")


@app.callback(invoke_without_command=True)
def divnoise(
    context: typer.Context,
    *,
    version: Annotated[
        bool, typer.Option("--version", help="Say which version this is.")
    ] = False,
) -> None:
    """Diversity denoising: many clean images that could have made a noisy one."""
    if version:
        typer.echo(f"napari-divnoise {package_version()}")
    elif context.invoked_subcommand is None:
        help_and_exit(context)


def main() -> None:
    """Run the command line of this process and exit with its status."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Carry out one command.

    Parameters
    ----------
    arguments : list of str
        What stands behind ``divnoise``.

    Returns
    -------
    int
        0 all is well, 1 the work failed, 2 the call was wrong.
    """
    debug, json = "--debug" in arguments, "--json" in arguments
    if not debug:
        _quieten(json=json)
    try:
        code = app(arguments, prog_name="divnoise", standalone_mode=False)
    except (KeyboardInterrupt, typer.Abort):
        fail("interrupted", json=json)
        return 1
    except typer.Exit as exit_:
        return int(exit_.exit_code)
    except Exception as error:
        if debug:
            traceback.print_exc()
        fail(_sentence(error), json=json)
        return _status(error)
    return code if isinstance(code, int) else 0


def _quieten(*, json: bool) -> None:
    """Silence other packages; say in a sentence what a stage warns a command of.

    A run announces its warnings itself.
    """
    output = Output(json=json)

    def say(message: Warning | str, *_: object, **__: object) -> None:
        output.note(str(message))

    warnings.simplefilter("ignore")
    warnings.filterwarnings("always", category=UserWarning, module=__name__)
    warnings.showwarning = say
    logging.getLogger("tifffile").setLevel(logging.CRITICAL)


def _sentence(error: Exception) -> str:
    """Typer's own errors are formatted by it; all others speak for themselves."""
    formatted = getattr(error, "format_message", None)
    if formatted is not None:
        return f"{' '.join(formatted().split())} (divnoise --help lists the options)"
    return one_line(error)


def _status(error: Exception) -> int:
    """2 where the call itself was wrong: options, settings, names of files."""
    code = getattr(error, "exit_code", None)  # typer's UsageError says 2
    if isinstance(code, int):
        return code
    from ..runs.config import SettingsError

    wrong_call = (FileNotFoundError, FileExistsError, SettingsError)
    return 2 if isinstance(error, wrong_call) else 1
