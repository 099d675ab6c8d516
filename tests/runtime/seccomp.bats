#!/usr/bin/env bats
# System call filters as the workload feels them: config-linux.md "Seccomp".
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # the container's variables; bats' subshells; variables of common.bash
load helper

# Numbers of calls that programs can do without, and of some that they cannot.
case $(uname -m) in
  x86_64) getuid=102 getgid=104 truncate=76 mount=165 execve=59 exit_group=231 ;;
  *) getuid=174 getgid=176 truncate=45 mount=40 execve=221 exit_group=94 ;;
esac

setup() {
  common_setup
  bundle seccomp
  install_probe
}

teardown() {
  if [[ ${agent-} ]]; then kill "$agent"; wait "$agent" 2> /dev/null || :; fi
  common_teardown
}

profile() { config ".linux.seccomp = $1" "${@:2}"; } # JSON [ARG...]
# A profile of one rule for getuid, and what the call then gives.
try() { # RULE: its fields but names
  profile '{ defaultAction: "SCMP_ACT_ALLOW", syscalls: [{ names: ["getuid"] } + '"$1"'] }'
  run_args probe "${2:-syscall}" $getuid "${@:3}"
}

@test "the filter is there, and exactly one" {
  profile '{ defaultAction: "SCMP_ACT_ALLOW", syscalls: [{ names: ["getuid"], action: "SCMP_ACT_ERRNO" }] }'
  run_args grep Seccomp /proc/self/status
  assert_output $'Seccomp:\t2\nSeccomp_filters:\t1'
  config 'del(.linux.seccomp)'
  run_config
  assert_output $'Seccomp:\t0\nSeccomp_filters:\t0'
}

@test "actions: ERRNO, with and without errnoRet" {
  try '{ action: "SCMP_ACT_ERRNO" }'
  assert_output 'errno 1'
  try '{ action: "SCMP_ACT_ERRNO", errnoRet: 38 }'
  assert_output 'errno 38'
  try '{ action: "SCMP_ACT_ERRNO", errnoRet: 0 }'
  assert_output 'ok 0'
}

@test "actions: ALLOW, LOG" {
  try '{ action: "SCMP_ACT_ALLOW" }'
  assert_output 'ok 0'
  try '{ action: "SCMP_ACT_LOG" }'
  assert_output 'ok 0'
}

@test "actions: KILL, KILL_THREAD, KILL_PROCESS end the workload with SIGSYS" {
  local action
  for action in KILL KILL_THREAD KILL_PROCESS; do
    try "{ action: \"SCMP_ACT_$action\" }"
    assert_equal "$action: $status $output" "$action: 159 "
  done
}

@test "a filter under which nothing goes, not even to end: an error or a signal, and nobody runs on" {
  local log=$BATS_TEST_TMPDIR/log no_new action expected
  # With noNewPrivileges the filter is the last step, which nobody can be told of: that is the workload's end.
  while read -r no_new action expected; do
    profile '{ defaultAction: $action, syscalls: [] } | .process.noNewPrivileges = $no_new' --arg action "SCMP_ACT_$action" --argjson no_new "$no_new"
    [[ $expected != 132 || $(uname -m) != aarch64 ]] || expected=133 # SIGILL there is SIGTRAP
    # Whoever ran on would have bats' descriptors.
    status=0
    timeout --kill-after 1 60 "$BERTH" --root "$BATS_TEST_TMPDIR/state" run --bundle "$bundle" one < /dev/null > "$log" 2>&1 3>&- || status=$?
    assert_equal "$no_new $action: $status" "$no_new $action: $expected"
    ((expected > 1)) || grep -q 'during creation (does /linux/seccomp allow what a start needs?)' "$log" || fail "$(< "$log")"
    assert_missing "$BATS_TEST_TMPDIR/state/one"
  done << END
false ERRNO 1
false KILL_PROCESS 1
true ERRNO $((128 + 4))
true KILL_PROCESS $((128 + 31))
END
}

@test "actions: TRAP raises SIGSYS, TRACE without a tracer is ENOSYS" {
  try '{ action: "SCMP_ACT_TRAP" }' trap
  assert_matches '^SIGSYS'
  try '{ action: "SCMP_ACT_TRACE" }'
  assert_output 'errno 38'
  try '{ action: "SCMP_ACT_TRACE", errnoRet: 5 }'
  assert_output 'errno 38'
}

