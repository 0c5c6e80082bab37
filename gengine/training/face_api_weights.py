"""Networks that face-api publishes for browsers become checkpoints: dlib's face recognition (``face-identity-v1``), and
the one that reads seven expressions (``face-expression-v1``):

    npm pack @vladmandic/face-api@1.7.15
    python -m gengine.training.face_api_weights vladmandic-face-api-1.7.15.tgz --of identity
    python -m gengine.training.face_api_weights vladmandic-face-api-1.7.15.tgz --of expression

Their 8-bit numbers stay as they are; the config holds each tensor's scale and least value.
"""

from __future__ import annotations

import argparse
import json
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gengine.checkpoint import save_checkpoint
from gengine.errors import FormatError

MODELS = {"identity": "face_recognition_model", "expression": "face_expression_model"}
"""Their files' names by what they tell."""
KERNEL = (3, 2, 0, 1)
"""TensorFlow's order of a kernel's axes in torch's."""
LICENCE = "MIT, Copyright Vladimir Mandic"


def convert(archive: Path, of: str) -> tuple[dict[str, Any], dict[str, NDArray]]:
    """Config and tensors of the checkpoint of one of ``MODELS`` from what npm pack wrote."""
    model = f"package/model/{MODELS[of]}"
    with tarfile.open(archive) as tar:
        read = {m.name: f.read() for m in tar.getmembers() if m.name.startswith(model) and (f := tar.extractfile(m))}
    try:
        manifest, data = json.loads(read[f"{model}-weights_manifest.json"]), read[f"{model}.bin"]
    except KeyError as lost:
        raise FormatError(f"{archive}: lacks {lost}; give the archive of npm pack @vladmandic/face-api") from None
    tensors, levels, at = {}, {}, 0
    for row in (row for group in manifest for row in group["weights"]):
        count, known = int(np.prod(row["shape"], dtype=int)), row.get("quantization")
        kind = np.dtype(known["dtype"] if known else row["dtype"])
        value = np.frombuffer(data, kind, count, at).reshape(row["shape"])
        at += count * kind.itemsize
        tensors[row["name"]] = value.transpose(KERNEL) if value.ndim == 4 else value
        levels[row["name"]] = [known["scale"], known["min"]] if known else [1.0, 0.0]
    source = f"npm @vladmandic/face-api 1.7.15, model/{MODELS[of]}"
    config = {"kind": f"face {of}", "version": 1, "source": source, "licence": LICENCE, "levels": levels}
    return config, tensors


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("archive", type=Path, help="what npm pack wrote")
    parser.add_argument("--of", choices=list(MODELS), required=True, help="which network")
    parser.add_argument("--out", type=Path, help="default checkpoints/face-<of>-v1")
    options = parser.parse_args()
    out = options.out or Path(f"checkpoints/face-{options.of}-v1")
    save_checkpoint(out, *convert(options.archive, options.of))


if __name__ == "__main__":
    main()
