#!/usr/bin/env bats
# checkpoint and restore, by criu: Debian sid's (tests/peers), or in the test machine its own.
# shellcheck disable=SC2016,SC2030,SC2031,SC2153,SC2154 # the container's variables; bats' subshells; variables of common.bash
load helper
load ../lib/criu

setup() {
  common_setup
  criu_setup
  bundle saved
  counter
}

# It goes on where it was -----------------------------------------------------

@test "a container goes into files, and comes back with its memory" {
  start_new saved
  wait_until counted 3
  local pid before
  pid=$(pid_of saved)
  before=$(mounts_of "$pid")
  checkpoint saved
  assert_status saved none
  wait_until test ! -e "/proc/$pid" # process 1 has to reap it
  assert_missing /sys/fs/cgroup/berth-test-saved
  local last
  last=$(count)
  rm "$bundle/rootfs/run/n"
  restore saved --pid-file "$BATS_TEST_TMPDIR/pid"
  assert_status saved running
  assert_equal "$(< "$BATS_TEST_TMPDIR/pid")" "$(pid_of saved)"
  wait_until counted $((last + 1))
  assert_equal "$(mounts_of "$(pid_of saved)")" "$before"
  run berth exec saved cat /proc/self/cgroup
  assert_contains '0::/'
  berth kill saved KILL
  wait_until is saved stopped
  berth delete saved
}

@test "--leave-running: it runs on, and the files are a second one's beginning" {
  start_new saved
  wait_until counted 3
  local pid
  pid=$(pid_of saved)
  checkpoint saved --leave-running
  assert_status saved running
  assert_equal "$(pid_of saved)" "$pid"
  wait_until counted $(($(count) + 2))
  delete_all saved
  rm "$bundle/rootfs/run/n"
  restore saved
  wait_until counted 4
}

@test "who waits for it in the foreground sees its end" {
  berth_background run --bundle "$bundle" saved < <(:) > >(exec cat > /dev/null) 2>&1
  local berth=$!
  wait_until counted 3
  checkpoint saved
  wait $berth && status=0 || status=$?
  assert_failure 137
  assert_status saved none
  rm "$bundle/rootfs/run/n"
  restore saved
  wait_until counted 4
}

@test "a paused container stays paused, and can be saved" {
  start_new saved
  wait_until counted 3
  berth pause saved
  checkpoint saved --leave-running
  assert_status saved paused
  checkpoint saved
  assert_status saved none
  restore saved
  assert_status saved running
}

@test "under another id, in another group, from another root file system" {
  start_new saved
  wait_until counted 3
  checkpoint saved
  mkdir "$BATS_TEST_TMPDIR/moved"
  cp -a "$bundle"/. "$BATS_TEST_TMPDIR/moved"
  rm -r "$bundle" "$BATS_TEST_TMPDIR"/moved/rootfs/{proc,dev,sys,run/n} # mount points are made
  bundle=$BATS_TEST_TMPDIR/moved
  config '.linux.cgroupsPath = "/berth-test-moved/inner" | .annotations = { "a.b": "c" }'
  restore other
  assert_status other running
  assert_equal "$(cgroup_of other)" /sys/fs/cgroup/berth-test-moved/inner
  run berth exec other cat /proc/1/cgroup
  assert_line 0::/
  wait_until counted 4
  assert_equal "$(berth state other | jq -r '.bundle, .annotations["a.b"]' | paste -sd' ')" "$bundle c"
}

@test "groups that the container made come back" {
  config '.mounts[-1].options |= map(select(. != "ro"))'
  script 'mkdir /sys/fs/cgroup/inner; echo 0 > /sys/fs/cgroup/inner/cgroup.procs; while :; do sleep 0.02; done'
  start_new saved
  wait_until grep -q . /sys/fs/cgroup/berth-test-saved/inner/cgroup.procs
  checkpoint saved
  assert_missing /sys/fs/cgroup/berth-test-saved
  restore saved
  assert_equal "$(cgroup_of saved)" /sys/fs/cgroup/berth-test-saved/inner
}

