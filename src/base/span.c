#include "base/span.h"

/* Not tolower(): that one asks the locale. */
static unsigned char fold_ascii(char c)
{
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

bool ward_bytes_equal_nocase(const char *a, const char *b, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (a[i] != b[i] && fold_ascii(a[i]) != fold_ascii(b[i])) {
            return false;
        }
    }
    return true;
}
