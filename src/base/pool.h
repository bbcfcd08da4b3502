/*
 * Memory that lives as long as one request: allocated by bumping, freed at once. Everything a store or a parser hands
 * out lives in the pool that its caller passed, so nobody frees a single field.
 */
#ifndef WARD_BASE_POOL_H
#define WARD_BASE_POOL_H

#include "base/span.h"
#include "base/status.h"

struct ward_pool_block;

struct ward_pool {
    struct ward_pool_block *blocks;
    size_t used; /* bytes handed out so far */
    size_t max;
    bool is_exhausted; /* an allocation failed: out of memory or over the maximum */
};

/** Make an empty pool of at most max bytes. Blocks are wiped when freed: they may have held opened secrets. */
struct ward_pool ward_pool_new(size_t max);

/** Wipe and free every block. Takes NULL. */
void ward_pool_free(struct ward_pool *pool);

/** Wipe and forget what was handed out, keeping the first block for the next use. */
void ward_pool_reset(struct ward_pool *pool);

/** Allocate zeroed, 16-byte aligned memory, or NULL. Owned by the pool. */
void *ward_pool_alloc(struct ward_pool *pool, size_t size) WARD_MUST_USE;

/** Give back all but the first `kept` bytes of the latest ward_pool_alloc of this pool. What is given back must be as
 * it was given: zero. */
void ward_pool_shorten(struct ward_pool *pool, const void *memory, size_t size, size_t kept);

/** Copy bytes and add a closing NUL; an absent span stays absent. On failure gives an absent span and sets
 * is_exhausted. */
struct ward_span ward_pool_copy(struct ward_pool *pool, struct ward_span bytes);

#define WARD_POOL __attribute__((cleanup(ward_pool_free))) struct ward_pool

#endif
