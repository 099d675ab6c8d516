#!/usr/bin/env bats
# The caller's terminal: nothing of the container's types into it, and its settings come back on every way out.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # the container's variables; bats' subshells; variables of common.bash
load helper

on_terminal() { # [--when TEXT=SIGNAL] -- BERTH-ARGUMENT...
  local when=()
  while [[ $1 != -- ]]; do when+=("$1"); shift; done
  shift
  python3 "$top/tests/security/terminal.py" "${when[@]}" -- "$BERTH" --root "$BATS_TEST_TMPDIR/state" "$@" 3>&- < /dev/null
}

nothing_typed() { # STATUS
  assert_line "status $1" || return
  assert_line 'typed ' || return
  refute_contains 'got '
}

setup() {
  common_setup
  bundle one
  install_attack
}

# TIOCSTI is for the terminal of one's session: a workload that stayed in the caller's session would have it.
@test "TIOCSTI: run, with the caller's terminal as its streams" {
  script 'test -t 0 && test -t 1 && echo terminal; attack tty "echo attacked"; true'
  run on_terminal -- run --bundle "$bundle" one
  assert_line terminal
  nothing_typed 0
}

@test "TIOCSTI: exec, by the caller's terminal, as root and as another" {
  script 'sleep 1000'
  start_new one
  local user
  for user in 0:0 1000:1000; do
    run on_terminal -- exec --user $user one sh -c 'test -t 0 && echo terminal; attack tty "echo attacked"; true'
    assert_line terminal
    nothing_typed 0
  done
}

@test "TIOCSTI: hooks of the container's, and what stays behind" {
  config '.hooks.startContainer = [{ path: "/bin/attack", args: ["attack", "tty", "echo attacked"] }]'
  script 'while :; do attack tty "echo attacked"; done & test -t 0 && echo terminal; attack tty "echo attacked"; exit 0'
  run on_terminal -- run --bundle "$bundle" one
  assert_line terminal
  nothing_typed 0
}

# There the input is the container's own, and stays there.
@test "TIOCSTI: with a terminal of the container's, for run and for exec" {
  script 'tty; attack tty "echo attacked" | grep -v "^got"; true'
  config '.process.terminal = true'
  run on_terminal -- run --bundle "$bundle" one
  assert_matches '/dev/(pts/0|console)'
  nothing_typed 0
  config '.process.terminal = false'
  script 'sleep 1000'
  start_new one
  run on_terminal -- exec --tty one sh -c 'tty; attack tty "echo attacked" | grep -v "^got"; true'
  nothing_typed 0
}

@test "the settings come back: the workload ends, is killed, cannot be run" {
  config '.process.terminal = true'
  script 'echo ready; exit 3'
  run on_terminal -- run --bundle "$bundle" one
  assert_line 'settings restored'
  nothing_typed 3
  script 'echo ready; kill -9 $$'
  run on_terminal -- run --bundle "$bundle" one
  assert_line 'settings restored'
  # The first process of a pid namespace is not killed from inside.
  args none
  run on_terminal -- run --bundle "$bundle" one
  assert_line 'settings restored'
  nothing_typed 1
}

# SIGKILL and SIGSEGV leave berth no time to do it itself.
@test "the settings come back: berth is killed" {
  config '.process.terminal = true'
  local signal
  for signal in 9 11; do
    script 'stty -echo; echo ready; sleep 1000'
    run on_terminal --when "ready=$signal" -- run --bundle "$bundle" one
    assert_line 'settings restored' || fail "after signal $signal"
    nothing_typed -$signal
    berth delete --force one
  done
  for signal in 15 1 2; do
    script 'trap "exit 5" TERM HUP INT; echo ready; while :; do sleep 0.05; done'
    run on_terminal --when "ready=$signal" -- run --bundle "$bundle" one
    assert_line 'settings restored' || fail "after signal $signal"
    nothing_typed 5
  done
  config '.process.terminal = false'
  script 'sleep 1000'
  start_new one
  for signal in 9 11; do
    run on_terminal --when "ready=$signal" -- exec --tty one sh -c 'echo ready; sleep 1000'
    assert_line 'settings restored' || fail "after signal $signal"
    nothing_typed -$signal
  done
}

@test "the settings come back: what the workload has started keeps its terminal" {
  script 'sleep 1000'
  start_new one
  run on_terminal -- exec --tty one sh -c 'trap "" HUP; tr "\\0" x < /dev/zero & exit 4'
  assert_line 'settings restored'
  nothing_typed 4
}
