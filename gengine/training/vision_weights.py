"""Weights of the vision networks out of MediaPipe's packages (Apache-2.0), once:

    npm pack @mediapipe/face_mesh@0.4.1657299874 @mediapipe/face_detection@0.4.1657300184 \\
        @mediapipe/selfie_segmentation@0.1.1675465747
    pip install tflite==2.18.0
    python -m gengine.training.vision_weights *.tgz --out checkpoints/face-vision-v1

Each network becomes a list of steps (``gengine.vision.graph``) in the checkpoint's config; its weights keep their
float16 numbers in torch's order of axes.
"""

from __future__ import annotations

import argparse
import json
import re
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gengine.checkpoint import save_checkpoint
from gengine.errors import FormatError
from gengine.vision.graph import Step

ASSETS = "package/face_mesh_solution_packed_assets.data"
LOADER = "package/face_mesh_solution_packed_assets_loader.js"
"""One package keeps its networks in one file; its loader says where each begins."""

NETWORKS = {
    "near": "face_detection_short_range.tflite",
    "far": "face_detection_full_range.tflite",
    "mesh": "face_landmark_with_attention.tflite",
    "person": "selfie_segmentation.tflite",
}
OUTPUTS = {
    "near": {"boxes": "regressors", "scores": "classificators"},
    "far": {"boxes": "reshaped_regressor_face_4", "scores": "reshaped_classifier_face_4"},
    "mesh": {
        "points": "output_mesh_identity", "score": "conv_faceflag", "lips": "output_lips",
        "right_eye": "output_left_eye", "left_eye": "output_right_eye",
        "right_iris": "output_left_iris", "left_iris": "output_right_iris",
    },
    "person": {"mask": "activation_10"},
}  # fmt: skip
"""Our names of outputs (eyes named by whose they are) and the file's (eyes named as the viewer sees them)."""

REFINED = ("lips", "right_eye", "left_eye")
"""Crops of the mesh, in the file's order."""

CONFIG: dict[str, Any] = {
    "kind": "face vision",
    "version": 1,
    "source": "npm @mediapipe/face_mesh 0.4.1657299874, @mediapipe/face_detection 0.4.1657300184, "
    "@mediapipe/selfie_segmentation 0.1.1675465747",
    "licence": "Apache-2.0, Copyright The MediaPipe Authors",
}


def unpack(archives: list[Path]) -> dict[str, bytes]:
    """The .tflite files of npm packages by their names."""
    found: dict[str, bytes] = {}
    for archive in archives:
        with tarfile.open(archive) as tar:
            files = {m.name: tar.extractfile(m) for m in tar.getmembers() if m.isfile()}
            read = {n: f.read() for n, f in files.items() if f and (n.endswith(".tflite") or n in (ASSETS, LOADER))}
        if ASSETS in read:
            listed = re.search(r'"files": (\[.*?\])', read[LOADER].decode())
            for row in json.loads(listed[1]) if listed else []:
                read[row["filename"]] = read[ASSETS][row["start"] : row["end"]]
        found |= {name.rsplit("/", 1)[-1]: data for name, data in read.items() if name.endswith(".tflite")}
    if lost := set(NETWORKS.values()) - found.keys():
        raise FormatError(f"MediaPipe's packages: lack {', '.join(sorted(lost))}; give the three archives of npm pack")
    return found


