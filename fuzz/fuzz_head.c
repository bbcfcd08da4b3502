/* Input: a request head as it was sent. The direct path reads it so; libmicrohttpd overwrites its separators first, and
 * the same rules are applied to what is left. Both must come to the same fields, or both refuse. */
#include "check.h"
#include "http/internal.h"

static bool is_within(struct ward_span part, struct ward_span whole)
{
    return !part.data || (part.data >= whole.data && part.size <= whole.size &&
                          (size_t)(part.data - whole.data) <= whole.size - part.size);
}

static bool is_clean(struct ward_span text)
{
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f) {
            return false;
        }
    }
    return true;
}

static void check_accepted(const struct ward_http_request *request, const struct ward_http_framing *framing,
                           struct ward_span head)
{
    CHECK(request->path.size > 0 && request->path.data[0] == '/');
    CHECK(is_within(request->method_text, head) && is_within(request->target, head));
    CHECK(is_within(request->path, request->target) && is_within(request->query, request->target));
    CHECK(request->header_count <= WARD_HTTP_HEADERS_MAX && framing->content_length >= 0);
    for (size_t i = 0; i < request->header_count; i++) {
        CHECK(is_within(request->headers[i].name, head) && is_within(request->headers[i].value, head));
        CHECK(request->headers[i].name.size > 0 && is_clean(request->headers[i].name));
        CHECK(is_clean(request->headers[i].value));
    }
    CHECK(memcmp(head.data + head.size - 4, "\r\n\r\n", 4) == 0);
}

/* What libmicrohttpd 0.9.75 leaves of a head. */

struct left_over {
    char bytes[64 * 1024];
    size_t size; /* 0: the head does not end, or is refused */
    size_t target_size;
    size_t names[8 * 1024]; /* where the library sees a field begin */
    size_t name_count;
};

/* A line ends at CR, LF or both; its length with that, 0 if it does not end. The end is overwritten. */
static size_t cut_line(char *line, size_t size, size_t *ret_text)
{
    size_t text = 0;
    while (text < size && line[text] != '\r' && line[text] != '\n') {
        text++;
    }
    if (text == size) {
        return 0;
    }
    size_t end = text + 1 < size && line[text] == '\r' && line[text + 1] == '\n' ? 2 : 1;
    memset(line + text, '\0', end);
    *ret_text = text;
    return text + end;
}

static char *last_blank(char *text, size_t size)
{
    while (size > 0 && text[size - 1] != ' ') {
        size--;
    }
    return size > 0 ? text + size - 1 : NULL;
}

static void cut_request_line(struct left_over *left, size_t size)
{
    char *blank = memchr(left->bytes, ' ', size);
    if (!blank) {
        return;
    }
    *blank = '\0';
    char *target = blank + 1;
    char *end = last_blank(target, size - (size_t)(target - left->bytes));
    if (!end) {
        return;
    }
    *end = '\0';
    left->target_size = (size_t)(end - target);
    char *mark = memchr(target, '?', left->target_size);
    if (mark) {
        memset(mark, '\0', mark + 1 < end ? 2 : 1); /* connection.c hides the query */
    }
}

static void overwrite(struct ward_span input, struct left_over *left)
{
    size_t at = 0, text = 0;
    memcpy(left->bytes, input.data, input.size);
    left->size = 0;
    left->target_size = 0;
    left->name_count = 0;
    for (bool is_first = true;; is_first = false) {
        size_t size = cut_line(left->bytes + at, input.size - at, &text);
        if (size == 0) {
            return;
        }
        char *colon = is_first ? NULL : memchr(left->bytes + at, ':', text);
        if (is_first) {
            cut_request_line(left, text);
        } else if (colon) {
            *colon = '\0';
            if (left->name_count == sizeof(left->names) / sizeof(left->names[0])) {
                return;
            }
            left->names[left->name_count++] = at;
        } else if (text > 0) { /* the library refuses it by itself */
            return;
        }
        at += size;
        if (!is_first && text == 0) {
            left->size = at;
            return;
        }
    }
}

