/* Forward over reverse: Hessian-vector products. */
#include "derivatives/record.h"
#include "tape/failure.h"

static ad_status hvp(const ad_subject *s, int count, ad_numbers tx, void *result)
{
    ad_list l;
    ad_record r;
    AD_DOOR(s->tape, s->name, AD_BUSY);
    if (!ad_record_begin_along(&r, s, (tx.views || tx.arrays) && result, count, &tx))
        return ad_tape_status(s->tape);
    if (ad_record_push(&r, count, tx) && ad_backward_tangents(r.y) == AD_OK) {
        ad_delivery v = {.tree = count == 1 ? s->tree : ad_list_describe(&l, "hvp", r.n * count),
                         .from = ad_record_read(&r, count, ad_grad_tangent_at),
                         .target = result};
        if (v.from)
            ad_deliver(r.tape, s->name, 1, &v);
    }
    return ad_record_end(&r);
}

ad_status ad_hvp(ad_tape *t, ad_function *f, int n, const ad_view *x, const ad_view *tx,
                 const void *env, ad_array *result)
{
    ad_subject s;
    return hvp(ad_subject_list(&s, "hvp", t, f, n, x, env), 1, (ad_numbers){.views = tx}, result);
}

ad_status ad_hvp_many(ad_tape *t, ad_function *f, int n, const ad_view *x, int count,
                      const ad_view *tx, const void *env, ad_array *result)
{
    ad_subject s;
    return hvp(ad_subject_list(&s, "hvp_many", t, f, n, x, env), count, (ad_numbers){.views = tx},
               result);
}

ad_status ad_model_hvp(const ad_tree *tree, ad_tape *t, ad_model_function *f, const void *model,
                       const void *tangent, const void *env, void *result)
{
    ad_subject s;
    return hvp(ad_subject_model(&s, "hvp", tree, t, f, model, env), 1,
               (ad_numbers){.arrays = tangent}, result);
}
