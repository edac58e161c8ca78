/* Numbers one by one: a tape for code that works on single numbers, such as an integrator, a
 * recursion, or a likelihood in a loop.
 *
 *     #include <adze.h>
 *     ad_recorder *r = ad_recorder_new(NULL);
 *     ad_real x = ad_real_input(r, 0.5), y = ad_mul(x, ad_sin(x));
 *     double slope;
 *     if (ad_real_gradient(y, 1, &x, &slope) != AD_OK)
 *         puts(ad_recorder_error(r));
 *
 * A number carries its value and its recorder, so formulas need no context. Branch on .value in
 * plain C. Each operation on numbers that depend on an input is one statement: the recorder keeps
 * its partial derivatives, and which numbers they belong to. A sweep multiplies them up.
 * (docs/numbers.md says how they lie, and what they cost.)
 *
 * The elementwise operations of ops.h take numbers, too: ad_mul(x, y), ad_mul(x, 2), ad_sin(x), by
 * the same formulas and derivatives. ad_mul_real, ad_sin_real, ... are the functions under them.
 * In C++, number.hpp adds operators and the names of <cmath>.
 *
 * Errors stick to the recorder. The first failure is kept with its message and source line; results
 * are NaN from there on until a reset. So write the formula straight through and check once. Inputs
 * of no recorder (NULL: memory ran out) are NaN, and derivatives by them are AD_MISUSE.
 *
 * A recorder and its numbers belong to one thread at a time. Recorders share nothing. */
#ifndef ADZE_NUMBER_H
#define ADZE_NUMBER_H

#include "adze/memory.h"
#include "adze/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ad_recorder ad_recorder;

/* Copy it freely, never free it. ad_real x = {0} is the constant 0. In C++ a plain number becomes a
 * constant by itself: ad_real x = 0.5. */
typedef struct ad_real {
    ad_recorder *on; /* NULL: a constant */
    double value;
    uint64_t place; /* private: the statement, and the epoch of the recorder in the upper half */
#ifdef __cplusplus
#define AD_REAL_FROM(number)                                                               \
    constexpr ad_real(number constant)                                                     \
        : on(nullptr), value(static_cast<double>(constant)), place(0) {}
    ad_real() = default;
    AD_REAL_FROM(double)
    AD_REAL_FROM(int)
    AD_REAL_FROM(unsigned)
    AD_REAL_FROM(long)
    AD_REAL_FROM(unsigned long)
    AD_REAL_FROM(long long)
    AD_REAL_FROM(unsigned long long)
    AD_REAL_FROM(long double)
#undef AD_REAL_FROM
    constexpr ad_real(ad_recorder *r, double v, uint64_t p) : on(r), value(v), place(p) {}
#endif
} ad_real;

/* ---- recorders ---------------------------------------------------------------------- */

enum {
    /* Keeps second derivatives of each statement, for ad_real_hvp and ad_real_hessian. A statement
     * of n arguments then takes 8 n (n + 1) / 2 bytes more, and operations on lists are recorded as
     * statements of up to three arguments. */
    AD_KEEP_SECOND = 1,

    /* Keeps the source line of each statement, 8 bytes, so that errors of sweeps have it, too.
     * Errors while recording have it anyhow. */
    AD_KEEP_LINES = 2,

    /* The first value or partial derivative of an operation that is infinite or NaN is
     * AD_NOT_FINITE. */
    AD_KEEP_FINITE = 4,

    /* Keeps what is computed from what, 12 bytes an operation, instead of partial derivatives: for
     * programs (program.h). Comparisons by ad_less and the like are kept, too; those of .value in
     * plain C cannot be seen. Derivatives are those of the program: functions such as
     * ad_real_gradient fail with AD_MISUSE, and statements and operations of your own with
     * AD_NO_DERIVATIVE. Not beside AD_KEEP_SECOND. */
    AD_KEEP_OPERATIONS = 8
};

typedef struct ad_recorder_options {
    size_t size;                   /* sizeof(ad_recorder_options) */
    const ad_allocator *allocator; /* NULL: the C library's */
    unsigned keep;                 /* AD_KEEP_... or 0 */
    size_t limit;                  /* bytes that it may reserve, with its own; 0: no limit */
} ad_recorder_options;

