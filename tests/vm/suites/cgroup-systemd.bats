#!/usr/bin/env bats
# The systemd cgroup manager: scopes with their properties, as systemd and the kernel see them.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # the container's variables; bats' subshells; variables of common.bash
load ../../lib/common

setup() {
  common_setup
  bundle scope
  config '.linux.cgroupsPath = "berth-test.slice:unit:scope"'
  script 'sleep 1000'
  group=/sys/fs/cgroup/berth.slice/berth-test.slice/unit-scope.scope
}

teardown() {
  common_teardown
  systemctl stop berth.slice 2> /dev/null || :
  run systemctl list-units --all --no-legend 'unit-*.scope'
  assert_output ''
  # What berth gets over is a warning: that systemd did not answer in time, say.
  ! grep warning "$BATS_TEST_TMPDIR/log" || return 1
}

berth() { "$BERTH" --root "$BATS_TEST_TMPDIR/state" --log "$BATS_TEST_TMPDIR/log" --systemd-cgroup "$@" 3>&-; }
resources() { config '.linux.resources += $r' --argjson r "$1"; } # JSON
property() { systemctl show --value --property "$1" unit-scope.scope; }
assert_property() { assert_equal "$1=$(property "$1")" "$1=$2"; } # NAME VALUE

assert_values() { # FILE VALUE...
  while (($#)); do
    assert_equal "$1: $(< "$group/$1")" "$1: $2"
    shift 2
  done
}

@test "a scope in a nested slice, with init in it, and gone with the container" {
  start_new scope
  assert_equal "$(cgroup_of scope)" "$group"
  assert_property Slice berth-test.slice
  assert_property ActiveState active
  assert_property Delegate yes
  # No limit that nobody asked for: systemd's default is one on tasks.
  assert_property TasksMax infinity
  assert_values pids.max max memory.max max
  # The container sees its scope as the root of its cgroup namespace.
  run berth exec scope cat /proc/self/cgroup
  assert_output 0::/
  berth delete --force scope
  assert_missing "$group"
  assert_property LoadState not-found
}

limits='{ "memory": { "limit": 134217728, "reservation": 67108864, "swap": 268435456 },
  "cpu": { "shares": 512, "quota": 33300, "period": 100000, "burst": 20000, "cpus": "1", "mems": "0" }, "pids": { "limit": 64 },
  "blockIO": { "weight": 500, "throttleReadBpsDevice": [{ "major": 259, "minor": 0, "rate": 1048576 }] },
  "hugepageLimits": [{ "pageSize": "2MB", "limit": 4194304 }], "unified": { "memory.high": "104857600" } }'
kernel_has=(memory.max 134217728 memory.low 67108864 memory.swap.max 134217728 memory.high 104857600 cpu.weight 59
  cpu.max '33300 100000' cpu.max.burst 20000 cpuset.cpus 1 cpuset.mems 0 pids.max 64 io.weight 'default 4950'
  io.max '259:0 rbps=1048576 wbps=max riops=max wiops=max' hugetlb.2MB.max 4194304)

@test "every limit is in the kernel, and systemd does not undo it" {
  resources "$limits"
  start_new scope
  assert_values "${kernel_has[@]}"
  # The same as seen from inside.
  run berth exec scope sh -c 'cd /sys/fs/cgroup && for f; do echo "$f $(cat $f)"; done' sh memory.max memory.swap.max cpu.weight cpu.max pids.max io.max
  assert_output "memory.max 134217728
memory.swap.max 134217728
cpu.weight 59
cpu.max 33300 100000
pids.max 64
io.max 259:0 rbps=1048576 wbps=max riops=max wiops=max"
  assert_property MemoryMax 134217728
  assert_property MemoryLow 67108864
  assert_property MemoryHigh 104857600
  assert_property MemorySwapMax 134217728
  assert_property CPUWeight 59
  assert_property CPUQuotaPerSecUSec 333ms
  assert_property AllowedCPUs 1
  assert_property AllowedMemoryNodes 0
  assert_property TasksMax 64
  assert_property IOWeight 4950
  assert_property IOReadBandwidthMax '/dev/block/259:0 1048576'
  systemctl daemon-reload
  # This makes systemd write all that it knows of the unit.
  systemctl set-property --runtime unit-scope.scope MemoryMin=0
  assert_values "${kernel_has[@]}"
}

@test "an update is in the kernel and in systemd, and one that fails in neither" {
  resources '{ "memory": { "limit": 134217728 }, "cpu": { "quota": 50000, "period": 100000 }, "pids": { "limit": 64 } }'
  start_new scope
  berth update --memory 64M --cpu-period 50000 --pids-limit 10 scope
  assert_values memory.max 67108864 cpu.max '50000 50000' pids.max 10
  assert_property MemoryMax 67108864
  assert_property CPUQuotaPerSecUSec 1s
  assert_property TasksMax 10
  run berth update --resources - scope <<< '{ "pids": { "limit": 20 }, "memory": { "limit": 33554432 }, "unified": { "io.weight": "0" } }'
  assert_error /linux/resources/unified/io.weight
  assert_values memory.max 67108864 cpu.max '50000 50000' pids.max 10
  assert_property MemoryMax 67108864
  assert_property TasksMax 10
  # What systemd cannot be told, it would undo some day.
  run unshare --mount sh -c 'mount -t tmpfs none /run && exec "$@"' sh "$BERTH" --root "$BATS_TEST_TMPDIR/state" --systemd-cgroup \
    update --pids-limit 20 scope
  assert_error 'instance of systemd'
  assert_values pids.max 10
}

@test "a period that has no quota is that of the next one" {
  start_new scope
  berth update --cpu-period 50000 scope
  assert_values cpu.max 'max 50000'
  berth update --cpu-quota 30000 scope
  assert_values cpu.max '30000 50000'
  assert_property CPUQuotaPerSecUSec 600ms
  berth update --cpu-quota -1 scope
  assert_values cpu.max 'max 50000'
  assert_property CPUQuotaPerSecUSec infinity
}

@test "without a cgroupsPath" {
  config 'del(.linux.cgroupsPath)'
  start_new berth-test-plain
  assert_equal "$(cgroup_of berth-test-plain)" /sys/fs/cgroup/system.slice/berth-berth-test-plain.scope
}

@test "ids that systemd must have escaped" {
  config '.linux.cgroupsPath = "berth-test.slice:unit:a+b"'
  start_new scope
  assert_equal "$(cgroup_of scope)" "${group%/*}/unit-a\\x2bb.scope"
}

@test "annotations become properties, typed and checked" {
  config '.annotations = { "org.systemd.property.TimeoutStopSec": "uint64 7", "org.systemd.property.After": "['\''dbus.service'\'']",
    "org.systemd.property.Description": "'\''one of mine'\''" }'
  start_new scope
  assert_property TimeoutStopUSec 7s
  assert_property Description 'one of mine'
  assert_contains_word "$(property After)" dbus.service
  berth delete --force scope
  local -A cases=(['MemoryMax']='lots' ['PIDs']='[uint32 1]' ['Slice']="'system.slice'" ['NoSuchThing']='true')
  for name in "${!cases[@]}"; do
    config '.annotations = { "org.systemd.property.\($n)": $v }' --arg n "$name" --arg v "${cases[$name]}"
    run berth create --bundle "$bundle" scope < /dev/null
    assert_error "$name"
    assert_missing "$group"
  done
}

