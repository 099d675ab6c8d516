"""Times the same limited container under several runtimes and both cgroup managers, interleaved, and prints medians as ratios.

usage: limits.py ROUNDS BUNDLE
"""
import os
import platform
import shutil
import statistics
import sys
import time

rounds, bundle = int(sys.argv[1]), sys.argv[2]
devnull = os.open("/dev/null", os.O_RDWR)
runtimes = {"berth": "/tmp/bench/berth", "crun": shutil.which("crun"), "runc": shutil.which("runc")}


def run(name, manager):
    """Runs the no-op from create to delete, returns seconds; a failure ends the benchmark."""
    argv = [runtimes[name], "--root", "/tmp/bench/state-" + name]
    if manager == "systemd":
        argv.append("--systemd-cgroup")
    argv += ["run", "--bundle", bundle, "bench"]
    begin = time.perf_counter()
    pid = os.posix_spawn(argv[0], argv, {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
                         file_actions=[(os.POSIX_SPAWN_DUP2, devnull, 0), (os.POSIX_SPAWN_DUP2, devnull, 1)])
    _, status = os.waitpid(pid, 0)
    elapsed = time.perf_counter() - begin
    if status:
        sys.exit(f"{' '.join(argv)}: status {status}")
    return elapsed


print(f"run of a no-op with all limits: medians of {rounds} interleaved rounds, {platform.machine()}, Linux {platform.release()}")
for manager in "cgroupfs", "systemd":
    shutil.copy(f"{bundle}/config-{manager}.json", f"{bundle}/config.json")
    times = {name: [] for name in runtimes}
    for turn in range(rounds + 2):
        for name in runtimes:
            elapsed = run(name, manager)
            if turn >= 2:  # the first rounds fill caches
                times[name].append(elapsed)
    crun = statistics.median(times["crun"])
    print(f"{manager:10}{'median ms':>11}{'p10':>8}{'p90':>8}{'x crun':>8}")
    for name, samples in times.items():
        samples.sort()
        median = statistics.median(samples)
        low, high = samples[len(samples) // 10], samples[len(samples) * 9 // 10]
        print(f"  {name:8}{median * 1e3:11.1f}{low * 1e3:8.1f}{high * 1e3:8.1f}{median / crun:8.2f}")
