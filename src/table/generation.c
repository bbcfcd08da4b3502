#include "table/generation.h"

#include <unistd.h>

#include "base/seam.h"

#define FREE_END UINT32_MAX

static uint64_t *record_words(const struct ward_generation *generation, uint64_t position)
{
    return generation->view.records + position * WARD_RECORD_WORDS;
}

static uint64_t *scope_words(const struct ward_generation *generation, uint64_t scope)
{
    return generation->view.scopes + scope * WARD_SCOPE_WORDS;
}

static uint64_t body_room(uint64_t size)
{
    return (size + 7) / 8 * 8;
}

/* The writer is the only one who writes: it copies without looking at the sequence. */
static void load_record(const struct ward_generation *generation, uint64_t position, struct ward_record *ret)
{
    memcpy(ret, record_words(generation, position), sizeof(*ret));
}

static bool is_record_good(const struct ward_record *record, uint64_t position)
{
    uint64_t words[WARD_RECORD_WORDS];
    memcpy(words, record, sizeof(words));
    return record->check == ward_words_check(words, WARD_RECORD_WORDS, position);
}

static void store_record(struct ward_generation *generation, uint64_t position, struct ward_record *record)
{
    uint64_t words[WARD_RECORD_WORDS];
    memcpy(words, record, sizeof(words));
    record->check = ward_words_check(words, WARD_RECORD_WORDS, position);
    memcpy(words, record, sizeof(words));
    ward_words_store(record_words(generation, position), words, WARD_RECORD_WORDS);
}

static void store_slot(struct ward_generation *generation, uint64_t slot, uint64_t value)
{
    __atomic_store_n(&generation->view.index[slot], value, __ATOMIC_RELEASE);
}

static void point_slot(struct ward_generation *generation, uint64_t slot, const struct ward_record *record,
                       uint32_t position)
{
    uint64_t value = ward_slot_make(ward_lookup_tag(&record->lookup), record->limit_slot, position);
    if (generation->view.index[slot] != value)
        store_slot(generation, slot, value);
}

/* ---- make and close ---- */

static enum ward_status write_header(struct ward_generation *generation, const struct ward_table_geometry *geometry,
                                     uint64_t number, uint64_t limits_id, void *base)
{
    struct ward_table_header header = { .magic = WARD_TABLE_MAGIC,
                                        .format = WARD_TABLE_FORMAT,
                                        .generation = number,
                                        .geometry = *geometry,
                                        .file_bytes = ward_table_file_bytes(geometry),
                                        .limits_id = limits_id };
    enum ward_status status = ward_boot_id(header.boot_id);
    if (status != WARD_OK)
        return status;
    header.check = ward_table_header_check(&header);
    memcpy(base, &header, sizeof(header));
    generation->header = header;
    ward_table_view_init(&generation->view, base, &header);
    return WARD_OK;
}

static enum ward_status map_new(int fd, const struct ward_table_geometry *geometry, uint64_t number, uint64_t limits_id,
                                struct ward_generation *made)
{
    struct stat stat;
    uint64_t size = ward_table_file_bytes(geometry);
    if (fstat(fd, &stat) != 0)
        return WARD_IO;
    void *base = ward_table_map(fd, size, true);
    if (base == NULL)
        return WARD_NO_MEMORY;
    enum ward_status status = write_header(made, geometry, number, limits_id, base);
    if (status == WARD_OK)
        status = ward_map_share(&stat, fd, base, size, &made->map);
    if (status != WARD_OK)
        ward_table_unmap(base, size);
    return status;
}

enum ward_status ward_generation_create(const char *path, const struct ward_table_geometry *geometry, uint64_t number,
                                        uint64_t limits_id, const struct ward_pace *pace, struct ward_generation *ret)
{
    uint64_t size = ward_table_file_bytes(geometry);
    if (size == 0)
        return WARD_UNAVAILABLE;
    struct ward_generation made = { .free_head = FREE_END, .scope_bucket_count = 2 };
    while (made.scope_bucket_count < 2 * geometry->scope_capacity)
        made.scope_bucket_count *= 2;
    made.scope_buckets = ward_alloc(made.scope_bucket_count * sizeof(uint32_t));
    if (made.scope_buckets == NULL)
        return WARD_NO_MEMORY;

    int fd = -1;
    enum ward_status status = ward_table_file_create(path, size, pace, &fd);
    if (status == WARD_OK) {
        ward_table_warm(size, pace); /* the header is the first touch */
        status = map_new(fd, geometry, number, limits_id, &made);
        if (status != WARD_OK) {
            close(fd);
            unlink(path);
        }
    }
    if (status != WARD_OK) {
        ward_free(made.scope_buckets);
        return status;
    }
    if (pace != NULL)
        ward_table_populate(made.view.base, size, pace);
    *ret = made;
    return WARD_OK;
}

