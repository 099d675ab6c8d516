#!/usr/bin/env bats
# The life of a container: runtime.md "Lifecycle" and "Operations".
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # the container's variables; bats' subshells; variables of common.bash
load helper

setup() {
  common_setup
  bundle life
  script 'sleep 1000'
}

in_state() { # STATUS: a container "life" in it
  case $1 in
    created) create life ;;
    running) start_new life ;;
    paused) start_new life && berth pause life ;;
    stopped) start_new life && berth kill life KILL && wait_until is life stopped ;;
  esac
  assert_status life "$1"
}

@test "created, running, stopped, gone" {
  script 'trap "exit 5" TERM; echo ran; while :; do sleep 0.02; done'
  assert_status life none
  create life
  assert_status life created
  local pid
  pid=$(pid_of life)
  sleep 0.1
  assert_equal "$(< "$BATS_TEST_TMPDIR/life.log")" '' # the program has not been run
  berth start life
  assert_status life running
  assert_equal "$(pid_of life)" "$pid"
  wait_until grep -qx ran "$BATS_TEST_TMPDIR/life.log"
  berth kill life TERM
  wait_until is life stopped
  berth delete life
  assert_status life none
  assert_missing "$BATS_TEST_TMPDIR/state/life"
}

@test "state in every status" {
  config '.annotations = { "a.b": "c" }'
  local state
  for state in created running paused stopped; do
    in_state $state
    run berth state life
    assert_equal "$(jq -r '[.id, .status, .bundle, .ociVersion, .annotations["a.b"], (.pid > 0)] | map(tostring) | join(" ")' <<< "$output")" \
      "life $state $bundle 1.3.0 c $([[ $state = stopped ]] && echo false || echo true)"
    delete_all life
  done
  run berth state life
  assert_error life 'does not exist'
}

@test "the id can be used again at once" {
  for _ in 1 2 3; do
    create life
    berth start life
    delete_all life
  done
}

@test "the configuration counts as it was at create" {
  script 'echo old; echo $A; sleep 1000'
  config '.process.env += ["A=old"] | .hooks.poststop = [{ path: "/bin/true" }]'
  create life
  config '.process.args = ["false"] | .process.env = []'
  berth start life
  wait_until grep -qx old "$BATS_TEST_TMPDIR/life.log"
  run berth exec life sh -c 'echo $A'
  assert_output old
  rm "$bundle/config.json"
  run berth exec life sh -c 'echo $A'
  assert_output old
  delete_all life
}

@test "start: only what is created" {
  run berth start life
  assert_error life
  local state
  for state in running paused stopped; do
    in_state $state
    run berth start life
    assert_error
    assert_status life $state
    delete_all life
  done
}

@test "start: two at the same time, one wins" {
  script 'echo ran; sleep 1000'
  create life
  berth start life > "$BATS_TEST_TMPDIR/1" 2>&1 & local one=$!
  berth start life > "$BATS_TEST_TMPDIR/2" 2>&1 & local two=$!
  local won=0
  if wait $one; then won=$((won + 1)); fi
  if wait $two; then won=$((won + 1)); fi
  assert_equal $won 1
  assert_status life running
  wait_until grep -q ran "$BATS_TEST_TMPDIR/life.log"
  assert_equal "$(grep -c ran "$BATS_TEST_TMPDIR/life.log")" 1
}

@test "create: an id that is taken, in every status, and the first one stays as it is" {
  local state pid
  for state in created running paused stopped; do
    in_state $state
    pid=$(berth state life | jq .pid)
    run berth create --bundle "$bundle" life < /dev/null
    assert_error life exist
    run berth run --bundle "$bundle" life < /dev/null
    assert_error life exist
    assert_status life $state
    assert_equal "$(berth state life | jq .pid)" "$pid"
    [[ $state = stopped || -d $(cgroup_of life) ]]
    delete_all life
  done
}

