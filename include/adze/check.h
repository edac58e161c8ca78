/* Checks of derivatives, for functions, models and operations; tests of numbers.
 *
 * Derivatives are compared with central differences in f64, extrapolated (Ridders 1982) from two
 * unrelated steps chosen for each number. These come with an estimate of their own error. A number
 * of the gradient is wrong if gradient and differences disagree by more than that estimate and the
 * tolerance; the check is not conclusive for a number where the two steps disagree. At a kink, any
 * slope between those of the two sides is right.
 *
 * Checks make tapes of their own and never change their arguments. options and error may be NULL.
 * A wrong derivative is AD_DIFFERENT; the message names the worst number:
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

/* The extent of a check that found nothing wrong. Differences that are too coarse for the
 * tolerance tell nothing: because of rounding in f32, steps out of the function's domain, or steps
 * that disagree. */
typedef struct ad_check_report {
    size_t size;     /* sizeof(ad_check_report), set by you: lets this struct grow */
    size_t numbers;  /* how many numbers of gradients were compared */
    size_t settled;  /* how many of these had differences sharp enough to tell */
    double worst;    /* the largest relative error among the settled ones */
} ad_check_report;

/* The operands of one trial of ad_check_op. They come filled in with a proposal; a sampler changes
 * them to suit the operation. */
enum { AD_CHECK_OPERANDS = 8 };

typedef struct ad_check_operands {
    size_t size;                       /* sizeof(ad_check_operands) of the library */
    int n;                             /* the number of operands, up to AD_CHECK_OPERANDS */
    ad_type type[AD_CHECK_OPERANDS];   /* AD_F64 where there is a derivative; f32 is tried too */
    ad_shape shape[AD_CHECK_OPERANDS];
    double low[AD_CHECK_OPERANDS];     /* the range of the numbers. If the type is not a */
    double high[AD_CHECK_OPERANDS];    /* float they are whole numbers in [low, high) */
} ad_check_operands;

typedef void ad_check_sampler(void *user, ad_random *r, size_t trial, ad_check_operands *x);

/* Changes the random numbers of operand x[i] of a trial to suit the operation: a positive
 * definite or triangular matrix, sorted rows. numbers is an f64 array of the operand's shape,
 * filled with random numbers from low to high. The operand gets them rounded to its type; floats
 * are rounded to f32. */
typedef void ad_check_filler(void *user, ad_random *r, size_t trial, int i, ad_array *numbers);

/* A zero in a field stands for its default, if it has one. */
typedef struct ad_check_options {
    size_t size;      /* sizeof(ad_check_options): lets this struct grow. Must be set */
    double tolerance; /* relative. Default 1e-6; in f32 0.02; for ad_model_check_step 1e-3 */
    double step;      /* the first and largest step of the differences, relative to the numbers.
                         Default 2^-6; in f32 2^-4; for ad_model_check_step 2^-10 */
    size_t elements;  /* at most so many numbers of each operand are compared, chosen at random.
                         Default 64. For ad_model_check_step: of all operands together; default 1 */
    uint64_t seed;    /* of all random choices (Philox) */
    const ad_tape_options *tape; /* of the tapes that the check makes: allocator, checks, pool */
    ad_check_report *report;     /* may be NULL */

    /* ad_check_op only */
    size_t trials;             /* default 32 */
    double low, high;          /* range of the operands' numbers: low < high. Default, if both are
                                  0: -2 and 2 */
    ad_check_sampler *sampler; /* NULL: random shapes are tried until the shape rule takes them */
    ad_check_filler *filler;   /* NULL: any numbers will do. With one, no number is used twice:
                                  there are no strides of 0, and no tensor stands for all */
    void *user;                /* passed to sampler and filler */

    /* ad_model_check_step only */
    int64_t every;             /* steps from one check to the next; default 5000 */
} ad_check_options;

/* Compares the gradient of f at its n operands x with differences. If the result has more than
 * one element, its sum with random weights is checked. Everything is computed in f64, including
 * f32 operands and other numbers that f puts on the tape (ad_tape_widen). If f then fails with
 * AD_BAD_TYPE, because some of its numbers stay f32, the check is done in f32, where it can tell
 * less. The value must depend on the operands and env only. AD_DOMAIN if the value is not finite,
 * or, "not conclusive", if no differences settle. */
AD_API AD_MUST_USE ad_status ad_check_gradient(ad_function *f, int n, const ad_view *x,
                                               const void *env,
                                               const ad_check_options *options,
                                               ad_error *error);

/* ---- of models: AD_MODEL_CHECKS(mlp) declares these functions, typed ------------------ */

/* Compares the gradient of a function of a model with differences, as ad_check_gradient does. */
AD_API AD_MUST_USE ad_status ad_model_check_gradient(
    const ad_tree *tree, ad_model_function *f, const void *model, const void *env,
    const ad_check_options *options, ad_error *error);

/* For a training loop. At every options->every-th step, computes the gradient of f again in f64
 * (ad_tape_widen). Compares a few of its entries, chosen at random, with finite differences, and
 * the whole of it with the given gradient: for each array, |given - computed| must not exceed
 * 1e-6 |computed| (0.5 |computed| in f32). At other steps it does nothing. f and env must be the
 * function and the batch of the given gradient. t is reset before and after, so the loop's own
 * tape will do. The model is not changed, and nothing is allocated once t has grown. */
AD_API AD_MUST_USE ad_status ad_model_check_step(const ad_tree *tree, ad_tape *t,
                                                 ad_model_function *f, const void *model,
                                                 const void *gradient, int64_t step,
                                                 const void *env,
                                                 const ad_check_options *options,
                                                 ad_error *error);

/* Tests all rules of an operation over random shapes (equal, broadcast, empty, rank 0), with
 * operands of all kinds of strides, and with one tensor in the place of all operands:
 *
 *     forward    writes all of y; in f32 as in f64; whatever the strides
 *     pullback   against differences; adds to dx, or writes all of it where assign says so; gives
 *                the same when some operands want none, whatever the strides, and in f32
 *     jvp        <dy, J tx> = <J^T dy, tx>
 *     curvature  against differences of the pullback; AD_OP_LINEAR claims that these are 0
 *
 * No rule may write to operands, to y, to dy (unless it is spare) or to saved bytes. attr is as
 * for ad_apply. AD_MISUSE if no random shapes suit the operation: then it needs a sampler. */
AD_API AD_MUST_USE ad_status ad_check_op(const ad_op *op, const void *attr,
                                         const ad_check_options *options, ad_error *error);

/* ---- tests of numbers --------------------------------------------------------------- */

/* Tests that |a| < tolerance for all elements; NaN fails. AD_DIFFERENT otherwise; the message names
 * the worst element. */
AD_API ad_status ad_test_near_zero(ad_view a, double tolerance, ad_error *error);

/* Tests that a and b have equal types and shapes, and that |a - b| < tolerance for all elements. */
AD_API ad_status ad_test_same(ad_view a, ad_view b, double tolerance, ad_error *error);

#ifdef __cplusplus
}
#endif

/* Declares the checks of a model m. */
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
