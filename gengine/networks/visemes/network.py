"""The viseme face network: phones, accents, cues and emotion become a moving face.

Rules all the way, with numbers measured on real faces (face.md; the tables in ``data``): what a learned face
network is measured against, and its teacher. The method in order: coarticulation, expression, lip contact, head
and brows, gaze and lids; each in the file of that name. Once the body is known, ``aim`` turns the eyes to whom is
looked at in the world.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from gengine.core.conditions import ANALYSIS_RATE, MOTION_RATE, Conditions
from gengine.core.constants import Limits, Span, read_constants
from gengine.core.face import ARKIT_INDEX, ARKIT_NAMES, FaceTrack
from gengine.core.lips import SealModel
from gengine.core.look_at import STANDING_EYES
from gengine.core.motion import Motion
from gengine.core.noise import SmoothNoise
from gengine.core.speaker import Speaker
from gengine.core.words import RECOGNISED
from gengine.networks.base import MotionNetwork, NetworkSpec
from gengine.networks.visemes import coarticulation, expression, lip_contact
from gengine.networks.visemes.expression import ExpressionDynamics, ExpressionTable, arkit_indices, expressions
from gengine.networks.visemes.gaze import GazeMood, GazeMotion
from gengine.networks.visemes.gaze_holding import (
    GazeHolding,
    HeadFollowing,
    convergence,
    direction,
    in_range,
    spread_on,
)
from gengine.networks.visemes.mood import MOOD, MoodMotion
from gengine.networks.visemes.targets import MOUTH, viseme_targets
from gengine.networks.visemes.visual_prosody import HEAD, BrowMotion, HeadMotion, to_quaternion


@dataclass(frozen=True)
class FaceConstants:
    """``data/face.csv``, see there for units and sources."""

    gain: float
    heard_jaw: float
    heard_jaw_frames: int
    effort_arousal: float
    gain_limits: Limits
    stretch_lifted: float
    stretch_limits: Limits
    drift_rate: float
    silent_jaw: Span
    activity_frames: int
    pitch_frames: int
    head_arousal: float
    brow_size: Span
    brow_arousal: float
    blink_arousal: float
    blink_activity: Span
    look_down_posture: float
    listening_aversion: float
    thinking_aversion: float
    asymmetry: float
    brow_asymmetry: float
    asymmetry_drift: float
    asymmetry_habit: float
    jaw_sideways: float


FACE = read_constants(FaceConstants, "gengine.networks.visemes", "face")

_SOURCES = [np.array(arkit_indices(name)) for name in MOUTH]
_SPREAD = np.concatenate(_SOURCES)
_FROM = np.concatenate([np.full(len(s), i) for i, s in enumerate(_SOURCES)])
_LIP_CHANNELS = [i for i, name in enumerate(MOUTH) if name != "jawOpen"]
_LEFT = np.array(
    [i for i, n in enumerate(ARKIT_NAMES) if n.endswith("Left") and not n.startswith(("eye", "jaw", "mouthLeft"))]
)
_RIGHT = np.array([ARKIT_INDEX[ARKIT_NAMES[i][:-4] + "Right"] for i in _LEFT])
_ASYMMETRY = np.array([FACE.brow_asymmetry if ARKIT_NAMES[i].startswith("brow") else FACE.asymmetry for i in _LEFT])
_JAW = ARKIT_INDEX["jawOpen"]
_EYES = [i for i, name in enumerate(ARKIT_NAMES) if name.startswith("eye")]
_JAW_LEFT, _JAW_RIGHT = ARKIT_INDEX["jawLeft"], ARKIT_INDEX["jawRight"]


class FaceState:
    """Everything the network remembers of one recording."""

    def __init__(self, speaker: Speaker, seed: int) -> None:
        self.traits = speaker.traits
        self.dynamics = ExpressionDynamics(expressions())
        self.gaze = GazeMotion(speaker.traits, seed)
        self.brows = BrowMotion(speaker.traits, seed)
        self.head = HeadMotion(speaker.traits, seed)
        self.following = HeadFollowing()
        self.holding = GazeHolding()
        self.open_eyes = np.zeros((0, len(ARKIT_NAMES)))
        """Weights ``(T, 52)`` of the last hop before gaze and lids were added."""
        self.idle_lips = lip_contact.IdleLips(seed)
        self.mood = MoodMotion(seed)
        self.drift = SmoothNoise(2, FACE.drift_rate, seed, "face drift")


class VisemeNetwork(MotionNetwork):
    """Face of each hop by rules.

    ``seal`` is the head whose lips must close (default ICT-FaceKit; ``SealModel.measure`` gives another's),
    ``gain`` the size of articulation.
    """

    spec = NetworkSpec(
        consumes=("prosody", "phones", "syllables", "cues", "emotion", "speaker", "look_at"),
        produces="face",
        fps=MOTION_RATE,
        context=1.0,
        lookahead=0.8,
        least=0.0,
    )
    paced = False
    """Lips close slower from further apart: a mouth that does not come together before a closure needs it."""

    def __init__(self, seal: SealModel | None = None, gain: float = FACE.gain) -> None:
        self.seal, self.gain = seal or SealModel.ict(), gain

    def start(self, speaker: Speaker, seed: int) -> FaceState:
        """The state before the first hop of a recording."""
        return FaceState(speaker, seed)

    def generate(self, conditions: Conditions, state: FaceState) -> FaceTrack:
        """The face of the hop: weights ``(T, 52)``, head ``(T, 4)`` and gaze ``(T, 2)`` at ``MOTION_RATE``.

        Its eyes are those of a head over a trunk at rest: ``aim`` finds them anew once the body is known.
        """
        times = conditions.frames(MOTION_RATE)
        if not len(times):
            return _track(np.zeros((0, len(ARKIT_NAMES))), np.zeros((0, 4)), np.zeros((0, 2)))
        table = expressions()
        wanted, vad = conditions.emotion_at(times)
        shown, arousal = state.dynamics.follow(wanted), vad[:, 1]
        carried, stir = shown, arousal  # of the head
        if (conditions.face_shows, conditions.head_shows) != (1, 1):
            carried, stir = np.minimum(shown * conditions.head_shows, 1), arousal * conditions.head_shows
            shown, arousal = np.minimum(shown * conditions.face_shows, 1), arousal * conditions.face_shows
        drift = state.drift(times)
        activity = _smooth(conditions, "speech", times, FACE.activity_frames)
        felt = expression.mix(shown, table)
        state.mood.plan(conditions)
        state.mood.swell(felt, times, _smooth(conditions, "level", times, MOOD.phrase_frames), arousal)
        felt[:, _JAW] *= FACE.silent_jaw.at(activity)  # a mouth left open in silence looks vacant

        weights, closed, touching = self._speech(conditions, state, times, shown, arousal, felt)
        weights = expression.add_to_speech(weights, felt, closed, self.seal)
        state.idle_lips.plan(conditions)
        state.idle_lips.add(weights, times)
        state.mood.twitch(weights, times, arousal)
        _asymmetry(weights, drift, state.traits.smile)

        lively = expression.gain(carried, table.head) * (1 + FACE.head_arousal * stir)
        state.brows.plan(conditions)
        pitch = _smooth(conditions, "pitch", times, FACE.pitch_frames)
        stirred = expression.gain(shown, table.brows) * (1 + FACE.brow_arousal * np.maximum(arousal, 0))
        state.brows.add(weights, times, pitch, FACE.brow_size.at(lively) * stirred)
        state.head.plan(conditions)
        self._plan_gaze(conditions, state, shown, arousal, activity)
        posture = carried @ table.posture
        angles = state.head.angles(times, activity, posture, lively)
        sight, target = state.gaze.sight(times), conditions.look_at
        inward = np.zeros(len(times))
        if target is None:  # nobody is looked at: the eyes go down with the head
            sight = sight - np.stack([0 * inward, _cast_down(shown)], axis=1)
        else:
            way = target.at(times) - STANDING_EYES
            towards, inward = direction(way), convergence(way)
            sight = sight + towards
            # what the head does of its own is no part of its turn to the target, and may call for one
            alone = (angles - state.head.turn(times))[:, [1, 0]] * [1, -1]
            angles = angles + state.following.turn(towards - alone)
            np.clip(angles, -HEAD.limit, HEAD.limit, out=angles)
        gaze = in_range(sight - angles[:, [1, 0]] * [1, -1])
        state.open_eyes = weights.copy()
        state.gaze.add(weights, times, gaze, inward)
        np.clip(weights, 0, 1, out=weights)
        lip_contact.solve(weights, closed, touching, self.seal)
        return _track(np.clip(weights, 0, 1), to_quaternion(angles), gaze)

    def aim(self, face: FaceTrack, motion: Motion, conditions: Conditions, state: FaceState) -> FaceTrack:
        """The face with eyes and lids for its target in the world, whatever head and trunk of ``motion`` do."""
        times, target = conditions.frames(MOTION_RATE), conditions.look_at
        if target is None or not len(times) or "Head" not in motion.skeleton.names:
            return face
        gaze, inward = state.holding.gaze(motion, target.at(times), state.gaze.sight(times))
        eyes = state.open_eyes
        state.gaze.add(eyes, times, gaze, inward)
        weights = face.weights.copy()
        weights[:, _EYES] = np.clip(eyes[:, _EYES], 0, 1)
        return replace(face, weights=weights, gaze=gaze)

    def _speech(
        self, conditions: Conditions, state: FaceState, times: NDArray, shown: NDArray, arousal: NDArray, felt: NDArray
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Speech weights ``(T, 52)``, seal and contact curves ``(T,)``."""
        table = expressions()
        segments = coarticulation.gather(conditions, viseme_targets())
        mouth = self._mouth(conditions, times, segments)
        effort = self.gain * state.traits.articulation * (1 + FACE.effort_arousal * arousal)
        jaw_gain = FACE.gain_limits.clip(expression.gain(shown, table.jaw))
        lip_gain = FACE.gain_limits.clip(expression.gain(shown, table.lips))
        mouth[:, 0] *= effort * jaw_gain
        mouth[:, _LIP_CHANNELS] *= (effort * lip_gain)[:, None]
        weights = np.zeros((len(times), len(ARKIT_NAMES)))
        weights[:, _SPREAD] = mouth[:, _FROM]
        lifted = np.maximum(self.seal.gap_mm(felt) - self.seal.rest, 0)
        stretch = FACE.stretch_limits.clip((jaw_gain * effort / FACE.gain) ** 2 + FACE.stretch_lifted * lifted)
        gap = self.seal.gap_mm(weights + felt) if self.paced else None
        closed = lip_contact.closure_curve(times, segments.closures, stretch, gap)
        return weights, closed, lip_contact.contact_curve(times, segments.contacts, stretch)

    def _mouth(
        self, conditions: Conditions, times: NDArray, segments: coarticulation.PhoneSegments
    ) -> NDArray[np.float64]:
        """Mouth weights ``(T, 12)`` by ``MOUTH`` at ``times (T,)``, of neutral speech."""
        mouth = coarticulation.mouth_curves(conditions, segments, viseme_targets())
        if conditions.jaw is not None and len(conditions.jaw):
            alone = conditions.only_heard(times) if conditions.source == RECOGNISED else 1.0
            share = FACE.heard_jaw * alone
            mouth[:, 0] += share * (_heard_jaw(conditions, conditions.jaw, times) - mouth[:, 0])
        return mouth

    def _plan_gaze(
        self, conditions: Conditions, state: FaceState, shown: NDArray, arousal: NDArray, activity: NDArray
    ) -> None:
        """Plan gaze shifts and blinks by what the middle of the hop shows."""
        middle = shown[len(shown) // 2][None]

        def now(column: NDArray[np.float64]) -> float:
            return float(expression.gain(middle, column)[0])

        table: ExpressionTable = expressions()
        excited = 1 + FACE.blink_arousal * arousal.mean()
        rate = now(table.blink_rate) * state.traits.blink * excited * FACE.blink_activity.at(activity.mean())
        target = conditions.look_at
        role = {"listening": FACE.listening_aversion, "thinking": FACE.thinking_aversion}.get(conditions.role, 1.0)
        mood = GazeMood(
            role * now(table.aversion), now(table.haste), now(table.gaze_down),
            0.0 if target is None else float(_cast_down(middle)[0]),
            1.0 if target is None else spread_on(target, conditions.hop_start),
        )  # fmt: skip
        state.gaze.plan(conditions, state.head.turn, float(rate), now(table.blink_duration), mood)


def _cast_down(shown: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far an emotion casts the eyes down, rad ``(T,)``, by shown strengths ``(T, 18)``."""
    table = expressions()
    return shown @ table.look_down + FACE.look_down_posture * np.maximum((shown @ table.posture)[:, 0], 0)


def _heard_jaw(conditions: Conditions, jaw: NDArray, times: NDArray) -> NDArray[np.float64]:
    """The jaw that the recogniser expects, at ``times (T,)`` s, under a running mean."""
    beyond = FACE.heard_jaw_frames // 2
    padded = np.concatenate([jaw[:1].repeat(beyond), jaw, jaw[-1:].repeat(beyond)], dtype=float)
    smooth = np.convolve(padded, _box(FACE.heard_jaw_frames), "valid")
    return np.interp(times, conditions.start + np.arange(len(smooth)) / ANALYSIS_RATE, smooth)


def _track(weights: NDArray, head: NDArray, gaze: NDArray) -> FaceTrack:
    return FaceTrack(weights.astype(np.float32), head.astype(np.float32), gaze.astype(np.float32), MOTION_RATE)


def _asymmetry(weights: NDArray[np.float64], drift: NDArray, habit: float) -> None:
    """The sides differ by a few per cent that drift, led by the speaker's ``habit`` (0 right .. 1 left)."""
    lean = FACE.asymmetry_drift * drift[:, :1] + FACE.asymmetry_habit * (habit - 1 / 2)
    lean = np.clip(lean, -1, 1) * _ASYMMETRY
    weights[:, _LEFT] *= 1 + lean
    weights[:, _RIGHT] *= 1 - lean
    sideways = FACE.jaw_sideways * drift[:, 1] * weights[:, _JAW]
    weights[:, _JAW_LEFT] += np.maximum(sideways, 0)
    weights[:, _JAW_RIGHT] += np.maximum(-sideways, 0)


@cache
def _box(width: int) -> NDArray[np.float64]:
    return np.ones(width) / width


def _smooth(conditions: Conditions, name: str, times: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """A prosody curve under two running means of ``width`` analysis frames each, ``(T,)``."""
    first, last = round(times[0] * ANALYSIS_RATE) - width - 1, round(times[-1] * ANALYSIS_RATE) + width + 1
    at = np.arange(first, last + 1) / ANALYSIS_RATE
    box = _box(width)
    curve = np.convolve(np.convolve(conditions.curve(name, at), box, "same"), box, "same")
    return np.interp(times, at, curve)
