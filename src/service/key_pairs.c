/*
 * API keys with two values: contracts/ncp.md 5. They are the keys of keys.c, seen otherwise: by id, disabled and
 * expired ones too, and removed for good where The Auth API disables.
 */
#include "service/gateway_internal.h"

struct pair_case {
    struct ward_gateway_call *call;
    struct ward_span id;
    struct ward_key_pair_input *input;
    enum ward_key_slot slot;
    struct ward_api_key key;  /* as found; in the end as answered */
    struct ward_api_key *ret; /* of one that nobody waits for */
};

static const char *const slot_members[WARD_SLOT_COUNT] = { "primaryKey", "secondaryKey" };

/* ---- reading ---- */

struct key_paging {
    struct ward_gateway_call *call;
    struct ward_key_page *query;
    ward_key_visit visit;
    void *arg;
};

static enum ward_status page_in(struct ward_store_session *session, void *arg)
{
    struct key_paging *paging = arg;
    struct ward_gateway_filter filter = ward_gateway_own(paging->call);
    enum ward_status status = ward_store_key_page_count(session, &filter, &paging->query->totals.initial);
    filter.name = paging->query->has_name ? paging->query->name : WARD_SPAN_NONE;
    paging->query->totals.total = paging->query->totals.initial;
    if (status == WARD_OK && filter.name.size > 0) {
        status = ward_store_key_page_count(session, &filter, &paging->query->totals.total);
    }
    filter.slice = ward_gateway_slice(&paging->query->page);
    return status == WARD_OK ? ward_store_key_page(session, &filter, paging->visit, paging->arg) : status;
}

enum ward_status ward_service_key_page(struct ward_gateway_call *call, struct ward_key_page *query,
                                       ward_key_visit visit, void *arg)
{
    struct key_paging paging = { call, query, visit, arg };
    ward_page_check(&call->problems, &query->page);
    ward_text_allow(&call->problems, "apiKeyName", query->has_name, query->name, WARD_KEY_PAIR_NAME_MAX);
    return ward_gateway_read(call, WARD_RIGHT_KEY_READ, &call->problems, page_in, &paging);
}

static enum ward_status find_and_open(struct ward_store_session *session, void *arg)
{
    struct pair_case *c = arg;
    enum ward_status status = ward_find_own_key(session, c->call, c->id, &c->key);
    return status == WARD_OK ? ward_service_key_open(c->call->service, c->call->pool, &c->key) : status;
}

static enum ward_status answer(const struct pair_case *c, enum ward_status status, struct ward_api_key *ret)
{
    if (status == WARD_OK && ret) {
        *ret = c->key;
    }
    return status;
}

enum ward_status ward_service_key_show(struct ward_gateway_call *call, struct ward_span id, struct ward_api_key *ret)
{
    struct pair_case c = { .call = call, .id = id };
    return answer(&c, ward_gateway_read(call, WARD_RIGHT_KEY_READ, NULL, find_and_open, &c), ret);
}

/* ---- create ---- */

static enum ward_status draw_value(struct pair_case *c, enum ward_key_slot slot)
{
    char text[WARD_KEY_PAIR_CHARS + 1];
    struct ward_span value = ward_span(text, WARD_KEY_PAIR_CHARS);
    struct ward_lookup lookup;
    enum ward_status status = ward_api_key_draw_pair_value(text);
    if (status == WARD_OK) {
        ward_service_hash_lookup(c->call->service, value, &lookup);
        status = ward_service_key_set_value(c->call->service, c->call->pool, slot, value, &lookup, &c->key);
    }
    explicit_bzero(text, sizeof(text));
    return status;
}

static void apply_texts(struct pair_case *c, struct ward_members *changed)
{
    const struct ward_key_pair_input *input = c->input;
    if (ward_gateway_take(c->call->pool, input->has_name, input->name, &c->key.name)) {
        ward_members_add(changed, "name");
    }
    if (ward_gateway_take(c->call->pool, input->has_description, input->description, &c->key.description)) {
        ward_members_add(changed, "description");
    }
}

static enum ward_status create_in(struct ward_store_session *session, void *arg)
{
    struct pair_case *c = arg;
    struct ward_key_pair_input *input = c->input;
    struct ward_members members = { 0 };
    struct ward_project home;
    enum ward_status status = ward_scope_home(session, c->call->who, input->has_project, input->project,
                                              &input->problems, c->call->pool, &home);
    if (status == WARD_OK && input->problems.count > 0) {
        status = WARD_INVALID;
    }
    if (status != WARD_OK) {
        return status;
    }
    c->key = ward_service_key_new(&home, ward_now_ms());
    apply_texts(c, &members);
    status = ward_service_draw_id(session, ward_store_gateway_id_exists, &c->key.id);
    for (int slot = 0; slot < WARD_SLOT_COUNT && status == WARD_OK; slot++) {
        status = draw_value(c, (enum ward_key_slot)slot);
    }
    return status == WARD_OK
               ? ward_service_key_insert(session, c->call->service, c->call->who, c->call->pool, &members, &c->key)
               : status;
}

enum ward_status ward_service_key_create_pair(struct ward_gateway_call *call, struct ward_key_pair_input *input,
                                              struct ward_api_key *ret)
{
    struct pair_case c = { .call = call, .input = input };
    ward_key_pair_input_check(input, false);
    return answer(&c, ward_gateway_write(call, WARD_RIGHT_KEY_WRITE, &input->problems, create_in, &c), ret);
}

