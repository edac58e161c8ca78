/* Reading zip archives. Everything in the directory is compared with the size of the file and with each other before
 * it is used. What readers could take in different ways is refused. */
#include "io/zip.h"

#include "base/memory.h"
#include "io/words.h"

#include <limits.h>
#include <string.h>

enum {
    END = 22, /* bytes of the end record, of zip64's, and of what says where that is */
    END64 = 56,
    LOCATOR = 20,
    ENTRY = 46, /* of an entry of the directory, and of a member's header, without names */
    HEADER = 30,
    COMMENT = 65535,   /* the longest behind the end record */
    ENCRYPTED = 0x2041 /* flags: by old or new ciphers, or its directory */
};

static uint64_t half_at(const unsigned char *at)
{
    return ad_word(at, 2, false);
}

static uint64_t word_at(const unsigned char *at)
{
    return ad_word(at, 4, false);
}

static uint64_t wide_at(const unsigned char *at)
{
    return ad_word(at, 8, false);
}

static bool begins(const unsigned char *at, const char *signature)
{
    return memcmp(at, signature, 4) == 0;
}

static ad_status malformed(const ad_zip *z, uint64_t at, const char *reason, ad_error *error)
{
    return ad_fail(error, AD_FORMAT, "%s: byte %llu: %s", z->file->name, (unsigned long long)at,
                   reason);
}

/* ---- the end record ------------------------------------------------------------------- */

typedef struct end_record {
    uint64_t at; /* where it is: the one of zip64, if there is one */
    uint64_t count, size, start;
} end_record;

/* What begins as an archive was cut, most likely. */
static ad_status refuse_without_end(const ad_zip *z, ad_error *error)
{
    unsigned char first[4];
    bool begun = z->file->size >= sizeof first &&
                 ad_file_read(z->file, 0, first, sizeof first, NULL) == AD_OK &&
                 begins(first, "PK\3\4");
    return ad_fail(error, AD_FORMAT, "%s: %s", z->file->name,
                   begun ? "the zip archive has no end record: the file is cut short"
                         : "this is no zip archive: it has no end record");
}

/* The last bytes of the file in which the record can be. */
static ad_status find_end(const ad_zip *z, unsigned char *tail, size_t size, uint64_t *at,
                          ad_error *error)
{
    uint64_t first = z->file->size - size;
    ad_status status = ad_file_read(z->file, first, tail, size, error);
    if (status != AD_OK)
        return status;
    for (size_t comment = 0; comment + END <= size; comment++) {
        const unsigned char *record = tail + size - END - comment;
        if (begins(record, "PK\5\6") && half_at(record + 20) == comment) {
            *at = first + (size_t)(record - tail);
            return AD_OK;
        }
    }
    return refuse_without_end(z, error);
}

/* Of an archive in one part: parts count as 0 or, in the one place where they are counted, as 1. */
static ad_status parse_end(const ad_zip *z, const unsigned char *r, uint64_t at, end_record *end,
                           ad_error *error)
{
    uint64_t count = half_at(r + 8);
    *end = (end_record){at, half_at(r + 10), word_at(r + 12), word_at(r + 16)};
    if ((half_at(r + 4) != 0 && half_at(r + 4) != 0xffff) ||
        (half_at(r + 6) != 0 && half_at(r + 6) != 0xffff) || count != end->count)
        return malformed(z, at, "the archive is one of several parts", error);
    return AD_OK;
}

/* A number that does not fit into the plain record is all ones there. */
static bool agrees(uint64_t plain, uint64_t ones, uint64_t number)
{
    return plain == ones || plain == number;
}

static ad_status parse_end64(const ad_zip *z, uint64_t locator_at, uint64_t at, end_record *end,
                             ad_error *error)
{
    unsigned char r[END64];
    if (at > locator_at || locator_at - at < END64)
        return malformed(z, locator_at, "the record of zip64 is not where it should be", error);
    ad_status status = ad_file_read(z->file, at, r, sizeof r, error);
    if (status != AD_OK)
        return status;
    if (!begins(r, "PK\6\6") || wide_at(r + 4) != locator_at - at - 12)
        return malformed(z, at, "there is no record of zip64", error);
    if (word_at(r + 16) != 0 || word_at(r + 20) != 0 || wide_at(r + 24) != wide_at(r + 32))
        return malformed(z, at, "the archive is one of several parts", error);
    if (!agrees(end->count, 0xffff, wide_at(r + 32)) ||
        !agrees(end->size, 0xffffffff, wide_at(r + 40)) ||
        !agrees(end->start, 0xffffffff, wide_at(r + 48)))
        return malformed(z, at, "the record of zip64 differs from the end record", error);
    *end = (end_record){at, wide_at(r + 32), wide_at(r + 40), wide_at(r + 48)};
    return AD_OK;
}

