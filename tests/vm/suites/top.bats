#!/usr/bin/env bats
# top with every controller there: what is used, of which limit, and who waits.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # the container's variables; bats' subshells; variables of common.bash
load ../../lib/common

running() { # SCRIPT [RESOURCES]: container one runs it
  bundle one
  config '.linux.resources += $r' --argjson r "${2-{\}}"
  script "$1"
  start_new one
}

# The quantities of container one, as JSON, hold what FILTER says.
top_has() { berth top --once --format json one | jq -e ".[0] | $1"; }

@test "memory and pids, and their limits" {
  running 'head -c 20000000 /dev/zero > /dev/shm/file; sleep 1000 & sleep 1000 & wait' \
    '{ "memory": { "limit": 67108864 }, "pids": { "limit": 50 } }'
  wait_until top_has '.memory.usage > 20000000 and .memory.usage < 67108864 and .pids.current == 3'
  top_has '.memory.limit == 67108864 and .pids.limit == 50'
  run berth top --once one
  read -r -a row <<< "${lines[1]}"
  assert_equal "${row[1]} ${row[4]} ${row[7]} ${row[8]}" "running 64.0Mi 3 50"
  berth update --memory 128m --pids-limit -1 one
  top_has '.memory.limit == 134217728 and .pids.limit == null'
  run berth top --once one
  read -r -a row <<< "${lines[1]}"
  assert_equal "${row[4]} ${row[8]}" "128Mi max"
}

@test "what is written to a disk" {
  local place=/var/tmp/berth-test-disk
  mkdir -p "$place"
  bundle one
  config '.mounts += [{ "destination": "/disk", "type": "bind", "source": $place, "options": ["rbind", "rw"] }]
    | .linux.resources.blockIO = { weight: 100 }' --arg place "$place"
  script 'while :; do dd if=/dev/zero of=/disk/file bs=65536 count=16 oflag=direct; done'
  start_new one
  WAIT=60 wait_until top_has '.io.writeBytesPerSecond >= 65536 and .io.readBytesPerSecond != null'
  berth delete --force one
  rm -r "$place"
}

@test "who waits for the processor under a quota" {
  running 'while :; do :; done' '{ "cpu": { "quota": 10000, "period": 100000 } }'
  WAIT=60 wait_until top_has '.cpu.pressure > 5 and .cpu.percent < 20'
}

@test "containers in scopes of systemd, too" {
  bundle one
  config '.linux.cgroupsPath = "berth-test.slice:unit:top"'
  script 'exec sleep 1000'
  berth() { "$BERTH" --root "$BATS_TEST_TMPDIR/state" --systemd-cgroup "$@" 3>&-; }
  start_new one
  top_has '.status == "running" and .pids.current == 1 and .memory.usage > 0'
  berth delete --force one
  systemctl stop berth.slice
}
