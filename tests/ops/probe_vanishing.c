/* What vanishes beats what grows without bound (docs/semantics.md), in every rule of an op: the pullback, the
 * jvp, and in second order the pullback of the cotangent's tangent and the curvature.
 *
 * A cotangent or tangent of 0 must give exactly 0, wherever the operands are. And where an op treats each
 * number by itself, so that its slope is what a cotangent of 1 gives, every other cotangent and
 * tangent must give its product with the slope: exactly 0 for a slope of 0, else as IEEE 754 has it. */
#include "probe_parts.h"

#include "adze/op.h"
#include "tape/node.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Kinks, poles, ends of domains, and numbers between which much over- or underflows. */
static const double special[] = {0,    1,   -INFINITY, -1, 5000, -0.0, INFINITY, 0.5,  -3,
                                 1e30, NAN, 6,         3,  -2.5, 2,    -5000,    1e-30};
enum { SPECIAL = sizeof special / sizeof *special, ORDINARY = -1 };

static const double grown[] = {INFINITY, -INFINITY, NAN};
enum { GROWN = sizeof grown / sizeof *grown, NONE = -1 };

/* ---- one evaluation -------------------------------------------------------------------------- */

/* The numbers of a cotangent, of its tangent, and of the tangent of one operand; all the same. */
typedef struct drive {
    double dy, tdy, tx;
    int operand; /* that has a tangent, ALL, or NONE */
    bool beside; /* what flows from elsewhere first, 0, is added to */
} drive;

typedef struct answers {
    ad_array dx[MOST_OPERANDS], tdx[MOST_OPERANDS], ty;
    ad_shape shape;  /* of y */
    const ad_op *op; /* if f is this one, of all its operands */
    bool refused;    /* the numbers of the operands */
} answers;

static ad_array all(ad_view like, double number)
{
    ad_array a = ad_array_new(NULL, like.type, like.shape);
    ck_assert(a.data != NULL || ad_view_count(&like) == 0);
    for (size_t i = 0; i < ad_array_count(&a); i++)
        ad_array_set(&a, i, number);
    return a;
}

/* Of a view without data, nothing. */
static ad_array kept(ad_view v)
{
    return v.data ? copy_of(v) : (ad_array){0};
}

static void set_tangents(const gradient_case *c, const ad_view *x, const ad_tensor *leaf,
                         const drive *d)
{
    for (int i = 0; i < c->n; i++) {
        if (d->operand != ALL && d->operand != i)
            continue;
        ad_array tx = all(x[i], d->tx);
        ck_assert_int_eq(ad_set_tangent(leaf[i], ad_array_view(tx)), AD_OK);
        ad_array_free(&tx);
    }
}

static const ad_op *only_op(const gradient_case *c, const ad_tape *t, uint32_t before)
{
    const ad_op *op = NULL;
    for (uint32_t i = before; i < t->count; i++) {
        if (t->nodes[i]->op && op)
            return NULL;
        op = t->nodes[i]->op ? t->nodes[i]->op : op;
    }
    return op && (op->arity == c->n || strcmp(op->name, "where") == 0) ? op : NULL;
}

static answers answer(const gradient_case *c, const ad_view *x, const drive *d)
{
    answers o = {0};
    ad_tensor leaf[MOST_OPERANDS];
    ad_tape *t = ad_tape_new(NULL);
    for (int i = 0; i < c->n; i++)
        leaf[i] = ad_watch(t, x[i]);
    uint32_t before = t->count;
    ad_tensor y = c->f(t, leaf, c->env);
    ad_view value = ad_read(y);
    for (int i = 0; i < c->n && d->beside; i++)
        y = (ad_add)(y, ad_cast(ad_sum(ad_mul(leaf[i], 0)), value.type));
    o.refused = ad_tape_status(t) == AD_DOMAIN;
    o.shape = value.shape;
    if (!o.refused) {
        expect_success(c, t);
        o.op = only_op(c, t, before);
        ad_array dy = all(value, d->dy), tdy = all(value, d->tdy);
        set_tangents(c, x, leaf, d);
        if (d->operand == NONE) {
            ad_backward_from(y, ad_array_view(dy));
        } else {
            ad_push_tangents(y);
            o.ty = kept(ad_tangent(y));
            ad_backward_tangents_from(y, ad_array_view(dy), ad_array_view(tdy));
        }
        expect_success(c, t);
        for (int i = 0; i < c->n; i++) {
            o.dx[i] = kept(ad_grad(leaf[i]));
            if (d->operand != NONE)
                o.tdx[i] = kept(ad_grad_tangent(leaf[i]));
        }
        ad_array_free(&dy);
        ad_array_free(&tdy);
    }
    ad_tape_free(t);
    return o;
}