@test "actions that take no errno, and values that are none, are errors" {
  local action
  for action in ALLOW KILL KILL_PROCESS KILL_THREAD TRAP LOG; do
    try "{ action: \"SCMP_ACT_$action\", errnoRet: 5 }"
    assert_error /linux/seccomp/syscalls/0/errnoRet
  done
  try '{ action: "SCMP_ACT_BOGUS" }'
  assert_error /linux/seccomp/syscalls/0/action SCMP_ACT_BOGUS
  profile '{ defaultAction: "SCMP_ACT_ALLOW", defaultErrnoRet: 5 }'
  refused /linux/seccomp/defaultErrnoRet
  profile '{ syscalls: [] }'
  refused /linux/seccomp defaultAction
  profile '{ defaultAction: "SCMP_ACT_ALLOW", syscalls: [{ names: [], action: "SCMP_ACT_ERRNO" }] }'
  refused /linux/seccomp/syscalls/0/names
  profile '{ defaultAction: "SCMP_ACT_ALLOW", flags: ["SECCOMP_FILTER_FLAG_BOGUS"] }'
  refused /linux/seccomp/flags/0 BOGUS
  profile '{ defaultAction: "SCMP_ACT_ALLOW", architectures: ["SCMP_ARCH_BOGUS"] }'
  refused /linux/seccomp/architectures/0 BOGUS
}

# What a program of this size without libc's start-up needs, and not one more.
allowed='["execve", "arch_prctl", "set_tid_address", "ioctl", "writev", "exit_group", "rt_sigreturn"]'

@test "a profile that names what is allowed: the default action is for all else" {
  profile '{ defaultAction: "SCMP_ACT_ERRNO", defaultErrnoRet: 99, syscalls: [{ names: '"$allowed"', action: "SCMP_ACT_ALLOW" }] }'
  run_args probe syscall $getuid
  assert_output 'errno 99'
  profile '{ defaultAction: "SCMP_ACT_ERRNO", syscalls: [{ names: '"$allowed"', action: "SCMP_ACT_ALLOW" }] }'
  run_args probe syscall $getuid
  assert_output 'errno 1'
  profile '{ defaultAction: "SCMP_ACT_KILL_PROCESS", syscalls: [{ names: '"$allowed"', action: "SCMP_ACT_ALLOW" }] }'
  run_args probe syscall $getuid
  assert_equal "$status" 159
  run_args probe syscall $exit_group 7
  assert_equal "$status" 7
}

@test "a profile without close_range, as engines had for years" {
  profile '{ defaultAction: "SCMP_ACT_ALLOW", syscalls: [{ names: ["close_range", "openat2", "clone3", "faccessat2", "statx", "pidfd_open",
    "mount_setattr", "open_tree", "move_mount", "fsopen", "rseq"], action: "SCMP_ACT_ERRNO" }] }'
  run_args probe syscall $getuid
  assert_output 'ok 0'
  config '.process.noNewPrivileges = false'
  run_config
  assert_output 'ok 0'
  config '.process.user = { uid: 1000, gid: 1000, additionalGids: [5] }'
  run_config
  assert_output 'ok 1000'
  script 'sleep 1000'
  start_new seccomp
  run berth exec seccomp probe syscall $getuid
  assert_output 'ok 1000'
}

@test "args: every operator, in 64 bits" {
  local op value two yes no
  while read -r op value two yes no; do
    try "{ action: \"SCMP_ACT_ERRNO\", errnoRet: 77, args: [{ index: 1, value: $value, valueTwo: $two, op: \"SCMP_CMP_$op\" }] }" syscall 0 "$yes"
    assert_equal "$op $value $yes: $output" "$op $value $yes: errno 77"
    run_args probe syscall $getuid 0 "$no"
    assert_equal "$op $value $no: $output" "$op $value $no: ok 0"
  done << 'END'
EQ 5 0 5 6
EQ 4294967296 0 4294967296 0
NE 5 0 6 5
LT 5 0 4 5
LE 5 0 5 6
GT 4294967296 0 4294967297 4294967296
GE 5 0 5 4
GE 4294967296 0 8589934592 4294967295
MASKED_EQ 240 32 0x2f 0x3f
END
}

