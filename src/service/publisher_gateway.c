/*
 * What the publisher derives for verifiers from products, plans and subscriptions:
 *
 *   stage     of every product, with what its product says
 *   plan      of every usage plan: an edit is one put, however many keys have it
 *   relation  of every accepted key and every stage of the product
 *
 * Nothing stores a relation. Which ones a change touches is read from the subscriptions and stages as they are then;
 * those that ended and those that were removed are still rows, so that what was put for them is taken out.
 */
#include "model/text.h"
#include "service/publisher_internal.h"

struct deriving {
    struct ward_publisher *publisher;
    struct ward_store_session *session;
    uint64_t revision;
    const struct ward_product *product; /* of the stages that are put; NULL: each stage's own */
    struct ward_refill_place *place;    /* or NULL */
    size_t seen;
};

/* What the table could not take was taken out of it, and denies. At start and in a refill that is no way to go on. */
static enum ward_status put(struct ward_publisher *publisher, const struct ward_table_entry *entry, bool must)
{
    enum ward_status status = ward_publisher_put(publisher, entry);
    return must || publisher->is_refiller ? status : WARD_OK;
}

static void take_out(const struct ward_publisher *publisher, const struct ward_lookup *lookup)
{
    if (!publisher->is_refiller) {
        ward_table_remove(publisher->writer, lookup);
    }
}

/* ---- plans ---- */

static enum ward_status put_plan(struct deriving *d, const struct ward_usage_plan *plan, bool must)
{
    const struct ward_table_plan record = { .plan = ward_key_id_pack(&plan->id),
                                            .terms = plan->terms,
                                            .revision = d->revision };
    struct ward_lookup lookup;
    ward_plan_lookup(d->publisher->hash, record.plan, &lookup);
    const struct ward_table_entry entry = ward_plan_entry(&lookup, &record);
    return put(d->publisher, &entry, must);
}

static enum ward_status load_plan(const struct ward_usage_plan *plan, void *arg)
{
    struct deriving *d = arg;
    d->seen++;
    if (d->place) {
        d->place->last = plan->id;
        d->place->has_last = true;
    }
    return put_plan(d, plan, true);
}

static enum ward_status apply_plan(struct deriving *d, struct ward_span object_id)
{
    struct ward_key_id id;
    struct ward_usage_plan plan;
    struct ward_lookup lookup;
    if (!ward_key_id_parse(object_id, &id)) {
        return WARD_INTEGRITY;
    }
    enum ward_status status = ward_store_plan_get(d->session, &id, &d->publisher->pool, &plan);
    if (status != WARD_NOT_FOUND) {
        return status == WARD_OK ? put_plan(d, &plan, false) : status;
    }
    ward_plan_lookup(d->publisher->hash, ward_key_id_pack(&id), &lookup);
    take_out(d->publisher, &lookup);
    return WARD_OK;
}

/* ---- stages ---- */

/* Encode what a verification needs beyond the hot record, or nothing. */
static enum ward_status encode_body(struct ward_publisher *publisher, const struct ward_stage *stage,
                                    struct ward_span *ret)
{
    const struct ward_stage_body body = { .acl_code = stage->acl_code,
                                          .acl_list = stage->acl_list,
                                          .status = stage->status_code,
                                          .response = stage->response };
    *ret = WARD_SPAN_NONE;
    if (stage->acl_code == WARD_ACL_NONE && !stage->is_maintenance) {
        return WARD_OK;
    }
    ward_buffer_clear(&publisher->body);
    ward_stage_body_encode(&body, &publisher->body);
    *ret = ward_buffer_span(&publisher->body);
    return publisher->body.status;
}

static enum ward_status put_stage(struct deriving *d, const struct ward_product *product,
                                  const struct ward_stage *stage, bool must)
{
    struct ward_table_stage record = {
        .product = ward_key_id_pack(&product->id),
        .api = ward_key_id_pack(&stage->api_id),
        .stage = ward_key_id_pack(&stage->id),
        .is_public = product->code == WARD_PRODUCT_PUBLIC,
        .is_maintenance = stage->is_maintenance,
        .has_acl = stage->acl_code != WARD_ACL_NONE,
        .throttle_rps = stage->throttle_rps,
        .terms = stage->terms,
        .scope = { product->account_id, product->project_id, product->is_scope_active, product->env == WARD_ENV_TEST },
        .revision = d->revision,
    };
    struct ward_lookup lookup;
    ward_stage_lookup(d->publisher->hash, record.stage, &lookup);
    enum ward_status status = encode_body(d->publisher, stage, &record.body);
    if (status != WARD_OK) {
        take_out(d->publisher, &lookup);
        return status;
    }
    const struct ward_table_entry entry = ward_stage_entry(&lookup, &record);
    return put(d->publisher, &entry, must);
}

