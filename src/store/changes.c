/*
 * The change log: one ordered sequence, from revision 1, each entry linked to the one before. Revisions have no gaps,
 * but for the one that a restore leaves: its entry says in its detail, {"from":F,"to":T}, that it follows revision F
 * and that revisions up to T had been given; it is T + 1. Nothing else may stand behind a gap.
 *
 *   hash(n) = SHA-256(hash(n-1) ‖ entry(n)), hash(0) = 32 zero bytes
 *   entry   = "ward change 1" ‖ revision ‖ time_ms (64 bits each, big-endian) ‖ then for each of kind, object_id,
 *             account_id, project_id, action, actor_type, actor_id, detail, retired: its length (32 bits, big-endian;
 *             ff ff ff ff for an absent one) ‖ its bytes
 *
 * Only the writer appends. It reads the last entry once a batch, inside the transaction, so that a batch that was
 * rolled back leaves nothing behind to be wrong.
 */
#include "base/limits.h"
#include "store/rows.h"
#include "store/session.h"
#include "json/writer.h"

enum { PART_COUNT = 9, HEAD_BYTES = 16, LENGTH_BYTES = 4, RESTORED_DETAIL_MAX = 64 };

const char *ward_object_kind_name(enum ward_object_kind kind)
{
    switch (kind) {
    case WARD_OBJECT_ACCOUNT:
        return "account";
    case WARD_OBJECT_PROJECT:
        return "project";
    case WARD_OBJECT_API_KEY:
        return "api-key";
    case WARD_OBJECT_CREDENTIAL:
        return "credential";
    case WARD_OBJECT_PRODUCT:
        return "product";
    case WARD_OBJECT_API:
        return "api";
    case WARD_OBJECT_STAGE:
        return "stage";
    case WARD_OBJECT_USAGE_PLAN:
        return "usage-plan";
    case WARD_OBJECT_SUBSCRIPTION:
        return "subscription";
    case WARD_OBJECT_ENVIRONMENT:
        return "environment";
    case WARD_OBJECT_API_PROXY:
        return "api-proxy";
    case WARD_OBJECT_KEY:
        return "key";
    case WARD_OBJECT_JWK:
        return "jwk";
    case WARD_OBJECT_STORE:
        return "store";
    }
    return NULL;
}

static bool parse_kind(struct ward_span name, enum ward_object_kind *ret)
{
    for (int kind = WARD_OBJECT_ACCOUNT; kind <= WARD_OBJECT_STORE; kind++) {
        if (ward_span_equal(name, ward_span_of(ward_object_kind_name((enum ward_object_kind)kind)))) {
            *ret = (enum ward_object_kind)kind;
            return true;
        }
    }
    return false;
}

/* ---- the link ---- */

static void put_big_endian(uint8_t *bytes, uint64_t value, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (uint8_t)(value >> (8 * (size - 1 - i)));
    }
}

static enum ward_status hash_change(const uint8_t previous[WARD_SHA256_BYTES], const struct ward_change *change,
                                    uint8_t ret[WARD_SHA256_BYTES])
{
    const struct ward_span members[PART_COUNT] = {
        ward_span_of(ward_object_kind_name(change->kind)),
        change->object_id,
        change->account_id,
        change->project_id,
        change->action,
        ward_span_of(ward_actor_type_name(change->actor_type)),
        change->actor_id,
        change->detail,
        change->retired,
    };
    uint8_t head[HEAD_BYTES];
    put_big_endian(head, change->revision, 8);
    put_big_endian(head + 8, (uint64_t)change->time_ms, 8);
    uint8_t lengths[PART_COUNT][LENGTH_BYTES];
    struct ward_span parts[3 + 2 * PART_COUNT] = {
        ward_span((const char *)previous, WARD_SHA256_BYTES),
        WARD_SPAN("ward change 1"),
        ward_span((const char *)head, HEAD_BYTES),
    };
    for (size_t i = 0; i < PART_COUNT; i++) {
        if (members[i].size >= UINT32_MAX) {
            return WARD_TOO_LARGE;
        }
        put_big_endian(lengths[i], members[i].data ? members[i].size : UINT32_MAX, LENGTH_BYTES);
        parts[3 + 2 * i] = ward_span((const char *)lengths[i], LENGTH_BYTES);
        parts[4 + 2 * i] = members[i].data ? members[i] : WARD_SPAN("");
    }
    return ward_sha256(parts, sizeof parts / sizeof *parts, ret);
}

