/*
 * The writer's books over DIR/limits: which counter belongs to whom, by how many records it is held, which are free.
 * The file itself holds only owners and counters, so a writer killed anywhere leaves nothing to repair: what no record
 * holds after the next start is swept.
 *
 * A relation's counter that is let go rests: it keeps its owner until the month of its last call is over, so that who
 * unsubscribes and subscribes again finds what was used. Resting counters are given to others before that only when
 * the file cannot grow.
 *
 * by_id is an open-addressing set of counters, hashed by owner; half empty, deletion by shifting back.
 */
#include "table/limit.h"

#include <sys/mman.h>
#include <unistd.h>

#include "base/seam.h"
#include "table/limit_words.h"
#include "table/plan_counter.h"

#define FIRST_CAPACITY 1024

struct ward_limit_slots {
    int fd;
    void *page; /* the header's, in a map of its own: threads that do not write look there while the file grows */
    struct ward_limits_map map;
    uint32_t *holds;  /* records that hold each counter; room for map.capacity */
    uint32_t *free;   /* a stack of free counters below `used`; room for map.capacity */
    uint32_t *by_id;  /* counter + 1; 0 empty */
    uint32_t buckets; /* of by_id: a power of two, at least twice map.capacity */
    uint32_t free_count;
    uint32_t used;       /* counters from here on were never given out */
    uint64_t held;       /* counters that a record holds */
    bool is_swept;       /* who is not held now is resting, not waiting for the store to be read */
    uint64_t suspicions; /* as of the last look */
};

static struct ward_limit_counter *counter_at(const struct ward_limit_slots *slots, uint32_t slot)
{
    return &slots->map.counters[slot];
}

static uint32_t home_of(const struct ward_limit_slots *slots, const uint64_t owner[2])
{
    return (uint32_t)ward_check_fold(owner[0] ^ WARD_CHECK_K0, owner[1] ^ WARD_CHECK_K1) & (slots->buckets - 1);
}

static void load_owner(const struct ward_limit_counter *counter, uint64_t ret[2])
{
    ret[0] = __atomic_load_n(&counter->owner[0], __ATOMIC_RELAXED);
    ret[1] = __atomic_load_n(&counter->owner[1], __ATOMIC_RELAXED);
}

/* Find the bucket of an owner, or the empty one where it would go. */
static uint32_t find_bucket(const struct ward_limit_slots *slots, const uint64_t owner[2])
{
    uint32_t bucket = home_of(slots, owner);
    for (; slots->by_id[bucket] != 0; bucket = (bucket + 1) & (slots->buckets - 1)) {
        uint64_t other[2];
        load_owner(counter_at(slots, slots->by_id[bucket] - 1), other);
        if (other[0] == owner[0] && other[1] == owner[1])
            break;
    }
    return bucket;
}

static void erase_bucket(struct ward_limit_slots *slots, uint32_t hole)
{
    uint32_t mask = slots->buckets - 1;
    for (uint32_t at = (hole + 1) & mask; slots->by_id[at] != 0; at = (at + 1) & mask) {
        uint64_t owner[2];
        load_owner(counter_at(slots, slots->by_id[at] - 1), owner);
        if (((at - home_of(slots, owner)) & mask) >= ((at - hole) & mask)) {
            slots->by_id[hole] = slots->by_id[at];
            hole = at;
        }
    }
    slots->by_id[hole] = 0;
}

/* The new arrays of a capacity, filled from the old ones; the old ones stay. */
static enum ward_status grow_books(struct ward_limit_slots *slots, uint32_t capacity)
{
    uint32_t buckets = 2;
    while (buckets < 2 * capacity)
        buckets *= 2;
    uint32_t *holds = ward_alloc(capacity * sizeof(uint32_t));
    uint32_t *free = ward_alloc(capacity * sizeof(uint32_t));
    uint32_t *by_id = ward_alloc(buckets * sizeof(uint32_t));
    if (holds == NULL || free == NULL || by_id == NULL) {
        ward_free(holds);
        ward_free(free);
        ward_free(by_id);
        return WARD_NO_MEMORY;
    }
    if (slots->used > 0)
        memcpy(holds, slots->holds, slots->used * sizeof(uint32_t));
    if (slots->free_count > 0)
        memcpy(free, slots->free, slots->free_count * sizeof(uint32_t));

