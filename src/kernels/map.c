/* Elementwise work over broadcast, strided operands. */
#include "kernels/kernel.h"

#include "base/memory.h"
#include "kernels/runs.h"

enum { CHUNK = AD_MAP_ALONE / 2 }; /* elements worth another thread */

/* Whether all operands are the numbers of the shape, one beside the other. */
static bool one_run(const ad_shape *shape, int n, const ad_view *in, size_t count)
{
    for (int i = 0; count != 1 && i < n; i++)
        if (!ad_rows_of(&in[i], shape))
            return false;
    return count > 0;
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

static AD_APART void map_chunks(ad_workspace *work, const ad_shape *shape, map_job *j,
                                const void *env, int n, const ad_view *in)
{
    bool alone = j->count < AD_MAP_ALONE || ad_work_threads(work) == 1;
    j->chunk = alone ? j->count : CHUNK;
    if (!ad_run_plan_row(&j->plan, shape, n, in)) {
        ad_run_plan_begin(&j->plan, shape, n, in);
        if (!ad_run_plan_start(&j->plan, INT64_MAX))
            return;
    }
    j->plan.env = env;
    ad_work_share(work, (size_t)((j->count + j->chunk - 1) / j->chunk), map_chunk, j);
}

void ad_map_block(ad_workspace *work, const ad_shape *shape, ad_block *block, const void *env,
                  int n, const ad_view *in, size_t size, void *out, bool add)
{
    size_t count = 1;
    map_job j;
    const void *runs[AD_MAX_VIEWS];
    for (int i = 0; i < shape->rank; i++)
        count *= (size_t)shape->dim[i];
    for (int i = 0; i < n; i++)
        runs[i] = in[i].data;
    runs[AD_ENV] = env;
    if (count < AD_MAP_ALONE && one_run(shape, n, in, count)) {
        block(count, runs, out, add);
        return;
    }
    j.block = block;
    j.size = size;
    j.out = out;
    j.add = add;
    j.count = (int64_t)count;
    map_chunks(work, shape, &j, env, n, in);
}

void ad_map(ad_workspace *work, const ad_shape *shape, const ad_kernel *kernel, int n,
            const ad_view *in, size_t size, void *out, bool add)
{
    ad_map_block(work, shape, kernel->of[ad_work_isa(work)], NULL, n, in, size, out, add);
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
