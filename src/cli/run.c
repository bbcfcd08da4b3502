/* From a command line to the exit code of its command. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "cli/cli.h"

static const char *const help_words[] = { "--help", "-h" };
static const char *const version_words[] = { "--version", "-V" };

static bool is_one_of(const char *word, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(word, words[i]) == 0)
            return true;
    return false;
}

static bool has_group(const char *group)
{
    for (size_t i = 0; i < ward_command_count; i++)
        if (strcmp(ward_commands[i].group, group) == 0)
            return true;
    return false;
}

static const struct ward_command *find_command(const char *group, const char *name)
{
    for (size_t i = 0; i < ward_command_count; i++) {
        const struct ward_command *command = &ward_commands[i];
        if (strcmp(command->group, group) == 0 && (!command->name || (name && strcmp(command->name, name) == 0)))
            return command;
    }
    return NULL;
}

static enum ward_exit refuse_group(const char *word)
{
    const char *words[64];
    size_t count = 0;
    for (size_t i = 0; i < ward_command_count && count < 64; i++)
        words[count++] = ward_commands[i].group;
    const char *hint = ward_nearest(word, words, count);
    fprintf(stderr, "ward: there is no command \"%.40s\"%s%s%s (ward help lists all)\n", word,
            hint ? "; did you mean \"" : "", hint ? hint : "", hint ? "\"?" : "");
    return WARD_EXIT_USAGE;
}

static enum ward_exit refuse_name(const char *group, const char *word)
{
    fprintf(stderr, "ward: ");
    if (word && *word != '-')
        fprintf(stderr, "there is no command \"%s %.40s\"; ", group, word);
    fprintf(stderr, "ward %s takes one of:", group);
    for (size_t i = 0; i < ward_command_count; i++)
        if (strcmp(ward_commands[i].group, group) == 0)
            fprintf(stderr, " %s", ward_commands[i].name);
    fprintf(stderr, " (ward help %s tells more)\n", group);
    return WARD_EXIT_USAGE;
}

static bool check_positionals(struct ward_cli *cli)
{
    const struct ward_command *command = cli->command;
    if (cli->options.positional_count == command->positionals)
        return true;
    /* The words themselves are not repeated: one of them may be a key that was put there by mistake. */
    return ward_fail(&cli->failure, WARD_EXIT_USAGE, "usage: ward %s%s%s %s%s", command->group,
                     command->name ? " " : "", command->name ? command->name : "", command->usage,
                     command->run == ward_run_verify
                         ? "; the key is read from standard input, never from the arguments, "
                           "where every user of the machine could read it"
                         : "");
}

static enum ward_exit print_help(struct ward_cli *cli)
{
    WARD_BUFFER text = ward_buffer_new(256 * 1024);
    ward_help_command(cli->command, &text);
    return ward_cli_print(cli, ward_buffer_span(&text));
}

static enum ward_exit run(struct ward_cli *cli)
{
    if (!ward_options_read_flags(&cli->options, cli->argc, cli->argv, &cli->failure))
        return cli->failure.code;
    if (cli->options.wants_help)
        return print_help(cli);
    if (cli->command->run == ward_run_serve || cli->command->run == ward_run_help)
        return cli->command->run(cli); /* serve reads and checks more sources; help takes what it gets */
    if (!ward_options_read_environment(&cli->options, getenv, &cli->failure) || !check_positionals(cli))
        return cli->failure.code;
    return cli->command->run(cli);
}

static enum ward_exit run_command(const struct ward_command *command, int argc, char **argv, const char *version)
{
    struct ward_cli cli = { .version = version,
                            .command = command,
                            .argc = argc,
                            .argv = argv,
                            .pool = ward_pool_new(WARD_REQUEST_POOL_MAX),
                            .app.directory.lock_fd = -1 };
    ward_options_begin(&cli.options, command->rows, command->row_count);
    enum ward_exit code = run(&cli);
    if (cli.failure.text[0])
        fprintf(stderr, "ward: %s\n", cli.failure.text);
    ward_cli_disconnect(&cli);
    ward_options_free(&cli.options);
    ward_pool_free(&cli.pool);
    return code;
}

int ward_cli_main(int argc, char **argv, const char *version)
{
    const char *group = argc > 1 ? argv[1] : NULL;
    if (!group) {
        struct ward_cli cli = { .version = version };
        ward_run_help(&cli);
        return WARD_EXIT_USAGE;
    }
    if (is_one_of(group, help_words, 2))
        group = "help";
    if (is_one_of(group, version_words, 2))
        group = "version";
    if (!has_group(group))
        return (int)refuse_group(group);
    const struct ward_command *command = find_command(group, argc > 2 ? argv[2] : NULL);
    if (!command && argc > 2 && is_one_of(argv[2], help_words, 2)) {
        char *words[] = { argv[0], argv[1], NULL };
        return (int)run_command(find_command("help", NULL), 2, words, version);
    }
    if (!command)
        return (int)refuse_name(group, argc > 2 ? argv[2] : NULL);
    int skipped = command->name ? 2 : 1;
    return (int)run_command(command, argc - skipped, argv + skipped, version);
}
