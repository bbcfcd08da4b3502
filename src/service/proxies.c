/*
 * API proxies: contracts/apinizer.md 11. A proxy's pair of keys is in the verifiers' table, so a changed pair holds,
 * and the one before it no more, when the change is answered; where the proxy is deployed narrows it, and is published
 * the same way. So the deployment of a proxy is its commit: its result names the replica that has the table.
 */
#include "service/secrets_internal.h"

#include "base/utf8.h"
#include "table/proxy.h"
#include "json/json.h"
#include "json/writer.h"

#define RIGHTS_MANAGE   ((uint32_t)WARD_RIGHT_API_MANAGE)
#define RIGHTS_DEPLOY   ((uint32_t)WARD_RIGHT_API_DEPLOY)
#define TARGETS_MAX     WARD_KEY_ENTRIES_MAX

#define ACTION_DEPLOYED "deployed" /* as the others, "updated" to who reads the log */

struct proxy_case {
    struct ward_secrets_call *call;
    struct ward_span name; /* of the proxy; absent when it is made */
    const struct ward_proxy_input *input;
    const struct ward_proxy_keys *keys;
    struct ward_span environment_name;
    bool is_removal; /* undeploy */

    struct ward_project project;
    struct ward_api_proxy proxy;
    struct ward_api_proxy_deployment *deployments; /* the proxy's, to be changed */
    struct ward_environment *targets;
    size_t target_count;
    struct ward_members changed;
    char lookup[WARD_LOOKUP_BYTES], retired[WARD_LOOKUP_BYTES];
    bool has_retired;
};

/* ---- finding ---- */

static enum ward_status find_proxy(struct ward_store_session *session, struct proxy_case *c,
                                   enum ward_secrets_refusal missing)
{
    struct ward_secrets_call *call = c->call;
    enum ward_status status = ward_store_api_proxy_find(session, &c->project.id, c->name, call->pool, &c->proxy);
    return status == WARD_NOT_FOUND ? ward_secrets_refuse(call, missing, c->name, c->environment_name) : status;
}

static enum ward_status enter_proxy(struct ward_store_session *session, struct proxy_case *c, uint32_t any_of,
                                    enum ward_secrets_refusal missing)
{
    enum ward_status status = ward_secrets_enter(session, c->call, any_of, &c->project);
    return status == WARD_OK ? find_proxy(session, c, missing) : status;
}

static enum ward_status require_free_name(struct ward_store_session *session, const struct proxy_case *c,
                                          struct ward_span name)
{
    struct ward_api_proxy other;
    enum ward_status status = ward_store_api_proxy_find(session, &c->project.id, name, c->call->pool, &other);
    if (status == WARD_NOT_FOUND || (status == WARD_OK && ward_object_id_equal(&other.id, &c->proxy.id))) {
        return WARD_OK;
    }
    return status == WARD_OK ? ward_secrets_refuse(c->call, WARD_REFUSED_PROXY_EXISTS, name, WARD_SPAN_NONE) : status;
}

/* ---- where it is deployed ---- */

static bool is_deployed_anywhere(const struct ward_api_proxy *proxy)
{
    for (size_t i = 0; i < proxy->deployment_count; i++) {
        if (proxy->deployments[i].is_deployed) {
            return true;
        }
    }
    return false;
}

/* Make the proxy's deployments the case's own, with room for its targets. */
static enum ward_status copy_deployments(struct proxy_case *c)
{
    struct ward_api_proxy *proxy = &c->proxy;
    size_t room = proxy->deployment_count + c->target_count;
    c->deployments = ward_pool_alloc(c->call->pool, (room ? room : 1) * sizeof(*c->deployments));
    if (!c->deployments) {
        return WARD_NO_MEMORY;
    }
    if (proxy->deployment_count > 0) {
        memcpy(c->deployments, proxy->deployments, proxy->deployment_count * sizeof(*c->deployments));
    }
    proxy->deployments = c->deployments;
    return WARD_OK;
}

static struct ward_api_proxy_deployment *deployment_in(struct proxy_case *c, const struct ward_environment *environment)
{
    for (size_t i = 0; i < c->proxy.deployment_count; i++) {
        if (ward_object_id_equal(&c->deployments[i].environment_id, &environment->id)) {
            return &c->deployments[i];
        }
    }
    struct ward_api_proxy_deployment *added = &c->deployments[c->proxy.deployment_count++];
    *added = (struct ward_api_proxy_deployment){ .environment_id = environment->id,
                                                 .environment_name = environment->name,
                                                 .deployed_ms = WARD_TIME_NONE };
    return added;
}

