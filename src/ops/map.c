/* Elementwise work over broadcast, strided operands. */
#include "ops/kernel.h"

#include "core/share.h"
#include "ops/runs.h"

enum { CHUNK = 1 << 14 }; /* elements worth another thread */

/* Whether all operands are the numbers of the shape, one beside the other. */
static bool one_run(const ad_shape *shape, int n, const ad_view *in, size_t *count)
{
    if (ad_shape_count(shape, count) != AD_OK || *count == 1)
        return *count == 1;
    for (int i = 0; i < n; i++)
        if (!ad_shape_equal(shape, &in[i].shape) || !ad_view_is_contiguous(&in[i]))
            return false;
    return *count > 0;
}

typedef struct map_job {
    ad_run_plan plan;
    ad_block *block;
    size_t size;
    char *out;
    bool add;
    int64_t count, chunk;
} map_job;

static void map_chunk(void *user, size_t task, int worker)
{
    ad_runs r;
    const map_job *j = user;
    int64_t begin = (int64_t)task * j->chunk;
    (void)worker;
    ad_runs_open(&r, &j->plan, begin, j->count - begin < j->chunk ? j->count : begin + j->chunk);
    char *to = j->out + (size_t)begin * j->size;
    while (ad_runs_next(&r)) {
        j->block((size_t)r.length, r.run, to, j->add);
        to += (size_t)r.length * j->size;
    }
}

void ad_map(ad_workspace *work, const ad_shape *shape, const ad_kernel *kernel, int n,
            const ad_view *in, size_t size, void *out, bool add)
{
    map_job j = {.block = kernel->of[ad_work_isa(work)], .size = size, .out = out, .add = add};
    size_t count = 0;
    bool simple = one_run(shape, n, in, &count);
    bool alone = count < 2 * CHUNK || ad_work_threads(work) == 1;
    if (simple && alone) {
        const void *runs[AD_MAX_STREAMS];
        for (int i = 0; i < n; i++)
            runs[i] = in[i].data;
        j.block(count, runs, out, add);
        return;
    }
    ad_run_plan_begin(&j.plan, shape, n, in);
    if (!ad_run_plan_start(&j.plan, INT64_MAX))
        return;
    j.count = (int64_t)count;
    j.chunk = alone ? j.count : CHUNK;
    ad_work_share(work, (size_t)((j.count + j.chunk - 1) / j.chunk), map_chunk, &j);
}

AD_KERNEL(itself_f32, float, AD_IN(float, 0))
AD_KERNEL(itself_f64, double, AD_IN(double, 0))
const ad_blocks ad_itself = AD_BLOCKS(itself);

void ad_map_into(ad_workspace *work, const ad_shape *shape, const ad_blocks *blocks, int n,
                 const ad_view *in, const ad_array *out, bool add)
{
    const ad_kernel *kernel = &blocks->of[out->type];
    if (ad_shape_equal(shape, &out->shape)) {
        ad_map(work, shape, kernel, n, in, ad_type_size(out->type), out->data, add);
        return;
    }
    double *sums = ad_map_sum(work, shape, kernel, n, in, out->type, &out->shape);
    if (sums)
        ad_store_sums(ad_array_count(out), sums, out->type, out->data, add);
}
