/* Results that appear all at once. What a target is missing is made in a block aside, one ad_array
 * after another in the order of the walk, so the target itself is not touched before the commit: a
 * failure leaves it byte for byte as it was, and a target that has all its arrays costs no
 * allocation. */
#include "trees/result.h"

ad_status ad_like_struct(const void *user, const ad_site *s, ad_array *like, ad_error *error)
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
        status = ad_require_held(s, &like, r->verb, "the model", r->error);
    if (status != AD_OK)
        return status;
    if (a->data)
        return ad_require_equal(s, &like, a, r->verb, r->role, r->error);
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
    ad_status status = ad_tree_walk(r->tree, check, r);
    if (status != AD_OK || r->missing == 0)
        return status;
    r->aside =
        ad_array_new(r->aside.allocator, AD_U8, AD_SHAPE((int64_t)(r->missing * sizeof(ad_array))));
    if (!r->aside.data)
        return ad_fail(r->error, AD_MEMORY, "%s: memory ran out for %zu arrays", r->verb,
                       r->missing);
    status = ad_tree_walk(r->tree, make, r);
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
        ad_tree_walk(r->tree, place, r);
    ad_array_free(&r->aside);
}

void ad_result_abandon(ad_result *r)
{
    for (size_t i = 0; i < r->next; i++)
        ad_array_free((ad_array *)r->aside.data + i);
    ad_array_free(&r->aside);
}

/* ---- from views -------------------------------------------------------------------- */

static ad_status like_view(const void *user, const ad_site *s, ad_array *like, ad_error *error)
{
    const ad_delivery *v = user;
    const ad_view *from = &v->from[s->number];
    (void)error;
    *like = (ad_array){like, from->type, from->shape, ad_site_array(s, v->target)->allocator};
    return AD_OK;
}

static ad_status prepare(ad_delivery *v, const char *verb, ad_error *error)
{
    v->result = (ad_result){.tree = v->tree,
                            .target = v->target,
                            .verb = verb,
                            .role = "the result",
                            .like = like_view,
                            .user = v,
                            .error = error};
    return v->target ? ad_result_prepare(&v->result) : AD_OK;
}

static void commit(ad_delivery *v)
{
    ad_array *to = v->target;
    if (!to)
        return;
    ad_result_commit(&v->result);
    for (size_t i = 0; i < v->tree->arrays; i++)
        ad_array_write(&to[i], v->from[i], NULL);
}

bool ad_deliver(ad_tape *t, const char *verb, int count, ad_delivery *all)
{
    ad_error error = {0};
    for (int i = 0; i < count; i++) {
        if (prepare(&all[i], verb, &error) == AD_OK)
            continue;
        while (i-- > 0)
            ad_result_abandon(&all[i].result);
        ad_tape_fail(t, error.status, "%s", error.text);
        return false;
    }
    for (int i = 0; i < count; i++)
        commit(&all[i]);
    return true;
}
