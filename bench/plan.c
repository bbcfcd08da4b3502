/*
 * What a stage costs in a verification: ward_verify() in a loop without one and with one (product, stage, throttle,
 * plan rate, both quotas), the same keys in the same process, in interleaved rounds. All keys are subscribed.
 *
 *   plan KEYS [ROUNDS] [DIRECTORY]
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/iso8601.h"
#include "base/seam.h"
#include "verify/verify.h"

enum { KEY_BYTES = 24, CALLS = 500000, ROUNDS_MAX = 99, PRODUCT = 3, API = 4, STAGE = 5, PLAN = 6 };

static void need(enum ward_status status, const char *what)
{
    if (status == WARD_OK)
        return;
    fprintf(stderr, "plan: %s: %s\n", what, ward_status_text(status));
    exit(1);
}

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static struct ward_span key_of(uint64_t n, char text[KEY_BYTES + 1])
{
    snprintf(text, KEY_BYTES + 1, "live_%019llu", (unsigned long long)(n * UINT64_C(6364136223846793005) >> 1));
    return ward_span(text, KEY_BYTES);
}

static void put_stage_and_plan(struct ward_table_writer *writer, struct ward_keyed_hash *hash)
{
    struct ward_lookup lookup;
    const struct ward_table_stage stage = { .product = PRODUCT,
                                            .api = API,
                                            .stage = STAGE,
                                            .throttle_rps = WARD_PLAN_RATE_MAX,
                                            .terms = WARD_PLAN_TERMS_NONE,
                                            .scope.is_active = true };
    const struct ward_table_plan plan = { .plan = PLAN,
                                          .terms = { WARD_PLAN_RATE_MAX, INT64_C(1) << 39, INT64_C(1) << 39, 1 } };
    ward_stage_lookup(hash, STAGE, &lookup);
    need(ward_table_put_stage(writer, &lookup, &stage), "stage");
    ward_plan_lookup(hash, PLAN, &lookup);
    need(ward_table_put_plan(writer, &lookup, &plan), "plan");
}

static struct ward_table_writer *fill(const char *directory, struct ward_keyed_hash *hash, size_t count)
{
    struct ward_table_writer *writer;
    need(ward_table_writer_open(directory, 2 * count + 2, 1000, &writer), "writer");
    need(ward_table_reserve(writer, 2 * count + 2, 1000), "reserve");
    put_stage_and_plan(writer, hash);
    struct ward_table_entry entry = { .kind = WARD_RECORD_API_KEY,
                                      .flags = WARD_RECORD_ENABLED | WARD_RECORD_USED,
                                      .expires_ms = WARD_TIME_NONE,
                                      .scope.is_active = true };
    for (uint64_t n = 1; n <= count; n++) {
        char text[KEY_BYTES + 1];
        struct ward_lookup lookup;
        const struct ward_table_relation relation = { .key = n, .stage = STAGE, .plan = PLAN };
        ward_keyed_hash(hash, key_of(n, text), &entry.lookup);
        memcpy(entry.id.bytes, &n, sizeof(n));
        need(ward_table_put(writer, &entry), "key");
        ward_relation_lookup(hash, n, STAGE, &lookup);
        need(ward_table_put_relation(writer, &lookup, &relation), "relation");
    }
    need(ward_table_publish(writer, 1), "publish");
    ward_table_heartbeat(writer, ward_boot_ms());
    return writer;
}

static double verify_ns(struct ward_verifier *verifier, size_t count, const struct ward_stage_ref *stage,
                        uint64_t *valid)
{
    uint64_t random = 1;
    int64_t spent = 0;
    for (int call = 0; call < CALLS; call++) {
        char text[KEY_BYTES + 1];
        random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
        const struct ward_presented presented = { .kind = WARD_RECORD_API_KEY,
                                                  .value = key_of(1 + (random >> 33) % count, text),
                                                  .stage = stage };
        struct ward_verdict verdict;
        int64_t start = now_ns();
        ward_verify(verifier, &presented, ward_now_ms(), &verdict);
        spent += now_ns() - start;
        *valid += verdict.reason == WARD_VERDICT_VALID;
    }
    return (double)spent / CALLS;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *list, int count)
{
    qsort(list, (size_t)count, sizeof(*list), compare);
    return list[count / 2];
}

int main(int argc, char **argv)
{
    size_t count = argc > 1 ? strtoull(argv[1], NULL, 10) : 100000;
    int rounds = argc > 2 ? atoi(argv[2]) : 5;
    const char *directory = argc > 3 ? argv[3] : ".";
    if (count < 1000 || rounds < 1 || rounds > ROUNDS_MAX)
        return 2;
    uint8_t root[WARD_ROOT_KEY_BYTES];
    struct ward_keyring *keyring;
    struct ward_keyed_hash *hash;
    struct ward_verifier verifier;
    need(ward_random(root, sizeof(root)), "random");
    need(ward_keyring_from_bytes(root, &keyring), "keyring");
    need(ward_keyed_hash_lookup(keyring, &hash), "hash");
    struct ward_table_writer *writer = fill(directory, hash, count);
    need(ward_verifier_open(directory, hash, 0, &verifier), "verifier");

    static double plain[ROUNDS_MAX], staged[ROUNDS_MAX];
    const struct ward_stage_ref stage = { .product = PRODUCT, .api = API, .stage = STAGE };
    uint64_t valid = 0;
    for (int round = -1; round < rounds; round++) {
        double without = verify_ns(&verifier, count, NULL, &valid);
        double with = verify_ns(&verifier, count, &stage, &valid);
        if (round >= 0) {
            plain[round] = without;
            staged[round] = with;
        }
    }
    uint64_t calls = (uint64_t)(rounds + 1) * 2 * CALLS;
    printf("{\"keys\":%zu,\"rounds\":%d,\"valid\":%llu,\"calls\":%llu,\"plain_ns\":%.0f,\"stage_ns\":%.0f}\n", count,
           rounds, (unsigned long long)valid, (unsigned long long)calls, median(plain, rounds), median(staged, rounds));
    ward_verifier_close(&verifier);
    ward_table_writer_close(writer);
    return valid == calls ? 0 : 1;
}
