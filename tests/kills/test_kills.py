"""Commands killed at any moment leave the old files or the new ones, whole, and nothing else.

``GENGINE_KILLS`` says how many kills (10 if it does not); ``python -m tests.kills.kill`` prints a table.
"""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

KILLS = os.environ.get("GENGINE_KILLS", "10")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="kills copies of a process")
def test_the_killed_leave_nothing_half_made() -> None:
    command = [sys.executable, "-m", "tests.kills.kill", "--kills", KILLS]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