@test "create: two at the same time with one id, one wins" {
  local ids=() won=0 id
  for _ in 1 2 3 4; do
    berth create --bundle "$bundle" life < /dev/null > /dev/null 2>&1 &
    ids+=($!)
  done
  for id in "${ids[@]}"; do if wait "$id"; then won=$((won + 1)); fi; done
  assert_equal $won 1
  assert_status life created
  berth start life
  assert_status life running
}

@test "kill: created, running and paused; else an error without effect" {
  run berth kill life TERM
  assert_error life 'does not exist'
  in_state created
  berth kill life KILL
  wait_until is life stopped
  run berth kill life KILL
  assert_error 'not running'
  run berth kill life 0
  assert_error 'not running'
  delete_all life
  local signal
  for signal in TERM INT HUP; do # it is process 1, and no program has been executed that could have a handler
    in_state created
    berth kill life $signal
    wait_until is life stopped
    delete_all life
  done
  in_state running
  berth kill life 0
  assert_status life running
  berth kill life # TERM has no handler in process 1
  assert_status life running
  berth kill life SIGKILL
  wait_until is life stopped
  delete_all life
  in_state paused
  berth kill life KILL
  wait_until is life stopped
}

take_number() { # process|thread NUMBER: somebody who is no container's has it, until $BATS_TEST_TMPDIR/over is there
  python3 - "$@" "$BATS_TEST_TMPDIR" 3>&- <<'E' &
import os, signal, sys, threading, time
kind, wanted, place = sys.argv[1], int(sys.argv[2]), sys.argv[3]

def stay(number):
    if number == wanted:
        open(place + "/taken", "w").close()
        while not os.path.exists(place + "/over"):
            time.sleep(0.02)

while not os.path.exists(place + "/taken"):
    with open("/proc/sys/kernel/ns_last_pid", "w") as last:
        last.write(str(wanted - 1))
    if kind == "thread":
        thread = threading.Thread(target=lambda: stay(threading.get_native_id()))
        thread.start()
        time.sleep(0.05)
    elif (child := os.fork()) == 0:
        stay(os.getpid())
        os._exit(0)
    else:
        time.sleep(0.05)
        if not os.path.exists(place + "/taken"):
            os.waitpid(child, 0)
while not os.path.exists(place + "/over"):
    time.sleep(0.02)
E
  taker=$!
  wait_until test -e "$BATS_TEST_TMPDIR/taken"
}

@test "init's number, when somebody else has it: the container has stopped, and who has it is left alone" {
  local pid type kind
  mkdir -p "$BATS_TEST_TMPDIR/state"
  for type in tmpfs ramfs; do # what outlives a boot, and may be told a later process by the time it began alone, is not tried: ramfs stands for it
    mount -t $type none "$BATS_TEST_TMPDIR/state"
    for kind in process thread; do
      start_new life
      pid=$(pid_of life)
      kill -KILL "$pid"
      wait_until assert_missing "/proc/$pid"
      take_number $kind "$pid"
      assert_status life stopped
      run berth list
      assert_matches 'life +0 +stopped '
      run berth kill life TERM
      assert_failure
      run berth exec life true
      assert_failure
      berth delete life
      assert_equal "$(sed -n 's/^Pid:[[:space:]]*//p' "/proc/$pid/status")" "$pid"
      : > "$BATS_TEST_TMPDIR/over"
      wait $taker
      rm "$BATS_TEST_TMPDIR"/{taken,over}
    done
    umount "$BATS_TEST_TMPDIR/state"
  done
}

