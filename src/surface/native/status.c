/* What an operator's tools ask: is it alive, is it ready, where does it stand. Nothing here names a key or a secret. */
#include "base/seam.h"
#include "surface/native/handlers.h"
#include "surface/native/problems.h"

#define TEXT "text/plain; charset=utf-8"

static enum ward_handled answer_text(struct ward_http_reply *reply, int status, const char *text)
{
    ward_surface_reply(reply, status, TEXT);
    ward_buffer_append_text(&reply->body, text);
    ward_buffer_append_char(&reply->body, '\n');
    return WARD_REPLIED;
}

enum ward_handled ward_native_healthz(struct ward_http_request *request, struct ward_http_reply *reply)
{
    (void)request;
    return answer_text(reply, 200, "ok");
}

/** Why no verdict can be had, or NULL. */
static const char *find_obstacle(const struct ward_http_request *request)
{
    const struct ward_application *application = ward_surface_application(request);
    struct ward_verifier *verifier = ward_surface_verifier(request);
    if (__atomic_load_n(&application->is_draining, __ATOMIC_RELAXED)) {
        return "draining";
    }
    if (!verifier || !ward_table_reader_refresh(verifier->reader)) {
        return "no table";
    }
    int64_t age_ms = ward_table_age_ms(verifier->reader, ward_boot_ms());
    return verifier->max_staleness_ms > 0 && age_ms > verifier->max_staleness_ms ? "stale" : NULL;
}

enum ward_handled ward_native_readyz(struct ward_http_request *request, struct ward_http_reply *reply)
{
    const char *obstacle = find_obstacle(request);
    if (!obstacle) {
        return answer_text(reply, 200, "ready");
    }
    reply->reason = "not_ready";
    ward_http_reply_header(request, reply, "Retry-After", WARD_SPAN("1"));
    return answer_text(reply, 503, obstacle);
}

enum ward_handled ward_native_metrics(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_application *application = ward_surface_application(request);
    ward_surface_reply(reply, 200, "text/plain; version=0.0.4; charset=utf-8");
    if (application->metrics) {
        application->metrics(application, &reply->body);
    }
    return WARD_REPLIED;
}

/* ---- /v1/status ---- */

static bool needs_caller(const struct ward_http_request *request)
{
    return request->listener == WARD_LISTENER_TCP;
}

static void write_table(struct ward_json_writer *writer, const struct ward_http_request *request)
{
    struct ward_publisher_stats stats = { 0 };
    struct ward_publisher *publisher = ward_surface_application(request)->publisher;
    if (publisher) {
        ward_publisher_stats(publisher, &stats);
    }
    ward_json_member_int(writer, "applied", (int64_t)stats.table.revision);
    ward_json_member_int(writer, "generation", (int64_t)stats.table.generation);
    ward_json_member_int(writer, "keys", (int64_t)stats.table.api_keys);
    ward_json_member_int(writer, "replicas", stats.replicas);
    struct ward_verifier *verifier = ward_surface_verifier(request);
    if (verifier && ward_table_reader_refresh(verifier->reader)) {
        ward_json_member_int(writer, "stalenessMs", ward_table_age_ms(verifier->reader, ward_boot_ms()));
    } else {
        ward_json_member_null(writer, "stalenessMs");
    }
}

static void write_store(struct ward_json_writer *writer, const struct ward_store_health *health)
{
    ward_json_key(writer, "store");
    ward_json_begin_object(writer);
    ward_json_member_bool(writer, "failed", health->is_failed);
    ward_json_member_int(writer, "commits", (int64_t)health->commits);
    ward_json_member_int(writer, "batches", (int64_t)health->batches);
    ward_json_end_object(writer);
}

static void write_replica(const struct ward_deployer_replica *replica, void *arg)
{
    struct ward_json_writer *writer = arg;
    ward_json_begin_object(writer);
    ward_json_member_string(writer, "environment", replica->environment);
    ward_json_member_string(writer, "replica", replica->name);
    ward_json_member_bool(writer, "behind", replica->is_behind);
    ward_json_member_string(writer, "detail", replica->detail);
    ward_json_member_int(writer, "keys", (int64_t)replica->stats.keys);
    ward_json_member_int(writer, "jwks", (int64_t)replica->stats.jwks);
    ward_json_member_int(writer, "fileBytes", (int64_t)replica->stats.file_bytes);
    ward_json_end_object(writer);
}

/** Where each replica of each environment stands; detail says why one is behind. */
static void write_keysets(struct ward_json_writer *writer, struct ward_deployer *deployer)
{
    ward_json_key(writer, "keysets");
    ward_json_begin_array(writer);
    if (deployer) {
        ward_deployer_list(deployer, write_replica, writer);
    }
    ward_json_end_array(writer);
}

enum ward_handled ward_native_status(struct ward_http_request *request, struct ward_http_reply *reply)
{
    static const char *const headers[] = { "x-api-key", "authorization", NULL };
    struct ward_operator who = ward_operator_local();
    struct ward_verdict verdict = { 0 };
    enum ward_caller caller = needs_caller(request) ? ward_surface_caller(request, headers, &who, &verdict)
                                                    : WARD_CALLER_OK;
    if (caller != WARD_CALLER_OK) {
        return ward_native_refuse_caller(request, reply, caller, &verdict);
    }
    if (!ward_operator_may(&who, WARD_RIGHT_STATUS_READ)) {
        return ward_native_fail(request, reply, WARD_FORBIDDEN, NULL);
    }
    const struct ward_application *application = ward_surface_application(request);
    struct ward_store_health health = { 0 };
    ward_store_health(application->store, &health);
    struct ward_json_writer writer = ward_surface_reply(reply, 200, WARD_NATIVE_JSON);
    ward_json_begin_object(&writer);
    ward_json_member_string(&writer, "version", ward_span_of(application->version));
    ward_json_member_int(&writer, "revision", (int64_t)health.revision);
    write_table(&writer, request);
    write_store(&writer, &health);
    write_keysets(&writer, application->deployer);
    ward_json_member_time(&writer, "startedAt", application->started_ms);
    ward_json_member_int(&writer, "uptimeMs", ward_now_ms() - application->started_ms);
    ward_json_end_object(&writer);
    return WARD_REPLIED;
}
