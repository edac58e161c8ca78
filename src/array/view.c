/* Types, shapes and views. */
#include "adze/array.h"

#include <math.h>
#include <stdio.h>

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
    if (!type_exists(type) || ad_shape_count(&shape, NULL) != AD_OK) {
        v.data = NULL; /* type and shape stay, to be named by whoever refuses the view */
        return v;
    }
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
