"""A small interpreter for convolutional networks that are stored as a list of steps beside their weights.

A step is a line ``"34 = conv 31 12 13 stride=2,2 pad=0,1,0,1"``: the value it makes, an operation, the values and
tensors it takes, its numbers. Values lie as torch's do, (B, C, H, W); points as (B, N, 2 or 3).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from gengine.errors import FormatError

Numbers = dict[str, tuple[float, ...]]


@dataclass(frozen=True)
class Step:
    """One line of a graph."""

    made: str
    operation: str
    takes: tuple[str, ...]
    numbers: Numbers

    @staticmethod
    def parse(line: str) -> Step:
        """Raises FormatError where the line is no step or its operation is unknown."""
        made, equals, operation, *rest = line.split() + [""] * 3
        if equals != "=" or operation not in OPERATIONS:
            raise FormatError(f"graph: {line!r:.80} is no step; operations are {', '.join(OPERATIONS)}")
        parts = [part.partition("=") for part in rest if "=" in part]
        numbers = {name: tuple(float(v) for v in values.split(",")) for name, _, values in parts}
        return Step(made, operation, tuple(part for part in rest if part and "=" not in part), numbers)


class Graph:
    """A network of steps, ready to run on one thread or many; gradients are never kept."""

    def __init__(self, lines: list[str], outputs: Mapping[str, str], tensors: Mapping[str, Tensor]) -> None:
        """``outputs`` maps names to values; ``tensors`` are float32 and are taken by their names.

        Raises FormatError where a step takes what nothing makes.
        """
        self.steps = [Step.parse(line) for line in lines]
        self.outputs = dict(outputs)
        self.tensors = dict(tensors)
        known = {"image", *self.tensors}
        for step in self.steps:
            if lost := set(step.takes) - known:
                raise FormatError(f"graph: step {step.made} takes {', '.join(sorted(lost))}, which nothing makes")
            known.add(step.made)
        if lost := set(self.outputs.values()) - known:
            raise FormatError(f"graph: outputs {', '.join(sorted(lost))} are made by no step")
        last = {name: k for k, step in enumerate(self.steps) for name in step.takes}
        kept = {*self.outputs.values(), *self.tensors}
        self._dropped = [[n for n in {*s.takes} - kept if last[n] == k] for k, s in enumerate(self.steps)]

    @torch.no_grad()
    def __call__(self, image: Tensor) -> dict[str, Tensor]:
        """Every output by its name, of an image (B, 3, H, W) float32 scaled as the network expects."""
        values = {"image": image, **self.tensors}
        for step, dropped in zip(self.steps, self._dropped, strict=True):
            values[step.made] = OPERATIONS[step.operation](step.numbers, *(values[name] for name in step.takes))
            for name in dropped:
                del values[name]
        return {name: values[value] for name, value in self.outputs.items()}


def _whole(numbers: Numbers, name: str, default: tuple[int, ...]) -> list[int]:
    return [int(v) for v in numbers.get(name, default)]


def _padded(x: Tensor, numbers: Numbers, value: float = 0.0) -> tuple[Tensor, tuple[int, int]]:
    """``x`` padded by (left, right, top, bottom), or what a layer itself shall pad: it can, where sides are equal."""
    left, right, top, bottom = _whole(numbers, "pad", (0, 0, 0, 0))
    if left == right and top == bottom and value == 0:
        return x, (top, left)
    return functional.pad(x, (left, right, top, bottom), value=value), (0, 0)


def _conv(numbers: Numbers, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    x, padding = _padded(x, numbers)
    groups = x.shape[1] // weight.shape[1]  # depth-wise where a filter sees one channel
    return functional.conv2d(x, weight, bias, tuple(_whole(numbers, "stride", (1, 1))), padding, groups=groups)


def _deconv(numbers: Numbers, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    return functional.conv_transpose2d(x, weight, bias, tuple(_whole(numbers, "stride", (1, 1))))


def _maxpool(numbers: Numbers, x: Tensor) -> Tensor:
    x, _ = _padded(x, numbers, float("-inf"))
    return functional.max_pool2d(x, _whole(numbers, "size", (2, 2)), _whole(numbers, "stride", (2, 2)))


def _channels(numbers: Numbers, x: Tensor) -> Tensor:
    return functional.pad(x, (0, 0, 0, 0, 0, *_whole(numbers, "more", (0,))))


def _resize(numbers: Numbers, x: Tensor) -> Tensor:
    return functional.interpolate(x, size=_whole(numbers, "size", (1, 1)), mode="bilinear", align_corners=False)


def _rows(numbers: Numbers, x: Tensor) -> Tensor:
    """Channels of all places as rows of ``width`` numbers."""
    return x.permute(0, 2, 3, 1).reshape(len(x), -1, *_whole(numbers, "width", (1,)))


def _crop_matrix(numbers: Numbers, points: Tensor) -> Tensor:
    """(B, 4, 4): from a crop around some ``points``, turned as the line from point ``left`` to ``right``, to theirs.

    MediaPipe's custom operation Landmarks2TransformMatrix, version 2.
    """
    left, right = _whole(numbers, "turn", (0, 1))
    height, width = numbers["size"]
    xy = points[..., :2]
    along = xy[:, right] - xy[:, left]
    angle = torch.atan2(along[:, 1], along[:, 0])
    cos, sin = torch.cos(angle), torch.sin(angle)
    turn = torch.stack([torch.stack([cos, -sin], -1), torch.stack([sin, cos], -1)], -2)  # crop axes → image axes
    upright = xy[:, _whole(numbers, "points", ())] @ turn
    low, high = upright.amin(1), upright.amax(1)
    scale = (high - low) * torch.tensor(numbers["scale"]) / torch.tensor([width, height])
    matrix = torch.eye(4).repeat(len(points), 1, 1)
    matrix[:, :2, :2] = turn * scale[:, None]
    centre = (turn @ ((low + high) / 2)[..., None])[..., 0]
    matrix[:, :2, 3] = centre - (matrix[:, :2, :2] @ torch.tensor([width / 2, height / 2])[:, None])[..., 0]
    return matrix


def _sample(numbers: Numbers, x: Tensor, matrix: Tensor) -> Tensor:
    """A crop of ``x`` under ``matrix``, zero outside: MediaPipe's TransformTensorBilinear, version 2."""
    height, width = _whole(numbers, "size", (1, 1))
    rows, columns = torch.meshgrid(torch.arange(height) + 0.5, torch.arange(width) + 0.5, indexing="ij")
    places = torch.stack([columns, rows], -1).reshape(1, -1, 2) @ matrix[:, :2, :2].mT + matrix[:, None, :2, 3]
    size = torch.tensor([x.shape[-1], x.shape[-2]])
    inside = ((places >= 0.5) & (places <= size - 0.5)).all(-1).reshape(-1, 1, height, width)
    places = (places / size * 2 - 1).reshape(-1, height, width, 2)
    return functional.grid_sample(x, places, align_corners=False, padding_mode="border") * inside


def _place(numbers: Numbers, points: Tensor, matrix: Tensor) -> Tensor:
    """Points of a crop brought back: MediaPipe's custom operation TransformLandmarks, version 2 (x and y)."""
    return points @ matrix[:, :2, :2].mT + matrix[:, None, :2, 3]


OPERATIONS = {
    "conv": _conv,
    "deconv": _deconv,
    "prelu": lambda numbers, x, slope: functional.prelu(x, slope),
    "relu": lambda numbers, x: functional.relu(x),
    "hardswish": lambda numbers, x: functional.hardswish(x),
    "sigmoid": lambda numbers, x: torch.sigmoid(x),
    "add": lambda numbers, x, y: x + y,
    "mul": lambda numbers, x, y: x * y,
    "mean": lambda numbers, x: x.mean((2, 3), keepdim=True),
    "maxpool": _maxpool,
    "channels": _channels,
    "resize": _resize,
    "rows": _rows,
    "join": lambda numbers, x, y: torch.cat([x, y], 1),
    "crop_matrix": _crop_matrix,
    "sample": _sample,
    "place": _place,
}
"""What a step can do: a function of its numbers and of what it takes."""