assert_contains_word() { [[ " $1 " = *" $2 "* ]] || fail "expected $2 in: $1"; }

@test "a cgroupsPath that names no scope is refused" {
  for path in /absolute a:b a:b:c x.service:b:c a/b.slice:b:c a.slice:b:; do
    config '.linux.cgroupsPath = $p' --arg p "$path"
    run berth create --bundle "$bundle" scope < /dev/null
    assert_error /linux/cgroupsPath
  done
}

@test "the scope of another container is refused, and left alone" {
  start_new first
  run berth create --bundle "$bundle" second < /dev/null
  assert_error 'unit-scope.scope belongs to another container'
  assert_status first running
}

@test "a scope whose group is there already and frozen is refused: nothing in it would run" {
  mkdir -p "$group"
  echo 1 > "$group/cgroup.freeze"
  run timeout 60 "$BERTH" --root "$BATS_TEST_TMPDIR/state" --systemd-cgroup run --bundle "$bundle" scope < /dev/null 3>&-
  assert_failure 1
  assert_error "cgroup ${group#/sys/fs/cgroup} is frozen"
  assert_property ActiveState inactive
  run berth state scope
  assert_error 'does not exist'
}

@test "a limit that cannot be set leaves no scope" {
  for json in '{ "unified": { "memory.nosuch": "1" } }' '{ "hugepageLimits": [{ "pageSize": "3MB", "limit": 1 }] }' \
    '{ "cpu": { "cpus": "77" } }'; do
    config '.linux.resources = { "pids": { "limit": 10 } }'
    resources "$json"
    run berth create --bundle "$bundle" scope < /dev/null
    assert_error /linux/resources/
    assert_missing "$group"
    assert_property LoadState not-found
  done
}

