"""Words of a stream: late, but the same however the sound was cut and however fast they were recognised."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from gengine import Performance, Session
from gengine.config import EngineConfig
from gengine.core.audio import SAMPLE_RATE
from gengine.encoders.speech_gate import SpeechGate
from gengine.errors import GengineError
from gengine.formats.word_files import SrtExporter
from gengine.hearing import Hearing
from gengine.inputs.audio import load_audio
from gengine.recognition import chosen
from gengine.recognition.live import DELAY, LONGEST_PHRASE, LiveWords
from gengine.recognition.recogniser import Recogniser
from gengine.windows import WindowSpec

PHRASES = (
    "Hello, I have something really big to show you.", "No, no, not down here. Look up there.",
    "It changes all of us. You, me, everybody.", "Do you believe me?",
)  # fmt: skip


class ByHeart(Recogniser):
    """Knows what the demo says, phrase by phrase, and takes ``pace`` seconds to remember it."""

    least_agreement = -4.0
    name = "by heart"

    def __init__(self, pace: float = 0.0) -> None:
        super().__init__("", "en")
        self._phrases, self._pace = iter(PHRASES), pace

    def words(self, samples: np.ndarray) -> str:
        assert 1.0 < len(samples) / SAMPLE_RATE <= LONGEST_PHRASE
        time.sleep(self._pace)
        return next(self._phrases)


@pytest.fixture(scope="module")
def demo() -> np.ndarray:
    return load_audio("demos/speech.wav").samples


def stretches(samples: np.ndarray, cuts: list[int], wait: float, pace: float = 0.0) -> list[Performance]:
    session = Session(words=ByHeart(pace), word_wait=wait, seed=2, config=EngineConfig(hop=0.5))
    parts = [session.push(part) for part in np.split(samples, cuts)] + [session.flush()]
    return [p for p in parts if p is not None]


@pytest.mark.parametrize("wait", [0.0, 5.0])
def test_words_of_a_stream_do_not_depend_on_its_cuts_or_the_machine(demo: np.ndarray, wait: float) -> None:
    whole = Performance.join(stretches(demo, [], wait))
    cuts = sorted(np.random.default_rng(0).integers(1, len(demo), 40).tolist())
    parts = stretches(demo, cuts, wait, pace=0.05)
    cut = Performance.join(parts)
    assert whole.motion is not None and cut.motion is not None and whole.face is not None and cut.face is not None
    np.testing.assert_array_equal(whole.motion.rotations, cut.motion.rotations)
    np.testing.assert_array_equal(whole.face.weights, cut.face.weights)
    assert whole.words == cut.words and (whole.words.source, whole.words.language) == ("recognised", "en")
    said = " ".join(w.text for w in whole.words.words)
    assert "something really big to show you." in said and "believe me?" in said
    assert sum(len(p.words.words) for p in parts) == len(whole.words.words)  # each in one stretch
    alone = Session(seed=2, config=EngineConfig(hop=0.5))
    heard = Performance.join([p for p in (alone.push(demo), alone.flush()) if p is not None])
    assert whole.words.phones == heard.words.phones  # sounds are heard at once
    if wait:
        assert not np.array_equal(whole.motion.rotations, heard.motion.rotations)


def test_subtitles_hold_what_was_heard_late(demo: np.ndarray, tmp_path: Path) -> None:
    with SrtExporter(tmp_path / "words.srt") as out:
        for stretch in stretches(demo, list(range(8000, len(demo), 8000)), 0.0):
            out.append(stretch)
    text = (tmp_path / "words.srt").read_text()
    assert text.index("Hello,") < text.index("Look") < text.index("believe")


def test_words_are_known_a_while_after_their_phrase_and_not_before(demo: np.ndarray) -> None:
    gate, live = SpeechGate(), LiveWords(ByHeart())
    arrived: dict[str, float] = {}
    frames = 0
    for block in np.split(demo, range(800, len(demo), 800)):
        open_frames = gate.push(block)
        live.push(block, open_frames)
        frames += len(open_frames)
        for track, cues in live.known(frames / 100):
            words = track.words
            arrived |= {w.text: frames / 100 for w in words}
            assert all(words[0].start <= cue.accent <= words[-1].end for cue in cues)
        assert len(live._sound) < (LONGEST_PHRASE + 1) * SAMPLE_RATE  # flat
    live.push(np.zeros(0, np.float32), np.zeros(0, bool), last=True)
    late = [(w.text, w.end) for track, _ in live.known(float("inf")) for w in track.words]
    assert late[-1][0] == "me?" and abs(late[-1][1] - 11.5) < 0.3
    assert LONGEST_PHRASE + DELAY <= arrived["Hello,"] < LONGEST_PHRASE + DELAY + 0.5


@pytest.mark.parametrize(("wait", "in_time"), [(0.0, False), (6.0, True)])
def test_waiting_brings_words_to_their_own_gestures(demo: np.ndarray, wait: float, in_time: bool) -> None:
    hearing, spec, hop = Hearing(live=LiveWords(ByHeart()), word_wait=wait), WindowSpec(2.0, 0.5, 2.0), 0
    first: dict[str, float] = {}
    assert hearing.latency == pytest.approx(2.08 + max(0.4, 0.3 + wait))

    def look(duration: float = float("inf")) -> None:
        nonlocal hop
        while (step := spec.at(hop, duration)) and hearing.settled() >= step.known:
            for cue in hearing.window(step).cues:
                first.setdefault(f"{cue.kind} {cue.accent:.1f}", cue.accent - step.end)
            hop += 1
            hearing.drop(hop * 0.5 - 2)

    for block in np.split(demo, range(4000, len(demo), 4000)):
        hearing.push(block)
        look()
    hearing.flush()
    look(len(demo) / SAMPLE_RATE)
    if in_time:
        assert len(first) >= 18 and all(ahead > 0.7 for name, ahead in first.items() if "0.3" not in name), first
    else:  # most come too late to be of use, after where the next motion begins
        assert np.mean([ahead < 0 for ahead in first.values()]) > 0.6, first


def test_silence_says_nothing_and_what_is_no_recogniser_is_refused() -> None:
    session = Session(words=ByHeart())
    session.push(np.zeros(16_000, np.float32))
    rest = session.flush()
    assert rest is not None and rest.words.words == () and rest.words.source == "recognised"
    assert Session(words="none").latency == Session().latency
    with pytest.raises(GengineError, match="choose from"):
        Session(words="wisper")
    with pytest.raises(GengineError, match="a WordTrack, a Recogniser"):
        Session(words=3)
    with pytest.raises(GengineError, match="word_wait"):
        Session(words=ByHeart(), word_wait=-1.0)


@pytest.mark.whisper
@pytest.mark.skipif(chosen("auto") is None, reason="needs the extra words and a model")
def test_whisper_hears_a_stream(demo: np.ndarray) -> None:
    session = Session(words="whisper", config=EngineConfig(hop=0.5))
    parts = [session.push(block) for block in np.split(demo, range(16_000, len(demo), 16_000))] + [session.flush()]
    track = Performance.join([p for p in parts if p is not None]).words
    assert track.language == "en" and "something really big" in " ".join(w.text for w in track.words).lower()