/* options may be NULL. NULL if memory ran out. With options whose size is not set, or with unknown
 * bits in keep or two that do not go together, the recorder has failed with AD_MISUSE from the start, and after every reset. */
AD_API AD_MUST_USE ad_recorder *ad_recorder_new(const ad_recorder_options *options);
AD_API void ad_recorder_free(ad_recorder *r); /* and with it its numbers. r may be NULL */

/* Forgets all statements and the error, if any; keeps the memory. Numbers from before are found
 * out if they are used again (AD_STALE), until 2^32 resets and rewinds later. AD_BUSY, as an error
 * of the recorder, while one of its functions runs. */
AD_API void ad_recorder_reset(ad_recorder *r);

/* Gives unused memory back to the allocator: all of it after a reset. */
AD_API void ad_recorder_trim(ad_recorder *r);

/* A point to come back to. Rewinding forgets the statements after it. Those before it stay, and so
 * does an error. AD_STALE if the point itself has been forgotten by a reset, or by a rewind to
 * before it. */
typedef struct ad_recorder_mark {
    ad_recorder *on;
    uint32_t index, epoch; /* private */
    uint64_t argument, bend;
} ad_recorder_mark;

AD_API ad_recorder_mark ad_recorder_here(ad_recorder *r);
AD_API ad_status ad_recorder_rewind(ad_recorder_mark mark);

AD_API ad_status ad_recorder_status(const ad_recorder *r); /* AD_MISUSE if r is NULL */
AD_API const char *ad_recorder_error(const ad_recorder *r); /* "" when AD_OK; valid until reset */

/* Records a failure of your own, as ad_tape_fail does for a tape. */
AD_API ad_status ad_recorder_fail(ad_recorder *r, ad_status status, const char *format, ...)
    AD_PRINTF(3, 4);

typedef struct ad_recorder_info {
    size_t size;           /* sizeof(ad_recorder_info) */
    size_t statements;     /* inputs among them */
    size_t arguments;      /* partial derivatives */
    size_t bytes_used;     /* by these, with an adjoint for each statement */
    size_t bytes_reserved; /* taken from the allocator */
} ad_recorder_info;

/* Fills in *info; with zeros if r is NULL. AD_MISUSE if info is NULL or info->size is not set. */
AD_API ad_status ad_recorder_measure(const ad_recorder *r, ad_recorder_info *info);

/* ---- numbers ------------------------------------------------------------------------ */

/* A number to differentiate by. NaN if r is NULL or has failed. */
AD_API ad_real ad_real_input(ad_recorder *r, double value);

/* n of them, from an array into an array. AD_MISUSE if r, values or x is NULL. */
AD_API ad_status ad_real_inputs(ad_recorder *r, size_t n, const double *values, ad_real *x);

/* A number that is not recorded. Operations on constants alone record nothing. */
static inline AD_UNUSED ad_real ad_real_constant(double value)
{
    ad_real x = {NULL, value, 0};
    return x;
}

/* y of value `value`, with the partial derivatives dy / dx[i] = partials[i]. For code whose
 * derivative you know. Has no second derivative: with AD_KEEP_SECOND, ad_real_hvp fails with
 * AD_NO_DERIVATIVE where it meets one. A constant if all of x are, or if n is 0. Else
 * AD_MISUSE if partials is NULL. The constant NaN if x is: there is no recorder that could fail. */
AD_API ad_real ad_real_statement(double value, size_t n, const ad_real *x, const double *partials);

/* a where the condition holds, else b: the number itself, so that nothing is recorded. */
static inline AD_UNUSED ad_real ad_where_real(bool condition, ad_real a, ad_real b)
{
    return condition ? a : b;
}

/* x where a < b, else y: the number itself. With AD_KEEP_OPERATIONS it is an operation, so that a
 * program chooses anew each time; ad_where after a comparison would keep to one branch. What the
 * branch that is not taken gives, NaN among it, is not heeded, nor are its derivatives. */
AD_API ad_real ad_where_less_real(ad_real a, ad_real b, ad_real x, ad_real y);

