/* Success in the words of three profiles: contracts/apinizer.md 4.1, 4.2, 4.5. */
#include "service/deployer.h"
#include "surface/apinizer/errors.h"
#include "surface/apinizer/shapes.h"

/* ---- words ---- */

struct words {
    struct ward_span overall, environment;
};

/* [is_proxy][is_removal]: 4.1 has other words for proxies. */
static const struct words words[2][2] = {
    { { WARD_SPAN_INIT("Deployment completed successfully"), WARD_SPAN_INIT("Deployed successfully") },
      { WARD_SPAN_INIT("Undeployment completed successfully"), WARD_SPAN_INIT("Undeployed successfully") } },
    { { WARD_SPAN_INIT("Deployment completed successfully"), WARD_SPAN_INIT("Deployment successful") },
      { WARD_SPAN_INIT("Undeployment completed successfully"), WARD_SPAN_INIT("Undeployment successful") } },
};

static const char *const family_names[] = {
    [WARD_APINIZER_KEY] = "Key",
    [WARD_APINIZER_JWK] = "JWK",
    [WARD_APINIZER_PROXY] = "ApiProxy",
};

static const struct ward_deployment nothing = { .is_success = true };

/* Undeployments only: of a DELETE, or of an update that took every environment away. */
static bool is_undeployment(const struct ward_deployment *deployment, bool is_removal)
{
    for (size_t i = 0; i < deployment->environment_count; i++) {
        if (!deployment->environments[i].is_removal) {
            return false;
        }
    }
    return is_removal || deployment->environment_count > 0;
}

/* ---- deploymentResult ---- */

static void write_environment(struct ward_json_writer *writer, const struct ward_environment_result *result,
                              bool is_proxy)
{
    ward_json_begin_object(writer);
    ward_json_member_string(writer, "environmentName", result->name);
    ward_json_member_bool(writer, "success", result->is_success);
    ward_json_member_string(writer, "message",
                            result->is_success ? words[is_proxy][result->is_removal].environment : result->detail);
    ward_json_end_object(writer);
}

static void write_environments(struct ward_json_writer *writer, const struct ward_deployment *deployment,
                               enum ward_apinizer_family family)
{
    bool is_proxy = family == WARD_APINIZER_PROXY;
    ward_json_key(writer, is_proxy ? "deploymentResults" : "environmentResults");
    ward_json_begin_array(writer);
    for (size_t i = 0; i < deployment->environment_count; i++) {
        write_environment(writer, &deployment->environments[i], is_proxy);
    }
    ward_json_end_array(writer);
}

static void write_replica(struct ward_json_writer *writer, const struct ward_environment_result *environment,
                          const struct ward_replica_result *replica)
{
    ward_json_begin_object(writer);
    ward_json_member_string(writer, "envName", environment->name);
    if (replica) {
        ward_json_member_string(writer, "podName", replica->name);
    }
    ward_json_member_bool(writer, "success", replica ? replica->is_success : environment->is_success);
    ward_json_member_string(writer, "detail", replica ? replica->detail : environment->detail);
    ward_json_member_int(writer, "responseTime", replica ? replica->response_ms : environment->response_ms);
    ward_json_end_object(writer);
}

/* One item for each replica; an environment that has none to speak of is one itself. */
static void write_details(struct ward_json_writer *writer, const struct ward_deployment *deployment)
{
    ward_json_member_int(writer, "responseTime", deployment->response_ms);
    ward_json_key(writer, "detailList");
    ward_json_begin_array(writer);
    for (size_t i = 0; i < deployment->environment_count; i++) {
        const struct ward_environment_result *environment = &deployment->environments[i];
        if (environment->replica_count == 0) {
            write_replica(writer, environment, NULL);
        }
        for (size_t j = 0; j < environment->replica_count; j++) {
            write_replica(writer, environment, &environment->replicas[j]);
        }
    }
    ward_json_end_array(writer);
}

static void write_result(struct ward_json_writer *writer, enum ward_apinizer_profile profile,
                         const struct ward_deployment *deployment, const struct ward_apinizer_written *written)
{
    bool is_removal = is_undeployment(deployment, written->is_removal);
    bool is_proxy = written->family == WARD_APINIZER_PROXY;
    ward_json_key(writer, "deploymentResult");
    ward_json_begin_object(writer);
    ward_json_member_bool(writer, "success", deployment->is_success);
    if (profile != WARD_APINIZER_CURRENT && !is_proxy) {
        struct ward_span failure = is_removal ? WARD_SPAN("Undeployment failed") : WARD_SPAN("Deployment failed");
        ward_json_member_string(writer, "message",
                                deployment->is_success ? words[is_proxy][is_removal].overall : failure);
    }
    if (profile != WARD_APINIZER_CURRENT) {
        write_environments(writer, deployment, written->family);
    }
    if (profile != WARD_APINIZER_SEED) {
        write_details(writer, deployment);
    }
    ward_json_end_object(writer);
}

