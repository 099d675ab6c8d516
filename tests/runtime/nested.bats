#!/usr/bin/env bats
# berth inside of what berth made: a privileged container, one in a user namespace, a normal user's, and one that may do little.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # the container's variables; bats' subshells; variables of common.bash
load helper

# The bundle "outer" has berth in it, and in /inner a bundle for that, as `spec` writes it. It has no masks, many capabilities, and a
# cgroup that it may divide.
setup() {
  common_setup
  bundle outer
  cp "$BERTH" "$bundle/rootfs/bin/berth"
  mkdir "$bundle/rootfs/inner"
  cp -a "$BATS_FILE_TMPDIR/rootfs" "$bundle/rootfs/inner/rootfs"
  "$BERTH" spec --bundle "$bundle/rootfs/inner"
  config '.linux.maskedPaths = [] | .linux.readonlyPaths = [] | (.mounts[] | select(.type == "cgroup") | .options) -= ["ro"]
    | .process.capabilities[] += ["CAP_SYS_ADMIN", "CAP_NET_ADMIN", "CAP_SYS_PTRACE", "CAP_FOWNER"] | .process.noNewPrivileges = false'
  inner '.process.terminal = false | .process.env = ["PATH=/bin"]'
}

inner() { # FILTER [ARG...]: edits the inner configuration
  local bundle=$bundle/rootfs/inner
  config "$@"
}

inner_script() { inner '.process.args = ["sh", "-c", $text]' --arg text "$1"; }
run_nested() { run_inside 'cd /inner && exec berth run one'; }

user_namespace() { # ids from 100000; the inner one's, if asked for, are of those
  config '.linux.namespaces += [{ type: "user" }]
    | .linux.uidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }] | .linux.gidMappings = .linux.uidMappings'
  chown -R 100000:100000 "$bundle/rootfs"
}
inner_user_namespace() {
  inner '.linux.namespaces += [{ type: "user" }]
    | .linux.uidMappings = [{ containerID: 0, hostID: 2000, size: 1000 }] | .linux.gidMappings = .linux.uidMappings'
}
masks() { config '.linux.maskedPaths = ["/proc/interrupts", "/proc/acpi", "/sys/firmware"] | .linux.readonlyPaths = ["/proc/sys"]'; }

# The inner container stays, as "one" to those who ask in there.
start_nested() {
  inner_script 'echo up; exec sleep 1000'
  script 'cd /inner; berth create one > /log < /dev/null && berth start one; exec sleep 1000'
  start_new outer
  wait_until grep -q up "$bundle/rootfs/log"
}
in_outer() { run berth exec outer "$@"; }

life() {
  start_nested
  local group=/sys/fs/cgroup/berth-test-outer/one
  assert_equal "$(wc -l < "$group/cgroup.procs")" 1
  wait_until grep -qx sleep "/proc/$(< "$group/cgroup.procs")/comm"
  in_outer berth exec one sh -c 'cat /proc/1/comm; set -- /proc/[0-9]*; echo $# processes'
  assert_success
  assert_contains $'sleep\n2 processes'
  in_outer berth pause one
  assert_success
  grep -qx 'frozen 1' "$group/cgroup.events"
  in_outer berth state one
  assert_contains '"status": "paused"'
  in_outer berth resume one
  in_outer berth kill one KILL
  assert_success
  in_outer sh -c 'until berth delete one; do sleep 0.1; done 2> /dev/null; berth list -q'
  assert_output ''
  assert_missing "$group"
}

@test "in a privileged container: a whole life, in a cgroup below the outer one's" { life; }

@test "in a user namespace: a whole life" {
  user_namespace
  life
}

@test "in a user namespace: devices are the outer one's, whose owner nobody can change" {
  user_namespace
  inner_user_namespace
  chown -R 102000:102000 "$bundle/rootfs/inner/rootfs"
  config '.linux.devices = [{ path: "/dev/own", type: "c", major: 1, minor: 3, uid: 2007 }]'
  inner '.linux.devices = [{ path: "/dev/own", type: "c", major: 1, minor: 3, uid: 5 }]'
  inner_script 'stat -c "%t:%T %u" /dev/own; echo x > /dev/own && echo written'
  run_nested
  assert_equal "$(tail -n 2 <<< "$output")" $'1:3 7\nwritten'
}

@test "in a user namespace, with another one of its own: ids through both" {
  user_namespace
  inner_user_namespace
  chown -R 102000:102000 "$bundle/rootfs/inner/rootfs"
  life
  inner '.root.readonly = false'
  inner_script 'xargs < /proc/self/uid_map; id -u; touch /tmp/made; stat -c %u /tmp/made'
  berth delete --force outer
  run_nested
  assert_line '0 2000 1000'
  assert_equal "$(tail -n 2 <<< "$output")" $'0\n0'
  assert_equal "$(stat -c %u "$bundle/rootfs/inner/rootfs/tmp/made")" 102000
}

@test "root of a user namespace has its state where a user has it" {
  user_namespace
  inner_script 'exec sleep 1000'
  script 'cd /inner; export XDG_RUNTIME_DIR=/tmp; berth create one > /log 2>&1 < /dev/null; ls -d /tmp/berth/one; unset XDG_RUNTIME_DIR; berth create two > /log 2>&1 < /dev/null; ls -d /run/berth/two'
  run_config
  assert_output $'/tmp/berth/one\n/run/berth/two'
}

@test "the end of the outer one is the end of all" {
  user_namespace
  start_nested
  in_outer sh -c 'berth exec --detach one sleep 1000 > /dev/null 2>&1'
  assert_success
  berth delete --force outer
  assert_missing /sys/fs/cgroup/berth-test-outer
}

