/* Accounts: contracts/theauthapi.md 6. An operator sees its own; the local one sees all. */
#include "service/deployer.h"
#include "service/environments.h"
#include "service/internal.h"

#define ONE_ACCOUNT_POOL 65536

struct account_case {
    struct ward_service *service;
    const struct ward_operator *who;
    struct ward_pool *pool;
    struct ward_account_input *input; /* or NULL */
    bool has_id;
    struct ward_uuid id;
    struct ward_account account;
};

static struct account_case account_case_of(struct ward_service *service, const struct ward_operator *who,
                                           struct ward_span id, struct ward_pool *pool)
{
    struct account_case c = { .service = service, .who = who, .pool = pool };
    c.has_id = ward_uuid_parse(id, &c.id);
    return c;
}

static enum ward_status find_account(struct ward_store_session *session, void *arg)
{
    struct account_case *c = arg;
    enum ward_status status = c->has_id ? ward_store_account_get(session, &c->id, c->pool, &c->account)
                                        : WARD_NOT_FOUND;
    if (status != WARD_OK) {
        return status;
    }
    if (!ward_operator_is_of(c->who, &c->account.id)) {
        return WARD_FORBIDDEN;
    }
    return c->account.is_active ? WARD_OK : WARD_NOT_FOUND;
}

static enum ward_status log_account(struct ward_store_session *session, const struct ward_operator *who,
                                    const struct ward_account *account, const char *action,
                                    const struct ward_members *members)
{
    char id[WARD_UUID_CHARS + 1];
    ward_uuid_format(&account->id, id);
    struct ward_audit audit = {
        .kind = WARD_OBJECT_ACCOUNT,
        .object_id = ward_span(id, WARD_UUID_CHARS),
        .account = &account->id,
        .action = action,
        .members = members,
    };
    return ward_audit_append(session, who, &audit);
}

static enum ward_status store_account(struct ward_store_session *session, struct account_case *c, const char *action,
                                      const struct ward_members *members)
{
    ward_provenance_touch(&c->account.provenance, c->who, ward_now_ms());
    enum ward_status status = ward_store_account_update(session, &c->account);
    if (status != WARD_OK) {
        return status;
    }
    c->account.version++;
    return log_account(session, c->who, &c->account, action, members);
}

/* ---- list and get ---- */

struct account_listing {
    const struct ward_operator *who;
    struct ward_pool *pool;
    ward_account_visit visit;
    void *arg;
};

static enum ward_status show_account(const struct ward_account *account, void *arg)
{
    struct account_listing *list = arg;
    bool is_visible = account->is_active && ward_operator_is_of(list->who, &account->id);
    return is_visible ? list->visit(account, list->arg) : WARD_OK;
}

static enum ward_status list_in(struct ward_store_session *session, void *arg)
{
    struct account_listing *list = arg;
    return ward_store_account_list(session, list->pool, show_account, list);
}

enum ward_status ward_service_account_list(struct ward_service *service, const struct ward_operator *who,
                                           struct ward_pool *pool, ward_account_visit visit, void *arg)
{
    if (!ward_operator_may(who, WARD_RIGHT_ACCOUNT_READ)) {
        return WARD_FORBIDDEN;
    }
    struct account_listing list = { who, pool, visit, arg };
    return ward_store_read(service->store, list_in, &list);
}

enum ward_status ward_service_account_get(struct ward_service *service, const struct ward_operator *who,
                                          struct ward_span id, struct ward_pool *pool, struct ward_account *ret)
{
    if (!ward_operator_may(who, WARD_RIGHT_ACCOUNT_READ)) {
        return WARD_FORBIDDEN;
    }
    struct account_case c = account_case_of(service, who, id, pool);
    enum ward_status status = ward_store_read(service->store, find_account, &c);
    if (status == WARD_OK) {
        *ret = c.account;
    }
    return status;
}

/* ---- writes ---- */

enum ward_status ward_service_account_insert(struct ward_store_session *session, const struct ward_operator *who,
                                             const struct ward_members *members, struct ward_account *account)
{
    enum ward_status status = ward_store_account_insert(session, account);
    return status == WARD_OK ? log_account(session, who, account, "created", members) : status;
}

