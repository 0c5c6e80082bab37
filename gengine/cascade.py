"""The face's and the body's network, one after the other: which ones, and that each finds what it consumes."""

from __future__ import annotations

from gengine.config import EngineConfig
from gengine.core.conditions import Conditions
from gengine.errors import GengineError
from gengine.networks.base import MotionNetwork
from gengine.registry import build

AUTO, BY_WORDS, BY_SOUND = "auto", "visemes", "a2m"
"""As a face network: choose by what is known; the one where words are, and the one where there is only sound."""


def chosen_face(name: str, words_known: bool) -> str:
    """The face network of a name; "auto" is the one that measures best for what is known.

    From sound alone the learned mouth is nearer to real lips; where words tell the sounds, the rules are clearer.
    """
    return name if name != AUTO else BY_WORDS if words_known else BY_SOUND


def build_cascade(
    config: EngineConfig, words_known: bool, face: MotionNetwork | None = None
) -> dict[str, MotionNetwork]:
    """The "face" and "body" networks of a configuration, the body's after the face's, which it sees.

    ``face`` stands in for the configuration's. Raises ``GengineError`` where one consumes what is not there.
    """
    mouth: MotionNetwork = face or build("face network", chosen_face(config.face, words_known))
    body: MotionNetwork = build("body network", config.body)
    given = set(Conditions.__dataclass_fields__) - {"face"}
    for network, produced in ((mouth, "face"), (body, "motion")):
        missing = [name for name in network.spec.consumes if name not in given]
        if missing or network.spec.produces != produced:
            raise GengineError(
                f"{type(network).__name__} consumes {', '.join(missing) or 'nothing missing'} and produces "
                f"{network.spec.produces}; here it must produce {produced} from {', '.join(sorted(given))}"
            )
        given.add(produced)
    return {"face": mouth, "body": body}
