"""Phones become segments, and segments mouth curves by the dominance formula."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gengine.core.conditions import Conditions, Prosody
from gengine.core.emotion import EmotionTrack
from gengine.core.speaker import Speaker
from gengine.networks.visemes.acoustic import acoustic_mouth
from gengine.networks.visemes.coarticulation import COARTICULATION, PhoneSegments, gather, mouth_curves
from gengine.networks.visemes.targets import GROUP_OF, GROUPS, MOUTH, viseme_targets
from tests.networks.visemes.conftest import spell, voice

TABLE = viseme_targets()
EMOTION = EmotionTrack(np.zeros((10, 18), np.float32), np.zeros((10, 3), np.float32), 100)


def scene(text: str, source: str = "aligned", hop: tuple[float, float] | None = None) -> Conditions:
    """Phones from 1.0 s on, with a second of silence before and after them."""
    phones = spell(f"sil:1 {text} sil:1")
    end = phones[-1].end
    hop = hop or (0.5, round((end - 0.5) * 60) / 60)
    return Conditions(
        0.0, *hop, end, True, voice(phones, end), phones, (), (), (), EMOTION, Speaker(), source=source,
    )  # fmt: skip


def names(segments: PhoneSegments) -> list[str]:
    of_row = {row: f"{phone}{i or ''}" for phone, rows in TABLE.rows.items() for i, row in enumerate(rows)}
    return [of_row[row] if row >= 0 else "?" for row in segments.row]


def test_segments_are_the_phones_in_order_with_silence_around():
    segments = gather(scene("AA:0.2 T:0.1 IY:0.15"), TABLE)
    assert names(segments) == ["sil", "AA", "T", "IY", "sil"]
    assert segments.start == pytest.approx([-0.0, 1.0, 1.2, 1.3, 1.45], abs=0.11)
    assert segments.start[1:] == pytest.approx([1.0, 1.2, 1.3, 1.45])
    assert segments.end == pytest.approx([1.0, 1.2, 1.3, 1.45, 2.45], abs=0.11)
    assert segments.end[:4] == pytest.approx([1.0, 1.2, 1.3, 1.45])
    assert segments.stress.tolist() == [0, 1, 0, 1, 0]


def test_phones_out_of_reach_are_left_out():
    conditions = scene("AA:0.5 T:0.5 IY:0.5 K:0.5 AA:0.5", hop=(2.0, 2.25))
    assert names(gather(conditions, TABLE)) == ["AA", "T", "IY", "K"]  # 1.4 to 2.85
    assert names(gather(replace(conditions, hop_start=2.15, hop_end=2.35), TABLE)) == ["T", "IY", "K"]  # 1.55 to 2.95


def test_small_gaps_adjoin_and_larger_ones_are_silence_or_unknown():
    def without_the_middle(text: str, source: str = "aligned") -> list[str]:
        conditions = scene(text, source)
        before, first, _, second, after = conditions.phones
        found = names(gather(replace(conditions, phones=(before, first, second, after)), TABLE))
        return found[found.index("AA") : found.index("T") + 1]

    assert without_the_middle("AA:0.2 sil:0.015 T:0.1") == ["AA", "T"]
    assert without_the_middle("AA:0.2 sil:0.2 T:0.1") == ["AA", "pause", "T"]
    assert without_the_middle("AA:0.2 sil:0.2 T:0.1", "given") == ["AA", "pause", "T"]
    assert without_the_middle("AA:0.2 sil:0.2 T:0.1", "heard") == ["AA", "?", "T"]
    assert without_the_middle("AA:0.2 AA:0.2 T:0.1") == ["AA", "?", "T"]
    assert without_the_middle("AA:0.2 sil:1 T:0.1") == ["AA", "sil", "T"]


def test_symbols_nobody_knows_are_left_to_the_sound_and_adjoining_ones_are_one():
    segments = gather(scene("AA:0.2 spn:0.3 spn:0.3 AA:0.2"), TABLE)
    assert names(segments) == ["sil", "AA", "?", "AA", "sil"]
    assert (segments.start[2], segments.end[2]) == pytest.approx((1.2, 1.8))


def test_silences_that_adjoin_are_one():
    segments = gather(scene("AA:0.2 sil:0.3 sil:0.3 AA:0.2"), TABLE)
    assert names(segments) == ["sil", "AA", "sil", "AA", "sil"]
    assert (segments.start[2], segments.end[2]) == pytest.approx((1.2, 1.8))


@pytest.mark.parametrize(("seconds", "said"), [(0.1, []), (0.125, ["pause"]), (0.34, ["pause"]), (0.36, ["sil"])])
def test_pauses_hold_relax_or_close(seconds, said):
    assert names(gather(scene(f"AA:0.2 sil:{seconds} AA:0.2"), TABLE)) == ["sil", "AA", *said, "AA", "sil"]


@pytest.mark.parametrize(
    ("phones", "closed"),
    [
        ("sil:0.1 IH:0.2 N:0.1", True),
        ("sil:0.05 IH:0.2 N:0.1", False),
        ("sil:0.3 IH:0.2 N:0.1", False),
        ("IH:0.1 sil:0.1 N:0.2", False),
    ],
)
def test_a_recording_that_begins_in_a_short_silence_was_cut_in_a_closure(phones, closed):
    said = spell(phones)
    end = said[-1].end
    heard = replace(scene("AA:0.2", "heard", (0.0, 0.3)), phones=said, prosody=voice(said, end), known_until=end)
    closures = gather(heard, TABLE).closures
    assert closures[:, :2].tolist() == ([[0.0, pytest.approx(0.1)]] if closed else [])


def test_diphthongs_come_in_two_parts():
    segments = gather(scene("AY:0.2 T:0.1"), TABLE)
    assert names(segments) == ["sil", "AY", "AY1", "T", "sil"]
    assert segments.start[1:4] == pytest.approx([1.0, 1.12, 1.2])
    assert segments.end[1:4] == pytest.approx([1.12, 1.2, 1.3])
    assert segments.stress[1:3].tolist() == [1, 1]


def test_rounding_leads_by_the_consonants_that_leave_the_lips_free():
    def lead(text: str) -> float:
        segments = gather(scene(text), TABLE)
        return float(segments.lead[names(segments).index("UW")])

    assert lead("AA:0.2 UW:0.2") == pytest.approx(0.025)
    assert lead("AA:0.2 T:0.1 UW:0.2") == pytest.approx(0.025 + 0.07)
    assert lead("AA:0.2 T:0.06 K:0.06 UW:0.2") == pytest.approx(0.025 + 0.7 * 0.12)
    assert lead("AA:0.2 T:0.2 K:0.2 UW:0.2") == pytest.approx(0.025 + 0.12)
    assert lead("AA:0.2 T:0.1 P:0.1 UW:0.2") == pytest.approx(0.025)  # a P takes the lips
    segments = gather(scene("T:0.1 OW:0.2 T:0.1"), TABLE)
    ow = names(segments).index("OW")
    assert segments.lead[ow] > 0 and segments.lead[ow + 1] == 0  # the glide of a diphthong does not start early
    assert not gather(scene("T:0.1 IY:0.2"), TABLE).lead.any()


def test_bilabials_close_and_labiodentals_touch_with_their_neighbours_lengths():
    segments = gather(scene("AA:0.2 P:0.1 IY:0.15 F:0.12 AA:0.3 M:0.08 AA:0.2"), TABLE)
    assert segments.closures == pytest.approx(
        np.array([[1.2, 1.3, 0.2, 0.15], [1.87 + 0.018, 1.95 + 0.018, 0.3, 0.2]])  # the lips of an M are late
    )
    assert segments.contacts == pytest.approx(np.array([[1.45, 1.57, 0.15, 0.3]]))


def test_bilabials_that_adjoin_are_one_closure():
    segments = gather(scene("AA:0.2 P:0.1 B:0.1 IY:0.15 V:0.1 F:0.1"), TABLE)
    assert segments.closures == pytest.approx(np.array([[1.2, 1.4, 0.2, 0.15]]))
    assert len(segments.contacts) == 2


def test_nothing_known_is_one_unknown_stretch():
    segments = gather(replace(scene("AA:0.2 T:0.3", "none"), phones=()), TABLE)
    assert names(segments) == ["?"] and segments.closures.shape == segments.contacts.shape == (0, 4)


@pytest.mark.parametrize(("second", "seconds"), [("S", 0.3), ("B", 0.3), ("T", 0.04), ("UW", 0.2), ("T", 0.01)])
def test_curves_follow_the_dominance_formula(second, seconds):
    """Two phones, frame by frame, by the formula of face.md section 1 written out."""
    conditions = scene(f"IY:0.3 {second}:{seconds}", hop=(1.2, 1.4))
    segments = gather(conditions, TABLE)
    assert names(segments) == ["sil", "IY", second, "sil"]
    times = np.arange(72 - 2, 84 + 2) / 60
    c = COARTICULATION
    last = 1.3 + seconds
    phones = ((0.0, 1.0, "sil"), (1.0, 1.3, "IY"), (1.3, last, second), (last, last + 1, "sil"))
    expected = np.empty((len(times), 12))
    loud = np.clip(0.1 * (1.0 - 0.7), -0.04, 0.04)
    size = {"IY": 1 + 0.08 + loud + 0.03, "UW": 1 + 0.07 + loud + 0.03}
    for channel in range(12):
        g, value, total = GROUP_OF[channel], 0.0, 0.0
        for start, end, phone in phones:
            row = TABLE.rows[phone][0]
            centre, half = (start + end) / 2, c.plateau[g] * (end - start) / 2
            left, right = min(centre - half, start + 0.06), max(centre + half, end - 0.06)
            if GROUPS[g] == "lips" and phone == "B":
                right = max(left, right - 0.02)
            if GROUPS[g] == "width" and phone == "UW":
                left -= 0.025
            before = (left - times + np.sqrt((left - times) ** 2 + 0.02**2)) / 2
            after = (times - right + np.sqrt((times - right) ** 2 + 0.02**2)) / 2
            log = TABLE.log_dominance[row, g]
            if phone != "B":
                log += np.log(np.clip((end - start) / 0.07, 0.2, 1))
            log = log - before / (0.78 * TABLE.rise[row, g]) - after / (0.78 * TABLE.fall[row, g])
            value = value + np.exp(log) * TABLE.mouth[row, channel] * size.get(phone, 1)
            total = total + np.exp(log)
        expected[:, channel] = value / total
    smooth = np.stack([np.convolve(column, c.smoothing, "valid") for column in expected.T], axis=1)
    assert mouth_curves(conditions, segments, TABLE) == pytest.approx(smooth, abs=1e-6)


def mouth(text: str, source: str = "aligned", level: float | None = None) -> np.ndarray:
    conditions = scene(text, source)
    if level is not None:
        prosody = conditions.prosody
        conditions = replace(conditions, prosody=replace(prosody, level=np.full(len(prosody), level, np.float32)))
    return mouth_curves(conditions, gather(conditions, TABLE), TABLE)


def test_short_phones_lose_dominance_but_closures_do_not():
    jaw = MOUTH.index("jawOpen")
    dips = [mouth(f"AA:0.3 S:{d} AA:0.3")[:, jaw][45:57].min() for d in (0.03, 0.05, 0.07)]
    assert dips[0] > dips[1] + 0.02 > dips[2] + 0.04
    press = MOUTH.index("mouthPress")
    peaks = [mouth(f"AA:0.3 P:{d} AA:0.3")[:, press].max() for d in (0.04, 0.08)]
    assert peaks[0] > 0.8 * peaks[1] > 0.1


def test_vowels_grow_with_loudness_within_limits():
    jaw = MOUTH.index("jawOpen")
    target = TABLE.mouth[TABLE.rows["AA"][0], jaw]

    def size(level: float, source: str = "aligned") -> float:
        return mouth("AA:0.4", source, level)[42, jaw] / target

    usual = size(0.7) / 1.11  # 0.08 for length and 0.03 for stress
    assert size(1.0) / usual == pytest.approx(1.14)
    assert size(2.0) / usual == pytest.approx(1.15)
    assert size(0.0) / usual == pytest.approx(1.07)
    assert size(0.1, "heard") / usual == pytest.approx(1.07 * (0.45 + 1.2 * 0.1), rel=1e-4)
    assert size(0.7, "heard") / usual == pytest.approx(1.11, rel=1e-4)


def sound(level: np.ndarray | float, hiss: np.ndarray | float = 0.0, speech: float = 1.0) -> Conditions:
    flat = np.zeros(200, np.float32)
    prosody = Prosody(flat, flat + np.float32(level), flat + np.float32(speech), flat, flat, flat + np.float32(hiss))
    return Conditions(0.0, 0.5, 1.5, 2.0, True, prosody, (), (), (), (), EMOTION, Speaker(), source="none")


def test_loud_sound_opens_by_the_root_of_its_level_and_hiss_narrows():
    times = 1 + np.arange(-6, 7) / 60
    colour = 0.6 * np.sin(5.3) + 0.4 * np.sin(11.7 + 1.3)
    rounded, spread = max(colour - 0.25, 0), max(-colour, 0)
    assert colour < 0
    for level in (0.16, 1.0, 1.2, 3.0):
        weights = acoustic_mouth(sound(level), times)[6]
        size = np.sqrt(min(level, 1.2))
        apart = min(1, 2 * min(level, 1.2))
        assert weights[MOUTH.index("jawOpen")] == pytest.approx(0.23 * size * (1 - 0.35 * rounded), abs=1e-5)
        assert weights[MOUTH.index("mouthStretch")] == pytest.approx(0.1 * spread * size * apart, abs=1e-5)
        assert weights[MOUTH.index("mouthLowerDown")] == pytest.approx(0.2 * size * apart, abs=1e-5)
        assert weights[MOUTH.index("mouthUpperUp")] == pytest.approx(0.11 * size * apart, abs=1e-5)
        assert weights[MOUTH.index("mouthClose")] == 0
    weights = acoustic_mouth(sound(1.0, hiss=0.5), times)[6]
    assert weights[MOUTH.index("jawOpen")] == pytest.approx(0.23 * (1 - 0.65 * 0.8), abs=1e-5)
    assert weights[MOUTH.index("mouthStretch")] == pytest.approx(0.14 * 0.8 + 0.1 * spread, abs=1e-5)
    assert weights[MOUTH.index("mouthUpperUp")] == pytest.approx(0.11 + 0.12 * 0.8, abs=1e-5)
    assert not acoustic_mouth(sound(1.0, speech=0.0), times)[:, [0, 2, 3, 4, 9, 10]].any()
    assert not acoustic_mouth(sound(0.03, hiss=1.0), times)[6, MOUTH.index("mouthStretch")] > 0.02


def test_rounded_colour_puckers():
    late = np.linspace(1.2, 1.7, 101)
    colours = 0.6 * np.sin(5.3 * late) + 0.4 * np.sin(11.7 * late + 1.3)
    at = late[colours.argmax()] + np.arange(-3, 4) / 60
    rounded = colours.max() - 0.25
    weights = acoustic_mouth(sound(1.0), at)[3]
    assert rounded > 0.3
    assert weights[MOUTH.index("mouthPucker")] == pytest.approx(0.4 * rounded, abs=1e-5)
    assert weights[MOUTH.index("mouthFunnel")] == pytest.approx(0.14 * rounded, abs=1e-5)
    assert weights[MOUTH.index("jawOpen")] == pytest.approx(0.23 * (1 - 0.35 * rounded), abs=1e-5)
    assert weights[MOUTH.index("mouthLowerDown")] == pytest.approx(0.2 * (1 - rounded), abs=1e-5)


def test_a_deep_dip_closes_the_lips_and_a_hissing_one_does_not():
    level = np.ones(200)
    level[96:104] = 0.0
    weights = acoustic_mouth(sound(level), 1 + np.arange(-3, 4) / 60)[3]
    assert weights[MOUTH.index("mouthClose")] > 0.06
    assert weights[MOUTH.index("mouthClose")] == pytest.approx(0.85 * weights[MOUTH.index("jawOpen")] + 0.03, abs=1e-6)
    assert weights[MOUTH.index("mouthLowerDown")] == 0
    hissing = acoustic_mouth(sound(np.where(level > 0, 1.0, 0.2), hiss=1.0), 1 + np.arange(-3, 4) / 60)[3]
    assert hissing[MOUTH.index("mouthClose")] == 0