/* ---- the entry of a restore ---- */

static const char restored[] = "restored";

static void write_restored_detail(uint64_t from, uint64_t to, struct ward_buffer *ret)
{
    struct ward_json_writer writer = ward_json_writer_to(ret);
    ward_json_begin_object(&writer);
    ward_json_member_int(&writer, "from", (int64_t)from);
    ward_json_member_int(&writer, "to", (int64_t)to);
    ward_json_end_object(&writer);
}

/* OK when an entry that stands behind a gap, or could, is a restore's and says so to the letter. */
static enum ward_status check_restored(uint64_t previous, const struct ward_change *change)
{
    WARD_BUFFER detail = ward_buffer_new(RESTORED_DETAIL_MAX);
    if (change->kind != WARD_OBJECT_STORE || !ward_span_equal(change->action, ward_span_of(restored)) ||
        change->revision <= previous) {
        return WARD_INTEGRITY;
    }
    write_restored_detail(previous, change->revision - 1, &detail);
    if (detail.status != WARD_OK) {
        return detail.status;
    }
    return ward_span_equal(change->detail, ward_buffer_span(&detail)) ? WARD_OK : WARD_INTEGRITY;
}

/* ---- reading ---- */

#define CHANGE_COLUMNS                                                                                                 \
    "revision, time_ms, kind, object_id, account_id, project_id, action, actor_type, actor_id, detail, retired, hash"

static bool read_change(struct ward_sql *q, struct ward_change *ret)
{
    *ret = (struct ward_change){
        .revision = (uint64_t)ward_sql_int(q, 0),
        .time_ms = ward_sql_int(q, 1),
        .object_id = ward_sql_text(q, 3),
        .account_id = ward_sql_text(q, 4),
        .project_id = ward_sql_text(q, 5),
        .action = ward_sql_text(q, 6),
        .actor_type = WARD_ACTOR_NONE,
        .actor_id = ward_sql_text(q, 8),
        .detail = ward_sql_text(q, 9),
        .retired = ward_sql_bytes(q, 10),
        .hash = ward_sql_bytes(q, 11),
    };
    struct ward_span actor = ward_sql_text(q, 7);
    return parse_kind(ward_sql_text(q, 2), &ret->kind) &&
           (!actor.data || ward_actor_type_parse(actor, &ret->actor_type)) && ret->hash.size == WARD_SHA256_BYTES &&
           ret->retired.size % WARD_LOOKUP_BYTES == 0;
}

enum ward_status ward_store_change_list(struct ward_store_session *s, uint64_t after_revision, size_t max,
                                        ward_change_visit visit, void *arg)
{
    WARD_SQL *q = ward_sql_prepare(s, "SELECT " CHANGE_COLUMNS " FROM change_log WHERE revision > ?"
                                      " ORDER BY revision LIMIT ?");
    ward_sql_bind_int(q, 1, after_revision > INT64_MAX ? INT64_MAX : (int64_t)after_revision);
    ward_sql_bind_int(q, 2, max > INT64_MAX ? INT64_MAX : (int64_t)max);
    enum ward_sql_step step;
    while ((step = ward_sql_step(q)) == WARD_SQL_ROW) {
        struct ward_change change;
        enum ward_status status = read_change(q, &change) ? visit(&change, arg) : ward_row_bad(s, "change_log");
        if (status != WARD_OK) {
            return status;
        }
    }
    return ward_row_end(s, step);
}

enum ward_status ward_store_change_link(struct ward_store_session *s, uint64_t at_most, struct ward_change_link *ret)
{
    WARD_SQL *q = ward_sql_prepare(s, "SELECT revision, hash FROM change_log WHERE revision <= ?"
                                      " ORDER BY revision DESC LIMIT 1");
    ward_sql_bind_int(q, 1, at_most > INT64_MAX ? INT64_MAX : (int64_t)at_most);
    enum ward_status status = ward_row_first(s, q);
    if (status != WARD_OK) {
        return status;
    }
    struct ward_span hash = ward_sql_bytes(q, 1);
    if (hash.size != WARD_SHA256_BYTES) {
        return ward_row_bad(s, "change_log");
    }
    ret->revision = (uint64_t)ward_sql_int(q, 0);
    memcpy(ret->hash, hash.data, WARD_SHA256_BYTES);
    return WARD_OK;
}