/* ---- lists of numbers --------------------------------------------------------------- */
/* One statement of up to n (or 2 n) arguments: 12 bytes an argument, and 9, or 33 from 253
 * arguments on. A sum over an empty list is the constant 0, a product 1, logsumexp -inf. Sums are
 * added from the first to the last. AD_MISUSE if n is not 0 and a list is NULL; the constant NaN
 * where there is no recorder that could fail. */

AD_API ad_real ad_sum_reals(size_t n, const ad_real *x);
AD_API ad_real ad_prod_reals(size_t n, const ad_real *x);  /* dx[i]: the product of the others */
AD_API ad_real ad_mean_reals(size_t n, const ad_real *x);  /* NaN for n = 0 */
AD_API ad_real ad_dot_reals(size_t n, const ad_real *x, const ad_real *y); /* sum x[i] y[i] */
AD_API ad_real ad_squared_norm_reals(size_t n, const ad_real *x);          /* sum x[i]^2 */
AD_API ad_real ad_norm_reals(size_t n, const ad_real *x); /* its square root, without overflow;
                                                             derivative 0 where it is 0 */
AD_API ad_real ad_distance_reals(size_t n, const ad_real *x, const ad_real *y); /* norm of x - y */

/* weights[i] x[i], summed: a linear combination. */
AD_API ad_real ad_weighted_sum_reals(size_t n, const double *weights, const ad_real *x);

/* c[0] + c[1] x + ... + c[n - 1] x^(n - 1), by Horner's rule. */
AD_API ad_real ad_polynomial_reals(size_t n, const ad_real *c, ad_real x);

/* log(sum exp(x[i])), without overflow. */
AD_API ad_real ad_logsumexp_reals(size_t n, const ad_real *x);

/* ---- functions of numbers ----------------------------------------------------------- */

/* Sets all of y[0], ..., y[m - 1] to functions of x[0], ..., x[n - 1]. What it leaves is NaN. n and
 * m may be 0. */
typedef void ad_real_function(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env);

/* Replaces the statements since the mark by one for each of the m numbers y, whose arguments are
 * the numbers from before the mark that it depends on: the Jacobian of that part (preaccumulation).
 * y[i] become the new numbers; others from after the mark are stale. What is left is short where
 * few numbers go in and out, and derivatives stay the same to rounding. Does nothing with
 * AD_KEEP_SECOND. AD_STALE as for ad_recorder_rewind. */
AD_API ad_status ad_recorder_collapse(ad_recorder_mark mark, size_t m, ad_real *y);

/* y = f(x) without its statements: a sweep evaluates f again, at the same values, on a recorder of
 * its own (less memory for more time). f must depend on x and env only; env is borrowed until the
 * reset. With AD_KEEP_SECOND f is recorded as it is. */
AD_API ad_status ad_real_checkpoint(ad_real_function *f, size_t n, const ad_real *x, size_t m,
                                    ad_real *y, const void *env);

/* An operation of your own whose derivative is computed late, by the sweep. */
typedef struct ad_real_op {
    size_t size; /* sizeof(ad_real_op) */
    const char *name;

    /* Sets y[0], ..., y[m - 1]. */
    void (*forward)(size_t n, const double *x, size_t m, double *y, const void *env);

    /* Sets dx[i] = sum over j of dy[j] dy[j]/dx[i]. Returns whether it could. */
    bool (*pullback)(size_t n, const double *x, size_t m, const double *y, const double *dy,
                     double *dx, const void *env);
} ad_real_op;

/* y = op(x). Borrows op and env until the reset. */
AD_API ad_status ad_real_apply(const ad_real_op *op, size_t n, const ad_real *x, size_t m,
                               ad_real *y, const void *env);

/* ---- derivatives -------------------------------------------------------------------- */
/* x may be any numbers of one recorder: inputs and results of operations. Each is held fixed while
 * the others move, even if it was computed from them: with b = a a, the derivatives of a b by {a,
 * b} are {b, a}, and by {a} alone 3 a a. The derivative by a constant is 0, and that of a constant,
 * too. All of them can be called again, in any order, until the reset. What vanishes beats what
 * grows without bound, as for tensors: an adjoint or tangent of 0 gives 0 beside an infinite
 * partial. Results are written only if all is well. */

