#!/usr/bin/env bats
# The second wall, with a process that would get over it.
# shellcheck disable=SC2016,SC2154 # the container's variables; variables of common.bash
load helper

setup() {
  common_setup
  bundle one
  secret
  install_probe
  # What should not be there: a directory of the host's, by mistake.
  add_mount /host none "$outside" bind
  capabilities all
  config 'del(.linux.seccomp)'
  rules '{"ro":["/etc"],"rw":["/tmp","/dev/null"],"exec":["/bin"]}'
}

rules() { config '.annotations["org.berth.landlock"] = $value' --arg value "$1"; } # JSON

case $(uname -m) in x86_64) truncate=76 ;; *) truncate=45 ;; esac # truncate(2), of a path

attacks='cat /host/secret
echo x > /host/secret
echo x >> /host/new
truncate -s 0 /host/secret
probe syscall '"$truncate"' /host/secret 0 | grep ok
rm /host/secret
mv /host/secret /tmp/stolen
ln /host/secret /tmp/stolen
mkdir /host/dir
mknod /host/device c 1 3
mount -o bind /host /tmp
umount /host
cd /host && cat secret
cat /proc/1/root/host/secret'

@test "who has become root, with all capabilities, does not get over the wall, and exec is behind it, too" {
  local all='echo begin; while read -r attack; do if (eval "$attack"); then echo "did: $attack"; fi; done; echo end'
  script 'sleep 1000'
  start_new one
  run berth exec one sh -c "$all" <<< "$attacks"
  assert_line end
  refute_contains did:
  run berth exec --cap SYS_ADMIN --user 0:0 one sh -c "$all" <<< "$attacks"
  assert_line end
  refute_contains did:
  untouched
  bundle two
  install_probe
  add_mount /host none "$outside" bind
  capabilities all
  config 'del(.linux.seccomp)'
  rules '{"ro":["/etc"],"rw":["/tmp","/dev/null"],"exec":["/bin"]}'
  script "$all"
  run berth run --bundle "$bundle" two <<< "$attacks"
  assert_line end
  refute_contains did:
  untouched
}

@test "links of the image do not say what the rules allow" {
  ln -s /host "$bundle/rootfs/data"
  rules '{"rw":["/data"],"exec":["/bin"]}'
  run_inside 'cat /host/secret'
  assert_error 'symbolic link'
  refute_contains 'secret
'
}

@test "an exec cannot take the wall down by what it asks for" {
  script 'sleep 1000'
  start_new one
  run berth exec --no-new-privs=false one true
  assert_failure 255
  assert_contains 'org.berth.landlock needs no_new_privs'
  jq -n '{ cwd: "/", args: ["cat", "/host/secret"], env: ["PATH=/bin"], user: { uid: 0, gid: 0 }, noNewPrivileges: false }' > "$BATS_TEST_TMPDIR/process"
  run berth exec --process "$BATS_TEST_TMPDIR/process" one
  assert_failure
  assert_contains 'Permission denied'
}

@test "a wall that is misspelt is not left out" {
  config '.annotations = { "org.berth.landlok": .annotations["org.berth.landlock"] }'
  run_inside 'cat /host/secret'
  assert_error /annotations/org.berth.landlok 'no such annotation'
}
