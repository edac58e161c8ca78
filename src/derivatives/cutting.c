/* Where the rows of a mean are cut. */
#include "derivatives/cutting.h"

#include "array/strided.h"
#include "base/memory.h"
#include "base/sized.h"

/* A slice of fewer rows has slow products; one of more data, or of many results, leaves the
 * cache. */
enum { LEAST = 128, MOST = 1024, BYTES = 640000, GROUPS = 64, MOST_GROUPS = 1 << 20 };

/* ---- what is cut ----------------------------------------------------------------------- */

static AD_RARE ad_status check_data(const ad_cutting *c, const char *name, int j, ad_error *error)
{
    char why[256], shape[2][128];
    size_t count;
    const ad_view *data = c->data;
    const ad_shape *own = &data[j].shape, *all = &data[0].shape;
    if (!ad_type_size(data[j].type))
        return ad_fail(error, AD_BAD_TYPE, "%s: data[%d]: %d is not a number type", name, j,
                       (int)data[j].type);
    ad_status status = ad_view_flaw(&data[j], &count, why, sizeof why);
    if (status != AD_OK)
        return ad_fail(error, status, "%s: data[%d]: %s", name, j, why);
    if (own->rank < 1)
        return ad_fail(error, AD_BAD_SHAPE, "%s: data[%d] is a number: it has no rows", name, j);
    if (own->dim[0] != all->dim[0])
        return ad_fail(error, AD_BAD_SHAPE,
                       "%s: data[%d] is %s, data[0] %s: they differ in their rows", name, j,
                       ad_shape_print(own, shape[0], sizeof shape[0]),
                       ad_shape_print(all, shape[1], sizeof shape[1]));
    return AD_OK;
}

static AD_RARE ad_status check_all_data(const ad_cutting *c, const char *name, ad_error *error)
{
    ad_status status = AD_OK;
    if (!c->data || c->inputs < 1)
        return ad_fail(error, AD_MISUSE,
                       c->data ? "%s: there must be data, but inputs is %d"
                               : "%s: data is NULL, inputs %d",
                       name, c->inputs);
    for (int j = 0; status == AD_OK && j < c->inputs; j++)
        status = check_data(c, name, j, error);
    return status;
}

static AD_RARE ad_status read_options(ad_rows_options *o, ad_rows_part *part, const char *name,
                                      const ad_rows_options *given, ad_error *error)
{
    if (given && !ad_sized_read(o, sizeof *o, given, AD_END_OF(ad_rows_options, parallel)))
        return ad_fail(error, AD_MISUSE, "%s: the options need .size = sizeof(ad_rows_options)",
                       name);
    if (o->slice < 0)
        return ad_fail(error, AD_MISUSE,
                       "%s: a slice of %lld rows: there must be one or more, or 0 for the usual",
                       name, (long long)o->slice);
    if (o->groups < 0 || o->groups > MOST_GROUPS)
        return ad_fail(error, AD_MISUSE,
                       "%s: %lld groups: there must be one to %d, or 0 for the usual", name,
                       (long long)o->groups, MOST_GROUPS);
    if (o->part && !ad_sized_read(part, sizeof *part, o->part, AD_END_OF(ad_rows_part, end)))
        return ad_fail(error, AD_MISUSE, "%s: the part needs .size = sizeof(ad_rows_part)", name);
    return AD_OK;
}

/* ---- where ----------------------------------------------------------------------------- */

static AD_RARE int64_t default_slice(const ad_cutting *c)
{
    size_t bytes = 1;
    for (int j = 0; j < c->inputs; j++) {
        size_t row = ad_type_size(c->data[j].type);
        for (int k = 1; k < c->data[j].shape.rank; k++)
            row = ad_size_mul(row, (size_t)c->data[j].shape.dim[k]);
        bytes = ad_size_add(bytes, row);
    }
    size_t fit = BYTES / bytes;
    return fit < LEAST ? LEAST : fit > MOST ? MOST : (int64_t)fit;
}

/* Where part i begins of a whole that is cut into parts as equal as can be. */
static int64_t part_at(int64_t whole, int64_t parts, int64_t i)
{
    int64_t more = whole % parts;
    return whole / parts * i + (i < more ? i : more);
}

/* The same with the longer parts spread among the others: so halves have equally much. */
static int64_t spread_at(int64_t whole, int64_t parts, int64_t i)
{
    return whole / parts * i + whole % parts * i / parts;
}

int64_t ad_slice_row(const ad_cutting *c, int64_t slice)
{
    return part_at(c->of.rows, c->of.slices, slice);
}

int64_t ad_group_slice(const ad_cutting *c, int64_t group)
{
    return spread_at(c->of.slices, c->of.groups, group);
}

int64_t ad_rows_before(const ad_rows_cut *cut, int64_t group)
{
    if (!cut || cut->rows < 1 || cut->slices < 1 || cut->groups < 1 || cut->groups > MOST_GROUPS ||
        group < 1)
        return 0;
    if (group >= cut->groups)
        return cut->rows;
    return part_at(cut->rows, cut->slices, spread_at(cut->slices, cut->groups, group));
}

