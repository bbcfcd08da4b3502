/* What APIOps' objects and bodies look like. Envelopes: envelopes.c. */
#include "surface/apinizer/shapes.h"

#include "base/iso8601.h"

/* ---- out ---- */

void ward_apinizer_write_key(struct ward_json_writer *writer, const struct ward_crypto_key_view *key)
{
    ward_json_begin_object(writer);
    ward_json_member_string(writer, "id", key->id);
    ward_json_member_string(writer, "name", key->name);
    ward_json_member_string(writer, "description", key->description);
    ward_json_member_string(writer, "projectId", key->project_id);
    ward_json_member_string(writer, "keyType", ward_span_of(key->key_type));
    ward_json_member_string(writer, "algorithm", ward_span_of(key->algorithm));
    ward_json_key(writer, "cryptoKeyInfoEnvironmentList");
    ward_json_begin_array(writer);
    for (size_t i = 0; i < key->entry_count; i++) {
        const struct ward_key_entry_view *entry = &key->entries[i];
        ward_json_begin_object(writer);
        ward_json_member_string(writer, "environmentId", entry->environment_id);
        ward_json_member_string(writer, "environmentName", entry->environment_name);
        ward_json_member_string(writer, "alias", entry->alias);
        ward_json_member_null(writer, "source");
        ward_json_end_object(writer);
    }
    ward_json_end_array(writer);
    ward_json_end_object(writer);
}

/* What a JWK says of itself beside its material stands in members of its own. */
static bool is_of_material(struct ward_span name)
{
    static const struct ward_span others[] = { WARD_SPAN_INIT("kty"), WARD_SPAN_INIT("kid"), WARD_SPAN_INIT("use"),
                                               WARD_SPAN_INIT("alg") };
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        if (ward_span_equal(name, others[i])) {
            return false;
        }
    }
    return true;
}

static const char *material_member(const char *type)
{
    static const struct {
        struct ward_span type;
        const char *member;
    } members[] = {
        { WARD_SPAN_INIT("RSA"), "rsa" },
        { WARD_SPAN_INIT("EC"), "ec" },
        { WARD_SPAN_INIT("OCT"), "oct" },
        { WARD_SPAN_INIT("OKP"), "okp" },
    };
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        if (ward_span_equal(ward_span_of(type), members[i].type)) {
            return members[i].member;
        }
    }
    return "material";
}

/* Names of a JWK's members are the writer's own: letters only. */
static void write_material(struct ward_json_writer *writer, const char *type, const struct ward_json_value *material)
{
    ward_json_key(writer, material_member(type));
    ward_json_begin_object(writer);
    for (size_t i = 0; i < ward_json_count(material); i++) {
        struct ward_span name = ward_json_name_at(material, i);
        char text[32];
        if (is_of_material(name) && name.size < sizeof(text)) {
            memcpy(text, name.data, name.size);
            text[name.size] = '\0';
            ward_json_member_raw(writer, text, ward_json_raw(ward_json_at(material, i)));
        }
    }
    ward_json_end_object(writer);
}

void ward_apinizer_write_jwk(struct ward_json_writer *writer, const struct ward_jwk_view *jwk,
                             const struct ward_json_value *material)
{
    ward_json_begin_object(writer);
    ward_json_member_string(writer, "id", jwk->id);
    ward_json_member_string(writer, "name", jwk->name);
    ward_json_member_string(writer, "description", jwk->description);
    ward_json_member_string(writer, "projectId", jwk->project_id);
    ward_json_member_string(writer, "sourceType", ward_span_of(jwk->source_type));
    ward_json_member_string(writer, "sourceId", jwk->source_id);
    ward_json_member_string(writer, "sourceUrl", jwk->source_url);
    ward_json_member_string(writer, "type", ward_span_of(jwk->type));
    ward_json_member_string(writer, "kid", jwk->kid);
    ward_json_member_string(writer, "useType", ward_span_of(jwk->use));
    ward_json_member_string(writer, "algorithm", ward_span_of(jwk->algorithm));
    ward_json_member_time(writer, "notBeforeTime", jwk->not_before_ms);
    ward_json_member_time(writer, "expirationTime", jwk->expires_ms);
    if (material) {
        write_material(writer, jwk->type, material);
    }
    ward_json_end_object(writer);
}

