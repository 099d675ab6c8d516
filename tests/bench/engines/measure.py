"""measure.py DIR ROUNDS: times the engines' runs in the test machine, and writes DIR/engines.json (see run)."""
import json
import pathlib
import platform
import statistics
import subprocess
import sys
import time

RUNTIMES = ("berth", "crun", "runc")
IMAGE = "docker.io/library/bb:latest"
number = 0


def command(engine, runtime, peak):
    global number
    number += 1
    path = f"/run/peak/{runtime}" if peak else f"/usr/{'s' if runtime == 'runc' else ''}bin/{runtime}"
    return {
        "podman run --rm": ["podman", "--runtime", path, "run", "--rm", "--network", "none", "bb", "true"],
        "ctr run --rm": ["ctr", "run", "--rm", "--runc-binary", path, IMAGE, f"bench-{number}", "true"],
        "docker run --rm": ["docker", "run", "--rm", "--network", "none", "--runtime", f"peak-{runtime}" if peak else runtime, "bb", "true"],
    }[engine]


ENGINES = ("podman run --rm", "ctr run --rm", "docker run --rm")


def run(engine, runtime, peak=False):
    begin = time.monotonic()
    subprocess.run(command(engine, runtime, peak), check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - begin


def peak(engine, runtime):
    """The most that any of the engine's calls of the runtime needed, in KiB."""
    log = pathlib.Path(f"/run/peak/{runtime}.log")
    log.unlink(missing_ok=True)
    run(engine, runtime, peak=True)
    return max(int(line) for line in log.read_text().split())


def measure(rounds):
    times = {engine: {runtime: [] for runtime in RUNTIMES} for engine in ENGINES}
    for engine in ENGINES:
        for turn in range(rounds + 1):  # the first one warms up
            first = turn % len(RUNTIMES)  # whoever comes after the slowest has its clearing up beside it
            for runtime in RUNTIMES[first:] + RUNTIMES[:first]:
                seconds = run(engine, runtime)
                if turn:
                    times[engine][runtime].append(seconds)
    results = {}
    for engine in ENGINES:
        of = {runtime: {"median_s": round(statistics.median(values), 4), "least_s": round(min(values), 4), "peak_kib": peak(engine, runtime)}
              for runtime, values in times[engine].items()}
        results[engine] = of
        for runtime in RUNTIMES:
            of[runtime]["ratio_to_runc"] = round(of[runtime]["median_s"] / of["runc"]["median_s"], 3)
    return results


def versions():
    """What each program says of itself, in its first line."""
    commands = [["podman", "--version"], ["ctr", "--version"], ["docker", "--version"], *[[name, "--version"] for name in RUNTIMES]]
    return [subprocess.run(each, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()[0].replace(" version", "") for each in commands]


def main():
    directory, rounds = pathlib.Path(sys.argv[1]), int(sys.argv[2])
    report = {"kernel": platform.release(), "rounds": rounds, "versions": versions(), "results": measure(rounds)}
    (directory / "engines.json").write_text(json.dumps(report, indent=1) + "\n")


main()
