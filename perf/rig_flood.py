#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""rig_flood: frames at TCP/1723 of a server, from addresses and ports that change with each.

    rig_flood.py syn|junk INTERFACE PEER-MAC ADDRESS PPS

`syn` are correct connection requests, `junk` are other segments with random flags and bytes. INTERFACE is ours, PEER-MAC
that of the server. Ends with SIGTERM.
"""
import random
import socket
import struct
import sys
import time

PPTP_PORT, SYN, BURST = 1723, 0x02, 64
VARIANTS = 4096


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xffff) + (total >> 16)
    return ~(total + (total >> 16)) & 0xffff


def frame(kind, source_mac, destination_mac, server, chance):
    source = bytes((203, 0, chance.randrange(113, 114), chance.randrange(1, 255)))
    flags = SYN if kind == "syn" else chance.choice((0x00, 0x01, 0x10, 0x18, 0x29, 0x3f, 0x11))
    payload = b"" if kind == "syn" else chance.randbytes(chance.randrange(0, 200))
    tcp = struct.pack("!HHIIBBHHH", chance.randrange(1024, 65536), PPTP_PORT, chance.getrandbits(32), 0, 5 << 4, flags, 65535, 0, 0)
    pseudo = source + server + struct.pack("!BBH", 0, 6, len(tcp) + len(payload))
    tcp = tcp[:16] + struct.pack("!H", checksum(pseudo + tcp + payload)) + tcp[18:]
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp) + len(payload), 0, 0, 64, 6, 0, source, server)
    ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
    return destination_mac + source_mac + b"\x08\x00" + ip + tcp + payload


def main():
    kind, interface, peer, address, pps = sys.argv[1:]
    if kind not in ("syn", "junk"):
        sys.exit(__doc__)
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    sock.bind((interface, 0))
    own, peer = sock.getsockname()[4], bytes.fromhex(peer.replace(":", ""))
    chance = random.Random(1723)
    frames = [frame(kind, own, peer, socket.inet_aton(address), chance) for _ in range(VARIANTS)]
    begin, n, refused = time.monotonic(), 0, 0
    while True:
        for _ in range(BURST):
            try:
                sock.send(frames[n % VARIANTS])
            except OSError:
                refused += 1
            n += 1
        ahead = begin + n / float(pps) - time.monotonic()
        if ahead > 0:
            time.sleep(ahead)


main()
