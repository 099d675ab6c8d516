/* tmpcopyup: a tmpfs begins with what the image has in its place. */
#pragma once

/*
 * Copy everything below the directory from (O_PATH) into the empty directory of the detached mount to: contents, owners, modes,
 * times, extended attributes, symbolic links, devices. Links are not followed and other mounts not entered; the depth is
 * bounded, the size by that of the tmpfs. Fills the record.
 */
int copy_up(int from, int to);
