/* A model as a vector of all its parameters, and back. */
#include "adze/model_derivatives.h"
#include "trees/walk.h"

#include <string.h>

typedef struct measure {
    const void *model;
    const char *verb;
    const ad_array *first;
    size_t count;
    ad_error *error;
} measure;

static ad_status measure_one(void *user, const ad_site *s)
{
    measure *m = user;
    char path[AD_PATH_SIZE];
    const ad_array *a = ad_site_array(s, m->model);
    ad_status status = ad_check_held(s, a, m->verb, "", m->error);
    if (status == AD_OK)
        status = ad_check_float(s, a, m->verb, m->error);
    if (status != AD_OK)
        return status;
    m->first = m->first ? m->first : a;
    if (a->type != m->first->type)
        return ad_fail(m->error, AD_BAD_TYPE, "%s: %s is %s, but fields before it are %s", m->verb,
                       ad_site_print(s, true, path), ad_type_text(a->type),
                       ad_type_text(m->first->type));
    m->count += ad_array_count(a);
    return AD_OK;
}

ad_status ad_check_one_type(const ad_model *d, const void *model, const char *verb, ad_error *error)
{
    return ad_tree_walk(d, measure_one, &(measure){.model = model, .verb = verb, .error = error});
}

/* ---- copies ------------------------------------------------------------------------- */

typedef struct copy {
    const void *model;
    char *vector;
    bool back;
} copy;

static ad_status copy_one(void *user, const ad_site *s)
{
    copy *c = user;
    const ad_array *a = ad_site_array(s, c->model);
    size_t bytes = ad_array_count(a) * ad_type_size(a->type);
    memcpy(c->back ? a->data : c->vector, c->back ? c->vector : a->data, bytes);
    c->vector += bytes;
    return AD_OK;
}

ad_status ad_model_flatten(const ad_model *d, const void *model, ad_array *vector, ad_error *error)
{
    measure m = {.model = model, .verb = "flatten", .error = error};
    if (!d || !model || !vector)
        return ad_fail(error, AD_MISUSE, "flatten: an argument is NULL");
    ad_status status = ad_tree_walk(d, measure_one, &m);
    if (status != AD_OK)
        return status;
    ad_array like = {(void *)(uintptr_t)m.first->data, m.first->type, AD_SHAPE((int64_t)m.count),
                     m.first->allocator};
    ad_result r = {.d = &ad_array_model,
                   .target = vector,
                   .verb = m.verb,
                   .role = "the vector",
                   .like = ad_like_model,
                   .user = &like,
                   .error = error};
    status = ad_result_prepare(&r);
    if (status != AD_OK)
        return status;
    ad_result_commit(&r);
    return ad_tree_walk(d, copy_one, &(copy){model, vector->data, false});
}

ad_status ad_model_unflatten(const ad_model *d, ad_view vector, void *model, ad_error *error)
{
    char shape[64];
    measure m = {.model = model, .verb = "unflatten", .error = error};
    if (!d || !model || !vector.data)
        return ad_fail(error, AD_MISUSE, "unflatten: %s",
                       d && model ? "the vector holds no numbers" : "an argument is NULL");
    ad_status status = ad_tree_walk(d, measure_one, &m);
    if (status != AD_OK)
        return status;
    ad_shape wanted = AD_SHAPE((int64_t)m.count);
    if (vector.type != m.first->type)
        return ad_fail(error, AD_BAD_TYPE, "unflatten: the vector is %s, the model %s",
                       ad_type_text(vector.type), ad_type_text(m.first->type));
    if (!ad_shape_equal(&vector.shape, &wanted))
        return ad_fail(error, AD_BAD_SHAPE,
                       "unflatten: the vector is %s, the model has %zu numbers",
                       ad_shape_print(&vector.shape, shape, sizeof shape), m.count);
    if (!ad_view_is_contiguous(&vector))
        return ad_fail(error, AD_MISUSE, "unflatten: the vector's numbers must lie together");
    return ad_tree_walk(d, copy_one, &(copy){model, (char *)(uintptr_t)vector.data, true});
}
