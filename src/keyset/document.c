/* The published JWK Sets, RFC 7517 section 5. Made when they are asked for: a deployment among 100,000 JWKs does not
 * pay for a document that nobody reads in between. */
#include <stdlib.h>

#include "base/encoding.h"
#include "base/seam.h"
#include "keyset/internal.h"
#include "json/writer.h"

#define DOCUMENT_BYTES_MAX ((size_t)1 << 30)

static struct ward_keyset_paper *paper_of(const struct ward_keyset_document *document)
{
    return (struct ward_keyset_paper *)(uintptr_t)(const void *)document;
}

void ward_keyset_document_release(const struct ward_keyset_document *document)
{
    struct ward_keyset_paper *paper = paper_of(document);
    if (paper && __atomic_sub_fetch(&paper->references, 1, __ATOMIC_ACQ_REL) == 0) {
        ward_buffer_free(&paper->body);
        ward_free(paper);
    }
}

static const struct ward_keyset_document *hold(struct ward_keyset_paper *paper)
{
    __atomic_fetch_add(&paper->references, 1, __ATOMIC_RELAXED);
    return &paper->document;
}

/** The JWKs of a project at one moment, held. */
struct listing {
    const struct ward_keyset_node **nodes;
    size_t count;
    uint64_t changes;
};

static void free_listing(struct listing *listing)
{
    for (size_t i = 0; i < listing->count; i++) {
        ward_keyset_release(&listing->nodes[i]->entry);
    }
    ward_free(listing->nodes);
}

static size_t count_jwks(struct ward_keyset *keyset, const struct ward_uuid *project, uint64_t *ret_changes)
{
    pthread_rwlock_rdlock(&keyset->lock);
    const struct ward_keyset_project *found = ward_keyset_project_find(keyset, project);
    size_t count = found ? found->jwk_count : 0;
    *ret_changes = found ? found->changes : 0;
    pthread_rwlock_unlock(&keyset->lock);
    return count;
}

/* False: more came in between. */
static bool take_jwks(struct ward_keyset *keyset, const struct ward_uuid *project, size_t room, struct listing *ret)
{
    pthread_rwlock_rdlock(&keyset->lock);
    const struct ward_keyset_project *found = ward_keyset_project_find(keyset, project);
    bool is_enough = !found || found->jwk_count <= room;
    for (const struct ward_keyset_node *node = found && is_enough ? found->newest : NULL; node; node = node->older) {
        ward_keyset_node_hold(node);
        ret->nodes[ret->count++] = node;
    }
    ret->changes = found ? found->changes : 0;
    pthread_rwlock_unlock(&keyset->lock);
    return is_enough;
}

static enum ward_status list_jwks(struct ward_keyset *keyset, const struct ward_uuid *project, struct listing *ret)
{
    for (;;) {
        uint64_t changes;
        size_t room = count_jwks(keyset, project, &changes);
        struct ward_keyset_node const **nodes = ward_alloc(room * sizeof(*nodes));
        if (!nodes) {
            return WARD_NO_MEMORY;
        }
        ret->nodes = nodes;
        if (take_jwks(keyset, project, room, ret)) {
            return WARD_OK;
        }
        ward_free(nodes);
        ret->nodes = NULL;
    }
}

static int compare_names(const void *a, const void *b)
{
    const struct ward_keyset_node *const *one = a, *const *other = b;
    struct ward_span x = (*one)->entry.object.name, y = (*other)->entry.object.name;
    int order = memcmp(x.data, y.data, x.size < y.size ? x.size : y.size);
    return order != 0 ? order : (x.size > y.size) - (x.size < y.size);
}

static bool is_published(const struct ward_deployed *object, int64_t now_ms)
{
    return object->public_text.data && (object->expires_ms == WARD_TIME_NONE || object->expires_ms > now_ms);
}

