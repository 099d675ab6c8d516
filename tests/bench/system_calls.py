"""How many system calls a command makes."""
import glob
import re
import subprocess
import sys
import tempfile


def count(argv):
    """Returns the calls of each process and thread, in the order of their numbers."""
    with tempfile.TemporaryDirectory() as place:
        subprocess.run(["strace", "-ff", "-qq", "-o", f"{place}/calls", *argv],
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)
        paths = sorted(glob.glob(f"{place}/calls.*"), key=lambda path: int(path.rsplit(".", 1)[1]))
        return [count_lines(path) for path in paths]


def count_lines(path):
    with open(path, errors="replace") as file:
        return sum(1 for line in file if re.match(r"\w+\(", line))


if __name__ == "__main__": # system_calls.py CMD ARG...: prints the numbers
    print(*count(sys.argv[1:]))
