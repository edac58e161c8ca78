/* Layers: y = f(z), z = x w + b, where x w is any product that is linear in both.
 *
 * Bias and activation follow rows of the product while they are in the cache. The derivatives of
 * the activations can be told from y, so that z need not be kept. Back: dz = dy f'(z) and its sum over the
 * rows, db, in one pass; then the product's own dx and dw. */
#include "ops/product/layer.h"

#include "array/strided.h"
#include "base/workspace.h"
#include "kernels/axis.h"
#include "kernels/kernel.h"
#include "kernels/product.h"
#include "ops/elementwise/unary.h"

#include <string.h>

static const ad_layer_product *product_of(const ad_op *op)
{
    return op->kernels;
}

static const ad_unary_kernels *activation_of(const void *attr)
{
    return ad_activation_kernels(((const ad_layer_attr *)attr)->activation);
}

static int64_t columns_of(const ad_shape *y)
{
    return y->dim[y->rank - 1];
}

static int64_t rows_of(const ad_shape *y)
{
    return (int64_t)ad_extent_of(y, 0, y->rank - 1);
}

/* ---- forward ----------------------------------------------------------------------- */

AD_KERNEL(plus_f32, float, AD_IN(float, 0) + AD_IN(float, 1))
AD_KERNEL(plus_f64, double, AD_IN(double, 0) + AD_IN(double, 1))
static const ad_blocks plus = AD_BLOCKS(plus);

enum { PIECE = 1024 }; /* numbers that bias and activation take at a time */

typedef struct layer {
    char *y;
    const void *b; /* as often as whole rows fit a piece, or once */
    int64_t columns;
    size_t size;
    ad_isa isa;
    const ad_kernel *plus, *activate; /* activate: NULL for the identity */
} layer;

/* y = f(y + b) for n numbers, with those of b that belong to them. */
static void finish_piece(const layer *l, size_t n, char *y, const void *b)
{
    double z[PIECE];
    ad_kernel_run(l->plus, l->isa, l->size, 0, n, (const void *[]){y, b}, z, false);
    if (l->activate)
        ad_kernel_run(l->activate, l->isa, l->size, 0, n, (const void *[]){z}, y, false);
    else
        memcpy(y, z, n * l->size);
}

static int64_t rows_at_a_time(int64_t columns)
{
    return columns > 0 && columns < PIECE ? PIECE / columns : 1;
}

static void finish_rows(const void *user, int64_t begin, int64_t end)
{
    const layer *l = user;
    int64_t step = rows_at_a_time(l->columns);
    for (int64_t i = begin; i < end; i += step) {
        int64_t count = (end - i < step ? end - i : step) * l->columns;
        char *y = l->y + (size_t)(i * l->columns) * l->size;
        for (int64_t at = 0; at < count; at += PIECE)
            finish_piece(l, (size_t)(count - at < PIECE ? count - at : PIECE),
                         y + (size_t)at * l->size, (const char *)l->b + (size_t)at * l->size);
    }
}

/* b, repeated, in scratch memory: one row is read, and what there is is copied behind itself. */
static const void *repeat_bias(const ad_forward_args *c, size_t size)
{
    int64_t columns = columns_of(&c->y.shape), rows = rows_of(&c->y.shape);
    int64_t times = rows_at_a_time(columns);
    size_t done = (size_t)columns * size, all = (size_t)(times < rows ? times : rows) * done;
    char *b = ad_scratch(c->work, all);
    if (b && all)
        ad_strided_read(&c->x[2], b);
    for (size_t n; b && done < all; done += n) {
        n = done < all - done ? done : all - done;
        memcpy(b + done, b, n);
    }
    return b;
}

void ad_layer_forward(const ad_forward_args *c)
{
    const ad_layer_product *p = product_of(c->op);
    if (c->arity == 2) {
        p->multiply(c->work, c->attr, &c->x[0], &c->x[1], false, &c->y, NULL);
        return;
    }
    const ad_unary_kernels *k = activation_of(c->attr);
    ad_type type = c->y.type;
    layer l = {.y = c->y.data,
               .columns = columns_of(&c->y.shape),
               .size = ad_type_size(type),
               .isa = ad_work_isa(c->work),
               .plus = &plus.of[type],
               .activate = k ? &k->forward.of[type] : NULL};
    ad_epilogue finish = {finish_rows, &l};
    if ((l.b = repeat_bias(c, l.size)))
        p->multiply(c->work, c->attr, &c->x[0], &c->x[1], false, &c->y, &finish);
}

