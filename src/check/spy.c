/* An op that runs another and watches how its rules use memory.
 *
 * A rule that writes is run twice on memory with different contents: a number that then differs
 * was not written. A rule that adds is run on zeros, which shows its contribution, then on other
 * numbers, and then for one operand at a time; what nobody wants must not change. All this happens
 * in scratch memory. The call that was asked for comes last. */
#include "check/spy.h"

#include "base/workspace.h"
#include "check/parts.h"
#include "check/snapshot.h"
#include "kernels/unwanted.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const ad_spy *spy_of(const void *attr)
{
    return *(const ad_spy *const *)attr;
}

/* ---- memory that must not change ------------------------------------------------------ */

static size_t saved_bytes(const ad_spy *spy, int arity, const ad_view *x)
{
    ad_type type[AD_CHECK_OPERANDS];
    ad_shape shape[AD_CHECK_OPERANDS];
    for (int i = 0; i < arity; i++) {
        type[i] = x[i].type;
        shape[i] = x[i].shape;
    }
    return spy->original->saved ? spy->original->saved(type, shape, spy->attr) : 0;
}

/* The memory that a rule reads; nothing is copied yet. saved is NULL for forward, which
 * writes it. */
static ad_snapshot reading(const ad_spy *spy, const char *rule, int arity, const ad_view *x,
                           const void *saved, ad_workspace *work)
{
    return (ad_snapshot){.work = work,
                         .rule = rule,
                         .arity = arity,
                         .x = x,
                         .saved = saved,
                         .saved_bytes = saved ? saved_bytes(spy, arity, x) : 0};
}

/* ---- rules that write all of a result ------------------------------------------------- */

typedef void writer(const void *args);

static void fill(const ad_array *a, int byte)
{
    size_t bytes = ad_array_count(a) * ad_type_size(a->type);
    if (bytes)
        memset(a->data, a->type == AD_BOOL ? byte & 1 : byte, bytes);
}

/* Runs a rule twice, on memory with different contents for the k-th of so many results. */
static void expect_written(ad_workspace *work, const char *rule, int results, const ad_array *ys,
                           int k, writer *run, const void *args)
{
    const ad_array *y = &ys[k];
    ad_view v = ad_array_view(*y);
    size_t n = ad_array_count(y);
    char which[32] = "";
    if (results > 1)
        snprintf(which, sizeof which, " of result %d", k);
    fill(y, 0x5a);
    run(args);
    double *first = ad_check_numbers_of(work, &v);
    fill(y, 0xff);
    run(args);
    double *second = first ? ad_check_numbers_of(work, &v) : NULL;
    for (size_t i = 0; second && i < n; i++)
        if (!ad_check_same_bits(&first[i], &second[i], 1))
            ad_reject(work, AD_DIFFERENT,
                      "%s does not write number %zu%s, or changes it the second time: %g, then %g",
                      rule, i, which, first[i], second[i]);
}

/* Of the results that have memory. */
static void expect_all_written(ad_workspace *work, const char *rule, int results,
                               const ad_array *ys, writer *run, const void *args)
{
    for (int k = 0; k < results; k++)
        if (ys[k].data)
            expect_written(work, rule, results, ys, k, run, args);
}

static void run_forward(const void *args)
{
    const ad_forward_args *c = args;
    c->op->forward(c);
}

static void spy_forward(const ad_forward_args *c)
{
    const ad_spy *spy = spy_of(c->attr);
    ad_forward_args args = *c;
    args.op = spy->original;
    args.attr = spy->attr;
    ad_snapshot s = reading(spy, "forward", c->arity, c->x, NULL, c->work);
    ad_snapshot_take(&s);
    run_forward(&args);
    ad_snapshot_expect(&s);
    expect_all_written(c->work, "forward", c->results, c->ys, run_forward, &args);
}

static void run_jvp(const void *args)
{
    const ad_jvp_args *c = args;
    c->op->jvp(c);
}

static void spy_jvp(const ad_jvp_args *c)
{
    const ad_spy *spy = spy_of(c->attr);
    ad_jvp_args args = *c;
    args.op = spy->original;
    args.attr = spy->attr;
    ad_snapshot s = reading(spy, "the jvp", c->arity, c->x, c->saved, c->work);
    s.results = c->results;
    s.ys = c->ys;
    ad_snapshot_take(&s);
    run_jvp(&args);
    ad_snapshot_expect(&s);
    expect_all_written(c->work, "the jvp", c->results, c->tys, run_jvp, &args);
}

