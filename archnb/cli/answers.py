"""How the command line answers: what is printed shows the user's text and never obeys it, and every way to fail has its own
exit code: see `CODES`.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import platform
import re
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import click

from archnb.address import hide_password, show_address
from archnb.exceptions import ArchnbError, EngineMissing, FileUseError, InputError, printable

FINE, FOUND, BAD_INPUT, NO_ENGINE, NO_FILE, LOSES_DATA = 0, 1, 2, 3, 4, 5
# as sysexits.h numbers a fault of the program itself, and as shells number what ended by an interrupt or a closed pipe
CRASHED, INTERRUPTED, NO_READER = 70, 130, 141

CODES = """\
Exit codes: 0 fine; 1 open findings at or above --fail-on, a failed proof, or a breaking change; 2 bad input; 3 an engine is
missing; 4 the system refuses a file (permission, no room); 5 a change that loses data; 70 a fault of archnb itself; 130 interrupted; 141 the reader of the output went away."""


def say(text: object, *, err: bool = False) -> None:
    """Print what is meant for people: the one way in which words get out, so that no control gets out with them."""
    click.echo(printable(text), err=err)


def say_artefact(text: str) -> None:
    """Print what is meant for a file: byte for byte into a file or a pipe, and on a terminal so that it only shows."""
    if sys.stdout.isatty():
        say(text)
    else:
        # in colour means: with nothing stripped that looks like a colour
        click.echo(text, color=True)


def fail(message: str, code: int) -> None:
    say(f"archnb: {hide_password(message)}", err=True)
    sys.exit(code)


@contextmanager
def answering(as_json: bool = False) -> Iterator[None]:
    """Turn every error into its message and exit code; what nobody foresaw is a fault of archnb and says how to report it.

    as_json: what is wrong with an input is told to programs on the one way, as to people on the other.
    """
    try:
        yield
    except EngineMissing as error:
        fail(str(error), NO_ENGINE)
    except InputError as error:
        if as_json:
            echo_json({"file": error.where or None, "errors": [one.data() for one in error.problems]})
        fail(str(error), NO_FILE if isinstance(error, FileUseError) else BAD_INPUT)
    except (ArchnbError, UnicodeDecodeError) as error:
        fail(str(error), BAD_INPUT)
    except BrokenPipeError:
        _leave_quietly()
    except OSError as error:
        try:
            sys.stdout.flush()
        except OSError:
            # what has no room now has none at the end either, where Python would change the exit code for it
            _drop_output()
        where = f"{error.filename}: " if error.filename else ""
        fail(f"{where}{error.strerror or error}.", NO_FILE)
    except KeyboardInterrupt:
        fail("interrupted.", INTERRUPTED)
    except (click.exceptions.Exit, click.ClickException, click.Abort):
        raise
    except Exception as error:
        _report_crash(error)


def _leave_quietly() -> None:
    """End without a word where nobody reads any more, as other commands do."""
    _drop_output()
    sys.exit(NO_READER)


def _drop_output() -> None:
    """Let what is still to be written go nowhere."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def _report_crash(error: Exception) -> None:
    """Say that archnb is at fault, and keep what its authors need: versions, the command, where it happened; no design."""
    from archnb import __version__

    words = " ".join(show_address(one) for one in sys.argv[1:])
    told = [
        f"archnb {__version__}, Python {platform.python_version()}, {platform.platform()}",
        f"command: archnb {words}",
        "",
        *traceback.format_exception(error),
    ]
    details = hide_password("\n".join(told), *sys.argv, *_read_given_addresses())
    context = click.get_current_context(silent=True)
    is_debug = context is not None and bool(context.find_root().params.get("debug"))
    kept = None
    if not is_debug:
        with contextlib.suppress(OSError):
            handle, kept = tempfile.mkstemp(prefix="archnb-crash-", suffix=".txt")
            with open(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
                file.write(details)
    if kept is None:
        say(details, err=True)
    line = str(error).splitlines()[0] if str(error) else ""
    message = hide_password(f"{type(error).__name__}: {line[:200]}", *sys.argv, *_read_given_addresses())
    where = (
        f"What happened is written to {kept} (archnb --debug … prints it)." if kept else "What happened stands above."
    )
    fail(
        f"this is a fault of archnb, not of your input: {message}\n{where}\n"
        "Next: report it to archnb's authors with that text, and with the design file where you may share it.",
        CRASHED,
    )


def _read_given_addresses() -> list[str]:
    return [value for name, value in os.environ.items() if name.startswith("ARCHNB_") and name.endswith("_URL")]


def careful(function: Callable[..., Any]) -> Callable[..., Any]:
    """A command that ends in `answering`: by a message and its exit code, whatever happens."""

    @functools.wraps(function)
    def run(*args: Any, **options: Any) -> Any:
        with answering(bool(options.get("as_json"))):
            return function(*args, **options)

    return run


class Commands(click.Group):
    """The commands; what click itself prints and raises, before a command begins, is answered in the same way."""

    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        """Read the words of a command line; help is printed here."""
        with answering():
            return super().make_context(*args, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that the words name."""
        with answering():
            return super().invoke(ctx)

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """Run a command line; ends the process with its exit code unless `standalone_mode` is False."""
        if not standalone_mode:
            return super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
        for stream in (sys.stdout, sys.stderr):
            # a terminal of few letters shows the others by their number
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="backslashreplace")
        with answering():
            try:
                code = super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
                sys.stdout.flush()
            except click.ClickException as error:
                error.message = printable(error.message)  # type: ignore[misc]
                error.show()
                sys.exit(BAD_INPUT if error.exit_code == FOUND else error.exit_code)
            except click.Abort:
                raise KeyboardInterrupt from None
        sys.exit(code if isinstance(code, int) else FINE)


def echo_json(data: Any) -> None:
    text = json.dumps(data, indent=2, ensure_ascii=False, default=str)
    # what a terminal would obey stands in texts only, where JSON has an escape for it
    click.echo(
        re.sub(
            r"[^\n\x20-\x7e]+",
            lambda found: json.dumps(found[0])[1:-1] if printable(found[0]) != found[0] else found[0],
            text,
        )
    )
