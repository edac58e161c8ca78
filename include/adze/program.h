/* Programs: functions of numbers that are recorded once, and then replayed, differentiated again,
 * mapped over many points, or written as C.
 *
 *     #include <adze.h>
 *     static void wave(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
 *     {
 *         y[0] = ad_mul(x[0], ad_sin(x[1]));
 *     }
 *     ...
 *     ad_error error = {AD_OK, ""};
 *     double x[] = {2, 0.5}, y[3];
 *     ad_program *f = ad_program_of(wave, 2, x, 1, NULL, NULL, &error);
 *     ad_program *g = ad_program_gradient(f, 2, NULL, &error);
 *     if (ad_program_run(g, x, y, NULL, &error) != AD_OK)
 *         puts(error.text);                          y: the value, and both derivatives
 *     ad_program_free(g);
 *     ad_program_free(f);
 *
 * A program is a list of operations on f64 numbers, from inputs to outputs. It never changes, so
 * threads may share it. Derivatives are programs, too: the second derivative of a program is the
 * derivative of its derivative, and so on to any order.
 *
 * Functions that make something return NULL and fill in *error where they fail; they also return
 * NULL, and leave *error as it is, if they are given NULL for a program and *error holds a failure
 * already. So write the calls one after another, and look at *error once. */
#ifndef ADZE_PROGRAM_H
#define ADZE_PROGRAM_H

#include "adze/program/making.h"
#include "adze/program/derivatives.h"
#include "adze/program/map.h"
#include "adze/program/sparse.h"
#include "adze/program/tensors.h"
#include "adze/program/node.h"
#include "adze/program/cache.h"
#include "adze/program/showing.h"
#include "adze/program/writing.h"

#endif
