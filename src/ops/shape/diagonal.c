/* Diagonals and bands of matrices, the last two axes: diagonal, diag, set_diag, trace; tril, triu,
 * band_part.
 *
 * Diagonal k is that of the elements [i, i + k]. diagonal looks at it, diag puts numbers there:
 * each is the other's pullback. set_diag sets numbers in the matrix, seen as a row. The pullback of
 * a band is that band. */
#include "adze/op.h"
#include "adze/ops.h"
#include "kernels/axis.h"
#include "kernels/map.h"
#include "kernels/move.h"
#include "ops/axes.h"
#include "ops/families.h"
#include "ops/shape/view.h"
#include "tape/apply.h"
#include "tape/failure.h"

static const char not_a_matrix[] = "needs a matrix, or a batch of them";

/* ---- diagonal ---------------------------------------------------------------------- */

typedef struct diagonal_attr {
    int64_t k;
} diagonal_attr;

/* The diagonal's number, but no farther from the matrix than just beside it. */
static int64_t within(int64_t k, int64_t rows, int64_t columns)
{
    return k < -rows ? -rows : k > columns ? columns : k;
}

static const char *diagonal_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    if (x->rank < 2)
        return not_a_matrix;
    int64_t rows = x->dim[x->rank - 2], columns = x->dim[x->rank - 1];
    int64_t k = within(((const diagonal_attr *)attr)->k, rows, columns);
    int64_t down = k < 0 ? rows + k : rows, across = k > 0 ? columns - k : columns;
    *y = *x;
    y->rank--;
    y->dim[y->rank - 1] = down < across ? down : across;
    return NULL;
}

static bool diagonal_view(const ad_view *x, const void *attr, ad_view *y)
{
    int last = x->shape.rank - 1;
    int64_t k = ((const diagonal_attr *)attr)->k;
    y->stride[last - 1] = x->stride[last - 1] + x->stride[last];
    if (ad_view_count(y) > 0)
        y->data = (const char *)x->data + (k < 0 ? -k * x->stride[last - 1] : k * x->stride[last]) *
                                              (int64_t)ad_type_size(x->type);
    return true;
}

AD_VIEW_OP(diagonal, sizeof(diagonal_attr), ad_view_pullback, "dx = g on the diagonal, 0 elsewhere")

ad_tensor ad_diagonal(ad_tensor x, int64_t k)
{
    return ad_apply(&diagonal_op, &x, &(diagonal_attr){k});
}

static const char *trace_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    (void)attr;
    *y = AD_SCALAR;
    return x->rank < 2 ? not_a_matrix : NULL;
}

AD_FORM(trace, 1, NULL, trace_shape)

ad_tensor ad_trace(ad_tensor x)
{
    AD_DOOR(x.tape, "trace", ad_dead(x));
    if (!ad_fits(&trace, &x, NULL))
        return ad_dead(x);
    return ad_sum_over(ad_diagonal(x, 0), AD_AXES(-1));
}

/* ---- diag -------------------------------------------------------------------------- */

static const char *diag_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    int64_t k = ((const diagonal_attr *)attr)->k;
    if (x->rank == 0 || x->rank == AD_MAX_RANK)
        return x->rank ? "the rank would exceed 8" : "the operand has no axis to put on a diagonal";
    int64_t n = x->dim[x->rank - 1];
    if (k < -INT64_MAX + n || k > INT64_MAX - n)
        return "the result is too large";
    *y = *x;
    y->rank++;
    y->dim[x->rank - 1] = y->dim[x->rank] = n + (k < 0 ? -k : k);
    return NULL;
}

/* The diagonal of a matrix that lies row by row. */
static ad_view on_diagonal(const ad_shape *x, const ad_view *matrix, const void *attr)
{
    ad_view v = *matrix;
    v.shape = *x;
    diagonal_view(matrix, attr, &v);
    return v;
}

