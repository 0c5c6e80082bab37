"""A small real training, and a program that disturbs it: python tiny_task.py OUT.

Every disturbed training is a process of its own, forked once everything is imported.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any

import torch
from torch import nn

from gengine.checkpoint import save_checkpoint
from gengine.core.noise import generator
from gengine.training.learning_curves import draw
from gengine.training.loop import LoopSettings, Player, run

SETTINGS: dict[str, Any] = {
    "steps": 60, "warmup": 5, "evaluate_every": 20, "save_every": 7, "log_every": 10, "threads": 1, "device": "cpu",
}  # fmt: skip

PLAIN: dict[str, Any] = {"norm": False, "dropout": 0.0, "evaluate_every": 60}
"""Nothing that depends on how a batch is shared by processes."""


class Game:
    """A network learns a curve, with dropout and a normalisation, against a discriminator that rests at first."""

    def __init__(
        self, width: int = 16, batch: int = 32, dropout: float = 0.1, norm: bool = True, spoil: int = -2
    ) -> None:
        torch.manual_seed(3)
        hidden = [nn.Linear(2, width), nn.BatchNorm1d(width) if norm else nn.Identity(), nn.GELU(), nn.Dropout(dropout)]
        self.module = nn.ModuleDict(
            {
                "network": nn.Sequential(*hidden, nn.Linear(width, 1)),
                "discriminator": nn.Sequential(nn.Linear(3, 8), nn.GELU(), nn.Linear(8, 1)),
            }
        )
        self.size, self.spoil = batch, spoil
        self.config = {"width": width}

    def players(self) -> list[Player]:
        network, discriminator = (list(self.module[n].parameters()) for n in ("network", "discriminator"))
        return [Player("network", network, 1e-2), Player("discriminator", discriminator, 2e-3, (0.5, 0.9), 0.01)]

    def batch(self, step: int, rank: int, world: int) -> dict[str, torch.Tensor]:
        x = torch.tensor(generator("game", step).standard_normal((self.size, 2)), dtype=torch.float32)
        x = x[rank::world]
        return {"x": x, "y": torch.sin(2 * x[:, :1]) * x[:, 1:] / (0 if step == self.spoil else 1)}

    def loss(self, player: str, module: Any, batch: dict[str, torch.Tensor], step: int) -> Any:
        made = module["network"](batch["x"])
        judge, bce = module["discriminator"], nn.functional.binary_cross_entropy_with_logits
        if player == "network":
            rebuilt = (made.float() - batch["y"]).square().mean()
            fooled = judge(torch.cat([batch["x"], made], 1)).float()
            fool = bce(fooled, torch.ones_like(fooled)) if step >= 20 else rebuilt.new_zeros(())
            return rebuilt + 0.05 * fool, {"rebuilt": rebuilt.item(), "fool": fool.item()}
        if step < 20:
            return None
        false = judge(torch.cat([batch["x"], made.detach()], 1)).float()
        true = judge(torch.cat([batch["x"], batch["y"]], 1)).float()
        return bce(false, torch.zeros_like(false)) + bce(true, torch.ones_like(true)), {}

    def evaluate(self, module: Any, step: int) -> dict[str, float]:
        torch.rand(100), module["network"](torch.rand(10, 2))  # what is drawn here must not reach the training
        held_out = self.batch(-1, 0, 1)
        return {"score": float((module["network"](held_out["x"]) - held_out["y"]).square().mean())}

    def preview(self, module: Any, step: int, folder: Path) -> None:
        (folder / "curve.json").write_text(json.dumps(module["network"](torch.zeros(1, 2)).tolist()))

    def export(self, module: Any, folder: Path, log: dict[str, Any]) -> None:
        tensors = {name: value.cpu().numpy() for name, value in module.state_dict().items()}
        save_checkpoint(folder, {"kind": "game", "log": log}, tensors)


def train(out: Path, **changed: Any) -> Path:
    game = {k: changed.pop(k) for k in ("width", "batch", "dropout", "norm", "spoil") if k in changed}
    return run(Game(**game), LoopSettings(**{**SETTINGS, **changed}), out)


def disturbed(out: Path, number: int, moments: list[float], **changed: Any) -> list[int]:
    """Train in a process that gets a signal so many seconds after it saved a state, again and again; exit codes."""
    state, codes = out / "state" / "state.safetensors", []
    for moment in moments:
        before = state.stat().st_mtime_ns if state.exists() else 0
        child = forked(out, **changed)
        while not state.exists() or state.stat().st_mtime_ns == before:
            time.sleep(0.001)
        time.sleep(moment)
        os.kill(child, number)
        codes.append(status(child))
    return [*codes, status(forked(out, **changed))]


def forked(out: Path, environment: dict[str, str] | None = None, **changed: Any) -> int:
    child = os.fork()
    if not child:
        code = 1
        try:
            os.environ.update(environment or {})
            train(out, **changed)
            code = 0
        except KeyboardInterrupt as interrupted:
            with Path(f"{out}.txt").open("a") as file:
                file.write(f"{interrupted}\n")
            code = 130
        finally:
            os._exit(code)
    return child


def status(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def together(out: Path, world: int, **changed: Any) -> list[int]:
    """Train on several processes, as a launcher would start them."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    common = {"WORLD_SIZE": str(world), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    ranks = [{**common, "RANK": str(n), "LOCAL_RANK": str(n)} for n in range(world)]
    return [status(child) for child in [forked(out, rank, **changed) for rank in ranks]]


if __name__ == "__main__":
    # processes made below find everything imported
    torch.optim.AdamW([nn.Parameter(torch.zeros(1))])
    draw([{"step": 1, "loss": 1.0}])
    folder, moments = Path(sys.argv[1]), generator("moments").uniform(0, 0.03, 7).tolist()
    codes = {
        "killed": disturbed(folder / "killed", signal.SIGKILL, moments),
        "interrupted": disturbed(folder / "interrupted", signal.SIGINT, moments[:2], save_every=5),
        "two": together(folder / "two", 2, **PLAIN, device="cpu" if torch.accelerator.is_available() else "auto"),
    }
    print(json.dumps(codes))
