"""Hair that hangs: a surface over the skull and the ears, ended by the hairline, with locks on it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import KDTree

from gengine.avatars.making.appearances import APPEARANCES
from gengine.avatars.making.dress import OVER_EARS, preset_body, pressed_ears, skin_surface
from gengine.avatars.making.hair import STYLES
from gengine.avatars.making.hair_cards import scalp


@pytest.fixture(scope="module")
def hung():
    """A head, the surface of its hair, and its locks."""
    body, look = preset_body("anna"), APPEARANCES["anna"]
    head = scalp(body, look)
    pieces, _ = STYLES[look.hair](head, np.random.default_rng(look.seed + 100))
    return body, look, head, *pieces


def test_no_hair_before_the_face(hung):
    body, _, head, surface, locks = hung
    eyes = np.abs(body.joint("LeftEye")[0]) * 1e3 / body.face_scale
    for piece in (surface, locks):
        at = head.local(piece.vertices)
        face = (at[:, 2] > 60) & (np.abs(at[:, 0]) < eyes) & (at[:, 1] < 20) & (at[:, 1] > -90)
        assert not face.any()


def test_locks_run_close_to_the_surface(hung):
    _, _, head, surface, locks = hung
    paths = locks.vertices.reshape(-1, 11, 2, 3)[:, 4:].reshape(-1, 3)  # from where they have left their roots
    high = head.local(paths)[:, 1]
    away, _ = KDTree(surface.subdivided().vertices).query(paths[(high < 20) & (high > -150)])
    assert np.quantile(away, 0.95) < 0.012


def test_ears_lie_inside_the_hair(hung):
    body, look, head, surface, _ = hung
    assert look.hair in OVER_EARS
    skin = pressed_ears(skin_surface(body), body)
    before, after = (np.abs(s.vertices[:, 0]) for s in (skin_surface(body), skin))
    assert before.max() == after.max()  # hands are where they were
    ears = np.flatnonzero(before - after > 1e-3)
    assert len(ears) > 100
    at = head.local(surface.vertices)
    height = head.local(skin.vertices[ears])[:, 1]
    beside = (at[:, 1] > height.min()) & (at[:, 1] < height.max())
    assert after[ears].max() < np.abs(surface.vertices[beside, 0]).max()
