#!/usr/bin/env bats
# The table of what the specification asks for, and what looks after it.
# shellcheck disable=SC2016,SC2154 # the specification's quotes; variables of common.bash
load ../lib/common

copy() { # a tree that the check takes for ours
  tree=$BATS_TEST_TMPDIR/tree
  mkdir -p "$tree/tests" "$tree/docs"
  ln -s "$top"/tests/* "$tree/tests"
  rm "$tree/tests/conformance"
  cp -r "$top/tests/conformance" "$tree/tests"
  cp "$top/docs/conformance.md" "$tree/docs"
  spec=$BATS_TEST_TMPDIR/spec
  mkdir "$spec"
  touch "$spec"/{bundle,glossary,config,config-linux,runtime,runtime-linux,features,features-linux}.md
}

check() { OCI_RUNTIME_SPEC=${2-$BATS_TEST_TMPDIR/none} run "$tree/tests/conformance/check" ${1:+"$1"}; } # [OPTION [SPEC]]

edit() { sed -i -E "$1" "$tree/tests/conformance/requirements" && check --page; } # SED

@test "every row has its tests, and the page is what the rows make" {
  copy
  check
  assert_success
}

@test "a row without a test, a test that is not there, another page are told" {
  copy
  edit 's/(\| the root can only be read|readonly: the root can only be read) \| .*/\1 | -/'
  check
  assert_failure 1
  assert_contains 'no test shows: readonly: the root can only be read'
  edit 's/ \| runtime\/rootfs: id-mapped mounts$/ | runtime\/rootfs: id-mapped amounts/'
  check
  assert_contains "tests/runtime/rootfs has no test 'id-mapped amounts'"
  edit 's/unit\/limits: test_oom_score/unit\/limits: test_oom_scores/; s/unit\/netdev/unit\/netdevs/'
  check
  assert_contains "tests/unit/limits has no test 'test_oom_scores'"
  assert_contains 'there is no tests/unit/netdevs'
  sed -i 's/| time:/| Time:/; $d' "$tree/docs/conformance.md"
  check
  assert_contains 'docs/conformance.md: is not what requirements makes'
}

@test "a sentence without a row, and a row without its sentence, are told" {
  copy
  printf '# <a name="x" />Root\n\nA berth SHALL float. It may sink. `x` MUST\nNOT be y.\n\n```\nMUST\n```\n' > "$spec/config.md"
  check '' "$spec"
  assert_failure 1
  assert_matches 'config.md:3: [0-9a-f]{8} has no row: A berth SHALL float.'
  assert_matches 'config.md:3: [0-9a-f]{8} has no row: `x` MUST NOT be y.'
  assert_equal "$(grep -c 'has no row' <<< "$output")" 2
  assert_contains 'no sentence is 827a37d2'
}