/* What is deployed and was changed waits to be deployed again, but for where it is deployed now. */
static enum ward_status mark_deployments(struct ward_store_session *session, struct proxy_case *c, bool is_changed)
{
    uint64_t revision;
    enum ward_status status = ward_store_revision(session, &revision);
    if (status == WARD_OK) {
        status = copy_deployments(c);
    }
    if (status != WARD_OK) {
        return status;
    }
    for (size_t i = 0; i < c->proxy.deployment_count && is_changed; i++) {
        c->deployments[i].redeploy_required = c->deployments[i].is_deployed;
    }
    for (size_t i = 0; i < c->target_count; i++) {
        struct ward_api_proxy_deployment *deployment = deployment_in(c, &c->targets[i]);
        deployment->is_deployed = !c->is_removal;
        deployment->redeploy_required = false;
        if (!c->is_removal) {
            deployment->deployed_ms = ward_now_ms();
            deployment->revision = revision + 1; /* this write's only entry */
        }
    }
    return WARD_OK;
}

static bool is_target(const struct proxy_case *c, struct ward_span name)
{
    for (size_t i = 0; i < c->target_count; i++) {
        if (ward_span_equal(c->targets[i].name, name)) {
            return true;
        }
    }
    return false;
}

static enum ward_status find_targets(struct ward_store_session *session, struct proxy_case *c,
                                     const struct ward_proxy_targets *targets)
{
    struct ward_secrets_call *call = c->call;
    c->target_count = 0;
    if (!targets->deploys) {
        return WARD_OK;
    }
    if (targets->environment_count == 0) {
        return ward_secrets_refuse_plainly(call, WARD_REFUSED_TARGETS_EMPTY);
    }
    if (targets->environment_count > TARGETS_MAX) {
        return ward_secrets_refuse(call, WARD_REFUSED_TEXT_TOO_LONG, WARD_SPAN("deployTargetEnvironmentNameList"),
                                   WARD_SPAN_NONE);
    }
    c->targets = ward_pool_alloc(call->pool, targets->environment_count * sizeof(*c->targets));
    if (!c->targets) {
        return WARD_NO_MEMORY;
    }
    for (size_t i = 0; i < targets->environment_count; i++) {
        struct ward_span name = targets->environments[i];
        if (is_target(c, name)) {
            return ward_secrets_refuse(call, WARD_REFUSED_TARGET_DUPLICATE, name, WARD_SPAN_NONE);
        }
        enum ward_status status = ward_secrets_environment(
            session, call, &c->project, name, WARD_REFUSED_ENVIRONMENT_NOT_FOUND, &c->targets[c->target_count]);
        if (status != WARD_OK) {
            return status;
        }
        c->target_count++;
    }
    return WARD_OK;
}

static enum ward_status require_deploy(struct proxy_case *c, bool is_needed)
{
    return is_needed ? ward_secrets_require(c->call, WARD_RIGHT_API_DEPLOY, WARD_REFUSED_PROXY_DEPLOY_PERMISSION)
                     : WARD_OK;
}

/* ---- results ---- */

/* Every replica of this process reads one table, which the commit was answered after. */
static void tell_deployment(struct proxy_case *c, int64_t began_ms)
{
    static const struct ward_deployment unknown = { .is_success = false };
    struct ward_secrets_call *call = c->call;
    size_t count = c->target_count;
    struct ward_deployment *deployment = ward_pool_alloc(call->pool, sizeof(*deployment));
    struct ward_environment_result *results = ward_pool_alloc(call->pool, (count + 1) * sizeof(*results));
    struct ward_replica_result *replica = ward_pool_alloc(call->pool, sizeof(*replica));
    if (!deployment || !results || !replica) {
        call->deployment = &unknown;
        return;
    }
    int64_t took_ms = ward_boot_ms() - began_ms;
    bool is_success = call->receipt.applied == call->receipt.replicas;
    *replica = (struct ward_replica_result){ .name = WARD_SPAN(WARD_REPLICA_EMBEDDED),
                                             .is_success = is_success,
                                             .response_ms = took_ms };
    if (!is_success) {
        replica->detail = WARD_SPAN("it has not applied the change yet");
    }
    for (size_t i = 0; i < count; i++) {
        results[i] = (struct ward_environment_result){ .id = c->targets[i].id,
                                                       .name = c->targets[i].name,
                                                       .is_removal = c->is_removal,
                                                       .is_success = is_success,
                                                       .detail = replica->detail,
                                                       .response_ms = took_ms,
                                                       .replicas = replica,
                                                       .replica_count = 1 };
    }
    *deployment = (struct ward_deployment){
        .is_success = is_success, .response_ms = took_ms, .environments = results, .environment_count = count
    };
    call->deployment = deployment;
}

