"""How an exporter of anybody declares what may be set."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import pytest

from gengine.core.exporter import Exporter
from gengine.core.performance import Performance
from gengine.errors import GengineError


class Notes(Exporter):
    """Writes nothing of interest."""

    suffix: ClassVar[str] = ".txt"
    default_name: ClassVar[str] = "notes.txt"

    def __init__(
        self,
        path: str | Path,
        title: Annotated[str | Path, "first line"] = "notes",
        every: Annotated[int, "frames between two lines"] = 10,
        fps: Annotated[float | None, "rate, Hz"] = None,
        loud: Annotated[bool, "in capitals"] = False,
        side: Annotated[Literal["left", "right"], "which hand"] = "left",
        seen: Any = None,
        **options: Any,
    ) -> None:
        super().__init__(path, **options)
        self.said = (title, every, fps, loud, side, seen)

    def append(self, stretch: Performance) -> None: ...

    def finish(self) -> None: ...


def test_options_are_the_arguments_that_say_what_they_do():
    options = Notes.options()
    assert [(o.name, o.kind, o.default, o.help) for o in options.values()] == [
        ("title", str, "notes", "first line"),
        ("every", int, 10, "frames between two lines"),
        ("fps", float, None, "rate, Hz"),
        ("loud", bool, False, "in capitals"),
        ("side", str, "left", "which hand"),
    ]
    assert options["side"].choices == ("left", "right")
    assert not options["title"].choices


def test_texts_become_what_the_constructor_takes(tmp_path):
    values = Notes.parse_options({"title": "7", "every": "3", "fps": "24.5", "loud": "Yes", "side": "right"})
    assert Notes(tmp_path / "notes.txt", **values).said == ("7", 3, 24.5, True, "right", None)
    assert Notes.parse_options({"loud": "off"}) == {"loud": False}


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        ({"every": "2.5"}, "every=2.5: expected a whole number"),
        ({"fps": "fast"}, "fps=fast: expected a number"),
        ({"fps": "inf"}, "fps=inf: expected a number"),
        ({"loud": "maybe"}, "loud=maybe: expected true or false"),
        ({"side": "up"}, "side 'up' is unknown; choose from left, right"),
        ({"seen": "x"}, ".txt files: option 'seen' is unknown; choose from title, every, fps, loud, side"),
    ],
)
def test_a_text_that_does_not_fit_is_an_error(texts, said):
    with pytest.raises(GengineError, match=said):
        Notes.parse_options(texts)
