"""Whether all runtimes do the same work: what the kernel tells from inside of each bundle, by the facts of tests/compare."""
import random
import subprocess

from bundles import KINDS, PLACE, USER, USER_CGROUP, USER_PLACE, write_bundle
from runner import as_user


def facts_bundle(bench, kind):
    configuration = bench.bundles.configuration(kind)
    configuration["process"] |= {"args": ["/bin/sh", "/facts.sh"], "env": ["PATH=/bin"]}
    configuration["root"]["path"] = f"{PLACE}/facts-root"
    configuration["linux"]["cgroupsPath"] = f"{USER_CGROUP if kind == 'rootless' else ''}/berth-test-same"
    path = f"{PLACE}/bundles/facts-{kind}"
    write_bundle(path, configuration)
    return path


def gather(command, output, prefix=()):
    with open(output, "w") as file:
        subprocess.run([*prefix, *command], stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.DEVNULL, check=True)


def known_differences(top):
    """One table of the two; returns its path."""
    table = f"{PLACE}/known"
    with open(table, "w") as both:
        for path in "tests/compare/known", "tests/bench/known":
            with open(f"{top}/{path}") as file:
                both.write(file.read())
    return table


def differences(top, peer, kind, known):
    """Returns the lines of differences.py; those that begin with # are known, with the reason."""
    paths = [f"{PLACE}/facts-{kind}-berth", f"{PLACE}/facts-{kind}-{peer}"]
    told = subprocess.run(["python3", f"{top}/tests/compare/differences.py", peer, *paths, known, "/dev/null"],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return told.stdout.splitlines(), told.returncode


def shape(facts):
    """The namespaces that are new, and what kind of file system is mounted where."""
    with open(facts) as file:
        pairs = [line.rstrip("\n").partition("\t") for line in file]
    return {(subject, value if subject.startswith("namespace ") else value.split()[0])
            for subject, _, value in pairs if subject.startswith(("namespace ", "mount ")) and subject != "mount / 1"}


def floor_differences(bench):
    """The floor makes the namespaces and mounts of the minimal bundle, and nothing else of it: where it does not."""
    gather([bench.runtimes["floor"].program, f"{PLACE}/facts-root", "/sys/fs/cgroup/floor-same", "/facts.sh"], f"{PLACE}/facts-floor")
    floor, berth = shape(f"{PLACE}/facts-floor"), shape(f"{PLACE}/facts-minimal-berth")
    return [f"floor, {subject}: only one has {value!r}" for subject, value in sorted(floor ^ berth)]


def check(top, bench):
    """Returns {kind: {peer: [difference]}}, and the differences that nothing explains."""
    found, unknown, known = {}, [], known_differences(top)
    for kind in KINDS:
        bundle = facts_bundle(bench, kind)
        runtimes, prefix = (bench.user_runtimes, as_user(USER, USER_PLACE)) if kind == "rootless" else (bench.runtimes, [])
        for name in "berth", "crun", "runc":
            gather(runtimes[name].run(bundle, f"compare-{name}-{random.randrange(10**9)}"), f"{PLACE}/facts-{kind}-{name}", prefix)
        for peer in "crun", "runc":
            lines, status = differences(top, peer, kind, known)
            found.setdefault(kind, {})[peer] = lines
            if status:
                unknown += [f"{kind}, {line}" for line in lines if not line.startswith("#")]
    return found, unknown + floor_differences(bench)
