#!/usr/bin/env bats
# exec to the letter: where a process is put, what it has of init's, and that it has never less confinement for want of a word.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # the container's variables; bats' subshells; variables of common.bash
load helper

setup() {
  common_setup
  bundle one
  script 'sleep 1000'
}

# The process of `exec --process` as JSON: the least there can be, and TEXT as jq of more.
process() { # ARGS-JSON [FILTER]
  jq -cn --argjson args "$1" '{ cwd: "/", args: $args, env: ["PATH=/bin"], user: { uid: 0, gid: 0 } } | '"${2-.}" > "$BATS_TEST_TMPDIR/process.json"
}
exec_process() { run berth exec --process "$BATS_TEST_TMPDIR/process.json" one; }

# Namespaces ------------------------------------------------------------------------------

@test "init has made namespaces of its own: exec is in them" {
  config '.process.capabilities = { bounding: ["CAP_SYS_ADMIN"], effective: ["CAP_SYS_ADMIN"], permitted: ["CAP_SYS_ADMIN"] }
    | del(.linux.seccomp) | .linux.namespaces |= map(select(.type != "network" and .type != "ipc"))'
  script 'exec unshare -m -n -i -u sh -c "hostname inner; mount -t tmpfs none /home; : > /home/inside; echo ready; exec sleep 1000"'
  start_new one
  wait_until grep -q ready "$BATS_TEST_TMPDIR/one.log"
  run berth exec one sh -c 'hostname; ls /home; readlink /proc/self/ns/net; readlink /proc/self/ns/ipc'
  assert_success
  local init
  init=/proc/$(pid_of one)/ns
  assert_output $'inner\ninside\n'"$(readlink "$init/net")"$'\n'"$(readlink "$init/ipc")"
  [[ $(readlink "$init/net") != "$(readlink /proc/self/ns/net)" ]]
}

@test "init has made a user namespace of its own: exec has no more than init there" {
  config '.process.capabilities.bounding += ["CAP_SYS_ADMIN"] | del(.linux.seccomp)'
  script 'exec unshare -U -r -m sh -c "mount -t tmpfs none /home; echo ready; exec sleep 1000"'
  start_new one
  wait_until grep -q ready "$BATS_TEST_TMPDIR/one.log"
  run berth exec one sh -c 'readlink /proc/self/ns/user; awk "{ print \$2, \$3 }" /proc/self/uid_map; grep " /home " /proc/mounts'
  assert_success
  assert_line "$(readlink "/proc/$(pid_of one)/ns/user")"
  assert_line '0 1'
  assert_contains 'none /home tmpfs'
  run berth exec --user 7 one true
  assert_failure 255
  assert_contains 'become user 7'
}

# Cgroups ---------------------------------------------------------------------------------

@test "--cgroup: a path below the container's group, in each of its forms" {
  start_new one
  local group form
  group=$(cgroup_of one)
  mkdir -p "$group/sub/deep"
  for form in sub/deep /sub/deep :sub/deep :/sub/deep ./sub//deep; do
    run berth exec --cgroup "$form" one sleep 0
    [[ $status = 0 ]] || fail "$form: $output"
    berth exec --detach --pid-file "$BATS_TEST_TMPDIR/pid" --cgroup "$form" one sleep 1000 > /dev/null
    grep -qx "$(< "$BATS_TEST_TMPDIR/pid")" "$group/sub/deep/cgroup.procs"
  done
  berth exec --detach --pid-file "$BATS_TEST_TMPDIR/pid" --cgroup / one sleep 1000 > /dev/null
  grep -qx "$(< "$BATS_TEST_TMPDIR/pid")" "$group/cgroup.procs"
}

@test "--cgroup never leads out of the container's group, and must be there" {
  mkdir /sys/fs/cgroup/berth-test-outside
  start_new one
  local form
  for form in .. ../berth-test-outside /../berth-test-outside :../berth-test-outside sub/../../berth-test-outside nowhere; do
    run berth exec --cgroup "$form" one true
    assert_failure 255
    assert_contains "--cgroup: open cgroup"
  done
  run berth exec --cgroup cpu:sub one true
  assert_failure 255
  assert_contains 'cgroup v1'
  run berth exec --cgroup cpu,memory:/ one true
  assert_failure 255
  rmdir /sys/fs/cgroup/berth-test-outside
}

