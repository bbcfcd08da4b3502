#include "server/options.h"

#include <getopt.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/encoding.h"
#include "base/file.h"

#define POOL_MAX      (256 * 1024)
#define FILE_MAX      (64 * 1024)
#define FILE_LINE_MAX 190 /* inih reads lines into 200 bytes and would cut longer ones */
#define WORD_MAX      64  /* longer words are not compared */

void ward_options_begin(struct ward_options *options, const struct ward_option_row *rows, size_t count)
{
    *options = (struct ward_options){ .rows = rows, .count = count, .pool = ward_pool_new(POOL_MAX) };
    for (size_t i = 0; i < count && i < WARD_OPTIONS_MAX; i++) {
        struct ward_option_value *value = &options->values[i];
        if (!rows[i].preset)
            continue;
        value->count = 1;
        value->texts[0] = rows[i].preset;
        if (rows[i].kind == WARD_OPTION_NUMBER)
            value->number = strtoll(rows[i].preset, NULL, 10);
    }
}

void ward_options_free(struct ward_options *options)
{
    if (options)
        ward_pool_free(&options->pool);
}

/* How a message names the place a value came from. */
static const char *describe(const struct ward_option_row *row, enum ward_option_source source, char text[96])
{
    if (source == WARD_SOURCE_ENVIRONMENT)
        snprintf(text, 96, "%s", row->environment);
    else if (source == WARD_SOURCE_FILE)
        snprintf(text, 96, "\"%s\" in ward.conf", row->key);
    else
        snprintf(text, 96, "--%s", row->flag);
    return text;
}

static bool is_choice(const char *choices, const char *text)
{
    size_t size = strlen(text);
    if (strchr(text, '|'))
        return false;
    for (const char *word = choices; size > 0 && word; word = strchr(word, '|') ? strchr(word, '|') + 1 : NULL)
        if (strncmp(word, text, size) == 0 && (word[size] == '|' || word[size] == '\0'))
            return true;
    return false;
}

static bool set_number(const struct ward_option_row *row, const char *place, struct ward_option_value *value,
                       const char *text, struct ward_failure *ret_why)
{
    int64_t number;
    if (!ward_parse_uint(ward_span_of(text), &number) || number < row->min || number > row->max)
        return ward_fail(ret_why, WARD_EXIT_USAGE, "%s takes a whole number from %lld to %lld, not \"%.40s\"", place,
                         (long long)row->min, (long long)row->max, text);
    value->number = number;
    return true;
}

static bool set(struct ward_options *options, size_t index, enum ward_option_source source, struct ward_span text,
                struct ward_failure *ret_why)
{
    const struct ward_option_row *row = &options->rows[index];
    struct ward_option_value *value = &options->values[index];
    char place[96];
    if (value->source > source)
        return true; /* a stronger source has spoken */
    describe(row, source, place);
    struct ward_span copy = ward_pool_copy(&options->pool, text);
    if (!copy.data)
        return ward_fail(ret_why, WARD_EXIT_USAGE, "%s: the options together are too long", place);
    if (strlen(copy.data) != copy.size)
        return ward_fail(ret_why, WARD_EXIT_USAGE, "%s holds a NUL byte", place);
    if (row->kind == WARD_OPTION_CHOICE && !is_choice(row->argument, copy.data))
        return ward_fail(ret_why, WARD_EXIT_USAGE, "%s takes one of %s, not \"%.40s\"", place, row->argument,
                         copy.data);
    if (row->kind == WARD_OPTION_SWITCH && !is_choice("on|off", copy.data))
        return ward_fail(ret_why, WARD_EXIT_USAGE, "%s takes on or off, not \"%.40s\"", place, copy.data);
    if (row->kind == WARD_OPTION_NUMBER && !set_number(row, place, value, copy.data, ret_why))
        return false;
    if (value->source < source || row->kind != WARD_OPTION_LIST)
        value->count = 0; /* the first value of a stronger source replaces; the last of the same one wins */
    if (value->count == WARD_OPTION_VALUES_MAX)
        return ward_fail(ret_why, WARD_EXIT_USAGE, "%s was given more than %d times", place, WARD_OPTION_VALUES_MAX);
    value->texts[value->count++] = copy.data;
    value->source = source;
    return true;
}

/* ---- flags ---- */

static size_t edit_distance(const char *a, const char *b)
{
    size_t a_size = strlen(a), b_size = strlen(b);
    size_t row[WORD_MAX + 1];
    if (a_size > WORD_MAX || b_size > WORD_MAX)
        return SIZE_MAX;
    for (size_t j = 0; j <= b_size; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_size; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_size; j++) {
            size_t best = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            row[j] = best;
        }
    }
    return row[b_size];
}

const char *ward_nearest(const char *word, const char *const *candidates, size_t count)
{
    const char *nearest = NULL;
    size_t best = strlen(word) / 3 + 2; /* beyond this it is another word, not a slip */
    for (size_t i = 0; i < count; i++) {
        size_t distance = edit_distance(word, candidates[i]);
        if (distance < best) {
            best = distance;
            nearest = candidates[i];
        }
    }
    return nearest;
}