/* ---- backward ---------------------------------------------------------------------- */

typedef struct slopes {
    const char *y, *dy;
    char *dz;   /* may be dy; NULL: the identity, for which dz is dy */
    double *db; /* [chunks, columns], or NULL: not wanted */
    int64_t rows, columns, chunk;
    size_t size;
    ad_isa isa;
    const ad_kernel *slope;
    ad_adder *sum;
} slopes;

/* dz = dy f'(z) for n numbers from `at` on. */
static void pull_numbers(const slopes *s, int64_t at, int64_t n)
{
    double z[PIECE];
    for (int64_t end = at + n; at < end; at += PIECE) {
        size_t count = (size_t)(end - at < PIECE ? end - at : PIECE), skip = (size_t)at * s->size;
        const char *y = s->y + skip;
        ad_kernel_run(s->slope, s->isa, s->size, 0, count, (const void *[]){y, y, s->dy + skip}, z,
                      false);
        memcpy(s->dz + skip, z, count * s->size);
    }
}

/* The same for a chunk of rows, and their part of db. */
static void pull_rows(void *user, size_t task, int worker)
{
    const slopes *s = user;
    int64_t first = (int64_t)task * s->chunk, step = rows_at_a_time(s->columns);
    int64_t end = s->rows - first < s->chunk ? s->rows : first + s->chunk;
    size_t columns = (size_t)s->columns;
    (void)worker;
    for (int64_t i = first; i < end; i += step) {
        int64_t rows = end - i < step ? end - i : step, at = i * s->columns;
        if (s->dz)
            pull_numbers(s, at, rows * s->columns);
        const char *dz = (s->dz ? s->dz : s->dy) + (size_t)at * s->size;
        if (s->db)
            s->sum((size_t)rows, columns, false, dz, s->db + task * columns);
    }
}

/* dz, in the place of dy or in scratch memory, or dy itself; db is added to or assigned. */
static ad_view pull_activation(const ad_pullback_args *c)
{
    enum { LEAST = 1 << 13, CHUNKS = 64 };
    ad_view dz = c->dy;
    const ad_unary_kernels *k = activation_of(c->attr);
    ad_isa isa = ad_work_isa(c->work);
    slopes s = {.y = c->y.data,
                .dy = c->dy.data,
                .rows = rows_of(&c->dy.shape),
                .columns = columns_of(&c->dy.shape),
                .chunk = (rows_of(&c->dy.shape) + CHUNKS - 1) / CHUNKS,
                .size = ad_type_size(dz.type),
                .isa = isa,
                .slope = k ? &k->slope.of[dz.type] : NULL,
                .sum = ad_sum_rows.of[dz.type][isa]};
    int64_t least = LEAST / (s.columns ? s.columns : 1) + 1;
    s.chunk = s.chunk < least ? least : s.chunk;
    size_t chunks = (size_t)((s.rows + s.chunk - 1) / s.chunk);
    size_t sums = (chunks ? chunks : 1) * (size_t)s.columns * sizeof *s.db;
    if (k)
        dz.data = s.dz = c->spare ? c->spare : ad_scratch(c->work, ad_view_count(&dz) * s.size);
    if (c->arity > 2 && c->wanted[2] && !(s.db = ad_scratch(c->work, sums)))
        dz.data = NULL;
    if (!dz.data)
        return dz;
    if (s.db)
        memset(s.db, 0, sums);
    ad_work_share(c->work, chunks, pull_rows, &s);
    if (s.db) {
        const ad_array *db = &c->dx[2];
        ad_add_parts(chunks, (size_t)s.columns, s.db);
        ad_store_sums((size_t)s.columns, s.db, db->type, db->data, !c->assign[2]);
    }
    return dz;
}

