#!/usr/bin/env bats
# Docker: the runtime as dockerd's default and as one beside runc, as docs/docker.md says.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # the container's variables; bats' subshells; variables of common.bash
load helper

setup_file() {
  need_vm
  install_berth
  docker_config > /etc/docker/daemon.json
  systemctl restart docker
  docker import "$(image_tar)" bb > /dev/null
}

setup() { need_vm; }

teardown() {
  wait_until remove_all # one that is just being removed cannot be, for a moment
  # What a test leaves that fails half way.
  rm -f /usr/local/sbin/runc
  cmp -s /etc/docker/daemon.json <(docker_config) || default_config
}

remove_all() {
  local left
  readarray -t left < <(docker ps -aq)
  ((${#left[@]} == 0)) || docker rm -f "${left[@]}" > /dev/null
}

default_config() {
  docker_config > /etc/docker/daemon.json
  restart_docker
}

restart_docker() {
  systemctl reset-failed docker # systemd lets it be started three times a minute
  systemctl restart docker
}

inspect() { docker inspect --format "$2" "$1"; } # CONTAINER TEMPLATE
pid() { inspect "$1" '{{.State.Pid}}'; }

@test "the runtime is there" {
  run docker info --format '{{.DefaultRuntime}} {{.CgroupDriver}}'
  assert_output "$RUNTIME systemd"
  # What it can do, dockerd has asked it itself.
  run docker info --format "{{index .Runtimes.$RUNTIME.Status \"org.opencontainers.runtime-spec.features\"}}"
  assert_equal "$(jq '.mountOptions | index("rro") != null' <<< "$output")" true
}

@test "run" {
  run docker run --rm --hostname aboard -e A=b --user user --workdir /tmp bb sh -c 'echo $(hostname) $A $(id -u) $(pwd); exit 7'
  assert_failure 7
  assert_output 'aboard b 1000 /tmp'
  run docker run --rm -i bb cat <<< 'from stdin'
  assert_output 'from stdin'
  no_groups_left 'docker-*.scope'
}

@test "run and exec on a terminal" {
  run terminal docker run --rm -it bb tty
  assert_contains /dev/pts/0
  docker run -d --name one bb sleep 1000
  run terminal docker exec -it one tty
  assert_contains /dev/pts/0
}

@test "error: no such program" {
  run -127 docker run --name gone bb nonsense
  message 'exec: "nonsense": executable file not found in $PATH' nonsense
  run docker run --rm bb /etc/passwd
  assert_failure 126
  message 'exec: "/etc/passwd": is not executable' passwd
  run docker run --rm --sysctl net.ipv4.ip_forward=nonsense bb true
  message net.ipv4.ip_forward ip_forward
  no_groups_left 'docker-*.scope'
}

# bats test_tags=long
@test "create, start, restart, stop, kill, wait, logs" {
  docker create --name one bb sh -c 'trap "exit 3" TERM; echo began; while :; do sleep 0.1; done'
  began() { (($(docker logs one | grep -c began) == $1)); } # TIMES; its trap is set by then
  docker start one
  first=$(pid one)
  wait_until began 1
  docker restart one
  [[ $(pid one) != "$first" ]]
  wait_until began 2
  docker stop one
  assert_equal "$(docker wait one)" 3
  docker start one
  docker kill one
  assert_equal "$(docker wait one)" 137
  assert_equal "$(docker logs one | sort -u)" began
}

@test "exec" {
  docker run -d --name one -e A=b bb sleep 1000
  run docker exec -i --user user --workdir /tmp -e C=d one sh -c 'echo $A $C $(id -u) $(pwd); cat; exit 5' <<< 'from stdin'
  assert_failure 5
  assert_output $'b d 1000 /tmp\nfrom stdin'
  docker exec -d one touch /tmp/detached
  wait_until docker exec one test -e /tmp/detached
  run docker exec --privileged one grep CapEff /proc/self/status
  assert_output "CapEff:"$'\t'"$(sed -n 's/CapBnd:\t//p' /proc/1/status)"
  run docker exec one nonsense
  message 'exec: "nonsense": executable file not found in $PATH' nonsense
}

@test "pause" {
  docker run -d --name one bb sleep 1000
  docker pause one
  assert_equal "$(inspect one '{{.State.Status}}') $(cat "$(group_of "$(pid one)")/cgroup.freeze")" 'paused 1'
  docker unpause one
  docker exec one true
}

# bats test_tags=long
@test "top, stats" {
  docker run -d --name one --memory 64m --user user bb sh -c 'while :; do :; done'
  wait_until has 'while :' docker top one
  run docker stats --no-stream --format '{{.Name}} {{.MemUsage}} {{.PIDs}} {{.CPUPerc}}' one
  assert_matches '^one [0-9.]+.?i?B / 64MiB 1 [0-9.]+%$'
  refute_contains ' 0.00%'
}

@test "update" {
  docker run -d --name one --memory 64m --memory-swap 64m bb sleep 1000
  docker update --memory 96m --memory-swap 128m --cpus 0.5 --pids-limit 33 --cpu-shares 512 --cpuset-cpus 1 one
  group=$(group_of "$(pid one)")
  assert_equal "$(cat "$group/memory.max") $(cat "$group/memory.swap.max") $(cat "$group/pids.max")" '100663296 33554432 33'
  assert_equal "$(cat "$group/cpu.max"), $(cat "$group/cpuset.cpus")" '50000 100000, 1'
  systemctl daemon-reload # systemd was told as well
  assert_equal "$(cat "$group/memory.max") $(cat "$group/cpu.max")" '100663296 50000 100000'
}

@test "limits" {
  docker run -d --name one --memory 64m --memory-swap 96m --memory-reservation 32m --cpus 0.25 --cpuset-cpus 1 --pids-limit 20 --cpu-shares 2048 \
    --blkio-weight 300 --ulimit nofile=100:200 --oom-score-adj 500 --shm-size 1m bb sleep 1000
  group=$(group_of "$(pid one)")
  assert_equal "$(cat "$group/memory.max") $(cat "$group/memory.swap.max") $(cat "$group/memory.low")" '67108864 33554432 33554432'
  assert_equal "$(cat "$group/cpu.max"), $(cat "$group/cpuset.cpus"), $(cat "$group/pids.max")" '25000 100000, 1, 20'
  assert_equal "$(cat "/proc/$(pid one)/oom_score_adj")" 500
  run docker exec one sh -c 'ulimit -n; ulimit -Hn; df -k /dev/shm | tail -n1'
  assert_matches $'^100\n200\nshm +1024 '
}

@test "out of memory: event, state" {
  # The first process lives on until the event is there: of a group that is gone at once, containerd may not see it any more,
  # nor one that comes before it looks.
  docker run -d --name one --memory 16m --memory-swap 16m bb \
    sh -c 'until [ -e /end ]; do tail -c 100000000 /dev/zero; status=$?; sleep 1; done; exit $status'
  oom() { [[ $(docker events --since 10m --until "$(date +%s)" --filter container=one --format '{{.Action}}') = *oom* ]]; }
  wait_until oom
  : > "/proc/$(pid one)/root/end" # an exec could be what is killed
  assert_equal "$(docker wait one)" 137
  assert_equal "$(inspect one '{{.State.OOMKilled}}')" true
}

# bats test_tags=long
@test "events" {
  docker run --name eventful bb sh -c 'exit 7' || :
  docker rm eventful
  events() { docker events --since 10m --until "$(date +%s)" --filter container=eventful --format '{{.Action}} {{.Actor.Attributes.exitCode}}'; }
  destroyed() { [[ $(events) = *destroy* ]]; }
  wait_until destroyed
  run events
  for event in create start 'die 7'; do assert_contains "$event"; done
}

# bats test_tags=long
@test "restart policies" {
  docker run -d --name one --restart on-failure:2 bb sh -c 'echo run; exit 1'
  restarted() { [[ $(inspect one '{{.RestartCount}} {{.State.Status}}') = '2 exited' ]]; }
  wait_until restarted
  wait_until says $'run\nrun\nrun' docker logs one
  docker run -d --name two --restart always bb sleep 1000
  first=$(pid two)
  kill -9 "$first"
  again() { local pid; pid=$(pid two); ((pid && pid != first)); }
  wait_until again
}

@test "init process" {
  run docker run --rm --init bb cat /proc/1/comm
  assert_output docker-init
}

@test "privileges, seccomp, AppArmor" {
  run docker run --rm bb sh -c 'grep Seccomp: /proc/self/status; cat /proc/self/attr/current; unshare -m true'
  assert_line $'Seccomp:\t2'
  assert_line 'docker-default (enforce)'
  assert_contains 'Operation not permitted'
  run docker run --rm --privileged bb sh -c 'grep CapEff /proc/self/status; test -w /proc/sysrq-trigger && echo writable; ls /dev/nvme0n1; cat /proc/self/attr/current'
  assert_line "CapEff:"$'\t'"$(sed -n 's/CapBnd:\t//p' /proc/1/status)"
  assert_line writable
  assert_line /dev/nvme0n1
  assert_line unconfined
  run docker run --rm --cap-drop ALL --cap-add CHOWN --security-opt no-new-privileges bb grep -E 'CapEff|NoNew' /proc/self/status
  assert_output $'CapEff:\t0000000000000001\nNoNewPrivs:\t1'
}

# bats test_tags=long
@test "devices" {
  run docker run --rm --device /dev/fuse:/dev/other:r bb sh -c 'exec 2>&1; stat -c "%t:%T" /dev/other; echo > /dev/other; head -c1 < /dev/nvme0n1'
  assert_line a:e5
  assert_contains '/dev/other: Operation not permitted'
}

# bats test_tags=long
@test "volumes, tmpfs, read-only" {
  mkdir -p "$BATS_TEST_TMPDIR/shared/below"
  mount -t tmpfs below "$BATS_TEST_TMPDIR/shared/below"
  echo theirs > "$BATS_TEST_TMPDIR/shared/file"
  run docker run --rm --read-only -v "$BATS_TEST_TMPDIR/shared:/srv:ro" -v data:/home --tmpfs /scratch:size=1m,mode=1770 bb sh -c 'touch /x; touch /srv/x /srv/below/x; cat /srv/file
    echo kept > /home/kept; stat -c %a /scratch; grep -c " /scratch .*size=1024k" /proc/mounts'
  assert_contains '/x: Read-only file system'
  assert_contains '/srv/x: Read-only file system'
  assert_contains '/srv/below/x: Read-only file system'
  assert_line theirs
  assert_line 1770
  assert_line 1
  umount "$BATS_TEST_TMPDIR/shared/below"
  run docker run --rm -v data:/home:ro --mount "type=bind,source=$BATS_TEST_TMPDIR/shared,target=/new/place,bind-propagation=rshared" bb \
    sh -c 'cat /home/kept; grep -c " /new/place .*shared:" /proc/self/mountinfo'
  assert_output $'kept\n1'
  docker volume rm data
}

# bats test_tags=long
@test "networks, published ports" {
  docker network create inner
  docker run -d --name server --network inner -p 127.0.0.1:8080:80 bb sh -c 'mkdir /w; echo served > /w/index.html; exec httpd -f -h /w -p 80'
  run docker run --rm --network inner bb sh -c "$fetch"
  assert_output served
  run busybox wget -qO- http://127.0.0.1:8080/
  assert_output served
  run docker run --rm --network container:server --pid container:server bb sh -c 'wget -qO- http://127.0.0.1/; ps -o args'
  assert_line served
  assert_contains 'httpd -f'
  docker rm -f server
  docker network rm inner
  run docker run --rm --network host --pid host --ipc host --uts host bb sh -c 'for n in pid net ipc uts; do readlink /proc/self/ns/$n; done'
  assert_output "$(for n in pid net ipc uts; do readlink /proc/self/ns/$n; done)"
}

# bats test_tags=long
@test "health check" {
  docker run -d --name one --health-cmd 'test -e /tmp/well' --health-interval 1s --health-retries 1 bb sh -c 'touch /tmp/well; exec sleep 1000'
  healthy() { [[ $(inspect one '{{.State.Health.Status}}') = healthy ]]; }
  wait_until healthy
}

@test "build, both builders" {
  printf 'FROM bb\nRUN echo built > /built && mkdir -p /deep/er\nUSER user\nRUN id -u > /tmp/who\nWORKDIR /deep/er\nENTRYPOINT ["cat", "/built", "/tmp/who"]\n' > "$BATS_TEST_TMPDIR/Dockerfile"
  # The BuildKit that is in dockerd knows no runtime but what is called runc.
  ln -sf "$(type -P "$RUNTIME")" /usr/local/sbin/runc
  for kit in 0 1; do
    DOCKER_BUILDKIT=$kit docker build -q -t "built-$kit" "$BATS_TEST_TMPDIR"
    run docker run --rm "built-$kit"
    assert_output $'built\n1000'
  done
  rm /usr/local/sbin/runc
  printf 'FROM bb\nRUN exit 9\n' > "$BATS_TEST_TMPDIR/Dockerfile"
  run env DOCKER_BUILDKIT=0 docker build "$BATS_TEST_TMPDIR"
  assert_failure
  assert_contains 'returned a non-zero code: 9'
}

# bats test_tags=long
@test "copy, commit, diff, attach" {
  docker run -d -i --name one bb sh -c 'read line; echo got $line; exec sleep 1000'
  echo data > "$BATS_TEST_TMPDIR/data"
  docker cp "$BATS_TEST_TMPDIR/data" one:/tmp/data
  run docker diff one
  assert_line 'A /tmp/data'
  docker commit one with-data
  run docker run --rm with-data cat /tmp/data
  assert_output data
  docker rmi -f with-data
  mkfifo "$BATS_TEST_TMPDIR/words"
  docker attach one < "$BATS_TEST_TMPDIR/words" > "$BATS_TEST_TMPDIR/answers" 2>&1 3>&- &
  local attached=$! words
  exec {words}> "$BATS_TEST_TMPDIR/words"
  echo hello >&"$words"
  wait_until grep -qx 'got hello' "$BATS_TEST_TMPDIR/answers"
  docker rm -f one
  exec {words}>&-
  wait $attached || :
}

# bats test_tags=long
@test "compose" {
  mkdir -p "$BATS_TEST_TMPDIR/project"
  cat > "$BATS_TEST_TMPDIR/project/compose.yaml" << 'END'
services:
  web:
    image: bb
    command: [sh, -c, "mkdir /w; echo composed > /w/index.html; exec httpd -f -h /w -p 80"]
    init: true
    deploy: { resources: { limits: { memory: 64M, cpus: "0.5" } } }
    stop_grace_period: 0s
  client:
    image: bb
    depends_on: [web]
    command: [sh, -c, "until wget -qO- http://web/; do sleep 0.2; done"]
END
  cd "$BATS_TEST_TMPDIR/project"
  docker compose up -d
  assert_equal "$(docker wait project-client-1)" 0
  run docker compose logs --no-log-prefix client
  assert_contains composed
  assert_equal "$(cat "$(group_of "$(pid project-web-1)")/memory.max")" 67108864
  docker compose down
  no_groups_left 'docker-*.scope'
}

# bats test_tags=long
@test "one runtime beside another" {
  docker run -d --name one --runtime runc bb sleep 1000
  docker run -d --name two --runtime "$RUNTIME" bb sleep 1000
  assert_equal "$(inspect one '{{.HostConfig.Runtime}}') $(inspect two '{{.HostConfig.Runtime}}')" "runc $RUNTIME"
  docker exec one true
  docker exec two true
  docker rm -f one two
}

# bats test_tags=long
@test "live restore: dockerd restarts, containers go on" {
  docker_config '"live-restore": true' > /etc/docker/daemon.json
  restart_docker
  docker run -d --name one bb sleep 1000
  first=$(pid one)
  restart_docker
  assert_equal "$(pid one)" "$first"
  docker exec one true
}

# bats test_tags=long
@test "remapped user namespace" {
  grep -q dockremap /etc/subuid || echo dockremap:300000:65536 | tee -a /etc/subuid /etc/subgid > /dev/null
  getent passwd dockremap || useradd --system dockremap
  docker_config '"userns-remap": "dockremap"' > /etc/docker/daemon.json
  restart_docker
  docker import "$(image_tar)" bb > /dev/null
  docker run -d --name one bb sleep 1000
  run cat "/proc/$(pid one)/uid_map"
  assert_matches '^ +0 +300000 +65536$'
  docker exec one touch /root-owned
  run docker run --rm --userns host bb cat /proc/self/uid_map
  assert_matches '^ +0 +0 +4294967295$'
}
