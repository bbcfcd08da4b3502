/* JWKs: reading, editing, removing and exporting them, contracts/apinizer.md 8, and what section 7 has done to those
 * that were made of a key. Making one: jwk_sources.c. */
#include "service/secrets_internal.h"

#include "json/writer.h"

#define RIGHTS_MANAGE ((uint32_t)WARD_RIGHT_SECRETS_MANAGE)
#define RIGHTS_EXPORT ((uint32_t)WARD_RIGHT_SECRETS_EXPORT_IMPORT)

/* ---- the JWKs of a key ---- */

struct rows_walk {
    struct ward_secrets_call *call;
    struct ward_jwk_rows *rows;
};

static struct ward_jwk copy_jwk(struct ward_pool *pool, const struct ward_jwk *jwk)
{
    struct ward_jwk copy = *jwk;
    copy.name = ward_pool_copy(pool, jwk->name);
    copy.description = ward_pool_copy(pool, jwk->description);
    copy.source_url = ward_pool_copy(pool, jwk->source_url);
    copy.kid = ward_pool_copy(pool, jwk->kid);
    copy.algorithm = ward_pool_copy(pool, jwk->algorithm);
    copy.public_json = ward_pool_copy(pool, jwk->public_json);
    copy.sealed = ward_pool_copy(pool, jwk->sealed);
    return copy;
}

static enum ward_status add_row(const struct ward_jwk *jwk, void *arg)
{
    struct rows_walk *walk = arg;
    struct ward_jwk_rows *rows = walk->rows;
    struct ward_pool *pool = walk->call->pool;
    /* Whoever changes a key answers for every project that the change reaches: security.md attack 17. */
    if (!ward_operator_covers(walk->call->who, &jwk->account_id, &jwk->project_id)) {
        return ward_secrets_refuse_plainly(walk->call, WARD_REFUSED_PERMISSION);
    }
    if (rows->count == rows->capacity) {
        size_t capacity = rows->capacity ? 2 * rows->capacity : 16;
        struct ward_jwk *items = ward_pool_alloc(pool, capacity * sizeof(*items));
        if (!items) {
            return WARD_NO_MEMORY;
        }
        if (rows->count > 0) {
            memcpy(items, rows->items, rows->count * sizeof(*items));
        }
        rows->items = items;
        rows->capacity = capacity;
    }
    rows->items[rows->count++] = copy_jwk(pool, jwk);
    return ward_pool_status(pool);
}

enum ward_status ward_secrets_jwks_of(struct ward_store_session *session, struct ward_secrets_call *call,
                                      const struct ward_object_id *key, struct ward_jwk_rows *ret)
{
    struct rows_walk walk = { call, ret };
    ret->count = 0;
    return ward_store_jwk_of_source(session, key, add_row, &walk);
}

struct rows_compare {
    const struct ward_jwk_rows *rows;
    size_t seen;
};

static enum ward_status compare_row(const struct ward_jwk *jwk, void *arg)
{
    struct rows_compare *compare = arg;
    size_t at = compare->seen++;
    if (at >= compare->rows->count || !ward_object_id_equal(&jwk->id, &compare->rows->items[at].id) ||
        jwk->version != compare->rows->items[at].version) {
        return WARD_CONFLICT;
    }
    return WARD_OK;
}

enum ward_status ward_secrets_jwks_same(struct ward_store_session *session, const struct ward_object_id *key,
                                        const struct ward_jwk_rows *rows)
{
    struct rows_compare compare = { .rows = rows };
    enum ward_status status = ward_store_jwk_of_source(session, key, compare_row, &compare);
    return status == WARD_OK && compare.seen != rows->count ? WARD_CONFLICT : status;
}

/* ---- making and writing one ---- */

