/* A long short-term memory (problems.h): the gradient of its loss on a text by 266 parameters. */
#include "bench.h"
#include "problems.h"

#include <stdlib.h>

typedef struct lstm {
    size_t characters;
    double parameter[LSTM_PARAMETERS], first[LSTM_STATE], gradient[LSTM_PARAMETERS];
    double *bits; /* [characters, LSTM_BITS] */
    ad_real x[LSTM_PARAMETERS];
    ad_recorder *recorder;
    ad_real *terms; /* of the loss, one for each character */
    double value, bare;
} lstm;

/* ---- by adze ------------------------------------------------------------------------ */

/* A gate's weight times a number, and its bias. */
static inline ad_real gate(const ad_real *layer, int which, int i, ad_real x)
{
    const ad_real *weight = layer + which * LSTM_BITS, *bias = weight + LSTM_GATES * LSTM_BITS;
    return ad_muladd(x, weight[i], bias[i]);
}

/* Replaces x by what a layer makes of it. */
static void run_layer(const ad_real *layer, ad_real *hidden, ad_real *x)
{
    ad_real *cell = hidden + LSTM_BITS;
    for (int i = 0; i < LSTM_BITS; i++) {
        ad_real forget = ad_sigmoid(gate(layer, LSTM_FORGET, i, x[i]));
        ad_real in = ad_sigmoid(gate(layer, LSTM_IN, i, hidden[i]));
        ad_real out = ad_sigmoid(gate(layer, LSTM_OUT, i, x[i]));
        ad_real change = ad_tanh(gate(layer, LSTM_CHANGE, i, hidden[i]));
        cell[i] = ad_muladd(cell[i], forget, ad_mul(in, change));
        x[i] = hidden[i] = ad_mul(out, ad_tanh(cell[i]));
    }
}

/* The log-likelihood of the next character's bits. */
static ad_real foretell(const ad_real *p, ad_real *state, const double *bits, const double *next)
{
    const ad_real *in = p + LSTM_MAIN, *out = in + LSTM_BITS, *bias = out + LSTM_BITS;
    double weight[LSTM_BITS + 1], ones = 0;
    ad_real x[LSTM_BITS], y[LSTM_BITS + 1];
    for (int i = 0; i < LSTM_BITS; i++)
        x[i] = ad_mul(in[i], bits[i]);
    for (int l = 0; l < LSTM_LAYERS; l++)
        run_layer(p + l * LSTM_LAYER, state + l * 2 * LSTM_BITS, x);
    for (int i = 0; i < LSTM_BITS; i++) {
        y[i] = ad_muladd(x[i], out[i], bias[i]);
        weight[i] = next[i];
        ones += next[i];
    }
    y[LSTM_BITS] = ad_real_constant(log(2.0));
    y[LSTM_BITS] = ad_logsumexp_reals(LSTM_BITS + 1, y);
    weight[LSTM_BITS] = -ones;
    return ad_weighted_sum_reals(LSTM_BITS + 1, weight, y);
}

static void lstm_adze(void *state)
{
    lstm *l = state;
    ad_real now[LSTM_STATE];
    ad_recorder_reset(l->recorder);
    ad_real_inputs(l->recorder, LSTM_PARAMETERS, l->parameter, l->x);
    for (int i = 0; i < LSTM_STATE; i++)
        now[i] = ad_real_constant(l->first[i]);
    for (size_t t = 0; t + 1 < l->characters; t++)
        l->terms[t] = foretell(l->x, now, l->bits + t * LSTM_BITS, l->bits + (t + 1) * LSTM_BITS);
    double count = (double)(l->characters - 1) * LSTM_BITS;
    ad_real loss = ad_div(ad_sum_reals(l->characters - 1, l->terms), -count);
    ad_real_gradient(loss, LSTM_PARAMETERS, l->x, l->gradient);
    l->value = loss.value;
    check_recorder(l->recorder);
}

/* ---- the value ---------------------------------------------------------------------- */

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

static double gate_plain(const double *layer, int which, int i, double x)
{
    const double *weight = layer + which * LSTM_BITS, *bias = weight + LSTM_GATES * LSTM_BITS;
    return x * weight[i] + bias[i];
}

