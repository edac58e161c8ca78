/* The operations on complex numbers. */
#include "complex_forms.h"

#include <check.h>
#include <stdlib.h>

const int32_t case_labels[CASE_ROWS] = {2, 0, 1, 2};

/* ---- lists --------------------------------------------------------------------------- */

void complex_sum(size_t n, const double complex *x, double complex *y)
{
    *y = 0;
    for (size_t i = 0; i < n; i++)
        *y += x[i];
}

void complex_mean(size_t n, const double complex *x, double complex *y)
{
    complex_sum(n, x, y);
    *y /= (double)n;
}

static double complex sum_of_squares(size_t n, const double complex *x)
{
    double complex mean, sum = 0;
    complex_mean(n, x, &mean);
    for (size_t i = 0; i < n; i++)
        sum += (x[i] - mean) * (x[i] - mean);
    return sum;
}

void complex_variance(size_t n, const double complex *x, double complex *y)
{
    *y = sum_of_squares(n, x) / (double)n;
}

void complex_sample_variance(size_t n, const double complex *x, double complex *y)
{
    *y = sum_of_squares(n, x) / ((double)n - 1);
}

void complex_std(size_t n, const double complex *x, double complex *y)
{
    *y = csqrt(sum_of_squares(n, x) / (double)n);
}

void complex_sample_std(size_t n, const double complex *x, double complex *y)
{
    *y = csqrt(sum_of_squares(n, x) / ((double)n - 1));
}

void complex_logsumexp(size_t n, const double complex *x, double complex *y)
{
    double complex sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += cexp(x[i]);
    *y = clog(sum);
}

void complex_log_softmax(size_t n, const double complex *x, double complex *y)
{
    double complex total;
    complex_logsumexp(n, x, &total);
    for (size_t i = 0; i < n; i++)
        y[i] = x[i] - total;
}

void complex_softmax(size_t n, const double complex *x, double complex *y)
{
    complex_log_softmax(n, x, y);
    for (size_t i = 0; i < n; i++)
        y[i] = cexp(y[i]);
}

void complex_prod(size_t n, const double complex *x, double complex *y)
{
    *y = 1;
    for (size_t i = 0; i < n; i++)
        *y *= x[i];
}

/* (sum |x|^p)^(1/p), with |x| as the analytic x or -x. */
#define NORM(name, p)                                                         \
    void complex_##name(size_t n, const double complex *x, double complex *y) \
    {                                                                         \
        *y = 0;                                                               \
        for (size_t i = 0; i < n; i++)                                        \
            *y += cpow(creal(x[i]) < 0 ? -x[i] : x[i], p);                    \
        *y = cpow(*y, 1 / (p));                                               \
    }

NORM(norm_1, 1.)
NORM(norm_2, 2.)
NORM(norm_3, 3.)
NORM(norm_one_half, 0.5)

/* Running sums and products. */
static void run(size_t n, const double complex *x, double complex *y, bool product, bool exclusive,
                bool reverse)
{
    double complex all = product;
    for (size_t k = 0; k < n; k++) {
        size_t i = reverse ? n - 1 - k : k;
        double complex next = product ? all * x[i] : all + x[i];
        y[i] = exclusive ? all : next;
        all = next;
    }
}

#define RUNNING(op, product, exclusive, reverse)                            \
    void complex_##op(size_t n, const double complex *x, double complex *y) \
    {                                                                       \
        run(n, x, y, product, exclusive, reverse);                          \
    }

RUNNING(cumsum, false, false, false)
RUNNING(cumsum_exclusive, false, true, false)
RUNNING(cumsum_reverse, false, false, true)
RUNNING(cumsum_both, false, true, true)
RUNNING(cumprod, true, false, false)
RUNNING(cumprod_exclusive, true, true, false)
RUNNING(cumprod_reverse, true, false, true)
RUNNING(cumprod_both, true, true, true)

#define RUNNING_LOGS(op, reverse)                                           \
    void complex_##op(size_t n, const double complex *x, double complex *y) \
    {                                                                       \
        for (size_t i = 0; i < n; i++)                                      \
            y[i] = cexp(x[i]);                                              \
        run(n, y, y, false, false, reverse);                                \
        for (size_t i = 0; i < n; i++)                                      \
            y[i] = clog(y[i]);                                              \
    }

