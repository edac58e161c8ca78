#include "io/rows.h"

#include "array/text.h"

ad_status ad_rows_flaw(const ad_view *v, ad_precision precision, char *text, size_t size)
{
    size_t count;
    ad_text reason = ad_text_in(text, size);
    if (!ad_type_size(v->type)) {
        ad_text_add(&reason, "there is no type %d", (int)v->type);
        return AD_BAD_TYPE;
    }
    if ((unsigned)precision >= AD_PRECISION_COUNT) {
        ad_text_add(&reason, "there is no precision %d", (int)precision);
        return AD_MISUSE;
    }
    return ad_view_flaw(v, &count, text, size);
}

ad_stored ad_rows_stored(ad_type type, ad_precision precision)
{
    if (!ad_type_is_float(type) || precision == AD_FULL)
        return ad_stored_of(type);
    return precision == AD_F16 ? AD_STORED_F16 : AD_STORED_BF16;
}

size_t ad_rows_bytes(const ad_view *v, ad_stored stored)
{
    return ad_view_count(v) * ((size_t)ad_stored_bits(stored) / 8);
}

static bool as_in_memory(const ad_rows *r)
{
    return ad_stored_as_in_memory() && ad_stored_type(r->stored) == r->v->type;
}

void ad_rows_begin(ad_rows *r, const ad_view *v, ad_stored stored)
{
    r->v = v;
    r->stored = stored;
    r->at = 0;
    ad_nest_begin(&r->nest, &v->shape);
    ad_nest_add(&r->nest, &v->shape, v->stride);
    r->more = ad_nest_start(&r->nest);
}

static bool give_all(ad_rows *r)
{
    r->bytes = r->v->data;
    r->size = ad_rows_bytes(r->v, r->stored);
    r->more = false;
    return true;
}

/* Packs numbers of one row or of several. Returns how many. */
static size_t pack(ad_rows *r)
{
    size_t size = ad_type_size(r->v->type), n = 0;
    while (r->more && n < AD_ROWS_NUMBERS) {
        size_t left = (size_t)(r->nest.row - r->at);
        size_t part = left < AD_ROWS_NUMBERS - n ? left : AD_ROWS_NUMBERS - n;
        int64_t first = r->nest.offset[0] + r->at * r->nest.step[0];
        ad_strided_pack(size, part, (const char *)r->v->data + first * (int64_t)size,
                        r->nest.step[0], (char *)r->packed + n * size);
        n += part;
        r->at += (int64_t)part;
        if (r->at == r->nest.row) {
            r->at = 0;
            r->more = ad_nest_next(&r->nest);
        }
    }
    return n;
}

bool ad_rows_next(ad_rows *r)
{
    if (!r->more)
        return false;
    if (as_in_memory(r) && ad_view_is_contiguous(r->v))
        return give_all(r);
    size_t n = pack(r);
    r->bytes = r->packed;
    r->size = n * (size_t)ad_stored_bits(r->stored) / 8;
    if (!as_in_memory(r)) {
        ad_stored_encode(r->stored, r->v->type, n, r->packed, (unsigned char *)r->coded);
        r->bytes = r->coded;
    }
    return true;
}
