#!/usr/bin/env bats
# An exec has never less confinement than init, unless it is asked for by name.
# shellcheck disable=SC2016,SC2154 # the container's variables; variables of common.bash
load helper

setup() {
  common_setup
  bundle one
  script 'sleep 1000'
}

@test "a process that says nothing of it has what init has" {
  config '.process |= . + { rlimits: [{ type: "RLIMIT_NPROC", soft: 77, hard: 88 }], noNewPrivileges: true }
    | .process.user.umask = 63 | del(.process.oomScoreAdj)'
  capabilities CHOWN
  bash -c 'echo 400 > /proc/self/oom_score_adj; exec "$@"' bash "$BERTH" --root "$BATS_TEST_TMPDIR/state" run --detach --bundle "$bundle" one \
    < /dev/null > /dev/null 2>&1 3>&-
  local show='cat /proc/self/oom_score_adj; grep -E "^(Cap|NoNewPrivs|Seccomp|Umask)" /proc/self/status; grep processes /proc/self/limits' init
  jq -n --arg show "$show" '{ cwd: "/", args: ["sh", "-c", $show], env: ["PATH=/bin"], user: { uid: 0, gid: 0 } }' > "$BATS_TEST_TMPDIR/process"
  run berth exec --process "$BATS_TEST_TMPDIR/process" one
  assert_success
  init=/proc/$(pid_of one)
  assert_equal "$output" "$(cat "$init/oom_score_adj"; grep -E "^(Cap|NoNewPrivs|Seccomp|Umask)" "$init/status"; grep processes "$init/limits")"
  assert_line 400
  assert_line $'Umask:\t0077'
  run berth exec one sh -c "$show"
  assert_line 400
}

@test "an exec is in the namespaces that init has made for itself" {
  capabilities SYS_ADMIN
  config 'del(.linux.seccomp) | .linux.namespaces |= map(select(.type != "network"))'
  # It has cut itself off the host's network.
  script 'exec unshare -n sh -c "echo ready; exec sleep 1000"'
  start_new one
  wait_until grep -q ready "$BATS_TEST_TMPDIR/one.log"
  run berth exec one readlink /proc/self/ns/net
  assert_output "$(readlink "/proc/$(pid_of one)/ns/net")"
  [[ $output != "$(readlink /proc/self/ns/net)" ]]
}

@test "init goes to a user namespace of its own while an exec is on its way: that does not run as root what init has put there" {
  install_attack
  config 'del(.linux.seccomp) | .process.user = { uid: 1000, gid: 1000 } | .process.args = ["/bin/attack", "flee", "/bin/attack", "/bin/busybox"]'
  start_new one
  wait_until grep -q ready "$BATS_TEST_TMPDIR/one.log"
  held setns exec --user 0 one /bin/busybox caps > "$BATS_TEST_TMPDIR/out" 2>&1
  wait_until held_up
  # In time to be where the exec comes.
  wait_until grep -q gone "$BATS_TEST_TMPDIR/one.log"
  let_go
  status=0
  wait $! || status=$?
  output=$(< "$BATS_TEST_TMPDIR/out")
  assert_failure 255
  assert_output 'berth exec: the first process of container one has just gone to a user namespace of its own'
  # The next one comes there as who belongs there: nobody, since nobody is mapped.
  run berth exec --user 0 one /bin/busybox caps
  assert_failure 255
}

@test "an exec is under the limits of its group, wherever init has gone" {
  need_controller hugetlb
  start_new one
  local group
  group=$(cgroup_of one)
  grep -qw hugetlb "$group/cgroup.controllers" || echo +hugetlb > /sys/fs/cgroup/cgroup.subtree_control
  mkdir "$group/inner" /sys/fs/cgroup/berth-test-outside
  pid_of one > "$group/inner/cgroup.procs"
  echo +hugetlb > "$group/cgroup.subtree_control"
  pid_of one > /sys/fs/cgroup/berth-test-outside/cgroup.procs
  run berth exec one cat /proc/self/cgroup
  assert_failure 255
  assert_contains 'is not below it'
  refute_contains berth-test-outside$'\n'
  pid_of one > "$group/inner/cgroup.procs"
  rmdir /sys/fs/cgroup/berth-test-outside
  run berth exec one true
  assert_success
  run berth exec --cgroup ../berth-test-outside one true
  assert_failure 255
}

@test "no exec comes into a container whose init has not entered the root yet" {
  script 'exec sleep 1000'
  held pivot_root run --detach --bundle "$bundle" one > /dev/null 2>&1
  wait_until held_up
  for _ in 1 2 3; do
    run berth exec one ls /
    assert_failure 255
    assert_output 'berth exec: container one is still being created'
  done
  let_go
  wait $!
  run berth exec one env LC_ALL=C ls /
  assert_output "$(LC_ALL=C ls "$bundle/rootfs")"
  berth delete --force one
}
