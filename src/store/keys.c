/*
 * API keys and their values.
 *
 * A value belongs to one key at a time, in all projects: api_key_value holds its lookup for as long as the key has it,
 * disabled and removed keys included. A value that its key gave up (renamed or rotated away) is free again.
 * An operator's access key is looked up with the same hash, so no API key may take its value either.
 */
#include "base/limits.h"
#include "base/utf8.h"
#include "store/gateway_rows.h"
#include "store/session.h"

/* ---- reading ---- */

#define KEY_COLUMNS                                                                                                    \
    "k.id, k.project_id, k.account_id, p.env, p.is_active, a.is_active, k.name, k.description, k.metadata,"            \
    " k.custom_account_id, k.custom_user_id, k.creation_context, k.allowed_domains, k.is_enabled, k.is_removed,"       \
    " k.expires_ms, k.rate_limit, k.rate_limit_ttl_s, k.first_used_ms, k.created_ms, k.updated_ms, k.version,"         \
    " v0.lookup, v0.sealed, v0.version, v1.lookup, v1.sealed, v1.version, k.changed_by, k.changed_by_type"

/* Outer joins throughout: a key without its project is an integrity alarm, not a key that is silently missing; and a
 * planner may not turn the walk round and lose the index order. */
#define KEY_JOINS                                                                                                      \
    " LEFT JOIN project p ON p.id = k.project_id LEFT JOIN account a ON a.id = p.account_id"                           \
    " LEFT JOIN api_key_value v0 ON v0.key_number = k.number AND v0.slot = 0"                                          \
    " LEFT JOIN api_key_value v1 ON v1.key_number = k.number AND v1.slot = 1"

#define KEY_SELECT "SELECT " KEY_COLUMNS " FROM api_key k" KEY_JOINS
enum { KEY_COLUMN_COUNT = 30 };

static bool read_value(struct ward_sql *q, int column, enum ward_key_slot slot, struct ward_api_key *ret)
{
    ret->lookups[slot] = ward_sql_bytes(q, column);
    ret->sealed[slot] = ward_sql_bytes(q, column + 1);
    ret->value_versions[slot] = ward_sql_int(q, column + 2);
    return !ret->lookups[slot].data || ret->lookups[slot].size == WARD_LOOKUP_BYTES;
}

static bool read_changed_by(struct ward_sql *q, int column, struct ward_api_key *ret)
{
    struct ward_span type = ward_sql_text(q, column + 1);
    return ward_row_uuid(q, column, &ret->changed_by) &&
           (!type.data || ward_actor_type_parse(type, &ret->changed_by_type));
}

/* The spans are the statement's own until its next step. */
static bool read_key(struct ward_sql *q, struct ward_api_key *ret)
{
    *ret = (struct ward_api_key){
        .is_project_active = ward_sql_int(q, 4) == 1 && ward_sql_int(q, 5) == 1,
        .name = ward_sql_text(q, 6),
        .description = ward_sql_text(q, 7),
        .metadata = ward_sql_text(q, 8),
        .custom_account_id = ward_sql_text(q, 9),
        .custom_user_id = ward_sql_text(q, 10),
        .creation_context = ward_sql_text(q, 11),
        .allowed_domains = ward_sql_text(q, 12),
        .is_enabled = ward_sql_int(q, 13) == 1,
        .is_removed = ward_sql_int(q, 14) != 0,
        .expires_ms = ward_row_time(q, 15),
        .rate_limit = { ward_sql_int(q, 16), ward_sql_int(q, 17) },
        .first_used_ms = ward_row_time(q, 18),
        .created_ms = ward_sql_int(q, 19),
        .updated_ms = ward_sql_int(q, 20),
        .version = ward_sql_int(q, 21),
    };
    return ward_key_id_parse(ward_sql_text(q, 0), &ret->id) && ward_row_uuid(q, 1, &ret->project_id) &&
           ward_row_uuid(q, 2, &ret->account_id) && ward_env_parse(ward_sql_text(q, 3), &ret->env) &&
           read_value(q, 22, WARD_SLOT_PRIMARY, ret) && read_value(q, 25, WARD_SLOT_SECONDARY, ret) &&
           read_changed_by(q, 28, ret);
}

