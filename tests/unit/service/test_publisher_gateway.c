/* Stages, plans and relations as verifiers find them: after a restart, in large numbers, without room, out of memory,
 * and when the table rots. */
#include "gateway_fixture.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

static struct gateway accepted_gateway(struct fixture *f, const char *code)
{
    struct gateway g = make_gateway(f, code);
    assert_ok(subscribe(f, &g.stranger, &g.key, &g.product));
    if (strcmp(code, "PROTECTED") == 0) {
        assert_ok(decide(f, &g.owner, &g.product, &g.key, "ACCEPTED"));
    }
    return g;
}

static void give_plan(struct fixture *f, const struct gateway *g, const struct ward_usage_plan *plan)
{
    struct ward_stage_path path = path_of(&g->product, &g->api, &g->stage);
    assert_ok(ward_service_stage_associate(CALL(f, &g->owner), &path, true, id_text(&plan->id)));
    assert_ok(ward_service_subscription_choose_plan(CALL(f, &g->owner), id_text(&g->product.id), id_text(&g->key.id),
                                                    id_text(&g->stage.id), true, id_text(&plan->id)));
}

static void test_a_restart_derives_the_same(void **state)
{
    struct fixture *f = *state;
    struct gateway a = accepted_gateway(f, "PROTECTED"), b = accepted_gateway(f, "PUBLIC"),
                   c = make_gateway(f, "PUBLIC");
    struct gateway d = accepted_gateway(f, "PROTECTED");
    struct ward_usage_plan plan = make_plan(f, &f->admin, "one", 1, 5);
    assert_ok(decide(f, &d.owner, &d.product, &d.key, "REJECTED"));
    give_plan(f, &a, &plan);
    assert_on_stage(WARD_VERDICT_VALID, f, &a.key, &a.stage);
    for (int i = 0; i < 2; i++) {
        struct ward_verdict verdict = verdict_on_stage(f, &a.key, &a.stage.id);
        assert_reason(WARD_VERDICT_QUOTA_EXCEEDED, verdict.reason); /* what was used stays used */
        assert_int_equal(ward_key_id_pack(&plan.id), verdict.plan.plan);
        assert_int_equal(ward_key_id_pack(&a.product.id), verdict.plan.product);
        assert_int_equal(ward_key_id_pack(&a.api.id), verdict.plan.api);
        assert_on_stage(WARD_VERDICT_VALID, f, &b.key, &b.stage);
        assert_true(verdict_on_stage(f, &c.key, &c.stage.id).needs_subscription);
        assert_on_stage(WARD_VERDICT_NOT_SUBSCRIBED, f, &d.key, &d.stage);
        assert_on_stage(WARD_VERDICT_NOT_SUBSCRIBED, f, &b.key, &a.stage);
        restart(f);
    }
}

/* Two writes of one batch touch one product: what the second makes is derived with what the first made. */
static void test_a_key_that_is_accepted_finds_later_stages(void **state)
{
    struct fixture *f = *state;
    struct gateway g = accepted_gateway(f, "PROTECTED");
    for (int i = 0; i < 5; i++) {
        char name[8];
        snprintf(name, sizeof(name), "s%d", i);
        struct ward_stage stage = make_stage(f, &g.owner, &g.product, &g.api, name);
        assert_on_stage(WARD_VERDICT_VALID, f, &g.key, &stage);
    }
    assert_ok(unsubscribe(f, &g.stranger, &g.key, &g.product));
    assert_on_stage(WARD_VERDICT_NOT_SUBSCRIBED, f, &g.key, &g.stage);
}

/* ---- in large numbers: one change, a relation for every key ---- */

enum { KEYS = 3000 };

struct many {
    const struct ward_product *product;
    const struct ward_api_key *key; /* the others are like it, without values */
};

static enum ward_status insert_many_in(struct ward_store_session *session, void *arg)
{
    struct many *many = arg;
    for (int i = 0; i < KEYS; i++) {
        struct ward_subscription subscription = {
            .product_id = many->product->id, .status = WARD_SUBSCRIPTION_ACCEPTED, .is_implicit = true, .version = 1
        };
        snprintf(subscription.key_id.text, sizeof(subscription.key_id.text), "k%09d", i);
        struct ward_api_key key = *many->key;
        key.id = subscription.key_id;
        for (int slot = 0; slot < WARD_SLOT_COUNT; slot++) {
            key.lookups[slot] = key.sealed[slot] = WARD_SPAN_NONE;
        }
        enum ward_status status = ward_store_key_insert(session, &key);
        if (status == WARD_OK) {
            status = ward_store_subscription_insert(session, &subscription);
        }
        if (status != WARD_OK) {
            return status;
        }
    }
    return WARD_OK;
}