@test "what a process may do is what it was" {
  config '.process.rlimits = [{ type: "RLIMIT_CORE", soft: 7, hard: 9 }] | .process.oomScoreAdj = 77 |
    .linux.seccomp = { defaultAction: "SCMP_ACT_ALLOW", syscalls: [{ names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 88 }] }'
  # Without CAP_SYS_RESOURCE, which not every host of tests has, criu cannot look at another user's limits.
  local ids='Uid: 0 0 0 0'
  if ((0x$(awk '/CapEff/ { print $2 }' /proc/self/status) >> 24 & 1)); then
    config '.process.user = { uid: 1000, gid: 1000, additionalGids: [2000] }'
    ids='Uid: 1000 1000 1000 1000'
  fi
  script 'while ! mkdir /tmp/x 2>> /tmp/said; do sleep 0.02; done'
  start_new saved
  wait_until grep -q . "$bundle/rootfs/tmp/said"
  local before lines
  before=$(facts_of "$(pid_of saved)")
  checkpoint saved
  # It stays as long as it is: who had it open then would not be restored.
  lines=$(wc -l < "$bundle/rootfs/tmp/said")
  restore saved
  assert_equal "$(facts_of "$(pid_of saved)")" "$before"
  assert_contains_all "$before" 'NoNewPrivs: 1' 'Seccomp: 2' "$ids" 77 'Max core file size 7 9'
  more() { tail -n +$((lines + 1)) "$bundle/rootfs/tmp/said" | grep -q 'Socket operation'; } # 88: ENOTSOCK
  wait_until more
}

# Mounts ------------------------------------------------------------------------

@test "volumes and masks keep their attributes, also those of the same source" {
  mkdir "$BATS_TEST_TMPDIR/volume"
  echo old > "$BATS_TEST_TMPDIR/volume/file"
  local volume=$BATS_TEST_TMPDIR/volume name
  for name in one two; do add_mount /$name bind "$volume" rbind ro nosuid; done
  add_mount /three bind "$volume" rbind noexec rslave
  add_mount /four bind "$volume/file" bind ro
  ln -s run "$bundle/rootfs/link"
  add_mount /link/five bind "$volume" bind ro
  own_null_device
  start_new saved
  wait_until counted 1
  local before
  before=$(mounts_of "$(pid_of saved)")
  checkpoint saved
  restore saved
  assert_equal "$(mounts_of "$(pid_of saved)")" "$before"
  assert_contains_all "$before" '/two ro,nosuid' '/three rw,noexec' '/run/five ro'
  for name in one/file two/file four run/five/file; do
    run berth exec saved sh -c "echo new > /$name"
    assert_error 'Read-only file system'
  done
  # The mask is the host's null device, whose mode is not the container's to change.
  run berth exec saved chmod 600 /proc/keys
  assert_error 'Read-only file system'
  umount -l /dev/null
}

@test "mount points on a volume are made there again" {
  mkdir "$BATS_TEST_TMPDIR"/{outer,inner}
  echo volume > "$BATS_TEST_TMPDIR/inner/file"
  add_mount /data bind "$BATS_TEST_TMPDIR/outer" bind
  add_mount /data/for/inner bind "$BATS_TEST_TMPDIR/inner" bind
  add_mount /data/for/file bind "$BATS_TEST_TMPDIR/inner/file" bind
  start_new saved
  checkpoint saved
  rm -r "$BATS_TEST_TMPDIR/outer/for"
  restore saved
  run berth exec saved cat /data/for/inner/file /data/for/file
  assert_output $'volume\nvolume'
  # a volume that leads elsewhere leads no further than itself
  checkpoint saved
  rm -r "$BATS_TEST_TMPDIR/outer/for"
  mkdir "$BATS_TEST_TMPDIR/elsewhere"
  ln -s ../elsewhere "$BATS_TEST_TMPDIR/outer/for"
  run berth restore --detach --bundle "$bundle" --image-path "$images" saved
  assert_missing "$BATS_TEST_TMPDIR/elsewhere/inner"
}

