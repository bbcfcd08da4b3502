#include "cli/cli.h"

enum ward_exit ward_run_version(struct ward_cli *cli)
{
    WARD_BUFFER text = ward_buffer_new(256);
    ward_buffer_append_format(&text, "ward %s\n", cli->version);
    return ward_cli_print(cli, ward_buffer_span(&text));
}