@test "args: all of them must match, and any of several rules may" {
  try '{ action: "SCMP_ACT_ERRNO", errnoRet: 77, args: [{ index: 0, value: 1, op: "SCMP_CMP_EQ" }, { index: 5, value: 2, op: "SCMP_CMP_EQ" }] }' syscall 1 0 0 0 0 2
  assert_output 'errno 77'
  run_args probe syscall $getuid 1 0 0 0 0 3
  assert_output 'ok 0'
  profile '{ defaultAction: "SCMP_ACT_ALLOW", syscalls: [
    { names: ["getuid"], action: "SCMP_ACT_ERRNO", errnoRet: 77, args: [{ index: 0, value: 1, op: "SCMP_CMP_EQ" }] },
    { names: ["getuid", "getgid"], action: "SCMP_ACT_ERRNO", errnoRet: 78, args: [{ index: 0, value: 2, op: "SCMP_CMP_EQ" }] }] }'
  run_args sh -c "probe syscall $getuid 1; probe syscall $getuid 2; probe syscall $getuid 3; probe syscall $getgid 2; probe syscall $getgid 1"
  assert_output $'errno 77\nerrno 78\nok 0\nerrno 78\nok 0'
  try '{ action: "SCMP_ACT_ERRNO", args: [{ index: 6, value: 1, op: "SCMP_CMP_EQ" }] }'
  assert_error /linux/seccomp/syscalls/0/args/0/index
  try '{ action: "SCMP_ACT_ERRNO", args: [{ index: 0, value: 1, op: "SCMP_CMP_BOGUS" }] }'
  assert_error /linux/seccomp/syscalls/0/args/0/op
}

@test "names that are no system calls of this machine are skipped" {
  profile '{ defaultAction: "SCMP_ACT_ALLOW", syscalls: [{ names: ["berth_bogus", "getuid", "s390_runtime_instr"], action: "SCMP_ACT_ERRNO" }] }'
  run_args probe syscall $getuid
  assert_output 'errno 1'
}

@test "architectures: those named are filtered alike, others kill" {
  "$(probe_program)" i386 20 > /dev/null || skip "no i386 system calls here" # getpid
  profile '{ defaultAction: "SCMP_ACT_ALLOW", architectures: ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
    syscalls: [{ names: ["getuid", "mkdir"], action: "SCMP_ACT_ERRNO", errnoRet: 77 }] }'
  run_args sh -c "probe syscall $getuid; probe i386 24; probe i386 39; probe x32 $getuid" # getuid, getuid, mkdir
  assert_output $'errno 77\nerrno 77\nerrno 77\nerrno 77'
  config '.linux.seccomp.architectures = ["SCMP_ARCH_X86_64"]'
  run_args probe i386 20
  assert_equal "$status" 159
  run_args probe x32 39
  assert_equal "$status" 159
  config 'del(.linux.seccomp.architectures)'
  run_args probe i386 24
  assert_equal "$status" 159
}

@test "flags" {
  local flag
  for flag in TSYNC LOG SPEC_ALLOW; do
    profile '{ defaultAction: "SCMP_ACT_ALLOW", flags: ["SECCOMP_FILTER_FLAG_'$flag'"], syscalls: [{ names: ["getuid"], action: "SCMP_ACT_ERRNO" }] }'
    run_args probe syscall $getuid
    assert_equal "$flag: $output" "$flag: errno 1"
  done
}

@test "the filter is in force whether privileges may grow or not, and for exec" {
  profile '{ defaultAction: "SCMP_ACT_ALLOW", syscalls: [{ names: ["getuid"], action: "SCMP_ACT_ERRNO", errnoRet: 77 }] }'
  run_args probe syscall $getuid
  assert_output 'errno 77'
  config '.process.noNewPrivileges = false'
  run_config
  assert_output 'errno 77'
  config '.process.user = { uid: 1000, gid: 1000 }'
  run_config
  assert_output 'errno 77'
  script 'sleep 1000'
  start_new seccomp
  run berth exec seccomp probe syscall $getuid
  assert_output 'errno 77'
  run berth exec seccomp grep Seccomp /proc/self/status
  assert_output $'Seccomp:\t2\nSeccomp_filters:\t1'
}

@test "the same profile again comes from the cache, and does the same" {
  for _ in 1 2 3; do
    try '{ action: "SCMP_ACT_ERRNO", errnoRet: 77 }'
    assert_output 'errno 77'
    try '{ action: "SCMP_ACT_ERRNO", errnoRet: 78 }'
    assert_output 'errno 78'
    try '{ action: "SCMP_ACT_ERRNO" }'
    assert_output 'errno 1'
  done
}

start_agent() { # REPLY
  socket=$BATS_TEST_TMPDIR/agent.socket
  mkdir "$BATS_TEST_TMPDIR/agent"
  python3 "$top/tests/runtime/agent.py" "$socket" "$BATS_TEST_TMPDIR/agent" "$1" 3>&- &
  agent=$!
  wait_until test -S "$socket"
}

notify() { # NAME...
  profile '{ defaultAction: "SCMP_ACT_ALLOW", listenerPath: $socket, syscalls: [{ names: ($names | split(" ")), action: "SCMP_ACT_NOTIFY" }] }' \
    --arg socket "$socket" --arg names "$*"
}

