"""Materials and textures of someone else's glTF as this project's plain ones."""

from __future__ import annotations

import io
import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gengine.avatars.importing.findings import Findings
from gengine.avatars.importing.gltf_document import GltfDocument
from gengine.core.avatar import Material
from gengine.errors import FormatError

MAX_TEXTURE = 2048
"""Larger images are scaled down to this many pixels a side."""
_MAX_PIXELS = 8192 * 8192

_KINDS = (
    ("cornea", r"cornea|eyewet|tearline|occlusion"), ("hair", r"hair|brow|lash|beard|scalp"),
    ("eye", r"eye|iris|pupil"), ("teeth", r"teeth|tooth"), ("mouth", r"tongue|mouth|gum"),
    ("skin", r"skin|head|face|body|hand|arm|leg|feet"),
    ("cloth", r"cloth|outfit|shirt|top|bottom|pants|shoe|foot|dress|jacket|trouser|glasses|accessor"),
)  # fmt: skip


class Materials:
    """Materials by index, each made once; what had to be left away is added to ``notes``."""

    def __init__(self, document: GltfDocument, notes: Findings) -> None:
        self._document, self._notes = document, notes
        self._made: dict[int, Material] = {}

    def of(self, index: int | None, attributes: dict[str, int], count: int) -> tuple[Material, NDArray[np.float32]]:
        """The material of a primitive and its texture coordinates ``(V, 2)``."""
        if index is None:
            return Material("plain"), self._uv(attributes, {}, count)
        item = self._document.items("materials")[index]
        if index not in self._made:
            self._made[index] = self._make(item, str(item.get("name", f"material{index}")))
        return self._made[index], self._uv(attributes, _reference(item), count)

    def _uv(self, attributes: dict[str, int], reference: dict[str, Any], count: int) -> NDArray[np.float32]:
        transform = reference.get("extensions", {}).get("KHR_texture_transform", {})
        name = f"TEXCOORD_{transform.get('texCoord', reference.get('texCoord', 0))}"
        if name not in attributes:
            return np.zeros((count, 2), np.float32)
        uv = self._document.accessor(attributes[name]).astype(np.float32)
        if len(uv) != count:
            raise self._document.error(f"{name} has {len(uv)} rows for {count} vertices; export it again")
        turn = float(transform.get("rotation", 0.0))
        uv = uv * np.array(transform.get("scale", (1, 1)), np.float32)
        if turn:
            c, s = np.cos(turn), np.sin(turn)
            uv = uv @ np.array([[c, -s], [s, c]], np.float32)
        return (uv + np.array(transform.get("offset", (0, 0)), np.float32)).astype(np.float32)

    def _make(self, item: dict[str, Any], name: str) -> Material:
        surface = item.get("pbrMetallicRoughness", {})
        linear = np.clip(np.array(surface.get("baseColorFactor", (1, 1, 1, 1)), float), 0, 1)
        srgb = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
        mode = item.get("alphaMode", "OPAQUE")
        texture = self._texture(_reference(item), name)
        if texture is not None and mode == "OPAQUE":
            texture = texture[..., :3]
        kind = next((kind for kind, words in _KINDS if re.search(words, name, re.IGNORECASE)), "plain")
        return Material(
            name=name,
            kind=kind,
            color=(float(srgb[0]), float(srgb[1]), float(srgb[2]), float(linear[3]) if mode == "BLEND" else 1.0),
            roughness=float(np.clip(surface.get("roughnessFactor", 1.0), 0, 1)),
            texture=texture,
            double_sided=bool(item.get("doubleSided", False)),
        )

    def _texture(self, reference: dict[str, Any], name: str) -> NDArray[np.uint8] | None:
        if "index" not in reference:
            return None
        from PIL import Image

        document = self._document
        try:
            item = document.items("textures")[reference["index"]]
            source = item.get("source", item.get("extensions", {}).get("EXT_texture_webp", {}).get("source"))
            image = document.items("images")[source]
            data = document.view(image["bufferView"]) if "bufferView" in image else document.resource(image["uri"])
            with Image.open(io.BytesIO(data)) as picture:
                if picture.width * picture.height > _MAX_PIXELS:
                    raise ValueError("too large")
                if max(picture.size) > MAX_TEXTURE:
                    picture.thumbnail((MAX_TEXTURE, MAX_TEXTURE))
                alpha = picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info
                return np.asarray(picture.convert("RGBA" if alpha else "RGB"))
        except FormatError as error:
            if "outside its own folder" in str(error):
                raise
            self._notes.warn(f"the texture of {name} is missing: plain colour")
        except (OSError, ValueError, KeyError, IndexError, TypeError, Image.DecompressionBombError):
            self._notes.warn(f"the texture of {name} cannot be read: plain colour")
        return None


def _reference(item: dict[str, Any]) -> dict[str, Any]:
    surface = item.get("pbrMetallicRoughness", {})
    found = surface.get("baseColorTexture", {})
    if not found:  # older characters
        found = item.get("extensions", {}).get("KHR_materials_pbrSpecularGlossiness", {}).get("diffuseTexture", {})
    return found
