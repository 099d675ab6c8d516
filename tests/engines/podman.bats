#!/usr/bin/env bats
# Podman as root.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # the container's variables; bats' subshells; variables of common.bash
load helper

setup_file() {
  need_vm
  install_berth
  podman_config
  podman import "$(image_tar)" bb > /dev/null 2>&1
}

setup() { need_vm; }

# As little as possible stays for the next test.
teardown() { podman rm --all --force --time 0 > /dev/null; }

inspect() { podman inspect --format "$2" "$1"; } # CONTAINER TEMPLATE
pid() { inspect "$1" '{{.State.Pid}}'; }

@test "run" {
  run podman run --rm --name one --hostname aboard --env A=b --user user --workdir /tmp bb sh -c 'echo $(hostname) $A $(id -u) $(pwd); exit 7'
  assert_failure 7
  assert_output 'aboard b 1000 /tmp'
  run podman run --rm -i bb cat <<< 'from stdin'
  assert_output 'from stdin'
  no_groups_left 'libpod-*'
}

@test "run on a terminal" {
  run terminal podman run --rm -it bb tty
  assert_line /dev/pts/0
}

@test "error: no such program" {
  run -127 podman run --name gone bb nonsense
  assert_failure 127
  message 'exec: "nonsense": executable file not found in $PATH' nonsense
  run podman run --rm bb /etc/passwd
  assert_failure 126
  message 'exec: "/etc/passwd": is not executable' passwd
  no_groups_left 'libpod-*'
}

@test "error: what the runtime refuses" {
  run podman run --rm --sysctl net.ipv4.ip_forward=nonsense bb true
  message net.ipv4.ip_forward ip_forward
  run podman run --rm --security-opt apparmor=not-loaded bb true
  message not-loaded not-loaded
  no_groups_left 'libpod-*'
}

@test "create, start, restart, stop, wait" {
  podman create --name one --stop-timeout 100 bb sh -c 'trap "exit 3" TERM; echo began; while :; do sleep 0.1; done'
  assert_equal "$(inspect one '{{.State.Status}}')" created
  began() { (($(podman logs one | grep -c began) == $1)); } # TIMES; its trap is set by then
  podman start one
  first=$(pid one)
  wait_until began 1
  podman restart one
  [[ $(pid one) != "$first" ]]
  wait_until began 2
  podman stop one
  run podman wait one
  assert_output 3
  wait_until says $'began\nbegan' podman logs one
}

# bats test_tags=long
@test "init, then start" {
  podman create --name one bb sleep 1000
  podman init one
  run inspect one '{{.State.Status}}'
  assert_output initialized
  podman start one
  wait_until has 'sleep 1000' podman top one args
}

# bats test_tags=long
@test "kill" {
  podman run -d --name one bb sh -c 'trap "exit 9" USR1; while :; do sleep 0.1; done'
  wait_until podman exec one grep -q 'SigCgt:.*[2367abef]..$' /proc/1/status
  podman kill --signal USR1 one
  run podman wait one
  assert_output 9
  podman start one
  podman kill one
  run podman wait one
  assert_output 137
}

@test "exec" {
  podman run -d --name one --env A=b bb sleep 1000
  run podman exec --user user --workdir /tmp --env C=d one sh -c 'echo $A $C $(id -u) $(id -g) $(pwd); exit 5'
  assert_failure 5
  assert_output 'b d 1000 1000 /tmp'
  run podman exec -i one cat <<< 'from stdin'
  assert_output 'from stdin'
  podman exec -d one touch /tmp/detached
  wait_until podman exec one test -e /tmp/detached
  run podman exec --privileged one grep CapEff /proc/self/status
  assert_output "CapEff:"$'\t'"$(sed -n 's/CapBnd:\t//p' /proc/1/status)"
  run -127 podman exec one nonsense
  assert_failure 127
  message 'exec: "nonsense": executable file not found in $PATH' nonsense
}