    uint32_t *old = slots->by_id;
    uint32_t old_buckets = slots->buckets;
    ward_free(slots->holds);
    ward_free(slots->free);
    slots->holds = holds;
    slots->free = free;
    slots->by_id = by_id;
    slots->buckets = buckets;
    for (uint32_t i = 0; i < old_buckets; i++) {
        if (old[i] == 0)
            continue;
        uint64_t owner[2];
        load_owner(counter_at(slots, old[i] - 1), owner);
        by_id[find_bucket(slots, owner)] = old[i];
    }
    ward_free(old);
    return WARD_OK;
}

static uint64_t file_bytes(uint32_t capacity)
{
    return WARD_TABLE_PAGE + (uint64_t)capacity * sizeof(struct ward_limit_counter);
}

/* Readers remap when they meet a counter beyond their map; counters never move within the file. */
static enum ward_status grow_file(struct ward_limit_slots *slots, uint32_t capacity)
{
    uint64_t size = file_bytes(capacity);
    if (ward_seam.allocate_file(slots->fd, 0, (off_t)size) != 0)
        return WARD_IO;
    struct ward_limits_map map;
    enum ward_status status = ward_limits_map_file(slots->fd, size, &map);
    if (status != WARD_OK)
        return status;
    status = ward_limits_map_share(slots->fd, &map);
    if (status != WARD_OK) {
        ward_limits_map_close(&map);
        return status;
    }
    ward_limits_map_close(&slots->map);
    slots->map = map;
    return WARD_OK;
}

/* ---- free and resting counters ---- */

static void clear_counter(struct ward_limit_slots *slots, uint32_t slot)
{
    struct ward_limit_counter *counter = counter_at(slots, slot);
    __atomic_store_n(&counter->owner[0], 0, __ATOMIC_RELEASE);
    __atomic_store_n(&counter->owner[1], 0, __ATOMIC_RELEASE);
    /* Words of a new sequence: an attempt that still believes in the old owner fails its CAS. */
    uint64_t window = __atomic_load_n(&counter->window, __ATOMIC_ACQUIRE), cleared;
    do
        cleared = word_make(word_sequence(window) + 1, 0);
    while (!__atomic_compare_exchange_n(&counter->window, &window, cleared, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE));
    __atomic_exchange_n(&counter->count, cleared, __ATOMIC_ACQ_REL);
    __atomic_store_n(&counter->guard_ms, 0, __ATOMIC_RELEASE);
}

static void free_slot(struct ward_limit_slots *slots, uint32_t slot)
{
    uint64_t owner[2];
    load_owner(counter_at(slots, slot), owner);
    uint32_t bucket = find_bucket(slots, owner);
    if (slots->by_id[bucket] == slot + 1)
        erase_bucket(slots, bucket);
    clear_counter(slots, slot);
    slots->free[slots->free_count++] = slot;
}

/* Still of use to its owner, should the relation come back. */
static bool is_resting(const struct ward_limit_slots *slots, uint32_t slot)
{
    const struct ward_limit_counter *counter = counter_at(slots, slot);
    struct ward_uuid id;
    uint64_t owner[2];
    load_owner(counter, owner);
    memcpy(id.bytes, owner, sizeof(owner));
    return ward_is_relation_id(&id) && ward_plan_words_matter(&counter->plan, ward_now_ms());
}

/* Free what no record holds; what rests too, or not. */
static void free_unheld(struct ward_limit_slots *slots, bool with_resting)
{
    for (uint32_t slot = 0; slot < slots->used; slot++) {
        uint64_t owner[2];
        load_owner(counter_at(slots, slot), owner);
        bool is_free = (owner[0] | owner[1]) == 0;
        if (slots->holds[slot] == 0 && !is_free && (with_resting || !is_resting(slots, slot)))
            free_slot(slots, slot);
    }
}

/* ---- room ---- */

static uint64_t room_of(const struct ward_limit_slots *slots)
{
    return slots->map.capacity - slots->used + slots->free_count;
}

