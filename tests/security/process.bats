#!/usr/bin/env bats
# The runtime's process that has entered a container, which hostile processes can see there.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # the container's variables; bats' subshells; variables of common.bash
load helper

attacker() { # ID WATCH-OR-HOLD
  install_attack
  args attack "$2"
  start_new "$1"
}

# Waits until the attacker of container ID has tried everything on a process of the runtime, and lets it end.
let_try() { # ID
  wait_until grep -q '^tried berth' "$BATS_TEST_TMPDIR/$1.log"
  sleep 0.2
  touch "$BATS_TEST_TMPDIR/$1/rootfs/stop"
}

got_nothing() { # ID
  run log_of "$1"
  assert_line 'saw berth'
  refute_contains 'got '
}

# An exec that stays in the container, half made, until unblock.
half_exec() { # ID
  block_socket
  berth_background exec --pidfd-socket "$blocked" "$1" true < /dev/null > /dev/null 2>&1
}

# A filter that without no_new_privs takes CAP_SYS_ADMIN.
privileged_filter() {
  config '.process.noNewPrivileges = false |
    .linux.seccomp = { defaultAction: "SCMP_ACT_ALLOW", syscalls: [{ names: ["mknod"], action: "SCMP_ACT_ERRNO" }] }'
}

@test "CVE-2016-9962: root of a user namespace, with every capability there, cannot reach into exec" {
  bundle one
  user_namespace
  capabilities all
  attacker one watch
  half_exec one
  let_try one
  unblock
  got_nothing one
}

# Then the kernel itself does not hide what changes its ids, and half way the process is still the host's root.
@test "CVE-2016-9962: the same where the user namespace has no id 0" {
  bundle one
  user_namespace
  capabilities all
  config '.linux.uidMappings[].containerID = 1000 | .linux.gidMappings = .linux.uidMappings | .process.user = { uid: 1000, gid: 1000 } |
    .process.capabilities |= (.ambient = .effective | .inheritable = .effective) | .mounts |= map(select(.destination == "/proc"))'
  # Without an id 0 nothing can be made.
  touch "$bundle"/rootfs/dev/{null,zero,full,random,urandom,tty}
  ln -s /proc/self/fd "$bundle/rootfs/dev/fd"
  touch "$bundle"/rootfs/dev/{stdin,stdout,stderr,core,ptmx}
  attacker one watch
  half_exec one
  let_try one
  unblock
  got_nothing one
}

@test "CVE-2016-9962: nor can root with what engines give it, though it stops the process" {
  bundle one
  attacker one hold
  half_exec one
  let_try one
  unblock
  got_nothing one
}

# Its privileges are the container's by now, so that nothing but PR_SET_DUMPABLE protects it. It looks for its program in very many places.
@test "CVE-2016-9962: nor when the process has all of its attributes and looks for its program" {
  bundle one
  local i
  for i in {1..30}; do ln -s "/link$((i + 1))" "$bundle/rootfs/link$i"; done
  ln -s bin "$bundle/rootfs/link31"
  attacker one watch
  jq '.process | .args = ["none"] | .env = ["PATH=" + "/link1/x:" * 100000]' "$bundle/config.json" > "$BATS_TEST_TMPDIR/process.json"
  for i in {1..300}; do
    berth exec --process "$BATS_TEST_TMPDIR/process.json" one > /dev/null 2>&1 || :
    # At a time when it was looked for.
    if ((i >= 3)) && grep -q '^tried berth' "$BATS_TEST_TMPDIR/one.log"; then break; fi
  done
  let_try one
  got_nothing one
}

# The same holds for it.
@test "CVE-2016-9962: nor into an init that waits to be started, of another container in the same pid namespace" {
  bundle one
  attacker one watch
  bundle two
  config '.linux.namespaces |= map(if .type == "pid" then .path = $path else . end)' --arg path "/proc/$(pid_of one)/ns/pid"
  create two
  let_try one
  got_nothing one
}

@test "a host's pid namespace shows the runtime too, and gives nothing of it away" {
  bundle one
  config '.linux.namespaces |= map(select(.type != "pid"))'
  user_namespace
  capabilities all
  attacker one watch
  bundle two
  user_namespace
  config '.linux.namespaces |= map(select(.type != "pid"))'
  create two
  half_exec one
  let_try one
  unblock
  got_nothing one
}

