# shellcheck shell=bash disable=SC2016,SC2154 # jq's variables; those of common.bash and bats
# helper.bash: what the suites in this directory share, beside ../lib/common.
#
#   run_inside TEXT            runs TEXT in a shell in a container of the current
#                              bundle, from create to delete; $status and $output
#   run_args ARG...            the same with these args; args ARG... only sets them
#   run_config                 the same with the configuration as it is
#   berth_background ARG...    berth as a process of its own, $!
#   held CALL[=ERROR] ARG...   the same; its processes wait where they make that system call, or are to fail of it, until let_go. There is one:
#                              wait_until held_up. Input is none
#   install_probe              puts probe.c's program at /bin/probe of the bundle
#   refused TEXT...            berth run must fail, with each TEXT in its message
#   foreign_program aarch64|riscv64   a program of that architecture (foreign/); prints its path
#   emulator aarch64|riscv64   sees to it that there is /usr/bin/qemu-...-static
#   value KEY                  the rest of the line of $output that begins with KEY
#   add_mount DEST TYPE SOURCE OPTION...   appends to the configuration's mounts
#   is ID STATUS               for wait_until
#   delete_all ID...           berth delete --force
#   "${telling[@]}"            options of berth with which hooks_wrote prints what hooks wrote, those of one a line
load "${BASH_SOURCE[0]%/*}/../lib/common"

run_config() { run berth run --bundle "$bundle" "${bundle##*/}" < /dev/null; }
run_inside() { script "$1"; run_config; }

args() { config '.process.args = ($args | split("\u0000")[:-1])' --rawfile args <(printf '%s\0' "$@"); } # ARG...
run_args() { args "$@"; run_config; }

# In the background, as $!, which is berth itself and not a shell.
berth_background() { "$BERTH" --root "$BATS_TEST_TMPDIR/state" "$@" 3>&- & }

held() { # CALL[=ERROR] ARG...
  python3 "$top/tests/runtime/held.py" "$1" "$BATS_TEST_TMPDIR/held" "$BATS_TEST_TMPDIR/go" "$BERTH" --root "$BATS_TEST_TMPDIR/state" "${@:2}" 3>&- &
}
held_up() { [[ -e $BATS_TEST_TMPDIR/held ]]; }
let_go() { : > "$BATS_TEST_TMPDIR/go"; }

refused() { # TEXT...
  run_config
  assert_error "$@"
}

probe_program() { static_program probe "$top/tests/runtime/probe.c"; } # prints its path

install_probe() { cp "$(probe_program)" "$bundle/rootfs/bin/probe"; }

# Both are made outside of the test machine, which has neither assemblers nor emulators.
foreign_program() {
  local program=$top/build/helpers/$1 source=$top/tests/runtime/foreign/$1.s made
  if [[ ! $program -nt $source ]]; then
    mkdir -p "${program%/*}"
    made=$(mktemp -d "$program.XXXXXX")
    "$1-linux-gnu-as" -o "$made/object" "$source" && "$1-linux-gnu-ld" -s -o "$made/program" "$made/object" >&2 ||
      fail "cannot assemble $1 (in the test machine: run the suite outside first)" || return
    mv "$made/program" "$program"
    rm -r "$made"
  fi
  echo "$program"
}

emulator() {
  local name=qemu-$1-static made
  if [[ ! -x /usr/bin/$name ]]; then cp "$top/build/helpers/$name" /usr/bin; fi
  if [[ ! -x $top/build/helpers/$name && ! ${BERTH_VM_KERNEL-} ]]; then
    mkdir -p "$top/build/helpers"
    made=$(mktemp -d "$top/build/helpers/$name.XXXXXX")
    cp -L "/usr/bin/$name" "$made/program"
    mv "$made/program" "$top/build/helpers/$name"
    rmdir "$made"
  fi
}

value() { sed -nE "s/^$1[[:space:]]*//p" <<< "$output"; }

add_mount() { # DEST TYPE SOURCE OPTION...
  config '($args | split("\u0000")[:-1]) as $a | .mounts += [{ destination: $a[0], type: $a[1], source: $a[2], options: $a[3:] }]' \
    --rawfile args <(printf '%s\0' "$@")
}

# shellcheck disable=SC2034 # the suites'
telling=(--debug --log-format json --log)
hooks_wrote() { # LOG, named after "${telling[@]}"
  jq -r '.msg | select(contains(" wrote: ")) | sub("^.* wrote: "; "")' "$1"
}

is() { [[ $(status_of "$1") = "$2" ]]; } # ID STATUS, for wait_until
delete_all() { local id; for id; do berth delete --force "$id"; done; }