/* Run a write and, when it deploys, say so. */
static enum ward_status run_write(struct proxy_case *c, ward_store_work work)
{
    int64_t began_ms = ward_boot_ms();
    enum ward_status status = ward_secrets_write(c->call, work, c);
    if (status == WARD_OK && c->target_count > 0) {
        tell_deployment(c, began_ms);
    }
    return status;
}

/* ---- writing one proxy ---- */

static enum ward_status log_proxy(struct ward_store_session *session, struct proxy_case *c, const char *action)
{
    const struct ward_api_proxy *proxy = &c->proxy;
    struct ward_span retired = c->has_retired ? ward_span(c->retired, sizeof(c->retired)) : WARD_SPAN_NONE;
    enum ward_status status = ward_pool_status(c->call->pool);
    return status == WARD_OK ? ward_secrets_log(session, c->call->who, WARD_OBJECT_API_PROXY, &proxy->id,
                                                &proxy->account_id, &proxy->project_id, action, &c->changed, retired)
                             : status;
}

/* Name and environments; and once more for a proxy that takes over a pair that this one gives up. */
static void announce(const struct proxy_case *c)
{
    size_t bytes = c->proxy.name.size;
    for (size_t i = 0; i < c->proxy.deployment_count; i++) {
        bytes += c->proxy.deployments[i].environment_name.size + WARD_OBJECT_ID_CHARS + 2;
    }
    ward_publisher_expect_puts(c->call->service->publisher, 2, 2 * (bytes + WARD_OBJECT_NAME_MAX));
}

static enum ward_status store_proxy(struct ward_store_session *session, struct proxy_case *c, const char *action)
{
    enum ward_status status = ward_pool_status(c->call->pool);
    if (status != WARD_OK) {
        return status;
    }
    ward_provenance_touch(&c->proxy.provenance, c->call->who, ward_now_ms());
    status = ward_store_api_proxy_update(session, &c->proxy);
    if (status != WARD_OK) {
        return status;
    }
    c->proxy.version++;
    announce(c);
    return log_proxy(session, c, action);
}

/* ---- metadata ---- */

static const struct ward_proxy_member *sent_member(const struct ward_proxy_input *input, struct ward_span name)
{
    for (size_t i = 0; i < input->member_count; i++) {
        if (ward_span_equal(ward_span_of(input->members[i].name), name)) {
            return &input->members[i];
        }
    }
    return NULL;
}

static void put_member(struct ward_json_writer *writer, const char *name, struct ward_span raw)
{
    if (!ward_span_equal(raw, WARD_SPAN("null"))) {
        ward_json_member_raw(writer, name, raw);
    }
}

/* Write what was kept with what was sent in its place, then what was sent anew. */
static void merge_members(struct proxy_case *c, const struct ward_json_value *kept, struct ward_buffer *out)
{
    const struct ward_proxy_input *input = c->input;
    struct ward_json_writer writer = ward_json_writer_to(out);
    ward_json_begin_object(&writer);
    for (size_t i = 0; i < ward_json_count(kept); i++) {
        struct ward_span name = ward_pool_copy(c->call->pool, ward_json_name_at(kept, i));
        const struct ward_proxy_member *sent = name.data ? sent_member(input, name) : NULL;
        if (name.data) {
            put_member(&writer, name.data, sent ? sent->raw : ward_json_raw(ward_json_at(kept, i)));
        }
    }
    for (size_t i = 0; i < input->member_count; i++) {
        if (!ward_json_member(kept, input->members[i].name)) {
            put_member(&writer, input->members[i].name, input->members[i].raw);
        }
    }
    ward_json_end_object(&writer);
}

