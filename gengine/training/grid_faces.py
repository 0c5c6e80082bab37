"""Films of the GRID corpus as captured faces that the audio-to-motion network learns from:

    python -m gengine.training.grid_faces --data $GENGINE_DATA --out runs/captured --every 5 --most 47

Every so many of one man's films (``grid_s1``), every eighth of the folder held out, and those of five more people
(``grid``), all held out: names that end in ``_held`` are never learned from. Words and their times come along where the
corpus tells them. Needs the extra ``vision``.
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from gengine.core.words import Word, WordTrack
from gengine.errors import GengineError
from gengine.training.film_faces import capture_film, films

log = logging.getLogger(__name__)

TICKS = 25_000
"""Units a second of GRID's times."""
HELD = 8
"""One of so many of the man's films is held out, whichever of them are taken."""


def words_of(path: Path) -> WordTrack:
    """The words of a film's ``.align``, none where it has none."""
    if not path.is_file():
        return WordTrack()
    rows = [line.split() for line in path.read_text("utf-8").splitlines() if line.strip()]
    said = [Word(word, int(a) / TICKS, int(b) / TICKS) for a, b, word in rows if word not in ("sil", "sp")]
    return WordTrack(tuple(said), (), "en", "given")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with grid and grid_s1")
    parser.add_argument("--out", type=Path, default=Path("runs/captured"))
    parser.add_argument("--every", type=int, default=5, help="take one of so many of grid_s1")
    parser.add_argument("--most", type=int, default=47, help="and so many of them at most")
    args = parser.parse_args()
    logging.basicConfig(format="%(message)s", level=logging.INFO)
    args.out.mkdir(parents=True, exist_ok=True)
    people = [(p, f"people_{p.stem}_held") for p in films(args.data / "grid")]
    one = list(enumerate(films(args.data / "grid_s1")))[:: args.every][: args.most]
    jobs = people + [(p, f"s1_{p.stem}" + "_held" * (i % HELD == 0)) for i, p in one]
    for path, name in jobs:
        if (args.out / f"{name}.npz").is_file():
            continue
        try:
            made, error = capture_film(path, words_of(path.with_suffix(".align")))
        except GengineError as reason:
            log.warning("%s: left out: %s", name, reason)
            continue
        made.save(args.out / f"{name}.npz")
        log.info("%s: %.2f %% off the model", name, 100 * error)


if __name__ == "__main__":
    main()
