/* Results that appear all at once. What a target is missing is made in a block aside, one
 * ad_array after another in the order of the walk, so the target itself is not touched before the
 * commit: a failure leaves it byte for byte as it was, and a target that has all its arrays
 * costs no allocation. */
#include "trees/walk.h"

ad_status ad_like_model(const void *user, const ad_site *s, ad_array *like, ad_error *error)
{
    (void)error;
    *like = *ad_site_array(s, user);
    return AD_OK;
}

static ad_status check(void *user, const ad_site *s)
{
    ad_result *r = user;
    ad_array like;
    const ad_array *a = ad_site_array(s, r->target);
    ad_status status = r->like(r->user, s, &like, r->error);
    if (status == AD_OK)
        status = ad_check_held(s, &like, r->verb, "the model", r->error);
    if (status != AD_OK)
        return status;
    if (a->data)
        return ad_check_equal(s, &like, a, r->verb, r->role, r->error);
    if (r->missing++ == 0)
        r->aside.allocator = like.allocator;
    return AD_OK;
}

static ad_status make(void *user, const ad_site *s)
{
    ad_result *r = user;
    ad_array like, *made = (ad_array *)r->aside.data + r->next;
    char path[AD_PATH_SIZE], shape[AD_PATH_SIZE];
    if (ad_site_array(s, r->target)->data)
        return AD_OK;
    ad_status status = r->like(r->user, s, &like, r->error);
    if (status != AD_OK)
        return status;
    *made = ad_array_new(like.allocator, like.type, like.shape);
    if (!made->data)
        return ad_fail(r->error, AD_MEMORY, "%s: memory ran out for %s, %s, in %s", r->verb,
                       ad_site_print(s, true, path),
                       ad_shape_print(&like.shape, shape, sizeof shape), r->role);
    r->next++;
    return AD_OK;
}

ad_status ad_result_prepare(ad_result *r)
{
    ad_status status = ad_tree_walk(r->d, check, r);
    if (status != AD_OK || r->missing == 0)
        return status;
    r->aside =
        ad_array_new(r->aside.allocator, AD_U8, AD_SHAPE((int64_t)(r->missing * sizeof(ad_array))));
    if (!r->aside.data)
        return ad_fail(r->error, AD_MEMORY, "%s: memory ran out for %zu arrays", r->verb,
                       r->missing);
    status = ad_tree_walk(r->d, make, r);
    if (status != AD_OK)
        ad_result_abandon(r);
    return status;
}

static ad_status place(void *user, const ad_site *s)
{
    ad_result *r = user;
    ad_array *a = ad_site_array(s, r->target);
    if (!a->data)
        *a = ((ad_array *)r->aside.data)[r->next++];
    return AD_OK;
}

void ad_result_commit(ad_result *r)
{
    r->next = 0;
    if (r->aside.data)
        ad_tree_walk(r->d, place, r);
    ad_array_free(&r->aside);
}

void ad_result_abandon(ad_result *r)
{
    for (size_t i = 0; i < r->next; i++)
        ad_array_free((ad_array *)r->aside.data + i);
    ad_array_free(&r->aside);
}

/* ---- from views -------------------------------------------------------------------- */

/* Structs of arrays hold nothing else, so that an array's place tells its number. */
static const ad_view *view_of(const ad_delivery *v, const ad_site *s)
{
    return &v->from[s->arrays / sizeof(ad_array)];
}

static ad_status like_view(const void *user, const ad_site *s, ad_array *like, ad_error *error)
{
    const ad_delivery *v = user;
    const ad_view *from = view_of(v, s);
    (void)error;
    *like = (ad_array){like, from->type, from->shape, ad_site_array(s, v->target)->allocator};
    return AD_OK;
}

static ad_status copy_view(void *user, const ad_site *s)
{
    ad_delivery *v = user;
    return ad_array_write(ad_site_array(s, v->target), *view_of(v, s), NULL);
}

bool ad_delivery_prepare(ad_delivery *v, ad_tape *t)
{
    v->result = (ad_result){.d = v->d,
                            .target = v->target,
                            .verb = v->verb,
                            .role = v->role,
                            .like = like_view,
                            .user = v,
                            .error = &v->error};
    ad_status status = ad_result_prepare(&v->result);
    return status == AD_OK || ad_tape_fail(t, status, "%s", v->error.text) == AD_OK;
}

void ad_delivery_commit(ad_delivery *v)
{
    ad_result_commit(&v->result);
    ad_tree_walk(v->d, copy_view, v);
}
