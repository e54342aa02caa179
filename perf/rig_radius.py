# SPDX-License-Identifier: BSD-3-Clause
"""rig_radius: scenarios with a FreeRADIUS beside adit and the fleet: how fast calls come up, and whether the accounts balance."""
import os
import shutil
import time

from rig_peers import PASSWORD, Adit, Fleet
from rig_process import RigError, run
from rig_results import format_table, setups_of, traffic_sum
from rig_scenarios import MARGIN_S, Scenario, Turns, show_turns
from rig_veth import use_veth

PROGRAMS = ("freeradius", "radiusd")
SECRET = "perf-rig-testing-123"
ADDRESS, AUTH_PORT, ACCT_PORT = "192.0.2.18", 1812, 1813  # on the loopback
SOCKETS = 8  # of adit, for each port of a server: opened when they are needed
START_S = 15


class FreeRadius:
    """FreeRADIUS 3 out of a folder of the run, on loopback. A later start goes on with the folder."""

    def __init__(self, rig):
        self.rig, self.folder = rig, f"{rig.work}/radius"
        self.program = next((p for p in (shutil.which(n, path=f"{os.environ['PATH']}:/usr/sbin") for n in PROGRAMS) if p), None)
        if not self.program:
            raise RigError("no FreeRADIUS 3 here (Debian: freeradius)")
        os.makedirs(self.folder, mode=0o700)
        files = {
            "radiusd.conf": self.configuration(),
            "users": f'DEFAULT Cleartext-Password := "{PASSWORD}"\n',
            "dictionary": "$INCLUDE /usr/share/freeradius/dictionary\n",
        }
        for name, text in files.items():
            with open(os.open(f"{self.folder}/{name}", os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as file:
                file.write(text)
        self.process = None
        if ADDRESS not in run(["ip", "address", "show", "dev", "lo"]):
            run(["ip", "address", "add", f"{ADDRESS}/32", "dev", "lo"])

    def configuration(self):
        f = self.folder
        return f"""prefix = {f}
raddbdir = {f}
logdir = {f}
run_dir = {f}
libdir = /usr/lib/freeradius
name = radius
pidfile = {f}/pid
max_request_time = 10
cleanup_delay = 5
max_requests = 65536
hostname_lookups = no
log {{ destination = files
  file = {f}/log }}
security {{ max_attributes = 200
  reject_delay = 0
  status_server = yes
  allow_vulnerable_openssl = yes }}
proxy_requests = no
thread pool {{ start_servers = 2
  max_servers = 2
  min_spare_servers = 1
  max_spare_servers = 2
  max_requests_per_server = 0
  max_queue_size = 65536 }}
client rig {{ ipaddr = {ADDRESS}
  secret = {SECRET}
  require_message_authenticator = yes
  limit {{ max_connections = 0 }} }}
modules {{
  mschap {{ use_mppe = yes
    require_encryption = yes
    require_strong = yes }}
  files {{ usersfile = {f}/users }}
  detail {{ filename = {f}/detail
    header = "%t"
    permissions = 0600 }}
}}
server default {{
  listen {{ type = auth
    ipaddr = {ADDRESS}
    port = {AUTH_PORT} }}
  listen {{ type = acct
    ipaddr = {ADDRESS}
    port = {ACCT_PORT} }}
  authorize {{
    mschap
    files
  }}
  authenticate {{ Auth-Type MS-CHAP {{
    mschap
  }} }}
  accounting {{
    detail
  }}
  post-auth {{ update reply {{ Message-Authenticator := 0x00 }} }}
}}
"""

    def start(self):
        with open(f"{self.folder}/log", "w", encoding="ascii"):
            pass
        self.process = self.rig.start("radius", [self.program, "-f", "-d", self.folder, "-n", "radiusd"])
        end = time.monotonic() + START_S
        while "Ready to process requests" not in self.log():
            if not self.process.is_running() or time.monotonic() > end:
                raise RigError(f"FreeRADIUS does not start:\n{self.log()[-1500:]}{self.process.tail()}")
            time.sleep(0.05)

    def stop(self):
        self.process.stop()

    def log(self):
        with open(f"{self.folder}/log", encoding="utf-8", errors="replace") as file:
            return file.read()

    def records(self):
        try:
            with open(f"{self.folder}/detail", encoding="utf-8", errors="replace") as file:
                return records_of(file)
        except FileNotFoundError:
            return []


def records_of(lines):
    """Those of a detail file: dictionaries of attributes."""
    records, record = [], {}
    for line in lines:
        name, equals, value = line.strip().partition(" = ")
        if equals and line.startswith("\t"):
            record[name] = value.strip('"')
        elif not line.strip() and record:
            records.append(record)
            record = {}
    return records + ([record] if record else [])


def octets(record, way):
    return int(record.get(f"Acct-{way}-Octets", 0)) + (int(record.get(f"Acct-{way}-Gigawords", 0)) << 32)


class Accounts:
    """What records say of calls, those of the first n_before left out, which are an earlier run's."""

    def __init__(self, records, n_before=0):
        records = [r for r in records if "Acct-Session-Id" in r and r.get("Acct-Status-Type") in ("Start", "Stop")]
        self.ids = set(list(dict.fromkeys(r["Acct-Session-Id"] for r in records))[n_before:])
        starts, stops = ([r for r in records if r["Acct-Status-Type"] == kind and r["Acct-Session-Id"] in self.ids]
                         for kind in ("Start", "Stop"))
        self.started, self.stopped = {r["Acct-Session-Id"] for r in starts}, {r["Acct-Session-Id"]: r for r in stops}
        self.twice = len(starts) - len(self.started) + len(stops) - len(self.stopped)
        self.both = len(self.started & set(self.stopped))
        self.bytes = {d: sum(octets(r, way) for r in self.stopped.values()) for d, way in (("up", "Input"), ("down", "Output"))}
        causes = [r.get("Acct-Terminate-Cause", "none") for r in self.stopped.values()]
        self.causes = {cause: causes.count(cause) for cause in sorted(set(causes))}


def cpu_seconds(process, thread_only=False):
    """What it has used; thread_only: its first thread alone, which of adit is the control lane."""
    path = f"/proc/{process.pid()}" + (f"/task/{process.pid()}" if thread_only else "")
    try:
        with open(f"{path}/stat", encoding="utf-8") as file:
            fields = file.read().rpartition(")")[2].split()
    except OSError:
        return 0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def radius_text(folder, has_accounting, interim_s=0):
    """What adit's configuration says of it."""
    accounting = 'accounting = "rig"; ' if has_accounting else ""
    return f"""radius_servers = ( {{ name = "rig"; address = "{ADDRESS}"; auth_port = {AUTH_PORT}; acct_port = {ACCT_PORT}; secret = "{SECRET}";
  timeout_ms = 500; tries = 3; dead_s = 2; sockets = {SOCKETS}; }} );
radius_groups = ( {{ name = "rig"; servers = [ "rig" ]; }} );
radius = {{ accounting_dir = "{folder}"; }};
groups = ( {{ name = "base"; interim_s = {interim_s}; }} );
tenants = ( {{ name = "default"; aaa = "radius"; radius = "rig"; {accounting}}} );
"""


class Radius(Scenario):
    """Set-ups a second where each asks FreeRADIUS, and what of the CPU each program has for it."""

    name = "radius"
    adit_mb, fleet_mb = 128, 128
    WANTED, TURN_MS = 2000, 5

    def run(self):
        if not self.rig.testbed.is_laptop:
            raise RigError("radius wants the laptop's testbed: FreeRADIUS is on the loopback beside adit")
        n = self.rig.clients or self.pick(10000, 50)
        rows = [self.measure(n, has_accounting) for has_accounting in (False, True)]
        self.figures = {"rows": rows}
        self.tables.append(format_table(f"{n} calls by FreeRADIUS", (
            "accounting", "set-ups/s", "median ms", "p99 ms", "adit's control, us each", "FreeRADIUS, us each", "fleet, us each",
            "control's share of a CPU", "longest turn of control, ms"), rows))

    def measure(self, n, has_accounting):
        name = f"{n} calls, {'with' if has_accounting else 'without'} accounting"
        self.rig.say(name)
        folder = f"{self.rig.work}/accounting.{int(has_accounting)}"
        os.makedirs(folder, mode=0o700)
        shutil.rmtree(f"{self.rig.work}/radius", ignore_errors=True)
        radius = FreeRadius(self.rig)
        radius.start()
        with Adit(self.rig, n, "mppe-128", users=False, more=radius_text(folder, has_accounting)) as adit:
            fleet = Fleet(self.rig, n, {"hold": 2, "calls-per-tunnel": self.fewest_calls_a_tunnel(n)}, self.pick(120, 30) + MARGIN_S,
                          attended=True)
            adit.idle = adit.view()
            programs = {"adit": (adit.process, True), "radius": (radius.process, False), "fleet": (fleet.process, False)}
            turns, used, begin = Turns(), {}, {k: cpu_seconds(*p) for k, p in programs.items()}
            fleet.dial()

            def watch():
                if not used and adit.in_use()["calls-open"] >= n:  # after that it is the hanging up
                    used.update({k: cpu_seconds(*p) - begin[k] for k, p in programs.items()})
                turns.look(adit)
            report = fleet.finish(watch)
            turns.look(adit, always=True)
            if left := adit.leaks(descriptors=2 * SOCKETS):
                self.problems.append(f"{name}: leaked after all calls had ended: {left}")
            counters = adit.view()["counters"]
        if not fleet.stop():
            self.problems.append(f"{name}: the fleet says that not all was right: {fleet.process.tail(6)}")
        radius.stop()
        setups = setups_of(report)[0]
        self.runs.append({"name": name, "fleet": report, "turns": turns.longest, "cpu_s": used, "counters": counters, "losses": ""})
        if not used:
            raise RigError(f"{name}: never were all calls up together")
        share = used["adit"] / setups["seconds"]
        if not self.quick and setups["per_second"] < self.WANTED and used["adit"] > max(used["radius"], used["fleet"]):
            self.problems.append(f"{name}: {setups['per_second']:.0f} set-ups a second, and nobody used more CPU for it than adit")
        if turns.longest["cpu_us"] > self.TURN_MS * 1000:
            self.problems.append(f"{name}: a turn of control took {show_turns(turns.longest)} ms")
        return ("yes" if has_accounting else "no", f"{setups['per_second']:.0f}", f"{setups['p50_ms']:.1f}", f"{setups['p99_ms']:.1f}",
                *(f"{1e6 * used[k] / n:.0f}" for k in ("adit", "radius", "fleet")), f"{100 * share:.0f} %", show_turns(turns.longest))


class Accounting(Scenario):
    """Every call has one Start and one Stop with the bytes that the fleet saw, whoever dies meanwhile: FreeRADIUS is stopped
    twice, once with Starts on their way and once as all hang up; then adit is killed with all calls up."""

    name = "accounting"
    adit_mb, fleet_mb = 128, 128
    AWAY_S, NOTE_S, PATIENCE_S = 4, 20, 90

    def run(self):
        if not self.rig.testbed.is_laptop:
            raise RigError("accounting wants the laptop's testbed: FreeRADIUS is on the loopback beside adit")
        use_veth(self.rig.testbed)
        n = self.rig.clients or self.pick(5000, 50)
        self.folder = f"{self.rig.work}/accounting"
        os.makedirs(self.folder, mode=0o700)
        self.radius = FreeRadius(self.rig)
        self.radius.start()
        adit = self.start_adit(n)
        first = self.serve_with_outages(n, adit)
        rows = [self.balance("FreeRADIUS stopped and started twice", n, first, 0)]
        second = self.serve_and_kill(n, adit)
        begun = time.monotonic()
        adit = self.start_adit(n)
        rows.append(self.balance("adit killed and started", n, second, n))
        self.rig.say(f"all records were there {time.monotonic() - begun:.1f} s after adit's start")
        adit.process.stop()
        self.radius.stop()
        self.figures = {"rows": rows}
        self.tables.append(format_table("Accounts of FreeRADIUS and of the fleet", (
            "run", "calls", "with one Start and one Stop", "sent twice", "bytes up, fleet", "FreeRADIUS", "bytes down, fleet", "FreeRADIUS",
            "causes"), rows))

    def start_adit(self, n):
        adit = Adit(self.rig, n, "mppe-128", users=False, more=radius_text(self.folder, True, interim_s=60))
        adit.__enter__()
        return adit

    def fleet(self, n, hold_s, **more):
        options = {"hold": hold_s, "duration": self.pick(8, 2), "rate": "max", "window-pkts": 64, "sizes": "imix",
                   "progress": 0.5, "calls-per-tunnel": self.fewest_calls_a_tunnel(n)}
        return Fleet(self.rig, n, dict(options, **more), self.pick(180, 60), attended=True)

    def wait_for_phase(self, fleet, phase):
        fleet.process.wait_for([f" s  {phase} "], self.pick(120, 30))

    def serve_with_outages(self, n, adit):
        self.rig.say(f"{n} calls; FreeRADIUS goes away as they have come up, and as they hang up")
        fleet = self.fleet(n, 2 * self.AWAY_S)
        fleet.dial()
        self.wait_for_phase(fleet, "traffic")
        self.radius.stop()
        time.sleep(self.AWAY_S)
        self.radius.start()
        self.wait_for_phase(fleet, "hold")
        time.sleep(self.AWAY_S)
        self.radius.stop()
        report = fleet.finish()
        self.radius.start()
        if left := adit.leaks(descriptors=2 * SOCKETS):
            self.problems.append(f"leaked after all calls had ended: {left}")
        if not fleet.stop():
            self.problems.append(f"the fleet says that not all was right: {fleet.process.tail(6)}")
        return report

    def serve_and_kill(self, n, adit):
        self.rig.say(f"{n} calls; adit is killed when their traffic is over")
        fleet = self.fleet(n, self.NOTE_S + 5, **{"no-hangup": True, "seed": 2})
        fleet.dial()
        self.wait_for_phase(fleet, "hold")
        time.sleep(self.NOTE_S)  # until what the calls have come to is in the journal
        adit.process.kill()
        adit.process.stop()
        report = fleet.finish()
        fleet.stop()  # its calls are not as they should be
        return report

    def balance(self, name, n, report, n_before):
        """Wait until there is a Stop for each call, then compare. n_before: calls of earlier runs."""
        end = time.monotonic() + self.PATIENCE_S
        while len((got := Accounts(self.radius.records(), n_before)).stopped) < n and time.monotonic() < end:
            time.sleep(1)
        seen, lost = ({d: traffic_sum(report, d, key) for d in got.bytes} for key in ("bytes", "lost"))
        if len(got.ids) != n or got.both != n:
            self.problems.append(f"{name}: {len(got.ids)} of {n} calls in FreeRADIUS's file, {len(got.started)} with Start, "
                                 f"{len(got.stopped)} with Stop")
        if got.twice:
            self.problems.append(f"{name}: {got.twice} records are there twice")
        for d in got.bytes:  # what is lost behind adit is in its records: then the fleet's is the least
            if got.bytes[d] != seen[d] and (lost[d] == 0 or got.bytes[d] < seen[d]):
                self.problems.append(f"{name}: FreeRADIUS counts {got.bytes[d]} bytes {d}, the fleet {seen[d]} (and lost {lost[d]} packets)")
        self.runs.append({"name": name, "fleet": report, "causes": got.causes, "losses": ""})
        return (name, n, got.both, got.twice, seen["up"], got.bytes["up"], seen["down"], got.bytes["down"],
                ", ".join(f"{v} {k}" for k, v in got.causes.items()))
