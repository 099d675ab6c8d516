#!/usr/bin/env bats
# create, start, run, kill and delete as an engine or a user calls them.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # the container's variables; bats' subshells; variables of common.bash
load ../lib/common

run_new() { # ID [OPTION...]
  run --separate-stderr berth run --bundle "$bundle" "${@:2}" "$1"
}
assert_none() { assert_equal "$(berth list -q)" ""; }

# Status --------------------------------------------------------------------

@test "run: the exit status is the workload's" {
  bundle one
  local wanted got
  for wanted in 0 1 7 126 127 128 200 255; do
    script "exit $wanted"
    got=0
    berth run --bundle "$bundle" one || got=$?
    assert_equal $got $wanted
  done
  assert_none
}

@test "run: 128 + n when signal n ended it" {
  bundle one
  local number
  # Not as process 1 of a pid namespace, which no signal of its own ends.
  config 'del(.linux.namespaces[] | select(.type == "pid"))'
  for number in 1 2 6 9 10 11 15; do # busybox' shell ignores QUIT
    script "kill -$number \$\$; sleep 5"
    run berth run --bundle "$bundle" one
    assert_failure $((128 + number))
  done
}

@test "run: 1 and a reason when it could not be run, and nothing is left" {
  bundle one
  config '.process.args = ["nowhere"]'
  run_new one
  assert_failure 1
  assert_equal "$output" ""
  output=$stderr
  assert_contains 'executable file not found in $PATH'
  assert_none
}

@test "a bundle without a configuration, or none at all" {
  mkdir "$BATS_TEST_TMPDIR/empty"
  run berth run --bundle "$BATS_TEST_TMPDIR/empty" one
  assert_error "config.json" "No such file"
  run berth create --bundle /nowhere one
  assert_error "/nowhere" "No such file"
  assert_none
}

@test "the bundle is the working directory unless given" {
  bundle one
  script 'echo here'
  cd "$bundle"
  run berth run one
  assert_output here
  create two
  assert_equal "$(berth state two | jq -r .bundle)" "$bundle"
  berth delete --force two
}

@test "the bundle is recorded as an absolute path without links" {
  bundle one
  ln -s one "$BATS_TEST_TMPDIR/link"
  cd "$BATS_TEST_TMPDIR"
  berth create --bundle link one < /dev/null > /dev/null
  assert_equal "$(berth state one | jq -r .bundle)" "$bundle"
}

@test "an id is taken once" {
  bundle one
  create one
  run berth create --bundle "$bundle" one
  assert_error "container with given ID already exists"
  run berth run --bundle "$bundle" one
  assert_error "container with given ID already exists"
  assert_status one created
}

@test "ids that could be paths are refused" {
  bundle one
  local id
  for id in .. . a/b /a 'a b' $'a\nb' @seccomp 'ä' "$(printf 'a%.0s' {1..2000})"; do
    run berth create --bundle "$bundle" "$id"
    assert_error "id"
    assert_none
  done
  run berth create --bundle "$bundle" ''
  assert_error "empty"
}

@test "ids may have all the characters that engines use" {
  bundle one
  local id=aZ09_+.-x
  create "$id"
  assert_status "$id" created
}

@test "the cache of filters is not a container" {
  bundle one
  config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW"}'
  create one
  create two && fail "the cgroup is the same"
  berth delete --force one
  create one
  assert_equal "$(stat -c %a "$BATS_TEST_TMPDIR/state/@seccomp")" 700
  assert_equal "$(berth list -q)" one
}

# Standard input and output ---------------------------------------------------

@test "run: standard input, output and error are the workload's own" {
  bundle one
  script 'cat; echo problem >&2'
  run --separate-stderr bash -c 'head -c 1000000 /dev/urandom | tee in | "$@" > out' - \
    "$BERTH" --root "$BATS_TEST_TMPDIR/state" run --bundle "$bundle" one 3>&-
  assert_success
  assert_equal "$stderr" problem
  cmp in out
  rm in out
}