static enum ward_status keep_key(struct ward_store_session *s, struct ward_sql *q, struct ward_pool *pool,
                                 struct ward_api_key *ret)
{
    struct ward_api_key key;
    if (!read_key(q, &key)) {
        return ward_row_bad(s, "api_key");
    }
    struct ward_span *spans[] = {
        &key.name,           &key.description,      &key.metadata,        &key.custom_account_id,
        &key.custom_user_id, &key.creation_context, &key.allowed_domains, &key.sealed[0],
        &key.sealed[1],      &key.lookups[0],       &key.lookups[1]
    };
    for (size_t i = 0; i < sizeof spans / sizeof *spans; i++) {
        bool was_there = spans[i]->data != NULL;
        *spans[i] = ward_pool_copy(pool, *spans[i]);
        if (was_there && !spans[i]->data) {
            return WARD_NO_MEMORY;
        }
    }
    *ret = key;
    return WARD_OK;
}

enum ward_status ward_store_key_get(struct ward_store_session *s, const struct ward_key_id *id, struct ward_pool *pool,
                                    struct ward_api_key *ret)
{
    WARD_SQL *q = ward_sql_prepare(s, KEY_SELECT " WHERE k.id = ?");
    ward_sql_bind_text(q, 1, ward_span(id->text, WARD_KEY_ID_CHARS));
    enum ward_status status = ward_row_first(s, q);
    return status == WARD_OK ? keep_key(s, q, pool, ret) : status;
}

enum ward_status ward_store_key_exists(struct ward_store_session *s, const struct ward_key_id *id)
{
    WARD_SQL *q = ward_sql_prepare(s, "SELECT 1 FROM api_key WHERE id = ?");
    ward_sql_bind_text(q, 1, ward_span(id->text, WARD_KEY_ID_CHARS));
    return ward_row_first(s, q);
}

static void bind_lookup(struct ward_sql *q, int index, const void *lookup)
{
    ward_sql_bind_bytes(q, index, ward_span(lookup, WARD_LOOKUP_BYTES));
}

enum ward_status ward_store_key_find(struct ward_store_session *s, const struct ward_lookup *lookup,
                                     struct ward_pool *pool, struct ward_api_key *ret, enum ward_key_slot *ret_slot)
{
    WARD_SQL *q = ward_sql_prepare(s, "SELECT " KEY_COLUMNS ", v.slot FROM api_key_value v"
                                      " JOIN api_key k ON k.number = v.key_number" KEY_JOINS
                                      " WHERE v.lookup = ? AND k.is_removed = 0");
    bind_lookup(q, 1, lookup->bytes);
    enum ward_status status = ward_row_first(s, q);
    if (status != WARD_OK) {
        return status;
    }
    int64_t slot = ward_sql_int(q, KEY_COLUMN_COUNT);
    if (slot < 0 || slot >= WARD_SLOT_COUNT) {
        return ward_row_bad(s, "api_key_value");
    }
    status = keep_key(s, q, pool, ret);
    if (status == WARD_OK) {
        *ret_slot = (enum ward_key_slot)slot;
    }
    return status;
}

/* ---- writing ---- */

/* Keys are numbered in the order of their creation, for the database alone: rows that come together lie together. */
#define KEY_NUMBER "(SELECT number FROM api_key WHERE id = ?)"

