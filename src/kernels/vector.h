/* A vector of numbers, for files that the build compiles once for each instruction set. It defines
 *
 *     AD_T        float or double
 *     AD_LANES    numbers in a vector
 *
 * (There is no include guard: it is a part of each of those files. They may say before what INLINE is.) */
#ifndef INLINE
#define INLINE static inline __attribute__((always_inline))
#endif

typedef AD_T number;
typedef number vec __attribute__((vector_size(AD_LANES * sizeof(number))));
typedef number loose_vec
    __attribute__((vector_size(AD_LANES * sizeof(number)), aligned(sizeof(number)), may_alias));

/* The type of a comparison. */
#define MASK __typeof__((vec){0} > (vec){0})

INLINE vec load(const number *from)
{
    return *(const loose_vec *)from;
}

INLINE void store(number *to, vec v)
{
    *(loose_vec *)to = v;
}
