/* events: what a container uses, and when it runs out of memory. */
#include "cli/commands.h"

#include "base/error.h"
#include "base/fd.h"
#include "cli/stats_json.h"
#include "cli/units.h"
#include "oci/json.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define SECOND UINT64_C(1000000000)

/* What is printed must arrive: a reader of lines may be waiting, and one that has gone ends the stream. */
static int print_line(const char *line)
{
	puts(line);
	return fflush(stdout) == 0 && !ferror(stdout) ? 0 : fail(errno, "write to standard output");
}

static int print_oom(const char *id)
{
	struct arena _cleanup_arena_ arena = { 0 };
	struct json *json = json_new(&arena, false);

	json_object(json);
	json_pair_string(json, "type", "oom");
	json_pair_string(json, "id", id);
	json_object_end(json);
	return print_line(json_finish(json));
}

static int print_stats(struct call *call)
{
	struct cgroup_stats stats;
	int r = container_stats(&call->runtime, call_id(call), &call->arena, &stats);

	return r < 0 ? r : print_line(stats_json(call_id(call), &stats, &call->arena));
}

/* --- the stream ------------------------------------------------------------------------------------------------------ */

struct stream {
	const char *id;
	struct container_watch watch;
	int timer;
	uint64_t oom_kills;  /* that have been told */
};

static int open_timer(uint64_t interval)
{
	struct timespec every = { .tv_sec = (time_t)(interval / SECOND), .tv_nsec = (long)(interval % SECOND) };
	struct itimerspec setting = { .it_interval = every, .it_value = every };
	_cleanup_fd_ int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);

	if (timer < 0 || timerfd_settime(timer, 0, &setting, NULL) < 0)
		return fail(errno, "timer");
	return steal_fd(&timer);
}

/* The timer's turns that have passed are one: late statistics are no better when they are printed twice. */
static int take_turn(int timer)
{
	uint64_t turns;
	ssize_t n = read(timer, &turns, sizeof turns);

	return n < 0 && errno != EAGAIN ? fail(errno, "timer") : n == sizeof turns;
}

/* One look at the container: kills that are new, and statistics when they are due. */
static int look(struct stream *stream, bool due)
{
	struct arena _cleanup_arena_ arena = { 0 };
	struct cgroup_stats stats;
	int r = container_watch_stats(&stream->watch, &arena, &stats);

	if (r < 0)
		return r;
	if (stats.memory.oom_kills > stream->oom_kills) {
		stream->oom_kills = stats.memory.oom_kills;
		r = print_oom(stream->id);
	}
	return r >= 0 && due ? print_line(stats_json(stream->id, &stats, &arena)) : r;
}

/* Wait for something to happen. Returns 1 when the container has ended, 0 when not. */
static int step(struct stream *stream)
{
	struct pollfd fds[] = {
		{ .fd = stream->watch.init.fd, .events = POLLIN },
		{ .fd = stream->watch.changes, .events = POLLIN },
		{ .fd = stream->timer, .events = POLLIN },
	};

	if (poll(fds, sizeof fds / sizeof *fds, -1) < 0)
		return errno == EINTR ? 0 : fail(errno, "wait for events");
	bool ended = fds[0].revents != 0;
	int r = fds[1].revents ? cgroup_watch_drain(stream->watch.changes) : 0;
	int due = r >= 0 && fds[2].revents ? take_turn(stream->timer) : r;

	r = due < 0 ? due : look(stream, due > 0 && !ended);
	/* The container may be removed before we come to look. */
	if (r == -ENOENT)
		return 1;
	return r < 0 ? r : ended;
}

static int begin(struct stream *stream, const struct runtime *runtime, uint64_t interval)
{
	struct arena _cleanup_arena_ arena = { 0 };
	struct cgroup_stats stats;
	int r = container_watch(&stream->watch, runtime, stream->id);

	if (r >= 0)
		r = container_watch_stats(&stream->watch, &arena, &stats);
	if (r < 0)
		return r;
	stream->oom_kills = stats.memory.oom_kills;
	stream->timer = open_timer(interval);
	return stream->timer;
}

static int run_stream(struct call *call, uint64_t interval)
{
	struct stream stream = { .id = call_id(call), .timer = -1 };
	int r = begin(&stream, &call->runtime, interval);

	if (r >= 0)
		do
			r = step(&stream);
		while (r == 0);
	close_fd(&stream.timer);
	container_watch_close(&stream.watch);
	return r < 0 ? r : 0;
}

static int run_events(struct call *call)
{
	uint64_t interval = 5 * SECOND;

	if (call->interval && units_parse_duration(call->interval, &interval) < 0)
		return refuse(EINVAL, "--interval %s: must be a duration of more than 0, such as 500ms, 5s or 1m30s", call->interval);
	return call->stats ? print_stats(call) : run_stream(call, interval);
}

static const struct option events_options[] = {
	{ "interval", 0, OPTION_TEXT, AT(interval), "DURATION", "time between statistics (default: 5s)" },
	{ "stats", 0, OPTION_FLAG, AT(stats), NULL, "print statistics once" },
	{ 0 },
};

const struct command command_events = {
	.name = "events",
	.group = GROUP_LOOK,
	.arguments = "ID",
	.min_arguments = 1,
	.max_arguments = 1,
	.summary = "print what a container uses, and when it runs out of memory",
	.description = "Print what a container uses, and when a process of it is killed because memory ran out, as JSON, an\n"
	               "object a line, until the container ends.",
	.options = events_options,
	.run = run_events,
};
