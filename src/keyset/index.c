/* The three hash tables of a keyset, by id, by name and by key id: chains through the entries themselves. */
#include "base/check.h"
#include "base/seam.h"
#include "keyset/internal.h"

#define BUCKETS_MIN 64

/* The seed is random: who chooses names cannot choose chains. */
static uint64_t hash_of(const struct ward_keyset *keyset, enum ward_index_kind index, unsigned kind,
                        struct ward_span scope, struct ward_span text)
{
    uint64_t seed = keyset->seed + 4 * (uint64_t)index + kind;
    return ward_check_wide(text.data, text.size, ward_check_wide(scope.data, scope.size, seed));
}

static uint64_t id_hash(const struct ward_keyset *keyset, enum ward_deployed_kind kind, const struct ward_object_id *id)
{
    return hash_of(keyset, WARD_INDEX_ID, kind, WARD_SPAN(""), ward_span(id->text, WARD_OBJECT_ID_CHARS));
}

static uint64_t name_hash(const struct ward_keyset *keyset, enum ward_deployed_kind kind,
                          const struct ward_uuid *project, struct ward_span name)
{
    return hash_of(keyset, WARD_INDEX_NAME, kind, ward_uuid_bytes(project), name);
}

static uint64_t kid_hash(const struct ward_keyset *keyset, const struct ward_uuid *project, struct ward_span kid)
{
    return hash_of(keyset, WARD_INDEX_KID, WARD_DEPLOYED_JWK, ward_uuid_bytes(project), kid);
}

void ward_keyset_index_hash(const struct ward_keyset *keyset, struct ward_keyset_node *node)
{
    const struct ward_deployed *object = &node->entry.object;
    node->hashes[WARD_INDEX_ID] = id_hash(keyset, object->kind, &object->id);
    node->hashes[WARD_INDEX_NAME] = name_hash(keyset, object->kind, &object->project_id, object->name);
    node->hashes[WARD_INDEX_KID] = object->kid.data ? kid_hash(keyset, &object->project_id, object->kid) : 0;
}

static bool is_indexed(const struct ward_keyset_node *node, int index)
{
    const struct ward_deployed *object = &node->entry.object;
    return index != WARD_INDEX_KID || (object->kind == WARD_DEPLOYED_JWK && object->kid.data);
}

static struct ward_keyset_node **bucket_of(const struct ward_keyset *keyset, int index, uint64_t hash)
{
    return &keyset->buckets[index][hash & (keyset->bucket_count - 1)];
}

/* ---- growth ---- */

static void free_buckets(struct ward_keyset_node **buckets[WARD_INDEX_COUNT])
{
    for (int i = 0; i < WARD_INDEX_COUNT; i++) {
        ward_free(buckets[i]);
    }
}

static bool make_buckets(struct ward_keyset_node **buckets[WARD_INDEX_COUNT], size_t count)
{
    for (int i = 0; i < WARD_INDEX_COUNT; i++) {
        buckets[i] = ward_alloc(count * sizeof(struct ward_keyset_node *));
        if (!buckets[i]) {
            return false;
        }
    }
    return true;
}

static void move_chain(struct ward_keyset_node *node, int index, struct ward_keyset_node **to, size_t count)
{
    while (node) {
        struct ward_keyset_node *next = node->next[index];
        struct ward_keyset_node **bucket = &to[node->hashes[index] & (count - 1)];
        node->next[index] = *bucket;
        *bucket = node;
        node = next;
    }
}

enum ward_status ward_keyset_index_grow(struct ward_keyset *keyset, size_t more)
{
    size_t wanted = keyset->stats.keys + keyset->stats.jwks + more;
    size_t count = keyset->bucket_count ? keyset->bucket_count : BUCKETS_MIN;
    while (count < wanted) {
        count *= 2;
    }
    if (count == keyset->bucket_count) {
        return WARD_OK;
    }
    struct ward_keyset_node **fresh[WARD_INDEX_COUNT] = { NULL };
    if (!make_buckets(fresh, count)) {
        free_buckets(fresh);
        return WARD_NO_MEMORY;
    }
    for (int i = 0; i < WARD_INDEX_COUNT; i++) {
        for (size_t b = 0; b < keyset->bucket_count; b++) {
            move_chain(keyset->buckets[i][b], i, fresh[i], count);
        }
        ward_free(keyset->buckets[i]);
        keyset->buckets[i] = fresh[i];
    }
    keyset->bucket_count = count;
    return WARD_OK;
}

