/*
 * The terminal as a screen that is drawn anew, and given back as it was: on every way out but SIGKILL, since what would end or stop the
 * program comes as a descriptor instead.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <termios.h>

struct screen {
	int signals;       /* signalfd, or -1 */
	bool keys;         /* standard input may give some */
	bool has_settings; /* it is a terminal, and had those of before */
	struct termios before;
};

enum screen_event {
	SCREEN_TIME,   /* nothing happened until the time was over */
	SCREEN_REDRAW, /* the size has changed, or we were stopped */
	SCREEN_END,    /* q, SIGINT */
};

/*
 * Standard output must be a terminal. ignored: signals that the caller ignored (signal_reset()). In the background, this stops until we are in
 * the foreground. -errno with the record.
 */
int screen_begin(struct screen *screen, uint64_t ignored);
void screen_end(struct screen *screen);
#define _cleanup_screen_ __attribute__((cleanup(screen_end)))

/* Lines and columns, of any terminal's size at this moment. */
void screen_size(size_t *rows, size_t *columns);

/* Show text, whose lines must not be more or longer than that. -errno with the record. */
int screen_draw(const char *text);

/*
 * Wait for an event for at most timeout_ms. Returns an enum screen_event, or when a signal is to end the program the exit status that tells
 * so, which is more than SCREEN_SIGNAL. -errno with the record.
 */
#define SCREEN_SIGNAL 128
int screen_wait(struct screen *screen, int timeout_ms);
