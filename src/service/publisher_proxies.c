/*
 * API proxies for verifiers: a record for every pair of keys that a proxy has.
 *
 * Two proxies may have one pair. The record is then the oldest one's, and the next takes over when it goes: so what is
 * applied is a pair, never a proxy, and its holder is read from the store each time.
 */
#include "service/publisher_internal.h"
#include "store/environments.h"
#include "table/proxy.h"

struct holding {
    struct ward_publisher *publisher;
    struct ward_store_session *session;
    uint64_t revision;
    const struct ward_lookup *lookup;
    bool is_held;
    bool must;                       /* at start and in a refill */
    struct ward_refill_place *place; /* or NULL */
    size_t seen;
};

/* What the table could not take was taken out of it, and denies. */
static enum ward_status put_holder(const struct ward_api_proxy *proxy, void *arg)
{
    struct holding *h = arg;
    if (h->is_held) {
        return WARD_OK;
    }
    h->is_held = true;
    struct ward_buffer *body = &h->publisher->body;
    ward_buffer_clear(body);
    ward_proxy_body_encode(proxy, body);
    if (body->status != WARD_OK) {
        h->is_held = false;
        return body->status;
    }
    const struct ward_table_entry entry = ward_proxy_entry(proxy, h->lookup, ward_buffer_span(body), h->revision);
    enum ward_status status = ward_publisher_put(h->publisher, &entry);
    return h->must || h->publisher->is_refiller ? status : WARD_OK;
}

static enum ward_status apply_pair(struct holding *h, const struct ward_lookup *lookup)
{
    h->lookup = lookup;
    h->is_held = false;
    enum ward_status status = ward_store_api_proxy_of_lookup(h->session, lookup, put_holder, h);
    if (status == WARD_OK && !h->is_held && !h->publisher->is_refiller) {
        ward_table_remove(h->publisher->writer, lookup);
    }
    return status;
}

static enum ward_status apply_bytes(struct holding *h, struct ward_span bytes)
{
    struct ward_lookup lookup;
    if (bytes.size != WARD_LOOKUP_BYTES) {
        return WARD_INTEGRITY;
    }
    memcpy(lookup.bytes, bytes.data, WARD_LOOKUP_BYTES);
    return apply_pair(h, &lookup);
}

/* ---- everything: at start, in slices, and when the name of an environment changed ---- */

static enum ward_status load_proxy(const struct ward_api_proxy *proxy, void *arg)
{
    struct holding *h = arg;
    h->seen++;
    if (h->place) {
        h->place->last_object = proxy->id;
        h->place->has_last = true;
    }
    return proxy->lookup.data ? apply_bytes(h, proxy->lookup) : WARD_OK;
}

enum ward_status ward_publisher_load_proxies(struct ward_store_session *session, struct ward_publisher *publisher,
                                             uint64_t revision)
{
    struct holding h = { .publisher = publisher, .session = session, .revision = revision, .must = true };
    return ward_store_api_proxy_walk(session, NULL, SIZE_MAX, load_proxy, &h);
}

enum ward_status ward_publisher_refill_proxies(struct ward_store_session *session, struct ward_publisher *refiller,
                                               struct ward_refill_place *place, size_t max, uint64_t revision)
{
    struct holding h = { .publisher = refiller, .session = session, .revision = revision, .place = place };
    const struct ward_object_id last = place->last_object;
    enum ward_status status = ward_store_api_proxy_walk(session, place->has_last ? &last : NULL, max, load_proxy, &h);
    if (status == WARD_OK && h.seen < max) {
        place->phase++;
        place->has_last = false;
    }
    return status;
}

enum ward_status ward_publisher_warm_proxies(struct ward_store_session *session, struct ward_publisher *publisher)
{
    const struct ward_object_id nothing = { "" };
    const struct ward_lookup nobody = { { 0 } };
    struct holding h = { .publisher = publisher, .session = session };
    struct ward_api_proxy proxy;
    enum ward_status status = ward_store_api_proxy_get(session, &nothing, &publisher->pool, &proxy);
    if (status == WARD_OK || status == WARD_NOT_FOUND) {
        status = ward_store_api_proxy_of_lookup(session, &nobody, put_holder, &h);
    }
    return status == WARD_OK ? ward_store_api_proxy_walk(session, NULL, 0, load_proxy, &h) : status;
}

/* ---- changes ---- */

enum ward_status ward_publisher_apply_proxy(struct ward_store_session *session, struct ward_publisher *publisher,
                                            struct ward_span object_id, uint64_t revision)
{
    struct holding h = { .publisher = publisher, .session = session, .revision = revision };
    struct ward_object_id id;
    struct ward_api_proxy proxy;
    if (!ward_object_id_parse(object_id, &id)) {
        return WARD_INTEGRITY;
    }
    enum ward_status status = ward_store_api_proxy_get(session, &id, &publisher->pool, &proxy);
    if (status == WARD_NOT_FOUND) {
        return WARD_OK; /* its pair is among what the change retired */
    }
    return status == WARD_OK && proxy.lookup.data ? apply_bytes(&h, proxy.lookup) : status;
}

enum ward_status ward_publisher_retire_pairs(struct ward_store_session *session, struct ward_publisher *publisher,
                                             struct ward_span retired, uint64_t revision)
{
    struct holding h = { .publisher = publisher, .session = session, .revision = revision };
    for (size_t at = 0; at + WARD_LOOKUP_BYTES <= retired.size; at += WARD_LOOKUP_BYTES) {
        enum ward_status status = apply_bytes(&h, ward_span(retired.data + at, WARD_LOOKUP_BYTES));
        if (status != WARD_OK) {
            return status;
        }
    }
    return WARD_OK;
}

enum ward_status ward_publisher_apply_environment(struct ward_store_session *session, struct ward_publisher *publisher,
                                                  uint64_t revision)
{
    struct holding h = { .publisher = publisher, .session = session, .revision = revision };
    return ward_store_api_proxy_walk(session, NULL, SIZE_MAX, load_proxy, &h);
}
