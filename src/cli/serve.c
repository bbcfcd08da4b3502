#include <stdlib.h>

#include "cli/cli.h"
#include "server/serve.h"

/* What SIGHUP reads the settings from again. */
static struct ward_cli *serving;

static bool reread(struct ward_settings *ret, struct ward_failure *ret_why)
{
    return ward_settings_read(ret, serving->argc, serving->argv, getenv, ret_why);
}

enum ward_exit ward_run_serve(struct ward_cli *cli)
{
    struct ward_settings settings;
    serving = cli;
    bool is_done = ward_settings_read(&settings, cli->argc, cli->argv, getenv, &cli->failure) &&
                   ward_serve(&settings, cli->version, reread, &cli->failure);
    ward_settings_free(&settings);
    return is_done ? WARD_EXIT_OK : cli->failure.code;
}
