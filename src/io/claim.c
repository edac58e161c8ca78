#include "io/claim.h"

#include "array/text.h"

ad_status ad_file_claim_header(ad_source *s, void *to, size_t before, size_t n)
{
    size_t got;
    ad_status status = ad_source_read(s, to, n, &got);
    if (status == AD_OK && got < n)
        return ad_fail(s->error, AD_FORMAT, "%s: the file ends after %zu bytes, in its header",
                       s->name, before + got);
    return status;
}

static void print(ad_file_claim *c)
{
    ad_text t = ad_text_in(c->text, sizeof c->text);
    for (int i = 0; i < c->shape.rank; i++)
        ad_text_add(&t, "%s%lld", i > 0 ? " x " : "", (long long)c->shape.dim[i]);
    if (c->shape.rank > 1)
        ad_text_add(&t, " = %zu", c->count);
    ad_text_add(&t, c->shape.rank ? " numbers" : "a number");
}

ad_status ad_file_claim_check(ad_file_claim *c, const ad_source *s, size_t header)
{
    char text[256];
    if (ad_shape_count(&c->shape, &c->count) != AD_OK)
        return ad_fail(s->error, AD_FORMAT,
                       "%s: header claims %s numbers, more than memory can hold", s->name,
                       ad_shape_print(&c->shape, text, sizeof text));
    print(c);
    size_t claimed = c->count * c->width, all = ad_source_most(s);
    size_t most = all > header ? all - header : 0;
    if (s->packing == AD_GZIP && claimed > most)
        return ad_fail(s->error, AD_FORMAT,
                       "%s: header claims %s, more than %zu bytes of gzip can hold", s->name,
                       c->text, s->size);
    if (s->packing != AD_GZIP && claimed > most)
        return ad_fail(s->error, AD_FORMAT, "%s: header claims %s, but the file ends after %zu",
                       s->name, c->text, most / c->width);
    if (s->packing != AD_GZIP && claimed < most)
        return ad_fail(s->error, AD_FORMAT, "%s: header claims %s, but %zu more bytes follow",
                       s->name, c->text, most - claimed);
    return AD_OK;
}

ad_status ad_file_claim_read(const ad_file_claim *c, ad_source *s, void *to)
{
    size_t bytes = c->count * c->width, got;
    ad_status status = ad_source_read(s, to, bytes, &got);
    if (status == AD_OK && got < bytes)
        return ad_fail(s->error, AD_FORMAT, "%s: header claims %s, but the file ends after %zu",
                       s->name, c->text, got / c->width);
    return status == AD_OK ? ad_source_finish(s) : status;
}
