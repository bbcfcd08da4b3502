/* Every verdict for its exact reason, in the order of verify.h. */
#include "../table/support.h"

#include <sys/mman.h>

#include "base/limits.h"
#include "model/key_id.h"
#include "table/layout.h"
#include "table/proxy.h"
#include "verify/expiry.h"
#include "verify/verify.h"

enum { STEPS_AHEAD_MAX = 4 }; /* index, record, body, and one more */

#define NOW  INT64_C(1700000000000)
#define BOOT INT64_C(5000000)

static int64_t wall_now, boot_now;

static int64_t wall_clock(void)
{
    return wall_now;
}

static int64_t boot_clock(void)
{
    return boot_now;
}

struct gate {
    struct scene scene;
    struct ward_keyed_hash *hash;
    struct ward_table_writer *writer;
    struct ward_verifier verifier;
    uint64_t revision;
};

static struct ward_uuid account, project, other;

static int setup(void **state)
{
    static struct gate gate;
    memset(&gate, 0, sizeof(gate));
    scene_open(&gate.scene);
    ward_seam.now_ms = wall_clock;
    ward_seam.boot_ms = boot_clock;
    wall_now = NOW;
    boot_now = BOOT;
    account = uuid_of(1, 1);
    project = uuid_of(2, 1);
    other = uuid_of(3, 1);

    uint8_t root[WARD_ROOT_KEY_BYTES];
    struct ward_keyring *keyring;
    assert_ok(ward_random(root, sizeof(root)));
    assert_ok(ward_keyring_from_bytes(root, &keyring));
    assert_ok(ward_keyed_hash_lookup(keyring, &gate.hash));
    ward_keyring_close(keyring);
    assert_ok(ward_table_writer_open(gate.scene.directory, 10, 1000, &gate.writer));
    assert_ok(ward_table_publish(gate.writer, 1));
    assert_ok(ward_verifier_open(gate.scene.directory, gate.hash, 3000, &gate.verifier));
    *state = &gate;
    return 0;
}

static int teardown(void **state)
{
    struct gate *gate = *state;
    ward_verifier_close(&gate->verifier);
    ward_table_writer_close(gate->writer);
    ward_keyed_hash_free(gate->hash);
    scene_close(&gate->scene);
    return 0;
}

/* What a test says of a key; the rest is that of a good one. */
struct key {
    const char *value;
    enum ward_record_kind kind;
    uint8_t flags;
    int64_t expires_ms;
    bool is_project_closed;
    uint64_t limit;
    const char *domains;
};

static struct key good_key(const char *value)
{
    return (struct key){
        .value = value, .kind = WARD_RECORD_API_KEY, .flags = WARD_RECORD_ENABLED, .expires_ms = WARD_TIME_NONE
    };
}

static void put(struct gate *gate, const struct key *key)
{
    struct ward_body body = { .name = WARD_SPAN("a key"),
                              .metadata = WARD_SPAN("{}"),
                              .domains = ward_span_of(key->domains),
                              .reply = WARD_SPAN(",\"name\":\"a key\"}") };
    struct ward_buffer packed = ward_buffer_new(1000);
    ward_body_encode(&body, &packed);
    struct ward_key_id id;
    assert_true(ward_key_id_parse(WARD_SPAN("abcdefgh12"), &id));
    struct ward_table_entry entry = {
        .kind = key->kind,
        .scope = { .account_id = account, .project_id = project, .is_active = !key->is_project_closed },
        .flags = key->flags | (key->domains != NULL ? WARD_RECORD_HAS_DOMAINS : 0),
        .role = 2,
        .slot = 1,
        .expires_ms = key->expires_ms,
        .limit = key->limit,
        .ttl_s = 60,
        .revision = ++gate->revision,
        .body = ward_buffer_span(&packed),
    };
    uint64_t number = ward_key_id_pack(&id);
    for (size_t i = 0; i < 8; i++)
        entry.id.bytes[i] = (uint8_t)(number >> (8 * i));
    ward_keyed_hash(gate->hash, ward_span_of(key->value), &entry.lookup);
    assert_ok(ward_table_reserve(gate->writer, 1, packed.size));
    assert_ok(ward_table_put(gate->writer, &entry));
    assert_ok(ward_table_publish(gate->writer, gate->revision));
    ward_buffer_free(&packed);
}