static const char *nearest_flag(const struct ward_options *options, const char *word)
{
    const char *candidates[WARD_OPTIONS_MAX];
    for (size_t i = 0; i < options->count; i++)
        candidates[i] = options->rows[i].flag;
    return ward_nearest(word, candidates, options->count);
}

static bool refuse_flag(const struct ward_options *options, const char *command, const char *argument,
                        struct ward_failure *ret_why)
{
    const char *word = argument + strspn(argument, "-");
    char bare[WORD_MAX + 1];
    /* Only the name is repeated: what stands behind '=' may be something that belongs in no log. */
    snprintf(bare, sizeof(bare), "%.*s", (int)strcspn(word, "="), word);
    const char *hint = nearest_flag(options, bare);
    if (hint)
        return ward_fail(ret_why, WARD_EXIT_USAGE,
                         "there is no option --%s; did you mean --%s? (ward %s --help lists all)", bare, hint, command);
    return ward_fail(ret_why, WARD_EXIT_USAGE, "there is no option --%s (ward %s --help lists all)", bare, command);
}

static bool read_flag(struct ward_options *options, int code, int index, const char *command, const char *argument,
                      struct ward_failure *ret_why)
{
    if (code == 'h') {
        options->wants_help = true;
        return true;
    }
    if (code == ':')
        return ward_fail(ret_why, WARD_EXIT_USAGE, "%.60s needs a value", argument);
    if (code != 0)
        return refuse_flag(options, command, argument, ret_why);
    struct ward_span text = optarg ? ward_span_of(optarg) : WARD_SPAN("on");
    return set(options, (size_t)index, WARD_SOURCE_FLAG, text, ret_why);
}

bool ward_options_read_flags(struct ward_options *options, int argc, char *const *argv, struct ward_failure *ret_why)
{
    struct option table[WARD_OPTIONS_MAX + 2] = { 0 };
    for (size_t i = 0; i < options->count; i++)
        table[i] = (struct option){ .name = options->rows[i].flag,
                                    .has_arg = options->rows[i].kind == WARD_OPTION_SWITCH ? no_argument
                                                                                           : required_argument };
    table[options->count] = (struct option){ .name = "help", .val = 'h' };
    optind = 0; /* glibc: start afresh */
    opterr = 0; /* the messages are ours */
    for (;;) {
        int index = 0;
        int before = optind ? optind : 1;
        int code = getopt_long(argc, argv, "-:h", table, &index);
        if (code == -1)
            break;
        if (code == 1) {
            if (options->positional_count == WARD_POSITIONALS_MAX)
                return ward_fail(ret_why, WARD_EXIT_USAGE, "too many arguments: %.60s", optarg);
            options->positionals[options->positional_count++] = optarg;
            continue;
        }
        if (!read_flag(options, code, index, argv[0], argv[before], ret_why))
            return false;
    }
    for (; optind < argc; optind++) { /* behind "--" */
        if (options->positional_count == WARD_POSITIONALS_MAX)
            return ward_fail(ret_why, WARD_EXIT_USAGE, "too many arguments: %.60s", argv[optind]);
        options->positionals[options->positional_count++] = argv[optind];
    }
    return true;
}

/* ---- environment ---- */

static bool set_list(struct ward_options *options, size_t index, const char *text, struct ward_failure *ret_why)
{
    while (*text) {
        size_t size = strcspn(text, ", ");
        if (size > 0 && !set(options, index, WARD_SOURCE_ENVIRONMENT, ward_span(text, size), ret_why))
            return false;
        text += size;
        text += strspn(text, ", ");
    }
    return true;
}

bool ward_options_read_environment(struct ward_options *options, char *(*lookup)(const char *name),
                                   struct ward_failure *ret_why)
{
    for (size_t i = 0; i < options->count; i++) {
        const char *text = options->rows[i].environment ? lookup(options->rows[i].environment) : NULL;
        if (!text || !*text)
            continue;
        bool is_list = options->rows[i].kind == WARD_OPTION_LIST;
        if (is_list ? !set_list(options, i, text, ret_why)
                    : !set(options, i, WARD_SOURCE_ENVIRONMENT, ward_span_of(text), ret_why))
            return false;
    }
    return true;
}

/* ---- file ---- */

struct file_reading {
    struct ward_options *options;
    struct ward_failure *why;
    bool is_refused;
};

static int refuse_line(struct file_reading *reading)
{
    reading->is_refused = true;
    return 0;
}

