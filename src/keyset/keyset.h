/*
 * A keyset: the keys and JWKs that are deployed to one environment on one replica. One file, a log of batches
 * (keyset_file.h), and the same in memory, indexed by name, key id and object id.
 *
 *   apply: seal for the replica → append one batch → sync → read back and compare → swap in; then, and only then, it
 *          is deployed. Whatever fails on the way leaves what was deployed before.
 *
 * Invariants:
 *
 *   1. What readers find is what the file holds: a batch is in both or in none.
 *   2. An entry never changes. A reader holds the one it took, however many deployments replace it.
 *   3. Private and secret parts are sealed for their replica, environment, object and batch, in the file and in memory.
 *   4. The file is a copy of the store's truth: it may be lost or cut at any time, and is brought up again from there.
 *
 * Source: issue 5 point 6; contracts/apinizer.md 5.4, 9.2; docs/decisions/0018-keysets.md.
 */
#ifndef WARD_KEYSET_KEYSET_H
#define WARD_KEYSET_KEYSET_H

#include <stdint.h>

#include "base/iso8601.h"
#include "base/uuid.h"
#include "crypto/keyring.h"
#include "crypto/material.h"
#include "model/object_id.h"

/* ---- what is deployed ---- */

enum ward_deployed_kind { WARD_DEPLOYED_KEY = 1, WARD_DEPLOYED_JWK };

/** An object as it is deployed to one environment. */
struct ward_deployed {
    enum ward_deployed_kind kind;
    enum ward_material_half half; /* a key: its type; a JWK: SECRET for oct, PRIVATE if it has a private part */
    struct ward_uuid project_id;
    struct ward_object_id id;
    struct ward_span name;
    struct ward_span alias;            /* of a key; or absent */
    struct ward_span algorithm;        /* a key: "AES"…; a JWK: its JOSE name, "RS256"…; or absent */
    struct ward_span kid, use;         /* of a JWK: use is "sig" or "enc"; or absent */
    struct ward_span public_text;      /* a PUBLIC key: PEM; a JWK: its public JSON, absent for oct; else absent */
    int64_t not_before_ms, expires_ms; /* of a JWK; WARD_TIME_NONE: none */

    /** Says from which state of the store this was made: equal when the state is, else different. Not interpreted. */
    uint8_t origin[16];
};

/** One object that is put in (replacing what has its kind and id), or taken out. */
struct ward_keyset_change {
    struct ward_deployed object; /* is_removed: kind and id alone */
    struct ward_span secret;     /* the private PEM, the secret's stored text, the private JWK's JSON; or absent */
    bool is_removed;
};

/* ---- readers ---- */

/** An object that is deployed. Held by who found it, until ward_keyset_release; never changes. */
struct ward_keyset_entry {
    struct ward_deployed object; /* spans point into the entry */
    uint64_t number;             /* of the batch that brought it */
};

struct ward_keyset;

/**
 * Find what is deployed under a name of a project, or NULL.
 *
 * Owns:    a result is held: ward_keyset_release.
 * Time:    a short shared lock, one hash, one comparison. Allocates nothing.
 * Threads: any.
 */
const struct ward_keyset_entry *ward_keyset_find(struct ward_keyset *keyset, const struct ward_uuid *project,
                                                 enum ward_deployed_kind kind, struct ward_span name);

/** Find a project's JWK by its key id. Of several with one key id: skip says how many to leave out, newest batch
 * first. NULL behind the last. */
const struct ward_keyset_entry *ward_keyset_find_kid(struct ward_keyset *keyset, const struct ward_uuid *project,
                                                     struct ward_span kid, size_t skip);

/** Find a project's JWK by its age: skip says how many newer ones to leave out. NULL behind the last. */
const struct ward_keyset_entry *ward_keyset_find_jwk(struct ward_keyset *keyset, const struct ward_uuid *project,
                                                     size_t skip);

/** Find by id, whatever the project. */
const struct ward_keyset_entry *ward_keyset_find_id(struct ward_keyset *keyset, enum ward_deployed_kind kind,
                                                    const struct ward_object_id *id);

/** Give a held entry back. Takes NULL. Threads: any. */
void ward_keyset_release(const struct ward_keyset_entry *entry);

