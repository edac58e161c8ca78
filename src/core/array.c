/* Types, shapes, views and arrays. */
#include "adze/array.h"

#include "core/convert.h"
#include "core/memory.h"
#include "core/strided.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- types ------------------------------------------------------------------------- */

static bool type_exists(ad_type type)
{
    return (unsigned)type < AD_TYPE_COUNT;
}

const char *ad_type_text(ad_type type)
{
    static const char *const texts[AD_TYPE_COUNT] = {"f32", "f64", "i32", "i64", "u8", "bool"};
    return type_exists(type) ? texts[type] : "no such type";
}

size_t ad_type_size(ad_type type)
{
#define SIZE(name, ctype, floating) sizeof(ctype),
    static const size_t sizes[] = {AD_TYPE_LIST(SIZE)};
#undef SIZE
    return type_exists(type) ? sizes[type] : 0;
}

bool ad_type_is_float(ad_type type)
{
#define FLOATING(name, ctype, floating) floating,
    static const bool floats[] = {AD_TYPE_LIST(FLOATING)};
#undef FLOATING
    return type_exists(type) && floats[type];
}

/* ---- shapes ------------------------------------------------------------------------ */

ad_status ad_shape_count(const ad_shape *shape, size_t *count)
{
    if (!shape || shape->rank < 0 || shape->rank > AD_MAX_RANK)
        return AD_BAD_SHAPE;
    enum { SAFE = 4 * sizeof(size_t) - 2 }; /* extents of so many bits multiply within the limit */
    uint64_t n = 1, limit = PTRDIFF_MAX / sizeof(double); /* an extent may be beyond size_t */
    bool empty = false, large = false;
    for (int i = 0; i < shape->rank; i++) {
        if (shape->dim[i] < 0)
            return AD_BAD_SHAPE;
        uint64_t extent = (uint64_t)shape->dim[i];
        if (extent == 0)
            empty = true;
        else if (!((n | extent) >> SAFE) || n <= limit / extent) /* dividing is slow */
            n *= extent;
        else
            large = true;
    }
    if (large) /* even where another extent is 0: strides must not overflow */
        return AD_TOO_LARGE;
    if (count)
        *count = empty ? 0 : (size_t)n;
    return AD_OK;
}

bool ad_shape_equal(const ad_shape *a, const ad_shape *b)
{
    if (!a || !b || a->rank != b->rank || a->rank > AD_MAX_RANK)
        return false;
    for (int i = 0; i < a->rank; i++)
        if (a->dim[i] != b->dim[i])
            return false;
    return true;
}

char *ad_shape_print(const ad_shape *shape, char *text, size_t size)
{
    if (!text || !size)
        return text;
    size_t at = 0;
    text[0] = '\0';
    int rank = shape && shape->rank <= AD_MAX_RANK ? shape->rank : 0;
    for (int i = 0; i <= rank && at < size; i++) {
        int n = i == rank ? snprintf(text + at, size - at, rank > 0 ? "]" : "[]")
                          : snprintf(text + at, size - at, "%s%lld", i ? ", " : "[",
                                     (long long)shape->dim[i]);
        at += n > 0 ? (size_t)n : 0;
    }
    return text;
}

/* ---- views ------------------------------------------------------------------------- */

static void row_strides(const ad_shape *shape, int64_t *stride)
{
    int64_t step = 1;
    for (int i = shape->rank - 1; i >= 0; i--) {
        stride[i] = step;
        step *= shape->dim[i] > 0 ? shape->dim[i] : 1;
    }
}

ad_view ad_view_of(ad_type type, const void *data, ad_shape shape)
{
    ad_view v = {.data = data, .type = type, .shape = shape};
    if (!type_exists(type) || ad_shape_count(&shape, NULL) != AD_OK)
        return (ad_view){0};
    row_strides(&shape, v.stride);
    return v;
}

bool ad_view_is_contiguous(const ad_view *v)
{
    size_t count;
    if (!v || ad_shape_count(&v->shape, &count) != AD_OK)
        return false;
    if (count <= 1)
        return true;
    int64_t step = 1;
    for (int i = v->shape.rank - 1; i >= 0; i--) {
        if (v->shape.dim[i] != 1 && v->stride[i] != step)
            return false;
        step *= v->shape.dim[i];
    }
    return true;
}