/* The sum of groups lo to hi - 1 is that of lo to middle - 1 and that of middle to hi - 1. */
static int64_t middle(int64_t lo, int64_t hi)
{
    return lo + (hi - lo + 1) / 2;
}

int ad_sums_ending(const ad_cutting *c, int64_t group)
{
    int sums = 0;
    for (int64_t lo = c->begin, hi = c->end; hi - lo > 1;) {
        int64_t m = middle(lo, hi);
        sums = group < m ? 0 : sums + 1;
        *(group < m ? &hi : &lo) = m;
    }
    return sums;
}

int64_t ad_sum_end(const ad_cutting *c, int64_t group, int level)
{
    int64_t lo = c->begin, hi = c->end;
    for (int i = 0; i < level && hi - lo > 1; i++) {
        int64_t m = middle(lo, hi);
        *(group < m ? &hi : &lo) = m;
    }
    return hi;
}

int ad_sums_most(const ad_cutting *c)
{
    int most = 1;
    for (int64_t groups = c->end - c->begin; groups > 1; groups = (groups + 1) / 2)
        most++;
    return most;
}

/* Whether groups are those of a sum of the tree. */
static bool is_sum(const ad_cutting *c)
{
    int64_t lo = 0, hi = c->of.groups;
    if (c->begin < lo || c->end > hi || c->begin >= c->end)
        return false;
    while (c->begin > lo || c->end < hi) {
        int64_t m = middle(lo, hi);
        if (c->begin < m && c->end > m)
            return false;
        *(c->begin < m ? &hi : &lo) = m;
    }
    return true;
}

ad_view ad_cutting_rows(const ad_cutting *c, int input, int64_t first, int64_t count)
{
    ad_view v = c->data[input];
    first -= c->first;
    if (first && ad_view_count(&v))
        v.data = (const char *)v.data + first * v.stride[0] * (int64_t)ad_type_size(v.type);
    v.shape.dim[0] = count;
    return v;
}

/* ---- the beginning --------------------------------------------------------------------- */

static AD_RARE void cut(ad_cutting *c, const ad_rows_options *o)
{
    int64_t slice = o->slice ? o->slice : default_slice(c), most = o->groups ? o->groups : GROUPS;
    c->of.slices = c->of.rows ? (c->of.rows - 1) / slice + 1 : 1;
    c->of.groups = c->of.slices < most ? c->of.slices : most;
    c->begin = 0;
    c->end = c->of.groups;
}

static AD_RARE ad_status take_part(ad_cutting *c, const char *name, const ad_rows_part *part,
                                   ad_error *error)
{
    int64_t held = c->data[0].shape.dim[0];
    c->first = part->first;
    c->begin = part->begin;
    c->end = part->end;
    if (!is_sum(c))
        return ad_fail(error, AD_MISUSE,
                       "%s: groups %lld to %lld are not those of a sum in the tree of %lld", name,
                       (long long)c->begin, (long long)c->end - 1, (long long)c->of.groups);
    int64_t from = ad_rows_before(&c->of, c->begin), to = ad_rows_before(&c->of, c->end);
    if (c->first < 0 || c->first > from || to - c->first > held)
        return ad_fail(error, AD_BAD_SHAPE,
                       "%s: the groups have rows %lld to %lld, but there are %lld from %lld on",
                       name, (long long)from, (long long)to - 1, (long long)held,
                       (long long)c->first);
    return AD_OK;
}

static AD_RARE ad_status begin(ad_cutting *c, const char *name, const ad_rows_options *given,
                               ad_rows_part *part, ad_error *error)
{
    ad_rows_options o = {.size = sizeof o};
    ad_status status = read_options(&o, part, name, given, error);
    if (status == AD_OK)
        status = check_all_data(c, name, error);
    if (status != AD_OK)
        return status;
    if (part->rows < 0)
        return ad_fail(error, AD_MISUSE, "%s: a part of %lld rows", name, (long long)part->rows);
    c->of = (ad_rows_cut){.rows = o.part ? part->rows : c->data[0].shape.dim[0]};
    c->sum = o.sum;
    c->parallel = o.parallel;
    cut(c, &o);
    return AD_OK;
}

AD_RARE ad_status ad_cutting_begin(ad_cutting *c, const char *name, const ad_rows_options *o,
                                   ad_error *error)
{
    ad_rows_part part = {0};
    ad_status status = begin(c, name, o, &part, error);
    return status == AD_OK && part.size ? take_part(c, name, &part, error) : status;
}

ad_status ad_cut_rows(int inputs, const ad_view *data, const ad_rows_options *options,
                      ad_rows_cut *result, ad_error *error)
{
    ad_rows_part part = {0};
    ad_cutting c = {.data = data, .inputs = inputs};
    if (!result)
        return ad_fail(error, AD_MISUSE, "cut_rows: an argument is NULL");
    ad_status status = begin(&c, "cut_rows", options, &part, error);
    if (status == AD_OK)
        *result = c.of;
    return status;
}
