/*
 * Fill a new data directory with keys and JWKs of one project, through the use cases: as many creates of each through
 * APIOps, without HTTP and without deployment, which the next start of the server makes up for.
 *
 *   secrets DIRECTORY COUNT       prints the first credentials as JSON
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/encoding.h"
#include "base/seam.h"
#include "server/app.h"
#include "service/secrets.h"

enum { WRITERS = 16, POOL_BYTES = 4 * 1024 * 1024, SECRET_BYTES = 32 };

struct filling {
    struct ward_app *app;
    struct ward_operator who;
    struct ward_span project;
    size_t count;
    size_t next; /* atomic */
};

static void need(enum ward_status status, const char *what)
{
    if (status == WARD_OK)
        return;
    fprintf(stderr, "secrets: %s: %s\n", what, ward_status_text(status));
    exit(1);
}

static void draw(struct ward_buffer *base64, struct ward_buffer *base64url)
{
    unsigned char bytes[SECRET_BYTES];
    need(ward_random(bytes, sizeof(bytes)), "random");
    ward_base64_encode(ward_span((const char *)bytes, sizeof(bytes)), base64);
    ward_base64url_encode(ward_span((const char *)bytes, sizeof(bytes)), base64url);
}

static void make_key(struct ward_secrets_call *call, size_t number, struct ward_span content)
{
    char name[32];
    int size = snprintf(name, sizeof(name), "key %07zu", number);
    const struct ward_key_entry_input entry = { .environment = WARD_SPAN("production"), .content = content };
    const struct ward_crypto_key_input input = { .has_name = true,
                                                 .has_key_type = true,
                                                 .has_algorithm = true,
                                                 .has_entries = true,
                                                 .name = ward_span(name, (size_t)size),
                                                 .key_type = WARD_SPAN("SECRET_KEY"),
                                                 .algorithm = WARD_SPAN("AES"),
                                                 .entries = &entry,
                                                 .entry_count = 1 };
    need(ward_service_crypto_key_create(call, &input), name);
}

static void make_jwk(struct ward_secrets_call *call, size_t number, struct ward_span octets)
{
    char name[32], jwk[256];
    int size = snprintf(name, sizeof(name), "jwk %07zu", number);
    int jwk_size = snprintf(jwk, sizeof(jwk), "{\"kty\":\"oct\",\"kid\":\"kid-%zu\",\"alg\":\"HS256\",\"k\":\"%.*s\"}",
                            number, (int)octets.size, octets.data);
    const struct ward_jwk_input input = { .name = ward_span(name, (size_t)size),
                                          .source_type = WARD_SPAN("COPY_PASTE"),
                                          .jwk = ward_span(jwk, (size_t)jwk_size) };
    need(ward_service_jwk_create(call, &input), name);
}

static void *fill(void *arg)
{
    struct filling *filling = arg;
    WARD_POOL pool = ward_pool_new(POOL_BYTES);
    size_t number;
    while ((number = __atomic_fetch_add(&filling->next, 1, __ATOMIC_RELAXED)) < filling->count) {
        WARD_BUFFER base64 = ward_buffer_new_secret(256);
        WARD_BUFFER base64url = ward_buffer_new_secret(256);
        struct ward_secrets_call call = {
            .service = filling->app->service, .who = &filling->who, .pool = &pool, .project = filling->project
        };
        draw(&base64, &base64url);
        make_key(&call, number, ward_buffer_span(&base64));
        make_jwk(&call, number, ward_buffer_span(&base64url));
        ward_pool_reset(&pool);
        if (number % 20000 == 19999)
            fprintf(stderr, "  %zu of %zu keys and JWKs made\n", number + 1, filling->count);
    }
    return NULL;
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fputs("usage: secrets DIRECTORY COUNT\n", stderr);
        return 2;
    }
    WARD_POOL pool = ward_pool_new(1024 * 1024);
    struct ward_bootstrap first;
    struct ward_failure why = { 0 };
    struct ward_app app;
    if (!ward_app_initialise(argv[1], &pool, &first, &why) || !ward_app_open(&app, argv[1], false, "bench", &why)) {
        fprintf(stderr, "secrets: %s\n", why.text);
        return 1;
    }
    struct filling filling = {
        .app = &app, .who = ward_operator_local(), .project = first.project.name, .count = strtoull(argv[2], NULL, 10)
    };
    pthread_t threads[WRITERS];
    for (int i = 0; i < WRITERS; i++)
        if (pthread_create(&threads[i], NULL, fill, &filling) != 0)
            need(WARD_NO_MEMORY, "thread");
    for (int i = 0; i < WRITERS; i++)
        pthread_join(threads[i], NULL);
    ward_app_close(&app);
    char project[WARD_UUID_CHARS + 1];
    ward_uuid_format(&first.project.id, project);
    printf("{\"token\":\"%.*s\",\"project\":\"%.*s\",\"projectId\":\"%s\"}\n", (int)first.token.value.size,
           first.token.value.data, (int)first.project.name.size, first.project.name.data, project);
    return 0;
}
