#include "service/key_use.h"

#include "service/deployer.h"
#include "service/environments.h"
#include "service/internal.h"

#define SMALL_POOL ((size_t)16 << 20)

/** A project and an environment on their way from their names to what they are. */
struct search {
    const struct ward_operator *who; /* NULL: anybody */
    const struct ward_key_place *place;
    struct ward_pool pool;
    struct ward_project project;
    struct ward_environment environment;
    size_t found; /* projects of the name */
    const char *missing;
};

static void free_search(struct search *search)
{
    ward_pool_free(&search->pool);
}

static bool is_seen(const struct search *search, const struct ward_project *project)
{
    return project->is_active && project->is_account_active &&
           (!search->who || ward_operator_covers(search->who, &project->account_id, &project->id));
}

/** The accounts are walked first, then asked: a session's statement is not left open meanwhile. */
struct accounts {
    struct ward_uuid ids[64];
    size_t count;
};

static enum ward_status note_account(const struct ward_account *account, void *arg)
{
    struct accounts *accounts = arg;
    if (accounts->count < sizeof(accounts->ids) / sizeof(accounts->ids[0])) {
        accounts->ids[accounts->count++] = account->id;
    }
    return WARD_OK;
}

static enum ward_status find_in_account(struct ward_store_session *session, struct search *search,
                                        const struct ward_uuid *account)
{
    struct ward_project project;
    enum ward_status status = ward_store_project_find(session, account, search->place->project, &search->pool,
                                                      &project);
    if (status == WARD_OK && is_seen(search, &project)) {
        search->project = project;
        search->found++;
    }
    return status == WARD_NOT_FOUND ? WARD_OK : status;
}

/* Above 64 accounts a name alone tells too little: the id is asked for. */
static enum ward_status find_by_name(struct ward_store_session *session, struct search *search)
{
    struct accounts accounts = { .count = 0 };
    enum ward_status status = WARD_OK;
    if (search->who && !ward_uuid_is_nil(&search->who->account_id)) {
        accounts.ids[accounts.count++] = search->who->account_id;
    } else {
        status = ward_store_account_list(session, &search->pool, note_account, &accounts);
    }
    for (size_t i = 0; i < accounts.count && status == WARD_OK; i++) {
        status = find_in_account(session, search, &accounts.ids[i]);
    }
    return status != WARD_OK ? status : search->found == 1 ? WARD_OK : WARD_NOT_FOUND;
}

static enum ward_status find_project(struct ward_store_session *session, struct search *search)
{
    struct ward_uuid id;
    if (!ward_uuid_parse(search->place->project, &id)) {
        return find_by_name(session, search);
    }
    enum ward_status status = ward_store_project_get(session, &id, &search->pool, &search->project);
    return status == WARD_OK && !is_seen(search, &search->project) ? WARD_NOT_FOUND : status;
}

static enum ward_status find_environment(struct ward_store_session *session, struct search *search)
{
    struct ward_object_id id;
    enum ward_status status = ward_find_environment(session, &search->project, search->place->environment,
                                                    &search->pool, &search->environment);
    if (status != WARD_NOT_FOUND || !ward_object_id_parse(search->place->environment, &id)) {
        return status;
    }
    status = ward_store_environment_get(session, &id, &search->pool, &search->environment);
    bool is_open = status == WARD_OK &&
                   ward_environment_is_open_to(&search->environment, &search->project.account_id, &search->project.id);
    return status == WARD_OK && !is_open ? WARD_NOT_FOUND : status;
}

static enum ward_status search_in(struct ward_store_session *session, void *arg)
{
    struct search *search = arg;
    search->missing = "project";
    enum ward_status status = find_project(session, search);
    if (status != WARD_OK) {
        return status;
    }
    if (search->who && !ward_operator_may(search->who, WARD_RIGHT_KEYS_USE)) {
        return WARD_FORBIDDEN;
    }
    search->missing = "environment";
    return find_environment(session, search);
}

/* Between ward_served_enter and leave. */
static struct ward_keyset *keyset_of(struct ward_served *served, const struct search *search)
{
    const struct ward_served_environment *environment = ward_served_find(served, &search->project.account_id,
                                                                         ward_object_id_span(&search->environment.id));
    return environment ? environment->keyset : NULL;
}

static const struct ward_keyset_entry *find_entry(struct ward_keyset *keyset, const struct ward_uuid *project,
                                                  struct ward_span name)
{
    const struct ward_keyset_entry *entry = ward_keyset_find(keyset, project, WARD_DEPLOYED_KEY, name);
    return entry ? entry : ward_keyset_find(keyset, project, WARD_DEPLOYED_JWK, name);
}

static enum ward_status run_search(struct ward_service *service, struct search *search, struct ward_served **ret)
{
    if (!service->deployer) {
        search->missing = "environment";
        return WARD_NOT_FOUND;
    }
    *ret = ward_deployer_served(service->deployer);
    return ward_store_read(service->store, search_in, search);
}

enum ward_status ward_service_key_use(struct ward_service *service, const struct ward_operator *who,
                                      const struct ward_key_place *place, struct ward_span name,
                                      const struct ward_keyset_entry **ret, const char **ret_missing)
{
    __attribute__((
        cleanup(free_search))) struct search search = { .who = who, .place = place, .pool = ward_pool_new(SMALL_POOL) };
    struct ward_served *served;
    enum ward_status status = run_search(service, &search, &served);
    *ret_missing = search.missing;
    if (status != WARD_OK) {
        return status;
    }
    ward_served_enter(served);
    struct ward_keyset *keyset = keyset_of(served, &search);
    const struct ward_keyset_entry *entry = keyset ? find_entry(keyset, &search.project.id, name) : NULL;
    ward_served_leave(served);
    if (keyset) {
        *ret_missing = "key";
    }
    if (!entry) {
        return WARD_NOT_FOUND;
    }
    *ret = entry;
    return WARD_OK;
}

enum ward_status ward_service_jwk_set(struct ward_service *service, const struct ward_key_place *place,
                                      const struct ward_keyset_document **ret, const char **ret_missing)
{
    __attribute__((cleanup(free_search))) struct search search = { .place = place, .pool = ward_pool_new(SMALL_POOL) };
    struct ward_served *served;
    enum ward_status status = run_search(service, &search, &served);
    *ret_missing = search.missing;
    if (status != WARD_OK) {
        return status;
    }
    /* Held while the document is made: only a change of the list of environments waits for it. */
    ward_served_enter(served);
    struct ward_keyset *keyset = keyset_of(served, &search);
    status = keyset ? ward_keyset_document(keyset, &search.project.id, ward_now_ms(), ret) : WARD_NOT_FOUND;
    ward_served_leave(served);
    return status;
}
