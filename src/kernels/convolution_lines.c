/* The products of a convolution that make pixels.
 *
 * Results are grouped by phases: those of one see the source through the same taps. For each choice of phases the
 * filters are packed once, in panels of two vectors, with the terms in the order in which their pixels lie. A task is
 * a block of lines of an image. It copies what the block sees, unless that lies together where it is, and goes
 * through it panel by panel, so that both stay in the cache. */
#include "kernels/convolution_lines.h"

#include "kernels/convolution_sight.h"

#include <string.h>

/* A choice of phases. */
typedef struct view {
    ad_sight sight;
    char *filters; /* packed */
    bool dots;     /* by dot products along the terms */
} view;

typedef struct job {
    const ad_pixel_product *of;
    ad_pixels x, y;
    ad_phase *phase[AD_SPACE];
    int64_t phases[AD_SPACE];
    view *views;
    int64_t lines, width; /* of a block */
    int64_t down, across; /* blocks */
    bool by_channel;
    int64_t channels, padded; /* by channel: of the products, and whole vectors of them */
    char *room;
    size_t room_bytes, copy_bytes; /* of a thread, and what begins it */
} job;

static char *result_at(const job *j, int64_t element)
{
    return (char *)j->of->y + (size_t)element * j->y.size;
}

/* ---- filters --------------------------------------------------------------------------- */

/* The numbers of a filter that belong to a term of a sight, counted from 0, of which there are `channels` a tap. */
static const char *filter_at(const job *j, const ad_sight *s, int64_t tap)
{
    const ad_convolution_form *f = j->of->form;
    const ad_phase *p = s->phase;
    int64_t along = tap % p[2].taps, line = tap / p[2].taps % p[1].taps;
    int64_t slice = tap / p[2].taps / p[1].taps;
    int64_t place = p[0].tap + p[0].tap_step * slice;
    place = place * f->axis[1].taps + p[1].tap + p[1].tap_step * line;
    place = place * f->axis[2].taps + p[2].tap + p[2].tap_step * along;
    return (const char *)j->of->filters + (size_t)(place * f->tap_step) * j->x.size;
}

/* Columns of a product, whole vectors. */
static int64_t padded_columns(const job *j)
{
    return ad_up_to_multiple(j->y.channels, j->of->kernel->lanes);
}

static size_t packed_bytes(const job *j, const ad_sight *s)
{
    int64_t numbers = j->by_channel
                          ? s->taps * j->padded
                          : j->of->form->groups * s->taps * j->x.channels * padded_columns(j);
    return (size_t)numbers * j->x.size;
}

/* A panel of the filters of a group: rows are terms. */
static char *pack_panel(const job *j, const ad_sight *s, int64_t group, int64_t column,
                        int64_t width, char *to)
{
    const ad_convolution_form *f = j->of->form;
    int64_t row_step = j->of->back ? f->small_step : f->big_step;
    int64_t step = j->of->back ? f->big_step : f->small_step;
    int64_t size = (int64_t)j->x.size, left = j->y.channels - column;
    int64_t some = left < width ? left : width;
    for (int64_t tap = 0; tap < s->taps; tap++) {
        const char *from = filter_at(j, s, tap) + (group * f->group_step + column * step) * size;
        for (int64_t c = 0; c < j->x.channels; c++, to += width * size) {
            j->of->kernel->copy(some, from + c * row_step * size, step, to, 1, false);
            memset(to + some * size, 0, (size_t)((width - some) * size));
        }
    }
    return to;
}

static int64_t panel_width(const job *j, int64_t column)
{
    int64_t left = padded_columns(j) - column, most = 2 * j->of->kernel->lanes;
    return left < most ? left : most;
}

/* By channel: the filters of a tap, in the order of the channels that have several of the others. */
static char *pack_channels(const job *j, const ad_sight *s, int64_t tap, char *to)
{
    const ad_convolution_form *f = j->of->form;
    int64_t each = j->channels / f->groups, size = (int64_t)j->x.size;
    int64_t step = f->big_channels > 1 ? f->big_step : f->small_step;
    for (int64_t i = 0; i < each; i++)
        j->of->kernel->copy(f->groups, filter_at(j, s, tap) + i * step * size, f->group_step,
                            to + i * size, each, false);
    memset(to + j->channels * size, 0, (size_t)((j->padded - j->channels) * size));
    return to + j->padded * size;
}