/* OK when the lookup is free or belongs to this key; CONFLICT otherwise. */
static enum ward_status check_lookup_free(struct ward_store_session *s, struct ward_span lookup,
                                          const struct ward_key_id *id)
{
    WARD_SQL *q = ward_sql_prepare(s, "SELECT 1 FROM api_key_value v JOIN api_key k ON k.number = v.key_number"
                                      " WHERE v.lookup = ? AND k.id <> ?"
                                      " UNION ALL SELECT 1 FROM credential WHERE lookup = ?");
    bind_lookup(q, 1, lookup.data);
    ward_sql_bind_text(q, 2, ward_span(id->text, WARD_KEY_ID_CHARS));
    bind_lookup(q, 3, lookup.data);
    enum ward_status status = ward_row_first(s, q);
    if (status == WARD_OK) {
        return WARD_CONFLICT;
    }
    return status == WARD_NOT_FOUND ? WARD_OK : status;
}

/* A key's values are whole (lookup and blob, or neither), free, and not the same twice. */
static enum ward_status check_values(struct ward_store_session *s, const struct ward_api_key *key)
{
    for (int slot = 0; slot < WARD_SLOT_COUNT; slot++) {
        struct ward_span lookup = key->lookups[slot];
        if (!lookup.data != !key->sealed[slot].data || (lookup.data && lookup.size != WARD_LOOKUP_BYTES)) {
            return WARD_INVALID;
        }
        enum ward_status status = lookup.data ? check_lookup_free(s, lookup, &key->id) : WARD_OK;
        if (status != WARD_OK) {
            return status;
        }
    }
    const struct ward_span *lookups = key->lookups;
    bool is_twice = lookups[0].data && lookups[1].data && ward_span_equal(lookups[0], lookups[1]);
    return is_twice ? WARD_CONFLICT : WARD_OK;
}

/* The number of a new key: one that is taken by a write which fails stays free. */
static enum ward_status take_number(struct ward_store_session *s, int64_t *ret)
{
    if (!ward_sql_is_writable(s)) {
        return WARD_INTERNAL;
    }
    if (s->batch->next_key == 0) {
        WARD_SQL *q = ward_sql_prepare(s, "SELECT coalesce(max(number), 0) + 1 FROM api_key");
        enum ward_status status = ward_row_first(s, q);
        if (status != WARD_OK) {
            return status;
        }
        s->batch->next_key = ward_sql_int(q, 0);
    }
    *ret = s->batch->next_key++;
    return WARD_OK;
}

static enum ward_status find_number(struct ward_store_session *s, const struct ward_key_id *id, int64_t *ret)
{
    WARD_SQL *q = ward_sql_prepare(s, "SELECT number FROM api_key WHERE id = ?");
    ward_sql_bind_text(q, 1, ward_span(id->text, WARD_KEY_ID_CHARS));
    enum ward_status status = ward_row_first(s, q);
    if (status == WARD_OK) {
        *ret = ward_sql_int(q, 0);
    }
    return status;
}

static enum ward_status insert_value(struct ward_store_session *s, int64_t number, const struct ward_api_key *key,
                                     int slot)
{
    WARD_SQL *q = ward_sql_prepare(s, "INSERT INTO api_key_value (key_number, slot, lookup, sealed, version)"
                                      " VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING");
    ward_sql_bind_int(q, 1, number);
    ward_sql_bind_int(q, 2, slot);
    bind_lookup(q, 3, key->lookups[slot].data);
    ward_sql_bind_bytes(q, 4, key->sealed[slot]);
    ward_sql_bind_int(q, 5, key->value_versions[slot]);
    return ward_row_run_one(s, q);
}

static enum ward_status delete_values(struct ward_store_session *s, int64_t number)
{
    WARD_SQL *q = ward_sql_prepare(s, "DELETE FROM api_key_value WHERE key_number = ?");
    ward_sql_bind_int(q, 1, number);
    return ward_row_run(s, q);
}

static enum ward_status insert_values(struct ward_store_session *s, int64_t number, const struct ward_api_key *key)
{
    for (int slot = 0; slot < WARD_SLOT_COUNT; slot++) {
        enum ward_status status = key->lookups[slot].data ? insert_value(s, number, key, slot) : WARD_OK;
        if (status != WARD_OK) {
            return status;
        }
    }
    return WARD_OK;
}

