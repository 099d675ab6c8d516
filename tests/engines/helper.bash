# shellcheck shell=bash
# helper.bash: what the engines' suites share.  They run in the test machine only
# and in the open: tests/run engines (through vm), or tests/engines/run.
#
# One test is one feature, named as the table of tests/engines/run names it.  The
# same tests run under berth and under the runtimes that engines come with:
#   $RUNTIME      berth (default), crun or runc: from $BERTH_ENGINE_RUNTIME
#
#   install_berth             puts the program where `make install PREFIX=/usr` does
#   image_tar                 prints the path of a root file system with busybox, as a tar archive
#   group_of PID              the directory of a process's cgroup
#   terminal CMD...           runs it on a terminal, whose line ends come out as \n
#   no_groups_left PATTERN    no cgroup with such a name is there any more, soon
#   message BERTH [PEER]      asserts that the last `run` failed with berth's own words, or a peer's
#   not_under RUNTIME WHY     skips a test of what that runtime is known not to do
load ../lib/common

RUNTIME=${BERTH_ENGINE_RUNTIME:-berth}
engines_cache=/var/tmp/berth-engines # not /tmp: a tmpfs has no user.* attributes on old kernels, and little room

setup() { :; }
teardown() { :; }

install_berth() {
  need_vm || return 0
  cmp -s "$BERTH" /usr/bin/berth || install -m 755 "$BERTH" /usr/bin/berth
}

image_tar() {
  local root=$engines_cache/rootfs
  if [[ ! -e $engines_cache/image.tar ]]; then
    mkdir -p "$root"/{bin,dev,etc,home,proc,root,run,sys,tmp,usr/bin,var,srv}
    chmod 1777 "$root/tmp"
    cp "$(command -v busybox)" "$root/bin/busybox"
    chroot "$root" /bin/busybox --install -s /bin
    printf 'root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000:user:/home:/bin/sh\n' > "$root/etc/passwd"
    printf 'root:x:0:\nuser:x:1000:\nextra:x:2000:user\n' > "$root/etc/group"
    tar -C "$root" -cf "$engines_cache/image.tar" .
    chmod 755 "$engines_cache"
  fi
  echo "$engines_cache/image.tar"
}

group_of() { # PID
  local line
  while IFS= read -r line; do
    if [[ $line = 0::* ]]; then echo "/sys/fs/cgroup${line#0::}"; fi
  done < "/proc/$1/cgroup"
}

terminal() { # CMD...
  script -qec "$(printf '%q ' "$@")" /dev/null < /dev/null | tr -d '\r'
}

no_group() { [[ ! $(find /sys/fs/cgroup -type d -name "$1") ]]; }
no_groups_left() { WAIT=10 wait_until no_group "$1"; }

# shellcheck disable=SC2154 # bats' own
message() { # BERTH [PEER]
  assert_failure
  if [[ $RUNTIME = berth ]]; then assert_contains "$1"; elif (($# > 1)); then assert_contains "$2"; fi
}

not_under() { # RUNTIME WHY
  [[ $RUNTIME != "$1" ]] || skip "$2"
}

podman_config() { # makes $RUNTIME Podman's default, as docs/podman.md says
  mkdir -p /etc/containers/containers.conf.d
  install -m 644 "$top/packaging/podman.conf" /etc/containers/containers.conf.d/50-berth.conf
  printf '[engine]\nruntime = "%s"\n' "$RUNTIME" > /etc/containers/containers.conf.d/60-runtime.conf
}
