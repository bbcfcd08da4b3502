/* A keyset's file when the world fails: what was deployed stays, what was not is said with its reason. */
#include "support.h"

#include "crypto/keyed_hash.h"
#include "keyset/keyset_file.h"

/* Two are deployed; a third one is what is tried. */
struct three {
    struct ward_keyset_change first, second, third;
};

static struct three deploy_two(struct scene *s)
{
    struct three three = { make_key(s, "first", "AAAA"), make_jwk(s, "second", "kid"), make_key(s, "third", "CCCC") };
    apply(s, &three.first, 1);
    apply(s, &three.second, 1);
    return three;
}

static void expect_two(struct scene *s, const struct three *three)
{
    assert_int_equal(count_all(s), 2);
    assert_true(has(s, &three->first));
    assert_true(has(s, &three->second));
    assert_false(has(s, &three->third));
}

static void expect_three(struct scene *s, const struct three *three)
{
    for (int round = 0; round < 2; round++) {
        assert_int_equal(count_all(s), 3);
        assert_true(has(s, &three->first));
        assert_true(has(s, &three->second));
        assert_true(has(s, &three->third));
        reload(s);
    }
}

static uint64_t inode_of(const struct scene *s)
{
    struct stat about;
    assert_int_equal(stat(s->path, &about), 0);
    return (uint64_t)about.st_ino;
}

static void test_a_full_disk(void **state)
{
    struct scene *s = *state;
    struct three three = deploy_two(s);
    uint64_t inode = inode_of(s), bytes = stats_of(s).file_bytes;
    write_fault = fails(0, ENOSPC);
    refuse(s, &three.third, "no space left on device");
    no_faults();
    expect_two(s, &three);
    assert_int_equal(stats_of(s).file_bytes, bytes);
    struct stat about;
    assert_int_equal(stat(s->path, &about), 0);
    assert_int_equal(about.st_size, bytes); /* what was half written is gone */
    apply(s, &three.third, 1);
    assert_int_equal(inode_of(s), inode); /* and it goes on where it was */
    expect_three(s, &three);
}

static void test_a_sync_that_fails(void **state)
{
    struct scene *s = *state;
    struct three three = deploy_two(s);
    sync_fault = fails(0, EIO);
    refuse(s, &three.third, "input/output error");
    no_faults();
    expect_two(s, &three);
    /* Nobody knows what is on the disk: a file of which every byte is synced takes the place. */
    int kept = open(s->path, O_RDONLY | O_CLOEXEC); /* or its number could be given again */
    uint64_t inode = inode_of(s);
    apply(s, &three.third, 1);
    assert_int_not_equal(inode_of(s), inode);
    close(kept);
    expect_three(s, &three);
}

static void test_other_bytes_are_read_back(void **state)
{
    struct scene *s = *state;
    struct three three = deploy_two(s);
    read_fault = fails(0, 0);
    refuse(s, &three.third, "what was read back is not what was written");
    read_fault = fails(0, EIO);
    expect_two(s, &three);
    refuse(s, &three.third, "input/output error"); /* the file is written anew first, and read back */
    no_faults();
    expect_two(s, &three);
    assert_int_equal(count_files(s->directory), 1);
    apply(s, &three.third, 1);
    expect_three(s, &three);
}

static void test_a_rename_that_fails(void **state)
{
    struct scene *s = *state;
    struct three three = deploy_two(s);
    struct ward_keyset_failure failure;
    rename_fault = fails(0, EACCES);
    assert_false(ward_keyset_compact(s->keyset, &failure));
    assert_string_equal(failure.text, "permission denied");
    assert_int_equal(count_files(s->directory), 1);
    apply(s, &three.third, 1); /* the old file is as good as before */
    expect_three(s, &three);
}

static void test_a_name_that_is_not_durable(void **state)
{
    struct scene *s = *state;
    struct three three = deploy_two(s);
    struct ward_keyset_failure failure;
    sync_fault = fails(1, EIO); /* the file's sync, then the directory's */
    assert_false(ward_keyset_compact(s->keyset, &failure));
    assert_string_equal(failure.text, "input/output error");
    no_faults();
    expect_two(s, &three);
    apply(s, &three.third, 1);
    expect_three(s, &three);
}

