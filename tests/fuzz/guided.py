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


def main() -> None:
    reader = next(reader for reader in READERS if reader.name == sys.argv[1])
    with tempfile.TemporaryDirectory() as name, tempfile.TemporaryDirectory() as corpus:
        for k, seed in enumerate(reader.seeds()):
            (Path(corpus) / str(k)).write_bytes(seed)

        def one(data: bytes) -> None:
            outcome = Outcome()
            strike(reader, data, Path(name), outcome)
            for kind, what, _ in outcome.faults:
                raise RuntimeError(f"{reader.name}: {kind}: {what}")

        atheris.Setup([sys.argv[0], corpus, *sys.argv[2:]], one)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