@test "run: the workload sees the very files" {
  bundle one
  script 'for n in 0 1 2; do readlink /proc/$$/fd/$n; done'
  cd "$BATS_TEST_TMPDIR"
  echo > in
  berth run --bundle "$bundle" one < in > out 2> err
  assert_equal "$(< out)" "$BATS_TEST_TMPDIR/in"$'\n'"$BATS_TEST_TMPDIR/out"$'\n'"$BATS_TEST_TMPDIR/err"
}

@test "run: no other descriptor of the caller" {
  bundle one
  script 'ls /proc/self/fd'
  # ls has the directory open.
  run "$BERTH" --root "$BATS_TEST_TMPDIR/state" run --bundle "$bundle" one 3< /dev/null 7< /dev/null
  assert_output $'0\n1\n2\n3'
  script 'readlink /proc/$$/fd/3; readlink /proc/$$/fd/7; :'
  run "$BERTH" --root "$BATS_TEST_TMPDIR/state" run --bundle "$bundle" one 3< /dev/null 7< /dev/null
  assert_output ""
}

@test "--preserve-fds passes the next descriptors, and only them" {
  bundle one
  script 'cat <&3; cat <&4; readlink /proc/self/fd/5; :'
  local command
  for command in run create; do
    cd "$BATS_TEST_TMPDIR"
    "$BERTH" --root "$BATS_TEST_TMPDIR/state" $command --bundle "$bundle" --preserve-fds 2 one \
      3< <(echo three) 4< <(echo four) 5< /dev/null < /dev/null > out
    [[ $command = run ]] || { berth start one; wait_until assert_status one stopped; berth delete one; }
    assert_equal "$(< out)" $'three\nfour'
  done
}

@test "sockets that the caller has opened for berth are the container's, and come before --preserve-fds" {
  bundle one
  script 'cat <&3; (cat <&4) 2> /dev/null; env | grep ^LISTEN_ | sort; :'
  # shellcheck disable=SC2016 # of the inner shell, which becomes berth
  listening() { # PID OPTION...
    bash -c 'export LISTEN_FDS=1 LISTEN_PID=$(eval "echo $0"); exec "$@" 3< <(echo three) 4< <(echo four)' "$1" \
      "$BERTH" --root "$BATS_TEST_TMPDIR/state" run --bundle "$bundle" "${@:2}" one < /dev/null
  }
  run listening '$$'
  assert_output $'three\nLISTEN_FDS=1\nLISTEN_PID=1'
  run listening '$$' --preserve-fds 1
  assert_output $'three\nfour\nLISTEN_FDS=1\nLISTEN_PID=1'
  script 'readlink /proc/self/fd/3; env | grep ^LISTEN_; :'
  run listening 1 # not for us
  assert_output ''
}

@test "create: output goes where create's went" {
  bundle one
  script 'echo hello; echo problem >&2'
  create one
  assert_equal "$(< "$BATS_TEST_TMPDIR/one.log")" ""
  berth start one
  wait_until assert_status one stopped
  assert_equal "$(sort "$BATS_TEST_TMPDIR/one.log")" $'hello\nproblem'
}

@test "--config: a configuration from elsewhere; its relative paths begin at the bundle" {
  bundle one
  script 'echo bundle'
  jq '.process.args[2] = "echo elsewhere"' "$bundle/config.json" > "$BATS_TEST_TMPDIR/other.json"
  cd "$BATS_TEST_TMPDIR"
  local option
  for option in --config -f; do
    run_new one $option other.json
    assert_success
    assert_output elsewhere
  done
  # start reads it again.
  create one --config other.json
  rm other.json
  berth start one
  wait_until grep -q elsewhere "$BATS_TEST_TMPDIR/one.log"
  berth delete --force one
  run berth run --bundle "$bundle" --config other.json one
  assert_error "read other.json: No such file or directory"
  echo '{' > other.json
  run berth run --bundle "$bundle" --config other.json one
  assert_error "other.json: "
  assert_none
}

