/* Eight at once find what one after the other finds, wherever it stands. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bytes.h"

static bool is_below(uint64_t word)
{
    return ward_bytes_below(word, 0x21) != 0;
}

static bool is_mark(uint64_t word)
{
    return ward_bytes_equal(word, '#') != 0;
}

static bool is_nul(uint64_t word)
{
    return ward_bytes_equal(word, 0) != 0;
}

static bool is_high(uint64_t word)
{
    return ward_bytes_high(word) != 0;
}

static bool is_control(uint64_t word)
{
    return ward_bytes_control(word) != 0;
}

static const struct {
    const char *what;
    bool (*has)(uint64_t word);
    unsigned char first, last, other; /* the bytes that are found */
} kinds[] = {
    { "below 0x21", is_below, 0, 0x20, 0x20 }, { "a mark", is_mark, '#', '#', '#' },     { "NUL", is_nul, 0, 0, 0 },
    { "high", is_high, 0x80, 0xff, 0xff },     { "control", is_control, 0, 0x1f, 0x7f },
};

static bool is_found(size_t kind, struct ward_span text)
{
    bool found = false;
    for (size_t at = 0; at < text.size; at += sizeof(uint64_t)) {
        found |= kinds[kind].has(ward_bytes_at(text, at));
    }
    return found;
}

/* Every byte at every place of texts of every length up to three words, among bytes that are next to be found. */
static void finds_every_byte_everywhere(void **state)
{
    (void)state;
    enum { SIZE_MAX_HERE = 25 };
    static const unsigned char around[] = { 'a', 0x21, 0x7e, '$', '"' };
    for (size_t size = 1; size <= SIZE_MAX_HERE; size++) {
        for (size_t at = 0; at < size; at++) {
            for (unsigned c = 0; c <= 0xff; c++) {
                char *text = test_malloc(size); /* of just this size: nothing beside it is read */
                memset(text, around[(size + at + c) % sizeof(around)], size);
                text[at] = (char)c;
                for (size_t kind = 0; kind < sizeof(kinds) / sizeof(kinds[0]); kind++) {
                    bool is_one = (c >= kinds[kind].first && c <= kinds[kind].last) || c == kinds[kind].other;
                    if (is_found(kind, ward_span(text, size)) != is_one) {
                        fail_msg("%s: %u at %zu of %zu", kinds[kind].what, c, at, size);
                    }
                }
                assert_int_equal(ward_bytes_have_control(ward_span(text, size)), c < 0x20 || c == 0x7f);
                test_free(text);
            }
        }
    }
    assert_false(ward_bytes_have_control(WARD_SPAN("")));
    assert_false(ward_bytes_have_control(WARD_SPAN_NONE));
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(finds_every_byte_everywhere) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
