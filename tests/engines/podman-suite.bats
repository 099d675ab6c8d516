#!/usr/bin/env bats
# bats file_tags=long
# Podman as root: what its own system tests ask of a runtime beyond podman.bats, in words of our own. (Debian's mirrors need not
# have the source package, and the tests want images of a registry.)  Named after Podman's files, where one feature is one file.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # the container's variables; bats' subshells; variables of common.bash
load helper

setup_file() {
  need_vm
  install_berth
  podman_config
  podman import "$(image_tar)" bb > /dev/null 2>&1
}

setup() { need_vm; }
teardown() {
  podman pod rm --all --force --time 0 > /dev/null
  podman rm --all --force --time 0 > /dev/null
}

inspect() { podman inspect --format "$2" "$1"; } # CONTAINER TEMPLATE
pid() { inspect "$1" '{{.State.Pid}}'; }
# The machine's own programs, for what busybox lacks: -v /usr:/host:ro, then $of_host NAME.
of_host='/host/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2 --library-path /host/lib/x86_64-linux-gnu:/host/lib/x86_64-linux-gnu/systemd'
logged() { podman logs one 2>&1 | grep -q "$1"; } # PATTERN

@test "run: what an error is, Podman knows by the runtime's words" {
  run -127 podman run --rm bb /no/such/command
  assert_matches '/no/such/command.*[Nn]o such file or directory.*command that was not found'
  run -126 podman run --rm bb /etc
  assert_contains 'OCI permission denied'
  run -126 podman run --rm bb /etc/passwd/x
  assert_matches '/etc/passwd/x.*[Nn]ot a directory'
  run -127 podman run --rm --entrypoint '[]' bb ''
  assert_contains 'command that was not found'
  run -126 podman --runtime-flag invalidflag run --rm bb true
  assert_contains invalidflag
  podman volume create words
  printf '#!/bin/sh\necho ran\n' > "$(podman volume inspect --format '{{.Mountpoint}}' words)/script"
  chmod 755 "$(podman volume inspect --format '{{.Mountpoint}}' words)/script"
  run -126 podman run --rm -v words:/words:noexec bb /words/script
  assert_contains 'OCI permission denied'
  run podman run --rm -v words:/words bb /words/script
  assert_output ran
  podman volume rm words
}

@test "exec: errors, and nothing left of them" {
  podman run -d --name one bb sleep 1000
  run -126 podman exec one /etc
  assert_contains 'OCI permission denied'
  run -127 podman exec one /no/such/command
  assert_matches 'o such file or directory'
  run -125 podman exec -d one nonsense
  wait_until says 0 inspect one '{{len .ExecIDs}}'
  run -0 podman exec one sh -c 'exit 0'
}

@test "exec: much data, both ways" {
  podman run -d --name one bb sleep 1000
  head -c 1500000 /dev/urandom > "$BATS_TEST_TMPDIR/data"
  podman exec -i one sh -c 'cat > /tmp/data' < "$BATS_TEST_TMPDIR/data"
  podman exec one cat /tmp/data | cmp - "$BATS_TEST_TMPDIR/data"
}

@test "run, exec: descriptors by their numbers" {
  local script='ls -x -w 999 /proc/self/fd; cat /proc/self/fd/9 /proc/self/fd/40'
  run podman run --rm --preserve-fd 9,40 bb sh -c "$script" 9<<< nine 10< /dev/null 40<<< forty
  assert_line nine
  assert_line forty
  [[ ! ${lines[0]} =~ (^| )10( |$) ]]
  podman run -d --name one bb sleep 1000
  run podman exec --preserve-fd 9,40 one sh -c "$script" 9<<< nine 10< /dev/null 40<<< forty
  assert_line nine
  assert_line forty
  [[ ! ${lines[0]} =~ (^| )10( |$) ]]
}

@test "run: sockets of socket activation" {
  run bash -c 'LISTEN_FDS=1 LISTEN_PID=$$ exec podman run --rm bb sh -c "echo \$LISTEN_FDS \$LISTEN_PID; cat <&3"' 3<<< third
  assert_output $'1 1\nthird'
}

@test "run, exec: groups" {
  run podman run --rm --group-add 457 bb id -G
  assert_output '0 457'
  podman run -d --name one --group-add 1,2,3 bb sleep 1000
  run podman exec one id -G
  assert_output '0 1 2 3'
  run podman exec --user user one id -G
  assert_output '1000 2000'
  run podman exec --user 0:0 one id -G
  assert_output 0
}