static struct ward_span or_default(struct ward_span text, struct ward_span default_text)
{
    return text.data ? text : default_text;
}

/* The columns that insert and update share. */
#define KEY_SHARED                                                                                                     \
    "name, name_folded, description, metadata, custom_account_id, custom_user_id, creation_context, allowed_domains,"  \
    " is_enabled, is_removed, expires_ms, rate_limit, rate_limit_ttl_s, first_used_ms, created_ms, updated_ms,"        \
    " changed_by, changed_by_type"
enum { KEY_SHARED_COUNT = 18 };

static enum ward_status bind_shared(struct ward_sql *q, int index, const struct ward_api_key *key)
{
    WARD_BUFFER folded = ward_buffer_new(8 * WARD_NAME_MAX + 64);
    enum ward_status status = ward_utf8_lower(key->name, &folded);
    if (status != WARD_OK) {
        return status;
    }
    ward_sql_bind_text(q, index, key->name);
    ward_sql_bind_text(q, index + 1, ward_buffer_span(&folded));
    ward_sql_bind_text(q, index + 2, or_default(key->description, WARD_SPAN("")));
    ward_sql_bind_text(q, index + 3, or_default(key->metadata, WARD_SPAN("{}")));
    ward_sql_bind_text(q, index + 4, key->custom_account_id);
    ward_sql_bind_text(q, index + 5, key->custom_user_id);
    ward_sql_bind_text(q, index + 6, or_default(key->creation_context, WARD_SPAN("{}")));
    ward_sql_bind_text(q, index + 7, key->allowed_domains);
    ward_sql_bind_int(q, index + 8, key->is_enabled);
    ward_sql_bind_int(q, index + 9, key->is_removed);
    ward_row_bind_time(q, index + 10, key->expires_ms);
    ward_sql_bind_int(q, index + 11, key->rate_limit.limit);
    ward_sql_bind_int(q, index + 12, key->rate_limit.ttl_s);
    ward_row_bind_time(q, index + 13, key->first_used_ms);
    ward_sql_bind_int(q, index + 14, key->created_ms);
    ward_sql_bind_int(q, index + 15, key->updated_ms);
    ward_row_bind_uuid(q, index + 16, &key->changed_by);
    ward_row_bind_name(q, index + 17, ward_actor_type_name(key->changed_by_type));
    return WARD_OK;
}

static enum ward_status insert_key(struct ward_store_session *s, int64_t number, const struct ward_api_key *key,
                                   const struct ward_uuid *account)
{
    WARD_SQL *q = ward_sql_prepare(s, "INSERT INTO api_key (number, id, project_id, account_id, version, " KEY_SHARED
                                      ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
                                      " ON CONFLICT DO NOTHING");
    ward_sql_bind_int(q, 1, number);
    ward_sql_bind_text(q, 2, ward_span(key->id.text, WARD_KEY_ID_CHARS));
    ward_row_bind_uuid(q, 3, &key->project_id);
    ward_row_bind_uuid(q, 4, account);
    ward_sql_bind_int(q, 5, key->version);
    enum ward_status status = bind_shared(q, 6, key);
    return status == WARD_OK ? ward_row_run_one(s, q) : status;
}

/* The key's account is its project's, whatever the caller filled in: the two can never disagree. */
static enum ward_status project_account(struct ward_store_session *s, const struct ward_uuid *id, struct ward_uuid *ret)
{
    struct ward_batch *batch = s->batch;
    if (batch && batch->has_home && ward_uuid_equal(&batch->home, id)) {
        *ret = batch->home_account;
        return WARD_OK;
    }
    WARD_SQL *q = ward_sql_prepare(s, "SELECT account_id FROM project WHERE id = ?");
    ward_row_bind_uuid(q, 1, id);
    enum ward_status status = ward_row_first(s, q);
    if (status == WARD_OK && !ward_row_uuid(q, 0, ret)) {
        return ward_row_bad(s, "project");
    }
    if (status == WARD_OK && batch) {
        batch->has_home = true;
        batch->home = *id;
        batch->home_account = *ret;
    }
    return status;
}

