/* A sample is the time of several calls: so many that the cost of the clock does not count.
 * Samples of adze and of the bare forms alternate, so other load on the machine meets them all. */
#define _POSIX_C_SOURCE 200809L
#include "measure.h"

#include "memory.h"
#include "problems.h"

#include <math.h>
#include <stdlib.h>
#include <time.h>

enum { SAMPLES = 2000, FEWEST = 9 };
static const double SAMPLE_NS = 1e6, TOLERANCE = 1e-4;

static double read_clock(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return 1e9 * (double)t.tv_sec + (double)t.tv_nsec;
}

double now(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

/* ---- one side ----------------------------------------------------------------------- */

typedef struct side {
    void (*run)(void *state);
    void *state;
    clockid_t clock;
    unsigned char *evicted; /* what is to be in the caches before each sample, or NULL */
    int64_t calls;          /* in a sample */
    size_t count;
    double sample[SAMPLES]; /* ns a call */
} side;

static double time_calls(const side *a, int64_t calls)
{
    double start = read_clock(a->clock);
    for (int64_t i = 0; i < calls; i++)
        a->run(a->state);
    return read_clock(a->clock) - start;
}

/* Warms up, and finds out how many calls make a sample. */
static void prepare(side *a, bool smoke)
{
    double passed = 0;
    a->run(a->state);
    for (a->calls = 1; !smoke && !a->evicted; a->calls *= 2) {
        passed = time_calls(a, a->calls);
        if (passed >= SAMPLE_NS / 2)
            break;
    }
}

static void take_sample(side *a)
{
    if (a->evicted)
        problem_evict(a->evicted);
    a->sample[a->count++] = time_calls(a, a->calls) / (double)a->calls;
}

/* ---- statistics --------------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Of sorted numbers; q is 0 to 1. */
static double quantile(const double *x, size_t n, double q)
{
    double place = q * (double)(n - 1);
    size_t i = (size_t)place;
    double part = place - (double)i;
    return i + 1 < n ? x[i] + part * (x[i + 1] - x[i]) : x[i];
}

static bench_times times_of(side *a, double units)
{
    qsort(a->sample, a->count, sizeof *a->sample, compare);
    double median = quantile(a->sample, a->count, 0.5);
    double range = quantile(a->sample, a->count, 0.9) - quantile(a->sample, a->count, 0.1);
    return (bench_times){median / units, a->sample[0] / units, range / median};
}

/* ---- a case ------------------------------------------------------------------------- */

/* The first of the sides is adze's. */
static void repeat(side *sides, int count, const bench_setting *s, bench_result *r)
{
    side *adze = sides;
    double begin = now(), passed = 0;
    size_t fewest = s->smoke ? 2 : FEWEST, most = s->smoke ? 2 : SAMPLES;
    uint64_t mallocs = 0;
    while (adze->count < fewest || (adze->count < most && passed < 1e9 * s->min_time)) {
        uint64_t before = allocations();
        take_sample(adze);
        mallocs += allocations() - before;
        for (int i = 1; i < count; i++)
            take_sample(&sides[i]);
        passed = now() - begin;
    }
    r->mallocs = (double)mallocs / (double)adze->calls / (double)adze->count;
}

/* The first call, on a fresh tape or recorder: its memory besides the data. */
static double first_call(const bench_case *c, const bench_work *work)
{
    peak p = peak_begin();
    c->kind->adze(work->state);
    double resident = (double)peak_end(p);
    ad_tape_info info = {.size = sizeof info};
    ad_recorder_info recorded = {.size = sizeof recorded};
    ad_tape_measure(work->tape, &info);
    ad_recorder_measure(work->recorder, &recorded);
    return fmax(resident, (double)(info.bytes_reserved + recorded.bytes_reserved));
}

/* Calls each bare form and compares the results. */
static void compare_results(const bench_case *c, void *state)
{
    c->kind->bare(state);
    if (c->kind->same_kernels)
        c->kind->same_kernels(state);
    double different = c->kind->difference(state);
    if (!(different <= TOLERANCE))
        fail("%s: adze and the bare form differ by %g", c->name, different);
}

bench_result measure(const bench_case *c, const bench_setting *s)
{
    bench_work work = c->kind->setup(c, s);
    bench_result r = {.is = c, .threads = s->threads, .flops = work.flops, .bytes = work.bytes};
    bench_times *times[] = {&r.adze, &r.bare, &r.same_kernels};
    void (*const runs[])(void *) = {c->kind->adze, c->kind->bare, c->kind->same_kernels};
    int count = c->kind->same_kernels ? 3 : 2;
    side *sides = take(3, sizeof *sides);
    unsigned char *evicted = c->kind->cold ? take(COLD_BYTES, 1) : NULL;

    r.peak_bytes = first_call(c, &work);
    compare_results(c, work.state);
    for (int i = 0; i < count; i++) {
        sides[i].run = runs[i];
        sides[i].state = work.state;
        sides[i].clock = c->kind->on_one_thread ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC;
        sides[i].evicted = evicted;
        prepare(&sides[i], s->smoke);
    }
    repeat(sides, count, s, &r);
    for (int i = 0; i < count; i++)
        *times[i] = times_of(&sides[i], work.units);
    free(sides);
    free(evicted);
    c->kind->teardown(work.state);
    return r;
}
