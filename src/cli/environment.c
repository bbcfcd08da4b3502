#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

enum { BODY_MAX = 64 * 1024, PATH_CHARS = 512 };

static const struct ward_column columns[] = {
    { "id", "id" },         { "name", "name" },         { "type", "type" },         { "status", "status" },
    { "url", "accessUrl" }, { "projects", "projects" }, { "replicas", "replicas" }, { "account", "accountId" },
};

static enum ward_exit send(struct ward_cli *cli, const char *method, const char *path, struct ward_span body)
{
    struct ward_answer answer;
    if (!ward_cli_ask(cli, method, path, body, &answer))
        return cli->failure.code;
    return ward_cli_print_answer(cli, &answer, columns, sizeof(columns) / sizeof(columns[0]));
}

/* An environment by its name or id: names may hold what a path may not. */
static bool find_path(struct ward_cli *cli, char path[PATH_CHARS])
{
    struct ward_span name = ward_span_of(cli->options.positionals[0]), id = WARD_SPAN_NONE;
    struct ward_answer answer;
    size_t found = 0;
    if (!ward_cli_ask(cli, "GET", "/v1/environments", WARD_SPAN_NONE, &answer))
        return false;
    for (size_t i = 0; i < ward_json_count(answer.json); i++) {
        const struct ward_json_value *item = ward_json_at(answer.json, i);
        struct ward_span its_id = ward_json_string(ward_json_member(item, "id"));
        if (!ward_span_equal(name, its_id) && !ward_span_equal(name, ward_json_string(ward_json_member(item, "name"))))
            continue;
        id = its_id;
        found++;
    }
    if (found == 1) {
        snprintf(path, PATH_CHARS, "/v1/environments/%.*s", (int)id.size, id.data);
        return true;
    }
    return ward_fail(&cli->failure, found == 0 ? WARD_EXIT_REFUSED : WARD_EXIT_USAGE,
                     found == 0 ? "there is no environment %.100s (ward environment list shows all)"
                                : "several environments are called %.100s; give the id (ward environment list)",
                     cli->options.positionals[0]);
}

static void write_text(struct ward_cli *cli, struct ward_json_writer *writer, const char *flag, const char *member)
{
    const char *text = ward_option_text(&cli->options, flag);
    if (text)
        ward_json_member_string(writer, member, ward_span_of(text));
}

/* "all" alone opens it to every project. */
static void write_projects(struct ward_cli *cli, struct ward_json_writer *writer)
{
    const struct ward_option_value *projects = ward_option_value(&cli->options, "project");
    bool is_all = projects->count == 1 && strcmp(projects->texts[0], "all") == 0;
    if (projects->count == 0)
        return;
    ward_json_key(writer, "projects");
    ward_json_begin_array(writer);
    for (size_t i = 0; i < projects->count && !is_all; i++)
        ward_json_put_string(writer, ward_span_of(projects->texts[i]));
    ward_json_end_array(writer);
}

/* NAME=DIRECTORY, or "embedded" alone. */
static void write_replicas(struct ward_cli *cli, struct ward_json_writer *writer)
{
    const struct ward_option_value *replicas = ward_option_value(&cli->options, "replica");
    if (replicas->count == 0)
        return;
    ward_json_key(writer, "replicas");
    ward_json_begin_array(writer);
    for (size_t i = 0; i < replicas->count; i++) {
        const char *text = replicas->texts[i], *equals = strchr(text, '=');
        ward_json_begin_object(writer);
        ward_json_member_string(writer, "name", equals ? ward_span(text, (size_t)(equals - text)) : ward_span_of(text));
        if (equals)
            ward_json_member_string(writer, "directory", ward_span_of(equals + 1));
        ward_json_end_object(writer);
    }
    ward_json_end_array(writer);
}

static void write_body(struct ward_cli *cli, struct ward_buffer *body)
{
    struct ward_json_writer writer = ward_json_writer_to(body);
    ward_json_begin_object(&writer);
    write_text(cli, &writer, "name", "name");
    write_text(cli, &writer, "description", "description");
    write_text(cli, &writer, "type", "type");
    write_text(cli, &writer, "status", "status");
    write_text(cli, &writer, "access-url", "accessUrl");
    write_projects(cli, &writer);
    write_replicas(cli, &writer);
    ward_json_end_object(&writer);
}

enum ward_exit ward_run_environment_create(struct ward_cli *cli)
{
    WARD_BUFFER body = ward_buffer_new(BODY_MAX);
    if (!ward_option_text(&cli->options, "name")) {
        ward_fail(&cli->failure, WARD_EXIT_USAGE, "--name is missing: what is the environment to be called?");
        return cli->failure.code;
    }
    write_body(cli, &body);
    return send(cli, "POST", "/v1/environments", ward_buffer_span(&body));
}

enum ward_exit ward_run_environment_list(struct ward_cli *cli)
{
    return send(cli, "GET", "/v1/environments", WARD_SPAN_NONE);
}

enum ward_exit ward_run_environment_show(struct ward_cli *cli)
{
    char path[PATH_CHARS];
    return find_path(cli, path) ? send(cli, "GET", path, WARD_SPAN_NONE) : cli->failure.code;
}

enum ward_exit ward_run_environment_update(struct ward_cli *cli)
{
    WARD_BUFFER body = ward_buffer_new(BODY_MAX);
    char path[PATH_CHARS];
    if (!find_path(cli, path))
        return cli->failure.code;
    write_body(cli, &body);
    return send(cli, "PATCH", path, ward_buffer_span(&body));
}

enum ward_exit ward_run_environment_delete(struct ward_cli *cli)
{
    char path[PATH_CHARS];
    return find_path(cli, path) ? send(cli, "DELETE", path, WARD_SPAN_NONE) : cli->failure.code;
}
