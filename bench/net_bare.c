/* Networks without a tape. With x the input, z = x w + b and y = relu(z) of a layer:
 *
 *     dz = dy where y > 0     dw = xᵀ dz     db = sum of dz's rows     dx = dz wᵀ                */
#include "net.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FEWEST_ROWS = 16 }; /* in a part: for less, waking a thread does not pay */

struct net_bare {
    net_spec spec;
    ad_pool *pool;
    int parts;                     /* threads that have enough rows to do */
    const float *x;                /* [batch, inputs] */
    const void *y;                 /* [batch] */
    float *parameters;             /* all layers': w [inputs, outputs], b [outputs] */
    float *gradients;              /* the same, for each thread */
    size_t offset[NET_LAYERS + 1]; /* of a layer in those */
    float *output[NET_LAYERS];     /* [batch, outputs] */
    float *cotangent[2];           /* [batch, widest] */
    int64_t widest;
};

/* ---- forward ------------------------------------------------------------------------ */

static void add_bias(const float *b, float *z, int64_t rows, int64_t columns, bool relu)
{
    for (int64_t i = 0; i < rows; i++, z += columns)
        for (int64_t j = 0; j < columns; j++) {
            float value = z[j] + b[j];
            z[j] = relu && value < 0 ? 0 : value;
        }
}

static const float *layer_input(const net_bare *b, int i, int64_t row)
{
    const float *x = i == 0 ? b->x : b->output[i - 1];
    return x + row * net_inputs(&b->spec, i);
}

static void forward(net_bare *b, int64_t begin, int64_t end)
{
    for (int i = 0; i < b->spec.layers; i++) {
        int64_t inputs = net_inputs(&b->spec, i), outputs = net_outputs(&b->spec, i);
        float *z = b->output[i] + begin * outputs;
        bare_product(bare_rows(layer_input(b, i, begin), end - begin, inputs),
                     bare_rows(net_bare_weights(b, i), inputs, outputs), z);
        add_bias(net_bare_biases(b, i), z, end - begin, outputs, i + 1 < b->spec.layers);
    }
}

/* Where a part that begins with this row keeps its cotangents, whatever the layer: the others may
 * be at other layers by then. */
static float *own(const net_bare *b, int which, int64_t begin)
{
    return b->cotangent[which] + begin * b->widest;
}

/* ---- losses ------------------------------------------------------------------------- */

static void mse_cotangent(const net_bare *b, int64_t begin, int64_t end)
{
    const float *out = b->output[b->spec.layers - 1], *y = b->y;
    float scale = 2 / (float)b->spec.batch, *d = own(b, 0, begin);
    for (int64_t i = begin; i < end; i++)
        *d++ = scale * (out[i] - y[i]);
}

/* d logits = (softmax(logits) - onehot(label)) / batch */
static void cross_entropy_cotangent(const net_bare *b, int64_t begin, int64_t end)
{
    int64_t classes = b->spec.outputs;
    const int32_t *label = b->y;
    float scale = 1 / (float)b->spec.batch, *d = own(b, 0, begin);
    for (int64_t i = begin; i < end; i++, d += classes) {
        const float *logit = b->output[b->spec.layers - 1] + i * classes;
        float top = logit[0], sum = 0;
        for (int64_t j = 1; j < classes; j++)
            top = logit[j] > top ? logit[j] : top;
        for (int64_t j = 0; j < classes; j++)
            sum += d[j] = expf(logit[j] - top);
        for (int64_t j = 0; j < classes; j++)
            d[j] *= scale / sum;
        d[label[i]] -= scale;
    }
}

/* ---- backward ----------------------------------------------------------------------- */

static void sum_rows(const float *dz, float *db, int64_t rows, int64_t columns)
{
    memset(db, 0, (size_t)columns * sizeof *db);
    for (int64_t i = 0; i < rows; i++, dz += columns)
        for (int64_t j = 0; j < columns; j++)
            db[j] += dz[j];
}

static void where_positive(const float *y, float *dy, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        dy[i] = y[i] > 0 ? dy[i] : 0;
}

