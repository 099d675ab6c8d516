#!/usr/bin/env bats
# linux.resources with the cgroupfs driver: set, read back from the kernel outside and inside. What is felt of them: cgroup-felt.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # the container's variables; bats' subshells; variables of common.bash
load ../../lib/common

setup() {
  common_setup
  bundle limits
  disk=$(cat /sys/block/nvme0n1/dev)
}

resources() { config '.linux.resources += $r' --argjson r "$1"; } # JSON

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

@test "what cgroup-tools see from outside" {
  resources "$(all_fields)"
  create limits
  listed() { run lscgroup; assert_matches $'memory,[^\n]*:/*berth-test-limits'; }
  wait_until listed # it ends early where a group, of the machine's systemd say, goes while it walks
  run cgget -n -r memory.max -r memory.low -r memory.swap.max -r memory.high -r cpu.weight -r cpu.max -r cpu.max.burst -r cpuset.cpus \
    -r cpuset.mems -r pids.max -r io.weight -r io.max -r hugetlb.2MB.max berth-test-limits
  assert_output "memory.max: 134217728
memory.low: 67108864
memory.swap.max: 134217728
memory.high: 104857600
cpu.weight: 59
cpu.max: 50000 100000
cpu.max.burst: 20000
cpuset.cpus: 1
cpuset.mems: 0
pids.max: 64
io.weight: default 4950
io.max: $disk rbps=1048576 wbps=2097152 riops=300 wiops=400
hugetlb.2MB.max: 4194304"
  berth update --memory 64M --memory-swap 64M limits
  run cgget -nv -r memory.max -r memory.swap.max berth-test-limits
  assert_output $'67108864\n0'
  berth delete --force limits
  run lscgroup
  refute_contains berth-test-limits
}

@test "weights of devices: by the I/O cost model, by BFQ, by both" {
  local dev weights
  modprobe null_blk nr_devices=1 gb=1 queue_mode=2
  modprobe bfq
  dev=$(< /sys/block/nullb0/dev)
  weights=$(jq -n --arg dev "$dev" '($dev | split(":") | map(tonumber)) as [$major, $minor] |
    { blockIO: { weight: 300, weightDevice: [{ major: $major, minor: $minor, weight: 700 }] } }')
  resources "$weights"
  echo bfq > /sys/block/nullb0/queue/scheduler
  create limits
  assert_cgroup limits io.bfq.weight "default 300"$'\n'"$dev 700"
  berth delete --force limits
  echo "$dev enable=1" > /sys/fs/cgroup/io.cost.qos
  create limits
  assert_cgroup limits io.bfq.weight "default 300"$'\n'"$dev 700"
  assert_cgroup limits io.weight "default 2930"$'\n'"$dev 6970"
  echo none > /sys/block/nullb0/queue/scheduler
  berth delete --force limits
  create limits
  assert_cgroup limits io.weight "default 2930"$'\n'"$dev 6970"
  run berth update --resources - limits <<< "${weights/700/800}"
  assert_success
  assert_cgroup limits io.weight "default 2930"$'\n'"$dev 7980"
  echo "$dev enable=0" > /sys/fs/cgroup/io.cost.qos
  berth delete --force limits
  modprobe -r null_blk bfq
  refused '/linux/resources/blockIO/weightDevice/0'
}

@test "unified: any file of the group itself, and no other" {
  resources '{ "unified": { "memory.high": "50331648", "memory.oom.group": "1", "cpu.max": "30000 60000", "pids.max": "7",
    "io.max": "'"$disk"' rbps=4096\n'"$disk"' wiops=10", "cpuset.cpus.partition": "member", "cgroup.max.descendants": "3" } }'
  create limits
  assert_cgroup limits memory.high 50331648
  assert_cgroup limits memory.oom.group 1
  assert_cgroup limits cpu.max '30000 60000'
  assert_cgroup limits pids.max 7
  assert_cgroup limits io.max "$disk rbps=4096 wbps=max riops=max wiops=10"
  assert_cgroup limits cgroup.max.descendants 3
  berth delete --force limits
  mkdir /sys/fs/cgroup/berth-test-other
  for key in ../berth-test-other/memory.high ../cgroup.max.depth /sys/fs/cgroup/berth-test-other/memory.high .. . '' \
    cgroup.procs cgroup.subtree_control cgroup.kill cgroup.freeze cgroup.type cgroup.threads; do
    config '.linux.resources = { unified: { ($k): "1" } }' --arg k "$key"
    refused /linux/resources/unified
  done
  assert_equal "$(< /sys/fs/cgroup/berth-test-other/memory.high)" max
  rmdir /sys/fs/cgroup/berth-test-other
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

@test "a controller that cgroup v1 has taken, or that the kernel lacks, is explained" {
  local v1=$BATS_TEST_TMPDIR/v1
  mkdir "$v1"
  # What nobody uses can change sides.
  while read -r group; do echo -hugetlb > "$group"; done < <(find /sys/fs/cgroup -depth -name cgroup.subtree_control -exec grep -lw hugetlb {} +)
  wait_until mount -t cgroup -o hugetlb none "$v1"
  resources '{ "hugepageLimits": [{ "pageSize": "2MB", "limit": 4194304 }] }'
  refused '/linux/resources/hugepageLimits/0 needs hugetlb.2MB.max of the cgroup v2 controller hugetlb' "cgroup v1 holds it at $v1" \
    cgroup_no_v1=hugetlb systemd.unified_cgroup_hierarchy=1 "umount $v1 gives it at once"
  # As it says.
  umount "$v1"
  wait_until grep -qw hugetlb /sys/fs/cgroup/cgroup.controllers
  create limits
  assert_cgroup limits hugetlb.2MB.max 4194304
  berth delete --force limits
  config '.linux.resources = { unified: { "dmem.nosuch": "1", "nosuch.max": "1" } }'
  refused /linux/resources/unified/
}

@test "a container that may make groups has every controller to give to them" {
  # Nobody has given the others to a group yet.
  local above=/sys/fs/cgroup/berth-test-above
  mkdir "$above"
  config '.linux.cgroupsPath = "/berth-test-above/limits" | .mounts |= map(if .type == "cgroup" then .options -= ["ro"] else . end)'
  script 'cd /sys/fs/cgroup && cat cgroup.controllers && mkdir -p init sub && echo 1 > init/cgroup.procs &&
    echo +cpuset > cgroup.subtree_control && echo 1 > sub/cpuset.cpus && cat sub/cpuset.cpus && rmdir sub'
  run berth run --bundle "$bundle" limits < /dev/null
  rmdir "$above"
  assert_success
  assert_output "$(< /sys/fs/cgroup/cgroup.controllers)"$'\n1'
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
  script 'd=/sys/fs/cgroup; for i in 1 2 3 4 5 6 7 8; do d=$d/sub$i; mkdir $d; sh -c "echo \$\$ > $d/cgroup.procs; while :; do sleep 0.2 & sleep 0.2 & sleep 0.2 & wait; done" & done
    echo ready; wait' # a shell that comes to the limit would end, and the last of them the container
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
  wait_until grep -qx 'frozen 0' "$group/sub/cgroup.events"
  berth kill --all limits TERM
  wait_until grep -qx 'populated 0' "$group/sub/cgroup.events"
  assert_status limits running # it ignores the signal
  berth kill --all limits KILL
  wait_until grep -qx 'populated 0' "$group/cgroup.events"
}
