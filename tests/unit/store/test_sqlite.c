/* The SQLite driver: files, settings, plans, faults of the disk, and a file that somebody altered. */
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include "backend.h"
#include "base/log.h"
#include "fault_vfs.h"
#include "store/session.h"
#include "store/sqlite/pages.h"

/* ---- helpers ---- */

static const struct backend *const on_disk = &backends[0];

static enum ward_status append_one(struct ward_store_session *s, void *arg)
{
    struct ward_change change = sample_change(WARD_SPAN("abcdefghij"), "updated");
    change.retired = WARD_SPAN("0123456789abcdef");
    return ward_store_change_append(s, &change, arg);
}

static enum ward_status append(struct fixture *f)
{
    return ward_store_write(f->store, append_one, NULL, NULL);
}

struct verify_call {
    uint64_t count, bad;
};

static enum ward_status verify_chain(struct ward_store_session *s, void *arg)
{
    struct verify_call *call = arg;
    return ward_store_chain_verify(s, &call->count, &call->bad);
}

static void expect_revision(struct fixture *f, uint64_t expected)
{
    struct verify_call call = { 0 };
    assert_ok(ward_store_read(f->store, verify_chain, &call));
    assert_int_equal(call.count, expected);
}

/* Run SQL on the file with a connection that is not the store's, but computes the pages' checks as it does. */
static void alter(struct fixture *f, const char *sql)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open_v2(f->path, &db, SQLITE_OPEN_READWRITE, ward_pages_vfs()), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void close_store(struct fixture *f)
{
    ward_store_close(f->store);
    f->store = NULL;
}

static enum ward_status try_open(struct fixture *f, bool create)
{
    struct ward_store_options options = { .path = f->path, .create = create };
    return ward_store_open_sqlite(&options, &f->store);
}

static bool is_failed(struct fixture *f)
{
    struct ward_store_health health;
    ward_store_health(f->store, &health);
    return health.is_failed;
}

static void end_faults(void)
{
    fault_vfs_set(&(struct fault_rule){ FAULT_NONE });
}

static int set_up_disk(void **state)
{
    end_faults();
    *state = (void *)(uintptr_t)on_disk;
    return set_up(state);
}

static int set_up_bare(void **state)
{
    end_faults();
    *state = new_fixture(on_disk);
    return 0;
}

static int tear_down_disk(void **state)
{
    end_faults();
    return tear_down(state);
}

/* ---- files ---- */

static mode_t mode_of(const struct fixture *f, const char *suffix)
{
    char path[128];
    struct stat info;
    snprintf(path, sizeof path, "%s%s", f->path, suffix);
    assert_int_equal(stat(path, &info), 0);
    return info.st_mode & 07777;
}

static void files_are_private(void **state)
{
    struct fixture *f = *state;
    mode_t old = umask(0);
    open_store(f, true);
    umask(old);
    assert_int_equal(mode_of(f, ""), 0600);
    assert_int_equal(mode_of(f, "-wal"), 0600);
    assert_int_equal(mode_of(f, "-shm"), 0600);
}

static void write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

static void files_of_others_are_refused(void **state)
{
    struct fixture *f = *state;
    char other[128];
    snprintf(other, sizeof other, "%s/other", f->directory);
    assert_status(WARD_NOT_FOUND, try_open(f, false));
    assert_int_equal(symlink(other, f->path), 0);
    assert_status(WARD_FORBIDDEN, try_open(f, true)); /* a link, to nowhere yet */
    assert_int_equal(unlink(f->path), 0);
    assert_int_equal(mkdir(f->path, 0700), 0);
    assert_status(WARD_FORBIDDEN, try_open(f, true));
    assert_int_equal(rmdir(f->path), 0);
    write_file(f->path, "This is no database, but a text that is longer than the header of one: it has 100 bytes and "
                        "some more, so that SQLite looks at it.");
    assert_status(WARD_INTEGRITY, try_open(f, false));
    write_file(f->path, "");
    assert_status(WARD_NOT_FOUND, try_open(f, false)); /* an interrupted init: init may be run again */
    assert_int_equal(chmod(f->path, 0640), 0);
    assert_status(WARD_FORBIDDEN, try_open(f, true));
    assert_int_equal(chmod(f->path, 0600), 0);
    alter(f, "CREATE TABLE somebody_elses (x)");
    assert_status(WARD_MISMATCH, try_open(f, true));
    assert_status(WARD_MISMATCH, try_open(f, false));
    alter(f, "DROP TABLE somebody_elses");
    assert_ok(try_open(f, true));
    close_store(f);
    assert_status(WARD_EXISTS, try_open(f, true));
    assert_ok(try_open(f, false));
}

