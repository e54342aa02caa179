#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""scaling: what N workers should do, from what one packet was measured to cost.

    bench_pipeline --section clear --json clear.json
    bench_pipeline --section crypto --only sw > crypto.txt
    bench_handoff --json handoff.json
    perf/scaling.py --clear clear.json --crypto crypto.txt --handoff handoff.json [--measured result.json]
                    [--sessions N] [--steering rss|flow] [--io-cycles N] [--clock-share X] [--json FILE] [--svg FILE]

Where cores are missing this is no measurement but arithmetic: it prints its assumptions before its figures, and beside
them how far it is from what one worker was measured to do (--measured: the result.json of `rig throughput`).
"""
import argparse
import json
import os
import re
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import picture

# --- what a packet is on the wire -----------------------------------------------------------------

IMIX = ((40, 7), (576, 4), (1400, 1))  # inner bytes, times
SIZES = ("64", "256", "576", "1400", "IMIX")
MODES = ("clear", "mppe-128")
WORKERS = (1, 2, 4, 6, 8, 12, 16, 24, 32)

ETHER_BYTES, FCS_BYTES, GAP_BYTES, FRAME_BYTES_MIN = 14, 4, 20, 64  # gap: preamble and inter-frame gap
OUTER_IP_BYTES, GRE_BYTES = 20, 16  # GRE with number and ack
PPP_BYTES = {"clear": 2, "mppe-128": 2 + 2 + 1}  # 00 21; 00 FD, count, 21 (ACFC; PFC inside)

# Name: bit/s, and what its slot carries: lanes' bytes/s a direction after coding. A dual-port 10G or 25G NIC shares
# its slot between both ports; the 100G ones have a slot each.
NICS = {"10G": (10e9, 7.88e9), "25G": (25e9, 7.88e9), "100G": (100e9, 15.75e9)}
NIC_SLOTS = {"10G": "PCIe 3.0 x8 for both ports", "25G": "PCIe 3.0 x8 for both ports", "100G": "PCIe 3.0 x16 a port"}
PORTS_A_SLOT = {"10G": 2, "25G": 2, "100G": 1}
TLP_BYTES, TLP_PAYLOAD_BYTES, DESCRIPTOR_BYTES = 24, 256, 32  # header and framing; payload at most; ring traffic


def parts(size):
    """(inner bytes, share of the packets) of a size."""
    if size != "IMIX":
        return ((int(size), 1.0),)
    total = sum(times for _, times in IMIX)
    return tuple((length, times / total) for length, times in IMIX)


def mean_bytes(size):
    return sum(length * share for length, share in parts(size))


def frame_bytes(length, mode, outer=True):
    """Ethernet frame with FCS of an inner packet, on the outside port or the inside one."""
    extra = OUTER_IP_BYTES + GRE_BYTES + PPP_BYTES[mode] if outer else 0
    return max(ETHER_BYTES + extra + length + FCS_BYTES, FRAME_BYTES_MIN)


def line_pps(nic, size, mode):
    """Packets a second that the outside port carries in one direction."""
    wire = sum((frame_bytes(length, mode) + GAP_BYTES) * share for length, share in parts(size))
    return NICS[nic][0] / 8 / wire


def pcie_bytes(length, mode, outer):
    frame = frame_bytes(length, mode, outer) - FCS_BYTES
    return frame + -(-frame // TLP_PAYLOAD_BYTES) * TLP_BYTES + DESCRIPTOR_BYTES


def pcie_pps(nic, size, mode, direction):
    """Packets a second (of all directions) until the slot is full in its fuller direction.

    A packet goes through the outside port's slot one way and the inside port's the other; with both ports in one slot
    a packet takes both ways of it. What is stated is for directions "up", "down" and "both" alike."""
    outer = sum(pcie_bytes(length, mode, True) * share for length, share in parts(size))
    inner = sum(pcie_bytes(length, mode, False) * share for length, share in parts(size))
    if PORTS_A_SLOT[nic] == 1:
        one_way = outer  # per slot and way: the longer frames
        return NICS[nic][1] / one_way * (2 if direction == "both" else 1)
    if direction != "both":
        return NICS[nic][1] / max(outer, inner)  # in by one port, out by the other
    return NICS[nic][1] * 2 / (outer + inner)


# --- what a packet costs --------------------------------------------------------------------------

class InputError(Exception):
    pass


def number_of(value):
    """The median, however a benchmark wrote it."""
    if isinstance(value, dict):
        value = value.get("median")
    if isinstance(value, list):
        value = sorted(value)[len(value) // 2] if value else None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise InputError(f"no figure where one was expected: {value!r}")
    return float(value)


def fit_line(points):
    """(fixed, per x) with least squares; a single point is all fixed."""
    n = len(points)
    mean_x = sum(x for x, _ in points) / n
    mean_y = sum(y for _, y in points) / n
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    slope = sum((x - mean_x) * (y - mean_y) for x, y in points) / spread if spread else 0.0
    return mean_y - slope * mean_x, slope


CRYPTO_ROW = re.compile(r"^\|\s*sw (up|down), (\d+)\s*\|\s*(\w+)\s*\|\s*(\d+)\s*\|")
TSC = re.compile(r"time-stamp counter runs at ([\d.]+) GHz")


def parse_crypto(text):
    """What `bench_pipeline --section crypto --only sw` prints: (TSC Hz, {direction: {sessions: {load: cycles}}}) of the
    stateless rows."""
    hz = TSC.search(text)
    if not hz:
        raise InputError("the pipeline's table does not say how fast the time-stamp counter runs")
    rows = {}
    for line in text.split("\n"):
        row = CRYPTO_ROW.match(line)
        if row:
            rows.setdefault(row[1], {}).setdefault(int(row[2]), {})[row[3]] = float(row[4])
    for direction in ("up", "down"):
        if not any("64" in loads and "1400" in loads for loads in rows.get(direction, {}).values()):
            raise InputError(f"the pipeline's table lacks sw {direction} at 64 and 1400 bytes")
    return float(hz[1]) * 1e9, rows


class Costs:
    """TSC cycles a packet by mode, direction, sessions and length.

    clear:  the JSON of `bench_pipeline --section clear`: 64 bytes, 1 to 60,000 sessions, caches warm and cold
    crypto: parse_crypto()

    What is not encrypted is not touched behind its headers, so its cost is taken not to depend on the length. What many
    sessions cost beyond the number with which encryption was measured is what they cost the clear path, cold."""

    def __init__(self, clear, crypto):
        self.hz, self.crypto = crypto
        self.clear = {}
        for cell in clear["clear"]["cells"]:
            cycles = number_of(cell["median"])
            if cycles > 0:  # 0: the machine was too busy for a single sample
                self.clear.setdefault((cell["direction"], cell["caches"]), {})[int(cell["sessions"])] = cycles
        for direction in ("up", "down"):
            for caches in ("warm", "cold"):
                if not self.clear.get((direction, caches)):
                    raise InputError(f"the pipeline's JSON lacks the clear path {direction}, {caches}: missing, or no sample was undisturbed")

    def many(self, direction):
        """The largest number of sessions with which encryption was measured at all sizes."""
        return max(n for n, loads in self.crypto[direction].items() if "64" in loads and "1400" in loads)

    def line(self, mode, direction, sessions):
        """(fixed, per byte)."""
        if mode == "clear":
            return self.clear_cycles(direction, "cold", sessions), 0.0
        many = self.many(direction)
        loads = self.crypto[direction][many]
        fixed, per_byte = fit_line([(float(load), cycles) for load, cycles in loads.items() if load.isdigit()])
        return fixed + self.growth(direction, many, sessions), per_byte

    def growth(self, direction, measured_with, sessions):
        return max(0.0, self.clear_cycles(direction, "cold", sessions)
                   - self.clear_cycles(direction, "warm", measured_with)) if sessions > measured_with else 0.0

    def clear_cycles(self, direction, caches, sessions):
        """Between the numbers of sessions that were measured linearly, beyond them as at the last."""
        known = sorted(self.clear[direction, caches].items())
        n1, c1 = next((k for k in reversed(known) if k[0] <= sessions), known[0])
        n2, c2 = next((k for k in known if k[0] >= sessions), known[-1])
        return c1 if n1 == n2 else c1 + (c2 - c1) * (sessions - n1) / (n2 - n1)

    def cycles(self, size, mode, direction, sessions):
        fixed, per_byte = self.line(mode, direction, sessions)
        return sum((fixed + per_byte * length) * share for length, share in parts(size))

    def imix_error(self, direction):
        """The line's IMIX over the measured one, less one; None where it was not measured."""
        many = self.many(direction)
        measured = self.crypto[direction][many].get("IMIX")
        return self.cycles("IMIX", "mppe-128", direction, many) / measured - 1 if measured else None