void ward_generation_close(struct ward_generation *generation)
{
    ward_map_release(generation->map);
    ward_free(generation->scope_buckets);
    *generation = (struct ward_generation){ 0 };
}

bool ward_generation_has_room(const struct ward_generation *generation, uint64_t puts, uint64_t body_bytes)
{
    const struct ward_table_geometry *geometry = &generation->view.geometry;
    return generation->records_live + puts <= geometry->record_capacity &&
           generation->records_live + generation->tombstones + puts <= geometry->index_slots / 4 * 3 &&
           generation->arena_used + body_bytes + 8 * puts <= geometry->arena_bytes;
}

bool ward_generation_has_scopes(const struct ward_generation *generation, uint64_t scopes)
{
    return generation->scope_count + scopes <= generation->view.geometry.scope_capacity;
}

/* ---- index ---- */

struct ward_generation_found ward_generation_find(const struct ward_generation *generation,
                                                  const struct ward_lookup *lookup)
{
    struct ward_generation_found found = { 0 };
    uint64_t mask = generation->view.geometry.index_slots - 1;
    uint32_t tag = ward_lookup_tag(lookup);
    uint64_t at = ward_lookup_home(lookup) & mask;
    for (unsigned probe = 0; probe < WARD_TABLE_PROBES_MAX; probe++, at = (at + 1) & mask) {
        uint64_t slot = generation->view.index[at];
        if (slot == WARD_SLOT_EMPTY)
            break;
        uint32_t position = ward_slot_record(slot);
        if (slot == WARD_SLOT_TOMBSTONE || ward_slot_tag(slot) != tag || position >= generation->records_used)
            continue;
        load_record(generation, position, &found.record);
        if (memcmp(found.record.lookup.bytes, lookup->bytes, sizeof(lookup->bytes)) != 0)
            continue;
        found.is_found = true;
        found.is_good = is_record_good(&found.record, position);
        found.slot = at;
        found.position = position;
        return found;
    }
    return found;
}

/* The first slot of a lookup's run that is free; false beyond the longest probe a reader makes. */
static bool find_free_slot(const struct ward_generation *generation, const struct ward_lookup *lookup, uint64_t *ret)
{
    uint64_t mask = generation->view.geometry.index_slots - 1;
    uint64_t at = ward_lookup_home(lookup) & mask;
    for (unsigned probe = 0; probe < WARD_TABLE_PROBES_MAX; probe++, at = (at + 1) & mask) {
        uint64_t slot = generation->view.index[at];
        if (slot == WARD_SLOT_EMPTY || slot == WARD_SLOT_TOMBSTONE) {
            *ret = at;
            return true;
        }
    }
    return false;
}

/* A slot before an empty one ends no run but its own: it and the tombstones before it become empty again. */
static void release_slot(struct ward_generation *generation, uint64_t slot)
{
    uint64_t mask = generation->view.geometry.index_slots - 1;
    store_slot(generation, slot, WARD_SLOT_TOMBSTONE);
    generation->tombstones++;
    if (generation->view.index[(slot + 1) & mask] != WARD_SLOT_EMPTY)
        return;
    for (; generation->view.index[slot] == WARD_SLOT_TOMBSTONE; slot = (slot - 1) & mask) {
        store_slot(generation, slot, WARD_SLOT_EMPTY);
        generation->tombstones--;
    }
}

/* ---- scopes ---- */