@test "kill --all reaches every process, also of a container without a pid namespace" {
  config '.linux.namespaces |= map(select(.type != "pid"))'
  script 'sleep 1001 & sleep 1002 & sleep 1003 & wait'
  start_new life
  wait_until eval '(($(berth ps --format json life | jq length) == 4))'
  local pids pid
  pids=$(berth ps --format json life | jq -r '.[]')
  berth kill --all life KILL
  wait_until is life stopped
  for pid in $pids; do wait_until eval '! kill -0 '"$pid"; done
  delete_all life
  start_new life
  wait_until eval '(($(berth ps --format json life | jq length) == 4))'
  pids=$(berth ps --format json life | jq -r '.[]')
  delete_all life # takes all of them, too
  for pid in $pids; do wait_until eval '! kill -0 '"$pid"; done
}

@test "kill --all of one that has ended, and whose cgroup has gone with it: there is nobody left" {
  script true
  create life
  group=$(cgroup_of life)
  berth start life
  wait_until is life stopped
  wait_until rmdir "$group"
  berth kill --all life KILL
  run berth kill life KILL
  assert_error 'container not running'
  run berth kill --all none KILL
  assert_error none 'does not exist'

  # Without a cgroup of its own, others may be left of one without a pid namespace.
  berth delete life
  config '.linux.namespaces |= map(select(.type != "pid"))'
  berth --cgroup-manager disabled run --detach --bundle "$bundle" life > /dev/null
  wait_until is life stopped
  run berth kill --all life KILL
  assert_error 'container not running'
}

@test "kill KILL: init that somebody has moved out of the container's group is killed, too" {
  local how pid elsewhere=/sys/fs/cgroup/berth-test-elsewhere
  config '.linux.namespaces |= map(select(.type != "pid"))'
  mkdir "$elsewhere"
  for how in --all ''; do
    start_new life
    pid=$(pid_of life)
    echo "$pid" > "$elsewhere/cgroup.procs"
    berth kill $how life KILL
    wait_until is life stopped
    wait_until eval '! kill -0 '"$pid"
    delete_all life
  done
  wait_until rmdir "$elsewhere"
}

@test "kill --all of one whose cgroup goes meanwhile: nobody is left to be thawed" {
  start_new life
  local args=(--root "$BATS_TEST_TMPDIR/state" kill --all life URG) trace=$BATS_TEST_TMPDIR/trace call
  strace -qq -o "$trace" -e trace=openat "$BERTH" "${args[@]}"
  # The last file that is opened, and the last write, are those that thaw.
  for call in "openat:error=ENOENT:when=$(grep -c ^openat "$trace")" write:error=ENODEV:when=2; do
    run strace -qq -o /dev/null -e trace="${call%%:*}" -e inject="$call" "$BERTH" "${args[@]}"
    assert_success
    assert_output ""
    is life paused # it was tried, and failed
    berth resume life
  done
}

@test "delete: only what has stopped; --force in every status" {
  run berth delete life
  assert_error life 'does not exist'
  berth delete --force life
  local state
  for state in created running paused; do
    in_state $state
    run berth delete life
    assert_error "$state"
    assert_status life $state
    delete_all life
    assert_status life none
    assert_missing "$BATS_TEST_TMPDIR/state/life"
  done
  in_state stopped
  berth delete life
  assert_status life none
}

@test "delete: a stopped container whose descendants live on outside of its pid namespace" {
  config '.linux.namespaces |= map(select(.type != "pid"))'
  script 'sleep 1001 & sleep 0.2'
  start_new life
  wait_until is life stopped
  berth delete life
  assert_status life none
}

@test "delete: with groups and processes that the workload has made in its cgroup" {
  config '(.mounts[] | select(.type == "cgroup")).options -= ["ro"]'
  script 'cd /sys/fs/cgroup && mkdir -p a/b c && echo 1 > a/b/cgroup.procs && sleep 1001 & sleep 1002'
  start_new life
  wait_until test -d "/sys/fs/cgroup/berth-test-life/a/b"
  run berth delete life
  assert_error
  delete_all life
  assert_missing /sys/fs/cgroup/berth-test-life
}