/* As connection.c does: read what is left, and see that the library has found the same fields. */
static bool read_left_over(const struct left_over *left, struct ward_http_request *ret,
                           struct ward_http_framing *ret_framing)
{
    struct ward_http_refusal refusal = ward_http_framing_read(ward_span(left->bytes, left->size), left->target_size,
                                                              &ret->pool, &ret->headers, &ret->header_count,
                                                              ret_framing);
    bool is_same = !refusal.status && ret->header_count == left->name_count;
    for (size_t i = 0; is_same && i < left->name_count; i++) {
        is_same = ret->headers[i].name.data == left->bytes + left->names[i];
    }
    return is_same;
}

static bool is_same_place(struct ward_span a, const char *a_start, struct ward_span b, const char *b_start)
{
    return a.size == b.size && a.data - a_start == b.data - b_start;
}

static void check_same(const struct ward_http_request *request, const struct ward_http_framing *framing,
                       struct ward_span input, const struct left_over *left)
{
    struct ward_http_request other = { .pool = ward_pool_new(64 * 1024) };
    struct ward_http_framing other_framing = { 0 };
    CHECK(read_left_over(left, &other, &other_framing));
    CHECK(other.header_count == request->header_count && request->target.size == left->target_size);
    for (size_t i = 0; i < other.header_count; i++) {
        CHECK(is_same_place(other.headers[i].name, left->bytes, request->headers[i].name, input.data));
        CHECK(is_same_place(other.headers[i].value, left->bytes, request->headers[i].value, input.data));
    }
    CHECK(other_framing.content_length == framing->content_length);
    CHECK(other_framing.is_chunked == framing->is_chunked);
    CHECK(other_framing.expects_continue == framing->expects_continue);
    ward_pool_free(&other.pool);
}

/* Refused as it was sent: by the other reader too, or it is what only the library takes (HTTP/1.0), or a bad target,
 * which is checked apart there. */
static void check_refused(struct ward_span input, const struct left_over *left)
{
    struct ward_http_request other = { .pool = ward_pool_new(64 * 1024) };
    struct ward_http_framing framing = { 0 };
    bool is_accepted = read_left_over(left, &other, &framing);
    ward_pool_free(&other.pool);
    if (!is_accepted) {
        return;
    }
    size_t method = strnlen(left->bytes, left->size);
    struct ward_span path, query;
    struct ward_span target = ward_span(input.data + method + 1, left->target_size);
    bool is_1_1 = memcmp(target.data + target.size + 1, "HTTP/1.1", 8) == 0;
    CHECK(!is_1_1 || ward_http_target_check(target, &path, &query).status);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct left_over left;
    struct ward_span input = ward_span((const char *)data, size);
    struct ward_http_request request = { .pool = ward_pool_new(64 * 1024) };
    struct ward_http_framing framing = { 0 };
    if (size > sizeof(left.bytes)) {
        return 0;
    }
    size_t head = ward_http_framing_read_raw(input, &request, &framing);
    CHECK(head <= size);
    /* NUL is a separator in one form and refused in the other; empty lines in front are skipped by the library. */
    bool is_comparable = size > 0 && !memchr(data, '\0', size) && data[0] != '\r' && data[0] != '\n';
    if (is_comparable) {
        overwrite(input, &left);
    }
    if (head > 0) {
        check_accepted(&request, &framing, ward_span(input.data, head));
        CHECK(is_comparable ? left.size == head : memchr(data, '\0', head) == NULL);
    }
    if (is_comparable && head > 0) {
        check_same(&request, &framing, input, &left);
    } else if (is_comparable && left.size > 0) {
        check_refused(input, &left);
    }
    ward_pool_free(&request.pool);
    return 0;
}