static struct ward_presented present(const char *value)
{
    return (struct ward_presented){ .kind = WARD_RECORD_API_KEY, .value = ward_span_of(value), .wants_body = true };
}

static unsigned steps_ahead; /* every test runs with some: what is foreseen changes no verdict */

static struct ward_verdict verify(struct gate *gate, const struct ward_presented *presented)
{
    struct ward_presented ahead = *presented;
    struct ward_foresight foresight = { .value = presented->value };
    for (unsigned i = 0; i < steps_ahead; i++)
        (void)ward_verify_foresee(&gate->verifier, &foresight);
    ahead.foresight = steps_ahead > 0 ? &foresight : NULL;
    struct ward_verdict verdict;
    memset(&verdict, 0xff, sizeof(verdict)); /* whatever was there before must not let anybody in */
    ward_verify(&gate->verifier, &ahead, wall_now, &verdict);
    return verdict;
}

static enum ward_reason reason_of(struct gate *gate, const char *value)
{
    struct ward_presented presented = present(value);
    return verify(gate, &presented).reason;
}

static void a_good_key_is_valid(void **state)
{
    struct gate *gate = *state;
    struct key key = good_key("live_good");
    put(gate, &key);
    struct ward_presented presented = present("live_good");
    struct ward_verdict verdict = verify(gate, &presented);
    assert_int_equal(verdict.reason, WARD_VERDICT_VALID);
    assert_true(verdict.has_record);
    assert_false(verdict.has_limit);
    assert_false(verdict.is_foreign);
    assert_int_equal(verdict.revision, gate->revision);
    assert_int_equal(verdict.record.role, 2);
    assert_int_equal(verdict.record.slot, 1);
    assert_true(ward_span_equal(verdict.body.name, WARD_SPAN("a key")));
    assert_true(ward_span_equal(verdict.body.reply, WARD_SPAN(",\"name\":\"a key\"}")));
    assert_null(verdict.body.custom_user_id.data);
    assert_true(ward_uuid_equal(&verdict.scope.project_id, &project));
    char id[11];
    ward_verdict_key_id(&verdict, id);
    assert_string_equal(id, "abcdefgh12");
}

static void zero_denies(void **state)
{
    (void)state;
    struct ward_verdict verdict = { 0 };
    assert_int_not_equal(verdict.reason, WARD_VERDICT_VALID);
}

static void every_refusal_has_its_reason(void **state)
{
    struct gate *gate = *state;
    static const struct {
        const char *what;
        struct key key;
        enum ward_reason reason;
    } rows[] = {
        { "disabled", { "v", WARD_RECORD_API_KEY, 0, WARD_TIME_NONE, false, 0, NULL }, WARD_VERDICT_DISABLED },
        { "expired", { "v", WARD_RECORD_API_KEY, WARD_RECORD_ENABLED, NOW - 1, false, 0, NULL }, WARD_VERDICT_EXPIRED },
        { "in the millisecond it expires",
          { "v", WARD_RECORD_API_KEY, WARD_RECORD_ENABLED, NOW, false, 0, NULL },
          WARD_VERDICT_EXPIRED },
        { "in the one before",
          { "v", WARD_RECORD_API_KEY, WARD_RECORD_ENABLED, NOW + 1, false, 0, NULL },
          WARD_VERDICT_VALID },
        { "closed project",
          { "v", WARD_RECORD_API_KEY, WARD_RECORD_ENABLED, WARD_TIME_NONE, true, 0, NULL },
          WARD_VERDICT_PROJECT_INACTIVE },
        { "another kind",
          { "v", WARD_RECORD_ACCESS_KEY, WARD_RECORD_ENABLED, WARD_TIME_NONE, false, 0, NULL },
          WARD_VERDICT_UNKNOWN },
        { "no origin",
          { "v", WARD_RECORD_API_KEY, WARD_RECORD_ENABLED, WARD_TIME_NONE, false, 0, "[\"example.com\"]" },
          WARD_VERDICT_ORIGIN_NOT_ALLOWED },
        /* Of several reasons, the first in order. */
        { "disabled, expired, closed", { "v", WARD_RECORD_API_KEY, 0, NOW, true, 1, "[]" }, WARD_VERDICT_DISABLED },
        { "expired, closed, no origin",
          { "v", WARD_RECORD_API_KEY, WARD_RECORD_ENABLED, NOW, true, 1, "[]" },
          WARD_VERDICT_EXPIRED },
        { "closed, no origin",
          { "v", WARD_RECORD_API_KEY, WARD_RECORD_ENABLED, WARD_TIME_NONE, true, 1, "[]" },
          WARD_VERDICT_PROJECT_INACTIVE },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        put(gate, &rows[i].key);
        enum ward_reason reason = reason_of(gate, "v");
        if (reason != rows[i].reason)
            fail_msg("%s: %s", rows[i].what, ward_reason_name(reason));
    }
}

