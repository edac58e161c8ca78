/* A long recurrence, trained within a memory budget.
 *
 * The level of a tank follows its inflow, day by day for years, and leaks; of many tanks only the last day's
 * level was measured. To fit the share of the inflow that is caught and a small network for the leak, the
 * gradient has to go back through all days. Recorded day by day they take many times the budget,
 * which is a tape's allocator that says no. As a loop with snapshots they fit: the sweep takes the days
 * between snapshots again. */
#include "common.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { DAYS = 4000, TANKS = 64, HIDDEN = 8, SNAPSHOTS = 100, BUDGET = 1 << 20 };

AD_MODEL(tank, share, w1, b1, w2); /* [], [1, hidden], [hidden], [hidden, 1] */

/* ---- the budget ---------------------------------------------------------------------- */

typedef struct budget {
    size_t limit, used, peak;
} budget;

static void *take(void *user, size_t bytes, size_t alignment)
{
    budget *b = user;
    size_t padded = (bytes + alignment - 1) / alignment * alignment;
    if (bytes > b->limit - b->used)
        return NULL;
    void *memory = aligned_alloc(alignment, padded);
    if (memory) {
        b->used += bytes;
        b->peak = b->used > b->peak ? b->used : b->peak;
    }
    return memory;
}

static void give(void *user, void *memory, size_t bytes)
{
    ((budget *)user)->used -= bytes;
    free(memory);
}

/* ---- the model ----------------------------------------------------------------------- */

typedef struct weather {
    float inflow[DAYS];
} weather;

/* The levels after a day, [tanks, 1]: level + share inflow - leak(level), the leak by a network. */
static ad_tensor next_day(ad_tape *t, const tank_tensors *m, ad_tensor level, const float *inflow)
{
    ad_tensor h = ad_dense(level, m->w1, m->b1, AD_TANH);
    ad_tensor leak = ad_mul(0.02, ad_matmul(h, m->w2));
    return ad_add(ad_sub(level, leak), ad_mul(m->share, ad_freeze(t, AD_VIEW_SCALAR(inflow))));
}

/* The same as a step of a loop, whose constant operands are the model's fields. */
static void loop_day(ad_tape *t, int64_t i, const ad_tensor *state, const ad_tensor *x,
                     const void *env, ad_tensor *next)
{
    tank_tensors m = {x[0], x[1], x[2], x[3]};
    next[0] = next_day(t, &m, state[0], &((const weather *)env)->inflow[i]);
}

/* ---- both ways ----------------------------------------------------------------------- */

typedef struct problem {
    weather sky;
    float start[TANKS], measured[TANKS]; /* [tanks, 1] */
    bool plainly;
} problem;

static ad_tensor last_level(ad_tape *t, const tank_tensors *m, const problem *p)
{
    ad_tensor level = ad_freeze(t, AD_VIEW(p->start, TANKS, 1));
    if (!p->plainly)
        return ad_checkpoint_loop(loop_day, 5, (ad_tensor[]){level, m->share, m->w1, m->b1, m->w2},
                                  1, DAYS, SNAPSHOTS, &p->sky, NULL);
    for (int i = 0; i < DAYS && ad_tape_status(t) == AD_OK; i++)
        level = next_day(t, m, level, &p->sky.inflow[i]);
    return level;
}

static ad_tensor loss(ad_tape *t, const tank_tensors *m, const void *env)
{
    const problem *p = env;
    return ad_mse(last_level(t, m, p), ad_freeze(t, AD_VIEW(p->measured, TANKS, 1)));
}

/* Tries one gradient, recorded day by day. */
static void try_plainly(const tank *model, problem *p, const char *what, size_t limit)
{
    budget b = {.limit = limit};
    const ad_allocator allocator = {&b, take, give};
    ad_tape *t =
        ad_tape_new(&(ad_tape_options){.size = sizeof(ad_tape_options), .allocator = &allocator});
    tank gradient = {{0}, {0}, {0}, {0}};
    double value = NAN, begin = now();
    p->plainly = true;
    if (t && tank_value_with_gradient(t, loss, model, p, &value, &gradient) == AD_OK)
        printf("%s: loss %.5f, %zu bytes, %.1f ms\n", what, value, b.peak, 1e3 * (now() - begin));
    else
        printf("%s: %s\n", what, t ? ad_tape_error(t) : "no tape");
    p->plainly = false;
    tank_free(&gradient);
    ad_tape_free(t);
}

/* ---- training ------------------------------------------------------------------------ */

static void train(tank *model, problem *p, int64_t epochs)
{
    budget b = {.limit = BUDGET};
    const ad_allocator allocator = {&b, take, give};
    ad_tape *t =
        ad_tape_new(&(ad_tape_options){.size = sizeof(ad_tape_options), .allocator = &allocator});
    tank gradient = {{0}, {0}, {0}, {0}};
    ad_adam adam = ad_adam_new(0.02);
    ad_states states = {0};
    ad_error error = {0};
    double value = NAN, begin = now();
    check(t);
    for (int64_t i = 0; i < epochs; i++) {
        tank_value_with_gradient(t, loss, model, p, &value, &gradient);
        check(t);
        if (i % 10 == 0 || i == epochs - 1)
            printf("step %3lld: loss %.5f\n", (long long)i, value);
        if (tank_step(ad_adam_method(&adam), &gradient, &states, model, &error) != AD_OK)
            fail("%s", error.text);
    }
    printf("with %d snapshots: %zu bytes of %d, %.1f ms a step\n", SNAPSHOTS, b.peak, BUDGET,
           1e3 * (now() - begin) / (double)epochs);
    ad_tape_free(t);
    tank_free(&gradient);
    ad_states_free(&states);
}

static tank new_model(ad_random *r)
{
    tank m = {ad_zeros(AD_F32, AD_SCALAR), ad_zeros(AD_F32, AD_SHAPE(1, HIDDEN)),
              ad_zeros(AD_F32, AD_SHAPE(HIDDEN)), ad_zeros(AD_F32, AD_SHAPE(HIDDEN, 1))};
    if (!m.share.data || ad_fill_uniform(&m.w1, r, 0, 1) != AD_OK ||
        ad_fill_uniform(&m.w2, r, 0, 1) != AD_OK || !m.b1.data)
        fail("no memory for the weights");
    *(float *)m.share.data = 0.01f;
    return m;
}

/* The truth: a share of 0.02, and a leak of 0.01 level. */
static void make_problem(problem *p, ad_random *r)
{
    for (int i = 0; i < DAYS; i++)
        p->sky.inflow[i] = (float)(ad_random_uniform(r) * (1 + sin(i * 6.2832 / 365)));
    for (int k = 0; k < TANKS; k++) {
        double level = p->start[k] = (float)ad_random_uniform(r);
        for (int i = 0; i < DAYS; i++)
            level += 0.02 * p->sky.inflow[i] - 0.01 * level;
        p->measured[k] = (float)level;
    }
}

int main(int argc, char **argv)
{
    static problem p;
    settings s = {.epochs = 40, .seed = 1};
    read_options(argc, argv, "epochs seed", &s);
    ad_random random = ad_random_new((uint64_t)s.seed, 0);
    make_problem(&p, &random);
    tank model = new_model(&random);
    try_plainly(&model, &p, "day by day, within the budget", BUDGET);
    try_plainly(&model, &p, "day by day, without", SIZE_MAX);
    train(&model, &p, s.epochs);
    tank_free(&model);
}
