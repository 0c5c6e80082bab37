"""Which runs a batch has: files, patterns, folders, transcripts beside them, and manifests as people write them."""

from __future__ import annotations

import inspect
from dataclasses import fields
from pathlib import Path

import pytest

from gengine.batch.entry import key_of
from gengine.batch.listing import Listing, default_out, listed
from gengine.batch.manifest_csv import columns
from gengine.batch.run_options import RunOptions, many
from gengine.cli.animate import animate
from gengine.errors import GengineError

COMMON = RunOptions(Path(), emotion="happy")


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("talks/b.wav", "talks/a.mp4", "talks/monday/a.WAV", "talks/._b.wav", "talks/.cache/x.wav",
                 "talks/notes.md", "talks/b.srt", "runs/talks/a/preview.mp4"):  # fmt: skip
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"RIFF")
    return tmp_path


def plan(*sources: str, common: RunOptions = COMMON, out: str = "out") -> Listing:
    return listed([Path(s) for s in sources], common, Path(out))


def names(listing: Listing) -> list[str]:
    return [entry.name for entry in listing.entries]


def test_options_of_a_run_are_those_of_animate() -> None:
    told = inspect.signature(animate).parameters
    renamed = {"sources": "sound", "settings": "set", "settings_of": "option"}
    beside = {"out", "jobs", "ray", "address", "as_json"}
    assert {f.name for f in fields(RunOptions)} == {renamed.get(name, name) for name in told} - beside
    defaults = {renamed.get(n, n): p.default for n, p in told.items() if n not in {*beside, "sources"}}
    made = RunOptions(Path())
    assert {n: v if v is not None else getattr(made, n) for n, v in defaults.items()} == {
        n: getattr(made, n) for n in defaults
    }


def test_one_recording_is_not_many(desk: Path) -> None:
    assert not many([Path("talks/b.wav")]) and not many([Path("missing.wav")])
    for sources in (["talks"], ["a.csv"], ["a.wav", "b.wav"], ["talks/*.wav"]):
        assert many([Path(s) for s in sources])


def test_a_folder_gives_its_recordings_and_says_what_it_leaves_out(desk: Path) -> None:
    found = plan("talks")
    assert names(found) == ["a", "b", "monday/a"]
    assert all(entry.options.emotion == "happy" for entry in found.entries)
    said = " ".join(found.notes)
    assert "notes.md" in said and "b.srt" in said and "--text talks" in said


def test_out_and_finished_runs_are_no_recordings(desk: Path) -> None:
    (desk / "runs/talks/a/manifest.json").write_text('{"gengine": "0", "files": {}}')
    assert names(plan(".", out="elsewhere")) == ["talks/a", "talks/b", "talks/monday/a"]
    (desk / "runs/talks/a/manifest.json").unlink()
    assert names(plan(".", out="runs/talks")) == ["talks/a", "talks/b", "talks/monday/a"]
    (desk / "talks/manifest.json").write_text('{"name": "my web app"}')
    assert names(plan("talks", out="talks")) == ["a", "b", "monday/a"], "runs may stand beside their recordings"


def test_patterns_are_spread_where_no_shell_did(desk: Path) -> None:
    assert names(plan("talks/*.wav")) == ["b"]
    with pytest.raises(GengineError, match=r"nothing\*\.wav' matches no file"):
        plan("nothing*.wav")


def test_same_names_are_told_apart_and_said(desk: Path) -> None:
    found = plan("talks/a.mp4", "talks/monday/a.WAV", "talks/A.flac")
    assert names(found) == ["a", "a-2", "A-3"]
    assert len(found.notes) == 2 and "monday/a.WAV: its folder is a-2" in found.notes[0]


@pytest.mark.parametrize("wild", ["...wav", "a:b?.wav", "  .wav", "co|n*.wav"])
def test_no_name_leaves_the_folder_or_is_hidden(desk: Path, wild: str) -> None:
    (desk / "talks" / wild).write_bytes(b"RIFF")
    (name,) = names(plan(f"talks/{wild}", "talks"))[:1]
    assert name and not name.startswith(".") and not set(':?|*"') & set(name)


def test_nothing_to_animate_is_one_error(desk: Path) -> None:
    (desk / "empty").mkdir()
    with pytest.raises(GengineError, match="there is no recording"):
        plan("empty")


def test_transcripts_of_a_folder_go_to_recordings_of_their_name(desk: Path) -> None:
    texts = desk / "texts"
    (texts / "monday").mkdir(parents=True)
    for name in ("A.txt", "a.srt", "monday/a.TextGrid", "zoo.txt"):
        (texts / name).write_text("x")
    found = plan("talks", common=RunOptions(Path(), text="texts"))
    assert [entry.options.text for entry in found.entries] == ["texts/a.srt", None, "texts/monday/a.TextGrid"]
    said = " ".join(found.notes)
    assert "of a.srt, A.txt the first" in said and "1 file (b.wav) without a transcript" in said
    assert "1 file (zoo.txt) not used" in said


def test_one_text_for_several_recordings_is_refused(desk: Path) -> None:
    with pytest.raises(GengineError, match="for several recordings give none, a folder"):
        plan("talks", common=RunOptions(Path(), text="Hello there."))
    assert plan("talks", common=RunOptions(Path(), text="none")).entries[0].options.text == "none"


def test_where_a_batch_goes(desk: Path) -> None:
    assert default_out([Path("talks")]) == Path("runs/talks")
    assert default_out([Path("week.csv")]) == Path("runs/week")
    assert default_out([Path("a.wav"), Path("b.wav")]) == default_out([Path("*.wav")]) == Path("runs/batch")


