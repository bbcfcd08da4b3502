/*
 * What `ward serve` runs with: its options (options.def) read from flags, environment and DIR/ward.conf, checked
 * against each other before anything is opened.
 */
#ifndef WARD_SERVER_SETTINGS_H
#define WARD_SERVER_SETTINGS_H

#include "fetch/fetch.h"
#include "http/http.h"
#include "server/options.h"

extern const struct ward_option_row ward_serve_rows[];
extern const size_t ward_serve_row_count;

#define WARD_LISTENS_MAX (4 * WARD_OPTION_VALUES_MAX)

struct ward_settings {
    struct ward_options options;
    struct ward_http_listen listens[WARD_LISTENS_MAX]; /* without the control socket; addresses borrowed from options */
    size_t listen_count;
    struct ward_fetch_allow fetch_allows[WARD_OPTION_VALUES_MAX]; /* hosts borrowed from options */
    size_t fetch_allow_count;
};

/**
 * Read and check everything. lookup is getenv, or a test's.
 *
 * Owns:    free with ward_settings_free, also after a failure.
 * Errors:  false with a sentence. With options.wants_help set nothing else was checked.
 */
bool ward_settings_read(struct ward_settings *ret, int argc, char *const *argv, char *(*lookup)(const char *name),
                        struct ward_failure *ret_why);
void ward_settings_free(struct ward_settings *settings);

/** True for an address that no other machine reaches: unix:…, 127.0.0.0/8, [::1]. */
bool ward_address_is_local(const char *address);

/** True for IP:PORT, [IPv6]:PORT and unix:PATH. */
bool ward_address_ok(const char *address);

#endif
