/* Pooling.
 *
 * Results come in lines, and those in stretches that see alike: for each tap one loop goes over the pixels of a
 * stretch and their channels. Threads share lines on the way to results, and images on the way back. */
#include "kernels/pooling.h"

#include "kernels/kernel.h"

#include <string.h>

/* ---- loops ------------------------------------------------------------------------------ */

/* Pixels with their channels. Those of results, and their taps, lie together; those of x `step` numbers apart. Where there
 * is no x or are no taps, y stands for them. */
typedef struct stretch {
    int64_t pixels, channels, step, tap, count; /* count: of all taps that are seen */
    const void *x, *filter;                     /* of the tap; filter: or NULL */
    const void *y, *taps;
} stretch;

typedef void loop(const stretch *s);

typedef struct loops {
    loop *first, *better, *first_sum, *better_sum;     /* to y and taps */
    loop *pick, *pick_filter, *unpick, *unpick_filter; /* to y; to x, to the filter */
    loop *copy, *add, *divide, *quotient, *unadd;      /* to y; quotient and unadd to x */
} loops;

/* The body is what happens to one number: f of the filter, x, y, and its tap t. */
#define LOOP_FOR(isa, name, T, I, ...)                          \
    AD_TARGET_##isa static void name##_##isa(const stretch *s)  \
    {                                                           \
        const int64_t n = s->channels;                          \
        const I tap = (I)s->tap;                                \
        const T count = (T)s->count;                            \
        T *restrict f = (T *)(uintptr_t)s->filter;              \
        (void)f, (void)tap, (void)count;                        \
        for (int64_t k = 0; k < s->pixels; k++) {               \
            T *restrict x = (T *)(uintptr_t)s->x + k * s->step; \
            T *restrict y = (T *)(uintptr_t)s->y + k * n;       \
            I *restrict t = (I *)(uintptr_t)s->taps + k * n;    \
            (void)x, (void)y, (void)t;                          \
            for (int64_t i = 0; i < n; i++) {                   \
                __VA_ARGS__;                                    \
            }                                                   \
        }                                                       \
    }
#define LOOP(name, T, I, ...) AD_EACH_ISA(LOOP_FOR, name, T, I, __VA_ARGS__)

#define BETTER(T, I, value)                                  \
    const T v = value, old = y[i];                           \
    const bool wins = (v > old) | ((v != v) & (old == old)); \
    y[i] = wins ? v : old;                                   \
    t[i] = wins ? tap : t[i]

