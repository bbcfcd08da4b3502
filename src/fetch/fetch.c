#include "fetch/fetch.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/pool.h"

static const char *const problem_texts[] = {
    [WARD_FETCH_NONE] = "there is no problem",
    [WARD_FETCH_URL] = "it is not a URL of at most 2048 bytes",
    [WARD_FETCH_SCHEME] = "only http and https are fetched",
    [WARD_FETCH_USER] = "it holds a user name or a password",
    [WARD_FETCH_ADDRESS] = "its address is not of the public Internet and not allowed by --fetch-allow",
    [WARD_FETCH_RESOLVE] = "its host name has no address",
    [WARD_FETCH_CONNECT] = "the connection failed",
    [WARD_FETCH_TIMEOUT] = "it took too long",
    [WARD_FETCH_TLS] = "no trusted TLS connection could be made",
    [WARD_FETCH_REDIRECT] = "it answers with a redirect, which is not followed",
    [WARD_FETCH_STATUS] = "it answers with a status other than 200",
    [WARD_FETCH_SIZE] = "its answer is larger than the limit",
    [WARD_FETCH_ANSWER] = "its answer is not whole",
};

const char *ward_fetch_problem_text(enum ward_fetch_problem problem)
{
    return (unsigned)problem < WARD_FETCH_PROBLEM_COUNT ? problem_texts[problem] : problem_texts[WARD_FETCH_ANSWER];
}

/* ---- addresses ---- */

/* IPv4, RFC 6890 and the registry that it began: what is not globally reachable, multicast, and anycast relays. */
static const char *const refused_short[] = {
    "0.0.0.0/8",     "10.0.0.0/8",      "100.64.0.0/10",  "127.0.0.0/8",    "169.254.0.0/16",
    "172.16.0.0/12", "192.0.0.0/24",    "192.0.2.0/24",   "192.88.99.0/24", "192.168.0.0/16",
    "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4",    "240.0.0.0/4",
};
/* IPv6: only 2000::/3 is given out at all. In it: protocol assignments with Teredo, documentation, 6to4, which carries
 * an IPv4 address. */
static const char *const refused_long[] = { "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20" };

static bool is_in(const char *text, const struct ward_network *address)
{
    struct ward_network network;
    return ward_network_parse(ward_span_of(text), &network) && ward_network_holds(&network, address);
}

static bool is_in_any(const char *const *texts, size_t count, const struct ward_network *address)
{
    for (size_t i = 0; i < count; i++) {
        if (is_in(texts[i], address)) {
            return true;
        }
    }
    return false;
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

bool ward_fetch_is_public(const struct ward_network *address)
{
    if (address->bits != 128) {
        return false;
    }
    if (is_in("::ffff:0:0/96", address)) {
        return !is_in_any(refused_short, COUNT(refused_short), address);
    }
    return is_in("2000::/3", address) && !is_in_any(refused_long, COUNT(refused_long), address);
}

static bool is_host_name(struct ward_span text)
{
    if (text.size == 0 || text.size > 253) {
        return false;
    }
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!is_letter && c != '-' && c != '.' && c != '_') {
            return false;
        }
    }
    /* A last label of digits would be an address to a resolver, in one of the forms that are no address to us. */
    char last = text.data[text.size - 1];
    return !(last >= '0' && last <= '9') && last != '.' && text.data[0] != '.';
}

bool ward_fetch_allow_parse(struct ward_span text, struct ward_fetch_allow *ret)
{
    struct ward_fetch_allow allow = { .host = WARD_SPAN_NONE };
    if (!ward_network_parse(text, &allow.network)) {
        if (!is_host_name(text)) {
            return false;
        }
        allow.host = text;
    }
    *ret = allow;
    return true;
}

/* ---- one request ---- */

struct running {
    const struct ward_fetch *fetch;
    struct ward_buffer *out;
    size_t max;
    bool is_host_allowed;
    bool was_address_refused, was_address_taken;
    bool is_too_large;
};

static bool read_address(const struct sockaddr *address, struct ward_network *ret)
{
    char text[INET6_ADDRSTRLEN];
    const void *bytes = NULL;
    if (address->sa_family == AF_INET) {
        bytes = &((const struct sockaddr_in *)(const void *)address)->sin_addr;
    } else if (address->sa_family == AF_INET6) {
        bytes = &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
    }
    return bytes && inet_ntop(address->sa_family, bytes, text, sizeof(text)) &&
           ward_network_parse(ward_span_of(text), ret);
}