RUNNING_LOGS(logcumsumexp, false)
RUNNING_LOGS(logcumsumexp_reverse, true)

/* ---- whole operations ---------------------------------------------------------------- */

/* Where element i of a shape, row by row, is found in an operand that broadcasts to it. The last
 * `skip` axes of both are left out. */
static size_t broadcast_place(const ad_shape *shape, size_t i, const ad_shape *operand, int skip)
{
    size_t place = 0, step = 1;
    int shift = shape->rank - operand->rank;
    for (int k = shape->rank - 1 - skip; k >= shift && k >= 0; k--) {
        size_t extent = (size_t)operand->dim[k - shift];
        if (extent != 1)
            place += i % (size_t)shape->dim[k] * step;
        i /= (size_t)shape->dim[k];
        step *= extent;
    }
    return place;
}

static void multiply(size_t m, size_t k, size_t n, const double complex *a, const double complex *b,
                     double complex *c)
{
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++) {
            c[i * n + j] = 0;
            for (size_t p = 0; p < k; p++)
                c[i * n + j] += a[i * k + p] * b[p * n + j];
        }
}

/* The shape that the batch axes of two operands of matmul broadcast to, with two axes more. */
static ad_shape batch_shape(const ad_shape *x)
{
    ad_shape y = {.rank = x[0].rank > x[1].rank ? x[0].rank : x[1].rank};
    for (int i = 0; i < y.rank; i++) {
        int a = i - (y.rank - x[0].rank), b = i - (y.rank - x[1].rank);
        int64_t left = a < 0 ? 1 : x[0].dim[a], right = b < 0 ? 1 : x[1].dim[b];
        y.dim[i] = left == 1 ? right : left;
    }
    return y;
}

void complex_matmul(const ad_shape *shape, const double complex *const *x, double complex *y)
{
    ad_shape over = batch_shape(shape), batch = over;
    batch.rank -= 2;
    size_t m = (size_t)shape[0].dim[shape[0].rank - 2], n = (size_t)shape[1].dim[shape[1].rank - 1];
    size_t k = (size_t)shape[0].dim[shape[0].rank - 1], count = shape_count(&batch);
    for (size_t i = 0; i < count; i++)
        multiply(m, k, n, x[0] + m * k * broadcast_place(&over, i, &shape[0], 2),
                 x[1] + k * n * broadcast_place(&over, i, &shape[1], 2), y + i * m * n);
}

/* ---- linear algebra --------------------------------------------------------------------------- */

static size_t matrices_in(const ad_shape *shape)
{
    ad_shape batch = *shape;
    batch.rank -= 2;
    return shape_count(&batch);
}

void complex_cholesky(const ad_shape *shape, const double complex *const *x, double complex *y)
{
    size_t n = (size_t)shape->dim[shape->rank - 1];
    for (size_t m = 0; m < matrices_in(shape); m++, y += n * n) {
        const double complex *a = x[0] + m * n * n;
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < n; j++) {
                double complex sum = 0;
                for (size_t k = 0; k < n; k++)
                    sum += a[i * n + k] * a[j * n + k];
                sum += i == j ? sum + 1 : 0;
                for (size_t k = 0; k < j && j <= i; k++)
                    sum -= y[i * n + k] * y[j * n + k];
                y[i * n + j] = i == j ? csqrt(sum) : i > j ? sum / y[j * n + j] : 0;
            }
    }
}

/* x + 5 and the square of the diagonal there; of one side only, unless it is 0. */
static double complex regular_at(const double complex *x, size_t n, size_t i, size_t j, int side)
{
    double complex d = x[i * n + j];
    if ((side < 0 && j > i) || (side > 0 && j < i))
        return 0;
    return i == j ? d + d * d + 5 : d;
}

/* Elimination without swaps: x of a x = b in the place of b, and the determinant of a. */
static double complex eliminate(size_t n, size_t columns, double complex *a, double complex *b)
{
    double complex det = 1;
    for (size_t k = 0; k < n; k++) {
        det *= a[k * n + k];
        for (size_t i = 0; i < n; i++) {
            double complex l = a[i * n + k] / a[k * n + k];
            for (size_t j = k; j < n && i != k; j++)
                a[i * n + j] -= l * a[k * n + j];
            for (size_t j = 0; j < columns && i != k; j++)
                b[i * columns + j] -= l * b[k * columns + j];
        }
    }
    for (size_t i = 0; i < n * columns; i++)
        b[i] /= a[i / columns * (n + 1)];
    return det;
}

