/* Pieces of attention on one thread: blocks of scores, some queries by some keys. attention_kernel.c is compiled once
 * for each float type and instruction set; attention.c makes rules of the pieces.
 *
 * Rows that are multiplied from the left lie in panels of some rows, term by term; so do keys, whose scores are
 * columns of a block. Rows that are multiplied from the right lie as they are, `step` numbers apart, which are whole
 * vectors. */
#ifndef ADZE_KERNELS_ATTENTION_KERNEL_H
#define ADZE_KERNELS_ATTENTION_KERNEL_H

#include "base/cpu.h"

#include <stdbool.h>
#include <stdint.h>

enum { AD_QUERIES = 32, AD_KEYS = 128 }; /* of a block, whose rows lie AD_KEYS numbers apart */

/* A block of scores, of which so many columns are in use, a multiple of `panel`. */
typedef struct ad_score_block {
    int64_t rows, columns;
    void *numbers; /* [AD_QUERIES, AD_KEYS] */
} ad_score_block;

/* What belongs to the rows of a block. */
typedef struct ad_score_rows {
    double top[AD_QUERIES],
        share[AD_QUERIES];     /* the greatest score; the sum of powers, and 1 / it in the end */
    double factor[AD_QUERIES]; /* by which what was summed before shrinks */
    double moved[AD_QUERIES];  /* sum(p s') */
    double slope[AD_QUERIES], bend[AD_QUERIES]; /* sum(dy y), and its derivative */
} ad_score_rows;

typedef struct ad_attention_kernel {
    int panel, lanes; /* keys of a panel; numbers of a vector */

    /* Panels of up to AD_QUERIES rows; of keys, any number of them. What is missing is 0. */
    void (*pack_rows)(int64_t rows, int64_t terms, const void *x, double scale, void *panels);
    void (*pack_keys)(int64_t keys, int64_t terms, const void *x, void *panels);

    /* s (+)= rows keys^T;  out += s b;  out += s^T b */
    void (*scores)(const ad_score_block *s, int64_t terms, const void *rows, const void *keys,
                   bool add);
    void (*add_rows)(const ad_score_block *s, int64_t keys, const void *b, int64_t step, void *out);
    void (*add_columns)(const ad_score_block *s, const void *b, int64_t step, void *out);

    /* Scores become powers exp(s - top), with a new top; then share and factor are set. */
    void (*soften)(const ad_score_block *s, ad_score_rows *r);
    /* Rows of numbers times factor, times share. */
    void (*shrink)(int64_t rows, int64_t step, const double *factor, void *x);
    /* Scores become probabilities p = exp(s - top) share. */
    void (*weigh)(const ad_score_block *s, const ad_score_rows *r);
    /* t = p t; moved += its sums */
    void (*move)(const ad_score_block *p, const ad_score_block *t, ad_score_rows *r);
    /* g = scale p (g - slope) */
    void (*slope)(const ad_score_block *p, const ad_score_block *g, const ad_score_rows *r,
                  double scale);
    /* t = p (t - moved), tg = scale (t (g - slope) + p (tg - bend)), then g as by slope */
    void (*bend)(const ad_score_block *p, const ad_score_block *t, const ad_score_block *g,
                 const ad_score_block *tg, const ad_score_rows *r, double scale);
    /* found = sum(a b) of rows of so many numbers */
    void (*dot)(int64_t rows, int64_t step, const void *a, const void *b, double *found);
} ad_attention_kernel;

#define AD_DECLARE_ATTENTION(isa) \
    extern const ad_attention_kernel ad_attention_f32_##isa, ad_attention_f64_##isa;
AD_ISA_LIST(AD_DECLARE_ATTENTION)
#undef AD_DECLARE_ATTENTION

#endif
