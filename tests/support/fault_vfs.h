/*
 * A SQLite VFS that passes everything through and fails what a test asks for: the n-th write or sync of the database or
 * of its log, once or from then on.
 */
#ifndef WARD_TESTS_SUPPORT_FAULT_VFS_H
#define WARD_TESTS_SUPPORT_FAULT_VFS_H

#include <stdbool.h>

enum fault_call { FAULT_NONE, FAULT_READ, FAULT_WRITE, FAULT_SYNC, FAULT_OPEN };
enum fault_file { FAULT_DATABASE, FAULT_LOG };

struct fault_rule {
    enum fault_call call;
    enum fault_file file;
    long skip; /* let so many through first */
    bool once;
    int code; /* what SQLite gets: SQLITE_IOERR_FSYNC, SQLITE_FULL, … */
};

/** Make it the default VFS of this process. Call before the first store is opened. */
void fault_vfs_install(void);

/** Set the rule in force; a zeroed one ends all faults. */
void fault_vfs_set(const struct fault_rule *rule);

/** Ask somebody else instead of the rule: 0, or the code to fail with. Opens of files that are neither are not asked.
 */
void fault_vfs_set_asker(int (*asker)(enum fault_call call, enum fault_file file));

/** How often the rule has bitten since it was set. */
long fault_vfs_hits(void);

#endif
