/*
 * One generation as its writer sees it: the mapped file and the books that are not in it. Knows how to place, replace
 * and remove; when to move on to a larger generation is writer.c's business.
 */
#ifndef WARD_TABLE_GENERATION_H
#define WARD_TABLE_GENERATION_H

#include "table/layout.h"

struct ward_generation {
    struct ward_table_view view; /* writable map; view.base NULL: none */
    uint64_t records_used;       /* records below were given out at some time */
    uint64_t records_live;
    uint64_t api_keys;
    uint32_t free_head; /* first of the removed records, chained through body_size; FREE_END: none */
    uint64_t tombstones;
    uint64_t arena_used;
    uint64_t arena_garbage;
    uint64_t scope_count;
    uint32_t *scope_buckets; /* scope + 1, hashed by account and project */
    uint64_t scope_bucket_count;
};

/** Make DIR/table.new of a geometry and map it. Errors: WARD_IO, WARD_NO_MEMORY, WARD_UNAVAILABLE (over a maximum). */
enum ward_status ward_generation_create(const char *path, const struct ward_table_geometry *geometry,
                                        uint64_t generation, uint64_t limits_id,
                                        struct ward_generation *ret) WARD_MUST_USE;
void ward_generation_close(struct ward_generation *generation);

/** True when so many more records and body bytes can be put without failing, scopes apart. */
bool ward_generation_has_room(const struct ward_generation *generation, uint64_t puts, uint64_t body_bytes);

/** True when so many more scopes can be added. */
bool ward_generation_has_scopes(const struct ward_generation *generation, uint64_t scopes);

/** True when the scope is there already: putting one of its records takes no room for scopes. */
bool ward_generation_has_scope(const struct ward_generation *generation, const struct ward_table_scope *scope);

/** Copy every live record, its scope and its body into an empty generation with room for them. WARD_INTEGRITY when a
 * record fails its check. */
enum ward_status ward_generation_copy(const struct ward_generation *from, struct ward_generation *to) WARD_MUST_USE;

/** Find a lookup's record. *ret_record is its copy; is_good says whether its check holds. */
struct ward_generation_found {
    bool is_found, is_good;
    uint64_t slot;
    uint32_t position;
    struct ward_record record;
};
struct ward_generation_found ward_generation_find(const struct ward_generation *generation,
                                                  const struct ward_lookup *lookup);

/** Find or add a scope and bring its state up to date; its index, or UINT32_MAX when full. */
uint32_t ward_generation_scope(struct ward_generation *generation, const struct ward_table_scope *scope);

/** Append a body; false when the arena is full. An old body with the same bytes is used again. */
bool ward_generation_body(struct ward_generation *generation, struct ward_span body, const struct ward_record *old,
                          struct ward_record *ret);

/** Write a record over the one found, or as a new one. False when there is no room. */
bool ward_generation_put(struct ward_generation *generation, const struct ward_generation_found *found,
                         struct ward_record *record);

void ward_generation_remove(struct ward_generation *generation, const struct ward_generation_found *found);

void ward_generation_scope_set_active(struct ward_generation *generation, const struct ward_uuid *account,
                                      const struct ward_uuid *project, bool is_active);

#endif
