"""Speakers: a name gives a style, the same everywhere."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pytest

from gengine.core.speaker import BEAT_SPEAKERS, CALMING, STYLES, Speaker, Traits
from gengine.errors import GengineError


def test_styles_have_their_own_traits():
    for name, traits in STYLES.items():
        assert Speaker.named(name).traits == traits
    assert Speaker.named(None) == Speaker() == Speaker("conversational")
    assert STYLES["storyteller"].energy < STYLES["conversational"].energy < STYLES["orator"].energy


def test_beat_speakers_go_by_name_or_number():
    assert len(set(BEAT_SPEAKERS)) == 30
    assert Speaker.named(2) == Speaker.named("2") == Speaker.named(" Scott ")
    assert Speaker.named(2).beat_id == 2
    assert Speaker.named("katya").beat_id == 30
    assert Speaker.named(31).beat_id is None


def test_any_name_draws_the_same_traits_every_time():
    assert Speaker.named("Ada") == Speaker.named("ada")
    assert Speaker.named("ada") != Speaker.named("grace")
    # Pinned, because a changed draw changes everybody's saved work.
    assert Speaker.named("ada").traits.energy == pytest.approx(0.560450756)


def test_shares_stay_shares_and_multipliers_stay_near_one():
    shares = ("energy", "hold", "handedness", "two_handed", "palm_up", "gaze", "smile")
    everyone = [asdict(Speaker.named(f"speaker {i}").traits) for i in range(300)]
    for field in asdict(Traits()):
        values = np.array([traits[field] for traits in everyone])
        assert np.isfinite(values).all()
        assert values.std() > 0.01, f"{field} is the same for everyone"
        if field in shares:
            assert 0 <= values.min() and values.max() <= 1, field
        elif field not in ("height", "swivel"):
            assert 0.2 < values.min() and values.max() < 2.5, field


@pytest.mark.parametrize("name", ["", "   "])
def test_empty_names_are_errors(name):
    with pytest.raises(GengineError, match="empty name"):
        Speaker.named(name)


def test_a_calm_speaker_moves_less_but_speaks_the_same() -> None:
    plain = Speaker.named("orator")
    assert plain.calmed(0.0) is plain
    half, full = plain.calmed(0.5).traits, plain.calmed(1.0).traits
    for name in CALMING:
        assert getattr(plain.traits, name) > getattr(half, name) > getattr(full, name) > 0
    assert full.sway == pytest.approx(0.2 * plain.traits.sway)
    assert (full.articulation, full.blink, full.smile) == (1.0, 1.0, 0.5) and plain.calmed(1.0).name == "orator"