/* gradient[i] = dy / dx[i], by one reverse sweep. */
AD_API ad_status ad_real_gradient(ad_real y, size_t n, const ad_real *x, double *gradient);

/* dx[i] = sum over j of dy[j] dy[j]/dx[i], by one reverse sweep from m roots. */
AD_API ad_status ad_real_vjp(size_t m, const ad_real *y, const double *dy, size_t n,
                             const ad_real *x, double *dx);

/* ty[k][j] = sum over i of dy[j]/dx[i] tx[k][i], in `count` directions k at once: tx is [count, n]
 * and ty [count, m], row by row. */
AD_API ad_status ad_real_jvp(size_t n, const ad_real *x, size_t count, const double *tx, size_t m,
                             const ad_real *y, double *ty);

/* jacobian[j][i] = dy[j] / dx[i], [m, n] row by row: by directions if there are fewer inputs than
 * roots, else by roots, eight of them at once. */
AD_API ad_status ad_real_jacobian(size_t m, const ad_real *y, size_t n, const ad_real *x,
                                  double *jacobian);

/* product[k] = H tx[k], with the Hessian H of y by x, in `count` directions at once; both [count,
 * n], row by row. AD_MISUSE without AD_KEEP_SECOND. */
AD_API ad_status ad_real_hvp(ad_real y, size_t n, const ad_real *x, size_t count, const double *tx,
                             double *product);

/* hessian[i][j], [n, n]; symmetric to rounding. */
AD_API ad_status ad_real_hessian(ad_real y, size_t n, const ad_real *x, double *hessian);

/* ---- what is compiled into your code ------------------------------------------------ */

/* The common operations are: a few instructions that take both operands to be alive on one
 * recorder that has room. Whatever else there may be, the library sees to.
 *
 *     AD_NUMBERS_BY_CALLS   define it before the header: all operations are calls of the library,
 *                           1 to 3 ns more each, and compile many times faster. So it is without
 *                           optimisation (gcc and clang at -O0), where nothing is inlined. */
#if defined(__GNUC__) && !defined(__OPTIMIZE__) && !defined(AD_NUMBERS_BY_CALLS)
#define AD_NUMBERS_BY_CALLS
#endif

#if !defined(__GNUC__)
#define AD_LIKELY(condition) (condition)
#define AD_IN_PLACE static inline
#define AD_KNOWN(condition) (condition)
#else
#define AD_LIKELY(condition) __builtin_expect(!!(condition), 1)
#ifdef __OPTIMIZE__
#define AD_IN_PLACE static inline __attribute__((always_inline, unused))
#else
#define AD_IN_PLACE static inline __attribute__((unused))
#endif
/* True, and the compiler knows it. */
#define AD_KNOWN(condition) (__builtin_constant_p(condition) && (condition))
#endif

/* Keeps stores apart that gcc would join by shuffles in vectors, which take longer. */
#if defined(__GNUC__) && !defined(__clang__)
#define AD_STORES_APART() __asm__("")
#else
#define AD_STORES_APART() (void)0
#endif

/* Private: where the next statement goes. A place is loaded and stored as one: compilers would load
 * two halves that were just stored as one, and that load waits for memory. */
struct ad_recorder {
    const char *source_line; /* of the call at work, or NULL */
    double *partials;        /* of the current chunk of arguments */
    uint32_t *places;        /* the statements that they belong to */
    uint8_t *counts;         /* arguments of each statement of the current chunk */
    uint32_t argument, argument_end; /* in the chunk: the next, and the end */
    uint64_t next;                   /* the place of the next statement */
    uint32_t index_begin, index_end; /* the chunk's statements */
    uint32_t first_epoch;            /* since the reset */
    uint32_t floor;                  /* below it no statement was forgotten since the reset */
    uint32_t keep;                   /* AD_KEEP_... */
};

/* Private: the comparison `name` gave this outcome. Kept with AD_KEEP_OPERATIONS. Returns it. */
AD_API bool ad_recorder_compared(const char *name, ad_real a, ad_real b, bool outcome,
                                 const char *source_line);