enum ward_status ward_store_revision(struct ward_store_session *s, uint64_t *ret)
{
    WARD_SQL *q = ward_sql_prepare(s, "SELECT coalesce(max(revision), 0) FROM change_log");
    enum ward_status status = ward_row_first(s, q);
    if (status == WARD_OK) {
        *ret = (uint64_t)ward_sql_int(q, 0);
    }
    return status;
}

/* ---- appending ---- */

static enum ward_status read_tail(struct ward_store_session *s, struct ward_store_tail *ret)
{
    struct ward_change_link last;
    enum ward_status status = ward_store_change_link(s, UINT64_MAX, &last);
    *ret = (struct ward_store_tail){ 0 };
    if (status != WARD_OK) {
        return status == WARD_NOT_FOUND ? WARD_OK : status;
    }
    ret->revision = last.revision;
    memcpy(ret->hash, last.hash, WARD_SHA256_BYTES);
    return WARD_OK;
}

static enum ward_status need_tail(struct ward_store_session *s)
{
    if (!ward_sql_is_writable(s)) {
        return WARD_INTERNAL;
    }
    if (s->batch->has_tail) {
        return WARD_OK;
    }
    enum ward_status status = read_tail(s, &s->batch->tail);
    s->batch->has_tail = status == WARD_OK;
    return status;
}