enum { MOST_SIDE = 20 };

/* With b NULL: the identity. det may be NULL. */
static void solve_regular(const ad_shape *shape, const double complex *x, const double complex *b,
                          size_t columns, int side, double complex *y, double complex *det)
{
    double complex a[MOST_SIDE * MOST_SIDE];
    size_t n = (size_t)shape->dim[shape->rank - 1];
    for (size_t m = 0; m < matrices_in(shape); m++, x += n * n, y += n * columns) {
        for (size_t i = 0; i < n * n; i++)
            a[i] = regular_at(x, n, i / n, i % n, side);
        for (size_t i = 0; i < n * columns; i++)
            y[i] = b ? b[m * n * columns + i] : i / columns == i % columns;
        double complex d = eliminate(n, columns, a, y);
        if (det)
            det[m] = d;
    }
}

static void complex_system(const ad_shape *shape, const double complex *const *x, int side,
                           double complex *y)
{
    solve_regular(shape, x[0], x[1], (size_t)shape[1].dim[shape[1].rank - 1], side, y, NULL);
}

void complex_triangular_lower(const ad_shape *shape, const double complex *const *x,
                              double complex *y)
{
    complex_system(shape, x, -1, y);
}

void complex_triangular_upper(const ad_shape *shape, const double complex *const *x,
                              double complex *y)
{
    complex_system(shape, x, 1, y);
}

void complex_solve(const ad_shape *shape, const double complex *const *x, double complex *y)
{
    complex_system(shape, x, 0, y);
}

void complex_inverse(const ad_shape *shape, const double complex *const *x, double complex *y)
{
    solve_regular(shape, x[0], NULL, (size_t)shape->dim[shape->rank - 1], 0, y, NULL);
}

void complex_det(const ad_shape *shape, const double complex *const *x, double complex *y)
{
    double complex none[1] = {0};
    solve_regular(shape, x[0], none, 0, 0, none, y);
}

void complex_logdet(const ad_shape *shape, const double complex *const *x, double complex *y)
{
    complex_det(shape, x, y);
    for (size_t m = 0; m < matrices_in(shape); m++)
        y[m] = clog(y[m]);
}

/* The series, of a / 2^8; then squares. */
void complex_expm(const ad_shape *shape, const double complex *const *x, double complex *y)
{
    enum { TERMS = 24, SQUARES = 8, MOST_NUMBERS_IN = MOST_SIDE * MOST_SIDE };
    size_t n = (size_t)shape->dim[shape->rank - 1];
    for (size_t m = 0; m < matrices_in(shape); m++, y += n * n) {
        double complex a[MOST_NUMBERS_IN], term[MOST_NUMBERS_IN], next[MOST_NUMBERS_IN];
        for (size_t i = 0; i < n * n; i++) {
            a[i] = x[0][m * n * n + i] / (1 << SQUARES);
            y[i] = term[i] = i / n == i % n;
        }
        for (int k = 1; k < TERMS; k++) {
            multiply(n, n, n, term, a, next);
            for (size_t i = 0; i < n * n; i++)
                y[i] += term[i] = next[i] / k;
        }
        for (int k = 0; k < SQUARES; k++) {
            multiply(n, n, n, y, y, next);
            for (size_t i = 0; i < n * n; i++)
                y[i] = next[i];
        }
    }
}

/* ---- convolutions ----------------------------------------------------------------------------- */

/* small[o] and big[o + k] are products of images by the taps k of filters, as far as one is a sum. */
static void for_each_tap(const ad_shape *big, const ad_shape *small, const ad_shape *filters,
                         void *user, void (*add)(void *user, size_t big, size_t small, size_t tap))
{
    ad_shape pixels = *small, taps = *filters;
    pixels.rank--;
    taps.rank -= 2;
    for (size_t i = 0; i < shape_count(&pixels); i++)
        for (size_t k = 0; k < shape_count(&taps); k++) {
            size_t place = 0, scale = 1, pixel = i, tap = k;
            for (int a = pixels.rank - 1; a >= 0; a--) {
                size_t extent = (size_t)pixels.dim[a], all = a ? (size_t)taps.dim[a - 1] : 1;
                place += scale * (pixel % extent + tap % all);
                scale *= (size_t)big->dim[a];
                pixel /= extent;
                tap /= all;
            }
            add(user, place, i, k);
        }
}

