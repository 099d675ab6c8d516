#!/usr/bin/env bats
# A normal user's containers: limits as far as controllers were delegated, by the user's own systemd and in a group of the user's.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # the container's variables; bats' subshells; variables of common.bash
load ../../lib/common

setup() {
  common_setup
  bundle rootless
  config '.linux.namespaces += [{ "type": "user" }] | .linux.uidMappings = [{ "containerID": 0, "hostID": 1000, "size": 1 }]
    | .linux.gidMappings = .linux.uidMappings | del(.linux.resources.devices)
    | (.mounts[] | select(.destination == "/dev/pts") | .options) -= ["gid=5"]'
  script 'exec sleep 1000'
  mkdir "$BATS_TEST_TMPDIR/user"
  chown -R 1000:1000 "$bundle" "$BATS_TEST_TMPDIR/user"
  chmod 711 "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR"/test "$BATS_TEST_TMPDIR" "$BATS_FILE_TMPDIR"
  manager=() place=()
}

teardown() {
  berth delete --force rootless
  [[ ! ${own-} ]] || remove_own
  common_teardown
}

resources() { config '.linux.resources += $r' --argjson r "$1"; } # JSON

# As the user; $place leads the way into a group.
berth() { AS_USER_DIRECT=1 "${place[@]}" as-user "$BERTH" --root "$BATS_TEST_TMPDIR/user" "${manager[@]}" "$@" 3>&-; }

detached() {
  berth run --bundle "$bundle" --detach rootless < /dev/null > "$BATS_TEST_TMPDIR/output" 2>&1 || fail "$(< "$BATS_TEST_TMPDIR/output")"
  group=$(cgroup_of rootless)
}