@test "exec on a terminal" {
  podman run -d --name one bb sleep 1000
  run terminal podman exec -it one tty
  assert_line /dev/pts/0
}

# bats test_tags=long
@test "descriptors kept" {
  run podman run --rm --preserve-fds 1 bb cat /proc/self/fd/3 3< <(echo kept)
  assert_output kept
}

@test "pause" {
  podman run -d --name one bb sleep 1000
  podman pause one
  assert_equal "$(inspect one '{{.State.Status}}')" paused
  assert_equal "$(cat "$(group_of "$(pid one)")/cgroup.freeze")" 1
  run podman exec one true
  assert_failure
  podman unpause one
  podman exec one true
}

# bats test_tags=long
@test "logs" {
  podman run -d --name one --log-driver k8s-file bb sh -c 'echo out; echo err >&2'
  podman wait one
  run --separate-stderr podman logs one
  assert_output out
  assert_equal "$stderr" err
  podman run -d --name two --log-driver journald bb echo journal
  podman wait two
  wait_until says journal podman logs two
}

# bats test_tags=long
@test "top" {
  podman run -d --name one --user user bb sleep 1000
  topped() { [[ $(podman top one pid user args) =~ 1\ +user\ +sleep\ 1000 ]]; }
  wait_until topped
}

@test "stats" {
  podman run -d --name one --memory 64m bb sh -c 'while :; do :; done'
  run podman stats --no-stream --format '{{.Name}} {{.MemUsage}} {{.PIDs}} {{.CPUPerc}}' one
  assert_matches '^one [0-9.]+.?B / 67.11MB 1 [0-9.]+%$'
  refute_contains ' 0.00%'
}

@test "update" {
  podman run -d --name one --memory 64m bb sleep 1000
  podman update --memory 96m --cpus 0.5 --pids-limit 33 --cpu-shares 512 one
  group=$(group_of "$(pid one)")
  assert_equal "$(cat "$group/memory.max")" 100663296
  assert_equal "$(cat "$group/cpu.max")" '50000 100000'
  assert_equal "$(cat "$group/pids.max")" 33
  systemctl daemon-reload # systemd was told as well
  assert_equal "$(cat "$group/memory.max")" 100663296
}

# bats test_tags=long
@test "attach" {
  podman run -d -i --name one bb sh -c 'read line; echo got $line'
  run podman attach one <<< hello
  assert_output 'got hello'
}

# bats test_tags=long
@test "inspect" {
  podman run -d --name one bb sleep 1000
  run inspect one '{{.OCIRuntime}} {{.State.Status}} {{.AppArmorProfile}}'
  assert_matches "^$RUNTIME running containers-default"
  wait_until grep -q '^containers-default.*enforce' "/proc/$(pid one)/attr/current" # from its exec on
}

# bats test_tags=long
@test "health check" {
  podman run -d --name one --health-cmd 'test -e /tmp/well' --health-interval disable --health-retries 1 bb sleep 1000
  run podman healthcheck run one
  assert_failure 1
  podman exec one touch /tmp/well
  podman healthcheck run one
  assert_equal "$(inspect one '{{.State.Health.Status}}')" healthy
}

@test "init process" {
  run podman run --rm --init bb sh -c 'cat /proc/1/comm; sh -c "sleep 0.1 &"; while pidof sleep > /dev/null; do :; done; echo reaped'
  assert_line podman-init # catatonit
  assert_line reaped
}

@test "pod" {
  podman pod create --name pod --share net,ipc,uts,pid --memory 128m
  podman run -d --pod pod --name one bb sleep 1000
  podman run -d --pod pod --name two --memory 32m bb sleep 1000
  for namespace in net ipc uts pid; do
    assert_equal "$(readlink "/proc/$(pid one)/ns/$namespace")" "$(readlink "/proc/$(pid two)/ns/$namespace")"
  done
  both() { (($(podman exec two ps -o args | grep -c '^sleep 1000$') == 2)); }
  wait_until both
  group=$(group_of "$(pid two)")
  assert_equal "$(cat "$group/memory.max")" 33554432
  [[ $(readlink -f "$group/..") = *libpod_pod* ]]
  podman pod pause pod
  podman pod unpause pod
  podman pod stop --time 0 pod
  podman pod rm --force pod
  no_groups_left '*libpod_pod*'
}

