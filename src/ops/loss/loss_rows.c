/* Losses of whole rows, over the last axis: a mean over rows, with a target of numbers.
 *
 *     softmax_cross_entropy_probabilities, for logits x, probabilities q with sum Q:
 *         y_row = sum(q (l - x)), with l = log(sum(exp(x)))
 *         dx = g (Q p - q),  dq = g (l - x),  with p = softmax(x)
 *         tdx = g (Q p (tx - p.tx) + sum(tq) p - tq),  tdq = g (p.tx - tx)
 *     categorical_hinge_loss, for predictions p, targets t:
 *         y_row = max(0, 1 + max((1 - t) p) - sum(t p))
 *         dp = g ((1 - t) s - t),  dt = -g p (1 + s),  s: the greatest's share, ties even
 *         tdp = -g tt (1 + s),  tdt = -g tp (1 + s) */
#include "adze/op.h"
#include "ops/loss/loss.h"

#include "adze/ops.h"
#include "kernels/axis.h"
#include "kernels/elementary.h"
#include "kernels/vanishing.h"
#include "ops/families.h"

/* The rows of a batch, and room for one of them as f64 numbers: two operands, two tangents, a
 * slope. What forward saved for each row: classes + SAVED numbers. */
enum { SAVED = 2 };

typedef struct batch {
    size_t n, classes;
    double *room;
} batch;

typedef struct row {
    const double *x[2], *t[2];
    double *saved, *slope;
} row;

static size_t rows_in(const ad_shape *x)
{
    return ad_extent_of(x, 0, x->rank - 1);
}

/* False when memory ran out. */
static bool open_batch(batch *b, const ad_view *x, ad_workspace *work)
{
    b->n = rows_in(&x->shape);
    b->classes = (size_t)x->shape.dim[x->shape.rank - 1];
    b->room = ad_scratch(work, 5 * b->classes * sizeof *b->room);
    return b->room != NULL;
}

static const char *rows_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    return x[0].rank == 0 ? "needs at least one axis, the classes" : ad_loss_shape(x, attr, y);
}

static size_t rows_saved(const ad_type *type, const ad_shape *x, const void *attr)
{
    (void)type, (void)attr;
    return rows_in(x) * ((size_t)x->dim[x->rank - 1] + SAVED) * sizeof(double);
}

/* Row i of a view as f64 numbers: its own, or copies in `room`; zeros where there are none. */
static const double *numbers_of(const ad_view *v, size_t i, size_t classes, double *room)
{
    if (v->data && v->type == AD_F64)
        return (const double *)v->data + i * classes;
    for (size_t k = 0; k < classes; k++)
        room[k] = v->data ? (double)((const float *)v->data)[i * classes + k] : 0;
    return room;
}

/* tx may be NULL. */
static row row_of(const batch *b, size_t i, const ad_view *x, const ad_view *tx, const void *saved)
{
    row r = {.slope = b->room + 4 * b->classes};
    for (size_t k = 0; k < 2; k++) {
        r.x[k] = numbers_of(&x[k], i, b->classes, b->room + k * b->classes);
        if (tx)
            r.t[k] = numbers_of(&tx[k], i, b->classes, b->room + (2 + k) * b->classes);
    }
    r.saved = (double *)(uintptr_t)saved + i * (b->classes + SAVED);
    return r;
}

/* Row i of dx += g from */
static void add_row(const ad_array *dx, size_t i, size_t classes, double g, const double *from)
{
    for (size_t k = 0; k < classes; k++)
        if (dx->type == AD_F32)
            ((float *)dx->data)[i * classes + k] += (float)AD_TIMES(g, from[k]);
        else
            ((double *)dx->data)[i * classes + k] += AD_TIMES(g, from[k]);
}

static double dot(size_t n, const double *a, const double *b)
{
    double sum = 0;
    for (size_t k = 0; k < n; k++)
        sum += a[k] * b[k];
    return sum;
}

/* The same of slopes and tangents. */
static double along(size_t n, const double *slope, const double *t)
{
    double sum = 0;
    for (size_t k = 0; k < n; k++)
        sum += AD_TIMES(slope[k], t[k]);
    return sum;
}