static void a_later_version_is_refused(void **state)
{
    struct fixture *f = *state;
    close_store(f);
    alter(f, "INSERT INTO schema_version VALUES (1000, 0)");
    assert_status(WARD_MISMATCH, try_open(f, false));
    alter(f, "DELETE FROM schema_version WHERE version = 1000");
    assert_ok(try_open(f, false));
}

/* ---- a store of the first version ---- */

static const char first_rows[] =
    "CREATE TABLE schema_version (version INTEGER PRIMARY KEY, applied_ms INTEGER NOT NULL);"
    "INSERT INTO schema_version VALUES (1, 0);"
    "INSERT INTO account VALUES (zeroblob(16), 'a', 1, NULL, NULL, NULL, NULL, 1, 1, 1);"
    "INSERT INTO project SELECT randomblob(16), id, 'p', 'live', 1, NULL, NULL, NULL, NULL, 1, 1, 1 FROM account;"
    "WITH made (key_id, made_ms, removed) AS (VALUES ('second2222', 2, 0), ('first11111', 1, 0), ('removed333', 3, 1))"
    " INSERT INTO api_key SELECT key_id, id, account_id, key_id, key_id, '', '{}', 'acc', NULL, '{}', NULL, 1, removed,"
    " NULL, 0, 0, NULL, made_ms, made_ms, 7 FROM made, project;"
    "INSERT INTO api_key_value VALUES (x'00112233445566778899aabbccddeeff', 'second2222', 0, x'01', 1),"
    " (x'10112233445566778899aabbccddeeff', 'first11111', 1, x'02', 3),"
    " (x'20112233445566778899aabbccddeeff', 'first11111', 0, x'03', 2);";

static void make_first_version(struct fixture *f)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open_v2(f->path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, ward_schema_migrations[0], NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, first_rows, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    assert_int_equal(chmod(f->path, 0600), 0);
}

static enum ward_status look_round(struct ward_store_session *s, void *arg)
{
    static const uint8_t lookup[WARD_LOOKUP_BYTES] = { 0x10, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
                                                       0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff };
    struct ward_lookup wanted;
    enum ward_key_slot slot;
    struct ward_api_key *ret = arg;
    static struct ward_pool pool;
    pool = ward_pool_new(10000);
    memcpy(wanted.bytes, lookup, sizeof lookup);
    enum ward_status status = ward_store_key_find(s, &wanted, &pool, ret, &slot);
    assert_int_equal(slot, WARD_SLOT_SECONDARY);
    assert_span("first11111", ret->name);
    assert_int_equal(ret->value_versions[0], 2);
    assert_int_equal(ret->value_versions[1], 3);
    assert_int_equal(ret->version, 7);
    ward_pool_free(&pool);
    return status;
}

static enum ward_status append_name(const struct ward_api_key *key, void *arg)
{
    ward_buffer_append(arg, key->name);
    return WARD_OK;
}

static enum ward_status list_all(struct ward_store_session *s, void *arg)
{
    const struct ward_key_filter all = { .now_ms = 0 };
    return ward_store_key_list(s, &all, append_name, arg);
}

static void a_store_of_the_first_version_moves_up(void **state)
{
    struct fixture *f = *state;
    struct ward_api_key key;
    WARD_BUFFER names = ward_buffer_new(100);
    make_first_version(f);
    assert_ok(try_open(f, false));
    assert_ok(ward_store_read(f->store, look_round, &key));
    assert_ok(ward_store_read(f->store, list_all, &names));
    assert_span("first11111second2222", ward_buffer_span(&names)); /* numbered in the order of their creation */
    assert_ok(get_key(f, &(struct ward_key_id){ "removed333" }, &key));
    assert_true(key.is_removed);
    assert_ok(ward_store_check(f->store));
    close_store(f);
    assert_ok(try_open(f, false)); /* once */
}

/* ---- settings: seen from the connections themselves ---- */

enum { CONNECTIONS_MAX = 8, TEXTS_MAX = 128 };
static sqlite3 *seen[CONNECTIONS_MAX];
static size_t seen_count;
static const char *traced[TEXTS_MAX]; /* the literals themselves are gone when the statement is: copies */
static size_t traced_count;
static bool is_tracing;

