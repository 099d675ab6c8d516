#!/usr/bin/env bats
# The configurations that engines wrote, with all of their limits and labels: what berth makes of them, and that crun and runc do the same.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # the container's variables; bats' subshells; variables of common.bash
load ../../lib/common

setup_file() {
  printf 'profile containers-default-0.62.2 flags=(attach_disconnected,mediate_deleted) { file, capability, network, mount, signal, ptrace, unix, }\n' |
    apparmor_parser --replace
}

teardown_file() { echo 'profile containers-default-0.62.2 {}' | apparmor_parser --remove; }

fixture() { # NAME
  local source
  bundle "$1"
  jq --arg sources "$bundle/sources" --arg name "$1" '.root.path = "rootfs" | .linux.cgroupsPath = "/berth-test-\($name)"
    | .process.args = ["/bin/sleep", "1000"]
    | .mounts |= map(if .type == "bind" then .source = $sources + "/" + (.destination | gsub("/"; "_")) else . end)' \
    "$top/tests/fixtures/$1.json" > "$bundle/config.json"
  mkdir "$bundle/sources"
  for source in $(jq -r '.mounts[] | select(.type == "bind") | .source' "$bundle/config.json"); do
    if [[ $source = *shm ]]; then mkdir "$source"; else echo "$source" > "$source"; fi
  done
}

limits() { # NAME CMD...: what the files of the container's group say, into $BATS_TEST_TMPDIR/NAME.limits
  local name=$1 group=/sys/fs/cgroup/berth-test-${bundle##*/} file
  shift
  "$@" create --bundle "$bundle" "limits-$name" < /dev/null > "$BATS_TEST_TMPDIR/$name.log" 2>&1 3>&- || fail "$name: $(< "$BATS_TEST_TMPDIR/$name.log")"
  [[ -d $group/container ]] && group+=/container # crun's, with annotations
  for file in memory.{max,high,low,min,swap.max} cpu.{max,weight,max.burst,idle} cpuset.{cpus,mems} pids.max io.{weight,max}; do
    [[ ! -e $group/$file ]] || echo "$file: $(xargs < "$group/$file")"
  done > "$BATS_TEST_TMPDIR/$name.limits"
  "$@" delete --force "limits-$name"
}

same_limits() {
  local peer
  limits berth "$BERTH" --root "$BATS_TEST_TMPDIR/state"
  for peer in crun runc; do
    limits "$peer" "$peer" --root "$BATS_TEST_TMPDIR/state-$peer"
    # By the formula of the peers in this machine 1024 shares, the default, are a weight of 39; by that of newer ones, and ours, 100.
    run diff <(sed 's/^cpu.weight: 39$/cpu.weight: 100/' "$BATS_TEST_TMPDIR/$peer.limits") "$BATS_TEST_TMPDIR/berth.limits"
    [[ ! $output ]] || fail "< $peer, > berth:" "$output"
  done
}

@test "Podman's" {
  fixture podman-root
  same_limits
  run cat "$BATS_TEST_TMPDIR/berth.limits"
  assert_line 'memory.max: 134217728'
  assert_line 'memory.swap.max: 134217728'
  assert_line 'cpu.max: 50000 100000'
  assert_line 'pids.max: 64'
  script 'cat /proc/self/attr/current; echo $HOSTNAME; ls /etc/hosts; ulimit -n'
  run berth run --bundle "$bundle" podman < /dev/null
  assert_output $'containers-default-0.62.2 (enforce)\na5fd7d4c78ac\n/etc/hosts\n1048576'
}

@test "rootless Podman's" {
  fixture podman-rootless
  same_limits
  run cat "$BATS_TEST_TMPDIR/berth.limits"
  assert_line 'pids.max: 2048'
}

@test "containerd's" {
  fixture containerd-ctr
  same_limits
  run cat "$BATS_TEST_TMPDIR/berth.limits"
  assert_line 'memory.max: 134217728'
  assert_line 'cpu.max: 50000 100000'
  script 'head -c1 /dev/zero | wc -c; mknod /tmp/kmsg c 1 11; head -c1 /tmp/kmsg'
  run berth run --bundle "$bundle" containerd < /dev/null
  assert_line 1
  assert_contains 'Operation not permitted'
}

@test "Docker's" {
  fixture docker-like
  same_limits
  script 'unshare -m true || echo refused; grep Seccomp: /proc/self/status'
  run berth run --bundle "$bundle" docker < /dev/null
  assert_line refused
  assert_line $'Seccomp:\t2'
}
