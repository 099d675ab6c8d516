#!/usr/bin/env bats
# Podman as a normal user, in a session with a systemd instance of the user's own.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # the container's variables; bats' subshells; variables of common.bash
load helper

setup_file() {
  need_vm
  install_berth
  podman_config
  cp "$(image_tar)" /home/user/image.tar
  podman import /home/user/image.tar bb > /dev/null 2>&1
}

setup() { need_vm; }
teardown() { podman rm --all --force --time 0 > /dev/null; }

podman() { as-user podman "$@"; }
inspect() { podman inspect --format "$2" "$1"; } # CONTAINER TEMPLATE
pid() { inspect "$1" '{{.State.Pid}}'; }

@test "run" {
  run podman run --rm --hostname aboard --env A=b --workdir /tmp bb sh -c 'echo $(hostname) $A $(id -u) $(pwd); cat /proc/self/uid_map; exit 7'
  assert_failure 7
  assert_line 'aboard b 0 /tmp'
  assert_matches ' 0 +1000 +1'
  run podman run --rm --user 1000:2000 -i bb sh -c 'id -u; id -g; cat' <<< 'from stdin'
  assert_output $'1000\n2000\nfrom stdin'
  no_groups_left 'libpod-*'
}

# bats test_tags=long
@test "run and exec on a terminal" {
  run terminal as-user podman run --rm -it bb tty
  assert_line /dev/pts/0
  podman run -d --name one bb sleep 1000
  run terminal as-user podman exec -it one tty
  assert_line /dev/pts/0
}

@test "error: no such program" {
  run -127 podman run --rm bb nonsense
  message 'exec: "nonsense": executable file not found in $PATH' nonsense
  run podman run --rm bb /etc/passwd
  assert_failure 126
  message 'exec: "/etc/passwd": is not executable' passwd
  no_groups_left 'libpod-*'
}

# bats test_tags=long
@test "create, start, restart, kill, wait, exec, logs, top" {
  podman create --name one --stop-timeout 1 bb sh -c 'trap "exit 3" TERM; echo began; while :; do sleep 0.1; done'
  began() { (($(podman logs one | grep -c began) == $1)); } # TIMES; its trap is set by then
  podman start one
  wait_until began 1
  podman exec one touch /tmp/x
  podman restart one
  wait_until began 2
  run podman exec one sh -c 'ls /tmp; exit 4'
  assert_failure 4
  assert_output x
  run podman top one args
  assert_contains 'sh -c trap'
  podman kill --signal TERM one
  run podman wait one
  assert_output 3
  wait_until says $'began\nbegan' podman logs one
}

