#!/usr/bin/env bats
# Hooks: config.md "POSIX-platform Hooks"; runtime.md "State" and "Lifecycle".
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # the container's variables; bats' subshells; variables of common.bash
load helper

points='prestart createRuntime createContainer startContainer poststart poststop'

setup() {
  common_setup
  bundle hooks
  shared=$BATS_TEST_TMPDIR/shared
  mkdir "$shared"
  # At the same path inside, so that a hook need not know where it runs.
  add_mount "$shared" none "$shared" bind
  add_hook_program
}

# A hook that tells what it was given: in $shared/POINT.{state,env,args,ns,fds}, and POINT in $shared/order.
add_hook_program() {
  cat > "$shared/hook" << END
#!/bin/busybox sh
dir=$shared
point=\$1
/bin/busybox cat > \$dir/\$point.state
/bin/busybox tr '\\0' '\\n' < /proc/self/environ > \$dir/\$point.env
for a; do echo "\$a"; done > \$dir/\$point.args
for t in mnt pid net uts ipc cgroup; do /bin/busybox readlink /proc/self/ns/\$t; done > \$dir/\$point.ns
/bin/busybox ls /proc/self/fd > \$dir/\$point.fds
/bin/busybox pwd > \$dir/\$point.cwd
/bin/busybox grep -E '^Sig(Blk|Ign)' /proc/self/status > \$dir/\$point.signals
echo \$point >> \$dir/order
END
  chmod 755 "$shared/hook"
  [[ -e /bin/busybox ]] || ln -s "$(command -v busybox)" /bin/busybox
}

hook() { # POINT PATH [ARG...]: adds one
  local point=$1 path=$2
  shift 2
  config '.hooks[$point] += [{ path: $path, args: ($args | split("\u0000")[:-1]) }]' \
    --arg point "$point" --arg path "$path" --rawfile args <(printf '%s\0' "$@")
}
all_hooks() {
  local point
  for point in $points; do hook "$point" "$shared/hook" hook "$point"; done
}
order() { xargs < "$shared/order"; }
field() { jq -r "$2" "$shared/$1.state"; } # POINT FILTER

@test "each is run once, at its point, in order" {
  all_hooks
  script "echo workload >> $shared/order; sleep 1000"
  create hooks
  assert_equal "$(order)" 'prestart createRuntime createContainer'
  berth start hooks
  wait_until grep -q workload "$shared/order"
  assert_equal "$(order | cut -d' ' -f1-4)" 'prestart createRuntime createContainer startContainer'
  assert_equal "$(order | cut -d' ' -f5- | xargs -n1 | sort | xargs)" 'poststart workload'
  delete_all hooks
  assert_equal "$(order | cut -d' ' -f7-)" poststop
}

@test "run does the same" {
  all_hooks
  run_inside "echo workload >> $shared/order"
  assert_success
  assert_equal "$(order | cut -d' ' -f1-4)" 'prestart createRuntime createContainer startContainer'
  assert_equal "$(order | cut -d' ' -f5-6 | xargs -n1 | sort | xargs)" 'poststart workload'
  assert_equal "$(order | cut -d' ' -f7-)" poststop
}

@test "poststart comes after startContainer has ended, and before start returns" {
  hook startContainer /bin/sh sh -c "sleep 0.3; echo startContainer >> $shared/order"
  hook poststart /bin/sh sh -c "sleep 0.3; echo poststart >> $shared/order"
  script 'sleep 1000'
  create hooks
  berth start hooks
  assert_equal "$(order)" 'startContainer poststart'
}

