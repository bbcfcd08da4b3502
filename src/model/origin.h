/* The entries of allowedDomains, read from their raw JSON text without memory: they are looked at on every
 * verification of a key that has them. */
#ifndef WARD_MODEL_ORIGIN_H
#define WARD_MODEL_ORIGIN_H

#include "base/span.h"

/** Where in a raw JSON array of strings the reader stands. */
struct ward_domain_reader {
    const char *at;
    const char *end;
    bool is_first;
    bool is_done;   /* the array ended where it should */
    bool is_broken; /* no array of plain strings: no escape, no control character */
};

struct ward_domain_reader ward_domain_reader(struct ward_span array);

/** Read the next entry; it borrows from the array. False at the end and when the text is broken. */
bool ward_domain_next(struct ward_domain_reader *reader, struct ward_span *ret);

#endif
