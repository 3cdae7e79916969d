"""Which addresses of the network a program listens at."""

from __future__ import annotations

import psutil


def listening(*, others=True):
    """Return the addresses at which this process, and all ``others`` that it started, wait for somebody to call."""
    me = psutil.Process()
    found = set()
    for process in (me, *(me.children(recursive=True) if others else ())):
        try:
            connections = process.net_connections("inet")
        except psutil.Error:  # it has just ended
            continue
        found |= {each.laddr.ip for each in connections if each.status == psutil.CONN_LISTEN}
    return found
