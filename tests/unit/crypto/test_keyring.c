/* The root key's file, what is derived from it, and the pages it lives in. */
#include "crypto/keyring.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/seam.h"
#include "crypto/keyed_hash.h"
#include "crypto/keyring_internal.h"

/* The sanitizers turn mlock into a call that does nothing. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MLOCK_WORKS false
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define MLOCK_WORKS false
#endif
#endif
#ifndef MLOCK_WORKS
#define MLOCK_WORKS true
#endif

enum { PATH_CHARS = 256, LINE_CHARS = 512 };

static struct ward_seam real_seam;
static char directory[PATH_CHARS];
static char path[PATH_CHARS + 16];
static char other_path[PATH_CHARS + 16];

static int set_up(void **state)
{
    (void)state;
    const char *base = getenv("TMPDIR");
    real_seam = ward_seam;
    snprintf(directory, sizeof(directory), "%s/ward-keyring-XXXXXX", base ? base : "/tmp");
    if (!mkdtemp(directory)) {
        return -1;
    }
    snprintf(path, sizeof(path), "%s/root.key", directory);
    snprintf(other_path, sizeof(other_path), "%s/other", directory);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    ward_seam = real_seam;
    ward_log_set_descriptor(2);
    unlink(path);
    unlink(other_path);
    return rmdir(directory);
}

static void write_file(const char *name, const void *bytes, size_t size, mode_t mode)
{
    int fd = open(name, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, size), size);
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

static void draw_root(uint8_t root[WARD_ROOT_KEY_BYTES])
{
    assert_int_equal(ward_random(root, WARD_ROOT_KEY_BYTES), WARD_OK);
}

static struct ward_keyring *make_keyring(void)
{
    uint8_t root[WARD_ROOT_KEY_BYTES];
    struct ward_keyring *keyring = NULL;
    draw_root(root);
    assert_int_equal(ward_keyring_from_bytes(root, &keyring), WARD_OK);
    return keyring;
}

static void refuse_open(enum ward_status expected)
{
    struct ward_keyring *keyring = NULL;
    assert_int_equal(ward_keyring_open(path, &keyring), expected);
    assert_null(keyring);
}

/* ---- the file ---- */

static void test_created_key_opens_again_the_same(void **state)
{
    (void)state;
    struct stat about;
    uint8_t first[WARD_FINGERPRINT_BYTES];
    uint8_t second[WARD_FINGERPRINT_BYTES];
    struct ward_keyring *keyring = NULL;
    assert_int_equal(ward_root_key_create(path), WARD_OK);
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 07777, 0600);
    assert_int_equal(about.st_size, WARD_ROOT_KEY_BYTES);
    assert_int_equal(ward_keyring_open(path, &keyring), WARD_OK);
    ward_keyring_fingerprint(keyring, first);
    ward_keyring_close(keyring);
    assert_int_equal(ward_keyring_open(path, &keyring), WARD_OK);
    ward_keyring_fingerprint(keyring, second);
    ward_keyring_close(keyring);
    assert_memory_equal(first, second, sizeof(first));
}

static void test_create_refuses_a_second(void **state)
{
    (void)state;
    char before[WARD_ROOT_KEY_BYTES];
    char after[WARD_ROOT_KEY_BYTES];
    assert_int_equal(ward_root_key_create(path), WARD_OK);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_int_equal(read(fd, before, sizeof(before)), sizeof(before));
    assert_int_equal(ward_root_key_create(path), WARD_EXISTS);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    assert_int_equal(read(fd, after, sizeof(after)), sizeof(after));
    close(fd);
    assert_memory_equal(before, after, sizeof(before));
}

static int refuse_random(void *data, size_t size)
{
    (void)data;
    (void)size;
    return -1;
}

static void test_create_without_random_makes_no_file(void **state)
{
    (void)state;
    ward_seam.random = refuse_random;
    assert_int_equal(ward_root_key_create(path), WARD_UNAVAILABLE);
    assert_int_equal(access(path, F_OK), -1);
}