@test "notify: an agent gets the state and the listener, and answers" {
  start_agent value=4242
  notify getuid
  config '.annotations = { "a.b": "c" } | .linux.seccomp.listenerMetadata = "meta\ndata"'
  script "probe syscall $getuid; sleep 1000"
  create seccomp
  local file=$BATS_TEST_TMPDIR/agent/0.json
  wait_until test -e "$file"
  assert_equal "$(jq -c '[.received, .fds, .metadata, .state.id, .state.status, .state.bundle, .state.annotations["a.b"]]' "$file")" \
    "[1,[\"seccompFd\"],\"meta\\ndata\",\"seccomp\",\"creating\",\"$bundle\",\"c\"]"
  assert_equal "$(jq .pid "$file") $(jq .state.pid "$file")" "$(pid_of seccomp) $(pid_of seccomp)"
  assert_equal "$(jq -r '.ociVersion, .state.ociVersion' "$file")" $'1.3.0\n1.3.0'
  berth start seccomp
  wait_until grep -qx 'ok 4242' "$BATS_TEST_TMPDIR/seccomp.log"
  run berth exec seccomp probe syscall $getuid
  assert_output 'ok 4242'
  file=$BATS_TEST_TMPDIR/agent/1.json
  assert_equal "$(jq -c '[.received, .state.status, .state.id]' "$file")" '[1,"running","seccomp"]'
  [[ $(jq .pid "$file") != "$(pid_of seccomp)" ]]
  assert_equal "$(jq .state.pid "$file")" "$(pid_of seccomp)"
}

@test "notify: errors and continue, with and without noNewPrivileges" {
  start_agent errno=71
  notify truncate
  echo 123456 > "$bundle/rootfs/file"
  run_args probe syscall $truncate /file 3
  assert_output 'errno 71'
  config '.process.noNewPrivileges = false'
  run_config
  assert_output 'errno 71'
  kill "$agent"
  wait "$agent" || :
  rm -r "$socket" "$BATS_TEST_TMPDIR/agent"
  start_agent continue
  run_args probe syscall $truncate /file 3
  assert_output 'ok 0'
  assert_equal "$(< "$bundle/rootfs/file")" 123
  config '.linux.seccomp.flags = ["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"]'
  run_args probe syscall $truncate /file 2
  assert_output 'ok 0'
  assert_equal "$(< "$bundle/rootfs/file")" 12
}

@test "notify: what the runtime itself does after the filter reaches the agent, and ends nothing" {
  start_agent continue
  notify setresuid setresgid setgroups capset prctl chdir execve rt_sigprocmask umask close close_range getcwd read write openat stat
  run_args probe syscall $getuid
  assert_output 'ok 0'
  config '.process.noNewPrivileges = false'
  run_config
  assert_output 'ok 0'
  grep -qx $execve "$BATS_TEST_TMPDIR/agent/0.calls"
}

@test "notify: nobody there, nobody who reads, no path" {
  socket=$BATS_TEST_TMPDIR/none
  notify getuid
  script 'sleep 1000'
  refused "$socket"
  assert_status seccomp none
  run timeout 60 "$BERTH" --root "$BATS_TEST_TMPDIR/state" create --bundle "$bundle" seccomp 3>&- < /dev/null
  assert_error "$socket"
  assert_status seccomp none
  config 'del(.linux.seccomp.listenerPath)'
  refused /linux/seccomp listenerPath
  config '.linux.seccomp.syscalls[0].action = "SCMP_ACT_ERRNO" | .linux.seccomp.listenerMetadata = "x"'
  refused /linux/seccomp/listenerMetadata
}

@test "notify: a path without the action means nothing" {
  profile '{ defaultAction: "SCMP_ACT_ALLOW", listenerPath: "/nowhere", listenerMetadata: "x", syscalls: [{ names: ["getuid"], action: "SCMP_ACT_ERRNO" }] }'
  run_args probe syscall $getuid
  assert_output 'errno 1'
}

@test "a big profile, as engines write it" {
  profile '$p[0].linux.seccomp' --slurpfile p "$top/tests/fixtures/docker-like.json"
  run_inside "ls / > /dev/null && echo ls; unshare -m true || echo no unshare; probe syscall $mount 0 0 0 0 0"
  assert_contains ls
  assert_contains 'no unshare'
  assert_contains 'errno 1'
  config '.process.noNewPrivileges = false'
  run_config
  assert_contains 'errno 1'
}
