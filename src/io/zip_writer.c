/* Writing zip archives, from the first byte to the last without going back. What is deflated has its sizes behind it,
 * as it does when Python writes to a pipe; what is stored has them before it, for readers that cannot do without.
 * An archive depends on names and bytes alone: its members are of the first day of zip's calendar, as NumPy's are. */
#include "io/zip.h"

#include "base/memory.h"
#include "io/words.h"

#include <string.h>

enum {
    HEADER = 30, /* bytes of a member's header, and of an entry of the directory, without names */
    ENTRY = 46,
    WIDE = 4 + 3 * 8, /* of zip64's field, at most */
    PADDING = 6,      /* of the field that aligns, at least */
    VERSION = 20,     /* 2.0 for deflate, 4.5 for zip64 */
    VERSION_WIDE = 45,
    DAY_ONE = 0x21, /* 1980-01-01 */
    UNIX = 3,       /* where it was made. Of DOS, Info-ZIP would take UTF-8 for a code page */
    PERMISSIONS = 0100644,
    LATER = 1 << 3, /* flags: sizes behind the bytes; names in UTF-8 */
    UTF8 = 1 << 11,
    MANY = 0xffff, /* entries that the plain end record cannot count */
    END_WIDE = 56, /* bytes of zip64's end record */
};

static const uint64_t ones = 0xffffffff; /* zip64 has the number */

/* What records begin with: "PK" and two bytes. */
enum {
    ENTRY_SIGN = 0x02014b50,
    MEMBER_SIGN = 0x04034b50,
    END_SIGN = 0x06054b50,
    END_WIDE_SIGN = 0x06064b50,
    LOCATOR_SIGN = 0x07064b50,
    BEHIND_SIGN = 0x08074b50,
};

static ad_status put(ad_zip_writer *w, const void *bytes, size_t n)
{
    w->at += n;
    if (!w->sink)
        return AD_OK;
    if (w->sink->all < w->at)
        w->sink->all = w->at;
    return ad_sink_write(w->sink, bytes, n);
}

/* Numbers of as many bytes as the signs of `widths` say: "2244". */
static unsigned char *put_words(unsigned char *to, const char *widths, const uint64_t *words)
{
    for (; *widths; widths++)
        to = ad_put_word(to, *words++, (size_t)(*widths - '0'));
    return to;
}

static ad_status put_record(ad_zip_writer *w, const char *widths, const uint64_t *words)
{
    unsigned char record[64];
    size_t size = (size_t)(put_words(record, widths, words) - record);
    return put(w, record, size);
}

static bool is_ascii(const char *text)
{
    while (*text && (unsigned char)*text < 0x80)
        text++;
    return !*text;
}

static uint64_t flags_of(const ad_zip_writer *w)
{
    return (w->piece.deflated ? LATER : 0u) | (is_ascii(w->name) ? 0u : UTF8);
}

/* ---- a member's header ---------------------------------------------------------------- */

/* A field that readers pass over. Its kind is that of Apache's Commons Compress, for the same purpose. */
static unsigned char *put_padding(unsigned char *to, uint64_t start)
{
    size_t n = (size_t)(-start % AD_ZIP_ALIGNMENT);
    if (n > 0 && n < PADDING)
        n += AD_ZIP_ALIGNMENT;
    if (n == 0)
        return to;
    memset(to, 0, n);
    put_words(to, "222", (uint64_t[]){0xa11e, n - 4, AD_ZIP_ALIGNMENT});
    return to + n;
}