/* The epoch changes with each reset and rewind. */
#define AD_NEXT_EPOCH (UINT64_C(1) << 32)

AD_IN_PLACE uint64_t ad_place(uint32_t index, uint32_t epoch)
{
    return (uint64_t)epoch << 32 | index;
}

AD_IN_PLACE uint32_t ad_real_index(ad_real x)
{
    return (uint32_t)x.place;
}

AD_IN_PLACE uint32_t ad_real_epoch(ad_real x)
{
    return (uint32_t)(x.place >> 32);
}

/* Private: a number as the library takes it, and as it gives it back, in registers. What lies in
 * memory for a call costs more than the operation. */
#define AD_REAL_PARTS(x) ad_recorder *on_##x, double x, uint64_t place_##x
#define AD_REAL_GIVEN(x)   (x).on, (x).value, (x).place

typedef struct ad_real_result {
    double value;
    uint64_t place;
} ad_real_result;

AD_IN_PLACE ad_real ad_real_from(ad_recorder *on, double value, uint64_t place)
{
    ad_real x = {on, value, place};
    return x;
}

/* A recorder that compilers know nothing of: else they would write all that follows once for each
 * thing that it may be. */
AD_IN_PLACE ad_recorder *ad_recorder_any(ad_recorder *r)
{
#ifdef __GNUC__
    __asm__("" : "+r"(r));
#endif
    return r;
}

/* Whether numbers are of this epoch. Older ones may live, too: the library looks closer. */
AD_IN_PLACE bool ad_recorder_made(const ad_recorder *r, ad_real x)
{
    return (x.place ^ r->next) >> 32 == 0;
}

AD_IN_PLACE bool ad_recorder_made_2(const ad_recorder *r, ad_real a, ad_real b)
{
    return ((a.place ^ r->next) | (b.place ^ r->next)) >> 32 == 0;
}

AD_IN_PLACE bool ad_recorder_made_3(const ad_recorder *r, ad_real a, ad_real b, ad_real c)
{
    return ((a.place ^ r->next) | (b.place ^ r->next) | (c.place ^ r->next)) >> 32 == 0;
}

AD_IN_PLACE bool ad_recorder_has(const ad_recorder *r, uint32_t arguments)
{
    return AD_LIKELY(r->argument_end - r->argument >= arguments) &&
           AD_LIKELY((uint32_t)r->next != r->index_end);
}

AD_IN_PLACE ad_real ad_recorder_count(ad_recorder *r, double value, uint8_t count)
{
    ad_real y = {r, value, r->next};
    r->counts[ad_real_index(y) - r->index_begin] = count;
    r->next = y.place + 1;
    return y;
}

AD_IN_PLACE ad_real ad_recorder_end(ad_recorder *r, double value, uint8_t arguments)
{
    r->argument += arguments;
    return ad_recorder_count(r, value, arguments);
}

AD_IN_PLACE void ad_recorder_put(ad_recorder *r, uint32_t k, ad_real x, double dx)
{
    r->partials[r->argument + k] = dx;
    r->places[r->argument + k] = ad_real_index(x);
}

AD_IN_PLACE ad_real ad_recorder_put_1(ad_recorder *r, double value, ad_real x, double dx)
{
    ad_recorder_put(r, 0, x, dx);
    return ad_recorder_end(r, value, 1);
}

AD_IN_PLACE ad_real ad_recorder_put_2(ad_recorder *r, double value, ad_real a, double da,
                                      ad_real b, double db)
{
    ad_recorder_put(r, 0, a, da);
    AD_STORES_APART();
    ad_recorder_put(r, 1, b, db);
    return ad_recorder_end(r, value, 2);
}

AD_IN_PLACE ad_real ad_recorder_put_3(ad_recorder *r, double value, ad_real a, double da,
                                      ad_real b, double db, ad_real c, double dc)
{
    ad_recorder_put(r, 0, a, da);
    AD_STORES_APART();
    ad_recorder_put(r, 1, b, db);
    AD_STORES_APART();
    ad_recorder_put(r, 2, c, dc);
    return ad_recorder_end(r, value, 3);
}

