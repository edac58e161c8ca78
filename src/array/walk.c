/* Loops over numbers that broadcast and lie at strides: a nest with the views' own pointers. */
#include "adze/walk.h"

#include "array/strided.h"

static bool fits(ad_workspace *work, const ad_shape *shape, const ad_view *v, int i)
{
    const char *why;
    ad_status status = ad_view_misfit(v, shape, &why);
    if (status != AD_OK)
        ad_reject(work, status, "ad_walk_begin: views[%d] %s", i, why);
    return status == AD_OK;
}

bool ad_walk_begin(ad_workspace *work, ad_walk *w, const ad_shape *shape, int n,
                   const ad_view *views)
{
    size_t count;
    if (w)
        *w = (ad_walk){0};
    if (!w || !shape || !views || n < 1 || n > AD_MAX_VIEWS) {
        ad_reject(work, AD_MISUSE, "ad_walk_begin: needs a walk, a shape and 1 to %d views",
                  AD_MAX_VIEWS);
        return false;
    }
    ad_status status = ad_shape_count(shape, &count);
    if (status != AD_OK) {
        ad_reject(work, status, "ad_walk_begin: the shape is bad or too large");
        return false;
    }
    for (int i = 0; i < n; i++)
        if (!fits(work, shape, &views[i], i))
            return false;
    ad_nest_begin(&w->nest, shape);
    for (int i = 0; i < n; i++) {
        ad_nest_add(&w->nest, &views[i].shape, views[i].stride);
        w->first[i] = (char *)(uintptr_t)views[i].data;
        w->size[i] = ad_type_size(views[i].type);
    }
    w->end = ad_nest_start(&w->nest) ? (int64_t)count : 0;
    return true;
}

static int64_t elements(const ad_walk *w)
{
    int64_t count = w->nest.row;
    for (int i = 0; i < w->nest.rank - 1; i++)
        count *= w->nest.dim[i];
    return count;
}

void ad_walk_part(ad_walk *w, size_t begin, size_t end)
{
    if (!w)
        return;
    size_t count = (size_t)elements(w);
    w->n = 0;
    w->end = (int64_t)(end < count ? end : count);
    w->at = (int64_t)(begin < count ? begin : count);
}

bool ad_walk_next(ad_walk *w)
{
    if (!w || w->at >= w->end)
        return false;
    ad_nest *nest = &w->nest;
    int64_t start = w->n ? 0 : w->at % nest->row; /* runs end where rows do, or the walk */
    if (w->n)
        ad_nest_next(nest);
    else
        ad_nest_seek(nest, w->at / nest->row);
    w->n = nest->row - start < w->end - w->at ? nest->row - start : w->end - w->at;
    for (int i = 0; i < nest->streams; i++) {
        w->step[i] = nest->step[i];
        w->data[i] = w->first[i] + (nest->offset[i] + start * w->step[i]) * (int64_t)w->size[i];
    }
    w->at += w->n;
    return true;
}
