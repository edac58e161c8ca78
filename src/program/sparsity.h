/* Patterns, inside. */
#ifndef ADZE_PROGRAM_SPARSITY_H
#define ADZE_PROGRAM_SPARSITY_H

#include "adze/program/sparse.h"

#include <stdbool.h>

/* A pattern whose lists are to be filled in. NULL with an error. */
ad_sparsity *ad_sparsity_take(size_t rows, size_t columns, size_t entries,
                              const ad_allocator *allocator, ad_error *error);

/* Its lists, to be written. */
static inline size_t *ad_sparsity_begins(ad_sparsity *s)
{
    return (size_t *)(void *)(s + 1);
}

static inline size_t *ad_sparsity_columns(ad_sparsity *s)
{
    return ad_sparsity_begins(s) + s->rows + 1;
}

/* From the lengths of rows, in begin[1], begin[2], ..., to where each begins, in its place: there it counts up as the
 * row is filled, and ends as the beginning of the next. Returns the sum. */
static inline size_t ad_sparsity_add_up(size_t rows, size_t *begin)
{
    size_t sum = 0;
    for (size_t i = 0; i < rows; i++) {
        const size_t length = begin[i + 1];
        begin[i + 1] = sum;
        sum += length;
    }
    return sum;
}

/* Whether there is a pattern; else, unless *error holds a failure already, AD_MISUSE with the name of the function in
 * it. */
bool ad_sparsity_given(const ad_sparsity *s, const char *name, ad_error *error);

/* Whether it is the lower triangle of a square. Else AD_MISUSE, with the name of the function in it. */
bool ad_sparsity_is_lower(const ad_sparsity *s, const char *name, ad_error *error);

#endif
