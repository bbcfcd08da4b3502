/* The settings of ward serve: listeners, TLS and what is refused before anything is opened. */
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

#include "base/limits.h"
#include "server/settings.h"

static char *no_environment(const char *name)
{
    (void)name;
    return NULL;
}

static bool read_flags(struct ward_settings *settings, const char *const *flags, struct ward_failure *why)
{
    char *argv[20] = { (char *)(uintptr_t) "serve", (char *)(uintptr_t) "--data", (char *)(uintptr_t) "/nonexistent" };
    int argc = 3;
    for (size_t i = 0; flags[i]; i++)
        argv[argc++] = (char *)(uintptr_t)flags[i];
    return ward_settings_read(settings, argc, argv, no_environment, why);
}

static void listeners(void **state)
{
    (void)state;
    struct ward_settings settings;
    struct ward_failure why = { 0 };
    assert_true(read_flags(&settings, (const char *const[]){ NULL }, &why));
    assert_int_equal(settings.listen_count, 1);
    assert_string_equal(settings.listens[0].address, "127.0.0.1:8420");
    assert_int_equal(settings.listens[0].kind, WARD_LISTENER_TCP);
    ward_settings_free(&settings);

    const char *const flags[] = {
        "--listen", "[::1]:0", "--listen", "unix:/x", "--verify-listen", "127.0.0.1:1", NULL
    };
    assert_true(read_flags(&settings, flags, &why));
    assert_int_equal(settings.listen_count, 3);
    assert_int_equal(settings.listens[0].kind, WARD_LISTENER_TCP);
    assert_int_equal(settings.listens[1].kind, WARD_LISTENER_UNIX);
    assert_int_equal(settings.listens[2].kind, WARD_LISTENER_VERIFY);
    ward_settings_free(&settings);

    const char *const tls[] = { "--tls-listen", "0.0.0.0:0", "--tls-certificate", "/c", "--tls-key", "/k", NULL };
    assert_true(read_flags(&settings, tls, &why));
    assert_int_equal(settings.listen_count, 1); /* no plain default beside it */
    assert_true(settings.listens[0].is_tls);
    ward_settings_free(&settings);

    const char *const insecure[] = { "--insecure-http", "--listen", "0.0.0.0:0", NULL };
    assert_true(read_flags(&settings, insecure, &why));
    ward_settings_free(&settings);
}

