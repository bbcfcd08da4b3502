/*
 * A service as the server makes it: a SQLite store on disk, a keyring, a publisher and a verifier, bootstrapped, with
 * a second account that the first one's operators must not reach. The clock stands still unless a test moves it.
 */
#ifndef WARD_TESTS_SERVICE_FIXTURE_H
#define WARD_TESTS_SERVICE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/iso8601.h"
#include "base/log.h"
#include "base/seam.h"
#include "service/publisher.h"
#include "service/service.h"

#define assert_status(expected, call) assert_string_equal(ward_status_code(expected), ward_status_code(call))
#define assert_ok(call)               assert_status(WARD_OK, call)
#define assert_span(text, span)       assert_true(ward_span_equal(ward_span_of(text), (span)))
#define assert_reason(expected, call) assert_string_equal(ward_reason_name(expected), ward_reason_name(call))

#define START_MS                      INT64_C(1700000000000)

static _Atomic int64_t test_clock_ms = START_MS;

static inline int64_t read_test_clock(void)
{
    return test_clock_ms;
}

struct fixture {
    char directory[64], store_path[96];
    uint8_t root_key[WARD_ROOT_KEY_BYTES];
    struct ward_keyring *keyring;
    struct ward_keyed_hash *hash;
    struct ward_store *store;
    struct ward_publisher *publisher;
    struct ward_service *service;
    struct ward_verifier verifier;
    struct ward_pool pool;
    struct ward_bootstrap made;
    struct ward_project test_project; /* of the same account, env test */
    struct ward_account other_account;
    struct ward_project other_project;
    struct ward_operator local;
    struct ward_operator admin; /* account-wide */
    FILE *log;
};

/* ---- ids as text ---- */

static inline struct ward_span id_span(struct fixture *f, const struct ward_uuid *id)
{
    char text[WARD_UUID_CHARS + 1];
    ward_uuid_format(id, text);
    return ward_pool_copy(&f->pool, ward_span_of(text));
}

static inline struct ward_span unknown_id(struct fixture *f)
{
    struct ward_uuid id;
    assert_ok(ward_uuid_new(&id));
    return id_span(f, &id);
}

/* ---- operators ---- */

static inline struct ward_operator operator_of(const struct ward_uuid *account, const struct ward_uuid *project,
                                               enum ward_role role)
{
    struct ward_operator who = { .type = WARD_ACTOR_ACCESS_KEY, .account_id = *account, .role = role };
    if (project) {
        who.project_id = *project;
    }
    assert_ok(ward_uuid_new(&who.id));
    return who;
}

static inline struct ward_operator account_operator(struct fixture *f, enum ward_role role)
{
    return operator_of(&f->made.account.id, NULL, role);
}

static inline struct ward_operator project_operator(struct fixture *f, enum ward_role role)
{
    return operator_of(&f->made.account.id, &f->made.project.id, role);
}

static inline struct ward_operator foreign_operator(struct fixture *f)
{
    return operator_of(&f->other_account.id, NULL, WARD_ROLE_ADMIN);
}

/* ---- objects ---- */

static inline struct ward_project make_project(struct fixture *f, const struct ward_uuid *account, const char *name,
                                               const char *env)
{
    struct ward_project project;
    struct ward_receipt receipt;
    struct ward_project_input input = {
        .has_name = true,
        .has_account = true,
        .has_env = true,
        .name = ward_span_of(name),
        .account = id_span(f, account),
        .env = ward_span_of(env),
    };
    assert_ok(ward_service_project_create(f->service, &f->local, &input, &f->pool, &project, &receipt));
    return project;
}

static inline struct ward_account make_account(struct fixture *f, const char *name)
{
    struct ward_account account;
    struct ward_receipt receipt;
    struct ward_account_input input = { .has_name = true, .name = ward_span_of(name) };
    assert_ok(ward_service_account_create(f->service, &f->local, &input, &f->pool, &account, &receipt));
    return account;
}

static inline struct ward_api_key_input key_input(struct fixture *f, const struct ward_uuid *project, const char *name)
{
    return (struct ward_api_key_input){
        .has_name = true, .name = ward_span_of(name), .has_project = true, .project = id_span(f, project)
    };
}

/** Make a key; value NULL: generated. */
static inline struct ward_api_key make_key(struct fixture *f, const struct ward_uuid *project, const char *value)
{
    struct ward_api_key key;
    struct ward_receipt receipt;
    struct ward_api_key_input input = key_input(f, project, "a key");
    input.has_value = value != NULL;
    input.value = ward_span_of(value);
    assert_ok(ward_service_key_create(f->service, &f->local, &input, &f->pool, &key, &receipt));
    return key;
}

