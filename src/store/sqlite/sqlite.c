/*
 * The SQLite driver.
 *
 *   one connection writes and checkpoints ── WAL, synchronous=FULL, no automatic checkpoints
 *   readers are read-only connections     ── each session one snapshot
 *   ":memory:" has the writer's connection alone
 *
 * Why one connection, and why checkpoints by hand: SQLite 3.7.0 to 3.51.2 can corrupt a database when two connections
 * write or checkpoint at the same moment as the WAL is reset. And SQLite's automatic checkpoint swallows its errors: a
 * failed sync of the database file would go unseen.
 *
 * Memory maps are off: an I/O error in a map is a signal, not an answer, and its pages are not checked.
 *
 * All files go through pages.c: what is read is what was written, or the read fails. wal.c looks at the log before
 * SQLite does.
 */
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/seam.h"
#include "store/session.h"
#include "store/sqlite/pages.h"
#include "store/sqlite/wal.h"

enum {
    BUSY_MS = 5000,          /* nobody else should be there; an administrator's sqlite3 may */
    CHECKPOINT_PAGES = 1000, /* 4 MB of log */
    RESTART_PAGES = 16000,   /* 64 MB: readers overlap without a pause; wait for them a little */
    RESTART_WAIT_MS = 50,
    BACKUP_PAGES = 1024 /* 4 MB between two looks whether to go on */
};

enum control { BEGIN_READ, BEGIN_WRITE, COMMIT, ROLLBACK, SNAPSHOT, CONTROL_COUNT };
static const char *const control_texts[CONTROL_COUNT] = { "BEGIN", "BEGIN IMMEDIATE", "COMMIT", "ROLLBACK",
                                                          "SELECT version FROM schema_version LIMIT 1" };

struct connection {
    struct ward_sql_connection common;
    sqlite3 *db;
    sqlite3_stmt *control[CONTROL_COUNT];
    bool is_writer, is_memory;
    bool has_logged;      /* the commit under way wrote to the WAL */
    int log_pages;        /* pages in the WAL after the last commit */
    int next_checkpoint;  /* pages from which to try again */
    sqlite3_int64 before; /* changes before the transaction, for :memory: */
};

struct statement {
    struct ward_sql common;
    sqlite3_stmt *stmt;
    int bind_code;
};

static struct connection *connection_of(struct ward_sql_connection *connection)
{
    return (struct connection *)connection;
}

static struct statement *statement_of(struct ward_sql *q)
{
    return (struct statement *)q;
}

/* ---- errors ---- */

static enum ward_status status_of(int code)
{
    if (code == SQLITE_IOERR_NOMEM) {
        return WARD_NO_MEMORY;
    }
    if (code == SQLITE_IOERR_DATA) { /* pages.c */
        return WARD_INTEGRITY;
    }
    switch (code & 0xff) {
    case SQLITE_OK:
        return WARD_OK;
    case SQLITE_FULL:
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return WARD_UNAVAILABLE;
    case SQLITE_NOMEM:
        return WARD_NO_MEMORY;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return WARD_INTEGRITY;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_PROTOCOL:
        return WARD_IO;
    case SQLITE_TOOBIG:
        return WARD_TOO_LARGE;
    default:
        return WARD_INTERNAL;
    }
}

/* Messages of SQLite name tables and files, never values: those are bound. */
static enum ward_status fail(struct connection *c, int code, const char *what)
{
    enum ward_status status = status_of(code);
    const char *file = sqlite3_db_filename(c->db, "main");
    ward_log(WARD_LOG_ERROR, status == WARD_INTEGRITY ? "store.corrupt" : "store.error", WARD_LOG_STR("during", what),
             WARD_LOG_STR("file", file && *file ? file : ":memory:"), WARD_LOG_NUM("code", code),
             WARD_LOG_STR("message", sqlite3_errmsg(c->db)), WARD_LOG_NUM("errno", sqlite3_system_errno(c->db)));
    if (status == WARD_INTEGRITY && !c->common.damage.is_found) {
        ward_pages_damage(c->db, &c->common.damage);
    }
    ward_sql_fail(&c->common, status);
    return status;
}

