/* What kernels of your own are made of: threads, the matrix product, elementwise work. The built-in
 * operations use the same code, so that yours can be as fast.
 *
 * Functions here take the workspace that a rule is called with (op.h). Results have the same bits
 * with any number of threads. All return false where they could not do their work; then nothing was
 * written, the failure is noted, and the rule just returns. walk.h has loops over strides. */
#ifndef ADZE_KERNELS_H
#define ADZE_KERNELS_H

#include "adze/array.h"
#include "adze/walk.h"
#include "adze/workspace.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- scratch memory ------------------------------------------------------------------- */

/* An array in scratch memory (ad_scratch), uninitialised: it lives until the rule returns and is not freed.
 * data is NULL where there is no memory, or the shape or type is bad; the failure is noted. */
AD_API ad_array ad_scratch_array(ad_workspace *work, ad_type type, ad_shape shape);

/* ---- threads ------------------------------------------------------------------------ */

/* Some of a loop: from element `begin` up to end - 1. */
typedef void ad_part(void *user, size_t begin, size_t end);

/* Calls f for the parts of a loop over n elements, on the threads of the tape's pool, in any order, and
 * returns when all are done. Parts are [0, grain), [grain, 2 grain) and so on; the last may be
 * shorter. They depend on n and grain alone: choose a grain that gives a part some ten microseconds of work.
 *
 * A part may call ad_reject (where several do, one of them is heard), ad_walk_* and ad_parallel, whose
 * parts then run one after another. It has no scratch memory (AD_MISUSE): take it before, a piece for
 * each part (number begin / grain). AD_MISUSE for a grain of 0, or without f. */
AD_API bool ad_parallel(ad_workspace *work, size_t n, size_t grain, ad_part *f, void *user);

/* ---- how results are written ---------------------------------------------------------- */

enum {
    AD_ASSIGN = 0,      /* the result becomes what is computed */
    AD_ADD = 1,         /* the result grows by it */
    AD_TRANSPOSE_A = 2, /* ad_product: takes the last two axes of a the other way round */
    AD_TRANSPOSE_B = 4  /* and those of b */
};

/* ---- the matrix product --------------------------------------------------------------- */

/* c = a b, or c += a b, with any of the flags above.
 *
 *     a  [..., rows, inner]     or [..., inner, rows] with AD_TRANSPOSE_A
 *     b  [..., inner, columns]  or [..., columns, inner] with AD_TRANSPOSE_B
 *     c  [..., rows, columns]
 *
 * All are f32, or all f64; a and b have any strides, and do not overlap c. The axes before the last two
 * broadcast: those of a and b to a batch of products. Those of c are this batch, or broadcast to it: then
 * the products that belong to one matrix of c are summed, as the pullback to a broadcast operand wants.
 *
 * Rules need not look for NULL. Where c->data is NULL nobody wants it, and nothing happens. Where a or b
 * has no data it is a tangent of zeros, and so is the product. With that, the rules of y = a b are
 *
 *     pullback  ad_product(c->work, &c->dy, &c->x[1], &c->dx[0], AD_ADD | AD_TRANSPOSE_B);
 *               ad_product(c->work, &c->x[0], &c->dy, &c->dx[1], AD_ADD | AD_TRANSPOSE_A);
 *     jvp       ad_product(c->work, &c->tx[0], &c->x[1], &c->ty, AD_ASSIGN);
 *               ad_product(c->work, &c->x[0], &c->tx[1], &c->ty, AD_ADD);
 *
 * AD_BAD_SHAPE and AD_BAD_TYPE where they do not fit, AD_MEMORY where there is none for packing. */
AD_API bool ad_product(ad_workspace *work, const ad_view *a, const ad_view *b, const ad_array *c,
                       unsigned flags);

/* The same, and then f for the rows of c from `begin` up to end - 1, as soon as these are there, while
 * they are in the cache: a bias, an activation. f is called on any thread, once for each row; row i begins at
 * element i * columns of c, counted over all its matrices. It is not called where c->data is NULL or c
 * is empty. */
AD_API bool ad_product_then(ad_workspace *work, const ad_view *a, const ad_view *b,
                            const ad_array *c, unsigned flags, ad_part *f, void *user);

/* ---- elementwise work ----------------------------------------------------------------- */

/* out[i] = f(in[0][i], in[1][i], ...) for i < n. Numbers lie together; those of out have this type,
 * those of in[k] the type of that operand. It is called on any thread, sees any part of the elements, and has no scratch
 * memory. */
typedef void ad_elements(const void *user, ad_type type, size_t n, const void *const *in, void *out);

/* out = f(in), element by element over a shape, or out += f(in) with AD_ADD.
 *
 * The n operands (1 to AD_MAX_VIEWS - 1) broadcast to the shape and have any strides. out has this
 * shape, or one that broadcasts to it: then the results that belong to one element of out are summed,
 * in f64 and in an order that depends on shapes alone, as the pullback to a broadcast operand wants. out
 * and in do not overlap. Sums, and AD_ADD, need an out of f32 or f64. Where out->data is NULL nobody
 * wants it, and nothing happens. f may be NULL, with one operand of out's type, f32 or f64: then its
 * numbers are written, added or summed as they are.
 *
 * AD_BAD_SHAPE where an operand, or out, does not broadcast to the shape, AD_BAD_TYPE, AD_MEMORY;
 * AD_MISUSE for an operand without data. */
AD_API bool ad_elementwise(ad_workspace *work, const ad_shape *shape, int n, const ad_view *in,
                           const ad_array *out, unsigned flags, ad_elements *f, const void *user);

/* Defines an ad_elements for operands and results of one float type, f32 or f64. The expression is the result;
 * AD_ELEMENT(k) is the number of operand k in it, and user what ad_elementwise was given.
 *
 *     AD_ELEMENTS(scaled, *(const double *)user * AD_ELEMENT(0)) */
#define AD_ELEMENT(k) (((const ad_element *)in[k])[i])
#define AD_ELEMENTS(name, ...)                                                                    \
    static void name(const void *user, ad_type type, size_t n, const void *const *in, void *out)  \
    {                                                                                             \
        (void)user;                                                                               \
        if (type == AD_F32)                                                                       \
            AD_ELEMENTS_OF(float, __VA_ARGS__)                                                    \
        else                                                                                      \
            AD_ELEMENTS_OF(double, __VA_ARGS__)                                                   \
    }
#define AD_ELEMENTS_OF(T, ...)                                                                    \
    {                                                                                             \
        typedef T ad_element;                                                                     \
        ad_element *__restrict ad_result = (ad_element *)out;                                     \
        for (size_t i = 0; i < n; i++)                                                            \
            ad_result[i] = (ad_element)(__VA_ARGS__);                                             \
    }

#ifdef __cplusplus
}
#endif

#endif
