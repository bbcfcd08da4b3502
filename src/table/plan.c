#include "table/plan.h"

#include "base/iso8601.h"
#include "table/plan_counter.h"

/* ---- lookups ---- */

#define LOOKUP_TEXT_MAX 32

static char *append(char *at, const void *bytes, size_t size)
{
    return (char *)memcpy(at, bytes, size) + size;
}

/* A line feed first: no key value begins with one, so no value can be the lookup of anything but a value. */
static void hash_ids(const struct ward_keyed_hash *hash, const char *name, const uint64_t *ids, size_t count,
                     struct ward_lookup *ret)
{
    char text[LOOKUP_TEXT_MAX];
    char *end = append(text, name, strlen(name));
    end = append(end, ids, count * sizeof(ids[0]));
    ward_keyed_hash(hash, ward_span(text, (size_t)(end - text)), ret);
}

void ward_stage_lookup(const struct ward_keyed_hash *hash, uint64_t stage, struct ward_lookup *ret)
{
    hash_ids(hash, "\nstage\n", &stage, 1, ret);
}

void ward_plan_lookup(const struct ward_keyed_hash *hash, uint64_t plan, struct ward_lookup *ret)
{
    hash_ids(hash, "\nplan\n", &plan, 1, ret);
}

void ward_relation_lookup(const struct ward_keyed_hash *hash, uint64_t key, uint64_t stage, struct ward_lookup *ret)
{
    const uint64_t ids[] = { key, stage };
    hash_ids(hash, "\nrelation\n", ids, 2, ret);
}

/* ---- a stage's body: code, status, two sizes, two texts ---- */

struct body_head {
    uint8_t acl_code;
    uint8_t reserved;
    uint16_t status;
    uint32_t acl_size, response_size;
};

void ward_stage_body_encode(const struct ward_stage_body *body, struct ward_buffer *ret)
{
    if (body->acl_list.size > UINT32_MAX || body->response.size > UINT32_MAX) {
        ret->status = WARD_TOO_LARGE;
        return;
    }
    const struct body_head head = { .acl_code = (uint8_t)body->acl_code,
                                    .status = (uint16_t)body->status,
                                    .acl_size = (uint32_t)body->acl_list.size,
                                    .response_size = (uint32_t)body->response.size };
    ward_buffer_append(ret, ward_span((const char *)&head, sizeof(head)));
    ward_buffer_append(ret, body->acl_list);
    ward_buffer_append(ret, body->response);
}

bool ward_stage_body_decode(struct ward_span packed, struct ward_stage_body *ret)
{
    struct body_head head;
    if (packed.data == NULL || packed.size < sizeof(head))
        return false;
    memcpy(&head, packed.data, sizeof(head));
    size_t rest = packed.size - sizeof(head);
    if (head.acl_size > rest || head.response_size != rest - head.acl_size)
        return false;
    const char *texts = packed.data + sizeof(head);
    *ret = (struct ward_stage_body){ .acl_code = (enum ward_acl_code)head.acl_code,
                                     .acl_list = ward_span(texts, head.acl_size),
                                     .status = head.status,
                                     .response = ward_span(texts + head.acl_size, head.response_size) };
    return true;
}

/* ---- records ---- */

#define ID_BITS 56 /* of a packed id; the kind stands above the second one */

static uint64_t load_id(const uint8_t *bytes)
{
    uint64_t id = 0;
    for (size_t i = 0; i < sizeof(id); i++)
        id |= (uint64_t)bytes[i] << (8 * i);
    return id;
}

/* The kind makes owners of counters different whose ids are the same. */
static struct ward_uuid pair_ids(uint64_t first, uint64_t second, enum ward_record_kind kind)
{
    struct ward_uuid pair;
    second |= (uint64_t)kind << ID_BITS;
    for (size_t i = 0; i < sizeof(first); i++) {
        pair.bytes[i] = (uint8_t)(first >> (8 * i));
        pair.bytes[i + sizeof(first)] = (uint8_t)(second >> (8 * i));
    }
    return pair;
}

uint64_t ward_record_id(const struct ward_record *record, unsigned index)
{
    return load_id(record->id.bytes + (index == 0 ? 0 : 8)) & ((UINT64_C(1) << ID_BITS) - 1);
}

void ward_record_terms(const struct ward_record *record, struct ward_plan_terms *ret)
{
    *ret = (struct ward_plan_terms){ .rate_rps = record->plan.rate_rps,
                                     .day_quota = record->plan.day_quota,
                                     .month_quota = record->plan.month_quota,
                                     .classes = record->plan.classes };
}

static struct ward_record_plan plan_of(const struct ward_plan_terms *terms, uint64_t other)
{
    return (struct ward_record_plan){ .other = other,
                                      .day_quota = terms->day_quota,
                                      .month_quota = terms->month_quota,
                                      .rate_rps = terms->rate_rps,
                                      .classes = terms->classes };
}

struct ward_table_entry ward_stage_entry(const struct ward_lookup *lookup, const struct ward_table_stage *stage)
{
    unsigned flags = WARD_RECORD_ENABLED;
    flags |= stage->is_public ? WARD_RECORD_PUBLIC : 0;
    flags |= stage->has_acl ? WARD_RECORD_HAS_ACL : 0;
    flags |= stage->is_maintenance ? WARD_RECORD_MAINTENANCE : 0;
    return (struct ward_table_entry){ .lookup = *lookup,
                                      .kind = WARD_RECORD_STAGE,
                                      .id = pair_ids(stage->stage, stage->api, WARD_RECORD_STAGE),
                                      .scope = stage->scope,
                                      .flags = (uint8_t)flags,
                                      .expires_ms = WARD_TIME_NONE,
                                      .limit = stage->throttle_rps,
                                      .ttl_s = 1,
                                      .revision = stage->revision,
                                      .plan = plan_of(&stage->terms, stage->product),
                                      .body = stage->body };
}

