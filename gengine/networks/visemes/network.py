"""The viseme face network: speech sounds, accents, cues and the mood become a moving face.

Rules all the way, with numbers measured on real faces (face.md): what a learned face network is measured
against, and its teacher. See the neighbouring files for each part.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gengine.core.conditions import ANALYSIS_RATE, MOTION_RATE, Conditions
from gengine.core.emotion import EMOTION_INDEX, EMOTIONS
from gengine.core.face import ARKIT_INDEX, ARKIT_NAMES, FaceTrack
from gengine.core.lips import SealModel
from gengine.core.noise import SmoothNoise, generator
from gengine.core.speaker import Speaker
from gengine.networks.base import MotionNetwork, NetworkSpec
from gengine.networks.visemes import coarticulation, expression, seal
from gengine.networks.visemes.brows import Brows
from gengine.networks.visemes.expression import Mood, expressions
from gengine.networks.visemes.eyes import Eyes
from gengine.networks.visemes.head import Head, to_quaternion
from gengine.networks.visemes.pulses import Pulses
from gengine.networks.visemes.targets import MOUTH, targets

GAIN = 1.15
"""Size of articulation: viewers prefer a little too much to a little too little (Aldeneh 2022)."""

HEARD_JAW = 0.5
"""Share of the jaw taken from what the recogniser expects of it, where phones are only heard: it is surer of how
open a sound is than of which sound it is."""

_SOURCES = [np.array(expression.indices(name)) for name in MOUTH]
_SPREAD = np.concatenate(_SOURCES)
_FROM = np.concatenate([np.full(len(s), i) for i, s in enumerate(_SOURCES)])
_LIP_CHANNELS = [i for i, name in enumerate(MOUTH) if name != "jawOpen"]
_LEFT = np.array(
    [i for i, n in enumerate(ARKIT_NAMES) if n.endswith("Left") and not n.startswith(("eye", "jaw", "mouthLeft"))]
)
_RIGHT = np.array([ARKIT_INDEX[ARKIT_NAMES[i][:-4] + "Right"] for i in _LEFT])
_DRIFTS = np.array([0.02 if ARKIT_NAMES[i].startswith("brow") else 0.05 for i in _LEFT])
_JAW = ARKIT_INDEX["jawOpen"]
_JAW_SIDES = [ARKIT_INDEX["jawLeft"], ARKIT_INDEX["jawRight"]]


def _per_emotion(**values: float) -> NDArray[np.float64]:
    out = np.ones(len(EMOTIONS))
    for name, value in values.items():
        out[EMOTION_INDEX[name]] = value
    return out


# How moods look away and around, x of the speaker's own habit; signs from gesture literature, sizes by eye.
_AVERSION = _per_emotion(
    sadness=1.6, anger=0.5, fear=1.4, bored=1.9, tired=1.6, anxious=1.8, confused=1.6, tender=0.7, determined=0.4,
    contempt=1.2, surprise=0.5, pained=1.5, disgust=1.4,
)  # fmt: skip
_HASTE = _per_emotion(
    fear=1.1, anxious=1.15, surprise=1.0, sadness=0.9, tired=0.9, bored=0.85, happiness=1.02, confused=1.05, tender=0.9
)
# Head movement, x (gesture.md section 4, amplitudes).
_HEAD_SIZE = _per_emotion(
    happiness=1.15, anger=1.2, sadness=0.7, fear=0.8, disgust=0.85, contempt=0.8, surprise=1.1, bored=0.7, tired=0.65,
    anxious=0.9, tender=0.85, proud=0.9, pained=0.8, amused=1.1,
)  # fmt: skip


class _State:
    """Everything the network remembers of one recording."""

    def __init__(self, speaker: Speaker, seed: int) -> None:
        self.speaker, self.seed = speaker, seed
        self.mood = Mood(expressions())
        self.eyes = Eyes(speaker.traits, seed)
        self.brows = Brows(speaker.traits, seed)
        self.head = Head(speaker.traits, seed)
        self.drift = SmoothNoise(3, 0.25, seed, "face drift")
        self.lips = Pulses(4)  # jawOpen, mouthLowerDown, mouthPress, mouthShrugLower
        self.parted = -1.0
        self.next_swallow = 8.0 + 20.0 * generator(seed, "swallow").random()


class VisemeNetwork(MotionNetwork):
    """Face of each hop by rules.

    ``seal`` is the head whose lips must close (default ICT-FaceKit; ``SealModel.measure`` gives another's),
    ``gain`` the size of articulation.
    """

    spec = NetworkSpec(
        consumes=("prosody", "phones", "syllables", "cues", "emotion", "speaker"),
        produces="face",
        fps=MOTION_RATE,
        context=1.0,
        lookahead=0.8,
    )

    def __init__(self, seal: SealModel | None = None, gain: float = GAIN) -> None:
        self.seal, self.gain = seal or SealModel.ict(), gain

    def start(self, speaker: Speaker, seed: int) -> _State:
        return _State(speaker, seed)

    def generate(self, conditions: Conditions, state: _State) -> FaceTrack:
        times = conditions.frames(MOTION_RATE)
        if not len(times):
            return _track(np.zeros((0, 52)), np.zeros((0, 4)), np.zeros((0, 2)))
        table, traits = expressions(), state.speaker.traits
        wanted, vad = conditions.emotion_at(times)
        shown = state.mood.follow(wanted)
        arousal = vad[:, 1]
        drift = state.drift(times)
        # A held mood breathes: +-8 %, slowly, so that it never freezes.
        felt = expression.mix(shown * (1.0 + 0.08 * drift[:, :1]), table)
        activity = _activity(conditions, times)
        felt[:, _JAW] *= 0.5 + 0.5 * activity  # a mouth left open in silence looks vacant

        weights, closed, touching = self._speech(conditions, state, times, shown, arousal, felt)
        weights = expression.add_to_speech(weights, felt, closed, self.seal)
        self._idle_lips(conditions, state, weights, times)
        _asymmetry(weights, drift, traits.smile)
        lively = expression.gain(shown, _HEAD_SIZE) * (1.0 + 0.12 * arousal)

        state.brows.plan(conditions)
        state.brows.add(weights, times, _smooth(conditions, "pitch", times, 9), 0.7 + 0.3 * lively)
        middle = shown[len(shown) // 2][None]
        state.head.plan(conditions)
        state.eyes.plan(
            conditions,
            state.head.turn,
            rate=float(expression.gain(middle, table.blink_rate)[0] * traits.blink * (1.0 + 0.12 * arousal.mean())
                       * (0.78 + 0.22 * activity.mean())),
            slowness=float(expression.gain(middle, table.blink_duration)[0]),
            aversion=float(expression.gain(middle, _AVERSION)[0]),
            haste=float(expression.gain(middle, _HASTE)[0]),
        )  # fmt: skip
        posture = shown @ table.posture
        angles = state.head.angles(times, activity, posture, lively)
        lowered = shown @ table.look_down + 0.5 * np.maximum(posture[:, 0], 0.0)
        gaze = state.eyes.gaze(times, angles, lowered)
        state.eyes.lids(weights, times, gaze)
        np.clip(weights, 0.0, 1.0, out=weights)
        seal.solve(weights, closed, touching, self.seal)
        return _track(np.clip(weights, 0.0, 1.0), to_quaternion(angles), gaze)

    def _speech(
        self, conditions: Conditions, state: _State, times: NDArray, shown: NDArray, arousal: NDArray, felt: NDArray
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Speech weights ``(T, 52)``, seal and contact curves ``(T,)``."""
        sounds = coarticulation.gather(conditions, targets())
        mouth = coarticulation.mouth_curves(conditions, sounds, targets())
        if conditions.jaw is not None and len(conditions.jaw):
            mouth[:, 0] += HEARD_JAW * (_heard_jaw(conditions, conditions.jaw, times) - mouth[:, 0])
        table = expressions()
        effort = self.gain * state.speaker.traits.articulation * (1.0 + 0.05 * arousal)
        jaw_gain = np.clip(expression.gain(shown, table.jaw), 0.5, 1.3)
        mouth[:, 0] *= effort * jaw_gain
        mouth[:, _LIP_CHANNELS] *= (effort * np.clip(expression.gain(shown, table.lips), 0.5, 1.3))[:, None]
        weights = np.zeros((len(times), len(ARKIT_NAMES)))
        weights[:, _SPREAD] = mouth[:, _FROM]
        lifted = np.maximum(self.seal.gap_mm(felt) - self.seal.rest, 0.0)
        stretch = np.clip((jaw_gain * effort / GAIN) ** 2 + 0.06 * lifted, 1.0, 1.5)
        closed = seal.closure_curve(times, sounds.closures, stretch)
        return weights, closed, seal.contact_curve(times, sounds.contacts, stretch)

    def _idle_lips(self, conditions: Conditions, state: _State, weights: NDArray, times: NDArray) -> None:
        """Lips part a little before speech, and now and then someone swallows in a long silence."""
        start, end = conditions.hop_start, conditions.hop_end
        state.lips.forget(start)
        speech = conditions.curve("speech", np.array([end, end + 0.2, end + 0.4, end + 0.6])) > 0.5
        quiet = not conditions.curve("speech", np.arange(start - 0.4, end, 0.05)).max() > 0.5
        if quiet and speech[1:].any() and start > state.parted + 1.5:
            state.parted = end
            first = next((p for p in conditions.phones if p.start > start and targets().lookup(p.symbol)
                          not in ((), targets().rows["sil"])), None)  # fmt: skip
            row = targets().lookup(first.symbol)[0] if first else 0
            if not targets().bilabial[row]:
                state.lips.add(start, 0.35, 0.1, 0.3, [0.025, 0.05, 0.0, 0.0])
        if start >= state.next_swallow:
            if quiet and not speech.any():
                state.lips.add(start, 0.3, 0.15, 0.4, [0.0, 0.0, 0.14, 0.16])
                state.next_swallow = start + 20.0 + 25.0 * generator(state.seed, "swallow", round(start * 60)).random()
            else:
                state.next_swallow = start + 2.0
        if len(state.lips):
            idle = state.lips(times)
            weights[:, _IDLE] += idle[:, _IDLE_FROM]


_IDLE_SOURCES = [expression.indices(n) for n in ("jawOpen", "mouthLowerDown", "mouthPress", "mouthShrugLower")]
_IDLE = np.concatenate(_IDLE_SOURCES)
_IDLE_FROM = np.concatenate([np.full(len(s), i) for i, s in enumerate(_IDLE_SOURCES)])


def _heard_jaw(conditions: Conditions, jaw: NDArray, times: NDArray) -> NDArray[np.float64]:
    """The expected jaw at ``times``, smoothed over 50 ms."""
    padded = np.pad(jaw.astype(float), 2, mode="edge")
    smooth = np.convolve(padded, np.ones(5) / 5, "valid")
    return np.interp(times, conditions.start + np.arange(len(smooth)) / ANALYSIS_RATE, smooth)


def _track(weights: NDArray, head: NDArray, gaze: NDArray) -> FaceTrack:
    return FaceTrack(weights.astype(np.float32), head.astype(np.float32), gaze.astype(np.float32), MOTION_RATE)


def _asymmetry(weights: NDArray[np.float64], drift: NDArray, habit: float) -> None:
    """The sides differ by a few per cent that drift, led by the speaker's ``habit`` (0 right .. 1 left)."""
    lean = np.clip(0.6 * drift[:, 1:2] + 1.2 * (habit - 0.5), -1.0, 1.0) * _DRIFTS
    weights[:, _LEFT] *= 1.0 + lean
    weights[:, _RIGHT] *= 1.0 - lean
    sideways = 0.05 * drift[:, 2] * weights[:, ARKIT_INDEX["jawOpen"]]
    weights[:, _JAW_SIDES[0]] += np.maximum(sideways, 0.0)
    weights[:, _JAW_SIDES[1]] += np.maximum(-sideways, 0.0)


def _activity(conditions: Conditions, times: NDArray[np.float64]) -> NDArray[np.float64]:
    """How much is being said around each frame, 0..1 ``(T,)``."""
    return _smooth(conditions, "speech", times, 25)


def _smooth(conditions: Conditions, name: str, times: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """A prosody curve under two running means of ``width`` analysis frames each, ``(T,)``."""
    first, last = round(times[0] * ANALYSIS_RATE) - width - 1, round(times[-1] * ANALYSIS_RATE) + width + 1
    at = np.arange(first, last + 1) / ANALYSIS_RATE
    box = np.ones(width) / width
    curve = np.convolve(np.convolve(conditions.curve(name, at), box, "same"), box, "same")
    return np.interp(times, at, curve)