@test "an idmapped volume" {
  mkdir "$BATS_TEST_TMPDIR/volume"
  touch "$BATS_TEST_TMPDIR/volume/file"
  add_mount /mapped bind "$BATS_TEST_TMPDIR/volume" bind idmap
  config '.mounts[-1] += { uidMappings: [{ containerID: 0, hostID: 5000, size: 10 }], gidMappings: [{ containerID: 0, hostID: 6000, size: 10 }] }'
  start_new saved
  wait_until counted 1
  checkpoint saved
  restore saved
  run berth exec saved stat -c %u:%g /mapped/file
  assert_output 5000:6000
}

@test "a read-only root, and devices that are binds" {
  config '.root.readonly = true | .process.args = ["sh", "-c", "while :; do sleep 0.02; done"]'
  add_mount /dev/null bind /dev/null bind
  start_new saved
  local before
  before=$(mounts_of "$(pid_of saved)")
  checkpoint saved
  restore saved
  assert_equal "$(mounts_of "$(pid_of saved)")" "$before"
  run berth exec saved sh -c 'echo x > /dev/null && echo written; echo x > /file'
  assert_line written
  assert_contains 'Read-only file system'
}

# Namespaces ----------------------------------------------------------------------

@test "a network namespace that is joined is joined again" {
  local net=$BATS_TEST_TMPDIR/net
  touch "$net"
  unshare --net="$net" ip link set lo up
  config '(.linux.namespaces[] | select(.type == "network")).path = $p | .linux.sysctl = { "net.ipv4.ip_default_ttl": "9" }' --arg p "$net"
  start_new saved
  wait_until counted 1
  checkpoint saved
  # An engine makes it anew: what the configuration sets in it is set again.
  local ttl=/proc/sys/net/ipv4/ip_default_ttl host
  host=$(< $ttl)
  nsenter --net="$net" sh -c "echo 77 > $ttl"
  restore saved
  run stat -Lc %i "/proc/$(pid_of saved)/ns/net"
  assert_output "$(stat -Lc %i "$net")"
  run berth exec saved cat $ttl
  assert_output 9
  assert_equal "$(< $ttl)" "$host"
  delete_all saved
  umount "$net"
}

@test "uts and ipc namespaces that are joined are joined again" {
  unshare --uts --ipc sh -c 'hostname joined; exec sleep 1000' 3>&- &
  local holder=$!
  named() { [[ $(nsenter --uts="/proc/$holder/ns/uts" hostname) = joined ]]; }
  wait_until named
  config 'del(.hostname) | (.linux.namespaces[] | select(.type == "uts" or .type == "ipc")) |= (.path = "/proc/\($pid)/ns/\(.type)")' \
    --arg pid $holder
  start_new saved
  wait_until counted 1
  checkpoint saved
  restore saved
  local type
  for type in uts ipc; do
    assert_equal "$(readlink "/proc/$(pid_of saved)/ns/$type")" "$(readlink /proc/$holder/ns/$type)"
  done
  delete_all saved
  kill $holder
}

