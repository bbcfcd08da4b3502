/*
 * Pages that know their own bytes: a SQLite VFS over the system's.
 *
 * Every page of a store ends in eight bytes, a check over the others and over the page's place. It is computed when a
 * page is written to the database and compared whenever one is read from it. A page that is read from the write-ahead
 * log is compared with SQLite's own sum of its frame, which SQLite itself does only when it recovers. What does not fit
 * is not handed out: the read fails, the log says file and offset.
 *
 *   database  byte 20 of the first page says 8: pages are checked. It says 0: an older store, which
 *             ward_pages_are_checked tells and VACUUM rewrites; or a flipped byte, which the first page's own check
 * tells log       its frames hold pages with whatever bytes lay at their end; the check is computed on the way to the
 * database others    pass through
 *
 * Nobody else computes these checks. Whoever writes to a store with another program (sqlite3) damages it.
 */
#ifndef WARD_STORE_SQLITE_PAGES_H
#define WARD_STORE_SQLITE_PAGES_H

#include <sqlite3.h>

#include "store/store.h"

#define WARD_PAGE_CHECK_BYTES 8

/** Give the VFS's name for sqlite3_open_v2; the first call registers it over the default one. NULL: out of memory. */
const char *ward_pages_vfs(void);

/**
 * Ask for checked pages: on a database that is still empty from the first write on, on an older one when VACUUM has
 * rewritten it. Before the connection's first statement.
 */
int ward_pages_want_checks(sqlite3 *db);

/** Tell whether the database file has checked pages now. */
int ward_pages_are_checked(sqlite3 *db, bool *ret);

/** Tell what the connection found first, in the database or its log. */
void ward_pages_damage(sqlite3 *db, struct ward_store_damage *ret);

#endif
