"""The one training loop: every network of gengine is trained here, on one CPU or on many GPUs.

A training says what it learns (``Task``); the loop does the rest: mixed precision, several optimisers, clipping,
averaged weights, evaluators, best and last checkpoint, log, curves, and going on after any kill as though nothing
had happened. Several processes share each step under ``accelerate launch -m gengine train ...``.
"""

from __future__ import annotations

import copy
import json
import logging
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import timedelta
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gengine.core.noise import stable_seed
from gengine.errors import GengineError, MissingExtraError
from gengine.training import learning_curves as curves
from gengine.training.processes import agree, average_gradients, mean, share
from gengine.training.progress import Progress, Stopper
from gengine.training.randomness import random_state, seed_all, set_random_state
from gengine.training.resume import pack, unpack, weights_of
from gengine.training.run_folder import RunFolder, differences
from gengine.training.schedule import momentum, rate_factor
from gengine.training.task import LoopSettings, Player, Task

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["LoopSettings", "Player", "Task", "run"]

log = logging.getLogger(__name__)

FREE = ("minutes", "threads", "save_every", "device", "prefetch")
"""Settings that may change when a run goes on: they do not touch what is learned."""


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
        from accelerate import Accelerator, InitProcessGroupKwargs
        from accelerate.state import AcceleratorState

        AcceleratorState._reset_state()  # another training of this process may have had another precision
        patience = InitProcessGroupKwargs(timeout=timedelta(hours=3))  # the others wait while one evaluates
        cpu = settings.device == "cpu" or not torch.accelerator.is_available()  # else processes on CPUs are not joined
        self.accelerator = Accelerator(mixed_precision=settings.precision, cpu=cpu, kwargs_handlers=[patience])
        if settings.precision == "fp16" and self.accelerator.device.type == "cpu":  # accelerate would ignore it
            raise GengineError("training: precision = 'fp16' needs a GPU; use 'no' or 'bf16'")
        self.task, self.settings, self.folder = task, settings, folder
        self.main, self.world = self.accelerator.is_main_process, self.accelerator.num_processes
        self.module = task.module.to(self.accelerator.device)
        if settings.seed is not None:
            seed_all(stable_seed(settings.seed, "training", self.accelerator.process_index))
        self.players = [replace(p, parameters=list(p.parameters)) for p in task.players()]
        if len({p.name for p in self.players}) < len(self.players) or not self.players:
            raise GengineError("training: every player needs a name of its own, and there must be one")
        self.optimisers = {
            p.name: self.accelerator.prepare_optimizer(
                torch.optim.AdamW(p.parameters, p.rate, p.betas, weight_decay=p.weight_decay)
            )
            for p in self.players
        }
        self.average = copy.deepcopy(self.module).eval().requires_grad_(False) if settings.ema else self.module
        self.weights, self.averages = weights_of(self.module), weights_of(self.average)
        self.modules = {"module": self.module} | ({} if self.average is self.module else {"average": self.average})
        self.step, self.seconds, self.best = 0, 0.0, None
        self.sums: dict[str, list[float]] = {}
        self.ahead: Future[dict[str, Tensor]] | None = None
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
        share(self.accelerator, [*self.weights.values(), *self.averages.values()])
        s, began = self.settings, time.monotonic() - self.seconds
        self.module.train()
        with (
            Stopper() as stopper,
            Progress(s.steps, self.step, quiet=not self.main) as progress,
            ThreadPoolExecutor(1) as pool,
        ):
            over = self._timed_out()
            while self.step < s.steps and not over:
                shown = self._move(self._batch(pool))
                self.step += 1
                self.seconds = time.monotonic() - began
                progress.update(self.step, shown)
                timed_out, interrupted = agree(self.accelerator, self._timed_out(), stopper.asked)
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
                if interrupted and not last:  # nothing is half written: say how to go on
                    raise KeyboardInterrupt(
                        f"interrupted at step {self.step} of {s.steps}; the state is saved in {self.folder.path}: "
                        "the same command goes on from there"
                    )
        self._finish()

    def _timed_out(self) -> bool:
        return self.settings.minutes is not None and self.seconds >= 60 * self.settings.minutes

    def _batch(self, pool: ThreadPoolExecutor) -> dict[str, Tensor]:
        """This step's batch; a thread may make the next one meanwhile."""
        where = self.accelerator.process_index, self.world
        batch = self.ahead.result() if self.ahead else self.task.batch(self.step, *where)
        more = self.settings.prefetch and self.step + 1 < self.settings.steps
        self.ahead = pool.submit(self.task.batch, self.step + 1, *where) if more else None
        return batch

    def _move(self, batch: dict[str, Tensor]) -> dict[str, float]:
        """One step of every player that does not rest; the losses."""
        from accelerate.utils import send_to_device

        batch = send_to_device(batch, self.accelerator.device)
        losses = {}
        for player in self.players:
            self._only(player)
            with self.accelerator.autocast():
                result = self.task.loss(player.name, self.module, batch, self.step)
            if result is None:
                continue
            loss, numbers = result
            losses[player.name] = self._descend(player, loss)
            for name, value in {"loss": losses[player.name], **numbers}.items():
                self._note(f"{player.name}/{name}", float(value))
        self._only(None)
        self._update_average()
        return losses

    def _only(self, player: Player | None) -> None:
        """Gradients for one player's parameters alone (None: for everybody's): no work for the resting ones."""
        for other in self.players if len(self.players) > 1 else ():
            for parameter in other.parameters:
                parameter.requires_grad_(player is None or other is player)

    def _descend(self, player: Player, loss: Tensor) -> float:
        """Move one player against the gradient of its loss; the loss's value over all processes."""
        import torch

        s, optimiser = self.settings, self.optimisers[player.name]
        value = mean(self.accelerator, loss)
        if not isfinite(value):
            raise self._lost(f"the loss of '{player.name}' is {value}")
        optimiser.zero_grad(set_to_none=True)
        self.accelerator.backward(loss)
        average_gradients(self.accelerator, player.parameters, self.module)
        self.accelerator.unscale_gradients(optimiser)
        norm = float(torch.nn.utils.clip_grad_norm_(player.parameters, s.clip or float("inf")))
        if not isfinite(norm) and self.accelerator.scaler is None:  # fp16's scaler leaves such a step out by itself
            raise self._lost(f"the gradient of '{player.name}' is {norm}")
        if isfinite(norm):
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
                torch._foreach_lerp_([ours[n] for n in floats], [theirs[n] for n in floats], 1 - decay)  # type: ignore
            for name in ours if self.step == 0 else ours.keys() - set(floats):
                ours[name].copy_(theirs[name])

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
        from importlib import metadata

        import accelerate
        import torch

        cuda = self.accelerator.device.type == "cuda"
        return {
            "steps": self.step,
            "minutes": round(self.seconds / 60, 2),
            "device": torch.cuda.get_device_name() if cuda else f"CPU ({platform.machine()})",
            "processes": self.world,
            "threads": torch.get_num_threads(),
            "parameters": sum(p.numel() for player in self.players for p in player.parameters),
            "versions": {
                "gengine": metadata.version("gengine"), "python": platform.python_version(),
                "torch": str(torch.__version__), "accelerate": accelerate.__version__,
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
        scaler = self.accelerator.scaler
        facts = {
            "step": self.step, "seconds": self.seconds, "best": self.best, "sums": self.sums, "random": states,
            "scaler": scaler.state_dict() if scaler is not None else None, "identity": self.identity,
        }  # fmt: skip
        self.folder.write_state(pack(self.modules, self.optimisers), facts)

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
        try:
            unpack(tensors, self.modules, self.optimisers)
        except RuntimeError as error:
            why = str(error).splitlines()[-1].strip()
            raise GengineError(
                f"run folder {self.folder.path} holds the state of another network ({why}): "
                "give another --out, or --no-resume to start again"
            ) from None
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
