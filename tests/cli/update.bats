#!/usr/bin/env bats
# update: what can be seen on a machine whatever controllers it has; that limits hold is in tests/vm/suites/update.bats.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # the container's variables; bats' subshells; variables of common.bash
load ../lib/common

running() { # SCRIPT: container one runs it
  bundle one
  config '.linux.resources.devices = [{ allow: false, access: "rwm" }]'
  script "$1"
  start_new one
}

refused() { # TEXT ARG...: update ARG... one says TEXT
  local text=$1
  shift
  run berth update "$@" one
  assert_failure 1
  assert_contains "berth update: $text"
}

from_file() { # TEXT JSON
  printf %s "$2" > "$BATS_TEST_TMPDIR/resources.json"
  refused "--resources $BATS_TEST_TMPDIR/resources.json: $1" --resources "$BATS_TEST_TMPDIR/resources.json"
}

@test "a container that is not there, or has stopped" {
  run berth update --pids-limit 5 nothing
  assert_error "does not exist"
  bundle one
  script true
  start_new one
  wait_until assert_status one stopped
  refused "cannot update container one: it is stopped" --pids-limit 5
}

@test "numbers that are none" {
  local option number
  for option in cpu-share cpu-period cpu-burst blkio-weight; do
    for number in -1 +1 x 1x 0x1 ' 1' 1.5 99999999999999999999; do
      refused "--$option $number: must be a number" "--$option" "$number"
    done
  done
  for option in cpu-quota cpu-idle pids-limit; do
    for number in x 1x - ' 1' 1.5 99999999999999999999; do
      refused "--$option $number: must be a number" "--$option" "$number"
    done
  done
}

@test "sizes that are none" {
  local option size
  for option in memory memory-reservation memory-swap; do
    for size in x -2 +5 1x 1kk 1ki 5ibb 'inf' 0x10 1e3 '1  k' ' 1' . .k 1kbb 9999999p; do
      refused "--$option $size: must be a number of bytes" "--$option" "$size"
    done
  done
}

@test "sizes as runc takes them" {
  # One is larger than the other, and the error tells what was understood.
  local size bytes
  running 'exec sleep 1000'
  while read -r size bytes; do
    refused "/linux/resources/memory/swap: $((bytes - 1)): must not be smaller than the memory limit $bytes" \
      --memory "${size/_/ }" --memory-swap $((bytes - 1))
  done << 'END'
1000 1000
1000b 1000
2k 2048
2K 2048
2kb 2048
2KiB 2048
2_kib 2048
1.5m 1572864
.5m 524288
3MB 3145728
1g 1073741824
1GiB 1073741824
1t 1099511627776
1P 1125899906842624
END
}

@test "values that no kernel takes" {
  local number
  running 'exec sleep 1000'
  for number in -1 2 3; do
    refused "/linux/resources/cpu/idle: $number: must be 0 or 1" --cpu-idle "$number"
  done
  refused '/linux/resources/blockIO/weight: 9' --blkio-weight 9
  refused '/linux/resources/pids/limit: -2' --pids-limit -2
  refused '/linux/resources/memory/swap is the limit of memory and swap together' --memory-swap 1g
}

@test "what only cgroup v1 has, and Intel RDT" {
  refused '/linux/resources/cpu/realtimePeriod: cgroup v1 only' --cpu-rt-period 1000000
  refused '/linux/resources/cpu/realtimeRuntime: cgroup v1 only' --cpu-rt-runtime 950000
  refused '--mem-bw-schema: must be one line that starts with MB:' --mem-bw-schema 'L3:0=70'
  refused '--l3-cache-schema: must be one line' --l3-cache-schema $'L3:0=1\nMB:0=1'
  running 'exec sleep 1000'
  refused 'container one was created without /linux/intelRdt' --l3-cache-schema 'L3:0=7f0'
  refused 'container one was created without /linux/intelRdt' --mem-bw-schema 'MB:0=70'
  run berth update --kernel-memory 5m --kernel-memory-tcp 5m one
  assert_success
  assert_contains "--kernel-memory has no effect"
}

@test "nothing to update, and too much" {
  refused 'nothing to update: give limits, or --resources FILE'
  refused '--cpu-quota beside --resources' --cpu-quota 5000 --resources /dev/null
}

@test "a limit without its controller names the way out" {
  running 'exec sleep 1000'
  local controller option field file
  while read -r controller option field file; do
    ! grep -qw "$controller" /sys/fs/cgroup/cgroup.controllers || continue
    # shellcheck disable=SC2086 # words
    refused "/linux/resources/$field needs $file of the cgroup v2 controller $controller, which this host does not offer:" ${option/=/ }
    assert_matches "(boot with(out)?|built without|cgroup.subtree_control)"
    tested=1
  done << 'END'
memory --memory=100m memory/limit memory.max
memory --memory-reservation=100m memory/reservation memory.low
pids --pids-limit=5 pids/limit pids.max
pids --pids-limit=-1 pids/limit pids.max
cpu --cpu-quota=50000 cpu/quota cpu.max
cpu --cpu-period=50000 cpu/period cpu.max
cpu --cpu-share=512 cpu/shares cpu.weight
cpu --cpu-idle=1 cpu/idle cpu.idle
cpuset --cpuset-cpus=0 cpu/cpus cpuset.cpus
cpuset --cpuset-mems=0 cpu/mems cpuset.mems
io --blkio-weight=500 blockIO/weight io.weight
END
  [[ ${tested-} ]] || skip "every controller is here"
}

