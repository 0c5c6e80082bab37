"""A small real training, also run as a program so that it can be killed: python tiny_task.py OUT [key=value ...]."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import torch
import yaml
from torch import nn

from gengine.checkpoint import save_checkpoint
from gengine.core.noise import generator
from gengine.training.loop import LoopSettings, Player, run

SETTINGS: dict[str, Any] = {
    "steps": 60, "warmup": 5, "evaluate_every": 20, "save_every": 7, "log_every": 10, "threads": 1, "device": "cpu",
}  # fmt: skip


class Game:
    """A network learns a curve, with dropout and a normalisation, against a discriminator that rests at first."""

    def __init__(self, width: int = 16, batch: int = 32, dropout: float = 0.1, norm: bool = True) -> None:
        torch.manual_seed(3)
        hidden = [nn.Linear(2, width), nn.BatchNorm1d(width) if norm else nn.Identity(), nn.GELU(), nn.Dropout(dropout)]
        self.module = nn.ModuleDict(
            {
                "network": nn.Sequential(*hidden, nn.Linear(width, 1)),
                "discriminator": nn.Sequential(nn.Linear(3, 8), nn.GELU(), nn.Linear(8, 1)),
            }
        )
        self.size = batch
        self.config = {"width": width}

    def players(self) -> list[Player]:
        network, discriminator = (list(self.module[n].parameters()) for n in ("network", "discriminator"))
        return [Player("network", network, 1e-2), Player("discriminator", discriminator, 2e-3, (0.5, 0.9), 0.01)]

    def batch(self, step: int, rank: int, world: int) -> dict[str, torch.Tensor]:
        x = torch.tensor(generator("game", step).standard_normal((self.size, 2)), dtype=torch.float32)
        x = x[rank::world]
        return {"x": x, "y": torch.sin(2 * x[:, :1]) * x[:, 1:]}

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


if __name__ == "__main__":
    changed = {k: yaml.safe_load(v) for k, v in (a.split("=") for a in sys.argv[2:])}
    game = {k: changed.pop(k) for k in list(changed) if k in ("width", "batch", "dropout", "norm")}
    run(Game(**game), LoopSettings(**{**SETTINGS, **changed}), Path(sys.argv[1]))