static inline struct ward_key_ref by_value(struct ward_span value)
{
    return (struct ward_key_ref){ .value = value };
}

static inline struct ward_key_ref by_text(const char *value)
{
    return by_value(ward_span_of(value));
}

static inline struct ward_api_key_input rename_input(const char *name)
{
    return (struct ward_api_key_input){ .has_name = true, .name = ward_span_of(name) };
}

static inline enum ward_status get_key(struct fixture *f, const struct ward_operator *who, struct ward_span value,
                                       struct ward_api_key *ret)
{
    struct ward_key_ref ref = by_value(value);
    return ward_service_key_get(f->service, who, &ref, &f->pool, ret);
}

static inline enum ward_status delete_key(struct fixture *f, const struct ward_operator *who, struct ward_span value)
{
    struct ward_key_ref ref = by_value(value);
    struct ward_receipt receipt;
    return ward_service_key_delete(f->service, who, &ref, &receipt);
}

static inline enum ward_status reactivate_key(struct fixture *f, const struct ward_operator *who,
                                              struct ward_span value, struct ward_api_key *ret)
{
    struct ward_key_ref ref = by_value(value);
    struct ward_receipt receipt;
    return ward_service_key_reactivate(f->service, who, &ref, &f->pool, ret, &receipt);
}

static inline enum ward_status rotate_key(struct fixture *f, const struct ward_operator *who, struct ward_span value,
                                          struct ward_api_key *ret)
{
    struct ward_key_ref ref = by_value(value);
    struct ward_receipt receipt;
    return ward_service_key_rotate(f->service, who, &ref, &f->pool, ret, &receipt);
}

static inline enum ward_status update_key(struct fixture *f, const struct ward_operator *who, struct ward_span value,
                                          struct ward_api_key_input *input, struct ward_api_key *ret)
{
    struct ward_key_ref ref = by_value(value);
    struct ward_receipt receipt;
    return ward_service_key_update(f->service, who, &ref, input, &f->pool, ret, &receipt);
}

/* ---- verdicts ---- */

static inline struct ward_verdict verdict_on(struct fixture *f, enum ward_record_kind kind, struct ward_span value)
{
    struct ward_verdict verdict;
    struct ward_presented presented = { .kind = kind, .value = value };
    ward_verify(&f->verifier, &presented, ward_now_ms(), &verdict);
    return verdict;
}

static inline enum ward_reason verify_key(struct fixture *f, struct ward_span value)
{
    return verdict_on(f, WARD_RECORD_API_KEY, value).reason;
}

static inline enum ward_reason verify_access_key(struct fixture *f, struct ward_span value)
{
    return verdict_on(f, WARD_RECORD_ACCESS_KEY, value).reason;
}

/* ---- the change log ---- */

#define CHANGES_MAX 64

struct seen_changes {
    struct fixture *fixture;
    uint64_t after;
    size_t count;
    struct ward_change items[CHANGES_MAX];
};

static inline enum ward_status keep_change(const struct ward_change *change, void *arg)
{
    struct seen_changes *seen = arg;
    struct ward_pool *pool = &seen->fixture->pool;
    assert_true(seen->count < CHANGES_MAX);
    struct ward_change *copy = &seen->items[seen->count++];
    *copy = *change;
    copy->object_id = ward_pool_copy(pool, change->object_id);
    copy->account_id = ward_pool_copy(pool, change->account_id);
    copy->project_id = ward_pool_copy(pool, change->project_id);
    copy->action = ward_pool_copy(pool, change->action);
    copy->actor_id = ward_pool_copy(pool, change->actor_id);
    copy->detail = ward_pool_copy(pool, change->detail);
    copy->retired = ward_pool_copy(pool, change->retired);
    return WARD_OK;
}

static inline enum ward_status list_changes_in(struct ward_store_session *session, void *arg)
{
    struct seen_changes *seen = arg;
    return ward_store_change_list(session, seen->after, CHANGES_MAX, keep_change, seen);
}

static inline uint64_t revision_now(struct fixture *f)
{
    struct ward_store_health health;
    ward_store_health(f->store, &health);
    return health.revision;
}

/** Every change after a revision. */
static inline struct seen_changes changes_after(struct fixture *f, uint64_t revision)
{
    struct seen_changes seen = { .fixture = f, .after = revision };
    assert_ok(ward_store_read(f->store, list_changes_in, &seen));
    return seen;
}

/* ---- problems ---- */

static inline void assert_problem(const struct ward_problems *problems, const char *member, enum ward_rule rule)
{
    for (size_t i = 0; i < problems->count; i++) {
        if (strcmp(problems->items[i].member, member) == 0 && problems->items[i].rule == rule) {
            return;
        }
    }
    fail_msg("no problem %d on %s among %zu", (int)rule, member, problems->count);
}

