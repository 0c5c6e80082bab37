"""Emotion: words, points and timelines become one track; the voice can be read as well (``emotion.voice``)."""

from gengine.emotion.encoder import EmotionEncoder
from gengine.emotion.parse import parse_emotion
from gengine.emotion.plan import EmotionPlan, EmotionState
from gengine.emotion.vocabulary import known_words, look_up, strengths_of_vad

__all__ = [
    "EmotionEncoder",
    "EmotionPlan",
    "EmotionState",
    "known_words",
    "look_up",
    "parse_emotion",
    "strengths_of_vad",
]