@test "limits, cgroups by systemd" { limits systemd; }
# bats test_tags=long
@test "limits, cgroups by the file system" { limits cgroupfs; }

limits() { # MANAGER
  podman --cgroup-manager "$1" run -d --name one --memory 64m --memory-swap 96m --memory-reservation 32m --cpus 0.25 --cpuset-cpus 1 \
    --pids-limit 20 --cpu-shares 2048 --ulimit nofile=100:200 --oom-score-adj 500 --shm-size 1m bb sleep 1000
  group=$(group_of "$(pid one)")
  assert_equal "$(cat "$group/memory.max") $(cat "$group/memory.swap.max") $(cat "$group/memory.low")" '67108864 33554432 33554432'
  assert_equal "$(cat "$group/cpu.max"), $(cat "$group/cpuset.cpus"), $(cat "$group/pids.max")" '25000 100000, 1, 20'
  assert_equal "$(cat "/proc/$(pid one)/oom_score_adj")" 500
  run podman --cgroup-manager "$1" exec one sh -c 'ulimit -n; ulimit -Hn; df -k /dev/shm | tail -n1'
  assert_matches $'^100\n200\nshm +1024 '
  podman --cgroup-manager "$1" rm -f -t 0 one
  no_groups_left '*libpod-*'
}

@test "out of memory" {
  # conmon looks at the group when the first process has ended, and comes too late now and then where the group goes with it, under crun, too: here it stays.
  run podman run --name one --pid host --memory 16m --memory-swap 16m bb sh -c 'sleep 1000 > /dev/null 2>&1 & tail -c 100000000 /dev/zero'
  assert_failure 137
  assert_equal "$(inspect one '{{.State.OOMKilled}}')" true
  no_groups_left 'libpod-*' # with the other process
}

@test "cgroups: disabled, split, the host's" {
  run podman run --rm --cgroups disabled bb cat /proc/self/cgroup
  assert_success
  refute_contains libpod-
  run podman run --rm --cgroupns host bb cat /proc/self/cgroup
  assert_contains libpod-
  run systemd-run --quiet --pipe --wait --collect -p Delegate=yes podman run --rm --cgroups split --cgroupns host bb cat /proc/self/cgroup
  assert_contains /libpod-payload-
}

@test "volumes, tmpfs, read-only" {
  mkdir -p "$BATS_TEST_TMPDIR/shared/sub"
  echo theirs > "$BATS_TEST_TMPDIR/shared/file"
  run podman run --rm --read-only -v "$BATS_TEST_TMPDIR/shared:/srv:ro" -v data:/home -v "$BATS_TEST_TMPDIR/shared/sub:/new/place:U" \
    --tmpfs /scratch:size=1m,mode=1770 bb sh -c 'touch /x; touch /srv/x; cat /srv/file; echo kept > /home/kept; touch /new/place/x /tmp/x
      stat -c %a /scratch; grep -c " /scratch .*size=1024k" /proc/mounts'
  assert_contains '/x: Read-only file system'
  assert_contains '/srv/x: Read-only file system'
  assert_line theirs
  assert_line 1770
  assert_line 1
  run podman run --rm -v data:/home:ro --volume "$BATS_TEST_TMPDIR/shared:/srv:O" bb sh -c 'cat /home/kept; touch /srv/upper && ls /srv'
  assert_line kept
  assert_line upper
  assert_missing "$BATS_TEST_TMPDIR/shared/upper"
  podman volume rm data
}

