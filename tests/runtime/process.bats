#!/usr/bin/env bats
# What the process of a container is: config.md "Process", "POSIX process",
# "Linux Process" and "User", as the kernel tells the workload.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # the container's variables; bats' subshells; variables of common.bash
load helper

@test "args reach the workload as they are" {
  bundle args
  run_args sh -c 'for a; do echo "<$a>"; done' sh '' 'a b' $'x\ny' 'é ü' '$HOME' '--' '-x'
  assert_success
  assert_output $'<>\n<a b>\n<x\ny>\n<é ü>\n<$HOME>\n<-->\n<-x>'
}

@test "the program is found as execvp finds it" {
  bundle find
  mkdir -p "$bundle"/rootfs/{opt,first}
  printf '#!/bin/sh\necho "in $0"\n' | tee "$bundle/rootfs/opt/tool" > "$bundle/rootfs/first/tool"
  chmod 755 "$bundle/rootfs/opt/tool" # the first one may not be executed
  config '.process.env = ["PATH=/nowhere:/first:/opt:/bin"]'
  run_args tool
  assert_output 'in /opt/tool'
  run_args /opt/tool
  assert_output 'in /opt/tool'
  config '.process.cwd = "/opt"'
  run_args ./tool
  assert_output 'in ./tool'
  config '.process.env = [] | .process.cwd = "/"' # no PATH
  run_args echo found
  assert_output found
}

@test "argv[0] is args[0], not the path that was found" {
  bundle argv0
  run_args sh -c 'tr "\0" " " < /proc/1/cmdline; echo'
  assert_matches '^sh -c '
}

@test "the environment is that of the configuration, in order, and nothing of the caller's" {
  bundle env
  config '.process.env = ["PATH=/bin", "A=1", "EMPTY=", "SPACE=a b", "B=x=y", "HOME=/h"] | .process.args = ["env"]'
  LEAK=1 BERTH_LEAK=1 run_config
  assert_success
  assert_output $'PATH=/bin\nA=1\nEMPTY=\nSPACE=a b\nB=x=y\nHOME=/h'
}

@test "of variables of one name the last counts, also for finding the program" {
  bundle twice
  mkdir "$bundle/rootfs/opt"
  cp -a "$bundle/rootfs/bin/busybox" "$bundle/rootfs/opt/env"
  config '.process.env = ["PATH=/nowhere", "A=1", "AB=1", "A=2", "HOME=/h", "A=", "HOME=/i", "A=3", "PATH=/opt"] | .process.args = ["env"]'
  run_config
  assert_output $'AB=1\nHOME=/i\nA=3\nPATH=/opt'
}

@test "HOME comes from the container's own passwd" {
  bundle home
  config '.process.args = ["env"] | .process.env = ["PATH=/bin"]'
  run_config
  assert_line HOME=/root
  config '.process.user = { uid: 1000, gid: 1000 }'
  run_config
  assert_line HOME=/home
  config '.process.user = { uid: 4711, gid: 1 }' # not in it
  run_config
  assert_line HOME=/
  echo '4711:x:99:1::/trap:/bin/sh' >> "$bundle/rootfs/etc/passwd" # a name is no number
  run_config
  assert_line HOME=/
  rm "$bundle/rootfs/etc/passwd"
  run_config
  assert_line HOME=/
  ln -s /proc/self/environ "$bundle/rootfs/etc/passwd"
  run_config
  assert_line HOME=/
}

@test "cwd: there, missing, through links, and only for the user" {
  bundle cwd
  mkdir -p "$bundle/rootfs/srv/deep"
  ln -s /srv/deep "$bundle/rootfs/link"
  ln -s ../../../../../../srv/deep "$bundle/rootfs/out"
  config '.process.cwd = "/srv/deep"'
  run_inside pwd
  assert_output /srv/deep
  config '.process.cwd = "/link"'
  run_inside 'pwd -P'
  assert_output /srv/deep
  config '.process.cwd = "/out"'
  run_inside 'pwd -P'
  assert_output /srv/deep
  config '.process.cwd = "/new/path"'
  run_inside 'pwd -P; stat -c "%a %u %g" . ..'
  assert_output $'/new/path\n755 0 0\n755 0 0'
  config '.process.cwd = "/home/private" | .process.user = { uid: 1000, gid: 1000 }'
  mkdir -m 700 "$bundle/rootfs/home/private"
  chown 1000:1000 "$bundle/rootfs/home/private"
  run_inside 'pwd -P'
  assert_output /home/private
}

