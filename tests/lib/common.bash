# shellcheck shell=bash
# common.bash: what the bats suites share.  A file that uses it begins with
#
#   load ../lib/common            (tests/vm/suites: load ../../lib/common)
#
# and is run by tests/run, or alone by  tests/lib/private bats FILE.
#
# Each test starts with no container and has
#   $BATS_TEST_TMPDIR/state   the state directory that `berth` uses
# and after each test it is made sure that nothing stayed: no process, no mount,
# no cgroup.  A file with a setup or teardown of its own calls common_setup first
# and common_teardown last in it.
#
#   bundle NAME               makes $BATS_TEST_TMPDIR/NAME from base-config.json and
#                             busybox, and makes it the current $bundle; its cgroup
#                             is /berth-test-NAME
#   config FILTER [ARG...]    edits $bundle/config.json with jq
#   script TEXT               makes the container run TEXT in a shell
#   berth ARG...              $BERTH (build/berth) with the test's state directory
#   create ID [OPTION...]     `berth create` from $bundle; the container's output
#                             goes to $BATS_TEST_TMPDIR/ID.log
#   start_new ID [OPTION...]  create, then start
#   status_of ID              created, running, stopped; "none" when there is none
#   pid_of ID                 of its init, as seen from here
#   cgroup_of ID              the directory of its cgroup
#   static_program NAME SOURCE...
#                             compiles it, and prints its path
#   wait_until CMD...         retries CMD for up to 60 s (WAIT=SECONDS)
#   need_controller NAME      skips the test where cgroup v2 lacks it, as on a machine
#                             with hybrid cgroups; the test machine has them all
#   need_vm                   skips the test outside the test machine
#   assert_*                  see below; each prints what was expected and what was there
bats_require_minimum_version 1.5.0

top=$(cd "${BASH_SOURCE[0]%/*}/../.." && pwd)
: "${BERTH:=$top/build/berth}"

setup() { common_setup; }
teardown() { common_teardown; }

common_setup() {
  [[ ${BERTH_PRIVATE-}${BERTH_VM_KERNEL-} ]] ||
    fail "a test must not run on the machine itself: use tests/run, or tests/lib/private bats FILE"
  scan > "$BATS_TEST_TMPDIR/.before"
}

# Programs ----------------------------------------------------------------

static_program() { # NAME SOURCE...: prints its path; compiled on the first call, outside of the test machine
  local program=$top/build/helpers/$1 sources=("${@:2}") source stale='' made compiler=(gcc)
  for source in "${sources[@]}"; do [[ $program -nt $source ]] || stale=1; done
  if [[ $stale ]]; then
    mkdir -p "${program%/*}"
    if command -v musl-gcc > /dev/null; then
      compiler=(musl-gcc -idirafter /usr/include -idirafter "/usr/include/$(gcc -print-multiarch)")
    fi
    # Another file's tests may do the same meanwhile, with our pid in their pid namespace.
    made=$(mktemp -d "$program.XXXXXX")
    "${compiler[@]}" -static -O2 -D_GNU_SOURCE -I"$top" -o "$made/program" "${sources[@]}" >&2 ||
      fail "cannot compile $1 (in the test machine: run the suite outside first)" || return
    mv "$made/program" "$program"
    rmdir "$made"
  fi
  echo "$program"
}

# Bundles -----------------------------------------------------------------

bundle() { # NAME
  local base
  base=$(< "$top/tests/lib/base-config.json")
  bundle=$BATS_TEST_TMPDIR/$1
  make_rootfs
  mkdir "$bundle"
  cp -dR --preserve=mode "$BATS_FILE_TMPDIR/rootfs" "$bundle/rootfs"
  echo "${base/'"linux": {'/"\"linux\": { \"cgroupsPath\": \"/berth-test-$1\","}" > "$bundle/config.json"
}

make_rootfs() { # once a file
  local root=$BATS_FILE_TMPDIR/rootfs.new
  [[ ! -d $BATS_FILE_TMPDIR/rootfs ]] || return 0
  rm -rf "$root"
  mkdir -p "$root"/{bin,dev,etc,home,proc,root,run,sys,tmp,usr/bin,var}
  chmod 1777 "$root/tmp"
  cp "$(command -v busybox)" "$root/bin/busybox"
  # busybox makes all of its links at once, but reads in /proc where they lead to.
  # shellcheck disable=SC2016
  unshare --mount bash -c 'mount --bind /proc "$0/proc" && chroot "$0" /bin/busybox --install -s /bin' "$root"
  echo root:x:0:0:root:/root:/bin/sh > "$root/etc/passwd"
  echo user:x:1000:1000:user:/home:/bin/sh >> "$root/etc/passwd"
  printf 'root:x:0:\nuser:x:1000:\nextra:x:2000:user\n' > "$root/etc/group"
  mv "$root" "$BATS_FILE_TMPDIR/rootfs"
}