static void a_malformed_value_is_malformed_even_in_a_dead_table(void **state)
{
    struct gate *gate = *state;
    char text[WARD_KEY_VALUE_MAX + 2];
    memset(text, 'a', sizeof(text));
    boot_now += 1000000;
    struct ward_presented presented = present("");
    presented.value = WARD_SPAN_NONE;
    assert_int_equal(verify(gate, &presented).reason, WARD_VERDICT_MALFORMED);
    presented.value = WARD_SPAN("");
    assert_int_equal(verify(gate, &presented).reason, WARD_VERDICT_MALFORMED);
    presented.value = ward_span(text, WARD_KEY_VALUE_MAX + 1);
    assert_int_equal(verify(gate, &presented).reason, WARD_VERDICT_MALFORMED);
    presented.value = ward_span(text, WARD_KEY_VALUE_MAX);
    assert_int_equal(verify(gate, &presented).reason, WARD_VERDICT_STALE);
    boot_now = BOOT;
    assert_int_equal(verify(gate, &presented).reason, WARD_VERDICT_UNKNOWN);
}

static void unknown_is_a_whole_value_away(void **state)
{
    struct gate *gate = *state;
    struct key key = good_key("live_good");
    put(gate, &key);
    static const char *const values[] = { "live_goo", "live_good ", "LIVE_good", "live_gooe", "x" };
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        struct ward_presented presented = present(values[i]);
        struct ward_verdict verdict = verify(gate, &presented);
        assert_int_equal(verdict.reason, WARD_VERDICT_UNKNOWN);
        assert_false(verdict.has_record);
        assert_int_equal(verdict.revision, gate->revision);
    }
}

static void a_foreign_key_is_unknown_and_counts_nothing(void **state)
{
    struct gate *gate = *state;
    struct key key = good_key("v");
    key.limit = 1;
    put(gate, &key);
    struct ward_presented presented = present("v");
    presented.account = &other;
    struct ward_verdict verdict = verify(gate, &presented);
    assert_int_equal(verdict.reason, WARD_VERDICT_UNKNOWN);
    assert_true(verdict.is_foreign);
    assert_true(verdict.has_record);
    assert_false(verdict.has_limit);
    presented.account = &account;
    presented.project = &other;
    verdict = verify(gate, &presented);
    assert_int_equal(verdict.reason, WARD_VERDICT_UNKNOWN);
    assert_true(verdict.is_foreign);
    presented.project = &project;
    verdict = verify(gate, &presented);
    assert_int_equal(verdict.reason, WARD_VERDICT_VALID);
    assert_int_equal(verdict.limit.consumed, 1);
    assert_false(verdict.is_foreign);
}