# CAP_SYS_PTRACE over the host's user namespace opens every process that is seen: there it must find nothing of the host's.
@test "CAP_SYS_PTRACE: what has entered for exec has neither descriptors nor capabilities of the host's" {
  bundle one
  capabilities SYS_PTRACE
  privileged_filter
  attacker one watch
  half_exec one
  wait_until grep -q 'got fd/0' "$BATS_TEST_TMPDIR/one.log" # it is traced indeed
  let_try one
  unblock
  run log_of one
  assert_line 'saw berth'
  assert_equal "$(grep '^sees /' <<< "$output" | sort -u)" 'sees /dev/null'
  # CHOWN, DAC_OVERRIDE, SETGID, SETUID, SETPCAP, which most containers have; and its own.
  assert_equal "$(grep '^sees Cap' <<< "$output" | sort -u)" $'sees CapPrm:\t00000000000801c3'
}

# What the kernel says of the process that an exec in container "one" has made, before that has done anything.
of_newborn() { # ARG...: of exec
  local init pid
  rm -f "$BATS_TEST_TMPDIR"/{held,go}
  held setsid exec "$@" > "$BATS_TEST_TMPDIR/out" 2>&1 < /dev/null
  wait_until held_up
  init=$(pid_of one)
  for pid in $(< "$(cgroup_of one)/cgroup.procs"); do
    if ((pid != init)); then output=$(grep -E '^(CapPrm|NSpid|Seccomp_filters):' "/proc/$pid/status"); fi
  done
  let_go
  status=0
  wait $! || status=$?
}

# Every other call ends the process: what is not in the table, and called before the filter would else be set, would show here.
@test "the filter is in place when exec's process is born, and lets it come as far as without" {
  bundle one
  install_probe
  local early later
  early=$(sed -nE 's/^\t\{ SYS_([a-z0-9_]+), [A-Z_]+ \},$/\1/p' "$top/runtime/process.c")
  [[ $early = *setsid*prctl ]]
  # What is called under the filter anyway, and by the workload.
  later='capset prctl setgroups setresgid setresuid chdir getcwd stat faccessat faccessat2 rt_sigprocmask execve
    arch_prctl set_tid_address brk mmap munmap mprotect writev pause ppoll ioprio_get'
  config '.process.noNewPrivileges = false | .process.env += ["HOME=/"] | .linux.seccomp = { defaultAction: "SCMP_ACT_KILL_PROCESS", syscalls: [
      { names: ($names | split("\\s+"; null)), action: "SCMP_ACT_ALLOW" },
      { names: ["clone"], action: "SCMP_ACT_ALLOW", args: [{ index: 0, value: 2114060288, valueTwo: 0, op: "SCMP_CMP_MASKED_EQ" }] }] }' \
    --arg names "$early $later"
  args probe same 1
  start_new one
  of_newborn one probe ioprio
  assert_equal "$status $(< "$BATS_TEST_TMPDIR/out")" '0 class 0 priority 0'
  assert_line $'Seccomp_filters:\t2' # that of held is the first
  local capabilities
  capabilities=$(value CapPrm:)
  (((0x$capabilities >> 21 & 1) == 0))
  # All that can be asked for.
  jq '.process | .args = ["probe", "ioprio"] | .user.uid = 1000 | .rlimits = [{ type: "RLIMIT_NPROC", soft: 77, hard: 88 }] |
    .ioPriority = { class: "IOPRIO_CLASS_BE", priority: 6 } | .scheduler = { policy: "SCHED_IDLE", nice: 5 } |
    .execCPUAffinity = { initial: "0", final: "0" }' "$bundle/config.json" > "$BATS_TEST_TMPDIR/process"
  of_newborn --tty --process "$BATS_TEST_TMPDIR/process" one
  assert_equal "$status $(< "$BATS_TEST_TMPDIR/out")" '0 class 2 priority 6'
  assert_line $'Seccomp_filters:\t2'
}

@test "a filter that does not let the process of an exec come so far is set later" {
  bundle one
  local call
  script 'exec sleep 1000'
  for call in setsid clone; do
    config '.process.noNewPrivileges = false |
      .linux.seccomp = { defaultAction: "SCMP_ACT_ALLOW", syscalls: [{ names: [$call], action: "SCMP_ACT_KILL_PROCESS" }] }' --arg call $call
    start_new one
    of_newborn one grep Seccomp_filters /proc/self/status
    assert_line $'Seccomp_filters:\t1'
    assert_equal "$status $(< "$BATS_TEST_TMPDIR/out")" $'0 Seccomp_filters:\t2'
    berth delete --force one
  done
}