@test "three deep" {
  mkdir -p "$bundle/rootfs/inner/rootfs/inner"
  cp -a "$BATS_FILE_TMPDIR/rootfs" "$bundle/rootfs/inner/rootfs/inner/rootfs"
  cp "$BERTH" "$bundle/rootfs/inner/rootfs/bin/berth"
  jq '.process.args = ["sh", "-c", "echo the third; cat /proc/self/cgroup"]' "$bundle/rootfs/inner/config.json" > "$bundle/rootfs/inner/rootfs/inner/config.json"
  inner '.linux.maskedPaths = [] | .linux.readonlyPaths = [] | (.mounts[] | select(.type == "cgroup") | .options) -= ["ro"] | .process.capabilities = $caps
    | .process.args = ["sh", "-c", "cd /inner && exec berth run one"] | .root.readonly = false | del(.linux.seccomp)' --argjson caps "$(jq .process.capabilities "$bundle/config.json")"
  run_nested
  assert_success
  assert_line 'the third'
  assert_line 0::/
}

# fs_fully_visible: who does not see all of the procfs that is there may not mount another; what covers it is locked in a new user namespace.
@test "masks of the outer one: no new procfs beyond a user namespace, and the message says why" {
  user_namespace
  masks
  inner_script 'echo in; cat /proc/1/comm'
  run_nested
  assert_success
  assert_line in
  inner_user_namespace
  chown -R 102000:102000 "$bundle/rootfs/inner/rootfs"
  run_nested
  assert_error '/mounts/0: mount /proc' 'no mount may cover a part of the host'
  # With the processes in common, the outer one's own is shown, masks and all.
  inner '.linux.namespaces |= map(select(.type != "pid")) | .linux.maskedPaths = [] | .linux.readonlyPaths = []'
  inner_script 'grep -c . /proc/interrupts; ls /proc/acpi /sys/firmware; umount /proc/interrupts; echo 1 > /proc/sys/vm/drop_caches; ls /proc/self/status'
  inner '.process.capabilities[] = ["CAP_SYS_ADMIN"] | del(.linux.seccomp)'
  run_nested
  assert_success
  refute_contains IRQ
  refute_contains CPU0
  assert_line /proc/self/status
  assert_contains "can't unmount /proc/interrupts"
  assert_contains 'Read-only file system'
}

@test "devices in there are the outer one's" {
  user_namespace
  inner_user_namespace
  chown -R 102000:102000 "$bundle/rootfs/inner/rootfs"
  inner_script 'echo x > /dev/null; head -c 3 /dev/zero | wc -c; stat -c %t:%T /dev/urandom'
  run_nested
  assert_success
  assert_line 3
  assert_line 1:9
  inner '.linux.devices = [{ path: "/dev/loop-control", type: "c", major: 10, minor: 237 }]'
  run_nested
  assert_error /linux/devices/0 'has no such device'
}

@test "in a normal user's container" {
  chmod 711 "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR"/test "$BATS_TEST_TMPDIR"
  cp "$BERTH" "$BATS_TEST_TMPDIR/berth"
  mkdir "$BATS_TEST_TMPDIR/user"
  config 'del(.linux.cgroupsPath, .linux.resources) | (.mounts[] | select(.destination == "/dev/pts") | .options) -= ["gid=5"]
    | .linux.namespaces += [{ type: "user" }]
    | .linux.uidMappings = [{ containerID: 0, hostID: 1000, size: 1 }] | .linux.gidMappings = .linux.uidMappings'
  as_user() { setpriv --reuid 1000 --regid 1000 --clear-groups -- "$BATS_TEST_TMPDIR/berth" --root "$BATS_TEST_TMPDIR/user/state" "$@" < /dev/null 3>&-; }
  inner_script 'echo inner; id -u; xargs < /proc/self/uid_map'
  inner '(.mounts[] | select(.destination == "/dev/pts") | .options) -= ["gid=5"]'
  jq '.linux.namespaces += [{ type: "user" }] | .linux.uidMappings = [{ containerID: 0, hostID: 0, size: 1 }] | .linux.gidMappings = .linux.uidMappings' \
    "$bundle/rootfs/inner/config.json" > "$bundle/rootfs/inner/with-user.json"
  script 'cd /inner && berth run one && berth run --config with-user.json two && rm -r /inner && mkdir /inner && cd /inner && berth spec --rootless && ls'
  chown -R 1000:1000 "$bundle" "$BATS_TEST_TMPDIR/user"
  run as_user run --bundle "$bundle" outer
  assert_success
  assert_equal "$output" $'inner\n0\n0 1000 1\ninner\n0\n0 0 1\nconfig.json'
}

@test "in a container that may do little, the message says what is missing" {
  "$BERTH" spec --bundle "$bundle" --file spec.json
  jq '.process.terminal = false | .process.env = ["PATH=/bin"] | .linux.cgroupsPath = "/berth-test-outer"
    | .mounts += [{ destination: "/run", type: "tmpfs", source: "tmpfs" }]' "$bundle/spec.json" > "$bundle/config.json"
  run_nested
  assert_error 'create cgroup /one' 'mounted read-only'
  run_inside 'cd /inner && berth --rootless true run one'
  assert_error "create the container's process" 'clone3' 'seccomp'
  config 'del(.linux.seccomp)'
  run_inside 'cd /inner && berth --rootless true run one'
  assert_error "create the container's namespaces" 'needs a user namespace'
}
