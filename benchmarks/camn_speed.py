"""Speed of body networks: `python benchmarks/camn_speed.py [NETWORK ...]` prints one row for each.

A NETWORK is a registered name (choreographer, camn), a checkpoint's folder, or `paper`: the published CaMN at its
full size with random weights, whose speed is that of trained ones. Default: choreographer camn paper.

Columns, all for the same speech, given with words and phones: `network` times real time of the bare network, its
inputs made; `body` of the whole body stage, features and rotations included; `session` of everything from sound to
performance (words known); `alone` of the same from the sound alone; seconds per hop of the body stage (median,
slowest); `look-ahead` that the network asks for; `latency` from a sound to its motion in a live session.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from gengine import Session
from gengine.config import EngineConfig
from gengine.core.words import Phone, Word, WordTrack
from gengine.errors import GengineError
from gengine.inputs.audio import load_audio
from gengine.networks.camn import published_network

CLOCKS = {"wall": time.perf_counter, "cpu": time.process_time}
"""On a machine that is busy with something else, CPU time of one thread is what an idle one would take."""

SPEECH = Path(__file__).parents[1] / "demos" / "speech.wav"


class Stopwatch:
    """Wraps a function and keeps how long each call took."""

    def __init__(self, function: Callable[..., Any], clock: Callable[[], float]) -> None:
        self.function, self.clock, self.seconds = function, clock, []

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        began = self.clock()
        result = self.function(*arguments, **named)
        self.seconds.append(self.clock() - began)
        return result


def untrained(folder: Path) -> Path:
    """A checkpoint of the published network at its full size, with random weights."""
    import torch

    from gengine.checkpoint import save_checkpoint
    from gengine.networks.camn.published import PublishedCamn
    from gengine.networks.camn.sizes import PublishedShape

    torch.manual_seed(0)
    weights = {k: v.numpy() for k, v in PublishedCamn(PublishedShape()).state_dict().items()}
    for what, size in (("pose", 141), ("face", 51)):
        weights |= {f"{what}.mean": np.zeros(size, np.float32), f"{what}.deviation": np.ones(size, np.float32)}
    weights |= {"rest.rotations": np.tile(np.float32([1, 0, 0, 0]), (75, 1)), "rest.root": np.array([0, 0.93, 0])}
    config = {
        "kind": published_network.KIND,
        "shape": PublishedShape().as_dict(),
        "words": published_network.WordIndex().as_dict(),
        "speakers": ["wayne"],
    }
    return save_checkpoint(folder / "camn-paper", config, weights)


def spoken(seconds: float) -> WordTrack:
    """Words of half a second with two phones each: what a transcript would bring, without aligning one."""
    words = tuple(Word(("this", "really", "changes", "everything")[k % 4], k / 2, k / 2 + 0.4)
                  for k in range(int(2 * seconds)))  # fmt: skip
    phones = tuple(Phone(("B", "AA")[k % 2], k / 4, k / 4 + 0.2, (-1, 1)[k % 2]) for k in range(int(4 * seconds)))
    return WordTrack(words, phones, "en", "given")


def bare(network: Any, clock: Callable[[], float]) -> Stopwatch | None:
    """Puts a stopwatch on the learned part of a network, where it has one."""
    for name, method in (("model", "draw"), ("network", "forward")):
        module = getattr(network, name, None)
        if module is not None and hasattr(module, method):
            watch = Stopwatch(getattr(module, method), clock)
            setattr(module, method, watch)
            return watch
    return None


def measure(body: str, samples: np.ndarray, rate: int, hop: float, runs: int, clock: Callable) -> dict[str, Any]:
    """The fastest of several runs: other work on the machine only ever slows one down."""
    duration = len(samples) / rate
    config = EngineConfig(body=body, hop=hop)
    best: dict[str, Any] = {}
    for words in (spoken(duration), None):
        for run in range(runs + 1):
            session = Session(config=config, rate=rate, words=words, emotion="happy")
            network = session.networks["body"]
            core, stage = bare(network, clock), Stopwatch(network.generate, clock)
            network.generate = stage  # type: ignore[method-assign]
            began = clock()
            session.push(samples)
            session.flush()
            whole = clock() - began
            if run == 0:
                continue  # warm-up
            found = {"alone": duration / whole}
            if words is not None:
                found = {
                    "network": duration / sum(core.seconds) if core else None,
                    "body": duration / sum(stage.seconds),
                    "session": duration / whole,
                    "hop_median": -float(np.median(stage.seconds)),
                    "hop_slowest": -max(stage.seconds),
                }
                best |= {"lookahead": network.spec.lookahead, "latency": session.latency}
                module = getattr(network, "model", None) or getattr(network, "network", None)
                if module is not None and hasattr(module, "parameters"):
                    best["parameters"] = sum(p.numel() for p in module.parameters())
            for name, value in found.items():
                best[name] = value if value is None else max(best.get(name, -np.inf), value)
    return {k: -v if k.startswith("hop") else v for k, v in best.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("networks", nargs="*", default=["choreographer", "camn", "paper"])
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--hop", type=float, default=2.0)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--clock", choices=tuple(CLOCKS), default="wall")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    import torch

    torch.set_num_threads(options.threads)
    clip = load_audio(SPEECH)
    samples = np.resize(clip.samples, round(options.seconds * clip.rate))
    table = {}
    with tempfile.TemporaryDirectory() as folder:
        for name in options.networks:
            body = str(untrained(Path(folder))) if name == "paper" else name
            try:
                table[name] = measure(body, samples, clip.rate, options.hop, options.runs, CLOCKS[options.clock])
            except GengineError as error:
                print(f"{name}: {error}", file=sys.stderr)
    if options.json:
        print(json.dumps({"threads": options.threads, "clock": options.clock, "hop": options.hop, "networks": table}))
        return
    print(f"{options.seconds:g} s of speech, hop {options.hop:g} s, {options.threads} threads, {options.clock} time")
    print(f"{'':<24}{'parameters':>11}{'network':>9}{'body':>7}{'session':>9}{'alone':>7}"
          f"{'hop':>9}{'slowest':>9}{'look-ahead':>12}{'latency':>9}")  # fmt: skip
    for name, r in table.items():
        core = f"{r['network']:.0f} x" if r["network"] else "-"
        count = f"{r['parameters'] / 1e6:.2f} M" if "parameters" in r else "-"
        print(f"{name[-24:]:<24}{count:>11}{core:>9}{r['body']:>5.0f} x{r['session']:>7.0f} x{r['alone']:>5.0f} x"
              f"{1000 * r['hop_median']:>6.0f} ms{1000 * r['hop_slowest']:>6.0f} ms{r['lookahead']:>10.2f} s"
              f"{r['latency']:>7.2f} s")  # fmt: skip


if __name__ == "__main__":
    main()