static uint64_t scope_home(const struct ward_generation *generation, const struct ward_uuid *account,
                           const struct ward_uuid *project)
{
    uint64_t a[2], p[2];
    memcpy(a, account->bytes, sizeof(a));
    memcpy(p, project->bytes, sizeof(p));
    uint64_t hash = ward_check_fold(a[0] ^ WARD_CHECK_K0, a[1] ^ WARD_CHECK_K1) ^
                    ward_check_fold(p[0] ^ WARD_CHECK_K1, p[1] ^ WARD_CHECK_K2);
    return hash & (generation->scope_bucket_count - 1);
}

static void load_scope(const struct ward_generation *generation, uint64_t scope, struct ward_scope_entry *ret)
{
    memcpy(ret, scope_words(generation, scope), sizeof(*ret));
}

static void store_scope(struct ward_generation *generation, uint64_t scope, struct ward_scope_entry *entry)
{
    uint64_t words[WARD_SCOPE_WORDS];
    memcpy(words, entry, sizeof(words));
    entry->check = ward_words_check(words, WARD_SCOPE_WORDS, scope);
    memcpy(words, entry, sizeof(words));
    ward_words_store(scope_words(generation, scope), words, WARD_SCOPE_WORDS);
}

/* A scope that fails its check is nobody's: changing it would give it a good one. */
static bool is_scope_good(const struct ward_scope_entry *entry, uint64_t scope)
{
    uint64_t words[WARD_SCOPE_WORDS];
    memcpy(words, entry, sizeof(words));
    return entry->check == ward_words_check(words, WARD_SCOPE_WORDS, scope);
}

static bool is_scope_of(const struct ward_scope_entry *entry, const struct ward_uuid *account,
                        const struct ward_uuid *project)
{
    return ward_uuid_equal(&entry->account_id, account) && ward_uuid_equal(&entry->project_id, project);
}

/* The bucket of a scope, with the scope, or the empty one where it would go. */
static uint64_t find_scope(const struct ward_generation *generation, const struct ward_uuid *account,
                           const struct ward_uuid *project, struct ward_scope_entry *ret)
{
    uint64_t mask = generation->scope_bucket_count - 1;
    uint64_t bucket = scope_home(generation, account, project);
    for (; generation->scope_buckets[bucket] != 0; bucket = (bucket + 1) & mask) {
        uint32_t scope = generation->scope_buckets[bucket] - 1;
        load_scope(generation, scope, ret);
        if (is_scope_of(ret, account, project) && is_scope_good(ret, scope))
            break;
    }
    return bucket;
}

bool ward_generation_has_scope(const struct ward_generation *generation, const struct ward_table_scope *scope)
{
    struct ward_scope_entry entry;
    uint64_t bucket = find_scope(generation, &scope->account_id, &scope->project_id, &entry);
    return generation->scope_buckets[bucket] != 0;
}

/* Find or add by account and project; a new one gets the flags. */
static uint32_t place_scope(struct ward_generation *generation, const struct ward_uuid *account,
                            const struct ward_uuid *project, uint64_t flags, struct ward_scope_entry *ret)
{
    uint64_t bucket = find_scope(generation, account, project, ret);
    if (generation->scope_buckets[bucket] != 0)
        return generation->scope_buckets[bucket] - 1;
    if (generation->scope_count == generation->view.geometry.scope_capacity)
        return UINT32_MAX;
    uint32_t scope = (uint32_t)generation->scope_count++;
    *ret = (struct ward_scope_entry){ .account_id = *account, .project_id = *project, .flags = flags };
    store_scope(generation, scope, ret);
    generation->scope_buckets[bucket] = scope + 1;
    return scope;
}

uint32_t ward_generation_scope(struct ward_generation *generation, const struct ward_table_scope *scope)
{
    /* Which of the two is inactive is not said: then it is the project, and only the project's return helps. */
    uint64_t flags = WARD_SCOPE_ACCOUNT_ACTIVE;
    if (scope->is_active)
        flags |= WARD_SCOPE_PROJECT_ACTIVE;
    if (scope->is_test)
        flags |= WARD_SCOPE_TEST;
    struct ward_scope_entry entry;
    uint32_t at = place_scope(generation, &scope->account_id, &scope->project_id, flags, &entry);
    if (at == UINT32_MAX)
        return at;
    const uint64_t active = WARD_SCOPE_ACCOUNT_ACTIVE | WARD_SCOPE_PROJECT_ACTIVE;
    bool was_active = (entry.flags & active) == active;
    if (was_active != scope->is_active || ((entry.flags ^ flags) & WARD_SCOPE_TEST) != 0) {
        entry.flags = flags;
        store_scope(generation, at, &entry);
    }
    return at;
}

