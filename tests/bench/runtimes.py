"""The programs that are compared, and where each keeps what."""
import dataclasses
import os
import shutil


@dataclasses.dataclass
class Runtime:
    """A runtime of the command line of runc."""
    name: str
    program: str
    filters: str = ""  # where it keeps compiled filters, in its state directory; "" if it keeps none
    state: str = "/run/bench/state"

    @property
    def root(self):
        return f"{self.state}/{self.name}"

    def command(self, *arguments):
        return [self.program, "--root", self.root, *arguments]

    def run(self, bundle, container="bench"):
        return self.command("run", "--bundle", bundle, container)

    def forget_filters(self):
        if self.filters:
            shutil.rmtree(f"{self.root}/{self.filters}", ignore_errors=True)

    def of_user(self, state):
        """The same, with its state in a directory of a user's."""
        return dataclasses.replace(self, state=state)


def all_runtimes(berth, crun, runc):
    return [Runtime("berth", berth, "@seccomp"), Runtime("crun", crun, ".cache"), Runtime("runc", runc)]


@dataclasses.dataclass
class Floor:
    """What the kernel alone needs (floor.c): runs the no-op of a minimal bundle, whatever the bundle is."""
    program: str
    name: str = "floor"

    def run(self, _bundle, container="bench"):
        return [self.program, "/run/bench/rootfs", f"/sys/fs/cgroup/floor-{container}", "/nop"]

    def forget_filters(self):
        pass


def missing(runtimes):
    return [runtime.program for runtime in runtimes if not os.access(runtime.program, os.X_OK)]
