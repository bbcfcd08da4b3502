/*
 * Backups: one file that holds the store as it was at one revision, and says what it is.
 *
 *   the SQLite database ‖ "\n" manifest "\n" seal "\n" footer          (tail -n 3 FILE shows the last three)
 *
 *   manifest  one line of JSON: store, root key's fingerprint, revision, last hash of the change log, time, and size
 * and SHA-256 of the database seal      SHA-256 of the manifest, sealed under the root key, in hex: who has no root key
 * makes no backup that Ward would take, however well the other sums fit footer    fixed length: sizes, and SHA-256 of
 * everything from the first "\n" on
 *
 * So each byte is under one sum, damage is told from forgery, and a look needs no key. The root key is not in it: what
 * the rows hold is sealed, names and metadata are not.
 */
#ifndef WARD_SERVICE_BACKUP_H
#define WARD_SERVICE_BACKUP_H

#include "service/service.h"

/** What a backup says about itself. */
struct ward_backup {
    char store_id[WARD_UUID_CHARS + 1];
    char fingerprint[2 * WARD_FINGERPRINT_BYTES + 1]; /* of the root key, hex */
    uint64_t revision;                                /* the last change in it */
    uint8_t chain_hash[WARD_SHA256_BYTES];            /* of that change */
    int64_t created_ms;
    uint64_t database_bytes;
    uint8_t database_sha256[WARD_SHA256_BYTES];
    uint64_t file_bytes; /* the whole file */
};

/**
 * Write a backup while everything goes on: temporary file, sync, link, sync of the directory; 0600. One at a time.
 *
 * Shape:   path is absolute. goes_on (may be NULL) is asked every few megabytes and may say no.
 * Errors:  FORBIDDEN (not the local operator, or the directory may not be written to), INVALID (path), EXISTS,
 *          NOT_FOUND (no such directory), CONFLICT (another backup is being made), UNAVAILABLE (no space, or goes_on
 *          said no), IO, INTEGRITY, NO_MEMORY. Nothing is left under path then.
 */
enum ward_status ward_service_backup(struct ward_service *service, const struct ward_operator *who,
                                     struct ward_span path, bool (*goes_on)(void *arg), void *arg,
                                     struct ward_backup *ret) WARD_MUST_USE;

/**
 * Check a backup to its last byte and copy its database into a new file `to` (0600, not synced).
 *
 * Errors:  NOT_FOUND, FORBIDDEN, IO; INTEGRITY (no backup, cut, altered, or made without this root key); MISMATCH (of
 *          another root key; *ret says of which); EXISTS (to); NO_MEMORY. What `to` holds then is of no use.
 */
enum ward_status ward_backup_unpack(const char *path, const char *to, struct ward_keyring *keyring,
                                    struct ward_backup *ret) WARD_MUST_USE;

/* ---- between backup.c and backup_file.c ---- */

/** Hash what fd holds from its start on, append the trailer to it. Fills the sums and sizes of backup. */
enum ward_status ward_backup_finish(int fd, struct ward_keyring *keyring, struct ward_backup *backup) WARD_MUST_USE;

/** Name a root key without revealing it. */
void ward_backup_fingerprint(const struct ward_keyring *keyring, char ret[2 * WARD_FINGERPRINT_BYTES + 1]);

#endif
