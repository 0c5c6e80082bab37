"""The triangles of MediaPipe's canonical face, out of its npm package into the table that portraits are drawn with:

npm pack @mediapipe/face_mesh@0.4.1657299874
python -m gengine.training.face_triangles mediapipe-face_mesh-0.4.1657299874.tgz
"""

from __future__ import annotations

import argparse
import re
import tarfile
from collections.abc import Iterator
from pathlib import Path

from gengine.training.vision_weights import ASSETS, LOADER

PACKAGE = "@mediapipe/face_mesh 0.4.1657299874 (Apache-2.0, The MediaPipe Authors)"
MEMBER = "geometry_pipeline_metadata_landmarks.binarypb"
CANONICAL_MESH, INDEX = 1, 4
"""Fields of ``GeometryPipelineMetadata`` and ``Mesh3d`` (MediaPipe, face_geometry/protos)."""
HEAD = """# Triangles of MediaPipe's canonical face over its 468 points, from
# {package}: python -m gengine.training.face_triangles
a,b,c
"""


def fields(message: bytes) -> Iterator[tuple[int, bytes | int]]:
    """Numbers and values of a protocol buffer's fields."""

    def number(at: int) -> tuple[int, int]:
        value = shift = 0
        while True:
            byte = message[at]
            value |= (byte & 127) << shift
            at, shift = at + 1, shift + 7
            if byte < 128:
                return value, at

    at = 0
    while at < len(message):
        key, at = number(at)
        kind = key & 7
        if kind == 0:
            value, at = number(at)
            yield key >> 3, value
        else:
            length, at = number(at) if kind == 2 else (4, at)
            yield key >> 3, message[at : at + length]
            at += length


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("package", type=Path, help="the npm package's .tgz")
    parser.add_argument("--out", type=Path, default=Path("gengine/portraits/data/triangles.csv"))
    args = parser.parse_args()
    with tarfile.open(args.package) as package:
        assets, loader = (package.extractfile(name) for name in (ASSETS, LOADER))
        assert assets is not None and loader is not None
        place = re.search(re.escape(MEMBER) + r'", "start": (\d+), "end": (\d+)', loader.read().decode())
        assert place is not None, f"{args.package}: holds no {MEMBER}"
        message = assets.read()[int(place[1]) : int(place[2])]
    mesh = next(v for k, v in fields(message) if k == CANONICAL_MESH and isinstance(v, bytes))
    index = [v for k, v in fields(mesh) if k == INDEX and isinstance(v, int)]
    rows = [",".join(map(str, index[i : i + 3])) for i in range(0, len(index), 3)]
    args.out.write_text(HEAD.format(package=PACKAGE) + "\n".join(rows) + "\n", "utf-8")


if __name__ == "__main__":
    main()
