# SPDX-License-Identifier: BSD-3-Clause
"""The testbed file: each mistake is told with its line."""
import os
import sys
import unittest

PERF = os.environ["PERF_DIR"]
sys.path.insert(0, PERF)
import testbed

GOOD = """[testbed]
name = here
[adit]
outside = pci:0000:01:00.0
inside = pci:0000:01:00.1
control_cpu = 0
worker_cpus = 1, 2
address = 198.18.0.1/24
inside_address = 10.20.0.1/24
[fleet]
outside = pci:0000:02:00.0
inside = pci:0000:02:00.1
cpu = 3
gateway = 198.18.0.2/24
inside_address = 10.20.0.2/24
sources = 100.64.0.0/10
"""

# What is done to GOOD: (the line that is there, what stands there instead, the line that is told, words of it)
MISTAKES = (
    ("name = here", "[tesbed]", 2, "no section is called [tesbed]"),
    ("[testbed]", "name = x", 1, "stands before the first [section]"),
    ("control_cpu = 0", "control_cpu", 6, "neither [section] nor key = value"),
    ("control_cpu = 0", "controll_cpu = 0", 6, "[adit] has no key controll_cpu"),
    ("control_cpu = 0", "control_cpu = zero", 6, "wants a number from 0 to 1023, not 'zero'"),
    ("control_cpu = 0", "control_cpu = 4096", 6, "wants a number from 0 to 1023"),
    ("worker_cpus = 1, 2", "worker_cpus = 1, two", 7, "wants CPUs from 0 to 1023"),
    ("worker_cpus = 1, 2", "worker_cpus = 1, 1", 7, "names a CPU twice"),
    ("worker_cpus = 1, 2", "worker_cpus =", 7, "wants CPUs"),
    ("worker_cpus = 1, 2", "worker_cpus = 1, 3", 13, "CPU 3 is a worker's of adit"),
    ("cpu = 3", "cpu = 3, 4", 13, "wants a number"),
    ("outside = pci:0000:01:00.0", "outside = eth0", 4, "wants pci:0000:01:00.0"),
    ("inside = pci:0000:01:00.1", "inside = pci:0000:01:00.0", 5, "are both pci:0000:01:00.0"),
    ("outside = pci:0000:02:00.0", "outside = pci:0000:01:00.0", 11, "is adit's, and both run on one machine"),
    ("address = 198.18.0.1/24", "address = 198.18.0.1", 8, "with its prefix length"),
    ("gateway = 198.18.0.2/24", "gateway = 198.18.1.2/24", 14, "not in the network of adit's address"),
    ("gateway = 198.18.0.2/24", "gateway = 198.18.0.1/24", 14, "is adit's own address"),
    ("inside_address = 10.20.0.2/24", "inside_address = 10.21.0.2/24", 15, "not in the network of adit's inside_address"),
    ("sources = 100.64.0.0/10", "sources = 100.64.0.1/10", 16, "wants a network"),
    ("sources = 100.64.0.0/10", "sources = 198.18.0.0/16", 16, "overlaps adit's address"),
    ("sources = 100.64.0.0/10", "hugepages = maybe", 16, "is yes or no, not 'maybe'"),
    ("name = here", "name = here\nname = there", 3, "is there already, in line 2"),
    ("sources = 100.64.0.0/10", "run = 'ssh root", 16, "is no command"),
)


class Parser(unittest.TestCase):
    def test_all_that_is_said_is_taken(self):
        t = testbed.parse(GOOD.replace("[fleet]", "[fleet]  # the clients\nrun = ssh -p 22 'a b'\nmemory_mb=512"), "x")
        self.assertEqual(t.name, "here")
        self.assertEqual(t.adit.worker_cpus, [1, 2])
        self.assertEqual(str(t.adit.address.ip), "198.18.0.1")
        self.assertEqual(t.adit.run, [])
        self.assertTrue(t.adit.hugepages)
        self.assertEqual(t.fleet.run, ["ssh", "-p", "22", "a b"])
        self.assertEqual(t.fleet.memory_mb, 512)
        self.assertFalse(t.is_laptop)

    def test_the_example_is_right(self):
        t = testbed.load(f"{PERF}/testbed.example")
        self.assertEqual(t.adit.run, ["ssh", "root@dut"])

    def test_two_machines_may_have_the_same_devices_and_cpus(self):
        text = GOOD.replace("[adit]", "[adit]\nrun = ssh dut").replace("0000:02:", "0000:01:").replace("\ncpu = 3", "\ncpu = 1")
        testbed.parse(text, "x")

    def test_each_mistake_with_its_line(self):
        testbed.parse(GOOD, "x")
        for old, new, line, words in MISTAKES:
            with self.subTest(new):
                self.assertIn(f"{old}\n", GOOD)
                with self.assertRaises(testbed.TestbedError) as caught:
                    testbed.parse(GOOD.replace(f"{old}\n", f"{new}\n", 1), "x")
                self.assertTrue(any(l == line and words in text for l, text in caught.exception.problems),
                                caught.exception.problems)
                self.assertIn(f"x:{line}: ", str(caught.exception))

    def test_what_is_missing_is_told(self):
        for key in ("outside", "worker_cpus", "sources"):
            text = "\n".join(l for l in GOOD.split("\n") if not l.startswith(key))
            with self.assertRaises(testbed.TestbedError) as caught:
                testbed.parse(text, "x")
            self.assertIn(f"has no {key}", str(caught.exception))

    def test_all_mistakes_at_once(self):
        with self.assertRaises(testbed.TestbedError) as caught:
            testbed.parse(GOOD.replace("\ncpu = 3", "\ncpu = x").replace("name = here", "nme = here"), "x")
        self.assertEqual([line for line, _ in caught.exception.problems if line], [2, 13])

    def test_no_file(self):
        with self.assertRaisesRegex(testbed.TestbedError, "No such file"):
            testbed.load("/nowhere/at/all")


class Laptop(unittest.TestCase):
    def test_cpus(self):
        self.assertEqual(testbed.choose_cpus({0}), (0, [0], 0))
        self.assertEqual(testbed.choose_cpus({3, 5}), (5, [3], 5))  # the worker alone
        self.assertEqual(testbed.choose_cpus({0, 1, 2, 3}), (0, [1], 2))

    def test_ports_meet(self):
        t = testbed.laptop("/tmp/x", {0, 1})
        for port in ("outside", "inside"):
            self.assertEqual(getattr(t.adit, port).replace("role=server", "role=client"), getattr(t.fleet, port))


if __name__ == "__main__":
    unittest.main()
