#!/usr/bin/env bats
# Programs of another architecture, by org.berth.emulate.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # the container's variables; bats' subshells; variables of common.bash
load helper

setup_file() {
  [[ $(uname -m) = x86_64 ]] || return 0
  cp -a "$(foreign_program aarch64)" "$(foreign_program riscv64)" "$BATS_FILE_TMPDIR"
  emulator aarch64
  emulator riscv64
}

setup() {
  common_setup
  [[ $(uname -m) = x86_64 ]] || skip "the programs here are of other machines than x86_64"
  bundle one
  cp "$BATS_FILE_TMPDIR"/{aarch64,riscv64} "$bundle/rootfs/bin"
  config '.linux.namespaces += [{ type: "user" }] | .annotations["org.berth.emulate"] = "true" |
    .linux.uidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }] | .linux.gidMappings = .linux.uidMappings'
  chown -R 100000:100000 "$bundle/rootfs"
}

@test "programs of two other architectures run, beside the machine's own, and in exec" {
  run_args aarch64
  assert_failure 7
  assert_output aarch64
  run_args riscv64
  assert_failure 7
  assert_output riscv64
  run_inside 'aarch64; echo " $?"; riscv64; echo " $?"; ln -s aarch64 /bin/other; other; echo " $?"'
  assert_output $'aarch64 7\nriscv64 7\nother 7'
  script 'sleep 1000'
  start_new one
  run berth exec one aarch64
  assert_failure 7
  assert_output aarch64
  run berth exec --user 9 one /bin/riscv64
  assert_failure 7
  assert_output /bin/riscv64
}

@test "the host's registrations stay as they are, and no other container has these" {
  local host=$BATS_TEST_TMPDIR/binfmt before
  mkdir "$host"
  mount -t binfmt_misc none "$host"
  before=$(ls "$host")
  script 'sleep 1000'
  start_new one
  run berth exec one aarch64
  assert_output aarch64
  assert_equal "$(ls "$host")" "$before"
  if ! grep -qs aarch64 <<< "$before"; then
    bundle two
    cp "$BATS_FILE_TMPDIR/aarch64" "$bundle/rootfs/bin"
    args aarch64
    refused 'is a program for aarch64'
  fi
  umount "$host"
}

@test "the registrations can be seen in the container, and not changed" {
  config '.linux.readonlyPaths = [] | .linux.maskedPaths = []'
  run_inside 'cd /proc/sys/fs/binfmt_misc && cat qemu-aarch64-static && echo -1 > qemu-aarch64-static; echo 0 > status; echo :x:E::x::/bin/sh: > register; umount .
    grep " $PWD " /proc/mounts; cat status'
  assert_line 'interpreter qemu-aarch64-static'
  assert_line 'flags: PF'
  assert_contains "qemu-aarch64-static: Read-only file system"
  assert_contains "status: Read-only file system"
  assert_contains "register: Read-only file system"
  assert_matches 'binfmt_misc /proc/sys/fs/binfmt_misc binfmt_misc ro,nosuid,nodev,noexec'
  assert_line enabled
}

@test "without the annotation: what architecture the program is of, and what to do" {
  config 'del(.annotations)'
  args aarch64
  refused 'is a program for aarch64; this machine is x86_64' org.berth.emulate=true qemu-aarch64-static qemu-user-static
  args riscv64
  refused 'is a program for riscv' org.berth.emulate=true qemu-riscv64-static
}

@test "what emulation needs, and is not there, is named" {
  args aarch64
  unshare --mount bash -c 'for f in /usr/bin/qemu-*-static; do mount --bind /dev/null "$f"; done; exec "$@"' bash \
    "$BERTH" --root "$BATS_TEST_TMPDIR/state" run --bundle "$bundle" one > "$BATS_TEST_TMPDIR/out" 2>&1 3>&- || status=$?
  output=$(< "$BATS_TEST_TMPDIR/out")
  assert_error /annotations/org.berth.emulate 'no emulator in /usr/bin' 'install qemu-user-static'
  local namespaces
  namespaces=$(jq -c .linux.namespaces "$bundle/config.json")
  config '.mounts |= map(select(.destination != "/proc"))'
  refused /annotations/org.berth.emulate /proc/sys/fs/binfmt_misc
  config 'del(.linux.uidMappings, .linux.gidMappings) | .linux.namespaces |= map(select(.type != "user"))'
  refused /annotations/org.berth.emulate 'user namespace'
  config '.annotations["org.berth.emulate"] = "aarch64"'
  refused /annotations/org.berth.emulate 'must be "true" or "false"'
  config '.linux.namespaces = $n | .annotations["org.berth.emulate"] = "true"' --argjson n "$namespaces"
}