class Conversion:
    """One .tflite file turned into steps and tensors."""

    def __init__(self, data: bytes, prefix: str) -> None:
        import tflite

        self.tflite, self.prefix = tflite, prefix
        self.model = tflite.Model.GetRootAsModel(data, 0)
        self.net = self.model.Subgraphs(0)
        self.same: dict[int, int] = {}  # a float16 tensor and its float32 copy are one
        self.values: dict[int, str] = {self.net.Inputs(0): "image"}
        self.tensors: dict[str, NDArray] = {}
        self.lines: list[str] = []
        for i in range(self.net.OperatorsLength()):
            self._operator(self.net.Operators(i))

    def outputs(self, names: dict[str, str]) -> dict[str, str]:
        """Our names of outputs with the values that hold them."""
        of = {self.net.Tensors(i).Name().decode(): self.values[i] for i in self.net.OutputsAsNumpy().tolist()}
        return {ours: of[theirs] for ours, theirs in names.items()}

    def shape(self, i: int) -> list[int]:
        shape = self.net.Tensors(i).ShapeAsNumpy()
        return [] if isinstance(shape, int) else shape.tolist()

    def constant(self, i: int) -> NDArray:
        i = self.same.get(i, i)
        tensor = self.net.Tensors(i)
        kind = {0: np.float32, 1: np.float16, 2: np.int32}[tensor.Type()]
        return self.model.Buffers(tensor.Buffer()).DataAsNumpy().view(kind).reshape(self.shape(i))

    def is_constant(self, i: int) -> bool:
        return self.model.Buffers(self.net.Tensors(self.same.get(i, i)).Buffer()).DataLength() > 0

    def store(self, i: int, axes: tuple[int, ...] | None = None) -> str:
        """The name of a constant, kept once in torch's order of axes; a lone row is a channel's numbers."""
        value = self.constant(i)
        name = f"{self.prefix}.{self.same.get(i, i)}"
        self.tensors[name] = value.reshape(-1) if axes is None else value.transpose(axes)
        return name

    def step(self, made: int, operation: str, takes: list[str], act: int = 0, **numbers: Any) -> None:
        said = [f"{k}={','.join(f'{v:g}' for v in np.ravel(n))}" for k, n in numbers.items() if n is not None]
        self.values[made] = str(made)
        raw = f"{made}raw" if act else str(made)
        self.lines.append(" ".join([raw, "=", operation, *takes, *said]))
        if act:
            if act != self.tflite.ActivationFunctionType.RELU:
                raise FormatError(f"fused activation {act} is unknown here")
            self.lines.append(f"{made} = relu {raw}")

    def padding(self, padding: int, size: list[int], kernel: list[int], stride: list[int]) -> list[int] | None:
        """(left, right, top, bottom) of TensorFlow's padding SAME; None where there is none."""
        if padding != self.tflite.Padding.SAME:
            return None
        high, wide = (max((-(-n // s) - 1) * s + k - n, 0) for n, k, s in zip(size, kernel, stride, strict=True))
        return [wide // 2, wide - wide // 2, high // 2, high - high // 2] if high or wide else None

    def _operator(self, operator: Any) -> None:
        tflite = self.tflite
        code = self.model.OperatorCodes(operator.OpcodeIndex())
        kind = tflite.opcode2name(code.BuiltinCode())
        takes, made = operator.InputsAsNumpy().tolist(), operator.Outputs(0)

        def options(record: Any) -> Any:
            table = operator.BuiltinOptions()
            record.Init(table.Bytes, table.Pos)
            return record

        if kind == "DEQUANTIZE":
            self.same[made] = takes[0]
            return
        first = self.values[takes[0]]
        size = self.shape(takes[0])[1:3]
        if kind in ("CONV_2D", "DEPTHWISE_CONV_2D"):
            deep = kind != "CONV_2D"
            o = options(tflite.DepthwiseConv2DOptions() if deep else tflite.Conv2DOptions())
            stride, kernel = [o.StrideH(), o.StrideW()], self.shape(takes[1])[1:3]
            weight = self.store(takes[1], (3, 0, 1, 2) if deep else (0, 3, 1, 2))
            pad = self.padding(o.Padding(), size, kernel, stride)
            act = o.FusedActivationFunction()
            self.step(made, "conv", [first, weight, self.store(takes[2])], act, stride=stride, pad=pad)
        elif kind == "MAX_POOL_2D":
            o = options(tflite.Pool2DOptions())
            stride, kernel = [o.StrideH(), o.StrideW()], [o.FilterHeight(), o.FilterWidth()]
            self.step(made, "maxpool", [first], size=kernel, stride=stride,
                      pad=self.padding(o.Padding(), size, kernel, stride))  # fmt: skip
        elif kind == "AVERAGE_POOL_2D":
            if self.shape(made)[1:3] != [1, 1]:
                raise FormatError("an average pool that is not over the whole is unknown here")
            self.step(made, "mean", [first])
        elif kind in ("ADD", "MUL"):
            o = options(tflite.AddOptions() if kind == "ADD" else tflite.MulOptions())
            other = takes[1]
            if self.is_constant(other):
                axes = tuple(range(self.constant(other).ndim))
                second = self.store(other, axes)
            else:
                second = self.values[other]
            self.step(made, kind.lower(), [first, second], o.FusedActivationFunction())
        elif kind == "PRELU":
            self.step(made, "prelu", [first, self.store(takes[1])])
        elif kind in ("RELU", "HARD_SWISH", "LOGISTIC"):
            self.step(made, {"HARD_SWISH": "hardswish", "LOGISTIC": "sigmoid"}.get(kind, "relu"), [first])
        elif kind == "PAD":
            self.step(made, "channels", [first], more=self.constant(takes[1])[3, 1])
        elif kind == "RESIZE_BILINEAR":
            self.step(made, "resize", [first], size=self.constant(takes[1]))
        elif kind == "CONCATENATION":
            self.step(made, "join", [self.values[i] for i in takes])
        elif kind == "RESHAPE" and len(self.shape(takes[0])) == 4:
            self.step(made, "rows", [first], width=self.shape(made)[-1])
        elif kind in ("RESHAPE", "STRIDED_SLICE"):  # another view of the same numbers, or all of them
            self.values[made] = first
        elif kind == "CUSTOM":
            self._custom(code.CustomCode().decode(), bytes(operator.CustomOptionsAsNumpy()), takes, made)
        else:
            raise FormatError(f"operation {kind} is unknown here")

    def _custom(self, kind: str, data: bytes, takes: list[int], made: int) -> None:
        from flatbuffers import flexbuffers

        values = [self.values.get(i, "") for i in takes]
        if kind == "Convolution2DTransposeBias":
            stride = np.frombuffer(data, np.int32)[1:3]  # padding, width and height of the stride
            weight = self.store(takes[1], (3, 0, 1, 2))
            self.step(made, "deconv", [values[0], weight, self.store(takes[2])], stride=stride)
            return
        if kind == "TransformLandmarks":
            self.step(made, "place", values)
            return
        o = flexbuffers.Loads(data)
        if kind == "Landmarks2TransformMatrix":
            self.step(made, "crop_matrix", values, size=[o["output_height"], o["output_width"]],
                      scale=[o["scale_x"], o["scale_y"]], turn=[o["left_rotation_idx"], o["right_rotation_idx"]],
                      points=o["subset_idxs"])  # fmt: skip
        elif kind == "TransformTensorBilinear":
            self.step(made, "sample", values, size=[o["output_height"], o["output_width"]])
        else:
            raise FormatError(f"operation {kind} is unknown here")


def convert(files: dict[str, bytes]) -> tuple[dict[str, Any], dict[str, NDArray]]:
    """Config and tensors of the checkpoint."""
    networks, tensors, crops = {}, {}, []
    for name, file in NETWORKS.items():
        done = Conversion(files[file], name)
        networks[name] = {"outputs": done.outputs(OUTPUTS[name]), "steps": done.lines}
        tensors |= done.tensors
        if name == "mesh":  # the points that a crop's network finds anew are those the crop is laid around
            crops = [step for step in map(Step.parse, done.lines) if step.operation == "crop_matrix"]
    refined = {part: [int(i) for i in c.numbers["points"]] for part, c in zip(REFINED, crops, strict=True)}
    return {**CONFIG, "networks": networks, "refined": refined}, tensors


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("archives", type=Path, nargs="+", help="what npm pack wrote")
    parser.add_argument("--out", type=Path, default=Path("checkpoints/face-vision-v1"))
    options = parser.parse_args()
    save_checkpoint(options.out, *convert(unpack(options.archives)))


if __name__ == "__main__":
    main()
