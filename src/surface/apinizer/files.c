/* Keys and JWKs as files: contracts/apinizer.md 6.6, 6.7, 8.5. */
#include "surface/apinizer/archive.h"
#include "surface/apinizer/errors.h"
#include "surface/apinizer/handlers.h"
#include "surface/apinizer/shapes.h"

static const char *const of_project[WARD_PATH_PARAMETERS_MAX] = { "projectName" };
static const char *const of_key[WARD_PATH_PARAMETERS_MAX] = { "projectName", "keyName" };
static const char *const of_jwk[WARD_PATH_PARAMETERS_MAX] = { "projectName", "jwkName" };

#define SUFFIX ".pem"

/* ---- forms ---- */

/* A field that was filled in; an empty one counts as not sent. */
static struct ward_span field_of(const struct ward_multipart *form, const char *name)
{
    const struct ward_multipart_part *part = ward_multipart_find(form, name);
    return part && part->content.size > 0 ? part->content : WARD_SPAN_NONE;
}

static bool is_on(struct ward_apinizer_call *call, struct ward_span value, const char *name,
                  struct ward_secrets_refused *refused)
{
    if (!value.data || ward_span_equal(value, WARD_SPAN("false"))) {
        return false;
    }
    if (!ward_span_equal(value, WARD_SPAN("true"))) {
        ward_apinizer_bad_body(call, refused, name, WARD_SPAN(""), " must be true or false!");
    }
    return true;
}

static void *allocate(struct ward_apinizer_call *call, size_t count, size_t size)
{
    void *memory = ward_pool_alloc(&call->request->pool, (count + 1) * size);
    if (!memory) {
        ward_apinizer_refused(call, WARD_NO_MEMORY);
    }
    return memory;
}

/* ---- names of files ---- */

/* The key may have any name; a file's has no separators of paths, no quotes and no control bytes. */
static void append_file_name(struct ward_buffer *out, struct ward_span name)
{
    for (size_t i = 0; i < name.size; i++) {
        unsigned char c = (unsigned char)name.data[i];
        bool is_plain = c >= 0x20 && c != 0x7f && !strchr("/\\\":*?<>|", c);
        ward_buffer_append_char(out, is_plain ? (char)c : '_');
    }
}

static struct ward_span file_name(struct ward_pool *pool, struct ward_span key, const char *between,
                                  struct ward_span more, const char *suffix)
{
    WARD_BUFFER text = ward_buffer_new(4096);
    append_file_name(&text, key);
    ward_buffer_append_text(&text, between);
    append_file_name(&text, more);
    ward_buffer_append_text(&text, suffix);
    return text.status == WARD_OK ? ward_pool_copy(pool, ward_buffer_span(&text)) : WARD_SPAN_NONE;
}

/* RFC 6266, RFC 8187: the plain form for everybody; letters beyond ASCII in the extended one besides. */
static void add_disposition(struct ward_apinizer_call *call, struct ward_span name)
{
    WARD_BUFFER text = ward_buffer_new(WARD_REPLY_HEADER_BYTES);
    bool is_ascii = true;
    ward_buffer_append_text(&text, "attachment; filename=\"");
    for (size_t i = 0; i < name.size; i++) {
        bool is_plain = (unsigned char)name.data[i] < 0x80;
        is_ascii = is_ascii && is_plain;
        ward_buffer_append_char(&text, is_plain ? name.data[i] : '_');
    }
    ward_buffer_append_char(&text, '"');
    if (!is_ascii) {
        ward_buffer_append_text(&text, "; filename*=UTF-8''");
        for (size_t i = 0; i < name.size; i++) {
            unsigned char c = (unsigned char)name.data[i];
            bool is_plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' ||
                            c == '.' || c == '_';
            if (is_plain) {
                ward_buffer_append_char(&text, (char)c);
            } else {
                ward_buffer_append_format(&text, "%%%02X", c);
            }
        }
    }
    if (text.status == WARD_OK) {
        ward_http_reply_header(call->request, call->reply, "Content-Disposition", ward_buffer_span(&text));
    }
}

/* ---- import of a key ---- */

