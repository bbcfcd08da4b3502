/* Options: precedence flags > environment > ward.conf > default, and every refusal in its own words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/options.h"

static const struct ward_option_row rows[] = {
    { "text", WARD_OPTION_TEXT, "T_TEXT", "text", "WORD", "preset", 0, 0, "A text" },
    { "list", WARD_OPTION_LIST, "T_LIST", "list", "WORD", "one", 0, 0, "A list" },
    { "number", WARD_OPTION_NUMBER, "T_NUMBER", "number", "N", "7", 1, 100, "A number" },
    { "choice", WARD_OPTION_CHOICE, "T_CHOICE", "choice", "red|green", "red", 0, 0, "A choice" },
    { "bare", WARD_OPTION_SWITCH, "T_BARE", "bare", NULL, NULL, 0, 0, "A switch" },
    { "only-flag", WARD_OPTION_TEXT, NULL, NULL, "WORD", NULL, 0, 0, "Not in the file" },
};
enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static const char *environment[8][2];

static char *look_up(const char *name)
{
    for (size_t i = 0; i < 8 && environment[i][0]; i++)
        if (strcmp(environment[i][0], name) == 0)
            return (char *)(uintptr_t)environment[i][1];
    return NULL;
}

static void set_environment(const char *name, const char *value)
{
    environment[0][0] = name;
    environment[0][1] = value;
}

/* One case: flags, one variable, the file's text; all may be NULL. */
static bool read_all(struct ward_options *options, const char *const *flags, const char *name, const char *value,
                     const char *file, struct ward_failure *why)
{
    char *argv[12] = { (char *)(uintptr_t) "test" };
    int argc = 1;
    for (size_t i = 0; flags && flags[i]; i++)
        argv[argc++] = (char *)(uintptr_t)flags[i];
    set_environment(name, value);
    ward_options_begin(options, rows, ROWS);
    return ward_options_read_flags(options, argc, argv, why) && ward_options_read_environment(options, look_up, why) &&
           (!file || ward_options_read_file_text(options, "ward.conf", ward_span_of(file), why));
}

static void precedence(void **state)
{
    (void)state;
    static const struct {
        const char *flags[4], *variable, *value, *file, *text;
        enum ward_option_source source;
    } cases[] = {
        { { NULL }, NULL, NULL, NULL, "preset", WARD_SOURCE_DEFAULT },
        { { NULL }, NULL, NULL, "text = file\n", "file", WARD_SOURCE_FILE },
        { { NULL }, "T_TEXT", "env", "text = file\n", "env", WARD_SOURCE_ENVIRONMENT },
        { { "--text", "flag" }, "T_TEXT", "env", "text = file\n", "flag", WARD_SOURCE_FLAG },
        { { "--text=flag" }, NULL, NULL, "text = file\n", "flag", WARD_SOURCE_FLAG },
        { { "--text", "a", "--text", "b" }, NULL, NULL, NULL, "b", WARD_SOURCE_FLAG },
        { { NULL }, "T_TEXT", "", "text = file\n", "file", WARD_SOURCE_FILE },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ward_options options;
        struct ward_failure why = { 0 };
        const char *flags[5] = { cases[i].flags[0], cases[i].flags[1], cases[i].flags[2], cases[i].flags[3], NULL };
        assert_true(read_all(&options, flags, cases[i].variable, cases[i].value, cases[i].file, &why));
        assert_string_equal(ward_option_text(&options, "text"), cases[i].text);
        assert_int_equal(ward_option_value(&options, "text")->source, cases[i].source);
        ward_options_free(&options);
    }
}

static void lists_are_replaced_by_a_stronger_source(void **state)
{
    (void)state;
    static const struct {
        const char *flags[5], *value, *file, *first, *last;
        size_t count;
    } cases[] = {
        { { NULL }, NULL, NULL, "one", "one", 1 },
        { { NULL }, NULL, "list = a\nlist = b\n", "a", "b", 2 },
        { { NULL }, "x, y,z", "list = a\n", "x", "z", 3 },
        { { "--list", "p", "--list", "q" }, "x,y,z", "list = a\n", "p", "q", 2 },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ward_options options;
        struct ward_failure why = { 0 };
        assert_true(read_all(&options, cases[i].flags, "T_LIST", cases[i].value, cases[i].file, &why));
        const struct ward_option_value *list = ward_option_value(&options, "list");
        assert_int_equal(list->count, cases[i].count);
        assert_string_equal(list->texts[0], cases[i].first);
        assert_string_equal(list->texts[list->count - 1], cases[i].last);
        ward_options_free(&options);
    }
}

