"""Draws skinned triangles with OpenGL 3.3 through EGL: no window, any driver, software (llvmpipe) too."""

from __future__ import annotations

from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gengine.core.avatar import Avatar
from gengine.errors import GengineError, MissingExtraError
from gengine.renderers.avatar.materials import MATERIAL_IDS, PLAIN
from gengine.renderers.avatar.render_mesh import RenderMesh, render_meshes
from gengine.renderers.avatar.scene import Camera, Lights
from gengine.renderers.base import AvatarBackend

SHADOW = 1024
"""Side of the shadow map, texels; ``lit_by_key`` of ``avatar.frag`` knows it."""
MAX_JOINTS = 128
"""Skin matrices that ``avatar.vert`` has room for."""
FLOOR_REACH = 3.0
"""Half the side of the floor, metres: its shadow has faded out before."""
SAMPLES = 4
"""Of a pixel (multisampling), where the driver has as many."""
_ALPHA_TO_COVERAGE, _ALPHA_TO_ONE = 0x809E, 0x809F
"""OpenGL's numbers of two switches that moderngl does not name."""


def hardware() -> bool:
    """Whether OpenGL runs on a graphics card here."""
    try:
        import moderngl

        context: Any = moderngl.create_context(standalone=True, backend="egl", require=330)  # type: ignore[arg-type]
    except Exception:  # noqa: BLE001 - drivers raise anything
        return False
    name = context.info["GL_RENDERER"].lower()
    context.release()
    return not any(slow in name for slow in ("llvmpipe", "softpipe", "swrast", "swiftshader", "software"))


class GlBackend(AvatarBackend):
    """One avatar on one OpenGL context: ``draw`` returns RGBA rows, background transparent."""

    def __init__(self, avatar: Avatar, width: int, height: int, samples: int = SAMPLES) -> None:
        try:
            import moderngl
        except ImportError:
            raise MissingExtraError("drawing with OpenGL", "render") from None
        try:
            self._gl: Any = moderngl.create_context(standalone=True, backend="egl", require=330)  # type: ignore[arg-type]
        except Exception as error:  # noqa: BLE001 - drivers raise anything
            raise GengineError(
                f"OpenGL: no EGL context ({error}); install libegl1 and libgl1-mesa-dri, or use --backend soft"
            ) from None
        if len(avatar.skeleton) > MAX_JOINTS:
            raise GengineError(
                f"avatar {avatar.name}: {len(avatar.skeleton)} joints, at most {MAX_JOINTS} can be drawn"
            )
        gl = self._gl
        self.size = (width, height)
        self._main = gl.program(vertex_shader=_shader("avatar.vert"), fragment_shader=_shader("avatar.frag"))
        self._depth = gl.program(vertex_shader=_shader("avatar.vert"), fragment_shader=_shader("shadow.frag"))
        self._floor = gl.program(vertex_shader=_shader("ground.vert"), fragment_shader=_shader("ground.frag"))
        self._open_targets(min(samples, gl.max_samples))
        self._parts = [_GlMesh(gl, mesh, self._main, self._depth) for mesh in render_meshes(avatar)]
        r = FLOOR_REACH
        quad = np.array([[-r, 0, -r], [r, 0, -r], [-r, 0, r], [r, 0, r]], np.float32)
        self._ground = gl.vertex_array(self._floor, [(gl.buffer(quad.tobytes()), "3f", "in_position")])

    def _open_targets(self, samples: int) -> None:
        """What is drawn into: the picture with ``samples`` a pixel, the same resolved, and the shadow map."""
        gl = self._gl
        color = gl.renderbuffer(self.size, 4, samples=samples)
        self._frame = gl.framebuffer([color], gl.depth_renderbuffer(self.size, samples=samples))
        self._plain = gl.framebuffer([gl.renderbuffer(self.size, 4)])
        self._shadow_map = gl.depth_texture((SHADOW, SHADOW))
        self._shadow_map.compare_func = "<="
        self._shadow_map.repeat_x = self._shadow_map.repeat_y = False
        self._shadow = gl.framebuffer(depth_attachment=self._shadow_map)

    def draw(
        self, matrices: NDArray, weights: NDArray[np.float32], camera: Camera, lights: Lights, feet: NDArray | None
    ) -> NDArray[np.uint8]:
        """RGBA ``(H, W, 4)`` uint8 of a pose, as ``AvatarBackend`` says."""
        rows = np.zeros((MAX_JOINTS * 3, 4), np.float32)
        rows[: len(matrices) * 3] = matrices.reshape(-1, 4)
        for program in (self._main, self._depth):
            program["joints"].write(rows.tobytes())
        for part in self._parts:
            part.update(weights)
        to_light = lights.projection(camera).T.astype(np.float32).tobytes()
        to_screen = camera.matrix(self.size[0] / self.size[1]).T.astype(np.float32).tobytes()
        self._draw_shadow(to_light)
        self._draw_avatar(to_screen, to_light, camera, lights)
        if feet is not None:
            self._draw_floor(to_screen, to_light, feet)
        self._gl.copy_framebuffer(self._plain, self._frame)
        data = self._plain.read(components=4, alignment=1)
        return np.frombuffer(data, np.uint8).reshape(self.size[1], self.size[0], 4)[::-1]

    def _draw_shadow(self, to_light: bytes) -> None:
        """Depths as the key light sees them."""
        gl = self._gl
        self._depth["view_projection"].write(to_light)
        self._shadow.use()
        self._shadow.clear(depth=1.0)
        gl.enable_only(gl.DEPTH_TEST)
        for part in self._parts:
            if not part.transparent:
                part.shadow.render()

    def _draw_avatar(self, to_screen: bytes, to_light: bytes, camera: Camera, lights: Lights) -> None:
        gl, main = self._gl, self._main
        self._shadow_map.use(1)
        main["shadow_map"].value = 1
        main["base_texture"].value = 0
        main["view_projection"].write(to_screen)
        main["light_projection"].write(to_light)
        main["eye_point"].value = tuple(float(x) for x in camera.position)
        main["key_direction"].value = tuple(lights.key)
        main["fill_direction"].value = tuple(lights.fill)
        main["rim_direction"].value = tuple(lights.rim)
        main["lights"].write(np.ascontiguousarray(_colors(lights)).tobytes())
        self._frame.use()
        self._frame.clear(0.0, 0.0, 0.0, 0.0)
        gl.enable_only(gl.DEPTH_TEST)
        # hair cards cover as many samples as they are opaque, in any order, without halos
        for flag in (_ALPHA_TO_COVERAGE, _ALPHA_TO_ONE):
            gl.enable_direct(flag)
        for part in self._parts:
            part.render(main, gl)
        for flag in (_ALPHA_TO_COVERAGE, _ALPHA_TO_ONE):
            gl.disable_direct(flag)

    def _draw_floor(self, to_screen: bytes, to_light: bytes, feet: NDArray) -> None:
        """The shadow on the floor, behind what is drawn."""
        gl = self._gl
        gl.enable_only(gl.DEPTH_TEST | gl.BLEND)
        gl.blend_func = gl.ONE_MINUS_DST_ALPHA, gl.ONE
        self._floor["view_projection"].write(to_screen)
        self._floor["light_projection"].write(to_light)
        self._floor["shadow_map"].value = 1
        self._floor["feet"].write(np.asarray(feet, np.float32).tobytes())
        self._frame.depth_mask = False
        self._ground.render(gl.TRIANGLE_STRIP)
        self._frame.depth_mask = True

    def close(self) -> None:
        """Free the context."""
        self._gl.release()


