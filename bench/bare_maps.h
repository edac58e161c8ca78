/* Elementwise loops and their derivatives, written by hand. */
#ifndef BENCH_BARE_MAPS_H
#define BENCH_BARE_MAPS_H

#include <stdint.h>

/* For elements begin to end - 1 of one or two operands, of the table's number type. */
typedef void bare_map_forward(const void *const x[2], void *y, int64_t begin, int64_t end);
typedef void bare_map_backward(const void *const x[2], const void *y, const void *dy,
                               void *const dx[2], int64_t begin, int64_t end);
typedef void bare_map_both(const void *const x[2], void *y, const void *dy, void *const dx[2],
                           int64_t begin, int64_t end);

typedef struct bare_map {
    const char *name;
    bare_map_forward *forward;
    bare_map_backward *backward;
    bare_map_both *both; /* in one loop; NULL for single operations */
} bare_map;

/* Each ends with a row of NULLs. fast: f32, as fast as the compiler makes it, which with glibc is
 * with its vectorised functions. scalar: a call of the C library's function for each number. */
extern const bare_map bare_maps_fast[], bare_maps_scalar_f32[], bare_maps_scalar_f64[];

#endif