/* The filters of a group for dot products. */
static char *pack_dots(const job *j, const ad_sight *s, int64_t group, char *to)
{
    const ad_convolution_form *f = j->of->form;
    int64_t row_step = j->of->back ? f->small_step : f->big_step;
    int64_t step = j->of->back ? f->big_step : f->small_step;
    int64_t size = (int64_t)j->x.size, lanes = j->of->kernel->lanes;
    for (int64_t tap = 0; tap < s->taps; tap++) {
        const char *from = filter_at(j, s, tap) + group * f->group_step * size;
        for (int64_t c = 0; c < j->x.channels; c += lanes)
            for (int64_t k = 0; k < j->y.channels; k++, to += lanes * size)
                j->of->kernel->copy(lanes, from + (c * row_step + k * step) * size, row_step, to, 1,
                                    false);
    }
    return to;
}

static void pack(const job *j, const view *v)
{
    char *to = v->filters;
    for (int64_t tap = 0; j->by_channel && tap < v->sight.taps; tap++)
        to = pack_channels(j, &v->sight, tap, to);
    for (int64_t g = 0; v->dots && g < j->of->form->groups; g++)
        to = pack_dots(j, &v->sight, g, to);
    for (int64_t g = 0; !v->dots && !j->by_channel && g < j->of->form->groups; g++)
        for (int64_t k = 0, width; k < j->y.channels; k += width) {
            width = panel_width(j, k);
            to = pack_panel(j, &v->sight, g, k, width, to);
        }
}

/* ---- tasks ----------------------------------------------------------------------------- */

/* The first number of a line of results, of a group's channels. */
static int64_t line_of(const job *j, const ad_phase *p, const ad_block_of_results *b, int64_t line)
{
    int64_t at = b->image;
    for (int k = 0; k < AD_SPACE; k++) {
        int64_t i = b->begin[k] + (k == 1 ? line : 0);
        at = at * j->y.extent[k] + p[k].first + p[k].step * i;
    }
    return at * j->y.all + b->group * j->y.channels;
}

static void multiply_panel(const job *j, const view *v, const ad_block_of_results *b,
                           const char *seen, int64_t column, ad_tile_product *q)
{
    const ad_sight *s = &v->sight;
    const ad_phase *p = s->phase;
    for (int64_t i = 0; i < b->count[1]; i++) {
        q->a = seen + (size_t)(i * p[1].source_step * s->line) * j->x.size;
        q->c = result_at(j, line_of(j, p, b, i) + column);
        (v->dots ? j->of->kernel->multiply_dots : j->of->kernel->multiply)(q);
    }
}

static void multiply_lines(const job *j, const view *v, const ad_block_of_results *b,
                           const char *seen)
{
    const ad_sight *s = &v->sight;
    const ad_phase *p = s->phase;
    int64_t terms = s->taps * j->x.channels, size = (int64_t)j->x.size;
    int64_t columns = v->dots ? j->y.channels : padded_columns(j);
    const char *filters = v->filters + b->group * terms * columns * size;
    ad_tile_product q = {.rows = b->count[2],
                         .a_row = p[2].source_step * s->pixel,
                         .a_term = 1,
                         .c_row = p[2].step * j->y.all,
                         .run = s->run,
                         .runs = s->runs,
                         .length = s->length,
                         .add = j->of->add};
    for (int64_t k = 0; k < j->y.channels; k += q.b_term) {
        q.b_term = v->dots ? columns : panel_width(j, k);
        q.columns = j->y.channels - k < q.b_term ? j->y.channels - k : q.b_term;
        q.b = filters;
        filters += terms * q.b_term * size;
        multiply_panel(j, v, b, seen, k, &q);
    }
}

