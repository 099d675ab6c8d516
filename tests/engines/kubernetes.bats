#!/usr/bin/env bats
# What the kubelet asks containerd for, over the Container Runtime Interface (tests/engines/cri): pods of a runtime class beside those of runc.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # the container's variables; bats' subshells; variables of common.bash
load helper

setup_file() {
  need_vm
  install_berth
  mkdir -p /etc/containerd /etc/cni/net.d
  containerd_config > /etc/containerd/config.toml
  echo '{ "cniVersion": "1.0.0", "name": "pods", "plugins": [
    { "type": "bridge", "bridge": "pods0", "isGateway": true, "ipam": { "type": "host-local", "ranges": [[{ "subnet": "10.88.0.0/16" }]] } },
    { "type": "portmap", "capabilities": { "portMappings": true } }] }' > /etc/cni/net.d/10-pods.conflist
  systemctl restart containerd
  ctr -n k8s.io images import "$(image_archive)" > /dev/null
  export BERTH_CRI_MODULE=$BATS_FILE_TMPDIR
  WAIT=240 wait_until ready
}

# The interface begins some time after the daemon, and hears of new images some time after the import.
ready() {
  cri Status '{}' | jq -e '[.status.conditions[] | select(.type | endswith("Ready")).status] == [true, true]' > /dev/null &&
    has_image bb && has_image pause
}
has_image() { [[ $(cri ImageStatus "{ \"image\": { \"image\": \"docker.io/library/$1:latest\" } }") = *sha256:* ]]; } # NAME

setup() {
  need_vm
  logs=$BATS_TEST_TMPDIR/logs
  mkdir "$logs"
}

teardown() {
  local id
  for id in $(ctr -n k8s.io containers list -q 'labels."io.cri-containerd.kind"==sandbox'); do
    cri StopPodSandbox "{ \"pod_sandbox_id\": \"$id\" }" RemovePodSandbox "{ \"pod_sandbox_id\": \"$id\" }" > /dev/null
  done
}

cri() { "$top/tests/engines/cri" "$@"; }

pod_config() { # [FILTER]
  jq -nc --arg logs "$logs" '{ metadata: { name: "pod", uid: "uid", namespace: "default" }, hostname: "aboard", log_directory: $logs,
    linux: { cgroup_parent: "/berth.slice/berth-pod.slice", sysctls: { "net.ipv4.ip_forward": "1" }, security_context: { namespace_options: { pid: "CONTAINER" } } } }'"${1+ | $1}"
}

container_config() { # SCRIPT [FILTER]
  jq -nc --arg script "$1" '{ metadata: { name: "main", attempt: 0 }, image: { image: "docker.io/library/bb:latest" }, command: ["sh", "-c", $script],
    log_path: "main.log", linux: { resources: { memory_limit_in_bytes: 67108864, cpu_quota: 50000, cpu_period: 100000, cpu_shares: 512, oom_score_adj: 100 },
    security_context: { namespace_options: { pid: "CONTAINER" } } } }'"${2+ | $2}"
}

pod() { # [FILTER]: sets $POD
  POD=$(cri RunPodSandbox "{ \"config\": $(pod_config "$@"), \"runtime_handler\": \"$RUNTIME\" }" | jq -r .pod_sandbox_id)
  export POD
  [[ $POD ]]
}

container() { # SCRIPT [FILTER [POD-FILTER]]: creates and starts it; sets $CONTAINER
  CONTAINER=$(cri CreateContainer "{ \"pod_sandbox_id\": \"$POD\", \"config\": $(container_config "$1" "${2-.}"), \"sandbox_config\": $(pod_config "${3-.}") }" \
    StartContainer '{ "container_id": "$CONTAINER" }' | jq -r '.container_id // empty')
  export CONTAINER
  [[ $CONTAINER ]]
}

exec_sync() { # ARG...
  cri ExecSync "$(jq -nc '{ container_id: "$CONTAINER", cmd: $ARGS.positional, timeout: 100 }' --args -- "$@")" |
    jq -r '(.stdout // "" | @base64d), (.stderr // "" | @base64d), (.exit_code // 0)'
}

pid() { ctr -n k8s.io tasks list | awk -v id="$1" '$1 == id { print $2 }'; }