static void refusals(void **state)
{
    (void)state;
    static const struct {
        const char *flags[3], *variable, *value, *file, *words;
    } cases[] = {
        { { "--txt", "x" }, NULL, NULL, NULL, "there is no option --txt; did you mean --text?" },
        { { "--qqqqqq" }, NULL, NULL, NULL, "there is no option --qqqqqq (ward test --help lists all)" },
        { { "--qqqqqq=value" }, NULL, NULL, NULL, "there is no option --qqqqqq (" },
        { { "-x" }, NULL, NULL, NULL, "there is no option --x" },
        { { "--text" }, NULL, NULL, NULL, "--text needs a value" },
        { { "--bare=off" }, NULL, NULL, NULL, "--bare" },
        { { "--number", "0" }, NULL, NULL, NULL, "--number takes a whole number from 1 to 100, not \"0\"" },
        { { "--number", "101" }, NULL, NULL, NULL, "from 1 to 100" },
        { { "--number", "-1" }, NULL, NULL, NULL, "from 1 to 100" },
        { { "--number", "5s" }, NULL, NULL, NULL, "from 1 to 100" },
        { { "--number", "" }, NULL, NULL, NULL, "from 1 to 100" },
        { { "--choice", "blue" }, NULL, NULL, NULL, "--choice takes one of red|green, not \"blue\"" },
        { { "--choice", "re" }, NULL, NULL, NULL, "takes one of" },
        { { "--choice", "red|green" }, NULL, NULL, NULL, "takes one of" },
        { { "--choice", "" }, NULL, NULL, NULL, "takes one of" },
        { { NULL }, "T_NUMBER", "many", NULL, "T_NUMBER takes a whole number" },
        { { NULL }, "T_BARE", "yes", NULL, "T_BARE takes on or off" },
        { { NULL }, NULL, NULL, "txt = x\n", "ward.conf:1: there is no setting \"txt\"; did you mean \"text\"?" },
        { { NULL }, NULL, NULL, "text = x\n\nnumber = 500\n", "ward.conf:3: \"number\" in ward.conf takes" },
        { { NULL }, NULL, NULL, "only-flag = x\n", "ward.conf:1: there is no setting \"only-flag\"" },
        { { NULL }, NULL, NULL, "[server]\ntext = x\n", "section [server] has no meaning" },
        { { NULL }, NULL, NULL, "text\n", "ward.conf:1: not of the form name = value" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ward_options options;
        struct ward_failure why = { 0 };
        const char *flags[4] = { cases[i].flags[0], cases[i].flags[1], cases[i].flags[2], NULL };
        bool is_read = read_all(&options, flags, cases[i].variable, cases[i].value, cases[i].file, &why);
        ward_options_free(&options);
        if (is_read || !strstr(why.text, cases[i].words))
            fail_msg("case %zu: wanted \"%s\", got \"%s\"", i, cases[i].words, why.text);
        assert_int_equal(why.code, WARD_EXIT_USAGE);
    }
}

static void a_flag_outside_the_table_is_not_repeated_with_its_value(void **state)
{
    (void)state;
    struct ward_options options;
    struct ward_failure why = { 0 };
    const char *flags[] = { "--token=something-secret", NULL };
    assert_false(read_all(&options, flags, NULL, NULL, NULL, &why));
    assert_null(strstr(why.text, "something-secret"));
    ward_options_free(&options);
}

static void file_text(void **state)
{
    (void)state;
    struct ward_options options;
    struct ward_failure why = { 0 };
    char long_line[400];
    assert_true(read_all(&options, NULL, NULL, NULL,
                         "; a comment\n# another\n\ntext=  a b  \nnumber = 42\nbare = on\nchoice = green\n", &why));
    assert_string_equal(ward_option_text(&options, "text"), "a b");
    assert_int_equal(ward_option_number(&options, "number"), 42);
    assert_true(ward_option_is_on(&options, "bare"));
    assert_string_equal(ward_option_text(&options, "choice"), "green");
    ward_options_free(&options);

    snprintf(long_line, sizeof(long_line), "text = %0300d\n", 1);
    assert_false(read_all(&options, NULL, NULL, NULL, long_line, &why));
    assert_non_null(strstr(why.text, "ward.conf:1: the line is longer"));
    ward_options_free(&options);

    ward_options_begin(&options, rows, ROWS);
    assert_false(ward_options_read_file_text(&options, "ward.conf", ward_span("text = a\0b\n", 11), &why));
    assert_non_null(strstr(why.text, "NUL"));
    ward_options_free(&options);
}

static void a_file_that_others_may_write_is_refused(void **state)
{
    (void)state;
    struct ward_options options;
    struct ward_failure why = { 0 };
    char path[] = "/tmp/ward-options-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "text = file\n", 12), 12);
    close(fd);
    ward_options_begin(&options, rows, ROWS);
    assert_int_equal(chmod(path, 0664), 0);
    assert_false(ward_options_read_file(&options, path, &why));
    assert_int_equal(why.code, WARD_EXIT_PERMISSION);
    assert_non_null(strstr(why.text, "chmod go-w"));
    assert_int_equal(chmod(path, 0644), 0);
    assert_true(ward_options_read_file(&options, path, &why));
    assert_string_equal(ward_option_text(&options, "text"), "file");
    unlink(path);
    assert_true(ward_options_read_file(&options, path, &why)); /* none: nothing to read */
    ward_options_free(&options);
}

static void positionals_help_and_the_end_of_flags(void **state)
{
    (void)state;
    struct ward_options options;
    struct ward_failure why = { 0 };
    const char *flags[] = { "first", "--text", "x", "--", "--second", NULL };
    assert_true(read_all(&options, flags, NULL, NULL, NULL, &why));
    assert_int_equal(options.positional_count, 2);
    assert_string_equal(options.positionals[0], "first");
    assert_string_equal(options.positionals[1], "--second");
    assert_false(options.wants_help);
    ward_options_free(&options);
    const char *help[] = { "--help", NULL };
    assert_true(read_all(&options, help, NULL, NULL, NULL, &why));
    assert_true(options.wants_help);
    ward_options_free(&options);
}

static void help_shows_every_row(void **state)
{
    (void)state;
    WARD_BUFFER text = ward_buffer_new(65536);
    ward_options_help(rows, ROWS, &text);
    ward_buffer_append_char(&text, '\0');
    for (size_t i = 0; i < ROWS; i++) {
        assert_non_null(strstr(text.data, rows[i].flag));
        assert_non_null(strstr(text.data, rows[i].help));
        if (rows[i].environment)
            assert_non_null(strstr(text.data, rows[i].environment));
    }
    assert_non_null(strstr(text.data, "default: 7"));
}

static void nearest(void **state)
{
    (void)state;
    static const char *const words[] = { "serve", "status", "verify", "version" };
    assert_string_equal(ward_nearest("srve", words, 4), "serve");
    assert_string_equal(ward_nearest("verfy", words, 4), "verify");
    assert_null(ward_nearest("zzzzzzzzz", words, 4));
    char long_word[200];
    memset(long_word, 'a', sizeof(long_word) - 1);
    long_word[sizeof(long_word) - 1] = '\0';
    assert_null(ward_nearest(long_word, words, 4));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(precedence),
        cmocka_unit_test(lists_are_replaced_by_a_stronger_source),
        cmocka_unit_test(refusals),
        cmocka_unit_test(a_flag_outside_the_table_is_not_repeated_with_its_value),
        cmocka_unit_test(file_text),
        cmocka_unit_test(a_file_that_others_may_write_is_refused),
        cmocka_unit_test(positionals_help_and_the_end_of_flags),
        cmocka_unit_test(help_shows_every_row),
        cmocka_unit_test(nearest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
