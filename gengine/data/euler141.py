"""BEAT's 141 numbers per frame, where readers of corpora look for them; metrics need them too, so core holds them."""

from gengine.core.euler141 import JOINTS, from_141, to_141

__all__ = ["JOINTS", "from_141", "to_141"]