def handoff_cycles(data, burst=32):
    """TSC cycles that a handed-over packet costs both workers, of bench_handoff's JSON: put, and take what another CPU
    has written. On one CPU the transfer between caches is missing, which is said."""
    sides = {row["side"]: number_of(row["tsc_cycles"]) for row in data["results"]
             if row["ring"] == "SP/SC" and row["burst"] == burst}
    take = sides.get("take, other CPU puts", sides.get("take"))
    if "put" not in sides or take is None:
        raise InputError("the hand-over's figures lack put and take of the SP/SC ring")
    return sides["put"] + take, "take, other CPU puts" in sides


def handoff_share(n_workers, steering):
    """RSS spreads by addresses and does not know who owns a session; a flow rule a session does."""
    return 0.0 if steering == "flow" else (n_workers - 1) / n_workers


# --- the model ------------------------------------------------------------------------------------

class Model:
    def __init__(self, costs, handoff, sessions=1000, steering="rss", io_cycles=50.0, clock_share=1.0):
        self.costs, self.handoff, self.sessions = costs, handoff, sessions
        self.steering, self.io_cycles, self.clock_share = steering, io_cycles, clock_share

    def cycles(self, size, mode, direction, n_workers):
        if direction == "both":
            return (self.cycles(size, mode, "up", n_workers) + self.cycles(size, mode, "down", n_workers)) / 2
        return (self.costs.cycles(size, mode, direction, self.sessions) + self.io_cycles
                + handoff_share(n_workers, self.steering) * self.handoff)

    def cpu_pps(self, size, mode, direction, n_workers):
        clock_share = self.clock_share if n_workers > 1 else 1.0
        return n_workers * self.costs.hz * clock_share / self.cycles(size, mode, direction, n_workers)

    def predict(self, nic, size, mode, direction, n_workers):
        """A row: Mpps and Gbit/s of inner packets, all directions together, and what limits them."""
        limits = {
            "CPU": self.cpu_pps(size, mode, direction, n_workers),
            "NIC": line_pps(nic, size, mode) * (2 if direction == "both" else 1),
            "PCIe": pcie_pps(nic, size, mode, direction),
        }
        limit = min(limits, key=limits.get)
        pps = limits[limit]
        return {"nic": nic, "size": size, "mode": mode, "direction": direction, "workers": n_workers,
                "mpps": pps / 1e6, "gbit_s": pps * mean_bytes(size) * 8 / 1e9, "limit": limit,
                "cycles": self.cycles(size, mode, direction, n_workers)}

    def all(self):
        return [self.predict(nic, size, mode, direction, n)
                for nic in NICS for mode in MODES for direction in ("up", "down", "both") for size in SIZES
                for n in WORKERS]

    def workers_to_fill(self, nic, size, mode, direction, most=64):
        """The fewest workers with which the CPU is not the limit; None if `most` are not enough."""
        return next((n for n in range(1, most + 1)
                     if self.predict(nic, size, mode, direction, n)["limit"] != "CPU"), None)

    def over_transport(self, size, mode, direction, ceiling_mpps):
        """What one worker should do in Mpps when each packet also costs what a plain forwarder spends on it: the way to
        compare with a rig whose ports are no NICs. The benchmark's own rings stand in for io_cycles."""
        own = self.costs.cycles(size, mode, direction, self.sessions) if direction != "both" else \
            (self.costs.cycles(size, mode, "up", self.sessions) + self.costs.cycles(size, mode, "down", self.sessions)) / 2
        forwarder = self.costs.hz / (ceiling_mpps * 1e6) if ceiling_mpps else 0.0
        return self.costs.hz / (own + forwarder) / 1e6


