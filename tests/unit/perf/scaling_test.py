# SPDX-License-Identifier: BSD-3-Clause
"""The scaling model against cases that were worked out by hand."""
import os
import sys
import unittest

sys.path.insert(0, os.environ["PERF_DIR"])
import scaling


def clear(cold=50.0, warm=50.0):
    """The clear path: 60 cycles more at 60,000 sessions, cold, than at 1,000."""
    return {"clear": {"cells": [
        {"direction": d, "caches": c, "sessions": n, "median": {"cold": cold, "warm": warm}[c] + (n - 1000) * 60 / 59000 * (c == "cold" and n > 1000)}
        for d in ("up", "down") for c in ("warm", "cold") for n in (1, 1000, 10000, 60000)]}}


def crypto(fixed=100.0, per_byte=2.0, hz=2e9):
    """A machine on which an encrypted packet costs fixed + per_byte * bytes with 1,000 sessions, and 7 more with one."""
    rows = {d: {n: {load: fixed + per_byte * int(load) + (7 if n == 1 else 0) for load in ("64", "256", "576", "1400")}
                for n in (1, 1000)} for d in ("up", "down")}
    return hz, rows


def model(handoff=0.0, io_cycles=0.0, steering="rss", clock_share=1.0, sessions=1000, **changes):
    return scaling.Model(scaling.Costs(clear(), crypto(**changes)), handoff, sessions, steering, io_cycles, clock_share)


class Wire(unittest.TestCase):
    def test_frames(self):
        # 14 Ethernet + 20 IPv4 + 16 GRE + 5 PPP and MPPE + 1400 + 4 FCS
        self.assertEqual(scaling.frame_bytes(1400, "mppe-128"), 1459)
        self.assertEqual(scaling.frame_bytes(1400, "clear"), 1456)
        self.assertEqual(scaling.frame_bytes(1400, "clear", outer=False), 1418)
        self.assertEqual(scaling.frame_bytes(40, "clear", outer=False), 64)  # the least that Ethernet has

    def test_line_rate(self):
        self.assertAlmostEqual(scaling.line_pps("10G", "1400", "mppe-128"), 10e9 / 8 / 1479)
        # 7 of 40, 4 of 576, 1 of 1400: (7 * 119 + 4 * 655 + 1479) / 12 bytes of wire
        self.assertAlmostEqual(scaling.line_pps("100G", "IMIX", "mppe-128"), 100e9 / 8 / ((7 * 119 + 4 * 655 + 1479) / 12))

    def test_slot(self):
        # 1455 bytes without FCS, six TLPs of 24, 32 of descriptors; the inside frame has 1414
        self.assertEqual(scaling.pcie_bytes(1400, "mppe-128", True), 1455 + 6 * 24 + 32)
        self.assertAlmostEqual(scaling.pcie_pps("100G", "1400", "mppe-128", "up"), 15.75e9 / 1631)
        self.assertAlmostEqual(scaling.pcie_pps("100G", "1400", "mppe-128", "both"), 2 * 15.75e9 / 1631)
        self.assertAlmostEqual(scaling.pcie_pps("25G", "1400", "mppe-128", "both"), 2 * 7.88e9 / (1631 + 1414 + 6 * 24 + 32))

    def test_imix_mean(self):
        self.assertAlmostEqual(scaling.mean_bytes("IMIX"), (7 * 40 + 4 * 576 + 1400) / 12)


