#include <stdio.h>
#include <string.h>

#include "base/encoding.h"
#include "base/file.h"
#include "cli/cli.h"

enum { BODY_MAX = WARD_BODY_MANAGEMENT_MAX, PATH_CHARS = 512 };

static const struct ward_column columns[] = {
    { "id", "id" },
    { "name", "name" },
    { "active", "isActive" },
    { "project", "projectId" },
    { "expires", "expiresAt" },
    { "limit", "rateLimit.limit" },
    { "window s", "rateLimit.ttl" },
    { "key", "key" },
};

static enum ward_exit print(struct ward_cli *cli, const struct ward_answer *answer)
{
    return ward_cli_print_answer(cli, answer, columns, sizeof(columns) / sizeof(columns[0]));
}

/* A list shows no values: a screen is looked at by more people than a key is for. ward key show has them. */
static enum ward_exit print_list(struct ward_cli *cli, const struct ward_answer *answer)
{
    return ward_cli_print_answer(cli, answer, columns, sizeof(columns) / sizeof(columns[0]) - 1);
}

static bool is_none(const char *text)
{
    return strcmp(text, "none") == 0;
}

/* A member from an option; "none" takes the value away. */
static void write_text_option(struct ward_cli *cli, struct ward_json_writer *writer, const char *flag,
                              const char *member)
{
    const char *text = ward_option_text(&cli->options, flag);
    if (!text)
        return;
    if (is_none(text) && strcmp(flag, "name") != 0)
        ward_json_member_null(writer, member);
    else
        ward_json_member_string(writer, member, ward_span_of(text));
}

static bool read_file(struct ward_cli *cli, const char *flag, struct ward_buffer *ret)
{
    const char *path = ward_option_text(&cli->options, flag);
    enum ward_status status = ward_file_read(path, false, ret);
    return status == WARD_OK || ward_fail(&cli->failure, WARD_EXIT_USAGE, "--%s: %.200s cannot be read: %s", flag, path,
                                          ward_status_text(status));
}

static bool write_metadata(struct ward_cli *cli, struct ward_json_writer *writer)
{
    WARD_BUFFER text = ward_buffer_new(BODY_MAX / 2);
    const struct ward_json_value *json;
    const char *why = "";
    if (!ward_option_text(&cli->options, "metadata-file"))
        return true;
    if (!read_file(cli, "metadata-file", &text))
        return false;
    if (ward_json_parse(ward_buffer_span(&text), &cli->pool, &json, &why) != WARD_OK)
        return ward_fail(&cli->failure, WARD_EXIT_USAGE, "--metadata-file is not JSON: %s", why);
    ward_json_member_raw(writer, "metadata", ward_json_raw(json)); /* to the letter: 1.0 stays 1.0 */
    return true;
}

static bool write_value(struct ward_cli *cli, struct ward_json_writer *writer)
{
    WARD_BUFFER text = ward_buffer_new_secret(4096);
    if (!ward_option_text(&cli->options, "key-file"))
        return true;
    if (!read_file(cli, "key-file", &text))
        return false;
    if (text.size > 0 && text.data[text.size - 1] == '\n') /* the file's line end, not the key's */
        text.size--;
    ward_json_member_string(writer, "key", ward_buffer_span(&text));
    return true;
}

static bool read_number(struct ward_cli *cli, const char *flag, int64_t *ret)
{
    const char *text = ward_option_text(&cli->options, flag);
    if (ward_parse_uint(ward_span_of(text), ret))
        return true;
    return ward_fail(&cli->failure, WARD_EXIT_USAGE, "--%s takes a whole number, not \"%.40s\"", flag, text);
}

static bool write_limit(struct ward_cli *cli, struct ward_json_writer *writer)
{
    const char *limit = ward_option_text(&cli->options, "limit"), *window = ward_option_text(&cli->options, "window");
    int64_t limit_number, window_number;
    if (!limit && !window)
        return true;
    if (limit && !window && is_none(limit)) {
        ward_json_member_null(writer, "rateLimit");
        return true;
    }
    if (!limit || !window)
        return ward_fail(&cli->failure, WARD_EXIT_USAGE, "--limit and --window go together: --limit 100 --window 60");
    if (!read_number(cli, "limit", &limit_number) || !read_number(cli, "window", &window_number))
        return false;
    ward_json_key(writer, "rateLimit");
    ward_json_begin_object(writer);
    ward_json_member_int(writer, "limit", limit_number);
    ward_json_member_int(writer, "ttl", window_number);
    ward_json_end_object(writer);
    return true;
}