static enum ward_status grow(struct ward_limit_slots *slots, size_t count)
{
    uint64_t room = room_of(slots);
    uint64_t needed = slots->map.capacity + (count > room ? count - room : 0);
    if (needed > WARD_TABLE_RECORDS_MAX || slots->map.capacity >= WARD_TABLE_RECORDS_MAX)
        return WARD_UNAVAILABLE;
    uint64_t capacity = needed + needed / 2;
    if (capacity > WARD_TABLE_RECORDS_MAX)
        capacity = WARD_TABLE_RECORDS_MAX;
    enum ward_status status = grow_books(slots, (uint32_t)capacity);
    return status == WARD_OK ? grow_file(slots, (uint32_t)capacity) : status;
}

enum ward_status ward_limit_slots_reserve(struct ward_limit_slots *slots, size_t count)
{
    if (count <= room_of(slots))
        return WARD_OK;
    if (slots->is_swept)
        free_unheld(slots, false);
    if (room_of(slots) >= count + slots->map.capacity / 8) /* enough that the next look is far away */
        return WARD_OK;
    enum ward_status status = grow(slots, count);
    if (status == WARD_OK || count <= room_of(slots))
        return WARD_OK;
    if (slots->is_swept)
        free_unheld(slots, true);
    return count <= room_of(slots) ? WARD_OK : status;
}

/* ---- open ---- */

static enum ward_status make_file(const char *directory, int *ret_fd, struct ward_limits_map *ret_map)
{
    char *path = ward_table_path(directory, "limits"), *fresh = ward_table_path(directory, "limits.new");
    enum ward_status status = path != NULL && fresh != NULL ? WARD_OK : WARD_NO_MEMORY;
    struct ward_limits_header header;
    uint64_t id = 0;
    int fd = -1;
    if (status == WARD_OK)
        status = ward_random(&id, sizeof(id));
    if (status == WARD_OK)
        status = ward_table_file_create(fresh, file_bytes(FIRST_CAPACITY), NULL, &fd);
    if (status == WARD_OK) {
        header = ward_limits_header_make(id);
        if (ward_seam.write(fd, &header, sizeof(header)) != (ssize_t)sizeof(header))
            status = WARD_IO;
    }
    if (status == WARD_OK)
        status = ward_limits_map_file(fd, file_bytes(FIRST_CAPACITY), ret_map);
    if (status == WARD_OK && ward_seam.rename(fresh, path) != 0) {
        ward_limits_map_close(ret_map);
        status = WARD_IO;
    }
    if (status == WARD_OK)
        *ret_fd = fd;
    else if (fd >= 0) {
        close(fd);
        unlink(fresh);
    }
    ward_free(path);
    ward_free(fresh);
    return status;
}

static enum ward_status open_file(const char *directory, int *ret_fd, struct ward_limits_map *ret_map)
{
    char *path = ward_table_path(directory, "limits");
    if (path == NULL)
        return WARD_NO_MEMORY;
    int fd = -1;
    struct stat stat;
    enum ward_status status = ward_table_file_open(path, true, &fd, &stat);
    ward_free(path);
    if (status == WARD_OK)
        status = ward_limits_map_file(fd, (uint64_t)stat.st_size, ret_map);
    /* Growth that failed on a full disk may have left a hole at the end: fill it before anybody counts there. */
    if (status == WARD_OK && ward_seam.allocate_file(fd, 0, stat.st_size) != 0) {
        ward_limits_map_close(ret_map);
        status = WARD_IO;
    }
    if (status == WARD_OK)
        *ret_fd = fd;
    else if (fd >= 0)
        close(fd);
    return status;
}

static void take_over(struct ward_limit_slots *slots)
{
    slots->used = slots->map.capacity;
    for (uint32_t slot = slots->used; slot-- > 0;) {
        uint64_t owner[2];
        load_owner(counter_at(slots, slot), owner);
        uint32_t bucket = (owner[0] | owner[1]) == 0 ? UINT32_MAX : find_bucket(slots, owner);
        if (bucket == UINT32_MAX || slots->by_id[bucket] != 0) {
            struct ward_limit_counter *counter = counter_at(slots, slot); /* free, or a second one of the same owner */
            __atomic_store_n(&counter->owner[0], 0, __ATOMIC_RELEASE);
            __atomic_store_n(&counter->owner[1], 0, __ATOMIC_RELEASE);
            slots->free[slots->free_count++] = slot;
            continue;
        }
        slots->by_id[bucket] = slot + 1;
    }
}

