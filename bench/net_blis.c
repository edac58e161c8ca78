/* Networks by BLIS and loops. Every thread takes its rows through the network and back, with
 * gradients of its own, which are added up at the end. */
#include "net_bare.h"

#include <string.h>

static void add_bias(const float *b, float *z, int64_t rows, int64_t columns, bool relu)
{
    for (int64_t i = 0; i < rows; i++, z += columns)
        for (int64_t j = 0; j < columns; j++) {
            float value = z[j] + b[j];
            z[j] = relu && value < 0 ? 0 : value;
        }
}

static void forward(net_bare *b, int64_t begin, int64_t end)
{
    for (int i = 0; i < b->spec.layers; i++) {
        int64_t inputs = net_inputs(&b->spec, i), outputs = net_outputs(&b->spec, i);
        float *z = b->output[i] + begin * outputs;
        bare_product(bare_rows(net_layer_input(b, i, begin), end - begin, inputs),
                     bare_rows(net_bare_weights(b, i), inputs, outputs), z);
        add_bias(net_bare_biases(b, i), z, end - begin, outputs, i + 1 < b->spec.layers);
    }
}

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
    int64_t rows = end - begin;
    for (int i = b->spec.layers - 1; i >= 0; i--) {
        int64_t inputs = net_inputs(&b->spec, i), outputs = net_outputs(&b->spec, i);
        const float *dz = b->cotangent[i] + begin * outputs;
        float *dw = net_part_gradient(b, part, i);
        bare_matrix x = bare_rows(net_layer_input(b, i, begin), rows, inputs);
        bare_matrix d = bare_rows(dz, rows, outputs);
        bare_product(bare_transposed(x), d, dw);
        sum_rows(dz, dw + inputs * outputs, rows, outputs);
        if (i == 0)
            break;
        float *dx = b->cotangent[i - 1] + begin * inputs;
        bare_product(d, bare_transposed(bare_rows(net_bare_weights(b, i), inputs, outputs)), dx);
        where_positive(x.data, dx, rows * inputs);
    }
}

static void run_part(void *user, int part, int parts)
{
    net_bare *b = user;
    int64_t begin, end;
    bare_share(b->spec.batch, part, parts, &begin, &end);
    forward(b, begin, end);
    if (b->spec.work == NET_FORWARD)
        return;
    net_loss_cotangent(b, begin, end);
    backward(b, part, begin, end);
}

static void add_gradients(net_bare *b)
{
    size_t n = b->offset[b->spec.layers];
    for (int part = 1; part < b->parts; part++)
        for (size_t i = 0; i < n; i++)
            b->gradients[i] += b->gradients[(size_t)part * n + i];
}

void net_by_blis(net_bare *b)
{
    bare_run(b->pool, b->parts, run_part, b);
    if (b->spec.work == NET_FORWARD)
        return;
    add_gradients(b);
    if (b->spec.work == NET_STEP)
        for (size_t i = 0; i < b->offset[b->spec.layers]; i++)
            b->parameters[i] -= (float)NET_RATE * b->gradients[i];
}