static void end_answers(answers *o)
{
    for (int i = 0; i < MOST_OPERANDS; i++) {
        ad_array_free(&o->dx[i]);
        ad_array_free(&o->tdx[i]);
    }
    ad_array_free(&o->ty);
}

static double number(const ad_array *a, size_t i)
{
    ad_view v = ad_array_view(*a);
    return ad_view_get(&v, i);
}

/* ---- 0 gives 0 --------------------------------------------------------------------------------- */

static void expect_zeros(const gradient_case *c, const char *what, int at, const ad_array *a)
{
    for (size_t i = 0; i < ad_array_count(a); i++)
        ck_assert_msg(number(a, i) == 0, "%s (%s, point %d): %s %zu is %g, not 0", c->name,
                      ad_type_text(a->type), at, what, i, number(a, i));
}

static void expect_zeros_of_zeros(const gradient_case *c, int at, const ad_view *x)
{
    static const drive nothing = {0, 0, 0, NONE, true}, still = {1, 0, 0, ALL, false},
                       unseen = {0, 0, 1, ALL, true};
    answers o = answer(c, x, &nothing);
    for (int i = 0; i < c->n && !o.refused; i++)
        expect_zeros(c, "the gradient of a cotangent of 0,", at, &o.dx[i]);
    end_answers(&o);
    o = answer(c, x, &still);
    if (ad_view_count(&x[0]) > 0) /* the mean of nothing is NaN, and so is its tangent */
        expect_zeros(c, "the tangent of a tangent of 0,", at, &o.ty);
    for (int i = 0; i < c->n && !o.refused; i++)
        expect_zeros(c, "the gradient's tangent along 0,", at, &o.tdx[i]);
    end_answers(&o);
    o = answer(c, x, &unseen);
    for (int i = 0; i < c->n && !o.refused; i++)
        expect_zeros(c, "the tangent of a gradient of 0,", at, &o.tdx[i]);
    end_answers(&o);
}

/* ---- products with slopes ------------------------------------------------------------------------ */

static void expect_products(const gradient_case *c, const char *what, int at, double factor,
                            const ad_array *slopes, const ad_array *got)
{
    for (size_t i = 0; i < ad_array_count(got); i++) {
        double slope = number(slopes, i), x = number(got, i);
        double wanted = slope == 0 ? 0 : factor * slope;
        ck_assert_msg(x == wanted || (isnan(x) && isnan(wanted)),
                      "%s (%s, point %d): %s %zu is %g, not %g times %g", c->name,
                      ad_type_text(got->type), at, what, i, x, factor, slope);
    }
}

static bool is_loss(const answers *o)
{
    return o->op && o->op->operands && strcmp(o->op->operands, "p, t") == 0;
}

/* An op that treats each number by itself. */
static bool is_by_itself(const gradient_case *c, const answers *o)
{
    static const char *const others[] = {"powi", "where", "scale_gradient"};
    bool alone = o->op && o->op->formula && !is_loss(o);
    for (size_t i = 0; o->op && i < sizeof others / sizeof *others; i++)
        alone = alone || strcmp(o->op->name, others[i]) == 0;
    for (int i = 0; i < c->n; i++)
        alone = alone && ad_shape_equal(&c->shape[i], &o->shape);
    return alone;
}

/* Or one that has one result, where a cotangent of 1 gives slopes, too. Losses round them to f32. */
static bool has_slopes(const gradient_case *c, const answers *o, ad_type type)
{
    size_t count = 0;
    ad_shape_count(&o->shape, &count);
    return is_by_itself(c, o) || (is_loss(o) && type == AD_F64) ||
           (o->op && !o->op->formula && count == 1);
}

