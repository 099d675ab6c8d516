# Completion of berth(8) for fish.

function __berth_ids
    # Those of the state directory that the command line names.
    set -l words (commandline -opc)
    set -l root
    for i in (seq 2 (count $words))
        test "$words[$i]" = --root; and set root --root $words[(math $i + 1)]
    end
    berth $root list --quiet 2>/dev/null
end

set -l commands create start run kill delete checkpoint restore exec ps pause resume update mounts list state events top spec features help

complete -c berth -f
complete -c berth -s h -l help -d 'Show help'

set -l global "not __fish_seen_subcommand_from $commands"
complete -c berth -n $global -s v -l version -d 'Print the version'
complete -c berth -n $global -l root -r -F -d 'Directory for the state of containers'
complete -c berth -n $global -l log -r -F -d 'Append messages to this file'
complete -c berth -n $global -l log-format -x -a 'text json' -d 'Form of messages'
complete -c berth -n $global -l log-level -x -a 'debug info warning error' -d 'Least level of messages'
complete -c berth -n $global -l debug -d 'Debug messages too'
complete -c berth -n $global -l trace -r -F -d 'Append a trace of the phases'
complete -c berth -n $global -l cgroup-manager -x -a 'cgroupfs systemd disabled' -d 'Who makes cgroups'
complete -c berth -n $global -l systemd-cgroup -d 'Cgroups by systemd'
complete -c berth -n $global -l rootless -x -a 'auto true false' -d 'Do without cgroups'
complete -c berth -n $global -l criu -r -d 'Without effect'
complete -c berth -n $global -a create -d 'Create a container from a bundle'
complete -c berth -n $global -a start -d 'Start the process of a created container'
complete -c berth -n $global -a run -d 'Create, start and wait for a container'
complete -c berth -n $global -a kill -d 'Send a signal to a container'
complete -c berth -n $global -a delete -d 'Remove a stopped container'
complete -c berth -n $global -a checkpoint -d 'Write a running container to files'
complete -c berth -n $global -a restore -d 'Make a container from such files again'
complete -c berth -n $global -a exec -d 'Run a command in a container'
complete -c berth -n $global -a ps -d 'List the processes of a container'
complete -c berth -n $global -a pause -d 'Freeze all processes of a container'
complete -c berth -n $global -a resume -d 'Let a paused container run on'
complete -c berth -n $global -a update -d 'Change the limits of a container'
complete -c berth -n $global -a mounts -d 'Add mounts to a running container, or remove them'
complete -c berth -n $global -a list -d 'List containers'
complete -c berth -n $global -a state -d 'Print the state of a container'
complete -c berth -n $global -a events -d 'Print what a container uses'
complete -c berth -n $global -a top -d 'Show what containers use'
complete -c berth -n $global -a spec -d 'Write a configuration to begin with'
complete -c berth -n $global -a features -d 'Print what this runtime supports'
complete -c berth -n $global -a help -d 'Show help'

complete -c berth -n '__fish_seen_subcommand_from start kill delete checkpoint exec ps pause resume update state events top' -a '(__berth_ids)'
complete -c berth -n '__fish_seen_subcommand_from mounts; and not __fish_seen_subcommand_from add remove' -a 'add remove'
complete -c berth -n '__fish_seen_subcommand_from mounts; and __fish_seen_subcommand_from add remove' -F -a '(__berth_ids)'
complete -c berth -n '__fish_seen_subcommand_from help' -a "$commands"

complete -c berth -n '__fish_seen_subcommand_from create run restore spec' -s b -l bundle -r -F -d 'Bundle directory'
complete -c berth -n '__fish_seen_subcommand_from create run restore exec' -l console-socket -r -F -d 'Send the terminal to this socket'
complete -c berth -n '__fish_seen_subcommand_from create run exec' -l pidfd-socket -r -F -d 'Send a pidfd to this socket'
complete -c berth -n '__fish_seen_subcommand_from create run restore exec' -l pid-file -r -F -d 'Write the pid'
complete -c berth -n '__fish_seen_subcommand_from create run exec' -l preserve-fds -x -d 'Pass descriptors'
complete -c berth -n '__fish_seen_subcommand_from create run restore exec' -l no-subreaper -d 'Be no subreaper'
complete -c berth -n '__fish_seen_subcommand_from create run' -s f -l config -r -F -d "Configuration, if not the bundle's"
complete -c berth -n '__fish_seen_subcommand_from create run restore' -l no-pivot -d 'Chroot instead of pivot_root'
complete -c berth -n '__fish_seen_subcommand_from create run' -l no-new-keyring -d "Keep the caller's session keyring"
complete -c berth -n '__fish_seen_subcommand_from run restore exec' -s d -l detach -d 'Return once it runs'
complete -c berth -n '__fish_seen_subcommand_from run' -l keep -d 'Do not delete it at the end'
complete -c berth -n '__fish_seen_subcommand_from run' -l subreaper -d 'Reap what the container leaves behind'

