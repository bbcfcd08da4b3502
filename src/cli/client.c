#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

#include "base/seam.h"
#include "cli/cli.h"
#include "surface/native/native.h"

enum { CONNECT_TIMEOUT_S = 5, ANSWER_TIMEOUT_S = 120, ANSWER_MAX = WARD_REPLY_MAX };

/* ---- a server runs ---- */

static size_t take_bytes(char *data, size_t size, size_t count, void *arg)
{
    struct ward_buffer *body = arg;
    ward_buffer_append(body, ward_span(data, size * count));
    return body->status == WARD_OK ? size * count : 0;
}

static bool prepare_curl(struct ward_cli *cli)
{
    if (cli->curl)
        return true;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK || !(cli->curl = curl_easy_init()))
        return ward_fail(&cli->failure, WARD_EXIT_IO, "the HTTP client cannot be started: out of memory");
    return true;
}

static CURLcode set_up(CURL *curl, long timeout_s, const char *socket, const char *method, const char *url,
                       struct ward_span body, struct curl_slist *headers, struct ward_buffer *ret)
{
    curl_easy_reset(curl);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROXY, ""); /* whatever the environment says: it is a local socket */
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_TIMEOUT_S);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, timeout_s);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http");
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_bytes);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, ret);
    if (body.data) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.size);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.data);
    }
    CURLcode code = curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, socket);
    return code == CURLE_OK ? curl_easy_setopt(curl, CURLOPT_URL, url) : code;
}

/* What the server said, or *ret_absent when none listens. */
static bool call_server(struct ward_cli *cli, const char *socket, const char *method, const char *path,
                        struct ward_span body, struct ward_buffer *ret, int *ret_status, bool *ret_absent)
{
    char url[1024];
    long status = 0, timeout_s = cli->answer_timeout_s ? cli->answer_timeout_s : (long)ANSWER_TIMEOUT_S;
    int size = snprintf(url, sizeof(url), "http://localhost%s", path);
    if (size < 0 || (size_t)size >= sizeof(url))
        return ward_fail(&cli->failure, WARD_EXIT_USAGE, "an argument is too long");
    if (!prepare_curl(cli))
        return false;
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
    CURLcode code = headers ? set_up(cli->curl, timeout_s, socket, method, url, body, headers, ret)
                            : CURLE_OUT_OF_MEMORY;
    if (code == CURLE_OK)
        code = curl_easy_perform(cli->curl);
    curl_slist_free_all(headers);
    *ret_absent = code == CURLE_COULDNT_CONNECT;
    if (*ret_absent)
        return true;
    if (code != CURLE_OK)
        return ward_fail(&cli->failure, WARD_EXIT_IO, "the server on %.400s gave no answer: %s", socket,
                         curl_easy_strerror(code));
    curl_easy_getinfo(cli->curl, CURLINFO_RESPONSE_CODE, &status);
    *ret_status = (int)status;
    return true;
}

/* ---- no server runs ---- */

static bool open_directory(struct ward_cli *cli, const char *data)
{
    if (cli->is_offline)
        return true;
    cli->is_offline = true; /* the app is to be closed, whatever becomes of it */
    if (ward_app_open(&cli->app, data, false, cli->version, &cli->failure))
        return true;
    if (cli->failure.code == WARD_EXIT_LOCKED) /* it listened a moment ago, or is just starting */
        return ward_fail(&cli->failure, WARD_EXIT_LOCKED,
                         "a Ward process holds %.400s, but does not answer on its ward.sock; if it is just starting or "
                         "stopping, try again",
                         data);
    return false;
}

static enum ward_method method_of(const char *name)
{
    for (int method = WARD_GET; method < WARD_METHOD_OTHER; method++)
        if (strcmp(ward_method_name((enum ward_method)method), name) == 0)
            return (enum ward_method)method;
    return WARD_METHOD_OTHER;
}

static void dispatch(struct ward_cli *cli, const char *method, const char *path, struct ward_span body,
                     struct ward_buffer *ret, int *ret_status)
{
    struct ward_http_surface surface = ward_native_surface;
    const struct ward_http_options options = { .surfaces = &surface,
                                               .surface_count = 1,
                                               .application = &cli->app.application };
    const struct ward_http_header headers[] = { { WARD_SPAN("host"), WARD_SPAN("localhost") },
                                                { WARD_SPAN("content-type"), WARD_SPAN("application/json") } };
    const char *question = strchr(path, '?');
    struct ward_http_request request = {
        .method = method_of(method),
        .method_text = ward_span_of(method),
        .target = ward_span_of(path),
        .path = question ? ward_span(path, (size_t)(question - path)) : ward_span_of(path),
        .query = question ? ward_span_of(question + 1) : WARD_SPAN_NONE,
        .headers = headers,
        .header_count = sizeof(headers) / sizeof(headers[0]),
        .body = body,
        .peer = WARD_SPAN("local"),
        .listener = WARD_LISTENER_CONTROL,
        .request_id = "0000000000000000",
        .pool = ward_pool_new(WARD_REQUEST_POOL_MAX),
        .application = &cli->app.application,
    };
    struct ward_http_reply reply = { .body = ward_buffer_new_secret(WARD_REPLY_MAX) };
    ward_http_dispatch(&options, &request, &reply);
    ward_buffer_append(ret, ward_buffer_span(&reply.body));
    *ret_status = reply.status;
    ward_buffer_free(&reply.body);
    ward_pool_free(&request.pool);
}

