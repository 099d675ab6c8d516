#!/usr/bin/env bats
# bats file_tags=host-only
# What a container's process may say to its runtime, should it be somebody else's by then: CVE-2021-43784 and its kin.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # the container's variables; bats' subshells; variables of common.bash
load helper

# A container whose process waits in a hook, while its runtime listens to it; the process is then $init, the runtime $runtime.
waiting() { # BERTH-ARGUMENT...
  rm -f "$BATS_TEST_TMPDIR/pid" "$BATS_TEST_TMPDIR/log"
  timeout -s KILL 100 "$BERTH" --root "$BATS_TEST_TMPDIR/state" "$@" < /dev/null > "$BATS_TEST_TMPDIR/log" 2>&1 3>&- &
  runtime=$!
  wait_until test -s "$BATS_TEST_TMPDIR/pid"
  init=$(awk '/^PPid/ { print $2 }' "/proc/$(< "$BATS_TEST_TMPDIR/pid")/status")
}

says() { # as protocol.py, without PID; $status and $output are then the runtime's
  python3 "$top/tests/security/protocol.py" "$init" "$@" 3>&- || fail "cannot say $*" || return
  status=0
  wait "$runtime" || status=$?
  output=$(< "$BATS_TEST_TMPDIR/log")
}

setup() {
  common_setup
  bundle one
  # As seen from outside: the hook's own pid is another there.
  config '.hooks.createContainer = [{ path: "/bin/bash", args: ["bash", "-c", $text] }]' \
    --arg text "awk '/^PPid/ { print \$2 }' /proc/self/status > $BATS_TEST_TMPDIR/pid.new
      mv $BATS_TEST_TMPDIR/pid.new $BATS_TEST_TMPDIR/pid; exec sleep 1000"
  script 'touch /ran'
}

error=1 map_me=2 born=3 built=4 console=5 listener=6 inside=7 ready=8 sysctl=9 heir=10 mapped=11 network=12 start=15

refuses() { # MESSAGE...
  waiting "${command:-run}" --bundle "$bundle" one
  refuses_now "$@"
}

refuses_now() { # MESSAGE...
  says "$@"
  assert_error "the container's process" || return
  assert_matches 'out of order|Message too (large|long)' || return
  assert_status one none || return
  [[ ! -d /proc/$init ]] || fail "the process lives on" || return
  assert_missing "$bundle/rootfs/ran"
}

@test "messages out of order, unknown, with a descriptor too many or too few" {
  local kind
  for kind in 0 $map_me $mapped $network $start 16 99 4294967295; do refuses "$kind"; done
  for kind in $inside $ready $built $map_me; do refuses "$kind" FD; done
  for kind in $console $listener $born $heir; do refuses "$kind"; done
  for kind in $sysctl $born $heir; do refuses "$kind" FD NUMBER=1; done
  command=create refuses $inside
  for kind in $inside $built $console $sysctl; do
    waiting run --bundle "$bundle" one
    python3 "$top/tests/security/protocol.py" "$init" $inside 3>&-
    if [[ $kind = "$console" ]]; then refuses_now "$kind" FD; else refuses_now "$kind"; fi
  done
}

# The container shall be in the pid namespace of another, and its process thus an heir.
with_heir() {
  proc_of_other_pids || skip "before Linux 6.17 a procfs shows its maker's pid namespace only"
  bundle first
  script 'exec sleep 1000'
  start_new first
  bundle=$BATS_TEST_TMPDIR/one
  config '(.linux.namespaces[] | select(.type == "pid")).path = $path' --arg path "/proc/$(pid_of first)/ns/pid"
}

# Such a process is in the runtime's hands: it would be signalled, and told to be the container.
@test "an heir that is no child of the runtime" {
  local number
  with_heir
  for number in 0 -1 1 $$ init runtime; do
    waiting run --bundle "$bundle" one
    case $number in init) number=$init ;; runtime) number=$runtime ;; esac
    says $heir NUMBER="$number"
    assert_error 'no child of ours'
    assert_status one none
    [[ ! -d /proc/$init ]] || fail "the process lives on"
    assert_missing "$bundle/rootfs/ran"
  done
}

# Else it would have a process for the container's that is not in there, and about to end.
@test "what only an heir can say, said before there is one" {
  with_heir
  refuses $ready
  refuses $inside
  refuses $listener FD
}

@test "a terminal that nobody has asked for" {
  waiting run --bundle "$bundle" one
  says $console FD
  assert_error 'out of order'
  assert_status one none
}

@test "a terminal that nobody has asked for, from exec" {
  local pid
  config 'del(.hooks)'
  script 'exec sleep 1000'
  start_new one
  held setsid exec one true < /dev/null > "$BATS_TEST_TMPDIR/log" 2>&1
  runtime=$!
  wait_until held_up
  while read -r pid; do [[ $pid = "$(pid_of one)" ]] || init=$pid; done < "$(cgroup_of one)/cgroup.procs"
  python3 "$top/tests/security/protocol.py" "$init" $console FD 3>&-
  let_go
  status=0
  wait "$runtime" || status=$?
  output=$(< "$BATS_TEST_TMPDIR/log")
  assert_failure 255
  assert_contains 'a terminal during exec'
}

@test "parameters of a namespace that there are none for" {
  waiting run --bundle "$bundle" one
  says $sysctl
  assert_error 'none is of the IPC namespace'
  assert_status one none
  assert_missing "$bundle/rootfs/ran"
}

@test "messages that are too short or too long" {
  local size
  for size in 1 3 4 8 12 1547 1549 4096 65536 200000; do
    refuses $ready SIZE=$size
    refuses $error CODE=5 SIZE=$size
  done
}

@test "errors that are none, and texts without an end" {
  refuses $error CODE=0
  refuses $error CODE=-5
  refuses $error CODE=5 FD
  waiting run --bundle "$bundle" one
  says $error CODE=5 'TEXT=\x1b]0;title\x07\rA'
  assert_error 'A'
  ((${#output} < 2000)) || fail "$output"
  refute_contains $'\e'
  assert_equal "$(tr -d '\n' <<< "$output" | tr -d '[:print:]' | od -An -tx1 | xargs)" ''
  assert_status one none
}
