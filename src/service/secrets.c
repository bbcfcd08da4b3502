/* How the use cases of keys, JWKs and API proxies run, and the one place where their refusals are worded. */
#include "service/secrets_internal.h"

#include "base/utf8.h"

/* How often a write is prepared outside of the transaction before it is prepared inside. */
#define TRIES_OUTSIDE 4

/* ---- refusals ---- */

static const struct {
    enum ward_status status;
    const char *text;
} refusals[] = {
#define WARD_SECRETS_REFUSAL(name, status, text) [WARD_REFUSED_##name] = { WARD_##status, text },
#include "service/secrets.def"
#undef WARD_SECRETS_REFUSAL
};

const char *ward_secrets_refusal_text(enum ward_secrets_refusal reason)
{
    return (unsigned)reason < WARD_REFUSED_COUNT ? refusals[reason].text : "";
}

enum ward_status ward_secrets_refusal_status(enum ward_secrets_refusal reason)
{
    return (unsigned)reason < WARD_REFUSED_COUNT ? refusals[reason].status : WARD_INTERNAL;
}

void ward_secrets_refused_write(const struct ward_secrets_refused *refused, struct ward_buffer *ret)
{
    const char *text = ward_secrets_refusal_text(refused->reason);
    const struct ward_span fills[] = { refused->name, refused->detail, refused->more };
    size_t filled = 0;
    for (const char *hole = strstr(text, "{}"); hole; hole = strstr(text, "{}")) {
        ward_buffer_append(ret, ward_span(text, (size_t)(hole - text)));
        ward_buffer_append(ret, filled < WARD_COUNT_OF(fills) ? fills[filled++] : WARD_SPAN_NONE);
        text = hole + 2;
    }
    ward_buffer_append_text(ret, text);
}

enum ward_status ward_secrets_refuse(struct ward_secrets_call *call, enum ward_secrets_refusal reason,
                                     struct ward_span name, struct ward_span detail)
{
    call->refused = (struct ward_secrets_refused){ .reason = reason,
                                                   .name = ward_pool_copy(call->pool, name),
                                                   .detail = ward_pool_copy(call->pool, detail) };
    return call->pool->is_exhausted ? WARD_NO_MEMORY : ward_secrets_refusal_status(reason);
}

enum ward_status ward_secrets_refuse_plainly(struct ward_secrets_call *call, enum ward_secrets_refusal reason)
{
    return ward_secrets_refuse(call, reason, WARD_SPAN_NONE, WARD_SPAN_NONE);
}

enum ward_status ward_secrets_check_body(struct ward_secrets_call *call, const struct ward_secrets_refused *body)
{
    return body->reason == WARD_REFUSED_NONE ? WARD_OK
                                             : ward_secrets_refuse(call, body->reason, body->name, body->detail);
}

/* ---- names ---- */

enum ward_status ward_secrets_check_name(struct ward_secrets_call *call, struct ward_span name, const char *member,
                                         enum ward_secrets_refusal empty)
{
    if (ward_text_is_blank(name)) {
        return ward_secrets_refuse_plainly(call, empty);
    }
    if (name.size > WARD_OBJECT_NAME_MAX) {
        return ward_secrets_refuse(call, WARD_REFUSED_NAME_TOO_LONG, ward_span_of(member), WARD_SPAN_NONE);
    }
    if (!ward_object_name_is_valid(name)) {
        return ward_secrets_refuse(call, WARD_REFUSED_NAME_CHARACTERS, ward_span_of(member), WARD_SPAN_NONE);
    }
    return WARD_OK;
}

enum ward_status ward_secrets_check_description(struct ward_secrets_call *call, struct ward_span text,
                                                const char *member)
{
    if (ward_utf8_count(text) > WARD_OBJECT_DESCRIPTION_MAX) {
        return ward_secrets_refuse(call, WARD_REFUSED_TEXT_TOO_LONG, ward_span_of(member), WARD_SPAN_NONE);
    }
    return WARD_OK;
}

/* ---- who may ---- */

