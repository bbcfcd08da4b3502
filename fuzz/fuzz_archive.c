/* Input: an archive. What is read from it is bounded, and written anew it reads the same. */
#include "check.h"
#include "surface/apinizer/archive.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    WARD_POOL pool = ward_pool_new(1 << 22);
    WARD_POOL second = ward_pool_new(1 << 22);
    WARD_BUFFER bytes = ward_buffer_new(1 << 22);
    const struct ward_archive_file *files = NULL, *again = NULL;
    const char *why = NULL;
    size_t count = 0, count_again = 0, total = 0;
    struct ward_span input = ward_span((const char *)data, size);
    enum ward_status status = ward_archive_read(size > 0 ? input : WARD_SPAN(""), &pool, &files, &count, &why);
    CHECK(status == WARD_OK || (status == WARD_INVALID && why));
    if (status != WARD_OK) {
        return 0;
    }
    CHECK(count <= WARD_ARCHIVE_FILES_MAX);
    for (size_t i = 0; i < count; i++) {
        CHECK(files[i].content.size <= WARD_ARCHIVE_FILE_MAX);
        total += files[i].content.size;
    }
    CHECK(total <= WARD_ARCHIVE_TOTAL_MAX);
    ward_archive_write(files, count, &bytes);
    if (bytes.status != WARD_OK) { /* names may lie over each other, and be more than the archive */
        return 0;
    }
    CHECK(ward_archive_read(ward_buffer_span(&bytes), &second, &again, &count_again, &why) == WARD_OK);
    CHECK(count_again == count);
    for (size_t i = 0; i < count; i++) {
        CHECK(ward_span_equal(files[i].name, again[i].name) && ward_span_equal(files[i].content, again[i].content));
    }
    return 0;
}
