#!/usr/bin/env bats
# exec as an engine or a user calls it.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # the container's variables; bats' subshells; variables of common.bash
load ../lib/common

setup() {
  common_setup
  bundle one
  script 'sleep 1000'
  start_new one
}

@test "exec: the exit status is the command's, 128 + n, or 255" {
  run berth exec one true
  assert_success
  run berth exec one sh -c 'exit 7'
  assert_failure 7
  run berth exec one sh -c 'kill -TERM $$'
  assert_failure 143
  run berth exec one nowhere
  assert_failure 255
  assert_contains 'executable file not found in $PATH'
  run berth exec one /tmp
  assert_failure 255
}

@test "exec: nothing to execute" {
  run berth exec one
  assert_failure 255
  assert_contains "give a command or --process"
}

@test "exec: arguments are passed as they are" {
  run berth exec one printf '%s.' --help -x '' 'a  b' -- --root
  assert_output '--help.-x..a  b.--.--root.'
  run berth exec -- one printf '%s.' --help
  assert_output '--help.'
}

@test "exec: standard input, output and error" {
  run --separate-stderr bash -c 'echo in | "$@"' - "$BERTH" --root "$BATS_TEST_TMPDIR/state" exec one sh -c 'cat; echo problem >&2' 3>&-
  assert_success
  assert_equal "$output" in
  assert_equal "$stderr" problem
}

@test "exec: environment, later ones win" {
  run berth exec -e A=1 --env B=2 -eC=3 --env=A=4 -e D= one env
  assert_line A=4
  assert_line B=2
  assert_line C=3
  assert_line D=
  refute_line A=1
  assert_contains PATH=
}

@test "exec: environment, also where the configuration has a variable twice" {
  bundle two
  config '.process.env += ["A=1", "A=2"]'
  script 'sleep 1000'
  start_new two
  run berth exec two sh -c 'echo $A; env | grep -c ^A='
  assert_output $'2\n1'
  run berth exec -e A=3 two sh -c 'echo $A; env | grep -c ^A='
  assert_output $'3\n1'
}

@test "exec: user, group and groups" {
  run berth exec --user 1000:1001 one id
  assert_contains "uid=1000"
  assert_contains "gid=1001"
  run berth exec -u 1000 -g 5 --additional-gids 6 one sh -c 'id -u; id -g; id -G'
  assert_output $'1000\n0\n0 5 6'
}

@test "exec: a user alone keeps the container's group" {
  bundle two
  config '.process.user.gid = 77'
  script 'sleep 1000'
  start_new two
  run berth exec -u 1000 two sh -c 'id -u; id -g'
  assert_output $'1000\n77'
}

@test "exec: users are numbers, and nothing else" {
  local user
  for user in root 1000: :1000 -1 1000:-1 +1 ' 1' 1x 0x10 1:2:3 4294967295 4294967296 99999999999999999999 1000:user 1.5; do
    run berth exec --user="$user" one id
    assert_failure 255
    assert_contains "is not a numeric id"
  done
  run berth exec --user=4294967294:4294967294 one id
  assert_success
  local gid
  for gid in x -1 4294967295 1,2; do
    run berth exec --additional-gids="$gid" one id
    assert_failure 255
    assert_contains "is not a numeric id"
  done
}

@test "exec: working directory" {
  run berth exec --cwd /tmp one pwd
  assert_output /tmp
  run berth exec --cwd /nowhere one pwd
  assert_failure 255
  assert_contains /nowhere
}

