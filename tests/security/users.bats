#!/usr/bin/env bats
# User ids are numbers, and those that were given: CVE-2016-3697, CVE-2026-30892.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # the container's variables; bats' subshells; variables of common.bash
load helper

# An image where whoever looks names up finds root.
misleading_image() {
  local id
  bundle one
  for id in 1 7 1000 user; do
    echo "$id:x:0:0::/root:/bin/sh" >> "$bundle/rootfs/etc/passwd.new"
    echo "$id:x:0:1,7,1000,user" >> "$bundle/rootfs/etc/group.new"
  done
  mv "$bundle/rootfs/etc/passwd.new" "$bundle/rootfs/etc/passwd"
  mv "$bundle/rootfs/etc/group.new" "$bundle/rootfs/etc/group"
}

ids='awk "/^(Uid|Gid|Groups)/" /proc/self/status | xargs'

@test "CVE-2016-3697: a number is no name of the image's" {
  misleading_image
  local id
  for id in 1 7 1000; do
    config '.process.user = { uid: $id, gid: $id, username: "user" }' --argjson id $id
    run_inside "$ids"
    assert_output "Uid: $id $id $id $id Gid: $id $id $id $id Groups:"
  done
}

@test "CVE-2026-30892: exec's user is the number that was given" {
  misleading_image
  config '.process.user = { uid: 7, gid: 7, additionalGids: [7] }'
  script 'sleep 1000'
  start_new one
  local id
  for id in 1 2 7 10 1000 4294967294; do
    run berth exec --user $id one sh -c "$ids"
    assert_output "Uid: $id $id $id $id Gid: 7 7 7 7 Groups:"
    run berth exec -u $id:1 one sh -c "$ids"
    assert_output "Uid: $id $id $id $id Gid: 1 1 1 1 Groups:"
  done
}

# 4294967295 is -1, which leaves a process what it is: root. 4294967296 is 0 where 32 bits are all there is.
@test "ids that would come to root's are refused, and nothing runs" {
  misleading_image
  local id
  args touch /ran
  for id in -1 4294967295 4294967296 18446744073709551616 1.0 1e3 '"1000"' '"user"' null; do
    config '.process.user = { uid: "mark", gid: 1000 }'
    sed -i "s/\"mark\"/$id/" "$bundle/config.json"
    refused /process/user/uid
    config '.process.user = { uid: 1000, gid: 1000, additionalGids: ["mark"] }'
    sed -i "s/\"mark\"/$id/" "$bundle/config.json"
    refused /process/user/additionalGids/0
  done
  config '.process.user = { uid: 1000, gid: 1000 }'
  script 'sleep 1000'
  start_new one
  for id in -1 4294967295 4294967296 4294968296 18446744073709552616 user root '' : 1: :1 1:user user:1 01x ' 1' 1,0 0x1 1.0 1e3 $'1\n'; do
    [[ $id ]] || continue # an empty value is none
    run berth exec --user="$id" one touch /ran
    assert_failure 255
    assert_contains 'numeric id'
  done
  assert_missing "$bundle/rootfs/ran"
}

# The home directory is the one thing that is looked up.
@test "the image's list of users cannot hold up or mislead the runtime" {
  misleading_image
  config '.process.user = { uid: 1000, gid: 1000 }'
  script 'echo $HOME'
  run_config
  assert_output /
  local passwd=$bundle/rootfs/etc/passwd
  rm "$passwd"
  mkfifo "$passwd"
  # No pipe that the container's process would keep open.
  timeout -s KILL 60 "$BERTH" --root "$BATS_TEST_TMPDIR/state" run --bundle "$bundle" one < /dev/null > "$BATS_TEST_TMPDIR/home" 2>&1 3>&- || :
  assert_equal "$(< "$BATS_TEST_TMPDIR/home")" /
  rm "$passwd"
  ln -s /dev/zero "$passwd"
  run_config
  assert_output /
  rm "$passwd"
  secret
  echo "user:x:1000:1000::/outside:/bin/sh" >> "$outside/passwd"
  ln -s "../../../../../../../../../..$outside/passwd" "$passwd"
  run_config
  assert_output /
}

@test "a device that is listed with the host's owner and mode, as engines list all of them, is none of the container's root" {
  bundle devices
  config '.linux.namespaces += [{ type: "user" }] | .linux.uidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }]
    | .linux.gidMappings = .linux.uidMappings'
  chmod 711 "$BATS_RUN_TMPDIR"
  mkdir "$BATS_TEST_TMPDIR/host"
  mknod -m 600 "$BATS_TEST_TMPDIR/host/disk" c 1 3
  mkdir -p "$bundle/rootfs$BATS_TEST_TMPDIR/host"
  chown 100000:100000 "$bundle/rootfs$BATS_TEST_TMPDIR/host"
  config '.linux.devices = [{ path: $path, type: "c", major: 1, minor: 3, fileMode: 384, uid: 0, gid: 0 }]
    | .linux.resources.devices = [{ allow: true, access: "rwm" }]' --arg path "$BATS_TEST_TMPDIR/host/disk"
  run_inside "stat -c '%a %u:%g' $BATS_TEST_TMPDIR/host/disk; (: < $BATS_TEST_TMPDIR/host/disk) && echo opened; chmod 666 $BATS_TEST_TMPDIR/host/disk; chown 0 $BATS_TEST_TMPDIR/host/disk"
  assert_line '600 65534:65534'
  assert_contains 'Permission denied'
  refute_contains opened
  config '.linux.devices[0].uid = 7' # that is no copy
  run_inside "stat -c '%a %u:%g' $BATS_TEST_TMPDIR/host/disk; (: < $BATS_TEST_TMPDIR/host/disk) && echo opened"
  assert_output $'600 7:0\nopened'
  assert_equal "$(stat -c '%a %u:%g' "$BATS_TEST_TMPDIR/host/disk")" '600 0:0'
}

@test "a device's node never belongs to the ids of another container, whatever the configuration says of a joined user namespace" {
  bundle first
  config '.linux.namespaces += [{ type: "user" }] | .linux.uidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }]
    | .linux.gidMappings = .linux.uidMappings'
  script 'exec sleep 1000'
  start_new first
  bundle second
  local id
  for id in 5 65534; do
    config '.linux.namespaces |= map(select(.type != "user")) + [{ type: "user", path: $path }]
      | .linux.uidMappings = [{ containerID: 0, hostID: 300000, size: 65536 }] | .linux.gidMappings = .linux.uidMappings
      | .linux.devices = [{ path: "/dev/own", type: "c", major: 1, minor: 3, uid: $id, gid: $id }]' \
      --arg path "/proc/$(pid_of first)/ns/user" --argjson id $id
    refused /linux/devices/0 'the maps of the user namespace are not those of the configuration'
  done
}
