#include <stdio.h>

#include "cli/cli.h"

enum { BODY_MAX = 64 * 1024, PATH_CHARS = 512 };

static const struct ward_column columns[] = {
    { "id", "id" }, { "name", "name" }, { "env", "env" }, { "active", "isActive" }, { "account", "accountId" },
};

static enum ward_exit send(struct ward_cli *cli, const char *method, const char *path, struct ward_span body)
{
    struct ward_answer answer;
    if (!ward_cli_ask(cli, method, path, body, &answer))
        return cli->failure.code;
    return ward_cli_print_answer(cli, &answer, columns, sizeof(columns) / sizeof(columns[0]));
}

static bool require_name(struct ward_cli *cli)
{
    return ward_option_text(&cli->options, "name") ||
           ward_fail(&cli->failure, WARD_EXIT_USAGE, "--name is missing: what is the project to be called?");
}

enum ward_exit ward_run_project_create(struct ward_cli *cli)
{
    WARD_BUFFER body = ward_buffer_new(BODY_MAX);
    struct ward_json_writer writer = ward_json_writer_to(&body);
    if (!require_name(cli))
        return cli->failure.code;
    ward_json_begin_object(&writer);
    ward_json_member_string(&writer, "name", ward_span_of(ward_option_text(&cli->options, "name")));
    ward_json_member_string(&writer, "env", ward_span_of(ward_option_text(&cli->options, "env")));
    ward_json_end_object(&writer);
    return send(cli, "POST", "/v1/projects", ward_buffer_span(&body));
}

enum ward_exit ward_run_project_list(struct ward_cli *cli)
{
    return send(cli, "GET", "/v1/projects", WARD_SPAN_NONE);
}

static bool find_path(struct ward_cli *cli, char path[PATH_CHARS])
{
    struct ward_span id;
    if (!ward_cli_find_project(cli, cli->options.positionals[0], &id))
        return false;
    snprintf(path, PATH_CHARS, "/v1/projects/%.*s", (int)id.size, id.data);
    return true;
}

enum ward_exit ward_run_project_rename(struct ward_cli *cli)
{
    WARD_BUFFER body = ward_buffer_new(BODY_MAX);
    struct ward_json_writer writer = ward_json_writer_to(&body);
    char path[PATH_CHARS];
    if (!require_name(cli) || !find_path(cli, path))
        return cli->failure.code;
    ward_json_begin_object(&writer);
    ward_json_member_string(&writer, "name", ward_span_of(ward_option_text(&cli->options, "name")));
    ward_json_end_object(&writer);
    return send(cli, "PATCH", path, ward_buffer_span(&body));
}

enum ward_exit ward_run_project_delete(struct ward_cli *cli)
{
    char path[PATH_CHARS];
    if (!find_path(cli, path))
        return cli->failure.code;
    return send(cli, "DELETE", path, WARD_SPAN_NONE);
}
