# The test machine is what the other suites take it for.

@test "cgroup v2 alone, with its controllers offered to children" {
  [ "$(stat -f -c %T /sys/fs/cgroup)" = cgroup2fs ]
  for controller in cpu cpuset memory io pids hugetlb; do
    grep -qw "$controller" /sys/fs/cgroup/cgroup.controllers
    grep -qw "$controller" /sys/fs/cgroup/cgroup.subtree_control
  done
  run grep ' cgroup ' /proc/mounts
  [ "$status" -eq 1 ]
}

@test "the kernel that was asked for" {
  [ "$(uname -r)" = "$BERTH_VM_KERNEL" ]
}

@test "systemd is process 1 and answers on the bus" {
  [ "$(cat /proc/1/comm)" = systemd ]
  systemd-run --quiet --wait --property=DynamicUser=no true
}

@test "an unprivileged user gets a delegated cgroup" {
  run as-user cat /proc/self/cgroup
  [ "$status" -eq 0 ]
  [[ $output = 0::/user.slice/user-1000.slice/user@1000.service/*.scope ]]
}

@test "AppArmor is on" {
  [ "$(cat /sys/module/apparmor/parameters/enabled)" = Y ]
}