typedef struct convolution {
    size_t in, out; /* of the filters */
    const double complex *x, *filters;
    double complex *y;
} convolution;

static void add_product(const convolution *c, size_t from, size_t to, size_t tap)
{
    for (size_t i = 0; i < c->in; i++)
        for (size_t j = 0; j < c->out; j++)
            c->y[to * c->out + j] +=
                c->x[from * c->in + i] * c->filters[(tap * c->in + i) * c->out + j];
}

static void add_to_small(void *user, size_t big, size_t small, size_t tap)
{
    add_product(user, big, small, tap);
}

static void add_to_big(void *user, size_t big, size_t small, size_t tap)
{
    add_product(user, small, big, tap);
}

/* x by filters, from the large extents to the small ones or back. */
static ad_shape convolve(const ad_shape *shape, const double complex *const *x, double complex *y,
                         bool spread)
{
    ad_shape to = shape[0];
    int last = to.rank - 1;
    convolution c = {(size_t)shape[1].dim[last - 1], (size_t)shape[1].dim[last], x[0], x[1], y};
    for (int a = 1; a < last; a++)
        to.dim[a] += spread ? shape[1].dim[a - 1] - 1 : 1 - shape[1].dim[a - 1];
    to.dim[last] = shape[1].dim[last];
    for (size_t i = 0; i < shape_count(&to); i++)
        y[i] = 0;
    for_each_tap(spread ? &to : &shape[0], spread ? &shape[0] : &to, &shape[1], &c,
                 spread ? add_to_big : add_to_small);
    return to;
}

void complex_convolve(const ad_shape *shape, const double complex *const *x, double complex *y)
{
    convolve(shape, x, y, false);
}

void complex_spread(const ad_shape *shape, const double complex *const *x, double complex *y)
{
    convolve(shape, x, y, true);
}

void complex_convolve_layer(const ad_shape *shape, const double complex *const *x,
                            double complex *y)
{
    ad_shape to = convolve(shape, x, y, false);
    size_t out = (size_t)shape[2].dim[0];
    for (size_t i = 0; i < shape_count(&to); i++)
        y[i] += x[2][i % out];
}

void complex_dot(const ad_shape *shape, const double complex *const *x, double complex *y)
{
    multiply(1, shape_count(shape), 1, x[0], x[1], y);
}

void complex_matvec(const ad_shape *shape, const double complex *const *x, double complex *y)
{
    multiply((size_t)shape[0].dim[0], (size_t)shape[0].dim[1], 1, x[0], x[1], y);
}

void complex_outer(const ad_shape *shape, const double complex *const *x, double complex *y)
{
    multiply((size_t)shape[0].dim[0], 1, (size_t)shape[1].dim[0], x[0], x[1], y);
}

void complex_dense_identity(const ad_shape *shape, const double complex *const *x,
                            double complex *y)
{
    size_t rows = (size_t)shape[0].dim[0], columns = (size_t)shape[2].dim[0];
    multiply(rows, (size_t)shape[0].dim[1], columns, x[0], x[1], y);
    for (size_t i = 0; i < rows * columns; i++)
        y[i] += x[2][i % columns];
}

void complex_dense_tanh(const ad_shape *shape, const double complex *const *x, double complex *y)
{
    complex_dense_identity(shape, x, y);
    for (size_t i = 0; i < (size_t)(shape[0].dim[0] * shape[2].dim[0]); i++)
        y[i] = ctanh(y[i]);
}

void complex_dense_sigmoid(const ad_shape *shape, const double complex *const *x, double complex *y)
{
    complex_dense_identity(shape, x, y);
    for (size_t i = 0; i < (size_t)(shape[0].dim[0] * shape[2].dim[0]); i++)
        y[i] = complex_sigmoid(y[i]);
}

void complex_mse(const ad_shape *shape, const double complex *const *x, double complex *y)
{
    size_t n = shape_count(shape);
    *y = 0;
    for (size_t i = 0; i < n; i++)
        *y += (x[0][i] - x[1][i]) * (x[0][i] - x[1][i]) / (double)n;
}

