#include "keyset/keyset.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/pool.h"
#include "base/seam.h"
#include "crypto/jwk.h"
#include "keyset/internal.h"

#define REWRITE_BATCH_BYTES ((size_t)4 << 20)
#define WASTE_BYTES_MIN     ((uint64_t)1 << 20) /* below it a file is not worth writing anew */
#define SECRET_BYTES_MAX    (256 * 1024)
#define JWK_POOL_BYTES      (1024 * 1024)

/* ---- vaults: outlive the keyset while an entry is held ---- */

static enum ward_status make_vault(const struct ward_keyset_options *options, struct ward_keyset_vault **ret)
{
    struct ward_keyset_vault *vault = ward_alloc(sizeof(*vault));
    if (!vault) {
        return WARD_NO_MEMORY;
    }
    vault->references = 1;
    vault->environment = options->environment;
    enum ward_status status = ward_keyring_for_replica(options->keyring, options->replica, &vault->keyring);
    if (status != WARD_OK) {
        ward_free(vault);
        return status;
    }
    *ret = vault;
    return WARD_OK;
}

static void release_vault(struct ward_keyset_vault *vault)
{
    if (vault && __atomic_sub_fetch(&vault->references, 1, __ATOMIC_ACQ_REL) == 0) {
        ward_keyring_close(vault->keyring);
        ward_free(vault);
    }
}

/* A sealed part opens only for its object, in its environment, out of the batch that it came with. */
static struct ward_seal_place place_of(const struct ward_keyset_vault *vault, const struct ward_deployed *object,
                                       uint64_t number)
{
    return (struct ward_seal_place){ .account = ward_object_id_span(&vault->environment),
                                     .table = "keyset",
                                     .row = ward_object_id_span(&object->id),
                                     .field = object->kind == WARD_DEPLOYED_JWK ? "jwk" : "key",
                                     .version = (int64_t)number };
}

/* ---- entries ---- */

struct ward_keyset_node *ward_keyset_node_new(const struct ward_keyset *keyset, struct ward_span record)
{
    struct ward_keyset_node *node = ward_alloc(sizeof(*node) + record.size);
    struct ward_keyset_record read;
    size_t size;
    if (!node) {
        return NULL;
    }
    char *bytes = (char *)(node + 1);
    memcpy(bytes, record.data, record.size);
    node->record = ward_span(bytes, record.size);
    if (!ward_keyset_record_read(node->record, &read, &size)) {
        ward_free(node); /* nobody gives a record that was not read or written before */
        return NULL;
    }
    node->entry.object = read.object;
    node->entry.number = read.number;
    node->sealed = read.sealed;
    node->references = 1;
    node->vault = keyset->vault;
    __atomic_fetch_add(&keyset->vault->references, 1, __ATOMIC_RELAXED);
    ward_keyset_index_hash(keyset, node);
    return node;
}

static void release_node(struct ward_keyset_node *node)
{
    if (!node || __atomic_sub_fetch(&node->references, 1, __ATOMIC_ACQ_REL) != 0) {
        return;
    }
    ward_material_free(__atomic_load_n(&node->public_half, __ATOMIC_ACQUIRE));
    ward_material_free(__atomic_load_n(&node->secret_half, __ATOMIC_ACQUIRE));
    release_vault(node->vault);
    ward_free(node);
}

void ward_keyset_release(const struct ward_keyset_entry *entry)
{
    release_node((struct ward_keyset_node *)(uintptr_t)ward_keyset_node_of(entry));
}

/* ---- material ---- */

static enum ward_status parse_jwk(struct ward_span json, struct ward_material **ret)
{
    enum ward_material_problem problem;
    struct ward_jwk_parsed parsed = { 0 };
    WARD_POOL pool = ward_pool_new(JWK_POOL_BYTES);
    enum ward_status status = ward_jwk_parse(json, WARD_SPAN_NONE, &pool, &parsed, &problem);
    if (status == WARD_OK) {
        *ret = parsed.material;
    }
    return status;
}

static enum ward_status parse(const struct ward_deployed *object, enum ward_material_half half, struct ward_span text,
                              struct ward_material **ret)
{
    enum ward_material_problem problem;
    enum ward_status status = object->kind == WARD_DEPLOYED_JWK ? parse_jwk(text, ret)
                                                                : ward_material_from_stored(half, text, ret, &problem);
    return status == WARD_INVALID ? WARD_NOT_FOUND : status; /* stored as it came: it is no key we know */
}

