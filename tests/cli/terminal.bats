#!/usr/bin/env bats
# Terminals: the caller's, and those of engines.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # the container's variables; bats' subshells; variables of common.bash
load ../lib/common

on_terminal() { # ROWSxCOLUMNS [ACTION...] -- BERTH-ARGUMENT...
  local before=()
  while [[ $1 != -- ]]; do before+=("$1"); shift; done
  shift
  python3 "$top/tests/lib/on_terminal.py" "${before[@]}" -- "$BERTH" --root "$BATS_TEST_TMPDIR/state" "$@" 3>&-
}

@test "run: the workload has a terminal of the caller's size, and the caller's settings come back" {
  bundle one
  config '.process.terminal = true'
  script 'test -t 0 && test -t 1 && test -t 2 && tty; stty size; exit 4'
  run on_terminal 31x97 -- run --bundle "$bundle" one
  assert_failure 4
  assert_line "31 97"
  assert_matches '/dev/(pts/0|console)'
  assert_line "settings restored"
}

@test "run: the terminal has its size when the workload starts" {
  bundle one
  config '.process.terminal = true | .process.args = ["stty", "size"]'
  for _ in {1..10}; do
    run on_terminal 31x97 -- run --bundle "$bundle" one
    assert_line "31 97"
  done
}

@test "run: the configuration's console size is for callers without a terminal" {
  bundle one
  config '.process.terminal = true | .process.consoleSize = {height: 11, width: 22}'
  script 'stty size'
  run berth run --bundle "$bundle" one < /dev/null
  assert_success
  assert_contains "11 22"
}

@test "run: what is typed reaches the workload, control characters too" {
  bundle one
  config '.process.terminal = true'
  # Not while it reads: a signal just before that would be told of only after a line.
  script 'trap "got=1" INT; echo ready; until [ "$got" ]; do sleep 0.02; done; echo interrupted; read -r line; echo "line: $line"'
  run on_terminal 24x80 --send 'ready=\x03' --send 'interrupted=hello\n' -- run --bundle "$bundle" one
  assert_contains interrupted
  assert_line "line: hello"
  assert_line "settings restored"
}

@test "run: a new size of the caller's terminal reaches the workload" {
  bundle one
  config '.process.terminal = true'
  script 'trap "stty size; exit 0" WINCH; echo ready; while :; do sleep 0.02; done'
  run on_terminal 24x80 --resize ready=40x100 -- run --bundle "$bundle" one
  assert_success
  assert_line "40 100"
}

@test "run: the settings come back when the workload is killed, and when berth is told to end" {
  bundle one
  config '.process.terminal = true'
  script 'exec sleep 1000'
  on_terminal 24x80 -- run --bundle "$bundle" one > "$BATS_TEST_TMPDIR/out" 2>&1 &
  local job=$! ended=0
  wait_until eval 'grep -qx sleep "/proc/$(pid_of one)/comm"'
  berth kill one KILL
  wait $job || ended=$?
  assert_equal "$ended $(grep -x 'settings restored' "$BATS_TEST_TMPDIR/out")" '137 settings restored'
  script 'trap "exit 6" TERM; echo ready; while :; do sleep 0.02; done'
  run on_terminal 24x80 --signal ready=15 -- run --bundle "$bundle" one
  assert_failure 6
  assert_line "settings restored"
}

@test "run: all output arrives, also a lot at the end" {
  bundle one
  config '.process.terminal = true'
  script 'seq 20000'
  run on_terminal 24x80 -- run --bundle "$bundle" one
  assert_success
  assert_equal "$(grep -cE '^[0-9]+$' <<< "$output")" 20000
  assert_line 20000
}

