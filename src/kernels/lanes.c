/* Work on rows of numbers along one axis, many of them side by side. */
#include "kernels/lanes.h"

#include "base/workspace.h"
#include "kernels/axis.h"

enum { CHUNK = 1 << 14 }; /* numbers worth another thread */

typedef struct lanes_job {
    ad_lane_block *block, *base; /* base: for any number of lanes */
    int inputs;
    const ad_view *in;
    char *out;
    bool add;
    size_t size, n, step;
    size_t groups; /* of lanes, for each index before the axis */
    size_t all, chunk;
} lanes_job;

/* Lanes from number `at` on. */
static void run_lanes(const lanes_job *j, ad_lane_block *block, const ad_lanes *l, size_t at)
{
    const void *from[3];
    for (int i = 0; i < j->inputs; i++)
        from[i] = (const char *)j->in[i].data + at * j->size;
    block(l, from, j->out + at * j->size, j->add);
}

/* Group g: AD_LANES rows side by side, or one that lies together. */
static void run_group(const lanes_job *j, size_t g)
{
    size_t first = g % j->groups * AD_LANES, left = j->step - first;
    size_t at = g / j->groups * j->n * j->step + first;
    if (j->step == 1) {
        ad_lanes row = ad_lanes_of_row(j->n);
        run_lanes(j, j->block, &row, at);
        return;
    }
    size_t lanes = left < AD_LANES ? left : AD_LANES, few = lanes % AD_ROW_LANES;
    ad_lanes l = {.n = j->n, .lanes = lanes - few, .step = j->step};
    if (l.lanes)
        run_lanes(j, j->block, &l, at);
    l.lanes = few;
    if (few)
        run_lanes(j, j->base, &l, at + lanes - few);
}

static void run_chunk(void *user, size_t task, int worker)
{
    const lanes_job *j = user;
    size_t begin = task * j->chunk, left = j->all - begin;
    (void)worker;
    for (size_t g = begin; g < begin + (left < j->chunk ? left : j->chunk); g++)
        run_group(j, g);
}

void ad_lanes_map(ad_workspace *work, int axis, const ad_lane_blocks *blocks, int inputs,
                  const ad_view *in, const ad_array *out, bool add)
{
    ad_axis_split split = ad_split_axis(&out->shape, axis);
    const ad_lane_kernel *kernel = &blocks->of[out->type];
    lanes_job j = {.block = kernel->of[ad_work_isa(work)],
                   .base = kernel->of[AD_ISA_base],
                   .inputs = inputs,
                   .in = in,
                   .out = out->data,
                   .add = add,
                   .size = ad_type_size(out->type),
                   .n = split.extent,
                   .step = split.inner};
    j.groups = (j.step + AD_LANES - 1) / AD_LANES;
    j.all = j.n ? split.outer * j.groups : 0;
    if (!j.all)
        return;
    size_t numbers = j.n * (j.step < AD_LANES ? j.step : AD_LANES); /* of a group */
    j.chunk = numbers < CHUNK ? CHUNK / numbers : 1;
    ad_work_share(work, (j.all + j.chunk - 1) / j.chunk, run_chunk, &j);
}
