#!/usr/bin/env bats
# list, state, ps, features: what is printed, and that its shape is runc's.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # the container's variables; bats' subshells; variables of common.bash
load ../lib/common

peer() { "$top/tests/peers/peer" sid runc --root "$BATS_TEST_TMPDIR/runc" "$@"; }
# shellcheck disable=SC2086 # words
berth_by() { $BY "$BERTH" --root "$BATS_TEST_TMPDIR/state" "$@" 3>&-; }
need_runc() {
  "$top/tests/peers/peer" --path sid runc > /dev/null 2>&1 || skip "tests/peers/install has not been run"
}

@test "list: nothing there" {
  run berth list
  assert_success
  assert_equal "$output" "ID          PID         STATUS      BUNDLE      CREATED     OWNER"
  run berth list -q
  assert_output ""
  run berth list --format json
  assert_output "[]"
  # And no directory is made by looking.
  assert_missing "$BATS_TEST_TMPDIR/state"
}

@test "list: table, ids and json" {
  bundle one
  config '.annotations = {"a.b": "c"}'
  create one
  bundle two
  script 'sleep 1000'
  start_new two
  run berth list
  assert_equal "${#lines[@]}" 3
  assert_matches $'\n'"one +$(pid_of one) +created +$BATS_TEST_TMPDIR/one +20..-..-..T..:..:..\.[0-9]+Z +root"$'\n'
  assert_matches $'\n'"two +$(pid_of two) +running +$BATS_TEST_TMPDIR/two "
  run berth list --quiet
  assert_output $'one\ntwo'
  run berth list --format json
  assert_equal "$(jq -c '.[0] | [.id, .status, .bundle, .owner, .annotations["a.b"]]' <<< "$output")" \
    "[\"one\",\"created\",\"$BATS_TEST_TMPDIR/one\",\"root\",\"c\"]"
  assert_equal "$(jq '.[1].pid' <<< "$output")" "$(pid_of two)"
  assert_equal "${#lines[@]}" 1
}

@test "list: the path of a bundle cannot steer a terminal, nor widen the table unseen" {
  local esc=$'\e[2J'
  bundle one
  mv "$bundle" "$BATS_TEST_TMPDIR/an${esc}other"
  bundle=$BATS_TEST_TMPDIR/an${esc}other
  berth create --bundle "$bundle" one < /dev/null > /dev/null 2>&1
  run berth list
  assert_success
  refute_contains $'\e'
  assert_contains "$BATS_TEST_TMPDIR/an?[2Jother   20"
  run berth list --format json
  refute_contains $'\e'
  assert_equal "$(jq -r '.[0].bundle' <<< "$output")" "$bundle"
  berth delete --force one
}

@test "list: a container that is half made hides no other" {
  bundle one
  create one
  mkdir "$BATS_TEST_TMPDIR/state/half"
  run berth list -q
  assert_success
  assert_output one
  echo nonsense > "$BATS_TEST_TMPDIR/state/half/state.json"
  run --separate-stderr berth list -q
  assert_success
  assert_equal "$output" one
  [[ $stderr = *half* ]] || fail "no warning: $stderr"
  rm -r "$BATS_TEST_TMPDIR/state/half"
}

@test "list and state agree on every status" {
  bundle one
  script 'sleep 1000'
  config '.linux.cgroupsPath = "/above/created"'
  create created
  for id in running paused stopped; do
    config ".linux.cgroupsPath = \"/above/$id\""
    start_new "$id"
  done
  berth pause paused
  berth kill stopped KILL
  wait_until eval "[[ \$(status_of stopped) = stopped ]]"
  list_and_state() {
    for id in created running paused stopped; do
      assert_equal "$(jq -r --arg id "$id" '.[] | select(.id == $id).status' <<< "$(berth list --format json)")" "$(berth state "$id" | jq -r .status)"
    done
  }
  list_and_state
  assert_equal "$(berth list | awk 'NR > 1 { print $3 }' | xargs)" 'created paused running stopped'
  # By a group above them.
  echo 1 > /sys/fs/cgroup/above/cgroup.freeze
  wait_until grep -qx 'frozen 1' /sys/fs/cgroup/above/cgroup.events
  list_and_state
  assert_equal "$(berth list | awk 'NR > 1 { print $3 }' | xargs)" 'paused paused paused stopped'
  echo 0 > /sys/fs/cgroup/above/cgroup.freeze
}

