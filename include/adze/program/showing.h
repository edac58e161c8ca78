/* Programs (program.h): shown to people, and counted. */
#ifndef ADZE_PROGRAM_SHOWING_H
#define ADZE_PROGRAM_SHOWING_H

#include "adze/program/making.h"

#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Writes a line for each operation, in the order of a run: inputs are x0, x1, ..., results of operations
 * v0, v1, ..., constants their shortest decimals; then a line for each output y0, y1, ....
 *
 *     program: 2 inputs, 1 output, 3 operations
 *         v0 = mul(x0, 0.5)
 *         v1 = less(v0, x1)
 *         guard: v1 is true, at net.c:12
 *         y0 = v0
 *
 * AD_MISUSE if p or out is NULL; AD_FILE if the stream reports an error. */
AD_API ad_status ad_program_print(const ad_program *p, FILE *out);

/* Writes the same as a drawing, a graph in DOT (graphviz: dot -Tsvg). */
AD_API ad_status ad_program_draw(const ad_program *p, FILE *out);

/* How many operations of this name p has: "mul", "sin", .... With NULL, of all names: guards are counted
 * under "guard". 0 if p is NULL, or there is no operation of this name. */
AD_API size_t ad_program_count(const ad_program *p, const char *op);

/* The names of all operations that programs consist of, by number. NULL if there are no more.
 *
 *     const char *op;
 *     for (size_t i = 0; (op = ad_program_operation(i)); i++)
 *         if (ad_program_count(p, op))
 *             printf("%6zu %s\n", ad_program_count(p, op), op);
 */
AD_API const char *ad_program_operation(size_t i);

/* An estimate of the time that p takes in lanes (program/map.h), in additions: 1 for what is as fast, 2 for
 * quotients and roots, 4 for exp, log, sin and the like, up to 64 for polygammas, each a power of 2, measured
 * with AVX-512. It compares programs of many operations with each other: a gradient with its value, one
 * formulation with another. 0 if p is NULL. */
AD_API double ad_program_cost(const ad_program *p);

#ifdef __cplusplus
}
#endif

#endif
