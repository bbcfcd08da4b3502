/*
 * Surfaces over a real service: store on disk, keyring, publisher, table, verifier. Requests go through the HTTP
 * layer's routing without a network. The clock stands still unless a test moves it.
 */
#ifndef WARD_TESTS_SURFACE_FIXTURE_H
#define WARD_TESTS_SURFACE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/seam.h"
#include "surface/apinizer/apinizer.h"
#include "surface/native/native.h"
#include "surface/ncp/ncp.h"
#include "surface/theauthapi/theauthapi.h"

#define START_MS INT64_C(1700000000000) /* 2023-11-14T22:13:20.000Z */

static _Atomic int64_t test_clock_ms = START_MS;

static inline int64_t read_test_clock(void)
{
    return test_clock_ms;
}

#define HEADERS_MAX 12

struct fixture {
    char directory[64], store_path[96];
    struct ward_keyring *keyring;
    struct ward_keyed_hash *hash;
    struct ward_store *store;
    struct ward_publisher *publisher;
    struct ward_service *service;
    struct ward_application application;
    struct ward_http_surface surfaces[4];
    struct ward_http_options options;
    struct ward_pool pool;
    struct ward_bootstrap made;
    char access_key[80], account[40], project[40];
    /* the call being made, and its answer */
    struct ward_http_header headers[HEADERS_MAX];
    size_t header_count;
    enum ward_listener_kind listener;
    struct ward_http_request request;
    struct ward_http_reply reply;
    char body[65536];
};

/* ---- calls ---- */

static inline void end_call(struct fixture *f)
{
    ward_buffer_free(&f->reply.body);
    ward_pool_free(&f->request.pool);
    f->reply = (struct ward_http_reply){ 0 };
    f->request = (struct ward_http_request){ 0 };
}

static inline void header(struct fixture *f, const char *name, const char *value)
{
    assert_true(f->header_count < HEADERS_MAX);
    f->headers[f->header_count++] = (struct ward_http_header){ ward_span_of(name), ward_span_of(value) };
}

static inline enum ward_method method_of(const char *name)
{
    for (int method = WARD_GET; method < WARD_METHOD_OTHER; method++) {
        if (strcmp(ward_method_name((enum ward_method)method), name) == 0) {
            return (enum ward_method)method;
        }
    }
    return WARD_METHOD_OTHER;
}

/** Make a call with the headers set before; body may be NULL. Returns the status; the body is in f->body as text. */
static inline int call(struct fixture *f, const char *method, const char *target, const char *body)
{
    end_call(f);
    header(f, "host", "localhost");
    f->request = (struct ward_http_request){ .method = method_of(method),
                                             .method_text = ward_span_of(method),
                                             .target = ward_span_of(target),
                                             .headers = f->headers,
                                             .header_count = f->header_count,
                                             .body = ward_span_of(body),
                                             .listener = f->listener,
                                             .peer = WARD_SPAN("test") };
    ward_http_dispatch(&f->options, &f->request, &f->reply);
    assert_true(f->reply.body.size < sizeof(f->body));
    memcpy(f->body, ward_buffer_span(&f->reply.body).data, f->reply.body.size);
    f->body[f->reply.body.size] = '\0';
    f->header_count = 0;
    return f->reply.status;
}

/** The same with the first administrator's access key. */
static inline int ask(struct fixture *f, const char *method, const char *target, const char *body)
{
    header(f, "x-api-key", f->access_key);
    return call(f, method, target, body);
}

/** A header of the answer, or "". */
static inline const char *answered(const struct fixture *f, const char *name)
{
    for (size_t i = 0; i < f->reply.header_count; i++) {
        if (ward_span_equal_nocase(f->reply.headers[i].name, ward_span_of(name))) {
            return f->reply.headers[i].value.data; /* copied by the pool, which adds a NUL */
        }
    }
    return "";
}

static inline void assert_body(const struct fixture *f, const char *expected)
{
    assert_string_equal(expected, f->body);
}

static inline void assert_holds(const struct fixture *f, const char *text)
{
    if (!strstr(f->body, text)) {
        fail_msg("%s does not hold %s", f->body, text ? text : "(nothing)");
    }
}

/** The text of a member that is a string, by its name: for values the test does not know beforehand. */
static inline void take_text(const struct fixture *f, const char *member, char *ret, size_t size)
{
    char wanted[64];
    snprintf(wanted, sizeof(wanted), "\"%s\":\"", member);
    const char *start = strstr(f->body, wanted);
    assert_non_null(start);
    start += strlen(wanted);
    size_t length = strcspn(start, "\"");
    assert_true(length < size);
    memcpy(ret, start, length);
    ret[length] = '\0';
}

