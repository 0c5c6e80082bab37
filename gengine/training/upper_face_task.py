"""Training of the upper face that the audio-to-motion network draws (``networks/a2m/upper_face``).

Movement is learned by the energy score (Gneiting & Raftery 2007, JASA 102:359): of two draws each shall be near the
real one and far from the other, which only the right distribution does best; a mean never does. It is taken of places,
speeds, bends and sizes, over stretches in which a face's own middle is taken off. Chances of blinks and glances are
learned by their likelihood. The mouth comes from another checkpoint and goes into this one as it is.
"""

from __future__ import annotations

import fnmatch
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import Field

from gengine.checkpoint import load_checkpoint, save_checkpoint
from gengine.core.noise import generator, stable_seed
from gengine.errors import GengineError
from gengine.networks.a2m.upper_face import (
    BROWS,
    EVENTS,
    GIVEN,
    HEAD,
    LIVELINESS,
    MOVES,
    RATE,
    RECALLED,
    WARM,
    UpperFaceNetwork,
    given,
)
from gengine.training.loop import Player, run
from gengine.training.settings import Training
from gengine.training.upper_face_examples import UpperExample, examples

if TYPE_CHECKING:
    from torch import Tensor

log = logging.getLogger(__name__)

STRETCH = 90
"""Frames of an example: 3 s, as long as a film of the GRID corpus."""
SHARE_OF_LIVELINESS = 0.5
"""How much of what one recording is livelier than all goes to its speaker; the rest is chance (judgement)."""
MOST_LIVELY = 1.0
"""Bound of it, a logarithm: acted shots go furthest."""
QUICKEST, PACED = 95, 24
"""Percentile of speeds that tells how quick draws are, and over how many recordings it is taken."""
SPLINE = np.array([1, 4, 1]) / 6
"""What a frame, and those beside it, have in what is shown."""
LEAST = 1e-3
"""Deviations of movement are read no smaller."""
SHOTS_SHARE = 0.25
"""Share of examples that are shots without sound."""
TOGETHER = (5, 15, 5)
"""Frames of the patches that are scored together: places (means of so many), speeds, bends."""


class UpperFaceTraining(Training):
    """Settings of the training; values without a source are a judgement that the card of a2m-v3 stands on."""

    MACHINE = (*Training.MACHINE, "shots")

    data: list[Path] = Field(min_length=1)
    """Folders of performances (.npz) with captured faces, as gengine capture makes them."""
    shots: list[Path] = []
    """Folders of Live Link Face recordings without sound."""
    emotions: dict[str, str] = {}
    """Patterns of their names → what they show, as ``--emotion`` takes it; others are left out."""
    mouth: str = "a2m-v3"
    """The checkpoint whose mouth goes into this one: a bundled name or a folder."""
    held: list[str] = []
    """Patterns of names that are never learned from."""
    width: int = Field(default=48, ge=1)
    """Units that remember."""
    hidden: int = Field(default=12, ge=1)
    """Units of the network of chances."""
    rate: float = Field(default=3e-3, gt=0)
    """Learning rate of AdamW."""
    weight_decay: float = Field(default=0.02, ge=0)
    """Of AdamW."""
    batch: int = Field(default=24, ge=1)
    """Stretches a step."""
    steps: int = Field(default=800, ge=1)
    """Steps of the optimiser."""
    ema: float | None = Field(default=0.99, ge=0, lt=1)
    """Decay of the averaged weights, a step."""
    evaluate_every: int = Field(default=100, ge=1)
    """Steps between evaluations."""
    log_every: int = Field(default=50, ge=1)
    """Steps between lines of the log."""
    seed: int = 1
    """The same seed, the same run."""
    threads: int | None = Field(default=1, ge=1)
    """Threads of torch; null: as it likes."""
    minutes: float | None = Field(default=None, ge=0)
    """Minutes after which the run ends as if finished."""

    def run(self, out: Path) -> Path:
        """Train into the run folder ``out``; its ``best`` is a checkpoint that ``--face`` takes."""
        return run(UpperFaceTask(self), self.loop(), out)