static void origins_are_held_against_the_list(void **state)
{
    struct gate *gate = *state;
    struct key key = good_key("v");
    key.domains = "[\"example.com\",\"*.example.org\"]";
    put(gate, &key);
    static const struct {
        struct ward_span origin;
        bool skip;
        enum ward_reason reason;
    } rows[] = {
        { { "https://example.com", 19 }, false, WARD_VERDICT_VALID },
        { { "a.example.org", 13 }, false, WARD_VERDICT_VALID },
        { { "https://example.net", 19 }, false, WARD_VERDICT_ORIGIN_NOT_ALLOWED },
        { { "", 0 }, false, WARD_VERDICT_ORIGIN_NOT_ALLOWED },
        { { NULL, 0 }, false, WARD_VERDICT_ORIGIN_NOT_ALLOWED },
        { { NULL, 0 }, true, WARD_VERDICT_VALID },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ward_presented presented = present("v");
        presented.origin = rows[i].origin;
        presented.skip_origin = rows[i].skip;
        assert_int_equal(verify(gate, &presented).reason, rows[i].reason);
    }
}

static void put_proxy(struct gate *gate, const struct ward_proxy_pair *pair, bool is_active)
{
    const struct ward_api_proxy_deployment deployments[] = {
        { { "0123456789abcdef01234567" }, WARD_SPAN("production"), .is_deployed = true },
        { { "1123456789abcdef01234567" }, WARD_SPAN("test"), .is_deployed = false },
    };
    const struct ward_api_proxy proxy = { .id = { "0123456789abcdef01234567" },
                                          .account_id = account,
                                          .project_id = project,
                                          .is_scope_active = is_active,
                                          .name = WARD_SPAN("pets"),
                                          .deployments = deployments,
                                          .deployment_count = 2 };
    struct ward_buffer packed = ward_buffer_new(1000);
    struct ward_lookup lookup;
    ward_proxy_body_encode(&proxy, &packed);
    ward_proxy_lookup(gate->hash, pair, &lookup);
    const struct ward_table_entry entry = ward_proxy_entry(&proxy, &lookup, ward_buffer_span(&packed),
                                                           ++gate->revision);
    assert_ok(ward_table_reserve(gate->writer, 1, packed.size));
    assert_ok(ward_table_put(gate->writer, &entry));
    assert_ok(ward_table_publish(gate->writer, gate->revision));
    ward_buffer_free(&packed);
}

static void a_pair_is_its_proxys(void **state)
{
    struct gate *gate = *state;
    const struct ward_proxy_pair pair = { WARD_SPAN("ak_1"), WARD_SPAN("sk_1") };
    const struct ward_proxy_pair wrong = { WARD_SPAN("ak_1"), WARD_SPAN("sk_2") },
                                 half = { .public_key = WARD_SPAN("ak_1") };
    const struct {
        const struct ward_proxy_pair *pair;
        struct ward_span proxy, environment;
        bool is_closed;
        enum ward_reason reason;
    } rows[] = {
        { &pair, WARD_SPAN_NONE, WARD_SPAN_NONE, false, WARD_VERDICT_VALID },
        { &pair, WARD_SPAN("pets"), WARD_SPAN("production"), false, WARD_VERDICT_VALID },
        { &pair, WARD_SPAN_NONE, WARD_SPAN("0123456789abcdef01234567"), false, WARD_VERDICT_VALID },
        { &pair, WARD_SPAN_NONE, WARD_SPAN("test"), false, WARD_VERDICT_WRONG_ENVIRONMENT },
        { &pair, WARD_SPAN_NONE, WARD_SPAN("live"), false, WARD_VERDICT_WRONG_ENVIRONMENT },
        { &pair, WARD_SPAN_NONE, WARD_SPAN(""), false, WARD_VERDICT_WRONG_ENVIRONMENT },
        { &pair, WARD_SPAN("cats"), WARD_SPAN("production"), false, WARD_VERDICT_UNKNOWN },
        { &pair, WARD_SPAN(""), WARD_SPAN_NONE, false, WARD_VERDICT_UNKNOWN },
        { &wrong, WARD_SPAN_NONE, WARD_SPAN_NONE, false, WARD_VERDICT_UNKNOWN },
        { &half, WARD_SPAN_NONE, WARD_SPAN_NONE, false, WARD_VERDICT_MALFORMED },
        { &pair, WARD_SPAN_NONE, WARD_SPAN("test"), true, WARD_VERDICT_PROJECT_INACTIVE },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        put_proxy(gate, &pair, !rows[i].is_closed);
        const struct ward_presented presented = { .kind = WARD_RECORD_API_PROXY,
                                                  .pair = rows[i].pair,
                                                  .proxy = rows[i].proxy,
                                                  .environment = rows[i].environment };
        struct ward_verdict verdict = verify(gate, &presented);
        if (verdict.reason != rows[i].reason)
            fail_msg("row %zu: %s", i, ward_reason_name(verdict.reason));
        assert_false(verdict.is_first_use);
    }
}

