# Completion of berth(8) for bash.

_berth_options() {
  case $1 in
    '')
      echo --root --log --log-format --log-level --debug --cgroup-manager --systemd-cgroup --rootless --criu --trace --version -v --help -h
      ;;
    create)
      echo --bundle -b --config -f --console-socket --pidfd-socket --pid-file --preserve-fds --no-pivot --no-new-keyring \
        --no-subreaper --help -h
      ;;
    run)
      echo --bundle -b --config -f --detach -d --keep --console-socket --pidfd-socket --pid-file --preserve-fds --no-pivot \
        --no-new-keyring --subreaper --no-subreaper --help -h
      ;;
    exec)
      echo --tty -t --detach -d --process -p --user -u --additional-gids -g --cwd --env -e --cap -c --no-new-privs \
        --apparmor --process-label --cgroup --ignore-paused --console-socket --pidfd-socket --pid-file --preserve-fds \
        --no-subreaper --help -h
      ;;
    kill) echo --all -a --regex -r --help -h ;;
    delete) echo --force -f --regex -r --help -h ;;
    checkpoint)
      echo --image-path --work-path --parent-path --leave-running --pre-dump --tcp-established --tcp-skip-in-flight --link-remap \
        --ext-unix-sk --shell-job --file-locks --lazy-pages --status-fd --page-server --manage-cgroups-mode --empty-ns \
        --auto-dedup --network-lock --help -h
      ;;
    restore)
      echo --bundle -b --image-path --work-path --detach -d --console-socket --pid-file --tcp-established --tcp-close \
        --ext-unix-sk --shell-job --file-locks --lazy-pages --manage-cgroups-mode --empty-ns --auto-dedup --network-lock \
        --lsm-profile --lsm-mount-context --no-subreaper --no-pivot --help -h
      ;;
    update)
      echo --resources -r --memory --memory-reservation --memory-swap --cpu-quota --cpu-period --cpu-burst --cpu-share \
        --cpu-idle --cpuset-cpus --cpuset-mems --pids-limit --blkio-weight --net-egress --net-ingress \
        --kernel-memory --kernel-memory-tcp \
        --cpu-rt-period --cpu-rt-runtime --l3-cache-schema --mem-bw-schema --help -h
      ;;
    list) echo --format -f --quiet -q --help -h ;;
    events) echo --interval --stats --help -h ;;
    top) echo --once --format -f --interval --help -h ;;
    ps) echo --format -f --help -h ;;
    spec) echo --bundle -b --file -f --rootless --help -h ;;
    *) echo --help -h ;;
  esac
}

# Whether the next word is the value of option $2 of command $1.
_berth_takes_value() {
  case $1:$2 in
    :--root | :--log | :--log-format | :--log-level | :--cgroup-manager | :--rootless | :--criu | :--trace) ;;
    create:--bundle | create:-b | run:--bundle | run:-b | spec:--bundle | spec:-b | spec:--file | spec:-f) ;;
    create:--config | create:-f | run:--config | run:-f) ;;
    *:--console-socket | *:--pidfd-socket | *:--pid-file | *:--preserve-fds) ;;
    restore:--bundle | restore:-b | *:--image-path | *:--work-path | *:--parent-path | *:--manage-cgroups-mode | *:--empty-ns) ;;
    *:--network-lock | *:--status-fd | *:--page-server | *:--lsm-profile | *:--lsm-mount-context) ;;
    exec:--process | exec:-p | exec:--user | exec:-u | exec:--additional-gids | exec:-g | exec:--cwd | exec:--env | exec:-e) ;;
    exec:--cap | exec:-c | exec:--apparmor | exec:--process-label | exec:--cgroup) ;;
    list:--format | list:-f | ps:--format | ps:-f | top:--format | top:-f) ;;
    update:--help | update:-h) return 1 ;;
    update:-* | events:--interval | top:--interval) ;;
    *) return 1 ;;
  esac
}

_berth_value() { # COMMAND OPTION CURRENT
  case $1:$2 in
    :--root | *:--bundle | create:-b | run:-b | spec:-b | restore:-b | *:--image-path | *:--work-path) compgen -d -- "$3" ;;
    :--log-format) compgen -W "text json" -- "$3" ;;
    :--log-level) compgen -W "debug info warning error" -- "$3" ;;
    :--cgroup-manager) compgen -W "cgroupfs systemd disabled" -- "$3" ;;
    :--rootless) compgen -W "auto true false" -- "$3" ;;
    *:--manage-cgroups-mode) compgen -W "soft full strict ignore" -- "$3" ;;
    *:--network-lock) compgen -W "default iptables nftables skip" -- "$3" ;;
    *:--empty-ns) compgen -W "network" -- "$3" ;;
    *:--interval | *:--parent-path | *:--status-fd | *:--page-server | *:--lsm-profile | *:--lsm-mount-context) ;;
    list:* | ps:* | top:*) compgen -W "table json" -- "$3" ;;
    update:--resources | update:-r) compgen -f -- "$3" ;;
    update:--cpu-idle) compgen -W "0 1" -- "$3" ;;
    update:*) ;;
    *:--preserve-fds | exec:--user | exec:-u | exec:--additional-gids | exec:-g | exec:--env | exec:-e) ;;
    exec:--cwd | exec:--cap | exec:-c | exec:--apparmor | exec:--process-label | exec:--cgroup) ;;
    *) compgen -f -- "$3" ;;
  esac
}

_berth_arguments() { # COMMAND POSITION CURRENT
  case $1:$2 in
    :*) compgen -W "create start run kill delete checkpoint restore exec ps pause resume update mounts list state events top spec features help" -- "$3" ;;
    help:0) compgen -W "create start run kill delete checkpoint restore exec ps pause resume update mounts list state events top spec features" -- "$3" ;;
    kill:1) compgen -W "HUP INT QUIT KILL USR1 USR2 TERM CONT STOP WINCH" -- "$3" ;;
    mounts:0) compgen -W "add remove" -- "$3" ;;
    mounts:1) compgen -W "$("${berth[@]}" list --quiet 2> /dev/null)" -- "$3" ;;
    mounts:2) compgen -f -- "$3" ;;
    create:* | run:* | restore:* | list:* | spec:* | features:*) ;;
    *:0 | top:*) compgen -W "$("${berth[@]}" list --quiet 2> /dev/null)" -- "$3" ;;
  esac
}

_berth() {
  local current=${COMP_WORDS[COMP_CWORD]} command='' position=0 option='' i word
  # How berth is called here, to ask for ids of the same state directory.
  local berth=("${COMP_WORDS[0]}")
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    if [[ $option ]]; then
      if [[ $option = --root && ! $command ]]; then berth+=(--root "$word"); fi
      option=''
    elif [[ $word = -* ]]; then
      if _berth_takes_value "$command" "$word"; then option=$word; fi
    elif [[ ! $command ]]; then
      command=$word
    else
      ((++position))
    fi
  done
  if [[ $option ]]; then
    mapfile -t COMPREPLY < <(_berth_value "$command" "$option" "$current")
    compopt -o filenames
  elif [[ $current = -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$(_berth_options "$command")" -- "$current")
  else
    mapfile -t COMPREPLY < <(_berth_arguments "$command" "$position" "$current")
  fi
}

complete -F _berth berth
