"""Kills commands at any moment and looks at what they leave.

    python -m tests.kills.kill --kills 300 --seed 1

Every command writes where nothing is, or over the run of another seed. After a kill the folder must hold the old run or
the new one, whole, as its manifest says and bit for bit; after SIGINT, SIGTERM and SIGHUP nothing else may lie about,
after SIGKILL nothing that the next writer does not sweep away.
"""

from __future__ import annotations

import argparse
import atexit
import contextlib
import importlib
import importlib.util
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

SIGNALS = {"SIGKILL": signal.SIGKILL, "SIGTERM": signal.SIGTERM, "SIGHUP": signal.SIGHUP, "SIGINT": signal.SIGINT}
FORMATS = "bvh,csv,npz,json"
PATIENCE = 60.0
"""Seconds, or what it takes unharmed if that is more, after which a command that was asked to end does not."""


@dataclass
class Scene:
    """A command in two versions that write the same place; ``before`` makes the old state, in most kills."""

    name: str
    command: Callable[[Path, str], list[str]]
    """Arguments of gengine that write below a folder, for version "a" or "b"."""
    check: Callable[[Path], str | None]
    """Which version a folder holds, "" for none; an ``AssertionError`` where it is neither."""
    seconds: float = 0.0
    states: dict[str, Any] = field(default_factory=dict)


