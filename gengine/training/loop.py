"""The one training loop: every network of gengine is trained here, on one CPU or on many GPUs.

A training says what it learns (``Task``); the loop does the rest: mixed precision, several optimisers, clipping,
averaged weights, evaluators, best and last checkpoint, log, curves, and going on after any kill as though nothing
had happened. Several processes (``accelerate launch -m gengine train ...``) share each step: gradients are averaged
here, not by a wrapper around one ``forward``, so that a task may call its networks as it likes.
"""

from __future__ import annotations

import copy
import json
import logging
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from gengine.core.noise import stable_seed
from gengine.errors import GengineError, MissingExtraError
from gengine.training import curves
from gengine.training.progress import Progress, Stopper
from gengine.training.randomness import random_state, seed_all, set_random_state
from gengine.training.run_folder import RunFolder, differences
from gengine.training.schedule import SCHEDULES, momentum, rate_factor

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module, Parameter

log = logging.getLogger(__name__)

FREE = ("minutes", "threads", "save_every", "device")
"""Settings that may change when a run goes on: they do not touch what is learned."""


@dataclass(frozen=True)
class Player:
    """One optimiser (AdamW) and the parameters that it moves."""

    name: str
    parameters: list[Parameter]
    rate: float
    betas: tuple[float, float] = (0.9, 0.99)
    weight_decay: float = 0.0


class Task(Protocol):
    """What one training defines. May also hold ``config``, a JSON-able dict: a state is only continued under the same.

    Randomness comes from ``gengine.core.noise`` (keyed by step) or torch's generator, never from a state of its own,
    or a resumed run would differ.
    """

    module: Module
    """Everything learned; several networks are one ``ModuleDict``."""

    def players(self) -> list[Player]:
        """The optimisers, in the order in which they move within a step."""
        ...

    def batch(self, step: int, rank: int, world: int) -> dict[str, Tensor]:
        """This process's share of the examples of ``step``; the same arguments, the same batch."""
        ...

    def loss(
        self, player: str, module: Module, batch: dict[str, Tensor], step: int
    ) -> tuple[Tensor, dict[str, float]] | None:
        """A player's scalar loss and numbers to log, or None where it rests in this step.

        Runs under autocast (precision ``bf16`` or ``fp16``): take outputs ``.float()`` before delicate sums.
        Only this player's parameters have gradients.
        """
        ...

    def evaluate(self, module: Module, step: int) -> dict[str, float]:
        """Evaluators on the averaged weights; ``score`` (lower is better) chooses the best checkpoint. May be {}."""
        ...

    def preview(self, module: Module, step: int, folder: Path) -> None:
        """Write samples that a person can look at into ``folder`` (one per step)."""
        ...

    def export(self, module: Module, folder: Path, log: dict[str, Any]) -> None:
        """Write the checkpoint (``gengine.checkpoint.save_checkpoint``); ``log`` says how it was made."""
        ...


@dataclass(frozen=True)
class LoopSettings:
    """How long and how a task is trained; intervals are in steps."""

    steps: int
    batch: int = 0  # examples per step over all processes, for the task to read
    warmup: float = 0  # steps, or below 1 a share of all steps
    schedule: str = "cosine"
    clip: float | None = 1.0  # largest norm of a player's gradient
    ema: float | None = 0.999  # decay of the averaged weights
    ema_warmup: bool = True  # short memory while the run is young
    precision: str = "no"
    evaluate_every: int = 1000
    save_every: int = 500
    log_every: int = 50
    seed: int | None = 0  # of dropout and the like; None leaves torch's generator as the task set it
    minutes: float | None = None  # training time (over all resumptions) after which the run ends as if finished
    threads: int | None = None
    device: str = "auto"

    def __post_init__(self) -> None:
        choices = {
            "schedule": SCHEDULES, "precision": ("no", "bf16", "fp16"), "device": ("auto", "cpu"),
        }  # fmt: skip
        for name, allowed in choices.items():
            if getattr(self, name) not in allowed:
                raise GengineError(f"training: {name} = {getattr(self, name)!r}; choose from {', '.join(allowed)}")
        for name in ("steps", "evaluate_every", "save_every", "log_every"):
            if getattr(self, name) < 1:
                raise GengineError(f"training: {name} = {getattr(self, name)!r}, expected at least 1")
        if self.ema is not None and not 0 <= self.ema < 1:
            raise GengineError(f"training: ema = {self.ema!r}, expected 0 to below 1 (or none)")


