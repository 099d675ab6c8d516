#include "runtime/criu_mounts.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/mountinfo.h"
#include "base/sys.h"
#include "namespaces/namespaces.h"
#include "rootfs/node.h"
#include "rootfs/options.h"
#include "rootfs/path.h"
#include "rootfs/tree.h"
#include "runtime/criu_message.h"

#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

/* The options were checked when the container was created. */
static bool is_bind(const struct spec_mount *mount, struct arena *arena)
{
	struct mount_options options;

	if (mount_options_parse(&options, mount, 0, arena) < 0 || options.remount)
		return false;
	return options.bind || (mount->type && strcmp(mount->type, "bind") == 0);
}

static char *clean(const char *path, struct arena *arena)
{
	char *cleaned = arena_printf(arena, "/%s", path);

	path_clean(cleaned);
	return cleaned;
}

/* --- dump ------------------------------------------------------------------------------------------------------------- */

/* File systems of which there is one for each namespace, or one at all, and which criu mounts anew. */
static bool is_remade(const char *type)
{
	static const char *const types[] = { "proc", "sysfs", "cgroup2", "mqueue" };

	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (strcmp(type, types[i]) == 0)
			return true;
	return false;
}

struct mounted {
	char *device, *root, *place;
	const char *type; /* "8:1"; of the file system; in the mount namespace */
	bool is_node;     /* a device's, made by the runtime (rootfs/node.h) */
};

struct mounts {
	struct mounted *items;
	size_t count;
};

static bool parse_line(char *line, struct mounted *mounted, struct arena *arena)
{
	int device, device_end, root, root_end = 0;

	sscanf(line, "%*s %*s %n%*s%n %n%*s%n", &device, &device_end, &root, &root_end);
	if (root_end == 0)
		return false;
	mounted->device = arena_strndup(arena, line + device, (size_t)(device_end - device));
	mounted->root = arena_strndup(arena, line + root, (size_t)(root_end - root));
	mounted->is_node = strstr(line, " - tmpfs " NODES_SOURCE " ") && strcmp(mounted->root, "/") != 0;
	return mountinfo_parse(line, &mounted->place, &mounted->type);
}

static struct mounts parse_all(char *text, struct arena *arena)
{
	struct mounts mounts = { 0 };
	size_t lines = 1;

	for (const char *c = text; *c; c++)
		lines += *c == '\n';
	mounts.items = arena_array(arena, lines, sizeof *mounts.items);
	for (char *line = text, *next; *line; line = next) {
		next = line + strcspn(line, "\n");
		if (*next)
			*next++ = 0;
		if (parse_line(line, &mounts.items[mounts.count], arena))
			mounts.count++;
	}
	return mounts;
}

static bool has_device(const struct mounts *mounts, const char *device)
{
	for (size_t i = 0; i < mounts->count; i++)
		if (strcmp(mounts->items[i].device, device) == 0)
			return true;
	return false;
}

static const struct mounted *find_root(const struct mounts *mounts)
{
	const struct mounted *root = NULL;

	/* The last one is on top. */
	for (size_t i = 0; i < mounts->count; i++)
		if (strcmp(mounts->items[i].place, "/") == 0)
			root = &mounts->items[i];
	return root;
}

static bool is_below(const char *path, const char *parent)
{
	size_t length = strlen(parent);

	if (length == 1)
		return true;
	return strncmp(path, parent, length) == 0 && (path[length] == '/' || path[length] == 0);
}

static bool is_configured_bind(const char *place, const struct spec *spec, struct arena *arena)
{
	for (size_t i = 0; i < spec->mount_count; i++)
		if (is_bind(&spec->mounts[i], arena) && strcmp(clean(spec->mounts[i].destination, arena), place) == 0)
			return true;
	return false;
}

/* A bind that the container made of a part of its own root comes with the root. */
static bool is_of_root(const struct mounted *mount, const struct mounted *root)
{
	return root && strcmp(mount->device, root->device) == 0 && is_below(mount->root, root->root);
}