static int note_statement(unsigned type, void *context, void *stmt, void *text)
{
    (void)type;
    (void)context;
    (void)text;
    const char *sql = sqlite3_sql(stmt);
    bool is_query = strncmp(sql, "SELECT", 6) == 0 || strncmp(sql, "UPDATE", 6) == 0 || strncmp(sql, "DELETE", 6) == 0;
    for (size_t i = 0; is_query && i < traced_count; i++) {
        is_query = strcmp(traced[i], sql) != 0;
    }
    if (is_tracing && is_query && traced_count < TEXTS_MAX) {
        traced[traced_count++] = sqlite3_mprintf("%s", sql);
    }
    return 0;
}

static int note_connection(sqlite3 *db, const char **error, const struct sqlite3_api_routines *api)
{
    (void)error;
    (void)api;
    if (is_tracing && seen_count < CONNECTIONS_MAX) {
        seen[seen_count++] = db;
        sqlite3_trace_v2(db, SQLITE_TRACE_STMT, note_statement, NULL);
    }
    return SQLITE_OK;
}

static void trace_store(struct fixture *f)
{
    close_store(f);
    seen_count = 0;
    is_tracing = true;
    assert_int_equal(sqlite3_auto_extension((void (*)(void))note_connection), SQLITE_OK);
    open_store(f, false);
}

static void end_trace(void)
{
    is_tracing = false;
    sqlite3_reset_auto_extension();
    for (size_t i = 0; i < traced_count; i++) {
        sqlite3_free((void *)(uintptr_t)traced[i]);
    }
    traced_count = 0;
}