static void write_kept(struct ward_json_writer *writer, const char *name, const struct ward_json_value *metadata,
                       const char *kept_as, const char *otherwise)
{
    struct ward_span raw = ward_json_raw(ward_json_member(metadata, kept_as));
    ward_json_member_raw(writer, name, raw.data ? raw : ward_span_of(otherwise));
}

void ward_apinizer_write_proxy_brief(struct ward_json_writer *writer, const struct ward_proxy_view *proxy,
                                     const struct ward_json_value *metadata)
{
    const struct ward_json_value *paths = ward_json_member(ward_json_member(metadata, "clientRoute"),
                                                           "relativePathList");
    ward_json_begin_object(writer);
    ward_json_member_string(writer, "name", proxy->name);
    ward_json_member_string(writer, "description", proxy->description);
    ward_json_member_string(writer, "type", WARD_SPAN("REST"));
    ward_json_member_string(writer, "relativePath", ward_json_string(ward_json_at(paths, 0)));
    write_kept(writer, "soapToRest", metadata, "soapToRest", "false");
    ward_json_end_object(writer);
}

void ward_apinizer_write_deployment(struct ward_json_writer *writer, const struct ward_proxy_deployment_view *row)
{
    ward_json_begin_object(writer);
    ward_json_member_bool(writer, "deployed", row->is_deployed);
    ward_json_member_time(writer, "lastDeployTime", row->deployed_ms);
    if (row->revision > 0) {
        ward_json_member_int(writer, "revision", (int64_t)row->revision);
    } else {
        ward_json_member_null(writer, "revision");
    }
    ward_json_member_bool(writer, "redeployRequired", row->is_redeploy_required);
    ward_json_end_object(writer);
}

/* contracts/apinizer.md 11.2: the public key in clear; the secret one never. */
void ward_apinizer_write_proxy(struct ward_json_writer *writer, const struct ward_proxy_view *proxy,
                               const struct ward_json_value *metadata)
{
    ward_json_begin_object(writer);
    ward_json_member_string(writer, "id", proxy->id);
    ward_json_member_string(writer, "name", proxy->name);
    ward_json_member_string(writer, "description", proxy->description);
    ward_json_member_string(writer, "projectId", proxy->project_id);
    ward_json_member_string(writer, "apiType", WARD_SPAN("REST"));
    ward_json_member_string(writer, "apiProxyCreationType", proxy->creation_type);
    write_kept(writer, "categoryList", metadata, "categoryList", "[]");
    write_kept(writer, "sharingType", metadata, "sharingType", "null");
    write_kept(writer, "clientRoute", metadata, "clientRoute", "{\"relativePathList\":[],\"hostList\":[]}");
    write_kept(writer, "routing", metadata, "routingInfo", "{\"routingEnabled\":false,\"routingAddressList\":[]}");
    ward_json_member_string(writer, "publicKey", proxy->has_public_key ? proxy->public_key : WARD_SPAN_NONE);
    ward_json_member_string(writer, "secretKey", proxy->has_secret_key ? WARD_SPAN("***") : WARD_SPAN_NONE);
    ward_json_member_raw(writer, "endpointList", WARD_SPAN("[]"));
    ward_json_key(writer, "deploymentList");
    ward_json_begin_array(writer);
    for (size_t i = 0; i < proxy->deployment_count; i++) {
        const struct ward_proxy_deployment_view *row = &proxy->deployments[i];
        ward_json_begin_object(writer);
        ward_json_member_string(writer, "environmentName", row->environment_name);
        ward_json_member_bool(writer, "deployed", row->is_deployed);
        ward_json_member_bool(writer, "redeployRequired", row->is_redeploy_required);
        ward_json_end_object(writer);
    }
    ward_json_end_array(writer);
    ward_json_end_object(writer);
}

/* ---- in ---- */

/** The member if it was sent with a value; null is as good as nothing (section 12). */
static const struct ward_json_value *member_of(const struct ward_apinizer_reader *reader, const char *member)
{
    const struct ward_json_value *value = ward_json_member(reader->object, member);
    return ward_json_type(value) == WARD_JSON_NULL ? NULL : value;
}

static bool refuse(const struct ward_apinizer_reader *reader, const char *member, const char *what)
{
    ward_apinizer_bad_body(reader->call, reader->refused, member, WARD_SPAN(" must be "), what);
    return false;
}

bool ward_apinizer_read_text(const struct ward_apinizer_reader *reader, const char *member, struct ward_span *ret)
{
    const struct ward_json_value *value = member_of(reader, member);
    if (!value) {
        return false;
    }
    if (ward_json_type(value) != WARD_JSON_STRING) {
        return refuse(reader, member, "a string!");
    }
    *ret = ward_json_string(value);
    return true;
}

