/* Programs (program.h): written as C.
 *
 * The text is a function in C99 that needs nothing of adze, takes no memory and has no variables
 * but its own: for a controller, or for a compiler to make the most of. Repetition in the
 * program becomes loops, so that an integrator of a thousand steps is a text of a few.
 *
 *     void NAME(const NAME_real *x, NAME_real *v, NAME_real *y);
 *
 * computes the outputs y[NAME_OUTPUTS] from x[NAME_INPUTS]. v has room for NAME_WORK numbers
 * that need not be set. (NAME is in capitals in these three.) The arrays do not overlap. Where
 * there are guards, the function returns an int: 0; or i, and nothing is written to y, where the
 * ith guard has another outcome than recorded. The header lists their source lines.
 *
 * The bits are those of ad_program_run if the compiler rounds every operation: with
 * -ffp-contract=off (the default of gcc with -std=c99, but not with -std=gnu99), without
 * -ffast-math, and not by the x87. Functions that adze takes from the C library are the
 * library's in the text, too.
 *
 * NAME_real is double. If NAME_FLOAT (in capitals) is defined where text and header are
 * compiled, it is float; functions such as exp are computed in double then. If NAME_LANES is
 * defined as 2, 4, 8 ..., it is a vector of so many doubles as gcc and clang have them, aligned
 * as such: one call computes so many points, each with the bits that it has alone. A guard must
 * hold in all lanes.
 *
 * examples/generated has recipes for meson and CMake, and for a machine without an operating
 * system. */
#ifndef ADZE_PROGRAM_WRITING_H
#define ADZE_PROGRAM_WRITING_H

#include "adze/program/making.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum ad_program_text {
    AD_PROGRAM_HEADER, /* NAME.h */
    AD_PROGRAM_SOURCE  /* NAME.c, which includes it */
} ad_program_text;

/* Takes the next piece of a text, which does not end with a 0. All of the header comes first, then
 * the source. Returns whether to go on. */
typedef bool ad_program_text_sink(void *env, ad_program_text of, const char *text, size_t length);

/* NULL: as if all but size were 0. */
typedef struct ad_program_c_options {
    size_t size;       /* sizeof(ad_program_c_options) */
    bool c_library;    /* exp, sin and so on are those of math.h: a shorter text, with other digits at
                          the end */
    bool unrolled;     /* without loops */
    size_t statements; /* that a function has at most, if no single loop has more; default 400.
                          Compilers take long for long functions */
} ad_program_c_options;

/* Writes the header and the source. name is an identifier, at most 48 characters long, that begins with
 * a letter and has no meaning in C, C++ or the headers of the text (class, sin, bool).
 * AD_MISUSE if p or write is NULL, or name is no such; AD_CANCELLED if write said so; AD_MEMORY, before
 * anything is written. */
AD_API ad_status ad_program_write_c(const ad_program *p, const char *name,
                                    const ad_program_c_options *options,
                                    ad_program_text_sink *write, void *env, ad_error *error);

#ifdef __cplusplus
}
#endif

#endif
