/*
 * The data directory: DIR/root.key, DIR/ward.db, DIR/table, DIR/limits, DIR/lock, DIR/ward.sock, DIR/ward.conf.
 * 0700 and ours, below directories that no stranger may rename things in; held by one process at a time.
 */
#ifndef WARD_SERVER_DATA_DIRECTORY_H
#define WARD_SERVER_DATA_DIRECTORY_H

#include <limits.h>
#include <stdint.h>

#include "server/failure.h"

/* What ward restore puts aside is named so, and a revision. */
#define WARD_PUT_ASIDE "ward.db.before-restore-"

struct ward_data_directory {
    char path[PATH_MAX]; /* as given; for messages */
    char root_key[PATH_MAX];
    char store[PATH_MAX];
    char socket[PATH_MAX];
    char restoring[PATH_MAX]; /* the store that ward restore makes ready */
    int lock_fd;              /* -1: not held */
};

/** Fill in the paths; touches nothing. */
bool ward_data_directory_name(struct ward_data_directory *directory, const char *path, struct ward_failure *ret_why);

/** Refuse a directory that is missing, open to others, somebody else's, or below one that strangers may change. */
bool ward_data_directory_check(const struct ward_data_directory *directory, struct ward_failure *ret_why);

/** Take the lock and write our process id into it for the next one's message. */
bool ward_data_directory_hold(struct ward_data_directory *directory, struct ward_failure *ret_why);

/** Give the lock back, if it is held. */
void ward_data_directory_release(struct ward_data_directory *directory);

bool ward_data_directory_has_root_key(const struct ward_data_directory *directory);
bool ward_data_directory_has_store(const struct ward_data_directory *directory);

/** The last revision that the table in it obeyed; it was durable then. 0: there is no table of this boot. */
uint64_t ward_data_directory_seen_revision(const struct ward_data_directory *directory);

/** True when there is no store because a restore was cut off while it exchanged a damaged one. */
bool ward_data_directory_is_half_restored(const struct ward_data_directory *directory);

#endif
