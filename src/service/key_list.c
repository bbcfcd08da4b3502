/*
 * The list of API keys: contracts/theauthapi.md 2.1, in order of creation and then value. The store gives rows in order
 * of creation; values are sealed, so only keys of the same millisecond are gathered, opened and sorted here. Memory is
 * one such group, whatever the length of the list.
 */
#include <stdlib.h>

#include "base/limits.h"
#include "service/internal.h"

struct listing {
    struct ward_service *service;
    const struct ward_operator *who;
    struct ward_key_query *query;
    ward_key_visit visit;
    void *arg;
    struct ward_pool pool; /* of the group */
    struct ward_api_key *group;
    size_t count, capacity;
    int64_t skip;
    int64_t left; /* -1: no end */
    bool is_done;
};

static void copy_span(struct ward_pool *pool, struct ward_span *span)
{
    *span = ward_pool_copy(pool, *span);
}

/* Copy a key that is borrowed from the store's row. */
static enum ward_status copy_key(struct ward_pool *pool, struct ward_api_key *key)
{
    copy_span(pool, &key->name);
    copy_span(pool, &key->description);
    copy_span(pool, &key->metadata);
    copy_span(pool, &key->custom_account_id);
    copy_span(pool, &key->custom_user_id);
    copy_span(pool, &key->creation_context);
    copy_span(pool, &key->allowed_domains);
    for (int slot = 0; slot < WARD_SLOT_COUNT; slot++) {
        copy_span(pool, &key->sealed[slot]);
        copy_span(pool, &key->lookups[slot]);
        key->values[slot] = WARD_SPAN_NONE;
    }
    return ward_pool_status(pool);
}

static int compare_values(const void *left, const void *right)
{
    struct ward_span a = ((const struct ward_api_key *)left)->values[WARD_SLOT_PRIMARY];
    struct ward_span b = ((const struct ward_api_key *)right)->values[WARD_SLOT_PRIMARY];
    size_t size = a.size < b.size ? a.size : b.size;
    int order = size ? memcmp(a.data, b.data, size) : 0;
    return order ? order : (a.size > b.size) - (a.size < b.size);
}

static enum ward_status open_group(struct listing *list)
{
    for (size_t i = 0; i < list->count; i++) {
        enum ward_status status = ward_service_key_open(list->service, &list->pool, &list->group[i]);
        if (status != WARD_OK) {
            return status;
        }
    }
    if (list->count > 1) {
        qsort(list->group, list->count, sizeof(*list->group), compare_values);
    }
    return WARD_OK;
}

static enum ward_status emit_group(struct listing *list)
{
    size_t first = (size_t)list->skip;
    list->skip = 0;
    for (size_t i = first; i < list->count && list->left != 0; i++) {
        struct ward_api_key *key = &list->group[i];
        key->is_enabled = ward_api_key_is_active(key, list->query->filter.now_ms);
        enum ward_status status = list->visit(key, list->arg);
        if (status != WARD_OK) {
            return status;
        }
        list->left -= list->left > 0;
    }
    return WARD_OK;
}

/* Emit what was gathered; a group that is skipped whole is not opened. */
static enum ward_status flush_group(struct listing *list)
{
    enum ward_status status = WARD_OK;
    if ((uint64_t)list->skip >= list->count) {
        list->skip -= (int64_t)list->count;
    } else {
        status = open_group(list);
        if (status == WARD_OK) {
            status = emit_group(list);
        }
    }
    list->count = 0;
    ward_pool_reset(&list->pool);
    return status;
}

static enum ward_status gather(const struct ward_api_key *key, void *arg)
{
    struct listing *list = arg;
    if (list->count > 0 && list->group[0].created_ms != key->created_ms) {
        enum ward_status status = flush_group(list);
        if (status != WARD_OK) {
            return status;
        }
    }
    if (list->left == 0) {
        list->is_done = true;
        return WARD_NOT_FOUND; /* ends the walk */
    }
    if (list->count == list->capacity) {
        size_t capacity = list->capacity ? 2 * list->capacity : 16;
        struct ward_api_key *group = ward_realloc(list->group, capacity * sizeof(*group));
        if (!group) {
            return WARD_NO_MEMORY;
        }
        list->group = group;
        list->capacity = capacity;
    }
    list->group[list->count] = *key;
    return copy_key(&list->pool, &list->group[list->count++]);
}

static enum ward_status list_in(struct ward_store_session *session, void *arg)
{
    struct listing *list = arg;
    struct ward_key_query *query = list->query;
    struct ward_project project;
    enum ward_status status = ward_scope_project(session, list->who, query->has_project, query->project,
                                                 &query->problems, &list->pool, &project);
    if (status != WARD_OK) {
        return status;
    }
    if (query->problems.count > 0) {
        return WARD_INVALID;
    }
    query->filter.project_id = project.id;
    query->filter.account_id = project.account_id;
    ward_pool_reset(&list->pool);
    status = ward_store_key_list(session, &query->filter, gather, list);
    if (list->is_done) {
        return WARD_OK;
    }
    return status == WARD_OK && list->count > 0 ? flush_group(list) : status;
}

enum ward_status ward_service_key_list(struct ward_service *service, const struct ward_operator *who,
                                       struct ward_key_query *query, ward_key_visit visit, void *arg)
{
    if (!ward_operator_may(who, WARD_RIGHT_KEY_READ)) {
        return WARD_FORBIDDEN;
    }
    struct listing list = { .service = service, .who = who, .query = query, .visit = visit, .arg = arg };
    list.pool = ward_pool_new(WARD_REQUEST_POOL_MAX);
    list.skip = query->offset > 0 ? query->offset : 0;
    list.left = query->limit < 0 ? -1 : query->limit;
    if (query->filter.now_ms == 0) {
        query->filter.now_ms = ward_now_ms();
    }
    enum ward_status status = ward_store_read(service->store, list_in, &list);
    ward_pool_free(&list.pool);
    ward_free(list.group);
    return status;
}
