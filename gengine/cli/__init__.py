"""The command line: parse, call, print. No logic lives here; every command is a file beside this one."""

from __future__ import annotations

import importlib
import math
import os
import signal
import sys

import typer
from typer.core import TyperGroup

from gengine.cli.console import Interrupt, fail
from gengine.errors import GengineError

COMMANDS = {
    "animate": "Animate a recording.",
    "emotion": "Read the emotion of a recording: a timeline, and one plain sentence for every stretch of speech.",
    "dialogue": "Animate a conversation: a run for everybody in it, on one clock.",
    "batch": "Animate many recordings: parallel, resumable, also on a Ray cluster.",
    "export": "Write a saved performance in other formats.",
    "retarget": "Write any humanoid's BVH on another skeleton.",
    "capture": "Capture the face of a film: ARKit-52 weights, head and gaze, with its sound.",
    "render": "Film an avatar that performs: a video with sound, or transparent pictures.",
    "portrait": "One photo and one performance: a film of that person speaking.",
    "view": "Watch a performance in the browser: play, scrub, emotion timeline, ARKit curves.",
    "serve": "Serve live performances over WebSockets: sound in, frames of face and body out.",
    "live": "Talk into the microphone and watch an avatar talk, in the browser.",
    "avatar": "Persons to show a performance on.",
    "data": "Corpora in BEAT's layout: check one, make one.",
    "train": "Train a network from a configuration; the run folder receives checkpoints, log, curves and previews.",
    "evaluate": "Measure a body or face network on recordings, beside ground truth and every control.",
    "info": "Version, device, optional parts present, and checkpoints.",
}
"""Every command with what the overview says of it; its file is imported when it is called, and has an ``app``."""


class LazyGroup(TyperGroup):
    """Commands that are imported when called, so that help is instant and a run loads its own command alone."""

    def get_command(self, ctx, cmd_name):
        """The command of that name, imported; None where there is none."""
        if cmd_name not in COMMANDS:
            return None
        return typer.main.get_command(importlib.import_module(f"gengine.cli.{cmd_name}").app)

    def format_commands(self, ctx, formatter) -> None:
        """The overview, from the summaries alone."""
        TyperGroup(name=self.name, commands=dict(self.commands)).format_commands(ctx, formatter)


app = typer.Typer(
    cls=LazyGroup,
    help="Speech in, a whole performance out: body, hands, face, head and gaze from one emotion timeline.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for _name, _summary in COMMANDS.items():
    app.command(name=_name, help=_summary)(lambda: None)


def main() -> None:
    """Entry point: every expected failure is one line on stderr and exit code 2 (130 for Ctrl-C)."""
    Interrupt.asked, Interrupt.heard = False, -math.inf
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "1")  # to look for them reads what every package says of itself
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):  # a polite kill and a closed terminal clean up like Ctrl-C
        number = getattr(signal, name, None)
        if number is not None and not (name == "SIGHUP" and signal.getsignal(number) == signal.SIG_IGN):  # nohup
            signal.signal(number, Interrupt.hear)
    try:
        code = app(standalone_mode=False)
        if code == 130:  # the framework's own word for Ctrl-C
            raise KeyboardInterrupt
        sys.exit(code if isinstance(code, int) else 0)
    except GengineError as error:
        fail(str(error), 2)
    except (KeyboardInterrupt, typer.Abort):
        fail("interrupted; nothing was written", 130)
    except BrokenPipeError:
        sys.exit(1)
    except OSError as error:
        if error.filename is None:
            raise
        fail(f"{os.fsdecode(error.filename)}: {error.strerror}; give another name or place", 2)
    except MemoryError:
        fail("out of memory; try fewer --formats, or a shorter recording", 2)
    except Exception as error:
        if hasattr(error, "format_message") and hasattr(error, "exit_code"):  # click's own usage errors
            if type(error).__name__ == "NoArgsIsHelpError":  # a command was left out: its message is the whole help
                sys.stderr.write(error.format_message() + "\n")  # type: ignore[attr-defined]
                sys.exit(2)
            fail(f"{error.format_message()} (see gengine --help)", 2)  # type: ignore[attr-defined]
        raise
