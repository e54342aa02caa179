#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
#
# Stands between adit and a RADIUS server and does what somebody on the path could do to the answers. Without any RADIUS
# library.
#
#   radius_forger.py PORT SERVER-PORT SECRET HOW
#
#   strip        Message-Authenticator is taken out, and the Response Authenticator is right all the same: what the
#                collision of CVE-2024-3596 buys, had here with the secret
#   authenticator  the Response Authenticator is wrong
#   flip         an attribute is another; the authenticators are those of before
#   race         a made-up Access-Accept comes first, then the genuine answer
import hashlib
import select
import socket
import struct
import sys

MESSAGE_AUTHENTICATOR = 80
ACCESS_ACCEPT = 2


def attributes(packet):
    at = 20
    while at + 2 <= len(packet):
        yield packet[at], packet[at:at + packet[at + 1]]
        at += packet[at + 1]


def made(code, number, request_authenticator, body, secret):
    head = struct.pack("!BBH", code, number, 20 + len(body))
    return head + hashlib.md5(head + request_authenticator + body + secret).digest() + body


def answers(how, reply, request_authenticator, secret):
    if how == "strip":
        body = b"".join(a for kind, a in attributes(reply) if kind != MESSAGE_AUTHENTICATOR)
        return [made(reply[0], reply[1], request_authenticator, body, secret)]
    if how == "authenticator":
        return [reply[:4] + bytes(b ^ 0xFF for b in reply[4:20]) + reply[20:]]
    if how == "flip":
        return [reply[:-1] + bytes([reply[-1] ^ 1])]
    return [made(ACCESS_ACCEPT, reply[1], request_authenticator, b"", b"guessed"), reply]


def main():
    port, server_port, secret, how = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3].encode(), sys.argv[4]
    front = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    front.bind(("127.0.0.1", port))
    back = {}  # by who asks: a socket to the server, and his requests by id
    print("ready", flush=True)
    while True:
        readable = select.select([front] + [b[0] for b in back.values()], [], [])[0]
        for s in readable:
            data, peer = s.recvfrom(4096)
            if s is front:
                if peer not in back:
                    back[peer] = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM), {})
                    back[peer][0].connect(("127.0.0.1", server_port))
                back[peer][1][data[1]] = data[4:20]
                back[peer][0].send(data)
                continue
            client = next(p for p, b in back.items() if b[0] is s)
            for answer in answers(how, data, back[client][1][data[1]], secret):
                front.sendto(answer, client)
            print(how, len(data), flush=True)


main()
