"""Training of gengine's CaMN (``networks/camn/cascade.py``) on a corpus in BEAT's layout."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gengine.checkpoint import save_checkpoint
from gengine.core.motion import Motion
from gengine.core.noise import generator, stable_seed
from gengine.errors import GengineError, MissingExtraError
from gengine.metrics.evaluate import Clip, evaluate, variety
from gengine.metrics.fgd import FgdEncoder
from gengine.metrics.frechet import frechet_distance, gaussian
from gengine.metrics.limbs import Body
from gengine.networks.camn.network import spline
from gengine.networks.camn.pose_space import PoseSpace
from gengine.training import stick_figures
from gengine.training.loop import LoopSettings, Player, run
from gengine.training.motion_examples import MotionExamples, collect

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Parameter

log = logging.getLogger(__name__)

DEFAULTS: dict[str, Any] = {
    "data": None,
    "cache": "runs/cache",
    "speakers": None,
    "policy": "skip",
    "fps": 15.0,
    "hop": 2.0,
    "before": 0.6,
    "after": 0.6,
    "shape": {},
    "rate": 1e-3,
    "weight_decay": 0.01,
    "velocity_weight": 4.0,
    "no_words": 0.3,
    "no_face": 0.15,
    "no_seed": 0.08,
    "seed_noise": 0.12,
    "shortcuts": 0.25,
    "longest": 4,
    "adversary_weight": 0.1,
    "adversary_from": 0.1,
    "sampling": [4, 4],
    "noise_fit": 160,
    "validation": 24,
    "fgd": "fgd-synthetic-v1",
    "batch": 128,
    "steps": 16000,
    "warmup": 0.02,
    "precision": "bf16",
    "ema": 0.999,
    "evaluate_every": 2000,
    "save_every": 500,
    "log_every": 100,
    "minutes": None,
    "threads": None,
    "seed": 1,
}
"""Every setting with its default; a config names only what differs. ``policy``: damaged sequences are
left out ("skip") or end the run ("strict"); ``hop``, ``before``, ``after`` are the seconds
that a window makes, is handed and looks ahead; ``no_*`` the shares of examples that lack a condition; ``shortcuts``
the share that teaches long steps, down to ``longest`` of them in all; ``sampling`` the network calls for body and
hands (powers of two); ``noise_fit`` how many recordings the size of the noise is fitted on (0: it is 1); ``fgd`` the
evaluator's encoder (or null); ``shape`` sizes of ``cascade.CamnShape``."""


NOISE_ROUNDS = 2
NOISE_POWER = 1.8
"""L1 diversity of what is drawn grows with about this power of the noise's size (1.1 against 1.0, 300 recordings)."""
STILL = 50.0
"""cm added to a diversity before its logarithm is taken, so that bodies at rest do not rule the fit."""


@dataclass(frozen=True)
class WindowFrames:
    """A window in frames: given poses, made poses, poses beyond the hop that are made and thrown away."""

    before: int
    hop: int
    after: int

    @property
    def length(self) -> int:
        """All frames of a window."""
        return self.before + self.hop + self.after


def train(config: dict[str, Any], out: Path) -> Path:
    """Train by ``config`` (see ``DEFAULTS``) into the run folder ``out``; its ``best`` is a checkpoint."""
    unknown = sorted(set(config) - set(DEFAULTS))
    if unknown:
        raise GengineError(f"training config: unknown {', '.join(unknown)}; allowed are {', '.join(DEFAULTS)}")
    s = {**DEFAULTS, **config}
    if not s["data"]:
        raise GengineError(
            "training config: data is missing: the folder of a corpus (gengine data synthesize makes one)"
        )
    try:
        import torch  # noqa: F401
    except ImportError:
        raise MissingExtraError("training", "train") from None
    task = CamnTask(s)
    settings = {f.name: s[f.name] for f in fields(LoopSettings) if f.name in s}
    return run(task, LoopSettings(**settings), out)


