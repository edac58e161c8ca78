/* The product of a convolution that makes filters.
 *
 * Rows are the terms of a run, for which the numbers of big pixels lie together; the sum is over the small pixels,
 * block by block. Images come in chunks, as many whatever the threads are, with sums of their own. */
#include "kernels/convolution_lines.h"
#include "kernels/convolution_sight.h"

#include <string.h>

typedef struct job {
    const ad_filter_product *of;
    ad_pixels big, small;
    ad_sight sight,
        small_sight;      /* small pixels are copied where their channels do not fill vectors */
    int64_t *line;        /* where the lines of a block begin */
    int64_t lines, width; /* of a block */
    int64_t channels, columns; /* of the sums: what is wanted, and whole vectors of it */
    int64_t images, chunks;    /* images: of a chunk */
    bool by_channel;
    char *sums, *room;
    size_t sum_bytes, room_bytes, copy_bytes; /* of a chunk; of a thread, and what begins it */
} job;

/* ---- tasks ----------------------------------------------------------------------------- */

static void multiply_runs(const job *j, const ad_block_of_results *b, const char *big,
                          const char *small, char *sums)
{
    const ad_sight *s = &j->sight;
    int64_t size = (int64_t)j->big.size, most = 2 * j->of->kernel->lanes;
    ad_tile_product q = {.rows = s->length,
                         .a_row = 1,
                         .a_term = s->phase[2].source_step * s->pixel,
                         .b_term = j->small_sight.pixel,
                         .c_row = j->columns,
                         .run = j->line,
                         .runs = b->count[1],
                         .length = b->count[2],
                         .add = true};
    for (int64_t k = 0; k < j->columns; k += most) {
        q.columns = j->columns - k < most ? j->columns - k : most;
        q.b = small + k * size;
        for (int64_t r = 0; r < s->runs; r++) {
            q.a = big + s->run[r] * size;
            q.c = sums + (r * s->length * j->columns + k) * size;
            j->of->kernel->multiply(&q);
        }
    }
}

static void sum_channels(const job *j, const ad_block_of_results *b, const char *big,
                         const char *small, char *sums)
{
    const ad_sight *s = &j->sight;
    int64_t size = (int64_t)j->big.size;
    ad_channel_sum q = {.rows = b->count[2],
                        .columns = j->columns,
                        .c = sums,
                        .a_row = s->phase[2].source_step * s->pixel,
                        .b_row = j->small_sight.pixel,
                        .c_row = j->columns,
                        .run = s->run,
                        .runs = s->runs};
    for (int64_t i = 0; i < b->count[1]; i++) {
        q.a = big + j->line[i] * size;
        q.b = small + i * j->small_sight.line * size;
        j->of->kernel->sum_channels(&q);
    }
}