@test "run, exec: the caller's groups" {
  local args=(run --rm --group-add keep-groups)
  run chroot --groups 1234,5678 / podman "${args[@]}" bb id -G
  assert_output '0 1234 5678'
  run chroot --groups 1234 / podman "${args[@]}" --uidmap 0:200000:5000 --gidmap 0:200000:5000 bb id -G
  assert_output '0 65534'
}

@test "run, exec: umask" {
  podman run -d --name one --umask 0724 bb sh -c 'grep Umask /proc/self/status; exec sleep 1000'
  wait_until logged 0724
  run podman exec one sh -c 'umask; touch /x; stat -c %a /x'
  assert_output $'0724\n42'
}

@test "run: each namespace is new, the host's or another container's" {
  local type
  podman run -d --name one --ipc shareable bb sleep 1000
  run podman run --rm --network container:one --pid container:one --uts container:one --cgroupns container:one --ipc container:one bb \
    sh -c 'for type in net pid uts cgroup ipc; do readlink /proc/self/ns/$type; done'
  assert_output "$(for type in net pid uts cgroup ipc; do readlink "/proc/$(pid one)/ns/$type"; done)"
  for type in net pid uts cgroup ipc; do [[ $(readlink "/proc/$(pid one)/ns/$type") != "$(readlink "/proc/self/ns/$type")" ]]; done
}

@test "stop, kill: a signal that is taken, and one that is not" {
  podman run -d --name one bb sh -c 'trap "echo taken; exit 0" TERM; echo ready; while :; do sleep 0.1; done'
  wait_until logged ready
  podman stop --time 20 one
  wait_until says $'ready\ntaken' podman logs one
  assert_equal "$(inspect one '{{.State.ExitCode}}')" 0
  podman run -d --name two bb sleep 1000
  run podman stop --time 1 two
  assert_contains 'resorting to SIGKILL'
  assert_equal "$(inspect two '{{.State.ExitCode}}')" 137
  podman run -d --rm --name three bb sleep 1000
  id=$(inspect three '{{.Id}}')
  [[ -e /run/$RUNTIME/$id ]]
  podman stop --time 0 three
  wait_until test ! -e "/run/$RUNTIME/$id"
  run -125 podman kill one
  assert_contains 'can only kill running containers'
}

@test "healthcheck: what is done when it fails" {
  local policy
  for policy in kill stop restart; do
    podman run -d --name $policy --stop-timeout 1 --health-cmd 'test ! -e /tmp/ill' --health-interval disable --health-retries 1 \
      --health-on-failure $policy bb sh -c 'rm -f /tmp/ill; echo ready; exec sleep 1000'
    wait_until says ready podman logs $policy
    podman healthcheck run $policy
    podman exec $policy touch /tmp/ill
    run -1 podman healthcheck run $policy
    assert_contains unhealthy
  done
  is() { [[ $(inspect "$1" '{{.State.Status}}') = "$2" ]]; }
  wait_until is kill exited
  wait_until is stop exited
  well() { podman healthcheck run restart; }
  wait_until well
}

@test "sdnotify: of conmon, and of the container" {
  export NOTIFY_SOCKET=$BATS_TEST_TMPDIR/notify
  socat -u UNIX-RECVFROM:"$NOTIFY_SOCKET",fork SYSTEM:"awk 1" >> "$BATS_TEST_TMPDIR/told" 2>&1 3>&- &
  local socat=$!
  wait_until test -S "$NOTIFY_SOCKET"
  told() { grep -qx "$1" "$BATS_TEST_TMPDIR/told"; }
  podman run -d --name one --sdnotify conmon bb sh -c 'echo "[$NOTIFY_SOCKET]"; exec sleep 1000'
  wait_until told READY=1
  assert_line_told_of one
  wait_until says '[]' podman logs one
  : > "$BATS_TEST_TMPDIR/told"
  podman run -d --name two --sdnotify container -v /usr:/host:ro bb sh -c "until test -e /tmp/well; do sleep 0.1; done
    $of_host /host/bin/systemd-notify --ready; exec sleep 1000"
  assert_line_told_of two
  run -1 told READY=1
  podman exec two touch /tmp/well
  wait_until told READY=1
  kill $socat
}

assert_line_told_of() { wait_until told "MAINPID=$(inspect "$1" '{{.State.ConmonPid}}')" || fail "not told of $1" "$(< "$BATS_TEST_TMPDIR/told")"; }