static enum ward_status open_sealed(const struct ward_keyset_node *node, struct ward_material **ret)
{
    const struct ward_deployed *object = &node->entry.object;
    const struct ward_seal_place place = place_of(node->vault, object, node->entry.number);
    WARD_BUFFER plain = ward_buffer_new_secret(SECRET_BYTES_MAX);
    enum ward_status status = ward_unseal(node->vault->keyring, &place, node->sealed, &plain);
    if (status == WARD_INTEGRITY) {
        ward_log(WARD_LOG_ERROR, "integrity-alarm", WARD_LOG_STR("table", "keyset"),
                 WARD_LOG_STR("row", object->id.text));
    }
    return status == WARD_OK ? parse(object, object->half, ward_buffer_span(&plain), ret) : status;
}

enum ward_status ward_keyset_material(const struct ward_keyset_entry *entry, bool needs_secret,
                                      const struct ward_material **ret)
{
    struct ward_keyset_node *node = (struct ward_keyset_node *)(uintptr_t)ward_keyset_node_of(entry);
    bool is_public = !needs_secret && entry->object.public_text.data;
    if (!is_public && !node->sealed.data) {
        return WARD_NOT_FOUND;
    }
    struct ward_material **place = is_public ? &node->public_half : &node->secret_half;
    struct ward_material *material = __atomic_load_n(place, __ATOMIC_ACQUIRE);
    if (!material) {
        enum ward_status status = is_public ? parse(&entry->object, WARD_MATERIAL_PUBLIC, entry->object.public_text,
                                                    &material)
                                            : open_sealed(node, &material);
        if (status != WARD_OK) {
            return status;
        }
        /* Of two that parse at once the second takes what the first has put there. */
        struct ward_material *there = NULL;
        if (!__atomic_compare_exchange_n(place, &there, material, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
            ward_material_free(material);
            material = there;
        }
    }
    *ret = material;
    return WARD_OK;
}

/* ---- life ---- */

static bool make_locks(struct ward_keyset *keyset)
{
    pthread_rwlockattr_t attributes;
    pthread_rwlockattr_init(&attributes);
    /* Readers never wait for a lock while they hold this one: a deployment need not wait for a gap between them. */
    pthread_rwlockattr_setkind_np(&attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    bool is_made = pthread_rwlock_init(&keyset->lock, &attributes) == 0;
    pthread_rwlockattr_destroy(&attributes);
    if (is_made && pthread_mutex_init(&keyset->documents, NULL) != 0) {
        pthread_rwlock_destroy(&keyset->lock);
        is_made = false;
    }
    return is_made;
}

static char *copy_text(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = ward_alloc(size);
    return copy ? memcpy(copy, text, size) : NULL;
}

static enum ward_status fill(struct ward_keyset *keyset, const struct ward_keyset_options *options)
{
    struct ward_keyset_options own = *options;
    enum ward_status status = ward_random(&keyset->seed, sizeof(keyset->seed));
    keyset->directory = copy_text(options->directory);
    own.directory = keyset->directory;
    if (status == WARD_OK && !keyset->directory) {
        status = WARD_NO_MEMORY;
    }
    if (status == WARD_OK) {
        status = make_vault(&own, &keyset->vault);
    }
    if (status == WARD_OK) {
        status = ward_keyset_file_init(&keyset->file, &own, keyset->vault->keyring);
    }
    return status == WARD_OK ? ward_keyset_index_grow(keyset, 0) : status;
}

enum ward_status ward_keyset_new(const struct ward_keyset_options *options, struct ward_keyset **ret)
{
    struct ward_keyset *keyset = ward_alloc(sizeof(*keyset));
    if (!keyset) {
        return WARD_NO_MEMORY;
    }
    if (!make_locks(keyset)) {
        ward_free(keyset);
        return WARD_NO_MEMORY;
    }
    keyset->batch = ward_buffer_new(WARD_KEYSET_BATCH_MAX);
    enum ward_status status = fill(keyset, options);
    if (status != WARD_OK) {
        ward_keyset_close(keyset);
        return status;
    }
    *ret = keyset;
    return WARD_OK;
}

static void drop_entries(struct ward_keyset *keyset)
{
    for (size_t b = 0; b < keyset->bucket_count; b++) {
        while (keyset->buckets[WARD_INDEX_ID][b]) {
            const struct ward_deployed *object = &keyset->buckets[WARD_INDEX_ID][b]->entry.object;
            release_node(ward_keyset_index_take(keyset, object->kind, &object->id));
        }
    }
    keyset->stats = (struct ward_keyset_stats){ 0 };
}

static void free_projects(struct ward_keyset *keyset)
{
    for (size_t b = 0; b < WARD_KEYSET_PROJECT_BUCKETS; b++) {
        while (keyset->projects[b]) {
            struct ward_keyset_project *project = keyset->projects[b];
            keyset->projects[b] = project->next;
            ward_keyset_document_release(project->paper ? &project->paper->document : NULL);
            ward_free(project);
        }
    }
}

void ward_keyset_close(struct ward_keyset *keyset)
{
    if (!keyset) {
        return;
    }
    drop_entries(keyset);
    free_projects(keyset);
    for (int i = 0; i < WARD_INDEX_COUNT; i++) {
        ward_free(keyset->buckets[i]);
    }
    ward_keyset_file_close(&keyset->file);
    ward_buffer_free(&keyset->batch);
    release_vault(keyset->vault);
    ward_free(keyset->directory);
    pthread_mutex_destroy(&keyset->documents);
    pthread_rwlock_destroy(&keyset->lock);
    ward_free(keyset);
}

/* ---- one change in memory ---- */

/* Room for what swapping in needs: behind it nothing can fail. The lock is held for writing. */
static bool prepare(struct ward_keyset *keyset, struct ward_keyset_node **nodes, size_t count)
{
    if (ward_keyset_index_grow(keyset, count) != WARD_OK) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (nodes[i] && nodes[i]->entry.object.kind == WARD_DEPLOYED_JWK) {
            nodes[i]->project = ward_keyset_project_ensure(keyset, &nodes[i]->entry.object.project_id);
            if (!nodes[i]->project) {
                return false;
            }
        }
    }
    return true;
}

/* ---- loading ---- */

static bool load_record(struct ward_keyset *keyset, const struct ward_keyset_record *record, struct ward_span bytes)
{
    struct ward_keyset_node *node = NULL;
    if (!record->is_removed) {
        node = ward_keyset_node_new(keyset, bytes);
        if (!node || !prepare(keyset, &node, 1)) {
            release_node(node);
            return false;
        }
    }
    release_node(ward_keyset_index_take(keyset, record->object.kind, &record->object.id));
    if (node) {
        ward_keyset_index_put(keyset, node);
    }
    return true;
}

/* The batch is whole and ours: a record in it that makes no sense was written by a version with other ideas. */
static bool are_records(const struct ward_keyset_batch *batch)
{
    size_t at = 0, size;
    for (uint32_t i = 0; i < batch->count; i++, at += size) {
        struct ward_keyset_record record;
        if (!ward_keyset_record_read(ward_span(batch->records.data + at, batch->records.size - at), &record, &size)) {
            return false;
        }
    }
    return at == batch->records.size;
}

static bool load_batch(const struct ward_keyset_batch *batch, void *arg, enum ward_status *ret_status)
{
    struct ward_keyset *keyset = arg;
    if (!are_records(batch)) {
        return false;
    }
    size_t at = 0, size;
    for (uint32_t i = 0; i < batch->count; i++, at += size) {
        struct ward_keyset_record record;
        (void)ward_keyset_record_read(ward_span(batch->records.data + at, batch->records.size - at), &record, &size);
        if (!load_record(keyset, &record, ward_span(batch->records.data + at, size))) {
            *ret_status = WARD_NO_MEMORY;
            return false;
        }
    }
    keyset->stats.number = batch->number;
    keyset->stats.revision = batch->revision;
    return true;
}

bool ward_keyset_load(struct ward_keyset *keyset, struct ward_keyset_failure *ret_why)
{
    if (keyset->is_loaded) {
        return true;
    }
    pthread_rwlock_wrlock(&keyset->lock);
    keyset->is_loaded = ward_keyset_file_open(&keyset->file, load_batch, keyset, ret_why);
    if (!keyset->is_loaded) {
        drop_entries(keyset);
    }
    keyset->stats.file_bytes = keyset->file.is_ready ? keyset->file.end : 0;
    pthread_rwlock_unlock(&keyset->lock);
    return keyset->is_loaded;
}

/* ---- the file anew ---- */

/** Every entry, in the order in which they came, and where writing them stands. */
struct roll {
    const struct ward_keyset *keyset;
    const struct ward_keyset_node **nodes; /* owned */
    size_t count, at;
    bool has_begun;
};

static void free_roll(struct roll *roll)
{
    ward_free(roll->nodes);
}

static int compare_age(const void *a, const void *b)
{
    const struct ward_keyset_entry *one = &(*(const struct ward_keyset_node *const *)a)->entry;
    const struct ward_keyset_entry *other = &(*(const struct ward_keyset_node *const *)b)->entry;
    if (one->number != other->number) {
        return one->number < other->number ? -1 : 1;
    }
    return strcmp(one->object.id.text, other->object.id.text);
}

/* Only the owner changes chains, and it is the owner who asks: no lock is needed to follow them. */
static bool list_nodes(const struct ward_keyset *keyset, struct roll *ret)
{
    ret->keyset = keyset;
    ret->nodes = ward_alloc((keyset->stats.keys + keyset->stats.jwks) * sizeof(ret->nodes[0]));
    if (!ret->nodes) {
        return false;
    }
    for (size_t b = 0; b < keyset->bucket_count; b++) {
        for (const struct ward_keyset_node *node = keyset->buckets[WARD_INDEX_ID][b]; node;
             node = node->next[WARD_INDEX_ID]) {
            ret->nodes[ret->count++] = node;
        }
    }
    if (ret->count > 1) {
        qsort(ret->nodes, ret->count, sizeof(ret->nodes[0]), compare_age);
    }
    return true;
}

/* One batch at least, which keeps the numbers of an empty keyset. */
static bool give_batch(struct ward_buffer *batch, void *arg)
{
    struct roll *roll = arg;
    const struct ward_keyset_stats *stats = &roll->keyset->stats;
    size_t first = roll->at;
    if (first == roll->count && roll->has_begun) {
        return false;
    }
    roll->has_begun = true;
    ward_keyset_batch_begin(batch);
    while (roll->at < roll->count && batch->size < REWRITE_BATCH_BYTES) {
        ward_buffer_append(batch, roll->nodes[roll->at++]->record);
    }
    ward_keyset_batch_end(batch, (uint32_t)(roll->at - first), stats->number, stats->revision);
    return true;
}

static void note_file(struct ward_keyset *keyset)
{
    pthread_rwlock_wrlock(&keyset->lock);
    keyset->stats.file_bytes = keyset->file.end;
    pthread_rwlock_unlock(&keyset->lock);
}

bool ward_keyset_compact(struct ward_keyset *keyset, struct ward_keyset_failure *ret_why)
{
    __attribute__((cleanup(free_roll))) struct roll roll = { 0 };
    if (!ward_keyset_load(keyset, ret_why)) {
        return false;
    }
    if (!list_nodes(keyset, &roll)) {
        return ward_keyset_fail(ret_why, ward_status_text(WARD_NO_MEMORY));
    }
    if (!ward_keyset_file_write_anew(&keyset->file, give_batch, &roll, ret_why)) {
        return false;
    }
    note_file(keyset);
    return true;
}

bool ward_keyset_is_wasteful(const struct ward_keyset *keyset)
{
    const struct ward_keyset_file *file = &keyset->file;
    return file->is_ready && file->end > WASTE_BYTES_MIN && file->end > 2 * keyset->stats.live_bytes;
}

/* ---- applying ---- */

/** A batch in the making. */
struct deployment {
    struct ward_keyset *keyset;
    const struct ward_keyset_change *changes;
    size_t count;
    uint64_t number;
    struct ward_keyset_node **nodes; /* of each change; NULL of what is removed */
};

static void free_deployment(struct deployment *deployment)
{
    for (size_t i = 0; deployment->nodes && i < deployment->count; i++) {
        release_node(deployment->nodes[i]);
    }
    ward_free(deployment->nodes);
}

static enum ward_status seal(const struct deployment *deployment, const struct ward_keyset_change *change,
                             struct ward_buffer *ret)
{
    struct ward_keyset_vault *vault = deployment->keyset->vault;
    const struct ward_seal_place place = place_of(vault, &change->object, deployment->number);
    return ward_seal(vault->keyring, &place, change->secret, ret);
}

static enum ward_status write_change(struct deployment *deployment, size_t index)
{
    const struct ward_keyset_change *change = &deployment->changes[index];
    struct ward_buffer *batch = &deployment->keyset->batch;
    struct ward_keyset_record record = { .is_removed = change->is_removed,
                                         .object = change->object,
                                         .number = deployment->number };
    WARD_BUFFER sealed = ward_buffer_new(SECRET_BYTES_MAX + WARD_SEAL_OVERHEAD_BYTES);
    size_t start = batch->size;
    if (change->is_removed) {
        record.object = (struct ward_deployed){ .kind = change->object.kind, .id = change->object.id };
    } else if (change->secret.data) {
        enum ward_status status = seal(deployment, change, &sealed);
        if (status != WARD_OK) {
            return status;
        }
        record.sealed = ward_buffer_span(&sealed);
    }
    ward_keyset_record_write(&record, batch);
    if (batch->status != WARD_OK || change->is_removed) {
        return batch->status;
    }
    struct ward_span bytes = ward_span(batch->data + start, batch->size - start);
    deployment->nodes[index] = ward_keyset_node_new(deployment->keyset, bytes);
    return deployment->nodes[index] ? WARD_OK : WARD_NO_MEMORY;
}

static enum ward_status make_batch(struct deployment *deployment, uint64_t revision)
{
    struct ward_keyset *keyset = deployment->keyset;
    ward_keyset_batch_begin(&keyset->batch);
    deployment->nodes = ward_alloc(deployment->count * sizeof(struct ward_keyset_node *));
    if (!deployment->nodes) {
        return WARD_NO_MEMORY;
    }
    for (size_t i = 0; i < deployment->count; i++) {
        enum ward_status status = write_change(deployment, i);
        if (status != WARD_OK) {
            return status;
        }
    }
    ward_keyset_batch_end(&keyset->batch, (uint32_t)deployment->count, deployment->number, revision);
    if (keyset->batch.status != WARD_OK) {
        return keyset->batch.status;
    }
    pthread_rwlock_wrlock(&keyset->lock);
    bool is_ready = prepare(keyset, deployment->nodes, deployment->count);
    pthread_rwlock_unlock(&keyset->lock);
    return is_ready ? WARD_OK : WARD_NO_MEMORY;
}

/* What goes out is given to the deployment in the place of what goes in, to be released behind the lock. */
static void swap_in(struct deployment *deployment, uint64_t revision)
{
    struct ward_keyset *keyset = deployment->keyset;
    pthread_rwlock_wrlock(&keyset->lock);
    for (size_t i = 0; i < deployment->count; i++) {
        const struct ward_deployed *object = &deployment->changes[i].object;
        struct ward_keyset_node *in = deployment->nodes[i];
        deployment->nodes[i] = ward_keyset_index_take(keyset, object->kind, &object->id);
        if (in) {
            ward_keyset_index_put(keyset, in);
        }
    }
    keyset->stats.number = deployment->number;
    keyset->stats.revision = revision;
    keyset->stats.file_bytes = keyset->file.end;
    pthread_rwlock_unlock(&keyset->lock);
}

/* A buffer that once held a thousand JWKs need not stay. */
static void trim_batch(struct ward_keyset *keyset)
{
    if (keyset->batch.capacity > REWRITE_BATCH_BYTES) {
        ward_buffer_free(&keyset->batch);
    }
}

bool ward_keyset_apply(struct ward_keyset *keyset, const struct ward_keyset_change *changes, size_t count,
                       uint64_t revision, struct ward_keyset_failure *ret_why)
{
    if (!ward_keyset_load(keyset, ret_why)) {
        return false;
    }
    if (!ward_keyset_file_is_same(&keyset->file) && !ward_keyset_compact(keyset, ret_why)) {
        return false;
    }
    __attribute__((cleanup(free_deployment))) struct deployment deployment = {
        .keyset = keyset, .changes = changes, .count = count, .number = keyset->stats.number + 1
    };
    enum ward_status status = make_batch(&deployment, revision);
    if (status != WARD_OK) {
        return ward_keyset_fail(ret_why, ward_status_text(status));
    }
    bool is_done = ward_keyset_file_append(&keyset->file, &keyset->batch, ret_why);
    if (is_done) {
        swap_in(&deployment, revision);
    }
    trim_batch(keyset);
    return is_done;
}

/* ---- looking over ---- */

enum ward_status ward_keyset_walk(struct ward_keyset *keyset, ward_keyset_visit visit, void *arg)
{
    __attribute__((cleanup(free_roll))) struct roll walk = { 0 };
    if (!list_nodes(keyset, &walk)) {
        return WARD_NO_MEMORY;
    }
    enum ward_status status = WARD_OK;
    for (size_t i = 0; i < walk.count && status == WARD_OK; i++) {
        status = visit(&walk.nodes[i]->entry, arg);
    }
    return status;
}

void ward_keyset_remove_file(struct ward_keyset *keyset)
{
    ward_keyset_file_remove(&keyset->file);
}

void ward_keyset_stats(struct ward_keyset *keyset, struct ward_keyset_stats *ret)
{
    pthread_rwlock_rdlock(&keyset->lock);
    *ret = keyset->stats;
    pthread_rwlock_unlock(&keyset->lock);
}
