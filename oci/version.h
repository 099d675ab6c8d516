/* Semantic versions (semver.org, 2.0.0). Internal to oci/. */
#pragma once

/* The major version; -1 if text is not a semantic version; LONG_MAX for one that does not fit. */
long version_major(const char *text);