static void a_key_is_narrowed_by_its_environment(void **state)
{
    struct gate *gate = *state;
    struct key key = good_key("v");
    key.limit = 1;
    put(gate, &key);
    struct ward_presented presented = present("v");
    presented.environment = WARD_SPAN("test");
    assert_int_equal(verify(gate, &presented).reason, WARD_VERDICT_WRONG_ENVIRONMENT);
    presented.environment = WARD_SPAN("production");
    assert_int_equal(verify(gate, &presented).reason, WARD_VERDICT_WRONG_ENVIRONMENT);
    presented.environment = WARD_SPAN("live");
    presented.proxy = WARD_SPAN("a key");
    struct ward_verdict verdict = verify(gate, &presented);
    assert_int_equal(verdict.reason, WARD_VERDICT_UNKNOWN); /* a key is no proxy's, whatever it is called */
    assert_true(verdict.is_foreign);
    presented.proxy = WARD_SPAN_NONE;
    assert_int_equal(verify(gate, &presented).reason, WARD_VERDICT_VALID); /* none of the refusals counted */
    assert_int_equal(verify(gate, &presented).reason, WARD_VERDICT_LIMITED);
}

static void limits_are_counted_last(void **state)
{
    struct gate *gate = *state;
    struct key key = good_key("v");
    key.limit = 2;
    key.domains = "[\"example.com\"]";
    put(gate, &key);
    struct ward_presented presented = present("v");
    assert_int_equal(verify(gate, &presented).reason, WARD_VERDICT_ORIGIN_NOT_ALLOWED); /* uses up nothing */
    presented.origin = WARD_SPAN("example.com");
    presented.peek = true;
    struct ward_verdict verdict = verify(gate, &presented);
    assert_int_equal(verdict.reason, WARD_VERDICT_VALID);
    assert_true(verdict.has_limit);
    assert_int_equal(verdict.limit.consumed, 0);
    presented.peek = false;
    assert_int_equal(verify(gate, &presented).limit.consumed, 1);
    assert_int_equal(verify(gate, &presented).reason, WARD_VERDICT_VALID);
    verdict = verify(gate, &presented);
    assert_int_equal(verdict.reason, WARD_VERDICT_LIMITED);
    assert_int_equal(verdict.limit.consumed, 3);
    assert_int_equal(verdict.limit.remaining, 0);
    assert_int_equal(verdict.limit.reset_ms, NOW + 60000);
    presented.peek = true;
    assert_int_equal(verify(gate, &presented).reason, WARD_VERDICT_LIMITED);
    wall_now += 60000;
    assert_int_equal(verify(gate, &presented).reason, WARD_VERDICT_VALID);
}

static void first_use_is_told_until_it_is_noted(void **state)
{
    struct gate *gate = *state;
    struct key key = good_key("v");
    put(gate, &key);
    struct ward_presented presented = present("v");
    presented.peek = true;
    assert_false(verify(gate, &presented).is_first_use);
    presented.peek = false;
    assert_true(verify(gate, &presented).is_first_use);
    assert_true(verify(gate, &presented).is_first_use);
    key.flags |= WARD_RECORD_USED;
    put(gate, &key);
    assert_false(verify(gate, &presented).is_first_use);

    key.flags = 0;
    put(gate, &key);
    assert_false(verify(gate, &presented).is_first_use); /* refused */
    key.flags = WARD_RECORD_ENABLED;
    key.kind = WARD_RECORD_ACCESS_KEY;
    put(gate, &key);
    presented.kind = WARD_RECORD_ACCESS_KEY;
    struct ward_verdict verdict = verify(gate, &presented);
    assert_int_equal(verdict.reason, WARD_VERDICT_VALID);
    assert_false(verdict.is_first_use);
}

