"""Timelines from files: every format, smooth changes, and messages that name the line."""

from __future__ import annotations

import json
import os

import numpy as np
import pytest

from gengine.core.emotion import EMOTION_INDEX
from gengine.emotion import parse_emotion
from gengine.emotion.plan import SHORTEST_FADE
from gengine.emotion.timeline import read_timeline
from gengine.errors import EmotionError

HAPPY, ANGRY, SAD = (EMOTION_INDEX[n] for n in ("happiness", "anger", "sadness"))
TIMES = np.arange(0, 20, 0.01)


def write(folder, name, text):
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def test_json_csv_and_srt_mean_the_same(tmp_path):
    keyframes = write(tmp_path, "a.json", '[{"time": 0, "emotion": "happy:0.8"}, {"time": 3, "emotion": "angry", '
                      '"intensity": 0.5}, {"time": "0:06", "emotion": "neutral:0"}]')  # fmt: skip
    csv = write(tmp_path, "a.csv", "time,emotion,intensity\n# comment\n0,happy:0.8\n3.0,angry,0.5\n\n0:06,neutral:0,\n")
    srt = write(
        tmp_path,
        "a.srt",
        "1\n00:00:00,000 --> 00:00:03,000\nhappy:0.8\n\n2\n00:00:03,000 --> 00:00:06.000\nangry:0.5\n",
    )
    curves = [parse_emotion(p)(TIMES)[0] for p in (keyframes, csv, str(srt))]
    assert np.allclose(curves[0], curves[1])
    assert np.allclose(curves[0][:, 1:], curves[2][:, 1:])
    assert curves[0][100, HAPPY] == pytest.approx(0.8) and curves[0][450, ANGRY] == pytest.approx(0.5)
    assert np.allclose(curves[0][800:], 0)


def test_srt_gaps_are_neutral_and_so_is_the_time_before(tmp_path):
    path = write(
        tmp_path, "a.vtt", "WEBVTT\n\n00:02.000 --> 00:04.000\nhappy\n\n00:08.000 --> 00:10.000\nsad +\nhappy:0.5\n"
    )
    weights = parse_emotion(path)(TIMES)[0]
    assert weights[100, HAPPY] == weights[600, HAPPY] == weights[1500, HAPPY] == pytest.approx(0)
    assert weights[300, HAPPY] == pytest.approx(1) and weights[900, SAD] == pytest.approx(1)


def test_a_fraction_of_one_digit_is_tenths(tmp_path):
    path = write(tmp_path, "a.srt", "1\n00:00:01,5 --> 00:00:03,25\n\nhappy\n2\n00:04,5 --> 6\nsad\n")
    keyframes, _ = read_timeline(path)
    assert [(k.time, k.emotion) for k in keyframes] == [
        (0, "neutral"), (1.5, "happy"), (3.25, "neutral"), (4.5, "sad"), (6, "neutral"),
    ]  # fmt: skip


def test_before_the_first_keyframe_is_neutral():
    weights = parse_emotion([(5, "happy")])(TIMES)[0]
    assert weights[400, HAPPY] == 0 and weights[600, HAPPY] == pytest.approx(1)


def test_unquoted_vad_in_csv(tmp_path):
    plan = parse_emotion(write(tmp_path, "a.csv", '0,vad:0.6,0.5,0.2\n5,"vad:-0.6,-0.3,-0.3",0.5\n'))
    vad = plan(TIMES)[1]
    assert np.allclose(vad[0], (0.6, 0.5, 0.2)) and np.allclose(vad[-1], (-0.3, -0.15, -0.15))


@pytest.mark.parametrize("gap", [0.05, 0.2, 0.5, 1.0, 3.0])
def test_changes_are_smooth_however_close_the_keyframes(gap):
    plan = parse_emotion([(1 + gap * i, ("happy", "angry", "sad")[i % 3]) for i in range(12)])
    t = np.arange(0, 1 + 13 * gap, 0.001)
    weights, _, _ = plan(t)
    assert weights.min() >= -1e-9 and weights.max() <= 1 + 1e-9
    # A smoothstep of SHORTEST_FADE is at most 1.5 / SHORTEST_FADE steep; overlapping ones add up.
    overlap = max(1.0, np.ceil(SHORTEST_FADE / gap))
    assert np.abs(np.diff(weights, axis=0)).max() <= 0.001 * 1.5 / SHORTEST_FADE * overlap + 1e-9
    if gap >= SHORTEST_FADE:
        assert weights[np.searchsorted(t, 1 + gap / 2), HAPPY] == pytest.approx(1, abs=1e-6)


def test_fade_is_the_files_own(tmp_path):
    def changing(fade):
        path = write(tmp_path, "f.json", json.dumps({"keyframes": [[0, "happy"], [5, "sad"]], "fade": fade}))
        sad = parse_emotion(path)(TIMES)[0][:, SAD]
        return ((sad > 0) & (sad < 1)).sum() / 100

    assert changing(0.6) == pytest.approx(0.6, abs=0.03)
    assert changing(3) == pytest.approx(3, abs=0.03)
    assert changing(0) == pytest.approx(SHORTEST_FADE, abs=0.03)


def test_a_timeline_may_listen_for_a_while():
    voice = parse_emotion([(0, "happy"), (4, "auto"), (8, "sad")])(TIMES)[2]
    assert voice[100] == 0 and voice[600] == pytest.approx(1) and voice[1000] == pytest.approx(0)