static void expect_setting(sqlite3 *db, const char *pragma, const char *expected)
{
    sqlite3_stmt *stmt;
    assert_int_equal(sqlite3_prepare_v2(db, pragma, -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    assert_string_equal((const char *)sqlite3_column_text(stmt, 0), expected);
    sqlite3_finalize(stmt);
}

static void connections_are_set_up(void **state)
{
    struct fixture *f = *state;
    trace_store(f);
    assert_int_equal(seen_count, 3); /* the writer, then two readers */
    for (size_t i = 0; i < seen_count; i++) {
        expect_setting(seen[i], "PRAGMA journal_mode", "wal");
        expect_setting(seen[i], "PRAGMA wal_autocheckpoint", "0");
        expect_setting(seen[i], "PRAGMA mmap_size", "0");
        expect_setting(seen[i], "PRAGMA foreign_keys", "1");
        expect_setting(seen[i], "PRAGMA trusted_schema", "0");
        expect_setting(seen[i], "PRAGMA temp_store", "2");
        expect_setting(seen[i], "PRAGMA query_only", i == 0 ? "0" : "1");
        assert_int_equal(sqlite3_db_readonly(seen[i], "main"), i != 0);
    }
    expect_setting(seen[0], "PRAGMA synchronous", "2");
    end_trace();
}

/* ---- plans: nothing scans a table that grows with the keys ---- */

static enum ward_status ignore_key(const struct ward_api_key *key, void *arg)
{
    (void)key;
    (void)arg;
    return WARD_OK;
}

static enum ward_status ask_everything(struct ward_store_session *s, void *arg)
{
    struct fixture *f = arg;
    enum ward_status status = WARD_OK;
    for (int scope = 0; scope < 2; scope++) {
        for (int filter = 0; filter < 4 && status == WARD_OK; filter++) {
            struct ward_key_filter ask = { .account_id = f->account.id };
            if (scope == 0) {
                ask.project_id = f->project.id;
            }
            ask.name_folded = filter == 1 ? WARD_SPAN("n") : WARD_SPAN_NONE;
            ask.account_filter = filter == 2 ? WARD_FILTER_EQUAL : WARD_FILTER_ANY;
            ask.custom_account_id = WARD_SPAN("a");
            ask.user_filter = filter == 3 ? WARD_FILTER_EQUAL : WARD_FILTER_ANY;
            ask.custom_user_id = WARD_SPAN("u");
            status = ward_store_key_list(s, &ask, ignore_key, NULL);
        }
    }
    struct ward_key_filter all = { .now_ms = 0 };
    status = status == WARD_OK ? ward_store_key_list(s, &all, ignore_key, NULL) : status;
    return status == WARD_OK ? ward_store_key_expired(s, 5000, 10, ignore_key, NULL) : status;
}

/* A walk of all keys reads them as they lie; no other query scans, and only what spans an account's projects sorts. */
static void expect_good_plan(const char *sql, const char *step)
{
    if (strstr(step, "SCAN") && !strstr(sql, "ORDER BY k.number") && !strstr(step, "SCAN CONSTANT ROW") &&
        !strstr(sql, "schema") && !strstr(sql, "revision DESC LIMIT 1")) {
        fail_msg("%s: %s", step, sql);
    }
    if (strstr(step, "TEMP B-TREE") && !strstr(sql, "FROM project o")) {
        fail_msg("%s: %s", step, sql);
    }
}

static void queries_use_their_indexes(void **state)
{
    struct fixture *f = *state;
    struct sample_key sample;
    struct ward_api_key found;
    trace_store(f);
    sample_key(&sample, &f->project, "n");
    assert_ok(insert_key(f, &sample.key));
    assert_ok(get_key(f, &sample.key.id, &found));
    sample_value(&sample, WARD_SLOT_PRIMARY);
    assert_ok(update_key(f, &sample.key));
    assert_ok(append(f));
    assert_ok(ward_store_read(f->store, ask_everything, f));
    assert_true(traced_count > 15);
    sqlite3 *db;
    is_tracing = false;
    assert_int_equal(sqlite3_open_v2(f->path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    for (size_t i = 0; i < traced_count; i++) {
        sqlite3_stmt *stmt;
        char *explain = sqlite3_mprintf("EXPLAIN QUERY PLAN %s", traced[i]);
        assert_int_equal(sqlite3_prepare_v2(db, explain, -1, &stmt, NULL), SQLITE_OK);
        while (sqlite3_step(stmt) == SQLITE_ROW) {
            expect_good_plan(traced[i], (const char *)sqlite3_column_text(stmt, 3));
        }
        sqlite3_finalize(stmt);
        sqlite3_free(explain);
    }
    sqlite3_close(db);
    end_trace();
}

/* ---- the chain in an altered file ---- */

static void altered_logs_are_seen(void **state)
{
    struct fixture *f = *state;
    const struct {
        const char *what, *sql;
        uint64_t bad;
        bool opens;
    } rows[] = {
        { "nothing", "SELECT 1", 0, true },
        { "action", "UPDATE change_log SET action = 'created' WHERE revision = 3", 3, true },
        { "actor", "UPDATE change_log SET actor_type = 'SYSTEM' WHERE revision = 1", 1, true },
        { "time", "UPDATE change_log SET time_ms = time_ms + 1 WHERE revision = 4", 4, true },
        { "object", "UPDATE change_log SET object_id = 'abcdefghik' WHERE revision = 2", 2, true },
        { "kind", "UPDATE change_log SET kind = 'project' WHERE revision = 2", 2, true },
        { "unknown kind", "UPDATE change_log SET kind = 'x' WHERE revision = 2", 2, true },
        { "detail away", "UPDATE change_log SET detail = NULL WHERE revision = 2", 2, true },
        { "empty for absent", "UPDATE change_log SET project_id = '' WHERE revision = 2", 2, true },
        { "member moved", "UPDATE change_log SET project_id = account_id, account_id = NULL WHERE revision = 2", 2,
          true },
        { "retired", "UPDATE change_log SET retired = x'00' || substr(retired, 2) WHERE revision = 3", 3, true },
        { "hash", "UPDATE change_log SET hash = zeroblob(32) WHERE revision = 2", 2, true },
        { "short hash", "UPDATE change_log SET hash = x'00' WHERE revision = 2", 2, true },
        { "first removed", "DELETE FROM change_log WHERE revision = 1", 1, true },
        { "removed", "DELETE FROM change_log WHERE revision = 3", 3, true },
        { "removed and closed up",
          "DELETE FROM change_log WHERE revision = 2; UPDATE change_log SET revision = 2 WHERE revision = 3;"
          "UPDATE change_log SET revision = 3 WHERE revision = 4; UPDATE change_log SET revision = 4 WHERE revision = "
          "5;"
          "UPDATE change_log SET revision = 5 WHERE revision = 6",
          2, false },
        { "reordered",
          "UPDATE change_log SET revision = -1 WHERE revision = 2; UPDATE change_log SET revision = 2 WHERE revision = "
          "3;"
          "UPDATE change_log SET revision = 3 WHERE revision = -1",
          2, true },
        { "before the first",
          "INSERT INTO change_log SELECT 0, time_ms, kind, object_id, account_id, project_id, action, actor_type,"
          " actor_id, detail, retired, hash FROM change_log WHERE revision = 1",
          1, true },
        { "last altered", "UPDATE change_log SET action = 'x' WHERE revision = 6", 6, false },
        { "last but one removed", "DELETE FROM change_log WHERE revision = 5", 5, false },
        { "a gap", "UPDATE change_log SET revision = 9 WHERE revision = 6", 6, false },
        { "a gap further up", "UPDATE change_log SET revision = revision + 10 WHERE revision > 3", 4, false },
        { "forged behind the last",
          "INSERT INTO change_log SELECT 7, time_ms, kind, object_id, account_id, project_id, action, actor_type,"
          " actor_id, detail, retired, hash FROM change_log WHERE revision = 6",
          7, false },
    };
    for (int i = 0; i < 6; i++) {
        assert_ok(append(f));
    }
    close_store(f);
    alter(f, "CREATE TABLE saved AS SELECT * FROM change_log");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        alter(f, rows[i].sql);
        assert_status(rows[i].opens ? WARD_OK : WARD_INTEGRITY, try_open(f, false));
        if (rows[i].opens) {
            struct verify_call call = { 0 };
            assert_status(rows[i].bad ? WARD_INTEGRITY : WARD_OK, ward_store_read(f->store, verify_chain, &call));
            assert_int_equal(call.bad, rows[i].bad);
            assert_status(rows[i].bad ? WARD_INTEGRITY : WARD_OK, ward_store_check(f->store));
            close_store(f);
        }
        alter(f, "DELETE FROM change_log; INSERT INTO change_log SELECT * FROM saved");
    }
    assert_ok(try_open(f, false));
    struct verify_call call = { 0 };
    assert_ok(ward_store_read(f->store, verify_chain, &call));
    assert_int_equal(call.count, 6);
}

static enum ward_status append_restored(struct ward_store_session *s, void *arg)
{
    (void)arg;
    struct ward_change change = sample_change(WARD_SPAN("the store"), "");
    return ward_store_change_append_restored(s, &change, 100, NULL);
}

static void put_number(uint8_t *to, uint64_t value, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        to[i] = (uint8_t)(value >> (8 * (size - 1 - i)));
    }
}

/* Compute an entry's hash anew, as changes.c describes it, on the one before. */
static void rehash(struct fixture *f)
{
    sqlite3 *db;
    sqlite3_stmt *row, *update;
    uint8_t head[16], lengths[9][4], hash[WARD_SHA256_BYTES];
    struct ward_span parts[3 + 2 * 9];
    assert_int_equal(sqlite3_open_v2(f->path, &db, SQLITE_OPEN_READWRITE, ward_pages_vfs()), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db,
                                        "SELECT kind, object_id, account_id, project_id, action, actor_type, actor_id,"
                                        " detail, retired, revision, time_ms, (SELECT hash FROM change_log ORDER BY"
                                        " revision DESC LIMIT 1 OFFSET 1) FROM change_log ORDER BY revision DESC"
                                        " LIMIT 1",
                                        -1, &row, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_step(row), SQLITE_ROW);
    int64_t revision = sqlite3_column_int64(row, 9);
    put_number(head, (uint64_t)revision, 8);
    put_number(head + 8, (uint64_t)sqlite3_column_int64(row, 10), 8);
    parts[0] = ward_span(sqlite3_column_blob(row, 11), WARD_SHA256_BYTES);
    parts[1] = WARD_SPAN("ward change 1");
    parts[2] = ward_span((const char *)head, sizeof head);
    for (int i = 0; i < 9; i++) {
        bool is_null = sqlite3_column_type(row, i) == SQLITE_NULL;
        const char *bytes = sqlite3_column_blob(row, i);
        size_t size = (size_t)sqlite3_column_bytes(row, i);
        put_number(lengths[i], is_null ? UINT32_MAX : size, 4);
        parts[3 + 2 * i] = ward_span((const char *)lengths[i], 4);
        parts[4 + 2 * i] = size > 0 ? ward_span(bytes, size) : WARD_SPAN("");
    }
    assert_ok(ward_sha256(parts, sizeof parts / sizeof *parts, hash));
    sqlite3_finalize(row);
    assert_int_equal(sqlite3_prepare_v2(db, "UPDATE change_log SET hash = ? WHERE revision = ?", -1, &update, NULL),
                     SQLITE_OK);
    sqlite3_bind_blob(update, 1, hash, sizeof hash, SQLITE_STATIC);
    sqlite3_bind_int64(update, 2, revision);
    assert_int_equal(sqlite3_step(update), SQLITE_DONE);
    sqlite3_finalize(update);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* Only the entry that says which gap it leaves may stand behind it, though its hash may fit. */
static void a_gap_is_a_restores_or_damage(void **state)
{
    struct fixture *f = *state;
    static const char *const rows[] = {
        "UPDATE change_log SET detail = '{\"from\":1,\"to\":100}' WHERE revision = 101",
        "UPDATE change_log SET detail = '{\"from\":2,\"to\":101}' WHERE revision = 101",
        "UPDATE change_log SET detail = '{\"from\": 2,\"to\":100}' WHERE revision = 101",
        "UPDATE change_log SET detail = NULL WHERE revision = 101",
        "UPDATE change_log SET action = 'updated' WHERE revision = 101",
        "UPDATE change_log SET kind = 'account' WHERE revision = 101",
        "UPDATE change_log SET revision = 102 WHERE revision = 101",
        "DELETE FROM change_log WHERE revision = 2",
    };
    assert_ok(append(f));
    assert_ok(append(f));
    assert_ok(ward_store_write(f->store, append_restored, NULL, NULL));
    close_store(f);
    alter(f, "CREATE TABLE saved AS SELECT * FROM change_log");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        alter(f, rows[i]);
        assert_status(WARD_INTEGRITY, try_open(f, false));
        rehash(f);
        assert_status(WARD_INTEGRITY, try_open(f, false));
        alter(f, "DELETE FROM change_log; INSERT INTO change_log SELECT * FROM saved");
    }
    alter(f, "UPDATE change_log SET time_ms = 5 WHERE revision = 101");
    assert_status(WARD_INTEGRITY, try_open(f, false));
    rehash(f); /* as it should be: the hash is computed right, and only the gap was wrong above */
    assert_ok(try_open(f, false));
    assert_ok(ward_store_check(f->store));
}

static void altered_rows_are_integrity_errors(void **state)
{
    struct fixture *f = *state;
    struct sample_key sample;
    struct ward_api_key key;
    struct ward_project project;
    sample_key(&sample, &f->project, "k");
    assert_ok(insert_key(f, &sample.key));
    alter(f, "UPDATE project SET env = 'nowhere'");
    assert_status(WARD_INTEGRITY, get_project(f, &f->project.id, &project));
    assert_status(WARD_INTEGRITY, get_key(f, &sample.key.id, &key));
    alter(f, "UPDATE project SET env = 'test'; UPDATE api_key SET project_id = zeroblob(16)");
    assert_status(WARD_INTEGRITY, get_key(f, &sample.key.id, &key)); /* a key without a project is not "not found" */
    assert_status(WARD_INTEGRITY, ward_store_check(f->store));
}

/* A work that goes on after an error of its session, as if nothing had been. */
static enum ward_status overlook_error(struct ward_store_session *s, void *arg)
{
    struct fixture *f = arg;
    struct ward_project project;
    enum ward_status overlooked = ward_store_project_get(s, &f->project.id, &f->pool, &project);
    return overlooked == WARD_INTEGRITY ? append_one(s, NULL) : WARD_INTERNAL;
}

static void an_overlooked_error_is_the_answer_all_the_same(void **state)
{
    struct fixture *f = *state;
    alter(f, "UPDATE project SET env = 'nowhere'");
    assert_status(WARD_INTEGRITY, ward_store_write(f->store, overlook_error, f, NULL));
    expect_revision(f, 0);
    assert_ok(append(f));
    expect_revision(f, 1);
}

static void a_damaged_page_is_an_integrity_error(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 100; i++) {
        assert_ok(append(f));
    }
    close_store(f);
    int fd = open(f->path, O_RDWR | O_CLOEXEC);
    struct stat info;
    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &info), 0);
    char noise[4096];
    memset(noise, 0xa5, sizeof noise);
    for (off_t at = 4096; at + 4096 <= info.st_size; at += 4096) {
        assert_int_equal(pwrite(fd, noise, sizeof noise, at), sizeof noise);
    }
    close(fd);
    assert_status(WARD_INTEGRITY, try_open(f, false));
}

