#!/usr/bin/env python3
"""Mixtures of new, inherited and joined namespaces: makes a container of each, and compares what the kernel says.

mixtures.py BERTH STATE BUNDLE HOST-PID USER-PID COUNT

HOST-PID is a process in namespaces of its own that belong to the host's user namespace, USER-PID one in a user namespace of its own with
all others below it. Of all mixtures that make sense, COUNT are tried, always the same ones. Prints what is wrong; the status is 1 then.
"""

import itertools, json, os, random, subprocess, sys, time

# Name in the configuration: name in /proc/PID/ns, and what a container may have. "host": joined from HOST-PID; "user": from USER-PID.
TYPES = {
    "user": ("user", ("inherit", "new", "user")),
    "pid": ("pid", ("inherit", "new", "host", "user")),
    "network": ("net", ("inherit", "new", "host", "user")),
    "mount": ("mnt", ("new", "host")),
    "ipc": ("ipc", ("inherit", "new", "host", "user")),
    "uts": ("uts", ("inherit", "new", "host", "user")),
    "cgroup": ("cgroup", ("inherit", "new", "host", "user")),
    "time": ("time", ("inherit", "new", "offsets", "host", "user")),
}

berth, state, bundle, host_pid, user_pid, count = sys.argv[1:]
holders = {"host": host_pid, "user": user_pid}


def namespaces_of(pid):
    return {t: os.readlink(f"/proc/{pid}/ns/{proc}") for t, (proc, _) in TYPES.items()}


def legal(mix):
    # Nothing can be mounted in a mount namespace that another user namespace owns.
    if mix["mount"] == "host" and mix["user"] != "inherit":
        return False
    # A namespace below another user namespace than the one that is joined is out of reach.
    return mix["user"] != "new" or "user" not in mix.values()


def configure(base, mix):
    config = json.loads(json.dumps(base))
    linux = config["linux"]
    linux["namespaces"] = []
    for kind, how in mix.items():
        if how in ("new", "offsets"):
            linux["namespaces"].append({"type": kind})
        elif how != "inherit":
            linux["namespaces"].append({"type": kind, "path": f"/proc/{holders[how]}/ns/{TYPES[kind][0]}"})
    if mix["user"] == "new":
        linux["uidMappings"] = linux["gidMappings"] = [{"containerID": 0, "hostID": 300000, "size": 65536}]
    if mix["time"] == "offsets":
        linux["timeOffsets"] = {"boottime": {"secs": 1000}, "monotonic": {"secs": 2000, "nanosecs": 5}}
    if mix["uts"] == "inherit":
        del config["hostname"]
    # The kernel shows a namespace to nobody but its owner.
    hidden = {kind for kind in ("pid", "ipc") if mix["user"] != "inherit" and mix[kind] in ("inherit", "host")}
    if "pid" in hidden:
        linux["maskedPaths"] = linux["readonlyPaths"] = []
    drop = {"pid": "/proc", "ipc": "/dev/mqueue"}
    config["mounts"] = [m for m in config["mounts"] if m["destination"] not in {drop[kind] for kind in hidden}]
    config["process"]["args"] = ["sleep", "1000"]
    return config


def call(*args):
    r = subprocess.run([berth, "--root", state, *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                       text=True, timeout=60)
    return r.returncode, r.stdout.strip()


def compare(what, pid, expected):
    there = namespaces_of(pid)
    for kind, (wanted, equal) in expected.items():
        if (there[kind] == wanted) != equal:
            yield f"{what}: {kind} is {there[kind]}, {'not' if equal else 'should not be'} {wanted}"


def quiet(*args):
    """Output goes nowhere: who keeps a pipe open keeps us waiting."""
    return subprocess.run([berth, "--root", state, *args], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=open(state + ".err", "w"), timeout=60).returncode


def error_text():
    return open(state + ".err").read().strip()


def try_mixture(base, mix, own):
    with open(os.path.join(bundle, "config.json"), "w") as f:
        json.dump(configure(base, mix), f)
    expected = {}
    for kind, how in mix.items():
        if how in ("new", "offsets"):
            expected[kind] = (own[kind], False)
        else:
            expected[kind] = (own[kind] if how == "inherit" else namespaces_of(holders[how])[kind], True)
    if quiet("create", "--bundle", bundle, "mix") != 0:
        yield "create: " + error_text()
        return
    try:
        pid = json.loads(call("state", "mix")[1])["pid"]
        yield from compare("create", pid, expected)
        init = {kind: (ns, True) for kind, ns in namespaces_of(pid).items()}
        if quiet("start", "mix") != 0:
            yield "start: " + error_text()
            return
        yield from compare("start", pid, init)
        pid_file = state + ".pid"
        if quiet("exec", "--detach", "--pid-file", pid_file, "mix", "sleep", "1000") != 0:
            yield "exec: " + error_text()
            return
        yield from compare("exec", open(pid_file).read(), init)
    finally:
        status, text = call("delete", "--force", "mix")
        if status:
            yield "delete: " + text


def main():
    base = json.load(open(os.path.join(bundle, "config.json")))
    own = namespaces_of("self")
    mixtures = [dict(zip(TYPES, hows)) for hows in itertools.product(*(hows for _, hows in TYPES.values()))]
    mixtures = [mix for mix in mixtures if legal(mix)]
    wrong = 0
    for mix in random.Random(1).sample(mixtures, int(count)):
        problems = list(try_mixture(base, mix, own))
        wrong += bool(problems)
        for problem in problems:
            print(" ".join(f"{kind}={how}" for kind, how in mix.items()), "-", problem)
    print(f"{count} of {len(mixtures)} mixtures, {wrong} wrong")
    return 1 if wrong else 0


sys.exit(main())
