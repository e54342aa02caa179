# SPDX-License-Identifier: BSD-3-Clause
"""rig_veth: scenarios in which somebody else than the fleet sends frames: what needs veth pairs beside memif."""
import json
import os
import socket
import struct
import time

from rig_peers import Adit, Fleet
from rig_process import RigError, run
from rig_results import format_table, setups_of
from rig_scenarios import Scenario


class Flood(Scenario):
    """SYNs and junk on TCP/1723 by a second outside port, while clients dial and carry traffic by the first."""

    name = "flood"
    adit_mb, fleet_mb = 96, 96
    ADDRESS, NEIGHBOUR = "198.18.1.1", "198.18.1.2"
    pps = 20000

    def run(self):
        if not self.rig.testbed.is_laptop:
            raise RigError("flood wants the laptop's testbed: it needs a port of its own for the flood")
        clients = self.rig.clients or self.pick(1000, 50)
        seconds = self.pick(10, 2)
        rate = f"{self.pick(100, 10)}kpps"
        rows = []
        for kind in (None, "syn", "junk"):
            record = self.call(f"{kind or 'no'} flood, {clients} clients dial and send {rate} each way", clients, "mppe-128", {
                "duration": seconds, "sizes": "imix", "direction": "both", "rate": rate, "check": "headers", "allow-loss": 0.01},
                seconds + 60, extra_port=self.port(), background=self.flooder(kind) if kind else None)
            self.drop_port()
            setups = setups_of(record["fleet"])[0]
            came = self.flood_seen(record)
            if kind and came == 0:
                self.problems.append(f"{kind} flood: none of it reached adit")
            rows.append((kind or "none", came, setups["failed"], f"{setups['per_second']:.0f}",
                         *(f"{t['mpps']:.4f}" for t in record["fleet"]["traffic"]),
                         *(f"{t['latency_us']['p99']:.0f}" for t in record["fleet"]["traffic"])))
        self.figures = {"rows": rows}
        self.tables.append(format_table(f"Flood of {self.pps} frames a second on TCP/1723", (
            "flood", "frames in", "set-ups failed", "set-ups/s", "Mpps up", "Mpps down", "p99 us up", "p99 us down"), rows))

    def port(self):
        run(["ip", "link", "add", "flood1", "type", "veth", "peer", "name", "flood0"])
        for name in ("flood0", "flood1"):
            run(["ip", "link", "set", name, "arp", "off", "up"])
        return "interface:flood0", f"{self.ADDRESS}/24"

    def drop_port(self):
        run(["ip", "link", "del", "flood1"])

    def flooder(self, kind):
        def start(adit):
            script = os.path.join(os.path.dirname(os.path.realpath(__file__)), "rig_flood.py")
            return self.rig.start("flood", ["taskset", "-c", str(self.rig.testbed.fleet.cpu), "python3", script, kind,
                                            "flood1", mac_of("flood0"), self.ADDRESS, str(self.pps)])
        return start

    @staticmethod
    def flood_seen(record):
        def rx(view):
            return next(row["rx_pkts"] for rows in view["ports"].values() for row in rows
                        if row.get("port") == "flooded" and "rx_pkts" in row)
        return rx(record["adit_after"]) - rx(record["adit_before"])


class Replay(Scenario):
    """The chain that pktgen users need, with a slow sender in Pktgen's place: the fleet exports its keys, mkpcap makes a
    capture with them, and adit takes every packet of it once, and none twice."""

    name = "replay"

    def run(self):
        if not self.rig.testbed.is_laptop:
            raise RigError("replay wants the laptop's testbed; perf/pktgen/README.md does it on NICs")
        clients, packets = self.rig.clients or self.pick(100, 10), self.pick(20000, 1000)
        adit_side, fleet_side = self.rig.testbed.adit, self.rig.testbed.fleet
        for name in ("out", "in"):
            run(["ip", "link", "add", f"{name}1", "type", "veth", "peer", "name", f"{name}0"])
            for end in ("0", "1"):
                run(["ip", "link", "set", f"{name}{end}", "arp", "off", "up"])
        adit_side.outside, adit_side.inside = "interface:out0", "interface:in0"
        fleet_side.outside, fleet_side.inside = "interface:out1", "interface:in1"
        work = self.rig.work
        keys, pcap = f"{work}/keys.txt", f"{work}/up.pcap"
        with Adit(self.rig, clients, "mppe-128", echo_s=0) as adit:
            fleet = Fleet(self.rig, clients, {"hold": 600, "export-keys": keys}, 120)
            end = time.monotonic() + 60
            while not os.path.exists(keys):
                if time.monotonic() > end or not fleet.process.is_running():
                    raise RigError(f"the fleet exported no keys:\n{fleet.process.tail()}")
                time.sleep(0.1)
            command = [f"{self.rig.build}/perf/mkpcap", "--keys", keys, "--out", pcap, "--sizes", "imix", "--count", str(packets),
                       "--destination-mac", mac_of("out0"), "--source-mac", mac_of("out1")]
            self.rig.remember(command)
            run(command)
            rows = [("sessions", clients), ("packets in the capture", packets)]
            for words, wanted in (("taken at first", packets), ("taken when it is sent again", 0)):
                before = adit.view()["counters"]["workers"]["upstream-pkts"]
                self.send(pcap, "out1")
                time.sleep(1)
                came = adit.view()["counters"]["workers"]["upstream-pkts"] - before
                rows.append((words, came))
                if came != wanted:
                    self.problems.append(f"{words}: {came} packets, not {wanted}: {adit.ask('show', 'counters')['drops']}")
            fleet.process.stop()
            if left := adit.leaks():
                self.problems.append(f"leaked after all calls had ended: {left}")
        self.figures = {"rows": rows}
        self.tables.append(format_table("Replay of mkpcap's capture into live sessions", ("what", "figure"), rows))

    def send(self, pcap, interface, pps=5000):
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        sock.bind((interface, 0))
        with open(pcap, "rb") as file, sock:
            file.read(24)
            begin, n = time.monotonic(), 0
            while head := file.read(16):
                sock.send(file.read(struct.unpack("=IIII", head)[2]))
                n += 1
                if n % 16 == 0 and (ahead := begin + n / pps - time.monotonic()) > 0:
                    time.sleep(ahead)


def mac_of(interface):
    """By `ip`: the /sys that is mounted shows the interfaces of who called us."""
    return json.loads(run(["ip", "-j", "link", "show", "dev", interface]))[0]["address"]
