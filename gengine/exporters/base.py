"""The exporters' seam lives in core, so that renderers, which write files too, can share it."""

from gengine.core.exporter import Exporter

__all__ = ["Exporter"]
