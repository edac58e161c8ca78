/* The optimisers of the library by their formulas, number by number in long double. */
#include "optimiser_rows.h"

#include <math.h>

/* ---- SGD ---------------------------------------------------------------------------- */

static const ad_sgd sgd_settings[] = {
    {.rate = 0.1},
    {.rate = 0.1, .momentum = 0.9},
    {.rate = 0.1, .momentum = 0.9, .nesterov = true},
    {.rate = -0.02, .momentum = 0.5},
    {.rate = 0.1, .nesterov = true},
    {.rate = 0.1, .decay = 0.25},
    {.rate = 0.05, .momentum = 0.5, .decay = 0.5},
    {.rate = 0.05, .momentum = 0.5, .nesterov = true, .decay = 0.5},
};

static void sgd_step(const void *settings, long double g, int t, oracle *n)
{
    const ad_sgd *o = settings;
    long double *v = &n->state[0];
    (void)t;
    g += o->decay * n->x;
    *v = o->momentum * *v + g;
    n->x -= o->rate * (o->nesterov ? o->momentum * *v + g : *v);
}

/* ---- Adam and its relatives --------------------------------------------------------- */

static const ad_adam adam_settings[] = {
    {0.01, 0.9, 0.999, 1e-8, false},  {0.1, 0.5, 0.75, 0.125, true},
    {0.01, 0.95, 0.999, 1e-8, false}, {0.01, 0.9, 0.99, 1e-8, false},
    {0.01, 0.9, 0.999, 1, false},     {0.01, 0, 0.999, 1e-8, false},
    {0.01, 0.9, 0, 0.5, false},       {0.01, 0, 0, 1e-8, false},
    {0.01, 0.9, 0.9, 1e-8, true},     {0.1, 0.5, 0.75, 0.125, false},
};

/* The means of Adam. */
static void take_in(long double b1, long double b2, long double g, oracle *n)
{
    n->state[0] = b1 * n->state[0] + (1 - b1) * g;
    n->state[1] = b2 * n->state[1] + (1 - b2) * g * g;
}

static void adam_step(const void *settings, long double g, int t, oracle *n)
{
    const ad_adam *o = settings;
    long double b1 = o->beta1, b2 = o->beta2, root;
    take_in(b1, b2, g, n);
    root = sqrtl(n->state[1]);
    n->state[2] = fmaxl(n->state[2], root);
    root = (o->amsgrad ? n->state[2] : root) / sqrtl(1 - powl(b2, t));
    n->x -= o->rate * (n->state[0] / (1 - powl(b1, t))) / (root + o->epsilon);
}

static const ad_adamw adamw_settings[] = {
    {0.01, 0.5, 0.9, 0.999, 1e-8, false},
    {0.1, 0.25, 0.5, 0.75, 0.125, true},
    {0.01, 0, 0.9, 0.99, 1e-8, false},
    {-0.01, 0.5, 0.9, 0.999, 1e-8, false},
};

static void adamw_step(const void *settings, long double g, int t, oracle *n)
{
    const ad_adamw *o = settings;
    ad_adam adam = {o->rate, o->beta1, o->beta2, o->epsilon, o->amsgrad};
    n->x -= (long double)o->rate * o->decay * n->x;
    adam_step(&adam, g, t, n);
}

static const ad_nadam nadam_settings[] = {
    {0.01, 0.9, 0.999, 1e-8, 0.004}, {0.1, 0.5, 0.75, 0.125, 0.5}, {0.01, 0.9, 0.99, 1e-8, 0},
    {0.01, 0.99, 0.99, 1e-8, 100},   {0.01, 0, 0.99, 0.5, 0.004},
};

static long double momentum_at(const ad_nadam *o, int t)
{
    return o->beta1 * (1 - powl(0.96L, t * o->momentum_decay) / 2);
}

static void nadam_step(const void *settings, long double g, int t, oracle *n)
{
    const ad_nadam *o = settings;
    long double product = 1, next = momentum_at(o, t + 1);
    for (int i = 1; i <= t; i++)
        product *= momentum_at(o, i);
    take_in(o->beta1, o->beta2, g, n);
    n->x -=
        o->rate *
        (next * n->state[0] / (1 - product * next) + (1 - momentum_at(o, t)) * g / (1 - product)) /
        (sqrtl(n->state[1] / (1 - powl(o->beta2, t))) + o->epsilon);
}

static const ad_radam radam_settings[] = {
    {0.01, 0.9, 0.999, 1e-8},
    {0.1, 0.5, 0.75, 0.125},
    {0.01, 0.9, 0.9, 1e-8},
    {0.01, 0, 0.95, 1e-8},
};

static void radam_step(const void *settings, long double g, int t, oracle *n)
{
    const ad_radam *o = settings;
    long double b2 = o->beta2, gone = powl(b2, t), most = 2 / (1 - b2) - 1;
    long double r = most - 2 * t * gone / (1 - gone), mean;
    take_in(o->beta1, b2, g, n);
    mean = n->state[0] / (1 - powl(o->beta1, t));
    if (r > 5)
        mean *= sqrtl((r - 4) * (r - 2) * most / ((most - 4) * (most - 2) * r)) /
                (sqrtl(n->state[1] / (1 - gone)) + o->epsilon);
    n->x -= o->rate * mean;
}