static enum ward_jwk_type type_of(enum ward_material_type type)
{
    switch (type) {
    case WARD_MATERIAL_RSA:
        return WARD_JWK_RSA;
    case WARD_MATERIAL_EC:
        return WARD_JWK_EC;
    case WARD_MATERIAL_OKP:
        return WARD_JWK_OKP;
    case WARD_MATERIAL_OCT:
        break;
    }
    return WARD_JWK_OCT;
}

enum ward_jose_use ward_secrets_jose_use(enum ward_jwk_use_type use)
{
    return use == WARD_JWK_USE_SIGNATURE    ? WARD_USE_SIGNATURE
           : use == WARD_JWK_USE_ENCRYPTION ? WARD_USE_ENCRYPTION
                                            : WARD_USE_NONE;
}

static enum ward_status write_text(struct ward_secrets_call *call, const struct ward_material *material,
                                   const struct ward_jwk *jwk, bool is_private, struct ward_span *ret)
{
    WARD_BUFFER out = ward_buffer_new_secret(WARD_JWK_TEXT_MAX);
    const struct ward_jwk_info info = { .kid = jwk->kid,
                                        .use = ward_secrets_jose_use(jwk->use),
                                        .alg = ward_jose_alg_parse(jwk->algorithm) };
    enum ward_status status = ward_jwk_write(material, &info, is_private, &out);
    if (status == WARD_OK) {
        *ret = ward_pool_copy(call->pool, ward_buffer_span(&out));
        status = ward_pool_status(call->pool);
    }
    return status;
}

enum ward_status ward_secrets_jwk_fill(struct ward_secrets_call *call, const struct ward_material *material,
                                       int64_t version, struct ward_jwk *jwk)
{
    enum ward_status status = WARD_OK;
    jwk->type = type_of(ward_material_type(material));
    jwk->public_json = jwk->private_json = WARD_SPAN_NONE;
    if (jwk->type != WARD_JWK_OCT) {
        status = write_text(call, material, jwk, false, &jwk->public_json);
    }
    if (status == WARD_OK && ward_material_half(material) != WARD_MATERIAL_PUBLIC) {
        status = write_text(call, material, jwk, true, &jwk->private_json);
    }
    if (status == WARD_OK) {
        status = ward_seal_jwk(call->service, call->pool, version, jwk);
    }
    jwk->private_json = WARD_SPAN_NONE;
    return status;
}

void ward_secrets_jwk_detach(struct ward_jwk *jwk)
{
    jwk->source_id = (struct ward_object_id){ "" };
    jwk->source_environment_id = (struct ward_object_id){ "" };
}

enum ward_status ward_secrets_jwk_log(struct ward_store_session *session, struct ward_secrets_call *call,
                                      const struct ward_jwk *jwk, const char *action,
                                      const struct ward_members *members)
{
    return ward_secrets_log(session, call->who, WARD_OBJECT_JWK, &jwk->id, &jwk->account_id, &jwk->project_id, action,
                            members, WARD_SPAN_NONE);
}

enum ward_status ward_secrets_jwk_store(struct ward_store_session *session, struct ward_secrets_call *call,
                                        struct ward_jwk *jwk, const char *action, const char *member)
{
    struct ward_members members = { 0 };
    ward_members_add(&members, member);
    ward_provenance_touch(&jwk->provenance, call->who, ward_now_ms());
    enum ward_status status = ward_store_jwk_update(session, jwk);
    return status == WARD_OK ? ward_secrets_jwk_log(session, call, jwk, action, &members) : status;
}

enum ward_status ward_secrets_jwk_remove(struct ward_store_session *session, struct ward_secrets_call *call,
                                         const struct ward_jwk *jwk)
{
    enum ward_status status = ward_store_jwk_remove(session, jwk);
    return status == WARD_OK ? ward_secrets_jwk_log(session, call, jwk, "removed", NULL) : status;
}

void ward_secrets_jwk_deploy(struct ward_secrets_call *call, const struct ward_object_id *id)
{
    const struct ward_deployment_change change = { .kind = WARD_DEPLOYED_JWK, .object_id = *id, .is_everywhere = true };
    ward_secrets_deploy(call, &change, 1);
}

