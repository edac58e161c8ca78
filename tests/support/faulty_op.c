/* An operation that can be wrong in many ways. */
#include "faulty_op.h"

#include <string.h>

static fault fault_of(const void *attr)
{
    return *(const fault *)attr;
}

/* ---- numbers of either float type ---------------------------------------------------- */

double number_at(const ad_view *v, int64_t i)
{
    return v->type == AD_F32 ? (double)((const float *)v->data)[i] : ((const double *)v->data)[i];
}

void put_number(const ad_array *a, int64_t i, double x)
{
    if (a->type == AD_F32)
        ((float *)a->data)[i] = (float)x;
    else
        ((double *)a->data)[i] = x;
}

static void add(const ad_array *a, int64_t i, double x, bool overwrite)
{
    ad_view v = ad_array_view(*a);
    put_number(a, i, overwrite ? x : number_at(&v, i) + x);
}

/* Spoils what a kernel must not write to. */
static void spoil(const void *numbers, ad_type type)
{
    ad_array a = {.type = type};
    memcpy(&a.data, &numbers, sizeof numbers);
    put_number(&a, 0, 7);
}

/* ---- the operation -------------------------------------------------------------------- */

/* One element: its place in the result, and a, b there. */
typedef struct element {
    int64_t k, i, j, m, n;
    double a, b;
} element;

static element element_at(const ad_view *x, int64_t k, bool strides)
{
    element e = {.k = k, .m = x[0].shape.dim[0], .n = x[0].shape.dim[1]};
    e.i = k / e.n;
    e.j = k % e.n;
    e.a = number_at(&x[0], strides ? e.i * x[0].stride[0] + e.j * x[0].stride[1] : k);
    e.b = number_at(&x[1], strides ? e.j * x[1].stride[0] : e.j);
    return e;
}

static const char *weigh_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    (void)attr;
    if (x[0].rank != 2 || x[1].rank != 1 || x[0].dim[1] != x[1].dim[0])
        return "needs a matrix and a row";
    *y = x[0];
    return NULL;
}

static size_t weigh_saved(const ad_type *type, const ad_shape *x, const void *attr)
{
    (void)type, (void)attr;
    return (size_t)(x[0].dim[0] * x[0].dim[1]) * sizeof(double);
}

static void weigh_forward(const ad_forward_args *c)
{
    fault wrong = fault_of(c->attr);
    double *square = c->saved;
    int64_t count = (int64_t)ad_array_count(&c->y);
    for (int64_t k = wrong == FORWARD_GAP; k < count; k++) {
        element e = element_at(c->x, k, wrong != FORWARD_NO_STRIDES);
        square[k] = e.a * e.a;
        put_number(&c->y, k, square[k] * e.b);
    }
    if (wrong == FORWARD_WRITES_OPERAND && count)
        spoil(c->x[1].data, c->x[1].type);
}

/* da = 2 a b dy, db = sum of a^2 dy */
static void pull_element(const ad_pullback_args *c, const element *e, bool assign)
{
    fault wrong = fault_of(c->attr);
    const double *square = c->saved;
    double dy = number_at(&c->dy, wrong == TRANSPOSED ? e->j * e->m + e->i : e->k);
    double da = 2 * e->a * e->b * dy * (wrong == FACTOR ? 1.001 : 1);
    if (wrong == WRONG_IN_F32 && c->y.type == AD_F32)
        da *= 1.01;
    if (wrong == SPOILS_SPARE && c->spare)
        da += 1;
    if ((c->wanted[0] || wrong == WRITES_UNWANTED) &&
        !(wrong == HALF_ASSIGNED && assign && e->k == 0))
        add(&c->dx[0], e->k, da, wrong == OVERWRITES || (assign && wrong != IGNORES_ASSIGN));
    if (c->wanted[1] && !(wrong == NO_BROADCAST_SUM && e->i > 0) &&
        !(wrong == NEEDS_FIRST && !c->wanted[0]))
        add(&c->dx[1], e->j, square[e->k] * dy, wrong == OVERWRITES_SECOND && e->i == 0);
}

static void spoil_something(const ad_pullback_args *c, fault wrong)
{
    if (wrong == WRITES_OPERAND)
        spoil(c->x[0].data, c->x[0].type);
    if (wrong == WRITES_RESULT)
        spoil(c->y.data, c->y.type);
    if (wrong == WRITES_SAVED)
        spoil(c->saved, AD_F64);
    if (wrong == WRITES_DY)
        spoil(c->dy.data, c->dy.type);
}

static void weigh_pullback(const ad_pullback_args *c)
{
    fault wrong = fault_of(c->attr);
    int64_t count = (int64_t)ad_view_count(&c->y);
    for (int64_t j = 0; c->assign[1] && c->wanted[1] && j < c->y.shape.dim[1]; j++)
        put_number(&c->dx[1], j, 0);
    for (int64_t k = 0; k < count; k++) {
        element e = element_at(c->x, k, wrong != NO_STRIDES);
        pull_element(c, &e, c->assign[0]);
    }
    if (count)
        spoil_something(c, wrong);
}

static void weigh_jvp(const ad_jvp_args *c)
{
    fault wrong = fault_of(c->attr);
    int64_t count = (int64_t)ad_array_count(&c->ty);
    for (int64_t k = wrong == JVP_GAP; k < count; k++) {
        element e = element_at(c->x, k, true);
        double ta = c->tx[0].data ? number_at(&c->tx[0], k) : 0;
        double tb = c->tx[1].data ? number_at(&c->tx[1], e.j) : 0;
        if (wrong == JVP_NEEDS_FIRST && !c->tx[0].data)
            tb = 0;
        put_number(&c->ty, k, 2 * e.a * e.b * ta + e.a * e.a * tb * (wrong == JVP_FACTOR ? 2 : 1));
    }
    if (wrong == JVP_WRITES_SAVED && count)
        spoil(c->saved, AD_F64);
}

/* tda = 2 dy (b ta + a tb), tdb = sum of 2 dy a ta */
static void weigh_curvature(const ad_curvature_args *c)
{
    fault wrong = fault_of(c->attr);
    int64_t count = (int64_t)ad_view_count(&c->y);
    for (int64_t k = 0; k < count; k++) {
        element e = element_at(c->x, k, true);
        double dy = 2 * number_at(&c->dy, k) * (wrong == CURVATURE_FACTOR ? 1.5 : 1);
        double ta = c->tx[0].data ? number_at(&c->tx[0], k) : 0;
        double tb = c->tx[1].data ? number_at(&c->tx[1], e.j) : 0;
        if (c->wanted[0] || wrong == CURVATURE_WRITES_UNWANTED)
            add(&c->tdx[0], k, dy * (e.b * ta + e.a * tb), wrong == CURVATURE_OVERWRITES);
        if (c->wanted[1] && !(wrong == CURVATURE_NO_SUM && e.i))
            add(&c->tdx[1], e.j, dy * e.a * ta, false);
    }
}

const ad_op weigh_op = {
    .size = sizeof(ad_op),
    .name = "weigh",
    .arity = 2,
    .flags = AD_OP_STRIDED | AD_OP_ASSIGNS,
    .attr_size = sizeof(fault),
    .shape = weigh_shape,
    .saved = weigh_saved,
    .forward = weigh_forward,
    .pullback = weigh_pullback,
    .jvp = weigh_jvp,
    .curvature = weigh_curvature,
};