/* By channel. Where a channel of the result has several of the source, their products are summed apart. */
static void multiply_channels(const job *j, const view *v, const ad_block_of_results *b,
                              const char *seen, char *apart)
{
    const ad_sight *s = &v->sight;
    const ad_phase *p = s->phase;
    int64_t each = j->channels / j->y.channels, step = p[2].step * j->y.all;
    ad_channel_product q = {.rows = b->count[2],
                            .columns = j->channels,
                            .b = v->filters,
                            .c = apart,
                            .a_row = p[2].source_step * s->pixel,
                            .b_row = j->padded,
                            .c_row = each > 1 ? j->channels : step,
                            .run = s->run,
                            .runs = s->runs,
                            .add = j->of->add && each == 1};
    for (int64_t i = 0; i < b->count[1]; i++) {
        int64_t line = line_of(j, p, b, i);
        q.a = seen + (size_t)(i * p[1].source_step * s->line) * j->x.size;
        if (each == 1)
            q.c = result_at(j, line);
        j->of->kernel->multiply_channels(&q);
        for (int64_t k = 0; each > 1 && k < q.rows; k++)
            j->of->kernel->fold(j->y.channels, each, apart + (size_t)(k * j->channels) * j->x.size,
                                result_at(j, line + k * step), j->of->add);
    }
}

static void follow(const job *j, const ad_phase *p, ad_block_of_results b)
{
    b.group = 0;
    for (int64_t i = 0; j->of->then && i < b.count[1]; i++) {
        int64_t pixel = line_of(j, p, &b, i) / j->y.all;
        j->of->then->run(j->of->then->user, pixel, pixel + b.count[2]);
    }
}

static void run_view(const job *j, const view *v, ad_block_of_results b, char *room)
{
    const ad_phase *p = v->sight.phase;
    for (int k = 1; k < AD_SPACE; k++)
        if ((b.count[k] =
                 b.count[k] < p[k].count - b.begin[k] ? b.count[k] : p[k].count - b.begin[k]) <= 0)
            return;
    int64_t groups = j->by_channel ? 1 : j->of->form->groups;
    for (b.begin[0] = 0; b.begin[0] < p[0].count; b.begin[0]++) {
        for (b.group = 0; b.group < groups; b.group++) {
            const char *seen = ad_see(&v->sight, &j->x, &b, room);
            if (j->by_channel)
                multiply_channels(j, v, &b, seen, room + j->copy_bytes);
            else
                multiply_lines(j, v, &b, seen);
        }
        follow(j, p, b);
    }
}

static int64_t count_views(const job *j)
{
    return j->phases[0] * j->phases[1] * j->phases[2];
}

static void run_task(void *user, size_t task, int worker)
{
    const job *j = user;
    int64_t block = (int64_t)task / j->across % j->down;
    ad_block_of_results b = {.image = (int64_t)task / j->across / j->down,
                             .begin = {0, block * j->lines, (int64_t)task % j->across * j->width},
                             .count = {1, j->lines, j->width}};
    for (int64_t i = 0; i < count_views(j); i++)
        run_view(j, &j->views[i], b, j->room + (size_t)worker * j->room_bytes);
}

/* ---- plans ------------------------------------------------------------------------------- */

static bool plan_phases(ad_workspace *work, job *j)
{
    for (int k = 0; k < AD_SPACE; k++) {
        const ad_window *w = &j->of->form->axis[k];
        int64_t most = j->of->back ? ad_count_phases(w) : 1;
        j->phase[k] = ad_scratch(work, (size_t)most * sizeof(ad_phase));
        if (!j->phase[k])
            return false;
        if (!j->of->back)
            *j->phase[k] = ad_phase_to_small(w);
        j->phases[k] = j->of->back ? ad_phases_to_big(w, j->phase[k]) : 1;
    }
    return true;
}

static void plan_channels(job *j)
{
    int64_t lanes = j->of->kernel->lanes;
    j->by_channel = ad_is_by_channel(j->of->form);
    j->channels = j->x.all > j->y.all ? j->x.all : j->y.all;
    j->padded = ad_up_to_multiple(j->channels, lanes);
}

/* The phases of a view, and how its pixels are seen: as far as no block is needed. */
static void begin_sight(const job *j, int64_t at, ad_sight *s)
{
    for (int k = AD_SPACE - 1; k >= 0; k--) {
        s->phase[k] = j->phase[k][at % j->phases[k]];
        at /= j->phases[k];
    }
    s->kernel = j->of->kernel;
    s->by_taps = j->by_channel;
    s->repeat = j->by_channel ? j->channels / j->x.channels : 1;
    s->pixel = j->by_channel ? j->padded : j->x.channels;
    s->in_place = ad_sees_inside(s->phase, &j->x) && s->repeat == 1 &&
                  (!j->by_channel || j->padded == j->channels);
}