static void test_open_refuses_a_missing_file(void **state)
{
    (void)state;
    refuse_open(WARD_NOT_FOUND);
}

static void test_open_refuses_a_readable_file(void **state)
{
    (void)state;
    static const mode_t modes[] = { 0644, 0640, 0604, 0620, 0602, 0610 };
    uint8_t root[WARD_ROOT_KEY_BYTES];
    draw_root(root);
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        write_file(path, root, sizeof(root), modes[i]);
        refuse_open(WARD_FORBIDDEN);
    }
}

static void test_open_refuses_a_link(void **state)
{
    (void)state;
    uint8_t root[WARD_ROOT_KEY_BYTES];
    draw_root(root);
    write_file(other_path, root, sizeof(root), 0600);
    assert_int_equal(symlink(other_path, path), 0);
    refuse_open(WARD_FORBIDDEN);
}

static void test_open_refuses_another_size(void **state)
{
    (void)state;
    static const size_t sizes[] = { 0, 1, 31, 33, 64, 4096 };
    uint8_t bytes[4096];
    assert_int_equal(ward_random(bytes, sizeof(bytes)), WARD_OK);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        write_file(path, bytes, sizes[i], 0600);
        refuse_open(WARD_INTEGRITY);
    }
}

static void test_open_refuses_zeros(void **state)
{
    (void)state;
    uint8_t zeros[WARD_ROOT_KEY_BYTES] = { 0 };
    write_file(path, zeros, sizeof(zeros), 0600);
    refuse_open(WARD_INTEGRITY);
    zeros[WARD_ROOT_KEY_BYTES - 1] = 1;
    write_file(path, zeros, sizeof(zeros), 0600);
    struct ward_keyring *keyring = NULL;
    assert_int_equal(ward_keyring_open(path, &keyring), WARD_OK);
    ward_keyring_close(keyring);
}

/* ---- derivation ---- */

static void test_fingerprint_names_the_root(void **state)
{
    (void)state;
    uint8_t root[WARD_ROOT_KEY_BYTES];
    uint8_t first[WARD_FINGERPRINT_BYTES];
    uint8_t second[WARD_FINGERPRINT_BYTES];
    struct ward_keyring *keyring = NULL;
    draw_root(root);
    assert_int_equal(ward_keyring_from_bytes(root, &keyring), WARD_OK);
    ward_keyring_fingerprint(keyring, first);
    ward_keyring_close(keyring);
    for (size_t i = 0; i < sizeof(root); i++) {
        root[i] ^= 1;
        assert_int_equal(ward_keyring_from_bytes(root, &keyring), WARD_OK);
        ward_keyring_fingerprint(keyring, second);
        ward_keyring_close(keyring);
        root[i] ^= 1;
        assert_memory_not_equal(first, second, sizeof(first));
    }
}

/* RFC 5869 2.3 by hand for one block: T(1) = HMAC(PRK, info ‖ 01), PRK = HMAC(32 zeros, root). Data directories depend
 * on it: a change of derivation would lock everybody out. */
static void hmac(const void *key, const void *data, size_t size, uint8_t ret[32])
{
    size_t written;
    assert_non_null(EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, key, 32, data, size, ret, 32, &written));
}

static void expand(const uint8_t root[WARD_ROOT_KEY_BYTES], struct ward_span label, const uint8_t *epoch,
                   uint8_t ret[32])
{
    static const uint8_t no_salt[32];
    uint8_t prk[32];
    uint8_t info[64];
    size_t size = label.size;
    hmac(no_salt, root, WARD_ROOT_KEY_BYTES, prk);
    memcpy(info, label.data, label.size);
    if (epoch) {
        memcpy(info + size, epoch, WARD_EPOCH_BYTES);
        size += WARD_EPOCH_BYTES;
    }
    info[size++] = 1;
    hmac(prk, info, size, ret);
}

