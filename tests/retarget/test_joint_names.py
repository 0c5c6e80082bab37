"""Names of rigs, and the other words that people use for them."""

from __future__ import annotations

import pytest

from gengine.errors import GengineError
from gengine.retarget.joint_names import ALIASES, RIGS, joint_names


@pytest.mark.parametrize(("alias", "rig"), ALIASES.items())
def test_an_alias_is_its_rig(alias: str, rig: str) -> None:
    assert rig in RIGS
    assert joint_names(alias.upper()) == joint_names(rig)


def test_an_unknown_rig_is_told_what_was_likely_meant() -> None:
    with pytest.raises(GengineError, match="mixamo"):
        joint_names("mixam")