def cross_check(model, measured):
    """Rows of what one worker did in a rig beside what the model says, from the rig's result.json."""
    ceilings = {(c["size"], c["direction"]): c["mpps"] for c in measured.get("ceiling", [])}
    rows = []
    for m in measured.get("one_worker", []):
        ceiling = ceilings.get((m["size"], m["direction"]), 0.0)
        predicted = model.over_transport(m["size"], m["mode"], m["direction"], ceiling)
        rows.append(dict(m, ceiling_mpps=ceiling, predicted_mpps=predicted, deviation=predicted / m["mpps"] - 1))
    return rows


# --- what is printed ------------------------------------------------------------------------------

def assumptions(model, is_across):
    c = model.costs
    lines = [f"TSC at {c.hz / 1e9:.3f} GHz; a worker has a core of its own (no second thread on it), and all cores "
             f"together run at {model.clock_share * 100:.0f} % of the clock of the one that was measured (--clock-share)",
             f"{model.sessions} sessions a worker; their lines come from L2 and L3 as bench_pipeline's cold rows have them; what "
             "is clear costs the same at each length",
             f"rx and tx of a NIC's driver cost {model.io_cycles:.0f} cycles a packet more than the benchmark's rings "
             "(--io-cycles; assumed, not measured)",
             f"a handed-over packet costs {model.handoff:.0f} cycles more"
             + ("" if is_across else ", WITHOUT the transfer between caches: it was measured on one CPU")
             + ("; RSS by address hands over (n-1)/n of all" if model.steering == "rss" else "; flow rules hand over none"),
             "no share of memory bandwidth, of the last level cache or of locks between workers is modelled: they have none in common "
             "but the rings",
             "outside frames: inner packet + PPP/MPPE "
             f"({PPP_BYTES['clear']} clear, {PPP_BYTES['mppe-128']} encrypted) + GRE {GRE_BYTES} + IPv4 {OUTER_IP_BYTES} + "
             f"Ethernet {ETHER_BYTES} + FCS {FCS_BYTES} + gap {GAP_BYTES} bytes; one outside and one inside port",
             "; ".join(f"{nic}: {slot}" for nic, slot in NIC_SLOTS.items())
             + f"; {TLP_BYTES} bytes a {TLP_PAYLOAD_BYTES} and {DESCRIPTOR_BYTES} a packet beside its data"]
    for mode in MODES:
        for direction in ("up", "down"):
            fixed, per_byte = c.line(mode, direction, model.sessions)
            error = c.imix_error(direction) if mode != "clear" else None
            lines.append(f"{mode} {direction}: {fixed:.0f} cycles + {per_byte:.3f} a byte"
                         + (f" (IMIX by this line: {error * 100:+.1f} %)" if error is not None else ""))
    return lines


