#!/usr/bin/env bats
# top: what is told of containers, and how it treats the terminal; what a limit and its controller add is in tests/vm/suites/top.bats, what
# the network carries in tests/net/bandwidth.bats.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # the container's variables; bats' subshells; variables of common.bash
load ../lib/common

running() { # ID SCRIPT
  bundle "$1"
  script "$2"
  start_new "$1"
}

on_terminal() { # ROWSxCOLUMNS [ACTION...] -- ARGUMENT...: of berth top
  local before=()
  while [[ $1 != -- ]]; do before+=("$1"); shift; done
  shift
  python3 "$top/tests/lib/on_terminal.py" "${before[@]}" -- "$BERTH" --root "$BATS_TEST_TMPDIR/state" top "$@" 3>&-
}
enter=$'\e[?1049h\e[?25l' leave=$'\e[?25h\e[?1049l'
titles='ID STATUS CPU% MEM MEM-MAX READ/s WRITE/s PIDS PIDS-MAX NET-IN NET-OUT PSI-CPU PSI-MEM PSI-IO'
words() { tr -s ' ' <<< "$1"; }

# Once ----------------------------------------------------------------------------

@test "--once: nothing there" {
  run berth top --once --interval 10ms
  assert_success
  assert_equal "$(words "$output")" "$titles"
  run berth top --once --interval 10ms --format json
  assert_output "[]"
  assert_missing "$BATS_TEST_TMPDIR/state"
}

@test "--once: the busy one first, the stopped one last, '-' for what is not known" {
  running idle 'exec sleep 1000'
  running busy 'while :; do :; done'
  running ended true
  wait_until assert_status ended stopped
  bundle made
  create made
  berth pause idle
  run berth top --once
  berth resume idle
  assert_success
  assert_equal "$(words "${lines[0]}")" "$titles"
  assert_equal "${#lines[@]}" 5
  assert_equal "$(awk 'NR > 1 { print $1, $2 }' <<< "$output" | sort | paste -sd' ')" "busy running ended stopped idle paused made created"
  read -r -a first <<< "${lines[1]}"
  assert_equal "${first[0]} ${first[7]}" "busy 1"
  # How much it gets is up to what else runs on this machine, and how long a look took to the scheduler.
  awk -v cpu="${first[2]}" 'BEGIN { exit !(cpu > 1 && cpu < 1000) }' || fail "CPU ${first[2]} %"
  assert_equal "$(words "${lines[4]}")" "ended stopped - - - - - - - - - - - -"
}

@test "--once: what a cgroup without controllers does not tell" {
  ! grep -qw memory /sys/fs/cgroup/cgroup.controllers || skip "there is a memory controller"
  running one 'sleep 1000 & exec sleep 1000'
  run berth top --once --interval 100ms
  assert_success
  # The network of its own has carried nothing.
  [[ $(words "${lines[1]}") =~ ^one\ running\ [0-9.]+\ -\ -\ -\ -\ 2\ -\ 0bit\ 0bit\  ]] || fail "$output"
}

@test "--once: those that are named, each once, and no other" {
  running one 'exec sleep 1000'
  running two 'exec sleep 1000'
  running three 'exec sleep 1000'
  run berth top --once --interval 10ms two one two
  assert_success
  assert_equal "$(awk 'NR > 1 { print $1 }' <<< "$output" | sort | paste -sd' ')" "one two"
  run berth top --once --interval 10ms one nothing
  assert_error "berth top: container does not exist: nothing"
  run berth top --once --interval 10ms ../one
  assert_error "invalid container id"
}

@test "--once: json" {
  running one 'while :; do :; done'
  run berth top --once --format json one
  assert_success
  jq -e --argjson pid "$(pid_of one)" 'length == 1 and (.[0] | .id == "one" and .status == "running" and .pid == $pid
    and .cpu.percent > 1 and .pids.current == 1 and .network.source == "interfaces" and .network.sentBitsPerSecond == 0)' <<< "$output"
  assert_equal "$(jq -c 'map(map_values(if type == "object" then keys else type end))[0]' <<< "$output")" \
    '{"id":"string","status":"string","pid":"number","cpu":["percent","pressure"],"memory":["limit","pressure","usage"],"io":["pressure","readBytesPerSecond","writeBytesPerSecond"],"pids":["current","limit"],"network":["receivedBitsPerSecond","sentBitsPerSecond","source"]}'
}

@test "a container in the host's network has no traffic of its own" {
  bundle one
  config 'del(.linux.namespaces[] | select(.type == "network"))'
  script 'exec sleep 1000'
  start_new one
  run berth top --once --interval 10ms --format json
  assert_equal "$(jq -c '.[0].network' <<< "$output")" '{"receivedBitsPerSecond":null,"sentBitsPerSecond":null,"source":null}'
}

@test "a container without a cgroup of its own has a status and a network" {
  bundle one
  config 'del(.linux.cgroupsPath) | del(.linux.resources)'
  script 'exec sleep 1000'
  berth --cgroup-manager disabled create --bundle "$bundle" one < /dev/null > "$BATS_TEST_TMPDIR/log" 2>&1 ||
    fail "$(< "$BATS_TEST_TMPDIR/log")"
  run berth top --once --interval 10ms
  assert_success
  assert_equal "$(words "${lines[1]}")" "one created - - - - - - - 0bit 0bit - - -"
}