@test "delete: two at the same time" {
  start_new life
  local one two failed=0
  berth delete --force life & one=$!
  berth delete --force life & two=$!
  wait $one || failed=1
  wait $two || failed=1
  assert_equal $failed 0
  assert_status life none
}

@test "delete: a second one when the first has not got to the directory itself" {
  start_new life
  strace -qq -o /dev/null -e signal=none -e trace=unlinkat -e inject=unlinkat:delay_enter=200000 \
    "$BERTH" --root "$BATS_TEST_TMPDIR/state" delete --force life 3>&- &
  wait_until test ! -e "$BATS_TEST_TMPDIR/state/life/state.json"
  run berth delete --force life
  assert_success
  wait $!
  assert_status life none
}

@test "delete --force while run waits for the workload" {
  script 'echo up; exec sleep 1000'
  berth_background run --bundle "$bundle" life < /dev/null > "$BATS_TEST_TMPDIR/out" 2>&1
  local pid=$! status=0
  # A status of running comes before run has started the workload.
  wait_until grep -qx up "$BATS_TEST_TMPDIR/out"
  delete_all life
  wait $pid || status=$?
  assert_equal "$status: $(< "$BATS_TEST_TMPDIR/out")" '137: up'
  assert_status life none
}

@test "pause and resume" {
  script 'while :; do echo tick; sleep 0.02; done'
  start_new life
  wait_until grep -q tick "$BATS_TEST_TMPDIR/life.log"
  berth pause life
  assert_status life paused
  grep -qx 'frozen 1' "$(cgroup_of life)/cgroup.events"
  local size
  size=$(stat -c %s "$BATS_TEST_TMPDIR/life.log")
  sleep 0.2
  assert_equal "$(stat -c %s "$BATS_TEST_TMPDIR/life.log")" "$size"
  run berth pause life
  assert_error paused
  berth resume life
  assert_status life running
  wait_until eval '(($(stat -c %s "$BATS_TEST_TMPDIR/life.log") > '"$size"'))'
  run berth resume life
  assert_error running
  delete_all life
  in_state stopped
  run berth pause life
  assert_error stopped
  run berth resume life
  assert_error stopped
  run berth pause nobody
  assert_error nobody 'does not exist'
}

@test "ps shows the container's processes" {
  script 'sleep 1001 & sleep 1002 & wait'
  start_new life
  wait_until eval '(($(berth ps --format json life | jq length) == 3))'
  run berth ps life
  assert_contains 'sleep 1001'
  assert_contains 'sleep 1002'
  assert_equal "$(berth ps --format json life | jq -c sort)" "$(jq -cs sort "$(cgroup_of life)/cgroup.procs")"
}

@test "exec in every status" {
  run berth exec life true
  assert_failure 255
  assert_contains 'does not exist'
  in_state created
  run berth exec life cat /proc/1/comm
  assert_success
  delete_all life
  in_state running
  run berth exec life sh -c 'readlink /proc/self/ns/mnt; cat /proc/self/cgroup'
  assert_success
  assert_contains "0::/"
  assert_contains "$(readlink "/proc/$(pid_of life)/ns/mnt")"
  delete_all life
  in_state paused
  run berth exec life true
  assert_failure 255
  assert_contains paused
  berth resume life
  delete_all life
  in_state stopped
  run berth exec life true
  assert_failure 255
  assert_contains stopped
}

@test "exec: what it starts is in the container's cgroup and ends with it" {
  start_new life
  berth exec --detach --pid-file "$BATS_TEST_TMPDIR/pid" life sleep 1001
  local pid
  pid=$(< "$BATS_TEST_TMPDIR/pid")
  grep -qx "$pid" "$(cgroup_of life)/cgroup.procs"
  assert_equal "$(readlink "/proc/$pid/ns/pid")" "$(readlink "/proc/$(pid_of life)/ns/pid")"
  berth kill life KILL
  wait_until eval '! kill -0 '"$pid"
}