static void write_keys(const struct listing *listing, int64_t now_ms, struct ward_keyset_paper *paper)
{
    struct ward_json_writer writer = ward_json_writer_to(&paper->body);
    ward_json_begin_object(&writer);
    ward_json_key(&writer, "keys");
    ward_json_begin_array(&writer);
    for (size_t i = 0; i < listing->count; i++) {
        const struct ward_deployed *object = &listing->nodes[i]->entry.object;
        if (!is_published(object, now_ms)) {
            continue;
        }
        ward_json_put_raw(&writer, object->public_text);
        if (object->expires_ms != WARD_TIME_NONE && object->expires_ms < paper->until_ms) {
            paper->until_ms = object->expires_ms;
        }
    }
    ward_json_end_array(&writer);
    ward_json_end_object(&writer);
}

static enum ward_status write_etag(struct ward_keyset_paper *paper)
{
    uint8_t hash[WARD_SHA256_BYTES];
    const struct ward_span body = ward_buffer_span(&paper->body);
    enum ward_status status = ward_sha256(&body, 1, hash);
    if (status != WARD_OK) {
        return status;
    }
    char *etag = paper->document.etag;
    etag[0] = '"';
    ward_hex_encode(hash, sizeof(hash), etag + 1);
    etag[1 + 2 * sizeof(hash)] = '"';
    etag[2 + 2 * sizeof(hash)] = '\0';
    paper->document.json = body;
    return WARD_OK;
}

/* *ret is held once, by the caller. */
static enum ward_status make_paper(struct ward_keyset *keyset, const struct ward_uuid *project, int64_t now_ms,
                                   struct ward_keyset_paper **ret)
{
    __attribute__((cleanup(free_listing))) struct listing listing = { 0 };
    enum ward_status status = list_jwks(keyset, project, &listing);
    if (status != WARD_OK) {
        return status;
    }
    struct ward_keyset_paper *paper = ward_alloc(sizeof(*paper));
    if (!paper) {
        return WARD_NO_MEMORY;
    }
    paper->references = 1;
    paper->body = ward_buffer_new(DOCUMENT_BYTES_MAX);
    paper->changes = listing.changes;
    paper->until_ms = WARD_TIME_MAX_MS;
    if (listing.count > 1) {
        qsort(listing.nodes, listing.count, sizeof(listing.nodes[0]), compare_names);
    }
    write_keys(&listing, now_ms, paper);
    status = paper->body.status == WARD_OK ? write_etag(paper) : paper->body.status;
    if (status != WARD_OK) {
        ward_keyset_document_release(&paper->document);
        return status;
    }
    *ret = paper;
    return WARD_OK;
}

static struct ward_keyset_project *find_project(struct ward_keyset *keyset, const struct ward_uuid *id,
                                                uint64_t *ret_changes)
{
    pthread_rwlock_rdlock(&keyset->lock);
    struct ward_keyset_project *project = ward_keyset_project_find(keyset, id);
    *ret_changes = project ? project->changes : 0;
    pthread_rwlock_unlock(&keyset->lock);
    return project;
}

/* Projects live as long as the keyset. One document is made at a time: who asks meanwhile gets the same. */
enum ward_status ward_keyset_document(struct ward_keyset *keyset, const struct ward_uuid *project, int64_t now_ms,
                                      const struct ward_keyset_document **ret)
{
    uint64_t changes;
    struct ward_keyset_paper *paper;
    struct ward_keyset_project *place = find_project(keyset, project, &changes);
    if (!place) { /* nobody keeps an empty set for every project that is asked for */
        enum ward_status status = make_paper(keyset, project, now_ms, &paper);
        if (status == WARD_OK) {
            *ret = &paper->document;
        }
        return status;
    }
    enum ward_status status = WARD_OK;
    pthread_mutex_lock(&keyset->documents);
    paper = place->paper;
    if (!paper || paper->changes < changes || paper->until_ms <= now_ms) {
        status = make_paper(keyset, project, now_ms, &paper);
        if (status == WARD_OK) {
            ward_keyset_document_release(place->paper ? &place->paper->document : NULL);
            place->paper = paper;
        }
    }
    if (status == WARD_OK) {
        *ret = hold(place->paper);
    }
    pthread_mutex_unlock(&keyset->documents);
    return status;
}