@test "mounts: image, idmap, propagation" {
  run podman run --rm --mount type=image,source=bb,destination=/other bb ls /other/bin/busybox
  assert_output /other/bin/busybox
  mkdir "$BATS_TEST_TMPDIR/mapped"
  touch "$BATS_TEST_TMPDIR/mapped/file"
  mkdir -p "$engines_cache/mapped"
  touch "$engines_cache/mapped/file"
  run podman run --rm --uidmap 0:200000:65536 --gidmap 0:200000:65536 -v "$engines_cache/mapped:/mapped:idmap" bb stat -c %u:%g /mapped/file
  assert_output 0:0
  run podman run --rm -v "$BATS_TEST_TMPDIR/mapped:/mapped:rshared" bb grep ' /mapped .*shared:' /proc/self/mountinfo
  assert_success
}

@test "user namespaces" {
  getent passwd containers > /dev/null || useradd --system containers # without it, libsubid 4.20 sees no ranges of it
  grep -q containers: /etc/subuid || printf 'containers:500000:131072\n' | tee -a /etc/subuid /etc/subgid > /dev/null
  podman run -d --name one --userns auto bb sleep 1000
  run cat "/proc/$(pid one)/uid_map"
  assert_matches '^ +0 +5[0-9]{5} +[0-9]+$'
  podman exec one touch /root-owned
  run podman run --rm --uidmap 0:100000:5000 bb sh -c 'cat /proc/self/uid_map; ls -ldn /bin | cut -c1-60'
  assert_matches ' 0 +100000 +5000'
  assert_contains ' 0        0 '
}

# bats test_tags=long
@test "secrets" {
  echo -n hidden | podman secret create word -
  run podman run --rm --secret word --secret word,type=env,target=WORD bb sh -c 'cat /run/secrets/word; echo -$WORD'
  podman secret rm word
  assert_output hidden-hidden
}

@test "seccomp profile" {
  run podman run --rm bb sh -c 'grep Seccomp: /proc/self/status; unshare -m true'
  assert_line $'Seccomp:\t2'
  assert_contains 'Operation not permitted'
  echo '{ "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{ "names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 95 }] }' > "$BATS_TEST_TMPDIR/profile"
  run podman run --rm --security-opt seccomp="$BATS_TEST_TMPDIR/profile" bb mkdir /x
  assert_contains 'Operation not supported'
  run podman run --rm --security-opt seccomp=unconfined bb grep Seccomp: /proc/self/status
  assert_output $'Seccomp:\t0'
}

# bats test_tags=long
@test "AppArmor profile" {
  printf 'profile engines-test flags=(attach_disconnected,mediate_deleted) { file, capability, network, signal, deny /etc/passwd r, }\n' | apparmor_parser --replace
  run podman run --rm --security-opt apparmor=engines-test bb sh -c 'cat /proc/self/attr/current /etc/passwd'
  echo 'profile engines-test {}' | apparmor_parser --remove
  assert_line 'engines-test (enforce)'
  assert_contains 'Permission denied'
}

@test "privileges" {
  run podman run --rm --privileged bb sh -c 'grep CapEff /proc/self/status; test -w /proc/sysrq-trigger && echo writable; ls /dev/nvme0n1'
  assert_line "CapEff:"$'\t'"$(sed -n 's/CapBnd:\t//p' /proc/1/status)"
  assert_line writable
  assert_line /dev/nvme0n1
  run podman run --rm --cap-drop all --cap-add chown --security-opt no-new-privileges bb grep -E 'CapEff|NoNew' /proc/self/status
  assert_output $'CapEff:\t0000000000000001\nNoNewPrivs:\t1'
}

@test "devices" {
  run podman run --rm --device /dev/fuse:/dev/other:r bb sh -c 'stat -c "%t:%T" /dev/other; echo > /dev/other; head -c1 < /dev/nvme0n1'
  assert_line a:e5
  assert_contains '/dev/other: Operation not permitted'
  run podman run --rm --device-cgroup-rule 'b 259:* r' --cap-add mknod bb sh -c "mknod /disk b $((16#$(stat -c %t /dev/nvme0n1))) $((16#$(stat -c %T /dev/nvme0n1)))"'
    head -c1 /disk | wc -c; echo > /disk'
  assert_line 1
  assert_contains '/disk: Operation not permitted'
}