@test "update: everything at once, and what was not named stays" {
  modprobe null_blk nr_devices=1
  podman run -d --name one --pids-limit 77 --memory 512m bb sleep 1000
  podman update --cpu-shares 512 --cpus 1.5 --cpuset-cpus 0 --cpuset-mems 0 --memory 1G --memory-swap 3G --memory-reservation 400M \
    --device-read-bps /dev/nullb0:10mb --device-write-bps /dev/nullb0:30mb --device-read-iops /dev/nullb0:2000 --device-write-iops /dev/nullb0:4000 one
  run podman exec one sh -c 'cd /sys/fs/cgroup; cat cpu.max cpuset.cpus cpuset.mems memory.max memory.swap.max memory.low io.max pids.max'
  assert_output "$(printf '%s\n' '150000 100000' 0 0 1073741824 2147483648 419430400 \
    "$(stat -c %Hr:%Lr /dev/nullb0) rbps=10485760 wbps=31457280 riops=2000 wiops=4000" 77)"
  podman update --cpus 2 one
  run podman exec one sh -c 'cd /sys/fs/cgroup; cat cpu.max memory.max'
  assert_output $'200000 100000\n1073741824'
}

@test "checkpoint: and restore, twice; the log goes on" {
  podman run -d --name one bb sh -c 'i=0; while :; do echo $((i++)); sleep 0.1; done'
  local count
  for _ in 1 2; do
    podman container checkpoint one
    assert_equal "$(inspect one '{{.State.Status}} {{.State.Checkpointed}}')" 'exited true'
    count=$(podman logs one | wc -l)
    podman container restore one
    assert_equal "$(inspect one '{{.State.Status}} {{.State.Checkpointed}}')" 'running false'
    longer() { (($(podman logs one | wc -l) > count)); }
    wait_until longer
  done
  podman logs one > "$BATS_TEST_TMPDIR/log"
  sort -n -u "$BATS_TEST_TMPDIR/log" | cmp - "$BATS_TEST_TMPDIR/log" # it counted on
  run -0 podman exec one true
}

@test "checkpoint: to a file, under another name; locks on files" {
  # A sleep alone would end when criu interrupts it.
  podman run -d --name one -v /usr:/host:ro bb sh -c "exec 9> /lock; $of_host /host/bin/flock 9; echo kept > /tmp/x; echo ready; while :; do sleep 0.1; done"
  wait_until logged ready
  podman container checkpoint --file-locks --leave-running --export "$BATS_TEST_TMPDIR/one.tar.gz" one
  assert_equal "$(inspect one '{{.State.Status}}')" running
  podman container restore --file-locks --import "$BATS_TEST_TMPDIR/one.tar.gz" --name two
  run podman exec two cat /tmp/x
  assert_output kept
  run -1 podman exec two sh -c "$of_host /host/bin/flock -n /lock true"
  podman stop --time 0 two
}

@test "hooks: of a directory, at the start and the end" {
  local hooks=$BATS_TEST_TMPDIR/hooks
  mkdir "$hooks"
  printf '#!/bin/sh\ncat > /dev/null\necho ran >> %s/log\n' "$hooks" > "$hooks/hook"
  chmod 755 "$hooks/hook"
  printf '{ "version": "1.0.0", "when": { "always": true }, "hook": { "path": "%s/hook" }, "stages": ["prestart", "poststop"] }' "$hooks" > "$hooks/hook.json"
  podman run --name one --hooks-dir "$hooks" bb true
  both() { (($(grep -c ran "$hooks/log") == 2)); }
  wait_until both
}

@test "pod: shares, stops, pauses, its own user namespace" {
  podman pod create --name pod --uidmap 0:200000:5000 --gidmap 0:200000:5000
  podman run -d --pod pod --name one bb sleep 1000
  podman run -d --pod pod --name two bb nc -l -p 5000
  assert_matches_map one
  assert_equal "$(readlink "/proc/$(pid one)/ns/user")" "$(readlink "/proc/$(pid two)/ns/user")"
  run podman exec one sh -c 'for i in $(seq 300); do echo word | nc 127.0.0.1 5000 && break; sleep 0.2; done'
  podman wait two
  wait_until says word podman logs two
  podman pod pause pod
  assert_equal "$(inspect one '{{.State.Status}}')" paused
  podman pod unpause pod
  podman pod stop --time 0 pod
  wait_until says exited inspect one '{{.State.Status}}' # it is "stopped" until it is cleaned up
  podman pod start pod
  assert_equal "$(inspect one '{{.State.Status}}')" running
}

assert_matches_map() { run cat "/proc/$(pid "$1")/uid_map"; assert_matches '^ +0 +200000 +5000$'; }