/* environmentList: names between commas, blanks around them taken off. */
static bool read_names(struct ward_apinizer_call *call, struct ward_span list, struct ward_crypto_key_input *ret,
                       struct ward_span content, struct ward_span alias)
{
    size_t max = 1;
    for (size_t i = 0; list.data && i < list.size; i++) {
        max += list.data[i] == ',';
    }
    struct ward_key_entry_input *entries = allocate(call, max, sizeof(*entries));
    size_t count = 0;
    if (!entries) {
        return false;
    }
    while (list.size > 0) {
        const char *comma = memchr(list.data, ',', list.size);
        struct ward_span name = ward_span(list.data, comma ? (size_t)(comma - list.data) : list.size);
        list = comma ? ward_span(comma + 1, list.size - name.size - 1) : WARD_SPAN_NONE;
        while (name.size > 0 && name.data[0] == ' ') {
            name = ward_span(name.data + 1, name.size - 1);
        }
        while (name.size > 0 && name.data[name.size - 1] == ' ') {
            name.size--;
        }
        if (name.size > 0) {
            entries[count++] = (struct ward_key_entry_input){
                .environment = name, .content = content, .has_alias = alias.data != NULL, .alias = alias
            };
        }
    }
    ret->has_entries = count > 0;
    ret->entries = entries;
    ret->entry_count = count;
    return true;
}

struct archived {
    struct ward_apinizer_call *call;
    struct ward_key_import *import;
    const struct ward_json_value *mapping; /* archive's environment → ours; NULL: none */
    struct ward_key_entry_input *entries;
    struct ward_span *skipped;
};

/* The environment a file of the archive is for; absent: the file is not this key's. */
static struct ward_span environment_of(struct ward_span file, struct ward_span prefix)
{
    const char *slash = memrchr(file.data, '/', file.size);
    if (slash) {
        file = ward_span(slash + 1, file.size - (size_t)(slash - file.data) - 1);
    }
    const char *dot = memrchr(file.data, '.', file.size);
    if (!ward_span_starts_with(file, prefix) || !dot || (size_t)(dot - file.data) <= prefix.size) {
        return WARD_SPAN_NONE;
    }
    return ward_span(file.data + prefix.size, (size_t)(dot - file.data) - prefix.size);
}

/* "": leave it out. */
static struct ward_span mapped(const struct archived *archived, struct ward_span environment)
{
    for (size_t i = 0; i < ward_json_count(archived->mapping); i++) {
        if (ward_span_equal(ward_json_name_at(archived->mapping, i), environment)) {
            struct ward_span value = ward_json_string(ward_json_at(archived->mapping, i));
            return value.data ? value : WARD_SPAN("");
        }
    }
    return environment;
}

static void take_file(struct archived *archived, const struct ward_archive_file *file, struct ward_span prefix,
                      struct ward_span alias)
{
    struct ward_key_import *import = archived->import;
    struct ward_span environment = environment_of(file->name, prefix);
    if (!environment.data) {
        archived->skipped[import->skipped_count++] = file->name;
        return;
    }
    environment = mapped(archived, environment);
    if (environment.size > 0) {
        archived->entries[import->key.entry_count++] = (struct ward_key_entry_input){
            .environment = environment, .content = file->content, .has_alias = alias.data != NULL, .alias = alias
        };
    }
}

static bool read_archive(struct archived *archived, struct ward_span bytes, struct ward_span alias)
{
    struct ward_apinizer_call *call = archived->call;
    struct ward_key_import *import = archived->import;
    const struct ward_archive_file *files = NULL;
    const char *why = NULL;
    size_t count = 0;
    enum ward_status status = ward_archive_read(bytes, &call->request->pool, &files, &count, &why);
    if (status == WARD_INVALID) {
        ward_apinizer_bad_body(call, &import->key.body, "keyFile can not be read: ", ward_span_of(why), "!");
        return true;
    }
    struct ward_span prefix = file_name(&call->request->pool, import->key.name, "-", WARD_SPAN(""), "");
    if (status != WARD_OK || !prefix.data) {
        ward_apinizer_refused(call, status != WARD_OK ? status : WARD_NO_MEMORY);
        return false;
    }
    archived->entries = allocate(call, count, sizeof(*archived->entries));
    archived->skipped = archived->entries ? allocate(call, count, sizeof(*archived->skipped)) : NULL;
    if (!archived->skipped) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        take_file(archived, &files[i], prefix, alias);
    }
    import->skips_unknown = true;
    import->key.has_entries = import->key.entry_count > 0;
    import->key.entries = archived->entries;
    return true;
}