complete -c berth -n '__fish_seen_subcommand_from checkpoint restore' -l image-path -r -F -d 'Directory of the image files'
complete -c berth -n '__fish_seen_subcommand_from checkpoint restore' -l work-path -r -F -d 'Directory of the log'
complete -c berth -n '__fish_seen_subcommand_from checkpoint restore' -l tcp-established -d 'Keep open TCP connections'
complete -c berth -n '__fish_seen_subcommand_from checkpoint restore' -l ext-unix-sk -d 'Unix sockets may lead out'
complete -c berth -n '__fish_seen_subcommand_from checkpoint restore' -l shell-job -d 'It has the terminal of a shell'
complete -c berth -n '__fish_seen_subcommand_from checkpoint restore' -l file-locks -d 'It holds file locks'
complete -c berth -n '__fish_seen_subcommand_from checkpoint restore' -l lazy-pages -d 'Memory when it is asked for'
complete -c berth -n '__fish_seen_subcommand_from checkpoint restore' -l manage-cgroups-mode -x -a 'soft full strict ignore' -d 'What is done about groups that it made'
complete -c berth -n '__fish_seen_subcommand_from checkpoint restore' -l empty-ns -x -a network -d 'Make the namespace only'
complete -c berth -n '__fish_seen_subcommand_from checkpoint restore' -l auto-dedup -d 'Drop what is not needed any more'
complete -c berth -n '__fish_seen_subcommand_from checkpoint restore' -l network-lock -x -a 'default iptables nftables skip' -d 'How packets are held back'
complete -c berth -n '__fish_seen_subcommand_from checkpoint' -l parent-path -r -d 'Images of a pre-dump'
complete -c berth -n '__fish_seen_subcommand_from checkpoint' -l leave-running -d 'The container goes on'
complete -c berth -n '__fish_seen_subcommand_from checkpoint' -l pre-dump -d 'Memory only'
complete -c berth -n '__fish_seen_subcommand_from checkpoint' -l tcp-skip-in-flight -d 'Without connections being made'
complete -c berth -n '__fish_seen_subcommand_from checkpoint' -l link-remap -d 'Link unlinked files again'
complete -c berth -n '__fish_seen_subcommand_from checkpoint' -l status-fd -x -d 'Where to tell that memory can be asked for'
complete -c berth -n '__fish_seen_subcommand_from checkpoint' -l page-server -x -d 'Where memory goes to'
complete -c berth -n '__fish_seen_subcommand_from restore' -l tcp-close -d 'TCP connections come back closed'
complete -c berth -n '__fish_seen_subcommand_from restore' -l lsm-profile -x -d 'Another LSM profile'
complete -c berth -n '__fish_seen_subcommand_from restore' -l lsm-mount-context -x -d 'Another label of mounts'

complete -c berth -n '__fish_seen_subcommand_from exec' -s t -l tty -d 'Give it a terminal'
complete -c berth -n '__fish_seen_subcommand_from exec' -s p -l process -r -F -d 'The process as JSON'
complete -c berth -n '__fish_seen_subcommand_from exec' -s u -l user -x -d 'Numeric ids UID:GID'
complete -c berth -n '__fish_seen_subcommand_from exec' -s g -l additional-gids -x -d 'One more group'
complete -c berth -n '__fish_seen_subcommand_from exec' -l cwd -x -d 'Working directory'
complete -c berth -n '__fish_seen_subcommand_from exec' -s e -l env -x -d 'Set a variable'
complete -c berth -n '__fish_seen_subcommand_from exec' -s c -l cap -x -d 'Add a capability'
complete -c berth -n '__fish_seen_subcommand_from exec' -l no-new-privs -d 'No privileges by setuid programs'
complete -c berth -n '__fish_seen_subcommand_from exec' -l apparmor -x -d 'AppArmor profile'
complete -c berth -n '__fish_seen_subcommand_from exec' -l process-label -x -d 'SELinux label'
complete -c berth -n '__fish_seen_subcommand_from exec' -l cgroup -x -d "Group below the container's"
complete -c berth -n '__fish_seen_subcommand_from exec' -l ignore-paused -d 'Also in a paused container'