/* Plans and relations are nobody's by themselves: a scope of their own kind that is always active. */
struct ward_table_entry ward_plan_entry(const struct ward_lookup *lookup, const struct ward_table_plan *plan)
{
    return (struct ward_table_entry){ .lookup = *lookup,
                                      .kind = WARD_RECORD_PLAN,
                                      .id = pair_ids(plan->plan, 0, WARD_RECORD_PLAN),
                                      .scope = { .is_active = true },
                                      .flags = WARD_RECORD_ENABLED,
                                      .expires_ms = WARD_TIME_NONE,
                                      .revision = plan->revision,
                                      .plan = plan_of(&plan->terms, 0) };
}

struct ward_table_entry ward_relation_entry(const struct ward_lookup *lookup,
                                            const struct ward_table_relation *relation)
{
    return (struct ward_table_entry){ .lookup = *lookup,
                                      .kind = WARD_RECORD_RELATION,
                                      .id = pair_ids(relation->key, relation->stage, WARD_RECORD_RELATION),
                                      .scope = { .is_active = true },
                                      .flags = WARD_RECORD_ENABLED,
                                      .expires_ms = WARD_TIME_NONE,
                                      .revision = relation->revision,
                                      .plan = { .other = relation->plan } };
}

enum ward_status ward_table_put_stage(struct ward_table_writer *writer, const struct ward_lookup *lookup,
                                      const struct ward_table_stage *stage)
{
    struct ward_table_entry entry = ward_stage_entry(lookup, stage);
    return ward_table_put(writer, &entry);
}

enum ward_status ward_table_put_plan(struct ward_table_writer *writer, const struct ward_lookup *lookup,
                                     const struct ward_table_plan *plan)
{
    struct ward_table_entry entry = ward_plan_entry(lookup, plan);
    return ward_table_put(writer, &entry);
}

enum ward_status ward_table_put_relation(struct ward_table_writer *writer, const struct ward_lookup *lookup,
                                         const struct ward_table_relation *relation)
{
    struct ward_table_entry entry = ward_relation_entry(lookup, relation);
    return ward_table_put(writer, &entry);
}

/* ---- counting through a reader ---- */

static bool count_call(struct ward_table_reader *reader, const struct ward_record *relation, int64_t now_ms, bool peek)
{
    struct ward_limit_counter *counter = ward_reader_counter(reader, relation);
    if (counter == NULL || peek)
        return counter != NULL && ward_limit_is_owner(counter, &relation->id);
    return ward_plan_count_call(counter, &relation->id, ward_reader_clock(reader, now_ms));
}

bool ward_table_plan_call(struct ward_table_reader *reader, struct ward_record *relation, int64_t now_ms, bool peek)
{
    if (count_call(reader, relation, now_ms, peek))
        return true;
    struct ward_lookup lookup = relation->lookup;
    if (ward_table_find(reader, &lookup, relation) != WARD_TABLE_FOUND || relation->kind != WARD_RECORD_RELATION)
        return false;
    bool is_counted = count_call(reader, relation, now_ms, peek);
    if (!is_counted)
        ward_reader_suspect(reader); /* a counter that is not its record's */
    return is_counted;
}

bool ward_table_plan_rate(struct ward_table_reader *reader, const struct ward_record *relation, uint32_t rate_rps,
                          int64_t now_ms, bool peek, struct ward_limit_state *ret)
{
    struct ward_limit_counter *counter = ward_reader_counter(reader, relation);
    return counter != NULL &&
           ward_plan_count_rate(counter, &relation->id, rate_rps, ward_reader_clock(reader, now_ms), peek, ret);
}

bool ward_table_plan_quotas(struct ward_table_reader *reader, const struct ward_record *relation,
                            const struct ward_plan_terms *terms, int64_t now_ms, bool peek,
                            struct ward_quota_states *ret)
{
    struct ward_limit_counter *counter = ward_reader_counter(reader, relation);
    return counter != NULL &&
           ward_plan_count_quotas(counter, &relation->id, terms, ward_reader_clock(reader, now_ms), peek, ret);
}

bool ward_table_plan_take_back(struct ward_table_reader *reader, const struct ward_record *relation,
                               uint64_t day_number, uint64_t month_number)
{
    struct ward_limit_counter *counter = ward_reader_counter(reader, relation);
    return counter != NULL && ward_plan_take_back(counter, &relation->id, day_number, month_number);
}

bool ward_table_usage(struct ward_table_reader *reader, const struct ward_lookup *relation, int64_t now_ms,
                      struct ward_plan_usage *ret)
{
    struct ward_record record;
    if (!ward_table_reader_refresh(reader) || ward_table_find(reader, relation, &record) != WARD_TABLE_FOUND ||
        record.kind != WARD_RECORD_RELATION)
        return false;
    struct ward_limit_counter *counter = ward_reader_counter(reader, &record);
    return counter != NULL && ward_plan_read_usage(counter, &record.id, ward_reader_clock(reader, now_ms), ret);
}