static enum ward_status merge_metadata(struct proxy_case *c)
{
    struct ward_secrets_call *call = c->call;
    const struct ward_json_value *kept = NULL;
    const char *why;
    WARD_BUFFER out = ward_buffer_new(WARD_PROXY_METADATA_MAX);
    if (c->proxy.metadata.size > 0) {
        enum ward_status status = ward_json_parse(c->proxy.metadata, call->pool, &kept, &why);
        if (status != WARD_OK) {
            return status == WARD_INVALID ? WARD_INTEGRITY : status;
        }
    }
    merge_members(c, kept, &out);
    if (out.status == WARD_TOO_LARGE) {
        return ward_secrets_refuse_plainly(call, WARD_REFUSED_METADATA_TOO_LARGE);
    }
    if (out.status != WARD_OK) {
        return out.status;
    }
    if (!ward_span_equal(ward_buffer_span(&out), c->proxy.metadata)) {
        ward_members_add(&c->changed, "metadata");
        c->proxy.metadata = ward_pool_copy(call->pool, ward_buffer_span(&out));
    }
    return WARD_OK;
}

static void take_description(struct proxy_case *c)
{
    const struct ward_proxy_input *input = c->input;
    struct ward_span text = input->description.size > 0 ? input->description : WARD_SPAN_NONE;
    if (!input->has_description ||
        (ward_span_equal(text, c->proxy.description) && !text.data == !c->proxy.description.data)) {
        return;
    }
    c->proxy.description = ward_pool_copy(c->call->pool, text);
    ward_members_add(&c->changed, "description");
}

/* ---- create ---- */

static enum ward_status check_input(struct proxy_case *c)
{
    const struct ward_proxy_input *input = c->input;
    enum ward_status status = ward_secrets_check_body(c->call, &input->body);
    if (status == WARD_OK && (input->has_name || !c->name.data)) {
        status = ward_secrets_check_name(c->call, input->name, "apiProxyName", WARD_REFUSED_PROXY_NAME_EMPTY);
    }
    if (status == WARD_OK && input->has_description) {
        status = ward_secrets_check_description(c->call, input->description, "apiProxyDescription");
    }
    return status;
}

static enum ward_status parse_creation(struct proxy_case *c, enum ward_api_proxy_creation *ret)
{
    struct ward_span text = c->input->creation_type;
    if (text.size == 0) {
        return ward_secrets_refuse_plainly(c->call, WARD_REFUSED_CREATION_TYPE_EMPTY);
    }
    if (!ward_api_proxy_creation_parse(text, ret) || (*ret != WARD_PROXY_REVERSE && *ret != WARD_PROXY_EMPTY)) {
        return ward_secrets_refuse(c->call, WARD_REFUSED_CREATION_TYPE_UNKNOWN, text, WARD_SPAN_NONE);
    }
    return WARD_OK;
}

static enum ward_status fill_new(struct proxy_case *c, enum ward_api_proxy_creation creation)
{
    c->proxy = (struct ward_api_proxy){
        .account_id = c->project.account_id,
        .project_id = c->project.id,
        .env = c->project.env,
        .is_scope_active = true,
        .name = c->input->name,
        .type = WARD_PROXY_REST,
        .creation = creation,
        .metadata = WARD_SPAN_NONE,
        .provenance = ward_provenance_new(c->call->who, ward_now_ms()),
        .version = 1,
    };
    ward_members_add(&c->changed, "name");
    take_description(c);
    enum ward_status status = merge_metadata(c);
    return status == WARD_OK ? ward_object_id_new(&c->proxy.id) : status;
}

static enum ward_status create_in(struct ward_store_session *session, void *arg)
{
    struct proxy_case *c = arg;
    enum ward_api_proxy_creation creation = WARD_PROXY_EMPTY;
    enum ward_status status = ward_secrets_enter(session, c->call, RIGHTS_MANAGE, &c->project);
    if (status == WARD_OK) {
        status = require_deploy(c, c->input->targets.deploys);
    }
    if (status == WARD_OK) {
        status = check_input(c);
    }
    if (status == WARD_OK) {
        status = parse_creation(c, &creation);
    }
    if (status == WARD_OK) {
        status = require_free_name(session, c, c->input->name);
    }
    if (status == WARD_OK) {
        status = find_targets(session, c, &c->input->targets);
    }
    if (status == WARD_OK) {
        status = fill_new(c, creation);
    }
    if (status == WARD_OK) {
        status = mark_deployments(session, c, false);
    }
    if (status == WARD_OK) {
        status = ward_store_api_proxy_insert(session, &c->proxy);
    }
    if (status != WARD_OK) {
        return status;
    }
    announce(c);
    return log_proxy(session, c, WARD_ACTION_CREATED);
}

enum ward_status ward_service_proxy_create(struct ward_secrets_call *call, const struct ward_proxy_input *input)
{
    struct proxy_case c = { .call = call, .input = input };
    return run_write(&c, create_in);
}

