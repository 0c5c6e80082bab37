"""Hostile inputs at a reader, and what became of them."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import os
import resource
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from gengine.errors import GengineError
from tests.fuzz.readers import Reader

PATIENCE = 5.0
"""Seconds of processor time after which a reader hangs."""
MEMORY = 1 << 30
"""Bytes that reading one file may take."""

EDITS = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 100_000), st.integers(0, 400)), min_size=1, max_size=4)
"""Which edit, where, and which of its values."""


@dataclasses.dataclass
class Outcome:
    """What became of the inputs of one reader; ``faults`` are (kind, what, the file's bytes)."""

    read: int = 0
    refused: int = 0
    slowest: float = 0.0
    largest: int = 0
    faults: list[tuple[str, str, bytes]] = dataclasses.field(default_factory=list)

    @property
    def cases(self) -> int:
        """All inputs."""
        return self.read + self.refused + len(self.faults)


class Hang(BaseException):
    """A reader took more than ``PATIENCE``."""


def ring(*_: object) -> None:
    raise Hang


@contextlib.contextmanager
def watched() -> Iterator[None]:
    """Raises ``Hang`` where the block takes too long (processor time, so that a busy machine decides nothing)."""
    before = signal.signal(signal.SIGPROF, ring)
    signal.setitimer(signal.ITIMER_PROF, PATIENCE)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _memory() -> int:
    """The most memory that this process has held since ``_forget``, bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _forget() -> None:
    """Let the most memory count from now on (Linux)."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def check_finite(value: Any, where: str = "", depth: int = 0) -> None:
    """``AssertionError`` where something that was read holds NaN or infinity."""
    if isinstance(value, float | np.floating):
        assert np.isfinite(value), f"{where} is {value}"
    elif isinstance(value, np.ndarray) and value.dtype.kind in "fc":
        assert np.isfinite(value).all(), f"{where} holds numbers that are not finite"
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            check_finite(getattr(value, field.name), f"{where}.{field.name}", depth + 1)
    elif isinstance(value, dict | list | tuple) and depth < 12:
        for k, item in list(value.items() if isinstance(value, dict) else enumerate(value))[:2000]:
            check_finite(item, f"{where}[{k!r:.30}]", depth + 1)


def hostile(reader: Reader, seeds: list[bytes], which: int, edits: list[tuple[int, int, int]]) -> bytes:
    """One hostile input: a whole file after some edits."""
    data = seeds[which % len(seeds)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for edit, place, pick in edits:
            with contextlib.suppress(Exception):  # an edit that does not fit what an earlier one left
                data = reader.edits[edit % len(reader.edits)](data, place, pick)
    return data


def strike(reader: Reader, data: bytes, folder: Path, outcome: Outcome) -> None:
    """Read one hostile input; what goes wrong is a fault of ``outcome``."""
    target: Any = data
    if reader.suffix:
        target = folder / f"hostile{reader.suffix}"
        target.write_bytes(data)
    _forget()
    held, began = _memory(), time.process_time()
    kind = what = ""
    try:
        with watched(), warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            result = reader.read(target)
        check_finite(result, reader.name)
        outcome.read += 1
    except GengineError as error:
        if "\n" in str(error) or (reader.suffix and target.stem not in str(error)):
            kind, what = "message", repr(str(error))[:300]
        else:
            outcome.refused += 1
    except Hang:
        kind, what = "hang", f"over {PATIENCE} s"
    except AssertionError as error:
        kind, what = "wrong", str(error)[:300]
    except Exception as error:  # noqa: BLE001 - this is what is looked for
        place = traceback.extract_tb(error.__traceback__)
        own = [f for f in place if "/gengine/" in f.filename] or list(place)
        kind, what = "traceback", f"{type(error).__name__}: {str(error)[:120]} at {own[-1].filename}:{own[-1].lineno}"
    outcome.slowest = max(outcome.slowest, time.process_time() - began)
    outcome.largest = max(outcome.largest, _memory() - held)
    if not kind and _memory() - held > MEMORY:
        kind, what = "memory", f"{(_memory() - held) >> 20} MB"
        outcome.read = max(outcome.read - 1, 0)
    if kind:
        outcome.faults.append((kind, what, data))


def attack(reader: Reader, cases: int, number: int = 0, patient: bool = True) -> Outcome:
    """``cases`` hostile inputs at a reader, the same for the same ``number``.

    The first fault ends it and is made as small as it can be, unless it is not ``patient``: then all are counted.
    """
    outcome, seeds = Outcome(), reader.seeds()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)

        @seed(number)
        @settings(
            max_examples=cases, database=None, deadline=None, suppress_health_check=list(HealthCheck),
            phases=[Phase.generate, Phase.shrink] if patient else [Phase.generate],
        )  # fmt: skip
        @given(st.integers(0, len(seeds) - 1), EDITS)
        def one(which: int, edits: list[tuple[int, int, int]]) -> None:
            before = len(outcome.faults)
            data = hostile(reader, seeds, which, edits)
            strike(reader, data, folder, outcome)
            if patient and len(outcome.faults) > before:
                kind, what, data = outcome.faults[-1]
                raise AssertionError(f"{reader.name}: {kind}: {what}\n{data[:400]!r}")

        one()
    return outcome


if (
    __name__ == "__main__"
):  # python -m tests.fuzz.attack NAME CASES [NUMBER]: all that goes wrong with a reader, or "all"
    from tests.fuzz.readers import READERS

    wanted, cases, number = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 0
    for reader in READERS:
        if wanted not in ("all", reader.name) and not reader.name.startswith(wanted + " "):
            continue
        began = time.process_time()
        outcome = attack(reader, max(1, round(cases * reader.weight)), number, patient=False)
        took = 1000 * (time.process_time() - began) / max(outcome.cases, 1)
        sys.stdout.write(
            f"{reader.name}: {outcome.cases} cases, {outcome.read} read, {outcome.refused} refused, "
            f"{len(outcome.faults)} faults, {took:.1f} ms each, slowest {outcome.slowest:.2f} s, "
            f"{outcome.largest >> 20} MB\n"
        )
        seen: dict[tuple[str, str], tuple[int, bytes]] = {}
        for kind, what, data in outcome.faults:
            key = (kind, what.split(" at ")[-1] if kind == "traceback" else what[:60])
            seen[key] = (seen.get(key, (0, b""))[0] + 1, data)
            seen.setdefault((kind, what[:200]), (0, data))
        for (kind, what), (count, data) in sorted(seen.items()):
            if count:
                sample = next((w for k, w, d in outcome.faults if k == kind and d == data), what)
                sys.stdout.write(f"    {count} x {kind}: {sample[:260]}   {data[:100]!r}\n")
        sys.stdout.flush()
    os._exit(0)