def test_windows_of_time_agree_with_the_whole():
    rng = np.random.default_rng(0)
    times = np.cumsum(rng.uniform(0.05, 1.5, 60))
    plan = parse_emotion([(float(t), f"happy:{rng.uniform():.2f}+sad:{rng.uniform():.2f}") for t in times])
    t = np.arange(4000) / 100
    whole = plan(t)
    for size in (1, 7, 130):
        for a, b in zip(whole, zip(*(plan(t[i : i + size]) for i in range(0, len(t), size)), strict=True), strict=True):
            assert np.allclose(a, np.concatenate(b), atol=1e-12)


@pytest.mark.parametrize(("name", "text", "message"), [
    ("a.json", "{", "a.json: line 1, column 2: is no whole JSON"),
    ("a.json", '[\n{"time": 0,\n "emotion" "x"}]', "a.json: line 3, column "),
    ("a.json", '{"keyframe": []}', "unknown key 'keyframe'"),
    ("a.json", "[]", "holds no keyframes"),
    ("a.json", '"happy"', "expected a list"),
    ("a.json", '[{"time": "soon", "emotion": "happy"}]', "keyframe 1: time 'soon'"),
    ("a.json", '{"keyframes": [[0, "happy"]], "fade": -1}', "fade: time -1"),
    ("a.csv", "time,emotion\n0,happy\n2,hapy\n", "a.csv, line 3: unknown word 'hapy'; did you mean 'happy'"),
    ("a.csv", "0,happy\n1\n", "a.csv, line 2: '1', expected time,emotion"),
    ("a.csv", "0,happy\n1,sad:3\n", "line 2: 'sad:3' has strength '3'"),
    ("a.csv", "0,happy\n1,sad,9\n", "line 2, intensity: '9', expected a number from 0"),
    ("a.csv", "2,happy\n1,sad\n", "line 2: time 1 s does not come after 2 s"),
    ("a.csv", "", "is empty"),
    ("a.srt", "00:00:02,000 --> 00:00:01,000\nhappy\n", "line 1: the segment ends at 1 s"),
    ("a.srt", "00:00,0 --> 00:03,0\nhappy\n\n00:02,0 --> 00:04,0\nsad\n", "line 4: starts at 2 s inside"),
    ("a.srt", "00:00:00,000 --> 00:00:03,000\n\n", "line 1: no emotion below"),
    ("a.srt", "00:00:0x,000 --> 00:00:03,000\nhappy\n", "a.srt, line 1: '00:00:0x,000"),
    ("a.srt", "1\nhappy\n", "line 2: 'happy', expected '00:00:00,000"),
])  # fmt: skip
def test_messages_name_the_line(tmp_path, name, text, message):
    with pytest.raises(EmotionError, match=message):
        parse_emotion(write(tmp_path, name, text))


def test_a_file_that_is_not_text_is_refused(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"\xff\xfe\x00\x80\x00")
    with pytest.raises(EmotionError, match="UTF-8"):
        parse_emotion(path)


DECIMAL_COMMAS = {
    "Excel": ("a.csv", "time;emotion;intensity\r\n0;happy;0,8\r\n1,5;angry;0,5\r\n", "utf-8"),
    "Excel that says its separator": ("a.csv", "sep=;\n0;happy;0,8\n1,5;angry;0,5\n", "utf-8-sig"),
    "tabs in UTF-16": ("a.csv", "time\temotion\tintensity\n0\thappy\t0,8\n1,5\tangry\t0,5\n", "utf-16"),
    "empty columns": ("a.csv", "0;happy;0,8;;\n1,5;angry;0,5;;\n", "cp1252"),
    "commas that part and commas of numbers": ("a.csv", "0,happy,0,8\n1,5,angry,0,5\n", "utf-8"),
    "quotes": ("a.csv", '"0","happy","0,8"\n"1,5","angry:0,5"\n', "utf-8"),
    "JSON": ("a.json", '[["0", "happy:0,8"], {"time": "1,5", "emotion": "angry", "intensity": "0,5"}]', "utf-8"),
}  # fmt: skip


@pytest.mark.parametrize("case", DECIMAL_COMMAS)
def test_decimal_commas_are_read_everywhere(case, tmp_path):
    name, text, encoding = DECIMAL_COMMAS[case]
    (tmp_path / name).write_bytes(text.encode(encoding))
    plan = parse_emotion(tmp_path / name)
    assert plan.times.tolist() == [0.0, 1.5] and plan.states.max(axis=1) == pytest.approx([0.8, 0.5])


HUGE = "9" * 5000


@pytest.mark.parametrize(
    "text",
    [f'[{{"time": {HUGE}, "emotion": "happy"}}]', '[{"time": 0, "emotion": {"happy": ' + HUGE + "}}]",
     f'[{{"time": "{HUGE}", "emotion": "happy"}}]', '[{"time": 0, "emotion": "happy", "intensity": ' + HUGE + "}]",
     "[" * 100_000, '[{"time": 1e999, "emotion": "happy"}]', '[{"time": NaN, "emotion": "happy"}]'],
    ids=["time", "strength", "time in quotes", "intensity", "depth", "infinity", "NaN"],
)  # fmt: skip
def test_numbers_that_are_none_are_refused(text, tmp_path):
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(EmotionError) as error:
        parse_emotion(tmp_path / "a.json")
    assert len(str(error.value)) < 500


def test_a_pipe_is_no_timeline(tmp_path):
    os.mkfifo(tmp_path / "a.csv")
    with pytest.raises(EmotionError, match="no regular file"):
        parse_emotion(tmp_path / "a.csv")
