#!/usr/bin/env bats
# Restored containers may do what they might before and no more; what was in their memory stays where root put it; and criu is not anybody's.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # the container's variables; bats' subshells; variables of common.bash
load helper
load ../lib/criu

setup() {
  common_setup
  criu_setup
  bundle saved
  counter
}

move() { # ID: into files and back
  wait_until counted 1
  checkpoint "$1"
  restore "$1"
}

# criu 4.2 remembers what it has mounted, and thinks that a second mount of the same source and attributes has these already.
@test "a volume that is read-only stays so, the second one too" {
  mkdir "$BATS_TEST_TMPDIR/volume"
  add_mount /one bind "$BATS_TEST_TMPDIR/volume" bind ro nosuid
  add_mount /two bind "$BATS_TEST_TMPDIR/volume" bind ro nosuid
  start_new saved
  move saved
  run berth exec saved sh -c 'touch /one/file /two/file'
  assert_equal "$(ls "$BATS_TEST_TMPDIR/volume")" ''
  run berth exec saved grep -cE ' /(one|two) ro,nosuid' /proc/1/mountinfo
  assert_output 2
}

# criu 4.1 makes it writable.
@test "a read-only root stays so" {
  config '.root.readonly = true | .process.args = ["sh", "-c", "while :; do sleep 0.02; done"]'
  start_new saved
  checkpoint saved
  restore saved
  run berth exec saved touch /file
  assert_contains 'Read-only file system'
  assert_missing "$bundle/rootfs/file"
}

@test "a mask is no way to the host's null device" {
  local before
  own_null_device
  before=$(stat -c '%a %u:%g' /dev/null)
  start_new saved
  move saved
  run berth exec saved sh -c 'for file in $(grep -oE " /proc/[a-z_]+ " /proc/1/mountinfo); do chmod 640 $file; chown 5:5 $file; done'
  assert_contains 'Read-only file system'
  assert_equal "$(stat -c '%a %u:%g' /dev/null)" "$before"
  umount -l /dev/null
}

# Without the groups in the images there is no cgroup namespace either, and the root of the container's cgroupfs is the host's.
@test "it sees its own group only, however little of groups is asked for" {
  start_new saved
  wait_until counted 1
  checkpoint saved --manage-cgroups-mode ignore
  restore saved --manage-cgroups-mode ignore
  run berth exec saved cat /sys/fs/cgroup/cgroup.type # the root has no such file
  assert_output domain
  run berth exec saved ls /sys/fs/cgroup
  assert_success
  refute_contains runner
}

@test "devices are those of the configuration" {
  capabilities all
  config '.linux.resources.devices = [{ allow: false, access: "rwm" }]'
  script 'i=0; while :; do i=$((i + 1)); head -c 1 /dev/kmsg > /dev/null 2>> /run/denied && touch /run/got; echo $i > /run/n; sleep 0.02; done'
  mknod "$bundle/rootfs/run/kmsg" c 1 11
  config '.linux.devices = [{ type: "c", path: "/dev/kmsg", major: 1, minor: 11, fileMode: 438 }]'
  start_new saved
  move saved
  : > "$bundle/rootfs/run/denied"
  wait_until grep -q 'not permitted' "$bundle/rootfs/run/denied"
  run berth exec saved head -c 1 /dev/kmsg
  assert_error 'not permitted'
  assert_missing "$bundle/rootfs/run/got"
}

@test "what was in memory is for root alone" {
  umask 022
  start_new saved
  wait_until counted 1
  checkpoint saved --work-path "$BATS_TEST_TMPDIR/work"
  assert_equal "$(stat -c '%a %u:%g' "$images" "$BATS_TEST_TMPDIR/work" | uniq)" '700 0:0'
}

@test "what was in memory is for root alone, also after a restore in a user namespace" {
  user_namespace
  chmod 711 "$BATS_RUN_TMPDIR"
  berth create --bundle "$bundle" saved < <(:) > >(exec cat > /dev/null) 2>&1
  berth start saved
  wait_until counted 1
  checkpoint saved
  berth restore --detach --bundle "$bundle" --image-path "$images" saved < <(:) > >(exec cat > /dev/null) 2>&1
  assert_equal "$(stat -c '%a %u:%g' "$images")" '700 0:0'
}

planted() { # MODE OWNER: a criu that says that it ran
  mkdir -p "$BATS_TEST_TMPDIR/bin"
  printf '#!/bin/sh\necho ran > %q\n' "$BATS_TEST_TMPDIR/ran" > "$BATS_TEST_TMPDIR/bin/criu"
  chown "$2" "$BATS_TEST_TMPDIR/bin/criu"
  chmod "$1" "$BATS_TEST_TMPDIR/bin/criu"
}

@test "a criu that others could have written is not run" {
  start_new saved
  local how
  for how in '777 0' '775 0' '755 1000'; do
    # shellcheck disable=SC2086 # two words
    planted $how
    PATH=$BATS_TEST_TMPDIR/bin:$PATH run berth checkpoint --image-path "$images" saved
    assert_error "$BATS_TEST_TMPDIR/bin/criu could be changed by others"
    assert_missing "$BATS_TEST_TMPDIR/ran"
  done
}

@test "a criu of the working directory is not run" {
  start_new saved
  planted 755 0
  cd "$BATS_TEST_TMPDIR/bin"
  PATH=:.:$PATH run berth checkpoint --image-path "$images" --leave-running saved
  assert_success
  assert_missing "$BATS_TEST_TMPDIR/ran"
}