complete -c berth -n '__fish_seen_subcommand_from kill' -s a -l all -d 'Every process'
complete -c berth -n '__fish_seen_subcommand_from kill delete' -s r -l regex -d 'ID is a regular expression'
complete -c berth -n '__fish_seen_subcommand_from kill' -a 'HUP INT QUIT KILL USR1 USR2 TERM CONT STOP WINCH'
complete -c berth -n '__fish_seen_subcommand_from delete' -s f -l force -d 'Also if it runs'
complete -c berth -n '__fish_seen_subcommand_from list ps top' -s f -l format -x -a 'table json' -d 'Form of the list'
complete -c berth -n '__fish_seen_subcommand_from list' -s q -l quiet -d 'Only ids'
complete -c berth -n '__fish_seen_subcommand_from spec' -s f -l file -r -d 'File in the bundle'
complete -c berth -n '__fish_seen_subcommand_from spec' -l rootless -d 'For a user without privileges'

complete -c berth -n '__fish_seen_subcommand_from update' -s r -l resources -r -F -d 'Limits as JSON'
complete -c berth -n '__fish_seen_subcommand_from update' -l memory -x -d 'Memory limit'
complete -c berth -n '__fish_seen_subcommand_from update' -l memory-reservation -x -d 'Memory that is kept for it'
complete -c berth -n '__fish_seen_subcommand_from update' -l memory-swap -x -d 'Limit of memory and swap'
complete -c berth -n '__fish_seen_subcommand_from update' -l cpu-quota -x -d 'CPU time in each period'
complete -c berth -n '__fish_seen_subcommand_from update' -l cpu-period -x -d 'Length of a period'
complete -c berth -n '__fish_seen_subcommand_from update' -l cpu-burst -x -d 'CPU time saved up'
complete -c berth -n '__fish_seen_subcommand_from update' -l cpu-share -x -d 'Share of CPU time'
complete -c berth -n '__fish_seen_subcommand_from update' -l cpu-idle -x -a '0 1' -d 'Only CPU time that nobody wants'
complete -c berth -n '__fish_seen_subcommand_from update' -l cpuset-cpus -x -d 'CPUs to use'
complete -c berth -n '__fish_seen_subcommand_from update' -l cpuset-mems -x -d 'Memory nodes to use'
complete -c berth -n '__fish_seen_subcommand_from update' -l pids-limit -x -d 'Most processes and threads'
complete -c berth -n '__fish_seen_subcommand_from update' -l blkio-weight -x -d 'Share of I/O'
complete -c berth -n '__fish_seen_subcommand_from update' -l net-egress -x -d 'Most bits a second sent'
complete -c berth -n '__fish_seen_subcommand_from update' -l net-ingress -x -d 'Most bits a second received'
complete -c berth -n '__fish_seen_subcommand_from update' -l kernel-memory -x -d 'No effect'
complete -c berth -n '__fish_seen_subcommand_from update' -l kernel-memory-tcp -x -d 'No effect'
complete -c berth -n '__fish_seen_subcommand_from update' -l cpu-rt-period -x -d 'Cgroup v1 only'
complete -c berth -n '__fish_seen_subcommand_from update' -l cpu-rt-runtime -x -d 'Cgroup v1 only'
complete -c berth -n '__fish_seen_subcommand_from update' -l l3-cache-schema -x -d 'Intel RDT: cache'
complete -c berth -n '__fish_seen_subcommand_from update' -l mem-bw-schema -x -d 'Intel RDT: memory bandwidth'
complete -c berth -n '__fish_seen_subcommand_from events top' -l interval -x -d 'Time between statistics'
complete -c berth -n '__fish_seen_subcommand_from top' -l once -d 'Print one table and end'
complete -c berth -n '__fish_seen_subcommand_from events' -l stats -d 'Print statistics once'