@test "exec: capabilities are added, and known" {
  run berth exec one grep CapEff /proc/self/status
  local before=$output
  run berth exec --cap CAP_SYS_ADMIN -c net_admin one grep -E 'Cap(Eff|Bnd|Prm)' /proc/self/status
  assert_success
  assert_equal "$(cut -f2 <<< "$output" | sort -u | wc -l)" 1
  local added=$((0x${output##*[[:space:]]} & ~0x${before##*[[:space:]]}))
  assert_equal $added $((1 << 21 | 1 << 12))
  bundle two
  config '.process.capabilities.inheritable = ["CAP_SYSLOG"] | .process.user = { uid: 1000, gid: 1000 }'
  script 'sleep 1000'
  start_new two
  run berth exec --cap CAP_SYSLOG --cap CAP_SYS_ADMIN two grep -E 'Cap(Amb|Eff)' /proc/self/status
  assert_output $'CapEff:\t0000000400000000\nCapAmb:\t0000000400000000' # what may be inherited, execve keeps
  run berth exec --cap CAP_FOO one true
  assert_failure 255
  assert_contains 'unknown capability "CAP_FOO"'
}

@test "exec: no_new_privs" {
  run berth exec --no-new-privs=false one grep NoNewPrivs /proc/self/status
  assert_output $'NoNewPrivs:\t0'
  run berth exec --no-new-privs one grep NoNewPrivs /proc/self/status
  assert_output $'NoNewPrivs:\t1'
}

@test "exec --process: from a file, from a pipe" {
  local process='{"cwd": "/tmp", "args": ["sh", "-c", "pwd; echo $A; id -u"], "env": ["PATH=/bin", "A=b"], "user": {"uid": 5, "gid": 6}}'
  echo "$process" > "$BATS_TEST_TMPDIR/process.json"
  run berth exec --process "$BATS_TEST_TMPDIR/process.json" one
  assert_output $'/tmp\nb\n5'
  run berth exec -p <(echo "$process") one
  assert_output $'/tmp\nb\n5'
}

@test "exec --process: errors" {
  run berth exec --process /nowhere one
  assert_failure 255
  assert_contains /nowhere
  echo '{"cwd": "/"' > "$BATS_TEST_TMPDIR/process.json"
  run berth exec --process "$BATS_TEST_TMPDIR/process.json" one
  assert_failure 255
  run berth exec --process "$BATS_TEST_TMPDIR/process.json" one true
  assert_failure 255
  assert_contains "not both"
  head -c 5000000 /dev/zero > "$BATS_TEST_TMPDIR/process.json"
  run berth exec --process "$BATS_TEST_TMPDIR/process.json" one
  assert_failure 255
  assert_contains "larger than"
}

@test "exec --detach returns; --pid-file tells the process" {
  berth exec --detach --pid-file "$BATS_TEST_TMPDIR/pid" one sleep 500 > /dev/null
  local pid
  pid=$(< "$BATS_TEST_TMPDIR/pid")
  assert_equal "$(tr '\0' ' ' < "/proc/$pid/cmdline")" "sleep 500 "
}

@test "exec: --preserve-fds" {
  run "$BERTH" --root "$BATS_TEST_TMPDIR/state" exec --preserve-fds 1 one cat /proc/self/fd/3 3< <(echo three)
  assert_output three
}

@test "exec passes signals on" {
  "$BERTH" --root "$BATS_TEST_TMPDIR/state" exec one sh -c 'trap "exit 9" TERM; echo ready; while :; do sleep 0.02; done' \
    > "$BATS_TEST_TMPDIR/out" 3>&- &
  wait_until grep -q ready "$BATS_TEST_TMPDIR/out"
  kill $!
  local status=0
  wait $! || status=$?
  assert_equal $status 9
}

@test "exec in a paused container only with --ignore-paused" {
  berth pause one
  run berth exec one true
  assert_failure 255
  assert_contains "paused"
  berth exec --ignore-paused --detach one true > /dev/null
  berth resume one
}

@test "exec --cgroup: a group below the container's; none of cgroup v1" {
  mkdir "$(cgroup_of one)/sub"
  run berth exec --cgroup sub one cat /proc/self/cgroup
  assert_success
  assert_matches '0::/[^[:space:]]*sub$'
  run berth exec --cgroup cpu:sub one true
  assert_failure 255
  assert_contains "cgroup v1"
  run berth exec --cgroup ../.. one true
  assert_failure 255
}

@test "exec in a created container" {
  bundle two
  create two
  run berth exec two sh -c 'echo hello'
  assert_output hello
}