static enum ward_status load_stage(const struct ward_stage *stage, void *arg)
{
    struct deriving *d = arg;
    struct ward_product product;
    d->seen++;
    if (d->place) {
        d->place->last = stage->id;
        d->place->has_last = true;
    }
    ward_pool_reset(&d->publisher->pool);
    enum ward_status status = ward_store_product_get(d->session, &stage->product_id, &d->publisher->pool, &product);
    return status == WARD_OK ? put_stage(d, &product, stage, true) : status;
}

static enum ward_status put_stage_of(const struct ward_stage *stage, void *arg)
{
    struct deriving *d = arg;
    return put_stage(d, d->product, stage, false);
}

/* ---- relations ---- */

static enum ward_status derive(struct deriving *d, const struct ward_relation_row *row, bool must)
{
    const struct ward_table_relation record = {
        .key = ward_key_id_pack(&row->key_id),
        .stage = ward_key_id_pack(&row->stage_id),
        .plan = row->plan_id.text[0] ? ward_key_id_pack(&row->plan_id) : 0,
        .revision = d->revision,
    };
    struct ward_lookup lookup;
    ward_relation_lookup(d->publisher->hash, record.key, record.stage, &lookup);
    if (!row->is_live) {
        take_out(d->publisher, &lookup);
        return WARD_OK;
    }
    const struct ward_table_entry entry = ward_relation_entry(&lookup, &record);
    return put(d->publisher, &entry, must);
}

static enum ward_status load_relation(const struct ward_relation_row *row, void *arg)
{
    return derive(arg, row, true);
}

static enum ward_status apply_relation(const struct ward_relation_row *row, void *arg)
{
    return derive(arg, row, false);
}

/* ---- everything: at start, and again in slices ---- */

enum ward_status ward_publisher_load_gateway(struct ward_store_session *session, struct ward_publisher *publisher,
                                             uint64_t revision)
{
    struct deriving d = { .publisher = publisher, .session = session, .revision = revision };
    struct ward_relation_place from_start = { 0 };
    size_t count;
    enum ward_status status = ward_store_plan_walk(session, NULL, SIZE_MAX, load_plan, &d);
    if (status == WARD_OK) {
        status = ward_store_stage_walk(session, NULL, SIZE_MAX, load_stage, &d);
    }
    return status == WARD_OK ? ward_store_relation_walk(session, &from_start, SIZE_MAX, load_relation, &d, &count)
                             : status;
}

enum ward_status ward_publisher_refill_gateway(struct ward_store_session *session, struct ward_publisher *refiller,
                                               struct ward_refill_place *place, size_t max, uint64_t revision)
{
    struct deriving d = { .publisher = refiller, .session = session, .revision = revision, .place = place };
    const struct ward_key_id last = place->last;
    const struct ward_key_id *after = place->has_last ? &last : NULL;
    enum ward_status status = WARD_OK;
    switch (place->phase) {
    case WARD_REFILL_PLANS:
        status = ward_store_plan_walk(session, after, max, load_plan, &d);
        break;
    case WARD_REFILL_STAGES:
        status = ward_store_stage_walk(session, after, max, load_stage, &d);
        break;
    case WARD_REFILL_RELATIONS:
        status = ward_store_relation_walk(session, &place->relation, max, load_relation, &d, &d.seen);
        break;
    case WARD_REFILL_KEYS:
    case WARD_REFILL_PROXIES:
    case WARD_REFILL_DONE:
        return WARD_OK;
    }
    if (status == WARD_OK && d.seen < max) {
        place->phase++;
        place->has_last = false;
    }
    return status;
}

enum ward_status ward_publisher_warm_gateway(struct ward_store_session *session, struct ward_publisher *publisher)
{
    const struct ward_key_id nobody = { 0 };
    struct deriving d = { .publisher = publisher, .session = session };
    struct ward_product product;
    struct ward_stage stage;
    struct ward_usage_plan plan;
    const enum ward_status statuses[] = {
        ward_store_product_get(session, &nobody, &publisher->pool, &product),
        ward_store_stage_get(session, &nobody, &publisher->pool, &stage),
        ward_store_plan_get(session, &nobody, &publisher->pool, &plan),
        ward_store_stage_of_product(session, &nobody, put_stage_of, &d),
        ward_store_relation_of_subscription(session, &nobody, &nobody, apply_relation, &d),
        ward_store_relation_of_stage(session, &nobody, apply_relation, &d),
        ward_store_relation_of_key(session, &nobody, apply_relation, &d),
        ward_store_relation_of_ended(session, &nobody, apply_relation, &d),
    };
    for (size_t i = 0; i < WARD_COUNT_OF(statuses); i++) {
        if (statuses[i] != WARD_OK && statuses[i] != WARD_NOT_FOUND) {
            return statuses[i];
        }
    }
    return WARD_OK;
}

