/*
 * Work in many pieces, done by a few processes at once: each writes down what is to be printed, and that is read in the order of the pieces.
 * Who is done with a piece takes the next, since processors are seldom equally fast. Processes rather than threads: they share no memory
 * (but for who does what), no error and no allocator.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

#define CREW_MAX 8

struct crew {
	FILE *out; /* for what the piece that crew_next() gave has to say */
	size_t pieces, self, piece;
	struct crew_board *board; /* shared: which piece is next, and where the text of each is */
	struct crew_member {
		pid_t pid; /* 0: ourselves, or none */
		int fd;    /* what it has written down */
		char *text;
		size_t size;
	} members[CREW_MAX];
	size_t count;
};

/* Takes pieces until there are none; 0 or -errno with the record, with which the whole has failed. */
typedef int crew_work(struct crew *crew, void *context);

/*
 * Have pieces done, by no more processes than there are processors and at most `most`; where no other process is to be had, alone. The first
 * error of this process, or -ECHILD with the record when another one failed: there is no half of a result.
 */
int crew_run(struct crew *crew, size_t pieces, size_t most, crew_work *work, void *context);

/* The next piece, for the work; false: all are taken. */
bool crew_next(struct crew *crew, size_t *piece);

/* What was written down for a piece, *size bytes. */
const char *crew_text(const struct crew *crew, size_t piece, size_t *size);

void crew_close(struct crew *crew);
#define _cleanup_crew_ __attribute__((cleanup(crew_close)))
