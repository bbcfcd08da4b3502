/*
 * Subscribe every API key of a data directory to one product, many to a transaction, and hold each to one usage plan on
 * its stage: the same rows and the same change log as that many calls through NCP's surface. No run reaches the plan's
 * terms.
 *
 *   subscribe DIRECTORY       prints the ids as JSON
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/seam.h"
#include "server/app.h"
#include "service/gateway.h"
#include "service/gateway_internal.h"

enum { BATCH = 8192, POOL_BYTES = 64 * 1024 * 1024 };
#define PLENTY INT64_C(1000000000)

struct subscribing {
    struct ward_operator who;
    struct ward_product product;
    struct ward_api api;
    struct ward_stage stage;
    struct ward_usage_plan plan;
    struct ward_key_id *keys;
    size_t count, room, at;
};

static void need(enum ward_status status, const char *what)
{
    if (status == WARD_OK)
        return;
    fprintf(stderr, "subscribe: %s: %s\n", what, ward_status_text(status));
    exit(1);
}

/* ---- what there is ---- */

static enum ward_status note_key(const struct ward_api_key *key, void *arg)
{
    struct subscribing *run = arg;
    if (run->count == run->room) {
        run->room = run->room ? 2 * run->room : BATCH;
        run->keys = realloc(run->keys, run->room * sizeof(*run->keys));
        if (!run->keys)
            need(WARD_NO_MEMORY, "keys");
    }
    run->keys[run->count++] = key->id;
    run->product.project_id = key->project_id;
    return WARD_OK;
}

static enum ward_status read_keys(struct ward_store_session *session, void *arg)
{
    return ward_store_key_walk(session, NULL, SIZE_MAX >> 1, note_key, arg);
}

/* ---- what is made ---- */

static struct ward_span id_of(const struct ward_key_id *id)
{
    return ward_span(id->text, WARD_KEY_ID_CHARS);
}

static void make_stage(struct subscribing *run, struct ward_gateway_call *call)
{
    char project[WARD_UUID_CHARS + 1];
    ward_uuid_format(&run->product.project_id, project);
    const struct ward_span project_id = ward_span(project, WARD_UUID_CHARS);
    struct ward_product_input product = { .has_name = true,
                                          .name = WARD_SPAN("bench"),
                                          .has_code = true,
                                          .code = WARD_SPAN("PROTECTED"),
                                          .has_project = true,
                                          .project = project_id };
    struct ward_api_input api = { .has_name = true, .name = WARD_SPAN("bench") };
    struct ward_stage_input stage = { .has_name = true,
                                      .name = WARD_SPAN("v1"),
                                      .has_endpoint_domain = true,
                                      .endpoint_domain = WARD_SPAN("https://example.com") };
    struct ward_usage_plan_input plan = {
        .has_name = true,
        .name = WARD_SPAN("bench"),
        .has_project = true,
        .project = project_id,
        .terms = { .has_rate = true,
                   .rate_rps = PLENTY,
                   .has_day_quota = true,
                   .day_quota = PLENTY,
                   .has_month_quota = true,
                   .month_quota = PLENTY },
    };
    need(ward_service_product_create(call, &product, &run->product), "product");
    struct ward_stage_path path = { .product = id_of(&run->product.id) };
    need(ward_service_api_create(call, &path, &api, &run->api), "API");
    path.api = id_of(&run->api.id);
    need(ward_service_stage_create(call, &path, &stage, &run->stage), "stage");
    path.stage = id_of(&run->stage.id);
    need(ward_service_plan_create(call, &plan, &run->plan), "usage plan");
    need(ward_service_stage_associate(call, &path, true, id_of(&run->plan.id)), "association");
}

static enum ward_status subscribe(struct ward_store_session *session, const struct subscribing *run,
                                  const struct ward_key_id *key, int64_t now_ms)
{
    static const struct ward_members changed = { 2, { "status", "usagePlanId" } };
    const struct ward_subscription subscription = { .key_id = *key,
                                                    .product_id = run->product.id,
                                                    .status = WARD_SUBSCRIPTION_ACCEPTED,
                                                    .provenance = ward_provenance_new(&run->who, now_ms),
                                                    .version = 1 };
    enum ward_status status = ward_store_subscription_insert(session, &subscription);
    if (status == WARD_OK)
        status = ward_store_chosen_plan_put(session, &run->stage.id, key, &run->plan.id);
    return status == WARD_OK
               ? ward_gateway_log_subscription(session, &run->who, &run->product, key, "created", &changed)
               : status;
}

static enum ward_status subscribe_batch(struct ward_store_session *session, void *arg)
{
    struct subscribing *run = arg;
    int64_t now_ms = ward_now_ms();
    size_t end = run->count - run->at < BATCH ? run->count : run->at + BATCH;
    enum ward_status status = WARD_OK;
    for (; run->at < end && status == WARD_OK; run->at++)
        status = subscribe(session, run, &run->keys[run->at], now_ms);
    return status;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fputs("usage: subscribe DIRECTORY\n", stderr);
        return 2;
    }
    WARD_POOL pool = ward_pool_new(POOL_BYTES);
    struct ward_failure why = { 0 };
    struct ward_app app;
    if (!ward_app_open(&app, argv[1], false, "bench", &why)) {
        fprintf(stderr, "subscribe: %s\n", why.text);
        return 1;
    }
    struct subscribing run = { .who = ward_operator_local() };
    struct ward_gateway_call call = { .service = app.service, .who = &run.who, .pool = &pool };
    need(ward_store_read(app.store, read_keys, &run), "keys");
    make_stage(&run, &call);
    while (run.at < run.count)
        need(ward_store_write(app.store, subscribe_batch, &run, NULL), "subscriptions");
    ward_app_close(&app);
    free(run.keys);
    printf("{\"product\":\"%s\",\"api\":\"%s\",\"stage\":\"%s\",\"plan\":\"%s\"}\n", run.product.id.text,
           run.api.id.text, run.stage.id.text, run.plan.id.text);
    return 0;
}