static void test_derivation_is_hkdf(void **state)
{
    (void)state;
    uint8_t root[WARD_ROOT_KEY_BYTES];
    uint8_t expected[32];
    struct ward_keyring *keyring = NULL;
    draw_root(root);
    assert_int_equal(ward_keyring_from_bytes(root, &keyring), WARD_OK);
    expand(root, WARD_SPAN("ward lookup 1"), NULL, expected);
    assert_memory_equal(keyring->pages->lookup, expected, 32);
    expand(root, WARD_SPAN("ward token 1"), NULL, expected);
    assert_memory_equal(keyring->pages->token, expected, 32);
    expand(root, WARD_SPAN("ward fingerprint 1"), NULL, expected);
    assert_memory_equal(keyring->fingerprint, expected, WARD_FINGERPRINT_BYTES);
    expand(root, WARD_SPAN("ward data 1"), keyring->pages->current.epoch, expected);
    assert_memory_equal(keyring->pages->current.key, expected, 32);
    ward_keyring_close(keyring);
}

static void test_each_start_has_its_epoch(void **state)
{
    (void)state;
    uint8_t root[WARD_ROOT_KEY_BYTES];
    struct ward_keyring *a = NULL;
    struct ward_keyring *b = NULL;
    draw_root(root);
    assert_int_equal(ward_keyring_from_bytes(root, &a), WARD_OK);
    assert_int_equal(ward_keyring_from_bytes(root, &b), WARD_OK);
    assert_memory_not_equal(a->pages->current.epoch, b->pages->current.epoch, WARD_EPOCH_BYTES);
    assert_memory_not_equal(a->pages->current.key, b->pages->current.key, WARD_DERIVED_KEY_BYTES);
    ward_keyring_close(a);
    ward_keyring_close(b);
}

/* ---- the pages ---- */

/* Find the flags line of the mapping that holds an address in /proc/self/smaps. */
static bool read_flags(const void *address, char flags[LINE_CHARS])
{
    FILE *maps = fopen("/proc/self/smaps", "re");
    bool is_inside = false;
    bool is_found = false;
    char line[LINE_CHARS];
    assert_non_null(maps);
    while (!is_found && fgets(line, sizeof(line), maps)) {
        unsigned long from;
        unsigned long to;
        if (sscanf(line, "%lx-%lx ", &from, &to) == 2) {
            is_inside = (unsigned long)address >= from && (unsigned long)address < to;
        } else if (is_inside && strncmp(line, "VmFlags:", 8) == 0) {
            memcpy(flags, line, sizeof(line));
            is_found = true;
        }
    }
    fclose(maps);
    return is_found;
}

static void test_pages_are_locked_and_not_dumped(void **state)
{
    (void)state;
    struct ward_keyring *keyring = make_keyring();
    char flags[LINE_CHARS];
    if (!read_flags(keyring->pages, flags)) {
        ward_keyring_close(keyring);
        skip();
    }
    assert_non_null(strstr(flags, " dd")); /* do not dump */
    assert_non_null(strstr(flags, " wf")); /* wipe on fork */
    assert_int_equal(strstr(flags, " lo") != NULL, MLOCK_WORKS);
    ward_keyring_close(keyring);
}

static int run_child(void (*act)(struct ward_keyring *), struct ward_keyring *keyring)
{
    int result;
    pid_t child = fork();
    if (child == 0) {
        signal(SIGSEGV, SIG_DFL);
        act(keyring);
        _exit(0);
    }
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &result, 0), child);
    return result;
}

static void touch_before(struct ward_keyring *keyring)
{
    *((volatile char *)keyring->pages - 1) = 1;
}

static void touch_after(struct ward_keyring *keyring)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    *(volatile char *)(keyring->mapping + keyring->mapping_size - page) = 1;
}

static void test_guard_pages_on_both_sides(void **state)
{
    (void)state;
    struct ward_keyring *keyring = make_keyring();
    int before = run_child(touch_before, keyring);
    int after = run_child(touch_after, keyring);
    assert_true(WIFSIGNALED(before) && WTERMSIG(before) == SIGSEGV);
    assert_true(WIFSIGNALED(after) && WTERMSIG(after) == SIGSEGV);
    ward_keyring_close(keyring);
}