/* Past the checks nothing should be refused. If it is, the rows are half written: the session must not commit, whatever
 * its work makes of our answer. */
static enum ward_status must_succeed(struct ward_store_session *s, enum ward_status status)
{
    if (status != WARD_OK) {
        ward_sql_doom(s, status);
    }
    return status;
}

enum ward_status ward_store_key_insert(struct ward_store_session *s, const struct ward_api_key *key)
{
    struct ward_uuid account;
    enum ward_status status = project_account(s, &key->project_id, &account);
    if (status == WARD_OK) {
        status = check_values(s, key);
    }
    int64_t number = 0;
    if (status == WARD_OK) {
        status = take_number(s, &number);
    }
    if (status == WARD_OK) {
        status = insert_key(s, number, key, &account);
    }
    if (status != WARD_OK) {
        return status;
    }
    return must_succeed(s, insert_values(s, number, key));
}

static enum ward_status update_key(struct ward_store_session *s, const struct ward_api_key *key)
{
    WARD_SQL *q = ward_sql_prepare(
        s, "UPDATE api_key SET name = ?, name_folded = ?, description = ?, metadata = ?, custom_account_id = ?,"
           " custom_user_id = ?, creation_context = ?, allowed_domains = ?, is_enabled = ?, is_removed = ?,"
           " expires_ms = ?, rate_limit = ?, rate_limit_ttl_s = ?, first_used_ms = ?, created_ms = ?, updated_ms = ?,"
           " changed_by = ?, changed_by_type = ?, version = version + 1 WHERE id = ? AND version = ?");
    enum ward_status status = bind_shared(q, 1, key);
    if (status != WARD_OK) {
        return status;
    }
    ward_sql_bind_text(q, 1 + KEY_SHARED_COUNT, ward_span(key->id.text, WARD_KEY_ID_CHARS));
    ward_sql_bind_int(q, 2 + KEY_SHARED_COUNT, key->version);
    return ward_row_run_one(s, q);
}

static bool same_value(struct ward_sql *q, const struct ward_api_key *key)
{
    int64_t slot = ward_sql_int(q, 0);
    return slot >= 0 && slot < WARD_SLOT_COUNT && ward_span_equal(ward_sql_bytes(q, 1), key->lookups[slot]) &&
           ward_span_equal(ward_sql_bytes(q, 2), key->sealed[slot]) && ward_sql_int(q, 3) == key->value_versions[slot];
}

/* Most updates leave the values alone: tell without writing. */
static enum ward_status values_changed(struct ward_store_session *s, const struct ward_api_key *key, bool *ret)
{
    int expected = (key->lookups[0].data != NULL) + (key->lookups[1].data != NULL);
    int same = 0, found = 0;
    WARD_SQL *q = ward_sql_prepare(s, "SELECT slot, lookup, sealed, version FROM api_key_value"
                                      " WHERE key_number = " KEY_NUMBER);
    ward_sql_bind_text(q, 1, ward_span(key->id.text, WARD_KEY_ID_CHARS));
    enum ward_sql_step step;
    while ((step = ward_sql_step(q)) == WARD_SQL_ROW) {
        found++;
        same += same_value(q, key);
    }
    *ret = found != expected || same != expected;
    return ward_row_end(s, step);
}

/* All go before any comes, so that two values may change places. */
static enum ward_status replace_values(struct ward_store_session *s, const struct ward_api_key *key)
{
    int64_t number = 0;
    enum ward_status status = find_number(s, &key->id, &number);
    if (status == WARD_OK) {
        status = delete_values(s, number);
    }
    return status == WARD_OK ? insert_values(s, number, key) : status;
}