static void silence_makes_stale(void **state)
{
    struct gate *gate = *state;
    struct key key = good_key("v");
    put(gate, &key);
    boot_now = BOOT + 3000;
    assert_int_equal(reason_of(gate, "v"), WARD_VERDICT_VALID);
    boot_now = BOOT + 3001;
    assert_int_equal(reason_of(gate, "v"), WARD_VERDICT_STALE);
    assert_int_equal(reason_of(gate, "nobody's"), WARD_VERDICT_STALE);
    ward_table_heartbeat(gate->writer, boot_now);
    assert_int_equal(reason_of(gate, "v"), WARD_VERDICT_VALID);
    gate->verifier.max_staleness_ms = 0; /* never */
    boot_now += 1000000000;
    assert_int_equal(reason_of(gate, "v"), WARD_VERDICT_VALID);
}

/* Seen by one verifier, obeyed by all, and by those of a new server that has not swept yet. */
static void an_expiry_passes_for_every_process_and_across_a_restart(void **state)
{
    struct gate *gate = *state;
    struct key key = good_key("v"), later = good_key("w");
    key.expires_ms = NOW + 1000;
    later.expires_ms = NOW + 2000;
    put(gate, &key);
    put(gate, &later);
    wall_now = NOW + 1000;
    assert_int_equal(reason_of(gate, "v"), WARD_VERDICT_EXPIRED);
    wall_now = NOW;

    struct gate second = *gate;
    assert_ok(ward_verifier_open(gate->scene.directory, gate->hash, 3000, &second.verifier));
    assert_int_equal(reason_of(&second, "v"), WARD_VERDICT_EXPIRED);
    assert_int_equal(reason_of(&second, "w"), WARD_VERDICT_VALID);

    ward_verifier_close(&second.verifier);
    ward_verifier_close(&gate->verifier);
    ward_table_writer_close(gate->writer);
    assert_ok(ward_table_writer_open(gate->scene.directory, 10, 1000, &gate->writer));
    assert_ok(ward_table_publish(gate->writer, 1));
    put(gate, &key);
    put(gate, &later);
    assert_ok(ward_verifier_open(gate->scene.directory, gate->hash, 3000, &gate->verifier));
    assert_int_equal(reason_of(gate, "v"), WARD_VERDICT_EXPIRED);
    assert_int_equal(reason_of(gate, "w"), WARD_VERDICT_VALID);
    assert_int_equal(ward_expiry_sweep_begin(ward_table_writer_marks(gate->writer), NOW), NOW + 1000);
}

static void a_change_is_obeyed_at_once(void **state)
{
    struct gate *gate = *state;
    struct key key = good_key("v");
    put(gate, &key);
    assert_int_equal(reason_of(gate, "v"), WARD_VERDICT_VALID);
    key.flags = 0;
    put(gate, &key);
    assert_int_equal(reason_of(gate, "v"), WARD_VERDICT_DISABLED);
    assert_ok(ward_table_reserve(gate->writer, 100000, 0)); /* in the next generation too */
    assert_int_equal(reason_of(gate, "v"), WARD_VERDICT_DISABLED);
    struct ward_lookup lookup;
    ward_keyed_hash(gate->hash, WARD_SPAN("v"), &lookup);
    ward_table_remove(gate->writer, &lookup);
    assert_int_equal(reason_of(gate, "v"), WARD_VERDICT_UNKNOWN);
}

