#include "cli/cli.h"

static const struct ward_column columns[] = {
    { "version", "version" },   { "revision", "revision" },         { "generation", "generation" },
    { "API keys", "keys" },     { "staleness ms", "stalenessMs" },  { "started", "startedAt" },
    { "replicas", "replicas" }, { "store failed", "store.failed" },
};

enum ward_exit ward_run_status(struct ward_cli *cli)
{
    struct ward_answer answer;
    if (!ward_cli_ask(cli, "GET", "/v1/status", WARD_SPAN_NONE, &answer))
        return cli->failure.code;
    if (cli->is_offline && !ward_cli_wants_json(cli))
        (void)ward_cli_print(cli, WARD_SPAN("no server runs on this directory\n"));
    return ward_cli_print_answer(cli, &answer, columns, sizeof(columns) / sizeof(columns[0]));
}
