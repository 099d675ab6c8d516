#!/usr/bin/env bats
# The container's cgroup: what it shows and gives of the host's, where it lies, and that nothing outlives it.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # the container's variables; bats' subshells; variables of common.bash
load helper

writable_cgroup() { config '(.mounts[] | select(.type == "cgroup")).options -= ["ro"]'; }
host_cgroup_namespace() { config '.linux.namespaces |= map(select(.type != "cgroup"))'; }
host_pid_namespace() { config '.linux.namespaces |= map(select(.type != "pid"))'; }

groups() { find /sys/fs/cgroup -type d | sort; }

# --- the mount -------------------------------------------------------------------------------------------------------------

# As a rootless engine has it: the group belongs to the user whose container it is, and the configuration wants it writable.
@test "CVE-2023-25809: without a cgroup namespace it cannot be written, whoever owns it" {
  bundle one
  user_namespace
  capabilities all
  writable_cgroup
  host_cgroup_namespace
  mkdir /sys/fs/cgroup/berth-test-one
  chown -R 100000:100000 /sys/fs/cgroup/berth-test-one
  run_inside 'cd /sys/fs/cgroup && cat cgroup.max.depth
    try() { "$@" 2> /dev/null && echo "got $*"; }
    try mkdir made; try chmod 777 .; try sh -c "echo 5 > cgroup.max.depth"; try sh -c "echo 0 > cgroup.procs"
    mount | grep " /sys/fs/cgroup "'
  assert_line max # it is the group, and it can be read
  assert_contains 'ro,'
  refute_contains 'got '
}

@test "without a cgroup namespace the container sees its own group and no other" {
  local namespace
  for namespace in '' user; do
    bundle "one$namespace"
    host_cgroup_namespace
    ${namespace:+user_namespace}
    run_inside 'cd /sys/fs/cgroup; cat cgroup.events; ls'
    assert_line 'populated 1'
    refute_contains berth-test
    refute_contains runner
  done
}

# --- the path --------------------------------------------------------------------------------------------------------------

victim() { # a group with a process, which is nobody's here
  mkdir -p /sys/fs/cgroup/berth-test-victim
  sleep 1000 3>&- &
  victim=$!
  echo $victim > /sys/fs/cgroup/berth-test-victim/cgroup.procs
}

unhurt() { # and ends it
  [[ -d /proc/$victim && $(< "/proc/$victim/cgroup") = *0::/berth-test-victim ]] || fail "the other group was touched" || return
  kill $victim
  wait $victim || :
  wait_until rmdir /sys/fs/cgroup/berth-test-victim # who dies holds it for a moment
} 2> /dev/null

@test "a cgroup path cannot lead elsewhere" {
  local path before
  victim
  before=$(groups)
  bundle one
  script 'touch /ran'
  for path in .. / /. // /.. /../berth-test-victim ../../berth-test-victim ./../berth-test-victim . /./. \
    /berth-test-one/../berth-test-victim/own berth-test-one/../../berth-test-victim/own /berth-test-victim/.. /berth-test-one/.. \
    $'/berth-test-victim\n' $'/berth-test-one/\x01'; do
    config '.linux.cgroupsPath = $path' --arg path "$path"
    refused cgroupsPath || fail "with $path"
  done
  config '.linux.cgroupsPath = "/berth-test-victim"'
  refused berth-test-victim 'holds processes'
  config '.linux.cgroupsPath = "/" + "x" * 5000'
  refused cgroupsPath
  config '.linux.cgroupsPath = "/x" * 5000'
  refused cgroupsPath
  assert_missing "$bundle/rootfs/ran"
  assert_equal "$(groups)" "$before"
  unhurt
}

# crun took "" for the root, and ended whoever was in there.
@test "an empty cgroup path is none, and the end of the container is nobody else's" {
  victim
  bundle one
  config '.linux.cgroupsPath = ""'
  script 'sleep 1000'
  start_new one
  [[ $(cgroup_of one) = */one ]]
  berth kill --all one KILL
  berth delete --force one
  unhurt
}

