"""Plays a glTF animation in numpy: where every node is and what every morph weighs at a time."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from gengine.avatars.importing.gltf_document import GltfDocument
from gengine.core import rotation


class GlbScene:
    def __init__(self, path: Path) -> None:
        self.document = GltfDocument(path)
        self.nodes = self.document.json["nodes"]
        self.names = [node["name"] for node in self.nodes]
        self.parents = [-1] * len(self.nodes)
        for i, node in enumerate(self.nodes):
            for child in node.get("children", []):
                self.parents[child] = i
        self.tracks = {}
        for animation in self.document.items("animations"):
            for channel in animation["channels"]:
                sampler = animation["samplers"][channel["sampler"]]
                times = self.document.accessor(sampler["input"])[:, 0].astype(float)
                values = self.document.accessor(sampler["output"]).astype(float)
                target = channel["target"]
                self.tracks[target["node"], target["path"]] = times, values.reshape(len(times), -1)

    def value(self, node: int, path: str, time: float) -> np.ndarray:
        if (node, path) not in self.tracks:
            default = {"translation": [0, 0, 0], "rotation": [0, 0, 0, 1]}[path]
            return np.array(self.nodes[node].get(path, default), float)
        times, values = self.tracks[node, path]
        k = int(np.clip(np.searchsorted(times, time + 1e-6) - 1, 0, max(len(times) - 2, 0)))
        if len(times) == 1:
            return values[0]
        t = np.clip((time - times[k]) / (times[k + 1] - times[k]), 0, 1)
        if path == "rotation":
            both = values[k : k + 2, [3, 0, 1, 2]]
            return rotation.slerp(both[0], both[1], t)[[1, 2, 3, 0]]
        return values[k] * (1 - t) + values[k + 1] * t

    def positions(self, time: float) -> dict[str, np.ndarray]:
        """World position of every node."""
        place, turn = {}, {}
        waiting = [i for i, parent in enumerate(self.parents) if parent < 0]
        while waiting:
            i = waiting.pop()
            q = rotation.normalize(self.value(i, "rotation", time)[[3, 0, 1, 2]])
            p, above = self.value(i, "translation", time), self.parents[i]
            turn[i] = q if above < 0 else rotation.multiply(turn[above], q)
            place[i] = p if above < 0 else place[above] + rotation.rotate(turn[above], p)
            waiting += self.nodes[i].get("children", [])
        return {self.names[i]: p for i, p in place.items()}

    def morphs(self, time: float) -> dict[str, dict[str, float]]:
        """Weights by mesh name and morph name."""
        out = {}
        for i, node in enumerate(self.nodes):
            if (i, "weights") in self.tracks:
                names = self.document.json["meshes"][node["mesh"]]["extras"]["targetNames"]
                out[node["name"]] = dict(zip(names, self.value(i, "weights", time).tolist(), strict=True))
        return out
