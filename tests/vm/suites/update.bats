#!/usr/bin/env bats
# update and events with every controller there: limits change under a running container, and memory that runs out is told.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # the container's variables; bats' subshells; variables of common.bash
load ../../lib/common

running() { # SCRIPT [RESOURCES]: container one runs it
  bundle one
  config '.linux.resources += $r' --argjson r "${2-{\}}"
  script "$1"
  start_new one
}

update() { # ARG...: of one, which must succeed in silence
  run berth update "$@" one
  assert_success
  assert_output ""
}

@test "memory: limit, reservation, swap" {
  running 'exec sleep 1000' '{ "memory": { "limit": 134217728, "swap": 134217728 } }'
  update --memory 64m
  assert_cgroup one memory.max 67108864
  assert_cgroup one memory.swap.max 0
  update --memory-reservation 32M
  assert_cgroup one memory.low 33554432
  # Alone, it counts from the limit that is there.
  update --memory-swap 96MiB
  assert_cgroup one memory.swap.max 33554432
  assert_cgroup one memory.max 67108864
  update --memory 128m --memory-swap 1.5g
  assert_cgroup one memory.max 134217728
  assert_cgroup one memory.swap.max 1476395008
  update --memory-swap -1
  assert_cgroup one memory.swap.max max
  assert_cgroup one memory.max 134217728
  update --memory -1
  assert_cgroup one memory.max max
  run berth update --memory-swap 1g one
  assert_error "needs /linux/resources/memory/limit"
}

@test "checkBeforeUpdate: a limit below what is used is refused" {
  running 'head -c 32m /dev/zero > /dev/shm/x; exec sleep 1000'
  wait_until eval '(($(cat "$(cgroup_of one)/memory.current") > 33554432))'
  run berth update --resources - one <<< '{ "memory": { "limit": 16777216, "checkBeforeUpdate": true } }'
  assert_error "/linux/resources/memory/limit: 16777216 is less than" checkBeforeUpdate
  assert_cgroup one memory.max max
  assert_status one running
  update --resources - <<< '{ "memory": { "limit": 134217728, "checkBeforeUpdate": true } }'
  assert_cgroup one memory.max 134217728
}

@test "cpu, cpuset, pids, blkio: read back; what is not given stays" {
  running 'exec sleep 1000' '{ "cpu": { "quota": 50000, "period": 100000, "shares": 512 }, "pids": { "limit": 50 } }'
  update --cpu-quota 20000
  assert_cgroup one cpu.max '20000 100000'
  update --cpu-period 50000
  assert_cgroup one cpu.max '20000 50000'
  update --cpu-burst 10000
  assert_cgroup one cpu.max.burst 10000
  update --cpu-quota -1 --cpu-burst 0
  assert_cgroup one cpu.max 'max 50000'
  assert_cgroup one cpu.weight 59
  update --cpu-share 1024
  assert_cgroup one cpu.weight 100
  update --cpuset-cpus 1 --cpuset-mems 0
  assert_cgroup one cpuset.cpus 1
  assert_equal "$(sed -n 's/^Cpus_allowed_list:\t//p' "/proc/$(pid_of one)/status")" 1
  update --blkio-weight 500
  assert_cgroup one io.weight 'default 4950'
  assert_cgroup one pids.max 50
  update --pids-limit 20
  assert_cgroup one pids.max 20
  update --pids-limit -1
  assert_cgroup one pids.max max
  update --resources - <<< '{ "pids": { "limit": 0 } }'
  assert_cgroup one pids.max 0
  update --cpu-idle 1
  assert_cgroup one cpu.idle 1
  update --cpu-idle 0
  assert_cgroup one cpu.idle 0
}

@test "a failure puts back what was written" {
  running 'exec sleep 1000' '{ "memory": { "limit": 134217728 }, "cpu": { "quota": 50000, "period": 100000 } }'
  run berth update --memory 64m --cpu-quota 30000 --cpuset-cpus 4000 one
  assert_error /linux/resources/cpu/cpus
  assert_cgroup one memory.max 134217728
  assert_cgroup one cpu.max '50000 100000'
  run berth update -r - one <<< '{ "memory": { "limit": 4096, "checkBeforeUpdate": true }, "pids": { "limit": 5 } }'
  assert_error "checkBeforeUpdate"
  assert_cgroup one memory.max 134217728
  assert_cgroup one pids.max max
  assert_status one running
}

@test "felt at once: no more processes" {
  running 'exec sleep 1000'
  berth exec one true
  update --pids-limit 1
  run berth exec one sh -c 'sleep 0 & wait'
  assert_failure
  update --pids-limit -1
  berth exec one sh -c 'sleep 0 & wait'
}

