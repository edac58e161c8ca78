/* Averages of models, of their gradients, of anything that has their struct. */
#include "adze/model.h"
#include "trees/result.h"

#define AVERAGE(T, name)                                  \
    static void name(size_t n, T share, const T *x, T *y) \
    {                                                     \
        for (size_t i = 0; i < n; i++)                    \
            y[i] += share * (x[i] - y[i]);                \
    }
AVERAGE(float, average_f32)
AVERAGE(double, average_f64)
#undef AVERAGE

/* All of it leaves nothing of y, not even a rounding. */
static void average(double share, const ad_array *x, ad_array *y)
{
    if (share == 1)
        ad_array_write(y, ad_array_view(*x), NULL);
    else if (x->type == AD_F32)
        average_f32(ad_array_count(x), (float)share, x->data, y->data);
    else
        average_f64(ad_array_count(x), share, x->data, y->data);
}

/* A mean is like x, whose numbers are floats. */
static ad_status like_floats(const void *user, const ad_site *s, ad_array *like, ad_error *error)
{
    *like = *ad_site_array(s, user);
    ad_status status = ad_require_held(s, like, "average", "x", error);
    return status == AD_OK ? ad_require_float(s, like, "average", error) : status;
}

ad_status ad_model_average(const ad_tree *tree, double share, const void *x, void *mean,
                           ad_error *error)
{
    const ad_array *from = x;
    ad_array *to = mean;
    const char *missing = ad_tree_missing(tree, x && mean);
    if (missing || !from || !to) {
        ad_fail(error, AD_MISUSE, "average: %s", missing);
        return AD_MISUSE;
    }
    if (!(share >= 0 && share <= 1))
        return ad_fail(error, AD_DOMAIN, "average: the share %g is not in [0, 1]", share);
    ad_result r = {.tree = tree,
                   .target = mean,
                   .verb = "average",
                   .role = "the mean",
                   .like = like_floats,
                   .user = x,
                   .error = error};
    ad_status status = ad_result_prepare(&r);
    if (status != AD_OK)
        return status;
    ad_array *made = r.room.data;
    for (size_t i = 0; i < tree->arrays; i++)
        if (to[i].data)
            average(share, &from[i], &to[i]);
        else
            average(1, &from[i], made++);
    ad_result_commit(&r);
    return AD_OK;
}
