#include "table/map.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/seam.h"
#include "table/layout.h"

struct ward_map {
    void *base;
    size_t size;
    int fd; /* of the mapped file, or -1 */
    dev_t device;
    ino_t inode;
    uint32_t holds;
    bool is_withdrawn; /* not in the list any more */
    struct ward_map *next;
};

/* Held for a walk over the handful of maps that a process has; never across a system call. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct ward_map *maps;

enum ward_status ward_map_share(const struct stat *file, int fd, void *base, size_t size, struct ward_map **ret)
{
    struct ward_map *map = ward_alloc(sizeof(*map));
    if (map == NULL)
        return WARD_NO_MEMORY;
    *map = (struct ward_map){
        .base = base, .size = size, .fd = fd, .device = file->st_dev, .inode = file->st_ino, .holds = 1
    };
    pthread_mutex_lock(&lock);
    map->next = maps;
    maps = map;
    pthread_mutex_unlock(&lock);
    *ret = map;
    return WARD_OK;
}

static bool is_of(const struct ward_map *map, const struct stat *file)
{
    return map->device == file->st_dev && map->inode == file->st_ino && map->size == (uint64_t)file->st_size;
}

struct ward_map *ward_map_take(const struct stat *file)
{
    pthread_mutex_lock(&lock);
    struct ward_map *map = maps;
    while (map != NULL && !is_of(map, file))
        map = map->next;
    if (map != NULL)
        map->holds++;
    pthread_mutex_unlock(&lock);
    return map;
}

void *ward_map_base(const struct ward_map *map)
{
    return map->base;
}

/* Under the lock. */
static void take_out(struct ward_map *map)
{
    if (map->is_withdrawn)
        return;
    struct ward_map **link = &maps;
    while (*link != map)
        link = &(*link)->next;
    *link = map->next;
    map->is_withdrawn = true;
}

void ward_map_release(struct ward_map *map)
{
    if (map == NULL)
        return;
    pthread_mutex_lock(&lock);
    bool is_last = --map->holds == 0;
    if (is_last)
        take_out(map);
    pthread_mutex_unlock(&lock);
    if (!is_last)
        return;
    ward_map_end(map, NULL);
}

bool ward_map_withdraw(struct ward_map *map)
{
    pthread_mutex_lock(&lock);
    bool is_last = map->holds == 1;
    if (is_last)
        take_out(map);
    pthread_mutex_unlock(&lock);
    return is_last;
}

void ward_map_end(struct ward_map *map, const struct ward_pace *pace)
{
    ward_table_unmap_paced(map->base, map->size, pace);
    if (map->fd >= 0)
        ward_table_file_end(map->fd, map->size, pace);
    ward_free(map);
}
