/* Rows of derivatives, and the unit vectors they come from. All unit vectors of a type are views of
 * the same numbers, zeros around a one: e_i begins i before the one. */
#include "derivatives/rows.h"

#include <string.h>

enum {
    MOST = 64
}; /* unit vectors in a block: what a node costs besides its kernels is shared by then */

/* Bytes of the tangents of a block: what a cache holds. Beyond it, many directions take longer than
 * one after another, not less. */
static const size_t budget = (size_t)2 << 20;

/* ---- measures ---------------------------------------------------------------------- */

static void measure(ad_rows *r)
{
    size_t widest = 1;
    for (int i = 0; i < r->of->n; i++) {
        ad_view v = ad_read(r->of->x[i]);
        size_t count = ad_view_count(&v), size = ad_type_size(v.type);
        r->bytes = (r->bytes + size - 1) / size * size;
        r->leaf[i] = (ad_segment){count, r->bytes, size};
        r->bytes += count * size;
        r->numbers += count;
        widest = size > widest ? size : widest;
        r->reach = count > r->reach ? count : r->reach;
    }
    r->bytes = (r->bytes + widest - 1) / widest * widest;
}

/* What the tape holds is about what the tangents in one direction take. Blocks are of like
 * sizes. */
static int block_size(const ad_tape *t, size_t directions)
{
    ad_tape_info info = {.size = sizeof info};
    ad_tape_measure(t, &info);
    size_t fit = budget / (info.bytes_used + 1);
    size_t most = fit < 1 ? 1 : fit < MOST ? fit : MOST;
    size_t blocks = (directions + most - 1) / most;
    return blocks ? (int)((directions + blocks - 1) / blocks) : 1;
}

static bool make_unit(ad_rows *r, ad_type type)
{
    char **unit = &r->unit[type == AD_F64];
    size_t size = ad_type_size(type), bytes = 2 * r->reach * size + size;
    if (*unit)
        return true;
    *unit = ad_tape_memory(r->of->tape, bytes);
    if (!*unit)
        return false;
    memset(*unit, 0, bytes);
    if (type == AD_F64)
        ((double *)(void *)*unit)[r->reach] = 1;
    else
        ((float *)(void *)*unit)[r->reach] = 1;
    return true;
}

bool ad_rows_begin(ad_rows *r, const ad_record *of, const ad_view *y)
{
    ad_tape *t = of->tape;
    *r = (ad_rows){.of = of};
    r->leaf = ad_tape_memory(t, (size_t)of->n * sizeof *r->leaf);
    if (!r->leaf)
        return false;
    measure(r);
    if (y)
        r->reach = ad_view_count(y);
    r->block = block_size(t, y ? r->reach : r->numbers);
    bool good = !y || make_unit(r, y->type);
    for (int i = 0; good && !y && i < of->n; i++)
        good = make_unit(r, ad_read(of->x[i]).type);
    r->seeds = good ? ad_tape_memory(t, (size_t)r->block * sizeof *r->seeds) : NULL;
    return r->seeds;
}

bool ad_rows_take(ad_rows *r, size_t rows)
{
    ad_shape all = AD_SHAPE((int64_t)rows, (int64_t)r->bytes);
    size_t bytes;
    if (ad_shape_count(&all, &bytes) != AD_OK) {
        ad_tape_fail(r->of->tape, AD_TOO_LARGE,
                     "%s: %zu rows of %zu bytes do not fit the address space", r->of->name, rows,
                     r->bytes);
        return false;
    }
    r->rows = rows;
    r->data = ad_tape_memory(r->of->tape, bytes);
    return r->data;
}

bool ad_rows_fit(const ad_rows *r, const ad_shape *axes)
{
    char text[2][64];
    for (int i = 0; i < r->of->n; i++) {
        ad_shape x = ad_shape_of(r->of->x[i]);
        if (axes->rank + x.rank <= AD_MAX_RANK)
            continue;
        ad_tape_fail(r->of->tape, AD_BAD_SHAPE, "%s: %s by %s has %d axes, the most are %d",
                     r->of->name, ad_shape_print(axes, text[0], sizeof text[0]),
                     ad_shape_print(&x, text[1], sizeof text[1]), axes->rank + x.rank, AD_MAX_RANK);
        return false;
    }
    return true;
}

/* ---- unit vectors ------------------------------------------------------------------ */

static ad_view unit(const ad_rows *r, const ad_view *like, size_t i)
{
    const char *numbers = r->unit[like->type == AD_F64];
    return ad_view_of(like->type, numbers + (r->reach - i) * ad_type_size(like->type), like->shape);
}

int ad_rows_seeds(const ad_rows *r, const ad_view *y, size_t first, size_t count)
{
    size_t left = count - first;
    int k = left < (size_t)r->block ? (int)left : r->block;
    for (int j = 0; j < k; j++)
        r->seeds[j] = unit(r, y, first + (size_t)j);
    return k;
}

/* A block may begin in one leaf and end in another: each has zeros for the unit vectors of the
 * others. */
int ad_rows_push(const ad_rows *r, size_t first)
{
    size_t left = r->numbers - first, before = 0;
    int k = left < (size_t)r->block ? (int)left : r->block;
    for (int i = 0; i < r->of->n; before += r->leaf[i++].count) {
        ad_view v = ad_read(r->of->x[i]);
        for (int j = 0; j < k; j++) {
            size_t c = first + (size_t)j;
            bool own = c >= before && c - before < r->leaf[i].count;
            r->seeds[j] = own ? unit(r, &v, c - before) : (ad_view){0};
        }
        if (ad_set_tangent_many(r->of->x[i], k, r->seeds) != AD_OK)
            return 0;
    }
    return ad_push_tangents(r->of->y) == AD_OK ? k : 0;
}

/* ---- places ------------------------------------------------------------------------ */

size_t ad_rows_place(const ad_rows *r, size_t c, int *leaf)
{
    int i = 0;
    for (; c >= r->leaf[i].count; i++)
        c -= r->leaf[i].count;
    *leaf = i;
    return r->leaf[i].start + c * r->leaf[i].size;
}

void ad_rows_put(const ad_rows *r, size_t row, ad_reader *read, int j)
{
    for (int i = 0; i < r->of->n; i++)
        memcpy(r->data + row * r->bytes + r->leaf[i].start, read(r->of->x[i], j).data,
               r->leaf[i].count * r->leaf[i].size);
}

ad_view ad_rows_view(const ad_rows *r, size_t row, const ad_shape *axes, int i)
{
    const ad_segment *leaf = &r->leaf[i];
    ad_view x = ad_read(r->of->x[i]);
    ad_view v = {.data = r->data + row * r->bytes + leaf->start, .type = x.type};
    ad_view rows = ad_view_of(x.type, NULL, *axes), segment = ad_view_of(x.type, NULL, x.shape);
    v.shape.rank = axes->rank + x.shape.rank;
    for (int k = 0; k < axes->rank; k++) {
        v.shape.dim[k] = axes->dim[k];
        v.stride[k] = rows.stride[k] * (int64_t)(r->bytes / leaf->size);
    }
    for (int k = 0; k < x.shape.rank; k++) {
        v.shape.dim[axes->rank + k] = x.shape.dim[k];
        v.stride[axes->rank + k] = segment.stride[k];
    }
    return v;
}

ad_view *ad_rows_views(const ad_rows *r, const ad_shape *axes)
{
    ad_view *from = ad_tape_memory(r->of->tape, (size_t)r->of->n * sizeof *from);
    for (int i = 0; from && i < r->of->n; i++)
        from[i] = ad_rows_view(r, 0, axes, i);
    return from;
}