/* The one active project of that name over all accounts: for the local operator, who stands above them. */
struct name_search {
    struct ward_span name;
    struct ward_project found;
    size_t count;
};

static enum ward_status match_name(const struct ward_project *project, void *arg)
{
    struct name_search *search = arg;
    if (ward_span_equal(project->name, search->name)) {
        search->found = *project;
        search->count++;
    }
    return WARD_OK;
}

static enum ward_status search_everywhere(struct ward_store_session *session, struct ward_secrets_call *call,
                                          struct ward_project *ret)
{
    struct name_search search = { .name = call->project };
    enum ward_status status = ward_store_project_list(session, NULL, call->pool, match_name, &search);
    if (status == WARD_OK && search.count != 1) {
        status = WARD_NOT_FOUND;
    }
    if (status == WARD_OK) {
        *ret = search.found;
    }
    return status;
}

static enum ward_status find_project(struct ward_store_session *session, struct ward_secrets_call *call,
                                     struct ward_project *ret)
{
    struct ward_project project = { .is_active = false };
    enum ward_status status = call->who->type == WARD_ACTOR_LOCAL
                                  ? search_everywhere(session, call, &project)
                                  : ward_store_project_find(session, &call->who->account_id, call->project, call->pool,
                                                            &project);
    if (status == WARD_OK && (!project.is_active || !project.is_account_active ||
                              !ward_operator_covers(call->who, &project.account_id, &project.id))) {
        status = WARD_NOT_FOUND;
    }
    if (status == WARD_NOT_FOUND) {
        return ward_secrets_refuse(call, WARD_REFUSED_PROJECT_NOT_FOUND, call->project, WARD_SPAN_NONE);
    }
    if (status == WARD_OK) {
        *ret = project;
    }
    return status;
}

enum ward_status ward_secrets_enter(struct ward_store_session *session, struct ward_secrets_call *call, uint32_t any_of,
                                    struct ward_project *ret)
{
    enum ward_status status = find_project(session, call, ret);
    if (status == WARD_OK && !ward_operator_may_any(call->who, any_of)) {
        status = ward_secrets_refuse_plainly(call, WARD_REFUSED_PERMISSION);
    }
    return status;
}

enum ward_status ward_secrets_require(struct ward_secrets_call *call, enum ward_right right,
                                      enum ward_secrets_refusal reason)
{
    return ward_operator_may(call->who, right) ? WARD_OK : ward_secrets_refuse_plainly(call, reason);
}

struct project_case {
    struct ward_secrets_call *call;
    struct ward_project *ret;
};

static enum ward_status find_project_in(struct ward_store_session *session, void *arg)
{
    struct project_case *c = arg;
    return ward_secrets_enter(session, c->call, WARD_RIGHTS_APIOPS, c->ret);
}

enum ward_status ward_service_secrets_project(struct ward_secrets_call *call, struct ward_project *ret)
{
    struct project_case c = { call, ret };
    return ward_store_read(call->service->store, find_project_in, &c);
}

/* ---- writes ---- */

enum ward_status ward_secrets_write(struct ward_secrets_call *call, ward_store_work work, void *arg)
{
    uint64_t revision;
    enum ward_status status = ward_store_write(call->service->store, work, arg, &revision);
    if (status == WARD_OK) {
        ward_service_receipt(call->service, revision, &call->receipt);
    }
    return status;
}

struct change_run {
    const struct ward_secrets_steps *steps;
    void *arg;
};

static enum ward_status run_inside(struct ward_store_session *session, void *arg)
{
    struct change_run *run = arg;
    enum ward_status status = run->steps->gather(session, run->arg);
    if (status == WARD_OK) {
        status = run->steps->prepare(run->arg);
    }
    return status == WARD_OK ? run->steps->apply(session, run->arg) : status;
}

