/* Signals: their names, and those that a foreground workload is passed. */
#pragma once

/*
 * "TERM", "SIGTERM", "sigterm", "15", "RTMIN+3": its number, or -EINVAL with the record. 0 only asks whether the process is
 * there.
 */
int signal_parse(const char *text);

/*
 * Block what can be passed on and return a signalfd of it. Left out are: what a fault of this program raises; SIGPIPE (blocked:
 * a write fails instead); SIGTTOU (blocked: giving the terminal back its settings must not stop us) and SIGTTIN.
 */
int signal_open_forwarding(void);