@test "--pidfd-socket gets a pidfd of the process" {
  bundle one
  script 'sleep 500'
  local socket=$BATS_TEST_TMPDIR/socket command
  for command in create "run --detach" exec; do
    "$top/tests/cli/receive_pidfd.py" "$socket" "$socket.out" 3>&- &
    wait_until test -S "$socket"
    # shellcheck disable=SC2086 # of words
    case $command in
      exec) berth exec --detach --pidfd-socket "$socket" --pid-file "$socket.pid" one sleep 400 > /dev/null ;;
      *) berth $command --bundle "$bundle" --pidfd-socket "$socket" --pid-file "$socket.pid" one < /dev/null > /dev/null 2>&1 ;;
    esac
    wait $!
    assert_equal "$(< "$socket.out")" "pidfd 1 $(< "$socket.pid")"
    if [[ $command != run* ]]; then berth delete --force one; fi
    rm "$socket"
  done
  run berth run --bundle "$bundle" --pidfd-socket "$socket" two
  assert_error "connect to --pidfd-socket $socket: No such file or directory"
  assert_status two none
}

@test "--cgroup-manager disabled: no cgroup of its own" {
  bundle one
  config '.process.args = ["sleep", "500"] | del(.linux.namespaces[] | select(.type == "cgroup"))'
  berth --cgroup-manager disabled run --detach --bundle "$bundle" one < /dev/null > /dev/null 2>&1
  assert_equal "$(grep ^0:: "/proc/$(pid_of one)/cgroup")" "$(grep ^0:: /proc/self/cgroup)"
  run berth exec one cat /proc/1/comm
  assert_output sleep
  run berth pause one
  assert_error "no cgroup"
  berth kill one KILL
  wait_until assert_status one stopped
  berth delete one
  # What is asked for and cannot be had is told.
  config '.linux.resources.pids.limit = 5'
  run berth --cgroup-manager disabled run --bundle "$bundle" two
  assert_error '/linux/resources: limits need a cgroup'
  assert_none
}

# Files and detaching -----------------------------------------------------------

@test "--pid-file holds the process, without a line end" {
  bundle one
  script 'sleep 1000'
  create one --pid-file "$BATS_TEST_TMPDIR/pid"
  assert_equal "$(< "$BATS_TEST_TMPDIR/pid")" "$(pid_of one)"
  assert_equal "$(wc -l < "$BATS_TEST_TMPDIR/pid")" 0
  berth delete --force one
  cd "$BATS_TEST_TMPDIR"
  berth run --detach --pid-file relative --bundle "$bundle" one < /dev/null > /dev/null
  assert_equal "$(< relative)" "$(pid_of one)"
}

@test "--pid-file that cannot be written is an error, and nothing is left" {
  bundle one
  run berth create --bundle "$bundle" --pid-file /nowhere/pid one
  assert_error "/nowhere/pid" "No such file"
  assert_none
}

@test "run --detach returns once the workload runs, and leaves the container" {
  bundle one
  script 'echo hello; sleep 1000'
  berth run --detach --bundle "$bundle" one < /dev/null > "$BATS_TEST_TMPDIR/out"
  assert_status one running
  wait_until grep -q hello "$BATS_TEST_TMPDIR/out"
  run berth run -d=true --bundle "$bundle" one
  assert_error "already exists"
}

@test "run --detach: a workload that ends leaves a stopped container" {
  bundle one
  berth run -d --bundle "$bundle" one < /dev/null > /dev/null
  wait_until assert_status one stopped
  berth delete one
  assert_none
}

@test "run --keep leaves the container" {
  bundle one
  script 'exit 3'
  run_new one --keep
  assert_failure 3
  assert_status one stopped
  run_new one
  assert_failure 1
  berth delete one
}

# Signals -----------------------------------------------------------------------

# Starts the container in the background and waits for its first line. Sets $berth_pid.
run_in_background() { # ID [ENV-OPTION...]
  # A shell ignores SIGINT and SIGQUIT for what it runs in the background.
  env --default-signal "${@:2}" "$BERTH" --root "$BATS_TEST_TMPDIR/state" run --bundle "$bundle" "$1" \
    < /dev/null > "$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
  berth_pid=$!
  wait_until test -s "$BATS_TEST_TMPDIR/out"
}