/* ---- rules that add to cotangents ------------------------------------------------------ */

typedef struct adder adder;
struct adder {
    ad_workspace *work;
    const char *rule;
    int arity;
    const ad_array *dx;
    const bool *wanted;
    const void *args;
    void (*run)(const void *args, const ad_array *dx, const bool *wanted, const bool *assign);
};

typedef struct buffers {
    ad_array dx[AD_CHECK_OPERANDS];
    bool wanted[AD_CHECK_OPERANDS];
} buffers;

enum { UNWANTED = 1 }; /* bytes of what nobody wants: tiny numbers, which any sum changes */

/* Numbers like the cotangents, all of which are `to`; only that of operand `alone` is wanted,
 * unless -1. */
static buffers fresh(const adder *a, double to, int alone)
{
    buffers b = {.wanted = {false}};
    for (int i = 0; i < a->arity; i++) {
        size_t n = 0; /* ad_array_count is 0 where there are no numbers yet */
        ad_shape_count(&a->dx[i].shape, &n);
        b.dx[i] = a->dx[i];
        b.dx[i].data = ad_scratch(a->work, (n + 1) * ad_type_size(a->dx[i].type));
        b.wanted[i] = b.dx[i].data && a->wanted[i] && (alone < 0 || alone == i);
        if (!b.wanted[i]) {
            b.dx[i].allocator = &ad_unwanted;
            if (b.dx[i].data)
                fill(&b.dx[i], UNWANTED);
        }
        for (size_t k = 0; b.wanted[i] && k < n; k++)
            ad_check_put(&b.dx[i], k, to);
    }
    return b;
}

static void expect_unwanted(const adder *a, const buffers *b)
{
    for (int i = 0; i < a->arity; i++) {
        const unsigned char *byte = b->wanted[i] ? NULL : b->dx[i].data;
        size_t n = byte ? ad_array_count(&b->dx[i]) * ad_type_size(b->dx[i].type) : 0;
        for (size_t k = 0; k < n; k++)
            if (byte[k] != UNWANTED) {
                ad_reject(a->work, AD_DIFFERENT,
                          "%s writes to dx[%d], which nobody wants: ask wanted[%d] first", a->rule,
                          i, i);
                break;
            }
    }
}

/* Runs the rule on fresh numbers. */
static buffers run(const adder *a, double to, int alone, bool assign)
{
    bool all[AD_CHECK_OPERANDS];
    buffers b = fresh(a, to, alone);
    for (int i = 0; i < a->arity; i++)
        all[i] = assign;
    a->run(a->args, b.dx, b.wanted, all);
    expect_unwanted(a, &b);
    return b;
}

static void expect_sum(const adder *a, const buffers *got, const buffers *added, double to,
                       const char *how)
{
    for (int i = 0; i < a->arity; i++) {
        ad_view x = ad_array_view(got->dx[i]), r = ad_array_view(added->dx[i]);
        double size = fabs(to);
        if (!got->wanted[i] || !x.data || !r.data)
            continue;
        for (size_t k = 0; k < ad_view_count(&r); k++)
            size = fmax(size, fabs(ad_view_get(&r, k)));
        double allowed = 64 * (x.type == AD_F32 ? (double)FLT_EPSILON : DBL_EPSILON) * size;
        for (size_t k = 0; k < ad_view_count(&r); k++) {
            double number = ad_view_get(&x, k), wanted = ad_view_get(&r, k) + to;
            if (number != wanted && !(fabs(number - wanted) <= allowed) && !isnan(wanted))
                ad_reject(a->work, AD_DIFFERENT, "%s %s: number %zu of dx[%d] is %.9g, not %.9g",
                          a->rule, how, k, i, number, wanted);
        }
    }
}

static void expect_adds(const adder *a, ad_snapshot *s, bool assigns)
{
    ad_snapshot_take(s);
    buffers added = run(a, 0, -1, false);
    ad_snapshot_expect(s);
    buffers more = run(a, 0.75, -1, false);
    expect_sum(a, &more, &added, 0.75, "does not add to what is there (0.75)");
    if (assigns) {
        buffers unset = run(a, NAN, -1, true);
        expect_sum(a, &unset, &added, 0, "does not write what it is told to assign");
    }
    for (int i = 0; i < a->arity && a->arity > 1; i++) {
        buffers one = run(a, 0, i, false);
        expect_sum(a, &one, &added, 0, "depends on which operands want a cotangent");
    }
}