@test "cwd: root's own, which the user may not enter, and the reverse" {
  bundle owncwd
  mkdir -m 700 "$bundle/rootfs"/{roots,users}
  chown 1000:1000 "$bundle/rootfs/users"
  config '.process.cwd = "/roots" | .process.user = { uid: 1000, gid: 1000 } | del(.process.capabilities)'
  run_inside 'pwd; ls'
  assert_line /roots
  assert_contains 'Permission denied'
  config '.process.cwd = "/users"'
  run_inside 'pwd; ls; touch there'
  assert_output /users
  assert_file "$bundle/rootfs/users/there"
}

@test "cwd: what cannot be is an error that names it" {
  bundle nocwd
  : > "$bundle/rootfs/file"
  config '.process.cwd = "/file"'
  refused /process/cwd /file 'Not a directory'
  config '.process.cwd = "srv"'
  refused /process/cwd srv absolute
  config '.process.cwd = "/missing" | .root.readonly = true'
  # made before the root becomes read-only, as mount points are
  run_inside pwd
  assert_output /missing
}

@test "user: uid, gid and additional groups" {
  bundle user
  config '.process.user = { uid: 1000, gid: 1001, additionalGids: [5, 2000, 65534] }'
  run_args cat /proc/self/status
  assert_success
  assert_equal "$(value Uid:)" $'1000\t1000\t1000\t1000'
  assert_equal "$(value Gid:)" $'1001\t1001\t1001\t1001'
  assert_equal "$(value Groups: | xargs)" '5 2000 65534'
  config '.process.user = { uid: 0, gid: 0 }'
  run_args cat /proc/self/status
  assert_equal "$(value Groups: | xargs)" '' # none of the caller's
}

@test "the caller's supplementary groups do not leak" {
  bundle groups
  config '.process.args = ["cat", "/proc/self/status"]'
  run setpriv --groups 10,20 "$BERTH" --root "$BATS_TEST_TMPDIR/state" run --bundle "$bundle" groups 3>&-
  assert_equal "$(value Groups: | xargs)" ''
}

@test "umask: given, or else the caller's" {
  bundle umask
  config '.process.user.umask = 23' # 027
  run_inside umask
  assert_output 0027
  config '.process.user.umask = 0'
  run_inside umask
  assert_output 0000
  config 'del(.process.user.umask)'
  umask 0077
  run_inside 'umask; : > /tmp/f; stat -c %a /tmp/f'
  umask 0022
  assert_output $'0077\n600'
}

@test "the five capability sets are exactly those of the configuration" {
  bundle caps
  config '.process.capabilities = {
    bounding: ["CAP_CHOWN", "CAP_KILL", "CAP_SETUID", "CAP_NET_RAW", "CAP_SYS_CHROOT"],
    permitted: ["CAP_CHOWN", "CAP_KILL", "CAP_SETUID", "CAP_NET_RAW"],
    effective: ["CAP_CHOWN", "CAP_KILL"],
    inheritable: ["CAP_KILL", "CAP_NET_RAW"],
    ambient: ["CAP_NET_RAW"] } | .process.user = { uid: 1000, gid: 1000 }'
  script 'cat /proc/self/status'
  create caps
  run cat "/proc/$(pid_of caps)/status" # before the execve, which recalculates
  assert_equal "$(value CapBnd:)" 00000000000420a1
  assert_equal "$(value CapPrm:)" 00000000000020a1
  assert_equal "$(value CapEff:)" 0000000000000021
  assert_equal "$(value CapInh:)" 0000000000002020
  assert_equal "$(value CapAmb:)" 0000000000002000
  berth start caps
  wait_until grep -q CapAmb "$BATS_TEST_TMPDIR/caps.log"
  run cat "$BATS_TEST_TMPDIR/caps.log" # capabilities(7), a user other than root
  assert_equal "$(value CapBnd:)" 00000000000420a1
  assert_equal "$(value CapPrm:)" 0000000000002000
  assert_equal "$(value CapEff:)" 0000000000002000
  assert_equal "$(value CapInh:)" 0000000000002020
  assert_equal "$(value CapAmb:)" 0000000000002000
}