/* ---- update ---- */

static bool is_empty_input(const struct ward_proxy_input *input)
{
    return !input->has_name && !input->has_description && input->member_count == 0 && !input->targets.deploys;
}

static enum ward_status apply_input(struct ward_store_session *session, struct proxy_case *c)
{
    const struct ward_proxy_input *input = c->input;
    if (input->has_name && !ward_span_equal(input->name, c->proxy.name)) {
        enum ward_status status = require_free_name(session, c, input->name);
        if (status != WARD_OK) {
            return status;
        }
        c->proxy.name = input->name;
        ward_members_add(&c->changed, "name");
    }
    take_description(c);
    return merge_metadata(c);
}

static enum ward_status update_in(struct ward_store_session *session, void *arg)
{
    struct proxy_case *c = arg;
    const struct ward_proxy_input *input = c->input;
    enum ward_status status = enter_proxy(session, c, RIGHTS_MANAGE, WARD_REFUSED_PROXY_NOT_FOUND);
    if (status == WARD_OK) {
        status = require_deploy(c, input->targets.deploys);
    }
    if (status == WARD_OK) {
        status = check_input(c);
    }
    if (status == WARD_OK && is_empty_input(input)) {
        status = ward_secrets_refuse_plainly(c->call, WARD_REFUSED_METADATA_EMPTY);
    }
    if (status == WARD_OK) {
        status = find_targets(session, c, &input->targets);
    }
    if (status == WARD_OK) {
        status = apply_input(session, c);
    }
    if (status == WARD_OK) {
        status = mark_deployments(session, c, c->changed.count > 0);
    }
    return status == WARD_OK ? store_proxy(session, c, "updated") : status;
}

enum ward_status ward_service_proxy_update(struct ward_secrets_call *call, struct ward_span proxy,
                                           const struct ward_proxy_input *input)
{
    struct proxy_case c = { .call = call, .name = proxy, .input = input };
    return run_write(&c, update_in);
}

/* ---- keys ---- */

static enum ward_status check_key(struct proxy_case *c, struct ward_span key, const char *member)
{
    if (!key.data) {
        return WARD_OK;
    }
    if (ward_text_is_blank(key)) {
        return ward_secrets_refuse(c->call, WARD_REFUSED_PAIR_BLANK, ward_span_of(member), WARD_SPAN_NONE);
    }
    if (key.size > WARD_PROXY_KEY_MAX) {
        return ward_secrets_refuse(c->call, WARD_REFUSED_PAIR_TOO_LONG, ward_span_of(member), WARD_SPAN_NONE);
    }
    return WARD_OK;
}

static enum ward_status check_keys(struct proxy_case *c)
{
    const struct ward_proxy_keys *keys = c->keys;
    enum ward_status status = ward_secrets_check_body(c->call, &keys->body);
    if (status == WARD_OK && !keys->public_key.data && !keys->secret_key.data) {
        status = ward_secrets_refuse_plainly(c->call, WARD_REFUSED_PAIR_MISSING);
    }
    if (status == WARD_OK) {
        status = check_key(c, keys->public_key, "publicKey");
    }
    return status == WARD_OK ? check_key(c, keys->secret_key, "secretKey") : status;
}

static enum ward_status find_other(const struct ward_api_proxy *proxy, void *arg)
{
    const struct proxy_case *c = arg;
    return ward_object_id_equal(&proxy->id, &c->proxy.id) ? WARD_OK : WARD_EXISTS;
}

static enum ward_status require_own_public_key(struct ward_store_session *session, struct proxy_case *c)
{
    if (!c->call->rules.is_pair_unique || !c->keys->public_key.data) {
        return WARD_OK;
    }
    enum ward_status status = ward_store_api_proxy_of_public_key(session, &c->project.account_id, c->keys->public_key,
                                                                 find_other, c);
    return status == WARD_EXISTS ? ward_secrets_refuse_plainly(c->call, WARD_REFUSED_PUBLIC_KEY_TAKEN) : status;
}

static void hash_pair(const struct proxy_case *c, const struct ward_proxy_pair *pair, char ret[WARD_LOOKUP_BYTES])
{
    struct ward_service *service = c->call->service;
    struct ward_lookup lookup;
    pthread_mutex_lock(&service->mutex);
    ward_proxy_lookup(service->lookup, pair, &lookup);
    pthread_mutex_unlock(&service->mutex);
    memcpy(ret, lookup.bytes, WARD_LOOKUP_BYTES);
}

