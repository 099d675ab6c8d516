#!/usr/bin/env bats
# Emulators of the host's, and their registrations, in the hands of a container.
# shellcheck disable=SC2016,SC2154 # the container's variables; variables of common.bash
load helper

setup() {
  common_setup
  [[ $(uname -m) = x86_64 ]] || skip "the program here is of another machine than x86_64"
  emulator aarch64
  bundle one
  cp "$(foreign_program aarch64)" "$bundle/rootfs/bin"
  config '.annotations["org.berth.emulate"] = "true"'
}

@test "the emulator is a file of the host's: not even the host's root changes it from inside" {
  # A copy in its place, here alone, with the ids of the host in the container.
  local copy=$BATS_TEST_TMPDIR/emulator before
  cp /usr/bin/qemu-aarch64-static "$copy"
  mount --bind "$copy" /usr/bin/qemu-aarch64-static
  config '.linux.namespaces += [{ type: "user" }] | .linux.uidMappings = [{ containerID: 0, hostID: 0, size: 65536 }] | .linux.gidMappings = .linux.uidMappings'
  capabilities all
  before=$(stat -c '%a %Y %U' "$copy"; sha256sum < "$copy")
  # By its size: what path the link to a file of a detached mount has is the kernel's taste.
  run_inside 'aarch64 stay & n=0
    until [ $(stat -Lc %s /proc/$!/exe) = '"$(stat -c %s "$copy")"' ] || [ $n = 400 ]; do n=$((n + 1)); sleep 0.05; done
    cd /proc/$!; echo size $(stat -Lc %s exe); chmod 4777 exe && echo changed; touch exe && echo changed
    exec 3< exe; kill $!; chmod 4777 /proc/self/fd/3 && echo changed; echo x >> /proc/self/fd/3 && echo changed'
  assert_line "size $(stat -c %s "$copy")"
  refute_line changed
  assert_contains 'Read-only file system'
  assert_equal "$(stat -c '%a %Y %U' "$copy"; sha256sum < "$copy")" "$before"
  umount /usr/bin/qemu-aarch64-static
}

@test "root in the container registers no programs of its own" {
  user_namespace
  config '.linux.readonlyPaths = [] | .linux.maskedPaths = []'
  run_inside 'cd /proc/sys/fs/binfmt_misc; echo :own:E::own::/bin/sh: > register; echo -1 > status; ls'
  refute_line own
  assert_line qemu-aarch64-static
}
