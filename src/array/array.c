/* Arrays: numbers that own their memory. */
#include "adze/array.h"

#include "array/array.h"
#include "array/convert.h"
#include "array/strided.h"
#include "base/memory.h"

#include <string.h>

/* ---- memory ------------------------------------------------------------------------ */

static void *give_none(void *user, size_t bytes, size_t alignment)
{
    (void)user, (void)bytes, (void)alignment;
    return NULL;
}

static void release_none(void *user, void *memory, size_t bytes)
{
    (void)user, (void)memory, (void)bytes;
}

/* Of arrays that do not own their numbers. */
static const ad_allocator borrowing = {NULL, give_none, release_none};

ad_array ad_array_of(ad_type type, void *data, ad_shape shape)
{
    if (!ad_type_size(type) || ad_shape_count(&shape, NULL) != AD_OK)
        return (ad_array){.type = type, .shape = shape};
    return (ad_array){.data = data, .type = type, .shape = shape, .allocator = &borrowing};
}

ad_array ad_array_unset(const ad_allocator *allocator, ad_type type, ad_shape shape)
{
    if (allocator == &borrowing) /* an array made like one that borrows owns its numbers */
        allocator = NULL;
    ad_array a = {.type = type, .shape = shape, .allocator = allocator};
    size_t n;
    if (ad_type_size(type) && ad_shape_count(&shape, &n) == AD_OK)
        a.data = ad_memory_take(allocator, n * ad_type_size(type));
    return a;
}

ad_array ad_array_new(const ad_allocator *allocator, ad_type type, ad_shape shape)
{
    ad_array a = ad_array_unset(allocator, type, shape);
    if (a.data)
        memset(a.data, 0, ad_array_count(&a) * ad_type_size(type));
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

/* ---- numbers ----------------------------------------------------------------------- */

ad_view ad_array_view(ad_array a)
{
    return ad_view_of(a.type, a.data, a.shape);
}

size_t ad_array_count(const ad_array *a)
{
    size_t n = 0;
    return a && a->data && ad_shape_count(&a->shape, &n) == AD_OK ? n : 0;
}

/* Writes the numbers of v row by row, converted: contiguous rows at once, others one
 * number at a time. */
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
    if (!v.data || !ad_type_size(v.type))
        return (ad_array){.allocator = allocator};
    ad_array a = ad_array_new(allocator, type, v.shape);
    if (a.data)
        convert_view(&v, type, a.data);
    return a;
}

ad_status ad_array_set(ad_array *a, size_t i, double value)
{
    uint64_t number;
    if (i >= ad_array_count(a))
        return AD_MISUSE;
    if (!ad_convert_number(value, a->type, &number))
        return AD_DOMAIN;
    size_t size = ad_type_size(a->type);
    memcpy((char *)a->data + i * size, &number, size);
    return AD_OK;
}

/* Whether some number of v lies in the array. */
static bool shares_memory(const ad_array *a, const ad_view *v)
{
    int64_t size = (int64_t)ad_type_size(v->type), low = 0, high = size;
    uintptr_t begin = (uintptr_t)a->data, at = (uintptr_t)v->data;
    for (int i = 0; i < v->shape.rank; i++) {
        int64_t reach = v->shape.dim[i] > 1 ? (v->shape.dim[i] - 1) * v->stride[i] * size : 0;
        *(reach < 0 ? &low : &high) += reach;
    }
    return ad_view_count(v) && at + (uintptr_t)low < begin + ad_array_count(a) * (size_t)size &&
           begin < at + (uintptr_t)high;
}

ad_status ad_array_write(ad_array *a, ad_view v, ad_error *error)
{
    char own[64], other[64];
    if (!a || !a->data || !v.data)
        return ad_fail(error, AD_MISUSE, "write: there are no numbers");
    if (a->type != v.type)
        return ad_fail(error, AD_BAD_TYPE,
                       "write: numbers of type %s do not fit into an array of %s",
                       ad_type_text(v.type), ad_type_text(a->type));
    if (!ad_shape_equal(&a->shape, &v.shape))
        return ad_fail(error, AD_BAD_SHAPE,
                       "write: numbers of shape %s do not fit into an array of shape %s",
                       ad_shape_print(&v.shape, other, sizeof other),
                       ad_shape_print(&a->shape, own, sizeof own));
    if (ad_view_is_contiguous(&v))
        memmove(a->data, v.data, ad_view_count(&v) * ad_type_size(v.type));
    else if (shares_memory(a, &v))
        return ad_fail(error, AD_MISUSE,
                       "write: the view, whose numbers are in another order, shares memory with "
                       "the array (ad_array_copy makes a copy)");
    else
        ad_strided_read(&v, a->data);
    return AD_OK;
}