/* The look-up of the pair as it is now; the one before is retired with this change. */
static void set_lookup(struct proxy_case *c)
{
    struct ward_api_proxy *proxy = &c->proxy;
    const struct ward_proxy_pair pair = { proxy->public_key, proxy->secret_key };
    struct ward_span before = proxy->lookup;
    if (before.data) {
        memcpy(c->retired, before.data, sizeof(c->retired));
    }
    proxy->lookup = WARD_SPAN_NONE;
    if (ward_proxy_pair_is_whole(&pair)) {
        hash_pair(c, &pair, c->lookup);
        proxy->lookup = ward_span(c->lookup, sizeof(c->lookup));
    }
    c->has_retired = before.data && !(proxy->lookup.data && memcmp(c->retired, c->lookup, sizeof(c->lookup)) == 0);
}

static enum ward_status apply_keys(struct proxy_case *c)
{
    struct ward_secrets_call *call = c->call;
    struct ward_api_proxy *proxy = &c->proxy;
    enum ward_status status = proxy->sealed.data ? ward_open_proxy_secret(call->service, call->pool, proxy) : WARD_OK;
    if (status != WARD_OK) {
        return status;
    }
    if (c->keys->public_key.data) {
        proxy->public_key = ward_pool_copy(call->pool, c->keys->public_key);
        ward_members_add(&c->changed, "publicKey");
    }
    if (c->keys->secret_key.data) {
        proxy->secret_key = ward_pool_copy(call->pool, c->keys->secret_key);
        ward_members_add(&c->changed, "secretKey");
        status = ward_seal_proxy_secret(call->service, call->pool, proxy->version + 1, proxy);
    }
    if (status == WARD_OK) {
        status = ward_pool_status(call->pool);
    }
    if (status == WARD_OK) {
        set_lookup(c);
    }
    return status;
}

static enum ward_status set_keys_in(struct ward_store_session *session, void *arg)
{
    struct proxy_case *c = arg;
    enum ward_status status = enter_proxy(session, c, RIGHTS_MANAGE, WARD_REFUSED_PROXY_NOT_FOUND);
    if (status == WARD_OK) {
        status = require_deploy(c, c->keys->targets.deploys);
    }
    if (status == WARD_OK) {
        status = check_keys(c);
    }
    if (status == WARD_OK) {
        status = require_own_public_key(session, c);
    }
    if (status == WARD_OK) {
        status = find_targets(session, c, &c->keys->targets);
    }
    if (status == WARD_OK) {
        status = apply_keys(c);
    }
    if (status == WARD_OK) {
        status = mark_deployments(session, c, true);
    }
    return status == WARD_OK ? store_proxy(session, c, "updated") : status;
}

enum ward_status ward_service_proxy_set_keys(struct ward_secrets_call *call, struct ward_span proxy,
                                             const struct ward_proxy_keys *keys)
{
    struct proxy_case c = { .call = call, .name = proxy, .keys = keys };
    return run_write(&c, set_keys_in);
}

/* ---- delete ---- */

/* It is undeployed wherever it was deployed. */
static enum ward_status gather_deployed(struct ward_store_session *session, struct proxy_case *c)
{
    size_t count = c->proxy.deployment_count;
    c->is_removal = true;
    c->targets = ward_pool_alloc(c->call->pool, (count ? count : 1) * sizeof(*c->targets));
    if (!c->targets) {
        return WARD_NO_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        const struct ward_api_proxy_deployment *deployment = &c->proxy.deployments[i];
        if (!deployment->is_deployed) {
            continue;
        }
        enum ward_status status = ward_store_environment_get(session, &deployment->environment_id, c->call->pool,
                                                             &c->targets[c->target_count]);
        if (status != WARD_OK) {
            return status;
        }
        c->target_count++;
    }
    return WARD_OK;
}

static enum ward_status delete_in(struct ward_store_session *session, void *arg)
{
    struct proxy_case *c = arg;
    enum ward_status status = enter_proxy(session, c, RIGHTS_MANAGE, WARD_REFUSED_PROXY_NOT_FOUND_ON_DELETE);
    if (status == WARD_OK) {
        status = require_deploy(c, is_deployed_anywhere(&c->proxy));
    }
    if (status == WARD_OK) {
        status = gather_deployed(session, c);
    }
    if (status == WARD_OK) {
        status = ward_store_api_proxy_remove(session, &c->proxy);
    }
    if (status != WARD_OK) {
        return status;
    }
    if (c->proxy.lookup.size == sizeof(c->retired)) {
        memcpy(c->retired, c->proxy.lookup.data, sizeof(c->retired));
        c->has_retired = true;
    }
    announce(c);
    return log_proxy(session, c, "removed");
}

