/* Files that are read at any place, or the bytes of one in memory. */
#define _POSIX_C_SOURCE   200809L
#define _FILE_OFFSET_BITS 64
#include "io/file.h"

#include "io/failure.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Only a regular file has a reliable size and an end. */
static ad_status check_regular(int file, const char *name, uint64_t *size, ad_error *error)
{
    struct stat about;
    if (fstat(file, &about) != 0)
        return ad_file_failure(error, name, errno);
    if (S_ISDIR(about.st_mode))
        return ad_fail(error, AD_FILE, "%s: is a directory, not a file", name);
    if (!S_ISREG(about.st_mode))
        return ad_fail(error, AD_FILE, "%s: is not a regular file", name);
    *size = (uint64_t)about.st_size;
    return AD_OK;
}

ad_status ad_regular_open(const char *path, const char *name, int *file, uint64_t *size,
                          ad_error *error)
{
    do /* O_NONBLOCK: opening a FIFO must not wait for a writer */
        *file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    while (*file < 0 && errno == EINTR);
    if (*file < 0)
        return ad_file_failure(error, name, errno);
    ad_status status = check_regular(*file, name, size, error);
    if (status != AD_OK)
        close(*file);
    return status;
}

ad_status ad_file_open(ad_file *f, const char *path, ad_error *error)
{
    snprintf(f->name, sizeof f->name, "%s", ad_path_tail(path));
    ad_status status = ad_regular_open(path, f->name, &f->file, &f->size, error);
    if (status != AD_OK)
        return status;
    void *memory = MAP_FAILED;
    if (f->size > 0 && f->size <= PTRDIFF_MAX) /* nothing cannot be mapped */
        memory = mmap(NULL, (size_t)f->size, PROT_READ, MAP_PRIVATE, f->file, 0);
    f->memory = memory != MAP_FAILED ? memory : NULL;
    return AD_OK;
}

void ad_file_open_memory(ad_file *f, const void *bytes, size_t size, const char *name)
{
    snprintf(f->name, sizeof f->name, "%s", ad_path_tail(name));
    f->size = size;
    f->file = -1;
    f->memory = bytes;
}

void ad_file_close(ad_file *f)
{
    if (f->file < 0)
        return;
    if (f->memory)
        munmap((void *)(uintptr_t)f->memory, (size_t)f->size);
    close(f->file);
}

static ad_status read_part(const ad_file *f, uint64_t at, void *to, size_t n, size_t *got,
                           ad_error *error)
{
    ssize_t step;
    do
        step = pread(f->file, to, n, (off_t)at);
    while (step < 0 && errno == EINTR);
    if (step < 0)
        return ad_file_failure(error, f->name, errno);
    if (step == 0)
        return ad_fail(error, AD_FILE, "%s: it has been cut to %llu bytes since it was opened",
                       f->name, (unsigned long long)at);
    *got = (size_t)step;
    return AD_OK;
}

ad_status ad_file_read(const ad_file *f, uint64_t at, void *to, size_t n, ad_error *error)
{
    if (f->file < 0 && n > 0)
        memcpy(to, f->memory + at, n);
    ad_status status = AD_OK;
    for (size_t done = 0, step; f->file >= 0 && status == AD_OK && done < n; done += step) {
        step = 0;
        status = read_part(f, at + done, (char *)to + done, n - done, &step, error);
    }
    return status;
}
