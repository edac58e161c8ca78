/* Building blocks for kernels of your own: threads, the matrix product, elementwise work. The
 * built-in operations use the same code, so yours can be as fast.
 *
 * The functions here take the workspace that a rule is called with (op.h). Results have the same
 * bits with any number of threads. A function that cannot do its work returns false: then the
 * failure is recorded, and the rule just returns. If arguments are bad, nothing is written. walk.h
 * has loops over strides. */
#ifndef ADZE_KERNELS_H
#define ADZE_KERNELS_H

#include "adze/array.h"
#include "adze/walk.h"
#include "adze/workspace.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- scratch memory ----------------------------------------------------------------- */

/* An array in scratch memory (ad_scratch), uninitialised. It lives until the rule returns; do not
 * free it. data is NULL if memory ran out or the shape or type is bad; the failure is recorded. */
AD_API ad_array ad_scratch_array(ad_workspace *work, ad_type type, ad_shape shape);

/* ---- threads ------------------------------------------------------------------------ */

/* A part of a loop: the elements from `begin` to end - 1. */
typedef void ad_part(void *user, size_t begin, size_t end);

/* Calls f for the parts of a loop over n elements, on the threads of the tape's pool, in any
 * order, and returns when all are done. The parts are [0, grain), [grain, 2 grain) and so on;
 * the last may be shorter. They depend on n and grain only. Choose a grain that makes a part take
 * some ten microseconds.
 *
 * A part may call ad_reject (if several do, one message is kept; ad_parallel then returns false),
 * ad_walk_* and ad_parallel, whose parts then run one after another. A part cannot take scratch
 * memory (AD_MISUSE): take it before, one piece for each part; the number of a part is begin /
 * grain. AD_MISUSE if the grain is 0 or f is NULL. */
AD_API bool ad_parallel(ad_workspace *work, size_t n, size_t grain, ad_part *f, void *user);

/* ---- how results are written -------------------------------------------------------- */

enum {
    AD_ASSIGN = 0,      /* overwrite the result */
    AD_ADD = 1,         /* add to the result */
    AD_TRANSPOSE_A = 2, /* ad_product only: swap the last two axes of a */
    AD_TRANSPOSE_B = 4  /* ad_product only: swap the last two axes of b */
};

/* ---- the matrix product ------------------------------------------------------------- */

/* c = a b, or c += a b, with any of the flags above.
 *
 *     a  [..., rows, inner]     or [..., inner, rows] with AD_TRANSPOSE_A
 *     b  [..., inner, columns]  or [..., columns, inner] with AD_TRANSPOSE_B
 *     c  [..., rows, columns]
 *
 * All are f32, or all f64. a and b may have any strides and must not overlap c. The axes before
 * the last two are batch axes: those of a and b broadcast to a batch of products. Those of c equal
 * this batch, or broadcast to it. In that case all products that belong to one matrix of c are
 * summed, as the pullback to a broadcast operand needs it.
 *
 * Rules need not ask what is wanted. Nothing is done for a dx[i] that nobody wants, nor if c->data
 * is NULL. If a or b has no data it is a tangent of zeros, and so is the product. So the rules of
 * y = a b are
 *
 *     pullback  ad_product(c->work, &c->dy, &c->x[1], &c->dx[0], AD_ADD | AD_TRANSPOSE_B);
 *               ad_product(c->work, &c->x[0], &c->dy, &c->dx[1], AD_ADD | AD_TRANSPOSE_A);
 *     jvp       ad_product(c->work, &c->tx[0], &c->x[1], &c->ty, AD_ASSIGN);
 *               ad_product(c->work, &c->x[0], &c->tx[1], &c->ty, AD_ADD);
 *
 * AD_BAD_SHAPE or AD_BAD_TYPE if they do not fit; AD_MEMORY if there is none for packing. */
AD_API bool ad_product(ad_workspace *work, const ad_view *a, const ad_view *b, const ad_array *c,
                       unsigned flags);

/* Computes the product, and calls f for rows of c as soon as they are complete, while they are in
 * the cache: to add a bias, to apply an activation. f gets the rows from `begin` to end - 1, on
 * any thread, each row once. Rows are counted over all matrices of c: row i begins at element i *
 * columns. f is not called if nothing is done or c is empty. */
