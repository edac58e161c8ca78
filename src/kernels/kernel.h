/* How kernels of ad_map are written: one expression, looped over a run. It is compiled once for
 * each instruction set; the bits are the same, since no operation is fused with another.
 *
 *     AD_KERNEL(mul_f32, float, AD_IN(float, 0) * AD_IN(float, 1))
 *     AD_KERNEL(mul_f64, double, AD_IN(double, 0) * AD_IN(double, 1))
 *     static const ad_blocks mul = AD_BLOCKS(mul);
 *
 * The loop of a wide instruction set runs for whole vectors only (ad_kernel_run), and so it is
 * compiled to vector instructions and nothing else. Parameters are restrict: with a local
 * pointer instead, gcc compiles each loop a second time, for operands that overlap. */
#ifndef ADZE_KERNELS_KERNEL_H
#define ADZE_KERNELS_KERNEL_H

#include "kernels/map.h"

/* Before a loop: its iterations do not depend on each other; it must not be unrolled, since its
 * body is long enough as it is; it must be, early enough that vectors of an array stay in registers, which gcc
 * does too late by itself. */
#if defined(__clang__)
#define AD_LOOP_APART    _Pragma("clang loop vectorize(assume_safety)")
#define AD_LOOP_ROLLED   _Pragma("nounroll")
#define AD_LOOP_UNROLLED _Pragma("unroll")
#elif defined(__GNUC__)
#define AD_LOOP_APART    _Pragma("GCC ivdep")
#define AD_LOOP_ROLLED   _Pragma("GCC unroll 1")
#define AD_LOOP_UNROLLED _Pragma("GCC unroll 16")
#else
#define AD_LOOP_APART
#define AD_LOOP_ROLLED
#define AD_LOOP_UNROLLED
#endif

/* A block with this body, for each instruction set: name_base, ...; AD_ALL(name) lists them. */
#define AD_BLOCK_FOR(isa, name, ...)                                                    \
    AD_TARGET_##isa static void name##_##isa(                                           \
        size_t from, size_t n, const void *const *restrict in, void *restrict out_data) \
    {                                                                                   \
        __VA_ARGS__                                                                     \
    }

#define AD_BLOCK(name, ...) AD_EACH_ISA(AD_BLOCK_FOR, name, __VA_ARGS__)

/* The current element of operand k. */
#define AD_IN(T, k) (((const T *)in[k])[from + i])

/* Assigns the expression to every element of the run. */
#define AD_KERNEL(name, T, result) AD_LOOPS(name, T, =, result)

/* The same, and beside it name_add, a loop that adds, for expressions so short that adding apart
 * would be felt. */
#define AD_ADDING_KERNEL(name, T, result) \
    AD_LOOPS(name, T, =, result)          \
    AD_LOOPS(name##_add, T, +=, result)

/* The same in one loop for all instruction sets, which takes a third of the room: for what is
 * rarely computed. */
#define AD_SINGLE_KERNEL(name, T, result) AD_BASE_LOOP(name, T, =, result)

#define AD_LOOPS(name, T, assigns, result) \
    AD_BASE_LOOP(name, T, assigns, result) \
    AD_EACH_WIDER(AD_WIDE_LOOP, name, T, assigns, result)
#define AD_BASE_LOOP(name, T, assigns, result)                                     \
    static void name##_base(size_t from, size_t n, const void *const *restrict in, \
                            void *restrict to)                                     \
    {                                                                              \
        T *restrict out = to;                                                      \
        for (size_t i = 0; i < n; i++)                                             \
            out[i] assigns(T)(result);                                             \
    }
#define AD_WIDE_LOOP(isa, bytes, name, T, assigns, result)                                      \
    AD_TARGET_##isa static void name##_##isa(size_t from, size_t n,                             \
                                             const void *const *restrict in, void *restrict to) \
    {                                                                                           \
        T *restrict out = to;                                                                   \
        const size_t whole = n & ~(bytes / sizeof(T) - 1);                                      \
        for (size_t i = 0; i < whole; i++)                                                      \
            out[i] assigns(T)(result);                                                          \
    }

/* The kernel of one type; those of both float types, name_f32 and name_f64. */
#define AD_ONLY(name) \
    {                 \
        AD_ALL(name), \
        {             \
            NULL      \
        }             \
    }
#define AD_SINGLE(name)           \
    {                             \
        AD_ALL_SAME(name##_base), \
        {                         \
            NULL                  \
        }                         \
    }
#define AD_ADDING(name)                  \
    {                                    \
        AD_ALL(name), AD_ALL(name##_add) \
    }
#define AD_BLOCKS(name)                              \
    {                                                \
        {                                            \
            AD_ONLY(name##_f32), AD_ONLY(name##_f64) \
        }                                            \
    }
#define AD_SINGLE_BLOCKS(name)                           \
    {                                                    \
        {                                                \
            AD_SINGLE(name##_f32), AD_SINGLE(name##_f64) \
        }                                                \
    }
#define AD_ADDING_BLOCKS(name)                           \
    {                                                    \
        {                                                \
            AD_ADDING(name##_f32), AD_ADDING(name##_f64) \
        }                                                \
    }

#endif
