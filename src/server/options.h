/*
 * Options as data. A command is a table of rows; flags (getopt_long), environment, ward.conf and the help text are made
 * from it. Precedence: flag, then environment, then file, then the row's default. No row takes a secret: a secret comes
 * from a file or from standard input.
 */
#ifndef WARD_SERVER_OPTIONS_H
#define WARD_SERVER_OPTIONS_H

#include <stdint.h>

#include "base/buffer.h"
#include "base/pool.h"
#include "server/failure.h"

enum ward_option_kind {
    WARD_OPTION_TEXT,   /* one value */
    WARD_OPTION_LIST,   /* repeatable; in the environment separated by commas */
    WARD_OPTION_NUMBER, /* min..max */
    WARD_OPTION_CHOICE, /* one of argument's words, "on|off" */
    WARD_OPTION_SWITCH  /* a bare flag; on|off elsewhere */
};

struct ward_option_row {
    const char *flag; /* "listen" */
    enum ward_option_kind kind;
    const char *environment; /* "WARD_LISTEN", or NULL */
    const char *key;         /* name in ward.conf, or NULL: not settable there */
    const char *argument;    /* "ADDRESS", or the words of a choice; NULL for a switch */
    const char *preset;      /* default as text; NULL: none */
    int64_t min, max;        /* of a number */
    const char *help;
};

/** A row of options.def as an initialiser: #define WARD_OPTION WARD_OPTION_ROW before including it. */
#define WARD_OPTION_ROW(flag, kind, environment, key, argument, preset, min, max, help)                                \
    { (flag), WARD_OPTION_##kind, (environment), (key), (argument), (preset), (min), (max), (help) },

#define WARD_OPTIONS_MAX       48
#define WARD_OPTION_VALUES_MAX 16
#define WARD_POSITIONALS_MAX   4

enum ward_option_source { WARD_SOURCE_DEFAULT, WARD_SOURCE_FILE, WARD_SOURCE_ENVIRONMENT, WARD_SOURCE_FLAG };

struct ward_option_value {
    enum ward_option_source source;
    size_t count;
    const char *texts[WARD_OPTION_VALUES_MAX];
    int64_t number;
};

struct ward_options {
    const struct ward_option_row *rows; /* borrowed; literals */
    size_t count;
    struct ward_option_value values[WARD_OPTIONS_MAX]; /* as rows */
    const char *positionals[WARD_POSITIONALS_MAX];
    size_t positional_count;
    bool wants_help; /* --help was given: everything else is moot */
    struct ward_pool pool;
};

/** Begin with every row's default. Owns: free with ward_options_free. */
void ward_options_begin(struct ward_options *options, const struct ward_option_row *rows, size_t count);
void ward_options_free(struct ward_options *options);

/**
 * Read flags; what is no flag is a positional. argv[0] is the command's name.
 *
 * Errors:  false, with a sentence that names the option and, for an unknown one, the nearest that exists.
 */
bool ward_options_read_flags(struct ward_options *options, int argc, char *const *argv, struct ward_failure *ret_why);

/** Read the environment through a lookup like getenv. Empty values count as not set. */
bool ward_options_read_environment(struct ward_options *options, char *(*lookup)(const char *name),
                                   struct ward_failure *ret_why);

/** Read the text of a configuration file. path is for messages only. */
bool ward_options_read_file_text(struct ward_options *options, const char *path, struct ward_span text,
                                 struct ward_failure *ret_why);

/** Read DIR/ward.conf if it is there. Refused when others may write to it. */
bool ward_options_read_file(struct ward_options *options, const char *path, struct ward_failure *ret_why);

/** The value of a row by its flag. An unknown flag is a mistake of the caller: NULL, 0, false. */
const char *ward_option_text(const struct ward_options *options, const char *flag); /* NULL: not given */
int64_t ward_option_number(const struct ward_options *options, const char *flag);
bool ward_option_is_on(const struct ward_options *options, const char *flag);
const struct ward_option_value *ward_option_value(const struct ward_options *options, const char *flag);

/** Append the table as the lines of a help text. */
void ward_options_help(const struct ward_option_row *rows, size_t count, struct ward_buffer *ret);

/** The candidate nearest to a misspelt word, or NULL when none is near. */
const char *ward_nearest(const char *word, const char *const *candidates, size_t count);

#endif
