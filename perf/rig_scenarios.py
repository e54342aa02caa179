# SPDX-License-Identifier: BSD-3-Clause
"""rig_scenarios: what each scenario runs, what of it must hold, and what it shows. perf/README.md says what it proves."""
import json
import time

import scaling
from rig_peers import Adit, Fleet, blast_command, forwarder_command
from rig_process import RigError, memory_kb, run
from rig_results import compare, draw, format_table, losses, save, setups_of, show_spread, spread

MODES = {"mppe-128": {}, "mppe-128-null": {"crypto": "null"}, "clear": {"mppe": "none"}}
DIRECTIONS = ("up", "down", "both")
CALLS_A_TUNNEL_MAX, SPARE_DESCRIPTORS = 8, 512  # as adit's configuration has it by default; what adit needs beside
MARGIN_S = 60  # beyond what a run should take, before it is given up


class Turns:
    """The longest turn of adit's control lane, which tells those of the last ten seconds."""

    EVERY_S = 5

    def __init__(self):
        self.longest, self.looked = {"us": 0, "cpu_us": 0}, time.monotonic()

    def look(self, adit, always=False):
        if not always and time.monotonic() - self.looked < self.EVERY_S:
            return
        self.looked = time.monotonic()
        control = adit.ask("show", "lanes")["control"]
        for key in self.longest:
            self.longest[key] = max(self.longest[key], control.get(f"longest_turn_{key}", 0))


def show_turns(longest):
    """By its own CPU time, and by the clock: where another program has that CPU too, the clock counts that one as well."""
    return f"{longest['cpu_us'] / 1000:.1f} of CPU, {longest['us'] / 1000:.1f} by the clock"


