/* Keys: reading, removing and exporting them, contracts/apinizer.md 6. Making and changing: crypto_key_change.c. */
#include "service/secrets_internal.h"

#define RIGHTS_MANAGE ((uint32_t)WARD_RIGHT_SECRETS_MANAGE)
#define RIGHTS_EXPORT ((uint32_t)WARD_RIGHT_SECRETS_EXPORT_IMPORT)

/* ---- views ---- */

/* Spans of the view point into key, and names of the environments' ids too. */
static enum ward_status view_key(struct ward_secrets_call *call, const struct ward_crypto_key *key,
                                 struct ward_span project_id, struct ward_crypto_key_view *ret)
{
    size_t count = key->entry_count;
    struct ward_key_entry_view *entries = ward_pool_alloc(call->pool, (count ? count : 1) * sizeof(*entries));
    if (!entries) {
        return WARD_NO_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        const struct ward_crypto_key_entry *entry = &key->entries[i];
        entries[i] = (struct ward_key_entry_view){ .environment_id = ward_object_id_span(&entry->environment_id),
                                                   .environment_name = entry->environment_name,
                                                   .alias = entry->alias };
    }
    *ret = (struct ward_crypto_key_view){ .id = ward_object_id_span(&key->id),
                                          .name = key->name,
                                          .project_id = project_id,
                                          .description = key->description,
                                          .key_type = ward_key_type_name(key->type),
                                          .algorithm = ward_key_algorithm_name(key->algorithm),
                                          .entry_count = count,
                                          .entries = entries };
    return WARD_OK;
}

struct key_listing {
    struct ward_secrets_call *call;
    struct ward_span after, project_id;
    size_t max;
    ward_crypto_key_view_visit visit;
    void *arg;
};

static enum ward_status visit_key(const struct ward_crypto_key *key, void *arg)
{
    const struct key_listing *list = arg;
    struct ward_crypto_key_view view;
    enum ward_status status = view_key(list->call, key, list->project_id, &view);
    return status == WARD_OK ? list->visit(&view, list->arg) : status;
}

static enum ward_status list_in(struct ward_store_session *session, void *arg)
{
    struct key_listing *list = arg;
    struct ward_project project;
    enum ward_status status = ward_secrets_enter(session, list->call, WARD_RIGHTS_APIOPS, &project);
    if (status != WARD_OK) {
        return status;
    }
    list->project_id = ward_secrets_project_id(list->call, &project.id);
    return ward_store_crypto_key_list(session, &project.id, list->after, list->max, visit_key, list);
}

enum ward_status ward_service_crypto_key_list(struct ward_secrets_call *call, struct ward_span after, size_t max,
                                              ward_crypto_key_view_visit visit, void *arg)
{
    struct key_listing list = { .call = call, .after = after, .max = max, .visit = visit, .arg = arg };
    return ward_store_read(call->service->store, list_in, &list);
}

/* ---- one key ---- */

struct key_one {
    struct ward_secrets_call *call;
    struct ward_span name;
    struct ward_project project;
    struct ward_crypto_key *key; /* in the call's pool: views point into it */
    struct ward_crypto_key_view *ret;

    /* removal */
    const struct ward_jwk_choice *choice;
    bool removes_jwks;
    struct ward_jwk_rows jwks;

    /* export */
    bool has_environment;
    struct ward_span environment;
    const struct ward_crypto_key_entry *entry;
};

static enum ward_status find_key(struct ward_store_session *session, struct key_one *one, uint32_t any_of)
{
    struct ward_secrets_call *call = one->call;
    enum ward_status status = ward_secrets_enter(session, call, any_of, &one->project);
    if (status != WARD_OK) {
        return status;
    }
    one->key = ward_pool_alloc(call->pool, sizeof(*one->key));
    if (!one->key) {
        return WARD_NO_MEMORY;
    }
    status = ward_store_crypto_key_find(session, &one->project.id, one->name, call->pool, one->key);
    return status == WARD_NOT_FOUND ? ward_secrets_refuse(call, WARD_REFUSED_KEY_NOT_FOUND, one->name, WARD_SPAN_NONE)
                                    : status;
}

static enum ward_status get_in(struct ward_store_session *session, void *arg)
{
    struct key_one *one = arg;
    enum ward_status status = find_key(session, one, WARD_RIGHTS_APIOPS);
    if (status != WARD_OK) {
        return status;
    }
    return view_key(one->call, one->key, ward_secrets_project_id(one->call, &one->project.id), one->ret);
}

enum ward_status ward_service_crypto_key_get(struct ward_secrets_call *call, struct ward_span key,
                                             struct ward_crypto_key_view *ret)
{
    struct key_one one = { .call = call, .name = key, .ret = ret };
    return ward_store_read(call->service->store, get_in, &one);
}

/* ---- removing ---- */

static enum ward_status parse_choice(struct key_one *one)
{
    struct ward_span action = one->choice ? one->choice->action : WARD_SPAN_NONE;
    one->removes_jwks = ward_span_equal(action, WARD_SPAN("DELETE"));
    if (action.size > 0 && !one->removes_jwks && !ward_span_equal(action, WARD_SPAN("NULLIFY"))) {
        return ward_secrets_refuse(one->call, WARD_REFUSED_DELETE_ACTION_UNKNOWN, action, WARD_SPAN_NONE);
    }
    return WARD_OK;
}

static enum ward_status let_go(struct ward_store_session *session, struct key_one *one, struct ward_jwk *jwk)
{
    if (one->removes_jwks) {
        return ward_secrets_jwk_remove(session, one->call, jwk);
    }
    ward_secrets_jwk_detach(jwk);
    return ward_secrets_jwk_store(session, one->call, jwk, "updated", "sourceId");
}