@test "root's capabilities" {
  bundle rootcaps
  config '.process.capabilities |= map_values(["CAP_CHOWN", "CAP_KILL"])'
  run_args cat /proc/self/status
  assert_equal "$(value CapBnd:) $(value CapPrm:) $(value CapEff:)" '0000000000000021 0000000000000021 0000000000000021'
  assert_equal "$(value CapInh:) $(value CapAmb:)" '0000000000000000 0000000000000000'
}

@test "without capabilities there are none, and all is all of the kernel's" {
  bundle nocaps
  config 'del(.process.capabilities)'
  run_args cat /proc/self/status
  for set in Inh Prm Eff Bnd Amb; do assert_equal "Cap$set $(value Cap$set:)" "Cap$set 0000000000000000"; done
  local all
  all=$(awk '/^CapPrm/ { print $2 }' /proc/self/status)
  config '($names | split(" ")) as $all | .process.capabilities = { bounding: $all, permitted: $all, effective: $all,
    inheritable: $all, ambient: $all } | .process.user = { uid: 1000, gid: 1000 }' --arg names "$(all_capabilities)"
  run_args cat /proc/self/status
  for set in Inh Prm Eff Bnd Amb; do assert_equal "Cap$set $(value Cap$set:)" "Cap$set $all"; done
}

all_capabilities() {
  echo CAP_{CHOWN,DAC_OVERRIDE,DAC_READ_SEARCH,FOWNER,FSETID,KILL,SETGID,SETUID,SETPCAP,LINUX_IMMUTABLE,NET_BIND_SERVICE} \
    CAP_{NET_BROADCAST,NET_ADMIN,NET_RAW,IPC_LOCK,IPC_OWNER,SYS_MODULE,SYS_RAWIO,SYS_CHROOT,SYS_PTRACE,SYS_PACCT,SYS_ADMIN} \
    CAP_{SYS_BOOT,SYS_NICE,SYS_RESOURCE,SYS_TIME,SYS_TTY_CONFIG,MKNOD,LEASE,AUDIT_WRITE,AUDIT_CONTROL,SETFCAP,MAC_OVERRIDE} \
    CAP_{MAC_ADMIN,SYSLOG,WAKE_ALARM,BLOCK_SUSPEND,AUDIT_READ,PERFMON,BPF,CHECKPOINT_RESTORE}
}

@test "a capability that cannot be granted is a warning" {
  bundle warn
  config '.process.capabilities.bounding += ["CAP_BOGUS"]'
  run_inside 'echo ran'
  assert_success
  assert_line ran
  assert_contains CAP_BOGUS
  config '.process.capabilities.bounding -= ["CAP_BOGUS"] | .process.capabilities.ambient = ["CAP_CHOWN"]' # not inheritable
  run_inside 'grep CapAmb /proc/self/status'
  assert_success
  assert_contains $'CapAmb:\t0000000000000000'
  assert_contains CAP_CHOWN
  # One that the caller does not have itself.
  config 'del(.process.capabilities.ambient) | .process.capabilities.bounding += ["CAP_SYS_TIME"]
    | .process.args = ["grep", "CapBnd", "/proc/self/status"]'
  run setpriv --bounding-set -sys_time "$BERTH" --root "$BATS_TEST_TMPDIR/state" run --bundle "$bundle" warn 3>&-
  assert_success
  assert_contains CAP_SYS_TIME
  assert_contains $'CapBnd:\t00000000a80425fb'
}

