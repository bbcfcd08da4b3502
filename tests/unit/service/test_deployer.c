/* The deployer: what is committed is deployed, each replica's result is true, and who could not is brought up. */
#include "fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <time.h>

#include "service/deployer.h"
#include "service/environments.h"
#include "service/internal.h"

struct scene {
    struct fixture *f;
    struct ward_deployer *deployer;
    struct ward_environment production;
    char replica[80]; /* a directory for another replica */
};

static struct ward_seam real;
static _Atomic int64_t boot_extra_ms;
static _Atomic bool disk_is_full;
static int log_fd;
static _Atomic long allocations_left; /* -1: no end */

static int64_t moved_boot_ms(void)
{
    return real.boot_ms() + boot_extra_ms;
}

static ssize_t write_or_fail(int fd, const void *data, size_t size)
{
    if (disk_is_full && fd != log_fd) {
        errno = ENOSPC;
        return -1;
    }
    return real.write(fd, data, size);
}

static void *allocate_or_fail(size_t size)
{
    if (allocations_left >= 0 && allocations_left-- == 0) {
        return NULL;
    }
    return real.allocate(size);
}

/* ---- rows ---- */

static enum ward_status first_environment(const struct ward_environment *environment, void *arg)
{
    struct scene *s = arg;
    if (ward_object_id_is_none(&s->production.id)) {
        s->production = *environment;
    }
    return WARD_OK;
}

static enum ward_status list_environments(struct ward_store_session *session, void *arg)
{
    struct scene *s = arg;
    return ward_store_environment_list(session, &s->f->made.account.id, &s->f->pool, first_environment, s);
}

struct row {
    struct scene *s;
    struct ward_crypto_key key;
    struct ward_crypto_key_entry entries[2];
    struct ward_jwk jwk;
};

static enum ward_status insert_key_in(struct ward_store_session *session, void *arg)
{
    return ward_store_crypto_key_insert(session, &((struct row *)arg)->key);
}

static enum ward_status update_key_in(struct ward_store_session *session, void *arg)
{
    return ward_store_crypto_key_update(session, &((struct row *)arg)->key);
}

static enum ward_status remove_key_in(struct ward_store_session *session, void *arg)
{
    return ward_store_crypto_key_remove(session, &((struct row *)arg)->key);
}

static void seal_content(struct row *row, size_t index, const char *content, int64_t version)
{
    row->entries[index].content = ward_pool_copy(&row->s->f->pool, ward_span_of(content));
    assert_ok(ward_seal_key_content(row->s->f->service, &row->s->f->pool, &row->key, version, &row->entries[index]));
}

/** A secret key of the first project in one environment. */
static struct row *make_crypto_key(struct scene *s, const char *name, const char *content,
                                   const struct ward_environment *environment)
{
    struct row *row = ward_pool_alloc(&s->f->pool, sizeof(*row));
    row->s = s;
    row->key = (struct ward_crypto_key){ .account_id = s->f->made.account.id,
                                         .project_id = s->f->made.project.id,
                                         .name = ward_span_of(name),
                                         .type = WARD_KEY_SECRET,
                                         .entries = row->entries,
                                         .entry_count = 1,
                                         .version = 1 };
    assert_ok(ward_object_id_new(&row->key.id));
    row->entries[0].environment_id = environment->id;
    row->entries[0].is_material = true;
    seal_content(row, 0, content, 1);
    assert_ok(ward_store_write(s->f->store, insert_key_in, row, NULL));
    return row;
}

static void set_content(struct row *row, const char *content)
{
    seal_content(row, 0, content, row->key.version + 1);
    assert_ok(ward_store_write(row->s->f->store, update_key_in, row, NULL));
    row->key.version++;
}

static void remove_crypto_key(struct row *row)
{
    assert_ok(ward_store_write(row->s->f->store, remove_key_in, row, NULL));
}

static enum ward_status insert_jwk_in(struct ward_store_session *session, void *arg)
{
    return ward_store_jwk_insert(session, &((struct row *)arg)->jwk);
}