class _GlMesh:
    """Buffers of one part; morphs are applied here, skinning in the vertex shader."""

    def __init__(self, gl: Any, mesh: RenderMesh, main: Any, depth: Any) -> None:
        part = mesh.part
        self._mesh, self.material = mesh, part.material
        self.transparent = part.material.color[3] < 1.0 or (
            part.material.texture is not None and part.material.texture.shape[-1] == 4
        )
        self._surface = np.concatenate([part.vertices, mesh.normals], axis=1).astype(np.float32)
        self._points = gl.buffer(self._surface.tobytes(), dynamic=True)
        uv = gl.buffer(part.uv.astype(np.float32).tobytes())
        joints = gl.buffer(part.joints.astype(np.uint8).tobytes())
        weights = gl.buffer(part.weights.astype(np.float32).tobytes())
        index = gl.buffer(part.triangles.astype(np.uint32).tobytes())
        skin = [(joints, "4u1", "in_joints"), (weights, "4f", "in_weights")]
        self.main = gl.vertex_array(
            main, [(self._points, "3f 3f", "in_position", "in_normal"), (uv, "2f", "in_uv"), *skin], index
        )
        self.shadow = gl.vertex_array(depth, [(self._points, "3f 12x", "in_position"), *skin], index)
        self.texture = None
        if part.material.texture is not None:
            image = np.ascontiguousarray(part.material.texture)
            self.texture = gl.texture((image.shape[1], image.shape[0]), image.shape[2], image.tobytes(), alignment=1)
            self.texture.build_mipmaps()
            self.texture.filter = gl.LINEAR_MIPMAP_LINEAR, gl.LINEAR

    def update(self, weights: NDArray[np.float32]) -> None:
        moved = self._mesh.moved
        if len(moved):
            position, normal = self._mesh.morphed(weights)
            self._surface[moved, :3], self._surface[moved, 3:] = position, normal
            self._points.write(self._surface.tobytes())

    def render(self, program: Any, gl: Any) -> None:
        material = self.material
        (gl.disable if material.double_sided else gl.enable)(gl.CULL_FACE)
        program["kind"].value = MATERIAL_IDS.get(material.kind, PLAIN)
        program["color"].value = tuple(material.color)
        program["roughness"].value = material.roughness
        program["double_sided"].value = material.double_sided
        program["has_texture"].value = self.texture is not None
        if self.texture is not None:
            self.texture.use(0)
        self.main.render()


def _colors(lights: Lights) -> NDArray[np.float32]:
    """Colours ``(5, 3)`` of key, fill, rim, and light from below and above."""
    table = lights.table()
    return np.concatenate([table[:3, 3:], table[3:, :3], table[3:, 3:]])


def _shader(name: str) -> str:
    return resources.files("gengine.renderers.avatar").joinpath(f"shaders/{name}").read_text("utf-8")
