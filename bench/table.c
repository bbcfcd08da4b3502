/*
 * ward_verify() in a loop against the least that any verification by keyed hash must do: one keyed hash of the key and
 * one dependent random read of a 128-byte record. Same keys, same process, interleaved rounds. The floor's records lie
 * in anonymous huge pages, the best that memory can be; the table lies where a file in DIRECTORY does. "answer" is the
 * same verdict with the body that an answer needs.
 *
 *   table KEYS [ROUNDS] [DIRECTORY]
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

#include "base/iso8601.h"
#include "base/limits.h"
#include "base/seam.h"
#include "verify/verify.h"

enum { KEY_CHARS = 69, CALLS = 1000000, ROUNDS_MAX = 99 };

static uint64_t random_state = 88172645463325252u;

static uint64_t draw(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void need(enum ward_status status, const char *what)
{
    if (status == WARD_OK)
        return;
    fprintf(stderr, "table: %s: %s\n", what, ward_status_text(status));
    exit(1);
}

/* The n-th key is made of n, so that keys take no memory beside the table. */
static void make_key(uint64_t n, char key[KEY_CHARS])
{
    static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    memcpy(key, "live_", 5);
    uint64_t state = n * UINT64_C(0x9e3779b97f4a7c15) + 1;
    for (int i = 5; i < KEY_CHARS; i++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        key[i] = digits[state % 62];
    }
}

static struct ward_table_writer *fill(const char *directory, struct ward_keyed_hash *hash, size_t count)
{
    struct ward_table_writer *writer;
    WARD_BUFFER body = ward_buffer_new(65536);
    const struct ward_body parts = {
        .name = WARD_SPAN("a key's name"),
        .custom_user_id = WARD_SPAN("user-000001"),
        .metadata = WARD_SPAN("{}"),
        .reply = WARD_SPAN(",\"name\":\"a key's name\",\"customMetaData\":{},\"customAccountId\":null,"
                           "\"customUserId\":\"user-000001\",\"env\":\"live\","
                           "\"createdAt\":\"2026-11-22T17:09:01.623Z\",\"updatedAt\":\"2026-11-22T17:09:01.623Z\","
                           "\"isActive\":true,\"expiresAt\":null,"
                           "\"rateLimitConfigs\":{\"rateLimit\":1000000000,\"rateLimitTtl\":86400},"
                           "\"creationContext\":{}}"),
    };
    ward_body_encode(&parts, &body);
    need(ward_table_writer_open(directory, count, count * (body.size + 16), &writer), "writer");
    need(ward_table_reserve(writer, count, count * (body.size + 16)), "reserve");
    struct ward_table_entry entry = { .kind = WARD_RECORD_API_KEY,
                                      .flags = WARD_RECORD_ENABLED | WARD_RECORD_USED,
                                      .expires_ms = WARD_TIME_NONE,
                                      .limit = WARD_RATE_LIMIT_MAX,
                                      .ttl_s = 86400,
                                      .body = ward_buffer_span(&body) };
    entry.scope.is_active = true;
    memset(&entry.scope.account_id, 1, sizeof(entry.scope.account_id));
    memset(&entry.scope.project_id, 2, sizeof(entry.scope.project_id));
    for (uint64_t n = 0; n < count; n++) {
        char key[KEY_CHARS];
        make_key(n, key);
        ward_keyed_hash(hash, ward_span(key, KEY_CHARS), &entry.lookup);
        uint64_t id = n + 1;
        memcpy(entry.id.bytes, &id, sizeof(id));
        need(ward_table_put(writer, &entry), "put");
    }
    need(ward_table_publish(writer, 1), "publish");
    return writer;
}

/* Hash, then read a record whose place depends on the hash; the next key depends on what was read. */
static double floor_ns(struct ward_keyed_hash *hash, const uint8_t *records, size_t count)
{
    uint64_t carry = 0;
    int64_t start = now_ns();
    for (int call = 0; call < CALLS; call++) {
        char key[KEY_CHARS];
        make_key((draw() + (carry & 1)) % count, key);
        struct ward_lookup lookup;
        ward_keyed_hash(hash, ward_span(key, KEY_CHARS), &lookup);
        uint64_t place;
        memcpy(&place, lookup.bytes, sizeof(place));
        const uint8_t *record = records + place % count * WARD_RECORD_BYTES;
        for (int i = 0; i < WARD_RECORD_BYTES; i += 8) {
            uint64_t word;
            memcpy(&word, record + i, sizeof(word));
            carry += word;
        }
    }
    double took = (double)(now_ns() - start) / CALLS;
    return carry == 1 ? -1 : took;
}

