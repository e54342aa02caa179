# SPDX-License-Identifier: BSD-3-Clause
"""testbed: what the rig runs on. Read from a file (perf/testbed.example), or made up for the machine that we are on.

The file has sections and lines `key = value`; everything wrong with it is told at once, with its line.
"""
import ipaddress
import os
import re
import shlex


class TestbedError(Exception):
    """problems: [(line, text)], line 0 for what is missing."""

    def __init__(self, path, problems):
        super().__init__("\n".join(f"{path}:{line}: {text}" if line else f"{path}: {text}" for line, text in problems))
        self.problems = problems


# --- values: each takes the text and returns what it means, or raises ValueError with what it wants --------------

def _word(text):
    return text


def _command(text):
    try:
        return shlex.split(text)
    except ValueError as error:
        raise ValueError(f"is no command: {error}") from None


def _number(least, most):
    def take(text):
        if not re.fullmatch(r"\d+", text) or not least <= int(text) <= most:
            raise ValueError(f"wants a number from {least} to {most}")
        return int(text)
    return take


def _cpu_list(most):
    def take(text):
        cpus = [int(c) for c in re.split(r"\s*,\s*", text) if re.fullmatch(r"\d+", c)]
        if len(cpus) != len(re.split(r"\s*,\s*", text)) or not 1 <= len(cpus) <= most or max(cpus) > 1023:
            raise ValueError(f"wants CPUs from 0 to 1023, {most} at most, like 2, 3")
        if len(set(cpus)) != len(cpus):
            raise ValueError("names a CPU twice")
        return cpus
    return take


def _yes(text):
    if text not in ("yes", "no"):
        raise ValueError("is yes or no")
    return text == "yes"


def _device(text):
    if not re.fullmatch(r"pci:[0-9a-fA-F]{4}:[0-9a-fA-F]{2}:[0-9a-fA-F]{2}\.[0-7]|(vdev|interface):\S+", text):
        raise ValueError("wants pci:0000:01:00.0, vdev:net_... or interface:NAME")
    return text


def _interface(text):
    try:
        return ipaddress.IPv4Interface(text if "/" in text else "")
    except ValueError:
        raise ValueError("wants an address with its prefix length, like 198.18.0.1/24") from None


def _network(text):
    try:
        return ipaddress.IPv4Network(text)
    except ValueError:
        raise ValueError("wants a network, like 100.64.0.0/10") from None


# Section: {key: (value, default)}; None: must be there.
_SIDE = {
    "run": (_command, []),
    "outside": (_device, None),
    "inside": (_device, None),
    "hugepages": (_yes, True),
}
SECTIONS = {
    "testbed": {"name": (_word, "testbed")},
    "adit": dict(_SIDE, **{
        "control_cpu": (_number(0, 1023), None),
        "worker_cpus": (_cpu_list(32), None),
        "memory_mb": (_number(64, 1048576), 2048),
        "mbufs": (_number(1023, 16777215), 131071),
        "address": (_interface, None),
        "inside_address": (_interface, None),
        "build": (_word, ""),
        "directory": (_word, "/tmp"),
    }),
    "fleet": dict(_SIDE, **{
        "cpu": (_number(0, 1023), None),
        "memory_mb": (_number(64, 1048576), 1024),
        "gateway": (_interface, None),
        "inside_address": (_interface, None),
        "sources": (_network, None),
        "build": (_word, ""),
        "directory": (_word, "/tmp"),
    }),
}


class Section:
    """The values of a section as attributes."""

    def __init__(self, values):
        self.__dict__.update(values)


class Testbed:
    def __init__(self, values, is_laptop=False):
        self.name = values["testbed"]["name"]
        self.adit = Section(values["adit"])
        self.fleet = Section(values["fleet"])
        self.is_laptop = is_laptop


def _check_together(values, lines, problems):
    """What no value is wrong with by itself."""
    adit, fleet = values["adit"], values["fleet"]

    def same_network(a, b):
        if a in adit and b in fleet and adit[a].network != fleet[b].network:
            problems.append((lines["fleet", b], f"{fleet[b]} is not in the network of adit's {a}, {adit[a]}"))
        elif a in adit and b in fleet and adit[a].ip == fleet[b].ip:
            problems.append((lines["fleet", b], f"{fleet[b].ip} is adit's own {a}"))
    same_network("address", "gateway")
    same_network("inside_address", "inside_address")
    if "sources" in fleet:
        for side, key in (("adit", "address"), ("adit", "inside_address")):
            if key in values[side] and fleet["sources"].overlaps(values[side][key].network):
                problems.append((lines["fleet", "sources"], f"{fleet['sources']} overlaps adit's {key}, "
                                 f"{values[side][key]}: the clients lie behind the gateway"))
    for side in (adit, fleet):
        if side.get("outside") and side["outside"] == side.get("inside"):
            section = "adit" if side is adit else "fleet"
            problems.append((lines[section, "inside"], f"inside and outside are both {side['inside']}"))
    if adit.get("run", []) == fleet.get("run", []):
        _check_one_machine(adit, fleet, lines, problems)


