/* Keys: the row and one entry for each environment. */
#include "store/object_rows.h"

#define KEY_COLUMNS                                                                                                    \
    "SELECT t.id, t.project_id, t.account_id, " WARD_ROW_SCOPE_COLUMNS ", t.name, t.description, t.type, t.algorithm," \
    " t.version, t.created_by, t.created_by_type, t.changed_by, t.changed_by_type, t.created_ms, t.updated_ms"
#define KEY_SELECT KEY_COLUMNS " FROM crypto_key t" WARD_ROW_SCOPE_JOIN

static bool read_algorithm(struct ward_sql *q, int column, enum ward_key_algorithm *ret)
{
    *ret = WARD_KEY_ALGORITHM_NONE;
    return ward_sql_is_null(q, column) || ward_key_algorithm_parse(ward_sql_text(q, column), ret);
}

static bool read_key(struct ward_sql *q, struct ward_crypto_key *ret)
{
    *ret = (struct ward_crypto_key){
        .is_scope_active = ward_row_scope(q, 3),
        .name = ward_sql_text(q, 5),
        .description = ward_sql_text(q, 6),
        .version = ward_sql_int(q, 9),
    };
    return ward_row_object_id(q, 0, &ret->id) && ward_row_uuid(q, 1, &ret->project_id) &&
           ward_row_uuid(q, 2, &ret->account_id) && ward_key_type_parse(ward_sql_text(q, 7), &ret->type) &&
           read_algorithm(q, 8, &ret->algorithm) && ward_row_provenance(q, 10, &ret->provenance);
}

static bool read_entry(struct ward_sql *q, struct ward_crypto_key_entry *ret)
{
    *ret = (struct ward_crypto_key_entry){
        .environment_name = ward_sql_text(q, 1),
        .alias = ward_sql_text(q, 2),
        .sealed = ward_sql_bytes(q, 3),
        .content_version = ward_sql_int(q, 4),
        .is_material = ward_sql_int(q, 5) == 1,
    };
    return ward_row_object_id(q, 0, &ret->environment_id) && ret->environment_name.data && ret->sealed.data;
}

static enum ward_status read_entries(struct ward_store_session *s, struct ward_pool *pool, struct ward_crypto_key *key)
{
    WARD_SQL *q = ward_sql_prepare(s, "SELECT e.environment_id, n.name, e.alias, e.sealed, e.content_version,"
                                      " e.is_material FROM crypto_key_entry e LEFT JOIN environment n"
                                      " ON n.id = e.environment_id WHERE e.key_id = ? ORDER BY n.name");
    ward_row_bind_object_id(q, 1, &key->id);
    struct ward_crypto_key_entry *entries = NULL;
    size_t count = 0;
    enum ward_sql_step step;
    while ((step = ward_sql_step(q)) == WARD_SQL_ROW) {
        entries = ward_row_grow(pool, entries, count, sizeof(*entries));
        if (!entries) {
            return WARD_NO_MEMORY;
        }
        struct ward_crypto_key_entry *entry = &entries[count++];
        if (!read_entry(q, entry)) {
            return ward_row_bad(s, "crypto_key_entry");
        }
        struct ward_span *const spans[] = { &entry->environment_name, &entry->alias, &entry->sealed };
        enum ward_status status = ward_row_keep(pool, spans, sizeof(spans) / sizeof(*spans));
        if (status != WARD_OK) {
            return status;
        }
    }
    key->entries = entries;
    key->entry_count = count;
    return ward_row_end(s, step);
}

static enum ward_status keep_key(struct ward_store_session *s, struct ward_sql *q, struct ward_pool *pool,
                                 struct ward_crypto_key *ret)
{
    struct ward_crypto_key key;
    if (!read_key(q, &key)) {
        return ward_row_bad(s, "crypto_key");
    }
    enum ward_status status = ward_row_keep(pool, (struct ward_span *const[]){ &key.name, &key.description }, 2);
    if (status == WARD_OK) {
        status = read_entries(s, pool, &key);
    }
    if (status == WARD_OK) {
        *ret = key;
    }
    return status;
}

static enum ward_status visit_keys(struct ward_store_session *s, struct ward_sql *q, ward_crypto_key_visit visit,
                                   void *arg)
{
    WARD_POOL pool = ward_pool_new(WARD_OBJECT_POOL_MAX);
    enum ward_sql_step step;
    while ((step = ward_sql_step(q)) == WARD_SQL_ROW) {
        struct ward_crypto_key key;
        ward_pool_reset(&pool);
        enum ward_status status = keep_key(s, q, &pool, &key);
        if (status == WARD_OK) {
            status = visit(&key, arg);
        }
        if (status != WARD_OK) {
            return status;
        }
    }
    return ward_row_end(s, step);
}