@test "rlimits: every one of them, also unlimited" {
  bundle rlimits
  local more=0 # what root may raise a hard limit of 0 to on this machine
  if (ulimit -He 2) 2> /dev/null; then more=2; fi
  config '.process.rlimits = [
    { type: "RLIMIT_AS", soft: 4294967296, hard: 8589934592 }, { type: "RLIMIT_CORE", soft: 0, hard: 4096 },
    { type: "RLIMIT_CPU", soft: 100, hard: 200 }, { type: "RLIMIT_DATA", soft: 1073741824, hard: 2147483648 },
    { type: "RLIMIT_FSIZE", soft: 1048576, hard: 2097152 }, { type: "RLIMIT_LOCKS", soft: 10, hard: 20 },
    { type: "RLIMIT_MEMLOCK", soft: 4096, hard: 65536 }, { type: "RLIMIT_MSGQUEUE", soft: 1000, hard: 2000 },
    { type: "RLIMIT_NICE", soft: 0, hard: $more }, { type: "RLIMIT_NOFILE", soft: 100, hard: 200 },
    { type: "RLIMIT_NPROC", soft: 1000, hard: 2000 }, { type: "RLIMIT_RSS", soft: 7000000, hard: 8000000 },
    { type: "RLIMIT_RTPRIO", soft: 0, hard: $more }, { type: "RLIMIT_RTTIME", soft: 3000, hard: 4000 },
    { type: "RLIMIT_SIGPENDING", soft: 50, hard: 60 }, { type: "RLIMIT_STACK", soft: 1048576, hard: "unlimited" }]' --argjson more $more
  args cat /proc/self/limits
  unlimited
  run_config
  assert_success
  local want="Max address space 4294967296 8589934592
Max core file size 0 4096
Max cpu time 100 200
Max data size 1073741824 2147483648
Max file locks 10 20
Max file size 1048576 2097152
Max locked memory 4096 65536
Max msgqueue size 1000 2000
Max nice priority 0 $more
Max open files 100 200
Max pending signals 50 60
Max processes 1000 2000
Max realtime priority 0 $more
Max realtime timeout 3000 4000
Max resident set 7000000 8000000
Max stack size 1048576 unlimited"
  assert_equal "$(sed -nE 's/^(Max .*[a-z]) +([0-9]+|unlimited) +([0-9]+|unlimited).*/\1 \2 \3/p' <<< "$output" | sort)" "$want"
}

@test "rlimits: what cannot be set is an error" {
  bundle badrlimits
  config '.process.rlimits = [{ type: "RLIMIT_NOFILE", soft: 20, hard: 10 }]'
  refused /process/rlimits/0/soft 20 10
  config '.process.rlimits = [{ type: "RLIMIT_CPU", soft: 1, hard: 2 }, { type: "RLIMIT_CPU", soft: 1, hard: 2 }]'
  refused /process/rlimits/1 RLIMIT_CPU
  config '.process.rlimits = [{ type: "RLIMIT_BOGUS", soft: 1, hard: 2 }]'
  refused /process/rlimits/0 RLIMIT_BOGUS
  config '.process.rlimits = [{ type: "RLIMIT_NOFILE", soft: "unlimited", hard: "unlimited" }]'
  unlimited
  refused /process/rlimits/0 fs.nr_open
}

# 2^64 - 1 is what engines write; jq before 1.7 cannot.
unlimited() { sed -i 's/"unlimited"/18446744073709551615/' "$bundle/config.json"; }

@test "noNewPrivileges holds against a set-user-ID program, and false is false" {
  bundle nnp
  config '.process.user = { uid: 1000, gid: 1000 }'
  install_probe
  chmod 4755 "$bundle/rootfs/bin/probe"
  local geteuid=107
  [[ $(uname -m) = x86_64 ]] || geteuid=175
  script "grep NoNewPrivs /proc/self/status; probe syscall $geteuid"
  run_config
  assert_output $'NoNewPrivs:\t1\nok 1000'
  config '.process.noNewPrivileges = false'
  run_config
  assert_output $'NoNewPrivs:\t0\nok 0'
  config 'del(.process.noNewPrivileges)'
  run_config
  assert_output $'NoNewPrivs:\t0\nok 0'
}

@test "oomScoreAdj: given, or else untouched" {
  bundle oom
  script 'cat /proc/self/oom_score_adj'
  for score in 0 777 1000 $(try_oom -500); do
    config '.process.oomScoreAdj = ($score | tonumber)' --arg score "$score"
    run_config
    assert_output "$score"
  done
  config 'del(.process.oomScoreAdj)'
  run bash -c 'echo 321 > /proc/self/oom_score_adj; exec "$@"' bash "$BERTH" --root "$BATS_TEST_TMPDIR/state" run --bundle "$bundle" oom 3>&-
  assert_output 321
  config '.process.oomScoreAdj = 1001'
  refused /process/oomScoreAdj 1001
}

try_oom() { # SCORE: prints it where this machine lets root have it
  (echo "$1" > /proc/self/oom_score_adj) 2> /dev/null && echo "$1"
}