@test "a pod and its container: status, log, exec, stats, update, stop" {
  pod
  container 'echo to the log; hostname; exec sleep 1000'
  run cri ContainerStatus '{ "container_id": "$CONTAINER" }'
  assert_contains CONTAINER_RUNNING
  wait_until grep -q 'stdout F aboard' "$logs/main.log"
  grep -q 'stdout F to the log' "$logs/main.log"

  run exec_sync sh -c 'echo out; echo err >&2; cat /proc/sys/net/ipv4/ip_forward; exit 5'
  assert_output $'out\n1\n\nerr\n\n5'

  group=$(group_of "$(pid "$CONTAINER")")
  [[ $group = /sys/fs/cgroup/berth.slice/berth-pod.slice/cri-containerd-*.scope ]]
  assert_equal "$(cat "$group/memory.max") $(cat "$group/cpu.max")" '67108864 50000 100000'
  assert_equal "$(cat "/proc/$(pid "$CONTAINER")/oom_score_adj")" 100
  cri UpdateContainerResources '{ "container_id": "$CONTAINER", "linux": { "memory_limit_in_bytes": 100663296, "cpu_quota": 25000, "cpu_period": 100000 } }'
  assert_equal "$(cat "$group/memory.max") $(cat "$group/cpu.max")" '100663296 25000 100000'

  run cri ContainerStats '{ "container_id": "$CONTAINER" }' PodSandboxStats '{ "pod_sandbox_id": "$POD" }'
  assert_success
  assert_matches '"working_set_bytes": \{"value": "[1-9]'

  mv "$logs/main.log" "$logs/rotated"
  cri ReopenContainerLog '{ "container_id": "$CONTAINER" }'
  assert_file "$logs/main.log"
  cri StopContainer '{ "container_id": "$CONTAINER", "timeout": 0 }'
  run cri ContainerStatus '{ "container_id": "$CONTAINER" }'
  assert_contains CONTAINER_EXITED
  assert_contains '"exit_code": 137'
  cri RemoveContainer '{ "container_id": "$CONTAINER" }' StopPodSandbox '{ "pod_sandbox_id": "$POD" }' RemovePodSandbox '{ "pod_sandbox_id": "$POD" }'
  no_groups_left 'cri-containerd-*'
}

# bats test_tags=long
@test "exec and attach over a stream" {
  pod
  container 'while read line; do echo attached to $line; done' '.stdin = true'
  run cri stream:Exec '{ "container_id": "$CONTAINER", "cmd": ["sh", "-c", "echo out; exit 6"], "stdout": true, "stderr": true }'
  assert_line out
  assert_contains "'ExitCode', 'message': '6'"
  run cri stream:Exec '{ "container_id": "$CONTAINER", "cmd": ["tty"], "tty": true, "stdin": true, "stdout": true }'
  assert_contains /dev/pts/
  run cri stream:Attach '{ "container_id": "$CONTAINER", "stdin": true, "stdout": true, "stderr": true, "input": "here\n" }'
  assert_contains 'attached to here'
}

# bats test_tags=long
@test "port forward" {
  pod
  container 'mkdir /w; echo served > /w/index.html; exec httpd -f -h /w -p 80'
  forwarded() { cri stream:PortForward "{ \"pod_sandbox_id\": \"\$POD\", \"port\": [$1], \"input\": \"GET / HTTP/1.0\\r\\n\\r\\n\" }"; }
  served() { [[ $(forwarded 80) = *served* ]]; }
  wait_until served
  run forwarded 81
  assert_contains 'connection refused'
}

@test "error: no such program" {
  pod
  run cri CreateContainer "{ \"pod_sandbox_id\": \"$POD\", \"config\": $(container_config - '.command = ["nonsense"]'), \"sandbox_config\": $(pod_config) }" \
    StartContainer '{ "container_id": "$CONTAINER" }'
  message 'exec: "nonsense": executable file not found in $PATH' nonsense
}

# bats test_tags=long
@test "restarts" {
  pod
  for attempt in 0 1 2; do
    container "echo attempt $attempt; exit 1" ".metadata.attempt = $attempt | .log_path = \"$attempt.log\""
    wait_until grep -q "attempt $attempt" "$logs/$attempt.log"
    exited() { [[ $(cri ContainerStatus '{ "container_id": "$CONTAINER" }') = *CONTAINER_EXITED* ]]; }
    wait_until exited
    run cri ContainerStatus '{ "container_id": "$CONTAINER" }'
    assert_contains '"exit_code": 1,'
  done
}

# bats test_tags=long
@test "two containers of a pod share its namespaces" {
  shared='.linux.security_context.namespace_options.pid = "POD"'
  pod "$shared"
  container 'exec sleep 1001' "$shared" "$shared"
  first=$(pid "$CONTAINER")
  container 'exec sleep 1002' ".metadata.name = \"other\" | $shared" "$shared"
  second=$(pid "$CONTAINER")
  for namespace in net ipc uts pid; do
    assert_equal "$(readlink "/proc/$first/ns/$namespace")" "$(readlink "/proc/$second/ns/$namespace")"
  done
  sees_first() { exec_sync ps -o args | grep -qx 'sleep 1001'; }
  wait_until sees_first
}