static void test_no_right_to_the_file(void **state)
{
    struct scene *s = *state;
    struct three three = deploy_two(s);
    open_fault = fails(1, EACCES); /* looking at it works, writing does not */
    refuse(s, &three.third, "permission denied");
    no_faults();
    expect_two(s, &three);
    assert_int_equal(chmod(s->path, 0644), 0); /* others could read it: it is not believed any more */
    apply(s, &three.third, 1);
    struct stat about;
    assert_int_equal(stat(s->path, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    expect_three(s, &three);
}

static void test_a_directory_that_is_gone(void **state)
{
    struct scene *s = *state;
    struct three three = deploy_two(s);
    char away[80];
    snprintf(away, sizeof(away), "%s.away", s->directory);
    assert_int_equal(rename(s->directory, away), 0);
    refuse(s, &three.third, "the directory is not there");
    expect_two(s, &three);
    assert_int_equal(mkdir(s->directory, 0700), 0); /* another, empty one */
    apply(s, &three.third, 1);
    expect_three(s, &three);
    unlink(s->path);
    assert_int_equal(rmdir(s->directory), 0);
    assert_int_equal(rename(away, s->directory), 0);
    apply(s, &three.third, 1); /* an old file in the place of the new one is not appended to */
    expect_three(s, &three);
}

static void test_a_directory_that_others_may_write_to(void **state)
{
    struct scene *s = *state;
    struct three three = deploy_two(s);
    assert_int_equal(chmod(s->directory, 0777), 0);
    ward_keyset_close(s->keyset);
    s->keyset = new_keyset(s);
    refuse(s, &three.third, "others may write to the directory");
    assert_int_equal(chmod(s->directory, 0700), 0);
    apply(s, &three.third, 1);
    expect_three(s, &three);
}

static void test_a_file_that_somebody_put_there(void **state)
{
    struct scene *s = *state;
    struct three three = deploy_two(s);
    write_file(s->path, "not a keyset", 12);
    apply(s, &three.third, 1);
    expect_three(s, &three);
    char target[128];
    snprintf(target, sizeof(target), "%s/elsewhere", s->directory);
    assert_int_equal(rename(s->path, target), 0);
    assert_int_equal(symlink(target, s->path), 0); /* never through a link */
    apply(s, &three.first, 1);
    struct stat about;
    assert_int_equal(lstat(s->path, &about), 0);
    assert_true(S_ISREG(about.st_mode));
    expect_three(s, &three);
}

/* ---- damage ---- */

/* What is found when the file is as it is now: 0, 1, 2 or 3 of them, in order. */
static size_t count_found(struct scene *s, const struct three *three)
{
    struct ward_keyset *keyset = new_keyset(s), *before = s->keyset;
    struct ward_keyset_failure failure;
    assert_true(ward_keyset_load(keyset, &failure));
    s->keyset = keyset;
    size_t count = count_all(s);
    assert_true(count <= 3);
    const struct ward_keyset_change *all[] = { &three->first, &three->second, &three->third };
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(has(s, all[i]), i < count); /* a beginning of what was, and nothing else */
    }
    ward_keyset_close(keyset);
    s->keyset = before;
    return count;
}

static void test_a_torn_tail_is_cut_off(void **state)
{
    struct scene *s = *state;
    struct three three = deploy_two(s);
    size_t two = stats_of(s).file_bytes, size;
    apply(s, &three.third, 1);
    char *bytes = read_file(s->path, &size);
    for (size_t cut = two; cut < size; cut++) {
        write_file(s->path, bytes, cut);
        assert_int_equal(count_found(s, &three), 2);
        struct stat about;
        assert_int_equal(stat(s->path, &about), 0);
        assert_int_equal(about.st_size, two);
    }
    write_file(s->path, bytes, size);
    assert_int_equal(count_found(s, &three), 3);
    /* zeros behind the end, as a file system leaves them after a power cut */
    char *longer = calloc(1, size + 4096);
    memcpy(longer, bytes, size);
    write_file(s->path, longer, size + 4096);
    assert_int_equal(count_found(s, &three), 3);
    free(longer);
    free(bytes);
}

static void test_any_flipped_bit_is_seen(void **state)
{
    struct scene *s = *state;
    struct three three = deploy_two(s);
    size_t ends[4] = { WARD_KEYSET_HEADER_BYTES, 0, stats_of(s).file_bytes, 0 };
    apply(s, &three.third, 1);
    ends[3] = stats_of(s).file_bytes;
    size_t size;
    char *bytes = read_file(s->path, &size);
    for (size_t at = 0; at < size; at++) {
        bytes[at] = (char)(bytes[at] ^ (1 << at % 8));
        write_file(s->path, bytes, size);
        size_t count = count_found(s, &three);
        assert_true(count < 3);
        assert_true(at < ends[2] ? count < 2 : count == 2);
        assert_true(at >= ends[0] || count == 0);
        bytes[at] = (char)(bytes[at] ^ (1 << at % 8));
    }
    free(bytes);
}

/* Who can write the file but has no key can make the links fit, but not their keyed hash. */
static void test_a_forged_batch_is_seen(void **state)
{
    struct scene *s = *state;
    struct three three = deploy_two(s);
    size_t two = stats_of(s).file_bytes, size;
    apply(s, &three.third, 1);
    char *bytes = read_file(s->path, &size);
    char *name = memmem(bytes + two, size - two, "third", 5);
    assert_non_null(name);
    memcpy(name, "thirt", 5);
    char *commit = bytes + size - WARD_KEYSET_COMMIT_BYTES;
    const struct ward_span parts[] = {
        ward_span(bytes + two - WARD_KEYSET_COMMIT_BYTES, WARD_SHA256_BYTES),
        ward_span(bytes + two, size - two - WARD_KEYSET_COMMIT_BYTES),
    };
    uint8_t link[WARD_SHA256_BYTES];
    assert_ok(ward_sha256(parts, 2, link));
    memcpy(commit, link, sizeof(link));
    write_file(s->path, bytes, size);
    assert_int_equal(count_found(s, &three), 2);
    free(bytes);
}

static void test_files_of_others_are_not_read(void **state)
{
    struct scene *s = *state;
    struct three three = deploy_two(s);
    struct ward_keyset_failure failure;
    char path[160];
    const struct ward_object_id own = s->environment;
    assert_ok(ward_object_id_new(&s->environment));
    snprintf(path, sizeof(path), "%s/%s.keyset", s->directory, s->environment.text);
    assert_int_equal(rename(s->path, path), 0);
    assert_int_equal(count_found(s, &three), 0); /* another environment's */
    s->environment = own;
    assert_int_equal(rename(path, s->path), 0);
    const struct ward_keyset_options options = {
        .directory = s->directory, .environment = s->environment, .replica = WARD_SPAN("another"), .keyring = s->keyring
    };
    struct ward_keyset *another;
    assert_ok(ward_keyset_new(&options, &another));
    assert_true(ward_keyset_load(another, &failure));
    struct ward_keyset_stats stats;
    ward_keyset_stats(another, &stats);
    assert_int_equal(stats.keys + stats.jwks, 0);
    ward_keyset_close(another);
    assert_int_equal(count_found(s, &three), 2);
}

static void test_a_file_that_cannot_be_read(void **state)
{
    struct scene *s = *state;
    struct three three = deploy_two(s);
    struct ward_keyset_failure failure;
    ward_keyset_close(s->keyset);
    s->keyset = new_keyset(s);
    read_fault = fails(1, EIO);
    assert_false(ward_keyset_load(s->keyset, &failure));
    assert_string_equal(failure.text, "input/output error");
    assert_int_equal(count_all(s), 0);
    no_faults();
    load(s);
    expect_two(s, &three);
}

/* ---- writing anew ---- */

static void test_garbage_is_dropped(void **state)
{
    struct scene *s = *state;
    struct three three = deploy_two(s);
    struct ward_keyset_failure failure;
    char *large = malloc(40000);
    memset(large, 'A', 39999);
    large[39999] = '\0';
    struct ward_keyset_change change = make_key(s, "large", large);
    for (int i = 0; i < 60; i++) {
        assert_int_equal(ward_keyset_is_wasteful(s->keyset), stats_of(s).file_bytes > (1 << 20));
        change.object.origin[0] = (uint8_t)i;
        apply(s, &change, 1);
    }
    assert_true(ward_keyset_is_wasteful(s->keyset));
    assert_true(ward_keyset_compact(s->keyset, &failure));
    assert_false(ward_keyset_is_wasteful(s->keyset));
    assert_true(stats_of(s).file_bytes < 45000);
    assert_int_equal(stats_of(s).number, 62);
    reload(s);
    assert_int_equal(stats_of(s).number, 62);
    assert_int_equal(stats_of(s).revision, 7);
    assert_int_equal(count_all(s), 3);
    assert_true(has(s, &change));
    const struct ward_keyset_entry *entry = ward_keyset_find(s->keyset, &s->project, WARD_DEPLOYED_JWK,
                                                             three.second.object.name);
    const struct ward_material *material;
    assert_ok(ward_keyset_material(entry, true, &material)); /* a seal survives the move */
    ward_keyset_release(entry);
    free(large);
}

static void test_a_large_file_is_written_in_batches(void **state)
{
    struct scene *s = *state;
    struct ward_keyset_failure failure;
    char *large = malloc(60000);
    memset(large, 'A', 59999);
    large[59999] = '\0';
    struct ward_keyset_change changes[200];
    for (size_t i = 0; i < 200; i++) {
        char name[16];
        snprintf(name, sizeof(name), "%zu", i);
        changes[i] = make_key(s, name, large);
    }
    apply(s, changes, 200); /* 12 MB */
    assert_true(ward_keyset_compact(s->keyset, &failure));
    reload(s);
    assert_int_equal(count_all(s), 200);
    for (size_t i = 0; i < 200; i++) {
        assert_true(has(s, &changes[i]));
    }
    free(large);
}

/* ---- memory ---- */

static void test_every_allocation_may_fail(void **state)
{
    struct scene *s = *state;
    struct three three = deploy_two(s);
    struct ward_keyset_failure failure;
    bool is_done = false;
    for (long n = 0; !is_done; n++) {
        struct ward_keyset_change removed = removal_of(&three.third);
        memory_fault = fails(n, ENOMEM);
        is_done = ward_keyset_apply(s->keyset, &three.third, 1, 9, &failure);
        if (!is_done) {
            assert_non_null(strstr(failure.text, "memory"));
            expect_two(s, &three);
        }
        memory_fault.skip = -1;
        assert_true(n < 100);
        if (is_done && n < 3) { /* a place that takes nothing */
            apply(s, &removed, 1);
            is_done = false;
        }
    }
    expect_three(s, &three);
    bool is_loaded = false;
    for (long n = 0; !is_loaded; n++) {
        struct ward_keyset *keyset = new_keyset(s);
        struct ward_keyset_stats stats;
        memory_fault = fails(n, ENOMEM);
        is_loaded = ward_keyset_load(keyset, &failure);
        memory_fault.skip = -1;
        ward_keyset_stats(keyset, &stats);
        assert_int_equal(stats.keys + stats.jwks, is_loaded ? 3 : 0);
        ward_keyset_close(keyset);
        assert_true(n < 100);
    }
    const struct ward_keyset_document *document;
    enum ward_status status = WARD_NO_MEMORY;
    for (long n = 0; status != WARD_OK; n++) {
        memory_fault = fails(n, ENOMEM);
        status = ward_keyset_document(s->keyset, &s->project, NOW_MS, &document);
        memory_fault.skip = -1;
        assert_true(status == WARD_OK || status == WARD_NO_MEMORY);
        assert_true(n < 100);
    }
    ward_keyset_document_release(document);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_open, scene_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_full_disk),
        TEST(test_a_sync_that_fails),
        TEST(test_other_bytes_are_read_back),
        TEST(test_a_rename_that_fails),
        TEST(test_a_name_that_is_not_durable),
        TEST(test_no_right_to_the_file),
        TEST(test_a_directory_that_is_gone),
        TEST(test_a_directory_that_others_may_write_to),
        TEST(test_a_file_that_somebody_put_there),
        TEST(test_a_torn_tail_is_cut_off),
        TEST(test_any_flipped_bit_is_seen),
        TEST(test_a_forged_batch_is_seen),
        TEST(test_files_of_others_are_not_read),
        TEST(test_a_file_that_cannot_be_read),
        TEST(test_garbage_is_dropped),
        TEST(test_a_large_file_is_written_in_batches),
        TEST(test_every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