# bats test_tags=long
@test "sysctl, host names, personality" {
  run podman run --rm --sysctl net.ipv4.ip_forward=1 --sysctl kernel.msgmax=65536 --add-host there:10.1.1.1 --dns 10.2.2.2 bb \
    cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/msgmax /etc/hosts /etc/resolv.conf
  assert_line 1
  assert_line 65536
  assert_matches '10.1.1.1.there'
  assert_contains 10.2.2.2
}

# bats test_tags=long
@test "the host's namespaces" {
  run podman run --rm --pid host --net host --ipc host --uts host bb sh -c 'for n in pid net ipc uts; do readlink /proc/self/ns/$n; done'
  assert_output "$(for n in pid net ipc uts; do readlink /proc/self/ns/$n; done)"
  podman run -d --name one bb sleep 1000
  run podman run --rm --net container:one --pid container:one bb sh -c 'readlink /proc/self/ns/net; ps -o args'
  assert_line "$(readlink "/proc/$(pid one)/ns/net")"
  assert_line 'sleep 1000'
}

# bats test_tags=long
@test "networks, published ports" {
  podman network create inner
  podman run -d --name server --network inner -p 127.0.0.1:8080:80 bb sh -c 'mkdir /w; echo served > /w/index.html; exec httpd -f -h /w -p 80'
  run podman run --rm --network inner bb sh -c "$fetch"
  assert_output served
  run busybox wget -qO- http://127.0.0.1:8080/
  assert_output served
  podman rm -f -t 0 server
  podman network rm inner
}

# bats test_tags=long
@test "restart policy" {
  podman run -d --name one --restart on-failure:2 bb sh -c 'echo run; exit 1'
  restarted() { [[ $(inspect one '{{.RestartCount}} {{.State.Status}}') = '2 exited' ]]; }
  wait_until restarted
  wait_until says $'run\nrun\nrun' podman logs one
}

# bats test_tags=long
@test "copy, commit, diff, export" {
  podman run -d --name one bb sleep 1000
  echo data > "$BATS_TEST_TMPDIR/data"
  podman cp "$BATS_TEST_TMPDIR/data" one:/tmp/data
  run podman exec one cat /tmp/data
  assert_output data
  run podman diff one
  assert_line 'A /tmp/data'
  podman commit -q one with-data
  run podman run --rm with-data cat /tmp/data
  assert_output data
  podman rmi -f with-data
}

@test "build" {
  printf 'FROM bb\nRUN echo built > /built && mkdir -p /deep/er\nUSER user\nRUN id -u > /tmp/who\nWORKDIR /deep/er\nENTRYPOINT ["cat", "/built", "/tmp/who"]\n' \
    > "$BATS_TEST_TMPDIR/Containerfile"
  podman build -q -t built "$BATS_TEST_TMPDIR"
  run podman run --rm built
  assert_success
  assert_output $'built\n1000'
  podman rmi -f built
  printf 'FROM bb\nRUN false\n' > "$BATS_TEST_TMPDIR/Containerfile"
  run podman build "$BATS_TEST_TMPDIR"
  assert_failure
  assert_contains 'exit status 1'
}

# bats test_tags=long
@test "buildah" {
  container=$(buildah from bb)
  run buildah run --runtime "$(type -P "$RUNTIME")" "$container" sh -c 'echo $(id -u) > /x; cat /x; exit 6'
  assert_failure 6
  assert_line 0
  buildah rm "$container"
}

# bats test_tags=long
@test "buildah: a step that cannot begin leaves nothing" {
  container=$(buildah from bb)
  run buildah run --runtime "$(type -P "$RUNTIME")" "$container" nonsense
  message 'exec: "nonsense": executable file not found in $PATH' nonsense
  buildah rm "$container"
  run find "/run/$RUNTIME" -name 'buildah-*'
  assert_output ''
  no_groups_left 'buildah-*'
}