static void run_layer_plain(const double *layer, double *hidden, double *x)
{
    double *cell = hidden + LSTM_BITS;
    for (int i = 0; i < LSTM_BITS; i++) {
        double forget = sigmoid(gate_plain(layer, LSTM_FORGET, i, x[i]));
        double in = sigmoid(gate_plain(layer, LSTM_IN, i, hidden[i]));
        double out = sigmoid(gate_plain(layer, LSTM_OUT, i, x[i]));
        double change = tanh(gate_plain(layer, LSTM_CHANGE, i, hidden[i]));
        cell[i] = cell[i] * forget + in * change;
        x[i] = hidden[i] = out * tanh(cell[i]);
    }
}

static double foretell_plain(const double *p, double *state, const double *bits, const double *next)
{
    const double *in = p + LSTM_MAIN, *out = in + LSTM_BITS, *bias = out + LSTM_BITS;
    double x[LSTM_BITS], sum = 2, gold = 0, ones = 0;
    for (int i = 0; i < LSTM_BITS; i++)
        x[i] = in[i] * bits[i];
    for (int l = 0; l < LSTM_LAYERS; l++)
        run_layer_plain(p + l * LSTM_LAYER, state + l * 2 * LSTM_BITS, x);
    for (int i = 0; i < LSTM_BITS; i++) {
        double y = x[i] * out[i] + bias[i];
        sum += exp(y);
        gold += next[i] * y;
        ones += next[i];
    }
    return gold - ones * log(sum);
}

static void value_of(const void *env, const double *p, double *y)
{
    const lstm *l = env;
    double now[LSTM_STATE], sum = 0;
    memcpy(now, l->first, sizeof now);
    for (size_t t = 0; t + 1 < l->characters; t++)
        sum += foretell_plain(p, now, l->bits + t * LSTM_BITS, l->bits + (t + 1) * LSTM_BITS);
    *y = -sum / ((double)(l->characters - 1) * LSTM_BITS);
}

static void lstm_bare(void *state)
{
    lstm *l = state;
    value_of(l, l->parameter, &l->bare);
}

/* ---- setup -------------------------------------------------------------------------- */

static void slope_along(const void *env, const double *d, double *slope)
{
    const lstm *l = env;
    *slope = 0;
    for (int i = 0; i < LSTM_PARAMETERS; i++)
        *slope += l->gradient[i] * d[i];
}

static double lstm_difference(void *state)
{
    lstm *l = state;
    return fmax(values_difference(1, &l->value, &l->bare),
                slopes_difference(value_of, slope_along, l, LSTM_PARAMETERS, l->parameter, 1));
}

static bench_work lstm_setup(const bench_case *this, const bench_setting *s)
{
    (void)this;
    lstm *l = take(1, sizeof *l);
    l->characters = s->smoke ? LSTM_CHARACTERS_SMOKE : LSTM_CHARACTERS;
    l->bits = take(l->characters * LSTM_BITS, sizeof(double));
    l->terms = take(l->characters, sizeof(ad_real));
    l->recorder = bench_recorder(0);
    lstm_fill(l->characters, l->parameter, l->first, l->bits);
    double statements = (double)l->characters * LSTM_BITS * (12 * LSTM_LAYERS + 4);
    return (bench_work){l, NULL, 1, 5 * statements, 8 * sizeof(double) * statements, l->recorder};
}

static void lstm_teardown(void *state)
{
    lstm *l = state;
    ad_recorder_free(l->recorder);
    free(l->bits);
    free(l->terms);
    free(l);
}

static const bench_kind lstm_kind = {.setup = lstm_setup,
                                     .adze = lstm_adze,
                                     .bare = lstm_bare,
                                     .difference = lstm_difference,
                                     .teardown = lstm_teardown};

static const bench_case cases[] = {
    {"lstm_l2_c1024", "a memory of 2 layers on 1024 characters: gradient by 266 parameters",
     &lstm_kind, NULL},
};

const bench_table lstm_table = BENCH_TABLE(cases);