@test "a session keyring of the container's own, or the caller's" {
  bundle keyring
  install_probe
  config 'del(.linux.maskedPaths)'
  run_args probe keyring
  assert_success
  assert_matches '^keyring;0;[0-9]+;[0-9a-f]+;_ses.keyring.[0-9a-f]{16}$'
  script 'probe keyring; sleep 1000'
  start_new keys
  wait_until test -s "$BATS_TEST_TMPDIR/keys.log"
  run berth exec keys probe keyring
  assert_output "$(head -n1 "$BATS_TEST_TMPDIR/keys.log")"
  assert_contains _ses.keys
  delete_all keys
  config '.process.args = ["probe", "keyring"]'
  run berth run --no-new-keyring --bundle "$bundle" none
  assert_success
  assert_contains 'keyring;'
  refute_contains _ses.none
  # and an exec shares what its container has
  bundle shares
  install_probe
  script 'probe keyring; sleep 1000'
  start_new shares --no-new-keyring
  wait_until test -s "$BATS_TEST_TMPDIR/shares.log"
  run berth exec shares probe keyring
  assert_output "$(head -n1 "$BATS_TEST_TMPDIR/shares.log")"
}

@test "scheduler: policies and their parameters" {
  bundle sched
  install_probe
  config '.process.args = ["probe", "sched"]'
  local json want
  while read -r json want; do
    config '.process.scheduler = $s' --argjson s "$json"
    run_config
    # runtime: of normal policies newer kernels tell their slice
    assert_equal "$json: $(sed -E 's/ runtime [0-9]+ deadline 0 period 0//' <<< "$output")" "$json: $want"
    # Whatever the caller's nice value is: what is not given is 0.
    run nice -n 7 "$BERTH" --root "$BATS_TEST_TMPDIR/state" run --bundle "$bundle" sched < /dev/null 3>&-
    assert_equal "$json, nice: $(sed -E 's/ runtime [0-9]+ deadline 0 period 0//' <<< "$output")" "$json, nice: $want"
  done << 'END'
{"policy":"SCHED_OTHER","nice":7} policy 0 flags 0 nice 7 priority 0
{"policy":"SCHED_OTHER","nice":-3} policy 0 flags 0 nice -3 priority 0
{"policy":"SCHED_BATCH","nice":4} policy 3 flags 0 nice 4 priority 0
{"policy":"SCHED_IDLE"} policy 5 flags 0 nice 0 priority 0
{"policy":"SCHED_OTHER","flags":["SCHED_FLAG_RESET_ON_FORK"]} policy 0 flags 1 nice 0 priority 0
END
}

@test "scheduler: real time" {
  bundle realtime
  install_probe
  config '.process.args = ["probe", "sched"]'
  chrt -f 1 true 2> /dev/null || skip "no real-time scheduling here"
  config '.process.scheduler = { policy: "SCHED_FIFO", priority: 7 }'
  run_config
  assert_contains 'policy 1 flags 0 nice 0 priority 7'
  config '.process.scheduler = { policy: "SCHED_RR", priority: 3 }'
  run_config
  assert_contains 'policy 2 flags 0 nice 0 priority 3'
}

@test "scheduler: deadline" {
  bundle deadline
  install_probe
  config '.process.args = ["probe", "sched"]
    | .process.scheduler = { policy: "SCHED_DEADLINE", runtime: 1000000, deadline: 20000000, period: 50000000 }'
  chrt -d -T 1000000 -D 20000000 -P 50000000 0 true 2> /dev/null || skip "no deadline scheduling here"
  run_config
  assert_output 'policy 6 flags 0 nice 0 priority 0 runtime 1000000 deadline 20000000 period 50000000'
  # the kernel refuses it to who is bound to some CPUs
  local all=$output
  run taskset -c 0 "$BERTH" --root "$BATS_TEST_TMPDIR/state" run --bundle "$bundle" deadline 3>&-
  assert_output "$all"
}

@test "scheduler: what cannot be is an error" {
  bundle badsched
  config '.process.scheduler = { policy: "SCHED_ISO" }'
  refused /process/scheduler
  config '.process.scheduler = { policy: "SCHED_BOGUS" }'
  refused /process/scheduler/policy SCHED_BOGUS
  config '.process.scheduler = { policy: "SCHED_DEADLINE", runtime: 100, deadline: 50, period: 10 }'
  refused /process/scheduler
  config '.process.scheduler = { policy: "SCHED_OTHER", priority: 5 }'
  refused /process/scheduler
}

