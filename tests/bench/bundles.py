"""The bundles that are measured: variations of minimal.json and of Docker's configuration over one root directory."""
import copy
import json
import os

PLACE = "/run/bench"
USER, USER_CGROUP = 1000, "/user" # who has that cgroup, and is in
USER_PLACE = "/sys/fs/cgroup/user/runner"
RANGE = 100000


class Bundles:
    """Makes bundles on demand, each once."""

    def __init__(self, top):
        with open(f"{top}/tests/bench/minimal.json") as file:
            self.minimal = json.load(file)
        with open(f"{top}/tests/fixtures/docker-like.json") as file:
            self.docker = json.load(file)
        self.made = {}

    def configuration(self, kind):
        return KINDS[kind](copy.deepcopy(self.docker if kind == "docker" else self.minimal))

    def bundle(self, kind, program="/nop", name="bench"):
        """The path of the bundle of that kind that runs program, in a cgroup called name."""
        path = f"{PLACE}/bundles/{kind}-{os.path.basename(program)}-{name}"
        if path not in self.made:
            configuration = self.configuration(kind)
            configuration["process"]["args"] = [program]
            configuration["root"]["path"] = f"{PLACE}/rootfs"
            configuration["linux"]["cgroupsPath"] = f"{USER_CGROUP if kind == 'rootless' else ''}/{name}"
            write_bundle(path, configuration)
            self.made[path] = configuration
        return path


def write_bundle(path, configuration):
    os.makedirs(path, exist_ok=True)
    with open(f"{path}/config.json", "w") as file:
        json.dump(configuration, file, separators=(",", ":")) # as engines write it


def as_it_is(configuration):
    return configuration


def mapped(first, size):
    """With a user namespace whose ids from 0 are the host's from first."""
    def edit(configuration):
        linux = configuration["linux"]
        linux["namespaces"].append({"type": "user"})
        linux["uidMappings"] = linux["gidMappings"] = [{"containerID": 0, "hostID": first, "size": size}]
        return configuration
    return edit


KINDS = {"minimal": as_it_is, "docker": as_it_is, "userns": mapped(RANGE, 65536), "rootless": mapped(USER, 1)}
