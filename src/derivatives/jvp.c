/* Forward mode: Jacobian-vector products. */
#include "derivatives/record.h"
#include "tape/failure.h"

#include <string.h>

/* A value's tangent; zeros, on the tape, if it has none. */
static ad_view tangent_or_zeros(ad_tensor y, int j)
{
    ad_view ty = ad_tangent_at(y, j), v = ad_read(y);
    if (ty.data || !v.data)
        return ty;
    size_t bytes = ad_view_count(&v) * ad_type_size(v.type);
    char *zeros = ad_tape_memory(y.tape, bytes);
    if (!zeros)
        return ty;
    memset(zeros, 0, bytes);
    return ad_view_of(v.type, zeros, v.shape);
}

static void deliver(const ad_record *r, int count, ad_array *y, ad_array *ty)
{
    ad_list l;
    ad_view value = ad_record_value(r);
    ad_view *from = ad_tape_memory(r->tape, (size_t)count * sizeof *from);
    for (int j = 0; from && j < count; j++)
        from[j] = tangent_or_zeros(r->y, j);
    if (!from || ad_tape_status(r->tape) != AD_OK)
        return;
    ad_delivery both[] = {{.tree = ad_list_describe(&l, "ty", count), .from = from, .target = ty},
                          {.tree = &ad_array_tree, .from = &value, .target = y}};
    ad_deliver(r->tape, r->name, 2, both);
}

static ad_status jvp(const ad_subject *s, int count, ad_numbers tx, ad_array *y, ad_array *ty)
{
    ad_record r;
    AD_DOOR(s->tape, s->name, AD_BUSY);
    if (!ad_record_begin_along(&r, s, (tx.views || tx.arrays) && y && ty, count, &tx))
        return ad_tape_status(s->tape);
    if (ad_record_push(&r, count, tx))
        deliver(&r, count, y, ty);
    return ad_record_end(&r);
}

ad_status ad_jvp(ad_tape *t, ad_function *f, int n, const ad_view *x, const ad_view *tx,
                 const void *env, ad_array *y, ad_array *ty)
{
    ad_subject s;
    return jvp(ad_subject_list(&s, "jvp", t, f, n, x, env), 1, (ad_numbers){.views = tx}, y, ty);
}

ad_status ad_jvp_many(ad_tape *t, ad_function *f, int n, const ad_view *x, int count,
                      const ad_view *tx, const void *env, ad_array *y, ad_array *ty)
{
    ad_subject s;
    return jvp(ad_subject_list(&s, "jvp_many", t, f, n, x, env), count, (ad_numbers){.views = tx},
               y, ty);
}

ad_status ad_model_jvp(const ad_tree *tree, ad_tape *t, ad_model_function *f, const void *model,
                       const void *tangent, const void *env, ad_array *y, ad_array *ty)
{
    ad_subject s;
    return jvp(ad_subject_model(&s, "jvp", tree, t, f, model, env), 1,
               (ad_numbers){.arrays = tangent}, y, ty);
}
