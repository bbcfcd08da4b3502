#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/address.h"

static void networks_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int bits; /* -1: refused */
    } rows[] = {
        { "192.0.2.1", 128 },
        { "192.0.2.0/24", 120 },
        { "0.0.0.0/0", 96 },
        { "192.0.2.1/32", 128 },
        { "192.0.2.1/33", -1 },
        { "2001:db8::/32", 32 },
        { "::/0", 0 },
        { "::1", 128 },
        { "::ffff:192.0.2.1", 128 },
        { "2001:db8::/128", 128 },
        { "2001:db8::/129", -1 },
        { "2001:0db8:0000:0000:0000:0000:0000:0001/64", 64 },
        { "", -1 },
        { "/", -1 },
        { "/8", -1 },
        { "10.0.0.0/", -1 },
        { "10.0.0.0/08", -1 },
        { "10.0.0.0/+8", -1 },
        { "10.0.0.0/8/8", -1 },
        { "10.0.0.0/1000", -1 },
        { "10.0.0", -1 },
        { "010.0.0.1", -1 },
        { "10.0.0.256", -1 },
        { "10.0.0.1 ", -1 },
        { " 10.0.0.1", -1 },
        { "10.0.0.1:80", -1 },
        { "[::1]", -1 },
        { "fe80::1%eth0", -1 },
        { "example.com", -1 },
        { "00000000000000000000000000000000000000000000000000000000000000000000::1", -1 },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ward_network network = { .bits = 77 };
        bool is_read = ward_network_parse(ward_span_of(rows[i].text), &network);
        if (is_read != (rows[i].bits >= 0) || (is_read && network.bits != rows[i].bits))
            fail_msg("%s: %d %d", rows[i].text, is_read, network.bits);
        if (!is_read)
            assert_int_equal(network.bits, 77);
    }
    struct ward_network network;
    assert_false(ward_network_parse(WARD_SPAN_NONE, &network));
    assert_false(ward_network_parse(ward_span("10.0.0.1\0x", 10), &network));
}

static void networks_hold_what_lies_in_them(void **state)
{
    (void)state;
    static const struct {
        const char *network, *other;
        bool holds;
    } rows[] = {
        { "10.0.0.0/8", "10.255.255.255", true },
        { "10.0.0.0/8", "11.0.0.0", false },
        { "10.1.2.3/8", "10.9.9.9", true }, /* bits behind the prefix do not count */
        { "10.0.0.0/9", "10.127.0.1", true },
        { "10.0.0.0/9", "10.128.0.1", false },
        { "10.0.0.0/31", "10.0.0.1", true },
        { "10.0.0.0/31", "10.0.0.2", false },
        { "10.0.0.1", "10.0.0.1", true },
        { "10.0.0.1", "10.0.0.2", false },
        { "0.0.0.0/0", "255.255.255.255", true },
        { "0.0.0.0/0", "::1", false },
        { "::/0", "10.0.0.1", true },
        { "10.0.0.0/8", "::ffff:10.1.1.1", true },
        { "::ffff:10.0.0.0/104", "10.1.1.1", true },
        { "2001:db8::/33", "2001:db8:7fff::1", true },
        { "2001:db8::/33", "2001:db8:8000::1", false },
        { "10.0.0.0/8", "10.0.0.0/16", true },
        { "10.0.0.0/16", "10.0.0.0/8", false },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ward_network network, other;
        assert_true(ward_network_parse(ward_span_of(rows[i].network), &network));
        assert_true(ward_network_parse(ward_span_of(rows[i].other), &other));
        if (ward_network_holds(&network, &other) != rows[i].holds)
            fail_msg("%s and %s", rows[i].network, rows[i].other);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(networks_are_read),
        cmocka_unit_test(networks_hold_what_lies_in_them),
    };
    return cmocka_run_group_tests_name("base/address", tests, NULL, NULL);
}
