#include <string.h>

#include "base/limits.h"
#include "cli/cli.h"
#include "server/settings.h"

enum { HELP_MAX = 256 * 1024 };

static void append_name(struct ward_buffer *ret, const struct ward_command *command)
{
    ward_buffer_append_format(ret, "%s%s%s", command->group, command->name ? " " : "",
                              command->name ? command->name : "");
}

void ward_help_command(const struct ward_command *command, struct ward_buffer *ret)
{
    ward_buffer_append_text(ret, "usage: ward ");
    append_name(ret, command);
    ward_buffer_append_format(ret, " %s\n\n%s.\n", command->usage, command->summary);
    if (command->more)
        ward_buffer_append_format(ret, "\n%s", command->more);
    if (command->row_count > 0)
        ward_buffer_append_text(ret, "\nOptions:\n");
    ward_options_help(command->rows, command->row_count, ret);
}

static void append_overview(struct ward_buffer *ret)
{
    ward_buffer_append_text(ret, "Ward issues API keys and decides, on every request, whether one may pass.\n\n"
                                 "usage: ward COMMAND [options]\n\n");
    for (size_t i = 0; i < ward_command_count; i++) {
        size_t before = ret->size;
        ward_buffer_append_text(ret, "  ");
        append_name(ret, &ward_commands[i]);
        while (ret->status == WARD_OK && ret->size < before + 24)
            ward_buffer_append_char(ret, ' ');
        ward_buffer_append_format(ret, "%s\n", ward_commands[i].summary);
    }
    ward_buffer_append_text(ret, "\nward help COMMAND tells more; ward help limits | options | exit-codes are tables.\n"
                                 "First steps:  ward init --data DIR;  ward serve --data DIR\n");
}

static void append_limits(struct ward_buffer *ret)
{
    ward_buffer_append_text(ret, "# Limits\n\nEvery maximum of Ward. Made by `ward help limits` from "
                                 "`src/base/limits.def`; change it there.\n\n"
                                 "| name | limit | unit | what it bounds |\n|---|---:|---|---|\n");
    for (size_t i = 0; i < ward_limit_row_count; i++) {
        const struct ward_limit_row *row = &ward_limit_rows[i];
        ward_buffer_append_format(ret, "| `%s` | %lld | %s | %s |\n", row->name, (long long)row->value, row->unit,
                                  row->text);
    }
}

/* A '|' would end the cell. */
static void append_cell(struct ward_buffer *ret, const char *text)
{
    for (; *text; text++) {
        if (*text == '|')
            ward_buffer_append_char(ret, '\\');
        ward_buffer_append_char(ret, *text);
    }
}

static void append_options(struct ward_buffer *ret)
{
    ward_buffer_append_text(ret,
                            "| option | default | environment | in ward.conf | meaning |\n|---|---|---|---|---|\n");
    for (size_t i = 0; i < ward_serve_row_count; i++) {
        const struct ward_option_row *row = &ward_serve_rows[i];
        ward_buffer_append_format(ret, "| `--%s", row->flag);
        if (row->argument) {
            ward_buffer_append_char(ret, ' ');
            append_cell(ret, row->argument);
        }
        ward_buffer_append_format(ret, "`%s | %s | `%s` | %s | ", row->kind == WARD_OPTION_LIST ? " (repeatable)" : "",
                                  row->preset ? row->preset : "–", row->environment, row->key ? row->key : "–");
        append_cell(ret, row->help);
        ward_buffer_append_text(ret, " |\n");
    }
}

static void append_exit_codes(struct ward_buffer *ret)
{
    ward_buffer_append_text(ret, "| exit code | meaning |\n|---:|---|\n");
    for (size_t i = 0; i < ward_exit_row_count; i++)
        ward_buffer_append_format(ret, "| %d | %s |\n", ward_exit_rows[i].code, ward_exit_rows[i].text);
}

static const struct {
    const char *name;
    void (*append)(struct ward_buffer *ret);
} topics[] = { { "limits", append_limits }, { "options", append_options }, { "exit-codes", append_exit_codes } };

static bool append_topic(const char *name, struct ward_buffer *ret)
{
    for (size_t i = 0; i < sizeof(topics) / sizeof(topics[0]); i++) {
        if (strcmp(topics[i].name, name) != 0)
            continue;
        topics[i].append(ret);
        return true;
    }
    return false;
}

static bool append_commands(const char *group, const char *name, struct ward_buffer *ret)
{
    bool is_found = false;
    for (size_t i = 0; i < ward_command_count; i++) {
        const struct ward_command *command = &ward_commands[i];
        if (strcmp(command->group, group) != 0 || (name && (!command->name || strcmp(command->name, name) != 0)))
            continue;
        if (is_found)
            ward_buffer_append_char(ret, '\n');
        ward_help_command(command, ret);
        is_found = true;
    }
    return is_found;
}

enum ward_exit ward_run_help(struct ward_cli *cli)
{
    WARD_BUFFER text = ward_buffer_new(HELP_MAX);
    const char *topic = cli->options.positional_count > 0 ? cli->options.positionals[0] : NULL;
    const char *name = cli->options.positional_count > 1 ? cli->options.positionals[1] : NULL;
    if (!topic)
        append_overview(&text);
    else if (!append_topic(topic, &text) && !append_commands(topic, name, &text)) {
        ward_fail(&cli->failure, WARD_EXIT_USAGE, "there is no help about \"%.40s\" (ward help lists the commands)",
                  topic);
        return WARD_EXIT_USAGE;
    }
    return ward_cli_print(cli, ward_buffer_span(&text));
}
