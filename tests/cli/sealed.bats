#!/usr/bin/env bats
# The program runs from a copy in memory that nobody can change (CVE-2019-5736). Take the defence out: `.sealed = false` in
# cli/cmd_create.c and cli/cmd_exec.c.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # bats' subshells; variables of common.bash
load ../lib/common

# A hook sees the runtime: its parent.
with_hook() {
  config '.hooks.createRuntime = [{path: "/bin/sh", args: ["sh", "-c", $text], env: ["PATH=/bin:/usr/bin", "OUT=\($out)"]}]' \
    --arg out "$BATS_TEST_TMPDIR/out" --arg text "$1"
}

@test "create and run are a sealed memory file" {
  bundle one
  with_hook 'readlink /proc/$PPID/exe > $OUT'
  berth run --bundle "$bundle" one
  assert_equal "$(< "$BATS_TEST_TMPDIR/out")" "/memfd:berth (deleted)"
  rm "$BATS_TEST_TMPDIR/out"
  create one
  assert_equal "$(< "$BATS_TEST_TMPDIR/out")" "/memfd:berth (deleted)"
}

@test "exec is a sealed memory file" {
  bundle one
  script 'sleep 1000'
  start_new one
  "$BERTH" --root "$BATS_TEST_TMPDIR/state" exec one sleep 500 3>&- &
  local pid=$!
  wait_until sh -c 'readlink /proc/$1/exe | grep -q memfd' - $pid
  wait_until sh -c 'berth=$1; shift; "$berth" "$@" | grep -q , ' - "$BERTH" --root "$BATS_TEST_TMPDIR/state" ps -f json one
  run python3 -c '
import os, sys, fcntl
fd = os.open(f"/proc/{sys.argv[1]}/exe", os.O_RDONLY)
seals = fcntl.fcntl(fd, 1034)
assert seals & 15 == 15, seals
try:
    os.open(f"/proc/{sys.argv[1]}/exe", os.O_RDWR)
    print("opened for writing")
except OSError as error:
    print(error.strerror)' $pid
  assert_success
  refute_contains "opened for writing"
  kill $pid
  wait $pid || :
}

@test "no variable or argument keeps the program from it" {
  bundle one
  with_hook 'readlink /proc/$PPID/exe > $OUT'
  local variable
  for variable in _LIBCRUN_SEALED=1 _LIBCONTAINER_CLONED_BINARY=1 BERTH_SEALED=1 LD_PRELOAD=/x; do
    run env "$variable" "$BERTH" --root "$BATS_TEST_TMPDIR/state" run --bundle "$bundle" one
    assert_success
    run cat "$BATS_TEST_TMPDIR/out"
    assert_output "/memfd:berth (deleted)"
  done
}

@test "arguments and environment are kept, and the process is called berth" {
  bundle one
  with_hook 'tr "\0" " " < /proc/$PPID/cmdline > $OUT; cat /proc/$PPID/comm >> $OUT; tr "\0" "\n" < /proc/$PPID/environ | grep ^MARK >> $OUT'
  MARK=here run berth run --bundle "$bundle" one
  assert_success
  assert_equal "$(< "$BATS_TEST_TMPDIR/out")" "$BERTH --root $BATS_TEST_TMPDIR/state run --bundle $bundle one berth"$'\n'"MARK=here"
}

@test "a host that forbids programs in memory is told why it does not work" {
  [[ -w /proc/sys/vm/memfd_noexec ]] || skip "this kernel has no vm.memfd_noexec"
  bundle one
  # A pid namespace has its own value, which can only grow.
  run unshare --pid --fork --mount-proc sh -c 'echo 2 > /proc/sys/vm/memfd_noexec && exec "$@"' - \
    "$BERTH" --root "$BATS_TEST_TMPDIR/state" run --bundle "$bundle" one
  assert_error "vm.memfd_noexec=2"
}

@test "the copy leaves no trace in the workload" {
  bundle one
  script 'ls -l /proc/self/fd /proc/1/fd; cat /proc/1/maps'
  run berth run --bundle "$bundle" one
  assert_success
  refute_contains memfd
}
