#!/usr/bin/env bats
# The command line beside those of Debian's runc and crun: `options` says what of theirs berth has, and shows it, or why not.
# shellcheck disable=SC2016,SC2154 # a script of its own; variables of common.bash
load helper

options() { run "$top/tests/compare/options.py" "$@"; }

# As programs with their arguments.
peers() { printf '%s %s %s\n' "$top/tests/peers/peer" "${BERTH_PEER_SUITE-sid}" "$1"; }

@test "what runc and crun have, berth has, or says why not" {
  options "$BERTH" "$(peers runc)" "$(peers crun)"
  assert_success
}

@test "an option that berth does not have is told, as is one that nobody has heard of" {
  printf '#!/bin/sh\nexec %s "$@"\n' "$(peers runc)" > "$BATS_TEST_TMPDIR/runc"
  printf '#!/bin/sh\n%s "$@"; [ "$1" != state ] || echo "   --berth-test value  is new"\n' "$(peers crun)" > "$BATS_TEST_TMPDIR/crun"
  chmod +x "$BATS_TEST_TMPDIR"/{runc,crun}
  options "$BATS_TEST_TMPDIR/runc" "$BATS_TEST_TMPDIR/runc" "$BATS_TEST_TMPDIR/crun"
  assert_failure 1
  assert_contains 'crun has state --berth-test, which tests/compare/options does not say'
  assert_contains 'berth has no mounts'
  assert_contains 'berth has no update --kernel-memory'
}

@test "each has a test, and the page is what the table makes" {
  options --check
  assert_success
}

@test "create takes what crun ignores" {
  bundle one
  create one --no-subreaper
  assert_status one created
}