static const ad_adamax adamax_settings[] = {
    {0.01, 0.9, 0.999, 1e-8},
    {0.1, 0.5, 0.75, 0.125},
    {0.01, 0, 0.5, 1e-8},
    {0.01, 0.9, 0, 0.5},
};

static void adamax_step(const void *settings, long double g, int t, oracle *n)
{
    const ad_adamax *o = settings;
    n->state[0] = o->beta1 * n->state[0] + (1 - (long double)o->beta1) * g;
    n->state[1] = fmaxl(o->beta2 * n->state[1], fabsl(g) + o->epsilon);
    n->x -= o->rate / (1 - powl(o->beta1, t)) * n->state[0] / n->state[1];
}

/* ---- the others --------------------------------------------------------------------- */

static const ad_rmsprop rmsprop_settings[] = {
    {.rate = 0.01, .smoothing = 0.99, .epsilon = 1e-8},
    {.rate = 0.02, .smoothing = 0.75, .epsilon = 0.125, .momentum = 0.5, .centred = true},
    {.rate = 0.01, .smoothing = 0.9, .epsilon = 1e-6, .momentum = 0.9},
    {.rate = 0.01, .smoothing = 0.9, .epsilon = 0.125, .centred = true},
    {.rate = 0.01, .smoothing = 0, .epsilon = 0.5},
};

static void rmsprop_step(const void *settings, long double g, int t, oracle *n)
{
    const ad_rmsprop *o = settings;
    long double a = o->smoothing, *square = &n->state[0], *v = &n->state[1], *mean = &n->state[2];
    (void)t;
    *square = a * *square + (1 - a) * g * g;
    *mean = a * *mean + (1 - a) * g;
    long double variance = fmaxl(*square - (o->centred ? *mean * *mean : 0), 0);
    *v = o->momentum * *v + g / (sqrtl(variance) + o->epsilon);
    n->x -= o->rate * *v;
}

static const ad_adagrad adagrad_settings[] = {{0.1, 1e-10}, {0.5, 1}};

static void adagrad_step(const void *settings, long double g, int t, oracle *n)
{
    const ad_adagrad *o = settings;
    (void)t;
    n->state[0] += g * g;
    n->x -= o->rate * g / (sqrtl(n->state[0]) + o->epsilon);
}

static const ad_adadelta adadelta_settings[] = {{1, 0.9, 1e-6}, {0.5, 0.5, 0.01}, {1, 0, 1e-3}};

static void adadelta_step(const void *settings, long double g, int t, oracle *n)
{
    const ad_adadelta *o = settings;
    long double a = o->smoothing, *square = &n->state[0], *steps = &n->state[1];
    (void)t;
    *square = a * *square + (1 - a) * g * g;
    long double d = sqrtl(*steps + o->epsilon) / sqrtl(*square + o->epsilon) * g;
    *steps = a * *steps + (1 - a) * d * d;
    n->x -= o->rate * d;
}

static const ad_lion lion_settings[] = {
    {0.01, 0, 0.9, 0.99},
    {0.01, 0.5, 0.5, 0.75},
    {0.01, 0.5, 0, 0.9},
    {0.01, 0.5, 0.9, 0},
};

static void lion_step(const void *settings, long double g, int t, oracle *n)
{
    const ad_lion *o = settings;
    long double b1 = o->beta1, b2 = o->beta2, *mean = &n->state[0], way = b1 * *mean + (1 - b1) * g;
    (void)t;
    n->x -= o->rate * ((way > 0) - (way < 0) + o->decay * n->x);
    *mean = b2 * *mean + (1 - b2) * g;
}

static const ad_muon muon_settings[] = {
    {.rate = 0.02, .momentum = 0.95, .nesterov = true, .others = {.rate = 0.01, .epsilon = 1e-8}},
};

/* ---- the table ---------------------------------------------------------------------- */

#define BAD(T, ...) \
    &(const T)      \
    {               \
        __VA_ARGS__ \
    }
/* A rate by itself, where epsilon is forgotten. */
#define RATE_ALONE(T, name)                                                    \
    {                                                                          \
        BAD(T, .rate = 1e-3), "epsilon 0 is not positive (ad_" name "_new has" \
    }

