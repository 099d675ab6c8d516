#!/usr/bin/env bats
# spec, and what a container made from its configuration can do.
# shellcheck disable=SC2016,SC2154 # jq's variables; those of common.bash
load ../lib/common

# A bundle whose configuration is spec's, with a command instead of a terminal.
spec_bundle() { # NAME [OPTION...]
  bundle "$1"
  rm "$bundle/config.json"
  "$BERTH" spec --bundle "$bundle" "${@:2}"
  config '.process.terminal = false | .process.env = ["PATH=/bin"] | .linux.cgroupsPath = $path' --arg path "/$1"
}

@test "spec writes a configuration that runc's readers know" {
  cd "$BATS_TEST_TMPDIR"
  run "$BERTH" spec
  assert_success
  assert_output ""
  run jq -r '.ociVersion, .process.args[0], .process.terminal, .process.noNewPrivileges, .root.path, .root.readonly' config.json
  assert_output $'1.3.0\nsh\ntrue\ntrue\nrootfs\ntrue'
  run jq -r '[.linux.namespaces[].type] | sort | join(" ")' config.json
  assert_output "cgroup ipc mount network pid uts"
  # Made like other files, for the caller's umask.
  assert_equal "$(stat -c %a config.json)" 644
}

@test "a configuration that is there is not overwritten" {
  cd "$BATS_TEST_TMPDIR"
  echo mine > config.json
  run "$BERTH" spec
  assert_error "config.json exists"
  assert_equal "$(< config.json)" mine
  ln -s elsewhere link.json
  run "$BERTH" spec --file link.json
  assert_error "link.json exists"
  assert_missing elsewhere
}

@test "spec --bundle and --file say where" {
  mkdir "$BATS_TEST_TMPDIR/b"
  run "$BERTH" spec -b "$BATS_TEST_TMPDIR/b" -f other.json
  assert_success
  jq -e .linux "$BATS_TEST_TMPDIR/b/other.json" > /dev/null
  run "$BERTH" spec --bundle /nowhere
  assert_error "/nowhere" "No such file"
}

@test "a container runs from it as it is, on a terminal" {
  bundle one
  rm "$bundle/config.json"
  "$BERTH" spec --bundle "$bundle"
  config '.linux.cgroupsPath = "/one"'
  run python3 "$top/tests/lib/on_terminal.py" 24x80 --send '# =id -u; exit 3\n' -- \
    "$BERTH" --root "$BATS_TEST_TMPDIR/state" run --bundle "$bundle" one
  assert_failure 3
  assert_contains "settings restored"
}

@test "rootless: the caller's user is root in a user namespace, and nothing is asked for that only root has" {
  cd "$BATS_TEST_TMPDIR"
  chmod 777 .
  run setpriv --reuid 1234 --regid 2345 --clear-groups "$BERTH" spec --rootless
  assert_success
  run jq -c '.linux.uidMappings[0], .linux.gidMappings[0], .linux.resources, ([.linux.namespaces[].type] | sort)' config.json
  assert_line '{"containerID":0,"hostID":1234,"size":1}'
  assert_line '{"containerID":0,"hostID":2345,"size":1}'
  assert_line null
  assert_line '["cgroup","ipc","mount","network","pid","user","uts"]'
  run jq -r '[.mounts[].options[]] | join(" ")' config.json
  refute_contains gid=
}

@test "rootless: it runs" {
  bundle one
  rm "$bundle/config.json"
  "$BERTH" spec --bundle "$bundle" --rootless
  config '.process.terminal = false | .process.env = ["PATH=/bin"] | del(.linux.cgroupsPath)'
  script 'id -u; cat /proc/self/uid_map'
  run berth --rootless true run --bundle "$bundle" one
  assert_success
  assert_line 0
}

@test "default filter: ordinary programs work" {
  spec_bundle one
  script 'echo a > /dev/shm/x; cat /dev/shm/x | sed s/a/b/; sleep 0.01; ls /proc > /dev/null; (sleep 9 & kill $!; wait); echo done'
  run berth run --bundle "$bundle" one
  assert_success
  assert_output $'b\ndone'
}

# bats test_tags=host-only
@test "default filter: namespaces, mounts and foreign sockets are refused" {
  spec_bundle one

  gcc -static -o "$bundle/rootfs/bin/try_calls" "$BATS_TEST_DIRNAME/try_calls.c"
  # Even with every capability: it is the filter that refuses.
  config '.process.args = ["try_calls"] | .process.capabilities[] = ["CAP_SYS_ADMIN", "CAP_NET_RAW", "CAP_BPF", "CAP_PERFMON"]'
  run berth run --bundle "$bundle" one
  assert_success
  assert_line "unshare: EPERM"
  assert_line "clone of a user namespace: EPERM"
  assert_line "clone3: ENOSYS"
  assert_line "fork: works"
  assert_line "mount: EPERM"
  assert_line "keyctl: EPERM"
  assert_line "bpf: EPERM"
  assert_line "perf_event_open: EPERM"
  assert_line "io_uring_setup: EPERM"
  assert_line "unknown call: ENOSYS"
  assert_line "socket AF_UNIX: works"
  assert_line "socket AF_INET: works"
  assert_line "socket AF_ALG: ENOSYS"
  assert_line "socket AF_VSOCK: ENOSYS"
  # The kernel ignores the upper half of the argument; a filter that compares all of it lets this through.
  assert_line "socket AF_VSOCK + 2^32: ENOSYS"
}

@test "defaults: paths are masked, the root is read-only, privileges cannot grow" {
  spec_bundle one
  script 'cat /proc/kcore | wc -c; ls /sys/firmware | wc -l; touch /x || echo read-only; grep -E "NoNewPrivs|Seccomp:|CapBnd" /proc/self/status; ls /sys/class/net'
  run berth run --bundle "$bundle" one
  assert_success
  assert_line 0
  assert_contains read-only
  assert_line $'NoNewPrivs:\t1'
  assert_line $'Seccomp:\t2'
  assert_line $'CapBnd:\t0000000020000420'
  assert_line lo
}
