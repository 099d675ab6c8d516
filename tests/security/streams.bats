#!/usr/bin/env bats
# What the workload and the hooks get of the caller's: descriptors, streams, directories, umask, environment.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # the container's variables; bats' subshells; variables of common.bash
load helper

# Taken for streams of the workload, files of berth's own were given to the workload's user.
@test "a caller without standard streams: no file of the runtime's is taken for one" {
  bundle one
  config '.process.user = { uid: 1000, gid: 1000 }'
  install_attack
  script 'attack fds > /tmp/fds; ls -l /proc/self/fd/ > /tmp/streams; sleep 1000'
  chmod 1777 "$bundle/rootfs/tmp"
  (exec <&- >&- 2>&-; berth create --bundle "$bundle" one)
  run find "$BATS_TEST_TMPDIR/state" "$bundle/config.json" "$(cgroup_of one)" ! -user 0
  assert_output ""
  berth start one
  wait_until test -s "$bundle/rootfs/tmp/streams"
  run cat "$bundle/rootfs/tmp/fds"
  assert_output looked
  run grep -c "[012] -> /dev/null" "$bundle/rootfs/tmp/streams"
  assert_output 2 # busybox' shell has redirected 1 by then
}

@test "a device that is a stream stays the host's, whatever the image calls /dev/null" {
  bundle one
  local node=$BATS_TEST_TMPDIR/null
  mknod -m 666 "$node" c 1 3
  # No tmpfs on /dev: the image's own is another device, by which the host's could be told from what is to be given away.
  mknod -m 666 "$bundle/rootfs/dev/null" c 1 5
  config '.mounts |= map(select(.destination | startswith("/dev") | not)) | .process.user = { uid: 1000, gid: 1000 }'
  script 'ls -l /dev/null; chmod 600 /proc/self/fd/0 2>&1'
  run berth run --bundle "$bundle" one < "$node"
  assert_contains '1,   5'
  assert_equal "$(stat -c '%u %a' "$node")" '0 666'
}

@test "the caller's terminal stays the caller's" {
  bundle one
  config '.process.user = { uid: 1000, gid: 1000 }'
  script 'chmod 777 /proc/self/fd/0'
  run python3 - "$BERTH" --root "$BATS_TEST_TMPDIR/state" run --bundle "$bundle" one 3>&- <<'PY'
import os, subprocess, sys
master, slave = os.openpty()
before = os.fstat(slave)
subprocess.run(sys.argv[1:], stdin=slave, stdout=slave, stderr=slave, timeout=60)
after = os.fstat(slave)
print("owner", before.st_uid, after.st_uid, "mode same" if before.st_mode == after.st_mode else "mode changed")
PY
  assert_output "owner 0 0 mode same"
}

@test "hooks have the caller's umask: what they make on the host is not everybody's" {
  bundle one
  config '(["createRuntime", "createContainer"][] as $p | .hooks[$p]) = [{ path: "/bin/sh", args: ["sh", "-c", "umask >> \($out)"] }]
    | .hooks.startContainer = [{ path: "/bin/sh", args: ["sh", "-c", "umask >> /umask"] }]' --arg out "$BATS_TEST_TMPDIR/umask"
  args true
  umask 027
  run_config
  assert_success
  assert_equal "$(sort -u "$BATS_TEST_TMPDIR/umask" "$bundle/rootfs/umask")" 0027
  assert_equal "$(cat "$BATS_TEST_TMPDIR/umask" "$bundle/rootfs/umask" | wc -l)" 3
}

# What is in a session keyring is of use to whoever has that keyring: a mount helper's password, say.
with_key() { # CMD...: has a key "berth-test"
  python3 -c '
import ctypes, os, platform, sys
add_key, keyctl = (248, 250) if platform.machine() == "x86_64" else (217, 219)
libc = ctypes.CDLL(None)
if libc.syscall(keyctl, 1, None) < 0 or libc.syscall(add_key, b"user", b"berth-test", b"secret", 6, -3) < 0:
    sys.exit("no keyring")
os.execvp(sys.argv[1], sys.argv[1:])' "$@"
}

@test "the caller's session keyring stays the caller's" {
  bundle one
  install_attack
  assert_equal "$(with_key "$(attack_program)" key berth-test)" 'got berth-test'
  config '.hooks.startContainer = [{ path: "/bin/attack", args: ["attack", "key", "berth-test"] }]'
  args attack key berth-test
  run with_key "$BERTH" --root "$BATS_TEST_TMPDIR/state" "${telling[@]}" "$BATS_TEST_TMPDIR/log" run --bundle "$bundle" one 3>&-
  assert_output 'no berth-test'
  assert_equal "$(hooks_wrote "$BATS_TEST_TMPDIR/log")" 'no berth-test'
  script 'sleep 1000'
  with_key "$BERTH" --root "$BATS_TEST_TMPDIR/state" run --detach --bundle "$bundle" one < /dev/null > /dev/null 2>&1 3>&-
  run with_key "$BERTH" --root "$BATS_TEST_TMPDIR/state" exec one attack key berth-test 3>&-
  assert_output 'no berth-test'
}

# Session keyrings are found by their name, among those of a user namespace: who has a user's id can offer one to exec.
plant_keyring() { # NAME CMD...: executes that in a session keyring of that name that everybody may search, with a key "berth-test"
  exec python3 -c '
import ctypes, os, platform, sys
add_key, keyctl = (248, 250) if platform.machine() == "x86_64" else (217, 219)
libc = ctypes.CDLL(None)
ring = libc.syscall(keyctl, 1, sys.argv[1].encode())
if ring < 0 or libc.syscall(add_key, b"user", b"berth-test", b"secret", 6, -3) < 0 or libc.syscall(keyctl, 5, ring, 0x3f3f3f3f) < 0:
    sys.exit("no keyring")
os.execvp(sys.argv[2], sys.argv[2:])' "$@"
}

@test "a session keyring that another container has planted is not an exec's" {
  bundle one
  install_attack
  script 'sleep 1000'
  plant_keyring _ses.one sleep 1000 3>&- &
  local planter=$!
  wait_until grep -qx sleep "/proc/$planter/comm"
  start_new one
  run berth exec one attack key berth-test
  kill "$planter"
  assert_output 'no berth-test'
  # and the name that counts is not to be seen by who could plant one
  run bash -c 'grep -c "_ses\.one\." /proc/keys'
  assert_output 0
}
