#include "server/settings.h"

#include <arpa/inet.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/encoding.h"

const struct ward_option_row ward_serve_rows[] = {
#define WARD_OPTION WARD_OPTION_ROW
#include "server/options.def"
#undef WARD_OPTION
};
const size_t ward_serve_row_count = sizeof(ward_serve_rows) / sizeof(ward_serve_rows[0]);
_Static_assert(sizeof(ward_serve_rows) / sizeof(ward_serve_rows[0]) <= WARD_OPTIONS_MAX, "options fit their table");

#define UNIX_PATH_MAX_BYTES 107 /* sockaddr_un, with its NUL */

/* ---- addresses ---- */

/* Split IP:PORT or [IPv6]:PORT; the family, or 0 when it is neither. */
static int parse_inet(const char *address, unsigned char ret_ip[16])
{
    char host[64];
    int64_t port;
    const char *colon = strrchr(address, ':');
    if (!colon || !ward_parse_uint(ward_span_of(colon + 1), &port) || port > 65535)
        return 0;
    size_t size = (size_t)(colon - address);
    bool is_bracketed = size >= 2 && address[0] == '[' && address[size - 1] == ']';
    if (is_bracketed) {
        address++;
        size -= 2;
    }
    if (size >= sizeof(host))
        return 0;
    snprintf(host, sizeof(host), "%.*s", (int)size, address);
    int family = is_bracketed ? AF_INET6 : AF_INET;
    return inet_pton(family, host, ret_ip) == 1 ? family : 0;
}

static const char *unix_path(const char *address)
{
    return strncmp(address, "unix:", 5) == 0 ? address + 5 : NULL;
}

bool ward_address_ok(const char *address)
{
    unsigned char ip[16];
    const char *path = unix_path(address);
    if (path)
        return *path && strlen(path) <= UNIX_PATH_MAX_BYTES;
    return parse_inet(address, ip) != 0;
}

bool ward_address_is_local(const char *address)
{
    static const unsigned char loopback6[16] = { [15] = 1 };
    unsigned char ip[16];
    if (unix_path(address))
        return true;
    int family = parse_inet(address, ip);
    return (family == AF_INET && ip[0] == 127) || (family == AF_INET6 && memcmp(ip, loopback6, sizeof(ip)) == 0);
}

/* ---- checks ---- */

static bool add_listens(struct ward_settings *settings, const char *flag, enum ward_listener_kind kind, bool is_tls,
                        struct ward_failure *ret_why)
{
    const struct ward_option_value *value = ward_option_value(&settings->options, flag);
    bool is_insecure_allowed = ward_option_is_on(&settings->options, "insecure-http");
    for (size_t i = 0; i < value->count; i++) {
        const char *address = value->texts[i];
        if (!ward_address_ok(address))
            return ward_fail(ret_why, WARD_EXIT_USAGE,
                             "--%s %.120s is no address; write IP:PORT, [IPv6]:PORT or unix:PATH (at most %d bytes)",
                             flag, address, UNIX_PATH_MAX_BYTES);
        if (is_tls && unix_path(address))
            return ward_fail(ret_why, WARD_EXIT_USAGE, "--%s %.120s: a unix socket needs no TLS; use --listen", flag,
                             address);
        if (!is_tls && !is_insecure_allowed && !ward_address_is_local(address))
            return ward_fail(
                ret_why, WARD_EXIT_USAGE,
                "--%s %.120s would carry keys across the network in the clear; use --tls-listen, a loopback "
                "address or a unix socket, or say --insecure-http if something in front of Ward brings TLS",
                flag, address);
        enum ward_listener_kind as = kind == WARD_LISTENER_TCP && unix_path(address) ? WARD_LISTENER_UNIX : kind;
        settings->listens[settings->listen_count++] = (struct ward_http_listen){ .kind = as,
                                                                                 .address = address,
                                                                                 .is_tls = is_tls };
    }
    return true;
}

/* --tls-listen alone does not open the plain default beside it. */
static bool wants_default_listener(const struct ward_options *options)
{
    return ward_option_value(options, "listen")->source != WARD_SOURCE_DEFAULT ||
           ward_option_value(options, "tls-listen")->count == 0;
}

static bool check_tls(const struct ward_options *options, struct ward_failure *ret_why)
{
    const char *certificate = ward_option_text(options, "tls-certificate");
    const char *key = ward_option_text(options, "tls-key");
    bool has_listener = ward_option_value(options, "tls-listen")->count > 0;
    struct stat info;
    if (has_listener && (!certificate || !key))
        return ward_fail(ret_why, WARD_EXIT_USAGE, "--tls-listen needs --tls-certificate and --tls-key");
    if (!has_listener && (certificate || key))
        return ward_fail(ret_why, WARD_EXIT_USAGE, "--%s is given, but no --tls-listen that would use it",
                         certificate ? "tls-certificate" : "tls-key");
    if (key && stat(key, &info) == 0 && (info.st_mode & (S_IROTH | S_IWOTH)) != 0)
        return ward_fail(ret_why, WARD_EXIT_PERMISSION, "the private key %s is open to every user; run: chmod o= %s",
                         key, key);
    return true;
}

static bool read_fetch_allows(struct ward_settings *settings, struct ward_failure *ret_why)
{
    const struct ward_option_value *value = ward_option_value(&settings->options, "fetch-allow");
    for (size_t i = 0; i < value->count; i++) {
        if (!ward_fetch_allow_parse(ward_span_of(value->texts[i]), &settings->fetch_allows[i]))
            return ward_fail(ret_why, WARD_EXIT_USAGE,
                             "--fetch-allow %.120s is no host name, address or network (10.0.0.0/8)", value->texts[i]);
        settings->fetch_allow_count = i + 1;
    }
    return true;
}

static bool check(struct ward_settings *settings, struct ward_failure *ret_why)
{
    const struct ward_options *options = &settings->options;
    if (options->positional_count > 0)
        return ward_fail(ret_why, WARD_EXIT_USAGE, "ward serve takes options only, not \"%.60s\"",
                         options->positionals[0]);
    if (!check_tls(options, ret_why) || !read_fetch_allows(settings, ret_why))
        return false;
    if (wants_default_listener(options) && !add_listens(settings, "listen", WARD_LISTENER_TCP, false, ret_why))
        return false;
    return add_listens(settings, "tls-listen", WARD_LISTENER_TCP, true, ret_why) &&
           add_listens(settings, "verify-listen", WARD_LISTENER_VERIFY, false, ret_why);
}

bool ward_settings_read(struct ward_settings *ret, int argc, char *const *argv, char *(*lookup)(const char *name),
                        struct ward_failure *ret_why)
{
    char path[PATH_MAX];
    *ret = (struct ward_settings){ .listen_count = 0 };
    ward_options_begin(&ret->options, ward_serve_rows, ward_serve_row_count);
    if (!ward_options_read_flags(&ret->options, argc, argv, ret_why))
        return false;
    if (ret->options.wants_help)
        return true;
    if (!ward_options_read_environment(&ret->options, lookup, ret_why))
        return false;
    int size = snprintf(path, sizeof(path), "%s/ward.conf", ward_option_text(&ret->options, "data"));
    if (size < 0 || (size_t)size >= sizeof(path))
        return ward_fail(ret_why, WARD_EXIT_USAGE, "the path of --data is too long");
    return ward_options_read_file(&ret->options, path, ret_why) && check(ret, ret_why);
}

void ward_settings_free(struct ward_settings *settings)
{
    if (settings)
        ward_options_free(&settings->options);
}
