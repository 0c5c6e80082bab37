"""The numbers of planner, hands and joints, read once from the tables of ``data/``, where units and sources stand.

To change one, change its row. Forms of gestures and styles have tables of their own (gesture_forms.py, style.py).
"""

from __future__ import annotations

from gengine.core.constants import Constants

PACKAGE = "gengine.networks.choreographer"

PLAN = Constants(PACKAGE, "planner")
"""When and how much hands gesture."""
HAND = Constants(PACKAGE, "hand_plan")
"""How one hand moves and rests."""
JOINTS = Constants(PACKAGE, "joints")
"""What turns planned wrists into joints, and the small life of hands and head."""
TRUNK = Constants(PACKAGE, "trunk")
"""Pelvis, spine and neck."""
IDLE = Constants(PACKAGE, "idle_motion")
"""Weight shifts, steps and breath."""
STYLE = Constants(PACKAGE, "style")
"""How traits and dimensions of emotion bend the reference styles."""
