/*
 * Two readers, one verdict. Our scan keeps the raw text and the limits, jansson is the second judge: a text is accepted
 * only if both accept it, so a slip in either lets nothing through. Duplicate members are found by jansson alone, whose
 * hash is seeded at random.
 */
#include "json/json.h"

#include <jansson.h>
#include <pthread.h>
#include <setjmp.h>

#include "base/limits.h"
#include "base/utf8.h"

static const char why_not_json[] = "the body is not valid JSON";
static const char why_not_utf8[] = "the body is not valid UTF-8";
static const char why_too_deep[] = "the body is nested too deeply";
static const char why_too_many_members[] = "an object in the body has too many members";
static const char why_too_many_values[] = "the body holds too many values";
static const char why_long_number[] = "a number in the body is too long";
static const char why_half_surrogate[] = "a string in the body holds half of a surrogate pair";
static const char why_duplicate[] = "a member occurs twice";
static const char why_nul_in_name[] = "a member name holds a NUL character";
static const char why_no_memory[] = "out of memory";

struct ward_json_value {
    enum ward_json_type type;
    struct ward_span raw;
    struct ward_span name;   /* decoded; of a member of an object */
    struct ward_span string; /* decoded; of a string */
    size_t count;            /* of an array or object */
    struct ward_json_value **items;
    struct ward_json_value *next; /* the sibling after it, from which the parent's items are made */
};

/* A scan that refused has `why` set and reads no further. */
struct scan {
    const char *at;
    const char *end;
    const char *start;
    struct ward_pool *pool;
    char *judged; /* the copy for jansson, made only if a number must be masked in it */
    size_t values;
    unsigned depth;
    const char *why;
};

static bool refuse(struct scan *scan, const char *why)
{
    scan->why = why;
    return false;
}

static bool next_is(const struct scan *scan, char c)
{
    return scan->at < scan->end && *scan->at == c;
}

static bool take(struct scan *scan, char c)
{
    if (!next_is(scan, c)) {
        return false;
    }
    scan->at++;
    return true;
}

/* RFC 8259 2: the four blanks there are. */
static void skip_blanks(struct scan *scan)
{
    while (next_is(scan, ' ') || next_is(scan, '\t') || next_is(scan, '\n') || next_is(scan, '\r')) {
        scan->at++;
    }
}

static size_t take_digits(struct scan *scan)
{
    const char *first = scan->at;
    while (scan->at < scan->end && *scan->at >= '0' && *scan->at <= '9') {
        scan->at++;
    }
    return (size_t)(scan->at - first);
}

/* jansson refuses numbers that its long long or double cannot hold, though they are valid JSON. In the text that it
 * judges they become a zero of the same length, which leaves every other offset alone. */
static bool mask_number(struct scan *scan, struct ward_span number)
{
    size_t size = (size_t)(scan->end - scan->start);
    if (!scan->judged) {
        scan->judged = ward_pool_alloc(scan->pool, size);
        if (!scan->judged) {
            return refuse(scan, why_no_memory);
        }
        memcpy(scan->judged, scan->start, size);
    }
    char *masked = scan->judged + (number.data - scan->start);
    memset(masked, '0', number.size);
    masked[1] = '.';
    return true;
}

/* RFC 8259 6. */
static bool scan_number(struct scan *scan, struct ward_json_value *value)
{
    const char *first = scan->at;
    bool is_whole = true;
    size_t exponent_digits = 0;
    (void)take(scan, '-');
    size_t digits = 1;
    if (!take(scan, '0')) {
        digits = take_digits(scan);
    }
    bool is_good = digits > 0;
    if (is_good && take(scan, '.')) {
        is_whole = false;
        is_good = take_digits(scan) > 0;
    }
    if (is_good && (take(scan, 'e') || take(scan, 'E'))) {
        (void)(take(scan, '+') || take(scan, '-'));
        exponent_digits = take_digits(scan);
        is_good = exponent_digits > 0;
    }
    if (!is_good) {
        return refuse(scan, why_not_json);
    }
    value->type = WARD_JSON_NUMBER;
    struct ward_span number = ward_span(first, (size_t)(scan->at - first));
    if (number.size > WARD_JSON_NUMBER_MAX) {
        return refuse(scan, why_long_number);
    }
    /* 18 digits fit a long long; 64 digits with an exponent of two digits fit a double. */
    bool is_too_much = exponent_digits > 0 ? exponent_digits > 2 : is_whole && digits > 18;
    return !is_too_much || mask_number(scan, number);
}