bool ward_apinizer_read_boolean(const struct ward_apinizer_reader *reader, const char *member, bool *ret)
{
    const struct ward_json_value *value = member_of(reader, member);
    enum ward_json_type type = ward_json_type(value);
    if (!value) {
        return false;
    }
    if (type != WARD_JSON_TRUE && type != WARD_JSON_FALSE) {
        return refuse(reader, member, "true or false!");
    }
    *ret = type == WARD_JSON_TRUE;
    return true;
}

bool ward_apinizer_read_number(const struct ward_apinizer_reader *reader, const char *member, int64_t *ret)
{
    const struct ward_json_value *value = member_of(reader, member);
    int64_t number = 0;
    if (!value) {
        return false;
    }
    if (!ward_json_integer(value, &number) || number < 1) {
        return refuse(reader, member, "a whole number of at least 1!");
    }
    *ret = number;
    return true;
}

#define TIME_MAX_MS INT64_C(253402300799999) /* the last millisecond of the year 9999 */

bool ward_apinizer_read_time(const struct ward_apinizer_reader *reader, const char *member, int64_t *ret_ms)
{
    const struct ward_json_value *value = member_of(reader, member);
    int64_t ms = 0;
    if (!value) {
        return false;
    }
    bool is_text = ward_json_type(value) == WARD_JSON_STRING;
    bool is_time = is_text ? ward_iso8601_parse(ward_json_string(value), &ms) : ward_json_integer(value, &ms);
    if (!is_time || ms < 0 || ms > TIME_MAX_MS) {
        return refuse(reader, member, "an ISO 8601 date, or milliseconds since 1970!");
    }
    *ret_ms = ms;
    return true;
}

/* ---- keys ---- */

#define ENTRIES "cryptoKeyInfoEnvironmentList"

static void read_entry(const struct ward_apinizer_reader *list, const struct ward_json_value *value,
                       struct ward_key_entry_input *ret)
{
    struct ward_apinizer_reader reader = { list->call, value, list->refused };
    if (ward_json_type(value) != WARD_JSON_OBJECT) {
        refuse(&reader, ENTRIES, "a list of objects!");
        return;
    }
    (void)ward_apinizer_read_text(&reader, "environmentName", &ret->environment);
    (void)ward_apinizer_read_text(&reader, "content", &ret->content);
    /* An alias that is null clears; one that was not sent stays. */
    ret->has_alias = ward_json_member(value, "alias") != NULL;
    (void)ward_apinizer_read_text(&reader, "alias", &ret->alias);
}

static bool read_entries(const struct ward_apinizer_reader *reader, struct ward_crypto_key_input *ret)
{
    const struct ward_json_value *list = member_of(reader, ENTRIES);
    if (!list) {
        return true;
    }
    if (ward_json_type(list) != WARD_JSON_ARRAY) {
        refuse(reader, ENTRIES, "a list of objects!");
        return true;
    }
    size_t count = ward_json_count(list);
    struct ward_key_entry_input *entries = ward_pool_alloc(&reader->call->request->pool,
                                                           (count + 1) * sizeof(*entries));
    if (!entries) {
        ward_apinizer_refused(reader->call, WARD_NO_MEMORY);
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        read_entry(reader, ward_json_at(list, i), &entries[i]);
    }
    ret->has_entries = true;
    ret->entries = entries;
    ret->entry_count = count;
    return true;
}

bool ward_apinizer_read_key(const struct ward_apinizer_reader *reader, struct ward_crypto_key_input *ret)
{
    ret->has_name = ward_apinizer_read_text(reader, "name", &ret->name);
    ret->has_description = ward_apinizer_read_text(reader, "description", &ret->description);
    ret->has_key_type = ward_apinizer_read_text(reader, "keyType", &ret->key_type);
    ret->has_algorithm = ward_apinizer_read_text(reader, "algorithm", &ret->algorithm);
    return read_entries(reader, ret);
}

/* ---- JWKs ---- */