@test "a group that takes no process, since it has groups with controllers: exec goes where init is" {
  need_controller hugetlb
  start_new one
  local group
  group=$(cgroup_of one)
  grep -qw hugetlb "$group/cgroup.controllers" || echo +hugetlb > /sys/fs/cgroup/cgroup.subtree_control
  mkdir "$group/inner" "$group/other"
  pid_of one > "$group/inner/cgroup.procs"
  echo +hugetlb > "$group/cgroup.subtree_control"
  berth exec --detach --pid-file "$BATS_TEST_TMPDIR/pid" one sleep 1000 > /dev/null
  grep -qx "$(< "$BATS_TEST_TMPDIR/pid")" "$group/inner/cgroup.procs"
  run berth exec --cgroup other one cat /proc/self/cgroup
  assert_contains /other
  # with its name it is meant
  run berth exec --cgroup / one true
  assert_failure 255
  # paused, the same
  berth pause one
  berth exec --ignore-paused --detach --pid-file "$BATS_TEST_TMPDIR/pid" one sleep 1000 > /dev/null
  grep -qx "$(< "$BATS_TEST_TMPDIR/pid")" "$group/inner/cgroup.procs"
  berth resume one
  # init elsewhere: nobody follows it
  mkdir /sys/fs/cgroup/berth-test-outside
  pid_of one > /sys/fs/cgroup/berth-test-outside/cgroup.procs
  run berth exec one true
  assert_failure 255
  assert_contains 'is not below it'
  pid_of one > "$group/inner/cgroup.procs"
  rmdir /sys/fs/cgroup/berth-test-outside
}

@test "paused: refused, or with --ignore-paused it runs once the container does" {
  start_new one
  berth pause one
  run berth exec one true
  assert_failure 255
  assert_contains '--ignore-paused'
  "$BERTH" --root "$BATS_TEST_TMPDIR/state" exec --ignore-paused one sh -c 'echo ran; exit 3' > "$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
  local group
  group=$(cgroup_of one)
  wait_until eval '(($(wc -l < "$group/cgroup.procs") == 2))'
  [[ ! -s $BATS_TEST_TMPDIR/out ]]
  berth resume one
  local status=0
  wait $! || status=$?
  assert_equal "$status $(< "$BATS_TEST_TMPDIR/out")" '3 ran'
}

# What init has ---------------------------------------------------------------------------

@test "--process that says nothing of it: limits, umask, scheduling, affinity and confinement are init's" {
  config '.process |= . + { rlimits: [{ type: "RLIMIT_NOFILE", soft: 55, hard: 66 }], oomScoreAdj: 300,
    scheduler: { policy: "SCHED_BATCH", nice: 3 }, ioPriority: { class: "IOPRIO_CLASS_IDLE", priority: 0 },
    execCPUAffinity: { final: "0" }, noNewPrivileges: true } | .process.user.umask = 63'
  install_probe
  start_new one
  process '["sh", "-c", "ulimit -n; umask; cat /proc/self/oom_score_adj; probe sched | cut -d\" \" -f1-6; probe ioprio; grep -E \"NoNewPrivs|CapBnd|Cpus_allowed_list|Seccomp:\" /proc/self/status"]'
  exec_process
  local inherited=$output
  assert_success
  assert_line 55
  assert_line 300
  assert_line 0077
  assert_contains 'policy 3 flags 0 nice 3'
  assert_line $'NoNewPrivs:\t1'
  assert_line $'Cpus_allowed_list:\t0'
  # and as without --process
  run berth exec one "$(jq -r '.args[0]' "$BATS_TEST_TMPDIR/process.json")" -c "$(jq -r '.args[2]' "$BATS_TEST_TMPDIR/process.json")"
  assert_output "$inherited"
  # what it says, holds; a false is as good as nothing
  process '["sh", "-c", "ulimit -n; umask; cat /proc/self/oom_score_adj; grep -E \"NoNewPrivs|CapEff\" /proc/self/status"]' \
    '. + { rlimits: [{ type: "RLIMIT_NOFILE", soft: 7, hard: 8 }], oomScoreAdj: 400, noNewPrivileges: false,
      capabilities: { bounding: [], effective: [], permitted: [] } } | .user.umask = 23'
  exec_process
  assert_output $'7\n0027\n400\nCapEff:\t0000000000000000\nNoNewPrivs:\t1'
}

@test "seccomp is the container's, whatever the process says" {
  config '.linux.seccomp = { defaultAction: "SCMP_ACT_ALLOW", syscalls: [{ names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 99 }] }'
  start_new one
  process '["mkdir", "/made"]'
  exec_process
  assert_failure 1
  assert_contains "can't create directory '/made'"
  run berth exec --no-new-privs=false --cap SYS_ADMIN one mkdir /made
  assert_failure 1
  assert_contains "can't create directory '/made'"
  assert_missing "$bundle/rootfs/made"
}

@test "groups, descriptors and no_new_privs of an exec" {
  config '.process.user.additionalGids = [3] | .process.noNewPrivileges = false'
  start_new one
  run berth exec one id -G
  assert_output '0 3'
  run berth exec --additional-gids 5 --additional-gids 6 one id -G
  assert_output '0 5 6'
  run berth exec --no-new-privs one grep NoNewPrivs /proc/self/status
  assert_output $'NoNewPrivs:\t1'
  run bash -c 'exec 3< /dev/null 4< "$0" 5< /dev/zero; exec "$@"' <(echo four) "$BERTH" --root "$BATS_TEST_TMPDIR/state" \
    exec --preserve-fds 2 one sh -c 'cat <&4; ls /proc/self/fd | tr "\n" " "'
  assert_matches $'^four\n0 1 2 3 4 [0-9]+ $'
}