/* Flip a byte of the mapped file at an offset taken from its own layout. */
static void spoil(struct gate *gate, int section)
{
    int fd = open(scene_path(&gate->scene, "table"), O_RDWR);
    struct stat stat;
    assert_int_equal(fstat(fd, &stat), 0);
    uint8_t *bytes = mmap(NULL, (size_t)stat.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    assert_true(bytes != MAP_FAILED);
    close(fd);
    struct ward_table_header header;
    struct ward_table_view view;
    memcpy(&header, bytes, sizeof(header));
    ward_table_view_init(&view, bytes, &header);
    uint8_t *const sections[] = { (uint8_t *)view.records, (uint8_t *)view.scopes, view.arena };
    sections[section][30] ^= 4;
    munmap(bytes, (size_t)stat.st_size);
}

static void damage_is_stale(void **state)
{
    struct gate *gate = *state;
    struct key key = good_key("v");
    key.flags = 0;
    put(gate, &key);
    for (int section = 0; section < 3; section++) {
        assert_int_equal(reason_of(gate, "v"), WARD_VERDICT_DISABLED);
        spoil(gate, section);
        struct ward_presented presented = present("v");
        struct ward_verdict verdict = verify(gate, &presented);
        assert_int_equal(verdict.reason, WARD_VERDICT_STALE);
        assert_false(verdict.has_record);
        spoil(gate, section);
    }
}

static void a_body_that_is_none_is_stale(void **state)
{
    struct gate *gate = *state;
    struct ward_table_entry entry = { .kind = WARD_RECORD_API_KEY,
                                      .flags = WARD_RECORD_ENABLED,
                                      .scope = { .is_active = true },
                                      .expires_ms = WARD_TIME_NONE,
                                      .body = WARD_SPAN("no body at all") };
    ward_keyed_hash(gate->hash, WARD_SPAN("v"), &entry.lookup);
    assert_ok(ward_table_put(gate->writer, &entry));
    assert_int_equal(reason_of(gate, "v"), WARD_VERDICT_STALE);
}

/* What reads no body decides as what reads one, and says nothing of the body. */
static void a_body_is_read_when_it_is_wanted(void **state)
{
    struct gate *gate = *state;
    struct key key = good_key("v");
    put(gate, &key);
    struct ward_presented presented = present("v");
    presented.wants_body = false;
    struct ward_verdict verdict = verify(gate, &presented);
    assert_int_equal(verdict.reason, WARD_VERDICT_VALID);
    assert_true(verdict.has_record);
    assert_true(ward_uuid_equal(&verdict.scope.project_id, &project));
    assert_null(verdict.body.name.data);
    assert_null(verdict.body.reply.data);

    key.domains = "[\"example.com\"]";
    put(gate, &key);
    assert_int_equal(verify(gate, &presented).reason, WARD_VERDICT_ORIGIN_NOT_ALLOWED);
    presented.origin = WARD_SPAN("example.com");
    assert_int_equal(verify(gate, &presented).reason, WARD_VERDICT_VALID);
}

static void a_damaged_body_denies_who_needs_it_and_counts_nothing(void **state)
{
    struct gate *gate = *state;
    struct key key = good_key("v");
    key.limit = 5;
    put(gate, &key);
    struct ward_presented presented = present("v");
    spoil(gate, 2);
    assert_int_equal(verify(gate, &presented).reason, WARD_VERDICT_STALE);
    presented.wants_body = false;
    struct ward_verdict verdict = verify(gate, &presented);
    assert_int_equal(verdict.reason, WARD_VERDICT_VALID);
    assert_int_equal(verdict.limit.consumed, 1);
    assert_null(verdict.body.name.data);
    spoil(gate, 2);
    presented.wants_body = true;
    assert_int_equal(verify(gate, &presented).limit.consumed, 2);
}

static void damaged_domains_deny_everybody(void **state)
{
    struct gate *gate = *state;
    struct key key = good_key("v");
    key.domains = "[\"example.com\"]";
    put(gate, &key);
    struct ward_presented presented = present("v");
    presented.wants_body = false;
    presented.origin = WARD_SPAN("example.com");
    spoil(gate, 2);
    struct ward_verdict verdict = verify(gate, &presented);
    assert_int_equal(verdict.reason, WARD_VERDICT_STALE);
    assert_false(verdict.has_record);
    presented.skip_origin = true; /* then nobody looks at them */
    assert_int_equal(verify(gate, &presented).reason, WARD_VERDICT_VALID);
}

static void no_table_no_verifier(void **state)
{
    struct gate *gate = *state;
    struct ward_verifier verifier;
    assert_int_equal(ward_verifier_open("/nonexistent", gate->hash, 0, &verifier), WARD_NOT_FOUND);
}

/* What was foreseen is of a value, not of a place in memory or of an equal length. */
static void a_foresight_of_another_value_is_not_looked_at(void **state)
{
    struct gate *gate = *state;
    struct key key = good_key("good");
    put(gate, &key);
    const char text[] = "good.bad.";
    struct ward_foresight foresight = { .value = ward_span(text, 4) };
    while (ward_verify_foresee(&gate->verifier, &foresight))
        ;
    const struct ward_span others[] = { ward_span(text, 5), ward_span(text, 3), ward_span(text + 5, 4), WARD_SPAN("") };
    struct ward_presented presented = present("good");
    presented.foresight = &foresight;
    struct ward_verdict verdict;
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        presented.value = others[i];
        ward_verify(&gate->verifier, &presented, wall_now, &verdict);
        assert_int_equal(verdict.reason, i < 3 ? WARD_VERDICT_UNKNOWN : WARD_VERDICT_MALFORMED);
    }
    presented.value = foresight.value;
    ward_verify(&gate->verifier, &presented, wall_now, &verdict);
    assert_int_equal(verdict.reason, WARD_VERDICT_VALID);
    foresight = (struct ward_foresight){ .value = ward_span(text + 5, 4) };
    while (ward_verify_foresee(&gate->verifier, &foresight))
        ;
    presented.value = foresight.value;
    ward_verify(&gate->verifier, &presented, wall_now, &verdict);
    assert_int_equal(verdict.reason, WARD_VERDICT_UNKNOWN);
}

