#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "model/role.h"

enum { BODY_MAX = 64 * 1024, PATH_CHARS = 512 };

static const struct ward_column columns[] = {
    { "id", "id" },       { "kind", "kind" },         { "role", "role" },         { "grants", "grants" },
    { "name", "name" },   { "active", "isActive" },   { "project", "projectId" }, { "public id", "publicId" },
    { "value", "value" }, { "expires", "expiresAt" },
};

static enum ward_exit send(struct ward_cli *cli, const char *method, const char *path, struct ward_span body)
{
    struct ward_answer answer;
    if (!ward_cli_ask(cli, method, path, body, &answer))
        return cli->failure.code;
    return ward_cli_print_answer(cli, &answer, columns, sizeof(columns) / sizeof(columns[0]));
}

/* Grants alone make a narrow credential: then the role is none. */
static const char *chosen_role(struct ward_cli *cli)
{
    const char *role = ward_option_text(&cli->options, "role");
    return role || ward_option_value(&cli->options, "grant")->count == 0 ? role : "none";
}

static void write_name(struct ward_cli *cli, struct ward_json_writer *writer)
{
    char made[64];
    const char *name = ward_option_text(&cli->options, "name");
    snprintf(made, sizeof(made), "%s %s", chosen_role(cli), ward_option_text(&cli->options, "kind"));
    ward_json_member_string(writer, "name", ward_span_of(name ? name : made));
}

static bool check_options(struct ward_cli *cli)
{
    uint32_t grants = 0;
    const struct ward_option_value *given = ward_option_value(&cli->options, "grant");
    for (size_t i = 0; i < given->count; i++)
        if (!ward_grant_parse(ward_span_of(given->texts[i]), &grants))
            return ward_fail(&cli->failure, WARD_EXIT_USAGE, "there is no grant %.60s; there are: %s", given->texts[i],
                             ward_grant_names());
    if (given->count > 0 && strcmp(ward_option_text(&cli->options, "kind"), "access-key") == 0)
        return ward_fail(&cli->failure, WARD_EXIT_USAGE,
                         "--grant is only for a token or an IAM pair: --kind token or --kind iam");
    return chosen_role(cli) || ward_fail(&cli->failure, WARD_EXIT_USAGE, "--role is missing: viewer, user or admin");
}

static void write_grants(struct ward_cli *cli, struct ward_json_writer *writer)
{
    const struct ward_option_value *grants = ward_option_value(&cli->options, "grant");
    if (grants->count == 0)
        return;
    ward_json_key(writer, "grants");
    ward_json_begin_array(writer);
    for (size_t i = 0; i < grants->count; i++)
        ward_json_put_string(writer, ward_span_of(grants->texts[i]));
    ward_json_end_array(writer);
}

enum ward_exit ward_run_credential_create(struct ward_cli *cli)
{
    WARD_BUFFER body = ward_buffer_new(BODY_MAX);
    struct ward_json_writer writer = ward_json_writer_to(&body);
    const char *project = ward_option_text(&cli->options, "project");
    struct ward_span project_id = WARD_SPAN_NONE;
    if (!check_options(cli) || (project && !ward_cli_find_project(cli, project, &project_id)))
        return cli->failure.code;
    ward_json_begin_object(&writer);
    ward_json_member_string(&writer, "kind", ward_span_of(ward_option_text(&cli->options, "kind")));
    ward_json_member_string(&writer, "role", ward_span_of(chosen_role(cli)));
    write_grants(cli, &writer);
    write_name(cli, &writer);
    if (project)
        ward_json_member_string(&writer, "projectId", project_id);
    if (ward_option_text(&cli->options, "expires"))
        ward_json_member_string(&writer, "expiresAt", ward_span_of(ward_option_text(&cli->options, "expires")));
    ward_json_end_object(&writer);
    return send(cli, "POST", "/v1/credentials", ward_buffer_span(&body));
}

enum ward_exit ward_run_credential_list(struct ward_cli *cli)
{
    return send(cli, "GET", "/v1/credentials", WARD_SPAN_NONE);
}

static enum ward_exit act(struct ward_cli *cli, const char *method, const char *behind)
{
    char path[PATH_CHARS];
    if (!ward_cli_path(cli, path, sizeof(path), "/v1/credentials/", cli->options.positionals[0], behind))
        return cli->failure.code;
    return send(cli, method, path, WARD_SPAN_NONE);
}

enum ward_exit ward_run_credential_delete(struct ward_cli *cli)
{
    return act(cli, "DELETE", "");
}

enum ward_exit ward_run_credential_reactivate(struct ward_cli *cli)
{
    return act(cli, "POST", "/reactivate");
}
