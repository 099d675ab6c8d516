"""Times the same small container under several runtimes, interleaved, and prints medians as ratios.

usage: measure.py ROUNDS WORK TOP PEERS
"""
import os
import platform
import statistics
import subprocess
import sys
import time

rounds, work, top, peers = int(sys.argv[1]), os.path.abspath(sys.argv[2]), sys.argv[3], sys.argv[4]
bundle = os.path.join(work, "bundle")
devnull = os.open("/dev/null", os.O_RDWR)
runtimes = {"berth": f"{top}/build/berth", "crun": f"{peers}/sid/crun", "runc": f"{peers}/sid/runc"}


def run(argv):
    """Runs argv, returns the seconds that it took; a failure ends the benchmark."""
    begin = time.perf_counter()
    pid = os.posix_spawn(argv[0], argv, {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
                         file_actions=[(os.POSIX_SPAWN_DUP2, devnull, 0), (os.POSIX_SPAWN_DUP2, devnull, 1)])
    _, status = os.waitpid(pid, 0)
    elapsed = time.perf_counter() - begin
    if status:
        sys.exit(f"{' '.join(argv)}: status {status}")
    return elapsed


def peak(argv):
    """The peak resident memory of argv and its children in KiB."""
    told = subprocess.run([f"{work}/peak", *argv], stdin=devnull, stdout=devnull, stderr=subprocess.PIPE, text=True, check=True)
    return int(told.stderr)


def container(runtime):
    root = os.path.join(work, "state", runtime)
    return [runtimes[runtime], "--root", root, "run", "--bundle", bundle, "bench"]


work_items = {"floor": [f"{work}/floor", f"{bundle}/rootfs", "/sys/fs/cgroup/floor", "/nop"]}
work_items.update({name: container(name) for name in runtimes if os.path.exists(runtimes[name])})

times = {name: [] for name in work_items}
memory = {name: max(peak(argv) for _ in range(5)) for name, argv in work_items.items()}
for turn in range(rounds + 3):
    for name, argv in work_items.items():
        elapsed = run(argv)
        if turn >= 3:  # the first rounds fill caches
            times[name].append(elapsed)

print(f"run of a no-op, minimal bundle: medians of {rounds} interleaved rounds")
print(f"{platform.machine()}, Linux {platform.release()}, {os.cpu_count()} CPUs")
floor = statistics.median(times["floor"])
crun = statistics.median(times["crun"]) if "crun" in times else None
print(f"{'':8}{'median ms':>11}{'p10':>8}{'p90':>8}{'x floor':>9}{'x crun':>8}{'peak KiB':>10}")
for name, samples in times.items():
    samples.sort()
    median = statistics.median(samples)
    low, high = samples[len(samples) // 10], samples[len(samples) * 9 // 10]
    ratio = f"{median / crun:8.2f}" if crun else ""
    print(f"{name:8}{median * 1e3:11.2f}{low * 1e3:8.2f}{high * 1e3:8.2f}{median / floor:9.2f}{ratio}{memory[name]:10}")
