# shellcheck shell=bash disable=SC2016,SC2154 # the container's variables; those of common.bash
# criu.bash: what the suites about checkpoints share, beside common.bash.
#
#   criu_setup                 after common_setup: finds criu, and sets $images
#   counter                    makes the container count in its memory, and tell by a link, /run/n
#   count                      what it has told, by that or in a file; counted N: has it come to N, for wait_until
#   checkpoint ID [OPTION...]  into $images, a directory of the test's
#   restore ID [OPTION...]     from there and $bundle, detached; the output as create's
#   mounts_of PID              places and attributes of its mounts, in order of the places
#   own_null_device            what the container may do to the host's null device, it does to one of the test's
#   facts_of PID               ids, capabilities, seccomp, limits of a process

criu_setup() {
  local peers=${BERTH_PEERS:-/var/cache/berth-peers}/sid
  images=$BATS_TEST_TMPDIR/images
  if [[ ! ${BERTH_VM_KERNEL-} ]]; then
    [[ -x $peers/criu ]] || skip "no criu: run tests/peers/install sid"
    PATH=$peers:$PATH
  fi
  ip link set lo up # criu tries a connection
  [[ -e /proc/net/udplite ]] || ! criu --version | grep -qE ' ([0-3]|4\.[01])\.' ||
    skip "this criu wants UDP-Lite, which this kernel has no more"
  criu check > "$BATS_TEST_TMPDIR/criu.log" 2>&1 || skip "criu does not work on this kernel: $(tail -n 1 "$BATS_TEST_TMPDIR/criu.log")"
}

own_null_device() {
  mknod -m 666 "$BATS_TEST_TMPDIR/null" c 1 3
  mount --bind "$BATS_TEST_TMPDIR/null" /dev/null
}

# As a link, for which nobody opens a file: criu could not restore who has one open that is another by then, or is gone.
counter() { script 'i=0; while :; do i=$((i + 1)); ln -sf $i /run/n.new; mv /run/n.new /run/n; sleep 0.02; done'; }
count() { readlink "$bundle/rootfs/run/n" || cat "$bundle/rootfs/run/n"; }
counted() { [[ -L $bundle/rootfs/run/n || -s $bundle/rootfs/run/n ]] && (($(count) >= $1)); } # N

checkpoint() { berth checkpoint --image-path "$images" "${@:2}" "$1"; } # ID [OPTION...]

restore() { # ID [OPTION...]
  local log=$BATS_TEST_TMPDIR/$1.log
  berth restore --detach --bundle "$bundle" --image-path "$images" "${@:2}" "$1" < /dev/null >> "$log" 2>&1 ||
    fail "berth restore $1: status $?" "$(< "$log")" "$(grep Error "$images/restore.log")"
}

mounts_of() { # PID
  sed -E 's/^[0-9]+ [0-9]+ [0-9:]+ //; s/ (master|shared):[0-9]+//g' "/proc/$1/mountinfo" | sort -k2
}

facts_of() { # PID
  { grep -E '^(Uid|Gid|Groups|Cap|NoNew|Seccomp):?' "/proc/$1/status"; cat "/proc/$1/oom_score_adj" "/proc/$1/limits"; } | tr -s ' \t' ' '
}

assert_contains_all() { # TEXT PART...
  local part
  for part in "${@:2}"; do [[ $1 = *"$part"* ]] || fail "expected: $part" "in: $1" || return; done
}

assert_contains_any() { # TEXT PART...
  local part
  for part in "${@:2}"; do [[ $1 != *"$part"* ]] || return 0; done
  fail "expected one of: ${*:2}" "in: $1"
}
