/* What tests of stages share: a table with one key, one stage, one plan, and what a test says of them. */
#ifndef WARD_TESTS_VERIFY_PLAN_SUPPORT_H
#define WARD_TESTS_VERIFY_PLAN_SUPPORT_H

#include "../table/support.h"

#include "model/key_id.h"
#include "verify/verify.h"

#define NOW    INT64_C(1763803800000) /* 2025-11-22T09:30:00Z, half past six in the evening in Seoul */
#define BOOT   INT64_C(5000000)
#define DAY_MS INT64_C(86400000)

enum { PRODUCT = 11, API = 22, STAGE = 33, PLAN = 44, KEY = 55, OTHER = 66 };

static int64_t wall_now;

static inline int64_t wall_clock(void)
{
    return wall_now;
}

static inline int64_t boot_clock(void)
{
    return BOOT;
}

struct gate {
    struct scene scene;
    struct ward_keyed_hash *hash;
    struct ward_table_writer *writer;
    struct ward_verifier verifier;
    uint64_t revision;
};

static struct ward_uuid owner_account, owner_project, caller_account, caller_project;

static inline void publish(struct gate *gate)
{
    assert_ok(ward_table_publish(gate->writer, ++gate->revision));
}

static inline int setup(void **state)
{
    static struct gate gate;
    memset(&gate, 0, sizeof(gate));
    scene_open(&gate.scene);
    ward_seam.now_ms = wall_clock;
    ward_seam.boot_ms = boot_clock;
    wall_now = NOW;
    owner_account = uuid_of(1, 1);
    owner_project = uuid_of(2, 1);
    caller_account = uuid_of(3, 1);
    caller_project = uuid_of(4, 1);

    uint8_t root[WARD_ROOT_KEY_BYTES];
    struct ward_keyring *keyring;
    assert_ok(ward_random(root, sizeof(root)));
    assert_ok(ward_keyring_from_bytes(root, &keyring));
    assert_ok(ward_keyed_hash_lookup(keyring, &gate.hash));
    ward_keyring_close(keyring);
    assert_ok(ward_table_writer_open(gate.scene.directory, 10, 1000, &gate.writer));
    const struct ward_zone seoul = { 32400, 32400, 0 };
    ward_table_zone_set(gate.writer, &seoul);
    publish(&gate);
    assert_ok(ward_verifier_open(gate.scene.directory, gate.hash, 3000, &gate.verifier));
    *state = &gate;
    return 0;
}

static inline int teardown(void **state)
{
    struct gate *gate = *state;
    ward_verifier_close(&gate->verifier);
    ward_table_writer_close(gate->writer);
    ward_keyed_hash_free(gate->hash);
    scene_close(&gate->scene);
    return 0;
}

/* What a test says; the rest is that of a subscribed key without any limit. */
struct world {
    bool is_key_disabled, is_expired, is_key_project_closed;
    bool is_stage_project_closed, is_public, is_maintenance;
    enum ward_acl_code acl_code;
    const char *acl_list;
    bool is_unsubscribed;
    uint64_t key_limit;
    uint32_t throttle_rps;
    bool has_plan;
    struct ward_plan_terms terms;
};

#define NO_TERMS .terms = { .day_quota = WARD_QUOTA_NONE, .month_quota = WARD_QUOTA_NONE }

static inline void put_key_of(struct gate *gate, const struct world *world)
{
    struct ward_table_entry entry = {
        .kind = WARD_RECORD_API_KEY,
        .scope = { caller_account, caller_project, !world->is_key_project_closed, false },
        .flags = world->is_key_disabled ? 0 : WARD_RECORD_ENABLED,
        .expires_ms = world->is_expired ? NOW : WARD_TIME_NONE,
        .limit = world->key_limit,
        .ttl_s = 60,
    };
    entry.id.bytes[0] = KEY;
    ward_keyed_hash(gate->hash, WARD_SPAN("a value"), &entry.lookup);
    assert_ok(ward_table_put(gate->writer, &entry));
}

static inline void put_stage_of(struct gate *gate, const struct world *world)
{
    const struct ward_stage_body body = { .acl_code = world->acl_code,
                                          .acl_list = ward_span_of(world->acl_list != NULL ? world->acl_list : ""),
                                          .status = 418,
                                          .response = WARD_SPAN("closed for today") };
    struct ward_buffer packed = ward_buffer_new(1000);
    struct ward_lookup lookup;
    ward_stage_body_encode(&body, &packed);
    assert_ok(packed.status);
    struct ward_table_stage stage = { .product = PRODUCT,
                                      .api = API,
                                      .stage = STAGE,
                                      .is_public = world->is_public,
                                      .is_maintenance = world->is_maintenance,
                                      .has_acl = world->acl_code != WARD_ACL_NONE,
                                      .throttle_rps = world->throttle_rps,
                                      .scope = { owner_account, owner_project, !world->is_stage_project_closed,
                                                 false } };
    stage.terms = world->has_plan ? WARD_PLAN_TERMS_NONE : world->terms;
    if (stage.has_acl || stage.is_maintenance)
        stage.body = ward_buffer_span(&packed);
    ward_stage_lookup(gate->hash, STAGE, &lookup);
    assert_ok(ward_table_put_stage(gate->writer, &lookup, &stage));
    ward_buffer_free(&packed);
}

static inline void put_relation_of(struct gate *gate, const struct world *world)
{
    struct ward_lookup lookup;
    const struct ward_table_plan plan = { .plan = PLAN, .terms = world->terms };
    ward_plan_lookup(gate->hash, PLAN, &lookup);
    assert_ok(ward_table_put_plan(gate->writer, &lookup, &plan));
    const struct ward_table_relation relation = { .key = KEY, .stage = STAGE, .plan = world->has_plan ? PLAN : 0 };
    ward_relation_lookup(gate->hash, KEY, STAGE, &lookup);
    if (world->is_unsubscribed)
        ward_table_remove(gate->writer, &lookup);
    else
        assert_ok(ward_table_put_relation(gate->writer, &lookup, &relation));
}

static inline void put_world(struct gate *gate, const struct world *world)
{
    assert_ok(ward_table_reserve(gate->writer, 4, 4000));
    put_key_of(gate, world);
    put_stage_of(gate, world);
    put_relation_of(gate, world);
    publish(gate);
}

static const struct ward_stage_ref plain = { .stage = STAGE };

static inline struct ward_presented present(const struct ward_stage_ref *stage)
{
    return (struct ward_presented){ .kind = WARD_RECORD_API_KEY, .value = WARD_SPAN("a value"), .stage = stage };
}

#endif