/* ---- source lines ------------------------------------------------------------------- */

/* In C, as for tensors (tape.h), macros note where calls stand. */
static inline AD_UNUSED ad_recorder *ad_recorder_at_line(ad_recorder *r, const char *source_line)
{
    if (r)
        r->source_line = source_line;
    return r;
}

static inline AD_UNUSED const ad_real *ad_reals_at_line(size_t n, const ad_real *x,
                                                        const char *source_line)
{
    for (size_t i = 0; x && i < n; i++)
        if (ad_recorder_at_line(x[i].on, source_line))
            break;
    return x;
}

#ifdef __cplusplus
} /* extern "C" */
#elif !defined(AD_NO_SOURCE_LINES)

/* A function over each one that takes a list: nothing is evaluated twice. */
#define AD_LIST_AT_LINE(result, name, taken, n, x, given)                                  \
    static inline AD_UNUSED result name##_at_line taken                                    \
    {                                                                                      \
        ad_reals_at_line(n, x, source_line);                                               \
        return name given;                                                                 \
    }
#define AD_LIST_OF_ONE(name)                                                               \
    AD_LIST_AT_LINE(ad_real, name, (const char *source_line, size_t n, const ad_real *x),  \
                    n, x, (n, x))
#define AD_LIST_OF_TWO(name)                                                               \
    AD_LIST_AT_LINE(ad_real, name, (const char *source_line, size_t n, const ad_real *x,   \
                                    const ad_real *y),                                     \
                    n, (ad_reals_at_line(n, y, source_line), x), (n, x, y))

AD_LIST_OF_ONE(ad_sum_reals)
AD_LIST_OF_ONE(ad_prod_reals)
AD_LIST_OF_ONE(ad_mean_reals)
AD_LIST_OF_ONE(ad_squared_norm_reals)
AD_LIST_OF_ONE(ad_norm_reals)
AD_LIST_OF_ONE(ad_logsumexp_reals)
AD_LIST_OF_TWO(ad_dot_reals)
AD_LIST_OF_TWO(ad_distance_reals)
AD_LIST_AT_LINE(ad_real, ad_weighted_sum_reals,
                (const char *source_line, size_t n, const double *weights, const ad_real *x),
                n, x, (n, weights, x))
AD_LIST_AT_LINE(ad_real, ad_polynomial_reals,
                (const char *source_line, size_t n, const ad_real *c, ad_real x),
                n, (ad_reals_at_line(n > 0, &x, source_line), c), (n, c, x))
AD_LIST_AT_LINE(ad_real, ad_real_statement,
                (const char *source_line, double value, size_t n, const ad_real *x,
                 const double *partials),
                n, x, (value, n, x, partials))
AD_LIST_AT_LINE(ad_status, ad_real_apply,
                (const char *source_line, const ad_real_op *op, size_t n, const ad_real *x, size_t m,
                 ad_real *y, const void *env),
                n, x, (op, n, x, m, y, env))
AD_LIST_AT_LINE(ad_status, ad_real_checkpoint,
                (const char *source_line, ad_real_function *f, size_t n, const ad_real *x, size_t m,
                 ad_real *y, const void *env),
                n, x, (f, n, x, m, y, env))
AD_LIST_AT_LINE(ad_status, ad_real_gradient,
                (const char *source_line, ad_real y, size_t n, const ad_real *x, double *gradient),
                1, &y, (y, n, x, gradient))
AD_LIST_AT_LINE(ad_status, ad_real_vjp,
                (const char *source_line, size_t m, const ad_real *y, const double *dy, size_t n,
                 const ad_real *x, double *dx),
                m, y, (m, y, dy, n, x, dx))
AD_LIST_AT_LINE(ad_status, ad_real_jvp,
                (const char *source_line, size_t n, const ad_real *x, size_t count,
                 const double *tx, size_t m, const ad_real *y, double *ty),
                m, y, (n, x, count, tx, m, y, ty))
AD_LIST_AT_LINE(ad_status, ad_real_jacobian,
                (const char *source_line, size_t m, const ad_real *y, size_t n, const ad_real *x,
                 double *jacobian),
                m, y, (m, y, n, x, jacobian))
