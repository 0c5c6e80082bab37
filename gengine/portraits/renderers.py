"""Who paints the mouth of a portrait: the warp alone, the regressor, or diffusion. Both networks change the warped
frame between the lips and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from gengine.checkpoint import fitting, shared_checkpoint
from gengine.core.audio import SAMPLE_RATE, AudioClip
from gengine.core.constants import Span
from gengine.core.noise import generator
from gengine.errors import FormatError, GengineError, MissingExtraError, unknown
from gengine.portraits.crop import AREAS, MOUTH, MouthCrop
from gengine.portraits.eyes import signed_area
from gengine.portraits.sound import HeardSound
from gengine.portraits.warp import FacePose, PortraitWarp

CHECKPOINTS = {"regressor": "portrait-regressor-v2", "diffusion": "portrait-diffusion-v3"}
"""Bundled ones by the renderer's name."""
OPENED = Span(8.0, 32.0)
"""Pixels of a crop between the lips from which diffusion paints at all, and to where in full (judgement)."""
ITS_LIGHT, WITHIN, DARK = 0.8, 1.0, 0.06
"""Share of the warp's colours in what networks change between the lips, pixels of a crop over which that fades at
their edge, and brightness (2 is white) below which a pixel of the warp tells no colour (judgement)."""
STEPS = (1, 50)
"""Fewest and most steps of denoising."""
STRONGEST = 10.0
"""Largest guidance (judgement)."""


@dataclass(frozen=True)
class Painting:
    """How diffusion paints: ``steps`` of denoising (None: as its checkpoint says), ``guidance`` by emotion and scene,
    the ``scene``'s sentence (None: a template writes one from the emotion), and the ``seed`` of its one noise."""

    steps: int | None = None
    guidance: float = 1.0
    scene: str | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if self.steps is not None and not STEPS[0] <= self.steps <= STEPS[1]:
            raise GengineError(f"portrait steps: {self.steps}, expected {STEPS[0]} to {STEPS[1]}")
        if not 0 <= self.guidance <= STRONGEST:
            raise GengineError(f"portrait guidance: {self.guidance:g}, expected 0 to {STRONGEST:g}")


class MouthRenderer(Protocol):
    """Paints frame after frame of one film."""

    def hear(self, sound: AudioClip, last: bool = False) -> None:
        """The next stretch of sound."""
        ...

    def ready(self, second: float) -> bool:
        """Whether the sound up to ``second`` has been heard, as far as it matters."""
        ...

    def paint(self, frame: NDArray[np.uint8], pose: FacePose, second: float, emotion: NDArray) -> None:
        """Paint the mouth of a warped ``frame (H, W, 3)`` in place; ``emotion (18,)`` are strengths."""
        ...


def mouth_renderer(name: str, warp: PortraitWarp, painting: Painting = Painting()) -> MouthRenderer:
    """The renderer called "warp", "regressor" or "diffusion", or that of a checkpoint's folder.

    Raises ``GengineError`` for another name, ``FormatError`` for a damaged checkpoint, ``MissingExtraError`` without
    the extra ``diffusion`` where it is needed.
    """
    if name == "warp":
        return WarpAlone()
    try:
        config, tensors = shared_checkpoint(CHECKPOINTS.get(name, name))
    except FormatError:
        if name in CHECKPOINTS or "/" in name:
            raise
        raise unknown("renderer:", name, ["warp", *CHECKPOINTS], "or give the folder of a checkpoint") from None
    kind = str(config.get("kind")).removeprefix("portrait-")
    if kind not in CHECKPOINTS:
        kinds = ", ".join(f"portrait-{k}" for k in CHECKPOINTS)
        raise GengineError(f"renderer {name}: its checkpoint is for '{config.get('kind')}', expected {kinds}")
    with fitting(name):
        if kind == "regressor":
            return RegressorMouth(config, tensors, warp)
        return DiffusionMouth(config, tensors, warp, painting)


class WarpAlone:
    """Leaves the mouth as the warp drew it."""

    def hear(self, sound: AudioClip, last: bool = False) -> None:
        """See ``MouthRenderer``."""

    def ready(self, second: float) -> bool:
        """See ``MouthRenderer``."""
        return True

    def paint(self, frame: NDArray[np.uint8], pose: FacePose, second: float, emotion: NDArray) -> None:
        """See ``MouthRenderer``."""


class _Cropped(WarpAlone):
    """A photo's own crop and masks, of the area that a checkpoint paints."""

    def __init__(self, config: dict[str, Any], warp: PortraitWarp) -> None:
        self.crop = MouthCrop(warp.source, AREAS[config.get("area", "mouth")])
        place = self.crop.place(warp.source)
        self.still = _tensor(self.crop.cut(warp.photo.rgb, place))
        self.still_masks = _tensor(self.crop.masks(warp.source, place), 255.0, 0.0)

    def put(self, frame: NDArray[np.uint8], change: Any, warped: Any, lips: NDArray[np.uint8], place: NDArray) -> None:
        """Lay a network's ``change (1, 3, h, w)`` of the ``warped`` crop, of which 2 is black to white, over the frame.

        Of a mouth what is between the lips is laid, in the warp's colours: what skin and light became in the films that
        were learned from suits these films alone.
        """
        covered = lips[..., 1]
        if self.crop.area is MOUTH:
            change, covered = _in_its_light(change, warped, lips), lips[..., 0]
        laid = np.ascontiguousarray(change[0].permute(1, 2, 0).numpy()) * np.float32(127.5)
        self.crop.paste(frame, laid, np.ascontiguousarray(covered), place)


