"""Hostile inputs at every reader: read, or refused in one line that names the file; nothing else ever.

``GENGINE_FUZZ_CASES`` says how many in all (5,000 if it does not), ``GENGINE_FUZZ_SEED`` which ones.
"""

from __future__ import annotations

import os

import pytest

from tests.fuzz.attack import attack
from tests.fuzz.readers import READERS, Reader

CASES = int(os.environ.get("GENGINE_FUZZ_CASES", "5000"))
SEED = int(os.environ.get("GENGINE_FUZZ_SEED", "0"))
WEIGHT = sum(reader.weight for reader in READERS)


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name)
def test_whatever_a_file_holds_it_is_read_or_refused(reader: Reader) -> None:
    if reader.name.startswith("checkpoint camn"):
        pytest.importorskip("torch")
    attack(reader, max(1, round(CASES * reader.weight / WEIGHT)), SEED)


def test_the_attack_notices() -> None:
    """A reader that lets a foreign exception, or a number that is none, through is found out."""

    def raises(path):
        raise KeyError(path)

    for read in (raises, lambda path: float("nan"), lambda path: [0.0, float("inf")]):
        with pytest.raises(AssertionError, match="careless: (traceback|wrong)"):
            attack(Reader("careless", ".txt", lambda: [b"abc"], [lambda data, place, pick: data], read), 3)