/* ---- writing ---- */

static enum ward_status put_entry(struct ward_store_session *s, const struct ward_crypto_key *key,
                                  const struct ward_crypto_key_entry *entry)
{
    if (!entry->sealed.data) {
        return WARD_INVALID;
    }
    enum ward_status status = ward_row_need_environment(s, &entry->environment_id);
    if (status != WARD_OK) {
        return status;
    }
    WARD_SQL *q = ward_sql_prepare(
        s, "INSERT INTO crypto_key_entry (key_id, environment_id, alias, sealed, content_version, is_material)"
           " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (key_id, environment_id) DO UPDATE SET alias = excluded.alias,"
           " sealed = excluded.sealed, content_version = excluded.content_version,"
           " is_material = excluded.is_material");
    ward_row_bind_object_id(q, 1, &key->id);
    ward_row_bind_object_id(q, 2, &entry->environment_id);
    ward_sql_bind_text(q, 3, entry->alias);
    ward_sql_bind_bytes(q, 4, entry->sealed);
    ward_sql_bind_int(q, 5, entry->content_version);
    ward_sql_bind_int(q, 6, entry->is_material);
    return ward_row_run_one(s, q);
}

static enum ward_status put_entries(struct ward_store_session *s, const struct ward_crypto_key *key)
{
    enum ward_status status = WARD_OK;
    for (size_t i = 0; status == WARD_OK && i < key->entry_count; i++) {
        status = put_entry(s, key, &key->entries[i]);
    }
    return status;
}

static enum ward_status delete_entry(struct ward_store_session *s, const struct ward_object_id *key,
                                     const struct ward_object_id *environment)
{
    WARD_SQL *q = ward_sql_prepare(s, "DELETE FROM crypto_key_entry WHERE key_id = ? AND environment_id = ?");
    ward_row_bind_object_id(q, 1, key);
    ward_row_bind_object_id(q, 2, environment);
    return ward_row_run_one(s, q);
}

/* Delete the entries of environments that the key has no more. */
static enum ward_status drop_entries(struct ward_store_session *s, const struct ward_crypto_key *key)
{
    WARD_POOL pool = ward_pool_new(WARD_OBJECT_POOL_MAX);
    struct ward_crypto_key stored = { .id = key->id };
    enum ward_status status = read_entries(s, &pool, &stored);
    for (size_t i = 0; status == WARD_OK && i < stored.entry_count; i++) {
        const struct ward_object_id *environment = &stored.entries[i].environment_id;
        if (!ward_crypto_key_entry_of(key, environment)) {
            status = delete_entry(s, &key->id, environment);
        }
    }
    return status;
}

#define KEY_SHARED_COUNT 10
static void bind_key(struct ward_sql *q, int index, const struct ward_crypto_key *key)
{
    ward_sql_bind_text(q, index, key->name);
    ward_sql_bind_text(q, index + 1, key->description);
    ward_row_bind_name(q, index + 2, ward_key_type_name(key->type));
    ward_row_bind_name(q, index + 3, ward_key_algorithm_name(key->algorithm));
    ward_row_bind_provenance(q, index + 4, &key->provenance);
}

enum ward_status ward_store_crypto_key_insert(struct ward_store_session *s, const struct ward_crypto_key *key)
{
    enum ward_status status = ward_row_need_project(s, &key->project_id, &key->account_id);
    if (status != WARD_OK) {
        return status;
    }
    WARD_SQL *q = ward_sql_prepare(
        s, "INSERT INTO crypto_key (name, description, type, algorithm, created_by, created_by_type, changed_by,"
           " changed_by_type, created_ms, updated_ms, id, project_id, account_id, version)"
           " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING");
    bind_key(q, 1, key);
    ward_row_bind_object_id(q, KEY_SHARED_COUNT + 1, &key->id);
    ward_row_bind_uuid(q, KEY_SHARED_COUNT + 2, &key->project_id);
    ward_row_bind_uuid(q, KEY_SHARED_COUNT + 3, &key->account_id);
    ward_sql_bind_int(q, KEY_SHARED_COUNT + 4, key->version);
    status = ward_row_run_one(s, q);
    return status == WARD_OK ? put_entries(s, key) : status;
}

static enum ward_status check_name(struct ward_store_session *s, const struct ward_crypto_key *key)
{
    WARD_SQL *q = ward_sql_prepare(s, "SELECT 1 FROM crypto_key WHERE project_id = ? AND name = ? AND id <> ?");
    ward_row_bind_uuid(q, 1, &key->project_id);
    ward_sql_bind_text(q, 2, key->name);
    ward_row_bind_object_id(q, 3, &key->id);
    return ward_row_need_none(s, q);
}

