/* Projects: contracts/theauthapi.md 6. Deleting one is soft; its keys then answer like unknown ones. */
#include "service/deployer.h"
#include "service/internal.h"

#define ONE_PROJECT_POOL 65536

struct project_case {
    struct ward_service *service;
    const struct ward_operator *who;
    struct ward_pool *pool;
    struct ward_project_input *input; /* or NULL */
    bool has_id;
    struct ward_uuid id;
    struct ward_project project;
};

static struct project_case project_case_of(struct ward_service *service, const struct ward_operator *who,
                                           struct ward_span id, struct ward_pool *pool)
{
    struct project_case c = { .service = service, .who = who, .pool = pool };
    c.has_id = ward_uuid_parse(id, &c.id);
    return c;
}

static enum ward_status find_project(struct ward_store_session *session, void *arg)
{
    struct project_case *c = arg;
    enum ward_status status = c->has_id ? ward_store_project_get(session, &c->id, c->pool, &c->project)
                                        : WARD_NOT_FOUND;
    if (status != WARD_OK) {
        return status;
    }
    if (!ward_operator_covers(c->who, &c->project.account_id, &c->project.id)) {
        return WARD_FORBIDDEN;
    }
    return c->project.is_active && c->project.is_account_active ? WARD_OK : WARD_NOT_FOUND;
}

/* CONFLICT when another active project of the account has the name. */
static enum ward_status require_free_name(struct ward_store_session *session, const struct project_case *c,
                                          struct ward_span name)
{
    struct ward_project other;
    enum ward_status status = ward_store_project_find(session, &c->project.account_id, name, c->pool, &other);
    if (status == WARD_NOT_FOUND) {
        return WARD_OK;
    }
    if (status != WARD_OK) {
        return status;
    }
    return ward_uuid_equal(&other.id, &c->project.id) ? WARD_OK : WARD_CONFLICT;
}

static enum ward_status log_project(struct ward_store_session *session, const struct ward_operator *who,
                                    const struct ward_project *project, const char *action,
                                    const struct ward_members *members)
{
    char id[WARD_UUID_CHARS + 1];
    ward_uuid_format(&project->id, id);
    struct ward_audit audit = {
        .kind = WARD_OBJECT_PROJECT,
        .object_id = ward_span(id, WARD_UUID_CHARS),
        .account = &project->account_id,
        .project = &project->id,
        .action = action,
        .members = members,
    };
    return ward_audit_append(session, who, &audit);
}

static enum ward_status store_project(struct ward_store_session *session, struct project_case *c, const char *action,
                                      const struct ward_members *members)
{
    ward_provenance_touch(&c->project.provenance, c->who, ward_now_ms());
    enum ward_status status = ward_store_project_update(session, &c->project);
    if (status != WARD_OK) {
        return status;
    }
    c->project.version++;
    return log_project(session, c->who, &c->project, action, members);
}

/* ---- list and get ---- */

struct project_listing {
    const struct ward_operator *who;
    struct ward_span account;
    bool has_account;
    struct ward_pool *pool;
    ward_project_visit visit;
    void *arg;
    struct ward_problems *problems;
};

static enum ward_status show_project(const struct ward_project *project, void *arg)
{
    struct project_listing *list = arg;
    bool is_visible = ward_operator_covers(list->who, &project->account_id, &project->id) && project->is_active &&
                      project->is_account_active;
    return is_visible ? list->visit(project, list->arg) : WARD_OK;
}

static enum ward_status list_in(struct ward_store_session *session, void *arg)
{
    struct project_listing *list = arg;
    struct ward_account account = { .id = list->who->account_id };
    if (list->has_account) {
        enum ward_status status = ward_scope_account(session, list->who, true, list->account, list->problems,
                                                     list->pool, &account);
        if (status != WARD_OK) {
            return status;
        }
    }
    if (list->problems->count > 0) {
        return WARD_INVALID;
    }
    const struct ward_uuid *filter = ward_uuid_is_nil(&account.id) ? NULL : &account.id;
    return ward_store_project_list(session, filter, list->pool, show_project, list);
}

enum ward_status ward_service_project_list(struct ward_service *service, const struct ward_operator *who,
                                           struct ward_span account, bool has_account, struct ward_pool *pool,
                                           ward_project_visit visit, void *arg, struct ward_problems *problems)
{
    /* contracts/apinizer.md 5.1: who may do anything in a project sees that it is there. */
    if (!ward_operator_may_any(who, WARD_RIGHT_PROJECT_READ | WARD_RIGHTS_APIOPS)) {
        return WARD_FORBIDDEN;
    }
    struct project_listing list = { who, account, has_account, pool, visit, arg, problems };
    return ward_store_read(service->store, list_in, &list);
}

enum ward_status ward_service_project_get(struct ward_service *service, const struct ward_operator *who,
                                          struct ward_span id, struct ward_pool *pool, struct ward_project *ret)
{
    if (!ward_operator_may(who, WARD_RIGHT_PROJECT_READ)) {
        return WARD_FORBIDDEN;
    }
    struct project_case c = project_case_of(service, who, id, pool);
    enum ward_status status = ward_store_read(service->store, find_project, &c);
    if (status == WARD_OK) {
        *ret = c.project;
    }
    return status;
}

/* ---- create ---- */

static enum ward_status find_account(struct ward_store_session *session, void *arg)
{
    struct project_case *c = arg;
    struct ward_account account;
    enum ward_status status = ward_scope_account(session, c->who, c->input->has_account, c->input->account,
                                                 &c->input->problems, c->pool, &account);
    if (status == WARD_OK && !ward_problem_has(&c->input->problems, "accountId")) {
        c->project.account_id = account.id;
    }
    return status;
}

