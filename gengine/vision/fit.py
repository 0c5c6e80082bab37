"""A followed face as head, gaze and ARKit weights: the points of a person's own neutral face, moved by the CC0 head's
shapes, are laid over the points that were seen.

Every frame is a weak-perspective view (scale, rotation, shift) of ``neutral + weights · basis``. Weights lie in 0..1
and change smoothly: a bounded least-squares problem over all frames at once, solved by accelerated projected gradients
(Beck & Teboulle 2009). The pose is Horn's (1987) over the points that expressions move least.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from gengine.core import rotation
from gengine.core.face import ARKIT_INDEX, ARKIT_NAMES, LOOK_DOWN, LOOK_IN, LOOK_OUT, LOOK_UP
from gengine.vision.faces import MESH_POINTS, SeenFace

STEADY = 0.0015
"""Movement under all weights, m, below which a point counts as wholly rigid when the head is placed (judgement)."""

DEPTH_TRUST = 0.05
"""Weight of a seen point's depth beside its place in the picture: depth is a guess of the network (judgement)."""

ROUNDS = 3
"""How often pose, neutral and weights are found in turn."""

SHRINK, TWINS = 2.0, 3.0
"""Weight of a curve's square beside the mean squared distance of points, mm², and of the squared difference of a left
curve and its right one, in those (judgement, tried on filmed avatars): points are found to about half a millimetre."""

RARE = {
    "jawOpen": 4.0, "jawLeft": 4.0, "jawRight": 4.0, "noseSneer": 2.0, "cheekSquint": 2.0, "mouthShrugUpper": 2.0,
    "mouthRollUpper": 2.0, "mouthDimple": 2.0, "mouthPress": 2.0,
}  # fmt: skip
"""Curves that people use less than others, or that move more than others at the same weight (the jaw), and by which
factor more their squares weigh (judgement, tried on filmed avatars)."""

ONE_SIDED = ("jawLeft", "jawRight", "mouthLeft", "mouthRight")
"""Curves that move one thing to either side: no twins."""

ALONE, MOST_GAIN = ("brow", "eye"), 6.0
"""Curves that are small in the picture and that no others explain: what the prior takes from them is given back, at
most by this factor (judgement, tried on filmed avatars; at the mouth it doubles the error)."""

SMOOTH, SMOOTH_RATE = 0.03, 30.0
"""Weight of the squared change from frame to frame, mm², and the frame rate it is meant for, Hz (judgement)."""

STEPS = 150
"""Steps of the solver: weights change by less than .002 after."""

REST_SHARE, AWAKE = 0.4, (0.5, 0.85)
"""Frames that show a person's closed mouth (the share with the nearest lips and chin) and awake lids (the range of how
far they are open, in shares of the frames): what is neutral (judgement)."""

FEWEST = 12
"""Frames from which a person's own neutral face can be told."""

BLUR = 0.015
"""Standard deviation, s, of the filter over seen points: less than half a frame of a film."""

UNSEEN = ("tongueOut", "cheekPuff", "jawForward")
"""Curves that a front view of the skin does not show; they stay zero."""

LOOKS = tuple(name for name in ARKIT_NAMES if name.startswith("eyeLook"))

WIDEST = np.radians([50.0, 40.0])
"""Eyes turn no further, yaw and pitch, rad (Lee & Kalmus 1979 give 50° to a side)."""

# points by their numbers in the mesh
UPPER_LIP, LOWER_LIP, NOSE, CHIN = 13, 14, 1, 152
LIDS = ((159, 145, 33, 133), (386, 374, 362, 263))
"""Upper and lower lid and both corners, of the person's right eye and of the left one."""
IRISES = (468, 473)

REGIONS = {
    "mouth": ("jaw", "mouth", "tongue", "cheekPuff"),
    "lids": ("eyeBlink", "eyeSquint", "eyeWide", "eyeLook"),
    "brows": ("brow", "noseSneer", "cheekSquint"),
}
"""Beginnings of the names of the curves that move a part of the face."""

