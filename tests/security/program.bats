#!/usr/bin/env bats
# CVE-2019-5736: the program berth, which hostile processes get hold of by /proc, must not be writable for them.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # the container's variables; bats' subshells; variables of common.bash
load helper

unchanged() { # after SUM
  assert_equal "$(sha256sum < "$BERTH")" "$1"
}

# The image's entry point makes berth itself the program that runs in the container; opening a fifo, it waits there to be attacked.
# While it runs it is busy: the attacker is another container in the pid namespace, and tries on when it has ended.
@test "an entry point #!/proc/self/exe" {
  local sum
  sum=$(sha256sum < "$BERTH")
  bundle one
  install_attack
  script 'while ! grep -sqx entry /proc/[0-9]*/comm; do :; done
    pid=$(grep -sxl entry /proc/[0-9]*/comm | cut -d/ -f3); attack overwrite /proc/$pid/exe > /out &
    until grep -q . /out; do :; done; echo "it is $(readlink /proc/$pid/exe)"; kill -9 $pid; wait; cat /out; echo done'
  start_new one
  bundle two
  mkfifo "$bundle/rootfs/fifo"
  printf '#!/proc/self/exe --trace=/fifo\n' > "$bundle/rootfs/entry"
  chmod 755 "$bundle/rootfs/entry"
  config '.linux.namespaces |= map(if .type == "pid" then .path = $path else . end)' --arg path "/proc/$(pid_of one)/ns/pid"
  args /entry
  start_new two
  wait_until grep -q '^done' "$BATS_TEST_TMPDIR/one.log"
  run log_of one
  assert_matches 'it is .*berth'
  assert_contains 'holding /proc/'
  refute_contains 'got '
  unchanged "$sum"
}

# The same with exec, which the attacker has for itself.
@test "a program held beyond its end" {
  local sum
  sum=$(sha256sum < "$BERTH")
  bundle one
  install_attack
  mkfifo "$bundle/rootfs/fifo"
  printf '#!/proc/self/exe --trace=/fifo\n' > "$bundle/rootfs/entry"
  chmod 755 "$bundle/rootfs/entry"
  script 'while [ ! -e /pid ]; do :; done; attack overwrite "/proc/$(cat /pid)/exe" > /out &
    until grep -q . /out; do :; done; kill -9 "$(cat /pid)"; wait; cat /out; echo done'
  start_new one
  berth_background exec --pid-file "$bundle/rootfs/pid.host" one /entry 2> /dev/null
  wait_until test -s "$bundle/rootfs/pid.host"
  wait_until grep -q '^entry$' "/proc/$(< "$bundle/rootfs/pid.host")/comm"
  awk '/^NSpid/ { print $NF }' "/proc/$(< "$bundle/rootfs/pid.host")/status" > "$bundle/rootfs/pid.new"
  mv "$bundle/rootfs/pid.new" "$bundle/rootfs/pid"
  wait_until grep -q '^done' "$BATS_TEST_TMPDIR/one.log"
  run log_of one
  assert_contains 'holding /proc/'
  refute_contains 'got '
  unchanged "$sum"
}

# The kernel maps berth as the loader of a program of the image; the mapping is a file to open.
@test "an ELF interpreter /proc/self/exe" {
  local sum
  sum=$(sha256sum < "$BERTH")
  bundle one
  install_attack
  mkfifo "$bundle/rootfs/fifo"
  capabilities all # /proc/PID/map_files is for the mighty
  python3 -c '
import struct, sys
interpreter = b"/proc/self/exe\0"
machine, = struct.unpack_from("<H", open(sys.argv[2], "rb").read(20), 18)
header = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\2\1\1", 2, machine, 1, 0x400000, 64, 0, 0, 64, 56, 2, 0, 0, 0)
interp = struct.pack("<IIQQQQQQ", 3, 4, 176, 0x4000b0, 0x4000b0, len(interpreter), len(interpreter), 1)
load = struct.pack("<IIQQQQQQ", 1, 5, 0, 0x400000, 0x400000, 4096, 4096, 4096)
open(sys.argv[1], "wb").write((header + interp + load + interpreter).ljust(4096, b"\0"))' "$bundle/rootfs/entry" "$BERTH"
  chmod 755 "$bundle/rootfs/entry"
  args /entry --trace=/fifo list
  start_new one
  run berth exec one sh -c '
    until [ "$(cat /proc/1/comm)" = entry ]; do :; done
    cd /proc/1/map_files
    for map in *; do case $(readlink $map) in *berth*) echo "found $(readlink $map)"; attack overwrite /proc/1/map_files/$map;; esac; done'
  assert_contains 'found '
  assert_contains 'holding '
  refute_contains 'got '
  unchanged "$sum"
}