/* ---- changes ---- */

static enum ward_status apply_product(struct deriving *d, const struct ward_gateway_change *change)
{
    struct ward_key_id id;
    struct ward_product product;
    if (!ward_key_id_parse(change->object_id, &id)) {
        return WARD_INTEGRITY;
    }
    enum ward_status status = ward_store_product_get(d->session, &id, &d->publisher->pool, &product);
    if (status != WARD_OK) {
        return status;
    }
    d->product = &product;
    status = ward_store_stage_of_product(d->session, &id, put_stage_of, d); /* of a removed one there are none */
    if (status == WARD_OK && change->is_protected) {
        status = ward_store_relation_of_ended(d->session, &id, apply_relation, d);
    }
    return status;
}

static enum ward_status apply_stage(struct deriving *d, const struct ward_gateway_change *change)
{
    struct ward_key_id id;
    struct ward_stage stage;
    struct ward_product product;
    struct ward_lookup lookup;
    if (!ward_key_id_parse(change->object_id, &id)) {
        return WARD_INTEGRITY;
    }
    enum ward_status status = ward_store_stage_get(d->session, &id, &d->publisher->pool, &stage);
    if (status == WARD_OK) {
        status = ward_store_product_get(d->session, &stage.product_id, &d->publisher->pool, &product);
    }
    if (status != WARD_OK) {
        return status;
    }
    if (stage.is_removed) {
        ward_stage_lookup(d->publisher->hash, ward_key_id_pack(&id), &lookup);
        take_out(d->publisher, &lookup);
    } else {
        status = put_stage(d, &product, &stage, false);
    }
    if (status != WARD_OK || !(stage.is_removed || change->is_created)) {
        return status;
    }
    return ward_store_relation_of_stage(d->session, &id, apply_relation, d);
}

static enum ward_status apply_subscription(struct deriving *d, struct ward_span object_id)
{
    struct ward_key_id product, key;
    if (object_id.size != WARD_SUBSCRIPTION_ID_CHARS ||
        !ward_key_id_parse(ward_span(object_id.data, WARD_KEY_ID_CHARS), &product) ||
        !ward_key_id_parse(ward_span(object_id.data + WARD_KEY_ID_CHARS + 1, WARD_KEY_ID_CHARS), &key)) {
        return WARD_INTEGRITY;
    }
    return ward_store_relation_of_subscription(d->session, &product, &key, apply_relation, d);
}

enum ward_status ward_publisher_apply_gateway(struct ward_store_session *session, struct ward_publisher *publisher,
                                              const struct ward_gateway_change *change)
{
    struct deriving d = { .publisher = publisher, .session = session, .revision = change->revision };
    switch (change->kind) {
    case WARD_OBJECT_PRODUCT:
        return apply_product(&d, change);
    case WARD_OBJECT_STAGE:
        return apply_stage(&d, change);
    case WARD_OBJECT_USAGE_PLAN:
        return apply_plan(&d, change->object_id);
    case WARD_OBJECT_SUBSCRIPTION:
        return apply_subscription(&d, change->object_id);
    case WARD_OBJECT_API: /* verifiers know it by its stages, which have entries of their own */
        return WARD_OK;
    case WARD_OBJECT_ACCOUNT:
    case WARD_OBJECT_PROJECT:
    case WARD_OBJECT_API_KEY:
    case WARD_OBJECT_CREDENTIAL:
    case WARD_OBJECT_ENVIRONMENT:
    case WARD_OBJECT_API_PROXY:
    case WARD_OBJECT_KEY:
    case WARD_OBJECT_JWK:
    case WARD_OBJECT_STORE:
        break;
    }
    return WARD_INTERNAL;
}

enum ward_status ward_publisher_drop_key(struct ward_store_session *session, struct ward_publisher *publisher,
                                         const struct ward_key_id *key, uint64_t revision)
{
    struct deriving d = { .publisher = publisher, .session = session, .revision = revision };
    return ward_store_relation_of_key(session, key, apply_relation, &d);
}

/* ---- for the service ---- */

void ward_publisher_expect_puts(struct ward_publisher *publisher, size_t puts, size_t body_bytes)
{
    if (publisher) {
        publisher->announced_puts += puts;
        publisher->announced_bytes += body_bytes;
    }
}

bool ward_publisher_usage(struct ward_publisher *publisher, const struct ward_lookup *relation, int64_t now_ms,
                          struct ward_plan_usage *ret)
{
    return publisher && ward_table_writer_usage(publisher->writer, relation, now_ms, ret);
}