@test "ioPriority" {
  bundle ioprio
  install_probe
  config '.process.args = ["probe", "ioprio"]'
  local class want
  while read -r class want; do
    config '.process.ioPriority = { class: "IOPRIO_CLASS_\($c)", priority: 3 }' --arg c "$class"
    run_config
    assert_output "class $want priority 3"
  done <<< $'RT 1\nBE 2\nIDLE 3'
  config '.process.ioPriority = { class: "IOPRIO_CLASS_BE", priority: 8 }'
  refused /process/ioPriority/priority 8
}

@test "what the caller is bound to does not bind the container" {
  grep -q $'^Cpus_allowed_list:\t0-' /proc/self/status || skip "needs two processors"
  bundle affinity
  script 'grep Cpus_allowed_list /proc/self/status; sleep 1000'
  taskset -c 0 "$BERTH" --root "$BATS_TEST_TMPDIR/state" run --detach --bundle "$bundle" affinity < /dev/null > "$BATS_TEST_TMPDIR/affinity.log" 2>&1 3>&-
  wait_until grep -q Cpus "$BATS_TEST_TMPDIR/affinity.log"
  assert_equal "$(cat "$BATS_TEST_TMPDIR/affinity.log")" "$(grep Cpus_allowed_list /proc/self/status)"
  run taskset -c 0 "$BERTH" --root "$BATS_TEST_TMPDIR/state" exec affinity grep Cpus_allowed_list /proc/self/status
  assert_output "$(grep Cpus_allowed_list /proc/self/status)"
}

@test "berth and hooks keep the caller's processors" {
  bundle affinity
  config '.process.args = ["true"] | .hooks = ({path: "/bin/sh", args: ["sh", "-c", $text], env: ["PATH=/bin:/usr/bin"]} |
    {createRuntime: [.], poststart: [.], poststop: [.]})' \
    --arg text "grep -h Cpus_allowed_list /proc/self/status /proc/\$PPID/status >> $BATS_TEST_TMPDIR/seen"
  local cpus
  for cpus in "$(sed -n 's/^Cpus_allowed_list:\t//p' /proc/self/status)" 0; do
    rm -f "$BATS_TEST_TMPDIR/seen"
    run taskset -c "$cpus" "$BERTH" --root "$BATS_TEST_TMPDIR/state" run --bundle "$bundle" affinity
    assert_success
    run taskset -c "$cpus" grep Cpus_allowed_list /proc/self/status
    assert_equal "$(sort "$BATS_TEST_TMPDIR/seen" | uniq -c | tr -s ' ')" " 6 $output"
  done
}

@test "execCPUAffinity is for exec, not for init" {
  bundle affinity
  local all
  all=$(awk '/^Cpus_allowed_list/ { print $2 }' /proc/self/status)
  [[ $all = 0-* ]] || skip "needs two processors"
  config '.process.execCPUAffinity = { initial: "0", final: "1" }'
  script 'grep Cpus_allowed_list /proc/self/status; sleep 1000'
  start_new affinity
  wait_until grep -q Cpus "$BATS_TEST_TMPDIR/affinity.log"
  assert_equal "$(cat "$BATS_TEST_TMPDIR/affinity.log")" $'Cpus_allowed_list:\t'"$all"
  run berth exec affinity grep Cpus_allowed_list /proc/self/status
  assert_output $'Cpus_allowed_list:\t1'
  delete_all affinity
  config '.process.execCPUAffinity = { initial: "0" }'
  start_new affinity
  run berth exec affinity grep Cpus_allowed_list /proc/self/status
  assert_success
  delete_all affinity
  config '.process.execCPUAffinity = { final: "4000" }'
  start_new affinity
  run berth exec affinity true
  assert_equal "$status" 255
  assert_contains '/process/execCPUAffinity/final: 4000'
}

