#!/usr/bin/env bats
# The program runs from a file that nobody can change (CVE-2019-5736): an overlay's without an upper layer, or a sealed copy in memory. Take
# the defence out: `.sealed = false` in cli/cmd_create.c and cli/cmd_exec.c.
# And the commands' names in cli/start.c (is_wanted).
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # bats' subshells; variables of common.bash
load ../lib/common

# A hook sees the runtime: its parent.
with_hook() {
  config '.hooks.createRuntime = [{path: "/bin/sh", args: ["sh", "-c", $text], env: ["PATH=/bin:/usr/bin", "OUT=\($out)"]}]' \
    --arg out "$BATS_TEST_TMPDIR/out" --arg text "$1"
}

# What a process with every privilege can do to the program of process PID: "overlay" or "memory" (what it is), and whether that can be written.
assert_unchangeable() { # PID: what it is
  run unshare --mount python3 -c '
import ctypes, errno, fcntl, os, subprocess, sys
exe = f"/proc/{sys.argv[1]}/exe"
host = os.stat(sys.argv[2])
fd = os.open(exe, os.O_RDONLY)
held = os.open(exe, os.O_PATH)
memory = True
try:
    print("memory" if fcntl.fcntl(fd, 1034) & 15 == 15 else "unsealed memory")
except OSError:
    memory = False
    print("the file itself" if (os.fstat(fd).st_dev, os.fstat(fd).st_ino) == (host.st_dev, host.st_ino) else
          subprocess.run(["stat", "-f", "-c", "%T", f"/proc/self/fd/{fd}"], capture_output=True, pass_fds=[fd], text=True).stdout.strip())
def attempt(how):
    try:
        how()
        print("written")
    except OSError as error:
        if error.errno not in (errno.EROFS, errno.EPERM, errno.ETXTBSY):
            print(error)
attempt(lambda: os.open(exe, os.O_RDWR))
attempt(lambda: os.open(f"/proc/self/fd/{held}", os.O_WRONLY))
attempt(lambda: os.truncate(exe, 0))
if not memory: # whose permissions and times mean nothing
    attempt(lambda: os.chmod(exe, 0o777))
    attempt(lambda: os.utime(exe))
# A mount of it that we may change.
libc = ctypes.CDLL(None, use_errno=True)
os.close(os.open("'"$BATS_TEST_TMPDIR"'/place", os.O_CREAT | os.O_WRONLY))
place = b"'"$BATS_TEST_TMPDIR"'/place"
if libc.mount(exe.encode(), place, None, 4096, None) == 0:
    libc.mount(None, place, None, 32 | 4096, None) # read and write
    libc.mount(None, place, None, 32, None)
    attempt(lambda: os.open(place, os.O_RDWR))
' "$1" "$BERTH"
  assert_success
}

@test "create and run are a file that nobody can change" {
  bundle one
  with_hook 'echo $PPID > $OUT.pid; until [ -e $OUT.seen ]; do sleep 0.02; done'
  local command
  for command in run create; do
    "$BERTH" --root "$BATS_TEST_TMPDIR/state" $command --bundle "$bundle" one < /dev/null > /dev/null 2>&1 3>&- &
    wait_until test -s "$BATS_TEST_TMPDIR/out.pid"
    assert_unchangeable "$(< "$BATS_TEST_TMPDIR/out.pid")"
    assert_output overlayfs
    touch "$BATS_TEST_TMPDIR/out.seen"
    wait $!
    rm "$BATS_TEST_TMPDIR"/out.*
  done
}

@test "so is exec" {
  bundle one
  script 'sleep 1000'
  start_new one
  "$BERTH" --root "$BATS_TEST_TMPDIR/state" exec one sleep 500 3>&- &
  local pid=$!
  wait_until sh -c '! cmp -s /proc/$1/exe "$2" || [ "$(stat -L -c %d /proc/$1/exe)" != "$(stat -c %d "$2")" ]' - $pid "$BERTH"
  wait_until sh -c 'berth=$1; shift; "$berth" "$@" | grep -q , ' - "$BERTH" --root "$BATS_TEST_TMPDIR/state" ps -f json one
  assert_unchangeable $pid
  assert_output overlayfs
  kill $pid
  wait $pid || :
}

