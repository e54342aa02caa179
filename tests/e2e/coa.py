#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Send a Disconnect-Request or CoA-Request (RFC 5176) and print the answer.

usage: coa.py [options] ADDRESS[:PORT] disconnect|coa NAME=VALUE...

NAMEs are those of the RFCs, in lower case, and "mikrotik-rate-limit", "acl-in", "acl-out", "group" of vendors; a number
is an attribute by its type, with the value in hex. The answer is printed as "ack", "nak 503" and so on, and what it
echoes behind it. Written without any RADIUS library, so that it can find out where adit's is wrong.

  --secret S     shared secret, or env COA_SECRET
  --id N         identifier; default: random
  --old S        Event-Timestamp is so many seconds old; "none": there is none
  --mac          with Message-Authenticator
  --bad-mac      with a wrong one
  --tries N      default 3, with --timeout S (default 1) each
  --repeat N     send the same packet N times, and want the same answer each time
  --from ADDR    source address
  --hex          print the packet instead of sending it

exit status: 0 ack, 1 nak, 2 no answer, 3 an answer that is wrong
"""
import argparse
import hashlib
import hmac
import os
import secrets
import socket
import struct
import sys
import time


def text(value):
    return value.encode()


def number(value):
    return struct.pack("!I", int(value, 0))


def address(value):
    return socket.inet_aton(value)


def vendor(number_of_vendor, attribute, encode):
    def encoded(value):
        inner = encode(value)
        return struct.pack("!IBB", number_of_vendor, attribute, 2 + len(inner)) + inner
    return encoded


ATTRIBUTES = {
    "user-name": (1, text),
    "nas-ip-address": (4, address),
    "nas-port": (5, number),
    "service-type": (6, number),
    "framed-protocol": (7, number),
    "framed-ip-address": (8, address),
    "filter-id": (11, text),
    "reply-message": (18, text),
    "state": (24, text),
    "class": (25, text),
    "session-timeout": (27, number),
    "idle-timeout": (28, number),
    "calling-station-id": (31, text),
    "nas-identifier": (32, text),
    "proxy-state": (33, text),
    "acct-session-id": (44, text),
    "acct-multi-session-id": (50, text),
    "acct-interim-interval": (85, number),
    "nas-port-id": (87, text),
    "mikrotik-rate-limit": (26, vendor(14988, 8, text)),
    "acl-in": (26, vendor(3076, 86, text)),
    "acl-out": (26, vendor(3076, 87, text)),
    "group": (26, vendor(3076, 137, text)),
}
CODES = {"disconnect": 40, "coa": 43}
NAMES = {41: "ack", 42: "nak", 44: "ack", 45: "nak"}
ERROR_CAUSE, PROXY_STATE, STATE, EVENT_TIMESTAMP, MESSAGE_AUTHENTICATOR = 101, 33, 24, 55, 80


def attribute(kind, value):
    return struct.pack("!BB", kind, 2 + len(value)) + value


def encode(pair):
    name, _, value = pair.partition("=")
    if name.isdigit():
        return attribute(int(name), bytes.fromhex(value))
    kind, encoder = ATTRIBUTES[name.lower()]
    return attribute(kind, encoder(value))


def attributes_of(packet):
    at = 20
    while at < len(packet):
        kind, length = packet[at], packet[at + 1]
        if length < 2 or at + length > len(packet):
            raise ValueError("attributes do not add up")
        yield at, kind, packet[at + 2:at + length]
        at += length


def message_authenticator(packet, authenticator, secret):
    """That of a packet, as if its own were zero. For a request, `authenticator` is of zeros (RFC 5176 3.4)."""
    whole = bytearray(packet)
    whole[4:20] = authenticator
    for at, kind, value in attributes_of(packet):
        if kind == MESSAGE_AUTHENTICATOR:
            whole[at + 2:at + 18] = bytes(16)
    return hmac.new(secret, bytes(whole), hashlib.md5).digest()


def make_request(options, secret):
    body = b"".join(encode(pair) for pair in options.attributes)
    if options.old != "none":
        stamp = int(os.environ.get("COA_NOW", time.time())) - int(options.old)
        body += attribute(EVENT_TIMESTAMP, struct.pack("!I", stamp & 0xffffffff))
    if options.mac or options.bad_mac:
        body += attribute(MESSAGE_AUTHENTICATOR, bytes(16))
    header = struct.pack("!BBH", CODES[options.what], options.id, 20 + len(body))
    if options.mac or options.bad_mac:
        mac = message_authenticator(header + bytes(16) + body, bytes(16), secret)
        if options.bad_mac:
            mac = bytes([mac[0] ^ 1]) + mac[1:]
        body = body[:-16] + mac
    return header + hashlib.md5(header + bytes(16) + body + secret).digest() + body


def check_answer(request, answer, secret):
    """What is wrong with it, or None."""
    if len(answer) < 20 or struct.unpack("!H", answer[2:4])[0] != len(answer):
        return "length"
    if answer[1] != request[1]:
        return "identifier"
    if answer[0] not in (request[0] + 1, request[0] + 2):
        return "code %d" % answer[0]
    if hashlib.md5(answer[:4] + request[4:20] + answer[20:] + secret).digest() != answer[4:20]:
        return "authenticator"
    for _, kind, value in attributes_of(answer):
        if kind == MESSAGE_AUTHENTICATOR and value != message_authenticator(
                answer, request[4:20], secret):
            return "Message-Authenticator"
    states = [v for _, k, v in attributes_of(request) if k == PROXY_STATE]
    if states != [v for _, k, v in attributes_of(answer) if k == PROXY_STATE]:
        return "Proxy-State"
    return None


def describe(answer):
    words = [NAMES[answer[0]]]
    for _, kind, value in attributes_of(answer):
        if kind == ERROR_CAUSE:
            words.append(str(struct.unpack("!I", value)[0]))
        elif kind == PROXY_STATE:
            words.append("proxy-state=" + value.decode(errors="replace"))
        elif kind == STATE:
            words.append("state=" + value.decode(errors="replace"))
        elif kind == MESSAGE_AUTHENTICATOR:
            words.append("mac")
    return " ".join(words)


def exchange(sock, to, request, options):
    for _ in range(options.tries):
        sock.sendto(request, to)
        sock.settimeout(options.timeout)
        try:
            return sock.recvfrom(4096)[0]
        except (socket.timeout, ConnectionRefusedError):
            pass
    return None


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--secret", default=os.environ.get("COA_SECRET", ""))
    parser.add_argument("--id", type=int, default=secrets.randbelow(256))
    parser.add_argument("--old", default="0")
    parser.add_argument("--mac", action="store_true")
    parser.add_argument("--bad-mac", action="store_true")
    parser.add_argument("--tries", type=int, default=3)
    parser.add_argument("--timeout", type=float, default=1.0)
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--from", dest="source", default="0.0.0.0")
    parser.add_argument("--hex", action="store_true")
    parser.add_argument("to")
    parser.add_argument("what", choices=CODES)
    parser.add_argument("attributes", nargs="*")
    options = parser.parse_args()
    secret = options.secret.encode()
    request = make_request(options, secret)
    if options.hex:
        print(request.hex())
        return 0
    host, _, port = options.to.partition(":")
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((options.source, 0))
    first = None
    for _ in range(options.repeat):
        answer = exchange(sock, (host, int(port or 3799)), request, options)
        if answer is None:
            print("no answer")
            return 2
        wrong = check_answer(request, answer, secret)
        if first is not None and answer != first:
            wrong = "another answer than the first time"
        if wrong:
            print("wrong answer: " + wrong)
            return 3
        first = answer
    print(describe(first))
    return 0 if NAMES[first[0]] == "ack" else 1


if __name__ == "__main__":
    sys.exit(main())
