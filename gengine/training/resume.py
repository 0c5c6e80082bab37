"""A training's tensors under flat names, for its state: ``module/…``, ``average/…``, ``optimiser/…``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from gengine.errors import GengineError
from gengine.training.run_folder import RunFolder

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module


def weights_of(module: Module) -> dict[str, Tensor]:
    """A module's weights and buffers by name: the tensors themselves, not copies."""
    return {name: value for name, value in module.state_dict().items() if hasattr(value, "is_floating_point")}


def pack(modules: dict[str, Module], optimisers: dict[str, Any]) -> dict[str, Tensor]:
    """Everything of ``modules`` and ``optimisers`` (both by name) as one flat table."""
    tensors = {f"{kind}/{name}": v for kind, module in modules.items() for name, v in weights_of(module).items()}
    for owner, optimiser in optimisers.items():
        for index, values in optimiser.state_dict()["state"].items():
            tensors |= {f"optimiser/{owner}/{index}/{name}": value for name, value in values.items()}
    return tensors


def unpack(tensors: dict[str, Tensor], modules: dict[str, Module], optimisers: dict[str, Any]) -> None:
    """Put what ``pack`` wrote back in place; ``RuntimeError`` where the networks are others."""
    for kind, module in modules.items():
        start = f"{kind}/"
        module.load_state_dict({n.removeprefix(start): v for n, v in tensors.items() if n.startswith(start)})
    for owner, optimiser in optimisers.items():
        state: dict[int, dict[str, Any]] = {}
        for name, value in tensors.items():
            if name.startswith(f"optimiser/{owner}/"):
                _, index, key = name.rsplit("/", 2)
                state.setdefault(int(index), {})[key] = value
        optimiser.load_state_dict({**optimiser.state_dict(), "state": state})


def load_average(out: str | Path, module: Module) -> None:
    """Fill ``module`` with the averaged weights of the run in folder ``out``, as its state holds them."""
    found = RunFolder(out).read_state()
    if found is None:
        raise GengineError(f"run folder {out}: holds no state of a training")
    unpack(found[0], {"average": module}, {})