@test "pause, stats, update" {
  podman run -d --name one --memory 64m bb sh -c 'while :; do :; done'
  run podman stats --no-stream --format '{{.MemUsage}} {{.PIDs}} {{.CPUPerc}}' one
  assert_matches '^[0-9.]+.?B / 67.11MB 1 [0-9.]+%$'
  podman update --memory 96m --pids-limit 33 one
  group=$(group_of "$(pid one)")
  [[ $group = /sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service/* ]]
  assert_equal "$(cat "$group/memory.max") $(cat "$group/pids.max")" '100663296 33'
  podman pause one
  assert_equal "$(inspect one '{{.State.Status}}') $(cat "$group/cgroup.freeze")" 'paused 1'
  podman unpause one
}

@test "limits, cgroups by systemd" { limits systemd; }
# bats test_tags=long
@test "limits, cgroups by the file system" { limits cgroupfs; }

limits() { # MANAGER
  local options=(--memory 64m --memory-swap 96m --pids-limit 20)
  podman --cgroup-manager "$1" run -d --name one "${options[@]}" --ulimit nofile=100:200 bb sleep 1000
  group=$(group_of "$(pid one)")
  # By the file system only where the user's group may be used, which Podman says by doing without.
  if [[ $1 = systemd ]]; then
    assert_equal "$(cat "$group/memory.max") $(cat "$group/memory.swap.max") $(cat "$group/pids.max")" '67108864 33554432 20'
  fi
  run podman --cgroup-manager "$1" exec one sh -c 'ulimit -n; ulimit -Hn'
  assert_output $'100\n200'
  podman --cgroup-manager "$1" rm -f -t 0 one
  no_groups_left '*libpod-*'
}

@test "user namespaces: keep-id, nomap, auto, maps" {
  run podman run --rm --userns keep-id bb sh -c 'id -u; touch /tmp/x && stat -c %u /tmp/x'
  assert_output $'1000\n1000'
  run podman run --rm --userns keep-id:uid=200,gid=210 bb sh -c 'id -u; id -g'
  assert_output $'200\n210'
  run podman run --rm --userns nomap bb cat /proc/self/uid_map
  assert_matches '^ +0 +[0-9]+ +[0-9]+$'
  run podman run --rm --userns auto:size=1000 bb cat /proc/self/uid_map
  assert_matches '^ +0 +[0-9]+ +1000$'
  run podman run --rm --uidmap 0:1:500 bb cat /proc/self/uid_map
  assert_matches ' 500$'
}

# bats test_tags=long
@test "volumes, tmpfs, read-only" {
  mkdir -p /home/user/shared
  echo theirs > /home/user/shared/file
  chown -R user:user /home/user/shared
  run podman run --rm --read-only -v /home/user/shared:/srv:ro -v data:/home --tmpfs /scratch:size=1m bb sh -c 'touch /x; touch /srv/x; cat /srv/file
    echo kept > /home/kept; stat -c %u /srv/file; grep -c " /scratch .*size=1024k" /proc/mounts'
  assert_contains '/x: Read-only file system'
  assert_contains '/srv/x: Read-only file system'
  assert_line theirs
  assert_line 0
  assert_line 1
  run podman run --rm -v data:/home:ro bb cat /home/kept
  assert_output kept
  podman volume rm data
}

# bats test_tags=long
@test "init process, health check, secrets" {
  run podman run --rm --init bb cat /proc/1/comm
  assert_line podman-init
  echo -n hidden > /home/user/word
  podman secret create word /home/user/word
  podman run -d --name one --secret word --health-cmd 'test -e /run/secrets/word' --health-interval disable bb sleep 1000
  podman healthcheck run one
  run podman exec one cat /run/secrets/word
  podman secret rm word
  assert_output hidden
}

# bats test_tags=long
@test "privileges, seccomp, devices" {
  run podman run --rm bb sh -c 'grep Seccomp: /proc/self/status; unshare -m true'
  assert_line $'Seccomp:\t2'
  assert_contains 'Operation not permitted'
  run podman run --rm --privileged bb sh -c 'unshare -m sh -c "mount -t tmpfs x /srv && echo mounted"'
  assert_output mounted
  run podman run --rm --device /dev/fuse bb stat -c %t:%T /dev/fuse
  assert_output a:e5
}

@test "pod" {
  podman pod create --name pod --share net,ipc,uts,pid
  podman run -d --pod pod --name one bb sleep 1000
  podman run -d --pod pod --name two --memory 32m bb sleep 1000
  for namespace in net ipc uts pid; do
    assert_equal "$(readlink "/proc/$(pid one)/ns/$namespace")" "$(readlink "/proc/$(pid two)/ns/$namespace")"
  done
  assert_equal "$(cat "$(group_of "$(pid two)")/memory.max")" 33554432
  podman pod rm --force --time 0 pod
  no_groups_left '*libpod_pod*'
}

# bats test_tags=long
@test "networks, published ports" {
  podman run -d --name server -p 127.0.0.1:8080:80 bb sh -c 'mkdir /w; echo served > /w/index.html; exec httpd -f -h /w -p 80'
  served() { [[ $(busybox wget -qO- http://127.0.0.1:8080/) = served ]]; }
  wait_until served
  podman rm -f -t 0 server
  podman network create inner
  podman run -d --name server --network inner -p 127.0.0.1:8081:80 bb sh -c 'mkdir /w; echo served > /w/index.html; exec httpd -f -h /w -p 80'
  run podman run --rm --network inner bb sh -c "$fetch"
  assert_output served
  run busybox wget -qO- http://127.0.0.1:8081/
  assert_output served
  podman rm -f -t 0 server
  podman network rm inner
  run podman run --rm --network host bb readlink /proc/self/ns/net
  assert_output "$(readlink /proc/self/ns/net)"
}

# bats test_tags=long
@test "build" {
  mkdir -p /home/user/build
  printf 'FROM bb\nRUN echo built > /built && chown user /built\nUSER user\nRUN id -u > /tmp/who\nENTRYPOINT ["cat", "/built", "/tmp/who"]\n' > /home/user/build/Containerfile
  podman build -q -t built /home/user/build
  run podman run --rm built
  assert_output $'built\n1000'
  podman rmi -f built
}

# bats test_tags=long
@test "play kube" {
  cat > /home/user/pod.yaml << 'END'
apiVersion: v1
kind: Pod
metadata: { name: played }
spec:
  terminationGracePeriodSeconds: 0
  containers:
  - name: main
    image: localhost/bb
    command: [sh, -c, "echo played; exec sleep 1000"]
    resources: { limits: { memory: 64Mi } }
    securityContext: { runAsUser: 1000, readOnlyRootFilesystem: true, capabilities: { drop: [ALL] } }
END
  podman kube play /home/user/pod.yaml
  assert_equal "$(cat "$(group_of "$(pid played-main)")/memory.max")" 67108864
  podman kube down /home/user/pod.yaml
  no_groups_left 'libpod-*'
  no_groups_left '*libpod_pod*'
}

# bats test_tags=long
@test "quadlet" {
  mkdir -p /home/user/.config/containers/systemd
  printf '[Container]\nImage=localhost/bb\nExec=sleep 1000\nPodmanArgs=--memory 64m --stop-timeout 0\n' > /home/user/.config/containers/systemd/quad.container
  chown -R user:user /home/user/.config
  systemctl start network-online.target # a user's units wait for it
  as-user systemctl --user daemon-reload
  as-user systemctl --user start quad.service
  assert_equal "$(cat "$(group_of "$(pid systemd-quad)")/memory.max")" 67108864
  assert_equal "$(inspect systemd-quad '{{.OCIRuntime}}')" "$RUNTIME"
  as-user systemctl --user stop quad.service
  rm /home/user/.config/containers/systemd/quad.container
  as-user systemctl --user daemon-reload
  no_groups_left 'libpod-*'
}
