"""A plug-in whose import fails."""

raise ImportError("libfancy.so.3 is missing")