enum ward_status ward_limit_slots_open(const char *directory, struct ward_limit_slots **ret)
{
    struct ward_limit_slots *slots = ward_alloc(sizeof(*slots));
    if (slots == NULL)
        return WARD_NO_MEMORY;
    slots->fd = -1;
    enum ward_status status = open_file(directory, &slots->fd, &slots->map);
    if (status == WARD_NOT_FOUND || status == WARD_INTEGRITY)
        status = make_file(directory, &slots->fd, &slots->map);
    if (status == WARD_OK)
        slots->page = ward_table_map(slots->fd, WARD_TABLE_PAGE, true);
    if (status == WARD_OK)
        status = slots->page == NULL ? WARD_NO_MEMORY : ward_limits_map_share(slots->fd, &slots->map);
    if (status == WARD_OK)
        status = grow_books(slots, slots->map.capacity);
    if (status != WARD_OK) {
        ward_limit_slots_close(slots);
        return status;
    }
    take_over(slots);
    (void)ward_limit_slots_take_suspicion(slots); /* of what lay there before */
    *ret = slots;
    return WARD_OK;
}

void ward_limit_slots_close(struct ward_limit_slots *slots)
{
    if (slots == NULL)
        return;
    ward_limits_map_close(&slots->map);
    ward_table_unmap(slots->page, WARD_TABLE_PAGE);
    if (slots->fd >= 0)
        close(slots->fd);
    ward_free(slots->holds);
    ward_free(slots->free);
    ward_free(slots->by_id);
    ward_free(slots);
}

struct ward_limits_live *ward_limit_slots_live(const struct ward_limit_slots *slots)
{
    return (struct ward_limits_live *)(void *)((uint8_t *)slots->page + WARD_LIMITS_LIVE_AT);
}

uint64_t ward_limit_slots_id(const struct ward_limit_slots *slots)
{
    return slots->map.id;
}

uint64_t ward_limit_slots_held(const struct ward_limit_slots *slots)
{
    return slots->held;
}

struct ward_limit_counter *ward_limit_slots_counter(struct ward_limit_slots *slots, uint32_t slot)
{
    return slot < slots->used ? counter_at(slots, slot) : NULL;
}

enum ward_status ward_limit_slots_sync(const struct ward_limit_slots *slots)
{
    return ward_seam.sync_data(slots->fd) == 0 ? WARD_OK : WARD_IO;
}

/* ---- hold and drop ---- */

static void copy_window(struct ward_limit_slots *slots, uint32_t from, struct ward_limit_counter *to)
{
    if (from >= slots->map.capacity)
        return;
    const struct ward_limit_counter *counter = counter_at(slots, from);
    uint64_t window = __atomic_load_n(&counter->window, __ATOMIC_ACQUIRE);
    uint64_t count = __atomic_load_n(&counter->count, __ATOMIC_ACQUIRE);
    uint64_t consumed = word_sequence(count) == word_sequence(window) ? word_value(count) : 0;
    uint64_t sequence = word_sequence(__atomic_load_n(&to->window, __ATOMIC_RELAXED)) + 1;
    __atomic_store_n(&to->guard_ms, __atomic_load_n(&counter->guard_ms, __ATOMIC_RELAXED), __ATOMIC_RELEASE);
    __atomic_store_n(&to->window, word_make(sequence, word_value(window)), __ATOMIC_RELEASE);
    __atomic_store_n(&to->count, word_make(sequence, consumed), __ATOMIC_RELEASE);
}

/* The guard goes up at once. It goes down only where no reader can hold a record with a longer ttl: at a restart. */
static void raise_guard(struct ward_limit_counter *counter, uint32_t ttl_s, bool may_lower)
{
    uint64_t guard = UINT64_C(1000) * ttl_s;
    if (may_lower || guard > __atomic_load_n(&counter->guard_ms, __ATOMIC_RELAXED))
        __atomic_store_n(&counter->guard_ms, guard, __ATOMIC_RELEASE);
}

