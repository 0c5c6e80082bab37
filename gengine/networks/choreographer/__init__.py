"""The choreographer: full-body gestures by rule, with parameters measured on real motion."""

from gengine.networks.choreographer.network import Choreographer

__all__ = ["Choreographer"]
