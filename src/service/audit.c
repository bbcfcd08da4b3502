/* Change entries: every write appends exactly one for each object it touched, in the same transaction. */
#include "service/internal.h"
#include "json/writer.h"

#define DETAIL_MAX 1024

void ward_members_add(struct ward_members *members, const char *name)
{
    if (members->count < WARD_MEMBERS_MAX) {
        members->names[members->count++] = name;
    }
}

static void write_detail(const struct ward_members *members, struct ward_buffer *ret)
{
    struct ward_json_writer writer = ward_json_writer_to(ret);
    ward_json_begin_object(&writer);
    ward_json_key(&writer, "members");
    ward_json_begin_array(&writer);
    for (size_t i = 0; members && i < members->count; i++) {
        ward_json_put_string(&writer, ward_span_of(members->names[i]));
    }
    ward_json_end_array(&writer);
    ward_json_end_object(&writer);
}

/* Write a UUID as text; nil and NULL are absent. */
static struct ward_span format_id(const struct ward_uuid *id, char text[WARD_UUID_CHARS + 1])
{
    if (!id || ward_uuid_is_nil(id)) {
        return WARD_SPAN_NONE;
    }
    ward_uuid_format(id, text);
    return ward_span(text, WARD_UUID_CHARS);
}

enum ward_status ward_audit_append(struct ward_store_session *session, const struct ward_operator *who,
                                   const struct ward_audit *audit)
{
    char account[WARD_UUID_CHARS + 1];
    char project[WARD_UUID_CHARS + 1];
    char actor[WARD_UUID_CHARS + 1];
    WARD_BUFFER detail = ward_buffer_new(DETAIL_MAX);
    write_detail(audit->members, &detail);
    if (detail.status != WARD_OK) {
        return detail.status;
    }
    struct ward_change change = {
        .time_ms = ward_now_ms(),
        .kind = audit->kind,
        .object_id = audit->object_id,
        .account_id = format_id(audit->account, account),
        .project_id = format_id(audit->project, project),
        .action = ward_span_of(audit->action),
        .actor_type = who->type,
        .actor_id = format_id(&who->id, actor),
        .detail = ward_buffer_span(&detail),
        .retired = audit->retired,
    };
    return ward_store_change_append(session, &change, NULL);
}