/* ---- faults of the disk ---- */

static void a_failed_sync_fails_the_store(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 3; i++) {
        assert_ok(append(f));
    }
    fault_vfs_set(&(struct fault_rule){ FAULT_SYNC, FAULT_LOG, 0, true, SQLITE_IOERR_FSYNC });
    assert_status(WARD_UNAVAILABLE, append(f));
    assert_int_equal(fault_vfs_hits(), 1);
    assert_true(is_failed(f));
    assert_status(WARD_UNAVAILABLE, append(f)); /* the disk is well again; nobody believes it */
    expect_revision(f, 3);                      /* reads go on */
    struct ward_store_health health;
    ward_store_health(f->store, &health);
    assert_int_equal(health.revision, 3);
    close_store(f);
    assert_ok(try_open(f, false));
    assert_false(is_failed(f));
    struct verify_call call = { 0 };
    assert_ok(ward_store_read(f->store, verify_chain, &call));
    assert_in_range(call.count, 3, 4); /* what was not acknowledged may or may not be there */
    assert_ok(append(f));
}

static void a_failed_write_of_the_log_fails_the_store(void **state)
{
    struct fixture *f = *state;
    assert_ok(append(f));
    fault_vfs_set(&(struct fault_rule){ FAULT_WRITE, FAULT_LOG, 0, true, SQLITE_IOERR_WRITE });
    assert_status(WARD_UNAVAILABLE, append(f));
    assert_true(is_failed(f));
    expect_revision(f, 1);
}