@test "personality" {
  bundle personality
  install_probe
  script 'uname -m; probe personality'
  config '.linux.personality = { domain: "LINUX32" }'
  run_config
  if [[ $(uname -m) = x86_64 ]]; then assert_line i686; fi
  assert_line 'personality 0x8'
  config '.linux.personality = { domain: "LINUX" }'
  run_config
  assert_output "$(uname -m)"$'\npersonality 0'
  config '.linux.personality = { domain: "LINUX", flags: ["ADDR_NO_RANDOMIZE"] }'
  refused /linux/personality/flags
  config '.linux.personality = { domain: "BOGUS" }'
  refused /linux/personality/domain BOGUS
}

@test "memoryPolicy" {
  bundle mempolicy
  install_probe
  config '.process.args = ["probe", "mempolicy"] | .linux.memoryPolicy = { mode: "MPOL_BIND", nodes: "0" }'
  run_config
  assert_output 'mode 2 nodes 0x1'
  config '.linux.memoryPolicy = { mode: "MPOL_BIND", nodes: "900" }'
  refused /linux/memoryPolicy
}

@test "labels of a security module that is not there are errors" {
  bundle labels
  if [[ ! -d /sys/fs/selinux/booleans ]]; then
    config '.process.selinuxLabel = "system_u:system_r:container_t:s0"'
    refused selinuxLabel SELinux
    config 'del(.process.selinuxLabel) | .linux.mountLabel = "system_u:object_r:container_file_t:s0"'
    refused /linux/mountLabel SELinux
    config 'del(.linux.mountLabel)'
  fi
  config '.process.apparmorProfile = "berth-test-missing"'
  refused apparmorProfile
}

@test "the workload starts as a fresh process: no descriptors, signals or session of the runtime's" {
  bundle fresh
  install_probe
  run_inside 'probe fds; probe signals; cut -d" " -f1,5-8 /proc/1/stat; grep -E "^(PPid|TracerPid)" /proc/1/status'
  assert_success
  assert_equal "$(grep -c '^fd ' <<< "$output")" 3
  refute_contains blocked
  refute_contains ignored
  assert_line '1 1 1 0 -1'
  assert_line $'PPid:\t0'
  assert_line $'TracerPid:\t0'
  # A caller with open descriptors and odd signals.
  run bash -c 'exec 7< /etc/passwd 9< /; trap "" USR1; exec "$@"' bash "$BERTH" --root "$BATS_TEST_TMPDIR/state" run --bundle "$bundle" fresh 3>&-
  assert_equal "$(grep -c '^fd ' <<< "$output")" 3
  refute_contains blocked
}

@test "--preserve-fds" {
  bundle preserve
  install_probe
  echo content > "$BATS_TEST_TMPDIR/four"
  config '.process.args = ["sh", "-c", "probe fds; cat <&4"]'
  run bash -c 'exec 3< /dev/null 4< "$0" 5< /dev/zero; exec "$@"' "$BATS_TEST_TMPDIR/four" "$BERTH" \
    --root "$BATS_TEST_TMPDIR/state" run --preserve-fds 2 --bundle "$bundle" preserve
  assert_success
  assert_equal "$(sed -nE 's/^fd ([0-9]+).*/\1/p' <<< "$output" | sort -n | xargs)" '0 1 2 3 4'
  assert_line content
  # What the caller does not have does not come from the runtime.
  run bash -c 'exec 3>&- 4>&-; exec "$@"' bash "$BERTH" --root "$BATS_TEST_TMPDIR/state" run --preserve-fds 2 --bundle "$bundle" preserve
  assert_equal "$(sed -nE 's/^fd ([0-9]+).*/\1/p' <<< "$output" | sort -n | xargs)" '0 1 2'
}

@test "stdio goes straight through" {
  bundle stdio
  config '.process.args = ["sh", "-c", "tr a-z A-Z; echo err >&2"]'
  head -c 3000000 /dev/urandom | base64 > "$BATS_TEST_TMPDIR/in"
  berth run --bundle "$bundle" stdio < "$BATS_TEST_TMPDIR/in" > "$BATS_TEST_TMPDIR/out" 2> "$BATS_TEST_TMPDIR/err"
  cmp <(tr '[:lower:]' '[:upper:]' < "$BATS_TEST_TMPDIR/in") "$BATS_TEST_TMPDIR/out"
  assert_equal "$(< "$BATS_TEST_TMPDIR/err")" err
  args readlink /proc/self/fd/1
  run bash -c '"$@" | cat' bash "$BERTH" --root "$BATS_TEST_TMPDIR/state" run --bundle "$bundle" stdio 3>&-
  assert_contains pipe:
}

