"""What a training hands to the loop: what is learned and how (``Task``), and for how long (``LoopSettings``)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from gengine.errors import GengineError
from gengine.training.schedule import SCHEDULES

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module, Parameter


@dataclass(frozen=True)
class Player:
    """One optimiser (AdamW) and the parameters that it moves."""

    name: str
    parameters: list[Parameter]
    rate: float
    betas: tuple[float, float] = (0.9, 0.99)
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        for name, value in {"rate": self.rate, "weight_decay": self.weight_decay}.items():
            if not isinstance(value, int | float) or not 0 <= value < float("inf"):
                raise GengineError(f"training: {name} of '{self.name}' = {value!r}, expected a number from 0")


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
        """Evaluators on the averaged weights after ``step`` steps, or {}; the lowest ``score`` is the best checkpoint.

        In evaluation mode, without gradients, on the training's device, in the first process alone.
        """
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
    prefetch: bool = False  # make the next batch in a thread; the task must allow that

    def __post_init__(self) -> None:
        choices = {
            "schedule": SCHEDULES, "precision": ("no", "bf16", "fp16"), "device": ("auto", "cpu"),
        }  # fmt: skip
        for name, allowed in choices.items():
            if getattr(self, name) not in allowed:
                raise GengineError(f"training: {name} = {getattr(self, name)!r}; choose from {', '.join(allowed)}")
        for name in ("steps", "evaluate_every", "save_every", "log_every"):
            value = getattr(self, name)
            if not isinstance(value, int) or value < 1:
                raise GengineError(f"training: {name} = {value!r}, expected a whole number from 1")
        for name in ("warmup", "clip", "ema", "minutes"):
            value = getattr(self, name)
            if value is not None and (not isinstance(value, int | float) or value < 0):
                raise GengineError(f"training: {name} = {value!r}, expected a number from 0")
        if self.ema is not None and self.ema >= 1:
            raise GengineError(f"training: ema = {self.ema!r}, expected below 1")