static enum ward_status stop_at_first(const struct ward_environment *environment, void *arg)
{
    (void)environment;
    *(bool *)arg = true;
    return WARD_EXISTS;
}

enum ward_status ward_secrets_require_everywhere(struct ward_store_session *session, struct ward_secrets_call *call,
                                                 const struct ward_project *project)
{
    bool is_any = false;
    enum ward_status status = ward_environments_of(session, project, call->pool, stop_at_first, &is_any);
    if (status != WARD_OK && status != WARD_EXISTS) {
        return status;
    }
    return is_any ? ward_secrets_require(call, WARD_RIGHT_SECRETS_DEPLOY, WARD_REFUSED_DEPLOY_PERMISSION) : WARD_OK;
}

/* ---- views ---- */

/* Spans of the view point into jwk. */
static struct ward_jwk_view view_jwk(const struct ward_jwk *jwk, struct ward_span project_id)
{
    return (struct ward_jwk_view){
        .id = ward_object_id_span(&jwk->id),
        .name = jwk->name,
        .project_id = project_id,
        .description = jwk->description,
        .source_type = ward_jwk_source_name(jwk->source),
        .source_id = ward_object_id_span(&jwk->source_id),
        .source_url = jwk->source_url,
        .type = ward_jwk_type_name(jwk->type),
        .kid = jwk->kid,
        .use = ward_jwk_use_type_name(jwk->use),
        .algorithm = jwk->algorithm.data ? ward_jose_alg_api_name(ward_jose_alg_parse(jwk->algorithm)) : NULL,
        .not_before_ms = jwk->not_before_ms,
        .expires_ms = jwk->expires_ms,
    };
}

struct jwk_listing {
    struct ward_secrets_call *call;
    struct ward_span after, project_id;
    size_t max;
    ward_jwk_view_visit visit;
    void *arg;
};

static enum ward_status visit_jwk(const struct ward_jwk *jwk, void *arg)
{
    const struct jwk_listing *list = arg;
    const struct ward_jwk_view view = view_jwk(jwk, list->project_id);
    return list->visit(&view, list->arg);
}

static enum ward_status list_in(struct ward_store_session *session, void *arg)
{
    struct jwk_listing *list = arg;
    struct ward_project project;
    enum ward_status status = ward_secrets_enter(session, list->call, WARD_RIGHTS_APIOPS, &project);
    if (status != WARD_OK) {
        return status;
    }
    list->project_id = ward_secrets_project_id(list->call, &project.id);
    return ward_store_jwk_list(session, &project.id, list->after, list->max, visit_jwk, list);
}

enum ward_status ward_service_jwk_list(struct ward_secrets_call *call, struct ward_span after, size_t max,
                                       ward_jwk_view_visit visit, void *arg)
{
    struct jwk_listing list = { .call = call, .after = after, .max = max, .visit = visit, .arg = arg };
    return ward_store_read(call->service->store, list_in, &list);
}

/* ---- one JWK ---- */

struct jwk_one {
    struct ward_secrets_call *call;
    struct ward_span name;
    const struct ward_jwk_edit *edit;
    bool is_public_only;
    struct ward_project project;
    struct ward_jwk *jwk; /* in the call's pool: views point into it */
    bool is_renamed;
};

static enum ward_status find_jwk(struct ward_store_session *session, struct jwk_one *one, uint32_t any_of,
                                 enum ward_secrets_refusal missing)
{
    struct ward_secrets_call *call = one->call;
    enum ward_status status = ward_secrets_enter(session, call, any_of, &one->project);
    if (status != WARD_OK) {
        return status;
    }
    one->jwk = ward_pool_alloc(call->pool, sizeof(*one->jwk));
    if (!one->jwk) {
        return WARD_NO_MEMORY;
    }
    status = ward_store_jwk_find(session, &one->project.id, one->name, call->pool, one->jwk);
    return status == WARD_NOT_FOUND ? ward_secrets_refuse(call, missing, one->name, WARD_SPAN_NONE) : status;
}