void ward_apinizer_read_jwk(const struct ward_apinizer_reader *reader, struct ward_jwk_input *ret)
{
    const struct {
        const char *member;
        struct ward_span *ret;
    } texts[] = {
        { "name", &ret->name },
        { "description", &ret->description },
        { "sourceType", &ret->source_type },
        { "url", &ret->url },
        { "jwkStr", &ret->jwk },
        { "kid", &ret->kid },
        { "keyName", &ret->key_name },
        { "environmentName", &ret->environment_name },
        { "useType", &ret->use },
        { "algorithm", &ret->algorithm },
        { "certificateName", &ret->certificate_name },
        { "keyStoreName", &ret->keystore_name },
        { "aliasName", &ret->alias_name },
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        (void)ward_apinizer_read_text(reader, texts[i].member, texts[i].ret);
    }
    (void)ward_apinizer_read_number(reader, "urlOptionConnectTimeout", &ret->connect_timeout_ms);
    (void)ward_apinizer_read_number(reader, "urlOptionReadTimeout", &ret->read_timeout_ms);
    (void)ward_apinizer_read_number(reader, "urlOptionSizeLimit", &ret->size);
}

/* The object of the type: "rsa" of RSA. A type that is none has none; the service refuses it. */
static const struct ward_json_value *parameters_of(const struct ward_apinizer_reader *reader, struct ward_span type)
{
    static const char *const types[] = { "RSA", "EC", "OCT", "OKP" };
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (ward_span_equal(type, ward_span_of(types[i]))) {
            return member_of(reader, material_member(types[i]));
        }
    }
    return NULL;
}

void ward_apinizer_read_generate(const struct ward_apinizer_reader *reader, struct ward_jwk_generate_input *ret)
{
    ret->not_before_ms = WARD_TIME_NONE;
    ret->expires_ms = WARD_TIME_NONE;
    (void)ward_apinizer_read_text(reader, "name", &ret->name);
    (void)ward_apinizer_read_text(reader, "description", &ret->description);
    (void)ward_apinizer_read_text(reader, "type", &ret->type);
    (void)ward_apinizer_read_text(reader, "kid", &ret->kid);
    const struct ward_json_value *parameters = parameters_of(reader, ret->type);
    if (!parameters) {
        return;
    }
    struct ward_apinizer_reader inner = { reader->call, parameters, reader->refused };
    if (ward_json_type(parameters) != WARD_JSON_OBJECT) {
        refuse(reader, "The object of the type", "an object!");
        return;
    }
    ret->has_parameters = true;
    (void)ward_apinizer_read_number(&inner, "keySize", &ret->key_size);
    (void)ward_apinizer_read_text(&inner, "curveType", &ret->curve);
    (void)ward_apinizer_read_text(&inner, "keyUseType", &ret->use);
    (void)ward_apinizer_read_text(&inner, "algorithm", &ret->algorithm);
    (void)ward_apinizer_read_text(&inner, "keyIdType", &ret->key_id_type);
    (void)ward_apinizer_read_time(&inner, "notBeforeTime", &ret->not_before_ms);
    (void)ward_apinizer_read_time(&inner, "expirationTime", &ret->expires_ms);
}

/* ---- API proxies ---- */

#define TARGETS "deployTargetEnvironmentNameList"

bool ward_apinizer_read_targets(const struct ward_apinizer_reader *reader, struct ward_proxy_targets *ret)
{
    (void)ward_apinizer_read_boolean(reader, "deploy", &ret->deploys);
    const struct ward_json_value *list = member_of(reader, TARGETS);
    if (!ret->deploys || !list) {
        return true;
    }
    if (ward_json_type(list) != WARD_JSON_ARRAY) {
        refuse(reader, TARGETS, "a list of strings!");
        return true;
    }
    size_t count = ward_json_count(list);
    struct ward_span *names = ward_pool_alloc(&reader->call->request->pool, (count + 1) * sizeof(*names));
    if (!names) {
        ward_apinizer_refused(reader->call, WARD_NO_MEMORY);
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        names[i] = ward_json_string(ward_json_at(list, i));
        if (!names[i].data) {
            refuse(reader, TARGETS, "a list of strings!");
        }
    }
    ret->environments = names;
    ret->environment_count = count;
    return true;
}

/* contracts/apinizer.md 11.3, 11.5: what a proxy keeps as it came, and what it must look like. */
enum kept { KEPT_OBJECT, KEPT_LIST, KEPT_BOOLEAN, KEPT_TEXT, KEPT_ENUM };