/* ---- control statements ---- */

static int run_control(struct connection *c, enum control which)
{
    sqlite3_stmt **stmt = &c->control[which];
    if (!*stmt) {
        int code = sqlite3_prepare_v3(c->db, control_texts[which], -1, SQLITE_PREPARE_PERSISTENT, stmt, NULL);
        if (code != SQLITE_OK) {
            return code;
        }
    }
    int code = sqlite3_step(*stmt);
    sqlite3_reset(*stmt);
    return code == SQLITE_ROW || code == SQLITE_DONE ? SQLITE_OK : code;
}

static enum ward_status run(struct ward_sql_connection *connection, const char *script)
{
    struct connection *c = connection_of(connection);
    int code = sqlite3_exec(c->db, script, NULL, NULL, NULL);
    return code == SQLITE_OK ? WARD_OK : fail(c, code, "script");
}

static bool in_transaction(struct ward_sql_connection *connection)
{
    return !sqlite3_get_autocommit(connection_of(connection)->db);
}

static int64_t rows_written(struct ward_sql_connection *connection)
{
    return sqlite3_total_changes64(connection_of(connection)->db);
}

static void rollback(struct ward_sql_connection *connection)
{
    if (in_transaction(connection)) {
        struct connection *c = connection_of(connection);
        int code = run_control(c, ROLLBACK);
        if (in_transaction(connection)) {
            fail(c, code, "rollback");
            connection->is_broken = true;
        }
    }
}

static enum ward_status begin(struct ward_sql_connection *connection, bool for_writing)
{
    struct connection *c = connection_of(connection);
    c->has_logged = false;
    c->before = sqlite3_total_changes64(c->db);
    int code = run_control(c, for_writing ? BEGIN_WRITE : BEGIN_READ);
    if (code == SQLITE_OK && !for_writing) {
        code = run_control(c, SNAPSHOT); /* BEGIN alone takes no snapshot yet */
    }
    return code == SQLITE_OK ? WARD_OK : fail(c, code, "begin");
}

/* No space, no memory, somebody else's lock: SQLite has not reached the sync, so nothing is durable. After any other
 * failure the frames may or may not be on the disk. */
static bool is_harmless(int code)
{
    int primary = code & 0xff;
    return primary == SQLITE_FULL || primary == SQLITE_NOMEM || code == SQLITE_IOERR_NOMEM || primary == SQLITE_BUSY;
}

static enum ward_status commit(struct ward_sql_connection *connection, bool *ret_synced)
{
    struct connection *c = connection_of(connection);
    int code = run_control(c, COMMIT);
    if (code != SQLITE_OK) {
        enum ward_status status = fail(c, code, "commit");
        connection->is_broken |= !is_harmless(code);
        rollback(connection);
        return status == WARD_IO ? WARD_UNAVAILABLE : status;
    }
    *ret_synced = c->is_memory ? sqlite3_total_changes64(c->db) != c->before : c->has_logged;
    return WARD_OK;
}

/* ---- checkpoints ---- */

static int note_log(void *arg, sqlite3 *db, const char *name, int pages)
{
    (void)db;
    (void)name;
    struct connection *c = arg;
    c->has_logged = true;
    c->log_pages = pages;
    return SQLITE_OK;
}

static int checkpoint(struct connection *c, int mode)
{
    int code = sqlite3_wal_checkpoint_v2(c->db, "main", mode, NULL, NULL);
    return (code & 0xff) == SQLITE_BUSY ? SQLITE_OK : code; /* a reader is in the way: next time */
}