/* Some hundred pages. */
static enum ward_status append_many(struct ward_store_session *s, void *arg)
{
    enum ward_status status = WARD_OK;
    for (int i = 0; i < 2000 && status == WARD_OK; i++) {
        status = append_one(s, arg);
    }
    return status;
}

static void a_full_disk_refuses_and_goes_on(void **state)
{
    struct fixture *f = *state;
    assert_ok(append(f));
    fault_vfs_set(&(struct fault_rule){ FAULT_WRITE, FAULT_LOG, 0, false, SQLITE_FULL }); /* all frames in one write */
    assert_status(WARD_UNAVAILABLE, append(f));
    assert_true(fault_vfs_hits() > 0);
    assert_false(is_failed(f));
    expect_revision(f, 1);
    end_faults();
    assert_ok(append(f)); /* with the next revision: the lost one left no gap */
    expect_revision(f, 2);
    fault_vfs_set(&(struct fault_rule){ FAULT_WRITE, FAULT_LOG, 1, false, SQLITE_FULL }); /* a frame is not a write */
    assert_ok(append(f));
    assert_int_equal(fault_vfs_hits(), 0);
    end_faults();
    /* more than goes together: what went before is nothing without the end */
    fault_vfs_set(&(struct fault_rule){ FAULT_WRITE, FAULT_LOG, 1, false, SQLITE_FULL });
    assert_status(WARD_UNAVAILABLE, ward_store_write(f->store, append_many, NULL, NULL));
    assert_true(fault_vfs_hits() > 0);
    assert_false(is_failed(f));
    expect_revision(f, 3);
    end_faults();
    assert_ok(append(f));
    reopen_store(f);
    expect_revision(f, 4);
}

