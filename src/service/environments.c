/*
 * Environments: contracts/apinizer.md 5. One that lies outside the operator's scope, or is not open to its project, is
 * not there. What was changed is told to the deployer behind the commit: replicas come and go with it.
 */
#include "service/environments.h"

#include "base/log.h"
#include "service/deployer.h"
#include "service/internal.h"

#define FIRST_NAME "production"

/* The environments of one account, or of a store of an earlier version. */
#define ENVIRONMENTS_POOL ((size_t)64 * 1024 * 1024)

/* ---- what an operator sees ---- */

static bool may_read(const struct ward_operator *who)
{
    return ward_operator_may_any(who, WARD_RIGHT_ENVIRONMENT_READ | WARD_RIGHTS_APIOPS);
}

static bool is_visible(const struct ward_operator *who, const struct ward_environment *environment)
{
    if (!ward_operator_is_of(who, &environment->account_id)) {
        return false;
    }
    return ward_operator_is_wide(who) || ward_environment_is_open_to(environment, &who->account_id, &who->project_id);
}

struct environment_listing {
    const struct ward_operator *who;
    struct ward_pool *pool;
    ward_environment_visit visit;
    void *arg;
};

static enum ward_status show_environment(const struct ward_environment *environment, void *arg)
{
    const struct environment_listing *list = arg;
    return is_visible(list->who, environment) ? list->visit(environment, list->arg) : WARD_OK;
}

static enum ward_status list_in(struct ward_store_session *session, void *arg)
{
    struct environment_listing *list = arg;
    const struct ward_uuid *account = ward_uuid_is_nil(&list->who->account_id) ? NULL : &list->who->account_id;
    return ward_store_environment_list(session, account, list->pool, show_environment, list);
}

enum ward_status ward_service_environment_list(struct ward_service *service, const struct ward_operator *who,
                                               struct ward_pool *pool, ward_environment_visit visit, void *arg)
{
    if (!may_read(who)) {
        return WARD_FORBIDDEN;
    }
    struct environment_listing list = { who, pool, visit, arg };
    return ward_store_read(service->store, list_in, &list);
}

/* ---- one of them ---- */

struct environment_case {
    struct ward_service *service;
    const struct ward_operator *who;
    struct ward_span ref; /* id or name, as it came */
    struct ward_pool *pool;
    struct ward_environment_input *input; /* or NULL */
    bool is_by_id;
    size_t found;
    struct ward_environment environment;
};

/* An id wins over a name that looks like one. */
static enum ward_status match_environment(const struct ward_environment *environment, void *arg)
{
    struct environment_case *c = arg;
    bool is_id = ward_span_equal(c->ref, ward_object_id_span(&environment->id));
    if (is_id || (!c->is_by_id && ward_span_equal(c->ref, environment->name))) {
        c->environment = *environment;
        c->found = is_id ? 1 : c->found + 1;
        c->is_by_id = c->is_by_id || is_id;
    }
    return WARD_OK;
}

static enum ward_status find_in(struct ward_store_session *session, void *arg)
{
    struct environment_case *c = arg;
    struct environment_listing list = { c->who, c->pool, match_environment, c };
    c->found = 0;
    c->is_by_id = false;
    enum ward_status status = list_in(session, &list);
    return status == WARD_OK && c->found != 1 ? WARD_NOT_FOUND : status;
}

enum ward_status ward_service_environment_get(struct ward_service *service, const struct ward_operator *who,
                                              struct ward_span ref, struct ward_pool *pool,
                                              struct ward_environment *ret)
{
    if (!may_read(who)) {
        return WARD_FORBIDDEN;
    }
    struct environment_case c = { .service = service, .who = who, .ref = ref, .pool = pool };
    enum ward_status status = ward_store_read(service->store, find_in, &c);
    if (status == WARD_OK) {
        *ret = c.environment;
    }
    return status;
}

static bool may_write(const struct ward_operator *who)
{
    return ward_operator_may(who, WARD_RIGHT_ENVIRONMENT_WRITE) && ward_operator_is_wide(who);
}

static enum ward_status log_environment(struct ward_store_session *session, const struct ward_operator *who,
                                        const struct ward_environment *environment, const char *action,
                                        const struct ward_members *members)
{
    return ward_secrets_log(session, who, WARD_OBJECT_ENVIRONMENT, &environment->id, &environment->account_id, NULL,
                            action, members, WARD_SPAN_NONE);
}