class CamnTask:
    """What the loop needs to know: batches of windows, losses, evaluators, export."""

    def __init__(self, s: dict[str, Any]) -> None:
        import torch

        from gengine.networks.camn.cascade import Camn, CamnShape, Discriminator

        self.s = s
        self.config = {k: v for k, v in s.items() if k not in ("data", "cache", "minutes", "threads")}
        root, cache, fps = Path(s["data"]), Path(s["cache"]), float(s["fps"])
        self.learn, self.held = (
            collect(root, part, fps, cache, s["speakers"], s["policy"]) for part in ("train", "val")
        )
        frames = [round(s[k] * fps) for k in ("before", "hop", "after")]
        self.window = WindowFrames(frames[0], frames[1] + 2, frames[2])
        self.encoder = FgdEncoder.load(s["fgd"]) if s["fgd"] else None
        self.truths: dict[int, Clip] = {}
        self.space = space_of(self.learn)
        self.poses = _coordinates(self.space, self.learn)
        body, hands = self.space.sizes
        self.shape = CamnShape(body, hands, len(self.learn.kinds), **s["shape"])
        torch.manual_seed(stable_seed(s["seed"], "camn") % 2**63)
        self.module: Any = torch.nn.ModuleDict({"camn": Camn(self.shape)})
        if self.shape.head == "adversary":
            self.module["discriminator"] = Discriminator(body + hands, self.shape.condition)
        # Errors along small axes show too: a trunk turns by a few degrees. So their weight falls with the root only.
        importance = [np.sqrt(b.deviation / b.deviation[0]) for b in (self.space.body, self.space.hands)]
        self.weights = [torch.tensor(w / w.mean()).float() for w in importance]
        lengths = np.diff(self.learn.starts)
        self.chance = lengths / lengths.sum()
        log.info(
            "%d sequences, %.2f h; %d + %d axes; %.2f M parameters", len(self.learn), lengths.sum() / fps / 3600, body,
            hands, sum(p.numel() for p in self.module.parameters()) / 1e6,
        )  # fmt: skip

    def players(self) -> list[Player]:
        s = self.s
        found = [Player("network", list(self.module["camn"].parameters()), s["rate"], (0.9, 0.98), s["weight_decay"])]
        if "discriminator" in self.module:
            parameters: list[Parameter] = list(self.module["discriminator"].parameters())
            found.append(Player("discriminator", parameters, s["rate"] * 0.5, (0.5, 0.99)))
        return found

    # ---- batches

    def batch(self, step: int, rank: int, world: int) -> dict[str, Tensor]:
        import torch

        s, w, data = self.s, self.window, self.learn
        rng = generator(s["seed"], "batch", step, rank)
        count = max(1, s["batch"] // world)
        clips = rng.choice(len(data), count, p=self.chance)
        first, length = data.starts[clips], data.starts[clips + 1] - data.starts[clips]
        # A window may begin before the recording or end after it, as the first and last of a stream do.
        begin = rng.integers(-w.before, np.maximum(length - w.length + w.after, 1 - w.before))
        place = begin[:, None] + np.arange(w.length)
        inside = (place >= 0) & (place < length[:, None])
        index = first[:, None] + np.clip(place, 0, length[:, None] - 1)
        columns = {k: data.columns[k][index] for k in ("audio", "text", "subwords", "cues", "emotion")}
        for name in ("audio", "text", "subwords", "cues"):
            columns[name] = columns[name] * inside[..., None]
        faces = data.columns["face"][index]
        if "predicted_face" in data.columns:
            faces = np.where(rng.random((count, 1, 1)) < 0.5, data.columns["predicted_face"][index], faces)
        wordless = rng.random((count, 1, 1)) < s["no_words"]
        for name in ("text", "subwords", "cues"):
            columns[name] = np.where(wordless, 0, columns[name]).astype(columns[name].dtype)
        # The face is made hop by hop, so that of the last frames is not there yet.
        seen = (rng.random((count, 1)) >= s["no_face"]) & inside
        seen = seen & (np.arange(w.length) < w.before + w.hop - 2)
        given = (np.arange(w.length) < w.before) & inside & (rng.random((count, 1)) >= s["no_seed"])
        body, hands = (p[index] for p in self.poses)
        noise = rng.standard_normal((count, w.length, body.shape[-1] + hands.shape[-1]))
        time, stride = self._times(count, rng)
        shaken = s["seed_noise"] * rng.random((count, 1, 1)) * rng.standard_normal((*body.shape[:2], noise.shape[-1]))
        columns |= {
            "face": faces, "face_known": seen[..., None], "traits": data.traits[clips], "body": body, "hands": hands,
            "given": given[..., None], "noise": noise, "shaken": shaken, "time": time, "stride": stride,
            "weight": inside * (1 + data.columns["semantic"][index]) * np.where(np.arange(w.length) < w.before, 0.2, 1),
        }  # fmt: skip
        return {
            k: torch.from_numpy(np.ascontiguousarray(v if v.dtype == np.int64 else v.astype(np.float32)))
            for k, v in columns.items()
        }

    def _times(self, count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """How far each example's noise is undone, and by how much more it is to be (0: by very little)."""
        time, stride = rng.random(count), np.zeros(count)
        levels = np.log2([self.s["longest"], max(self.shape.finest, 2) / 2])
        few = round(count * self.s["shortcuts"]) if self.shape.head == "flow" and self.shape.finest else 0
        steps = 2.0 ** rng.integers(round(levels[0]), round(levels[1]) + 1, few)
        stride[:few] = 1 / steps
        time[:few] = np.floor(time[:few] * steps) / steps
        return time, stride

    # ---- losses

    def loss(
        self, player: str, module: Any, batch: dict[str, Tensor], step: int
    ) -> tuple[Tensor, dict[str, float]] | None:
        import torch
        from torch.nn.functional import smooth_l1_loss, softplus

        adversarial = self.shape.head == "adversary" and step >= self.s["adversary_from"] * self.s["steps"]
        if player == "discriminator" and not adversarial:
            return None
        camn, s = module["camn"], self.s
        sizes = list(self.space.sizes)
        truth = torch.cat([batch["body"], batch["hands"]], -1)
        if self.shape.head == "flow":
            t = batch["time"]
            x = batch["noise"] + t[:, None, None] * (truth - batch["noise"])
        else:
            t = torch.zeros_like(batch["time"])
            x = batch["noise"] if self.shape.head == "adversary" else torch.zeros_like(truth)
        seed = (truth + batch["shaken"]) * batch["given"]
        c = camn.conditioner(batch)
        noisy, seeds = x.split(sizes, -1), seed.split(sizes, -1)
        # The hands learn on true bodies, a little shaken, so that they do not mind the made ones.
        carrier = batch["body"] + 0.5 * batch["shaken"][..., : sizes[0]]
        known = [torch.cat([part, batch["given"]], -1) for part in seeds]
        body = camn.body(noisy[0], camn.body.style(t, batch["stride"]), known[0], c)
        if self.shape.head != "flow":
            carrier = body.detach()
        around = [c, torch.cat([c, carrier], -1)]
        hands = camn.hands(noisy[1], camn.hands.style(t, batch["stride"]), known[1], around[1])
        few = int((batch["stride"] > 0).sum())
        if few:  # the first examples of a batch learn what two shorter steps would do
            with torch.no_grad():
                ends = [
                    decoder.shortcut(
                        noisy[k][:few], t[:few], batch["stride"][:few], self.shape.finest, known[k][:few],
                        around[k][:few].detach(),
                    )
                    for k, decoder in enumerate((camn.body, camn.hands))
                ]  # fmt: skip
            truth = torch.cat([torch.cat(ends, -1).float(), truth[few:]])
        made = torch.cat([body, hands], -1).float()
        if player == "discriminator":
            judge = module["discriminator"]
            real, fake = judge(truth, c.detach()), judge(made.detach(), c.detach())
            loss = (softplus(-real) + softplus(fake)).float().mean()
            return loss, {"right": float(((real > 0).float().mean() + (fake < 0).float().mean()) / 2)}
        weight = batch["weight"]
        numbers: dict[str, float] = {}
        total = made.new_zeros(())
        for name, got, want, axes in zip(
            ("body", "hands"), made.split(sizes, -1), truth.split(sizes, -1), self.weights, strict=True
        ):
            axes = axes.to(got.device)
            speed = (got - want).diff(dim=1)
            if self.shape.head == "flow":
                place, pace = ((got - want) ** 2 * axes).mean(-1), (speed**2 * axes).mean(-1)
                urgency = (1 / ((1 - t) ** 2 + 0.05)).clamp(max=10)[:, None]
            else:
                zero = torch.zeros_like(got)
                place = (smooth_l1_loss(got, want, reduction="none", beta=0.1) * axes).mean(-1)
                pace = (smooth_l1_loss(speed, zero[:, 1:], reduction="none", beta=0.1) * axes).mean(-1)
                urgency = torch.ones_like(weight[:, :1])
            numbers[name] = float((place * weight).sum().detach() / weight.sum())
            moved = (pace * weight[:, 1:] * urgency).sum() / weight.sum()
            total = total + (place * weight * urgency).sum() / weight.sum() + s["velocity_weight"] * moved
        if adversarial:
            fooled = softplus(-module["discriminator"](made, c.detach())).float().mean()
            numbers["fooled"] = float(fooled.detach())
            total = total + s["adversary_weight"] * fooled
        return total, numbers

    # ---- evaluators

    def evaluate(self, module: Any, step: int) -> dict[str, float]:
        """The evaluators of ``gengine evaluate`` on held-out recordings, and each value over the recordings' own.

        Poses are those of whole recordings, window after window on the network's own poses. ``score`` is FGD, with
        its encoder; without one a Fréchet distance of poses and their steps.
        """
        if self.shape.head == "flow" and self.s["noise_fit"]:
            self._fit_noise(module["camn"])
        clips = []
        for clip in range(min(self.s["validation"], len(self.held))):
            motion = self._made(module["camn"], self.held, clip)
            if not np.isfinite(motion.rotations).all():
                raise GengineError(f"evaluation at step {step}: the network's poses are not finite")
            clips.append(replace(self._truth(clip), motion=motion))
        rows = {row.metric: row.value for row in evaluate(clips, self.encoder)}
        own = [replace(c, motion=c.reference) for c in clips]
        truth = {row.metric: row.value for row in evaluate(own, None)}
        names = ("wrist_speed", "joint_speed", "diversity_l1", "beat_rate")
        ratios = {f"{name}_ratio": rows[name] / max(truth[name], 1e-9) for name in names}
        kept = ("fgd", "coverage", "density", "srgr", "srgr_beat", "beat_gain", "accent_gain", "ldlj_gap")
        found = {k: v for k, v in ({k: rows[k] for k in kept if k in rows} | ratios).items() if np.isfinite(v)}
        return found | {"score": rows["fgd"] if self.encoder is not None else _distance(clips)}

    def _fit_noise(self, camn: Any) -> None:
        """Set ``camn.noise_size`` so that training recordings are performed with their own variety.

        A network that has not learned all of what its conditions say makes the calm too lively and the lively too
        calm. The variety of what it draws grows with the noise that it begins from, so a ridge regression on what a
        recording is on the whole says how large that has to be.
        """
        import torch

        from gengine.networks.camn.cascade import overview

        data, count = self.learn, min(self.s["noise_fit"], len(self.learn))
        clips = np.linspace(0, len(data) - 1, count).astype(int)
        rows = [slice(data.starts[c], data.starts[c + 1]) for c in clips]
        about = np.stack([
            overview({k: v[part] for k, v in data.columns.items()} | {"traits": data.traits[c]})
            for c, part in zip(clips, rows, strict=True)
        ])  # fmt: skip
        true = np.array([variety(Body(self._recorded(data, c))) for c in clips])
        mean, deviation = about.mean(0), about.std(0) + 0.05
        x = (about - mean) / deviation
        camn.noise_size.zero_()
        for _ in range(NOISE_ROUNDS):
            made = np.array([variety(Body(self._made(camn, data, c))) for c in clips])
            lack = np.log((true + STILL) / (made + STILL))
            slope = np.linalg.solve(x.T @ x + 0.1 * count * np.eye(x.shape[1]), x.T @ (lack - lack.mean()))
            level = np.log(true.mean() / (made * np.exp(x @ slope)).mean())  # right for all of them together
            change = np.append(slope / deviation, level - (slope / deviation) @ mean) / NOISE_POWER
            camn.noise_size += torch.from_numpy(change).to(camn.noise_size)

    def _recorded(self, data: MotionExamples, clip: int) -> Motion:
        rows = slice(data.starts[clip], data.starts[clip + 1])
        return Motion(self.space.skeleton, data.columns["rotations"][rows], data.columns["root"][rows], data.fps)

    def _truth(self, clip: int) -> Clip:
        """A held-out recording beside itself; made once, since evaluators remember what they measured of it."""
        if clip not in self.truths:
            data = self.held
            rows = slice(data.starts[clip], data.starts[clip + 1])
            motion = self._recorded(data, clip)
            onsets, accents = (np.array(x) for x in data.moments[clip])
            semantic = data.columns["semantic"][rows]
            self.truths[clip] = Clip(data.names[clip], motion, motion, semantic, onsets, accents)
        return self.truths[clip]

    def _made(self, camn: Any, data: MotionExamples, clip: int) -> Motion:
        """The network's motion for one recording, window after window."""
        w = self.window
        a, b = int(data.starts[clip]), int(data.starts[clip + 1])
        length, size = b - a, sum(self.space.sizes)
        made = np.zeros((0, size), np.float32)
        for start in range(0, length, w.hop):
            place = np.arange(start - w.before, start + w.hop + w.after)
            inside = (place >= 0) & (place < length)
            index = a + np.clip(place, 0, length - 1)
            rows = {k: data.columns[k][index] for k in ("audio", "text", "subwords", "cues", "emotion", "face")}
            for name in ("audio", "text", "subwords", "cues"):
                rows[name] = rows[name] * inside[:, None].astype(rows[name].dtype)
            known = inside & (np.arange(w.length) < w.before + w.hop - 2)
            rows |= {"face_known": known[:, None].astype(np.float32), "traits": data.traits[clip]}
            noise = generator(self.s["seed"], "sample", clip, start).standard_normal((w.length, size))
            window = camn.draw(rows, made, w.before, noise.astype(np.float32), tuple(self.s["sampling"]))
            made = np.concatenate([made, window[w.before : w.before + w.hop]])
        poses = spline(made[:length], np.arange(length))
        rotations, root = self.space.decode(*np.split(poses, [self.space.sizes[0]], axis=1))
        return Motion(self.space.skeleton, rotations, root, data.fps)

    def preview(self, module: Any, step: int, folder: Path) -> None:
        """Stick figures of three held-out recordings, made and true."""
        for clip in range(min(3, len(self.held))):
            truth = self._truth(clip)
            stick_figures.draw(
                self._made(module["camn"], self.held, clip), truth.reference, folder / f"{truth.name}.png"
            )

    def export(self, module: Any, folder: Path, log: dict[str, Any]) -> None:
        tensors = {f"net.{k}": v.detach().cpu().float().numpy() for k, v in module["camn"].state_dict().items()}
        small = {k: v.astype(np.float16) if v.ndim > 1 else v for k, v in tensors.items()}
        config = {
            "kind": "camn",
            "version": 1,
            "shape": self.shape.as_dict(),
            "fps": self.s["fps"],
            "before": self.window.before,
            "after": self.window.after,
            "sampling": self.s["sampling"],
            "cues": list(self.learn.kinds),
            "data": {"build": hashlib.sha256(f"{self.learn.build} {self.held.build}".encode()).hexdigest()[:16]},
            "trained": log,
        }
        save_checkpoint(folder, config, small | self.space.tensors())


def space_of(data: MotionExamples) -> PoseSpace:
    """The pose space of the training poses (every third is plenty)."""
    some = slice(None, None, max(1, len(data.columns["root"]) // 60000))
    return PoseSpace.of(data.columns["rotations"][some], data.columns["root"][some])


def _coordinates(space: PoseSpace, data: MotionExamples) -> tuple[np.ndarray, np.ndarray]:
    rotations, root = data.columns["rotations"], data.columns["root"]
    parts = [space.encode(rotations[i : i + 20000], root[i : i + 20000]) for i in range(0, len(root), 20000)]
    body, hands = (np.concatenate([p[k] for p in parts]).astype(np.float32) for k in (0, 1))
    return body, hands


def _distance(clips: list[Clip]) -> float:
    """Fréchet distance of joint positions and their steps, dm and dm per frame."""

    def moving(motion: Motion) -> np.ndarray:
        names = ("Head", "LeftForeArm", "LeftHand", "RightForeArm", "RightHand")
        places = motion.skeleton.forward(motion.rotations, motion.root)[0]
        few = 10 * places[:, [motion.skeleton.index(n) for n in names]].reshape(len(motion), -1)
        return np.concatenate([few[1:], np.diff(few, axis=0)], axis=1)

    made, true = (np.concatenate([moving(getattr(c, side)) for c in clips]) for side in ("motion", "reference"))
    return float(frechet_distance(*gaussian(made), *gaussian(true)))