void criu_mounts_external(char *container, char *host, const struct spec *spec, struct string_map *mounts, struct arena *arena)
{
	struct mounts inside = parse_all(container, arena), outside = parse_all(host, arena);
	const struct mounted *root = find_root(&inside);

	for (size_t i = 0; i < inside.count; i++) {
		const struct mounted *mount = &inside.items[i];

		if (strcmp(mount->place, "/") == 0)
			continue;
		if (is_configured_bind(mount->place, spec, arena) || mount->is_node ||
		    (has_device(&outside, mount->device) && !is_remade(mount->type) && !is_of_root(mount, root)))
			criu_add_pair(mounts, mount->place, mount->place, arena);
	}
}

int criu_mounts_of(pid_t pid, const struct spec *spec, struct string_map *mounts, struct arena *arena)
{
	char path[40], *inside, *outside;

	snprintf(path, sizeof path, "/proc/%d/mountinfo", (int)pid);
	int r = read_file_at(AT_FDCWD, path, arena, MOUNTINFO_MAX, &inside, NULL);

	if (r < 0)
		return fail(-r, "read %s", path);
	r = read_file_at(AT_FDCWD, "/proc/self/mountinfo", arena, MOUNTINFO_MAX, &outside, NULL);
	if (r < 0)
		return fail(-r, "read /proc/self/mountinfo");
	criu_mounts_external(inside, outside, spec, mounts, arena);
	return 0;
}

/* --- restore ---------------------------------------------------------------------------------------------------------- */

static char *source_of(const struct spec_mount *mount, const char *bundle, struct arena *arena)
{
	return mount->source[0] == '/' ? arena_strdup(arena, mount->source) : arena_printf(arena, "%s/%s", bundle, mount->source);
}

/* The place as mountinfo tells it: with no symbolic link. NULL: there is nothing. */
static char *place_of(int root, const char *path, struct arena *arena)
{
	_cleanup_fd_ int place = path_open_in(root, path, O_PATH);
	char top[PATH_MAX], full[PATH_MAX];
	ssize_t top_length = readlink(fd_path(root).text, top, sizeof top - 1);
	ssize_t length = place < 0 ? -1 : readlink(fd_path(place).text, full, sizeof full - 1);

	if (top_length <= 0 || length <= top_length)
		return NULL;
	top[top_length] = 0;
	full[length] = 0;
	return is_below(full, top) ? arena_strdup(arena, top_length == 1 ? full : full + top_length) : NULL;
}

struct collection {
	struct criu_trees *trees;
	struct string_map *mounts;
	const struct criu_trees_request *request;
	struct arena *arena;
};

static char *keep_tree(struct collection *c, int tree)
{
	struct criu_trees *trees = c->trees;
	int *fds = arena_array(c->arena, trees->count + 1, sizeof *fds);

	if (trees->count > 0)
		memcpy(fds, trees->fds, trees->count * sizeof *fds);
	fds[trees->count] = tree;
	trees->fds = fds;
	return arena_printf(c->arena, "%s/%zu", c->request->place, trees->count++);
}

static void name_place(struct collection *c, const char *path, char *source)
{
	char *plain = clean(path, c->arena), *real = place_of(c->request->root, plain, c->arena);

	criu_add_pair(c->mounts, plain, source, c->arena);
	if (real)
		criu_add_pair(c->mounts, real, source, c->arena);
}

/* A container of the host's that gives events to it gives none back. */
static int open_bind(struct collection *c, const struct spec_mount *mount, size_t index)
{
	const struct criu_trees_request *request = c->request;
	int idmap = request->idmap_fds ? request->idmap_fds[index] : -1;
	struct mount_options options;
	int r = mount_options_parse(&options, mount, index, c->arena);

	if (r < 0)
		return r;
	if (!mount->source)
		return refuse(EINVAL, "a bind needs a source");
	const char *source = source_of(mount, request->bundle, c->arena);
	int tree = tree_clone(AT_FDCWD, source, options.bind_recursive);

	if (tree < 0)
		return fail(-tree, "bind source %s", source);
	name_place(c, mount->destination, keep_tree(c, tree));
	if (options.propagation != MS_SHARED)
		r = tree_set_propagation(tree, "", MS_SLAVE, true);
	return r < 0 ? fail(-r, "set propagation") : tree_apply(tree, &options, idmap);
}

