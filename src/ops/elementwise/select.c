/* Choosing and converting numbers: where, cast. */
#include "adze/op.h"
#include "adze/ops.h"
#include "array/convert.h"
#include "kernels/kernel.h"
#include "ops/axes.h"
#include "ops/elementwise/elementwise.h"
#include "ops/families.h"
#include "tape/failure.h"
#include "tape/leaf.h"

#include <string.h>

/* ---- where ------------------------------------------------------------------------- */

static const char *where_type(const ad_type *x, const void *attr, ad_type *y)
{
    (void)attr;
    *y = x[1];
    if (x[0] != AD_BOOL)
        return "the mask must be bool (comparisons make masks)";
    return x[1] == x[2] ? NULL : "both branches must have one type (ad_cast converts)";
}

/* Numbers are chosen by their bytes; floats in the pullbacks by their values, an exact 0 standing for
 * the branch not taken. Streams: mask, a, b; or mask, dy. */
#define CHOOSE(bytes)                                                                              \
    AD_BLOCK(choose_##bytes, char *restrict out = out_data; for (size_t i = 0; i < n; i++) memcpy( \
                 out + i * bytes,                                                                  \
                 (const char *)(AD_IN(bool, 0) ? in[1] : in[2]) + (from + i) * bytes, bytes);)     \
    static const ad_kernel choose_by_##bytes = AD_ONLY(choose_##bytes);

CHOOSE(1)
CHOOSE(4)
CHOOSE(8)

static const ad_kernel *chooser(ad_type type)
{
    size_t size = ad_type_size(type);
    return size == 1 ? &choose_by_1 : size == 4 ? &choose_by_4 : &choose_by_8;
}

AD_ADDING_KERNEL(taken_f32, float, AD_IN(bool, 0) ? AD_IN(float, 1) : 0)
AD_ADDING_KERNEL(taken_f64, double, AD_IN(bool, 0) ? AD_IN(double, 1) : 0)
AD_ADDING_KERNEL(left_f32, float, AD_IN(bool, 0) ? 0 : AD_IN(float, 1))
AD_ADDING_KERNEL(left_f64, double, AD_IN(bool, 0) ? 0 : AD_IN(double, 1))
static const ad_blocks branch[2] = {AD_ADDING_BLOCKS(taken), AD_ADDING_BLOCKS(left)};

static void where_forward(const ad_forward_args *c)
{
    ad_type type = c->y.type;
    ad_map(c->work, &c->y.shape, chooser(type), 3, c->x, ad_type_size(type), c->y.data, false);
}

static void where_pullback(const ad_pullback_args *c)
{
    for (int i = 0; i < 2; i++)
        if (c->wanted[i + 1])
            ad_map_into(c->work, &c->dy.shape, &branch[i], 2, (ad_view[]){c->x[0], c->dy},
                        &c->dx[i + 1], !c->assign[i + 1]);
}

static void where_jvp(const ad_jvp_args *c)
{
    bool add = false;
    for (int i = 0; i < 2; i++) {
        if (!c->tx[i + 1].data)
            continue;
        ad_map_into(c->work, &c->ty.shape, &branch[i], 2, (ad_view[]){c->x[0], c->tx[i + 1]},
                    &c->ty, add);
        add = true;
    }
}

static const ad_op where_op = {
    .size = sizeof(ad_op),
    .name = "where",
    .arity = 3,
    .flags = AD_OP_STRIDED | AD_OP_ASSIGNS | AD_OP_LINEAR,
    .type = where_type,
    .shape = ad_shape_broadcast_3,
    .forward = where_forward,
    .pullback = where_pullback,
    .jvp = where_jvp,
    .derivative =
        "da = g where the mask is true, db = g where it is not, each an exact 0 elsewhere",
};

ad_tensor(ad_where)(ad_tensor mask, ad_tensor a, ad_tensor b)
{
    AD_DOOR(mask.tape, "where", ad_dead(mask));
    if (!a.tape && !b.tape)
        ad_tape_fail(mask.tape, AD_MISUSE, "where: at least one of a and b must be a tensor");
    return ad_apply(&where_op, (ad_tensor[]){mask, a, b}, NULL);
}

/* ---- cast -------------------------------------------------------------------------- */

static const char *cast_type(const ad_type *x, const void *attr, ad_type *y)
{
    (void)x;
    *y = *(const ad_type *)attr;
    return NULL;
}

static void cast_forward(const ad_forward_args *c)
{
    ad_convert(ad_array_count(&c->y), c->x[0].type, c->x[0].data, c->y.type, c->y.data);
}

static void cast_pullback(const ad_pullback_args *c)
{
    const ad_array *dx = &c->dx[0];
    const ad_kernel *kernel = dx->type == c->dy.type ? &ad_itself.of[dx->type]
                              : dx->type == AD_F64   ? &ad_widened
                                                     : &ad_narrowed;
    ad_map(c->work, &dx->shape, kernel, 1, &c->dy, ad_type_size(dx->type), dx->data, !c->assign[0]);
}

static void cast_jvp(const ad_jvp_args *c)
{
    ad_convert(ad_array_count(&c->ty), c->tx[0].type, c->tx[0].data, c->ty.type, c->ty.data);
}

static const ad_op cast_op = {
    .size = sizeof(ad_op),
    .name = "cast",
    .arity = 1,
    .flags = AD_OP_ASSIGNS | AD_OP_LINEAR,
    .attr_size = sizeof(ad_type),
    .type = cast_type,
    .shape = ad_shape_first,
    .forward = cast_forward,
    .pullback = cast_pullback,
    .jvp = cast_jvp,
    .derivative = "dx = g, converted",
};

/* From or to a type without derivative. */
static const ad_op cast_discrete_op = {
    .size = sizeof(ad_op),
    .name = "cast_discrete",
    .arity = 1,
    .flags = AD_OP_NO_DERIVATIVE,
    .attr_size = sizeof(ad_type),
    .type = cast_type,
    .shape = ad_shape_first,
    .forward = cast_forward,
};

ad_tensor ad_cast(ad_tensor x, ad_type type)
{
    AD_DOOR(x.tape, "cast", ad_dead(x));
    ad_type from = ad_read(x).type;
    if ((unsigned)type >= AD_TYPE_COUNT) {
        ad_tape_fail(x.tape, AD_BAD_TYPE, "cast: %d is not a number type", (int)type);
        return ad_dead(x);
    }
    type = ad_tape_type(x.tape, type);
    if (ad_shape_of(x).rank >= 0 && from == type)
        return x;
    bool floats = ad_type_is_float(from) && ad_type_is_float(type);
    return ad_apply(floats ? &cast_op : &cast_discrete_op, &x, &type);
}

const ad_op *const ad_select_ops[] = {&where_op, &cast_op, &cast_discrete_op, NULL};