/* A child must neither read the keys nor go on with keys of zeros. Exits with the number of the check that failed. */
static void use_all(struct ward_keyring *keyring)
{
    static const uint8_t zeros[sizeof(struct ward_key_pages)];
    const struct ward_seal_place place = { WARD_SPAN("a"), "t", WARD_SPAN("r"), "f", 1 };
    const char blob[WARD_SEAL_OVERHEAD_BYTES] = { WARD_SEAL_FORMAT };
    struct ward_buffer buffer = ward_buffer_new(1024);
    struct ward_keyed_hash *hash = NULL;
    if (memcmp(keyring->pages, zeros, sizeof(zeros)) != 0) {
        _exit(1);
    }
    if (ward_seal(keyring, &place, WARD_SPAN("x"), &buffer) != WARD_UNAVAILABLE || buffer.size != 0) {
        _exit(2);
    }
    if (ward_unseal(keyring, &place, ward_span(blob, sizeof(blob)), &buffer) != WARD_UNAVAILABLE) {
        _exit(3);
    }
    if (ward_keyed_hash_lookup(keyring, &hash) != WARD_UNAVAILABLE ||
        ward_keyed_hash_token(keyring, &hash) != WARD_UNAVAILABLE) {
        _exit(4);
    }
}

static void test_forked_child_has_no_keys(void **state)
{
    (void)state;
    struct ward_keyring *keyring = make_keyring();
    int result = run_child(use_all, keyring);
    assert_true(WIFEXITED(result));
    assert_int_equal(WEXITSTATUS(result), 0);
    assert_true(ward_keyring_is_alive(keyring));
    ward_keyring_close(keyring);
}

/* In a child: the limit cannot be raised again without privilege. */
static void open_without_lock(struct ward_keyring *unused)
{
    (void)unused;
    const struct rlimit none = { 0, 0 };
    uint8_t root[WARD_ROOT_KEY_BYTES] = { 1 };
    struct ward_keyring *keyring = NULL;
    int pipes[2];
    char line[512] = "";
    if (setrlimit(RLIMIT_MEMLOCK, &none) != 0 || pipe2(pipes, O_NONBLOCK) != 0) {
        _exit(1);
    }
    if (geteuid() == 0 && setresuid(65534, 65534, 65534) != 0) { /* root is above the limit */
        _exit(2);
    }
    ward_log_set_descriptor(pipes[1]);
    if (ward_keyring_from_bytes(root, &keyring) != WARD_OK) {
        _exit(3);
    }
    ward_keyring_close(keyring);
    if (read(pipes[0], line, sizeof(line) - 1) <= 0 || !strstr(line, "keyring_not_locked")) {
        _exit(4);
    }
}

static void test_memlock_limit_is_borne_with_a_warning(void **state)
{
    (void)state;
    if (!MLOCK_WORKS) {
        skip();
    }
    int result = run_child(open_without_lock, NULL);
    assert_true(WIFEXITED(result));
    assert_int_equal(WEXITSTATUS(result), 0);
}

static void *refuse_map(void *address, size_t size, int protection, int flags, int fd, off_t offset)
{
    (void)address, (void)size, (void)protection, (void)flags, (void)fd, (void)offset;
    errno = ENOMEM;
    return MAP_FAILED;
}

static void *refuse_memory(size_t size)
{
    (void)size;
    return NULL;
}

static void test_refusals_of_the_system(void **state)
{
    (void)state;
    uint8_t root[WARD_ROOT_KEY_BYTES];
    struct ward_keyring *keyring = NULL;
    draw_root(root);
    ward_seam.random = refuse_random;
    assert_int_equal(ward_keyring_from_bytes(root, &keyring), WARD_UNAVAILABLE);
    ward_seam = real_seam;
    ward_seam.map = refuse_map;
    assert_int_equal(ward_keyring_from_bytes(root, &keyring), WARD_NO_MEMORY);
    ward_seam = real_seam;
    ward_seam.allocate = refuse_memory;
    assert_int_equal(ward_keyring_from_bytes(root, &keyring), WARD_NO_MEMORY);
    assert_null(keyring);
}