static double total(size_t n, const double *a)
{
    double sum = 0;
    for (size_t k = 0; k < n; k++)
        sum += a[k];
    return sum;
}

/* ---- work on a row ----------------------------------------------------------------- */

/* Slopes and bends are by x[0] (which = 0) or by x[1], and go to r->slope. */
typedef struct row_rules {
    double (*value)(size_t n, const row *r);
    void (*slope)(size_t n, const row *r, int which);
    void (*bend)(size_t n, const row *r, int which);
} row_rules;

/* saved: p; l - shift, and the shift (l itself would lose digits). A row of -inf has no softmax: its
 * loss is +inf and its gradient 0, p being q. */
static double entropy_value(size_t n, const row *r)
{
    const double *x = r->x[0], *q = r->x[1];
    double top = -INFINITY, sum = 0, y = 0, *p = r->saved;
    for (size_t k = 0; k < n; k++)
        top = x[k] > top ? x[k] : top;
    double shift = isfinite(top) ? top : 0;
    for (size_t k = 0; k < n; k++)
        sum += p[k] = AD_EXP(x[k] - shift);
    for (size_t k = 0; k < n; k++)
        p[k] = sum == 0 ? q[k] : p[k] / sum;
    double l = AD_LOG(sum);
    for (size_t k = 0; k < n; k++) /* where q is 0, x may be -inf */
        y += q[k] == 0 ? 0 : q[k] * (l - (x[k] - shift));
    r->saved[n] = l;
    r->saved[n + 1] = shift;
    return sum == 0 && n > 0 ? INFINITY : y;
}

static void entropy_slope(size_t n, const row *r, int which)
{
    const double *x = r->x[0], *q = r->x[1], *p = r->saved;
    double sum = total(n, q), l = r->saved[n], shift = r->saved[n + 1];
    for (size_t k = 0; k < n; k++) {
        double above = x[k] - shift;
        r->slope[k] = !which ? sum * p[k] - q[k] : l == above ? 0 : l - above;
    }
}

static void entropy_bend(size_t n, const row *r, int which)
{
    const double *p = r->saved, *tx = r->t[0], *tq = r->t[1];
    double mean = along(n, p, tx), sum = total(n, r->x[1]), growth = total(n, tq);
    for (size_t k = 0; k < n; k++)
        r->slope[k] =
            which ? mean - tx[k] : AD_TIMES(p[k], ad_times_f64(sum, tx[k] - mean) + growth) - tq[k];
}

/* saved: the shares of the greatest (1 - t) p, then whether the row's loss is above 0 */
static double hinge_value(size_t n, const row *r)
{
    const double *p = r->x[0], *t = r->x[1];
    double top = -INFINITY, ties = 0, *share = r->saved;
    for (size_t k = 0; k < n; k++) {
        double x = (1 - t[k]) * p[k];
        top = x <= top ? top : x; /* a NaN stays */
    }
    for (size_t k = 0; k < n; k++)
        ties += share[k] = (1 - t[k]) * p[k] == top;
    for (size_t k = 0; k < n; k++)
        share[k] /= ties;
    double y = 1 + top - dot(n, t, p);
    r->saved[n] = !(y <= 0);
    r->saved[n + 1] = 0;
    return y <= 0 ? 0 : y;
}

static void hinge_slope(size_t n, const row *r, int which)
{
    const double *p = r->x[0], *t = r->x[1], *share = r->saved;
    for (size_t k = 0; k < n; k++)
        r->slope[k] = r->saved[n] == 0 ? 0
                      : which          ? -p[k] * (1 + share[k])
                                       : (1 - t[k]) * share[k] - t[k];
}

static void hinge_bend(size_t n, const row *r, int which)
{
    for (size_t k = 0; k < n; k++)
        r->slope[k] = r->saved[n] == 0 ? 0 : AD_TIMES(-r->t[1 - which][k], 1 + r->saved[k]);
}

static const row_rules entropy = {entropy_value, entropy_slope, entropy_bend};
static const row_rules hinge = {hinge_value, hinge_slope, hinge_bend};