@test "a security context: user, read-only root, capabilities, seccomp, no new privileges" {
  pod
  container 'id -u; id -G; touch /x; grep -E "CapEff|NoNew|Seccomp:" /proc/self/status; sleep 1000' '.linux.security_context += { run_as_user: { value: 1000 },
    run_as_group: { value: 1000 }, supplemental_groups: [2000], readonly_rootfs: true, no_new_privs: true, capabilities: { drop_capabilities: ["ALL"] },
    seccomp: { profile_type: "RuntimeDefault" } }'
  wait_until grep -q Seccomp "$logs/main.log"
  wait_until grep -q 'Read-only' "$logs/main.log" # that came by another pipe
  run cut -d' ' -f4- "$logs/main.log"
  assert_line 1000
  assert_contains 2000
  assert_contains '/x: Read-only file system'
  assert_line $'CapEff:\t0000000000000000'
  assert_line $'NoNewPrivs:\t1'
  assert_line $'Seccomp:\t2'
}

@test "a pod with a user namespace" {
  maps='{ mode: "POD", uids: [{ host_id: 200000, container_id: 0, length: 65536 }], gids: [{ host_id: 200000, container_id: 0, length: 65536 }] }'
  users=".linux.security_context.namespace_options.userns_options = $maps"
  pod "$users"
  container 'cat /proc/self/uid_map; touch /x && echo written; sleep 1000' "$users" "$users"
  wait_until grep -q written "$logs/main.log"
  grep -Eq ' 0 +200000 +65536' "$logs/main.log"
}

# bats test_tags=long
@test "a pod of runc beside one of this runtime" {
  pod
  POD=$(cri RunPodSandbox "{ \"config\": $(pod_config '.metadata.name = "other"'), \"runtime_handler\": \"runc\" }" | jq -r .pod_sandbox_id)
  run cri ListPodSandbox '{}'
  assert_contains "\"runtime_handler\": \"$RUNTIME\""
  assert_contains '"runtime_handler": "runc"'
}

need_containerd_2() { [[ $(containerd --version) != *' 1.'* ]] || skip 'containerd 1 has no part in it'; }

# bats test_tags=long
@test "what the runtime can do, as containerd 2 asks it" {
  need_containerd_2
  run jq -c --arg runtime "$RUNTIME" '.runtime_handlers[] | select(.name == $runtime).features' <(cri Status '{}')
  assert_output '{"recursive_read_only_mounts":true,"user_namespaces":true}'
}

# bats test_tags=long
@test "mounts of containerd 2: read-only with all below, of an image" {
  need_containerd_2
  mkdir -p "$BATS_TEST_TMPDIR/shared/below"
  mount -t tmpfs below "$BATS_TEST_TMPDIR/shared/below"
  mounts=".mounts = [{ container_path: \"/srv\", host_path: \"$BATS_TEST_TMPDIR/shared\", readonly: true, recursive_read_only: true },
    { container_path: \"/image\", image: { image: \"docker.io/library/pause:latest\" }, readonly: true }]"
  pod
  container 'touch /srv/x; touch /srv/below/x; ls /image/bin/busybox; touch /image/x; echo ended; sleep 1000' "$mounts"
  wait_until grep -q ended "$logs/main.log"
  wait_until grep -q '/image/x: Read-only' "$logs/main.log" # that came by another pipe
  umount "$BATS_TEST_TMPDIR/shared/below"
  run cut -d' ' -f4- "$logs/main.log"
  assert_line /image/bin/busybox
  assert_contains '/srv/x: Read-only file system'
  assert_contains '/srv/below/x: Read-only file system'
  assert_contains '/image/x: Read-only file system'
}

# bats test_tags=long
@test "devices of CDI, from containerd 2 on" {
  need_containerd_2
  mkdir -p /etc/cdi
  echo '{ "cdiVersion": "0.6.0", "kind": "berth.test/thing", "devices": [{ "name": "one", "containerEdits": {
    "deviceNodes": [{ "path": "/dev/thing", "hostPath": "/dev/fuse" }], "env": ["THING=one"],
    "mounts": [{ "hostPath": "/etc/hostname", "containerPath": "/thing/of/it", "options": ["ro", "nosuid", "bind"] }] } }] }' > /etc/cdi/thing.json
  pod
  container 'stat -c %t:%T /dev/thing; echo $THING; cat /thing/of/it; sleep 1000' '.CDI_devices = [{ name: "berth.test/thing=one" }]'
  wait_until grep -q "$(hostname)" "$logs/main.log"
  rm /etc/cdi/thing.json
  run cut -d' ' -f4- "$logs/main.log"
  assert_output $'a:e5\none\n'"$(hostname)"
}
