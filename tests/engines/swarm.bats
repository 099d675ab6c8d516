#!/usr/bin/env bats
# A swarm of two nodes, each a dockerd in a network namespace of its own, with the runtime as its default: a service over both, and one node lost.
# bats file_tags=long
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # bats' subshells; variables of common.bash
load helper

setup_file() {
  need_vm
  install_berth
  docker_config > /etc/docker/daemon.json
  ip netns add node1
  ip netns add node2
  ip -n node1 link add eth0 type veth peer name eth0 netns node2
  local node
  for node in 1 2; do
    ip -n "node$node" link set lo up
    ip -n "node$node" addr add "10.77.0.$node/24" dev eth0
    ip -n "node$node" link set eth0 up
    start_node "$node"
  done
  for node in 1 2; do
    WAIT=120 wait_until docker_of "$node" info
    docker_of "$node" import "$(image_tar)" bb > /dev/null
  done
}

# In the machine's own mount namespace, where its cgroups are, unlike `ip netns exec`.
start_node() { # NODE
  nsenter --net="/run/netns/node$1" dockerd --data-root "/var/lib/docker-$1" --exec-root "/run/docker-$1" --pidfile "/run/docker-$1.pid" \
    -H "unix:///run/docker-$1.sock" > "/run/docker-$1.log" 2>&1 3>&- &
}

stop_node() { # NODE: at once, and with all that runs on it
  ip -n "node$1" link set eth0 down
  kill -KILL "$(< "/run/docker-$1.pid")" 2> /dev/null || :
  pgrep -f "/run/docker-$1/" | xargs -r kill -KILL || : # its containerd and the shims, which lead the containers
}

teardown_file() {
  [[ ${BERTH_VM_KERNEL-} ]] || return 0
  stop_node 1
  stop_node 2
}

setup() { need_vm; }
docker_of() { docker -H "unix:///run/docker-$1.sock" "${@:2}"; } # NODE ARG...

replicas() { [[ $(docker_of 1 service ls --format '{{.Replicas}}') = "$1" ]]; }

@test "a service over two nodes; one is lost, and the service whole again" {
  # Each gives up after 20 s, and goes on behind; a node that is not ready yet gets no part of the service.
  docker_of 1 swarm init --advertise-addr 10.77.0.1 > /dev/null || :
  ready() { [[ $(docker_of 1 node ls --format '{{.Status}}' | sort | uniq -c | xargs) = "$1 Ready" ]]; } # NODES
  WAIT=120 wait_until ready 1
  docker_of 2 swarm join --advertise-addr 10.77.0.2 --token "$(docker_of 1 swarm join-token -q worker)" 10.77.0.1:2377 || :
  WAIT=120 wait_until ready 2
  docker_of 1 service create --detach --no-resolve-image --name service --replicas 4 --limit-memory 32m --restart-delay 1s --stop-grace-period 0s \
    bb sleep 1000
  WAIT=180 wait_until replicas 4/4
  ids=$(docker_of 2 ps -q)
  assert_equal "$(wc -w <<< "$ids")" 2
  for id in $ids; do
    run docker_of 2 inspect --format '{{.HostConfig.Runtime}} {{.State.Pid}}' "$id"
    read -r used pid <<< "$output"
    assert_equal "$used $(cat "$(group_of "$pid")/memory.max")" "$RUNTIME 33554432"
  done

  stop_node 2
  lost() { [[ $(docker_of 1 node ls --format '{{.Status}}') = *Down* ]]; }
  WAIT=180 wait_until lost
  whole() { (($(docker_of 1 ps -q | wc -l) == 4)); }
  WAIT=180 wait_until whole
  docker_of 1 service rm service
  empty() { [[ ! $(docker_of 1 ps -aq) ]]; }
  WAIT=120 wait_until empty
}