static void maintain(struct ward_sql_connection *connection)
{
    struct connection *c = connection_of(connection);
    if (c->log_pages < CHECKPOINT_PAGES) {
        c->next_checkpoint = CHECKPOINT_PAGES; /* the log began anew */
    }
    if (c->log_pages < c->next_checkpoint || connection->is_broken) {
        return;
    }
    c->next_checkpoint = c->log_pages + CHECKPOINT_PAGES;
    int code = checkpoint(c, SQLITE_CHECKPOINT_PASSIVE);
    if (code == SQLITE_OK && c->log_pages > RESTART_PAGES) {
        sqlite3_busy_timeout(c->db, RESTART_WAIT_MS);
        code = checkpoint(c, SQLITE_CHECKPOINT_RESTART);
        sqlite3_busy_timeout(c->db, BUSY_MS);
    }
    if (code != SQLITE_OK) {
        fail(c, code, "checkpoint");
        connection->is_broken |= !is_harmless(code);
    }
}

/* ---- looking round ---- */

/* Step a one-off statement to its first row; the text of column 0 equals expected, if given. */
static int first_row(struct connection *c, const char *text, const char *bound, const char *expected, bool *ret_match)
{
    sqlite3_stmt *stmt = NULL;
    int code = sqlite3_prepare_v2(c->db, text, -1, &stmt, NULL);
    if (code == SQLITE_OK && bound) {
        code = sqlite3_bind_text(stmt, 1, bound, -1, SQLITE_STATIC);
    }
    if (code == SQLITE_OK) {
        code = sqlite3_step(stmt);
        const char *value = code == SQLITE_ROW ? (const char *)sqlite3_column_text(stmt, 0) : NULL;
        *ret_match = code == SQLITE_ROW && (!expected || (value && strcmp(value, expected) == 0));
    }
    int final = sqlite3_finalize(stmt);
    return code == SQLITE_ROW || code == SQLITE_DONE ? final : code;
}

static enum ward_status has_table(struct ward_sql_connection *connection, const char *name, bool *ret)
{
    struct connection *c = connection_of(connection);
    int code = first_row(c, "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?", name, NULL, ret);
    return code == SQLITE_OK ? WARD_OK : fail(c, code, "schema");
}

static enum ward_status is_empty(struct ward_sql_connection *connection, bool *ret)
{
    struct connection *c = connection_of(connection);
    int code = first_row(c, "SELECT count(*) FROM sqlite_schema", NULL, "0", ret);
    return code == SQLITE_OK ? WARD_OK : fail(c, code, "schema");
}

/* "… page 12 …": the finding as a place in the file. */
static void log_finding(struct connection *c, const char *finding, int64_t page_bytes)
{
    const char *word = strstr(finding, "page ");
    int64_t page = word ? strtoll(word + sizeof("page ") - 1, NULL, 10) : 0;
    ward_log(WARD_LOG_ERROR, "store.corrupt", WARD_LOG_STR("file", sqlite3_db_filename(c->db, "main")),
             WARD_LOG_NUM("page", page), WARD_LOG_NUM("offset", page > 0 ? (page - 1) * page_bytes : -1),
             WARD_LOG_STR("finding", finding));
}

/* SQLite's findings name tables, indexes, pages and cells, never values. */
static int check_pages(struct connection *c, bool *ret_whole)
{
    sqlite3_stmt *stmt = NULL;
    int64_t page_bytes = 4096;
    int code = sqlite3_prepare_v2(c->db, "PRAGMA page_size", -1, &stmt, NULL);
    if (code == SQLITE_OK && sqlite3_step(stmt) == SQLITE_ROW) {
        page_bytes = sqlite3_column_int64(stmt, 0);
    }
    sqlite3_finalize(stmt);
    code = sqlite3_prepare_v2(c->db, "PRAGMA integrity_check(20)", -1, &stmt, NULL);
    *ret_whole = code == SQLITE_OK;
    while (code == SQLITE_OK && (code = sqlite3_step(stmt)) == SQLITE_ROW) {
        const char *finding = (const char *)sqlite3_column_text(stmt, 0);
        if (!finding || strcmp(finding, "ok") != 0) {
            *ret_whole = false;
            log_finding(c, finding ? finding : "", page_bytes);
        }
        code = SQLITE_OK;
    }
    int final = sqlite3_finalize(stmt);
    return code == SQLITE_DONE ? final : code;
}

