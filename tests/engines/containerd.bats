#!/usr/bin/env bats
# containerd by its own tool, ctr.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # the container's variables; bats' subshells; variables of common.bash
load helper

image=docker.io/library/bb:latest

setup_file() {
  need_vm
  install_berth
  systemctl start containerd
  ctr images import "$(image_archive)" > /dev/null
}

setup() { need_vm; }

teardown() {
  local id
  for id in $(ctr containers list -q); do
    ctr tasks delete --force "$id" > /dev/null 2>&1 || :
    ctr containers delete "$id"
  done
}

new() { ctr run --runc-binary "$(type -P "$RUNTIME")" "$@"; } # [OPTION...] IMAGE ID CMD...
status_of_task() { ctr tasks list | awk -v id="$1" '$1 == id { print $3 }'; }
is() { [[ $(status_of_task "$1") = "$2" ]]; }
pid() { ctr tasks list | awk -v id="$1" '$1 == id { print $2 }'; }

@test "run" {
  run new --rm --env A=b --cwd /tmp --user 1000 $image one sh -c 'echo $A $(id -u) $(pwd); exit 7'
  assert_failure 7
  assert_output 'b 1000 /tmp'
  run new --rm $image one sh -c 'read line; echo $line' <<< 'from stdin' # the end of its input ctr passes on to no runtime
  assert_output 'from stdin'
  run terminal ctr run --runc-binary "$(type -P "$RUNTIME")" --rm -t $image one tty
  assert_line /dev/pts/0
  no_groups_left one
}

@test "error: no such program" {
  run new $image one nonsense
  message 'exec: "nonsense": executable file not found in $PATH' nonsense
  run new $image two /etc/passwd
  message 'exec: "/etc/passwd": is not executable' passwd
  run new --with-ns network:/nowhere $image three true
  message /nowhere
  assert_equal "$(ctr tasks list -q)" ''
}

@test "exec" {
  new -d --env A=b $image one sleep 1000
  run ctr tasks exec --exec-id e --cwd /tmp --user 1000 one sh -c 'echo $A $(id -u) $(pwd); exit 5'
  assert_failure 5
  assert_output 'b 1000 /tmp'
  run ctr tasks exec --exec-id e one nonsense
  message 'exec: "nonsense": executable file not found in $PATH' nonsense
  run terminal ctr tasks exec -t --exec-id e one tty
  assert_contains /dev/pts/
}

@test "tasks: pause, resume, ps, kill, delete" {
  new -d $image one sh -c 'trap "exit 3" TERM; while :; do sleep 0.1; done'
  wait_until grep -q 'SigCgt:.*[4567cdef]...$' "/proc/$(pid one)/status" # TERM has its trap
  ctr tasks pause one
  assert_equal "$(status_of_task one)" PAUSED
  ctr tasks resume one
  assert_equal "$(status_of_task one)" RUNNING
  run ctr tasks ps one
  assert_contains "$(pid one)"
  ctr tasks kill -s TERM one
  wait_until is one STOPPED
  run ctr tasks delete one
  assert_contains 'exit code 3'
}

@test "tasks: metrics" {
  new -d --memory-limit 67108864 --cpus 0.5 $image one sleep 1000
  run ctr tasks metrics one
  assert_matches 'memory.usage_limit +67108864'
  assert_matches 'pids.current +1'
  group=$(group_of "$(pid one)")
  assert_equal "$(cat "$group/memory.max") $(cat "$group/cpu.max")" '67108864 50000 100000'
}

# bats test_tags=long
@test "cgroups by systemd" {
  new -d --runc-systemd-cgroup --cgroup system.slice:berth-test:one --memory-limit 67108864 $image one sleep 1000
  group=$(group_of "$(pid one)")
  assert_equal "$group" /sys/fs/cgroup/system.slice/berth-test-one.scope
  assert_equal "$(cat "$group/memory.max")" 67108864
}

@test "user namespace" {
  # With maps, ctr forgets which runtime it was to use, and takes runc's name.
  mount --bind "$(type -P "$RUNTIME")" "$(type -P runc)"
  run new --rm --uidmap 0:100000:65536 --gidmap 0:100000:65536 $image one sh -c 'cat /proc/self/uid_map; touch /x && echo written'
  umount --lazy "$(type -P runc)" # it may still be running
  assert_matches ' 0 +100000 +65536'
  assert_line written
}

# bats test_tags=long
@test "privileges, seccomp, read-only, mounts" {
  run new --rm --seccomp --read-only --mount type=bind,src=/etc,dst=/srv,options=rbind:ro $image one \
    sh -c 'grep Seccomp: /proc/self/status; touch /x; cat /srv/hostname; touch /srv/x'
  assert_line $'Seccomp:\t2'
  assert_contains '/x: Read-only file system'
  assert_contains '/srv/x: Read-only file system'
  assert_line "$(hostname)"
  run new --rm --privileged $image one grep CapEff /proc/self/status
  assert_output "CapEff:"$'\t'"$(sed -n 's/CapBnd:\t//p' /proc/1/status)"
}

# bats test_tags=long
@test "checkpoint, restore" {
  new -d --memory-limit 67108864 $image one sh -c 'echo begun >> /begun; i=0; while :; do i=$((i + 1)); echo $i > /count.new; mv /count.new /count; sleep 0.1; done'
  count() { ctr tasks exec --exec-id "count$RANDOM" "$1" cat /count; } # ID
  counted() { local n; n=$(count "$1") && ((${n:-0} >= $2)); } # ID N
  wait_until counted one 3
  ctr tasks checkpoint --image-path "$BATS_TEST_TMPDIR/images" one
  is one RUNNING
  assert_file "$BATS_TEST_TMPDIR/images/inventory.img"
  before=$(count one)
  ctr containers checkpoint --image --rw --task one saved
  ctr tasks checkpoint --exit --image-path "$BATS_TEST_TMPDIR/last" one
  wait_until is one STOPPED
  ctr tasks delete one
  ctr containers delete one
  ctr containers restore --rw --live two saved
  is two RUNNING
  wait_until counted two $((before + 2))
  run ctr tasks exec --exec-id begun two cat /begun
  assert_output begun # once
}

@test "out of memory: event" {
  ctr events > "$BATS_TEST_TMPDIR/events" 2>&1 3>&- &
  events=$!
  new -d --memory-limit 16777216 $image one sh -c 'while :; do sleep 1; tail -c 100000000 /dev/zero; done'
  wait_until grep -q /tasks/oom "$BATS_TEST_TMPDIR/events"
  kill $events
}