FINE = {"lips": 4.0, "lids": 3.0, "chin": 0.1}
"""Weight of points that matter more than others, or less: the mesh's chin follows a filmed avatar's with r .6, its
lower lip with .98 (tried on filmed avatars)."""
FINE_POINTS = {
    "chin": (152, 148, 176, 149, 377, 400, 378, 175, 199, 200, 171, 396, 208, 428, 201, 421),
    "lips": (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 185, 40, 39, 37, 0, 267, 269, 270, 409, 78, 95, 88, 178,
             87, 14, 317, 402, 318, 324, 308, 191, 80, 81, 82, 13, 312, 311, 310, 415),
    "lids": (33, 7, 163, 144, 145, 153, 154, 155, 133, 246, 161, 160, 159, 158, 157, 173,
             263, 249, 390, 373, 374, 380, 381, 382, 362, 466, 388, 387, 386, 385, 384, 398),
}  # fmt: skip
"""Contours of MediaPipe's mesh."""

PAIRS = ((13, 14), (82, 87), (312, 317), (81, 178), (311, 402), (80, 88), (310, 318))
"""Inner points of the upper lip and those of the lower lip below them."""

PARTING = 0.3
"""Weight of how far they are apart beside where all points are: small in the picture, it decides whether lips meet
(tried on real speakers, whose closings were read 1 mm open without)."""


@dataclass(frozen=True)
class FaceBasis:
    """The CC0 head at the points: ``neutral (478, 3)`` and ``basis (52, 478, 3)``, m, +Y up, +Z forward, left = +X;
    ``eyes (2, 3)`` centres of the right and left eye."""

    neutral: NDArray[np.float64]
    basis: NDArray[np.float64]
    eyes: NDArray[np.float64]


@lru_cache(maxsize=1)
def face_basis() -> FaceBasis:
    """What ``gengine.training.face_basis`` baked."""
    with (resources.files("gengine.vision") / "data" / "face_basis.npz").open("rb") as file, np.load(file) as stored:
        return FaceBasis(*(stored[name].astype(float) for name in ("neutral", "basis", "eyes")))


@dataclass(frozen=True)
class FittedFace:
    """What was done: ``weights (T, 52)``, ``head (T, 4)`` wxyz over the camera's axes, ``gaze (T, 2)`` rad to its head.

    ``neutral (468, 3)`` m is the person's own; ``error`` is the mean distance in the picture between the points that
    were seen and the fitted ones, in shares of the distance between the outer corners of the eyes.
    """

    weights: NDArray[np.float64]
    head: NDArray[np.float64]
    gaze: NDArray[np.float64]
    neutral: NDArray[np.float64]
    error: float


def bridged(landmarks: NDArray) -> NDArray[np.float64]:
    """(T, N, 3) with frames that lack the face filled: between the frames around them, or held at the ends."""
    seen = np.flatnonzero(~np.isnan(landmarks[:, 0, 0]))
    flat = landmarks.reshape(len(landmarks), -1)
    at = np.arange(len(landmarks))
    filled = np.stack([np.interp(at, seen, column) for column in flat[seen].T.astype(float)], 1)
    return filled.reshape(landmarks.shape)


def fit_face(face: SeenFace, fps: float) -> FittedFace:
    """Head, gaze and weights of a face that was followed through a film of ``fps`` Hz.

    A person's neutral face is told from the film: mouth closed, lids awake, brows as mostly held. Films of fewer than
    ``FEWEST`` frames, and pictures, are read as if their first look were neutral everywhere but at lips and lids.
    """
    model = face_basis()
    seen = bridged(face.landmarks) * [1, -1, -1]  # a picture's y points down, its depth away
    if len(seen) > 1:
        seen = gaussian_filter1d(seen, BLUR * fps, axis=0, mode="nearest")
    points, irises = seen[:, :MESH_POINTS], seen[:, IRISES]
    basis = model.basis[:, :MESH_POINTS].copy()
    basis[[ARKIT_INDEX[name] for name in UNSEEN]] = 0
    moves = np.sqrt((basis**2).sum((0, 2)))
    firm = 1 / (STEADY**2 + moves**2)
    firm /= firm.sum()
    neutral = model.neutral[:MESH_POINTS]
    weights = np.zeros((len(seen), len(ARKIT_NAMES)))
    gaze = np.zeros((len(seen), 2))
    for _ in range(ROUNDS):
        shape = neutral + np.einsum("tk,kpc->tpc", weights, basis)
        scale, turn, shift = _poses(shape, points, firm)
        there = _unposed(points, scale, turn, shift)
        neutral = _neutral(there, basis, model.neutral[:MESH_POINTS])
        gaze = _gaze(_unposed(irises, scale, turn, shift), turn, neutral, model)
        looks = _looks(gaze)
        weights = _weights(there - neutral - np.einsum("tk,kpc->tpc", looks, basis), basis, turn, fps) + looks
    shape = neutral + np.einsum("tk,kpc->tpc", weights, basis)
    scale, turn, shift = _poses(shape, points, firm)
    placed = scale[:, None, None] * shape @ turn.transpose(0, 2, 1) + shift[:, None]
    away = np.linalg.norm((placed - points)[..., :2], axis=-1).mean(1)
    span = np.linalg.norm(points[:, 33, :2] - points[:, 263, :2], axis=-1)
    return FittedFace(weights, rotation.from_matrix(turn), gaze, neutral, float((away / span).mean()))