/* Blocks that suit all views. */
static void plan_blocks(job *j)
{
    int64_t most[AD_SPACE] = {0};
    for (int k = 1; k < AD_SPACE; k++)
        for (int64_t i = 0; i < j->phases[k]; i++)
            if (j->phase[k][i].count > most[k])
                most[k] = j->phase[k][i].count;
    j->lines = most[1];
    j->width = most[2];
    for (int64_t i = 0; i < count_views(j); i++)
        ad_sight_fit(&j->views[i].sight, j->x.size, &j->lines, &j->width);
    j->down = (most[1] + j->lines - 1) / j->lines;
    j->lines = (most[1] + j->down - 1) / j->down;
    j->across = (most[2] + j->width - 1) / j->width;
}

/* Whether dot products multiply less than vectors that are mostly idle. */
static bool dots_are_less(const job *j, const ad_sight *s)
{
    enum { SUM = 8 }; /* what the sum across a vector takes */
    int64_t lanes = j->of->kernel->lanes, terms = s->taps * j->x.channels;
    return !j->by_channel && j->x.channels % lanes == 0 && j->y.channels < lanes &&
           j->y.channels * (terms / lanes + SUM) < terms;
}

static bool plan_view(ad_workspace *work, job *j, view *v)
{
    ad_sight *s = &v->sight;
    int64_t taps = s->phase[0].taps * s->phase[1].taps * s->phase[2].taps;
    int64_t *run = ad_scratch(work, (size_t)(taps + 1) * sizeof *run);
    if (!run)
        return false;
    ad_sight_plan(s, &j->x, j->lines, j->width, run);
    v->dots = dots_are_less(j, s);
    v->filters = ad_scratch(work, packed_bytes(j, s));
    if (!v->filters)
        return false;
    pack(j, v);
    size_t bytes = s->in_place ? 0 : ad_sight_bytes(s, j->x.size, j->lines, j->width);
    j->copy_bytes = bytes > j->copy_bytes ? bytes : j->copy_bytes;
    return true;
}

static bool plan_views(ad_workspace *work, job *j)
{
    int64_t count = count_views(j);
    j->views = ad_scratch(work, (size_t)count * sizeof *j->views);
    if (!j->views)
        return false;
    for (int64_t i = 0; i < count; i++)
        begin_sight(j, i, &j->views[i].sight);
    plan_blocks(j);
    for (int64_t i = 0; i < count; i++)
        if (!plan_view(work, j, &j->views[i]))
            return false;
    return true;
}

static bool plan_room(ad_workspace *work, job *j)
{
    size_t line = j->by_channel ? (size_t)(j->width * j->channels) * j->x.size : 0;
    j->copy_bytes = (size_t)ad_up_to_multiple((int64_t)j->copy_bytes, AD_ALIGNMENT);
    j->room_bytes = (size_t)ad_up_to_multiple((int64_t)(j->copy_bytes + line), AD_ALIGNMENT);
    j->room = ad_scratch(work, (size_t)ad_work_threads(work) * j->room_bytes + 1);
    return j->room != NULL;
}

/* Pixels between the taps of a stride wider than the filters, which no product reaches. */
static void clear_gaps(const job *j)
{
    bool gaps = false;
    int64_t numbers = j->of->form->images * j->y.all;
    for (int k = 0; k < AD_SPACE; k++) {
        int64_t stride = j->of->form->axis[k].stride, extent = j->y.extent[k];
        gaps |= j->of->back && j->phases[k] < (stride < extent ? stride : extent);
        numbers *= extent;
    }
    if (gaps && !j->of->add)
        memset(j->of->y, 0, (size_t)numbers * j->y.size);
}

void ad_convolve_lines(ad_workspace *work, const ad_pixel_product *l)
{
    const ad_convolution_form *f = l->form;
    job j = {.of = l,
             .x = l->back ? ad_small_pixels(f, l->x) : ad_big_pixels(f, l->x),
             .y = l->back ? ad_big_pixels(f, l->y) : ad_small_pixels(f, l->y)};
    ad_arena_mark start = ad_arena_here(work->arena);
    plan_channels(&j);
    if (plan_phases(work, &j)) {
        clear_gaps(&j);
        if (count_views(&j) > 0 && plan_views(work, &j) && plan_room(work, &j))
            ad_work_share(work, (size_t)(f->images * j.down * j.across), run_task, &j);
    }
    ad_arena_return(work->arena, start);
}
