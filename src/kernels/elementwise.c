/* Elementwise work of a user's function: a kernel of ad_map whose environment is that function. */
#include "adze/kernels.h"
#include "base/workspace.h"
#include "kernels/map.h"
#include "kernels/runs.h"
#include "kernels/unwanted.h"

typedef struct elements {
    ad_elements *f;
    const void *user;
    ad_type type; /* of the result */
    int n;
    size_t size[AD_ENV]; /* of an operand's numbers */
} elements;

static void call(size_t from, size_t n, const void *const *in, void *out)
{
    const elements *e = in[AD_ENV];
    const void *at[AD_ENV] = {0};
    for (int i = 0; i < e->n; i++)
        at[i] = (const char *)in[i] + from * e->size[i];
    e->f(e->user, e->type, n, at, out);
}

static const ad_kernel call_kernel = {AD_ALL_SAME(call), {NULL}};

/* ---- checks of the arguments ---------------------------------------------------------- */

static bool good_operand(ad_workspace *work, const ad_shape *shape, const ad_view *v, int i)
{
    const char *why;
    ad_status status = ad_view_misfit(v, shape, &why);
    if (status != AD_OK)
        ad_reject(work, status, "ad_elementwise: in[%d] %s", i, why);
    return status == AD_OK;
}

static bool good_result(ad_workspace *work, const ad_shape *shape, const ad_array *out, bool add)
{
    bool sums = !ad_shape_equal(&out->shape, shape);
    if (!ad_shape_broadcasts(&out->shape, shape))
        ad_reject(work, AD_BAD_SHAPE, "ad_elementwise: the result does not broadcast to the shape");
    else if (ad_type_size(out->type) == 0 || ((sums || add) && !ad_type_is_float(out->type)))
        ad_reject(work, AD_BAD_TYPE, "ad_elementwise: a result of %s cannot be %s",
                  ad_type_text(out->type),
                  sums  ? "summed"
                  : add ? "added to"
                        : "written");
    else
        return true;
    return false;
}

/* Without a function. */
static bool good_copy(ad_workspace *work, int n, const ad_view *in, const ad_array *out)
{
    bool good = n == 1 && ad_type_is_float(out->type) && in->type == out->type;
    if (!good)
        ad_reject(work, AD_BAD_TYPE,
                  "ad_elementwise: without a function there is one operand, of the result's float "
                  "type");
    return good;
}

static bool good_call(ad_workspace *work, const ad_shape *shape, int n, const ad_view *in,
                      const ad_array *out, unsigned flags)
{
    size_t count;
    ad_status status = ad_shape_count(shape, &count);
    if (status != AD_OK) {
        ad_reject(work, status, "ad_elementwise: the shape is bad or too large");
        return false;
    }
    for (int i = 0; i < n; i++)
        if (!good_operand(work, shape, &in[i], i))
            return false;
    return good_result(work, shape, out, flags & AD_ADD);
}

/* The function runs as a kernel; without one, the operand itself is what is written or summed. */
static bool run(ad_workspace *work, const ad_shape *shape, const elements *e, const ad_view *in,
                const ad_array *out, bool add)
{
    const ad_kernel *kernel = e->f ? &call_kernel : NULL;
    if (ad_shape_equal(shape, &out->shape)) {
        ad_map_with(work, shape, kernel ? kernel : &ad_itself.of[out->type], e, e->n, in,
                    ad_type_size(out->type), out->data, add);
        return true;
    }
    double *sums = ad_map_sum_with(work, shape, kernel, e, e->n, in, out->type, &out->shape);
    if (sums)
        ad_store_sums(ad_array_count(out), sums, out->type, out->data, add);
    return sums != NULL;
}

bool ad_elementwise(ad_workspace *work, const ad_shape *shape, int n, const ad_view *in,
                    const ad_array *out, unsigned flags, ad_elements *f, const void *user)
{
    if (!work || !shape || n < 1 || n > AD_ENV || !in || !out || flags & ~(unsigned)AD_ADD) {
        ad_reject(
            work, AD_MISUSE,
            "ad_elementwise: an argument is missing, there are not 1 to %d operands, or a flag "
            "is unknown",
            AD_ENV);
        return false;
    }
    if (ad_is_unwanted(out))
        return true;
    if (!good_call(work, shape, n, in, out, flags) || (!f && !good_copy(work, n, in, out)))
        return false;
    elements e = {.f = f, .user = user, .type = out->type, .n = n};
    for (int i = 0; i < n; i++)
        e.size[i] = ad_type_size(in[i].type);
    return run(work, shape, &e, in, out, flags & AD_ADD);
}