# buildah deletes it without --force, which is an error by the specification; crun does it all the same.
# bats test_tags=long
@test "buildah: no network for what is created, and waits to be started" {
  mkdir "$BATS_TEST_TMPDIR/helpers"
  printf '#!/bin/sh\necho '"'%s'"'\nexit 1\n' '{ "error": "no such net" }' > "$BATS_TEST_TMPDIR/helpers/netavark"
  chmod +x "$BATS_TEST_TMPDIR/helpers/netavark"
  printf '[engine]\nhelper_binaries_dir = ["%s"]\n' "$BATS_TEST_TMPDIR/helpers" > "$BATS_TEST_TMPDIR/containers.conf"
  container=$(buildah from bb)
  run env CONTAINERS_CONF_OVERRIDE="$BATS_TEST_TMPDIR/containers.conf" buildah run --runtime "$(type -P "$RUNTIME")" "$container" true
  assert_failure
  assert_contains 'no such net'
  buildah rm "$container"
  if [[ $RUNTIME = berth ]]; then
    assert_contains 'that is not stopped: created'
    /usr/bin/berth delete --force --regex '^buildah-' # as docs/podman.md says
  fi
  run find "/run/$RUNTIME" -name 'buildah-*'
  assert_output ''
  no_groups_left 'buildah-*'
}

@test "play kube" {
  cat > "$BATS_TEST_TMPDIR/pod.yaml" << 'END'
apiVersion: v1
kind: Pod
metadata: { name: played }
spec:
  restartPolicy: Never
  terminationGracePeriodSeconds: 0
  volumes: [{ name: shared, emptyDir: {} }]
  initContainers:
  - { name: first, image: localhost/bb, command: [sh, -c, "echo prepared > /shared/file"], volumeMounts: [{ name: shared, mountPath: /shared }] }
  containers:
  - name: main
    image: localhost/bb
    command: [sh, -c, "cat /shared/file; exec sleep 1000"]
    resources: { limits: { memory: 64Mi, cpu: 500m } }
    securityContext: { runAsUser: 1000, readOnlyRootFilesystem: true, capabilities: { drop: [ALL] } }
    volumeMounts: [{ name: shared, mountPath: /shared }]
END
  podman kube play "$BATS_TEST_TMPDIR/pod.yaml"
  prepared() { [[ $(podman logs played-main) = prepared ]]; }
  wait_until prepared
  group=$(group_of "$(pid played-main)")
  assert_equal "$(cat "$group/memory.max") $(cat "$group/cpu.max")" '67108864 50000 100000'
  podman kube down "$BATS_TEST_TMPDIR/pod.yaml"
  no_groups_left 'libpod-*'
  no_groups_left '*libpod_pod*' # not "libpod_parent", which Podman makes for cgroups by the file system
}

# bats test_tags=long
@test "quadlet" {
  mkdir -p /etc/containers/systemd
  printf '[Container]\nImage=localhost/bb\nExec=sh -c "echo started; exec sleep 1000"\nPodmanArgs=--memory 64m --stop-timeout 0\nReadOnly=true\nNotify=healthy\nHealthCmd=true\nHealthInterval=1s\n' \
    > /etc/containers/systemd/quad.container
  systemctl daemon-reload
  systemctl start quad.service
  run systemctl is-active quad.service
  assert_output active
  assert_equal "$(cat "$(group_of "$(pid systemd-quad)")/memory.max")" 67108864
  assert_equal "$(inspect systemd-quad '{{.OCIRuntime}}')" "$RUNTIME"
  systemctl stop quad.service
  rm /etc/containers/systemd/quad.container
  systemctl daemon-reload
  no_groups_left 'libpod-*'
}