# Where a mount is locked to the one below it, as in the engines of users.
@test "in a user namespace that has a copy of the host's mounts, too" {
  bundle one
  with_hook 'echo $PPID > $OUT.pid; until [ -e $OUT.seen ]; do sleep 0.02; done'
  unshare --user --map-root-user --mount \
    "$BERTH" --root "$BATS_TEST_TMPDIR/state" --cgroup-manager disabled run --bundle "$bundle" one < /dev/null > /dev/null 2>&1 3>&- &
  wait_until test -s "$BATS_TEST_TMPDIR/out.pid"
  assert_unchangeable "$(< "$BATS_TEST_TMPDIR/out.pid")"
  assert_output overlayfs
  touch "$BATS_TEST_TMPDIR/out.seen"
  wait $!
}

@test "what has been relocated can only be read, and nothing can be both written and executed" {
  bundle one
  with_hook 'cat /proc/$PPID/maps > $OUT'
  run berth run --bundle "$bundle" one
  assert_success
  run python3 -c '
import re, struct, sys
text = open(sys.argv[1]).read()
maps = [(int(begin, 16), int(end, 16), what) for begin, end, what in re.findall(r"^(\w+)-(\w+) (\S+)", text, re.M)]
base = int(re.search(r"^(\w+)-\w+ r--p 00000000 .*/berth$", text, re.M)[1], 16)
program = open(sys.argv[2], "rb").read()
first, size, count = struct.unpack_from("<32xQ14xHH", program)
segments = [struct.unpack_from("<I12xQ16xQ", program, first + number * size) for number in range(count)]
relocated = [(address, length) for kind, address, length in segments if kind == 0x6474e552] # PT_GNU_RELRO
begin, end = ((base + edge) // 4096 * 4096 for edge in (relocated[0][0], sum(relocated[0])))
found = {what for first, last, what in maps if first < end and begin < last}
print(end - begin > 4096, *found, any("w" in what and "x" in what for _, _, what in maps))
' "$BATS_TEST_TMPDIR/out" "$BERTH"
  assert_output "True r--p False"
}

# Overlays go two deep: on a third the program must do without.
without_overlay() { # CMD...: with $BERTH where it finds none
  local layers=$BATS_TEST_TMPDIR/layers
  mkdir "$layers" "$layers"/{program,empty,one,two}
  cp "$BERTH" "$layers/program/berth"
  mount -t overlay -o "lowerdir=$layers/program:$layers/empty" overlay "$layers/one"
  mount -t overlay -o "lowerdir=$layers/one:$layers/empty" overlay "$layers/two"
  BERTH=$layers/two/berth "$@"
  # Whoever ends may be in them for a moment.
  wait_until umount "$layers/two"
  wait_until umount "$layers/one"
}

run_and_look() {
  rm -f "$BATS_TEST_TMPDIR"/out.*
  "$BERTH" --root "$BATS_TEST_TMPDIR/state" run --bundle "$bundle" one < /dev/null > /dev/null 2>&1 3>&- &
  wait_until test -s "$BATS_TEST_TMPDIR/out.pid"
  assert_unchangeable "$(< "$BATS_TEST_TMPDIR/out.pid")"
  touch "$BATS_TEST_TMPDIR/out.seen"
  wait $!
}

@test "where there can be no such overlay, it is a sealed copy in memory" {
  bundle one
  with_hook 'echo $PPID > $OUT.pid; until [ -e $OUT.seen ]; do sleep 0.02; done'
  without_overlay run_and_look
  assert_output memory
}

@test "begun with a standard stream closed, which the view must not become: also" {
  bundle one
  with_hook 'echo $PPID > $OUT.pid; ls -l /proc/$PPID/fd > $OUT.fds; until [ -e $OUT.seen ]; do sleep 0.02; done'
  "$BERTH" --root "$BATS_TEST_TMPDIR/state" run --bundle "$bundle" one <&- > /dev/null 2>&1 3>&- &
  wait_until test -s "$BATS_TEST_TMPDIR/out.fds"
  assert_unchangeable "$(< "$BATS_TEST_TMPDIR/out.pid")"
  assert_output memory
  run grep " 0 -> " "$BATS_TEST_TMPDIR/out.fds"
  assert_contains /dev/null
  touch "$BATS_TEST_TMPDIR/out.seen"
  wait $!
}

@test "whatever its directory is called" {
  bundle one
  with_hook 'echo $PPID > $OUT.pid; until [ -e $OUT.seen ]; do sleep 0.02; done'
  local name what directory=$BATS_TEST_TMPDIR/program
  for name in 'a, b=c' 'a:b' '..:/sys' 'a\b' 'a\:b'; do
    mkdir -p "$directory/$name"
    cp "$BERTH" "$directory/$name/berth"
    BERTH="$directory/$name/berth" run_and_look
    case $name in *[:\\]*) what=memory ;; *) what=overlayfs ;; esac
    assert_output $what
  done
}

