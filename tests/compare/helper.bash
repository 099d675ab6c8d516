# shellcheck shell=bash disable=SC2154 # those of common.bash and bats
# helper.bash: the same bundle under berth and its peers.
#
#   compare [PEER...]   what the kernel says inside of the current bundle; a difference that is not in the table "known" fails
#   peer NAME ARG...    Debian's crun or runc
load "${BASH_SOURCE[0]%/*}/../runtime/helper"

facts() { # NAME CMD...: leaves $BATS_TEST_TMPDIR/NAME.facts
  local name=$1
  shift
  # An id of its own: a session keyring of the same name may still be somebody's, or about to be collected.
  "$@" run --bundle "$bundle" "compare-$name-$RANDOM$RANDOM" < /dev/null > "$BATS_TEST_TMPDIR/$name.facts" 2> "$BATS_TEST_TMPDIR/$name.err" 3>&- ||
    fail "$name: $(< "$BATS_TEST_TMPDIR/$name.err") $(< "$BATS_TEST_TMPDIR/$name.facts")"
}

peer() { "$top/tests/peers/peer" "${BERTH_PEER_SUITE-sid}" "$@"; }

compare() { # [PEER...]: with each of them
  (($#)) || set -- crun runc
  local peer root failed=''
  root=$(jq -r '.root.path' "$bundle/config.json")
  [[ $root = /* ]] || root=$bundle/$root
  cp "$top/tests/compare/facts.sh" "$root/facts.sh"
  cp "$(probe_program)" "$root/bin/probe"
  readlink /proc/self/ns/* > "$root/host-ns"
  args /bin/sh /facts.sh
  facts berth "$BERTH" --root "$BATS_TEST_TMPDIR/state"
  for peer; do
    facts "$peer" peer "$peer" --root "$BATS_TEST_TMPDIR/state-$peer"
    python3 "$top/tests/compare/differences.py" "$peer" "$BATS_TEST_TMPDIR"/{berth,"$peer"}.facts "$top/tests/compare/known" "$BATS_FILE_TMPDIR/explained" >&2 || failed=1
  done
  [[ ! $failed ]] || fail "the differences without a # are not in tests/compare/known"
}
