"""Who is at the other end of a loopback connection: whether it is the user that runs this server (Linux)."""

from __future__ import annotations

import os
import socket
import struct
import sys
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

from starlette.requests import HTTPConnection

TABLES = {4: Path("/proc/self/net/tcp"), 6: Path("/proc/self/net/tcp6")}

FORWARDED = frozenset({"forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip"})
"""A request with one of these came through a proxy, which may speak for strangers."""


def is_owner(connection: HTTPConnection) -> bool:
    """Whether a connection was made on this machine, by the user that runs this server.

    The kernel's table of sockets says who opened the other end. False where that cannot be known: not Linux, another network
    namespace, a proxy in between that runs as somebody else.
    """
    client, server = connection.client, connection.scope.get("server")
    if client is None or not server or server[1] is None or not FORWARDED.isdisjoint(connection.headers):
        return False
    try:
        ends = [(ip_address(host.split("%")[0]), int(port)) for host, port in (client, server)]
    except ValueError:
        return False
    if not all(address.is_loopback for address, _ in ends):
        return False
    return _owner_of(*ends[0], *ends[1]) == os.geteuid()


def _owner_of(address: IPv4Address | IPv6Address, port: int, peer: IPv4Address | IPv6Address, peer_port: int) -> int | None:
    """The user id that owns the socket from (address, port) to (peer, peer_port); None when the table does not show it."""
    wanted = [f"{_hex(address)}:{port:04X}", f"{_hex(peer)}:{peer_port:04X}"]
    try:
        with TABLES[address.version].open() as table:
            for line in table:
                cells = line.split()
                if cells[1:3] == wanted:
                    return int(cells[7])
    except (OSError, ValueError, IndexError):
        return None
    return None


def _hex(address: IPv4Address | IPv6Address) -> str:
    """An address as the kernel prints it: 32-bit words in the machine's byte order."""
    packed = socket.inet_pton(socket.AF_INET6 if address.version == 6 else socket.AF_INET, str(address))
    order = "<" if sys.byteorder == "little" else ">"
    return "".join(f"{word:08X}" for word in struct.unpack(f"{order}{len(packed) // 4}I", packed))
