#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""garbage.py tcp|gre SERVER: what no client should send.

`tcp` tries the mistakes that the control protocol has an answer for, each on a connection of its
own, and prints what came back: "case=NAME got=closed", "got=TYPE:RESULT..." or "got=nothing".
`gre` sends broken and random GRE packets and prints how many.
"""
import random
import socket
import struct
import sys

COOKIE = 0x1A2B3C4D
SCCRQ, SCCRP, ECHO_REQUEST, ECHO_REPLY, OCRQ, OCRP = 1, 2, 5, 6, 7, 8
PATIENCE_S = 3


def message(kind, body, length=None, cookie=COOKIE, message_type=1):
    length = 12 + len(body) if length is None else length
    return struct.pack("!HHIHH", length, message_type, cookie, kind, 0) + body


def sccrq(version=0x100, **changes):
    body = struct.pack("!HHIIHH", version, 0, 3, 3, 0, 0) + bytes(128)
    return message(SCCRQ, body, **changes)


def ocrq():
    return message(OCRQ, struct.pack("!HHIIIIHHHH", 77, 1, 300, 100000000, 3, 3, 64, 0, 0, 0) + bytes(128))


ECHO = message(ECHO_REQUEST, struct.pack("!I", 4711))

# Name, and what is sent, a segment each.
TCP_CASES = (
    ("good", [sccrq()]),
    ("bytes-one-by-one", [sccrq()[i:i + 1] for i in range(156)]),
    ("two-in-one-segment", [sccrq() + ECHO]),
    ("wrong-version", [sccrq(version=0x200)]),
    ("second-start", [sccrq(), sccrq()]),
    ("wrong-cookie", [sccrq(cookie=0x12345678)]),
    ("wrong-message-type", [sccrq(message_type=9)]),
    ("length-too-small", [sccrq(length=4)]),
    ("length-too-large", [sccrq(length=65535)]),
    ("length-of-another", [sccrq(length=16)]),
    ("unknown-type", [sccrq(), message(99, bytes(4))]),
    ("call-before-start", [ocrq()]),
    ("http", [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"]),
    ("noise", [random.Random(1723).randbytes(4000)]),
)


def answer(sock):
    """What the server says until it closes, is done or PATIENCE_S have passed."""
    data, closed = b"", False
    sock.settimeout(PATIENCE_S)
    try:
        while not closed:
            part = sock.recv(4096)
            closed = not part
            data += part
            if not closed:
                sock.settimeout(0.5)
    except socket.timeout:
        pass
    except ConnectionError:
        closed = True
    words = []
    while len(data) >= 12:
        length, _, cookie, kind = struct.unpack("!HHIH", data[:10])
        if cookie != COOKIE or length < 12 or length > len(data):
            words.append("nonsense")
            break
        result = data[14] if kind == SCCRP else data[16] if kind in (ECHO_REPLY, OCRP) else data[12]
        words.append(f"{kind}:{result}")
        data = data[length:]
    if closed:
        words.append("closed")
    return ",".join(words) or "nothing"


def tcp(server):
    for name, segments in TCP_CASES:
        with socket.create_connection((server, 1723), timeout=PATIENCE_S) as sock:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                for segment in segments:
                    sock.sendall(segment)
            except ConnectionError:
                pass
            print(f"case={name} got={answer(sock)}", flush=True)


def gre_packet(rng):
    """A GRE packet that is nearly right, or not at all."""
    payload = rng.randbytes(rng.choice((0, 1, 2, 3, 4, 20, 100, 1000)))
    flags = 0x3081 if rng.random() < 0.5 else rng.getrandbits(16)
    length = len(payload) if rng.random() < 0.5 else rng.getrandbits(16)
    packet = struct.pack("!HHHHII", flags, 0x880B, length, rng.randrange(300), rng.getrandbits(32),
                         rng.getrandbits(32)) + payload
    return packet[:rng.randrange(len(packet) + 1)] if rng.random() < 0.3 else packet


def gre(server, count=5000):
    rng = random.Random(47)
    sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, 47)
    for _ in range(count):
        sock.sendto(gre_packet(rng), (server, 0))
    print(f"gre sent={count}")


{"tcp": tcp, "gre": gre}[sys.argv[1]](sys.argv[2])