static int open_binds(struct collection *c)
{
	const struct spec *spec = c->request->spec;

	for (size_t i = 0; i < spec->mount_count; i++) {
		const struct spec_mount *mount = &spec->mounts[i];
		int r = is_bind(mount, c->arena) ? open_bind(c, mount, i) : 0;

		if (r < 0)
			return context(r, "/mounts/%zu: mount %s", i, mount->destination);
	}
	return 0;
}

/* NULL: the host has none, and then the container has none that was bound. */
static char *open_device(struct collection *c, const char *path)
{
	int tree = tree_clone(AT_FDCWD, path, false);
	struct stat st;

	if (tree < 0)
		return NULL;
	char *source = keep_tree(c, tree);

	if (fstat(tree, &st) < 0 || (!S_ISCHR(st.st_mode) && !S_ISBLK(st.st_mode)) || tree_set(tree, TREE_DEVICE, false) < 0)
		return NULL;
	return source;
}

static int open_masks(struct collection *c, const struct strings *paths)
{
	struct stat st;

	if (paths->count == 0)
		return 0;
	char *null = open_device(c, "/dev/null");

	if (!null || fstat(c->trees->fds[c->trees->count - 1], &st) < 0 || st.st_rdev != makedev(1, 3))
		return refuse(EINVAL, "/dev/null is not the null device: refusing to mask with it");
	for (size_t i = 0; i < paths->count; i++)
		name_place(c, paths->items[i], null);
	return 0;
}

static void bind_device(struct collection *c, const char *path)
{
	char *source = open_device(c, path);

	if (source)
		name_place(c, path, source);
}

