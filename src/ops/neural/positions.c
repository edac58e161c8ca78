/* Positions of a sequence: rotations of pairs, and waves that are added. Pair i of `size` numbers turns by
 * position base^(-2 i / size). Both are linear but for what is added: the pullback turns back, and passes on. */
#include "adze/op.h"
#include "adze/ops.h"
#include "kernels/axis.h"
#include "kernels/map.h"
#include "ops/families.h"
#include "ops/refuse.h"
#include "tape/failure.h"

#include <math.h>

static const ad_position_options *options_of(const void *attr)
{
    return attr;
}

static const char *pairs_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    (void)attr;
    if (x->rank < 2 || x->dim[x->rank - 1] % 2)
        return "needs x [..., positions, size], with an even size";
    *y = *x;
    return NULL;
}

/* Rows of pairs, and where the numbers of a pair are. */
typedef struct pairs {
    size_t sequences, positions, count, step, apart;
    double *cosine, *sine; /* [positions, count] */
} pairs;

/* False if memory ran out. */
static bool find_pairs(ad_workspace *work, const ad_shape *x, const void *attr, bool neighbours,
                       pairs *p)
{
    const ad_position_options *o = options_of(attr);
    double base = o->base == 0 ? 10000 : o->base;
    size_t size = (size_t)x->dim[x->rank - 1];
    *p = (pairs){.sequences = ad_extent_of(x, 0, x->rank - 2),
                 .positions = (size_t)x->dim[x->rank - 2],
                 .count = size / 2};
    p->step = neighbours ? 2 : 1;
    p->apart = neighbours ? 1 : size / 2;
    p->cosine = ad_scratch(work, (p->positions * size + 1) * sizeof(double));
    if (!p->cosine)
        return false;
    p->sine = p->cosine + p->positions * p->count;
    for (size_t i = 0, at = 0; i < p->positions; i++)
        for (size_t k = 0; k < p->count; k++, at++) {
            double angle =
                ((double)o->first + (double)i) * pow(base, -2.0 * (double)k / (double)size);
            p->cosine[at] = cos(angle);
            p->sine[at] = sin(angle);
        }
    return true;
}

/* ---- rotary -------------------------------------------------------------------------- */

/* y (+)= the pairs of x turned, or turned back. */
#define TURN(T)                                                                          \
    for (size_t s = 0; s < p.sequences; s++)                                             \
        for (size_t i = 0, at = 0; i < p.positions; i++) {                               \
            const T *a = (const T *)x->data + (s * p.positions + i) * 2 * p.count;       \
            T *b = (T *)y->data + (s * p.positions + i) * 2 * p.count;                   \
            for (size_t k = 0; k < p.count; k++, at++, a += p.step, b += p.step) {       \
                T c = (T)p.cosine[at], w = (T)(back ? -p.sine[at] : p.sine[at]);         \
                T first = a[0] * c - a[p.apart] * w, second = a[0] * w + a[p.apart] * c; \
                b[0] = add ? b[0] + first : first;                                       \
                b[p.apart] = add ? b[p.apart] + second : second;                         \
            }                                                                            \
        }

static void turn(ad_workspace *work, const void *attr, const ad_view *x, bool back,
                 const ad_array *y, bool add)
{
    pairs p;
    if (!find_pairs(work, &x->shape, attr, options_of(attr)->neighbours, &p))
        return;
    if (y->type == AD_F32)
        TURN(float)
    else
        TURN(double)
}

static void rotary_forward(const ad_forward_args *c)
{
    turn(c->work, c->attr, &c->x[0], false, &c->y, false);
}

static void rotary_pullback(const ad_pullback_args *c)
{
    turn(c->work, c->attr, &c->dy, true, &c->dx[0], !c->assign[0]);
}

static void rotary_jvp(const ad_jvp_args *c)
{
    turn(c->work, c->attr, &c->tx[0], false, &c->ty, false);
}

/* ---- sinusoidal ------------------------------------------------------------------------ */

static void sinusoidal_forward(const ad_forward_args *c)
{
    pairs p;
    if (!find_pairs(c->work, &c->x[0].shape, c->attr, true, &p))
        return;
    size_t all = p.positions * p.count;
    for (size_t i = 0; i < p.sequences * all; i++) {
        double wave[] = {p.sine[i % all], p.cosine[i % all]};
        for (size_t k = 0; k < 2; k++)
            if (c->y.type == AD_F32)
                ((float *)c->y.data)[2 * i + k] =
                    ((const float *)c->x[0].data)[2 * i + k] + (float)wave[k];
            else
                ((double *)c->y.data)[2 * i + k] =
                    ((const double *)c->x[0].data)[2 * i + k] + wave[k];
    }
}

static void sinusoidal_pullback(const ad_pullback_args *c)
{
    ad_map_into(c->work, &c->dy.shape, &ad_itself, 1, &c->dy, &c->dx[0], !c->assign[0]);
}

static void sinusoidal_jvp(const ad_jvp_args *c)
{
    ad_map_into(c->work, &c->ty.shape, &ad_itself, 1, &c->tx[0], &c->ty, false);
}

/* ---- the ops ------------------------------------------------------------------------------ */

#define POSITION_OP(function, op, words)                         \
    static const ad_op op##_op = {                               \
        .size = sizeof(ad_op),                                   \
        .name = #op,                                             \
        .arity = 1,                                              \
        .flags = AD_OP_ASSIGNS | AD_OP_LINEAR,                   \
        .attr_size = sizeof(ad_position_options),                \
        .shape = pairs_shape,                                    \
        .forward = op##_forward,                                 \
        .pullback = op##_pullback,                               \
        .jvp = op##_jvp,                                         \
        .derivative = words,                                     \
    };                                                           \
    ad_tensor function(ad_tensor x, ad_position_options options) \
    {                                                            \
        return place(&op##_op, x, options);                      \
    }

static ad_tensor place(const ad_op *op, ad_tensor x, ad_position_options options)
{
    AD_DOOR(x.tape, op->name, ad_dead(x));
    if (!(options.base >= 0 && isfinite(options.base)))
        return ad_refuse(AD_MISUSE, op->name, 1, &x, "the base must be a number above 0, not %g",
                         options.base);
    return ad_apply(op, &x, &options);
}

POSITION_OP(ad_rotary, rotary, "dx = the pairs of g, turned back")
POSITION_OP(ad_sinusoidal, sinusoidal, "dx = g")

const ad_op *const ad_position_ops[] = {&rotary_op, &sinusoidal_op, NULL};
