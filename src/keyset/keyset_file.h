/*
 * The file of a keyset: a log of batches, so that deploying one of 100,000 keys costs one append.
 *
 *   header  128 bytes: magic, format, environment, replica, which root key, check
 *   batch   head 32 bytes │ records │ commit 48 bytes: the chain's next link and its keyed hash
 *   batch   …
 *
 * A link is SHA-256 over the link before it, the head and the records (of the first: over the header), so a batch fits
 * nowhere but where it was written; the keyed hash is the replica's, so who cannot unseal cannot forge either. A batch
 * without its commit never was: opening cuts it off. All numbers are little-endian.
 *
 *   states: closed → ready (open: header and whole batches read) → doubtful (a sync failed, or somebody else changed
 * the file) → ready (written anew beside it, synced, read back, renamed)
 */
#ifndef WARD_KEYSET_KEYSET_FILE_H
#define WARD_KEYSET_KEYSET_FILE_H

#include "crypto/keyed_hash.h"
#include "keyset/keyset.h"

#define WARD_KEYSET_MAGIC        "WARDKEYS"
#define WARD_KEYSET_FORMAT       1
#define WARD_KEYSET_HEADER_BYTES 128
#define WARD_KEYSET_HEAD_BYTES   32
#define WARD_KEYSET_COMMIT_BYTES 48
#define WARD_KEYSET_BATCH_MAX    ((size_t)1 << 30)

struct ward_keyset_file {
    const char *directory; /* borrowed */
    char *path;            /* owned */
    char environment[WARD_OBJECT_ID_CHARS + 1];
    char replica[56]; /* the name's beginning, for who looks into the file */
    uint8_t fingerprint[WARD_FINGERPRINT_BYTES];
    struct ward_keyed_hash *hash; /* owned */

    bool is_ready; /* what follows is the file's state */
    uint64_t device, inode;
    uint64_t end; /* behind the last whole batch */
    uint8_t link[WARD_SHA256_BYTES];
    uint64_t batches;
};

struct ward_keyset_batch {
    uint32_t count;    /* of records */
    uint64_t number;   /* goes up by one a batch; starts at the number it had when the file was written anew */
    uint64_t revision; /* of the store */
    struct ward_span records;
};

/** Set a failure to the words of an errno. Returns false. */
bool ward_keyset_fail_errno(struct ward_keyset_failure *ret, int number);

/** Name the file and derive its hash. Owns: close with ward_keyset_file_close, also after a failure. */
enum ward_status ward_keyset_file_init(struct ward_keyset_file *file, const struct ward_keyset_options *options,
                                       const struct ward_keyring *replica) WARD_MUST_USE;
void ward_keyset_file_close(struct ward_keyset_file *file);

/** Takes the records of one batch; false: they make no sense, the file ends before it. *ret_status: NO_MEMORY ends the
 * reading. */
typedef bool (*ward_keyset_take)(const struct ward_keyset_batch *batch, void *arg, enum ward_status *ret_status);

/**
 * Read every whole batch and cut off what is behind. A file that is missing, foreign or has another format is not
 * ready behind it, and that is no failure: it is written anew.
 *
 * Errors:  false with the reason: the directory or the file cannot be used.
 */
bool ward_keyset_file_open(struct ward_keyset_file *file, ward_keyset_take take, void *arg,
                           struct ward_keyset_failure *ret_why);

/** A batch in the making: begin, append records to it, end. The buffer's status tells whether there was memory. */
void ward_keyset_batch_begin(struct ward_buffer *batch);
void ward_keyset_batch_end(struct ward_buffer *batch, uint32_t count, uint64_t number, uint64_t revision);

/** True when the file at the path is the one that was read or written last, and as long. */
bool ward_keyset_file_is_same(const struct ward_keyset_file *file);

/** Append a finished batch: write, sync, read back, compare. */
bool ward_keyset_file_append(struct ward_keyset_file *file, struct ward_buffer *batch,
                             struct ward_keyset_failure *ret_why);

/** Gives the next finished batch of a file that is written anew; false: there is none. */
typedef bool (*ward_keyset_give)(struct ward_buffer *batch, void *arg);

/** Write a whole file beside the path, sync and read it back, and give it the name. */
bool ward_keyset_file_write_anew(struct ward_keyset_file *file, ward_keyset_give give, void *arg,
                                 struct ward_keyset_failure *ret_why);

/** Take the file away. */
void ward_keyset_file_remove(struct ward_keyset_file *file);

/* ---- records ---- */

/** A record as it stands in a batch. */
struct ward_keyset_record {
    bool is_removed;
    struct ward_deployed object; /* spans point into the record */
    struct ward_span sealed;
    uint64_t number;
};

/** Append a record. Errors: the buffer's status. */
void ward_keyset_record_write(const struct ward_keyset_record *record, struct ward_buffer *ret);

/** Read the record that bytes begin with; *ret_size is its length. False: it is none. */
bool ward_keyset_record_read(struct ward_span bytes, struct ward_keyset_record *ret, size_t *ret_size);

#endif