def _poses(shape: NDArray, points: NDArray, firm: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    """Scales (T,), rotations (T, 3, 3) and shifts (T, 3) that lay shapes (T, P, 3) over points: Horn's, weighted."""
    middle, goal = (np.einsum("p,tpc->tc", firm, x) for x in (shape, points))
    a, b = shape - middle[:, None], points - goal[:, None]
    u, s, vt = np.linalg.svd(np.einsum("p,tpc,tpd->tcd", firm, b, a))
    sign = np.ones_like(s)
    sign[:, 2] = np.sign(np.linalg.det(u @ vt))
    turn = (u * sign[:, None]) @ vt
    scale = (s * sign).sum(1) / np.einsum("p,tpc,tpc->t", firm, a, a)
    return scale, turn, goal - scale[:, None] * np.einsum("tab,tb->ta", turn, middle)


def _unposed(points: NDArray, scale: NDArray, turn: NDArray, shift: NDArray) -> NDArray[np.float64]:
    """Points of the picture in the head's own axes, m."""
    return (points - shift[:, None]) / scale[:, None, None] @ turn


def _neutral(there: NDArray, basis: NDArray, head: NDArray) -> NDArray[np.float64]:
    """(P, 3): each point where it is in the frames in which the part of the face that it belongs to is at rest."""
    if len(there) < FEWEST:
        usual = np.median(there, 0)
        lips = np.isin(np.arange(len(head)), np.concatenate([FINE_POINTS["lips"], FINE_POINTS["lids"]]))
        return np.where(lips[:, None], head, usual)
    near = np.linalg.norm(there[:, UPPER_LIP] - there[:, LOWER_LIP], axis=-1) + np.linalg.norm(
        there[:, CHIN] - there[:, NOSE], axis=-1
    )
    up, low = (list(row) for row in list(zip(*LIDS, strict=True))[:2])
    open_ = np.linalg.norm(there[:, up] - there[:, low], axis=-1).sum(1)
    low, high = np.quantile(open_, AWAKE)
    rest = {
        "mouth": there[near <= np.quantile(near, REST_SHARE)].mean(0),
        "lids": there[(open_ >= low) & (open_ <= high)].mean(0),
        "brows": np.median(there, 0),
    }
    shares = {part: (basis[_curves(names)] ** 2).sum((0, 2)) for part, names in REGIONS.items()}
    shares["brows"] = shares["brows"] + STEADY**2
    whole = np.sum(list(shares.values()), 0)
    return np.sum([(shares[part] / whole)[:, None] * rest[part] for part in rest], 0)


def _curves(beginnings: tuple[str, ...]) -> list[int]:
    return [i for name, i in ARKIT_INDEX.items() if name.startswith(beginnings)]


def _weights(moved: NDArray, basis: NDArray, turn: NDArray, fps: float) -> NDArray[np.float64]:
    """(T, 52) weights of movements (T, P, 3) m in the head's axes, as the camera sees them."""
    importance = np.ones(moved.shape[1])
    for part, points in FINE_POINTS.items():
        importance[list(points)] = FINE[part]
    importance = np.append(importance / importance.sum(), np.full(len(PAIRS), PARTING / len(PAIRS)))
    free = [i for i, name in enumerate(ARKIT_NAMES) if name not in (*UNSEEN, *LOOKS)]
    upper, lower = (list(row) for row in zip(*PAIRS, strict=True))
    basis, moved = (np.concatenate([x, x[:, upper] - x[:, lower]], 1) for x in (basis, moved))
    mm = 1000 * basis[free]
    grams = np.einsum("p,kpa,lpb->abkl", importance, mm, mm)
    view = np.einsum("tca,c,tcb->tab", turn, [1, 1, DEPTH_TRUST], turn)  # what of a movement the camera sees
    seen = np.einsum("p,kpa,tab,tpb->tk", importance, mm, view, 1000 * moved, optimize=True)
    names = [ARKIT_NAMES[i] for i in free]
    prior = SHRINK * _prior(names)
    smooth = SMOOTH * (fps / SMOOTH_RATE) ** 2

    form = np.einsum("tab,abkl->tkl", view, grams, optimize=True) + prior

    def slope(w: NDArray) -> NDArray:
        value = (form @ w[..., None])[..., 0] - seen
        step = np.diff(w, axis=0)
        value[:-1] -= smooth * step
        value[1:] += smooth * step
        return value

    steepest = np.linalg.norm(np.einsum("aakl->kl", grams), 2) + np.linalg.norm(prior, 2) + 4 * smooth
    w = ahead = np.zeros((len(moved), len(free)))
    momentum = 1.0
    for _ in range(STEPS):
        new = np.clip(ahead - slope(ahead) / steepest, 0, 1)
        grown = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
        ahead, w, momentum = new + (momentum - 1) / grown * (new - w), new, grown
    weights = np.zeros((len(moved), len(ARKIT_NAMES)))
    weights[:, free] = np.clip(w * _gains(grams[0, 0] + grams[1, 1], prior, names), 0, 1)
    return weights


def _prior(names: list[str]) -> NDArray[np.float64]:
    """(K, K) the form whose value grows with the squares of weights and with differences between the sides."""
    form = np.diag([next((v for part, v in RARE.items() if name.startswith(part)), 1.0) for name in names])
    for a, b in enumerate(_twins(names)):
        if a != b:
            form[a, a] += TWINS
            form[a, b] -= TWINS
    return form


def _twins(names: list[str]) -> list[int]:
    """Of each curve the one of the other side, or itself."""
    other = [name.replace("Left", "?").replace("Right", "Left").replace("?", "Right") for name in names]
    return [k if names[k].startswith(ONE_SIDED) else names.index(name) for k, name in enumerate(other)]


def _gains(gram: NDArray, prior: NDArray, names: list[str]) -> NDArray[np.float64]:
    """What undoes how much the prior shrinks each curve (and its twin with it) seen from the front."""
    kept = np.linalg.solve(gram + prior, gram)
    at = np.arange(len(names))
    twins = np.array(_twins(names))
    share = kept[at, at] + np.where(twins != at, kept[at, twins], 0)
    alone = np.array([name.startswith(ALONE) for name in names])
    return np.where(alone, 1 / np.maximum(share, 1 / MOST_GAIN), 1)


def _gaze(irises: NDArray, turn: NDArray, neutral: NDArray, model: FaceBasis) -> NDArray[np.float64]:
    """(T, 2) yaw and pitch of both eyes to the head, rad, such that the film's usual gaze meets the camera."""
    corners = np.array([(neutral[a] + neutral[b]) / 2 for _, _, a, b in LIDS])
    own = np.array([(model.neutral[a] + model.neutral[b]) / 2 for _, _, a, b in LIDS])
    radius = model.neutral[IRISES[0], 2] - model.eyes[0, 2]
    off = (irises - corners - (model.neutral[list(IRISES)] - own)).mean(1)
    yaw = np.arcsin(np.clip(off[:, 0] / radius, -1, 1))
    pitch = np.arcsin(np.clip(off[:, 1] / radius, -1, 1))
    camera = turn[:, 2]  # the camera's direction in the head's axes
    wanted = np.stack([np.arctan2(camera[:, 0], camera[:, 2]), np.arcsin(np.clip(camera[:, 1], -1, 1))], 1)
    found = np.stack([yaw, pitch], 1)
    return np.clip(found + np.median(wanted - found, 0), -WIDEST, WIDEST)


def _looks(gaze: NDArray) -> NDArray[np.float64]:
    """(T, 52) the eyeLook curves of a gaze."""
    yaw, pitch = gaze.T
    weights = np.zeros((len(gaze), len(ARKIT_NAMES)))
    for side, inward in (("Left", -yaw), ("Right", yaw)):
        for name, value in (
            ("In", inward / LOOK_IN),
            ("Out", -inward / LOOK_OUT),
            ("Up", pitch / LOOK_UP),
            ("Down", -pitch / LOOK_DOWN),
        ):
            weights[:, ARKIT_INDEX[f"eyeLook{name}{side}"]] = np.clip(value, 0, 1)
    return weights
