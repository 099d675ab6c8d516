#!/usr/bin/env bats
# events: the shape of what is printed, and when; that memory runs out is in tests/vm/suites/update.bats.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # the container's variables; bats' subshells; variables of common.bash
load ../lib/common

peer() { "$top/tests/peers/peer" sid runc --root "$BATS_TEST_TMPDIR/runc" "$@"; }

running() { # SCRIPT: container one runs it
  bundle one
  script "$1"
  start_new one
}

# Prints what `events ARG... one` prints until the container ends, which COMMAND makes it do.
stream() { # "COMMAND" ARG...
  local end=$1 events
  shift
  "$BERTH" --root "$BATS_TEST_TMPDIR/state" events "$@" one > "$BATS_TEST_TMPDIR/stream" 3>&- &
  events=$!
  # It watches once it has its timer.
  wait_until eval "readlink /proc/$events/fd/* | grep -q timerfd"
  eval "$end"
  wait_until eval "! kill -0 $events"
  wait $events
}
lines_at_least() { (($(wc -l < "$BATS_TEST_TMPDIR/stream") >= $1)); }

@test "a container that is not there, or has stopped" {
  run berth events --stats nothing
  assert_error "does not exist"
  bundle one
  script true
  start_new one
  wait_until assert_status one stopped
  run berth events --stats one
  assert_error "container one: it is stopped"
  run berth events one
  assert_error "container one: it is stopped"
}

@test "intervals that are none" {
  local interval
  for interval in 0 0s 5 -1s +1s s x 1x '1 s' 1s1 1.5.s 1e3s infs 0x1s . .s 1d 3000000h; do
    run berth events --interval "$interval" nothing
    assert_failure 1
    assert_contains "--interval $interval: must be a duration"
  done
}

@test "intervals as Go has them" {
  local interval
  for interval in 1ns 5us 5µs 500ms 5s 1m 1h 1.5h .5s 1m30s 1h1m1s1ms 0.000001s; do
    run berth events --interval "$interval" nothing
    assert_error "does not exist"
  done
}

@test "--stats: one line, with CPU time and processes" {
  running 'sleep 1000 & while :; do :; done'
  used() { (($(awk '/^usage_usec/ { print $2 }' "$(cgroup_of one)/cpu.stat") > 50000)); }
  wait_until used
  wait_until eval '(($(wc -l < "$(cgroup_of one)/cgroup.procs") == 2))'
  run berth events --stats one
  assert_success
  assert_equal "${#lines[@]}" 1
  jq -e '.type == "stats" and .id == "one" and (keys == ["data", "id", "type"])' <<< "$output"
  jq -e '.data.cpu.usage | .total > 50000000 and (.total / 2 < .kernel + .user)' <<< "$output"
  jq -e '.data.pids.current == 2' <<< "$output"
}

@test "--stats: pressure of cpu, memory and io" {
  [[ -e /sys/fs/cgroup/runner/cpu.pressure ]] || skip "no pressure information here"
  running 'exec sleep 1000'
  run berth events --stats one
  jq -e '.data | [.cpu.psi, .memory.psi, .blkio.psi] | all((keys == ["full", "some"]) and
    all(keys == ["avg10", "avg300", "avg60", "total"]) and all(.[] | .[]; type == "number" and . >= 0))' <<< "$output"
}

@test "--stats: every member of runc's is there, of the same type" {
  "$top/tests/peers/peer" --path sid runc > /dev/null 2>&1 || skip "tests/peers/install has not been run"
  running 'exec sleep 1000'
  run berth events --stats one
  ours=$output
  config '.ociVersion = "1.2.0" | .linux.cgroupsPath = "/other"'
  peer run --detach --bundle "$bundle" one < /dev/null > /dev/null 3>&-
  theirs=$(peer events --stats one)
  peer delete --force one
  # Lists (of devices) and memory.stat depend on what was used, and are left out where they are empty.
  members() { jq -S '[paths(scalars) as $p | select($p | index("raw") or any(.[]; type == "number") | not) |
    { key: ($p | map(tostring) | join(".")), value: (getpath($p) | type) }] | from_entries'; }
  missing=$(jq -nr --argjson ours "$(members <<< "$ours")" --argjson theirs "$(members <<< "$theirs")" \
    '$theirs | to_entries[] | select($ours[.key] != .value) | "\(.key): \(.value)"')
  assert_equal "$missing" ""
}

@test "statistics at every interval, until the container ends" {
  running 'exec sleep 1000'
  stream 'wait_until lines_at_least 3; berth kill one KILL' --interval 100ms
  jq -se 'length >= 3 and all(.type == "stats" and .id == "one")' "$BATS_TEST_TMPDIR/stream"
  # A stopped container prints none.
  assert_status one stopped
}

@test "the end is told at once, not at the next interval" {
  running 'exec sleep 1000'
  stream 'berth delete --force one' --interval 1h
  assert_equal "$(< "$BATS_TEST_TMPDIR/stream")" ""
}

@test "without a pid namespace, the end is that of the container's own process" {
  bundle one
  config 'del(.linux.namespaces[] | select(.type == "pid"))'
  script 'sleep 1000 & exec sleep 1000'
  start_new one
  stream 'kill -9 "$(pid_of one)"' --interval 1h
  assert_equal "$(< "$BATS_TEST_TMPDIR/stream")" ""
}

@test "a created and a paused container have events" {
  bundle one
  create one
  run berth events --stats one
  assert_success
  jq -e '.data.pids.current == 1' <<< "$output"
  berth start one
  wait_until assert_status one stopped
  berth delete one
  bundle two
  script 'exec sleep 1000'
  start_new two
  berth pause two
  run berth events --stats two
  assert_success
  berth resume two
}

@test "a reader that has gone ends the stream; output that cannot be written is an error" {
  running 'exec sleep 1000'
  run timeout 60 bash -c '"$@" | head -n 1' - "$BERTH" --root "$BATS_TEST_TMPDIR/state" events --interval 50ms one
  assert_success
  jq -e '.type == "stats"' <<< "$output"
  run timeout 60 bash -c '"$@" > /dev/full' - "$BERTH" --root "$BATS_TEST_TMPDIR/state" events --interval 50ms one
  assert_failure 1
  assert_contains "write to standard output: No space left on device"
}