static enum ward_status get_in(struct ward_store_session *session, void *arg)
{
    return find_jwk(session, arg, WARD_RIGHTS_APIOPS, WARD_REFUSED_JWK_NOT_FOUND);
}

/* What is revealed has its change entry first. */
static enum ward_status reveal_in(struct ward_store_session *session, void *arg)
{
    struct jwk_one *one = arg;
    enum ward_status status = find_jwk(session, one, RIGHTS_EXPORT, WARD_REFUSED_JWK_NOT_FOUND);
    if (status != WARD_OK || !one->jwk->sealed.data) {
        return status;
    }
    return ward_secrets_jwk_log(session, one->call, one->jwk, "exported", NULL);
}

enum ward_status ward_service_jwk_get(struct ward_secrets_call *call, struct ward_span jwk, struct ward_jwk_view *ret)
{
    struct jwk_one one = { .call = call, .name = jwk };
    enum ward_status status = ward_store_read(call->service->store, get_in, &one);
    bool reveals = status == WARD_OK && one.jwk->sealed.data &&
                   ward_operator_may(call->who, WARD_RIGHT_SECRETS_EXPORT_IMPORT);
    if (reveals) {
        status = ward_secrets_write(call, reveal_in, &one);
    }
    if (status == WARD_OK && reveals && one.jwk->sealed.data) {
        status = ward_open_jwk(call->service, call->pool, one.jwk);
    }
    if (status != WARD_OK) {
        return status;
    }
    *ret = view_jwk(one.jwk, ward_secrets_project_id(call, &one.project.id));
    ret->has_private = one.jwk->private_json.data != NULL;
    ret->material = ret->has_private ? one.jwk->private_json : one.jwk->public_json;
    return ward_pool_status(call->pool);
}

/* ---- editing ---- */

static enum ward_status check_edit(struct ward_store_session *session, struct jwk_one *one)
{
    const struct ward_jwk_edit *edit = one->edit;
    struct ward_secrets_call *call = one->call;
    struct ward_jwk other;
    enum ward_status status = ward_secrets_check_body(call, &edit->body);
    one->is_renamed = edit->has_name && !ward_span_equal(edit->name, one->jwk->name);
    if (status == WARD_OK && edit->has_description) {
        status = ward_secrets_check_description(call, edit->description, "description");
    }
    if (status != WARD_OK || !one->is_renamed) {
        return status;
    }
    status = ward_secrets_check_jwk_name(call, edit->name);
    if (status != WARD_OK) {
        return status;
    }
    status = ward_store_jwk_find(session, &one->project.id, edit->name, call->pool, &other);
    if (status == WARD_OK) {
        return ward_secrets_refuse(call, WARD_REFUSED_JWK_NAME_TAKEN, edit->name, WARD_SPAN_NONE);
    }
    return status == WARD_NOT_FOUND ? ward_secrets_require_everywhere(session, call, &one->project) : status;
}

static enum ward_status update_in(struct ward_store_session *session, void *arg)
{
    struct jwk_one *one = arg;
    const struct ward_jwk_edit *edit = one->edit;
    enum ward_status status = find_jwk(session, one, RIGHTS_MANAGE, WARD_REFUSED_JWK_NOT_FOUND_ON_UPDATE);
    if (status == WARD_OK) {
        status = check_edit(session, one);
    }
    if (status != WARD_OK) {
        return status;
    }
    if (one->is_renamed) {
        one->jwk->name = edit->name;
    }
    if (edit->has_description) {
        one->jwk->description = edit->description.size > 0 ? edit->description : WARD_SPAN_NONE;
    }
    ward_secrets_jwk_detach(one->jwk);
    return ward_secrets_jwk_store(session, one->call, one->jwk, "updated", one->is_renamed ? "name" : "sourceId");
}