@test "run passes signals on to the workload" {
  bundle one
  script 'for s in HUP INT QUIT USR1 USR2 ALRM CONT TSTP WINCH URG PWR; do trap "echo got $s" $s; done
          trap "echo got TERM; exit 5" TERM; echo ready; while :; do sleep 0.02; done'
  run_in_background one
  local signal
  for signal in HUP INT QUIT USR1 USR2 ALRM CONT TSTP URG PWR; do
    kill -s $signal $berth_pid
    wait_until grep -qx "got $signal" "$BATS_TEST_TMPDIR/out"
  done
  kill $berth_pid
  local status=0
  wait $berth_pid || status=$?
  assert_equal $status 5
  assert_none
}

@test "run does not pass on what its caller ignores, as under nohup" {
  bundle one
  script 'trap "echo got HUP" HUP; trap "exit 5" TERM; echo ready; while :; do sleep 0.02; done'
  run_in_background one --ignore-signal=HUP
  # Were the first passed on, the shell would tell of it before it ends of the second.
  kill -s HUP $berth_pid
  kill $berth_pid
  local status=0
  wait $berth_pid || status=$?
  assert_equal $status 5
  assert_equal "$(< "$BATS_TEST_TMPDIR/out")" ready
}

@test "the workload starts with no signal blocked or ignored, whatever its caller does" {
  bundle one
  config '.process.args = ["grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status"]'
  local none=$'SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000'
  run env --ignore-signal --block-signal "$BERTH" --root "$BATS_TEST_TMPDIR/state" run --bundle "$bundle" one
  assert_success
  assert_output "$none"
  cd "$BATS_TEST_TMPDIR"
  env --ignore-signal "$BERTH" --root state create --bundle "$bundle" one < /dev/null > out 2>&1 3>&-
  berth start one
  wait_until grep -q SigIgn out
  assert_equal "$(< out)" "$none"
  script 'sleep 1000'
  berth delete --force one
  start_new one
  run env --ignore-signal "$BERTH" --root state exec one grep -E '^Sig(Blk|Ign)' /proc/self/status
  assert_output "$none"
}

@test "run reaps what the container leaves behind, unless told not to" {
  bundle one
  # Without a pid namespace, orphans look for the next subreaper.
  config 'del(.linux.namespaces[] | select(.type == "pid"))'
  script 'cat /proc/$PPID/comm; orphan=$(sleep 1000 > /dev/null & echo $!)
    awk "/^PPid/ { print \$2 == $PPID ? \"ours\" : \"not ours\" }" /proc/$orphan/status
    kill $orphan; n=0; while [ -e /proc/$orphan ] && [ $n -lt 1000 ]; do n=$((n + 1)); sleep 0.05; done; [ -e /proc/$orphan ] || echo reaped'
  run_new one
  assert_success
  assert_equal "$output" $'berth\nours\nreaped'
  local option
  for option in --no-subreaper --subreaper=false; do
    run_new one $option
    assert_success
    assert_equal "$option $output" "$option "$'berth\nnot ours\nreaped'
  done
}

# kill and delete -----------------------------------------------------------------

@test "kill takes signals by name and number" {
  bundle one
  script 'for s in HUP USR1 TERM 34 37 62; do trap "echo got $s" $s; done; echo ready; while :; do sleep 0.02; done'
  start_new one
  local log=$BATS_TEST_TMPDIR/one.log form
  wait_until grep -q ready "$log"
  for form in "HUP HUP" "hup HUP" "SIGHUP HUP" "sighup HUP" "1 HUP" "SIGUSR1 USR1" "10 USR1" "TERM TERM" " TERM" \
    "RTMIN 34" "SIGRTMIN+3 37" "rtmin+3 37" "RTMAX-2 62" "37 37"; do
    : > "$log"
    # shellcheck disable=SC2086 # no argument where there is no signal
    berth kill one ${form% *}
    wait_until grep -qx "got ${form#* }" "$log"
  done
  berth kill one 0
}

