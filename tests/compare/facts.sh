#!/bin/sh
# Runs in a container: what the kernel says of the process and of what is around it, a fact a line, in an order of its own.
grep -E '^(Uid|Gid|Groups|Cap|NoNewPrivs|Seccomp:|Umask)' /proc/self/status | tr '\t' ' ' | sed 's/^/status /'
sed -nE 's/^(Max [a-z ]+[a-z]) +([0-9u][^ ]*) +([0-9u][^ ]*).*/limit \1: \2 \3/p' /proc/self/limits
awk '{ tags = ""; for (i = 7; $i != "-"; i++) { sub(/:.*/, "", $i); tags = tags " " $i }
  super = $(i + 3); gsub(/,?(size|nr_inodes|inode64|lowerdir|upperdir|workdir)=?[^,]*/, "", super)
  print "mount " $5 " " $6 " " $(i + 1) " " super tags }' /proc/self/mountinfo | sort
for f in /dev/* /dev/pts/ptmx; do
  if [ -L "$f" ]; then echo "link $f $(readlink "$f")"; else stat -c 'dev %n %F %a %u:%g %t:%T' "$f"; fi
done
echo "hostname $(hostname)"
echo "cwd $(pwd)"
env | grep -vE '^(PWD|SHLVL|OLDPWD)=' | sort | sed 's/^/env /'
echo "umask $(umask)"
echo "oom_score_adj $(cat /proc/self/oom_score_adj)"
echo "personality $(uname -m)"
for fd in /proc/self/fd/*; do [ -e "$fd" ] && echo "fd ${fd##*/}"; done | sort -u
echo "session $(cut -d' ' -f6 /proc/self/stat) of $(cut -d' ' -f5 /proc/self/stat)"
sed -nE 's/^Sig(Blk|Ign|Cgt):\t/signals \1 /p' /proc/self/status
for key in kernel/domainname net/ipv4/ping_group_range net/ipv4/ip_unprivileged_port_start kernel/shmmax; do
  [ -e /proc/sys/$key ] && echo "sysctl $key $(cat /proc/sys/$key)"
done
for f in /proc/kcore /proc/keys /proc/timer_list /proc/interrupts /sys/firmware /proc/acpi; do
  if [ -d $f ]; then
    echo "read $f $(find $f | wc -l) entries"
  elif [ -e $f ]; then
    echo "read $f $(head -c 8 $f 2> /dev/null | wc -c) bytes"
  fi
done
touch /.written 2> /dev/null && echo "root writable" || echo "root read-only"
rm -f /.written
echo "cgroup $(sed -n 's/^0:://p' /proc/self/cgroup)"
ip -o link 2> /dev/null | sed -nE 's/^[0-9]+: ([^:]*): (<[^>]*>).*/link-state \1 \2/p'
