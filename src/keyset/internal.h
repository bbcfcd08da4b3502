/* What keyset.c, index.c and document.c share. */
#ifndef WARD_KEYSET_INTERNAL_H
#define WARD_KEYSET_INTERNAL_H

#include <pthread.h>

#include "crypto/keyed_hash.h"
#include "keyset/keyset_file.h"

/** What opening a sealed part takes. Held by the keyset and by each of its entries, which may outlive it. */
struct ward_keyset_vault {
    unsigned references;
    struct ward_keyring *keyring; /* the replica's */
    struct ward_object_id environment;
};

#define WARD_KEYSET_PROJECT_BUCKETS 1024

enum ward_index_kind { WARD_INDEX_ID, WARD_INDEX_NAME, WARD_INDEX_KID, WARD_INDEX_COUNT };

/** An entry with what readers do not see. One allocation; the record lies behind it. */
struct ward_keyset_node {
    struct ward_keyset_entry entry; /* first: readers hold a pointer to it */
    unsigned references;
    struct ward_keyset_vault *vault;
    struct ward_span record; /* as it stands in the file */
    struct ward_span sealed;
    struct ward_material *public_half, *secret_half; /* set once, with release */

    /* under the keyset's lock */
    uint64_t hashes[WARD_INDEX_COUNT];
    struct ward_keyset_node *next[WARD_INDEX_COUNT]; /* in the index's bucket */
    struct ward_keyset_project *project;             /* of a JWK */
    struct ward_keyset_node *newer, *older;          /* JWKs of the project */
};

/** A project that has or had JWKs here. Lives as long as the keyset. */
struct ward_keyset_project {
    struct ward_keyset_project *next;
    struct ward_uuid id;
    struct ward_keyset_node *newest;
    size_t jwk_count;
    uint64_t changes; /* goes up with every change to its JWKs */

    /* under the lock of documents */
    struct ward_keyset_paper *paper;
};

/** A document with its holders. */
struct ward_keyset_paper {
    struct ward_keyset_document document; /* first */
    unsigned references;
    struct ward_buffer body;
    uint64_t changes; /* of the project, that it shows */
    int64_t until_ms; /* a JWK in it expires; WARD_TIME_MAX_MS: none */
};

struct ward_keyset {
    struct ward_keyset_file file;
    struct ward_keyset_vault *vault;
    char *directory; /* owned */

    pthread_rwlock_t lock; /* guards what follows, up to the blank line */
    struct ward_keyset_node **buckets[WARD_INDEX_COUNT];
    size_t bucket_count; /* of each; a power of two */
    uint64_t seed;
    struct ward_keyset_project *projects[WARD_KEYSET_PROJECT_BUCKETS];
    struct ward_keyset_stats stats;

    pthread_mutex_t documents;
    struct ward_buffer batch; /* the owner's */
    bool is_loaded;           /* the owner's: memory holds what the file does, or did */
};

static inline const struct ward_keyset_node *ward_keyset_node_of(const struct ward_keyset_entry *entry)
{
    return (const struct ward_keyset_node *)(const void *)entry;
}

static inline void ward_keyset_node_hold(const struct ward_keyset_node *node)
{
    __atomic_fetch_add(&((struct ward_keyset_node *)(uintptr_t)node)->references, 1, __ATOMIC_RELAXED);
}

static inline struct ward_span ward_uuid_bytes(const struct ward_uuid *uuid)
{
    return ward_span((const char *)uuid->bytes, WARD_UUID_BYTES);
}

/** Make an entry of a record, with its hashes. Owns: one reference, the caller's. NULL: no memory. */
struct ward_keyset_node *ward_keyset_node_new(const struct ward_keyset *keyset, struct ward_span record);

/* ---- index.c; all under the lock for writing, but for the finds ---- */

/** Make room for so many more entries. */
enum ward_status ward_keyset_index_grow(struct ward_keyset *keyset, size_t more) WARD_MUST_USE;
/** Find or make the project of a JWK. NULL: no memory. */
struct ward_keyset_project *ward_keyset_project_ensure(struct ward_keyset *keyset, const struct ward_uuid *id);
struct ward_keyset_project *ward_keyset_project_find(const struct ward_keyset *keyset, const struct ward_uuid *id);

/** Put an entry in; the index takes the reference. */
void ward_keyset_index_put(struct ward_keyset *keyset, struct ward_keyset_node *node);
/** Take out what has a kind and an id, and give its reference to the caller. NULL: there is none. */
struct ward_keyset_node *ward_keyset_index_take(struct ward_keyset *keyset, enum ward_deployed_kind kind,
                                                const struct ward_object_id *id);

/** Fill a node's hashes. */
void ward_keyset_index_hash(const struct ward_keyset *keyset, struct ward_keyset_node *node);

#endif
