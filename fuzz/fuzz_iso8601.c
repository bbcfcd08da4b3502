/* Any bytes: a time that is read is written in the one canonical form, which is read as the same time. */
#include "base/iso8601.h"
#include "check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int64_t ms = 0;
    int64_t again = 0;
    char text[WARD_ISO8601_MS_CHARS + 1];
    if (ward_iso8601_parse(ward_span((const char *)data, size), &ms)) {
        CHECK(ms >= WARD_TIME_MIN_MS && ms <= WARD_TIME_MAX_MS);
        ward_iso8601_format(ms, text);
        CHECK(strlen(text) == WARD_ISO8601_MS_CHARS);
        CHECK(ward_iso8601_parse(ward_span_of(text), &again) && again == ms);
    }
    if (size >= sizeof(ms)) { /* and any number can be written */
        memcpy(&ms, data, sizeof(ms));
        ward_iso8601_format(ms, text);
        CHECK(ward_iso8601_parse(ward_span_of(text), &again));
        CHECK(again == ms || ms < WARD_TIME_MIN_MS || ms > WARD_TIME_MAX_MS);
    }
    return 0;
}
