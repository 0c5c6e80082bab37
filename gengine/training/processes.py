"""Several processes that train one network: equal weights, averaged gradients, common decisions.

Gradients are averaged here and not by a wrapper around one ``forward``, so that a task may call its networks as it
likes, let players rest and leave parameters unused. With one process nothing happens.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from accelerate import Accelerator
    from torch import Tensor
    from torch.nn import Module, Parameter


def share(accelerator: Accelerator, values: Iterable[Tensor]) -> None:
    """Give every process the first one's values, in place."""
    from accelerate.utils import broadcast

    if accelerator.num_processes > 1:
        for value in values:
            value.copy_(_tensor(broadcast(value.detach().clone())))


def average_gradients(accelerator: Accelerator, parameters: list[Parameter], module: Module) -> None:
    """Mean gradient over the processes, and mean of the floating buffers (statistics of normalisations)."""
    import torch

    if accelerator.num_processes == 1:
        return
    has = torch.tensor([p.grad is not None for p in parameters], dtype=torch.float32, device=accelerator.device)
    used = _tensor(accelerator.reduce(has, "sum")).tolist()
    targets = [b for b in module.buffers() if b.is_floating_point()]
    for parameter, processes in zip(parameters, used, strict=True):
        if processes:  # used somewhere: counts as zero where it was not
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
            targets.append(parameter.grad)
    flat = torch.cat([t.detach().float().flatten() for t in targets])
    means = _tensor(accelerator.reduce(flat, "mean")).split([t.numel() for t in targets])
    for target, mean in zip(targets, means, strict=True):
        target.copy_(mean.view_as(target))


def mean(accelerator: Accelerator, value: Tensor) -> float:
    """Mean of one number over the processes."""
    return float(_tensor(accelerator.reduce(value.detach().float(), "mean")))


def agree(accelerator: Accelerator, *flags: bool) -> list[bool]:
    """A flag is up everywhere once it is up anywhere."""
    import torch

    if accelerator.num_processes == 1:
        return list(flags)
    raised = torch.tensor(flags, dtype=torch.float32, device=accelerator.device)
    return [bool(flag) for flag in _tensor(accelerator.reduce(raised, "sum")).tolist()]


def _tensor(value: Any) -> Tensor:
    """What accelerate's collectives return for a tensor (their types allow nested structures too)."""
    return value
