#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""pings.py COUNT SIZE,SIZE,... ADDRESS...: ping all addresses at once with all sizes, COUNT of each.

Prints "ping to=ADDRESS sent=N got=N worst_ms=N" for each. Unlike ping(8) it waits two seconds for
the last answer however fast the others were, and one socket with room for everything loses none.
"""
import os
import select
import socket
import struct
import sys
import time

PAUSE_S = 0.004
PATIENCE_S = 2


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data[:len(data) & ~1]))
    if len(data) & 1:
        total += data[-1] << 8
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def echo(ident, seq, size):
    data = bytes(seq * 7 + i & 0xFF for i in range(size))
    head = struct.pack("!BBHHH", 8, 0, 0, ident, seq)
    return struct.pack("!BBHHH", 8, 0, checksum(head + data), ident, seq) + data


def main():
    count, sizes, addresses = int(sys.argv[1]), [int(s) for s in sys.argv[2].split(",")], sys.argv[3:]
    sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    sock.setblocking(False)
    ident = os.getpid() & 0xFFFF
    waiting, worst = {}, dict.fromkeys(addresses, 0.0)  # (address, seq): (what must come back, when sent)
    got = dict.fromkeys(addresses, 0)

    def listen(seconds):
        end = time.monotonic() + seconds
        while waiting:
            left = end - time.monotonic()
            if left <= 0 or not select.select([sock], [], [], left)[0]:
                return
            packet, (address, _) = sock.recvfrom(65535)
            icmp = packet[(packet[0] & 15) * 4:]
            if len(icmp) < 8 or icmp[0] != 0 or struct.unpack("!H", icmp[4:6])[0] != ident:
                continue
            key = address, struct.unpack("!H", icmp[6:8])[0]
            if key in waiting and waiting[key][0] == icmp[8:]:
                worst[address] = max(worst[address], time.monotonic() - waiting.pop(key)[1])
                got[address] += 1

    seq = 0
    for size in sizes:
        for _ in range(count):
            for address in addresses:
                packet = echo(ident, seq, size)
                waiting[address, seq] = packet[8:], time.monotonic()
                sock.sendto(packet, (address, 0))
                listen(PAUSE_S)
            seq += 1
    listen(PATIENCE_S)
    for address in addresses:
        print(f"ping to={address} sent={seq} got={got[address]} worst_ms={worst[address] * 1000:.0f}")


main()
