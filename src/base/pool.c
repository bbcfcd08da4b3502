#include "base/pool.h"

#include <stdint.h>

#include "base/seam.h"

enum { ALIGNMENT = 16, FIRST_BLOCK = 8 * 1024, BLOCK_MAX = 1024 * 1024 };

struct ward_pool_block {
    struct ward_pool_block *next; /* the block before it in time; the first one ends the list */
    size_t capacity;
    size_t used;
    _Alignas(ALIGNMENT) char data[];
};

struct ward_pool ward_pool_new(size_t max)
{
    return (struct ward_pool){ .max = max };
}

static void wipe(struct ward_pool_block *block)
{
    explicit_bzero(block->data, block->used);
    block->used = 0;
}

static struct ward_pool_block *free_block(struct ward_pool_block *block)
{
    struct ward_pool_block *next = block->next;
    wipe(block);
    ward_free(block);
    return next;
}

void ward_pool_free(struct ward_pool *pool)
{
    if (!pool) {
        return;
    }
    while (pool->blocks) {
        pool->blocks = free_block(pool->blocks);
    }
    pool->used = 0;
    pool->is_exhausted = false;
}

void ward_pool_reset(struct ward_pool *pool)
{
    while (pool->blocks && pool->blocks->next) {
        pool->blocks = free_block(pool->blocks);
    }
    if (pool->blocks) {
        wipe(pool->blocks);
    }
    pool->used = 0;
    pool->is_exhausted = false;
}

/* Blocks double up to BLOCK_MAX; a larger request gets a block of its own size. */
static size_t next_block_size(const struct ward_pool *pool, size_t needed)
{
    size_t size = pool->blocks ? pool->blocks->capacity * 2 : FIRST_BLOCK;
    if (size > BLOCK_MAX) {
        size = BLOCK_MAX;
    }
    size_t left = pool->max - pool->used;
    if (size > left) {
        size = left;
    }
    return size < needed ? needed : size;
}

static struct ward_pool_block *add_block(struct ward_pool *pool, size_t needed)
{
    size_t size = next_block_size(pool, needed);
    if (size > SIZE_MAX - sizeof(struct ward_pool_block)) {
        return NULL;
    }
    struct ward_pool_block *block = ward_alloc(sizeof(struct ward_pool_block) + size);
    if (!block) {
        return NULL;
    }
    block->capacity = size;
    block->next = pool->blocks;
    pool->blocks = block;
    return block;
}

static size_t round_up(size_t size)
{
    return size ? (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1) : ALIGNMENT;
}

void *ward_pool_alloc(struct ward_pool *pool, size_t size)
{
    size_t needed = round_up(size);
    if (needed < size || needed > pool->max - pool->used) {
        pool->is_exhausted = true;
        return NULL;
    }
    struct ward_pool_block *block = pool->blocks;
    if (!block || needed > block->capacity - block->used) {
        block = add_block(pool, needed);
    }
    if (!block) {
        pool->is_exhausted = true;
        return NULL;
    }
    void *memory = block->data + block->used; /* zeroed when the block was made, and again when it was wiped */
    block->used += needed;
    pool->used += needed;
    return memory;
}

void ward_pool_shorten(struct ward_pool *pool, const void *memory, size_t size, size_t kept)
{
    struct ward_pool_block *block = pool->blocks;
    bool is_latest = (const char *)memory + round_up(size) == block->data + block->used;
    if (is_latest && kept < size) {
        block->used -= round_up(size) - round_up(kept);
        pool->used -= round_up(size) - round_up(kept);
    }
}

struct ward_span ward_pool_copy(struct ward_pool *pool, struct ward_span bytes)
{
    if (!bytes.data) {
        return WARD_SPAN_NONE;
    }
    if (bytes.size == SIZE_MAX) {
        pool->is_exhausted = true;
        return WARD_SPAN_NONE;
    }
    char *copy = ward_pool_alloc(pool, bytes.size + 1);
    if (!copy) {
        return WARD_SPAN_NONE;
    }
    memcpy(copy, bytes.data, bytes.size);
    return ward_span(copy, bytes.size);
}