def run(task: Task, settings: LoopSettings, out: str | Path) -> Path:
    """Train ``task`` into the run folder ``out`` and return it; an interrupted run of the same settings goes on.

    Raises ``GengineError`` for settings that do not fit a state found there and for a loss that is not finite,
    ``KeyboardInterrupt`` (with what to do) after Ctrl-C or SIGTERM, once the state is saved.
    """
    try:
        import accelerate  # noqa: F401
        import torch
    except ImportError:
        raise MissingExtraError("training", "train") from None
    curves.require()
    threads = torch.get_num_threads()
    if settings.threads:
        torch.set_num_threads(settings.threads)
    try:
        _Loop(task, settings, RunFolder(out)).run()
    finally:
        torch.set_num_threads(threads)
    return Path(out)


class _Loop:
    def __init__(self, task: Task, settings: LoopSettings, folder: RunFolder) -> None:
        import torch
        from accelerate import Accelerator
        from accelerate.state import AcceleratorState

        AcceleratorState._reset_state()  # another training of this process may have had another precision
        try:
            self.accelerator = Accelerator(mixed_precision=settings.precision, cpu=settings.device == "cpu")
        except ValueError as error:
            raise GengineError(f"training: precision = '{settings.precision}': {error}; use 'no' or 'bf16'") from None
        self.task, self.settings, self.folder = task, settings, folder
        self.main, self.world = self.accelerator.is_main_process, self.accelerator.num_processes
        self.module = task.module.to(self.accelerator.device)
        if settings.seed is not None:
            seed_all(stable_seed(settings.seed, "training", self.accelerator.process_index))
        self.players = task.players()
        if len({p.name for p in self.players}) < len(self.players) or not self.players:
            raise GengineError("training: every player needs a name of its own, and there must be one")
        self.optimisers = {
            p.name: self.accelerator.prepare_optimizer(
                torch.optim.AdamW(p.parameters, p.rate, p.betas, weight_decay=p.weight_decay)
            )
            for p in self.players
        }
        self.average = copy.deepcopy(self.module).eval().requires_grad_(False) if settings.ema else self.module
        self.weights, self.averages = _state(self.module), _state(self.average)
        self.step, self.seconds, self.best = 0, 0.0, None
        self.sums: dict[str, list[float]] = {}
        self.identity = {
            "settings": {k: v for k, v in asdict(settings).items() if k not in FREE},
            "config": getattr(task, "config", {}),
            "processes": self.world,
        }

    # ---- the run

    def run(self) -> None:
        if self.main:
            self.folder.prepare()
        self.accelerator.wait_for_everyone()
        self._resume()
        self._share_weights()
        s, began = self.settings, time.monotonic() - self.seconds
        self.module.train()
        with Stopper() as stopper, Progress(s.steps, self.step, quiet=not self.main) as progress:
            over = s.minutes is not None and self.seconds >= 60 * s.minutes
            while self.step < s.steps and not over:
                shown = self._move()
                self.step += 1
                self.seconds = time.monotonic() - began
                progress.update(self.step, shown)
                timed_out, interrupted = self._agree(
                    s.minutes is not None and self.seconds >= 60 * s.minutes, stopper.asked
                )
                over = timed_out or interrupted
                last = self.step == s.steps or timed_out
                if self.step % s.log_every == 0 or last:
                    self._log()
                evaluated = self.step % s.evaluate_every == 0 or last
                if evaluated:
                    self._evaluate(progress)
                self.seconds = time.monotonic() - began
                if evaluated or over or self.step % s.save_every == 0:
                    self._save()
                if interrupted and not last:
                    raise KeyboardInterrupt(
                        f"interrupted at step {self.step} of {s.steps}; the state is saved in {self.folder.path}: "
                        "the same command goes on from there"
                    )
        self._finish()

    def _move(self) -> dict[str, float]:
        """One step of every player that does not rest; the losses."""
        from accelerate.utils import send_to_device

        batch = self.task.batch(self.step, self.accelerator.process_index, self.world)
        batch = send_to_device(batch, self.accelerator.device)
        losses = {}
        for player in self.players:
            for other in self.players:
                for parameter in other.parameters if len(self.players) > 1 else ():
                    parameter.requires_grad_(other is player)
            with self.accelerator.autocast():
                result = self.task.loss(player.name, self.module, batch, self.step)
            if result is None:
                continue
            loss, numbers = result
            losses[player.name] = self._descend(player, loss)
            for name, value in {"loss": losses[player.name], **numbers}.items():
                self._note(f"{player.name}/{name}", float(value))
        self._update_average()
        return losses

    def _descend(self, player: Player, loss: Tensor) -> float:
        """Move one player against the gradient of its loss; the loss's value over all processes."""
        import torch

        s, optimiser = self.settings, self.optimisers[player.name]
        value = float(self.accelerator.reduce(loss.detach().float(), "mean"))  # type: ignore[arg-type]
        if not isfinite(value):
            raise self._lost(f"the loss of '{player.name}' is {value}")
        optimiser.zero_grad(set_to_none=True)
        self.accelerator.backward(loss)
        self._average_gradients(player.parameters)
        self.accelerator.unscale_gradients(optimiser)
        norm = float(torch.nn.utils.clip_grad_norm_(player.parameters, s.clip or float("inf")))
        if not isfinite(norm) and self.accelerator.scaler is None:  # fp16's scaler leaves such a step out by itself
            raise self._lost(f"the gradient of '{player.name}' is {norm}")
        self._note(f"{player.name}/gradient", norm)
        beta = momentum(s.schedule, self.step, s.steps, s.warmup)
        for group in optimiser.param_groups:
            group["lr"] = player.rate * rate_factor(s.schedule, self.step, s.steps, s.warmup)
            group["betas"] = (player.betas[0] if beta is None else beta, player.betas[1])
        optimiser.step()
        return value

    def _lost(self, what: str) -> GengineError:
        kept = "the state saved before it is kept" if self.folder.state.is_file() else "no state was saved before it"
        advice = "a lower rate, a longer warmup, a smaller clip"
        advice += ", or precision=bf16 or no" if self.settings.precision == "fp16" else ""
        return GengineError(f"training: step {self.step + 1}: {what}; {kept}. Try {advice}, in another run folder")

    def _update_average(self) -> None:
        """Averaged weights and buffers; the first step's are taken as they are."""
        import torch

        if self.average is self.module:
            return
        decay = float(self.settings.ema or 0)
        if self.settings.ema_warmup:
            decay = min(decay, (1 + self.step) / (10 + self.step))
        ours, theirs = self.averages, self.weights
        floats = [name for name, value in ours.items() if value.is_floating_point()]
        with torch.no_grad():
            if self.step:
                torch._foreach_lerp_([ours[n] for n in floats], [theirs[n] for n in floats], 1 - decay)
            for name in ours if self.step == 0 else ours.keys() - set(floats):
                ours[name].copy_(theirs[name])

    # ---- several processes

    def _share_weights(self) -> None:
        """Every process starts from the first one's weights."""
        from accelerate.utils import broadcast

        if self.world > 1:
            for value in (*self.weights.values(), *self.averages.values()):
                value.data.copy_(broadcast(value.data.clone()))  # type: ignore[arg-type]

    def _average_gradients(self, parameters: list[Parameter]) -> None:
        """Mean gradient over the processes, and mean of floating buffers (running statistics of normalisations)."""
        import torch

        if self.world == 1:
            return
        used = torch.tensor([p.grad is not None for p in parameters], dtype=torch.float32)
        used = self.accelerator.reduce(used.to(self.accelerator.device), "sum").tolist()  # type: ignore[union-attr]
        moved = [p for p, n in zip(parameters, used, strict=True) if n]
        for parameter in moved:
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
        targets = [p.grad for p in moved] + [b for b in self.module.buffers() if b.is_floating_point()]
        flat = torch.cat([t.detach().float().flatten() for t in targets if t is not None])
        flat = self.accelerator.reduce(flat, "mean")
        for target, mean in zip(targets, flat.split([t.numel() for t in targets]), strict=True):  # type: ignore
            target.copy_(mean.view_as(target))  # type: ignore[union-attr]

    def _agree(self, *flags: bool) -> list[bool]:
        """A flag is up everywhere once it is up anywhere."""
        import torch

        if self.world == 1:
            return list(flags)
        raised = torch.tensor(flags, dtype=torch.float32, device=self.accelerator.device)
        return [bool(flag) for flag in self.accelerator.reduce(raised, "sum").tolist()]  # type: ignore[union-attr]

    # ---- log, evaluators, state, checkpoints

    def _note(self, name: str, value: float) -> None:
        total = self.sums.setdefault(name, [0.0, 0])
        total[0] += value
        total[1] += 1

    def _log(self) -> None:
        """One line with the means since the last one (of the first process)."""
        s = self.settings
        factor = rate_factor(s.schedule, self.step - 1, s.steps, s.warmup)
        line = {"step": self.step, "rate": self.players[0].rate * factor}
        line |= {name: total / count for name, (total, count) in self.sums.items()}
        self.sums = {}
        if self.main:
            self.folder.append(line)
            log.info("step %d: %s", self.step, "  ".join(f"{k} {v:.4g}" for k, v in line.items() if k != "step"))

    def _evaluate(self, progress: Progress) -> None:
        """Evaluators, preview and, where the score is the best yet, checkpoint of the averaged weights."""
        if self.main:
            with progress.busy("evaluating"), self._aside():
                numbers = {k: float(v) for k, v in self.task.evaluate(self.average, self.step).items()}
                folder = self.folder.previews / f"step-{self.step:07d}"
                folder.mkdir(parents=True, exist_ok=True)
                self.task.preview(self.average, self.step, folder)
                if not any(folder.iterdir()):
                    folder.rmdir()
                if numbers:
                    self.folder.append({"step": self.step, "evaluate": numbers})
                score = numbers.get("score")
                if score is not None and isfinite(score) and (self.best is None or score < self.best["score"]):
                    self.best = {"step": self.step, **numbers}
                    self._export("best")
                self.folder.write(self.folder.curves, curves.draw(self.folder.lines()))
        self.accelerator.wait_for_everyone()

    @contextmanager
    def _aside(self) -> Any:
        """Evaluation leaves no trace in the training: own randomness (always the same), no gradients."""
        import torch

        state = random_state()
        seed_all(stable_seed(self.settings.seed, "evaluate"))
        self.average.eval()
        try:
            with torch.no_grad():
                yield
        finally:
            set_random_state(state)
            self.module.train()

    def _export(self, name: str) -> None:
        self.folder.publish(name, lambda folder: self.task.export(self.average, folder, self._summary()))

    def _summary(self) -> dict[str, Any]:
        """How the weights were made, for the checkpoint's config and card."""
        import platform

        import accelerate
        import torch

        import gengine

        cuda = self.accelerator.device.type == "cuda"
        return {
            "steps": self.step,
            "minutes": round(self.seconds / 60, 2),
            "device": torch.cuda.get_device_name() if cuda else f"CPU ({platform.machine()})",
            "processes": self.world,
            "threads": torch.get_num_threads(),
            "parameters": sum(p.numel() for player in self.players for p in player.parameters),
            "versions": {
                "gengine": gengine.__version__, "python": platform.python_version(), "torch": str(torch.__version__),
                "accelerate": accelerate.__version__,
            },
            "best": self.best,
            "settings": asdict(self.settings),
            "config": self.identity["config"],
        }  # fmt: skip

    def _save(self) -> None:
        """Write everything a killed run needs to go on."""
        from accelerate.utils import gather_object

        states = gather_object([random_state()])
        if not self.main:
            return
        tensors = {f"module/{name}": value for name, value in self.weights.items()}
        if self.average is not self.module:
            tensors |= {f"average/{name}": value for name, value in self.averages.items()}
        for player, optimiser in self.optimisers.items():
            for index, values in optimiser.state_dict()["state"].items():
                tensors |= {f"optimiser/{player}/{index}/{name}": value for name, value in values.items()}
        scaler = self.accelerator.scaler
        facts = {
            "step": self.step, "seconds": self.seconds, "best": self.best, "sums": self.sums, "random": states,
            "scaler": scaler.state_dict() if scaler is not None else None, "identity": self.identity,
        }  # fmt: skip
        self.folder.write_state(tensors, facts)

    def _resume(self) -> None:
        """Go on where an interrupted run of the same settings saved its state; without one, start afresh."""
        found = self.folder.read_state()
        if found is None:
            if self.main:
                self.folder.cut_log(0)
            return
        tensors, facts = found
        other = differences(facts["identity"], json.loads(json.dumps(self.identity)))
        if other:
            raise GengineError(
                f"run folder {self.folder.path} holds a training with other settings ({'; '.join(other[:4])}): "
                "give another --out, the same settings, or --no-resume to start again"
            )
        groups: dict[str, dict[str, Any]] = {"module": {}, "average": {}, "optimiser": {}}
        for name, value in tensors.items():
            kind, _, rest = name.partition("/")
            groups[kind][rest] = value
        try:
            self.module.load_state_dict(groups["module"])
            if self.average is not self.module:
                self.average.load_state_dict(groups["average"])
        except RuntimeError as error:
            why = str(error).splitlines()[-1].strip()
            raise GengineError(
                f"run folder {self.folder.path} holds the state of another network ({why}): "
                "give another --out, or --no-resume to start again"
            ) from None
        for player, optimiser in self.optimisers.items():
            state: dict[int, dict[str, Any]] = {}
            for name, value in groups["optimiser"].items():
                owner, index, key = name.rsplit("/", 2)
                if owner == player:
                    state.setdefault(int(index), {})[key] = value
            optimiser.load_state_dict({**optimiser.state_dict(), "state": state})
        if facts["scaler"] is not None and self.accelerator.scaler is not None:
            self.accelerator.scaler.load_state_dict(facts["scaler"])
        self.step, self.seconds, self.best, self.sums = (facts[k] for k in ("step", "seconds", "best", "sums"))
        set_random_state(facts["random"][self.accelerator.process_index])
        if self.main:
            self.folder.cut_log(facts["log_size"])
            log.info("going on from step %d", self.step)

    def _finish(self) -> None:
        """The checkpoints of a run that is over: the last weights, and them as the best where nothing was scored."""
        if self.main:
            self.average.eval()
            self._export("last")
            if self.best is None:
                self._export("best")
            self.folder.write(self.folder.path / "train_log.json", json.dumps(self._summary(), indent=2).encode())
        self.accelerator.wait_for_everyone()


def _state(module: Module) -> dict[str, Tensor]:
    """A module's weights and buffers by name: the tensors themselves, not copies."""
    return {name: value for name, value in module.state_dict().items() if hasattr(value, "is_floating_point")}
