"""Emotion in words: what is read, by which words, and that neutral ones change nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gengine.core.emotion import EMOTION_INDEX, EMOTIONS, EmotionTrack
from gengine.core.words import Tag, Word, WordTrack
from gengine.emotion import parse_emotion
from gengine.emotion.label_sets import from_set, label_sets, to_set
from gengine.emotion.text import SaidEmotion, TextReader
from gengine.emotion.text_labels import labels
from gengine.emotion.vocabulary import look_up, named_mixtures
from gengine.errors import GengineError
from gengine.hearing import Hearing
from gengine.training.text_emotion import TextEmotionTraining


def spoken(text: str, start: float = 0.5) -> list[Word]:
    return [Word(word, start + 0.4 * k, start + 0.4 * k + 0.35) for k, word in enumerate(text.split())]


def voice(**strengths: float) -> EmotionTrack:
    weights = np.zeros((400, len(EMOTIONS)))
    for name, strength in strengths.items():
        weights[:, EMOTION_INDEX[name]] = strength
    return EmotionTrack(weights, np.zeros((400, 3)), 100)


@pytest.mark.parametrize(
    ("text", "label", "word"),
    [
        ("I am so happy you came!", "joy", "happy"), ("I hate you, you stupid idiot", "anger", "hate"),
        ("This is disgusting", "disgust", "disgusting"), ("I'm scared of the dark", "fear", "scared"),
        ("Thank you so much", "gratitude", "thank"), ("I miss her so much, it hurts.", "sadness", "hurts"),
        ("The train leaves at nine.", None, ""),
    ],
)  # fmt: skip
def test_sentences_and_the_words_that_tell(text: str, label: str | None, word: str) -> None:
    (said,) = TextReader().read(spoken(text))
    assert said.label == label
    assert label is None or said.words[0] == word


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("I am not happy", "joy"), ("I'm not happy about this", "joy"), ("I am not angry at all", "anger"),
        ("This isn't funny", "amusement"), ("I do not love this", "love"), ("I have no fear", "fear"),
    ],
)  # fmt: skip
def test_a_negated_word_does_not_tell_its_emotion(text: str, label: str) -> None:
    reader = TextReader()
    at = labels().index(label)
    assert reader.chances([text])[0, at] < reader.thresholds[at]
    assert reader.read(spoken(text))[0].label != label
    joyful = reader.chances(["I am not sad, I am happy!", "It is not easy but I am happy"])[:, labels().index("joy")]
    assert (joyful > reader.thresholds[labels().index("joy")]).all()  # a sign and "but" end what "not" turns


@pytest.mark.parametrize("text", ["I am so happy you came!", "I'm not happy at all."])
def test_saliency_adds_up_to_the_score(text: str) -> None:
    reader = TextReader("text-emotion-v1")
    chances = reader.chances([text])[0]
    added = sum(a for _, a in reader.saliency(text)) + reader._linear._bias
    assert np.allclose(np.log(chances / (1 - chances)), added, atol=1e-3)


def test_neutral_words_change_nothing_and_two_minds_both_show() -> None:
    share = np.ones(400)
    flat, glad = SaidEmotion(), SaidEmotion()
    flat.add(spoken("The train leaves at nine."))
    glad.add(spoken("I am so happy you came!"))
    angry = voice(anger=0.5)
    assert np.abs(flat.over(angry, 0.0, share).weights - angry.weights).max() == 0
    both = glad.over(angry, 0.0, share).weights[150]
    assert both[EMOTION_INDEX["anger"]] == np.float32(0.5) and both[EMOTION_INDEX["happiness"]] > 0.7
    assert glad.over(angry, 0.0, 0 * share).weights[150, EMOTION_INDEX["happiness"]] == 0
    alone = glad.over(voice(), 0.0, share).weights
    assert alone[150, EMOTION_INDEX["happiness"]] > 0.7 and alone[:10].max() == 0


def heard(emotion: str, words: WordTrack) -> EmotionTrack:
    hearing = Hearing(parse_emotion(emotion), words)
    hearing.push(np.zeros(64_000, np.float32))
    hearing.flush()
    return hearing.whole(4.0).emotion


def test_auto_reads_the_words_and_tags_override_them() -> None:
    words = tuple(spoken("I am so happy you came!"))
    read = heard("auto", WordTrack(words, (), "en", "given"))
    assert read.weights[150, EMOTION_INDEX["happiness"]] > 0.7
    assert heard("neutral", WordTrack(words, (), "en", "given")).weights[150, EMOTION_INDEX["happiness"]] == 0
    assert heard("auto", WordTrack(words, (), "de", "given")).weights[150, EMOTION_INDEX["happiness"]] == 0
    sad = heard("auto", WordTrack(words, (), "en", "given", (Tag("sound", "sad", 0.5),)))
    assert sad.weights[150, EMOTION_INDEX["happiness"]] == 0 and sad.weights[150, EMOTION_INDEX["sadness"]] > 0.7


def test_it_is_learned_by_a_command(tmp_path: Path) -> None:
    (tmp_path / "labels.txt").write_text("\n".join(labels()), "utf-8")
    happy = "\n".join(f"what a happy day {k}\t{labels().index('joy')}\ta" for k in range(30))
    plain = "\n".join(f"the train at {k}\t{labels().index('neutral')}\tb" for k in range(30))
    for name in ("train.tsv", "dev.tsv"):
        (tmp_path / name).write_text(f"{happy}\n{plain}\n", "utf-8")
    folder = TextEmotionTraining(data=tmp_path, held_out=0.3).run(tmp_path / "run")
    chances = TextReader(folder).chances(["happy day", "the train"])
    assert chances[0, labels().index("joy")] > 0.5 > chances[1, labels().index("joy")]


def test_words_of_other_vocabularies() -> None:
    assert len(labels()) == 28 and len([k for k in named_mixtures()]) > 45
    for label in (*labels(), *named_mixtures()):
        assert np.isfinite(look_up(label).weights).all()
    surprised = look_up("happily surprised").weights
    assert surprised[EMOTION_INDEX["surprise"]] == 1 and surprised[EMOTION_INDEX["happiness"]] == 0.6
    with pytest.raises(GengineError, match="unknown word"):
        look_up("happily quux")


def test_sets_of_labels_and_back() -> None:
    assert {name: len(names) for name, names in label_sets().items()} == {
        "beat": 8, "ekman": 6, "audio2face": 10, "vrm": 5, "talkinghead": 8
    }  # fmt: skip
    for name, names in label_sets().items():
        for label in names:
            half, full = (from_set({label: s}, name).weights for s in (0.5, 1.0))
            there, more = to_set(half, name), to_set(full, name)
            assert (half <= full).all() and all(there[other] <= more[other] for other in names)
            assert label == "neutral" or more[label] == max(more.values()) or more[label] >= 0.4
    with pytest.raises(GengineError, match="label of vrm"):
        from_set({"quux": 1.0}, "vrm")
