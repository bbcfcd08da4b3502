/*
 * The command line: a table of commands, each a table of options and one function. Commands other than init and serve
 * talk to the native control routes, over DIR/ward.sock when a server runs, on the opened directory when none does.
 * Answers go to standard output, everything else to standard error.
 */
#ifndef WARD_CLI_CLI_H
#define WARD_CLI_CLI_H

#include "server/app.h"
#include "server/options.h"
#include "json/json.h"
#include "json/writer.h"

struct ward_cli;

struct ward_command {
    const char *group;   /* "key"; or the whole name of a command without a group */
    const char *name;    /* "create"; NULL without a group */
    const char *usage;   /* what stands behind the name: "ID [options]" */
    const char *summary; /* one sentence */
    const char *more;    /* paragraphs and examples for help; or NULL */
    const struct ward_option_row *rows;
    size_t row_count;
    size_t positionals; /* exactly so many */
    enum ward_exit (*run)(struct ward_cli *cli);
};

/** One run of the program. */
struct ward_cli {
    const char *version;
    const struct ward_command *command;
    int argc; /* of the command: argv[0] is its name */
    char *const *argv;
    struct ward_options options;
    struct ward_pool pool; /* lives as long as the run; wiped at its end */
    struct ward_failure failure;
    void *curl;            /* the connection to a server, once there is one */
    long answer_timeout_s; /* to wait for an answer; 0: two minutes */
    bool is_offline;
    struct ward_app app; /* opened when is_offline */
};

#define WARD_CLI_WAIT (24L * 3600)

/* Every command that touches a directory has these two. */
#define WARD_ROW_DATA                                                                                                  \
    {                                                                                                                  \
        "data", WARD_OPTION_TEXT, "WARD_DATA", NULL, "DIR", "./ward-data", 0, 0, "The data directory"                  \
    }
#define WARD_ROW_OUTPUT                                                                                                \
    {                                                                                                                  \
        "output", WARD_OPTION_CHOICE, NULL, NULL, "text|json", "text", 0, 0, "How to print the answer"                 \
    }
#define WARD_ROW_TEXT(flag, argument, help)                                                                            \
    {                                                                                                                  \
        (flag), WARD_OPTION_TEXT, NULL, NULL, (argument), NULL, 0, 0, (help)                                           \
    }

/** Run a command line and return the exit code. Called by main, and by the main of the test server. */
int ward_cli_main(int argc, char **argv, const char *version);

/** All commands, in the order of the help text. */
extern const struct ward_command ward_commands[];
extern const size_t ward_command_count;

enum ward_exit ward_run_init(struct ward_cli *cli);
enum ward_exit ward_run_serve(struct ward_cli *cli);
enum ward_exit ward_run_verify(struct ward_cli *cli);
enum ward_exit ward_run_backup(struct ward_cli *cli);
enum ward_exit ward_run_restore(struct ward_cli *cli);
enum ward_exit ward_run_check(struct ward_cli *cli);
enum ward_exit ward_run_status(struct ward_cli *cli);
enum ward_exit ward_run_help(struct ward_cli *cli);
enum ward_exit ward_run_version(struct ward_cli *cli);
enum ward_exit ward_run_key_create(struct ward_cli *cli);
enum ward_exit ward_run_key_list(struct ward_cli *cli);
enum ward_exit ward_run_key_show(struct ward_cli *cli);
enum ward_exit ward_run_key_update(struct ward_cli *cli);
enum ward_exit ward_run_key_delete(struct ward_cli *cli);
enum ward_exit ward_run_key_reactivate(struct ward_cli *cli);
enum ward_exit ward_run_key_rotate(struct ward_cli *cli);
enum ward_exit ward_run_project_create(struct ward_cli *cli);
enum ward_exit ward_run_project_list(struct ward_cli *cli);
enum ward_exit ward_run_project_rename(struct ward_cli *cli);
enum ward_exit ward_run_project_delete(struct ward_cli *cli);
enum ward_exit ward_run_credential_create(struct ward_cli *cli);
enum ward_exit ward_run_credential_list(struct ward_cli *cli);
enum ward_exit ward_run_credential_delete(struct ward_cli *cli);
enum ward_exit ward_run_credential_reactivate(struct ward_cli *cli);
enum ward_exit ward_run_environment_create(struct ward_cli *cli);
enum ward_exit ward_run_environment_list(struct ward_cli *cli);
enum ward_exit ward_run_environment_show(struct ward_cli *cli);
enum ward_exit ward_run_environment_update(struct ward_cli *cli);
enum ward_exit ward_run_environment_delete(struct ward_cli *cli);

/** Append the help text of one command. */
void ward_help_command(const struct ward_command *command, struct ward_buffer *ret);

/* ---- client.c ---- */

struct ward_answer {
    int status;
    struct ward_span text;              /* in the run's pool */
    const struct ward_json_value *json; /* NULL: no body, or not JSON */
};

/**
 * Ask a native route as the local operator: the running server, or the opened directory when none runs.
 *
 * Shape:   body absent: none is sent.
 * Errors:  false with a sentence when no answer came. An answer that refuses is an answer.
 */
bool ward_cli_call(struct ward_cli *cli, const char *method, const char *path, struct ward_span body,
                   struct ward_answer *ret);

/** Ask, and turn a refusal into a failure with the server's own words. */
bool ward_cli_ask(struct ward_cli *cli, const char *method, const char *path, struct ward_span body,
                  struct ward_answer *ret);

/** Join prefix, an id from the command line and what follows. Refuses what is no id, without repeating it. */
bool ward_cli_path(struct ward_cli *cli, char *ret, size_t size, const char *prefix, const char *id,
                   const char *behind);

/** Close what ward_cli_call opened. */
void ward_cli_disconnect(struct ward_cli *cli);

/** Find a project by its name or id; with NULL the only one there is. The id's text lives in the run's pool. */
bool ward_cli_find_project(struct ward_cli *cli, const char *name, struct ward_span *ret_id);

/* ---- print.c ---- */

struct ward_column {
    const char *title;
    const char *member; /* "name", "rateLimit.limit" */
};

bool ward_cli_wants_json(const struct ward_cli *cli);

/** Write to standard output; a failure (a full disk, a closed pipe) ends the command with WARD_EXIT_IO. */
enum ward_exit ward_cli_print(struct ward_cli *cli, struct ward_span text);

/** Print an answer: as it came with --output json; else a table (array) or lines of "title: value" (object). */
enum ward_exit ward_cli_print_answer(struct ward_cli *cli, const struct ward_answer *answer,
                                     const struct ward_column *columns, size_t count);

/** Append text with control characters and bidi marks replaced, so that a name cannot act on the terminal. */
void ward_cli_append_safe(struct ward_buffer *ret, struct ward_span text);

#endif