enum ward_status ward_store_key_update(struct ward_store_session *s, const struct ward_api_key *key)
{
    bool has_changed = false;
    enum ward_status status = ward_store_key_exists(s, &key->id);
    if (status == WARD_OK) {
        status = values_changed(s, key, &has_changed);
    }
    if (status == WARD_OK && has_changed) {
        status = check_values(s, key);
    }
    if (status == WARD_OK) {
        status = update_key(s, key);
    }
    if (status != WARD_OK || !has_changed) {
        return status;
    }
    return must_succeed(s, replace_values(s, key));
}

/* ---- lists ---- */

/*
 * A list begins with what one index answers; the whole filter stands behind it, the same for all. One text for each
 * way in, because no planner uses an index for "any, or equal".
 */
#define KEY_FILTER                                                                                                     \
    " AND k.is_removed = 0 AND (? = 0 OR k.account_id = ?) AND (? = 0 OR k.name_folded = ?)"                           \
    " AND (? = 0 OR (? = 1 AND k.custom_account_id = ?) OR (? = 2 AND k.custom_account_id IS NULL))"                   \
    " AND (? = 0 OR (? = 1 AND k.custom_user_id = ?) OR (? = 2 AND k.custom_user_id IS NULL))"                         \
    " AND (? = 0 OR ? = CASE WHEN k.is_enabled = 1 AND (k.expires_ms IS NULL OR k.expires_ms > ?) THEN 1 ELSE 2 END)"
#define OLDEST_FIRST " ORDER BY k.created_ms"
#define IN_PROJECT   KEY_SELECT " WHERE k.project_id = ?"
/* An account has few projects: look into each by its own index, then sort the matches. */
#define IN_ACCOUNT                                                                                                     \
    "SELECT " KEY_COLUMNS " FROM project o JOIN api_key k ON k.project_id = o.id" KEY_JOINS " WHERE o.account_id = ?"

enum key_scope { SCOPE_ALL, SCOPE_ACCOUNT, SCOPE_PROJECT, SCOPE_COUNT };
enum key_index { INDEX_CREATED, INDEX_CUSTOM_USER, INDEX_CUSTOM_ACCOUNT, INDEX_NAME, INDEX_COUNT };

/* All keys of all accounts are walked as they lie: whoever asks wants the most of them. */
static const char all_keys[] = KEY_SELECT " WHERE 1 = 1" KEY_FILTER " ORDER BY k.number";

static const char *const key_lists[SCOPE_COUNT][INDEX_COUNT] = {
    [SCOPE_ALL] = { all_keys, all_keys, all_keys, all_keys },
    [SCOPE_ACCOUNT] = { [INDEX_CREATED] = IN_ACCOUNT KEY_FILTER OLDEST_FIRST,
                        [INDEX_CUSTOM_USER] = IN_ACCOUNT " AND k.custom_user_id = ?" KEY_FILTER OLDEST_FIRST,
                        [INDEX_CUSTOM_ACCOUNT] = IN_ACCOUNT " AND k.custom_account_id = ?" KEY_FILTER OLDEST_FIRST,
                        [INDEX_NAME] = IN_ACCOUNT " AND k.name_folded = ?" KEY_FILTER OLDEST_FIRST },
    [SCOPE_PROJECT] = { [INDEX_CREATED] = IN_PROJECT KEY_FILTER OLDEST_FIRST,
                        [INDEX_CUSTOM_USER] = IN_PROJECT " AND k.custom_user_id = ?" KEY_FILTER OLDEST_FIRST,
                        [INDEX_CUSTOM_ACCOUNT] = IN_PROJECT " AND k.custom_account_id = ?" KEY_FILTER OLDEST_FIRST,
                        [INDEX_NAME] = IN_PROJECT " AND k.name_folded = ?" KEY_FILTER OLDEST_FIRST },
};

static enum key_scope filter_scope(const struct ward_key_filter *filter)
{
    if (!ward_uuid_is_nil(&filter->project_id)) {
        return SCOPE_PROJECT;
    }
    return ward_uuid_is_nil(&filter->account_id) ? SCOPE_ALL : SCOPE_ACCOUNT;
}

