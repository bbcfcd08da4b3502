/*
 * The file format of DIR/table, shared by its writer and its readers.
 *
 *   0       header, fixed once the file is published (struct ward_table_header)
 *   2048    the four words that change (struct ward_table_live), alone in their cache line
 *   4096    index      index_slots × 8
 *   …       scopes     scope_capacity × 64
 *   …       records    record_capacity × 128
 *   …       arena      arena_bytes
 *
 * Every section starts at a page. Offsets are not stored: both sides compute them from the capacities, which are
 * bounded, so no arithmetic on a file's bytes can overflow. Integers are in the host's byte order: the file never
 * leaves the host, nor outlives its boot (boot_id).
 */
#ifndef WARD_TABLE_LAYOUT_H
#define WARD_TABLE_LAYOUT_H

#include <sys/stat.h>

#include "base/check.h"
#include "base/limits.h"
#include "table/table.h"

#define WARD_TABLE_MAGIC      "WARDTBL"
#define WARD_TABLE_FORMAT     3
#define WARD_TABLE_PAGE       4096
#define WARD_HUGE_PAGE        ((size_t)2 << 20)
#define WARD_TABLE_LIVE_AT    2048
#define WARD_TABLE_ARENA_MAX  (UINT64_C(1) << 44)
#define WARD_TABLE_SCOPES_MAX (2 * (uint64_t)WARD_PROJECTS_MAX)

/* A probe that has not ended after so many slots meets a damaged index: MACs at a load under 3/4 never come near. */
#define WARD_TABLE_PROBES_MAX 4096

/** What a file holds room for. */
struct ward_table_geometry {
    uint64_t index_slots; /* a power of two */
    uint64_t scope_capacity;
    uint64_t record_capacity; /* at most three quarters of index_slots */
    uint64_t arena_bytes;     /* a multiple of 8 */
};

#define WARD_BOOT_ID_BYTES 36

struct ward_table_header {
    char magic[8];
    uint32_t format;
    uint32_t reserved;
    uint64_t generation;
    struct ward_table_geometry geometry;
    uint64_t file_bytes;
    uint64_t limits_id;               /* names the DIR/limits whose slots the records hold */
    char boot_id[WARD_BOOT_ID_BYTES]; /* heartbeats count from this boot, and unsynced pages end with it */
    uint32_t check;                   /* over all before it */
};
_Static_assert(sizeof(struct ward_table_header) <= WARD_TABLE_LIVE_AT, "the live words lie behind the header");
_Static_assert(offsetof(struct ward_table_header, check) == sizeof(struct ward_table_header) - 4, "no padding");

/** The words that change under readers; all are atomics. `superseded` stays where it is in every format. */
struct ward_table_live {
    uint64_t superseded;
    uint64_t revision;
    int64_t heartbeat_ms; /* CLOCK_BOOTTIME */
    uint64_t zone;        /* whose days and months count; ward_zone_pack */
};

/** A scope as it lies in the map: eight words under a sequence, like a record. */
struct ward_scope_entry {
    uint32_t sequence;
    uint32_t check;
    struct ward_uuid account_id;
    struct ward_uuid project_id;
    uint64_t flags; /* enum ward_scope_flag */
    uint64_t reserved[2];
};
_Static_assert(sizeof(struct ward_scope_entry) == 64, "a scope is one cache line");

enum ward_scope_flag { WARD_SCOPE_ACCOUNT_ACTIVE = 1, WARD_SCOPE_PROJECT_ACTIVE = 2, WARD_SCOPE_TEST = 4 };

/** One mapped generation, taken apart. */
struct ward_table_view {
    uint8_t *base;
    size_t size;
    struct ward_table_live *live;
    uint64_t *index;
    uint64_t *scopes;  /* 8 words each */
    uint64_t *records; /* 16 words each */
    uint8_t *arena;
    struct ward_table_geometry geometry;
    uint64_t generation;
    uint64_t limits_id;
};

#define WARD_RECORD_WORDS (WARD_RECORD_BYTES / 8)
#define WARD_SCOPE_WORDS  (sizeof(struct ward_scope_entry) / 8)