assert_values() { # FILE VALUE...
  while (($#)); do
    assert_equal "$1: $(< "$group/$1")" "$1: $2"
    shift 2
  done
}

# The output goes to a file: of a container that is made after all, it would keep a pipe open.
refused() { # TEXT...
  status=0
  berth create --bundle "$bundle" "${ID:-rootless}" < /dev/null > "$BATS_TEST_TMPDIR/output" 2>&1 || status=$?
  output=$(< "$BATS_TEST_TMPDIR/output")
  assert_error "$@"
}

# A group that root has given to the user, with these controllers; the user's processes start in its leaf "runner".
make_own() { # CONTROLLER...
  own=/sys/fs/cgroup/berth-test-of/user
  mkdir "${own%/*}"
  printf '+%s ' "$@" > "${own%/*}/cgroup.subtree_control"
  mkdir -p "$own/runner"
  chown 1000 "$own" "$own"/cgroup.{procs,subtree_control,threads} "$own"/runner{,/cgroup.procs}
  place=(in_group "$own/runner")
}
in_group() { # GROUP CMD...
  local group=$1
  shift
  (echo "$BASHPID" > "$group/cgroup.procs" && "$@")
}
remove_own() {
  echo 1 > "$own/cgroup.kill"
  wait_until eval "! grep -q 'populated 1' $own/cgroup.events"
  find "${own%/*}" -depth -type d -exec rmdir {} +
}

limits='{ "memory": { "limit": 67108864, "swap": 100663296, "reservation": 33554432 }, "cpu": { "shares": 2048, "quota": 50000, "period": 100000 },
  "pids": { "limit": 20 }, "unified": { "memory.high": "50331648" } }'
kernel_has=(memory.max 67108864 memory.swap.max 33554432 memory.low 33554432 memory.high 50331648 cpu.weight 174 cpu.max '50000 100000' pids.max 20)

# What of it matters to both: read inside, changed live, felt, frozen, gone.
life() {
  run berth exec rootless sh -c 'cd /sys/fs/cgroup && cat memory.max pids.max cpu.max'
  assert_output $'67108864\n20\n50000 100000'
  berth update --memory 32M --memory-swap 32M --pids-limit 4 --cpu-quota 25000 rootless
  assert_values memory.max 33554432 memory.swap.max 0 pids.max 4 cpu.max '25000 100000'
  # None of them ends before there is one too many.
  run berth exec rootless sh -c 'for i in 1 2 3 4 5 6; do sleep 1000 > /dev/null 2>&1 & done; wait'
  assert_contains "can't fork"
  berth update --pids-limit 20 rootless
  run berth exec rootless tail -c 100m /dev/zero
  assert_failure 137
  run berth events --stats rootless
  assert_contains '"oom_kill":1'
  run berth update --cpuset-cpus 0 --pids-limit 9 rootless
  assert_error /linux/resources/cpu/cpus Delegate=cpuset
  assert_values pids.max 20
  berth pause rootless
  grep -qx 'frozen 1' "$group/cgroup.events"
  berth resume rootless
  berth kill --all rootless KILL
  berth delete --force rootless
  assert_missing "$group"
}

@test "the user's systemd makes the scope, with every limit whose controller it was delegated" {
  manager=(--systemd-cgroup)
  config '.linux.cgroupsPath = "berth-test.slice:unit:rootless"'
  resources "$limits"
  detached
  assert_equal "$group" /sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service/berth.slice/berth-test.slice/unit-rootless.scope
  assert_values "${kernel_has[@]}"
  user_property() { AS_USER_DIRECT=1 as-user systemctl --user show --value --property "$1" unit-rootless.scope; }
  assert_equal "$(user_property MemoryMax)" 67108864
  assert_equal "$(user_property TasksMax)" 20
  assert_equal "$(user_property CPUQuotaPerSecUSec)" 500ms
  # The user's instance does not undo it.
  AS_USER_DIRECT=1 as-user systemctl --user daemon-reload
  assert_values "${kernel_has[@]}"
  # The caller is in a group of root's, out of which a user cannot reach: the user's systemd moves what is to come in.
  run berth exec rootless cat /proc/self/cgroup
  assert_output 0::/
  life
  assert_equal "$(user_property LoadState)" not-found
}

@test "without a cgroupsPath, a scope in the user's user.slice" {
  manager=(--systemd-cgroup)
  config 'del(.linux.cgroupsPath)'
  resources '{ "pids": { "limit": 20 } }'
  detached
  assert_equal "$group" /sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service/user.slice/berth-rootless.scope
  assert_values pids.max 20
}

@test "a limit whose controller the user's systemd does not have leaves no scope" {
  manager=(--systemd-cgroup)
  config '.linux.cgroupsPath = "berth-test.slice:unit:rootless"'
  resources '{ "pids": { "limit": 20 }, "cpu": { "cpus": "0" } }'
  manager+=(--log "$BATS_TEST_TMPDIR/user/log")
  refused /linux/resources/cpu/cpus Delegate=cpuset
  # It has not waited in vain for a process that nobody ended.
  run grep warning "$BATS_TEST_TMPDIR/user/log"
  assert_failure 1
  assert_equal "$(AS_USER_DIRECT=1 as-user systemctl --user show --value --property LoadState unit-rootless.scope)" not-found
}

@test "in a group that was given to the user" {
  make_own memory cpu pids
  config '.linux.cgroupsPath = "/berth-test-of/user/pod/rootless"'
  resources "$limits"
  detached
  assert_equal "$group" "$own/pod/rootless"
  assert_equal "$(stat -c %u "$group" "$own/pod" | xargs)" '1000 1000'
  assert_values "${kernel_has[@]}"
  # From elsewhere the kernel lets no user in.
  place=()
  run berth exec rootless true
  assert_failure 255
  assert_contains 'move the process into cgroup /berth-test-of/user/pod/rootless: a user can do that only from a group below'
  config '.linux.cgroupsPath = "/berth-test-of/user/other"'
  ID=other refused 'Permission denied' 'systemd-run --user --scope'
  config '.linux.cgroupsPath = "/berth-test-of/user/pod/rootless"'
  place=(in_group "$own/runner")
  life
  assert_missing "$own/pod"
}

@test "beside the caller, where the path is relative or none" {
  make_own memory pids
  resources '{ "pids": { "limit": 20 } }'
  config '.linux.cgroupsPath = "berth-test-x"'
  detached
  assert_equal "$group" "$own/berth-test-x"
  assert_values pids.max 20
  berth delete --force rootless
  config 'del(.linux.cgroupsPath)'
  detached
  assert_equal "$group" "$own/rootless"
  berth delete --force rootless
  # A controller that was not given.
  resources '{ "cpu": { "shares": 512 } }'
  refused /linux/resources/cpu/shares cpu.weight Delegate=cpu
  assert_missing "$own/rootless"
}

@test "without a group of the user's: no limit, no group; a limit says whom to ask" {
  mkdir /sys/fs/cgroup/berth-test-roots
  place=(in_group /sys/fs/cgroup/berth-test-roots)
  config 'del(.linux.cgroupsPath)'
  detached
  assert_equal "$group" /sys/fs/cgroup/berth-test-roots
  berth kill rootless KILL
  berth delete --force rootless
  resources '{ "pids": { "limit": 20 } }'
  refused 'create cgroup /rootless' 'Delegate=yes'
  config '.linux.cgroupsPath = "/berth-test-elsewhere"'
  refused 'create cgroup /berth-test-elsewhere' 'Delegate=yes'
  wait_until rmdir /sys/fs/cgroup/berth-test-roots
}