static void expect_pullback(const gradient_case *c, int at, const ad_view *x, const answers *one)
{
    for (int k = 0; k < GROWN; k++) {
        answers o = answer(c, x, &(drive){grown[k], 0, 0, NONE, false});
        answers beside = answer(c, x, &(drive){grown[k], 0, 0, NONE, true});
        answers second = answer(c, x, &(drive){1, grown[k], 0, ALL, false});
        for (int i = 0; i < c->n; i++) {
            expect_products(c, "the gradient", at, grown[k], &one->dx[i], &o.dx[i]);
            expect_products(c, "the gradient's tangent", at, grown[k], &one->dx[i], &second.tdx[i]);
            expect_products(c, "the gradient, added,", at, grown[k], &one->dx[i], &beside.dx[i]);
        }
        end_answers(&o);
        end_answers(&second);
        end_answers(&beside);
    }
}

/* The tangent and the curvature along one operand. */
static void expect_along(const gradient_case *c, int at, const ad_view *x, int operand)
{
    answers one = answer(c, x, &(drive){1, 0, 1, operand, false});
    for (int k = 0; k < GROWN; k++) {
        answers o = answer(c, x, &(drive){1, 0, grown[k], operand, false});
        answers bent = answer(c, x, &(drive){grown[k], 0, 1, operand, false});
        expect_products(c, "the tangent", at, grown[k], &one.ty, &o.ty);
        for (int i = 0; i < c->n; i++) {
            expect_products(c, "the curvature along it", at, grown[k], &one.tdx[i], &o.tdx[i]);
            expect_products(c, "the curvature", at, grown[k], &one.tdx[i], &bent.tdx[i]);
        }
        end_answers(&o);
        end_answers(&bent);
    }
    end_answers(&one);
}

static void expect_rule(const gradient_case *c, int at, const ad_view *x)
{
    expect_zeros_of_zeros(c, at, x);
    answers one = answer(c, x, &(drive){1, 0, 0, NONE, false});
    if (!one.refused && has_slopes(c, &one, x[0].type))
        expect_pullback(c, at, x, &one);
    for (int i = 0; i < c->n && !one.refused && is_by_itself(c, &one); i++)
        expect_along(c, at, x, i);
    end_answers(&one);
}

/* ---- all points ---------------------------------------------------------------------------------- */

/* The numbers of an operand in a type, or special ones, other ones for each operand and point. */
static ad_array operand_at(const ad_view *x, ad_type type, int operand, int at)
{
    ad_array a = ad_array_copy(NULL, type, *x);
    for (size_t i = 0; i < ad_array_count(&a) && at != ORDINARY; i++)
        ad_array_set(&a, i, special[(i + (size_t)at * (size_t)operand) % SPECIAL]);
    return a;
}

/* Sums of products follow IEEE 754, and functions of several ops contain them; and what changes a
 * cotangent need not be linear. */
static bool has_exception(const gradient_case *c)
{
    static const char *const ops[] = {"matmul",
                                      "dot",
                                      "dense",
                                      "attention",
                                      "masked_attention",
                                      "rnn",
                                      "gru",
                                      "reset_gru",
                                      "lstm",
                                      "convolve",
                                      "convolve_layer",
                                      "convolve_transposed",
                                      "cholesky",
                                      "solve",
                                      "triangular_solve",
                                      "inverse",
                                      "eigh",
                                      "qr",
                                      "svd",
                                      "svdvals",
                                      "eigvalsh",
                                      "det",
                                      "slogdet",
                                      "logdet",
                                      "clip_gradient",
                                      "clip_gradient_norm"};
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
        if (c->covers && strcmp(c->covers, ops[i]) == 0)
            return true;
    return !c->covers;
}

void check_vanishing(const gradient_case *c)
{
    point p = point_of(c);
    bool exception = has_exception(c);
    int points = exception ? 0 : c->n == 1 ? 1 : SPECIAL;
    for (int k = 0; k < 2; k++)
        for (int at = ORDINARY; at < points; at++) {
            ad_array numbers[MOST_OPERANDS];
            ad_view x[MOST_OPERANDS];
            for (int i = 0; i < c->n; i++) {
                numbers[i] = operand_at(&p.x[i], k ? AD_F64 : AD_F32, i, at);
                x[i] = ad_array_view(numbers[i]);
            }
            if (exception)
                expect_zeros_of_zeros(c, at, x);
            else
                expect_rule(c, at, x);
            for (int i = 0; i < c->n; i++)
                ad_array_free(&numbers[i]);
        }
    end_point(&p);
}
