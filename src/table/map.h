/*
 * Maps that a process has once and its threads share. The writer maps each of its files to write them; the readers of
 * its process read through the same map. So they find every page there when a generation changes, and none of them has
 * to unmap the old one: the last to let go does, and the writer sees to it that it is the last.
 *
 * Taking and letting go happen when a file is opened or left, never in between.
 */
#ifndef WARD_TABLE_MAP_H
#define WARD_TABLE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "base/status.h"

struct ward_map;

/**
 * Offer a writable map of a file to the readers of this process.
 *
 * Shape:   fd is the mapped file's if it loses its name before the map ends, else -1.
 * Owns:    the map and fd are taken on success; *ret is the caller's hold, let go with ward_map_release.
 * Errors:  WARD_NO_MEMORY.
 * Threads: any, as all of this file.
 */
enum ward_status ward_map_share(const struct stat *file, int fd, void *base, size_t size,
                                struct ward_map **ret) WARD_MUST_USE;

/** Hold the offered map of a file of this size. NULL: there is none, the caller maps the file itself. */
struct ward_map *ward_map_take(const struct stat *file) WARD_MUST_USE;

void *ward_map_base(const struct ward_map *map);

/** Let go; whoever is the last unmaps. Takes NULL. */
void ward_map_release(struct ward_map *map);

struct ward_pace;

/** End a map that nobody holds: one that was withdrawn. With a pace piece by piece. */
void ward_map_end(struct ward_map *map, const struct ward_pace *pace);

/** True when nobody but the caller holds the map, and from now on nobody can take it. */
bool ward_map_withdraw(struct ward_map *map);

#endif