MANIFESTS = {
    "plain": b"sound,text,emotion,seed\ntalks/b.wav,Hello there.,sad,7\n",
    "Excel, German": "\ufeffsound;text;emotion;seed;intensity\r\ntalks/b.wav;Hello there.;sad;7;0,8\r\n".encode(),
    "tabs": b"sound\ttext\temotion\tseed\ntalks/b.wav\tHello there.\tsad\t7\n\n",
    "UTF-16": "sound,text,emotion,seed\ntalks/b.wav,Hello there.,sad,7\n".encode("utf-16"),
    "quotes": b'"sound","text","emotion","seed"\n"talks/b.wav","Hello there.","sad","7"\n',
    "paths of Windows": b"sound,text,emotion,seed\ntalks\\b.wav,Hello there.,sad,7\n",
    "capitals and spaces": b"Sound, Text ,Emotion,Seed,Face-fps\ntalks/b.wav,Hello there., sad ,7,\n",
    "empty rows and cells": b"sound,text,emotion,seed,speaker\n,,,,\ntalks/b.wav,Hello there.,sad,7,\n,,,,\n",
    "extra empty cells": b"sound,text,emotion,seed\ntalks/b.wav,Hello there.,sad,7,,\n",
}


@pytest.mark.parametrize("kind", MANIFESTS)
def test_manifests_as_tables_are_saved(desk: Path, kind: str) -> None:
    (desk / "week.csv").write_bytes(MANIFESTS[kind])
    (entry,) = plan("week.csv").entries
    o = entry.options
    assert entry.error is None and entry.name == "b" and o.sound == Path("talks/b.wav")
    assert (o.text, o.emotion, o.seed, o.speaker) == ("Hello there.", "sad", 7, None)
    assert o.intensity == (0.8 if kind == "Excel, German" else 1.0)


def test_every_option_can_be_a_column(desk: Path) -> None:
    cells = {"sound": "b.wav", "text": "b.srt", "out": "deep/one", "strict": "yes", "set": "hop=1 calm=0.5",
             "option": "bvh.tpose_frame=true", "fps": "60", "calm": "0,5", "stance": "monday"}  # fmt: skip
    (desk / "talks/monday/performance.npz").write_bytes(b"PK")
    (desk / "talks" / "list.tsv").write_text("\t".join(cells) + "\n" + "\t".join(cells.values()))
    (entry,) = plan("talks/list.tsv").entries
    o = entry.options
    assert entry.name == "deep/one" and o.sound == Path("talks/b.wav") and o.text == "talks/b.srt"
    assert o.strict and o.set == ("hop=1", "calm=0.5") and o.option == ("bvh.tpose_frame=true",)
    assert (o.fps, o.calm, o.stance) == (60.0, 0.5, Path("talks/monday"))
    assert set(cells) < set(columns())


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("sound,emotoin\nb.wav,sad\n", "column 'emotoin' is unknown; did you mean 'emotion'"),
        ("file,emotion\nb.wav,sad\n", "column 'file' is unknown"),
        ("text,emotion\nhi,sad\n", "has no column 'sound'"),
        ("sound,seed,seed\nb.wav,1,2\n", "has the column 'seed' twice"),
        ("sound,text\nb.wav,Hello, there\n", "line 2: has 3 cells, the head 2; quote"),
        ("sound,text\nb.wav\n", "line 2: has 1 cells, the head 2"),
        ('sound,text\nb.wav,"open\n', "save it as CSV again"),
        ("", "is empty"),
        ("sound\n", "there is no recording"),
    ],
)
def test_a_manifest_that_says_something_else_is_refused(desk: Path, text: str, what: str) -> None:
    (desk / "week.csv").write_text(text)
    with pytest.raises(GengineError, match=what):
        plan("week.csv")


@pytest.mark.parametrize(
    ("cells", "what"),
    [
        ("seed\nb.wav,1.5", "line 2: seed '1.5': expected a whole number"),
        ("intensity\nb.wav,much", "intensity 'much': expected a number"),
        ("strict\nb.wav,perhaps", "strict 'perhaps': expected true or false"),
        ("out\nb.wav,../up", "out ../up: expected a folder's name"),
        ("out\nb.wav,/tmp/up", "out /tmp/up: expected a folder's name"),
        ("seed\n,3", "line 2: names no sound"),
    ],
)
def test_a_bad_cell_is_its_rows_own_error(desk: Path, cells: str, what: str) -> None:
    (desk / "week.csv").write_text(f"sound,{cells}\nc.wav,\n")
    first, second = plan("week.csv").entries
    assert first.error is not None and what in first.error and second.error is None


def test_options_and_contents_make_the_key_and_places_do_not(desk: Path) -> None:
    sound, moved = desk / "talks/b.wav", desk / "c.wav"
    key = key_of(RunOptions(sound, text="talks/b.srt"))
    moved.write_bytes(sound.read_bytes())
    assert key_of(RunOptions(moved, text=str(desk / "talks/b.srt"))) == key
    assert key_of(RunOptions(sound, text="talks/b.srt", seed=1)) != key
    (desk / "talks/b.srt").write_text("other")
    assert key_of(RunOptions(sound, text="talks/b.srt")) != key
    sound.write_bytes(b"RIFx")
    assert key_of(RunOptions(sound)) != key_of(RunOptions(moved))


def test_paths_hold_from_every_folder_on_a_cluster(desk: Path) -> None:
    (desk / "week.csv").write_text("sound,text,emotion\ntalks/b.wav,talks/b.srt,happy\n")
    o = plan("week.csv").entries[0].absolute().options
    assert o.sound == desk / "talks/b.wav" and o.text == str(desk / "talks/b.srt") and o.emotion == "happy"
