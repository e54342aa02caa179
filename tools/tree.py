# SPDX-License-Identifier: BSD-3-Clause
"""What the checks have in common: the project's files, and C without its comments."""
import os
import re
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))

_COMMENT_OR_STRING = re.compile(
    r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)


def files(*suffixes):
    """Paths below TOP, sorted; without suffixes all of them. What git ignores is not ours."""
    git = subprocess.run(["git", "-C", TOP, "ls-files", "-co", "--exclude-standard"],
                         capture_output=True, text=True)
    if git.returncode == 0:
        found = set(git.stdout.splitlines())
    else:  # a release without its history
        found = set()
        for folder, names, leaves in os.walk(TOP):
            names[:] = [n for n in names if not n.startswith((".git", "build"))]
            found |= {os.path.relpath(os.path.join(folder, leaf), TOP) for leaf in leaves}
    return sorted(path for path in found
                  if (not suffixes or path.endswith(suffixes))
                  and os.path.isfile(os.path.join(TOP, path)))


def read(path):
    with open(os.path.join(TOP, path), encoding="utf-8", errors="replace") as file:
        return file.read()


def code_of(text, keep_strings=False):
    """C without comments and (unless kept) without the inside of strings; lines stay in place."""
    def blank(match):
        found = match.group()
        if found[0] in "\"'":
            return found if keep_strings else found[0] * 2
        return "\n" * found.count("\n")
    return _COMMENT_OR_STRING.sub(blank, text)


def finish(name, problems, passed):
    """Print the problems and end: status 1 if there are any."""
    for problem in problems:
        print(problem)
    print(f"{name}: {len(problems)} problems" if problems else f"{name}: {passed}")
    sys.exit(1 if problems else 0)
