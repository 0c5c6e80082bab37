"""Making one's own person: what is refused at once, and the real thing where the phenotype model is installed."""

from __future__ import annotations

import importlib.util

import pytest

from gengine.avatars import load_avatar, make_avatar
from gengine.errors import GengineError, MissingExtraError

HAS_ANNY = importlib.util.find_spec("anny") is not None


@pytest.mark.parametrize(
    "wrong",
    [{"age": 5}, {"height": 3.0}, {"sex": 2}, {"ancestry": {"martian": 1}}, {"path": "me.txt"}, {"look": "nobody"}],
)
def test_values_outside_what_a_body_can_be_are_refused(wrong):
    with pytest.raises(GengineError, match="make_avatar"):
        make_avatar(**wrong)


@pytest.mark.skipif(HAS_ANNY, reason="the phenotype model is installed")
def test_without_the_extra_its_name_is_given():
    with pytest.raises(MissingExtraError, match="avatars"):
        make_avatar()


@pytest.mark.slow
@pytest.mark.skipif(not HAS_ANNY, reason="needs the extra avatars")
def test_a_made_avatar_has_the_height_asked_for_and_loads_by_path(tmp_path):
    made = make_avatar(tmp_path / "me.npz", sex=0.0, age=50, height=1.93, weight=0.7)
    again = load_avatar(tmp_path / "me.npz")
    skin = next(part for part in again.parts if part.name == "skin")
    assert skin.vertices[:, 1].max() == pytest.approx(1.93, abs=0.01)
    assert again.seal == made.seal
