/* Einstein's summation over named axes, made of other operations: einsum.
 *
 * Operands are multiplied from left to right. At each step an axis is kept if the result or a later
 * operand has it, and summed over otherwise. With axes that both have and that are summed over, a
 * step is a product of matrices:
 *
 *     a [batch, rows, summed], b [batch, summed, columns] -> [batch, rows, columns]
 *
 * batch is what both have, and keep; rows and columns are what only one of them has. Without such
 * axes it is a product that broadcasts. What is summed over and stands in one operand alone is
 * summed first. */
#include "adze/ops.h"
#include "ops/product/einsum_spec.h"
#include "tape/apply.h"
#include "tape/failure.h"

#include <string.h>

/* A tensor and the names of its axes. */
typedef struct named {
    ad_tensor x;
    ad_names axes;
} named;

/* ---- one tensor ---------------------------------------------------------------------- */

static void drop(ad_names *n, int axis)
{
    n->count--;
    memmove(n->name + axis, n->name + axis + 1, (size_t)(n->count - axis));
}

/* Puts the axes in another order. */
static void arrange(named *a, const ad_names *order)
{
    ad_axes axes = {.count = order->count};
    bool same = true;
    for (int i = 0; i < order->count; i++) {
        const uint8_t *at = memchr(a->axes.name, order->name[i], (size_t)a->axes.count);
        axes.axis[i] = (int)(at - a->axes.name);
        same = same && axes.axis[i] == i;
    }
    if (!same)
        a->x = ad_permute(a->x, axes);
    a->axes = *order;
}

/* Makes one axis of axes i and k > i that have one name: their diagonal, which comes last. */
static void take_diagonal(named *a, int i, int k)
{
    ad_axes order = {.count = a->axes.count};
    int at = 0;
    uint8_t name = a->axes.name[i];
    for (int j = 0; j < a->axes.count; j++)
        if (j != i && j != k)
            order.axis[at++] = j;
    order.axis[at] = i;
    order.axis[at + 1] = k;
    a->x = ad_diagonal(ad_permute(a->x, order), 0);
    drop(&a->axes, k);
    drop(&a->axes, i);
    a->axes.name[a->axes.count++] = name;
}

/* Drops what broadcasts: another operand has the axis in its full extent. No name stays twice. */
static void open_operand(const ad_einsum_spec *e, named *a)
{
    for (int i = a->axes.count - 1; i >= 0; i--)
        if (a->axes.name[i] >= AD_LETTERS && e->extent[a->axes.name[i]] != 1 &&
            ad_shape_of(a->x).dim[i] == 1) {
            a->x = ad_squeeze(a->x, i);
            drop(&a->axes, i);
        }
    for (int k = 1; k < a->axes.count; k++) {
        const uint8_t *twin = memchr(a->axes.name, a->axes.name[k], (size_t)k);
        if (twin) {
            take_diagonal(a, (int)(twin - a->axes.name), k);
            k = 0;
        }
    }
}

static bool is_kept(const ad_einsum_spec *e, int name)
{
    return e->left[name] > 0 || ad_names_have(&e->wanted, name);
}

/* Sums over axes that are not kept, but for those that the other tensor has, too. */
static void sum_alone(const ad_einsum_spec *e, named *a, const ad_names *other)
{
    ad_axes axes = {0};
    ad_names rest = {0};
    for (int i = 0; i < a->axes.count; i++) {
        if (is_kept(e, a->axes.name[i]) || ad_names_have(other, a->axes.name[i]))
            rest.name[rest.count++] = a->axes.name[i];
        else
            axes.axis[axes.count++] = i;
    }
    if (axes.count)
        a->x = ad_sum_over(a->x, axes);
    a->axes = rest;
}

/* ---- two tensors --------------------------------------------------------------------- */

/* The axes of a pair, each kind in the order of the one that has it first. */
typedef struct pair_axes {
    ad_names batch, rows, summed, columns;
} pair_axes;

static void put(ad_names *n, int name)
{
    n->name[n->count++] = (uint8_t)name;
}

static pair_axes axes_of(const ad_einsum_spec *e, const named *a, const named *b)
{
    pair_axes p = {{0}, {0}, {0}, {0}};
    for (int i = 0; i < a->axes.count; i++) {
        int name = a->axes.name[i];
        if (ad_names_have(&b->axes, name))
            put(is_kept(e, name) ? &p.batch : &p.summed, name);
        else if (is_kept(e, name))
            put(&p.rows, name);
    }
    for (int i = 0; i < b->axes.count; i++)
        if (!ad_names_have(&a->axes, b->axes.name[i]) && is_kept(e, b->axes.name[i]))
            put(&p.columns, b->axes.name[i]);
    return p;
}

/* Their names in a row; there is room for them. */
static ad_names joined(const ad_names *a, const ad_names *b, const ad_names *c)
{
    ad_names all = {0};
    const ad_names *lists[] = {a, b, c};
    for (int k = 0; k < 3; k++)
        for (int i = 0; i < lists[k]->count; i++)
            put(&all, lists[k]->name[i]);
    return all;
}

/* Adds to a shape one axis for all those named; with a batch, none where there are none. */
static bool add_axis(const ad_einsum_spec *e, const ad_names *n, bool batch, ad_shape *shape)
{
    ad_shape group = {.rank = n->count};
    size_t count;
    for (int i = 0; i < n->count; i++)
        group.dim[i] = e->extent[n->name[i]];
    if (ad_shape_count(&group, &count) != AD_OK || count > SIZE_MAX / 2)
        return AD_EINSUM_REFUSE(e, AD_BAD_SHAPE, "%d axes together are too large", n->count);
    if (n->count || !batch)
        shape->dim[shape->rank++] = (int64_t)count;
    return true;
}

