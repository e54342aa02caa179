# SPDX-License-Identifier: BSD-3-Clause
"""rig_peers: adit with a configuration made for a run, the fleet against it, and a plain forwarder in adit's place."""
import json
import os
import time

from rig_process import Process, RigError, memory_kb, run

N_USERS = 1000
PASSWORD = "fleet"
POOL_FIRST, POOL_SERVER = (10, 64, 0, 1), "10.63.255.254"
START_S, STOP_S = 40, 15
CONNECTED, REPORTED = "fleet: connected", "fleet: reported"  # what an attended fleet says
LATE_MBUFS = 256  # packet buffers that caches and queues may still hold when all calls have gone


def _address(n):
    n += int.from_bytes(bytes(POOL_FIRST), "big")
    return ".".join(str(b) for b in n.to_bytes(4, "big"))


def pool_ranges(calls):
    """Two pools, (first, last) each: one has 65,536 addresses at most, and .0 and .255 are nobody's."""
    n = min(65536, (calls // 2 + 1) * 256 // 254 + 256)
    return (_address(0), _address(n - 1)), (_address(65536), _address(65536 + n - 1))


def configuration(testbed, socket, calls, mode, extra_port=None, echo_s=60, pptp="", more="", has_users=True):
    """adit.cfg for so many calls. mode: what rows are called, "mppe-128", "mppe-128-null" or "clear".

    pptp, more: text for that section, and behind all others
    has_users: N_USERS of them, known to adit itself"""
    a, f = testbed.adit, testbed.fleet
    slots = max(64, calls)
    users = ",\n".join(f'  {{ name = "u{n:04d}"; password = "{PASSWORD}"; }}' for n in range(N_USERS if has_users else 0))
    pools = ",\n".join(f'  {{ name = "rig{i}"; range = "{first}-{last}"; server = "{POOL_SERVER}"; }}' for i, (first, last) in enumerate(pool_ranges(slots)))
    extra = "" if not extra_port else (
        f',\n  {{ name = "flooded"; device = "{extra_port[0]}"; role = "outside"; tap = "adit-fl"; '
        f'address = "{extra_port[1]}"; }}')
    return f"""# made by perf/rig
name = "adit-rig";
lanes = {{ control = {a.control_cpu}; workers = [{", ".join(map(str, a.worker_cpus))}]; }};
memory = {{ hugepages = {str(a.hugepages).lower()}; size_mb = {a.memory_mb}; mbufs = {a.mbufs}; }};
ports = (
  {{ name = "outside"; device = "{a.outside}"; role = "outside"; tap = "adit-out"; address = "{a.address}";
    gateway = "{f.gateway.ip}"; }},
  {{ name = "inside"; device = "{a.inside}"; role = "inside"; tap = "adit-in"; address = "{a.inside_address}"; }}{extra}
);
pptp = {{ max_calls = {slots}; max_connections = {min(65536, slots + 4096)}; max_calls_per_source = {slots};
  max_connections_per_source = {slots}; setups_per_second_per_source = 0;
  max_unauthenticated_per_source = 4096; {pptp} }};
ppp = {{ lcp_echo_interval_s = {echo_s}; mru = 1440; mtu = 1440; }}; # so that 1400 bytes fit with MPPE
encryption = {{ mode = "{"deny" if mode == "clear" else "require"}"; }};
pools = (
{pools}
);
users = (
{users}
);
control = {{ socket = "{socket}"; }};
log = {{ level = "notice"; }};
{more}"""


class Adit:
    """adit, started for one run; `with` ends it."""

    def __init__(self, rig, calls, mode, extra_port=None, echo_s=60, pptp="", more="", users=True):
        self.rig, self.side, self.calls = rig, rig.testbed.adit, calls
        self.socket = f"{self.side.directory}/adit.sock"
        path = f"{self.side.directory}/adit.cfg"
        text = configuration(rig.testbed, self.socket, calls, mode, extra_port, echo_s, pptp, more, users)
        if self.side.run:
            run(["sh", "-c", 'umask 027; cat >"$1"', "sh", path], self.side.run, stdin=text)
        else:
            with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o640), "w", encoding="utf-8") as file:
                file.write(text)
        build = self.side.build or rig.build
        self.program = f"{build}/app/adit/adit"
        self.aditctl = f"{build}/app/aditctl/aditctl"
        command = [self.program, "-c", path] + (["--perf-unsafe-null"] if mode.endswith("-null") else [])
        if self.side.run:  # its TAPs and its default route are nobody else's there either
            command = ["unshare", "-n", "sh", "-c", 'ip link set lo up; exec "$@"', "sh"] + command
        self.process = rig.start("adit", command, self.side.run)
        self.started = time.monotonic()

    def __enter__(self):
        self.process.wait_for(["event=ready"], START_S)
        self.version = self.ask("show", "version")["version"]
        self.idle = self.view()
        return self

    def __exit__(self, *error):
        self.status = self.process.stop(STOP_S)
        if error[0] is None and self.status != 0:
            raise RigError(f"adit ended with status {self.status}:\n{self.process.tail()}")

    def ask(self, *words):
        return json.loads(run([self.aditctl, "-s", self.socket, "--json", *words], self.side.run))

    def in_use(self):
        return self.ask("show", "counters")["in_use"]

    def view(self):
        """All that adit says of itself; what this build has no word for is left out."""
        view = {"memory_kb": memory_kb(self.process)}
        for what in ("counters", "lanes", "memory", "crypto", "ports"):
            try:
                view[what] = self.ask("show", what)
            except RigError:
                if what == "counters":
                    raise
        return view

    def leaks(self, seconds=10, descriptors=0):
        """What is still in use, of what was not before the calls: {} is as it must be.

        descriptors: that may have been opened since for other things than calls"""
        end = time.monotonic() + seconds
        while True:
            now = self.in_use()
            before = self.idle["counters"]["in_use"]
            keys = [k for k in now if k.startswith("calls-") or k in (
                "connections", "connections-unauthenticated", "slots-in-use", "addresses-in-use", "descriptors")]
            more = {"descriptors": descriptors}
            left = {k: now[k] - before.get(k, 0) for k in keys if now[k] > before.get(k, 0) + more.get(k, 0)}
            if now["mbufs-in-use"] > before["mbufs-in-use"] + LATE_MBUFS:
                left["mbufs-in-use"] = now["mbufs-in-use"] - before["mbufs-in-use"]
            if not left or time.monotonic() > end:
                return left
            time.sleep(0.25)


