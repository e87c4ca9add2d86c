"""Run a program that ends when its parent does, even when that is killed with -9.

`python with_parent.py PARENT_PID PROGRAM ARGUMENT...`: Linux sends the program SIGTERM then; on
other systems it is only ended by a parent that can still do so.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # linux/prctl.h; kept across exec

if __name__ == "__main__":
    parent, program = int(sys.argv[1]), sys.argv[2]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM))
    if os.getppid() != parent:
        sys.exit("the process that started this one is gone")
    os.execv(program, sys.argv[2:])  # noqa: S606 (a program and its arguments, no shell)