/* The replicas are brought up, or closed, behind the commit; what fails there is tried again in the background. */
static enum ward_status run_write(struct environment_case *c, ward_store_work work, struct ward_receipt *ret_receipt)
{
    uint64_t revision;
    enum ward_status status = ward_store_write(c->service->store, work, c, &revision);
    if (status != WARD_OK) {
        return status;
    }
    ward_service_receipt(c->service, revision, ret_receipt);
    if (c->service->deployer && ward_deployer_refresh(c->service->deployer, NULL, c->pool, NULL) != WARD_OK) {
        ward_log(WARD_LOG_WARN, "deployer.behind", WARD_LOG_SPAN("environment", c->environment.name));
    }
    return WARD_OK;
}

/* ---- input ---- */

/* A project of the account by its id or its name: *ret stays nil when there is none. */
static enum ward_status resolve_project(struct ward_store_session *session, struct environment_case *c,
                                        struct ward_span ref, struct ward_uuid *ret)
{
    struct ward_project project;
    struct ward_uuid id;
    const struct ward_uuid *account = &c->environment.account_id;
    enum ward_status status = ward_uuid_parse(ref, &id)
                                  ? ward_store_project_get(session, &id, c->pool, &project)
                                  : ward_store_project_find(session, account, ref, c->pool, &project);
    *ret = (struct ward_uuid){ 0 };
    if (status != WARD_OK) {
        return status == WARD_NOT_FOUND ? WARD_OK : status;
    }
    if (ward_uuid_equal(&project.account_id, account) && project.is_active) {
        *ret = project.id;
    }
    return WARD_OK;
}

static enum ward_status take_projects(struct ward_store_session *session, struct environment_case *c)
{
    struct ward_environment_input *input = c->input;
    struct ward_uuid *projects = ward_pool_alloc(c->pool, (input->project_count + 1) * sizeof(*projects));
    if (!projects) {
        return WARD_NO_MEMORY;
    }
    for (size_t i = 0; i < input->project_count; i++) {
        enum ward_status status = resolve_project(session, c, input->projects[i], &projects[i]);
        if (status != WARD_OK) {
            return status;
        }
        if (ward_uuid_is_nil(&projects[i])) {
            ward_problem_add(&input->problems, "projects", WARD_RULE_UNKNOWN_PROJECT, 0, NULL);
            return WARD_INVALID;
        }
    }
    c->environment.projects = projects;
    c->environment.project_count = input->project_count;
    return WARD_OK;
}

/* In order of their names, as the store gives them. */
static enum ward_status take_replicas(struct environment_case *c)
{
    const struct ward_environment_input *input = c->input;
    struct ward_replica *replicas = ward_pool_alloc(c->pool, (input->replica_count + 1) * sizeof(*replicas));
    if (!replicas) {
        return WARD_NO_MEMORY;
    }
    for (size_t i = 0; i < input->replica_count; i++) {
        struct ward_replica replica = { ward_pool_copy(c->pool, input->replicas[i].name),
                                        ward_pool_copy(c->pool, input->replicas[i].directory) };
        size_t to = i;
        for (; to > 0 && replica.name.data && strcmp(replicas[to - 1].name.data, replica.name.data) > 0; to--) {
            replicas[to] = replicas[to - 1];
        }
        replicas[to] = replica;
        if (c->pool->is_exhausted) {
            return WARD_NO_MEMORY;
        }
    }
    c->environment.replicas = replicas;
    c->environment.replica_count = input->replica_count;
    return WARD_OK;
}

static bool take_text(struct ward_pool *pool, bool has_text, struct ward_span text, struct ward_span *ret)
{
    if (!has_text || ward_span_equal(text, *ret)) {
        return false;
    }
    *ret = text.data ? ward_pool_copy(pool, text) : WARD_SPAN("");
    return true;
}

static void take_words(struct environment_case *c, struct ward_members *changed)
{
    const struct ward_environment_input *input = c->input;
    struct ward_environment *environment = &c->environment;
    enum ward_environment_type type = environment->type;
    enum ward_environment_status state = environment->status;
    if (input->has_type && ward_environment_type_parse(input->type, &type) && type != environment->type) {
        environment->type = type;
        ward_members_add(changed, "type");
    }
    if (input->has_status && ward_environment_status_parse(input->status, &state) && state != environment->status) {
        environment->status = state;
        ward_members_add(changed, "status");
    }
}