static void test_close_takes_null(void **state)
{
    (void)state;
    ward_keyring_close(NULL);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

/* ---- replicas ---- */

static bool opens(struct ward_keyring *sealing, struct ward_keyring *opening)
{
    static const struct ward_seal_place place = { { "a", 1 }, "keyset", { "r", 1 }, "private", 1 };
    WARD_BUFFER blob = ward_buffer_new(LINE_CHARS);
    WARD_BUFFER plain = ward_buffer_new_secret(LINE_CHARS);
    assert_int_equal(ward_seal(sealing, &place, WARD_SPAN("secret"), &blob), WARD_OK);
    enum ward_status status = ward_unseal(opening, &place, ward_buffer_span(&blob), &plain);
    assert_true(status == WARD_OK || status == WARD_INTEGRITY);
    return status == WARD_OK;
}

static struct ward_keyring *for_replica(const struct ward_keyring *keyring, const char *name)
{
    struct ward_keyring *replica = NULL;
    assert_int_equal(ward_keyring_for_replica(keyring, ward_span_of(name), &replica), WARD_OK);
    return replica;
}

static void test_what_is_sealed_for_a_replica_opens_nowhere_else(void **state)
{
    (void)state;
    struct ward_keyring *keyring = make_keyring();
    struct ward_keyring *other = make_keyring();
    struct ward_keyring *one = for_replica(keyring, "one");
    struct ward_keyring *again = for_replica(keyring, "one");
    struct ward_keyring *two = for_replica(keyring, "two");
    struct ward_keyring *others_one = for_replica(other, "one");
    assert_true(opens(one, again));
    assert_false(opens(one, two));
    assert_false(opens(one, keyring));
    assert_false(opens(keyring, one));
    assert_false(opens(one, others_one));
    ward_keyring_close(keyring);
    assert_true(opens(again, one));
    ward_keyring_close(other);
    ward_keyring_close(one);
    ward_keyring_close(again);
    ward_keyring_close(two);
    ward_keyring_close(others_one);
}

static void test_lengths_of_replica_names(void **state)
{
    (void)state;
    char name[WARD_KEYRING_NAME_MAX + 1];
    struct ward_keyring *keyring = make_keyring();
    struct ward_keyring *replica = NULL;
    memset(name, 'n', sizeof(name));
    assert_int_equal(ward_keyring_for_replica(keyring, WARD_SPAN(""), &replica), WARD_INVALID);
    assert_int_equal(ward_keyring_for_replica(keyring, ward_span(name, sizeof(name)), &replica), WARD_INVALID);
    assert_null(replica);
    assert_int_equal(ward_keyring_for_replica(keyring, ward_span(name, sizeof(name) - 1), &replica), WARD_OK);
    ward_keyring_close(replica);
    ward_keyring_close(keyring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_created_key_opens_again_the_same),
        CASE(test_create_refuses_a_second),
        CASE(test_create_without_random_makes_no_file),
        CASE(test_open_refuses_a_missing_file),
        CASE(test_open_refuses_a_readable_file),
        CASE(test_open_refuses_a_link),
        CASE(test_open_refuses_another_size),
        CASE(test_open_refuses_zeros),
        CASE(test_fingerprint_names_the_root),
        CASE(test_derivation_is_hkdf),
        CASE(test_each_start_has_its_epoch),
        CASE(test_pages_are_locked_and_not_dumped),
        CASE(test_guard_pages_on_both_sides),
        CASE(test_forked_child_has_no_keys),
        CASE(test_memlock_limit_is_borne_with_a_warning),
        CASE(test_refusals_of_the_system),
        CASE(test_close_takes_null),
        CASE(test_what_is_sealed_for_a_replica_opens_nowhere_else),
        CASE(test_lengths_of_replica_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
