# SPDX-License-Identifier: BSD-3-Clause
"""rig_process: programs that the rig starts here or, by a prefix like ssh, on another machine, and ends by their own ids."""
import ctypes
import os
import resource
import shlex
import signal
import subprocess
import time

PATIENCE_S = 8
PR_SET_PDEATHSIG = 1  # linux/prctl.h


class RigError(Exception):
    """What ends a run; the logs stay."""


def wrap(prefix, command):
    """A command line for here, or for the shell at the far end of a prefix."""
    return command if not prefix else prefix + [shlex.join(command)]


def _end_with_us():
    """In the child: whatever happens to the rig, no poll-mode lane goes on without it."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Process:
    """A program with its output in a log. At a far end it first says its process id, by which it is ended there."""

    def __init__(self, name, command, log_path, prefix=(), keep_stdin=False):
        self.name, self.command, self.log_path, self.prefix = name, command, log_path, list(prefix)
        self.log = open(log_path, "wb")
        if self.prefix:
            command = wrap(self.prefix, ["sh", "-c", 'echo "rig-pid $$"; exec "$@"', "sh"] + command)
        try:
            self.child = subprocess.Popen(command, stdin=subprocess.PIPE if keep_stdin else subprocess.DEVNULL,
                                          stdout=self.log, stderr=subprocess.STDOUT, preexec_fn=_end_with_us)
        except OSError as error:
            self.log.close()
            raise RigError(f"{name}: {command[0]}: {error.strerror}") from None

    def is_running(self):
        return self.child.poll() is None

    def pid(self):
        """Where it runs; None when a far one has not told yet."""
        if not self.prefix:
            return self.child.pid
        for line in self.text().split("\n", 3)[:3]:
            if line.startswith("rig-pid "):
                return int(line.split()[1])
        return None

    def text(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def tail(self, n=12):
        return "\n".join(self.text().rstrip().split("\n")[-n:])

    def wait_for(self, words, seconds):
        """Until the log holds one of the words; which one. Ends early when the program does."""
        end = time.monotonic() + seconds
        while True:
            was_running = self.is_running()
            text = self.text()
            found = next((w for w in words if w in text), None)
            if found:
                return found
            if not was_running:
                raise RigError(f"{self.name} ended with status {self.child.returncode}:\n{self.tail()}")
            if time.monotonic() > end:
                raise RigError(f"{self.name} did not say {' or '.join(words)} in {seconds} s:\n{self.tail()}")
            time.sleep(0.05)

    def wait(self, seconds):
        """Its status, or None when it still runs."""
        try:
            return self.child.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def say(self, line):
        """To its stdin; who is gone hears nothing."""
        try:
            self.child.stdin.write(line.encode() + b"\n")
            self.child.stdin.flush()
        except OSError:
            pass

    def kill(self):
        """SIGKILL, as a crash would be."""
        self._signal(signal.SIGKILL)
        if self.wait(PATIENCE_S) is None:
            raise RigError(f"{self.name} does not die")

    def _signal(self, number):
        if not self.prefix:
            self.child.send_signal(number)
        elif self.pid():
            subprocess.run(wrap(self.prefix, ["kill", f"-{int(number)}", str(self.pid())]), stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL, timeout=PATIENCE_S, check=False)

    def stop(self, seconds=PATIENCE_S):
        """SIGTERM, then SIGKILL. Returns its status."""
        if self.is_running():
            self._signal(signal.SIGTERM)
            if self.wait(seconds) is None:
                self._signal(signal.SIGKILL)
                if self.wait(PATIENCE_S) is None:
                    self.child.kill()  # the near end of a connection that hangs
                    self.child.wait()
        if self.child.stdin:
            try:
                self.child.stdin.close()
            except OSError:  # something was left in it for who is gone
                pass
        self.log.close()
        return self.child.returncode


def memory_kb(process):
    """What the program holds, from /proc: {"rss", "peak", "hugepages"} in KiB; {} when it is gone."""
    pid = process.pid()
    if not pid:
        return {}
    try:
        text = run(["cat", f"/proc/{pid}/status"], process.prefix)
    except (OSError, RigError):
        return {}
    fields = dict(line.split(":", 1) for line in text.split("\n") if ":" in line)
    names = {"VmRSS": "rss", "VmHWM": "peak", "HugetlbPages": "hugepages"}
    return {key: int(fields[field].split()[0]) for field, key in names.items() if field in fields}


def run(command, prefix=(), seconds=60, stdin=None):
    """Its output; RigError when it fails."""
    try:
        done = subprocess.run(wrap(list(prefix), command), input=stdin, capture_output=True, text=True, timeout=seconds,
                              check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RigError(f"{command[0]}: {error}") from None
    if done.returncode:
        raise RigError(f"{shlex.join(command)}: status {done.returncode}: {(done.stderr or done.stdout).strip()[:800]}")
    return done.stdout


def raise_descriptors(wanted):
    """As many open files as adit needs for a connection each. Returns how many there may be."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < wanted:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, wanted))
        except (OSError, ValueError):
            return hard
    return wanted


def own_namespaces(arguments):
    """Start this program again where nothing that it does to networks is seen by others. Returns when that is so already;
    False when this kernel lets us not."""
    if os.environ.pop("ADIT_RIG_UNSHARED", None):
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/run"], check=False, stderr=subprocess.DEVNULL)
        run(["ip", "link", "set", "lo", "up"])
        for name in ("all", "default"):
            subprocess.run(["sysctl", "-q", "-w", f"net.ipv6.conf.{name}.disable_ipv6=1"], check=False,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return True
    unshare = ["unshare", *([] if os.geteuid() == 0 else ["-U", "-r"]), "-n", "-m"]
    if subprocess.run([*unshare, "true"], check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode:
        return False
    os.environ["ADIT_RIG_UNSHARED"] = "1"
    os.execvp(unshare[0], unshare + arguments)