static bool has_relation(struct fixture *f, int number, const struct ward_key_id *stage)
{
    struct ward_key_id key;
    struct ward_lookup lookup;
    struct ward_record record;
    snprintf(key.text, sizeof(key.text), "k%09d", number);
    ward_relation_lookup(f->hash, ward_key_id_pack(&key), ward_key_id_pack(stage), &lookup);
    assert_true(ward_table_reader_refresh(f->verifier.reader));
    return ward_table_find(f->verifier.reader, &lookup, &record) == WARD_TABLE_FOUND;
}

static void assert_relations(struct fixture *f, const struct ward_key_id *stage, bool expected)
{
    for (int i = 0; i < KEYS; i++) {
        assert_int_equal(expected, has_relation(f, i, stage));
    }
}

static void test_one_change_for_thousands_of_keys(void **state)
{
    struct fixture *f = *state;
    struct gateway g = make_gateway(f, "PUBLIC");
    struct many many = { .product = &g.product, .key = &g.key };
    assert_ok(ward_store_write(f->store, insert_many_in, &many, NULL));
    struct ward_stage stage = make_stage(f, &g.owner, &g.product, &g.api, "v2");
    assert_relations(f, &stage.id, true);
    struct ward_stage_path path = path_of(&g.product, &g.api, &stage);
    assert_ok(ward_service_stage_delete(CALL(f, &g.owner), &path));
    assert_relations(f, &stage.id, false);
    stage = make_stage(f, &g.owner, &g.product, &g.api, "v3");
    assert_ok(set_code(f, &g.owner, &g.product, "PROTECTED"));
    assert_relations(f, &stage.id, false);
}

/* ---- no room: refused, not acknowledged and not obeyed ---- */

static int refuse_file(int fd, off_t offset, off_t size)
{
    (void)fd;
    (void)offset;
    (void)size;
    return 28; /* ENOSPC */
}

static void test_without_room_a_stage_is_refused(void **state)
{
    struct fixture *f = *state;
    struct gateway g = accepted_gateway(f, "PUBLIC");
    struct many many = { .product = &g.product, .key = &g.key };
    assert_ok(ward_store_write(f->store, insert_many_in, &many, NULL));
    int (*real_allocate_file)(int fd, off_t offset, off_t size) = ward_seam.allocate_file;
    struct ward_stage_path path = path_of(&g.product, &g.api, NULL);
    enum ward_status status = WARD_OK;
    struct ward_stage stage;
    uint64_t before = 0;
    ward_seam.allocate_file = refuse_file;
    for (int i = 0; i < 100 && status == WARD_OK; i++) {
        struct ward_stage_input input = { .has_name = true,
                                          .has_endpoint_domain = true,
                                          .name = WARD_SPAN("more"),
                                          .endpoint_domain = WARD_SPAN("https://back.example") };
        before = revision_now(f);
        status = ward_service_stage_create(CALL(f, &g.owner), &path, &input, &stage);
        if (status == WARD_OK) {
            assert_relations(f, &stage.id, true);
        }
    }
    ward_seam.allocate_file = real_allocate_file;
    assert_true(status == WARD_IO || status == WARD_UNAVAILABLE);
    assert_int_equal(before, revision_now(f));
    assert_on_stage(WARD_VERDICT_VALID, f, &g.key, &g.stage);
    stage = make_stage(f, &g.owner, &g.product, &g.api, "room");
    assert_on_stage(WARD_VERDICT_VALID, f, &g.key, &stage);
}

/* ---- memory ---- */

static void *(*real_allocate)(size_t size);
static void *(*real_reallocate)(void *old, size_t size);
static unsigned allocations_left;

static void *allocate_some(size_t size)
{
    return allocations_left && allocations_left-- ? real_allocate(size) : NULL;
}

static void *reallocate_some(void *old, size_t size)
{
    return allocations_left && allocations_left-- ? real_reallocate(old, size) : NULL;
}

