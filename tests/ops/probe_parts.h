/* What the checks of derivatives (probe_gradient.h) are made of: points, the function L and its gradient,
 * and comparison. */
#ifndef ADZE_TESTS_PROBE_PARTS_H
#define ADZE_TESTS_PROBE_PARTS_H

#include "probe_gradient.h"

#include <check.h>

/* ---- numbers ------------------------------------------------------------------------- */

typedef struct point {
    ad_array numbers[MOST_OPERANDS]; /* f64 */
    ad_view x[MOST_OPERANDS];
} point;

/* The point at which a case is looked at: always the same. */
point point_of(const gradient_case *c);
void end_point(point *p);

/* Between which numbers it lies. */
double low_of(const gradient_case *c);
double high_of(const gradient_case *c);

/* Several operands, of which one may stand in the place of all. */
bool has_one_shape(const gradient_case *c);

/* Fixed numbers of either sign, of size 0.5 to 1.5 and in multiples of 1/32: weights, and with other
 * salts cotangents and tangents. Their products with numbers of a case are exact in f32. */
double weight(uint64_t salt, size_t i);
ad_array weights_like(ad_view v, uint64_t salt);

/* ---- L ------------------------------------------------------------------------------- */

/* sum(w y^2) on the tape. L = sum(w f(x)^2), as a function for the operators: env is the case. */
ad_tensor weighted_square(ad_tape *t, ad_tensor y);
ad_tensor probe(ad_tape *t, const ad_tensor *x, const void *env);

/* L by itself, summed in plain C. */
double value_of(const gradient_case *c, ad_tape *t, const ad_view *x);

typedef struct outcome {
    ad_array y;
    ad_array gradient[MOST_OPERANDS]; /* data is NULL for frozen operands */
} outcome;

/* What happens to the operands: f(x), f(x) used twice, f(x) computed twice, f(x[0], x[0], ...). */
typedef enum usage { ONCE, RESULT_TWICE, FUNCTION_TWICE, ONE_OPERAND } usage;

enum { ALL = (1 << MOST_OPERANDS) - 1 };

/* f and the gradient of L at x, with the operands in the mask `watched` and the others frozen. */
outcome evaluate(const gradient_case *c, const ad_view *x, unsigned watched, usage how);
void end_outcome(outcome *o);

/* The gradient of L by a point's numbers that x looks at, from central differences. */
ad_array differences(const gradient_case *c, const ad_view *x, const ad_array *numbers);

/* From two central differences, of a step and of half the step, that of step 0 (Richardson). */
double extrapolated(double wide, double narrow);
extern const double difference_step;

/* ---- layouts ------------------------------------------------------------------------- */

typedef enum layout { ROWS, COLUMNS, GAPS, BACKWARDS, REPEATED, LAYOUT_COUNT } layout;
extern const char *const layout_names[LAYOUT_COUNT];

/* The numbers of x in another layout and type, in new memory (yours to free) with NaN around them. Where the
 * layout repeats, the last of the numbers for a place. */
ad_view lay_out(const ad_view *x, ad_type type, layout how, void **memory);

/* ---- comparison ---------------------------------------------------------------------- */

ad_array copy_of(ad_view v);
void expect_success(const gradient_case *c, const ad_tape *t);

/* The size of the largest number, but at least 0.01: where all is 0, what is lost in differences
 * of L is not. NaN where a number is. */
double largest(const ad_array *a);

/* Numbers of equal shapes within the tolerance times the largest of those wanted. */
bool is_close(const ad_array *got, const ad_array *wanted, double tolerance);

/* Equal shapes, and numbers within the tolerance times the largest of those wanted. The types may
 * differ. */
void expect_close(const gradient_case *c, const char *what, int operand, const ad_array *got,
                  const ad_array *wanted, double tolerance);
void expect_same_outcome(const gradient_case *c, const char *what, const outcome *got,
                         const outcome *wanted, double tolerance);

#endif
