/*
 * Fill a new data directory with API keys, many to a transaction: the same rows and the same change log as that many
 * creates through a surface, in a fraction of the time. Every key has a limit that no run reaches, and was used before.
 *
 *   seed DIRECTORY KEYS VALUES-FILE       prints the first credentials as JSON
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/seam.h"
#include "server/app.h"
#include "service/internal.h"

enum { BATCH = 8192, PREPARERS = 2, POOL_BYTES = 64 * 1024 * 1024 };

struct seeded_key {
    struct ward_api_key key;
    struct ward_lookup lookup;
    char value[WARD_KEY_GENERATED_CHARS_MAX + 1];
    size_t value_size;
};

struct seeding {
    struct ward_app *app;
    const struct ward_bootstrap *first;
    struct ward_operator who;
    size_t count;
    pthread_mutex_t lock; /* guards what follows */
    size_t taken, stored;
    FILE *values;
};

struct batch {
    struct seeding *seeding;
    struct seeded_key *keys;
    size_t count;
};

static void need(enum ward_status status, const char *what)
{
    if (status == WARD_OK)
        return;
    fprintf(stderr, "seed: %s: %s\n", what, ward_status_text(status));
    exit(1);
}

static struct ward_span format(struct ward_pool *pool, const char *text, size_t number)
{
    char buffer[64];
    int size = snprintf(buffer, sizeof(buffer), "%s%07zu", text, number);
    return ward_pool_copy(pool, ward_span(buffer, (size_t)size));
}

static void seal_value(struct seeding *seeding, struct ward_pool *pool, struct seeded_key *made)
{
    struct ward_api_key *key = &made->key;
    char account[WARD_UUID_CHARS + 1];
    ward_uuid_format(&key->account_id, account);
    const struct ward_seal_place place = { .account = ward_span(account, WARD_UUID_CHARS),
                                           .table = "api_key",
                                           .row = ward_span(key->id.text, WARD_KEY_ID_CHARS),
                                           .field = "primary",
                                           .version = 1 };
    struct ward_span value = ward_span(made->value, made->value_size);
    ward_service_hash_lookup(seeding->app->service, value, &made->lookup);
    need(ward_service_seal(seeding->app->service, &place, value, pool, &key->sealed[WARD_SLOT_PRIMARY]), "seal");
    key->lookups[WARD_SLOT_PRIMARY] = ward_lookup_span(&made->lookup);
    key->value_versions[WARD_SLOT_PRIMARY] = 1;
}

static void make_key(struct seeding *seeding, struct ward_pool *pool, size_t number, struct seeded_key *ret)
{
    const struct ward_project *project = &seeding->first->project;
    int64_t now_ms = ward_now_ms();
    ret->key = (struct ward_api_key){
        .project_id = project->id,
        .account_id = project->account_id,
        .env = project->env,
        .is_project_active = true,
        .name = format(pool, "a key's name ", number),
        .description = WARD_SPAN(""),
        .custom_user_id = format(pool, "user-", number),
        .metadata = WARD_SPAN("{}"),
        .creation_context = WARD_SPAN("{}"),
        .is_enabled = true,
        .expires_ms = WARD_TIME_NONE,
        .rate_limit = { WARD_RATE_LIMIT_MAX, 86400 },
        .first_used_ms = now_ms,
        .created_ms = now_ms,
        .updated_ms = now_ms,
        .version = 1,
    };
    need(ward_key_id_new(&ret->key.id), "id");
    need(ward_api_key_generate(project->env, ret->value, &ret->value_size), "value");
    seal_value(seeding, pool, ret);
}