static enum ward_status check(struct ward_sql_connection *connection)
{
    struct connection *c = connection_of(connection);
    bool is_whole = false, has_orphan = true;
    int code = check_pages(c, &is_whole);
    if (code == SQLITE_OK) {
        code = first_row(c, "PRAGMA foreign_key_check", NULL, NULL, &has_orphan);
    }
    if (code != SQLITE_OK) {
        return fail(c, code, "check");
    }
    ward_pages_damage(c->db, &c->common.damage);
    return is_whole && !has_orphan ? WARD_OK : fail(c, SQLITE_CORRUPT, "check");
}

/* ---- a store of before there were checked pages ---- */

static int rewrite(struct connection *c, bool *ret_checked)
{
    int code = checkpoint(c, SQLITE_CHECKPOINT_TRUNCATE); /* all that was cut off may be this */
    if (code == SQLITE_OK) {
        code = ward_pages_are_checked(c->db, ret_checked);
    }
    if (code != SQLITE_OK || *ret_checked) {
        return code;
    }
    code = sqlite3_exec(c->db, "VACUUM", NULL, NULL, NULL);
    if (code == SQLITE_OK) {
        code = checkpoint(c, SQLITE_CHECKPOINT_TRUNCATE);
    }
    return code == SQLITE_OK ? ward_pages_are_checked(c->db, ret_checked) : code;
}

static enum ward_status protect(struct ward_sql_connection *connection)
{
    struct connection *c = connection_of(connection);
    bool is_checked = c->is_memory;
    int code = c->is_memory ? SQLITE_OK : ward_pages_are_checked(c->db, &is_checked);
    if (code == SQLITE_OK && is_checked) {
        return WARD_OK;
    }
    const char *file = sqlite3_db_filename(c->db, "main");
    ward_log(WARD_LOG_INFO, "store.rewriting", WARD_LOG_STR("file", file),
             WARD_LOG_STR("why", "its pages have no checks yet; this is done once"));
    code = code == SQLITE_OK ? rewrite(c, &is_checked) : code;
    if (code != SQLITE_OK) {
        return fail(c, code, "rewrite");
    }
    if (!is_checked) { /* somebody else's sqlite3 is in the way */
        return fail(c, SQLITE_BUSY, "rewrite");
    }
    ward_log(WARD_LOG_INFO, "store.rewritten", WARD_LOG_STR("file", file));
    return WARD_OK;
}

/* ---- backup ---- */

/* The copy is nobody's store yet: no journal, no sync by SQLite, nothing beside it. Whoever asked for it syncs it. */
static int open_copy(const char *path, sqlite3 **ret)
{
    const char *vfs = ward_pages_vfs();
    if (!vfs) {
        return SQLITE_NOMEM;
    }
    int code = sqlite3_open_v2(path, ret, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, vfs);
    if (code == SQLITE_OK) {
        code = ward_pages_want_checks(*ret);
    }
    if (code != SQLITE_OK) {
        return code;
    }
    return sqlite3_exec(*ret, "PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF", NULL,
                        NULL, NULL);
}

/* Page by page. The transaction that is open on the source is the snapshot: SQLite does not start over when others
 * write meanwhile. */
static int copy_pages(sqlite3 *copy, sqlite3 *source, bool (*goes_on)(void *arg), void *arg)
{
    sqlite3_backup *backup = sqlite3_backup_init(copy, "main", source, "main");
    if (!backup) {
        return sqlite3_extended_errcode(copy);
    }
    int code = SQLITE_OK;
    while (code == SQLITE_OK) {
        code = !goes_on || goes_on(arg) ? sqlite3_backup_step(backup, BACKUP_PAGES) : SQLITE_ABORT;
    }
    int final = sqlite3_backup_finish(backup);
    return code == SQLITE_DONE ? final : code;
}