@test "a pid namespace that is joined is joined again; without one, the pids of the host are used" {
  unshare --pid --fork --mount-proc bash -c 'while :; do sleep 0.1; done' 3>&- &
  local maker=$! holder='' pid
  holds() { holder=$(< "/proc/$maker/task/$maker/children") && [[ $holder ]]; }
  wait_until holds
  holder=${holder// /}
  config '(.linux.namespaces[] | select(.type == "pid")).path = "/proc/\($pid)/ns/pid"' --arg pid "$holder"
  start_new saved
  wait_until counted 1
  pid=$(pid_of saved)
  checkpoint saved
  wait_until test ! -e "/proc/$pid" # its number there is free again
  restore saved
  assert_equal "$(readlink "/proc/$(pid_of saved)/ns/pid")" "$(readlink "/proc/$holder/ns/pid")"
  delete_all saved
  kill -9 "$holder"
  config '.linux.namespaces |= map(select(.type != "pid"))'
  start_new saved
  pid=$(pid_of saved)
  checkpoint saved
  wait_until test ! -e "/proc/$pid"
  restore saved
  assert_equal "$(pid_of saved)" "$pid"
}

@test "without a network namespace, and with one that is left empty" {
  config '.linux.namespaces |= map(select(.type != "network"))'
  start_new saved
  checkpoint saved
  restore saved
  assert_equal "$(readlink "/proc/$(pid_of saved)/ns/net")" "$(readlink /proc/self/ns/net)"
  delete_all saved
  config '.linux.namespaces += [{ type: "network" }]'
  start_new saved
  checkpoint saved --empty-ns network
  restore saved --empty-ns network
  assert_status saved running
}

@test "user namespace" {
  config '.linux.namespaces += [{ type: "user" }] | (.linux.uidMappings, .linux.gidMappings) = [{ containerID: 0, hostID: 100000, size: 65536 }]
    | .linux.devices = [{ path: "/dev/pipe", type: "p" }, { path: "/dev/own", type: "c", major: 1, minor: 3, fileMode: 416, uid: 10, gid: 20 },
        { path: "/dev/full", type: "c", major: 1, minor: 7, fileMode: 384 }, { path: "/link/zero", type: "c", major: 1, minor: 5, uid: 3 }]'
  ln -s run "$bundle/rootfs/link"
  chmod 777 "$bundle/rootfs/run"
  chmod 711 "$BATS_RUN_TMPDIR" # the container's root is an ordinary user here, who cannot open root's files again
  berth create --bundle "$bundle" saved < <(:) > >(exec cat > /dev/null) 2>&1
  berth start saved
  wait_until counted 3
  local before
  before=$(mounts_of "$(pid_of saved)")
  checkpoint saved
  berth restore --detach --bundle "$bundle" --image-path "$images" saved < <(:) > >(exec cat > /dev/null) 2>&1
  wait_until counted $(($(count) + 1))
  assert_equal "$(tr -s ' ' < "/proc/$(pid_of saved)/uid_map")" ' 0 100000 65536'
  assert_equal "$(mounts_of "$(pid_of saved)")" "$before"
  assert_equal "$(cd "/proc/$(pid_of saved)/root/dev" && stat -c '%n %t:%T %a %u:%g' ../run/zero own full pipe)" $'../run/zero 1:5 666 100003:100000\nown 1:3 640 100010:100020\nfull 1:7 600 100000:100000\npipe 0:0 666 100000:100000'
  assert_equal "$(stat -c %a "$images")" 700
}

# Streams and terminals ------------------------------------------------------------

@test "standard streams: the restore's own in place of pipes" {
  script 'while read -r line; do echo "got $line"; done; echo over'
  mkfifo "$BATS_TEST_TMPDIR/one" "$BATS_TEST_TMPDIR/two"
  exec 8<> "$BATS_TEST_TMPDIR/one"
  berth create --bundle "$bundle" saved 8>&- < <(exec cat "$BATS_TEST_TMPDIR/one" 8>&-) > >(exec cat > "$BATS_TEST_TMPDIR/first" 8>&-) 2>&1
  berth start saved 8>&-
  echo one >&8
  wait_until grep -qx 'got one' "$BATS_TEST_TMPDIR/first"
  checkpoint saved
  exec 8>&-
  exec 9<> "$BATS_TEST_TMPDIR/two"
  berth restore --detach --bundle "$bundle" --image-path "$images" saved 9>&- < <(exec cat "$BATS_TEST_TMPDIR/two" 9>&-) \
    > >(exec cat > "$BATS_TEST_TMPDIR/second" 9>&-) 2>&1
  echo two >&9
  wait_until grep -qx 'got two' "$BATS_TEST_TMPDIR/second"
  exec 9>&-
  wait_until grep -qx over "$BATS_TEST_TMPDIR/second"
  assert_equal "$(< "$BATS_TEST_TMPDIR/first")" 'got one'
}

@test "standard streams: a file goes on where it was" {
  script 'i=0; while :; do i=$((i + 1)); echo $i; sleep 0.02; done'
  start_new saved
  wait_until grep -qx 3 "$BATS_TEST_TMPDIR/saved.log"
  checkpoint saved
  local last
  last=$(tail -n 1 "$BATS_TEST_TMPDIR/saved.log")
  restore saved
  wait_until grep -qx $((last + 2)) "$BATS_TEST_TMPDIR/saved.log"
  assert_equal "$(head -n $((last + 2)) "$BATS_TEST_TMPDIR/saved.log")" "$(seq $((last + 2)))"
}

# A shell does that with its own while a built-in command writes elsewhere.
@test "standard streams: where the workload has put them meanwhile" {
  script 'exec 5>&1 > /dev/null 2>&1; trap "echo more >&5" USR1; ln -s 1 /run/n; while :; do sleep 0.02; done'
  start_new saved
  wait_until counted 1
  checkpoint saved
  restore saved
  berth kill saved USR1
  wait_until grep -qx more "$BATS_TEST_TMPDIR/saved.log"
  berth delete -f saved
  rm -r "$images" "$bundle/rootfs/run/n"
  berth create --bundle "$bundle" saved < <(:) > >(exec cat > "$BATS_TEST_TMPDIR/first") 2>&1
  berth start saved
  wait_until counted 1
  checkpoint saved
  restore saved # in place of the pipe
  : > "$BATS_TEST_TMPDIR/saved.log"
  berth kill saved USR1
  wait_until grep -qx more "$BATS_TEST_TMPDIR/saved.log"
}

@test "standard streams: a restored container's, into files again" {
  counter
  start_new saved # both outputs are one file
  wait_until counted 1
  checkpoint saved
  berth restore --detach --bundle "$bundle" --image-path "$images" saved < /dev/null >> "$BATS_TEST_TMPDIR/saved.log" 2> "$BATS_TEST_TMPDIR/errors"
  wait_until counted $(($(count) + 1))
  rm -r "$images"
  checkpoint saved
  restore saved
  wait_until counted $(($(count) + 1))
}

@test "in the foreground: signals, the exit status, and nothing left" {
  script 'trap "exit 7" TERM; echo ready; while :; do sleep 0.02; done'
  start_new saved
  wait_until grep -qx ready "$BATS_TEST_TMPDIR/saved.log"
  checkpoint saved
  berth_background restore --bundle "$bundle" --image-path "$images" saved < /dev/null >> "$BATS_TEST_TMPDIR/saved.log" 2>&1
  local berth=$!
  wait_until is saved running
  kill -TERM $berth
  wait $berth && status=0 || status=$?
  assert_failure 7
  assert_status saved none
}

@test "a terminal: its master comes over the console socket" {
  config '.process.terminal = true'
  script 'tty; i=0; while read -r line; do i=$((i + 1)); echo "$i: $line"; done'
  python3 "$top/tests/runtime/console.py" "$BATS_TEST_TMPDIR/console" "$BATS_TEST_TMPDIR/first" one 3>&- &
  local engine=$!
  wait_until test -S "$BATS_TEST_TMPDIR/console"
  start_new saved --console-socket "$BATS_TEST_TMPDIR/console"
  wait_until grep -q '1: one' "$BATS_TEST_TMPDIR/first"
  local before
  before=$(mounts_of "$(pid_of saved)")
  checkpoint saved
  wait $engine
  run berth restore --detach --bundle "$bundle" --image-path "$images" saved < /dev/null
  assert_error /process/terminal console-socket
  python3 "$top/tests/runtime/console.py" "$BATS_TEST_TMPDIR/console" "$BATS_TEST_TMPDIR/second" two 3>&- &
  engine=$!
  wait_until test -S "$BATS_TEST_TMPDIR/console"
  restore saved --console-socket "$BATS_TEST_TMPDIR/console"
  wait_until grep -q '2: two' "$BATS_TEST_TMPDIR/second"
  assert_equal "$(mounts_of "$(pid_of saved)")" "$before"
  delete_all saved
  wait $engine
}

# What criu is to be told -------------------------------------------------------------

@test "TCP connections and file locks need their options, and go on with them" {
  cp "$(static_program tcp "$top/tests/runtime/tcp.c")" "$bundle/rootfs/bin/tcp"
  install_probe
  args probe lock /run/lock tcp both 7 /run/n
  start_new saved
  wait_until counted 3
  run checkpoint saved
  assert_error 'criu could not dump the container' "$images/dump.log"
  assert_contains_any "$output" tcp lock
  local alone
  for alone in --tcp-established --file-locks; do
    run checkpoint saved $alone
    assert_error 'criu could not dump the container' "$([[ $alone = --file* ]] && echo tcp || echo lock)"
  done
  assert_status saved running
  checkpoint saved --tcp-established --file-locks
  local last
  last=$(count)
  restore saved --tcp-established --file-locks
  wait_until counted $((last + 2))
  run berth exec saved probe lock /run/lock echo free
  assert_failure 1
  assert_output held
}

# Hooks ---------------------------------------------------------------------------------

@test "hooks: prestart and createRuntime at the restore, poststop at the checkpoint" {
  local point filter='.hooks = {'
  for point in prestart createRuntime createContainer startContainer poststart poststop; do
    filter+="$point: [{ path: \"/bin/sh\", args: [\"sh\", \"-c\", \"read -r s; echo $point \$s >> $BATS_TEST_TMPDIR/hooks\"] }],"
  done
  start_new saved
  config "${filter%,}}"
  checkpoint saved
  restore saved
  assert_equal "$(cut -d' ' -f1 "$BATS_TEST_TMPDIR/hooks" | paste -sd' ')" 'prestart createRuntime'
  run cat "$BATS_TEST_TMPDIR/hooks"
  assert_contains '"status":"creating"'
  assert_contains "\"pid\":$(pid_of saved)"
  : > "$BATS_TEST_TMPDIR/hooks"
  rm -r "$images"
  checkpoint saved
  run cat "$BATS_TEST_TMPDIR/hooks"
  assert_contains poststop
  assert_contains '"status":"stopped"'
}

# Failures ---------------------------------------------------------------------------------

@test "checkpoint: only what runs, and what exists" {
  run checkpoint none
  assert_error 'does not exist' none
  create saved
  run checkpoint saved
  assert_error 'cannot checkpoint container saved: it is created'
  assert_missing "$images"
  berth kill saved KILL
  wait_until is saved stopped
  run checkpoint saved
  assert_error 'it is stopped'
}

@test "checkpoint: what criu cannot dump is named, and the container goes on" {
  "$BERTH" --root "$BATS_TEST_TMPDIR/state" create --bundle "$bundle" --preserve-fds 1 saved 3> "$BATS_TEST_TMPDIR/outside" < /dev/null > /dev/null 2>&1
  berth start saved
  wait_until counted 1
  run checkpoint saved --work-path "$BATS_TEST_TMPDIR/work"
  assert_error 'criu could not dump the container' outside "$BATS_TEST_TMPDIR/work/dump.log"
  assert_file "$BATS_TEST_TMPDIR/work/dump.log"
  assert_status saved running
  wait_until counted $(($(count) + 2))
}

@test "checkpoint: a cgroup without a cgroup namespace is refused" {
  config '.linux.namespaces |= map(select(.type != "cgroup"))'
  start_new saved
  run checkpoint saved
  assert_error 'cannot checkpoint: /mounts/6' 'cgroup namespace'
  assert_status saved running
}

@test "a read-only root that a privileged container has made writable, and writes to: refused, and restored where it may be writable" {
  config '.root.readonly = true | .process.capabilities |= map_values(. + ["CAP_SYS_ADMIN"])'
  script 'mount -o remount,bind,rw / && exec 9> /written; while :; do sleep 0.02; done'
  start_new saved
  wait_until test -e "$bundle/rootfs/written"
  checkpoint saved
  ! (restore saved) 2> /dev/null || fail "it was restored"
  assert_contains_all "$(< "$BATS_TEST_TMPDIR/saved.log")" 'berth restore: ' /root/readonly 'open to write'
  : > "$BATS_TEST_TMPDIR/saved.log" # the container's output, which criu wants as it was
  assert_missing "$BATS_TEST_TMPDIR/state/saved"
  config '.root.readonly = false'
  restore saved
  assert_equal "$(berth exec saved readlink /proc/1/fd/9)" /written
}

@test "restore: a failure leaves nothing" {
  start_new saved
  wait_until counted 1
  checkpoint saved
  fails() { # WHAT TEXT...
    run berth restore --detach --bundle "$bundle" --image-path "$images" saved < /dev/null
    assert_error restore "${@:2}" || fail "$1"
    assert_missing "$BATS_TEST_TMPDIR/state/saved"
    assert_missing /sys/fs/cgroup/berth-test-saved
  }
  config '.hooks = { createRuntime: [{ path: "/bin/false" }] }'
  fails 'a hook that fails' 'createRuntime hook 0' 'exit status 1'
  config 'del(.hooks) | .linux.resources.unified = { "berth.none": "1" }'
  fails 'a limit that is none' berth.none
  config 'del(.linux.resources.unified)'
  mv "$images/inventory.img" "$BATS_TEST_TMPDIR"
  fails 'no inventory' 'could not restore the container' "$images/restore.log"
  mv "$BATS_TEST_TMPDIR/inventory.img" "$images"
  mv "$images/descriptors.json" "$BATS_TEST_TMPDIR"
  fails 'no descriptors.json' descriptors.json 'is this a checkpoint'
  echo '{' > "$images/descriptors.json"
  fails 'a bad descriptors.json' descriptors.json
  mv "$BATS_TEST_TMPDIR/descriptors.json" "$images"
  add_mount /run/gone bind /nowhere/at/all bind
  fails 'a source that is gone' /mounts/7 /nowhere/at/all
  config 'del(.mounts[-1])'
  restore saved
  assert_status saved running
  run berth restore --detach --bundle "$bundle" --image-path "$images" saved < /dev/null
  assert_error 'already exists'
  assert_status saved running
}

@test "options that cannot be meant" {
  start_new saved
  run checkpoint saved --page-server 10.0.0.1
  assert_error '--page-server 10.0.0.1: must be ADDRESS:PORT'
  run checkpoint saved --lazy-pages
  assert_error '--lazy-pages needs --page-server'
  run checkpoint saved --empty-ns pid
  assert_error '--empty-ns pid'
  run checkpoint saved --manage-cgroups-mode some
  assert_error 'soft|full|strict|ignore'
  run checkpoint saved --parent-path /abs
  assert_error '--parent-path /abs: must be relative'
  run berth restore --bundle "$bundle" --image-path "$BATS_TEST_TMPDIR/none" other
  assert_error "$BATS_TEST_TMPDIR/none" 'No such file'
  assert_status saved running
}

@test "criu: missing, and one that others could have changed" {
  start_new saved
  PATH=/nowhere run "$BERTH" --root "$BATS_TEST_TMPDIR/state" checkpoint --image-path "$images" saved
  assert_error 'no program criu in /nowhere' 'apt-get install criu'
  mkdir "$BATS_TEST_TMPDIR/bin"
  printf '#!/bin/sh\necho ran > %q\n' "$BATS_TEST_TMPDIR/ran" > "$BATS_TEST_TMPDIR/bin/criu"
  chmod 777 "$BATS_TEST_TMPDIR/bin/criu"
  PATH=$BATS_TEST_TMPDIR/bin:$PATH run berth checkpoint --image-path "$images" saved
  assert_error "$BATS_TEST_TMPDIR/bin/criu could be changed by others"
  (cd "$BATS_TEST_TMPDIR/bin" && chmod 755 criu && PATH=.:/nowhere "$BERTH" --root "$BATS_TEST_TMPDIR/state" checkpoint --image-path "$images" saved) && fail 'a relative PATH was followed'
  assert_missing "$BATS_TEST_TMPDIR/ran"
  PATH=$BATS_TEST_TMPDIR/bin:$PATH run berth checkpoint --image-path "$images" saved
  assert_error 'it ended without an answer'
  assert_status saved running
}

# What engines look at ---------------------------------------------------------------------------

@test "what Podman and containerd ask before they use it" {
  run berth checkpoint --help
  assert_success
  run berth restore --lsm-mount-context
  assert_error 'flag needs an argument'
  run jq -r '.annotations["org.opencontainers.runc.checkpoint.enabled"]' <(berth features)
  assert_output true
}