static enum ward_status insert_change(struct ward_store_session *s, const struct ward_change *change)
{
    WARD_SQL *q = ward_sql_prepare(s, "INSERT INTO change_log (" CHANGE_COLUMNS ")"
                                      " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    ward_sql_bind_int(q, 1, (int64_t)change->revision);
    ward_sql_bind_int(q, 2, change->time_ms);
    ward_row_bind_name(q, 3, ward_object_kind_name(change->kind));
    ward_sql_bind_text(q, 4, change->object_id);
    ward_sql_bind_text(q, 5, change->account_id);
    ward_sql_bind_text(q, 6, change->project_id);
    ward_sql_bind_text(q, 7, change->action);
    ward_row_bind_name(q, 8, ward_actor_type_name(change->actor_type));
    ward_sql_bind_text(q, 9, change->actor_id);
    ward_sql_bind_text(q, 10, change->detail);
    ward_sql_bind_bytes(q, 11, change->retired);
    ward_sql_bind_bytes(q, 12, change->hash);
    return ward_row_run(s, q);
}

/* Link an entry to the tail under a revision and make it the tail. */
static enum ward_status append(struct ward_store_session *s, const struct ward_change *change, uint64_t revision,
                               uint64_t *ret_revision)
{
    struct ward_store_tail *tail = &s->batch->tail;
    struct ward_store_tail next = { .revision = revision };
    struct ward_change entry = *change;
    entry.revision = next.revision;
    entry.hash = ward_span((const char *)next.hash, WARD_SHA256_BYTES);
    enum ward_status status = hash_change(tail->hash, &entry, next.hash);
    if (status == WARD_OK) {
        status = insert_change(s, &entry);
    }
    if (status == WARD_OK) {
        status = ward_sql_note_change(s, &entry);
    }
    if (status != WARD_OK) {
        /* a change without its record must not be kept, whatever the caller makes of the answer */
        ward_sql_doom(s, status);
        return status;
    }
    *tail = next;
    if (ret_revision) {
        *ret_revision = next.revision;
    }
    return WARD_OK;
}

enum ward_status ward_store_change_append(struct ward_store_session *s, const struct ward_change *change,
                                          uint64_t *ret_revision)
{
    if (!ward_object_kind_name(change->kind) || !change->object_id.data || !change->action.data ||
        change->retired.size % WARD_LOOKUP_BYTES != 0) {
        return WARD_INVALID;
    }
    enum ward_status status = need_tail(s);
    return status == WARD_OK ? append(s, change, s->batch->tail.revision + 1, ret_revision) : status;
}

enum ward_status ward_store_change_append_restored(struct ward_store_session *s, const struct ward_change *change,
                                                   uint64_t highest, uint64_t *ret_revision)
{
    WARD_BUFFER detail = ward_buffer_new(RESTORED_DETAIL_MAX);
    enum ward_status status = need_tail(s);
    if (status != WARD_OK) {
        return status;
    }
    if (highest < s->batch->tail.revision || highest >= INT64_MAX || !change->object_id.data) {
        return WARD_INVALID;
    }
    write_restored_detail(s->batch->tail.revision, highest, &detail);
    if (detail.status != WARD_OK) {
        return detail.status;
    }
    struct ward_change entry = *change;
    entry.kind = WARD_OBJECT_STORE;
    entry.action = ward_span_of(restored);
    entry.detail = ward_buffer_span(&detail);
    entry.retired = WARD_SPAN_NONE;
    return append(s, &entry, highest + 1, ret_revision);
}

/* ---- verifying ---- */

struct verification {
    uint64_t next; /* revision expected */
    uint64_t count;
    uint8_t hash[WARD_SHA256_BYTES];
    bool is_first_trusted; /* the walk starts inside the log: take the first entry's hash as given */
};

/* OK when the entry is the expected one and fits the one before. */
static enum ward_status check_link(struct verification *v, const struct ward_change *change)
{
    if (change->revision != v->next) {
        enum ward_status status = v->is_first_trusted ? WARD_INTEGRITY : check_restored(v->next - 1, change);
        if (status != WARD_OK) {
            return status;
        }
    }
    if (!v->is_first_trusted) {
        uint8_t hash[WARD_SHA256_BYTES];
        enum ward_status status = hash_change(v->hash, change, hash);
        if (status != WARD_OK) {
            return status;
        }
        if (memcmp(hash, change->hash.data, WARD_SHA256_BYTES) != 0) {
            return WARD_INTEGRITY;
        }
    }
    v->is_first_trusted = false;
    v->next = change->revision + 1;
    v->count++;
    memcpy(v->hash, change->hash.data, WARD_SHA256_BYTES);
    return WARD_OK;
}

/* Walk from v->next on. A row that cannot be read is a link that does not fit. */
static enum ward_status verify_from(struct ward_store_session *s, struct verification *v)
{
    WARD_SQL *q = ward_sql_prepare(s,
                                   "SELECT " CHANGE_COLUMNS " FROM change_log WHERE revision >= ? ORDER BY revision");
    ward_sql_bind_int(q, 1, (int64_t)v->next);
    enum ward_sql_step step;
    while ((step = ward_sql_step(q)) == WARD_SQL_ROW) {
        struct ward_change change;
        enum ward_status status = read_change(q, &change) ? check_link(v, &change) : WARD_INTEGRITY;
        if (status != WARD_OK) {
            return status;
        }
    }
    return ward_row_end(s, step);
}

/* An entry before the first would be left out by the walk. */
static enum ward_status check_start(struct ward_store_session *s)
{
    WARD_SQL *q = ward_sql_prepare(s, "SELECT count(*) FROM change_log WHERE revision < 1");
    enum ward_status status = ward_row_first(s, q);
    if (status != WARD_OK) {
        return status;
    }
    return ward_sql_int(q, 0) == 0 ? WARD_OK : WARD_INTEGRITY;
}

enum ward_status ward_store_chain_verify(struct ward_store_session *s, uint64_t *ret_count, uint64_t *ret_bad)
{
    struct verification v = { .next = 1 };
    enum ward_status status = check_start(s);
    if (status == WARD_OK) {
        status = verify_from(s, &v);
    }
    *ret_count = v.count;
    if (status == WARD_INTEGRITY) {
        *ret_bad = v.next;
    }
    return status;
}

enum ward_status ward_change_tail(struct ward_store_session *s, struct ward_store_tail *ret)
{
    struct ward_store_tail tail = { 0 };
    enum ward_status status = read_tail(s, &tail);
    if (status != WARD_OK || tail.revision == 0) {
        *ret = tail;
        return status;
    }
    struct verification v = { .next = 1 };
    struct ward_change_link before;
    status = ward_store_change_link(s, tail.revision - 1, &before);
    if (status == WARD_OK) {
        v = (struct verification){ .next = before.revision, .is_first_trusted = true };
    }
    if (status == WARD_OK || status == WARD_NOT_FOUND) {
        status = verify_from(s, &v);
    }
    if (status == WARD_OK) {
        *ret = tail;
    }
    return status;
}