void ad_layer_pullback(const ad_pullback_args *c)
{
    const ad_layer_product *p = product_of(c->op);
    ad_view dz = pull_activation(c);
    if (!dz.data)
        return;
    if (c->wanted[0])
        p->pull_x(c->work, c->attr, &dz, &c->x[1], !c->assign[0], &c->dx[0]);
    if (c->wanted[1])
        p->pull_w(c->work, c->attr, &c->x[0], &dz, !c->assign[1], &c->dx[1]);
}

/* ---- tangents ---------------------------------------------------------------------- */

/* tz = tx w + x tw + tb */
static void push_product(const ad_op *op, ad_workspace *work, const void *attr, int arity,
                         const ad_view *x, const ad_view *tx, const ad_array *tz)
{
    const ad_layer_product *p = product_of(op);
    memset(tz->data, 0, ad_array_count(tz) * ad_type_size(tz->type));
    if (tx[0].data)
        p->multiply(work, attr, &tx[0], &x[1], true, tz, NULL);
    if (tx[1].data)
        p->multiply(work, attr, &x[0], &tx[1], true, tz, NULL);
    if (arity > 2 && tx[2].data)
        ad_map_into(work, &tz->shape, &ad_itself, 1, &tx[2], tz, AD_ADD);
}

/* Numbers of y's shape, in scratch memory. */
static ad_array like(ad_workspace *work, const ad_view *y)
{
    return (ad_array){.data = ad_scratch(work, ad_view_count(y) * ad_type_size(y->type)),
                      .type = y->type,
                      .shape = y->shape};
}

/* ty = f'(z) tz */
void ad_layer_jvp(const ad_jvp_args *c)
{
    const ad_unary_kernels *k = activation_of(c->attr);
    ad_array tz = k ? like(c->work, &c->y) : c->ty;
    if (!tz.data)
        return;
    push_product(c->op, c->work, c->attr, c->arity, c->x, c->tx, &tz);
    if (k)
        ad_map_into(c->work, &tz.shape, &k->slope, 3, (ad_view[]){c->y, c->y, ad_array_view(tz)},
                    &c->ty, false);
}

/* The derivative of dx, for a product of matrices dz w^T, is tdz w^T + dz tw^T along the tangents, and so on, with tdz 0 for the
 * identity, or else dy f''(z) tz. */
static void pull_products(const ad_curvature_args *c, const ad_view *dz, const ad_view *tdz)
{
    const ad_layer_product *p = product_of(c->op);
    if (c->wanted[0] && c->tx[1].data)
        p->pull_x(c->work, c->attr, dz, &c->tx[1], true, &c->tdx[0]);
    if (c->wanted[1] && c->tx[0].data)
        p->pull_w(c->work, c->attr, &c->tx[0], dz, true, &c->tdx[1]);
    if (c->wanted[0] && tdz)
        p->pull_x(c->work, c->attr, tdz, &c->x[1], true, &c->tdx[0]);
    if (c->wanted[1] && tdz)
        p->pull_w(c->work, c->attr, &c->x[0], tdz, true, &c->tdx[1]);
    if (c->arity > 2 && c->wanted[2] && tdz)
        ad_map_into(c->work, &tdz->shape, &ad_itself, 1, tdz, &c->tdx[2], true);
}

void ad_layer_curvature(const ad_curvature_args *c)
{
    const ad_unary_kernels *k = activation_of(c->attr);
    if (!k) {
        pull_products(c, &c->dy, NULL);
        return;
    }
    ad_array dz = like(c->work, &c->y), tz = like(c->work, &c->y), tdz = like(c->work, &c->y);
    if (!dz.data || !tz.data || !tdz.data)
        return;
    push_product(c->op, c->work, c->attr, c->arity, c->x, c->tx, &tz);
    ad_view in[] = {c->y, c->y, c->dy, ad_array_view(tz)};
    ad_map_into(c->work, &dz.shape, &k->slope, 3, in, &dz, false);
    ad_map_into(c->work, &tdz.shape, &k->bend, 4, in, &tdz, false);
    ad_view slope = ad_array_view(dz), bend = ad_array_view(tdz);
    pull_products(c, &slope, &bend);
}