/* The input was sound: what a run before found is this transaction's to find again. */
static enum ward_status create_later_in(struct ward_store_session *session, void *arg)
{
    struct pair_case *c = arg;
    c->input->problems.count = 0;
    return answer(c, create_in(session, c), c->ret);
}

enum ward_status ward_service_key_create_pair_later(struct ward_gateway_call *call, struct ward_key_pair_input *input,
                                                    struct ward_api_key *ret, const struct ward_later *later)
{
    struct pair_case *c = ward_pool_alloc(call->pool, sizeof(*c));
    if (!c) {
        return WARD_NO_MEMORY;
    }
    *c = (struct pair_case){ .call = call, .input = input, .ret = ret };
    ward_key_pair_input_check(input, false);
    return ward_gateway_write_later(call, WARD_RIGHT_KEY_WRITE, &input->problems, create_later_in, c, later);
}

/* ---- edit, regenerate, remove ---- */

static enum ward_status store_key(struct ward_store_session *session, struct pair_case *c, const char *action,
                                  const struct ward_members *changed, struct ward_span retired)
{
    enum ward_status status = ward_pool_status(c->call->pool);
    if (status != WARD_OK) {
        return status;
    }
    c->key.updated_ms = ward_service_later(ward_now_ms(), c->key.updated_ms);
    return ward_service_key_store(session, c->call->service, c->call->who, &c->key, action, changed, retired);
}

static enum ward_status edit_in(struct ward_store_session *session, void *arg)
{
    struct pair_case *c = arg;
    struct ward_members changed = { 0 };
    enum ward_status status = find_and_open(session, c);
    if (status != WARD_OK) {
        return status;
    }
    apply_texts(c, &changed);
    if (c->input->is_enabled != c->key.is_enabled) {
        c->key.is_enabled = c->input->is_enabled;
        ward_members_add(&changed, "isActive");
    }
    return store_key(session, c, "updated", &changed, WARD_SPAN_NONE);
}

enum ward_status ward_service_key_edit(struct ward_gateway_call *call, struct ward_span id,
                                       struct ward_key_pair_input *input, struct ward_api_key *ret)
{
    struct pair_case c = { .call = call, .id = id, .input = input };
    ward_key_pair_input_check(input, true);
    return answer(&c, ward_gateway_write(call, WARD_RIGHT_KEY_WRITE, &input->problems, edit_in, &c), ret);
}

static enum ward_status regenerate_in(struct ward_store_session *session, void *arg)
{
    struct pair_case *c = arg;
    struct ward_members changed = { 1, { slot_members[c->slot] } };
    enum ward_status status = ward_find_own_key(session, c->call, c->id, &c->key);
    struct ward_span retired = WARD_SPAN_NONE;
    if (status == WARD_OK) {
        retired = c->key.lookups[c->slot];
        status = draw_value(c, c->slot);
    }
    if (status == WARD_OK) {
        status = ward_service_key_open(c->call->service, c->call->pool, &c->key);
    }
    return status == WARD_OK ? store_key(session, c, "updated", &changed, retired) : status;
}

enum ward_status ward_service_key_regenerate(struct ward_gateway_call *call, struct ward_span id, bool has_key_type,
                                             struct ward_span key_type, struct ward_api_key *ret)
{
    struct pair_case c = { .call = call, .id = id };
    if (!ward_problem_has(&call->problems, "keyType")) {
        if (!has_key_type) {
            ward_problem_add(&call->problems, "keyType", WARD_RULE_REQUIRED, 0, NULL);
        } else if (!ward_key_slot_parse(key_type, &c.slot)) {
            ward_problem_add(&call->problems, "keyType", WARD_RULE_ENUM, 0, "PRIMARY, SECONDARY");
        }
    }
    return answer(&c, ward_gateway_write(call, WARD_RIGHT_KEY_WRITE, &call->problems, regenerate_in, &c), ret);
}

/* Opens nothing: a key whose blob is damaged can still be removed. */
static enum ward_status remove_in(struct ward_store_session *session, void *arg)
{
    struct pair_case *c = arg;
    char retired[WARD_SLOT_COUNT * WARD_LOOKUP_BYTES];
    size_t size = 0;
    enum ward_status status = ward_find_own_key(session, c->call, c->id, &c->key);
    if (status != WARD_OK) {
        return status;
    }
    for (int slot = 0; slot < WARD_SLOT_COUNT; slot++) {
        if (c->key.lookups[slot].data) {
            memcpy(retired + size, c->key.lookups[slot].data, WARD_LOOKUP_BYTES);
            size += WARD_LOOKUP_BYTES;
        }
    }
    c->key.is_enabled = false;
    c->key.is_removed = true;
    status = ward_service_subscriptions_end(session, c->call->who, &c->key.id, NULL, false);
    return status == WARD_OK ? store_key(session, c, "removed", NULL, ward_span(retired, size)) : status;
}

enum ward_status ward_service_key_remove(struct ward_gateway_call *call, struct ward_span id)
{
    struct pair_case c = { .call = call, .id = id };
    return ward_gateway_write(call, WARD_RIGHT_KEY_WRITE, NULL, remove_in, &c);
}
