#include "base/address.h"

#include <arpa/inet.h>

#define MAPPED_BITS 96

/* One to three digits without a leading zero, up to most. */
static bool read_bits(struct ward_span text, unsigned most, uint8_t *ret)
{
    unsigned bits = 0;
    if (text.size < 1 || text.size > 3 || (text.size > 1 && text.data[0] == '0'))
        return false;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
        bits = bits * 10 + (unsigned)(text.data[i] - '0');
    }
    if (bits > most)
        return false;
    *ret = (uint8_t)bits;
    return true;
}

static bool read_address(struct ward_span text, uint8_t ret[16], bool *ret_is_short)
{
    char copy[INET6_ADDRSTRLEN];
    if (text.data == NULL || text.size == 0 || text.size >= sizeof(copy) || memchr(text.data, '\0', text.size) != NULL)
        return false;
    memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    *ret_is_short = memchr(copy, ':', text.size) == NULL;
    if (!*ret_is_short)
        return inet_pton(AF_INET6, copy, ret) == 1;
    static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
    memcpy(ret, mapped, sizeof(mapped));
    return inet_pton(AF_INET, copy, ret + sizeof(mapped)) == 1;
}

bool ward_network_parse(struct ward_span text, struct ward_network *ret)
{
    struct ward_network network = { .bits = 128 };
    const char *slash = text.data != NULL ? memchr(text.data, '/', text.size) : NULL;
    size_t size = slash != NULL ? (size_t)(slash - text.data) : text.size;
    bool is_short;
    if (!read_address(ward_span(text.data, size), network.bytes, &is_short))
        return false;
    if (slash != NULL) {
        if (!read_bits(ward_span(slash + 1, text.size - size - 1), is_short ? 32 : 128, &network.bits))
            return false;
        network.bits = (uint8_t)(network.bits + (is_short ? MAPPED_BITS : 0));
    }
    *ret = network;
    return true;
}

bool ward_network_holds(const struct ward_network *network, const struct ward_network *other)
{
    if (network->bits > other->bits || network->bits > 128)
        return false;
    size_t whole = network->bits / 8;
    if (memcmp(network->bytes, other->bytes, whole) != 0)
        return false;
    unsigned rest = network->bits % 8;
    return rest == 0 || ((network->bytes[whole] ^ other->bytes[whole]) >> (8 - rest)) == 0;
}