AD_LIST_AT_LINE(ad_status, ad_real_hvp,
                (const char *source_line, ad_real y, size_t n, const ad_real *x, size_t count,
                 const double *tx, double *product),
                1, &y, (y, n, x, count, tx, product))
AD_LIST_AT_LINE(ad_status, ad_real_hessian,
                (const char *source_line, ad_real y, size_t n, const ad_real *x, double *hessian),
                1, &y, (y, n, x, hessian))

static inline AD_UNUSED ad_status ad_recorder_rewind_at_line(const char *source_line,
                                                             ad_recorder_mark mark)
{
    ad_recorder_at_line(mark.on, source_line);
    return ad_recorder_rewind(mark);
}
static inline AD_UNUSED ad_status ad_recorder_collapse_at_line(const char *source_line,
                                                               ad_recorder_mark mark, size_t m,
                                                               ad_real *y)
{
    ad_recorder_at_line(mark.on, source_line);
    return ad_recorder_collapse(mark, m, y);
}

#define ad_recorder_rewind(...) ad_recorder_rewind_at_line(AD_SOURCE_LINE, __VA_ARGS__)
#define ad_recorder_collapse(...) ad_recorder_collapse_at_line(AD_SOURCE_LINE, __VA_ARGS__)
#define ad_real_input(r, ...) (ad_real_input)(ad_recorder_at_line((r), AD_SOURCE_LINE), __VA_ARGS__)
#define ad_real_inputs(r, ...)                                                             \
    (ad_real_inputs)(ad_recorder_at_line((r), AD_SOURCE_LINE), __VA_ARGS__)
#define ad_sum_reals(...) ad_sum_reals_at_line(AD_SOURCE_LINE, __VA_ARGS__)
#define ad_prod_reals(...) ad_prod_reals_at_line(AD_SOURCE_LINE, __VA_ARGS__)
#define ad_mean_reals(...) ad_mean_reals_at_line(AD_SOURCE_LINE, __VA_ARGS__)
#define ad_squared_norm_reals(...) ad_squared_norm_reals_at_line(AD_SOURCE_LINE, __VA_ARGS__)
#define ad_norm_reals(...) ad_norm_reals_at_line(AD_SOURCE_LINE, __VA_ARGS__)
#define ad_logsumexp_reals(...) ad_logsumexp_reals_at_line(AD_SOURCE_LINE, __VA_ARGS__)
#define ad_dot_reals(...) ad_dot_reals_at_line(AD_SOURCE_LINE, __VA_ARGS__)
#define ad_distance_reals(...) ad_distance_reals_at_line(AD_SOURCE_LINE, __VA_ARGS__)
#define ad_weighted_sum_reals(...) ad_weighted_sum_reals_at_line(AD_SOURCE_LINE, __VA_ARGS__)
#define ad_polynomial_reals(...) ad_polynomial_reals_at_line(AD_SOURCE_LINE, __VA_ARGS__)
#define ad_real_statement(...) ad_real_statement_at_line(AD_SOURCE_LINE, __VA_ARGS__)
#define ad_real_apply(...) ad_real_apply_at_line(AD_SOURCE_LINE, __VA_ARGS__)
#define ad_real_checkpoint(...) ad_real_checkpoint_at_line(AD_SOURCE_LINE, __VA_ARGS__)
#define ad_real_gradient(...) ad_real_gradient_at_line(AD_SOURCE_LINE, __VA_ARGS__)
#define ad_real_vjp(...) ad_real_vjp_at_line(AD_SOURCE_LINE, __VA_ARGS__)
#define ad_real_jvp(...) ad_real_jvp_at_line(AD_SOURCE_LINE, __VA_ARGS__)
#define ad_real_jacobian(...) ad_real_jacobian_at_line(AD_SOURCE_LINE, __VA_ARGS__)
#define ad_real_hvp(...) ad_real_hvp_at_line(AD_SOURCE_LINE, __VA_ARGS__)
#define ad_real_hessian(...) ad_real_hessian_at_line(AD_SOURCE_LINE, __VA_ARGS__)
#endif

#endif
