#!/usr/bin/env bats
# CVE-2024-21626 and its kin: descriptors of the runtime's in the workload or in hooks, and a working directory outside of the root.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # the container's variables; bats' subshells; variables of common.bash
load helper

# What a caller has open without O_CLOEXEC: a directory of the host among it.
with_leaks() { # CMD...
  "$@" 20< "$outside" 21< "$outside/secret" 22<> "$BATS_TEST_TMPDIR/plain"
}

@test "neither init nor exec has a descriptor beyond 2" {
  bundle one
  secret
  install_attack
  config '.process.terminal = false | .mounts += [{ destination: "/data", type: "bind", source: $outside, options: ["bind"] }]' --arg outside "$outside"
  script 'attack fds; sleep 1000'
  with_leaks start_new one
  wait_until grep -q looked "$BATS_TEST_TMPDIR/one.log"
  assert_equal "$(log_of one)" looked
  run with_leaks berth exec one attack fds
  assert_output looked
  run with_leaks berth exec --user 1000:1000 one attack fds
  assert_output looked
  untouched
}

@test "nor has any hook" {
  bundle one
  secret
  install_attack
  local at
  for at in prestart createRuntime createContainer poststart poststop; do
    config '.hooks[$at] = [{ path: $program, args: ["attack", "fds"] }]' --arg at $at --arg program "$(attack_program)"
  done
  config '.hooks.startContainer = [{ path: "/bin/attack", args: ["attack", "fds"] }]'
  args true
  run with_leaks berth "${telling[@]}" "$BATS_TEST_TMPDIR/log" run --bundle "$bundle" one
  assert_success
  output=$(hooks_wrote "$BATS_TEST_TMPDIR/log")
  assert_equal "$(grep -c '^looked' <<< "$output")" 6
  refute_contains 'got '
}

@test "a working directory behind a descriptor is no way out" {
  bundle one
  secret
  install_attack
  args attack fds
  local fd
  for fd in {0..40}; do
    config '.process.cwd = $cwd' --arg cwd "/proc/self/fd/$fd"
    run with_leaks berth run --bundle "$bundle" one
    assert_error '/process/cwd' || fail "of descriptor $fd"
    config '.process.cwd = $cwd' --arg cwd "/proc/self/fd/$fd/new"
    run with_leaks berth run --bundle "$bundle" one
    assert_error '/process/cwd' || fail "below descriptor $fd"
  done
  untouched
  config '.process.cwd = "/"'
  script 'sleep 1000'
  start_new one
  for fd in {0..40}; do
    run with_leaks berth exec --cwd "/proc/self/fd/$fd" one cat secret
    assert_failure 255
    assert_contains '/process/cwd'
  done
  # An image's link there is no better.
  ln -s /proc/self/fd/20 "$bundle/rootfs/link"
  run with_leaks berth exec --cwd /link one cat secret
  assert_failure 255
  assert_contains '/process/cwd'
}

# Here the descriptor is meant to be there, and only the place where the process stands tells that it leads out.
@test "a working directory by a descriptor that the caller gave to the container is refused as well" {
  bundle one
  secret
  config '.process.cwd = "/proc/self/fd/3"'
  script 'cat secret ../outside/secret'
  run "$BERTH" --root "$BATS_TEST_TMPDIR/state" run --preserve-fds 1 --bundle "$bundle" one 3< "$outside"
  assert_error '/process/cwd' 'outside of the container'
  refute_contains secret
}

@test "a program by a descriptor: none of the runtime's can be executed, nor what is below it" {
  bundle one
  secret
  cp "$bundle/rootfs/bin/busybox" "$outside/echo"
  local fd
  for fd in {3..40}; do
    args "/proc/self/fd/$fd/echo" ran
    run with_leaks berth run --bundle "$bundle" one
    assert_failure
    refute_contains ran
  done
}

@test "preserved descriptors are exactly those, and nothing of the runtime's takes a number that the caller left free" {
  bundle one
  install_attack
  args attack fds
  run python3 -c '
import os, sys
os.dup2(os.open("/dev/null", os.O_RDONLY), 5)
os.set_inheritable(5, True)
os.closerange(3, 5)
os.closerange(6, 256)
os.execv(sys.argv[1], sys.argv[1:])' "$BERTH" --root "$BATS_TEST_TMPDIR/state" run --preserve-fds 20 --bundle "$bundle" one
  assert_success
  assert_output $'got /dev/null\nlooked'
}