/* The narrowest way in: a user has fewer keys than a customer's account, and both fewer than a common name may have. */
static enum key_index filter_index(const struct ward_key_filter *filter, struct ward_span *ret_value)
{
    if (filter->user_filter == WARD_FILTER_EQUAL) {
        *ret_value = filter->custom_user_id;
        return INDEX_CUSTOM_USER;
    }
    if (filter->account_filter == WARD_FILTER_EQUAL) {
        *ret_value = filter->custom_account_id;
        return INDEX_CUSTOM_ACCOUNT;
    }
    *ret_value = filter->name_folded;
    return filter->name_folded.data ? INDEX_NAME : INDEX_CREATED;
}

static int bind_text_filter(struct ward_sql *q, int index, enum ward_filter_text filter, struct ward_span value)
{
    ward_sql_bind_int(q, index, filter);
    ward_sql_bind_int(q, index + 1, filter);
    ward_sql_bind_text(q, index + 2, value);
    ward_sql_bind_int(q, index + 3, filter);
    return index + 4;
}

_Static_assert(WARD_FILTER_ANY == 0 && WARD_FILTER_EQUAL == 1 && WARD_FILTER_NULL == 2, "KEY_FILTER counts on it");
_Static_assert(WARD_FILTER_ACTIVE_ANY == 0 && WARD_FILTER_ACTIVE_ONLY == 1 && WARD_FILTER_INACTIVE_ONLY == 2,
               "KEY_FILTER counts on it");

static void bind_filter(struct ward_sql *q, int index, const struct ward_key_filter *filter)
{
    ward_sql_bind_int(q, index++, !ward_uuid_is_nil(&filter->account_id));
    ward_row_bind_uuid(q, index++, &filter->account_id);
    ward_sql_bind_int(q, index++, filter->name_folded.data != NULL);
    ward_sql_bind_text(q, index++, filter->name_folded);
    index = bind_text_filter(q, index, filter->account_filter, filter->custom_account_id);
    index = bind_text_filter(q, index, filter->user_filter, filter->custom_user_id);
    ward_sql_bind_int(q, index++, filter->activity);
    ward_sql_bind_int(q, index++, filter->activity);
    ward_sql_bind_int(q, index, filter->now_ms);
}

static enum ward_status visit_keys(struct ward_store_session *s, struct ward_sql *q, ward_key_visit visit, void *arg)
{
    enum ward_sql_step step;
    while ((step = ward_sql_step(q)) == WARD_SQL_ROW) {
        struct ward_api_key key;
        enum ward_status status = read_key(q, &key) ? visit(&key, arg) : ward_row_bad(s, "api_key");
        if (status != WARD_OK) {
            return status;
        }
    }
    return ward_row_end(s, step);
}

enum ward_status ward_store_key_list(struct ward_store_session *s, const struct ward_key_filter *filter,
                                     ward_key_visit visit, void *arg)
{
    struct ward_span value;
    enum key_scope scope = filter_scope(filter);
    enum key_index way_in = filter_index(filter, &value);
    WARD_SQL *q = ward_sql_prepare(s, key_lists[scope][way_in]);
    int index = 1;
    if (scope != SCOPE_ALL) {
        ward_row_bind_uuid(q, index++, scope == SCOPE_PROJECT ? &filter->project_id : &filter->account_id);
    }
    if (scope != SCOPE_ALL && way_in != INDEX_CREATED) {
        ward_sql_bind_text(q, index++, value);
    }
    bind_filter(q, index, filter);
    return visit_keys(s, q, visit, arg);
}