@test "an upgrade while it starts: the program is what it was" {
  bundle one
  with_hook 'echo $PPID > $OUT.pid'
  mkdir "$BATS_TEST_TMPDIR/program"
  cp "$BERTH" "$BATS_TEST_TMPDIR/program/berth"
  # Stopped where it looks for its own name.
  strace -qq -o /dev/null -e signal=none -e trace=readlinkat -e inject=readlinkat:delay_exit=1000000:when=1 \
    "$BATS_TEST_TMPDIR/program/berth" --root "$BATS_TEST_TMPDIR/state" run --bundle "$bundle" one 3>&- &
  wait_until pgrep -x berth --parent $!
  cp /bin/true "$BATS_TEST_TMPDIR/program/new"
  mv "$BATS_TEST_TMPDIR/program/new" "$BATS_TEST_TMPDIR/program/berth"
  wait $!
  [[ -s $BATS_TEST_TMPDIR/out.pid ]]
}

@test "no variable or argument keeps the program from it" {
  bundle one
  with_hook 'readlink /proc/$PPID/exe > $OUT'
  local variable
  for variable in _LIBCRUN_SEALED=1 _LIBCONTAINER_CLONED_BINARY=1 BERTH_SEALED=1 LD_PRELOAD=/x; do
    run env "$variable" "$BERTH" --root "$BATS_TEST_TMPDIR/state" run --bundle "$bundle" one
    assert_success
    run cat "$BATS_TEST_TMPDIR/out"
    assert_matches '^/.*berth'
    refute_contains "$BERTH"
  done
}

@test "arguments and environment are kept, and the process is called berth" {
  bundle one
  with_hook 'tr "\0" " " < /proc/$PPID/cmdline > $OUT; cat /proc/$PPID/comm >> $OUT; tr "\0" "\n" < /proc/$PPID/environ | grep ^MARK >> $OUT'
  MARK=here run berth run --bundle "$bundle" one
  assert_success
  assert_equal "$(< "$BATS_TEST_TMPDIR/out")" "$BERTH --root $BATS_TEST_TMPDIR/state run --bundle $bundle one berth"$'\n'"MARK=here"
}

@test "a host that forbids programs in memory is told why it does not work" {
  [[ -w /proc/sys/vm/memfd_noexec ]] || skip "this kernel has no vm.memfd_noexec"
  bundle one
  # A pid namespace has its own value, which can only grow.
  forbidden() {
    run unshare --pid --fork --mount-proc sh -c 'echo 2 > /proc/sys/vm/memfd_noexec && exec "$@"' - \
      "$BERTH" --root "$BATS_TEST_TMPDIR/state" run --bundle "$bundle" one
  }
  without_overlay forbidden
  assert_error "vm.memfd_noexec=2"
}

@test "the copy leaves no trace in the workload" {
  bundle one
  script 'readlink /proc/1/exe; ls -l /proc/self/fd /proc/1/fd; cat /proc/1/maps'
  look() { run "$BERTH" --root "$BATS_TEST_TMPDIR/state" run --bundle "$bundle" one 3>&-; }
  without_overlay look
  assert_success
  assert_line /bin/busybox
  refute_contains memfd
}