enum ward_status ward_service_jwk_update(struct ward_secrets_call *call, struct ward_span jwk,
                                         const struct ward_jwk_edit *edit)
{
    struct jwk_one one = { .call = call, .name = jwk, .edit = edit };
    enum ward_status status = ward_secrets_write(call, update_in, &one);
    if (status == WARD_OK && one.is_renamed) {
        ward_secrets_jwk_deploy(call, &one.jwk->id);
    } else if (status == WARD_OK) {
        ward_secrets_deploy(call, NULL, 0);
    }
    return status;
}

static enum ward_status delete_in(struct ward_store_session *session, void *arg)
{
    struct jwk_one *one = arg;
    enum ward_status status = find_jwk(session, one, RIGHTS_MANAGE, WARD_REFUSED_JWK_NOT_FOUND);
    if (status == WARD_OK) {
        status = ward_secrets_require_everywhere(session, one->call, &one->project);
    }
    return status == WARD_OK ? ward_secrets_jwk_remove(session, one->call, one->jwk) : status;
}

enum ward_status ward_service_jwk_delete(struct ward_secrets_call *call, struct ward_span jwk)
{
    struct jwk_one one = { .call = call, .name = jwk };
    enum ward_status status = ward_secrets_write(call, delete_in, &one);
    if (status == WARD_OK) {
        ward_secrets_jwk_deploy(call, &one.jwk->id);
    }
    return status;
}

/* ---- exporting ---- */

static enum ward_status export_in(struct ward_store_session *session, void *arg)
{
    struct jwk_one *one = arg;
    enum ward_status status = find_jwk(session, one, RIGHTS_EXPORT, WARD_REFUSED_JWK_NOT_FOUND);
    if (status != WARD_OK) {
        return status;
    }
    if (!one->jwk->public_json.data && !one->jwk->sealed.data) {
        return ward_secrets_refuse(one->call, WARD_REFUSED_JWK_MATERIAL_MISSING, one->jwk->name, WARD_SPAN_NONE);
    }
    if (one->is_public_only && !one->jwk->public_json.data) {
        return ward_secrets_refuse(one->call, WARD_REFUSED_JWK_SYMMETRIC, one->jwk->name, WARD_SPAN_NONE);
    }
    return ward_secrets_jwk_log(session, one->call, one->jwk, "exported", NULL);
}

static enum ward_status write_set(struct ward_secrets_call *call, struct ward_span jwk, struct ward_span *ret)
{
    WARD_BUFFER out = ward_buffer_new_secret(WARD_JWK_TEXT_MAX + 64);
    struct ward_json_writer writer = ward_json_writer_to(&out);
    ward_json_begin_object(&writer);
    ward_json_key(&writer, "keys");
    ward_json_begin_array(&writer);
    ward_json_put_raw(&writer, jwk);
    ward_json_end_array(&writer);
    ward_json_end_object(&writer);
    if (out.status == WARD_OK) {
        *ret = ward_pool_copy(call->pool, ward_buffer_span(&out));
    }
    return out.status == WARD_OK ? ward_pool_status(call->pool) : out.status;
}

enum ward_status ward_service_jwk_export(struct ward_secrets_call *call, struct ward_span jwk, bool is_public_only,
                                         struct ward_span *ret_name, struct ward_span *ret_document)
{
    struct jwk_one one = { .call = call, .name = jwk, .is_public_only = is_public_only };
    enum ward_status status = ward_secrets_write(call, export_in, &one);
    bool is_opened = status == WARD_OK && !is_public_only && one.jwk->sealed.data;
    if (is_opened) {
        status = ward_open_jwk(call->service, call->pool, one.jwk);
    }
    if (status != WARD_OK) {
        return status;
    }
    *ret_name = one.jwk->name;
    return write_set(call, is_opened ? one.jwk->private_json : one.jwk->public_json, ret_document);
}