enum ward_status ward_store_key_expired(struct ward_store_session *s, int64_t now_ms, size_t max, ward_key_visit visit,
                                        void *arg)
{
    WARD_SQL *q = ward_sql_prepare(s, KEY_SELECT " WHERE k.is_enabled = 1 AND k.is_removed = 0"
                                                 " AND k.expires_ms IS NOT NULL AND k.expires_ms <= ?"
                                                 " ORDER BY k.expires_ms LIMIT ?");
    ward_sql_bind_int(q, 1, now_ms);
    ward_sql_bind_int(q, 2, max > INT64_MAX ? INT64_MAX : (int64_t)max);
    return visit_keys(s, q, visit, arg);
}

enum ward_status ward_store_key_walk(struct ward_store_session *s, const struct ward_key_id *after, size_t max,
                                     ward_key_visit visit, void *arg)
{
    WARD_SQL *q = ward_sql_prepare(s, KEY_SELECT " WHERE k.id > ? AND k.is_removed = 0 ORDER BY k.id LIMIT ?");
    ward_sql_bind_text(q, 1, after ? ward_span(after->text, WARD_KEY_ID_CHARS) : WARD_SPAN(""));
    ward_sql_bind_int(q, 2, max > INT64_MAX ? INT64_MAX : (int64_t)max);
    return visit_keys(s, q, visit, arg);
}

/* ---- pages: src/store/gateway.h ---- */

#define PAGE_FILTER      " AND k.is_removed = 0 AND " WARD_ROW_IS_OF("k") " AND " WARD_ROW_HAS_PART("k.name")
#define PAGE_ACTIVE      " AND p.is_active = 1 AND a.is_active = 1"
#define PAGE_ORDER       " ORDER BY k.created_ms DESC, k.id LIMIT ? OFFSET ?"
#define COUNT_IN_PROJECT "SELECT count(*) FROM api_key k WHERE k.project_id = ?"
#define COUNT_IN_ACCOUNT                                                                                               \
    "SELECT count(*) FROM project o JOIN api_key k ON k.project_id = o.id WHERE o.account_id = ? AND o.is_active = 1"

/* Bind from the way in on: a project, or an account's projects, or (neither) everything. */
static struct ward_sql *prepare_page(struct ward_store_session *s, const struct ward_gateway_filter *filter,
                                     const char *in_project, const char *in_account, const char *in_all, int *ret_index)
{
    bool has_project = !ward_uuid_is_nil(&filter->project_id);
    bool has_account = !ward_uuid_is_nil(&filter->account_id);
    const char *in_owner = has_project ? in_project : in_account;
    struct ward_sql *q = ward_sql_prepare(s, has_project || has_account ? in_owner : in_all);
    int index = 1;
    if (has_project || has_account) {
        ward_row_bind_uuid(q, index++, has_project ? &filter->project_id : &filter->account_id);
    }
    index = ward_row_bind_owner(q, index, &filter->account_id, &filter->project_id);
    *ret_index = ward_row_bind_part(q, index, filter->name);
    return q;
}

enum ward_status ward_store_key_page(struct ward_store_session *s, const struct ward_gateway_filter *filter,
                                     ward_key_visit visit, void *arg)
{
    int index;
    WARD_SQL *q = prepare_page(s, filter, IN_PROJECT PAGE_FILTER PAGE_ACTIVE PAGE_ORDER,
                               IN_ACCOUNT PAGE_FILTER PAGE_ACTIVE PAGE_ORDER,
                               KEY_SELECT " WHERE 1 = 1" PAGE_FILTER PAGE_ACTIVE PAGE_ORDER, &index);
    ward_row_bind_slice(q, index, filter->slice);
    return visit_keys(s, q, visit, arg);
}

enum ward_status ward_store_key_page_count(struct ward_store_session *s, const struct ward_gateway_filter *filter,
                                           int64_t *ret)
{
    int index;
    WARD_SQL *q = prepare_page(s, filter, COUNT_IN_PROJECT PAGE_FILTER, COUNT_IN_ACCOUNT PAGE_FILTER,
                               "SELECT count(*) FROM project o JOIN api_key k ON k.project_id = o.id"
                               " WHERE o.is_active = 1" PAGE_FILTER,
                               &index);
    return ward_row_count(s, q, ret);
}