@test "kill refuses what is no signal" {
  bundle one
  create one
  local signal
  for signal in FOO SIG SIGFOO 65 999 -- '' 1x 0x9 RTMIN+ RTMIN+31 RTMAX-31 RTMIN-1 ' 9'; do
    run berth kill one -- "$signal"
    assert_error "unknown signal"
  done
  run berth kill one -9
  assert_error "unknown option -9"
  assert_status one created
}

@test "kill, pause and exec of what is not running say so in runc's words" {
  bundle one
  start_new one
  wait_until assert_status one stopped
  run berth kill one
  assert_error "container not running"
  run berth start one
  assert_error "cannot start a container that has stopped"
  run berth exec one true
  assert_failure 255
  assert_contains "cannot exec in a stopped container"
  local command
  for command in state start kill delete pause resume ps; do
    run berth $command nothing
    assert_error "container does not exist"
  done
}

@test "delete: a running container only with --force" {
  bundle one
  script 'sleep 1000'
  start_new one
  run berth delete one
  assert_error "not stopped"
  assert_status one running
  berth delete --force one
  assert_none
  run berth delete one
  assert_error "container does not exist"
  run berth delete --force one
  assert_success
}

@test "--regex acts on every container that matches" {
  local id
  for id in web1 web2 db; do
    bundle $id
    script 'sleep 1000'
    start_new $id
  done
  berth kill --regex '^web' KILL
  wait_until assert_status web1 stopped
  wait_until assert_status web2 stopped
  assert_status db running
  run berth delete --regex '^(web1|db)$'
  assert_error "1 of the containers" # db runs
  assert_equal "$(berth list -q)" $'db\nweb2'
  berth delete --force -r .
  assert_none
  run berth delete --regex '('
  assert_error '--regex "("'
}

@test "pause and resume" {
  bundle one
  script 'while :; do echo tick; sleep 0.02; done'
  start_new one
  berth pause one
  assert_status one paused
  local log=$BATS_TEST_TMPDIR/one.log size
  size=$(stat -c %s "$log")
  sleep 0.3
  assert_equal "$(stat -c %s "$log")" "$size"
  run berth pause one
  assert_error paused
  berth resume one
  assert_status one running
  grown() { (($(stat -c %s "$log") > size)); }
  wait_until grown
  run berth resume one
  assert_error running
}

# Tracing ---------------------------------------------------------------------------

@test "--trace: the phases of both processes, each with its end" {
  bundle one
  script 'ls /proc/self/fd'
  local trace=$BATS_TEST_TMPDIR/trace.json
  run berth --trace "$trace" run --bundle "$bundle" one
  assert_success
  # Nothing of it stays open in the workload; ls has the directory.
  assert_output $'0\n1\n2\n3'
  # The array of the format need not be closed.
  run jq -r '[.[] | select(.ph != "M")] | group_by(.pid)[] | [.[] | .ph] | "\(map(select(. == "B")) | length) \(map(select(. == "E")) | length)"' \
    <(sed '$s/,$/]/' "$trace")
  assert_success
  local begun ended long=0 short=0
  while read -r begun ended; do
    assert_equal "$begun" "$ended"
    if ((begun > 3)); then long=$((long + 1)); else short=$((short + begun)); fi
  done <<< "$output"
  # The task beside has one: it makes the network namespace.
  assert_equal "$long $short" '2 1'
  run jq -r '.[] | select(.ph == "M").args.name' <(sed '$s/,$/]/' "$trace")
  assert_line berth
  assert_line container
  assert_line 'network task'
  # Another command goes on in the same file.
  berth --trace "$trace" list > /dev/null
  run jq -r '.[-2].name' <(sed '$s/,$/]/' "$trace")
  assert_output list
  run berth --trace /nowhere/trace list
  assert_error "--trace /nowhere/trace: No such file or directory"
}
