# The same bundle under berth and under Debian's crun and runc: what the kernel tells from inside is the same, or tests/compare/known
# says why not.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # scripts of the container; bats' subshells; variables of common.bash
bats_require_minimum_version 1.5.0
load ../lib/common

facts() { # NAME CMD...: leaves $BATS_TEST_TMPDIR/NAME.facts
  local name=$1
  shift
  cp "$top/tests/compare/facts.sh" "$bundle/rootfs/facts.sh"
  "$@" run --bundle "$bundle" "compare-$name" < /dev/null > "$BATS_TEST_TMPDIR/$name.facts" 2> "$BATS_TEST_TMPDIR/$name.err" 3>&- ||
    fail "$name: $(< "$BATS_TEST_TMPDIR/$name.err") $(< "$BATS_TEST_TMPDIR/$name.facts")"
  [[ -s $BATS_TEST_TMPDIR/$name.facts ]] || fail "$name: no facts"
}

unexplained() { # PEER: differences that no line of the table explains
  local peer=$1 line known
  diff "$BATS_TEST_TMPDIR/berth.facts" "$BATS_TEST_TMPDIR/$peer.facts" | grep '^[<>]' | while read -r line; do
    known=''
    while IFS=$'\t' read -r who regex reason; do
      [[ $who = "$peer" || $who = both ]] && [[ ${line#[<>] } =~ $regex ]] && { known=$reason; break; }
    done < <(grep -v '^#' "$top/tests/compare/known")
    if [[ $known ]]; then echo "# $peer: $line ($known)" >&3; else echo "$line"; fi
  done
}

compare() {
  facts berth "$BERTH" --root "$BATS_TEST_TMPDIR/state"
  local peer left=''
  for peer in crun runc; do
    facts $peer "$top/tests/peers/peer" sid $peer --root "$BATS_TEST_TMPDIR/state-$peer"
    left+=$(unexplained $peer | sed "s/^/$peer: /")${left:+$'\n'}
  done
  [[ ! $left ]] || fail "differences (< berth, > the peer):" "$left"
}

@test "a plain bundle" {
  bundle plain
  config '.process.args = ["sh", "/facts.sh"]'
  compare
}

@test "a user, groups, limits, no_new_privs off, a read-only root" {
  bundle user
  config '.process.args = ["sh", "/facts.sh"] | .process.user = {uid: 1000, gid: 1000, additionalGids: [5, 2000], umask: 63}
    | .process.noNewPrivileges = false | .root.readonly = true | .process.rlimits = [{type: "RLIMIT_NOFILE", soft: 100, hard: 200}]
    | .process.oomScoreAdj = 100 | .process.cwd = "/tmp" | .process.env += ["A=1", "B=two words"]'
  compare
}

@test "a user namespace" {
  bundle userns
  chown -R 100000:100000 "$bundle/rootfs"
  chmod o+x "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR"/* "$BATS_TEST_TMPDIR" # crun's init must find the root by its path
  config '.process.args = ["sh", "/facts.sh"] | .linux.namespaces += [{type: "user"}]
    | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] | .linux.gidMappings = .linux.uidMappings'
  compare
}

@test "what crun spec and runc spec write" {
  local peer
  for peer in crun runc; do
    bundle "spec-$peer"
    rm "$bundle/config.json"
    (cd "$bundle" && "$top/tests/peers/peer" sid $peer spec)
    config '.process.terminal = false | .process.args = ["sh", "/facts.sh"] | .linux.cgroupsPath = "/berth-test-spec" | .root.readonly = false'
    compare
  done
}

fixture() { # NAME: with a root file system of its own, the sources of its bind mounts, without the limits
# that need controllers (tests/vm) or privileges that not every test machine has
  bundle "$1"
  local source
  jq --arg root "$bundle/rootfs" --arg sources "$bundle/sources" '.root.path = $root | .process.args = ["/bin/sh", "/facts.sh"]
    | .linux.cgroupsPath = "/berth-test-fixture" | del(.process.apparmorProfile)
    | .mounts |= map(if .type == "bind" then .source = $sources + "/" + (.destination | gsub("/"; "_")) else . end)
    | .process.rlimits = [{type: "RLIMIT_NOFILE", soft: 1024, hard: 1024}]
    | .linux.resources |= {devices: (.devices // [])}' "$top/tests/fixtures/$1.json" > "$bundle/config.json"
  mkdir -p "$bundle/sources"
  for source in $(jq -r '.mounts[] | select(.type == "bind") | .source' "$bundle/config.json"); do
    if [[ $source = *shm ]]; then mkdir "$source"; else echo "$source" > "$source"; fi
  done
}

@test "the configuration that Podman wrote" { fixture podman-root; compare; }
@test "the configuration that rootless Podman wrote" { fixture podman-rootless; compare; }
@test "the configuration that containerd wrote" { fixture containerd-ctr; compare; }
@test "Docker's filter and capabilities" { fixture docker-like; config '.root.readonly = false'; compare; }
