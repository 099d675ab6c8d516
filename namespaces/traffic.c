#include "namespaces/traffic.h"

#include "base/fd.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

/* A few thousand devices. */
#define TEXT_MAX ((size_t)1 << 20)

/* "  eth0: BYTES PACKETS ERRS DROP FIFO FRAME COMPRESSED MULTICAST BYTES …": received, then sent. The titles have no colon. */
static void add_line(struct traffic *traffic, const char *line)
{
	const char *name = line + strspn(line, " "), *colon = strpbrk(name, ":\n");
	uint64_t received, sent;

	if (!colon || *colon != ':' || strncmp(name, "lo:", 3) == 0)
		return;
	if (sscanf(colon + 1, "%" SCNu64 " %*u %*u %*u %*u %*u %*u %*u %" SCNu64, &received, &sent) != 2)
		return;
	traffic->received += received;
	traffic->sent += sent;
}

struct traffic traffic_parse(const char *text)
{
	struct traffic traffic = { .set = true };

	for (const char *line = text; *line; line += *line == '\n') {
		add_line(&traffic, line);
		line += strcspn(line, "\n");
	}
	return traffic;
}

int traffic_read(pid_t pid, struct traffic *traffic)
{
	struct arena _cleanup_arena_ arena = { 0 };
	char path[40], *text;

	snprintf(path, sizeof path, "/proc/%d/net/dev", (int)pid);
	int r = read_file_at(AT_FDCWD, path, &arena, TEXT_MAX, &text, NULL);

	if (r >= 0)
		*traffic = traffic_parse(text);
	return r;
}