/* ---- all rows ---------------------------------------------------------------------- */

/* The mean of the sums over the rows. */
static void store_mean(const batch *b, double sum, const ad_array *y)
{
    sum /= (double)b->n;
    ad_store_sums(1, &sum, y->type, y->data, false);
}

static void rows_forward(const ad_forward_args *c)
{
    batch b;
    const row_rules *rules = c->op->kernels;
    double sum = 0;
    if (!open_batch(&b, c->x, c->work))
        return;
    for (size_t i = 0; i < b.n; i++) {
        row r = row_of(&b, i, c->x, NULL, c->saved);
        sum += rules->value(b.classes, &r);
    }
    store_mean(&b, sum, &c->y);
}

static void rows_pullback(const ad_pullback_args *c)
{
    batch b;
    const row_rules *rules = c->op->kernels;
    if (!open_batch(&b, c->x, c->work))
        return;
    double g = ad_number_of(&c->dy) / (double)b.n;
    for (size_t i = 0; i < b.n; i++) {
        row r = row_of(&b, i, c->x, NULL, c->saved);
        for (int k = 0; k < 2; k++)
            if (c->wanted[k]) {
                rules->slope(b.classes, &r, k);
                add_row(&c->dx[k], i, b.classes, g, r.slope);
            }
    }
}

static void rows_jvp(const ad_jvp_args *c)
{
    batch b;
    const row_rules *rules = c->op->kernels;
    double sum = 0;
    if (!open_batch(&b, c->x, c->work))
        return;
    for (size_t i = 0; i < b.n; i++) {
        row r = row_of(&b, i, c->x, c->tx, c->saved);
        for (int k = 0; k < 2; k++)
            if (c->tx[k].data) {
                rules->slope(b.classes, &r, k);
                sum += along(b.classes, r.slope, r.t[k]);
            }
    }
    store_mean(&b, sum, &c->ty);
}

static void rows_curvature(const ad_curvature_args *c)
{
    batch b;
    const row_rules *rules = c->op->kernels;
    if (!open_batch(&b, c->x, c->work))
        return;
    double g = ad_number_of(&c->dy) / (double)b.n;
    for (size_t i = 0; i < b.n; i++) {
        row r = row_of(&b, i, c->x, c->tx, c->saved);
        for (int k = 0; k < 2; k++)
            if (c->wanted[k]) {
                rules->bend(b.classes, &r, k);
                add_row(&c->tdx[k], i, b.classes, g, r.slope);
            }
    }
}

#define ROWS_OP(op, op_name, rules, words) \
    static const ad_op op = {              \
        .size = sizeof(ad_op),             \
        .name = op_name,                   \
        .arity = 2,                        \
        .shape = rows_shape,               \
        .saved = rows_saved,               \
        .forward = rows_forward,           \
        .pullback = rows_pullback,         \
        .jvp = rows_jvp,                   \
        .curvature = rows_curvature,       \
        .kernels = &rules,                 \
        .derivative = words,               \
    };

ROWS_OP(cross_entropy_probabilities_op, "softmax_cross_entropy_probabilities", entropy,
        "dx = g (sum(q) softmax(x) - q) / n, dq = -g log(softmax(x)) / n")
ROWS_OP(categorical_hinge_op, "categorical_hinge_loss", hinge,
        "with the shares s of the greatest (1 - t) p, dp = g ((1 - t) s - t) / n, dt = -g p (1 + "
        "s) / n, else 0")

ad_tensor ad_softmax_cross_entropy_probabilities(ad_tensor logits, ad_tensor probabilities)
{
    return ad_apply(&cross_entropy_probabilities_op, (ad_tensor[]){logits, probabilities}, NULL);
}

ad_tensor ad_categorical_hinge_loss(ad_tensor prediction, ad_tensor target)
{
    return ad_apply(&categorical_hinge_op, (ad_tensor[]){prediction, target}, NULL);
}

const ad_op *const ad_loss_row_ops[] = {&cross_entropy_probabilities_op, &categorical_hinge_op,
                                        NULL};