@test "the state: status, pid, bundle, id, annotations" {
  all_hooks
  config '.annotations = { "com.example.key": "value" }'
  script 'sleep 1000'
  create hooks
  local pid point
  pid=$(pid_of hooks)
  berth start hooks
  delete_all hooks
  for point in $points; do
    assert_equal "$point $(field "$point" '[.id, .bundle, .annotations["com.example.key"], .ociVersion] | join(" ")')" \
      "$point hooks $bundle value 1.3.0"
  done
  for point in prestart createRuntime createContainer; do assert_equal "$point $(field $point .status)" "$point creating"; done
  assert_equal "$(field startContainer .status)" created
  assert_equal "$(field poststart .status)" running
  assert_equal "$(field poststop .status)" stopped
  for point in prestart createRuntime poststart; do assert_equal "$point $(field $point .pid)" "$point $pid"; done
  # As seen from where the hook runs.
  for point in createContainer startContainer; do assert_equal "$point $(field $point .pid)" "$point 1"; done
}

@test "the namespaces: the runtime's, or the container's" {
  all_hooks
  script 'sleep 1000'
  create hooks
  local pid point type own=() inside=()
  pid=$(pid_of hooks)
  for type in mnt pid net uts ipc cgroup; do
    own+=("$(readlink "/proc/self/ns/$type")")
    inside+=("$(readlink "/proc/$pid/ns/$type")")
  done
  berth start hooks
  delete_all hooks
  for point in prestart createRuntime poststart poststop; do assert_equal "$point $(xargs < "$shared/$point.ns")" "$point ${own[*]}"; done
  for point in createContainer startContainer; do assert_equal "$point $(xargs < "$shared/$point.ns")" "$point ${inside[*]}"; done
}

@test "createContainer is before the pivot: the host's files are in sight, the mounts made" {
  hook createContainer /bin/bash bash -c "exec > $shared/out; test -e $bundle/config.json && echo host; grep -c ' $bundle/rootfs' /proc/self/mountinfo; test -c $bundle/rootfs/dev/null && echo dev"
  hook startContainer /bin/sh sh -c "test -e $bundle/config.json || echo inside >> $shared/out"
  run_args true
  assert_success
  run cat "$shared/out"
  assert_line host
  assert_line dev
  assert_line inside
  refute_line 0
}

@test "the environment and the arguments are those of the hook, and nothing else is" {
  config '.hooks.createRuntime = [{ path: $p, args: ["zero", "createRuntime", "two words", ""], env: ["A=1", "B=x y", "A=2"] }]
    | .hooks.poststart = [{ path: $p, args: ["hook", "poststart"] }]' --arg p "$shared/hook"
  LEAK=1 run_args true
  assert_success
  assert_equal "$(< "$shared/createRuntime.env")" $'A=1\nB=x y\nA=2'
  assert_equal "$(< "$shared/poststart.env")" PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin # an engine's may look for programs
  assert_equal "$(< "$shared/createRuntime.args")" $'createRuntime\ntwo words'
  config '.hooks = { createRuntime: [{ path: "/bin/busybox" }] }' # argv[0] is then the path
  run_config
  assert_success
}

@test "startContainer: the workload's environment where it has none, the workload's filter; createContainer begins in the root" {
  hook createContainer /bin/busybox pwd
  config '.process.env += ["A=workload"] | .hooks.startContainer = [{ path: $p, args: ["hook", "startContainer"] }]
    | .linux.seccomp = { defaultAction: "SCMP_ACT_ALLOW", syscalls: [{ names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 100 }] }' \
    --arg p "$shared/hook"
  local privileges
  for privileges in true false; do
    config ".process.noNewPrivileges = $privileges"
    args true
    run berth "${telling[@]}" "$shared/log" run --bundle "$bundle" hooks < /dev/null
    assert_success
    assert_equal "$(hooks_wrote "$shared/log")" "$bundle/rootfs"
    rm "$shared/log"
    assert_equal "$(grep -E '^(A|HOME)=' "$shared/startContainer.env")" $'A=workload\nHOME=/root'
    config '.hooks.startContainer += [{ path: "/bin/busybox", args: ["mkdir", "/made"], env: [] }]'
    run_config
    assert_error "startContainer hook 1" "Network is down"
    config 'del(.hooks.startContainer[1])'
  done
}