/* "Key was saved successfully but deployment to environments failed. Details: production: …" */
static void write_failure(struct ward_json_writer *writer, const struct ward_deployment *deployment,
                          const struct ward_apinizer_written *written)
{
    WARD_BUFFER text = ward_buffer_new(WARD_REPLY_MAX);
    bool is_removal = is_undeployment(deployment, written->is_removal);
    ward_buffer_append_text(&text, family_names[written->family]);
    ward_buffer_append_text(&text, written->is_removal ? " was deleted" : " was saved");
    ward_buffer_append_text(&text, is_removal ? " successfully but undeployment from environments failed. Details: "
                                              : " successfully but deployment to environments failed. Details: ");
    const char *between = "";
    for (size_t i = 0; i < deployment->environment_count; i++) {
        const struct ward_environment_result *result = &deployment->environments[i];
        if (!result->is_success) {
            ward_buffer_append_text(&text, between);
            ward_buffer_append(&text, result->name);
            ward_buffer_append_text(&text, ": ");
            ward_buffer_append(&text, result->detail);
            between = "; ";
        }
    }
    ward_json_member_string(writer, "resultMessage", ward_buffer_span(&text));
}

/* ---- whole answers ---- */

static void begin_success(struct ward_json_writer *writer, enum ward_apinizer_profile profile, bool has_union)
{
    ward_json_begin_object(writer);
    if (profile != WARD_APINIZER_CURRENT) {
        ward_json_member_bool(writer, "success", true);
    }
    if (profile != WARD_APINIZER_SEED || has_union) {
        ward_json_member_string(writer, "status", WARD_SPAN("SUCCESS"));
    }
}

enum ward_handled ward_apinizer_write_answer(struct ward_apinizer_call *call, enum ward_status status,
                                             const struct ward_apinizer_written *written)
{
    if (status != WARD_OK) {
        return ward_apinizer_refused(call, status);
    }
    const struct ward_deployment *deployment = call->secrets.deployment;
    struct ward_json_writer writer = ward_apinizer_answer(call, 200);
    begin_success(&writer, call->profile, false);
    if (deployment && !deployment->is_success && call->profile != WARD_APINIZER_SEED) {
        write_failure(&writer, deployment, written);
    }
    if (deployment || !written->may_be_nothing) {
        write_result(&writer, call->profile, deployment ? deployment : &nothing, written);
    }
    ward_json_end_object(&writer);
    return ward_apinizer_end_write(call);
}

enum ward_handled ward_apinizer_import_answer(struct ward_apinizer_call *call, enum ward_status status,
                                              enum ward_apinizer_family family, const struct ward_span *skipped,
                                              size_t skipped_count)
{
    if (status != WARD_OK) {
        return ward_apinizer_refused(call, status);
    }
    const struct ward_deployment *deployment = call->secrets.deployment;
    const struct ward_apinizer_written written = { .family = family };
    struct ward_json_writer writer = ward_apinizer_answer(call, 200);
    ward_json_begin_object(&writer);
    ward_json_member_string(&writer, "status", WARD_SPAN("SUCCESS"));
    if (deployment && !deployment->is_success) {
        write_failure(&writer, deployment, &written);
        write_result(&writer, call->profile, deployment, &written);
    }
    if (skipped_count > 0) {
        ward_json_key(&writer, "unresolvedReferences");
        ward_json_begin_array(&writer);
        for (size_t i = 0; i < skipped_count; i++) {
            ward_json_put_string(&writer, skipped[i]);
        }
        ward_json_end_array(&writer);
    }
    ward_json_end_object(&writer);
    return ward_apinizer_end_write(call);
}

enum ward_handled ward_apinizer_create_answer(struct ward_apinizer_call *call, enum ward_status status)
{
    if (status != WARD_OK) {
        return ward_apinizer_refused(call, status);
    }
    const struct ward_deployment *deployment = call->secrets.deployment;
    const struct ward_apinizer_written written = { .family = WARD_APINIZER_PROXY };
    struct ward_json_writer writer = ward_apinizer_answer(call, 200);
    ward_json_begin_object(&writer);
    if (call->profile == WARD_APINIZER_BOTH) {
        ward_json_member_bool(&writer, "success", true);
    }
    ward_json_member_string(&writer, "status", WARD_SPAN("SUCCESS"));
    if (deployment && !deployment->is_success) {
        write_failure(&writer, deployment, &written);
    }
    ward_json_member_null(&writer, "resultList");
    ward_json_member_null(&writer, "resultCount");
    if (deployment) {
        write_result(&writer, call->profile, deployment, &written);
    } else {
        ward_json_member_null(&writer, "deploymentResult");
    }
    ward_json_end_object(&writer);
    return ward_apinizer_end_write(call);
}

/* ---- lists ---- */

void ward_apinizer_list_begin(struct ward_apinizer_call *call, struct ward_apinizer_list *ret)
{
    *ret = (struct ward_apinizer_list){ .call = call, .writer = ward_apinizer_answer(call, 200) };
    begin_success(&ret->writer, call->profile, true);
    ward_json_key(&ret->writer, "resultList");
    ward_json_begin_array(&ret->writer);
}

enum ward_handled ward_apinizer_list_end(struct ward_apinizer_list *list, enum ward_status status)
{
    if (status != WARD_OK) {
        return ward_apinizer_refused(list->call, status);
    }
    ward_json_end_array(&list->writer);
    ward_json_member_int(&list->writer, "resultCount", list->count);
    ward_json_end_object(&list->writer);
    return ward_apinizer_end(list->call);
}
