/* Arithmetic on integers, for operations that take them besides floats. */
#ifndef ADZE_OPS_ELEMENTWISE_INTEGERS_H
#define ADZE_OPS_ELEMENTWISE_INTEGERS_H

#include "adze/op.h"
#include "kernels/kernel.h"

enum { AD_INTEGER_TYPES = 3 };

/* One kernel for each of i32, i64 and u8. */
typedef struct ad_integer_kernels {
    ad_kernel of[AD_INTEGER_TYPES];
} ad_integer_kernels;

/* The type rules of operations on one number type: any, or of integers. Masks are not numbers. */
const char *ad_type_number(const ad_type *x, const void *attr, ad_type *y);
const char *ad_type_numbers(const ad_type *x, const void *attr, ad_type *y);
const char *ad_type_integers(const ad_type *x, const void *attr, ad_type *y);

/* The forward rule where y is of an integer type. */
void ad_integers_forward(const ad_forward_args *c, const ad_integer_kernels *kernels);

/* op##_integers from an expression of a and b, or of a alone. */
#define AD_INTEGER_KERNEL(name, T, second, result) \
    AD_INLINE T name##_of(T a, T b)                \
    {                                              \
        (void)b;                                   \
        return (T)(result);                        \
    }                                              \
    AD_SINGLE_KERNEL(name, T, name##_of(AD_IN(T, 0), AD_IN(T, second)))
#define AD_INTEGER_KERNELS(op, T32, T64, second, result) \
    AD_INTEGER_KERNEL(op##_i32, T32, second, result)     \
    AD_INTEGER_KERNEL(op##_i64, T64, second, result)     \
    AD_INTEGER_KERNEL(op##_u8, uint8_t, second, result)  \
    static const ad_integer_kernels op##_integers = {{   \
        AD_SINGLE(op##_i32),                             \
        AD_SINGLE(op##_i64),                             \
        AD_SINGLE(op##_u8),                              \
    }};

/* Wrapping ones are computed without signs. */
#define AD_WRAPPING(op, result)     AD_INTEGER_KERNELS(op, uint32_t, uint64_t, 1, result)
#define AD_WRAPPING_ONE(op, result) AD_INTEGER_KERNELS(op, uint32_t, uint64_t, 0, result)
#define AD_SIGNED(op, result)       AD_INTEGER_KERNELS(op, int32_t, int64_t, 1, result)

#endif
