/* Indices as vectors of 0 and 1: one_hot. */
#include "adze/op.h"
#include "adze/ops.h"
#include "array/convert.h"
#include "kernels/move.h"
#include "ops/families.h"
#include "ops/index/picks.h"

typedef struct one_hot_attr {
    int64_t classes;
    ad_type type;
} one_hot_attr;

static const char *one_hot_type(const ad_type *x, const void *attr, ad_type *y)
{
    *y = ((const one_hot_attr *)attr)->type;
    if ((unsigned)*y >= AD_TYPE_COUNT)
        return "the type is not a number type";
    return ad_is_index_type(x[0]) ? NULL : "the index must be i32, i64 or u8";
}

static const char *one_hot_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    if (x->rank == AD_MAX_RANK)
        return "the rank would exceed 8";
    *y = *x;
    y->dim[y->rank++] = ((const one_hot_attr *)attr)->classes;
    return NULL;
}

/* The index as picks of the classes. */
static ad_picks hot_picks(const ad_forward_args *c)
{
    ad_shape classes = AD_SHAPE(((const one_hot_attr *)c->attr)->classes);
    return ad_picks_by(c->work, &classes, 0, &c->x[0]);
}

static void one_hot_forward(const ad_forward_args *c)
{
    double one; /* room for any type */
    size_t size = ad_type_size(c->y.type);
    ad_picks p = hot_picks(c);
    ad_convert_number(1, c->y.type, &one);
    memset(c->y.data, 0, ad_array_count(&c->y) * size);
    for (size_t i = 0; p.at && i < p.count; i++)
        ad_copy_run(size, &one, (char *)c->y.data + (i * p.axis.extent + (size_t)p.at[i]) * size);
}

static const ad_op one_hot_op = {
    .size = sizeof(ad_op),
    .name = "one_hot",
    .arity = 1,
    .flags = AD_OP_NO_DERIVATIVE,
    .attr_size = sizeof(one_hot_attr),
    .type = one_hot_type,
    .shape = one_hot_shape,
    .forward = one_hot_forward,
};

ad_tensor ad_one_hot(ad_tensor index, int64_t classes, ad_type type)
{
    return ad_apply(&one_hot_op, &index, &(one_hot_attr){classes, type});
}

const ad_op *const ad_one_hot_ops[] = {&one_hot_op, NULL};