/* Read the four digits of \uXXXX. */
static bool take_hex4(struct scan *scan, uint32_t *ret)
{
    uint32_t unit = 0;
    for (int i = 0; i < 4; i++, scan->at++) {
        char c = scan->at < scan->end ? *scan->at : '\0';
        if (c >= '0' && c <= '9') {
            unit = unit << 4 | (uint32_t)(c - '0');
        } else if ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')) {
            unit = unit << 4 | (uint32_t)((c | 0x20) - 'a' + 10);
        } else {
            return refuse(scan, why_not_json);
        }
    }
    *ret = unit;
    return true;
}

/* Read what follows \u: one unit, or the two units of a surrogate pair. */
static bool take_code_point(struct scan *scan, uint32_t *ret)
{
    uint32_t high;
    uint32_t low;
    if (!take_hex4(scan, &high)) {
        return false;
    }
    if (high < 0xd800 || high > 0xdfff) {
        *ret = high;
        return true;
    }
    if (high > 0xdbff || !take(scan, '\\') || !take(scan, 'u')) {
        return refuse(scan, why_half_surrogate);
    }
    if (!take_hex4(scan, &low)) {
        return false;
    }
    if (low < 0xdc00 || low > 0xdfff) {
        return refuse(scan, why_half_surrogate);
    }
    *ret = 0x10000 + ((high - 0xd800) << 10 | (low - 0xdc00));
    return true;
}

/* Decode one escape behind its backslash to at most 4 bytes; an escape is never shorter than what it stands for. */
static bool take_escape(struct scan *scan, struct ward_buffer *to)
{
    static const char letters[] = "\"\\/bfnrt";
    static const char meanings[] = "\"\\/\b\f\n\r\t";
    if (take(scan, 'u')) {
        uint32_t point;
        if (!take_code_point(scan, &point)) {
            return false;
        }
        ward_utf8_append(to, point);
        return true;
    }
    const char *letter = scan->at < scan->end && *scan->at != '\0' ? strchr(letters, *scan->at) : NULL;
    if (!letter) {
        return refuse(scan, why_not_json);
    }
    scan->at++;
    ward_buffer_append_char(to, meanings[letter - letters]);
    return true;
}

/* Decode up to the closing quote into memory of the pool. size is that of the text up to there. */
static bool decode_string(struct scan *scan, size_t size, struct ward_span *ret)
{
    char *memory = ward_pool_alloc(scan->pool, size);
    if (!memory) {
        return refuse(scan, why_no_memory);
    }
    /* A buffer over the pool's memory: it never grows, because nothing decodes to more bytes than it was written in. */
    struct ward_buffer to = { .data = memory, .capacity = size, .max = size };
    const char *end = scan->at + size;
    while (scan->at < end) {
        const char *backslash = memchr(scan->at, '\\', (size_t)(end - scan->at));
        const char *plain_end = backslash ? backslash : end;
        ward_buffer_append(&to, ward_span(scan->at, (size_t)(plain_end - scan->at)));
        scan->at = plain_end;
        if (take(scan, '\\') && !take_escape(scan, &to)) {
            return false;
        }
    }
    *ret = ward_buffer_span(&to);
    return true;
}

/* RFC 8259 7. A string without an escape is not copied: its span points into the text. */
static bool scan_string(struct scan *scan, struct ward_span *ret)
{
    if (!take(scan, '"')) {
        return refuse(scan, why_not_json);
    }
    const char *first = scan->at;
    const char *quote = first;
    bool has_escape = false;
    while (quote < scan->end && *quote != '"' && (unsigned char)*quote >= 0x20) {
        has_escape = has_escape || *quote == '\\';
        quote += *quote == '\\' && scan->end - quote > 1 ? 2 : 1;
    }
    if (quote >= scan->end || *quote != '"') {
        return refuse(scan, why_not_json);
    }
    if (!has_escape) {
        *ret = ward_span(first, (size_t)(quote - first));
    } else if (!decode_string(scan, (size_t)(quote - first), ret)) {
        return false;
    }
    scan->at = quote + 1;
    return true;
}