static enum ward_status backup(struct ward_sql_connection *connection, const char *path, bool (*goes_on)(void *arg),
                               void *arg)
{
    struct connection *c = connection_of(connection);
    sqlite3 *copy = NULL;
    int code = open_copy(path, &copy);
    if (code == SQLITE_OK) {
        code = copy_pages(copy, c->db, goes_on, arg);
    }
    int number = copy ? sqlite3_system_errno(copy) : 0;
    sqlite3_close(copy);
    if (code == SQLITE_OK || code == SQLITE_ABORT) {
        return code == SQLITE_OK ? WARD_OK : WARD_UNAVAILABLE;
    }
    ward_log(WARD_LOG_ERROR, "store.backup_failed", WARD_LOG_STR("file", path), WARD_LOG_NUM("code", code),
             WARD_LOG_STR("message", sqlite3_errstr(code)), WARD_LOG_NUM("errno", number));
    return status_of(code);
}

/* ---- statements ---- */

static struct ward_sql *prepare(struct ward_sql_connection *connection, const char *text)
{
    struct connection *c = connection_of(connection);
    struct statement *q = ward_alloc(sizeof *q);
    if (!q) {
        ward_sql_fail(connection, WARD_NO_MEMORY);
        return NULL;
    }
    int code = sqlite3_prepare_v3(c->db, text, -1, SQLITE_PREPARE_PERSISTENT, &q->stmt, NULL);
    if (code != SQLITE_OK) {
        fail(c, code, "prepare");
        ward_free(q);
        return NULL;
    }
    return &q->common;
}

static void finalize(struct ward_sql *common)
{
    struct statement *q = statement_of(common);
    sqlite3_finalize(q->stmt);
    ward_free(q);
}

static void note_bind(struct statement *q, int code)
{
    if (code != SQLITE_OK) {
        q->bind_code = code;
    }
}

static void bind_null(struct ward_sql *common, int index)
{
    struct statement *q = statement_of(common);
    note_bind(q, sqlite3_bind_null(q->stmt, index));
}

static void bind_text(struct ward_sql *common, int index, struct ward_span text)
{
    struct statement *q = statement_of(common);
    if (!text.data) {
        bind_null(common, index);
        return;
    }
    note_bind(q, sqlite3_bind_text64(q->stmt, index, text.data, text.size, SQLITE_TRANSIENT, SQLITE_UTF8));
}

static void bind_bytes(struct ward_sql *common, int index, struct ward_span bytes)
{
    struct statement *q = statement_of(common);
    if (!bytes.data) {
        bind_null(common, index);
        return;
    }
    note_bind(q, sqlite3_bind_blob64(q->stmt, index, bytes.data, bytes.size, SQLITE_TRANSIENT));
}

static void bind_int(struct ward_sql *common, int index, int64_t value)
{
    struct statement *q = statement_of(common);
    note_bind(q, sqlite3_bind_int64(q->stmt, index, value));
}

static enum ward_sql_step step(struct ward_sql *common)
{
    struct statement *q = statement_of(common);
    int code = q->bind_code != SQLITE_OK ? q->bind_code : sqlite3_step(q->stmt);
    switch (code & 0xff) {
    case SQLITE_ROW:
        return WARD_SQL_ROW;
    case SQLITE_DONE:
        return WARD_SQL_DONE;
    case SQLITE_CONSTRAINT:
        return WARD_SQL_CONSTRAINT;
    default:
        fail(connection_of(common->connection), code, "step");
        return WARD_SQL_ERROR;
    }
}

/* Text is read as bytes too: SQLite would add a NUL to it, may run out of memory there, and we need none. */
static struct ward_span bytes(struct ward_sql *common, int column)
{
    sqlite3_stmt *stmt = statement_of(common)->stmt;
    if (sqlite3_column_type(stmt, column) == SQLITE_NULL) {
        return WARD_SPAN_NONE;
    }
    const char *data = sqlite3_column_blob(stmt, column);
    return data ? ward_span(data, (size_t)sqlite3_column_bytes(stmt, column)) : WARD_SPAN("");
}

static int64_t integer(struct ward_sql *common, int column)
{
    return sqlite3_column_int64(statement_of(common)->stmt, column);
}

static bool is_null(struct ward_sql *common, int column)
{
    return sqlite3_column_type(statement_of(common)->stmt, column) == SQLITE_NULL;
}

