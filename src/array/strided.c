/* Loops over strided numbers. */
#include "array/strided.h"

#include "base/memory.h"

#include <stdio.h>
#include <string.h>

#if defined(__GNUC__)
#define AD_ALIAS __attribute__((may_alias))
#else
#define AD_ALIAS
#endif

void ad_nest_begin(ad_nest *nest, const ad_shape *shape)
{
    nest->streams = 0;
    nest->rank = shape->rank;
    for (int i = 0; i < shape->rank; i++)
        nest->dim[i] = shape->dim[i];
}

void ad_nest_add(ad_nest *nest, const ad_shape *shape, const int64_t *stride)
{
    int64_t *own = nest->stride[nest->streams++];
    int shift = nest->rank - shape->rank;
    for (int i = 0; i < nest->rank; i++) {
        bool repeats = i < shift || (shape->dim[i - shift] == 1 && nest->dim[i] != 1);
        own[i] = repeats ? 0 : stride[i - shift];
    }
}

static bool mergeable(const ad_nest *nest, int outer, int inner)
{
    for (int s = 0; s < nest->streams; s++)
        if (nest->stride[s][outer] != nest->stride[s][inner] * nest->dim[inner])
            return false;
    return true;
}

static void move_axis(ad_nest *nest, int to, int from)
{
    nest->dim[to] = nest->dim[from];
    for (int s = 0; s < nest->streams; s++)
        nest->stride[s][to] = nest->stride[s][from];
}

static void merge_axes(ad_nest *nest)
{
    int kept = 0;
    for (int i = 0; i < nest->rank; i++) {
        if (nest->dim[i] == 1)
            continue;
        if (kept && mergeable(nest, kept - 1, i)) {
            int64_t outer = nest->dim[kept - 1];
            move_axis(nest, kept - 1, i);
            nest->dim[kept - 1] *= outer;
        } else {
            move_axis(nest, kept++, i);
        }
    }
    nest->rank = kept;
}

bool ad_nest_start(ad_nest *nest)
{
    for (int i = 0; i < nest->rank; i++)
        if (nest->dim[i] == 0)
            return false;
    merge_axes(nest);
    int last = nest->rank - 1;
    nest->row = last >= 0 ? nest->dim[last] : 1;
    for (int s = 0; s < nest->streams; s++) {
        nest->step[s] = last >= 0 ? nest->stride[s][last] : 0;
        nest->offset[s] = 0;
    }
    for (int i = 0; i < nest->rank; i++)
        nest->at[i] = 0;
    return true;
}

bool ad_nest_next(ad_nest *nest)
{
    for (int i = nest->rank - 2; i >= 0; i--) {
        bool carries = ++nest->at[i] == nest->dim[i];
        for (int s = 0; s < nest->streams; s++)
            nest->offset[s] += nest->stride[s][i] * (carries ? 1 - nest->dim[i] : 1);
        if (!carries)
            return true;
        nest->at[i] = 0;
    }
    return false;
}

void ad_nest_seek(ad_nest *nest, int64_t row)
{
    for (int s = 0; s < nest->streams; s++)
        nest->offset[s] = 0;
    for (int i = nest->rank - 2; i >= 0; i--) {
        nest->at[i] = row % nest->dim[i];
        row /= nest->dim[i];
        for (int s = 0; s < nest->streams; s++)
            nest->offset[s] += nest->at[i] * nest->stride[s][i];
    }
}

bool ad_shape_broadcasts(const ad_shape *from, const ad_shape *to)
{
    if (from->rank < 0 || from->rank > to->rank) /* a view may claim any rank */
        return false;
    int shift = to->rank - from->rank;
    for (int i = 0; i < from->rank; i++)
        if (from->dim[i] != 1 && from->dim[i] != to->dim[i + shift])
            return false;
    return true;
}

ad_status ad_view_misfit(const ad_view *v, const ad_shape *shape, const char **why)
{
    *why = "has a bad type";
    if (ad_type_size(v->type) == 0)
        return AD_MISUSE;
    *why = "does not broadcast to the shape";
    if (!ad_shape_broadcasts(&v->shape, shape))
        return AD_BAD_SHAPE;
    for (int i = 0; !v->data && i < v->shape.rank; i++)
        if (v->shape.dim[i] == 0)
            return AD_OK;
    *why = "has no data";
    return v->data ? AD_OK : AD_MISUSE;
}

/* Whether all offsets of a strided view fit into a pointer difference. */
static bool strides_fit(const ad_view *v)
{
    size_t reach = 0;
    for (int i = 0; i < v->shape.rank; i++) {
        uint64_t stride = v->stride[i] < 0 ? 0 - (uint64_t)v->stride[i] : (uint64_t)v->stride[i];
        size_t steps = v->shape.dim[i] ? (size_t)v->shape.dim[i] - 1 : 0;
        reach = ad_size_add(reach, ad_size_mul(steps, ad_size_of(stride)));
    }
    return reach <= PTRDIFF_MAX / sizeof(double);
}

