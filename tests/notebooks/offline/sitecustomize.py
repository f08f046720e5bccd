"""A kernel that is started with this folder on PYTHONPATH can reach nothing but its own machine.

An audit hook sees every connection and every look-up of a name, whichever library asks, and cannot be taken away.
"""

from __future__ import annotations

import sys
from typing import Any

_NAMES = {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"}
_ADDRESSES = {"socket.connect", "socket.sendto", "socket.sendmsg"}
_LOCAL = {"127.0.0.1", "::1", "localhost", "0.0.0.0", "", None}


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    if event in _NAMES:
        host = arguments[0]
    elif event in _ADDRESSES:
        address = arguments[1]
        host = address[0] if isinstance(address, tuple) else None  # a Unix socket has a path, not a host
    else:
        return
    host = host.decode() if isinstance(host, bytes) else host
    if host not in _LOCAL:
        raise PermissionError(f"the network is blocked in this kernel; asked for {host!r}")


sys.addaudithook(_refuse)