static void backward(net_bare *b, int part, int64_t begin, int64_t end)
{
    float *gradient = b->gradients + (size_t)part * b->offset[b->spec.layers];
    float *dz = own(b, 0, begin), *dx = own(b, 1, begin);
    int64_t rows = end - begin;
    for (int i = b->spec.layers - 1; i >= 0; i--) {
        int64_t inputs = net_inputs(&b->spec, i), outputs = net_outputs(&b->spec, i);
        float *dw = gradient + b->offset[i];
        bare_matrix x = bare_rows(layer_input(b, i, begin), rows, inputs);
        bare_matrix d = bare_rows(dz, rows, outputs);
        bare_product(bare_transposed(x), d, dw);
        sum_rows(d.data, dw + inputs * outputs, rows, outputs);
        if (i == 0)
            break;
        bare_matrix w = bare_rows(net_bare_weights(b, i), inputs, outputs);
        bare_product(d, bare_transposed(w), dx);
        where_positive(x.data, dx, rows * inputs);
        float *swap = dz;
        dz = dx;
        dx = swap;
    }
}

/* ---- a step ------------------------------------------------------------------------- */

static void run_part(void *user, int part, int parts)
{
    net_bare *b = user;
    int64_t begin, end;
    bare_share(b->spec.batch, part, parts, &begin, &end);
    forward(b, begin, end);
    if (b->spec.work == NET_FORWARD)
        return;
    if (b->spec.classify)
        cross_entropy_cotangent(b, begin, end);
    else
        mse_cotangent(b, begin, end);
    backward(b, part, begin, end);
}

static void add_gradients(net_bare *b)
{
    size_t n = b->offset[b->spec.layers];
    for (int part = 1; part < b->parts; part++)
        for (size_t i = 0; i < n; i++)
            b->gradients[i] += b->gradients[(size_t)part * n + i];
}

void net_bare_run(net_bare *b)
{
    bare_run(b->pool, b->parts, run_part, b);
    if (b->spec.work == NET_FORWARD)
        return;
    add_gradients(b);
    if (b->spec.work == NET_STEP)
        for (size_t i = 0; i < b->offset[b->spec.layers]; i++)
            b->parameters[i] -= (float)NET_RATE * b->gradients[i];
}

/* ---- life --------------------------------------------------------------------------- */

net_bare *net_bare_new(const net_spec *spec, ad_pool *pool, const float *x, const void *y)
{
    net_bare *b = take(1, sizeof *b);
    *b = (net_bare){.spec = *spec, .pool = pool, .x = x, .y = y};
    b->parts = ad_pool_threads(pool);
    if (b->parts > spec->batch / FEWEST_ROWS)
        b->parts = spec->batch < 2 * FEWEST_ROWS ? 1 : (int)(spec->batch / FEWEST_ROWS);
    for (int i = 0; i < spec->layers; i++) {
        int64_t inputs = net_inputs(spec, i), outputs = net_outputs(spec, i);
        b->offset[i + 1] = b->offset[i] + (size_t)((inputs + 1) * outputs);
        b->output[i] = take((size_t)(spec->batch * outputs), sizeof(float));
        if (outputs > b->widest)
            b->widest = outputs;
    }
    size_t n = b->offset[spec->layers];
    b->parameters = take(n, sizeof(float));
    b->gradients = take((size_t)ad_pool_threads(pool) * n, sizeof(float));
    for (int i = 0; i < 2; i++)
        b->cotangent[i] = take((size_t)(spec->batch * b->widest), sizeof(float));
    return b;
}

void net_bare_free(net_bare *b)
{
    for (int i = 0; i < b->spec.layers; i++)
        free(b->output[i]);
    free(b->parameters);
    free(b->gradients);
    free(b->cotangent[0]);
    free(b->cotangent[1]);
    free(b);
}

float *net_bare_weights(net_bare *b, int i)
{
    return b->parameters + b->offset[i];
}

float *net_bare_biases(net_bare *b, int i)
{
    return net_bare_weights(b, i) + net_inputs(&b->spec, i) * net_outputs(&b->spec, i);
}

const float *net_bare_gradient(const net_bare *b, int i)
{
    return b->gradients + b->offset[i];
}

const float *net_bare_output(const net_bare *b)
{
    return b->output[b->spec.layers - 1];
}