static bool read_mapping(struct ward_apinizer_call *call, struct ward_span text, struct ward_secrets_refused *refused,
                         const struct ward_json_value **ret)
{
    const char *why = NULL;
    enum ward_status status = text.data ? ward_json_parse(text, &call->request->pool, ret, &why) : WARD_OK;
    if (status == WARD_INVALID || (status == WARD_OK && *ret && ward_json_type(*ret) != WARD_JSON_OBJECT)) {
        ward_apinizer_bad_body(call, refused, "environmentMapping must be a JSON object!", WARD_SPAN_NONE, "");
        *ret = NULL;
        return true;
    }
    if (status != WARD_OK) {
        ward_apinizer_refused(call, status);
    }
    return status == WARD_OK;
}

/* False: the call is answered. */
static bool read_import(struct ward_apinizer_call *call, struct archived *archived)
{
    struct ward_key_import *import = archived->import;
    struct ward_crypto_key_input *key = &import->key;
    struct ward_multipart form;
    if (!ward_apinizer_parts(call, &key->body, &form)) {
        return false;
    }
    key->name = field_of(&form, "keyName");
    key->key_type = field_of(&form, "keyType");
    key->algorithm = field_of(&form, "algorithm");
    key->description = field_of(&form, "keyDescription");
    key->has_name = key->name.data != NULL;
    key->has_key_type = key->key_type.data != NULL;
    key->has_algorithm = key->algorithm.data != NULL;
    key->has_description = key->description.data != NULL;
    import->overrides = is_on(call, field_of(&form, "override"), "override", &key->body);
    struct ward_span file = field_of(&form, "keyFile"), alias = field_of(&form, "alias");
    if (!file.data) {
        ward_apinizer_bad_body(call, &key->body, "keyFile value can not be empty!", WARD_SPAN_NONE, "");
        return true;
    }
    if (!ward_archive_is_one(file)) {
        struct ward_span names = field_of(&form, "environmentList");
        if (!names.data) {
            ward_apinizer_bad_body(call, &key->body, "environmentList value can not be empty!", WARD_SPAN_NONE, "");
        }
        return read_names(call, names, key, file, alias);
    }
    return read_mapping(call, field_of(&form, "environmentMapping"), &key->body, &archived->mapping) &&
           read_archive(archived, file, alias);
}

/* What the reader left out and what the service did: one list. */
static bool join_skipped(struct archived *archived, const struct ward_span *own, size_t own_count)
{
    struct ward_key_import *import = archived->import;
    struct ward_span *all = allocate(archived->call, own_count + import->skipped_count, sizeof(*all));
    if (!all) {
        return false;
    }
    if (own_count > 0) {
        memcpy(all, own, own_count * sizeof(*all));
    }
    if (import->skipped_count > 0) {
        memcpy(all + own_count, import->skipped, import->skipped_count * sizeof(*all));
    }
    import->skipped = all;
    import->skipped_count += own_count;
    return true;
}

enum ward_handled ward_apinizer_key_import(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_apinizer_call call;
    struct ward_key_import import = { .overrides = false };
    struct archived archived = { .call = &call, .import = &import };
    if (!ward_apinizer_begin_write(request, reply, of_project, &call) || !read_import(&call, &archived)) {
        return ward_apinizer_done(request, reply);
    }
    size_t own_count = import.skipped_count;
    import.skipped_count = 0;
    enum ward_status status = ward_service_crypto_key_import(&call.secrets, &import);
    if (status == WARD_OK && !join_skipped(&archived, archived.skipped, own_count)) {
        return ward_apinizer_done(request, reply);
    }
    return ward_apinizer_import_answer(&call, status, WARD_APINIZER_KEY, import.skipped, import.skipped_count);
}

/* ---- export of a key ---- */

