#!/usr/bin/env bats
# A container as a service of Type=notify: what it says at NOTIFY_SOCKET reaches the service manager, as far as it may.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # the container's variables; bats' subshells; variables of common.bash
load helper

setup() {
  common_setup
  bundle service
  cp "$(static_program notify "$top/tests/runtime/notify.c")" "$bundle/rootfs/bin/notify"
  manager "$BATS_TEST_TMPDIR/manager"
}

teardown() {
  [[ ! ${listener-} ]] || kill "$listener" || :
  common_teardown
}

manager() { # SOCKET
  log=$BATS_TEST_TMPDIR/heard
  [[ ! ${listener-} ]] || kill "$listener"
  rm -f "$log"
  python3 "$top/tests/runtime/notify.py" "$1" "$log" 3>&- &
  listener=$!
  export NOTIFY_SOCKET=$1
  wait_until test -e "$log"
}

heard() { grep -qxF -- "$1" "$log"; } # LINE

# What it says is in $log; it waits to be told with a file.
service='notify() { /bin/notify "$@"; }; go() { until [ -e "/run/$1" ]; do sleep 0.05; done; }'

@test "run: what concerns the service is handed on as long as it runs; berth is the main process" {
  script "$service"'; echo "$NOTIFY_SOCKET"; notify STATUS=loading; notify READY=1; go on; notify WATCHDOG=1; notify STOPPING=1; exit 7'
  berth_background run --bundle "$bundle" service > "$BATS_TEST_TMPDIR/out"
  local run=$! status=0
  wait_until heard READY=1
  wait_until heard "MAINPID=$run"
  : > "$bundle/rootfs/run/on"
  wait $run || status=$?
  assert_equal $status 7
  wait_until heard STOPPING=1
  assert_equal "$(grep -v '^MAINPID\|^BARRIER' "$log" | paste -sd' ')" 'STATUS=loading READY=1 WATCHDOG=1 STOPPING=1'
  assert_equal "$(< "$BATS_TEST_TMPDIR/out")" /run/notify/notify.sock
}

@test "what would act on the host in our name is not handed on" {
  script "$service"'; notify "$(printf "MAINPID=1\nFDSTORE=1\nNOTIFYACCESS=all\nBUSERROR=x\nREADY=10\nX_READY=1\nSTATUS=fine\nFDNAME=x\nBARRIER=1")"
    notify --fds 1 "$(printf "READY=1\nFDSTORE=1")"'
  run_config
  assert_success
  wait_until heard BARRIER=1 # the last
  assert_equal "$(grep -v "^MAINPID=[0-9]*$\|^BARRIER=1$" "$log" | paste -sd' ')" 'STATUS=fine READY=1'
  assert_equal "$(grep -c ^MAINPID "$log") $(grep -c ^BARRIER "$log")" '1 1'
  refute_contains MAINPID=1
}

@test "descriptors that nobody asked for, however many, and messages without end: berth keeps nothing of them" {
  # As many may be on their way as a process may have open.
  script "$service"'; ulimit -Sn "$(ulimit -Hn)"; for n in 1 2 3 16; do notify --fds $n --times 100 "STATUS=with $n"; done
    notify --times 100 "$(printf "STATUS=%05000d" 0)"; notify READY=1; go on; exit 7'
  (
    ulimit -Sn 64
    berth_background run --bundle "$bundle" service > "$BATS_TEST_TMPDIR/out" 2>&1
    local status=0
    wait_until heard READY=1
    : > "$bundle/rootfs/run/on"
    wait $! || status=$?
    assert_equal $status 7
  )
  assert_equal "$(< "$BATS_TEST_TMPDIR/out")" ''
  assert_status service none
  assert_equal "$(sort -u "$log" | grep STATUS)" 'STATUS=with 1'
}

@test "start and a detached run return once it is ready, and can be deleted before" {
  script "$service"'; notify "$(printf "STATUS=%05000d" 0)"; : > /run/up; go on; notify READY=1; exec sleep 1000'
  create service
  berth_background start service
  local start=$!
  wait_until test -e "$bundle/rootfs/run/up"
  assert_status service running
  kill -0 $start
  assert_equal "$(cat "$log")" ''
  : > "$bundle/rootfs/run/on"
  wait $start
  wait_until heard "MAINPID=$(pid_of service)"
  delete_all service
  rm "$bundle"/rootfs/run/{on,up}
  berth_background run --detach --bundle "$bundle" service < /dev/null > /dev/null 2>&1
  start=$!
  wait_until test -e "$bundle/rootfs/run/up"
  kill -0 $start
  delete_all service
  wait $start
}

@test "start: one that ends unready is no error, nor a reason to wait" {
  script 'true'
  create service
  run berth start service
  assert_success
  wait_until is service stopped
  assert_equal "$(cat "$log")" ''
}

@test "the manager's own socket is out of reach, and the container's cannot be exchanged" {
  script 'ls /run/notify; touch /run/notify/x || echo "not written"; rm /run/notify/notify.sock || echo "not removed"; echo "${NOTIFY_SOCKET}"'
  config '.process.env += ["NOTIFY_SOCKET=/bogus"]'
  run_config
  assert_line notify.sock
  assert_line 'not written'
  assert_line 'not removed'
  assert_line /run/notify/notify.sock
  refute_contains "$BATS_TEST_TMPDIR/manager"
}

@test "another user, in a user namespace, with an abstract socket and with one whose path is long" {
  local long
  # Whose root may make nothing in the image.
  mkdir -p "$bundle/rootfs/run/notify"
  config '.linux.namespaces += [{ type: "user" }] | .linux.uidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }]
    | .linux.gidMappings = .linux.uidMappings | .process.user = { uid: 1000, gid: 1000 }'
  manager "@berth-test-$$"
  run_inside 'notify READY=1'
  assert_success
  wait_until heard READY=1
  long=$BATS_TEST_TMPDIR/$(printf '%0100d' 0)
  mkdir "$long"
  # As systemd's, who binds by a shorter path.
  cd "$long"
  manager ./socket
  cd /
  NOTIFY_SOCKET=$long/socket
  run_inside 'notify READY=1'
  assert_success
  wait_until heard READY=1
}

@test "no manager there: an error before anything runs; without NOTIFY_SOCKET nothing is mounted" {
  NOTIFY_SOCKET=$BATS_TEST_TMPDIR/none
  script 'echo it runs'
  run_config
  assert_error "NOTIFY_SOCKET: connect to $NOTIFY_SOCKET: No such file or directory"
  refute_contains 'it runs'
  create service
  run berth start service
  assert_error "NOTIFY_SOCKET: connect to $NOTIFY_SOCKET"
  assert_status service created
  delete_all service
  unset NOTIFY_SOCKET
  run_inside 'echo "${NOTIFY_SOCKET-none}"; grep -c notify /proc/mounts'
  assert_output $'none\n0'
  # Only start has one: the container was not made for it.
  create service
  NOTIFY_SOCKET=$BATS_TEST_TMPDIR/manager run berth start service
  assert_error 'NOTIFY_SOCKET: the container was created without one'
  assert_status service created
}