static void a_failed_read_is_no_answer(void **state)
{
    struct fixture *f = *state;
    struct ward_account found;
    reopen_store(f); /* the log is gone: everything is in the database file */
    fault_vfs_set(&(struct fault_rule){ FAULT_READ, FAULT_DATABASE, 0, false, SQLITE_IOERR_READ });
    assert_status(WARD_IO, get_account(f, &f->account.id, &found));
    end_faults();
    assert_ok(get_account(f, &f->account.id, &found));
    assert_false(is_failed(f));
    assert_ok(append(f));
}

enum { UNTIL_CHECKPOINT = 1500 };

static void a_failed_sync_in_a_checkpoint_fails_the_store(void **state)
{
    struct fixture *f = *state;
    fault_vfs_set(&(struct fault_rule){ FAULT_SYNC, FAULT_DATABASE, 0, true, SQLITE_IOERR_FSYNC });
    uint64_t acknowledged = 0;
    for (int i = 0; i < UNTIL_CHECKPOINT; i++) {
        acknowledged += append(f) == WARD_OK;
    }
    assert_int_equal(fault_vfs_hits(), 1);
    assert_true(is_failed(f));
    assert_in_range(acknowledged, 100, UNTIL_CHECKPOINT - 1);
    expect_revision(f, acknowledged);
    reopen_store(f);
    expect_revision(f, acknowledged);
}

