/*
 * What a table's file is made of, from its header: geometry DIRECTORY. Prints JSON.
 */
#include <stdio.h>
#include <sys/stat.h>

#include "table/layout.h"

int main(int argc, char **argv)
{
    char path[4096];
    struct ward_table_header header;
    struct stat table, limits;
    if (argc != 2)
        return 2;
    snprintf(path, sizeof(path), "%s/limits", argv[1]);
    if (stat(path, &limits) != 0)
        return 1;
    snprintf(path, sizeof(path), "%s/table", argv[1]);
    FILE *file = fopen(path, "rb");
    bool is_read = file && fread(&header, sizeof(header), 1, file) == 1 && fstat(fileno(file), &table) == 0;
    if (file)
        fclose(file);
    if (!is_read || !ward_table_header_ok(&header, (uint64_t)table.st_size))
        return 1;
    const struct ward_table_geometry *geometry = &header.geometry;
    printf("{\"generation\":%llu,\"file_bytes\":%llu,\"index_bytes\":%llu,\"scope_bytes\":%llu,\"record_bytes\":%llu,"
           "\"arena_bytes\":%llu,\"limits_bytes\":%llu}\n",
           (unsigned long long)header.generation, (unsigned long long)header.file_bytes,
           (unsigned long long)geometry->index_slots * 8,
           (unsigned long long)geometry->scope_capacity * sizeof(struct ward_scope_entry),
           (unsigned long long)geometry->record_capacity * WARD_RECORD_BYTES, (unsigned long long)geometry->arena_bytes,
           (unsigned long long)limits.st_size);
    return 0;
}