static const struct member {
    const char *name;
    enum kept kept;
    bool is_of_creation;
    const char *values; /* of an enumeration, " A B " */
} members[] = {
    { "clientRoute", KEPT_OBJECT, true, NULL },
    { "routingInfo", KEPT_OBJECT, true, NULL },
    { "soapToRest", KEPT_BOOLEAN, true, NULL },
    { "specUrl", KEPT_TEXT, true, NULL },
    { "categoryList", KEPT_LIST, false, NULL },
    { "sharingType", KEPT_ENUM, false, "BOTH, NONE, EXTERNAL, INTERNAL, PROJECT, ORGANIZATION, PUBLIC" },
    { "requestBodyReadBehavior", KEPT_ENUM, false, "ALWAYS_READ, READ_IF_POLICY_EXISTS, NEVER_READ" },
    { "responseBodyReadBehavior", KEPT_ENUM, false, "ALWAYS_READ, READ_IF_POLICY_EXISTS, NEVER_READ" },
    { "direction", KEPT_ENUM, false, "REQUEST_RESPONSE, REQUEST_ONLY, RESPONSE_ONLY" },
    { "disableDirectAccessToGateways", KEPT_BOOLEAN, false, NULL },
    { "globalApiProxySettingName", KEPT_TEXT, false, NULL },
    { "backendProxyApplyPolicies", KEPT_BOOLEAN, false, NULL },
    { "fixSoapApiPortType", KEPT_TEXT, false, NULL },
};
#define MEMBERS (sizeof(members) / sizeof(members[0]))

/* Whole words of a comma separated list. */
static bool is_listed(const char *values, struct ward_span word)
{
    for (const char *at = values; *at;) {
        size_t size = strcspn(at, ",");
        if (ward_span_equal(ward_span(at, size), word)) {
            return true;
        }
        at += size;
        at += strspn(at, ", ");
    }
    return false;
}

static void check_enum(const struct ward_apinizer_reader *reader, const struct member *member,
                       const struct ward_json_value *value)
{
    struct ward_span text = ward_json_string(value);
    if (!text.data) {
        refuse(reader, member->name, "a string!");
        return;
    }
    if (is_listed(member->values, text)) {
        return;
    }
    WARD_BUFFER first = ward_buffer_new(64), third = ward_buffer_new(256);
    ward_buffer_append_format(&first, "Unknown %s (", member->name);
    ward_buffer_append_char(&first, '\0');
    ward_buffer_append_format(&third, ")! Supported values: %s", member->values);
    ward_buffer_append_char(&third, '\0');
    if (first.status == WARD_OK && third.status == WARD_OK) {
        ward_apinizer_bad_body(reader->call, reader->refused, first.data,
                               ward_span(text.data, text.size < 255 ? text.size : 255), third.data);
    } else {
        refuse(reader, member->name, "another value!");
    }
}

static void check_kept(const struct ward_apinizer_reader *reader, const struct member *member,
                       const struct ward_json_value *value)
{
    enum ward_json_type type = ward_json_type(value);
    switch (member->kept) {
    case KEPT_OBJECT:
        (void)(type == WARD_JSON_OBJECT || refuse(reader, member->name, "an object!"));
        break;
    case KEPT_LIST:
        (void)(type == WARD_JSON_ARRAY || refuse(reader, member->name, "a list!"));
        break;
    case KEPT_BOOLEAN:
        (void)(type == WARD_JSON_TRUE || type == WARD_JSON_FALSE || refuse(reader, member->name, "true or false!"));
        break;
    case KEPT_TEXT:
        (void)(type == WARD_JSON_STRING || refuse(reader, member->name, "a string!"));
        break;
    case KEPT_ENUM:
        check_enum(reader, member, value);
        break;
    }
}

bool ward_apinizer_read_members(const struct ward_apinizer_reader *reader, bool is_creation,
                                struct ward_proxy_input *ret)
{
    struct ward_proxy_member *kept = ward_pool_alloc(&reader->call->request->pool, MEMBERS * sizeof(*kept));
    if (!kept) {
        ward_apinizer_refused(reader->call, WARD_NO_MEMORY);
        return false;
    }
    size_t count = 0;
    for (size_t i = 0; i < MEMBERS; i++) {
        const struct ward_json_value *value = member_of(reader, members[i].name);
        if (!value || members[i].is_of_creation != is_creation) {
            continue;
        }
        check_kept(reader, &members[i], value);
        kept[count++] = (struct ward_proxy_member){ .name = members[i].name, .raw = ward_json_raw(value) };
    }
    ret->members = kept;
    ret->member_count = count;
    return true;
}