@test "zeros are no limits" {
  running 'exec sleep 1000'
  run berth update --memory 0 --memory-reservation 0 --memory-swap 0 --cpu-period 0 --cpu-quota 0 --cpu-share 0 --pids-limit 0 \
    --blkio-weight 0 --cpu-rt-period 0 --cpu-rt-runtime 0 one
  assert_success
  run berth update --resources - one <<< '{ "memory": { "limit": 0, "reservation": 0, "swap": 0, "checkBeforeUpdate": true },
    "cpu": { "shares": 0, "quota": 0, "period": 0, "realtimeRuntime": 0, "realtimePeriod": 0, "cpus": "", "mems": "" },
    "blockIO": { "weight": 0 } }'
  assert_success
  assert_output ""
}

@test "files that cannot be read, and JSON that is none" {
  refused '--resources /nowhere: No such file or directory' --resources /nowhere
  refused '--resources /: Is a directory' -r /
  from_file '' ''
  from_file '' '{'
  from_file '' '{} x'
  from_file '' '[]'
  from_file '/memory/limit' '{"memory": {"limit": "5m"}}'
  from_file '/memory/limit' '{"memory": {"limit": -5}}'
  from_file '/cpu/quota' '{"cpu": {"quota": 1.5}}'
  from_file '/memory/swappiness' '{"memory": {"swappiness": 60}}'
  from_file '/devices/0' '{"devices": [{"allow": true, "type": "x"}]}'
  head -c 5000000 /dev/zero | tr '\0' ' ' > "$BATS_TEST_TMPDIR/large.json"
  refused "--resources $BATS_TEST_TMPDIR/large.json: larger than" -r "$BATS_TEST_TMPDIR/large.json"
  run berth update -r - one < <(echo '{"pids": 5}')
  assert_error "--resources -: /pids: 5"
}

@test "unified: a file of the group" {
  running 'exec sleep 1000'
  run berth update -r <(echo '{"unified": {"cgroup.max.depth": "5"}}') one
  assert_success
  assert_cgroup one cgroup.max.depth 5
  # A later value that is wrong brings the first one back.
  run berth update -r - one <<< '{"unified": {"cgroup.max.depth": "7", "cgroup.max.descendants": "x"}}'
  assert_error "/linux/resources/unified/cgroup.max.descendants" "Invalid argument"
  assert_cgroup one cgroup.max.depth 5
}

@test "device rules replace the earlier ones, live" {
  # A device that not every machine has: what counts is whether the kernel denies it.
  running 'while sleep 0.05; do
    case $( (: < /dev/fuse) 2>&1) in *"not permitted"*) echo no ;; *) echo yes ;; esac
  done > /dev/shm/log'
  last() { [[ $(tail -n 1 "/proc/$(pid_of one)/root/dev/shm/log") = "$1" ]]; }
  berth exec one mknod /dev/fuse c 10 229
  wait_until last no
  run berth update -r - one <<< '{"devices": [{"allow": true, "type": "c", "major": 10, "minor": 229, "access": "rm"}]}'
  assert_success
  wait_until last yes
  # A limit that fails leaves the rules as they are.
  run berth update -r - one <<< '{"devices": [{"allow": false, "access": "rwm"}], "unified": {"cgroup.max.depth": "x"}}'
  assert_error "cgroup.max.depth"
  run berth exec one sh -c ': < /dev/fuse'
  ((status != 255)) || fail "$output"
  refute_contains "not permitted"
  run berth update -r - one <<< '{"devices": [{"allow": false, "access": "rwm"}]}'
  assert_success
  wait_until last no
  berth exec one sh -c ': < /dev/null'
  # An update without rules changes none.
  run berth update -r - one <<< '{"unified": {"cgroup.max.depth": "5"}}'
  assert_success
  run berth exec one sh -c ': < /dev/fuse'
  assert_error "not permitted"
}

@test "a created and a paused container can be updated" {
  bundle one
  create one
  run berth update -r - one <<< '{"unified": {"cgroup.max.depth": "3"}}'
  assert_success
  berth delete --force one
  bundle two
  script 'exec sleep 1000'
  start_new two
  berth pause two
  run berth update -r - two <<< '{"unified": {"cgroup.max.depth": "3"}}'
  assert_success
  assert_cgroup two cgroup.max.depth 3
  assert_status two paused
  berth resume two
}