/*
 * ---- index slots: tag (9 bits) | low bits of the record's limit_slot (27) | record index + 1 (28) ----
 *
 * The tag spares the reader the records of others: one probe in 512 reads one for nothing. The limit's slot is a hint
 * for fetching the counter while the record is on its way; it is never believed.
 */

#define WARD_SLOT_EMPTY       UINT64_C(0)
#define WARD_SLOT_TOMBSTONE   UINT64_MAX
#define WARD_SLOT_TAG_BITS    9
#define WARD_SLOT_HINT_BITS   27
#define WARD_SLOT_RECORD_BITS 28
_Static_assert(WARD_SLOT_TAG_BITS + WARD_SLOT_HINT_BITS + WARD_SLOT_RECORD_BITS == 64, "a slot is one word");
_Static_assert(WARD_TABLE_RECORDS_MAX <= 1 << WARD_SLOT_HINT_BITS, "every counter can be hinted at");
_Static_assert(WARD_TABLE_RECORDS_MAX < 1 << WARD_SLOT_RECORD_BITS, "every record has a number, and no tombstone has");

static inline uint64_t ward_lookup_home(const struct ward_lookup *lookup)
{
    uint64_t word;
    memcpy(&word, lookup->bytes, sizeof(word));
    return word;
}

static inline uint32_t ward_lookup_tag(const struct ward_lookup *lookup)
{
    uint32_t tag;
    memcpy(&tag, lookup->bytes + 8, sizeof(tag));
    return tag >> (32 - WARD_SLOT_TAG_BITS);
}

static inline uint64_t ward_slot_make(uint32_t tag, uint32_t limit_slot, uint32_t record)
{
    uint64_t hint = limit_slot & ((UINT64_C(1) << WARD_SLOT_HINT_BITS) - 1);
    return (uint64_t)tag << (64 - WARD_SLOT_TAG_BITS) | hint << WARD_SLOT_RECORD_BITS | (record + 1);
}

static inline uint32_t ward_slot_tag(uint64_t slot)
{
    return (uint32_t)(slot >> (64 - WARD_SLOT_TAG_BITS));
}

static inline uint32_t ward_slot_limit_hint(uint64_t slot)
{
    return (uint32_t)(slot >> WARD_SLOT_RECORD_BITS) & ((UINT32_C(1) << WARD_SLOT_HINT_BITS) - 1);
}

/* Beyond every capacity for a slot that names no record. */
static inline uint32_t ward_slot_record(uint64_t slot)
{
    return ((uint32_t)slot & ((UINT32_C(1) << WARD_SLOT_RECORD_BITS) - 1)) - 1;
}

/* ---- entries under a sequence: word 0 holds sequence and check, so one store opens and one closes it ---- */

/**
 * Write an entry under its sequence.
 *
 * A reader that loads any new word (acquire) also sees the odd sequence stored before it (release), and reads again;
 * one that loads the closing word sees every word before it. No fences, so the thread sanitizer understands it.
 */
static inline void ward_words_store(uint64_t *to, const uint64_t *words, size_t count)
{
    uint32_t head[2];
    uint64_t word = __atomic_load_n(&to[0], __ATOMIC_RELAXED);
    memcpy(head, &word, sizeof(word));
    uint32_t sequence = (head[0] | 1) + (head[0] & 1 ? 2 : 0); /* the next odd number */
    head[0] = sequence;
    memcpy(&word, head, sizeof(word));
    __atomic_store_n(&to[0], word, __ATOMIC_RELAXED);

    for (size_t i = 1; i < count; i++)
        __atomic_store_n(&to[i], words[i], __ATOMIC_RELEASE);

    memcpy(head, &words[0], sizeof(word)); /* the new check */
    head[0] = sequence + 1;
    memcpy(&word, head, sizeof(word));
    __atomic_store_n(&to[0], word, __ATOMIC_RELEASE);
}

#define WARD_TORN_READS_MAX 1000

