/* The operations on complex numbers, for derivatives by complex step: for a real f that is analytic,
 * f(x + ih) = f(x) + ih f'(x) + O(h^2), and the imaginary part over h is the derivative without any
 * subtraction, hence to rounding (Squire and Trapp 1998). These are the formulas as mathematics
 * writes them, without the library's care for large numbers. */
#ifndef ADZE_TESTS_COMPLEX_FORMS_H
#define ADZE_TESTS_COMPLEX_FORMS_H

#include "adze/array.h"

#include <complex.h>

/* From a list of n numbers to one, or to as many. */
typedef void complex_list(size_t n, const double complex *x, double complex *y);
typedef void complex_whole(const ad_shape *shape, const double complex *const *x,
                           double complex *y);

enum { MOST_COMPLEX = 4 };

/* How an operation is computed on complex numbers: one of these, or none where it is not
 * analytic. */
typedef struct complex_form {
    bool linear; /* the operation itself, on real and imaginary parts apart */
    double complex (*each)(const void *row, const double complex *x); /* broadcasting */
    const void *row;
    bool sum, mean;     /* over each */
    complex_list *list; /* along the axes whose bits are set, counted from 0 */
    unsigned axes;
    bool same; /* a list gives a list */
    complex_whole *whole;
} complex_form;

bool has_form(const complex_form *form);

/* Computes y, of y_shape, from n operands. Not for linear forms. */
void complex_evaluate(const complex_form *form, int n, const ad_shape *shape,
                      const double complex *const *x, const ad_shape *y_shape, double complex *y);

size_t shape_count(const ad_shape *shape);

/* Numbers one by one: what <complex.h> does not have. */
double complex complex_sigmoid(double complex x);
double complex complex_erf(double complex x);
double complex complex_lgamma(double complex x);
double complex complex_digamma(double complex x);

/* Lists to a number. */
void complex_sum(size_t n, const double complex *x, double complex *y);
void complex_mean(size_t n, const double complex *x, double complex *y);
void complex_variance(size_t n, const double complex *x, double complex *y);
void complex_sample_variance(size_t n, const double complex *x, double complex *y);
void complex_std(size_t n, const double complex *x, double complex *y);
void complex_sample_std(size_t n, const double complex *x, double complex *y);
void complex_logsumexp(size_t n, const double complex *x, double complex *y);
void complex_prod(size_t n, const double complex *x, double complex *y);
void complex_norm_1(size_t n, const double complex *x, double complex *y);
void complex_norm_2(size_t n, const double complex *x, double complex *y);
void complex_norm_3(size_t n, const double complex *x, double complex *y);
void complex_norm_one_half(size_t n, const double complex *x, double complex *y);

/* Lists to lists. */
void complex_softmax(size_t n, const double complex *x, double complex *y);
void complex_log_softmax(size_t n, const double complex *x, double complex *y);
void complex_cumsum(size_t n, const double complex *x, double complex *y);
void complex_cumsum_exclusive(size_t n, const double complex *x, double complex *y);
void complex_cumsum_reverse(size_t n, const double complex *x, double complex *y);
void complex_cumsum_both(size_t n, const double complex *x, double complex *y);
void complex_cumprod(size_t n, const double complex *x, double complex *y);
void complex_cumprod_exclusive(size_t n, const double complex *x, double complex *y);
void complex_cumprod_reverse(size_t n, const double complex *x, double complex *y);
void complex_cumprod_both(size_t n, const double complex *x, double complex *y);
void complex_logcumsumexp(size_t n, const double complex *x, double complex *y);
void complex_logcumsumexp_reverse(size_t n, const double complex *x, double complex *y);

/* Whole operations. Labels are those of case_labels. */
/* Matrices are made regular first, as in the rows of linear algebra. */
void complex_cholesky(const ad_shape *shape, const double complex *const *x, double complex *y);
void complex_triangular_lower(const ad_shape *shape, const double complex *const *x,
                              double complex *y);
void complex_triangular_upper(const ad_shape *shape, const double complex *const *x,
                              double complex *y);
void complex_solve(const ad_shape *shape, const double complex *const *x, double complex *y);
void complex_inverse(const ad_shape *shape, const double complex *const *x, double complex *y);
void complex_det(const ad_shape *shape, const double complex *const *x, double complex *y);

void complex_logdet(const ad_shape *shape, const double complex *const *x, double complex *y);

void complex_expm(const ad_shape *shape, const double complex *const *x, double complex *y);

void complex_matmul(const ad_shape *shape, const double complex *const *x, double complex *y);
void complex_matvec(const ad_shape *shape, const double complex *const *x, double complex *y);
void complex_convolve(const ad_shape *shape, const double complex *const *x, double complex *y);
void complex_convolve_layer(const ad_shape *shape, const double complex *const *x,
                            double complex *y);
void complex_spread(const ad_shape *shape, const double complex *const *x, double complex *y);
void complex_outer(const ad_shape *shape, const double complex *const *x, double complex *y);
void complex_dot(const ad_shape *shape, const double complex *const *x, double complex *y);
void complex_dense_identity(const ad_shape *shape, const double complex *const *x,
                            double complex *y);
void complex_dense_tanh(const ad_shape *shape, const double complex *const *x, double complex *y);
void complex_dense_sigmoid(const ad_shape *shape, const double complex *const *x,
                           double complex *y);
void complex_mse(const ad_shape *shape, const double complex *const *x, double complex *y);
void complex_soft_entropy(const ad_shape *shape, const double complex *const *x, double complex *y);
void complex_cross_entropy(const ad_shape *shape, const double complex *const *x,
                           double complex *y);
void complex_cross_entropy_with(const ad_shape *shape, const double complex *const *x,
                                double complex *y);

enum { CASE_ROWS = 4, CASE_CLASSES = 3 };
extern const int32_t case_labels[CASE_ROWS];

/* Of the cross entropy with options: label CASE_IGNORED does not count. */
enum { CASE_IGNORED = 0 };
static const double case_smoothing = 0.25, case_weights[] = {1, 0.5, 3};

#endif
