"""``gengine evaluate``: bodies, faces and portraits beside ground truth and controls. Parse, call, print."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gengine.cli.console import say
from gengine.cli.options import AsJson
from gengine.cli.progress import percent

if TYPE_CHECKING:
    from gengine.metrics.controls import Table

app = typer.Typer(add_completion=False, rich_markup_mode=None)

EVALUATE_HELP = """Measure a body or face network on recordings, beside ground truth and every control.

\b
Examples:
  gengine evaluate choreographer --data runs/corpus --limit 20
  gengine evaluate camn --data beat_english_v0.2.1 --speakers 2,4,6,8 --out runs/camn-beat
  gengine evaluate runs/camn/best --data runs/corpus --split val --beside choreographer,camn --json
  gengine evaluate a2m --data runs/captured --only '*_held' --words
  gengine evaluate portrait --data films --beside warp,regressor,diffusion --limit 6
  gengine evaluate portrait --data photos --beside warp         # which emotions can be read on neutral faces

\b
NETWORK is a registered name (choreographer, camn; visemes, a2m), a bundled checkpoint, or a checkpoint's folder.
A body performs every recording of the split with its own words, emotion and speaker at 15 fps. FGD figures are
comparable only where encoder, data and number of windows agree. A face hears recordings with faces: performances (.npz)
as gengine capture makes them, FACEGOOD's takes, or BEAT's layout; --split, --speakers, --encoder and --stance are
bodies'. portrait holds what the renderers make of a clip's own still frame, by its landmarks and by its sound alone,
against the clip (--beside: the renderers; --only: clips); given photos in the place of films it draws them under six
emotions at five strengths, and a network of others says what it reads. Files written to --out: evaluation.txt,
evaluation.json and evaluation.png.
"""


@app.command(name="evaluate", help=EVALUATE_HELP)
def evaluate(
    network: Annotated[str, typer.Argument(metavar="NETWORK", help="A name, or a checkpoint's folder.")],
    data: Annotated[Path, typer.Option(help="Corpus in BEAT's layout, or a folder of faces, films or photos.")],
    split: Annotated[str, typer.Option(help="train, val or test.")] = "test",
    speakers: Annotated[str | None, typer.Option(help="Only these: ids or names, comma-separated.")] = None,
    limit: Annotated[int | None, typer.Option(help="At most this many recordings, spread evenly.")] = None,
    seed: Annotated[int, typer.Option(help="Another number gives another take of every recording.")] = 0,
    encoder: Annotated[str, typer.Option(help="Checkpoint of the FGD encoder; none leaves FGD out.")] = "",
    beside: Annotated[
        str | None,
        typer.Option(help="Other networks to measure, comma-separated, or none; default choreographer or visemes."),
    ] = None,
    stance: Annotated[
        bool,
        typer.Option("--stance", help="Also hand each network the recording's first poses, whose posture it keeps."),
    ] = False,
    only: Annotated[
        str | None, typer.Option(help="Of faces: only recordings with such names, comma-separated: '*_held,2_scott_*'.")
    ] = None,
    words: Annotated[
        bool, typer.Option("--words", help="Of faces: also hand each network the words that the recordings know.")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="Folder; default runs/evaluate-<network>.")] = None,
    as_json: AsJson = False,
) -> None:
    from gengine.metrics.evaluation import TEACHER, evaluate_network, label
    from gengine.metrics.face_evaluation import RULES, evaluate_faces, moves_faces
    from gengine.metrics.fgd import DEFAULT
    from gengine.metrics.portrait_evaluation import NAME, RENDERERS, evaluate_portraits
    from gengine.metrics.portrait_expression import evaluate_expressions, photos_of

    if network == NAME and (photos := photos_of(data)):
        read = evaluate_expressions(
            photos, _names(beside) or RENDERERS, limit=limit, progress=None if as_json else percent
        )
        _tell(read, out or Path("runs") / f"evaluate-{NAME}-expressions", as_json)
        return
    if network == NAME:
        drawn = evaluate_portraits(
            data, renderers=_names(beside) or RENDERERS, only=_names(only), limit=limit, seed=seed,
            progress=None if as_json else percent,
        )  # fmt: skip
        _tell(drawn, out or Path("runs") / f"evaluate-{NAME}", as_json)
        return
    face = moves_faces(network)
    others = _names(beside or (RULES if face else TEACHER))
    others = [] if others == ["none"] else others
    progress = None if as_json else percent
    if face:
        found = evaluate_faces(
            network, data, only=_names(only), limit=limit, seed=seed, beside=others, words=words, progress=progress
        )
    else:
        judge = None if encoder.lower() == "none" else encoder or DEFAULT
        found = evaluate_network(
            network, data, split=split, speakers=_names(speakers) or None, limit=limit, seed=seed, encoder=judge,
            beside=others, stance=stance, progress=progress,
        )  # fmt: skip
    _tell(found, out or Path("runs") / f"evaluate-{label(network).replace('/', '-')}", as_json)


def _tell(found: Table, folder: Path, as_json: bool) -> None:
    from gengine.metrics.evaluation import write
    from gengine.metrics.report import lines

    files = write(found, folder)
    if as_json:
        say(json.dumps(found.as_dict()))
        return
    say("\n".join([*lines(found), "", *(str(path) for path in files.values())]))


def _names(said: str | None) -> list[str]:
    """Names between commas."""
    return [name.strip() for name in (said or "").split(",") if name.strip()]