@test "without a cgroup namespace, the container sees its scope all the same" {
  config '.linux.namespaces |= map(select(.type != "cgroup"))'
  resources '{ "pids": { "limit": 64 } }'
  script 'cat /proc/self/cgroup /sys/fs/cgroup/pids.max; echo 1 > /sys/fs/cgroup/pids.max'
  run berth run --bundle "$bundle" scope < /dev/null
  assert_contains "0::${group#/sys/fs/cgroup}"$'\n64\n'
  assert_contains 'Read-only file system'
}

@test "a container that ends by itself leaves no unit, and its name is free at once" {
  script 'exit 3'
  for _ in {1..8}; do
    run berth run --bundle "$bundle" scope < /dev/null
    assert_failure 3
    assert_property LoadState not-found
  done
}

is_failed() { [[ $(property ActiveState) = failed ]]; }

@test "a failed unit that is left over does not stand in the way" {
  systemd-run --quiet --slice=berth-test.slice --unit=unit-scope.scope --scope -p MemoryMax=10M -p MemorySwapMax=0 -p OOMPolicy=kill \
    sh -c 'head -c 100M /dev/zero | tail -c 100M' 3>&- > /dev/null 2>&1 || :
  wait_until is_failed
  start_new scope
  assert_property ActiveState active
}

@test "delete takes sub-groups and whoever forks in there" {
  config '(.mounts[] | select(.destination == "/sys/fs/cgroup") | .options) -= ["ro"]'
  resources '{ "pids": { "limit": 100 } }'
  script 'mkdir -p /sys/fs/cgroup/a/b; (echo 0 > /sys/fs/cgroup/a/b/cgroup.procs; while :; do sleep 0.2 & sleep 0.2 & sleep 0.2 & wait; done) & echo ready; wait'
  start_new scope
  wait_until grep -q ready "$BATS_TEST_TMPDIR/scope.log"
  wait_until grep -q . "$group/a/b/cgroup.procs"
  berth delete --force scope
  assert_missing "$group"
}

@test "pause and resume" {
  start_new scope
  berth pause scope
  grep -qx 'frozen 1' "$group/cgroup.events"
  assert_status scope paused
  berth resume scope
  assert_status scope running
}

@test "without systemd's own socket, over the message bus" {
  unshare --mount sh -c 'mount -t tmpfs none /run/systemd && exec "$@"' sh "$BERTH" --root "$BATS_TEST_TMPDIR/state" --systemd-cgroup \
    run --bundle "$bundle" --detach scope < /dev/null > /dev/null 2>&1 3>&-
  assert_equal "$(cgroup_of scope)" "$group"
  assert_property Slice berth-test.slice
}

@test "without any systemd, an error that says so" {
  run unshare --mount sh -c 'mount -t tmpfs none /run && exec "$@"' sh "$BERTH" --root "$BATS_TEST_TMPDIR/state" --systemd-cgroup \
    create --bundle "$bundle" scope < /dev/null
  assert_error 'instance of systemd' cgroupfs
}