@test "with systemd, the scope is told" {
  bundle one
  config '.linux.cgroupsPath = "system.slice:berth-test:one"'
  script 'exec sleep 1000'
  berth --systemd-cgroup create --bundle "$bundle" one < /dev/null > /dev/null
  berth start one
  update --memory 64m --memory-swap 64m --pids-limit 20 --cpu-quota 20000 --cpu-period 100000
  assert_cgroup one memory.max 67108864
  assert_equal "$(systemctl show -P MemoryMax berth-test-one.scope)" 67108864
  assert_equal "$(systemctl show -P TasksMax berth-test-one.scope)" 20
  assert_equal "$(systemctl show -P CPUQuotaPerSecUSec berth-test-one.scope)" 200ms
  # What systemd knows survives its own writing of the files.
  systemctl daemon-reload
  assert_cgroup one memory.max 67108864
  assert_cgroup one pids.max 20
}

# events ----------------------------------------------------------------------

events() { # ARG...: in the background, into $BATS_TEST_TMPDIR/stream; its pid is $events
  "$BERTH" --root "$BATS_TEST_TMPDIR/state" events "$@" one > "$BATS_TEST_TMPDIR/stream" 3>&- &
  events=$!
  wait_until eval "readlink /proc/$events/fd/* | grep -q timerfd"
}
seen() { grep -q "$1" "$BATS_TEST_TMPDIR/stream"; }

hog='exec tail -c 200m /dev/zero' # keeps it all in memory

@test "events: memory that runs out in a child is told, once a kill" {
  running 'trap "sh -c \"$hog\"" USR1; echo ready; while :; do sleep 0.1; done' '{ "memory": { "limit": 33554432, "swap": 33554432 } }'
  config '.process.env += ["hog=\($h)"]' --arg h "$hog"
  berth delete --force one
  start_new one
  wait_until grep -q ready "$BATS_TEST_TMPDIR/one.log" # without its trap, the signal would be lost
  events --interval 1h
  berth kill one USR1
  WAIT=60 wait_until seen oom
  assert_equal "$(< "$BATS_TEST_TMPDIR/stream")" '{"type":"oom","id":"one"}'
  assert_status one running
  run berth events --stats one
  jq -e '.data.memory | .event_count.oom_kill == 1 and .usage.limit == 33554432 and .swap.limit == 33554432 and
    .usage.usage > 0 and .raw.anon >= 0 and .cache == .raw.file' <<< "$output"
  berth kill one KILL
  wait "$events"
}

@test "events: memory that runs out in init is told before the end" {
  running "until [ -e /run/on ]; do sleep 0.1; done; $hog" '{ "memory": { "limit": 33554432, "swap": 33554432 } }'
  events --interval 1h
  : > "$bundle/rootfs/run/on"
  wait_until eval "! kill -0 $events"
  wait "$events"
  assert_equal "$(< "$BATS_TEST_TMPDIR/stream")" '{"type":"oom","id":"one"}'
  assert_status one stopped
}

@test "events: a lower limit by update is told too" {
  running 'head -c 60m /dev/zero > /dev/shm/x; exec sleep 1000' '{ "memory": { "limit": 134217728, "swap": 134217728 } }'
  used() { (($(< "$(cgroup_of one)/memory.current") > 62914560)); }
  wait_until used
  events --interval 1h
  # The pages of a file system in memory cannot be taken back without swap.
  run berth update --memory 20m --memory-swap 20m one
  WAIT=60 wait_until seen oom
  wait "$events"
}

@test "events --stats: what the kernel's files say" {
  running 'exec sleep 1000' '{ "memory": { "limit": 67108864, "swap": 100663296 }, "pids": { "limit": 20 } }'
  run berth events --stats one
  jq -e '.data | .memory.usage.limit == 67108864 and .memory.swap.limit == 100663296 and .pids == { current: 1, limit: 20 } and
    (.memory.raw | length > 20) and .memory.psi.some.total >= 0 and .blkio.psi.full.total >= 0' <<< "$output"
  update --memory -1 --pids-limit -1
  run berth events --stats one
  [[ $output = *'"usage":{"limit":18446744073709551615,'* ]]
  jq -e '.data.pids == { current: 1 }' <<< "$output"
}

@test "events --stats: I/O by device" {
  running 'exec sleep 1000'
  dev=$(cat /sys/block/nvme0n1/dev)
  # The bundle may be on a shared directory, which is no block device: the disk itself is read.
  berth update -r - one <<< '{"devices": [{"allow": true, "access": "rwm"}]}'
  berth exec one sh -c "mknod /dev/disk b ${dev/:/ } && dd if=/dev/disk of=/dev/null bs=1M count=4 skip=64 iflag=direct" ||
    berth exec one sh -c "dd if=/dev/disk of=/dev/null bs=1M count=4 skip=64"
  run berth events --stats one
  jq -e --argjson dev "[${dev/:/,}]" '[.data.blkio.ioServiceBytesRecursive[] | select([.major, .minor] == $dev and .op == "Read")] |
    length == 1 and .[0].value >= 1048576' <<< "$output"
}