static ad_status put_header(ad_zip_writer *w)
{
    unsigned char fields[WIDE + PADDING + AD_ZIP_ALIGNMENT], *end = fields;
    const ad_piece *p = &w->piece;
    size_t name = strlen(w->name);
    uint64_t size = p->deflated ? 0 : p->size, plain = w->wide ? ones : size;
    if (w->wide)
        end = put_words(end, "2288", (uint64_t[]){1, 16, size, size});
    if (!p->deflated)
        end = put_padding(end, w->at + HEADER + name + (size_t)(end - fields));
    uint64_t header[] = {MEMBER_SIGN,
                         w->wide ? VERSION_WIDE : VERSION,
                         flags_of(w),
                         p->deflated ? 8 : 0,
                         0,
                         DAY_ONE,
                         p->checksum,
                         plain,
                         plain,
                         name,
                         (uint64_t)(end - fields)};
    ad_status status = put_record(w, "42222244422", header);
    if (status == AD_OK)
        status = put(w, w->name, name);
    return status == AD_OK ? put(w, fields, (size_t)(end - fields)) : status;
}

/* ---- deflate -------------------------------------------------------------------------- */

static ad_status begin_deflate(ad_zip_writer *w)
{
    w->stream = (z_stream){.zalloc = ad_zlib_allocate, .zfree = ad_zlib_release};
    int code = deflateInit2(&w->stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -15, 8,
                            Z_DEFAULT_STRATEGY); /* -15: the largest window, bare deflate */
    w->streaming = code == Z_OK;
    if (code == Z_MEM_ERROR)
        return ad_fail(w->sink->error, AD_MEMORY, "%s: no memory to deflate", w->sink->path);
    if (code != Z_OK)
        return ad_fail(w->sink->error, AD_FAILED, "%s: zlib does not start (%d)", w->sink->path,
                       code);
    return AD_OK;
}

/* Takes all that waits, and writes what comes of it. */
static ad_status deflate_step(ad_zip_writer *w, int flush)
{
    unsigned char out[16384];
    ad_status status = AD_OK;
    do {
        w->stream.next_out = out;
        w->stream.avail_out = sizeof out;
        (void)deflate(&w->stream, flush); /* fails only if it was not begun */
        size_t n = sizeof out - w->stream.avail_out;
        w->piece.stored += n;
        status = put(w, out, n);
    } while (status == AD_OK && w->stream.avail_out == 0);
    return status;
}

static ad_status write_deflated(ad_zip_writer *w, const unsigned char *bytes, size_t n)
{
    enum { STEP = 1 << 24 };
    ad_status status = AD_OK;
    for (size_t step; n > 0 && status == AD_OK; bytes += step, n -= step) {
        step = n < STEP ? n : STEP;
        w->piece.checksum = (uint32_t)crc32_z(w->piece.checksum, bytes, step);
        w->stream.next_in = bytes;
        w->stream.avail_in = (unsigned)step;
        status = deflate_step(w, Z_NO_FLUSH);
    }
    return status;
}

static ad_status end_deflate(ad_zip_writer *w)
{
    w->stream.next_in = NULL;
    w->stream.avail_in = 0;
    ad_status status = deflate_step(w, Z_FINISH);
    deflateEnd(&w->stream);
    w->streaming = false;
    uint64_t behind[] = {BEHIND_SIGN, w->piece.checksum, w->piece.stored, w->piece.size};
    return status == AD_OK ? put_record(w, w->wide ? "4488" : "4444", behind) : status;
}

/* ---- the directory ---------------------------------------------------------------------- */

static void append(ad_zip_writer *w, const void *bytes, size_t n)
{
    if (w->directory)
        memcpy(w->directory + w->used, bytes, n);
    w->used += n;
}

/* A number for the entry. One that is too large goes into zip64's field. */
static uint64_t narrow(const ad_zip_writer *w, uint64_t number, unsigned char **field)
{
    if (number <= w->plain)
        return number;
    *field = ad_put_word(*field, number, 8);
    return ones;
}

