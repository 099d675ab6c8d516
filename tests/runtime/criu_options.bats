#!/usr/bin/env bats
# checkpoint and restore: each option reaches criu. The field numbers are those of criu's images/rpc.proto.
# shellcheck disable=SC2154 # variables of common.bash
load helper

setup() {
  common_setup
  bundle saved
  mkdir "$BATS_TEST_TMPDIR/bin" "$BATS_TEST_TMPDIR/images"
  cp "$top/tests/runtime/fake_criu.py" "$BATS_TEST_TMPDIR/bin/criu"
  chmod 755 "$BATS_TEST_TMPDIR/bin/criu"
  PATH=$BATS_TEST_TMPDIR/bin:$PATH
  asked=$BATS_TEST_TMPDIR/bin/asked
  cd "$BATS_TEST_TMPDIR" || return
}

# COMMAND OPTIONS|LINE...: the request has each LINE; without the options it has none of them.
asks() {
  local command=$1 options wanted option line
  shift
  request() { # OPTION...
    rm -f "$asked"
    if [[ $command = checkpoint ]]; then
      run berth checkpoint --image-path "$BATS_TEST_TMPDIR/images" "$@" saved
    else
      run berth restore --detach --bundle "$bundle" --image-path "$BATS_TEST_TMPDIR/images" "$@" other
    fi
    assert_failure
    [[ -s $asked ]] || fail "$command $*: criu was not asked" "$output"
  }
  request
  cp "$asked" "$BATS_TEST_TMPDIR/plain"
  while IFS='|' read -r options wanted; do
    read -r -a option <<< "$options"
    request "${option[@]}"
    IFS='|' read -r -a line <<< "$wanted"
    for wanted in "${line[@]}"; do
      grep -qxF "$wanted" "$asked" || fail "$command $options: no $wanted in:" "$(< "$asked")"
      ! grep -qxF "$wanted" "$BATS_TEST_TMPDIR/plain" || fail "$command without $options has $wanted, too"
    done
  done
}

@test "checkpoint: each option reaches criu" {
  script 'exec sleep 1000 < /dev/null > /dev/null 2>&1'
  start_new saved
  mkdir "$BATS_TEST_TMPDIR/parent"
  asks checkpoint << 'END'
--leave-running|3 1
--work-path work|17 5
--pre-dump|request 4|15 1
--parent-path ../parent|14 ../parent
--tcp-established|5 1
--tcp-skip-in-flight|46 1
--link-remap|18 1
--ext-unix-sk|4 1
--shell-job|7 1
--file-locks|8 1
--auto-dedup|16 1
--manage-cgroups-mode full|34 4
--manage-cgroups-mode strict|34 5
--empty-ns network|38 1073741824
--network-lock iptables|64 1
--network-lock nftables|64 2
--network-lock skip|64 3
--page-server 192.0.2.1:77|11 b'\n\t192.0.2.1\x10M'
--lazy-pages --page-server 192.0.2.1:77|48 1|11 b'\n\t192.0.2.1\x10M'
END
  assert_status saved running
}

@test "restore: each option reaches criu" {
  echo '["/dev/null","/dev/null","/dev/null"]' > "$BATS_TEST_TMPDIR/images/descriptors.json"
  asks restore << 'END'
--work-path work|17 5
--tcp-established|5 1
--tcp-close|52 1
--ext-unix-sk|4 1
--shell-job|7 1
--file-locks|8 1
--auto-dedup|16 1
--lazy-pages|48 1
--manage-cgroups-mode full|34 4
--empty-ns network|38 1073741824
--network-lock nftables|64 2
--lsm-profile apparmor:other|53 apparmor:other
--lsm-mount-context u:r:t:s0|63 u:r:t:s0
END
  # For runc's sake alone.
  request --no-pivot --no-subreaper
  assert_equal "$(< "$asked")" "$(< "$BATS_TEST_TMPDIR/plain")"
  assert_status other none
}

@test "checkpoint --status-fd: a zero byte once memory can be fetched" {
  script 'exec sleep 1000 < /dev/null > /dev/null 2>&1'
  start_new saved
  run berth checkpoint --image-path images --lazy-pages --page-server 192.0.2.1:77 --status-fd 9 saved 9> status
  assert_failure
  assert_equal "$(od -An -tx1 status)" ' 00'
}
