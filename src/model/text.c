#include "model/text.h"

#include "base/seam.h"
#include "base/utf8.h"

const char *ward_name_at(const char *const *names, size_t count, unsigned index)
{
    return index < count ? names[index] : NULL;
}

bool ward_name_find(const char *const *names, size_t count, struct ward_span name, unsigned *ret_index)
{
    for (unsigned i = 0; i < count; i++) {
        if (names[i] && ward_span_equal(ward_span_of(names[i]), name)) {
            *ret_index = i;
            return true;
        }
    }
    return false;
}

void ward_text_check(struct ward_problems *problems, const char *member, struct ward_span text, size_t min, size_t max)
{
    bool has_nul = text.size > 0 && memchr(text.data, '\0', text.size);
    if (has_nul || !ward_utf8_valid(text)) {
        ward_problem_add(problems, member, WARD_RULE_CHARACTERS, 0, NULL);
        return;
    }
    ward_problem_check_length(problems, member, text, min, max);
}

void ward_text_require(struct ward_problems *problems, const char *member, bool has_text, struct ward_span text,
                       size_t max)
{
    if (ward_problem_has(problems, member)) {
        return;
    }
    if (!has_text) {
        ward_problem_add(problems, member, WARD_RULE_REQUIRED, 0, NULL);
        return;
    }
    ward_text_check(problems, member, text, 1, max);
}

void ward_text_allow(struct ward_problems *problems, const char *member, bool has_text, struct ward_span text,
                     size_t max)
{
    if (has_text && !ward_problem_has(problems, member)) {
        ward_text_check(problems, member, text, 0, max);
    }
}

static bool starts_nocase(struct ward_span text, struct ward_span prefix)
{
    return text.size >= prefix.size && ward_span_equal_nocase(ward_span(text.data, prefix.size), prefix);
}

bool ward_text_is_url(struct ward_span url)
{
    size_t at = starts_nocase(url, WARD_SPAN("https://")) ? 8 : 7;
    if (at == 7 && !starts_nocase(url, WARD_SPAN("http://"))) {
        return false;
    }
    if (at >= url.size || !strchr(WARD_ALPHABET_BASE62 "[", url.data[at])) {
        return false;
    }
    for (size_t i = at; i < url.size; i++) {
        if ((unsigned char)url.data[i] <= ' ' || url.data[i] == 0x7f) {
            return false;
        }
    }
    return true;
}

static size_t find_rank(const char *const *members, size_t count, const char *member)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(members[i], member) == 0) {
            return i;
        }
    }
    return count;
}

void ward_problems_sort(struct ward_problems *problems, const char *const *members, size_t count)
{
    for (size_t i = 1; i < problems->count; i++) {
        struct ward_problem item = problems->items[i];
        size_t rank = find_rank(members, count, item.member);
        size_t to = i;
        while (to > 0 && find_rank(members, count, problems->items[to - 1].member) > rank) {
            problems->items[to] = problems->items[to - 1];
            to--;
        }
        problems->items[to] = item;
    }
}

enum ward_status ward_text_draw(const char *prefix, size_t size, char *text, size_t capacity, size_t *ret_size)
{
    size_t prefix_size = strlen(prefix);
    char drawn[96];
    if (size > sizeof(drawn) || prefix_size + size >= capacity) {
        return WARD_INTERNAL;
    }
    enum ward_status status = ward_random_text(drawn, size, WARD_ALPHABET_BASE62);
    if (status == WARD_OK) {
        memcpy(text, prefix, prefix_size);
        memcpy(text + prefix_size, drawn, size);
        text[prefix_size + size] = '\0';
        *ret_size = prefix_size + size;
    }
    explicit_bzero(drawn, sizeof(drawn));
    return status;
}