enum ward_status ward_service_proxy_delete(struct ward_secrets_call *call, struct ward_span proxy)
{
    struct proxy_case c = { .call = call, .name = proxy };
    int64_t began_ms = ward_boot_ms();
    enum ward_status status = ward_secrets_write(call, delete_in, &c);
    if (status == WARD_OK) {
        tell_deployment(&c, began_ms);
    }
    return status;
}

/* ---- deploy, undeploy ---- */

static enum ward_status deploy_in(struct ward_store_session *session, void *arg)
{
    struct proxy_case *c = arg;
    enum ward_status status = enter_proxy(session, c, RIGHTS_DEPLOY, WARD_REFUSED_PROXY_NOT_FOUND_ON_DEPLOY);
    if (status == WARD_FORBIDDEN) { /* contracts/apinizer.md 3 has a text for it */
        status = ward_secrets_refuse_plainly(c->call, WARD_REFUSED_PROXY_DEPLOY_PERMISSION);
    }
    c->targets = ward_pool_alloc(c->call->pool, sizeof(*c->targets));
    if (status == WARD_OK && !c->targets) {
        status = WARD_NO_MEMORY;
    }
    if (status == WARD_OK) {
        status = ward_secrets_environment(session, c->call, &c->project, c->environment_name,
                                          WARD_REFUSED_ENVIRONMENT_PATH_NOT_FOUND, c->targets);
    }
    if (status != WARD_OK) {
        return status;
    }
    c->target_count = 1;
    status = mark_deployments(session, c, false);
    return status == WARD_OK ? store_proxy(session, c, c->is_removal ? "undeployed" : ACTION_DEPLOYED) : status;
}

enum ward_status ward_service_proxy_deploy(struct ward_secrets_call *call, struct ward_span proxy,
                                           struct ward_span environment)
{
    struct proxy_case c = { .call = call, .name = proxy, .environment_name = environment };
    return run_write(&c, deploy_in);
}

enum ward_status ward_service_proxy_undeploy(struct ward_secrets_call *call, struct ward_span proxy,
                                             struct ward_span environment)
{
    struct proxy_case c = { .call = call, .name = proxy, .environment_name = environment, .is_removal = true };
    return run_write(&c, deploy_in);
}

/* ---- views ---- */

static struct ward_proxy_deployment_view view_deployment(const struct ward_api_proxy *proxy,
                                                         const struct ward_environment *environment)
{
    const struct ward_api_proxy_deployment *deployment = ward_api_proxy_deployment_of(proxy, &environment->id);
    struct ward_proxy_deployment_view view = { .environment_name = environment->name, .deployed_ms = WARD_TIME_NONE };
    if (deployment) {
        view.is_deployed = deployment->is_deployed;
        view.is_redeploy_required = deployment->redeploy_required;
        view.deployed_ms = deployment->deployed_ms;
        view.revision = deployment->revision;
    }
    return view;
}

struct deployment_views {
    struct ward_secrets_call *call;
    const struct ward_api_proxy *proxy;
    struct ward_proxy_deployment_view *items;
    size_t count, capacity;
};

static enum ward_status add_deployment(const struct ward_environment *environment, void *arg)
{
    struct deployment_views *views = arg;
    if (views->count == views->capacity) {
        size_t capacity = views->capacity ? 2 * views->capacity : 8;
        struct ward_proxy_deployment_view *items = ward_pool_alloc(views->call->pool, capacity * sizeof(*items));
        if (!items) {
            return WARD_NO_MEMORY;
        }
        if (views->count > 0) {
            memcpy(items, views->items, views->count * sizeof(*items));
        }
        views->items = items;
        views->capacity = capacity;
    }
    struct ward_proxy_deployment_view *view = &views->items[views->count++];
    *view = view_deployment(views->proxy, environment);
    view->environment_id = ward_pool_copy(views->call->pool, ward_object_id_span(&environment->id));
    return WARD_OK;
}

