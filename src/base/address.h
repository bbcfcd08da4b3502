/* IP addresses and networks as text. An IPv4 address and the same one mapped into IPv6 (RFC 4291 2.5.5.2) are one. */
#ifndef WARD_BASE_ADDRESS_H
#define WARD_BASE_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

/** A network; an address is one of 128 bits. */
struct ward_network {
    uint8_t bytes[16]; /* IPv6, or IPv4 mapped into it; bits beyond the prefix as they were written */
    uint8_t bits;      /* 0..128 */
};

/** Read an address, or an address, a slash and 0..32 or 0..128 bits of prefix. No blanks, no zone names. */
bool ward_network_parse(struct ward_span text, struct ward_network *ret);

/** True when a network holds all of another. */
bool ward_network_holds(const struct ward_network *network, const struct ward_network *other);

#endif