static void put_on_diagonal(const ad_view *x, const void *attr, const ad_array *y)
{
    size_t size = ad_type_size(y->type), n = (size_t)x->shape.dim[x->shape.rank - 1];
    ad_view matrix = ad_array_view(*y), v = on_diagonal(&x->shape, &matrix, attr);
    size_t outer = ad_extent_of(&x->shape, 0, x->shape.rank - 1);
    size_t columns = (size_t)y->shape.dim[y->shape.rank - 1];
    const char *from = x->data;
    memset(y->data, 0, ad_array_count(y) * size);
    for (size_t o = 0; o < outer; o++) {
        char *to = (char *)(uintptr_t)v.data + o * columns * columns * size;
        for (size_t i = 0; i < n; i++, from += size)
            ad_copy_run(size, from, to + i * (columns + 1) * size);
    }
}

static void diag_forward(const ad_forward_args *c)
{
    put_on_diagonal(&c->x[0], c->attr, &c->y);
}

static void diag_jvp(const ad_jvp_args *c)
{
    put_on_diagonal(&c->tx[0], c->attr, &c->ty);
}

static void diag_pullback(const ad_pullback_args *c)
{
    ad_view v = on_diagonal(&c->dx[0].shape, &c->dy, c->attr);
    ad_map_into(c->work, &v.shape, &ad_itself, 1, &v, &c->dx[0], !c->assign[0]);
}

static const ad_op diag_op = {
    .size = sizeof(ad_op),
    .name = "diag",
    .arity = 1,
    .flags = AD_OP_ASSIGNS | AD_OP_LINEAR,
    .attr_size = sizeof(diagonal_attr),
    .type = ad_type_first,
    .shape = diag_shape,
    .forward = diag_forward,
    .pullback = diag_pullback,
    .jvp = diag_jvp,
    .derivative = "dx = the diagonal of g",
};

ad_tensor ad_diag(ad_tensor x, int64_t k)
{
    return ad_apply(&diag_op, &x, &(diagonal_attr){k});
}

/* ---- set_diag ---------------------------------------------------------------------- */

static const char *set_diag_type(const ad_type *x, const void *attr, ad_type *y)
{
    (void)attr;
    *y = x[0];
    return x[0] == x[1] ? NULL : "x and the diagonal must have one type (ad_cast converts)";
}

static const char *set_diag_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    const char *wrong = diagonal_shape(x, attr, y);
    bool fits = !wrong && ad_shape_equal(y, &x[1]);
    *y = x[0];
    if (wrong || !fits)
        return wrong ? wrong : "the diagonal must have the shape of ad_diagonal(x, k)";
    int64_t rows = y->dim[y->rank - 2], columns = y->dim[y->rank - 1];
    return columns && rows > INT64_MAX / columns ? "the matrix is too large" : NULL;
}

AD_FORM(set_diag, 2, set_diag_type, set_diag_shape)

/* Where diagonal k lies among the numbers of a matrix. NULL, with an error, if memory ran out. */
static const int64_t *diagonal_places(ad_tape *t, const ad_shape *x, int64_t k, int64_t length)
{
    int64_t columns = x->dim[x->rank - 1], first = k < 0 ? -k * columns : k;
    int64_t *at = ad_tape_memory(t, ((size_t)length + 1) * sizeof *at);
    for (int64_t i = 0; at && i < length; i++)
        at[i] = first + i * (columns + 1);
    return at;
}

ad_tensor ad_set_diag(ad_tensor x, ad_tensor diagonal, int64_t k)
{
    AD_DOOR(x.tape, "set_diag", ad_dead(x));
    if (!ad_fits(&set_diag, (ad_tensor[]){x, diagonal}, &(diagonal_attr){k}))
        return ad_dead(x);
    ad_shape shape = ad_shape_of(x), rows = shape, all = ad_shape_of(diagonal);
    int64_t length = all.dim[all.rank - 1];
    const int64_t *at = diagonal_places(x.tape, &shape, length ? k : 0, length);
    if (!at)
        return ad_dead(x);
    rows.rank--;
    rows.dim[rows.rank - 1] = shape.dim[rows.rank - 1] * shape.dim[rows.rank];
    ad_tensor index = ad_freeze(x.tape, ad_view_of(AD_I64, at, AD_SHAPE(length)));
    return ad_reshape(ad_scatter_set(ad_reshape(x, rows), index, diagonal, -1), shape);
}