@test "interactive: the terminal's size, in run and exec" {
  run terminal sh -c 'stty rows 17 cols 46; podman run --rm -it bb sh -c "until stty size | grep 17; do sleep 0.1; done"'
  assert_contains '17 46'
  podman run -d --name one bb sleep 1000
  run terminal sh -c 'stty rows 18 cols 47; podman exec -it one sh -c "until stty size | grep 18; do sleep 0.1; done"'
  assert_contains '18 47'
}

@test "run: what systemd finds" {
  run podman run --rm --systemd always bb sh -c 'stat -c "%a %n" /run /run/lock /tmp /sys/fs/cgroup; mkdir /sys/fs/cgroup/x && echo made; echo $container; cat /run/.containerenv | wc -c'
  assert_output $'755 /run\n1777 /run/lock\n1777 /tmp\n755 /sys/fs/cgroup\nmade\npodman\n0'
}

@test "run: masked, unmasked" {
  run podman run --rm bb sh -c 'stat -c "%n %t:%T" /proc/keys /proc/timer_list; ls /proc/acpi /sys/firmware /sys/dev/block | grep -v :; echo x > /proc/sysrq-trigger'
  assert_contains $'/proc/keys 1:3\n/proc/timer_list 1:3'
  assert_contains '/proc/sysrq-trigger: Read-only file system'
  refute_contains acpi_ # nothing is listed
  run podman run --rm --security-opt unmask=/proc/acpi:/sys/firmware --security-opt mask=/etc/passwd:/usr bb sh -c 'ls /proc/acpi /sys/firmware; cat /etc/passwd; ls /usr'
  assert_line wakeup
  assert_line acpi
  refute_contains root:x
}

@test "build: RUN with a secret, a cache, a tmpfs, a mount that is taken away" {
  printf hidden > "$BATS_TEST_TMPDIR/word"
  cat > "$BATS_TEST_TMPDIR/Containerfile" << 'END'
FROM bb
RUN --mount=type=secret,id=word cat /run/secrets/word > /seen && echo >> /seen
RUN --mount=type=cache,target=/cache --mount=type=tmpfs,target=/scratch touch /cache/x /scratch/x && grep -c -E ' /(cache|scratch) ' /proc/mounts >> /seen
RUN --network=none ls /sys/class/net >> /seen
RUN umount /etc/hostname; rm /etc/hostname; umask >> /seen
END
  podman build -q -t built --cap-add SYS_ADMIN --secret id=word,src="$BATS_TEST_TMPDIR/word" "$BATS_TEST_TMPDIR"
  run podman run --rm --no-hostname built sh -c 'cat /seen; ls /cache /scratch /run/secrets; ls /etc/hostname'
  assert_contains $'hidden\n2\nlo\n0022\n'
  assert_contains '/etc/hostname: No such file or directory'
  podman rmi -f built
}

@test "play kube: an init container, volumes, a sub-path, a read-only root" {
  mkdir -p "$BATS_TEST_TMPDIR/host/sub"
  echo theirs > "$BATS_TEST_TMPDIR/host/sub/file"
  cat > "$BATS_TEST_TMPDIR/pod.yaml" << END
apiVersion: v1
kind: Pod
metadata: { name: played }
spec:
  terminationGracePeriodSeconds: 0
  restartPolicy: Never
  initContainers:
  - { name: first, image: localhost/bb, command: [sh, -c, "echo first > /shared/x"], volumeMounts: [{ name: shared, mountPath: /shared }] }
  containers:
  - name: main
    image: localhost/bb
    command: [sh, -c, "cat /shared/x /host/file; touch /y; id -u; id -G; exec sleep 1000"]
    securityContext: { runAsUser: 1000, runAsGroup: 1000, readOnlyRootFilesystem: true, allowPrivilegeEscalation: false, capabilities: { drop: [ALL] } }
    volumeMounts: [{ name: shared, mountPath: /shared }, { name: host, mountPath: /host, subPath: sub, readOnly: true }]
  volumes:
  - { name: shared, emptyDir: {} }
  - { name: host, hostPath: { path: "$BATS_TEST_TMPDIR/host" } }
END
  podman kube play "$BATS_TEST_TMPDIR/pod.yaml"
  # What comes by two descriptors comes in any order.
  played() { [[ $(podman logs played-main 2> /dev/null) = $'first\ntheirs\n1000\n1000' ]]; }
  wait_until played
  said() { [[ $(podman logs played-main 2>&1) = *'/y: Read-only file system'* ]]; }
  wait_until said
  run grep -E '^(CapBnd|NoNewPrivs)' "/proc/$(pid played-main)/status"
  assert_output $'CapBnd:\t0000000000000000\nNoNewPrivs:\t1'
  podman kube down "$BATS_TEST_TMPDIR/pod.yaml"
}
