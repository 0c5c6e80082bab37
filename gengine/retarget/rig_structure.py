"""Which joint of an unknown rig is which, by how the joints hang together and where they lie: names say nothing.

The hips are where two like chains, the legs, leave the spine; the arms are the two like chains further up; the head
ends the spine. Feet tell where the figure looks, and that its left.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gengine.errors import GengineError
from gengine.retarget.rig_names import SPINES

_ALIKE = 0.12
"""Share by which the lengths of two chains may differ to be a pair (judgement; rigs' sides differ by rounding)."""
_LIMB = 0.2
"""Least length of a leg or arm, as a share of the longest chain of the figure (judgement)."""
_ARM, _FOREARM = 0.65, 0.6
"""Upper arm and forearm as shares of the thigh (0.28 and 0.26 m of 0.43 m; BEAT's skeleton)."""
_THUMB = 5
"""Chains below a hand that are taken for thumb and four fingers."""
_FINGERS = ("Index", "Middle", "Ring", "Pinky")


@dataclass(frozen=True, eq=False)
class _Tree:
    """Joints of a figure: ``at (N, 3)`` at rest, ``children`` by joint, ``reach`` the longest chain below each."""

    at: NDArray[np.float64]
    parents: NDArray[np.int64]
    children: list[list[int]]
    reach: NDArray[np.float64]

    def length(self, joint: int) -> float:
        """From the parent to the joint."""
        above = int(self.parents[joint])
        return float(np.linalg.norm(self.at[joint] - self.at[above])) if above >= 0 else 0.0

    def chain(self, joint: int) -> list[int]:
        """The longest chain from a joint down."""
        found = [joint]
        while self.children[found[-1]]:
            found.append(max(self.children[found[-1]], key=lambda c: self.reach[c] + self.length(c)))
        return found

    def whole(self, joint: int) -> float:
        """Length of the chain that begins with a joint's own bone."""
        return float(self.reach[joint]) + self.length(joint)

    def above(self, joint: int) -> list[int]:
        """The joint and all above it."""
        found = []
        while joint >= 0:
            found.append(joint)
            joint = int(self.parents[joint])
        return found


def recognise_structure(parents: NDArray, positions: NDArray, tips: Collection[int] = ()) -> dict[str, int]:
    """BEAT joint → index of the joints of one figure at rest.

    ``parents (N,)`` and ``positions (N, 3)`` are its joints in any order, unit and axes; ``tips`` are joints that
    move nothing and may be left out at the ends of chains. What cannot be decided is a ``GengineError`` that says why.
    """
    tree = _tree(parents, positions, tips)
    pairs = _pairs(tree)
    if len(pairs) < 2:
        raise GengineError(f"{2 * len(pairs)} long limbs of like lengths in pairs, expected two arms and two legs")
    legs, arms = _legs_and_arms(tree, pairs)
    (hips, *thighs), (chest, *shoulders) = legs, arms
    leg_joints = [_leg(tree, joint) for joint in thighs]
    thigh = float(np.linalg.norm(tree.at[leg_joints[0][1]] - tree.at[leg_joints[0][0]]))
    arm_joints = [_arm(tree, joint, thigh) for joint in shoulders]
    spine = [j for j in reversed(tree.above(chest)) if hips in tree.above(j) and j != hips]
    neck, head = _neck(tree, chest, shoulders)
    up = tree.at[head] - np.mean([tree.at[leg[2]] for leg in leg_joints], axis=0)
    left = _left(tree, leg_joints, up)
    found = {"Hips": hips, "Head": head}
    found |= dict(zip(SPINES[min(max(len(spine), 1), 4)], spine, strict=False))
    found |= dict(zip(("Neck", "Neck1"), neck, strict=False))
    for kind, limbs, names in (
        ("leg", leg_joints, ("UpLeg", "Leg", "Foot", "ToeBase")), ("arm", arm_joints, ("Arm", "ForeArm", "Hand")),
    ):  # fmt: skip
        sides = [float(tree.at[limb[1]] @ left) for limb in limbs]
        if abs(sides[0] - sides[1]) < 1e-3 * np.linalg.norm(up):
            raise GengineError(f"both {kind}s lie on one side; expected a figure at rest with its limbs apart")
        for limb, side in zip(limbs, ("Left", "Right") if sides[0] > sides[1] else ("Right", "Left"), strict=True):
            found |= {f"{side}{name}": joint for name, joint in zip(names, limb, strict=False)}
            if kind == "arm":
                above = int(tree.parents[limb[0]])
                if above != chest and above >= 0:
                    found[f"{side}Shoulder"] = above
                found |= _fingers(tree, limb[2], side)
    return found


def _tree(parents: NDArray, positions: NDArray, tips: Collection[int]) -> _Tree:
    children: list[list[int]] = [[] for _ in parents]
    for j, parent in enumerate(parents):
        if parent >= 0:
            children[int(parent)].append(j)
    order = [j for j, parent in enumerate(parents) if parent < 0]
    for j in order:
        order += children[j]
    for j in reversed(order):  # a tip is one only where nothing but tips hangs below it
        children[j] = [c for c in children[j] if not (c in tips and not children[c])]
    reach = np.zeros(len(parents))
    for j in reversed(order):
        reach[j] = max((reach[c] + np.linalg.norm(positions[c] - positions[j]) for c in children[j]), default=0.0)
    return _Tree(np.asarray(positions, float), np.asarray(parents, np.int64), children, reach)


def _pairs(tree: _Tree) -> list[tuple[int, int, int]]:
    """(joint they hang on, one, other) of every two chains that could be limbs, and do not lie within another."""
    least = _LIMB * float(tree.reach.max(initial=0.0))
    found: list[tuple[int, int, int]] = []
    for j, children in enumerate(tree.children):
        long = sorted((c for c in children if tree.whole(c) > least), key=tree.whole)
        for a, b in zip(long, long[1:], strict=False):
            apart = np.linalg.norm(tree.at[tree.chain(a)[-1]] - tree.at[tree.chain(b)[-1]])
            alike = abs(len(tree.chain(a)) - len(tree.chain(b))) <= 1
            if alike and tree.whole(b) - tree.whole(a) < _ALIKE * tree.whole(b) and apart > 0.1 * least:
                found.append((j, a, b))
    roots = [limb for _, *pair in found for limb in pair]
    return [p for p in found if not any(j in roots for j in tree.above(p[0]))]


def _legs_and_arms(tree: _Tree, pairs: list[tuple[int, int, int]]) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    """The pair that hangs higher up the tree is the legs, nearer its root; the longest below it the arms."""
    best = None
    for legs in pairs:
        for arms in pairs:
            if legs is arms or legs[0] not in tree.above(arms[0]) or legs[0] == arms[0]:
                continue
            size = tree.whole(legs[1]) + tree.whole(arms[1])
            if best is None or size > best[0]:
                best = (size, legs, arms)
    if best is None:
        raise GengineError("its limbs all hang on one joint, expected a spine between legs and arms")
    return best[1], best[2]


def _limb(tree: _Tree, chain: list[int], score) -> list[int]:
    """Three joints of a chain: the score of two bones' lengths is greatest."""
    best, found = -np.inf, None
    for i in range(len(chain) - 2):
        for j in range(i + 1, len(chain) - 1):
            for k in range(j + 1, len(chain)):
                first = float(np.linalg.norm(tree.at[chain[j]] - tree.at[chain[i]]))
                second = float(np.linalg.norm(tree.at[chain[k]] - tree.at[chain[j]]))
                value = score(first, second)
                if value > best + 1e-9:
                    best, found = value, [chain[i], chain[j], chain[k]]
    if found is None:
        raise GengineError(f"a limb of {len(chain)} joints, expected at least 3")
    return found


def _leg(tree: _Tree, joint: int) -> list[int]:
    """Upper leg, leg, foot and, where there is one, toe: thigh and shank are the longest bones and about alike."""
    chain = tree.chain(joint)
    limb = _limb(tree, chain, lambda a, b: min(a, b) - 0.5 * abs(a - b))
    rest = chain[chain.index(limb[2]) + 1 :]
    return limb + rest[:1]


def _arm(tree: _Tree, joint: int, thigh: float) -> list[int]:
    """Arm, forearm and hand, by their lengths beside the thigh's; the hand is no further than where fingers part."""
    chain = tree.chain(joint)
    parting = next((k for k, j in enumerate(chain) if k >= 2 and len(tree.children[j]) >= 3), len(chain) - 1)

    def score(a: float, b: float) -> float:
        sizes = np.maximum([a / (_ARM * thigh), b / (_FOREARM * thigh)], 1e-6)
        return -float((np.log(sizes) ** 2).sum())

    return _limb(tree, chain[: parting + 1], score)


def _neck(tree: _Tree, chest: int, shoulders: list[int]) -> tuple[list[int], int]:
    """The joints of the neck, and the head: what goes on above the shoulders."""
    rest = [c for c in tree.children[chest] if c not in shoulders]
    if not rest:
        raise GengineError("nothing hangs above the shoulders, expected a head")
    middle = 0.5 * (tree.at[shoulders[0]] + tree.at[shoulders[1]])
    axis = tree.at[shoulders[0]] - tree.at[shoulders[1]]
    axis = axis / max(float(np.linalg.norm(axis)), 1e-12)

    def sideways(joint: int) -> float:
        return abs(float((tree.at[joint] - middle) @ axis))

    first = min(rest, key=lambda c: (sideways(c) > 0.1 * tree.length(c), -tree.whole(c)))
    chain = [first]
    while tree.children[chain[-1]]:
        children = tree.children[chain[-1]]
        if len(children) > 1:  # eyes, jaw, hair: the head carries them
            break
        if len(chain) > 1 and not _goes_on(tree, chain, children[0]):  # a jaw
            break
        chain.append(children[0])
    return chain[:-1][:2], chain[-1]


def _goes_on(tree: _Tree, chain: list[int], joint: int) -> bool:
    """Whether a joint lies on from a chain rather than aside."""
    way, bone = tree.at[chain[-1]] - tree.at[chain[-2]], tree.at[joint] - tree.at[chain[-1]]
    return float(way @ bone) > 0.7 * float(np.linalg.norm(way) * np.linalg.norm(bone))


def _left(tree: _Tree, legs: list[list[int]], up: NDArray) -> NDArray[np.float64]:
    """Direction of the figure's left: its feet point forward."""
    if any(len(leg) < 4 for leg in legs):
        raise GengineError("its feet have no toes, which tell where it looks")
    ahead = np.sum([tree.at[leg[3]] - tree.at[leg[2]] for leg in legs], axis=0)
    upright = up / max(float(np.linalg.norm(up)), 1e-12)
    ahead = ahead - upright * (ahead @ upright)
    if np.linalg.norm(ahead) < 1e-3 * np.linalg.norm(up):
        raise GengineError("its toes lie straight below its feet, so that nothing tells where it looks")
    return np.asarray(np.cross(upright, ahead / np.linalg.norm(ahead)), float)


def _fingers(tree: _Tree, hand: int, side: str) -> dict[str, int]:
    """Thumb and four fingers below a hand: the thumb points off the others, the index lies beside it."""
    fingers = [chain[-3:] for chain in _ends(tree, hand) if len(chain) >= 2]
    if len(fingers) != _THUMB:
        return {}
    ways = np.array([tree.at[f[-1]] - tree.at[f[0]] for f in fingers])
    ways /= np.maximum(np.linalg.norm(ways, axis=1, keepdims=True), 1e-12)
    near = [float(np.linalg.norm(tree.at[f[0]] - tree.at[hand])) for f in fingers]
    off = [float(np.delete(ways, k, 0).mean(0) @ ways[k]) for k in range(_THUMB)]
    thumb = min(range(_THUMB), key=lambda k: off[k] + near[k] / max(near))
    others = [k for k in range(_THUMB) if k != thumb]
    start = tree.at[fingers[thumb][0]]
    order = sorted(others, key=lambda k: float(np.linalg.norm(tree.at[fingers[k][0]] - start)))
    names = zip(("Thumb", *_FINGERS), [thumb, *order], strict=True)
    return {f"{side}Hand{name}{i + 1}": joint for name, k in names for i, joint in enumerate(fingers[k])}


def _ends(tree: _Tree, joint: int) -> list[list[int]]:
    """The chains from below a joint to each end of the tree."""
    found: list[list[int]] = []
    waiting = [[child] for child in tree.children[joint]]
    while waiting:
        chain = waiting.pop()
        below = tree.children[chain[-1]]
        waiting += [[*chain, child] for child in below]
        found += [] if below else [chain]
    return found
