#!/usr/bin/env bats
# A virtual machine in a container: QEMU boots a kernel, emulated (not every host has a KVM that works), under the filter and without more capabilities
# than `spec` gives. docs/system-containers.md.
# bats file_tags=host-only
# shellcheck disable=SC2016,SC2154 # the container's variables; variables of common.bash and bats
load helper

kernel=${BERTH_VM_CACHE:-/var/cache/berth-vm}/vmlinuz-6.12

# /dev/kvm, as the guide gives it.
kvm() {
  config '.linux.devices = [{ path: "/dev/kvm", type: "c", major: 10, minor: 232, fileMode: 438 }]
    | .linux.resources.devices += [{ allow: true, type: "c", major: 10, minor: 232, access: "rw" }]'
}

vm_bundle() {
  bundle vm
  rm "$bundle/config.json"
  "$BERTH" spec --bundle "$bundle"
  config '.process.terminal = false | .linux.cgroupsPath = "/berth-test-vm"'
}

@test "a virtual machine boots, speaks, and turns itself off" {
  [[ -e $kernel ]] || skip "no kernel to boot: run tests/vm/build"
  vm_bundle
  local directory initrd=$BATS_TEST_TMPDIR/initrd
  mkdir "$initrd"
  cp "$(static_program guest "$top/tests/runtime/guest.c")" "$initrd/init"
  mkdir "$initrd/dev"
  mknod -m 600 "$initrd/dev/console" c 5 1
  (cd "$initrd" && find . | busybox cpio -o -H newc 2> /dev/null) > "$bundle/initrd"
  # The machine's own programs, read-only.
  mkdir "$bundle/vm"
  for directory in bin sbin lib lib64; do ln -s "usr/$directory" "$bundle/vm/$directory"; done
  mkdir -p "$bundle/vm"/{dev,etc,proc,sys,tmp,usr,vm}
  touch "$bundle/vm/vm"/{kernel,initrd}
  kvm
  config '.root.path = "vm"'
  add_mount /usr bind /usr rbind rro
  add_mount /vm/kernel bind "$kernel" bind ro
  add_mount /vm/initrd bind initrd bind ro
  add_mount /tmp tmpfs tmpfs nosuid nodev
  run_args qemu-system-x86_64 -M q35 -accel tcg,thread=single -cpu max,-cx16 -m 256 -nodefaults -no-user-config -display none -no-reboot \
    -serial stdio -kernel /vm/kernel -initrd /vm/initrd -append 'console=ttyS0 quiet panic=-1 mitigations=off'
  assert_success
  assert_matches 'booted Linux 6\.12\.[^ ]* as 1'
}

@test "/dev/kvm is the host's where it is given, and cannot be opened where it is not allowed" {
  vm_bundle
  kvm
  script 'stat -c "%F %t:%T %a" /dev/kvm; (: <> /dev/kvm) 2>&1 | sed "s/.*: //"'
  # What the host says to it; this very message, or none.
  local host='No such device'
  [[ ! -c /dev/kvm ]] || host=$({ : <> /dev/kvm; } 2>&1 | sed 's/.*: //')
  run_config
  assert_success
  assert_equal "$output" $'character special file a:e8 666'"${host:+$'\n'$host}"
  config '.linux.resources.devices |= .[:1]'
  run_config
  assert_line 'Operation not permitted'
}
