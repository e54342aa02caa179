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
from rig_scenarios import Scenario, Turns, show_turns


class Flood(Scenario):
    """SYNs and junk on TCP/1723 by a second outside port, while clients carry traffic by the first, and others dial."""

    name = "flood"
    adit_mb, fleet_mb = 128, 128
    ring_bits = 13  # as while others dial
    ADDRESS, NEIGHBOUR = "198.18.1.1", "198.18.1.2"
    ALLOWED_LOSS = 0.01
    pps = 20000

    def run(self):
        if not self.rig.testbed.is_laptop:
            raise RigError("flood wants the laptop's testbed: it needs a port of its own for the flood")
        busy, dialling = self.pick(300, 20), self.rig.clients or self.pick(1000, 50)
        seconds = self.pick(5, 1)
        rate = f"{self.pick(100, 10)}kpps"
        rows = []
        for kind in (None, "syn", "junk"):
            record = self.call(f"{kind or 'no'} flood, {busy} clients send {rate} each way, {dialling} more dial", busy, "mppe-128", {
                "duration": seconds, "sizes": "imix", "direction": "both", "rate": rate, "check": "headers",
                "allow-loss": self.ALLOWED_LOSS, "extra": dialling, "extra-rate": dialling / seconds},
                seconds + 60, calls=busy + dialling, extra_port=self.port(), background=self.flooder(kind) if kind else None)
            self.drop_port()
            came, wanted = self.flood_seen(record), self.pps * seconds
            if kind and came < wanted:
                self.problems.append(f"{kind} flood: {came} frames reached adit, {wanted} are the least in {seconds} s")
            for t in record["fleet"]["traffic"]:
                waves = setups_of(record["fleet"])
                setups = waves[t["interval"] != "base"]
                rows.append((kind or "none", came, t["interval"], f"{setups['n']}", setups["failed"], f"{setups['p99_ms']:.0f}",
                             t["direction"], f"{t['mpps']:.4f}", f"{100 * t['lost_share']:.4f}", f"{t['latency_us']['p99']:.0f}"))
        self.figures = {"rows": rows}
        self.tables.append(format_table(f"Flood of {self.pps} frames a second on TCP/1723", (
            "flood", "frames in", "interval", "set-ups", "failed", "p99 ms", "direction", "Mpps", "lost %", "p99 us"), rows))

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


def use_veth(testbed):
    """Two pairs in place of memif: either end may go away, and others may send into them."""
    for name in ("out", "in"):
        run(["ip", "link", "add", f"{name}1", "type", "veth", "peer", "name", f"{name}0"])
        for end in ("0", "1"):
            run(["ip", "link", "set", f"{name}{end}", "arp", "off", "up"])
    testbed.adit.outside, testbed.adit.inside = "interface:out0", "interface:in0"
    testbed.fleet.outside, testbed.fleet.inside = "interface:out1", "interface:in1"


class Lost(Scenario):
    """All clients are gone from one moment to the next, without a word: adit notices, and ends all of it over time."""

    name = "lost"
    adit_mb, fleet_mb, mbufs = 160, 128, 16383
    ECHO_S, PATIENCE_S = 5, 120
    TURN_MS = 5

    def run(self):
        if not self.rig.testbed.is_laptop:
            raise RigError("lost wants the laptop's testbed: it kills the fleet")
        use_veth(self.rig.testbed)
        n = self.rig.clients or self.pick(20000, 100)
        calls_a_tunnel = self.fewest_calls_a_tunnel(n)
        rows = [self.lose(n, k) for k in (calls_a_tunnel, self.pick(1000, 50))]
        self.figures = {"rows": rows}
        self.tables.append(format_table("Clients that are gone without a word", (
            "calls", "of a connection", "s to the first end", "s to the last", "s till nothing is left", "longest turn of control, ms"), rows))

    def lose(self, n, calls_a_tunnel):
        name = f"{n} calls, {calls_a_tunnel} a connection"
        self.rig.say(name)
        pptp = (f"max_calls_per_connection = {calls_a_tunnel}; echo_interval_s = {self.ECHO_S}; "
                f"echo_timeout_s = {self.ECHO_S}; idle_connection_s = {self.ECHO_S};")
        with Adit(self.rig, n, "mppe-128", echo_s=self.ECHO_S, pptp=pptp) as adit:
            fleet = Fleet(self.rig, n, {"hold": 600, "calls-per-tunnel": calls_a_tunnel, "seed": n + calls_a_tunnel}, 600)
            end = time.monotonic() + self.pick(120, 30)
            while adit.in_use()["calls-open"] < n:
                if time.monotonic() > end or not fleet.process.is_running():
                    raise RigError(f"{name}: not all came up: {adit.in_use()}\n{fleet.process.tail()}")
                time.sleep(0.5)
            time.sleep(self.ECHO_S)
            fleet.process.kill()
            lost, turns, first, last = time.monotonic(), Turns(), None, None
            while time.monotonic() < lost + self.PATIENCE_S and (last is None or adit.leaks(0)):
                time.sleep(0.5)
                turns.look(adit)
                left, passed = adit.in_use()["slots-in-use"], time.monotonic() - lost
                first = passed if first is None and left < n else first
                last = passed if last is None and left == 0 else last
            none_left = time.monotonic() - lost
            turns.look(adit, always=True)
            if left := adit.leaks(0):
                self.problems.append(f"{name}: still in use after {self.PATIENCE_S} s: {left}")
            ends = adit.view()["counters"]
        self.runs.append({"name": name, "turns": turns.longest, "counters": ends, "losses": ""})
        if turns.longest["cpu_us"] > self.TURN_MS * 1000:
            self.problems.append(f"{name}: a turn of control took {show_turns(turns.longest)} ms")
        return n, calls_a_tunnel, *(f"{s:.1f}" if s is not None else "never" for s in (first, last, none_left)), show_turns(turns.longest)


class Replay(Scenario):
    """The chain that pktgen users need, with a slow sender in Pktgen's place: the fleet exports its keys, mkpcap makes a
    capture with them, and adit takes every packet of it once, and none twice."""

    name = "replay"

    def run(self):
        if not self.rig.testbed.is_laptop:
            raise RigError("replay wants the laptop's testbed; perf/pktgen/README.md does it on NICs")
        clients, packets = self.rig.clients or self.pick(100, 10), self.pick(20000, 1000)
        use_veth(self.rig.testbed)
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
