/*
 * The keysets that this process serves and verifies with: its embedded replica's, found by environment. The deployer
 * keeps the list; readers need no store.
 */
#ifndef WARD_KEYSET_SERVED_H
#define WARD_KEYSET_SERVED_H

#include "keyset/keyset.h"

struct ward_served;

/** An environment as readers need it. */
struct ward_served_environment {
    struct ward_object_id id;
    struct ward_uuid account_id;
    struct ward_span name, access_url;
    struct ward_keyset *keyset;
};

enum ward_status ward_served_new(struct ward_served **ret) WARD_MUST_USE;
/** Takes NULL. The keysets stay. */
void ward_served_free(struct ward_served *served);

/**
 * Take the list for reading: no deployment to another environment, and none to this one, waits for it; only a change of
 * the list itself does. Hold it for a look-up, never across I/O. Entries found in it may be held on.
 *
 * Threads: any.
 */
void ward_served_enter(struct ward_served *served);
void ward_served_leave(struct ward_served *served);

/** Find an environment of an account by its id or its name. Between enter and leave. NULL: there is none. */
const struct ward_served_environment *ward_served_find(const struct ward_served *served,
                                                       const struct ward_uuid *account, struct ward_span id_or_name);

/**
 * Walk environments: of one account, or of all (NULL); called so, or whatever they are called (absent). Between enter
 * and leave. NULL: there are no more than index of them.
 */
const struct ward_served_environment *ward_served_nth(const struct ward_served *served, const struct ward_uuid *account,
                                                      struct ward_span id_or_name, size_t index);

/** The environment of an account if it has exactly one, else NULL. Between enter and leave. */
const struct ward_served_environment *ward_served_only(const struct ward_served *served,
                                                       const struct ward_uuid *account);

/** Replace the list (copied but for the keysets). When it returns, no reader holds a keyset of the old one that is not
 * in the new one. */
enum ward_status ward_served_set(struct ward_served *served, const struct ward_served_environment *environments,
                                 size_t count) WARD_MUST_USE;

#endif