counting='echo begun >> /begun; i=0; while :; do i=$((i + 1)); echo $i > /count.new; mv /count.new /count; sleep 0.1; done'
count() { podman exec "$1" cat /count; }                              # CONTAINER
counted() { local n; n=$(count "$1") && ((${n:-0} >= $2)); } # CONTAINER N

# bats test_tags=long
@test "checkpoint, restore" {
  podman run -d --name one --memory 64m bb sh -c "$counting"
  wait_until counted one 3
  podman container checkpoint --keep one
  assert_equal "$(inspect one '{{.State.Status}} {{.State.Checkpointed}}')" 'exited true'
  no_groups_left 'libpod-*'
  before=$(< "$(podman mount one)/count")
  podman container restore one
  assert_equal "$(inspect one '{{.State.Status}}')" running
  assert_equal "$(cat "$(group_of "$(pid one)")/memory.max")" 67108864
  wait_until counted one $((before + 2))
  assert_equal "$(podman exec one cat /begun)" begun # once
  podman container checkpoint --leave-running one
  assert_equal "$(inspect one '{{.State.Status}}')" running
  podman stop --time 0 one
}

# bats test_tags=long
@test "checkpoint, restore: export, import" {
  podman run -d --name one --tmpfs /scratch bb sh -c "echo kept > /scratch/file; $counting"
  wait_until counted one 3
  before=$(count one)
  podman container checkpoint --export "$BATS_TEST_TMPDIR/moved.tar.gz" one
  podman rm one
  podman container restore --import "$BATS_TEST_TMPDIR/moved.tar.gz" --name two
  wait_until counted two $((before + 2))
  run podman exec two cat /scratch/file /begun
  assert_output $'kept\nbegun'
  # Twice of one image, beside each other.
  podman container restore --import "$BATS_TEST_TMPDIR/moved.tar.gz" --name three
  wait_until counted three $((before + 2))
  assert_equal "$(inspect two '{{.State.Status}} {{.OCIRuntime}}')" "running $RUNTIME"
}

# bats test_tags=long
@test "checkpoint, restore: a step before" {
  podman run -d --name one bb sh -c "$counting"
  wait_until counted one 3
  podman container checkpoint --pre-checkpoint --export "$BATS_TEST_TMPDIR/first.tar.gz" one
  before=$(count one)
  podman container checkpoint --with-previous --export "$BATS_TEST_TMPDIR/second.tar.gz" one
  podman rm one
  podman container restore --import-previous "$BATS_TEST_TMPDIR/first.tar.gz" --import "$BATS_TEST_TMPDIR/second.tar.gz"
  wait_until counted one $((before + 2))
}

# bats test_tags=long
@test "events" {
  podman run --name eventful bb sh -c 'exit 7' || :
  podman rm eventful
  events() { podman events --stream=false --since 10m --filter container=eventful --format '{{.Status}} {{.ContainerExitCode}}'; }
  wait_until has remove events # they come by the journal
  run events
  for event in create init start 'died 7'; do assert_contains "$event"; done
}

# bats test_tags=long
@test "many at once" {
  local i jobs=()
  for i in 1 2 3 4; do podman run --rm --name "many-$i" bb echo "many-$i" > "$BATS_TEST_TMPDIR/$i" 2>&1 3>&- & jobs+=($!); done
  wait "${jobs[@]}" # bats has a job of its own
  assert_equal "$(sort "$BATS_TEST_TMPDIR"/[1-4])" $'many-1\nmany-2\nmany-3\nmany-4'
}

@test "system reset leaves nothing" {
  podman run -d --name one bb sleep 1000
  first=$(pid one)
  [[ $(find "/run/$RUNTIME" -mindepth 1 -maxdepth 1 -not -name '[@.]*') ]]
  podman system reset --force
  assert_missing "/proc/$first"
  no_groups_left '*libpod-*'
  run find "/run/$RUNTIME" -mindepth 1 -maxdepth 1 -not -name '[@.]*'
  assert_output ''
}
