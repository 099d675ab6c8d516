#!/usr/bin/env bats
# mounts add, mounts remove: in a container that runs.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # the container's variables; bats' subshells; variables of common.bash
load helper

setup() {
  common_setup
  bundle one
  script 'sleep 1000'
  outside=$BATS_TEST_TMPDIR/outside
  mkdir "$outside"
  echo content > "$outside/file"
}

mounts() { # add|remove JSON [ID]
  run berth mounts "$1" "${3-one}" - <<< "$2"
}
change() { mounts "$@"; [[ $status = 0 ]] || fail "mounts $1 $2: $output"; }
inside() { run berth exec one sh -c "$1"; } # TEXT

bind() { # DEST SOURCE OPTION...: a mount as JSON
  jq -cn '$ARGS.positional as $a | { destination: $a[0], type: "bind", source: $a[1], options: (["bind"] + $a[2:]) }' --args -- "$@"
}

user_namespace() {
  config '.linux.namespaces += [{ type: "user" }] |
    .linux.uidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }] | .linux.gidMappings = .linux.uidMappings'
  chown -R 100000:100000 "$bundle/rootfs"
}

@test "a bind of the host's, a file, a tmpfs: seen by what runs, and gone again" {
  script 'until grep -q content /data/file; do sleep 0.05; done; echo there; while grep -q content /data/file; do sleep 0.05; done; echo gone; sleep 1000'
  start_new one
  local list
  list="[$(bind /data "$outside"), $(bind /etc/one "$outside/file" ro), {\"destination\":\"/tmp/new\",\"type\":\"tmpfs\",\"source\":\"tmpfs\",\"options\":[\"nosuid\",\"size=64k\",\"mode=750\"]}]"
  change add "$list"
  assert_output ''
  wait_until grep -qx there "$BATS_TEST_TMPDIR/one.log"
  inside 'cat /data/file /etc/one; echo more > /data/more; echo x > /etc/one; stat -c %a /tmp/new; grep -E " /(data|etc/one|tmp/new) " /proc/mounts | cut -d" " -f2,3,4'
  assert_contains $'content\ncontent\n'
  assert_contains "can't create /etc/one: Read-only file system"
  assert_line 750
  assert_matches '/tmp/new tmpfs rw,nosuid,relatime,size=64k,mode=750'
  assert_equal "$(< "$outside/more")" ''"more"
  change remove "$list"
  inside 'cat /data/file /etc/one; grep -cE " /(data|etc/one|tmp/new) " /proc/mounts'
  assert_contains "can't open '/data/file'"
  assert_line 0
  wait_until grep -qx gone "$BATS_TEST_TMPDIR/one.log"
}

@test "options: ro, recursive, propagation, later ones win; a relative source is the bundle's" {
  mkdir "$outside/below" "$bundle/volume"
  mount -t tmpfs none "$outside/below"
  start_new one
  change add "[$(bind /a "$outside" ro nosuid noexec), $(bind /b "$outside" rro rbind), $(bind /c volume ro rw nodev)]"
  inside 'grep -E " /(a|b|b/below|c) " /proc/mounts | cut -d" " -f2,4'
  # The host's mounts have other options beside these.
  assert_equal "$(sed -E 's/ /,/; s/,(relatime|noatime|discard|[a-z_0-9]+=[^,]*|inode64|resv_strict)\b//g' <<< "$output")" \
    $'/a,ro,nosuid,noexec\n/b,ro\n/b/below,ro\n/c,rw,nodev'
  change remove "[$(bind /b "$outside"), $(bind /c "$outside")]"
  inside 'grep -cE " /(b|b/below|c) " /proc/mounts'
  assert_output 0
  umount "$outside/below"
}

@test "in a user namespace: binds of what only the host's root may reach, tmpfs, id maps" {
  user_namespace
  chmod 700 "$outside"
  chown 1000:1000 "$outside/file"
  start_new one
  local maps='[{"containerID":1000,"hostID":100007,"size":1}]'
  change add "[$(bind /data "$outside"), {\"destination\":\"/t\",\"type\":\"tmpfs\",\"source\":\"none\"},
    $(bind /etc/mapped "$outside/file" | jq -c ". + { uidMappings: $maps, gidMappings: $maps }")]"
  inside 'echo x > /t/file && stat -c "%u %n" /t/file /etc/mapped; grep -E " /(data|t|etc/mapped) " /proc/mounts | wc -l'
  assert_output $'0 /t/file\n7 /etc/mapped\n3'
  change remove '[{"destination":"/data"},{"destination":"/t"},{"destination":"/etc/mapped"}]'
  inside 'grep -E " /(data|t|etc/mapped) " /proc/mounts | wc -l'
  assert_output 0
}

@test "created and paused containers get mounts, too; stopped ones do not" {
  create one
  change add "[$(bind /data "$outside")]"
  berth start one
  berth pause one
  change add "[$(bind /more "$outside")]"
  change remove '[{"destination":"/data"}]'
  berth resume one
  inside 'cat /more/file; ls /data'
  assert_output content
  berth kill one KILL
  wait_until is one stopped
  mounts add "[$(bind /data "$outside")]"
  assert_error 'has stopped'
  mounts add "[$(bind /data "$outside")]" none
  assert_error 'does not exist'
}

