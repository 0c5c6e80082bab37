"""Reports add up, say themselves in lines and in JSON, and refuse warnings where one is strict."""

from __future__ import annotations

import pytest

from gengine.core.report import Report
from gengine.errors import GengineError

WORDS = Report({"words": {"given": 14, "moved": 0}}, notes=("a",), warnings=("b.",))
SOUND = Report({"words": {"moved": 2}, "sound": {"track": 1, "channel": None}}, notes=("a", "c"), warnings=("b.",))


def test_reports_add_up() -> None:
    both = WORDS + SOUND
    assert both.facts == {"words": {"given": 14, "moved": 2}, "sound": {"track": 1, "channel": None}}
    assert both.notes == ("a", "c") and both.warnings == ("b.",)
    assert WORDS.facts["words"]["moved"] == 0


def test_a_report_is_said_in_lines_and_in_json() -> None:
    assert (WORDS + SOUND).summary() == ["words: given 14, moved 2", "sound: track 1"]
    assert WORDS.as_dict() == {"words": {"given": 14, "moved": 0}, "notes": ["a"], "warnings": ["b."]}


def test_notes_pass_where_warnings_do_not() -> None:
    Report(notes=("a",)).refuse_warnings()
    with pytest.raises(GengineError, match=r"--strict: b\. "):
        WORDS.refuse_warnings()