@test "a user other than root can open its standard streams again" {
  bundle reopen
  config '.process.user = { uid: 1000, gid: 1000 } | .process.args = ["sh", "-c", "echo out > /dev/stdout; echo err > /dev/stderr"]'
  berth run --bundle "$bundle" reopen > "$BATS_TEST_TMPDIR/out" 2> "$BATS_TEST_TMPDIR/err"
  assert_equal "$(< "$BATS_TEST_TMPDIR/out")" out
  assert_equal "$(< "$BATS_TEST_TMPDIR/err")" err
  berth run --bundle "$bundle" reopen 2> /dev/null | { read -r line; assert_equal "$line" out; }
}

@test "run gives the workload's exit code, 128 + n for a signal" {
  bundle codes
  for code in 0 1 42 126 255; do
    script "exit $code"
    run_config
    assert_equal "$status" "$code"
  done
  script 'echo up; exec sleep 1000'
  berth_background run --bundle "$bundle" codes < /dev/null > "$BATS_TEST_TMPDIR/out"
  wait_until grep -qx up "$BATS_TEST_TMPDIR/out"
  berth kill codes KILL
  status=0
  wait $! || status=$?
  assert_equal "$status" 137
  script 'trap "exit 9" TERM; kill -TERM $$'
  run_config
  assert_equal "$status" 9
}

@test "run passes signals on" {
  bundle signals
  script 'trap "echo got TERM; exit 3" TERM; trap "echo got USR1" USR1; echo ready; while :; do sleep 0.05; done'
  berth_background run --bundle "$bundle" signals < /dev/null > "$BATS_TEST_TMPDIR/out" 2>&1
  wait_until grep -q ready "$BATS_TEST_TMPDIR/out"
  kill -USR1 $!
  wait_until grep -q USR1 "$BATS_TEST_TMPDIR/out"
  kill -TERM $!
  status=0
  wait $! || status=$?
  assert_equal "$status" 3
  assert_equal "$(< "$BATS_TEST_TMPDIR/out")" $'ready\ngot USR1\ngot TERM'
}

on_terminal() { # ARG...: berth run on a terminal of 24 rows and 80 columns
  python3 "$top/tests/lib/on_terminal.py" 24x80 -- "$BERTH" --root "$BATS_TEST_TMPDIR/state" run --bundle "$bundle" "$@" 3>&-
}

@test "terminal: the controlling one, the user's, and the same as /dev/console" {
  bundle tty
  config '.process.terminal = true | .process.user = { uid: 1000, gid: 1000 }'
  script 'tty; stat -c "%F %t %T" /dev/console /dev/pts/0; stat -c "%u %g %a" /dev/pts/0; echo to tty > /dev/tty
    cut -d" " -f1,5-7 /proc/self/stat; ls /dev/pts | xargs; grep -c " /dev/console " /proc/self/mountinfo; [ -t 0 ] && [ -t 1 ] && [ -t 2 ] && echo all three'
  run on_terminal tty
  assert_success
  assert_line /dev/pts/0
  assert_matches '1 1 34816' # process group, session, 136:0
  assert_equal "$(grep -c '^character special file 88 0$' <<< "$output")" 2 # 136:0
  assert_line '1000 5 620'
  assert_line 'to tty'
  assert_line '0 ptmx'
  assert_line 1
  assert_line 'all three'
}

@test "terminal: in a user namespace" {
  bundle usertty
  config '.process.terminal = true | .linux.namespaces += [{ type: "user" }]
    | .linux.uidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }] | .linux.gidMappings = .linux.uidMappings'
  script 'tty; stat -c "%u %g" /dev/pts/0; echo to tty > /dev/tty; stty size'
  run on_terminal usertty
  assert_success
  assert_line '0 5'
  assert_line 'to tty'
  assert_line '24 80'
}

@test "terminal: not without a devpts, and consoleSize means nothing without a terminal" {
  bundle notty
  config '.process.terminal = true | .mounts |= map(select(.destination != "/dev/pts"))'
  refused /dev/pts devpts
  config '.process.terminal = false | .process.consoleSize = { height: 10, width: 20 }'
  run_inside '[ -t 1 ] || echo none; ls /dev/console'
  assert_contains none
  assert_contains 'No such file'
}
