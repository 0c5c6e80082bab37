"""A conversation becomes a performance of everybody in it, on one clock."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

import gengine
from gengine import Session, cli
from gengine.circle import circle, looks, whom
from gengine.core.look_at import PLACES, STANDING_EYES
from gengine.core.performance import Performance
from gengine.core.turns import Turns, merged
from gengine.errors import GengineError
from gengine.inputs.audio import load_audio
from gengine.metrics.limbs import Body


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Anna speaks for 4 s, then Ben does, in a channel each; Anna is happy, Ben feels nothing by himself."""
    home = tmp_path_factory.mktemp("talk")
    said = load_audio("demos/speech.wav").samples[: 4 * 16000]
    both = np.zeros((9 * 16000, 2), np.float32)
    both[8000 : 8000 + len(said), 0] = said
    both[75200 : 75200 + len(said), 1] = said
    soundfile.write(home / "talk.wav", both, 16000)
    people = [{"name": "Anna", "emotion": "happy"}, {"name": "Ben", "emotion": "neutral"}]
    (home / "talk.json").write_text(json.dumps({"sound": "talk.wav", "people": people}))
    return home / "talk.json"


@pytest.fixture(scope="module")
def people(talk: Path) -> dict[str, Performance]:
    return gengine.converse(talk, seed=3, config=gengine.EngineConfig(words="none"))


def test_everybody_performs_on_one_clock(people: dict[str, Performance]) -> None:
    anna, ben = people["Anna"], people["Ben"]
    assert anna.duration == ben.duration == 9.0 and anna.start == ben.start == 0
    assert anna.audio.samples[16000:64000].any() and not ben.audio.samples[16000:64000].any()
    assert anna.face is not None and ben.face is not None and anna.motion is not None and ben.motion is not None
    jaw = ben.face.channel("jawOpen")
    assert jaw[60 : 4 * 60].max() < 0.1 < jaw[5 * 60 : 8 * 60].max()
    speed = Body(ben.motion).speed.mean(axis=1)
    assert speed[60 : 4 * 30].mean() < 0.3 * speed[5 * 30 : 8 * 30].mean()


def test_a_listener_catches_what_the_speaker_shows(talk: Path, people: dict[str, Performance]) -> None:
    def smile(p: Performance) -> float:
        assert p.face is not None
        return float(p.face.channel("mouthSmileLeft")[2 * 60 : 4 * 60].mean())

    stone = gengine.converse(talk, seed=3, mirror=0, nods=False, config=gengine.EngineConfig(words="none"))
    assert smile(people["Ben"]) > smile(stone["Ben"]) + 0.05
    assert smile(people["Anna"]) > smile(people["Ben"]) + 0.1


def test_turns_stream_as_they_are_offline(talk: Path) -> None:
    from gengine.conversing import prepare

    take = prepare(talk, seed=3, config=gengine.EngineConfig(words="none")).takes[1]
    whole = Performance.join(list(take))
    session = Session(emotion=take.plan, speaker=take.speaker, seed=take.seed, turns=take.turns, look_at=take.look_at)
    samples, parts = take.source.samples, []
    for piece in np.split(samples, np.sort(np.random.default_rng(2).integers(0, len(samples), 30))):
        parts.append(session.push(piece))
    parts.append(session.flush())
    joined = Performance.join([p for p in parts if p is not None])
    assert joined.face is not None and whole.face is not None and joined.motion is not None and whole.motion is not None
    np.testing.assert_array_equal(joined.face.weights, whole.face.weights)
    np.testing.assert_array_equal(joined.face.head, whole.face.head)
    np.testing.assert_array_equal(joined.motion.rotations, whole.motion.rotations)


def test_listeners_nod_at_pauses_and_not_while_they_speak() -> None:
    from gengine.hearing import Hearing

    others = np.array([[0.5 + k, 1.2 + k] for k in range(20)])
    own = np.array([[25.0, 30.0]])

    def cues(name: str, nods: bool = True) -> list[float]:
        hearing = Hearing(turns=Turns(own, others, nods, name))
        hearing.push(np.zeros(31 * 16000, np.float32))
        hearing.flush()
        return [c.start for c in hearing.whole(31.0).cues if c.kind == "affirmation"]

    anna = cues("Anna")
    assert 8 <= len(anna) <= 20 and max(anna) < 25 and anna != cues("Ben") and not cues("Anna", nods=False)
    assert np.mean([(t - 1.2) % 1 < 0.5 for t in anna]) > 0.7


def test_where_they_stand_and_whom_they_look_at() -> None:
    two = circle(2)
    ahead = two[0].seen(two[1])
    np.testing.assert_allclose(ahead, STANDING_EYES + [0, 0, PLACES["listener"]], atol=1e-9)
    left, right = (circle(3)[0].seen(p) for p in circle(3)[1:])
    assert left[0] * right[0] < 0 and left[2] == pytest.approx(right[2])
    eyes = np.linalg.norm(left - STANDING_EYES)
    assert eyes == pytest.approx(PLACES["listener"], abs=1e-6)
    spans = [np.array([[0.0, 4.0]]), np.array([[4.2, 8.0]]), np.array([[8.1, 12.0]])]
    target = whom(0, spans, 12.0, 0)
    assert target[round(6 / 0.05)] == 1 and target[round(10 / 0.05)] == 2 and target[round(3.8 / 0.05)] == 1
    gaze = looks(0, circle(3), target)
    np.testing.assert_allclose(gaze.at(np.array([6.0, 10.0])), [left, right])
    assert gaze.face


def test_a_strict_conversation_lets_nobody_be_silent(talk: Path) -> None:
    from gengine.conversing import prepare

    alone = talk.parent / "alone.json"
    turns = [{"who": "Anna", "sound": "talk.wav"}]
    alone.write_text(json.dumps({"people": ["Anna", "Ben"], "turns": turns}))
    with pytest.raises(GengineError, match="--strict: Ben never speak"):
        prepare(alone, strict=True)


def test_turns_are_sorted_and_merged() -> None:
    np.testing.assert_array_equal(merged([[3, 4], [0, 1], [0.5, 2.8]], 0.3), [[0, 4]])
    assert Turns(np.array([[1.0, 2.0]]), np.zeros((0, 2))).role(1.5) == "speaking"
    with pytest.raises(GengineError, match=r"Turns\.own"):
        Turns(np.array([[2.0, 1.0]]), np.zeros((0, 2)))


def test_the_command_writes_a_folder_of_runs(
    talk: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "scene"
    command = ["gengine", "dialogue", str(talk), "--words", "none", "--formats", "npz", "--out", str(out), "--json"]
    monkeypatch.setattr("sys.argv", command)
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert not end.value.code
    about = json.loads(capsys.readouterr().out)
    assert about["report"]["dialogue"]["people"] == 2 and about["report"]["Anna's sound"]
    scene = json.loads((out / "dialogue.json").read_text())
    assert [p["name"] for p in scene["people"]] == ["Anna", "Ben"] and scene["people"][0]["turns"][0]["emotion"][
        :5
    ] == "happi"
    assert gengine.load(out / "ben").duration == 9.0 and (out / "anna" / "manifest.json").is_file()
    monkeypatch.setattr("sys.argv", [*command[:3], "--mirror", "7"])
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert end.value.code == 2 and "mirror" in capsys.readouterr().err