static enum ward_status remove_jwk_in(struct ward_store_session *session, void *arg)
{
    return ward_store_jwk_remove(session, &((struct row *)arg)->jwk);
}

static struct row *make_oct_jwk(struct scene *s, const char *name, const struct ward_project *project)
{
    struct row *row = ward_pool_alloc(&s->f->pool, sizeof(*row));
    row->s = s;
    row->jwk = (struct ward_jwk){ .account_id = project->account_id,
                                  .project_id = project->id,
                                  .name = ward_pool_copy(&s->f->pool, ward_span_of(name)),
                                  .source = WARD_JWK_SOURCE_GENERATE,
                                  .type = WARD_JWK_OCT,
                                  .kid = WARD_SPAN("kid"),
                                  .use = WARD_JWK_USE_SIGNATURE,
                                  .algorithm = WARD_SPAN("HS256"),
                                  .private_json = WARD_SPAN("{\"kty\":\"oct\",\"k\":\"AAECAwQFBgcICQoLDA0ODwABAgMEBQ"
                                                            "YHCAkKCwwNDg8\"}"),
                                  .not_before_ms = WARD_TIME_NONE,
                                  .expires_ms = WARD_TIME_NONE,
                                  .version = 1 };
    assert_ok(ward_object_id_new(&row->jwk.id));
    assert_ok(ward_seal_jwk(s->f->service, &s->f->pool, 1, &row->jwk));
    assert_ok(ward_store_write(s->f->store, insert_jwk_in, row, NULL));
    return row;
}

/* ---- the scene ---- */

static void open_deployer(struct scene *s)
{
    const struct ward_deployer_options options = { .directory = s->f->directory, .service = s->f->service };
    assert_ok(ward_deployer_open(&options, &s->deployer));
    assert_ok(ward_deployer_start(s->deployer));
}

static void reopen_deployer(struct scene *s)
{
    ward_deployer_close(s->deployer);
    open_deployer(s);
}

static int open_scene(void **state)
{
    void *fixture;
    struct scene *s = calloc(1, sizeof(*s));
    set_up(&fixture);
    real = ward_seam;
    boot_extra_ms = 0;
    disk_is_full = false;
    allocations_left = -1;
    s->f = fixture;
    log_fd = fileno(s->f->log);
    assert_ok(ward_service_environments_complete(s->f->service));
    assert_ok(ward_store_read(s->f->store, list_environments, s));
    assert_span("production", s->production.name);
    snprintf(s->replica, sizeof(s->replica), "%s/replica", s->f->directory);
    ward_seam.boot_ms = moved_boot_ms;
    ward_seam.write = write_or_fail;
    ward_seam.allocate = allocate_or_fail;
    open_deployer(s);
    *state = s;
    return 0;
}

static int close_scene(void **state)
{
    struct scene *s = *state;
    char command[320];
    ward_deployer_close(s->deployer);
    ward_seam.boot_ms = real.boot_ms;
    ward_seam.write = real.write;
    ward_seam.allocate = real.allocate;
    snprintf(command, sizeof(command), "rm -rf '%s/keysets' '%s' '%s.away'", s->f->directory, s->replica, s->replica);
    assert_int_equal(system(command), 0);
    free_fixture(s->f);
    free(s);
    return 0;
}

/** Make an environment, with the embedded replica and, if asked for, another one; open to one project, or to all. */
static struct ward_environment make_environment(struct scene *s, const char *name, bool has_replica,
                                                const struct ward_project *only)
{
    const struct ward_replica replicas[] = {
        { .name = WARD_SPAN("embedded") }, { .name = WARD_SPAN("gateway-1"), .directory = ward_span_of(s->replica) }
    };
    struct ward_span project = only ? id_span(s->f, &only->id) : WARD_SPAN_NONE;
    struct ward_environment_input input = { .has_name = true,
                                            .has_replicas = true,
                                            .name = ward_span_of(name),
                                            .replicas = replicas,
                                            .replica_count = has_replica ? 2 : 1,
                                            .has_projects = only != NULL,
                                            .projects = &project,
                                            .project_count = 1 };
    struct ward_environment environment;
    struct ward_receipt receipt;
    assert_ok(
        ward_service_environment_create(s->f->service, &s->f->admin, &input, &s->f->pool, &environment, &receipt));
    return environment;
}