static enum ward_status remove_key(struct ward_store_session *session, const struct key_one *one)
{
    const struct ward_crypto_key *key = one->key;
    enum ward_status status = ward_store_crypto_key_remove(session, key);
    return status == WARD_OK ? ward_secrets_log(session, one->call->who, WARD_OBJECT_KEY, &key->id, &key->account_id,
                                                &key->project_id, "removed", NULL, WARD_SPAN_NONE)
                             : status;
}

static enum ward_status delete_in(struct ward_store_session *session, void *arg)
{
    struct key_one *one = arg;
    enum ward_status status = find_key(session, one, RIGHTS_MANAGE);
    if (status == WARD_OK) {
        status = parse_choice(one);
    }
    if (status == WARD_OK) {
        status = ward_secrets_jwks_of(session, one->call, &one->key->id, &one->jwks);
    }
    if (status == WARD_OK && (one->key->entry_count > 0 || (one->removes_jwks && one->jwks.count > 0))) {
        status = ward_secrets_require(one->call, WARD_RIGHT_SECRETS_DEPLOY, WARD_REFUSED_DEPLOY_PERMISSION);
    }
    for (size_t i = 0; i < one->jwks.count && status == WARD_OK; i++) {
        status = let_go(session, one, &one->jwks.items[i]);
    }
    if (status == WARD_OK) {
        status = remove_key(session, one);
    }
    return status == WARD_OK ? ward_pool_status(one->call->pool) : status;
}

static void undeploy(struct key_one *one)
{
    struct ward_pool *pool = one->call->pool;
    const struct ward_crypto_key *key = one->key;
    size_t jwk_count = one->removes_jwks ? one->jwks.count : 0, count = 0;
    struct ward_deployment_change *changes = ward_pool_alloc(pool,
                                                             (key->entry_count + jwk_count + 1) * sizeof(*changes));
    for (size_t i = 0; i < key->entry_count && changes; i++) {
        changes[count++] = (struct ward_deployment_change){ .kind = WARD_DEPLOYED_KEY,
                                                            .object_id = key->id,
                                                            .environment_id = key->entries[i].environment_id };
    }
    for (size_t i = 0; i < jwk_count && changes; i++) {
        changes[count++] = (struct ward_deployment_change){ .kind = WARD_DEPLOYED_JWK,
                                                            .object_id = one->jwks.items[i].id,
                                                            .is_everywhere = true };
    }
    ward_secrets_deploy(one->call, changes, count); /* all of it belongs into the answer */
}

enum ward_status ward_service_crypto_key_delete(struct ward_secrets_call *call, struct ward_span key,
                                                const struct ward_jwk_choice *choice)
{
    struct key_one one = { .call = call, .name = key, .choice = choice };
    enum ward_status status = ward_secrets_write(call, delete_in, &one);
    if (status == WARD_OK) {
        undeploy(&one);
    }
    return status;
}

/* ---- exporting: what is revealed has its change entry first ---- */

static enum ward_status choose_entry(struct key_one *one)
{
    if (one->key->entry_count == 0) {
        return ward_secrets_refuse(one->call, WARD_REFUSED_MATERIAL_MISSING, one->key->name, WARD_SPAN_NONE);
    }
    for (size_t i = 0; i < one->key->entry_count; i++) {
        if (one->has_environment && ward_span_equal(one->key->entries[i].environment_name, one->environment)) {
            one->entry = &one->key->entries[i];
        }
    }
    return one->has_environment && !one->entry ? ward_secrets_refuse_entry(one->call, one->key, one->environment)
                                               : WARD_OK;
}

static enum ward_status export_in(struct ward_store_session *session, void *arg)
{
    struct key_one *one = arg;
    enum ward_status status = find_key(session, one, RIGHTS_EXPORT);
    if (status == WARD_OK) {
        status = choose_entry(one);
    }
    if (status != WARD_OK) {
        return status;
    }
    const struct ward_crypto_key *key = one->key;
    return ward_secrets_log(session, one->call->who, WARD_OBJECT_KEY, &key->id, &key->account_id, &key->project_id,
                            "exported", NULL, WARD_SPAN_NONE);
}

static enum ward_status open_entries(struct key_one *one, struct ward_key_export *ret)
{
    struct ward_secrets_call *call = one->call;
    const struct ward_crypto_key_entry *from = one->entry ? one->entry : one->key->entries;
    size_t count = one->entry ? 1 : one->key->entry_count;
    struct ward_key_export_entry *entries = ward_pool_alloc(call->pool, count * sizeof(*entries));
    if (!entries) {
        return WARD_NO_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        struct ward_crypto_key_entry opened = from[i];
        enum ward_status status = ward_open_key_content(call->service, call->pool, one->key, &opened);
        if (status != WARD_OK) {
            return status;
        }
        entries[i] = (struct ward_key_export_entry){ opened.environment_name, opened.content };
    }
    *ret = (struct ward_key_export){ .name = one->key->name, .entry_count = count, .entries = entries };
    return WARD_OK;
}

enum ward_status ward_service_crypto_key_export(struct ward_secrets_call *call, struct ward_span key,
                                                bool has_environment, struct ward_span environment,
                                                struct ward_key_export *ret)
{
    struct key_one one = { .call = call, .name = key, .has_environment = has_environment, .environment = environment };
    enum ward_status status = ward_secrets_write(call, export_in, &one);
    return status == WARD_OK ? open_entries(&one, ret) : status;
}