class UpperFaceTask:
    """What the loop needs to know: stretches, scores, evaluators, export."""

    def __init__(self, settings: UpperFaceTraining) -> None:
        import torch
        from torch import nn

        self.s = s = settings
        self.config = s.learned()
        every = examples(s.data, s.shots, s.emotions)
        short = [e.name for e in every if len(e.moves) < STRETCH - 1]
        if short:
            log.warning("left out, shorter than %.1f s: %s", STRETCH / RATE, ", ".join(short))
        every = [e for e in every if e.name not in short]
        self.held = [e for e in every if any(fnmatch.fnmatch(e.name, pattern) for pattern in s.held)]
        self.learn = [e for e in every if not any(e is h for h in self.held)]
        heard = [e for e in self.learn if e.heard]
        if not heard:
            raise GengineError(f"training data: none of {len(every)} recordings has sound and is learned from")
        spread = np.sqrt(np.mean([np.square(_centred(e.moves)).mean(0) for e in heard], 0))
        self.sizes = np.maximum(spread, LEAST)
        pairs = np.concatenate([e.places for e in heard])
        self.glance = _glance(pairs)
        self.lively = {e.name: _liveliness(e, self.sizes) for e in every}
        rows = np.concatenate([e.rows for e in heard])
        self.mean, self.deviation = rows.mean(0), rows.std(0) + LEAST
        torch.manual_seed(stable_seed(s.seed, "upper face") % 2**63)
        gru, out = nn.GRU(len(MOVES) + GIVEN, s.width, batch_first=True), nn.Linear(s.width, len(MOVES))
        last = nn.Linear(s.hidden, len(EVENTS))
        chances = nn.Sequential(nn.Linear(RECALLED, s.hidden), nn.Tanh(), last)
        events, recalled = (np.concatenate([getattr(e, k) for e in heard]) for k in ("events", "recalled"))
        self.rates = 60 * RATE * events.mean(0)
        self.usual = np.log(events.mean(0) / (1 - events.mean(0)))
        with torch.no_grad():  # begins where every moment is alike
            last.weight.zero_()
            last.bias.copy_(torch.from_numpy(self.usual))
        self.events, self.recalled = torch.from_numpy(events).float(), torch.from_numpy(recalled)
        self.module: Any = nn.ModuleDict({"gru": gru, "out": out, "chances": chances})
        log.info("%d recordings with sound, %d shots; %d held out; %.0f blinks and %.0f glances a minute",
                 len(heard), len(self.learn) - len(heard), len(self.held), *self.rates)  # fmt: skip

    def players(self) -> list[Player]:
        """Movement, and the chances of events."""
        moving = [*self.module["gru"].parameters(), *self.module["out"].parameters()]
        return [
            Player("movement", moving, self.s.rate, weight_decay=self.s.weight_decay),
            Player("chances", list(self.module["chances"].parameters()), self.s.rate, weight_decay=self.s.weight_decay),
        ]

    def batch(self, step: int, rank: int, world: int) -> dict[str, Tensor]:
        """Stretches from anywhere, and frames of which chances are learned."""
        import torch

        rng = generator(self.s.seed, "upper face batch", step, rank)
        heard, shots = ([e for e in self.learn if e.heard == flag] for flag in (True, False))
        chosen = []
        for _ in range(max(1, self.s.batch // world)):
            pool = shots if shots and rng.random() < SHOTS_SHARE else heard
            chosen.append(pool[rng.integers(len(pool))])
        moved = self._stretches(chosen, [int(rng.integers(max(len(e.moves) - STRETCH, 0) + 1)) for e in chosen])
        moved["noise"] = torch.from_numpy(rng.standard_normal((2, len(chosen), WARM + STRETCH, len(MOVES)))).float()
        index = torch.from_numpy(rng.integers(len(self.events), size=STRETCH * len(chosen)))
        return moved | {"events": self.events[index], "recalled": self.recalled[index]}

    def loss(self, player: str, module: Any, batch: dict[str, Tensor], step: int) -> tuple[Tensor, dict[str, float]]:
        """Energy scores of movement; the unlikeliness of what happened."""
        from torch.nn.functional import binary_cross_entropy_with_logits

        if player == "chances":
            unlikely = binary_cross_entropy_with_logits(module["chances"](batch["recalled"]), batch["events"])
            return unlikely, {"unlikely": unlikely.item()}
        scores = self._scores(module, batch)
        return sum(scores.values()), {name: value.item() for name, value in scores.items()}  # type: ignore[return-value]

    def evaluate(self, module: Any, step: int) -> dict[str, float]:
        """On held-out recordings: the energy scores, how far movement goes and how fast beside the real, and how much
        likelier than by chance blinks and glances came (nats a frame)."""
        import torch
        from torch.nn.functional import binary_cross_entropy_with_logits

        held = [e for e in self.held if e.heard]
        if not held:
            return {}
        rng = generator(self.s.seed, "upper face held out")
        batch = self._stretches(held, [0] * len(held))
        batch["noise"] = torch.from_numpy(rng.standard_normal((2, len(held), WARM + STRETCH, len(MOVES)))).float()
        found = {name: value.item() for name, value in self._scores(module, batch).items()}
        made = _middle_off(self._moved(module, batch).detach()[0]).reshape(-1, STRETCH, len(MOVES))
        true = _middle_off(batch["moves"])
        events, recalled = (torch.from_numpy(np.concatenate([getattr(e, k) for e in held])).float()
                            for k in ("events", "recalled"))  # fmt: skip
        told = binary_cross_entropy_with_logits(module["chances"](recalled), events, reduction="none").mean(0)
        usual = torch.from_numpy(self.usual).float().expand_as(events)
        chance = binary_cross_entropy_with_logits(usual, events, reduction="none").mean(0)
        return {
            "score": sum(found.values()) + float(told.detach().sum()), **found,
            "size": float(made.std((0, 1)).mean() / true.std((0, 1)).mean()),
            "speed": float(made.diff(dim=1).std((0, 1)).mean() / true.diff(dim=1).std((0, 1)).mean()),
            **{f"{name}_told": float((c - t).detach()) for name, t, c in zip(EVENTS, told, chance, strict=True)},
        }  # fmt: skip

    def preview(self, module: Any, step: int, folder: Path) -> None:
        """Real movement of four held-out stretches, and two draws for their sound."""
        import torch
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        shown = ([e for e in self.held if e.heard] or self.learn)[:4]
        figure = Figure(figsize=(14, 2 * len(shown)), layout="constrained")
        FigureCanvasAgg(figure)
        batch = self._stretches(shown, [0] * len(shown))
        rng = generator(self.s.seed, "upper face preview")
        batch["noise"] = torch.from_numpy(rng.standard_normal((2, len(shown), WARM + STRETCH, len(MOVES)))).float()
        draws = _middle_off(self._moved(module, batch)).numpy()
        panes = figure.subplots(len(shown), 3, squeeze=False)
        for k, e in enumerate(shown):
            for pane, curves in zip(panes[k], (_middle_off(batch["moves"])[k].numpy(), *draws[:, k]), strict=True):
                pane.plot(curves, linewidth=1)
                pane.set_ylim(-4, 4)
            panes[k, 0].set_title(f"{e.name}: real, then two draws; {', '.join(MOVES)}", fontsize=7)
        figure.savefig(folder / "moves.png", dpi=80)

    def export(self, module: Any, folder: Path, log: dict[str, Any]) -> None:
        """The mouth's checkpoint with the upper face in it; how rows are scaled lies within the first layers."""
        config, tensors = load_checkpoint(self.s.mouth)
        tensors = {name: value for name, value in tensors.items() if not name.startswith("upper.")}
        gru, out, chances = module["gru"], module["out"], module["chances"]
        made: dict[str, Any] = {
            "inward": gru.weight_ih_l0.T, "inward_bias": gru.bias_ih_l0, "again": gru.weight_hh_l0.T,
            "again_bias": gru.bias_hh_l0, "outward": out.weight.T, "outward_bias": out.bias,
            "events0": chances[0].weight.T, "events0_bias": chances[0].bias,
            "events1": chances[2].weight.T, "events1_bias": chances[2].bias,
        }  # fmt: skip
        arrays = {name: value.detach().cpu().numpy().astype(np.float32) for name, value in made.items()}
        heard = slice(len(MOVES), len(MOVES) + len(self.mean))
        scaled = arrays["inward"].copy()
        scaled[heard] /= self.deviation[:, None]
        # a frame without sound is all zeros and says so: the mean is taken off where there is sound
        scaled[heard.stop] -= self.mean @ scaled[heard]
        arrays |= {
            "inward": scaled,
            "sizes": self.sizes,
            "paces": np.ones(len(MOVES)),
            "glance": self.glance,
            "rates": self.rates,
        }
        network = UpperFaceNetwork.of({f"upper.{k}": v for k, v in arrays.items()})
        arrays["paces"] = paces_of(network, [e for e in self.learn if e.heard])
        kept = {k: v for k, v in config.items() if k not in ("sha256", "trained", "data", "upper")}
        minutes = sum(len(e.moves) for e in self.learn) / RATE / 60
        told = {
            "mouth": {"data": config.get("data"), "trained": config.get("trained")},
            "data": {"recordings": len(self.learn), "minutes": round(minutes, 1)},
            "trained": log,
        }  # fmt: skip
        save_checkpoint(
            folder,
            kept | told,
            tensors | {f"upper.{k}": np.ascontiguousarray(v, np.float32) for k, v in arrays.items()},
        )

    def _stretches(self, chosen: list[UpperExample], begins: list[int]) -> dict[str, Tensor]:
        """Moves ``(B, STRETCH, 6)`` in deviations of their speaker, which are known, and what is given ``(B, WARM +
        STRETCH, GIVEN)``."""
        import torch

        moves, known, told = [], [], []
        for e, begin in zip(chosen, begins, strict=True):
            index = np.minimum(np.arange(begin, begin + STRETCH), len(e.moves) - 1)
            lively = self.lively[e.name]
            moves.append(e.moves[index] / (self.sizes * _factors(lively)))
            known.append(e.known)
            before = np.concatenate([np.full(WARM, index[0]), index])
            rows = (e.rows[before] - self.mean) / self.deviation if e.heard else e.rows[before]
            told.append(given(rows, lively, e.vad[before], float(e.heard)))
        arrays = {"moves": np.stack(moves), "known": np.stack(known)[:, None], "given": np.stack(told)}
        return {k: torch.from_numpy(np.ascontiguousarray(v, np.float32)) for k, v in arrays.items()}

    def _moved(self, module: Any, batch: dict[str, Tensor]) -> Tensor:
        """Draws ``(2, B, STRETCH, 6)``, as the spline through the frames shows them."""
        import torch

        noise, told = batch["noise"], batch["given"]
        x = torch.cat([noise, told.expand(len(noise), *told.shape)], -1)
        states, _ = module["gru"](x.reshape(-1, *x.shape[2:]))
        drawn = module["out"](states).reshape(*x.shape[:3], len(MOVES))
        first, last = drawn[:, :, :1], drawn[:, :, -1:]
        before, after = torch.cat([first, drawn[:, :, :-1]], 2), torch.cat([drawn[:, :, 1:], last], 2)
        return ((before + 4 * drawn + after) / 6)[:, :, WARM:]

    def _scores(self, module: Any, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        made = _middle_off(self._moved(module, batch)) * batch["known"]
        true = _middle_off(batch["moves"]) * batch["known"]
        ours, theirs = _views(made), _views(true[None])
        scores = {}
        for name, real in theirs.items():
            one, other = ours[name]
            near = (_far(one, real[0]) + _far(other, real[0]) - _far(one, other)) / 2
            scores[name] = near.mean() / real.detach().norm(dim=-1).mean()
        return scores


def paces_of(network: UpperFaceNetwork, heard: list[UpperExample]) -> np.ndarray:
    """Deviations a second ``(6,)`` that draws over the sound of some recordings pass a twentieth of the time."""
    speeds = []
    for e in heard[:PACED]:
        rng, state, drawn = generator("paces", e.name), np.zeros(network.width, np.float32), []
        for told in given(e.rows, np.zeros(len(LIVELINESS)), e.vad):
            known = np.concatenate([rng.standard_normal(len(MOVES)), told]).astype(np.float32)
            state = network.step(known @ network.inward + network.inward_bias, state)
            drawn.append(state @ network.outward + network.outward_bias)
        shown = np.stack([np.convolve(move, SPLINE, "valid") for move in np.array(drawn).T], 1)
        speeds.append(np.abs(np.diff(shown, axis=0)) * RATE)
    return np.maximum(np.percentile(np.concatenate(speeds), QUICKEST, axis=0), LEAST)


def _middle_off(x: Tensor) -> Tensor:
    return x - x.mean(-2, keepdim=True)


def _far(a: Tensor, b: Tensor) -> Tensor:
    """Distance between vectors; its slope is finite at none."""
    return ((a - b).square().sum(-1) + LEAST**2).sqrt()


def _views(x: Tensor) -> dict[str, Tensor]:
    """What of movement ``(S, B, T, 6)`` is scored: vectors ``(S, …, D)``."""
    import torch

    def patches(y: Tensor, frames: int) -> Tensor:
        y = y[:, :, : y.shape[2] // frames * frames]
        return y.reshape(*y.shape[:2], -1, frames * y.shape[3])

    mean, quick, bent = TOGETHER
    speed, bend = x.diff(dim=2), x.diff(n=2, dim=2)
    places = x[:, :, : x.shape[2] // mean * mean].reshape(*x.shape[:2], -1, mean, x.shape[3]).mean(3)
    sizes = torch.cat([torch.log(y.square().mean(2) + LEAST**2) for y in (x, speed)], -1)
    return {
        "places": places.flatten(2), "speeds": patches(speed, quick), "bends": patches(bend, bent), "sizes": sizes,
    }  # fmt: skip


def _centred(moves: np.ndarray) -> np.ndarray:
    return moves[:STRETCH] - moves[:STRETCH].mean(0)


def _liveliness(e: UpperExample, sizes: np.ndarray) -> np.ndarray:
    """Of a recording's brows and head, ``(2,)``; 0 where the head is not known."""
    parts = [e.moves[k : k + STRETCH] for k in range(0, max(len(e.moves) - STRETCH // 2, 1), STRETCH)]
    far = np.sqrt(np.mean([(_centred(p) ** 2).mean(0) for p in parts], 0)) / sizes
    lively = [np.log(np.maximum(far[part], LEAST)).mean() for part in (BROWS, HEAD)]
    known = [e.known[part].all() for part in (BROWS, HEAD)]
    return np.clip(SHARE_OF_LIVELINESS * np.where(known, lively, 0), -MOST_LIVELY, MOST_LIVELY)


def _factors(lively: np.ndarray) -> np.ndarray:
    """By how much each of ``MOVES`` is larger, ``(6,)``; squints go with brows."""
    factors = np.full(len(MOVES), lively[0])
    factors[HEAD] = lively[1]
    return np.exp(factors)


def _glance(pairs: np.ndarray) -> np.ndarray:
    """The share of the last place that the next keeps, and the scatter (yaw, pitch, rad) of what it adds."""
    if not len(pairs):
        return np.zeros(3)
    before, after = pairs[:, :2], pairs[:, 2:]
    kept = float(np.clip((before * after).sum() / max((before**2).sum(), LEAST**2), 0, 1))
    return np.array([kept, *np.median(np.abs(after - kept * before), 0) / np.log(2)])
