# SPDX-License-Identifier: BSD-3-Clause
"""mkpcap's command line: what it makes dissects cleanly, goes on where it ended, and says what is wrong.

    mkpcap_test.py MKPCAP
"""
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

MKPCAP = sys.argv.pop(1)


class Mkpcap(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.dir)

    def path(self, name):
        return os.path.join(self.dir, name)

    def run_it(self, *arguments):
        return subprocess.run([MKPCAP, *arguments], capture_output=True, text=True, timeout=60, check=False)

    def make(self, *arguments):
        done = self.run_it(*arguments)
        self.assertEqual(done.returncode, 0, done.stderr)

    def fields(self, pcap, *names):
        done = subprocess.run(["tshark", "-n", "-r", pcap, "-T", "fields"] + [w for n in names for w in ("-e", n)],
                              capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return [tuple(line.split("\t")) for line in done.stdout.rstrip("\n").split("\n")]

    @unittest.skipUnless(shutil.which("tshark"), "no tshark")
    def test_tshark_finds_nothing_wrong(self):
        for direction, *more in (("up",), ("up", "--stateful"), ("down", "--mppe", "40"), ("down", "--mppe", "none", "--acks"), ("inside",)):
            with self.subTest(direction, more=more):
                self.make("--sessions", "5", "--count", "100", "--sizes", "imix", "--direction", direction, "--out", self.path("x.pcap"), *more)
                rows = self.fields(self.path("x.pcap"), "frame.protocols", "_ws.malformed", "_ws.expert.message")
                self.assertEqual(len(rows), 100)
                last = "udp" if direction == "inside" or "none" in more else "comp_data"
                for protocols, *wrong in rows:
                    self.assertIn(last, protocols.split(":"))
                    self.assertEqual([w for w in wrong if w], [])

    @unittest.skipUnless(shutil.which("tshark"), "no tshark")
    def test_a_second_capture_goes_on(self):
        self.make("--sessions", "2", "--count", "10", "--out", self.path("1.pcap"), "--write-keys", self.path("1.txt"))
        self.make("--keys", self.path("1.txt"), "--count", "6", "--out", self.path("2.pcap"), "--write-keys", self.path("2.txt"))
        whole = ["--sessions", "2", "--count", "16", "--out", self.path("w.pcap"), "--write-keys", self.path("w.txt")]
        self.make(*whole)
        names = ("ip.src", "gre.key.call_id", "gre.sequence_number", "ip.len")
        first, second, both = (self.fields(self.path(p), *names) for p in ("1.pcap", "2.pcap", "w.pcap"))
        self.assertEqual(sorted(first + second), sorted(both))
        with open(self.path("2.txt"), encoding="ascii") as a, open(self.path("w.txt"), encoding="ascii") as b:
            self.assertEqual(a.read(), b.read())

    def test_the_same_seed_makes_the_same_file(self):
        for name, seed in (("1", "7"), ("2", "7"), ("3", "8")):
            self.make("--sessions", "3", "--seed", seed, "--count", "20", "--out", self.path(name))
        one, two, three = (open_all(self.path(n)) for n in "123")
        self.assertEqual(one, two)
        self.assertNotEqual(one, three)

    def test_mistakes(self):
        with open(self.path("bad"), "w", encoding="ascii") as file:
            file.write("\nsession client=here\n")
        with open(self.path("empty"), "w", encoding="ascii") as file:
            file.write("# nothing\n")
        for arguments, words in (
                (["--out", "x"], "one of --keys and --sessions"), (["--sessions", "1"], "--out is wanted"),
                (["--sessions", "0", "--out", "x"], "--sessions: wants a number"), (["--sessions", "1", "--out", "x", "--sizes", "65"], "--sizes: is 64"),
                (["--sessions", "1", "--out", "x", "--direction", "left"], "--direction"), (["--sessions", "1", "--out", "x", "--mppe", "64"], "--mppe"),
                (["--sessions", "1", "--out", "x", "--source-mac", "2:0"], "MAC address"), (["--sessions", "1", "--out", "/no/such/dir/x"], "No such file"),
                (["--keys", self.path("none"), "--out", "x"], "No such file"), (["--keys", self.path("bad"), "--out", "x"], "bad:2: client=here is no IPv4"),
                (["--keys", self.path("empty"), "--out", "x"], "holds no session"), (["--sessions", "1", "--out", "x", "more"], "more: is no option")):
            done = self.run_it(*arguments)
            self.assertEqual(done.returncode, 2, arguments)
            self.assertIn(words, done.stderr)


def open_all(path):
    with open(path, "rb") as file:
        return file.read()


if __name__ == "__main__":
    unittest.main()