config() { # FILTER [ARG...]
  local filter=$1 edited
  shift
  edited=$(jq "$@" "$filter" "$bundle/config.json") || fail "config: $filter" || return
  echo "$edited" > "$bundle/config.json"
}

# Most tests do that, and jq takes long to begin: without it, as long as the arguments are still those of the base.
script() { # TEXT
  local config text=${1//\\/\\\\} args=$'"args": [\n      "true"\n    ]'
  text=${text//\"/\\\"}
  text=${text//$'\n'/\\n}
  config=$(< "$bundle/config.json")
  if [[ $config = *"$args"* && $text != *[[:cntrl:]]* ]]; then
    echo "${config/"$args"/"\"args\": [\"sh\", \"-c\", \"$text\"]"}" > "$bundle/config.json"
  else
    # shellcheck disable=SC2016 # $text is jq's
    config '.process.args = ["sh", "-c", $text]' --arg text "$1"
  fi
}

# Containers --------------------------------------------------------------

# Descriptor 3 is bats' own: a container that keeps it keeps bats waiting.
berth() { "$BERTH" --root "$BATS_TEST_TMPDIR/state" "$@" 3>&-; }

create() { # ID [OPTION...]
  local id=$1 log=$BATS_TEST_TMPDIR/$1.log
  shift
  berth create --bundle "$bundle" "$@" "$id" < /dev/null > "$log" 2>&1 ||
    fail "berth create $id: status $?" "$(< "$log")"
}

start_new() { # ID [OPTION...]
  create "$@"
  berth start "$1" || fail "berth start $1: status $?"
}

# Without jq, which in the test machine takes longer than what it would read.
status_of() {
  if [[ $(berth state "$1" 2> /dev/null) =~ \"status\":\ *\"([a-z]+)\" ]]; then echo "${BASH_REMATCH[1]}"; else echo none; fi
}
pid_of() { [[ $(berth state "$1") =~ \"pid\":\ *([0-9]+) ]] && echo "${BASH_REMATCH[1]}"; }

cgroup_of() { # ID
  local pid line
  pid=$(pid_of "$1")
  while IFS= read -r line; do
    if [[ $line = 0::* ]]; then echo "/sys/fs/cgroup${line#0::}"; fi
  done < "/proc/$pid/cgroup"
}

wait_until() { # CMD...
  local end=$((SECONDS + ${WAIT:-60}))
  until "$@" 2> /dev/null; do
    ((SECONDS < end)) || { "$@" || fail "waited ${WAIT:-60} s in vain for: $*"; return; }
    sleep 0.05
  done
}

need_controller() { grep -qw "$1" /sys/fs/cgroup/cgroup.controllers || skip "no $1 controller here"; }
need_vm() { [[ ${BERTH_VM_KERNEL-} ]] || skip "only in the test machine"; }

# Assertions --------------------------------------------------------------

fail() { # LINE...
  printf '%s\n' "$@" >&2
  return 1
}

# shellcheck disable=SC2154 # status and output are set by bats' run
{
# Of the last `run`:
assert_success() { ((status == 0)) || fail "expected success, got status $status and:" "$output"; }

assert_failure() { # [STATUS]
  if (($#)); then
    ((status == $1)) || fail "expected status $1, got $status and:" "$output"
  else
    ((status != 0)) || fail "expected a failure, got success and:" "$output"
  fi
}

assert_output() { assert_equal "$output" "$1"; } # TEXT
assert_contains() { [[ $output = *"$1"* ]] || fail "expected output with: $1" "got: $output"; }
refute_contains() { [[ $output != *"$1"* ]] || fail "expected output without: $1" "got: $output"; }
assert_matches() { [[ $output =~ $1 ]] || fail "expected output that matches: $1" "got: $output"; }
assert_line() { grep -qxF -e "$1" <<< "$output" || fail "expected the line: $1" "got: $output"; }
refute_line() { ! grep -qxF -e "$1" <<< "$output" || fail "expected no line: $1" "got: $output"; }

# A failure as a user should see it: what failed is named, and no crash.
assert_error() { # TEXT...: status 1..127, and each TEXT in the message
  ((status > 0 && status < 128)) || fail "expected an error, got status $status and:" "$output"
  local text
  for text; do assert_contains "$text" || return; done
}

}

# Of anything:
assert_equal() { # ACTUAL EXPECTED
  [[ $1 = "$2" ]] || fail "expected: $2" "got:      $1"
}
assert_status() { assert_equal "$1 is $(status_of "$1")" "$1 is $2"; } # ID STATUS
assert_file() { [[ -f $1 ]] || fail "expected a file at $1"; }
assert_missing() { [[ ! -e $1 && ! -L $1 ]] || fail "expected nothing at $1" "got: $(ls -ld "$1")"; }
assert_cgroup() { # ID FILE VALUE
  assert_equal "$2: $(cat "$(cgroup_of "$1")/$2")" "$2: $3"
}

# Nothing stays -----------------------------------------------------------------

# Outside tests/lib/private, in the test machine, systemd has processes, mounts
# and cgroups that come and go: there only what has to do with this test counts.
ours() { [[ ${BERTH_PRIVATE-} || $1 = *"$BATS_TEST_TMPDIR"* || $1 = *berth-test-* ]]; } # TEXT

# Prints what is there, but for the lines of FILE.  Everything that a test starts
# from here runs on bash alone and without bats' DEBUG trap: in the test machine
# each program costs 20 ms, and the trap makes a loop ten times as long.
scan() ( # [FILE]
  trap - DEBUG
  declare -A before=()
  if (($#)); then
    while IFS= read -r line; do before[$line]=1; done < "$1"
  fi
  new() { if [[ ! ${before[$1]-} ]] && ours "${2-$1}"; then printf '%s\n' "$1"; fi; }

  scan_cgroups() {
    local dir
    for dir in "$1"/*/; do
      [[ ! -d $dir ]] || { new "cgroup: ${dir%/}"; scan_cgroups "${dir%/}"; }
    done
  }

  for dir in /proc/[0-9]*; do
    pid=${dir##*/}
    if (($# == 0)); then echo "process: $pid"; continue; fi
    [[ ! ${before["process: $pid"]-} && $pid != "$BASHPID" ]] || continue
    { IFS= read -r stat < "$dir/stat"; } 2> /dev/null || continue
    read -r state parent _ <<< "${stat##*) }"
    [[ $state != [ZX] ]] || continue # dead already
    # What bats itself keeps beside the test, to end one that hangs.
    if ((parent != $$)) && [[ ${before["process: $parent"]-} ]]; then
      { readarray -d '' -t signs < "/proc/$parent/cmdline"; } 2> /dev/null || continue
      [[ ${signs[*]} != *bats-exec-test* ]] || continue
    fi
    signs=()
    [[ ${BERTH_PRIVATE-} ]] ||
      { readarray -d '' -t signs < "$dir/environ" && readarray -t -O ${#signs[@]} signs < "$dir/mountinfo"; } 2> /dev/null || :
    new "process: $pid" "${signs[*]}"
  done
  # A line of mountinfo: a changed propagation is a change too.
  while IFS= read -r line; do new "mount: $line"; done < /proc/self/mountinfo
  scan_cgroups /sys/fs/cgroup
)

# Whether what was not there before the test is gone; dying processes, and what
# they hold, may take a moment.  What is left goes to FILE: $(scan) would find the
# process that runs it.
all_gone() { # FILE
  local end=$((SECONDS + 60))
  while scan "$BATS_TEST_TMPDIR/.before" > "$1" && [[ -s $1 ]]; do
    ((SECONDS < end)) || return
    sleep 0.05
  done
}

common_teardown() {
  local dir left=$BATS_TEST_TMPDIR/.left wrong=0
  for dir in "$BATS_TEST_TMPDIR"/state/[!@]*/; do # but for the cache of filters
    [[ -d $dir ]] || continue
    dir=${dir%/}
    berth delete --force "${dir##*/}" > /dev/null || { echo "left behind: berth delete --force ${dir##*/} failed"; wrong=1; }
  done
  if ! all_gone "$left"; then
    sed 's/^/left behind, /' "$left"
    remove_left < "$left"
    wrong=1
  fi
  return $wrong
} >&2

remove_groups() { find /sys/fs/cgroup -depth -path '/sys/fs/cgroup/berth-test-*' -type d -exec rmdir {} +; }

remove_left() { # so that only the test that left it fails
  local kind thing
  while read -r kind thing; do
    case $kind in
      process:) tr '\0' ' ' < "/proc/$thing/cmdline" | sed "s/^/$thing is: /"; kill -9 "$thing" ;;
      mount:) cut -d' ' -f5 <<< "$thing" | xargs umount -l ;;
    esac
  done
  WAIT=10 wait_until remove_groups || :
}