/* Revoked, and then moved to another generation, between the steps. */
static void a_change_behind_a_foresight_is_obeyed(void **state)
{
    struct gate *gate = *state;
    struct key key = good_key("v");
    put(gate, &key);
    for (unsigned steps = 1; steps < 4; steps++) {
        struct ward_presented presented = present("v");
        struct ward_foresight foresight = { .value = presented.value };
        key.flags = WARD_RECORD_ENABLED;
        put(gate, &key);
        for (unsigned i = 0; i < steps; i++)
            (void)ward_verify_foresee(&gate->verifier, &foresight);
        presented.foresight = &foresight;
        key.flags = 0;
        put(gate, &key);
        struct ward_verdict verdict;
        ward_verify(&gate->verifier, &presented, wall_now, &verdict);
        assert_int_equal(verdict.reason, WARD_VERDICT_DISABLED);
        assert_ok(ward_table_reserve(gate->writer, 1000U << steps, 1000));
        put(gate, &key);
        (void)ward_verify_foresee(&gate->verifier, &foresight);
        ward_verify(&gate->verifier, &presented, wall_now, &verdict);
        assert_int_equal(verdict.reason, WARD_VERDICT_DISABLED);
        (void)ward_verify_foresee(&gate->verifier, &foresight);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        CASE(a_good_key_is_valid),
        CASE(zero_denies),
        CASE(every_refusal_has_its_reason),
        CASE(a_malformed_value_is_malformed_even_in_a_dead_table),
        CASE(unknown_is_a_whole_value_away),
        CASE(a_foreign_key_is_unknown_and_counts_nothing),
        CASE(origins_are_held_against_the_list),
        CASE(limits_are_counted_last),
        CASE(a_pair_is_its_proxys),
        CASE(a_key_is_narrowed_by_its_environment),
        CASE(first_use_is_told_until_it_is_noted),
        CASE(silence_makes_stale),
        CASE(a_change_is_obeyed_at_once),
        CASE(damage_is_stale),
        CASE(an_expiry_passes_for_every_process_and_across_a_restart),
        CASE(a_body_that_is_none_is_stale),
        CASE(a_body_is_read_when_it_is_wanted),
        CASE(a_damaged_body_denies_who_needs_it_and_counts_nothing),
        CASE(damaged_domains_deny_everybody),
        CASE(no_table_no_verifier),
        CASE(a_foresight_of_another_value_is_not_looked_at),
        CASE(a_change_behind_a_foresight_is_obeyed),
    };
    int failed = 0;
    for (steps_ahead = 0; steps_ahead <= STEPS_AHEAD_MAX; steps_ahead++)
        failed += cmocka_run_group_tests_name("verify/verify", tests, NULL, NULL);
    return failed;
}
