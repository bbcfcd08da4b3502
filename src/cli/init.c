#include "base/iso8601.h"
#include "cli/cli.h"
#include "server/process.h"

enum { TEXT_MAX = 64 * 1024 };

struct first_ids {
    char account[WARD_UUID_CHARS + 1];
    char tenant[WARD_UUID_CHARS + 1]; /* NCP's spelling: the account's UUID without dashes */
    char project[WARD_UUID_CHARS + 1];
};

static struct first_ids format_ids(const struct ward_bootstrap *first)
{
    struct first_ids ids = { .tenant = "" };
    size_t size = 0;
    ward_uuid_format(&first->account.id, ids.account);
    ward_uuid_format(&first->project.id, ids.project);
    for (size_t i = 0; ids.account[i]; i++)
        if (ids.account[i] != '-')
            ids.tenant[size++] = ids.account[i];
    return ids;
}

static void write_json(const struct ward_bootstrap *first, const struct first_ids *ids, struct ward_buffer *ret)
{
    struct ward_json_writer writer = ward_json_writer_to(ret);
    ward_json_begin_object(&writer);
    ward_json_member_string(&writer, "accountId", ward_span_of(ids->account));
    ward_json_member_string(&writer, "tenantId", ward_span_of(ids->tenant));
    ward_json_member_string(&writer, "projectId", ward_span_of(ids->project));
    ward_json_member_string(&writer, "project", first->project.name);
    ward_json_member_string(&writer, "environment", first->environment.name);
    ward_json_member_string(&writer, "accessKey", first->access_key.value);
    ward_json_member_string(&writer, "personalAccessToken", first->token.value);
    ward_json_key(&writer, "iam");
    ward_json_begin_object(&writer);
    ward_json_member_string(&writer, "accessKey", first->iam.public_id);
    ward_json_member_string(&writer, "secretKey", first->iam.value);
    ward_json_end_object(&writer);
    ward_json_end_object(&writer);
    ward_buffer_append_char(ret, '\n');
}

static void write_line(const char *title, struct ward_span text, struct ward_buffer *ret)
{
    ward_buffer_append_text(ret, title);
    ward_buffer_append(ret, text);
    ward_buffer_append_char(ret, '\n');
}

static void write_text(const struct ward_bootstrap *first, const struct first_ids *ids, const char *data,
                       struct ward_buffer *ret)
{
    write_line("data directory         ", ward_span_of(data), ret);
    write_line("account                ", ward_span_of(ids->account), ret);
    write_line("tenant                 ", ward_span_of(ids->tenant), ret);
    write_line("project                ", first->project.name, ret);
    write_line("project id             ", ward_span_of(ids->project), ret);
    write_line("environment            ", first->environment.name, ret);
    write_line("access key             ", first->access_key.value, ret);
    write_line("personal access token  ", first->token.value, ret);
    write_line("IAM access key         ", first->iam.public_id, ret);
    write_line("IAM secret key         ", first->iam.value, ret);
    ward_buffer_append_format(
        ret,
        "\nThese credentials are shown this once. Keep a copy of %s/root.key in a safe place, apart\n"
        "from your backups: without it nothing in the store can be opened.\n",
        data);
}

enum ward_exit ward_run_init(struct ward_cli *cli)
{
    WARD_BUFFER text = ward_buffer_new_secret(TEXT_MAX);
    struct ward_bootstrap first = { .account.version = 0 };
    const char *data = ward_option_text(&cli->options, "data");
    if (!ward_process_harden(&cli->failure) || !ward_app_initialise(data, &cli->pool, &first, &cli->failure))
        return cli->failure.code;
    struct first_ids ids = format_ids(&first);
    if (ward_cli_wants_json(cli))
        write_json(&first, &ids, &text);
    else
        write_text(&first, &ids, data, &text);
    if (text.status == WARD_OK && ward_cli_print(cli, ward_buffer_span(&text)) == WARD_EXIT_OK)
        return WARD_EXIT_OK;
    ward_fail(
        &cli->failure, WARD_EXIT_IO,
        "%.300s is initialised, but its first credentials could not be printed; make others with: ward credential "
        "create --data %.300s --kind access-key --role admin",
        data, data);
    return WARD_EXIT_IO;
}
