/* A window of bytes, refilled from the file (or the whole of a piece of memory). On top of it
 * bytes are either copied or inflated. Files are read without stdio, and zlib takes its memory
 * from the caller's allocator. */
#define _POSIX_C_SOURCE 200809L
#include "io/source.h"

#include "base/memory.h"
#include "io/failure.h"
#include "io/file.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

enum { LARGEST_STEP = 1 << 24 };

/* ---- the file ---------------------------------------------------------------------- */

static ad_status file_failure(const ad_source *s, int code)
{
    return ad_file_failure(s->error, s->name, code);
}

/* Makes bytes ready if none are; none at the end. */
static ad_status refill(ad_source *s)
{
    if (s->ready > 0 || s->file < 0)
        return AD_OK;
    ssize_t n;
    do
        n = read(s->file, s->buffer, sizeof s->buffer);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return file_failure(s, errno);
    s->next = s->buffer;
    s->ready = (size_t)n;
    return AD_OK;
}

static void consume(ad_source *s, size_t n)
{
    s->next += n;
    s->ready -= n;
}

/* ---- gzip -------------------------------------------------------------------------- */

/* zlib frees without a size, but the allocator needs one: it is kept in front of the block. */
typedef union memory_header {
    size_t bytes;
    max_align_t alignment;
} memory_header;

static void *zlib_allocate(void *user, unsigned items, unsigned size)
{
    size_t bytes = ad_size_add(ad_size_mul(items, size), sizeof(memory_header));
    memory_header *block = ad_memory_take(user, bytes);
    if (!block)
        return NULL;
    block->bytes = bytes;
    return block + 1;
}

static void zlib_release(void *user, void *memory)
{
    memory_header *block = (memory_header *)memory - 1;
    ad_memory_give(user, block, block->bytes);
}

static ad_status begin_gzip(ad_source *s)
{
    s->stream = (z_stream){
        .zalloc = zlib_allocate, .zfree = zlib_release, .opaque = (void *)(uintptr_t)s->allocator};
    int code = inflateInit2(&s->stream, 15 + 16); /* the largest window; gzip and nothing else */
    if (code == Z_OK)
        s->gzip = true;
    else if (code == Z_MEM_ERROR)
        return ad_fail(s->error, AD_MEMORY, "%s: no memory to inflate", s->name);
    else
        return ad_fail(s->error, AD_FAILED, "%s: zlib does not start (%d)", s->name, code);
    return AD_OK;
}

static ad_status gzip_failure(const ad_source *s, int code)
{
    if (code == Z_MEM_ERROR)
        return ad_fail(s->error, AD_MEMORY, "%s: no memory to inflate", s->name);
    return ad_fail(s->error, AD_FORMAT, "%s: gzip is damaged: %s", s->name,
                   s->stream.msg ? s->stream.msg : "unknown format");
}

/* At the end of a member: another may follow. */
static ad_status next_member(ad_source *s)
{
    ad_status status = refill(s);
    if (status != AD_OK || s->ready == 0 || s->next[0] != 0x1f)
        return status;
    s->ended = false;
    int code = inflateReset(&s->stream);
    return code == Z_OK ? AD_OK : gzip_failure(s, code);
}

/* One call of zlib: gives *got bytes, up to n > 0; none at the end of the input. */
static ad_status inflate_step(ad_source *s, unsigned char *to, size_t n, size_t *got)
{
    ad_status status = refill(s);
    if (status != AD_OK)
        return status;
    unsigned in = s->ready < LARGEST_STEP ? (unsigned)s->ready : LARGEST_STEP;
    unsigned out = n < LARGEST_STEP ? (unsigned)n : LARGEST_STEP;
    s->stream.next_in = s->next;
    s->stream.avail_in = in;
    s->stream.next_out = to;
    s->stream.avail_out = out;
    int code = inflate(&s->stream, Z_NO_FLUSH);
    consume(s, in - s->stream.avail_in);
    *got = out - s->stream.avail_out;
    s->ended = code == Z_STREAM_END;
    bool fine = code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR;
    if (s->ended)
        return next_member(s);
    return fine ? AD_OK : gzip_failure(s, code);
}

static ad_status read_gzip(ad_source *s, unsigned char *to, size_t n, size_t *got)
{
    bool at_end = false;
    while (*got < n && !s->ended && !at_end) {
        size_t step = 0;
        ad_status status = inflate_step(s, to + *got, n - *got, &step);
        if (status != AD_OK)
            return status;
        *got += step;
        if (step == 0 && s->ready == 0 && !s->ended) {
            status = refill(s);
            if (status != AD_OK)
                return status;
            at_end = s->ready == 0;
        }
    }
    return AD_OK;
}

/* ---- the source -------------------------------------------------------------------- */

static ad_status read_plain(ad_source *s, unsigned char *to, size_t n, size_t *got)
{
    while (*got < n) {
        ad_status status = refill(s);
        if (status != AD_OK || s->ready == 0)
            return status;
        size_t step = s->ready < n - *got ? s->ready : n - *got;
        memcpy(to + *got, s->next, step);
        consume(s, step);
        *got += step;
    }
    return AD_OK;
}

ad_status ad_source_read(ad_source *s, void *to, size_t n, size_t *got)
{
    *got = 0;
    return s->gzip ? read_gzip(s, to, n, got) : read_plain(s, to, n, got);
}

size_t ad_source_most(const ad_source *s)
{
    /* deflate's shortest code, two bits for length and distance, stands for 258 bytes */
    return s->gzip ? ad_size_mul(s->size, 1032) : s->size;
}

ad_status ad_source_finish(ad_source *s)
{
    unsigned char extra;
    size_t got;
    ad_status status = ad_source_read(s, &extra, 1, &got);
    if (status != AD_OK)
        return status;
    if (got > 0)
        return ad_fail(s->error, AD_FORMAT, "%s: bytes follow the last number", s->name);
    if (s->gzip && !s->ended)
        return ad_fail(s->error, AD_FORMAT, "%s: gzip is cut short in its checksum", s->name);
    status = refill(s);
    if (status == AD_OK && s->ready > 0)
        return ad_fail(s->error, AD_FORMAT, "%s: bytes follow the end of gzip", s->name);
    return status;
}

/* Decides between plain and gzip by the first two bytes. */
static ad_status begin(ad_source *s)
{
    ad_status status = refill(s);
    if (status == AD_OK && s->ready >= 2 && s->next[0] == 0x1f && s->next[1] == 0x8b)
        status = begin_gzip(s);
    return status;
}

ad_status ad_source_open(ad_source *s, const char *path, const ad_allocator *allocator,
                         ad_error *error)
{
    s->name = ad_path_tail(path);
    s->allocator = allocator;
    s->error = error;
    s->ready = 0;
    s->gzip = s->ended = false;
    uint64_t size;
    ad_status status = ad_regular_open(path, s->name, &s->file, &size, error);
    if (status != AD_OK)
        return status;
    s->size = ad_size_of(size);
    status = begin(s);
    if (status != AD_OK)
        close(s->file);
    return status;
}

ad_status ad_source_open_memory(ad_source *s, const void *bytes, size_t size, const char *name,
                                const ad_allocator *allocator, ad_error *error)
{
    s->name = ad_path_tail(name);
    s->allocator = allocator;
    s->error = error;
    s->size = s->ready = size;
    s->file = -1;
    s->next = bytes;
    s->gzip = s->ended = false;
    return begin(s);
}

void ad_source_close(ad_source *s)
{
    if (s->gzip)
        inflateEnd(&s->stream);
    if (s->file >= 0)
        close(s->file);
}