static struct ward_deployment deploy(struct scene *s, const struct ward_deployment_change *changes, size_t count)
{
    struct ward_deployment deployment;
    assert_ok(ward_deployer_apply(s->deployer, changes, count, &s->f->pool, &deployment));
    return deployment;
}

static struct ward_deployment deploy_key(struct scene *s, const struct row *row)
{
    const struct ward_deployment_change change = { .kind = WARD_DEPLOYED_KEY,
                                                   .object_id = row->key.id,
                                                   .environment_id = row->entries[0].environment_id };
    return deploy(s, &change, 1);
}

static struct ward_deployment deploy_jwk(struct scene *s, const struct row *row)
{
    const struct ward_deployment_change change = { .kind = WARD_DEPLOYED_JWK,
                                                   .object_id = row->jwk.id,
                                                   .is_everywhere = true };
    return deploy(s, &change, 1);
}

static struct ward_keyset *keyset_of(struct scene *s, const struct ward_environment *environment)
{
    struct ward_served *served = ward_deployer_served(s->deployer);
    ward_served_enter(served);
    const struct ward_served_environment *found = ward_served_find(served, &s->f->made.account.id, environment->name);
    struct ward_keyset *keyset = found ? found->keyset : NULL;
    ward_served_leave(served);
    return keyset;
}

/** The bytes of a deployed secret key, as bits; 0: it is not deployed. */
static unsigned deployed_bits(struct scene *s, const struct ward_environment *environment, const char *name)
{
    const struct ward_material *material;
    const struct ward_keyset_entry *entry = ward_keyset_find(keyset_of(s, environment), &s->f->made.project.id,
                                                             WARD_DEPLOYED_KEY, ward_span_of(name));
    if (!entry) {
        return 0;
    }
    assert_ok(ward_keyset_material(entry, true, &material));
    unsigned bits = ward_material_bits(material);
    ward_keyset_release(entry);
    return bits;
}

static bool has_jwk(struct scene *s, const struct ward_environment *environment, const struct row *row)
{
    const struct ward_keyset_entry *entry = ward_keyset_find_id(keyset_of(s, environment), WARD_DEPLOYED_JWK,
                                                                &row->jwk.id);
    ward_keyset_release(entry);
    return entry != NULL;
}

static struct ward_deployer_stats stats_of(struct scene *s)
{
    struct ward_deployer_stats stats;
    ward_deployer_stats(s->deployer, &stats);
    return stats;
}

/** Let the boot clock run on until nobody is behind. */
static void wait_until_level(struct scene *s)
{
    const struct timespec pause = { .tv_nsec = 20000000 };
    for (int i = 0; stats_of(s).behind > 0; i++) {
        assert_true(i < 1000);
        boot_extra_ms += 5000;
        nanosleep(&pause, NULL);
    }
}

#define SECRET_3 "AAAA" /* bytes */
#define SECRET_6 "AAAAAAAA"

/* ---- tests ---- */

static void test_a_key_is_deployed(void **state)
{
    struct scene *s = *state;
    struct row *row = make_crypto_key(s, "key", SECRET_3, &s->production);
    assert_int_equal(deployed_bits(s, &s->production, "key"), 0);
    struct ward_deployment done = deploy_key(s, row);
    assert_true(done.is_success);
    assert_int_equal(done.environment_count, 1);
    const struct ward_environment_result *result = &done.environments[0];
    assert_span("production", result->name);
    assert_true(result->is_success && !result->is_removal);
    assert_null(result->detail.data);
    assert_int_equal(result->replica_count, 1);
    assert_span("embedded", result->replicas[0].name);
    assert_true(result->replicas[0].is_success);
    assert_int_equal(deployed_bits(s, &s->production, "key"), 24);
    assert_int_equal(stats_of(s).keys, 1);
    assert_int_equal(stats_of(s).behind, 0);
}