static bool scan_literal(struct scan *scan, struct ward_json_value *value)
{
    static const struct {
        const char *text;
        enum ward_json_type type;
    } literals[] = { { "null", WARD_JSON_NULL }, { "false", WARD_JSON_FALSE }, { "true", WARD_JSON_TRUE } };
    struct ward_span rest = ward_span(scan->at, (size_t)(scan->end - scan->at));
    for (size_t i = 0; i < sizeof(literals) / sizeof(literals[0]); i++) {
        struct ward_span literal = ward_span_of(literals[i].text);
        if (ward_span_starts_with(rest, literal)) {
            value->type = literals[i].type;
            scan->at += literal.size;
            return true;
        }
    }
    return refuse(scan, why_not_json);
}

static struct ward_json_value *scan_value(struct scan *scan);

/* Read "name": before the value of a member. */
static bool scan_name(struct scan *scan, struct ward_span *ret)
{
    skip_blanks(scan);
    if (!scan_string(scan, ret)) {
        return false;
    }
    if (memchr(ret->data, '\0', ret->size)) {
        return refuse(scan, why_nul_in_name);
    }
    skip_blanks(scan);
    return take(scan, ':') || refuse(scan, why_not_json);
}

/* Read one element of an array or one member of an object. */
static struct ward_json_value *scan_item(struct scan *scan, const struct ward_json_value *parent)
{
    struct ward_span name = WARD_SPAN_NONE;
    if (parent->type == WARD_JSON_OBJECT) {
        if (parent->count >= WARD_JSON_MEMBERS_MAX) {
            refuse(scan, why_too_many_members);
            return NULL;
        }
        if (!scan_name(scan, &name)) {
            return NULL;
        }
    }
    struct ward_json_value *item = scan_value(scan);
    if (item) {
        item->name = name;
        skip_blanks(scan);
    }
    return item;
}

static bool scan_items(struct scan *scan, struct ward_json_value *parent, char close, struct ward_json_value **link)
{
    skip_blanks(scan);
    if (take(scan, close)) {
        return true;
    }
    do {
        *link = scan_item(scan, parent);
        if (!*link) {
            return false;
        }
        link = &(*link)->next;
        parent->count++;
    } while (take(scan, ','));
    return take(scan, close) || refuse(scan, why_not_json);
}

static bool scan_container(struct scan *scan, struct ward_json_value *parent, enum ward_json_type type, char close)
{
    if (++scan->depth > WARD_JSON_DEPTH_MAX) {
        return refuse(scan, why_too_deep);
    }
    struct ward_json_value *item = NULL;
    parent->type = type;
    scan->at++;
    if (!scan_items(scan, parent, close, &item)) {
        return false;
    }
    parent->items = ward_pool_alloc(scan->pool, parent->count * sizeof(struct ward_json_value *));
    if (!parent->items) {
        return refuse(scan, why_no_memory);
    }
    for (size_t i = 0; item; item = item->next) {
        parent->items[i++] = item;
    }
    scan->depth--;
    return true;
}

static bool scan_by_first(struct scan *scan, struct ward_json_value *value)
{
    switch (scan->at < scan->end ? *scan->at : '\0') {
    case '{':
        return scan_container(scan, value, WARD_JSON_OBJECT, '}');
    case '[':
        return scan_container(scan, value, WARD_JSON_ARRAY, ']');
    case '"':
        value->type = WARD_JSON_STRING;
        return scan_string(scan, &value->string);
    case 'n':
    case 't':
    case 'f':
        return scan_literal(scan, value);
    default:
        return scan_number(scan, value);
    }
}

static struct ward_json_value *scan_value(struct scan *scan)
{
    if (++scan->values > WARD_JSON_VALUES_MAX) {
        refuse(scan, why_too_many_values);
        return NULL;
    }
    struct ward_json_value *value = ward_pool_alloc(scan->pool, sizeof(*value));
    if (!value) {
        refuse(scan, why_no_memory);
        return NULL;
    }
    skip_blanks(scan);
    const char *first = scan->at;
    if (!scan_by_first(scan, value)) {
        return NULL;
    }
    value->raw = ward_span(first, (size_t)(scan->at - first));
    return value;
}

