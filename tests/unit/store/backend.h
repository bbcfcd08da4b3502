/* The stores that the contract is tested on. A new driver is a new row. */
#ifndef WARD_TESTS_STORE_BACKEND_H
#define WARD_TESTS_STORE_BACKEND_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "sample.h"

struct backend {
    const char *name;
    bool is_durable;         /* closing and opening again finds everything */
    bool has_parallel_reads; /* a write can commit while a read session is open */
};

static const struct backend backends[] = {
    { "sqlite on disk", true, true },
    { "sqlite in memory", false, false },
};

/** One store for one test. */
struct fixture {
    const struct backend *backend;
    char directory[64];
    char path[96];
    struct ward_store *store;
    struct ward_pool pool;
    struct ward_account account; /* inserted, unless a test opens its own */
    struct ward_project project;
};

static inline void open_store(struct fixture *f, bool create)
{
    struct ward_store_options options = { .path = f->path, .create = create, .readers = 2 };
    assert_ok(ward_store_open_sqlite(&options, &f->store));
}

static inline void reopen_store(struct fixture *f)
{
    ward_store_close(f->store);
    f->store = NULL;
    open_store(f, false);
}

static inline enum ward_status insert_parents(struct ward_store_session *s, void *arg)
{
    struct fixture *f = arg;
    enum ward_status status = ward_store_account_insert(s, &f->account);
    return status == WARD_OK ? ward_store_project_insert(s, &f->project) : status;
}

static inline struct fixture *new_fixture(const struct backend *backend)
{
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    f->backend = backend;
    f->pool = ward_pool_new(64 * 1024 * 1024);
    const char *root = getenv("TMPDIR");
    snprintf(f->directory, sizeof f->directory, "%.40s/ward-store-XXXXXX", root ? root : "/tmp");
    assert_non_null(mkdtemp(f->directory));
    snprintf(f->path, sizeof f->path, "%s", ":memory:");
    if (backend->is_durable) {
        snprintf(f->path, sizeof f->path, "%s/ward.db", f->directory);
    }
    return f;
}

static inline void remove_file(const struct fixture *f, const char *suffix)
{
    char path[128];
    snprintf(path, sizeof path, "%s/ward.db%s", f->directory, suffix);
    unlink(path);
}

static inline void free_fixture(struct fixture *f)
{
    ward_store_close(f->store);
    ward_pool_free(&f->pool);
    remove_file(f, "");
    remove_file(f, "-wal");
    remove_file(f, "-shm");
    rmdir(f->directory);
    free(f);
}

/** Setup: *state is the backend and becomes the fixture. */
static inline int set_up(void **state)
{
    struct fixture *f = new_fixture(*state);
    open_store(f, true);
    f->account = sample_account("Acme");
    f->project = sample_project(&f->account, "default");
    assert_ok(ward_store_write(f->store, insert_parents, f, NULL));
    *state = f;
    return 0;
}

static inline int tear_down(void **state)
{
    free_fixture(*state);
    return 0;
}

/* ---- one call as one session. Works do not assert: some run on the writer thread. ---- */

#define WRITE_CALL(name, function, type)                                                                               \
    static inline enum ward_status work_##name(struct ward_store_session *s, void *arg)                                \
    {                                                                                                                  \
        return function(s, (type *)arg);                                                                               \
    }                                                                                                                  \
    static inline enum ward_status name(struct fixture *f, type *object)                                               \
    {                                                                                                                  \
        return ward_store_write(f->store, work_##name, object, NULL);                                                  \
    }

WRITE_CALL(insert_account, ward_store_account_insert, struct ward_account)
WRITE_CALL(update_account, ward_store_account_update, struct ward_account)
WRITE_CALL(insert_project, ward_store_project_insert, struct ward_project)
WRITE_CALL(update_project, ward_store_project_update, struct ward_project)
WRITE_CALL(insert_key, ward_store_key_insert, struct ward_api_key)
WRITE_CALL(update_key, ward_store_key_update, struct ward_api_key)
WRITE_CALL(insert_credential, ward_store_credential_insert, struct ward_credential)
WRITE_CALL(update_credential, ward_store_credential_update, struct ward_credential)

struct get_call {
    struct fixture *fixture;
    const void *what;
    void *ret;
};

#define GET_CALL(name, function, id_type, type)                                                                        \
    static inline enum ward_status work_##name(struct ward_store_session *s, void *arg)                                \
    {                                                                                                                  \
        struct get_call *call = arg;                                                                                   \
        return function(s, (const id_type *)call->what, &call->fixture->pool, (type *)call->ret);                      \
    }                                                                                                                  \
    static inline enum ward_status name(struct fixture *f, const id_type *id, type *ret)                               \
    {                                                                                                                  \
        struct get_call call = { f, id, ret };                                                                         \
        return ward_store_read(f->store, work_##name, &call);                                                          \
    }

GET_CALL(get_account, ward_store_account_get, struct ward_uuid, struct ward_account)
GET_CALL(get_project, ward_store_project_get, struct ward_uuid, struct ward_project)
GET_CALL(get_key, ward_store_key_get, struct ward_key_id, struct ward_api_key)
GET_CALL(get_credential, ward_store_credential_get, struct ward_uuid, struct ward_credential)

#endif
