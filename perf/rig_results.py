# SPDX-License-Identifier: BSD-3-Clause
"""rig_results: what a run leaves behind: result.json, a table, pictures; and what was wrong with it."""
import datetime
import json
import os
import platform

import picture
from rig_process import RigError, run


def spread(values):
    """{"median", "min", "max", "n"} of repeats."""
    ordered = sorted(values)
    middle = len(ordered) // 2
    median = ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
    return {"median": median, "min": ordered[0], "max": ordered[-1], "n": len(ordered)}


def show_spread(s, digits=2):
    text = f"{s['median']:.{digits}f}"
    return text if s["n"] == 1 else f"{text} ({s['min']:.{digits}f}..{s['max']:.{digits}f})"


def format_table(title, columns, rows):
    cells = [[str(c) for c in columns]] + [[str(c) for c in row] for row in rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(columns))]

    def line(row):
        return "  " + "  ".join(c.ljust(w) if i == 0 else c.rjust(w) for i, (c, w) in enumerate(zip(row, widths))).rstrip()
    return "\n".join([title, line(cells[0]), "  " + "  ".join("-" * w for w in widths)] + [line(r) for r in cells[1:]]) + "\n"


# --- the environment --------------------------------------------------------------------------------

def _first(path, field):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            for line in file:
                key, _, value = line.partition(":")
                if key.strip() == field:
                    return value.strip()
    except OSError:
        pass
    return None


def free_hugepages_mb():
    total = 0
    base = "/sys/kernel/mm/hugepages"
    for name in os.listdir(base) if os.path.isdir(base) else []:
        try:
            with open(f"{base}/{name}/free_hugepages", encoding="ascii") as file:
                total += int(file.read()) * int(name.split("-")[1][:-2]) // 1024
        except (OSError, ValueError, IndexError):
            continue
    return total


def environment(testbed):
    try:
        dpdk = run(["pkg-config", "--modversion", "libdpdk"]).strip()
    except RigError:
        dpdk = None
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "testbed": testbed.name, "cpu": _first("/proc/cpuinfo", "model name"), "cpus": os.cpu_count(),
        "cpus_usable": sorted(os.sched_getaffinity(0)), "memory": _first("/proc/meminfo", "MemTotal"),
        "kernel": platform.release(), "dpdk": dpdk, "hugepages_free_mb": free_hugepages_mb(),
        "hugepages": {"adit": testbed.adit.hugepages, "fleet": testbed.fleet.hugepages},
        "adit_cpus": {"control": testbed.adit.control_cpu, "workers": testbed.adit.worker_cpus},
        "fleet_cpu": testbed.fleet.cpu, "load_at_start": os.getloadavg()[0],
    }


# --- adit's figures beside the fleet's ----------------------------------------------------------------

def traffic_sum(fleet, direction, *keys):
    return sum(t.get(key, 0) for t in fleet.get("traffic", []) if t["direction"] == direction for key in keys)


def compare(fleet, before, after):
    """What adit counted beside what the fleet saw, and a line for each pair that does not agree.

    The two must agree to the packet: adit passed on what came through, and of what did not, any part."""
    def grown(part, key):
        return after["counters"][part][key] - before["counters"][part][key]
    problems, pairs = [], {}
    for direction, key in (("up", "upstream-pkts"), ("down", "downstream-pkts")):
        seen = traffic_sum(fleet, direction, "pkts", "bad", "twice")
        lost = traffic_sum(fleet, direction, "lost")
        counted = grown("workers", key)
        pairs[direction] = {"fleet": seen, "fleet_lost": lost, "adit": counted}
        if not seen <= counted <= seen + lost:
            problems.append(f"{direction}: the fleet saw {seen} packets come through and misses {lost}, adit counts {counted}")
    came_up = sum(s["n"] - s["failed"] for s in setups_of(fleet))
    pairs["calls_up"] = {"fleet": came_up, "adit": grown("control", "calls-up")}
    if came_up != pairs["calls_up"]["adit"]:
        problems.append(f"calls: the fleet says {came_up} came up, adit {pairs['calls_up']['adit']}")
    return pairs, problems


def losses(fleet, before, after, allowed):
    """Where packets were lost, as far as either side knows, in one line; "" when none was."""
    lost, sent = (sum(traffic_sum(fleet, d, key) for d in ("up", "down")) for key in ("lost", "sent"))
    if not lost:
        return ""

    def drops(view):
        return {(row["lane"], row["reason"]): row["drops"] for row in view["counters"].get("drops", [])}
    was = drops(before)
    known = [f"adit's {lane} dropped {n - was.get((lane, reason), 0)} ({reason})"
             for (lane, reason), n in drops(after).items() if n > was.get((lane, reason), 0)]
    known += [f"the fleet's {what} {fleet['fleet'][key]}" for key, what in (("port_full", "ports were full for"), ("no_mbuf", "memory was short for"))
              if fleet.get("fleet", {}).get(key)]
    return (f"{lost} of {sent} packets lost ({100 * lost / max(sent, 1):.4f} %, {100 * allowed:g} % allowed): "
            + (", ".join(known) or "neither side counted them"))


def setups_of(fleet):
    """The set-ups of all waves: of those that dial first, and of those that dial while others carry traffic."""
    return [fleet[key] for key in ("setups", "extra_setups") if fleet.get(key)]


# --- files --------------------------------------------------------------------------------------------

def save(out, result, tables, pictures):
    os.makedirs(out, exist_ok=True)
    with open(f"{out}/result.json", "w", encoding="utf-8") as file:
        json.dump(result, file, indent=1)
        file.write("\n")
    with open(f"{out}/table.txt", "w", encoding="utf-8") as file:
        file.write(tables)
    for name, svg in pictures.items():
        with open(f"{out}/{name}.svg", "w", encoding="utf-8") as file:
            file.write(svg)


def draw(title, panels):
    """panels: [(kind "bars" or "lines", title, unit, data)]. lines: name to [(x, y, words)]."""
    pic = picture.Picture()
    pic.text(picture.LEFT, 22, title, size=15)
    pic.height = 30
    for kind, name, unit, data in panels:
        if kind == "bars":
            picture.plot_groups(pic, data, name, unit)
            continue
        xs = sorted({x for points in data.values() for x, _, _ in points})
        most = max(xs, default=1) or 1
        picture.plot_lines(pic, data, name, unit, {x: x / most for x in xs})
    return pic.svg()