static void write_domains(struct ward_cli *cli, struct ward_json_writer *writer)
{
    const struct ward_option_value *domains = ward_option_value(&cli->options, "domain");
    if (domains->count == 0)
        return;
    if (domains->count == 1 && is_none(domains->texts[0])) {
        ward_json_member_null(writer, "allowedDomains");
        return;
    }
    ward_json_key(writer, "allowedDomains");
    ward_json_begin_array(writer);
    for (size_t i = 0; i < domains->count; i++)
        ward_json_put_string(writer, ward_span_of(domains->texts[i]));
    ward_json_end_array(writer);
}

static bool write_common(struct ward_cli *cli, struct ward_json_writer *writer)
{
    write_text_option(cli, writer, "name", "name");
    write_text_option(cli, writer, "account-id", "customAccountId");
    write_text_option(cli, writer, "user-id", "customUserId");
    write_text_option(cli, writer, "expires", "expiresAt");
    write_domains(cli, writer);
    return write_limit(cli, writer) && write_metadata(cli, writer);
}

static enum ward_exit send(struct ward_cli *cli, const char *method, const char *path, struct ward_span body)
{
    struct ward_answer answer;
    if (!ward_cli_ask(cli, method, path, body, &answer))
        return cli->failure.code;
    return print(cli, &answer);
}

enum ward_exit ward_run_key_create(struct ward_cli *cli)
{
    WARD_BUFFER body = ward_buffer_new_secret(BODY_MAX);
    struct ward_json_writer writer = ward_json_writer_to(&body);
    struct ward_span project;
    if (!ward_option_text(&cli->options, "name")) {
        ward_fail(&cli->failure, WARD_EXIT_USAGE, "--name is missing: what is the key to be called?");
        return WARD_EXIT_USAGE;
    }
    if (!ward_cli_find_project(cli, ward_option_text(&cli->options, "project"), &project))
        return cli->failure.code;
    ward_json_begin_object(&writer);
    ward_json_member_string(&writer, "projectId", project);
    if (!write_common(cli, &writer) || !write_value(cli, &writer))
        return cli->failure.code;
    ward_json_end_object(&writer);
    return send(cli, "POST", "/v1/keys", ward_buffer_span(&body));
}

enum ward_exit ward_run_key_update(struct ward_cli *cli)
{
    WARD_BUFFER body = ward_buffer_new_secret(BODY_MAX);
    struct ward_json_writer writer = ward_json_writer_to(&body);
    char path[PATH_CHARS];
    ward_json_begin_object(&writer);
    if (!write_common(cli, &writer))
        return cli->failure.code;
    ward_json_end_object(&writer);
    if (body.size == 2) { /* {} */
        ward_fail(&cli->failure, WARD_EXIT_USAGE,
                  "nothing to change was given (ward key update --help lists what can be)");
        return WARD_EXIT_USAGE;
    }
    if (!ward_cli_path(cli, path, sizeof(path), "/v1/keys/", cli->options.positionals[0], ""))
        return cli->failure.code;
    return send(cli, "PATCH", path, ward_buffer_span(&body));
}

enum ward_exit ward_run_key_list(struct ward_cli *cli)
{
    struct ward_answer answer;
    struct ward_span project;
    char path[PATH_CHARS];
    if (!ward_cli_find_project(cli, ward_option_text(&cli->options, "project"), &project))
        return cli->failure.code;
    snprintf(path, sizeof(path), "/v1/keys?projectId=%.*s", (int)project.size, project.data);
    return ward_cli_ask(cli, "GET", path, WARD_SPAN_NONE, &answer) ? print_list(cli, &answer) : cli->failure.code;
}

static enum ward_exit act(struct ward_cli *cli, const char *method, const char *behind)
{
    char path[PATH_CHARS];
    if (!ward_cli_path(cli, path, sizeof(path), "/v1/keys/", cli->options.positionals[0], behind))
        return cli->failure.code;
    return send(cli, method, path, WARD_SPAN_NONE);
}

enum ward_exit ward_run_key_show(struct ward_cli *cli)
{
    return act(cli, "GET", "");
}

enum ward_exit ward_run_key_delete(struct ward_cli *cli)
{
    return act(cli, "DELETE", "");
}

enum ward_exit ward_run_key_reactivate(struct ward_cli *cli)
{
    return act(cli, "POST", "/reactivate");
}

enum ward_exit ward_run_key_rotate(struct ward_cli *cli)
{
    return act(cli, "POST", "/rotate");
}