/**
 * Get the parsed key of an entry: its public half, or with needs_secret the private or secret one. Parsed once, at
 * first use (unsealing and parsing: up to a millisecond), and kept with the entry.
 *
 * Owns:    *ret is borrowed while the entry is held.
 * Errors:  WARD_NOT_FOUND (it has no such half, or was stored as it came and is no key we know), WARD_INTEGRITY (a
 *          sealed part does not open: logged as an alarm), WARD_NO_MEMORY.
 * Threads: any.
 */
enum ward_status ward_keyset_material(const struct ward_keyset_entry *entry, bool needs_secret,
                                      const struct ward_material **ret) WARD_MUST_USE;

/** The published JWK Set of a project, RFC 7517 section 5: public parts of its asymmetric JWKs by name, expired ones
 * left out. */
struct ward_keyset_document {
    struct ward_span json;
    char etag[2 + 64 + 1]; /* "SHA-256 in hex", with its quotes */
};

/**
 * Get a project's document; made at the first call behind a deployment to the project, then kept.
 *
 * Owns:    *ret is held: ward_keyset_document_release.
 * Errors:  WARD_NO_MEMORY, WARD_TOO_LARGE. A project without JWKs has an empty set.
 * Threads: any.
 */
enum ward_status ward_keyset_document(struct ward_keyset *keyset, const struct ward_uuid *project, int64_t now_ms,
                                      const struct ward_keyset_document **ret) WARD_MUST_USE;
void ward_keyset_document_release(const struct ward_keyset_document *document);

/* ---- the owner: one thread at a time ---- */

#define WARD_KEYSET_FAILURE_CHARS 160

/** Why a replica could not: a few words without a name or a path ("no space left on device"). */
struct ward_keyset_failure {
    char text[WARD_KEYSET_FAILURE_CHARS];
};
/** Set a failure to fixed words. Returns false. */
bool ward_keyset_fail(struct ward_keyset_failure *ret, const char *words);

struct ward_keyset_options {
    const char *directory; /* where the file lies; not made */
    struct ward_object_id environment;
    struct ward_span replica;           /* name */
    const struct ward_keyring *keyring; /* the store's; the replica's own is derived from it, borrowed for the call */
};

/**
 * Make a keyset without touching its file. It is empty and behind until ward_keyset_load.
 *
 * Owns:    *ret is owned by who made it: ward_keyset_close. Held entries outlive it.
 */
enum ward_status ward_keyset_new(const struct ward_keyset_options *options, struct ward_keyset **ret) WARD_MUST_USE;
void ward_keyset_close(struct ward_keyset *keyset);

/**
 * Read the file into memory. What is behind the last whole batch is cut off; a missing, foreign or damaged file is
 * begun anew (all logged). True: apply can go on from here.
 */
bool ward_keyset_load(struct ward_keyset *keyset, struct ward_keyset_failure *ret_why);

/**
 * Deploy changes as one batch: all or none. Several of one object: the last counts.
 *
 * Shape:   revision is the store's that they were read at.
 * Errors:  false with the reason: nothing is deployed, and the file is as it was or will be written anew by the next
 *          try.
 */
bool ward_keyset_apply(struct ward_keyset *keyset, const struct ward_keyset_change *changes, size_t count,
                       uint64_t revision, struct ward_keyset_failure *ret_why);

/** Write the file anew, without what was replaced: worth it when that is most of it. False: it stays as it was; no
 * harm. */
bool ward_keyset_compact(struct ward_keyset *keyset, struct ward_keyset_failure *ret_why);
bool ward_keyset_is_wasteful(const struct ward_keyset *keyset);

/** Visit what is deployed, oldest batch first, for who brings it up to the store. The keyset must not be changed in it.
 */
typedef enum ward_status (*ward_keyset_visit)(const struct ward_keyset_entry *entry, void *arg);
enum ward_status ward_keyset_walk(struct ward_keyset *keyset, ward_keyset_visit visit, void *arg) WARD_MUST_USE;

/** Take the file away, with the environment or the replica. */
void ward_keyset_remove_file(struct ward_keyset *keyset);

struct ward_keyset_stats {
    uint64_t keys, jwks;
    uint64_t file_bytes, live_bytes;
    uint64_t revision; /* of the store, at the last deployment */
    uint64_t number;   /* of the last batch */
};
/** Threads: any. */
void ward_keyset_stats(struct ward_keyset *keyset, struct ward_keyset_stats *ret);

#endif
