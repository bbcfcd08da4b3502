/*
 * The opened data directory: lock, root key, store, publisher, service. `ward serve` opens it with a publisher;
 * commands on a stopped server open it without one, change the store, and leave the table to age: whoever still reads
 * it denies as stale, and the next start rebuilds it.
 */
#ifndef WARD_SERVER_APP_H
#define WARD_SERVER_APP_H

#include "server/data_directory.h"
#include "surface/surface.h"

struct ward_app {
    struct ward_data_directory directory;
    struct ward_keyring *keyring;
    struct ward_store *store;
    struct ward_publisher *publisher; /* NULL when offline */
    struct ward_service *service;
    struct ward_deployer *deployer; /* NULL when offline */
    struct ward_application application;
};

/**
 * Open an initialised directory.
 *
 * Owns:    *ret is filled; close it with ward_app_close, also after a failure.
 * Errors:  false with a sentence and its remedy: not initialised, held, another version, another root key, damaged.
 */
bool ward_app_open(struct ward_app *ret, const char *data, bool is_serving, const char *version,
                   struct ward_failure *ret_why);
void ward_app_close(struct ward_app *app);

/**
 * Make and fill a directory: root key, store, account, project and first credentials. What an interrupted try left
 * behind is taken up, so the next one succeeds.
 *
 * Owns:    *ret lives in pool; its values are the only copy of the secrets.
 * Errors:  WARD_EXIT_EXISTS when it is initialised already: nothing was changed.
 */
bool ward_app_initialise(const char *data, struct ward_pool *pool, struct ward_bootstrap *ret,
                         struct ward_failure *ret_why);

#endif
