/* The operations of programs, a closed set: the derivative of each is made of others.
 *
 * Most are the elementwise operations of ops.h, with their kernels and the text of their slopes. Those below them
 * are programs' own; 0 and 1 are their false and true. */
#ifndef ADZE_PROGRAM_OPERATIONS_H
#define ADZE_PROGRAM_OPERATIONS_H

#include "adze/op.h"
#include "kernels/map.h"

/* ROW(name, operands). A name is that of the operation; in files, programs name operations, too. */
#define AD_PROGRAM_ARITHMETIC(ROW) \
    ROW(neg, 1)                    \
    ROW(add, 2)                    \
    ROW(sub, 2)                    \
    ROW(mul, 2)                    \
    ROW(div, 2)                    \
    ROW(reciprocal, 1)             \
    ROW(sqrt, 1)                   \
    ROW(abs, 1)                    \
    ROW(maximum, 2)                \
    ROW(minimum, 2)

#define AD_PROGRAM_FUNCTIONS(ROW) \
    ROW(sign, 1)                  \
    ROW(ceil, 1)                  \
    ROW(floor, 1)                 \
    ROW(round, 1)                 \
    ROW(trunc, 1)                 \
    ROW(rsqrt, 1)                 \
    ROW(cbrt, 1)                  \
    ROW(exp, 1)                   \
    ROW(exp2, 1)                  \
    ROW(expm1, 1)                 \
    ROW(log, 1)                   \
    ROW(log2, 1)                  \
    ROW(log10, 1)                 \
    ROW(log1p, 1)                 \
    ROW(log1mexp, 1)              \
    ROW(sin, 1)                   \
    ROW(cos, 1)                   \
    ROW(tan, 1)                   \
    ROW(asin, 1)                  \
    ROW(acos, 1)                  \
    ROW(atan, 1)                  \
    ROW(sinh, 1)                  \
    ROW(cosh, 1)                  \
    ROW(tanh, 1)                  \
    ROW(asinh, 1)                 \
    ROW(acosh, 1)                 \
    ROW(atanh, 1)                 \
    ROW(erf, 1)                   \
    ROW(erfc, 1)                  \
    ROW(lgamma, 1)                \
    ROW(digamma, 1)               \
    ROW(sigmoid, 1)               \
    ROW(log_sigmoid, 1)           \
    ROW(softplus, 1)              \
    ROW(softsign, 1)              \
    ROW(relu, 1)                  \
    ROW(relu6, 1)                 \
    ROW(elu, 1)                   \
    ROW(selu, 1)                  \
    ROW(silu, 1)                  \
    ROW(gelu, 1)                  \
    ROW(gelu_erf, 1)              \
    ROW(mish, 1)                  \
    ROW(hard_sigmoid, 1)          \
    ROW(hard_tanh, 1)             \
    ROW(hard_swish, 1)            \
    ROW(pow, 2)                   \
    ROW(xlogy, 2)                 \
    ROW(xlog1py, 2)               \
    ROW(hypot, 2)                 \
    ROW(atan2, 2)                 \
    ROW(fmod, 2)                  \
    ROW(leaky_relu, 2)            \
    ROW(celu, 2)                  \
    ROW(clamp, 3)                 \
    ROW(lerp, 3)

#define AD_PROGRAM_OWN(ROW)                                                                 \
    ROW(powi, 2)         /* x to the integer n, a constant */                               \
    ROW(less, 2)         /* a < b */                                                        \
    ROW(less_equal, 2)   /* a <= b */                                                       \
    ROW(equal, 2)        /* a == b */                                                       \
    ROW(not_equal, 2)    /* a != b */                                                       \
    ROW(both, 2)         /* of two truths: a and b */                                       \
    ROW(either, 2)       /* a or b */                                                       \
    ROW(negation, 1)     /* not a */                                                        \
    ROW(where, 3)        /* b if a is true, else c */                                       \
    ROW(vanishing, 2)    /* a b, but 0 where a or b is 0, even beside an infinity or NaN */ \
    ROW(copysign, 2)     /* |a| with the sign of b */                                       \
    ROW(gauss, 1)        /* exp(-x^2) */                                                    \
    ROW(polygamma, 2)    /* the derivative of digamma of order n, a constant from 1 on */   \
    ROW(detach, 1)       /* x, whose derivative is 0 */                                     \
    ROW(finite_shift, 1) /* x if it is finite, else 0; derivative 0 */                      \
    ROW(fma, 3)          /* a b + c, rounded once */                                        \
    ROW(guard, 1)        /* no value: a must be as it was recorded */

#define AD_PROGRAM_ROWS(ROW)   \
    AD_PROGRAM_ARITHMETIC(ROW) \
    AD_PROGRAM_FUNCTIONS(ROW)  \
    AD_PROGRAM_OWN(ROW)

#define AD_PROGRAM_CODE(name, arity) AD_PROGRAM_##name,
typedef enum ad_program_op_code {
    AD_PROGRAM_ROWS(AD_PROGRAM_CODE) AD_PROGRAM_OP_COUNT
} ad_program_op_code;
#undef AD_PROGRAM_CODE

typedef struct ad_program_op {
    const char *name;
    uint32_t arity;
} ad_program_op;

extern const ad_program_op ad_program_ops[AD_PROGRAM_OP_COUNT];

/* By name; AD_PROGRAM_OP_COUNT if there is none. */
uint32_t ad_program_op_named(const char *name);

/* The kernel of f64 numbers of an elementwise operation, or NULL: a program's own has none. */
const ad_kernel *ad_program_kernel(uint32_t op);

/* What an operation gives for one number: the same bits everywhere. */
double ad_program_value(uint32_t op, double a, double b, double c);

#endif