def print_text(model, is_across, checks, out):
    print("Assumptions", file=out)
    for line in assumptions(model, is_across):
        print(f"  - {line}", file=out)
    for nic in NICS:
        for mode in MODES:
            print(f"\n{nic}, {mode}: Gbit/s of inner packets (Mpps) with both directions loaded; * the NIC is the limit, "
                  "+ the slot", file=out)
            shown = (1, 2, 4, 8, 16, 32)
            print(f"  {'size':>5}" + "".join(f"{n:>16}" for n in shown) + f"{'to fill it':>14}", file=out)
            for size in SIZES:
                cells = ""
                for n in shown:
                    row = model.predict(nic, size, mode, "both", n)
                    mark = {"CPU": " ", "NIC": "*", "PCIe": "+"}[row["limit"]]
                    cells += f"{row['gbit_s']:>8.1f} ({row['mpps']:.1f}){mark}".rjust(16)
                fill = model.workers_to_fill(nic, size, mode, "both")
                print(f"  {size:>5}{cells}{(f'{fill} workers' if fill else 'over 64'):>14}", file=out)
    if checks:
        print("\nOne worker as a rig measured it, and as the model says (with what a plain forwarder spends on the rig's "
              "ports):", file=out)
        for c in checks:
            print(f"  {c['mode']:>9} {c['size']:>5} {c['direction']:>5}: measured {c['mpps']:.3f} Mpps, model "
                  f"{c['predicted_mpps']:.3f}, {c['deviation'] * 100:+.1f} %", file=out)


def draw(model):
    pic = picture.Picture()
    pic.text(picture.LEFT, 22, f"Predicted, not measured: {model.sessions} sessions, both directions, one to {WORKERS[-1]} workers",
             size=15)
    pic.height = 30
    for mode in MODES:
        for nic in NICS:
            series = {size: [(n, p["gbit_s"], f"{n} workers: {p['gbit_s']:.1f} Gbit/s, {p['mpps']:.1f} Mpps, {p['limit']}")
                             for n in WORKERS for p in [model.predict(nic, size, mode, "both", n)]] for size in SIZES}
            picture.plot_lines(pic, series, f"{mode}, {nic} ports", "Gbit/s of inner packets",
                               {n: (n - 1) / (WORKERS[-1] - 1) for n in WORKERS})
    return pic.svg()


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def load_costs(clear_path, crypto_path):
    with open(crypto_path, encoding="utf-8") as file:
        crypto = parse_crypto(file.read())
    return Costs(load(clear_path), crypto)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clear", required=True)
    parser.add_argument("--crypto", required=True)
    parser.add_argument("--handoff", required=True)
    parser.add_argument("--measured")
    parser.add_argument("--sessions", type=int, default=1000)
    parser.add_argument("--steering", choices=("rss", "flow"), default="rss")
    parser.add_argument("--io-cycles", type=float, default=50)
    parser.add_argument("--clock-share", type=float, default=1.0)
    parser.add_argument("--json")
    parser.add_argument("--svg")
    o = parser.parse_args()
    try:
        cycles, is_across = handoff_cycles(load(o.handoff))
        model = Model(load_costs(o.clear, o.crypto), cycles, o.sessions, o.steering, o.io_cycles, o.clock_share)
        checks = cross_check(model, load(o.measured)) if o.measured else []
    except (OSError, ValueError, KeyError, InputError) as error:
        sys.exit(f"scaling: {error!r}" if isinstance(error, KeyError) else f"scaling: {error}")
    print_text(model, is_across, checks, sys.stdout)
    if o.json:
        with open(o.json, "w", encoding="utf-8") as file:
            json.dump({"assumptions": assumptions(model, is_across), "one_worker": checks, "predictions": model.all()},
                      file, indent=1)
    if o.svg:
        with open(o.svg, "w", encoding="utf-8") as file:
            file.write(draw(model))


if __name__ == "__main__":
    main()