static void refusals(void **state)
{
    (void)state;
    static const struct {
        const char *flags[7], *words;
    } cases[] = {
        { { "--listen", "0.0.0.0:8420" }, "--insecure-http" },
        { { "--listen", "[::]:8420" }, "--insecure-http" },
        { { "--listen", "10.0.0.1:8420" }, "--insecure-http" },
        { { "--listen", "[::ffff:127.0.0.1]:1" }, "--insecure-http" },
        { { "--verify-listen", "0.0.0.0:1" }, "--verify-listen 0.0.0.0:1 would carry keys" },
        { { "--listen", "localhost:8420" }, "is no address" },
        { { "--listen", "8420" }, "is no address" },
        { { "--listen", ":8420" }, "is no address" },
        { { "--listen", "127.0.0.1" }, "is no address" },
        { { "--listen", "127.0.0.1:65536" }, "is no address" },
        { { "--listen", "127.0.0.1:-1" }, "is no address" },
        { { "--listen", "127.0.0.1:" }, "is no address" },
        { { "--listen", "127.1:80" }, "is no address" },
        { { "--listen", "::1:80" }, "is no address" },
        { { "--listen", "unix:" }, "is no address" },
        { { "--tls-listen", "127.0.0.1:1" }, "needs --tls-certificate and --tls-key" },
        { { "--tls-listen", "127.0.0.1:1", "--tls-key", "/k" }, "needs --tls-certificate and --tls-key" },
        { { "--tls-listen", "unix:/x", "--tls-key", "/k", "--tls-certificate", "/c" }, "needs no TLS" },
        { { "--tls-certificate", "/c" }, "no --tls-listen that would use it" },
        { { "--tls-key", "/k" }, "no --tls-listen that would use it" },
        { { "stray" }, "takes options only" },
        { { "--nonsense" }, "there is no option --nonsense" },
        { { "--fetch-allow", "0x7f.1" }, "--fetch-allow 0x7f.1 is no host name, address or network" },
        { { "--fetch-allow", "10.0.0.0/8", "--fetch-allow", "10.0.0.0/33" }, "is no host name, address or network" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ward_settings settings;
        struct ward_failure why = { 0 };
        bool is_read = read_flags(&settings, cases[i].flags, &why);
        ward_settings_free(&settings);
        if (is_read || !strstr(why.text, cases[i].words))
            fail_msg("case %zu: wanted \"%s\", got \"%s\"", i, cases[i].words, why.text);
        assert_int_equal(why.code, WARD_EXIT_USAGE);
    }
}

static void a_private_key_open_to_all_is_refused(void **state)
{
    (void)state;
    struct ward_settings settings;
    struct ward_failure why = { 0 };
    char path[] = "/tmp/ward-settings-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    const char *const flags[] = { "--tls-listen", "127.0.0.1:0", "--tls-certificate", "/c", "--tls-key", path, NULL };
    assert_int_equal(chmod(path, 0644), 0);
    assert_false(read_flags(&settings, flags, &why));
    assert_int_equal(why.code, WARD_EXIT_PERMISSION);
    ward_settings_free(&settings);
    assert_int_equal(chmod(path, 0640), 0);
    assert_true(read_flags(&settings, flags, &why));
    ward_settings_free(&settings);
    unlink(path);
}

static void local_addresses(void **state)
{
    (void)state;
    assert_true(ward_address_is_local("127.0.0.1:1"));
    assert_true(ward_address_is_local("127.255.0.9:1"));
    assert_true(ward_address_is_local("[::1]:1"));
    assert_true(ward_address_is_local("unix:/run/x"));
    assert_false(ward_address_is_local("128.0.0.1:1"));
    assert_false(ward_address_is_local("0.0.0.0:1"));
    assert_false(ward_address_is_local("[::]:1"));
    assert_false(ward_address_is_local("nonsense"));
}

/* Two tables speak of the same maxima; docs/limits.md must not tell other defaults than --help. */
static void presets_are_the_limits(void **state)
{
    (void)state;
    static const struct {
        const char *flag;
        int64_t limit;
    } cases[] = {
        { "max-connections", WARD_HTTP_CONNECTIONS_MAX },
        { "max-connections-per-source", WARD_HTTP_CONNECTIONS_PER_SOURCE_MAX },
        { "head-timeout", WARD_HTTP_HEAD_S },
        { "body-timeout", WARD_HTTP_BODY_S },
        { "idle-timeout", WARD_HTTP_IDLE_S },
        { "write-timeout", WARD_HTTP_WRITE_STALL_S },
    };
    struct ward_settings settings;
    struct ward_failure why = { 0 };
    assert_true(read_flags(&settings, (const char *const[]){ NULL }, &why));
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(ward_option_number(&settings.options, cases[i].flag), cases[i].limit);
    ward_settings_free(&settings);
}

/* Rows obey what the parser and the documents rely on. */
static void the_table_is_well_formed(void **state)
{
    (void)state;
    for (size_t i = 0; i < ward_serve_row_count; i++) {
        const struct ward_option_row *row = &ward_serve_rows[i];
        char name[64] = "WARD_";
        size_t size = strlen(name);
        for (const char *c = row->flag; *c; c++)
            name[size++] = (char)(*c == '-' ? '_' : *c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c);
        name[size] = '\0';
        assert_string_equal(row->environment, name);
        assert_true(!row->key || strcmp(row->key, row->flag) == 0);
        assert_true(row->help[strlen(row->help) - 1] != '.');
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(row->flag, ward_serve_rows[j].flag);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(listeners),
        cmocka_unit_test(refusals),
        cmocka_unit_test(a_private_key_open_to_all_is_refused),
        cmocka_unit_test(local_addresses),
        cmocka_unit_test(presets_are_the_limits),
        cmocka_unit_test(the_table_is_well_formed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
