#!/usr/bin/env bats
# User namespaces of root's containers: whose a file is, inside and outside. user_namespaces(7), mount_setattr(2), config-linux.md "User
# namespace mappings"; config.md "Mounts", uidMappings. Which maps there are, and which cannot be: namespaces.bats.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # the container's variables; bats' subshells; variables of common.bash
load helper

range() { # FIRST: 65536 ids from FIRST
  config '.linux.namespaces |= map(select(.type != "user")) + [{ type: "user" }]
    | .linux.uidMappings = [{ containerID: 0, hostID: $first, size: 65536 }] | .linux.gidMappings = .linux.uidMappings' --argjson first "$1"
}
maps() { # CONTAINER HOST SIZE...: as JSON
  local separator='' maps=''
  while (($#)); do
    maps+="$separator{ \"containerID\": $1, \"hostID\": $2, \"size\": $3 }" separator=,
    shift 3
  done
  echo "[$maps]"
}
mount_maps() { config '.mounts[-1] += { uidMappings: $m, gidMappings: $m }' --argjson m "$(maps "$@")"; } # of the last mount
owner() { stat -c '%u:%g' "$@"; }
volume() { # a directory with files of root's and of user 1000's: $volume
  volume=$BATS_TEST_TMPDIR/volume
  mkdir "$volume"
  touch "$volume"/{root,user}
  chown 1000:1000 "$volume/user"
}

@test "each container a range of its own: the same ids inside, strangers outside" {
  bundle first
  range 200000
  chmod 1777 "$bundle/rootfs/tmp"
  script 'touch /tmp/made; chown 1000:1000 /tmp/made; chown 0:0 /bin/busybox 2> /dev/null || echo not mine; exec sleep 1000'
  start_new first
  local first=$bundle pid
  bundle second
  range 300000
  chmod 1777 "$bundle/rootfs/tmp"
  mkdir "$bundle/rootfs/other"
  # It sees the processes of the first one, and yet has no right to them.
  config '.linux.namespaces |= map(select(.type != "pid")) | .process.capabilities[] += ["CAP_KILL", "CAP_SYS_PTRACE", "CAP_DAC_OVERRIDE"]'
  add_mount /other bind "$first/rootfs/tmp" bind
  pid=$(pid_of first)
  wait_until grep -qx 'not mine' "$BATS_TEST_TMPDIR/first.log"
  run_inside "touch /tmp/made; stat -c %u:%g /tmp/made /other/made; kill -9 $pid; ls -l /proc/$pid/root; rm /other/made; echo \$?"
  assert_contains $'0:0\n65534:65534'
  assert_contains "can't kill pid $pid: Operation not permitted"
  assert_contains "/proc/$pid/root: cannot read link: Permission denied"
  assert_line 1
  assert_equal "$(owner "$first/rootfs/tmp/made" "$bundle/rootfs/tmp/made")" $'201000:201000\n300000:300000'
  assert_equal "$(< "$BATS_TEST_TMPDIR/first.log")" 'not mine'
}

@test "joined by path: the same ids, the same rights" {
  bundle first
  range 200000
  chmod 1777 "$bundle/rootfs/tmp"
  script 'exec sleep 1000'
  start_new first
  local first=$bundle
  bundle second
  config '.linux.namespaces += [{ type: "user", path: $p }] | .process.user = { uid: 1000, gid: 2000, additionalGids: [7] }
    | .linux.sysctl = { "net.ipv4.ip_unprivileged_port_start": "79" }' --arg p "/proc/$(pid_of first)/ns/user"
  mkdir "$bundle/rootfs/"{other,volume}
  add_mount /other bind "$first/rootfs/tmp" bind
  run_inside 'xargs < /proc/self/uid_map; id; touch /other/made; stat -c %u:%g /other/made; cat /proc/sys/net/ipv4/ip_unprivileged_port_start; echo x > /dev/null; stat -c %t:%T /dev/zero; readlink /proc/self/ns/user'
  assert_success
  assert_line '0 200000 65536'
  assert_line 'uid=1000(user) gid=2000(extra) groups=7'
  assert_line 1000:2000
  assert_line 79
  assert_line 1:5
  assert_line "$(readlink "/proc/$(pid_of first)/ns/user")"
  assert_equal "$(owner "$first/rootfs/tmp/made")" 201000:202000
  # A mount takes the map of the joined one.
  volume
  add_mount /volume bind "$volume" bind idmap
  run_inside 'stat -c %u:%g /volume/root /volume/user; (: > /volume/made) || (: > /volume/user)'
  assert_output $'0:0\n1000:1000\nsh: can\'t create /volume/made: Permission denied'
  chmod 777 "$volume"
  run_inside 'touch /volume/made'
  assert_equal "$(owner "$volume/made")" 1000:2000
  # The joined one's maps are not known, unless the configuration tells them: then they must be right.
  config '.linux.devices = [{ path: "/dev/own", type: "c", major: 1, minor: 3, fileMode: 416, uid: 5, gid: 6 }] | del(.process.user.additionalGids)
    | .process.user.uid = 0'
  refused /linux/devices/0 'the host has no such device'
  config '.linux.devices[0].path = "/dev/full" | .linux.devices[0].minor = 7'
  run_inside 'stat -c "%a %u:%g" /dev/full'
  assert_output '666 65534:65534'
  config '.linux.uidMappings = $m | .linux.gidMappings = $m' --argjson m "$(maps 0 200000 65536)"
  run_inside 'stat -c "%a %u:%g" /dev/full'
  assert_output '640 5:6'
  config '.linux.uidMappings = $m' --argjson m "$(maps 0 200001 65536)"
  refused /linux/devices/0 'the maps of the user namespace are not those of the configuration'
  # An id that is not mapped looks like nobody.
  config '.linux.uidMappings = $m | .linux.gidMappings = $m | .linux.devices[0] += { uid: 65534, gid: 65534 }' --argjson m "$(maps 0 300000 65536)"
  refused /linux/devices/0 'the maps of the user namespace are not those of the configuration'
  config 'del(.linux.devices, .linux.uidMappings, .linux.gidMappings)'
  # What the configuration says of maps is about a namespace that is to be made.
  config '.process.user = { uid: 70000, gid: 0 }'
  refused /process/user/uid 70000
}

@test "maps in pieces, as with keep-id: who starts it is himself inside" {
  bundle keep
  config '.linux.namespaces += [{ type: "user" }] | .linux.uidMappings = $m | .linux.gidMappings = $m | .process.user = { uid: 1000, gid: 1000 }' \
    --argjson m "$(maps 0 200000 1000 1000 1000 1 1001 201000 60000)"
  chmod 1777 "$bundle/rootfs/tmp"
  run_inside 'id -u; touch /tmp/mine; stat -c %u:%g /tmp/mine /bin/busybox'
  assert_output $'1000\n1000:1000\n65534:65534'
  assert_equal "$(owner "$bundle/rootfs/tmp/mine")" 1000:1000
  # No id 0 in there: nobody has a right to anything but what is his. A device that it would own is the host's.
  config '.linux.uidMappings = $m | .linux.gidMappings = $m | .process.capabilities = {}
    | .linux.devices = [{ path: "/dev/full", type: "c", major: 1, minor: 7 }, { path: "/dev/zero", type: "c", major: 1, minor: 5, uid: 1000, gid: 1000, fileMode: 384 }]' \
    --argjson m "$(maps 1000 1000 1)"
  config '(.mounts[] | select(.destination == "/dev/pts") | .options) -= ["gid=5"]'
  run_inside 'id -u; touch /tmp/other; stat -c "%a %u:%g" /tmp/other /dev/full /dev/zero'
  assert_output $'1000\n644 1000:1000\n666 65534:65534\n600 1000:1000'
}

@test "id-mapped mounts: one volume, and each container writes as the volume's own users" {
  volume
  local first
  for first in 200000 300000; do
    bundle "c$first"
    range "$first"
    mkdir "$bundle/rootfs/volume"
    add_mount /volume bind "$volume" rbind idmap
    run_inside "touch /volume/root-$first; chown 1000:1000 /volume/user; stat -c %u:%g /volume/root /volume/user; touch /volume/of-user; chown 1000:1000 /volume/of-user"
    assert_output $'0:0\n1000:1000'
    assert_equal "$(owner "$volume/root-$first" "$volume/user" "$volume/of-user")" $'0:0\n1000:1000\n1000:1000'
  done
}

@test "id-mapped mounts: maps of the mount's own, in pieces, with and without a user namespace" {
  volume
  touch "$volume/nobody"
  chown 4000:4000 "$volume/nobody"
  bundle own
  mkdir "$bundle/rootfs/volume"
  add_mount /volume bind "$volume" bind
  # Ids of the volume to ids of the host: "containerID" is what the file system has.
  mount_maps 0 5000 1 1000 0 1
  run_inside 'stat -c %u:%g /volume/root /volume/user /volume/nobody; touch /volume/made; (echo > /volume/nobody) 2> /dev/null || echo refused'
  assert_output $'5000:5000\n0:0\n65534:65534\nrefused'
  assert_equal "$(owner "$volume/made")" 1000:1000
  rm "$volume/made"
  # Into a user namespace: the host's ids are then seen by its map.
  range 200000
  mount_maps 0 200005 1 1000 200000 1
  run_inside 'stat -c %u:%g /volume/root /volume/user /volume/nobody; touch /volume/made'
  assert_output $'5:5\n0:0\n65534:65534'
  assert_equal "$(owner "$volume/made")" 1000:1000
}

@test "id-mapped mounts: a single file, read-only, and by ridmap what is mounted below" {
  volume
  bundle file
  mkdir "$bundle/rootfs/volume"
  touch "$bundle/rootfs/file"
  add_mount /file bind "$volume/user" bind idmap ro nosuid
  range 200000
  run_inside 'stat -c %u:%g /file; grep " /file " /proc/self/mountinfo | cut -d" " -f6; echo > /file'
  assert_contains $'1000:1000\n'
  assert_matches 'ro,nosuid.*idmapped'
  assert_contains 'Read-only file system'
  mkdir "$volume/below"
  mount -t tmpfs below "$volume/below"
  touch "$volume/below/root"
  config 'del(.mounts[-1])'
  add_mount /volume bind "$volume" rbind idmap
  run_inside 'stat -c %u:%g /volume/root /volume/below/root'
  assert_output $'0:0\n65534:65534'
  config '.mounts[-1].options = ["rbind", "ridmap"]'
  run_inside 'stat -c %u:%g /volume/root /volume/below/root'
  umount "$volume/below"
  assert_output $'0:0\n0:0'
}

@test "id-mapped mounts: crun's form, with ids of the host or, behind @, of the container" {
  volume
  touch "$volume/other"
  chown 20:20 "$volume/other"
  bundle crun
  mkdir "$bundle/rootfs/volume"
  range 200000
  add_mount /volume bind "$volume" bind 'idmap=uids=@0-5-1#20-8-1#1000-200009-1;gids=@0-5-30'
  # As crun 1.28 has it.
  run_inside 'stat -c "%n %u %g" /volume/root /volume/other /volume/user'
  assert_output $'/volume/root 5 5\n/volume/other 65534 25\n/volume/user 9 65534'
  config '.mounts[-1].options = ["rbind", "ridmap=gids=0-200001-1;uids=0-200002-1"]'
  run_inside 'stat -c "%u %g" /volume/root'
  assert_output '2 1'
  local wrong
  for wrong in 'uids=0-5-1' 'uids=0-5-1;gids=' 'uids=0-5;gids=0-5-1' 'uids=0-5-1-1;gids=0-5-1' 'uids=0-5-1#;gids=0-5-1' 'uids=0--5-1;gids=0-5-1' \
    'uids=0-4294967296-1;gids=0-5-1' 'uids=0-5-0;gids=0-5-1' 'uids=@0-65530-10;gids=0-5-1' 'uids=@0-70000-1;gids=0-5-1' 'size=5' ''; do
    config '.mounts[-1].options = ["bind", $o]' --arg o "idmap=$wrong"
    refused /mounts/
  done
  config '.mounts[-1] += { options: ["bind", "idmap=uids=0-5-1;gids=0-5-1"], uidMappings: $m, gidMappings: $m }' --argjson m "$(maps 0 0 1)"
  refused '/mounts/7/options/1' 'already'
  config 'del(.mounts[-1].uidMappings, .mounts[-1].gidMappings) | .mounts[-1].options[1] = "idmap=uids=@0-5-1;gids=@0-5-1"
    | .linux.namespaces |= map(select(.type != "user")) | del(.linux.uidMappings, .linux.gidMappings)'
  refused '/mounts/7/options/1' 'needs id maps of the container'
}

@test "id-mapped mounts: what cannot be is an error that names the mount" {
  volume
  bundle not
  range 200000
  add_mount /x bind /proc/sys/kernel bind idmap
  refused /mounts/ 'mount /x' 'may not support id-mapped mounts'
  config '.mounts[-1] = { destination: "/x", type: "tmpfs", source: "tmpfs", options: ["idmap"] }'
  refused /mounts/ 'only bind mounts can be id-mapped'
  config '.mounts[-1] = { destination: "/x", type: "bind", source: $v, options: ["bind"], uidMappings: $m }' --arg v "$volume" --argjson m "$(maps 0 0 1)"
  refused /mounts/ gidMappings
  mount_maps 0 0 0
  refused /mounts/ size
  mount_maps 0 5000 10 5 6000 10
  refused /mounts/ uidMappings
  config '.mounts[-1].uidMappings = [range(341) | { containerID: (. * 2), hostID: (. * 2), size: 1 }] | .mounts[-1].gidMappings = .mounts[-1].uidMappings'
  refused /mounts/ 341
}

@test "devices: the host's nodes, which nobody changes, but where another owner or mode is asked for; rules hold" {
  bundle devices
  range 200000
  config '.linux.devices = [{ path: "/dev/zero", type: "c", major: 1, minor: 5, fileMode: 384, uid: 7, gid: 7 }, { path: "/dev/kmsg", type: "c", major: 1, minor: 11 },
      { path: "/dev/pipe", type: "p", fileMode: 384, uid: 7, gid: 8 }]
    | .linux.resources.devices = [{ allow: false, access: "rwm" }, { allow: true, type: "c", major: 1, minor: 5, access: "r" }]'
  run_inside 'stat -c "%n %F %t:%T %u:%g" /dev/full /dev/zero /dev/kmsg /dev/pipe; head -c 2 /dev/zero | wc -c; (: > /dev/zero) || echo no writing; (: < /dev/kmsg) || echo no kmsg
    mknod /tmp/mem c 1 1 || echo no node; chown 0:0 /dev/full || echo not mine; chmod 600 /dev/full || echo nor its mode; chown 1:1 /dev/zero && echo mine'
  assert_line '/dev/full character special file 1:7 65534:65534'
  assert_line '/dev/zero character special file 1:5 7:7'
  assert_line '/dev/kmsg character special file 1:b 65534:65534'
  assert_line '/dev/pipe fifo 0:0 7:8'
  assert_line 2
  assert_line 'no kmsg'
  assert_line 'no node'
  assert_line 'not mine'
  assert_line 'nor its mode'
  assert_line mine
}

@test "devices: in a joined mount namespace nothing of their file system stays, whatever fails" {
  local holder map='0 200000 65536'
  unshare --user --mount sleep 1000 3>&- &
  holder=$!
  apart() { [[ $(readlink "/proc/$holder/ns/mnt") != "$(readlink /proc/self/ns/mnt)" ]]; }
  wait_until apart
  echo "$map" > "/proc/$holder/uid_map"
  echo "$map" > "/proc/$holder/gid_map"
  bundle devices
  # shellcheck disable=SC2086 # a number each
  config '.linux.namespaces |= map(select(.type != "mount")) + [{ type: "user", path: $u }, { type: "mount", path: $m }]
    | .linux.uidMappings = $maps | .linux.gidMappings = $maps
    | .linux.devices = [range(60) | { path: "/dev/own\(.)", type: "c", major: 1, minor: 3, uid: 5 }]' \
    --arg u "/proc/$holder/ns/user" --arg m "/proc/$holder/ns/mnt" --argjson maps "$(maps $map)"
  ulimit -Sn 64
  run_config
  ulimit -Sn 1024
  assert_error 'clone its node: No file descriptors available'
  assert_equal "$(grep -c ' devices ' "/proc/$holder/mountinfo")" 0
  kill "$holder"
}

@test "sysctls of the user namespace and of those it owns" {
  bundle sysctl
  range 200000
  local before
  before=$(cat /proc/sys/user/max_uts_namespaces /proc/sys/kernel/shmmni)
  config '.linux.sysctl = { "user.max_uts_namespaces": "3", "kernel.shmmni": "77", "net.core.somaxconn": "99", "fs.mqueue.queues_max": "5" }'
  run_inside 'cat /proc/sys/user/max_uts_namespaces /proc/sys/kernel/shmmni /proc/sys/net/core/somaxconn /proc/sys/fs/mqueue/queues_max'
  assert_output $'3\n77\n99\n5'
  assert_equal "$(cat /proc/sys/user/max_uts_namespaces /proc/sys/kernel/shmmni)" "$before"
  config '.linux.namespaces |= map(select(.type != "user")) | del(.linux.uidMappings, .linux.gidMappings)'
  refused /linux/sysctl/user.max_uts_namespaces user
}

@test "exec: ids of the namespace, and what they make is theirs outside" {
  bundle exec
  range 200000
  chmod 1777 "$bundle/rootfs/tmp"
  script 'exec sleep 1000'
  start_new exec
  run berth exec --user 1000:2000 exec sh -c 'id -u; touch /tmp/made; readlink /proc/self/ns/user'
  assert_output $'1000\n'"$(readlink "/proc/$(pid_of exec)/ns/user")"
  assert_equal "$(owner "$bundle/rootfs/tmp/made")" 201000:202000
  run berth exec --user 65536 exec true
  assert_failure 255
  assert_contains /process/user/uid
}
