/* One number of a gradient: the slope of the function as a number of an operand moves. */
#include "check/number.h"

#include <math.h>
#include <stdio.h>

typedef struct place {
    ad_checking *c;
    ad_array *a; /* in c->at */
    size_t index;
    double x;
} place;

static double moved(void *user, double *h)
{
    const place *p = user;
    *h = ad_check_put(p->a, p->index, p->x + *h) - p->x;
    double y = ad_checking_value(p->c);
    ad_check_put(p->a, p->index, p->x);
    return y;
}

/* Writes "x[1][3, 5]" into text. */
static void print_place(const place *p, const char *path, char *text, size_t size)
{
    ad_shape at = p->a->shape;
    size_t rest = p->index;
    char index[200] = "";
    for (int k = at.rank - 1; k >= 0; rest /= (size_t)p->a->shape.dim[k--])
        at.dim[k] = (int64_t)(rest % (size_t)p->a->shape.dim[k]);
    if (at.rank)
        ad_shape_print(&at, index, sizeof index);
    snprintf(text, size, "%s%s", path, index);
}

static double mean_size(ad_view v)
{
    double sum = 0;
    size_t n = ad_view_count(&v);
    for (size_t i = 0; i < n; i++)
        sum += fabs(ad_view_get(&v, i));
    return sum > 0 && isfinite(sum) ? sum / (double)n : 1;
}

void ad_checking_judge_number(ad_checking *c, const char *path, ad_array *a, size_t i)
{
    char text[300];
    ad_view x = ad_array_view(*a), g = ad_array_view(*ad_beside(c, a, c->gradient));
    place p = {c, a, i, ad_view_get(&x, i)};
    print_place(&p, path, text, sizeof text);
    ad_claim k = {.what = text,
                  .slope = ad_view_get(&g, i),
                  .least = c->least,
                  .size = fmax(fabs(p.x), mean_size(x)),
                  .own = fabs(p.x),
                  .type = a->type,
                  .moved = moved,
                  .user = &p};
    ad_checking_judge(c, &k);
}

static ad_status find_largest(void *user, const char *path, ad_array *a)
{
    ad_checking *c = user;
    ad_view g = ad_array_view(*ad_beside(c, a, c->gradient));
    (void)path;
    for (size_t i = 0; i < ad_view_count(&g); i++)
        if (isfinite(ad_view_get(&g, i)))
            c->least = fmax(c->least, 1e-3 * fabs(ad_view_get(&g, i)));
    return AD_OK;
}

void ad_checking_measure(ad_checking *c)
{
    c->least = 0;
    ad_model_visit(c->tree, c->at, find_largest, c);
    if (c->least <= 0)
        c->least = 1e-3 * fabs(c->value);
}