static enum ward_status create_in(struct ward_store_session *session, void *arg)
{
    struct account_case *c = arg;
    struct ward_members members = { 1, { "name" } };
    enum ward_status status = ward_uuid_new(&c->account.id);
    if (status != WARD_OK) {
        return status;
    }
    c->account.is_active = true;
    c->account.provenance = ward_provenance_new(c->who, ward_now_ms());
    c->account.version = 1;
    status = ward_service_account_insert(session, c->who, &members, &c->account);
    if (status != WARD_OK) {
        return status;
    }
    struct ward_environment environment;
    return ward_service_environment_first(session, c->who, &c->account.id, &environment);
}

enum ward_status ward_service_account_create(struct ward_service *service, const struct ward_operator *who,
                                             struct ward_account_input *input, struct ward_pool *pool,
                                             struct ward_account *ret, struct ward_receipt *ret_receipt)
{
    if (!ward_operator_may(who, WARD_RIGHT_ACCOUNT_WRITE) || !ward_operator_is_wide(who)) {
        return WARD_FORBIDDEN;
    }
    ward_name_require(&input->problems, "name", input->has_name, input->name);
    if (input->problems.count > 0) {
        return WARD_INVALID;
    }
    struct account_case c = { .service = service, .who = who, .pool = pool, .input = input };
    c.account.name = ward_pool_copy(pool, input->name);
    uint64_t revision;
    enum ward_status status = ward_pool_status(pool);
    if (status == WARD_OK) {
        status = ward_store_write(service->store, create_in, &c, &revision);
    }
    if (status == WARD_OK) {
        ward_deployer_follow(service->deployer); /* to its first environment */
        ward_service_receipt(service, revision, ret_receipt);
        *ret = c.account;
    }
    return status;
}

static enum ward_status run_write(struct account_case *c, ward_store_work work, struct ward_receipt *ret_receipt)
{
    if (!ward_operator_may(c->who, WARD_RIGHT_ACCOUNT_WRITE) || !ward_operator_is_wide(c->who)) {
        return WARD_FORBIDDEN;
    }
    enum ward_status found = ward_store_read(c->service->store, find_account, c);
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

static enum ward_status update_in(struct ward_store_session *session, void *arg)
{
    struct account_case *c = arg;
    struct ward_members changed = { 0 };
    enum ward_status status = find_account(session, c);
    if (status != WARD_OK) {
        return status;
    }
    if (!ward_span_equal(c->account.name, c->input->name)) {
        ward_members_add(&changed, "name");
    }
    c->account.name = ward_pool_copy(c->pool, c->input->name);
    status = ward_pool_status(c->pool);
    return status == WARD_OK ? store_account(session, c, "updated", &changed) : status;
}

enum ward_status ward_service_account_update(struct ward_service *service, const struct ward_operator *who,
                                             struct ward_span id, struct ward_account_input *input,
                                             struct ward_pool *pool, struct ward_account *ret,
                                             struct ward_receipt *ret_receipt)
{
    struct account_case c = account_case_of(service, who, id, pool);
    c.input = input;
    enum ward_status status = run_write(&c, update_in, ret_receipt);
    if (status == WARD_OK) {
        *ret = c.account;
    }
    return status;
}

static enum ward_status delete_in(struct ward_store_session *session, void *arg)
{
    struct account_case *c = arg;
    struct ward_members changed = { 1, { "isActive" } };
    enum ward_status status = find_account(session, c);
    if (status != WARD_OK) {
        return status;
    }
    c->account.is_active = false;
    return store_account(session, c, "deleted", &changed);
}

enum ward_status ward_service_account_delete(struct ward_service *service, const struct ward_operator *who,
                                             struct ward_span id, struct ward_receipt *ret_receipt)
{
    WARD_POOL pool = ward_pool_new(ONE_ACCOUNT_POOL);
    struct account_case c = account_case_of(service, who, id, &pool);
    enum ward_status status = run_write(&c, delete_in, ret_receipt);
    if (status == WARD_OK) {
        ward_deployer_scope_ended(service->deployer);
    }
    return status;
}