class Fit(unittest.TestCase):
    def test_line(self):
        fixed, slope = scaling.fit_line([(0, 10), (10, 30), (20, 50)])
        self.assertAlmostEqual(fixed, 10)
        self.assertAlmostEqual(slope, 2)

    def test_numbers_of_any_kind(self):
        self.assertEqual(scaling.number_of(3), 3)
        self.assertEqual(scaling.number_of({"median": 4}), 4)
        self.assertEqual(scaling.number_of([9, 1, 5]), 5)
        for wrong in (None, "7", True, {}, []):
            with self.assertRaises(scaling.InputError):
                scaling.number_of(wrong)

    def test_table_of_the_pipeline(self):
        text = """20 samples; the time-stamp counter runs at 2.500 GHz, the core at 3.663 GHz now
| driver, sessions       | bytes | cycles/packet |  p10 |
|------------------------|------:|--------------:|-----:|
| sw up, 1000            |    64 |          1262 | 1200 |
| sw up, 1000            |  1400 |          3251 | 1200 |
| sw up, 1000            |  IMIX |          1690 | 1200 |
| sw stateful up, 1000   |    64 |           526 |  500 |
| sw down, 1             |    64 |          1730 | 1700 |
| sw down, 1             |  1400 |          3678 | 1700 |
"""
        hz, rows = scaling.parse_crypto(text)
        self.assertEqual(hz, 2.5e9)
        self.assertEqual(rows, {"up": {1000: {"64": 1262, "1400": 3251, "IMIX": 1690}}, "down": {1: {"64": 1730, "1400": 3678}}})
        for missing in ("| sw down, 1             |  1400 |          3678 | 1700 |\n", "time-stamp counter runs at 2.500 GHz"):
            with self.assertRaises(scaling.InputError):
                scaling.parse_crypto(text.replace(missing, ""))

    def test_missing_rows_are_told(self):
        data = clear()
        data["clear"]["cells"] = [c for c in data["clear"]["cells"] if c["direction"] == "up"]
        with self.assertRaisesRegex(scaling.InputError, "clear path down"):
            scaling.Costs(data, crypto())

    def test_figures_without_a_sample_are_none(self):
        data = clear()
        for cell in data["clear"]["cells"]:
            if cell["sessions"] == 60000 or cell["caches"] == "warm" and cell["direction"] == "up":
                cell["median"] = 0
        with self.assertRaisesRegex(scaling.InputError, "up, warm"):
            scaling.Costs(data, crypto())
        for cell in data["clear"]["cells"]:
            if cell["caches"] == "warm":
                cell["median"] = 50
        self.assertLess(scaling.Costs(data, crypto()).cycles("64", "clear", "up", 60000), 70)  # as at 10,000

    def test_lines(self):
        c = scaling.Costs(clear(), crypto())
        self.assertAlmostEqual(c.cycles("64", "mppe-128", "up", 1000), 228)
        self.assertAlmostEqual(c.cycles("1400", "clear", "up", 1000), 50)
        self.assertIsNone(c.imix_error("up"))
        hz, rows = crypto()
        rows["up"][1000]["IMIX"] = (100 + 2 * scaling.mean_bytes("IMIX")) / 1.1
        self.assertAlmostEqual(scaling.Costs(clear(), (hz, rows)).imix_error("up"), 0.1)