static void run_pullback(const void *pullback_args, const ad_array *dx, const bool *wanted,
                         const bool *assign)
{
    ad_pullback_args args = *(const ad_pullback_args *)pullback_args;
    args.dx = dx;
    args.wanted = wanted;
    args.assign = assign;
    args.op->pullback(&args);
}

/* Runs the pullback with a cotangent that it may overwrite. */
static void expect_spare(const ad_pullback_args *c, const adder *a)
{
    ad_pullback_args args = *c;
    size_t n = ad_view_count(&c->dy);
    ad_array dy = {.type = c->dy.type, .shape = c->dy.shape};
    dy.data = ad_scratch(c->work, (n + 1) * ad_type_size(dy.type));
    if (!dy.data)
        return;
    ad_array_write(&dy, c->dy, NULL);
    args.dy = ad_array_view(dy);
    args.dys = &args.dy;
    args.spare = dy.data;
    adder overwriting = *a;
    overwriting.args = &args;
    buffers added = run(a, 0, -1, false), again = run(&overwriting, 0, -1, false);
    expect_sum(a, &again, &added, 0, "with a spare dy gives something else");
}

static void spy_pullback(const ad_pullback_args *c)
{
    const ad_spy *spy = spy_of(c->attr);
    ad_pullback_args args = *c;
    args.op = spy->original;
    args.attr = spy->attr;
    ad_pullback_args trying = args;
    trying.spare = NULL;
    ad_snapshot s = reading(spy, "the pullback", c->arity, c->x, c->saved, c->work);
    s.results = c->results;
    s.ys = c->ys;
    s.dys = c->dys;
    adder a = {c->work, "the pullback", c->arity, c->dx, c->wanted, &trying, run_pullback};
    expect_adds(&a, &s, spy->original->flags & AD_OP_ASSIGNS);
    if (c->results == 1)
        expect_spare(&trying, &a);
    if (c->work->rejected.status == AD_OK)
        spy->original->pullback(&args);
}

static void run_curvature(const void *curvature_args, const ad_array *dx, const bool *wanted,
                          const bool *assign)
{
    ad_curvature_args args = *(const ad_curvature_args *)curvature_args;
    (void)assign;
    args.tdx = dx;
    args.wanted = wanted;
    args.op->curvature(&args);
}

static void spy_curvature(const ad_curvature_args *c)
{
    const ad_spy *spy = spy_of(c->attr);
    ad_curvature_args args = *c;
    args.op = spy->original;
    args.attr = spy->attr;
    ad_snapshot s = reading(spy, "the curvature", c->arity, c->x, c->saved, c->work);
    s.results = c->results;
    s.ys = c->ys;
    s.dys = c->dys;
    adder a = {c->work, "the curvature", c->arity, c->tdx, c->wanted, &args, run_curvature};
    expect_adds(&a, &s, false);
    if (c->work->rejected.status == AD_OK)
        spy->original->curvature(&args);
}

/* ---- rules that only look on ------------------------------------------------------------ */

static const char *spy_type(const ad_type *x, const void *attr, ad_type *y)
{
    return spy_of(attr)->original->type(x, spy_of(attr)->attr, y);
}

static const char *spy_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    return spy_of(attr)->original->shape(x, spy_of(attr)->attr, y);
}

static void spy_check(const ad_forward_args *c)
{
    ad_forward_args args = *c;
    args.op = spy_of(c->attr)->original;
    args.attr = spy_of(c->attr)->attr;
    args.op->check(&args);
}

static size_t spy_saved(const ad_type *type, const ad_shape *x, const void *attr)
{
    return spy_of(attr)->original->saved(type, x, spy_of(attr)->attr);
}

static bool spy_view(const ad_view *x, const void *attr, ad_view *y)
{
    return spy_of(attr)->original->view(x, spy_of(attr)->attr, y);
}

void ad_spy_make(ad_spy *spy, const ad_op *op, const void *attr)
{
    *spy = (ad_spy){*op, op, attr};
    spy->op.attr_size = sizeof spy;
    spy->op.type = op->type ? spy_type : NULL;
    spy->op.shape = op->shape ? spy_shape : NULL;
    spy->op.check = op->check ? spy_check : NULL;
    spy->op.saved = op->saved ? spy_saved : NULL;
    spy->op.forward = op->forward ? spy_forward : NULL;
    spy->op.view = op->view ? spy_view : NULL;
    spy->op.pullback = op->pullback ? spy_pullback : NULL;
    spy->op.jvp = op->jvp ? spy_jvp : NULL;
    spy->op.curvature = op->curvature ? spy_curvature : NULL;
}