/* zip64's record comes before the plain one, and between them something that says where it is. */
static ad_status look_for_end64(const ad_zip *z, end_record *end, ad_error *error)
{
    unsigned char locator[LOCATOR];
    if (end->at < LOCATOR)
        return AD_OK;
    uint64_t at = end->at - LOCATOR;
    ad_status status = ad_file_read(z->file, at, locator, sizeof locator, error);
    if (status != AD_OK || !begins(locator, "PK\6\7"))
        return status;
    if (word_at(locator + 4) != 0 || word_at(locator + 16) > 1)
        return malformed(z, at, "the archive is one of several parts", error);
    return parse_end64(z, at, wide_at(locator + 8), end, error);
}

static ad_status read_end(const ad_zip *z, end_record *end, ad_error *error)
{
    size_t size = END + COMMENT;
    if (z->file->size < size)
        size = (size_t)z->file->size;
    unsigned char *tail = ad_memory_take(z->allocator, size);
    if (!tail)
        return ad_fail(error, AD_MEMORY, "%s: no memory to look for the directory", z->file->name);
    uint64_t at = 0;
    ad_status status = find_end(z, tail, size, &at, error);
    if (status == AD_OK)
        status = parse_end(z, tail + (at - (z->file->size - size)), at, end, error);
    ad_memory_give(z->allocator, tail, size);
    return status == AD_OK ? look_for_end64(z, end, error) : status;
}

/* ---- the directory -------------------------------------------------------------------- */

/* Numbers of zip64 stand, in this order, in a field of their own: those that are all ones in the entry. */
static bool read_zip64(const unsigned char *field, size_t size, ad_zip_member *m)
{
    uint64_t *numbers[] = {&m->piece.size, &m->piece.stored, &m->header};
    for (int i = 0; i < 3; i++)
        if (*numbers[i] == 0xffffffff) {
            if (size < 8)
                return false;
            *numbers[i] = wide_at(field);
            field += 8;
            size -= 8;
        }
    return true;
}

/* Fields of other kinds, each with its kind and length before it, are passed over. */
static bool read_fields(const unsigned char *fields, size_t size, ad_zip_member *m)
{
    bool seen = false;
    while (size >= 4) {
        size_t length = (size_t)half_at(fields + 2);
        bool is_zip64 = half_at(fields) == 1;
        if (length > size - 4 || (is_zip64 && (seen || !read_zip64(fields + 4, length, m))))
            return false;
        seen = seen || is_zip64;
        fields += 4 + length;
        size -= 4 + length;
    }
    return true;
}

/* Reads the entry at a place. *left: bytes from there on. */
static const char *parse_entry(const ad_zip *z, unsigned char *e, size_t left, size_t *size,
                               ad_zip_member *m)
{
    if (left < ENTRY || !begins(e, "PK\1\2"))
        return "there is no entry of the directory";
    size_t name = (size_t)half_at(e + 28), fields = (size_t)half_at(e + 30);
    *size = ENTRY + name + fields + (size_t)half_at(e + 32);
    if (*size > left)
        return "the entry is longer than the directory";
    *m = (ad_zip_member){
        .name = (char *)e + ENTRY,
        .length = name,
        .flags = (unsigned)half_at(e + 8),
        .method = (unsigned)half_at(e + 10),
        .header = word_at(e + 42),
        .piece = {.stored = word_at(e + 20),
                  .size = word_at(e + 24),
                  .checksum = (uint32_t)word_at(e + 16),
                  .deflated = half_at(e + 10) != 0},
    };
    if (!read_fields(e + ENTRY + name, fields, m))
        return "the extra fields of the entry are malformed";
    if (half_at(e + 34) != 0 && half_at(e + 34) != 0xffff)
        return "the member is in another part of the archive";
    if (memchr(m->name, '\0', name))
        return "the name has a NUL in it";
    if (m->header > z->start || z->start - m->header < HEADER)
        return "the member is not before the directory";
    return NULL;
}

