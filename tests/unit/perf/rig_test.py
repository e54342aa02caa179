# SPDX-License-Identifier: BSD-3-Clause
"""What the rig makes of figures: repeats, adit's counters beside the fleet's, leaks, programs that do not end."""
import ipaddress
import os
import sys
import tempfile
import time
import unittest
import xml.dom.minidom

sys.path.insert(0, os.environ["PERF_DIR"])
import rig_peers
import rig_process
import rig_radius
import rig_results
import testbed


def view(up, down, calls):
    return {"counters": {"workers": {"upstream-pkts": up, "downstream-pkts": down}, "control": {"calls-up": calls}}}


def fleet(up, down, n=10, failed=0, lost=0):
    return {"setups": {"n": n, "failed": failed}, "traffic": [
        {"direction": "up", "pkts": up // 2}, {"direction": "up", "pkts": up - up // 2, "lost": lost}, {"direction": "down", "pkts": down}]}


class Figures(unittest.TestCase):
    def test_spread(self):
        self.assertEqual(rig_results.spread([3, 1, 2]), {"median": 2, "min": 1, "max": 3, "n": 3})
        self.assertEqual(rig_results.spread([4, 2])["median"], 3)
        self.assertEqual(rig_results.show_spread(rig_results.spread([1.5])), "1.50")
        self.assertEqual(rig_results.show_spread(rig_results.spread([1, 2, 3])), "2.00 (1.00..3.00)")

    def test_table(self):
        text = rig_results.format_table("T", ("a", "b"), [("x", 1), ("long", 22)])
        self.assertEqual(text, "T\n  a      b\n  ----  --\n  x      1\n  long  22\n")

    def test_pictures_are_svg(self):
        svg = rig_results.draw("a < b", [("bars", "t", "u", {"g": {"n": (1.0, "w")}}), ("lines", "t", "u", {"s": [(1, 2.0, "w"), (3, 0.5, "w")]})])
        xml.dom.minidom.parseString(svg)


class Balance(unittest.TestCase):
    DETAIL = """Sun Nov 22 00:00:00 2026
\tAcct-Status-Type = Accounting-On

Sun Nov 22 00:00:01 2026
\tUser-Name = "u0001"
\tAcct-Status-Type = Start
\tAcct-Session-Id = "a"

Sun Nov 22 00:00:02 2026
\tAcct-Status-Type = Stop
\tAcct-Session-Id = "a"
\tAcct-Input-Octets = 5
\tAcct-Input-Gigawords = 1
\tAcct-Output-Octets = 7
\tAcct-Terminate-Cause = User-Request

Sun Nov 22 00:00:03 2026
\tAcct-Status-Type = Stop
\tAcct-Session-Id = "b"
"""

    def accounts(self, text, n_before=0):
        return rig_radius.Accounts(rig_radius.records_of(text.splitlines(True)), n_before)

    def test_a_detail_file(self):
        a = self.accounts(self.DETAIL)
        self.assertEqual((a.ids, a.started, set(a.stopped), a.both, a.twice), ({"a", "b"}, {"a"}, {"a", "b"}, 1, 0))
        self.assertEqual(a.bytes, {"up": (1 << 32) + 5, "down": 7})
        self.assertEqual(a.causes, {"User-Request": 1, "none": 1})

    def test_earlier_calls_are_left_out_and_what_comes_twice_is_told(self):
        a = self.accounts(self.DETAIL + "\n" + self.DETAIL, 1)
        self.assertEqual((a.ids, a.both, a.twice, a.bytes["down"]), ({"b"}, 0, 1, 0))


class Compare(unittest.TestCase):
    def problems(self, report, before, after):
        return rig_results.compare(report, before, after)[1]

    def test_agreement(self):
        self.assertEqual(self.problems(fleet(100000, 50000), view(7, 8, 1), view(100007, 50008, 11)), [])

    def test_what_is_missing_may_have_been_lost_before_adit_or_behind(self):
        for counted in (100000, 100050, 100100):
            self.assertEqual(self.problems(fleet(100000, 50000, lost=100), view(0, 0, 0), view(counted, 50000, 10)), [])

    def test_mismatches(self):
        for up, down, calls, words in ((99999, 50000, 10, "up: the fleet saw 100000"), (100001, 50000, 10, "up: the fleet saw"),
                                       (100000, 50001, 10, "down: the fleet saw"), (100000, 50000, 9, "calls: the fleet says 10")):
            self.assertIn(words, self.problems(fleet(100000, 50000), view(0, 0, 0), view(up, down, calls))[0])
        self.assertIn("calls: the fleet says 9", self.problems(fleet(0, 0, 10, 1), view(0, 0, 0), view(0, 0, 10))[0])

    def test_where_packets_were_lost(self):
        def seen(*drops):
            return {"counters": {"drops": [dict(zip(("lane", "reason", "drops"), d)) for d in drops]}}
        report = {"traffic": [{"direction": "up", "sent": 1000, "lost": 3}], "fleet": {"port_full": 2, "no_mbuf": 0}}
        before, after = seen(("worker-0", "tx-full", 5)), seen(("worker-0", "tx-full", 6), ("control", "arp", 0))
        self.assertEqual(rig_results.losses(report, before, after, 0.001), "3 of 1000 packets lost (0.3000 %, 0.1 % allowed): "
                         "adit's worker-0 dropped 1 (tx-full), the fleet's ports were full for 2")
        report["traffic"][0]["lost"] = 0
        self.assertEqual(rig_results.losses(report, before, after, 0), "")

    def test_both_waves_are_counted(self):
        report = dict(fleet(0, 0), extra_setups={"n": 5, "failed": 1})
        self.assertEqual(self.problems(report, view(0, 0, 0), view(0, 0, 14)), [])


class Configuration(unittest.TestCase):
    def test_pool_and_limits_follow_the_calls(self):
        t = testbed.laptop("/tmp/x", {0, 1})
        text = rig_peers.configuration(t, "/tmp/x/s", 65535, "mppe-128")
        (a, b), (c, d) = (tuple(int(ipaddress.IPv4Address(x)) for x in pair) for pair in rig_peers.pool_ranges(65535))
        usable = sum(x & 255 not in (0, 255) for first, last in ((a, b), (c, d)) for x in range(first, last + 1))
        self.assertGreaterEqual(usable, 65535)
        self.assertLess(b, c)
        self.assertNotIn(int(ipaddress.IPv4Address(rig_peers.POOL_SERVER)), range(a, d + 1))
        self.assertIn("max_calls = 65535", text)
        self.assertIn('mode = "deny"', rig_peers.configuration(t, "/tmp/x/s", 10, "clear"))

    def test_fleet_options(self):
        class Rig:
            testbed, build = testbed.laptop("/tmp/x", {0, 1}), "/b"
        command = rig_peers.fleet_command(Rig, 5, "/j", {"crypto": "null", "no-hangup": True, "users": None})
        self.assertEqual(command[0], "/b/perf/fleet/fleet")
        self.assertIn("--no-hangup", command)
        self.assertNotIn("--users", command)
        self.assertEqual(command[command.index("--server") + 1], "198.18.0.1")


class Processes(unittest.TestCase):
    def start(self, *command, prefix=()):
        log = tempfile.NamedTemporaryFile(delete=False)
        self.addCleanup(os.unlink, log.name)
        return rig_process.Process("it", list(command), log.name, prefix)

    def test_one_that_does_not_hear_is_ended(self):
        p = self.start("sh", "-c", "trap '' TERM; echo here; while :; do sleep 0.1; done")
        p.wait_for(["here"], 10)
        begin = time.monotonic()
        self.assertNotEqual(p.stop(0.3), 0)
        self.assertLess(time.monotonic() - begin, 5)

    def test_one_that_ends_too_early_is_told(self):
        p = self.start("sh", "-c", "echo oops; exit 3")
        with self.assertRaisesRegex(rig_process.RigError, "(?s)status 3.*oops"):
            p.wait_for(["ready"], 10)
        p.stop()

    def test_one_that_says_nothing_is_given_up(self):
        p = self.start("sleep", "60")
        with self.assertRaisesRegex(rig_process.RigError, "did not say ready"):
            p.wait_for(["ready"], 0.2)
        p.stop()
        self.assertFalse(p.is_running())

    def test_a_far_one_is_ended_by_its_id_there(self):
        # `sh -c` in the place of ssh: it too gets one line for a shell.
        p = self.start("sh", "-c", "trap 'echo bye; exit 0' TERM; echo here; while :; do sleep 0.05; done", prefix=["sh", "-c"])
        p.wait_for(["here"], 10)
        self.assertTrue(p.pid())
        self.assertIn("rss", rig_process.memory_kb(p))
        p.stop()
        self.assertIn("bye", p.text())

    def test_no_such_program(self):
        with self.assertRaisesRegex(rig_process.RigError, "No such file"):
            self.start("/no/such/program")
        with self.assertRaisesRegex(rig_process.RigError, "status 7"):
            rig_process.run(["sh", "-c", "exit 7"])


if __name__ == "__main__":
    unittest.main()