/* ---- life ---- */

static inline void render_reply(const struct ward_api_key *key, struct ward_buffer *ret)
{
    ward_buffer_append_text(ret, ",\"name\":\"");
    ward_buffer_append(ret, key->name);
    ward_buffer_append_text(ret, "\"}");
}

static inline void start_publisher(struct fixture *f)
{
    struct ward_publisher_options options = {
        .directory = f->directory, .store = f->store, .render = render_reply, .keyring = f->keyring
    };
    assert_ok(ward_publisher_start(&options, &f->publisher));
}

static inline void start_service(struct fixture *f)
{
    struct ward_service_options options = { f->store, f->keyring, f->publisher };
    assert_ok(ward_service_new(&options, &f->service));
}

static inline void open_fixture_store(struct fixture *f, bool create)
{
    struct ward_store_options options = { .path = f->store_path, .create = create, .readers = 2 };
    assert_ok(ward_store_open_sqlite(&options, &f->store));
}

/** Store, keyring and nothing else. */
static inline struct fixture *new_fixture(void)
{
    struct fixture *f = calloc(1, sizeof(*f));
    assert_non_null(f);
    test_clock_ms = START_MS;
    ward_seam.now_ms = read_test_clock;
    const char *root = getenv("TMPDIR");
    snprintf(f->directory, sizeof(f->directory), "%.40s/ward-XXXXXX", root ? root : "/tmp");
    assert_non_null(mkdtemp(f->directory));
    snprintf(f->store_path, sizeof(f->store_path), "%s/ward.db", f->directory);
    f->log = tmpfile();
    assert_non_null(f->log);
    ward_log_set_descriptor(fileno(f->log));
    f->pool = ward_pool_new(256 * 1024 * 1024);
    f->local = ward_operator_local();
    assert_ok(ward_random(f->root_key, sizeof(f->root_key)));
    assert_ok(ward_keyring_from_bytes(f->root_key, &f->keyring));
    assert_ok(ward_keyed_hash_lookup(f->keyring, &f->hash));
    open_fixture_store(f, true);
    return f;
}

static inline void stop_service(struct fixture *f)
{
    ward_service_free(f->service);
    ward_store_close(f->store);
    ward_publisher_stop(f->publisher);
    f->service = NULL;
    f->store = NULL;
    f->publisher = NULL;
}

static inline void free_fixture(struct fixture *f)
{
    static const char *const names[] = { "ward.db", "ward.db-wal", "ward.db-shm", "table", "table.new", "limits" };
    char path[128];
    if (f->verifier.reader) {
        ward_verifier_close(&f->verifier);
    }
    stop_service(f);
    ward_keyed_hash_free(f->hash);
    ward_keyring_close(f->keyring);
    ward_pool_free(&f->pool);
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        snprintf(path, sizeof(path), "%s/%s", f->directory, names[i]);
        unlink(path);
    }
    assert_int_equal(0, rmdir(f->directory));
    ward_log_set_descriptor(2);
    fclose(f->log);
    free(f);
}

/** Setup: a bootstrapped service with a second project and a second account. */
static inline int set_up(void **state)
{
    struct fixture *f = new_fixture();
    start_publisher(f);
    start_service(f);
    assert_ok(ward_service_bootstrap(f->service, &f->pool, &f->made));
    f->admin = account_operator(f, WARD_ROLE_ADMIN);
    f->test_project = make_project(f, &f->made.account.id, "second", "test");
    f->other_account = make_account(f, "other");
    f->other_project = make_project(f, &f->other_account.id, "theirs", "live");
    assert_ok(ward_verifier_open(f->directory, f->hash, 0, &f->verifier));
    *state = f;
    return 0;
}

static inline int tear_down(void **state)
{
    free_fixture(*state);
    return 0;
}

/** Stop all but the files, and start again, as a restart of the server does. */
static inline void restart(struct fixture *f)
{
    ward_verifier_close(&f->verifier);
    stop_service(f);
    open_fixture_store(f, false);
    start_publisher(f);
    start_service(f);
    assert_ok(ward_verifier_open(f->directory, f->hash, 0, &f->verifier));
}

/** What was logged so far, in the fixture's pool. */
static inline struct ward_span read_log(struct fixture *f)
{
    static char text[65536];
    ssize_t size = pread(fileno(f->log), text, sizeof(text) - 1, 0);
    text[size > 0 ? size : 0] = '\0';
    return ward_span_of(text);
}

static inline bool log_holds(struct fixture *f, const char *text)
{
    return strstr(read_log(f).data, text) != NULL;
}

#define test_case(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

#endif