static inline void ward_cpu_pause(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/** Copy an entry whole. False when it stays torn: its writer stopped in the middle. */
static inline bool ward_words_load(const uint64_t *from, uint64_t *words, size_t count)
{
    for (unsigned attempt = 0; attempt < WARD_TORN_READS_MAX; attempt++) {
        words[0] = __atomic_load_n(&from[0], __ATOMIC_ACQUIRE);
        for (size_t i = 1; i < count; i++)
            words[i] = __atomic_load_n(&from[i], __ATOMIC_ACQUIRE);
        uint64_t again = __atomic_load_n(&from[0], __ATOMIC_RELAXED);
        uint32_t sequence;
        memcpy(&sequence, &words[0], sizeof(sequence));
        if (again == words[0] && (sequence & 1) == 0)
            return true;
        ward_cpu_pause();
    }
    return false;
}

/** The check of an entry of `count` words that lies at a given position of its section. */
static inline uint32_t ward_words_check(const uint64_t *words, size_t count, uint64_t position)
{
    return ward_check(words + 1, (count - 1) * 8, position ^ (uint64_t)count << 56);
}

/* ---- geometry ---- */

/** Give the size of a file of a geometry, or 0 when the geometry is out of bounds. */
uint64_t ward_table_file_bytes(const struct ward_table_geometry *geometry);

/** Take a mapped file apart whose geometry was found in bounds. */
void ward_table_view_init(struct ward_table_view *view, void *base, const struct ward_table_header *header);

uint32_t ward_table_header_check(const struct ward_table_header *header);

/** True for a header of this format that says it is as long as the file is. */
bool ward_table_header_ok(const struct ward_table_header *header, uint64_t file_bytes);

/** Read the kernel's id of this boot. WARD_IO when there is none: then nothing can be said about a table's age. */
enum ward_status ward_boot_id(char ret[WARD_BOOT_ID_BYTES]) WARD_MUST_USE;

/* ---- files and maps ---- */

/** How long work on a whole file takes a rest in between, so that who shares the processor is not kept waiting. */
struct ward_pace {
    void (*rest)(void *arg); /* called after each piece of some 100 µs */
    void (*warm)(void *arg); /* before a file's page of 2 MiB is touched for the first time; may be NULL */
    void *arg;
};

/** Join DIR and a name. Owns: free with ward_free; NULL when out of memory. */
char *ward_table_path(const char *directory, const char *name) WARD_MUST_USE;

/** Open a regular file that is no link; its size and identity in *ret_stat. WARD_NOT_FOUND, WARD_INTEGRITY, WARD_IO. */
enum ward_status ward_table_file_open(const char *path, bool is_writable, int *ret_fd,
                                      struct stat *ret_stat) WARD_MUST_USE;

/** Make a new private file of a size, allocated whole and zeroed; an older one of the name is unlinked. pace: NULL for
 * in one go, as below. */
enum ward_status ward_table_file_create(const char *path, uint64_t size, const struct ward_pace *pace,
                                        int *ret_fd) WARD_MUST_USE;

/** Address space, without access, that holds size bytes from a 2 MiB boundary on. NULL: none. */
void *ward_table_reserve_aligned(size_t size) WARD_MUST_USE;

/** Map a shared file from its start; 2 MiB aligned and advised to huge pages if it is that large. NULL: no memory. */
void *ward_table_map(int fd, size_t size, bool is_writable) WARD_MUST_USE;
void ward_table_unmap(void *base, size_t size);
void ward_table_unmap_paced(void *base, size_t size, const struct ward_pace *pace);

/** Close a file that has no name any more; with a pace its pages are given back piece by piece, if nobody else on the
 * host has it open or mapped. */
void ward_table_file_end(int fd, uint64_t size, const struct ward_pace *pace);

/** Have the page that is touched next warmed, if the pace knows how and size is a whole one at least. */
void ward_table_warm(size_t size, const struct ward_pace *pace);

/** Bring the pages of a writable map in, so that who writes or reads them meets none that is missing. A hint. */
void ward_table_populate(void *base, size_t size, const struct ward_pace *pace);

#endif