class Prediction(unittest.TestCase):
    def test_one_worker(self):
        m = model()
        self.assertAlmostEqual(m.cycles("1400", "mppe-128", "up", 1), 2900)
        row = m.predict("100G", "1400", "mppe-128", "up", 1)
        self.assertEqual(row["limit"], "CPU")
        self.assertAlmostEqual(row["mpps"], 2e9 / 2900 / 1e6)
        self.assertAlmostEqual(row["gbit_s"], 2e9 / 2900 * 1400 * 8 / 1e9)

    def test_handoff_share(self):
        # Of n workers' packets (n - 1) / n are handed over, each at 80 cycles.
        m = model(handoff=80.0)
        self.assertAlmostEqual(m.cycles("64", "mppe-128", "up", 1), 228)
        self.assertAlmostEqual(m.cycles("64", "mppe-128", "up", 4), 228 + 60)
        self.assertAlmostEqual(m.cpu_pps("64", "mppe-128", "up", 4), 4 * 2e9 / 288)
        self.assertAlmostEqual(model(handoff=80.0, steering="flow").cycles("64", "mppe-128", "up", 4), 228)

    def test_nic_is_the_limit(self):
        row = model().predict("10G", "1400", "clear", "both", 8)
        self.assertEqual(row["limit"], "NIC")
        self.assertAlmostEqual(row["mpps"], 2 * 10e9 / 8 / (1456 + 20) / 1e6)

    def test_workers_to_fill(self):
        # 2900 cycles at 2 GHz are 0.690 Mpps a worker; 10G carries 0.845 Mpps a direction.
        self.assertEqual(model().workers_to_fill("10G", "1400", "mppe-128", "up"), 2)
        self.assertEqual(model().workers_to_fill("10G", "1400", "mppe-128", "both"), 3)
        self.assertIsNone(model(per_byte=1e6).workers_to_fill("10G", "1400", "mppe-128", "both"))

    def test_io_and_clock(self):
        self.assertAlmostEqual(model(io_cycles=50.0).cycles("64", "clear", "up", 1), 100)
        self.assertAlmostEqual(model(clock_share=0.5).cpu_pps("64", "clear", "up", 2), 2 * 1e9 / 50)
        self.assertAlmostEqual(model(clock_share=0.5).cpu_pps("64", "clear", "up", 1), 2e9 / 50)

    def test_more_sessions_cost_what_they_cost_the_clear_path(self):
        c = scaling.Costs(clear(), crypto())
        self.assertAlmostEqual(c.cycles("64", "clear", "up", 60000), 110)
        self.assertAlmostEqual(c.cycles("64", "clear", "up", 65535), 110)  # not beyond what was measured
        self.assertAlmostEqual(c.cycles("64", "clear", "up", 35000), 50 + (60 * 9000 / 59000 + 60) / 2)
        self.assertAlmostEqual(c.cycles("64", "mppe-128", "up", 60000), 228 + 60)
        self.assertAlmostEqual(c.cycles("64", "mppe-128", "up", 1), 228)

    def test_never_more_than_any_limit(self):
        m = model(handoff=70.0, io_cycles=50.0)
        rows = m.all()
        self.assertEqual(len(rows), 3 * 2 * 3 * 5 * len(scaling.WORKERS))
        for row in rows:
            factor = 2 if row["direction"] == "both" else 1
            self.assertLessEqual(row["mpps"] * 1e6, factor * scaling.line_pps(row["nic"], row["size"], row["mode"]) * 1.000001)
            self.assertLessEqual(row["mpps"] * 1e6, m.cpu_pps(row["size"], row["mode"], row["direction"], row["workers"]) * 1.000001)


class CrossCheck(unittest.TestCase):
    def test_a_packet_pays_for_the_transport_too(self):
        m = model()
        # 2900 cycles of adit, and 1000 that a plain forwarder spends at 2 Mpps
        self.assertAlmostEqual(m.over_transport("1400", "mppe-128", "up", 2.0), 2e9 / 3900 / 1e6)
        rows = scaling.cross_check(m, {
            "one_worker": [{"size": "1400", "mode": "mppe-128", "direction": "up", "mpps": 0.5}],
            "ceiling": [{"size": "1400", "direction": "up", "mpps": 2.0}]})
        self.assertAlmostEqual(rows[0]["deviation"], 2e9 / 3900 / 5e5 - 1)

    def test_handoff_of_two_cpus_and_of_one(self):
        rows = [{"ring": "SP/SC", "burst": 32, "side": "put", "tsc_cycles": 3}, {"ring": "SP/SC", "burst": 32, "side": "take", "tsc_cycles": 1},
                {"ring": "MP/MC", "burst": 32, "side": "put", "tsc_cycles": 99}]
        self.assertEqual(scaling.handoff_cycles({"results": rows}), (4, False))
        rows.append({"ring": "SP/SC", "burst": 32, "side": "take, other CPU puts", "tsc_cycles": 50})
        self.assertEqual(scaling.handoff_cycles({"results": rows}), (53, True))
        with self.assertRaises(scaling.InputError):
            scaling.handoff_cycles({"results": []})


if __name__ == "__main__":
    unittest.main()