@test "a container that is half made hides no other" {
  running one 'exec sleep 1000'
  mkdir "$BATS_TEST_TMPDIR/state/half"
  run --separate-stderr berth top --once --interval 10ms
  assert_success
  assert_equal "$(awk 'NR > 1 { print $1 }' <<< "$output")$stderr" one
  rmdir "$BATS_TEST_TMPDIR/state/half"
}

@test "intervals that are none, or too short" {
  local interval
  for interval in 0 5 -1s x 1ms 9999us; do
    run berth top --once --interval "$interval"
    assert_error "berth top: --interval $interval: must be a duration of 10ms or more"
  done
}

@test "a thousand containers" {
  running one 'exec sleep 1000'
  local many=$BATS_TEST_TMPDIR/many i
  # What tells one container from another is its state alone.
  local state
  state=$(< "$BATS_TEST_TMPDIR/state/one/state.json")
  mkdir -p "$many"/c{1..1000}
  for i in {1..1000}; do echo "${state/'"id":"one"'/'"id":"c'$i'"'}" > "$many/c$i/state.json"; done
  run strace -f -o "$BATS_TEST_TMPDIR/calls" "$BERTH" --root "$many" top --once --interval 10ms
  assert_success
  assert_equal "${#lines[@]} $(grep -c ' running ' <<< "$output")" "1001 1000"
  # No process is made, nothing is kept open, and a look takes a hundred system calls or so.
  run grep -E '^[0-9]+ (clone|fork|vfork)' "$BATS_TEST_TMPDIR/calls"
  assert_output ""
  run grep -E ' (openat|openat2|open|pidfd_open)\(.* = [0-9]{3,}$' "$BATS_TEST_TMPDIR/calls"
  assert_output ""
  (($(wc -l < "$BATS_TEST_TMPDIR/calls") < 2 * 1000 * 120)) || fail "$(wc -l < "$BATS_TEST_TMPDIR/calls") system calls"
}

# Redirected ----------------------------------------------------------------------

lines_at_least() { (($(wc -l < "$BATS_TEST_TMPDIR/out") >= $1)); }

begin_top() { # ARG...
  "$BERTH" --root "$BATS_TEST_TMPDIR/state" top "$@" < /dev/null > "$BATS_TEST_TMPDIR/out" 3>&- &
  top_pid=$!
}
end_top() {
  kill "$top_pid"
  wait "$top_pid" || :
}

@test "without a terminal, tables follow each other as plain text" {
  running "a-name-that-is-longer-than-any-terminal-is-wide-$(printf %0100d 0)" 'exec sleep 1000'
  begin_top --interval 20ms
  wait_until lines_at_least 8
  running new 'exec sleep 1000'
  wait_until grep -q '^new ' "$BATS_TEST_TMPDIR/out"
  end_top
  refute_matches_escape "$BATS_TEST_TMPDIR/out"
  assert_equal "$(words "$(sed -n '4p' "$BATS_TEST_TMPDIR/out")")" "$titles"
  assert_equal "$(sed -n '3p' "$BATS_TEST_TMPDIR/out")" ""
  sed -n 2p "$BATS_TEST_TMPDIR/out" | grep -q '^a-name-that.*-0\{100\} *running'
}
refute_matches_escape() { ! grep -q $'[\e\r]' "$1" || fail "$(cat -v "$1")"; }

@test "json, an array a line, also on a terminal" {
  running one 'exec sleep 1000'
  begin_top --interval 20ms --format json
  wait_until lines_at_least 3
  end_top
  head -n 3 "$BATS_TEST_TMPDIR/out" | jq -es 'length == 3 and all(.[0].id == "one")'
  run on_terminal 24x80 --send '"id":"one"=\x03' -- --format json --interval 20ms
  assert_failure 130
  refute_contains $'\e'
}

@test "a reader that has gone ends it; output that cannot be written is an error" {
  running one 'exec sleep 1000'
  run timeout 60 bash -c '"$@" | head -n 1' - "$BERTH" --root "$BATS_TEST_TMPDIR/state" top --interval 20ms
  assert_success
  assert_equal "$(words "$output")" "$titles"
  run timeout 60 bash -c '"$@" > /dev/full' - "$BERTH" --root "$BATS_TEST_TMPDIR/state" top --interval 20ms
  assert_failure 1
  assert_contains "write to standard output: No space left on device"
}

# On a terminal -------------------------------------------------------------------

