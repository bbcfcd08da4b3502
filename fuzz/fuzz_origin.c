/* Input: a list of domains, a NUL, an origin. What the write check takes the reader can read, and only a listed host is
 * ever admitted. */
#include "base/limits.h"
#include "check.h"
#include "model/api_key.h"
#include "model/origin.h"

static bool is_written(struct ward_span domains)
{
    struct ward_api_key_input input = { .has_name = true, .name = WARD_SPAN("n"), .has_allowed_domains = true };
    input.allowed_domains = domains;
    ward_api_key_input_check(&input);
    return input.problems.count == 0;
}

/* Read all entries; true when the array ended well. */
static bool read_all(struct ward_span domains, bool *ret_all_fine, size_t *ret_count)
{
    struct ward_domain_reader reader = ward_domain_reader(domains);
    struct ward_span domain;
    *ret_all_fine = true;
    *ret_count = 0;
    while (ward_domain_next(&reader, &domain)) {
        CHECK(domain.data >= domains.data && domain.data + domain.size <= domains.data + domains.size);
        *ret_all_fine &= ward_domain_ok(domain);
        ++*ret_count;
    }
    CHECK(reader.is_done != reader.is_broken);
    return reader.is_done;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    size_t cut = strnlen(text, size);
    struct ward_span domains = ward_span(text, cut);
    struct ward_span origin = cut < size ? ward_span(text + cut + 1, size - cut - 1) : WARD_SPAN_NONE;
    bool all_fine;
    size_t count;
    bool is_read = read_all(domains, &all_fine, &count);
    bool is_allowed = ward_origin_allowed(domains, origin);
    CHECK(is_written(domains) == (is_read && all_fine && count <= WARD_DOMAINS_MAX));
    CHECK(!is_allowed || (is_read && count > 0 && origin.size > 0));
    CHECK(!ward_origin_allowed(WARD_SPAN("[]"), origin));
    CHECK(ward_origin_allowed(WARD_SPAN_NONE, origin));
    if (ward_domain_ok(origin) && !ward_span_starts_with(origin, WARD_SPAN("*."))) {
        /* A bare host that can be listed is admitted by the list of itself. */
        char list[WARD_DOMAIN_MAX + 4] = "[\"";
        memcpy(list + 2, origin.data, origin.size);
        memcpy(list + 2 + origin.size, "\"]", 2);
        CHECK(ward_origin_allowed(ward_span(list, origin.size + 4), origin));
    }
    return 0;
}