static enum ward_status insert_batch(struct ward_store_session *session, void *arg)
{
    struct batch *batch = arg;
    struct ward_members members = { 3, { "name", "customUserId", "rateLimitConfigs" } };
    enum ward_status status = WARD_OK;
    for (size_t i = 0; i < batch->count && status == WARD_OK; i++) {
        const struct ward_api_key *key = &batch->keys[i].key;
        const struct ward_audit audit = { .kind = WARD_OBJECT_API_KEY,
                                          .object_id = ward_span(key->id.text, WARD_KEY_ID_CHARS),
                                          .account = &key->account_id,
                                          .project = &key->project_id,
                                          .action = "created",
                                          .members = &members };
        status = ward_store_key_insert(session, key);
        if (status == WARD_OK)
            status = ward_audit_append(session, &batch->seeding->who, &audit);
    }
    return status;
}

static size_t take(struct seeding *seeding, size_t *ret_first)
{
    pthread_mutex_lock(&seeding->lock);
    size_t left = seeding->count - seeding->taken, count = left < BATCH ? left : BATCH;
    *ret_first = seeding->taken;
    seeding->taken += count;
    pthread_mutex_unlock(&seeding->lock);
    return count;
}

static void note_stored(struct seeding *seeding, const struct batch *batch)
{
    pthread_mutex_lock(&seeding->lock);
    for (size_t i = 0; i < batch->count; i++)
        fprintf(seeding->values, "%s\n", batch->keys[i].value);
    size_t before = seeding->stored;
    seeding->stored += batch->count;
    if (seeding->stored / 100000 != before / 100000)
        fprintf(stderr, "  %zu of %zu keys made\n", seeding->stored, seeding->count);
    pthread_mutex_unlock(&seeding->lock);
}

/* One prepares while the other's batch is written. */
static void *prepare(void *arg)
{
    struct seeding *seeding = arg;
    WARD_POOL pool = ward_pool_new(POOL_BYTES);
    struct batch batch = { .seeding = seeding, .keys = calloc(BATCH, sizeof(*batch.keys)) };
    if (!batch.keys)
        need(WARD_NO_MEMORY, "batch");
    size_t first;
    while ((batch.count = take(seeding, &first)) > 0) {
        ward_pool_reset(&pool);
        for (size_t i = 0; i < batch.count; i++)
            make_key(seeding, &pool, first + i, &batch.keys[i]);
        need(ward_pool_status(&pool), "batch");
        need(ward_store_write(seeding->app->store, insert_batch, &batch, NULL), "write");
        note_stored(seeding, &batch);
    }
    free(batch.keys);
    return NULL;
}

static void seed(struct seeding *seeding)
{
    pthread_t threads[PREPARERS];
    for (int i = 0; i < PREPARERS; i++)
        if (pthread_create(&threads[i], NULL, prepare, seeding) != 0)
            need(WARD_NO_MEMORY, "thread");
    for (int i = 0; i < PREPARERS; i++)
        pthread_join(threads[i], NULL);
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fputs("usage: seed DIRECTORY KEYS VALUES-FILE\n", stderr);
        return 2;
    }
    WARD_POOL pool = ward_pool_new(1024 * 1024);
    struct ward_bootstrap first;
    struct ward_failure why = { 0 };
    struct ward_app app;
    if (!ward_app_initialise(argv[1], &pool, &first, &why) || !ward_app_open(&app, argv[1], false, "bench", &why)) {
        fprintf(stderr, "seed: %s\n", why.text);
        return 1;
    }
    int fd = open(argv[3], O_WRONLY | O_CREAT | O_TRUNC, 0600);
    struct seeding seeding = { .app = &app,
                               .first = &first,
                               .who = ward_operator_local(),
                               .count = strtoull(argv[2], NULL, 10),
                               .lock = PTHREAD_MUTEX_INITIALIZER,
                               .values = fd < 0 ? NULL : fdopen(fd, "w") };
    if (!seeding.values)
        need(WARD_IO, argv[3]);
    seed(&seeding);
    if (fclose(seeding.values) != 0)
        need(WARD_IO, argv[3]);
    ward_app_close(&app);
    char project[WARD_UUID_CHARS + 1];
    ward_uuid_format(&first.project.id, project);
    printf("{\"accessKey\":\"%.*s\",\"projectId\":\"%s\"}\n", (int)first.access_key.value.size,
           first.access_key.value.data, project);
    return 0;
}