# What stands on the screen at the end of the output: the lines after the last drawing's begin, without escapes.
screen() { local drawn=${output##*$'\e[H'}; sed 's/\x1b\[[0-9?]*[A-Za-z]//g; /^settings restored$/d' <<< "$drawn"; }

@test "q ends it, and the terminal is as it was" {
  running one 'exec sleep 1000'
  run on_terminal 24x200 --send 'one =q' -- --interval 10s
  assert_success
  assert_contains "settings restored"
  [[ $output = "$enter"* && $output = *"$leave"$'\nsettings restored' ]] || fail "$(cat -v <<< "$output")"
  [[ $(screen | sed -n 1p) =~ ^[0-9:]{8}\ \ 1\ container,\ 1\ running\ \ CPU%\ -\ \  ]] || fail "$(screen)"
  assert_equal "$(words "$(screen | sed -n 2p)")" "$titles"
  # It does not wait to show what it knows.
  [[ $(screen | sed -n 3p) =~ ^one\ \ running\ \ \ \ \ -\  ]] || fail "$(screen)"
}

@test "signals end it, and the terminal is as it was" {
  running one 'exec sleep 1000'
  run on_terminal 24x80 --send 'one =\x03' --
  assert_success
  assert_contains "$leave"$'\nsettings restored'
  local signal
  for signal in 1 2 3 15 10 34; do
    run on_terminal 24x80 --signal "one =$signal" --
    assert_failure $((signal == 2 ? 0 : 128 + signal)) || [[ $signal = 2 ]] || fail "signal $signal: status $status"
    assert_contains "$leave"$'\nsettings restored'
  done
}

@test "an error ends it, and the terminal is as it was" {
  running one 'exec sleep 1000'
  mkdir "$BATS_TEST_TMPDIR/other"
  run python3 "$top/tests/lib/on_terminal.py" 24x80 --run "CPU%=cd '$BATS_TEST_TMPDIR' && rmdir other && touch other" -- \
    "$BERTH" --root "$BATS_TEST_TMPDIR/other" top --interval 50ms 3>&-
  assert_failure 1
  assert_matches "berth top: open the state directory .*/other: Not a directory"
  # First the terminal's own screen, then the message.
  [[ ${output##*"$leave"} = *"Not a directory"* ]] || fail "$(cat -v <<< "$output")"
  assert_contains "settings restored"
}

@test "^Z stops it, with the terminal as it was; it comes back" {
  running one 'exec sleep 1000'
  run on_terminal 24x80 --send 'one =\x1a' --continue "$leave=" --send "one =q" --
  assert_success
  refute_contains "never read"
  assert_equal "$(grep -o $'\e\\[?1049[hl]' <<< "$output" | tr -d '\033' | paste -sd' ')" "[?1049h [?1049l [?1049h [?1049l"
  assert_contains "settings restored"
}

@test "a table that is as wide as the terminal, after a change of its size too" {
  running "$(printf 'c%063d' 1)" 'exec sleep 1000'
  run on_terminal 24x80 --resize 'CPU%=5x30' --resize $'runni\r\n=24x200' --send 'PSI-IO=q' -- --interval 10s
  assert_success
  refute_contains "never read"
  local drawing i=0 width
  while IFS= read -r -d $'\e' drawing; do
    # ESC [ H begins a drawing, ESC [ K and ESC [ J a line.
    if [[ $drawing = '[H'* ]]; then ((++i)); fi
    width=(0 80 30 200)
    drawing=${drawing#'['[KJ]}
    ((i == 0)) || ((${#drawing} <= ${width[i]:-200} + 1)) || fail "drawing $i: ${#drawing} characters: $drawing"
  done <<< "$output"
  assert_equal "$i" 3
  assert_matches $'\n\e''\[Jc0+\+ +running +-'
  assert_equal "$(words "$(screen | sed -n 2p)")" "$titles"
}

@test "more containers than lines" {
  local i
  for i in 1 2 3 4 5; do running "c$i" 'exec sleep 1000'; done
  run on_terminal 4x80 --send 'c2=q' -- --interval 10s
  assert_success
  assert_contains "5 containers, 5 running"
  assert_equal "$(screen | grep -c '^c')" 2
  # No newline behind the last line, which would scroll.
  assert_equal "$(screen | wc -l)" 4
  local size
  for size in 1x80 2x5 1x1 3x1; do
    run on_terminal $size --send $'\e[J=q' -- --interval 10s
    assert_success
    assert_equal "$size: $(screen | wc -l)" "$size: ${size%x*}"
  done
}

@test "live: containers come and go" {
  running one 'exec sleep 1000'
  run on_terminal 24x80 --run "1 container,='$BERTH' --root '$BATS_TEST_TMPDIR/state' delete --force one" --send '0 containers,=q' -- --interval 50ms
  assert_success
  refute_contains "never read"
}

@test "a terminal that knows no escapes gets tables" {
  running one 'exec sleep 1000'
  TERM=dumb run on_terminal 24x80 --send 'one =' --send 'one =\x03' -- --interval 20ms
  assert_failure 130
  refute_contains $'\e'
  assert_matches "NET-IN.*"$'\n'".*NET-IN"
}

@test "keys are only read from a terminal" {
  running one 'exec sleep 1000'
  run python3 "$top/tests/lib/on_terminal.py" 24x80 --send 'CPU% 0=\x03' -- \
    bash -c 'exec "$0" "$@" < /dev/null' "$BERTH" --root "$BATS_TEST_TMPDIR/state" top --interval 100ms 3>&-
  assert_success
  assert_contains "$leave"$'\nsettings restored'
}
