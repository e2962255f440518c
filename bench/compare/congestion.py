# SPDX-License-Identifier: Apache-2.0
"""Measures under another congestion control than the machine's, without changing the machine's."""

import os
import pathlib
import subprocess
import sys

CONGESTION = pathlib.Path("/proc/sys/net/ipv4/tcp_congestion_control")
INSIDE = "RINGWAY_COMPARE_IN_NAMESPACE"


def enter_namespace(congestion):
    """Begins anew in a network namespace whose sockets use it; returns where that was done."""
    if os.environ.get(INSIDE):
        os.environ.pop(INSIDE)
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        try:
            CONGESTION.write_text(congestion, encoding="ascii")
        except OSError as error:
            sys.exit(f"no congestion control {congestion} here: {error.strerror}")
        return
    os.environ[INSIDE] = "1"
    os.execvp("unshare", ["unshare", "--net", sys.executable, *sys.argv])


def in_force():
    return CONGESTION.read_text(encoding="ascii").strip()
