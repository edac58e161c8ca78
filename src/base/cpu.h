/* Instruction sets that kernels are compiled for, and the best one that this machine has. Each has
 * vectors twice as wide as the one before: 16 bytes, 32, 64.
 *
 * A machine that has one of the list also has all before it. On other machines than x86-64 there
 * is only the set that the compiler is told to use. */
#ifndef ADZE_BASE_CPU_H
#define ADZE_BASE_CPU_H

#include <stdbool.h>
#include <stddef.h>

#if defined(__x86_64__)
#define AD_ISA_LIST(ROW) ROW(base) ROW(avx2) ROW(avx512)
#else
#define AD_ISA_LIST(ROW) ROW(base)
#endif

/* Put it before a function that is compiled for one of them. */
#define AD_TARGET_base
#define AD_TARGET_avx2 __attribute__((target("avx2,fma")))
#if defined(__clang__)
#define AD_TARGET_avx512 \
    __attribute__((target("avx512f,avx512vl,avx512bw,avx512dq,fma"), min_vector_width(512)))
#else
#define AD_TARGET_avx512 \
    __attribute__((target("avx512f,avx512vl,avx512bw,avx512dq,fma,prefer-vector-width=512")))
#endif

/* DO(isa, ...) for each of them; and DO(isa, bytes, ...), with the bytes of a vector, for those after the first. The
 * list of a name's variants: name_base, ... */
#if defined(__x86_64__)
#define AD_EACH_ISA(DO, ...)   DO(base, __VA_ARGS__) DO(avx2, __VA_ARGS__) DO(avx512, __VA_ARGS__)
#define AD_EACH_WIDER(DO, ...) DO(avx2, 32, __VA_ARGS__) DO(avx512, 64, __VA_ARGS__)
#define AD_ALL(name)                            \
    {                                           \
        name##_base, name##_avx2, name##_avx512 \
    }
#else
#define AD_EACH_ISA(DO, ...) DO(base, __VA_ARGS__)
#define AD_EACH_WIDER(DO, ...)
#define AD_ALL(name) \
    {                \
        name##_base  \
    }
#endif

/* One function for all of them. */
#if defined(__x86_64__)
#define AD_ALL_SAME(name) \
    {                     \
        name, name, name  \
    }
#else
#define AD_ALL_SAME(name) \
    {                     \
        name              \
    }
#endif

/* A function that is compiled with its caller, for the caller's instruction set. */
#define AD_INLINE static inline __attribute__((always_inline))

#define AD_ISA_NAME(name) AD_ISA_##name,
typedef enum ad_isa { AD_ISA_LIST(AD_ISA_NAME) AD_ISA_COUNT } ad_isa;
#undef AD_ISA_NAME

/* The best of them that this machine has. */
ad_isa ad_cpu_isa(void);

/* How many bytes a set takes at a time: the wide ones whole vectors, base any number of them. */
static inline size_t ad_isa_bytes(ad_isa isa)
{
    return isa == AD_ISA_base ? 1 : (size_t)16 << (isa & 3); /* & 3: for analysers */
}

/* Whether so many bytes are what it takes at a time, or a multiple of it. */
static inline bool ad_isa_fills(ad_isa isa, size_t bytes)
{
    return !(bytes & (ad_isa_bytes(isa) - 1));
}

/* The widest set up to `best` that has something to do for so many bytes. */
static inline ad_isa ad_isa_for(ad_isa best, size_t bytes)
{
    return bytes / 32 < (size_t)best ? (ad_isa)(bytes / 32) : best;
}

#endif