const optimiser_row builtin_rows[] = {
    {"sgd", SETTINGS(sgd_settings), .step = sgd_step,
     .bad = {{BAD(ad_sgd, .momentum = 1), "momentum"},
             {BAD(ad_sgd, .momentum = 1.5), "momentum"},
             {BAD(ad_sgd, .momentum = -0.1), "momentum"},
             {BAD(ad_sgd, .momentum = NAN), "momentum"},
             {BAD(ad_sgd, .momentum = INFINITY), "momentum"},
             {BAD(ad_sgd, .rate = NAN), "rate"},
             {BAD(ad_sgd, .rate = -INFINITY), "rate"},
             {BAD(ad_sgd, .decay = -1e-4), "decay"},
             {BAD(ad_sgd, .decay = NAN), "decay"},
             {BAD(ad_sgd, .decay = INFINITY), "decay"}}},
    {"adam", SETTINGS(adam_settings), .step = adam_step,
     .bad = {{BAD(ad_adam, .beta1 = 1), "beta1"},
             {BAD(ad_adam, .beta1 = 1.5), "beta1"},
             {BAD(ad_adam, .beta1 = -0.1), "beta1"},
             {BAD(ad_adam, .beta1 = NAN), "beta1"},
             {BAD(ad_adam, .beta2 = -1), "beta2"},
             {BAD(ad_adam, .beta2 = INFINITY), "beta2"},
             {BAD(ad_adam, .epsilon = -1e-8), "epsilon"},
             {BAD(ad_adam, .epsilon = NAN), "epsilon"},
             {BAD(ad_adam, .rate = NAN), "rate"},
             {BAD(ad_adam, .rate = INFINITY), "rate"},
             RATE_ALONE(ad_adam, "adam")}},
    {"adamw", SETTINGS(adamw_settings), .step = adamw_step,
     .bad = {{BAD(ad_adamw, .rate = NAN), "rate"},
             {BAD(ad_adamw, .beta1 = 1), "beta1"},
             {BAD(ad_adamw, .beta2 = 1), "beta2"},
             {BAD(ad_adamw, .decay = -1, .epsilon = 1), "decay"},
             {BAD(ad_adamw, .decay = NAN, .epsilon = 1), "decay"},
             RATE_ALONE(ad_adamw, "adamw")}},
    {"nadam", SETTINGS(nadam_settings), .step = nadam_step,
     .bad = {{BAD(ad_nadam, .rate = NAN), "rate"},
             {BAD(ad_nadam, .beta1 = 1), "beta1"},
             {BAD(ad_nadam, .beta2 = 1), "beta2"},
             {BAD(ad_nadam, .epsilon = 1, .momentum_decay = -1), "momentum_decay"},
             {BAD(ad_nadam, .epsilon = 1, .momentum_decay = NAN), "momentum_decay"},
             RATE_ALONE(ad_nadam, "nadam")}},
    {"radam", SETTINGS(radam_settings), .step = radam_step,
     .bad = {{BAD(ad_radam, .rate = NAN), "rate"},
             {BAD(ad_radam, .beta1 = 1), "beta1"},
             {BAD(ad_radam, .beta2 = 1), "beta2"},
             RATE_ALONE(ad_radam, "radam")}},
    {"adamax", SETTINGS(adamax_settings), .step = adamax_step,
     .bad = {{BAD(ad_adamax, .rate = NAN), "rate"},
             {BAD(ad_adamax, .beta1 = 1), "beta1"},
             {BAD(ad_adamax, .beta2 = 1), "beta2"},
             RATE_ALONE(ad_adamax, "adamax")}},
    {"rmsprop", SETTINGS(rmsprop_settings), .step = rmsprop_step,
     .bad = {{BAD(ad_rmsprop, .rate = NAN), "rate"},
             {BAD(ad_rmsprop, .smoothing = 1), "smoothing"},
             {BAD(ad_rmsprop, .momentum = 1), "momentum"},
             RATE_ALONE(ad_rmsprop, "rmsprop")}},
    {"adagrad", SETTINGS(adagrad_settings), .step = adagrad_step,
     .bad = {{BAD(ad_adagrad, .rate = NAN), "rate"}, RATE_ALONE(ad_adagrad, "adagrad")}},
    {"adadelta", SETTINGS(adadelta_settings), .step = adadelta_step,
     .bad = {{BAD(ad_adadelta, .rate = NAN), "rate"},
             {BAD(ad_adadelta, .smoothing = -1), "smoothing"},
             RATE_ALONE(ad_adadelta, "adadelta")}},
    {"lion", SETTINGS(lion_settings), .step = lion_step,
     .bad = {{BAD(ad_lion, .rate = NAN), "rate"},
             {BAD(ad_lion, .decay = -1), "decay"},
             {BAD(ad_lion, .beta1 = 1), "beta1"},
             {BAD(ad_lion, .beta2 = 1), "beta2"}}},
    {"muon", SETTINGS(muon_settings),
     .bad = {{BAD(ad_muon, .rate = NAN), "rate"},
             {BAD(ad_muon, .decay = -1), "decay"},
             {BAD(ad_muon, .momentum = 1), "momentum"},
             {BAD(ad_muon, .others = {.beta1 = 1}), "beta1"},
             {BAD(ad_muon, .others = {.amsgrad = true}), "amsgrad"},
             RATE_ALONE(ad_muon, "muon")}},
};
const size_t builtin_count = COUNT(builtin_rows);