static void test_the_present_state_is_deployed(void **state)
{
    struct scene *s = *state;
    struct row *row = make_crypto_key(s, "key", SECRET_3, &s->production);
    deploy_key(s, row);
    set_content(row, SECRET_6);
    deploy_key(s, row);
    assert_int_equal(deployed_bits(s, &s->production, "key"), 48);
    remove_crypto_key(row);
    struct ward_deployment done = deploy_key(s, row); /* the same change, whatever it once meant */
    assert_true(done.is_success && done.environments[0].is_removal);
    assert_int_equal(deployed_bits(s, &s->production, "key"), 0);
}

static void test_an_entry_that_left_is_undeployed(void **state)
{
    struct scene *s = *state;
    struct ward_environment test = make_environment(s, "test", false, NULL);
    struct row *row = make_crypto_key(s, "key", SECRET_3, &s->production);
    deploy_key(s, row);
    row->entries[0].environment_id = test.id;
    set_content(row, SECRET_6);
    const struct ward_deployment_change changes[] = {
        { .kind = WARD_DEPLOYED_KEY, .object_id = row->key.id, .environment_id = test.id },
        { .kind = WARD_DEPLOYED_KEY, .object_id = row->key.id, .environment_id = s->production.id },
    };
    struct ward_deployment done = deploy(s, changes, 2);
    assert_int_equal(done.environment_count, 2);
    assert_span("test", done.environments[0].name);
    assert_false(done.environments[0].is_removal);
    assert_span("production", done.environments[1].name);
    assert_true(done.environments[1].is_removal);
    assert_int_equal(deployed_bits(s, &test, "key"), 48);
    assert_int_equal(deployed_bits(s, &s->production, "key"), 0);
}

static void test_a_jwk_goes_where_its_project_reaches(void **state)
{
    struct scene *s = *state;
    struct ward_environment all = make_environment(s, "all", false, NULL);
    struct ward_environment others = make_environment(s, "others", false, &s->f->test_project);
    struct row *row = make_oct_jwk(s, "jwk", &s->f->made.project);
    struct ward_deployment done = deploy_jwk(s, row);
    assert_int_equal(done.environment_count, 2);
    assert_span("all", done.environments[0].name);
    assert_span("production", done.environments[1].name);
    assert_true(has_jwk(s, &all, row) && has_jwk(s, &s->production, row) && !has_jwk(s, &others, row));
    assert_ok(ward_store_write(s->f->store, remove_jwk_in, row, NULL));
    done = deploy_jwk(s, row);
    assert_int_equal(done.environment_count, 2);
    assert_true(done.environments[0].is_removal);
    assert_false(has_jwk(s, &all, row));
    done = deploy_jwk(s, row); /* nobody has it any more */
    assert_int_equal(done.environment_count, 0);
    assert_true(done.is_success);
}

static void test_a_start_makes_up_for_what_was_missed(void **state)
{
    struct scene *s = *state;
    struct row *stays = make_crypto_key(s, "stays", SECRET_3, &s->production);
    struct row *changes = make_crypto_key(s, "changes", SECRET_3, &s->production);
    struct row *goes = make_crypto_key(s, "goes", SECRET_3, &s->production);
    deploy_key(s, stays);
    deploy_key(s, changes);
    deploy_key(s, goes);
    set_content(changes, SECRET_6); /* committed; and the process ends before it is deployed */
    remove_crypto_key(goes);
    make_crypto_key(s, "comes", SECRET_6, &s->production);
    struct row *jwk = make_oct_jwk(s, "jwk", &s->f->made.project);
    reopen_deployer(s);
    assert_int_equal(deployed_bits(s, &s->production, "stays"), 24);
    assert_int_equal(deployed_bits(s, &s->production, "changes"), 48);
    assert_int_equal(deployed_bits(s, &s->production, "goes"), 0);
    assert_int_equal(deployed_bits(s, &s->production, "comes"), 48);
    assert_true(has_jwk(s, &s->production, jwk));
    uint64_t deployments = stats_of(s).deployments;
    assert_true(deployments > 0);
    reopen_deployer(s);
    assert_int_equal(stats_of(s).deployments, 0); /* nothing to make up for: nothing is written */
}

