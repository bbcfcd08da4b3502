/*
 * Faults that a test orders from outside: a file that the test writes and the program maps. Each row counts the calls
 * of one kind and fails those from number `from` on, `count` of them. Only in ward-test, never in ward.
 */
#ifndef WARD_TESTS_SUPPORT_FAULT_CONTROL_H
#define WARD_TESTS_SUPPORT_FAULT_CONTROL_H

#include <stdbool.h>
#include <stdint.h>

/* tests/support/faults.mjs holds the same names in the same order. */
enum fault_kind {
    FAULT_KIND_ALLOCATE, /* Ward's own memory */
    FAULT_KIND_OPEN,
    FAULT_KIND_READ,
    FAULT_KIND_WRITE,
    FAULT_KIND_SYNC,
    FAULT_KIND_RENAME,
    FAULT_KIND_MAP,
    FAULT_KIND_ALLOCATE_FILE,
    FAULT_KIND_RANDOM,
    FAULT_KIND_STORE_ALLOCATE, /* SQLite's memory */
    FAULT_KIND_STORE_OPEN,
    FAULT_KIND_STORE_READ,
    FAULT_KIND_STORE_WRITE,
    FAULT_KIND_STORE_SYNC,
    FAULT_KIND_LOG_READ, /* SQLite's write-ahead log */
    FAULT_KIND_LOG_WRITE,
    FAULT_KIND_LOG_SYNC,
    FAULT_KIND_COUNT
};

/* All atomics, in the host's byte order; 40 bytes. */
struct fault_row {
    uint64_t calls; /* so far, counted by the program */
    uint64_t from;  /* the first call that fails, counted from 1; 0: none */
    uint64_t count; /* how many fail */
    uint64_t hits;  /* how many have failed, counted by the program */
    int64_t code;   /* errno, or SQLite's code */
};

/** Map the file and put the faults into the seam, SQLite's memory and its files. Before anything else runs. */
bool fault_control_install(const char *path);

#endif
