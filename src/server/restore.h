/*
 * Putting a backup in the place of a directory's store, on a stopped server.
 *
 *   open    lock → unpack FILE into ward.db.restoring, checking every byte → open it, check every page and link
 *           → open ward.db → compare
 *   commit  write "restored" and the revocations into ward.db.restoring → close both stores → sync → exchange
 *
 * The exchange, and why a kill at any point leaves the old store or the new one and never a part of both:
 *
 *   A store that could be read was closed by us, so its log is in it and no ward.db-wal is left (if one is, somebody
 *   else has it open, and nothing is exchanged). Then a second name for it, ward.db.before-restore-N, and one rename
 *   over ward.db, which is atomic.
 *
 *   A store that could not be read may have a log beside it, and SQLite would play it into whatever is called ward.db.
 *   So here ward.db goes first, then its log, and the new one comes last. In between there is no ward.db, and every
 *   command says that a restore was cut off.
 */
#ifndef WARD_SERVER_RESTORE_H
#define WARD_SERVER_RESTORE_H

#include "server/data_directory.h"
#include "service/restore.h"

struct ward_restore {
    struct ward_data_directory directory;
    struct ward_keyring *keyring;
    struct ward_backup backup; /* what the file says, checked */
    struct ward_store *restored, *present;
    struct ward_service *service; /* over restored */
    struct ward_comparison comparison;
    bool is_compared;
    char why_not[256]; /* why it could not be compared, as half a sentence */
    uint64_t highest;  /* the highest revision that may have been given */

    /* set by commit */
    uint64_t revision;
    char put_aside[PATH_MAX]; /* the old store; empty: there was none */
};

/**
 * Make everything ready and say what a restore would undo. Changes nothing that is seen.
 *
 * Owns:    close *ret with ward_restore_close, also after a failure.
 * Errors:  false with a sentence: LOCKED (a server runs), INTEGRITY (the file), MISMATCH (another root key), …
 *          A present store that cannot be compared is no error: is_compared is false then.
 */
bool ward_restore_open(struct ward_restore *ret, const char *data, const char *from, struct ward_failure *ret_why);

/** Do it. What is in comparison.undone and not is_revived is revoked again. */
bool ward_restore_commit(struct ward_restore *restore, struct ward_failure *ret_why);

/** Close, and remove what was made ready and not used. */
void ward_restore_close(struct ward_restore *restore);

#endif