@test "exec cannot be put into another group" {
  victim
  bundle one
  script 'sleep 1000'
  start_new one
  local path
  for path in ../berth-test-victim /berth-test-victim .. ../.. ./../berth-test-victim; do
    run berth exec --cgroup "$path" one touch /ran
    assert_failure 255
    assert_contains --cgroup
  done
  assert_missing "$bundle/rootfs/ran"
  unhurt
}

@test "annotations cannot take a scope from where berth puts it" {
  local name path
  bundle one
  script 'touch /ran'
  config 'del(.linux.cgroupsPath)'
  for name in Slice PIDs PIDFDs Delegate DelegateControllers DelegateSubgroup; do
    config '.annotations = { ("org.systemd.property." + $name): "['\''system.slice'\'']" }' --arg name $name
    run berth --systemd-cgroup run --bundle "$bundle" one
    assert_error "/annotations/org.systemd.property.$name" 'sets this property itself'
  done
  for name in 'Memory Max' '../x' 'x' ''; do
    config '.annotations = { ("org.systemd.property." + $name): "true" }' --arg name "$name"
    run berth --systemd-cgroup run --bundle "$bundle" one
    assert_error "/annotations/org.systemd.property.$name" 'cannot be the name of a property'
  done
  config 'del(.annotations)'
  for path in ../system.slice:x:y system.slice/../x.slice:x:y -:x:y /berth-test-one one a:b system.slice:x: system.slice:x:y:z; do
    config '.linux.cgroupsPath = $path' --arg path "$path"
    run berth --systemd-cgroup run --bundle "$bundle" one
    assert_error cgroupsPath
  done
  assert_missing "$bundle/rootfs/ran"
}

# --- the end ---------------------------------------------------------------------------------------------------------------

gone() { [[ ! -d /sys/fs/cgroup/berth-test-$1 ]] || fail "the group $1 is there, with: $(cat "/sys/fs/cgroup/berth-test-$1/cgroup.procs")"; }
empty() { grep -qx 'populated 0' "/sys/fs/cgroup/berth-test-$1/cgroup.events"; }

# Each of them lives for a moment: who works through a list of them hits nobody.
flying() { # ID bomb-or-comets
  bundle "$1"
  host_pid_namespace
  install_attack
  script "attack $2 10; sleep 1000"
  start_new "$1"
  wait_until grep -q flying "$BATS_TEST_TMPDIR/$1.log"
}

@test "a fork bomb: kill --all reaches everyone" {
  flying one bomb
  berth kill --all one KILL
  wait_until empty one
  berth delete one
  gone one
}

@test "a fork bomb: delete --force, also when it is paused" {
  flying one bomb
  berth delete --force one
  gone one
  flying two bomb
  berth pause two
  assert_status two paused
  berth delete --force two
  gone two
}

# A signal other than KILL, for which the kernel has nothing that reaches a whole group.
@test "kill --all reaches those who are never twice the same process" {
  flying one comets
  berth kill --all one TERM
  wait_until empty one
  berth delete one
  gone one
}

@test "what outlives the first process stays under the limits, and ends with delete" {
  bundle one
  host_pid_namespace
  install_attack
  script 'attack bomb 10 > /out & until grep -q flying /out; do :; done'
  start_new one
  wait_until is one stopped
  grep -qx 'populated 1' /sys/fs/cgroup/berth-test-one/cgroup.events
  berth delete one
  gone one
}

@test "a container that has made groups of its own, frozen and threaded ones, goes as well" {
  bundle one
  writable_cgroup
  script 'cd /sys/fs/cgroup; path=.; for i in 1 2 3 4 5 6 7 8 9 10 11 12; do path=$path/$i; done; mkdir -p $path/end "with space" t/u
    sleep 1000 & echo $! > $path/end/cgroup.procs; echo 1 > 1/2/cgroup.freeze
    echo threaded > t/u/cgroup.type; sleep 1000 & echo $! > t/cgroup.procs; echo $! > t/u/cgroup.threads
    cat $path/end/cgroup.procs t/u/cgroup.threads; echo 3 > cgroup.max.depth; echo made; wait'
  start_new one
  wait_until grep -qx made "$BATS_TEST_TMPDIR/one.log"
  assert_equal "$(log_of one | wc -l)" 3
  berth delete --force one
  gone one
}