void ward_generation_scope_set_active(struct ward_generation *generation, const struct ward_uuid *account,
                                      const struct ward_uuid *project, bool is_active)
{
    bool is_whole_account = ward_uuid_is_nil(project);
    uint64_t flag = is_whole_account ? WARD_SCOPE_ACCOUNT_ACTIVE : WARD_SCOPE_PROJECT_ACTIVE;
    for (uint64_t scope = 0; scope < generation->scope_count; scope++) {
        struct ward_scope_entry entry;
        load_scope(generation, scope, &entry);
        if (!ward_uuid_equal(&entry.account_id, account) || !is_scope_good(&entry, scope))
            continue;
        if (!is_whole_account && !ward_uuid_equal(&entry.project_id, project))
            continue;
        uint64_t flags = is_active ? entry.flags | flag : entry.flags & ~flag;
        if (flags == entry.flags)
            continue;
        entry.flags = flags;
        store_scope(generation, scope, &entry);
    }
}

/* ---- bodies and records ---- */

static bool has_same_body(const struct ward_generation *generation, struct ward_span body,
                          const struct ward_record *old)
{
    return old != NULL && old->body_size == body.size && old->body_offset <= generation->arena_used &&
           body.size <= generation->arena_used - old->body_offset &&
           (body.size == 0 || memcmp(generation->view.arena + old->body_offset, body.data, body.size) == 0);
}

bool ward_generation_body(struct ward_generation *generation, struct ward_span body, const struct ward_record *old,
                          struct ward_record *ret)
{
    if (has_same_body(generation, body, old)) {
        ret->body_offset = old->body_offset;
        ret->body_size = old->body_size;
        ret->body_check = old->body_check;
        return true;
    }
    if (body.size >= UINT32_MAX ||
        body_room(body.size) > generation->view.geometry.arena_bytes - generation->arena_used)
        return false;
    if (body.size > 0)
        memcpy(generation->view.arena + generation->arena_used, body.data, body.size);
    ret->body_offset = generation->arena_used;
    ret->body_size = (uint32_t)body.size;
    ret->body_check = ward_check(body.data, body.size, ret->body_offset);
    generation->arena_used += body_room(body.size);
    return true;
}

static bool take_record(struct ward_generation *generation, uint32_t *ret)
{
    if (generation->free_head < generation->records_used) {
        struct ward_record record;
        *ret = generation->free_head;
        load_record(generation, *ret, &record);
        generation->free_head = record.kind == WARD_RECORD_NONE ? record.body_size : FREE_END;
        if (record.kind == WARD_RECORD_NONE)
            return true;
    }
    generation->free_head = FREE_END;
    if (generation->records_used == generation->view.geometry.record_capacity)
        return false;
    *ret = (uint32_t)generation->records_used++;
    return true;
}

bool ward_generation_put(struct ward_generation *generation, const struct ward_generation_found *found,
                         struct ward_record *record)
{
    if (found->is_found) {
        const struct ward_record *old = &found->record;
        if (found->is_good && old->body_offset != record->body_offset)
            generation->arena_garbage += body_room(old->body_size);
        generation->api_keys += (record->kind == WARD_RECORD_API_KEY) - (old->kind == WARD_RECORD_API_KEY);
        store_record(generation, found->position, record);
        point_slot(generation, found->slot, record, found->position);
        return true;
    }
    uint64_t slot;
    uint32_t position;
    if (!find_free_slot(generation, &record->lookup, &slot) || !take_record(generation, &position))
        return false;
    store_record(generation, position, record);
    if (generation->view.index[slot] == WARD_SLOT_TOMBSTONE)
        generation->tombstones--;
    point_slot(generation, slot, record, position);
    generation->records_live++;
    generation->api_keys += record->kind == WARD_RECORD_API_KEY;
    return true;
}

