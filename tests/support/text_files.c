#include "text_files.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char file_in_messages[] = "numbers.txt";

void blob_text(blob *b, const void *bytes, size_t n)
{
    ck_assert_uint_le(n, sizeof b->data);
    memcpy(b->data, bytes, n);
    b->size = n;
}

void open_text_file(text_file *file, int way, const blob *b)
{
    blob packed;
    if (way & GZIP) {
        blob_gzip(&packed, b->data, b->size);
        b = &packed;
    }
    file->bytes = NULL;
    file->size = b->size;
    if (way & FROM_FILE) {
        make_directory(file->directory);
        write_file(file->directory, file_in_messages, b, file->path);
        return;
    }
    file->bytes = malloc(b->size ? b->size : 1);
    ck_assert_ptr_nonnull(file->bytes);
    memcpy(file->bytes, b->data, b->size);
}

void close_text_file(text_file *file)
{
    if (file->bytes)
        free(file->bytes);
    else
        remove_directory(file->directory);
}

void open_text_target(text_target *target)
{
    make_directory(target->directory);
    int n = snprintf(target->path, PATH_SIZE, "%s/%s", target->directory, file_in_messages);
    ck_assert_int_lt(n, PATH_SIZE);
}

void close_text_target(text_target *target, blob *written)
{
    FILE *file = fopen(target->path, "rb");
    ck_assert_ptr_nonnull(file);
    written->size = fread(written->data, 1, sizeof written->data, file);
    fclose(file);
    remove_directory(target->directory);
}
