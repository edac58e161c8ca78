/* All elementwise operations on numbers, as a table. */
#ifndef ADZE_TESTS_PROGRAM_OPERATIONS_H
#define ADZE_TESTS_PROGRAM_OPERATIONS_H

#include "programs.h"

enum { MOST = 3 }; /* operands of an operation */

typedef struct operation {
    const char *name;
    int arity;
    ad_real (*apply)(const ad_real *x);
} operation;

#define ONE(op)                                   \
    static ad_real op##_applied(const ad_real *x) \
    {                                             \
        return op(x[0]);                          \
    }
#define TWO(op)                                   \
    static ad_real op##_applied(const ad_real *x) \
    {                                             \
        return op(x[0], x[1]);                    \
    }
#define THREE(op)                                 \
    static ad_real op##_applied(const ad_real *x) \
    {                                             \
        return op(x[0], x[1], x[2]);              \
    }
#include "number_rows.h"
#undef ONE
#undef TWO
#undef THREE

#define ONE(op)   {&#op[3], 1, op##_applied},
#define TWO(op)   {&#op[3], 2, op##_applied},
#define THREE(op) {&#op[3], 3, op##_applied},
static const operation operations[] = {
#include "number_rows.h"
};
#undef ONE
#undef TWO
#undef THREE
enum { OPERATIONS = sizeof operations / sizeof *operations };

static inline const char *operation_name(int row)
{
    return operations[row].name;
}

/* A function of as many numbers as the operation has; env is the operation. */
static inline void apply_operation(size_t n, const ad_real *x, size_t m, ad_real *y,
                                   const void *env)
{
    (void)n, (void)m;
    y[0] = ((const operation *)env)->apply(x);
}

#endif