AD_API bool ad_product_then(ad_workspace *work, const ad_view *a, const ad_view *b,
                            const ad_array *c, unsigned flags, ad_part *f, void *user);

/* ---- elementwise work --------------------------------------------------------------- */

/* A function that computes out[i] = f(in[0][i], in[1][i], ...) for i < n. The numbers of each
 * operand, and of out, are contiguous. out has the given type, in[k] the type of operand k. It is
 * called on any thread for any part of the elements, and has no scratch memory. */
typedef void ad_elements(const void *user, ad_type type, size_t n, const void *const *in,
                         void *out);

/* out = f(in), element by element over a shape; out += f(in) with AD_ADD.
 *
 * The n operands, 1 to AD_MAX_VIEWS - 1, broadcast to the shape and may have any strides. out has
 * this shape, or one that broadcasts to it. In that case all results that belong to one element
 * of out are summed, as the pullback to a broadcast operand needs it: in f64, in an order that
 * depends on shapes only. out must not overlap an operand. Sums and AD_ADD need an out of f32 or
 * f64. Nothing is done for a dx[i] that nobody wants, nor if out->data is NULL. f may be NULL if
 * there is one operand, of out's type, f32 or f64: then its numbers themselves are written, added
 * or summed.
 *
 * AD_BAD_SHAPE if an operand or out does not broadcast to the shape; AD_BAD_TYPE; AD_MEMORY;
 * AD_MISUSE if an operand has no data. */
AD_API bool ad_elementwise(ad_workspace *work, const ad_shape *shape, int n, const ad_view *in,
                           const ad_array *out, unsigned flags, ad_elements *f, const void *user);

/* Defines an ad_elements for one to five operands and a result of one float type, f32 or f64:
 * names for the operands' numbers, and the result as an expression of these, of i, and of user.
 *
 *     AD_ELEMENTS_2(relu_slope, y, dy, y > 0 ? dy : 0)
 *     AD_ELEMENTS_1(scaled, x, *(const double *)user * x) */
#define AD_ELEMENTS_1(name, a, ...) AD_ELEMENTS(name, AD_NUMBER(0, a), __VA_ARGS__)
#define AD_ELEMENTS_2(name, a, b, ...)                                                     \
    AD_ELEMENTS(name, AD_NUMBER(0, a) AD_NUMBER(1, b), __VA_ARGS__)
#define AD_ELEMENTS_3(name, a, b, c, ...)                                                  \
    AD_ELEMENTS(name, AD_NUMBER(0, a) AD_NUMBER(1, b) AD_NUMBER(2, c), __VA_ARGS__)
#define AD_ELEMENTS_4(name, a, b, c, d, ...)                                               \
    AD_ELEMENTS(name, AD_NUMBER(0, a) AD_NUMBER(1, b) AD_NUMBER(2, c) AD_NUMBER(3, d),     \
                __VA_ARGS__)
#define AD_ELEMENTS_5(name, a, b, c, d, e, ...)                                            \
    AD_ELEMENTS(name,                                                                      \
                AD_NUMBER(0, a) AD_NUMBER(1, b) AD_NUMBER(2, c) AD_NUMBER(3, d)            \
                    AD_NUMBER(4, e),                                                       \
                __VA_ARGS__)

/* The parts of these macros. Numbers are read even if the expression does not need them: only then
 * does the loop become one over vectors. */
#define AD_NUMBER(k, x) const ad_element x = ((const ad_element *)in[k])[i];
#define AD_ELEMENTS(name, numbers, ...)                                                    \
    static void name(const void *user, ad_type type, size_t n, const void *const *in,      \
                     void *out)                                                            \
    {                                                                                      \
        (void)user;                                                                        \
        if (type == AD_F32)                                                                \
            AD_ELEMENTS_OF(float, numbers, __VA_ARGS__)                                    \
        else                                                                               \
            AD_ELEMENTS_OF(double, numbers, __VA_ARGS__)                                   \
    }
#define AD_ELEMENTS_OF(T, numbers, ...)                                                    \
    {                                                                                      \
        typedef T ad_element;                                                              \
        ad_element *__restrict ad_result = (ad_element *)out;                              \
        for (size_t i = 0; i < n; i++) {                                                   \
            numbers ad_result[i] = (ad_element)(__VA_ARGS__);                              \
        }                                                                                  \
    }

#ifdef __cplusplus
}
#endif

#endif
