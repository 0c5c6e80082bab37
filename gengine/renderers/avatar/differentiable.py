"""Drawing with gradients: an avatar posed in torch, rasterised by PyTorch3D where that is installed.

For fitting weights or poses to pictures, on a GPU. PyTorch3D has no wheels for current Pythons: build it with
``pip install "git+https://github.com/facebookresearch/pytorch3d.git"`` (torch and a compiler must be there first).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gengine.core.avatar import Avatar
from gengine.errors import GengineError, MissingExtraError
from gengine.renderers.avatar.render_mesh import render_meshes
from gengine.renderers.avatar.scene import Camera, Lights
from gengine.renderers.base import AvatarBackend

FACES_PER_PIXEL = 4
SOFTNESS = 1e-5
"""Width of the soft silhouette, squared NDC (the sigma of Liu et al. 2019, Soft Rasterizer)."""


class TorchAvatar:
    """An avatar's geometry as tensors; everything it computes has gradients.

    ``posed(matrices (J, 3, 4), weights (52,))`` gives world positions and normals ``(V, 3)`` of all parts together;
    ``triangles (F, 3)`` and ``colors (V, 3)`` (linear, texture read at the vertex) belong to them.
    """

    def __init__(self, avatar: Avatar, device: str = "cpu") -> None:
        try:
            import torch
        except ImportError:
            raise MissingExtraError("drawing with gradients", "train") from None
        self.torch: Any = torch
        parts = render_meshes(avatar)
        starts = np.cumsum([0, *(len(p.part.vertices) for p in parts)])

        def tensor(arrays: list[NDArray], kind: Any = None) -> Any:
            return torch.as_tensor(np.concatenate(arrays), dtype=kind or torch.float32, device=device)

        self._rest = tensor([np.hstack([p.part.vertices, p.normals]) for p in parts])
        self._joints = tensor([p.part.joints.astype(np.int64) for p in parts], torch.int64)
        self._skin = tensor([p.part.weights for p in parts])
        self._moved = tensor([p.moved + s for p, s in zip(parts, starts, strict=False)], torch.int64)
        self._morphs = tensor([p.matrix.reshape(52, -1, 6).transpose(1, 0, 2) for p in parts])
        self.triangles = tensor([p.part.triangles + s for p, s in zip(parts, starts, strict=False)], torch.int64)
        self.colors = tensor([_vertex_colors(p.part) for p in parts])

    def posed(self, matrices: Any, weights: Any) -> tuple[Any, Any]:
        """World positions and unit normals ``(V, 3)``, differentiable in both arguments (tensors)."""
        torch = self.torch
        change = torch.einsum("mkc,k->mc", self._morphs, weights)
        surface = self._rest.index_add(0, self._moved, change)
        blended = torch.einsum("vk,vkab->vab", self._skin, matrices[self._joints])
        positions = torch.einsum("vab,vb->va", blended[..., :3], surface[:, :3]) + blended[..., 3]
        normals = torch.einsum("vab,vb->va", blended[..., :3], surface[:, 3:])
        return positions, torch.nn.functional.normalize(normals, dim=-1)


class Pytorch3dBackend(AvatarBackend):
    """The ``draw`` of the other backends through PyTorch3D, and ``image``, which keeps gradients."""

    def __init__(self, avatar: Avatar, width: int, height: int, device: str | None = None) -> None:
        try:
            import torch
            from pytorch3d.renderer.mesh.rasterize_meshes import rasterize_meshes
            from pytorch3d.structures import Meshes
        except ImportError:
            raise GengineError(
                "drawing with gradients needs PyTorch3D, which has no wheels: "
                "pip install 'git+https://github.com/facebookresearch/pytorch3d.git'"
            ) from None
        self.size, self._rasterize, self._meshes = (width, height), rasterize_meshes, Meshes
        self.device = device or ("cuda" if torch.cuda.is_available() else "cpu")
        self.avatar = TorchAvatar(avatar, self.device)

    def image(self, matrices: Any, weights: Any, camera: Camera, lights: Lights) -> Any:
        """RGBA ``(H, W, 4)`` in 0..1, premultiplied, with gradients through geometry, shading and silhouette."""
        torch, avatar = self.avatar.torch, self.avatar
        width, height = self.size
        positions, normals = avatar.posed(matrices, weights)
        table = torch.as_tensor(lights.table(), device=self.device)
        light = sum(torch.clamp(normals @ row[:3], min=0)[:, None] * row[3:] / np.pi for row in table[:3])
        up = normals[:, 1:2] * 0.5 + 0.5
        shaded = avatar.colors * (light + table[3, :3] * (1 - up) + table[3, 3:] * up)
        look = torch.as_tensor(camera.matrix(width / height), dtype=torch.float32, device=self.device)
        clip = torch.cat([positions, torch.ones_like(positions[:, :1])], dim=1) @ look.T
        aspect = width / height
        # PyTorch3D's NDC: +x to the left, the shorter side spans -1..1, depth grows away from the camera
        screen = torch.stack(
            [
                -clip[:, 0] / clip[:, 3] * max(1.0, aspect),
                clip[:, 1] / clip[:, 3] * max(1.0, 1 / aspect),
                clip[:, 3],
            ],
            dim=1,
        )
        mesh = self._meshes(verts=[screen], faces=[avatar.triangles])
        reach = float(np.log(1.0 / 1e-4 - 1.0) * SOFTNESS)
        face, depth, bary, distance = self._rasterize(
            mesh,
            image_size=(height, width),
            blur_radius=reach,
            faces_per_pixel=FACES_PER_PIXEL,
            clip_barycentric_coords=True,
        )
        inside = face[0] >= 0
        corner = avatar.triangles[face[0].clamp(min=0)]
        color = (shaded[corner] * bary[0][..., None]).sum(-2)
        cover = torch.where(inside, torch.sigmoid(-distance[0] / SOFTNESS), torch.zeros_like(distance[0]))
        near = torch.where(inside, torch.exp((depth[0].amin(-1, keepdim=True) - depth[0]) / 1e-3), 0 * depth[0]) * cover
        mixed = (color * near[..., None]).sum(-2) / near.sum(-1, keepdim=True).clamp(min=1e-6)
        alpha = 1 - torch.prod(1 - cover, dim=-1, keepdim=True)
        return torch.cat([mixed.clamp(0, 1) ** (1 / 2.2) * alpha, alpha], dim=-1)

    def draw(
        self, matrices: NDArray, weights: NDArray, camera: Camera, lights: Lights, feet: NDArray | None
    ) -> NDArray[np.uint8]:
        """RGBA ``(H, W, 4)`` uint8 as the other backends; the floor's shadow is not drawn."""
        del feet
        torch = self.avatar.torch
        with torch.no_grad():
            skin = torch.as_tensor(matrices, dtype=torch.float32, device=self.device)
            curves = torch.as_tensor(weights, dtype=torch.float32, device=self.device)
            picture = self.image(skin, curves, camera, lights)
        return (picture * 255).round().to(torch.uint8).cpu().numpy()

    def close(self) -> None:
        """Nothing is held open."""


def _vertex_colors(part: Any) -> NDArray[np.float32]:
    """Linear colour ``(V, 3)``: the texture read at each vertex, times the material's colour."""
    color = np.tile(np.array(part.material.color[:3], np.float32), (len(part.vertices), 1))
    image = part.material.texture
    if image is not None:
        x = np.clip((part.uv[:, 0] % 1.0) * image.shape[1], 0, image.shape[1] - 1).astype(int)
        y = np.clip((part.uv[:, 1] % 1.0) * image.shape[0], 0, image.shape[0] - 1).astype(int)
        color = color * image[y, x, :3].astype(np.float32) / 255
    return color**2.2