/* Spans of the view point into proxy. */
static struct ward_proxy_view view_proxy(const struct ward_api_proxy *proxy, struct ward_span project_id)
{
    return (struct ward_proxy_view){
        .id = ward_object_id_span(&proxy->id),
        .name = proxy->name,
        .project_id = project_id,
        .description = proxy->description,
        .creation_type = ward_span_of(ward_api_proxy_creation_name(proxy->creation)),
        .metadata = proxy->metadata,
        .has_public_key = proxy->public_key.data != NULL,
        .has_secret_key = proxy->sealed.data != NULL,
        .public_key = proxy->public_key,
    };
}

struct proxy_listing {
    struct ward_secrets_call *call;
    struct ward_span after, project_id;
    size_t max;
    ward_proxy_view_visit visit;
    void *arg;
};

static enum ward_status visit_proxy(const struct ward_api_proxy *proxy, void *arg)
{
    const struct proxy_listing *list = arg;
    const struct ward_proxy_view view = view_proxy(proxy, list->project_id);
    return list->visit(&view, list->arg);
}

static enum ward_status list_in(struct ward_store_session *session, void *arg)
{
    struct proxy_listing *list = arg;
    struct ward_project project;
    enum ward_status status = ward_secrets_enter(session, list->call, WARD_RIGHTS_APIOPS, &project);
    if (status != WARD_OK) {
        return status;
    }
    list->project_id = ward_secrets_project_id(list->call, &project.id);
    return ward_store_api_proxy_list(session, &project.id, list->after, list->max, visit_proxy, list);
}

enum ward_status ward_service_proxy_list(struct ward_secrets_call *call, struct ward_span after, size_t max,
                                         ward_proxy_view_visit visit, void *arg)
{
    struct proxy_listing list = { .call = call, .after = after, .max = max, .visit = visit, .arg = arg };
    return ward_store_read(call->service->store, list_in, &list);
}

struct proxy_read {
    struct proxy_case base;
    struct ward_proxy_view *ret;
    struct ward_proxy_deployment_view *ret_deployment;
};

static enum ward_status get_in(struct ward_store_session *session, void *arg)
{
    struct proxy_read *read = arg;
    struct ward_secrets_call *call = read->base.call;
    struct ward_api_proxy *proxy = ward_pool_alloc(call->pool, sizeof(*proxy));
    enum ward_status status = proxy
                                  ? enter_proxy(session, &read->base, WARD_RIGHTS_APIOPS, WARD_REFUSED_PROXY_NOT_FOUND)
                                  : WARD_NO_MEMORY;
    if (status != WARD_OK) {
        return status;
    }
    *proxy = read->base.proxy;
    struct deployment_views views = { .call = call, .proxy = proxy };
    status = ward_environments_of(session, &read->base.project, call->pool, add_deployment, &views);
    if (status != WARD_OK) {
        return status;
    }
    *read->ret = view_proxy(proxy, ward_secrets_project_id(call, &proxy->project_id));
    read->ret->deployments = views.items;
    read->ret->deployment_count = views.count;
    return ward_pool_status(call->pool);
}

enum ward_status ward_service_proxy_get(struct ward_secrets_call *call, struct ward_span proxy,
                                        struct ward_proxy_view *ret)
{
    struct proxy_read read = { .base = { .call = call, .name = proxy }, .ret = ret };
    return ward_store_read(call->service->store, get_in, &read);
}

static enum ward_status status_in(struct ward_store_session *session, void *arg)
{
    struct proxy_read *read = arg;
    struct ward_secrets_call *call = read->base.call;
    struct ward_environment environment;
    enum ward_status status = enter_proxy(session, &read->base, WARD_RIGHTS_APIOPS, WARD_REFUSED_PROXY_NOT_FOUND);
    if (status == WARD_OK) {
        status = ward_secrets_environment(session, call, &read->base.project, read->base.environment_name,
                                          WARD_REFUSED_ENVIRONMENT_PATH_NOT_FOUND, &environment);
    }
    if (status != WARD_OK) {
        return status;
    }
    *read->ret_deployment = view_deployment(&read->base.proxy, &environment);
    read->ret_deployment->environment_id = ward_pool_copy(call->pool, ward_object_id_span(&environment.id));
    return ward_pool_status(call->pool);
}

enum ward_status ward_service_proxy_status(struct ward_secrets_call *call, struct ward_span proxy,
                                           struct ward_span environment, struct ward_proxy_deployment_view *ret)
{
    struct proxy_read read = { .base = { .call = call, .name = proxy, .environment_name = environment },
                               .ret_deployment = ret };
    return ward_store_read(call->service->store, status_in, &read);
}