enum ward_status ward_limit_slots_hold(struct ward_limit_slots *slots, const struct ward_uuid *id, uint32_t ttl_s,
                                       uint32_t old_ttl_s, uint32_t inherit, uint32_t *ret)
{
    uint64_t owner[2];
    memcpy(owner, id->bytes, sizeof(owner));
    uint32_t longest_s = ttl_s > old_ttl_s ? ttl_s : old_ttl_s;
    uint32_t bucket = find_bucket(slots, owner);
    if (slots->by_id[bucket] != 0) {
        uint32_t slot = slots->by_id[bucket] - 1;
        struct ward_limit_counter *counter = counter_at(slots, slot);
        bool is_ended = (int64_t)word_value(__atomic_load_n(&counter->window, __ATOMIC_RELAXED)) <= ward_now_ms();
        raise_guard(counter, longest_s, slots->holds[slot] == 0 && is_ended);
        slots->held += slots->holds[slot] == 0;
        slots->holds[slot]++;
        *ret = slot;
        return WARD_OK;
    }

    enum ward_status status = ward_limit_slots_reserve(slots, 1);
    if (status != WARD_OK)
        return status;
    bucket = find_bucket(slots, owner); /* the books may have grown */
    uint32_t slot = slots->free_count > 0 ? slots->free[--slots->free_count] : slots->used++;
    struct ward_limit_counter *counter = counter_at(slots, slot);
    __atomic_store_n(&counter->guard_ms, 0, __ATOMIC_RELEASE);
    if (ward_is_relation_id(id))
        ward_plan_words_hand_over(&counter->plan);
    if (inherit != WARD_LIMIT_SLOT_NONE)
        copy_window(slots, inherit, counter);
    raise_guard(counter, longest_s, false);
    __atomic_store_n(&counter->owner[0], owner[0], __ATOMIC_RELEASE);
    __atomic_store_n(&counter->owner[1], owner[1], __ATOMIC_RELEASE);
    slots->by_id[bucket] = slot + 1;
    slots->holds[slot] = 1;
    slots->held++;
    *ret = slot;
    return WARD_OK;
}

void ward_limit_slots_drop(struct ward_limit_slots *slots, uint32_t slot)
{
    if (slot >= slots->used || slots->holds[slot] == 0)
        return;
    if (--slots->holds[slot] > 0)
        return;
    slots->held--;
    if (!is_resting(slots, slot))
        free_slot(slots, slot);
}

void ward_limit_slots_sweep(struct ward_limit_slots *slots)
{
    slots->is_swept = true;
    free_unheld(slots, false);
}

/* ---- mending ---- */

void ward_limit_slots_mend_header(struct ward_limit_slots *slots)
{
    struct ward_limits_header header = ward_limits_header_make(slots->map.id);
    if (memcmp(slots->map.base, &header, sizeof(header)) != 0)
        memcpy(slots->map.base, &header, sizeof(header));
}

void ward_limit_slots_mend(struct ward_limit_slots *slots, uint32_t slot, const struct ward_uuid *id, uint32_t ttl_s)
{
    if (slot >= slots->used || slots->holds[slot] == 0)
        return;
    struct ward_limit_counter *counter = counter_at(slots, slot);
    uint64_t owner[2], held[2];
    memcpy(owner, id->bytes, sizeof(owner));
    load_owner(counter, held);
    if (held[0] != owner[0] || held[1] != owner[1]) {
        __atomic_store_n(&counter->owner[0], owner[0], __ATOMIC_RELEASE);
        __atomic_store_n(&counter->owner[1], owner[1], __ATOMIC_RELEASE);
    }
    uint64_t guard = __atomic_load_n(&counter->guard_ms, __ATOMIC_RELAXED);
    if (guard > UINT64_C(1000) * WARD_RATE_LIMIT_TTL_MAX || guard < UINT64_C(1000) * ttl_s)
        __atomic_store_n(&counter->guard_ms, UINT64_C(1000) * ttl_s, __ATOMIC_RELEASE);
}

bool ward_limit_slots_take_suspicion(struct ward_limit_slots *slots)
{
    uint64_t now = __atomic_load_n(&slots->map.live->suspicions, __ATOMIC_RELAXED);
    bool is_more = now != slots->suspicions;
    slots->suspicions = now;
    return is_more;
}
