#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

enum { BODY_MAX = 4 * PATH_MAX };

static const struct ward_column columns[] = {
    { "backup", "file" },       { "bytes", "bytes" },   { "revision", "revision" },
    { "created", "createdAt" }, { "store", "storeId" }, { "root key", "rootKeyFingerprint" },
};

/* The server stands in another directory than its caller: it is told a whole path. */
static bool resolve(struct ward_cli *cli, const char *path, char ret[PATH_MAX])
{
    char directory[PATH_MAX], whole[PATH_MAX];
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    int size = slash == path ? snprintf(directory, sizeof(directory), "/")
                             : snprintf(directory, sizeof(directory), "%.*s", slash ? (int)(slash - path) : 1,
                                        slash ? path : ".");
    if (!*name || size < 0 || size >= PATH_MAX || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return ward_fail(&cli->failure, WARD_EXIT_USAGE, "--to takes the path of a file that does not exist yet");
    if (!realpath(directory, whole))
        return ward_fail(&cli->failure, WARD_EXIT_USAGE, "the directory of %.400s does not exist", path);
    size = snprintf(ret, PATH_MAX, "%s/%s", strcmp(whole, "/") == 0 ? "" : whole, name);
    return (size > 0 && size < PATH_MAX) || ward_fail(&cli->failure, WARD_EXIT_USAGE, "the path of --to is too long");
}

static bool ask(struct ward_cli *cli, const char *path, struct ward_answer *ret)
{
    WARD_BUFFER body = ward_buffer_new(BODY_MAX);
    struct ward_json_writer writer = ward_json_writer_to(&body);
    ward_json_begin_object(&writer);
    ward_json_member_string(&writer, "to", ward_span_of(path));
    ward_json_end_object(&writer);
    if (body.status != WARD_OK)
        return ward_fail(&cli->failure, WARD_EXIT_USAGE, "the path of --to is too long");
    cli->answer_timeout_s = WARD_CLI_WAIT; /* minutes at 10^7 keys */
    *ret = (struct ward_answer){ .status = 0 };
    if (ward_cli_ask(cli, "POST", "/v1/backup", ward_buffer_span(&body), ret))
        return true;
    struct ward_span type = ward_json_string(ward_json_member(ret->json, "type"));
    if (ward_span_equal(type, WARD_SPAN("urn:ward:problem:integrity")))
        cli->failure.code = WARD_EXIT_INTEGRITY;
    else if (ret->status == 409 && ward_span_equal(type, WARD_SPAN("urn:ward:problem:exists")))
        cli->failure.code = WARD_EXIT_EXISTS;
    else if (ret->status == 503)
        cli->failure.code = WARD_EXIT_IO;
    return false;
}

enum ward_exit ward_run_backup(struct ward_cli *cli)
{
    char path[PATH_MAX];
    struct ward_answer answer;
    const char *to = ward_option_text(&cli->options, "to");
    if (!to) {
        ward_fail(&cli->failure, WARD_EXIT_USAGE, "--to is missing: the file to write, which must not exist yet");
        return WARD_EXIT_USAGE;
    }
    if (!resolve(cli, to, path) || !ask(cli, path, &answer))
        return cli->failure.code;
    return ward_cli_print_answer(cli, &answer, columns, sizeof(columns) / sizeof(columns[0]));
}