static enum ward_status with_allocations(struct fixture *f, const struct gateway *g, unsigned n, const char *decision)
{
    WARD_POOL pool = ward_pool_new(1024 * 1024);
    struct ward_gateway_call call = { .service = f->service, .who = &g->owner, .pool = &pool };
    allocations_left = n;
    ward_seam.allocate = allocate_some;
    ward_seam.reallocate = reallocate_some;
    enum ward_status status = ward_service_subscription_decide(&call, id_text(&g->product.id), id_text(&g->key.id),
                                                               true, ward_span_of(decision));
    ward_seam.allocate = real_allocate;
    ward_seam.reallocate = real_reallocate;
    return status;
}

/* Whichever allocation fails: a decision is refused whole, or it is acknowledged and obeyed. */
static void test_out_of_memory_is_refused_or_obeyed(void **state)
{
    struct fixture *f = *state;
    struct gateway g = accepted_gateway(f, "PROTECTED");
    real_allocate = ward_seam.allocate;
    real_reallocate = ward_seam.reallocate;
    bool is_accepted = true;
    unsigned refused = 0;
    for (unsigned n = 0; n < 60; n++) {
        if (with_allocations(f, &g, n, is_accepted ? "REJECTED" : "ACCEPTED") == WARD_OK) {
            is_accepted = !is_accepted;
        } else {
            refused++;
        }
        assert_on_stage(is_accepted ? WARD_VERDICT_VALID : WARD_VERDICT_NOT_SUBSCRIBED, f, &g.key, &g.stage);
    }
    assert_true(refused > 0 && refused < 60);
}

/* ---- rot: what was derived is derived again ---- */

/* Turn a bit in the record of a relation, wherever it lies. */
static void rot_relation(struct fixture *f, const struct gateway *g)
{
    char path[96];
    struct ward_lookup lookup;
    struct stat facts;
    size_t found = 0;
    ward_relation_lookup(f->hash, ward_key_id_pack(&g->key.id), ward_key_id_pack(&g->stage.id), &lookup);
    snprintf(path, sizeof(path), "%s/table", f->directory);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(0, fstat(fd, &facts));
    uint8_t *bytes = mmap(NULL, (size_t)facts.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    assert_true(bytes != MAP_FAILED);
    for (size_t at = 0; at + WARD_LOOKUP_BYTES < (size_t)facts.st_size; at += 8) {
        if (memcmp(bytes + at, lookup.bytes, WARD_LOOKUP_BYTES) == 0) {
            bytes[at + WARD_LOOKUP_BYTES] ^= 1;
            found++;
        }
    }
    assert_int_equal(1, found);
    munmap(bytes, (size_t)facts.st_size);
    close(fd);
}

static void test_a_table_that_rots_is_derived_anew(void **state)
{
    struct fixture *f = *state;
    struct gateway g = accepted_gateway(f, "PROTECTED"), other = accepted_gateway(f, "PUBLIC");
    struct ward_usage_plan plan = make_plan(f, &f->admin, "many", 1000000, 1000000);
    give_plan(f, &g, &plan);
    assert_ok(ward_publisher_upkeep_start(f->publisher));
    assert_on_stage(WARD_VERDICT_VALID, f, &g.key, &g.stage);
    rot_relation(f, &g);
    assert_string_not_equal("valid", ward_reason_name(verdict_on_stage(f, &g.key, &g.stage.id).reason));
    struct ward_verdict verdict = { 0 };
    for (int i = 0; i < 3000 && verdict.reason != WARD_VERDICT_VALID; i++) {
        usleep(10000); /* the upkeep's thread rests in real time */
        ward_publisher_heartbeat(f->publisher);
        verdict = verdict_on_stage(f, &g.key, &g.stage.id);
    }
    assert_reason(WARD_VERDICT_VALID, verdict.reason);
    assert_int_equal(ward_key_id_pack(&plan.id), verdict.plan.plan);
    assert_on_stage(WARD_VERDICT_VALID, f, &other.key, &other.stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test_case(test_a_restart_derives_the_same),         test_case(test_a_key_that_is_accepted_finds_later_stages),
        test_case(test_one_change_for_thousands_of_keys),   test_case(test_without_room_a_stage_is_refused),
        test_case(test_out_of_memory_is_refused_or_obeyed), test_case(test_a_table_that_rots_is_derived_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