static double verify_ns(struct ward_verifier *verifier, size_t count, bool wants_body, uint64_t *ret_valid)
{
    uint64_t carry = 0;
    int64_t start = now_ns();
    for (int call = 0; call < CALLS; call++) {
        char key[KEY_CHARS];
        make_key((draw() + (carry & 1)) % count, key);
        const struct ward_presented presented = { .kind = WARD_RECORD_API_KEY,
                                                  .value = ward_span(key, KEY_CHARS),
                                                  .wants_body = wants_body };
        struct ward_verdict verdict;
        ward_verify(verifier, &presented, ward_now_ms(), &verdict);
        *ret_valid += verdict.reason == WARD_VERDICT_VALID;
        carry += verdict.limit.consumed + verdict.body.reply.size;
    }
    return (double)(now_ns() - start) / CALLS;
}

/* What both loops spend on drawing a key, to be taken off both. */
static double key_ns(size_t count)
{
    uint64_t carry = 0;
    int64_t start = now_ns();
    for (int call = 0; call < CALLS; call++) {
        char key[KEY_CHARS];
        make_key((draw() + (carry & 1)) % count, key);
        carry += (uint64_t)key[KEY_CHARS - 1];
    }
    double took = (double)(now_ns() - start) / CALLS;
    return carry == 1 ? -1 : took;
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
    size_t count = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;
    int rounds = argc > 2 ? atoi(argv[2]) : 5;
    const char *directory = argc > 3 ? argv[3] : ".";
    if (count < 1000 || rounds < 1 || rounds > ROUNDS_MAX)
        return 2;
    uint8_t root[WARD_ROOT_KEY_BYTES];
    struct ward_keyring *keyring;
    struct ward_keyed_hash *hash;
    need(ward_random(root, sizeof(root)), "random");
    need(ward_keyring_from_bytes(root, &keyring), "keyring");
    need(ward_keyed_hash_lookup(keyring, &hash), "hash");
    struct ward_table_writer *writer = fill(directory, hash, count);
    ward_table_heartbeat(writer, ward_boot_ms());

    size_t bytes = count * WARD_RECORD_BYTES;
    uint8_t *records = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (records == MAP_FAILED)
        need(WARD_NO_MEMORY, "records");
    madvise(records, bytes, MADV_HUGEPAGE);
    for (size_t i = 0; i < bytes; i += 64)
        records[i] = (uint8_t)i;

    struct ward_verifier verifier;
    need(ward_verifier_open(directory, hash, 0, &verifier), "verifier");
    static double floors[ROUNDS_MAX], verifies[ROUNDS_MAX], answers[ROUNDS_MAX], ratios[ROUNDS_MAX];
    uint64_t valid = 0;
    for (int round = -1; round < rounds; round++) {
        double key = key_ns(count), least = floor_ns(hash, records, count) - key;
        double full = verify_ns(&verifier, count, false, &valid) - key;
        double answer = verify_ns(&verifier, count, true, &valid) - key;
        if (round < 0) {
            valid = 0;
            continue;
        }
        floors[round] = least;
        verifies[round] = full;
        answers[round] = answer;
        ratios[round] = full / least;
    }
    uint64_t calls = (uint64_t)rounds * 2 * CALLS;
    printf("{\"keys\":%zu,\"rounds\":%d,\"valid\":%llu,\"calls\":%llu,\"floor_ns\":%.0f,\"verify_ns\":%.0f,"
           "\"answer_ns\":%.0f,\"ratio\":%.2f}\n",
           count, rounds, (unsigned long long)valid, (unsigned long long)calls, median(floors, rounds),
           median(verifies, rounds), median(answers, rounds), median(ratios, rounds));
    ward_verifier_close(&verifier);
    ward_table_writer_close(writer);
    return valid == calls ? 0 : 1;
}
