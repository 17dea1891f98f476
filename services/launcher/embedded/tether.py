"""Exec shim: `tether.py PARENT_PID SIGNAL USER GROUP COMMAND …` becomes COMMAND, tied to its parent.

Asks the kernel to send SIGNAL when the parent dies (PR_SET_PDEATHSIG), after giving up root where USER
is a number, so that not even kill -9 of the supervisor leaves anything running. It is a program of its
own because the alternative, a preexec_fn, can deadlock in a parent that has threads.

Run with `python -I -S`: only the standard library, in some 20 ms.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    """Drop privileges, tie to the parent and exec. Raises OSError when any of it fails."""
    parent_pid, death_signal, user, group, *command = arguments
    if user != "-":
        os.setgroups([])
        os.setgid(int(group))
        os.setuid(int(user))
    # After setuid: the kernel clears the setting when credentials change.
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    if os.getppid() != int(parent_pid):
        sys.exit(f"parent {parent_pid} died before {command[0]} could start")
    os.execv(command[0], command)  # noqa: S606 (no shell is the point)


if __name__ == "__main__":
    main(sys.argv[1:])