enum ward_status ward_secrets_change(struct ward_secrets_call *call, const struct ward_secrets_steps *steps, void *arg)
{
    struct change_run run = { steps, arg };
    for (int i = 0; i < TRIES_OUTSIDE; i++) {
        enum ward_status status = ward_store_read(call->service->store, steps->gather, arg);
        if (status == WARD_OK) {
            status = steps->prepare(arg);
        }
        if (status != WARD_OK) {
            return status;
        }
        status = ward_secrets_write(call, steps->apply, arg);
        if (status != WARD_CONFLICT || call->refused.reason != WARD_REFUSED_NONE) {
            return status;
        }
    }
    return ward_secrets_write(call, run_inside, &run);
}

/* ---- deployment ---- */

void ward_secrets_deploy(struct ward_secrets_call *call, const struct ward_deployment_change *changes, size_t count)
{
    static const struct ward_deployment unknown = { .is_success = false };
    struct ward_deployment *deployment = ward_pool_alloc(call->pool, sizeof(*deployment));
    bool is_told = deployment &&
                   ward_deployer_apply(call->service->deployer, changes, count, call->pool, deployment) == WARD_OK;
    /* What was not told is written all the same, and will be deployed: the answer may only not call it deployed. */
    call->deployment = is_told ? deployment : &unknown;
}

static const struct ward_touched *touched_of(const struct ward_touched *touched, size_t count,
                                             const struct ward_object_id *id)
{
    for (size_t i = 0; i < count; i++) {
        if (ward_object_id_equal(&touched[i].id, id)) {
            return &touched[i];
        }
    }
    return NULL;
}

void ward_secrets_tell(struct ward_secrets_call *call, const struct ward_touched *touched, size_t count)
{
    const struct ward_deployment *all = call->deployment;
    if (!all || all->environment_count == 0) {
        return;
    }
    struct ward_deployment *told = ward_pool_alloc(call->pool, sizeof(*told));
    struct ward_environment_result *results = ward_pool_alloc(call->pool, all->environment_count * sizeof(*results));
    if (!told || !results) {
        return;
    }
    *told = *all;
    told->environments = results;
    told->environment_count = 0;
    for (size_t i = 0; i < all->environment_count; i++) {
        const struct ward_touched *own = touched_of(touched, count, &all->environments[i].id);
        if (!own && all->environments[i].is_success) {
            continue;
        }
        results[told->environment_count] = all->environments[i];
        results[told->environment_count++].is_removal = own ? own->is_removal : all->environments[i].is_removal;
    }
    call->deployment = told;
}

/* ---- environments ---- */

enum ward_status ward_secrets_environment(struct ward_store_session *session, struct ward_secrets_call *call,
                                          const struct ward_project *project, struct ward_span name,
                                          enum ward_secrets_refusal missing, struct ward_environment *ret)
{
    enum ward_status status = ward_find_environment(session, project, name, call->pool, ret);
    return status == WARD_NOT_FOUND ? ward_secrets_refuse(call, missing, name, WARD_SPAN_NONE) : status;
}

struct ward_span ward_secrets_project_id(struct ward_secrets_call *call, const struct ward_uuid *id)
{
    char text[WARD_UUID_CHARS + 1];
    ward_uuid_format(id, text);
    return ward_pool_copy(call->pool, ward_span(text, WARD_UUID_CHARS));
}

enum ward_status ward_secrets_refuse_entry(struct ward_secrets_call *call, const struct ward_crypto_key *key,
                                           struct ward_span environment)
{
    WARD_BUFFER names = ward_buffer_new(WARD_KEY_ENTRIES_MAX * (WARD_OBJECT_NAME_MAX + 2));
    for (size_t i = 0; i < key->entry_count; i++) {
        ward_buffer_append_text(&names, i > 0 ? ", " : "");
        ward_buffer_append(&names, key->entries[i].environment_name);
    }
    if (names.status != WARD_OK) {
        return names.status;
    }
    enum ward_status status = ward_secrets_refuse(call, WARD_REFUSED_MATERIAL_NOT_THERE, key->name, environment);
    call->refused.more = ward_pool_copy(call->pool, ward_buffer_span(&names));
    return status;
}