/** Create an API key in the first project with these further members (",…" or ""); its value goes to ret. */
static inline void create_key(struct fixture *f, const char *more, char ret[80])
{
    char body[1024];
    snprintf(body, sizeof(body), "{\"name\":\"n\",\"projectId\":\"%s\"%s}", f->project, more);
    int status = ask(f, "POST", "/api-keys", body);
    if (status != 201) {
        fail_msg("%d %s", status, f->body);
    }
    take_text(f, "key", ret, 80);
}

/* ---- life ---- */

static inline void *start_thread(void *application)
{
    struct fixture *f = ((struct ward_application *)application)->server;
    struct ward_verifier *verifier = calloc(1, sizeof(*verifier));
    if (verifier && ward_verifier_open(f->directory, f->hash, 5000, verifier) != WARD_OK) {
        free(verifier);
        return NULL;
    }
    return verifier;
}

static inline void stop_thread(void *application, void *thread_data)
{
    (void)application;
    ward_verifier_close(thread_data);
    free(thread_data);
}

static inline void write_metrics(struct ward_application *application, struct ward_buffer *ret)
{
    (void)application;
    ward_buffer_append_text(ret, "ward_test 1\n");
}

static inline void copy_uuid(const struct ward_uuid *id, char ret[40])
{
    ward_uuid_format(id, ret);
}

static inline void start_service(struct fixture *f)
{
    uint8_t root[WARD_ROOT_KEY_BYTES];
    assert_int_equal(WARD_OK, ward_random(root, sizeof(root)));
    assert_int_equal(WARD_OK, ward_keyring_from_bytes(root, &f->keyring));
    assert_int_equal(WARD_OK, ward_keyed_hash_lookup(f->keyring, &f->hash));
    struct ward_store_options store = { .path = f->store_path, .create = true, .readers = 2 };
    assert_int_equal(WARD_OK, ward_store_open_sqlite(&store, &f->store));
    struct ward_publisher_options publisher = {
        .directory = f->directory, .store = f->store, .render = ward_theauthapi_reply_render, .keyring = f->keyring
    };
    assert_int_equal(WARD_OK, ward_publisher_start(&publisher, &f->publisher));
    struct ward_service_options service = { f->store, f->keyring, f->publisher };
    assert_int_equal(WARD_OK, ward_service_new(&service, &f->service));
    assert_int_equal(WARD_OK, ward_service_bootstrap(f->service, &f->pool, &f->made));
    ward_publisher_heartbeat(f->publisher);
    memcpy(f->access_key, f->made.access_key.value.data, f->made.access_key.value.size);
    copy_uuid(&f->made.account.id, f->account);
    copy_uuid(&f->made.project.id, f->project);
}

static inline int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    assert_non_null(f);
    test_clock_ms = START_MS;
    ward_seam.now_ms = read_test_clock;
    const char *root = getenv("TMPDIR");
    snprintf(f->directory, sizeof(f->directory), "%.40s/ward-XXXXXX", root ? root : "/tmp");
    assert_non_null(mkdtemp(f->directory));
    snprintf(f->store_path, sizeof(f->store_path), "%s/ward.db", f->directory);
    f->pool = ward_pool_new(16 * 1024 * 1024);
    start_service(f);
    f->application = (struct ward_application){ .service = f->service,
                                                .store = f->store,
                                                .publisher = f->publisher,
                                                .version = "1.2.3",
                                                .started_ms = START_MS,
                                                .max_staleness_ms = 5000,
                                                .ncp = { .domain_code = "PUB" },
                                                .metrics = write_metrics,
                                                .server = f };
    f->surfaces[0] = ward_theauthapi_surface;
    f->surfaces[1] = ward_native_surface;
    f->surfaces[2] = ward_ncp_surface;
    f->surfaces[3] = ward_apinizer_surface;
    f->options = (struct ward_http_options){ .surfaces = f->surfaces,
                                             .surface_count = 4,
                                             .application = &f->application,
                                             .thread_start = start_thread,
                                             .thread_stop = stop_thread };
    *state = f;
    return 0;
}

static inline int tear_down(void **state)
{
    static const char *const names[] = { "ward.db", "ward.db-wal", "ward.db-shm", "table", "table.new", "limits" };
    struct fixture *f = *state;
    end_call(f);
    ward_service_free(f->service);
    ward_store_close(f->store);
    ward_publisher_stop(f->publisher);
    ward_keyed_hash_free(f->hash);
    ward_keyring_close(f->keyring);
    ward_pool_free(&f->pool);
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        char path[128];
        snprintf(path, sizeof(path), "%s/%s", f->directory, names[i]);
        unlink(path);
    }
    assert_int_equal(0, rmdir(f->directory));
    free(f);
    return 0;
}

#define test_case(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

#endif