@test "all of them or none" {
  start_new one
  local before
  before=$(berth exec one cat /proc/mounts)
  mounts add "[$(bind /data "$outside"), {\"destination\":\"/t\",\"type\":\"tmpfs\"}, $(bind /etc "$outside/file")]"
  assert_error '/mounts/2' 'cannot mount a file on the directory /etc'
  assert_equal "$(berth exec one cat /proc/mounts)" "$before"
  mounts add "[$(bind /data "$outside"), $(bind /x "$outside/nothing")]"
  assert_error '/mounts/1' "$outside/nothing" 'No such file'
  change add "[$(bind /data "$outside")]"
  mounts remove '[{"destination":"/data"},{"destination":"/tmp"}]'
  assert_error '/mounts/1/destination' '/tmp is not a mount point'
  inside 'cat /data/file'
  assert_output content
}

@test "what is refused, and what is said" {
  start_new one
  local dest
  for dest in / /proc /sys /dev // /proc/ /tmp/../proc; do
    mounts add "[$(bind "$dest" "$outside")]"
    assert_error '/mounts/0/destination' 'stays what it was'
    mounts remove "[{\"destination\":\"$dest\"}]"
    assert_error '/mounts/0/destination' 'stays what it was'
  done
  mounts add "[$(bind /proc/self/attr "$outside")]"
  assert_error '/mounts/0' 'a mount inside /proc is refused'
  mounts remove '[{"destination":"/proc/kcore"}]'
  assert_error 'stays what it was'
  mounts remove '[{"destination":"/sys/firmware"}]'
  assert_error '/sys/firmware is masked'
  local type
  for type in proc sysfs cgroup cgroup2 mqueue; do
    mounts add "[{\"destination\":\"/mnt\",\"type\":\"$type\",\"source\":\"x\"}]"
    assert_error '/mounts/0/type' "\"$type\" can be mounted only when the container is created"
  done
  mounts add '[{"destination":"/tmp","options":["remount","ro"]}]'
  assert_error '/mounts/0' 'only changes'
  mounts add '[{"destination":"/tmp","options":["private"]}]'
  assert_error '/mounts/0' 'only changes'
  mounts add '[{"destination":"/tmp","type":"none-such"}]'
  assert_error '/mounts/0' 'none-such'
  mounts add '[{"destination":"/tmp","type":"tmpfs","options":["size=x"]}]'
  assert_error '/mounts/0' 'size'
  mounts add '[{"type":"tmpfs"}]'
  assert_error '/mounts/0/destination'
  mounts add '{"mounts":[]}'
  assert_error /mounts
  mounts add '[], "root": {}'
  assert_error 'nothing after the array'
  mounts add '['
  assert_error ''
  mounts remove '[{"destination":"/nowhere"}]'
  assert_error '/mounts/0/destination' '/nowhere'
  run berth mounts list one -
  assert_error 'must be add or remove'
  run berth mounts add one /nowhere/at/all
  assert_error /nowhere/at/all
}

@test "a read-only root has the mount points that it has" {
  config '.root.readonly = true'
  start_new one
  change add "[$(bind /home "$outside")]"
  inside 'cat /home/file'
  assert_output content
  mounts add "[$(bind /made "$outside")]"
  assert_error '/made is missing in the root'
}

@test "a file in the image's links is below the container's root" {
  ln -s /var "$bundle/rootfs/link"
  start_new one
  change add "[$(bind /link/data "$outside")]"
  inside 'cat /var/data/file'
  assert_output content
  mounts remove '[{"destination":"/link/data"}]'
  assert_error 'a symbolic link is on the way'
  change remove '[{"destination":"/var/data"}]'
  assert_missing /var/data
}

@test "a user's own container gets what the user may read" {
  local runtime=$BATS_TEST_TMPDIR/run
  mkdir -m 700 "$runtime"
  cp "$BERTH" "$BATS_TEST_TMPDIR/berth"
  chmod 711 "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR"/{test,file} "$BATS_TEST_TMPDIR" "$BATS_FILE_TMPDIR"
  config 'del(.linux.cgroupsPath, .linux.resources) | .linux.namespaces += [{ type: "user" }]
    | .linux.uidMappings = [{ containerID: 0, hostID: 1000, size: 1 }] | .linux.gidMappings = .linux.uidMappings'
  chown -R 1000:1000 "$bundle" "$runtime"
  berth() { setpriv --reuid 1000 --regid 1000 --clear-groups env -i PATH="$PATH" XDG_RUNTIME_DIR="$runtime" "$BATS_TEST_TMPDIR/berth" "$@" 3>&-; }
  start_new one
  chmod 755 "$outside"
  local list
  list="[$(bind /data "$outside" ro), {\"destination\":\"/t\",\"type\":\"tmpfs\"}]"
  change add "$list"
  inside 'cat /data/file; echo > /data/x; echo > /t/x && ls /t'
  assert_contains content
  assert_contains 'Read-only file system'
  assert_line x
  mounts add "[$(bind /root "/root/.")]"
  assert_error '/mounts/0' 'Permission denied'
  change remove "$list"
  inside 'grep -cE " /(data|t) " /proc/mounts'
  assert_output 0
  berth delete --force one
}