static enum ward_status take_input(struct ward_store_session *session, struct environment_case *c,
                                   struct ward_members *changed)
{
    const struct ward_environment_input *input = c->input;
    struct ward_environment *environment = &c->environment;
    enum ward_status status = WARD_OK;
    if (take_text(c->pool, input->has_name, input->name, &environment->name)) {
        ward_members_add(changed, "name");
    }
    if (take_text(c->pool, input->has_description, input->description, &environment->description)) {
        ward_members_add(changed, "description");
    }
    if (take_text(c->pool, input->has_access_url, input->access_url, &environment->access_url)) {
        ward_members_add(changed, "accessUrl");
    }
    take_words(c, changed);
    if (input->has_projects) {
        ward_members_add(changed, "projects");
        status = take_projects(session, c);
    }
    if (status == WARD_OK && input->has_replicas) {
        ward_members_add(changed, "replicas");
        status = take_replicas(c);
    }
    return status == WARD_OK ? ward_pool_status(c->pool) : status;
}

/* ---- create ---- */

static const struct ward_replica embedded_replica[] = { { WARD_SPAN_INIT(WARD_REPLICA_EMBEDDED), { NULL, 0 } } };

static struct ward_environment new_environment(const struct ward_operator *who, const struct ward_uuid *account)
{
    return (struct ward_environment){
        .account_id = *account,
        .name = WARD_SPAN(FIRST_NAME),
        .description = WARD_SPAN(""),
        .access_url = WARD_SPAN(""),
        .replicas = embedded_replica,
        .replica_count = 1,
        .provenance = ward_provenance_new(who, ward_now_ms()),
        .version = 1,
    };
}

static enum ward_status insert_environment(struct ward_store_session *session, const struct ward_operator *who,
                                           struct ward_environment *environment, const struct ward_members *members)
{
    enum ward_status status = ward_object_id_new(&environment->id);
    if (status == WARD_OK) {
        status = ward_store_environment_insert(session, environment);
    }
    return status == WARD_OK ? log_environment(session, who, environment, WARD_ACTION_CREATED, members) : status;
}

static enum ward_status create_in(struct ward_store_session *session, void *arg)
{
    struct environment_case *c = arg;
    struct ward_members members = { 0 };
    struct ward_account account = { .id = c->who->account_id };
    if (c->input->has_account || ward_uuid_is_nil(&account.id)) {
        enum ward_status status = ward_scope_account(session, c->who, c->input->has_account, c->input->account,
                                                     &c->input->problems, c->pool, &account);
        if (status != WARD_OK) {
            return status;
        }
    }
    if (c->input->problems.count > 0) {
        return WARD_INVALID;
    }
    c->environment = new_environment(c->who, &account.id);
    c->environment.name = WARD_SPAN_NONE; /* the input brings it */
    enum ward_status status = take_input(session, c, &members);
    return status == WARD_OK ? insert_environment(session, c->who, &c->environment, &members) : status;
}

enum ward_status ward_service_environment_create(struct ward_service *service, const struct ward_operator *who,
                                                 struct ward_environment_input *input, struct ward_pool *pool,
                                                 struct ward_environment *ret, struct ward_receipt *ret_receipt)
{
    if (!may_write(who)) {
        return WARD_FORBIDDEN;
    }
    struct environment_case c = { .service = service, .who = who, .pool = pool, .input = input };
    ward_environment_input_check(input, true);
    if (input->problems.count > 0) {
        return WARD_INVALID;
    }
    enum ward_status status = run_write(&c, create_in, ret_receipt);
    if (status == WARD_OK) {
        *ret = c.environment;
    }
    return status;
}

/* ---- update, delete ---- */

/* Keys and proxies of a project that is shut out would be deployed where nobody may reach them. */
static enum ward_status check_shut_out(struct ward_store_session *session, const struct ward_environment *environment)
{
    if (environment->project_count == 0) {
        return WARD_OK;
    }
    enum ward_status status = ward_store_environment_shuts_out(session, &environment->id);
    if (status == WARD_OK) {
        return WARD_CONFLICT;
    }
    return status == WARD_NOT_FOUND ? WARD_OK : status;
}

static enum ward_status update_in(struct ward_store_session *session, void *arg)
{
    struct environment_case *c = arg;
    struct ward_members changed = { 0 };
    enum ward_status status = find_in(session, c);
    if (status == WARD_OK) {
        status = take_input(session, c, &changed);
    }
    if (status != WARD_OK) {
        return status;
    }
    ward_provenance_touch(&c->environment.provenance, c->who, ward_now_ms());
    status = ward_store_environment_update(session, &c->environment);
    if (status == WARD_OK) {
        status = check_shut_out(session, &c->environment);
    }
    if (status != WARD_OK) {
        return status;
    }
    c->environment.version++;
    return log_environment(session, c->who, &c->environment, "updated", &changed);
}