def fleet_command(rig, clients, json_path, options):
    """options: {long option: value, or True for one without}; None leaves out a default."""
    f, a = rig.testbed.fleet, rig.testbed.adit
    given = {
        "outside": f.outside, "inside": f.inside, "cpu": f.cpu,
        "hugepages" if f.hugepages else "no-huge": True, "memory-mb": f.memory_mb, "server": str(a.address.ip),
        "gateway": str(f.gateway), "sources": str(f.sources), "inside-address": str(f.inside_address),
        "adit-inside": str(a.inside_address.ip), "clients": clients, "user": "u%04d", "users": min(clients, N_USERS),
        "password": PASSWORD, "json": json_path,
    }
    given.update(options)
    command = [f"{f.build or rig.build}/perf/fleet/fleet"]
    for option, value in given.items():
        if value is not None:
            command += [f"--{option}"] if value is True else [f"--{option}", str(value)]
    return command


class Fleet:
    """The fleet, which runs by itself until its calls have ended.

    attended: it waits for dial() before it begins, and with its ports open for stop() when its report is there"""

    def __init__(self, rig, clients, options, seconds, attended=False):
        self.rig, self.side, self.seconds, self.attended = rig, rig.testbed.fleet, seconds, attended
        self.json_path = f"{self.side.directory}/fleet.json"
        run(["rm", "-f", self.json_path], self.side.run)
        self.command = fleet_command(rig, clients, self.json_path, dict(options, **({"attended": True} if attended else {})))
        self.process = rig.start("fleet", self.command, self.side.run, keep_stdin=attended)
        self.started = time.monotonic()
        if attended:
            self.process.wait_for([CONNECTED], START_S)

    def dial(self):
        self.started = time.monotonic()
        self.process.say("")

    def is_done(self):
        if self.process.wait(1) is not None:
            return True
        return self.attended and REPORTED in self.process.text()

    def finish(self, while_waiting=None):
        """Its report. RigError when it takes too long, dies, or what it says is that something went wrong."""
        end = self.started + self.seconds
        while not self.is_done():
            if time.monotonic() > end:
                raise RigError(f"the fleet was not done after {self.seconds:.0f} s:\n{self.process.tail()}")
            if while_waiting:
                while_waiting()
        try:
            result = json.loads(run(["cat", self.json_path], self.side.run))
        except (RigError, ValueError) as error:
            raise RigError(f"the fleet left no report: {error}\n{self.process.tail()}") from None
        return result

    def stop(self):
        """End it. Whether it says that all was right."""
        if self.attended:
            self.process.say("")
        if self.process.wait(STOP_S) is None:
            self.process.stop()
            return False
        return self.process.stop() == 0


def forwarder_command(rig, testpmd="dpdk-testpmd"):
    """dpdk-testpmd between the two ports that are adit's: what comes by one leaves by the other, untouched."""
    a = rig.testbed.adit
    devices = []
    for device in (a.outside, a.inside):
        kind, _, name = device.partition(":")
        if kind == "interface":
            raise RigError("a plain forwarder wants ports of kind pci: or vdev:")
        devices += ["-a", name] if kind == "pci" else [f"--vdev={name}"]
    lanes = f"0@{a.control_cpu}," + ",".join(f"{i + 1}@{cpu}" for i, cpu in enumerate(a.worker_cpus))
    n = len(a.worker_cpus)
    return [testpmd, f"--lcores={lanes}", "--in-memory" if a.hugepages else "--no-huge", "--no-shconf", "--no-telemetry",
            "-m", str(a.memory_mb), "--file-prefix=rig-forwarder", *devices,
            *([] if any(d == "-a" for d in devices) else ["--no-pci"]), "--", "--forward-mode=io", "--auto-start",
            f"--nb-cores={n}", f"--rxq={n}", f"--txq={n}", "--total-num-mbufs=16383"]


def blast_command(rig, sizes, direction, seconds, json_path, window=256):
    f = rig.testbed.fleet
    return [f"{f.build or rig.build}/perf/blast", "--outside", f.outside, "--inside", f.inside, "--cpu", str(f.cpu),
            "--hugepages" if f.hugepages else "--no-huge", "--memory-mb", str(f.memory_mb), "--sizes", sizes,
            "--direction", direction, "--window", str(window), "--duration", str(seconds), "--json", json_path]