/* x, whose axes are batch, rows, columns, as a batch of matrices. */
static ad_tensor as_matrices(const ad_einsum_spec *e, ad_tensor x, const ad_names *batch,
                             const ad_names *rows, const ad_names *columns)
{
    ad_shape shape = {0};
    if (batch->count < 2 && rows->count == 1 && columns->count == 1)
        return x;
    if (!add_axis(e, batch, true, &shape) || !add_axis(e, rows, false, &shape) ||
        !add_axis(e, columns, false, &shape))
        return ad_dead(x);
    return ad_reshape(x, shape);
}

static ad_tensor with_extents(const ad_einsum_spec *e, ad_tensor x, const ad_names *n)
{
    ad_shape shape = {.rank = n->count}, now = ad_shape_of(x);
    for (int i = 0; i < n->count; i++)
        shape.dim[i] = e->extent[n->name[i]];
    return ad_shape_equal(&shape, &now) ? x : ad_reshape(x, shape);
}

static ad_tensor multiply_matrices(const ad_einsum_spec *e, const named *a, const named *b,
                                   const pair_axes *p, const ad_names *result)
{
    ad_tensor left = as_matrices(e, a->x, &p->batch, &p->rows, &p->summed);
    ad_tensor right = as_matrices(e, b->x, &p->batch, &p->summed, &p->columns);
    return with_extents(e, ad_matmul(left, right), result);
}

/* a [batch, rows, 1 ...] times b [batch, 1 ..., columns] */
static ad_tensor multiply_each(const named *a, const named *b, const pair_axes *p)
{
    ad_tensor left = a->x, right = b->x;
    for (int i = 0; i < p->columns.count; i++)
        left = ad_expand(left, -1);
    for (int i = 0; i < p->rows.count && p->batch.count; i++)
        right = ad_expand(right, p->batch.count);
    return ad_mul(left, right);
}

/* a becomes the product of a and b. */
static bool multiply(const ad_einsum_spec *e, named *a, named *b)
{
    pair_axes p = axes_of(e, a, b);
    int rank = p.batch.count + p.rows.count + p.columns.count;
    if (rank > AD_MAX_RANK)
        return AD_EINSUM_REFUSE(e, AD_BAD_SHAPE, "a product of operands has %d axes, more than %d",
                                rank, AD_MAX_RANK);
    ad_names left = joined(&p.batch, &p.rows, &p.summed);
    ad_names right = joined(&p.batch, &p.summed, &p.columns);
    ad_names result = joined(&p.batch, &p.rows, &p.columns);
    sum_alone(e, a, &b->axes);
    sum_alone(e, b, &a->axes);
    arrange(a, &left);
    arrange(b, &right);
    a->x = p.summed.count ? multiply_matrices(e, a, b, &p, &result) : multiply_each(a, b, &p);
    a->axes = result;
    return true;
}

/* ---- all of them --------------------------------------------------------------------- */

static void count_off(ad_einsum_spec *e, const ad_names *n)
{
    for (int i = 0; i < n->count; i++)
        e->left[n->name[i]] -= ad_is_first_name(n, i);
}

/* The next operand, with the names of its axes; it is no longer left. */
static bool take_operand(ad_einsum_spec *e, const char **part, ad_tensor x, int which, named *a)
{
    a->x = x;
    if (!ad_einsum_operand(e, part, x, which, &a->axes))
        return false;
    count_off(e, &a->axes);
    open_operand(e, a);
    return true;
}

AD_FORM(einsum, 2, NULL, ad_shape_first)

/* Whether all operands are tensors of one float type and on one tape. */
static bool operands_fit(ad_tape *t, int n, const ad_tensor *x)
{
    ad_op form = einsum;
    form.arity = n > 1 ? 2 : 1;
    for (int i = 0; i < n; i++)
        if (!x[i].tape) {
            ad_tape_fail(t, AD_MISUSE, "einsum: operand %d is a number, not a tensor", i);
            return false;
        }
    for (int i = n > 1; i < n; i++)
        if (!ad_fits(&form, (ad_tensor[]){x[0], x[i]}, NULL))
            return false;
    return true;
}

static ad_tensor sum_products(ad_einsum_spec *e, int n, const ad_tensor *x)
{
    static const ad_names none;
    named all = {.axes = {0}}, next;
    const char *part = e->text;
    for (int i = 0; i < n; i++) {
        named *a = i ? &next : &all;
        if (!take_operand(e, &part, x[i], i, a))
            return ad_dead(x[i]);
        if (i && !multiply(e, &all, &next))
            return ad_dead(x[i]);
    }
    sum_alone(e, &all, &none);
    arrange(&all, &e->wanted);
    return all.x;
}

ad_tensor ad_einsum(int n, const ad_tensor *x, const char *spec)
{
    ad_tape *t = x && n > 0 ? ad_tape_of(x, n) : NULL;
    ad_tensor dead = ad_dead((ad_tensor){t, 0});
    AD_DOOR(t, "einsum", dead);
    ad_einsum_spec e = {.tape = t, .text = spec};
    if (!t)
        return dead;
    if (!spec) {
        ad_tape_fail(t, AD_MISUSE, "einsum: the specification is NULL");
        return dead;
    }
    return operands_fit(t, n, x) && ad_einsum_read(&e, n, x) ? sum_products(&e, n, x) : dead;
}