static bool may_connect(const struct running *run, const struct sockaddr *address)
{
    struct ward_network network;
    if (!read_address(address, &network)) {
        return false;
    }
    if (run->is_host_allowed || ward_fetch_is_public(&network)) {
        return true;
    }
    for (size_t i = 0; i < run->fetch->allow_count; i++) {
        const struct ward_fetch_allow *allow = &run->fetch->allows[i];
        if (!allow->host.data && ward_network_holds(&allow->network, &network)) {
            return true;
        }
    }
    return false;
}

/* The last word on an address: this very one is connected to. */
static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct running *run = arg;
    if (purpose != CURLSOCKTYPE_IPCXN || !may_connect(run, &address->addr)) {
        run->was_address_refused = true;
        return CURL_SOCKET_BAD;
    }
    run->was_address_taken = true;
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static size_t take_bytes(char *bytes, size_t size, size_t count, void *arg)
{
    struct running *run = arg;
    size_t total = size * count;
    if (total > run->max - run->out->size) {
        run->is_too_large = true;
        return 0;
    }
    ward_buffer_append(run->out, ward_span(bytes, total));
    return run->out->status == WARD_OK ? total : 0;
}

static enum ward_fetch_problem problem_of(const struct running *run, CURLcode code, long status)
{
    if (run->is_too_large) {
        return WARD_FETCH_SIZE;
    }
    switch (code) {
    case CURLE_OK:
        return status == 200                   ? WARD_FETCH_NONE
               : status >= 300 && status < 400 ? WARD_FETCH_REDIRECT
                                               : WARD_FETCH_STATUS;
    case CURLE_COULDNT_RESOLVE_HOST:
        return WARD_FETCH_RESOLVE;
    case CURLE_COULDNT_CONNECT:
        return run->was_address_refused && !run->was_address_taken ? WARD_FETCH_ADDRESS : WARD_FETCH_CONNECT;
    case CURLE_OPERATION_TIMEDOUT:
        return WARD_FETCH_TIMEOUT;
    case CURLE_FILESIZE_EXCEEDED:
        return WARD_FETCH_SIZE;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
        return WARD_FETCH_TLS;
    default:
        return WARD_FETCH_ANSWER;
    }
}

static long cut(int64_t value, int64_t max)
{
    return (long)(value < 1 ? 1 : value > max ? max : value);
}

static CURLcode set_options(CURL *curl, CURLU *url, struct running *run)
{
    const struct ward_fetch *fetch = run->fetch;
    long connect_ms = cut(fetch->connect_timeout_ms, WARD_FETCH_CONNECT_MAX);
    long read_ms = cut(fetch->read_timeout_ms, WARD_FETCH_READ_MAX);
    const struct {
        CURLoption option;
        long value;
    } numbers[] = {
        { CURLOPT_NOSIGNAL, 1 },
        { CURLOPT_FOLLOWLOCATION, 0 },
        { CURLOPT_CONNECTTIMEOUT_MS, connect_ms },
        { CURLOPT_TIMEOUT_MS, connect_ms + read_ms },
        { CURLOPT_NETRC, CURL_NETRC_IGNORED },
        { CURLOPT_SSL_VERIFYPEER, 1 },
        { CURLOPT_SSL_VERIFYHOST, 2 },
        { CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2 },
        { CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1 },
        { CURLOPT_FRESH_CONNECT, 1 },
        { CURLOPT_FORBID_REUSE, 1 },
        { CURLOPT_HTTP09_ALLOWED, 0 },
    };
    CURLcode code = CURLE_OK;
    for (size_t i = 0; i < COUNT(numbers) && code == CURLE_OK; i++) {
        code = curl_easy_setopt(curl, numbers[i].option, numbers[i].value);
    }
    curl_easy_setopt(curl, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)run->max);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_bytes);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, run);
    /* Without these two there is no limit on where it goes: they must hold. */
    code = code == CURLE_OK ? curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, open_socket) : code;
    code = code == CURLE_OK ? curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, run) : code;
    code = code == CURLE_OK ? curl_easy_setopt(curl, CURLOPT_PROXY, "") : code;
    code = code == CURLE_OK ? curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https") : code;
    return code == CURLE_OK ? curl_easy_setopt(curl, CURLOPT_CURLU, url) : code;
}

