/* `ward serve`: everything between the settings and the exit code. */
#ifndef WARD_SERVER_SERVE_H
#define WARD_SERVER_SERVE_H

#include "server/settings.h"

/**
 * Serve until SIGTERM or SIGINT, drain, and close.
 *
 * Shape:   reread gives the settings anew for SIGHUP (the log level is taken from them); may be NULL.
 * Errors:  false with a sentence and its remedy; nothing stays open.
 * Threads: the main thread, once; it blocks and waits for signals.
 */
bool ward_serve(const struct ward_settings *settings, const char *version,
                bool (*reread)(struct ward_settings *ret, struct ward_failure *ret_why), struct ward_failure *ret_why);

#define WARD_SURFACES_MAX 4

/** The surfaces that the options leave on. Returns how many were written. */
size_t ward_serve_surfaces(const struct ward_options *options, struct ward_http_surface ret[WARD_SURFACES_MAX]);

#endif