enum ward_status ward_service_environment_update(struct ward_service *service, const struct ward_operator *who,
                                                 struct ward_span ref, struct ward_environment_input *input,
                                                 struct ward_pool *pool, struct ward_environment *ret,
                                                 struct ward_receipt *ret_receipt)
{
    if (!may_write(who)) {
        return WARD_FORBIDDEN;
    }
    struct environment_case c = { .service = service, .who = who, .ref = ref, .pool = pool, .input = input };
    ward_environment_input_check(input, false);
    if (input->problems.count > 0) {
        return WARD_INVALID;
    }
    enum ward_status status = run_write(&c, update_in, ret_receipt);
    if (status == WARD_OK) {
        *ret = c.environment;
    }
    return status;
}

static enum ward_status delete_in(struct ward_store_session *session, void *arg)
{
    struct environment_case *c = arg;
    enum ward_status status = find_in(session, c);
    if (status == WARD_OK) {
        status = ward_store_environment_remove(session, &c->environment);
    }
    return status == WARD_OK ? log_environment(session, c->who, &c->environment, "deleted", NULL) : status;
}

enum ward_status ward_service_environment_delete(struct ward_service *service, const struct ward_operator *who,
                                                 struct ward_span ref, struct ward_receipt *ret_receipt)
{
    if (!may_write(who)) {
        return WARD_FORBIDDEN;
    }
    WARD_POOL pool = ward_pool_new(ENVIRONMENTS_POOL);
    struct environment_case c = { .service = service, .who = who, .ref = ref, .pool = &pool };
    return run_write(&c, delete_in, ret_receipt);
}

/* ---- the first one of an account ---- */

enum ward_status ward_service_environment_first(struct ward_store_session *session, const struct ward_operator *who,
                                                const struct ward_uuid *account, struct ward_environment *ret)
{
    *ret = new_environment(who, account);
    return insert_environment(session, who, ret, NULL);
}

struct completing {
    struct ward_pool pool;
    struct ward_store_session *session;
    struct ward_operator who;
    size_t count;
};

static enum ward_status count_account(const struct ward_account *account, void *arg)
{
    (void)account;
    ((struct completing *)arg)->count++;
    return WARD_OK;
}

static enum ward_status count_in(struct ward_store_session *session, void *arg)
{
    struct completing *c = arg;
    return ward_store_account_without_environment(session, &c->pool, count_account, c);
}

static enum ward_status complete_account(const struct ward_account *account, void *arg)
{
    struct completing *c = arg;
    struct ward_environment made;
    return ward_service_environment_first(c->session, &c->who, &account->id, &made);
}

static enum ward_status complete_in(struct ward_store_session *session, void *arg)
{
    struct completing *c = arg;
    c->session = session;
    return ward_store_account_without_environment(session, &c->pool, complete_account, c);
}

enum ward_status ward_service_environments_complete(struct ward_service *service)
{
    struct completing c = { .pool = ward_pool_new(ENVIRONMENTS_POOL), .who = ward_operator_system() };
    enum ward_status status = ward_store_read(service->store, count_in, &c);
    if (status == WARD_OK && c.count > 0) {
        status = ward_store_write(service->store, complete_in, &c, NULL);
    }
    ward_pool_free(&c.pool);
    return status;
}

/* ---- inside a session ---- */

enum ward_status ward_find_environment(struct ward_store_session *session, const struct ward_project *project,
                                       struct ward_span name, struct ward_pool *pool, struct ward_environment *ret)
{
    struct ward_environment environment;
    enum ward_status status = ward_store_environment_find(session, &project->account_id, name, pool, &environment);
    if (status == WARD_OK && !ward_environment_is_open_to(&environment, &project->account_id, &project->id)) {
        return WARD_NOT_FOUND;
    }
    if (status == WARD_OK) {
        *ret = environment;
    }
    return status;
}

struct reaching {
    const struct ward_project *project;
    ward_environment_visit visit;
    void *arg;
};

static enum ward_status visit_open(const struct ward_environment *environment, void *arg)
{
    const struct reaching *r = arg;
    bool is_open = ward_environment_is_open_to(environment, &r->project->account_id, &r->project->id);
    return is_open ? r->visit(environment, r->arg) : WARD_OK;
}

enum ward_status ward_environments_of(struct ward_store_session *session, const struct ward_project *project,
                                      struct ward_pool *pool, ward_environment_visit visit, void *arg)
{
    struct reaching r = { project, visit, arg };
    return ward_store_environment_list(session, &project->account_id, pool, visit_open, &r);
}
