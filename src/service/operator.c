/* Rights and scope: the only file that asks what an operator may do, and to what. Deny by default. */
#include "service/internal.h"

struct ward_operator ward_operator_from_verdict(const struct ward_verdict *verdict)
{
    struct ward_operator who = { .type = WARD_ACTOR_ACCESS_KEY, .role = WARD_ROLE_NONE };
    if (verdict->reason != WARD_VERDICT_VALID || !verdict->has_record || verdict->is_foreign ||
        verdict->record.kind != WARD_RECORD_ACCESS_KEY) {
        return who;
    }
    who.id = verdict->record.id;
    who.account_id = verdict->scope.account_id;
    who.project_id = verdict->scope.project_id;
    who.role = verdict->record.role <= WARD_ROLE_ADMIN ? (enum ward_role)verdict->record.role : WARD_ROLE_NONE;
    return who;
}

struct ward_operator ward_operator_local(void)
{
    return (struct ward_operator){ .type = WARD_ACTOR_LOCAL, .role = WARD_ROLE_ADMIN };
}

struct ward_operator ward_operator_system(void)
{
    return (struct ward_operator){ .type = WARD_ACTOR_SYSTEM, .role = WARD_ROLE_NONE };
}

static uint32_t rights_of(const struct ward_operator *who)
{
    return ward_role_rights(who->role) | who->grants;
}

bool ward_operator_may(const struct ward_operator *who, enum ward_right right)
{
    return (rights_of(who) & (uint32_t)right) == (uint32_t)right;
}

bool ward_operator_may_any(const struct ward_operator *who, uint32_t rights)
{
    return (rights_of(who) & rights) != 0;
}

bool ward_operator_may_give(const struct ward_operator *who, enum ward_role role, uint32_t grants)
{
    return ward_rights_within(role, grants, who->role, who->grants);
}

/* A nil account alone must not mean "every account": an operator that was never filled in has one too. */
static bool is_local(const struct ward_operator *who)
{
    return who->type == WARD_ACTOR_LOCAL;
}

bool ward_operator_is_of(const struct ward_operator *who, const struct ward_uuid *account)
{
    if (is_local(who)) {
        return true;
    }
    return !ward_uuid_is_nil(&who->account_id) && ward_uuid_equal(&who->account_id, account);
}

bool ward_operator_is_wide(const struct ward_operator *who)
{
    return is_local(who) || (!ward_uuid_is_nil(&who->account_id) && ward_uuid_is_nil(&who->project_id));
}

bool ward_operator_covers(const struct ward_operator *who, const struct ward_uuid *account,
                          const struct ward_uuid *project)
{
    if (!ward_operator_is_of(who, account)) {
        return false;
    }
    return ward_operator_is_wide(who) || (project && ward_uuid_equal(&who->project_id, project));
}

bool ward_operator_covers_credential(const struct ward_operator *who, const struct ward_credential *credential)
{
    return ward_operator_covers(who, &credential->account_id, &credential->project_id) &&
           ward_operator_may_give(who, credential->role, credential->grants);
}

enum ward_status ward_scope_account(struct ward_store_session *session, const struct ward_operator *who, bool has_text,
                                    struct ward_span text, struct ward_problems *problems, struct ward_pool *pool,
                                    struct ward_account *ret)
{
    struct ward_uuid id;
    if (ward_problem_has(problems, "accountId")) {
        return WARD_OK; /* what the surface said about it stands */
    }
    if (!has_text) {
        ward_problem_add(problems, "accountId", WARD_RULE_REQUIRED, 0, NULL);
        return WARD_OK;
    }
    if (!ward_uuid_parse(text, &id)) {
        ward_problem_add(problems, "accountId", WARD_RULE_UUID, 0, NULL);
        return WARD_OK;
    }
    struct ward_account account;
    enum ward_status status = ward_store_account_get(session, &id, pool, &account);
    if (status != WARD_OK && status != WARD_NOT_FOUND) {
        return status;
    }
    if (status == WARD_OK && !ward_operator_is_of(who, &account.id)) {
        return WARD_FORBIDDEN;
    }
    if (status == WARD_NOT_FOUND || !account.is_active) {
        ward_problem_add(problems, "accountId", WARD_RULE_UUID, 0, NULL);
        return WARD_OK;
    }
    *ret = account;
    return WARD_OK;
}

enum ward_status ward_scope_project(struct ward_store_session *session, const struct ward_operator *who, bool has_text,
                                    struct ward_span text, struct ward_problems *problems, struct ward_pool *pool,
                                    struct ward_project *ret)
{
    struct ward_uuid id = who->project_id;
    if (ward_problem_has(problems, "projectId")) {
        return WARD_OK;
    }
    if (!has_text && ward_uuid_is_nil(&id)) {
        ward_problem_add(problems, "projectId", WARD_RULE_REQUIRED, 0, NULL);
        return WARD_OK;
    }
    if (has_text && !ward_uuid_parse(text, &id)) {
        ward_problem_add(problems, "projectId", WARD_RULE_UUID, 0, NULL);
        return WARD_OK;
    }
    struct ward_project project;
    enum ward_status status = ward_store_project_get(session, &id, pool, &project);
    if (status != WARD_OK && status != WARD_NOT_FOUND) {
        return status;
    }
    if (status == WARD_OK && !ward_operator_covers(who, &project.account_id, &project.id)) {
        return WARD_FORBIDDEN;
    }
    if (status == WARD_NOT_FOUND || !project.is_active || !project.is_account_active) {
        ward_problem_add(problems, "projectId", WARD_RULE_UNKNOWN_PROJECT, 0, NULL);
        return WARD_OK;
    }
    *ret = project;
    return WARD_OK;
}

static enum ward_status take_first(const struct ward_project *project, void *arg)
{
    *(struct ward_uuid *)arg = project->id;
    return WARD_EXISTS; /* ends the walk */
}

enum ward_status ward_scope_home(struct ward_store_session *session, const struct ward_operator *who, bool has_text,
                                 struct ward_span text, struct ward_problems *problems, struct ward_pool *pool,
                                 struct ward_project *ret)
{
    struct ward_operator inside = *who;
    if (!has_text && ward_operator_is_wide(who) && !is_local(who)) {
        enum ward_status status = ward_store_project_list(session, &who->account_id, pool, take_first,
                                                          &inside.project_id);
        if (status != WARD_OK && status != WARD_EXISTS) {
            return status;
        }
    }
    enum ward_status status = ward_scope_project(session, &inside, has_text, text, problems, pool, ret);
    if (status == WARD_FORBIDDEN) {
        ward_problem_add(problems, "projectId", WARD_RULE_UNKNOWN_PROJECT, 0, NULL);
        return WARD_OK;
    }
    return status;
}
