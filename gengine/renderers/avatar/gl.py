"""Draws skinned triangles with OpenGL 3.3 through EGL: no window, any driver, software (llvmpipe) too."""

from __future__ import annotations

from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gengine.core.avatar import Avatar
from gengine.errors import GengineError, MissingExtraError
from gengine.renderers.avatar.geometry import prepare
from gengine.renderers.avatar.scene import KINDS, Lights, View

SHADOW = 1024
MAX_JOINTS = 128
_ALPHA_TO_COVERAGE, _ALPHA_TO_ONE = 0x809E, 0x809F
_SEE_THROUGH = 0.5
"""Parts more transparent than this (a cornea over its iris) are left out: the eye carries the highlight."""


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


class GlBackend:
    """One avatar on one OpenGL context: ``draw`` returns RGBA rows, background transparent."""

    def __init__(self, avatar: Avatar, width: int, height: int, samples: int = 4) -> None:
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
        samples = min(samples, gl.max_samples)
        color = gl.renderbuffer(self.size, 4, samples=samples)
        self._frame = gl.framebuffer([color], gl.depth_renderbuffer(self.size, samples=samples))
        self._plain = gl.framebuffer([gl.renderbuffer(self.size, 4)])
        self._shadow_map = gl.depth_texture((SHADOW, SHADOW))
        self._shadow_map.compare_func = "<="
        self._shadow_map.repeat_x = self._shadow_map.repeat_y = False
        self._shadow = gl.framebuffer(depth_attachment=self._shadow_map)
        shown = (p for p in prepare(avatar) if p.part.material.color[3] >= _SEE_THROUGH)
        self._parts = [_GlPart(gl, p, self._main, self._depth) for p in shown]
        s = 3.0
        quad = np.array([[-s, 0, -s], [s, 0, -s], [-s, 0, s], [s, 0, s]], np.float32)
        self._ground = gl.vertex_array(self._floor, [(gl.buffer(quad.tobytes()), "3f", "in_position")])

    def draw(
        self, matrices: NDArray, weights: NDArray[np.float32], view: View, lights: Lights, feet: NDArray | None
    ) -> NDArray[np.uint8]:
        """RGBA ``(H, W, 4)`` of skin matrices ``(J, 3, 4)`` and ARKit weights ``(52,)``.

        ``feet (2, 3)`` m darken the floor where they touch; None draws no floor.
        """
        gl = self._gl
        rows = np.zeros((MAX_JOINTS * 3, 4), np.float32)
        rows[: len(matrices) * 3] = matrices.reshape(-1, 4)
        light = lights.projection(view).T.astype(np.float32).tobytes()
        look = view.matrix(self.size[0] / self.size[1]).T.astype(np.float32).tobytes()
        for part in self._parts:
            part.update(weights)
        for program in (self._main, self._depth):
            program["joints"].write(rows.tobytes())
        self._depth["view_projection"].write(light)
        self._shadow.use()
        self._shadow.clear(depth=1.0)
        gl.enable_only(gl.DEPTH_TEST)
        for part in self._parts:
            if not part.transparent:
                part.shadow.render()
        main = self._main
        self._shadow_map.use(1)
        main["shadow_map"].value = 1
        main["base_texture"].value = 0
        main["view_projection"].write(look)
        main["light_projection"].write(light)
        main["eye_point"].value = tuple(float(x) for x in view.position)
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
        if feet is not None:
            gl.enable_only(gl.DEPTH_TEST | gl.BLEND)
            gl.blend_func = gl.ONE_MINUS_DST_ALPHA, gl.ONE  # behind what is drawn
            self._floor["view_projection"].write(look)
            self._floor["light_projection"].write(light)
            self._floor["shadow_map"].value = 1
            self._floor["feet"].write(np.asarray(feet, np.float32).tobytes())
            self._frame.depth_mask = False
            self._ground.render(gl.TRIANGLE_STRIP)
            self._frame.depth_mask = True
        gl.copy_framebuffer(self._plain, self._frame)
        data = self._plain.read(components=4, alignment=1)
        return np.frombuffer(data, np.uint8).reshape(self.size[1], self.size[0], 4)[::-1]

    def close(self) -> None:
        """Free the context."""
        self._gl.release()


class _GlPart:
    """Buffers of one part; morphs are applied here, skinning in the vertex shader."""

    def __init__(self, gl: Any, prepared: Any, main: Any, depth: Any) -> None:
        part = prepared.part
        self._gl, self._prepared, self.material = gl, prepared, part.material
        self.transparent = part.material.color[3] < 1.0 or (
            part.material.texture is not None and part.material.texture.shape[-1] == 4
        )
        self._surface = np.concatenate([part.vertices, prepared.normals], axis=1).astype(np.float32)
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
        moved = self._prepared.moved
        if len(moved):
            position, normal = self._prepared.morphed(weights)
            self._surface[moved, :3], self._surface[moved, 3:] = position, normal
            self._points.write(self._surface.tobytes())

    def render(self, program: Any, gl: Any) -> None:
        material = self.material
        (gl.disable if material.double_sided else gl.enable)(gl.CULL_FACE)
        program["kind"].value = KINDS.get(material.kind, 0)
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
