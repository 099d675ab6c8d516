#!/usr/bin/env bats
# AppArmor profiles: config.md "Linux Process", apparmorProfile.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # the container's variables; bats' subshells; variables of common.bash
load ../../lib/common

setup_file() {
  apparmor_parser --replace << 'END'
profile berth-test flags=(attach_disconnected,mediate_deleted) {
  file, capability, network, mount, umount, pivot_root, signal, ptrace, unix, change_profile,
  deny /denied r,
}
profile berth-test-other flags=(attach_disconnected,mediate_deleted) {
  file, capability, network, mount, umount, pivot_root, signal, ptrace, unix, change_profile,
}
END
}

teardown_file() {
  printf 'profile berth-test {}\nprofile berth-test-other {}\n' | apparmor_parser --remove
}

setup() {
  common_setup
  bundle labelled
  echo secret > "$bundle/rootfs/denied"
  config '.process.apparmorProfile = "berth-test"'
}

run_inside() {
  script "$1"
  run berth run --bundle "$bundle" labelled < /dev/null
}

@test "the profile is in force" {
  run_inside 'cat /proc/self/attr/current; cat /denied; cat /etc/passwd > /dev/null && echo others'
  assert_line 'berth-test (enforce)'
  assert_line others
  refute_line secret
  assert_contains 'Permission denied'
}

@test "it is with privileges that may grow, for another user, and in a user namespace" {
  config '.process.noNewPrivileges = false'
  run_inside 'cat /proc/self/attr/current; cat /denied'
  assert_line 'berth-test (enforce)'
  refute_line secret
  config '.process.user = { uid: 1000, gid: 1000 }'
  run_inside 'cat /proc/self/attr/current; cat /denied'
  assert_line 'berth-test (enforce)'
  refute_line secret
  config '.linux.namespaces += [{ type: "user" }]
    | .linux.uidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }] | .linux.gidMappings = .linux.uidMappings'
  run_inside 'cat /proc/self/attr/current; cat /denied'
  assert_line 'berth-test (enforce)'
  refute_line secret
}

@test "exec has the container's profile, or the one that it is given" {
  script 'sleep 1000'
  start_new labelled
  run berth exec labelled cat /proc/self/attr/current
  assert_output 'berth-test (enforce)'
  run berth exec --apparmor berth-test-other labelled sh -c 'cat /proc/self/attr/current /denied'
  assert_output $'berth-test-other (enforce)\nsecret'
  run berth exec --apparmor berth-test-missing labelled true
  assert_failure 255
  assert_contains berth-test-missing
}

@test "unconfined is a profile like any other" {
  config '.process.apparmorProfile = "unconfined"'
  run_inside 'cat /proc/self/attr/current /denied'
  assert_output $'unconfined\nsecret'
}

@test "a profile that is not loaded is an error, and nothing runs without it" {
  config '.process.apparmorProfile = "berth-test-missing"'
  run_inside 'echo ran'
  assert_error berth-test-missing
  refute_contains ran
  assert_status labelled none
}

@test "the container cannot take a false /proc for the true one" {
  # A file where the label would go, if the image's own /proc were used.
  mkdir -p "$bundle/rootfs/proc/self/attr/apparmor" "$bundle/rootfs/proc/thread-self/attr/apparmor"
  touch "$bundle"/rootfs/proc/{self,thread-self}/attr/{exec,apparmor/exec}
  config '.mounts |= map(select(.destination != "/proc")) | .linux.maskedPaths = [] | .linux.readonlyPaths = []'
  run_inside 'cat /denied || echo denied'
  assert_line denied
}
