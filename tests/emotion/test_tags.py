"""Tags of transcripts: every form of the table acts with its word, is never spoken and disturbs no alignment."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from gengine.core.audio import AudioClip
from gengine.core.constants import read_table
from gengine.core.emotion import EMOTION_INDEX, EMOTIONS, EmotionTrack
from gengine.core.performance import Performance
from gengine.core.words import Tag, Word, WordTrack
from gengine.emotion.parse import parse_state
from gengine.emotion.tags import FADE, TaggedEmotion, acts, asked_for
from gengine.inputs.align import align
from gengine.inputs.audio import load_audio
from gengine.inputs.markup import clean
from gengine.inputs.tags import _LANGUAGES, meanings, sign_meaning, signs
from gengine.inputs.text import read_text
from gengine.session import Session

ROOT = Path(__file__).resolve().parents[2]
ROWS = read_table("gengine.inputs", "tags")
SAID = (ROOT / "demos/speech.txt").read_text("utf-8").split()


@pytest.fixture(scope="module")
def speech() -> AudioClip:
    return load_audio(ROOT / "demos/speech.wav")


def neutral(seconds: float = 4.0) -> EmotionTrack:
    count = round(seconds * 100)
    return EmotionTrack(np.zeros((count, len(EMOTIONS))), np.zeros((count, 3)), 100)


def change(track: EmotionTrack) -> np.ndarray:
    """How far a track is from neutral, ``(T,)``, of its most."""
    moved = np.abs(np.concatenate([track.weights, track.vad], axis=1)).max(axis=1)
    return moved / moved.max()


def test_about_sixty_forms_in_many_languages() -> None:
    assert len(ROWS) >= 60
    forms = [word for row in ROWS for word in row["words"].split(";")]
    assert len(forms) > 600 and len(signs()) > 90
    for row in ROWS:
        if row["emotion"]:
            parse_state(row["emotion"])


@pytest.mark.parametrize("row", ROWS, ids=[row["tag"] for row in ROWS])
def test_every_form_is_known_and_not_spoken(row: dict[str, str]) -> None:
    for form in (row["tag"], *row["words"].split(";")):
        word = _LANGUAGES.sub("", form)
        assert clean(f"one [{word}] two").text == "one two", word
        assert meanings(word, plainly=True), word
    for sign in row["signs"].split():
        found = clean(f"one {sign} two")
        assert found.text == "one two" and found.directions[0].kind == "sign", sign
        assert sign_meaning(sign) is not None
    asked = meanings(row["tag"], plainly=True)
    if row["emotion"] != "neutral":  # it is felt or acted, and with its word
        tag = Tag("sound", row["tag"], 2.0)
        felt = TaggedEmotion([tag]).over(neutral(), 0.0)
        if row["emotion"] or any(row[c] for c in ("valence", "arousal", "dominance")):
            onset = np.flatnonzero(change(felt) >= 0.5)[0] / 100
            assert abs(onset - 2.0) <= 0.1
            assert change(felt)[180] < 0.1 and change(felt)[210] > 0.9
        else:
            assert acts([tag])[0].start == 2.0
    assert asked


@pytest.mark.parametrize(
    ("written", "emotion"),
    [
        ("[excited] go", "happiness"), ("(angrily) go", "anger"), ("*excitedly* go", "happiness"),
        ("[emotion=happy:0.7] go", "happiness"), ("[em_grin:0.9] go", "happiness"), ("{sad} go", "sadness"),
        ("[wistful] go", "sadness"), ("<sad>go</sad> on", "sadness"), ("[sad, tired] go", "tired"),
        ('<speak><mstts:express-as style="angry" styledegree="2">go</mstts:express-as> on</speak>', "anger"),
        ('<amazon:emotion name="disappointed" intensity="low">go</amazon:emotion> on', "sadness"),
        ("go on! 😡", "anger"), ("go on :(", "sadness"), ("（笑）go on", "amused"), ("【兴奋】go", "happiness"),
        ("ANNA\n(furiously)\nGo!", "anger"),
        ("Anna (sad): Go on.\nBen: No.\nAnna: Go.\nBen: Why?", "sadness"),
    ],
)  # fmt: skip
def test_ways_to_write_a_tag(written: str, emotion: str) -> None:
    found = clean(written) if "Ben" not in written else None
    directions = found.directions if found is not None else read_text(written).directions
    felt = [parse_state(m.emotion) for d in directions for m in asked_for(Tag(d.kind, d.value, 0.0)) if m.emotion]
    assert sum(s.weights for s in felt)[EMOTION_INDEX[emotion]] > 0
    text = found.text if found is not None else read_text(written).text
    assert not set(text.lower().replace(".", " ").replace("!", " ").split()) & {"sad", "angry", "anna", "excited"}


@pytest.mark.parametrize(
    ("written", "strength"),
    [("happy", 0.8), ("happy:0.35", 0.35), ("very happy", 1.0), ("slightly happy", 0.4), ("emotion: happy=50%", 0.5)],
)
def test_strengths(written: str, strength: float) -> None:
    assert meanings(written, plainly=True)[0].strength == strength


def test_what_is_said_stays_said() -> None:
    for said in ("the (kind) man", "(I am happy) you came", "we *really* did", "note (2024) and (see below)"):
        assert clean(said).text.split() == clean(said.translate(dict.fromkeys(map(ord, "()*")))).text.split() or (
            "2024" in said
        )


def test_an_unknown_tag_is_a_note() -> None:
    report = read_text("[flabbergasty] hello 🛸 there").report
    assert report.warnings == ()
    assert any("unknown meaning" in n and "'flabbergasty'" in n and "🛸" in n for n in report.notes)


def test_alignment_is_that_of_the_untagged_text(speech: AudioClip) -> None:
    tagged = list(SAID)
    for at, tag in (
        (22, "[sighs]"),
        (15, "(whispers)"),
        (9, "😀"),
        (5, "*shrugs*"),
        (3, "[angry:0.6]"),
        (0, "[excited]"),
    ):
        tagged.insert(at, tag)
    plain, _ = align(speech, read_text(" ".join(SAID)))
    track, report = align(speech, read_text(" ".join(tagged)))
    assert (track.words, track.phones) == (plain.words, plain.phones)
    starts = {tag.written: tag.start for tag in track.tags}
    assert starts["excited"] == plain.words[0].start and starts["angry:0.6"] == plain.words[3].start
    assert starts["sighs"] == plain.words[22].start
    sentence = next(tag for tag in track.tags if tag.kind == "sign")
    assert (sentence.start, sentence.end) == (plain.words[1].start, plain.words[8].end)  # "I have … show you."
    assert "excited" in " ".join(report.notes)


def test_subtitles_carry_tags(speech: AudioClip, tmp_path: Path) -> None:
    subtitles = "1\n00:00:00,200 --> 00:00:03,400\n[excited] Hello! I have something really big to show you.\n\n"
    path = tmp_path / "a.srt"
    path.write_text(subtitles + "2\n00:00:03,500 --> 00:00:05,600\n(sadly) No, no! Not down here.\n", "utf-8")
    track, _ = align(speech, read_text(path))
    assert [tag.written for tag in track.tags] == ["excited", "sadly"]
    assert abs(track.tags[1].start - 3.68) < 0.1
    from gengine.inputs.part import words_between

    part = words_between(read_text(path), 3.4, math.inf)
    assert [(d.value, d.first) for d in part.directions] == [("sadly", 0)]


def test_a_tag_overrides_and_the_next_one_ends_it() -> None:
    base = neutral(8)
    base.weights[:, EMOTION_INDEX["fear"]] = 0.9
    felt = TaggedEmotion([Tag("sound", "happy", 1.0), Tag("sound", "sad", 4.0), Tag("end", "sad", 6.0)]).over(base, 0.0)
    fear, happy, sad = (felt.weights[:, EMOTION_INDEX[n]] for n in ("fear", "happiness", "sadness"))
    assert fear[50] == np.float32(0.9) and fear[200] == 0 and fear[450] == 0 and fear[700] == np.float32(0.9)
    assert happy[200] == np.float32(0.8) and happy[450] == 0 and sad[450] == np.float32(0.8) and sad[700] == 0
    assert fear[380:430].max() == 0  # nothing of what lies beneath shows through the change
    assert np.abs(np.diff(felt.weights, axis=0)).max() < 1.6 / (FADE * 100) * 1.1


def test_an_act_passes_and_manners_beside_each_other_act_together() -> None:
    tags = [Tag("sound", "sad", 0.0), Tag("sound", "whispers", 0.0), Tag("sound", "laughs", 2.0)]
    felt = TaggedEmotion(tags).over(neutral(6), 0.0)
    sad, amused = felt.weights[:, EMOTION_INDEX["sadness"]], felt.weights[:, EMOTION_INDEX["amused"]]
    assert sad[150] == np.float32(0.8) and sad[250] == 0 and sad[500] == np.float32(0.8)
    assert amused[250] == np.float32(0.8) and amused[500] == 0
    alone = TaggedEmotion(tags[:1]).over(neutral(6), 0.0)
    assert felt.vad[150, 1] < alone.vad[150, 1] - 0.2  # whispered
    assert TaggedEmotion(tags, intensity=0.5).over(neutral(6), 0.0).weights[150].max() == np.float32(0.4)


def test_emphasis_and_prosody_of_ssml() -> None:
    assert [cue.kind for cue in acts([Tag("emphasis", "strong", 1.0, 1.4), Tag("emphasis", "reduced", 2.0, 2.2)])] == [
        "emphasis"
    ]
    loud = TaggedEmotion([Tag("prosody", "volume=x-loud rate=fast", 1.0, 2.0)]).over(neutral(), 0.0)
    assert loud.vad[150, 1] > 0.5 and loud.vad[300, 1] == 0 and loud.weights.max() == 0


def sound(seconds: float = 3.0) -> np.ndarray:
    rng = np.random.default_rng(0)
    return (0.1 * rng.standard_normal(round(seconds * 16000)) * np.hanning(round(seconds * 16000))).astype(np.float32)


def performed(*tags: Tag, cuts: int | None = None) -> Performance:
    words = WordTrack((Word("well", 1.0, 1.3), Word("then", 1.4, 1.8)), (), "en", "given", tags)
    session = Session(words=words, seed=3)
    samples = sound()
    pieces = [samples] if cuts is None else np.array_split(samples, cuts)
    parts = [part for piece in pieces if (part := session.push(piece)) is not None]
    if (rest := session.flush()) is not None:
        parts.append(rest)
    return Performance.join(parts)


def test_acts_move_head_and_hands_and_chunks_are_the_whole() -> None:
    still, nodding = performed(), performed(Tag("sound", "nods", 1.0))
    turned = np.abs(nodding.face.head - still.face.head).max(axis=1)
    assert turned[60:110].max() > 0.03 and turned[:50].max() < 1e-6
    shrugging = performed(Tag("sound", "shrugs", 1.0))
    moved = np.abs(shrugging.motion.rotations - still.motion.rotations).max(axis=(1, 2))
    assert moved.max() > 0.2
    laughing, again = performed(Tag("sound", "laughs", 1.0)), performed(Tag("sound", "laughs", 1.0), cuts=17)
    assert np.array_equal(laughing.face.weights, again.face.weights)
    assert np.array_equal(laughing.emotion.weights, again.emotion.weights)
    smile = laughing.face.channel("mouthSmileLeft") - still.face.channel("mouthSmileLeft")
    assert smile[75:150].max() > 0.2
