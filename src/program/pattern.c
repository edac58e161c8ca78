/* The pattern of a program's Jacobian. */
#include "program/columns.h"
#include "program/sparsity.h"

/* Completes the lists of outputs. Their lengths together; SIZE_MAX with an error. */
static size_t count_entries(ad_columns *c)
{
    const ad_program *p = c->program;
    size_t entries = 0;
    for (uint32_t j = 0; j < p->outputs; j++) {
        if (!ad_columns_complete(c, p->output[j]))
            return SIZE_MAX;
        entries += c->pool[c->list[p->output[j]]];
    }
    return entries;
}

ad_sparsity *ad_columns_pattern(ad_columns *c)
{
    const ad_program *p = c->program;
    const size_t entries = count_entries(c);
    if (entries == SIZE_MAX)
        return NULL;
    ad_sparsity *s =
        ad_sparsity_take(p->outputs, c->columns, entries, p->options.allocator, c->error);
    if (!s)
        return NULL;
    size_t *begin = ad_sparsity_begins(s), *to = ad_sparsity_columns(s);
    *begin++ = 0;
    for (uint32_t j = 0; j < p->outputs; j++) {
        const uint32_t *column, length = ad_columns_of(c, c->list[p->output[j]], &column);
        for (uint32_t i = 0; i < length; i++)
            *to++ = column[i];
        *begin++ = (size_t)(to - s->column);
    }
    return s;
}

ad_sparsity *ad_program_jacobian_sparsity(const ad_program *p, size_t count, const size_t *by,
                                          ad_error *error)
{
    ad_columns c;
    ad_linearity linearity = {.first = {0}};
    if (!ad_columns_check(p, count, by, "program_jacobian_sparsity", error))
        return NULL;
    ad_sparsity *s = NULL;
    if (ad_columns_begin(&c, p, &linearity, count, by, NULL, ad_columns_limit(p), error))
        s = ad_columns_pattern(&c);
    ad_columns_end(&c);
    return s;
}
