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
    const ad_kernel *kernel;
    ad_isa isa;
    size_t size;
    char *out;
    bool add;
    bool narrows; /* the kernel's f64 results to f32 */
    int64_t count, chunk;
} map_job;

static void run_kernel(const map_job *j, size_t n, const void *const *in, void *out)
{
    double room[AD_RUN];
    const void *results = room;
    if (!j->narrows) {
        ad_kernel_run(j->kernel, j->isa, j->size, 0, n, in, out, j->add);
        return;
    }
    ad_kernel_run(j->kernel, j->isa, sizeof *room, 0, n, in, room, false);
    ad_kernel_run(&ad_narrowed, j->isa, j->size, 0, n, &results, out, j->add);
}

static void map_chunk(void *user, size_t task, int worker)
{
    ad_runs r;
    const map_job *j = user;
    int64_t begin = (int64_t)task * j->chunk;
    (void)worker;
    ad_runs_open(&r, &j->plan, begin, j->count - begin < j->chunk ? j->count : begin + j->chunk);
    char *to = j->out + (size_t)begin * j->size;
    while (ad_runs_next(&r)) {
        run_kernel(j, (size_t)r.length, r.run, to);
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

void ad_map_with(ad_workspace *work, const ad_shape *shape, const ad_kernel *kernel,
                 const void *env, int n, const ad_view *in, size_t size, void *out, bool add)
{
    size_t count = 1;
    map_job j;
    const void *runs[AD_MAX_VIEWS];
    for (int i = 0; i < shape->rank; i++)
        count *= (size_t)shape->dim[i];
    for (int i = 0; i < n; i++)
        runs[i] = in[i].data;
    runs[AD_ENV] = env;
    if (one_run(shape, n, in, count) && ad_map_run(work, kernel, size, count, runs, out, add))
        return;
    j.plan.widens = false;
    j.kernel = kernel;
    j.isa = ad_work_isa(work);
    j.size = size;
    j.out = out;
    j.add = add;
    j.narrows = false;
    j.count = (int64_t)count;
    map_chunks(work, shape, &j, env, n, in);
}

void ad_map(ad_workspace *work, const ad_shape *shape, const ad_kernel *kernel, int n,
            const ad_view *in, size_t size, void *out, bool add)
{
    ad_map_with(work, shape, kernel, NULL, n, in, size, out, add);
}

void ad_map_f64(ad_workspace *work, const ad_shape *shape, const ad_kernel *kernel, int n,
                const ad_view *in, const ad_array *out, bool add)
{
    ad_isa isa = ad_work_isa(work);
    map_job j = {.plan = {.widens = in[0].type == AD_F32, .isa = isa},
                 .kernel = kernel,
                 .isa = isa,
                 .size = ad_type_size(out->type),
                 .out = out->data,
                 .add = add,
                 .narrows = out->type == AD_F32,
                 .count = (int64_t)ad_array_count(out)};
    map_chunks(work, shape, &j, NULL, n, in);
}

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
