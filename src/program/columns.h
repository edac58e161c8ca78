/* Which inputs each value of a program depends on: lists of columns, ascending, which values share where they are
 * equal.
 *
 * A list that would cost too much is not made: its value is AD_LONG_LIST, and what it depends on is found by
 * going back to values that have lists. So a sum of many terms takes no time that is quadratic. */
#ifndef ADZE_PROGRAM_COLUMNS_H
#define ADZE_PROGRAM_COLUMNS_H

#include "program/largest.h"
#include "program/linearity.h"
#include "program/sparsity.h"

#define AD_EMPTY_LIST UINT32_C(0)
#define AD_LONG_LIST  UINT32_MAX

typedef struct ad_columns {
    const ad_program *program;
    ad_linearity *linearity;
    ad_error *error;
    ad_status status;
    uint32_t *list; /* [values] places in the pool */
    uint32_t *pool; /* lists, each behind its length */
    size_t used, room;
    uint64_t work, limit; /* of merging lists */
    bool has_long;
    uint32_t last; /* the list that was completed last */
    size_t columns;
    ad_largest values, set; /* of a walk: values, columns */
} ad_columns;

/* Marks the values that derivatives go through: needed, [values], has outputs marked on entry. */
void ad_columns_find_needed(const ad_program *p, ad_linearity *linearity, bool *needed);

/* Lists for derivatives by `count` inputs, of the values that are needed, or all if `needed` is NULL; others are as
 * if they depended on nothing. Long lists are made as long as merging them takes fewer than `limit` steps. False with
 * an error; end it in any case. */
bool ad_columns_begin(ad_columns *c, const ad_program *p, ad_linearity *linearity, size_t count,
                      const size_t *by, const bool *needed, uint64_t limit, ad_error *error);
void ad_columns_end(ad_columns *c);

/* A limit that goes well with a pattern alone. */
uint64_t ad_columns_limit(const ad_program *p);

/* The length of a list, behind which *column are its columns. */
static inline uint32_t ad_columns_of(const ad_columns *c, uint32_t list, const uint32_t **column)
{
    *column = c->pool + list + 1;
    return c->pool[list];
}

/* Makes a list for a value that has none. False with an error. */
bool ad_columns_complete(ad_columns *c, uint32_t value);

/* Whether derivatives of node n by operand k are not 0 everywhere, and it depends on a column. */
static inline bool ad_columns_passes(const ad_columns *c, const ad_program_node *n, uint32_t k)
{
    return ad_first_of(c->linearity, n->op) >> k & 1 && c->list[n->of[k]] != AD_EMPTY_LIST;
}

/* The pattern of the outputs. NULL with an error. */
ad_sparsity *ad_columns_pattern(ad_columns *c);

/* Checks `by` as derivatives.h has it, and that no input is there twice. */
bool ad_columns_check(const ad_program *p, size_t count, const size_t *by, const char *name,
                      ad_error *error);

#endif
