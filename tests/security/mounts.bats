#!/usr/bin/env bats
# mounts add and remove, in a container whose processes and files are hostile.
# shellcheck disable=SC2016,SC2154 # the container's variables; variables of common.bash
load helper

setup() {
  common_setup
  bundle one
  script 'sleep 1000'
  secret
}

mounts() { run berth mounts "$1" "${3-one}" - <<< "$2"; } # add|remove JSON [ID]

@test "in a mount namespace that it joined, a container's mounts are below its root" {
  unshare --mount --propagation private sleep 1000 3>&- &
  local other=$!
  wait_until grep -qx sleep "/proc/$other/comm"
  config '(.linux.namespaces[] | select(.type == "mount")).path = $path' --arg path "/proc/$other/ns/mnt"
  start_new one
  local before
  before=$(< "/proc/$other/mountinfo")
  # there, with the host's root for a root, it would be the host's directory that is mounted on, and made
  mounts add "[{\"destination\":\"$outside\",\"type\":\"tmpfs\"},{\"destination\":\"$BATS_TEST_TMPDIR/new\",\"type\":\"tmpfs\"}]"
  assert_success
  assert_equal "$(diff <(echo "$before") "/proc/$other/mountinfo" | grep -c "^> .* $bundle/rootfs/")" 2
  assert_missing "$BATS_TEST_TMPDIR/new"
  [[ $(nsenter -t "$other" -m cat "$outside/secret") = secret ]]
  mounts remove "[{\"destination\":\"$outside\"},{\"destination\":\"$BATS_TEST_TMPDIR/new\"}]"
  assert_success
  # up, and absolute: links of the image stay in the root, too
  ln -s "../../../../../../../..$outside" "$bundle/rootfs/up"
  ln -s "$outside" "$bundle/rootfs/absolute"
  mounts add '[{"destination":"/up","type":"tmpfs"},{"destination":"/absolute/x","type":"tmpfs"}]'
  assert_success
  [[ $(nsenter -t "$other" -m cat "$outside/secret") = secret ]]
  untouched
  berth delete --force one
  kill "$other"
}

@test "a link that the container has put there leads to another mount: that is not removed" {
  config '.mounts += [{ destination: "/data", type: "tmpfs", source: "tmpfs" }]'
  start_new one
  berth exec one sh -c 'umount /data 2> /dev/null; ln -s /dev/shm /lure; mkdir /d; ln -s /dev /d/e'
  local lure
  for lure in /lure /d/e/shm; do
    mounts remove "[{\"destination\":\"$lure\"}]"
    assert_error 'symbolic link'
  done
  run berth exec one grep -c ' /dev/shm ' /proc/mounts
  assert_output 1
}

@test "no mount shows processes, or anything else, of the host" {
  start_new one
  ln -s /proc "$bundle/rootfs/lure"
  local type
  for type in proc sysfs cgroup2 mqueue; do
    mounts add "[{\"destination\":\"/mnt\",\"type\":\"$type\",\"source\":\"x\"}]"
    assert_error "$type"
    run berth exec one ls -A /mnt
    [[ ! $output || $output = *'No such file'* ]]
  done
  mounts add '[{"destination":"/lure","type":"tmpfs"}]'
  assert_error 'into /proc'
  mounts add '[{"destination":"/lure/sys/net","type":"tmpfs"}]'
  assert_error 'into /proc'
}

@test "a source that could not be opened outside is not looked for inside" {
  # Nobody's, in a user namespace of its own, may clone what is not its own mounts'.
  start_new one
  echo hostile > "$bundle/rootfs/lure"
  mkdir "$bundle/rootfs/mnt"
  run strace -f -qq -o /dev/null -e trace=open_tree -e inject=open_tree:error=EPERM \
    "$BERTH" --root "$BATS_TEST_TMPDIR/state" mounts add one - 3>&- <<< '[{"destination":"/mnt/x","type":"bind","source":"/lure","options":["bind"]}]'
  assert_error 'could not be opened outside'
  berth exec one sh -c '! grep " /mnt/x " /proc/mounts'
}

@test "a container that moves what is on the way, meanwhile: nothing outside is touched" {
  script 'mkdir -p /d/a /real; ln -s '"$outside"' /link; ln -s ../../../../../../.. /up; echo ready
    while :; do mv /d/a /d/b; mv /link /d/a; mv /d/a /link; mv /up /d/a; mv /d/a /up; mv /d/b /d/a; done 2> /dev/null'
  start_new one
  wait_until grep -q ready "$BATS_TEST_TMPDIR/one.log"
  local before i done=0 times=40
  [[ ! ${BERTH_VM_KERNEL-} ]] || times=10
  before=$(< /proc/self/mountinfo)
  for ((i = 0; i < times || (done == 0 && i < 400); i++)); do
    mounts add '[{"destination":"/d/a/x","type":"tmpfs"}]'
    if ((status == 0)); then done=$((done + 1)); fi
  done
  ((done > 0))
  assert_equal "$(< /proc/self/mountinfo)" "$before"
  untouched
}