static void test_many_objects_at_a_start(void **state)
{
    struct scene *s = *state;
    enum { KEYS = 1100 }; /* more than two slices */
    char name[32];
    for (int i = 0; i < KEYS; i++) {
        snprintf(name, sizeof(name), "key-%d", i);
        struct row *row = make_crypto_key(s, name, SECRET_3, &s->production);
        row->key.name = ward_pool_copy(&s->f->pool, ward_span_of(name));
    }
    reopen_deployer(s);
    assert_int_equal(stats_of(s).keys, KEYS);
    char path[160];
    snprintf(path, sizeof(path), "%s/keysets/embedded/%s.keyset", s->f->directory, s->production.id.text);
    assert_int_equal(truncate(path, 100000), 0);
    reopen_deployer(s);
    assert_int_equal(stats_of(s).keys, KEYS);
    assert_int_equal(deployed_bits(s, &s->production, "key-1099"), 24);
}

static void test_a_full_disk_is_said_and_made_up_for(void **state)
{
    struct scene *s = *state;
    struct row *row = make_crypto_key(s, "key", SECRET_3, &s->production);
    deploy_key(s, row);
    set_content(row, SECRET_6);
    disk_is_full = true;
    struct ward_deployment done = deploy_key(s, row);
    assert_false(done.is_success);
    assert_false(done.environments[0].is_success);
    assert_span("replica embedded: no space left on device", done.environments[0].detail);
    assert_span("no space left on device", done.environments[0].replicas[0].detail);
    assert_int_equal(deployed_bits(s, &s->production, "key"), 24); /* what was deployed stays in use */
    assert_int_equal(stats_of(s).behind, 1);
    assert_int_equal(stats_of(s).failures, 1);
    disk_is_full = false;
    wait_until_level(s);
    assert_int_equal(deployed_bits(s, &s->production, "key"), 48);
    assert_true(log_holds(s->f, "replica-behind"));
}

static void test_a_replica_that_is_gone(void **state)
{
    struct scene *s = *state;
    struct ward_environment test = make_environment(s, "test", true, NULL); /* its directory was never made */
    struct row *row = make_crypto_key(s, "key", SECRET_3, &test);
    struct ward_deployment done = deploy_key(s, row);
    const struct ward_environment_result *result = &done.environments[0];
    assert_false(done.is_success);
    assert_int_equal(result->replica_count, 2);
    assert_true(result->replicas[0].is_success);
    assert_span("gateway-1", result->replicas[1].name);
    assert_span("the directory is not there", result->replicas[1].detail);
    assert_span("replica gateway-1: the directory is not there", result->detail);
    assert_int_equal(deployed_bits(s, &test, "key"), 24);
    assert_int_equal(mkdir(s->replica, 0700), 0);
    wait_until_level(s);
    char path[160], away[100];
    struct stat about;
    snprintf(path, sizeof(path), "%s/%s.keyset", s->replica, test.id.text);
    assert_int_equal(stat(path, &about), 0);
    assert_true(deploy_key(s, row).is_success);
    snprintf(away, sizeof(away), "%s.away", s->replica);
    assert_int_equal(rename(s->replica, away), 0);
    set_content(row, SECRET_6);
    assert_false(deploy_key(s, row).is_success);
    assert_int_equal(rename(away, s->replica), 0);
    wait_until_level(s);
    assert_true(deploy_key(s, row).is_success);
}

static void test_the_embedded_directory_is_made_again(void **state)
{
    struct scene *s = *state;
    char command[128];
    struct row *row = make_crypto_key(s, "key", SECRET_3, &s->production);
    struct row *other = make_crypto_key(s, "other", SECRET_6, &s->production);
    deploy_key(s, row);
    snprintf(command, sizeof(command), "rm -r '%s/keysets'", s->f->directory);
    assert_int_equal(system(command), 0);
    assert_true(deploy_key(s, other).is_success);
    reopen_deployer(s);
    assert_int_equal(deployed_bits(s, &s->production, "key"), 24);
    assert_int_equal(deployed_bits(s, &s->production, "other"), 48);
    assert_int_equal(stats_of(s).deployments, 0); /* all of it was in the new file */
}

