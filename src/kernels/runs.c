/* Walking broadcast, strided operands in short runs of numbers that lie together. */
#include "kernels/runs.h"

static void begin_plan(ad_run_plan *p, const ad_shape *shape, int n, const ad_view *in)
{
    p->n = n;
    p->shape = shape;
    p->in = in;
    p->gathered = 0;
    p->env = NULL;
}

void ad_run_plan_begin(ad_run_plan *p, const ad_shape *shape, int n, const ad_view *in)
{
    begin_plan(p, shape, n, in);
    ad_nest_begin(&p->nest, shape);
    for (int i = 0; i < n; i++)
        ad_nest_add(&p->nest, &in[i].shape, in[i].stride);
}

void ad_run_plan_begin_rows(ad_run_plan *p, const ad_shape *shape, int n, const ad_view *in)
{
    begin_plan(p, shape, n, in);
    ad_nest_begin(&p->nest, shape);
    for (int i = 0; i < n; i++) {
        int64_t stride[AD_MAX_RANK];
        ad_row_strides(&in[i].shape, stride);
        ad_nest_add(&p->nest, &in[i].shape, stride);
        p->gathered |= ad_rows_of(&in[i], &in[i].shape) ? 0 : 1u << i;
    }
}

bool ad_rows_of(const ad_view *v, const ad_shape *shape)
{
    int64_t step = 1;
    if (v->shape.rank != shape->rank)
        return false;
    for (int i = shape->rank - 1; i >= 0; i--) {
        int64_t extent = shape->dim[i];
        if (v->shape.dim[i] != extent || (v->stride[i] != step && extent != 1))
            return false;
        step *= extent;
    }
    return true;
}

static bool single(const ad_shape *shape)
{
    for (int i = 0; i < shape->rank; i++)
        if (shape->dim[i] != 1)
            return false;
    return true;
}

/* The merging of axes would come to the same. */
bool ad_run_plan_row(ad_run_plan *p, const ad_shape *shape, int n, const ad_view *in)
{
    ad_nest *nest = &p->nest;
    begin_plan(p, shape, n, in);
    p->longest = INT64_MAX;
    nest->rank = 1;
    nest->streams = n;
    nest->row = 1;
    for (int i = 0; i < shape->rank; i++)
        nest->row *= shape->dim[i];
    nest->dim[0] = nest->row;
    for (int i = 0; i < n; i++) {
        bool repeats = single(&in[i].shape);
        if (!repeats && !ad_rows_of(&in[i], shape))
            return false;
        nest->step[i] = nest->stride[i][0] = !repeats;
        nest->offset[i] = 0;
        p->longest = repeats || p->widens ? AD_RUN : p->longest;
    }
    return nest->row > 0;
}

bool ad_run_plan_start(ad_run_plan *p, int64_t most)
{
    if (!ad_nest_start(&p->nest))
        return false;
    p->longest = most;
    for (int i = 0; i < p->n; i++)
        if (p->widens || (p->nest.step[i] != 1 && p->nest.row > 1))
            p->longest = AD_RUN;
    return true;
}

static bool widens(const ad_runs *r, int i)
{
    return r->plan.widens && r->plan.in[i].type == AD_F32;
}

static void widen(ad_runs *r, int i, size_t n, const void *numbers)
{
    ad_kernel_run(&ad_widened, r->plan.isa, sizeof(double), 0, n, &numbers, r->packed[i], false);
}

/* n numbers of operand i, side by side. */
static void pack(ad_runs *r, int i, size_t n, const char *from, int64_t step)
{
    size_t size = ad_type_size(r->plan.in[i].type);
    if (!widens(r, i)) {
        ad_strided_pack(size, n, from, step, r->packed[i]);
        return;
    }
    float numbers[AD_RUN];
    if (step != 1)
        ad_strided_pack(size, n, from, step, numbers);
    widen(r, i, n, step == 1 ? (const void *)from : numbers);
}