enum ward_status ward_service_project_insert(struct ward_store_session *session, const struct ward_operator *who,
                                             const struct ward_members *members, struct ward_project *project)
{
    enum ward_status status = ward_store_project_insert(session, project);
    return status == WARD_OK ? log_project(session, who, project, "created", members) : status;
}

static enum ward_status create_in(struct ward_store_session *session, void *arg)
{
    struct project_case *c = arg;
    struct ward_members members = { 3, { "name", "accountId", "env" } };
    enum ward_status status = find_account(session, c);
    if (status != WARD_OK) {
        return status;
    }
    if (c->input->problems.count > 0) {
        return WARD_INVALID; /* the account was deleted since */
    }
    status = ward_uuid_new(&c->project.id);
    if (status == WARD_OK) {
        status = require_free_name(session, c, c->project.name);
    }
    if (status != WARD_OK) {
        return status;
    }
    c->project.is_active = true;
    c->project.is_account_active = true;
    c->project.provenance = ward_provenance_new(c->who, ward_now_ms());
    c->project.version = 1;
    return ward_service_project_insert(session, c->who, &members, &c->project);
}

enum ward_status ward_service_project_create(struct ward_service *service, const struct ward_operator *who,
                                             struct ward_project_input *input, struct ward_pool *pool,
                                             struct ward_project *ret, struct ward_receipt *ret_receipt)
{
    if (!ward_operator_may(who, WARD_RIGHT_PROJECT_WRITE) || !ward_operator_is_wide(who)) {
        return WARD_FORBIDDEN;
    }
    struct project_case c = { .service = service, .who = who, .pool = pool, .input = input };
    ward_name_require(&input->problems, "name", input->has_name, input->name);
    enum ward_status status = ward_store_read(service->store, find_account, &c);
    if (status != WARD_OK) {
        return status;
    }
    bool has_env = input->has_env && ward_env_parse(input->env, &c.project.env);
    if (!has_env && !ward_problem_has(&input->problems, "env")) {
        ward_problem_add(&input->problems, "env", WARD_RULE_ENUM, 0, "live,test");
    }
    if (input->problems.count > 0) {
        return WARD_INVALID;
    }
    c.project.name = ward_pool_copy(pool, input->name);
    uint64_t revision;
    status = ward_pool_status(pool);
    if (status == WARD_OK) {
        status = ward_store_write(service->store, create_in, &c, &revision);
    }
    if (status == WARD_OK) {
        ward_service_receipt(service, revision, ret_receipt);
        *ret = c.project;
    }
    return status;
}

/* ---- update and delete ---- */

static enum ward_status run_write(struct project_case *c, ward_store_work work, struct ward_receipt *ret_receipt)
{
    if (!ward_operator_may(c->who, WARD_RIGHT_PROJECT_WRITE)) {
        return WARD_FORBIDDEN;
    }
    enum ward_status found = ward_store_read(c->service->store, find_project, c);
    if (found != WARD_OK && found != WARD_NOT_FOUND) {
        return found;
    }
    if (c->input) {
        ward_name_require(&c->input->problems, "name", c->input->has_name, c->input->name);
        if (c->input->problems.count > 0) {
            return WARD_INVALID;
        }
    }
    if (found != WARD_OK) {
        return found;
    }
    uint64_t revision;
    enum ward_status status = ward_store_write(c->service->store, work, c, &revision);
    ward_service_credentials_changed(c->service);
    if (status == WARD_OK) {
        ward_service_receipt(c->service, revision, ret_receipt);
    }
    return status;
}

/* A project keeps its account and its env for life: only the name is taken. */
static enum ward_status update_in(struct ward_store_session *session, void *arg)
{
    struct project_case *c = arg;
    struct ward_members changed = { 0 };
    enum ward_status status = find_project(session, c);
    if (status == WARD_OK) {
        status = require_free_name(session, c, c->input->name);
    }
    if (status != WARD_OK) {
        return status;
    }
    if (!ward_span_equal(c->project.name, c->input->name)) {
        ward_members_add(&changed, "name");
    }
    c->project.name = ward_pool_copy(c->pool, c->input->name);
    status = ward_pool_status(c->pool);
    return status == WARD_OK ? store_project(session, c, "updated", &changed) : status;
}

enum ward_status ward_service_project_update(struct ward_service *service, const struct ward_operator *who,
                                             struct ward_span id, struct ward_project_input *input,
                                             struct ward_pool *pool, struct ward_project *ret,
                                             struct ward_receipt *ret_receipt)
{
    struct project_case c = project_case_of(service, who, id, pool);
    c.input = input;
    enum ward_status status = run_write(&c, update_in, ret_receipt);
    if (status == WARD_OK) {
        *ret = c.project;
    }
    return status;
}

static enum ward_status delete_in(struct ward_store_session *session, void *arg)
{
    struct project_case *c = arg;
    struct ward_members changed = { 1, { "isActive" } };
    enum ward_status status = find_project(session, c);
    if (status != WARD_OK) {
        return status;
    }
    c->project.is_active = false;
    return store_project(session, c, "deleted", &changed);
}

enum ward_status ward_service_project_delete(struct ward_service *service, const struct ward_operator *who,
                                             struct ward_span id, struct ward_receipt *ret_receipt)
{
    WARD_POOL pool = ward_pool_new(ONE_PROJECT_POOL);
    struct project_case c = project_case_of(service, who, id, &pool);
    enum ward_status status = run_write(&c, delete_in, ret_receipt);
    if (status == WARD_OK) {
        ward_deployer_scope_ended(service->deployer);
    }
    return status;
}
