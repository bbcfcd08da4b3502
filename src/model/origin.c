/*
 * The domain lock: which host a request comes from, and whether a key admits it. Every doubt denies: what a browser and
 * an RFC 3986 parser would read differently (backslash, blanks, two '@', octal addresses) is no host at all.
 * Source: contracts/theauthapi.md 3.5; URL Standard 4.4 (host parsing); RFC 3986 3.2.
 */
#include "model/origin.h"

#include <arpa/inet.h>

#include "base/limits.h"
#include "model/api_key.h"

#define LABEL_MAX 63 /* RFC 1035 2.3.4 */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_hex_digit(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static struct ward_span drop_first(struct ward_span text, size_t size)
{
    return ward_span(text.data + size, text.size - size);
}

static struct ward_span drop_dot(struct ward_span host)
{
    bool has_dot = host.size > 1 && host.data[host.size - 1] == '.';
    return ward_span(host.data, has_dot ? host.size - 1 : host.size);
}

/* ---- the raw array ---- */

struct ward_domain_reader ward_domain_reader(struct ward_span array)
{
    if (array.size == 0) {
        return (struct ward_domain_reader){ .is_broken = true };
    }
    return (struct ward_domain_reader){ .at = array.data, .end = array.data + array.size, .is_first = true };
}

static void skip_blanks(struct ward_domain_reader *reader)
{
    while (reader->at < reader->end && memchr(" \t\r\n", *reader->at, 4)) {
        reader->at++;
    }
}

/* Skip blanks, then take one character if it is the one that is wanted. */
static bool take(struct ward_domain_reader *reader, char c)
{
    skip_blanks(reader);
    if (reader->at == reader->end || *reader->at != c) {
        return false;
    }
    reader->at++;
    return true;
}

static bool finish(struct ward_domain_reader *reader)
{
    skip_blanks(reader);
    reader->is_done = reader->at == reader->end;
    reader->is_broken = !reader->is_done;
    return false;
}

static bool read_string(struct ward_domain_reader *reader, struct ward_span *ret)
{
    if (!take(reader, '"')) {
        return false;
    }
    const char *start = reader->at;
    while (reader->at < reader->end && *reader->at != '"') {
        if (*reader->at == '\\' || (unsigned char)*reader->at < ' ') {
            return false;
        }
        reader->at++;
    }
    if (reader->at == reader->end) {
        return false;
    }
    *ret = ward_span(start, (size_t)(reader->at - start));
    reader->at++;
    return true;
}

bool ward_domain_next(struct ward_domain_reader *reader, struct ward_span *ret)
{
    if (reader->is_done || reader->is_broken) {
        return false;
    }
    if (!reader->is_first && take(reader, ']')) {
        return finish(reader);
    }
    if (!take(reader, reader->is_first ? '[' : ',')) {
        reader->is_broken = true;
        return false;
    }
    if (reader->is_first && take(reader, ']')) {
        return finish(reader);
    }
    reader->is_first = false;
    reader->is_broken = !read_string(reader, ret);
    return !reader->is_broken;
}

/* ---- hosts ---- */

static bool parse_address(int family, struct ward_span text, uint8_t address[sizeof(struct in6_addr)])
{
    char copy[INET6_ADDRSTRLEN];
    if (text.size == 0 || text.size >= sizeof(copy) || memchr(text.data, '\0', text.size)) {
        return false;
    }
    memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    return inet_pton(family, copy, address) == 1;
}

/* Read an IPv6 address, in brackets or bare. */
static bool parse_ipv6(struct ward_span host, uint8_t address[sizeof(struct in6_addr)])
{
    if (host.size >= 2 && host.data[0] == '[' && host.data[host.size - 1] == ']') {
        host = ward_span(host.data + 1, host.size - 2);
    }
    return parse_address(AF_INET6, host, address);
}

static bool is_label(struct ward_span label)
{
    if (label.size == 0 || label.size > LABEL_MAX || label.data[0] == '-' || label.data[label.size - 1] == '-') {
        return false;
    }
    for (size_t i = 0; i < label.size; i++) {
        char c = label.data[i];
        if (!is_letter(c) && !is_digit(c) && c != '-' && c != '_') {
            return false;
        }
    }
    return true;
}

/* A last label that browsers read as a number makes the whole host an IPv4 address (URL Standard 4.4, "ends in a
 * number"). */
static bool is_number(struct ward_span label)
{
    bool is_hex = label.size >= 2 && label.data[0] == '0' && (label.data[1] == 'x' || label.data[1] == 'X');
    for (size_t i = is_hex ? 2 : 0; i < label.size; i++) {
        if (is_hex ? !is_hex_digit(label.data[i]) : !is_digit(label.data[i])) {
            return false;
        }
    }
    return true;
}

static bool is_ipv4(struct ward_span host)
{
    uint8_t address[sizeof(struct in6_addr)];
    return parse_address(AF_INET, host, address);
}

