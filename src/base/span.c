#include "base/span.h"

/* Not tolower(): that one asks the locale. */
static unsigned char fold_ascii(char c)
{
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

bool ward_span_equal_nocase(struct ward_span a, struct ward_span b)
{
    if (a.size != b.size) {
        return false;
    }
    for (size_t i = 0; i < a.size; i++) {
        if (fold_ascii(a.data[i]) != fold_ascii(b.data[i])) {
            return false;
        }
    }
    return true;
}