size_t ad_view_count(const ad_view *v)
{
    size_t n = 0;
    return v && v->data && ad_shape_count(&v->shape, &n) == AD_OK ? n : 0;
}

static double number_at(const void *data, ad_type type, int64_t i)
{
#define READ(name, ctype, floating) \
    case name:                      \
        return (double)((const ctype *)data)[i];
    switch (type) {
        AD_TYPE_LIST(READ)
    case AD_TYPE_COUNT:
        break;
    }
#undef READ
    return NAN;
}

double ad_view_get(const ad_view *v, size_t i)
{
    if (!v || i >= ad_view_count(v))
        return NAN;
    int64_t offset = 0, left = (int64_t)i;
    for (int axis = v->shape.rank - 1; axis >= 0; axis--) {
        offset += left % v->shape.dim[axis] * v->stride[axis];
        left /= v->shape.dim[axis];
    }
    return number_at(v->data, v->type, offset);
}

/* ---- arrays ------------------------------------------------------------------------ */

ad_array ad_array_new(const ad_allocator *allocator, ad_type type, ad_shape shape)
{
    ad_array a = {.type = type, .shape = shape, .allocator = allocator};
    size_t n;
    if (!type_exists(type) || ad_shape_count(&shape, &n) != AD_OK)
        return (ad_array){.allocator = allocator};
    a.data = ad_memory_take(allocator, n * ad_type_size(type));
    if (a.data)
        memset(a.data, 0, n * ad_type_size(type));
    return a;
}

ad_array ad_zeros(ad_type type, ad_shape shape)
{
    return ad_array_new(NULL, type, shape);
}

void ad_array_free(ad_array *a)
{
    if (!a)
        return;
    ad_memory_give(a->allocator, a->data, ad_array_count(a) * ad_type_size(a->type));
    *a = (ad_array){0};
}

ad_view ad_array_view(ad_array a)
{
    return a.data ? ad_view_of(a.type, a.data, a.shape) : (ad_view){0};
}

size_t ad_array_count(const ad_array *a)
{
    size_t n = 0;
    return a && a->data && ad_shape_count(&a->shape, &n) == AD_OK ? n : 0;
}

/* Writes the numbers of v row by row, converted: contiguous rows at once, others one number
 * at a time. */
static void convert_view(const ad_view *v, ad_type type, void *to)
{
    size_t from_size = ad_type_size(v->type), to_size = ad_type_size(type);
    ad_nest nest;
    ad_nest_begin(&nest, &v->shape);
    ad_nest_add(&nest, &v->shape, v->stride);
    if (!ad_nest_start(&nest))
        return;
    char *target = to;
    do {
        const char *from = (const char *)v->data + nest.offset[0] * (int64_t)from_size;
        int64_t run = nest.step[0] == 1 ? nest.row : 1;
        for (int64_t i = 0; i < nest.row; i += run, target += (size_t)run * to_size)
            ad_convert((size_t)run, v->type, from + i * nest.step[0] * (int64_t)from_size, type,
                       target);
    } while (ad_nest_next(&nest));
}

ad_array ad_array_copy(const ad_allocator *allocator, ad_type type, ad_view v)
{
    if (!v.data || !type_exists(v.type))
        return (ad_array){.allocator = allocator};
    ad_array a = ad_array_new(allocator, type, v.shape);
    if (a.data)
        convert_view(&v, type, a.data);
    return a;
}

ad_status ad_array_write(ad_array *a, ad_view v, ad_error *error)
{
    char own[64], other[64];
    if (!a || !a->data || !v.data)
        return ad_fail(error, AD_MISUSE, "write: there are no numbers");
    if (a->type != v.type)
        return ad_fail(error, AD_BAD_TYPE, "write: numbers of type %s into an array of %s",
                       ad_type_text(v.type), ad_type_text(a->type));
    if (!ad_shape_equal(&a->shape, &v.shape))
        return ad_fail(error, AD_BAD_SHAPE, "write: numbers of shape %s into an array of %s",
                       ad_shape_print(&v.shape, other, sizeof other),
                       ad_shape_print(&a->shape, own, sizeof own));
    ad_strided_read(&v, a->data);
    return AD_OK;
}
