# shellcheck shell=bash disable=SC2016,SC2154 # jq's variables; those of common.bash and bats
# helper.bash: what the suites in this directory share, beside ../runtime/helper.
#
#   install_attack        puts attack.c's program at /bin/attack of the bundle
#   attack ARG...         runs it here
#   user_namespace        the container gets one: ids from 100000 on
#   capabilities NAME...  "all", or these
#   secret                makes the directory $outside with a file "secret", the host's, and
#   untouched             asserts that nothing happened to it
#   block_socket          a socket $blocked that nobody answers: who connects waits, until unblock
#   log_of ID             what the container wrote
load "${BASH_SOURCE[0]%/*}/../runtime/helper"

attack_program() { static_program attack "$top/tests/security/attack.c"; } # prints its path

install_attack() { cp "$(attack_program)" "$bundle/rootfs/bin/attack"; }
attack() { "$(attack_program)" "$@" 3>&-; }

user_namespace() {
  config '.linux.namespaces += [{ type: "user" }] |
    .linux.uidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }] | .linux.gidMappings = .linux.uidMappings'
  chown -R 100000:100000 "$bundle/rootfs"
}

all_capabilities='["CHOWN","DAC_OVERRIDE","DAC_READ_SEARCH","FOWNER","FSETID","KILL","SETGID","SETUID","SETPCAP","LINUX_IMMUTABLE",
  "NET_BIND_SERVICE","NET_BROADCAST","NET_ADMIN","NET_RAW","IPC_LOCK","IPC_OWNER","SYS_MODULE","SYS_RAWIO","SYS_CHROOT","SYS_PTRACE",
  "SYS_PACCT","SYS_ADMIN","SYS_BOOT","SYS_NICE","SYS_RESOURCE","SYS_TIME","SYS_TTY_CONFIG","MKNOD","LEASE","AUDIT_WRITE",
  "AUDIT_CONTROL","SETFCAP","MAC_OVERRIDE","MAC_ADMIN","SYSLOG","WAKE_ALARM","BLOCK_SUSPEND","AUDIT_READ","PERFMON","BPF",
  "CHECKPOINT_RESTORE"]'

capabilities() { # all | NAME...
  config '($names | split(" ") | if . == ["all"] then $all else . end | map("CAP_" + .)) as $c |
    .process.capabilities = { bounding: $c, effective: $c, permitted: $c }' --arg names "$*" --argjson all "$all_capabilities"
}

secret() {
  outside=$BATS_TEST_TMPDIR/outside
  mkdir -m 711 "$outside"
  (umask 077 && echo secret > "$outside/secret")
  find "$outside" -printf '%p %m %U %G %s %T@ %C@\n' | sort > "$BATS_TEST_TMPDIR/.outside"
}

untouched() {
  find "$outside" -printf '%p %m %U %G %s %T@ %C@\n' | sort | diff "$BATS_TEST_TMPDIR/.outside" - >&2 ||
    fail "the host's files were touched" || return
  assert_equal "$(cat "$outside/secret")" secret || return
  ! grep -F " $outside" /proc/self/mountinfo || fail "a mount is on the host's directory"
}

block_socket() {
  blocked=$BATS_TEST_TMPDIR/blocked
  python3 -c '
import os, socket, sys, time
server, client = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)
server.bind(sys.argv[1] + ".new")
server.listen(0)
client.connect(sys.argv[1] + ".new")
os.rename(sys.argv[1] + ".new", sys.argv[1])
time.sleep(1000)' "$blocked" 3>&- &
  blocker=$!
  wait_until test -S "$blocked"
}

unblock() { kill "$blocker"; wait "$blocker" || :; } 2> /dev/null

log_of() { cat "$BATS_TEST_TMPDIR/$1.log"; }

proc_of_other_pids() {
  local place=$BATS_TEST_TMPDIR/proc
  mkdir -p "$place"
  mount -t proc -o pidns=/proc/self/ns/pid proc "$place" 2> /dev/null && umount "$place"
}