@test "exec: init ends meanwhile" {
  start_new life
  berth_background exec life sh -c 'echo ran; exec sleep 1001' < /dev/null > "$BATS_TEST_TMPDIR/out" 2>&1
  local pid=$! status=0
  wait_until grep -qx ran "$BATS_TEST_TMPDIR/out"
  berth kill life KILL
  wait $pid || status=$?
  assert_equal $status 137
}

# strace stops `berth exec` at CALL, once it has seen that the container runs; then the container is killed.
exec_meanwhile() { # CALL CMD...: what to wait for after that
  local trace=$BATS_TEST_TMPDIR/$1.trace pid
  strace -o "$trace" -e trace="$1" -e inject="$1:signal=SIGSTOP:when=1" "$BERTH" --root "$BATS_TEST_TMPDIR/state" exec life echo ran \
    < /dev/null > "$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
  pid=$!
  wait_until grep -q 'stopped by SIGSTOP' "$trace"
  berth kill life KILL
  wait_until "${@:2}"
  kill -CONT "$(cat "/proc/$pid/task/$pid/children")"
  status=0
  wait $pid || status=$?
  output=$(< "$BATS_TEST_TMPDIR/out")
  assert_failure 255
  assert_output 'berth exec: cannot exec in a stopped container'
  wait_until is life stopped
  delete_all life
}

@test "exec: init ends before the program runs" {
  start_new life
  exec_meanwhile socketpair is life stopped
  start_new life
  # Init's end waits for that of the process which has been made.
  exec_meanwhile clone3 eval "! readlink /proc/$(pid_of life)/ns/mnt > /dev/null"
}

@test "exec: as the process of the container, unless told otherwise" {
  config '.process.user = { uid: 1000, gid: 1001, additionalGids: [5], umask: 63 } | .process.cwd = "/home" | .process.env += ["A=1"]
    | .process.rlimits = [{ type: "RLIMIT_NOFILE", soft: 55, hard: 66 }] | .process.oomScoreAdj = 200'
  start_new life
  run berth exec life sh -c 'id -u; id -g; grep Groups /proc/self/status; umask; pwd; echo $A; ulimit -n; cat /proc/self/oom_score_adj; grep -E "NoNewPrivs|CapBnd" /proc/self/status'
  assert_output $'1000\n1001\nGroups:\t5 \n0077\n/home\n1\n55\n200\nCapBnd:\t00000000a80425fb\nNoNewPrivs:\t1'
}

# The runtime dies in the middle ------------------------------------------------------

# Of `berth ARG...`, from the first call named FIRST on: each system call, and how many-eth of its name it is, as $points.
points_of() { # FIRST ARG...
  strace -qq -e signal=none -o "$BATS_TEST_TMPDIR/trace" "$BERTH" --root "$BATS_TEST_TMPDIR/state" "${@:2}" > /dev/null 2>&1 3>&- || :
  points=$(sed -nE 's/^([a-z0-9_]+)\(.*/\1/p' "$BATS_TEST_TMPDIR/trace" |
    awk -v first="$1" '{ seen[$1]++ } $1 == first { on = 1 } on && $1 != "exit_group" { print $1, seen[$1] }')
  [[ $points ]]
}

kill_at() { # SYSCALL NUMBER ARG...
  { strace -qq -o /dev/null -e signal=none -e trace="$1" -e inject="$1:signal=SIGKILL:when=$2" \
    "$BERTH" --root "$BATS_TEST_TMPDIR/state" "${@:3}" < /dev/null > "$BATS_TEST_TMPDIR/out" 2>&1 3>&- || :
  } 2> /dev/null # bash tells who was killed
}

nothing_left() { # LINE...: what to say otherwise
  all_gone "$BATS_TEST_TMPDIR/.now" || fail "$@" "$(< "$BATS_TEST_TMPDIR/.now")"
}