void ward_generation_remove(struct ward_generation *generation, const struct ward_generation_found *found)
{
    release_slot(generation, found->slot);
    generation->records_live--;
    generation->api_keys -= found->record.kind == WARD_RECORD_API_KEY;
    if (found->is_good)
        generation->arena_garbage += body_room(found->record.body_size);

    struct ward_record gone = { .kind = WARD_RECORD_NONE, .body_size = generation->free_head };
    store_record(generation, found->position, &gone);
    generation->free_head = found->position;
}

uint32_t ward_generation_scope_copy(const struct ward_generation *from, uint32_t scope, struct ward_generation *to)
{
    struct ward_scope_entry entry, placed = { 0 };
    if (scope >= from->scope_count)
        return UINT32_MAX;
    load_scope(from, scope, &entry);
    if (!is_scope_good(&entry, scope))
        return UINT32_MAX;
    uint32_t at = place_scope(to, &entry.account_id, &entry.project_id, entry.flags, &placed);
    if (at != UINT32_MAX && placed.flags != entry.flags) {
        placed.flags = entry.flags;
        store_scope(to, at, &placed);
    }
    return at;
}

/* ---- copies and passes ---- */

static bool is_body_good(const struct ward_generation *generation, const struct ward_record *record)
{
    if (record->body_offset > generation->arena_used ||
        record->body_size > generation->arena_used - record->body_offset)
        return false;
    const uint8_t *body = generation->view.arena + record->body_offset;
    return record->body_check == ward_check(body, record->body_size, record->body_offset);
}

static enum ward_status copy_record(const struct ward_generation *from, struct ward_record *record,
                                    struct ward_generation *to)
{
    struct ward_generation_found found = ward_generation_find(to, &record->lookup);
    if (found.is_found)
        return WARD_OK; /* a change brought it already, as it is now */
    if (!ward_generation_scope_good(from, record->scope) || !is_body_good(from, record))
        return WARD_INTEGRITY;
    record->scope = ward_generation_scope_copy(from, record->scope, to);
    const char *body = (const char *)from->view.arena + record->body_offset;
    if (record->scope == UINT32_MAX || !ward_generation_body(to, ward_span(body, record->body_size), NULL, record))
        return WARD_INTERNAL;
    return ward_generation_put(to, &found, record) ? WARD_OK : WARD_INTERNAL;
}

enum ward_status ward_generation_copy(const struct ward_generation *from, struct ward_generation *to, uint64_t count,
                                      uint64_t *position)
{
    for (; count > 0 && *position < from->records_used; count--, ++*position) {
        struct ward_record record;
        load_record(from, *position, &record);
        if (!is_record_good(&record, *position))
            return WARD_INTEGRITY;
        enum ward_status status = record.kind == WARD_RECORD_NONE ? WARD_OK : copy_record(from, &record, to);
        if (status != WARD_OK)
            return status;
    }
    return WARD_OK;
}

bool ward_generation_scope_good(const struct ward_generation *generation, uint64_t scope)
{
    struct ward_scope_entry entry;
    if (scope >= generation->scope_count)
        return false;
    load_scope(generation, scope, &entry);
    return is_scope_good(&entry, scope);
}

bool ward_generation_record_good(const struct ward_generation *generation, uint64_t position, struct ward_record *ret)
{
    load_record(generation, position, ret);
    if ((ret->sequence & 1) != 0 || !is_record_good(ret, position))
        return false;
    if (ret->kind == WARD_RECORD_NONE)
        return true;
    if (!ward_generation_scope_good(generation, ret->scope) || !is_body_good(generation, ret))
        return false;
    struct ward_generation_found found = ward_generation_find(generation, &ret->lookup);
    return found.is_found && found.position == position; /* else the index has lost it */
}

bool ward_generation_slot_good(const struct ward_generation *generation, uint64_t slot)
{
    uint64_t value = generation->view.index[slot];
    return value == WARD_SLOT_EMPTY || value == WARD_SLOT_TOMBSTONE ||
           ward_slot_record(value) < generation->records_used;
}

bool ward_generation_header_good(const struct ward_generation *generation)
{
    return memcmp(generation->view.base, &generation->header, sizeof(generation->header)) == 0;
}