/* Check a host name or a dotted IPv4 address, without a trailing dot. Gives the last label. */
static bool split_name(struct ward_span host, struct ward_span *ret_last)
{
    if (host.size == 0 || host.size > WARD_DOMAIN_MAX) {
        return false;
    }
    for (;;) {
        const char *dot = memchr(host.data, '.', host.size);
        size_t size = dot ? (size_t)(dot - host.data) : host.size;
        struct ward_span label = ward_span(host.data, size);
        if (!is_label(label)) {
            return false;
        }
        if (!dot) {
            *ret_last = label;
            return true;
        }
        host = drop_first(host, size + 1);
    }
}

static bool is_host_name(struct ward_span host)
{
    struct ward_span last;
    return split_name(host, &last) && !is_number(last);
}

bool ward_domain_ok(struct ward_span domain)
{
    uint8_t address[sizeof(struct in6_addr)];
    if (domain.size > WARD_DOMAIN_MAX) {
        return false;
    }
    if (ward_span_starts_with(domain, WARD_SPAN("*."))) {
        return is_host_name(drop_dot(drop_first(domain, 2)));
    }
    struct ward_span host = drop_dot(domain);
    return is_host_name(host) || is_ipv4(host) || parse_ipv6(domain, address);
}

/* ---- the origin ---- */

/* Skip "scheme://". False when the text has no scheme, which is how a bare host comes. */
static bool skip_scheme(struct ward_span *text)
{
    size_t size = 0;
    while (size < text->size &&
           (is_letter(text->data[size]) || is_digit(text->data[size]) || memchr("+-.", text->data[size], 3))) {
        size++;
    }
    struct ward_span rest = drop_first(*text, size);
    if (size == 0 || !is_letter(text->data[0]) || !ward_span_starts_with(rest, WARD_SPAN("://"))) {
        return false;
    }
    *text = drop_first(rest, 3);
    return true;
}

/* Cut the authority at the first of "/?#" and drop its userinfo. False when it holds what a URL may not. */
static bool cut_authority(struct ward_span *text)
{
    size_t size = 0;
    size_t userinfo = 0;
    for (; size < text->size && !memchr("/?#", text->data[size], 3); size++) {
        unsigned char c = (unsigned char)text->data[size];
        if (c <= ' ' || c >= 0x7f || c == '\\') {
            return false;
        }
        if (c == '@') {
            if (userinfo > 0) {
                return false;
            }
            userinfo = size + 1;
        }
    }
    *text = ward_span(text->data + userinfo, size - userinfo);
    return true;
}

static bool is_port(struct ward_span port)
{
    for (size_t i = 0; i < port.size; i++) {
        if (!is_digit(port.data[i])) {
            return false;
        }
    }
    return port.size <= 5;
}

/* Cut ":port" off an authority whose host ends at host_size. */
static bool cut_port(struct ward_span *authority, size_t host_size)
{
    struct ward_span rest = drop_first(*authority, host_size);
    if (rest.size > 0 && (rest.data[0] != ':' || !is_port(drop_first(rest, 1)))) {
        return false;
    }
    authority->size = host_size;
    return true;
}

static bool parse_origin(struct ward_span origin, struct ward_span *ret_host)
{
    uint8_t address[sizeof(struct in6_addr)];
    struct ward_span host = origin;
    bool has_scheme = skip_scheme(&host);
    if (!cut_authority(&host) || host.size == 0) {
        return false;
    }
    if (!has_scheme && parse_address(AF_INET6, host, address)) {
        *ret_host = host;
        return true;
    }
    bool has_bracket = host.data[0] == '[';
    const char *end = memchr(host.data, has_bracket ? ']' : ':', host.size);
    if (has_bracket && !end) {
        return false;
    }
    size_t size = end ? (size_t)(end - host.data) + (has_bracket ? 1 : 0) : host.size;
    if (!cut_port(&host, size)) {
        return false;
    }
    *ret_host = drop_dot(host);
    return has_bracket ? parse_ipv6(host, address) : is_host_name(*ret_host) || is_ipv4(*ret_host);
}

/* True for "*.x.y" and a host that ends in ".x.y" and has a label more. */
static bool match_wildcard(struct ward_span domain, struct ward_span host)
{
    struct ward_span suffix = drop_first(domain, 1);
    return host.size > suffix.size && ward_span_equal_nocase(drop_first(host, host.size - suffix.size), suffix);
}

static bool match(struct ward_span domain, struct ward_span host)
{
    uint8_t listed[sizeof(struct in6_addr)];
    uint8_t asked[sizeof(struct in6_addr)];
    domain = drop_dot(domain);
    if (ward_span_starts_with(domain, WARD_SPAN("*."))) {
        return match_wildcard(domain, host);
    }
    if (ward_span_equal_nocase(domain, host)) {
        return true;
    }
    return parse_ipv6(host, asked) && parse_ipv6(domain, listed) && memcmp(asked, listed, sizeof(asked)) == 0;
}

bool ward_origin_allowed(struct ward_span domains, struct ward_span origin)
{
    if (!domains.data) {
        return true;
    }
    struct ward_span host;
    if (origin.size == 0 || !parse_origin(origin, &host)) {
        return false;
    }
    /* Read to the end even after a match: a broken list admits nobody. */
    struct ward_domain_reader reader = ward_domain_reader(domains);
    struct ward_span domain;
    bool is_listed = false;
    while (ward_domain_next(&reader, &domain)) {
        is_listed |= match(domain, host);
    }
    return is_listed && reader.is_done;
}