static int64_t changes(struct ward_sql *common)
{
    return sqlite3_changes64(sqlite3_db_handle(statement_of(common)->stmt));
}

static void reset(struct ward_sql *common)
{
    struct statement *q = statement_of(common);
    sqlite3_reset(q->stmt);
    sqlite3_clear_bindings(q->stmt);
    q->bind_code = SQLITE_OK;
}

/* ---- connections ---- */

static bool is_memory(const struct ward_sql_source *source)
{
    return strcmp(source->path, ":memory:") == 0;
}

static bool has_readers(const struct ward_sql_source *source)
{
    return !is_memory(source);
}

static enum ward_status make_file(const char *path)
{
    int fd = ward_seam.open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) {
        return errno == ENOENT ? WARD_NOT_FOUND : WARD_IO;
    }
    close(fd);
    return WARD_OK;
}

/* The file is ours alone: regular, no link, closed to others; SQLite gives the log beside it the same mode. It is not
 * opened to look: closing a descriptor would drop the locks that another connection of the process has on it. */
static enum ward_status check_file(const struct ward_sql_source *source)
{
    struct stat info;
    if (lstat(source->path, &info) != 0) {
        if (errno != ENOENT) {
            return WARD_IO;
        }
        return source->create ? make_file(source->path) : WARD_NOT_FOUND;
    }
    return S_ISREG(info.st_mode) && (info.st_mode & (S_IRWXG | S_IRWXO)) == 0 ? WARD_OK : WARD_FORBIDDEN;
}

static int configure(struct connection *c)
{
    static const int switches[][2] = {
        { SQLITE_DBCONFIG_DEFENSIVE, 1 },      { SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0 },
        { SQLITE_DBCONFIG_DQS_DML, 0 },        { SQLITE_DBCONFIG_DQS_DDL, 0 },
        { SQLITE_DBCONFIG_ENABLE_TRIGGER, 0 }, { SQLITE_DBCONFIG_ENABLE_VIEW, 0 },
        { SQLITE_DBCONFIG_ENABLE_FKEY, 1 },    { SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0 },
    };
    int code = SQLITE_OK;
    for (size_t i = 0; code == SQLITE_OK && i < sizeof switches / sizeof *switches; i++) {
        code = sqlite3_db_config(c->db, switches[i][0], switches[i][1], NULL);
    }
    if (code == SQLITE_OK) {
        code = sqlite3_busy_timeout(c->db, BUSY_MS);
    }
    if (code == SQLITE_OK) {
        code = sqlite3_wal_autocheckpoint(c->db, 0);
    }
    /* temporary results hold customers' names: not on the disk */
    return code == SQLITE_OK ? sqlite3_exec(c->db,
                                            "PRAGMA mmap_size=0; PRAGMA temp_store=MEMORY;"
                                            " PRAGMA cell_size_check=ON",
                                            NULL, NULL, NULL)
                             : code;
}

static int configure_reader(struct connection *c)
{
    return sqlite3_exec(c->db, "PRAGMA query_only=ON; PRAGMA cache_size=-8192", NULL, NULL, NULL);
}

static int configure_writer(struct connection *c)
{
    bool is_wal = false;
    int code = ward_pages_want_checks(c->db);
    if (code == SQLITE_OK) {
        code = sqlite3_exec(c->db, "PRAGMA cache_size=-65536; PRAGMA journal_size_limit=67108864", NULL, NULL, NULL);
    }
    if (code != SQLITE_OK || c->is_memory) {
        return code;
    }
    code = first_row(c, "PRAGMA journal_mode=WAL", NULL, "wal", &is_wal);
    if (code == SQLITE_OK && !is_wal) {
        return SQLITE_CANTOPEN;
    }
    if (code == SQLITE_OK) {
        code = sqlite3_exec(c->db, "PRAGMA synchronous=FULL", NULL, NULL, NULL);
    }
    c->next_checkpoint = CHECKPOINT_PAGES;
    sqlite3_wal_hook(c->db, note_log, c);
    return code;
}

