#include "surface/apinizer/verdict.h"

static const char *code_of(int status)
{
    switch (status) {
    case 401:
        return "unauthorized_client";
    case 403:
        return "forbidden";
    case 429:
        return "rate_limit_exceeded";
    default:
        return "server_error";
    }
}

void ward_apinizer_word_verdict(struct ward_http_request *request, struct ward_http_reply *reply,
                                enum ward_reason reason, int status, const char *detail)
{
    enum ward_apinizer_profile profile = ward_surface_application(request)->apinizer.profile;
    struct ward_json_writer writer = ward_surface_reply(reply, status, "application/json;charset=UTF-8");
    reply->reason = ward_reason_name(reason);
    ward_json_begin_object(&writer);
    if (profile != WARD_APINIZER_CURRENT) {
        ward_json_member_string(&writer, "error", ward_span_of(code_of(status)));
        ward_json_member_string(&writer, "error_description", ward_span_of(detail));
    }
    if (profile != WARD_APINIZER_SEED) {
        ward_json_member_string(&writer, "status", WARD_SPAN("FAILURE"));
        ward_json_member_string(&writer, "resultMessage", ward_span_of(detail));
    }
    ward_json_end_object(&writer);
}