static enum ward_handled answer_file(struct ward_apinizer_call *call, const char *type, struct ward_span name,
                                     struct ward_span content)
{
    (void)ward_surface_reply(call->reply, 200, type);
    if (!name.data) {
        return ward_apinizer_refused(call, WARD_NO_MEMORY);
    }
    ward_buffer_append(&call->reply->body, content);
    add_disposition(call, name);
    return ward_apinizer_end(call);
}

static enum ward_handled answer_archive(struct ward_apinizer_call *call, const struct ward_key_export *export)
{
    struct ward_pool *pool = &call->request->pool;
    struct ward_archive_file *files = allocate(call, export->entry_count, sizeof(*files));
    struct ward_span name = file_name(pool, export->name, "-keys", WARD_SPAN(""), ".zip");
    if (!files) {
        return ward_apinizer_end(call);
    }
    for (size_t i = 0; i < export->entry_count; i++) {
        const struct ward_key_export_entry *entry = &export->entries[i];
        files[i].name = file_name(pool, export->name, "-", entry->environment_name, SUFFIX);
        files[i].content = entry->content;
        name = files[i].name.data ? name : WARD_SPAN_NONE;
    }
    (void)ward_surface_reply(call->reply, 200, "application/octet-stream");
    if (!name.data) {
        return ward_apinizer_refused(call, WARD_NO_MEMORY);
    }
    ward_archive_write(files, export->entry_count, &call->reply->body);
    add_disposition(call, name);
    return ward_apinizer_end(call);
}

enum ward_handled ward_apinizer_key_export(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_apinizer_call call;
    struct ward_span environment = WARD_SPAN_NONE;
    struct ward_key_export export = { 0 };
    if (!ward_apinizer_begin(request, reply, of_key, &call) ||
        !ward_apinizer_query(&call, "environmentName", &environment)) {
        return ward_apinizer_done(request, reply);
    }
    enum ward_status status = ward_service_crypto_key_export(&call.secrets, request->parameters[1],
                                                             environment.data != NULL, environment, &export);
    if (status != WARD_OK) {
        return ward_apinizer_refused(&call, status);
    }
    if (!environment.data) {
        return answer_archive(&call, &export);
    }
    return answer_file(&call, "application/x-pem-file",
                       file_name(&request->pool, export.name, "-", export.entries[0].environment_name, SUFFIX),
                       export.entries[0].content);
}

/* ---- JWKs ---- */

enum ward_handled ward_apinizer_jwk_import(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_apinizer_call call;
    struct ward_jwk_import import = { 0 };
    struct ward_multipart form;
    if (!ward_apinizer_begin_write(request, reply, of_project, &call) ||
        !ward_apinizer_parts(&call, &import.body, &form)) {
        return ward_apinizer_done(request, reply);
    }
    import.name = field_of(&form, "jwkName");
    import.description = field_of(&form, "jwkDescription");
    import.kid = field_of(&form, "kid");
    import.file = field_of(&form, "jwkFile");
    return ward_apinizer_import_answer(&call, ward_service_jwk_import(&call.secrets, &import), WARD_APINIZER_JWK, NULL,
                                       0);
}

enum ward_handled ward_apinizer_jwk_export(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_apinizer_call call;
    struct ward_span only = WARD_SPAN_NONE, name = WARD_SPAN_NONE, document = WARD_SPAN_NONE;
    struct ward_secrets_refused bad = { .reason = WARD_REFUSED_NONE };
    if (!ward_apinizer_begin(request, reply, of_jwk, &call) || !ward_apinizer_query(&call, "publicOnly", &only)) {
        return ward_apinizer_done(request, reply);
    }
    bool is_public_only = is_on(&call, only, "publicOnly", &bad);
    if (bad.reason != WARD_REFUSED_NONE) { /* rather nothing than what is secret */
        return ward_apinizer_bad_request(&call, bad.name);
    }
    enum ward_status status = ward_service_jwk_export(&call.secrets, request->parameters[1], is_public_only, &name,
                                                      &document);
    if (status != WARD_OK) {
        return ward_apinizer_refused(&call, status);
    }
    return answer_file(&call, "application/json",
                       file_name(&request->pool, name, is_public_only ? "-public" : "", WARD_SPAN(""), ".json"),
                       document);
}