def _check_one_machine(adit, fleet, lines, problems):
    taken = {adit.get("outside"), adit.get("inside")} - {None}
    for key in ("outside", "inside"):
        if fleet.get(key) in taken and fleet[key].startswith(("pci:", "interface:")):
            problems.append((lines["fleet", key], f"{fleet[key]} is adit's, and both run on one machine"))
    if (cpu := fleet.get("cpu")) in adit.get("worker_cpus", []):
        problems.append((lines["fleet", "cpu"], f"CPU {cpu} is a worker's of adit, and both run on one machine"))


def parse(text, path):
    values = {name: {} for name in SECTIONS}
    lines, problems, section = {}, [], None
    for number, line in enumerate(text.split("\n"), 1):
        line = re.sub(r"(^|\s)#.*", "", line).strip()
        if not line:
            continue
        head = re.fullmatch(r"\[\s*(.*?)\s*\]", line)
        if head:
            section = head.group(1)
            if section not in SECTIONS:
                problems.append((number, f"no section is called [{section}]; there are " + ", ".join(SECTIONS)))
            continue
        key, equals, value = (part.strip() for part in line.partition("="))
        if not equals:
            problems.append((number, f"'{line}' is neither [section] nor key = value"))
        elif section is None:
            problems.append((number, f"{key} stands before the first [section]"))
        elif section in SECTIONS:
            _take(section, key, value, number, values, lines, problems)
    for name, keys in SECTIONS.items():
        for key, (_, default) in keys.items():
            if (name, key) in lines:
                continue
            if default is None:
                problems.append((0, f"[{name}] has no {key}"))
            else:
                values[name][key] = default
    _check_together(values, lines, problems)
    if problems:
        raise TestbedError(path, sorted(problems))
    return Testbed(values)


def _take(section, key, value, number, values, lines, problems):
    if key not in SECTIONS[section]:
        problems.append((number, f"[{section}] has no key {key}; there are " + ", ".join(SECTIONS[section])))
        return
    if (section, key) in lines:
        problems.append((number, f"{key} is there already, in line {lines[section, key]}"))
        return
    lines[section, key] = number
    try:
        values[section][key] = SECTIONS[section][key][0](value)
    except ValueError as error:
        problems.append((number, f"{key} {error}, not '{value}'"))


def load(path):
    try:
        with open(path, encoding="utf-8") as file:
            return parse(file.read(), path)
    except (OSError, UnicodeDecodeError) as error:
        raise TestbedError(path, [(0, getattr(error, "strerror", None) or str(error))]) from None


# --- the machine that we are on ---------------------------------------------------------------------

def choose_cpus(available):
    """(control, workers, fleet) of the CPUs that we may use: a worker is never disturbed, as far as that goes."""
    cpus = sorted(available)
    if len(cpus) == 1:
        return cpus[0], [cpus[0]], cpus[0]
    if len(cpus) == 2:
        return cpus[1], [cpus[0]], cpus[1]
    return cpus[0], [cpus[1]], cpus[2]


def laptop(directory, available=None, hugepages=False, adit_mb=192, fleet_mb=192, mbufs=32767, ring_bits=10):
    """adit and fleet as two processes of this machine, joined by two memif ports with sockets in `directory`.

    ring_bits: binary logarithm of how many packets a ring of theirs holds"""
    control, workers, fleet = choose_cpus(available or os.sched_getaffinity(0))

    def port(role, number):
        return (f"vdev:net_memif{number},role={role},id={number},socket={directory}/memif.sock,socket-abstract=no,"
                f"rsize={ring_bits}")
    return Testbed({
        "testbed": {"name": "laptop"},
        "adit": {
            "run": [], "outside": port("server", 0), "inside": port("server", 1), "hugepages": hugepages,
            "control_cpu": control, "worker_cpus": workers, "memory_mb": adit_mb, "mbufs": mbufs,
            "address": ipaddress.IPv4Interface("198.18.0.1/24"),
            "inside_address": ipaddress.IPv4Interface("10.20.0.1/24"), "build": "", "directory": directory,
        },
        "fleet": {
            "run": [], "outside": port("client", 0), "inside": port("client", 1), "hugepages": hugepages, "cpu": fleet,
            "memory_mb": fleet_mb, "gateway": ipaddress.IPv4Interface("198.18.0.2/24"),
            "inside_address": ipaddress.IPv4Interface("10.20.0.2/24"),
            "sources": ipaddress.IPv4Network("100.64.0.0/10"), "build": "", "directory": directory,
        },
    }, is_laptop=True)