/* ---- projects: only those that have or had JWKs ---- */

static size_t project_bucket(const struct ward_keyset *keyset, const struct ward_uuid *id)
{
    return ward_check_wide(id->bytes, WARD_UUID_BYTES, keyset->seed) % WARD_KEYSET_PROJECT_BUCKETS;
}

struct ward_keyset_project *ward_keyset_project_find(const struct ward_keyset *keyset, const struct ward_uuid *id)
{
    struct ward_keyset_project *project = keyset->projects[project_bucket(keyset, id)];
    while (project && !ward_uuid_equal(&project->id, id)) {
        project = project->next;
    }
    return project;
}

struct ward_keyset_project *ward_keyset_project_ensure(struct ward_keyset *keyset, const struct ward_uuid *id)
{
    struct ward_keyset_project *project = ward_keyset_project_find(keyset, id);
    if (project) {
        return project;
    }
    project = ward_alloc(sizeof(*project));
    if (project) {
        struct ward_keyset_project **bucket = &keyset->projects[project_bucket(keyset, id)];
        project->id = *id;
        project->next = *bucket;
        *bucket = project;
    }
    return project;
}

/* ---- in and out ---- */

static void join_project(struct ward_keyset_node *node)
{
    struct ward_keyset_project *project = node->project;
    node->older = project->newest;
    if (project->newest) {
        project->newest->newer = node;
    }
    project->newest = node;
    project->jwk_count++;
    project->changes++;
}

static void leave_project(struct ward_keyset_node *node)
{
    struct ward_keyset_project *project = node->project;
    if (node->newer) {
        node->newer->older = node->older;
    } else {
        project->newest = node->older;
    }
    if (node->older) {
        node->older->newer = node->newer;
    }
    node->newer = node->older = NULL;
    project->jwk_count--;
    project->changes++;
}

static void count(struct ward_keyset *keyset, const struct ward_keyset_node *node, int64_t step)
{
    uint64_t *kind = node->entry.object.kind == WARD_DEPLOYED_JWK ? &keyset->stats.jwks : &keyset->stats.keys;
    *kind += (uint64_t)step;
    keyset->stats.live_bytes += (uint64_t)step * node->record.size;
}

void ward_keyset_index_put(struct ward_keyset *keyset, struct ward_keyset_node *node)
{
    for (int i = 0; i < WARD_INDEX_COUNT; i++) {
        if (is_indexed(node, i)) {
            struct ward_keyset_node **bucket = bucket_of(keyset, i, node->hashes[i]);
            node->next[i] = *bucket;
            *bucket = node;
        }
    }
    if (node->project) {
        join_project(node);
    }
    count(keyset, node, 1);
}

static void unlink_node(struct ward_keyset *keyset, struct ward_keyset_node *node, int index)
{
    struct ward_keyset_node **at = bucket_of(keyset, index, node->hashes[index]);
    while (*at && *at != node) {
        at = &(*at)->next[index];
    }
    if (*at) {
        *at = node->next[index];
    }
}

static struct ward_keyset_node *find_id(const struct ward_keyset *keyset, enum ward_deployed_kind kind,
                                        const struct ward_object_id *id)
{
    uint64_t hash = id_hash(keyset, kind, id);
    struct ward_keyset_node *node = *bucket_of(keyset, WARD_INDEX_ID, hash);
    while (node && !(node->hashes[WARD_INDEX_ID] == hash && node->entry.object.kind == kind &&
                     ward_object_id_equal(&node->entry.object.id, id))) {
        node = node->next[WARD_INDEX_ID];
    }
    return node;
}

struct ward_keyset_node *ward_keyset_index_take(struct ward_keyset *keyset, enum ward_deployed_kind kind,
                                                const struct ward_object_id *id)
{
    struct ward_keyset_node *node = find_id(keyset, kind, id);
    if (!node) {
        return NULL;
    }
    for (int i = 0; i < WARD_INDEX_COUNT; i++) {
        if (is_indexed(node, i)) {
            unlink_node(keyset, node, i);
        }
    }
    if (node->project) {
        leave_project(node);
    }
    count(keyset, node, -1);
    return node;
}