static const struct ward_json_value *scan_text(struct scan *scan)
{
    if (!ward_utf8_valid(ward_span(scan->start, (size_t)(scan->end - scan->start)))) {
        refuse(scan, why_not_utf8);
        return NULL;
    }
    const struct ward_json_value *root = scan_value(scan);
    if (!root) {
        return NULL;
    }
    skip_blanks(scan);
    if (scan->at != scan->end) {
        refuse(scan, why_not_json);
        return NULL;
    }
    return root;
}

/*
 * jansson works in a pool that lasts as long as one judgement. A failed allocation leaves it by a jump: jansson 2.14
 * calls some of them syntax errors, and asserts on others. Nothing leaks, because the pool is freed whole.
 */
static _Thread_local struct {
    struct ward_pool *pool;
    jmp_buf out_of_memory;
} bench;

static void *allocate_on_bench(size_t size)
{
    void *memory = ward_pool_alloc(bench.pool, size);
    if (!memory) {
        longjmp(bench.out_of_memory, 1);
    }
    return memory;
}

static void leave_on_bench(void *memory)
{
    (void)memory;
}

static pthread_once_t jansson_once = PTHREAD_ONCE_INIT;

static void set_up_jansson(void)
{
    json_set_alloc_funcs(allocate_on_bench, leave_on_bench);
    json_object_seed(0); /* 0: seed the hash from the system's generator, against chosen collisions */
}

/* Ask jansson; NULL if it accepts, else why not. */
static const char *ask_jansson(struct ward_span text)
{
    json_error_t error;
    if (setjmp(bench.out_of_memory) != 0) {
        return why_no_memory;
    }
    if (json_loadb(text.data, text.size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL, &error)) {
        return NULL;
    }
    return json_error_code(&error) == json_error_duplicate_key ? why_duplicate : why_not_json;
}

static const char *judge(struct ward_span text, const struct ward_pool *pool)
{
    WARD_POOL work = ward_pool_new(pool->max - pool->used);
    pthread_once(&jansson_once, set_up_jansson);
    bench.pool = &work;
    const char *why = ask_jansson(text);
    bench.pool = NULL;
    return why;
}

enum ward_status ward_json_parse(struct ward_span text, struct ward_pool *pool, const struct ward_json_value **ret,
                                 const char **ret_why)
{
    if (!text.data) {
        text = WARD_SPAN("");
    }
    struct scan scan = { .at = text.data, .end = text.data + text.size, .start = text.data, .pool = pool };
    const struct ward_json_value *root = scan_text(&scan);
    const char *why = root ? judge(ward_span(scan.judged ? scan.judged : text.data, text.size), pool) : scan.why;
    if (why) {
        *ret_why = why;
        return why == why_no_memory ? WARD_NO_MEMORY : WARD_INVALID;
    }
    *ret = root;
    return WARD_OK;
}

enum ward_json_type ward_json_type(const struct ward_json_value *value)
{
    return value ? value->type : WARD_JSON_ABSENT;
}

size_t ward_json_count(const struct ward_json_value *array_or_object)
{
    return array_or_object ? array_or_object->count : 0;
}

const struct ward_json_value *ward_json_at(const struct ward_json_value *array_or_object, size_t index)
{
    return index < ward_json_count(array_or_object) ? array_or_object->items[index] : NULL;
}

struct ward_span ward_json_name_at(const struct ward_json_value *object, size_t index)
{
    const struct ward_json_value *member = ward_json_at(object, index);
    return member ? member->name : WARD_SPAN_NONE;
}

const struct ward_json_value *ward_json_member(const struct ward_json_value *object, const char *name)
{
    if (ward_json_type(object) != WARD_JSON_OBJECT) {
        return NULL;
    }
    struct ward_span wanted = ward_span_of(name);
    for (size_t i = 0; i < object->count; i++) {
        if (ward_span_equal(object->items[i]->name, wanted)) {
            return object->items[i];
        }
    }
    return NULL;
}

struct ward_span ward_json_string(const struct ward_json_value *value)
{
    return value ? value->string : WARD_SPAN_NONE;
}

struct ward_span ward_json_raw(const struct ward_json_value *value)
{
    return value ? value->raw : WARD_SPAN_NONE;
}