static void put_entry(ad_zip_writer *w)
{
    unsigned char entry[ENTRY], field[WIDE], *end = field + 4;
    const ad_piece *p = &w->piece;
    size_t name = strlen(w->name);
    uint64_t size = narrow(w, p->size, &end), stored = narrow(w, p->stored, &end);
    uint64_t header = narrow(w, w->header, &end);
    size_t length = (size_t)(end - field);
    if (length == 4)
        length = 0;
    put_words(field, "22", (uint64_t[]){1, length - 4});
    uint64_t version = length > 0 || w->wide ? VERSION_WIDE : VERSION;
    uint64_t words[] = {ENTRY_SIGN,
                        UNIX << 8 | version,
                        version,
                        flags_of(w),
                        p->deflated ? 8 : 0,
                        0,
                        DAY_ONE,
                        p->checksum,
                        stored,
                        size,
                        name,
                        length,
                        0,
                        0,
                        0,
                        (uint64_t)PERMISSIONS << 16,
                        header};
    put_words(entry, "42222224442222244", words);
    append(w, entry, sizeof entry);
    append(w, w->name, name);
    append(w, field, length);
}

static ad_status put_directory(ad_zip_writer *w)
{
    uint64_t start = w->at, size = w->used, most = w->plain < MANY - 1 ? w->plain : MANY - 1;
    bool many = w->count > most, large = size > w->plain, far = start > w->plain;
    ad_status status = put(w, w->directory, w->used);
    uint64_t end = w->at;
    if (status == AD_OK && (many || large || far)) {
        uint64_t wide[] = {END_WIDE_SIGN, END_WIDE - 12, VERSION_WIDE, VERSION_WIDE, 0, 0,
                           w->count,      w->count,      size,         start};
        uint64_t locator[] = {LOCATOR_SIGN, 0, end, 1};
        status = put_record(w, "4822448888", wide);
        if (status == AD_OK)
            status = put_record(w, "4484", locator);
    }
    uint64_t count = many ? MANY : w->count;
    uint64_t plain[] = {END_SIGN, 0, 0, count, count, large ? ones : size, far ? ones : start, 0};
    return status == AD_OK ? put_record(w, "42222442", plain) : status;
}

/* ---- the archive ------------------------------------------------------------------------ */

size_t ad_zip_entry_size(const char *name)
{
    return ENTRY + strlen(name) + WIDE;
}

ad_status ad_zip_begin(ad_zip_writer *w, ad_sink *sink, size_t size)
{
    *w = (ad_zip_writer){.sink = sink, .plain = ones - 1, .size = size};
    if (sink)
        w->directory = ad_memory_take(NULL, size);
    if (!sink || w->directory)
        return AD_OK;
    return ad_fail(sink->error, AD_MEMORY, "%s: no memory for the directory", sink->path);
}

ad_status ad_zip_begin_member(ad_zip_writer *w, const char *name, bool deflated, uint64_t size,
                              uint32_t checksum)
{
    uint64_t most = deflated ? size + size / 1024 + 64 : size; /* of what is random by nature */
    w->name = name;
    w->header = w->at;
    w->wide = most > w->plain;
    w->count++;
    w->piece = (ad_piece){.size = size, .deflated = deflated};
    if (!deflated) {
        w->piece.stored = size;
        w->piece.checksum = checksum;
    }
    ad_status status = put_header(w);
    return status == AD_OK && deflated ? begin_deflate(w) : status;
}

ad_status ad_zip_write(ad_zip_writer *w, const void *bytes, size_t n)
{
    return w->piece.deflated ? write_deflated(w, bytes, n) : put(w, bytes, n);
}

ad_status ad_zip_end_member(ad_zip_writer *w)
{
    ad_status status = w->piece.deflated ? end_deflate(w) : AD_OK;
    put_entry(w);
    return status;
}

ad_status ad_zip_end(ad_zip_writer *w, ad_status status)
{
    if (w->streaming)
        deflateEnd(&w->stream);
    if (status == AD_OK)
        status = put_directory(w);
    if (w->sink)
        w->sink->all = w->at;
    ad_memory_give(NULL, w->directory, w->size);
    return status;
}
