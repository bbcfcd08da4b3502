/* Runs a fuzz target over every file of a directory: what the fuzzer found once stays found. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX = 16 * 1024 * 1024 };

static int replay_file(const char *directory, const char *name)
{
    char path[4096];
    int size = snprintf(path, sizeof(path), "%s/%s", directory, name);
    if (size < 0 || (size_t)size >= sizeof(path)) {
        return -1;
    }
    FILE *file = fopen(path, "rb");
    uint8_t *input = malloc(INPUT_MAX);
    size_t got = file && input ? fread(input, 1, INPUT_MAX, file) : 0;
    int is_bad = !file || !input || ferror(file) != 0 || !feof(file);
    if (file) {
        fclose(file);
    }
    if (!is_bad) {
        /* A block of exactly the input's size, so that a sanitizer sees the first byte read beyond it. */
        uint8_t *exact = realloc(input, got ? got : 1);
        input = exact ? exact : input;
        LLVMFuzzerTestOneInput(input, got);
    }
    free(input);
    return is_bad ? -1 : 0;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: %s DIRECTORY\n", argv[0]);
        return 2;
    }
    DIR *directory = opendir(argv[1]);
    if (!directory) {
        perror(argv[1]);
        return 1;
    }
    unsigned count = 0;
    for (struct dirent *entry; (entry = readdir(directory));) {
        if (entry->d_name[0] == '.') {
            continue;
        }
        if (replay_file(argv[1], entry->d_name) != 0) {
            fprintf(stderr, "%s/%s cannot be read\n", argv[1], entry->d_name);
            closedir(directory);
            return 1;
        }
        count++;
    }
    closedir(directory);
    printf("%u inputs replayed\n", count);
    return count > 0 ? 0 : 1;
}
