/*
 * Atomics for coroutines: each first hands control back to a scheduler, step(), which the including file defines. The
 * sources under test are included behind this header.
 */
#ifndef WARD_TEST_STEPPED_ATOMICS_H
#define WARD_TEST_STEPPED_ATOMICS_H

#include <stdbool.h>
#include <stdint.h>

#if defined(__SANITIZE_THREAD__)
#define IS_THREAD_SANITIZED
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define IS_THREAD_SANITIZED
#endif
#endif

static void step(void);

#define __atomic_load_n(at, order)            (step(), *(at))
#define __atomic_store_n(at, value, order)    (step(), (void)(*(at) = (value)))
#define __atomic_exchange_n(at, value, order) (step(), exchange((at), (value)))
#define __atomic_compare_exchange_n(at, expected, value, weak, success, failure)                                       \
    (step(), compare_exchange((at), (expected), (value)))

static uint64_t exchange(uint64_t *at, uint64_t value)
{
    uint64_t old = *at;
    *at = value;
    return old;
}

static bool compare_exchange(uint64_t *at, uint64_t *expected, uint64_t value)
{
    if (*at != *expected) {
        *expected = *at;
        return false;
    }
    *at = value;
    return true;
}

#endif