/* The n-th write, the n-th sync, of either file: whatever was acknowledged is there afterwards, and the chain is whole.
 */
static void nothing_acknowledged_is_lost(void **state)
{
    (void)state;
    const struct {
        enum fault_call call;
        enum fault_file file;
        int code;
        bool once;
    } rows[] = {
        { FAULT_WRITE, FAULT_LOG, SQLITE_IOERR_WRITE, true },
        { FAULT_WRITE, FAULT_LOG, SQLITE_IOERR_WRITE, false },
        { FAULT_WRITE, FAULT_LOG, SQLITE_FULL, true },
        { FAULT_WRITE, FAULT_LOG, SQLITE_FULL, false },
        { FAULT_SYNC, FAULT_LOG, SQLITE_IOERR_FSYNC, true },
        { FAULT_SYNC, FAULT_LOG, SQLITE_IOERR_FSYNC, false },
        { FAULT_SYNC, FAULT_DATABASE, SQLITE_IOERR_FSYNC, true },
        { FAULT_WRITE, FAULT_DATABASE, SQLITE_FULL, false },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (long skip = 0; skip < 24; skip += 1 + skip / 6) {
            struct fixture *f;
            void *own;
            set_up_disk(&own);
            f = own;
            fault_vfs_set(&(struct fault_rule){ rows[i].call, rows[i].file, skip, rows[i].once, rows[i].code });
            uint64_t acknowledged = 0;
            for (int n = 0; n < 8; n++) {
                acknowledged += append(f) == WARD_OK;
            }
            close_store(f); /* its checkpoint meets the fault too */
            end_faults();
            assert_ok(try_open(f, false));
            struct verify_call call = { 0 };
            assert_ok(ward_store_read(f->store, verify_chain, &call));
            assert_in_range(call.count, acknowledged, 8);
            assert_ok(append(f));
            assert_ok(ward_store_check(f->store));
            tear_down_disk(&own);
        }
    }
}

static void the_log_is_checkpointed(void **state)
{
    struct fixture *f = *state;
    char path[128];
    struct stat info;
    for (int i = 0; i < 4000; i++) {
        assert_ok(append(f));
    }
    snprintf(path, sizeof path, "%s-wal", f->path);
    assert_int_equal(stat(path, &info), 0);
    assert_in_range(info.st_size, 1, 6 * 1024 * 1024); /* a thousand pages and the last batch, not sixteen thousand */
    close_store(f);
    assert_int_equal(stat(path, &info), -1); /* a clean close leaves one file */
}

int main(void)
{
#define CASE(name)      cmocka_unit_test_setup_teardown(name, set_up_disk, tear_down_disk)
#define CASE_BARE(name) cmocka_unit_test_setup_teardown(name, set_up_bare, tear_down_disk)
    const struct CMUnitTest tests[] = {
        CASE_BARE(files_are_private),
        CASE_BARE(files_of_others_are_refused),
        CASE(a_later_version_is_refused),
        CASE_BARE(a_store_of_the_first_version_moves_up),
        CASE(connections_are_set_up),
        CASE(queries_use_their_indexes),
        CASE(altered_logs_are_seen),
        CASE(a_gap_is_a_restores_or_damage),
        CASE(altered_rows_are_integrity_errors),
        CASE(an_overlooked_error_is_the_answer_all_the_same),
        CASE(a_damaged_page_is_an_integrity_error),
        CASE(a_failed_sync_fails_the_store),
        CASE(a_failed_write_of_the_log_fails_the_store),
        CASE(a_full_disk_refuses_and_goes_on),
        CASE(a_failed_read_is_no_answer),
        CASE(a_failed_sync_in_a_checkpoint_fails_the_store),
        cmocka_unit_test(nothing_acknowledged_is_lost),
        CASE(the_log_is_checkpointed),
    };
    int quiet = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (quiet >= 0) {
        ward_log_set_descriptor(quiet); /* the faults are on purpose */
    }
    fault_vfs_install();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