class Scenario:
    """Base: runs with adit and the fleet, their results and what was wrong with them."""

    name = None
    keep = ()  # files of the run that go to its results
    adit_mb, fleet_mb, mbufs = 96, 96, 16383
    ring_bits = 10  # of memif

    def __init__(self, rig):
        self.rig, self.quick = rig, rig.quick
        self.runs, self.problems, self.tables, self.figures, self.panels = [], [], [], {}, []

    def pick(self, full, quick):
        return quick if self.quick else full

    def fewest_calls_a_tunnel(self, n):
        """adit needs a descriptor a control connection; where there may be fewer, several calls share one."""
        fewest = -(-n // max(1, self.rig.descriptors - SPARE_DESCRIPTORS))
        if fewest > CALLS_A_TUNNEL_MAX:
            raise RigError(f"{self.rig.descriptors} descriptors are too few for {n} calls (ulimit -Hn)")
        if fewest > 1:
            self.rig.warnings.append(f"FEW DESCRIPTORS: {self.rig.descriptors} (ulimit -Hn), so {fewest} calls share a control connection")
        return fewest

    # -- runs

    def call(self, name, clients, mode, options, seconds, calls=None, extra_port=None, background=None, counts=False):
        """One adit, one fleet. Returns the fleet's report with adit's view beside it; problems are noted.

        counts: ask adit once a second how many calls it has, which takes the control lane a moment"""
        self.rig.say(f"{name}")
        peak = {"adit": {}, "fleet": {}, "slots": 0}
        turns = Turns()
        with Adit(self.rig, calls or clients, mode, extra_port) as adit:
            fleet = Fleet(self.rig, clients, dict(MODES[mode], **options), seconds + MARGIN_S, attended=True)
            before = adit.idle = adit.view()  # with the descriptors of ports that are connected
            helper = background(adit) if background else None
            fleet.dial()
            looked = [0.0]

            def watch():
                for side, process in (("adit", adit.process), ("fleet", fleet.process)):
                    for key, kb in memory_kb(process).items():
                        peak[side][key] = max(kb, peak[side].get(key, 0))
                if not adit.process.is_running():
                    raise RigError(f"adit ended under load:\n{adit.process.tail()}")
                if counts and time.monotonic() - looked[0] > 1:
                    peak["slots"] = max(peak["slots"], adit.in_use()["slots-in-use"])
                    looked[0] = time.monotonic()
                turns.look(adit)
            try:
                report = fleet.finish(watch)
            finally:
                if helper:
                    helper.stop()
            turns.look(adit, always=True)
            after, left = adit.view(), adit.leaks()
        is_right = fleet.stop()  # behind adit, under whose workers a memif must not lose its other end
        pairs, problems = compare(report, before, after)
        lost = losses(report, before, after, float(options.get("allow-loss", 0)))
        if not is_right:
            problems.append(f"the fleet says that not all was right: {fleet.process.tail(6)}")
        if left:
            problems.append(f"leaked after all calls had ended: {left}")
        record = {"name": name, "mode": mode, "clients": clients, "fleet": report, "pairs": pairs, "leaked": left, "losses": lost,
                  "peak": peak, "turns": turns.longest, "problems": problems, "adit_before": before, "adit_after": after,
                  "adit_version": adit.version, "commands": [adit.process.command, fleet.command]}
        self.runs.append(record)
        self.problems += [f"{name}: {p}" for p in problems]
        return record

    def traffic(self, size, mode, direction, clients, seconds, repeats):
        """Figures of closed-loop traffic as fast as it goes, over repeats."""
        mpps, gbit = [], []
        for i in range(repeats):
            record = self.call(f"{mode} {size} {direction}, {clients} clients, run {i + 1} of {repeats}", clients, mode,
                               {"duration": seconds, "sizes": size.lower(), "direction": direction, "rate": "max",
                                "check": "headers"}, seconds + 10)
            traffic = record["fleet"]["traffic"]
            mpps.append(sum(t["mpps"] for t in traffic))
            gbit.append(sum(t["gbit_s"] for t in traffic))
        return {"size": size, "mode": mode, "direction": direction, "clients": clients, "mpps": spread(mpps),
                "gbit_s": spread(gbit)}

    def ceiling(self, size, direction, seconds, repeats):
        """The same ports with a plain forwarder in adit's place and a packet source in the fleet's."""
        mpps, gbit = [], []
        path = f"{self.rig.testbed.fleet.directory}/blast.json"
        for i in range(repeats):
            self.rig.say(f"plain forwarder, {size} {direction}, run {i + 1} of {repeats}")
            command = forwarder_command(self.rig)
            forwarder = self.rig.start("testpmd", command, self.rig.testbed.adit.run, keep_stdin=True)
            try:
                forwarder.wait_for(["Press enter to exit", "Checking link statuses"], 40)
                run(blast_command(self.rig, size.lower(), direction, seconds, path), self.rig.testbed.fleet.run,
                    seconds=seconds + MARGIN_S)
            finally:
                forwarder.stop()
            streams = json.loads(run(["cat", path], self.rig.testbed.fleet.run))["streams"]
            mpps.append(sum(s["mpps"] for s in streams))
            gbit.append(sum(s["gbit_s"] for s in streams))
            self.rig.remember(command)
        return {"size": size, "mode": "plain forwarder", "direction": direction, "mpps": spread(mpps), "gbit_s": spread(gbit)}

    def found_mpps(self, size, clients):
        """What goes through with 1,000 sessions in each direction, for scenarios that want half of it."""
        found = self.traffic(size, "mppe-128", "both", clients, self.pick(5, 1), 1)
        self.figures["found"] = found
        return found["mpps"]["median"] / 2

    # -- results

    def finish(self, out):
        result = {"scenario": self.name, "quick": self.quick, "environment": self.rig.environment,
                  "commands": self.rig.commands, "warnings": self.rig.warnings, "problems": self.problems,
                  "figures": self.figures, "runs": self.runs}
        result.update({key: self.figures[key] for key in ("one_worker", "ceiling") if key in self.figures})
        text = "".join(f"{table}\n" for table in self.tables)
        text += "".join(f"LOST: {run['name']}: {run['losses']}\n" for run in self.runs if run["losses"])
        text += "".join(f"NOTE: {warning}\n" for warning in self.rig.warnings)
        text += "".join(f"WRONG: {problem}\n" for problem in self.problems)
        text += f"{self.name}: {'FAILED' if self.problems else 'passed'}; all figures in {out}/result.json\n"
        pictures = dict(self.pictures())
        if self.panels:
            pictures[self.name] = draw(f"{self.name}, {self.rig.environment['testbed']}: {self.rig.environment['cpu']}", self.panels)
        save(out, result, text, pictures)
        return text

    def pictures(self):
        return {}


def rate_rows(figures):
    return [(f["mode"], f["size"], f["direction"], show_spread(f["mpps"], 3), show_spread(f["gbit_s"])) for f in figures]


RATE_COLUMNS = ("mode", "bytes", "direction", "Mpps", "Gbit/s inner")


class Sessions(Scenario):
    """N calls up at once, held, and ended."""

    name = "sessions"
    adit_mb, fleet_mb, mbufs = 224, 160, 16383

    def run(self):
        n = self.rig.clients or self.pick(65535, 50)
        hold = self.pick(10, 2)
        calls_a_tunnel = self.fewest_calls_a_tunnel(n)
        record = self.call(f"{n} calls, {calls_a_tunnel} a connection", n, "mppe-128", {
            "hold": hold, "progress": 1, "calls-per-tunnel": calls_a_tunnel}, self.pick(600, 30), counts=True)
        setups, hangup = setups_of(record["fleet"])[0], record["fleet"].get("hangup", {})
        if record["peak"]["slots"] < n:
            self.problems.append(f"adit never had more than {record['peak']['slots']} of {n} calls at once")
        self.figures = {"setups": setups, "hangup": hangup, "peak": record["peak"]}
        peak, turns = record["peak"], record["turns"]
        rows = [("calls", n), ("of a control connection", calls_a_tunnel), ("failed", setups["failed"]), ("seconds to have all up", f"{setups['seconds']:.2f}"),
                ("set-ups a second", f"{setups['per_second']:.0f}"),
                ("one set-up, median and p99, ms", f"{setups.get('p50_ms', 0):.1f}, {setups.get('p99_ms', 0):.1f}"),
                ("at once in adit", peak["slots"]), ("seconds to end all", f"{hangup.get('seconds', 0):.2f}"),
                ("longest turn of control, ms", show_turns(turns))]
        for side in ("adit", "fleet"):
            rows.append((f"memory of {side}, MiB", " + ".join(
                f"{peak[side][k] / 1024:.0f} {w}" for k, w in (("peak", "in small pages"), ("hugepages", "in hugepages")) if peak[side].get(k))))
        rows.append(("left in use afterwards", record["leaked"] or "nothing"))
        self.tables.append(format_table("Sessions: all up at once, held, ended", ("what", "figure"), rows))


class Throughput(Scenario):
    name = "throughput"
    sizes, modes = ("1400", "IMIX"), ("mppe-128", "mppe-128-null", "clear")

    def run(self):
        clients, seconds = self.rig.clients or self.pick(1000, 50), self.pick(5, 1)
        repeats = self.rig.repeats or self.pick(3, 1)
        sizes = self.pick(self.sizes, ("1400",))
        directions = self.pick(DIRECTIONS, ("both",))
        figures = [self.traffic(size, mode, d, clients, seconds, repeats)
                   for size in sizes for mode in self.modes for d in directions]
        ceilings = [self.ceiling(size, d, seconds, repeats) for size in sizes for d in directions]
        self.figures = {"rates": figures, "ceilings": ceilings,
                        "one_worker": plain(f for f in figures if f["mode"] in scaling.MODES) if len(self.rig.testbed.adit.worker_cpus) == 1 else [],
                        "ceiling": plain(ceilings)}
        self.tables.append(format_table(f"Throughput, {clients} sessions, {len(self.rig.testbed.adit.worker_cpus)} worker(s)",
                                        RATE_COLUMNS, rate_rows(figures + ceilings)))
        self.panels = [("bars", f"{d}: Gbit/s by size", "Gbit/s", {size: {
            f["mode"]: (f["gbit_s"]["median"], f"{f['size']}: {show_spread(f['gbit_s'])} Gbit/s") for f in figures + ceilings
            if f["size"] == size and f["direction"] == d} for size in sizes}) for d in directions]


def plain(figures):
    return [{"size": f["size"], "mode": f["mode"], "direction": f["direction"], "mpps": f["mpps"]["median"]} for f in figures]


class Sizes(Throughput):
    name = "sizes"

    def run(self):
        clients, seconds = self.rig.clients or self.pick(1000, 50), self.pick(5, 1)
        repeats = self.rig.repeats or self.pick(3, 1)
        sizes = self.pick(("64", "256", "576", "1400", "IMIX"), ("64", "IMIX"))
        figures = [self.traffic(size, mode, "both", clients, seconds, repeats) for mode in self.modes for size in sizes]
        self.figures = {"rates": figures}
        self.tables.append(format_table(f"Sizes, {clients} sessions, both directions", RATE_COLUMNS, rate_rows(figures)))
        for unit, key in (("Mpps", "mpps"), ("Gbit/s", "gbit_s")):
            self.panels.append(("lines", f"{unit} by size, both directions", unit, {mode: [
                (int(f["size"]), f[key]["median"], f"{f['size']} bytes: {show_spread(f[key])}") for f in figures
                if f["mode"] == mode and f["size"].isdigit()] for mode in self.modes}))


def latency_rows(record):
    rows = []
    for t in record["fleet"]["traffic"]:
        us = t["latency_us"]
        rows.append((t["interval"], t["direction"], f"{t['mpps']:.3f}", f"{100 * t['lost_share']:.4f}",
                     *(f"{us[k]:.0f}" for k in ("p50", "p90", "p99", "p999", "max"))))
    return rows


LATENCY_COLUMNS = ("interval", "direction", "Mpps", "lost %", "p50 us", "p90", "p99", "p99.9", "max")


class Dialling(Scenario):
    """Traffic at half of what goes through, first alone, then while many dial."""

    extra, quick_extra = 0, 0
    adit_mb, fleet_mb = 128, 128
    # A paced rate goes on while the receiver is away: where the fleet shares its CPU with adit's control lane, for some ms.
    # A frame of PPP that is lost is sent again after 3 s, as Windows and pppd do, and would be counted as a slow set-up.
    ring_bits = 13

    def run(self):
        clients = self.rig.clients or self.pick(1000, 50)
        extra = self.pick(self.extra, self.quick_extra)
        half = self.found_mpps("IMIX", clients) / 2
        record = self.call(f"{half:.3f} Mpps each way with {clients} clients while {extra} more dial", clients, "mppe-128", {
            "duration": self.pick(10, 2), "sizes": "imix", "direction": "both", "rate": f"{half * 1e6:.0f}pps",
            "extra": extra, "extra-rate": 0, "check": "headers", "allow-loss": self.allowed_loss}, self.pick(180, 30),
            calls=clients + extra)
        self.figures.update({"traffic": record["fleet"]["traffic"], "setups": record["fleet"]["setups"]})
        self.tables.append(format_table(f"{self.name}: {half:.3f} Mpps (IMIX) each way, {extra} clients dial in the interval after the first",
                                        LATENCY_COLUMNS, latency_rows(record)))
        for s in setups_of(record["fleet"]):
            self.tables.append(f"  {s['n']} dialled, {s['failed']} failed, {s['seconds']:.2f} s, {s['per_second']:.0f} set-ups a second\n")
        self.judge(record, half)
        self.panels = [("bars", f"latency by interval, {d}", "us", {
            t["interval"]: {k: (t["latency_us"][k], f"{t['latency_us'][k]:.0f} us") for k in ("p50", "p90", "p99", "p999")}
            for t in record["fleet"]["traffic"] if t["direction"] == d}) for d in ("up", "down")]

    allowed_loss = 0

    def judge(self, record, half):
        pass


class Latency(Dialling):
    name = "latency"
    extra, quick_extra = 5000, 50
    allowed_loss = 0.001


class Storm(Dialling):
    """Is the rate kept?"""

    name = "storm"
    extra, quick_extra = 10000, 100
    allowed_loss = 0.01
    KEPT_SHARE = 0.95

    def judge(self, record, half):
        for t in record["fleet"]["traffic"]:
            kept = t["mpps"] / half
            if kept < self.KEPT_SHARE:
                self.problems.append(f"{t['interval']} {t['direction']}: {100 * kept:.1f} % of the offered rate came through")
        self.tables.append("  rate kept: " + ", ".join(
            f"{t['interval']} {t['direction']} {100 * t['mpps'] / half:.1f} %" for t in record["fleet"]["traffic"]) + "\n")


class Scaling(Throughput):
    """The model, fed with benchmarks of this machine and held to what one worker does in this rig."""

    name = "scaling"
    keep = ("clear.json", "crypto.txt", "handoff.json")  # with which scaling.py can be asked again

    def run(self):
        work, samples = self.rig.work, ["--samples", "10" if self.quick else "60"]
        for words, out in ((["bench_pipeline", "--section", "clear", "--json", f"{work}/clear.json"], None),
                           (["bench_pipeline", "--section", "crypto", "--only", "sw"], f"{work}/crypto.txt"),
                           (["bench_handoff", "--json", f"{work}/handoff.json"], None)):
            self.rig.say(" ".join(words[:3]))
            command = [f"{self.rig.build}/perf/{words[0]}", *words[1:], *samples]
            self.rig.remember(command)
            text = run(command, seconds=1800)
            if out:
                with open(out, "w", encoding="utf-8") as file:
                    file.write(text)
        Throughput.run(self)
        self.panels = []
        measured = {"one_worker": self.figures["one_worker"], "ceiling": self.figures["ceiling"]}
        try:
            cycles, is_across = scaling.handoff_cycles(scaling.load(f"{work}/handoff.json"))
            self.model = scaling.Model(scaling.load_costs(f"{work}/clear.json", f"{work}/crypto.txt"), cycles)
        except scaling.InputError as error:
            raise RigError(f"the model: {error}") from None
        checks = scaling.cross_check(self.model, measured)
        with open(f"{work}/scaling.txt", "w+", encoding="utf-8") as file:
            scaling.print_text(self.model, is_across, checks, file)
            file.seek(0)
            self.tables.append(file.read())
        self.figures.update({"assumptions": scaling.assumptions(self.model, is_across), "cross_check": checks,
                             "predictions": self.model.all()})

    sizes, modes = ("1400", "IMIX"), ("mppe-128", "clear")

    model = None

    def pictures(self):
        return {"scaling": scaling.draw(self.model)} if self.model else {}