/* Made anew where create would make them, else the host's. */
static int open_configured_devices(struct collection *c)
{
	const struct spec_linux *config = &c->request->spec->linux_;
	const int nodes = c->request->user_namespace ? nodes_make(config) : -ENOENT;

	if (nodes < 0 && nodes != -ENOENT)
		return nodes;
	const char *place = nodes < 0 ? NULL : keep_tree(c, nodes);

	for (size_t i = 0; i < config->device_count; i++) {
		const char *path = config->devices[i].path, *name = arena_printf(c->arena, "%zu", i);

		if (place && faccessat(nodes, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			name_place(c, path, arena_printf(c->arena, "%s/%s", place, name));
		else
			bind_device(c, path);
	}
	return 0;
}

static void open_default_devices(struct collection *c)
{
	static const char *const paths[] = { "/dev/null", "/dev/zero", "/dev/full", "/dev/tty", "/dev/urandom", "/dev/random" };

	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
		bind_device(c, paths[i]);
}

int criu_trees_open(struct criu_trees *trees, struct string_map *mounts, const struct criu_trees_request *request,
                    struct arena *arena)
{
	struct collection c = { trees, mounts, request, arena };
	int tree = tree_clone(request->root, "", true);

	if (tree < 0)
		return fail(-tree, "/root/path: clone its mount");
	keep_tree(&c, tree);
	int r = open_binds(&c);

	if (r >= 0)
		r = open_masks(&c, &request->spec->linux_.masked_paths);
	if (r >= 0)
		r = open_configured_devices(&c);
	if (r >= 0)
		open_default_devices(&c);
	return r;
}

void criu_trees_close(struct criu_trees *trees)
{
	for (size_t i = 0; i < trees->count; i++)
		close_fd(&trees->fds[i]);
	*trees = CRIU_TREES_NONE;
}

/* The mount that the place is on, the last of those that were there before; NULL: the root. */
static const struct spec_mount *carrier_of(const struct spec *spec, size_t index, struct arena *arena)
{
	const char *place = clean(spec->mounts[index].destination, arena);

	for (size_t i = index; i-- > 0;) {
		const char *other = clean(spec->mounts[i].destination, arena);

		if (strcmp(place, other) != 0 && is_below(place, other))
			return &spec->mounts[i];
	}
	return NULL;
}

/* Below root, a descriptor. */
static int make_place(const struct spec_mount *mount, const char *bundle, int root, const char *place, struct arena *arena)
{
	bool file = false;
	struct stat st;

	if (is_bind(mount, arena)) {
		const char *source = mount->source ? source_of(mount, bundle, arena) : "";

		if (stat(source, &st) < 0)
			return fail(errno, "stat the source %s", source);
		file = !S_ISDIR(st.st_mode);
	}
	_cleanup_fd_ int fd = file ? path_make_file(root, place, 0755) : path_make_dir(root, place, 0755);

	return fd < 0 ? fail(-fd, "make the mount point %s", mount->destination) : 0;
}

/* On a volume: as create made it, through the mount. What another file system brings, criu brings with it. */
static int make_place_on(const struct spec_mount *carrier, const struct spec_mount *mount, const char *bundle, struct arena *arena)
{
	if (!is_bind(carrier, arena) || !carrier->source)
		return 0;
	const char *source = source_of(carrier, bundle, arena), *place = clean(mount->destination, arena);
	_cleanup_fd_ int volume = open(source, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (volume < 0)
		return fail(errno, "make the mount point %s on %s", mount->destination, source);
	return make_place(mount, bundle, volume, place + strlen(clean(carrier->destination, arena)), arena);
}

int criu_mounts_prepare(const struct spec *spec, const char *bundle, int root)
{
	struct arena _cleanup_arena_ arena = { 0 };

	for (size_t i = 0; i < spec->mount_count; i++) {
		const struct spec_mount *mount = &spec->mounts[i], *carrier = carrier_of(spec, i, &arena);
		const char *place = clean(mount->destination, &arena);

		if (strcmp(place, "/") == 0)
			continue;
		int r = carrier ? make_place_on(carrier, mount, bundle, &arena) : make_place(mount, bundle, root, place, &arena);

		if (r < 0)
			return context(r, "/mounts/%zu", i);
	}
	return 0;
}

static bool is_cgroup(const struct spec_mount *mount)
{
	return mount->type && (strcmp(mount->type, "cgroup") == 0 || strcmp(mount->type, "cgroup2") == 0);
}

int criu_mounts_check(const struct spec *spec, const char *what)
{
	for (size_t i = 0; i < spec->mount_count; i++)
		if (is_cgroup(&spec->mounts[i]) && !spec->linux_.namespaces[NS_CGROUP].set)
			return refuse(ENOTSUP, "cannot %s: /mounts/%zu shows a cgroup without a cgroup namespace, which criu does "
			                       "not restore", what, i);
	return 0;
}

/* The namespace's root, whatever root the process has. */
static int make_readonly(void *argument)
{
	(void)argument;
	_cleanup_fd_ int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r = root < 0 ? -errno : tree_set(root, MOUNT_ATTR_RDONLY, false);

	if (r == -EBUSY)
		return refuse(EBUSY, "/root/readonly: the images have files of the root that are open to write, as of a container that has "
		                     "made its root writable itself: without root.readonly it can be restored");
	return r < 0 ? fail(-r, "/root/readonly") : 0;
}

static int open_mount_namespace(pid_t pid, struct stat *st)
{
	char path[40];

	snprintf(path, sizeof path, "/proc/%d/ns/mnt", (int)pid);
	_cleanup_fd_ int namespace = open(path, O_RDONLY | O_CLOEXEC);

	if (namespace < 0 || fstat(namespace, st) < 0)
		return fail(errno, "/root/readonly: look at the mount namespace of process %d", (int)pid);
	return steal_fd(&namespace);
}

int criu_mounts_seal_root(const struct spec *spec, pid_t pid, pid_t criu)
{
	struct stat its, other;

	if (!spec->root.readonly)
		return 0;
	_cleanup_fd_ int namespace = open_mount_namespace(pid, &its), around = namespace < 0 ? -1 : open_mount_namespace(criu, &other);

	if (around < 0)
		return -error_record()->code;
	if (other.st_dev == its.st_dev && other.st_ino == its.st_ino)
		return refuse(EPERM, "/root/readonly: the images have no mount namespace of the container's own");
	return ns_visit(namespace, NS_MOUNT, make_readonly, NULL);
}
