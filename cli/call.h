/*
 * One call of the program: every value that a command line can set. Commands share the names, so there is one struct for all.
 */
#pragma once

#include "base/arena.h"
#include "oci/spec.h"
#include "runtime/container.h"

#include <stdbool.h>

/* Positions of the words in the tables' "a|b|c". */
enum cgroups_mode_choice { MODE_SOFT, MODE_FULL, MODE_STRICT, MODE_IGNORE };
enum network_lock_choice { LOCK_DEFAULT, LOCK_IPTABLES, LOCK_NFTABLES, LOCK_SKIP };
enum format_choice { FORMAT_TABLE, FORMAT_JSON };

struct call {
	struct arena arena;
	struct strings arguments;
	struct runtime runtime;  /* made from the global options */

	/* global */
	bool help, version, debug, systemd_cgroup;
	const char *root, *log, *trace, *criu_program;
	int log_format;      /* enum log_format */
	int log_level;       /* enum log_level */
	int rootless;        /* enum rootless */
	int cgroup_manager;  /* enum cgroup_manager */

	/* create, run, exec */
	const char *bundle, *console_socket, *pidfd_socket, *pid_file;
	unsigned preserve_fds;
	bool no_pivot, no_new_keyring, no_subreaper, subreaper, detach, keep;

	/* exec */
	const char *cwd, *user, *process, *apparmor, *process_label, *cgroup;
	struct strings env, additional_gids, capabilities;
	struct opt_bool tty, no_new_privs;
	bool ignore_paused;

	/* kill, delete, list, ps, spec */
	bool all, force, regex, quiet, rootless_spec;
	int signal;

	/* update: texts, as they were given */
	struct {
		const char *resources, *memory, *memory_reservation, *memory_swap, *kernel_memory, *kernel_memory_tcp;
		const char *cpu_share, *cpu_quota, *cpu_period, *cpu_burst, *cpu_idle, *cpu_rt_period, *cpu_rt_runtime;
		const char *cpuset_cpus, *cpuset_mems, *pids_limit, *blkio_weight, *l3_cache_schema, *mem_bw_schema;
		const char *net_egress, *net_ingress;
	} update;

	/* checkpoint, restore */
	struct {
		const char *image_path, *work_path, *parent_path, *page_server, *lsm_profile, *lsm_mount_context;
		struct strings empty_ns;
		unsigned status_fd;
		int cgroups_mode;  /* enum cgroups_mode_choice */
		int network_lock;  /* enum network_lock_choice */
		bool leave_running, pre_dump, tcp_established, tcp_skip_in_flight, tcp_close, link_remap, ext_unix_sk;
		bool shell_job, file_locks, lazy_pages, auto_dedup;
	} criu;

	/* events, top */
	const char *interval;
	bool stats, once;

	int late_close;      /* see struct runtime */
	uint64_t ignored_signals;  /* by the caller (cli/signals.h) */
	int format;          /* enum format_choice */
	const char *file;
};