@test "create that is killed at any of its system calls leaves nothing that delete --force cannot clean" {
  local points stride=2 i=0 call n
  if [[ ${BERTH_VM_KERNEL-} ]]; then stride=20; fi
  points_of mkdirat create --bundle "$bundle" life # which makes the state directory first
  delete_all life
  while read -r call n; do
    ((i++ % stride == 0)) || continue
    kill_at "$call" "$n" create --bundle "$bundle" life
    run berth state life # whatever it says, it does not crash
    ((status == 0 || status == 1)) || fail "$call $n: state: $status $output"
    run berth list
    assert_success
    run berth delete --force life
    [[ $status = 0 ]] || fail "$call $n: delete --force: $output"
    assert_missing "$BATS_TEST_TMPDIR/state/life"
    nothing_left "killed at $call $n"
  done <<< "$points"
  ((i > 60)) || fail "only $i system calls: $points"
  create life # and the id is free
}

@test "create that is killed between the groups of its path: those that it has made go, too" {
  config '.linux.cgroupsPath = "/berth-test-life/a/b"'
  points_of mkdirat create --bundle "$bundle" life
  delete_all life
  kill_at mkdirat "$(grep '^mkdirat' "$BATS_TEST_TMPDIR/trace" | sed -n '/a\/b".* = 0$/=')" create --bundle "$bundle" life # the group itself, after those above it
  [[ -d /sys/fs/cgroup/berth-test-life/a && ! -d /sys/fs/cgroup/berth-test-life/a/b ]]
  berth delete --force life
  assert_missing /sys/fs/cgroup/berth-test-life
}

@test "create that is killed before it knows that its group is another's: delete --force leaves that alone" {
  start_new life
  bundle other
  config '.linux.cgroupsPath = "/berth-test-life"'
  run berth create --bundle "$bundle" other < /dev/null
  assert_error 'belongs to another'
  kill_at mkdirat 2 create --bundle "$bundle" other # the group that is there already
  assert_status other creating
  berth delete --force other
  assert_status other none
  assert_status life running
}

@test "start that is killed at any of its system calls: the program runs, or can still be started" {
  local points call n state
  script 'echo ran; sleep 1000'
  config '.hooks |= { startContainer: [{ path: "/bin/true" }], poststart: [{ path: "/bin/true" }] }'
  create life
  points_of flock start life
  delete_all life
  while read -r call n; do
    create life
    kill_at "$call" "$n" start life
    state=$(status_of life)
    if [[ $state = created ]]; then
      berth start life 2> /dev/null || is life running || fail "killed at $call $n: cannot be started again"
    fi
    wait_until grep -qx ran "$BATS_TEST_TMPDIR/life.log" || fail "killed at $call $n: $state, but the program does not run"
    assert_status life running
    delete_all life
  done <<< "$points"
}

@test "delete that is killed at any of its system calls can be done again" {
  local points call n i=0 stride=1
  if [[ ${BERTH_VM_KERNEL-} ]]; then stride=5; fi
  start_new life
  points_of flock delete --force life
  while read -r call n; do
    ((i++ % stride == 0)) || continue
    start_new life
    kill_at "$call" "$n" delete --force life
    run berth list
    assert_success
    run berth delete --force life
    [[ $status = 0 ]] || fail "killed at $call $n: $output"
    assert_missing "$BATS_TEST_TMPDIR/state/life"
    nothing_left "killed at $call $n"
  done <<< "$points"
}

@test "exec that is killed at any of its system calls leaves the container as it was, and nothing outside of it" {
  local points call n i=0 stride=4
  if [[ ${BERTH_VM_KERNEL-} ]]; then stride=30; fi
  start_new life
  points_of openat exec life true
  while read -r call n; do
    ((i++ % stride == 0)) || continue
    kill_at "$call" "$n" exec life sleep 0.1
    assert_status life running
  done <<< "$points"
  run berth exec life echo fine
  assert_output fine
  delete_all life
  nothing_left 'after all'
}