static void test_environments_come_and_go(void **state)
{
    struct scene *s = *state;
    struct row *jwk = make_oct_jwk(s, "jwk", &s->f->made.project);
    deploy_jwk(s, jwk);
    struct ward_environment test = make_environment(s, "test", false, NULL);
    assert_true(has_jwk(s, &test, jwk)); /* without anybody asking */
    char path[160];
    struct stat about;
    snprintf(path, sizeof(path), "%s/keysets/embedded/%s.keyset", s->f->directory, test.id.text);
    assert_int_equal(stat(path, &about), 0);
    struct ward_receipt receipt;
    assert_ok(ward_service_environment_delete(s->f->service, &s->f->admin, test.name, &receipt));
    assert_null(keyset_of(s, &test));
    assert_int_equal(stat(path, &about), -1);
    assert_int_equal(stats_of(s).environments, 2); /* production, and the other account's */
    const struct ward_deployment_change late = { .kind = WARD_DEPLOYED_KEY,
                                                 .object_id = jwk->jwk.id,
                                                 .environment_id = test.id };
    struct ward_deployment done = deploy(s, &late, 1);
    assert_int_equal(done.environment_count, 0);
}

static void test_left_over_files_are_swept(void **state)
{
    struct scene *s = *state;
    static const char *const names[] = { "0123456789abcdef01234567.keyset", ".keyset.tmp-abcdefghijkl", "notes" };
    char paths[3][256], name[128];
    struct stat about;
    for (size_t i = 0; i < 3; i++) {
        snprintf(name, sizeof(name), "%s%s", i == 1 ? s->production.id.text : "", names[i]);
        snprintf(paths[i], sizeof(paths[i]), "%s/keysets/embedded/%s", s->f->directory, name);
        int fd = open(paths[i], O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
        assert_true(fd >= 0);
        close(fd);
    }
    reopen_deployer(s);
    assert_int_equal(stat(paths[0], &about), -1);
    assert_int_equal(stat(paths[1], &about), -1);
    assert_int_equal(stat(paths[2], &about), 0); /* not ours */
}

static void test_a_project_that_ends_takes_its_keys_along(void **state)
{
    struct scene *s = *state;
    struct row *jwk = make_oct_jwk(s, "jwk", &s->f->test_project);
    deploy_jwk(s, jwk);
    assert_true(has_jwk(s, &s->production, jwk));
    struct ward_receipt receipt;
    assert_ok(
        ward_service_project_delete(s->f->service, &s->f->admin, id_span(s->f, &s->f->test_project.id), &receipt));
    assert_false(has_jwk(s, &s->production, jwk));
}

/* ---- many at once ---- */

struct writer {
    struct scene *s;
    struct row *row;
    unsigned number;
};

static enum ward_status bump_in(struct ward_store_session *session, void *arg)
{
    struct row *row = arg;
    WARD_POOL pool = ward_pool_new(1 << 20);
    struct ward_crypto_key stored;
    enum ward_status status = ward_store_crypto_key_get(session, &row->key.id, &pool, &stored);
    row->key.version = stored.version;
    return status == WARD_OK ? ward_store_crypto_key_update(session, &row->key) : status;
}

static void *write_and_deploy(void *arg)
{
    struct writer *writer = arg;
    struct fixture *f = writer->s->f;
    char alias[32];
    for (int i = 0; i < 15; i++) {
        struct row row = *writer->row;
        WARD_POOL pool = ward_pool_new(1 << 20);
        struct ward_deployment done;
        snprintf(alias, sizeof(alias), "%u-%d", writer->number, i);
        row.entries[0].alias = ward_span_of(alias);
        row.key.entries = row.entries;
        assert_ok(ward_store_write(f->store, bump_in, &row, NULL));
        const struct ward_deployment_change change = { .kind = WARD_DEPLOYED_KEY,
                                                       .object_id = row.key.id,
                                                       .environment_id = row.entries[0].environment_id };
        assert_ok(ward_deployer_apply(writer->s->deployer, &change, 1, &pool, &done));
        assert_true(done.is_success);
    }
    return NULL;
}

static enum ward_status read_alias_in(struct ward_store_session *session, void *arg)
{
    struct row *row = arg;
    return ward_store_crypto_key_get(session, &row->key.id, &row->s->f->pool, &row->key);
}

static void test_the_last_commit_is_what_stays_deployed(void **state)
{
    struct scene *s = *state;
    struct row *row = make_crypto_key(s, "key", SECRET_3, &s->production);
    struct writer writers[4];
    pthread_t threads[4];
    for (unsigned i = 0; i < 4; i++) {
        writers[i] = (struct writer){ s, row, i };
        assert_int_equal(pthread_create(&threads[i], NULL, write_and_deploy, &writers[i]), 0);
    }
    for (size_t i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
    }
    struct row stored = *row;
    assert_ok(ward_store_read(s->f->store, read_alias_in, &stored));
    const struct ward_keyset_entry *entry = ward_keyset_find(keyset_of(s, &s->production), &s->f->made.project.id,
                                                             WARD_DEPLOYED_KEY, WARD_SPAN("key"));
    assert_true(ward_span_equal(entry->object.alias, stored.key.entries[0].alias));
    ward_keyset_release(entry);
}

static void test_a_thousand_jwks_in_one_deployment(void **state)
{
    struct scene *s = *state;
    enum { JWKS = 1000 };
    struct ward_deployment_change *changes = ward_pool_alloc(&s->f->pool, JWKS * sizeof(*changes));
    char name[32];
    for (int i = 0; i < JWKS; i++) {
        snprintf(name, sizeof(name), "jwk-%d", i);
        struct row *row = make_oct_jwk(s, name, &s->f->made.project);
        changes[i] = (struct ward_deployment_change){ .kind = WARD_DEPLOYED_JWK,
                                                      .object_id = row->jwk.id,
                                                      .is_everywhere = true };
    }
    uint64_t before = stats_of(s).deployments;
    struct ward_deployment done = deploy(s, changes, JWKS);
    assert_true(done.is_success);
    assert_int_equal(done.environment_count, 1);
    assert_int_equal(stats_of(s).jwks, JWKS);
    assert_int_equal(stats_of(s).deployments, before + 1); /* one batch */
}

static void test_out_of_memory(void **state)
{
    struct scene *s = *state;
    struct row *row = make_crypto_key(s, "key", SECRET_3, &s->production);
    const struct ward_deployment_change change = { .kind = WARD_DEPLOYED_KEY,
                                                   .object_id = row->key.id,
                                                   .environment_id = s->production.id };
    bool is_done = false;
    for (long n = 0; !is_done; n++) {
        struct ward_deployment done = { .is_success = false };
        allocations_left = n;
        enum ward_status status = ward_deployer_apply(s->deployer, &change, 1, &s->f->pool, &done);
        is_done = status == WARD_OK && done.is_success && allocations_left > 0;
        allocations_left = -1;
        assert_true(n < 300);
        if (status == WARD_OK && !done.is_success) {
            assert_non_null(done.environments[0].detail.data);
        }
    }
    wait_until_level(s);
    assert_int_equal(deployed_bits(s, &s->production, "key"), 24);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_scene, close_scene)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_key_is_deployed),
        TEST(test_the_present_state_is_deployed),
        TEST(test_an_entry_that_left_is_undeployed),
        TEST(test_a_jwk_goes_where_its_project_reaches),
        TEST(test_a_start_makes_up_for_what_was_missed),
        TEST(test_many_objects_at_a_start),
        TEST(test_a_full_disk_is_said_and_made_up_for),
        TEST(test_a_replica_that_is_gone),
        TEST(test_the_embedded_directory_is_made_again),
        TEST(test_environments_come_and_go),
        TEST(test_left_over_files_are_swept),
        TEST(test_a_project_that_ends_takes_its_keys_along),
        TEST(test_the_last_commit_is_what_stays_deployed),
        TEST(test_a_thousand_jwks_in_one_deployment),
        TEST(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
