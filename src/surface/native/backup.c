/* A backup on request of the local operator: the server writes the file, as its own user. On the control socket only.
 */
#include "service/backup.h"

#include "surface/native/handlers.h"
#include "surface/native/objects.h"

/* A stop is not kept waiting by a copy. */
static bool goes_on(void *arg)
{
    const struct ward_application *application = arg;
    return !__atomic_load_n(&application->is_draining, __ATOMIC_RELAXED);
}

static enum ward_handled refuse(struct ward_http_request *request, struct ward_http_reply *reply,
                                enum ward_status status)
{
    static const struct {
        enum ward_status status;
        int http;
        const char *code, *detail;
    } rows[] = {
        { WARD_INVALID, 400, "path", "to must be an absolute path of a file" },
        { WARD_NOT_FOUND, 400, "no_directory", "the directory of the backup does not exist, as the server sees it" },
        { WARD_FORBIDDEN, 400, "no_permission", "the server's user may not write into the directory of the backup" },
        { WARD_EXISTS, 409, "exists", "the file exists already; a backup replaces nothing" },
        { WARD_CONFLICT, 409, "busy", "another backup is being made; wait for it" },
        { WARD_UNAVAILABLE, 503, "not_made", "there is no room for the backup, or the server is stopping" },
        { WARD_IO, 503, "not_written", "the backup could not be written; the server's log says why" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].status == status) {
            return ward_native_problem(request, reply, rows[i].http, rows[i].code, rows[i].detail);
        }
    }
    return ward_native_fail(request, reply, status, NULL);
}

static enum ward_handled answer(struct ward_http_reply *reply, struct ward_span path, const struct ward_backup *backup)
{
    struct ward_json_writer writer = ward_surface_reply(reply, 201, WARD_NATIVE_JSON);
    ward_json_begin_object(&writer);
    ward_json_member_string(&writer, "file", path);
    ward_json_member_int(&writer, "bytes", (int64_t)backup->file_bytes);
    ward_json_member_int(&writer, "revision", (int64_t)backup->revision);
    ward_json_member_time(&writer, "createdAt", backup->created_ms);
    ward_json_member_string(&writer, "storeId", ward_span_of(backup->store_id));
    ward_json_member_string(&writer, "rootKeyFingerprint", ward_span_of(backup->fingerprint));
    ward_json_end_object(&writer);
    return WARD_REPLIED;
}

enum ward_handled ward_native_backup(struct ward_http_request *request, struct ward_http_reply *reply)
{
    static const char *const members[] = { "to", NULL };
    struct ward_application *application = ward_surface_application(request);
    struct ward_operator who = ward_operator_local();
    struct ward_problems problems = { 0 };
    const struct ward_json_value *body = NULL;
    struct ward_backup backup;
    struct ward_span path = WARD_SPAN_NONE;
    enum ward_status status = ward_native_body(request, members, &problems, &body);
    if (status != WARD_OK) {
        return ward_native_fail(request, reply, status, NULL);
    }
    if (!ward_surface_text(&problems, body, "to", false, &path) && problems.count == 0) {
        ward_problem_add(&problems, "to", WARD_RULE_REQUIRED, 0, NULL);
    }
    if (problems.count > 0) {
        return ward_native_problems(request, reply, &problems);
    }
    status = ward_service_backup(ward_native_service(request), &who, path, goes_on, application, &backup);
    return status == WARD_OK ? answer(reply, path, &backup) : refuse(request, reply, status);
}