@test "no descriptor leaks into a hook, and its signals are those of a fresh process" {
  all_hooks
  run_args true
  assert_success
  local point
  for point in $points; do
    assert_equal "$point $(xargs < "$shared/$point.fds")" "$point 0 1 2 3" # 3: the directory that is listed
    assert_equal "$point $(awk '/SigBlk/ { print $2 }' "$shared/$point.signals")" "$point 0000000000000000"
  done
}

@test "a hook that does not read its state, and one that leaves a process behind" {
  hook createRuntime /bin/true true
  hook prestart /bin/bash bash -c 'sleep 0.6 &'
  config '.annotations = { big: ("x" * 500000) }'
  run_args true
  assert_success
}

@test "the state can be asked for while hooks run" {
  hook createRuntime /bin/bash bash -c "'$BERTH' --root '$BATS_TEST_TMPDIR/state' state hooks > $shared/asked"
  hook poststart /bin/bash bash -c "'$BERTH' --root '$BATS_TEST_TMPDIR/state' state hooks > $shared/running"
  run_inside "until [ -s $shared/running ]; do sleep 0.05; done"
  assert_success
  assert_equal "$(jq -r .status "$shared/asked") $(jq -r .status "$shared/running")" 'creating running'
  (($(jq .pid "$shared/asked") > 1))
}

@test "createRuntime can work on the namespaces of the container" {
  hook createRuntime /bin/bash bash -c 'pid=$(jq .pid); nsenter --target $pid --net ip link set lo mtu 1234'
  run_inside 'cat /sys/class/net/lo/mtu'
  assert_output 1234
}