void complex_soft_entropy(const ad_shape *shape, const double complex *const *x, double complex *y)
{
    size_t classes = (size_t)shape->dim[shape->rank - 1], rows = shape_count(shape) / classes;
    *y = 0;
    for (size_t i = 0; i < rows; i++) {
        double complex total;
        complex_logsumexp(classes, x[0] + i * classes, &total);
        for (size_t k = i * classes; k < (i + 1) * classes; k++)
            *y += x[1][k] * (total - x[0][k]) / (double)rows;
    }
}

void complex_cross_entropy(const ad_shape *shape, const double complex *const *x, double complex *y)
{
    ck_assert(shape->dim[0] == CASE_ROWS && shape->dim[1] == CASE_CLASSES);
    double complex row[CASE_CLASSES];
    *y = 0;
    for (size_t i = 0; i < CASE_ROWS; i++) {
        complex_log_softmax(CASE_CLASSES, x[0] + i * CASE_CLASSES, row);
        *y -= row[case_labels[i]] / CASE_ROWS;
    }
}

void complex_cross_entropy_with(const ad_shape *shape, const double complex *const *x,
                                double complex *y)
{
    double complex row[CASE_CLASSES], sum = 0;
    double total = 0, share = case_smoothing / CASE_CLASSES;
    ck_assert(shape->dim[0] == CASE_ROWS && shape->dim[1] == CASE_CLASSES);
    for (size_t i = 0; i < CASE_ROWS; i++) {
        int32_t label = case_labels[i];
        if (label == CASE_IGNORED)
            continue;
        complex_log_softmax(CASE_CLASSES, x[0] + i * CASE_CLASSES, row);
        sum -= (1 - case_smoothing) * case_weights[label] * row[label];
        for (int k = 0; k < CASE_CLASSES; k++)
            sum -= share * case_weights[k] * row[k];
        total += case_weights[label];
    }
    *y = sum / total;
}

/* ---- a form on operands -------------------------------------------------------------- */

size_t shape_count(const ad_shape *shape)
{
    size_t n = 0;
    ck_assert_int_eq(ad_shape_count(shape, &n), AD_OK);
    return n;
}

/* The numbers behind result k are those whose place in the kept shape is k. */
static void evaluate_lists(const complex_form *form, const ad_shape *shape, const double complex *x,
                           double complex *y)
{
    ad_shape kept = *shape;
    for (int i = 0; i < shape->rank; i++)
        if (form->axes >> i & 1)
            kept.dim[i] = 1;
    size_t n = shape_count(shape), lists = shape_count(&kept);
    double complex *in = calloc(n + 1, sizeof *in), *out = calloc(n + 1, sizeof *out);
    ck_assert(in && out);
    for (size_t k = 0; k < lists; k++) {
        size_t length = 0, at = 0;
        for (size_t i = 0; i < n; i++)
            if (broadcast_place(shape, i, &kept, 0) == k)
                in[length++] = x[i];
        form->list(length, in, out);
        for (size_t i = 0; i < n && form->same; i++)
            if (broadcast_place(shape, i, &kept, 0) == k)
                y[i] = out[at++];
        if (!form->same)
            y[k] = *out;
    }
    free(in);
    free(out);
}

bool has_form(const complex_form *form)
{
    return form->linear || form->each || form->list || form->whole;
}

static void evaluate_each(const complex_form *form, int n, const ad_shape *shape,
                          const double complex *const *x, const ad_shape *y_shape,
                          double complex *y)
{
    bool alone = !form->sum && !form->mean;
    const ad_shape *over = alone ? y_shape : shape;
    size_t count = shape_count(over);
    double complex sum = 0;
    for (size_t i = 0; i < count; i++) {
        double complex operands[MOST_COMPLEX] = {0};
        for (int k = 0; k < n; k++)
            operands[k] = x[k][broadcast_place(over, i, &shape[k], 0)];
        double complex result = form->each(form->row, operands);
        sum += result / (form->mean ? (double)count : 1);
        if (alone)
            y[i] = result;
    }
    if (!alone)
        *y = sum;
}

void complex_evaluate(const complex_form *form, int n, const ad_shape *shape,
                      const double complex *const *x, const ad_shape *y_shape, double complex *y)
{
    if (form->each)
        evaluate_each(form, n, shape, x, y_shape, y);
    if (form->list)
        evaluate_lists(form, shape, x[0], y);
    if (form->whole)
        form->whole(shape, x, y);
}
