/* Checks of derivatives: a function's gradient, a model's, an operation's rules; tests of numbers.
 *
 * The judge is central differences, extrapolated (Ridders 1982) from steps chosen for each number,
 * in f64. They come with an estimate of their own error: a number of the gradient is wrong where
 * they disagree by more than that and the tolerance. At a kink, any slope between those of the two
 * sides is right. Checks make tapes of their own, never change what they are given, and may be
 * given NULL for options and error. AD_DIFFERENT is a derivative that is wrong, and names the
 * worst:
 *
 *     check_gradient: x[1][3, 5]: the pullback gives 0.5, differences give 0.25 (...) */
#ifndef ADZE_CHECK_H
#define ADZE_CHECK_H

#include "adze/derivatives.h"
#include "adze/model.h"
#include "adze/op.h"
#include "adze/random.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a check that found nothing wrong has looked at. Differences that are too coarse for the
 * tolerance say nothing: rounding in f32, steps out of a function's domain. */
typedef struct ad_check_report {
    size_t size;     /* sizeof(ad_check_report), set by you: lets this struct grow */
    size_t numbers;  /* of gradients, compared */
    size_t settled;  /* where differences were sharp enough to tell */
    double worst;    /* the largest relative error among those */
} ad_check_report;

/* The operands of one trial of ad_check_op. A sampler finds a proposal here and changes what the
 * operation needs. */
enum { AD_CHECK_OPERANDS = 8 };

typedef struct ad_check_operands {
    size_t size;                       /* sizeof(ad_check_operands) of the library */
    int n;                             /* of them, up to AD_CHECK_OPERANDS */
    ad_type type[AD_CHECK_OPERANDS];   /* AD_F64 where there is a derivative; f32 is tried too */
    ad_shape shape[AD_CHECK_OPERANDS];
    double low[AD_CHECK_OPERANDS];     /* numbers lie between these; for types other than */
    double high[AD_CHECK_OPERANDS];    /* floats they are whole ones in [low, high) */
} ad_check_operands;

typedef void ad_check_sampler(void *user, ad_random *r, size_t trial, ad_check_operands *x);

/* Zero in a field is its default. */
typedef struct ad_check_options {
    size_t size;      /* sizeof(ad_check_options): lets this struct grow. Must be set */
    double tolerance; /* relative; 1e-6; 0.02 for functions in f32; 1e-3 for ad_model_check_step */
    double step;      /* the first and largest, relative to the numbers; 2^-6; 2^-4; 2^-10 */
    size_t elements;  /* of each operand at most so many are compared, chosen at random; 64. For
                         ad_model_check_step in all; 1 */
    uint64_t seed;    /* of all that is chosen at random (Philox) */
    const ad_tape_options *tape; /* of the tapes that it makes: allocator, checks, pool */
    ad_check_report *report;     /* filled in unless NULL */

    /* ad_check_op only */
    size_t trials;             /* 32 */
    double low, high;          /* range of the operands' numbers; -2 and 2 */
    ad_check_sampler *sampler; /* NULL: shapes that the shape rule takes, found by trying */
    void *user;                /* for the sampler */

    /* ad_model_check_step only */
    int64_t every;             /* steps from one check to the next; 5000 */
} ad_check_options;

/* The gradient of f at x, n operands, against differences. A result of more than one element is
 * weighted with random numbers and summed. All is done in f64, f32 operands and what else f puts on
 * the tape included (ad_tape_widen); if f has other f32 numbers and refuses (AD_BAD_TYPE), in f32,
 * where less can be told. The value must depend on operands and env alone. AD_DOMAIN where it is
 * not finite, or where differences settle nowhere. */
AD_API ad_status ad_check_gradient(ad_function *f, int n, const ad_view *x, const void *env,
                                   const ad_check_options *options, ad_error *error);

/* The same for a model: AD_MODEL_CHECKS(mlp) declares these two, typed. */
AD_API ad_status ad_model_check_gradient(const ad_tree *tree, ad_model_function *f,
                                         const void *model, const void *env,
                                         const ad_check_options *options, ad_error *error);

/* For a training loop: at every options->every-th step, computes the gradient of f again in f64
 * (ad_tape_widen), compares a few of its entries, chosen at random, with finite differences, and
 * the whole of it with the given gradient: for each array, |given - computed| must not exceed 1e-6
 * |computed| (0.5 |computed| in f32). At the other steps it does nothing. f must be the function,
 * and env the batch, that the gradient is of. t is reset before and after: the loop's own will do.
 * The model is not written to, and nothing is allocated once t has grown. */
AD_API ad_status ad_model_check_step(const ad_tree *tree, ad_tape *t, ad_model_function *f,
                                     const void *model, const void *gradient, int64_t step,
                                     const void *env, const ad_check_options *options,
                                     ad_error *error);

/* All rules of an operation, over random shapes: equal, broadcast, empty, rank 0; operands with
 * strides of all kinds, and one tensor in the place of all:
 *
 *   forward    writes all of y; in f32 as in f64; whatever the strides
 *   pullback   against differences; adds to dx, or writes all of it where assign says so; the same
 *              when some operands want none; the same whatever the strides, and in f32
 *   jvp        <dy, J tx> = <J^T dy, tx>
 *   curvature  against differences of the pullback; AD_OP_LINEAR claims that these are 0
 *
 * and none writes to operands, y, dy or what was saved. attr as for ad_apply. AD_MISUSE where no
 * random shapes suit the operation: then it needs a sampler. */
AD_API ad_status ad_check_op(const ad_op *op, const void *attr, const ad_check_options *options,
                             ad_error *error);

/* ---- tests of numbers --------------------------------------------------------------- */

/* AD_DIFFERENT, with the worst element in the message, unless all |a| < tolerance. NaN is not near
 * zero. ad_test_same compares types and shapes first, so that broadcasting hides nothing. */
AD_API ad_status ad_test_near_zero(ad_view a, double tolerance, ad_error *error);
AD_API ad_status ad_test_same(ad_view a, ad_view b, double tolerance, ad_error *error);

#ifdef __cplusplus
}
#endif

/* Declares the checks of a model, m. */
#define AD_MODEL_CHECKS(m)                                                                 \
    static inline AD_UNUSED ad_status m##_check_gradient(                                  \
        m##_function *f, const m *model, const void *env, const ad_check_options *options, \
        ad_error *error)                                                                   \
    {                                                                                      \
        m##_call c = {f, env};                                                             \
        return ad_model_check_gradient(&m##_tree, f ? m##_call_function : NULL, model, &c, \
                                       options, error);                                    \
    }                                                                                      \
    static inline AD_UNUSED ad_status m##_check_step(                                      \
        ad_tape *t, m##_function *f, const m *model, const m *gradient, int64_t step,      \
        const void *env, const ad_check_options *options, ad_error *error)                 \
    {                                                                                      \
        m##_call c = {f, env};                                                             \
        return ad_model_check_step(&m##_tree, t, f ? m##_call_function : NULL, model, gradient, \
                                   step, &c, options, error);                              \
    }                                                                                      \
    struct m##_call

#endif