/* The same of a gathered operand, from the rows of its own nest. */
static void gather(ad_runs *r, int i)
{
    float numbers[AD_RUN];
    ad_run_reader *reader = &r->reader[i];
    const ad_nest *own = &reader->nest;
    int64_t size = (int64_t)ad_type_size(r->plan.in[i].type), some;
    char *to = widens(r, i) ? (void *)numbers : r->packed[i];
    for (int64_t left = r->length; left; left -= some, to += some * size) {
        if (reader->start == own->row) {
            ad_nest_next(&reader->nest);
            reader->start = 0;
        }
        some = left < own->row - reader->start ? left : own->row - reader->start;
        int64_t at = own->offset[0] + reader->start * own->step[0];
        ad_strided_pack((size_t)size, (size_t)some, (const char *)r->plan.in[i].data + at * size,
                        own->step[0], to);
        reader->start += some;
    }
    if (widens(r, i))
        widen(r, i, (size_t)r->length, numbers);
}

static void open_reader(ad_runs *r, int i, int64_t begin)
{
    const ad_view *v = &r->plan.in[i];
    ad_nest *own = &r->reader[i].nest;
    ad_nest_begin(own, r->plan.shape);
    ad_nest_add(own, &v->shape, v->stride);
    ad_nest_start(own);
    ad_nest_seek(own, begin / own->row);
    r->reader[i].start = begin % own->row;
}

static bool gathers(const ad_runs *r, int i)
{
    return r->plan.gathered >> i & 1;
}

static void begin_row(ad_runs *r)
{
    const ad_nest *nest = &r->plan.nest;
    for (int i = 0; i < r->plan.n; i++) {
        const ad_view *v = &r->plan.in[i];
        size_t size = ad_type_size(v->type);
        r->row[i] = (const char *)v->data + nest->offset[i] * (int64_t)size;
        size_t repeats = nest->row < AD_RUN ? (size_t)nest->row : AD_RUN;
        if (nest->step[i] == 0 && nest->row > 1 && !gathers(r, i))
            pack(r, i, repeats, r->row[i], 0);
    }
}

static void begin_run(ad_runs *r)
{
    const ad_nest *nest = &r->plan.nest;
    for (int i = 0; i < r->plan.n; i++) {
        size_t size = ad_type_size(r->plan.in[i].type);
        const char *from = r->row[i] + r->start * nest->step[i] * (int64_t)size;
        r->run[i] = r->packed[i];
        bool together = nest->step[i] == 1 || nest->row == 1;
        if (gathers(r, i))
            gather(r, i);
        else if (together && !widens(r, i))
            r->run[i] = from;
        else if (together || nest->step[i] != 0)
            pack(r, i, (size_t)r->length, from, together ? 1 : nest->step[i]);
    }
}

void ad_runs_open(ad_runs *r, const ad_run_plan *p, int64_t begin, int64_t end)
{
    r->plan = *p;
    r->at = begin;
    r->end = end;
    r->start = r->length = 0;
    r->run[AD_ENV] = p->env;
    for (int i = 0; i < p->n; i++)
        if (begin < end && gathers(r, i))
            open_reader(r, i, begin);
    if (begin == 0 && end > 0) {
        begin_row(r);
    } else if (begin < end) {
        ad_nest_seek(&r->plan.nest, begin / p->nest.row);
        r->start = begin % p->nest.row;
        begin_row(r);
    }
}

bool ad_runs_next(ad_runs *r)
{
    int64_t row = r->plan.nest.row;
    if (r->at >= r->end)
        return false;
    r->start += r->length;
    if (r->start == row) {
        ad_nest_next(&r->plan.nest);
        r->start = 0;
        begin_row(r);
    }
    r->length = row - r->start < r->plan.longest ? row - r->start : r->plan.longest;
    if (r->length > r->end - r->at)
        r->length = r->end - r->at;
    begin_run(r);
    r->at += r->length;
    return true;
}