static void disconnect(struct ward_sql_connection *connection)
{
    struct connection *c = connection_of(connection);
    for (size_t i = 0; i < CONTROL_COUNT; i++) {
        sqlite3_finalize(c->control[i]);
    }
    if (connection->is_broken) {
        /* the log stays as it is: the next start recovers from it */
        sqlite3_db_config(c->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    }
    sqlite3_close(c->db);
    ward_free(c);
}

static enum ward_status open_connection(struct connection *c, const char *path)
{
    const char *vfs = c->is_memory ? NULL : ward_pages_vfs();
    if (!c->is_memory && !vfs) {
        return WARD_NO_MEMORY;
    }
    int mode = c->is_writer ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
    if (c->is_memory) {
        mode |= SQLITE_OPEN_CREATE;
    }
    int code = sqlite3_open_v2(path, &c->db, mode | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, vfs);
    if (code == SQLITE_OK) {
        code = configure(c);
    }
    if (code == SQLITE_OK) {
        code = c->is_writer ? configure_writer(c) : configure_reader(c);
    }
    if (code == SQLITE_OK) {
        return WARD_OK;
    }
    return c->db ? fail(c, code, "open") : WARD_NO_MEMORY;
}

extern const struct ward_sql_driver ward_sqlite_driver;

/* The file, and its log before SQLite plays it in. */
static enum ward_status examine_files(const struct ward_sql_source *source)
{
    enum ward_status status = check_file(source);
    if (status != WARD_OK) {
        return status;
    }
    status = ward_wal_examine(source->path, source->ret_damage);
    if (status == WARD_OK && source->ret_damage->is_found) {
        ward_log(WARD_LOG_INFO, "store.unfinished_write", WARD_LOG_STR("log_of", source->path),
                 WARD_LOG_NUM("offset", source->ret_damage->offset));
    }
    return status;
}

static enum ward_status connect_to(const struct ward_sql_source *source, bool is_writer,
                                   struct ward_sql_connection **ret)
{
    enum ward_status status = is_memory(source) || !is_writer ? WARD_OK : examine_files(source);
    if (status != WARD_OK) {
        return status;
    }
    struct connection *c = ward_alloc(sizeof *c);
    if (!c) {
        return WARD_NO_MEMORY;
    }
    c->common.driver = &ward_sqlite_driver;
    c->is_writer = is_writer;
    c->is_memory = is_memory(source);
    status = open_connection(c, source->path);
    if (status != WARD_OK) {
        if (c->common.damage.is_found) {
            *source->ret_damage = c->common.damage;
        }
        disconnect(&c->common);
        return status;
    }
    *ret = &c->common;
    return WARD_OK;
}

const struct ward_sql_driver ward_sqlite_driver = {
    .name = "sqlite",
    .has_readers = has_readers,
    .connect = connect_to,
    .disconnect = disconnect,
    .has_table = has_table,
    .is_empty = is_empty,
    .run = run,
    .begin = begin,
    .commit = commit,
    .rollback = rollback,
    .rows_written = rows_written,
    .in_transaction = in_transaction,
    .maintain = maintain,
    .backup = backup,
    .check = check,
    .protect = protect,
    .prepare = prepare,
    .finalize = finalize,
    .bind_text = bind_text,
    .bind_bytes = bind_bytes,
    .bind_int = bind_int,
    .bind_null = bind_null,
    .step = step,
    .text = bytes,
    .bytes = bytes,
    .integer = integer,
    .is_null = is_null,
    .changes = changes,
    .reset = reset,
};

/* SQLite's own account of its memory is behind one lock that every allocation takes; nobody asks for it. Before
 * anything else of SQLite runs; later it would be refused, and do no harm. */
static void set_up_library(void)
{
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

enum ward_status ward_store_open_sqlite(const struct ward_store_options *options, struct ward_store **ret)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    if (sqlite3_threadsafe() == 0 || pthread_once(&once, set_up_library) != 0) {
        return WARD_INTERNAL;
    }
    return ward_store_open(&ward_sqlite_driver, options, ret);
}
