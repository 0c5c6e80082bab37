"""Guided fuzzing of one reader by atheris (extra ``fuzz``): bytes change towards code that was not reached yet.

    python tests/fuzz/guided.py "sound wav" -runs=100000 -max_len=20000

Whatever is no ``GengineError`` ends it, with the bytes in a file ``crash-…``.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import atheris  # type: ignore[import-not-found]

with atheris.instrument_imports(include=["gengine"]):
    from tests.fuzz.attack import Outcome, strike
    from tests.fuzz.readers import READERS

    READER = next(reader for reader in READERS if reader.name == sys.argv[1])
    SEEDS = READER.seeds()
    with tempfile.TemporaryDirectory() as place:  # what a reader imports when it first reads is followed too
        for data in SEEDS:
            strike(READER, data, Path(place), Outcome())


def main() -> None:
    with tempfile.TemporaryDirectory() as place, tempfile.TemporaryDirectory() as corpus:
        for k, data in enumerate(SEEDS):
            (Path(corpus) / str(k)).write_bytes(data)

        def one(data: bytes) -> None:
            outcome = Outcome()
            strike(READER, data, Path(place), outcome)
            for kind, what, _ in outcome.faults:
                raise RuntimeError(f"{READER.name}: {kind}: {what}")

        atheris.Setup([sys.argv[0], corpus, *sys.argv[2:]], one)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
