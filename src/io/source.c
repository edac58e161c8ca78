/* A window of bytes, refilled from the file (or all of the bytes in memory). On top of it bytes are either copied or
 * inflated. Files are read without stdio, and zlib takes its memory from the caller's allocator. */
#define _POSIX_C_SOURCE 200809L
#include "io/source.h"

#include "base/memory.h"
#include "io/failure.h"
#include "io/file.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

enum {
    LARGEST_STEP = 1 << 24,
    MOST_OF_ONE = 1032, /* bytes from one of deflate: its shortest code, two bits, is 258 bytes */
};

/* ---- the file ---------------------------------------------------------------------- */

static ad_status file_failure(const ad_source *s, int code)
{
    return ad_file_failure(s->error, s->name, code);
}

static ad_status fetch_from_file(ad_source *s, void *to, size_t n, size_t *got)
{
    ssize_t step;
    do
        step = read(s->file, to, n);
    while (step < 0 && errno == EINTR);
    if (step < 0)
        return file_failure(s, errno);
    *got = (size_t)step;
    return AD_OK;
}

/* The next bytes that are not at hand, up to n > 0; none at the end, and of memory, which is at hand from the start. */
static ad_status fetch(ad_source *s, void *to, size_t n, size_t *got)
{
    *got = 0;
    if (!s->whole)
        return s->file < 0 ? AD_OK : fetch_from_file(s, to, n, got);
    size_t step = s->left < n ? (size_t)s->left : n;
    ad_status status = ad_file_read(s->whole, s->at, to, step, s->error);
    if (status != AD_OK)
        return status;
    s->at += step;
    s->left -= step;
    *got = step;
    return AD_OK;
}

/* Makes bytes ready if none are; none at the end. */
static ad_status refill(ad_source *s)
{
    if (s->ready > 0)
        return AD_OK;
    s->next = s->buffer;
    return fetch(s, s->buffer, sizeof s->buffer, &s->ready);
}

static void consume(ad_source *s, size_t n)
{
    s->next += n;
    s->ready -= n;
}

/* ---- deflate and gzip ---------------------------------------------------------------- */

/* zlib frees without a size, but the allocator needs one: it is kept in front of the block. */
typedef union memory_header {
    size_t bytes;
    max_align_t alignment;
} memory_header;

void *ad_zlib_allocate(void *user, unsigned items, unsigned size)
{
    size_t bytes = ad_size_add(ad_size_mul(items, size), sizeof(memory_header));
    memory_header *block = ad_memory_take(user, bytes);
    if (!block)
        return NULL;
    block->bytes = bytes;
    return block + 1;
}

void ad_zlib_release(void *user, void *memory)
{
    memory_header *block = (memory_header *)memory - 1;
    ad_memory_give(user, block, block->bytes);
}

static ad_status begin_inflating(ad_source *s, ad_packing packing)
{
    s->stream = (z_stream){.zalloc = ad_zlib_allocate,
                           .zfree = ad_zlib_release,
                           .opaque = (void *)(uintptr_t)s->allocator};
    const int window = 15; /* the largest; + 16: gzip and nothing else, negative: bare deflate */
    int code = inflateInit2(&s->stream, packing == AD_GZIP ? window + 16 : -window);
    if (code == Z_OK)
        s->packing = packing;
    else if (code == Z_MEM_ERROR)
        return ad_fail(s->error, AD_MEMORY, "%s: no memory to inflate", s->name);
    else
        return ad_fail(s->error, AD_FAILED, "%s: zlib does not start (%d)", s->name, code);
    return AD_OK;
}

static const char *packing_text(const ad_source *s)
{
    return s->packing == AD_GZIP ? "gzip" : "deflate";
}

