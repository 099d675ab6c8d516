# shellcheck shell=bash disable=SC2016,SC2154 # jq's variables; those of common.bash and bats
# helper.bash: what the suites in this directory share, beside ../lib/common.
#
#   run_inside TEXT            runs TEXT in a shell in a container of the current
#                              bundle, from create to delete; $status and $output
#   run_args ARG...            the same with these args; args ARG... only sets them
#   run_config                 the same with the configuration as it is
#   berth_background ARG...    berth as a process of its own, $!
#   install_probe              puts probe.c's program at /bin/probe of the bundle
#   refused TEXT...            berth run must fail, with each TEXT in its message
#   value KEY                  the rest of the line of $output that begins with KEY
#   add_mount DEST TYPE SOURCE OPTION...   appends to the configuration's mounts
#   is ID STATUS               for wait_until
#   delete_all ID...           berth delete --force
load "${BASH_SOURCE[0]%/*}/../lib/common"

run_config() { run berth run --bundle "$bundle" "${bundle##*/}" < /dev/null; }
run_inside() { script "$1"; run_config; }

args() { config '.process.args = ($args | split("\u0000")[:-1])' --rawfile args <(printf '%s\0' "$@"); } # ARG...
run_args() { args "$@"; run_config; }

# In the background, as $!, which is berth itself and not a shell.
berth_background() { "$BERTH" --root "$BATS_TEST_TMPDIR/state" "$@" 3>&- & }

refused() { # TEXT...
  run_config
  assert_error "$@"
}

probe_program() { static_program probe "$top/tests/runtime/probe.c"; } # prints its path

install_probe() { cp "$(probe_program)" "$bundle/rootfs/bin/probe"; }

value() { sed -nE "s/^$1[[:space:]]*//p" <<< "$output"; }

add_mount() { # DEST TYPE SOURCE OPTION...
  config '($args | split("\u0000")[:-1]) as $a | .mounts += [{ destination: $a[0], type: $a[1], source: $a[2], options: $a[3:] }]' \
    --rawfile args <(printf '%s\0' "$@")
}

is() { [[ $(status_of "$1") = "$2" ]]; } # ID STATUS, for wait_until
delete_all() { local id; for id; do berth delete --force "$id"; done; }
