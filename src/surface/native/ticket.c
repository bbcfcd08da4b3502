#include "surface/native/ticket.h"

#include "base/encoding.h"

enum { VERSION = 1, PLAIN_BYTES = 25, MAC_BYTES = 11, BYTES = PLAIN_BYTES + MAC_BYTES };
_Static_assert(BYTES % 3 == 0 && BYTES / 3 * 4 == WARD_TICKET_CHARS, "a ticket is whole groups of base64");

#define ALL_CLASSES (WARD_ANSWER_2XX | WARD_ANSWER_3XX | WARD_ANSWER_4XX | WARD_ANSWER_5XX | WARD_ANSWER_OTHERS)

bool ward_native_ticket_is_due(const struct ward_verdict *verdict)
{
    const struct ward_plan_verdict *plan = &verdict->plan;
    return verdict->reason == WARD_VERDICT_VALID && plan->ticket.key != 0 && plan->terms.classes != 0 &&
           plan->terms.classes != ALL_CLASSES;
}

static uint8_t *put(uint8_t *at, uint64_t value, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        *at++ = (uint8_t)(value >> (8 * i));
    }
    return at;
}

static uint64_t take(const uint8_t **at, size_t size)
{
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++) {
        value |= (uint64_t) * (*at)++ << (8 * i);
    }
    return value;
}

/** The keyed hash of a text that no key value and no record is found by: it begins with a line feed and "settle". */
static void authenticate(const struct ward_keyed_hash *hash, const uint8_t plain[PLAIN_BYTES], struct ward_lookup *ret)
{
    static const char name[] = "\nsettle\n";
    char text[sizeof(name) - 1 + PLAIN_BYTES];
    memcpy(text, name, sizeof(name) - 1);
    memcpy(text + sizeof(name) - 1, plain, PLAIN_BYTES);
    ward_keyed_hash(hash, ward_span(text, sizeof(text)), ret);
}

struct ward_span ward_native_ticket_write(const struct ward_keyed_hash *hash, const struct ward_settle_ticket *ticket,
                                          char text[WARD_TICKET_CHARS])
{
    uint8_t bytes[BYTES], *at = bytes;
    struct ward_lookup mac;
    at = put(at, VERSION, 1);
    at = put(at, ticket->key, 8);
    at = put(at, ticket->stage, 8);
    at = put(at, ticket->day, 4);
    at = put(at, ticket->month, 4);
    authenticate(hash, bytes, &mac);
    memcpy(at, mac.bytes, MAC_BYTES);
    ward_base64url_text(bytes, BYTES, text);
    return ward_span(text, WARD_TICKET_CHARS);
}

enum ward_status ward_native_ticket_read(const struct ward_keyed_hash *hash, struct ward_span text,
                                         struct ward_settle_ticket *ret)
{
    WARD_BUFFER decoded = ward_buffer_new(BYTES);
    if (text.size != WARD_TICKET_CHARS || !ward_base64url_decode(text, &decoded)) {
        return decoded.status == WARD_OK ? WARD_INVALID : decoded.status;
    }
    uint8_t bytes[BYTES];
    memcpy(bytes, ward_buffer_span(&decoded).data, BYTES);
    struct ward_lookup mac;
    authenticate(hash, bytes, &mac);
    if (!ward_constant_time_equal(mac.bytes, bytes + PLAIN_BYTES, MAC_BYTES)) {
        return WARD_INVALID;
    }
    const uint8_t *at = bytes;
    if (take(&at, 1) != VERSION) {
        return WARD_INVALID;
    }
    ret->key = take(&at, 8);
    ret->stage = take(&at, 8);
    ret->day = take(&at, 4);
    ret->month = take(&at, 4);
    return WARD_OK;
}
