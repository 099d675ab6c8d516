#!/bin/sh
# Runs in a container: what the kernel says of the process and of what is around it, a fact a line: subject, tab, value. /host-ns has the
# namespaces of the caller; /bin/probe is tests/runtime/probe.c.
tab=$(printf '\t')
fact() { printf '%s\t%s\n' "$1" "$2"; }

# GNU make leaves signals 32 and 33 ignored in what it starts, as tests may be; the peers pass that on.
grep -E '^(Uid|Gid|Groups|Cap...|NoNewPrivs|Seccomp|Seccomp_filters|Umask|TracerPid|Threads|Sig(Blk|Ign|Cgt)|Cpus_allowed_list|Speculation_[A-Za-z_]*):' \
  /proc/self/status | sed -E "s/^(SigIgn:[[:space:]]*)0000000[01]8/\1000000000/; s/^([^:]*):[[:space:]]*/status \1$tab/; s/[[:space:]]+\$//" | tr '\t' '\t'
sed -nE "s/^(Max [a-z ]+[a-z]) +([0-9u][^ ]*) +([0-9u][^ ]*).*/limit \1$tab\2 \3/p" /proc/self/limits
# Of mounts at one place the first is 1. Options of the machine's own file systems, and the paths of bundles, are left out.
awk -v tab="$tab" '{ tags = ""; for (i = 7; $i != "-"; i++) { sub(/:.*/, "", $i); tags = tags " " $i }
  super = $(i + 3); if ($(i + 1) == "devtmpfs" || super !~ /(mode|size|gid|ptmxmode)=/) sub(/,.*/, "", super)
  root = $4; sub(/.*\/(rootfs|sources)/, "", root)
  print "mount " $5 " " ++n[$5] tab $(i + 1) " " root " " $6 " " super tags }' /proc/self/mountinfo
for f in /dev/* /dev/pts/* /dev/shm/* /dev/mqueue/*; do
  if [ -L "$f" ]; then fact "dev $f" "-> $(readlink "$f")"; elif [ -e "$f" ]; then fact "dev $f" "$(stat -c '%F %a %u:%g %t:%T' "$f")"; fi
done
for f in / /proc /sys /tmp /etc /sys/fs/cgroup; do fact "owner $f" "$(stat -c '%F %a %u:%g' "$f" 2>&1)"; done
fact hostname "$(hostname)"
fact machine "$(uname -m)"
fact cwd "$(pwd)"
fact args "$(tr '\0' ' ' < /proc/$$/cmdline)"
tr '\0' '\n' < /proc/$$/environ | sed -E "s/^([^=]*)=(.*)/env \1$tab\2/"
fact umask "$(umask)"
fact oom_score_adj "$(cat /proc/self/oom_score_adj)"
for view in sched ioprio personality mempolicy; do fact $view "$(probe $view)"; done
fact keyring "$(probe keyring | sed -E 's/_ses\.[^;]*/_ses.ID/; s/^errno.*/none/')"
probe fds | while read -r _ number _; do fact "fd $number" open; done
fact session "$(awk '{ print ($5 == $1 ? "leads its group" : "in a group") ", " ($6 == $1 ? "leads its session" : "in a session") ", terminal " $7 }' /proc/$$/stat)"
for map in uid_map gid_map setgroups timens_offsets; do fact $map "$(xargs < /proc/self/$map 2> /dev/null)"; done
for type in pid net mnt ipc uts user cgroup time; do
  if grep -qxF "$(readlink /proc/self/ns/$type)" /host-ns; then fact "namespace $type" "the host's"; else fact "namespace $type" own; fi
done
for key in kernel/domainname kernel/msgmax kernel/shmmax kernel/sem fs/mqueue/msg_max net/ipv4/ip_forward net/ipv4/ping_group_range \
  net/ipv4/ip_unprivileged_port_start net/ipv6/conf/all/disable_ipv6; do
  fact "sysctl $key" "$(xargs < /proc/sys/$key 2> /dev/null)"
done
# What is masked, what is read-only
for f in /proc/acpi /proc/asound /proc/bus /proc/fs /proc/interrupts /proc/irq /proc/kcore /proc/keys /proc/latency_stats /proc/sched_debug \
  /proc/scsi /proc/sysrq-trigger /proc/timer_list /proc/timer_stats /sys/firmware /sys/devices/virtual/powercap /masked /masked-file; do
  if [ -d $f ]; then
    fact "content $f" "$([ "$(ls -A $f)" ] && echo something || echo nothing), $(stat -c %F $f)"
  elif [ -e $f ]; then
    fact "content $f" "$(head -c 8 $f 2> /dev/null | wc -c) bytes, $(stat -c '%F %t:%T' $f)"
  else
    fact "content $f" missing
  fi
done
for f in / /dev /dev/shm /sys /sys/fs/cgroup /proc/sys /tmp /readonly; do
  if mkdir $f/.written 2> /dev/null; then rmdir $f/.written; fact "write $f" yes; else fact "write $f" no; fi
done
fact cgroup "$(sed -n 's/^0:://p' /proc/self/cgroup | sed 's/compare-[a-z]*/ID/')"
fact 'cgroup files' "$(find /sys/fs/cgroup -maxdepth 1 -name cgroup.procs 2> /dev/null | wc -l)"
ip -o link 2> /dev/null | sed -nE "s/^[0-9]+: ([^:]*): (<[^>]*>).*/link \1$tab\2/p"
# System calls that do no harm without arguments: mount, unshare, clone3, keyctl, ptrace, bpf, ... and one that there is not
for number in 139 155 163 165 172 175 246 250 272 298 304 310 321 323 425 435 470; do
  fact "system call $number" "$(probe syscall $number 0 0 0 0 0 0)"
done
fact 'unshare user' "$(probe syscall 272 0x10000000)"
fact 'i386 getpid' "$(probe i386 20 | sed 's/ok.*/ok/')"