@test "who is kept waiting while it adds a mount does not keep delete --force waiting" {
  start_new one
  local mnt pid
  mnt=$(readlink "/proc/$(pid_of one)/ns/mnt")
  strace -f -qq -o /dev/null -e trace=setns -e inject=setns:signal=SIGSTOP \
    "$BERTH" --root "$BATS_TEST_TMPDIR/state" mounts add one - > /dev/null 2>&1 3>&- <<< '[{"destination":"/mnt/x","type":"tmpfs"}]' &
  local tracer=$!
  inside() { # the process that has entered, as $pid
    for pid in $(pgrep -f "mounts add one"); do [[ $(readlink "/proc/$pid/ns/mnt") != "$mnt" ]] || return 0; done
    false
  }
  wait_until inside
  run timeout 60 "$BERTH" --root "$BATS_TEST_TMPDIR/state" delete --force one 3>&-
  kill -KILL "$tracer" "$pid"
  assert_success
  assert_status one none
}

# What it would have to wait for, as root there: that makes it its own to write.
takes_over='until grep -q " /tmp/data " /proc/mounts; do sleep 0.05; done; mount -o remount,bind,rw /tmp/data; touch /tmp/data/got'

@test "a first process that is root of a user namespace of its own gets no mount there, which it could make writable" {
  local volume=$BATS_TEST_TMPDIR/volume
  mkdir -m 777 "$volume"
  config 'del(.linux.seccomp) | .process.user = { uid: 1000, gid: 1000 }'
  script "exec unshare -Urm sh -c 'mkdir -p /tmp/data; echo ready; $takes_over; echo tried; exec sleep 1000'"
  start_new one
  wait_until grep -q ready "$BATS_TEST_TMPDIR/one.log"
  mounts add "[{\"destination\":\"/tmp/data\",\"type\":\"bind\",\"source\":\"$volume\",\"options\":[\"ro\"]}]"
  ((status)) || wait_until grep -q tried "$BATS_TEST_TMPDIR/one.log"
  assert_missing "$volume/got"
  assert_error 'a user namespace of its own'
  mounts remove '[{"destination":"/dev/shm"}]'
  assert_error 'a user namespace of its own'
}

@test "nor one that goes there in that very moment" {
  install_attack
  config 'del(.linux.seccomp) | .process.user = { uid: 1000, gid: 1000 } | .process.args = ["/bin/attack", "flee", "/bin/attack", "/bin/busybox"]'
  start_new one
  wait_until grep -q ready "$BATS_TEST_TMPDIR/one.log"
  echo '[{"destination":"/tmp/data","type":"tmpfs","options":["ro"]}]' > "$BATS_TEST_TMPDIR/mounts.json"
  held setns mounts add one "$BATS_TEST_TMPDIR/mounts.json" > "$BATS_TEST_TMPDIR/out" 2>&1
  wait_until held_up
  : > "$bundle/rootfs/tmp/go"
  wait_until grep -q gone "$BATS_TEST_TMPDIR/one.log"
  let_go
  status=0
  wait $! || status=$?
  output=$(< "$BATS_TEST_TMPDIR/out")
  assert_error 'a user namespace of its own'
  ! grep " /tmp/data " "/proc/$(pid_of one)/mounts" || fail 'it has the mount'
}

@test "without a pid namespace of its own: in the user namespace that it was given, and in none that it has made" {
  config '.linux.namespaces |= map(select(.type != "pid")) | del(.linux.seccomp) | .process.user = { uid: 1000, gid: 1000 }
    | .linux.maskedPaths = [] | .linux.readonlyPaths = []'
  script "exec unshare -Urm sh -c 'mkdir -p /tmp/data; echo ready; exec sleep 1000'"
  start_new one
  wait_until grep -q ready "$BATS_TEST_TMPDIR/one.log"
  mounts add '[{"destination":"/tmp/data","type":"tmpfs"}]'
  assert_error 'a user namespace of its own'
  berth delete --force one
  bundle two
  user_namespace
  config '.linux.namespaces |= map(select(.type != "pid")) | (.mounts[] | select(.type == "proc")) |= { destination: "/proc", type: "bind", source: "/proc", options: ["rbind"] }
    | .linux.maskedPaths = [] | .linux.readonlyPaths = []'
  script 'exec sleep 1000'
  start_new two
  mounts add '[{"destination":"/mnt","type":"tmpfs"}]' two
  assert_success
}
