#include "io/serial.h"

#include "array/text.h"

ad_status ad_serial_flaw(const ad_view *v, ad_precision precision, char *text, size_t size)
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

ad_stored ad_serial_stored(ad_type type, ad_precision precision)
{
    if (!ad_type_is_float(type) || precision == AD_FULL)
        return ad_stored_of(type);
    return precision == AD_F16 ? AD_STORED_F16 : AD_STORED_BF16;
}

size_t ad_serial_bytes(const ad_view *v, ad_stored stored)
{
    return ad_view_count(v) * ((size_t)ad_stored_bits(stored) / 8);
}

static bool as_in_memory(const ad_serial *s)
{
    return ad_stored_as_in_memory() && ad_stored_type(s->stored) == s->v->type;
}

void ad_serial_begin(ad_serial *s, const ad_view *v, ad_stored stored)
{
    s->v = v;
    s->stored = stored;
    s->at = 0;
    ad_nest_begin(&s->nest, &v->shape);
    ad_nest_add(&s->nest, &v->shape, v->stride);
    s->more = ad_nest_start(&s->nest);
}

static bool give_all(ad_serial *s)
{
    s->bytes = s->v->data;
    s->size = ad_serial_bytes(s->v, s->stored);
    s->more = false;
    return true;
}

/* Packs numbers of one row or of several. Returns how many. */
static size_t pack(ad_serial *s)
{
    size_t size = ad_type_size(s->v->type), n = 0;
    while (s->more && n < AD_SERIAL_NUMBERS) {
        size_t left = (size_t)(s->nest.row - s->at);
        size_t part = left < AD_SERIAL_NUMBERS - n ? left : AD_SERIAL_NUMBERS - n;
        int64_t first = s->nest.offset[0] + s->at * s->nest.step[0];
        ad_strided_pack(size, part, (const char *)s->v->data + first * (int64_t)size,
                        s->nest.step[0], (char *)s->packed + n * size);
        n += part;
        s->at += (int64_t)part;
        if (s->at == s->nest.row) {
            s->at = 0;
            s->more = ad_nest_next(&s->nest);
        }
    }
    return n;
}

bool ad_serial_next(ad_serial *s)
{
    if (!s->more)
        return false;
    if (as_in_memory(s) && ad_view_is_contiguous(s->v))
        return give_all(s);
    size_t n = pack(s);
    s->bytes = s->packed;
    s->size = n * (size_t)ad_stored_bits(s->stored) / 8;
    if (!as_in_memory(s)) {
        ad_stored_encode(s->stored, s->v->type, n, s->packed, (unsigned char *)s->coded);
        s->bytes = s->coded;
    }
    return true;
}
