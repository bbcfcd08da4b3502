/* API proxies: contracts/apinizer.md 11. */
#include "model/api_proxy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_words(void **state)
{
    (void)state;
    static const char *const types[] = { "REST", "SOAP", "GRPC", "WEBSOCKET" };
    static const char *const creations[] = { "OPEN_API", "SWAGGER", "WSDL", "REVERSE_PROXY", "EMPTY_API" };
    enum ward_api_proxy_type type;
    enum ward_api_proxy_creation creation;
    for (int i = 0; i < 4; i++) {
        assert_string_equal(types[i], ward_api_proxy_type_name((enum ward_api_proxy_type)i));
        assert_true(ward_api_proxy_type_parse(ward_span_of(types[i]), &type));
        assert_int_equal(i, type);
    }
    for (int i = 0; i < 5; i++) {
        assert_string_equal(creations[i], ward_api_proxy_creation_name((enum ward_api_proxy_creation)i));
        assert_true(ward_api_proxy_creation_parse(ward_span_of(creations[i]), &creation));
        assert_int_equal(i, creation);
    }
    assert_false(ward_api_proxy_type_parse(WARD_SPAN("rest"), &type));
    assert_false(ward_api_proxy_creation_parse(WARD_SPAN("REVERSE"), &creation));
}

static void test_a_deployment_of_an_environment(void **state)
{
    (void)state;
    struct ward_api_proxy_deployment deployments[2] = { { .is_deployed = true }, { .is_deployed = false } };
    struct ward_object_id unknown;
    assert_int_equal(WARD_OK, ward_object_id_new(&deployments[0].environment_id));
    assert_int_equal(WARD_OK, ward_object_id_new(&deployments[1].environment_id));
    assert_int_equal(WARD_OK, ward_object_id_new(&unknown));
    struct ward_api_proxy proxy = { .deployments = deployments, .deployment_count = 2 };
    assert_ptr_equal(&deployments[1], ward_api_proxy_deployment_of(&proxy, &deployments[1].environment_id));
    assert_null(ward_api_proxy_deployment_of(&proxy, &unknown));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_a_deployment_of_an_environment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