enum ward_status ward_store_crypto_key_update(struct ward_store_session *s, const struct ward_crypto_key *key)
{
    enum ward_status status = check_name(s, key);
    if (status != WARD_OK) {
        return status;
    }
    WARD_SQL *q = ward_sql_prepare(
        s, "UPDATE crypto_key SET name = ?, description = ?, type = ?, algorithm = ?, created_by = ?,"
           " created_by_type = ?, changed_by = ?, changed_by_type = ?, created_ms = ?, updated_ms = ?,"
           " version = version + 1 WHERE id = ? AND version = ?");
    bind_key(q, 1, key);
    ward_row_bind_object_id(q, KEY_SHARED_COUNT + 1, &key->id);
    ward_sql_bind_int(q, KEY_SHARED_COUNT + 2, key->version);
    status = ward_row_run_one(s, q);
    if (status == WARD_OK) {
        status = drop_entries(s, key);
    }
    return status == WARD_OK ? put_entries(s, key) : status;
}

static enum ward_status check_version(struct ward_store_session *s, const struct ward_crypto_key *key)
{
    WARD_SQL *q = ward_sql_prepare(s, "SELECT 1 FROM crypto_key WHERE id = ? AND version = ?");
    ward_row_bind_object_id(q, 1, &key->id);
    ward_sql_bind_int(q, 2, key->version);
    return ward_row_need_one(s, q);
}

enum ward_status ward_store_crypto_key_remove(struct ward_store_session *s, const struct ward_crypto_key *key)
{
    enum ward_status status = check_version(s, key);
    if (status != WARD_OK) {
        return status;
    }
    WARD_SQL *entries = ward_sql_prepare(s, "DELETE FROM crypto_key_entry WHERE key_id = ?");
    ward_row_bind_object_id(entries, 1, &key->id);
    status = ward_row_run(s, entries);
    if (status != WARD_OK) {
        return status;
    }
    WARD_SQL *q = ward_sql_prepare(s, "DELETE FROM crypto_key WHERE id = ?");
    ward_row_bind_object_id(q, 1, &key->id);
    return ward_row_run_one(s, q);
}

/* ---- reading ---- */

enum ward_status ward_store_crypto_key_get(struct ward_store_session *s, const struct ward_object_id *id,
                                           struct ward_pool *pool, struct ward_crypto_key *ret)
{
    WARD_SQL *q = ward_sql_prepare(s, KEY_SELECT " WHERE t.id = ?");
    ward_row_bind_object_id(q, 1, id);
    enum ward_status status = ward_row_first(s, q);
    return status == WARD_OK ? keep_key(s, q, pool, ret) : status;
}

enum ward_status ward_store_crypto_key_find(struct ward_store_session *s, const struct ward_uuid *project,
                                            struct ward_span name, struct ward_pool *pool, struct ward_crypto_key *ret)
{
    WARD_SQL *q = ward_sql_prepare(s, KEY_SELECT " WHERE t.project_id = ? AND t.name = ?");
    ward_row_bind_uuid(q, 1, project);
    ward_sql_bind_text(q, 2, name);
    enum ward_status status = ward_row_first(s, q);
    return status == WARD_OK ? keep_key(s, q, pool, ret) : status;
}

enum ward_status ward_store_crypto_key_list(struct ward_store_session *s, const struct ward_uuid *project,
                                            struct ward_span after, size_t max, ward_crypto_key_visit visit, void *arg)
{
    WARD_SQL *q = ward_sql_prepare(s, KEY_SELECT " WHERE t.project_id = ? AND t.name > ? ORDER BY t.name LIMIT ?");
    ward_row_bind_uuid(q, 1, project);
    ward_row_bind_after(q, 2, after, max);
    return visit_keys(s, q, visit, arg);
}

enum ward_status ward_store_crypto_key_walk(struct ward_store_session *s, const struct ward_object_id *environment,
                                            const struct ward_object_id *after, size_t max, ward_crypto_key_visit visit,
                                            void *arg)
{
    static const char all[] = KEY_SELECT " WHERE t.id > ? ORDER BY t.id LIMIT ?";
    static const char of_environment[] = KEY_COLUMNS
        " FROM crypto_key_entry e JOIN crypto_key t ON t.id = e.key_id" WARD_ROW_SCOPE_JOIN
        " WHERE e.environment_id = ? AND e.key_id > ? ORDER BY e.key_id LIMIT ?";
    WARD_SQL *q = ward_sql_prepare(s, environment ? of_environment : all);
    int index = 1;
    if (environment) {
        ward_row_bind_object_id(q, index++, environment);
    }
    ward_row_bind_after(q, index, ward_row_after_id(after), max);
    return visit_keys(s, q, visit, arg);
}