/* Members that share their bytes could be inflated to more than the file allows: the sum tells. */
static ad_status parse_directory(ad_zip *z, ad_error *error)
{
    uint64_t taken = 0;
    size_t at = 0, size = 0;
    for (size_t i = 0; i < z->count; i++, at += size) {
        ad_zip_member *m = &z->members[i];
        const char *reason = parse_entry(z, z->directory + at, z->size - at, &size, m);
        uint64_t room = reason ? 0 : z->start - taken;
        if (!reason && (m->piece.stored > room || room - m->piece.stored < HEADER + m->length))
            reason = "the members have more bytes than there are before the directory";
        if (reason)
            return malformed(z, z->start + at, reason, error);
        taken += HEADER + m->length + m->piece.stored;
    }
    if (at < z->size)
        return malformed(z, z->start + at, "the directory goes on after its last entry", error);
    return AD_OK;
}

static ad_status take_memory(ad_zip *z, ad_error *error)
{
    z->directory = ad_memory_take(z->allocator, z->size);
    z->members = ad_memory_take(z->allocator, ad_size_mul(z->count, sizeof *z->members));
    if (z->directory && z->members)
        return AD_OK;
    return ad_fail(error, AD_MEMORY, "%s: no memory for the directory", z->file->name);
}

ad_status ad_zip_read(ad_zip *z, const ad_file *file, const ad_allocator *allocator,
                      ad_error *error)
{
    end_record end = {.at = 0};
    *z = (ad_zip){.file = file, .allocator = allocator};
    ad_status status = read_end(z, &end, error);
    if (status != AD_OK)
        return status;
    if (end.start > end.at || end.at - end.start != end.size)
        return malformed(z, end.at, "the directory does not end before this record", error);
    if (end.count > end.size / ENTRY || end.count > INT_MAX || end.size > SIZE_MAX)
        return malformed(z, end.at, "the directory is too short for its entries", error);
    z->start = end.start;
    z->size = (size_t)end.size;
    z->count = (size_t)end.count;
    status = take_memory(z, error);
    if (status == AD_OK)
        status = ad_file_read(file, z->start, z->directory, z->size, error);
    if (status == AD_OK)
        status = parse_directory(z, error);
    if (status != AD_OK)
        ad_zip_free(z);
    return status;
}

void ad_zip_free(ad_zip *z)
{
    ad_memory_give(z->allocator, z->directory, z->size);
    ad_memory_give(z->allocator, z->members, z->count * sizeof *z->members);
    z->directory = NULL;
    z->members = NULL;
}

/* ---- members --------------------------------------------------------------------------- */

static ad_status check_member(const ad_zip_member *m, const char *name, ad_error *error)
{
    if (m->flags & ENCRYPTED)
        return ad_fail(error, AD_FORMAT, "%s: it is encrypted", name);
    if (m->method != 0 && m->method != 8)
        return ad_fail(error, AD_FORMAT,
                       "%s: it is packed by method %u; stored (0) and deflated (8) can be read",
                       name, m->method);
    if (m->method == 0 && m->piece.stored != m->piece.size)
        return ad_fail(error, AD_FORMAT, "%s: stored, %llu bytes cannot be %llu", name,
                       (unsigned long long)m->piece.size, (unsigned long long)m->piece.stored);
    return AD_OK;
}

ad_status ad_zip_open(const ad_zip *z, const ad_zip_member *m, const char *name, ad_source *s,
                      const ad_allocator *allocator, ad_error *error)
{
    unsigned char h[HEADER];
    ad_piece piece = m->piece;
    ad_status status = check_member(m, name, error);
    if (status == AD_OK)
        status = ad_file_read(z->file, m->header, h, sizeof h, error);
    if (status != AD_OK)
        return status;
    uint64_t before = HEADER + half_at(h + 26) + half_at(h + 28), room = z->start - m->header;
    if (!begins(h, "PK\3\4"))
        return ad_fail(error, AD_FORMAT, "%s: byte %llu: the member's header is not there", name,
                       (unsigned long long)m->header);
    if (before > room || piece.stored > room - before)
        return ad_fail(error, AD_FORMAT, "%s: byte %llu: it reaches into the directory", name,
                       (unsigned long long)m->header);
    piece.at = m->header + before;
    return ad_source_open_piece(s, z->file, &piece, name, allocator, error);
}