@test "a failed hook before start: create fails, later hooks are not run, poststop is, nothing stays" {
  local point
  for point in prestart createRuntime createContainer; do
    rm -f "$shared"/*.state "$shared/order"
    config 'del(.hooks)'
    all_hooks
    config '.hooks[$point] |= [{ path: "/bin/sh", args: ["sh", "-c", "echo reason >&2; exit 3"] }] + .' --arg point $point
    run berth create --bundle "$bundle" hooks < /dev/null
    assert_error "$point hook 0" /bin/sh 3 reason
    assert_status hooks none
    assert_equal "$point: $(order | grep -ow "$point" || echo not run)" "$point: not run"
    assert_equal "$point: $(order | grep -oE 'poststop|startContainer|poststart')" "$point: poststop"
    assert_equal "$(field poststop .status)" stopped
  done
}

@test "what a hook writes is not the container's; of one that fails, the end is told" {
  local point
  for point in $points; do hook "$point" /bin/sh sh -c 'echo chatter; echo chatter >&2'; done
  script 'echo workload'
  berth create --bundle "$bundle" hooks < /dev/null &> "$shared/out"
  run berth start hooks
  assert_output ''
  run berth delete --force hooks
  assert_output ''
  assert_equal "$(grep -v workload "$shared/out")" ''
  run_config
  assert_output workload
  config '.hooks = { createRuntime: [{ path: "/bin/sh", args: ["sh", "-c", "seq 100000; echo  goroutine 1; printf \"\\tmain.go:55\\n\\n\"; exit 2"] }] }'
  run_config
  assert_error 'createRuntime hook 0' 'exit status 2: ' ' | 99999 | 100000 | goroutine 1 | main.go:55'
  # Cut, but not in the middle of a character.
  config '.hooks.createRuntime[0].args[2] = "printf x; i=0; while [ $i -lt 700 ]; do printf é; i=$((i+1)); done; exit 2"'
  run_config
  assert_error 'exit status 2: é' éé
  iconv -f UTF-8 -t UTF-8 <<< "$output" > /dev/null || fail "no UTF-8"
}

@test "a failed startContainer hook: start fails, the workload never runs, the container is gone, poststop was run" {
  hook startContainer /bin/sh sh -c 'echo reason >&2; exit 3'
  hook poststop "$shared/hook" hook poststop
  hook poststart "$shared/hook" hook poststart
  script "echo workload >> $shared/order"
  create hooks
  run berth start hooks
  assert_error 'startContainer hook 0' /bin/sh 3 reason
  assert_status hooks none
  assert_equal "$(order)" poststop
  rm "$shared/order"
  run_config
  assert_error 'startContainer hook 0'
  assert_status hooks none
  assert_equal "$(order)" poststop
}

@test "a failed poststart hook: start fails, the workload is killed, the container is gone, poststop was run" {
  hook poststart /bin/sh sh -c 'echo reason >&2; exit 3'
  hook poststop "$shared/hook" hook poststop
  script 'sleep 1000'
  create hooks
  local pid
  pid=$(pid_of hooks)
  run berth start hooks
  assert_error 'poststart hook 0' 3 reason
  assert_status hooks none
  wait_until test ! -e "/proc/$pid" # process 1 has to reap it
  assert_equal "$(order)" poststop
  run timeout 60 "$BERTH" --root "$BATS_TEST_TMPDIR/state" run --bundle "$bundle" hooks 3>&-
  assert_error 'poststart hook 0'
  assert_status hooks none
}

# Hooks that have not come to their end when somebody wants something of the container ----

# It tells that it runs by $shared/POINT.held, and goes on when $shared/go is there.
hold_hook() { # POINT [STATUS]
  hook "$1" /bin/busybox sh -c "echo > $shared/$1.held; until [ -e $shared/go ]; do /bin/busybox sleep 0.05; done; exit ${2-0}"
}
start_held() { # POINT: `start` in the background, as far as that hook
  create hooks
  berth_background start hooks > "$shared/started" 2>&1
  starter=$!
  wait_until test -e "$shared/$1.held"
}
soon() { timeout 60 "$BERTH" --root "$BATS_TEST_TMPDIR/state" "$@" 3>&-; }
ended() { # what `start` in the background has said, and its status
  status=0
  wait "$starter" || status=$?
  output=$(< "$shared/started")
}

@test "a poststart hook can change its container, and delete it" {
  local soon="PATH=$PATH timeout 60 '$BERTH' --root '$BATS_TEST_TMPDIR/state'" # who waits for a lock, waits for ever
  echo '{ "unified": { "cgroup.max.depth": "5" } }' > "$shared/limits"
  hook poststart /bin/bash bash -c "$soon update --resources $shared/limits hooks"
  hook poststart /bin/bash bash -c "cat /sys/fs/cgroup/berth-test-hooks/cgroup.max.depth > $shared/depth"
  hook poststart /bin/bash bash -c "$soon delete --force hooks"
  hook poststop "$shared/hook" hook poststop
  script 'sleep 1000'
  create hooks
  run berth start hooks
  assert_success
  assert_equal "$(< "$shared/depth")" 5
  assert_status hooks none
  assert_equal "$(order)" poststop
}

@test "while a poststart hook runs: a second start is refused, delete --force does not wait, poststop is run once" {
  local result
  for result in 0 3; do
    rm -f "$shared"/*.held "$shared/go" "$shared/order"
    config 'del(.hooks)'
    hold_hook poststart $result
    hook poststop "$shared/hook" hook poststop
    script 'sleep 1000'
    start_held poststart
    run soon start hooks
    assert_error 'already running'
    run soon delete --force hooks
    assert_success
    assert_status hooks none
    assert_equal "$(order)" poststop
    touch "$shared/go"
    ended
    if ((result)); then assert_error 'poststart hook 0' 'exit status 3'; else assert_success; fi
    assert_equal "$(order)" poststop
  done
}

@test "while a startContainer hook runs: a second start is refused, delete --force does not wait, and start says so" {
  hold_hook startContainer
  hook poststart "$shared/hook" hook poststart
  hook poststop "$shared/hook" hook poststop
  script "echo workload >> $shared/order"
  start_held startContainer
  run soon start hooks
  assert_error 'already running'
  run soon delete --force hooks
  assert_success
  assert_status hooks none
  ended
  assert_error 'deleted while it was being started'
  assert_equal "$(order)" poststop
}

@test "a failed poststop hook is a warning, and the others still run" {
  hook poststop /bin/sh sh -c 'echo reason >&2; exit 3'
  hook poststop /nowhere/hook hook
  hook poststop "$shared/hook" hook poststop
  script true
  start_new hooks
  wait_until is hooks stopped
  run berth delete hooks
  assert_success
  assert_contains 'poststop hook 0'
  assert_contains 'poststop hook 1'
  assert_equal "$(order)" poststop
  assert_status hooks none
}

@test "a warning that nobody reads stops nothing: the other poststop hooks are run, and the container is deleted" {
  local what
  hook poststop /bin/sh sh -c 'exit 3'
  hook poststop /nowhere/hook hook
  hook poststop "$shared/hook" hook poststop
  script 'sleep 1000'
  for what in gone full; do
    rm -f "$shared/order"
    create hooks
    run timeout 60 python3 "$top/tests/lib/stderr_pipe.py" "$what" "$BERTH" --root "$BATS_TEST_TMPDIR/state" delete --force hooks 3>&-
    assert_success
    assert_equal "$what: $(order)" "$what: poststop"
    assert_status hooks none
  done
}

@test "poststop, when the bundle is gone: the hooks begin in /" {
  hook poststop "$shared/hook" hook poststop
  script true
  start_new hooks
  wait_until is hooks stopped
  rm -r "$bundle"
  run berth delete hooks
  assert_success
  assert_output ""
  assert_equal "$(order)" poststop
  assert_equal "$(< "$shared/poststop.cwd")" /
}

@test "timeout: the hook and what it has started are killed" {
  config '.hooks.createRuntime = [{ path: "/bin/bash", args: ["bash", "-c", $text], timeout: 1 }]' --arg text \
    "sleep 600.123 & sleep 600.124; echo survived > $shared/survived"
  local begin=$SECONDS
  refused 'createRuntime hook 0' 'within 1 s'
  ((SECONDS - begin < 100))
  assert_missing "$shared/survived"
  # That nothing is left of them, the teardown finds.
  config '.hooks = { poststop: [{ path: "/bin/sleep", args: ["sleep", "600"], timeout: 1 }], createRuntime: [{ path: "/bin/sleep", args: ["sleep", "0.1"], timeout: 60 }] }'
  run_args true
  assert_success
  assert_contains 'poststop hook 0'
}

@test "a hook that cannot be executed, or is killed, is an error that says why" {
  config '.hooks.createRuntime = [{ path: "/nowhere/hook" }]'
  refused 'createRuntime hook 0' /nowhere/hook 'No such file'
  : > "$shared/plain"
  config '.hooks.createRuntime[0].path = $p' --arg p "$shared/plain"
  refused 'createRuntime hook 0' 'Permission denied'
  config '.hooks.createRuntime[0] = { path: "/bin/sh", args: ["sh", "-c", "kill -SEGV $$"] }'
  refused 'createRuntime hook 0' signal 11
  config '.hooks = { startContainer: [{ path: $p }] }' --arg p "$BATS_TEST_TMPDIR/outside"
  cp "$shared/hook" "$BATS_TEST_TMPDIR/outside" # of the host only
  refused 'startContainer hook 0' 'No such file'
  config '.hooks = { prestart: [{ path: "bin/true" }] }'
  refused /hooks/prestart/0/path bin/true absolute
  config '.hooks = { prestart: [{ path: "/bin/true", timeout: 0 }] }'
  refused /hooks/prestart/0/timeout
}

@test "in a user namespace" {
  all_hooks
  config '.linux.namespaces += [{ type: "user" }]
    | .linux.uidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }] | .linux.gidMappings = .linux.uidMappings'
  chmod 777 "$shared"
  : > "$shared/order"
  chmod 666 "$shared/order"
  chmod 755 "$BATS_TEST_TMPDIR" "${BATS_TEST_TMPDIR%/*}" "${BATS_TEST_TMPDIR%/*/*}"
  run_args true
  assert_success
  assert_equal "$(order | cut -d' ' -f1-4)" 'prestart createRuntime createContainer startContainer'
  assert_equal "$(stat -c %u "$shared/createContainer.state")" 100000
}
