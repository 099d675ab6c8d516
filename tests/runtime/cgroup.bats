#!/usr/bin/env bats
# The container's cgroup: config-linux.md "Cgroups Path", "Cgroup ownership", "Allowed Device list". Limits are in tests/vm/suites.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # the container's variables; bats' subshells; variables of common.bash
load helper

setup() {
  common_setup
  bundle cgroup
  script 'sleep 1000'
}

groups_of() { sed -n 's/^0:://p' "/proc/$1/cgroup"; } # PID

@test "the path of the configuration: absolute, nested, relative, none" {
  local own path want
  own=$(groups_of self) # of a caller in a group "runner", beside which containers are
  while read -r path want; do
    config '.linux.cgroupsPath = $p' --arg p "$path"
    create berth-test-id
    assert_equal "$path: $(groups_of "$(pid_of berth-test-id)")" "$path: $want"
    assert_equal "$(cat "/sys/fs/cgroup$want/cgroup.procs")" "$(pid_of berth-test-id)"
    delete_all berth-test-id
    assert_missing "/sys/fs/cgroup/${want#/*}"
  done << END
/berth-test-a /berth-test-a
/berth-test-a/b/c /berth-test-a/b/c
//berth-test-a/./b/ /berth-test-a/b
berth-test-relative/x ${own%/*}/berth-test-relative/x
END
  config 'del(.linux.cgroupsPath)'
  create berth-test-id
  assert_equal "$(groups_of "$(pid_of berth-test-id)")" "${own%/*}/berth-test-id"
  config '.linux.cgroupsPath = ""'
  delete_all berth-test-id
  create berth-test-id
  assert_equal "$(groups_of "$(pid_of berth-test-id)")" "${own%/*}/berth-test-id"
}

@test "groups above that were there stay, those that were made go with the last container" {
  mkdir /sys/fs/cgroup/berth-test-above
  config '.linux.cgroupsPath = "/berth-test-above/made/one"'
  create one
  config '.linux.cgroupsPath = "/berth-test-above/made/two"'
  create two
  delete_all one
  [[ -d /sys/fs/cgroup/berth-test-above/made/two ]]
  delete_all two
  assert_missing /sys/fs/cgroup/berth-test-above/made
  rmdir /sys/fs/cgroup/berth-test-above
}

@test "the process is born in its group" {
  strace -qq -e signal=none -e trace=clone3,openat -o "$BATS_TEST_TMPDIR/trace" "$BERTH" --root "$BATS_TEST_TMPDIR/state" create --bundle "$bundle" cgroup \
    < /dev/null > /dev/null 2>&1 3>&-
  grep -q 'clone3.*CLONE_INTO_CGROUP' "$BATS_TEST_TMPDIR/trace"
  run grep cgroup.procs "$BATS_TEST_TMPDIR/trace"
  assert_output ''
  assert_equal "$(groups_of "$(pid_of cgroup)")" /berth-test-cgroup
}

@test "an existing group is used when it is empty, and goes with the container" {
  mkdir /sys/fs/cgroup/berth-test-cgroup
  create cgroup
  delete_all cgroup
  assert_missing /sys/fs/cgroup/berth-test-cgroup
}

@test "kill and delete take whoever forks meanwhile" {
  script 'f() { while :; do (sleep 0.01; sleep 1000) & sleep 0.005; done; }; f & f & f & sleep 1000'
  config '.linux.namespaces |= map(select(.type != "pid"))'
  start_new cgroup
  wait_until eval '(($(wc -l < /sys/fs/cgroup/berth-test-cgroup/cgroup.procs) > 20))'
  berth kill --all cgroup KILL
  wait_until is cgroup stopped
  delete_all cgroup
  assert_missing /sys/fs/cgroup/berth-test-cgroup
}


devices() { config '.linux.resources.devices = $d' --argjson d "$1"; } # JSON

@test "devices: what is not allowed can be made, as under crun and runc, but not opened; the default ones can" {
  config '.process.capabilities |= map_values(. + ["CAP_SYSLOG", "CAP_SYS_ADMIN"])'
  devices '[{ "allow": false, "access": "rwm" }]'
  run_inside 'mknod /tmp/kmsg c 1 11; head -c1 /tmp/kmsg; for d in null zero full random urandom; do head -c1 /dev/$d > /dev/null 2>&1 || echo "no $d"; done
    for d in null zero; do echo > /dev/$d || echo "no $d"; done; mknod /tmp/null c 1 3 && echo > /tmp/null && echo made; mknod /tmp/fifo p && echo fifo'
  assert_contains '/tmp/kmsg: Operation not permitted'
  refute_contains 'no '
  assert_line made
  assert_line fifo
}

@test "devices: later rules win, access by access" {
  mknod "$bundle/rootfs/dev-loop" b 7 211
  local rules want
  while read -r want rules; do
    devices "$rules"
    # Allowed, it still is a device without a driver's consent: another error than that of the filter.
    run_inside 'a=; dd if=/dev-loop of=/dev/null bs=1 count=1 2>&1 | grep -q "not permitted" || a=r
      dd if=/dev/null of=/dev-loop 2>&1 | grep -q "not permitted" || a=${a}w; echo ":$a"'
    assert_equal "$rules $output" "$rules :${want#-}"
  done << 'END'
rw [{"allow":false,"access":"rwm"},{"allow":true,"type":"b","major":7,"access":"rwm"}]
r [{"allow":false,"access":"rwm"},{"allow":true,"type":"b","major":7,"access":"r"}]
rw [{"allow":false,"access":"rwm"},{"allow":true,"type":"b","access":"rw"}]
w [{"allow":true,"access":"rwm"},{"allow":false,"type":"b","major":7,"access":"r"}]
- [{"allow":false,"access":"rwm"},{"allow":true,"type":"b","major":7,"minor":212,"access":"rwm"}]
- [{"allow":false,"access":"rwm"},{"allow":true,"type":"c","access":"rwm"}]
rw [{"allow":true,"access":"rwm"}]
rw [{"allow":false,"type":"b","access":"rwm"},{"allow":true,"type":"a","access":"rwm"}]
END
}

@test "devices: exec is held to them, too" {
  mknod "$bundle/rootfs/kmsg" c 1 11
  config '.process.capabilities |= map_values(. + ["CAP_SYSLOG"])'
  devices '[{ "allow": false, "access": "rwm" }]'
  start_new cgroup
  run berth exec cgroup head -c1 /kmsg
  assert_contains 'Operation not permitted'
}

@test "ownership: a group that the container can write is its user's" {
  config '(.mounts[] | select(.type == "cgroup")).options -= ["ro"] | .process.user = { uid: 1000, gid: 1000 }'
  run_inside 'cd /sys/fs/cgroup; stat -c "%n %u" . cgroup.procs cgroup.subtree_control cgroup.threads cgroup.freeze; mkdir sub && echo 0 > sub/cgroup.procs && cat /proc/self/cgroup'
  assert_line '. 1000'
  assert_line 'cgroup.procs 1000'
  assert_line 'cgroup.subtree_control 1000'
  assert_line 'cgroup.freeze 0'
  assert_contains 0::/sub
  config '.linux.namespaces += [{ type: "user" }]
    | .linux.uidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }] | .linux.gidMappings = .linux.uidMappings'
  script 'sleep 1000'
  create cgroup
  assert_equal "$(stat -c %u /sys/fs/cgroup/berth-test-cgroup)" 101000
  delete_all cgroup
  config '(.mounts[] | select(.type == "cgroup")).options += ["ro"]'
  create cgroup
  assert_equal "$(stat -c %u /sys/fs/cgroup/berth-test-cgroup)" 0
}

@test "ownership: for a caller in a user namespace, as rootless Podman and buildah are, the user is one of that namespace" {
  bundle nested
  config '.process.user = { uid: 1000, gid: 1000 } | (.mounts[] | select(.type == "cgroup") | .options) -= ["ro"]'
  script 'stat -c %u /sys/fs/cgroup && mkdir /sys/fs/cgroup/mine && echo made'
  mkdir "$BATS_TEST_TMPDIR/state"
  unshare --user --mount sleep 1000 3>&- &
  caller=$!
  apart() { [[ $(readlink "/proc/$caller/ns/user") != "$(readlink /proc/self/ns/user)" ]]; }
  wait_until apart
  cat <<< $'0 0 1\n1 100000 65536' > "/proc/$caller/uid_map" # in one write
  cat <<< $'0 0 1\n1 100000 65536' > "/proc/$caller/gid_map"
  run nsenter --user --mount --target "$caller" "$BERTH" --root "$BATS_TEST_TMPDIR/state" run --bundle "$bundle" nested < /dev/null 3>&-
  kill "$caller"
  assert_line 1000
  assert_line made
}
