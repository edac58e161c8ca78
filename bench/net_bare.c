/* The life of a network's bare forms, and its losses. */
#include "net_bare.h"

#include <math.h>
#include <stdlib.h>

/* ---- losses ------------------------------------------------------------------------- */

static void mse_cotangent(net_bare *b, int64_t begin, int64_t end)
{
    int last = b->spec.layers - 1;
    const float *out = b->output[last], *y = b->y;
    float scale = 2 / (float)b->spec.batch, *d = b->cotangent[last];
    for (int64_t i = begin; i < end; i++)
        d[i] = scale * (out[i] - y[i]);
}

/* d logits = (softmax(logits) - onehot(label)) / batch */
static void cross_entropy_cotangent(net_bare *b, int64_t begin, int64_t end)
{
    int last = b->spec.layers - 1;
    int64_t classes = b->spec.outputs;
    const int32_t *label = b->y;
    float scale = 1 / (float)b->spec.batch, *d = b->cotangent[last] + begin * classes;
    for (int64_t i = begin; i < end; i++, d += classes) {
        const float *logit = b->output[last] + i * classes;
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

void net_loss_cotangent(net_bare *b, int64_t begin, int64_t end)
{
    if (b->spec.classify)
        cross_entropy_cotangent(b, begin, end);
    else
        mse_cotangent(b, begin, end);
}

/* ---- life --------------------------------------------------------------------------- */

net_bare *net_bare_new(const net_spec *spec, net_form form, ad_pool *pool, const float *x,
                       const void *y)
{
    net_bare *b = take(1, sizeof *b);
    *b = (net_bare){.spec = *spec, .form = form, .pool = pool, .x = x, .y = y};
    b->parts = ad_pool_threads(pool);
    if (b->parts > spec->batch / FEWEST_ROWS)
        b->parts = spec->batch < 2 * FEWEST_ROWS ? 1 : (int)(spec->batch / FEWEST_ROWS);
    for (int i = 0; i < spec->layers; i++) {
        int64_t inputs = net_inputs(spec, i), outputs = net_outputs(spec, i);
        size_t count = (size_t)(spec->batch * outputs);
        b->offset[i + 1] = b->offset[i] + (size_t)((inputs + 1) * outputs);
        b->output[i] = take(count, sizeof(float));
        b->cotangent[i] = take(spec->work == NET_FORWARD ? 0 : count, sizeof(float));
    }
    size_t n = b->offset[spec->layers];
    b->parameters = take(n, sizeof(float));
    b->gradients = take((size_t)b->parts * n, sizeof(float));
    if (form == NET_BY_KERNELS)
        net_prepare_kernels(b);
    return b;
}

void net_bare_free(net_bare *b)
{
    for (int i = 0; i < b->spec.layers; i++) {
        free(b->output[i]);
        free(b->cotangent[i]);
    }
    free(b->parameters);
    free(b->gradients);
    free(b->room);
    free(b);
}

void net_bare_run(net_bare *b)
{
    if (b->form == NET_BY_BLIS)
        net_by_blis(b);
    else
        net_by_kernels(b);
}

/* ---- looking ------------------------------------------------------------------------ */

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
    return net_part_gradient(b, 0, i);
}

const float *net_bare_output(const net_bare *b)
{
    return b->output[b->spec.layers - 1];
}

const float *net_layer_input(const net_bare *b, int i, int64_t row)
{
    const float *x = i == 0 ? b->x : b->output[i - 1];
    return x + row * net_inputs(&b->spec, i);
}

float *net_part_gradient(const net_bare *b, int part, int i)
{
    return b->gradients + (size_t)part * b->offset[b->spec.layers] + b->offset[i];
}