static void add_block(const job *j, ad_block_of_results b, char *room, char *sums)
{
    int64_t groups = j->by_channel ? 1 : j->of->form->groups;
    size_t of_group = (size_t)(j->sight.taps * j->big.channels * j->columns) * j->big.size;
    for (b.group = 0; b.group < groups; b.group++, sums += of_group) {
        const char *big = ad_see(&j->sight, &j->big, &b, room);
        const char *small = ad_see(&j->small_sight, &j->small, &b, room + j->copy_bytes);
        if (j->by_channel)
            sum_channels(j, &b, big, small, sums);
        else
            multiply_runs(j, &b, big, small, sums);
    }
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static void add_image(const job *j, int64_t image, char *room, char *sums)
{
    const ad_phase *p = j->sight.phase;
    ad_block_of_results b = {.image = image, .count = {1}};
    for (b.begin[0] = 0; b.begin[0] < p[0].count; b.begin[0]++)
        for (b.begin[1] = 0; b.begin[1] < p[1].count; b.begin[1] += j->lines)
            for (b.begin[2] = 0; b.begin[2] < p[2].count; b.begin[2] += j->width) {
                b.count[1] = least(j->lines, p[1].count - b.begin[1]);
                b.count[2] = least(j->width, p[2].count - b.begin[2]);
                add_block(j, b, room, sums);
            }
}

static void run_chunk(void *user, size_t task, int worker)
{
    const job *j = user;
    char *sums = j->sums + task * j->sum_bytes, *room = j->room + (size_t)worker * j->room_bytes;
    int64_t first = (int64_t)task * j->images;
    int64_t end = least(first + j->images, j->of->form->images);
    memset(sums, 0, j->sum_bytes);
    for (int64_t i = first; i < end; i++)
        add_image(j, i, room, sums);
}

/* ---- the end ------------------------------------------------------------------------------ */

static void write_tap(const job *j, const char *sums, char *to)
{
    const ad_convolution_form *f = j->of->form;
    int64_t size = (int64_t)j->big.size, each = j->channels / f->groups;
    int64_t step = f->big_channels > 1 ? f->big_step : f->small_step;
    for (int64_t i = 0; j->by_channel && i < each; i++)
        j->of->kernel->copy(f->groups, sums + i * size, each, to + i * step * size, f->group_step,
                            j->of->add);
    for (int64_t c = 0; !j->by_channel && c < f->big_channels; c++)
        j->of->kernel->copy(j->channels, sums + c * j->columns * size, 1,
                            to + c * f->big_step * size, f->small_step, j->of->add);
}

static void write_filters(const job *j)
{
    const ad_convolution_form *f = j->of->form;
    int64_t size = (int64_t)j->big.size, groups = j->by_channel ? 1 : f->groups;
    int64_t rows = j->by_channel ? 1 : f->big_channels;
    const char *sums = j->sums;
    for (int64_t k = 1; k < j->chunks; k++)
        j->of->kernel->copy((int64_t)j->sum_bytes / size, j->sums + (size_t)k * j->sum_bytes, 1,
                            j->sums, 1, true);
    for (int64_t g = 0; g < groups; g++)
        for (int64_t tap = 0; tap < j->sight.taps; tap++, sums += rows * j->columns * size)
            write_tap(j, sums,
                      (char *)j->of->filters + (g * f->group_step + tap * f->tap_step) * size);
}

/* ---- plans --------------------------------------------------------------------------------- */

static void plan_channels(job *j)
{
    int64_t lanes = j->of->kernel->lanes;
    bool wider = j->big.all > j->small.all;
    j->by_channel = ad_is_by_channel(j->of->form);
    j->channels = j->by_channel ? wider ? j->big.all : j->small.all : j->small.channels;
    j->columns = ad_up_to_multiple(j->channels, lanes);
}

static void plan_sights(job *j)
{
    ad_sight *s = &j->sight, *t = &j->small_sight;
    bool whole = j->columns == j->channels;
    for (int k = 0; k < AD_SPACE; k++) {
        s->phase[k] = ad_phase_to_small(&j->of->form->axis[k]);
        t->phase[k] = (ad_phase){
            .step = 1, .count = s->phase[k].count, .source_step = 1, .tap_step = 1, .taps = 1};
    }
    s->kernel = t->kernel = j->of->kernel;
    s->by_taps = j->by_channel;
    s->repeat = j->by_channel ? j->channels / j->big.all : 1;
    t->repeat = j->by_channel ? j->channels / j->small.all : 1;
    s->pixel = j->by_channel ? j->columns : j->big.channels;
    t->pixel = j->columns;
    s->in_place = ad_sees_inside(s->phase, &j->big) && s->repeat == 1 && (!j->by_channel || whole);
    t->in_place = t->repeat == 1 && whole;
    j->lines = s->phase[1].count;
    j->width = s->phase[2].count;
    ad_sight_fit(s, j->big.size, &j->lines, &j->width);
}

/* So few that their sums take little room. */
static void plan_chunks(job *j)
{
    enum { MOST = 8, MOST_BYTES = 1 << 22 };
    int64_t images = j->of->form->images, fit = MOST_BYTES / (int64_t)(j->sum_bytes + 1) + 1;
    int64_t chunks = least(least(images, MOST), fit);
    j->images = (images + chunks - 1) / chunks;
    j->chunks = (images + j->images - 1) / j->images;
}

static bool plan_lines(ad_workspace *work, job *j)
{
    const ad_window *w = j->of->form->axis;
    int64_t taps = w[0].taps * w[1].taps * w[2].taps;
    int64_t *run = ad_scratch(work, (size_t)(taps + 1) * sizeof *run), small_run[2];
    j->line = ad_scratch(work, (size_t)(j->lines + 1) * sizeof *j->line);
    if (!run || !j->line)
        return false;
    ad_sight_plan(&j->sight, &j->big, j->lines, j->width, run);
    ad_sight_plan(&j->small_sight, &j->small, j->lines, j->width, small_run);
    j->small_sight.run = NULL;
    for (int64_t i = 0; i <= j->lines; i++)
        j->line[i] = i * j->sight.phase[1].source_step * j->sight.line;
    return true;
}

static bool plan_room(ad_workspace *work, job *j)
{
    const ad_sight *s = &j->sight, *t = &j->small_sight;
    size_t size = j->big.size, sight = ad_sight_bytes(s, size, j->lines, j->width);
    size_t small = ad_sight_bytes(t, size, j->lines, j->width);
    int64_t groups = j->by_channel ? 1 : j->of->form->groups;
    int64_t rows = j->by_channel ? s->taps : groups * s->taps * j->big.channels;
    j->sum_bytes = (size_t)(rows * j->columns) * size;
    plan_chunks(j);
    j->copy_bytes = s->in_place ? 0 : (size_t)ad_up_to_multiple((int64_t)sight, AD_ALIGNMENT);
    j->room_bytes = j->copy_bytes;
    if (!t->in_place)
        j->room_bytes += (size_t)ad_up_to_multiple((int64_t)small, AD_ALIGNMENT);
    j->sums = ad_scratch(work, (size_t)j->chunks * j->sum_bytes);
    j->room = ad_scratch(work, (size_t)ad_work_threads(work) * j->room_bytes + 1);
    return j->sums && j->room;
}

void ad_convolve_filters(ad_workspace *work, const ad_filter_product *l)
{
    job j = {.of = l,
             .big = ad_big_pixels(l->form, l->big),
             .small = ad_small_pixels(l->form, l->small)};
    ad_arena_mark start = ad_arena_here(work->arena);
    plan_channels(&j);
    plan_sights(&j);
    if (plan_lines(work, &j) && plan_room(work, &j)) {
        ad_work_share(work, (size_t)j.chunks, run_chunk, &j);
        write_filters(&j);
    }
    ad_arena_return(work->arena, start);
}