ad_status ad_shape_flaw(const ad_shape *shape, size_t *count, char *text, size_t size)
{
    ad_status status = ad_shape_count(shape, count);
    if (status == AD_TOO_LARGE)
        snprintf(text, size, "so many elements do not fit the address space");
    else if (status != AD_OK && (shape->rank < 0 || shape->rank > AD_MAX_RANK))
        snprintf(text, size, "rank %d is not 0 to %d", shape->rank, (int)AD_MAX_RANK);
    for (int i = 0; status == AD_BAD_SHAPE && shape->rank <= AD_MAX_RANK && i < shape->rank; i++)
        if (shape->dim[i] < 0) {
            snprintf(text, size, "extent %lld is negative", (long long)shape->dim[i]);
            break;
        }
    return status;
}

ad_status ad_view_flaw(const ad_view *v, size_t *count, char *text, size_t size)
{
    ad_status status = ad_shape_flaw(&v->shape, count, text, size);
    if (status != AD_OK)
        return status;
    if (!v->data && v->stride[0] < INT64_MIN / 2) { /* ad_view_shaped */
        char shape[256];
        snprintf(text, size, "%lld numbers do not fill %s", (long long)(v->stride[0] - INT64_MIN),
                 ad_shape_print(&v->shape, shape, sizeof shape));
        return AD_BAD_SHAPE;
    }
    if (!v->data && *count) {
        snprintf(text, size, "there are no numbers, data is NULL");
        return AD_MISUSE;
    }
    if (!strides_fit(v)) {
        snprintf(text, size, "the strides do not fit the address space");
        return AD_TOO_LARGE;
    }
    return AD_OK;
}

void ad_row_strides(const ad_shape *shape, int64_t *stride)
{
    int64_t step = 1;
    for (int i = shape->rank - 1; i >= 0; i--) {
        stride[i] = shape->dim[i] == 1 ? 0 : step;
        step *= shape->dim[i];
    }
}

/* Numbers of each size as integers of that size: they are only moved. */
#define PACK(T)                                                              \
    static void pack_##T(size_t n, const void *from, int64_t step, void *to) \
    {                                                                        \
        const T *restrict x = from;                                          \
        T *restrict y = to;                                                  \
        if (step == 0)                                                       \
            for (size_t i = 0; i < n; i++)                                   \
                y[i] = *x;                                                   \
        else                                                                 \
            for (size_t i = 0; i < n; i++)                                   \
                y[i] = x[(int64_t)i * step];                                 \
    }

typedef uint8_t AD_ALIAS byte;
typedef uint32_t AD_ALIAS word;
typedef uint64_t AD_ALIAS wide;
PACK(byte)
PACK(word)
PACK(wide)

void ad_strided_pack(size_t size, size_t n, const void *from, int64_t step, void *to)
{
    if (step == 1)
        memcpy(to, from, n * size);
    else if (size == 1)
        pack_byte(n, from, step, to);
    else if (size == 4)
        pack_word(n, from, step, to);
    else
        pack_wide(n, from, step, to);
}

void ad_strided_read(const ad_view *v, void *numbers)
{
    size_t size = ad_type_size(v->type);
    ad_nest nest;
    if (ad_view_is_contiguous(v)) {
        size_t bytes = ad_view_count(v) * size;
        if (bytes)
            memcpy(numbers, v->data, bytes);
        return;
    }
    ad_nest_begin(&nest, &v->shape);
    ad_nest_add(&nest, &v->shape, v->stride);
    char *to = numbers;
    for (bool more = ad_nest_start(&nest); more; more = ad_nest_next(&nest)) {
        const char *from = (const char *)v->data + nest.offset[0] * (int64_t)size;
        ad_strided_pack(size, (size_t)nest.row, from, nest.step[0], to);
        to += (size_t)nest.row * size;
    }
}

void ad_strided_add(const ad_view *target, const void *numbers)
{
    ad_nest nest;
    ad_nest_begin(&nest, &target->shape);
    ad_nest_add(&nest, &target->shape, target->stride);
    if (!ad_nest_start(&nest))
        return;
    size_t done = 0;
    do {
#define ADD(ctype)                                                     \
    {                                                                  \
        ctype *to = (ctype *)(uintptr_t)target->data + nest.offset[0]; \
        const ctype *from = (const ctype *)numbers + done;             \
        for (int64_t i = 0; i < nest.row; i++)                         \
            to[i * nest.step[0]] += from[i];                           \
    }
        if (target->type == AD_F32)
            ADD(float)
        else
            ADD(double)
#undef ADD
        done += (size_t)nest.row;
    } while (ad_nest_next(&nest));
}