class RegressorMouth(_Cropped):
    """One pass of the small network a frame."""

    def __init__(self, config: dict[str, Any], tensors: dict[str, NDArray], warp: PortraitWarp) -> None:
        import torch

        from gengine.portraits.regressor import MouthRegressor

        super().__init__(config, warp)
        self.network = MouthRegressor(tuple(int(w) for w in config["widths"]))
        self.network.load_state_dict({k: torch.from_numpy(v.astype(np.float32)) for k, v in tensors.items()})
        self.network.eval().requires_grad_(False)

    def paint(self, frame: NDArray[np.uint8], pose: FacePose, second: float, emotion: NDArray) -> None:
        """See ``MouthRenderer``."""
        import torch

        place = self.crop.place(pose.mesh)
        lips = self.crop.masks(pose.mesh, place)
        warped = _tensor(self.crop.cut(frame, place))
        change = self.network(torch.cat([warped, self.still, _tensor(lips, 255.0, 0.0), self.still_masks], 1))
        self.put(frame, change, warped, lips, place)


class DiffusionMouth(_Cropped):
    """A few steps of denoising a frame, each frame after the two before it."""

    def __init__(
        self, config: dict[str, Any], tensors: dict[str, NDArray], warp: PortraitWarp, painting: Painting
    ) -> None:
        import torch

        try:
            from gengine.portraits.diffusion import pipeline_of
        except ImportError as error:
            if error.name != "diffusers":
                raise
            raise MissingExtraError("the diffusion renderer", "diffusion") from None
        super().__init__(config, warp)
        self.painting, self.steps = painting, painting.steps or int(config["steps"])
        self.pipeline = pipeline_of(config, tensors)
        with torch.no_grad():
            self.photo = self.pipeline.encode(self.still)
        noise = generator(painting.seed, "portrait noise").standard_normal(tuple(self.photo.shape))
        self.noise = torch.from_numpy(noise.astype(np.float32))
        self.before = self.earlier = self.photo
        self.heard = HeardSound()

    def hear(self, sound: AudioClip, last: bool = False) -> None:
        """See ``MouthRenderer``."""
        self.heard.push(sound, last)
        if last:  # silence follows
            self.heard.push(AudioClip(np.zeros(SAMPLE_RATE, np.float32), SAMPLE_RATE))

    def ready(self, second: float) -> bool:
        """See ``MouthRenderer``."""
        return second <= self.heard.until

    def paint(self, frame: NDArray[np.uint8], pose: FacePose, second: float, emotion: NDArray) -> None:
        """See ``MouthRenderer``."""
        import torch

        from gengine.core.emotion import EMOTIONS
        from gengine.portraits.diffusion import rows_of, scene_of

        place = self.crop.place(pose.mesh)
        lips = self.crop.masks(pose.mesh, place)
        name = EMOTIONS[int(np.argmax(emotion))] if np.max(emotion) > 0 else EMOTIONS[0]
        scene = self.painting.scene if self.painting.scene is not None else scene_of(name)
        with torch.no_grad():
            crop = _tensor(self.crop.cut(frame, place))
            warped = self.pipeline.encode(crop)
            latents = {"warped": warped, "still": self.photo, "before": self.before, "earlier": self.earlier}
            clean = self.pipeline(
                latents, _tensor(lips, 255.0, 0.0), torch.from_numpy(self.heard.at(second))[None],
                torch.from_numpy(np.asarray(emotion, np.float32))[None], rows_of(scene)[None], self.noise,
                steps=self.steps, guidance=self.painting.guidance,
            )  # fmt: skip
            both = self.pipeline.decode(torch.cat([clean, warped]))
        self.before, self.earlier = clean, self.before
        self.put(frame, self._sealed(pose, place) * (both[:1] - both[1:]), crop, lips, place)

    def _sealed(self, pose: FacePose, place: NDArray) -> float:
        """How much of the change is laid: lips that the warp closes stay closed, whatever emotion would open them."""
        opened = signed_area(pose.mesh[list(self.crop.area.inner)]) * abs(float(np.linalg.det(place[:, :2])))
        return 1.0 if self.crop.area is not MOUTH else float(OPENED.share(opened))


def _in_its_light(change: Any, warped: Any, lips: NDArray[np.uint8]) -> Any:
    """A network's change with the warp's colours between the lips: brightness it knows, but the light of the films that
    it learned from is not the photo's."""
    import cv2
    import torch

    within = cv2.GaussianBlur(lips[..., 0].astype(np.float32) / 255, (0, 0), WITHIN)
    colours = warped + 1
    hue = colours / colours.mean(1, keepdim=True).clamp(min=DARK)
    plain = change.mean(1, keepdim=True) * hue
    return change + (plain - change) * (ITS_LIGHT * torch.from_numpy(within))


def _tensor(crop: NDArray[np.uint8], scale: float = 127.5, shift: float = 1.0) -> Any:
    import torch

    return torch.from_numpy(np.ascontiguousarray(crop)).permute(2, 0, 1)[None].float() / scale - shift