#define LOOPS(s, T, I)                                            \
    LOOP(first_##s, T, I, y[i] = x[i]; t[i] = tap)                \
    LOOP(better_##s, T, I, BETTER(T, I, x[i]))                    \
    LOOP(first_sum_##s, T, I, y[i] = x[i] + f[i]; t[i] = tap)     \
    LOOP(better_sum_##s, T, I, BETTER(T, I, x[i] + f[i]))         \
    LOOP(pick_##s, T, I, y[i] += t[i] == tap ? x[i] : 0)          \
    LOOP(pick_filter_##s, T, I, y[i] += t[i] == tap ? f[i] : 0)   \
    LOOP(unpick_##s, T, I, x[i] += t[i] == tap ? y[i] : 0)        \
    LOOP(unpick_filter_##s, T, I, f[i] += t[i] == tap ? y[i] : 0) \
    LOOP(copy_##s, T, I, y[i] = x[i])                             \
    LOOP(add_##s, T, I, y[i] += x[i])                             \
    LOOP(divide_##s, T, I, y[i] /= count)                         \
    LOOP(quotient_##s, T, I, x[i] = y[i] / count)                 \
    LOOP(unadd_##s, T, I, x[i] += y[i])
LOOPS(f32, float, int32_t)
LOOPS(f64, double, int64_t)

#define LOOPS_OF(isa, s)                                                                           \
    {first_##s##_##isa, better_##s##_##isa,      first_sum_##s##_##isa, better_sum_##s##_##isa,    \
     pick_##s##_##isa,  pick_filter_##s##_##isa, unpick_##s##_##isa,    unpick_filter_##s##_##isa, \
     copy_##s##_##isa,  add_##s##_##isa,         divide_##s##_##isa,    quotient_##s##_##isa,      \
     unadd_##s##_##isa},
static const loops loops_of[2][AD_ISA_COUNT] = {{AD_EACH_ISA(LOOPS_OF, f32)},
                                                {AD_EACH_ISA(LOOPS_OF, f64)}};

/* ---- stretches ----------------------------------------------------------------------------- */

typedef struct job {
    const ad_pool_form *f;
    const loops *loops;
    const char *x, *filters, *y, *taps;
    bool all; /* the mean counts all taps */
    size_t size;
    int64_t lines;                                /* of a task */
    char *room;                                   /* for quotients, a line for each thread */
    void (*begin)(const struct job *, stretch *); /* before the taps of a stretch; or NULL */
    void (*tap)(const struct job *, const stretch *, bool first);
    void (*end)(const struct job *, const stretch *); /* after them; or NULL */
} job;

/* How many results from this one on see alike, and how far apart. */
static int64_t count_alike(const ad_seen *r, int64_t left, int64_t *step)
{
    int64_t n = 1;
    *step = left > 1 ? r[1].at - r[0].at : 0;
    while (n < left && r[n].tap == r[0].tap && r[n].count == r[0].count &&
           r[n].at == r[0].at + n * *step)
        n++;
    return n;
}

/* All taps of a stretch: results `from` on of a line, which begin at number `first` of all results. */
static void visit_stretch(const job *j, const ad_seen *r[AD_SPACE], const char *image, stretch s)
{
    const ad_pool_form *f = j->f;
    bool first = true;
    s.count = r[0]->count * r[1]->count * r[2]->count;
    if (j->all)
        s.count = f->taps[0] * f->taps[1] * f->taps[2];
    if (j->begin)
        j->begin(j, &s);
    for (int64_t a = 0; a < r[0]->count; a++)
        for (int64_t b = 0; b < r[1]->count; b++)
            for (int64_t c = 0; c < r[2]->count; c++, first = false) {
                int64_t at = r[0]->at + a * f->hop[0];
                at = at * f->big[1] + r[1]->at + b * f->hop[1];
                at = at * f->big[2] + r[2]->at + c * f->hop[2];
                s.tap = ((r[0]->tap + a) * f->taps[1] + r[1]->tap + b) * f->taps[2];
                s.tap += r[2]->tap + c;
                s.x = image ? image + (size_t)(at * f->channels) * j->size : s.y;
                if (j->filters)
                    s.filter = j->filters + (size_t)(s.tap * f->channels) * j->size;
                j->tap(j, &s, first);
            }
    if (j->end)
        j->end(j, &s);
}

static void visit_line(const job *j, int64_t line, char *room)
{
    const ad_pool_form *f = j->f;
    int64_t plane = line / f->small[1], number = f->big[0] * f->big[1] * f->big[2] * f->channels;
    const ad_seen *r[AD_SPACE] = {f->seen[0] + plane % f->small[0], f->seen[1] + line % f->small[1],
                                  f->seen[2]};
    const char *image = j->x ? j->x + (size_t)(plane / f->small[0] * number) * j->size : NULL;
    for (int64_t i = 0, n, step; i < f->small[2]; i += n, r[2] += n) {
        size_t at = (size_t)((line * f->small[2] + i) * f->channels) * j->size;
        n = count_alike(r[2], f->small[2] - i, &step);
        visit_stretch(j, r, image,
                      (stretch){.pixels = n,
                                .channels = f->channels,
                                .step = step * f->channels,
                                .x = room,
                                .y = j->y + at,
                                .taps = (j->taps ? j->taps : j->y) + at});
    }
}

static void run_task(void *user, size_t task, int worker)
{
    const job *j = user;
    const ad_pool_form *f = j->f;
    int64_t all = f->images * f->small[0] * f->small[1], begin = (int64_t)task * j->lines;
    size_t line = (size_t)(f->small[2] * f->channels) * j->size;
    int64_t end = all - begin < j->lines ? all : begin + j->lines;
    for (int64_t i = begin; i < end; i++)
        visit_line(j, i, j->room ? j->room + (size_t)worker * line : NULL);
}

static void run(ad_workspace *work, job *j, int64_t lines)
{
    const ad_pool_form *f = j->f;
    int64_t all = f->images * f->small[0] * f->small[1];
    if (all * f->small[2] * f->channels == 0)
        return;
    j->lines = lines;
    ad_work_share(work, (size_t)((all + lines - 1) / lines), run_task, j);
}

static job begin_job(const ad_workspace *work, const ad_pool_form *f)
{
    return (job){
        .f = f, .loops = &loops_of[f->type][ad_work_isa(work)], .size = ad_type_size(f->type)};
}

/* Lines of results that are worth another thread. */
static int64_t some_lines(const ad_pool_form *f)
{
    enum { NUMBERS = 1 << 13 };
    int64_t line = f->small[2] * f->channels;
    return line < NUMBERS ? NUMBERS / (line + 1) + 1 : 1;
}

static int64_t lines_of_image(const ad_pool_form *f)
{
    return f->small[0] * f->small[1];
}

/* ---- the greatest ----------------------------------------------------------------------------- */

static void better(const job *j, const stretch *s, bool first)
{
    if (s->filter)
        (first ? j->loops->first_sum : j->loops->better_sum)(s);
    else
        (first ? j->loops->first : j->loops->better)(s);
}

void ad_pool_max(ad_workspace *work, const ad_pool_form *f, const void *x, const void *filters,
                 void *y, void *taps)
{
    job j = begin_job(work, f);
    j.x = x;
    j.filters = filters;
    j.y = y;
    j.taps = taps;
    j.tap = better;
    run(work, &j, some_lines(f));
}

static void clear(const job *j, stretch *s)
{
    memset((void *)(uintptr_t)s->y, 0, (size_t)(s->pixels * s->channels) * j->size);
}

static void pick(const job *j, const stretch *s, bool first)
{
    (void)first;
    if (j->x)
        j->loops->pick(s);
    if (s->filter)
        j->loops->pick_filter(s);
}

void ad_pool_pick(ad_workspace *work, const ad_pool_form *f, const void *taps, const void *tx,
                  const void *tfilters, void *ty)
{
    job j = begin_job(work, f);
    j.x = tx;
    j.filters = tfilters;
    j.y = ty;
    j.taps = taps;
    j.begin = clear;
    j.tap = pick;
    run(work, &j, some_lines(f));
}

static void unpick(const job *j, const stretch *s, bool first)
{
    (void)first;
    if (j->x)
        j->loops->unpick(s);
    if (s->filter)
        j->loops->unpick_filter(s);
}

/* Filters belong to all images, so that one thread adds to them. */
void ad_pool_unpick(ad_workspace *work, const ad_pool_form *f, const void *taps, const void *dy,
                    void *dx, void *dfilters)
{
    job j = begin_job(work, f);
    j.x = dx;
    j.filters = dfilters;
    j.y = dy;
    j.taps = taps;
    j.tap = unpick;
    run(work, &j, lines_of_image(f) * (dfilters ? f->images : 1));
}

/* ---- means -------------------------------------------------------------------------------------- */

static void add(const job *j, const stretch *s, bool first)
{
    (first ? j->loops->copy : j->loops->add)(s);
}

static void divide(const job *j, const stretch *s)
{
    j->loops->divide(s);
}

void ad_pool_mean(ad_workspace *work, const ad_pool_form *f, bool all, const void *x, void *y)
{
    job j = begin_job(work, f);
    j.x = x;
    j.y = y;
    j.all = all;
    j.tap = add;
    j.end = divide;
    run(work, &j, some_lines(f));
}

/* The stretch brings its thread's room in the place of x; from here on the quotients there are its results. */
static void take_quotients(const job *j, stretch *s)
{
    stretch q = *s;
    q.step = s->channels;
    j->loops->quotient(&q);
    s->y = q.x;
}

static void unadd(const job *j, const stretch *s, bool first)
{
    (void)first;
    j->loops->unadd(s);
}

void ad_pool_unmean(ad_workspace *work, const ad_pool_form *f, bool all, const void *dy, void *dx)
{
    job j = begin_job(work, f);
    size_t line = (size_t)(f->small[2] * f->channels) * j.size;
    j.x = dx;
    j.y = dy;
    j.all = all;
    j.room = ad_scratch(work, (size_t)ad_work_threads(work) * line + 1);
    j.begin = take_quotients;
    j.tap = unadd;
    if (j.room)
        run(work, &j, lines_of_image(f));
}