/* ---- tril, triu, band_part --------------------------------------------------------- */

/* The elements [i, j] with low <= j - i <= high stay. */
typedef struct band_attr {
    int64_t low, high;
} band_attr;

static const char *band_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    ad_shape_first(x, attr, y);
    return x->rank < 2 ? not_a_matrix : NULL;
}

static size_t column(int64_t j, int64_t columns)
{
    return (size_t)(j < 0 ? 0 : j > columns ? columns : j);
}

/* to (=, +=) the band of from, and zeros elsewhere */
static void take_band(const ad_view *from, const void *attr, void *to, bool add)
{
    const ad_shape *shape = &from->shape;
    const band_attr *band = attr;
    int64_t rows = shape->dim[shape->rank - 2], columns = shape->dim[shape->rank - 1];
    int64_t low = within(band->low, rows, columns), high = within(band->high, rows, columns);
    size_t size = ad_type_size(from->type), outer = ad_extent_of(shape, 0, shape->rank - 2), at = 0;
    for (size_t o = 0; o < outer; o++)
        for (int64_t i = 0; i < rows; i++, at += (size_t)columns * size) {
            size_t begin = column(i + low, columns), end = column(i + high + 1, columns);
            const char *x = (const char *)from->data + at + begin * size;
            char *y = (char *)to + at;
            if (!add)
                memset(y, 0, (size_t)columns * size);
            if (end > begin && add)
                ad_add_run(from->type, end - begin, x, y + begin * size);
            else if (end > begin)
                memcpy(y + begin * size, x, (end - begin) * size);
        }
}

static void band_forward(const ad_forward_args *c)
{
    take_band(&c->x[0], c->attr, c->y.data, false);
}

static void band_pullback(const ad_pullback_args *c)
{
    take_band(&c->dy, c->attr, c->dx[0].data, !c->assign[0]);
}

static void band_jvp(const ad_jvp_args *c)
{
    take_band(&c->tx[0], c->attr, c->ty.data, false);
}

#define BAND_OP(op, words)                     \
    static const ad_op op##_op = {             \
        .size = sizeof(ad_op),                 \
        .name = #op,                           \
        .arity = 1,                            \
        .flags = AD_OP_ASSIGNS | AD_OP_LINEAR, \
        .attr_size = sizeof(band_attr),        \
        .type = ad_type_first,                 \
        .shape = band_shape,                   \
        .forward = band_forward,               \
        .pullback = band_pullback,             \
        .jvp = band_jvp,                       \
        .derivative = words,                   \
    };

BAND_OP(tril, "dx = the triangle of g")
BAND_OP(triu, "dx = the triangle of g")
BAND_OP(band_part, "dx = the band of g")

ad_tensor ad_tril(ad_tensor x, int64_t k)
{
    return ad_apply(&tril_op, &x, &(band_attr){INT64_MIN, k});
}

ad_tensor ad_triu(ad_tensor x, int64_t k)
{
    return ad_apply(&triu_op, &x, &(band_attr){k, INT64_MAX});
}

ad_tensor ad_band_part(ad_tensor x, int64_t lower, int64_t upper)
{
    return ad_apply(&band_part_op, &x,
                    &(band_attr){lower < 0 ? INT64_MIN : -lower, upper < 0 ? INT64_MAX : upper});
}

const ad_op *const ad_diagonal_ops[] = {&diagonal_op, &diag_op,      &tril_op,
                                        &triu_op,     &band_part_op, NULL};