@test "list: many, looked at by several processes or by one" {
  bundle one
  create one
  state=$(< "$BATS_TEST_TMPDIR/state/one/state.json")
  mkdir -m 700 "$BATS_TEST_TMPDIR"/state/c{100..399}
  for ((i = 100; i < 400; i++)); do
    echo "${state/\"id\":\"one\"/\"id\":\"c$i\"}" > "$BATS_TEST_TMPDIR/state/c$i/state.json"
  done
  expected=$(seq -f c%.0f 100 399)$'\none'
  # A caller that ignores SIGCHLD; no process to be had.
  for by in "" "taskset -c 0" "env --ignore-signal=CHLD" "strace -qq -o /dev/null -e inject=fork,vfork,clone,clone3:error=EAGAIN"; do
    assert_equal "$(BY=$by berth_by list -q)" "$expected"
    assert_equal "$(BY=$by berth_by list | awk 'NR > 1 { print $1 }')" "$expected"
    assert_equal "$(BY=$by berth_by list --format json | jq -r '.[].id')" "$expected"
  done
  # One that cannot be read is told once, wherever it is.
  for id in c101 c398; do
    echo nonsense > "$BATS_TEST_TMPDIR/state/$id/state.json"
    run --separate-stderr berth list -q
    assert_success
    assert_equal "$output" "$(grep -v "$id" <<< "$expected")"
    assert_equal "$(grep -c "$id" <<< "$stderr")" 1
    expected=$(grep -v "$id" <<< "$expected")
    rm -r "$BATS_TEST_TMPDIR/state/$id"
  done
  # One of the processes fails: no half of a list.
  if (($(nproc) > 1)); then
    run -137 --separate-stderr strace -f -qq -o /dev/null -e inject=exit_group:signal=SIGKILL "$BERTH" --root "$BATS_TEST_TMPDIR/state" list
    assert_equal "$output" ""
    [[ $stderr = *"a part of the work failed"* ]] || fail "$stderr"
  fi
}

@test "list and state have the shape of runc's" {
  need_runc
  bundle one
  config '.annotations = {"a.b": "c"}'
  create one
  config '.ociVersion = "1.2.0" | .linux.cgroupsPath = "/other"'
  peer create --bundle "$bundle" one < /dev/null > /dev/null 3>&-
  # runc leaves out zeros at the end of the time, on which the width of its column depends.
  assert_equal "$(berth list | sed -n '1s/CREATED */CREATED /p')" "$(peer list | sed -n '1s/CREATED */CREATED /p')"
  assert_equal "$(berth list --format json | jq -c '[.[0] | to_entries[] | [.key, (.value | type)]] | sort')" \
    "$(peer list --format json | jq -c '[.[0] | to_entries[] | [.key, (.value | type)]] | sort')"
  assert_equal "$(berth state one | jq -c '[to_entries[] | [.key, (.value | type)]] | sort')" \
    "$(peer state one | jq -c '[to_entries[] | [.key, (.value | type)]] | sort')"
  peer delete --force one
}

@test "state: what the specification wants" {
  bundle one
  create one
  run berth state one
  assert_equal "$(jq -r '[.ociVersion, .id, .status, .bundle] | join(" ")' <<< "$output")" "1.3.0 one created $bundle"
  [[ -d /proc/$(pid_of one) ]]
  berth start one
  wait_until assert_status one stopped
  assert_equal "$(pid_of one)" 0
}