def digest(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()


def listing(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*"))


def child(command: list[str], errors: Path) -> int:
    """Run gengine's command line in a copy of this process; its number."""
    number = os.fork()
    if number:
        return number
    try:
        atexit._clear()  # what this process asked for is not the child's; what it asks for runs as in a command's end
        for kind in SIGNALS.values():
            if kind != signal.SIGKILL:
                signal.signal(kind, signal.SIG_DFL)
        with errors.open("wb") as file:
            os.dup2(file.fileno(), 2)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        sys.argv = ["gengine", *command]
        from gengine.cli import main

        try:
            main()
        except SystemExit as end:
            atexit._run_exitfuncs()
            sys.stderr.flush()
            os._exit(end.code if isinstance(end.code, int) else 1)
    except BaseException:  # noqa: BLE001 - what the interpreter would print
        import traceback

        traceback.print_exc()
        sys.stderr.flush()
    os._exit(1)


def wait(number: int, seconds: float) -> int | None:
    """The exit status of a child, None where it does not end in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        done, status = os.waitpid(number, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.002)
    return None


def run_holds(folder: Path) -> str | None:
    """The seed of a run's folder, after whoever comes by has finished what was begun."""
    from gengine.core.placing import settle, sweep

    if not folder.exists():
        return ""
    sweep(folder)
    settle(folder)
    names = listing(folder)
    if not names:
        return ""
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    assert set(names) == {*manifest["files"], "manifest.json"}, f"{names}, the manifest tells of {[*manifest['files']]}"
    for name, about in manifest["files"].items():
        assert digest(folder / name) == about["sha256"], f"{name} is not the file of the manifest"
    return str(manifest["settings"]["seed"])


LOADED = (
    "gengine.engine", "gengine.streaming", "gengine.batch.run_all", "gengine.batch.worker", "scipy.signal", "soxr",
    "gengine.renderers.avatar.video", "gengine.renderers.avatar.soft", "gengine.formats.bvh", "soundfile",
)  # fmt: skip
"""Loaded before the copies are made, so that kills strike the work and not the loading."""


ORDER = (0, 1, 0, 1, 2, 0, 1, 3, 0, 1, 2, 0, 1, 3, 0, 4)
"""Which scene the kills strike in turn: animate and export most, a training, which takes longest, once in sixteen."""


class Theatre:
    """Everything that is killed, and where."""

    def __init__(self, home: Path, training: bool) -> None:
        import soundfile

        self.home = home
        for name in (*LOADED, "torch", "accelerate", "gengine.training.fgd_task")[: None if training else -3]:
            with contextlib.suppress(ImportError):
                importlib.import_module(name)
        rng = np.random.default_rng(0)
        t = np.arange(16000 * 6 // 5) / 16000
        voice = 0.3 * np.sin(2 * np.pi * 150 * t) * (0.5 + 0.5 * np.sin(2 * np.pi * 4 * t))
        voice += rng.normal(0, 0.01, len(t))
        self.clip = home / "clip.wav"
        soundfile.write(self.clip, voice, 16000)
        (home / "clips").mkdir()
        for k in range(3):
            soundfile.write(home / "clips" / f"c{k}.wav", voice[: 8000 + 1000 * k], 16000)
        self.run("animate", str(self.clip), "--out", str(home / "source"), "--formats", "npz", "--words", "none")
        self.scenes = [self.animate(), self.export(), self.render(), self.batch()]
        if training:
            self.scenes.append(self.train())

    def run(self, *command: str) -> None:
        number = child(list(command), self.home / "errors")
        status = wait(number, 600)
        assert status == 0, (command, status, (self.home / "errors").read_text())

    def animate(self) -> Scene:
        def command(place: Path, version: str) -> list[str]:
            seed = "1" if version == "a" else "2"
            return ["animate", str(self.clip), "--out", str(place / "run"), "--seed", seed, "--formats", FORMATS,
                    "--words", "none"]  # fmt: skip

        return Scene("animate", command, self._bits(lambda place: run_holds(place / "run"), "run"))

    def export(self) -> Scene:
        """Into a folder without a manifest: all files of one version, or of the other."""

        def command(place: Path, version: str) -> list[str]:
            return ["export", str(self.home / "source"), "--formats", "bvh,csv,json", "--out", str(place / "out"),
                    "--skeleton", "beat" if version == "a" else "mixamo", "--fps", "30" if version == "a" else "60",
                    "--face-fps", "60" if version == "a" else "30"]  # fmt: skip

        def holds(place: Path) -> str | None:
            from gengine.core.placing import settle, sweep

            folder = place / "out"
            if not folder.exists():
                return ""
            sweep(folder)
            settle(folder)
            return "some" if listing(folder) else ""

        return Scene("export", command, self._bits(holds, "out"))

    def render(self) -> Scene:
        def command(place: Path, version: str) -> list[str]:
            color = "black" if version == "a" else "white"
            return ["render", str(self.home / "source"), "--format", "gif", "--size", "64x64", "--fps", "10",
                    "--backend", "soft", "--background", color, "--out", str(place / "film.gif")]  # fmt: skip

        def holds(place: Path) -> str | None:
            from gengine.core.placing import sweep

            sweep(place)
            return "some" if (place / "film.gif").exists() else ""

        return Scene("render", command, self._bits(holds, "."))

    def batch(self) -> Scene:
        def command(place: Path, version: str) -> list[str]:
            seed = "1" if version == "a" else "2"
            return ["batch", str(self.home / "clips"), "--out", str(place / "runs"), "--seed", seed,
                    "--formats", "bvh,npz", "--words", "none", "--jobs", "1"]  # fmt: skip

        def holds(place: Path) -> str | None:
            """Every run is one or the other; together they may be both."""
            from gengine.batch.local_workers import GRACE

            until = time.monotonic() + GRACE  # what the worker has begun it clears away when its parent is gone
            while any(".partial" in name for name in listing(place)) and time.monotonic() < until:
                time.sleep(0.01)
            if (place / "runs").exists():
                for run in (place / "runs").iterdir():
                    if run.is_dir() and not run.name.startswith("."):
                        run_holds(run)
            return None

        return Scene("batch", command, holds)

    def train(self) -> Scene:
        """A training goes on where it was killed: what it leaves is a state that loads, and checkpoints that do."""
        from gengine.data.beat import Sequence, write_sequence
        from tests.fuzz.readers import performance

        for k in range(1, 9):
            motion = performance(6.0)
            write_sequence(Sequence(f"1_wayne_0_{k}_{k}", motion, np.zeros(180, np.float32), 0), self.home / "corpus")
        splits = {f"1_wayne_0_{k}_{k}": "train" if k < 7 else "val" for k in range(1, 9)}
        (self.home / "corpus" / "corpus.json").write_text(json.dumps({"splits": splits}))

        def command(place: Path, version: str) -> list[str]:
            return ["train", "fgd-synthetic", "--out", str(place / "training"), "--set", f"data={self.home / 'corpus'}",
                    "--set", "steps=6", "--set", "linear=0", "--set", "batch=2"]  # fmt: skip

        def holds(place: Path) -> str | None:
            from gengine.checkpoint import load_checkpoint
            from gengine.training.run_folder import RunFolder

            folder = RunFolder(place / "training")
            if folder.path.exists():
                folder.prepare()
                list(folder.lines())
                folder.read_state()
                for name in ("best", "last"):
                    if (folder.path / name).exists():
                        load_checkpoint(folder.path / name)
            return None

        return Scene("train", command, holds)

    def _bits(self, holds: Callable[[Path], str | None], inner: str) -> Callable[[Path], str | None]:
        """``holds``, and every file is bit for bit that of version a or that of version b."""

        def check(place: Path) -> str | None:
            found = holds(place)
            if not found:
                return found
            folder = place / inner
            bits = {n: digest(folder / n) for n in listing(folder) if n != "manifest.json"}
            for version, state in self.states[holds].items():
                if bits == state:
                    return version
            raise AssertionError(f"{list(bits)} are of neither version, or of both")

        self.states = getattr(self, "states", {})
        self.states[holds] = {}
        check.holds, check.inner = holds, inner  # type: ignore[attr-defined]
        return check

    def rehearse(self, scene: Scene) -> None:
        """Both versions once, unharmed: how long they take, and what they make."""
        holds = getattr(scene.check, "holds", None)
        for version in ("a", "b") if holds else ("a",):
            place = self.home / f"{scene.name}-{version}"
            place.mkdir()
            began = time.monotonic()
            self.run(*scene.command(place, version))
            scene.seconds = time.monotonic() - began  # the last: nothing is compiled anew then
            if holds:
                folder = place / scene.check.inner  # type: ignore[attr-defined]
                self.states[holds][version] = {n: digest(folder / n) for n in listing(folder) if n != "manifest.json"}

    def perform(self, scene: Scene, name: str, over: bool, rng: random.Random) -> str | None:
        """One kill; what is wrong after it, or None."""
        place = Path(tempfile.mkdtemp(prefix="kill-", dir=self.home))
        try:
            if over:
                shutil.copytree(self.home / f"{scene.name}-a", place, dirs_exist_ok=True)
            before = listing(place)
            moment = rng.choice([rng.uniform(0, 1.1), rng.uniform(0.6, 1.05)]) * scene.seconds
            errors = self.home / "errors"
            number = child(scene.command(place, "b"), errors)
            status = wait(number, moment)
            if status is None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(number, SIGNALS[name])
                status = wait(number, max(PATIENCE, scene.seconds))
            if status is None:
                os.kill(number, signal.SIGKILL)
                os.waitpid(number, 0)
                return "did not end"
            if name != "SIGKILL":
                if "Traceback" in errors.read_text(errors="replace"):
                    return f"traceback: {errors.read_text(errors='replace')[-400:]}"
                left = [n for n in listing(place) if ".partial" in n or ".gengine-commit" in n]
                if left:
                    return f"left {left[:3]}"
            try:
                found = scene.check(place)
            except Exception as error:  # noqa: BLE001 - anything that cannot be read is what is looked for
                return f"{type(error).__name__}: {error}"
            left = [n for n in listing(place) if ".partial" in n or ".gengine-commit" in n]
            if found is not None and left and name == "SIGKILL":
                from gengine.core.placing import sweep

                sweep(place)
                left = [n for n in listing(place) if ".partial" in n or ".gengine-commit" in n]
            if found is not None and left:
                return f"left {left[:3]} that nobody sweeps"
            if over and found == "":
                return f"the old files are gone, of {before}"
            return None
        finally:
            shutil.rmtree(place, ignore_errors=True)


def kills(
    count: int, seed: int, only: list[str] | None = None, signals: list[str] | None = None
) -> tuple[dict[str, Counter[str]], list[str]]:
    """``count`` kills over all scenes, or ``only`` some, by all ``signals`` or some: numbers by scene, and what went
    wrong."""
    signals = signals or [*SIGNALS, "SIGKILL", "SIGKILL"]
    rng = random.Random(seed)
    table: dict[str, Counter[str]] = {}
    wrong: list[str] = []
    with tempfile.TemporaryDirectory(prefix="kills-") as home:
        trains = "train" in only if only else count >= len(ORDER)
        theatre = Theatre(Path(home), training=trains and importlib.util.find_spec("torch") is not None)
        theatre.scenes = [scene for scene in theatre.scenes if not only or scene.name in only]
        for scene in theatre.scenes:
            theatre.rehearse(scene)
            table[scene.name] = Counter()
            sys.stderr.write(f"{scene.name}: {scene.seconds:.2f} s\n")
        for k in range(count):
            scene = theatre.scenes[ORDER[k % len(ORDER)] % len(theatre.scenes)]
            name, over = rng.choice(signals), rng.random() < 0.7
            fault = theatre.perform(scene, name, over, rng)
            table[scene.name][name] += 1
            if fault is not None:
                table[scene.name]["faults"] += 1
                wrong.append(f"{scene.name}, {name}, {'over a run' if over else 'new'}: {fault}")
                sys.stderr.write(wrong[-1] + "\n")
    return table, wrong


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scenes", nargs="+", choices=("animate", "export", "render", "batch", "train"))
    parser.add_argument("--signals", nargs="+", choices=tuple(SIGNALS))
    options = parser.parse_args()
    table, wrong = kills(options.kills, options.seed, options.scenes, options.signals)
    columns = [*SIGNALS, "faults"]
    print("| command | " + " | ".join(columns) + " |")
    print("|---" * (len(columns) + 1) + "|")
    for name, row in table.items():
        print(f"| {name} | " + " | ".join(str(row[c]) for c in columns) + " |")
    total = {c: sum(row[c] for row in table.values()) for c in columns}
    print("| **all** | " + " | ".join(f"**{total[c]}**" for c in columns) + " |")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
