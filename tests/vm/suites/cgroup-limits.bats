#!/usr/bin/env bats
# linux.resources with the cgroupfs driver: set, read back from the kernel outside and inside, felt.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # the container's variables; bats' subshells; variables of common.bash
load ../../lib/common

setup() {
  common_setup
  bundle limits
  disk=$(cat /sys/block/nvme0n1/dev)
}

resources() { config '.linux.resources += $r' --argjson r "$1"; } # JSON

# CPU time that groups use in some seconds, in microseconds: used[0], used[1] …; wall is the real time. Without a program in
# between, since here each takes longer than what is measured.
measure_cpu() { # SECONDS GROUP...
  local seconds=$1 i key value begin
  shift
  used=()
  begin=${EPOCHREALTIME/./}
  for ((i = 1; i <= $#; i++)); do read -r key value < "${!i}/cpu.stat" && used+=("$value"); done
  sleep "$seconds"
  wall=$((${EPOCHREALTIME/./} - begin))
  for ((i = 1; i <= $#; i++)); do read -r key value < "${!i}/cpu.stat" && used[i - 1]=$((value - used[i - 1])); done
  [[ $key = usage_usec ]]
}

within() { (($1 * 100 >= $2 * (100 - $3) && $1 * 100 <= $2 * (100 + $3))); } # VALUE EXPECTED PERCENT
assert_within() { within "$@" || fail "expected $2 within $3 %, got $1"; }

all_fields() {
  jq -n --arg disk "$disk" '($disk | split(":") | map(tonumber)) as [$major, $minor] | {
    memory: { limit: 134217728, reservation: 67108864, swap: 268435456 },
    cpu: { shares: 512, quota: 50000, period: 100000, burst: 20000, cpus: "1", mems: "0" },
    pids: { limit: 64 },
    blockIO: {
      weight: 500,
      throttleReadBpsDevice: [{ major: $major, minor: $minor, rate: 1048576 }],
      throttleWriteBpsDevice: [{ major: $major, minor: $minor, rate: 2097152 }],
      throttleReadIOPSDevice: [{ major: $major, minor: $minor, rate: 300 }],
      throttleWriteIOPSDevice: [{ major: $major, minor: $minor, rate: 400 }]
    },
    hugepageLimits: [{ pageSize: "2MB", limit: 4194304 }],
    unified: { "memory.high": "104857600", "cgroup.max.depth": "5" }
  }'
}

@test "every field is what the kernel has, outside and inside" {
  declare -A expected=(
    [memory.max]=134217728 [memory.low]=67108864 [memory.swap.max]=134217728 [memory.high]=104857600
    [cpu.weight]=59 [cpu.max]='50000 100000' [cpu.max.burst]=20000 [cpuset.cpus]=1 [cpuset.mems]=0
    [pids.max]=64 [io.weight]='default 4950' [io.max]="$disk rbps=1048576 wbps=2097152 riops=300 wiops=400"
    [hugetlb.2MB.max]=4194304 [hugetlb.2MB.rsvd.max]=4194304 [cgroup.max.depth]=5
  )
  resources "$(all_fields)"
  script 'cd /sys/fs/cgroup && grep -H "" '"${!expected[*]}"'; grep Cpus_allowed_list /proc/self/status; sleep 1000'
  start_new limits
  for file in "${!expected[@]}"; do
    assert_cgroup limits "$file" "${expected[$file]}"
  done
  wait_until grep -q Cpus_allowed_list "$BATS_TEST_TMPDIR/limits.log"
  output=$(< "$BATS_TEST_TMPDIR/limits.log")
  for file in "${!expected[@]}"; do
    assert_line "$file:${expected[$file]}"
  done
  assert_line $'Cpus_allowed_list:\t1'
}

@test "-1 and 0" {
  resources '{ "memory": { "limit": -1 }, "cpu": { "quota": -1, "idle": 1 }, "pids": { "limit": -1 } }'
  create limits
  assert_cgroup limits memory.max max
  assert_cgroup limits memory.swap.max max
  assert_cgroup limits cpu.max 'max 100000'
  assert_cgroup limits cpu.idle 1
  assert_cgroup limits pids.max max
  berth delete --force limits
  resources '{ "memory": { "limit": 67108864, "swap": 67108864 }, "pids": { "limit": 0 } }'
  create limits
  assert_cgroup limits memory.swap.max 0
  assert_cgroup limits pids.max 0
}

@test "without limits, what engines read for statistics is there" {
  create limits
  for file in memory.current pids.current io.stat cpu.weight; do
    assert_file "$(cgroup_of limits)/$file"
  done
}

@test "the files are those that crun and runc write" {
  # Debian 13's still convert cpu.shares by the old straight line (1024 became 39, not the default of 100), and its runc does not know
  # cpu.burst.
  resources "$(all_fields | jq 'del(.cpu.shares)')"
  config 'del(.linux.resources.unified["cgroup.max.depth"])'
  files=(memory.max memory.low memory.high memory.swap.max cpu.max cpu.max.burst cpuset.cpus cpuset.mems pids.max io.weight io.max
    hugetlb.2MB.max)
  script 'sleep 1000'
  start_new limits
  ours=$(cd "$(cgroup_of limits)" && grep -H '' "${files[@]}")
  berth delete --force limits
  for peer in crun runc; do
    "$peer" --root "$BATS_TEST_TMPDIR/$peer" run --bundle "$bundle" --detach "peer-$peer" < /dev/null > /dev/null 2>&1 3>&-
    theirs=$(cd /sys/fs/cgroup/berth-test-limits && grep -H '' "${files[@]}")
    "$peer" --root "$BATS_TEST_TMPDIR/$peer" delete --force "peer-$peer"
    if [[ $peer = runc ]]; then theirs=${theirs/burst:0/burst:20000}; fi
    assert_equal "$theirs" "$ours"
  done
}

# Felt ------------------------------------------------------------------------

# bats test_tags=timing
@test "a CPU hog gets its quota within 5 %" {
  resources '{ "cpu": { "quota": 30000, "period": 100000 } }'
  script 'while :; do :; done'
  start_new limits
  group=$(cgroup_of limits)
  # A machine that is emulated on a busy one may not even have that much time for it, but it never gets more.
  for _ in 1 2 3 4; do
    measure_cpu 5 "$group"
    echo "used ${used[0]} of $wall"
    ((used[0] * 1000 <= wall * 3 * 105)) || fail "more than the quota"
    ! within "${used[0]}" $((wall * 3 / 10)) 5 || return 0
  done
  fail "less than the quota, every time"
}

# bats test_tags=timing
@test "two hogs share by weight within 10 %" {
  script 'while :; do :; done'
  resources '{ "cpu": { "shares": 1024, "cpus": "1" } }'
  start_new heavy
  config '.linux.cgroupsPath += "-light"'
  resources '{ "cpu": { "shares": 256, "cpus": "1" } }'
  start_new light
  assert_cgroup heavy cpu.weight 100
  assert_cgroup light cpu.weight 35
  groups=("$(cgroup_of heavy)" "$(cgroup_of light)")
  # When the host takes the emulated CPU away, the time is charged to whoever ran: look long enough for once without.
  for _ in 1 2 3 4 5 6; do
    measure_cpu 6 "${groups[@]}"
    echo "used ${used[*]} of $wall"
    ((used[0] * 10 > used[1] * 15)) || fail "no more for the heavy one"
    ! within "${used[0]}" $((used[1] * 100 / 35)) 10 || return 0
  done
  fail "not their shares, every time"
}

@test "memory beyond the limit is an OOM kill, and only in the container" {
  resources '{ "memory": { "limit": 33554432, "swap": 33554432 } }'
  script 'head -c 200000000 /dev/zero | tail -c 200000000 > /dev/null; echo "tail: $?"; sleep 1000'
  start_new limits
  WAIT=60 wait_until grep -q 'tail: ' "$BATS_TEST_TMPDIR/limits.log"
  assert_equal "$(tail -n 1 "$BATS_TEST_TMPDIR/limits.log")" 'tail: 137'
  assert_equal "$(grep -w oom_kill "$(cgroup_of limits)/memory.events")" 'oom_kill 1'
  assert_status limits running
}

@test "the fork beyond the limit fails" {
  resources '{ "pids": { "limit": 4 } }'
  script 'for i in 1 2 3 4 5 6; do sleep 1000 & done; wait'
  start_new limits
  wait_until grep -q "can't fork" "$BATS_TEST_TMPDIR/limits.log"
  assert_equal "$(cat /sys/fs/cgroup/berth-test-limits/pids.peak)" 4
}

# bats test_tags=timing
@test "a dd is throttled to its rate within 10 %" {
  local place=/var/tmp/berth-test-disk
  mkdir -p "$place"
  resources "$(jq -n --arg disk "$disk" '($disk | split(":") | map(tonumber)) as [$major, $minor] |
    { blockIO: { throttleWriteBpsDevice: [{ major: $major, minor: $minor, rate: 1048576 }] } }')"
  config '.mounts += [{ "destination": "/disk", "type": "bind", "source": $place, "options": ["rbind", "rw"] }]' --arg place "$place"
  # The first one uses up what the group may have saved up; the others have the whole machine for it only now and then.
  script 'for count in 16 64 64 64 64; do time dd if=/dev/zero of=/disk/file bs=65536 count=$count oflag=direct; done'
  run berth run --bundle "$bundle" limits < /dev/null
  rm -r "$place"
  assert_success
  readarray -t times < <(sed -nE 's/^real[^0-9]*0m *([0-9]+)\.([0-9]+)s$/\1\2/p' <<< "$output")
  assert_equal ${#times[@]} 5
  for took in "${times[@]:1}"; do # in hundredths of a second
    ((10#$took >= 400 * 9 / 10)) || fail "faster than the limit: ${times[*]}"
    ! within $((10#$took)) 400 10 || return 0
  done
  fail "slower than the limit, every time: ${times[*]}"
}

@test "devices: only those that the list allows open" {
  config '.linux.resources.devices = [{ "allow": false, "access": "rwm" }, { "allow": true, "type": "b", "major": ($disk | split(":")[0] | tonumber), "minor": 0, "access": "r" }]
    | .linux.devices = [{ "path": "/dev/kmsg", "type": "c", "major": 1, "minor": 11 }]
    | (.process.capabilities[]) += ["CAP_SYSLOG"]' --arg disk "$disk"
  script 'for d in null zero full random urandom ptmx; do (: <> /dev/$d) && echo "$d: opens"; done
    mknod /dev/disk b '"${disk/:/ }"' && echo "disk: made"
    (: < /dev/disk) && echo "disk: reads"; (: >> /dev/disk); (: < /dev/kmsg)'
  run berth run --bundle "$bundle" limits < /dev/null
  for d in null zero full random urandom ptmx; do assert_line "$d: opens"; done
  assert_line 'disk: made'
  assert_line 'disk: reads'
  assert_contains "create /dev/disk: Operation not permitted"
  assert_contains "open /dev/kmsg: Operation not permitted"
  config '.linux.resources.devices += [{ "allow": true, "access": "rwm" }]'
  run berth run --bundle "$bundle" limits < /dev/null
  refute_contains "not permitted"
}

# Failure ---------------------------------------------------------------------

refused() { # TEXT...: create fails with them, and leaves no group
  run berth create --bundle "$bundle" limits < /dev/null
  assert_error "$@"
  assert_missing /sys/fs/cgroup/berth-test-limits
}

@test "a limit that cannot be set is an error that names the field, and nothing stays" {
  local -A cases=(
    ['{ "unified": { "cpu.max": "nonsense" } }']='/linux/resources/unified/cpu.max'
    ['{ "unified": { "nosuch.max": "1" } }']='/linux/resources/unified/nosuch.max'
    ['{ "unified": { "memory.nosuch": "1" } }']='/linux/resources/unified/memory.nosuch'
    ['{ "cpu": { "cpus": "77" } }']='/linux/resources/cpu/cpus'
    ['{ "cpu": { "mems": "9" } }']='/linux/resources/cpu/mems'
    ['{ "cpu": { "period": 10 } }']='/linux/resources/cpu/period'
    ['{ "memory": { "swap": 1000000 } }']='/linux/resources/memory/swap'
    ['{ "hugepageLimits": [{ "pageSize": "3MB", "limit": 1 }] }']='hugetlb.3MB.max'
    ['{ "rdma": { "none0": { "hcaHandles": 1 } } }']='/linux/resources/rdma/none0'
    ['{ "blockIO": { "throttleReadBpsDevice": [{ "major": 99, "minor": 9, "rate": 1 }] } }']='throttleReadBpsDevice/0'
    ['{ "blockIO": { "weightDevice": [{ "major": 259, "minor": 0, "weight": 100 }] } }']='/linux/resources/blockIO/weightDevice/0'
  )
  for json in "${!cases[@]}"; do
    config '.linux.resources = { "pids": { "limit": 10 } }'
    resources "$json"
    refused "${cases[$json]}" || fail "with $json"
  done
}

@test "a group above that holds processes cannot give controllers, and keeps its processes" {
  local above=/sys/fs/cgroup/berth-test-above
  mkdir "$above"
  sleep 1000 3>&- &
  echo $! > "$above/cgroup.procs"
  config '.linux.cgroupsPath = "/berth-test-above/limits"'
  resources '{ "pids": { "limit": 10 } }'
  run berth create --bundle "$bundle" limits < /dev/null
  assert_error /linux/resources/pids/limit 'holds processes' cgroupsPath
  assert_equal "$(< "$above/cgroup.procs")" $!
  assert_equal "$(< "$above/cgroup.type")" domain
  assert_missing "$above/limits"
  # Without a limit, it is a place like any other.
  config '.linux.resources = { "devices": [{ "allow": false, "access": "rwm" }] }'
  create limits
  assert_equal "$(cgroup_of limits)" "$above/limits"
  berth delete --force limits
  kill $! && wait $! || :
  wait_until rmdir "$above"
}

@test "the group of another container is refused, and left alone" {
  script 'sleep 1000'
  start_new first
  run berth create --bundle "$bundle" second < /dev/null
  assert_error 'holds processes'
  assert_status first running
  berth pause first
  run berth create --bundle "$bundle" second < /dev/null
  assert_error '/berth-test-limits exists'
  assert_status first paused
}

# Life ------------------------------------------------------------------------

@test "parents that berth made go with the last container" {
  for id in one two; do
    config '.linux.cgroupsPath = "/berth-test-pod/deep/\($id)"' --arg id $id
    create $id
  done
  berth delete --force one
  [ -d /sys/fs/cgroup/berth-test-pod/deep/two ]
  berth delete --force two
  assert_missing /sys/fs/cgroup/berth-test-pod
}

@test "delete takes a tree of sub-groups and whoever forks in there" {
  config '(.mounts[] | select(.destination == "/sys/fs/cgroup") | .options) -= ["ro"]'
  script 'd=/sys/fs/cgroup; for i in 1 2 3 4 5 6 7 8; do d=$d/sub$i; mkdir $d; sh -c "echo \$\$ > $d/cgroup.procs; while :; do sleep 0.2 & done" & done
    echo ready; wait'
  resources '{ "pids": { "limit": 300 } }'
  start_new limits
  wait_until grep -q ready "$BATS_TEST_TMPDIR/limits.log"
  sleep 1
  berth delete --force limits
  assert_missing /sys/fs/cgroup/berth-test-limits
}

@test "pause reaches sub-groups, and kill --all leaves nobody" {
  config '(.mounts[] | select(.destination == "/sys/fs/cgroup") | .options) -= ["ro"]'
  script 'mkdir /sys/fs/cgroup/sub; (echo 0 > /sys/fs/cgroup/sub/cgroup.procs; exec sleep 1000) & trap "" TERM; echo ready; while :; do sleep 1; done'
  start_new limits
  wait_until grep -q ready "$BATS_TEST_TMPDIR/limits.log"
  group=$(cgroup_of limits)
  wait_until grep -q . "$group/sub/cgroup.procs"
  berth pause limits
  grep -qx 'frozen 1' "$group/sub/cgroup.events"
  berth resume limits
  grep -qx 'frozen 0' "$group/sub/cgroup.events"
  berth kill --all limits TERM
  wait_until grep -qx 'populated 0' "$group/sub/cgroup.events"
  assert_status limits running # it ignores the signal
  berth kill --all limits KILL
  wait_until grep -qx 'populated 0' "$group/cgroup.events"
}