@test "a filter that only says that capabilities are gone does not keep those of the host in exec's process" {
  bundle one
  script 'exec sleep 1000'
  config '.process.noNewPrivileges = false |
    .linux.seccomp = { defaultAction: "SCMP_ACT_ALLOW", syscalls: [{ names: ["capset"], action: "SCMP_ACT_ERRNO", errnoRet: 0 }] }'
  start_new one
  of_newborn one true
  local capabilities
  capabilities=$(value CapPrm:)
  # SYS_MODULE, which neither the container has nor the way to it needs.
  (((0x$capabilities >> 16 & 1) == 0)) || fail "$output"
}

# The same where another container's process is made: what builds it is not in there, however long that takes.
@test "CAP_SYS_PTRACE: what is made in a shared pid namespace comes there with nothing of the host's" {
  local point
  proc_of_other_pids || skip "before Linux 6.17 a procfs shows its maker's pid namespace only"
  for point in createRuntime prestart; do
    bundle $point
    capabilities SYS_PTRACE
    attacker $point watch
    bundle joins-$point
    privileged_filter
    # HOME: else the container's own /etc/passwd may be seen open.
    config '.linux.namespaces |= map(if .type == "pid" then .path = $path else . end) | .process.env += ["HOME=/"] |
      .hooks[$point] = [{ path: "/bin/sleep", args: ["sleep", "0.5"] }]' \
      --arg path "/proc/$(pid_of $point)/ns/pid" --arg point $point
    create joins-$point
    let_try $point
    run log_of $point
    assert_line 'saw berth'
    assert_line 'got fd/0' # it is traced indeed
    assert_equal "$(grep '^sees /' <<< "$output" | sed 's/ (deleted)//' | sort -u)" "sees $(printf '%s\n' /dev/null \
      "$BATS_TEST_TMPDIR"/{joins-$point.log,state/joins-$point/{result,start}.fifo} | sort | sed '2,$s/^/sees /')"
    assert_equal "$(grep '^sees Cap' <<< "$output" | sort -u)" $'sees CapPrm:\t00000000a80425fb'
  done
}

@test "while what was made in a shared pid namespace is being made known, its container is being created" {
  proc_of_other_pids || skip "before Linux 6.17 a procfs shows its maker's pid namespace only"
  bundle one
  script 'exec sleep 1000'
  start_new one
  bundle two
  block_socket
  config '(.linux.namespaces[] | select(.type == "pid")).path = $path | .hooks.createRuntime = [{ path: "/bin/true" }] |
    .linux.seccomp = { defaultAction: "SCMP_ACT_ALLOW", listenerPath: $socket, syscalls: [{ names: ["mknod"], action: "SCMP_ACT_NOTIFY" }] }' \
    --arg path "/proc/$(pid_of one)/ns/pid" --arg socket "$blocked"
  berth_background create --bundle "$bundle" two < /dev/null > /dev/null 2>&1
  local maker=$!
  is_in() { [[ $(readlink "/proc/$(< /sys/fs/cgroup/berth-test-two/cgroup.procs)/ns/pid") = "$(readlink "/proc/$(pid_of one)/ns/pid")" ]]; }
  wait_until is_in
  sleep 0.2
  assert_equal "$(status_of two)" creating
  run berth delete two
  assert_failure
  unblock
  wait $maker || :
  berth delete --force two
}

@test "exec into a container with a joined mount namespace stays in the container's root" {
  bundle one
  secret
  unshare --mount --propagation private sleep 1000 3>&- &
  local holder=$!
  wait_until test -e "/proc/$holder/ns/mnt"
  wait_until sh -c '[ "$(readlink /proc/$1/ns/mnt)" != "$(readlink /proc/self/ns/mnt)" ]' - $holder
  config '.linux.namespaces |= map(if .type == "mount" then .path = $path else . end)' --arg path "/proc/$holder/ns/mnt"
  script 'sleep 1000'
  start_new one
  run berth exec one ls "$outside"
  assert_failure 1
  run berth exec one cat /etc/passwd
  assert_output "$(< "$bundle/rootfs/etc/passwd")"
  run berth exec --cwd "$outside" one pwd
  assert_failure 255
  assert_contains /process/cwd
  kill $holder
  wait $holder || :
}