/* ---- finding ---- */

/* Later batches first; of one batch by id. */
static bool is_newer(const struct ward_keyset_node *a, const struct ward_keyset_node *b)
{
    if (a->entry.number != b->entry.number) {
        return a->entry.number > b->entry.number;
    }
    return strcmp(a->entry.object.id.text, b->entry.object.id.text) > 0;
}

static const struct ward_keyset_entry *hold(const struct ward_keyset_node *node)
{
    if (!node) {
        return NULL;
    }
    ward_keyset_node_hold(node);
    return &node->entry;
}

/* Two may stand under one name for the moment between two deployments: the newer one is right. */
const struct ward_keyset_entry *ward_keyset_find(struct ward_keyset *keyset, const struct ward_uuid *project,
                                                 enum ward_deployed_kind kind, struct ward_span name)
{
    const struct ward_keyset_node *best = NULL;
    uint64_t hash = name_hash(keyset, kind, project, name);
    pthread_rwlock_rdlock(&keyset->lock);
    for (const struct ward_keyset_node *node = *bucket_of(keyset, WARD_INDEX_NAME, hash); node;
         node = node->next[WARD_INDEX_NAME]) {
        const struct ward_deployed *object = &node->entry.object;
        if (node->hashes[WARD_INDEX_NAME] == hash && object->kind == kind && ward_span_equal(object->name, name) &&
            ward_uuid_equal(&object->project_id, project) && (!best || is_newer(node, best))) {
            best = node;
        }
    }
    const struct ward_keyset_entry *entry = hold(best);
    pthread_rwlock_unlock(&keyset->lock);
    return entry;
}

/* The newest that is older than a node; NULL: the newest of all. */
static const struct ward_keyset_node *next_of_kid(const struct ward_keyset *keyset, const struct ward_uuid *project,
                                                  struct ward_span kid, uint64_t hash,
                                                  const struct ward_keyset_node *before)
{
    const struct ward_keyset_node *best = NULL;
    for (const struct ward_keyset_node *node = *bucket_of(keyset, WARD_INDEX_KID, hash); node;
         node = node->next[WARD_INDEX_KID]) {
        const struct ward_deployed *object = &node->entry.object;
        if (node->hashes[WARD_INDEX_KID] == hash && ward_span_equal(object->kid, kid) &&
            ward_uuid_equal(&object->project_id, project) && (!before || is_newer(before, node)) &&
            (!best || is_newer(node, best))) {
            best = node;
        }
    }
    return best;
}

const struct ward_keyset_entry *ward_keyset_find_kid(struct ward_keyset *keyset, const struct ward_uuid *project,
                                                     struct ward_span kid, size_t skip)
{
    uint64_t hash = kid_hash(keyset, project, kid);
    pthread_rwlock_rdlock(&keyset->lock);
    const struct ward_keyset_node *node = next_of_kid(keyset, project, kid, hash, NULL);
    for (; node && skip > 0; skip--) {
        node = next_of_kid(keyset, project, kid, hash, node);
    }
    const struct ward_keyset_entry *entry = hold(node);
    pthread_rwlock_unlock(&keyset->lock);
    return entry;
}

const struct ward_keyset_entry *ward_keyset_find_jwk(struct ward_keyset *keyset, const struct ward_uuid *project,
                                                     size_t skip)
{
    pthread_rwlock_rdlock(&keyset->lock);
    const struct ward_keyset_project *found = ward_keyset_project_find(keyset, project);
    const struct ward_keyset_node *node = found ? found->newest : NULL;
    for (; node && skip > 0; skip--) {
        node = node->older;
    }
    const struct ward_keyset_entry *entry = hold(node);
    pthread_rwlock_unlock(&keyset->lock);
    return entry;
}

const struct ward_keyset_entry *ward_keyset_find_id(struct ward_keyset *keyset, enum ward_deployed_kind kind,
                                                    const struct ward_object_id *id)
{
    pthread_rwlock_rdlock(&keyset->lock);
    const struct ward_keyset_entry *entry = hold(find_id(keyset, kind, id));
    pthread_rwlock_unlock(&keyset->lock);
    return entry;
}
