#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Hosts behind 802.1Q tags, where the kernel has no VLANs: answers ARP and pings as told, over a raw socket.

    vlan_host.py DEVICE VLAN:ADDRESS...     a line for each IPv4 packet: vlan=100 from=... to=... bytes=...
"""
import socket
import struct
import sys

ETH_P_ALL = 3
SOL_PACKET, PACKET_AUXDATA, PACKET_OUTGOING = 263, 8, 4
STATUS_VLAN_VALID = 1 << 4  # of struct tpacket_auxdata: the kernel takes the tag off and says it here
VLAN, ARP, IPV4 = b"\x81\x00", b"\x08\x06", b"\x08\x00"


def checksum(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data[: len(data) & ~1]))
    total += data[-1] << 8 if len(data) & 1 else 0
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return struct.pack("!H", ~total & 0xFFFF)


def tag_of(ancillary):
    for level, kind, data in ancillary:
        if level == SOL_PACKET and kind == PACKET_AUXDATA:
            status, tci = struct.unpack("=I12xH", data[:18])
            return tci & 0xFFF if status & STATUS_VLAN_VALID else 0
    return 0


def answer_arp(body, address, mac):
    """What comes after the tag of a reply, or None."""
    if body[6:8] != b"\x00\x01" or body[24:28] != address:
        return None
    return body[:6] + b"\x00\x02" + mac + address + body[8:18]


def answer_echo(body, address):
    header = 4 * (body[0] & 15)
    if body[16:20] != address or body[9] != 1 or body[header] != 8:
        return None
    icmp = b"\x00\x00\x00\x00" + body[header + 4 : struct.unpack("!H", body[2:4])[0]]
    icmp = icmp[:2] + checksum(icmp) + icmp[4:]
    ip = body[:8] + b"\x40" + body[9:10] + b"\x00\x00" + body[16:20] + body[12:16] + body[20:header]
    return ip[:10] + checksum(ip) + ip[12:] + icmp


def main(device, *hosts):
    addresses = {int(v): socket.inet_aton(a) for v, a in (h.split(":") for h in hosts)}
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    s.bind((device, 0))
    s.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
    print("ready", flush=True)
    while True:
        frame, ancillary, _, source = s.recvmsg(65535, 256)
        vlan = tag_of(ancillary)
        if source[2] == PACKET_OUTGOING or vlan not in addresses:
            continue
        mac = b"\x02\x00\x00\x00" + struct.pack("!H", vlan)
        kind, body = frame[12:14], frame[14:]
        if frame[0] & 1 == 0 and frame[:6] != mac:
            print("vlan=%d to the wrong link address" % vlan, flush=True)
            continue
        answer = None
        if kind == ARP:
            answer = answer_arp(body, addresses[vlan], mac)
        elif kind == IPV4:
            print(
                "vlan=%d from=%s to=%s bytes=%d"
                % (vlan, socket.inet_ntoa(body[12:16]), socket.inet_ntoa(body[16:20]), struct.unpack("!H", body[2:4])[0]),
                flush=True,
            )
            answer = answer_echo(body, addresses[vlan])
        if answer:
            s.send(frame[6:12] + mac + VLAN + struct.pack("!H", vlan) + kind + answer)


if __name__ == "__main__":
    main(*sys.argv[1:])
