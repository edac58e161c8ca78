/* A model as a vector of all its parameters, and back. */
#include "adze/model.h"
#include "trees/result.h"

#include <string.h>

/* Arrays of one type, one behind the other. */
static ad_array vector_like(const ad_tree *tree, const ad_array *model)
{
    size_t count = 0;
    for (size_t i = 0; i < tree->arrays; i++)
        count += ad_array_count(&model[i]);
    return (ad_array){model->data, model->type, AD_SHAPE((int64_t)count), model->allocator};
}

static void copy_all(const ad_tree *tree, const ad_array *model, char *vector, bool back)
{
    for (size_t i = 0; i < tree->arrays; i++) {
        size_t bytes = ad_array_count(&model[i]) * ad_type_size(model[i].type);
        memcpy(back ? model[i].data : vector, back ? vector : model[i].data, bytes);
        vector += bytes;
    }
}

ad_status ad_model_flatten(const ad_tree *tree, const void *model, ad_array *vector,
                           ad_error *error)
{
    const char *missing = ad_tree_missing(tree, model && vector);
    if (missing)
        return ad_fail(error, AD_MISUSE, "flatten: %s", missing);
    ad_status status = ad_require_one_type(tree, model, "flatten", error);
    if (status != AD_OK)
        return status;
    ad_array like = vector_like(tree, model);
    ad_result r = {.tree = &ad_array_tree,
                   .target = vector,
                   .verb = "flatten",
                   .role = "the vector",
                   .like = ad_like_struct,
                   .user = &like,
                   .error = error};
    status = ad_result_prepare(&r);
    if (status != AD_OK)
        return status;
    ad_result_commit(&r);
    copy_all(tree, model, vector->data, false);
    return AD_OK;
}

ad_status ad_model_unflatten(const ad_tree *tree, ad_view vector, void *model, ad_error *error)
{
    char shape[64];
    const char *missing = ad_tree_missing(tree, model);
    if (missing || !vector.data)
        return ad_fail(error, AD_MISUSE, "unflatten: %s",
                       missing ? missing : "the vector holds no numbers");
    ad_status status = ad_require_one_type(tree, model, "unflatten", error);
    if (status != AD_OK)
        return status;
    ad_array wanted = vector_like(tree, model);
    if (vector.type != wanted.type)
        return ad_fail(error, AD_BAD_TYPE, "unflatten: the vector is %s, the model %s",
                       ad_type_text(vector.type), ad_type_text(wanted.type));
    if (!ad_shape_equal(&vector.shape, &wanted.shape))
        return ad_fail(error, AD_BAD_SHAPE,
                       "unflatten: the vector is %s, the model has %zu numbers",
                       ad_shape_print(&vector.shape, shape, sizeof shape), ad_array_count(&wanted));
    if (!ad_view_is_contiguous(&vector))
        return ad_fail(error, AD_MISUSE, "unflatten: the vector's numbers must lie together");
    copy_all(tree, model, (char *)(uintptr_t)vector.data, true);
    return AD_OK;
}
