/* IDX: two zero bytes, a type code, the rank, an extent of four bytes for each axis, and the
 * numbers row by row, all big-endian.
 *
 * Before any memory is taken for the numbers, the header's claim is compared with the size of the
 * file. The bytes are then read to the end of the array and unpacked towards its front. A number
 * in the file is never wider than in the array, so writing never overtakes reading. */
#include "adze/io/idx.h"

#include "io/claim.h"
#include "io/words.h"

#include <assert.h>
#include <string.h>

typedef struct idx_header {
    ad_type type;
    ad_file_claim claim;
} idx_header;

typedef struct idx_kind {
    unsigned char code;
    ad_type type;
    size_t width;
} idx_kind;

static const idx_kind kinds[] = {
    {0x08, AD_U8, 1},  {0x09, AD_I32, 1}, {0x0B, AD_I32, 2},
    {0x0C, AD_I32, 4}, {0x0D, AD_F32, 4}, {0x0E, AD_F64, 8},
};

/* ---- the header -------------------------------------------------------------------- */

static ad_status parse_magic(const ad_source *s, const unsigned char magic[4], idx_header *h)
{
    if (magic[0] != 0 || magic[1] != 0)
        return ad_fail(s->error, AD_FORMAT,
                       "%s: this is not IDX: it begins with %02x %02x, not 00 00", s->name,
                       magic[0], magic[1]);
    const idx_kind *kind = NULL;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (kinds[i].code == magic[2])
            kind = &kinds[i];
    if (!kind)
        return ad_fail(s->error, AD_FORMAT, "%s: header has the unknown type code 0x%02x", s->name,
                       magic[2]);
    if (magic[3] < 1 || magic[3] > AD_MAX_RANK)
        return ad_fail(s->error, AD_FORMAT, "%s: header has rank %d; 1 to %d can be read", s->name,
                       magic[3], AD_MAX_RANK);
    h->type = kind->type;
    h->claim.width = kind->width;
    h->claim.shape.rank = magic[3];
    return AD_OK;
}

static ad_status read_header(ad_source *s, idx_header *h)
{
    unsigned char magic[4], extents[4 * AD_MAX_RANK];
    ad_status status = ad_file_claim_header(s, magic, 0, sizeof magic);
    if (status == AD_OK)
        status = parse_magic(s, magic, h);
    size_t bytes = 4 * (size_t)h->claim.shape.rank;
    if (status == AD_OK)
        status = ad_file_claim_header(s, extents, sizeof magic, bytes);
    if (status != AD_OK)
        return status;
    for (int i = 0; i < h->claim.shape.rank; i++)
        h->claim.shape.dim[i] = (int64_t)ad_word(extents + 4 * i, 4, true);
    return ad_file_claim_check(&h->claim, s, sizeof magic + bytes);
}

/* ---- the numbers ------------------------------------------------------------------- */

static void unpack(const unsigned char *from, size_t width, unsigned char *to, size_t size,
                   size_t count)
{
    assert(width > 0);
    uint64_t sign = (uint64_t)1 << (8 * width - 1);
    for (size_t i = 0; i < count; i++) {
        /* extends the sign; where the widths are equal it changes nothing that is kept */
        uint64_t wide = (ad_word(from + i * width, width, true) ^ sign) - sign;
        uint32_t narrow = (uint32_t)wide;
        if (size == sizeof wide)
            memcpy(to + i * size, &wide, size);
        else
            memcpy(to + i * size, &narrow, size);
    }
}

static ad_status read_numbers(ad_source *s, const idx_header *h, void *numbers)
{
    size_t size = ad_type_size(h->type), count = h->claim.count, width = h->claim.width;
    unsigned char *packed = (unsigned char *)numbers + count * (size - width);
    ad_status status = ad_file_claim_read(&h->claim, s, packed);
    if (status == AD_OK && size > 1)
        unpack(packed, width, numbers, size, count);
    return status;
}

static ad_status parse(ad_source *s, ad_array *a)
{
    idx_header h = {.type = AD_U8};
    ad_status status = read_header(s, &h);
    if (status != AD_OK)
        return status;
    ad_array read = ad_array_new(s->allocator, h.type, h.claim.shape);
    if (!read.data)
        return ad_fail(s->error, AD_MEMORY, "%s: no memory for %s", s->name, h.claim.text);
    status = read_numbers(s, &h, read.data);
    if (status == AD_OK)
        *a = read;
    else
        ad_array_free(&read);
    return status;
}

/* ---- the two ways in --------------------------------------------------------------- */

ad_status ad_idx_read(const char *path, const ad_allocator *allocator, ad_array *a, ad_error *error)
{
    if (!path || !a)
        return ad_fail(error, AD_MISUSE, "idx_read: the %s is NULL", path ? "array" : "path");
    ad_source source;
    ad_status status = ad_source_open(&source, path, allocator, error);
    if (status != AD_OK)
        return status;
    status = parse(&source, a);
    ad_source_close(&source);
    return status;
}

ad_status ad_idx_parse(const void *bytes, size_t size, const char *name,
                       const ad_allocator *allocator, ad_array *a, ad_error *error)
{
    if (!bytes || !name || !a)
        return ad_fail(error, AD_MISUSE, "idx_parse: the %s is NULL",
                       a ? bytes ? "name" : "memory" : "array");
    ad_source source;
    ad_status status = ad_source_open_memory(&source, bytes, size, name, allocator, error);
    if (status != AD_OK)
        return status;
    status = parse(&source, a);
    ad_source_close(&source);
    return status;
}