@test "run and exec: a pipe gets the line ends that the workload wrote, a terminal those of one" {
  bundle one
  config '.process.terminal = true'
  script 'printf "one\ntwo\n"'
  run berth run --bundle "$bundle" one < /dev/null
  assert_output $'one\ntwo'
  script 'stty -a | grep -oE "[^ ]*onlcr"'
  run on_terminal 24x80 -- run --bundle "$bundle" one
  assert_line onlcr
  script 'sleep 1000'
  receive_terminal
  berth create --bundle "$bundle" --console-socket "$socket" one
  berth start one
  run berth exec --tty one printf 'three\nfour\n' < /dev/null
  assert_output $'three\nfour'
}

@test "run: the container closes its console, and opens it again later" {
  bundle one
  config '.process.terminal = true'
  script 'exec < /dev/null > /dev/null 2>&1; for i in 1 2 3; do sleep 0.2; echo "time $i" > /dev/console; done'
  run on_terminal 24x80 -- run --bundle "$bundle" one
  assert_success
  assert_contains 'time 3'
  assert_contains 'time 1'
}

@test "exec --tty: a terminal of the caller's size, on stdin, stdout and stderr" {
  bundle one
  script 'sleep 1000'
  start_new one
  run on_terminal 31x97 -- exec --tty one sh -c 'test -t 0 && test -t 1 && test -t 2 && stty size; echo pts: $(ls /dev/pts); exit 3'
  assert_failure 3
  assert_line "31 97"
  assert_line "settings restored"
  assert_line 'pts: 0 ptmx'
  run on_terminal 31x97 -- exec one sh -c 'echo pts: $(ls /dev/pts)'
  assert_line 'pts: ptmx'
}

@test "exec without --tty has no terminal, though the container has" {
  bundle one
  config '.process.terminal = true'
  script 'sleep 1000'
  receive_terminal
  berth create --bundle "$bundle" --console-socket "$socket" one
  berth start one
  run berth exec one sh -c 'test -t 1 || echo none' < /dev/null
  assert_output none
}

# An engine's console socket: prints the name that comes with the terminal, then what is read from it.
receive_terminal() {
  socket=$BATS_TEST_TMPDIR/console
  python3 - "$socket" > "$BATS_TEST_TMPDIR/received" 3>&- << 'EOF' &
import array, os, socket, sys
server = socket.socket(socket.AF_UNIX)
server.bind(sys.argv[1] + ".new")
server.listen(1)
os.rename(sys.argv[1] + ".new", sys.argv[1])
client, _ = server.accept()
data, control, _, _ = client.recvmsg(256, socket.CMSG_SPACE(4))
print(data.decode(), flush=True)
master = array.array("i", control[0][2][:4])[0]
try:
    while True:
        sys.stdout.write(os.read(master, 4096).decode().replace("\r", ""))
        sys.stdout.flush()
except OSError:
    pass
EOF
  wait_until test -S "$socket"
}

@test "--console-socket: an engine gets the terminal" {
  bundle one
  config '.process.terminal = true'
  script 'echo hello from inside; sleep 1000'
  receive_terminal
  run berth create --bundle "$bundle" --console-socket "$socket" one
  assert_success
  berth start one
  wait_until grep -qx "hello from inside" "$BATS_TEST_TMPDIR/received"
  run head -n1 "$BATS_TEST_TMPDIR/received"
  assert_matches "^/dev/"
}

@test "exec --console-socket: an engine gets the terminal" {
  bundle one
  script 'sleep 1000'
  start_new one
  receive_terminal
  run berth exec --tty --detach --console-socket "$socket" one sh -c 'echo hello; sleep 1000'
  assert_success
  wait_until grep -qx hello "$BATS_TEST_TMPDIR/received"
}

@test "a terminal without anybody to have it is refused" {
  bundle one
  config '.process.terminal = true'
  run berth create --bundle "$bundle" one
  assert_error console-socket
  run berth run --detach --bundle "$bundle" one
  assert_error console-socket
  run berth create --bundle "$bundle" --console-socket /nowhere one
  assert_error /nowhere
  assert_equal "$(berth list -q)" ""
  config '.process.terminal = false'
  run berth create --bundle "$bundle" --console-socket /nowhere one
  assert_error terminal
}