static enum ward_fetch_problem perform(CURL *curl, CURLU *url, struct running *run)
{
    long status = 0;
    if (set_options(curl, url, run) != CURLE_OK) {
        return WARD_FETCH_URL;
    }
    CURLcode code = curl_easy_perform(curl);
    if (code == CURLE_OK) {
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    }
    return problem_of(run, code, status);
}

/* ---- the URL ---- */

static void free_part(char **part)
{
    curl_free(*part);
}
#define PART __attribute__((cleanup(free_part))) char *

static bool has_part(CURLU *url, CURLUPart part)
{
    PART text = NULL;
    return curl_url_get(url, part, &text, 0) == CURLUE_OK && text != NULL;
}

static bool host_is_allowed(const struct ward_fetch *fetch, const char *host)
{
    for (size_t i = 0; i < fetch->allow_count; i++) {
        if (fetch->allows[i].host.data && ward_span_equal_nocase(fetch->allows[i].host, ward_span_of(host))) {
            return true;
        }
    }
    return false;
}

static enum ward_fetch_problem read_url(CURLU *url, const char *text, struct running *run)
{
    PART scheme = NULL;
    PART host = NULL;
    CURLUcode code = curl_url_set(url, CURLUPART_URL, text, CURLU_NON_SUPPORT_SCHEME);
    if (code != CURLUE_OK || curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK) {
        return WARD_FETCH_URL;
    }
    if (strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0) {
        return WARD_FETCH_SCHEME;
    }
    if (has_part(url, CURLUPART_USER) || has_part(url, CURLUPART_PASSWORD)) {
        return WARD_FETCH_USER;
    }
    if (curl_url_get(url, CURLUPART_HOST, &host, 0) != CURLUE_OK || host[0] == '\0') {
        return WARD_FETCH_URL;
    }
    run->is_host_allowed = host_is_allowed(run->fetch, host);
    return WARD_FETCH_NONE;
}

static bool is_plain(struct ward_span url)
{
    for (size_t i = 0; i < url.size; i++) {
        unsigned char c = (unsigned char)url.data[i];
        if (c <= 0x20 || c >= 0x7f) {
            return false;
        }
    }
    return url.size > 0 && url.size <= WARD_FETCH_URL_MAX;
}

static enum ward_status fail(struct ward_buffer *out, size_t before, enum ward_fetch_problem problem,
                             enum ward_fetch_problem *ret_problem)
{
    enum ward_status status = out->status;
    out->size = before;
    if (status != WARD_OK) {
        return status;
    }
    *ret_problem = problem;
    return WARD_INVALID;
}

enum ward_status ward_fetch_get(const struct ward_fetch *fetch, struct ward_buffer *ret,
                                enum ward_fetch_problem *ret_problem)
{
    WARD_POOL pool = ward_pool_new(2 * WARD_FETCH_URL_MAX);
    struct running run = { .fetch = fetch, .out = ret };
    size_t before = ret->size;
    run.max = before + (size_t)cut(fetch->size, WARD_FETCH_SIZE_MAX);
    if (!is_plain(fetch->url)) {
        return fail(ret, before, WARD_FETCH_URL, ret_problem);
    }
    struct ward_span text = ward_pool_copy(&pool, fetch->url);
    CURLU *url = curl_url();
    CURL *curl = curl_easy_init();
    if (!text.data || !url || !curl) {
        curl_url_cleanup(url);
        curl_easy_cleanup(curl);
        return WARD_NO_MEMORY;
    }
    enum ward_fetch_problem problem = read_url(url, text.data, &run);
    if (problem == WARD_FETCH_NONE) {
        problem = perform(curl, url, &run);
    }
    curl_easy_cleanup(curl);
    curl_url_cleanup(url);
    return problem == WARD_FETCH_NONE ? WARD_OK : fail(ret, before, problem, ret_problem);
}

enum ward_status ward_fetch_start(void)
{
    return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? WARD_OK : WARD_UNAVAILABLE;
}