static int read_line(void *context, const char *section, const char *name, const char *value)
{
    struct file_reading *reading = context;
    struct ward_options *options = reading->options;
    const char *candidates[WARD_OPTIONS_MAX];
    size_t candidate_count = 0;
    if (reading->is_refused)
        return 0; /* inih goes on behind an error; the first one is told */
    if (*section) {
        ward_fail(reading->why, WARD_EXIT_USAGE,
                  "section [%.40s] has no meaning: ward.conf is a plain list of name = value", section);
        return refuse_line(reading);
    }
    for (size_t i = 0; i < options->count; i++) {
        const char *key = options->rows[i].key;
        if (!key)
            continue;
        if (strcmp(key, name) == 0)
            return set(options, i, WARD_SOURCE_FILE, ward_span_of(value ? value : ""), reading->why)
                       ? 1
                       : refuse_line(reading);
        candidates[candidate_count++] = key;
    }
    const char *hint = ward_nearest(name, candidates, candidate_count);
    ward_fail(reading->why, WARD_EXIT_USAGE, "there is no setting \"%.40s\"%s%s%s", name,
              hint ? "; did you mean \"" : "", hint ? hint : "", hint ? "\"?" : "");
    return refuse_line(reading);
}

static bool check_lines(const char *path, struct ward_span text, struct ward_failure *ret_why)
{
    size_t line = 1, width = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == '\0')
            return ward_fail(ret_why, WARD_EXIT_USAGE, "%s:%zu: holds a NUL byte", path, line);
        width = text.data[i] == '\n' ? 0 : width + 1;
        if (width > FILE_LINE_MAX)
            return ward_fail(ret_why, WARD_EXIT_USAGE, "%s:%zu: the line is longer than %d bytes", path, line,
                             FILE_LINE_MAX);
        line += text.data[i] == '\n';
    }
    return true;
}

bool ward_options_read_file_text(struct ward_options *options, const char *path, struct ward_span text,
                                 struct ward_failure *ret_why)
{
    struct ward_failure why = { 0 };
    struct file_reading reading = { .options = options, .why = &why };
    if (!check_lines(path, text, ret_why))
        return false;
    struct ward_span copy = ward_pool_copy(&options->pool, text);
    if (!copy.data)
        return ward_fail(ret_why, WARD_EXIT_IO, "%s: out of memory", path);
    int line = ini_parse_string(copy.data, read_line, &reading);
    if (reading.is_refused)
        return ward_fail(ret_why, why.code, "%s:%d: %s", path, line, why.text);
    if (line != 0)
        return ward_fail(ret_why, WARD_EXIT_USAGE, "%s:%d: not of the form name = value", path, line);
    return true;
}

bool ward_options_read_file(struct ward_options *options, const char *path, struct ward_failure *ret_why)
{
    WARD_BUFFER text = ward_buffer_new(FILE_MAX);
    struct stat info;
    if (lstat(path, &info) == 0 && (info.st_mode & (S_IWGRP | S_IWOTH)) != 0 && S_ISREG(info.st_mode))
        return ward_fail(ret_why, WARD_EXIT_PERMISSION, "%s may be written by others; run: chmod go-w %s", path, path);
    enum ward_status status = ward_file_read(path, false, &text);
    if (status == WARD_NOT_FOUND)
        return true;
    if (status != WARD_OK)
        return ward_fail(ret_why, ward_exit_of(status),
                         "cannot read %s: it is a link, no plain file, larger than %d bytes, "
                         "or not readable (%s)",
                         path, FILE_MAX, ward_status_code(status));
    return ward_options_read_file_text(options, path, ward_buffer_span(&text), ret_why);
}

/* ---- values and help ---- */

static const struct ward_option_row *find_row(const struct ward_options *options, const char *flag, size_t *ret_index)
{
    for (size_t i = 0; i < options->count; i++) {
        if (strcmp(options->rows[i].flag, flag) != 0)
            continue;
        *ret_index = i;
        return &options->rows[i];
    }
    return NULL;
}

const struct ward_option_value *ward_option_value(const struct ward_options *options, const char *flag)
{
    static const struct ward_option_value none;
    size_t index;
    return find_row(options, flag, &index) ? &options->values[index] : &none;
}

const char *ward_option_text(const struct ward_options *options, const char *flag)
{
    const struct ward_option_value *value = ward_option_value(options, flag);
    return value->count > 0 ? value->texts[0] : NULL;
}

int64_t ward_option_number(const struct ward_options *options, const char *flag)
{
    return ward_option_value(options, flag)->number;
}

bool ward_option_is_on(const struct ward_options *options, const char *flag)
{
    const char *text = ward_option_text(options, flag);
    return text && strcmp(text, "on") == 0;
}

void ward_options_help(const struct ward_option_row *rows, size_t count, struct ward_buffer *ret)
{
    for (size_t i = 0; i < count; i++) {
        const struct ward_option_row *row = &rows[i];
        ward_buffer_append_format(ret, "  --%s%s%s\n", row->flag, row->argument ? " " : "",
                                  row->argument ? row->argument : "");
        ward_buffer_append_format(ret, "      %s.\n", row->help);
        const char *separator = "      ";
        if (row->preset) {
            ward_buffer_append_format(ret, "%sdefault: %s", separator, row->preset);
            separator = "; ";
        }
        if (row->kind == WARD_OPTION_LIST) {
            ward_buffer_append_format(ret, "%srepeatable", separator);
            separator = "; ";
        }
        if (row->environment) {
            ward_buffer_append_format(ret, "%senvironment: %s", separator, row->environment);
            separator = "; ";
        }
        if (separator[0] == ';')
            ward_buffer_append_char(ret, '\n');
    }
}
