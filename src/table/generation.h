/*
 * One generation as its writer sees it: the mapped file and the books that are not in it. Knows how to place, replace
 * and remove; when to move on to a larger generation is writer.c's business.
 */
#ifndef WARD_TABLE_GENERATION_H
#define WARD_TABLE_GENERATION_H

#include "table/layout.h"
#include "table/map.h"

struct ward_generation {
    struct ward_table_view view;     /* writable map; view.base NULL: none */
    struct ward_table_header header; /* as written; the file's own may rot */
    struct ward_map *map;            /* the same, offered to the readers of this process */
    uint64_t records_used;           /* records below were given out at some time */
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

/** Make DIR/table.new of a geometry and map it; with a pace its pages are brought in too. Errors: WARD_IO,
 * WARD_NO_MEMORY, WARD_UNAVAILABLE (over a maximum). */
enum ward_status ward_generation_create(const char *path, const struct ward_table_geometry *geometry,
                                        uint64_t generation, uint64_t limits_id, const struct ward_pace *pace,
                                        struct ward_generation *ret) WARD_MUST_USE;
void ward_generation_close(struct ward_generation *generation);

/** True when so many more records and body bytes can be put without failing, scopes apart. */
bool ward_generation_has_room(const struct ward_generation *generation, uint64_t puts, uint64_t body_bytes);

/** True when so many more scopes can be added. */
bool ward_generation_has_scopes(const struct ward_generation *generation, uint64_t scopes);

/** True when the scope is there already: putting one of its records takes no room for scopes. */
bool ward_generation_has_scope(const struct ward_generation *generation, const struct ward_table_scope *scope);

/**
 * Copy up to count records from *position on, with their scopes and bodies, and move *position along; all are copied
 * when it is from->records_used. A record that is there already stays as it is: changes are applied to both.
 *
 * Errors:  WARD_INTEGRITY (a record, scope or body fails its check), WARD_INTERNAL (no room).
 */
enum ward_status ward_generation_copy(const struct ward_generation *from, struct ward_generation *to, uint64_t count,
                                      uint64_t *position) WARD_MUST_USE;

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

/** Make a scope of another generation the same in this one; its index here, or UINT32_MAX: full, or damaged. */
uint32_t ward_generation_scope_copy(const struct ward_generation *from, uint32_t scope, struct ward_generation *to);

/** Append a body; false when the arena is full. An old body with the same bytes is used again. */
bool ward_generation_body(struct ward_generation *generation, struct ward_span body, const struct ward_record *old,
                          struct ward_record *ret);

/** Write a record over the one found, or as a new one. False when there is no room. */
bool ward_generation_put(struct ward_generation *generation, const struct ward_generation_found *found,
                         struct ward_record *record);

void ward_generation_remove(struct ward_generation *generation, const struct ward_generation_found *found);

void ward_generation_scope_set_active(struct ward_generation *generation, const struct ward_uuid *account,
                                      const struct ward_uuid *project, bool is_active);

/* ---- is it as it was written? ---- */

bool ward_generation_header_good(const struct ward_generation *generation);
bool ward_generation_scope_good(const struct ward_generation *generation, uint64_t scope);

/** A record, its scope, its body, and that the index leads to it. Its copy in *ret. */
bool ward_generation_record_good(const struct ward_generation *generation, uint64_t position, struct ward_record *ret);
bool ward_generation_slot_good(const struct ward_generation *generation, uint64_t slot);

#endif