@test "ps: json has the pids, as the host sees them" {
  bundle one
  script 'sleep 1000 & sleep 1000 & wait'
  start_new one
  wait_until sh -c '[ $(wc -l < "$1") = 3 ]' - "$(cgroup_of one)/cgroup.procs"
  run berth ps --format json one
  assert_success
  assert_equal "$(jq -c sort <<< "$output")" "$(jq -sc sort "$(cgroup_of one)/cgroup.procs")"
}

@test "ps: processes in nested groups, and in groups of threads, each once" {
  bundle one
  # Whoever is process 1 may move itself: three groups deep, and beside them one whose children hold threads alone.
  script 'exec sleep 4321'
  start_new one
  local group pid i
  group=$(cgroup_of one)
  mkdir -p "$group/a/b/c" "$group/threads/t1/t2"
  berth exec --detach one sleep 4322
  for i in a a/b a/b/c a/b/c threads; do berth exec --cgroup $i --detach one sleep 4322; done
  echo threaded > "$group/threads/t1/cgroup.type"
  echo threaded > "$group/threads/t1/t2/cgroup.type"
  pid=$(< "$group/threads/cgroup.procs")
  echo "$pid" > "$group/threads/t1/t2/cgroup.threads"
  # The kernel gives the processes of such a group by its domain alone.
  run cat "$group/threads/t1/t2/cgroup.procs"
  assert_error "not supported"
  run berth ps --format json one
  assert_success
  assert_equal "$output" "$(cat "$group"/{,a/,a/b/,a/b/c/,threads/}cgroup.procs | jq -sc sort)"
  assert_equal "$(jq length <<< "$output")" 7
  run berth ps one
  assert_success
  assert_equal "${#lines[@]} $(grep -c 'sleep 4322$' <<< "$output")" "8 6"
  assert_equal "$(awk 'NR > 1 { print $2 }' <<< "$output")" "$(berth ps -f json one | jq '.[]')"
}

@test "ps: the table has the columns and rows of ps -ef" {
  bundle one
  config '.process.user = {uid: 1, gid: 1}'
  script 'exec sleep 4321'
  start_new one
  wait_until sh -c 'grep -q ^sleep "$1"' - "/proc/$(pid_of one)/cmdline"
  run berth ps one
  assert_equal "${#lines[@]}" 2
  assert_equal "$(tr -s ' ' <<< "${lines[0]}")" "UID PID PPID C STIME TTY TIME CMD"
  assert_matches $'\n'"[a-z]+ +$(pid_of one) +[0-9]+ +[0-9]+ +[0-9:A-Za-z]+ \? +00:00:[0-9]{2} sleep 4321$"
}

@test "ps: with options, the host's ps is asked" {
  command -v ps > /dev/null || skip "no ps here"
  bundle one
  script 'exec sleep 4321'
  start_new one
  wait_until sh -c 'grep -q ^sleep "$1"' - "/proc/$(pid_of one)/cmdline"
  run berth ps one -e -o uid,pid,args
  assert_equal "$(tr -s ' ' <<< "$output")" $' UID PID COMMAND\n'" 0 $(pid_of one) sleep 4321"
  run berth ps one -e -o args
  assert_error 'no column "PID"'
  run berth ps one --no-such-option
  assert_error ps
}

@test "ps: a container's process cannot write to the terminal by its name" {
  bundle one
  script $'exec sh -c "sleep 1000; :" \'x\e[31m\nroot 1 evil\''
  start_new one
  wait_until sh -c 'grep -q evil "$1"' - "/proc/$(pid_of one)/cmdline"
  run berth ps one
  assert_contains 'x?[31m?root 1 evil'
  refute_contains $'\e'
}

@test "features: a document of the specification" {
  run "$BERTH" features
  assert_success
  assert_equal "$(jq -r '.ociVersionMin + " " + .ociVersionMax' <<< "$output")" "1.0.0 1.3.0"
  jq -e '.hooks | index("createRuntime")' <<< "$output" > /dev/null
  jq -e '.linux.cgroup.v2' <<< "$output" > /dev/null
}
