#include "table/proxy.h"

#include "base/encoding.h"
#include "base/iso8601.h"

bool ward_proxy_pair_is_whole(const struct ward_proxy_pair *pair)
{
    return pair->public_key.size >= 1 && pair->public_key.size <= WARD_PROXY_KEY_MAX && pair->secret_key.size >= 1 &&
           pair->secret_key.size <= WARD_PROXY_KEY_MAX;
}

static char *append(char *at, struct ward_span bytes)
{
    return (char *)memcpy(at, bytes.data, bytes.size) + bytes.size;
}

/* A line feed first, as all look-ups of what is no key value (table/plan.c). */
void ward_proxy_lookup(const struct ward_keyed_hash *hash, const struct ward_proxy_pair *pair, struct ward_lookup *ret)
{
    const struct ward_span name = WARD_SPAN("\nproxy\n");
    const size_t border = pair->public_key.size;
    const unsigned char size[] = { (unsigned char)(border >> 24), (unsigned char)(border >> 16),
                                   (unsigned char)(border >> 8), (unsigned char)border };
    char text[16 + 2 * WARD_PROXY_KEY_MAX];
    memset(ret, 0, sizeof(*ret));
    if (!ward_proxy_pair_is_whole(pair))
        return;
    char *end = append(text, name);
    end = append(end, ward_span((const char *)size, sizeof(size)));
    end = append(end, pair->public_key);
    end = append(end, pair->secret_key);
    ward_keyed_hash(hash, ward_span(text, (size_t)(end - text)), ret);
    explicit_bzero(text, (size_t)(end - text));
}

/* ---- body: where a key has its ready-made reply, a proxy has lines of "ID NAME" ---- */

void ward_proxy_body_encode(const struct ward_api_proxy *proxy, struct ward_buffer *ret)
{
    WARD_BUFFER lines = ward_buffer_new(SIZE_MAX);
    for (size_t i = 0; i < proxy->deployment_count; i++) {
        const struct ward_api_proxy_deployment *deployment = &proxy->deployments[i];
        if (!deployment->is_deployed)
            continue;
        ward_buffer_append(&lines, ward_object_id_span(&deployment->environment_id));
        ward_buffer_append_char(&lines, ' ');
        ward_buffer_append(&lines, deployment->environment_name);
        ward_buffer_append_char(&lines, '\n');
    }
    if (lines.status != WARD_OK) {
        ret->status = lines.status;
        return;
    }
    const struct ward_body body = { .name = proxy->name, .reply = ward_buffer_span(&lines) };
    ward_body_encode(&body, ret);
}

bool ward_proxy_is_deployed(const struct ward_body *body, struct ward_span environment)
{
    struct ward_span left = body->reply;
    while (left.size > WARD_OBJECT_ID_CHARS) {
        const char *end = memchr(left.data, '\n', left.size);
        if (end == NULL)
            return false;
        size_t size = (size_t)(end - left.data);
        if (size <= WARD_OBJECT_ID_CHARS)
            return false;
        const struct ward_span id = ward_span(left.data, WARD_OBJECT_ID_CHARS);
        const struct ward_span name = ward_span(id.data + id.size + 1, size - id.size - 1);
        if (ward_span_equal(id, environment) || ward_span_equal(name, environment))
            return true;
        left = ward_span(end + 1, left.size - size - 1);
    }
    return false;
}

/* ---- record ---- */

struct ward_table_entry ward_proxy_entry(const struct ward_api_proxy *proxy, const struct ward_lookup *lookup,
                                         struct ward_span body, uint64_t revision)
{
    struct ward_table_entry entry = {
        .lookup = *lookup,
        .kind = WARD_RECORD_API_PROXY,
        .scope = { proxy->account_id, proxy->project_id, proxy->is_scope_active, proxy->env == WARD_ENV_TEST },
        .flags = WARD_RECORD_ENABLED,
        .expires_ms = WARD_TIME_NONE,
        .revision = revision,
        .body = body,
    };
    _Static_assert(WARD_OBJECT_ID_CHARS / 2 <= sizeof(entry.id.bytes), "a proxy's id fits where a UUID does");
    if (!ward_hex_decode(ward_object_id_span(&proxy->id), entry.id.bytes, WARD_OBJECT_ID_CHARS / 2))
        entry.flags = 0;
    return entry;
}

void ward_proxy_record_id(const struct ward_record *record, struct ward_object_id *ret)
{
    ward_hex_encode(record->id.bytes, WARD_OBJECT_ID_CHARS / 2, ret->text);
    ret->text[WARD_OBJECT_ID_CHARS] = '\0';
}