static ad_status inflate_failure(const ad_source *s, int code)
{
    if (code == Z_MEM_ERROR)
        return ad_fail(s->error, AD_MEMORY, "%s: no memory to inflate", s->name);
    return ad_fail(s->error, AD_FORMAT, "%s: %s is damaged: %s", s->name, packing_text(s),
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
    return code == Z_OK ? AD_OK : inflate_failure(s, code);
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
        return s->packing == AD_GZIP ? next_member(s) : AD_OK;
    return fine ? AD_OK : inflate_failure(s, code);
}

static ad_status read_inflated(ad_source *s, unsigned char *to, size_t n, size_t *got)
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

/* Large parts go past the buffer. */
static ad_status read_plain(ad_source *s, unsigned char *to, size_t n, size_t *got)
{
    ad_status status = AD_OK;
    for (size_t step = 1; step > 0 && *got < n && status == AD_OK; *got += step) {
        size_t left = n - *got;
        if (s->ready == 0 && left >= sizeof s->buffer) {
            status = fetch(s, to + *got, left, &step);
            continue;
        }
        status = refill(s);
        step = s->ready < left ? s->ready : left;
        if (step > 0)
            memcpy(to + *got, s->next, step);
        consume(s, step);
    }
    return status;
}

ad_status ad_source_read(ad_source *s, void *to, size_t n, size_t *got)
{
    *got = 0;
    bool inflates = s->packing != AD_PLAIN;
    ad_status status = inflates ? read_inflated(s, to, n, got) : read_plain(s, to, n, got);
    if (status == AD_OK && s->whole && *got > 0)
        s->checksum = (uint32_t)crc32_z(s->checksum, to, *got);
    return status;
}

size_t ad_source_most(const ad_source *s)
{
    return s->packing == AD_GZIP ? ad_size_mul(s->size, MOST_OF_ONE) : s->size;
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
    if (s->packing != AD_PLAIN && !s->ended)
        return ad_fail(s->error, AD_FORMAT, "%s: %s is cut short%s", s->name, packing_text(s),
                       s->packing == AD_GZIP ? " in its checksum" : "");
    status = refill(s);
    if (status == AD_OK && s->ready > 0)
        return ad_fail(s->error, AD_FORMAT, "%s: bytes follow the end of %s", s->name,
                       packing_text(s));
    if (status == AD_OK && s->whole && s->checksum != s->right_checksum)
        return ad_fail(s->error, AD_FORMAT, "%s: the checksum is %08lx, not %08lx", s->name,
                       (unsigned long)s->checksum, (unsigned long)s->right_checksum);
    return status;
}

/* Decides between plain and gzip by the first two bytes. */
static ad_status begin(ad_source *s)
{
    ad_status status = refill(s);
    if (status == AD_OK && s->ready >= 2 && s->next[0] == 0x1f && s->next[1] == 0x8b)
        status = begin_inflating(s, AD_GZIP);
    return status;
}

ad_status ad_source_open(ad_source *s, const char *path, const ad_allocator *allocator,
                         ad_error *error)
{
    s->name = ad_path_tail(path);
    s->allocator = allocator;
    s->error = error;
    s->whole = NULL;
    s->ready = 0;
    s->packing = AD_PLAIN;
    s->ended = false;
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
    s->whole = NULL;
    s->next = bytes;
    s->packing = AD_PLAIN;
    s->ended = false;
    return begin(s);
}

static ad_status check_piece(const ad_source *s, const ad_piece *p)
{
    uint64_t most = p->deflated ? ad_size_mul(ad_size_of(p->stored), MOST_OF_ONE) : p->stored;
    if (p->size > most)
        return ad_fail(s->error, AD_FORMAT, "%s: %llu bytes are claimed of %llu %s bytes", s->name,
                       (unsigned long long)p->size, (unsigned long long)p->stored,
                       p->deflated ? "deflated" : "stored");
    if (p->size > SIZE_MAX)
        return ad_fail(s->error, AD_TOO_LARGE, "%s: %llu bytes do not fit into memory", s->name,
                       (unsigned long long)p->size);
    return AD_OK;
}

ad_status ad_source_open_piece(ad_source *s, const ad_file *file, const ad_piece *p,
                               const char *name, const ad_allocator *allocator, ad_error *error)
{
    s->name = name;
    s->allocator = allocator;
    s->error = error;
    s->size = (size_t)p->size;
    s->file = -1;
    s->whole = file;
    s->at = p->at;
    s->left = p->stored;
    s->checksum = 0;
    s->right_checksum = p->checksum;
    s->ready = 0;
    s->packing = AD_PLAIN;
    s->ended = false;
    ad_status status = check_piece(s, p);
    return status == AD_OK && p->deflated ? begin_inflating(s, AD_DEFLATE) : status;
}

void ad_source_close(ad_source *s)
{
    if (s->packing != AD_PLAIN)
        inflateEnd(&s->stream);
    if (s->file >= 0)
        close(s->file);
}