/* ---- either ---- */

bool ward_cli_call(struct ward_cli *cli, const char *method, const char *path, struct ward_span body,
                   struct ward_answer *ret)
{
    WARD_BUFFER text = ward_buffer_new_secret(ANSWER_MAX);
    struct ward_data_directory directory;
    const char *why = NULL;
    bool is_absent = true;
    const char *data = ward_option_text(&cli->options, "data");
    if (!ward_data_directory_name(&directory, data, &cli->failure) ||
        !ward_data_directory_check(&directory, &cli->failure))
        return false;
    *ret = (struct ward_answer){ .status = 0 };
    if (!cli->is_offline && !call_server(cli, directory.socket, method, path, body, &text, &ret->status, &is_absent))
        return false;
    if (is_absent) {
        if (!open_directory(cli, data))
            return false;
        dispatch(cli, method, path, body, &text, &ret->status);
    }
    ret->text = ward_pool_copy(&cli->pool, ward_buffer_span(&text));
    if (text.status != WARD_OK || !ret->text.data)
        return ward_fail(&cli->failure, WARD_EXIT_IO, "out of memory for the answer");
    if (ret->text.size > 0 && ward_json_parse(ret->text, &cli->pool, &ret->json, &why) != WARD_OK)
        ret->json = NULL;
    return true;
}

static void append_errors(struct ward_buffer *text, const struct ward_json_value *errors)
{
    for (size_t i = 0; i < ward_json_count(errors) && ward_json_type(errors) == WARD_JSON_ARRAY; i++) {
        const struct ward_json_value *error = ward_json_at(errors, i);
        ward_buffer_append_text(text, i == 0 ? ": " : "; ");
        ward_cli_append_safe(text, ward_json_type(error) == WARD_JSON_STRING ? ward_json_string(error)
                                                                             : ward_json_raw(error));
    }
}

/* A problem document (RFC 9457) as one sentence. */
static bool refuse(struct ward_cli *cli, const struct ward_answer *answer)
{
    WARD_BUFFER text = ward_buffer_new(900);
    struct ward_span title = ward_json_string(ward_json_member(answer->json, "title"));
    struct ward_span detail = ward_json_string(ward_json_member(answer->json, "detail"));
    ward_cli_append_safe(&text, title.size > 0 ? title : WARD_SPAN("refused"));
    if (detail.size > 0) {
        ward_buffer_append_text(&text, ": ");
        ward_cli_append_safe(&text, detail);
    }
    append_errors(&text, ward_json_member(answer->json, "errors"));
    return ward_fail(&cli->failure, answer->status == 400 ? WARD_EXIT_USAGE : WARD_EXIT_REFUSED, "%.*s (status %d)",
                     (int)text.size, ward_buffer_span(&text).data, answer->status);
}

bool ward_cli_ask(struct ward_cli *cli, const char *method, const char *path, struct ward_span body,
                  struct ward_answer *ret)
{
    if (!ward_cli_call(cli, method, path, body, ret))
        return false;
    return (ret->status >= 200 && ret->status < 300) || refuse(cli, ret);
}

bool ward_cli_path(struct ward_cli *cli, char *ret, size_t size, const char *prefix, const char *id, const char *behind)
{
    static const char id_characters[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEF-";
    size_t length = strlen(id);
    if (length == 0 || length > WARD_UUID_CHARS || strspn(id, id_characters) != length)
        return ward_fail(&cli->failure, WARD_EXIT_USAGE,
                         "this takes an id, as the list prints it; a key's value never belongs on a command line");
    snprintf(ret, size, "%s%s%s", prefix, id, behind);
    return true;
}

void ward_cli_disconnect(struct ward_cli *cli)
{
    if (cli->curl) {
        curl_easy_cleanup(cli->curl);
        curl_global_cleanup();
    }
    cli->curl = NULL;
    if (cli->is_offline)
        ward_app_close(&cli->app);
    cli->is_offline = false;
}

bool ward_cli_find_project(struct ward_cli *cli, const char *name, struct ward_span *ret_id)
{
    struct ward_answer answer;
    size_t found = 0;
    if (!ward_cli_ask(cli, "GET", "/v1/projects", WARD_SPAN_NONE, &answer))
        return false;
    const struct ward_json_value *array = answer.json;
    for (size_t i = 0; i < ward_json_count(array) && ward_json_type(array) == WARD_JSON_ARRAY; i++) {
        struct ward_span id = ward_json_string(ward_json_member(ward_json_at(array, i), "id"));
        struct ward_span its_name = ward_json_string(ward_json_member(ward_json_at(array, i), "name"));
        if (name && !ward_span_equal(ward_span_of(name), id) && !ward_span_equal(ward_span_of(name), its_name))
            continue;
        *ret_id = id;
        found++;
    }
    if (found == 1)
        return true;
    if (!name)
        return ward_fail(&cli->failure, WARD_EXIT_USAGE,
                         found == 0 ? "there is no project; make one with ward project create --name NAME"
                                    : "there are several projects; say which with --project NAME (ward project list)");
    return ward_fail(&cli->failure, found == 0 ? WARD_EXIT_REFUSED : WARD_EXIT_USAGE,
                     found == 0 ? "there is no project %.100s (ward project list shows all)"
                                : "several projects are called %.100s; give the id (ward project list)",
                     name);
}
